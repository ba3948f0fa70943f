//! One HTTP call through `wasi:http`. The host decides where it may go, replaces the stand-in of a secret on the way, and
//! sets the limits of time; none of that is done here.

use parlor_sdk::Headers;
use parlor_sdk::types::{Error, ErrorKind};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme, http_error_code,
};
use wasip2::io::streams::{InputStream, StreamError};

/// The most that one write may take.
const WRITE: usize = 4096;

/// The most that one read gives, in bytes.
const READ: u64 = 64 << 10;

/// The longest answer that is read whole, in bytes.
const LONGEST: usize = 16 << 20;

/// An answer whose body is still to be read. What was made from something must be dropped before it, hence the order.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    stream: InputStream,
    _body: IncomingBody,
    _response: IncomingResponse,
}

/// Sends JSON and waits for the answer's head.
pub(crate) fn post(url: &str, bearer: Option<&str>, body: &[u8]) -> Result<Answer, Error> {
    let misuse = |what: &str| Error::new(ErrorKind::Internal, format!("the call can't be made: {what}"));
    let request = request(url, bearer).ok_or_else(|| misuse("its URL or a header is malformed"))?;
    let outgoing = request.body().map_err(|()| misuse("its body is taken"))?;
    let pending = outgoing_handler::handle(request, None).map_err(|code| transport(&code))?;

    // Where the body can't be written, the answer says why: the call was refused, or answered early.
    let _ = write(outgoing, body);
    pending.subscribe().block();
    let response = pending.get().and_then(Result::ok).ok_or_else(|| misuse("its answer is taken"))?;
    let response = response.map_err(|code| transport(&code))?;
    let text =
        |(name, value): (String, Vec<u8>)| (name.to_ascii_lowercase(), String::from_utf8_lossy(&value).into_owned());
    let headers = Headers::new(response.headers().entries().into_iter().map(text).collect());
    let body = response.consume().map_err(|()| misuse("its answer is taken"))?;
    let stream = body.stream().map_err(|()| misuse("its answer is taken"))?;
    Ok(Answer { status: response.status(), headers, stream, _body: body, _response: response })
}

fn write(outgoing: OutgoingBody, body: &[u8]) -> Option<()> {
    let stream = outgoing.write().ok()?;
    for piece in body.chunks(WRITE) {
        stream.blocking_write_and_flush(piece).ok()?;
    }
    drop(stream);
    OutgoingBody::finish(outgoing, None).ok()
}

impl Answer {
    /// Waits for the next bytes of the body; `None` at its end.
    pub(crate) fn read(&mut self) -> Result<Option<Vec<u8>>, Error> {
        match self.stream.blocking_read(READ) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(StreamError::Closed) => Ok(None),
            Err(StreamError::LastOperationFailed(error)) => Err(match http_error_code(&error) {
                Some(code) => transport(&code),
                None => Error::new(ErrorKind::Transport, "the connection broke off"),
            }),
        }
    }

    /// Reads the whole body.
    pub(crate) fn whole(&mut self) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        while let Some(bytes) = self.read()? {
            if body.len() + bytes.len() > LONGEST {
                return Err(Error::new(ErrorKind::Decode, format!("the answer is longer than {LONGEST} bytes")));
            }
            body.extend_from_slice(&bytes);
        }
        Ok(body)
    }
}

fn request(url: &str, bearer: Option<&str>) -> Option<OutgoingRequest> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_once('/')?;
    let headers = Fields::new();
    headers.append("content-type", b"application/json").ok()?;
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

fn transport(code: &ErrorCode) -> Error {
    let kind = match code {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => ErrorKind::NotGranted,
        ErrorCode::DnsTimeout
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => ErrorKind::Timeout,
        _ => ErrorKind::Transport,
    };
    Error::new(kind, format!("the call failed: {code}"))
}
