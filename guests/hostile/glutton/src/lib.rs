//! A provider that takes without end, in the way that its setting `how` says: memory, stack, or what the host keeps for
//! it. It is here to be held to its share.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use parlor_sdk::description::{ProviderDescription, Setting, SettingKind};
use parlor_sdk::types::{Error, Request, Response};
use parlor_sdk::{Conversation, Settings};
use wasip2::clocks::monotonic_clock;
use wasip2::http::types::{Fields, OutgoingRequest};
use wasip2::random::random;

/// The provider.
#[derive(Debug)]
pub struct Glutton;

parlor_sdk::export_conversation!(Glutton);

const WAYS: [&str; 9] = ["memory", "claim", "stack", "calls", "fields", "headers", "bodies", "pollables", "random"];

impl Conversation for Glutton {
    fn describe() -> ProviderDescription {
        let ways = WAYS.iter().map(|way| (*way).to_owned()).collect();
        ProviderDescription::new("glutton", env!("CARGO_PKG_VERSION"), "takes without end")
            .setting(Setting::new("how", "what it takes", SettingKind::Choice(ways)).required())
    }

    fn converse(settings: &Settings, _request: Request) -> Result<Response, Error> {
        match settings.required("how")? {
            // Touches every page, as a program would that uses what it takes.
            "memory" => hoard(|| vec![1_u8; 1 << 20]),
            "claim" => hoard(|| Vec::<u8>::with_capacity(1 << 20)),
            "stack" => deeper(0),
            "calls" => {
                black_box(calls(1));
            }
            "fields" => hoard(Fields::new),
            "headers" => hoard(full_fields),
            "bodies" => hoard(full_body),
            "pollables" => hoard(|| monotonic_clock::subscribe_duration(0)),
            _ => drop(black_box(random::get_random_bytes(1 << 40))),
        }
        Ok(Response::default())
    }
}

/// Keeps everything that it makes.
fn hoard<T>(make: impl Fn() -> T) {
    let mut kept = Vec::new();
    loop {
        kept.push(black_box(make()));
    }
}

/// Goes deeper as long as there is a stack.
fn deeper(depth: u64) {
    let here = black_box([depth; 128]);
    if black_box(true) {
        deeper(depth + 1);
    }
    black_box(here);
}

/// The same with nothing in the guest's own memory, so that only the host's stack grows.
fn calls(depth: u64) -> u64 {
    static END: AtomicU64 = AtomicU64::new(0);
    if depth == END.load(Ordering::Relaxed) { 0 } else { calls(depth + 1).rotate_left(1) ^ depth }
}

/// As many headers as the host lets it set.
fn full_fields() -> Fields {
    let fields = Fields::new();
    let value = vec![b'x'; 4 << 10];
    while fields.append("x-much", &value).is_ok() {}
    fields
}

/// A request that is never sent, with as much of a body as the host takes.
fn full_body() -> impl Sized {
    let request = OutgoingRequest::new(Fields::new());
    let body = request.body();
    let stream = body.as_ref().ok().and_then(|body| body.write().ok());
    if let Some(stream) = &stream {
        while let Ok(room @ 1..) = stream.check_write() {
            let room = usize::try_from(room).unwrap_or_default().min(1 << 20);
            if stream.write(&vec![b'x'; room]).is_err() {
                break;
            }
        }
    }
    // What was made from something is dropped before it.
    (stream, body, request)
}
