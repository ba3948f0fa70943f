//! Several apps at once, each with a host of its own: this program again, guarded like an app. Reads no file.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::join_all;
use rustix::process::Signal;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::environment::Variable;
use super::run_file::Plan;
use super::{App, Destination, Ending, Launch, Unstartable, program};
use crate::shutdown::Signals;
use crate::telemetry;

/// What each host needs besides its own and its app's time to end: to end them one after the other.
const MARGIN: Duration = Duration::from_secs(5);

/// Starts every app with its host, stays until the last has ended, and passes signals on to all. The exit code is the
/// first in the file that is not zero.
///
/// # Errors
/// When one can't be started; those that were are ended.
pub async fn run(plans: &[Plan], grace: Duration, signals: &mut Signals) -> Result<u8, Unstartable> {
    let mut senders = Vec::new();
    let mut apps = Vec::new();
    for plan in plans {
        match start(plan, grace).await {
            Ok(app) => {
                let (sender, mut receiver) = unbounded_channel();
                senders.push(sender);
                apps.push(app.accompany(async move || match receiver.recv().await {
                    Some(signal) => signal,
                    None => std::future::pending().await,
                }));
            }
            Err(error) => {
                pass_on(&senders, Signal::TERM);
                join_all(apps).await;
                return Err(error);
            }
        }
    }
    let mut ends = std::pin::pin!(join_all(apps));
    loop {
        tokio::select! {
            ends = &mut ends => return Ok(ends.into_iter().map(Ending::code).find(|code| *code != 0).unwrap_or(0)),
            signal = signals.next() => pass_on(&senders, signal),
        }
    }
}

fn pass_on(hosts: &[UnboundedSender<Signal>], signal: Signal) {
    for host in hosts {
        // One that has ended hears nothing.
        let _ = host.send(signal);
    }
}

async fn start(plan: &Plan, grace: Duration) -> Result<App, Unstartable> {
    let command = command(plan, grace)?;
    let variables: Vec<Variable> = plan
        .variables
        .iter()
        .map(|(name, value)| Variable { name: name.clone(), value: Some(value.clone()) })
        .collect();
    let grace = grace * 2 + MARGIN;
    App::start(&Launch { command: &command, variables: &variables, directory: None, output: None, grace }).await
}

/// `parlor run` with everything that the plan says.
fn command(plan: &Plan, grace: Duration) -> io::Result<Vec<OsString>> {
    let mut words: Vec<OsString> = vec![program().into(), "run".into()];
    words.push(flag("app-id", &plan.app_id));
    words.push(flag("app-directory", &plan.directory));
    words.push(flag("app-log-prefix", format!("== APP - {} == ", plan.app_id)));
    words.push(flag("dapr-graceful-shutdown-seconds", grace.as_secs().to_string()));
    for folder in &plan.resources {
        words.push(flag("resources-path", folder));
    }
    // Hosts that name no port must not compete for the default one.
    for port in ["dapr-http-port", "dapr-grpc-port", "metrics-port"] {
        if !plan.flags.iter().any(|(name, _)| *name == port) {
            words.push(flag(port, "0"));
        }
    }
    for (destination, name, log) in [(plan.app_log, "app", "app-log"), (plan.host_log, "daprd", "log")] {
        if destination == Destination::Console {
            continue;
        }
        words.push(flag(&format!("{log}-file"), log_file(&plan.directory, &plan.app_id, name)?));
        words.push(flag(&format!("{log}-destination"), destination.name()));
    }
    for (name, value) in &plan.flags {
        match value {
            Some(value) => words.push(flag(name, value)),
            None => words.push(format!("--{name}").into()),
        }
    }
    if !plan.command.is_empty() {
        words.push("--".into());
        words.extend(plan.command.iter().map(OsString::from));
    }
    Ok(words)
}

fn flag(name: &str, value: impl AsRef<OsStr>) -> OsString {
    let mut word = OsString::from(format!("--{name}="));
    word.push(value);
    word
}

/// Dapr's name for a log file, in a folder that is made where it isn't there.
fn log_file(directory: &Path, app_id: &str, name: &str) -> io::Result<PathBuf> {
    let folder = directory.join(".dapr/logs");
    std::fs::create_dir_all(&folder)?;
    let stamp: String = telemetry::timestamp().chars().filter(char::is_ascii_digit).take(14).collect();
    Ok(folder.join(format!("{app_id}_{name}_{stamp}.log")))
}
