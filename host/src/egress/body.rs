//! Bodies on their way out and in, with their bounds. Bytes that are ready pass without a timer, a copy or a box.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::uri::Authority;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::client::{Lease, from_hyper};
use super::error::Phase;
use super::{Bounds, EgressError};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request.
#[derive(Debug)]
pub enum RequestBody {
    /// All of it: what a codec made.
    Whole(Bytes),
    /// Written while it is sent: what a guest with its own I/O makes.
    Streamed(UnsyncBoxBody<Bytes, BoxError>),
}

impl From<Bytes> for RequestBody {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(bytes)
    }
}

/// A request's body as the client takes it: within its bound and of its declared length.
#[derive(Debug)]
pub(super) enum Outgoing {
    Whole(Option<Bytes>),
    Streamed { body: UnsyncBoxBody<Bytes, BoxError>, left: Left, fault: Fault },
}

/// What went wrong with a streamed body, for whoever waits for the answer: HTTP/2 tells them only of a reset.
pub(super) type Fault = Arc<OnceLock<EgressError>>;

/// How much of a streamed body may still come.
#[derive(Debug)]
pub(super) enum Left {
    /// Exactly this much, because the guest declared it.
    Exactly(u64),
    AtMost {
        left: u64,
        limit: u64,
    },
}

impl Outgoing {
    pub(super) fn new(body: RequestBody, declared: Option<u64>, bounds: &Bounds) -> Result<Self, EgressError> {
        let limit = bounds.request_bytes;
        let known = match &body {
            RequestBody::Whole(bytes) => Some(bytes.len() as u64),
            RequestBody::Streamed(_) => None,
        };
        match (known, declared) {
            (Some(length), Some(declared)) if length != declared => return Err(EgressError::RequestLength),
            (Some(length), _) | (None, Some(length)) if length > limit => {
                return Err(EgressError::RequestTooLarge { limit });
            }
            _ => {}
        }
        Ok(match body {
            RequestBody::Whole(bytes) => Self::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())),
            RequestBody::Streamed(body) => {
                let left = declared.map_or(Left::AtMost { left: limit, limit }, Left::Exactly);
                Self::Streamed { body, left, fault: Fault::default() }
            }
        })
    }

    pub(super) fn fault(&self) -> Option<Fault> {
        match self {
            Self::Whole(_) => None,
            Self::Streamed { fault, .. } => Some(fault.clone()),
        }
    }
}

impl Left {
    fn take(&mut self, length: u64) -> Result<(), EgressError> {
        match self {
            Self::Exactly(left) => *left = left.checked_sub(length).ok_or(EgressError::RequestLength)?,
            Self::AtMost { left, limit } => {
                *left = left.checked_sub(length).ok_or(EgressError::RequestTooLarge { limit: *limit })?;
            }
        }
        Ok(())
    }

    fn end(&self) -> Result<(), EgressError> {
        match self {
            Self::Exactly(left) if *left > 0 => Err(EgressError::RequestLength),
            Self::Exactly(_) | Self::AtMost { .. } => Ok(()),
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        let (body, left, fault) = match self.get_mut() {
            Self::Whole(bytes) => return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Streamed { body, left, fault } => (body, left, fault),
        };
        let checked = match ready!(Pin::new(body).poll_frame(context)) {
            None => match left.end() {
                Ok(()) => return Poll::Ready(None),
                Err(error) => Err(error),
            },
            // Headers that nobody has checked, after those that were.
            Some(Ok(frame)) if frame.is_trailers() => Err(EgressError::RequestTrailers),
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, |data| data.remaining() as u64);
                left.take(length).map(|()| frame)
            }
            Some(Err(error)) => Err(EgressError::RequestAborted { source: error.into() }),
        };
        if let Err(error) = &checked {
            fault.get_or_init(|| error.clone());
        }
        Poll::Ready(Some(checked))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Streamed { body, left, .. } => body.is_end_stream() && left.end().is_ok(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Streamed { left: Left::Exactly(left), .. } => SizeHint::with_exact(*left),
            Self::Streamed { body, left: Left::AtMost { .. }, .. } => body.size_hint(),
        }
    }
}

/// The body of an answer: an error ends it when it grows too large or stays silent too long. Trailers pass.
#[derive(Debug)]
pub struct ResponseBody {
    body: Incoming,
    lease: Lease,
    host: Authority,
    left: u64,
    limit: u64,
    idle: Duration,
    /// Made at the first wait, then moved on; a body whose bytes are all there never has one.
    timer: Option<Pin<Box<Sleep>>>,
    waiting: bool,
    failed: bool,
}

impl ResponseBody {
    /// # Errors
    /// When the answer announces more bytes than it may have.
    pub(super) fn new(body: Incoming, lease: Lease, host: Authority, bounds: &Bounds) -> Result<Self, EgressError> {
        let limit = bounds.response_bytes;
        if body.size_hint().lower() > limit {
            return Err(EgressError::ResponseTooLarge { host: host.to_string(), limit });
        }
        let idle = bounds.idle;
        let mut new = Self { body, lease, host, left: limit, limit, idle, timer: None, waiting: false, failed: false };
        new.end_if_complete();
        Ok(new)
    }

