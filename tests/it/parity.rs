//! Invariant 6: HTTP and gRPC give the same answer to the same call. Every case is sent by both; Dapr's own acceptance
//! cases are among them.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tonic::Code;

use crate::harness::Host;

/// The version of the API that a case is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Version {
    Alpha1,
    Alpha2,
}
use Version::{Alpha1, Alpha2};

/// An answer, or Dapr's code of an error and its text.
pub(crate) type Outcome = Result<Value, (String, String)>;

/// Dapr's codes of errors, each with its status in HTTP and its code in gRPC.
const ERRORS: [(&str, u16, Code); 4] = [
    ("ERR_CONVERSATION_NOT_FOUND", 400, Code::InvalidArgument),
    ("ERR_CONVERSATION_MISSING_INPUTS", 400, Code::InvalidArgument),
    ("ERR_CONVERSATION_INVALID_PARMS", 400, Code::InvalidArgument),
    ("ERR_CONVERSATION_INVOKE", 500, Code::Internal),
];

async fn by_http(host: &Host, version: Version, component: &str, body: &Value) -> Outcome {
    let number = if version == Alpha1 { 1 } else { 2 };
    let path = format!("/v1.0-alpha{number}/conversation/{component}/converse");
    let answer = host.client.post(&path, body.to_string()).await;
    if answer.status == 200 {
        return Ok(answer.json());
    }
    let (status, code, text) = answer.error();
    let known = ERRORS.iter().find(|(known, ..)| *known == code).unwrap_or_else(|| panic!("{code}: {text}"));
    assert_eq!(status, known.1, "{code}: {text}");
    Err((code, text))
}

/// The same by both, which must agree.
pub(crate) async fn by_both(host: &Host, version: Version, component: &str, body: &Value) -> Outcome {
    let expected = by_http(host, version, component, body).await;
    let answer = match version {
        Alpha1 => host.grpc.alpha1(component, body).await,
        Alpha2 => host.grpc.alpha2(component, body).await,
    };
    match (&expected, answer) {
        (Ok(expected), Ok(answer)) => assert_eq!(*expected, answer, "{body}"),
        (Err((code, text)), Err(status)) => {
            let (_, _, grpc) = ERRORS.iter().find(|(known, ..)| known == code).unwrap();
            assert_eq!((status.code(), status.message()), (*grpc, text.as_str()), "{body}");
            assert!(status.details().is_empty(), "Dapr's errors of conversations carry no details");
        }
        (expected, answer) => panic!("{body}: {expected:?} by HTTP and {answer:?} by gRPC"),
    }
    expected
}

pub(crate) fn said(kind: &str, text: &str) -> Value {
    json!({ kind: { "content": [{ "text": text }] } })
}

pub(crate) fn function_call(id: &str, name: &str, arguments: &str) -> Value {
    json!({ "id": id, "function": { "name": name, "arguments": arguments } })
}

pub(crate) fn tool(name: &str, properties: &Value) -> Value {
    json!({ "function": {
        "name": name,
        "description": "for tests",
        "parameters": { "type": "object", "properties": properties },
    } })
}

pub(crate) fn inputs(messages: &[Value]) -> Value {
    json!({ "inputs": [{ "messages": messages }] })
}

/// An alpha2 answer of the echo component.
fn echoed(content: &str, calls: &[Value], words: u64) -> Value {
    let mut message = json!({ "content": content });
    if !calls.is_empty() {
        message["toolCalls"] = json!(calls);
    }
    let reason = if calls.is_empty() { "stop" } else { "tool_calls" };
    let (one, both) = (words.to_string(), (2 * words).to_string());
    let usage = json!({ "completionTokens": one, "promptTokens": one, "totalTokens": both });
    json!({ "outputs": [{ "choices": [{ "finishReason": reason, "message": message }], "usage": usage }] })
}

#[tokio::test]
async fn alpha1_as_in_daprs_own_tests() {
    let host = Host::echo();
    let check = async |body: Value, expected: Value| {
        assert_eq!(by_both(&host, Alpha1, "echo", &body).await, Ok(expected), "{body}");
    };
    let result = |text: &str| json!({ "outputs": [{ "result": text }] });
    check(json!({ "inputs": [{ "content": "well hello there" }] }), result("well hello there")).await;
    let clean = json!({ "inputs": [{ "content": "well hello there", "scrubPII": true }], "scrubPII": true });
    check(clean, result("well hello there")).await;
    check(json!({ "inputs": [{ "content": "one" }, { "content": "two", "role": "ai" }] }), result("one\ntwo")).await;
    check(json!({ "inputs": [{}] }), json!({ "outputs": [{}] })).await;
    let any = |kind: &str, value: Value| json!({ "@type": format!("type.googleapis.com/google.protobuf.{kind}"), "value": value });
    let parameters = json!({
        "bool": any("BoolValue", json!(true)), "bytes": any("BytesValue", json!("aGk=")),
        "double": any("DoubleValue", json!(1.5)), "duration": any("Duration", json!("1.500s")),
        "empty": any("Empty", json!({})), "int": any("Int64Value", json!("100")), "none": {},
        "struct": any("Struct", json!({ "a": [1, null, "b", { "c": false }] })),
        "text": any("StringValue", json!("x")), "time": any("Timestamp", json!("2024-02-29T23:59:59.500Z")),
    });
    let body =
        json!({ "contextID": "c", "inputs": [{ "content": "x" }], "parameters": parameters, "temperature": 0.5 });
    check(body, json!({ "contextID": "c", "outputs": [{ "result": "x", "parameters": parameters }] })).await;
}

