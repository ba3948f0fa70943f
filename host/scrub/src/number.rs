//! Reads groups of digits with marks between them, once, for all kinds that are numbers. Decides nothing.

use crate::text::{Text, is_digit, is_word};

const DIGITS: usize = 20;
const GROUPS: usize = 10;
/// Marks between two groups.
const GAP: usize = 3;

/// Single digits in a row that end the reading.
const SINGLES: usize = 3;

/// What stands between a group and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Gap {
    /// Nothing: the first group.
    #[default]
    None,
    Space,
    Hyphen,
    Dot,
    Slash,
    /// With a parenthesis in it.
    Parenthesis,
    /// Two marks or three.
    Wide,
}

/// A run of digits.
#[derive(Clone, Copy, Default)]
pub(crate) struct Group {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Digits from the start of the number to the end of this group.
    pub(crate) upto: usize,
    pub(crate) gap: Gap,
}

impl Group {
    /// How many digits it has.
    pub(crate) fn width(&self) -> usize {
        self.end - self.start
    }
}

/// Groups of digits, in order.
pub(crate) struct Number {
    digits: [u8; DIGITS],
    groups: [Group; GROUPS],
    count: usize,
    /// A `+` stands before the first digit.
    pub(crate) plus: bool,
    /// A parenthesis stands before the first digit.
    pub(crate) parenthesis: bool,
}

impl Number {
    /// The number that begins at `at` with a digit, `+` or `(`. Nothing when there is no digit, the first group alone
    /// is longer than any number of interest, or it is a list of single digits.
    pub(crate) fn read(text: &Text, at: usize) -> Option<Self> {
        let mut number =
            Self { digits: [0; DIGITS], groups: [Group::default(); GROUPS], count: 0, plus: false, parenthesis: false };
        let mut place = number.opening(text, at);
        let mut gap = Gap::None;
        while number.push(text, place, gap) {
            // A list of single digits is no number of interest, but begins anew at each of them.
            if number.count == SINGLES && number.digits() == SINGLES {
                return None;
            }
            let Some((next, kind)) = following(text, number.end()) else { break };
            (place, gap) = (next, kind);
        }
        (number.count > 0).then_some(number)
    }

    fn opening(&mut self, text: &Text, at: usize) -> usize {
        let mut at = at;
        for _ in 0..3 {
            match text.at(at) {
                b'+' if !self.plus => self.plus = true,
                b'(' if !self.parenthesis => self.parenthesis = true,
                _ => break,
            }
            at += 1;
        }
        at
    }

    fn push(&mut self, text: &Text, start: usize, gap: Gap) -> bool {
        let mut end = start;
        let mut upto = self.digits();
        while is_digit(text.at(end)) {
            let Some(slot) = self.digits.get_mut(upto) else { return false };
            *slot = text.at(end) - b'0';
            upto += 1;
            end += 1;
        }
        let Some(slot) = self.groups.get_mut(self.count).filter(|_| end > start) else { return false };
        *slot = Group { start, end, upto, gap };
        self.count += 1;
        true
    }

    pub(crate) fn groups(&self) -> &[Group] {
        self.groups.get(..self.count).unwrap_or_default()
    }

    /// How many digits there are.
    pub(crate) fn digits(&self) -> usize {
        self.groups().last().map_or(0, |group| group.upto)
    }

    /// Where the last group ends.
    pub(crate) fn end(&self) -> usize {
        self.groups().last().map_or(0, |group| group.end)
    }

    /// The values of the digits of the first `groups` groups.
    pub(crate) fn prefix(&self, groups: usize) -> &[u8] {
        let upto = groups.checked_sub(1).and_then(|last| self.groups().get(last)).map_or(0, |group| group.upto);
        self.digits.get(..upto).unwrap_or_default()
    }

    /// The first `groups` groups.
    pub(crate) fn first(&self, groups: usize) -> &[Group] {
        self.groups().get(..groups).unwrap_or_default()
    }

    /// Whether the first groups are as wide as that, and as many.
    pub(crate) fn has_widths(&self, groups: usize, widths: &[usize]) -> bool {
        groups == widths.len() && self.first(groups).iter().map(Group::width).eq(widths.iter().copied())
    }

    /// What stands between the first `groups` groups, when it is the same everywhere.
    pub(crate) fn gap(&self, groups: usize) -> Option<Gap> {
        let mut gaps = self.first(groups).iter().skip(1).map(|group| group.gap);
        let first = gaps.next()?;
        gaps.all(|gap| gap == first).then_some(first)
    }

    /// Where the first `groups` groups end, if the number can end there: no letter touches it, and no mark that keeps
    /// together ties it to more digits.
    pub(crate) fn ends(&self, text: &Text, groups: usize) -> Option<usize> {
        let end = self.first(groups).last()?.end;
        let tied = match self.groups().get(groups) {
            Some(next) => matches!(next.gap, Gap::Hyphen | Gap::Dot),
            None => is_tied(text, end),
        };
        (!tied).then_some(end)
    }
}

/// What a few digits make together.
pub(crate) fn value(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |value, digit| value * 10 + u32::from(*digit))
}

fn is_tied(text: &Text, end: usize) -> bool {
    let next = text.at(end);
    is_word(next) || next == b'_' || matches!(next, b'-' | b'.') && is_digit(text.at(end + 1))
}

/// Where the next group begins, and what stands before it.
fn following(text: &Text, at: usize) -> Option<(usize, Gap)> {
    let mut gap = Gap::None;
    for place in at..=at + GAP {
        let byte = text.at(place);
        if is_digit(byte) {
            return (place > at).then_some((place, gap));
        }
        gap = match (gap, byte) {
            (Gap::Parenthesis, b' ' | b'-' | b'.' | b'/' | b'(' | b')') | (_, b'(' | b')') => Gap::Parenthesis,
            (Gap::None, b' ') => Gap::Space,
            (Gap::None, b'-') => Gap::Hyphen,
            (Gap::None, b'.') => Gap::Dot,
            (Gap::None, b'/') => Gap::Slash,
            (_, b' ' | b'-') => Gap::Wide,
            _ => return None,
        };
    }
    None
}

/// Whether a number can begin at `at`: it goes on from no word, amount or other number.
pub(crate) fn may_begin(text: &Text, at: usize) -> bool {
    let before = text.before(at);
    if is_word(before) || matches!(before, b'_' | b'$') {
        return false;
    }
    let is_after_digit = is_digit(text.before(at.saturating_sub(1)));
    let is_after_word = is_word(text.before(at.saturating_sub(1)));
    match before {
        b'-' | b'.' | b'+' => !is_after_word,
        b'/' => !is_after_digit,
        _ => true,
    }
}