    fn take(&mut self, frame: Result<Frame<Bytes>, hyper::Error>) -> Result<Frame<Bytes>, EgressError> {
        let frame = frame.map_err(|error| from_hyper(error, &self.host))?;
        if let Some(data) = frame.data_ref() {
            self.left = self
                .left
                .checked_sub(data.len() as u64)
                .ok_or_else(|| EgressError::ResponseTooLarge { host: self.host.to_string(), limit: self.limit })?;
        }
        Ok(frame)
    }

    /// Gives the connection back as soon as no more bytes come, which a reader need not ask for.
    fn end_if_complete(&mut self) {
        if self.body.is_end_stream() {
            self.lease.end();
        }
    }

    /// Ready when nothing came for too long.
    fn poll_silence(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.waiting {
            self.waiting = true;
            let end = Instant::now() + self.idle;
            match &mut self.timer {
                Some(timer) => timer.as_mut().reset(end),
                None => self.timer = Some(Box::pin(sleep_until(end))),
            }
        }
        match &mut self.timer {
            Some(timer) => timer.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        if self.failed {
            return Poll::Ready(None);
        }
        let result = match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(None) => {
                self.lease.end();
                return Poll::Ready(None);
            }
            Poll::Ready(Some(frame)) => {
                self.waiting = false;
                self.end_if_complete();
                self.take(frame)
            }
            Poll::Pending => {
                ready!(self.poll_silence(context));
                Err(EgressError::Timeout { host: self.host.to_string(), phase: Phase::Idle, limit: self.idle })
            }
        };
        self.failed = result.is_err();
        Poll::Ready(Some(result))
    }

    fn is_end_stream(&self) -> bool {
        self.failed || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body_util::{BodyExt, Full, StreamBody};

    use super::*;
    use crate::egress::tests::bounds;

    const LIMIT: u64 = 8;

    fn streamed(pieces: &[&'static str]) -> RequestBody {
        let frames: Vec<_> = pieces.iter().map(|piece| Ok::<_, Infallible>(Frame::data(Bytes::from(*piece)))).collect();
        let body = StreamBody::new(futures_util::stream::iter(frames));
        RequestBody::Streamed(body.map_err(|never| match never {}).boxed_unsync())
    }

    async fn sent(body: RequestBody, declared: Option<u64>) -> Result<Bytes, EgressError> {
        let bounds = Bounds { request_bytes: LIMIT, ..bounds() };
        Ok(Outgoing::new(body, declared, &bounds)?.collect().await?.to_bytes())
    }

    #[tokio::test]
    async fn a_request_stays_within_its_bound() {
        assert_eq!(sent(Bytes::from("12345678").into(), Some(8)).await.unwrap(), "12345678");
        assert_eq!(sent(streamed(&["1234", "5678"]), None).await.unwrap(), "12345678");
        for (body, declared) in [
            (Bytes::from("123456789").into(), None),
            (streamed(&["1234", "56789"]), None),
            (streamed(&["123456789"]), Some(9)),
        ] {
            assert!(matches!(sent(body, declared).await, Err(EgressError::RequestTooLarge { limit: LIMIT })));
        }
    }

    #[tokio::test]
    async fn a_request_is_as_long_as_it_says() {
        assert_eq!(sent(streamed(&["12", "34"]), Some(4)).await.unwrap(), "1234");
        for (body, declared) in
            [(Bytes::from("123").into(), 4), (streamed(&["12"]), 4), (streamed(&["12", "345"]), 4), (streamed(&[]), 1)]
        {
            assert!(matches!(sent(body, Some(declared)).await, Err(EgressError::RequestLength)));
        }
    }

    #[tokio::test]
    async fn trailers_do_not_leave_the_host() {
        let trailers = http::HeaderMap::from_iter([(http::header::HOST, "evil.test".parse().unwrap())]);
        let frames = [Ok::<_, Infallible>(Frame::data(Bytes::from("12"))), Ok(Frame::trailers(trailers))];
        let body = StreamBody::new(futures_util::stream::iter(frames));
        let body = RequestBody::Streamed(body.map_err(|never| match never {}).boxed_unsync());
        assert!(matches!(sent(body, None).await, Err(EgressError::RequestTrailers)));
    }

    #[test]
    fn the_client_learns_the_length_where_it_is_known() {
        let hint = |body, declared| Outgoing::new(body, declared, &bounds()).unwrap().size_hint().exact();
        assert_eq!(hint(Bytes::from("123").into(), None), Some(3));
        assert_eq!(hint(streamed(&["123"]), Some(3)), Some(3));
        assert_eq!(hint(streamed(&["123"]), None), None);
        let full = Full::new(Bytes::from("123")).map_err(|never| match never {}).boxed_unsync();
        assert_eq!(hint(RequestBody::Streamed(full), None), Some(3));
    }
}
