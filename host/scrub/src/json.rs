//! Scrubs the strings and numbers of a JSON text, so that it stays JSON: the arguments of a tool call, a tool's result. The
//! name of a field says what its value is: `{"ssn": 536228726}`. It may be personal data itself: `{"ada@example.com": 1}`.

use std::borrow::Cow;
use std::ops::Range;

use crate::fold::Fold;
use crate::text::BEHIND;
use crate::{detect_after, replace, scrub};

/// Bytes at the end of a name that say something, even in characters of four bytes each. A name may be as long as the
/// text, and is read again for each of its values.
const NAME: usize = 4 * BEHIND;

/// The shortest string with something in it: `::1`.
const SHORTEST: usize = 3;

/// The shortest number with something in it: a local telephone number.
const SHORTEST_NUMBER: usize = 7;

/// Deeper nesting is no argument of a tool; the text is then scrubbed as text.
const DEPTH: usize = 512;

/// `text` with a token in place of all personal data in its strings, names included, and a string in place of a number that
/// is personal data: valid JSON as before. A text that is no JSON (RFC 8259) is scrubbed as text.
pub fn scrub_json(text: &str) -> Cow<'_, str> {
    let Some(found) = Walk::new(text).all() else { return scrub(text) };
    let mut scrubbed = String::new();
    let mut at = 0;
    let nothing = said_by("");
    // The values of an array have one name.
    let (mut name, mut said) = (0..0, nothing.clone());
    for Found { named, place, kind } in found {
        if kind != Kind::Name && named != name {
            said = said_by(text.get(named.clone()).unwrap_or_default());
            name = named;
        }
        let raw = text.get(place.clone()).unwrap_or_default();
        let Some(new) = scrub_string(if kind == Kind::Name { &nothing } else { &said }, raw) else { continue };
        scrubbed.push_str(text.get(at..place.start).unwrap_or_default());
        match kind {
            Kind::Number => scrubbed.extend(["\"", &new, "\""]),
            Kind::Name | Kind::String => scrubbed.push_str(&new),
        }
        at = place.end;
    }
    if at == 0 {
        return Cow::Borrowed(text);
    }
    scrubbed.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(scrubbed)
}

/// What a name says, folded.
fn said_by(name: &str) -> Vec<u8> {
    let folded = Fold::new(&[], &spaced(name), 0).bytes.into_owned();
    folded.get(folded.len().saturating_sub(BEHIND)..).unwrap_or_default().to_vec()
}

/// The string between its quotes, scrubbed; nothing when it stays as it is.
fn scrub_string(said: &[u8], raw: &str) -> Option<String> {
    let value = unescape(raw);
    let spans = detect_after(said, &value);
    (!spans.is_empty()).then(|| escape(&replace(&value, &spans)))
}

/// `phoneNumber` as `phone Number: `, of a long name the end.
fn spaced(name: &str) -> String {
    let name = name.get(name.ceil_char_boundary(name.len().saturating_sub(NAME))..).unwrap_or_default();
    let mut words = String::new();
    let mut was_small = false;
    for character in name.chars() {
        if was_small && character.is_uppercase() {
            words.push(' ');
        }
        was_small = character.is_lowercase();
        words.push(character);
    }
    words.push_str(": ");
    words
}

fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        value.push_str(plain);
        let (character, length) = escape_sequence(escaped);
        value.push(character);
        rest = escaped.get(length..).unwrap_or_default();
    }
    value.push_str(rest);
    Cow::Owned(value)
}

/// What the escape after a backslash means, and its length. Half of a pair, which no text can hold, becomes U+FFFD.
fn escape_sequence(escaped: &str) -> (char, usize) {
    let unit = |at: usize| escaped.get(at..at + 4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    match escaped.bytes().next() {
        Some(b'n') => ('\n', 1),
        Some(b't') => ('\t', 1),
        Some(b'r') => ('\r', 1),
        Some(b'b') => ('\u{8}', 1),
        Some(b'f') => ('\u{c}', 1),
        Some(b'u') => {
            let high = unit(1).unwrap_or(0xFFFD);
            let low = escaped.get(5..7).filter(|mark| *mark == "\\u").and_then(|_| unit(7));
            match (high, low) {
                (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => {
                    let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                    (char::from_u32(code).unwrap_or('\u{FFFD}'), 11)
                }
                _ => (char::from_u32(high).unwrap_or('\u{FFFD}'), 5),
            }
        }
        Some(other) => (char::from(other), 1),
        None => ('\\', 0),
    }
}

fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len() + 8);
    let mut rest = value;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F)) {
        let (plain, special) = rest.split_at(at);
        escaped.push_str(plain);
        match special.bytes().next() {
            Some(b'\n') => escaped.push_str("\\n"),
            Some(b'\r') => escaped.push_str("\\r"),
            Some(b'\t') => escaped.push_str("\\t"),
            Some(mark @ (b'"' | b'\\')) => escaped.extend(['\\', char::from(mark)]),
            Some(control) => escaped.push_str(&format!("\\u{control:04x}")),
            None => {}
        }
        rest = special.get(1..).unwrap_or_default();
    }
    escaped.push_str(rest);
    escaped
}

