//! Book numbers: ISO 2108 and the ISBN Users' Manual (International ISBN Agency): ISBN-13 with a GS1 prefix of 978 or
//! 979, ISBN-10 of before 2007, both with their check digits.

use crate::context::Topic;
use crate::number::{Gap, Number};
use crate::text::{Text, is_word};

/// The end of the book number that begins `number`.
pub(crate) fn find(text: &Text, number: &Number, topic: Option<Topic>) -> Option<usize> {
    if number.plus || number.parenthesis || number.digits() < 9 {
        return None;
    }
    let is_called_so = topic == Some(Topic::Isbn);
    (1..=number.groups().len().min(5)).rev().find_map(|groups| match number.prefix(groups).len() {
        13 => thirteen(text, number, groups),
        10 => ten(text, number, groups, is_called_so),
        9 => nine_and_x(text, number, groups, is_called_so),
        _ => None,
    })
}

fn thirteen(text: &Text, number: &Number, groups: usize) -> Option<usize> {
    let digits = number.prefix(groups);
    let is_book = matches!(digits, [9, 7, 8 | 9, ..]) && gs1(digits) && is_written_so(number, groups);
    is_book.then(|| number.ends(text, groups)).flatten()
}

/// Ten digits are anything unless they are in four groups, or called ISBN.
fn ten(text: &Text, number: &Number, groups: usize, is_called_so: bool) -> Option<usize> {
    let is_grouped = groups == 4
        && number.gap(groups) == Some(Gap::Hyphen)
        && number.first(groups).last().is_some_and(|last| last.width() == 1);
    let is_book =
        weighted(number.prefix(groups), None) && (is_grouped || is_called_so && is_written_so(number, groups));
    is_book.then(|| number.ends(text, groups)).flatten()
}

/// The check digit ten is written `X`.
fn nine_and_x(text: &Text, number: &Number, groups: usize, is_called_so: bool) -> Option<usize> {
    if groups != number.groups().len() || !weighted(number.prefix(groups), Some(10)) {
        return None;
    }
    let is_grouped = groups == 3 && number.gap(groups) == Some(Gap::Hyphen) && text.at(number.end()) == b'-';
    if !is_grouped && !is_called_so {
        return None;
    }
    let end = number.end() + usize::from(matches!(text.at(number.end()), b'-' | b' '));
    (matches!(text.at(end), b'X' | b'x') && !is_word(text.at(end + 1))).then_some(end + 1)
}

fn is_written_so(number: &Number, groups: usize) -> bool {
    groups == 1 || matches!(number.gap(groups), Some(Gap::Hyphen | Gap::Space))
}

/// GS1's check digit: weights 1 and 3 in turn.
fn gs1(digits: &[u8]) -> bool {
    let weighted =
        digits.iter().enumerate().map(|(place, digit)| u32::from(*digit) * if place % 2 == 0 { 1 } else { 3 });
    weighted.sum::<u32>().is_multiple_of(10)
}

/// ISBN-10's check digit: weights from 10 down to 1, modulo 11.
fn weighted(digits: &[u8], last: Option<u8>) -> bool {
    let digits = digits.iter().copied().chain(last);
    let sum: u32 = digits.zip((1..=10_u32).rev()).map(|(digit, weight)| u32::from(digit) * weight).sum();
    sum.is_multiple_of(11)
}

#[cfg(test)]
mod tests {
    use crate::Kind::Isbn;
    use crate::tests::{finds, finds_nothing};

    #[test]
    fn both_lengths_are_found() {
        for number in ["978-0-596-52068-7", "9780596520687", "978 0 596 52068 7", "0-201-63361-2", "0-8044-2957-X"] {
            finds(&format!("read {number} now"), Isbn, number);
        }
        for number in ["0201633612", "080442957X", "0 201 63361 2", "080442957x"] {
            finds(&format!("ISBN: {number}"), Isbn, number);
        }
    }

    #[test]
    fn a_wrong_check_digit_and_bare_tens_are_none() {
        for text in
            ["978-0-596-52068-8", "9780596520688", "0-201-63361-3", "0201633612", "9770596520687", "ISBN 0201633613"]
        {
            finds_nothing(text);
        }
    }
}
