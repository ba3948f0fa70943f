//! What follows the street: a direction, a secondary unit, and the lines to the postal code. USPS Publication 28,
//! sections 213 and 22. Knows nothing of streets.

use super::lists::{DIRECTIONS, DWELLINGS, PARTICLES, UNITS};
use super::words::{Shape, Word, read};
use crate::list::List;
use crate::text::{Text, is_digit, is_letter, is_word};

/// Words of the name of an estate.
const ESTATE: usize = 3;
/// Words between the street and the postal code.
const TOWN: usize = 9;
/// Marks between two words: commas, line ends, indents and the signs of quoted mail.
const GAP: usize = 12;
const UNIT_ID: usize = 6;

/// The end of the address whose street ends at `end`.
pub(super) fn end(text: &Text, end: usize) -> usize {
    let end = direction(text, end);
    let end = unit(text, end, &UNITS).or_else(|| unit_of_estate(text, end)).unwrap_or(end);
    town(text, end).unwrap_or(end)
}

fn direction(text: &Text, end: usize) -> usize {
    let word = (text.at(end) == b' ').then(|| read(text, end + 1)).flatten();
    let is_one = |word: &Word| word.shape == Shape::Capital && word.is_in(text, &DIRECTIONS);
    word.filter(is_one).map_or(end, |word| word.after)
}

/// The end of a unit after `end`: `, Apt. 5A`, `#1203`.
pub(super) fn unit(text: &Text, end: usize, names: &List) -> Option<usize> {
    let at = gap(text, end)?;
    if text.at(at) == b'#' {
        return id(text, at + 1);
    }
    let word = read(text, at).filter(|word| word.is_in(text, names))?;
    let at = text.skip(word.after, |byte| byte == b' ');
    id(text, at + usize::from(text.at(at) == b'#'))
}

/// The name of an estate or a building, then the unit in it.
fn unit_of_estate(text: &Text, end: usize) -> Option<usize> {
    let mut end = end;
    for _ in 0..ESTATE {
        let word = (text.at(end) == b' ').then(|| read(text, end + 1)).flatten()?;
        if word.shape == Shape::Small {
            return None;
        }
        end = word.end;
        if let Some(end) = dwelling(text, end) {
            return Some(end);
        }
    }
    None
}

/// The end of a unit that makes an address of what is before it.
pub(super) fn dwelling(text: &Text, end: usize) -> Option<usize> {
    let is_named = |at: usize| is_letter(text.at(at));
    gap(text, end).filter(|at| is_named(*at)).and_then(|_| unit(text, end, &DWELLINGS))
}

/// The end of a unit's number: up to six letters and digits with a digit in them, or one letter.
pub(super) fn id(text: &Text, at: usize) -> Option<usize> {
    let end = text.skip(at, is_word);
    let has_digit = text.slice(at, end).iter().any(|byte| is_digit(*byte));
    let end =
        if has_digit && text.at(end) == b'-' && is_word(text.at(end + 1)) { text.skip(end + 1, is_word) } else { end };
    let is_letter = end == at + 1 && text.at(at).is_ascii_uppercase();
    (has_digit && end - at <= UNIT_ID || is_letter).then_some(end)
}

/// The end of the town, region and postal code after `end`, when they end in a postal code.
pub(super) fn town(text: &Text, end: usize) -> Option<usize> {
    let mut end = end;
    for words in 0..TOWN {
        let at = gap(text, end)?;
        let at = at + usize::from(text.at(at) == b'(');
        let word = read(text, at)?;
        if word.shape == Shape::Number {
            return postal_code(text, &word).filter(|_| words > 0);
        }
        let is_part =
            word.shape == Shape::Capital || word.is_in(text, &PARTICLES) || text.slice(word.start, word.end) == b"nan";
        if !is_part {
            return None;
        }
        end = word.end + usize::from(text.at(word.end) == b')');
    }
    None
}

/// Four to six digits, with four more (ZIP+4) or letters after them (`1012 AB`).
fn postal_code(text: &Text, word: &Word) -> Option<usize> {
    let digits = text.skip(word.start, is_digit);
    if !(4..=6).contains(&(digits - word.start))
        || is_letter(text.at(digits))
        || text.at(digits) == b'.' && is_digit(text.at(digits + 1))
    {
        return None;
    }
    if text.at(digits) == b'-' {
        let end = text.skip(digits + 1, is_digit);
        return (end - digits == 5 && !is_word(text.at(end))).then_some(end);
    }
    Some(digits)
}

/// Where the next word begins after the marks at `at`.
pub(super) fn gap(text: &Text, at: usize) -> Option<usize> {
    let end = text.skip(at, |byte| matches!(byte, b' ' | b',' | b'\n' | b'\r' | b'\t' | b'>' | b'?'));
    (end > at && end - at <= GAP).then_some(end)
}
