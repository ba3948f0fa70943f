//! The gRPC API as clients and tools see it: tokens, limits, what is not there, reflection, health. That its calls are
//! answered as HTTP's are is in `parity.rs`.

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Request};
use parlor::api::dapr::wire::{ConversationInput, ConversationRequest, GetMetadataRequest};
use serde_json::json;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

use crate::harness::grpc::with_token;
use crate::harness::{Grpc, Host, HostBuilder, Upstream, Wire, guest, patiently, until};

mod frames;

const DAPR: &str = "dapr.proto.runtime.v1.Dapr";

fn said(component: &str, text: &str) -> ConversationRequest {
    let input = ConversationInput { content: text.to_owned(), ..ConversationInput::default() };
    ConversationRequest { name: component.to_owned(), inputs: vec![input], ..ConversationRequest::default() }
}

/// The head of the answer to a call of any path.
async fn call(grpc: &Grpc, path: &str, content_type: &str, body: Bytes) -> (u16, HeaderMap, String) {
    let request = Request::post(format!("http://{}{path}", grpc.address)).header("content-type", content_type);
    let request = request.body(tonic::body::Body::new(http_body_util::Full::new(body))).unwrap();
    let (head, body) = patiently("for an answer", grpc.channel().request(request)).await.unwrap().into_parts();
    let body = http_body_util::BodyExt::collect(body).await.unwrap().to_bytes();
    (head.status.as_u16(), head.headers, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn a_method_that_is_not_there_is_named() {
    let host = Host::echo();
    for method in [
        &format!("{DAPR}/SaveState"),
        &format!("{DAPR}/converseAlpha1"),
        "dapr.proto.runtime.v1.AppCallback/OnInvoke",
        "grpc.health.v1.Health/Nothing",
        "nothing",
        "",
    ] {
        let (status, headers, _) = call(&host.grpc, &format!("/{method}"), "application/grpc", Bytes::new()).await;
        let told = Status::from_header_map(&headers).unwrap();
        assert_eq!((status, told.code()), (200, Code::Unimplemented), "{method}");
        assert!(told.message().starts_with(&format!("unknown method `{method}`: ")), "{told:?}");
    }
    let (_, headers, _) = call(&host.grpc, &format!("/{}", "x".repeat(5_000)), "application/grpc", Bytes::new()).await;
    assert!(Status::from_header_map(&headers).unwrap().message().len() < 400);
}

#[tokio::test]
async fn every_content_type_of_grpc_is_known_and_no_other() {
    let host = Host::echo();
    let body = Bytes::from_static(&[0; 5]);
    let path = format!("/{DAPR}/GetMetadata");
    for known in ["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"] {
        let (status, headers, _) = call(&host.grpc, &path, known, body.clone()).await;
        assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "application/grpc"), "{known}");
    }
    for unknown in ["application/grpc+json", "application/grpc-web", "application/json", ""] {
        let (status, _, told) = call(&host.grpc, &path, unknown, body.clone()).await;
        assert_eq!((status, told.as_str()), (415, "this port speaks gRPC; HTTP is on the other one\n"), "{unknown}");
    }
    // A person with `curl` is told the same.
    let mut wire = Wire::open(&host.grpc.address).await;
    wire.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(wire.answer().await.unwrap().0.starts_with("http/1.1 415 "));
}

