//! What arrives at a vendor: the key of the component, and each parameter in the form that chat completions want.

use serde_json::{Value, json};

use super::aimock::{self, KEY};
use super::both;
use crate::harness::HostBuilder;

/// The body that arrived for a model, without its messages. No API of Dapr's streams.
async fn arrived(model: &str) -> Value {
    let calls = aimock::journal(model).await;
    assert_eq!(calls.len(), 1);
    let mut body = calls[0]["body"].clone();
    let members = body.as_object_mut().unwrap();
    members.remove("messages");
    assert_eq!(members.remove("stream"), Some(json!(false)));
    body
}

/// aimock answers nobody who shows another key.
#[tokio::test]
async fn the_key_of_a_secret_store_arrives_and_its_stand_in_does_not() {
    let endpoint = format!("{}/v1", aimock::address());
    let yaml = format!(
        "
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{ name: vault }}
spec:
  type: secretstores.local.file
  version: v1
  metadata:
  - {{ name: secretsFile, value: secrets.json }}
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{ name: gpt }}
spec:
  type: conversation.openai
  version: v1
  metadata:
  - {{ name: key, secretKeyRef: {{ name: openai:key }} }}
  - {{ name: model, value: secret-model }}
  - {{ name: endpoint, value: '{endpoint}' }}
auth: {{ secretStore: vault }}
"
    );
    let secrets = json!({ "openai": { "key": KEY } }).to_string();
    let host = HostBuilder::new()
        .file("gpt.yaml", yaml)
        .file("secrets.json", secrets)
        .argument("--log-level")
        .argument("trace")
        .start();
    for (path, body) in both("say hello", &json!({})) {
        let answer = host.client.post(path, body.to_string()).await;
        assert!(!answer.text().contains(KEY));
        answer.ok();
    }
    let calls = aimock::journal("secret-model").await;
    assert_eq!(calls.len(), 2);
    assert!(!json!(calls).to_string().contains("parlor-secret-"), "{calls:?}");
    assert!(!host.log().contains(KEY));
}

#[tokio::test]
async fn settings_arrive_where_the_request_says_nothing() {
    let model = "settings-model";
    let settings = [("key", KEY), ("model", model), ("temperature", "0.25"), ("maxTokens", "77")];
    let account = [("organization", "org-1"), ("project", "proj-1")];
    let host = aimock::component(HostBuilder::new(), &[&settings[..], &account].concat()).start();
    host.client.alpha1("gpt", "as you like").await.ok();
    let headers = &aimock::journal(model).await[0]["headers"];
    assert_eq!((&headers["openai-organization"], &headers["openai-project"]), (&json!("org-1"), &json!("proj-1")));
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(arrived(model).await, json!({ "model": model, "temperature": 0.25, "max_tokens": 77 }));
}

#[tokio::test]
async fn a_request_s_temperature_goes_before_the_component_s() {
    let settings = [("key", KEY), ("model", "warm-model"), ("temperature", "0.25")];
    let host = aimock::component(HostBuilder::new(), &settings).start();
    for temperature in [0.75, 0.0] {
        for (path, body) in both("as you like", &json!({ "temperature": temperature })) {
            host.client.post(path, body.to_string()).await.ok();
        }
    }
    let temperatures: Vec<_> =
        aimock::journal("warm-model").await.iter().map(|call| call["body"]["temperature"].clone()).collect();
    assert_eq!(temperatures, [0.75, 0.75, 0.0, 0.0]);
}

