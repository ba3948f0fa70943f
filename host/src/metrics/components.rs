//! How components fare in the sandbox, in Prometheus's words: asked for when it is read.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec, Opts, Registry, Result};

use crate::sandbox::{ComponentState, GuestLimits};

/// Asks `states` whenever `registry` is read. A component that is gone is told of no more.
pub(super) fn watch(
    registry: &Registry,
    states: impl Fn() -> Vec<ComponentState> + Send + Sync + 'static,
) -> Result<()> {
    let gauge = |name, help: &str| IntGaugeVec::new(Opts::new(name, help), &["component"]);
    let faults = "The number of calls that ended because the component's provider failed as a program, by how it did.";
    let refusals = "The number of calls, or parts of one, that the component was refused, by reason.";
    let limits = "What the component's calls may use: bytes, seconds, or a number.";
    let watch = Watch {
        states: Box::new(states),
        faults: IntCounterVec::new(Opts::new("parlor_component_faults_total", faults), &["component", "kind"])?,
        refusals: IntCounterVec::new(Opts::new("parlor_component_refusals_total", refusals), &["component", "reason"])?,
        running: gauge("parlor_component_running_calls", "The number of the component's calls that have a place.")?,
        waiting: gauge("parlor_component_waiting_calls", "The number of the component's calls that wait for a place.")?,
        resting: gauge("parlor_component_resting", "Whether the component rests, because its provider keeps failing.")?,
        limits: GaugeVec::new(Opts::new("parlor_component_limit", limits), &["component", "limit"])?,
        reading: Mutex::default(),
    };
    registry.register(Box::new(watch))
}

struct Watch {
    states: Box<dyn Fn() -> Vec<ComponentState> + Send + Sync>,
    faults: IntCounterVec,
    refusals: IntCounterVec,
    running: IntGaugeVec,
    waiting: IntGaugeVec,
    resting: IntGaugeVec,
    limits: GaugeVec,
    /// Two readers at once would add the same counts twice.
    reading: Mutex<()>,
}

impl Watch {
    fn collectors(&self) -> [&dyn Collector; 6] {
        [&self.faults, &self.refusals, &self.running, &self.waiting, &self.resting, &self.limits]
    }

    fn forget(&self) {
        self.faults.reset();
        self.refusals.reset();
        self.limits.reset();
        [&self.running, &self.waiting, &self.resting].into_iter().for_each(|gauges| gauges.reset());
    }

    fn tell(&self, state: &ComponentState) {
        let name = state.name.as_str();
        for (counters, counts) in [(&self.faults, &state.faults), (&self.refusals, &state.refusals)] {
            for (word, count) in counts {
                counters.with_label_values(&[name, word]).inc_by(*count);
            }
        }
        let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.running.with_label_values(&[name]).set(number(state.running));
        self.waiting.with_label_values(&[name]).set(number(state.waiting));
        self.resting.with_label_values(&[name]).set(i64::from(state.is_resting));
        for (limit, value) in values(&state.limits) {
            self.limits.with_label_values(&[name, limit]).set(value);
        }
    }
}

impl Collector for Watch {
    fn desc(&self) -> Vec<&Desc> {
        self.collectors().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let _alone = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        self.forget();
        (self.states)().iter().for_each(|state| self.tell(state));
        self.collectors().into_iter().flat_map(Collector::collect).collect()
    }
}

/// Each limit by its name in YAML, as Prometheus wants numbers: bytes, seconds.
#[expect(clippy::cast_precision_loss, reason = "no limit is beyond what a double counts exactly")]
fn values(limits: &GuestLimits) -> [(&'static str, f64); 7] {
    let seconds = |time: Duration| time.as_secs_f64();
    [
        ("memory", limits.memory as f64),
        ("timeout", seconds(limits.timeout)),
        ("cpu", seconds(limits.cpu)),
        ("concurrency", limits.concurrency as f64),
        ("responseBytes", limits.response_bytes as f64),
        ("events", limits.events as f64),
        ("log", f64::from(limits.log)),
    ]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::Metrics;
    use super::*;

    const LIMITS: GuestLimits = GuestLimits {
        memory: 1 << 20,
        timeout: Duration::from_secs(60),
        cpu: Duration::from_millis(500),
        concurrency: 256,
        response_bytes: 2048,
        events: 100,
        log: 64,
    };

    fn state(name: &str, count: u64) -> ComponentState {
        let running = usize::try_from(count).unwrap();
        ComponentState {
            name: name.to_owned(),
            limits: LIMITS,
            running,
            waiting: running + 1,
            is_resting: count > 1,
            faults: vec![("trap", count + 2), ("memory", 0)],
            refusals: vec![("busy", count + 3)],
        }
    }

    /// What is read, without comments and limits.
    fn samples(metrics: &Metrics) -> Vec<String> {
        let text = metrics.text().unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.contains("_limit{"));
        lines.map(|line| line.strip_prefix("parlor_component_").unwrap().to_owned()).collect()
    }

    #[test]
    fn components_are_asked_anew_each_time_and_forgotten_when_they_are_gone() {
        let metrics = Metrics::new("shop", "").unwrap();
        let states = Arc::new(Mutex::new(vec![("acme", 1), ("echo", 0)]));
        let asked = Arc::clone(&states);
        let states_now = move || asked.lock().unwrap().iter().map(|(name, count)| state(name, *count)).collect();
        metrics.watch_components(states_now).unwrap();
        assert!(samples(&metrics).contains(&r#"running_calls{component="echo"} 0"#.to_owned()));
        *states.lock().unwrap() = vec![("acme", 2)];
        let expected = [
            r#"faults_total{component="acme",kind="memory"} 0"#,
            r#"faults_total{component="acme",kind="trap"} 4"#,
            r#"refusals_total{component="acme",reason="busy"} 5"#,
            r#"resting{component="acme"} 1"#,
            r#"running_calls{component="acme"} 2"#,
            r#"waiting_calls{component="acme"} 3"#,
        ];
        assert_eq!(samples(&metrics), expected);
        assert_eq!(samples(&metrics), expected);
    }

    #[test]
    fn limits_have_their_names_in_yaml_and_prometheuss_units() {
        let metrics = Metrics::new("shop", "").unwrap();
        metrics.watch_components(|| vec![state("acme", 0)]).unwrap();
        let text = metrics.text().unwrap();
        let limits =
            text.lines().filter_map(|line| line.strip_prefix(r#"parlor_component_limit{component="acme",limit=""#));
        let expected = [
            r#"concurrency"} 256"#,
            r#"cpu"} 0.5"#,
            r#"events"} 100"#,
            r#"log"} 64"#,
            r#"memory"} 1048576"#,
            r#"responseBytes"} 2048"#,
            r#"timeout"} 60"#,
        ];
        assert_eq!(limits.collect::<Vec<_>>(), expected);
    }
}
