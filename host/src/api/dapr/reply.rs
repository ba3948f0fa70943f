//! The answers of Dapr's conversation API: a response of the host as the messages that a client gets.
//!
//! Borrows the response and serializes as protobuf's JSON does: what is empty is left out, 64-bit numbers are strings.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::Envelope;
use super::any::Any;
use crate::conversation::{Candidate, Part, Response, Usage};

#[derive(Serialize)]
pub(super) struct ConversationResponse<'a> {
    #[serde(rename = "contextID", skip_serializing_if = "str::is_empty")]
    context_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outputs: Vec<ConversationResult<'a>>,
}

#[derive(Serialize)]
struct ConversationResult<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    result: Cow<'a, str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    parameters: &'a BTreeMap<String, Any>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConversationResponseAlpha2<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    context_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outputs: Vec<ConversationResultAlpha2<'a>>,
}

#[derive(Serialize)]
struct ConversationResultAlpha2<'a> {
    choices: [ConversationResultChoices<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<CompletionUsage>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConversationResultChoices<'a> {
    finish_reason: &'a str,
    #[serde(skip_serializing_if = "is_zero", serialize_with = "decimal")]
    index: u64,
    message: ConversationResultMessage<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConversationResultMessage<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    content: Cow<'a, str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ConversationToolCalls<'a>>,
}

#[derive(Serialize)]
struct ConversationToolCalls<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    function: ConversationToolCallsOfFunction<'a>,
}

#[derive(Serialize)]
struct ConversationToolCallsOfFunction<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    arguments: &'a str,
}

#[derive(Serialize, Clone, Copy)]
#[serde(rename_all = "camelCase")]
struct CompletionUsage {
    #[serde(skip_serializing_if = "is_zero", serialize_with = "decimal")]
    completion_tokens: u64,
    #[serde(skip_serializing_if = "is_zero", serialize_with = "decimal")]
    prompt_tokens: u64,
    #[serde(skip_serializing_if = "is_zero", serialize_with = "decimal")]
    total_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    completion_tokens_details: CompletionTokensDetails,
    #[serde(skip_serializing_if = "is_zero")]
    prompt_tokens_details: PromptTokensDetails,
}

#[derive(Serialize, Clone, Copy, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
struct CompletionTokensDetails {
    #[serde(skip_serializing_if = "is_zero", serialize_with = "decimal")]
    accepted_prediction_tokens: u64,
    #[serde(skip_serializing_if = "is_zero", serialize_with = "decimal")]
    audio_tokens: u64,
    #[serde(skip_serializing_if = "is_zero", serialize_with = "decimal")]
    reasoning_tokens: u64,
    #[serde(skip_serializing_if = "is_zero", serialize_with = "decimal")]
    rejected_prediction_tokens: u64,
}

#[derive(Serialize, Clone, Copy, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
struct PromptTokensDetails {
    #[serde(skip_serializing_if = "is_zero", serialize_with = "decimal")]
    audio_tokens: u64,
    #[serde(skip_serializing_if = "is_zero", serialize_with = "decimal")]
    cached_tokens: u64,
}

impl<'a> ConversationResponse<'a> {
    pub(super) fn new(envelope: &'a Envelope, response: &'a Response) -> Self {
        let output = |candidate| ConversationResult { result: content(candidate), parameters: &envelope.parameters };
        Self { context_id: &envelope.context_id, outputs: response.candidates.iter().map(output).collect() }
    }
}

impl<'a> ConversationResponseAlpha2<'a> {
    /// One output for each candidate, with one choice that has the candidate's position; usage and model on each.
    pub(super) fn new(envelope: &'a Envelope, model: Option<&'a str>, response: &'a Response) -> Self {
        let usage = response.usage.as_ref().map(CompletionUsage::new);
        let choices = (0..).zip(&response.candidates).map(|(index, candidate)| ConversationResultChoices {
            finish_reason: Some(candidate.finish_word()).filter(|word| !word.is_empty()).unwrap_or("unknown"),
            index,
            message: ConversationResultMessage { content: content(candidate), tool_calls: tool_calls(candidate) },
        });
        let outputs = choices.map(|choice| ConversationResultAlpha2 { choices: [choice], model, usage }).collect();
        Self { context_id: &envelope.context_id, outputs }
    }
}

impl CompletionUsage {
    fn new(usage: &Usage) -> Self {
        Self {
            completion_tokens: usage.output,
            prompt_tokens: usage.input,
            total_tokens: usage.total.unwrap_or_else(|| usage.input.saturating_add(usage.output)),
            completion_tokens_details: CompletionTokensDetails {
                accepted_prediction_tokens: usage.accepted_prediction.unwrap_or_default(),
                audio_tokens: usage.audio_output.unwrap_or_default(),
                reasoning_tokens: usage.reasoning.unwrap_or_default(),
                rejected_prediction_tokens: usage.rejected_prediction.unwrap_or_default(),
            },
            prompt_tokens_details: PromptTokensDetails {
                audio_tokens: usage.audio_input.unwrap_or_default(),
                cached_tokens: usage.cached_input.unwrap_or_default(),
            },
        }
    }
}

/// The text of an answer, or of the refusal to give one, for which Dapr has no place of its own.
fn content(candidate: &Candidate) -> Cow<'_, str> {
    let said = joined(candidate.parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        _ => None,
    }));
    if !said.is_empty() {
        return said;
    }
    joined(candidate.parts.iter().filter_map(|part| match part {
        Part::Refusal(text) => Some(text.as_str()),
        _ => None,
    }))
}

fn joined<'a>(mut pieces: impl Iterator<Item = &'a str>) -> Cow<'a, str> {
    let mut text = Cow::Borrowed(pieces.next().unwrap_or_default());
    for piece in pieces {
        text += piece;
    }
    text
}

fn tool_calls(candidate: &Candidate) -> Vec<ConversationToolCalls<'_>> {
    let calls = candidate.parts.iter().filter_map(|part| match part {
        Part::ToolCall(call) => Some(call),
        _ => None,
    });
    let sent = calls.map(|call| ConversationToolCalls {
        id: &call.id,
        function: ConversationToolCallsOfFunction { name: &call.name, arguments: &call.arguments },
    });
    sent.collect()
}

fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn decimal<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}
