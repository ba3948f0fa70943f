//! The end of the process: who asks for it, by signal or by call, and which tasks it waits for.

use std::future::{Future, poll_fn};
use std::io;
use std::task::Poll;

use rustix::process::Signal;
use tokio::signal;
use tokio::signal::unix::SignalKind;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Tasks that a shutdown waits for, and the token that tells them of it. Every task of the host is started here.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    token: CancellationToken,
}

impl Tasks {
    /// Starts a task that a shutdown waits for.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(task);
    }

    /// Ends when the shutdown begins: from then on nothing new is taken in.
    pub async fn stopping(&self) {
        self.token.cancelled().await;
    }

    /// Begins the shutdown, and ends when the last task has.
    pub async fn stop(&self) {
        self.token.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }

    /// Tasks that have not ended.
    pub fn running(&self) -> usize {
        self.tracker.len()
    }
}

/// The way of a caller to end the process.
#[derive(Debug, Clone, Default)]
pub struct Switch {
    asked: CancellationToken,
    forced: CancellationToken,
}

impl Switch {
    /// Asks for a shutdown that lets accepted calls finish.
    pub fn ask(&self) {
        self.asked.cancel();
    }

    /// Asks for one that does not.
    pub fn force(&self) {
        self.forced.cancel();
        self.asked.cancel();
    }

    /// Ends when a shutdown of either kind was asked for.
    pub async fn asked(&self) {
        self.asked.cancelled().await;
    }

    /// Whether a shutdown was asked for that waits for nothing.
    pub fn is_forced(&self) -> bool {
        self.forced.is_cancelled()
    }

    /// Ends when one was asked for that waits for nothing.
    pub async fn forced(&self) {
        self.forced.cancelled().await;
    }
}

/// The signals that the host acts on.
pub struct Signals(Vec<(Signal, signal::unix::Signal)>);

impl Signals {
    /// Those that ask to stop or to begin anew and, where there is an app to pass them on to, those that are for it.
    ///
    /// # Errors
    /// When the signals can't be listened to.
    pub fn listen(has_app: bool) -> io::Result<Self> {
        let mut wanted = vec![Signal::TERM, Signal::INT];
        // `nohup` means that the end of the terminal is not the end of the program.
        wanted.extend((!is_ignored(Signal::HUP)).then_some(Signal::HUP));
        if has_app {
            wanted.extend([Signal::QUIT, Signal::USR1, Signal::USR2]);
        }
        let listen = |wanted: Signal| Ok((wanted, signal::unix::signal(SignalKind::from_raw(wanted.as_raw()))?));
        wanted.into_iter().map(listen).collect::<io::Result<_>>().map(Self)
    }

    /// The next one that comes. May be dropped and called again.
    pub async fn next(&mut self) -> Signal {
        poll_fn(|context| {
            for (name, signal) in &mut self.0 {
                if signal.poll_recv(context).is_ready() {
                    return Poll::Ready(*name);
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// Such as `SIGTERM`.
pub fn name(signal: Signal) -> String {
    format!("{signal:?}").trim_matches('"').replace("Signal::", "SIG")
}

/// Whether this process was started with the signal ignored; never where the system doesn't tell.
fn is_ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (signal.as_raw() - 1)) != 0
}
