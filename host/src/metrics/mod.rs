//! What the host counts of itself, and the text that Prometheus reads. Names, labels and buckets of calls are daprd's.
//! Knows neither who reads them nor what is said in a call.

mod cache;
mod components;
mod swap;

use anyhow::{Context, Result};
use prometheus::{HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry, TextEncoder};
use tokio::time::Instant;

pub use self::swap::Standings;
use crate::cache::{State, Status};
use crate::sandbox::ComponentState;

/// The media type of [`Metrics::text`].
pub const FORMAT: &str = prometheus::TEXT_FORMAT;

/// Upper bounds of the buckets that latencies are counted in, in milliseconds: daprd's.
const LATENCIES: [f64; 34] = [
    1., 2., 3., 4., 5., 6., 8., 10., 13., 16., 20., 25., 30., 40., 50., 65., 80., 100., 130., 160., 200., 250., 300.,
    400., 500., 650., 800., 1_000., 2_000., 5_000., 10_000., 20_000., 50_000., 100_000.,
];

/// All that is counted. Clones count together. Counting takes no lock that reading holds for longer than a copy of the
/// numbers takes.
///
/// Components are given by name, each of which makes series of its own: only names of loaded components may be passed,
/// never one that a caller has made up.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    calls: IntCounterVec,
    latencies: HistogramVec,
    cache: IntCounterVec,
}

impl Metrics {
    /// Nothing is counted yet. `namespace` is empty where the process has none, as with daprd.
    ///
    /// # Errors
    /// When the names or labels of metrics are not Prometheus's.
    pub fn new(app_id: &str, namespace: &str) -> Result<Self> {
        Self::registered(app_id, namespace).context("the metrics can't be set up")
    }

    fn registered(app_id: &str, namespace: &str) -> Result<Self, prometheus::Error> {
        let of_dapr =
            |name, help| Opts::new(name, help).const_label("app_id", app_id).const_label("namespace", namespace);
        let count = of_dapr(
            "dapr_component_conversation_count",
            "The number of operations performed on the conversation component.",
        );
        let latencies = of_dapr(
            "dapr_component_conversation_latencies",
            "The latency of the response from the conversation component.",
        );
        let latencies = HistogramOpts::from(latencies).buckets(LATENCIES.to_vec());
        let metrics = Self {
            registry: Registry::new(),
            calls: IntCounterVec::new(count, &["component", "success"])?,
            latencies: HistogramVec::new(latencies, &["component", "success"])?,
            cache: cache::requests()?,
        };
        metrics.registry.register(Box::new(metrics.calls.clone()))?;
        metrics.registry.register(Box::new(metrics.latencies.clone()))?;
        metrics.registry.register(Box::new(metrics.cache.clone()))?;
        Ok(metrics)
    }

    /// Tells of a component before its first call, with zeros: of a series that begins with one, Prometheus can't know that
    /// it grew.
    pub fn expect(&self, component: &str) {
        for success in ["true", "false"] {
            self.calls.with_label_values(&[component, success]);
            self.latencies.with_label_values(&[component, success]);
        }
        for outcome in cache::OUTCOMES {
            self.cache.with_label_values(&[component, outcome]);
        }
    }

    /// Begins to time a call of a component.
    pub fn call<'a>(&'a self, component: &'a str) -> CallTimer<'a> {
        CallTimer { metrics: self, component, begun: Instant::now(), success: "false" }
    }

    /// Counts what the prompt cache did for a call of a component.
    pub fn cache(&self, component: &str, status: Status) {
        self.cache.with_label_values(&[component, cache::outcome(status)]).inc();
    }

    /// Asks `state` how the prompt cache is whenever the metrics are read. There is one cache, so this is called once.
    ///
    /// # Errors
    /// When it is called again.
    pub fn watch_cache(&self, state: impl Fn() -> State + Send + Sync + 'static) -> Result<()> {
        cache::watch(&self.registry, state).context("the prompt cache can't be watched")
    }

    /// Asks `standings` how components stand whenever the metrics are read. This is called once.
    ///
    /// # Errors
    /// When it is called again.
    pub fn watch_swaps(&self, standings: impl Fn() -> Standings + Send + Sync + 'static) -> Result<()> {
        swap::watch(&self.registry, standings).context("the components can't be watched")
    }

    /// Asks `states` how components fare in the sandbox whenever the metrics are read. This is called once.
    ///
    /// # Errors
    /// When it is called again.
    pub fn watch_components(&self, states: impl Fn() -> Vec<ComponentState> + Send + Sync + 'static) -> Result<()> {
        components::watch(&self.registry, states).context("the components can't be watched")
    }

    /// All of it, in Prometheus's text format, whose media type is [`FORMAT`].
    ///
    /// # Errors
    /// When a metric is not fit to be written.
    pub fn text(&self) -> Result<String> {
        TextEncoder::new().encode_to_string(&self.registry.gather()).context("the metrics can't be written")
    }
}

