//! The route table of the HTTP API, and its thin handlers. What bodies mean is decided in `dapr/`.

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, EXPECT, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Method, Request, StatusCode, Uri};
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use subtle::ConstantTimeEq;
use tokio::time::timeout;

use super::dapr::{self, Rejection};
use super::status::Refusal;
use super::{Api, SharedApi, call_log, cors, metadata, path};
use crate::conversation::Response as Answered;
use crate::error::ConverseError;
use crate::limits;
use crate::pipeline::{self, Call};

const TOKEN: HeaderName = HeaderName::from_static("dapr-api-token");
const TOO_LARGE: &str = "stream too large";
const HEALTHZ: &str = "/v1.0/healthz";
const HEALTHZ_OUTBOUND: &str = "/v1.0/healthz/outbound";

/// All routes. Whatever is none of them is answered as daprd answers it.
pub fn router(api: SharedApi) -> Router {
    let routes = Router::new()
        .route("/v1.0-alpha1/conversation/{name}/converse", post(converse_alpha1))
        .route("/v1.0-alpha2/conversation/{name}/converse", post(converse_alpha2))
        .route(HEALTHZ, get(healthz))
        .route(HEALTHZ_OUTBOUND, get(|| async { StatusCode::NO_CONTENT }))
        .route("/v1.0/metadata", get(read_metadata))
        .fallback(no_route)
        .method_not_allowed_fallback(no_route);
    let routes = match &api.token {
        Some(_) => routes.layer(middleware::from_fn_with_state(api.clone(), check_token)),
        None => routes,
    };
    // Outside of the token: a browser asks for leave without showing it.
    let routes = match cors::layer(&api.allowed_origins) {
        Some(cors) => routes.layer(cors),
        None => routes,
    };
    let routes = if api.logs_calls { routes.layer(middleware::from_fn(call_log::tell)) } else { routes };
    routes.with_state(api)
}

async fn converse_alpha1(state: State<SharedApi>, request: Request<Body>) -> Result<Response, Response> {
    converse(&state, request, dapr::decode_alpha1, |envelope, _, answer| dapr::encode_alpha1(envelope, answer)).await
}

async fn converse_alpha2(state: State<SharedApi>, request: Request<Body>) -> Result<Response, Response> {
    converse(&state, request, dapr::decode_alpha2, dapr::encode_alpha2).await
}

type Decode = fn(&str, &[u8]) -> Result<dapr::Call, Rejection>;
type Encode = fn(&dapr::Envelope, Option<&str>, &Answered) -> Result<Vec<u8>, serde_json::Error>;

/// The one handler behind both versions, which differ in nothing but their bodies.
async fn converse(api: &Api, request: Request<Body>, decode: Decode, encode: Encode) -> Result<Response, Response> {
    let name = component_name(request.uri())?;
    let body = read(request, api.max_body_size).await?;
    let call = match decode(&name, &body) {
        Ok(call) => call,
        Err(rejection) => return Err(refused(&reject(api, &name, rejection))),
    };
    drop(body);
    let dapr::Call { request, envelope, scrub, overrides } = call;
    warn_of_what_has_no_effect(&name, &scrub, overrides.cache_ttl.is_some());
    let asked_model = request.model.clone();
    let answered = answer(api, &name, Call { request, key: overrides.key }).await;
    let answer = answered.map_err(|error| {
        tracing::warn!(component = %name, error = %error, "a call has failed");
        refused(&Refusal::from(&error))
    })?;
    let configured = api.snapshot.component(&name).ok().and_then(|component| component.model.as_deref());
    let encoded = encode(&envelope, asked_model.as_deref().or(configured), &answer);
    encoded.map(json).map_err(|error| {
        let message = format!("failed to encode response as JSON: {error}");
        refused(&Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "ERR_INTERNAL", message))
    })
}

/// Clients written for Dapr ask for both, and are not refused for it; the operator must know that nothing comes of it.
fn warn_of_what_has_no_effect(component: &str, scrub: &dapr::Scrub, caches: bool) {
    if scrub.answer || scrub.messages.contains(&true) {
        tracing::warn!(component, "`scrubPII` has no effect in this version: the text goes to the provider as it came");
    }
    if caches {
        tracing::warn!(component, "`cacheTTL` has no effect in this version: the answer is not cached");
    }
}

