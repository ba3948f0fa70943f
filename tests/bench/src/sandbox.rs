//! What the sandbox alone costs: calls into providers in this very process, with no port and no vendor. An echo is
//! answered; a codec gets as far as `encode`, because its grant is empty and egress then makes no connection.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use parlor::conversation::{Message, Part, Request, Role};
use parlor::egress::{Egress, EgressConfig, Grant, StandIns};
use parlor::sandbox::{Equipment, GuestLimits, Provider, Sandbox};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::process;

/// Calls under way at once: as many as connections in the rows over HTTP.
const CALLERS: usize = 32;
const MEMORY: usize = 64 << 20;

/// One provider's figure.
#[derive(Serialize)]
pub(crate) struct Figure {
    pub(crate) provider: &'static str,
    /// CPU time of a fresh instance, its call and its end.
    pub(crate) micros_per_call: f64,
}

/// Calls each provider of `folder` for `seconds`.
///
/// # Errors
/// When a component can't be read or loaded.
pub(crate) async fn figures(folder: &Path, seconds: u32) -> Result<Vec<Figure>> {
    let sandbox = Sandbox::new(Egress::new(&EgressConfig::default())?, None)?;
    let mut figures = Vec::new();
    for name in ["echo", "openai"] {
        let provider = Arc::new(provider(&sandbox, &folder.join(name).with_extension("wasm")).await?);
        let end = Instant::now() + Duration::from_secs(seconds.into());
        let before = process::cpu_of("self")?;
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            callers.spawn(call_until(end, Arc::clone(&provider)));
        }
        let calls: u32 = callers.join_all().await.into_iter().sum();
        let spent = process::cpu_of("self")?.saturating_sub(before);
        figures.push(Figure { provider: name, micros_per_call: spent.as_secs_f64() * 1e6 / f64::from(calls) });
    }
    Ok(figures)
}

async fn provider(sandbox: &Sandbox, path: &Path) -> Result<Provider> {
    let bytes = std::fs::read(path).with_context(|| format!("`{}` can't be read", path.display()))?;
    let artifact = sandbox.load(bytes, MEMORY, Duration::from_secs(30)).await?;
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let equipment = Equipment {
        component: "bench".to_owned(),
        settings: vec![setting("key", "k"), setting("model", "m"), setting("endpoint", "http://127.0.0.1:9/v1")],
        grant: Grant::new([], StandIns::default()),
        limits: GuestLimits {
            memory: MEMORY,
            timeout: Duration::from_secs(60),
            cpu: Duration::from_secs(2),
            concurrency: CALLERS,
            response_bytes: 64 << 20,
            events: 100_000,
            log: 64,
        },
    };
    Ok(sandbox.provider(Arc::new(artifact), equipment))
}

async fn call_until(end: Instant, provider: Arc<Provider>) -> u32 {
    let mut calls = 0;
    while Instant::now() < end {
        // A codec's call ends in a refusal, and that is as far as it is to come.
        drop(provider.call(request(), None, None).await);
        calls += 1;
        tokio::task::yield_now().await;
    }
    calls
}

fn request() -> Request {
    let say =
        |role, text: &str| Message { role, name: None, parts: vec![Part::Text(text.to_owned())], extensions: None };
    let messages = vec![
        say(Role::System, "You answer in one short sentence."),
        say(Role::User, "What is the capital of France, and how many people live there?"),
    ];
    Request { messages, ..Request::default() }
}
