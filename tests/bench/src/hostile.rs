//! What the callers of a healthy component notice while guests attack beside it: their calls come at a steady rate, whether
//! or not those before are answered, first alone and then beside each attack.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::cast::{self, Parlor, component};
use crate::client;
use crate::process::Server;

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The host's binary.
    #[arg(long)]
    parlor: PathBuf,
    /// The folder of the hostile guests' components.
    #[arg(long, default_value = "target/components/hostile")]
    guests: PathBuf,
    /// The folder for what the run leaves behind.
    #[arg(long, default_value = "target/bench")]
    output: PathBuf,
    /// Seconds with the attack, and as many without.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Healthy calls a second.
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// Attackers, each of which attacks again after it is stopped.
    #[arg(long, default_value_t = 4)]
    attackers: usize,
    /// Milliseconds before it does. Without any, every attack takes all the processor time that there is, by its number.
    #[arg(long, default_value_t = 0)]
    pause: u64,
    /// Run only attacks whose names contain this.
    #[arg(long, default_value = "")]
    only: String,
}

/// A guest and what its setting `how` may be; nothing for one that is told what to send.
const ATTACKS: [(&str, &[&str]); 9] = [
    ("loops", &["compute", "log", "clock", "random", "poll", "nap", "sleep", "fields"]),
    ("glutton", &["memory", "claim", "stack", "calls", "fields", "headers", "bodies", "pollables", "random"]),
    ("table", &[""]),
    ("flood", &["text", "parts", "error", "kind", "log", "forge"]),
    ("saboteur", &["trap-encode", "loop-encode", "long-body", "many-headers", "trap-feed", "loop-feed", "events"]),
    ("boundary", &["utf8-broken", "beyond", "overflow", "part", "post"]),
    ("swarm", &["ask", "hold", "drip"]),
    ("puppet-codec", &[]),
    ("puppet-http", &[]),
];

