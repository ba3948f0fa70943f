//! Drives a codec: `encode`, the HTTP call that the host makes, `feed`. One instance from the first to the last.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, stream};
use http::{HeaderMap, Request as HttpRequest, Response as HttpResponse};
use http_body_util::BodyExt;
use wasmtime::AsContextMut;
use wasmtime::component::{Instance, InstancePre, ResourceAny};

use super::bindings::{codec as wit, types};
use super::function::{Function, Signature};
use super::provider::{Running, Setup};
use super::state::CallState;
use crate::answer::Answer;
use crate::conversation::{ErrorKind, Event, ProviderError, Request};
use crate::egress::{EgressError, RequestBody, ResponseBody};
use crate::error::ConverseError;

/// The functions of a codec.
pub(super) struct Codec {
    pub(super) encode: Function<Encode>,
    open: Function<Open>,
    feed: Function<Feed>,
}

pub(super) enum Encode {}
enum Open {}
enum Feed {}

const INTERFACE: &str = "parlor:conversation/codec@0.1.0";

impl Signature for Encode {
    const INTERFACE: &'static str = INTERFACE;
    const NAME: &'static str = "encode";
    type Params<'a> = (&'a [(String, String)], &'a types::Request);
    type Return = Result<wit::HttpRequest, types::Error>;
}

impl Signature for Open {
    const INTERFACE: &'static str = INTERFACE;
    const NAME: &'static str = "[constructor]decoder";
    type Params<'a> = (u16, &'a [(String, String)], bool);
    type Return = ResourceAny;
}

impl Signature for Feed {
    const INTERFACE: &'static str = INTERFACE;
    const NAME: &'static str = "[method]decoder.feed";
    type Params<'a> = (ResourceAny, &'a [u8], bool);
    type Return = Result<Vec<types::Event>, types::Error>;
}

impl Codec {
    /// # Errors
    /// When one of them is missing.
    pub(super) fn find(pre: &InstancePre<CallState>) -> wasmtime::Result<Self> {
        Ok(Self { encode: Function::find(pre)?, open: Function::find(pre)?, feed: Function::find(pre)? })
    }

    /// # Errors
    /// When one of them is of another type.
    pub(super) fn check(
        &self,
        mut store: impl AsContextMut<Data = CallState>,
        instance: &Instance,
    ) -> wasmtime::Result<()> {
        self.encode.of(&mut store, instance)?;
        self.open.of(&mut store, instance)?;
        self.feed.of(&mut store, instance)?;
        Ok(())
    }
}

/// A codec at work on one answer.
struct Decoding {
    running: Running,
    codec: Arc<Codec>,
    decoder: ResourceAny,
}

/// An answer's body under way, and its end, good or bad, which is told after the bytes that came before it: a guest that
/// finds the answer cut off can then give what there was of it.
struct Arriving {
    body: ResponseBody,
    end: Option<Result<(), EgressError>>,
}

/// One call, from the request to its first events; a stream goes on from there.
pub(super) async fn call(codec: &Arc<Codec>, mut running: Running, request: Request) -> Result<Answer, ConverseError> {
    let streaming = request.streaming;
    let codec = Arc::clone(codec);
    let outgoing = encode(&codec, &mut running, request).await?;
    let response = send(&running.setup, outgoing).await?;
    let (head, body) = response.into_parts();
    let (status, headers) = (head.status.as_u16(), readable(&head.headers));
    let decoder = running.call(&codec.open, (status, &headers, streaming)).await?;
    let mut decoding = Decoding { running, codec, decoder };
    if streaming {
        let arriving = Arriving { body, end: None };
        return Ok(Answer::Live(Box::pin(stream::unfold(Some((decoding, arriving)), next))));
    }
    let whole = body.collect().await.map_err(|error| decoding.egress_error(&error))?;
    Ok(Answer::Whole(decoding.feed(&whole.to_bytes(), true).await?))
}

async fn encode(
    codec: &Codec,
    running: &mut Running,
    request: Request,
) -> Result<HttpRequest<RequestBody>, ConverseError> {
    let setup = Arc::clone(&running.setup);
    let encoded = running.call(&codec.encode, (&setup.settings, &request.into())).await?;
    let outgoing = encoded.map_err(|error| setup.provider_error(error))?;
    http_request(outgoing).map_err(|error| setup.malformed(error))
}

