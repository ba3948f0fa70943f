//! Egress against real servers on loopback. This file holds what the tests share.

mod network;
mod secure;
mod server;

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};

use self::server::{Seen, TestCa};
use super::resolve::Resolve;
use super::{Bounds, Egress, EgressConfig, EgressError, Grant, Reach, RequestBody, StandIns};
use crate::origin::Origin;

/// Bounds that no test comes near unless it means to.
pub(super) fn bounds() -> Bounds {
    Bounds {
        head: Duration::from_secs(60),
        idle: Duration::from_secs(60),
        request_bytes: 1 << 20,
        response_bytes: 1 << 20,
    }
}

/// Every name is at these addresses.
struct Everywhere(Vec<IpAddr>);

impl Resolve for Everywhere {
    fn resolve<'a>(&'a self, _: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(self.0.iter().map(|address| SocketAddr::new(*address, port)).collect()) })
    }
}

fn egress_with(config: &EgressConfig) -> Egress {
    Egress::with_resolver(config, Box::new(Everywhere(vec![[127, 0, 0, 1].into()]))).unwrap()
}

fn egress() -> Egress {
    egress_with(&EgressConfig::default())
}

/// Trusts this authority besides, through a file as an operator would.
fn egress_trusting(ca: &TestCa, config: EgressConfig) -> Egress {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(ca.pem().as_bytes()).unwrap();
    egress_with(&EgressConfig { extra_ca: Some(file.path().to_owned()), ..config })
}

fn grant(origin: &str, reach: Reach) -> Grant {
    Grant::new([(Origin::parse(origin).unwrap(), reach)], StandIns::default())
}

fn post(uri: impl AsRef<str>, body: &'static str) -> Request<RequestBody> {
    Request::post(uri.as_ref()).body(RequestBody::Whole(Bytes::from(body))).unwrap()
}

/// Sends a request and reads its whole answer.
async fn exchange(
    egress: &Egress,
    grant: &Grant,
    request: Request<RequestBody>,
    bounds: &Bounds,
) -> Result<String, EgressError> {
    let body = egress.send(grant, request, bounds).await?.into_body().collect().await?;
    Ok(String::from_utf8(body.to_bytes().to_vec()).unwrap())
}

/// Calls an origin that is granted.
async fn call(egress: &Egress, origin: &str, reach: Reach) -> Result<String, EgressError> {
    exchange(egress, &grant(origin, reach), post(origin, ""), &bounds()).await
}

fn hello(_: &Seen) -> Response<Full<Bytes>> {
    Response::new(Full::from("hello"))
}
