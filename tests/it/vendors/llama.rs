//! A real inference engine: llama.cpp's own server, with a model of random weights that the script makes when it starts.

use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::both;
use super::server::{Server, installed, script};
use crate::harness::{Answer, Host, HostBuilder};

const KEY: &str = "sk-of-the-engine-0815";

/// One engine for all tests: it holds its calls in a queue.
fn host(key: &str, max_tokens: &str) -> Host {
    static ENGINE: OnceLock<Server> = OnceLock::new();
    let start = || Server::start(Command::new(installed("python/bin/python")).arg(script("llama.py")).arg(KEY));
    let endpoint = format!("{}/v1", ENGINE.get_or_init(start).address);
    let settings = [("key", key), ("model", "random"), ("endpoint", &endpoint), ("maxTokens", max_tokens)];
    HostBuilder::new().component("gpt", "conversation.openai", &settings).start()
}

fn choice(answer: &Answer) -> Value {
    answer.ok()["outputs"][0]["choices"][0].clone()
}

fn number(answer: &Value, field: &str) -> u64 {
    answer["outputs"][0]["usage"][field].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_engine_s_words_and_usage_come_back() {
    let host = host(KEY, "16");
    let said = host.client.alpha1("gpt", "good morning").await.ok()["outputs"][0]["result"].clone();
    assert!(!said.as_str().unwrap().is_empty());

    let answer = host.client.alpha2("gpt", "good morning").await;
    assert_eq!(choice(&answer), json!({ "finishReason": "length", "message": { "content": said } }));
    let answer = answer.ok();
    assert_eq!(answer["outputs"][0]["model"], "random");
    assert_eq!(number(&answer, "completionTokens"), 16);
    assert!(number(&answer, "promptTokens") >= "good morning".len() as u64);
    assert_eq!(number(&answer, "totalTokens"), number(&answer, "promptTokens") + 16);
}

#[tokio::test]
async fn an_engine_keeps_to_the_schema_of_a_request() {
    let host = host(KEY, "200");
    let schema = json!({
        "type": "object",
        "properties": { "open": { "type": "boolean" }, "mood": { "enum": ["calm", "loud"] } },
        "required": ["open", "mood"],
    });
    let [_, (path, body)] = both("how is the bar", &json!({ "responseFormat": schema, "temperature": 1.5 }));
    let choice = choice(&host.client.post(path, body.to_string()).await);
    assert_eq!(choice["finishReason"], "stop");
    let content: Value = serde_json::from_str(choice["message"]["content"].as_str().unwrap()).unwrap();
    assert!(content["open"].is_boolean(), "{content}");
    assert!(content["mood"] == "calm" || content["mood"] == "loud", "{content}");
}

#[tokio::test]
async fn an_engine_sees_every_message_and_tool() {
    let host = host(KEY, "4");
    let tool = json!({ "function": { "name": "lamp", "parameters": { "type": "object", "properties": { "on": { "type": "boolean" } } } } });
    let message = |role: &str| json!({ role: { "content": [{ "text": "hello" }] } });
    let call = json!({ "id": "call_1", "function": { "name": "lamp", "arguments": "{\"on\":true}" } });
    let talk = [
        message("ofSystem"),
        message("ofDeveloper"),
        message("ofUser"),
        json!({ "ofAssistant": { "content": [{ "text": "wait" }], "toolCalls": [call] } }),
        json!({ "ofTool": { "toolId": "call_1", "name": "lamp", "content": [{ "text": "it is on" }] } }),
        message("ofUser"),
    ];
    let mut before = 0;
    for shown in [1, 2, 3, 6] {
        let mut body = json!({ "inputs": [{ "messages": talk[..shown] }] });
        if shown == 6 {
            body["tools"] = json!([tool]);
        }
        let tokens = number(&host.client.alpha2_body("gpt", &body).await.ok(), "promptTokens");
        assert!(tokens > before, "{shown} messages are {tokens} tokens, and fewer are {before}");
        before = tokens;
    }
}

#[tokio::test]
async fn an_engine_s_refusal_comes_back_in_its_own_words() {
    let check = async |host: &Host, text: &str, words: &str| {
        for (path, body) in both(text, &json!({})) {
            let (status, code, message) = host.client.post(path, body.to_string()).await.error();
            assert_eq!((status, code.as_str()), (500, "ERR_CONVERSATION_INVOKE"), "{message}");
            let expected =
                format!("failed conversing with component gpt: API returned unexpected status code: {words}");
            assert!(message.starts_with(&expected), "{path}: {message}");
        }
    };
    check(&host("sk-that-nobody-knows", "4"), "hello", "401: Invalid API Key").await;
    check(&host(KEY, "4"), &"long ".repeat(1_000), "400: request (").await;
}
