//! One answer that was given, and for how long it may be given again.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use tokio::time::Instant;

use super::Status;
use crate::answer::{Answer, events_of};
use crate::conversation::{Candidate, Event, FinishReason, Part, Response};

/// What an entry takes beside its events: the key, this record, and the store's own book-keeping for it, as measured.
const OVERHEAD: usize = 640;

/// An answer as events, so that it can be given whole or as if it came.
#[derive(Debug)]
pub(super) struct Entry {
    events: Vec<Event>,
    is_worth_keeping: bool,
    bytes: u32,
    told_at: Instant,
    ttl: Duration,
}

impl Entry {
    pub(super) fn new(response: Response, ttl: Duration) -> Self {
        let is_worth_keeping = is_whole(&response);
        // The copy has no more room than it needs, where texts that came in pieces may have twice that.
        let events = events_of(response).clone();
        Self { bytes: weight(&events), events, is_worth_keeping, told_at: Instant::now(), ttl }
    }

    pub(super) fn answer(&self) -> Answer {
        Answer::Whole(self.events.clone())
    }

    pub(super) fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Bytes of memory, about.
    pub(super) fn bytes(&self) -> u32 {
        self.bytes
    }

    pub(super) fn is_worth_keeping(&self) -> bool {
        self.is_worth_keeping
    }

    /// How it is told to one who takes nothing older than `ttl`; nothing when it is too old.
    pub(super) fn hit(&self, ttl: Duration) -> Option<Status> {
        let age = self.told_at.elapsed();
        let left = self.ttl.min(ttl).checked_sub(age).filter(|left| !left.is_zero())?;
        Some(Status::Hit { age, left })
    }
}

/// Whether an answer says something and came to its own end. One that a limit, a filter or a failure cut short may come out
/// better another time.
fn is_whole(response: &Response) -> bool {
    let ended = |candidate: &Candidate| {
        matches!(
            candidate.finish_reason,
            FinishReason::Stop | FinishReason::ToolCalls | FinishReason::Refusal | FinishReason::Other(_)
        )
    };
    let says = |part: &Part| !matches!(part, Part::Text(text) if text.is_empty());
    let candidates = &response.candidates;
    candidates.iter().all(ended) && candidates.iter().flat_map(|candidate| &candidate.parts).any(says)
}

/// The bytes of an answer's events: their own and those of all that they hold, counted as they would be hashed.
fn weight(events: &[Event]) -> u32 {
    struct Counter(usize);
    impl Hasher for Counter {
        fn write(&mut self, bytes: &[u8]) {
            self.0 += bytes.len();
        }

        fn finish(&self) -> u64 {
            self.0 as u64
        }
    }
    let mut counter = Counter(OVERHEAD + size_of_val(events));
    events.hash(&mut counter);
    u32::try_from(counter.0).unwrap_or(u32::MAX)
}
