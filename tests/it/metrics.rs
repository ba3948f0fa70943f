//! What Prometheus reads: calls by either transport, counted and timed; and where it reads, whoever has that port already.

use std::net::TcpListener;
use std::process::ExitStatus;

use http::Method;
use serde_json::json;
use tokio::time::Instant;

use crate::harness::{Client, Host, HostBuilder, Upstream, Wire, guest, patiently};

const MEDIA_TYPE: &str = "text/plain; version=0.0.4";
const STARTED: &str = "metrics server started on 0.0.0.0:";

fn builder() -> HostBuilder {
    HostBuilder::new().component("echo", "conversation.echo", &[]).argument("--app-id=shop")
}

async fn read(host: &Host) -> String {
    host.metrics().get("/").await.text()
}

/// The value of a series of a component's, such as `latencies_sum`, if there is one.
fn value(text: &str, series: &str, component: &str, namespace: &str, success: bool) -> Option<f64> {
    let labels = format!(r#"app_id="shop",component="{component}",namespace="{namespace}",success="{success}""#);
    let series = format!("dapr_component_conversation_{series}{{{labels}}} ");
    text.lines().find_map(|line| line.strip_prefix(&series)).map(|value| value.parse().unwrap())
}

fn failure(builder: HostBuilder) -> (ExitStatus, String) {
    builder.try_start().err().unwrap()
}

#[tokio::test]
async fn calls_are_counted_and_timed_whichever_way_they_come() {
    let host = builder()
        .wasm("trap", &guest("hostile/misbehave"), "", &[("how", "trap")])
        .environment("NAMESPACE", "shops")
        .start();
    let before = read(&host).await;
    let counts = |text: &str| {
        let count = |component, success| value(text, "count", component, "shops", success);
        [("echo", true), ("echo", false), ("trap", true), ("trap", false)].map(|(name, success)| count(name, success))
    };
    assert_eq!(counts(&before), [Some(0.0); 4], "{before}");

    let begun = Instant::now();
    host.client.alpha1("echo", "x").await.ok();
    host.client.h2c().alpha2("echo", "x").await.ok();
    host.grpc.alpha1("echo", &json!({ "inputs": [{ "content": "x" }] })).await.unwrap();
    let message = json!({ "ofUser": { "content": [{ "text": "x" }] } });
    let body = json!({ "inputs": [{ "messages": [message] }] });
    host.grpc.alpha2("echo", &body).await.unwrap();
    assert_eq!(host.client.alpha2("trap", "x").await.status, 500);
    host.grpc.alpha2("trap", &body).await.unwrap_err();
    let milliseconds = begun.elapsed().as_secs_f64() * 1e3;

    let after = read(&host).await;
    assert_eq!(counts(&after), [4.0, 0.0, 0.0, 2.0].map(Some), "{after}");
    let mut total = 0.0;
    for (component, success, count) in [("echo", true, 4.0), ("trap", false, 2.0)] {
        let latencies = |part| value(&after, &format!("latencies_{part}"), component, "shops", success).unwrap();
        assert_eq!(latencies("count").to_bits(), f64::to_bits(count));
        assert!(latencies("sum") > 0.0, "{after}");
        total += latencies("sum");
    }
    assert!(total < milliseconds, "{total} ms were counted, and the clients waited for {milliseconds} ms");
}

#[tokio::test]
async fn what_reaches_no_component_leaves_nothing_behind() {
    let host = builder().start();
    let before = read(&host).await;
    assert_eq!(host.client.alpha1("nobody", "x").await.status, 400);
    assert_eq!(host.client.alpha2("nobody", "x").await.status, 400);
    host.grpc.alpha1("nobody", &json!({ "inputs": [{ "content": "x" }] })).await.unwrap_err();
    assert_eq!(host.client.post("/v1.0-alpha1/conversation/echo/converse", "{").await.status, 400);
    assert_eq!(host.client.alpha2_body("echo", &json!({ "inputs": [] })).await.status, 400);
    host.grpc.alpha2("echo", &json!({ "inputs": [] })).await.unwrap_err();
    assert_eq!(read(&host).await, before);
    assert_eq!(value(&before, "count", "echo", "", false), Some(0.0), "{before}");
}

#[tokio::test]
async fn a_call_whose_client_leaves_has_failed() {
    let mut upstream = Upstream::start().await;
    let grant = format!("allowedHosts: [\"{}\"]", upstream.origin);
    let slow = guest("hostile/wanderer-codec");
    let host = builder().wasm("slow", &slow, &grant, &[("url", &upstream.origin)]).start();
    let mut wire = Wire::open(host.client.address()).await;
    let body = r#"{"inputs":[{"content":"x"}]}"#;
    let path = "/v1.0-alpha1/conversation/slow/converse";
    wire.write(format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
    let call = upstream.call().await;
    assert_eq!(value(&read(&host).await, "count", "slow", "", false), Some(0.0));
    drop(wire);
    call.abandoned().await;
    let counted = async { while value(&read(&host).await, "count", "slow", "", false) != Some(1.0) {} };
    patiently("until the call is counted", counted).await;
    assert_eq!(value(&read(&host).await, "count", "slow", "", true), Some(0.0));
}

#[tokio::test]
async fn every_path_and_method_is_answered_and_no_token_is_asked_for() {
    let mut host = builder().environment("DAPR_API_TOKEN", "secret").start();
    assert_eq!(host.client.alpha1("echo", "x").await.status, 401);
    let metrics = host.metrics();
    let expected = metrics.get("/").await.text();
    for path in ["/", "/metrics", "/v1.0/metadata", "/v1.0-alpha1/conversation/echo/converse", "/?name=x"] {
        for method in [Method::GET, Method::POST, Method::PUT] {
            for client in [&metrics, &metrics.h2c()] {
                let answer = client.method(method.clone(), path).await;
                assert_eq!((answer.status.as_u16(), answer.text()), (200, expected.clone()), "{method} {path}");
                assert_eq!(answer.headers["content-type"], MEDIA_TYPE);
            }
        }
    }
    assert_eq!(metrics.method(Method::HEAD, "/").await.headers["content-type"], MEDIA_TYPE);
    host.signal("TERM");
    assert!(host.ended().await.success());
    assert!(
        metrics
            .try_send(http::Request::get(metrics.uri("/")).body(http_body_util::Full::default()).unwrap())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn metrics_are_served_where_that_is_asked_for() {
    let host = builder().metrics(&["--metrics-port=0", "--metrics-listen-address=127.0.0.2"]).start();
    let log = host.log();
    let place = log.split("metrics server started on ").nth(1).unwrap().lines().next().unwrap();
    assert!(place.starts_with("127.0.0.2:") && place.ends_with('/'), "{log}");
    let text = Client::new(&format!("http://{}", place.trim_end_matches('/'))).get("/").await.text();
    assert_eq!(value(&text, "count", "echo", "", true), Some(0.0), "{text}");

    let taken = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = format!("--metrics-port={}", taken.local_addr().unwrap().port());
    let (status, log) = failure(builder().metrics(&[&port]));
    assert!(!status.success());
    assert!(log.contains("can't listen on 0.0.0.0:"), "{log}");
    assert!(log.contains("choose another port with `--metrics-port`, or 0 for any"), "{log}");
    let (_, log) = failure(builder().metrics(&["--metrics-port=0", "--metrics-listen-address=192.0.2.1"]));
    assert!(log.contains("`--metrics-listen-address` wants addresses of this machine"), "{log}");
}

#[tokio::test]
async fn a_host_without_metrics_serves_all_the_same() {
    let host = builder().metrics(&["--enable-metrics=false"]).start();
    host.client.alpha1("echo", "x").await.ok();
    assert!(!host.log().contains("metrics server"), "{}", host.log());
    for on in ["--enable-metrics", "--enable-metrics=true"] {
        let host = builder().metrics(&["--metrics-port=0", on]).start();
        assert_eq!(value(&read(&host).await, "count", "echo", "", true), Some(0.0));
    }
}

#[tokio::test]
async fn the_default_port_is_done_without_when_it_is_taken() {
    // Whoever has it, it is taken.
    let taken = TcpListener::bind("0.0.0.0:9090");
    let host = builder().metrics(&[]).start();
    host.client.alpha1("echo", "x").await.ok();
    let warning = "port 9090 is taken, so there are no metrics; choose another with `--metrics-port`";
    assert!(host.log().contains(warning), "{}", host.log());
    assert!(!host.log().contains("metrics server"), "{}", host.log());

    // An app is told of another.
    let mut app = builder().metrics(&[]).beside(&["sh", "-c", "echo $DAPR_METRICS_PORT"]);
    assert_eq!(app.code().await, 0, "{}", app.stderr());
    assert!(app.stderr().contains("port 9090 is taken, so another is used"), "{}", app.stderr());
    let port = &app.app_lines()[0];
    assert_ne!(port, "9090");
    assert!(app.stderr().contains(&format!("{STARTED}{port}/")), "{}", app.stderr());
    drop(taken);
}

#[tokio::test]
async fn the_app_learns_where_the_metrics_are() {
    let script = "import os, urllib.request as r\n\
        text = r.urlopen('http://127.0.0.1:' + os.environ['DAPR_METRICS_PORT']).read().decode()\n\
        print([line for line in text.splitlines() if line.startswith('# TYPE dapr_component_conversation_count')])";
    // -1 is what Dapr's command writes for a port that is not given.
    let mut app = builder().metrics(&["-M", "-1"]).beside(&["python3", "-c", script]);
    assert_eq!(app.code().await, 0, "{}", app.stderr());
    assert_eq!(app.app_lines(), ["['# TYPE dapr_component_conversation_count counter']"]);

    let print = ["sh", "-c", "echo ${DAPR_METRICS_PORT-none}"];
    let without = builder().environment("DAPR_METRICS_PORT", "1").metrics(&["--enable-metrics=false"]);
    let mut app = without.beside(&print);
    assert_eq!(app.code().await, 0, "{}", app.stderr());
    assert_eq!(app.app_lines(), ["none"]);

    // The app's own port is left to it.
    let mut app = builder().metrics(&["--app-port=9090"]).beside(&print);
    assert_eq!(app.code().await, 0, "{}", app.stderr());
    let port: u16 = app.app_lines()[0].parse().unwrap();
    assert!(port != 9090 && port != 0, "{port}");
}
