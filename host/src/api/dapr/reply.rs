//! The answers of Dapr's conversation API: a response of the host as the messages that a client gets.

use super::Envelope;
use super::convert::non_empty;
use super::wire::{
    ConversationResponse, ConversationResponseAlpha2, ConversationResult, ConversationResultAlpha2,
    ConversationResultAlpha2CompletionUsage, ConversationResultAlpha2CompletionUsageCompletionTokensDetails,
    ConversationResultAlpha2CompletionUsagePromptTokensDetails, ConversationResultChoices, ConversationResultMessage,
    ConversationToolCalls, ConversationToolCallsOfFunction, conversation_tool_calls::ToolTypes,
};
use crate::conversation::{Candidate, Part, Response, ToolCall, Usage};

/// One result for each candidate, with the request's parameters on each.
pub(super) fn alpha1(envelope: Envelope, response: Response) -> ConversationResponse {
    let Envelope { context_id, parameters } = envelope;
    let output = |candidate| ConversationResult { result: content(candidate).0, parameters: parameters.clone() };
    ConversationResponse {
        context_id: non_empty(context_id),
        outputs: response.candidates.into_iter().map(output).collect(),
    }
}

/// One output for each candidate, with one choice that has the candidate's position; usage and model on each.
pub(super) fn alpha2(envelope: Envelope, model: Option<&str>, response: Response) -> ConversationResponseAlpha2 {
    let usage = response.usage.as_ref().map(usage);
    let outputs = (0..).zip(response.candidates).map(|(index, candidate)| ConversationResultAlpha2 {
        choices: vec![choice(index, candidate)],
        model: model.map(str::to_owned),
        usage,
    });
    ConversationResponseAlpha2 { context_id: non_empty(envelope.context_id), outputs: outputs.collect() }
}

fn choice(index: i64, candidate: Candidate) -> ConversationResultChoices {
    let word = Some(candidate.finish_word()).filter(|word| !word.is_empty());
    let finish_reason = word.unwrap_or("unknown").to_owned();
    let (content, calls) = content(candidate);
    let message = ConversationResultMessage { content, tool_calls: calls.into_iter().map(tool_call).collect() };
    ConversationResultChoices { finish_reason, index, message: Some(message) }
}

fn usage(usage: &Usage) -> ConversationResultAlpha2CompletionUsage {
    let completion = ConversationResultAlpha2CompletionUsageCompletionTokensDetails {
        accepted_prediction_tokens: usage.accepted_prediction.unwrap_or_default(),
        audio_tokens: usage.audio_output.unwrap_or_default(),
        reasoning_tokens: usage.reasoning.unwrap_or_default(),
        rejected_prediction_tokens: usage.rejected_prediction.unwrap_or_default(),
    };
    let prompt = ConversationResultAlpha2CompletionUsagePromptTokensDetails {
        audio_tokens: usage.audio_input.unwrap_or_default(),
        cached_tokens: usage.cached_input.unwrap_or_default(),
    };
    ConversationResultAlpha2CompletionUsage {
        completion_tokens: usage.output,
        prompt_tokens: usage.input,
        total_tokens: usage.total.unwrap_or_else(|| usage.input.saturating_add(usage.output)),
        completion_tokens_details: non_zero(completion),
        prompt_tokens_details: non_zero(prompt),
    }
}

/// The text of an answer, or of the refusal to give one, for which Dapr has no place of its own; and its tool calls.
fn content(candidate: Candidate) -> (String, Vec<ToolCall>) {
    let (mut said, mut refused, mut calls) = (String::new(), String::new(), Vec::new());
    for part in candidate.parts {
        match part {
            Part::Text(text) => append(&mut said, text),
            Part::Refusal(text) => append(&mut refused, text),
            Part::ToolCall(call) => calls.push(call),
            Part::Image(_)
            | Part::Audio(_)
            | Part::File(_)
            | Part::Reasoning(_)
            | Part::ToolResult(_)
            | Part::Other(_) => {}
        }
    }
    (if said.is_empty() { refused } else { said }, calls)
}

/// Moves the first text, which most often is the only one.
fn append(text: &mut String, more: String) {
    if text.is_empty() {
        *text = more;
    } else {
        text.push_str(&more);
    }
}

fn tool_call(call: ToolCall) -> ConversationToolCalls {
    let ToolCall { id, name, arguments } = call;
    let function = ToolTypes::Function(ConversationToolCallsOfFunction { name, arguments });
    ConversationToolCalls { id: non_empty(id), tool_types: Some(function) }
}

fn non_zero<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}
