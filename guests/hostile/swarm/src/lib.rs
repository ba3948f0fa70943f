//! A provider that opens connections by the hundred to its `endpoint`, or is slow on one, as its setting `how` says. It is
//! here to be stopped at the tenth, and to be given up.

use parlor_sdk::description::{ProviderDescription, Setting, SettingKind};
use parlor_sdk::types::{Error, ErrorKind, Request, Response};
use parlor_sdk::{Conversation, Settings};
use wasip2::clocks::monotonic_clock;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
};

/// The provider.
#[derive(Debug)]
pub struct Swarm;

parlor_sdk::export_conversation!(Swarm);

const WAYS: [&str; 4] = ["ask", "hold", "drip", "sip"];

/// More than anybody needs.
const MANY: usize = 200;

/// Nanoseconds between two drops.
const DROP: u64 = 20_000_000;

impl Conversation for Swarm {
    fn describe() -> ProviderDescription {
        let ways = WAYS.iter().map(|way| (*way).to_owned()).collect();
        ProviderDescription::new("swarm", env!("CARGO_PKG_VERSION"), "wears its vendor out")
            .setting(Setting::new("how", "in which way", SettingKind::Choice(ways)).required())
            .setting(Setting::new("endpoint", "whom", SettingKind::Endpoint).required())
    }

    fn converse(settings: &Settings, _request: Request) -> Result<Response, Error> {
        let endpoint = settings.required("endpoint")?;
        match settings.required("how")? {
            "ask" => ask(endpoint),
            "hold" => hold(endpoint),
            "drip" => drip(endpoint),
            _ => sip(endpoint),
        }
    }
}

/// Asks many times before it looks at any answer.
fn ask(endpoint: &str) -> Result<Response, Error> {
    let asked: Vec<_> = (0..MANY).map(|_| ask_once(endpoint)).collect::<Result<_, _>>()?;
    for pending in &asked {
        answered(pending)?;
    }
    Ok(Response::default())
}

/// Keeps every answer and reads none.
fn hold(endpoint: &str) -> Result<Response, Error> {
    let mut held = Vec::new();
    for _ in 0..MANY {
        held.push(answered(&ask_once(endpoint)?)?);
    }
    Ok(Response::default())
}

/// Sends a body byte by byte, and no end of it.
fn drip(endpoint: &str) -> Result<Response, Error> {
    let (outgoing, _pending) = begin(endpoint)?;
    let stream = outgoing.write().map_err(|()| failed("its body can't be written"))?;
    while stream.blocking_write_and_flush(b"x").is_ok() {
        monotonic_clock::subscribe_duration(DROP).block();
    }
    Err(failed("its body broke off"))
}

/// Takes an answer byte by byte.
fn sip(endpoint: &str) -> Result<Response, Error> {
    let response = answered(&ask_once(endpoint)?)?;
    let body = response.consume().map_err(|()| failed("its answer is taken"))?;
    let stream = body.stream().map_err(|()| failed("its answer is taken"))?;
    while stream.blocking_read(1).is_ok() {
        monotonic_clock::subscribe_duration(DROP).block();
    }
    Err(failed("its answer broke off"))
}

fn begin(endpoint: &str) -> Result<(OutgoingBody, FutureIncomingResponse), Error> {
    let request = request(endpoint).ok_or_else(|| failed("its endpoint is malformed"))?;
    let outgoing = request.body().map_err(|()| failed("its body is taken"))?;
    let pending = outgoing_handler::handle(request, None).map_err(|code| refused(&code))?;
    Ok((outgoing, pending))
}

/// A request that is whole.
fn ask_once(endpoint: &str) -> Result<FutureIncomingResponse, Error> {
    let (outgoing, pending) = begin(endpoint)?;
    // A call that is refused has closed it; the reason comes with the answer.
    let _ = OutgoingBody::finish(outgoing, None);
    Ok(pending)
}

fn request(endpoint: &str) -> Option<OutgoingRequest> {
    let request = OutgoingRequest::new(Fields::new());
    request.set_method(&Method::Post).ok()?;
    request.set_scheme(Some(&Scheme::Http)).ok()?;
    request.set_authority(endpoint.strip_prefix("http://")).ok()?;
    request.set_path_with_query(Some("/")).ok()?;
    Some(request)
}

fn answered(pending: &FutureIncomingResponse) -> Result<IncomingResponse, Error> {
    pending.subscribe().block();
    let response = pending.get().and_then(Result::ok).ok_or_else(|| failed("its answer is taken"))?;
    response.map_err(|code| refused(&code))
}

/// It does not know why: the host tells the caller itself.
fn refused(code: &ErrorCode) -> Error {
    Error::new(ErrorKind::Transport, format!("the call failed: {code}"))
}

fn failed(what: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("the call can't be made: {what}"))
}
