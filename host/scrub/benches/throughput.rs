//! How many bytes a second are scrubbed: what people write, JSON, text full of personal data, and text made to be slow. Each
//! text comes in two lengths, because the time must grow with the length and no faster.

use std::hint::black_box;
use std::iter;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use parlor_scrub::{Scrubber, scrub, scrub_json};

const SENTENCES: [&str; 8] = [
    "The meeting has been moved to Thursday because the room is being painted, so please bring your notes. ",
    "In short, the function reads the whole file into memory, which is fine for small inputs but not for large ones. ",
    "She asked whether the results of 2023 could be compared with those of the year before, and nobody knew. ",
    "There are 3 ways to solve this: wait, retry with a longer timeout, or ask the vendor for a higher limit. ",
    "I've tried it twice (on Linux and on a Mac) and it doesn't work; the log says \"connection reset\". ",
    "Thanks a lot for the quick answer - that's exactly what we were looking for! ",
    "The recipe needs 250 g of flour, 2 eggs, a pinch of salt and about 1/2 l of milk. ",
    "Version 2.14.1 fixes the crash that Anna from Berlin reported last week, see the release notes. ",
];

const DATA: [&str; 11] = [
    "Call me at +1 202-555-0123 or (202) 555-0199. ",
    "My e-mail is ada.lovelace@example.org, thanks. ",
    "The server is 10.20.30.40 or 2001:db8::8a2e:370:7334. ",
    "Ship it to 350 Fifth Avenue, Suite 3301, New York, NY 10118. ",
    "Charge my card 4242 4242 4242 4242, please. ",
    "His SSN is 536-22-8726, as you know. ",
    "Read the book with ISBN 978-0-596-52068-7. ",
    "The interface has the address 3c:22:fb:9a:01:7e. ",
    "Commit da39a3ee5e6b4b0d3255bfef95601890afd80709 broke it. ",
    "Its digest is e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855. ",
    "The old one was d41d8cd98f00b204e9800998ecf8427e. ",
];

/// Texts that begin something at every turn and end it nowhere.
const HOSTILE: [&str; 20] = [
    "a",
    "a@",
    "1",
    "1 ",
    ":",
    "ab:",
    "1.",
    "1.1.1.1",
    "+1 (212) ",
    "1 aa bb cc dd ",
    "1 Aa Bb Cc Dd ",
    "Via Aa ",
    "a at b dot ",
    "::1",
    "a.b@c.",
    "((1",
    "Apt 1, ",
    "PSC 1 ",
    "call 1234 ",
    "é",
];

/// Of people's texts, in bytes; what is hostile has a tenth.
const LENGTHS: [usize; 2] = [500_000, 1_000_000];

/// One piece of data in about 560 bytes.
const CHAT: usize = 6;

fn people(criterion: &mut Criterion) {
    measure(criterion, "prose", LENGTHS, |length| mixed(length, 0), whole);
    measure(criterion, "chat, some data", LENGTHS, |length| mixed(length, CHAT), whole);
    measure(criterion, "full of data", LENGTHS, |length| mixed(length, 1), whole);
    let eighth = LENGTHS.map(|length| length / 8);
    measure(criterion, "chat in chunks of 4 bytes", eighth, |length| mixed(length, CHAT), in_chunks);
    measure(criterion, "chat in JSON", LENGTHS, conversation, |text| scrub_json(text).len());
}

fn hostile(criterion: &mut Criterion) {
    let tenth = LENGTHS.map(|length| length / 10);
    for piece in HOSTILE {
        measure(criterion, &format!("{piece:?}"), tenth, |length| piece.repeat(length / piece.len()), whole);
    }
    measure(criterion, "long name in JSON", tenth, long_name, |text| scrub_json(text).len());
}

fn measure(
    criterion: &mut Criterion,
    name: &str,
    lengths: [usize; 2],
    text: impl Fn(usize) -> String,
    work: impl Fn(&str) -> usize,
) {
    let mut group = criterion.benchmark_group(name);
    for text in lengths.map(text) {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(text.len()), &text, |bencher, text| {
            bencher.iter(|| work(black_box(text)));
        });
    }
    group.finish();
}

fn whole(text: &str) -> usize {
    scrub(text).len()
}

fn in_chunks(text: &str) -> usize {
    let mut scrubber = Scrubber::new();
    let mut rest = text;
    let chunks = iter::from_fn(|| {
        let (chunk, after) = rest.split_at(rest.floor_char_boundary(4));
        rest = after;
        (!chunk.is_empty()).then_some(chunk)
    });
    let given: usize = chunks.map(|chunk| scrubber.push(chunk).len()).sum();
    given + scrubber.finish().len()
}

/// Sentences without personal data, and one with it after every `each`; none for 0.
fn mixed(bytes: usize, each: usize) -> String {
    let mut text = String::with_capacity(bytes + 200);
    let mut data = DATA.iter().cycle();
    for (count, sentence) in SENTENCES.iter().cycle().enumerate() {
        text.push_str(sentence);
        if each > 0 && count % each == 0 {
            text.extend(data.next().copied());
        }
        if text.len() >= bytes {
            break;
        }
    }
    text
}

fn conversation(bytes: usize) -> String {
    let content = mixed(bytes, CHAT).replace('"', "\\\"");
    format!(r#"{{"messages":[{{"role":"user","content":"{content}"}}]}}"#)
}

/// A name of half the text, and as many strings that go by it as fit.
fn long_name(bytes: usize) -> String {
    format!(r#"{{"{}":["1234"{}]}}"#, "a".repeat(bytes / 2), r#","1234""#.repeat(bytes / 14))
}

criterion_group!(benches, people, hostile);
criterion_main!(benches);
