//! Places for running providers: as many as a component may have, and of the process's a few kept for each component, so
//! that none can be shut out by the others. Knows no guest.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use crate::error::Busy;
use crate::limits;

/// How many places a process has. wasmtime's pool has a slot for each of them, so that it never runs dry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// For whoever comes first.
    pub(super) shared: usize,
    /// For components by themselves.
    pub(super) reserved: usize,
    /// How many of the reserved ones a component gets, as long as there are any.
    pub(super) each: usize,
    /// Calls of one component that may wait for a place.
    pub(super) queue: usize,
}

impl Room {
    pub(super) const PROCESS: Self = Self {
        shared: limits::RUNNING_PROVIDERS,
        reserved: limits::RESERVED_PLACES,
        each: limits::RESERVED_EACH,
        queue: limits::WAITING_CALLS,
    };

    /// All places, and so the slots of the pool.
    pub(super) const fn slots(self) -> usize {
        self.shared + self.reserved
    }
}

/// The places of a process.
#[derive(Debug)]
pub(super) struct Hall {
    room: Room,
    shared: Semaphore,
    /// Of the reserved ones, those that no component has yet.
    unclaimed: Mutex<usize>,
}

/// A component's places. However often the component is loaded anew, they are the same.
#[derive(Debug)]
pub(super) struct Places {
    hall: Arc<Hall>,
    own: Semaphore,
    limit: Mutex<usize>,
    /// Places that are taken and must not be given out again, because the limit was lowered since.
    debt: AtomicUsize,
    reserved: Semaphore,
    reserve: usize,
    running: AtomicUsize,
    waiting: AtomicUsize,
}

/// A place that is taken. Dropping it gives it to the next.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    seat: Seat,
}

/// Which of the process's places it is.
#[derive(Debug, Clone, Copy)]
enum Seat {
    Reserved,
    Shared,
}

/// A call in the queue.
struct Waiting<'a>(&'a AtomicUsize);

impl Hall {
    pub(super) fn new(room: Room) -> Arc<Self> {
        Arc::new(Self { room, shared: Semaphore::new(room.shared), unclaimed: Mutex::new(room.reserved) })
    }

    /// Places for one component, which gives what is reserved for it back when it is gone.
    pub(super) fn places(self: &Arc<Self>, limit: usize) -> Arc<Places> {
        let mut unclaimed = self.unclaimed.lock().unwrap_or_else(PoisonError::into_inner);
        let reserve = self.room.each.min(*unclaimed);
        *unclaimed -= reserve;
        Arc::new(Places {
            hall: Arc::clone(self),
            own: Semaphore::new(limit),
            limit: Mutex::new(limit),
            debt: AtomicUsize::new(0),
            reserved: Semaphore::new(reserve),
            reserve,
            running: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
        })
    }
}

impl Places {
    /// A place, as soon as there is one.
    ///
    /// # Errors
    /// When there was none within `patience`, or too many calls wait already.
    pub(super) async fn take(self: &Arc<Self>, patience: Duration) -> Result<Place, Busy> {
        if let Some(place) = self.free() {
            return Ok(place);
        }
        let _waiting = self.queue_up()?;
        let end = Instant::now() + patience;
        let Ok(Ok(own)) = timeout_at(end, self.own.acquire()).await else {
            return Err(Busy::Component { limit: self.limit(), waited: patience });
        };
        let Ok(seat) = timeout_at(end, self.seat()).await else { return Err(Busy::Host { waited: patience }) };
        Ok(self.place(own, seat))
    }

    /// A place that is free now. Those who wait are never passed by: a place that is given up is theirs before it is free.
    fn free(self: &Arc<Self>) -> Option<Place> {
        let own = self.own.try_acquire().ok()?;
        self.free_seat().map(|seat| self.place(own, seat))
    }

    fn place(self: &Arc<Self>, own: SemaphorePermit<'_>, seat: Seat) -> Place {
        own.forget();
        self.running.fetch_add(1, Ordering::Relaxed);
        Place { places: Arc::clone(self), seat }
    }

    fn free_seat(&self) -> Option<Seat> {
        let reserved = self.reserved.try_acquire().map(|permit| (permit, Seat::Reserved));
        let free = reserved.or_else(|_| self.hall.shared.try_acquire().map(|permit| (permit, Seat::Shared)));
        let (permit, seat) = free.ok()?;
        permit.forget();
        Some(seat)
    }

    async fn seat(&self) -> Seat {
        if let Some(seat) = self.free_seat() {
            return seat;
        }
        // Neither is ever closed, so what is ready is a permit.
        let (permit, seat) = tokio::select! {
            biased;
            permit = self.reserved.acquire() => (permit, Seat::Reserved),
            permit = self.hall.shared.acquire() => (permit, Seat::Shared),
        };
        permit.into_iter().for_each(SemaphorePermit::forget);
        seat
    }

