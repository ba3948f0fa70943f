//! The `spec.wasm` block: where a provider's artifact is and what the provider may use. Opens no artifact.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::digest::Digest;
use crate::duration;
use crate::limits::{MAX_GUEST_MEMORY, RUNNING_PROVIDERS};
use crate::origin::{Origin, without_user};
use crate::quantity;
use crate::yaml::diagnostic::Position;
use crate::yaml::fields::{At, Fields, Report, Unknown};
use crate::yaml::node::Node;

/// Where a provider's artifact comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The provider that comes with Parlor for the component's type.
    BuiltIn,
    /// A `.wasm` file.
    File(PathBuf),
    /// `oci://host/name@sha256:…`, checked for its form.
    Oci(String),
}

/// What one call, or all calls of one component together, may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of linear memory.
    pub memory: u64,
    /// The whole call, waiting included.
    pub timeout: Duration,
    /// Time in which the guest itself computes.
    pub cpu: Duration,
    /// Calls at one time.
    pub concurrency: usize,
    /// Bytes that one call may take in of its vendor's answers, and that its guest may hand back as events.
    pub response_bytes: u64,
    /// Events that one call may give.
    pub events: u64,
    /// Lines that one call may log.
    pub log: u32,
}

/// The block as it was typed, each part checked on its own.
#[derive(Debug, Default)]
pub(super) struct Wasm {
    pub(super) at: Position,
    /// Absent when it was wrong, which is reported.
    pub(super) source: Option<Source>,
    pub(super) sha256: Option<Digest>,
    pub(super) allowed_origins: Vec<Origin>,
    pub(super) private_network: bool,
    pub(super) limits: Limits,
}

const MEMORY: RangeInclusive<u64> = 64 * 1024..=MAX_GUEST_MEMORY as u64;
const TIME: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(24 * 3_600);
const CONCURRENCY: RangeInclusive<usize> = 1..=RUNNING_PROVIDERS;
const RESPONSE_BYTES: RangeInclusive<u64> = 1024..=1 << 30;
const EVENTS: RangeInclusive<u64> = 1..=10_000_000;
const LOG: RangeInclusive<u32> = 0..=10_000;

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 64 * 1024 * 1024,
            timeout: Duration::from_secs(60),
            cpu: Duration::from_secs(2),
            concurrency: 256,
            // Far above any text, room for generated images.
            response_bytes: 64 * 1024 * 1024,
            // A token each, and some more for every other thing that an answer says.
            events: 100_000,
            log: 64,
        }
    }
}

/// Reads the block. Unlike the rest of the document it is ours alone, so an unknown field is a mistake.
pub(super) fn read(node: &Node, report: &mut Report) -> Wasm {
    const KNOWN: &[&str] = &["source", "sha256", "allowedHosts", "privateNetwork", "limits"];
    let mut wasm = Wasm { at: node.at, ..Wasm::default() };
    let Some(fields) = Fields::of(node, "spec.wasm", KNOWN, Unknown::Refused, report) else { return wasm };
    wasm.source = match fields.node("source") {
        // A block without one bounds the built-in provider.
        None => Some(Source::BuiltIn),
        Some(_) => fields.text("source", report).and_then(|text| source(&text, report)),
    };
    wasm.sha256 = fields.text("sha256", report).and_then(|text| sha256(&text, report));
    for text in fields.texts("allowedHosts", report) {
        match Origin::parse(&text.value) {
            Ok(origin) if wasm.allowed_origins.contains(&origin) => {}
            Ok(origin) => wasm.allowed_origins.push(origin),
            Err(error) => {
                let hint = "write an origin such as `https://api.example.com` or `http://localhost:8080`";
                report.error(text.at, format!("bad item in `allowedHosts`: {error}"), hint);
            }
        }
    }
    wasm.private_network = fields.boolean("privateNetwork", report);
    wasm.limits = fields.node("limits").map(|node| limits(node, report)).unwrap_or_default();
    wasm
}

