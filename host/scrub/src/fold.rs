//! Folds text to what detectors read: other writings of digits, marks and spaces become ASCII's, invisible characters go
//! away, and every place can be told in the original again. Knows nothing of any kind of data.
//!
//! The fold is one character at a time, so it can be cut anywhere; most text is ASCII and is not copied at all.

use std::borrow::Cow;

/// What stands for a character that is neither letter nor digit: an emoji, a bullet, a bracket of another script.
const MARK: u8 = 1;
/// What stands for a letter of a script that writes no spaces between words. A number may touch it.
pub(crate) const IDEOGRAPH: u8 = 2;
/// What stands for the mark of Japan's post, with which addresses begin.
pub(crate) const POST_MARK: u8 = 3;

/// Invisible characters in a row that go away. More of them are no way to hide a number but a flood; they become marks.
const INVISIBLE: u8 = 4;

/// The zeros of the decimal digits of the Unicode Character Database (general category Nd), below U+10000 and
/// without the full-width ones.
const ZEROS: [u32; 35] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50,
    0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
];

#[cfg(test)]
thread_local! {
    /// Bytes that this thread has folded, for tests of how much work there is.
    pub(crate) static FOLDED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Folded text and the way back.
pub(crate) struct Fold<'t> {
    raw: &'t str,
    /// What came before, already folded, then the folded text.
    pub(crate) bytes: Cow<'t, [u8]>,
    past: usize,
    /// Places from which on raw and folded text run in step: folded, raw. In order; none means from the start on.
    steps: Vec<(usize, usize)>,
}

enum Folded {
    Same,
    Byte(u8),
    Gone,
}

impl<'t> Fold<'t> {
    /// Folds `raw`, which follows on `past`. `hidden` invisible characters stood at the end of what came before.
    pub(crate) fn new(past: &[u8], raw: &'t str, hidden: u8) -> Self {
        #[cfg(test)]
        FOLDED.set(FOLDED.get() + past.len() + raw.len());
        let mut fold = Self { raw, bytes: Cow::Borrowed(raw.as_bytes()), past: past.len(), steps: Vec::new() };
        let is_ascii = raw.is_ascii();
        if past.is_empty() && is_ascii {
            return fold;
        }
        let mut bytes = Vec::with_capacity(past.len() + raw.len());
        bytes.extend_from_slice(past);
        if is_ascii {
            bytes.extend_from_slice(raw.as_bytes());
        } else {
            fold.fill(&mut bytes, hidden);
        }
        fold.bytes = Cow::Owned(bytes);
        fold
    }

    fn fill(&mut self, bytes: &mut Vec<u8>, mut hidden: u8) {
        let mut rest = self.raw;
        while !rest.is_empty() {
            let plain = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
            let (ascii, other) = rest.split_at(plain);
            bytes.extend_from_slice(ascii.as_bytes());
            if plain > 0 {
                hidden = 0;
            }
            let Some(character) = other.chars().next() else { break };
            let (this, after) = other.split_at(character.len_utf8());
            rest = after;
            match folded(character) {
                Folded::Same => {
                    bytes.extend_from_slice(this.as_bytes());
                    hidden = 0;
                    continue;
                }
                Folded::Byte(byte) => {
                    bytes.push(byte);
                    hidden = 0;
                }
                // A flood of invisible characters stays a flood until something visible comes.
                Folded::Gone if hidden == INVISIBLE => bytes.push(MARK),
                Folded::Gone => hidden += 1,
            }
            self.steps.push((bytes.len(), self.raw.len() - rest.len()));
        }
    }

    /// Where the character that became the folded byte at `place` begins in the raw text.
    pub(crate) fn raw_start(&self, place: usize) -> usize {
        let after = self.steps.partition_point(|(folded, _)| *folded <= place);
        let (folded, raw) = after.checked_sub(1).and_then(|at| self.steps.get(at)).copied().unwrap_or((self.past, 0));
        raw + place.saturating_sub(folded)
    }

    /// Where the character that became the folded byte before `place` ends in the raw text.
    pub(crate) fn raw_end(&self, place: usize) -> usize {
        if place <= self.past {
            return 0;
        }
        let last = self.raw_start(place - 1);
        self.raw.ceil_char_boundary(last + 1)
    }

