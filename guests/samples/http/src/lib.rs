//! A sample provider that makes its own HTTP calls through `wasi:http`: text conversations with Ollama's own chat API,
//! whole or as they come. To be copied: `chat` has the vendor's dialect, `http` the call, and this file puts them together.
//!
//! A provider that needs no more than one call is better off as a codec, like `providers/openai`.

use std::collections::VecDeque;

use parlor_sdk::description::{ProviderDescription, Setting, SettingKind};
use parlor_sdk::lines::Lines;
use parlor_sdk::types::{Error, ErrorKind, Event, Request, Response};
use parlor_sdk::{Conversation, EventStream, Settings, Streaming, log};

mod chat;
mod http;

/// The longest line of an answer, in bytes.
const LONGEST_LINE: usize = 4 << 20;

/// The provider.
#[derive(Debug)]
pub struct Ollama;

parlor_sdk::export_streaming!(Ollama);

impl Conversation for Ollama {
    fn describe() -> ProviderDescription {
        let endpoint = Setting::new("endpoint", "base URL of the Ollama server", SettingKind::Endpoint);
        let key = Setting::new("key", "sent as a bearer token, for a server behind a gateway", SettingKind::Text);
        ProviderDescription::new("ollama-chat", env!("CARGO_PKG_VERSION"), "Ollama's own chat API, text only")
            .setting(endpoint.default("http://localhost:11434"))
            .setting(Setting::new("model", "the model to use", SettingKind::Text).default("llama3.2"))
            .setting(key.secret())
    }

    fn converse(settings: &Settings, request: Request) -> Result<Response, Error> {
        let mut answer = send(settings, &request, false)?;
        chat::response(&answer.whole()?)
    }
}

impl Streaming for Ollama {
    type Stream = Stream;

    fn open(settings: &Settings, request: Request) -> Result<Stream, Error> {
        let answer = send(settings, &request, true)?;
        Ok(Stream { answer, lines: Lines::new(LONGEST_LINE), reader: chat::Reader::default(), events: VecDeque::new() })
    }
}

/// An answer under way. Dropping it drops the HTTP answer, which ends the call.
#[derive(Debug)]
pub struct Stream {
    answer: http::Answer,
    lines: Lines,
    reader: chat::Reader,
    events: VecDeque<Event>,
}

impl EventStream for Stream {
    fn next(&mut self, max: u32) -> Result<Option<Vec<Event>>, Error> {
        while self.events.is_empty() {
            let Some(bytes) = self.answer.read()? else {
                self.reader.end()?;
                return Ok(None);
            };
            let mut input = bytes.as_slice();
            let too_long = |error: parlor_sdk::lines::LineTooLong| Error::new(ErrorKind::Decode, error.to_string());
            while let Some(line) = self.lines.next(&mut input).map_err(too_long)? {
                self.reader.take(line, &mut self.events)?;
            }
        }
        let count = self.events.len().min(usize::try_from(max.max(1)).unwrap_or(usize::MAX));
        Ok(Some(self.events.drain(..count).collect()))
    }
}

/// Makes the call and gives the answer, unless it is no success.
fn send(settings: &Settings, request: &Request, streaming: bool) -> Result<http::Answer, Error> {
    let body = chat::body(settings.required("model")?, request, streaming)?;
    let endpoint = settings.required("endpoint")?.trim_end_matches('/');
    let mut answer = http::post(&format!("{endpoint}/api/chat"), settings.text("key"), &body)?;
    log::debug(&format!("the server answered with status {}", answer.status));
    if answer.status == 200 {
        return Ok(answer);
    }
    let body = answer.whole().unwrap_or_default();
    let message =
        chat::error_message(&body).unwrap_or_else(|| format!("the server answered with status {}", answer.status));
    Err(Error::from_answer(ErrorKind::of_status(answer.status), answer.status, &answer.headers, message))
}
