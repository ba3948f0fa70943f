//! One line of log for every call of the API, with daprd's words and fields. Neither questions nor answers are in it.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::USER_AGENT;
use http_body::Body;
use tokio::time::Instant;

/// Answers the call, then tells of it.
pub(super) async fn tell(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = format!("{} {}", request.method(), request.uri().path());
    let useragent = request.headers().get(USER_AGENT).cloned();
    let response = next.run(request).await;
    tracing::info!(
        target: "dapr.runtime.http-info",
        method,
        useragent = useragent.as_ref().and_then(|agent| agent.to_str().ok()).unwrap_or_default(),
        code = response.status().as_u16(),
        // In milliseconds.
        duration = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        size = response.body().size_hint().lower(),
        "HTTP API Called"
    );
    response
}
