//! What holds for all kinds at once: tokens, overlaps, chunks, time. Each kind's own cases are in its file.

use std::borrow::Cow;

use fastrand::Rng;

use crate::scan::scan;
use crate::text::{AHEAD, Text};
use crate::{Kind, Scrubber, detect, scrub};

/// Asserts that exactly `value` is found in `text`, as `kind`.
#[track_caller]
pub(crate) fn finds(text: &str, kind: Kind, value: &str) {
    let found: Vec<(Kind, &str)> = detect(text).into_iter().map(|span| (span.kind, &text[span.range])).collect();
    assert_eq!(found, [(kind, value)], "in {text:?}");
}

/// Asserts that nothing is found in `text`.
#[track_caller]
pub(crate) fn finds_nothing(text: &str) {
    let found: Vec<(Kind, &str)> = detect(text).into_iter().map(|span| (span.kind, &text[span.range])).collect();
    assert_eq!(found, [], "in {text:?}");
}

/// Texts with everything in them that a chunk could cut.
const TEXTS: [&str; 26] = [
    "Hello, my name is Ann. Write to ann.lee+news@mail.example.co.uk or call +1 (202) 555-0123 ext. 5, thanks!",
    "4242 4242 4242 4242 12/30, then 4242424242424242 and 371449635398431.",
    "I live at 12 W. 23rd St., Apt. 4B\nNew York, NY 10010\nand work at 350 Fifth Avenue.",
    "ann [at] example [dot] com, ann at example dot com, ann&#64;example.com, \"ann\"@example.com, ann\\u0040example.com",
    "peer 2001:db8::8a2e:370:7334, fe80::1%eth0, ::1: up; 10.20.30.40:80 10.0.0.0/8 10[.]0[.]0[.]1",
    "d41d8cd98f00b204e9800998ecf8427e da39a3ee5e6b4b0d3255bfef95601890afd80709 \
     e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "3c:22:fb:9a:01:7e 3C-22-FB-9A-01-7E 3c22.fb9a.017e mac address 3c22fb9a017e",
    "mac address deadbeefabcd, and so on; mac address of cafe.babe.face, ok, eui deadbeefabcd or not",
    "ISBN 978-0-596-52068-7, ISBN 0-8044-2957-X, ISBN: 080442957X. SSN 536-22-8726 or 536228726",
    "to DE89370400440532013000 or GB33 BUKB 2020 1555 5555 55, P.O. Box 4711, Boston, MA 02134-1000",
    "Hauptstraße 5, Via Garibaldi 3, ul. Długa 14, Flat 3, Elgin Crescent, PSC 802 Box 74\nAPO AE 09499",
    "8 Buerlia 22\n Suite 7\n Oslo\n Norway 01523\n\nTel: 020 7946 0958 or 12 34 56 78 mobile",
    "２０２－５５５－０１２３ 4242\u{200b}4242\u{200b}4242\u{200b}4242 ٢٠٢-٥٥٥-٠١٢٣ ann＠example．com\u{200b}\u{200b}",
    "1\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}2025550123 and \u{fe0f}\u{200d}\u{fe0f}\u{200d}\u{fe0f}\u{200d} 😀202-555-0123😀",
    "Address: \u{200b}\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}Unter den Linden 5, ok",
    "zoë@käse.example, пользователь@пример.рф, 電話202-555-0123です 〒100-0001 東京都千代田区1-1 ok",
    "https://example.com/u/ann@example.com/4242424242424242?ip=10.1.2.3&t=ann%40example.com git@example.com:a/b.git",
    "for (i = 0; i < 10; i++) { std::vec::Vec::new(); a::b(x[1::2]); f(1.5, 2.25e-3); } // 2024-01-31 12:30:45",
    "In 2008 Wall Street fell; 100 people marched down Main Street; 24 hour drive; take 2 steps down the road",
    "order 12345678901234567890 and isbn 9780262510875; [4503:78af:ac92:8512:56ce:a498:96ee:ff89] ann@example.org",
    "look at this dot, look at that at example dot here (at) home [at] work <at> rest {at} all",
    "don't, won't; o'hara@example.com 'ann@example.com' .ann@example.com -ann@example.com a.-b@example.com",
    "+ + +1 +12 +123 +1234567 (1) (12) (123) ((((202) 555-0123)))) +(1) 202 555 0123",
    "Address: Unter den Linden 5. He lives on Hansinegata 120 street. 1600 Broadway, 12 Rue de la Paix, 8, avenue Foch",
    "550e8400-e29b-41d4-a716-446655440000 v1.2.3.4 version 1.2.3.4 1.2.3.4.5 999.1.1.1 0.4242424242424242",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.com",
];

