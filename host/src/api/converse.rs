//! The one way of a call through this room, whichever transport it came by: what is on the wire, to a call, to an answer.

use super::Api;
use super::dapr::{self, Converse, Overrides, Rejection};
use super::status::Refusal;
use crate::cache;
use crate::conversation::{Candidate, ErrorKind, Part, ProviderError, Response, ToolChoice};
use crate::error::ConverseError;
use crate::pipeline::{self, Answered, Call};
use crate::registry::Component;

/// What goes back over the wire.
pub(super) struct Told<A> {
    pub(super) message: A,
    /// What the cache did; nothing where nobody asked for one.
    pub(super) cache: Option<cache::Status>,
}

/// Asks the component `name`, and makes of its answer what goes back over the wire.
///
/// # Errors
/// What a caller is to be told instead.
pub(super) async fn converse<R: Converse>(api: &Api, name: &str, request: R) -> Result<Told<R::Answer>, Refusal> {
    let call = request.into_call(name).map_err(|rejection| reject(api, name, rejection))?;
    let dapr::Call { request, envelope, scrub, overrides } = call;
    let asked_model = request.model.clone();
    let required = (request.tool_choice == Some(ToolChoice::Required)).then_some(request.tools.len());
    let Overrides { key, cache_ttl } = overrides;
    let told = |error: ConverseError| {
        tracing::warn!(component = %name, error = %error, "a call has failed");
        Refusal::from(&error)
    };
    let component = api.registry.component(name).map_err(told)?;
    let call = Call { request, key, cache_ttl, scrub };
    let (answered, cache) = answer(api, &component, call, required).await.map_err(told)?;
    let model = asked_model.as_deref().or(component.model.as_deref());
    Ok(Told { message: R::answer(envelope, model, answered), cache })
}

/// Where a tool call was required, an answer without one is at least to say something. Dapr's rule and words.
fn not_empty(component: &str, answered: &Response, tools: usize) -> Result<(), ConverseError> {
    let says = |candidate: &Candidate| {
        candidate.parts.iter().any(|part| match part {
            Part::Text(text) => !text.is_empty(),
            _ => true,
        })
    };
    if answered.candidates.iter().any(says) {
        return Ok(());
    }
    let message = format!("LLM returned empty response with no tool calls despite {tools} tools being available");
    let error = ProviderError::new(ErrorKind::Decode, message).into();
    Err(ConverseError::Provider { component: component.to_owned(), error })
}

/// Only what reaches a component is counted: not what was refused before, and no name that a caller made up. `required` is
/// the number of tools where the model had to ask for one.
async fn answer(
    api: &Api,
    component: &Component,
    call: Call,
    required: Option<usize>,
) -> Result<(Response, Option<cache::Status>), ConverseError> {
    let name = &component.name;
    let timer = api.metrics.call(name);
    let Answered { answer, cache } = pipeline::converse(component, &api.cache, call).await?;
    let response = answer.into_response(name).await?;
    if let Some(tools) = required {
        not_empty(name, &response, tools)?;
    }
    timer.succeeded();
    if let Some(status) = cache {
        api.metrics.cache(name, status);
    }
    Ok((response, cache))
}

/// Dapr looks the component up before reading any sense into a request.
fn reject(api: &Api, name: &str, rejection: Rejection) -> Refusal {
    match (&rejection, api.registry.component(name)) {
        (Rejection::MalformedBody(_), _) | (_, Ok(_)) => rejection.into(),
        (_, Err(unknown)) => Refusal::from(&unknown),
    }
}
