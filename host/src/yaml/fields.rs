//! Reads the fields of one YAML mapping and reports what is wrong with them. Knows no field by name.

use std::path::Path;
use std::sync::Arc;

use super::diagnostic::{Diagnostic, Diagnostics, Location, Position, closest, listed, offer};
use super::node::{Entry, Node, Value};

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) at: Position,
}

/// The mistakes of one file, or of one document.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) file: Arc<Path>,
    pub(crate) diagnostics: Diagnostics,
}

/// What to make of a field that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// A mistake: the block is ours.
    Refused,
    /// Let pass as Dapr does, with a warning when it looks like a known one.
    Ignored,
}

/// The fields of one mapping. As in Dapr, names are read without regard to case.
pub(crate) struct Fields<'n> {
    /// What the mapping is called in a message, such as `spec.wasm`; empty for a whole document.
    path: &'static str,
    at: Position,
    entries: &'n [Entry],
}

impl Report {
    pub(crate) fn new(file: &Arc<Path>) -> Self {
        Self { file: Arc::clone(file), diagnostics: Diagnostics::default() }
    }

    pub(crate) fn location(&self, at: Position) -> Location {
        Location::new(&self.file, at)
    }

    pub(crate) fn error(&mut self, at: Position, what: impl AsRef<str>, hint: impl AsRef<str>) {
        self.diagnostics.push(Diagnostic::error(self.location(at), what).hint(hint));
    }

    pub(crate) fn warning(&mut self, at: Position, what: impl AsRef<str>, hint: impl AsRef<str>) {
        self.diagnostics.push(Diagnostic::warning(self.location(at), what).hint(hint));
    }
}

impl<'n> Fields<'n> {
    /// The fields of `node`, of which `known` may be asked for.
    pub(crate) fn of(
        node: &'n Node,
        path: &'static str,
        known: &[&str],
        unknown: Unknown,
        report: &mut Report,
    ) -> Option<Self> {
        let Value::Mapping(entries) = &node.value else {
            let hint = format!("it has the fields {}", listed(known.iter().copied()));
            report.error(node.at, format!("{} must be a mapping, not {}", quoted(path), node.value.noun()), hint);
            return None;
        };
        for (index, entry) in entries.iter().enumerate() {
            if !known.iter().any(|known| known.eq_ignore_ascii_case(&entry.key)) {
                report_unknown(entry, path, known, unknown, report);
                continue;
            }
            let mut before = entries.iter().take(index);
            if let Some(first) = before.find(|earlier| earlier.key.eq_ignore_ascii_case(&entry.key)) {
                let what = format!("`{}` is there twice", entry.key);
                report.error(entry.at, what, format!("remove it here or in line {}", first.at.line));
            }
        }
        Some(Self { path, at: node.at, entries })
    }

    /// The field's value, unless it is absent or empty.
    pub(crate) fn node(&self, name: &str) -> Option<&'n Node> {
        let entry = self.entries.iter().find(|entry| entry.key.eq_ignore_ascii_case(name))?;
        (entry.value.value != Value::Null).then_some(&entry.value)
    }

    /// A text; a number or a boolean is taken as it would be written.
    pub(crate) fn text(&self, name: &str, report: &mut Report) -> Option<At<String>> {
        let node = self.node(name)?;
        match scalar(&node.value) {
            Some(value) => Some(At { value, at: node.at }),
            None => {
                let what = format!("{} must be text, not {}", quoted(&self.inner(name)), node.value.noun());
                report.error(node.at, what, "put the text in quotes if it has characters such as `{` or `[`");
                None
            }
        }
    }

    /// A text that must be there.
    pub(crate) fn required(&self, name: &str, report: &mut Report) -> Option<At<String>> {
        match self.node(name) {
            Some(_) => self.text(name, report),
            None => {
                let what = format!("{} is missing", quoted(&self.inner(name)));
                report.error(self.at, what, format!("add `{name}:` here"));
                None
            }
        }
    }

    /// A boolean; absent is `false`.
    pub(crate) fn boolean(&self, name: &str, report: &mut Report) -> bool {
        let Some(node) = self.node(name) else { return false };
        let boolean = match &node.value {
            Value::Boolean(boolean) => Some(*boolean),
            value => scalar(value).and_then(|text| truth(&text)),
        };
        boolean.unwrap_or_else(|| {
            report.error(node.at, format!("{} must be `true` or `false`", quoted(&self.inner(name))), "write `true`");
            false
        })
    }

    /// The items of a list; absent is empty.
    pub(crate) fn list(&self, name: &str, report: &mut Report) -> &'n [Node] {
        let Some(node) = self.node(name) else { return &[] };
        match &node.value {
            Value::List(items) => items,
            value => {
                let what = format!("{} must be a list, not {}", quoted(&self.inner(name)), value.noun());
                report.error(node.at, what, "begin each item with `- `");
                &[]
            }
        }
    }

    /// The texts of a list.
    pub(crate) fn texts(&self, name: &str, report: &mut Report) -> Vec<At<String>> {
        let mut texts = Vec::new();
        for node in self.list(name, report) {
            match scalar(&node.value) {
                Some(value) => texts.push(At { value, at: node.at }),
                None => {
                    let what = format!("{} takes text, not {}", quoted(&self.inner(name)), node.value.noun());
                    report.error(node.at, what, "write one text an item");
                }
            }
        }
        texts
    }

    fn inner(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

/// A value that is one word, as text.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Boolean(boolean) => Some(boolean.to_string()),
        Value::Number(text) | Value::Text(text) => Some(text.clone()),
        Value::Null | Value::List(_) | Value::Mapping(_) => None,
    }
}

/// The words that Dapr's components take for a boolean, and their opposites.
pub(crate) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn report_unknown(entry: &Entry, path: &'static str, known: &[&str], unknown: Unknown, report: &mut Report) {
    let what = format!("unknown field `{}` in {}", entry.key, quoted(path));
    let names = known.iter().copied();
    match unknown {
        Unknown::Refused => report.error(entry.at, what, offer(&entry.key, names, "it has the fields", "")),
        Unknown::Ignored if path == "spec" && matches!(entry.key.as_str(), "auth" | "scopes") => {
            report.warning(entry.at, what, format!("`{}` belongs at the top level, beside `spec`", entry.key));
        }
        Unknown::Ignored => {
            if let Some(close) = closest(&entry.key, names) {
                report.warning(entry.at, what, format!("did you mean `{close}`?"));
            }
        }
    }
}

fn quoted(path: &str) -> String {
    if path.is_empty() { "a document".to_owned() } else { format!("`{path}`") }
}
