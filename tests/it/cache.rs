//! The prompt cache, seen from outside: what a vendor is asked, and what callers are told of it, by both transports and
//! in both versions.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::grpc::message;
use crate::harness::{Answer, Call, Host, HostBuilder, Upstream};

const TTL: (&str, &str) = ("responseCacheTTL", "10m");
const STORED: &str = "parlor; fwd=miss; stored; ttl=600";

fn host(upstream: &Upstream, settings: &[(&str, &str)]) -> Host {
    let vendor = [("key", "none"), ("endpoint", upstream.origin.as_str()), ("model", "m")];
    let settings = [&vendor[..], settings].concat();
    HostBuilder::new().component("gpt", "conversation.openai", &settings).start()
}

fn answer(call: Call, content: &str, finish_reason: &str) {
    let said = json!({ "role": "assistant", "content": content });
    let choice = json!({ "index": 0, "finish_reason": finish_reason, "message": said });
    call.answer(200, json!({ "id": "c", "model": "m", "choices": [choice] }).to_string());
}

/// A request of one user's text, with more fields.
fn asks(text: &str, more: &Value) -> Value {
    let mut body = json!({ "inputs": [{ "messages": [{ "ofUser": { "content": [{ "text": text }] } }] }] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn cache_status(answer: &Answer) -> Option<&str> {
    answer.headers.get("cache-status").map(|value| value.to_str().unwrap())
}

/// The text of an answer in alpha2, with what is said of the cache.
fn told(answer: &Answer) -> (String, Option<&str>) {
    let text = answer.ok()["outputs"][0]["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
    (text, cache_status(answer))
}

/// Asks, has the vendor answer, and tells what came of it.
async fn ask(host: &Host, upstream: &mut Upstream, body: &Value, content: &str, finish_reason: &str) -> Answer {
    let vendor = async { answer(upstream.call().await, content, finish_reason) };
    tokio::join!(host.client.alpha2_body("gpt", body), vendor).0
}

#[tokio::test]
async fn an_answer_is_kept_for_both_transports_and_both_versions() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream, &[TTL]);
    let body = asks("hi", &json!({}));
    let first = ask(&host, &mut upstream, &body, "hello", "stop").await;
    assert_eq!(told(&first), ("hello".to_owned(), Some(STORED)));
    assert_eq!(first.headers.get("age"), None);

    let again = host.client.alpha2_body("gpt", &body).await;
    assert_eq!(again.body, first.body);
    let status = cache_status(&again).unwrap();
    assert!(status.starts_with("parlor; hit; ttl=5") || status == "parlor; hit; ttl=600", "{status}");
    assert!(again.headers["age"].to_str().unwrap().parse::<u64>().unwrap() < 300);

    let mut request: parlor::api::dapr::wire::ConversationRequestAlpha2 = message(&body);
    request.name = "gpt".to_owned();
    let by_grpc = host.grpc.dapr().converse_alpha2(request).await.unwrap();
    assert!(by_grpc.metadata().get("cache-status").unwrap().to_str().unwrap().starts_with("parlor; hit; ttl="));
    assert!(by_grpc.metadata().contains_key("age"));
    let alpha1 = json!({ "inputs": [{ "content": "hi" }] });
    let expected = json!({ "outputs": [{ "result": "hello" }] });
    assert_eq!(host.grpc.alpha1("gpt", &alpha1).await.unwrap(), expected);
    assert_eq!(host.client.alpha1("gpt", "hi").await.ok(), expected);
    assert!(upstream.is_quiet());
}

#[tokio::test]
async fn nothing_is_kept_unless_somebody_asks_for_it() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream, &[]);
    for text in ["one", "two"] {
        let given = ask(&host, &mut upstream, &asks("hi", &json!({})), text, "stop").await;
        assert_eq!(told(&given), (text.to_owned(), None));
    }
}

