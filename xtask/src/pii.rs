//! `cargo xtask pii FILE.jsonl [--spans OUT.jsonl]`: runs the scrubber over labelled cases and scores it. Reads the
//! file that it is given; holds no case of its own.
//!
//! A case is a line of JSON: `id`, `tier`, `text`, and `spans` as `[start, end, kind]` in characters; `keep` lists strings
//! that must survive. The spans written are in bytes, and say so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use parlor_scrub::Kind;
use serde::Deserialize;

use crate::workspace::Workspace;

/// The kinds that are scored, in the order of the table: those that Dapr's documentation lists.
const KINDS: [Kind; 11] = [
    Kind::Phone,
    Kind::Email,
    Kind::Ip,
    Kind::StreetAddress,
    Kind::CreditCard,
    Kind::Ssn,
    Kind::Isbn,
    Kind::Mac,
    Kind::Sha1,
    Kind::Sha256,
    Kind::Md5,
];

/// A span in characters, and the label of its kind.
type Labelled = (usize, usize, String);

#[derive(Deserialize)]
struct Case {
    id: String,
    tier: String,
    text: String,
    #[serde(default)]
    spans: Vec<Labelled>,
    #[serde(default)]
    keep: Vec<String>,
}

/// Runs the scrubber over the cases of a file and prints a table for each tier.
pub(crate) fn score(_workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let (file, output) = match arguments {
        [file] => (file, None),
        [file, flag, output] if flag == "--spans" => (file, Some(PathBuf::from(output))),
        _ => bail!("give a file of cases: cargo xtask pii FILE.jsonl [--spans OUT.jsonl]"),
    };
    let cases = read(Path::new(file))?;
    let mut tiers: BTreeMap<&str, Score> = BTreeMap::new();
    let mut lines = Vec::new();
    for case in &cases {
        let found = parlor_scrub::detect(&case.text);
        let spans = found.iter().map(|span| (span.range.start, span.range.end, span.kind.label())).collect::<Vec<_>>();
        serde_json::to_writer(&mut lines, &serde_json::json!({"id": case.id, "spans": spans, "unit": "byte"}))?;
        writeln!(lines)?;
        tiers.entry(&case.tier).or_default().count(case, &in_characters(&case.text, &found));
    }
    for (tier, score) in &tiers {
        println!("tier {tier}\n{score}");
    }
    match output {
        Some(path) => std::fs::write(&path, lines).with_context(|| format!("`{}` can't be written", path.display())),
        None => Ok(()),
    }
}

fn read(path: &Path) -> Result<Vec<Case>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("`{}` can't be read", path.display()))?;
    let parse = |(index, line): (usize, &str)| {
        serde_json::from_str(line).with_context(|| format!("{}:{}: this is no case", path.display(), index + 1))
    };
    text.lines().enumerate().filter(|(_, line)| !line.is_empty()).map(parse).collect()
}

/// The spans of scored kinds, in characters.
fn in_characters(text: &str, found: &[parlor_scrub::Span]) -> Vec<(usize, usize, Kind)> {
    let place = |byte: usize| text.get(..byte).map_or(0, |before| before.chars().count());
    let scored = found.iter().filter(|span| KINDS.contains(&span.kind));
    scored.map(|span| (place(span.range.start), place(span.range.end), span.kind)).collect()
}

/// What was counted of one kind.
#[derive(Default, Clone, Copy)]
struct Row {
    labelled: usize,
    /// Every letter and digit is covered, by whatever kind; of an address half of them.
    covered: usize,
    /// Covered, and by the right kind.
    typed: usize,
    /// Not covered, but in part.
    leaking: usize,
    found: usize,
    /// Found where nothing is labelled.
    alarms: usize,
}

impl Row {
    fn add(self, other: Self) -> Self {
        Self {
            labelled: self.labelled + other.labelled,
            covered: self.covered + other.covered,
            typed: self.typed + other.typed,
            leaking: self.leaking + other.leaking,
            found: self.found + other.found,
            alarms: self.alarms + other.alarms,
        }
    }
}

/// The counts of one tier.
#[derive(Default)]
struct Score {
    rows: BTreeMap<String, Row>,
    negatives: usize,
    clean: usize,
    keep: usize,
    kept: usize,
}

