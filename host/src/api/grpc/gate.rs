//! What is looked at before a method is called, and what is said to who may not call it.

use std::collections::HashMap;
use std::io;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use tokio::time::{Instant, timeout_at};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::api::SharedApi;
use crate::api::token::{self, Denied};
use crate::limits;
use crate::shutdown::Tasks;

/// Length that a method's name is cut to before it is repeated: it may be as long as all headers together.
const SHOWN: usize = 200;

/// Tells people with a browser or `curl` where they are.
pub(super) async fn check_content_type(request: Request, next: Next) -> Response {
    let sent = request.headers().get(CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
    if is_grpc(sent) {
        return next.run(request).await;
    }
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "this port speaks gRPC; HTTP is on the other one\n").into_response()
}

/// `application/grpc` and `application/grpc+proto`, perhaps with parameters.
fn is_grpc(content_type: &[u8]) -> bool {
    let Some(rest) = content_type.strip_prefix(b"application/grpc") else { return false };
    let rest = rest.strip_prefix(b"+proto").unwrap_or(rest);
    matches!(rest.first(), None | Some(b';' | b' '))
}

/// Lets a call pass that shows the token. Health and reflection ask for it too, as in Dapr.
pub(super) async fn check_token(State(api): State<SharedApi>, request: Request, next: Next) -> Response {
    let why = match token::check(&api, request.headers()) {
        Ok(()) => return next.run(request).await,
        Err(Denied::Missing) => "missing api token in request metadata",
        Err(Denied::Wrong) => "authentication error: api token mismatch",
    };
    let facts = [("http.code", "401"), ("http.error_message", why)];
    let facts: HashMap<_, _> = facts.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let details = ErrorDetails::with_error_info("Unauthorized", "dapr.io", facts);
    refused(&Status::with_error_details(Code::Unauthenticated, "Unauthorized", details))
}

/// The answer to a call of any method that is not there.
pub(super) async fn unimplemented(request: Request) -> Response {
    let method: String = request.uri().path().trim_start_matches('/').chars().take(SHOWN).collect();
    refused(&Status::unimplemented(format!("unknown method `{method}`: of Dapr's API, this host serves conversations")))
}

/// Ends a body that does not end by itself, as HTTP's do.
pub(super) async fn end_body_in_time(request: Request) -> Request {
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

/// Ends a body when the process is about to end.
pub(super) async fn end_body_at_shutdown(State(tasks): State<Tasks>, request: Request) -> Request {
    let stopping = async move { tasks.stopping().await };
    request.map(|body| Body::from_stream(body.into_data_stream().take_until(stopping)))
}

/// tonic calls a message that is too large "out of range", which no method here ever says; to clients of gRPC it means
/// that what they sent exhausts a resource.
pub(super) async fn name_the_limit(State(api): State<SharedApi>, response: Response) -> Response {
    match Status::from_header_map(response.headers()) {
        Some(status) if status.code() == Code::OutOfRange => {
            let most = api.max_body_size;
            let text = format!("the message has more than the {most} bytes that `--max-body-size` allows");
            refused(&Status::resource_exhausted(text))
        }
        _ => response,
    }
}

fn refused(status: &Status) -> Response {
    status.clone().into_http()
}