async fn answer(api: &Api, name: &str, call: Call) -> Result<Answered, ConverseError> {
    pipeline::converse(&api.snapshot, name, call).await?.into_response(name).await
}

/// Dapr looks the component up after reading the JSON and before reading any sense into it.
fn reject(api: &Api, name: &str, rejection: Rejection) -> Refusal {
    match (&rejection, api.snapshot.component(name)) {
        (Rejection::MalformedBody(_), _) | (_, Ok(_)) => rejection.into(),
        (_, Err(unknown)) => Refusal::from(&unknown),
    }
}

/// Taken from the path as it came: axum's own parameters are decoded already, and by other rules.
fn component_name(uri: &Uri) -> Result<String, Response> {
    path::unescape(uri.path().split('/').nth(3).unwrap_or_default()).map_err(|error| {
        let text = format!("failed to unescape request parameter \"name\". Error: {error}\n");
        (StatusCode::BAD_REQUEST, text).into_response()
    })
}

async fn read(request: Request<Body>, limit: usize) -> Result<Bytes, Response> {
    let waits = request.headers().contains_key(EXPECT);
    let mut body = request.into_body();
    let is_too_large = body.size_hint().lower() > limit as u64;
    let why = if is_too_large && waits {
        TOO_LARGE.to_owned()
    } else {
        match timeout(limits::CLIENT_BODY, Limited::new(&mut body, limit).collect()).await {
            Ok(Ok(body)) => return Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                discard(body).await;
                TOO_LARGE.to_owned()
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("its end did not come within {:?}", limits::CLIENT_BODY),
        }
    };
    let message = format!("failed to read request body: {why}");
    Err(refused(&Refusal::new(StatusCode::BAD_REQUEST, "ERR_BODY_READ", message)))
}

/// Reads on: a client that is still writing when the connection closes never sees why. For a while, and up to a point.
async fn discard(mut body: Body) {
    let mut left = limits::DISCARDED_BODY;
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                break;
            }
        }
    };
    // Whether the end came or not, the client has its answer next.
    let _ = timeout(limits::DISCARDING, reading).await;
}

/// Ready once the application listens, as daprd is: it may be unwell and the host is ready still.
async fn healthz(State(api): State<SharedApi>, RawQuery(query): RawQuery) -> Response {
    if api.app.as_ref().is_some_and(|app| !app.is_listening()) {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        return refused(&Refusal::new(status, "ERR_HEALTH_NOT_READY", "dapr is not ready: [app]"));
    }
    let asked = query.as_deref().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("appid="));
    match asked {
        Some(asked) if path::unescape(asked).as_deref() != Ok(api.app_id.as_str()) => {
            let refusal = Refusal::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "ERR_HEALTH_APPID_NOT_MATCH",
                "dapr app-id does not match",
            );
            refused(&refusal)
        }
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}

async fn read_metadata(State(api): State<SharedApi>) -> Response {
    match metadata::encode(&api) {
        Ok(body) => json(body),
        Err(error) => refused(&Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ERR_INTERNAL",
            format!("failed to encode response as JSON: {error}"),
        )),
    }
}

/// Daprd takes what it does not know for a call to another application, and then misses that application's name.
async fn no_route() -> Response {
    refused(&Refusal::new(
        StatusCode::NOT_FOUND,
        "ERR_DIRECT_INVOKE",
        "failed getting app id either from the URL path or the header dapr-app-id",
    ))
}

/// Lets a request pass that shows the token, and health probes, which have none.
async fn check_token(State(api): State<SharedApi>, request: Request<Body>, next: Next) -> Response {
    let Some(token) = &api.token else { return next.run(request).await };
    let is_probe = request.method() == Method::GET && matches!(request.uri().path(), HEALTHZ | HEALTHZ_OUTBOUND);
    let shown = request.headers().get(TOKEN).map(HeaderValue::as_bytes).unwrap_or_default();
    if is_probe || bool::from(shown.ct_eq(token.expose().as_bytes())) {
        return next.run(request).await;
    }
    (StatusCode::UNAUTHORIZED, "invalid api token\n").into_response()
}

fn json(body: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}

fn refused(refusal: &Refusal) -> Response {
    let mut response = (refusal.status, json(dapr::encode_error(refusal.code, &refusal.message))).into_response();
    if let Some(after) = refusal.retry_after {
        // Whole seconds, rounded up: a client that comes back early is refused again.
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