#[tokio::test]
async fn personal_data_as_in_daprs_own_tests() {
    let host = Host::echo();
    let cases = [
        ("well hello there, my phone number is +2222222222", "well hello there, my phone number is <PHONE_NUMBER>", 8),
        ("well hello there, my phone number is +4422222222", "well hello there, my phone number is <PHONE_NUMBER>", 8),
        ("well hello there, my email is test@test.com", "well hello there, my email is <EMAIL_ADDRESS>", 7),
        ("well hello there from 10.8.9.1", "well hello there from <IP>", 5),
        ("well hello there", "well hello there", 3),
    ];
    let flagged = |key: &str, mut input: Value| {
        input[key] = json!(true);
        json!({ "inputs": [input] })
    };
    for (raw, clean, words) in cases {
        let asked = flagged("scrubPII", json!({ "content": raw }));
        let expected = json!({ "outputs": [{ "result": clean }] });
        assert_eq!(by_both(&host, Alpha1, "echo", &asked).await, Ok(expected), "{raw}");
        let asked = flagged("scrubPii", json!({ "messages": [said("ofUser", raw)] }));
        assert_eq!(by_both(&host, Alpha2, "echo", &asked).await, Ok(echoed(clean, &[], words)), "{raw}");
    }
    // The request's own flag is for the answer; the tokens are of what the provider saw.
    let (ip, mail) = ("well hello there from 10.8.9.1", "well hello there, my email is test@test.com");
    let clean = "well hello there from <IP>\nwell hello there, my email is <EMAIL_ADDRESS>";
    let asked = json!({ "inputs": [{ "content": ip }, { "content": mail }], "scrubPII": true });
    let expected = json!({ "outputs": [{ "result": clean }] });
    assert_eq!(by_both(&host, Alpha1, "echo", &asked).await, Ok(expected));
    let mut asked = inputs(&[said("ofUser", ip), said("ofUser", mail)]);
    asked["scrubPii"] = json!(true);
    assert_eq!(by_both(&host, Alpha2, "echo", &asked).await, Ok(echoed(clean, &[], 12)));
}

#[tokio::test]
async fn alpha2_as_in_daprs_own_tests() {
    let host = Host::echo();
    let check = async |body: Value, expected: Value| {
        assert_eq!(by_both(&host, Alpha2, "echo", &body).await, Ok(expected), "{body}");
    };
    let mut all = inputs(&[said("ofUser", "well hello there")]);
    all["inputs"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "messages": [said("ofSystem", "You are a helpful assistant")] }));
    let fields = json!({
        "contextId": "test-conversation-123", "metadata": { "api_key": "test-key" }, "scrubPii": false,
        "temperature": 0.7, "responseFormat": { "type": "object", "properties": {}, "required": [] },
        "promptCacheRetention": "86400s", "toolChoice": "auto", "parameters": { "untyped": {} },
        "tools": [tool("test_function", &json!({ "param1": { "type": "string" } }))],
    });
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let calls = [function_call("0", "test_function", "param1")];
    let mut expected = echoed("well hello there\nYou are a helpful assistant", &calls, 8);
    expected["contextId"] = json!("test-conversation-123");
    check(all, expected).await;

    for kind in ["ofUser", "ofSystem", "ofDeveloper", "ofAssistant"] {
        check(inputs(&[said(kind, "two words")]), echoed("two words", &[], 2)).await;
    }
    for (id, arguments) in [("id 123", r#"{"test": "value"}"#), ("call_123", "{}"), ("", "")] {
        let mut call = json!({ "id": id, "function": { "name": "f", "arguments": arguments } });
        let assistant = json!({ "ofAssistant": { "content": [{ "text": "assistant message" }], "toolCalls": [call] } });
        if id.is_empty() {
            call = json!({ "function": { "name": "f" } });
        }
        check(inputs(&[assistant]), echoed("assistant message", &[call], 2)).await;
    }
    let told =
        json!({ "ofTool": { "toolId": "tool-123", "name": "tool name", "content": [{ "text": "tool message" }] } });
    let text = "Tool Response for tool ID 'tool-123' with name 'tool name': tool message";
    check(inputs(std::slice::from_ref(&told)), echoed(text, &[], 12)).await;
    check(inputs(&[said("ofUser", "text"), told]), echoed(&format!("text\n{text}"), &[], 13)).await;
    let four = [
        said("ofUser", "first user message"),
        said("ofAssistant", "first assistant response"),
        said("ofUser", "second user message"),
        said("ofSystem", "system instruction"),
    ];
    let joined = "first user message\nfirst assistant response\nsecond user message\nsystem instruction";
    check(inputs(&four), echoed(joined, &[], 11)).await;
    let three = [json!({ "ofUser": { "content": [{ "text": "a" }, { "text": "b" }] } }), said("ofUser", "c")];
    check(inputs(&three), echoed("a\nb\nc", &[], 3)).await;
    let nothing = json!({ "outputs": [{ "choices": [{ "finishReason": "stop", "message": {} }], "usage": {} }] });
    check(inputs(&[said("ofUser", "")]), nothing.clone()).await;
    check(json!({ "inputs": [{}] }), nothing).await;
    let mut offered = inputs(&[said("ofUser", "x")]);
    offered["tools"] = json!([tool("f", &json!({ "unit": {}, "location": {}, "name": {} })), {}]);
    check(offered, echoed("x", &[function_call("0", "f", "location,name,unit")], 1)).await;
}

