//! What one call may use of memory and processor time, and how the use is counted and shared with others.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;
use wasmtime::{ResourceLimiter, StoreContextMut, UpdateDeadline};

use super::turns::{Turn, Turns};
use crate::limits;

/// Memory and tables of one store.
#[derive(Debug)]
pub(super) struct MemoryBound {
    bytes: usize,
    /// Bytes of linear memory that the store's instances have.
    pub(super) held: usize,
    /// Whether the guest was ever refused: what it does next is its own affair, but it tells why it failed.
    pub(super) refused: bool,
}

impl MemoryBound {
    pub(super) fn new(bytes: usize) -> Self {
        Self { bytes, held: 0, refused: false }
    }
}

impl ResourceLimiter for MemoryBound {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let all = self.held.saturating_add(desired.saturating_sub(current));
        let granted = all <= self.bytes;
        self.refused |= !granted;
        if granted {
            self.held = all;
        }
        Ok(granted)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = desired <= limits::GUEST_TABLE_ELEMENTS;
        self.refused |= !granted;
        Ok(granted)
    }
}

/// Processor time of one call: the time spent inside polls of its future. Waiting for the network is outside them, so a
/// slow vendor costs a provider nothing, however often it is woken.
#[derive(Debug)]
pub(super) struct Meter {
    born: Instant,
    budget: Duration,
    /// Nanoseconds used in finished polls.
    used: AtomicU64,
    /// When the running poll began, in nanoseconds since `born`.
    poll_began: AtomicU64,
    turns: Arc<Turns>,
    /// The guest's turn, for as long as the poll lasts in which it is on.
    turn: Mutex<Option<Turn>>,
    has_turn: AtomicBool,
    /// Whether a tick has stopped the guest, which would go on if it might.
    is_stopped: AtomicBool,
}

impl Meter {
    pub(super) fn new(budget: Duration, turns: &Arc<Turns>) -> Arc<Self> {
        Arc::new(Self {
            born: Instant::now(),
            budget,
            used: AtomicU64::new(0),
            poll_began: AtomicU64::new(0),
            turns: Arc::clone(turns),
            turn: Mutex::new(None),
            has_turn: AtomicBool::new(false),
            is_stopped: AtomicBool::new(false),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// The time of the poll that goes on.
    fn running(&self) -> Duration {
        Duration::from_nanos(self.now().saturating_sub(self.poll_began.load(Ordering::Relaxed)))
    }

    fn is_exceeded(&self) -> bool {
        let used = Duration::from_nanos(self.used.load(Ordering::Relaxed));
        used.saturating_add(self.running()) > self.budget
    }

    /// Whether the guest is stopped by a tick, and so computing, where it is not running: it waits for nothing but to go on.
    pub(super) fn is_computing(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    /// Waits before the guest is entered, where others of its component wait to go on. Else it costs an atomic load.
    pub(super) async fn may_begin(&self) {
        if !self.has_turn.load(Ordering::Relaxed)
            && let Some(turn) = self.turns.first().await
        {
            self.begin_turn(Some(turn));
        }
    }

    /// Waits until the guest may go on, when it has computed for long.
    async fn may_go_on(&self, is_long: bool) {
        // In tokio's own way: a guest that only woke itself would be polled 61 times before its worker looked at a socket.
        tokio::task::yield_now().await;
        if is_long {
            self.begin_turn(self.turns.next().await);
        }
        self.is_stopped.store(false, Ordering::Relaxed);
    }

    fn begin_turn(&self, turn: Option<Turn>) {
        self.has_turn.store(turn.is_some(), Ordering::Relaxed);
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = turn;
    }

    fn end_turn(&self) {
        if self.has_turn.load(Ordering::Relaxed) {
            self.begin_turn(None);
        }
    }

    /// At every tick, lets others run and ends the guest when its budget is used up. One that has computed for long goes on
    /// when its turn has come.
    pub(super) fn on_epoch<T>(
        self: Arc<Self>,
    ) -> impl FnMut(StoreContextMut<'_, T>) -> wasmtime::Result<UpdateDeadline> + Send + Sync + 'static {
        move |_| {
            if self.is_exceeded() {
                return Ok(UpdateDeadline::Interrupt);
            }
            self.end_turn();
            self.is_stopped.store(true, Ordering::Relaxed);
            let (meter, is_long) = (Arc::clone(&self), self.running() > limits::LONG_COMPUTING);
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(async move { meter.may_go_on(is_long).await })))
        }
    }

    /// Counts the time that `future` spends in its polls.
    pub(super) fn count<F: Future + Unpin>(self: &Arc<Self>, future: F) -> Metered<F> {
        Metered { meter: Arc::clone(self), future }
    }
}

/// A future whose polls are counted.
pub(super) struct Metered<F> {
    meter: Arc<Meter>,
    future: F,
}

impl<F: Future + Unpin> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let began = self.meter.now();
        self.meter.poll_began.store(began, Ordering::Relaxed);
        let polled = Pin::new(&mut self.future).poll(cx);
        let spent = self.meter.now().saturating_sub(began);
        self.meter.used.fetch_add(spent, Ordering::Relaxed);
        // Whatever the guest waits for now, others need not wait for it.
        self.meter.end_turn();
        polled
    }
}