fn source(text: &At<String>, report: &mut Report) -> Option<Source> {
    let value = text.value.as_str();
    if let Some(reference) = value.strip_prefix("oci://") {
        if is_pinned(reference) {
            return Some(Source::Oci(value.to_owned()));
        }
        let hint = "write `oci://host/name@sha256:` and the 64 hexadecimal digits of the digest";
        // The `@` before a digest is the only one that no user name and password can stand before.
        let shown = match reference.split_once("@sha256:") {
            Some((name, digest)) if !name.contains('@') && !digest.contains('@') => value.to_owned(),
            _ => without_user(value),
        };
        report.error(text.at, format!("`{shown}` is not a pinned OCI reference"), hint);
        return None;
    }
    if value.is_empty() || value.contains("://") {
        let hint = "write a path relative to this file, such as `./acme.wasm`, or `oci://host/name@sha256:…`";
        report.error(text.at, format!("`{}` is not a source", without_user(value)), hint);
        return None;
    }
    Some(Source::File(report.file.parent().unwrap_or(Path::new("")).join(value)))
}

/// Whether the reference names a host, a repository and a digest, so that it can only ever mean the same bytes.
fn is_pinned(reference: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    let Some((name, digest)) = reference.split_once('@') else { return false };
    let segments = name.split('/').all(|segment| !segment.is_empty() && segment.chars().all(is_part));
    segments && name.contains('/') && digest.strip_prefix("sha256:").and_then(Digest::parse).is_some()
}

fn sha256(text: &At<String>, report: &mut Report) -> Option<Digest> {
    let digest = Digest::parse(&text.value);
    if digest.is_none() {
        let what = "`spec.wasm.sha256` must have 64 hexadecimal digits";
        report.error(text.at, what, "write what `sha256sum` prints for the file, in quotes");
    }
    digest
}

fn limits(node: &Node, report: &mut Report) -> Limits {
    const KNOWN: &[&str] = &["memory", "timeout", "cpu", "concurrency", "responseBytes", "events", "log"];
    let default = Limits::default();
    let Some(fields) = Fields::of(node, "spec.wasm.limits", KNOWN, Unknown::Refused, report) else { return default };
    let time = |text: &str| duration::parse(text).ok();
    let memory = limit(&fields, "memory", quantity::parse, &MEMORY, "between `64Ki` and `1Gi`, such as `64Mi`", report);
    let timeout = limit(&fields, "timeout", time, &TIME, "a duration between `1ms` and `24h`, such as `60s`", report);
    let cpu = limit(&fields, "cpu", time, &TIME, "a duration between `1ms` and `24h`, such as `2s`", report);
    let concurrency = count(&fields, "concurrency", &CONCURRENCY, report);
    let wanted = "between `1Ki` and `1Gi`, such as `64Mi`";
    let response_bytes = limit(&fields, "responseBytes", quantity::parse, &RESPONSE_BYTES, wanted, report);
    let events = count(&fields, "events", &EVENTS, report);
    let log = count(&fields, "log", &LOG, report);
    Limits {
        memory: memory.unwrap_or(default.memory),
        timeout: timeout.unwrap_or(default.timeout),
        cpu: cpu.unwrap_or(default.cpu),
        concurrency: concurrency.unwrap_or(default.concurrency),
        response_bytes: response_bytes.unwrap_or(default.response_bytes),
        events: events.unwrap_or(default.events),
        log: log.unwrap_or(default.log),
    }
}

fn count<T: PartialOrd + std::str::FromStr + std::fmt::Display>(
    fields: &Fields<'_>,
    name: &'static str,
    range: &RangeInclusive<T>,
    report: &mut Report,
) -> Option<T> {
    let wanted = format!("a whole number between `{}` and `{}`", range.start(), range.end());
    limit(fields, name, |text| text.parse().ok(), range, &wanted, report)
}

fn limit<T: PartialOrd>(
    fields: &Fields<'_>,
    name: &'static str,
    parse: impl Fn(&str) -> Option<T>,
    range: &RangeInclusive<T>,
    wanted: &str,
    report: &mut Report,
) -> Option<T> {
    let text = fields.text(name, report)?;
    let limit = parse(&text.value).filter(|limit| range.contains(limit));
    if limit.is_none() {
        let what = format!("`{}` is not a limit for `{name}`", text.value);
        report.error(text.at, what, format!("write {wanted}"));
    }
    limit
}
