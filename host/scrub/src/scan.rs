//! The one pass: goes through the text from word to word and asks the detectors whose kind may begin there. The order
//! of asking is the order of trust: what has a check digit goes before what has only a form.

use crate::context::topic;
use crate::fold::POST_MARK;
use crate::number::Number;
use crate::skim::skim;
use crate::text::{Text, is_digit, is_hex, is_letter, is_local, is_upper, is_word};
use crate::{Kind, address, card, digest, email, iban, ip, isbn, mac, number, phone, postal, ssn};

/// Words up to this long are looked at whole.
const WORD: usize = 65;

/// A find in folded text.
pub(crate) struct Found {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Finds everything from `from` on, in order and without overlaps. Returns how far the text is settled: the end, or in
/// an open text the first place that what follows may still change.
pub(crate) fn scan(text: &Text, from: usize, found: &mut impl FnMut(Found)) -> usize {
    let mut at = from;
    loop {
        at = skim(text.bytes(), at);
        if at == text.len() {
            return at;
        }
        text.look_from(at);
        let step = step(text, at);
        if text.wants_more() {
            return at;
        }
        at = match step {
            Step::Skip(next) => next,
            Step::Found(kind, end) => {
                found(Found { kind, start: at, end });
                end
            }
        };
    }
}

enum Step {
    /// Nothing begins here, nor before that place.
    Skip(usize),
    Found(Kind, usize),
}

fn step(text: &Text, at: usize) -> Step {
    let found = match text.at(at) {
        byte if is_word(byte) => {
            if is_word(text.before(at)) {
                return Step::Skip(text.past_word(at));
            }
            return word(text, at);
        }
        b'+' | b'(' => signed_number(text, at),
        POST_MARK => address::from_post_mark(text, at).map(|end| (Kind::StreetAddress, end)),
        b':' if text.at(at + 1) == b':' => ip::find_v6(text, at).map(|end| (Kind::Ip, end)),
        _ => None,
    };
    found.map_or(Step::Skip(at + 1), |(kind, end)| Step::Found(kind, end))
}

fn word(text: &Text, at: usize) -> Step {
    let mut end = at;
    let mut all_hex = true;
    let mut has_digit = false;
    while is_word(text.at(end)) && end - at < WORD {
        all_hex &= is_hex(text.at(end));
        has_digit |= is_digit(text.at(end));
        end += 1;
    }
    let found = mail(text, at, end)
        .or_else(|| if all_hex { hexadecimal(text, at, end) } else { None })
        .or_else(|| if has_digit { with_digits(text, at) } else { letters(text, at) });
    found.map_or(Step::Skip(end), |(kind, end)| Step::Found(kind, end))
}

fn mail(text: &Text, at: usize, end: usize) -> Option<(Kind, usize)> {
    let may_be = match text.at(end) {
        b' ' => matches!(text.at(end + 1), b'a' | b'A' | b'[' | b'(' | b'{' | b'<'),
        next => is_local(next) || matches!(next, b'@' | b'"' | b'&' | b'\\' | b'[' | b'(' | b'{' | b'<'),
    };
    may_be.then(|| email::find(text, at)).flatten().map(|end| (Kind::Email, end))
}

fn hexadecimal(text: &Text, at: usize, end: usize) -> Option<(Kind, usize)> {
    if let Some(kind) = digest::find(text, at, end) {
        return Some((kind, end));
    }
    if text.before(at) != b':'
        && text.before(at) != b'-'
        && let Some(end) = mac::find(text, at, end)
    {
        return Some((Kind::Mac, end));
    }
    let may_be_v6 = text.at(end) == b':' && end - at <= 4;
    may_be_v6.then(|| ip::find_v6(text, at)).flatten().map(|end| (Kind::Ip, end))
}

fn with_digits(text: &Text, at: usize) -> Option<(Kind, usize)> {
    if !is_digit(text.at(at)) {
        return iban::find(text, at).map(|end| (Kind::Iban, end));
    }
    if let Some(end) = ip::find_v4(text, at) {
        return Some((Kind::Ip, end));
    }
    if !number::may_begin(text, at) {
        return None;
    }
    let found = Number::read(text, at).and_then(|number| numeric(text, at, &number));
    found.or_else(|| address::from_number(text, at).map(|end| (Kind::StreetAddress, end)))
}

fn signed_number(text: &Text, at: usize) -> Option<(Kind, usize)> {
    let next = text.at(at + 1);
    let has_digit = is_digit(next) || matches!(next, b'+' | b'(') && is_digit(text.at(at + 2));
    if !has_digit || !number::may_begin(text, at) {
        return None;
    }
    Number::read(text, at).and_then(|number| numeric(text, at, &number))
}

fn numeric(text: &Text, at: usize, number: &Number) -> Option<(Kind, usize)> {
    if number.digits() < 5 {
        return None;
    }
    let topic = topic(text, at);
    let found = |kind| move |end| (kind, end);
    card::find(text, number, topic)
        .map(found(Kind::CreditCard))
        .or_else(|| isbn::find(text, number, topic).map(found(Kind::Isbn)))
        .or_else(|| ssn::find(text, number, topic).map(found(Kind::Ssn)))
        .or_else(|| phone::find(text, number, topic).map(found(Kind::Phone)))
        .or_else(|| postal::find_zip(text, at, number, topic).map(found(Kind::ZipCode)))
}

fn letters(text: &Text, at: usize) -> Option<(Kind, usize)> {
    let first = text.at(at);
    if matches!(first, b'P' | b'p')
        && let Some(end) = postal::find_box(text, at)
    {
        return Some((Kind::PoBox, end));
    }
    let is_abbreviation = matches!(first, b'u' | b'a') && text.at(at + 1) == b'l' && text.at(at + 2) == b'.';
    let may_be = is_upper(first) || is_abbreviation || !first.is_ascii() && is_letter(first);
    may_be.then(|| address::from_word(text, at)).flatten().map(|end| (Kind::StreetAddress, end))
}
