//! Puts the trace's name on every log line of a request, wherever in the host it is written. A span for each request
//! would do so too, at the price of two allocations for requests that log nothing.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

use super::TraceContext;

/// A format of log lines with `trace_id` as their last field.
pub struct TraceIdField<F> {
    inner: F,
    /// How a line of `inner` ends.
    end: &'static str,
    /// What is written around the trace's name in its place.
    around: (&'static str, &'static str),
}

impl<F> TraceIdField<F> {
    /// For lines that are text.
    pub fn text(inner: F) -> Self {
        Self { inner, end: "\n", around: (" trace_id=", "\n") }
    }

    /// For lines that are JSON objects with at least one field.
    pub fn json(inner: F) -> Self {
        Self { inner, end: "}\n", around: (",\"trace_id\":\"", "\"}\n") }
    }
}

impl<S, N, F> FormatEvent<S, N> for TraceIdField<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'writer> FormatFields<'writer> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let Some(trace) = TraceContext::current() else {
            return self.inner.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.inner.format_event(context, Writer::new(&mut line), event)?;
        let fields = line.strip_suffix(self.end).unwrap_or(&line);
        let (before, after) = self.around;
        write!(writer, "{fields}{before}{}{after}", trace.trace_id())
    }
}
