//! What a component may use, by the limits of its YAML and by what it leaves to others; and that it is shown.

use std::fmt::Write as _;

use serde_json::json;
use tokio::task::JoinSet;
use tonic::Code;

use crate::harness::{Answer, Client, Host, HostBuilder, Upstream, guest, patiently};

const MISBEHAVE: &str = "hostile/misbehave";
const WAYS: [&str; 2] = ["wanderer-codec", "wanderer-http"];

/// A component that misbehaves in one way, and one that doesn't.
fn host(how: &str, limits: &str) -> Host {
    HostBuilder::new()
        .component("echo", "conversation.echo", &[])
        .wasm("bad", &guest(MISBEHAVE), &format!("limits: {limits}"), &[("how", how)])
        .start()
}

/// The value of a series of the component's, such as `resting`.
async fn metric(host: &Host, component: &str, series: &str, label: Option<(&str, &str)>) -> f64 {
    let mut series = format!("parlor_component_{series}{{component=\"{component}\"");
    if let Some((name, value)) = label {
        write!(series, ",{name}=\"{value}\"").unwrap();
    }
    let text = host.metrics().get("/").await.text();
    let value = text.lines().find_map(|line| line.strip_prefix(&format!("{series}}} ")));
    value.unwrap_or_else(|| panic!("`{series}` is not in:\n{text}")).parse().unwrap()
}

fn assert_refused(answer: &Answer, told: &str) {
    let (status, code, message) = answer.error();
    assert_eq!((status, code.as_str()), (500, "ERR_CONVERSATION_INVOKE"), "{message}");
    assert!(message.contains(told), "{message}");
}

#[tokio::test]
async fn a_vendors_answer_is_taken_in_up_to_the_limit() {
    let mut upstream = Upstream::start().await;
    let mut host = HostBuilder::new();
    let block = format!("allowedHosts: [\"{}\"]\nlimits: {{ responseBytes: 1Ki }}", upstream.origin);
    for way in WAYS {
        host = host.wasm(way, &guest(&format!("hostile/{way}")), &block, &[("url", &upstream.origin)]);
    }
    let host = host.start();
    for way in WAYS {
        for (length, is_streamed) in [(1_000, false), (1_000, true), (1_100, false), (1_100, true)] {
            let body = "a".repeat(length);
            let (answer, ()) = tokio::join!(host.client.alpha1(way, "go"), async {
                let call = upstream.call().await;
                if is_streamed {
                    // Of a length that nobody knows before its end.
                    let pieces = call.stream();
                    body.as_bytes().chunks(100).for_each(|piece| pieces.send(piece.to_vec()));
                } else {
                    call.answer(200, body.clone());
                }
            });
            if length == 1_000 {
                assert_eq!(answer.ok(), json!({ "outputs": [{ "result": format!("200: {body}") }] }), "{way}");
            } else {
                assert_refused(
                    &answer,
                    "more than the 1024 bytes that a call may take in; raise `spec.wasm.limits.responseBytes`",
                );
            }
        }
    }
}

#[tokio::test]
async fn a_guest_gives_events_up_to_the_limits() {
    for (limits, told) in [
        ("{ events: 100 }", "gave more than its 100 events; raise `spec.wasm.limits.events`"),
        ("{ responseBytes: 64Ki }", "more than 65536 bytes of events; raise `spec.wasm.limits.responseBytes`"),
    ] {
        let host = host("crumble", limits);
        assert_refused(&host.client.alpha2("bad", "go").await, told);
        let kind = if limits.contains("events") { "events" } else { "output" };
        assert_eq!(metric(&host, "bad", "faults_total", Some(("kind", kind))).await, 1.0);
    }
    host("crumble", "{}").client.alpha2("bad", "go").await.ok();
}

#[tokio::test]
async fn a_guest_logs_up_to_the_limit_of_a_call() {
    let host = host("chatter", "{ log: 3 }");
    for _ in 0..2 {
        host.client.alpha1("bad", "go").await.ok();
    }
    let log = host.log();
    assert_eq!(log.matches("further lines of this call are dropped, it may log 3; raise").count(), 2, "{log}");
    assert_eq!((chatter(&log), log.matches("line 2").count()), (6, 2), "{log}");
    assert_eq!(metric(&host, "bad", "refusals_total", Some(("reason", "log"))).await, 2.0 * 297.0);
}

#[tokio::test]
async fn a_component_logs_so_much_a_second_and_it_is_told_what_was_dropped() {
    let host = host("chatter", "{ log: 1000 }");
    patiently("to be told of dropped lines", async {
        while !host.log().contains("lines were dropped, a component may log 200 in a second") {
            host.client.alpha1("bad", "go").await.ok();
        }
    })
    .await;
    let dropped = metric(&host, "bad", "refusals_total", Some(("reason", "log"))).await;
    assert!(dropped >= 100.0, "{dropped}");
    assert!(chatter(&host.log()) >= 200);
}

/// Lines that the guest has said.
fn chatter(log: &str) -> usize {
    log.lines().filter(|line| line.contains("parlor::guest") && line.contains(" line ")).count()
}

