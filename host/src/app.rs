//! The composition root: puts the rooms together, runs them, and takes them down in order.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::timeout;

use crate::api::listen::{Listener, socket_path};
use crate::api::server::Served;
use crate::api::{self, Api};
use crate::app_health::{AppConnection, HealthCheck};
use crate::assemble::{Assembly, assemble};
use crate::built_in::BuiltIns;
use crate::cli::{AppArgs, Check, Run, SandboxArgs};
use crate::components::diagnostic::{Diagnostics, Severity};
use crate::components::environment::ProcessEnvironment;
use crate::components::{AppIdentity, Sources, read};
use crate::egress::{Egress, EgressConfig, ProxyConfig};
use crate::limits;
use crate::registry::Snapshot;
use crate::sandbox::Sandbox;
use crate::secret::Secret;
use crate::shutdown::{self, Tasks};

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
    let app = app_connection(&args.app)?.map(Arc::new);
    let listeners = listen(&args).await?;
    let summary = summary(&listeners, &assembly.snapshot, mistakes);
    let api = Arc::new(Api {
        snapshot: assembly.snapshot,
        app_id: args.app_id,
        token: surroundings.api_token,
        max_body_size: args.max_body_size,
        allowed_origins: args.allowed_origins,
        app: app.clone(),
    });
    let tasks = Tasks::default();
    let head = args.dapr_http_read_buffer_size.unwrap_or(args.read_buffer_size);
    let served = Served { router: api::router(api), max_head_size: head.saturating_add(limits::CLIENT_HEAD_SLACK) };
    for listener in listeners {
        tasks.spawn(api::server::serve(listener, served.clone(), tasks.clone()));
    }
    if let Some(app) = app {
        watch(app, &tasks);
    }
    say(&summary)?;
    let signal = asked_to_stop.await;
    Ok(stop(signal, &tasks, Duration::from_secs(args.dapr_graceful_shutdown_seconds)).await)
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

async fn listen(args: &Run) -> Result<Vec<Listener>> {
    if let Some(folder) = &args.unix_domain_socket {
        let path = socket_path(folder, &args.app_id, "http");
        let listener = Listener::unix(&path).await.with_context(|| {
            format!("can't listen on `{}`; `--unix-domain-socket` wants a folder that is there", path.display())
        })?;
        return Ok(vec![listener]);
    }
    Listener::tcp(&args.dapr_listen_addresses, args.dapr_http_port).await.map_err(|(address, error)| {
        let advice = "choose another port with `--dapr-http-port`, or 0 for any";
        let advice = match error.kind() {
            ErrorKind::AddrInUse | ErrorKind::PermissionDenied => advice,
            _ => "`--dapr-listen-addresses` wants addresses of this machine",
        };
        anyhow::Error::from(error).context(format!("can't listen on {address}; {advice}"))
    })
}

/// The application that the flags speak of.
fn app_connection(args: &AppArgs) -> Result<Option<AppConnection>> {
    let Some(port) = args.app_port else {
        if args.enable_app_health_check {
            tracing::warn!("`--enable-app-health-check` has no effect without `--app-port`");
        }
        return Ok(None);
    };
    let check = HealthCheck {
        path: args.app_health_check_path.clone(),
        interval: args.app_health_probe_interval,
        timeout: args.app_health_probe_timeout,
        threshold: args.app_health_threshold,
    };
    anyhow::ensure!(
        check.timeout <= check.interval,
        "`--app-health-probe-timeout` is {:?}; it must not be longer than `--app-health-probe-interval`, {:?}",
        check.timeout,
        check.interval,
    );
    let protocol = args.app_protocol;
    let is_probed = args.enable_app_health_check && protocol.is_probed();
    if args.enable_app_health_check && !is_probed {
        let name = protocol.name();
        tracing::warn!("the app is taken for healthy while it listens: there are no health checks by `{name}`");
    }
    Ok(Some(AppConnection::new(args.app_channel_address.clone(), port, protocol, is_probed.then_some(check))))
}

/// Watches the application until the shutdown begins.
fn watch(app: Arc<AppConnection>, tasks: &Tasks) {
    let stopping = tasks.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = app.watch() => {}
            () = stopping.stopping() => {}
        }
    });
}

/// One line: where the host serves, and what.
fn summary(listeners: &[Listener], snapshot: &Snapshot, mistakes: usize) -> String {
    let places: Vec<String> = listeners.iter().map(Listener::to_string).collect();
    let places = places.join(" and ");
    let components: Vec<String> = snapshot
        .iter()
        .map(|component| format!("{} ({}/{})", component.name, component.component_type, component.version))
        .collect();
    let components = if components.is_empty() { "no component".to_owned() } else { components.join(", ") };
    let mistakes = match mistakes {
        0 => String::new(),
        count => format!("; {} in the component files, see the log", counted(count, "mistake")),
    };
    format!("parlor is serving {places} with {components}{mistakes}")
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

/// Takes nothing new in, lets accepted calls finish, and gives up on them after `grace`.
async fn stop(signal: &str, tasks: &Tasks, grace: Duration) -> ExitCode {
    tracing::info!("{signal}: finishing accepted calls, for up to {grace:?}");
    match timeout(grace, tasks.stop()).await {
        Ok(()) => {
            tracing::info!("stopped: every accepted call was answered");
            ExitCode::SUCCESS
        }
        Err(_) => {
            tracing::warn!("stopped: {} still open after {grace:?}", counted(tasks.running(), "connection"));
            ExitCode::FAILURE
        }
    }
}