    /// How many invisible characters end the raw text before `end`, where `hidden` stood before it. Never more than
    /// matter.
    pub(crate) fn hidden_before(&self, end: usize, hidden: u8) -> u8 {
        let before = self.raw.get(..end).unwrap_or_default();
        let mut count = 0;
        for character in before.chars().rev() {
            if count == INVISIBLE || !matches!(folded(character), Folded::Gone) {
                return count;
            }
            count += 1;
        }
        (count + hidden).min(INVISIBLE)
    }
}

fn folded(character: char) -> Folded {
    let code = u32::from(character);
    match code {
        0..=0x7F => Folded::Same,
        0xAD | 0x034F | 0x061C | 0x180E | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x2069 | 0xFEFF => Folded::Gone,
        0xFE00..=0xFE0F => Folded::Gone,
        0xA0 | 0x2000..=0x200A | 0x202F | 0x205F | 0x3000 => Folded::Byte(b' '),
        0x85 | 0x2028 | 0x2029 => Folded::Byte(b'\n'),
        0x2010..=0x2015 | 0x2043 | 0x2212 | 0xFE58 | 0xFE63 => Folded::Byte(b'-'),
        0x2024 | 0x3002 | 0xFE52 | 0xFF61 => Folded::Byte(b'.'),
        0x2018 | 0x2019 => Folded::Byte(b'\''),
        0x3001 => Folded::Byte(b','),
        0x3012 => Folded::Byte(POST_MARK),
        0xFF01..=0xFF5E => u8::try_from(code - 0xFEE0).map_or(Folded::Byte(MARK), Folded::Byte),
        0x1D7CE..=0x1D7FF => digit((code - 0x1D7CE) % 10),
        _ => other(character, code),
    }
}

fn digit(value: u32) -> Folded {
    u8::try_from(value).map_or(Folded::Byte(MARK), |value| Folded::Byte(b'0' + value))
}

fn other(character: char, code: u32) -> Folded {
    if code >= 0x0660
        && let Some(zero) = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code))
    {
        return digit(code - zero);
    }
    match code {
        // Combining accents belong to the letter before them.
        0x0300..=0x036F => Folded::Same,
        // Thai to Burmese, Khmer; kana, ideographs and Hangul.
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3041..=0x9FFF | 0xAC00..=0xD7AF | 0xF900..=0xFAFF => {
            Folded::Byte(IDEOGRAPH)
        }
        0x20000.. => Folded::Byte(if character.is_alphabetic() { IDEOGRAPH } else { MARK }),
        _ if character.is_alphanumeric() => Folded::Same,
        _ => Folded::Byte(MARK),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::is_local;

    fn fold(raw: &str) -> Vec<u8> {
        Fold::new(&[], raw, 0).bytes.into_owned()
    }

    #[test]
    fn other_writings_of_digits_and_marks_become_ascii() {
        assert_eq!(fold("٤۴४๔４𝟒"), b"444444");
        assert_eq!(fold("a\u{2011}b\u{2013}c\u{a0}d＠e．f"), b"a-b-c d@e.f");
        assert_eq!(fold("1\u{200b}2\u{ad}3"), b"123");
        assert_eq!(fold("é → 漢"), "é \u{1} \u{2}".as_bytes());
        assert!(!is_local(MARK) && !is_local(IDEOGRAPH));
    }

    #[test]
    fn every_place_is_found_again() {
        let raw = "a１\u{200b}２é3";
        let fold = Fold::new(&[], raw, 0);
        assert_eq!(&*fold.bytes, "a12é3".as_bytes());
        assert_eq!(&raw[fold.raw_start(1)..fold.raw_end(3)], "１\u{200b}２");
        assert_eq!(&raw[fold.raw_start(3)..fold.raw_end(6)], "é3");
        assert_eq!(fold.raw_end(2), 4, "an invisible character after the last digit is not part of it");
    }

    #[test]
    fn letters_that_stay_need_no_way_back() {
        assert!(Fold::new(&[], &"é".repeat(1_000), 0).steps.is_empty());
    }

    #[test]
    fn a_flood_of_invisible_characters_is_not_taken_away() {
        let raw = format!("1{}2", "\u{200b}".repeat(7));
        assert_eq!(fold(&raw), b"1\x01\x01\x012");
        let (head, tail) = raw.split_at(raw.len() - 4);
        let first = Fold::new(&[], head, 0);
        let hidden = first.hidden_before(head.len(), 0);
        assert_eq!(&*Fold::new(b"1", tail, hidden).bytes, b"1\x012");
    }
}
