//! The pooled hyper client and the meaning of its errors. What may be sent, and where to, is decided before.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::uri::Authority;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::body::Outgoing;
use super::dial::Dialer;
use super::{EgressConfig, EgressError};

pub(super) type Client = legacy::Client<Dialer, Outgoing>;

/// A stream may run this far ahead of its reader. Answers are text: small, and read at once.
const STREAM_WINDOW: u32 = 256 * 1024;
/// All streams of one connection together may run this far ahead.
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;
/// hyper's default, 16 KiB, is less than some gateways send.
const MAX_H2_HEADERS: u32 = 64 * 1024;
/// A dead HTTP/2 connection is noticed after these two, while calls are on it.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_LIMIT: Duration = Duration::from_secs(10);

/// One pool of connections. A request that meets a connection which the other side has just closed is sent anew by
/// hyper, unless a byte of it had been sent.
pub(super) fn pooled(dialer: Dialer, config: &EgressConfig) -> Client {
    legacy::Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(config.idle_time)
        .pool_max_idle_per_host(config.idle_per_host)
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_initial_connection_window_size(CONNECTION_WINDOW)
        .http2_max_header_list_size(MAX_H2_HEADERS)
        .http2_keep_alive_interval(PING_INTERVAL)
        .http2_keep_alive_timeout(PING_LIMIT)
        .build(dialer)
}

/// What went wrong before the head of an answer.
pub(super) fn from_client(error: legacy::Error, host: &Authority) -> EgressError {
    if let Some(own) = own_error(&error) {
        return own;
    }
    let is_protocol = hyper_error(&error).is_some_and(is_protocol);
    network_error(is_protocol, error, host)
}

/// What went wrong in the middle of an answer.
pub(super) fn from_hyper(error: hyper::Error, host: &Authority) -> EgressError {
    if let Some(own) = own_error(&error) {
        return own;
    }
    network_error(is_protocol(&error), error, host)
}

fn network_error(is_protocol: bool, error: impl Error + Send + Sync + 'static, host: &Authority) -> EgressError {
    let host = host.to_string();
    let source = Arc::new(error);
    if is_protocol { EgressError::Protocol { host, source } } else { EgressError::Broken { host, source } }
}

fn is_protocol(error: &hyper::Error) -> bool {
    error.is_parse() || error.is_parse_status() || error.is_parse_too_large()
}

/// An error of the dialer or of a request's body, which the client wraps.
fn own_error(error: &(dyn Error + 'static)) -> Option<EgressError> {
    chain(error).find_map(|cause| cause.downcast_ref::<EgressError>()).cloned()
}

fn hyper_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e hyper::Error> {
    chain(error).find_map(|cause| cause.downcast_ref())
}

fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
