//! The HTTP API as Dapr's clients see it, over HTTP/1.1 and over HTTP/2 without TLS. What a body means in every detail is
//! tested beside the code; here it is whether the host says it.

use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Host, HostBuilder, Wire};

const ALPHA1: &str = "/v1.0-alpha1/conversation/echo/converse";
const ALPHA2: &str = "/v1.0-alpha2/conversation/echo/converse";
const NO_ROUTE: &str = "failed getting app id either from the URL path or the header dapr-app-id";

/// The status, the code and the text of an error, whose separator after `proto:` Dapr's own builds don't agree on.
fn error(answer: &Answer) -> (u16, String, String) {
    assert_eq!(answer.headers["content-type"], "application/json");
    answer.error()
}

fn failed(status: u16, code: &str, message: &str) -> (u16, String, String) {
    (status, code.to_owned(), message.to_owned())
}

/// One message as alpha2 wants it.
fn message(kind: &str, text: &str) -> Value {
    json!({ kind: { "content": [{ "text": text }] } })
}

/// A whole alpha2 answer of the echo component.
fn echoed(content: &str, tool_calls: &[Value], words: u64) -> Value {
    let mut message = json!({ "content": content });
    if !tool_calls.is_empty() {
        message["toolCalls"] = json!(tool_calls);
    }
    let reason = if tool_calls.is_empty() { "stop" } else { "tool_calls" };
    let (one, both) = (words.to_string(), (2 * words).to_string());
    let usage = json!({ "completionTokens": one, "promptTokens": one, "totalTokens": both });
    json!({ "outputs": [{ "choices": [{ "finishReason": reason, "message": message }], "usage": usage }] })
}

fn function_call(id: &str, name: &str, arguments: &str) -> Value {
    json!({ "id": id, "function": { "name": name, "arguments": arguments } })
}

#[tokio::test]
async fn alpha1_answers_as_dapr_does() {
    let host = Host::echo();
    let check = async |body: Value, expected: Value| {
        for client in [&host.client, &host.client.h2c()] {
            let answer = client.post(ALPHA1, body.to_string()).await;
            assert_eq!(answer.ok(), expected, "{body}");
            assert_eq!(answer.headers["content-type"], "application/json");
        }
    };
    let said = |text: &str| json!({ "outputs": [{ "result": text }] });
    check(json!({ "inputs": [{ "content": "well hello there" }] }), said("well hello there")).await;
    check(json!({ "inputs": [{ "content": "one" }, { "content": "two", "role": "assistant" }] }), said("one\ntwo"))
        .await;
    check(json!({ "inputs": [{}] }), json!({ "outputs": [{}] })).await;
    check(
        json!({ "inputs": [{ "content": "clean", "scrubPII": true }], "scrubPII": true, "temperature": 0.7 }),
        said("clean"),
    )
    .await;
    // The documentation writes booleans so.
    check(json!({ "inputs": [{ "content": "clean", "scrubPII": "true" }], "scrubPII": "false" }), said("clean")).await;
    check(json!({ "inputs": [{ "content": "x" }], "scrubPii": true, "unknown": [{}], "name": "other" }), said("x"))
        .await;
    let parameters = json!({
        "max_tokens": { "@type": "type.googleapis.com/google.protobuf.Int64Value", "value": "100" },
        "model": { "@type": "type.googleapis.com/google.protobuf.StringValue", "value": "claude" },
    });
    check(
        json!({ "contextID": "c-1", "inputs": [{ "content": "x" }], "parameters": parameters, "metadata": { "k": "v" } }),
        json!({ "contextID": "c-1", "outputs": [{ "result": "x", "parameters": parameters }] }),
    )
    .await;
}

