//! From the bytes of an answer to events: a stream of chunks, one whole completion, or a failure. What came decides which,
//! not what was asked for, because some engines answer in the other form.

use parlor_sdk::body::{Body, Whole};
use parlor_sdk::lines::LineTooLong;
use parlor_sdk::types::{Error, ErrorKind, Event, Started, Usage};
use parlor_sdk::{Decoder, Headers, sse};
use serde::de::Error as _;

use crate::candidate::Candidate;
use crate::failure;
use crate::wire::{ChatUsage, Choice, Chunk, Word};

/// The longest event of a stream, in bytes.
const LONGEST_EVENT: usize = 4 << 20;

/// The longest answer that comes whole, in bytes.
const LONGEST_BODY: usize = 16 << 20;

/// How much of a failure's body is read, in bytes.
const LONGEST_FAILURE: usize = 64 << 10;

/// More candidates than OpenAI gives (128) are a fault of the vendor.
const MOST_CANDIDATES: usize = 128;

/// Reads one answer.
pub struct Answer {
    form: Form,
    completion: Completion,
}

enum Form {
    Stream(sse::Reader),
    Whole(Body),
    Failure(Body),
}

/// What has been read of the completion.
struct Completion {
    status: u16,
    headers: Headers,
    started: bool,
    /// The stream said that nothing follows.
    done: bool,
    candidates: Vec<Candidate>,
}

impl Decoder for Answer {
    fn new(status: u16, headers: Headers, streaming: bool) -> Self {
        let form = if !(200..300).contains(&status) {
            Form::Failure(Body::new(LONGEST_FAILURE))
        } else if headers.is_media_type("text/event-stream")
            || (streaming && !headers.is_media_type("application/json"))
        {
            Form::Stream(sse::Reader::new(LONGEST_EVENT))
        } else {
            Form::Whole(Body::new(LONGEST_BODY))
        };
        let completion = Completion { status, headers, started: false, done: false, candidates: Vec::new() };
        Self { form, completion }
    }

    fn feed(&mut self, bytes: &[u8], end: bool) -> Result<Vec<Event>, Error> {
        let Self { form, completion } = self;
        let mut events = Vec::new();
        match form {
            Form::Stream(reader) => completion.read_stream(reader, bytes, end, &mut events)?,
            Form::Whole(body) => {
                if let Some(body) = body.feed(bytes, end) {
                    completion.read_whole(body, &mut events)?;
                }
            }
            Form::Failure(body) => {
                if let Some(body) = body.feed(bytes, end) {
                    return Err(failure::of_status(completion.status, &completion.headers, body.bytes));
                }
            }
        }
        Ok(events)
    }
}

impl Completion {
    fn read_stream(
        &mut self,
        reader: &mut sse::Reader,
        mut bytes: &[u8],
        end: bool,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        while let Some(message) = reader.next(&mut bytes).map_err(|error| self.too_long(error))? {
            if self.done {
                break;
            }
            self.read_message(&message, events)?;
        }
        if !end {
            return Ok(());
        }
        let rest = reader.rest().map_err(|error| self.too_long(error))?;
        if let Some(message) = rest.filter(|_| !self.done) {
            // A last event without its empty line may be cut off, and is when it can't be read.
            self.read_message(&message, events).map_err(|error| match error.kind {
                ErrorKind::Decode => self.cut_off(),
                _ => error,
            })?;
        }
        let complete = !self.candidates.is_empty() && self.candidates.iter().all(|candidate| candidate.finished);
        match (complete, self.done) {
            (true, _) => Ok(()),
            (false, true) => Err(self.unreadable("the stream ended without a finish reason")),
            (false, false) => Err(self.cut_off()),
        }
    }

