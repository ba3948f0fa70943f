//! What a failure of the sandbox or of egress means to a conversation. The only place that reads wasmtime's errors.

use wasmtime::{Store, Trap};

use super::provider::GuestLimits;
use super::state::CallState;
use super::tally::Refusal;
use crate::conversation::{ErrorKind, ProviderError};
use crate::egress::EgressError;
use crate::error::Fault;

/// Tells the limits of the sandbox from a provider's own failure.
pub(super) fn of_guest(error: &wasmtime::Error, store: &Store<CallState>, limits: &GuestLimits) -> Fault {
    if matches!(error.downcast_ref::<Trap>(), Some(Trap::Interrupt)) {
        return Fault::Processor(limits.cpu);
    }
    if store.data().memory.refused {
        return Fault::Memory(limits.memory);
    }
    let cause = error.root_cause().to_string();
    if cause.contains("fuel allocated for hostcalls") {
        return Fault::Output(format!("more than {} bytes in one call", crate::limits::GUEST_OUTPUT));
    }
    Fault::Trapped(cause)
}

/// What egress refused of its own accord: a fault of the provider or of its YAML, which is worth to be counted.
pub(super) fn refusal(error: &EgressError) -> Option<Refusal> {
    Some(match error {
        EgressError::NotGranted { .. } => Refusal::NotGranted,
        EgressError::Address { .. } => Refusal::Address,
        EgressError::SecretInUrl | EgressError::SecretInClear { .. } => Refusal::Secret,
        EgressError::ReservedHeader { .. } | EgressError::RequestTrailers | EgressError::Method { .. } => {
            Refusal::Header
        }
        EgressError::BadUrl { .. }
        | EgressError::HeadersTooLarge { .. }
        | EgressError::RequestTooLarge { .. }
        | EgressError::RequestLength => Refusal::Request,
        EgressError::TooManyExchanges { .. } => Refusal::Exchange,
        EgressError::Timeout { .. } => Refusal::Time,
        _ => return None,
    })
}

/// The kind of error that a caller can act on. A refusal by the grant is told apart from a failure of the network.
pub(super) fn of_egress(error: &EgressError) -> ProviderError {
    let kind = match error {
        EgressError::NotGranted { .. }
        | EgressError::Address { .. }
        | EgressError::SecretInUrl
        | EgressError::SecretInClear { .. }
        | EgressError::ReservedHeader { .. }
        | EgressError::RequestTrailers
        | EgressError::Method { .. } => ErrorKind::NotGranted,
        EgressError::BadUrl { .. }
        | EgressError::HeadersTooLarge { .. }
        | EgressError::RequestTooLarge { .. }
        | EgressError::RequestLength
        | EgressError::RequestAborted { .. } => ErrorKind::Internal,
        EgressError::TooManyExchanges { .. } => ErrorKind::Overloaded,
        EgressError::SecretUnfit { .. } => ErrorKind::Authentication,
        EgressError::Timeout { .. } => ErrorKind::Timeout,
        EgressError::ResponseTooLarge { .. } | EgressError::Protocol { .. } => ErrorKind::Decode,
        EgressError::Resolve { .. }
        | EgressError::Connect { .. }
        | EgressError::Proxy { .. }
        | EgressError::Certificate { .. }
        | EgressError::Tls { .. }
        | EgressError::Broken { .. } => ErrorKind::Transport,
    };
    let mut told = ProviderError::new(kind, with_causes(error));
    told.retryable = error.is_retryable();
    told
}

/// The error and what lies under it, in one line: egress keeps causes out of its own text.
fn with_causes(error: &EgressError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
