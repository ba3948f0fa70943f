//! One candidate under way: which part a delta belongs to, and whether the candidate is complete.

use parlor_sdk::types::{Delta as TextDelta, Event, Extension, Finish, FinishReason, ReasoningDelta, ToolCallStart};
use serde_json::value::RawValue;

use crate::wire::{Choice, Delta, FunctionDelta, ToolCallDelta};

/// More tool calls in one answer than OpenAI has tools (128) are a fault of the vendor.
const MOST_TOOL_CALLS: usize = 512;

/// Why a choice can't be read.
pub(crate) type Fault = &'static str;

/// One candidate.
pub(crate) struct Candidate {
    pub(crate) index: u32,
    pub(crate) finished: bool,
    next_part: u32,
    open: Option<(Kind, u32)>,
    tools: Vec<OpenTool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Refusal,
    Reasoning,
}

/// A tool call whose arguments may go on.
struct OpenTool {
    index: u32,
    id: String,
    part: u32,
}

impl Candidate {
    pub(crate) fn new(index: u32) -> Self {
        Self { index, finished: false, next_part: 0, open: None, tools: Vec::new() }
    }

    /// Takes a chunk's choice. Parts are told in the order thoughts, text, refusal, tool calls, which is the order in which
    /// a vendor that puts several into one chunk means them.
    pub(crate) fn take(&mut self, choice: Choice<'_>, events: &mut Vec<Event>) -> Result<(), Fault> {
        if let Some(delta) = choice.message.or(choice.delta) {
            self.take_delta(delta, events)?;
        }
        self.extend("logprobs", choice.logprobs, events);
        let word = choice.finish_reason.map(|word| word.0.into_owned()).filter(|word| !word.is_empty());
        if let Some(word) = word.filter(|_| !self.finished) {
            self.finish(word, events);
        }
        Ok(())
    }

    /// Ends a candidate that came whole without saying why it ends.
    pub(crate) fn finish_unsaid(&mut self, events: &mut Vec<Event>) {
        if !self.finished {
            self.finish("unknown".to_owned(), events);
        }
    }

    fn finish(&mut self, word: String, events: &mut Vec<Event>) {
        self.finished = true;
        let (reason, raw) = finish_reason(word);
        events.push(Event::Finish(Finish { candidate: self.index, reason, raw }));
    }

    fn take_delta(&mut self, delta: Delta<'_>, events: &mut Vec<Event>) -> Result<(), Fault> {
        let candidate = self.index;
        if let Some(text) = said(delta.reasoning_content).or_else(|| said(delta.reasoning)) {
            let part = self.part_of(Kind::Reasoning);
            events.push(Event::Reasoning(ReasoningDelta { candidate, part, text, signature: None, redacted: None }));
        }
        if let Some(text) = said(delta.content) {
            events.push(Event::Text(TextDelta { candidate, part: self.part_of(Kind::Text), text }));
        }
        if let Some(text) = said(delta.refusal) {
            events.push(Event::Refusal(TextDelta { candidate, part: self.part_of(Kind::Refusal), text }));
        }
        for call in delta.tool_calls.into_iter().flatten() {
            self.take_tool_call(call, events)?;
        }
        self.extend("annotations", delta.annotations.filter(|value| value.get() != "[]"), events);
        self.extend("audio", delta.audio, events);
        Ok(())
    }

    /// A call begins with an index that is new, or, with engines that count badly or not at all, with an id that is.
    fn take_tool_call(&mut self, call: ToolCallDelta, events: &mut Vec<Event>) -> Result<(), Fault> {
        let Some(FunctionDelta { name, arguments }) = call.function else {
            return Err("a tool call is not a function's");
        };
        let id = said(call.id);
        let known = match call.index {
            Some(index) => self.tools.iter().rev().find(|tool| tool.index == index),
            None => self.tools.last(),
        };
        let part = match known.filter(|tool| id.as_ref().is_none_or(|id| *id == tool.id)) {
            Some(tool) => tool.part,
            None => self.begin_tool_call(call.index, id.unwrap_or_default(), said(name), events)?,
        };
        if let Some(text) = said(arguments) {
            events.push(Event::ToolArguments(TextDelta { candidate: self.index, part, text }));
        }
        Ok(())
    }

    fn begin_tool_call(
        &mut self,
        index: Option<u32>,
        id: String,
        name: Option<String>,
        events: &mut Vec<Event>,
    ) -> Result<u32, Fault> {
        let name = name.ok_or("a tool call has no name")?;
        if self.tools.len() >= MOST_TOOL_CALLS {
            return Err("there are too many tool calls");
        }
        let part = self.begin_part();
        self.open = None;
        let index = index.unwrap_or(u32::MAX);
        self.tools.push(OpenTool { index, id: id.clone(), part });
        events.push(Event::ToolCall(ToolCallStart { candidate: self.index, part, id, name }));
        Ok(part)
    }

    /// The part that a delta of this kind goes on with, or a new one.
    fn part_of(&mut self, kind: Kind) -> u32 {
        match self.open {
            Some((open, part)) if open == kind => part,
            _ => {
                let part = self.begin_part();
                self.open = Some((kind, part));
                part
            }
        }
    }

    fn begin_part(&mut self) -> u32 {
        let part = self.next_part;
        self.next_part += 1;
        part
    }

    fn extend(&self, name: &str, value: Option<&RawValue>, events: &mut Vec<Event>) {
        let extension = |value: &RawValue| {
            let (name, value) = (name.to_owned(), value.get().to_owned());
            Event::Extension(Extension { candidate: Some(self.index), name, value })
        };
        events.extend(value.map(extension));
    }
}

fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// The reason, and the vendor's word for it where it is another.
fn finish_reason(word: String) -> (FinishReason, Option<String>) {
    match word.as_str() {
        "stop" => (FinishReason::Stop, None),
        "length" => (FinishReason::Length, None),
        "tool_calls" => (FinishReason::ToolCalls, None),
        "content_filter" => (FinishReason::ContentFilter, None),
        "function_call" => (FinishReason::ToolCalls, Some(word)),
        _ => (FinishReason::Other(word), None),
    }
}