#[tokio::test]
async fn a_token_is_asked_for_by_every_method() {
    let host = HostBuilder::new()
        .component("echo", "conversation.echo", &[])
        .environment("DAPR_API_TOKEN", "right-token")
        .start();
    let refused = |status: &Status, why: &str| {
        assert_eq!((status.code(), status.message()), (Code::Unauthenticated, "Unauthorized"));
        let info = status.get_error_details().error_info().unwrap().clone();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("Unauthorized", "dapr.io"));
        let facts = [("http.code", "401"), ("http.error_message", why)].map(|(key, value)| (key.into(), value.into()));
        assert_eq!(info.metadata, facts.into());
    };
    let mut dapr = host.grpc.dapr();
    let mut health = HealthClient::with_origin(host.grpc.channel(), host.grpc.origin());
    let wrong = "authentication error: api token mismatch";
    for (token, why) in [
        (None, "missing api token in request metadata"),
        (Some("wrong"), wrong),
        (Some(""), wrong),
        (Some("right-token2"), wrong),
    ] {
        refused(&dapr.converse_alpha1(with_token(said("echo", "x"), token)).await.unwrap_err(), why);
        refused(&dapr.get_metadata(with_token(GetMetadataRequest {}, token)).await.unwrap_err(), why);
        refused(&health.check(with_token(HealthCheckRequest::default(), token)).await.unwrap_err(), why);
        refused(&services_by_v1(&host.grpc, token).await.unwrap_err(), why);
    }
    let token = Some("right-token");
    dapr.converse_alpha1(with_token(said("echo", "x"), token)).await.unwrap();
    health.check(with_token(HealthCheckRequest::default(), token)).await.unwrap();
    services_by_v1(&host.grpc, token).await.unwrap();
}

#[tokio::test]
async fn a_message_is_read_and_written_up_to_the_limit() {
    let host = HostBuilder::new().component("echo", "conversation.echo", &[]).argument("--max-body-size=1Ki").start();
    let mut dapr = host.grpc.dapr();
    let of_length = |length: usize| {
        let request = said("echo", &"x".repeat(length));
        let excess = prost::Message::encoded_len(&request) - length;
        said("echo", &"x".repeat(length - excess))
    };
    dapr.converse_alpha1(of_length(1_024)).await.unwrap();
    for length in [1_025, 5 << 20] {
        let status = dapr.converse_alpha1(of_length(length)).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(status.message(), "the message has more than the 1024 bytes that `--max-body-size` allows");
        dapr.converse_alpha1(said("echo", "and the connection is still good")).await.unwrap();
    }
    // A short request whose answer is long: echo says a sentence for each tool's silence.
    let silent = json!({ "inputs": [{ "messages": vec![json!({ "ofTool": { "content": [{}] } }); 50] }] });
    let status = host.grpc.alpha2("echo", &silent).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().ends_with("more than the 1024 that `--max-body-size` allows"), "{}", status.message());
}

#[tokio::test]
async fn a_long_error_is_cut_to_what_fits_into_headers() {
    let host = Host::echo();
    let status = host.grpc.dapr().converse_alpha1(said(&"é".repeat(500_000), "x")).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().starts_with("failed finding conversation component éé"), "{}", status.message());
    assert!((2_000..=2_048).contains(&status.message().len()), "{}", status.message().len());
}