#[tokio::test]
async fn errors_have_the_same_code_and_text() {
    let host = Host::echo();
    let check = async |version, component: &str, body: Value, code: &str, text: &str| {
        let expected = Err((code.to_owned(), text.to_owned()));
        assert_eq!(by_both(&host, version, component, &body).await, expected, "{body}");
    };
    for version in [Alpha1, Alpha2] {
        let missing = "failed conversing with component echo: missing inputs in request";
        for body in [json!({ "metadata": { "model": "daprGPT" } }), json!({}), json!({ "inputs": [] })] {
            check(version, "echo", body, "ERR_CONVERSATION_MISSING_INPUTS", missing).await;
        }
        let unknown = "failed finding conversation component nobody";
        for body in [json!({}), json!({ "inputs": [{}] })] {
            check(version, "nobody", body, "ERR_CONVERSATION_NOT_FOUND", unknown).await;
        }
        let twice = json!({ "inputs": [{}], "metadata": { "model": "a", "Model": "b" } });
        let text =
            "failed conversing with component echo: invalid params: metadata key 'model' is given more than once";
        check(version, "echo", twice, "ERR_CONVERSATION_INVALID_PARMS", text).await;
    }
    let known = "'auto', 'none', 'required', or a specific tool name matching the tools available to be used";
    let senseless = [
        (inputs(&[json!({ "invalidField": { "content": [] } })]), "message type cannot be nil".to_owned()),
        (inputs(&[json!({ "ofAssistant": { "toolCalls": [{ "id": "1" }] } })]), "tool types cannot be nil".to_owned()),
        (json!({ "inputs": [{}], "toolChoice": "required" }), format!("tool choice must be {known}")),
        (
            json!({ "inputs": [{}], "toolChoice": "g", "tools": [tool("f", &json!({}))] }),
            format!("tool choice selected was not found. Must be {known}"),
        ),
        (
            json!({ "inputs": [{}], "promptCacheRetention": "-1s" }),
            "promptCacheRetention cannot be negative".to_owned(),
        ),
    ];
    for (body, reason) in senseless {
        let text = format!("failed conversing with component echo: invalid params: {reason}");
        check(Alpha2, "echo", body, "ERR_CONVERSATION_INVALID_PARMS", &text).await;
    }
    let mut body = inputs(&[said("ofUser", "x")]);
    body["tools"] = json!([tool("f", &json!("none"))]);
    let text = "failed conversing with component echo: tool function properties must be a map[string]any, got string";
    check(Alpha2, "echo", body, "ERR_CONVERSATION_INVOKE", text).await;
}

#[tokio::test]
async fn text_of_any_kind_and_length_comes_back_alike() {
    let host = Host::echo();
    let mut texts = vec!["\0\u{1}\u{7f}\u{2028}é🦀 <b>&amp;\"\\/".to_owned(), " ".to_owned(), "a\r\n\tb".to_owned()];
    texts.push("word ".repeat(100_000));
    let mut all = String::new();
    for code in (0..0x3000).filter_map(char::from_u32) {
        write!(all, "{code}").unwrap();
    }
    texts.push(all);
    for text in texts {
        let body = json!({ "inputs": [{ "content": text }] });
        assert_eq!(by_both(&host, Alpha1, "echo", &body).await.unwrap()["outputs"][0]["result"], text.as_str());
        let body = inputs(&[said("ofUser", &text)]);
        let answer = by_both(&host, Alpha2, "echo", &body).await.unwrap();
        assert_eq!(answer["outputs"][0]["choices"][0]["message"]["content"], text.as_str());
    }
}
