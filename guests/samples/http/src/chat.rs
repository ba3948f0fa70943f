//! Ollama's chat API: the request's body, and the answer's lines of JSON. Does no I/O. Carries text and thoughts only; what
//! else a request holds is an error.

use std::collections::VecDeque;

use parlor_sdk::types::{
    Candidate, Delta, Error, ErrorKind, Event, Finish, FinishReason, Message, Part, Reasoning, ReasoningDelta, Request,
    Response, Role, Started, Usage,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
struct ChatRequest<'a> {
    model: &'a str,
    messages: Vec<ChatMessage<'a>>,
    stream: bool,
    options: Options<'a>,
}

#[derive(Serialize)]
struct ChatMessage<'a> {
    role: &'a str,
    content: String,
}

#[derive(Serialize)]
struct Options<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_predict: Option<u32>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
}

/// One line of a stream, or the whole answer.
#[derive(Deserialize)]
struct Line {
    model: Option<String>,
    message: Option<Said>,
    #[serde(default)]
    done: bool,
    done_reason: Option<String>,
    prompt_eval_count: Option<u64>,
    eval_count: Option<u64>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    content: String,
    #[serde(default)]
    thinking: String,
}

/// Writes the body of the HTTP request.
pub(crate) fn body(model: &str, request: &Request, stream: bool) -> Result<Vec<u8>, Error> {
    if !request.tools.is_empty() {
        return Err(unsupported("tools"));
    }
    let sampling = &request.sampling;
    let options = Options {
        temperature: sampling.temperature,
        seed: sampling.seed,
        num_predict: sampling.max_output_tokens,
        stop: &sampling.stop,
    };
    let model = request.model.as_deref().unwrap_or(model);
    let messages = request.messages.iter().map(message).collect::<Result<_, _>>()?;
    serde_json::to_vec(&ChatRequest { model, messages, stream, options })
        .map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))
}

fn message(message: &Message) -> Result<ChatMessage<'_>, Error> {
    let role = match &message.role {
        Role::System | Role::Developer => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => return Err(unsupported("tool results")),
        Role::Other(role) => role,
    };
    let texts = message.parts.iter().map(|part| match part {
        Part::Text(text) => Ok(text.as_str()),
        _ => Err(unsupported("any content but text")),
    });
    Ok(ChatMessage { role, content: texts.collect::<Result<Vec<_>, _>>()?.join("\n") })
}

/// Reads an answer that came whole.
pub(crate) fn response(body: &[u8]) -> Result<Response, Error> {
    let line = line(body)?;
    let usage = usage(&line);
    let (reason, raw_finish_reason) = finish_reason(line.done_reason);
    let Some(said) = line.message.filter(|_| line.done) else { return Err(unfinished()) };
    let thoughts = (!said.thinking.is_empty()).then_some(Reasoning { text: said.thinking, ..Reasoning::default() });
    let mut parts: Vec<Part> = thoughts.map(Part::Reasoning).into_iter().collect();
    parts.extend((!said.content.is_empty()).then_some(Part::Text(said.content)));
    let candidate = Candidate { index: 0, parts, finish_reason: reason, raw_finish_reason, extensions: None };
    Ok(Response { model: line.model, candidates: vec![candidate], usage: Some(usage), ..Response::default() })
}

/// Reads an answer line by line.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    started: bool,
    thought: bool,
    done: bool,
}

impl Reader {
    /// Takes one line, without its end.
    pub(crate) fn take(&mut self, bytes: &[u8], events: &mut VecDeque<Event>) -> Result<(), Error> {
        if bytes.trim_ascii().is_empty() || self.done {
            return Ok(());
        }
        let line = line(bytes)?;
        let usage = usage(&line);
        if !std::mem::replace(&mut self.started, true) {
            events.push_back(Event::Started(Started { id: None, model: line.model }));
        }
        if let Some(Said { content, thinking }) = line.message {
            if !thinking.is_empty() {
                self.thought = true;
                let delta = ReasoningDelta { candidate: 0, part: 0, text: thinking, signature: None, redacted: None };
                events.push_back(Event::Reasoning(delta));
            }
            if !content.is_empty() {
                events.push_back(Event::Text(Delta { candidate: 0, part: u32::from(self.thought), text: content }));
            }
        }
        if line.done {
            self.done = true;
            let (reason, raw) = finish_reason(line.done_reason);
            events.push_back(Event::Usage(usage));
            events.push_back(Event::Finish(Finish { candidate: 0, reason, raw }));
        }
        Ok(())
    }

