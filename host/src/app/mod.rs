//! The composition root: puts the rooms together, runs them, and takes them down in order.

mod check;
mod doors;
mod end;
mod inspect;
mod serving;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;

pub use self::check::check;
use self::end::{End, accompany, asked, forced, stop};
pub use self::inspect::inspect;
use self::serving::{Serving, serve};
use crate::assemble::{Assembler, Places};
use crate::cli::{Run, SandboxArgs};
use crate::components::AppIdentity;
use crate::daprd;
use crate::egress::{Egress, EgressConfig, ProxyConfig};
use crate::launch::{run_file, several};
use crate::limits;
use crate::sandbox::Sandbox;
use crate::secret::Secret;
use crate::shutdown::Signals;
use crate::yaml::diagnostic::Diagnostic;

/// What the process finds in its environment; read once, in `main.rs`.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// `DAPR_API_TOKEN`: what callers must show.
    pub api_token: Option<Secret>,
    /// `NAMESPACE`, which components are held against when it is set.
    pub namespace: Option<String>,
    /// `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.
    pub proxy: ProxyConfig,
    /// The user's own folder.
    pub home: Option<PathBuf>,
    /// The user's cache folder, where there is one.
    pub cache: Option<PathBuf>,
}

/// As whom the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Parlor,
    /// Says what daprd says, and begins anew at SIGHUP as daprd does.
    Daprd,
}

/// Serves until the process is told to stop, or the app beside it has ended.
///
/// # Errors
/// When it can't start; what is wrong with single components is reported, and stops only a `--strict` start.
pub async fn run(args: Run, surroundings: Surroundings, manner: Manner) -> Result<ExitCode> {
    if let Some(file) = &args.launch.run_file {
        return run_several(file, &args, &surroundings).await;
    }
    let has_app = args.launch.has_app();
    let mut signals = Signals::listen(has_app).context("can't listen to signals")?;
    if !args.asked.in_vain.is_empty() {
        tracing::warn!("passed over, because it has no meaning here: {}", args.asked.in_vain.join(", "));
    }
    if manner == Manner::Daprd {
        daprd::lines::starting(&args.app_id, args.log_level.as_str());
    }
    loop {
        let serving = tokio::select! {
            serving = serve(&args, &surroundings, manner) => serving?,
            signal = end::early(&mut signals) => return Ok(End::Asked(signal).code(true)),
        };
        let Serving { tasks, ports, switch, reload } = serving;
        let end = match (has_app, manner) {
            (true, _) => accompany(&args, ports, &mut signals, &switch).await,
            (false, Manner::Parlor) => asked(&mut signals, &switch, Some(&reload)).await,
            (false, Manner::Daprd) => asked(&mut signals, &switch, None).await,
        };
        let is_drained = tokio::select! {
            is_drained = stop(&end, &tasks, grace(&args), &mut signals) => is_drained,
            () = forced(&switch) => false,
        };
        if manner == Manner::Daprd && is_drained {
            if matches!(end, End::Asked(Signal::HUP)) {
                continue;
            }
            daprd::lines::stopped();
        }
        return Ok(end.code(is_drained && !switch.is_forced()));
    }
}

/// Runs the apps of a run file, each with a host of its own.
async fn run_several(path: &Path, args: &Run, surroundings: &Surroundings) -> Result<ExitCode> {
    let reading = run_file::read(&run_file::file(path), surroundings.home.as_deref());
    reading.diagnostics.iter().for_each(Diagnostic::log);
    let mistakes = reading.diagnostics.errors();
    if mistakes > 0 {
        anyhow::bail!("{} in the run file; nothing is started", counted(mistakes, "mistake"));
    }
    if !args.asked.beside_run_file.is_empty() {
        let flags = args.asked.beside_run_file.join(", ");
        tracing::warn!("passed over, because the run file says what its apps need: {flags}");
    }
    let mut signals = Signals::listen(true).context("can't listen to signals")?;
    let code = several::run(&reading.plans, grace(args), &mut signals).await?;
    Ok(ExitCode::from(code))
}

fn grace(args: &Run) -> Duration {
    Duration::from_secs(args.dapr_graceful_shutdown_seconds)
}

/// What makes snapshots of the files in `paths`.
fn assembler(paths: &[PathBuf], app_id: String, args: &SandboxArgs, surroundings: &Surroundings) -> Result<Assembler> {
    let egress = Egress::new(&EgressConfig {
        connect: limits::CONNECT,
        extra_ca: args.extra_ca_file.clone(),
        proxy: surroundings.proxy.clone(),
        ..EgressConfig::default()
    })?;
    let sandbox = sandbox(egress, args.compile_cache.as_deref(), surroundings.cache.as_deref())?;
    let app = AppIdentity { app_id, namespace: surroundings.namespace.clone() };
    let places = Places { resources: paths.to_vec(), providers: args.providers_path.clone(), app };
    Assembler::new(sandbox, places)
}

/// A cache folder that was asked for must be fit for use; the user's own is only used where it is.
fn sandbox(egress: Egress, asked: Option<&Path>, own: Option<&Path>) -> Result<Sandbox> {
    if asked.is_none() && own.is_some() {
        match Sandbox::new(egress.clone(), own) {
            Ok(sandbox) => return Ok(sandbox),
            Err(error) => tracing::warn!("{error:#}; every start compiles its providers anew"),
        }
    }
    Sandbox::new(egress, asked)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Writes to standard output, which is for the caller; logs are not.
fn say(text: &str) -> Result<()> {
    writeln!(io::stdout(), "{}", text.trim_end()).context("can't write to standard output")
}
