//! Connections: accepts them, speaks HTTP/1.1 and HTTP/2 with prior knowledge on one port, and lets them end in peace.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;
use tower_service::Service;

use super::head_clock::HeadClock;
use super::idle::Calls;
use super::listen::Listener;
use super::{head, path, trace};
use crate::limits;
use crate::shutdown::Tasks;

/// What is served on a listener.
#[derive(Clone)]
pub struct Served {
    pub router: Router,
    /// The largest head of a request, in bytes.
    pub max_head_size: usize,
    /// How long a connection may be without a call; as long as its client likes where there is nothing.
    pub idle: Option<Duration>,
}

/// Serves until the shutdown begins. Its connections are tasks of their own, which end with their last call.
pub async fn serve(listener: Listener, served: Served, tasks: Tasks) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = tasks.stopping() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (served, stopping) = (served.clone(), tasks.clone());
                tasks.spawn(async move {
                    if let Err(error) = attend(stream, served, stopping.stopping()).await {
                        tracing::debug!(?peer, error = &*error, "a connection ended early");
                    }
                });
            }
            Err(error) => pause(&error).await,
        }
    }
}

/// Serves a connection, until its client leaves, or `stopping` ends or the client has called nothing for long enough:
/// then until its last call is answered.
async fn attend<I>(stream: I, served: Served, stopping: impl Future<Output = ()>) -> Result<(), Failure>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let clock = HeadClock::default();
    let watched = served.idle.map(|limit| (Calls::default(), limit));
    let connection = connection(stream, &clock, watched.as_ref().map(|(calls, _)| calls.clone()), served);
    let done = async {
        match &watched {
            Some((calls, limit)) => tokio::select! {
                () = stopping => {}
                () = calls.none_for(*limit) => {}
            },
            None => stopping.await,
        }
    };
    unless_silent(in_peace(connection, done), &clock).await
}

fn server(clock: &HeadClock, max_head_size: usize) -> Builder<TokioExecutor> {
    let mut server = Builder::new(TokioExecutor::new());
    server.http1().max_buf_size(max_head_size.max(limits::CLIENT_BUFFER));
    server.http1().timer(clock.clone()).header_read_timeout(limits::CLIENT_HEADER);
    server
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(limits::CLIENT_HEADER_LIST)
        .max_concurrent_streams(limits::CLIENT_STREAMS)
        .keep_alive_interval(limits::CLIENT_PING)
        .keep_alive_timeout(limits::CLIENT_PONG);
    server
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn connection<I>(
    stream: I,
    clock: &HeadClock,
    calls: Option<Calls>,
    served: Served,
) -> impl GracefulConnection<Error = Failure> + use<I>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let server = server(clock, served.max_head_size);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut router = served.router.clone();
        let open = calls.as_ref().map(Calls::begin);
        let answer = trace::traced(request, move |mut request| async move {
            if let Some(refusal) = head::refusal(&request, served.max_head_size) {
                return Ok(refusal);
            }
            if let Some(uri) = path::normal(request.uri()) {
                *request.uri_mut() = uri;
            }
            router.call(request).await
        });
        async move {
            let answer = answer.await?;
            Ok::<_, Infallible>(match open {
                Some(open) => open.until_sent(answer),
                None => answer,
            })
        }
    });
    server.serve_connection(TokioIo::new(clock.listen_to(stream)), service).into_owned()
}

/// Serves a connection, and no further calls on it once `done` has ended.
async fn in_peace(
    connection: impl GracefulConnection<Error = Failure>,
    done: impl Future<Output = ()>,
) -> Result<(), Failure> {
    tokio::pin!(connection);
    tokio::select! {
        outcome = connection.as_mut() => return outcome,
        () = done => {}
    }
    connection.as_mut().graceful_shutdown();
    connection.await
}