#[tokio::test]
async fn a_request_says_for_how_long_as_dapr_documents_it() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream, &[]);
    for more in [
        json!({ "cacheTTL": "10m" }),
        json!({ "cacheTTL": 600 }),
        json!({ "metadata": { "cacheTTL": "0h10m" } }),
        json!({ "metadata": { "cachettl": "600" } }),
    ] {
        let body = asks(&more.to_string(), &more);
        let first = ask(&host, &mut upstream, &body, "hello", "stop").await;
        assert_eq!(cache_status(&first), Some(STORED), "{more}");
        let again = host.client.alpha2_body("gpt", &body).await;
        assert!(cache_status(&again).unwrap().starts_with("parlor; hit"), "{more}");
    }
    let alpha1 = json!({ "inputs": [{ "content": "again" }], "metadata": { "cacheTTL": "1h" } });
    let (first, ()) = tokio::join!(host.grpc.alpha1("gpt", &alpha1), async {
        answer(upstream.call().await, "kept", "stop");
    });
    assert_eq!(host.grpc.alpha1("gpt", &alpha1).await.unwrap(), first.unwrap());
    assert!(upstream.is_quiet());
}

#[tokio::test]
async fn a_time_to_live_that_is_none_is_refused_alike() {
    let upstream = Upstream::start().await;
    let host = host(&upstream, &[]);
    for (more, why) in [
        (json!({ "cacheTTL": "often" }), "`often` is not a duration such as `30s` or `1h30m`"),
        (
            json!({ "metadata": { "cacheTTL": "10 m" } }),
            "` m` in `10 m` is not a unit of time; there are `h`, `m`, `s`, `ms`, `us` and `ns`",
        ),
        (json!({ "cacheTTL": "-1m" }), "`-1m` is negative"),
    ] {
        let body = asks("hi", &more);
        let text = format!("failed conversing with component gpt: invalid params: cacheTTL: {why}");
        let (status, code, message) = host.client.alpha2_body("gpt", &body).await.error();
        assert_eq!((status, code.as_str()), (400, "ERR_CONVERSATION_INVALID_PARMS"));
        assert_eq!(message, text);
        let refused = host.grpc.alpha2("gpt", &body).await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (tonic::Code::InvalidArgument, text.as_str()));
    }
    assert!(upstream.is_quiet());
}

#[tokio::test]
async fn zero_passes_the_cache_by() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream, &[TTL]);
    let kept = ask(&host, &mut upstream, &asks("hi", &json!({})), "old", "stop").await;
    assert_eq!(cache_status(&kept), Some(STORED));
    let passed = ask(&host, &mut upstream, &asks("hi", &json!({ "cacheTTL": "0" })), "new", "stop").await;
    assert_eq!(told(&passed), ("new".to_owned(), Some("parlor; fwd=bypass")));
    assert_eq!(told(&host.client.alpha2_body("gpt", &asks("hi", &json!({}))).await).0, "old");
}

#[tokio::test]
async fn callers_with_keys_of_their_own_share_nothing() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream, &[TTL]);
    let with = |key: &str| asks("hi", &json!({ "metadata": { "key": key } }));
    for key in ["alice", "bob"] {
        let body = with(key);
        let (given, ()) = tokio::join!(host.client.alpha2_body("gpt", &body), async {
            let call = upstream.call().await;
            assert_eq!(call.header("authorization"), format!("Bearer {key}"));
            answer(call, key, "stop");
        });
        assert_eq!(told(&given), (key.to_owned(), Some(STORED)));
    }
    for key in ["alice", "bob"] {
        assert_eq!(told(&host.client.alpha2_body("gpt", &with(key)).await).0, key);
    }
    assert!(upstream.is_quiet());
}

#[tokio::test]
async fn components_share_nothing() {
    let mut upstream = Upstream::start().await;
    let settings = [("key", "none"), ("endpoint", upstream.origin.as_str()), TTL];
    let host = HostBuilder::new().component("one", "conversation.openai", &settings);
    let host = host.component("two", "conversation.openai", &settings).start();
    for name in ["one", "two"] {
        let asked = host.client.alpha2(name, "hi");
        let (given, ()) = tokio::join!(asked, async { answer(upstream.call().await, name, "stop") });
        assert_eq!(told(&given), (name.to_owned(), Some(STORED)));
    }
}

