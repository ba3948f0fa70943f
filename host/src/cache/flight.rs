//! Who makes the call, of those who ask the same at the same time.
//!
//! moka has this too, and gives up with a panic when two hundred leaders in a row have left, which is for any client to
//! bring about.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::entry::Entry;
use super::key::Key;
use crate::error::ConverseError;

type Outcome = Result<Arc<Entry>, ConverseError>;

/// The calls that are being made.
#[derive(Clone, Default)]
pub(super) struct Flights(Arc<Mutex<HashMap<Key, watch::Receiver<Option<Outcome>>>>>);

pub(super) enum Seat {
    Leader(Leader),
    Follower(Follower),
}

/// Makes the call. When it is dropped without an outcome, the followers find out.
pub(super) struct Leader {
    flights: Flights,
    key: Key,
    outcome: Option<Outcome>,
    landing: watch::Sender<Option<Outcome>>,
}

/// Waits for a leader.
pub(super) struct Follower(watch::Receiver<Option<Outcome>>);

impl Flights {
    /// A seat on the flight of that key: its leader's, if nobody else is.
    pub(super) fn board(&self, key: Key) -> Seat {
        match self.lock().entry(key) {
            Place::Occupied(taken) => Seat::Follower(Follower(taken.get().clone())),
            Place::Vacant(free) => {
                let (landing, followed) = watch::channel(None);
                free.insert(followed);
                Seat::Leader(Leader { flights: self.clone(), key, outcome: None, landing })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, watch::Receiver<Option<Outcome>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leader {
    pub(super) fn land(mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        // First this, so that a follower who boards anew does not find the flight that has ended.
        self.flights.lock().remove(&self.key);
        if let Some(outcome) = self.outcome.take() {
            self.landing.send_replace(Some(outcome));
        }
    }
}

impl Follower {
    /// What has come of the leader's call; nothing, if the leader has left.
    pub(super) async fn landed(mut self) -> Option<Outcome> {
        self.0.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone())
    }
}
