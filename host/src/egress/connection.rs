//! One open connection to a server: how it is begun, and how a request goes over it. Which request goes over which
//! connection is decided in `client.rs`.

use std::time::Duration;

use http::header::HOST;
use http::{HeaderValue, Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper::rt::Executor;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::body::Outgoing;
use super::stream::Stream;

/// A stream may run this far ahead of its reader. Answers are text: small, and read at once.
const STREAM_WINDOW: u32 = 256 * 1024;
/// All streams of one connection together may run this far ahead.
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;
/// hyper's default, 16 KiB, is less than some gateways send.
const MAX_H2_HEADERS: u32 = 64 * 1024;
/// What hyper reads of an HTTP/1.1 answer's head unless told otherwise. To raise the number of headers would cost every
/// answer two allocations of 8 KiB: up to 100 there is room on the stack.
const MAX_H1_HEADERS: usize = 100;
const MAX_H1_HEAD_KIB: usize = 408;
/// A dead HTTP/2 connection is noticed after these two, while calls are on it.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_LIMIT: Duration = Duration::from_secs(10);

/// An open connection. It closes when nobody holds it and no answer is under way on it.
#[derive(Debug)]
pub(super) enum Connection {
    /// Carries one exchange after the other.
    Http1 {
        sender: http1::SendRequest<Outgoing>,
        /// To a proxy that takes requests with a whole URL.
        is_forwarded: bool,
    },
    /// Carries many at once.
    Http2(http2::SendRequest<Outgoing>),
}

impl Connection {
    /// Begins to speak the protocol that was agreed upon with the server.
    pub(super) async fn begin(stream: Stream) -> hyper::Result<Self> {
        if stream.is_http2() {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .max_header_list_size(MAX_H2_HEADERS)
                .keep_alive_interval(PING_INTERVAL)
                .keep_alive_timeout(PING_LIMIT)
                .handshake(stream)
                .await?;
            drive(connection);
            return Ok(Self::Http2(sender));
        }
        let is_forwarded = stream.is_forwarded();
        let (sender, connection) = http1::handshake(stream).await?;
        drive(connection);
        Ok(Self::Http1 { sender, is_forwarded })
    }

    /// Whether a request can be sent over it now.
    pub(super) fn is_ready(&self) -> bool {
        match self {
            Self::Http1 { sender, .. } => sender.is_ready(),
            Self::Http2(sender) => sender.is_ready(),
        }
    }

    /// Another hold on the same connection, where it carries several exchanges.
    pub(super) fn shared(&self) -> Option<Self> {
        match self {
            Self::Http1 { .. } => None,
            Self::Http2(sender) => Some(Self::Http2(sender.clone())),
        }
    }

    /// Sends a request to `uri`, whose host is written as `host`, and gives the answer once its head is there.
    ///
    /// # Errors
    /// With the request, if no byte of it was sent.
    pub(super) async fn send(
        &mut self,
        mut request: Request<Outgoing>,
        uri: &Uri,
        host: &HeaderValue,
    ) -> Result<Response<Incoming>, TrySendError<Request<Outgoing>>> {
        *request.uri_mut() = match (&self, uri.path_and_query()) {
            (Self::Http1 { is_forwarded: false, .. }, Some(path)) => path.clone().into(),
            _ => uri.clone(),
        };
        match self {
            Self::Http1 { sender, .. } => {
                request.headers_mut().insert(HOST, host.clone());
                sender.try_send_request(request).await
            }
            // Its host is in the URL.
            Self::Http2(sender) => {
                request.headers_mut().remove(HOST);
                sender.try_send_request(request).await
            }
        }
    }
}

/// Why the head of an HTTP/1.1 answer was not read.
#[derive(Debug, thiserror::Error)]
#[error(
    "the head of its answer has more than {MAX_H1_HEADERS} headers or {MAX_H1_HEAD_KIB} KiB, the most that is read"
)]
pub(super) struct HeadTooLarge;

/// Moves the bytes of a connection until it closes.
fn drive(connection: impl Future<Output = hyper::Result<()>> + Send + 'static) {
    TokioExecutor::new().execute(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to a server ended early");
        }
    });
}
