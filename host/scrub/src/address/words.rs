//! Reads an address word by word. Decides nothing.

use super::lists::{MEASURES, PARTICLES};
use crate::list::{Endings, List};
use crate::text::{Text, is_digit, is_letter, is_upper, is_word};

const LONGEST: usize = 40;

/// A word with what tells names from prose.
#[derive(Clone, Copy)]
pub(super) struct Word {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The end with the full stop of an abbreviation.
    pub(super) after: usize,
    pub(super) shape: Shape,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Begins with a capital, or with a letter that is not ASCII's.
    Capital,
    Small,
    /// Begins with a digit: `81st`, `24`, `221B`.
    Number,
}

/// The word that begins at `at`, hyphens and apostrophes within it included.
pub(super) fn read(text: &Text, at: usize) -> Option<Word> {
    let mut end = text.skip(at, is_word);
    while matches!(text.at(end), b'-' | b'\'') && is_word(text.at(end + 1)) && end - at < LONGEST {
        end = text.skip(end + 1, is_word);
    }
    if end == at || end - at > LONGEST {
        return None;
    }
    // `P.O.`, `N.W.`
    if end == at + 1 && text.at(end) == b'.' && is_upper(text.at(end + 1)) && text.at(end + 2) == b'.' {
        end += 2;
    }
    let first = text.at(at);
    let shape = if is_digit(first) {
        Shape::Number
    } else if is_upper(first) || first >= 0x80 {
        Shape::Capital
    } else {
        Shape::Small
    };
    Some(Word { start: at, end, after: end + usize::from(text.at(end) == b'.'), shape })
}

impl Word {
    pub(super) fn is_in(&self, text: &Text, list: &List) -> bool {
        list.has(text.slice(self.start, self.end))
    }

    /// `3rd`, `81st`.
    pub(super) fn is_ordinal(&self, text: &Text) -> bool {
        let digits = text.skip(self.start, is_digit);
        self.shape == Shape::Number
            && digits > self.start
            && ["st", "nd", "rd", "th"].iter().any(|ending| text.follows(digits, ending) == Some(self.end))
    }

    /// Whether a name may go on with it: a capital, an ordinal, or one of the small words within names.
    pub(super) fn is_name(&self, text: &Text) -> bool {
        match self.shape {
            Shape::Capital => !self.is_in(text, &MEASURES),
            Shape::Number => self.is_ordinal(text),
            Shape::Small => self.is_in(text, &PARTICLES),
        }
    }

    pub(super) fn ends_with(&self, text: &Text, endings: &Endings, spare: usize) -> bool {
        endings.end(text.slice(self.start, self.end), spare)
    }
}

/// The start of the word before `at`, and its end; words apart by one space.
pub(super) fn previous<'t>(text: &Text<'t>, at: usize) -> &'t [u8] {
    let behind = text.behind(at, 16);
    let Some(behind) = behind.strip_suffix(b" ") else { return &[] };
    let start = behind.iter().rposition(|byte| !is_letter(*byte)).map_or(0, |last| last + 1);
    behind.get(start..).unwrap_or_default()
}
