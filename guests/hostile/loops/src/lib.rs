//! A provider that never comes to an end, in the way that its setting `how` says. It is here to be ended.

use std::hint::black_box;

use parlor_sdk::description::{ProviderDescription, Setting, SettingKind};
use parlor_sdk::types::{Error, Request, Response};
use parlor_sdk::{Conversation, Settings, log};
use wasip2::clocks::monotonic_clock;
use wasip2::http::types::Fields;
use wasip2::random::random;

/// The provider.
#[derive(Debug)]
pub struct Loops;

parlor_sdk::export_conversation!(Loops);

const WAYS: [&str; 8] = ["compute", "log", "clock", "random", "poll", "nap", "sleep", "fields"];

/// Nanoseconds.
const DAY: u64 = 86_400_000_000_000;

impl Conversation for Loops {
    fn describe() -> ProviderDescription {
        let ways = WAYS.iter().map(|way| (*way).to_owned()).collect();
        ProviderDescription::new("loops", env!("CARGO_PKG_VERSION"), "never comes to an end")
            .setting(Setting::new("how", "in which way", SettingKind::Choice(ways)).required())
    }

    fn converse(settings: &Settings, _request: Request) -> Result<Response, Error> {
        let step: fn() = match settings.required("how")? {
            "compute" => || black_box(()),
            "log" => || log::info("again"),
            "clock" => || {
                black_box(monotonic_clock::now());
            },
            "random" => || drop(black_box(random::get_random_bytes(1 << 10))),
            "poll" => || monotonic_clock::subscribe_duration(0).block(),
            // It uses next to no processor time, but is woken all the time.
            "nap" => || monotonic_clock::subscribe_duration(1).block(),
            "sleep" => || monotonic_clock::subscribe_duration(DAY).block(),
            _ => || drop(black_box(Fields::new())),
        };
        loop {
            step();
        }
    }
}
