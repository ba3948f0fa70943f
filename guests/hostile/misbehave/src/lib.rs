//! A provider that fails as a program, or takes more than its share, in the way that its setting `how` says. It is here to
//! be outlived.

use std::hint::black_box;

use parlor_sdk::description::{ProviderDescription, Setting, SettingKind};
use parlor_sdk::types::{Candidate, Error, FinishReason, Part, Request, Response};
use parlor_sdk::{Conversation, Settings, log};

/// The provider.
#[derive(Debug)]
pub struct Misbehave;

parlor_sdk::export_conversation!(Misbehave);

/// Ways to fail.
const WAYS: [&str; 8] = ["trap", "overflow-stack", "spin", "eat-memory", "flood", "crumble", "chatter", "as-told"];

/// What comes in crumbs, and lines of chatter.
const MANY: usize = 300;

impl Conversation for Misbehave {
    fn describe() -> ProviderDescription {
        let ways = WAYS.iter().map(|way| (*way).to_owned()).collect();
        ProviderDescription::new("misbehave", env!("CARGO_PKG_VERSION"), "fails as a program")
            .setting(Setting::new("how", "in which way", SettingKind::Choice(ways)).required())
    }

    fn converse(settings: &Settings, request: Request) -> Result<Response, Error> {
        let told = said(&request);
        let how = settings.required("how")?;
        Ok(misbehave(if how == "as-told" { &told } else { how }))
    }
}

/// Fails in that way, where it is one.
fn misbehave(how: &str) -> Response {
    match how {
        "trap" => trap(),
        "overflow-stack" => answer(overflow_stack(0).to_string()),
        "spin" => spin(),
        "eat-memory" => eat_memory(),
        "flood" => answer("flood ".repeat(4 << 20)),
        "crumble" => of_parts((0..MANY).map(|_| Part::Text("crumb ".repeat(40))).collect()),
        "chatter" => {
            (0..MANY).for_each(|line| log::info(&format!("line {line}")));
            answer("said it all".to_owned())
        }
        other => answer(other.to_owned()),
    }
}

fn said(request: &Request) -> String {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    parts.filter_map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None }).collect()
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

fn answer(text: String) -> Response {
    of_parts(vec![Part::Text(text)])
}

fn of_parts(parts: Vec<Part>) -> Response {
    let candidate =
        Candidate { index: 0, parts, finish_reason: FinishReason::Stop, raw_finish_reason: None, extensions: None };
    Response { candidates: vec![candidate], ..Response::default() }
}