#[tokio::test]
async fn parameters_of_alpha2_arrive_as_chat_completions_want_them() {
    let host = aimock::host("unused-model");
    let function = |name: &str| json!({ "name": name, "description": "does it", "parameters": { "type": "object" } });
    let sent = json!([{ "function": function("lamp") }, { "function": function("door") }]);
    let got = json!([{ "type": "function", "function": function("lamp") }, { "type": "function", "function": function("door") }]);
    let with_choice = |choice: Value| json!({ "tools": got, "tool_choice": choice });
    let schema =
        json!({ "type": "object", "properties": { "verdict": { "type": "boolean" } }, "required": ["verdict"] });
    let named = json!({ "type": "object", "name": "verdicts", "description": "of a court", "strict": true });
    let format = |schema: Value| json!({ "response_format": { "type": "json_schema", "json_schema": schema } });
    let cases = [
        ("no-choice", json!({ "tools": sent }), with_choice(json!("auto"))),
        ("auto", json!({ "tools": sent, "toolChoice": "auto" }), with_choice(json!("auto"))),
        ("none", json!({ "tools": sent, "toolChoice": "none" }), with_choice(json!("none"))),
        ("required", json!({ "tools": sent, "tool_choice": "required" }), with_choice(json!("required"))),
        (
            "named",
            json!({ "tools": sent, "toolChoice": "door" }),
            with_choice(json!({ "type": "function", "function": { "name": "door" } })),
        ),
        ("schema", json!({ "responseFormat": schema }), format(json!({ "name": "response", "schema": schema }))),
        (
            "named-schema",
            json!({ "responseFormat": named }),
            format(json!({ "name": "verdicts", "description": "of a court", "strict": true, "schema": named })),
        ),
        ("day", json!({ "promptCacheRetention": "86400s" }), json!({ "prompt_cache_retention": "24h" })),
        ("minute", json!({ "promptCacheRetention": "60s" }), json!({ "prompt_cache_retention": "in_memory" })),
        ("metadata", json!({ "metadata": { "team": "blue" } }), json!({ "metadata": { "team": "blue" } })),
    ];
    for (name, more, expected) in cases {
        let mut more = more;
        more["metadata"]["model"] = json!(name);
        let [_, (path, body)] = both("as you like", &more);
        host.client.post(path, body.to_string()).await.ok();
        assert_eq!(arrived(name).await, super::with(json!({ "model": name }), &expected), "{name}");
    }
}

/// The schema decides which of aimock's fixtures answers.
#[tokio::test]
async fn an_answer_in_a_schema_s_form_comes_back_as_text() {
    let host = aimock::host("verdict-model");
    let schema = json!({ "type": "object", "properties": { "verdict": { "type": "boolean" } } });
    let [_, (path, body)] = both("a verdict", &json!({ "responseFormat": schema }));
    let answer = host.client.post(path, body.to_string()).await.ok();
    assert_eq!(answer["outputs"][0]["choices"][0]["message"]["content"], r#"{"verdict":true}"#);
}

#[tokio::test]
async fn everybody_who_speaks_arrives_in_order() {
    let host = aimock::host("roles-model");
    let said = |text: &str| json!({ "content": [{ "text": text }] });
    let messages = json!([
        { "ofSystem": said("be kind") },
        { "ofDeveloper": said("be short") },
        { "ofUser": { "name": "ada", "content": [{ "text": "one" }, { "text": "two" }] } },
        { "ofAssistant": said("three") },
    ]);
    let last = json!([{ "ofUser": said("as you like") }]);
    let body = json!({ "inputs": [{ "messages": messages }, { "messages": last }] });
    host.client.alpha2_body("gpt", &body).await.ok();
    let expected = json!([
        { "role": "system", "content": "be kind" },
        { "role": "system", "content": "be short" },
        { "role": "user", "content": [{ "type": "text", "text": "one" }, { "type": "text", "text": "two" }] },
        { "role": "assistant", "content": "three" },
        { "role": "user", "content": "as you like" },
    ]);
    assert_eq!(aimock::journal("roles-model").await[0]["body"]["messages"], expected);

    let inputs = json!([{ "role": "system", "content": "be kind" }, { "role": "assistant", "content": "hm" }, { "content": "as you like" }]);
    let body = json!({ "inputs": inputs }).to_string();
    host.client.post("/v1.0-alpha1/conversation/gpt/converse", body).await.ok();
    let expected = json!([
        { "role": "system", "content": "be kind" },
        { "role": "assistant", "content": "hm" },
        { "role": "user", "content": "as you like" },
    ]);
    assert_eq!(aimock::journal("roles-model").await[1]["body"]["messages"], expected);
}
