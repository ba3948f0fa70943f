//! MAC addresses: EUI-48 and EUI-64 in the forms of IEEE 802 (`00-1A-…`), of most programs (`00:1a:…`) and of Cisco
//! (`001a.2b3c.4d5e`).

use crate::context::{Topic, topic};
use crate::text::{Text, is_hex, is_letter, is_word};

/// The end of the address that begins at `at`, where a word of hexadecimal digits begins, `first` its end.
pub(crate) fn find(text: &Text, at: usize, first: usize) -> Option<usize> {
    match (first - at, text.at(first)) {
        (2, mark @ (b':' | b'-')) => pairs(text, at, mark),
        (4, b'.') => quads(text, at),
        (12, _) => (topic(text, at) == Some(Topic::Mac)).then_some(first),
        _ => None,
    }
}

fn pairs(text: &Text, at: usize, mark: u8) -> Option<usize> {
    let count = groups(text, at, 2, mark)?;
    matches!(count, 6 | 8).then_some(at + count * 3 - 1)
}

/// Three groups of digits alone are as well a number with points, so letters or a word must say what it is.
fn quads(text: &Text, at: usize) -> Option<usize> {
    let end = at + 14;
    let is_one = groups(text, at, 4, b'.')? == 3;
    let has_letter = text.slice(at, end).iter().any(|byte| is_letter(*byte));
    (is_one && (has_letter || topic(text, at) == Some(Topic::Mac))).then_some(end)
}

/// How many groups of `width` digits follow one another with `mark` between, or none when the last one does not end.
fn groups(text: &Text, at: usize, width: usize, mark: u8) -> Option<usize> {
    let mut count = 0;
    let mut start = at;
    loop {
        let end = text.skip(start, is_word);
        if end - start != width || !text.slice(start, end).iter().all(|byte| is_hex(*byte)) {
            return None;
        }
        count += 1;
        if text.at(end) != mark || !is_word(text.at(end + 1)) {
            return Some(count);
        }
        if count > 8 {
            return None;
        }
        start = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use crate::Kind::Mac;
    use crate::tests::{finds, finds_nothing};

    #[test]
    fn all_forms_are_found() {
        for address in ["3c:22:fb:9a:01:7e", "3C-22-FB-9A-01-7E", "AA-BB-CC-DD-EE-FF", "3c22.fb9a.017e"] {
            finds(&format!("seen {address}."), Mac, address);
        }
        finds("eui 3c:22:fb:ff:fe:9a:01:7e", Mac, "3c:22:fb:ff:fe:9a:01:7e");
        finds("mac address 3c22fb9a017e", Mac, "3c22fb9a017e");
    }

    #[test]
    fn other_lengths_and_mixtures_are_none() {
        for text in [
            "3c:22:fb:9a:01",
            "3c:22:fb:9a:01:7e:55",
            "3c:22-fb:9a-01:7e",
            "3c:22:fb:9a:01:7g",
            "1234.5678.9012",
            "12:34:56",
            "id 3c22fb9a017e",
            "3c:22:fb:9a:01:7e:00:11:22:33",
        ] {
            finds_nothing(text);
        }
    }
}
