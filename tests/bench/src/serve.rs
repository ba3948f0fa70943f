//! How every server of the benchmark listens: HTTP/1.1 kept alive on a free port of the loopback, without Nagle's
//! delay, its address printed once. Knows nothing of what is served.

use std::convert::Infallible;
use std::future::Future;

use anyhow::Result;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Listens on a free port and prints the address as the one line of standard output.
///
/// # Errors
/// When no port can be had.
pub(crate) async fn listen() -> Result<TcpListener> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("http://{}", listener.local_addr()?);
    Ok(listener)
}

/// Serves `answer` until the process is ended.
pub(crate) async fn forever<F, R, B>(listener: TcpListener, answer: F) -> Result<()>
where
    F: Fn(Request<Incoming>) -> R + Clone + Send + 'static,
    R: Future<Output = Response<B>> + Send + 'static,
    B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    B::Data: Send,
{
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let answer = answer.clone();
        let service = service_fn(move |request| {
            let answer = answer(request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        // A connection that breaks is the other side's doing and shows there.
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
        while connections.try_join_next().is_some() {}
    }
}
