//! One probe of an application, on a connection of its own: `GET` by HTTP/1.1 or HTTP/2, or the method of Dapr's that
//! gRPC applications answer.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, TE};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::{AppConnection, AppProtocol, CheckPath};

const GRPC_METHOD: &str = "/dapr.proto.runtime.v1.AppCallbackHealthCheck/HealthCheck";

/// A message of gRPC without any field: not compressed, and of no length.
const EMPTY_MESSAGE: [u8; 5] = [0; 5];

/// Why a probe failed, for people.
type Failure = String;

/// Asks the application how it is.
pub(super) async fn ask(app: &AppConnection, path: &CheckPath) -> Result<(), Failure> {
    let stream = TcpStream::connect((app.host.as_str(), app.port)).await;
    let stream = TokioIo::new(stream.map_err(|error| format!("network error: {error}"))?);
    let authority = if app.host.contains(':') {
        format!("[{}]:{}", app.host, app.port)
    } else {
        format!("{}:{}", app.host, app.port)
    };
    match app.protocol {
        AppProtocol::Grpc => by_http2(stream, health_check(&authority)?, is_well_by_grpc).await,
        AppProtocol::H2c => {
            let get = Request::get(format!("http://{authority}{}", path.as_str()));
            by_http2(stream, get.body(Full::default()).map_err(describe)?, is_well).await
        }
        AppProtocol::Http | AppProtocol::Https | AppProtocol::Grpcs => {
            let get = Request::get(path.as_str()).header(HOST, authority);
            by_http1(stream, get.body(Full::default()).map_err(describe)?).await
        }
    }
}

fn health_check(authority: &str) -> Result<Request<Full<Bytes>>, Failure> {
    let post = Request::post(format!("http://{authority}{GRPC_METHOD}"));
    let post = post.header(CONTENT_TYPE, "application/grpc").header(TE, "trailers");
    post.body(Full::from(EMPTY_MESSAGE.as_slice())).map_err(describe)
}

async fn by_http1(stream: TokioIo<TcpStream>, request: Request<Full<Bytes>>) -> Result<(), Failure> {
    let (mut sender, connection) = http1::handshake(stream).await.map_err(describe)?;
    let work = async move { is_well(sender.send_request(request).await.map_err(describe)?).await };
    driven(connection, work).await
}

async fn by_http2<F>(
    stream: TokioIo<TcpStream>,
    request: Request<Full<Bytes>>,
    judge: impl FnOnce(Response<Incoming>) -> F,
) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.map_err(describe)?;
    let work = async move { judge(sender.send_request(request).await.map_err(describe)?).await };
    driven(connection, work).await
}

/// Works on a connection that works only as long as it is looked after.
async fn driven(
    connection: impl Future<Output = hyper::Result<()>>,
    work: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    tokio::pin!(work);
    tokio::select! {
        outcome = &mut work => outcome,
        // The answer may have come with the connection's end.
        _ = connection => work.await,
    }
}

async fn is_well(response: Response<Incoming>) -> Result<(), Failure> {
    match response.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("it answers {status}")),
    }
}

/// The status of gRPC comes after the answer, or in place of one.
async fn is_well_by_grpc(response: Response<Incoming>) -> Result<(), Failure> {
    let status = |headers: &HeaderMap| headers.get("grpc-status").cloned();
    let status = match status(response.headers()) {
        Some(status) => Some(status),
        None => response.into_body().collect().await.map_err(describe)?.trailers().and_then(status),
    };
    match status {
        Some(status) if status == "0" => Ok(()),
        Some(status) => Err(format!("it answers gRPC status {}", String::from_utf8_lossy(status.as_bytes()))),
        None => Err("it does not speak gRPC".to_owned()),
    }
}

fn describe(error: impl std::error::Error) -> Failure {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
