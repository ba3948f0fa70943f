//! Scrubs a conversation: which texts of a request and of an answer are looked through, and which must stay as they are.
//! What personal data is, `parlor-scrub` decides.
//!
//! Ids and the names of tools, roles and models are never changed: they say who belongs to whom.

mod events;

use std::borrow::Cow;

use parlor_scrub::{scrub, scrub_json};

use crate::answer::Answer;
use crate::conversation::{Message, Part, ProviderError, Reasoning, Request, ResultPart};
use crate::error::ConverseError;

/// Puts tokens in place of the personal data in those messages of a request whose flag is set.
pub fn request(request: &mut Request, flags: &[bool]) {
    let flagged = request.messages.iter_mut().zip(flags).filter(|(_, is_flagged)| **is_flagged);
    flagged.for_each(|(scrubbed, _)| message(scrubbed));
}

/// The same answer with tokens in place of personal data.
pub fn answer(answer: Answer) -> Answer {
    match answer {
        Answer::Whole(told) => Answer::Whole(events::Scrubbing::default().take(told)),
        Answer::Live(batches) => Answer::Live(events::live(batches)),
    }
}

/// The same error with tokens in place of personal data: a vendor may well quote what it was asked, or what it answered.
pub fn error(error: ConverseError) -> ConverseError {
    let ConverseError::Provider { component, mut error } = error else { return error };
    let ProviderError { message, vendor_code, extensions, .. } = &mut *error;
    plain(message);
    vendor_code.iter_mut().for_each(plain);
    extensions.iter_mut().for_each(json);
    ConverseError::Provider { component, error }
}

/// The same line with tokens in place of personal data: what a provider logs of an answer that is scrubbed.
pub fn line(text: &str) -> Cow<'_, str> {
    scrub(text)
}

fn message(Message { parts, extensions, .. }: &mut Message) {
    parts.iter_mut().for_each(part);
    extensions.iter_mut().for_each(json);
}

fn part(part: &mut Part) {
    match part {
        Part::Text(text) | Part::Refusal(text) => plain(text),
        Part::Reasoning(thought) => reasoning(thought),
        Part::ToolCall(call) => json(&mut call.arguments),
        Part::ToolResult(result) => result.parts.iter_mut().for_each(result_part),
        Part::Audio(audio) => audio.transcript.iter_mut().for_each(plain),
        Part::File(file) => file.name.iter_mut().for_each(plain),
        Part::Other(other) => json(&mut other.value),
        Part::Image(_) => {}
    }
}

/// A tool's result is mostly JSON, and is text where it is not.
fn result_part(part: &mut ResultPart) {
    match part {
        ResultPart::Text(text) if text.trim_start().starts_with(['{', '[']) => json(text),
        ResultPart::Text(text) => plain(text),
        ResultPart::File(file) => file.name.iter_mut().for_each(plain),
        ResultPart::Other(other) => json(&mut other.value),
        ResultPart::Image(_) => {}
    }
}

/// A signature is of the text as it was, and a vendor refuses it beside another.
fn reasoning(thought: &mut Reasoning) {
    if let Cow::Owned(scrubbed) = scrub(&thought.text) {
        thought.text = scrubbed;
        thought.signature = None;
    }
}

fn plain(text: &mut String) {
    if let Cow::Owned(scrubbed) = scrub(text) {
        *text = scrubbed;
    }
}

fn json(text: &mut String) {
    if let Cow::Owned(scrubbed) = scrub_json(text) {
        *text = scrubbed;
    }
}

#[cfg(test)]
mod tests;
