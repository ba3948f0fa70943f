//! A codec that has the host make whatever request its caller writes (`script`). What came back it tells. It is here to be
//! told anything.

use parlor_sdk::body::Body;
use parlor_sdk::description::ProviderDescription;
use parlor_sdk::types::{Delta, Error, Event, Finish, FinishReason, Request};
use parlor_sdk::{Codec, Decoder, Headers, HttpRequest, Settings};

mod script;

use script::Script;

/// The provider.
#[derive(Debug)]
pub struct Puppet;

parlor_sdk::export_codec!(Puppet);

impl Codec for Puppet {
    type Decoder = Answer;

    fn describe() -> ProviderDescription {
        script::description("puppet-codec")
    }

    fn encode(settings: &Settings, request: Request) -> Result<HttpRequest, Error> {
        let Script { method, url, path, headers, body, .. } = Script::of(settings, &request)?;
        let url = format!("{url}{path}");
        Ok(HttpRequest { method, url, headers, body: body.into_bytes(), extensions: None })
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    status: u16,
    body: Body,
}

impl Decoder for Answer {
    fn new(status: u16, _headers: Headers, _streaming: bool) -> Self {
        Self { status, body: Body::new(1 << 20) }
    }

    fn feed(&mut self, bytes: &[u8], end: bool) -> Result<Vec<Event>, Error> {
        let Some(whole) = self.body.feed(bytes, end) else { return Ok(Vec::new()) };
        let text = format!("{}: {} bytes", self.status, whole.bytes.len());
        let finish = Finish { candidate: 0, reason: FinishReason::Stop, raw: None };
        Ok(vec![Event::Text(Delta { candidate: 0, part: 0, text }), Event::Finish(finish)])
    }
}
