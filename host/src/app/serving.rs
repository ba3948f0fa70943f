//! From the command line to a serving host: what is served behind which door, and the one line that says so.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Result;
use tokio::time::Instant;

use super::doors::Doors;
use super::{Manner, Surroundings, assembler, counted, say};
use crate::api::listen::Listener;
use crate::api::server::Served;
use crate::api::{self, Api, Extended, SharedApi};
use crate::app_health::{AppConnection, HealthCheck};
use crate::assemble::{Assembler, Assembly};
use crate::cache::Cache;
use crate::cli::{AppArgs, Run};
use crate::daprd;
use crate::launch::environment::Ports;
use crate::limits;
use crate::metrics::{Metrics, Standings};
use crate::registry::{Registry, Snapshot};
use crate::shutdown::{Switch, Tasks};
use crate::swap::{Reload, Swapper};
use crate::yaml::diagnostic::Diagnostic;

/// What goes on while the host serves.
pub(super) struct Serving {
    pub(super) tasks: Tasks,
    pub(super) ports: Ports,
    /// By which a caller ends it.
    pub(super) switch: Switch,
    /// By which the component files are read again.
    pub(super) reload: Reload,
}

/// Loads the components, and begins to serve them.
pub(super) async fn serve(args: &Run, surroundings: &Surroundings, manner: Manner) -> Result<Serving> {
    let begun = Instant::now();
    refuse_port_of_app(args)?;
    let mut assembler = assembler(&args.resources_path, args.app_id.clone(), &args.sandbox, surroundings)?;
    let assembly = assembler.assemble(&Snapshot::default()).await;
    assembly.diagnostics.iter().for_each(Diagnostic::log);
    let mistakes = assembly.diagnostics.errors();
    if args.strict && mistakes > 0 {
        anyhow::bail!("{} in the component files, and `--strict` allows none", counted(mistakes, "mistake"));
    }
    let app = app_connection(&args.app)?.map(Arc::new);
    let cache = Arc::new(Cache::new(args.cache_size as u64));
    let metrics = metrics(args, surroundings, &assembly.snapshot, &cache)?;
    let doors = Doors::open(args).await?;
    let ports = doors.ports();
    let summary = summary(&doors, &assembly.snapshot, mistakes);
    let switch = Switch::default();
    if manner == Manner::Daprd {
        assembly.snapshot.iter().for_each(|it| daprd::lines::loaded(&it.name, &it.component_type, &it.version));
    }
    let (swapper, registry, reload) = keep_in_step(assembler, assembly, &metrics)?;
    let api = Arc::new(Api {
        registry,
        reload: reload.clone(),
        cache,
        metrics: metrics.clone(),
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
    answer(args, doors, api, metrics, &tasks).await?;
    tasks.spawn(swapper.run(tasks.clone()));
    if let Some(app) = app {
        watch(app, &tasks);
    }
    match manner {
        Manner::Parlor => say(&summary)?,
        Manner::Daprd => daprd::lines::initialized(ports.http, ports.grpc, args.max_body_size, begun.elapsed()),
    }
    Ok(Serving { tasks, ports, switch, reload })
}

/// Metrics that tell of every component before its first call, and of the cache.
fn metrics(args: &Run, surroundings: &Surroundings, snapshot: &Snapshot, cache: &Arc<Cache>) -> Result<Metrics> {
    let metrics = Metrics::new(&args.app_id, surroundings.namespace.as_deref().unwrap_or_default())?;
    snapshot.iter().for_each(|component| metrics.expect(&component.name));
    let cache = Arc::clone(cache);
    metrics.watch_cache(move || cache.state())?;
    Ok(metrics)
}

/// What swaps the components that are served from now on, and tells the metrics of them.
fn keep_in_step(
    assembler: Assembler,
    assembly: Assembly,
    metrics: &Metrics,
) -> Result<(Swapper, Arc<Registry>, Reload)> {
    let shares = assembler.shares();
    metrics.watch_components(move || shares.components())?;
    let expecting = metrics.clone();
    let expect = move |snapshot: &Snapshot| snapshot.iter().for_each(|component| expecting.expect(&component.name));
    let (swapper, registry, reload) = Swapper::new(assembler, assembly, expect);
    metrics.watch_swaps(standings(Arc::clone(&registry), reload.clone()))?;
    Ok((swapper, registry, reload))
}

/// How components stand, for the metrics.
fn standings(registry: Arc<Registry>, reload: Reload) -> impl Fn() -> Standings {
    move || {
        let (snapshot, progress) = (registry.snapshot(), reload.progress());
        let components = snapshot.standings().map(|(name, standing)| (name.clone(), standing.state.as_str()));
        Standings {
            components: components.collect(),
            generation: snapshot.generation,
            swaps: progress.swaps.load(Ordering::Relaxed),
            idle_scans: progress.idle_scans.load(Ordering::Relaxed),
            mistakes: progress.mistakes.load(Ordering::Relaxed),
            is_polling: progress.polling.load().is_some(),
        }
    }
}

/// Answers at every door, until the shutdown begins.
async fn answer(args: &Run, doors: Doors, api: SharedApi, metrics: Metrics, tasks: &Tasks) -> Result<()> {
    let head = args.dapr_http_read_buffer_size.unwrap_or(args.read_buffer_size);
    let of_http = Served {
        router: api::router(api.clone()),
        max_head_size: head.saturating_add(limits::CLIENT_HEAD_SLACK),
        idle: None,
    };
    let of_grpc = Served {
        router: api::grpc::router(api, tasks).await?,
        max_head_size: limits::CLIENT_HEADER_LIST as usize,
        idle: Some(limits::GRPC_IDLE),
    };
    let of_metrics = Served { router: api::metrics::router(metrics), ..of_http.clone() };
    for (listeners, served) in [(doors.http, of_http), (doors.grpc, of_grpc), (doors.metrics, of_metrics)] {
        for listener in listeners {
            tasks.spawn(api::server::serve(listener, served.clone(), tasks.clone()));
        }
    }
    Ok(())
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
fn summary(doors: &Doors, snapshot: &Snapshot, mistakes: usize) -> String {
    let urls = |listeners: &[Listener], scheme| -> Vec<String> {
        listeners.iter().map(|listener| listener.url(scheme)).collect()
    };
    let places = [urls(&doors.http, "http"), urls(&doors.grpc, "grpc")].concat().join(" and ");
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
