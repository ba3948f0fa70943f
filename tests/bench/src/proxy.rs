//! A bare reverse proxy: one pooled hyper client behind one hyper server, bodies streamed through untouched. What the
//! host costs beyond this is what translating in a sandbox costs.

use std::net::SocketAddr;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::header::HOST;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;

use crate::{client, serve};

type Outgoing = Client<HttpConnector, Incoming>;

pub(crate) async fn serve(upstream: SocketAddr) -> Result<()> {
    let outgoing = client::pooled();
    let listener = serve::listen().await?;
    serve::forever(listener, move |request| forward(request, upstream, outgoing.clone())).await
}

async fn forward(
    mut request: Request<Incoming>,
    upstream: SocketAddr,
    outgoing: Outgoing,
) -> Response<BoxBody<Bytes, hyper::Error>> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let Ok(uri) = format!("http://{upstream}{path}").parse::<Uri>() else {
        return refused(StatusCode::BAD_REQUEST);
    };
    *request.uri_mut() = uri;
    request.headers_mut().remove(HOST);
    match outgoing.request(request).await {
        Ok(response) => response.map(BodyExt::boxed),
        Err(_) => refused(StatusCode::BAD_GATEWAY),
    }
}

fn refused(status: StatusCode) -> Response<BoxBody<Bytes, hyper::Error>> {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed());
    *response.status_mut() = status;
    response
}
