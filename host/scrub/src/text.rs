//! The text that detectors read: one byte at a time, never further than a bound, and with a note of whether they wanted
//! to see what has not come yet. Knows nothing of any kind of data.
//!
//! Two promises of the whole crate rest on this file. *Linear time*: a detector sees at most [`AHEAD`] bytes from where
//! it was asked, and at most [`BEHIND`] bytes before that, so its work at one place has a bound. *Chunks don't matter*:
//! a detector that decided without reading past the end of an open text would have decided the same whatever follows;
//! one that did read past it is asked again when more has come.

use std::cell::Cell;

use crate::fold::POST_MARK;

/// Bytes that a detector may look at from where it was asked. The longest of all kinds is an e-mail address with 64
/// bytes, `@` and 255 bytes (RFC 5321, 4.5.3.1).
pub(crate) const AHEAD: usize = 384;

/// Bytes before the place of asking that a detector may look at, for words that say what a number is.
pub(crate) const BEHIND: usize = 64;

const DIGIT: u8 = 1;
const HEX: u8 = 2;
const LETTER: u8 = 4;
const UPPER: u8 = 8;
/// May stand in the local part of an e-mail address without quotes. RFC 5322, 3.2.3 allows more of ASCII's marks, but
/// those (`=`, `/`, `&`, `|`, …) far more often end what stands before an address.
const LOCAL: u8 = 16;
/// Nothing begins with it, whatever follows.
const QUIET: u8 = 32;

/// What each byte is. Bytes of several-byte characters are letters: `fold.rs` leaves no others.
const CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    while at < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let byte = at as u8;
        table[at] = match byte {
            b'0'..=b'9' => DIGIT | HEX | LOCAL,
            b'a'..=b'f' => LETTER | HEX | LOCAL,
            b'A'..=b'F' => LETTER | HEX | UPPER | LOCAL,
            b'g'..=b'z' => LETTER | LOCAL,
            b'G'..=b'Z' => LETTER | UPPER | LOCAL,
            b'+' => LOCAL,
            b'.' | b'_' | b'-' | b'%' | b'\'' | b'!' | b'~' => LOCAL | QUIET,
            0x80.. => LETTER | LOCAL,
            b'(' | b':' | POST_MARK => 0,
            _ => QUIET,
        };
        at += 1;
    }
    table
}

fn is(byte: u8, classes: u8) -> bool {
    CLASS.get(usize::from(byte)).is_some_and(|class| class & classes != 0)
}

pub(crate) fn is_digit(byte: u8) -> bool {
    is(byte, DIGIT)
}

pub(crate) fn is_hex(byte: u8) -> bool {
    is(byte, HEX)
}

pub(crate) fn is_letter(byte: u8) -> bool {
    is(byte, LETTER)
}

pub(crate) fn is_upper(byte: u8) -> bool {
    is(byte, UPPER)
}

/// A letter or a digit.
pub(crate) fn is_word(byte: u8) -> bool {
    is(byte, LETTER | DIGIT)
}

pub(crate) fn is_local(byte: u8) -> bool {
    is(byte, LOCAL)
}

pub(crate) fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase()
}

pub(crate) fn is_quiet(byte: u8) -> bool {
    is(byte, QUIET)
}

/// A folded text, closed or open to more.
pub(crate) struct Text<'t> {
    bytes: &'t [u8],
    open: bool,
    /// What is in sight: from the start of the text to a horizon that moves along with the scan.
    sight: Cell<&'t [u8]>,
    touched: Cell<bool>,
    #[cfg(test)]
    pub(crate) reads: Cell<usize>,
}

impl<'t> Text<'t> {
    /// `open` says that more may follow.
    pub(crate) fn new(bytes: &'t [u8], open: bool) -> Self {
        Self {
            bytes,
            open,
            sight: Cell::new(&[]),
            touched: Cell::new(false),
            #[cfg(test)]
            reads: Cell::new(0),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// All of it, to skim over; detectors ask byte by byte.
    pub(crate) fn bytes(&self) -> &'t [u8] {
        self.bytes
    }

    /// Moves the place of asking to `at`.
    pub(crate) fn look_from(&self, at: usize) {
        self.sight.set(self.bytes.get(..at + AHEAD).unwrap_or(self.bytes));
        self.touched.set(false);
    }

    /// Whether what was read since [`Self::look_from`] depends on what has not come yet.
    pub(crate) fn wants_more(&self) -> bool {
        self.open && self.touched.get()
    }

    /// The byte at `at`, or 0 where there is none in sight.
    pub(crate) fn at(&self, at: usize) -> u8 {
        #[cfg(test)]
        self.reads.set(self.reads.get() + 1);
        match self.sight.get().get(at) {
            Some(byte) => *byte,
            None => self.out_of_sight(),
        }
    }

    #[cold]
    fn out_of_sight(&self) -> u8 {
        if self.sight.get().len() == self.bytes.len() {
            self.touched.set(true);
        }
        0
    }

    /// The byte before `at`, or 0 at the very start.
    pub(crate) fn before(&self, at: usize) -> u8 {
        at.checked_sub(1).and_then(|at| self.bytes.get(at)).copied().unwrap_or(0)
    }

    /// The bytes from `from` up to `to`, as far as there are any.
    pub(crate) fn slice(&self, from: usize, to: usize) -> &'t [u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }

    /// Up to `longest` bytes before `at`.
    pub(crate) fn behind(&self, at: usize, longest: usize) -> &'t [u8] {
        self.slice(at.saturating_sub(longest), at)
    }

    /// The end of the bytes from `from` on that are `wanted`.
    pub(crate) fn skip(&self, from: usize, wanted: impl Fn(u8) -> bool) -> usize {
        let mut at = from;
        while wanted(self.at(at)) {
            at += 1;
        }
        at
    }

    /// The end of `word`, whose letters are small, when it stands at `at` in whatever case.
    pub(crate) fn follows(&self, at: usize, word: &str) -> Option<usize> {
        let matches = |(index, byte): (usize, u8)| self.at(at + index).to_ascii_lowercase() == byte;
        word.bytes().enumerate().all(matches).then_some(at + word.len())
    }

    /// The end of the first of `words` that stands at `at`.
    pub(crate) fn follows_any(&self, at: usize, words: &[&str]) -> Option<usize> {
        words.iter().find_map(|word| self.follows(at, word))
    }

    /// Where the next letter-or-digit run after the one at `at` may begin. Reads without asking for more: inside of a
    /// run nothing begins.
    pub(crate) fn past_word(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        at + rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len())
    }
}
