//! What is looked at before a method is called, and what is said to who may not call it.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use tokio::time::{Instant, timeout, timeout_at};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::api::token::{self, Denied};
use crate::api::{Api, SharedApi};
use crate::limits;
use crate::shutdown::Tasks;

/// Length that a method's name is cut to before it is repeated: it may be as long as all headers together.
const SHOWN: usize = 200;

/// Lets in who speaks gRPC and shows the token; tells people with a browser or `curl` where they are. Health and
/// reflection ask for the token too, as in Dapr.
pub(super) async fn admit(State(api): State<SharedApi>, request: Request, next: Next) -> Response {
    let sent = request.headers().get(CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
    if !is_grpc(sent) {
        let told = "this port speaks gRPC; HTTP is on the other one\n";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, told).into_response();
    }
    match token::check(&api, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(denied) => unauthenticated(denied),
    }
}

/// `application/grpc` and `application/grpc+proto`, perhaps with parameters.
fn is_grpc(content_type: &[u8]) -> bool {
    let Some(rest) = content_type.strip_prefix(b"application/grpc") else { return false };
    let rest = rest.strip_prefix(b"+proto").unwrap_or(rest);
    matches!(rest.first(), None | Some(b';' | b' '))
}

fn unauthenticated(denied: Denied) -> Response {
    let why = match denied {
        Denied::Missing => "missing api token in request metadata",
        Denied::Wrong => "authentication error: api token mismatch",
    };
    let facts = [("http.code", "401"), ("http.error_message", why)];
    let facts: HashMap<_, _> = facts.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let details = ErrorDetails::with_error_info("Unauthorized", "dapr.io", facts);
    Status::with_error_details(Code::Unauthenticated, "Unauthorized", details).into_http()
}

/// The answer to a call of any method that is not there.
pub(super) async fn unimplemented(request: Request) -> Response {
    let method: String = request.uri().path().trim_start_matches('/').chars().take(SHOWN).collect();
    Status::unimplemented(format!("unknown method `{method}`: of Dapr's API, this host serves conversations"))
        .into_http()
}

/// Bounds one call: gives it up at the deadline that its caller set, and whatever is under way for it ends with it.
pub(super) async fn call(State(api): State<SharedApi>, request: Request, next: Next) -> Response {
    let limit = request.headers().get("grpc-timeout").and_then(|value| time_left(value.to_str().ok()?));
    let answer = next.run(end_body_in_time(request));
    let answer = match limit {
        Some(limit) => timeout(limit, answer).await.unwrap_or_else(|_| deadline_exceeded()),
        None => answer.await,
    };
    name_the_limit(&api, answer)
}

/// Ends a body that does not end by itself, as HTTP's do.
fn end_body_in_time(request: Request) -> Request {
    let deadline = Instant::now() + limits::CLIENT_BODY;
    request.map(|body| {
        let late = || io::Error::other(format!("its end did not come within {:?}", limits::CLIENT_BODY));
        let pieces = stream::unfold(Some(body.into_data_stream()), move |pieces| async move {
            let mut pieces = pieces?;
            match timeout_at(deadline, pieces.next()).await {
                Ok(piece) => Some((piece?.map_err(io::Error::other), Some(pieces))),
                Err(_) => Some((Err(late()), None)),
            }
        });
        Body::from_stream(pieces)
    })
}

fn deadline_exceeded() -> Response {
    Status::deadline_exceeded("context deadline exceeded").into_http()
}

/// At most eight digits and a unit, as the protocol of gRPC over HTTP/2 has it.
fn time_left(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3_600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// Ends a body when the process is about to end.
pub(super) async fn end_body_at_shutdown(State(tasks): State<Tasks>, request: Request) -> Request {
    let stopping = async move { tasks.stopping().await };
    request.map(|body| Body::from_stream(body.into_data_stream().take_until(stopping)))
}

/// tonic calls a message that is too large "out of range", which no method here ever says; to clients of gRPC it means
/// that what they sent exhausts a resource.
fn name_the_limit(api: &Api, response: Response) -> Response {
    match Status::from_header_map(response.headers()) {
        Some(status) if status.code() == Code::OutOfRange => {
            let most = api.max_body_size;
            let text = format!("the message has more than the {most} bytes that `--max-body-size` allows");
            Status::resource_exhausted(text).into_http()
        }
        _ => response,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_read_as_grpc_writes_it() {
        let seconds = |text| time_left(text).map(|time| time.as_secs_f64());
        for (text, expected) in [
            ("2H", Some(7200.0)),
            ("3M", Some(180.0)),
            ("1S", Some(1.0)),
            ("250m", Some(0.25)),
            ("99999999u", Some(99.999_999)),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
        for text in ["", "S", "1", "1s", "-1S", "+1S", "123456789S", "1é"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