/// Counts a call when it is dropped: as a failure, unless it was said to have gone well. So a call whose caller does not
/// wait for the end is a failure, as with daprd, and its time is not lost.
#[must_use = "it is dropped when the call ends"]
pub struct CallTimer<'a> {
    metrics: &'a Metrics,
    component: &'a str,
    begun: Instant,
    success: &'static str,
}

impl CallTimer<'_> {
    /// The call has its whole answer.
    pub fn succeeded(mut self) {
        self.success = "true";
    }
}

impl Drop for CallTimer<'_> {
    fn drop(&mut self) {
        let labels = [self.component, self.success];
        let milliseconds = self.begun.elapsed().as_secs_f64() * 1e3;
        self.metrics.calls.with_label_values(&labels).inc();
        self.metrics.latencies.with_label_values(&labels).observe(milliseconds);
    }
}

/// Makes a counter tell what was counted elsewhere.
fn set(counter: &IntCounter, total: u64) {
    counter.reset();
    counter.inc_by(total);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn lines(metrics: &Metrics) -> Vec<String> {
        metrics.text().unwrap().lines().map(str::to_owned).collect()
    }

    /// A call that takes 7.5 ms.
    async fn call(metrics: &Metrics, succeeds: bool) {
        let timer = metrics.call("echo");
        tokio::time::sleep(Duration::from_micros(7_500)).await;
        if succeeds {
            timer.succeeded();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn calls_have_daprs_names_and_labels() {
        let metrics = Metrics::new("shop", "").unwrap();
        for succeeds in [true, false, true] {
            call(&metrics, succeeds).await;
        }
        let lines = lines(&metrics);
        let labels = |success| format!(r#"app_id="shop",component="echo",namespace="",success="{success}""#);
        let (good, bad) = (labels("true"), labels("false"));
        for line in [
            "# TYPE dapr_component_conversation_count counter".to_owned(),
            format!("dapr_component_conversation_count{{{good}}} 2"),
            format!("dapr_component_conversation_count{{{bad}}} 1"),
            "# TYPE dapr_component_conversation_latencies histogram".to_owned(),
            format!("dapr_component_conversation_latencies_count{{{good}}} 2"),
            format!("dapr_component_conversation_latencies_count{{{bad}}} 1"),
        ] {
            assert!(lines.contains(&line), "{line} is not in {lines:#?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn latencies_are_milliseconds_in_daprs_buckets() {
        let metrics = Metrics::new("shop", "shops").unwrap();
        call(&metrics, true).await;
        let buckets: Vec<(String, String)> = lines(&metrics)
            .iter()
            .filter(|line| line.starts_with("dapr_component_conversation_latencies_bucket"))
            .map(|line| {
                assert!(line.contains(r#"namespace="shops""#), "{line}");
                let (series, count) = line.rsplit_once(' ').unwrap();
                let bound = series.split("le=\"").nth(1).unwrap().trim_end_matches("\"}");
                (bound.to_owned(), count.to_owned())
            })
            .collect();
        let bounds: Vec<&str> = buckets.iter().map(|(bound, _)| bound.as_str()).collect();
        let expected = "1,2,3,4,5,6,8,10,13,16,20,25,30,40,50,65,80,100,130,160,200,250,300,400,500,650,800,1000,2000,\
            5000,10000,20000,50000,100000,+Inf";
        assert_eq!(bounds.join(","), expected);
        let full: Vec<&str> =
            buckets.iter().filter(|(_, count)| count == "1").map(|(bound, _)| bound.as_str()).collect();
        assert_eq!(full.join(","), expected.strip_prefix("1,2,3,4,5,6,").unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_given_up_is_a_failure() {
        let metrics = Metrics::new("shop", "").unwrap();
        let limit = Duration::from_millis(5);
        assert!(tokio::time::timeout(limit, call(&metrics, true)).await.is_err());
        let counted = |success| metrics.calls.with_label_values(&["echo", success]).get();
        assert_eq!((counted("true"), counted("false")), (0, 1));
        let milliseconds = metrics.latencies.with_label_values(&["echo", "false"]).get_sample_sum();
        assert!((5.0..7.5).contains(&milliseconds), "{milliseconds}");
    }

    #[test]
    fn an_expected_component_is_told_of_with_zeros_and_others_are_not() {
        let metrics = Metrics::new("shop", "").unwrap();
        assert_eq!(metrics.text().unwrap(), "");
        metrics.expect("echo");
        let lines = lines(&metrics);
        let samples = lines.iter().filter(|line| !line.starts_with('#'));
        assert!(samples.clone().all(|line| line.ends_with(" 0") && line.contains(r#"component="echo""#)), "{lines:#?}");
        assert_eq!(samples.filter(|line| line.starts_with("dapr_component_conversation_count{")).count(), 2);
    }

    #[test]
    fn a_name_may_have_any_letters() {
        let metrics = Metrics::new("a \"b\"\n\\c", "").unwrap();
        metrics.expect("é \"x\"");
        let text = metrics.text().unwrap();
        assert!(text.contains(r#"app_id="a \"b\"\n\\c",component="é \"x\"","#), "{text}");
    }
}
