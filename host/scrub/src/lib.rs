//! Finds personal data in text and puts tokens in its place. Pure: no input or output, no clock, no configuration; it
//! knows nothing of conversations, HTTP or the host.
//!
//! The eleven kinds that Dapr's documentation lists, and three that its library masks besides, each by its own rule and
//! with its own check ([`Kind`]). One pass over the text, in time linear in its length whatever the text is; in chunks
//! ([`Scrubber`]) with the same result as in one piece.
//!
//! Read `scan.rs` first: it says who is asked, where and in which order. `text.rs` holds the two promises above.

mod fold;
mod kind;
mod text;

mod scan;
mod skim;

mod context;
mod list;
mod number;
mod plan;

mod address;
mod card;
mod digest;
mod email;
mod iban;
mod ip;
mod isbn;
mod mac;
mod phone;
mod postal;
mod ssn;

mod json;
mod stream;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

pub use crate::json::scrub_json;
pub use crate::kind::Kind;
pub use crate::stream::Scrubber;

use crate::fold::Fold;
use crate::scan::{Found, scan};
use crate::text::Text;

/// Where personal data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub kind: Kind,
    /// Bytes of the text; both ends are at characters' boundaries.
    pub range: Range<usize>,
}

/// All personal data in `text`, in order and without overlaps.
pub fn detect(text: &str) -> Vec<Span> {
    detect_after(&[], text)
}

/// `text` with a token in place of all personal data; the text itself when there is none.
pub fn scrub(text: &str) -> Cow<'_, str> {
    replace(text, &detect(text))
}

/// What is in `text` when `before`, which is folded, was said of it: the name of a field, say.
fn detect_after(before: &[u8], text: &str) -> Vec<Span> {
    let fold = Fold::new(before, text, 0);
    let mut spans = Vec::new();
    scan(&Text::new(&fold.bytes, false), before.len(), &mut |found| spans.push(fold.span(&found)));
    spans
}

impl Fold<'_> {
    fn span(&self, found: &Found) -> Span {
        Span { kind: found.kind, range: self.raw_start(found.start)..self.raw_end(found.end) }
    }
}

fn replace<'t>(text: &'t str, spans: &[Span]) -> Cow<'t, str> {
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut scrubbed = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        scrubbed.push_str(text.get(at..span.range.start).unwrap_or_default());
        scrubbed.push_str(span.kind.token());
        at = span.range.end;
    }
    scrubbed.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(scrubbed)
}
