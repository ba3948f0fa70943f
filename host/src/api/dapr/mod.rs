//! Dapr's conversation API, versions alpha1 and alpha2: its messages to and from the host's own words.
//!
//! Pure: knows no socket, no status code and no component, and does not scrub or cache; what a request asks of those
//! is handed on. The messages are in `wire.rs`, the rules of their JSON in `protojson.rs`, what requests mean in
//! `convert.rs`, and the answers in `reply.rs`.

use std::collections::BTreeMap;
use std::time::Duration;

use prost_types::Any;

use crate::conversation::{Request, Response};
use crate::duration::DurationError;
use crate::pipeline::Scrub;
use crate::secret::Secret;

mod any;
mod convert;
mod fault;
mod members;
pub mod object;
pub mod protojson;
mod reply;
mod scalar;
#[cfg(test)]
mod tests;
mod well_known;
pub mod wire;

/// A request of one version of the API, as it is on the wire.
pub trait Converse: protojson::Message {
    /// What it is answered with.
    type Answer: protojson::Message;

    /// Takes out the component's name, which counts only where no URL has it.
    fn take_name(&mut self) -> String;

    /// What the request to the component `name` means.
    ///
    /// # Errors
    /// When it means nothing.
    fn into_call(self, name: &str) -> Result<Call, Rejection>;

    /// Makes the answer. `model` is the one that was asked, where it is known.
    fn answer(envelope: Envelope, model: Option<&str>, response: Response) -> Self::Answer;
}

impl Converse for wire::ConversationRequest {
    type Answer = wire::ConversationResponse;

    fn take_name(&mut self) -> String {
        std::mem::take(&mut self.name)
    }

    fn into_call(self, name: &str) -> Result<Call, Rejection> {
        convert::alpha1(name, self)
    }

    fn answer(envelope: Envelope, _model: Option<&str>, response: Response) -> Self::Answer {
        reply::alpha1(envelope, response)
    }
}

impl Converse for wire::ConversationRequestAlpha2 {
    type Answer = wire::ConversationResponseAlpha2;

    fn take_name(&mut self) -> String {
        std::mem::take(&mut self.name)
    }

    fn into_call(self, name: &str) -> Result<Call, Rejection> {
        convert::alpha2(name, self)
    }

    fn answer(envelope: Envelope, model: Option<&str>, response: Response) -> Self::Answer {
        reply::alpha2(envelope, model, response)
    }
}

/// A call that a client asks for.
#[derive(Debug)]
pub struct Call {
    /// What to ask the provider.
    pub request: Request,
    /// What is due back to the client as it came.
    pub envelope: Envelope,
    /// Which texts to scrub.
    pub scrub: Scrub,
    /// What to use in place of the component's settings. An overriding model is in the request.
    pub overrides: Overrides,
}

/// What of a request comes back in its answer.
#[derive(Debug, Clone, Default)]
pub struct Envelope {
    context_id: String,
    parameters: BTreeMap<String, Any>,
}

/// Settings of the component that a request replaces for itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// The vendor's API key.
    pub key: Option<Secret>,
    /// How long the answer may be cached; zero is not at all.
    pub cache_ttl: Option<Duration>,
}

/// Why a request is not a call. The texts are Dapr's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The body is not the JSON of the request.
    #[error("failed deserializing HTTP body: {0}")]
    MalformedBody(String),
    /// There is nothing to converse about.
    #[error("failed conversing with component {0}: missing inputs in request")]
    MissingInputs(String),
    /// The request is well formed and makes no sense.
    #[error("failed conversing with component {component}: invalid params: {reason}")]
    InvalidParams {
        /// The component's name, as the client gave it.
        component: String,
        /// What makes no sense.
        reason: InvalidParams,
    },
}

/// What makes no sense in a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidParams {
    /// A message without one of the five kinds.
    #[error("message type cannot be nil")]
    MessageType,
    /// A tool call without a function.
    #[error("tool types cannot be nil")]
    ToolType,
    /// A tool is required and there is none.
    #[error(
        "tool choice must be 'auto', 'none', 'required', or a specific tool name matching the tools available to be used"
    )]
    ToolChoice,
    /// A tool is asked for that is not among the tools.
    #[error(
        "tool choice selected was not found. Must be 'auto', 'none', 'required', or a specific tool name matching the \
         tools available to be used"
    )]
    UnknownTool,
    /// A number that only protobuf has.
    #[error("a JSON Schema can't hold this: {0}")]
    NoJson(#[from] protojson::Unwritable),
    /// Time does not run backwards.
    #[error("promptCacheRetention cannot be negative")]
    NegativeRetention,
    /// A time to live that is no duration.
    #[error("cacheTTL: {0}")]
    CacheTtl(#[from] DurationError),
    /// Metadata keys are matched without regard to case, and two of one of ours would contradict each other.
    #[error("metadata key '{0}' is given more than once")]
    RepeatedOverride(&'static str),
}

/// Writes the body of an error: `code` is one of Dapr's names for errors.
pub fn encode_error(code: &str, message: &str) -> Vec<u8> {
    serde_json::json!({ "errorCode": code, "message": message }).to_string().into_bytes()
}