/// A reader of JSON that only notes where something is that may be personal data.
struct Walk<'t> {
    bytes: &'t [u8],
    at: usize,
    /// The open brackets, each with the name that its values go by.
    open: Vec<(u8, Range<usize>)>,
    found: Vec<Found>,
}

/// A string without its quotes, or a number.
struct Found {
    place: Range<usize>,
    /// The name that it goes by.
    named: Range<usize>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Name,
    String,
    Number,
}

impl<'t> Walk<'t> {
    fn new(text: &'t str) -> Self {
        Self { bytes: text.as_bytes(), at: 0, open: Vec::new(), found: Vec::new() }
    }

    /// All that may hold something, in the text's order; nothing when the text is no JSON.
    fn all(mut self) -> Option<Vec<Found>> {
        let mut name = 0..0;
        loop {
            let opened = self.value(&name)?;
            if let Some(inner) = opened {
                name = inner;
                continue;
            }
            match self.next()? {
                Some(next) => name = next,
                None => return (self.at == self.bytes.len()).then_some(self.found),
            }
        }
    }

    /// Reads one value. One that opens and is not empty gives the name of its first value.
    #[expect(clippy::option_option, reason = "no JSON, a value that is done, a value that goes on")]
    fn value(&mut self, name: &Range<usize>) -> Option<Option<Range<usize>>> {
        self.space();
        match self.peek() {
            b'"' => {
                let place = self.string()?;
                self.note(Found { place, named: name.clone(), kind: Kind::String }, SHORTEST);
            }
            bracket @ (b'{' | b'[') => {
                self.at += 1;
                self.space();
                if self.peek() == bracket + 2 {
                    self.at += 1;
                    return Some(None);
                }
                if self.open.len() == DEPTH {
                    return None;
                }
                self.open.push((bracket, name.clone()));
                return if bracket == b'{' { self.name().map(Some) } else { Some(Some(name.clone())) };
            }
            b't' => self.literal(b"true")?,
            b'f' => self.literal(b"false")?,
            b'n' => self.literal(b"null")?,
            _ => {
                let start = self.at;
                self.number()?;
                let place = start..self.at;
                self.note(Found { place, named: name.clone(), kind: Kind::Number }, SHORTEST_NUMBER);
            }
        }
        Some(None)
    }

    /// Reads what is between two values. Nothing more to come gives no name.
    #[expect(clippy::option_option, reason = "no JSON, the end, a value to come")]
    fn next(&mut self) -> Option<Option<Range<usize>>> {
        loop {
            self.space();
            let Some((bracket, name)) = self.open.last().cloned() else { return Some(None) };
            match self.peek() {
                b',' => {
                    self.at += 1;
                    return if bracket == b'{' { self.name().map(Some) } else { Some(Some(name)) };
                }
                byte if byte == bracket + 2 => {
                    self.at += 1;
                    self.open.pop();
                }
                _ => return None,
            }
        }
    }

    /// A field's name with its colon.
    fn name(&mut self) -> Option<Range<usize>> {
        self.space();
        let name = self.string()?;
        self.note(Found { place: name.clone(), named: 0..0, kind: Kind::Name }, SHORTEST);
        self.space();
        self.literal(b":")?;
        Some(name)
    }

    fn note(&mut self, found: Found, shortest: usize) {
        if found.place.len() >= shortest {
            self.found.push(found);
        }
    }

