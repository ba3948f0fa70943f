//! Drives a provider that does its own I/O, and hands its HTTP calls to egress.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::stream;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use wasmtime::AsContextMut;
use wasmtime::component::{Instance, InstancePre, ResourceAny};
use wasmtime_wasi_http::{Error as WasiError, RequestOptions, WasiBody, WasiHttpHooks};

use super::bindings::types;
use super::fault;
use super::function::{Function, Signature};
use super::provider::{Running, Setup};
use super::state::CallState;
use crate::answer::{Answer, events_of};
use crate::conversation::{Event, Request, Response};
use crate::egress::{Bounds, EgressError, ExchangesOfCall, RequestBody, ResponseBody};
use crate::error::ConverseError;
use crate::limits;

/// What egress said to the last HTTP call that it did not make.
pub(super) type Outcome = Arc<Mutex<Option<EgressError>>>;

/// The functions of a provider that does its own I/O.
pub(super) struct Conversation {
    pub(super) converse: Function<Converse>,
    streaming: Option<Arc<Streaming>>,
}

/// What it has besides when it can give an answer in pieces.
struct Streaming {
    open: Function<Open>,
    next: Function<Next>,
}

pub(super) enum Converse {}
enum Open {}
enum Next {}

impl Signature for Converse {
    const INTERFACE: &'static str = "parlor:conversation/conversation@0.1.0";
    const NAME: &'static str = "converse";
    type Params<'a> = (&'a [(String, String)], &'a types::Request);
    type Return = Result<types::Response, types::Error>;
}

const STREAMING: &str = "parlor:conversation/streaming@0.1.0";

impl Signature for Open {
    const INTERFACE: &'static str = STREAMING;
    const NAME: &'static str = "open";
    type Params<'a> = (&'a [(String, String)], &'a types::Request);
    type Return = Result<ResourceAny, types::Error>;
}

impl Signature for Next {
    const INTERFACE: &'static str = STREAMING;
    const NAME: &'static str = "[method]event-stream.next";
    type Params<'a> = (ResourceAny, u32);
    type Return = Result<Option<Vec<types::Event>>, types::Error>;
}

impl Conversation {
    /// # Errors
    /// When one of them is missing.
    pub(super) fn find(pre: &InstancePre<CallState>, streams: bool) -> wasmtime::Result<Self> {
        let streaming = match streams {
            true => Some(Arc::new(Streaming { open: Function::find(pre)?, next: Function::find(pre)? })),
            false => None,
        };
        Ok(Self { converse: Function::find(pre)?, streaming })
    }

    /// # Errors
    /// When one of them is of another type.
    pub(super) fn check(
        &self,
        mut store: impl AsContextMut<Data = CallState>,
        instance: &Instance,
    ) -> wasmtime::Result<()> {
        self.converse.of(&mut store, instance)?;
        if let Some(streaming) = &self.streaming {
            streaming.open.of(&mut store, instance)?;
            streaming.next.of(&mut store, instance)?;
        }
        Ok(())
    }
}

/// One call. A provider without streaming answers a stream's request as well: whole.
pub(super) async fn call(
    functions: &Conversation,
    running: Running,
    request: Request,
) -> Result<Answer, ConverseError> {
    match &functions.streaming {
        Some(streaming) if request.streaming => stream_of(streaming, running, request).await,
        _ => whole(&functions.converse, running, request).await,
    }
}

async fn whole(converse: &Function<Converse>, mut running: Running, request: Request) -> Result<Answer, ConverseError> {
    let setup = Arc::clone(&running.setup);
    let answered = running.call(converse, (&setup.settings, &request.into())).await?;
    let response: Response = answered.map_err(|error| guest_error(&running, error))?.into();
    Ok(Answer::Whole(running.taken(events_of(response))?))
}

/// A guest's stream, being read.
struct Reading {
    running: Running,
    streaming: Arc<Streaming>,
    stream: ResourceAny,
}

async fn stream_of(
    streaming: &Arc<Streaming>,
    mut running: Running,
    request: Request,
) -> Result<Answer, ConverseError> {
    let setup = Arc::clone(&running.setup);
    let opened = running.call(&streaming.open, (&setup.settings, &request.into())).await?;
    let stream = opened.map_err(|error| guest_error(&running, error))?;
    let reading = Reading { running, streaming: Arc::clone(streaming), stream };
    Ok(Answer::Live(Box::pin(stream::unfold(Some(reading), next))))
}

async fn next(state: Option<Reading>) -> Option<(Result<Vec<Event>, ConverseError>, Option<Reading>)> {
    let mut reading = state?;
    let Reading { running, streaming, stream } = &mut reading;
    let batch = match running.call(&streaming.next, (*stream, limits::EVENT_BATCH)).await {
        Ok(Ok(batch)) => batch?,
        Ok(Err(error)) => return Some((Err(guest_error(running, error)), None)),
        Err(fault) => return Some((Err(fault), None)),
    };
    match running.taken(batch.into_iter().map(Event::from).collect()) {
        Ok(events) => Some((Ok(events), Some(reading))),
        Err(error) => Some((Err(error), None)),
    }
}