#[tokio::test]
async fn alpha2_takes_every_field() {
    let host = Host::echo();
    let tool = json!({ "function": {
        "name": "test_function",
        "description": "a function",
        "parameters": { "type": "object", "properties": { "param1": { "type": "string" } } },
    } });
    let camel = json!({
        "name": "other",
        "contextId": "test-conversation-123",
        "inputs": [
            { "messages": [message("ofUser", "well hello there")], "scrubPII": false },
            { "messages": [message("ofSystem", "You are a helpful assistant")], "scrubPii": false },
        ],
        "parameters": {
            "max_tokens": { "@type": "type.googleapis.com/google.protobuf.Int64Value", "value": "100" },
            "untyped": {},
        },
        "metadata": { "api_key": "test-key" },
        "scrubPii": false,
        "temperature": 0.7,
        "responseFormat": { "type": "object", "properties": {}, "required": [] },
        "promptCacheRetention": "86400s",
        "tools": [tool],
        "toolChoice": "auto",
    });
    let snake = json!({
        "context_id": "test-conversation-123",
        "inputs": [{ "messages": [
            message("of_user", "well hello there"),
            message("of_system", "You are a helpful assistant"),
        ], "scrub_pii": "false" }],
        "scrub_pii": "false",
        "response_format": { "type": "object" },
        "prompt_cache_retention": "1.5s",
        "tools": [tool],
        "tool_choice": "test_function",
    });
    let calls = [function_call("0", "test_function", "param1")];
    let mut expected = echoed("well hello there\nYou are a helpful assistant", &calls, 8);
    expected["contextId"] = json!("test-conversation-123");
    for body in [camel, snake] {
        for client in [&host.client, &host.client.h2c()] {
            assert_eq!(client.alpha2_body("echo", &body).await.ok(), expected, "{body}");
        }
    }
}

