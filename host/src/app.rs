//! The composition root: puts the rooms together, runs them, and takes them down in order.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;
use tokio::time::{Instant, timeout};

use crate::api::listen::{Listener, socket_path};
use crate::api::server::Served;
use crate::api::{self, Api, Extended};
use crate::app_health::{AppConnection, HealthCheck};
use crate::assemble::{Assembly, assemble};
use crate::built_in::BuiltIns;
use crate::cli::{self, AppArgs, Check, Run, SandboxArgs};
use crate::components::environment::ProcessEnvironment;
use crate::components::{AppIdentity, Sources, read};
use crate::daprd;
use crate::egress::{Egress, EgressConfig, ProxyConfig};
use crate::launch::environment::{self, Identity, Ports};
use crate::launch::{App, Ending, Launch, Unstartable, run_file, several};
use crate::limits;
use crate::registry::Snapshot;
use crate::sandbox::Sandbox;
use crate::secret::Secret;
use crate::shutdown::{self, Signals, Switch, Tasks};
use crate::yaml::diagnostic::{Diagnostics, Severity};

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

/// Why the serving ends.
enum End {
    Asked(Signal),
    /// By a call of the API.
    Called,
    App(Ending),
    NoApp(Unstartable),
}

/// What goes on while the host serves.
struct Serving {
    tasks: Tasks,
    ports: Ports,
    /// By which a caller ends it.
    switch: Switch,
}

/// One of the two APIs, and where it is to be had.
struct Door {
    protocol: &'static str,
    port: u16,
    /// Whether no other port will do.
    is_asked: bool,
    flag: &'static str,
}

