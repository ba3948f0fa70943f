//! grpcurl, which knows a server by its reflection alone.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::Command;

use super::program::built;
use crate::harness::{Host, patiently};

/// What it prints: its answer, or else its complaint.
async fn grpcurl(host: &Host, before: &[&str], after: &[&str]) -> Result<String, String> {
    let mut command = Command::new(built("grpcurl", "grpcurl"));
    command.arg("-plaintext").args(before).arg(&host.grpc.address).args(after);
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = patiently("for grpcurl", output).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

async fn call(host: &Host, request: &Value, method: &str) -> Result<Value, String> {
    let answer = grpcurl(host, &["-d", &request.to_string()], &[method]).await?;
    Ok(serde_json::from_str(&answer).unwrap())
}

#[tokio::test]
async fn grpcurl_finds_the_services_by_reflection() {
    let host = Host::echo();
    let services = grpcurl(&host, &[], &["list"]).await.unwrap();
    for service in ["dapr.proto.runtime.v1.Dapr", "grpc.health.v1.Health"] {
        assert!(services.lines().any(|line| line == service), "{services}");
    }
    let methods = grpcurl(&host, &[], &["list", "dapr.proto.runtime.v1.Dapr"]).await.unwrap();
    for method in ["ConverseAlpha1", "ConverseAlpha2", "GetMetadata"] {
        assert!(methods.lines().any(|line| line == format!("dapr.proto.runtime.v1.Dapr.{method}")), "{methods}");
    }
}

#[tokio::test]
async fn grpcurl_hears_that_the_host_serves() {
    let host = Host::echo();
    for service in ["", "dapr.proto.runtime.v1.Dapr"] {
        let health = call(&host, &json!({ "service": service }), "grpc.health.v1.Health/Check").await.unwrap();
        assert_eq!(health, json!({ "status": "SERVING" }), "{service}");
    }
}

#[tokio::test]
async fn grpcurl_converses() {
    let host = Host::echo();
    let message = json!({ "ofUser": { "content": [{ "text": "hello world" }] } });
    let mut request = json!({ "name": "echo", "inputs": [{ "messages": [message] }] });
    let answer = call(&host, &request, "dapr.proto.runtime.v1.Dapr/ConverseAlpha2").await.unwrap();
    assert_eq!(answer["outputs"][0]["choices"][0]["message"]["content"], "hello world");
    request["name"] = "nobody".into();
    let complaint = call(&host, &request, "dapr.proto.runtime.v1.Dapr/ConverseAlpha2").await.unwrap_err();
    assert!(complaint.contains("Code: InvalidArgument"), "{complaint}");
    assert!(complaint.contains("Message: failed finding conversation component nobody"), "{complaint}");
}
