//! A gRPC client, made of the same `.proto` files as the host. Bodies are given and read as JSON, as for HTTP.

use http::Uri;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use parlor::api::dapr::protojson;
use parlor::api::dapr::wire::dapr_client::DaprClient;
use parlor::api::dapr::wire::{ConversationRequest, ConversationRequestAlpha2};
use serde_json::Value;
use tonic::{Request, Status};

use super::patiently;

/// Calls one host. Every service's client takes it.
pub(crate) type Channel = legacy::Client<HttpConnector, tonic::body::Body>;

/// The gRPC side of a host.
#[derive(Clone)]
pub(crate) struct Grpc {
    /// Such as `127.0.0.1:1234`.
    pub(crate) address: String,
}

impl Grpc {
    pub(crate) fn new(address: &str) -> Self {
        Self { address: address.to_owned() }
    }

    /// A connection of its own.
    pub(crate) fn channel(&self) -> Channel {
        legacy::Client::builder(TokioExecutor::new()).http2_only(true).build_http()
    }

    pub(crate) fn origin(&self) -> Uri {
        format!("http://{}", self.address).parse().unwrap()
    }

    /// Dapr's service.
    pub(crate) fn dapr(&self) -> DaprClient<Channel> {
        DaprClient::with_origin(self.channel(), self.origin())
    }

    /// `body` to a component by alpha1.
    pub(crate) async fn alpha1(&self, component: &str, body: &Value) -> Result<Value, Status> {
        let mut request: ConversationRequest = message(body);
        component.clone_into(&mut request.name);
        answered(self.dapr().converse_alpha1(request)).await
    }

    /// `body` to a component by alpha2.
    pub(crate) async fn alpha2(&self, component: &str, body: &Value) -> Result<Value, Status> {
        let mut request: ConversationRequestAlpha2 = message(body);
        component.clone_into(&mut request.name);
        answered(self.dapr().converse_alpha2(request)).await
    }
}

/// A message from its JSON.
pub(crate) fn message<M: protojson::Message>(body: &Value) -> M {
    protojson::decode(body.to_string().as_bytes()).unwrap()
}

/// The JSON of a call's answer.
pub(crate) async fn answered<M: protojson::Message>(
    call: impl Future<Output = Result<tonic::Response<M>, Status>>,
) -> Result<Value, Status> {
    let answer = patiently("for an answer", call).await?.into_inner();
    Ok(serde_json::from_slice(&protojson::encode(&answer).unwrap()).unwrap())
}

/// A request that shows a token.
pub(crate) fn with_token<T>(message: T, token: Option<&str>) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(token) = token {
        request.metadata_mut().insert("dapr-api-token", token.parse().unwrap());
    }
    request
}
