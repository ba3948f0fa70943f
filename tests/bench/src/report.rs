//! The figures of a run, the ratios that matter, as a table for people and as JSON for comparing runs.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::load::Seen;
use crate::rows::Row;
use crate::sandbox;

/// One row of the table.
#[derive(Clone, Serialize)]
pub(crate) struct Figures {
    pub(crate) name: &'static str,
    connections: u16,
    requests_per_second: f64,
    /// Of the process that the row is about, not of the upstream or the load generator.
    cpu_micros_per_request: f64,
    p50_ms: f64,
    p99_ms: f64,
    resident_kib: f64,
    failed: f64,
}

/// Memory with many calls open.
#[derive(Serialize)]
pub(crate) struct Waiting {
    pub(crate) sent: usize,
    /// How many waited at the upstream at the same time.
    pub(crate) reached: usize,
    pub(crate) answered: usize,
    pub(crate) before_kib: u64,
    pub(crate) during_kib: u64,
}

/// Everything that was measured; what was not asked for is absent.
#[derive(Default, Serialize)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Figures>,
    /// Median of several starts, with ten components.
    pub(crate) start_ms: Option<f64>,
    /// Before the first call, with ten components.
    pub(crate) idle_kib: Option<u64>,
    pub(crate) waiting: Option<Waiting>,
    /// The sandbox alone.
    pub(crate) sandbox: Vec<sandbox::Figure>,
}

/// A figure of the design beside what it should reach.
#[derive(Serialize)]
struct Ratio {
    name: &'static str,
    value: f64,
    unit: &'static str,
    reach: &'static str,
}

impl Figures {
    pub(crate) fn new(row: &Row, seen: &Seen, cpu: Duration, resident_kib: u64) -> Self {
        let requests = f64::from(seen.requests);
        Self {
            name: row.name,
            connections: row.connections,
            requests_per_second: requests / (f64::from(seen.micros) / 1e6),
            cpu_micros_per_request: cpu.as_secs_f64() * 1e6 / requests,
            p50_ms: f64::from(seen.p50_micros) / 1e3,
            p99_ms: f64::from(seen.p99_micros) / 1e3,
            resident_kib: resident_kib as f64,
            failed: f64::from(seen.failed),
        }
    }

    /// The median of each figure over the rounds; failures are added up.
    pub(crate) fn median(row: &Row, rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure).collect());
        Self {
            name: row.name,
            connections: row.connections,
            requests_per_second: of(|round| round.requests_per_second),
            cpu_micros_per_request: of(|round| round.cpu_micros_per_request),
            p50_ms: of(|round| round.p50_ms),
            p99_ms: of(|round| round.p99_ms),
            resident_kib: of(|round| round.resident_kib),
            failed: rounds.iter().map(|round| round.failed).sum(),
        }
    }
}

impl Waiting {
    fn kib_per_call(&self) -> Option<f64> {
        (self.reached > 0).then(|| self.during_kib.saturating_sub(self.before_kib) as f64 / self.reached as f64)
    }
}

impl Report {
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.sandbox.is_empty() && self.start_ms.is_none() && self.waiting.is_none()
    }

    /// The whole report, ratios included.
    pub(crate) fn json(&self) -> Result<Vec<u8>> {
        #[derive(Serialize)]
        struct Whole<'a> {
            #[serde(flatten)]
            report: &'a Report,
            ratios: Vec<Ratio>,
        }
        Ok(serde_json::to_vec_pretty(&Whole { report: self, ratios: self.ratios() })?)
    }

    fn ratios(&self) -> Vec<Ratio> {
        let ratio = |name, unit, reach, value: Option<f64>| value.map(|value| Ratio { name, value, unit, reach });
        let two = |name, other| Some((self.row(name)?, self.row(other)?));
        let late = two("openai-20ms", "direct-20ms");
        let alone = |name: &str| {
            self.sandbox.iter().find(|figure| figure.provider == name).map(|figure| figure.micros_per_call)
        };
        let rows = [
            ratio("echo / floor, requests", "", "≥ 0.45", two("echo", "floor").map(requests)),
            ratio(
                "echo with both scrub flags / echo, requests",
                "",
                "≥ 0.9",
                two("echo-scrubbed", "echo").map(requests),
            ),
            ratio("cache hit / floor, requests", "", "≥ 0.75", two("cached", "floor").map(requests)),
            ratio("openai / proxy, CPU per request", "", "≤ 2.5", two("openai", "proxy").map(cpu)),
            ratio("sandbox alone: instance, call, end of echo", "µs", "", alone("echo")),
            ratio("sandbox alone: instance, encode, end of openai", "µs", "≤ 25", alone("openai")),
            ratio("added by openai at 20 ms, p50", "ms", "≤ 0.3", late.map(|(ours, line)| ours.p50_ms - line.p50_ms)),
            ratio("added by openai at 20 ms, p99", "ms", "≤ 2", late.map(|(ours, line)| ours.p99_ms - line.p99_ms)),
            ratio("start to first answer", "ms", "≤ 100", self.start_ms),
            ratio("resident, idle, ten components", "MiB", "≤ 60", self.idle_kib.map(|kib| kib as f64 / 1024.0)),
            ratio("resident per waiting call", "KiB", "≤ 150", self.waiting.as_ref().and_then(Waiting::kib_per_call)),
        ];
        rows.into_iter().flatten().collect()
    }

    fn row(&self, name: &str) -> Option<&Figures> {
        self.rows.iter().find(|row| row.name == name)
    }
}

fn requests((ours, other): (&Figures, &Figures)) -> f64 {
    ours.requests_per_second / other.requests_per_second
}

fn cpu((ours, other): (&Figures, &Figures)) -> f64 {
    ours.cpu_micros_per_request / other.cpu_micros_per_request
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| row | connections | requests/s | CPU µs/request | p50 ms | p99 ms | resident MiB | failed |")?;
        writeln!(f, "|---|--:|--:|--:|--:|--:|--:|--:|")?;
        for row in &self.rows {
            let Figures { name, connections, requests_per_second, cpu_micros_per_request, .. } = row;
            write!(f, "| {name} | {connections} | {requests_per_second:.0} | {cpu_micros_per_request:.1} ")?;
            let mib = row.resident_kib / 1024.0;
            writeln!(f, "| {:.2} | {:.2} | {mib:.1} | {} |", row.p50_ms, row.p99_ms, row.failed)?;
        }
        let ratios = self.ratios();
        if !ratios.is_empty() {
            writeln!(f, "\n| figure | measured | reach |\n|---|--:|--:|")?;
        }
        for Ratio { name, value, unit, reach } in ratios {
            writeln!(f, "| {name} | {value:.2} {unit} | {reach} {unit} |")?;
        }
        if self.rows.iter().any(|row| row.failed > 0.0) {
            writeln!(f, "\nsome calls failed: figures of their rows say little")?;
        }
        if let Some(Waiting { sent, reached, answered, .. }) = self.waiting {
            writeln!(f, "\nof {sent} calls, {reached} waited at once and {answered} were answered")?;
        }
        Ok(())
    }
}

/// The middle one, or the mean of the two in the middle; 0 of nothing.
pub(crate) fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    let middle = samples.len() / 2;
    let upper = samples.get(middle).copied().unwrap_or_default();
    let lower = samples.get(middle.wrapping_sub(1)).copied().unwrap_or(upper);
    if samples.len().is_multiple_of(2) { f64::midpoint(lower, upper) } else { upper }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0]), 2.5);
        assert_eq!(median(vec![]), 0.0);
    }
}
