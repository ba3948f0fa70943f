//! What one call may use of memory and processor time, and how the use is counted.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;
use wasmtime::{ResourceLimiter, StoreContextMut, UpdateDeadline};

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
        let granted = desired <= self.bytes;
        self.refused |= !granted;
        if granted {
            self.held = self.held.saturating_add(desired.saturating_sub(current));
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
}

impl Meter {
    pub(super) fn new(budget: Duration) -> Arc<Self> {
        Arc::new(Self { born: Instant::now(), budget, used: AtomicU64::new(0), poll_began: AtomicU64::new(0) })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    pub(super) fn is_exceeded(&self) -> bool {
        let running = self.now().saturating_sub(self.poll_began.load(Ordering::Relaxed));
        let used = self.used.load(Ordering::Relaxed).saturating_add(running);
        Duration::from_nanos(used) > self.budget
    }

    /// Lets other tasks run at every tick, and ends the guest when its budget is used up. Yields in tokio's own way: a
    /// guest that only woke itself would be polled 61 times before its worker looked at a socket again.
    pub(super) fn on_epoch<T>(
        self: Arc<Self>,
    ) -> impl FnMut(StoreContextMut<'_, T>) -> wasmtime::Result<UpdateDeadline> + Send + Sync + 'static {
        move |_| {
            Ok(match self.is_exceeded() {
                true => UpdateDeadline::Interrupt,
                false => UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())),
            })
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
        polled
    }
}
