//! Why a conversation call failed: a closed list that knows nothing of HTTP, gRPC, YAML or wasm.
//!
//! An error is logged once, by the edge that answers; only `api/status.rs` gives it a status.

use std::time::Duration;

use crate::conversation::ProviderError;

/// Why a call has no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConverseError {
    /// The caller named a component that this snapshot does not have.
    #[error("no component named `{0}` is loaded")]
    UnknownComponent(String),
    /// The provider, its vendor or the way to it said no.
    #[error("component `{component}`: {error}")]
    Provider { component: String, error: Box<ProviderError> },
    /// The provider broke one of the sandbox's rules; the call is over, the host is not.
    #[error("component `{component}`: {fault}")]
    Fault { component: String, fault: Fault },
    /// There was no place to run the provider.
    #[error("component `{component}` is busy: {busy}")]
    Busy { component: String, busy: Busy },
    /// The provider keeps failing as a program, so its component is left alone for a while.
    #[error("component `{component}` {rest}")]
    Resting { component: String, rest: Resting },
    /// The call took longer than its component allows.
    #[error("component `{component}` gave no answer within its limit of {limit:?}; raise `spec.wasm.limits.timeout`")]
    Deadline { component: String, limit: Duration },
}

/// Why there is no place for a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    #[error("{limit} calls are running, and none ended within {waited:?}; raise `spec.wasm.limits.concurrency`")]
    Component { limit: usize, waited: Duration },
    #[error("every place of the host is taken, and none was given up within {waited:?}")]
    Host { waited: Duration },
    #[error("{waiting} calls are waiting already")]
    Queue { waiting: usize },
}

/// That a component rests.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("keeps failing and rests since {since:.1?}, for {left:.1?} more; the last failure: {why}")]
pub struct Resting {
    /// How long ago it began.
    pub since: Duration,
    /// After which one call is let in to try.
    pub left: Duration,
    /// The last fault before it.
    pub why: String,
}

/// How a provider failed as a program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("provider stopped: {0}")]
    Trapped(String),
    #[error("provider used more than its {0:?} of processor time; raise `spec.wasm.limits.cpu`")]
    Processor(Duration),
    #[error("provider wanted more than its {0} bytes of memory; raise `spec.wasm.limits.memory`")]
    Memory(usize),
    #[error("provider gave back more than the host takes in: {0}")]
    Output(String),
    #[error("provider gave more than its {0} events; raise `spec.wasm.limits.events`")]
    Events(u64),
    #[error("provider could not be started: {0}")]
    Start(String),
    #[error("provider was still computing at its limit of {0:?}; raise `spec.wasm.limits.timeout`")]
    Deadline(Duration),
}

impl Fault {
    /// The names of all kinds.
    pub const KINDS: [&'static str; 7] = ["trap", "processor", "memory", "output", "events", "start", "deadline"];

    /// The name of its kind, one of [`Fault::KINDS`].
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Trapped(_) => "trap",
            Self::Processor(_) => "processor",
            Self::Memory(_) => "memory",
            Self::Output(_) => "output",
            Self::Events(_) => "events",
            Self::Start(_) => "start",
            Self::Deadline(_) => "deadline",
        }
    }
}
