//! `parlor inspect`: finds the artifact, has the sandbox look it over, and prints what it saw.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::say;
use crate::built_in::{BuiltIns, read_artifact};
use crate::cli::Inspect;
use crate::egress::{Egress, EgressConfig};
use crate::inspect::Facts;
use crate::sandbox::Sandbox;

/// Tells what a provider is, and whether it can be served. Its code is 1 when it can't.
///
/// # Errors
/// When the artifact can't be read, or the sandbox can't be set up.
pub async fn inspect(args: Inspect) -> Result<ExitCode> {
    let (bytes, is_built_in) = artifact(&args)?;
    // Without a cache, so that the compiler's time is told as it is.
    let sandbox = Sandbox::new(Egress::new(&EgressConfig::default())?, None)?;
    let size = bytes.len();
    let facts = Facts::new(args.artifact, is_built_in, size, sandbox.examine(bytes).await);
    say(&if args.json { serde_json::to_string_pretty(&facts)? } else { facts.to_string() })?;
    Ok(if facts.refusal.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A file's bytes, or those of a built-in provider.
fn artifact(args: &Inspect) -> Result<(Vec<u8>, bool)> {
    let name = args.artifact.as_str();
    let built_ins = BuiltIns::new(args.providers_path.as_deref())?;
    if let Some(place) = built_ins.place(name) {
        return Ok((
            place.read().with_context(|| format!("the provider of `{name}` can't be read"))?.into_owned(),
            true,
        ));
    }
    let told = || format!("`{name}` can't be read; name a `.wasm` file, or one of {}", built_ins.types().join(", "));
    Ok((read_artifact(Path::new(name)).with_context(told)?, false))
}
