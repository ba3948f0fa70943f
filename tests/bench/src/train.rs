//! The calls that the layout of the host's code is learnt from: those of all rows that are about the host, and then an
//! orderly end, at which an instrumented host writes down what it has counted. Measures nothing.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::cast::{self, Parlor};
use crate::load::Wrk;
use crate::rows::{ROWS, Under};

/// For each row: time enough for every branch of a call to be counted some thousand times.
const SECONDS: u32 = 5;

/// Whom to call.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The host's binary.
    #[arg(long)]
    parlor: PathBuf,
    /// The folder for what the run leaves behind.
    #[arg(long)]
    output: PathBuf,
}

/// Calls the host, and ends it.
///
/// # Errors
/// When a server does not start, a call fails, or the host does not end.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let upstream = cast::upstream().await?;
    let host = Parlor::new(&options.parlor, &options.output, &upstream)?.start().await?;
    let wrk = Wrk::new(&options.output)?;
    for row in ROWS.iter().filter(|row| row.under == Under::Parlor) {
        let seen = wrk.post(&host.url(row.path), row.body, row.connections, SECONDS).await?;
        if seen.failed > 0 {
            bail!("{} of {} calls of `{}` failed", seen.failed, seen.requests, row.name);
        }
    }
    host.end().await
}
