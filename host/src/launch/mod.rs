//! The app beside the host: starts it once the host serves, passes signals on to it, and leaves none of it behind. Knows
//! nothing of conversations.

mod control;
pub mod environment;
pub mod guard;
mod kin;
mod lines;
mod outcome;
pub mod run_file;
mod settings;
pub mod several;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use tokio::time::timeout;

use self::control::{Line, Report};
use self::environment::Variable;
use self::lines::{Console, Sink};
pub use self::outcome::{Ending, Unstartable};
#[cfg(test)]
pub(crate) use self::settings::all_flags;
use crate::shutdown;

/// Beyond the app's own time to end: for the guard to reap what it had to kill, and for the last lines of output.
const CLEARING: Duration = Duration::from_secs(5);

/// Where the app's output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Destination {
    /// The host's own standard output and standard error, with a prefix before each line.
    #[value(name = Self::Console.name())]
    Console,
    /// A file, as the app writes it.
    #[value(name = Self::File.name())]
    File,
    /// Both.
    #[value(name = Self::FileAndConsole.name())]
    FileAndConsole,
}

impl Destination {
    /// The word for it, in flags and in run files.
    const fn name(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::File => "file",
            Self::FileAndConsole => "fileAndConsole",
        }
    }
}

/// What is done with the lines of the app's output.
#[derive(Debug)]
pub struct Output<'a> {
    /// Begins each line on the console; `None` keeps them from there.
    pub prefix: Option<&'a str>,
    /// Takes the output as it is.
    pub file: Option<&'a Path>,
}

/// What is to be started, and how.
#[derive(Debug)]
pub struct Launch<'a> {
    /// The program and its arguments.
    pub command: &'a [OsString],
    /// What it finds in its environment besides the host's own.
    pub variables: &'a [Variable],
    /// Its working directory; the host's own when absent.
    pub directory: Option<&'a Path>,
    /// `None` gives it the host's own streams.
    pub output: Option<Output<'a>>,
    /// Time to end in, once it is asked to.
    pub grace: Duration,
}

/// A running app.
pub struct App {
    /// The app's own process.
    pid: Pid,
    line: Line,
    guard: Child,
    output: Vec<oneshot::Receiver<()>>,
    grace: Duration,
    is_stopping: bool,
}

impl App {
    /// Starts the app, and returns once it runs.
    ///
    /// # Errors
    /// When it doesn't.
    pub async fn start(launch: &Launch<'_>) -> Result<Self, Unstartable> {
        let (ours, theirs) = net::UnixStream::pair()?;
        control::give(&ours, stdin()?.as_fd())?;
        let mut command = guard_command(launch);
        command.stdin(OwnedFd::from(theirs));
        let output =
            launch.output.as_ref().map(|output| connect(&mut command, output)).transpose()?.unwrap_or_default();
        let mut guard = command.spawn()?;
        // It holds the guard's ends of the pipes, which must have no other holder.
        drop(command);
        ours.set_nonblocking(true)?;
        let mut line = Line::new(UnixStream::from_std(ours)?);
        match line.report().await {
            Some(Report::Started(pid)) => {
                let pid = Pid::from_raw(pid).ok_or_else(|| io::Error::other("it gave no process"))?;
                Ok(Self { pid, line, guard, output, grace: launch.grace, is_stopping: false })
            }
            Some(Report::Failed(error)) => {
                guard.wait()?;
                Err(Unstartable::of(launch.command, io::Error::from_raw_os_error(error)))
            }
            Some(Report::Ended(_)) | None => Err(io::Error::other("it ended before it began").into()),
        }
    }

    /// Stays with the app until it is gone with all that it has started, and passes on to it what `signal` brings. A second
    /// signal that asks it to stop ends it at once.
    pub async fn accompany(mut self, mut signal: impl AsyncFnMut() -> Signal) -> Ending {
        let mut ending = None;
        loop {
            tokio::select! {
                report = self.line.report() => match report {
                    Some(Report::Ended(how)) => ending = Some(how),
                    Some(Report::Started(_) | Report::Failed(_)) => {}
                    None => break,
                },
                signal = signal() => self.pass_on(signal),
            }
        }
        let ending = ending.unwrap_or_else(|| self.unguarded());
        self.clear().await;
        ending
    }