/// Serves until the process is told to stop, or the app beside it has ended.
///
/// # Errors
/// When it can't start; what is wrong with single components is reported, and stops only a `--strict` start.
pub async fn run(args: Run, surroundings: Surroundings, manner: Manner) -> Result<ExitCode> {
    if let Some(file) = &args.launch.run_file {
        return run_several(file, &args, &surroundings).await;
    }
    let has_app = !args.launch.command.is_empty();
    let mut signals = Signals::listen(has_app).context("can't listen to signals")?;
    if !args.asked.in_vain.is_empty() {
        tracing::warn!("passed over, because it has no meaning here: {}", args.asked.in_vain.join(", "));
    }
    if manner == Manner::Daprd {
        daprd::lines::starting(&args.app_id, args.log_level.as_str());
    }
    loop {
        let Serving { tasks, ports, switch } = serve(&args, &surroundings, manner).await?;
        let end = match has_app {
            true => accompany(&args, ports, &mut signals, &switch).await,
            false => asked(&mut signals, &switch).await,
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
    log(&reading.diagnostics);
    let mistakes = reading.diagnostics.errors();
    if mistakes > 0 {
        anyhow::bail!("{} in the run file; nothing is started", counted(mistakes, "mistake"));
    }
    if !args.asked.beside_run_file.is_empty() {
        let flags = args.asked.beside_run_file.join(", ");
        tracing::warn!("passed over, because the run file says what its apps need: {flags}");
    }
    let mut signals = Signals::listen(true).context("can't listen to signals")?;
    let code = several::run(&reading.plans, cli::run_takes, grace(args), &mut signals).await?;
    Ok(ExitCode::from(code))
}

/// Loads the components, and begins to serve them.
async fn serve(args: &Run, surroundings: &Surroundings, manner: Manner) -> Result<Serving> {
    let begun = Instant::now();
    refuse_port_of_app(args)?;
    let assembly = load(&args.resources_path, args.app_id.clone(), &args.sandbox, surroundings).await?;
    log(&assembly.diagnostics);
    let mistakes = assembly.diagnostics.errors();
    if args.strict && mistakes > 0 {
        anyhow::bail!("{mistakes} mistakes in the component files, and `--strict` allows none");
    }
    let app = app_connection(&args.app)?.map(Arc::new);
    let http = listen(args, &Door::http(args)).await?;
    let grpc = listen(args, &Door::grpc(args)).await?;
    let port = |listeners: &[Listener]| listeners.iter().find_map(Listener::port);
    let ports = Ports { http: port(&http), grpc: port(&grpc) };
    let summary = summary(&http, &grpc, &assembly.snapshot, mistakes);
    let switch = Switch::default();
    if manner == Manner::Daprd {
        assembly.snapshot.iter().for_each(|it| daprd::lines::loaded(&it.name, &it.component_type, &it.version));
    }
    let api = Arc::new(Api {
        snapshot: assembly.snapshot,
        app_id: args.app_id.clone(),
        token: surroundings.api_token.clone(),
        max_body_size: args.max_body_size,
        allowed_origins: args.allowed_origins.clone(),
        app: app.clone(),
        logs_calls: args.enable_api_logging,
        extended: Extended::default(),
        end: switch.clone(),
    });
    let tasks = Tasks::default();
    let head = args.dapr_http_read_buffer_size.unwrap_or(args.read_buffer_size);
    let of_http =
        Served { router: api::router(api.clone()), max_head_size: head.saturating_add(limits::CLIENT_HEAD_SLACK) };
    let of_grpc =
        Served { router: api::grpc::router(api, &tasks).await?, max_head_size: limits::CLIENT_HEADER_LIST as usize };
    for (listeners, served) in [(http, of_http), (grpc, of_grpc)] {
        for listener in listeners {
            tasks.spawn(api::server::serve(listener, served.clone(), tasks.clone()));
        }
    }
    if let Some(app) = app {
        watch(app, &tasks);
    }
    match manner {
        Manner::Parlor => say(&summary)?,
        Manner::Daprd => daprd::lines::initialized(ports.http, ports.grpc, args.max_body_size, begun.elapsed()),
    }
    Ok(Serving { tasks, ports, switch })
}

/// Starts the app, and stays with it to its end.
async fn accompany(args: &Run, ports: Ports, signals: &mut Signals, switch: &Switch) -> End {
    let variables = environment::variables(
        &Identity {
            app_id: &args.app_id,
            app_port: args.app.port(),
            app_protocol: args.app.app_protocol.name(),
            app_channel_address: &args.app.app_channel_address,
        },
        ports,
    );
    let launch = Launch {
        command: &args.launch.command,
        variables: &variables,
        directory: args.launch.app_directory.as_deref(),
        output: Some(args.launch.output()),
        grace: grace(args),
    };
    match App::start(&launch).await {
        Ok(app) => {
            let mut is_called = false;
            let next = async || {
                if is_called {
                    return signals.next().await;
                }
                tokio::select! {
                    signal = signals.next() => signal,
                    // A call that ends the host ends its app, in the way that a signal does.
                    () = switch.asked() => {
                        is_called = true;
                        Signal::TERM
                    }
                }
            };
            End::App(app.accompany(next).await)
        }
        Err(error) => End::NoApp(error),
    }
}

/// Waits until somebody wants the end.
async fn asked(signals: &mut Signals, switch: &Switch) -> End {
    tokio::select! {
        signal = signals.next() => End::Asked(signal),
        () = switch.asked() => End::Called,
    }
}

impl Door {
    fn http(args: &Run) -> Self {
        let (port, is_asked) = (args.dapr_http_port, args.asked.http_port);
        Self { protocol: "http", port, is_asked, flag: "--dapr-http-port" }
    }

    fn grpc(args: &Run) -> Self {
        let (port, is_asked) = (args.dapr_grpc_port, args.asked.grpc_port);
        Self { protocol: "grpc", port, is_asked, flag: "--dapr-grpc-port" }
    }
}

fn grace(args: &Run) -> Duration {
    Duration::from_secs(args.dapr_graceful_shutdown_seconds)
}

fn refuse_port_of_app(args: &Run) -> Result<()> {
    let app_port = args.app.port();
    for (name, port) in [("--dapr-http-port", args.dapr_http_port), ("--dapr-grpc-port", args.dapr_grpc_port)] {
        if app_port == Some(port) {
            anyhow::bail!("`--app-port` and `{name}` are both {port}; the app and the host can't share a port");
        }
    }
    Ok(())
}

impl End {
    /// An app's own code is the program's; else it tells whether every accepted call was answered.
    fn code(&self, is_drained: bool) -> ExitCode {
        match self {
            Self::App(ending) => ExitCode::from(ending.code()),
            Self::NoApp(error) => ExitCode::from(error.code()),
            Self::Asked(_) | Self::Called if is_drained => ExitCode::SUCCESS,
            Self::Asked(_) | Self::Called => ExitCode::FAILURE,
        }
    }
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

/// Opens a door. With an app beside, which is told the port, the default one gives way to any that is free.
async fn listen(args: &Run, door: &Door) -> Result<Vec<Listener>> {
    if let Some(folder) = &args.unix_domain_socket {
        let path = socket_path(folder, &args.app_id, door.protocol);
        let listener = Listener::unix(&path).await.with_context(|| {
            format!("can't listen on `{}`; `--unix-domain-socket` wants a folder that is there", path.display())
        })?;
        return Ok(vec![listener]);
    }
    let may_give_way = !door.is_asked && !args.launch.command.is_empty();
    let opened = match Listener::tcp(&args.dapr_listen_addresses, door.port).await {
        Err((address, error)) if error.kind() == ErrorKind::AddrInUse && may_give_way => {
            tracing::info!("port {} is taken, so another is used", address.port());
            Listener::tcp(&args.dapr_listen_addresses, 0).await
        }
        opened => opened,
    };
    opened.map_err(|(address, error)| {
        let advice = match error.kind() {
            ErrorKind::AddrInUse | ErrorKind::PermissionDenied => {
                format!("choose another port with `{}`, or 0 for any", door.flag)
            }
            _ => "`--dapr-listen-addresses` wants addresses of this machine".to_owned(),
        };
        anyhow::Error::from(error).context(format!("can't listen on {address}; {advice}"))
    })
}

/// The application that the flags speak of.
fn app_connection(args: &AppArgs) -> Result<Option<AppConnection>> {
    let Some(port) = args.port() else {
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
fn summary(http: &[Listener], grpc: &[Listener], snapshot: &Snapshot, mistakes: usize) -> String {
    let of_http = http.iter().map(|listener| listener.url("http"));
    let places: Vec<String> = of_http.chain(grpc.iter().map(|listener| listener.url("grpc"))).collect();
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
    writeln!(io::stdout(), "{}", text.trim_end()).context("can't write to standard output")
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
async fn forced(switch: &Switch) {
    switch.forced().await;
    tokio::time::sleep(limits::FORCED_END).await;
    tracing::warn!("stopped at once, as was asked for: open calls are cut off");
}

/// Takes nothing new in, lets accepted calls finish, and gives up on them after `grace` or at a second signal. Says
/// whether every one was answered.
async fn stop(end: &End, tasks: &Tasks, grace: Duration, signals: &mut Signals) -> bool {
    match end {
        End::Asked(signal) => {
            tracing::info!("{}: finishing accepted calls, for up to {grace:?}", shutdown::name(*signal));
        }
        End::Called => tracing::info!("a shutdown request: finishing accepted calls, for up to {grace:?}"),
        End::App(ending) => tracing::info!("{ending}: finishing accepted calls, for up to {grace:?}"),
        End::NoApp(error) => tracing::error!("{error}"),
    }
    let why_not = tokio::select! {
        drained = timeout(grace, tasks.stop()) => drained.err().map(|_| format!("after {grace:?}")),
        () = insisted(signals) => Some("at a second signal".to_owned()),
    };
    match &why_not {
        None => tracing::info!("stopped: every accepted call was answered"),
        Some(why) => tracing::warn!("stopped: {} still open {why}", counted(tasks.running(), "connection")),
    }
    why_not.is_none()
}

/// Ends when the operator asks for the end while it is under way.
async fn insisted(signals: &mut Signals) {
    while !matches!(signals.next().await, Signal::TERM | Signal::INT) {}
}