#[tokio::test]
async fn calls_alike_at_one_time_are_one_call_to_the_vendor() {
    for callers in [8, 200] {
        let mut upstream = Upstream::start().await;
        let host = host(&upstream, &[TTL]);
        let body = asks("hi", &json!({}));
        let (all, ()) = tokio::join!(join_all((0..callers).map(|_| host.client.alpha2_body("gpt", &body))), async {
            answer(upstream.call().await, "hello", "stop");
        });
        assert!(all.iter().all(|given| told(given).0 == "hello"));
        let forwarded = all.iter().filter(|given| cache_status(given) == Some(STORED)).count();
        assert_eq!((forwarded, upstream.is_quiet()), (1, true));
    }
}

#[tokio::test]
async fn when_the_caller_whose_call_it_is_leaves_the_others_are_answered() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream, &[TTL]);
    let body = asks("hi", &json!({}));
    let first = {
        let leaves = host.client.alpha2_body("gpt", &body);
        tokio::select! {
            _ = leaves => panic!("nobody has answered"),
            call = upstream.call() => call,
        }
    };
    let others = join_all((0..8).map(|_| host.client.alpha2_body("gpt", &body)));
    let (all, ()) = tokio::join!(others, async {
        first.abandoned().await;
        answer(upstream.call().await, "hello", "stop");
    });
    assert!(all.iter().all(|given| told(given).0 == "hello"));
    assert!(upstream.is_quiet());
}

#[tokio::test]
async fn when_the_vendor_never_answers_nobody_waits_forever() {
    let mut upstream = Upstream::start().await;
    let endpoint =
        format!("  metadata:\n  - name: key\n    value: none\n  - name: endpoint\n    value: {}\n", upstream.origin);
    let yaml = format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: gpt\nspec:\n  type: conversation.openai\n  \
         version: v1\n  wasm:\n    limits: {{ timeout: 1s }}\n{endpoint}  - name: responseCacheTTL\n    value: 10m\n"
    );
    let host = HostBuilder::new().file("gpt.yaml", yaml).start();
    let body = asks("hi", &json!({}));
    let all = join_all((0..8).map(|_| host.client.alpha2_body("gpt", &body)));
    let (all, calls) = tokio::join!(all, async { [upstream.call().await, upstream.call().await] });
    for given in all {
        let (status, _, message) = given.error();
        assert_eq!(status, 500);
        let [whole, head] = ["gave no answer within its limit of 1s", "took more than 1s to begin its answer"];
        assert!(message.contains(whole) || message.contains(head), "{message}");
    }
    // The first call, and that of one who took over.
    drop(calls);
}

#[tokio::test]
async fn what_failed_or_was_cut_short_is_not_kept() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream, &[TTL]);
    let body = asks("hi", &json!({}));
    let (failed, ()) = tokio::join!(host.client.alpha2_body("gpt", &body), async {
        upstream.call().await.answer(500, "{}");
    });
    assert_eq!((failed.error().0, cache_status(&failed)), (500, None));
    for finish_reason in ["length", "content_filter"] {
        let cut = ask(&host, &mut upstream, &body, "half a sen", finish_reason).await;
        assert_eq!(told(&cut), ("half a sen".to_owned(), Some("parlor; fwd=miss")));
    }
    let empty = ask(&host, &mut upstream, &body, "", "stop").await;
    assert_eq!(cache_status(&empty), Some("parlor; fwd=miss"));
    assert_eq!(told(&ask(&host, &mut upstream, &body, "whole", "stop").await), ("whole".to_owned(), Some(STORED)));
}

