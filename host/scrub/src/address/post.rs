//! Addresses that a postal service has a form of its own for: military mail of the United States (USPS Publication 28,
//! section 22) and what begins with the mark of Japan's post.

use super::block;
use super::words::{Shape, Word, read};
use crate::fold::IDEOGRAPH;
use crate::text::{Text, is_digit, is_upper};

/// The longest Japanese address, in characters.
const JAPANESE: usize = 60;

/// Military mail: `PSC 802 Box 74`, a ship, and the line `APO AE 09499`.
pub(super) fn military(text: &Text, word: &Word) -> Option<usize> {
    let is = |names: &[&[u8]]| names.contains(&text.slice(word.start, word.end));
    if is(&[b"APO", b"FPO", b"DPO"]) {
        return post_office(text, word.start);
    }
    if is(&[b"PSC", b"CMR", b"UNIT"]) {
        let number = text.follows(word.end, " ").map(|at| text.skip(at, is_digit))?;
        let at = text.follows(block::gap(text, number)?, "box ")?;
        return post_office(text, block::gap(text, text.skip(at, is_digit))?);
    }
    if !is(&[b"USS", b"USNS", b"USNV", b"USCGC"]) {
        return None;
    }
    let mut end = word.end;
    for _ in 0..4 {
        let at = block::gap(text, end)?;
        if let Some(end) = post_office(text, at) {
            return Some(end);
        }
        end = read(text, at).filter(|word| word.shape == Shape::Capital)?.end;
    }
    None
}

fn post_office(text: &Text, at: usize) -> Option<usize> {
    let region = text.follows_any(at, &["apo", "fpo", "dpo"]).and_then(|end| block::gap(text, end))?;
    let code = text.follows_any(region, &["aa ", "ae ", "ap "])?;
    let end = text.skip(code, is_digit);
    (is_upper(text.at(at)) && end - code == 5).then_some(end)
}

/// Japanese addresses begin with the mark of the post and seven digits (Japan Post); what is written without spaces
/// after them belongs to it.
pub(crate) fn from_post_mark(text: &Text, at: usize) -> Option<usize> {
    let start = at + 1 + usize::from(text.at(at + 1) == b' ');
    let hyphen = text.skip(start, is_digit);
    let end = text.skip(hyphen + 1, is_digit);
    if hyphen - start != 3 || text.at(hyphen) != b'-' || end - hyphen != 5 {
        return None;
    }
    let place = end + usize::from(text.at(end) == b' ');
    let last = text.skip(place, |byte| byte == IDEOGRAPH || is_digit(byte) || byte == b'-');
    Some(if (1..=JAPANESE).contains(&(last - place)) { last } else { end })
}

#[cfg(test)]
mod tests {
    use crate::Kind::StreetAddress;
    use crate::tests::{finds, finds_nothing};

    #[test]
    fn forms_of_the_post_are_found() {
        finds("to APO AE 09499.", StreetAddress, "APO AE 09499");
        finds("to CMR 421, Box 12\nAPO AE 09056", StreetAddress, "CMR 421, Box 12\nAPO AE 09056");
        finds("to USNS Comfort\nFPO AP 96601", StreetAddress, "USNS Comfort\nFPO AP 96601");
        finds("〒160-0022 東京都新宿区新宿3-1", StreetAddress, "〒160-0022 東京都新宿区新宿3-1");
        for text in ["USS Enterprise sailed", "PSC 802", "APO AE 0949", "〒160", "the apo ae 09499"] {
            finds_nothing(text);
        }
    }
}
