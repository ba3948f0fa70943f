//! The application beside the host: waited for, asked how it is, and told of.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;

use crate::harness::{Host, HostBuilder, Upstream, patiently};

/// A host beside an application that it asks every 300 ms.
fn host(port: &str, arguments: &[&str]) -> Host {
    let host = HostBuilder::new().component("echo", "conversation.echo", &[]).argument(&format!("--app-port={port}"));
    let host = host.argument("--app-health-probe-interval=300ms").argument("--app-health-probe-timeout=300ms");
    arguments.iter().fold(host, |host, argument| host.argument(argument)).start()
}

async fn app(host: &Host) -> Value {
    host.client.get("/v1.0/metadata").await.ok()["appConnectionProperties"].clone()
}

async fn status(host: &Host) -> String {
    app(host).await["health"]["healthStatus"].as_str().unwrap().to_owned()
}

async fn becomes(host: &Host, expected: &str) {
    patiently(&format!("until the app is {expected}"), async { while status(host).await != expected {} }).await;
}

#[tokio::test]
async fn the_host_is_ready_when_the_app_listens() {
    // It has its port already, and does not listen yet.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    let host = host(&port.to_string(), &[]);
    let (status, code, message) = host.client.get("/v1.0/healthz").await.error();
    assert_eq!((status, code.as_str(), message.as_str()), (500, "ERR_HEALTH_NOT_READY", "dapr is not ready: [app]"));
    // Calls are answered all the while: the app may wait for the host in its turn.
    assert_eq!(host.client.get("/v1.0/healthz/outbound").await.status, 204);
    host.client.alpha1("echo", "x").await.ok();

    let _listener = socket.listen(16).unwrap();
    let ready = async { while host.client.get("/v1.0/healthz").await.status != 204 {} };
    patiently("until the host is ready", ready).await;
    assert!(host.log().contains(&format!("application discovered on port {port}")), "{}", host.log());
    assert_eq!(app(&host).await, json!({ "port": port, "protocol": "http", "channelAddress": "127.0.0.1" }));
}

#[tokio::test]
async fn an_app_is_unwell_when_some_probes_in_a_row_fail() {
    let mut upstream = Upstream::start().await;
    let port = upstream.port().to_owned();
    let checks = ["--enable-app-health-check", "--app-health-check-path=ready?deep", "--app-health-threshold=2"];
    let host = host(&port, &checks);
    let first = upstream.call().await;
    assert_eq!((first.head.method.as_str(), first.head.uri.to_string().as_str()), ("GET", "/ready?deep"));
    assert_eq!(first.header("host"), format!("127.0.0.1:{port}"));
    assert_eq!(
        app(&host).await["health"],
        json!({
            "healthCheckPath": "/ready?deep",
            "healthProbeInterval": "300ms",
            "healthProbeTimeout": "300ms",
            "healthThreshold": 2,
            "healthStatus": "unhealthy",
        })
    );
    drop(first);
    for (answer, expected) in [(204, "healthy"), (503, "unhealthy"), (200, "healthy")] {
        let answering = async {
            loop {
                upstream.call().await.answer(answer, "");
            }
        };
        tokio::select! {
            () = answering => {}
            () = becomes(&host, expected) => {}
        }
        assert_eq!(host.client.get("/v1.0/healthz").await.status, 204);
    }
    let log = host.log();
    assert!(log.contains("App entered healthy status"), "{log}");
    assert!(log.contains("App entered un-healthy status: it answers 503"), "{log}");
}

#[tokio::test]
async fn an_app_that_does_not_answer_in_time_is_unwell() {
    let mut upstream = Upstream::start().await;
    let host = host(upstream.port(), &["--enable-app-health-check", "--app-health-threshold=1"]);
    let answering = async {
        loop {
            upstream.call().await.answer(200, "");
        }
    };
    tokio::select! {
        () = answering => {}
        () = becomes(&host, "healthy") => {}
    }
    // The next probes are left without an answer.
    becomes(&host, "unhealthy").await;
    assert!(host.log().contains("App entered un-healthy status: no answer within 300ms"), "{}", host.log());
}

/// An application of HTTP/2 whose every answer has these statuses, of HTTP and of gRPC.
async fn serve_http2(listener: TcpListener, http: Arc<AtomicU16>, grpc: Arc<AtomicU16>) {
    let mut open = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (http, grpc) = (Arc::clone(&http), Arc::clone(&grpc));
        let service = service_fn(move |request: Request<Incoming>| {
            let is_grpc = request.headers().get("content-type").is_some_and(|kind| kind == "application/grpc");
            let method = "/dapr.proto.runtime.v1.AppCallbackHealthCheck/HealthCheck";
            assert_eq!(request.uri().path(), if is_grpc { method } else { "/healthz" });
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", HeaderValue::from(grpc.load(Ordering::SeqCst)));
            let message = if is_grpc { Bytes::from_static(&[0; 5]) } else { Bytes::new() };
            let body = Full::new(message).with_trailers(async move { Some(Ok(trailers)) });
            let response = Response::builder().status(http.load(Ordering::SeqCst)).body(BoxBody::new(body)).unwrap();
            async { Ok::<_, Infallible>(response) }
        });
        open.spawn(http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service));
    }
}

#[tokio::test]
async fn apps_are_asked_in_the_protocol_that_they_speak() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let (http, grpc) = (Arc::new(AtomicU16::new(200)), Arc::new(AtomicU16::new(0)));
    let mut server = JoinSet::new();
    server.spawn(serve_http2(listener, Arc::clone(&http), Arc::clone(&grpc)));
    for (protocol, status, bad, good, told) in
        [("h2c", &http, 500, 200, "it answers 500"), ("grpc", &grpc, 12, 0, "it answers gRPC status 12")]
    {
        let protocol = format!("--app-protocol={protocol}");
        let host = host(&port, &["--enable-app-health-check", "--app-health-threshold=1", &protocol]);
        becomes(&host, "healthy").await;
        status.store(bad, Ordering::SeqCst);
        becomes(&host, "unhealthy").await;
        assert!(host.log().contains(&format!("App entered un-healthy status: {told}")), "{}", host.log());
        status.store(good, Ordering::SeqCst);
        becomes(&host, "healthy").await;
    }
}

#[tokio::test]
async fn what_cannot_be_checked_is_said() {
    let upstream = Upstream::start().await;
    let host = host(upstream.port(), &["--enable-app-health-check", "--app-protocol=https"]);
    assert_eq!(app(&host).await["protocol"], "https");
    assert_eq!(app(&host).await["health"], Value::Null);
    assert!(host.log().contains("there are no health checks by `https`"), "{}", host.log());

    let alone = HostBuilder::new().argument("--enable-app-health-check").start();
    assert!(alone.log().contains("has no effect without `--app-port`"), "{}", alone.log());
    let long = HostBuilder::new().argument("--app-port=1").argument("--app-health-probe-timeout=6s");
    let (_, log) = long.try_start().err().unwrap();
    assert!(log.contains("`--app-health-probe-timeout` is 6s; it must not be longer"), "{log}");
}