/// What the puppets are told to send.
const SCRIPTS: [(&str, &str); 3] = [
    ("forged header", r#"{"url":"http://127.0.0.1:9/","headers":[["x","1\r\nhost: evil.test"]]}"#),
    ("other host", r#"{"url":"http://127.0.0.1:9@169.254.169.254/latest/meta-data/"}"#),
    ("key in URL", r#"{"url":"http://127.0.0.1:9/{key}"}"#),
];

/// One row of the table.
struct Attack {
    name: String,
    component: String,
    /// What is said to it.
    text: &'static str,
}

/// How the healthy calls fared.
struct Health {
    /// In milliseconds.
    p50: f64,
    p99: f64,
    failed: usize,
}

type Http = Client<HttpConnector, Full<Bytes>>;

/// Measures each attack and prints the table.
///
/// # Errors
/// When a server does not start, or does not answer an attacker's first call.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let upstream = cast::upstream().await?;
    let yaml = components(options, &upstream)?;
    let host = Parlor::serving(&options.parlor, &options.output.join("hostile"), &yaml)?.start().await?;
    let client = client::pooled();
    println!(
        "| attack | what its caller is told | attacks | p50 / p99 alone | p50 / p99 beside | p99 added | failed |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|");
    // The first calls open connections and warm the pool of instances.
    healthy(&client, &host, options).await;
    for attack in attacks().into_iter().filter(|attack| attack.name.contains(&options.only)) {
        let alone = healthy(&client, &host, options).await;
        let told = converse(&client, &url(&host, &attack.component), attack.text).await?.1;
        let count = Arc::new(AtomicUsize::new(0));
        let mut attackers = JoinSet::new();
        for _ in 0..options.attackers {
            let (client, url) = (client.clone(), url(&host, &attack.component));
            attackers.spawn(again_and_again(client, url, attack.text, options.pause, Arc::clone(&count)));
        }
        let beside = healthy(&client, &host, options).await;
        attackers.shutdown().await;
        row(&attack.name, &told, count.load(Ordering::Relaxed), &alone, &beside);
    }
    Ok(())
}

fn attacks() -> Vec<Attack> {
    let mut attacks = Vec::new();
    for (guest, ways) in ATTACKS {
        for how in ways {
            let name = format!("{guest} {how}").trim_end().to_owned();
            attacks.push(Attack { component: name.replace(' ', "-"), name, text: "go" });
        }
        for (what, text) in SCRIPTS.iter().filter(|_| ways.is_empty()) {
            attacks.push(Attack { component: guest.to_owned(), name: format!("{guest} {what}"), text });
        }
    }
    attacks
}

fn components(options: &Options, upstream: &Server) -> Result<String> {
    let mut text = String::new();
    component(&mut text, "echo", "conversation.echo", "")?;
    for (guest, ways) in ATTACKS {
        let source = options.guests.join(guest).with_extension("wasm");
        let source = source.canonicalize().with_context(|| format!("`{}` is missing", source.display()))?;
        let mut wasm = format!("  wasm:\n    source: {}\n", source.display());
        wasm.push_str("    limits: { cpu: 500ms, timeout: 2s }\n");
        match ways {
            [] => {
                wasm.push_str("    allowedHosts: [\"http://127.0.0.1:9\"]\n");
                wasm.push_str("  metadata:\n  - { name: key, value: sk-benchmark-0123456789 }\n");
                component(&mut text, guest, "conversation.hostile", &wasm)?;
            }
            ways => {
                for how in ways {
                    let name = format!("{guest}-{how}");
                    let settings = settings(guest, how, upstream)?;
                    component(
                        &mut text,
                        name.trim_end_matches('-'),
                        "conversation.hostile",
                        &format!("{wasm}{settings}"),
                    )?;
                }
            }
        }
    }
    Ok(text)
}

fn settings(guest: &str, how: &str, upstream: &Server) -> Result<String> {
    let mut settings = String::new();
    if !how.is_empty() {
        write!(settings, "  metadata:\n  - {{ name: how, value: {how} }}\n")?;
    }
    if matches!(guest, "saboteur" | "swarm") {
        writeln!(settings, "  - {{ name: endpoint, value: \"{}\" }}", upstream.url(""))?;
    }
    Ok(settings)
}

/// Calls the healthy component at its rate. A call's time counts from when it was due, so that a host that stands still is
/// not spared the calls that came meanwhile.
async fn healthy(client: &Http, host: &Server, options: &Options) -> Health {
    let calls = u64::from(options.rate) * options.seconds;
    let mut due = interval(Duration::from_secs(1) / options.rate);
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut under_way = JoinSet::new();
    for _ in 0..calls {
        let at = due.tick().await;
        let (client, url) = (client.clone(), url(host, "echo"));
        under_way.spawn(async move {
            let answered = converse(&client, &url, "hello").await;
            answered.is_ok_and(|(status, _)| status == StatusCode::OK).then(|| at.elapsed().as_secs_f64() * 1e3)
        });
    }
    let times = under_way.join_all().await;
    let mut answered: Vec<f64> = times.iter().copied().flatten().collect();
    answered.sort_by(f64::total_cmp);
    let at = |hundredth: usize| answered.get(answered.len() * hundredth / 100).copied().unwrap_or(f64::NAN);
    Health { p50: at(50), p99: at(99), failed: times.len() - answered.len() }
}

async fn again_and_again(client: Http, url: String, text: &'static str, pause: u64, count: Arc<AtomicUsize>) {
    loop {
        count.fetch_add(1, Ordering::Relaxed);
        // However it ends: what matters is what others notice.
        let _ = converse(&client, &url, text).await;
        sleep(Duration::from_millis(pause)).await;
    }
}

/// Says `text` to a component, and gives the status and what it is told.
async fn converse(client: &Http, url: &str, text: &str) -> Result<(StatusCode, String)> {
    let body = json!({ "inputs": [{ "content": text }] }).to_string();
    let answer = client.request(Request::post(url).body(Full::from(body))?).await.context("the host is gone")?;
    let status = answer.status();
    let told: Value = serde_json::from_slice(&answer.into_body().collect().await?.to_bytes())?;
    Ok((status, told.get("message").and_then(Value::as_str).unwrap_or("answered").to_owned()))
}

fn url(host: &Server, component: &str) -> String {
    host.url(&format!("/v1.0-alpha1/conversation/{component}/converse"))
}

fn row(name: &str, told: &str, attacks: usize, alone: &Health, beside: &Health) {
    const LONGEST: usize = 90;
    let told = told.split_once(": ").map_or(told, |(_, why)| why);
    let told: String = told.chars().filter(|letter| !matches!(letter, '|' | '\n')).take(LONGEST).collect();
    println!(
        "| {name} | {told} | {attacks} | {:.2} / {:.2} | {:.2} / {:.2} | {:+.2} ms | {} |",
        alone.p50,
        alone.p99,
        beside.p50,
        beside.p99,
        beside.p99 - alone.p99,
        alone.failed + beside.failed
    );
}
