//! A vendor's server whose every answer is the test's own: it counts connections, shows each request, and holds it until
//! the test says what to answer, whole or piece by piece.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use http::{Request, Response, request};
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::patiently;

/// The server. It ends with the test.
pub(crate) struct Upstream {
    /// Such as `http://127.0.0.1:1234`.
    pub(crate) origin: String,
    connections: Arc<AtomicUsize>,
    calls: mpsc::UnboundedReceiver<Call>,
    _server: JoinSet<()>,
}

/// A request that waits for its answer.
pub(crate) struct Call {
    pub(crate) head: request::Parts,
    pub(crate) body: Bytes,
    answer: oneshot::Sender<Response<Body>>,
}

/// An answer under way. Dropping it ends the answer in good order.
pub(crate) struct Pieces(mpsc::UnboundedSender<io::Result<Frame<Bytes>>>);

type Body = Either<Full<Bytes>, StreamBody<BoxStream<'static, io::Result<Frame<Bytes>>>>>;

impl Upstream {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let (sender, calls) = mpsc::unbounded_channel();
        let mut server = JoinSet::new();
        server.spawn(serve(listener, Arc::clone(&connections), sender));
        Self { origin, connections, calls, _server: server }
    }

    pub(crate) fn port(&self) -> &str {
        self.origin.rsplit(':').next().unwrap()
    }

    /// How many connections were accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Whether no request waits to be looked at.
    pub(crate) fn is_quiet(&self) -> bool {
        self.calls.is_empty()
    }

    /// Waits for the next request.
    pub(crate) async fn call(&mut self) -> Call {
        patiently("for a request", self.calls.recv()).await.unwrap()
    }
}

impl Call {
    /// A header's value, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.head.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn answer(self, status: u16, body: impl Into<Bytes>) {
        self.answer_with(Response::builder().status(status).body(body.into()).unwrap());
    }

    pub(crate) fn answer_with(self, response: Response<Bytes>) {
        self.send(response.map(|body| Either::Left(Full::new(body))));
    }

    /// Answers with an event stream, of which nothing but the head is sent yet.
    pub(crate) fn stream(self) -> Pieces {
        let (sender, receiver) = mpsc::unbounded_channel();
        let pieces = stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
        let response = Response::builder().header("content-type", "text/event-stream");
        self.send(response.body(Either::Right(StreamBody::new(pieces.boxed()))).unwrap());
        Pieces(sender)
    }

    /// Waits until whoever sent the request has closed the connection.
    pub(crate) async fn abandoned(mut self) {
        patiently("until the client leaves", self.answer.closed()).await;
    }

    fn send(self, response: Response<Body>) {
        // Who asked may have left, which is what some tests are about.
        let _ = self.answer.send(response);
    }
}

impl Pieces {
    /// Sends bytes as they are.
    pub(crate) fn send(&self, bytes: impl Into<Bytes>) {
        // Who reads may have left, which is what some tests are about.
        let _ = self.0.send(Ok(Frame::data(bytes.into())));
    }

    /// Sends one event with `data`.
    pub(crate) fn event(&self, data: &str) {
        self.send(format!("data: {data}\n\n"));
    }

    /// Breaks the connection in the middle of the answer.
    pub(crate) fn break_off(self) {
        let _ = self.0.send(Err(io::ErrorKind::ConnectionAborted.into()));
    }

    /// Waits until whoever reads has closed the connection.
    pub(crate) async fn abandoned(self) {
        patiently("until the client leaves", self.0.closed()).await;
    }
}

async fn serve(listener: TcpListener, connections: Arc<AtomicUsize>, calls: mpsc::UnboundedSender<Call>) {
    let mut open = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        connections.fetch_add(1, Ordering::SeqCst);
        stream.set_nodelay(true).unwrap();
        let calls = calls.clone();
        let service = service_fn(move |request| answered(request, calls.clone()));
        open.spawn(async move {
            // However the client ends the connection, it has ended.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answered(
    request: Request<Incoming>,
    calls: mpsc::UnboundedSender<Call>,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let (answer, awaited) = oneshot::channel();
    // A test that has seen enough drops the receiver.
    let _ = calls.send(Call { head, body, answer });
    let unwanted =
        || Response::builder().status(500).body(Either::Left(Full::from("the test did not answer"))).unwrap();
    Ok(awaited.await.unwrap_or_else(|_| unwanted()))
}
