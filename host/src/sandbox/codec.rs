//! Drives a codec: `encode`, the HTTP call that the host makes, `feed`. One instance from the first to the last.

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, stream};
use http::{HeaderMap, Request as HttpRequest, Response as HttpResponse};
use http_body_util::BodyExt;
use wasmtime::component::ResourceAny;

use super::bindings::codec as wit;
use super::provider::{Running, Setup};
use super::{fault, redact};
use crate::answer::Answer;
use crate::conversation::{ErrorKind, Event, ProviderError, Request};
use crate::egress::{RequestBody, ResponseBody};
use crate::error::ConverseError;

/// A codec at work on one answer.
struct Decoding {
    running: Running,
    codec: wit::Guest,
    decoder: ResourceAny,
}

/// One call, from the request to its first events; a stream goes on from there.
pub(super) async fn call(
    indices: &wit::GuestIndices,
    mut running: Running,
    request: Request,
) -> Result<Answer, ConverseError> {
    let streaming = request.streaming;
    let codec = indices.load(&mut running.store, &running.instance).map_err(|error| running.fault(&error))?;
    let outgoing = encode(&codec, &mut running, request).await?;
    let response = send(&running.setup, outgoing).await?;
    let (head, body) = response.into_parts();
    let (status, headers) = (head.status.as_u16(), readable(&head.headers));
    let decoder = codec.decoder().call_constructor(running.enter(), status, &headers, streaming).await;
    let decoder = decoder.map_err(|error| running.fault(&error))?;
    let mut decoding = Decoding { running, codec, decoder };
    if streaming {
        return Ok(Answer::Live(Box::pin(stream::unfold(Some((decoding, body)), next))));
    }
    let whole = body.collect().await.map_err(|error| decoding.egress_error(&error))?;
    Ok(Answer::Whole(decoding.feed(&whole.to_bytes(), true).await?))
}

async fn encode(
    codec: &wit::Guest,
    running: &mut Running,
    request: Request,
) -> Result<HttpRequest<RequestBody>, ConverseError> {
    let setup = std::sync::Arc::clone(&running.setup);
    let encoded = codec.call_encode(running.enter(), &setup.settings, &request.into()).await;
    let outgoing = encoded.map_err(|error| running.fault(&error))?.map_err(|error| setup.provider_error(error))?;
    http_request(outgoing).map_err(|error| setup.provider_error(error))
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
    sent.map_err(|error| setup.provider_error(fault::of_egress(&error)))
}

/// The headers as text; what is not ASCII text can't be of use to a decoder.
fn readable(headers: &HeaderMap) -> Vec<(String, String)> {
    let readable = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        value.to_str().ok().map(|value| (name.as_str().to_owned(), value.to_owned()))
    };
    headers.iter().filter_map(readable).collect()
}

/// The next batch of events of a stream: feeds what has arrived until events come out of it.
async fn next(
    state: Option<(Decoding, ResponseBody)>,
) -> Option<(Result<Vec<Event>, ConverseError>, Option<(Decoding, ResponseBody)>)> {
    let (mut decoding, mut body) = state?;
    loop {
        let (bytes, end) = match arrived(&mut body).await {
            Ok(arrived) => arrived,
            Err(error) => return Some((Err(decoding.egress_error(&error)), None)),
        };
        match decoding.feed(&bytes, end).await {
            Ok(events) if events.is_empty() && end => return None,
            Ok(events) if events.is_empty() => {}
            Ok(events) => return Some((Ok(events), (!end).then_some((decoding, body)))),
            Err(error) => return Some((Err(error), None)),
        }
    }
}

/// All bytes that are there, and whether they are the last: one call into the guest for a burst of frames.
async fn arrived(body: &mut ResponseBody) -> Result<(Bytes, bool), crate::egress::EgressError> {
    /// A burst is cut here, so that a fast vendor can't fill the host's memory.
    const BURST: usize = 64 << 10;
    let mut first: Option<Bytes> = None;
    let mut burst = BytesMut::new();
    loop {
        let frame = match first {
            None => body.frame().await,
            Some(_) => match body.frame().now_or_never() {
                Some(frame) => frame,
                None => return Ok((joined(first, &burst), false)),
            },
        };
        let Some(frame) = frame else { return Ok((joined(first, &burst), true)) };
        let Ok(data) = frame?.into_data() else { continue };
        match &first {
            None => first = Some(data),
            Some(_) => burst.extend_from_slice(&data),
        }
        if burst.len() > BURST {
            return Ok((joined(first, &burst), false));
        }
    }
}

/// The first frame as it is when it came alone.
fn joined(first: Option<Bytes>, rest: &[u8]) -> Bytes {
    let first = first.unwrap_or_default();
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
        let fed = self.codec.decoder().call_feed(self.running.enter(), self.decoder, bytes, end).await;
        let events = fed.map_err(|error| self.running.fault(&error))?;
        let events = events.map_err(|error| self.running.setup.provider_error(error))?;
        let mut events: Vec<Event> = events.into_iter().map(Event::from).collect();
        redact::events(&mut events, self.running.setup.grant.secrets());
        Ok(events)
    }

    fn egress_error(&self, error: &crate::egress::EgressError) -> ConverseError {
        self.running.setup.provider_error(fault::of_egress(error))
    }
}
