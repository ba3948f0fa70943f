//! From the command line to open doors: what is listened on, what is served there, and the one line that says so.

use std::io::ErrorKind;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::time::Instant;

use super::{Manner, Surroundings, counted, load, log, say};
use crate::api::listen::{Listener, socket_path};
use crate::api::server::Served;
use crate::api::{self, Api, Extended};
use crate::app_health::{AppConnection, HealthCheck};
use crate::cli::{AppArgs, Run};
use crate::daprd;
use crate::launch::environment::Ports;
use crate::limits;
use crate::registry::Snapshot;
use crate::shutdown::{Switch, Tasks};

/// What goes on while the host serves.
pub(super) struct Serving {
    pub(super) tasks: Tasks,
    pub(super) ports: Ports,
    /// By which a caller ends it.
    pub(super) switch: Switch,
}

/// One of the two APIs, and where it is to be had.
struct Door {
    protocol: &'static str,
    port: u16,
    /// Whether no other port will do.
    is_asked: bool,
    flag: &'static str,
}

/// Loads the components, and begins to serve them.
pub(super) async fn serve(args: &Run, surroundings: &Surroundings, manner: Manner) -> Result<Serving> {
    let begun = Instant::now();
    refuse_port_of_app(args)?;
    let assembly = load(&args.resources_path, args.app_id.clone(), &args.sandbox, surroundings).await?;
    log(&assembly.diagnostics);
    let mistakes = assembly.diagnostics.errors();
    if args.strict && mistakes > 0 {
        anyhow::bail!("{} in the component files, and `--strict` allows none", counted(mistakes, "mistake"));
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
    let of_http = Served {
        router: api::router(api.clone()),
        max_head_size: head.saturating_add(limits::CLIENT_HEAD_SLACK),
        idle: None,
    };
    let of_grpc = Served {
        router: api::grpc::router(api, &tasks).await?,
        max_head_size: limits::CLIENT_HEADER_LIST as usize,
        idle: Some(limits::GRPC_IDLE),
    };
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

fn refuse_port_of_app(args: &Run) -> Result<()> {
    let app_port = args.app.port();
    for (name, port) in [("--dapr-http-port", args.dapr_http_port), ("--dapr-grpc-port", args.dapr_grpc_port)] {
        if app_port == Some(port) {
            anyhow::bail!("`--app-port` and `{name}` are both {port}; the app and the host can't share a port");
        }
    }
    Ok(())
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
