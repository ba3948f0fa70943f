//! One HTTP call through `wasi:http`, as the script has it. Leaves nothing out that WASI's types have room for.

use parlor_sdk::types::{Error, ErrorKind};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{ErrorCode, Fields, HeaderError, Method, OutgoingBody, OutgoingRequest, Scheme};
use wasip2::io::streams::StreamError;

use crate::script::Script;

const READ: u64 = 64 << 10;

/// Sends the request and gives the status and the whole body of the answer.
pub(crate) fn send(script: &Script) -> Result<(u16, Vec<u8>), Error> {
    let request = request(script)?;
    let trailers = (!script.trailers.is_empty()).then(|| fields(&script.trailers)).transpose()?;
    let outgoing = request.body().map_err(|()| failed("its body is taken"))?;
    let pending = outgoing_handler::handle(request, None).map_err(|code| refused(&code))?;

    let stream = outgoing.write().map_err(|()| failed("its body can't be written"))?;
    // A call that is refused closes the stream; the reason comes with the answer.
    let _ = stream.blocking_write_and_flush(script.body.as_bytes());
    drop(stream);
    let _ = OutgoingBody::finish(outgoing, trailers);

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

/// The URL is cut where WASI has it in pieces, and each piece is handed on as it is.
fn request(script: &Script) -> Result<OutgoingRequest, Error> {
    let (scheme, rest) = script.url.split_once("://").ok_or_else(|| failed("its URL has no scheme"))?;
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let malformed = |what: &str| failed(&format!("its URL has a malformed {what}"));
    let request = OutgoingRequest::new(fields(&script.headers)?);
    request.set_method(&Method::Other(script.method.clone())).map_err(|()| failed("its method is malformed"))?;
    request.set_scheme(Some(&scheme)).map_err(|()| malformed("scheme"))?;
    request.set_authority(Some(authority)).map_err(|()| malformed("authority"))?;
    // An empty path is none, and WASI wants one.
    let path = [script.path.as_str(), path].into_iter().find(|path| !path.is_empty()).or(Some("/"));
    request.set_path_with_query(path).map_err(|()| malformed("path"))?;
    Ok(request)
}

/// All at once, then one by one, should they be looked at differently.
fn fields(pairs: &[(String, String)]) -> Result<Fields, Error> {
    let refused = |error: HeaderError| failed(&format!("its headers are refused: {error:?}"));
    let list: Vec<_> = pairs.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect();
    if let Ok(fields) = Fields::from_list(&list) {
        return Ok(fields);
    }
    let fields = Fields::new();
    for (name, value) in pairs {
        fields.append(name, value.as_bytes()).map_err(refused)?;
    }
    Ok(fields)
}

/// It does not know why: the host tells the caller itself.
fn refused(code: &ErrorCode) -> Error {
    Error::new(ErrorKind::Transport, format!("the call failed: {code}"))
}

fn failed(what: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("the call can't be made: {what}"))
}
