//! How components stand and what became of the changes of their files, in Prometheus's words: asked for when it is read.

use std::sync::{Mutex, PoisonError};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, Result};

use super::set;

/// What there is to tell.
#[derive(Debug, Default)]
pub struct Standings {
    /// Names of components, and the words for how they stand.
    pub components: Vec<(String, &'static str)>,
    /// Sets of components before the one that is served.
    pub generation: u64,
    /// Scans that brought a change, and that brought none.
    pub swaps: u64,
    pub idle_scans: u64,
    /// Mistakes in the files.
    pub mistakes: u64,
    /// Whether files are looked at again and again.
    pub is_polling: bool,
}

/// Asks `standings` whenever `registry` is read.
pub(super) fn watch(registry: &Registry, standings: impl Fn() -> Standings + Send + Sync + 'static) -> Result<()> {
    let state = Opts::new("parlor_component_state", "How a component stands: one line each, with the value 1.");
    let scans = Opts::new("parlor_reload_scans_total", "The number of times that the component files were read again.");
    let watch = Watch {
        standings: Box::new(standings),
        state: IntGaugeVec::new(state, &["component", "state"])?,
        scans: IntCounterVec::new(scans, &["result"])?,
        generation: IntGauge::new("parlor_reload_generation", "The number of swaps of what is served.")?,
        mistakes: IntGauge::new("parlor_reload_mistakes", "The number of mistakes in the component files.")?,
        polling: IntGauge::new("parlor_reload_polling", "Whether files are looked at because no events tell of them.")?,
        reading: Mutex::default(),
    };
    registry.register(Box::new(watch))
}

struct Watch {
    standings: Box<dyn Fn() -> Standings + Send + Sync>,
    state: IntGaugeVec,
    scans: IntCounterVec,
    generation: IntGauge,
    mistakes: IntGauge,
    polling: IntGauge,
    /// Two readings at once would mix.
    reading: Mutex<()>,
}

impl Collector for Watch {
    fn desc(&self) -> Vec<&Desc> {
        let gauges = [self.generation.desc(), self.mistakes.desc(), self.polling.desc()].concat();
        [self.state.desc(), self.scans.desc(), gauges].concat()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let _alone = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let standings = (self.standings)();
        // Nothing is told of components that are gone.
        self.state.reset();
        standings.components.iter().for_each(|(name, state)| self.state.with_label_values(&[name, *state]).set(1));
        for (result, count) in [("swapped", standings.swaps), ("unchanged", standings.idle_scans)] {
            set(&self.scans.with_label_values(&[result]), count);
        }
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.generation.set(number(standings.generation));
        self.mistakes.set(number(standings.mistakes));
        self.polling.set(standings.is_polling.into());
        let gauges = [self.generation.collect(), self.mistakes.collect(), self.polling.collect()].concat();
        [self.state.collect(), self.scans.collect(), gauges].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Metrics;
    use super::*;

    #[test]
    fn what_is_told_is_how_it_is_now() {
        let metrics = Metrics::new("shop", "").unwrap();
        let state = std::sync::Arc::new(Mutex::new(("acme", "serving")));
        let now = std::sync::Arc::clone(&state);
        let standings = move || {
            let (name, state) = *now.lock().unwrap();
            let components = vec![(name.to_owned(), state)];
            Standings { components, generation: 3, swaps: 3, idle_scans: 2, mistakes: 1, is_polling: true }
        };
        metrics.watch_swaps(standings).unwrap();
        for (name, word) in [("acme", "serving"), ("acme", "outdated"), ("other", "refused")] {
            *state.lock().unwrap() = (name, word);
            let text = metrics.text().unwrap();
            let told: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
            let state = format!("parlor_component_state{{component=\"{name}\",state=\"{word}\"}} 1");
            let expected = [
                state.as_str(),
                "parlor_reload_generation 3",
                "parlor_reload_mistakes 1",
                "parlor_reload_polling 1",
                "parlor_reload_scans_total{result=\"swapped\"} 3",
                "parlor_reload_scans_total{result=\"unchanged\"} 2",
            ];
            assert_eq!(told, expected);
        }
    }
}
