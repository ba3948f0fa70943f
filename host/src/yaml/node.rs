//! Text to nodes with positions: the one file that knows the YAML crate. Knows nothing of what the nodes mean.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Options, Spanned, alias_limits, budget, options};

use super::diagnostic::Position;

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) at: Position,
    pub(crate) value: Value,
}

/// A value of YAML. What it was written with (quotes, block style, anchors) is gone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Boolean(bool),
    /// A number as JSON would have it.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// One entry of a mapping. Keys may come twice: the reader of the mapping says so.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) at: Position,
    pub(crate) value: Node,
}

/// Why a document is not YAML, or is more than a configuration needs.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Malformed {
    pub(crate) at: Position,
    pub(crate) message: String,
}

/// One document of a file.
struct Piece<'a> {
    text: &'a str,
    /// Lines of the file before it.
    lines_before: u32,
    /// Columns of its first line before it: the width of a `---` with content after it.
    columns_before: u32,
}

/// Every document of a file on its own, so that a broken one hides no other. Empty documents are left out.
pub(crate) fn documents(text: &str) -> Vec<Result<Node, Malformed>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    pieces(text).iter().filter(|piece| !is_blank(piece.text)).map(Piece::parse).filter(|read| !is_null(read)).collect()
}

impl Piece<'_> {
    fn parse(&self) -> Result<Node, Malformed> {
        match serde_saphyr::from_str_with_options::<Node>(self.text, bounds()) {
            Ok(mut node) => {
                node.shift(self);
                Ok(node)
            }
            Err(error) => {
                let location = error.location().unwrap_or(serde_saphyr::Location::UNKNOWN);
                Err(Malformed { at: self.place(position(location)), message: told(&error.to_string()) })
            }
        }
    }

    /// A position in the piece as a position in the file.
    fn place(&self, at: Position) -> Position {
        let columns = if at.line == 1 { self.columns_before } else { 0 };
        Position { line: at.line.saturating_add(self.lines_before), column: at.column.saturating_add(columns) }
    }
}

impl Node {
    /// Recursion is safe: [`bounds`] bounds the depth.
    fn shift(&mut self, piece: &Piece<'_>) {
        self.at = piece.place(self.at);
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| item.shift(piece)),
            Value::Mapping(entries) => {
                for entry in entries {
                    entry.at = piece.place(entry.at);
                    entry.value.shift(piece);
                }
            }
            Value::Null | Value::Boolean(_) | Value::Number(_) | Value::Text(_) => {}
        }
    }
}

impl Value {
    /// What the value is called in a message.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Boolean(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Mapping(_) => "a mapping",
        }
    }

    /// The value as JSON.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Boolean(boolean) => serde_json::Value::Bool(*boolean),
            Self::Number(number) => serde_json::from_str(number).unwrap_or_else(|_| number.as_str().into()),
            Self::Text(text) => text.as_str().into(),
            Self::List(items) => items.iter().map(|item| item.value.to_json()).collect(),
            Self::Mapping(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.value.value.to_json())).collect()
            }
        }
    }
}

/// A configuration needs little; an alias bomb, a deep nest or a flood of nodes stops here.
fn bounds() -> Options {
    options! {
        budget: budget! {
            // A level takes up to 35 KB of stack in a build without optimisation.
            max_depth: 32,
            max_nodes: 100_000,
            max_events: 400_000,
            // A text that is repeated through its anchor is copied: the product of the two bounds what that takes.
            max_recorded_anchor_bytes: 32 * 1024,
        },
        alias_limits: alias_limits! { max_total_replayed_events: 2_000 },
        // Reported by whoever reads the mapping, so that one mistake does not hide the rest of the document.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        // What looks like a number or a boolean of YAML 1.1 only (`0755`, `1_000`, `off`) stays what was typed.
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        strict_booleans: true,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        with_snippet: false,
    }
}

/// Splits at the lines `---` and `...`, which end a document even where its YAML is broken.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut piece_start = 0;
    let mut line_start = 0;
    let (mut first_line, mut columns_before) = (0, 0);
    for (number, line) in (0_u32..).zip(text.split_inclusive('\n')) {
        if is_marker(line) {
            let piece = text.get(piece_start..line_start).unwrap_or_default();
            pieces.push(Piece { text: piece, lines_before: first_line, columns_before });
            piece_start = line_start + "---".len();
            (first_line, columns_before) = (number, 3);
        }
        line_start += line.len();
    }
    let rest = text.get(piece_start..).unwrap_or_default();
    pieces.push(Piece { text: rest, lines_before: first_line, columns_before });
    pieces
}

fn is_marker(line: &str) -> bool {
    let after = line.strip_prefix("---").or_else(|| line.strip_prefix("..."));
    after.is_some_and(|after| after.is_empty() || after.starts_with([' ', '\t', '\r', '\n']))
}

/// Whether there are only comments and directives such as `%YAML 1.2`, which stand before a `---`.
fn is_blank(text: &str) -> bool {
    text.lines().all(|line| line.trim_start().starts_with('#') || line.starts_with('%') || line.trim().is_empty())
}

fn is_null(read: &Result<Node, Malformed>) -> bool {
    matches!(read, Ok(Node { value: Value::Null, .. }))
}

/// The parser's text without its places, which count from the document's own first line.
fn told(message: &str) -> String {
    const PLAINER: &[(&str, &str)] = &[
        ("budget breached", "the document is too large, or nested too deeply"),
        ("alias replay", "the document is made too large by its aliases"),
        ("recursive references", "an alias stands within what it refers to"),
        ("expected string scalar", "a key must be text, and a value that begins with `{` needs quotes"),
        ("cannot deserialize null into string", "a key must be text"),
    ];
    let plainer = PLAINER.iter().find(|(start, _)| message.starts_with(start));
    let place = message.find(" at line ").unwrap_or(message.len());
    plainer.map_or_else(|| format!("not YAML: {}", message.split_at(place).0), |(_, plainer)| (*plainer).to_owned())
}

fn position(location: serde_saphyr::Location) -> Position {
    let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX).max(1);
    Position { line: number(location.line()), column: number(location.column()) }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { at: position(referenced), value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<Value, E> {
        Ok(Value::Boolean(boolean))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key::<Spanned<String>>()? {
            entries.push(Entry { at: position(key.referenced), key: key.value, value: access.next_value()? });
        }
        Ok(Value::Mapping(entries))
    }
}
