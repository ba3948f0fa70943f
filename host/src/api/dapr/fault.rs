//! Says what is wrong with a body in protobuf-go's words, with its 1-based line and column.
//!
//! Only for bodies that were refused: it reads the body once more, up to the place where the reader stopped.

use std::str::Utf8Error;

use serde::de::IgnoredAny;
use serde_json::error::Category;

/// Characters of an offending token that are repeated. protobuf-go repeats all of them.
const SHOWN: usize = 100;

/// The text for what the JSON reader says of `body`.
pub(super) fn explain(body: &str, error: &serde_json::Error) -> String {
    let tokens = Tokens::before(body, offset(body, error));
    let said = error.to_string();
    match error.classify() {
        Category::Eof if body.trim_ascii().is_empty() => {
            format!("proto: syntax error {}: unexpected token ", place(body))
        }
        Category::Eof | Category::Io => "proto: unexpected EOF".to_owned(),
        Category::Syntax if said.starts_with("recursion limit") => "proto: exceeded max recursion depth".to_owned(),
        Category::Syntax => syntax(body, &tokens.broken(), &said),
        Category::Data if !tokens.offender().is_valid() => syntax(body, &tokens.offender(), &said),
        Category::Data => {
            let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
            let template = said.rsplit_once(", expected ").map_or(said, |(_, template)| template);
            let token = tokens.offender();
            let kind = if template.starts_with("unexpected token") { "syntax error " } else { "" };
            format!("proto: {kind}{}: {}", token.place(body), template.replacen("{}", &token.shown(), 1))
        }
    }
}

/// The text for a body that is not UTF-8.
pub(super) fn not_utf8(body: &[u8], error: Utf8Error) -> String {
    let valid = body.get(..error.valid_up_to()).and_then(|valid| str::from_utf8(valid).ok()).unwrap_or_default();
    let token = Tokens::before(valid, valid.len()).last;
    format!("proto: syntax error {}: invalid UTF-8 in string", token.place(valid))
}

fn syntax(body: &str, token: &Token<'_>, said: &str) -> String {
    let text = if said.starts_with("expected `:`") {
        let character = token.text.chars().next().unwrap_or_default();
        format!("unexpected character {character}, missing \":\" after field name")
    } else if said.starts_with("control character") {
        "invalid character in string".to_owned()
    } else if token.text.starts_with('"') && !token.is_valid() {
        "invalid escape code in string".to_owned()
    } else if token.is_valid() && !said.starts_with("number out of range") {
        format!("unexpected token {}", token.shown())
    } else {
        format!("invalid value {}", token.shown())
    };
    format!("proto: syntax error {}: {text}", token.place(body))
}

/// Where the JSON reader stopped: it counts lines from 1, and the bytes of the line that it has read.
fn offset(body: &str, error: &serde_json::Error) -> usize {
    let lines = body.split_inclusive('\n').take(error.line().saturating_sub(1));
    lines.map(str::len).sum::<usize>() + error.column()
}

/// `(line L:C)` of the end of `before`, in characters.
fn place(before: &str) -> String {
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("(line {line}:{column})")
}

/// A token, or what stands where one should.
#[derive(Default, Clone, Copy)]
struct Token<'a> {
    start: usize,
    text: &'a str,
}

impl Token<'_> {
    fn place(&self, body: &str) -> String {
        place(body.get(..self.start).unwrap_or(body))
    }

    fn is_valid(&self) -> bool {
        match self.text.bytes().next() {
            Some(b'{' | b'}' | b'[' | b']' | b',') => true,
            Some(b'"') => serde_json::from_str::<String>(self.text).is_ok(),
            _ => serde_json::from_str::<IgnoredAny>(self.text).is_ok(),
        }
    }

    fn shown(&self) -> String {
        match self.text.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", self.text.get(..end).unwrap_or_default()),
            None => self.text.to_owned(),
        }
    }
}

/// The last two tokens that start before some place.
#[derive(Default)]
struct Tokens<'a> {
    last: Token<'a>,
    previous: Token<'a>,
}

impl<'a> Tokens<'a> {
    fn before(body: &'a str, end: usize) -> Self {
        let mut found = Self::default();
        let mut rest = body.trim_ascii_start();
        while !rest.is_empty() && body.len() - rest.len() < end {
            let (text, after) = rest.split_at_checked(token_length(rest)).unwrap_or((rest, ""));
            let token = Token { start: body.len() - rest.len(), text };
            found = Self { last: token, previous: found.last };
            rest = after.trim_ascii_start();
        }
        found
    }

    /// The token that an error in the notation is about. The reader finds a broken word only where it breaks.
    fn broken(&self) -> Token<'a> {
        let is_whole = matches!(self.previous.text, "" | ":") || self.previous.is_valid();
        if is_whole { self.last } else { self.previous }
    }

    /// The token that an error in the data is about. The reader may have gone one on: over the colon after a name,
    /// or over the end of an empty object or list.
    fn offender(&self) -> Token<'a> {
        if matches!(self.last.text, ":" | "}" | "]") { self.previous } else { self.last }
    }
}

fn token_length(text: &str) -> usize {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_');
    match text.bytes().next() {
        Some(b'"') => string_length(text),
        Some(byte) if is_word(byte) => text.bytes().position(|byte| !is_word(byte)).unwrap_or(text.len()),
        _ => text.chars().next().map_or(0, char::len_utf8),
    }
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}
