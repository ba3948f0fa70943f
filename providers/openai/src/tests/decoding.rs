//! What the codec makes of recorded answers, however they are cut.

use parlor_sdk::testing::{self, Answer as Recorded, Decoded};
use parlor_sdk::types::{ErrorKind, Event, FinishReason};
use parlor_sdk::{Decoder, Headers};
use serde_json::{Value, json};

use crate::OpenAi;
use crate::answer::Answer;

fn decode(status: u16, content_type: &str, streaming: bool, body: &[u8]) -> Decoded {
    let headers = [("content-type", content_type), ("x-request-id", "req_1"), ("retry-after", "3")];
    testing::decode::<OpenAi>(Recorded { status, headers: &headers, streaming, body })
}

/// Events in a form that is short to write down.
fn show(events: &[Event]) -> Vec<String> {
    let place = |candidate: u32, part: u32| format!("{candidate}.{part}");
    events
        .iter()
        .map(|event| match event {
            Event::Started(it) => format!("started {:?} {:?}", it.id.as_deref(), it.model.as_deref()),
            Event::Text(it) => format!("text {} {}", place(it.candidate, it.part), it.text),
            Event::Reasoning(it) => format!("reasoning {} {}", place(it.candidate, it.part), it.text),
            Event::Refusal(it) => format!("refusal {} {}", place(it.candidate, it.part), it.text),
            Event::ToolCall(it) => format!("call {} {} {}", place(it.candidate, it.part), it.id, it.name),
            Event::ToolArguments(it) => format!("arguments {} {}", place(it.candidate, it.part), it.text),
            Event::Part(it) => format!("part {it:?}"),
            Event::Usage(it) => format!("usage {} {} {:?}", it.input, it.output, it.total),
            Event::Finish(it) => format!("finish {} {:?} {:?}", it.candidate, it.reason, it.raw),
            Event::Extension(it) => format!("extension {:?} {} {}", it.candidate, it.name, it.value),
        })
        .collect()
}

#[test]
fn a_whole_completion_is_read() {
    let body = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-5-nano-2025",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "häß \n🦀", "refusal": null, "annotations": []},
             "logprobs": null, "finish_reason": "stop"},
            {"index": 1, "message": {"role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
                {"id": "call_2", "type": "function", "function": {"name": "g", "arguments": ""}}
            ]}, "logprobs": {"content": [1]}, "finish_reason": "tool_calls"},
            {"index": 2, "message": {"refusal": "no"}, "finish_reason": "eos"},
            {"index": 3, "message": {"content": ""}, "finish_reason": null}
        ],
        "usage": {"prompt_tokens": 9, "completion_tokens": 8, "total_tokens": 17,
            "prompt_tokens_details": {"cached_tokens": 1, "audio_tokens": 2},
            "completion_tokens_details": {"reasoning_tokens": 3, "audio_tokens": 4,
                "accepted_prediction_tokens": 5, "rejected_prediction_tokens": 6}}
    });
    let decoded = decode(200, "application/json; charset=utf-8", false, body.to_string().as_bytes());
    assert_eq!(decoded.error, None);
    assert_eq!(
        show(&decoded.events),
        [
            r#"started Some("chatcmpl-1") Some("gpt-5-nano-2025")"#,
            "text 0.0 häß \n🦀",
            "finish 0 FinishReason::Stop None",
            "reasoning 1.0 hm",
            "call 1.1 call_1 f",
            r#"arguments 1.1 {"a":1}"#,
            "call 1.2 call_2 g",
            r#"extension Some(1) logprobs {"content":[1]}"#,
            "finish 1 FinishReason::ToolCalls None",
            "refusal 2.0 no",
            r#"finish 2 FinishReason::Other("eos") None"#,
            "usage 9 8 Some(17)",
            r#"finish 3 FinishReason::Other("unknown") None"#,
        ]
    );
    let usage = decoded.events.iter().find_map(|event| match event {
        Event::Usage(usage) => Some(usage.clone()),
        _ => None,
    });
    let usage = usage.unwrap();
    assert_eq!((usage.cached_input, usage.audio_input, usage.reasoning), (Some(1), Some(2), Some(3)));
    assert_eq!(
        (usage.audio_output, usage.accepted_prediction, usage.rejected_prediction, usage.cache_write),
        (Some(4), Some(5), Some(6), None)
    );
}

fn stream(chunks: &[Value]) -> String {
    chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect()
}

