//! Scrubbing, seen from outside: what reaches a vendor, a client and the log. What personal data is, the tests of
//! `parlor-scrub` say.

use serde_json::{Value, json};

use crate::harness::{Host, HostBuilder, Upstream, guest};

const MAIL: &str = "jane.doe@example.com";

/// A host that logs everything, with one component that calls `upstream`.
fn host(upstream: &Upstream) -> Host {
    let endpoint = format!("{}/v1", upstream.origin);
    let settings = [("key", "none"), ("endpoint", endpoint.as_str())];
    let gpt = HostBuilder::new().component("gpt", "conversation.openai", &settings);
    gpt.argument("--log-level").argument("trace").start()
}

fn completion(content: &str, arguments: &str) -> String {
    let call = json!({ "id": "call_1", "type": "function", "function": { "name": "send", "arguments": arguments } });
    json!({ "id": "c", "model": "m", "choices": [{ "index": 0, "finish_reason": "stop",
        "message": { "role": "assistant", "content": content, "tool_calls": [call] } }] })
    .to_string()
}

/// Every message of alpha2 that holds text, with the address in each.
fn request(scrubs: [bool; 2]) -> Value {
    let content = json!([{ "text": format!("write to {MAIL}") }]);
    let arguments = json!({ "to": MAIL }).to_string();
    let call = json!({ "id": "call_0", "function": { "name": "send", "arguments": arguments } });
    json!({ "scrubPii": scrubs[1], "inputs": [{ "scrubPii": scrubs[0], "messages": [
        { "ofSystem": { "content": content } },
        { "ofUser": { "content": content } },
        { "ofAssistant": { "content": content, "toolCalls": [call] } },
        { "ofTool": { "toolId": "call_0", "name": "send", "content": [{ "text": json!({ "sent": MAIL }).to_string() }] } },
    ] }] })
}

const ALPHA2: &str = "/v1.0-alpha2/conversation/gpt/converse";

#[tokio::test]
async fn raw_text_of_a_scrubbed_call_reaches_no_vendor_no_client_and_no_log() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream);
    let body = request([true, true]).to_string();
    let (answer, asked) = tokio::join!(host.client.post(ALPHA2, body), async {
        let call = upstream.call().await;
        let asked = call.json();
        call.answer(200, completion(&format!("ask {MAIL}"), &json!({ "to": MAIL }).to_string()));
        asked
    });
    let message = &answer.ok()["outputs"][0]["choices"][0]["message"];
    assert_eq!(message["content"], "ask <EMAIL_ADDRESS>");
    assert_eq!(message["toolCalls"][0]["function"]["arguments"], r#"{"to":"<EMAIL_ADDRESS>"}"#);
    assert_eq!(asked["messages"][1]["content"], "write to <EMAIL_ADDRESS>");
    assert_eq!(asked["messages"][2]["tool_calls"][0]["function"]["arguments"], r#"{"to":"<EMAIL_ADDRESS>"}"#);
    assert_eq!(asked["messages"][3]["content"], r#"{"sent":"<EMAIL_ADDRESS>"}"#);
    assert!(!asked.to_string().contains(MAIL), "{asked}");
    assert!(!host.log().contains(MAIL), "{}", host.log());
}

#[tokio::test]
async fn what_a_provider_logs_of_a_scrubbed_answer_is_scrubbed() {
    let mut upstream = Upstream::start().await;
    let grant = format!("allowedHosts: [\"{}\"]", upstream.origin);
    let host = HostBuilder::new()
        .wasm("logging", &guest("hostile/wanderer-http"), &grant, &[("url", &upstream.origin)])
        .argument("--log-level=info")
        .start();
    for (scrubs, logged) in [(true, "<EMAIL_ADDRESS>"), (false, MAIL)] {
        let body = json!({ "scrubPII": scrubs, "inputs": [{ "content": "go" }] }).to_string();
        let (answer, ()) = tokio::join!(host.client.post("/v1.0-alpha1/conversation/logging/converse", body), async {
            assert!(!host.log().contains(MAIL), "{}", host.log());
            upstream.call().await.answer(200, MAIL);
        });
        assert_eq!(answer.ok()["outputs"][0]["result"], format!("200: {logged}"));
        assert!(host.log().contains(&format!("200: {logged}")), "{}", host.log());
    }
}

#[tokio::test]
async fn an_inputs_flag_is_for_the_input_and_the_requests_for_the_answer() {
    for scrubs in [[true, false], [false, true], [false, false]] {
        let mut upstream = Upstream::start().await;
        let host = host(&upstream);
        let (answer, asked) = tokio::join!(host.client.post(ALPHA2, request(scrubs).to_string()), async {
            let call = upstream.call().await;
            let asked = call.json();
            call.answer(200, completion(&format!("ask {MAIL}"), "{}"));
            asked
        });
        let answer = answer.ok();
        assert_eq!(!asked.to_string().contains(MAIL), scrubs[0], "{scrubs:?}: {asked}");
        assert_eq!(!answer.to_string().contains(MAIL), scrubs[1], "{scrubs:?}: {answer}");
    }
}

#[tokio::test]
async fn a_vendors_error_is_scrubbed_as_its_answer_is() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream);
    let (answer, ()) = tokio::join!(host.client.post(ALPHA2, request([true, true]).to_string()), async {
        let error = json!({ "error": { "message": format!("I won't write to {MAIL}"), "code": "no" } });
        upstream.call().await.answer(400, error.to_string());
    });
    let (status, code, message) = answer.error();
    assert_eq!((status, code.as_str()), (500, "ERR_CONVERSATION_INVOKE"));
    assert!(message.contains("I won't write to <EMAIL_ADDRESS>"), "{message}");
    assert!(!host.log().contains(MAIL), "{}", host.log());
}
