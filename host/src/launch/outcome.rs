//! How an app ended, or why it can't begin, in words and in the exit codes of a shell. Pure data.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;

use rustix::process::Signal;

use crate::shutdown;

/// How an app ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With an exit code.
    Exit(i32),
    /// By the signal of this number.
    Signal(i32),
}

impl Ending {
    /// What a shell would make of it: 128 is added to the number of a signal.
    pub fn code(self) -> u8 {
        let code = match self {
            Self::Exit(code) => code,
            Self::Signal(number) => 128 + number,
        };
        u8::try_from(code).unwrap_or(u8::MAX)
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "the app ended with exit code {code}"),
            Self::Signal(number) => {
                let name = Signal::from_named_raw(*number).map_or_else(|| format!("signal {number}"), shutdown::name);
                write!(f, "the app was ended by {name}")
            }
        }
    }
}

/// Why an app can't be started.
#[derive(Debug, thiserror::Error)]
pub enum Unstartable {
    /// The command is not one that the system runs.
    #[error("can't start the app `{command}`: {error}; {hint}")]
    Command {
        /// Its first word.
        command: String,
        /// The system's reason.
        error: io::Error,
        /// What to do.
        hint: &'static str,
    },
    /// Its output can't be kept where it is to be.
    #[error(
        "can't write the app's output to `{}`: {error}; name a file in a folder that is there and that this user may write to",
        path.display()
    )]
    Output {
        /// The file for it.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// What the host needs for it can't be had.
    #[error("can't start the app's guard: {0}")]
    Guard(#[from] io::Error),
}

impl Unstartable {
    pub(super) fn of(command: &[OsString], error: io::Error) -> Self {
        let hint = match error.kind() {
            io::ErrorKind::NotFound => "write after `--` a program of `PATH`, or the path of one that exists",
            io::ErrorKind::PermissionDenied => "name a file that may be executed; `chmod +x` makes one so",
            _ => "write after `--` what you would type into a shell",
        };
        let command = command.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
        Self::Command { command, error, hint }
    }

    /// What a shell would make of it.
    pub fn code(&self) -> u8 {
        match self {
            Self::Command { error, .. } if error.kind() == io::ErrorKind::NotFound => 127,
            Self::Command { .. } => 126,
            Self::Output { .. } | Self::Guard(_) => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_is_a_shells() {
        assert_eq!(Ending::Exit(0).code(), 0);
        assert_eq!(Ending::Exit(3).code(), 3);
        assert_eq!(Ending::Signal(Signal::TERM.as_raw()).code(), 143);
        assert_eq!(Ending::Signal(Signal::KILL.as_raw()).code(), 137);
    }
}
