//! What is counted of a component: how its provider failed, and what its calls were refused. Knows no guest.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Fault;

/// What a call, or a part of one, was refused for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No place.
    Busy,
    /// The component rests.
    Resting,
    /// An origin that is not granted.
    NotGranted,
    /// An address that its grant does not cover.
    Address,
    /// A secret where none may be.
    Secret,
    /// A header or a method that is the host's.
    Header,
    /// A request that is malformed or too large.
    Request,
    /// One more exchange than may be open.
    Exchange,
    /// More time than a call may take, or a vendor for its part of it.
    Time,
    /// A line of the log too many.
    Log,
}

impl Refusal {
    /// In the order of the enumeration.
    const NAMES: [&str; 10] =
        ["busy", "resting", "not-granted", "address", "secret", "header", "request", "exchange", "time", "log"];
}

/// The counts of one component.
#[derive(Debug, Default)]
pub(super) struct Tally {
    faults: [AtomicU64; Fault::KINDS.len()],
    refusals: [AtomicU64; Refusal::NAMES.len()],
}

impl Tally {
    pub(super) fn fault(&self, fault: &Fault) {
        let counters = self.faults.iter().zip(Fault::KINDS);
        counters.filter(|(_, kind)| *kind == fault.kind()).for_each(|(counter, _)| add(counter));
    }

    pub(super) fn refusal(&self, refusal: Refusal) {
        self.refusals.get(refusal as usize).into_iter().for_each(add);
    }

    pub(super) fn faults(&self) -> Vec<(&'static str, u64)> {
        read(&Fault::KINDS, &self.faults)
    }

    pub(super) fn refusals(&self) -> Vec<(&'static str, u64)> {
        read(&Refusal::NAMES, &self.refusals)
    }
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn read(names: &[&'static str], counters: &[AtomicU64]) -> Vec<(&'static str, u64)> {
    names.iter().zip(counters).map(|(name, counter)| (*name, counter.load(Ordering::Relaxed))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(counts: Vec<(&'static str, u64)>) -> Vec<&'static str> {
        counts.into_iter().filter(|(_, count)| *count == 1).map(|(name, _)| name).collect()
    }

    #[test]
    fn each_is_counted_under_its_own_name() {
        let tally = Tally::default();
        tally.fault(&Fault::Events(3));
        tally.refusal(Refusal::Log);
        tally.refusal(Refusal::Busy);
        assert_eq!(counted(tally.faults()), ["events"]);
        assert_eq!(counted(tally.refusals()), ["busy", "log"]);
    }
}
