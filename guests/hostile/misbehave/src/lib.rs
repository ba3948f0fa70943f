//! A provider that fails as a program, in the way that its setting `how` says. It is here to be outlived.

use std::hint::black_box;

use parlor_sdk::description::{ProviderDescription, Setting, SettingKind};
use parlor_sdk::types::{Candidate, Error, FinishReason, Part, Request, Response};
use parlor_sdk::{Conversation, Settings};

/// The provider.
#[derive(Debug)]
pub struct Misbehave;

parlor_sdk::export_conversation!(Misbehave);

/// Ways to fail.
const WAYS: [&str; 5] = ["trap", "overflow-stack", "spin", "eat-memory", "flood"];

impl Conversation for Misbehave {
    fn describe() -> ProviderDescription {
        let ways = WAYS.iter().map(|way| (*way).to_owned()).collect();
        ProviderDescription::new("misbehave", env!("CARGO_PKG_VERSION"), "fails as a program")
            .setting(Setting::new("how", "in which way", SettingKind::Choice(ways)).required())
    }

    fn converse(settings: &Settings, _request: Request) -> Result<Response, Error> {
        match settings.required("how")? {
            "trap" => trap(),
            "overflow-stack" => Ok(answer(overflow_stack(0).to_string())),
            "spin" => spin(),
            "eat-memory" => eat_memory(),
            _ => Ok(answer(flood())),
        }
    }
}

fn trap() -> ! {
    std::process::abort()
}

/// Goes deeper as long as there is a stack.
fn overflow_stack(depth: u64) -> u64 {
    let here = black_box([depth; 128]);
    if black_box(true) { overflow_stack(depth + 1) + here.iter().sum::<u64>() } else { depth }
}

fn spin() -> ! {
    loop {
        black_box(());
    }
}

/// Touches every page, as a program would that uses what it takes.
fn eat_memory() -> ! {
    let mut eaten = Vec::new();
    loop {
        eaten.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// More text than any answer has.
fn flood() -> String {
    "flood ".repeat(4 << 20)
}

fn answer(text: String) -> Response {
    let candidate = Candidate {
        index: 0,
        parts: vec![Part::Text(text)],
        finish_reason: FinishReason::Stop,
        raw_finish_reason: None,
        extensions: None,
    };
    Response { candidates: vec![candidate], ..Response::default() }
}