    fn read_message(&mut self, message: &sse::Message<'_>, events: &mut Vec<Event>) -> Result<(), Error> {
        let data = message.data.trim();
        if data == "[DONE]" {
            self.done = true;
            return Ok(());
        }
        if message.event == "error" {
            return Err(failure::of_object(self.status, &self.headers, data.as_bytes()));
        }
        let unreadable =
            |error| self.unreadable(&format!("an event of the stream is no chat completion chunk: {error}"));
        let chunk: Chunk<'_> = serde_json::from_str(data).map_err(unreadable)?;
        self.take_chunk(chunk, events)
    }

    fn read_whole(&mut self, body: Whole<'_>, events: &mut Vec<Event>) -> Result<(), Error> {
        if body.truncated {
            return Err(self.unreadable(&format!("the answer is longer than {LONGEST_BODY} bytes")));
        }
        let unreadable = |error| self.unreadable(&format!("the answer is no chat completion: {error}"));
        // As text at once: read from bytes, each of its strings would be looked at on its own.
        let text = str::from_utf8(body.bytes).map_err(serde_json::Error::custom);
        let chunk: Chunk<'_> = text.and_then(serde_json::from_str).map_err(unreadable)?;
        self.take_chunk(chunk, events)?;
        if self.candidates.is_empty() {
            return Err(self.unreadable("the answer holds no choice"));
        }
        self.candidates.iter_mut().for_each(|candidate| candidate.finish_unsaid(events));
        Ok(())
    }

    fn take_chunk(&mut self, chunk: Chunk<'_>, events: &mut Vec<Event>) -> Result<(), Error> {
        if let Some(error) = chunk.error {
            return Err(failure::of_object(self.status, &self.headers, error.get().as_bytes()));
        }
        if !self.started {
            self.started = true;
            let owned = |word: Word<'_>| word.0.into_owned();
            events.push(Event::Started(Started { id: chunk.id.map(owned), model: chunk.model.map(owned) }));
        }
        for choice in chunk.choices.into_iter().flatten() {
            self.take_choice(choice, events).map_err(|fault| self.unreadable(fault))?;
        }
        events.extend(chunk.usage.and_then(usage).map(Event::Usage));
        Ok(())
    }

    fn take_choice(&mut self, choice: Choice<'_>, events: &mut Vec<Event>) -> Result<(), &'static str> {
        let found = self.candidates.iter().position(|candidate| candidate.index == choice.index);
        let position = found.unwrap_or(self.candidates.len());
        if position >= MOST_CANDIDATES {
            return Err("there are too many choices");
        }
        if found.is_none() {
            self.candidates.push(Candidate::new(choice.index));
        }
        match self.candidates.get_mut(position) {
            Some(candidate) => candidate.take(choice, events),
            None => Ok(()),
        }
    }

    fn unreadable(&self, message: &str) -> Error {
        Error::from_answer(ErrorKind::Decode, self.status, &self.headers, message)
    }

    fn too_long(&self, error: LineTooLong) -> Error {
        self.unreadable(&error.to_string())
    }

    fn cut_off(&self) -> Error {
        let message = "the stream broke off before the answer was complete";
        Error::from_answer(ErrorKind::Transport, self.status, &self.headers, message)
    }
}

/// What is all zeros was not counted: no call takes nothing.
fn usage(found: ChatUsage) -> Option<Usage> {
    let is_counted =
        [found.prompt_tokens, found.completion_tokens, found.total_tokens].into_iter().flatten().any(|n| n > 0);
    let input = found.prompt_tokens_details.unwrap_or_default();
    let output = found.completion_tokens_details.unwrap_or_default();
    is_counted.then(|| Usage {
        input: found.prompt_tokens.unwrap_or_default(),
        output: found.completion_tokens.unwrap_or_default(),
        total: found.total_tokens,
        cached_input: input.cached_tokens,
        cache_write: None,
        audio_input: input.audio_tokens,
        audio_output: output.audio_tokens,
        reasoning: output.reasoning_tokens,
        accepted_prediction: output.accepted_prediction_tokens,
        rejected_prediction: output.rejected_prediction_tokens,
        extensions: None,
    })
}
