//! The upstream that every measured call ends at: a canned chat completion, or twenty chunks of one where a stream is
//! asked for, after the delay that the path names. It checks nothing.
//!
//! `POST /MILLISECONDS/v1/chat/completions` answers after that delay, give or take a quarter, `/v1/chat/completions` at
//! once, and `GET /waiting` says how many calls are being held back.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Error, Result};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{self, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
use serde::Deserialize;
use tokio::net::unix::pipe::Receiver;

use crate::{bodies, serve};

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    stream: bool,
}

pub(crate) async fn serve() -> Result<()> {
    // A call that is held back takes two descriptors.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    let waiting = Arc::new(AtomicUsize::new(0));
    let listener = serve::listen().await?;
    serve::forever(listener, move |request| answer(request, Arc::clone(&waiting))).await
}

async fn answer(request: Request<Incoming>, waiting: Arc<AtomicUsize>) -> Response<BoxBody<Bytes, Infallible>> {
    if request.method() == Method::GET {
        return whole("text/plain", Bytes::from(waiting.load(Ordering::Relaxed).to_string()));
    }
    let delay = delay(request.uri().path());
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let asked = serde_json::from_slice(&body).unwrap_or(Asked { stream: false });
    if !delay.is_zero() {
        waiting.fetch_add(1, Ordering::Relaxed);
        let waited = wait(spread(delay)).await;
        waiting.fetch_sub(1, Ordering::Relaxed);
        if let Err(error) = waited {
            return failed(&error);
        }
    }
    if asked.stream { chunks() } else { whole("application/json", Bytes::from_static(bodies::COMPLETION)) }
}

fn delay(path: &str) -> Duration {
    let first = path.split('/').nth(1).unwrap_or_default();
    Duration::from_millis(first.parse().unwrap_or(0))
}

/// From three to five quarters of the delay, evenly and the same in every run. Calls that were all held back for the same
/// time would come back all at once, and what is measured then is how long the last one queues behind the others.
fn spread(delay: Duration) -> Duration {
    /// The golden ratio's: steps of this size fall as evenly into a circle as steps can.
    const STEP: u32 = 0x9e37_79b9;
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let share = CALLS.fetch_add(STEP, Ordering::Relaxed);
    delay.mul_f64(0.75 + 0.5 * f64::from(share) / f64::from(u32::MAX))
}

/// Waits by a timer of the kernel's, to the microsecond: the runtime's own end at whole milliseconds, so that calls would
/// come back in threes. To the runtime it is as good as a pipe: there is something to be read when the time is over.
async fn wait(delay: Duration) -> Result<()> {
    let timer = time::timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    let once = Itimerspec { it_interval: Timespec::default(), it_value: delay.try_into()? };
    time::timerfd_settime(&timer, TimerfdTimerFlags::empty(), &once)?;
    Ok(Receiver::from_owned_fd_unchecked(timer)?.readable().await?)
}

fn failed(error: &Error) -> Response<BoxBody<Bytes, Infallible>> {
    let mut response = whole("text/plain", Bytes::from(error.to_string()));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

fn whole(kind: &'static str, body: Bytes) -> Response<BoxBody<Bytes, Infallible>> {
    response(kind, Full::new(body).boxed())
}

fn chunks() -> Response<BoxBody<Bytes, Infallible>> {
    let events = bodies::CHUNKS.into_iter().map(|event| Ok(Frame::data(Bytes::from_static(event))));
    response("text/event-stream", BodyExt::boxed(StreamBody::new(stream::iter(events))))
}

fn response(kind: &'static str, body: BoxBody<Bytes, Infallible>) -> Response<BoxBody<Bytes, Infallible>> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
