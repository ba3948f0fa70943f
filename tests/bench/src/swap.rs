//! What callers notice of swaps: calls at a steady rate and slow calls go on while YAML and `.wasm` are replaced in turn,
//! every fifth time by something broken.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout_at};

use crate::cast::{self, Parlor, component};
use crate::client;
use crate::process::Server;

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The host's binary.
    #[arg(long)]
    parlor: PathBuf,
    /// The sample that answers what its YAML says.
    #[arg(long, default_value = "target/components/samples/canned.wasm")]
    canned: PathBuf,
    /// The folder for what the run leaves behind.
    #[arg(long, default_value = "target/bench")]
    output: PathBuf,
    #[arg(long, default_value_t = 50)]
    swaps: u32,
    /// Calls a second.
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// Slow calls at one time, each of two seconds.
    #[arg(long, default_value_t = 50)]
    slow: usize,
}

/// What tells one build of the sample from another.
const MARK: &[u8] = b"edition 0001";
/// After which a new version is given up.
const PATIENCE: Duration = Duration::from_secs(10);
/// For how long a broken file is left there.
const BROKEN: Duration = Duration::from_millis(600);

type Http = Client<HttpConnector, Full<Bytes>>;

/// A version: what the YAML says, and which build of the `.wasm` answers.
type Version = (u32, u32);

/// Calls that were answered, and those that were not.
#[derive(Default)]
struct Count {
    answered: AtomicUsize,
    failed: AtomicUsize,
}

/// Swaps, and prints what was noticed.
///
/// # Errors
/// When a server does not start, a new version does not serve, or an old one does again.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let upstream = cast::upstream().await?;
    let files = Files::new(options, &upstream)?;
    files.save(1, 1)?;
    let yaml = fs::read_to_string(files.folder.join("bench.yaml"))?;
    let host = Parlor::serving(&options.parlor, &files.folder, &yaml)?.start().await?;
    let (fast, slow) = (Arc::new(Count::default()), Arc::new(Count::default()));
    let (told, mut versions) = mpsc::unbounded_channel();
    let mut callers = JoinSet::new();
    callers.spawn(steadily(client::pooled(), url(&host, "canned"), options.rate, told, Arc::clone(&fast)));
    for _ in 0..options.slow {
        callers.spawn(again_and_again(client::pooled(), url(&host, "slow"), Arc::clone(&slow)));
    }
    sleep(Duration::from_secs(3)).await;
    let before = (host.resident_kib()?, host.open_files()?);
    let mut times = Vec::new();
    let mut now = (1, 1);
    for swap in 1..=options.swaps {
        let is_yaml = swap % 2 == 1;
        if swap % 5 == 0 {
            files.break_one(is_yaml)?;
            sleep(BROKEN).await;
            while let Ok((_, version)) = versions.try_recv() {
                ensure!(version == now, "{version:?} answers beside a broken file, and {now:?} should");
            }
            files.save(now.0, now.1)?;
            continue;
        }
        now = if is_yaml { (swap, now.1) } else { (now.0, swap) };
        let written = Instant::now();
        files.save_one(is_yaml, now)?;
        times.push(serving(&mut versions, now, written).await?);
    }
    sleep(Duration::from_secs(3)).await;
    let after = (host.resident_kib()?, host.open_files()?);
    callers.shutdown().await;
    times.sort();
    let at =
        |hundredth: usize| times.get((times.len() * hundredth / 100).min(times.len() - 1)).copied().unwrap_or_default();
    println!("| {} swaps, every fifth broken | |\n|---|--:|", options.swaps);
    println!("| from the write to the first answer of the new version, p50 | {} ms |", at(50).as_millis());
    println!("| the same, longest | {} ms |", at(100).as_millis());
    for (name, count) in [("fast", fast), ("slow", slow)] {
        println!("| {name} calls answered | {} |", count.answered.load(Ordering::Relaxed));
        println!("| {name} calls failed | {} |", count.failed.load(Ordering::Relaxed));
    }
    println!("| resident memory before, after | {:.1}, {:.1} MiB |", mib(before.0), mib(after.0));
    println!("| open files before, after | {}, {} |", before.1, after.1);
    Ok(())
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// The files that are replaced.
struct Files {
    folder: PathBuf,
    canned: Vec<u8>,
    upstream: String,
}

