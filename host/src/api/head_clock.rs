//! How long a client may take over the head of a request, counted as Go's `net/http` counts it: from the head's first
//! byte on. Between two calls a connection may be silent for as long as its client likes; clients keep connections open
//! for later, and lose a call when a server closes one under their hands.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Sleep, Timer};
use tokio::io::AsyncRead;
use tokio::time::{Instant, sleep_until};
use tokio_util::io::InspectReader;

/// Of one connection: what it tells hyper in place of the time.
#[derive(Debug, Clone, Default)]
pub(super) struct HeadClock(Arc<Mutex<Heard>>);

#[derive(Debug, Default)]
struct Heard {
    /// The first byte since the last wait for a head began.
    since: Option<Instant>,
    /// Whether a wait has begun. The first one begins when some bytes of its head have been read already.
    has_waited: bool,
}

impl HeadClock {
    /// The same stream, to which this clock listens.
    pub(super) fn listen_to<I: AsyncRead>(&self, stream: I) -> InspectReader<I, impl FnMut(&[u8]) + use<I>> {
        let clock = self.clone();
        InspectReader::new(stream, move |bytes| {
            if !bytes.is_empty() {
                clock.heard().since.get_or_insert_with(Instant::now);
            }
        })
    }

    /// Whether the client has yet to say its first word.
    pub(super) fn is_silent(&self) -> bool {
        let heard = self.heard();
        heard.since.is_none() && !heard.has_waited
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin_to_wait(&self) {
        let mut heard = self.heard();
        if heard.has_waited {
            heard.since = None;
        }
        heard.has_waited = true;
    }
}

#[expect(clippy::disallowed_types, reason = "hyper's trait speaks of the standard library's time")]
impl Timer for HeadClock {
    fn sleep(&self, limit: Duration) -> Pin<Box<dyn Sleep>> {
        self.begin_to_wait();
        Box::pin(Wait { clock: self.clone(), limit, sleep: None })
    }

    fn sleep_until(&self, deadline: std::time::Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(deadline.saturating_duration_since(self.now()))
    }

    fn now(&self) -> std::time::Instant {
        Instant::now().into()
    }
}

/// Ends when a head has taken longer than its limit. Most heads come whole: their waits never set a timer.
struct Wait {
    clock: HeadClock,
    limit: Duration,
    /// From the head's first byte on.
    sleep: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Sleep for Wait {}

impl Future for Wait {
    type Output = ();

    /// Hyper polls it whenever bytes have come and the head is not whole.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(since) = self.clock.heard().since else { return Poll::Pending };
        let limit = self.limit;
        self.sleep.get_or_insert_with(|| Box::pin(sleep_until(since + limit))).as_mut().poll(context)
    }
}
