//! What the host listens on: a door for each API and one for the metrics, and what becomes of a port that is taken.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::slice;

use anyhow::{Context, Result};

use crate::api::listen::{Listener, socket_path};
use crate::cli::Run;
use crate::launch::environment::Ports;

/// All that is listened on.
pub(super) struct Doors {
    pub(super) http: Vec<Listener>,
    pub(super) grpc: Vec<Listener>,
    /// None where metrics are not served.
    pub(super) metrics: Vec<Listener>,
}

impl Doors {
    /// # Errors
    /// With advice, when one can't be listened on that has to be.
    pub(super) async fn open(args: &Run) -> Result<Self> {
        let http = Door {
            addresses: &args.dapr_listen_addresses,
            of_addresses: "--dapr-listen-addresses",
            port: args.dapr_http_port,
            of_port: "--dapr-http-port",
            is_asked: args.asked.http_port,
        };
        let grpc =
            Door { port: args.dapr_grpc_port, of_port: "--dapr-grpc-port", is_asked: args.asked.grpc_port, ..http };
        let (http, grpc) = match &args.unix_domain_socket {
            Some(folder) => (socket(args, folder, "http").await?, socket(args, folder, "grpc").await?),
            None => (http.open_or_refuse(args).await?, grpc.open_or_refuse(args).await?),
        };
        Ok(Self { http, grpc, metrics: metrics(args).await? })
    }

    pub(super) fn ports(&self) -> Ports {
        let port = |listeners: &[Listener]| listeners.iter().find_map(Listener::address).map(|address| address.port());
        Ports { http: port(&self.http), grpc: port(&self.grpc), metrics: port(&self.metrics) }
    }
}

/// A port that is to be opened, and the flags that it can be chosen with.
struct Door<'a> {
    addresses: &'a [IpAddr],
    of_addresses: &'static str,
    port: u16,
    of_port: &'static str,
    /// Whether no other port will do.
    is_asked: bool,
}

type Taken = (SocketAddr, io::Error);

impl Door<'_> {
    /// With an app beside, which is told the port, the default one gives way to any that is free.
    async fn open(&self, args: &Run) -> Result<Vec<Listener>, Taken> {
        let may_give_way = !self.is_asked && args.launch.has_app();
        match Listener::tcp(self.addresses, self.port).await {
            Err((address, error)) if error.kind() == ErrorKind::AddrInUse && may_give_way => {
                tracing::info!("port {} is taken, so another is used", address.port());
                Listener::tcp(self.addresses, 0).await
            }
            opened => opened,
        }
    }

    async fn open_or_refuse(&self, args: &Run) -> Result<Vec<Listener>> {
        self.open(args).await.map_err(|taken| self.refusal(taken))
    }

    fn refusal(&self, (address, error): Taken) -> anyhow::Error {
        let advice = match error.kind() {
            ErrorKind::AddrInUse | ErrorKind::PermissionDenied => {
                format!("choose another port with `{}`, or 0 for any", self.of_port)
            }
            _ => format!("`{}` wants addresses of this machine", self.of_addresses),
        };
        anyhow::Error::from(error).context(format!("can't listen on {address}; {advice}"))
    }
}

async fn socket(args: &Run, folder: &Path, protocol: &str) -> Result<Vec<Listener>> {
    let path = socket_path(folder, &args.app_id, protocol);
    let listener = Listener::unix(&path).await.with_context(|| {
        format!("can't listen on `{}`; `--unix-domain-socket` wants a folder that is there", path.display())
    })?;
    Ok(vec![listener])
}

/// The metrics have a port even where the APIs have socket files. Nobody has asked for the default one: where it is taken
/// and no app is beside to be told of another, the host serves without metrics and says so. daprd ends there; but 9090 is
/// Prometheus's own port too, and a second host's, and what a host is for needs no metrics.
async fn metrics(args: &Run) -> Result<Vec<Listener>> {
    let of_metrics = &args.metrics;
    if !of_metrics.enable_metrics {
        return Ok(Vec::new());
    }
    let is_asked = args.asked.metrics_port;
    // An app that is yet to be started will want its own.
    let is_apps = !is_asked && args.launch.has_app() && args.app.port() == Some(of_metrics.metrics_port);
    let door = Door {
        addresses: slice::from_ref(&of_metrics.metrics_listen_address),
        of_addresses: "--metrics-listen-address",
        port: if is_apps { 0 } else { of_metrics.metrics_port },
        of_port: "--metrics-port",
        is_asked,
    };
    match door.open(args).await {
        Ok(listeners) => {
            for address in listeners.iter().filter_map(Listener::address) {
                tracing::info!("metrics server started on {address}/");
            }
            Ok(listeners)
        }
        Err((address, error)) if error.kind() == ErrorKind::AddrInUse && !door.is_asked => {
            let port = address.port();
            tracing::warn!("port {port} is taken, so there are no metrics; choose another with `{}`", door.of_port);
            Ok(Vec::new())
        }
        Err(taken) => Err(door.refusal(taken)),
    }
}
