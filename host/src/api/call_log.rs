//! One line of log for every call of the API, with daprd's words and fields. Neither questions nor answers are in it.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{HeaderValue, USER_AGENT};
use http_body::Body;
use tokio::time::Instant;

/// What is known of a call before it is answered.
struct Begun {
    at: Instant,
    useragent: Option<HeaderValue>,
}

impl Begun {
    fn new(request: &Request) -> Self {
        Self { at: Instant::now(), useragent: request.headers().get(USER_AGENT).cloned() }
    }

    fn useragent(&self) -> &str {
        self.useragent.as_ref().and_then(|agent| agent.to_str().ok()).unwrap_or_default()
    }

    /// Milliseconds since then.
    fn duration(&self) -> u64 {
        u64::try_from(self.at.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Answers a call by HTTP, then tells of it.
pub(super) async fn of_http(request: Request, next: Next) -> Response {
    let begun = Begun::new(&request);
    let method = format!("{} {}", request.method(), request.uri().path());
    let response = next.run(request).await;
    tracing::info!(
        target: "dapr.runtime.http-info",
        method,
        useragent = begun.useragent(),
        code = response.status().as_u16(),
        duration = begun.duration(),
        size = response.body().size_hint().lower(),
        "HTTP API Called"
    );
    response
}

/// Answers a call by gRPC, then tells of it. An error's code is among the headers; where there is none, the call went well.
pub(super) async fn of_grpc(request: Request, next: Next) -> Response {
    let begun = Begun::new(&request);
    let method = request.uri().path().to_owned();
    let response = next.run(request).await;
    let status = response.headers().get("grpc-status").and_then(|status| status.to_str().ok());
    tracing::info!(
        target: "dapr.runtime.grpc-info",
        method,
        useragent = begun.useragent(),
        code = status.unwrap_or("0"),
        duration = begun.duration(),
        "gRPC API Called"
    );
    response
}
