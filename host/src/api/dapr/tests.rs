//! What the bodies of Dapr's conversation API mean, row by row.

mod broken;

use std::time::Duration;

use prost::Message as _;

use super::object::Struct;
use super::wire::{ConversationInputAlpha2, ConversationRequest, ConversationRequestAlpha2};
use super::{Call, Converse, Envelope, InvalidParams, Rejection, encode_error, protojson};
use crate::conversation::{
    Candidate, FinishReason, Message, Part, Request, Response, ResponseFormat, ResultPart, Role, ToolCall, ToolChoice,
    ToolResult, Usage,
};

fn decode<R: Converse>(name: &str, body: &[u8]) -> Result<Call, Rejection> {
    protojson::decode::<R>(body).map_err(Rejection::MalformedBody)?.into_call(name)
}

fn decode_alpha1(name: &str, body: &[u8]) -> Result<Call, Rejection> {
    decode::<ConversationRequest>(name, body)
}

fn decode_alpha2(name: &str, body: &[u8]) -> Result<Call, Rejection> {
    decode::<ConversationRequestAlpha2>(name, body)
}

fn encode<R: Converse>(envelope: &Envelope, model: Option<&str>, response: Response) -> String {
    let encoded = protojson::encode(&R::answer(envelope.clone(), model, response)).unwrap();
    String::from_utf8(encoded).unwrap()
}

fn encode_alpha1(envelope: &Envelope, response: Response) -> String {
    encode::<ConversationRequest>(envelope, None, response)
}

fn encode_alpha2(envelope: &Envelope, model: Option<&str>, response: Response) -> String {
    encode::<ConversationRequestAlpha2>(envelope, model, response)
}

fn alpha1(body: &str) -> Call {
    decode_alpha1("echo", body.as_bytes()).unwrap_or_else(|rejection| panic!("{body}: {rejection}"))
}

fn alpha2(body: &str) -> Call {
    decode_alpha2("echo", body.as_bytes()).unwrap_or_else(|rejection| panic!("{body}: {rejection}"))
}

fn message(role: Role, parts: Vec<Part>) -> Message {
    Message { role, name: None, parts, extensions: None }
}

fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

/// The value of an `Any` of a well-known type, as it is echoed; `None` if it is refused.
fn check_any(kind: &str, value: &str, echoed: Option<&str>) {
    let any = |value| format!("{{\"@type\":\"type.googleapis.com/google.protobuf.{kind}\",\"value\":{value}}}");
    let body = format!("{{\"inputs\":[{{}}],\"parameters\":{{\"k\":{}}}}}", any(value));
    match (decode_alpha1("echo", body.as_bytes()), echoed) {
        (Ok(call), Some(echoed)) => {
            let encoded =
                encode_alpha1(&call.envelope, Response { candidates: vec![said(vec![])], ..Response::default() });
            let expected = format!("{{\"outputs\":[{{\"parameters\":{{\"k\":{}}}}}]}}", any(echoed));
            assert_eq!(encoded, expected);
        }
        (Err(Rejection::MalformedBody(text)), None) => {
            assert!(text.ends_with(&format!("invalid google.protobuf.{kind} value")), "{text}");
        }
        (result, _) => panic!("{body}: {result:?}"),
    }
}

