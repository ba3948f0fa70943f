//! An answer as it comes: batches of events, and how they fold into one response. Knows nothing of who makes them.

use std::pin::Pin;

use futures_util::{Stream, StreamExt};

use crate::conversation::{
    Candidate, Delta, ErrorKind, Event, FinishReason, Part, ProviderError, Reasoning, Response, ToolCall,
};
use crate::error::ConverseError;

/// Batches of events, in order. Dropping it cancels the call.
pub type Events = Pin<Box<dyn Stream<Item = Result<Vec<Event>, ConverseError>> + Send>>;

/// The answer to a call.
pub enum Answer {
    /// All its events, which came at once.
    Whole(Vec<Event>),
    /// Its events as they come.
    Live(Events),
}

impl Answer {
    /// Reads the answer to its end and folds it into one response.
    pub async fn into_response(self, component: &str) -> Result<Response, ConverseError> {
        let mut fold = Fold::default();
        match self {
            Self::Whole(events) => fold.extend(events),
            Self::Live(mut batches) => {
                while let Some(batch) = batches.next().await {
                    fold.extend(batch?);
                }
            }
        }
        fold.finish().map_err(|error| ConverseError::Provider { component: component.to_owned(), error: error.into() })
    }
}

/// Candidates and parts of one answer, together. Each event looks for its own among them, so a hundred thousand would take
/// seconds to add up.
const BREADTH: usize = 4_096;

/// Adds events up to a response.
#[derive(Default)]
struct Fold {
    response: Response,
    open: Vec<OpenCandidate>,
    breadth: usize,
}

/// A candidate whose parts are still growing.
struct OpenCandidate {
    index: u32,
    parts: Vec<(u32, Part)>,
    end: Option<(FinishReason, Option<String>)>,
    extensions: Vec<(String, String)>,
}

impl Fold {
    fn extend(&mut self, events: Vec<Event>) {
        for event in events {
            // Nothing comes of an answer that has more.
            if self.breadth <= BREADTH {
                self.push(event);
            }
        }
    }

    fn push(&mut self, event: Event) {
        match event {
            Event::Started { id, model } => {
                self.response.id = id.or(self.response.id.take());
                self.response.model = model.or(self.response.model.take());
            }
            Event::Text(Delta { candidate, part, text }) => self.grow(candidate, part, Part::Text(text)),
            Event::Refusal(Delta { candidate, part, text }) => self.grow(candidate, part, Part::Refusal(text)),
            Event::Reasoning { candidate, part, value } => self.grow(candidate, part, Part::Reasoning(value)),
            Event::ToolCall { candidate, part, id, name } => {
                self.grow(candidate, part, Part::ToolCall(ToolCall { id, name, arguments: String::new() }));
            }
            Event::ToolArguments(Delta { candidate, part, text }) => {
                let more = ToolCall { arguments: text, ..ToolCall::default() };
                self.grow(candidate, part, Part::ToolCall(more));
            }
            Event::Part { candidate, part, value } => self.grow(candidate, part, value),
            Event::Usage(usage) => self.response.usage = Some(usage),
            Event::Finish { candidate, reason, raw } => self.candidate(candidate).end = Some((reason, raw)),
            Event::Extension { candidate: Some(candidate), name, value } => {
                self.candidate(candidate).extensions.push((name, value));
            }
            Event::Extension { candidate: None, name, value } => self.response.extensions.push((name, value)),
        }
    }

    fn candidate(&mut self, index: u32) -> &mut OpenCandidate {
        let at = match self.open.iter().position(|candidate| candidate.index == index) {
            Some(at) => at,
            None => {
                self.open.push(OpenCandidate { index, parts: Vec::new(), end: None, extensions: Vec::new() });
                self.breadth += 1;
                self.open.len() - 1
            }
        };
        #[expect(clippy::indexing_slicing, reason = "the index was found or pushed right above")]
        &mut self.open[at]
    }

    fn grow(&mut self, candidate: u32, number: u32, more: Part) {
        let parts = &mut self.candidate(candidate).parts;
        let before = parts.len();
        grow(parts, number, more);
        self.breadth += parts.len() - before;
    }

    /// The response, unless a candidate was begun and never finished: such an answer was cut off.
    fn finish(self) -> Result<Response, ProviderError> {
        if self.breadth > BREADTH {
            let message = format!("the answer has more than {BREADTH} candidates and parts");
            return Err(ProviderError::new(ErrorKind::Decode, message));
        }
        let mut response = self.response;
        response.candidates = self.open.into_iter().map(OpenCandidate::close).collect::<Result<_, _>>()?;
        response.candidates.sort_by_key(|candidate| candidate.index);
        Ok(response)
    }
}

impl OpenCandidate {
    fn close(mut self) -> Result<Candidate, ProviderError> {
        let Some((finish_reason, raw_finish_reason)) = self.end else {
            let message = format!("the answer was cut off: candidate {} has no end", self.index);
            return Err(ProviderError::new(ErrorKind::Transport, message));
        };
        self.parts.sort_by_key(|(number, _)| *number);
        Ok(Candidate {
            index: self.index,
            parts: self.parts.into_iter().map(|(_, part)| part).collect(),
            finish_reason,
            raw_finish_reason,
            extensions: self.extensions,
        })
    }
}

