//! Cuts bytes that come in pieces into lines. Knows no format: `sse` reads its fields from these lines, and a reader of
//! NDJSON takes them as they are and skips the empty ones.

use std::fmt;

/// A line was longer than the reader allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineTooLong {
    /// The limit in bytes.
    pub limit: usize,
}

impl fmt::Display for LineTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a line of the answer is longer than {} bytes", self.limit)
    }
}

impl std::error::Error for LineTooLong {}

/// Cuts bytes into lines, which end with LF, CRLF or CR. The bytes may be cut anywhere, between CR and LF as well.
#[derive(Debug, Clone)]
pub struct Lines {
    limit: usize,
    /// The beginning of a line whose end has not come yet.
    carry: Vec<u8>,
    /// `carry` was given out as a line and is to be emptied.
    given: bool,
    /// A CR came last, so an LF that comes next belongs to it.
    after_cr: bool,
}

impl Lines {
    /// A reader that refuses lines longer than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, carry: Vec::new(), given: false, after_cr: false }
    }

    /// Takes the next line, without its end, off `input`; `None` when the rest of `input` holds no line's end and was kept.
    ///
    /// # Errors
    /// When the line is too long.
    pub fn next<'s, 'i: 's>(&'s mut self, input: &mut &'i [u8]) -> Result<Option<&'s [u8]>, LineTooLong> {
        if self.given {
            self.carry.clear();
            self.given = false;
        }
        if self.after_cr && !input.is_empty() {
            *input = input.strip_prefix(b"\n").unwrap_or(input);
            self.after_cr = false;
        }
        let bytes = *input;
        let end = memchr::memchr2(b'\n', b'\r', bytes);
        let (line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        if self.carry.len() + line.len() > self.limit {
            return Err(LineTooLong { limit: self.limit });
        }
        let Some((terminator, rest)) = rest.split_first() else {
            self.carry.extend_from_slice(line);
            *input = rest;
            return Ok(None);
        };
        self.after_cr = *terminator == b'\r';
        *input = rest;
        if self.carry.is_empty() {
            return Ok(Some(line));
        }
        self.carry.extend_from_slice(line);
        self.given = true;
        Ok(Some(&self.carry))
    }

    /// What came after the last line's end; to be asked for when no more bytes come.
    pub fn rest(&mut self) -> &[u8] {
        if self.given {
            self.carry.clear();
            self.given = false;
        }
        &self.carry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pieces: &[&[u8]]) -> (Vec<String>, String) {
        let mut lines = Lines::new(64);
        let mut found = Vec::new();
        for piece in pieces {
            let mut input = *piece;
            while let Some(line) = lines.next(&mut input).unwrap() {
                found.push(String::from_utf8(line.to_vec()).unwrap());
            }
        }
        (found, String::from_utf8(lines.rest().to_vec()).unwrap())
    }

    #[test]
    fn lines_are_the_same_wherever_the_bytes_are_cut() {
        let text = b"one\ntwo\r\nthree\r\rfive\n\r\nlast";
        let expected = ["one", "two", "three", "", "five", ""];
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let (found, rest) = cut(&[&text[..first], &text[first..second], &text[second..]]);
                assert_eq!((found.as_slice(), rest.as_str()), (expected.map(String::from).as_slice(), "last"));
            }
        }
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
        let mut lines = Lines::new(4);
        let mut input: &[u8] = b"abcd\nabcde";
        assert_eq!(lines.next(&mut input), Ok(Some(&b"abcd"[..])));
        assert_eq!(lines.next(&mut input), Err(LineTooLong { limit: 4 }));
        let mut lines = Lines::new(4);
        assert_eq!(lines.next(&mut &b"abc"[..]), Ok(None));
        assert_eq!(lines.next(&mut &b"de"[..]), Err(LineTooLong { limit: 4 }));
    }
}