#[tokio::test]
async fn a_scrubbed_answer_is_kept_scrubbed_and_is_nobody_elses() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream, &[TTL]);
    let (raw, clean) = ("write to jane.doe@example.com", "write to <EMAIL_ADDRESS>");
    for (scrubs, expected) in [(true, clean), (false, raw)] {
        let body = asks("hi", &json!({ "scrubPii": scrubs }));
        let given = ask(&host, &mut upstream, &body, raw, "stop").await;
        assert_eq!(told(&given), (expected.to_owned(), Some(STORED)));
        assert_eq!(told(&host.client.alpha2_body("gpt", &body).await).0, expected);
    }
    assert!(upstream.is_quiet());
}

#[tokio::test]
async fn raw_text_of_a_scrubbed_call_is_in_no_log_line_of_the_cache() {
    let mut upstream = Upstream::start().await;
    let settings = [("key", "none"), ("endpoint", upstream.origin.as_str()), TTL];
    let host = HostBuilder::new().component("gpt", "conversation.openai", &settings);
    let host = host.argument("--log-level").argument("trace").start();
    let said = json!({ "ofUser": { "content": [{ "text": "write to jane.doe@example.com" }] } });
    let body = json!({ "scrubPii": true, "inputs": [{ "scrubPii": true, "messages": [said] }] });
    let first = ask(&host, &mut upstream, &body, "ask jane.doe@example.com", "stop").await;
    let again = host.client.alpha2_body("gpt", &body).await;
    assert_eq!((told(&first).0, told(&again).0), ("ask <EMAIL_ADDRESS>".into(), "ask <EMAIL_ADDRESS>".into()));
    assert!(cache_status(&again).unwrap().starts_with("parlor; hit"));
    assert!(!host.log().contains("jane.doe"), "{}", host.log());
}

#[tokio::test]
async fn the_same_after_scrubbing_is_the_same() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream, &[TTL]);
    let mails = |mail: &str| {
        let said = json!({ "ofUser": { "content": [{ "text": format!("write to {mail}") }] } });
        json!({ "inputs": [{ "scrubPii": true, "messages": [said] }] })
    };
    let first = ask(&host, &mut upstream, &mails("jane.doe@example.com"), "done", "stop").await;
    assert_eq!(cache_status(&first), Some(STORED));
    let second = host.client.alpha2_body("gpt", &mails("john.roe@example.org")).await;
    assert!(cache_status(&second).unwrap().starts_with("parlor; hit"));
}

#[tokio::test]
async fn any_component_can_be_cached() {
    let host = HostBuilder::new().component("echo", "conversation.echo", &[TTL]).start();
    let first = host.client.alpha2("echo", "hi").await;
    assert_eq!(told(&first), ("hi".to_owned(), Some(STORED)));
    let again = host.client.alpha2("echo", "hi").await;
    assert_eq!(again.body, first.body);
    assert!(cache_status(&again).unwrap().starts_with("parlor; hit"));
    assert_eq!(told(&host.client.alpha2("echo", "ho").await), ("ho".to_owned(), Some(STORED)));
    let bypass = host.client.alpha2_body("echo", &asks("hi", &json!({ "cacheTTL": "0" }))).await;
    assert_eq!(cache_status(&bypass), Some("parlor; fwd=bypass"));
    let metrics = host.metrics().get("/").await.text();
    for (outcome, count) in [("hit", 1), ("miss", 2), ("coalesced", 0), ("bypass", 1)] {
        let line = format!(r#"parlor_cache_requests_total{{component="echo",outcome="{outcome}"}} {count}"#);
        assert!(metrics.contains(&line), "{line} is not in {metrics}");
    }
    assert!(metrics.contains("parlor_cache_entries 2\n"), "{metrics}");
}

#[tokio::test]
async fn a_cache_without_room_keeps_nothing() {
    let host = HostBuilder::new().component("echo", "conversation.echo", &[TTL]);
    let host = host.argument("--cache-size").argument("0").start();
    for _ in 0..2 {
        assert_eq!(told(&host.client.alpha2("echo", "hi").await), ("hi".to_owned(), Some("parlor; fwd=miss")));
    }
}
