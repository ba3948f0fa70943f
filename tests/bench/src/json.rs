//! What the edge costs without its network: a request read and its answer written, beside plain serde, which knows one
//! spelling of each field, no rule of protobuf's and no text of an error.

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use parlor::api::dapr::wire::{ConversationRequestAlpha2, ConversationResponseAlpha2};
use parlor::api::dapr::{Converse, protojson};
use tokio::time::Instant;

use crate::{bodies, floor};

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(500);
/// Between two looks at the clock.
const BATCH: u32 = 1_000;

/// Measures and prints a table.
///
/// # Errors
/// When the body is not what it should be.
pub(crate) fn run() -> Result<()> {
    let body = bodies::CONVERSE.as_bytes();
    let plain = floor::answer(serde_json::from_slice(body)?);
    let text = serde_json::to_vec(&plain)?;
    let answer: ConversationResponseAlpha2 = protojson::decode(&text).map_err(|error| anyhow!(error))?;
    let read = || protojson::decode::<ConversationRequestAlpha2>(black_box(body));
    let rows = [
        ("plain serde: read", nanos(|| serde_json::from_slice::<floor::Request>(black_box(body)).is_ok())?),
        ("ours: read", nanos(|| read().is_ok())?),
        ("ours: read, and what it means", nanos(|| read().is_ok_and(|request| request.into_call("echo").is_ok()))?),
        ("plain serde: write", nanos(|| serde_json::to_vec(black_box(&plain)).is_ok())?),
        ("ours: write", nanos(|| protojson::encode(black_box(&answer)).is_ok())?),
    ];
    println!("| {} bytes in, {} bytes out | ns |\n|---|--:|", body.len(), text.len());
    for (name, nanos) in rows {
        println!("| {name} | {nanos:.0} |");
    }
    Ok(())
}

/// The fastest of several rounds: whatever else the machine does only adds to it.
fn nanos<T>(mut work: impl FnMut() -> T) -> Result<f64> {
    let rounds = (0..ROUNDS).map(|_| {
        let started = Instant::now();
        let mut count = 0;
        while started.elapsed() < ROUND {
            for _ in 0..BATCH {
                black_box(work());
            }
            count += BATCH;
        }
        started.elapsed().as_secs_f64() * 1e9 / f64::from(count)
    });
    rounds.min_by(f64::total_cmp).context("no round was run")
}