fn http_request(outgoing: wit::HttpRequest) -> Result<HttpRequest<RequestBody>, ProviderError> {
    let mut builder = HttpRequest::builder().method(outgoing.method.as_str()).uri(outgoing.url);
    for (name, value) in &outgoing.headers {
        builder = builder.header(name, value);
    }
    builder.body(RequestBody::Whole(Bytes::from(outgoing.body))).map_err(|error| {
        ProviderError::new(ErrorKind::Internal, format!("the provider's HTTP request can't be sent: {error}"))
    })
}

async fn send(setup: &Setup, request: HttpRequest<RequestBody>) -> Result<HttpResponse<ResponseBody>, ConverseError> {
    let sent = setup.egress.send(&setup.grant, request, &setup.bounds).await;
    sent.map_err(|error| setup.egress_error(&error))
}

/// Headers for those who carry an answer or show it in a browser. Each one more is four allocations in every call.
const NOT_FOR_DECODERS: [&str; 14] = [
    "access-control-expose-headers",
    "alt-svc",
    "cf-cache-status",
    "cf-ray",
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "server",
    "set-cookie",
    "strict-transport-security",
    "transfer-encoding",
    "vary",
    "x-content-type-options",
];

/// The headers as text; what is not ASCII text can't be of use to a decoder.
fn readable(headers: &HeaderMap) -> Vec<(String, String)> {
    let readable = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let name = Some(name.as_str()).filter(|name| NOT_FOR_DECODERS.binary_search(name).is_err())?;
        value.to_str().ok().map(|value| (name.to_owned(), value.to_owned()))
    };
    headers.iter().filter_map(readable).collect()
}

/// The next batch of events of a stream: feeds what has arrived until events come out of it.
async fn next(
    state: Option<(Decoding, Arriving)>,
) -> Option<(Result<Vec<Event>, ConverseError>, Option<(Decoding, Arriving)>)> {
    let (mut decoding, mut arriving) = state?;
    loop {
        let arrived = match arriving.burst().await {
            Ok(arrived) => arrived,
            Err(error) => return Some((Err(decoding.egress_error(&error)), None)),
        };
        let end = arrived.is_none();
        match decoding.feed(&arrived.unwrap_or_default(), end).await {
            Ok(events) if events.is_empty() && end => return None,
            Ok(events) if events.is_empty() => {}
            Ok(events) => return Some((Ok(events), (!end).then_some((decoding, arriving)))),
            Err(error) => return Some((Err(error), None)),
        }
    }
}

impl Arriving {
    /// All bytes that are there, or the end: one call into the guest for a burst of frames.
    async fn burst(&mut self) -> Result<Option<Bytes>, EgressError> {
        /// A burst is cut here, so that a fast vendor can't fill the host's memory.
        const BURST: usize = 64 << 10;
        if let Some(end) = self.end.take() {
            return end.map(|()| None);
        }
        let first = match self.body.frame().await {
            None => return Ok(None),
            Some(frame) => frame?.into_data().unwrap_or_default(),
        };
        let mut rest = BytesMut::new();
        while rest.len() < BURST {
            match self.body.frame().now_or_never() {
                None => break,
                Some(Some(Ok(frame))) => rest.extend_from_slice(&frame.into_data().unwrap_or_default()),
                Some(end) => {
                    self.end = Some(end.map_or(Ok(()), |frame| frame.map(|_| ())));
                    break;
                }
            }
        }
        Ok(Some(joined(first, &rest)))
    }
}

/// The first frame as it is when it came alone.
fn joined(first: Bytes, rest: &[u8]) -> Bytes {
    if rest.is_empty() {
        return first;
    }
    let mut all = BytesMut::with_capacity(first.len() + rest.len());
    all.extend_from_slice(&first);
    all.extend_from_slice(rest);
    all.freeze()
}

impl Decoding {
    async fn feed(&mut self, bytes: &[u8], end: bool) -> Result<Vec<Event>, ConverseError> {
        let fed = self.running.call(&self.codec.feed, (self.decoder, bytes, end)).await?;
        let events = fed.map_err(|error| self.running.setup.provider_error(error))?;
        self.running.taken(events.into_iter().map(Event::from).collect())
    }

    fn egress_error(&self, error: &EgressError) -> ConverseError {
        self.running.setup.egress_error(error)
    }
}
