//! What a component has of the process: places, turns at the processor, lines in the log; and what is counted of it. It is
//! the component's by its name, so that loading it anew changes nothing but its limits.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::guest_log::LineRate;
use super::places::{Hall, Places, Room};
use super::provider::GuestLimits;
use super::rest::Rest;
use super::tally::Tally;
use super::turns::{Bench, Turns};

/// The shares of all components of a process. Cheap to clone.
#[derive(Clone)]
pub struct Shares(Arc<Inner>);

struct Inner {
    hall: Arc<Hall>,
    bench: Arc<Bench>,
    by_name: Mutex<BTreeMap<String, Weak<Share>>>,
}

/// One component's.
pub(super) struct Share {
    pub(super) places: Arc<Places>,
    pub(super) turns: Arc<Turns>,
    pub(super) lines: LineRate,
    pub(super) tally: Tally,
    latest: Mutex<Latest>,
    name: String,
    /// Where it is listed, for as long as anything of the component is left.
    shares: Weak<Inner>,
}

/// What the latest loading of the component has.
struct Latest {
    limits: GuestLimits,
    rest: Weak<Rest>,
}

/// How a component is at one moment.
#[derive(Debug)]
pub struct ComponentState {
    pub name: String,
    pub limits: GuestLimits,
    /// Calls that have a place.
    pub running: usize,
    /// Calls that wait for one.
    pub waiting: usize,
    pub is_resting: bool,
    /// How often the provider failed as a program, in each way.
    pub faults: Vec<(&'static str, u64)>,
    /// How often something was refused, by reason.
    pub refusals: Vec<(&'static str, u64)>,
}

impl Shares {
    pub(super) fn new(room: Room, processors: NonZeroUsize) -> Self {
        let (hall, bench) = (Hall::new(room), Bench::new(processors));
        Self(Arc::new(Inner { hall, bench, by_name: Mutex::default() }))
    }

    /// The share of the component, whose limits are these from now on.
    pub(super) fn of(&self, name: &str, limits: GuestLimits, rest: &Arc<Rest>) -> Arc<Share> {
        let latest = || Latest { limits, rest: Arc::downgrade(rest) };
        let mut by_name = self.0.by_name();
        if let Some(share) = by_name.get(name).and_then(Weak::upgrade) {
            drop(by_name);
            share.places.set_limit(limits.concurrency);
            *share.latest() = latest();
            return share;
        }
        let share = Arc::new(self.unlisted(name, latest()));
        by_name.insert(name.to_owned(), Arc::downgrade(&share));
        share
    }

    /// A share for what is no component.
    pub(super) fn aside(&self, limits: GuestLimits) -> Arc<Share> {
        Arc::new(self.unlisted("", Latest { limits, rest: Weak::new() }))
    }

    fn unlisted(&self, name: &str, latest: Latest) -> Share {
        Share {
            places: self.0.hall.places(latest.limits.concurrency),
            turns: self.0.bench.turns(),
            lines: LineRate::default(),
            tally: Tally::default(),
            latest: Mutex::new(latest),
            name: name.to_owned(),
            shares: Arc::downgrade(&self.0),
        }
    }

    /// How all components are, by name.
    pub fn components(&self) -> Vec<ComponentState> {
        // Collected first: the last hold of a share must not end while the list is locked.
        let shares: Vec<_> = self.0.by_name().values().filter_map(Weak::upgrade).collect();
        shares.iter().map(|share| share.state()).collect()
    }
}

impl Inner {
    fn by_name(&self) -> MutexGuard<'_, BTreeMap<String, Weak<Share>>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    fn latest(&self) -> MutexGuard<'_, Latest> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> ComponentState {
        let (limits, rest) = {
            let latest = self.latest();
            (latest.limits, latest.rest.upgrade())
        };
        ComponentState {
            name: self.name.clone(),
            limits,
            running: self.places.running(),
            waiting: self.places.waiting(),
            is_resting: rest.is_some_and(|rest| rest.now().is_some()),
            faults: self.tally.faults(),
            refusals: self.tally.refusals(),
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let Some(shares) = self.shares.upgrade() else { return };
        let mut by_name = shares.by_name();
        // Another of the same name may be there already.
        if by_name.get(&self.name).is_some_and(|share| share.strong_count() == 0) {
            by_name.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ROOM: Room = Room { shared: 8, reserved: 2, each: 1, queue: 8 };

    fn shares() -> Shares {
        Shares::new(ROOM, NonZeroUsize::MIN)
    }

    fn limits(concurrency: usize) -> GuestLimits {
        GuestLimits { concurrency, ..GuestLimits::of_tests() }
    }

    #[tokio::test]
    async fn a_component_that_is_loaded_anew_has_no_second_share() {
        let shares = shares();
        let (old, new) = (Rest::new("acme"), Rest::new("acme"));
        let before = shares.of("acme", limits(2), &old);
        let running = before.places.take(Duration::ZERO).await.unwrap();
        before.tally.fault(&crate::error::Fault::Events(1));
        let after = shares.of("acme", limits(1), &new);
        assert!(after.places.take(Duration::ZERO).await.is_err(), "the old call has the one place");
        drop(running);
        let _running = after.places.take(Duration::ZERO).await.unwrap();
        let [state] = shares.components().try_into().unwrap();
        assert_eq!((state.limits.concurrency, state.running), (1, 1));
        assert!(state.faults.contains(&("events", 1)));
    }

    #[tokio::test]
    async fn of_a_component_that_is_gone_nothing_is_left_but_what_still_runs() {
        let shares = shares();
        for number in 0..1_000 {
            let (name, rest) = (format!("component-{number}"), Rest::new(""));
            let share = shares.of(&name, limits(4), &rest);
            let running = share.places.take(Duration::ZERO).await.unwrap();
            assert_eq!(shares.components().len(), 1);
            drop((share, running));
            assert!(shares.0.by_name().is_empty());
        }
    }

    #[tokio::test]
    async fn what_is_no_component_is_not_told_of() {
        let shares = shares();
        let aside = shares.aside(limits(1));
        let listed = shares.of("acme", limits(3), &Rest::new("acme"));
        drop(aside);
        assert_eq!(shares.components().len(), 1);
        drop(listed);
        assert!(shares.components().is_empty());
    }
}