#[test]
fn an_any_holds_what_its_type_allows() {
    check_any("BoolValue", "true", Some("true"));
    check_any("BoolValue", "\"true\"", None);
    check_any("BytesValue", "\"aGk=\"", Some("\"aGk=\""));
    check_any("BytesValue", "\"a\"", None);
    check_any("DoubleValue", "\"NaN\"", Some("\"NaN\""));
    check_any("DoubleValue", "\"1.5\"", Some("1.5"));
    check_any("Duration", "\"1.5s\"", Some("\"1.500s\""));
    check_any("Duration", "\"1h\"", None);
    check_any("Empty", "{\"a\":1}", Some("{}"));
    check_any("FieldMask", "\"fooBar.baz,q\"", Some("\"fooBar.baz,q\""));
    check_any("FieldMask", "\"foo_bar\"", None);
    check_any("FloatValue", "0.1", Some("0.1"));
    check_any("FloatValue", "1e39", None);
    check_any("Int32Value", "\"-7\"", Some("-7"));
    check_any("Int32Value", "2147483648", None);
    check_any("Int64Value", "100", Some("\"100\""));
    check_any("Int64Value", "\"9223372036854775807\"", Some("\"9223372036854775807\""));
    check_any("Int64Value", "\"9223372036854775808\"", None);
    check_any("Int64Value", "1e2", Some("\"100\""));
    check_any("Int64Value", "1.5", None);
    check_any("ListValue", "[1, {\"a\": null}]", Some("[1,{\"a\":null}]"));
    check_any("ListValue", "{}", None);
    let nested = |depth: usize| "{\"a\":".repeat(depth) + "{}" + &"}".repeat(depth);
    check_any("Struct", &nested(30), Some(&nested(30)));
    check_any("Struct", &nested(40), None);
    check_any("StringValue", "\"x\"", Some("\"x\""));
    check_any("StringValue", "1", None);
    check_any("Struct", "{\"a\": 1}", Some("{\"a\":1}"));
    check_any("Struct", "{\"a\":1,\"a\":2}", None);
    check_any("Timestamp", "\"2024-02-29T23:59:59.5Z\"", Some("\"2024-02-29T23:59:59.500Z\""));
    check_any("Timestamp", "\"2023-02-29T00:00:00Z\"", None);
    check_any("UInt32Value", "-1", None);
    check_any("UInt64Value", "\"18446744073709551615\"", Some("\"18446744073709551615\""));
    check_any("Value", "null", Some("null"));
}

#[test]
fn what_protobuf_lets_pass_is_let_pass() {
    for body in [
        r#"{"inputs":[{}],"unknown":{"a":[1e999,{"a":1,"a":2}]},"inputz":1,"Inputs":2}"#,
        r#"{"inputs":[{}],"metadata":null,"parameters":null,"temperature":null,"scrubPII":null,"name":"other"}"#,
        r#"{"inputs":[{}],"parameters":{"a":{},"b":{"value":1,"value":2,"x":[]}}}"#,
        r#"{"inputs":[{}],"parameters":{"a":{"value":{},"@type":"google.protobuf.Struct"}}}"#,
        r#"{"inputs":[{}],"parameters":{"a":{"@type":"type.googleapis.com/google.protobuf.Empty"}}}"#,
        "\t{\"\\u0069nputs\" :\r\n[{}]} ",
    ] {
        assert_eq!(alpha1(body).request.messages, [message(Role::User, vec![text("")])], "{body}");
        assert_eq!(alpha2(body).request.messages, [], "{body}");
    }
}

#[test]
fn what_is_below_zero_or_no_number_is_no_temperature() {
    let check = |value: &str, expected: Option<f64>| {
        let body = format!("{{\"inputs\":[{{}}],\"temperature\":{value}}}");
        assert_eq!(alpha1(&body).request.sampling.temperature, expected, "{value}");
        assert_eq!(alpha2(&body).request.sampling.temperature, expected, "{value}");
    };
    check("0.7", Some(0.7));
    check("\"0.5\"", Some(0.5));
    check("2", Some(2.0));
    check("-1", None);
    check("null", None);
    check("0", Some(0.0));
    check("\"NaN\"", None);
    check("\"Infinity\"", None);
    check("\"-Infinity\"", None);
}

#[test]
fn scrub_flags_are_read_in_each_spelling_and_as_text() {
    for name in ["scrubPII", "scrubPii", "scrub_pii"] {
        for value in ["true", "\"true\""] {
            let flag = format!("\"{name}\":{value}");
            let call = alpha1(&format!("{{\"inputs\":[{{}},{{{flag}}},{{\"{name}\":false}}]}}"));
            assert_eq!((call.scrub.messages, call.scrub.answer), (vec![false, true, false], false), "{flag}");
            let messages = r#""messages":[{"ofUser":{}},{"ofTool":{}}]"#;
            let call = alpha2(&format!("{{{flag},\"inputs\":[{{{messages},{flag}}},{{{messages}}}]}}"));
            assert_eq!((call.scrub.messages, call.scrub.answer), (vec![true, true, false, false], true), "{flag}");
        }
    }
}

#[test]
fn alpha1_roles_are_matched_exactly() {
    let check = |sent: &str, role: Role| {
        let call = alpha1(&format!("{{\"inputs\":[{{\"content\":\"hi\",\"role\":\"{sent}\"}}]}}"));
        assert_eq!(call.request.messages, [message(role, vec![text("hi")])], "{sent}");
    };
    check("user", Role::User);
    check("human", Role::User);
    check("system", Role::System);
    check("assistant", Role::Assistant);
    check("ai", Role::Assistant);
    check("tool", Role::Tool);
    check("function", Role::Other("function".to_owned()));
    check("generic", Role::User);
    check("developer", Role::User);
    check("System", Role::User);
    check("", Role::User);
}

