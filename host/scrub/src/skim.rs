//! Gets over the words of prose quickly: those in small letters with nothing about them with which any kind could begin.
//! It decides nothing that `scan.rs` would not decide the same way, and only what needs no byte that has not come.

use crate::text::{is_hex, is_local, is_lower, is_quiet, is_word};

/// Bytes after a word that are looked at.
const AFTER: usize = 5;

/// The first place from `from` on that is worth asking the detectors about.
pub(crate) fn skim(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let quiet = rest.iter().position(|byte| !is_quiet(*byte)).unwrap_or(rest.len());
        let rest = rest.get(quiet..).unwrap_or_default();
        let start = at + quiet;
        let skipped = match rest {
            [b'(', next, ..] => usize::from(!next.is_ascii_digit() && !matches!(next, b'+' | b'(')),
            [b':', next, ..] => usize::from(*next != b':'),
            [b'+', next, ..] => usize::from(!next.is_ascii_digit() && *next != b'('),
            [first, ..] if is_lower(*first) && (start > from || !is_word(before(bytes, start))) => word(rest),
            _ => 0,
        };
        if skipped == 0 {
            return start;
        }
        at = start + skipped;
    }
}

fn before(bytes: &[u8], at: usize) -> u8 {
    at.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or(0)
}

/// The length of the word that begins `rest`, when nothing begins with it; else 0.
fn word(rest: &[u8]) -> usize {
    let length = rest.iter().position(|byte| !is_lower(*byte)).unwrap_or(rest.len());
    let (word, after) = rest.split_at(length);
    // A full stop may go on as an address (`ann.lee@…`), or end an abbreviation that is listed.
    let after = match after {
        [b'.', after @ ..] if length > 2 && !matches!(after, [next, ..] if is_local(*next)) => after,
        _ => after,
    };
    if after.len() < AFTER || may_be_box(word) || may_be_mac(word) || !ends(word, after) { 0 } else { length }
}

/// Whether what comes after `word` makes it no part of an address, number or name.
fn ends(word: &[u8], after: &[u8]) -> bool {
    match after {
        [b' ', b'a' | b'A', b't' | b'T', b' ', ..] => false,
        [b' ', bracket, next, ..] | [bracket @ (b'[' | b'(' | b'{' | b'<'), next, ..] => {
            !matches!(bracket, b'[' | b'(' | b'{' | b'<') || !matches!(next, b'a' | b'A' | b'@' | b' ')
        }
        [b'"', next, ..] => *next != b'@',
        [b'\\', next, ..] => *next != b'u',
        [b'@' | b'&', ..] => false,
        [b':', ..] => !is_hexadecimal(word),
        [next, ..] => !is_word(*next) && !is_local(*next),
        [] => false,
    }
}

/// `p.o. box`, `po box`, `pob`, `post office box`.
fn may_be_box(word: &[u8]) -> bool {
    matches!(word, [b'p'] | b"po" | b"pob" | b"post")
}

/// Twelve hexadecimal digits that all happen to be letters.
fn may_be_mac(word: &[u8]) -> bool {
    word.len() == 12 && is_hexadecimal(word)
}

fn is_hexadecimal(word: &[u8]) -> bool {
    word.iter().all(|byte| is_hex(*byte))
}