fn chunked<'t>(chunks: impl IntoIterator<Item = &'t str>) -> String {
    let mut scrubber = Scrubber::new();
    let mut joined = String::new();
    for chunk in chunks {
        joined.push_str(&scrubber.push(chunk));
        assert!(scrubber.held() <= Scrubber::MOST_HELD);
    }
    joined + &scrubber.finish()
}

/// The text in chunks of random lengths, up to `longest` characters each.
fn random_chunks<'t>(text: &'t str, longest: usize, random: &mut Rng) -> Vec<&'t str> {
    let mut rest = text;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let count = random.usize(..=longest);
        let end = rest.char_indices().nth(count).map_or(rest.len(), |(at, _)| at);
        let (chunk, after) = rest.split_at(end);
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

/// A text made of pieces of the others.
fn mixture(random: &mut Rng) -> String {
    let mut text = String::new();
    for _ in 0..12 {
        let source = TEXTS[random.usize(..TEXTS.len())];
        let start = source.ceil_char_boundary(random.usize(..source.len()));
        let end = source.ceil_char_boundary((start + 1 + random.usize(..40)).min(source.len()));
        text.push_str(&source[start..end]);
        text.push_str([" ", "", "\n", ", "][random.usize(..4)]);
    }
    text
}

#[test]
fn a_text_cut_anywhere_gives_the_same() {
    for text in TEXTS {
        let whole = scrub(text);
        for (at, _) in text.char_indices() {
            let (head, tail) = text.split_at(at);
            assert_eq!(chunked([head, tail]), whole, "cut at {at}");
        }
    }
}

#[test]
fn chunks_of_any_lengths_give_the_same() {
    let mut random = Rng::with_seed(3);
    let mixtures = (0..120).map(|_| mixture(&mut random)).collect::<Vec<_>>();
    let texts = TEXTS.iter().copied().chain(mixtures.iter().map(String::as_str));
    for text in texts {
        let whole = scrub(text);
        let single = text.char_indices().map(|(at, character)| &text[at..at + character.len_utf8()]);
        assert_eq!(chunked(single), whole, "one by one: {text:?}");
        for longest in [2, 5, 30] {
            let chunks = random_chunks(text, longest, &mut random);
            assert_eq!(chunked(chunks.iter().copied()), whole, "{chunks:?}");
        }
    }
}

#[test]
fn what_was_scrubbed_has_nothing_left_to_scrub() {
    for text in TEXTS {
        let once = scrub(text);
        assert_eq!(scrub(&once), once, "of {text:?}");
    }
}

/// What stood beside data that has gone may be seen in another light. It may go then too; no token ever does.
#[test]
fn a_token_stays_however_often_its_text_is_scrubbed() {
    let tokens = |text: &str| -> Vec<Kind> {
        let starts = text.match_indices('<').filter_map(|(at, _)| text.get(at..));
        starts.filter_map(|rest| Kind::ALL.into_iter().find(|kind| rest.starts_with(kind.token()))).collect()
    };
    let mut random = Rng::with_seed(5);
    for _ in 0..1_000 {
        let once = scrub(&mixture(&mut random)).into_owned();
        let twice = scrub(&once);
        let mut rest = tokens(&twice).into_iter();
        assert!(tokens(&once).iter().all(|kind| rest.any(|other| other == *kind)), "{once:?} became {twice:?}");
    }
}