/// Java's SDK sends no type.
#[tokio::test]
async fn parameters_of_any_type_come_back_as_they_were() {
    let host = Host::echo();
    let any = |type_url: &str, value: &[u8]| {
        let mut any = ConversationRequest::default().parameters.entry(String::new()).or_default().clone();
        (any.type_url, any.value) = (type_url.to_owned(), value.to_vec());
        any
    };
    let mut request = said("echo", "x");
    request.parameters = [
        ("untyped".to_owned(), any("", b"\x08\x64")),
        ("unknown".to_owned(), any("type.googleapis.com/acme.Thing", b"\xff")),
    ]
    .into();
    let answer = host.grpc.dapr().converse_alpha1(request.clone()).await.unwrap().into_inner();
    assert_eq!(answer.outputs[0].parameters, request.parameters);
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_the_next_call_is_answered() {
    let host = Host::echo();
    let path = format!("/{DAPR}/ConverseAlpha2");
    for body in [
        &b""[..],
        b"\0",
        b"\0\0\0\0\x05abc",
        b"\0\0\0\0\x02\x0a\x05",
        b"\0\0\0\0\x02\x0a\xff",
        b"\x01\0\0\0\x01a",
        b"\x07\0\0\0\0",
        b"\0\xff\xff\xff\xff",
    ] {
        let (_, headers, _) = call(&host.grpc, &path, "application/grpc", Bytes::from_static(body)).await;
        let status = Status::from_header_map(&headers).unwrap();
        assert_ne!(status.code(), Code::Ok, "{body:?}");
        host.grpc.dapr().converse_alpha1(said("echo", "x")).await.unwrap();
    }
}

async fn services_by_v1(grpc: &Grpc, token: Option<&str>) -> Result<Vec<String>, Status> {
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};
    let ask = |message| ServerReflectionRequest { host: String::new(), message_request: Some(message) };
    let asked = stream::iter([
        ask(MessageRequest::ListServices(String::new())),
        ask(MessageRequest::FileContainingSymbol(format!("{DAPR}.ConverseAlpha2"))),
        ask(MessageRequest::FileContainingSymbol("google.protobuf.Struct".to_owned())),
        ask(MessageRequest::FileContainingSymbol("no.such.Thing".to_owned())),
    ]);
    let mut client = ServerReflectionClient::with_origin(grpc.channel(), grpc.origin());
    let mut answers = client.server_reflection_info(with_token(asked, token)).await?.into_inner();
    let mut next = async || patiently("for an answer", answers.message()).await;
    let told = |answer: Option<ServerReflectionResponse>| answer.unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = told(next().await?) else { panic!("no list") };
    for _ in 0..2 {
        let MessageResponse::FileDescriptorResponse(file) = told(next().await?) else { panic!("no file") };
        assert!(!file.file_descriptor_proto[0].is_empty());
    }
    assert_eq!(next().await.unwrap_err().code(), Code::NotFound);
    Ok(list.service.into_iter().map(|service| service.name).collect())
}

#[tokio::test]
async fn reflection_tells_what_is_served_in_both_versions() {
    use tonic_reflection::pb::v1alpha::ServerReflectionRequest;
    use tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1alpha::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1alpha::server_reflection_response::MessageResponse;
    let host = Host::echo();
    let by_v1 = services_by_v1(&host.grpc, None).await.unwrap();
    let ask = MessageRequest::ListServices(String::new());
    let asked = stream::iter([ServerReflectionRequest { host: String::new(), message_request: Some(ask) }]);
    let mut client = ServerReflectionClient::with_origin(host.grpc.channel(), host.grpc.origin());
    let mut answers = client.server_reflection_info(asked).await.unwrap().into_inner();
    let answer = patiently("for an answer", answers.message()).await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else { panic!("no list") };
    let by_v1alpha: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    for service in [DAPR, "grpc.health.v1.Health"] {
        assert!(by_v1.iter().any(|name| name == service), "{by_v1:?}");
        assert!(by_v1alpha.iter().any(|name| name == service), "{by_v1alpha:?}");
    }
}

/// A host with a component that calls `upstream`, and ten minutes to finish in.
fn slow(upstream: &Upstream) -> Host {
    let block = format!("allowedHosts: [\"{}\"]", upstream.origin);
    HostBuilder::new()
        .component("echo", "conversation.echo", &[])
        .wasm("wanderer-codec", &guest("hostile/wanderer-codec"), &block, &[("url", &upstream.origin)])
        .argument("--dapr-graceful-shutdown-seconds=600")
        .start()
}

