//! A process between the host and its app: starts the app, passes signals on, and ends when nothing of the app is left.
//! It outlives a host that is killed, and then ends the app. Knows nothing of conversations.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::net::UnixStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::control::{self, Report};
use super::kin::{self, Kin};
use super::{asks_to_stop, is_for_the_app_alone};

/// How often is looked whether the app's processes are gone, once they have been told to go.
const LOOK: Duration = Duration::from_millis(20);

/// Signals that are for the host, and reach this process only by somebody's mistake.
const NOT_OURS: [SignalKind; 6] = [
    SignalKind::hangup(),
    SignalKind::interrupt(),
    SignalKind::quit(),
    SignalKind::terminate(),
    SignalKind::user_defined1(),
    SignalKind::user_defined2(),
];

/// Runs `command` and stays until it and all that it has started are gone. They have `grace` to go in from the first
/// signal that asks them to, from the end of the app's own process, and from the end of the host.
///
/// # Errors
/// When the socket to the host is not there, or the system gives no signals.
pub async fn run(command: &[OsString], grace: Duration) -> io::Result<()> {
    let socket = net::UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let stdin = control::take(&socket)?;
    socket.set_nonblocking(true)?;
    let mut socket = UnixStream::from_std(socket)?;
    let _unheard = NOT_OURS.into_iter().map(signal).collect::<io::Result<Vec<_>>>()?;
    kin::adopt_orphans()?;
    let deaths = signal(SignalKind::child())?;
    match start(command, stdin) {
        Ok(app) => {
            Report::Started(app.as_raw_pid()).send(&socket);
            stay(&Kin::new(app), &mut socket, deaths, grace).await
        }
        Err(error) => {
            Report::Failed(error.raw_os_error().unwrap_or_default()).send(&socket);
            Ok(())
        }
    }
}

fn start(command: &[OsString], stdin: OwnedFd) -> io::Result<Pid> {
    let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let app = Command::new(program).args(arguments).stdin(Stdio::from(stdin)).process_group(0).spawn()?;
    i32::try_from(app.id()).ok().and_then(Pid::from_raw).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

async fn stay(
    kin: &Kin,
    socket: &mut UnixStream,
    mut deaths: tokio::signal::unix::Signal,
    grace: Duration,
) -> io::Result<()> {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut has_host, mut has_ended) = (true, false);
    let mut end: Option<Instant> = None;
    loop {
        if !has_ended && let Some(ending) = kin.ending()? {
            has_ended = true;
            Report::Ended(ending).send(socket);
            kin.signal_all(Signal::TERM);
            end.get_or_insert_with(|| Instant::now() + grace);
        }
        if has_ended && kin.is_gone() {
            return Ok(());
        }
        tokio::select! {
            _ = deaths.recv() => {}
            _ = looks.tick(), if has_ended => {}
            order = control::ordered(socket), if has_host => match order {
                Some(Signal::KILL) => end = Some(Instant::now()),
                Some(signal) if is_for_the_app_alone(signal) => kin.signal_app(signal),
                Some(signal) => {
                    kin.signal_group(signal);
                    if asks_to_stop(signal) {
                        wake(kin);
                        end.get_or_insert_with(|| Instant::now() + grace);
                    }
                }
                None => {
                    has_host = false;
                    kin.signal_all(Signal::TERM);
                    wake(kin);
                    end.get_or_insert_with(|| Instant::now() + grace);
                }
            },
            () = sleep_until(end.unwrap_or_else(Instant::now)), if end.is_some() => {
                kin.signal_all(Signal::KILL);
                // Orphans of those that are killed now come to this process, and are killed next.
                end = Some(Instant::now() + LOOK);
            }
        }
    }
}

/// A stopped process hears nothing but SIGKILL until it goes on.
fn wake(kin: &Kin) {
    kin.signal_group(Signal::CONT);
}