#[test]
fn only_what_may_still_become_data_is_held() {
    for (text, held) in [
        ("Hello wor", "wor"),
        ("Hello world.", "world."),
        ("Hello world. ", ""),
        ("Hello world, ", ""),
        ("Hello world ", "world "),
        ("Hello world and", "and"),
        ("so it is 5", "5"),
        ("so it is 5 apples", "5 apples"),
        ("so it is 5 apples and p", "p"),
        ("so: 4242 4242", "4242 4242"),
        ("at +1 202", "+1 202"),
        ("ann@exam", "ann@exam"),
        ("Rue de", "Rue de"),
        ("(see", "see"),
        ("fin\n", ""),
    ] {
        let mut scrubber = Scrubber::new();
        let given = scrubber.push(text).into_owned();
        assert_eq!(given + held, text);
        assert_eq!(scrubber.finish(), held);
    }
}

#[test]
fn what_can_be_nothing_any_more_is_given_on() {
    for piece in
        ["a", "1", "A1", "é", "😀", "\u{200b}", "a.", "1 ", "Aa ", "1 Aa ", "4242 ", "a@", "::", "+", "漢", "Via "]
    {
        let text = piece.repeat(20_000 / piece.len());
        let mut scrubber = Scrubber::new();
        for chunk in random_chunks(&text, 50, &mut Rng::with_seed(7)) {
            scrubber.push(chunk);
            let bound = if piece.is_ascii() { AHEAD } else { Scrubber::MOST_HELD };
            assert!(scrubber.held() <= bound, "{piece:?}: {} bytes", scrubber.held());
        }
    }
}

#[test]
fn nothing_is_held_beyond_the_bound_however_long_its_words_are() {
    let word = format!("A{} ", "a".repeat(38));
    let text = format!("at 12 {}Street, {}", word.repeat(5), word.repeat(20));
    let mut scrubber = Scrubber::new();
    for chunk in random_chunks(&text, 9, &mut Rng::with_seed(11)) {
        scrubber.push(chunk);
        assert!(scrubber.held() <= 384, "{} bytes", scrubber.held());
    }
}

#[test]
fn a_clean_chunk_is_not_copied() {
    let mut scrubber = Scrubber::new();
    assert!(matches!(scrubber.push("Nothing to see here, "), Cow::Borrowed("Nothing to see here, ")));
    assert!(matches!(scrub("Nothing to see here"), Cow::Borrowed(_)));
}

#[test]
fn a_scrubber_is_as_new_when_finished() {
    let mut scrubber = Scrubber::new();
    assert_eq!(scrubber.push("SSN: "), "SSN: ");
    assert_eq!(scrubber.finish(), "");
    assert_eq!(scrubber.push("536228726, "), "536228726, ", "the word was of another text");
    assert_eq!(scrubber.push("SSN: "), "SSN: ");
    assert_eq!(scrubber.push("536228726, "), "<US_SSN>, ", "the word is remembered, though given on");
}

#[test]
fn dapr_s_tokens_take_the_place() {
    for (text, scrubbed) in [
        ("well hello there, from +4422222222", "well hello there, from <PHONE_NUMBER>"),
        ("from 10.8.9.1, bob@test.com", "from <IP>, <EMAIL_ADDRESS>"),
        ("221 Baker Street; 4242424242424242", "<STREET_ADDRESS>; <CREDIT_CARD>"),
        ("488-23-3729 978-3-16-148410-0", "<US_SSN> <ISBN>"),
        ("00:1A:2B:3C:4D:5E", "<MAC_ADDRESS>"),
        ("d41d8cd98f00b204e9800998ecf8427e", "<MD5_HEX>"),
        ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "<SHA1_HEX>"),
        ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "<SHA_256_HEX>"),
        ("P.O. Box 123, CA 90210", "<PO_BOX>, CA <ZIP_CODE>"),
        ("GB82WEST12345698765432", "<IBAN>"),
    ] {
        assert_eq!(scrub(text), scrubbed);
    }
}

