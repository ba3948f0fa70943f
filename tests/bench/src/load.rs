//! Load from `wrk`: one thread, a number of kept-alive connections, each sending its next call when the last one is
//! answered. Says what came back, not what it means.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio::process::Command;

/// A script that makes wrk post and report.
pub(crate) struct Wrk {
    script: PathBuf,
}

/// What wrk saw.
#[derive(Deserialize)]
pub(crate) struct Seen {
    pub(crate) requests: u32,
    pub(crate) micros: u32,
    /// Connections that broke and answers of 400 and above.
    pub(crate) failed: u32,
    pub(crate) p50_micros: u32,
    pub(crate) p99_micros: u32,
}

impl Wrk {
    /// Writes the script into `folder`.
    ///
    /// # Errors
    /// When it can't be written.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        let script = folder.join("post.lua");
        std::fs::write(&script, include_str!("post.lua")).with_context(|| format!("`{}`", script.display()))?;
        Ok(Self { script })
    }

    /// Posts `body` to `url` again and again.
    ///
    /// # Errors
    /// When wrk can't be started, fails, or got no answer at all.
    pub(crate) async fn post(&self, url: &str, body: &str, connections: u16, seconds: u32) -> Result<Seen> {
        let mut wrk = Command::new("wrk");
        wrk.args(["--threads", "1", "--connections", &connections.to_string(), "--duration", &seconds.to_string()]);
        wrk.arg("--script").arg(&self.script).args([url, "--", body]);
        let output = wrk.output().await.context("`wrk` can't be started")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().rev().find(|line| line.starts_with('{'));
        let Some(seen) = line.and_then(|line| serde_json::from_str::<Seen>(line).ok()) else {
            bail!("`wrk {url}` failed: {text}{}", String::from_utf8_lossy(&output.stderr));
        };
        if seen.requests == 0 {
            bail!("`wrk {url}` got no answer");
        }
        Ok(seen)
    }
}