impl Files {
    fn new(options: &Options, upstream: &Server) -> Result<Self> {
        let folder = options.output.join("swap");
        fs::create_dir_all(&folder)?;
        let canned = fs::read(&options.canned).with_context(|| format!("`{}` is missing", options.canned.display()))?;
        Ok(Self { folder, canned, upstream: upstream.address.to_string() })
    }

    fn save(&self, answer: u32, build: u32) -> Result<()> {
        self.save_one(false, (answer, build))?;
        self.save_one(true, (answer, build))
    }

    /// The YAML has the slow component too, and changes a setting of it.
    fn save_one(&self, is_yaml: bool, (answer, build): Version) -> Result<()> {
        if !is_yaml {
            let mut bytes = self.canned.clone();
            let at = bytes.windows(MARK.len()).position(|window| window == MARK).context("the sample has no mark")?;
            let edition = format!("edition {build:04}");
            bytes.splice(at..at + MARK.len(), edition.into_bytes());
            return self.replace("canned.wasm", &bytes);
        }
        let mut text = String::new();
        let settings =
            format!("  wasm:\n    source: ./canned.wasm\n  metadata:\n  - name: answer\n    value: \"{answer}\"\n");
        component(&mut text, "canned", "conversation.canned", &settings)?;
        let settings = format!(
            "  metadata:\n  - name: key\n    value: benchmark\n  - name: model\n    value: model-{answer}\n  - name: endpoint\n    value: http://{}/2000/v1\n",
            self.upstream
        );
        component(&mut text, "slow", "conversation.openai", &settings)?;
        self.replace("bench.yaml", text.as_bytes())
    }

    fn break_one(&self, is_yaml: bool) -> Result<()> {
        match is_yaml {
            true => self.replace("bench.yaml", b"kind: ["),
            false => self.replace("canned.wasm", self.canned.get(..5_000).unwrap_or_default()),
        }
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let (aside, path): (PathBuf, &Path) = (self.folder.join(format!(".{name}")), &self.folder.join(name));
        fs::write(&aside, bytes)?;
        fs::rename(aside, path).with_context(|| format!("`{}` can't be replaced", path.display()))
    }
}

/// How long it took until `expected` answered. Calls that began before the write may still tell of the one before.
async fn serving(
    versions: &mut mpsc::UnboundedReceiver<(Instant, Version)>,
    expected: Version,
    written: Instant,
) -> Result<Duration> {
    loop {
        let next = timeout_at(written + PATIENCE, versions.recv()).await;
        let (answered, version) = next.ok().flatten().with_context(|| format!("{expected:?} does not serve"))?;
        if version == expected {
            return Ok(answered - written);
        }
    }
}

/// Calls at a rate, whether or not those before are answered.
async fn steadily(
    client: Http,
    url: String,
    rate: u32,
    told: mpsc::UnboundedSender<(Instant, Version)>,
    count: Arc<Count>,
) {
    let mut due = interval(Duration::from_secs(1) / rate);
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut under_way = JoinSet::new();
    loop {
        due.tick().await;
        let (client, url, told, count) = (client.clone(), url.clone(), told.clone(), Arc::clone(&count));
        under_way.spawn(async move {
            let version = converse(&client, &url).await.and_then(|text| version(&text));
            count.count(version.is_some());
            // Nobody listens any more once it is over.
            version.map(|version| told.send((Instant::now(), version)));
        });
        while under_way.try_join_next().is_some() {}
    }
}

async fn again_and_again(client: Http, url: String, count: Arc<Count>) {
    loop {
        count.count(converse(&client, &url).await.is_some());
    }
}

impl Count {
    fn count(&self, is_answered: bool) {
        let counter = if is_answered { &self.answered } else { &self.failed };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// The answer, when there is one.
async fn converse(client: &Http, url: &str) -> Option<String> {
    let body = json!({ "inputs": [{ "content": "go" }] }).to_string();
    let answer = client.request(Request::post(url).body(Full::from(body)).ok()?).await.ok()?;
    let told: Value = serde_json::from_slice(&answer.into_body().collect().await.ok()?.to_bytes()).ok()?;
    Some(told.pointer("/outputs/0/result")?.as_str()?.to_owned())
}

/// Such as `7, edition 0004`.
fn version(text: &str) -> Option<Version> {
    let (answer, edition) = text.split_once(", edition ")?;
    Some((answer.parse().ok()?, edition.parse().ok()?))
}

fn url(host: &Server, component: &str) -> String {
    host.url(&format!("/v1.0-alpha1/conversation/{component}/converse"))
}