#[test]
fn nothing_leaks_after_a_find_that_touches_or_nests() {
    for (text, scrubbed) in [
        ("[4503:78af:ac92:8512:56ce:a498:96ee:ff89] POST email=ann@example.org", "[<IP>] POST email=<EMAIL_ADDRESS>"),
        ("order 12345678901234567890 and isbn 9780262510875", "order 12345678901234567890 and isbn <ISBN>"),
        ("ann@example.com,bob@example.com;202-555-0123", "<EMAIL_ADDRESS>,<EMAIL_ADDRESS>;<PHONE_NUMBER>"),
        ("10.0.0.1-10.0.0.9", "<IP>-<IP>"),
        ("202-555-0123 - 202-555-0124", "<PHONE_NUMBER> - <PHONE_NUMBER>"),
        ("(202) 555-0123 (202) 555-0124", "<PHONE_NUMBER> <PHONE_NUMBER>"),
        ("md5 d41d8cd98f00b204e9800998ecf8427e ann@example.com", "md5 <MD5_HEX> <EMAIL_ADDRESS>"),
        ("call me at 020 7946 0958 or test@x.io", "call me at <PHONE_NUMBER> or <EMAIL_ADDRESS>"),
    ] {
        assert_eq!(scrub(text), scrubbed);
    }
}

/// Dapr spares whatever overlaps a URL, and so lets through what is in it.
#[test]
fn urls_hide_nothing() {
    for (text, scrubbed) in [
        (
            "https://example.com/u?email=ann@example.com&ssn=219-09-9999",
            "https://example.com/u?email=<EMAIL_ADDRESS>&ssn=<US_SSN>",
        ),
        ("see http://10.8.9.1/path.", "see http://<IP>/path."),
        (
            "https://example.com/u/ann%40example.com/4242424242424242",
            "https://example.com/u/<EMAIL_ADDRESS>/<CREDIT_CARD>",
        ),
        ("https://example.com/docs/v2/page-3?id=17#part-2", "https://example.com/docs/v2/page-3?id=17#part-2"),
        ("git clone git@example.com:me/it.git", "git clone git@example.com:me/it.git"),
    ] {
        assert_eq!(scrub(text), scrubbed);
    }
}

#[test]
fn what_dapr_takes_for_data_by_mistake_stays() {
    for text in [
        "the year is 2024",
        "1234 apples",
        "port 8080",
        "std::vec::Vec",
        "order 12345",
        "1990-01-01",
        "2023-10-05T12:30:00Z",
        "5 stars in the first place",
        "12 west coast",
        "3 miles on the road",
        "999.999.999.999",
        "In 2024 we had 1500 users; port 8080",
        "{\"a\": 12345}",
        "room 404, 1,000,000 times",
    ] {
        finds_nothing(text);
    }
}

/// How many bytes are looked at, not how long it takes: that is the bench's.
#[test]
fn the_work_grows_with_the_text_and_no_faster() {
    let reads = |bytes: &[u8]| {
        let text = Text::new(bytes, false);
        scan(&text, 0, &mut |_| {});
        text.reads.get()
    };
    for piece in [
        "a",
        "a@",
        "@",
        "1",
        "1 ",
        ":",
        "ab:",
        "1.",
        "1-",
        "+1 (212) ",
        "1 aa bb cc dd ",
        "1 Aa Bb Cc Dd ",
        "1 St ",
        "Apt 1, ",
        "a.b@c.",
        "((((",
        "+(+(",
        "Via A ",
        "a at b dot ",
        "::1",
        "4",
        "PSC 1 ",
        "[at]",
        "a [at] ",
        "Aa-",
        "P.O.",
        "1\n",
        "12 Rue A ",
        "USS A\n",
        "0x",
        "a1",
        "A",
        "é",
        "a%4",
        "DE89 ",
        "1 2 3 4 ",
        "Unit 1 A ",
        "address: A ",
        "call 1 ",
    ] {
        let once = piece.repeat(20_000 / piece.len());
        let (small, large) = (reads(once.as_bytes()), reads(once.repeat(2).as_bytes()));
        assert!(large <= small * 2 + 40 * AHEAD, "{piece:?}: {small} and {large}");
        assert!(small <= once.len() * 400, "{piece:?}: {} looks a byte", small / once.len());
    }
}
