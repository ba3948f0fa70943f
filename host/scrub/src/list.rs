//! Lists of words, asked for often and mostly in vain: a look at two bytes tells most words that are in none.

/// Words in small letters, sorted by bytes.
pub(crate) struct List {
    words: &'static [&'static str],
    /// For each first byte, by its last five bits, the lengths that there are.
    lengths: [u32; 32],
}

impl List {
    pub(crate) const fn new(words: &'static [&'static str]) -> Self {
        let mut lengths = [0; 32];
        let mut at = 0;
        while at < words.len() {
            #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
            let word = words[at].as_bytes();
            #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
            let slot = &mut lengths[(word[0] & 31) as usize];
            assert!(word.len() < 32, "a word is too long");
            *slot |= 1 << word.len();
            at += 1;
        }
        Self { words, lengths }
    }

    /// Whether `word` is one of them, in whatever case.
    pub(crate) fn has(&self, word: &[u8]) -> bool {
        let first = word.first().map_or(0, |byte| usize::from(byte & 31));
        let may_be = word.len() < 32 && self.lengths.get(first).is_some_and(|lengths| lengths & 1 << word.len() != 0);
        may_be && self.search(word)
    }

    fn search(&self, word: &[u8]) -> bool {
        let mut small = [0; 32];
        let Some(small) = small.get_mut(..word.len()) else { return false };
        small.copy_from_slice(word);
        small.make_ascii_lowercase();
        self.words.binary_search_by(|known| known.as_bytes().cmp(small)).is_ok()
    }

    #[cfg(test)]
    pub(crate) fn words(&self) -> &[&str] {
        self.words
    }

    #[cfg(test)]
    pub(crate) fn is_sorted(&self) -> bool {
        self.words.is_sorted_by(|a, b| a.as_bytes() < b.as_bytes())
    }
}

/// Endings of words in small letters.
pub(crate) struct Endings {
    endings: &'static [&'static str],
    /// A bit for each last two bytes, folded to 256 of them.
    pairs: [u64; 4],
}

impl Endings {
    pub(crate) const fn new(endings: &'static [&'static str]) -> Self {
        let mut pairs = [0; 4];
        let mut at = 0;
        while at < endings.len() {
            #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
            let ending = endings[at].as_bytes();
            #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
            let pair = pair(ending[ending.len() - 2], ending[ending.len() - 1]);
            #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
            let slot = &mut pairs[pair / 64];
            *slot |= 1 << (pair % 64);
            at += 1;
        }
        Self { endings, pairs }
    }

    /// Whether `word` ends with one of them, with `spare` bytes before it.
    pub(crate) fn end(&self, word: &[u8], spare: usize) -> bool {
        let [.., last, end] = word else { return false };
        let pair = pair(last.to_ascii_lowercase(), end.to_ascii_lowercase());
        let may_be = self.pairs.get(pair / 64).is_some_and(|pairs| pairs & 1 << (pair % 64) != 0);
        may_be && self.endings.iter().any(|ending| ends_with(word, ending.as_bytes(), spare))
    }
}

const fn pair(last: u8, end: u8) -> usize {
    (last.wrapping_mul(37) ^ end) as usize
}

fn ends_with(word: &[u8], ending: &[u8], spare: usize) -> bool {
    let start = word.len().checked_sub(ending.len()).filter(|start| *start >= spare);
    start.and_then(|start| word.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_endings_are_found_in_any_case() {
        const WORDS: List = List::new(&["rue", "rua", "via"]);
        assert!(WORDS.has(b"VIA") && WORDS.has(b"via") && !WORDS.has(b"vib") && !WORDS.has(b"") && !WORDS.is_sorted());
        const ENDS: Endings = Endings::new(&["weg", "straße"]);
        assert!(ENDS.end("HauptSTRAße".as_bytes(), 2) && ENDS.end(b"Feldweg", 2));
        assert!(!ENDS.end(b"weg", 2) && ENDS.end(b"weg", 0) && !ENDS.end(b"Feld", 0) && !ENDS.end(b"g", 0));
    }
}
