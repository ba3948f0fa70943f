//! Reads server-sent events as the WHATWG HTML standard has them (9.2.6), from bytes cut anywhere. Never reconnects, so
//! `retry` is passed over.

use std::borrow::Cow;

use crate::lines::{LineTooLong, Lines};

/// One event. Bytes that are no UTF-8 come as U+FFFD, as the standard asks; what JSON makes of that is for its reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    /// The event's type; `message` where the stream names none.
    pub event: Cow<'a, str>,
    /// The data, its lines joined by LF.
    pub data: Cow<'a, str>,
    /// The last identifier that the stream gave; empty where it gave none.
    pub id: Cow<'a, str>,
}

/// Reads events from bytes that come in pieces. Memory stays within about twice the limit.
///
/// ```
/// let mut reader = parlor_sdk::sse::Reader::new(1 << 20);
/// let mut input: &[u8] = b"data: hello\n\ndata: [DO";
/// while let Some(message) = reader.next(&mut input)? {
///     assert_eq!(message.data, "hello");
/// }
/// # Ok::<(), parlor_sdk::lines::LineTooLong>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reader {
    lines: Lines,
    limit: usize,
    /// The next line is the stream's first, which may begin with a byte order mark.
    first: bool,
    event: Vec<u8>,
    /// The data lines so far, each with an LF.
    data: Vec<u8>,
    id: Vec<u8>,
    /// The event was given out and its fields are to be emptied.
    given: bool,
}

impl Reader {
    /// A reader that refuses events with a line, or with data, longer than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            lines: Lines::new(limit),
            limit,
            first: true,
            event: Vec::new(),
            data: Vec::new(),
            id: Vec::new(),
            given: false,
        }
    }

    /// Takes the next event off `input`; `None` when the rest of `input` completes none and was kept.
    ///
    /// # Errors
    /// When a line or an event's data is too long.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Message<'_>>, LineTooLong> {
        self.forget_given();
        loop {
            let Some(line) = self.lines.next(input)? else { return Ok(None) };
            let line = match std::mem::take(&mut self.first) {
                true => line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line),
                false => line,
            };
            if !line.is_empty() {
                let fields = (&mut self.event, &mut self.data, &mut self.id);
                take_field(line, fields, self.limit)?;
            } else if self.data.is_empty() {
                self.event.clear();
            } else {
                self.given = true;
                return Ok(Some(self.message()));
            }
        }
    }

    /// The event that was begun and whose closing empty line has not come; to be asked for once, when no more bytes come.
    /// The standard drops it, but some servers leave out the last empty line. It may as well be cut off.
    ///
    /// # Errors
    /// When its data is too long.
    pub fn rest(&mut self) -> Result<Option<Message<'_>>, LineTooLong> {
        self.forget_given();
        let line = self.lines.rest();
        if !line.is_empty() {
            let fields = (&mut self.event, &mut self.data, &mut self.id);
            take_field(line, fields, self.limit)?;
        }
        self.given = true;
        Ok((!self.data.is_empty()).then(|| self.message()))
    }

    fn forget_given(&mut self) {
        if std::mem::take(&mut self.given) {
            self.event.clear();
            self.data.clear();
        }
    }

    fn message(&self) -> Message<'_> {
        let event = if self.event.is_empty() { Cow::Borrowed("message") } else { lossy(&self.event) };
        let data = self.data.strip_suffix(b"\n").unwrap_or(&self.data);
        Message { event, data: lossy(data), id: lossy(&self.id) }
    }
}

