//! The run: starts everybody, takes the rows in turns so that a machine that gets slower gets slower for all, and
//! hands the figures to the report.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::cast::{Cast, Parlor};
use crate::load::Wrk;
use crate::process::Server;
use crate::report::{Figures, Report, Waiting, median};
use crate::rows::{ROWS, Row};
use crate::{Options, bodies, client, sandbox};

/// Calls that wait at once.
const WAITING: usize = 500;
/// Longer than starting that many calls takes, shorter than the upstream keeps them waiting.
const GATHER: Duration = Duration::from_secs(4);

/// How long it all takes.
struct Pace {
    rounds: usize,
    seconds: u32,
    starts: usize,
}

/// Measures, prints the table and writes the JSON.
///
/// # Errors
/// When a server does not start, a call fails, or the figures can't be written.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let pace = if options.quick {
        Pace { rounds: 1, seconds: 2, starts: 1 }
    } else {
        Pace { rounds: 5, seconds: 4, starts: 5 }
    };
    let wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    let folder = &options.output;
    std::fs::create_dir_all(folder).with_context(|| format!("`{}` can't be made", folder.display()))?;
    let mut cast = Cast::start().await?;
    let mut report = Report::default();
    if let Some(binary) = &options.parlor {
        let parlor = Parlor::new(binary, folder, &cast.upstream)?;
        let host = parlor.start().await?;
        report.idle_kib = Some(host.resident_kib()?);
        if wanted("start") {
            report.start_ms = Some(start_to_first_answer(&parlor, pace.starts).await?);
        }
        if wanted("waiting") {
            report.waiting = Some(memory_of_waiting_calls(&parlor, &cast.upstream).await?);
        }
        cast.join(host);
    }
    if let Some(providers) = options.providers.as_ref().filter(|_| wanted("sandbox")) {
        report.sandbox = sandbox::figures(providers, pace.seconds).await?;
    }
    let rows = ROWS.iter().filter(|row| wanted(row.name) && cast.server(row.under).is_some()).collect::<Vec<_>>();
    report.rows = table(&cast, &rows, &pace, folder).await?;
    if report.is_empty() {
        bail!("there is no such row; the rows are {}, sandbox, start, waiting", ROWS.map(|row| row.name).join(", "));
    }
    println!("{report}");
    let path = folder.join(&options.name).with_extension("json");
    std::fs::write(&path, report.json()?).with_context(|| format!("`{}` can't be written", path.display()))?;
    println!("written to {}", path.display());
    Ok(())
}

async fn table(cast: &Cast, rows: &[&Row], pace: &Pace, folder: &Path) -> Result<Vec<Figures>> {
    let wrk = Wrk::new(folder)?;
    let client = client::pooled();
    for row in rows {
        // A refusal is quicker than an answer, so it is looked at before anything is counted.
        client::call(&client, &url(cast, row)?, row.body).await?;
        once(cast, row, &wrk, 1).await?;
    }
    let mut samples: Vec<Vec<Figures>> = rows.iter().map(|_| Vec::new()).collect();
    for round in 1..=pace.rounds {
        eprintln!("round {round} of {}", pace.rounds);
        for (row, samples) in rows.iter().zip(&mut samples) {
            samples.push(once(cast, row, &wrk, pace.seconds).await?);
        }
    }
    Ok(rows.iter().zip(&samples).map(|(row, samples)| Figures::median(row, samples)).collect())
}

async fn once(cast: &Cast, row: &Row, wrk: &Wrk, seconds: u32) -> Result<Figures> {
    let server = cast.server(row.under).context("a row without a server")?;
    let before = server.cpu()?;
    let seen = wrk.post(&url(cast, row)?, row.body, row.connections, seconds).await?;
    let cpu = server.cpu()?.saturating_sub(before);
    Ok(Figures::new(row, &seen, cpu, server.resident_kib()?))
}

fn url(cast: &Cast, row: &Row) -> Result<String> {
    let server = cast.server(row.under).context("a row without a server")?;
    Ok(server.url(row.path))
}

/// Milliseconds from the start of the process to its first answer, the compile cache being warm.
async fn start_to_first_answer(parlor: &Parlor, starts: usize) -> Result<f64> {
    let mut samples = Vec::new();
    for _ in 0..starts {
        let started = Instant::now();
        let host = parlor.start().await?;
        client::call(&client::pooled(), &converse(&host, "echo"), bodies::CONVERSE).await?;
        samples.push(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(samples))
}

/// What a call costs while its upstream thinks: resident memory with many of them less that with none.
async fn memory_of_waiting_calls(parlor: &Parlor, upstream: &Server) -> Result<Waiting> {
    let host = parlor.start().await?;
    let client = client::pooled();
    client::call(&client, &converse(&host, "openai"), bodies::CONVERSE).await?;
    let before = host.resident_kib()?;
    let mut calls = JoinSet::new();
    for _ in 0..WAITING {
        let (client, url) = (client.clone(), converse(&host, "openai-waiting"));
        calls.spawn(async move { client::call(&client, &url, bodies::CONVERSE).await.is_ok() });
    }
    // As many as the host lets through at once may be fewer than were sent.
    let _ = timeout(GATHER, all_waiting(&client, upstream)).await;
    let reached = waiting_at(&client, upstream).await?;
    let during = host.resident_kib()?;
    let answered = calls.join_all().await.into_iter().filter(|answered| *answered).count();
    Ok(Waiting { sent: WAITING, reached, answered, before_kib: before, during_kib: during })
}

async fn all_waiting(client: &Client<HttpConnector, Full<Bytes>>, upstream: &Server) -> Result<()> {
    while waiting_at(client, upstream).await? < WAITING {
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn waiting_at(client: &Client<HttpConnector, Full<Bytes>>, upstream: &Server) -> Result<usize> {
    let count = client::call(client, &upstream.url("/waiting"), "").await?;
    std::str::from_utf8(&count)?.parse().context("the upstream can't count")
}

fn converse(host: &Server, component: &str) -> String {
    host.url(&format!("/v1.0-alpha2/conversation/{component}/converse"))
}