/// Serves a connection, but one whose client says nothing at all only for as long as the first head may take.
async fn unless_silent(
    connection: impl Future<Output = Result<(), Failure>>,
    clock: &HeadClock,
) -> Result<(), Failure> {
    let mut connection = std::pin::pin!(connection);
    let mut patience = std::pin::pin!(sleep(limits::CLIENT_HEADER));
    poll_fn(|context| match connection.as_mut().poll(context) {
        Poll::Pending if clock.is_silent() => {
            patience.as_mut().poll(context).map(|()| Err("the client has said nothing".into()))
        }
        outcome => outcome,
    })
    .await
}

/// A failed accept is one client's affair, unless the process is out of descriptors: then some must be given back first.
async fn pause(error: &io::Error) {
    tracing::warn!(%error, "a connection can't be accepted");
    let is_client = matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    );
    if !is_client {
        sleep(Duration::from_millis(100)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use axum::body::Body;
    use axum::routing::post;
    use futures_util::{StreamExt, stream};
    use http_body_util::BodyExt;
    use hyper::client::conn::http2;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::{Instant, timeout};

    use super::*;

    const CALL: &str = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi";

    /// The client's end of a connection to a server that answers with what it was sent.
    fn open() -> DuplexStream {
        serve(None)
    }

    fn serve(idle: Option<Duration>) -> DuplexStream {
        let (client, server) = duplex(1024);
        let slow = || async {
            let last = stream::once(sleep(Duration::from_secs(3600))).map(|()| Ok::<_, Infallible>("late"));
            Body::from_stream(last)
        };
        let router = Router::new().route("/", post(|body: String| async { body })).route("/slow", post(slow));
        let served = Served { router, max_head_size: 1024, idle };
        #[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
        tokio::spawn(attend(server, served, pending()));
        client
    }

    async fn call(client: &mut DuplexStream) {
        client.write_all(CALL.as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !answer.ends_with("\r\n\r\nhi") {
            answer.push(char::from(client.read_u8().await.unwrap()));
        }
    }

    /// How long the server waits before it ends the connection, in seconds.
    async fn patience(client: &mut DuplexStream) -> u64 {
        let start = Instant::now();
        client.read_to_end(&mut Vec::new()).await.unwrap();
        start.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_its_time_from_its_first_byte_on() {
        let mut client = open();
        client.write_all(b"POST / HT").await.unwrap();
        assert_eq!(patience(&mut client).await, 10);

        let mut client = open();
        call(&mut client).await;
        sleep(Duration::from_secs(17)).await;
        client.write_all(b"P").await.unwrap();
        sleep(Duration::from_secs(9)).await;
        client.write_all(b"OST / HT").await.unwrap();
        assert_eq!(patience(&mut client).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_may_be_silent_between_two_calls_but_not_before_the_first() {
        assert_eq!(patience(&mut open()).await, 10);
        let mut client = open();
        for _ in 0..3 {
            call(&mut client).await;
            sleep(Duration::from_secs(3600)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_call_ends_where_that_is_asked_for_and_no_call_does() {
        let stream = TokioIo::new(serve(Some(Duration::from_secs(180))));
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        #[expect(clippy::disallowed_methods, reason = "it ends with the connection")]
        let ended = tokio::spawn(connection);
        for (path, answer) in [("/", "hi"), ("/slow", "late"), ("/", "hi")] {
            sleep(Duration::from_secs(170)).await;
            let request = hyper::Request::post(format!("http://x{path}")).body("hi".to_owned()).unwrap();
            let body = sender.send_request(request).await.unwrap().into_body();
            assert_eq!(body.collect().await.unwrap().to_bytes(), answer);
        }
        let start = Instant::now();
        ended.await.unwrap().unwrap();
        assert_eq!(start.elapsed().as_secs(), 180);
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_comes_in_pieces_has_its_whole_time() {
        let mut client = open();
        for _ in 0..3 {
            for piece in CALL.as_bytes().chunks(10) {
                client.write_all(piece).await.unwrap();
                sleep(Duration::from_millis(1500)).await;
            }
            let mut answer = [0; 12];
            client.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"HTTP/1.1 200");
            sleep(Duration::from_secs(3600)).await;
            while timeout(Duration::from_millis(1), client.read_u8()).await.is_ok() {}
        }
    }
}
