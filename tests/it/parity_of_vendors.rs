//! What both transports make of a vendor's answer: Dapr's own cases of its components (settings, model, usage, tool
//! choice), with a vendor that the test plays.

use http::Response;
use serde_json::{Value, json};

use crate::harness::{Call, Host, HostBuilder, Upstream};
use crate::parity::Version::{Alpha1, Alpha2};
use crate::parity::{Outcome, Version, by_both, function_call, inputs, said, tool};

/// A host with one component that calls the vendor.
fn host(upstream: &Upstream, settings: &[(&str, &str)]) -> Host {
    let endpoint = [("key", "none"), ("endpoint", upstream.origin.as_str())];
    HostBuilder::new().component("gpt", "conversation.openai", &[&endpoint[..], settings].concat()).start()
}

fn answered(call: Call, body: &Value) {
    let response = Response::builder().header("content-type", "application/json");
    call.answer_with(response.body(body.to_string().into()).unwrap());
}

/// Asks by both transports a vendor that says `told`; also what the vendor was asked.
async fn ask(host: &Host, upstream: &mut Upstream, body: &Value, told: &Value) -> (Outcome, Vec<(String, Value)>) {
    ask_in(host, upstream, Alpha2, body, told).await
}

async fn ask_in(
    host: &Host,
    upstream: &mut Upstream,
    version: Version,
    body: &Value,
    told: &Value,
) -> (Outcome, Vec<(String, Value)>) {
    tokio::join!(by_both(host, version, "gpt", body), async {
        let mut asked = Vec::new();
        for _ in ["HTTP", "gRPC"] {
            let call = upstream.call().await;
            asked.push((call.head.uri.to_string(), call.json()));
            answered(call, told);
        }
        asked
    })
}

/// What chat completions say, with these choices and this usage.
fn completion(choices: &Value, usage: &Value) -> Value {
    json!({ "id": "c", "model": "the-vendors-own", "choices": choices, "usage": usage })
}

fn choice(content: &str) -> Value {
    json!({ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": content } })
}

fn hello() -> Value {
    completion(&json!([choice("hello")]), &Value::Null)
}

const INVOKE: &str = "ERR_CONVERSATION_INVOKE";

fn failed(text: &str) -> Outcome {
    Err((INVOKE.to_owned(), format!("failed conversing with component gpt: {text}")))
}

#[tokio::test]
async fn the_endpoint_and_the_model_are_the_components() {
    let mut upstream = Upstream::start().await;
    let body = inputs(&[said("ofUser", "hi")]);
    for (settings, model) in [(&[][..], "gpt-5-nano"), (&[("model", "mine")], "mine")] {
        let host = host(&upstream, settings);
        let (answer, asked) = ask(&host, &mut upstream, &body, &hello()).await;
        // The model is the one that was asked for, not the vendor's word for it.
        assert_eq!(answer.unwrap()["outputs"][0]["model"], model);
        assert!(asked.iter().all(|(path, body)| path == "/chat/completions" && body["model"] == model), "{asked:?}");
    }
}

#[tokio::test]
async fn azure_needs_its_endpoint_and_its_version() {
    let mut upstream = Upstream::start().await;
    let azure = [("apiType", "azure"), ("model", "deployed")];
    let body = inputs(&[said("ofUser", "hi")]);
    let complete = host(&upstream, &[&azure[..], &[("apiVersion", "2025-01-01-preview")]].concat());
    let (answer, asked) = ask(&complete, &mut upstream, &body, &hello()).await;
    assert_eq!(answer.unwrap()["outputs"][0]["model"], "deployed");
    let path = "/openai/deployments/deployed/chat/completions?api-version=2025-01-01-preview";
    assert!(asked.iter().all(|(asked, _)| asked == path), "{asked:?}");

    let missing = failed("endpoint and apiVersion must be provided when apiType is set to 'azure'");
    assert_eq!(by_both(&host(&upstream, &azure), Alpha2, "gpt", &body).await, missing);
    let settings = [&[("key", "none"), ("apiVersion", "2025-01-01-preview")], &azure[..]].concat();
    let homeless = HostBuilder::new().component("gpt", "conversation.openai", &settings).start();
    assert_eq!(by_both(&homeless, Alpha2, "gpt", &body).await, missing);
    assert!(upstream.is_quiet());
}

#[tokio::test]
async fn an_empty_answer_is_an_error_only_where_a_tool_was_required() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream, &[("model", "m")]);
    let (empty, says) = (choice(""), choice("text"));
    let mut calls = choice("");
    let call = json!({ "id": "c1", "type": "function", "function": { "name": "f", "arguments": "{}" } });
    calls["message"]["tool_calls"] = json!([call]);
    let mut calls_nothing = choice("");
    calls_nothing["message"]["tool_calls"] = json!([]);
    let mut second = calls.clone();
    second["index"] = json!(1);
    let refused = "LLM returned empty response with no tool calls despite 1 tools being available";
    for (tool_choice, choices, is_refused) in [
        (Some("required"), json!([empty]), true),
        (Some("required"), json!([calls_nothing]), true),
        (Some("required"), json!([says]), false),
        (Some("required"), json!([calls]), false),
        (Some("required"), json!([empty, second]), false),
        (Some("auto"), json!([empty]), false),
        (None, json!([empty]), false),
    ] {
        let mut body = inputs(&[said("ofUser", "hi")]);
        body["tools"] = json!([tool("f", &json!({}))]);
        body["toolChoice"] = json!(tool_choice);
        let told = completion(&choices, &Value::Null);
        let (answer, _) = ask(&host, &mut upstream, &body, &told).await;
        if is_refused {
            assert_eq!(answer, failed(refused), "{tool_choice:?} {choices}");
        } else {
            answer.unwrap_or_else(|error| panic!("{tool_choice:?} {choices}: {error:?}"));
        }
    }
    let (answer, _) =
        ask(&host, &mut upstream, &inputs(&[said("ofUser", "hi")]), &completion(&json!([]), &Value::Null)).await;
    assert_eq!(answer, failed("the answer holds no choice"));
}

