//! Lists of words, asked for often and mostly in vain: a look at the first and the last letter tells most words that
//! are in none.

/// What the words of a list look like from outside: by the first letter (its last five bits, which are the same for
/// capitals) the lengths and the last letters that there are, a bit each.
struct Outline {
    lengths: [u32; 32],
    lasts: [u32; 32],
}

impl Outline {
    const NONE: Self = Self { lengths: [0; 32], lasts: [0; 32] };

    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    const fn with(mut self, word: &[u8]) -> Self {
        assert!(word.len() < 32, "a word is too long");
        let first = (word[0] & 31) as usize;
        self.lengths[first] |= 1 << word.len();
        self.lasts[first] |= 1 << (word[word.len() - 1] & 31);
        self
    }

    fn fits(&self, word: &[u8]) -> bool {
        let (Some(first), Some(last)) = (word.first(), word.last()) else { return false };
        let has =
            |table: &[u32; 32], bit: usize| table.get(usize::from(first & 31)).is_some_and(|bits| bits >> bit & 1 != 0);
        word.len() < 32 && has(&self.lengths, word.len()) && has(&self.lasts, usize::from(last & 31))
    }
}

/// Words in small letters, sorted by bytes.
pub(crate) struct List {
    words: &'static [&'static str],
    outline: Outline,
}

impl List {
    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    pub(crate) const fn new(words: &'static [&'static str]) -> Self {
        let mut outline = Outline::NONE;
        let mut at = 0;
        while at < words.len() {
            outline = outline.with(words[at].as_bytes());
            at += 1;
        }
        Self { words, outline }
    }

    /// Whether `word` is one of them, in whatever case.
    pub(crate) fn has(&self, word: &[u8]) -> bool {
        self.outline.fits(word) && self.search(word)
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

/// Lists that share no word, each with what its words say.
pub(crate) struct Lists<T: 'static> {
    lists: &'static [(T, List)],
    outline: Outline,
}

impl<T: Copy> Lists<T> {
    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    pub(crate) const fn new(lists: &'static [(T, List)]) -> Self {
        let mut outline = Outline::NONE;
        let mut list = 0;
        while list < lists.len() {
            let words = lists[list].1.words;
            let mut at = 0;
            while at < words.len() {
                outline = outline.with(words[at].as_bytes());
                at += 1;
            }
            list += 1;
        }
        Self { lists, outline }
    }

    /// What `word` says.
    pub(crate) fn said_by(&self, word: &[u8]) -> Option<T> {
        if !self.outline.fits(word) {
            return None;
        }
        self.lists.iter().find(|(_, words)| words.has(word)).map(|(said, _)| *said)
    }

    #[cfg(test)]
    pub(crate) fn all(&self) -> &[(T, List)] {
        self.lists
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
