//! The end of the process: who asks for it, and which tasks it waits for.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};
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
pub struct End {
    asked: CancellationToken,
    forced: CancellationToken,
}

impl End {
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

/// Ends when the operator asks the process to: SIGTERM or SIGINT, whose name it gives.
///
/// # Errors
/// When the signals can't be listened to.
pub fn requested() -> std::io::Result<impl Future<Output = &'static str>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    })
}