#[tokio::test]
async fn usage_is_what_the_vendor_counts_and_nothing_where_it_does_not() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream, &[("model", "m")]);
    let body = inputs(&[said("ofUser", "hi")]);
    let counts = |prompt: u64, completion: u64| json!({ "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion });
    let mut detailed = counts(9, 4);
    detailed["prompt_tokens_details"] = json!({ "cached_tokens": 3, "audio_tokens": 0 });
    detailed["completion_tokens_details"] = json!({ "reasoning_tokens": 2, "accepted_prediction_tokens": 1 });
    let mut plain = counts(9, 4);
    plain["prompt_tokens_details"] = json!({ "cached_tokens": 0 });
    let totals = json!({ "promptTokens": "9", "completionTokens": "4", "totalTokens": "13" });
    let mut details = totals.clone();
    details["promptTokensDetails"] = json!({ "cachedTokens": "3" });
    details["completionTokensDetails"] = json!({ "reasoningTokens": "2", "acceptedPredictionTokens": "1" });
    for (told, expected) in [(Value::Null, Value::Null), (plain, totals), (detailed, details)] {
        let (answer, _) = ask(&host, &mut upstream, &body, &completion(&json!([choice("x")]), &told)).await;
        assert_eq!(answer.unwrap()["outputs"][0]["usage"], expected, "{told}");
    }
    for wrong in [json!("nine"), json!({ "prompt_tokens": "9" }), json!({ "prompt_tokens": -9 })] {
        let (answer, _) = ask(&host, &mut upstream, &body, &completion(&json!([choice("x")]), &wrong)).await;
        let (code, text) = answer.unwrap_err();
        assert_eq!(code, INVOKE, "{wrong}");
        assert!(text.contains("the answer is no chat completion: "), "{wrong}: {text}");
    }
}

#[tokio::test]
async fn a_tool_choice_arrives_as_chat_completions_have_it() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream, &[("model", "m")]);
    let mut called = choice("");
    let function = json!({ "name": "f", "arguments": "{}" });
    called["message"]["tool_calls"] = json!([{ "id": "c1", "type": "function", "function": function }]);
    let told = completion(&json!([called]), &Value::Null);
    let named = json!({ "type": "function", "function": { "name": "f" } });
    for (tool_choice, expected) in [
        (json!("auto"), json!("auto")),
        (json!("none"), json!("none")),
        (json!("required"), json!("required")),
        (json!("f"), named),
        (Value::Null, json!("auto")),
    ] {
        let mut body = inputs(&[said("ofUser", "hi")]);
        body["tools"] = json!([tool("f", &json!({}))]);
        body["toolChoice"] = tool_choice.clone();
        let (answer, asked) = ask(&host, &mut upstream, &body, &told).await;
        assert!(asked.iter().all(|(_, body)| body["tool_choice"] == expected), "{tool_choice}: {asked:?}");
        let message = &answer.unwrap()["outputs"][0]["choices"][0]["message"];
        assert_eq!(message["toolCalls"], json!([function_call("c1", "f", "{}")]));
    }
}

#[tokio::test]
async fn a_role_of_alpha1_arrives_as_the_one_it_means() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream, &[("model", "m")]);
    for (role, expected) in [
        (json!("user"), "user"),
        (json!("human"), "user"),
        (json!("system"), "system"),
        (json!("assistant"), "assistant"),
        (json!("ai"), "assistant"),
        (json!("developer"), "user"),
        (json!("User"), "user"),
        (Value::Null, "user"),
    ] {
        let body = json!({ "inputs": [{ "content": "x", "role": role }] });
        let (answer, asked) = ask_in(&host, &mut upstream, Alpha1, &body, &hello()).await;
        assert_eq!(answer.unwrap(), json!({ "outputs": [{ "result": "hello" }] }));
        assert!(asked.iter().all(|(_, body)| body["messages"][0]["role"] == expected), "{role}: {asked:?}");
    }
}
