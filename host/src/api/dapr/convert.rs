//! What Dapr's requests mean, in the host's own words.
//!
//! Roles stay what the client said, and it is for a provider to say what its vendor makes of them: Dapr makes a
//! developer a user.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde_json::value::RawValue;

use super::object::Struct;
use super::wire::conversation_message::MessageTypes;
use super::wire::conversation_tool_calls::ToolTypes as ToolCallTypes;
use super::wire::conversation_tools::ToolTypes;
use super::wire::{
    ConversationInput, ConversationMessage, ConversationMessageContent, ConversationRequest, ConversationRequestAlpha2,
    ConversationToolCalls, ConversationTools,
};
use super::{Call, Envelope, InvalidParams, Overrides, Rejection};
use crate::conversation::{
    JsonSchema, Message, Part, PromptCache, Request, ResponseFormat, ResultPart, Role, Sampling, Tool, ToolCall,
    ToolChoice, ToolResult,
};
use crate::duration;
use crate::pipeline::Scrub;
use crate::secret::Secret;

/// All inputs are one conversation. What remains of the metadata goes nowhere, as in Dapr.
pub(super) fn alpha1(name: &str, mut wire: ConversationRequest) -> Result<Call, Rejection> {
    if wire.inputs.is_empty() {
        return Err(Rejection::MissingInputs(name.to_owned()));
    }
    let (model, overrides) = overrides(&mut wire.metadata, wire.cache_ttl).map_err(|reason| invalid(name, reason))?;
    Ok(Call {
        scrub: Scrub {
            messages: wire.inputs.iter().map(|input| input.scrub_pii.unwrap_or_default()).collect(),
            answer: wire.scrub_pii.unwrap_or_default(),
        },
        request: Request {
            model,
            messages: wire.inputs.into_iter().map(input).collect(),
            sampling: sampling(wire.temperature),
            ..Request::default()
        },
        envelope: Envelope { context_id: wire.context_id.unwrap_or_default(), parameters: wire.parameters },
        overrides,
    })
}

/// The messages of all inputs are one conversation. Nothing of the request's parameters is used or comes back.
pub(super) fn alpha2(name: &str, wire: ConversationRequestAlpha2) -> Result<Call, Rejection> {
    if wire.inputs.is_empty() {
        return Err(Rejection::MissingInputs(name.to_owned()));
    }
    alpha2_call(wire).map_err(|reason| invalid(name, reason))
}

fn alpha2_call(mut wire: ConversationRequestAlpha2) -> Result<Call, InvalidParams> {
    let mut messages = Vec::new();
    let mut scrub = Scrub { messages: Vec::new(), answer: wire.scrub_pii.unwrap_or_default() };
    for input in wire.inputs {
        for sent in input.messages {
            messages.push(message(sent)?);
            scrub.messages.push(input.scrub_pii.unwrap_or_default());
        }
    }
    let offered = wire.tools.len();
    let tools = wire.tools.into_iter().filter_map(tool).collect::<Result<Vec<_>, _>>()?;
    let tool_choice = tool_choice(wire.tool_choice, offered, &tools)?;
    let (model, overrides) = overrides(&mut wire.metadata, wire.cache_ttl)?;
    let request = Request {
        model,
        messages,
        tools,
        tool_choice,
        response_format: wire.response_format.map(response_format).transpose()?,
        sampling: sampling(wire.temperature),
        prompt_cache: wire.prompt_cache_retention.map(prompt_cache).transpose()?,
        metadata: wire.metadata.into_iter().collect(),
        ..Request::default()
    };
    let envelope = Envelope { context_id: wire.context_id.unwrap_or_default(), parameters: BTreeMap::new() };
    Ok(Call { request, envelope, scrub, overrides })
}

fn invalid(name: &str, reason: InvalidParams) -> Rejection {
    Rejection::InvalidParams { component: name.to_owned(), reason }
}

/// Takes the component's settings out of the metadata: the model, and what else the request overrides.
fn overrides(
    metadata: &mut BTreeMap<String, String>,
    cache_ttl: Option<String>,
) -> Result<(Option<String>, Overrides), InvalidParams> {
    let mut take = |wanted: &'static str| {
        let mut found = metadata.extract_if(.., |key, _| key.eq_ignore_ascii_case(wanted));
        let value = found.next().map(|(_, value)| value);
        match found.next() {
            Some(_) => Err(InvalidParams::RepeatedOverride(wanted)),
            None => Ok(value.and_then(non_empty)),
        }
    };
    let model = take("model")?;
    let key = take("key")?.map(Secret::new);
    let in_metadata = take("cacheTTL")?;
    let cache_ttl = cache_ttl.and_then(non_empty).or(in_metadata);
    let cache_ttl = cache_ttl.map(|ttl| duration::parse_or_seconds(ttl.trim())).transpose()?;
    Ok((model, Overrides { key, cache_ttl }))
}

