//! What is asked of the head of a request before anything else is: as Go's `net/http` asks it. Pure.

use axum::body::Body;
use axum::response::IntoResponse;
use http::header::{CONNECTION, HOST, HeaderValue};
use http::{Method, Request, Response, StatusCode, Version};

/// The answer to a request whose head is larger than `limit` bytes or names no host, or two.
pub(super) fn refusal<B>(request: &Request<B>, limit: usize) -> Option<Response<Body>> {
    if size(request) > limit {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Some(close(status, "431 Request Header Fields Too Large"));
    }
    let is_asked = request.version() == Version::HTTP_11 && request.method() != Method::CONNECT;
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if is_asked => Some(close(StatusCode::BAD_REQUEST, "400 Bad Request: missing required Host header")),
        (_, Some(_)) => Some(close(StatusCode::BAD_REQUEST, "400 Bad Request: too many Host headers")),
        _ => None,
    }
}

/// The bytes of the head as HTTP/1.1 writes it.
fn size<B>(request: &Request<B>) -> usize {
    let uri = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    let line = request.method().as_str().len() + uri + "  HTTP/1.1\r\n\r\n".len();
    let headers = request.headers().iter();
    headers.fold(line, |size, (name, value)| size + name.as_str().len() + value.len() + ": \r\n".len())
}

fn close(status: StatusCode, text: &'static str) -> Response<Body> {
    (status, [(CONNECTION, HeaderValue::from_static("close"))], text).into_response()
}
