//! Scrubs a text that comes in chunks, and gives on what is settled as soon as it is.

use std::borrow::Cow;

use crate::fold::Fold;
use crate::replace;
use crate::scan::scan;
use crate::text::{BEHIND, Text};

/// One text on its way: a candidate's answer, say. What it has given out, joined, is what [`crate::scrub`] makes of the
/// chunks joined, however they are cut.
///
/// It holds back what may still become personal data when more comes: mostly the word in progress, never more than
/// [`Scrubber::MOST_HELD`] bytes.
#[derive(Debug, Clone, Default)]
pub struct Scrubber {
    /// The end of what is settled, folded: words there say what a number after them is.
    past: Vec<u8>,
    /// Invisible characters at the end of what is settled.
    hidden: u8,
    held: String,
}

impl Scrubber {
    /// The most bytes that are ever held back, and for text in ASCII a sixteenth of that. An e-mail address is the
    /// longest of all kinds; a folded byte may stand for a character of four bytes and four invisible ones of three.
    pub const MOST_HELD: usize = 16 * crate::text::AHEAD;

    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next chunk; gives what is settled by it, which may be nothing.
    pub fn push<'c>(&mut self, chunk: &'c str) -> Cow<'c, str> {
        if self.held.is_empty() {
            let (settled, cut) = self.settle(chunk, true);
            chunk.get(cut..).unwrap_or_default().clone_into(&mut self.held);
            return settled;
        }
        let mut text = std::mem::take(&mut self.held);
        text.push_str(chunk);
        let (settled, cut) = self.settle(&text, true);
        let settled = settled.into_owned();
        text.drain(..cut);
        self.held = text;
        Cow::Owned(settled)
    }

    /// Ends the text; gives what was held back. The scrubber is then as new.
    pub fn finish(&mut self) -> String {
        let text = std::mem::take(&mut self.held);
        let (settled, _) = self.settle(&text, false);
        let settled = settled.into_owned();
        *self = Self::default();
        settled
    }

    /// How many bytes are held back now.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// What is settled of `raw`, scrubbed, and how far that goes in `raw`.
    fn settle<'t>(&mut self, raw: &'t str, open: bool) -> (Cow<'t, str>, usize) {
        let fold = Fold::new(&self.past, raw, self.hidden);
        let mut spans = Vec::new();
        let text = Text::new(&fold.bytes, open);
        let settled = scan(&text, self.past.len(), &mut |found| spans.push(fold.span(&found)));
        let cut = if settled == fold.bytes.len() { raw.len() } else { fold.raw_start(settled) };
        self.hidden = fold.hidden_before(cut, self.hidden);
        let past = fold.bytes.get(settled.saturating_sub(BEHIND)..settled).unwrap_or_default();
        past.clone_into(&mut self.past);
        (replace(raw.get(..cut).unwrap_or(raw), &spans), cut)
    }
}