fn input(input: ConversationInput) -> Message {
    let role = match input.role.as_deref().unwrap_or_default() {
        "system" => Role::System,
        "assistant" | "ai" => Role::Assistant,
        "tool" => Role::Tool,
        function @ "function" => Role::Other(function.to_owned()),
        _ => Role::User,
    };
    Message { role, name: None, parts: vec![Part::Text(input.content)], extensions: None }
}

/// Names of speakers go nowhere, as in Dapr: clients send empty ones and ones with spaces, which vendors refuse.
fn message(wire: ConversationMessage) -> Result<Message, InvalidParams> {
    let texts = |content: Vec<ConversationMessageContent>| content.into_iter().map(|content| Part::Text(content.text));
    let (role, parts) = match wire.message_types.ok_or(InvalidParams::MessageType)? {
        MessageTypes::OfDeveloper(said) => (Role::Developer, texts(said.content).collect()),
        MessageTypes::OfSystem(said) => (Role::System, texts(said.content).collect()),
        MessageTypes::OfUser(said) => (Role::User, texts(said.content).collect()),
        MessageTypes::OfAssistant(said) => {
            let calls = said.tool_calls.into_iter().map(tool_call);
            let parts: Result<_, _> = texts(said.content).map(Ok).chain(calls).collect();
            (Role::Assistant, parts?)
        }
        MessageTypes::OfTool(said) => {
            let result = ToolResult {
                call_id: said.tool_id.unwrap_or_default(),
                name: non_empty(said.name),
                parts: said.content.into_iter().map(|content| ResultPart::Text(content.text)).collect(),
                is_error: false,
            };
            (Role::Tool, vec![Part::ToolResult(result)])
        }
    };
    Ok(Message { role, name: None, parts, extensions: None })
}

fn tool_call(wire: ConversationToolCalls) -> Result<Part, InvalidParams> {
    let ToolCallTypes::Function(function) = wire.tool_types.ok_or(InvalidParams::ToolType)?;
    let call = ToolCall { id: wire.id.unwrap_or_default(), name: function.name, arguments: function.arguments };
    Ok(Part::ToolCall(call))
}

/// A tool without a function is none.
fn tool(wire: ConversationTools) -> Option<Result<Tool, InvalidParams>> {
    let ToolTypes::Function(function) = wire.tool_types?;
    let parameters = function.parameters.map_or_else(|| Ok("{}".to_owned()), Struct::into_json);
    Some(parameters.map_err(InvalidParams::from).map(|parameters| Tool {
        name: function.name,
        description: function.description.and_then(non_empty),
        parameters,
        strict: None,
        extensions: None,
    }))
}

/// A name is held against the tools only if any are `offered`; one without a function, which is no tool, counts.
fn tool_choice(wire: Option<String>, offered: usize, tools: &[Tool]) -> Result<Option<ToolChoice>, InvalidParams> {
    Ok(match wire.and_then(non_empty) {
        None if tools.is_empty() => None,
        None => Some(ToolChoice::Auto),
        Some(choice) => Some(match choice.as_str() {
            "auto" => ToolChoice::Auto,
            "none" => ToolChoice::None,
            "required" if offered == 0 => return Err(InvalidParams::ToolChoice),
            "required" => ToolChoice::Required,
            name if offered > 0 && tools.iter().all(|tool| tool.name != name) => {
                return Err(InvalidParams::UnknownTool);
            }
            _ => ToolChoice::Named(choice),
        }),
    })
}

/// The object is the schema, and what OpenAI wants to know beside the schema is in it too.
fn response_format(wire: Struct) -> Result<ResponseFormat, InvalidParams> {
    let schema = wire.into_json()?;
    let members: HashMap<String, &RawValue> = serde_json::from_str(&schema).unwrap_or_default();
    let text = |name: &str| members.get(name).and_then(|raw| serde_json::from_str(raw.get()).ok());
    let strict = members.get("strict").and_then(|raw| serde_json::from_str(raw.get()).ok());
    let (name, description) = (text("name"), text("description"));
    Ok(ResponseFormat::JsonSchema(JsonSchema { name, description, strict, schema }))
}

fn prompt_cache(wire: prost_types::Duration) -> Result<PromptCache, InvalidParams> {
    let (Ok(seconds), Ok(nanos)) = (u64::try_from(wire.seconds), u32::try_from(wire.nanos)) else {
        return Err(InvalidParams::NegativeRetention);
    };
    // Protobuf may carry more nanoseconds than a second has, and both may be more than there is.
    let retention = Duration::from_secs(seconds).checked_add(Duration::from_nanos(nanos.into()));
    Ok(PromptCache { retention: Some(retention.unwrap_or(Duration::MAX)), key: None })
}

/// Dapr passes on what is above zero, and then sends zero for all else; here a caller who says nothing gets the vendor's
/// default. What is no number in JSON can be sent to no vendor.
fn sampling(temperature: Option<f64>) -> Sampling {
    Sampling { temperature: temperature.filter(|value| value.is_finite() && *value >= 0.0), ..Sampling::default() }
}

/// An empty text is as good as none: proto3 does not tell them apart.
pub(super) fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
