//! The benchmark's own HTTP client, for single calls and for many that wait. The load itself comes from `wrk`.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Body;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A client that keeps its connections and sends at once.
pub(crate) fn pooled<B: Body<Data: Send> + Send>() -> Client<HttpConnector, B> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).build(connector)
}

/// Sends `body` to `url`, or asks for it where there is none, and reads the whole answer.
///
/// # Errors
/// When there is no answer, or its status is not 200.
pub(crate) async fn call(client: &Client<HttpConnector, Full<Bytes>>, url: &str, body: &'static str) -> Result<Bytes> {
    let request = if body.is_empty() { Request::get(url) } else { Request::post(url) };
    let request = request.header(CONTENT_TYPE, "application/json").body(Full::from(body))?;
    let response = client.request(request).await.with_context(|| format!("no answer from `{url}`"))?;
    let status = response.status();
    let body = response.into_body().collect().await.with_context(|| format!("`{url}` broke off"))?.to_bytes();
    if status != StatusCode::OK {
        bail!("`{url}` answered {status}: {}", String::from_utf8_lossy(&body));
    }
    Ok(body)
}