#[test]
fn metadata_may_override_the_component_and_the_rest_goes_on_in_alpha2_only() {
    let body = r#"{"inputs":[{}],"metadata":{"Model":"m","KEY":"k","cachettl":"10m","endpoint":"e","a":"b","A":"c"}}"#;
    let call = alpha2(body);
    assert_eq!(call.request.model.as_deref(), Some("m"));
    assert_eq!(call.overrides.key.map(|key| key.expose().to_owned()).as_deref(), Some("k"));
    assert_eq!(call.overrides.cache_ttl, Some(Duration::from_secs(600)));
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(call.request.metadata, [pair("A", "c"), pair("a", "b"), pair("endpoint", "e")]);
    let call = alpha1(body);
    assert_eq!((call.request.model.as_deref(), call.request.metadata), (Some("m"), vec![]));

    let rejection = decode_alpha1("echo", br#"{"inputs":[{}],"metadata":{"key":"a","Key":"b"}}"#).unwrap_err();
    assert_eq!(
        rejection,
        Rejection::InvalidParams { component: "echo".to_owned(), reason: InvalidParams::RepeatedOverride("key") }
    );
    for (field, expected) in [(r#""cacheTTL":"5m""#, 300), (r#""cache_ttl":600"#, 600), (r#""cacheTTL":"0""#, 0)] {
        let call = alpha2(&format!("{{\"inputs\":[{{}}],{field},\"metadata\":{{\"cacheTTL\":\"1h\"}}}}"));
        assert_eq!(call.overrides.cache_ttl, Some(Duration::from_secs(expected)));
    }
}

#[test]
fn a_key_in_the_metadata_is_in_no_debug_output() {
    let call = alpha2(r#"{"inputs":[{}],"metadata":{"key":"hunter2"}}"#);
    assert!(!format!("{call:?}").contains("hunter2"));
}

/// The body of Dapr's own test of all fields, with the unknown `scrubPII` of its inputs, which is known here.
const ALL_FIELDS: &str = r#"{
  "name": "test-alpha2-echo", "contextId": "test-conversation-123",
  "inputs": [
    {"messages": [{"ofUser": {"content": [{"text": "well hello there"}]}}], "scrubPII": false},
    {"messages": [{"of_system": {"name": "s", "content": [{"text": "You are a helpful assistant"}]}}]}
  ],
  "parameters": {
    "max_tokens": {"@type": "type.googleapis.com/google.protobuf.Int64Value", "value": "100"},
    "model": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": "test-model"}
  },
  "metadata": {"api_key": "test-key", "version": "1.0"},
  "scrubPii": false, "temperature": 0.7,
  "responseFormat": {"type": "object", "name": "answer", "strict": true, "properties": {"a": {"type": "string"}}},
  "promptCacheRetention": "86400s",
  "tools": [{"function": {"name": "test_function", "description": "A test function",
    "parameters": {"type": "object", "properties": {"param1": {"type": "string"}}}}}, {}],
  "tool_choice": "auto"
}"#;

#[test]
fn every_field_of_alpha2_has_its_place() {
    let Call { request, envelope, scrub, .. } = alpha2(ALL_FIELDS);
    let system = message(Role::System, vec![text("You are a helpful assistant")]);
    assert_eq!(request.messages, [message(Role::User, vec![text("well hello there")]), system]);
    assert_eq!(scrub.messages, [false, false]);
    assert_eq!(request.tools.len(), 1);
    assert_eq!(request.tools[0].description.as_deref(), Some("A test function"));
    assert_eq!(request.tools[0].parameters, r#"{"type":"object","properties":{"param1":{"type":"string"}}}"#);
    assert_eq!(request.tool_choice, Some(ToolChoice::Auto));
    assert_eq!(request.sampling.temperature, Some(0.7));
    assert_eq!(request.prompt_cache.unwrap().retention.unwrap().as_secs(), 86_400);
    assert_eq!(request.metadata.len(), 2);
    let Some(ResponseFormat::JsonSchema(format)) = request.response_format else { panic!("no schema") };
    assert_eq!((format.name.as_deref(), format.strict, format.description), (Some("answer"), Some(true), None));
    assert!(format.schema.starts_with(r#"{"type":"object","name":"answer""#), "{}", format.schema);
    let answer = encode_alpha2(&envelope, None, Response::default());
    assert_eq!(answer, r#"{"contextId":"test-conversation-123"}"#);
}

#[test]
fn a_request_means_the_same_in_protobuf() {
    let by_json: ConversationRequestAlpha2 = protojson::decode(ALL_FIELDS.as_bytes()).unwrap();
    let by_protobuf = ConversationRequestAlpha2::decode(by_json.encode_to_vec().as_slice()).unwrap();
    assert_eq!(by_protobuf, by_json);
    let (mut one, mut other) = (by_json.into_call("echo").unwrap(), by_protobuf.into_call("echo").unwrap());
    let schema = |call: &mut Call| match call.request.response_format.take() {
        Some(ResponseFormat::JsonSchema(format)) => format,
        format => panic!("{format:?}"),
    };
    let (one_schema, other_schema) = (schema(&mut one), schema(&mut other));
    // Protobuf does not keep the order of keys.
    let sorted = r#"{"name":"answer","properties":{"a":{"type":"string"}},"strict":true,"type":"object"}"#;
    assert_eq!(other_schema.schema, sorted);
    assert_eq!((one_schema.name, one_schema.strict), (other_schema.name, other_schema.strict));
    one.request.tools[0].parameters = other.request.tools[0].parameters.clone();
    assert_eq!(one.request, other.request);
    assert_eq!(one.scrub, other.scrub);
}

#[test]
fn a_schema_holds_what_json_can_hold() {
    let check = |value: f64, expected: &str| {
        let kind = Some(prost_types::value::Kind::NumberValue(value));
        let fields = [("maximum".to_owned(), prost_types::Value { kind })].into();
        let format = Some(Struct::Tree(prost_types::Struct { fields }));
        let inputs = vec![ConversationInputAlpha2::default()];
        let request = ConversationRequestAlpha2 { inputs, response_format: format, ..Default::default() };
        let found = match request.into_call("c").map(|call| call.request.response_format) {
            Ok(Some(ResponseFormat::JsonSchema(format))) => format.schema,
            Ok(format) => panic!("{format:?}"),
            Err(rejection) => rejection.to_string(),
        };
        assert_eq!(found, expected);
    };
    check(3.0, r#"{"maximum":3}"#);
    check(-2.5, r#"{"maximum":-2.5}"#);
    check(1e300, r#"{"maximum":1e+300}"#);
    let refusal = "failed conversing with component c: invalid params: a JSON Schema can't hold this:";
    check(f64::NAN, &format!("{refusal} NaN is no number in JSON"));
    check(f64::NEG_INFINITY, &format!("{refusal} -inf is no number in JSON"));
}

#[test]
fn the_context_is_read_in_each_spelling() {
    for name in ["contextID", "contextId", "context_id"] {
        let body = format!("{{\"inputs\":[{{}}],\"{name}\":\"c\"}}");
        assert_eq!(encode_alpha1(&alpha1(&body).envelope, Response::default()), r#"{"contextID":"c"}"#);
        assert_eq!(encode_alpha2(&alpha2(&body).envelope, None, Response::default()), r#"{"contextId":"c"}"#);
    }
}

#[test]
fn alpha2_messages_keep_their_role_and_the_order_of_their_parts() {
    let call = alpha2(
        r#"{"inputs":[{"messages":[
            {"ofDeveloper":{"content":[{"text":"a"},{}]}},
            {"ofAssistant":{"content":[{"text":"b"}],"tool_calls":[
                {"id":"id 123","function":{"name":"f","arguments":"{\"test\": \"value\"}"}},{"function":{}}]}},
            {"of_tool":{"toolId":"t","name":"n","content":[{"text":"c"},{"text":"d"}]}}]},{"messages":null}]}"#,
    );
    let tool_call = |id: &str, name: &str, arguments: &str| {
        Part::ToolCall(ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() })
    };
    let result = ToolResult {
        call_id: "t".to_owned(),
        name: Some("n".to_owned()),
        parts: vec![ResultPart::Text("c".to_owned()), ResultPart::Text("d".to_owned())],
        is_error: false,
    };
    let calls = vec![text("b"), tool_call("id 123", "f", r#"{"test": "value"}"#), tool_call("", "", "")];
    assert_eq!(
        call.request.messages,
        [
            message(Role::Developer, vec![text("a"), text("")]),
            message(Role::Assistant, calls),
            message(Role::Tool, vec![Part::ToolResult(result)]),
        ]
    );
    assert_eq!(call.request, Request { messages: call.request.messages.clone(), ..Request::default() });
}

#[test]
fn senseless_requests_get_the_texts_of_dapr() {
    let check = |body: &str, expected: &str| {
        let rejection = decode_alpha2("my llm", body.as_bytes()).unwrap_err();
        assert_eq!(rejection.to_string(), format!("failed conversing with component my llm: {expected}"), "{body}");
    };
    for body in ["", "{}", r#"{"inputs":[]}"#, r#"{"inputs":null}"#, r#"{"metadata": {"model": "daprGPT"} }"#] {
        check(body, "missing inputs in request");
        assert_eq!(
            decode_alpha1("c", body.as_bytes()).unwrap_err(),
            Rejection::MissingInputs("c".to_owned()),
            "{body}"
        );
    }
    let nil = "invalid params: message type cannot be nil";
    check(r#"{"inputs":[{"messages":[{}]}],"toolChoice":"required"}"#, nil);
    check(r#"{"inputs":[{"messages":[{"invalidField":{"content":[]}}]}]}"#, nil);
    check(r#"{"inputs":[{"messages":[{"ofUser":null}]}]}"#, nil);
    let no_function = r#"{"inputs":[{"messages":[{"ofAssistant":{"toolCalls":[{"id":"1"}]}}]}]}"#;
    check(no_function, "invalid params: tool types cannot be nil");
    let known = "'auto', 'none', 'required', or a specific tool name matching the tools available to be used";
    check(r#"{"inputs":[{}],"toolChoice":"required"}"#, &format!("invalid params: tool choice must be {known}"));
    check(
        r#"{"inputs":[{}],"toolChoice":"F","tools":[{"function":{"name":"f"}}]}"#,
        &format!("invalid params: tool choice selected was not found. Must be {known}"),
    );
    check(
        r#"{"inputs":[{}],"metadata":{"cacheTTL":"often"}}"#,
        "invalid params: cacheTTL: `often` is not a duration such as `30s` or `1h30m`",
    );
    check(r#"{"inputs":[{}],"cacheTTL":"-1m"}"#, "invalid params: cacheTTL: `-1m` is negative");
    let negative = "invalid params: promptCacheRetention cannot be negative";
    check(r#"{"inputs":[{}],"promptCacheRetention":"-.5s"}"#, negative);
}

#[test]
fn tool_choice_is_held_against_the_tools() {
    let check = |choice: &str, tools: &str, expected: Option<ToolChoice>| {
        let call = alpha2(&format!("{{\"inputs\":[{{}}],\"toolChoice\":{choice},\"tools\":{tools}}}"));
        assert_eq!(call.request.tool_choice, expected, "{choice} {tools}");
    };
    let tools = r#"[{"function":{"name":"f"}}]"#;
    check("null", "[]", None);
    check("null", "[{}]", None);
    check("null", tools, Some(ToolChoice::Auto));
    check("\"\"", tools, Some(ToolChoice::Auto));
    check("\"auto\"", "[]", Some(ToolChoice::Auto));
    check("\"none\"", tools, Some(ToolChoice::None));
    check("\"required\"", tools, Some(ToolChoice::Required));
    check("\"f\"", tools, Some(ToolChoice::Named("f".to_owned())));
    check("\"g\"", "[]", Some(ToolChoice::Named("g".to_owned())));
    check("\"required\"", "[{}]", Some(ToolChoice::Required));
}

fn said(parts: Vec<Part>) -> Candidate {
    Candidate { index: 0, parts, finish_reason: FinishReason::Stop, raw_finish_reason: None, extensions: vec![] }
}

#[test]
fn alpha1_answers_have_one_result_for_each_candidate() {
    let check = |envelope: &Envelope, candidates: Vec<Candidate>, expected: &str| {
        assert_eq!(encode_alpha1(envelope, Response { candidates, ..Response::default() }), expected);
    };
    let none = Envelope::default();
    check(&none, vec![], "{}");
    check(&none, vec![said(vec![])], r#"{"outputs":[{}]}"#);
    let quoted = vec![text("<a> & \"b\""), text("\n")];
    check(
        &none,
        vec![said(quoted), said(vec![text("c")])],
        r#"{"outputs":[{"result":"<a> & \"b\"\n"},{"result":"c"}]}"#,
    );
    let any = r#"{"@type":"type.googleapis.com/google.protobuf.StringValue","value":"x"}"#;
    let body = format!("{{\"contextID\":\"c\",\"inputs\":[{{}}],\"parameters\":{{\"b\":{{}},\"a\":{any}}}}}");
    let output = |result: &str| format!("{{\"result\":\"{result}\",\"parameters\":{{\"a\":{any},\"b\":{{}}}}}}");
    check(
        &alpha1(&body).envelope,
        vec![said(vec![text("x")]), said(vec![text("y")])],
        &format!("{{\"contextID\":\"c\",\"outputs\":[{},{}]}}", output("x"), output("y")),
    );
}

fn check_alpha2(model: Option<&str>, candidates: Vec<Candidate>, usage: Option<Usage>, expected: &str) {
    let response = Response { candidates, usage, model: Some("reported".to_owned()), ..Response::default() };
    assert_eq!(encode_alpha2(&Envelope::default(), model, response), expected);
}

#[test]
fn alpha2_answers_have_one_output_with_one_choice_for_each_candidate() {
    check_alpha2(
        None,
        vec![said(vec![])],
        Some(Usage::default()),
        r#"{"outputs":[{"choices":[{"finishReason":"stop","message":{}}],"usage":{}}]}"#,
    );
    let call = Part::ToolCall(ToolCall { id: "0".to_owned(), name: "f".to_owned(), arguments: "{}".to_owned() });
    let bare = Part::ToolCall(ToolCall { name: "g".to_owned(), ..ToolCall::default() });
    let second =
        Candidate { raw_finish_reason: Some("end_turn".to_owned()), ..said(vec![Part::Refusal("no".to_owned())]) };
    let third = Candidate { finish_reason: FinishReason::Other(String::new()), ..said(vec![]) };
    check_alpha2(
        Some("gpt"),
        vec![said(vec![text("a"), call, text("b"), bare]), second, third],
        None,
        concat!(
            r#"{"outputs":[{"choices":[{"finishReason":"stop","message":{"content":"ab","toolCalls":["#,
            r#"{"id":"0","function":{"name":"f","arguments":"{}"}},{"function":{"name":"g"}}]}}],"model":"gpt"},"#,
            r#"{"choices":[{"finishReason":"end_turn","index":"1","message":{"content":"no"}}],"model":"gpt"},"#,
            r#"{"choices":[{"finishReason":"unknown","index":"2","message":{}}],"model":"gpt"}]}"#
        ),
    );
}

#[test]
fn usage_is_on_each_output_with_numbers_as_strings() {
    let check = |usage: Usage, expected: &str| {
        let output = format!("{{\"choices\":[{{\"finishReason\":\"stop\",\"message\":{{}}}}],\"usage\":{expected}}}");
        check_alpha2(None, vec![said(vec![])], Some(usage), &format!("{{\"outputs\":[{output}]}}"));
    };
    let sums = r#""completionTokens":"8","promptTokens":"9","totalTokens":"#;
    let plain = Usage { input: 9, output: 8, ..Usage::default() };
    check(plain.clone(), &format!("{{{sums}\"17\"}}"));
    check(Usage { total: Some(20), cached_input: Some(0), ..plain.clone() }, &format!("{{{sums}\"20\"}}"));
    let detailed = Usage {
        cached_input: Some(1),
        audio_input: Some(2),
        accepted_prediction: Some(3),
        audio_output: Some(4),
        reasoning: Some(5),
        rejected_prediction: Some(6),
        ..plain
    };
    let completion =
        r#"{"acceptedPredictionTokens":"3","audioTokens":"4","reasoningTokens":"5","rejectedPredictionTokens":"6"}"#;
    let prompt = r#"{"audioTokens":"2","cachedTokens":"1"}"#;
    check(
        detailed,
        &format!("{{{sums}\"17\",\"completionTokensDetails\":{completion},\"promptTokensDetails\":{prompt}}}"),
    );
}

#[test]
fn an_error_is_a_code_and_a_message() {
    let body = encode_error("ERR_X", "no \"y\" <z>\n");
    assert_eq!(String::from_utf8(body).unwrap(), r#"{"errorCode":"ERR_X","message":"no \"y\" <z>\n"}"#);
}