/// Appends to the part with this number, or begins it. A part that comes as another kind begins anew.
fn grow(parts: &mut Vec<(u32, Part)>, number: u32, more: Part) {
    let Some((_, part)) = parts.iter_mut().rev().find(|(known, _)| *known == number) else {
        parts.push((number, more));
        return;
    };
    match (part, more) {
        (Part::Text(text), Part::Text(more)) | (Part::Refusal(text), Part::Refusal(more)) => text.push_str(&more),
        (Part::Reasoning(thought), Part::Reasoning(more)) => append_reasoning(thought, more),
        (Part::ToolCall(call), Part::ToolCall(more)) => append_tool_call(call, &more),
        (_, other) => parts.push((number, other)),
    }
}

fn append_reasoning(thought: &mut Reasoning, more: Reasoning) {
    thought.text.push_str(&more.text);
    thought.signature = more.signature.or(thought.signature.take());
    thought.redacted = more.redacted.or(thought.redacted.take());
}

fn append_tool_call(call: &mut ToolCall, more: &ToolCall) {
    call.id.push_str(&more.id);
    call.name.push_str(&more.name);
    call.arguments.push_str(&more.arguments);
}

/// The events of an answer that came whole, so that it takes the same path as one that came in pieces.
pub fn events_of(response: Response) -> Vec<Event> {
    let mut events = vec![Event::Started { id: response.id, model: response.model }];
    for candidate in response.candidates {
        let index = candidate.index;
        events.extend((0..).zip(candidate.parts).map(|(part, value)| Event::Part { candidate: index, part, value }));
        events.extend(candidate.extensions.into_iter().map(|(name, value)| Event::Extension {
            candidate: Some(index),
            name,
            value,
        }));
        events.push(Event::Finish {
            candidate: index,
            reason: candidate.finish_reason,
            raw: candidate.raw_finish_reason,
        });
    }
    events.extend(response.usage.map(Event::Usage));
    let whole = response.extensions.into_iter();
    events.extend(whole.map(|(name, value)| Event::Extension { candidate: None, name, value }));
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(candidate: u32, part: u32, text: &str) -> Delta {
        Delta { candidate, part, text: text.to_owned() }
    }

    fn fold(events: Vec<Event>) -> Result<Response, ProviderError> {
        let mut fold = Fold::default();
        fold.extend(events);
        fold.finish()
    }

    fn stop(candidate: u32) -> Event {
        Event::Finish { candidate, reason: FinishReason::Stop, raw: None }
    }

    #[test]
    fn deltas_of_one_part_add_up_and_parts_keep_their_order() {
        let response = fold(vec![
            Event::Text(delta(0, 1, "wor")),
            Event::Reasoning { candidate: 0, part: 0, value: Reasoning { text: "hm".into(), ..Default::default() } },
            Event::Text(delta(0, 1, "ld")),
            Event::ToolCall { candidate: 0, part: 2, id: "a".into(), name: "f".into() },
            Event::ToolArguments(delta(0, 2, "{\"x\"")),
            Event::ToolArguments(delta(0, 2, ":1}")),
            stop(0),
        ])
        .unwrap();
        let call = ToolCall { id: "a".into(), name: "f".into(), arguments: "{\"x\":1}".into() };
        let thought = Reasoning { text: "hm".into(), ..Default::default() };
        let parts = vec![Part::Reasoning(thought), Part::Text("world".into()), Part::ToolCall(call)];
        assert_eq!(response.candidates[0].parts, parts);
    }

    #[test]
    fn candidates_may_be_interleaved() {
        let events = vec![
            Event::Text(delta(1, 0, "b")),
            Event::Text(delta(0, 0, "a")),
            Event::Text(delta(1, 0, "B")),
            stop(1),
            stop(0),
        ];
        let response = fold(events).unwrap();
        let texts: Vec<_> = response.candidates.iter().map(|candidate| candidate.parts.clone()).collect();
        assert_eq!(texts, [vec![Part::Text("a".into())], vec![Part::Text("bB".into())]]);
    }

    #[test]
    fn an_answer_without_an_end_is_an_error_and_not_a_short_answer() {
        let error = fold(vec![Event::Text(delta(0, 0, "half a sen"))]).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Transport);
    }

    #[test]
    fn an_answer_has_no_more_parts_than_can_be_added_up_in_no_time() {
        type Make = fn(u32) -> Event;
        let in_order: Make = |number| Event::Text(delta(0, number, "x"));
        let backwards: Make = |number| Event::Text(delta(0, u32::MAX - number, "x"));
        let candidates: Make = |number| Event::Text(delta(number, 0, "x"));
        for make in [in_order, backwards, candidates] {
            let error = fold((0..100_000).map(make).collect()).unwrap_err();
            assert_eq!(error.message, "the answer has more than 4096 candidates and parts");
        }
        let most = u32::try_from(BREADTH).unwrap() - 1;
        let response = fold((0..most).map(in_order).chain([stop(0)]).collect()).unwrap();
        assert_eq!(response.candidates[0].parts.len(), BREADTH - 1);
    }

    #[test]
    fn a_whole_answer_survives_being_told_as_events() {
        let candidate = Candidate {
            index: 0,
            parts: vec![Part::Text("a".into()), Part::Text("b".into())],
            finish_reason: FinishReason::Length,
            raw_finish_reason: Some("max_tokens".into()),
            extensions: vec![("logprobs".into(), "{}".into())],
        };
        let response = Response { id: Some("x".into()), candidates: vec![candidate], ..Response::default() };
        assert_eq!(fold(events_of(response.clone())).unwrap(), response);
    }
}
