//! Collects a body that comes in pieces, for answers that are read whole. Reads nothing itself.

/// A body that has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole<'a> {
    /// The body, up to the limit.
    pub bytes: &'a [u8],
    /// Whether there was more than the limit.
    pub truncated: bool,
}

/// A body under way, kept up to a limit.
#[derive(Debug, Clone)]
pub struct Body {
    limit: usize,
    bytes: Vec<u8>,
    truncated: bool,
}

impl Body {
    /// A body of which `limit` bytes are kept.
    pub fn new(limit: usize) -> Self {
        Self { limit, bytes: Vec::new(), truncated: false }
    }

    /// Takes the next bytes and gives the body at its end. A body that comes in one piece is not copied.
    pub fn feed<'a>(&'a mut self, bytes: &'a [u8], end: bool) -> Option<Whole<'a>> {
        let room = self.limit.saturating_sub(self.bytes.len());
        self.truncated |= bytes.len() > room;
        let bytes = bytes.get(..room).unwrap_or(bytes);
        if end && self.bytes.is_empty() {
            return Some(Whole { bytes, truncated: self.truncated });
        }
        self.bytes.extend_from_slice(bytes);
        end.then_some(Whole { bytes: &self.bytes, truncated: self.truncated })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&[u8]], bytes: &[u8], truncated: bool) {
        let mut body = Body::new(4);
        let (last, before) = pieces.split_last().unwrap();
        for piece in before {
            assert_eq!(body.feed(piece, false), None);
        }
        assert_eq!(body.feed(last, true), Some(Whole { bytes, truncated }));
    }

    #[test]
    fn a_body_is_whole_at_its_end_and_cut_at_the_limit() {
        check(&[b"ab", b"c", b""], b"abc", false);
        check(&[b"abcd"], b"abcd", false);
        check(&[b"abcde"], b"abcd", true);
        check(&[b"abc", b"de", b"f"], b"abcd", true);
    }
}
