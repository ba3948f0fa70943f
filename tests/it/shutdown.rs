//! Invariant 7: on shutdown, accepted calls finish within the grace period. And the other ends of a call: a client that
//! leaves, and a component whose places are taken.

use std::net::TcpStream;

use serde_json::json;

use crate::harness::{Call, Host, HostBuilder, Upstream, Wire, guest, until};

const WAYS: [&str; 2] = ["wanderer-codec", "wanderer-http"];

/// A host with a component for each way that calls `upstream`.
fn host(upstream: &Upstream, limits: &str, arguments: &[&str]) -> Host {
    let mut host = HostBuilder::new().component("echo", "conversation.echo", &[]);
    let block = format!("allowedHosts: [\"{}\"]\nlimits: {limits}", upstream.origin);
    for way in WAYS {
        host = host.wasm(way, &guest(&format!("hostile/{way}")), &block, &[("url", &upstream.origin)]);
    }
    arguments.iter().fold(host, |host, argument| host.argument(argument)).start()
}

async fn stops_listening(host: &Host) {
    until("the host takes no connection", || TcpStream::connect(host.client.address()).err()).await;
}

#[tokio::test]
async fn an_accepted_call_is_answered_before_the_end() {
    let mut upstream = Upstream::start().await;
    for signal in ["TERM", "INT"] {
        let mut host = host(&upstream, "{}", &["--dapr-graceful-shutdown-seconds=60"]);
        let h2c = host.client.h2c();
        let (codec, own, multiplexed, ()) = tokio::join!(
            host.client.alpha1("wanderer-codec", "go"),
            host.client.alpha1("wanderer-http", "go"),
            h2c.alpha2("wanderer-codec", "go"),
            async {
                let held = [upstream.call().await, upstream.call().await, upstream.call().await];
                host.signal(signal);
                stops_listening(&host).await;
                held.into_iter().for_each(|call: Call| call.answer(200, "late"));
            }
        );
        for answer in [codec, own] {
            assert_eq!(answer.ok(), json!({ "outputs": [{ "result": "200: late" }] }));
        }
        multiplexed.ok();
        let status = host.ended().await;
        assert!(status.success(), "{status}");
        let log = host.log();
        assert!(log.contains(&format!("SIG{signal}: finishing accepted calls")), "{log}");
        assert!(log.contains("stopped: every accepted call was answered"), "{log}");
    }
}

#[tokio::test]
async fn the_end_waits_no_longer_than_the_grace_period() {
    let mut upstream = Upstream::start().await;
    for way in WAYS {
        let mut host = host(&upstream, "{}", &["--dapr-graceful-shutdown-seconds=1"]);
        let mut wire = Wire::open(host.client.address()).await;
        wire.write(post(way)).await;
        let held = upstream.call().await;
        host.signal("TERM");
        let status = host.ended().await;
        assert_eq!(status.code(), Some(1), "{status}");
        assert!(host.log().contains("stopped: 1 connection still open after 1s"), "{}", host.log());
        held.abandoned().await;
    }
}

#[tokio::test]
async fn a_second_signal_ends_the_wait() {
    let mut upstream = Upstream::start().await;
    let mut host = host(&upstream, "{}", &["--dapr-graceful-shutdown-seconds=600"]);
    let mut wire = Wire::open(host.client.address()).await;
    wire.write(post("wanderer-codec")).await;
    let held = upstream.call().await;
    host.signal("TERM");
    stops_listening(&host).await;
    host.signal("TERM");
    let status = host.ended().await;
    assert_eq!(status.code(), Some(1), "{status}");
    // The last look whether it listens may be a connection that is still open, too.
    assert!(host.log().contains(" still open at a second signal"), "{}", host.log());
    held.abandoned().await;
}

#[tokio::test]
async fn a_signal_ends_a_start_that_takes_long() {
    for signal in ["TERM", "INT"] {
        let file = "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: { name: slow }\nspec:\n  type: conversation.slow\n  \
                    version: v1\n  initTimeout: 10m\n";
        let source = format!("  wasm: {{ source: \"{}\" }}\n", guest("hostile/describe-loop").display());
        let mut host =
            HostBuilder::new().file("slow.yaml", format!("{file}{source}")).argument("--log-level=debug").begin();
        until("the provider is being loaded", || host.stderr().contains("loading `").then_some(())).await;
        host.signal(signal);
        let status = host.ended().await;
        assert!(status.success() && host.stdout().is_empty(), "{status}: {}", host.stdout());
    }
}

#[tokio::test]
async fn connections_without_a_call_do_not_hold_up_the_end() {
    let mut host = HostBuilder::new()
        .component("echo", "conversation.echo", &[])
        .argument("--dapr-graceful-shutdown-seconds=60")
        .start();
    // One that has been used, one of HTTP/2, and one that has yet to say a word.
    let mut used = Wire::open(host.client.address()).await;
    used.write(post("echo")).await;
    assert!(used.answer().await.unwrap().0.starts_with("http/1.1 200 "));
    let h2c = host.client.h2c();
    h2c.alpha1("echo", "x").await.ok();
    let mut silent = Wire::open(host.client.address()).await;
    host.signal("TERM");
    let status = host.ended().await;
    assert!(status.success(), "{status}");
    assert_eq!((used.rest().await, silent.rest().await), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_vendors_work() {
    let mut upstream = Upstream::start().await;
    // One place: the next call gets it only when the client's leaving has freed it.
    let host = host(&upstream, "{ concurrency: 1 }", &[]);
    for way in WAYS {
        let mut wire = Wire::open(host.client.address()).await;
        wire.write(post(way)).await;
        let held = upstream.call().await;
        drop(wire);
        held.abandoned().await;
        let (answer, ()) = tokio::join!(host.client.alpha1(way, "go"), async {
            upstream.call().await.answer(200, "free again");
        });
        assert_eq!(answer.ok(), json!({ "outputs": [{ "result": "200: free again" }] }));
    }
}

#[tokio::test]
async fn a_call_waits_for_a_place_and_is_answered() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream, "{ concurrency: 1 }", &[]);
    for way in WAYS {
        let (first, second, ()) = tokio::join!(host.client.alpha1(way, "go"), host.client.alpha1(way, "go"), async {
            let held = upstream.call().await;
            // Others are answered meanwhile.
            host.client.alpha1("echo", "x").await.ok();
            assert!(upstream.is_quiet());
            held.answer(200, "one");
            upstream.call().await.answer(200, "two");
        });
        let mut texts = [first, second].map(|answer| answer.ok()["outputs"][0]["result"].as_str().unwrap().to_owned());
        texts.sort();
        assert_eq!(texts, ["200: one", "200: two"]);
    }
}

#[tokio::test]
async fn calls_run_side_by_side_up_to_the_limit() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream, "{ concurrency: 2 }", &[]);
    for way in WAYS {
        let (first, second, ()) = tokio::join!(host.client.alpha1(way, "go"), host.client.alpha1(way, "go"), async {
            let held = [upstream.call().await, upstream.call().await];
            held.into_iter().for_each(|call| call.answer(200, "both"));
        });
        assert_eq!(first.ok(), second.ok());
    }
}

fn post(component: &str) -> String {
    let body = r#"{"inputs":[{"content":"go"}]}"#;
    format!(
        "POST /v1.0-alpha1/conversation/{component}/converse HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