/// `String::from_utf8_lossy`, with the quicker check first.
fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Puts a line that is not empty where it belongs: `event`, `data` or `id`. Comments and other fields go nowhere.
fn take_field(
    line: &[u8],
    (event, data, id): (&mut Vec<u8>, &mut Vec<u8>, &mut Vec<u8>),
    limit: usize,
) -> Result<(), LineTooLong> {
    let (name, value) = match memchr::memchr(b':', line).map(|colon| line.split_at(colon)) {
        Some((name, value)) => {
            let value = value.strip_prefix(b":").unwrap_or(value);
            (name, value.strip_prefix(b" ").unwrap_or(value))
        }
        None => (line, &[][..]),
    };
    match name {
        b"data" => {
            if data.len() + value.len() > limit {
                return Err(LineTooLong { limit });
            }
            data.extend_from_slice(value);
            data.push(b'\n');
        }
        b"event" => {
            event.clear();
            event.extend_from_slice(value);
        }
        b"id" if !value.contains(&0) => {
            id.clear();
            id.extend_from_slice(value);
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `event|data|id` of every event, fed in the pieces given, with the rest marked by `~`.
    fn read(pieces: &[&[u8]]) -> Vec<String> {
        let show =
            |mark: &str, message: Message<'_>| format!("{mark}{}|{}|{}", message.event, message.data, message.id);
        let mut reader = Reader::new(64);
        let mut found = Vec::new();
        for piece in pieces {
            let mut input = *piece;
            while let Some(message) = reader.next(&mut input).unwrap() {
                found.push(show("", message));
            }
        }
        found.extend(reader.rest().unwrap().map(|message| show("~", message)));
        found
    }

    /// Whole, in two pieces cut at each place, and byte by byte.
    fn check(stream: &[u8], expected: &[&str]) {
        for cut in 0..=stream.len() {
            let (head, tail) = stream.split_at(cut);
            assert_eq!(read(&[head, tail]), expected, "cut at {cut}");
        }
        assert_eq!(read(&stream.chunks(1).collect::<Vec<_>>()), expected, "byte by byte");
    }

    #[test]
    fn every_line_end_is_read_alike() {
        for end in ["\n", "\r\n", "\r"] {
            let stream = ["event: add", "data: 1", "data: 2", "", "data:3", "", ""].join(end);
            check(stream.as_bytes(), &["add|1\n2|", "message|3|"]);
        }
    }

    #[test]
    fn fields_are_read_as_the_standard_says() {
        check(b": comment\n\ndata\n\ndata\ndata\n\ndata:test\n\n", &["message||", "message|\n|", "message|test|"]);
        check(b"data:  two spaces\n\nretry: 5\nother: x\ndata: y\n\n", &["message| two spaces|", "message|y|"]);
        check(b"event: gone\n\ndata: plain\n\n", &["message|plain|"]);
        check(b"data: a\nid: 1\n\ndata: b\n\ndata: c\nid\n\n", &["message|a|1", "message|b|1", "message|c|"]);
        check(b"id: a\0b\ndata: nul\n\n", &["message|nul|"]);
    }

    #[test]
    fn one_byte_order_mark_is_dropped_at_the_start_and_kept_elsewhere() {
        check("\u{feff}data: a\n\ndata: \u{feff}b\n\n".as_bytes(), &["message|a|", "message|\u{feff}b|"]);
    }

    #[test]
    fn characters_are_whole_wherever_the_bytes_are_cut_and_bad_bytes_are_replaced() {
        check("data: häß 🦀\n\n".as_bytes(), &["message|häß 🦀|"]);
        check(b"data: a\xff\xf0\x9fb\n\n", &["message|a\u{fffd}\u{fffd}b|"]);
    }

    #[test]
    fn an_event_without_its_closing_line_is_the_rest() {
        check(b"data: a\n\ndata: [DONE]", &["message|a|", "~message|[DONE]|"]);
        check(b"data: a\n\ndata: b\r\n", &["message|a|", "~message|b|"]);
        check(b"data: a\n\n: bye", &["message|a|"]);
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let line = [b"data: ".as_slice(), &[b'x'; 64]].concat();
        assert!(Reader::new(64).next(&mut line.as_slice()).is_err());
        let data = b"data: 0123456789\n".repeat(8);
        assert!(Reader::new(64).next(&mut data.as_slice()).is_err());
    }
}