    fn pass_on(&mut self, signal: Signal) {
        if !asks_to_stop(signal) {
            return self.line.order(signal);
        }
        if std::mem::replace(&mut self.is_stopping, true) {
            tracing::warn!("{} once more: the app is killed", shutdown::name(signal));
            return self.line.order(Signal::KILL);
        }
        tracing::info!("{}: passed on to the app, which has {:?} to end", shutdown::name(signal), self.grace);
        self.line.order(signal);
    }

    /// The guard was killed, which nothing of ours does: its work is done here, as far as it can be.
    fn unguarded(&self) -> Ending {
        tracing::error!("the app's guard was killed; the app's processes are killed as well");
        // They may be gone by now.
        let _ = kill_process_group(self.pid, Signal::KILL);
        Ending::Signal(Signal::KILL.as_raw())
    }

    /// Takes leave of the guard, and waits for the last of the output.
    async fn clear(mut self) {
        let rest = async {
            for output in self.output {
                let _ = output.await;
            }
        };
        if timeout(CLEARING, rest).await.is_err() {
            tracing::warn!("the app's output is held open by a process that is not the app's any more");
        }
        // Its socket is closed, so it has ended, or ends now.
        let _ = self.guard.wait();
    }
}

/// Whether a signal asks the app to end.
fn asks_to_stop(signal: Signal) -> bool {
    matches!(signal, Signal::TERM | Signal::INT | Signal::HUP | Signal::QUIT)
}

/// Whether a signal means the app's own process, and would harm those that it has started.
fn is_for_the_app_alone(signal: Signal) -> bool {
    matches!(signal, Signal::USR1 | Signal::USR2)
}

/// The host's own standard input. A terminal is not passed on: the app has a process group of its own, and a group that
/// is not in the foreground is stopped when it reads from a terminal.
fn stdin() -> io::Result<OwnedFd> {
    match io::stdin() {
        stdin if stdin.is_terminal() => Ok(File::open("/dev/null")?.into()),
        stdin => stdin.as_fd().try_clone_to_owned(),
    }
}

/// This program again, as the guard of the app.
fn guard_command(launch: &Launch<'_>) -> Command {
    let mut command = Command::new(program());
    // Not the name of a link, which might mean something.
    command.arg0("parlor");
    command.arg("guard").arg("--grace").arg(launch.grace.as_millis().to_string()).arg("--").args(launch.command);
    for variable in launch.variables {
        match &variable.value {
            Some(value) => command.env(&variable.name, value),
            None => command.env_remove(&variable.name),
        };
    }
    if let Some(directory) = launch.directory {
        command.current_dir(directory);
    }
    // A terminal's signals are for the host, which passes them on.
    command.process_group(0);
    command
}

/// This program's file. By way of `/proc`, because the file may have been replaced since.
fn program() -> PathBuf {
    let running = Path::new("/proc/self/exe");
    if running.exists() { running.to_owned() } else { std::env::current_exe().unwrap_or_default() }
}

/// The file for the app's output.
fn open(path: &Path) -> Result<File, Unstartable> {
    let opened = File::options().create(true).append(true).open(path);
    opened.map_err(|error| Unstartable::Output { path: path.to_owned(), error })
}

/// Gives the app pipes, and each pipe a thread that carries on what comes out of it.
fn connect(command: &mut Command, output: &Output<'_>) -> Result<Vec<oneshot::Receiver<()>>, Unstartable> {
    let Output { prefix, file } = output;
    let file = file.map(open).transpose()?.map(Arc::new);
    let sink = |console| Sink { console: prefix.map(|prefix| (console, prefix.to_owned())), file: file.clone() };
    let (stdout, into_stdout) = io::pipe()?;
    let (stderr, into_stderr) = io::pipe()?;
    command.stdout(into_stdout).stderr(into_stderr);
    Ok(vec![lines::carry(stdout, sink(Console::Stdout))?, lines::carry(stderr, sink(Console::Stderr))?])
}