impl Score {
    fn count(&mut self, case: &Case, found: &[(usize, usize, Kind)]) {
        let text: Vec<char> = case.text.chars().collect();
        let covered: BTreeSet<usize> = found.iter().flat_map(|(start, end, _)| *start..*end).collect();
        let counts = |place: &usize| text.get(*place).is_some_and(|character| character.is_alphanumeric());
        for (start, end, kind) in &case.spans {
            let needed = (*start..*end).filter(counts).collect::<BTreeSet<_>>();
            let hit = needed.intersection(&covered).count();
            let is_covered = if kind == "address" { hit * 2 >= needed.len() } else { hit == needed.len() };
            let is_typed = found.iter().any(|span| span.2.label() == kind && span.0 < *end && span.1 > *start);
            let row = self.rows.entry(kind.clone()).or_default();
            row.labelled += 1;
            row.covered += usize::from(is_covered);
            row.typed += usize::from(is_covered && is_typed);
            row.leaking += usize::from(!is_covered && hit > 0);
        }
        for (start, end, kind) in found {
            let is_labelled = case.spans.iter().any(|span| span.0 < *end && span.1 > *start);
            let row = self.rows.entry(kind.label().to_owned()).or_default();
            row.found += 1;
            row.alarms += usize::from(!is_labelled);
        }
        if case.spans.is_empty() {
            self.negatives += 1;
            self.clean += usize::from(found.is_empty());
        }
        self.count_kept(case, &covered, counts);
    }

    fn count_kept(&mut self, case: &Case, covered: &BTreeSet<usize>, counts: impl Fn(&usize) -> bool) {
        for keep in &case.keep {
            let Some(at) = case.text.find(keep) else { continue };
            let start = case.text.get(..at).map_or(0, |before| before.chars().count());
            let mut places = (start..start + keep.chars().count()).filter(|place| counts(place));
            self.keep += 1;
            self.kept += usize::from(!places.any(|place| covered.contains(&place)));
        }
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.rows.values().copied().fold(Row::default(), Row::add);
        let (clean, kept) = (share(self.clean, self.negatives), share(self.kept, self.keep));
        line(f, "all", &all)?;
        writeln!(f, "  clean negatives {clean} of {}  keep {kept} of {}", self.negatives, self.keep)?;
        for kind in KINDS {
            if let Some(row) = self.rows.get(kind.label()) {
                line(f, kind.label(), row)?;
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, row: &Row) -> fmt::Result {
    let (recall, typed) = (share(row.covered, row.labelled), share(row.typed, row.labelled));
    let precision = share(row.found - row.alarms, row.found);
    let Row { labelled, leaking, alarms, .. } = row;
    write!(
        f,
        "{name:<12} recall {recall} typed {typed} precision {precision}  n={labelled} partial-leak={leaking} fp={alarms}"
    )
}

fn share(part: usize, whole: usize) -> String {
    if whole == 0 { "-".to_owned() } else { format!("{:.3}", part as f64 / whole as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(text: &str, spans: &[(usize, usize, &str)], keep: &[&str]) -> Case {
        let spans = spans.iter().map(|(start, end, kind)| (*start, *end, (*kind).to_owned())).collect();
        let keep = keep.iter().map(|keep| (*keep).to_owned()).collect();
        Case { id: "1".to_owned(), tier: "core".to_owned(), text: text.to_owned(), spans, keep }
    }

    #[test]
    fn counts_are_those_of_the_definition() {
        let mut score = Score::default();
        score.count(&case("é 12 34", &[(2, 7, "phone")], &["é"]), &[(2, 7, Kind::Phone)]);
        score.count(&case("12 34", &[(0, 5, "phone")], &[]), &[(0, 2, Kind::Ssn)]);
        score.count(&case("5 Elm St", &[(0, 8, "address")], &[]), &[(0, 5, Kind::StreetAddress)]);
        score.count(&case("clean", &[], &["clean"]), &[(0, 5, Kind::Email)]);
        let row = |kind: &str| score.rows[kind];
        assert_eq!(
            (row("phone").labelled, row("phone").covered, row("phone").typed, row("phone").leaking),
            (2, 1, 1, 1)
        );
        assert_eq!((row("address").covered, row("address").typed), (1, 1));
        assert_eq!((row("ssn").found, row("ssn").alarms, row("email").alarms), (1, 0, 1));
        assert_eq!((score.negatives, score.clean, score.keep, score.kept), (1, 0, 2, 1));
    }

    #[test]
    fn places_are_told_in_characters() {
        let text = "é ann@example.com";
        assert_eq!(in_characters(text, &parlor_scrub::detect(text)), [(2, 17, Kind::Email)]);
    }
}
