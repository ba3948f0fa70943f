//! Keeps what is logged on one line, so that no text of a guest, a vendor or a caller looks like a line of the host's own.
//! Escape sequences of terminals are not its business: `tracing` writes them out.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

/// A format of log lines whose breaks are written as `\n` and `\r`.
pub(super) struct OneLine<F>(pub(super) F);

impl<S, N, F> FormatEvent<S, N> for OneLine<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'writer> FormatFields<'writer> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        let text = line.strip_suffix('\n').unwrap_or(&line);
        match text.contains(['\n', '\r']) {
            false => writer.write_str(&line),
            true => writeln!(writer, "{}", text.replace('\n', "\\n").replace('\r', "\\r")),
        }
    }
}
