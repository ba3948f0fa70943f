//! Puts a component aside whose provider keeps failing as a program: for a second, and for twice as long after each try
//! that fails as well. Knows neither guests nor why they fail.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Resting;
use crate::limits;

/// How one loading of a component fares.
#[derive(Debug)]
pub(super) struct Rest {
    component: String,
    /// Faults since the last success. Below the bound, nothing else is looked at.
    in_a_row: AtomicU32,
    pause: Mutex<Option<Pause>>,
}

#[derive(Debug)]
struct Pause {
    began: Instant,
    until: Instant,
    length: Duration,
    why: String,
    /// Whether a call is under way that tries whether it is over.
    is_tried: bool,
}

/// A call that was let in, and is to say how it went. When it doesn't, it proves nothing.
#[derive(Debug)]
pub(super) struct Attempt {
    rest: Arc<Rest>,
    is_try: bool,
}

impl Rest {
    pub(super) fn new(component: &str) -> Arc<Self> {
        Arc::new(Self { component: component.to_owned(), in_a_row: AtomicU32::new(0), pause: Mutex::new(None) })
    }

    /// Lets a call in.
    ///
    /// # Errors
    /// When the component rests.
    pub(super) fn admit(self: &Arc<Self>) -> Result<Attempt, Resting> {
        let is_try = self.in_a_row.load(Ordering::Relaxed) >= limits::FAULTS_IN_A_ROW && self.admit_try()?;
        Ok(Attempt { rest: Arc::clone(self), is_try })
    }

    fn admit_try(&self) -> Result<bool, Resting> {
        let mut pause = self.pause();
        let Some(pause) = pause.as_mut() else { return Ok(false) };
        if pause.is_tried || Instant::now() < pause.until {
            return Err(pause.told());
        }
        pause.is_tried = true;
        Ok(true)
    }

    /// Since when, why and until when it rests, if it does.
    pub(super) fn now(&self) -> Option<Resting> {
        self.pause().as_ref().map(Pause::told)
    }

    fn pause(&self) -> MutexGuard<'_, Option<Pause>> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    /// The provider did its work, whatever its vendor said.
    pub(super) fn worked(&self) {
        if self.rest.in_a_row.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut pause = self.rest.pause();
        self.rest.in_a_row.store(0, Ordering::Relaxed);
        if let Some(pause) = pause.take() {
            let rested = pause.began.elapsed();
            tracing::info!(component = self.rest.component, "the component works again, it has rested for {rested:?}");
        }
    }

    /// The provider failed as a program.
    pub(super) fn failed(&self, why: impl FnOnce() -> String) {
        let mut pause = self.rest.pause();
        let in_a_row = self.rest.in_a_row.load(Ordering::Relaxed).saturating_add(1);
        self.rest.in_a_row.store(in_a_row, Ordering::Relaxed);
        match pause.as_mut() {
            Some(pause) if self.is_try => pause.go_on(why()),
            // It began before the rest did, and is no news.
            Some(_) => {}
            None if in_a_row >= limits::FAULTS_IN_A_ROW => {
                let begun = pause.insert(Pause::begin(why())).told();
                tracing::warn!(component = self.rest.component, "the component {begun}");
            }
            None => {}
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.is_try
            && let Some(pause) = self.rest.pause().as_mut()
        {
            pause.is_tried = false;
        }
    }
}

impl Pause {
    fn begin(why: String) -> Self {
        let (began, length) = (Instant::now(), limits::FIRST_REST);
        Self { began, until: began + length, length, why, is_tried: false }
    }

    fn go_on(&mut self, why: String) {
        self.length = (2 * self.length).min(limits::LONGEST_REST);
        self.until = Instant::now() + self.length;
        self.why = why;
    }

    fn told(&self) -> Resting {
        let now = Instant::now();
        let left = self.until.saturating_duration_since(now);
        Resting { since: now.saturating_duration_since(self.began), left, why: self.why.clone() }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn fail(rest: &Arc<Rest>) {
        rest.admit().unwrap().failed(|| "it trapped".to_owned());
    }

    /// A component that has just begun to rest.
    fn resting() -> Arc<Rest> {
        let rest = Rest::new("acme");
        for _ in 0..limits::FAULTS_IN_A_ROW {
            assert_eq!(rest.now(), None);
            fail(&rest);
        }
        rest
    }

    #[tokio::test(start_paused = true)]
    async fn it_rests_after_so_many_faults_in_a_row_and_says_why() {
        let rest = resting();
        advance(SECOND / 4).await;
        let told = Resting { since: SECOND / 4, left: SECOND * 3 / 4, why: "it trapped".to_owned() };
        assert_eq!(rest.admit().unwrap_err(), told);
        assert_eq!(rest.now(), Some(told));
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_in_between_starts_the_count_anew() {
        let rest = Rest::new("acme");
        for _ in 0..100 {
            for _ in 1..limits::FAULTS_IN_A_ROW {
                fail(&rest);
            }
            rest.admit().unwrap().worked();
        }
        assert_eq!(rest.now(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn one_call_tries_and_ends_it_or_doubles_it_up_to_a_minute() {
        let rest = resting();
        let mut length = SECOND;
        for _ in 0..10 {
            advance(length - SECOND / 1000).await;
            assert!(rest.admit().is_err(), "before {length:?}");
            advance(SECOND / 1000).await;
            let attempt = rest.admit().unwrap();
            assert!(rest.admit().is_err(), "one at a time");
            attempt.failed(|| "again".to_owned());
            drop(attempt);
            length = (2 * length).min(60 * SECOND);
            let told = rest.now().unwrap();
            assert_eq!((told.left, told.why.as_str()), (length, "again"));
        }
        advance(length).await;
        rest.admit().unwrap().worked();
        assert_eq!(rest.now(), None);
        let both = [rest.admit(), rest.admit()];
        assert!(both.iter().all(Result::is_ok));
    }

    #[tokio::test(start_paused = true)]
    async fn a_try_that_says_nothing_leaves_it_to_the_next() {
        let rest = resting();
        advance(SECOND).await;
        drop(rest.admit().unwrap());
        rest.admit().unwrap().worked();
        assert_eq!(rest.now(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_began_before_it_can_end_it_and_not_prolong_it() {
        let rest = Rest::new("acme");
        let early: Vec<_> = (0..30).map(|_| rest.admit().unwrap()).collect();
        early[1..].iter().for_each(|attempt| attempt.failed(|| "it trapped".to_owned()));
        assert_eq!(rest.now().unwrap().left, SECOND);
        early[0].worked();
        assert!(rest.admit().is_ok());
    }
}
