//! What callers get of a vendor's answers.

use serde_json::{Value, json};

use super::aimock::{self, KEY, KEY_OF_A_REQUEST};
use super::{both, with};
use crate::harness::HostBuilder;

#[tokio::test]
async fn the_vendor_s_text_comes_back_by_both_versions() {
    let host = aimock::host("hello-model");
    let said = "Grüße vom Anbieter ✓ 🦀";
    assert_eq!(host.client.alpha1("gpt", "say hello").await.ok(), json!({ "outputs": [{ "result": said }] }));
    let choice = json!({ "finishReason": "stop", "message": { "content": said } });
    let usage = json!({ "promptTokens": "9", "completionTokens": "4", "totalTokens": "13" });
    assert_eq!(
        host.client.alpha2("gpt", "say hello").await.ok(),
        json!({ "outputs": [{ "choices": [choice], "model": "hello-model", "usage": usage }] })
    );
}

#[tokio::test]
async fn the_context_comes_back_and_goes_nowhere() {
    let host = aimock::host("context-model");
    for ((path, body), name) in both("say hello", &json!({})).into_iter().zip(["contextID", "contextId"]) {
        let body = with(body, &json!({ name: "chat-7" }));
        assert_eq!(host.client.post(path, body.to_string()).await.ok()[name], "chat-7", "{path}");
    }
    assert!(!json!(aimock::journal("context-model").await).to_string().contains("chat-7"));
}

#[tokio::test]
async fn the_reason_for_the_end_comes_back() {
    let host = aimock::host("long-model");
    let answer = host.client.alpha2("gpt", "talk too long").await.ok();
    let choice = &answer["outputs"][0]["choices"][0];
    assert_eq!(*choice, json!({ "finishReason": "length", "message": { "content": "and so on and" } }));
}

#[tokio::test]
async fn tool_calls_come_back_with_their_ids_and_arguments() {
    let host = aimock::host("tools-model");
    let [_, (path, body)] = both("weather in two towns", &json!({ "tools": [weather()] }));
    let answer = host.client.post(path, body.to_string()).await.ok();
    let call =
        |id: &str, arguments: &str| json!({ "id": id, "function": { "name": "weather", "arguments": arguments } });
    let calls =
        json!([call("call_paris", r#"{"town":"Paris","days":[1,2]}"#), call("call_oslo", r#"{ "town" : "Oslo" }"#)]);
    let choice = json!({ "finishReason": "tool_calls", "message": { "toolCalls": calls } });
    assert_eq!(answer["outputs"][0]["choices"], json!([choice]));
}

#[tokio::test]
async fn tool_results_go_back_to_the_vendor() {
    let host = aimock::host("results-model");
    let call = |id: &str, town: &str| {
        let arguments = json!({ "town": town }).to_string();
        json!({ "id": id, "function": { "name": "weather", "arguments": arguments } })
    };
    let result =
        |id: &str, text: &str| json!({ "ofTool": { "toolId": id, "name": "weather", "content": [{ "text": text }] } });
    let messages = [
        json!({ "ofUser": { "content": [{ "text": "weather in two towns" }] } }),
        json!({ "ofAssistant": { "toolCalls": [call("call_paris", "Paris"), call("call_oslo", "Oslo")] } }),
        result("call_paris", "sun"),
        result("call_oslo", "snow"),
    ];
    let body = json!({ "inputs": [{ "messages": messages }], "tools": [weather()] });
    let answer = host.client.alpha2_body("gpt", &body).await.ok();
    assert_eq!(answer["outputs"][0]["choices"][0]["message"]["content"], "Sun in Paris, snow in Oslo.");

    let arrived = &aimock::journal("results-model").await[0]["body"]["messages"];
    let call = |id: &str, town: &str| {
        let arguments = json!({ "town": town }).to_string();
        json!({ "id": id, "type": "function", "function": { "name": "weather", "arguments": arguments } })
    };
    let expected = json!([
        { "role": "user", "content": "weather in two towns" },
        { "role": "assistant", "tool_calls": [call("call_paris", "Paris"), call("call_oslo", "Oslo")] },
        { "role": "tool", "tool_call_id": "call_paris", "content": "sun" },
        { "role": "tool", "tool_call_id": "call_oslo", "content": "snow" },
    ]);
    assert_eq!(*arrived, expected);
}

/// Of aimock's dialects only OpenRouter's tells usage in detail; it too is called as OpenAI is.
#[tokio::test]
async fn every_detail_of_the_usage_comes_back() {
    let endpoint = format!("{}/api/v1", aimock::address());
    let settings = [("key", KEY), ("model", "usage-model"), ("endpoint", &endpoint)];
    let host = HostBuilder::new().component("gpt", "conversation.openai", &settings).start();
    let answer = host.client.alpha2("gpt", "count everything").await.ok();
    let expected = json!({
        "promptTokens": "11",
        "completionTokens": "7",
        "totalTokens": "18",
        "promptTokensDetails": { "audioTokens": "1", "cachedTokens": "3" },
        "completionTokensDetails": {
            "acceptedPredictionTokens": "2",
            "audioTokens": "1",
            "reasoningTokens": "5",
            "rejectedPredictionTokens": "4",
        },
    });
    assert_eq!(answer["outputs"][0]["usage"], expected);
}

/// Both keys are let in, so a component that has a wrong one shows which of the two was sent.
#[tokio::test]
async fn a_request_may_bring_its_own_key_and_model() {
    let settings = [("key", "sk-that-nobody-knows"), ("model", "component-model")];
    let host = aimock::component(HostBuilder::new(), &settings).start();
    let brought = json!({ "metadata": { "key": KEY_OF_A_REQUEST, "model": "request-model" } });
    for (path, body) in both("say hello", &brought) {
        let answer = host.client.post(path, body.to_string()).await.ok();
        if path.contains("alpha2") {
            assert_eq!(answer["outputs"][0]["model"], "request-model");
        }
    }
    let calls = aimock::journal("request-model").await;
    assert_eq!(calls.len(), 2);
    for call in calls {
        assert_eq!(call["body"]["metadata"], Value::Null, "what the host has used goes no further");
    }
    assert_eq!(aimock::journal("component-model").await, [] as [Value; 0]);
}

fn weather() -> Value {
    let parameters = json!({ "type": "object", "properties": { "town": { "type": "string" } }, "required": ["town"] });
    json!({ "function": { "name": "weather", "description": "weather of a town", "parameters": parameters } })
}
