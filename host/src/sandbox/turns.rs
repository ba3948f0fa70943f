//! Turns at the processor for guests that compute for long: a component's guests take them among themselves, and all
//! components together leave a worker for those who don't. First come, first served. Knows no guest.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

/// The turns of a process.
#[derive(Debug)]
pub(super) struct Bench {
    all: Semaphore,
    /// How many a component may have at one time: not all of them, where there are several.
    each: usize,
}

/// A component's turns.
#[derive(Debug)]
pub(super) struct Turns {
    bench: Arc<Bench>,
    own: Semaphore,
    /// Guests that have computed for long and wait to go on.
    waiting: AtomicUsize,
}

/// A turn that is on. Dropping it lets the next one have its own.
#[derive(Debug)]
pub(super) struct Turn(Arc<Turns>);

/// A guest in the queue.
struct Waiting<'a>(&'a AtomicUsize);

impl Bench {
    /// For so many processors.
    pub(super) fn new(processors: NonZeroUsize) -> Arc<Self> {
        let turns = processors.get().saturating_sub(1).max(1);
        Arc::new(Self { all: Semaphore::new(turns), each: (turns / 2).max(1) })
    }

    /// Turns for one component.
    pub(super) fn turns(self: &Arc<Self>) -> Arc<Turns> {
        Arc::new(Turns { bench: Arc::clone(self), own: Semaphore::new(self.each), waiting: AtomicUsize::new(0) })
    }
}

impl Turns {
    /// A turn for a guest that has computed for long.
    pub(super) async fn next(self: &Arc<Self>) -> Option<Turn> {
        if let Some(turn) = self.free() {
            return Some(turn);
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        self.in_order().await
    }

    /// A turn for a guest that is about to begin; none where nobody waits, and that is all that ordinary guests see of it.
    /// It waits as if it had computed already: two hundred that begin at once would have two hundred ticks else.
    pub(super) async fn first(self: &Arc<Self>) -> Option<Turn> {
        if self.waiting.load(Ordering::Relaxed) == 0 { None } else { self.in_order().await }
    }

    fn free(self: &Arc<Self>) -> Option<Turn> {
        let own = self.own.try_acquire().ok()?;
        self.bench.all.try_acquire().ok().map(|all| self.turn(own, all))
    }

    /// Neither semaphore is ever closed, so there is always a turn in the end.
    async fn in_order(self: &Arc<Self>) -> Option<Turn> {
        let own = self.own.acquire().await.ok()?;
        let all = self.bench.all.acquire().await.ok()?;
        Some(self.turn(own, all))
    }

    fn turn(self: &Arc<Self>, own: SemaphorePermit<'_>, all: SemaphorePermit<'_>) -> Turn {
        own.forget();
        all.forget();
        Turn(Arc::clone(self))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.bench.all.add_permits(1);
        self.0.own.add_permits(1);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn bench(processors: usize) -> Arc<Bench> {
        Bench::new(NonZeroUsize::new(processors).unwrap())
    }

    #[tokio::test]
    async fn one_component_takes_turns_and_leaves_some_to_the_others() {
        for (processors, each, all) in [(1, 1, 1), (2, 1, 1), (4, 1, 3), (8, 3, 7)] {
            let bench = bench(processors);
            let components: Vec<_> = (0..10).map(|_| bench.turns()).collect();
            let mut on = Vec::new();
            for turns in &components {
                let own: Vec<_> = std::iter::from_fn(|| turns.next().now_or_never().flatten()).collect();
                assert!(own.len() <= each, "{processors} processors");
                on.extend(own);
            }
            assert_eq!(on.len(), all, "{processors} processors");
        }
    }

    #[tokio::test]
    async fn turns_go_round() {
        let turns = bench(2).turns();
        let first = turns.next().await;
        let (mut second, mut third) = (Box::pin(turns.next()), Box::pin(turns.next()));
        assert!(second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
        drop(first);
        // Who has had one goes behind those who wait.
        let mut again = Box::pin(turns.next());
        assert!(again.as_mut().now_or_never().is_none());
        let turn = second.now_or_never().unwrap();
        assert!(third.as_mut().now_or_never().is_none());
        drop(turn);
        drop(third.now_or_never().unwrap());
        assert!(again.now_or_never().unwrap().is_some());
        assert_eq!(turns.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn who_begins_waits_only_where_others_wait() {
        let turns = bench(2).turns();
        let on = turns.next().await;
        assert!(turns.first().now_or_never().unwrap().is_none(), "one that computes is no queue");
        let mut long = Box::pin(turns.next());
        assert!(long.as_mut().now_or_never().is_none());
        let mut begins = Box::pin(turns.first());
        assert!(begins.as_mut().now_or_never().is_none());
        drop(on);
        drop(long.now_or_never().unwrap());
        assert!(begins.now_or_never().unwrap().is_some());
    }

    #[tokio::test]
    async fn who_leaves_the_queue_holds_nobody_up() {
        let turns = bench(2).turns();
        let on = turns.next().await;
        let mut leaves = Box::pin(turns.next());
        let mut stays = Box::pin(turns.next());
        assert!(leaves.as_mut().now_or_never().is_none() && stays.as_mut().now_or_never().is_none());
        // It has been given its turn and leaves without having used it.
        drop(on);
        drop(leaves);
        assert!(stays.now_or_never().unwrap().is_some());
    }
}
