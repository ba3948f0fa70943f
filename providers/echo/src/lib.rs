//! The provider `conversation.echo`: says back what it is told, as Dapr's component of that name does. It calls no vendor,
//! so it needs no key; sampling, response format, roles and tool choice change nothing.
//!
//! Beyond Dapr, whose messages are text only, it gives back images, sounds, files, thoughts and refusals as they came.

use std::collections::{BTreeMap, VecDeque};

use parlor_sdk::description::{ProviderDescription, Setting, SettingKind};
use parlor_sdk::types::{
    Candidate, Delta, Error, ErrorKind, Event, Finish, FinishReason, Part, ReasoningDelta, Request, Response,
    ResultPart, Started, Tool, ToolCall, ToolCallStart, ToolResult, Usage, WholePart,
};
use parlor_sdk::{Conversation, EventStream, Settings, Streaming};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// The provider.
#[derive(Debug)]
pub struct Echo;

parlor_sdk::export_streaming!(Echo);

impl Conversation for Echo {
    fn describe() -> ProviderDescription {
        let key = Setting::new("key", "accepted because Dapr's examples set one; not used", SettingKind::Text).secret();
        ProviderDescription::new("echo", env!("CARGO_PKG_VERSION"), "says back what it is told; needs no vendor")
            .setting(key)
    }

    fn converse(_settings: &Settings, request: Request) -> Result<Response, Error> {
        answer(request)
    }
}

impl Streaming for Echo {
    type Stream = Words;

    fn open(_settings: &Settings, request: Request) -> Result<Words, Error> {
        answer(request).map(Words::new)
    }
}

/// The answer, cut into events: text word by word.
#[derive(Debug)]
pub struct Words(VecDeque<Event>);

impl EventStream for Words {
    fn next(&mut self, max: u32) -> Result<Option<Vec<Event>>, Error> {
        let count = self.0.len().min(usize::try_from(max.max(1)).unwrap_or(usize::MAX));
        Ok((count > 0).then(|| self.0.drain(..count).collect()))
    }
}

impl Words {
    fn new(response: Response) -> Self {
        let mut events = VecDeque::from([Event::Started(Started::default())]);
        for Candidate { index: candidate, parts, finish_reason: reason, .. } in response.candidates {
            for (part, value) in (0..).zip(parts) {
                push_part(&mut events, candidate, part, value);
            }
            events.extend(response.usage.clone().map(Event::Usage));
            events.push_back(Event::Finish(Finish { candidate, reason, raw: None }));
        }
        Self(events)
    }
}

fn push_part(events: &mut VecDeque<Event>, candidate: u32, part: u32, value: Part) {
    let delta = |text: &str| Delta { candidate, part, text: text.to_owned() };
    match value {
        Part::Text(text) => {
            events.extend(text.split_inclusive(char::is_whitespace).map(|word| Event::Text(delta(word))));
        }
        Part::Refusal(text) => events.push_back(Event::Refusal(Delta { candidate, part, text })),
        Part::Reasoning(thoughts) => {
            let (text, signature, redacted) = (thoughts.text, thoughts.signature, thoughts.redacted);
            events.push_back(Event::Reasoning(ReasoningDelta { candidate, part, text, signature, redacted }));
        }
        Part::ToolCall(ToolCall { id, name, arguments: text }) => {
            events.push_back(Event::ToolCall(ToolCallStart { candidate, part, id, name }));
            if !text.is_empty() {
                events.push_back(Event::ToolArguments(Delta { candidate, part, text }));
            }
        }
        value @ (Part::Image(_) | Part::Audio(_) | Part::File(_) | Part::ToolResult(_) | Part::Other(_)) => {
            events.push_back(Event::Part(WholePart { candidate, part, value }));
        }
    }
}

/// Texts and tool results joined by line breaks, then what is no text, then a call of each tool that was offered, then the
/// calls that were in the messages.
fn answer(request: Request) -> Result<Response, Error> {
    let mut texts = Vec::new();
    let mut others = Vec::new();
    let mut calls = Vec::new();
    for part in request.messages.into_iter().flat_map(|message| message.parts) {
        match part {
            Part::Text(text) => texts.push(text),
            Part::ToolResult(result) => texts.extend(tool_responses(&result)),
            Part::ToolCall(call) => calls.push(Part::ToolCall(call)),
            other @ (Part::Image(_)
            | Part::Audio(_)
            | Part::File(_)
            | Part::Reasoning(_)
            | Part::Refusal(_)
            | Part::Other(_)) => {
                others.push(other);
            }
        }
    }
    let content = texts.join("\n");
    let usage = usage(&content);
    let offered = request
        .tools
        .into_iter()
        .enumerate()
        .map(|(index, tool)| call_of(index, tool))
        .collect::<Result<Vec<_>, _>>()?;
    let finish_reason =
        if offered.is_empty() && calls.is_empty() { FinishReason::Stop } else { FinishReason::ToolCalls };
    let mut parts = Vec::with_capacity(1 + others.len() + offered.len() + calls.len());
    parts.extend((!content.is_empty()).then_some(Part::Text(content)));
    parts.extend(others.into_iter().chain(offered).chain(calls));
    let candidate = Candidate { index: 0, parts, finish_reason, raw_finish_reason: None, extensions: None };
    Ok(Response { candidates: vec![candidate], usage: Some(usage), ..Response::default() })
}

/// A sentence for each text of a tool's result; none for a tool that says nothing.
fn tool_responses(result: &ToolResult) -> impl Iterator<Item = String> {
    let name = result.name.as_deref().unwrap_or_default();
    result.parts.iter().filter_map(move |part| match part {
        ResultPart::Text(text) => {
            Some(format!("Tool Response for tool ID '{}' with name '{name}': {text}", result.call_id))
        }
        ResultPart::Image(_) | ResultPart::File(_) | ResultPart::Other(_) => None,
    })
}

/// As many tokens as there are words, read and written.
fn usage(content: &str) -> Usage {
    let words = content.split_whitespace().count() as u64;
    Usage { input: words, output: words, total: Some(2 * words), ..Usage::default() }
}

/// A call of a tool whose arguments are, as in Dapr, no JSON but the sorted names of its properties.
fn call_of(index: usize, tool: Tool) -> Result<Part, Error> {
    let arguments = property_names(&tool)?.join(",");
    Ok(Part::ToolCall(ToolCall { id: index.to_string(), name: tool.name, arguments }))
}

fn property_names(tool: &Tool) -> Result<Vec<String>, Error> {
    #[derive(Deserialize)]
    struct Parameters<'a> {
        #[serde(borrow)]
        properties: Option<&'a RawValue>,
    }
    let invalid = |message: String| Error::new(ErrorKind::InvalidRequest, message);
    let parameters: Parameters<'_> = serde_json::from_str(&tool.parameters)
        .map_err(|error| invalid(format!("parameters of tool `{}` are not a JSON object: {error}", tool.name)))?;
    let Some(properties) = parameters.properties else { return Ok(Vec::new()) };
    let properties: BTreeMap<String, IgnoredAny> = serde_json::from_str(properties.get()).map_err(|_| {
        let found = go_type(properties.get());
        invalid(format!("tool function properties must be a map[string]any, got {found}"))
    })?;
    Ok(properties.into_keys().collect())
}

/// The name that Dapr's own message has for the type of a JSON value.
fn go_type(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'"') => "string",
        Some(b'[') => "[]interface {}",
        Some(b't' | b'f') => "bool",
        _ => "float64",
    }
}

#[cfg(test)]
mod tests;
