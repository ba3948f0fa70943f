//! What the cache costs without a host around it, and what memory it takes beside what it says it takes.

use std::time::Duration;

use anyhow::Result;
use parlor::cache::{Cache, Key};
use parlor::conversation::{Candidate, FinishReason, Message, Part, Request, Response, Role};
use tokio::time::Instant;

use crate::process::resident_kib_of;

const BOUND: u64 = 64 << 20;
const ENTRIES: u32 = 1_000_000;
const HITS: u32 = 1_000_000;
const TTL: Duration = Duration::from_secs(3_600);

/// Measures and prints a table.
///
/// # Errors
/// When an answer is not given, or this process can't be looked at.
pub(crate) async fn run() -> Result<()> {
    let before = resident_kib_of("self")?;
    let cache = Cache::new(BOUND);
    let (mut most, mut most_kib) = (0, 0);
    let started = Instant::now();
    for number in 0..ENTRIES {
        ask(&cache, number).await?;
        most = most.max(cache.state().bytes);
        if number % 10_000 == 0 {
            most_kib = most_kib.max(resident_kib_of("self")?);
        }
    }
    let missed = started.elapsed() / ENTRIES;
    let started = Instant::now();
    for _ in 0..HITS {
        ask(&cache, ENTRIES - 1).await?;
    }
    let hit = started.elapsed() / HITS;
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!("| {ENTRIES} distinct answers | |\n|---|--:|");
    println!("| key, miss and keeping, each | {} ns |", missed.as_nanos());
    println!("| key and hit, each | {} ns |", hit.as_nanos());
    println!("| entries at the end | {} |", cache.state().entries);
    println!("| bound | {:.1} MiB |", mib(BOUND));
    println!("| most that the cache counted | {:.1} MiB |", mib(most));
    println!("| most that the process grew by | {:.1} MiB |", mib(most_kib.saturating_sub(before) * 1024));
    Ok(())
}

async fn ask(cache: &Cache, number: u32) -> Result<()> {
    let text = format!("What is the capital of the country with the number {number}, and how many people live there?");
    let parts = vec![Part::Text(text)];
    let asked = Message { role: Role::User, name: None, parts, extensions: None };
    let request = Request { messages: vec![asked], ..Request::default() };
    let answer = async || Ok(response(number));
    cache.answer(Key::of(1, None, false, &request), TTL, answer).await?;
    Ok(())
}

fn response(number: u32) -> Response {
    let text = format!("The capital of the country with the number {number} is Paris, where two million people live.");
    let candidate = Candidate {
        index: 0,
        parts: vec![Part::Text(text)],
        finish_reason: FinishReason::Stop,
        raw_finish_reason: Some("stop".to_owned()),
        extensions: Vec::new(),
    };
    let id = Some(format!("chatcmpl-{number}"));
    Response { id, model: Some("canned".to_owned()), candidates: vec![candidate], ..Response::default() }
}