/// A guest's error. When egress refused one of its calls, egress knows better than the guest why.
fn guest_error(running: &Running, error: types::Error) -> ConverseError {
    let refused = running.store.data().outcome().lock().unwrap_or_else(PoisonError::into_inner).take();
    match refused {
        Some(refused) => running.setup.provider_error(fault::of_egress(&refused)),
        None => running.setup.provider_error(error),
    }
}

/// The way from `wasi:http` to egress.
pub(super) struct Hooks {
    setup: Arc<Setup>,
    exchanges: ExchangesOfCall,
    outcome: Outcome,
    /// Bytes of answers that the call may still take in, however many it asks for.
    left: Arc<AtomicU64>,
}

impl Hooks {
    pub(super) fn new(setup: Arc<Setup>, outcome: Outcome) -> Self {
        let exchanges = setup.exchanges.of_call(limits::CALL_EXCHANGES);
        let left = Arc::new(AtomicU64::new(setup.limits.response_bytes));
        Self { setup, exchanges, outcome, left }
    }
}

/// A response head with the future that WASI wants for errors after it; egress has none.
type Sent = (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), WasiError>> + Send>);

impl WasiHttpHooks for Hooks {
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        limits::GUEST_BUFFER
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), WasiError>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, WasiError>> + Send> {
        let (setup, outcome, left) = (Arc::clone(&self.setup), Arc::clone(&self.outcome), Arc::clone(&self.left));
        let host = request.uri().host().unwrap_or_default().to_owned();
        let begun = self.exchanges.begin();
        let (counting, last) = (Arc::clone(&setup), Arc::clone(&outcome));
        let refused = move |error: EgressError| {
            counting.count(&error);
            refused(&outcome, error)
        };
        Box::new(async move {
            let exchange = begun.map_err(&refused)?;
            let request = request.map(|body| RequestBody::Streamed(body.map_err(Into::into).boxed_unsync()));
            let bounds = tightened(&setup.bounds, options);
            match setup.egress.send(&setup.grant, request, &bounds).await {
                Ok(response) => {
                    // An exchange that failed before is not why the call ends as it does.
                    last.lock().unwrap_or_else(PoisonError::into_inner).take();
                    let body = move |error: EgressError| {
                        // It is under way for as long as there is a body to read.
                        let _under_way = &exchange;
                        refused(error)
                    };
                    let limit = setup.limits.response_bytes;
                    let counted = |body| Counted { body, left, host, limit };
                    let response = response.map(|answer| counted(answer).map_err(body).boxed_unsync());
                    let nothing: Box<dyn Future<Output = _> + Send> = Box::new(std::future::ready(Ok(())));
                    Ok((response, nothing))
                }
                Err(error) => Err(refused(error)),
            }
        })
    }
}

/// The body of one of a call's answers, which together may have `limit` bytes.
struct Counted {
    body: ResponseBody,
    left: Arc<AtomicU64>,
    host: String,
    limit: u64,
}

impl Counted {
    fn count(&self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, EgressError> {
        let length = frame.data_ref().map_or(0, Bytes::len) as u64;
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(length))
            .map(|_| frame);
        taken.map_err(|_| EgressError::ResponseTooLarge { host: self.host.clone(), limit: self.limit })
    }
}

impl Body for Counted {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(frame.map(|frame| self.count(frame?)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The host's bounds, or the guest's where they are tighter.
fn tightened(bounds: &Bounds, options: Option<RequestOptions>) -> Bounds {
    let mut bounds = bounds.clone();
    if let Some(options) = options {
        bounds.head = options.first_byte_timeout.map_or(bounds.head, |own| own.min(bounds.head));
        bounds.idle = options.between_bytes_timeout.map_or(bounds.idle, |own| own.min(bounds.idle));
    }
    bounds
}

/// Remembers what egress said, and says it to the guest as far as WASI has a word for it.
fn refused(outcome: &Outcome, error: EgressError) -> WasiError {
    let told = match &error {
        EgressError::NotGranted { .. } | EgressError::SecretInUrl | EgressError::SecretInClear { .. } => {
            WasiError::HttpRequestDenied
        }
        EgressError::Address { .. } => WasiError::DestinationIpProhibited,
        EgressError::Timeout { .. } => WasiError::ConnectionTimeout,
        EgressError::Connect { .. } | EgressError::Proxy { .. } => WasiError::ConnectionRefused,
        EgressError::Certificate { .. } => WasiError::TlsCertificateError,
        EgressError::Tls { .. } => WasiError::TlsProtocolError,
        EgressError::Broken { .. } => WasiError::ConnectionTerminated,
        EgressError::ResponseTooLarge { .. } => WasiError::HttpResponseBodySize(None),
        EgressError::RequestTooLarge { .. } | EgressError::RequestLength => WasiError::HttpRequestBodySize(None),
        other => WasiError::InternalError(Some(other.to_string())),
    };
    *outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    told
}