fn delta(delta: impl Into<Value>) -> Value {
    json!({"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta.into(), "finish_reason": null}]})
}

fn finish(reason: &str) -> Value {
    json!({"id": "c", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn check_stream(body: &str, expected: &[&str]) {
    let decoded = decode(200, "text/event-stream", true, body.as_bytes());
    assert_eq!(decoded.error, None);
    assert_eq!(show(&decoded.events), expected);
}

#[test]
fn a_stream_of_text_is_read_to_its_usage() {
    let mut body = String::from(": OPENROUTER PROCESSING\n\n");
    body += &stream(&[
        delta(json!({"role": "assistant", "content": "", "refusal": null})),
        delta(json!({"reasoning": "hm"})),
        delta(json!({"content": "Hé"})),
        delta(json!({"content": "llo"})),
        finish("stop"),
        json!({"id": "c", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}),
    ]);
    body += "data: [DONE]\n\n";
    let expected = [
        r#"started Some("c") Some("m")"#,
        "reasoning 0.0 hm",
        "text 0.1 Héllo",
        "finish 0 FinishReason::Stop None",
        "usage 1 2 Some(3)",
    ];
    check_stream(&body, &expected);
    check_stream(&body.replace('\n', "\r\n"), &expected);
    check_stream(body.trim_end(), &expected);
    check_stream(&body.replace("data: [DONE]\n\n", ""), &expected);
}

#[test]
fn tool_calls_in_a_stream_are_told_apart_by_index_or_id() {
    let calls = |calls: Value| delta(json!({"tool_calls": calls}));
    let by_index = stream(&[
        delta(json!({"content": "ok"})),
        calls(json!([{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}])),
        calls(json!([{"index": 0, "function": {"arguments": "{\"x\""}}])),
        calls(json!([{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{"}}])),
        calls(json!([{"index": 0, "function": {"arguments": ":1}"}}, {"index": 1, "function": {"arguments": "}"}}])),
        finish("tool_calls"),
    ]);
    let expected = [
        r#"started Some("c") Some("m")"#,
        "text 0.0 ok",
        "call 0.1 a f",
        r#"arguments 0.1 {"x""#,
        "call 0.2 b g",
        "arguments 0.2 {",
        "arguments 0.1 :1}",
        "arguments 0.2 }",
        "finish 0 FinishReason::ToolCalls None",
    ];
    check_stream(&by_index, &expected);

    for index in [json!(0), Value::Null] {
        let by_id = stream(&[
            calls(json!([{"index": index, "id": "a", "function": {"name": "f", "arguments": "{}"}}])),
            calls(json!([{"index": index, "id": "b", "function": {"name": "g", "arguments": "{}"}}])),
            finish("tool_calls"),
        ]);
        let expected = [
            r#"started Some("c") Some("m")"#,
            "call 0.0 a f",
            "arguments 0.0 {}",
            "call 0.1 b g",
            "arguments 0.1 {}",
            "finish 0 FinishReason::ToolCalls None",
        ];
        check_stream(&by_id, &expected);
    }
}

#[test]
fn several_candidates_are_kept_apart_and_each_must_finish() {
    let chunk = |index: u32, content: &str, finish: Option<&str>| json!({"choices": [{"index": index, "delta": {"content": content}, "finish_reason": finish}]});
    let mut chunks = vec![chunk(0, "a", None), chunk(1, "b", None), chunk(0, "c", Some("length"))];
    let broken = decode(200, "text/event-stream", true, stream(&chunks).as_bytes());
    assert_eq!(broken.error.unwrap().kind, ErrorKind::Transport);
    chunks.push(chunk(1, "", Some("content_filter")));
    check_stream(
        &stream(&chunks),
        &[
            "started None None",
            "text 0.0 a",
            "text 1.0 b",
            "text 0.0 c",
            "finish 0 FinishReason::Length None",
            "finish 1 FinishReason::ContentFilter None",
        ],
    );
}

#[test]
fn a_broken_stream_is_a_typed_error_and_never_an_invented_end() {
    let begun = stream(&[delta(json!({"content": "Hel"}))]);
    let cut = format!("{begun}data: {{\"choices\": [{{\"ind");
    let done = format!("{begun}data: [DONE]\n\n");
    let garbage = format!("{begun}data: <html>\n\n");
    let error = format!(
        "{begun}data: {{\"error\": {{\"message\": \"boom\", \"type\": \"server_error\", \"code\": null}}}}\n\n"
    );
    let event = format!("{begun}event: error\ndata: {{\"message\": \"slow down\", \"code\": 429}}\n\n");
    let nameless = stream(&[delta(json!({"tool_calls": [{"index": 0, "id": "a", "function": {"arguments": "{}"}}]}))]);
    for (body, kind, retryable, phrase) in [
        ("", ErrorKind::Transport, true, "broke off"),
        (begun.as_str(), ErrorKind::Transport, true, "broke off"),
        (cut.as_str(), ErrorKind::Transport, true, "broke off"),
        (done.as_str(), ErrorKind::Decode, false, "without a finish reason"),
        (garbage.as_str(), ErrorKind::Decode, false, "no chat completion chunk"),
        (error.as_str(), ErrorKind::Upstream, true, "boom"),
        (event.as_str(), ErrorKind::RateLimited, true, "slow down"),
        (nameless.as_str(), ErrorKind::Decode, false, "has no name"),
    ] {
        let error = decode(200, "text/event-stream", true, body.as_bytes()).error.unwrap();
        assert_eq!((&error.kind, error.retryable), (&kind, retryable), "{body}: {}", error.message);
        assert!(error.message.contains(phrase), "{}", error.message);
        assert_eq!(error.request_id.as_deref(), Some("req_1"));
    }
}

#[test]
fn what_came_decides_how_it_is_read() {
    let whole = br#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
    assert_eq!(decode(200, "application/json", true, whole).error, None);
    let streamed = stream(&[delta(json!({"content": "hi"})), finish("stop")]);
    assert_eq!(decode(200, "text/event-stream; charset=utf-8", false, streamed.as_bytes()).error, None);
    for body in [
        &b"<html>"[..],
        b"",
        b"\xff",
        br#"{"choices":[]}"#,
        br#"{"choices":[{"message":{"content":7}}]}"#,
        b"{\"choices\":[{\"message\":{\"content\":\"\xff\"}}]}",
    ] {
        assert_eq!(decode(200, "application/json", false, body).error.unwrap().kind, ErrorKind::Decode);
    }
}

#[test]
fn vendor_errors_are_typed() {
    use ErrorKind as K;
    let openai = |code: &str| json!({"error": {"message": "no", "type": "t", "param": null, "code": code}}).to_string();
    for (status, body, kind, code, tail) in [
        (401, openai("invalid_api_key"), K::Authentication, Some("invalid_api_key"), ": no"),
        (429, openai("insufficient_quota"), K::QuotaExhausted, Some("insufficient_quota"), ": no"),
        (429, openai("rate_limit_exceeded"), K::RateLimited, Some("rate_limit_exceeded"), ": no"),
        (400, openai("context_length_exceeded"), K::ContextLength, Some("context_length_exceeded"), ": no"),
        (400, openai("content_filter"), K::ContentFiltered, Some("content_filter"), ": no"),
        (404, openai("model_not_found"), K::NotFound, Some("model_not_found"), ": no"),
        (400, openai("something_new"), K::InvalidRequest, Some("something_new"), ": no"),
        (403, openai(""), K::Permission, Some("t"), ": no"),
        (
            400,
            r#"{"error":{"code":400,"message":"long","type":"exceed_context_size_error"}}"#.to_owned(),
            K::ContextLength,
            Some("exceed_context_size_error"),
            ": long",
        ),
        (
            400,
            r#"{"object":"error","message":"This model's maximum context length is 5","code":400}"#.to_owned(),
            K::ContextLength,
            Some("400"),
            "length is 5",
        ),
        (400, r#"[{"error":{"code":400,"message":"bad"}}]"#.to_owned(), K::InvalidRequest, Some("400"), ": bad"),
        (500, r#"{"error":"oops"}"#.to_owned(), K::Upstream, None, "500: oops"),
        (422, r#"{"detail":"missing"}"#.to_owned(), K::InvalidRequest, None, ": missing"),
        (502, "<html>Bad Gateway</html>".to_owned(), K::Upstream, None, "code: 502"),
        (503, "no healthy upstream\n".to_owned(), K::Overloaded, None, "503: no healthy upstream"),
        (500, String::new(), K::Upstream, None, "code: 500"),
        (302, String::new(), K::Upstream, None, "code: 302"),
    ] {
        let error = decode(status, "application/json", true, body.as_bytes()).error.unwrap();
        assert_eq!((&error.kind, error.vendor_code.as_deref()), (&kind, code), "{body}");
        assert!(error.message.starts_with(&format!("API returned unexpected status code: {status}")));
        assert!(error.message.ends_with(tail), "{}", error.message);
        assert_eq!((error.http_status, error.retry_after_ms), (Some(status), Some(3_000)));
        assert_eq!(error.request_id.as_deref(), Some("req_1"));
    }
}

#[test]
fn an_endless_or_crowded_answer_is_refused() {
    let crowd: Vec<_> = (0..200).map(|index| json!({"index": index, "message": {}, "finish_reason": "stop"})).collect();
    let body = json!({ "choices": crowd }).to_string();
    let headers = Headers::default();
    let mut answer = Answer::new(200, headers.clone(), false);
    let error = answer.feed(body.as_bytes(), true).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Decode);

    let mut answer = Answer::new(200, headers, true);
    let piece = vec![b'x'; 1 << 20];
    let error = (0..8).find_map(|_| answer.feed(&piece, false).err()).unwrap();
    assert!(error.message.contains("longer than"), "{}", error.message);
}

#[test]
fn a_finish_reason_keeps_the_vendor_s_word_where_it_differs() {
    let body = br#"{"choices":[{"message":{"content":"hi"},"finish_reason":"function_call"}]}"#;
    let decoded = decode(200, "application/json", false, body);
    let finish = decoded.events.iter().find_map(|event| match event {
        Event::Finish(finish) => Some(finish.clone()),
        _ => None,
    });
    let finish = finish.unwrap();
    assert_eq!((finish.reason, finish.raw.as_deref()), (FinishReason::ToolCalls, Some("function_call")));
}
