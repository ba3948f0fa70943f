//! The clock by which running guests are looked at, in a thread of its own so that busy guests can't hold it up. It stands
//! still while there are none: a host that nobody calls wakes no processor.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::thread::{self, JoinHandle};

use crate::limits;

/// Ticks while there are guests, and a little longer. Its thread ends with it.
pub(super) struct Ticker {
    clock: Arc<Clock>,
    thread: Option<JoinHandle<()>>,
}

/// There is a guest for as long as there is this.
pub(super) struct Guest {
    _clock: Arc<Clock>,
}

#[derive(Default)]
struct Clock {
    stands_still: AtomicBool,
    has_ended: AtomicBool,
}

impl Ticker {
    /// Calls `tick` every [`limits::EPOCH`].
    ///
    /// # Errors
    /// When there can be no more threads.
    pub(super) fn start(tick: impl Fn() + Send + 'static) -> io::Result<Self> {
        let clock = Arc::new(Clock::default());
        let running = Arc::clone(&clock);
        let thread = thread::Builder::new().name("epoch".to_owned()).spawn(move || running.run(tick))?;
        Ok(Self { clock, thread: Some(thread) })
    }

    /// Ticks for a guest that is about to run.
    pub(super) fn guest(&self) -> Guest {
        let guest = Guest { _clock: Arc::clone(&self.clock) };
        // The thread says that it stands still, then looks for guests. One of the two sees the other.
        fence(Ordering::SeqCst);
        if self.clock.stands_still.load(Ordering::Relaxed) {
            self.wake();
        }
        guest
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.clock.has_ended.store(true, Ordering::Relaxed);
        self.wake();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

impl Clock {
    fn run(self: Arc<Self>, tick: impl Fn()) {
        let mut idle_ticks = 0;
        while !self.has_ended.load(Ordering::Relaxed) {
            thread::park_timeout(limits::EPOCH);
            tick();
            idle_ticks = if self.has_guests() { 0 } else { idle_ticks + 1 };
            if idle_ticks == limits::IDLE_TICKS {
                self.stand_still();
                idle_ticks = 0;
            }
        }
    }

    /// Waits for a guest, or the end.
    fn stand_still(self: &Arc<Self>) {
        self.stands_still.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if !self.has_guests() && !self.has_ended.load(Ordering::Relaxed) {
            thread::park();
        }
        self.stands_still.store(false, Ordering::Relaxed);
    }

    fn has_guests(self: &Arc<Self>) -> bool {
        /// The ticker and its thread.
        const OTHERS: usize = 2;
        Arc::strong_count(self) > OTHERS
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;

    fn until(what: &str, is_so: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_so() {
            assert!(start.elapsed() < Duration::from_secs(60), "{what}");
            thread::yield_now();
        }
    }

    #[test]
    fn it_ticks_while_there_are_guests_and_stands_still_after_them() {
        let ticks = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&ticks);
        let ticker = Ticker::start(move || _ = counted.fetch_add(1, Ordering::Relaxed)).unwrap();
        let ticks = || ticks.load(Ordering::Relaxed);
        for _ in 0..2 {
            until("it stands still", || ticker.clock.stands_still.load(Ordering::Relaxed));
            let before = ticks();
            let guest = ticker.guest();
            let long = before + u64::from(limits::IDLE_TICKS) + 10;
            until("it ticks", || ticks() > long);
            drop(guest);
        }
    }

    #[test]
    fn its_thread_ends_with_it_whether_it_ticks_or_not() {
        for stands_still in [false, true] {
            let ticker = Ticker::start(|| {}).unwrap();
            until("it is so", || ticker.clock.stands_still.load(Ordering::Relaxed) == stands_still);
            let clock = Arc::downgrade(&ticker.clock);
            drop(ticker);
            assert_eq!(clock.strong_count(), 0);
        }
    }
}
