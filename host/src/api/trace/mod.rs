//! Carries trace contexts and baggage through the host's edge: from a request's headers to its log lines and to the
//! headers of its answer. For HTTP and for gRPC, which differ in how both are written. Nothing of it goes to a vendor.

mod baggage;
mod tracestate;

use axum::body::Body;
use axum::response::IntoResponse;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use tonic::Status;

use self::baggage::InvalidBaggage;
use crate::limits;
use crate::trace::{BINARY_LENGTH, TraceContext};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
const GRPC_TRACE: HeaderName = HeaderName::from_static("grpc-trace-bin");
const BAGGAGE: HeaderName = HeaderName::from_static("baggage");

/// Binary metadata of gRPC: written without padding, read with and without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Answers a request within its trace: the caller's, or a new one. Probes of health belong to none.
///
/// # Errors
/// Those of `answer`.
pub(super) async fn traced<B, E, F>(
    request: Request<B>,
    answer: impl FnOnce(Request<B>) -> F,
) -> Result<Response<Body>, E>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    if request.uri().path().starts_with("/v1.0/healthz") {
        return answer(request).await;
    }
    let link = Link::of(request.headers());
    let mut response = match baggage::checked(joined(request.headers(), &BAGGAGE)) {
        Ok(baggage) => {
            let mut response = link.context.scope(answer(request)).await?;
            if let Some(baggage) = baggage {
                response.headers_mut().insert(BAGGAGE, baggage);
            }
            response
        }
        Err(invalid) => link.refuse(&invalid),
    };
    link.write(response.headers_mut());
    Ok(response)
}

/// A request's own place in a trace.
struct Link {
    context: TraceContext,
    /// What other tracing systems have to say of it.
    state: Option<HeaderValue>,
    is_grpc: bool,
}

impl Link {
    fn of(headers: &HeaderMap) -> Self {
        let is_grpc = headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
        if let Some(caller) = is_grpc.then(|| binary(headers)).flatten() {
            return Self { context: caller.child(), state: None, is_grpc };
        }
        match text(headers) {
            Some(caller) => {
                let state = joined(headers, &TRACESTATE).filter(tracestate::is_valid);
                Self { context: caller.child(), state, is_grpc }
            }
            None => Self { context: TraceContext::begin(), state: None, is_grpc },
        }
    }

    fn write(self, headers: &mut HeaderMap) {
        let (name, value) = if self.is_grpc {
            (GRPC_TRACE, BASE64.encode(self.context.to_binary()).try_into())
        } else {
            (TRACEPARENT, HeaderValue::from_bytes(&self.context.to_text()))
        };
        // Base64 and hexadecimal digits are always fit for a header.
        if let Ok(value) = value {
            headers.insert(name, value);
        }
        if let Some(state) = self.state {
            headers.insert(TRACESTATE, state);
        }
    }

    fn refuse(&self, invalid: &InvalidBaggage) -> Response<Body> {
        let mut text = format!("invalid baggage header: {invalid}");
        if !self.is_grpc {
            return (StatusCode::BAD_REQUEST, text + "\n").into_response();
        }
        // It names what the caller sent, which may fill all the headers that a client takes.
        text.truncate(text.floor_char_boundary(limits::GRPC_ERROR_TEXT));
        Status::invalid_argument(text).into_http()
    }
}

/// The caller's context in text, unless there are two of them, which can't both be right.
fn text(headers: &HeaderMap) -> Option<TraceContext> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let value = values.next()?;
    values.next().is_none().then(|| TraceContext::from_text(value.as_bytes()))?
}

fn binary(headers: &HeaderMap) -> Option<TraceContext> {
    let mut bytes = [0; 2 * BINARY_LENGTH];
    let length = BASE64.decode_slice(headers.get(GRPC_TRACE)?, &mut bytes).ok()?;
    TraceContext::from_binary(bytes.get(..length)?)
}

/// All values of a header that is a list. There is nearly always one, which is not copied.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_none() {
        return Some(first.clone());
    }
    let all: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    HeaderValue::from_maybe_shared(Bytes::from(all.join(&b','))).ok()
}

#[cfg(test)]
mod tests {
    use std::cell::OnceCell;
    use std::convert::Infallible;

    use futures_util::FutureExt;
    use tonic::Code;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const GRPC: (&str, &str) = ("content-type", "application/grpc+proto");

