//! The route table of the HTTP API, and its thin handlers. What bodies mean is decided in `dapr/`.

use std::array;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, EXPECT, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;
use tonic::Code;

use super::dapr::wire::{ConversationRequest, ConversationRequestAlpha2};
use super::dapr::{self, Converse, Rejection, protojson};
use super::status::Refusal;
use super::{Api, SharedApi, cache_status, call_log, converse, cors, metadata, path, reload, token};
use crate::limits;

const TOO_LARGE: &str = "stream too large";
const HEALTHZ: &str = "/v1.0/healthz";
const HEALTHZ_OUTBOUND: &str = "/v1.0/healthz/outbound";

/// All routes. Whatever is none of them is answered as daprd answers it.
pub fn router(api: SharedApi) -> Router {
    let routes = Router::new()
        .route(HEALTHZ, get(healthz))
        .route(HEALTHZ_OUTBOUND, get(|| async { StatusCode::NO_CONTENT }))
        .route("/v1.0/metadata", get(read_metadata))
        .route("/v1.0/reload", post(reload::scan))
        .route("/v1.0/shutdown", post(shutdown))
        .fallback(named)
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
    let routes = if api.logs_calls { routes.layer(middleware::from_fn(call_log::of_http)) } else { routes };
    routes.with_state(api)
}

/// The routes with a name in their path, in its third segment. Axum would decode it for every call, and by other rules than
/// Dapr's.
async fn named(State(api): State<SharedApi>, request: Request<Body>) -> Result<Response, Response> {
    let mut segments = request.uri().path().split('/').skip(1);
    let segments: [Option<&str>; 5] = array::from_fn(|_| segments.next());
    match (request.method(), segments) {
        (&Method::POST, [Some("v1.0-alpha1"), Some("conversation"), Some(_), Some("converse"), None]) => {
            converse::<ConversationRequest>(&api, request).await
        }
        (&Method::POST, [Some("v1.0-alpha2"), Some("conversation"), Some(_), Some("converse"), None]) => {
            converse::<ConversationRequestAlpha2>(&api, request).await
        }
        (&Method::PUT, [Some("v1.0"), Some("metadata"), Some(_), None, None]) => set_metadata(&api, request).await,
        _ => Ok(no_route(request).await),
    }
}

/// The one handler behind both versions, which differ in nothing but their messages.
async fn converse<R: Converse>(api: &Api, request: Request<Body>) -> Result<Response, Response> {
    let (name, request) = parameter(request, "name").await?;
    let body = read(request, api.max_body_size).await?;
    let request = protojson::decode::<R>(&body);
    drop(body);
    let request = request.map_err(|text| refused(&Rejection::MalformedBody(text).into()))?;
    let told = converse::converse(api, &name, request).await.map_err(|refusal| refused(&refusal))?;
    let mut response = encoded(&told.message)?;
    cache_status::tell(told.cache, response.headers_mut());
    Ok(response)
}

/// The path's one parameter, always its third segment. Gives the request back for what is left to read.
async fn parameter(request: Request<Body>, parameter: &str) -> Result<(String, Request<Body>), Response> {
    match path::unescape(request.uri().path().split('/').nth(3).unwrap_or_default()) {
        Ok(value) => Ok((value, request)),
        Err(error) => {
            let text = format!("failed to unescape request parameter {parameter:?}. Error: {error}\n");
            Err(unread(request, (StatusCode::BAD_REQUEST, text).into_response()).await)
        }
    }
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
    Err(refused(&Refusal::new(StatusCode::BAD_REQUEST, Code::ResourceExhausted, "ERR_BODY_READ", message)))
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

/// Refuses a request for what its head says, once its body has been read and thrown away; a client that waits to be asked
/// for its body sends none.
async fn unread(request: Request<Body>, refusal: Response) -> Response {
    if !request.headers().contains_key(EXPECT) {
        discard(request.into_body()).await;
    }
    refusal
}

/// Ready once the application listens, as daprd is: it may be unwell and the host is ready still.
async fn healthz(State(api): State<SharedApi>, RawQuery(query): RawQuery) -> Response {
    if api.app.as_ref().is_some_and(|app| !app.is_listening()) {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        return refused(&Refusal::new(status, Code::Internal, "ERR_HEALTH_NOT_READY", "dapr is not ready: [app]"));
    }
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
async fn set_metadata(api: &Api, request: Request<Body>) -> Result<Response, Response> {
    let (key, request) = parameter(request, "key").await?;
    let value = read(request, api.max_body_size).await?;
    metadata::set(api, key, value.into()).map_err(|refusal| refused(&refusal))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn shutdown(State(api): State<SharedApi>, headers: HeaderMap) -> StatusCode {
    api.end(&headers);
    StatusCode::NO_CONTENT
}

/// Daprd takes what it does not know for a call to another application, and then misses that application's name.
async fn no_route(request: Request<Body>) -> Response {
    let refusal = refused(&Refusal::new(
        StatusCode::NOT_FOUND,
        Code::Unimplemented,
        "ERR_DIRECT_INVOKE",
        "failed getting app id either from the URL path or the header dapr-app-id",
    ));
    unread(request, refusal).await
}

/// Lets a request pass that shows the token, and health probes, which have none.
async fn check_token(State(api): State<SharedApi>, request: Request<Body>, next: Next) -> Response {
    let is_probe = request.method() == Method::GET && matches!(request.uri().path(), HEALTHZ | HEALTHZ_OUTBOUND);
    if is_probe || token::check(&api, request.headers()).is_ok() {
        return next.run(request).await;
    }
    unread(request, (StatusCode::UNAUTHORIZED, "invalid api token\n").into_response()).await
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
