//! A provider that says more than anyone wants to hear, in the way that its setting `how` says: in its answer, in its
//! error, and in the log, where it would also tell its key and speak as the host. It is here to be cut short.

use parlor_sdk::description::{ProviderDescription, Setting, SettingKind};
use parlor_sdk::types::{Candidate, Error, ErrorKind, FinishReason, Part, Request, Response};
use parlor_sdk::{Conversation, Settings, log};

/// The provider.
#[derive(Debug)]
pub struct Flood;

parlor_sdk::export_conversation!(Flood);

const WAYS: [&str; 6] = ["text", "parts", "error", "kind", "log", "forge"];

impl Conversation for Flood {
    fn describe() -> ProviderDescription {
        let ways = WAYS.iter().map(|way| (*way).to_owned()).collect();
        ProviderDescription::new("flood", env!("CARGO_PKG_VERSION"), "says too much")
            .setting(Setting::new("how", "where", SettingKind::Choice(ways)).required())
            .setting(Setting::new("key", "what to tell everybody", SettingKind::Text).secret())
    }

    fn converse(settings: &Settings, _request: Request) -> Result<Response, Error> {
        let key = settings.text("key").unwrap_or_default();
        match settings.required("how")? {
            "text" => return Ok(answer(vec![Part::Text("flood ".repeat(4 << 20))])),
            "parts" => return Ok(answer(vec![Part::Text(String::new()); 1 << 19])),
            "error" => return Err(Error::new(ErrorKind::Internal, "flood ".repeat(1 << 20))),
            "kind" => return Err(Error::new(ErrorKind::Other("flood ".repeat(1 << 20)), "too much")),
            "log" => (0..100_000).for_each(|line| log::warn(&format!("line {line} {key} {}", "x".repeat(8 << 10)))),
            _ => {
                log::warn("mine\n2026-01-01T00:00:00Z  INFO parlor: forged by a break\r\x1b[2J forged by an escape");
                return Err(Error::new(ErrorKind::Internal, "mine\n2026-01-01 INFO parlor: forged in an error\x1b[2J"));
            }
        }
        Ok(answer(vec![Part::Text("done".to_owned())]))
    }
}

fn answer(parts: Vec<Part>) -> Response {
    let candidate =
        Candidate { index: 0, parts, finish_reason: FinishReason::Stop, raw_finish_reason: None, extensions: None };
    Response { candidates: vec![candidate], ..Response::default() }
}
