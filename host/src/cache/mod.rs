//! Keeps answers for those who ask the same again, and lets one call to a provider answer all who ask at the same time.
//!
//! Knows nothing of components, transports and scrubbing: a key, a time to live, and a call that is made when there is
//! nothing to be had without it.

mod entry;
mod flight;
mod key;
mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use self::entry::Entry;
use self::flight::{Flights, Leader, Seat};
pub use self::key::Key;
pub use self::store::State;
use self::store::Store;
use crate::answer::Answer;
use crate::conversation::Response;
use crate::error::ConverseError;

/// The answers of one process.
pub struct Cache {
    store: Store,
    flights: Flights,
}

/// How an answer came to be, in the words of RFC 9211 (Cache-Status).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It was kept: for so long, and is for so long still.
    Hit { age: Duration, left: Duration },
    /// The provider was called, as nothing was kept, or only what was too old. It is kept for so long.
    Forwarded { was_stale: bool, stored: Option<Duration> },
    /// Somebody who asked the same at the same time had called the provider already.
    Collapsed,
    /// The caller wanted nothing of the cache.
    Bypassed,
}

/// What was found under a key.
enum Found {
    Fresh(Arc<Entry>, Status),
    Stale,
    Nothing,
}

impl Cache {
    /// A cache of at most `capacity` bytes. Where that is 0, nothing is kept, and calls are still made only once.
    pub fn new(capacity: u64) -> Self {
        Self { store: Store::new(capacity), flights: Flights::default() }
    }

    /// The answer under `key` that is not older than `ttl`, or that of `call`, which is kept for so long.
    ///
    /// Of those who ask for a key at the same time, one makes its call and the others wait for what comes of it. When
    /// the one leaves or fails, another makes its own call; who has waited for two that failed gets the second's error.
    pub async fn answer(
        &self,
        key: Key,
        ttl: Duration,
        call: impl AsyncFnOnce() -> Result<Response, ConverseError>,
    ) -> Result<(Answer, Status), ConverseError> {
        let mut has_seen_failure = false;
        loop {
            let was_stale = match self.find(&key, ttl) {
                Found::Fresh(entry, hit) => return Ok((entry.answer(), hit)),
                found => matches!(found, Found::Stale),
            };
            match self.flights.board(key) {
                Seat::Leader(leader) => {
                    // The one before may have landed between the look and the boarding.
                    if matches!(self.find(&key, ttl), Found::Fresh(..)) {
                        continue;
                    }
                    let entry = call().await.map(|response| Entry::new(response, ttl));
                    return self.land(leader, key, entry, was_stale);
                }
                Seat::Follower(follower) => match follower.landed().await {
                    Some(Ok(entry)) => return Ok((entry.answer(), Status::Collapsed)),
                    Some(Err(error)) if has_seen_failure => return Err(error),
                    Some(Err(_)) => has_seen_failure = true,
                    None => {}
                },
            }
        }
    }

    /// How full it is, and what had to leave it.
    pub fn state(&self) -> State {
        self.store.state()
    }

    fn find(&self, key: &Key, ttl: Duration) -> Found {
        let Some(entry) = self.store.get(key) else { return Found::Nothing };
        match entry.hit(ttl) {
            Some(hit) => Found::Fresh(entry, hit),
            None => Found::Stale,
        }
    }

    fn land(
        &self,
        leader: Leader,
        key: Key,
        outcome: Result<Entry, ConverseError>,
        was_stale: bool,
    ) -> Result<(Answer, Status), ConverseError> {
        let outcome = outcome.map(Arc::new);
        let stored = outcome.as_ref().ok().filter(|entry| self.store.put(key, entry)).map(|entry| entry.ttl());
        leader.land(outcome.clone());
        outcome.map(|entry| (entry.answer(), Status::Forwarded { was_stale, stored }))
    }
}
