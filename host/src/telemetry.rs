//! Logs: text for people, JSON for machines, both on standard error. Knows nothing of what is logged.

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::trace::TraceIdField;

/// How much is logged; Dapr's words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    /// Dapr's level above `error`; the host logs nothing there.
    #[value(alias = "panic")]
    Fatal,
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Trace => Self::TRACE,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Info => Self::INFO,
            LogLevel::Warn => Self::WARN,
            LogLevel::Error => Self::ERROR,
            LogLevel::Fatal => Self::OFF,
        }
    }
}

/// Starts logging. Called once, before anything is logged.
pub fn start(level: LogLevel, as_json: bool) {
    let logs = fmt().with_max_level(LevelFilter::from(level)).with_writer(std::io::stderr);
    // A second subscriber is refused; the first goes on.
    let _ = if as_json {
        logs.json().flatten_event(true).map_event_format(TraceIdField::json).finish().try_init()
    } else {
        let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        logs.with_ansi(is_terminal)
            .event_format(TraceIdField::text(fmt::format().with_ansi(is_terminal)))
            .finish()
            .try_init()
    };
}
