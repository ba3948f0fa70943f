//! `parlor-bench`: measures the host beside its floor, a bare proxy and the direct line, all in one run, because only
//! ratios of one run on one machine mean anything. It asserts no figure. `cargo xtask bench` builds and starts it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the table is what a person asked for")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod bodies;
mod cache;
mod cast;
mod client;
mod floor;
mod hostile;
mod json;
mod load;
mod measure;
mod process;
mod proxy;
mod report;
mod rows;
mod sandbox;
mod serve;
mod swap;
mod train;
mod upstream;

/// Measures the host beside its floor, a bare proxy and the direct line.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    role: Role,
}

#[derive(Subcommand)]
enum Role {
    /// Measure, print a table, write it as JSON.
    Run(Options),
    /// Measure reading a request and writing its answer, beside plain serde.
    Json,
    /// Measure the cache alone, and its memory while a million answers pass.
    Cache,
    /// Measure what a healthy component's callers notice while guests attack.
    Hostile(hostile::Options),
    /// Measure what callers notice while components are swapped.
    Swap(swap::Options),
    /// Measure nothing: call the host as the rows do, and end it in order.
    Train(train::Options),
    /// Be the upstream that every call ends at.
    Upstream,
    /// Be the floor: parse and answer what echo does, with nothing in between.
    Floor,
    /// Be a bare reverse proxy.
    Proxy {
        /// Where it sends everything.
        upstream: SocketAddr,
    },
}

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The host's binary; without it only the rows that need no host are measured.
    #[arg(long)]
    parlor: Option<PathBuf>,
    /// The folder of the built-in providers' components; without it the sandbox alone is not measured.
    #[arg(long)]
    providers: Option<PathBuf>,
    /// The folder for the JSON and for what the run leaves behind.
    #[arg(long, default_value = "target/bench")]
    output: PathBuf,
    /// The name of the JSON file.
    #[arg(long, default_value = "latest")]
    name: String,
    /// One short round: shows that everything works, not how fast it is.
    #[arg(long)]
    quick: bool,
    /// Measure only this row; may be repeated.
    #[arg(long)]
    only: Vec<String>,
}

fn main() -> ExitCode {
    match start(Arguments::parse().role) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn start(role: Role) -> Result<()> {
    match role {
        Role::Run(options) => measure::run(&options).await,
        Role::Json => json::run(),
        Role::Cache => cache::run().await,
        Role::Hostile(options) => hostile::run(&options).await,
        Role::Swap(options) => swap::run(&options).await,
        Role::Train(options) => train::run(&options).await,
        Role::Upstream => upstream::serve().await,
        Role::Floor => floor::serve().await,
        Role::Proxy { upstream } => proxy::serve(upstream).await,
    }
}
