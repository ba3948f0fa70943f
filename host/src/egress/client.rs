//! The pooled client: takes a connection that waits, or opens one, and gives it back with the end of the answer. What may
//! be sent, and where to, is decided before.

use std::error::Error;
use std::sync::{Arc, Once};

use http::uri::Authority;
use http::{HeaderValue, Request, Response, Uri};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper_util::rt::TokioExecutor;
use tokio::time::sleep;

use super::body::Outgoing;
use super::connection::{Connection, HeadTooLarge};
use super::dial::Dialer;
use super::grant::Granted;
use super::pool::{Pool, Room, Shelf};
use super::{EgressConfig, EgressError};

/// The client of one reach.
pub(super) struct Client {
    dialer: Dialer,
    pool: Arc<Pool>,
    /// Set with the first connection: from then on somebody looks after those that wait.
    is_tended: Once,
}

/// A connection at work on an answer. What is dropped before the answer's end closes, for the rest of it would come next.
#[derive(Debug)]
pub(super) struct Lease(Option<(Arc<Shelf>, Connection)>);

impl Lease {
    /// A connection that carries several exchanges is on its shelf already.
    fn of(shelf: Arc<Shelf>, connection: Connection) -> Self {
        Self(matches!(connection, Connection::Http1 { .. }).then_some((shelf, connection)))
    }

    /// Says that the answer is at its end: the connection may carry the next call.
    pub(super) fn end(&mut self) {
        if let Some((shelf, connection)) = self.0.take() {
            shelf.put(connection);
        }
    }
}

impl Client {
    pub(super) fn new(dialer: Dialer, config: &EgressConfig) -> Self {
        let room = Room { connections: config.idle_per_host, time: config.idle_time };
        Self { dialer, pool: Arc::new(Pool::new(room)), is_tended: Once::new() }
    }

    /// Sends a request to a granted origin, whose host is `host`. When it meets a connection that the other side has
    /// just closed it is sent anew, unless a byte of it had been sent.
    ///
    /// # Errors
    /// When no connection can be opened, or the answer does not begin.
    pub(super) async fn send(
        &self,
        granted: &Granted,
        mut request: Request<Outgoing>,
        host: &Authority,
    ) -> Result<(Response<Incoming>, Lease), EgressError> {
        let shelf = self.pool.shelf(granted.origin());
        let uri = std::mem::take(request.uri_mut());
        let name = HeaderValue::from_str(host.as_str()).map_err(|error| EgressError::bad_url(&error))?;
        loop {
            let waiting = shelf.take();
            let is_new = waiting.is_none();
            let mut connection = match waiting {
                Some(connection) => connection,
                None => shelf.share(Box::pin(self.open(uri.clone(), host, granted)).await?),
            };
            match connection.send(request, &uri, &name).await {
                Ok(response) => return Ok((response, Lease::of(shelf, connection))),
                Err(mut failure) => match failure.take_message() {
                    Some(unsent) if !is_new => request = unsent,
                    _ => return Err(from_hyper(failure.into_error(), host)),
                },
            }
        }
    }

    async fn open(&self, uri: Uri, host: &Authority, granted: &Granted) -> Result<Connection, EgressError> {
        self.tend();
        let stream = self.dialer.open(uri, &granted.lookups).await?;
        Connection::begin(stream).await.map_err(|error| from_hyper(error, host))
    }

    /// Sees to it that connections don't wait for longer than they may.
    fn tend(&self) {
        let (pool, pause) = (Arc::downgrade(&self.pool), self.pool.room.time / 4);
        self.is_tended.call_once(|| {
            TokioExecutor::new().execute(async move {
                while let Some(pool) = pool.upgrade() {
                    pool.tidy();
                    drop(pool);
                    sleep(pause).await;
                }
            });
        });
    }
}

/// What went wrong on an open connection.
pub(super) fn from_hyper(error: hyper::Error, host: &Authority) -> EgressError {
    if let Some(own) = own_error(&error) {
        return own;
    }
    let host = host.to_string();
    if error.is_parse_too_large() {
        return EgressError::Protocol { host, source: Arc::new(HeadTooLarge) };
    }
    let is_protocol = error.is_parse() || error.is_parse_status();
    let source = Arc::new(error);
    if is_protocol { EgressError::Protocol { host, source } } else { EgressError::Broken { host, source } }
}

/// An error of the request's body, which hyper wraps.
fn own_error(error: &hyper::Error) -> Option<EgressError> {
    std::iter::successors(error.source(), |&error| error.source()).find_map(|cause| cause.downcast_ref()).cloned()
}
