//! A provider whose stream fails on its way or has no end, as its setting `how` says. It is here to be cut off.

use std::hint::black_box;

use parlor_sdk::description::{ProviderDescription, Setting, SettingKind};
use parlor_sdk::types::{Delta, Error, Event, Request, Response};
use parlor_sdk::{Conversation, EventStream, Settings, Streaming};

/// The provider.
#[derive(Debug)]
pub struct Torrent;

parlor_sdk::export_streaming!(Torrent);

const WAYS: [&str; 5] = ["trap", "never", "empty", "tiny", "huge"];

impl Conversation for Torrent {
    fn describe() -> ProviderDescription {
        let ways = WAYS.iter().map(|way| (*way).to_owned()).collect();
        ProviderDescription::new("torrent", env!("CARGO_PKG_VERSION"), "has a bad stream")
            .setting(Setting::new("how", "in which way", SettingKind::Choice(ways)).required())
    }

    fn converse(_settings: &Settings, _request: Request) -> Result<Response, Error> {
        Ok(Response::default())
    }
}

impl Streaming for Torrent {
    type Stream = Stream;

    fn open(settings: &Settings, _request: Request) -> Result<Stream, Error> {
        Ok(Stream { how: settings.required("how")?.to_owned(), batches: 0 })
    }
}

/// A stream that begins well.
#[derive(Debug)]
pub struct Stream {
    how: String,
    batches: u32,
}

impl EventStream for Stream {
    fn next(&mut self, _max: u32) -> Result<Option<Vec<Event>>, Error> {
        self.batches += 1;
        if self.batches == 1 {
            return Ok(Some(vec![delta("well begun")]));
        }
        match self.how.as_str() {
            "trap" => std::process::abort(),
            "never" => loop {
                black_box(());
            },
            "empty" => Ok(Some(Vec::new())),
            "tiny" => Ok(Some(vec![delta("x")])),
            // Many times what it was asked for.
            _ => Ok(Some(vec![delta(""); 1 << 17])),
        }
    }
}

fn delta(text: &str) -> Event {
    Event::Text(Delta { candidate: 0, part: 0, text: text.to_owned() })
}
