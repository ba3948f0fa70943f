//! What both transports make of a vendor's answer: Dapr's own cases of its components (settings, model, usage, tool
//! choice), with a vendor that the test plays.

use serde_json::{Value, json};

use crate::harness::{Host, HostBuilder, Upstream};
use crate::parity::Version::{Alpha1, Alpha2};
use crate::parity::{Outcome, Version, by_both, function_call, inputs, said, tool};

/// A host with one component that calls the vendor.
fn host(upstream: &Upstream, settings: &[(&str, &str)]) -> Host {
    let endpoint = [("key", "none"), ("endpoint", upstream.origin.as_str())];
    HostBuilder::new().component("gpt", "conversation.openai", &[&endpoint[..], settings].concat()).start()
}

/// What the vendor was asked: the path with its query, and the body.
type Asked = (String, Value);

/// Asks by both transports, whose requests must be the same, a vendor that answers with this status and body.
async fn ask_in(
    host: &Host,
    upstream: &mut Upstream,
    version: Version,
    body: &Value,
    (status, told): (u16, &Value),
) -> (Outcome, Asked) {
    let (outcome, [by_http, by_grpc]) = tokio::join!(by_both(host, version, "gpt", body), async {
        [answered(upstream, status, told).await, answered(upstream, status, told).await]
    });
    assert_eq!(by_http, by_grpc, "{body}");
    (outcome, by_http)
}

async fn answered(upstream: &mut Upstream, status: u16, told: &Value) -> Asked {
    let call = upstream.call().await;
    let asked = (call.head.uri.to_string(), call.json());
    call.answer(status, told.to_string());
    asked
}

/// The same by alpha2 with a vendor that answers well.
async fn ask(host: &Host, upstream: &mut Upstream, body: &Value, told: &Value) -> (Outcome, Asked) {
    ask_in(host, upstream, Alpha2, body, (200, told)).await
}

/// What chat completions say, with these choices and this usage.
fn completion(choices: &Value, usage: &Value) -> Value {
    json!({ "id": "c", "model": "the-vendors-own", "choices": choices, "usage": usage })
}

fn choice(content: &str) -> Value {
    json!({ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": content } })
}

/// Two candidates, `one` and `two`.
fn both(usage: &Value) -> Value {
    let mut second = choice("two");
    second["index"] = json!(1);
    completion(&json!([choice("one"), second]), usage)
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
        assert_eq!((asked.0.as_str(), &asked.1["model"]), ("/chat/completions", &json!(model)));
    }
}

#[tokio::test]
async fn azure_needs_its_endpoint_and_its_version() {
    let mut upstream = Upstream::start().await;
    let azure = [("apiType", "azure"), ("model", "deployed")];
    let body = inputs(&[said("ofUser", "hi")]);
    let complete = host(&upstream, &[&azure[..], &[("apiVersion", "2025-01-01-preview")]].concat());
    let (answer, (asked, _)) = ask(&complete, &mut upstream, &body, &hello()).await;
    assert_eq!(answer.unwrap()["outputs"][0]["model"], "deployed");
    assert_eq!(asked, "/openai/deployments/deployed/chat/completions?api-version=2025-01-01-preview");

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
        (json!(""), json!("auto")),
        (Value::Null, json!("auto")),
    ] {
        let mut body = inputs(&[said("ofUser", "hi")]);
        body["tools"] = json!([tool("f", &json!({}))]);
        body["toolChoice"] = tool_choice.clone();
        let (answer, (_, asked)) = ask(&host, &mut upstream, &body, &told).await;
        assert_eq!(asked["tool_choice"], expected, "{tool_choice}");
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
        (json!("generic"), "user"),
        (json!("developer"), "user"),
        (json!("System"), "user"),
        (json!("User"), "user"),
        (json!(""), "user"),
        (Value::Null, "user"),
    ] {
        let body = json!({ "inputs": [{ "content": "x", "role": role }] });
        let told = both(&Value::Null);
        let (answer, (_, asked)) = ask_in(&host, &mut upstream, Alpha1, &body, (200, &told)).await;
        assert_eq!(answer.unwrap(), json!({ "outputs": [{ "result": "one" }, { "result": "two" }] }));
        assert_eq!(asked["messages"][0]["role"], expected, "{role}");
    }
}

#[tokio::test]
async fn a_vendor_gets_the_same_request_and_its_answer_comes_back_the_same() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream, &[("model", "m")]);
    let usage = json!({
        "prompt_tokens": 9, "completion_tokens": 8, "total_tokens": 17,
        "prompt_tokens_details": { "cached_tokens": 1, "audio_tokens": 2 },
        "completion_tokens_details": { "reasoning_tokens": 5 },
    });
    let mut body = inputs(&[said("ofDeveloper", "d"), said("ofSystem", "s"), said("ofUser", "u")]);
    let fields = json!({
        "tools": [tool("f", &json!({ "a": { "type": "integer", "minimum": 1, "maximum": 2.5 } }))],
        "toolChoice": "f", "temperature": 0.5, "metadata": { "team": "t" },
        "responseFormat": { "type": "object", "properties": { "b": { "type": "string" } } },
    });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let (outcome, (_, asked)) = ask(&host, &mut upstream, &body, &both(&usage)).await;
    let outputs = outcome.unwrap()["outputs"].clone();
    assert_eq!(outputs[1]["choices"][0]["index"], "1");
    for output in outputs.as_array().unwrap() {
        assert_eq!(output["model"], "m");
        assert_eq!(output["usage"]["promptTokensDetails"], json!({ "audioTokens": "2", "cachedTokens": "1" }));
        assert_eq!(output["usage"]["completionTokensDetails"], json!({ "reasoningTokens": "5" }));
    }
    assert_eq!(asked["tool_choice"], json!({ "type": "function", "function": { "name": "f" } }));
    assert_eq!(asked["tools"][0]["function"]["parameters"]["properties"]["a"]["minimum"], json!(1));
}

#[tokio::test]
async fn a_vendors_error_comes_back_alike() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream, &[("model", "m")]);
    let body = json!({ "inputs": [{ "content": "x" }] });
    for status in [400, 401, 404, 429, 500, 503] {
        let error = json!({ "error": { "message": "no such luck", "type": "t" } });
        let (outcome, _) = ask_in(&host, &mut upstream, Alpha1, &body, (status, &error)).await;
        let (code, text) = outcome.unwrap_err();
        assert_eq!(code, INVOKE, "{status}");
        assert!(text.starts_with("failed conversing with component gpt: ") && text.contains("no such luck"), "{text}");
    }
}

#[tokio::test]
async fn when_to_come_back_is_told_alike() {
    let mut upstream = Upstream::start().await;
    let host = host(&upstream, &[("model", "m")]);
    let body = json!({ "inputs": [{ "content": "x" }] });
    let calls = async { (host.client.alpha1("gpt", "x").await, host.grpc.alpha1("gpt", &body).await.unwrap_err()) };
    let ((answer, status), ()) = tokio::join!(calls, async {
        for _ in 0..2 {
            let refusal = http::Response::builder().status(429).header("retry-after", "7");
            upstream.call().await.answer_with(refusal.body("{}".into()).unwrap());
        }
    });
    assert_eq!(answer.headers["retry-after"], "7");
    assert_eq!(status.metadata().get("retry-after").unwrap(), "7");
}
