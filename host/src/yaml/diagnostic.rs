//! What is wrong with a file, where, and what to do about it: collected, sorted, rendered and logged. Reads nothing.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// A place in a file, counted from one; columns count characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Of the file.
    pub line: u32,
    /// Of the line.
    pub column: u32,
}

/// A file, or a place in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// As it was found: a path as it was given, or a folder's with the name in it.
    pub file: Arc<Path>,
    /// Absent when the whole file is meant.
    pub position: Option<Position>,
}

/// How much a mistake matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The component, or the file, is not used.
    Error,
    /// Nothing is lost but what the text says.
    Warning,
}

/// One mistake. Its texts hold no secret and no control character, and are bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// Where it is.
    pub at: Location,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Mistakes, in the order of [`Diagnostics::sort`] once they are all in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

/// The longest text of a diagnostic, in characters: a mistake may quote a value of any length.
const LONGEST_TEXT: usize = 400;

/// Longer names are not compared: nobody mistypes them, and the comparison takes quadratic time.
const LONGEST_NAME: usize = 64;

impl Location {
    /// The whole file.
    pub fn whole(file: &Arc<Path>) -> Self {
        Self { file: Arc::clone(file), position: None }
    }

    /// A place in the file.
    pub fn new(file: &Arc<Path>, position: Position) -> Self {
        Self { file: Arc::clone(file), position: Some(position) }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.file.to_string_lossy()))?;
        self.position.map_or(Ok(()), |Position { line, column }| write!(f, ":{line}:{column}"))
    }
}

impl Severity {
    /// The word that begins a rendered diagnostic.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl Diagnostic {
    /// A mistake for which something is not used.
    pub fn error(at: Location, what: impl AsRef<str>) -> Self {
        Self { severity: Severity::Error, at, what: printable(what.as_ref()), hint: None }
    }

    /// A mistake that costs nothing else.
    pub fn warning(at: Location, what: impl AsRef<str>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(at, what) }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl AsRef<str>) -> Self {
        self.hint = Some(printable(hint.as_ref()));
        self
    }

    /// The form for a terminal: what, where and the hint on lines of their own.
    pub fn render(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        format!("{}: {}\n  --> {}{hint}", self.severity.as_str(), self.what, self.at)
    }

    /// Tells the log, at its level.
    pub fn log(&self) {
        match self.severity {
            Severity::Error => tracing::error!("{self}"),
            Severity::Warning => tracing::warn!("{self}"),
        }
    }
}

/// The form for a log: `file:line:column: what; hint`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.what)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all of `other`.
    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// In order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Whether there is neither error nor warning.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first error that was found.
    pub fn first_error(&self) -> Option<&Diagnostic> {
        self.0.iter().find(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// What they come from: the first error, or else the first of all.
    pub fn cause(&self) -> Option<&Diagnostic> {
        self.first_error().or_else(|| self.0.first())
    }

    /// How many of them are errors.
    pub fn errors(&self) -> usize {
        self.0.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count()
    }

    /// Turns errors into warnings, for a component that says `ignoreErrors`.
    pub fn demote(&mut self) {
        for diagnostic in &mut self.0 {
            diagnostic.severity = Severity::Warning;
        }
    }

    /// By file, then by place; mistakes at one place stay in the order in which they were found.
    pub fn sort(&mut self) {
        self.0.sort_by(|a, b| a.at.cmp(&b.at));
    }
}

impl Serialize for Diagnostic {
    /// `severity`, `file`, `line` and `column` where there is a place in it, `what`, and `hint` where there is one.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("severity", self.severity.as_str())?;
        // Whole, because this form is for programs, which open it.
        map.serialize_entry("file", &self.at.file.to_string_lossy())?;
        if let Some(Position { line, column }) = self.at.position {
            map.serialize_entry("line", &line)?;
            map.serialize_entry("column", &column)?;
        }
        map.serialize_entry("what", &self.what)?;
        if let Some(hint) = &self.hint {
            map.serialize_entry("hint", hint)?;
        }
        map.end()
    }
}

impl Serialize for Diagnostics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<T: IntoIterator<Item = Diagnostic>>(diagnostics: T) -> Self {
        Self(diagnostics.into_iter().collect())
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// All of them in the form for a terminal, with empty lines between.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            writeln!(f, "{separator}{}", diagnostic.render())?;
        }
        Ok(())
    }
}

/// The one of `candidates` that `name` was probably meant to be.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST_NAME {
        return None;
    }
    let wanted = name.to_lowercase();
    let far = wanted.chars().count().div_ceil(3);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST_NAME)
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= far && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A hint that offers the closest of `candidates`, or after `all` (such as ``it takes``) all of them; or says `none`.
pub fn offer<'a>(name: &str, candidates: impl Iterator<Item = &'a str> + Clone, all: &str, none: &str) -> String {
    if let Some(candidate) = closest(name, candidates.clone()) {
        return format!("did you mean `{candidate}`?");
    }
    match listed(candidates) {
        list if list.is_empty() => none.to_owned(),
        list => format!("{all} {list}"),
    }
}

/// Names in backticks with commas between.
pub fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Bounded, and without what could move a terminal's cursor.
fn printable(text: &str) -> String {
    let mut printable: String =
        text.chars().take(LONGEST_TEXT).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
    if text.chars().nth(LONGEST_TEXT).is_some() {
        printable.push('…');
    }
    printable
}