#[tokio::test]
async fn health_is_told_until_the_end_and_calls_are_finished_first() {
    let mut upstream = Upstream::start().await;
    let mut host = slow(&upstream);
    let mut health = HealthClient::with_origin(host.grpc.channel(), host.grpc.origin());
    let mut watched = Vec::new();
    for service in ["", DAPR] {
        let asked = HealthCheckRequest { service: service.to_owned() };
        let told = health.check(asked.clone()).await.unwrap().into_inner();
        assert_eq!(told.status(), ServingStatus::Serving);
        watched.push(health.watch(asked).await.unwrap().into_inner());
    }
    let nobody = HealthCheckRequest { service: "nobody".to_owned() };
    assert_eq!(health.check(nobody).await.unwrap_err().code(), Code::NotFound);
    let mut dapr = host.grpc.dapr();
    let (answer, ()) = tokio::join!(dapr.converse_alpha1(said("wanderer-codec", "go")), async {
        let held = upstream.call().await;
        host.signal("TERM");
        for mut changes in watched {
            let mut seen = Vec::new();
            while let Some(change) = patiently("for the end of a watch", changes.message()).await.unwrap() {
                seen.push(change.status());
            }
            assert_eq!(seen, [ServingStatus::Serving, ServingStatus::NotServing]);
        }
        until("the host takes no connection", || std::net::TcpStream::connect(&host.grpc.address).err()).await;
        held.answer(200, "late");
    });
    assert_eq!(answer.unwrap().into_inner().outputs[0].result, "200: late");
    let status = host.ended().await;
    assert!(status.success(), "{status}");
    assert!(host.log().contains("stopped: every accepted call was answered"), "{}", host.log());
}

#[tokio::test]
async fn a_reflection_stream_does_not_hold_up_the_end() {
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    let mut host = HostBuilder::new()
        .component("echo", "conversation.echo", &[])
        .argument("--dapr-graceful-shutdown-seconds=600")
        .start();
    let mut client = ServerReflectionClient::with_origin(host.grpc.channel(), host.grpc.origin());
    let mut answers = client.server_reflection_info(stream::pending()).await.unwrap().into_inner();
    host.signal("TERM");
    assert_eq!(patiently("for the end of reflection", answers.message()).await.unwrap(), None);
    assert!(host.ended().await.success());
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_vendors_work() {
    let mut upstream = Upstream::start().await;
    let host = slow(&upstream);
    let mut dapr = host.grpc.dapr();
    let call = dapr.converse_alpha1(said("wanderer-codec", "go"));
    let held = tokio::select! {
        answer = call => panic!("{answer:?}"),
        held = upstream.call() => held,
    };
    // The call was dropped, and with it its stream; the connection is still there.
    held.abandoned().await;
    dapr.converse_alpha1(said("echo", "x")).await.unwrap();
}

#[tokio::test]
async fn a_trace_goes_on_and_each_call_is_told_where_that_is_asked_for() {
    let host = HostBuilder::new().component("echo", "conversation.echo", &[]).argument("--enable-api-logging").start();
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let mut request = tonic::Request::new(said("nobody", "private words"));
    request.metadata_mut().insert("traceparent", format!("00-{trace}-b7ad6b7169203331-01").parse().unwrap());
    let status = host.grpc.dapr().converse_alpha1(request).await.unwrap_err();
    let context = status.metadata().get_bin("grpc-trace-bin").unwrap().to_bytes().unwrap();
    // The version, the field of the trace's name, and the name itself.
    assert_eq!(context[..2], [0, 0]);
    assert_eq!(context[2..18].iter().map(|byte| format!("{byte:02x}")).collect::<String>(), trace);
    let log = host.log();
    let line = log.lines().find(|line| line.contains("gRPC API Called")).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("/dapr.proto.runtime.v1.Dapr/ConverseAlpha1") && line.contains("code=\"3\""), "{line}");
    assert!(line.contains(trace), "{line}");
    assert!(!log.contains("private words"), "{log}");
}

#[tokio::test]
async fn a_call_is_given_up_at_its_callers_deadline() {
    let mut upstream = Upstream::start().await;
    let settings = [("key", "none"), ("endpoint", upstream.origin.as_str())];
    let host = HostBuilder::new().component("gpt", "conversation.openai", &settings).start();
    let mut request = tonic::Request::new(said("gpt", "hello"));
    request.set_timeout(std::time::Duration::from_millis(500));
    let mut dapr = host.grpc.dapr();
    let (answer, ()) = tokio::join!(patiently("for the deadline", dapr.converse_alpha1(request)), async {
        upstream.call().await.abandoned().await;
    });
    let status = answer.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::DeadlineExceeded, "context deadline exceeded"));
}
