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
    /// Every place to run a provider was taken for longer than a call waits.
    #[error("component `{component}` is busy: {limit} calls are running, and none ended within {waited:?}")]
    Busy { component: String, limit: usize, waited: Duration },
    /// The call took longer than its component allows.
    #[error("component `{component}` gave no answer within its limit of {limit:?}; raise `spec.wasm.limits.timeout`")]
    Deadline { component: String, limit: Duration },
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
}
