//! A server under test as the operating system sees it: started as a child, found by the address it prints, asked for
//! its CPU time and memory through `/proc`. Knows nothing of what it serves.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Linux counts CPU time for its users in hundredths of a second, whatever its own clock does.
const TICK: Duration = Duration::from_millis(10);
/// Longer than any server here takes to start on a cold machine, or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server; it ends when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pid: u32,
    child: Child,
    _output: JoinSet<()>,
}

impl Server {
    /// Starts `command` and waits for the line that names its address.
    ///
    /// # Errors
    /// When it can't be started, or ends or says nothing for a minute.
    pub(crate) async fn start(command: &mut Command) -> Result<Self> {
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = piped.spawn().with_context(|| format!("`{program}` can't be started"))?;
        let (lines, mut heard) = mpsc::unbounded_channel();
        let mut output = JoinSet::new();
        output.spawn(pass_on(child.stdout.take(), lines.clone()));
        output.spawn(pass_on(child.stderr.take(), lines));
        let mut said = String::new();
        let listening = async {
            while let Some(line) = heard.recv().await {
                if let Some(address) = address_in(&line) {
                    return Some(address);
                }
                said.push_str(&line);
                said.push('\n');
            }
            None
        };
        let address = timeout(PATIENCE, listening).await.ok().flatten();
        let (Some(address), Some(pid)) = (address, child.id()) else {
            bail!("`{program}` named no address to call; it said:\n{said}");
        };
        Ok(Self { address, pid, child, _output: output })
    }

    /// Where it is called at this path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// When it has ended before, does not end within a minute, or ends with anything but success.
    pub(crate) async fn end(mut self) -> Result<()> {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw).context("it has no process number")?;
        kill_process(pid, Signal::TERM).context("it can't be asked to end")?;
        let status = timeout(PATIENCE, self.child.wait()).await.context("it does not end")??;
        if !status.success() {
            bail!("it ended with {status}");
        }
        Ok(())
    }

    /// The CPU time that it has used since it was started, by all its threads.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        cpu_of(&self.pid.to_string())
    }

    /// The memory that it holds now, in KiB.
    pub(crate) fn resident_kib(&self) -> Result<u64> {
        resident_kib_of(&self.pid.to_string())
    }

    /// How many files, sockets and the like it has open.
    pub(crate) fn open_files(&self) -> Result<usize> {
        let path = format!("/proc/{}/fd", self.pid);
        Ok(std::fs::read_dir(&path).with_context(|| format!("`{path}` can't be read: has it ended?"))?.count())
    }
}

/// The memory that a process holds now, in KiB, by its number or as `self`.
pub(crate) fn resident_kib_of(process: &str) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    let text = std::fs::read_to_string(&path).with_context(|| format!("`{path}` can't be read: has it ended?"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .with_context(|| format!("`{path}` names no resident memory"))
}

/// The CPU time of a process, by its number or as `self`.
pub(crate) fn cpu_of(process: &str) -> Result<Duration> {
    let path = format!("/proc/{process}/stat");
    let text = std::fs::read_to_string(&path).with_context(|| format!("`{path}` can't be read: has it ended?"))?;
    // The second field is the program's name in parentheses and may hold anything; user and system time are the
    // fourteenth and fifteenth.
    let fields = text.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks: Vec<u32> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Ok(TICK * ticks.iter().sum())
}

/// Reads on to the end, so that a server never stands still because nobody listens.
async fn pass_on(output: Option<impl AsyncRead + Unpin>, lines: mpsc::UnboundedSender<String>) {
    let Some(output) = output else { return };
    let mut reader = BufReader::new(output).lines();
    while let Ok(Some(line)) = reader.next_line().await {
        // Nobody wants to hear more once the address is known.
        let _ = lines.send(line);
    }
}

/// The address in a line such as `parlor is serving http://127.0.0.1:3500 (4 components)`.
fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://")?;
    let end = rest.find(|c: char| !(c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '[' | ']'))).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::address_in;

    #[test]
    fn the_address_is_found_wherever_it_stands_in_a_line() {
        let check = |line: &str, expected: Option<&str>| {
            assert_eq!(address_in(line), expected.map(|text| text.parse().unwrap()), "{line}");
        };
        check("http://127.0.0.1:3500", Some("127.0.0.1:3500"));
        check("INFO parlor is serving http://127.0.0.1:3500 (4 components)", Some("127.0.0.1:3500"));
        check(r#"{"message":"serving http://[::1]:3500/","level":"info"}"#, Some("[::1]:3500"));
        check("2026-11-22T14:00:00Z INFO starting", None);
        check("http://localhost:3500", None);
    }
}