    fn string(&mut self) -> Option<Range<usize>> {
        self.literal(b"\"")?;
        let start = self.at;
        loop {
            let rest = self.bytes.get(self.at..)?;
            self.at += rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F))?;
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return Some(start..self.at - 1);
                }
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        self.at += 1;
        let length = match self.peek() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 1,
            b'u' => {
                let digits = self.bytes.get(self.at + 1..self.at + 5)?;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(5)?
            }
            _ => return None,
        };
        self.at += length;
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        self.at += usize::from(self.peek() == b'-');
        let whole = self.digits()?;
        if self.bytes.get(self.at - whole) == Some(&b'0') && whole > 1 {
            return None;
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), b'+' | b'-'));
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<usize> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        (self.at > start).then_some(self.at - start)
    }

    fn literal(&mut self, text: &[u8]) -> Option<()> {
        self.bytes.get(self.at..)?.starts_with(text).then(|| self.at += text.len())
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    /// The byte at hand, or 0 at the end, which is no part of JSON.
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::FOLDED;

    fn check(text: &str, scrubbed: &str) {
        assert_eq!(scrub_json(text), scrubbed);
    }

    #[test]
    fn strings_names_and_numbers_are_scrubbed_and_nothing_else() {
        check(
            r#"{ "to": ["ada@example.com", 4242424242424242], "ada@example.com": {"n": "x", "u": true} }"#,
            r#"{ "to": ["<EMAIL_ADDRESS>", "<CREDIT_CARD>"], "<EMAIL_ADDRESS>": {"n": "x", "u": true} }"#,
        );
        check("[4242424242424242, 4242424242424243, 1.5]", r#"["<CREDIT_CARD>", 4242424242424243, 1.5]"#);
        check(r#""call 202-555-0123""#, r#""call <PHONE_NUMBER>""#);
        let clean = r#"{"a": "nothing here", "b": [1, -2.5e+3, null, {}, []]}"#;
        assert!(matches!(scrub_json(clean), Cow::Borrowed(same) if same == clean));
    }

    #[test]
    fn a_name_says_what_its_value_is() {
        check(r#"{"ssn": "536228726", "id": "536228726"}"#, r#"{"ssn": "<US_SSN>", "id": "536228726"}"#);
        check(r#"{"phoneNumbers": ["2025550123"]}"#, r#"{"phoneNumbers": ["<PHONE_NUMBER>"]}"#);
        check(r#"{"ssn": 536228726, "id": 536228726}"#, r#"{"ssn": "<US_SSN>", "id": 536228726}"#);
    }

    #[test]
    fn of_a_long_name_the_end_says_it() {
        let name = "ab ".repeat(1_000);
        check(&format!(r#"{{"{name}ssn": "536228726"}}"#), &format!(r#"{{"{name}ssn": "<US_SSN>"}}"#));
        let name = "\u{1D7D2}é".repeat(300);
        check(&format!(r#"{{"{name} ssn": "536228726"}}"#), &format!(r#"{{"{name} ssn": "<US_SSN>"}}"#));
    }

    #[test]
    fn values_of_one_name_cost_no_more_the_longer_it_is() {
        let folded = |length: usize, values: &str| {
            let before = FOLDED.get();
            let text = format!(r#"{{"{}": [{values}"1234"]}}"#, "a".repeat(length));
            check(&text, &text);
            FOLDED.get() - before
        };
        let values = r#""1234", "#.repeat(1_000);
        let cost = |length| folded(length, &values) - folded(length, "");
        assert_eq!(cost(1_000), cost(100_000), "the name itself is read once");
        let tiny = r#""", "a", "12", "#.repeat(1_000);
        assert_eq!(folded(100, &tiny), folded(100, ""), "nothing is in strings of two characters");
    }

    #[test]
    fn escapes_are_read_and_written() {
        check(
            r#"{"t": "a\n536-22-8726\t\"q\" \\ ada\u0040example.com \ud83d\ude00"}"#,
            r#"{"t": "a\n<US_SSN>\t\"q\" \\ <EMAIL_ADDRESS> 😀"}"#,
        );
        check(r#"{"t": "\ud83d 536-22-8726 \u0001"}"#, "{\"t\": \"\u{FFFD} <US_SSN> \\u0001\"}");
    }

    #[test]
    fn what_is_no_json_is_scrubbed_as_text() {
        for text in [
            "",
            "{",
            r#"{"a" "b"}"#,
            r#"["536-22-8726""#,
            r#"{"a": 01} 536-22-8726"#,
            r#"["a\x"]"#,
            "[1,]",
            "nul",
            "1.",
            r#"{"a":1,}"#,
            "[] 536-22-8726",
            "\"a\u{1}\"",
        ] {
            check(text, &scrub(text));
        }
        let nested = "[".repeat(100) + "4242424242424242" + &"]".repeat(100);
        check(&nested, &nested.replace("4242424242424242", "\"<CREDIT_CARD>\""));
        let deep = "[".repeat(600) + "\"536-22-8726\"" + &"]".repeat(600);
        check(&deep, &scrub(&deep));
    }
}
