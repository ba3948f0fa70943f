//! What the host tells of itself, what an application may have kept there, and the end that a caller asks for, by HTTP and
//! by gRPC.

use http::{HeaderValue, Method, Request};
use http_body_util::Full;
use parlor::api::dapr::wire::{GetMetadataRequest, SetMetadataRequest, ShutdownRequest};
use serde_json::{Value, json};
use tonic::Code;

use crate::harness::grpc::answered;
use crate::harness::{Answer, Host, HostBuilder, patiently};

async fn put(host: &Host, key: &str, value: impl Into<bytes::Bytes>) -> Answer {
    let uri = host.client.uri(&format!("/v1.0/metadata/{key}"));
    host.client.send(Request::put(uri).body(Full::new(value.into())).unwrap()).await
}

async fn set(host: &Host, key: &str, value: &str) -> Result<(), tonic::Status> {
    let request = SetMetadataRequest { key: key.to_owned(), value: value.to_owned() };
    patiently("for an answer", host.grpc.dapr().set_metadata(request)).await.map(tonic::Response::into_inner)
}

/// What both transports tell, which must be the same.
async fn told(host: &Host) -> Value {
    let by_http = host.client.get("/v1.0/metadata").await.ok();
    let by_grpc = answered(host.grpc.dapr().get_metadata(GetMetadataRequest {})).await.unwrap();
    assert_eq!(by_http, by_grpc);
    by_http
}

#[tokio::test]
async fn what_one_transport_sets_both_tell() {
    let host = HostBuilder::new().component("echo", "conversation.echo", &[]).argument("--app-id=my-app").start();
    let before = told(&host).await;
    assert_eq!(before["id"], "my-app");
    assert_eq!(before["components"], json!([{ "name": "echo", "type": "conversation.echo", "version": "v1" }]));
    let answer = put(&host, "cliPID", "4711").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (204, String::new()));
    put(&host, "app+command%21", "go run \"é\"\n").await;
    set(&host, "appPID", "12").await.unwrap();
    set(&host, "cliPID", "4712").await.unwrap();
    set(&host, "daprRuntimeVersion", "0.0").await.unwrap();
    let mut expected = before["extended"].clone();
    let kept = [("cliPID", "4712"), ("app command!", "go run \"é\"\n"), ("appPID", "12")];
    expected.as_object_mut().unwrap().extend(kept.map(|(key, value)| (key.to_owned(), json!(value))));
    assert_eq!(told(&host).await["extended"], expected);
}

#[tokio::test]
async fn what_is_kept_has_bounds() {
    let host = Host::echo();
    let refused = async |key: &str, value: &str, expected: &str| {
        let (status, code, message) = put(&host, key, value.to_owned()).await.error();
        assert_eq!((status, code.as_str(), message.as_str()), (400, "ERR_METADATA_INVALID", expected));
        let status = set(&host, key, value).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::InvalidArgument, expected));
    };
    let long = |length| "x".repeat(length);
    let key = "failed setting metadata: a key has 1 to 128 bytes, and this has 129";
    refused(&long(129), "v", key).await;
    let value = "failed setting metadata: a value has at most 16384 bytes, and that of `k` has 16385";
    refused("k", &long(16_385), value).await;
    assert_eq!(set(&host, "", "v").await.unwrap_err().code(), Code::InvalidArgument);
    let not_text = put(&host, "k", &b"\xff"[..]).await.error().2;
    assert_eq!(not_text, "failed setting metadata: the value of `k` is not UTF-8");
    assert_eq!(put(&host, &long(128), long(16_384)).await.status, 204);
    for number in 1..64 {
        set(&host, &format!("key-{number}"), "v").await.unwrap();
    }
    refused("more", "v", "failed setting metadata: 64 keys are kept, and `more` is one more").await;
    set(&host, "key-1", "replaced").await.unwrap();
    assert_eq!(told(&host).await["extended"]["key-1"], "replaced");
}

#[tokio::test]
async fn a_caller_may_end_the_process() {
    let mut by_http = Host::echo();
    let answer = by_http.client.method(Method::POST, "/v1.0/shutdown").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (204, String::new()));
    let mut by_grpc = Host::echo();
    by_grpc.grpc.dapr().shutdown(ShutdownRequest {}).await.unwrap();
    for host in [&mut by_http, &mut by_grpc] {
        let status = host.ended().await;
        assert!(status.success(), "{status}");
        assert!(host.log().contains("a shutdown request: finishing accepted calls"), "{}", host.log());
    }
}

#[tokio::test]
async fn a_forced_end_waits_for_no_call() {
    let host = || {
        let echo = HostBuilder::new().component("echo", "conversation.echo", &[]);
        echo.argument("--dapr-graceful-shutdown-seconds=600").start()
    };
    let mut by_http = host();
    let request = Request::post(by_http.client.uri("/v1.0/shutdown"));
    let force = request.header("dapr-force-shutdown", HeaderValue::from_static("true"));
    assert_eq!(by_http.client.send(force.body(Full::default()).unwrap()).await.status, 204);
    let mut by_grpc = host();
    let mut force = tonic::Request::new(ShutdownRequest {});
    force.metadata_mut().insert("dapr-force-shutdown", "true".parse().unwrap());
    by_grpc.grpc.dapr().shutdown(force).await.unwrap();
    for host in [&mut by_http, &mut by_grpc] {
        assert_eq!(host.ended().await.code(), Some(1));
    }
}
