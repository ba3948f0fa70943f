//! The composition root: puts the rooms together, runs them, and takes them down in order.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::api::{self, Api, Extended};
use crate::assemble::{Assembly, assemble};
use crate::built_in::BuiltIns;
use crate::cli::{Check, Run, SandboxArgs};
use crate::components::diagnostic::{Diagnostics, Severity};
use crate::components::environment::ProcessEnvironment;
use crate::components::{AppIdentity, Sources, read};
use crate::egress::{Egress, EgressConfig, ProxyConfig};
use crate::limits;
use crate::registry::Snapshot;
use crate::sandbox::Sandbox;
use crate::secret::Secret;
use crate::shutdown::{self, End, Tasks};

/// What the process finds in its environment; read once, in `main.rs`.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// `DAPR_API_TOKEN`: what callers must show.
    pub api_token: Option<Secret>,
    /// `NAMESPACE`, which components are held against when it is set.
    pub namespace: Option<String>,
    /// `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.
    pub proxy: ProxyConfig,
    /// The user's cache folder, where there is one.
    pub cache: Option<PathBuf>,
}

/// Serves until the process is told to stop.
///
/// # Errors
/// When it can't start; what is wrong with single components is reported, and stops only a `--strict` start.
pub async fn run(args: Run, surroundings: Surroundings) -> Result<ExitCode> {
    let asked_to_stop = shutdown::requested().context("can't listen to signals")?;
    let app_id = args.app_id.clone();
    let assembly = load(&args.resources_path, app_id, &args.sandbox, &surroundings).await?;
    log(&assembly.diagnostics);
    let mistakes = assembly.diagnostics.errors();
    if args.strict && mistakes > 0 {
        anyhow::bail!("{mistakes} mistakes in the component files, and `--strict` allows none");
    }
    let http = listen(&args, args.dapr_http_port, "--dapr-http-port").await?;
    let grpc = listen(&args, args.dapr_grpc_port, "--dapr-grpc-port").await?;
    let summary = summary([http.local_addr()?, grpc.local_addr()?], &assembly.snapshot, mistakes);
    let end = End::default();
    let api = Arc::new(Api {
        snapshot: assembly.snapshot,
        app_id: args.app_id,
        token: surroundings.api_token,
        max_body_size: usize::try_from(args.max_body_size).unwrap_or(usize::MAX),
        extended: Extended::default(),
        end: end.clone(),
    });
    let tasks = Tasks::default();
    let http = api::server::serve(http, api::router(api.clone()), tasks.clone());
    let grpc = api::server::serve(grpc, api::grpc::router(api, &tasks).await?, tasks.clone());
    tasks.spawn(async move {
        tokio::join!(http, grpc);
    });
    say(&summary)?;
    let why = tokio::select! {
        signal = asked_to_stop => signal,
        () = end.asked() => "a shutdown request",
    };
    let grace = Duration::from_secs(args.dapr_graceful_shutdown_seconds);
    let code = tokio::select! {
        code = stop(why, &tasks, grace) => code,
        () = forced(&end) => ExitCode::FAILURE,
    };
    Ok(if end.is_forced() { ExitCode::FAILURE } else { code })
}

/// Reports every mistake of the files, and of the providers that they name.
///
/// # Errors
/// When the sandbox can't be set up.
pub async fn check(args: Check, surroundings: Surroundings) -> Result<ExitCode> {
    let assembly = load(&args.paths, args.app_id, &args.sandbox, &surroundings).await?;
    let count = assembly.snapshot.iter().len();
    let (mistakes, warnings) = (assembly.diagnostics.errors(), assembly.diagnostics.iter().count());
    if warnings > 0 {
        say(&assembly.diagnostics.to_string())?;
    }
    let warnings = warnings - mistakes;
    say(&format!("{}, {}, {}", counted(count, "component"), counted(mistakes, "error"), counted(warnings, "warning")))?;
    Ok(if mistakes == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn load(paths: &[PathBuf], app_id: String, args: &SandboxArgs, surroundings: &Surroundings) -> Result<Assembly> {
    let egress = Egress::new(&EgressConfig {
        connect: limits::CONNECT,
        extra_ca: args.extra_ca_file.clone(),
        proxy: surroundings.proxy.clone(),
        ..EgressConfig::default()
    })?;
    let sandbox = sandbox(egress, args.compile_cache.as_deref(), surroundings.cache.as_deref())?;
    let built_ins = BuiltIns::new(args.providers_path.as_deref())?;
    let app = AppIdentity { app_id, namespace: surroundings.namespace.clone() };
    let reading = read(&Sources { paths, environment: &ProcessEnvironment, app });
    Ok(assemble(&sandbox, &built_ins, reading).await)
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

async fn listen(args: &Run, port: u16, flag: &str) -> Result<TcpListener> {
    let address = SocketAddr::new(args.dapr_listen_addresses, port);
    api::server::listen(address)
        .await
        .with_context(|| format!("can't listen on {address}; choose another port with `{flag}`, or 0 for any"))
}

/// One line: where the host serves, and what.
fn summary([http, grpc]: [SocketAddr; 2], snapshot: &Snapshot, mistakes: usize) -> String {
    let components: Vec<String> = snapshot
        .iter()
        .map(|component| format!("{} ({}/{})", component.name, component.component_type, component.version))
        .collect();
    let components = if components.is_empty() { "no component".to_owned() } else { components.join(", ") };
    let mistakes = match mistakes {
        0 => String::new(),
        count => format!("; {} in the component files, see the log", counted(count, "mistake")),
    };
    format!("parlor is serving http://{http} and grpc://{grpc} with {components}{mistakes}")
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Writes to standard output, which is for the caller; logs are not.
fn say(text: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{}", text.trim_end()).context("can't write to standard output")
}

fn log(diagnostics: &Diagnostics) {
    for diagnostic in diagnostics {
        match diagnostic.severity {
            Severity::Error => tracing::error!("{diagnostic}"),
            Severity::Warning => tracing::warn!("{diagnostic}"),
        }
    }
}

/// Ends soon after someone asked for an end that waits for no call.
async fn forced(end: &End) {
    end.forced().await;
    tokio::time::sleep(limits::FORCED_END).await;
    tracing::warn!("stopped at once, as was asked for: open calls are cut off");
}

/// Takes nothing new in, lets accepted calls finish, and gives up on them after `grace`.
async fn stop(signal: &str, tasks: &Tasks, grace: Duration) -> ExitCode {
    tracing::info!("{signal}: finishing accepted calls, for up to {grace:?}");
    match timeout(grace, tasks.stop()).await {
        Ok(()) => {
            tracing::info!("stopped: every accepted call was answered");
            ExitCode::SUCCESS
        }
        Err(_) => {
            // One task is the listeners' own, which waits for their connections.
            let running = tasks.running().saturating_sub(1);
            tracing::warn!("stopped: {} still open after {grace:?}", counted(running, "connection"));
            ExitCode::FAILURE
        }
    }
}
