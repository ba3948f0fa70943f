//! The route table of the HTTP API, and its thin handlers. What bodies mean is decided in `dapr/`.

use axum::Router;
use axum::body::Body;
use axum::extract::{RawPathParams, RawQuery, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;
use tonic::Code;

use super::dapr::wire::{ConversationRequest, ConversationRequestAlpha2};
use super::dapr::{self, Converse, Rejection, protojson};
use super::status::Refusal;
use super::{SharedApi, converse, metadata, path, token};
use crate::limits;

const FORCE_SHUTDOWN: HeaderName = HeaderName::from_static("dapr-force-shutdown");
const HEALTHZ: &str = "/v1.0/healthz";
const HEALTHZ_OUTBOUND: &str = "/v1.0/healthz/outbound";

/// All routes. Whatever is none of them is answered as daprd answers it.
pub fn router(api: SharedApi) -> Router {
    let routes = Router::new()
        .route("/v1.0-alpha1/conversation/{name}/converse", post(converse::<ConversationRequest>))
        .route("/v1.0-alpha2/conversation/{name}/converse", post(converse::<ConversationRequestAlpha2>))
        .route(HEALTHZ, get(healthz))
        .route(HEALTHZ_OUTBOUND, get(|| async { StatusCode::NO_CONTENT }))
        .route("/v1.0/metadata", get(read_metadata))
        .route("/v1.0/metadata/{key}", put(set_metadata))
        .route("/v1.0/shutdown", post(shutdown))
        .fallback(no_route)
        .method_not_allowed_fallback(no_route);
    let routes = match &api.token {
        Some(_) => routes.layer(middleware::from_fn_with_state(api.clone(), check_token)),
        None => routes,
    };
    routes.with_state(api)
}

/// The one handler behind both versions, which differ in nothing but their messages.
async fn converse<R: Converse>(
    State(api): State<SharedApi>,
    params: RawPathParams,
    body: Body,
) -> Result<Response, Response> {
    let name = parameter(&params)?;
    let body = read(body, api.max_body_size).await?;
    let request = protojson::decode::<R>(&body);
    drop(body);
    let request = request.map_err(|text| refused(&Rejection::MalformedBody(text).into()))?;
    let answer = converse::converse(&api, &name, request).await;
    encoded(&answer.map_err(|refusal| refused(&refusal))?)
}

/// The name in the path, of which each path has one.
fn parameter(params: &RawPathParams) -> Result<String, Response> {
    let (parameter, raw) = params.iter().next().unwrap_or_default();
    path::unescape(raw).map_err(|error| {
        let text = format!("failed to unescape request parameter {parameter:?}. Error: {error}");
        (StatusCode::BAD_REQUEST, text).into_response()
    })
}

async fn read(body: Body, limit: usize) -> Result<Bytes, Response> {
    let why = match timeout(limits::CLIENT_BODY, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => return Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => "stream too large".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("its end did not come within {:?}", limits::CLIENT_BODY),
    };
    let message = format!("failed to read request body: {why}");
    Err(refused(&Refusal::new(StatusCode::BAD_REQUEST, Code::ResourceExhausted, "ERR_BODY_READ", message)))
}

async fn healthz(State(api): State<SharedApi>, RawQuery(query): RawQuery) -> Response {
    let asked = query.as_deref().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("appid="));
    match asked {
        Some(asked) if path::unescape(asked).as_deref() != Ok(api.app_id.as_str()) => {
            let refusal = Refusal::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                Code::Internal,
                "ERR_HEALTH_APPID_NOT_MATCH",
                "dapr app-id does not match",
            );
            refused(&refusal)
        }
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}

async fn read_metadata(State(api): State<SharedApi>) -> Result<Response, Response> {
    encoded(&metadata::tell(&api))
}

/// The body is the value, whatever it looks like.
async fn set_metadata(State(api): State<SharedApi>, params: RawPathParams, body: Body) -> Result<StatusCode, Response> {
    let key = parameter(&params)?;
    let value = read(body, api.max_body_size).await?;
    metadata::set(&api, key, value.into()).map_err(|refusal| refused(&refusal))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn shutdown(State(api): State<SharedApi>, headers: HeaderMap) -> StatusCode {
    if headers.get(FORCE_SHUTDOWN).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true")) {
        api.end.force();
    } else {
        api.end.ask();
    }
    StatusCode::NO_CONTENT
}

/// Daprd takes what it does not know for a call to another application, and then misses that application's name.
async fn no_route() -> Response {
    refused(&Refusal::new(
        StatusCode::NOT_FOUND,
        Code::Unimplemented,
        "ERR_DIRECT_INVOKE",
        "failed getting app id either from the URL path or the header dapr-app-id",
    ))
}

/// Lets a request pass that shows the token, and health probes, which have none.
async fn check_token(State(api): State<SharedApi>, request: Request<Body>, next: Next) -> Response {
    let is_probe = request.method() == Method::GET && matches!(request.uri().path(), HEALTHZ | HEALTHZ_OUTBOUND);
    if is_probe || token::check(&api, request.headers()).is_ok() {
        return next.run(request).await;
    }
    (StatusCode::UNAUTHORIZED, "invalid api token\n").into_response()
}

fn json(body: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}

fn encoded<M: protojson::Message>(message: &M) -> Result<Response, Response> {
    protojson::encode(message).map(json).map_err(|error| {
        let message = format!("failed to encode response as JSON: {error}");
        refused(&Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, "ERR_INTERNAL", message))
    })
}

fn refused(refusal: &Refusal) -> Response {
    let mut response = (refusal.status, json(dapr::encode_error(refusal.code, &refusal.message))).into_response();
    if let Some(seconds) = refusal.retry_after_seconds() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