    fn queue_up(&self) -> Result<Waiting<'_>, Busy> {
        let waiting = Waiting(&self.waiting);
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let most = self.hall.room.queue;
        if before < most { Ok(waiting) } else { Err(Busy::Queue { waiting: most }) }
    }

    fn limit(&self) -> usize {
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the component from now on so many places, those included that are taken.
    pub(super) fn set_limit(&self, limit: usize) {
        let mut before = self.limit.lock().unwrap_or_else(PoisonError::into_inner);
        match limit.checked_sub(*before) {
            Some(more) => self.own.add_permits(more - self.repay(more)),
            None => {
                let fewer = *before - limit;
                self.debt.fetch_add(fewer - self.own.forget_permits(fewer), Ordering::Relaxed);
            }
        }
        *before = limit;
    }

    /// Makes up for at most so many places that must not be given out again; how many those were.
    fn repay(&self, most: usize) -> usize {
        let pay = |debt: usize| (debt > 0).then(|| debt - debt.min(most));
        self.debt.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay).map_or(0, |debt| debt.min(most))
    }

    /// Calls that have a place.
    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Calls that wait for one.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let places = &self.places;
        match self.seat {
            Seat::Reserved => places.reserved.add_permits(1),
            Seat::Shared => places.hall.shared.add_permits(1),
        }
        places.running.fetch_sub(1, Ordering::Relaxed);
        places.own.add_permits(1 - places.repay(1));
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        *self.hall.unclaimed.lock().unwrap_or_else(PoisonError::into_inner) += self.reserve;
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
    use futures_util::future::join_all;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);
    const ROOM: Room = Room { shared: 4, reserved: 4, each: 2, queue: 3 };

    async fn taken(places: &Arc<Places>, count: usize) -> Vec<Place> {
        join_all((0..count).map(|_| places.take(Duration::ZERO))).await.into_iter().map(Result::unwrap).collect()
    }

    async fn busy(places: &Arc<Places>) -> Busy {
        places.take(PATIENCE).await.unwrap_err()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_for_a_component_no_other_can_take() {
        let hall = Hall::new(ROOM);
        let (greedy, modest) = (hall.places(100), hall.places(100));
        let held = taken(&greedy, ROOM.shared + ROOM.each).await;
        assert_eq!(busy(&greedy).await, Busy::Host { waited: PATIENCE });
        let own = taken(&modest, ROOM.each).await;
        assert_eq!(busy(&modest).await, Busy::Host { waited: PATIENCE });
        assert_eq!(held.len() + own.len(), ROOM.slots(), "the pool has a slot for each");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_waits_gets_the_place_that_is_given_up_whichever_it_is() {
        let hall = Hall::new(ROOM);
        let (greedy, modest) = (hall.places(100), hall.places(100));
        let (mut held, mut own) = (taken(&greedy, 6).await, taken(&modest, 2).await);
        for _ in 0..2 {
            let (next, ()) = tokio::join!(modest.take(PATIENCE), async { drop(held.pop()) });
            own.push(next.unwrap());
            let (next, ()) = tokio::join!(modest.take(PATIENCE), async { drop(own.remove(0)) });
            own.push(next.unwrap());
        }
        assert_eq!((greedy.running(), modest.running(), modest.waiting()), (4, 4, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_component_has_no_more_than_its_limit_and_its_queue_is_bounded() {
        let places = Hall::new(ROOM).places(1);
        let held = taken(&places, 1).await;
        let began = Instant::now();
        let mut waiting: Vec<_> = (0..ROOM.queue).map(|_| Box::pin(places.take(PATIENCE))).collect();
        assert!(waiting.iter_mut().all(|call| call.now_or_never().is_none()));
        assert_eq!(places.waiting(), ROOM.queue);
        assert_eq!(places.take(PATIENCE).now_or_never().unwrap().unwrap_err(), Busy::Queue { waiting: ROOM.queue });
        for refused in join_all(waiting).await {
            assert_eq!(refused.unwrap_err(), Busy::Component { limit: 1, waited: PATIENCE });
        }
        assert_eq!((began.elapsed(), places.waiting()), (PATIENCE, 0));
        drop(held);
        assert_eq!(taken(&places, 1).await.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_newest_limit_holds_for_calls_that_run_already() {
        let places = Hall::new(Room { shared: 100, ..ROOM }).places(4);
        let mut held = taken(&places, 4).await;
        places.set_limit(2);
        held.truncate(2);
        assert_eq!(busy(&places).await, Busy::Component { limit: 2, waited: PATIENCE });
        held.pop();
        held.extend(taken(&places, 1).await);
        // Down with all of them taken, then up beyond: what was owed is not given out twice.
        places.set_limit(1);
        places.set_limit(5);
        held.extend(taken(&places, 3).await);
        assert_eq!(busy(&places).await, Busy::Component { limit: 5, waited: PATIENCE });
        drop(held);
        assert_eq!(taken(&places, 5).await.len(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_component_that_is_gone_leaves_its_reserve_to_the_next() {
        let hall = Hall::new(ROOM);
        for _ in 0..1_000 {
            let places = hall.places(100);
            let held = taken(&places, 2).await;
            drop(places);
            assert_eq!(*hall.unclaimed.lock().unwrap(), 2, "a call still runs on it");
            drop(held);
        }
        let all = [hall.places(1), hall.places(1), hall.places(1)];
        assert_eq!(all.each_ref().map(|places| places.reserve), [2, 2, 0]);
        assert_eq!((hall.shared.available_permits(), taken(&all[2], 1).await.len()), (4, 1));
    }
}
