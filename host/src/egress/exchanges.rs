//! How many exchanges may be open at one time: of one call, and of all calls of a component. Only a provider that does its
//! own I/O can have more than one, and a process has only so many sockets.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::EgressError;

/// Whose exchanges are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Call,
    Component,
}

/// A count of exchanges with its limit.
#[derive(Debug, Clone)]
struct Count {
    whose: Whose,
    limit: usize,
    left: Arc<Semaphore>,
}

/// The exchanges of one component. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Exchanges(Count);

/// The exchanges of one call of it.
#[derive(Debug, Clone)]
pub struct ExchangesOfCall([Count; 2]);

/// An exchange under way; it is over when this is dropped.
#[derive(Debug)]
pub struct Exchange {
    _counted: [OwnedSemaphorePermit; 2],
}

impl Exchanges {
    /// At most `limit` at one time.
    pub fn new(limit: usize) -> Self {
        Self(Count::new(Whose::Component, limit))
    }

    /// Those of one call, of which there are at most `limit`.
    pub fn of_call(&self, limit: usize) -> ExchangesOfCall {
        ExchangesOfCall([Count::new(Whose::Call, limit), self.0.clone()])
    }
}

impl ExchangesOfCall {
    /// Begins one more.
    ///
    /// # Errors
    /// When there are too many already. Nobody waits: a call that holds its exchanges would wait for itself.
    pub fn begin(&self) -> Result<Exchange, EgressError> {
        let [call, component] = &self.0;
        Ok(Exchange { _counted: [call.take()?, component.take()?] })
    }
}

impl Count {
    fn new(whose: Whose, limit: usize) -> Self {
        Self { whose, limit, left: Arc::new(Semaphore::new(limit)) }
    }

    fn take(&self) -> Result<OwnedSemaphorePermit, EgressError> {
        let taken = Arc::clone(&self.left).try_acquire_owned();
        taken.map_err(|_| EgressError::TooManyExchanges { whose: self.whose, limit: self.limit })
    }
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Call => "a call",
            Self::Component => "all calls of this component together",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(begun: Result<Exchange, EgressError>) -> Whose {
        match begun.unwrap_err() {
            EgressError::TooManyExchanges { whose, .. } => whose,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_call_is_held_to_its_own_limit_and_all_calls_to_the_components() {
        let component = Exchanges::new(3);
        let (one, other) = (component.of_call(2), component.of_call(2));
        let mut open = vec![one.begin().unwrap(), one.begin().unwrap()];
        assert_eq!(refused(one.begin()), Whose::Call);
        open.push(other.begin().unwrap());
        assert_eq!(refused(other.begin()), Whose::Component);
        open.remove(0);
        open.push(other.begin().unwrap());
        assert_eq!(refused(one.begin()), Whose::Component);
        drop(open);
        assert!(one.begin().is_ok());
    }
}