    /// The answer's headers, and the trace that the handler found itself in.
    fn answered(headers: &[(&str, &str)]) -> (Response<Body>, String) {
        let mut request = Request::post("/v1.0-alpha1/conversation/echo/converse");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let current = OnceCell::new();
        let answer = |_: Request<()>| async {
            current.set(TraceContext::current().unwrap().trace_id()).unwrap();
            Ok::<_, Infallible>(Response::new(Body::empty()))
        };
        let response = traced(request.body(()).unwrap(), answer).now_or_never().unwrap().unwrap();
        (response, current.into_inner().unwrap_or_default())
    }

    fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
        response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    #[test]
    fn a_callers_trace_goes_on_in_a_new_span() {
        let (response, current) = answered(&[("traceparent", PARENT), ("tracestate", "a=1"), ("tracestate", "b=2")]);
        let parent = header(&response, "traceparent").unwrap();
        assert!(parent.starts_with(&format!("00-{TRACE}-")) && parent.ends_with("-01"), "{parent}");
        assert_ne!(parent, PARENT);
        assert_eq!(header(&response, "tracestate"), Some("a=1,b=2"));
        assert_eq!(current, TRACE);
    }

    #[test]
    fn what_is_no_trace_begins_a_new_one_without_state() {
        for headers in [
            &[][..],
            &[("tracestate", "a=1")],
            &[("traceparent", "nonsense"), ("tracestate", "a=1")],
            &[("traceparent", PARENT), ("traceparent", PARENT)],
            &[("grpc-trace-bin", "AABL+S81d7NNpqPOkp0ODkc2AQDwZ6oLqQK3AgE")],
        ] {
            let (response, current) = answered(headers);
            let parent = header(&response, "traceparent").unwrap();
            assert_eq!(parent.len(), 55, "{parent}");
            assert_eq!(parent.split('-').nth(1), Some(current.as_str()));
            assert_ne!(current, TRACE);
            assert_eq!(header(&response, "tracestate"), None);
        }
    }

    #[test]
    fn grpc_is_told_in_bytes() {
        let bytes = "AABL+S81d7NNpqPOkp0ODkc2AQDwZ6oLqQK3AgE";
        for headers in [
            [GRPC, ("grpc-trace-bin", bytes)],
            [GRPC, ("grpc-trace-bin", &format!("{bytes}="))],
            [GRPC, ("traceparent", PARENT)],
        ] {
            let (response, current) = answered(&headers);
            assert_eq!(current, TRACE);
            let written = BASE64.decode(header(&response, "grpc-trace-bin").unwrap()).unwrap();
            assert_eq!(TraceContext::from_binary(&written).unwrap().trace_id(), TRACE);
            assert_eq!(header(&response, "traceparent"), None);
        }
        let long = "A".repeat(1000);
        for nonsense in ["", "?", "AA", long.as_str()] {
            assert_ne!(answered(&[GRPC, ("grpc-trace-bin", nonsense)]).1, TRACE);
        }
    }

    #[test]
    fn baggage_comes_back_and_nonsense_is_refused() {
        let (response, _) = answered(&[("baggage", "key1=value1;p=1"), ("baggage", "key2=a%20b")]);
        assert_eq!(header(&response, "baggage"), Some("key1=value1;p=1,key2=a%20b"));
        let (response, current) = answered(&[("baggage", "nonsense"), ("traceparent", PARENT)]);
        assert_eq!((response.status(), current.as_str()), (StatusCode::BAD_REQUEST, ""));
        assert!(header(&response, "traceparent").unwrap().contains(TRACE));
        assert_eq!(header(&response, "baggage"), None);
        let (response, _) = answered(&[GRPC, ("baggage", "nonsense")]);
        let status = Status::from_header_map(response.headers()).unwrap();
        assert_eq!((response.status(), status.code()), (StatusCode::OK, Code::InvalidArgument));
        let told = r#"invalid baggage header: invalid baggage list-member: "nonsense""#;
        assert_eq!(status.message(), told);
        assert!(header(&response, "grpc-trace-bin").is_some());
    }

    #[test]
    fn long_nonsense_is_not_repeated_whole_where_it_would_travel_in_a_header() {
        let (response, _) = answered(&[GRPC, ("baggage", &"%".repeat(8_000))]);
        let status = Status::from_header_map(response.headers()).unwrap();
        assert_eq!(status.message().len(), limits::GRPC_ERROR_TEXT);
        let length = |value: &HeaderValue| value.len();
        assert!(response.headers().values().map(length).sum::<usize>() < 8_000);
    }
}