#[tokio::test]
async fn alpha2_answers_each_kind_of_message_as_dapr_does() {
    let host = Host::echo();
    let check = async |messages: Value, expected: Value| {
        let body = json!({ "inputs": [{ "messages": messages }] });
        assert_eq!(host.client.alpha2_body("echo", &body).await.ok(), expected, "{body}");
    };
    for kind in ["ofUser", "of_user", "ofSystem", "of_system", "ofDeveloper", "of_developer"] {
        check(json!([message(kind, "two words")]), echoed("two words", &[], 2)).await;
    }
    for (calls, id) in [("toolCalls", "id 123"), ("tool_calls", "call_123")] {
        let call = function_call(id, "test_function", r#"{"test": "value"}"#);
        let assistant = json!({ "ofAssistant": { "content": [{ "text": "assistant message" }], calls: [call] } });
        check(json!([assistant]), echoed("assistant message", &[call], 2)).await;
    }
    for id in ["toolId", "tool_id"] {
        let tool =
            json!({ "ofTool": { id: "tool-123", "name": "tool name", "content": [{ "text": "tool message" }] } });
        let told = "Tool Response for tool ID 'tool-123' with name 'tool name': tool message";
        check(json!([tool]), echoed(told, &[], 12)).await;
    }
    check(
        json!([
            message("ofUser", "first user message"),
            message("ofAssistant", "first assistant response"),
            message("ofUser", "second user message"),
            message("ofSystem", "system instruction"),
        ]),
        echoed("first user message\nfirst assistant response\nsecond user message\nsystem instruction", &[], 11),
    )
    .await;
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_told_so_in_daprs_words() {
    let host = Host::echo();
    let check = async |path: &str, body: Value, code: &str, message: &str| {
        assert_eq!(error(&host.client.post(path, body.to_string()).await), failed(400, code, message), "{body}");
    };
    let missing = "failed conversing with component echo: missing inputs in request";
    for path in [ALPHA1, ALPHA2] {
        for body in [json!({ "metadata": { "model": "daprGPT" } }), json!({ "inputs": [] }), json!({})] {
            check(path, body, "ERR_CONVERSATION_MISSING_INPUTS", missing).await;
        }
        assert_eq!(error(&host.client.post(path, "").await), failed(400, "ERR_CONVERSATION_MISSING_INPUTS", missing));
        let other = path.replace("echo", "nobody");
        for body in [json!({ "inputs": [{ "content": "x" }] }), json!({})] {
            let message = "failed finding conversation component nobody";
            check(&other, body, "ERR_CONVERSATION_NOT_FOUND", message).await;
        }
    }
    let tool = json!({ "function": { "name": "known" } });
    for (message, extra, reason) in [
        (json!({ "invalidField": {} }), json!({}), "message type cannot be nil"),
        (json!({ "ofAssistant": { "toolCalls": [{ "id": "1" }] } }), json!({}), "tool types cannot be nil"),
        (
            message("ofUser", "x"),
            json!({ "toolChoice": "required" }),
            "tool choice must be 'auto', 'none', 'required', or a specific tool name matching the tools available to be used",
        ),
        (
            message("ofUser", "x"),
            json!({ "toolChoice": "unknown", "tools": [tool] }),
            "tool choice selected was not found. Must be 'auto', 'none', 'required', or a specific tool name matching the tools available to be used",
        ),
    ] {
        let mut body = json!({ "inputs": [{ "messages": [message] }] });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let told = format!("failed conversing with component echo: invalid params: {reason}");
        check(ALPHA2, body, "ERR_CONVERSATION_INVALID_PARMS", &told).await;
    }
}

/// Bodies that Dapr refuses, each with what its text has of the reason.
const MALFORMED: [(&str, &str); 23] = [
    ("[]", "unexpected token ["),
    (r#""text""#, "unexpected token"),
    ("null", "unexpected token null"),
    ("hello", "invalid value hello"),
    (" \n ", "(line 2:2): unexpected token"),
    (r#"{"inputs":[{"content":"x"}]"#, "unexpected EOF"),
    (r#"{"inputs":[{"content":"x"}]} {}"#, "unexpected token {"),
    (r#"{"inputs":[{"content":"x"},]}"#, "unexpected token ]"),
    ("{\"inputs\":[] // none\n}", "syntax error"),
    (r#"{"inputs":{}}"#, "unexpected token {"),
    (r#"{"inputs":[null]}"#, "null"),
    (r#"{"inputs":[],"inputs":[]}"#, r#"duplicate field "inputs""#),
    (r#"{"scrubPII":1}"#, "invalid value for bool field scrubPII: 1"),
    (r#"{"scrubPII":"yes"}"#, r#"invalid value for bool field scrubPII: "yes""#),
    (r#"{"temperature":true}"#, "invalid value for double field temperature: true"),
    (r#"{"temperature":"warm"}"#, r#"invalid value for double field temperature: "warm""#),
    (r#"{"contextID":1}"#, "invalid value for string field contextID: 1"),
    (r#"{"metadata":{"a":1}}"#, "1"),
    (r#"{"metadata":{"a":"1","a":"2"}}"#, "duplicate"),
    (r#"{"parameters":{"a":"text"}}"#, "unexpected token"),
    (
        r#"{"parameters":{"a":{"@type":"type.googleapis.com/foo.Bar"}}}"#,
        r#"unable to resolve "type.googleapis.com/foo.Bar""#,
    ),
    ("{\"contextID\":\"\u{1}\"}", "invalid character"),
    (r#"{"contextID":"\x"}"#, "invalid escape code"),
];

/// The same of what only alpha2 has.
const MALFORMED_ALPHA2: [(&str, &str); 7] = [
    (r#"{"contextId":"a","context_id":"b"}"#, "duplicate field"),
    (
        r#"{"inputs":[{"messages":[{"ofUser":{},"ofSystem":{}}]}]}"#,
        "oneof dapr.proto.runtime.v1.ConversationMessage.message_types is already set",
    ),
    (r#"{"responseFormat":"text"}"#, "unexpected token"),
    (r#"{"tools":[{"function":{"parameters":[]}}]}"#, "unexpected token ["),
    (r#"{"promptCacheRetention":"24h"}"#, "24h"),
    (r#"{"promptCacheRetention":86400}"#, "86400"),
    (r#"{"promptCacheRetention":{"seconds":1}}"#, "unexpected token {"),
];

#[tokio::test]
async fn a_malformed_body_gets_the_error_that_daprs_clients_know() {
    let host = Host::echo();
    let check = async |path: &str, body: &'static str, reason: &str| {
        let (status, code, message) = error(&host.client.post(path, body).await);
        assert_eq!((status, code.as_str()), (400, "ERR_MALFORMED_REQUEST"), "{body}");
        assert!(message.starts_with("failed deserializing HTTP body: proto: "), "{body}: {message}");
        assert!(message.contains(reason), "{body}: {message}");
    };
    for (body, reason) in MALFORMED {
        check(ALPHA1, body, reason).await;
        // A component that is not there makes no difference: the body is read first.
        check("/v1.0-alpha1/conversation/nobody/converse", body, reason).await;
    }
    for (body, reason) in MALFORMED_ALPHA2 {
        check(ALPHA2, body, reason).await;
    }
}

#[tokio::test]
async fn a_body_is_read_up_to_the_limit() {
    let host = HostBuilder::new().component("echo", "conversation.echo", &[]).argument("--max-body-size=1Ki").start();
    let body = |length: usize| {
        let frame = r#"{"inputs":[{"content":""}]}"#.len();
        json!({ "inputs": [{ "content": "x".repeat(length - frame) }] }).to_string()
    };
    for client in [&host.client, &host.client.h2c()] {
        client.post(ALPHA1, body(1024)).await.ok();
        let expected = failed(400, "ERR_BODY_READ", "failed to read request body: stream too large");
        assert_eq!(error(&client.post(ALPHA1, body(1025)).await), expected);
        client.alpha1("echo", "and the connection is still good").await.ok();
    }
}

#[tokio::test]
async fn what_is_no_route_is_a_call_to_an_unnamed_application() {
    let host = Host::echo();
    for (method, path) in [
        (Method::GET, ALPHA1),
        (Method::PUT, ALPHA2),
        (Method::DELETE, "/v1.0/healthz"),
        (Method::POST, "/v1.0/conversation/echo/converse"),
        (Method::POST, "/v1.0-alpha1/conversation/converse"),
        (Method::POST, "/V1.0-alpha1/conversation/echo/converse"),
        (Method::GET, "/"),
        (Method::GET, "/v1.0/nothing"),
    ] {
        let answer = host.client.method(method.clone(), path).await;
        assert_eq!(error(&answer), failed(404, "ERR_DIRECT_INVOKE", NO_ROUTE), "{method} {path}");
    }
}

#[tokio::test]
async fn a_path_is_read_as_dapr_reads_it() {
    let host =
        HostBuilder::new().component("echo", "conversation.echo", &[]).file("names.yaml", named("my llm")).start();
    let body = || json!({ "inputs": [{ "content": "x" }] }).to_string();
    for path in [
        "//v1.0-alpha1//conversation/echo/converse/",
        "/v1.0-alpha1/conversation/echo/converse?metadata.model=x",
        "/v1.0-alpha1/conversation/e%63ho/converse",
        "/v1.0-alpha1/conversation/my+llm/converse",
        "/v1.0-alpha1/conversation/my%20llm/converse",
    ] {
        assert_eq!(host.client.post(path, body()).await.ok(), json!({ "outputs": [{ "result": "x" }] }), "{path}");
    }
    let slash = host.client.post("/v1.0-alpha1/conversation/a%2Fb/converse", body()).await;
    let told = "failed finding conversation component a/b";
    assert_eq!(error(&slash), failed(400, "ERR_CONVERSATION_NOT_FOUND", told));
    let answer = host.client.post("/v1.0-alpha1/conversation/a%zz/converse", body()).await;
    assert_eq!(answer.status, 400);
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    let text = answer.text();
    assert!(text.starts_with("failed to unescape request parameter \"name\". Error: "), "{text}");
}

fn named(name: &str) -> String {
    format!(
        "---\napiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  type: conversation.echo\n"
    )
}

#[tokio::test]
async fn health_and_metadata_are_told() {
    let host = HostBuilder::new().component("echo", "conversation.echo", &[]).argument("--app-id=my-app").start();
    for path in ["/v1.0/healthz", "/v1.0/healthz/outbound", "/v1.0/healthz?appid=my-app", "/v1.0/healthz/"] {
        let answer = host.client.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (204, ""), "{path}");
    }
    let other = host.client.get("/v1.0/healthz?appid=other").await;
    assert_eq!(error(&other), failed(500, "ERR_HEALTH_APPID_NOT_MATCH", "dapr app-id does not match"));
    let metadata = host.client.get("/v1.0/metadata").await.ok();
    assert_eq!(metadata["id"], "my-app");
    assert_eq!(metadata["runtimeVersion"], metadata["extended"]["daprRuntimeVersion"]);
    assert_eq!(metadata["components"], json!([{ "name": "echo", "type": "conversation.echo", "version": "v1" }]));
}

#[tokio::test]
async fn a_token_is_asked_for_everywhere_but_of_probes() {
    let host = HostBuilder::new()
        .component("echo", "conversation.echo", &[])
        .environment("DAPR_API_TOKEN", "right-token")
        .start();
    let call = async |client: &Client, method: Method, path: &str, token: Option<&str>| {
        let mut request = Request::builder().method(method).uri(client.uri(path));
        if let Some(token) = token {
            request = request.header("dapr-api-token", token);
        }
        client.send(request.body(Full::from(r#"{"inputs":[{"content":"x"}]}"#)).unwrap()).await
    };
    for client in [&host.client, &host.client.h2c()] {
        for token in [None, Some(""), Some("wrong"), Some("right-toke"), Some("right-token2"), Some("Right-Token")] {
            for (method, path) in [(Method::POST, ALPHA1), (Method::GET, "/v1.0/metadata"), (Method::GET, "/nothing")] {
                let answer = call(client, method, path, token).await;
                assert_eq!((answer.status.as_u16(), answer.text().as_str()), (401, "invalid api token\n"), "{token:?}");
                assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
            }
        }
        call(client, Method::POST, ALPHA1, Some("right-token")).await.ok();
        for path in ["/v1.0/healthz", "/v1.0/healthz/outbound"] {
            assert_eq!(call(client, Method::GET, path, None).await.status, 204);
            assert_eq!(call(client, Method::POST, path, None).await.status, 401);
        }
    }
}

fn post(body: &str) -> String {
    format!("POST {ALPHA1} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

const HELLO: &str = r#"{"inputs":[{"content":"hello"}]}"#;

#[tokio::test]
async fn one_connection_serves_many_calls() {
    let host = Host::echo();
    let mut wire = Wire::open(host.client.address()).await;
    for _ in 0..20 {
        wire.write(post(HELLO)).await;
        let (head, body) = wire.answer().await.unwrap();
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        assert_eq!(body, r#"{"outputs":[{"result":"hello"}]}"#);
    }
    // Three at once, as a client may send them.
    wire.write(post(HELLO).repeat(3)).await;
    for _ in 0..3 {
        assert_eq!(wire.answer().await.unwrap().1, r#"{"outputs":[{"result":"hello"}]}"#);
    }
}

#[tokio::test]
async fn whatever_a_client_sends_the_next_call_is_answered() {
    let host = Host::echo();
    let whole = post(HELLO);
    let endless_head = format!("POST / HTTP/1.1\r\n{}", "x: y\r\n".repeat(200_000));
    for bytes in [
        &whole.as_bytes()[..10],
        &whole.as_bytes()[..60],
        &whole.as_bytes()[..whole.len() - 5],
        b"\0\0\0\0\0\0\0\0",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\ngarbage that is no frame at all",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"",
        endless_head.as_bytes(),
    ] {
        let mut wire = Wire::open(host.client.address()).await;
        wire.write(bytes).await;
        wire.finish().await;
        // The host ends the connection, perhaps after a 400; it never waits for more.
        let rest = wire.rest().await;
        assert!(!rest.starts_with(b"HTTP/1.1 200"), "{:?} was answered", String::from_utf8_lossy(bytes));
        host.client.alpha1("echo", "still here").await.ok();
    }
}

#[tokio::test]
async fn http_1_0_is_answered_and_closed() {
    let host = Host::echo();
    let mut wire = Wire::open(host.client.address()).await;
    wire.write(post(HELLO).replace("HTTP/1.1", "HTTP/1.0")).await;
    let rest = String::from_utf8(wire.rest().await).unwrap();
    assert!(rest.starts_with("HTTP/1.0 200 OK"), "{rest}");
    assert!(rest.ends_with(r#"{"outputs":[{"result":"hello"}]}"#), "{rest}");
}
