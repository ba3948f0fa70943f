//! Lookups of names, shared and bounded. The system's resolver holds a thread of the pool that also compiles and reads
//! files until it gives up, long after a call that asked has left. So that names whose servers never answer cannot take
//! that pool:
//!
//! - at any time at most one lookup of a name is under way, and those who ask for it meanwhile share its answer, which
//!   is kept for nobody else;
//! - at most [`AT_ONCE`] lookups are under way, [`AT_ONCE_OF_ONE`] of them begun by one component: a component with
//!   many dead names waits for itself. It takes eight such components at one time to make others wait, and those have
//!   their turn in the order in which they came;
//! - a lookup counts until it has ended, whether or not somebody still waits for it.
//!
//! To wait for a turn is part of connecting, and bounded with it.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::rt::Executor;
use hyper_util::rt::TokioExecutor;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, watch};

use super::resolve::Resolve;

/// A small part of the 512 threads that tokio's pool has.
const AT_ONCE: usize = 32;
/// A component seldom has more than two names, and each of them is looked up once at a time.
const AT_ONCE_OF_ONE: usize = 4;

/// What a lookup found, for all who asked.
type Answer = Result<Arc<[SocketAddr]>, Arc<io::Error>>;

/// All lookups of the host.
pub(super) struct Lookups {
    resolver: Box<dyn Resolve>,
    turns: Arc<Semaphore>,
    /// What was asked for and has not ended.
    asked: Mutex<HashMap<String, watch::Sender<Progress>>>,
}

/// The lookups of one component. Clones count together.
#[derive(Debug, Clone)]
pub(super) struct Share(Arc<Semaphore>);

/// The right to one lookup, in the share and in the whole.
struct Turn {
    _counted: [OwnedSemaphorePermit; 2],
}

/// How far a lookup is.
enum Progress {
    /// Nobody who asks has had a turn yet.
    Waiting,
    UnderWay,
    Over(Answer),
}

impl Lookups {
    pub(super) fn new(resolver: Box<dyn Resolve>) -> Arc<Self> {
        Arc::new(Self { resolver, turns: Arc::new(Semaphore::new(AT_ONCE)), asked: Mutex::default() })
    }

    /// The addresses of a name. Joins the lookup that is under way, or begins one when the share has a turn.
    pub(super) async fn find(
        self: &Arc<Self>,
        name: &str,
        port: u16,
        share: &Share,
    ) -> Result<Vec<SocketAddr>, Arc<io::Error>> {
        let mut progress = self.under_way(name, port, share).await.map_err(io::Error::other)?;
        let over = progress.wait_for(|progress| matches!(progress, Progress::Over(_))).await;
        match over.as_deref() {
            Ok(Progress::Over(Ok(found))) => Ok(found.iter().map(|address| with_port(*address, port)).collect()),
            Ok(Progress::Over(Err(error))) => Err(Arc::clone(error)),
            _ => Err(Arc::new(io::Error::other("the lookup broke off"))),
        }
    }

    /// Waits until the name is looked up, by whoever of those who ask has the first turn.
    async fn under_way(
        self: &Arc<Self>,
        name: &str,
        port: u16,
        share: &Share,
    ) -> Result<watch::Receiver<Progress>, AcquireError> {
        let (lookup, mut progress) = self.ask(name);
        tokio::select! {
            biased;
            _ = progress.wait_for(|progress| !matches!(progress, Progress::Waiting)) => {}
            turn = share.turn(&self.turns) => self.begin(name, port, lookup, turn?),
        }
        Ok(progress)
    }

    /// The lookup of a name, under way or waiting. Forgets those that wait for a turn while nobody waits for them.
    fn ask(&self, name: &str) -> (watch::Sender<Progress>, watch::Receiver<Progress>) {
        let mut asked = self.asked();
        if let Some(lookup) = asked.get(name) {
            return (lookup.clone(), lookup.subscribe());
        }
        asked.retain(|_, lookup| lookup.receiver_count() > 0 || !matches!(*lookup.borrow(), Progress::Waiting));
        let (lookup, progress) = watch::channel(Progress::Waiting);
        asked.insert(name.to_owned(), lookup.clone());
        (lookup, progress)
    }

    /// Looks the name up in a task of its own, which ends when the resolver does, unless another has begun already.
    fn begin(self: &Arc<Self>, name: &str, port: u16, lookup: watch::Sender<Progress>, turn: Turn) {
        let is_first = lookup.send_if_modified(|progress| {
            let is_first = matches!(progress, Progress::Waiting);
            if is_first {
                *progress = Progress::UnderWay;
            }
            is_first
        });
        if is_first {
            let entry = Entry { lookups: Arc::clone(self), name: name.to_owned() };
            TokioExecutor::new().execute(entry.look_up(port, lookup, turn));
        }
    }

    fn asked(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<Progress>>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE_OF_ONE)))
    }

    /// The share's own turn comes first: who waits for it takes nothing from others.
    async fn turn(&self, all: &Arc<Semaphore>) -> Result<Turn, AcquireError> {
        let own = Arc::clone(&self.0).acquire_owned().await?;
        Ok(Turn { _counted: [own, Arc::clone(all).acquire_owned().await?] })
    }
}

/// The place of a lookup that is under way among those asked for. It is given up however the lookup ends.
struct Entry {
    lookups: Arc<Lookups>,
    name: String,
}

impl Entry {
    async fn look_up(self, port: u16, lookup: watch::Sender<Progress>, turn: Turn) {
        let found = self.lookups.resolver.resolve(&self.name, port).await;
        drop(turn);
        // Before the answer is given: who asks after it gets a lookup of its own.
        drop(self);
        lookup.send_replace(Progress::Over(found.map(Arc::from).map_err(Arc::new)));
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.lookups.asked().remove(&self.name);
    }
}

/// Those who share a lookup may want different ports.
fn with_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}
