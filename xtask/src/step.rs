//! Child processes and the lines that tell a person what is going on. Knows nothing of cargo or of this repository.
#![expect(clippy::disallowed_types, reason = "there is no runtime here whose time a test could pause")]

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// Says what is being done, does it, and says how many seconds it took.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("xtask: {name}");
    let started = Instant::now();
    let outcome = work();
    let seconds = started.elapsed().as_secs_f32();
    let verdict = if outcome.is_ok() { "took" } else { "failed after" };
    println!("xtask: {name}: {verdict} {seconds:.1} s");
    outcome
}

/// Runs `command` with this terminal as its own.
///
/// # Errors
/// When it can't be started, or ends with anything but success.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let text = in_words(command);
    let status = command.status().with_context(|| format!("`{text}` can't be started"))?;
    if !status.success() {
        bail!("`{text}` failed with {status}");
    }
    Ok(())
}

/// Runs `command` in silence and returns what it printed.
///
/// # Errors
/// As [`run`]; the message then ends with what the command had to say.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let text = in_words(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("`{text}` can't be started"))?;
    if !output.status.success() {
        bail!("`{text}` failed with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{text}` printed something other than UTF-8"))
}

/// Whether `command` exists and succeeds; its output is thrown away.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    silent.status().is_ok_and(|status| status.success())
}

fn in_words(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}
