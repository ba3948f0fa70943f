//! Connections: accepts them, speaks HTTP/1.1 and HTTP/2 with prior knowledge on one port, and lets them end in peace.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service;

use super::path;
use crate::limits;
use crate::shutdown::Tasks;

/// Serves until the shutdown begins, then until the last call is answered.
pub async fn serve(listener: TcpListener, router: Router, tasks: Tasks) {
    let graceful = GracefulShutdown::new();
    let server = server();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = tasks.stopping() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = connection(&server, stream, router.clone());
                let connection = graceful.watch(connection);
                tasks.spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%peer, error = &*error, "a connection ended early");
                    }
                });
            }
            Err(error) => pause(&error).await,
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

fn server() -> Builder<TokioExecutor> {
    let mut server = Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(limits::CLIENT_HEADER);
    server
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(limits::CLIENT_HEADER_LIST)
        .max_concurrent_streams(limits::CLIENT_STREAMS)
        .keep_alive_interval(limits::CLIENT_PING)
        .keep_alive_timeout(limits::CLIENT_PONG);
    server
}

fn connection(
    server: &Builder<TokioExecutor>,
    stream: TcpStream,
    router: Router,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = Box<dyn std::error::Error + Send + Sync>> + use<> {
    // Without it an answer in two writes waits for the client's delayed acknowledgement: 40 ms.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY can't be set");
    }
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        if let Some(uri) = path::normal(request.uri()) {
            *request.uri_mut() = uri;
        }
        router.clone().call(request)
    });
    server.serve_connection(TokioIo::new(stream), service).into_owned()
}

/// A failed accept is one client's affair, unless the process is out of descriptors: then some must be given back first.
async fn pause(error: &io::Error) {
    tracing::warn!(%error, "a connection can't be accepted");
    let is_client = matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    );
    if !is_client {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Opens a port. Port 0 takes any that is free.
///
/// # Errors
/// When the port is taken or may not be opened.
pub async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}
