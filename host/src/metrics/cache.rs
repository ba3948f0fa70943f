//! What the prompt cache does, in Prometheus's words: counted call by call, and asked for when it is read.

use std::sync::{Mutex, PoisonError};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounterVec, IntGauge, Opts, Registry, Result};

use super::set;
use crate::cache::{State, Status};

/// The names of what a cache can do for a call.
pub(super) const OUTCOMES: [&str; 4] = [HIT, MISS, COALESCED, BYPASS];

const HIT: &str = "hit";
const MISS: &str = "miss";
const COALESCED: &str = "coalesced";
const BYPASS: &str = "bypass";

/// The name of what the cache did. An answer that was too old is missed like one that was never there.
pub(super) fn outcome(status: Status) -> &'static str {
    match status {
        Status::Hit { .. } => HIT,
        Status::Forwarded { .. } => MISS,
        Status::Collapsed => COALESCED,
        Status::Bypassed => BYPASS,
    }
}

/// Calls by component and outcome.
pub(super) fn requests() -> Result<IntCounterVec> {
    let help = "The number of calls of a component, by what the prompt cache did for them.";
    IntCounterVec::new(Opts::new("parlor_cache_requests_total", help), &["component", "outcome"])
}

/// Asks `state` whenever `registry` is read.
pub(super) fn watch(registry: &Registry, state: impl Fn() -> State + Send + Sync + 'static) -> Result<()> {
    let evictions = Opts::new("parlor_cache_evictions_total", "The number of answers that the prompt cache let go.");
    let watch = Watch {
        state: Box::new(state),
        entries: IntGauge::new("parlor_cache_entries", "The number of answers that the prompt cache holds.")?,
        bytes: IntGauge::new("parlor_cache_bytes", "The bytes that the answers in the prompt cache take up.")?,
        evictions: IntCounterVec::new(evictions, &["cause"])?,
        reading: Mutex::default(),
    };
    registry.register(Box::new(watch))
}

struct Watch {
    state: Box<dyn Fn() -> State + Send + Sync>,
    entries: IntGauge,
    bytes: IntGauge,
    evictions: IntCounterVec,
    /// Two readers at once would add the same evictions twice.
    reading: Mutex<()>,
}

impl Collector for Watch {
    fn desc(&self) -> Vec<&Desc> {
        [self.entries.desc(), self.bytes.desc(), self.evictions.desc()].concat()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let _alone = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let state = (self.state)();
        self.entries.set(i64::try_from(state.entries).unwrap_or(i64::MAX));
        self.bytes.set(i64::try_from(state.bytes).unwrap_or(i64::MAX));
        for (cause, count) in [("size", state.evicted_for_size), ("expired", state.expired)] {
            set(&self.evictions.with_label_values(&[cause]), count);
        }
        [self.entries.collect(), self.bytes.collect(), self.evictions.collect()].concat()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use super::super::Metrics;
    use super::*;

    fn samples(metrics: &Metrics) -> Vec<String> {
        metrics.text().unwrap().lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }

    #[test]
    fn every_outcome_has_its_name() {
        let hit = Status::Hit { age: Duration::ZERO, left: Duration::ZERO };
        let miss = Status::Forwarded { was_stale: true, stored: None };
        let metrics = Metrics::new("shop", "").unwrap();
        for status in [hit, miss, Status::Collapsed, Status::Bypassed, hit] {
            metrics.cache("echo", status);
        }
        metrics.clone().cache("other", miss);
        let expected = [("echo", "bypass", 1), ("echo", "coalesced", 1), ("echo", "hit", 2), ("echo", "miss", 1)];
        let sample = |(component, outcome, count)| {
            format!(r#"parlor_cache_requests_total{{component="{component}",outcome="{outcome}"}} {count}"#)
        };
        let expected: Vec<String> = expected.into_iter().chain([("other", "miss", 1)]).map(sample).collect();
        assert_eq!(samples(&metrics), expected);
    }

    #[test]
    fn the_cache_is_asked_anew_each_time() {
        let metrics = Metrics::new("shop", "").unwrap();
        let entries = Arc::new(AtomicU64::new(3));
        let asked = Arc::clone(&entries);
        let state = move || {
            let entries = asked.load(Ordering::Relaxed);
            State { entries, bytes: entries * 100, evicted_for_size: entries + 1, expired: entries + 2 }
        };
        metrics.watch_cache(state).unwrap();
        for (held, now) in [(3, [300, 3, 5, 4]), (4, [400, 4, 6, 5]), (4, [400, 4, 6, 5])] {
            entries.store(held, Ordering::Relaxed);
            let [bytes, entries, expired, size] = now;
            let expected = [
                format!("parlor_cache_bytes {bytes}"),
                format!("parlor_cache_entries {entries}"),
                format!(r#"parlor_cache_evictions_total{{cause="expired"}} {expired}"#),
                format!(r#"parlor_cache_evictions_total{{cause="size"}} {size}"#),
            ];
            assert_eq!(samples(&metrics), expected);
        }
        let types = metrics.text().unwrap();
        for line in ["bytes gauge", "entries gauge", "evictions_total counter"] {
            assert!(types.contains(&format!("# TYPE parlor_cache_{line}\n")), "{types}");
        }
        assert!(metrics.watch_cache(State::default).is_err());
    }
}