    /// Checks that the answer was complete when no more lines came.
    pub(crate) fn end(&self) -> Result<(), Error> {
        if self.done { Ok(()) } else { Err(unfinished()) }
    }
}

/// The server's own words for what went wrong.
pub(crate) fn error_message(body: &[u8]) -> Option<String> {
    serde_json::from_slice::<Line>(body).ok()?.error
}

fn line(bytes: &[u8]) -> Result<Line, Error> {
    let unreadable = |error| Error::new(ErrorKind::Decode, format!("the server's answer can't be read: {error}"));
    let mut line: Line = serde_json::from_slice(bytes).map_err(unreadable)?;
    match line.error.take() {
        Some(message) => Err(Error::new(ErrorKind::Upstream, message)),
        None => Ok(line),
    }
}

fn usage(line: &Line) -> Usage {
    let (input, output) = (line.prompt_eval_count.unwrap_or_default(), line.eval_count.unwrap_or_default());
    Usage { input, output, ..Usage::default() }
}

fn finish_reason(word: Option<String>) -> (FinishReason, Option<String>) {
    match word.as_deref() {
        Some("length") => (FinishReason::Length, None),
        Some("stop") | None => (FinishReason::Stop, None),
        Some(_) => (FinishReason::Other(word.unwrap_or_default()), None),
    }
}

fn unsupported(what: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("this provider does not take {what}"))
}

fn unfinished() -> Error {
    Error::new(ErrorKind::Transport, "the server's answer broke off before it was complete")
}

#[cfg(test)]
mod tests {
    use parlor_sdk::testing::request;

    use super::*;

    const LINES: [&str; 4] = [
        r#"{"model":"llama3.2","message":{"role":"assistant","content":"","thinking":"hm"},"done":false}"#,
        r#"{"model":"llama3.2","message":{"role":"assistant","content":"Hi"},"done":false}"#,
        "",
        r#"{"model":"llama3.2","message":{"role":"assistant","content":""},"done":true,"done_reason":"length","prompt_eval_count":3,"eval_count":2}"#,
    ];

    fn read(lines: &[&str]) -> Result<Vec<Event>, Error> {
        let mut reader = Reader::default();
        let mut events = VecDeque::new();
        lines.iter().try_for_each(|line| reader.take(line.as_bytes(), &mut events))?;
        reader.end()?;
        Ok(events.into())
    }

    #[test]
    fn a_stream_is_read_to_its_end() {
        let thoughts = ReasoningDelta { candidate: 0, part: 0, text: "hm".to_owned(), signature: None, redacted: None };
        let expected = [
            Event::Started(Started { id: None, model: Some("llama3.2".to_owned()) }),
            Event::Reasoning(thoughts),
            Event::Text(Delta { candidate: 0, part: 1, text: "Hi".to_owned() }),
            Event::Usage(Usage { input: 3, output: 2, ..Usage::default() }),
            Event::Finish(Finish { candidate: 0, reason: FinishReason::Length, raw: None }),
        ];
        assert_eq!(read(&LINES), Ok(expected.to_vec()));
    }

    #[test]
    fn a_broken_stream_is_a_typed_error() {
        for (lines, kind) in [
            (&LINES[..2], ErrorKind::Transport),
            (&["<html>"][..], ErrorKind::Decode),
            (&[r#"{"error":"out of memory"}"#][..], ErrorKind::Upstream),
        ] {
            assert_eq!(read(lines).unwrap_err().kind, kind);
        }
    }

    #[test]
    fn an_answer_that_came_whole_is_read() {
        let body = r#"{"model":"m","message":{"content":"Hi"},"done":true,"done_reason":"stop","eval_count":2}"#;
        let response = response(body.as_bytes()).unwrap();
        assert_eq!(response.model.as_deref(), Some("m"));
        assert_eq!(response.candidates[0].parts, [Part::Text("Hi".to_owned())]);
        assert_eq!(super::response(br#"{"message":{"content":"H"}}"#).unwrap_err().kind, ErrorKind::Transport);
    }

    #[test]
    fn the_request_is_written_or_refused() {
        let written = String::from_utf8(body("m", &request("hi"), true).unwrap()).unwrap();
        assert_eq!(written, r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"options":{}}"#);
        let mut refused = request("hi");
        refused.messages[0].parts.push(Part::Refusal("no".to_owned()));
        assert_eq!(body("m", &refused, true).unwrap_err().kind, ErrorKind::Unsupported);
    }
}
