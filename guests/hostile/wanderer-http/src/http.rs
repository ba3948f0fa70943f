//! One HTTP call through `wasi:http`, to wherever the URL says. Decides nothing.

use parlor_sdk::types::{Error, ErrorKind};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{ErrorCode, Fields, Method, OutgoingBody, OutgoingRequest, Scheme};
use wasip2::io::streams::StreamError;

const READ: u64 = 64 << 10;

/// Posts `body` and gives the status and the whole body of the answer.
pub(crate) fn post(url: &str, bearer: Option<&str>, body: &[u8]) -> Result<(u16, Vec<u8>), Error> {
    let request = request(url, bearer).ok_or_else(|| failed("its URL or a header is malformed"))?;
    let outgoing = request.body().map_err(|()| failed("its body is taken"))?;
    let pending = outgoing_handler::handle(request, None).map_err(|code| refused(&code))?;

    let stream = outgoing.write().map_err(|()| failed("its body can't be written"))?;
    // A call that is refused closes the stream; the reason comes with the answer.
    let _ = stream.blocking_write_and_flush(body);
    drop(stream);
    let _ = OutgoingBody::finish(outgoing, None);

    pending.subscribe().block();
    let response = pending.get().and_then(Result::ok).ok_or_else(|| failed("its answer is taken"))?;
    let response = response.map_err(|code| refused(&code))?;
    let incoming = response.consume().map_err(|()| failed("its answer is taken"))?;
    let stream = incoming.stream().map_err(|()| failed("its answer is taken"))?;
    let mut whole = Vec::new();
    loop {
        match stream.blocking_read(READ) {
            Ok(bytes) => whole.extend_from_slice(&bytes),
            Err(StreamError::Closed) => return Ok((response.status(), whole)),
            Err(StreamError::LastOperationFailed(_)) => return Err(failed("the answer broke off")),
        }
    }
}

fn request(url: &str, bearer: Option<&str>) -> Option<OutgoingRequest> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let headers = Fields::new();
    if let Some(token) = bearer {
        headers.append("authorization", format!("Bearer {token}").as_bytes()).ok()?;
    }
    let request = OutgoingRequest::new(headers);
    request.set_method(&Method::Post).ok()?;
    request.set_scheme(Some(if scheme == "https" { &Scheme::Https } else { &Scheme::Http })).ok()?;
    request.set_authority(Some(authority)).ok()?;
    request.set_path_with_query(Some(&format!("/{path}"))).ok()?;
    Some(request)
}

/// It does not know why: the host tells the caller itself.
fn refused(code: &ErrorCode) -> Error {
    Error::new(ErrorKind::Transport, format!("the call failed: {code}"))
}

fn failed(what: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("the call can't be made: {what}"))
}
