//! A provider's words on their way into the host's log: masked, cut, and no more of them than a component may say.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::bindings::log::Level;
use super::provider::Setup;
use super::redact;
use super::tally::Refusal;
use crate::limits;

/// Hides personal data in a line.
pub type Veil = fn(&str) -> Cow<'_, str>;

/// The lines of one component, over all its calls.
#[derive(Debug, Default)]
pub(super) struct LineRate {
    second: Mutex<Second>,
    /// Whether lines were dropped that nobody was told of.
    owes: AtomicBool,
}

#[derive(Debug, Default)]
struct Second {
    began: Option<Instant>,
    lines: u32,
    dropped: u64,
}

impl LineRate {
    /// Whether one more line may be written; and how many were dropped before it, once their second is over.
    fn admit(&self) -> (bool, Option<u64>) {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        let dropped = second.over().filter(|dropped| *dropped > 0);
        let is_admitted = second.lines < limits::GUEST_LOG_RATE;
        if is_admitted {
            second.lines += 1;
        } else {
            second.dropped += 1;
        }
        self.owes.store(second.dropped > 0, Ordering::Relaxed);
        (is_admitted, dropped)
    }

    /// How many lines were dropped, once their second is over and when nobody was told. An atomic load where there were none.
    fn settle(&self) -> Option<u64> {
        if !self.owes.load(Ordering::Relaxed) {
            return None;
        }
        let dropped = self.second.lock().unwrap_or_else(PoisonError::into_inner).over();
        self.owes.store(dropped.is_none(), Ordering::Relaxed);
        dropped.filter(|dropped| *dropped > 0)
    }
}

impl Second {
    /// Begins anew when its time is over: what was dropped in it.
    fn over(&mut self) -> Option<u64> {
        let is_over = self.began.is_none_or(|began| began.elapsed() >= Duration::from_secs(1));
        is_over.then(|| std::mem::replace(self, Self { began: Some(Instant::now()), lines: 0, dropped: 0 }).dropped)
    }
}

/// Writes the `number`th line of a call, counted from 1, where it may; behind a veil, where the call has one.
pub(super) fn write(setup: &Setup, number: u32, level: Level, message: &str, veil: Option<Veil>) {
    let most = setup.limits.log;
    if number > most {
        setup.share.tally.refusal(Refusal::Log);
        if number == most.saturating_add(1) && admit(setup) {
            let what = "further lines of this call are dropped, it may log";
            tracing::warn!(target: "parlor::guest", component = setup.component, "{what} {most}; raise `spec.wasm.limits.log`");
        }
        return;
    }
    if !admit(setup) {
        setup.share.tally.refusal(Refusal::Log);
        return;
    }
    let component = setup.component.as_str();
    let redacted = setup.grant.secrets().redact(message);
    // Twice as much is looked through, so that the cut leaves no half of what would have been hidden.
    let seen = redact::shortened(&redacted, 2 * limits::GUEST_LOG_LENGTH);
    let veiled = veil.map_or(Cow::Borrowed(seen), |veil| veil(seen));
    let line = redact::shortened(&veiled, limits::GUEST_LOG_LENGTH);
    match level {
        Level::Trace => tracing::trace!(target: "parlor::guest", component, "{line}"),
        Level::Debug => tracing::debug!(target: "parlor::guest", component, "{line}"),
        Level::Info => tracing::info!(target: "parlor::guest", component, "{line}"),
        Level::Warn => tracing::warn!(target: "parlor::guest", component, "{line}"),
        Level::Error => tracing::error!(target: "parlor::guest", component, "{line}"),
    }
}

/// Tells of lines that were dropped a while ago, if there were any.
pub(super) fn settle(setup: &Setup) {
    setup.share.lines.settle().into_iter().for_each(|dropped| tell(setup, dropped));
}

fn admit(setup: &Setup) -> bool {
    let (is_admitted, dropped) = setup.share.lines.admit();
    dropped.into_iter().for_each(|dropped| tell(setup, dropped));
    is_admitted
}

fn tell(setup: &Setup, dropped: u64) {
    let most = limits::GUEST_LOG_RATE;
    let component = setup.component.as_str();
    tracing::warn!(target: "parlor::guest", component, "{dropped} lines were dropped, a component may log {most} in a second");
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_component_says_so_much_a_second_and_it_is_told_once_how_much_was_dropped() {
        let rate = LineRate::default();
        for _ in 0..3 {
            assert_eq!(rate.settle(), None);
            for line in 0..limits::GUEST_LOG_RATE + 5 {
                assert_eq!(rate.admit(), (line < limits::GUEST_LOG_RATE, None), "{line}");
            }
            assert_eq!(rate.settle(), None, "more may come");
            advance(SECOND).await;
            assert_eq!(rate.settle(), Some(5));
        }
        for _ in 0..limits::GUEST_LOG_RATE + 2 {
            rate.admit();
        }
        advance(SECOND).await;
        assert_eq!(rate.admit(), (true, Some(2)));
        assert_eq!((rate.settle(), rate.admit()), (None, (true, None)));
    }
}
