//! A plain HTTP client: HTTP/1.1, or HTTP/2 with prior knowledge.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::patiently;

/// Calls one host.
#[derive(Clone)]
pub(crate) struct Client {
    base: String,
    inner: legacy::Client<HttpConnector, Full<Bytes>>,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Client {
    pub(crate) fn new(base: &str) -> Self {
        Self { base: base.to_owned(), inner: legacy::Client::builder(TokioExecutor::new()).build_http() }
    }

    /// The same host over HTTP/2 without an upgrade.
    pub(crate) fn h2c(&self) -> Self {
        let inner = legacy::Client::builder(TokioExecutor::new()).http2_only(true).build_http();
        Self { base: self.base.clone(), inner }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(self.uri(path)).body(Full::default()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.send(Request::post(self.uri(path)).body(Full::new(body.into())).unwrap()).await
    }

    /// Any request whose URI is `self.uri(…)`.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        self.try_send(request).await.unwrap()
    }

    pub(crate) async fn try_send(&self, request: Request<Full<Bytes>>) -> Result<Answer, legacy::Error> {
        let (head, body) = patiently("for an answer", self.inner.request(request)).await?.into_parts();
        let body = patiently("for a whole answer", body.collect()).await.unwrap().to_bytes();
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    pub(crate) async fn method(&self, method: Method, path: &str) -> Answer {
        self.send(Request::builder().method(method).uri(self.uri(path)).body(Full::default()).unwrap()).await
    }

    /// One user text to a component by alpha1.
    pub(crate) async fn alpha1(&self, component: &str, text: &str) -> Answer {
        let body = serde_json::json!({ "inputs": [{ "content": text }] });
        self.post(&format!("/v1.0-alpha1/conversation/{component}/converse"), body.to_string()).await
    }

    /// One user text to a component by alpha2.
    pub(crate) async fn alpha2(&self, component: &str, text: &str) -> Answer {
        let message = serde_json::json!({ "ofUser": { "content": [{ "text": text }] } });
        self.alpha2_body(component, &serde_json::json!({ "inputs": [{ "messages": [message] }] })).await
    }

    pub(crate) async fn alpha2_body(&self, component: &str, body: &Value) -> Answer {
        self.post(&format!("/v1.0-alpha2/conversation/{component}/converse"), body.to_string()).await
    }

    /// Such as `127.0.0.1:1234`.
    pub(crate) fn address(&self) -> &str {
        self.base.strip_prefix("http://").unwrap()
    }

    pub(crate) fn uri(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }

    /// The body of an answer that must be a 200.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.json()
    }

    /// The status and Dapr's code of an answer that must be an error, with its text.
    pub(crate) fn error(&self) -> (u16, String, String) {
        let json = self.json();
        let field = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        (self.status.as_u16(), field("errorCode"), field("message"))
    }
}
