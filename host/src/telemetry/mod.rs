//! Logs: text for people, JSON for machines, and Dapr's lines for those who wait for them. Knows nothing of what is
//! logged.

mod dapr;
mod one_line;

use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::writer::{BoxMakeWriter, MakeWriterExt};
use tracing_subscriber::util::SubscriberInitExt;

use self::one_line::OneLine;
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

impl LogLevel {
    /// Dapr's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace | Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

/// What is logged, how, and where to.
#[derive(Debug)]
pub struct Logs<'a> {
    pub level: LogLevel,
    pub as_json: bool,
    /// With an id the lines are daprd's, those of the application of this id, and go to standard output.
    pub as_daprd: Option<&'a str>,
    /// Takes the lines in place of the console.
    pub file: Option<&'a Path>,
    /// Whether the console gets them as well when there is a file.
    pub on_console_too: bool,
}

/// The time of day in UTC, as RFC 3339 has it.
pub fn timestamp() -> String {
    let mut time = String::new();
    // Writing to a string doesn't fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut time));
    time
}

impl Logs<'_> {
    /// For commands that only speak when something is wrong.
    pub const QUIET: Self =
        Self { level: LogLevel::Warn, as_json: false, as_daprd: None, file: None, on_console_too: false };

    /// Starts logging. Called once, before anything is logged.
    ///
    /// # Errors
    /// When the file can't be written; says which, and what to do.
    pub fn start(&self) -> io::Result<()> {
        let writer = self.writer()?;
        // When nobody takes the lines, there is nobody to tell either: the subscriber's own complaint would panic.
        let logs = fmt().with_max_level(self.level).with_writer(writer).log_internal_errors(false);
        // A second subscriber is refused; the first goes on.
        let _ = match self.as_daprd {
            Some(app_id) => {
                let lines = dapr::Lines::new(app_id, self.as_json);
                let lines = if self.as_json { TraceIdField::json(lines) } else { TraceIdField::text(lines) };
                logs.event_format(lines).finish().try_init()
            }
            None if self.as_json => {
                logs.json().flatten_event(true).map_event_format(TraceIdField::json).finish().try_init()
            }
            None => {
                let is_terminal = self.file.is_none() && io::stderr().is_terminal();
                let lines = TraceIdField::text(OneLine(fmt::format().with_ansi(is_terminal)));
                logs.with_ansi(is_terminal).event_format(lines).finish().try_init()
            }
        };
        Ok(())
    }

    fn writer(&self) -> io::Result<BoxMakeWriter> {
        let file = self.file.map(open).transpose()?;
        Ok(match (file.map(Arc::new), self.as_daprd) {
            (Some(file), _) if self.on_console_too => BoxMakeWriter::new(file.and(io::stderr)),
            (Some(file), _) => BoxMakeWriter::new(file),
            (None, Some(_)) => BoxMakeWriter::new(io::stdout),
            (None, None) => BoxMakeWriter::new(io::stderr),
        })
    }
}

fn open(path: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(path).map_err(|error| {
        let hint = "name with `--log-file` a file in a folder that is there and that this user may write to";
        io::Error::new(error.kind(), format!("`{}` can't be opened: {error}; {hint}", path.display()))
    })
}