#[tokio::test]
async fn a_call_without_a_place_is_told_to_come_back() {
    let mut upstream = Upstream::start().await;
    let block = format!("allowedHosts: [\"{}\"]\nlimits: {{ concurrency: 1 }}", upstream.origin);
    let host = HostBuilder::new()
        .component("echo", "conversation.echo", &[])
        .wasm("slow", &guest("hostile/wanderer-codec"), &block, &[("url", &upstream.origin)])
        .start();
    let body = json!({ "inputs": [{ "content": "go" }] });
    let (slow, ()) = tokio::join!(host.client.alpha1("slow", "go"), async {
        let held = upstream.call().await;
        let (refused, status) = tokio::join!(host.client.alpha1("slow", "go"), host.grpc.alpha1("slow", &body));
        let (code, _, message) = refused.error();
        let told = "component `slow` is busy: 1 calls are running, and none ended within 5s; raise `spec.wasm.limits.concurrency`";
        assert!(code == 503 && message.ends_with(told), "{code} {message}");
        assert_eq!(refused.headers["retry-after"], "1");
        let status = status.unwrap_err();
        assert!(status.code() == Code::Unavailable && status.message().ends_with(told), "{status:?}");
        assert_eq!(status.metadata().get("retry-after").unwrap(), "1");
        assert_eq!(metric(&host, "slow", "refusals_total", Some(("reason", "busy"))).await, 2.0);
        assert_eq!(metric(&host, "slow", "running_calls", None).await, 1.0);
        assert_eq!(metric(&host, "slow", "limit", Some(("limit", "concurrency"))).await, 1.0);
        held.answer(200, "done");
    });
    slow.ok();
    assert_eq!(metric(&host, "slow", "running_calls", None).await, 0.0);
}

#[tokio::test]
async fn a_provider_that_keeps_failing_rests_and_comes_back() {
    let host = host("as-told", "{}");
    host.client.alpha1("bad", "well").await.ok();
    for _ in 0..9 {
        assert_refused(&host.client.alpha1("bad", "trap").await, "provider stopped: ");
    }
    // Bad input does not put a component aside that answers others.
    host.client.alpha1("bad", "well").await.ok();
    for _ in 0..10 {
        assert_refused(&host.client.alpha1("bad", "trap").await, "provider stopped: ");
    }
    let refused = host.client.alpha1("bad", "well").await;
    let (status, _, message) = refused.error();
    assert!(status == 503 && message.contains("component `bad` keeps failing and rests since "), "{status} {message}");
    assert!(message.contains("the last failure: provider stopped: "), "{message}");
    assert_eq!(refused.headers["retry-after"], "1");
    let body = json!({ "inputs": [{ "content": "well" }] });
    assert_eq!(host.grpc.alpha1("bad", &body).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(metric(&host, "bad", "resting", None).await, 1.0);
    let metadata = host.client.get("/v1.0/metadata").await.ok();
    let standing = &metadata["parlor"]["components"][0];
    assert_eq!((&standing["name"], &standing["state"]), (&json!("bad"), &json!("resting")));
    assert!(standing["why"].as_str().unwrap().starts_with("keeps failing and rests since "), "{standing}");
    assert_eq!(metric(&host, "bad", "refusals_total", Some(("reason", "resting"))).await, 2.0);
    assert_eq!(metric(&host, "bad", "faults_total", Some(("kind", "trap"))).await, 19.0);
    host.client.alpha1("echo", "others are answered").await.ok();
    answered_again(&host.client).await;
    assert_eq!(metric(&host, "bad", "resting", None).await, 0.0);
    let log = host.log();
    assert_eq!(log.matches("the component keeps failing and rests").count(), 1, "{log}");
    assert_eq!(log.matches("the component works again").count(), 1, "{log}");
}

async fn answered_again(client: &Client) {
    patiently("for the end of the rest", async { while client.alpha1("bad", "well").await.status != 200 {} }).await;
}

#[tokio::test]
async fn two_hundred_loops_of_one_component_leave_the_processor_to_others() {
    const LOOPS: u32 = 200;
    // Long enough for hundreds of calls in turn, far too short for those that would each wait for a tick of all loops.
    let host = host("spin", "{ cpu: 60s, timeout: 6s }");
    let mut looping = JoinSet::new();
    for _ in 0..LOOPS {
        let client = host.client.clone();
        looping.spawn(async move { client.alpha1("bad", "go").await.error() });
    }
    let running = async { while metric(&host, "bad", "running_calls", None).await < f64::from(LOOPS) {} };
    patiently("for all loops to run", running).await;
    for _ in 0..100 {
        host.client.alpha1("echo", "room").await.ok();
        assert!(looping.try_join_next().is_none(), "the calls took longer than the loops");
    }
    for (status, _, message) in looping.join_all().await {
        assert!(status == 500 && message.contains("its limit of 6s; raise `spec.wasm.limits.timeout`"), "{message}");
    }
    assert!(metric(&host, "bad", "faults_total", Some(("kind", "deadline"))).await > 0.0);
}

#[tokio::test]
async fn what_a_guest_is_refused_is_counted_whatever_it_says() {
    let mut host = HostBuilder::new();
    for way in WAYS {
        host = host.wasm(way, &guest(&format!("hostile/{way}")), "", &[("url", "https://api.elsewhere.test")]);
    }
    let host = host.start();
    for way in WAYS {
        assert_refused(&host.client.alpha1(way, "go").await, "is not granted");
        assert_eq!(metric(&host, way, "refusals_total", Some(("reason", "not-granted"))).await, 1.0);
        assert_eq!(metric(&host, way, "faults_total", Some(("kind", "trap"))).await, 0.0);
    }
}
