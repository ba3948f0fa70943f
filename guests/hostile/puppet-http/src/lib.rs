//! The twin of `puppet-codec` that makes its own calls through `wasi:http`: it sends whatever request its caller writes, and
//! tells what came back. It is here to be told anything.

use parlor_sdk::description::ProviderDescription;
use parlor_sdk::types::{Candidate, Error, FinishReason, Part, Request, Response};
use parlor_sdk::{Conversation, Settings};

mod http;
#[path = "../../puppet-codec/src/script.rs"]
mod script;

use script::Script;

/// The provider.
#[derive(Debug)]
pub struct Puppet;

parlor_sdk::export_conversation!(Puppet);

impl Conversation for Puppet {
    fn describe() -> ProviderDescription {
        script::description("puppet-http")
    }

    fn converse(settings: &Settings, request: Request) -> Result<Response, Error> {
        let (status, body) = http::send(&Script::of(settings, &request)?)?;
        let candidate = Candidate {
            index: 0,
            parts: vec![Part::Text(format!("{status}: {} bytes", body.len()))],
            finish_reason: FinishReason::Stop,
            raw_finish_reason: None,
            extensions: None,
        };
        Ok(Response { candidates: vec![candidate], ..Response::default() })
    }
}
