//! A codec that fails in the place that its setting `how` names. It is here to show that whoever makes the HTTP call for
//! it loses nothing.

use std::cell::RefCell;
use std::hint::black_box;

use parlor_sdk::description::{ProviderDescription, Setting, SettingKind};
use parlor_sdk::types::{Delta, Error, Event, Request};
use parlor_sdk::{Codec, Decoder, Headers, HttpRequest, Settings};

/// The provider.
#[derive(Debug)]
pub struct Saboteur;

parlor_sdk::export_codec!(Saboteur);

const WAYS: [&str; 9] = [
    "trap-encode",
    "loop-encode",
    "long-body",
    "many-headers",
    "trap-new",
    "trap-feed",
    "loop-feed",
    "events",
    "memory",
];

thread_local! {
    /// The setting, for the decoder.
    static HOW: RefCell<String> = const { RefCell::new(String::new()) };
}

impl Codec for Saboteur {
    type Decoder = Fuse;

    fn describe() -> ProviderDescription {
        let ways = WAYS.iter().map(|way| (*way).to_owned()).collect();
        ProviderDescription::new("saboteur", env!("CARGO_PKG_VERSION"), "fails as a codec")
            .setting(Setting::new("how", "in which place", SettingKind::Choice(ways)).required())
            .setting(Setting::new("endpoint", "its vendor", SettingKind::Endpoint).required())
    }

    fn encode(settings: &Settings, _request: Request) -> Result<HttpRequest, Error> {
        let how = settings.required("how")?;
        HOW.set(how.to_owned());
        let (mut headers, mut body) = (Vec::new(), Vec::new());
        match how {
            "trap-encode" => std::process::abort(),
            "loop-encode" => forever(),
            "long-body" => body = vec![b'x'; 20 << 20],
            "many-headers" => headers = vec![("x-much".to_owned(), "x".repeat(1 << 10)); 100],
            _ => {}
        }
        let url = settings.required("endpoint")?.to_owned();
        Ok(HttpRequest { method: "POST".to_owned(), url, headers, body, extensions: None })
    }
}

/// A decoder that goes off.
#[derive(Debug)]
pub struct Fuse(String);

impl Decoder for Fuse {
    fn new(_status: u16, _headers: Headers, _streaming: bool) -> Self {
        let how = HOW.take();
        if how == "trap-new" {
            std::process::abort();
        }
        Self(how)
    }

    fn feed(&mut self, _bytes: &[u8], _end: bool) -> Result<Vec<Event>, Error> {
        match self.0.as_str() {
            "trap-feed" => std::process::abort(),
            "loop-feed" => forever(),
            "events" => Ok(vec![Event::Text(Delta { candidate: 0, part: 0, text: String::new() }); 1 << 17]),
            _ => {
                let mut eaten = Vec::new();
                loop {
                    eaten.push(black_box(vec![1_u8; 1 << 20]));
                }
            }
        }
    }
}

fn forever() -> ! {
    loop {
        black_box(());
    }
}
