//! Bodies that are refused: each with what is said of it.

use super::{ALL_FIELDS, alpha1, decode_alpha1, decode_alpha2};
use crate::api::dapr::{Call, Rejection};

/// Both versions refuse the body, with this text after the part that Dapr puts before all of them.
fn check_malformed(body: impl AsRef<[u8]>, text: &str) {
    let body = body.as_ref();
    for decode in [decode_alpha1, decode_alpha2] {
        let rejection = decode("echo", body).unwrap_err();
        assert!(matches!(rejection, Rejection::MalformedBody(_)), "{rejection}");
        let expected = format!("failed deserializing HTTP body: proto: {text}");
        assert_eq!(rejection.to_string(), expected, "{}", body.escape_ascii());
    }
}

fn check_malformed_alpha2(body: &str, text: &str) {
    let rejection = decode_alpha2("echo", body.as_bytes()).unwrap_err();
    assert_eq!(rejection.to_string(), format!("failed deserializing HTTP body: proto: {text}"), "{body}");
}

#[test]
fn malformed_bodies_get_the_texts_of_protobuf() {
    check_malformed("[]", "syntax error (line 1:1): unexpected token [");
    check_malformed("\"x\"", "syntax error (line 1:1): unexpected token \"x\"");
    check_malformed("null", "syntax error (line 1:1): unexpected token null");
    check_malformed("text", "syntax error (line 1:1): invalid value text");
    check_malformed(" \n ", "syntax error (line 2:2): unexpected token ");
    check_malformed("{} {}", "syntax error (line 1:4): unexpected token {");
    check_malformed("{} x", "syntax error (line 1:4): invalid value x");
    check_malformed("// no\n{}", "syntax error (line 1:1): invalid value /");
    check_malformed("{/* no */}", "syntax error (line 1:2): invalid value /");
    check_malformed("{\"inputs\":[{},]}", "syntax error (line 1:15): unexpected token ]");
    check_malformed("{\"inputs\":[],}", "syntax error (line 1:14): unexpected token }");
    check_malformed("{\"inputs\":[", "unexpected EOF");
    check_malformed(
        "{\"inputs\" []}",
        "syntax error (line 1:11): unexpected character [, missing \":\" after field name",
    );
    check_malformed("{\"scrubPII\":True}", "syntax error (line 1:13): invalid value True");
    check_malformed("{\"scrubPII\":tru}", "syntax error (line 1:13): invalid value tru");
    check_malformed("{\"temperature\":01}", "syntax error (line 1:16): invalid value 01");
    check_malformed("{\"name\":\"a\nb\"}", "syntax error (line 1:9): invalid character in string");
    check_malformed(r#"{"name":"\x"}"#, "syntax error (line 1:9): invalid escape code in string");
    check_malformed(r#"{"name":"\ud800"}"#, "syntax error (line 1:9): invalid escape code in string");
    check_malformed(b"{\"name\":\"\xff\"}", "syntax error (line 1:9): invalid UTF-8 in string");
}

#[test]
fn fields_of_a_wrong_type_get_the_texts_of_protobuf() {
    check_malformed(r#"{"temperature":"abc"}"#, "(line 1:16): invalid value for double field temperature: \"abc\"");
    check_malformed(r#"{"temperature":" 1"}"#, "(line 1:16): invalid value for double field temperature: \" 1\"");
    check_malformed(r#"{"temperature":"inf"}"#, "(line 1:16): invalid value for double field temperature: \"inf\"");
    check_malformed(r#"{"temperature":true}"#, "(line 1:16): invalid value for double field temperature: true");
    check_malformed(r#"{"name":1}"#, "(line 1:9): invalid value for string field name: 1");
    check_malformed(r#"{"name":{}}"#, "(line 1:9): invalid value for string field name: {");
    check_malformed(r#"{"inputs":{}}"#, "syntax error (line 1:11): unexpected token {");
    check_malformed(r#"{"inputs":[null]}"#, "syntax error (line 1:12): unexpected token null");
    check_malformed(r#"{"inputs":[[]]}"#, "syntax error (line 1:12): unexpected token [");
    check_malformed(r#"{"metadata":{"a":1}}"#, "(line 1:18): invalid value for string field value: 1");
    check_malformed(r#"{"metadata":{"a":null}}"#, "(line 1:18): invalid value for string field value: null");
    check_malformed(r#"{"metadata":[]}"#, "syntax error (line 1:13): unexpected token [");
    check_malformed("{\n \"é\": 1, \"inputs\": 2}", "syntax error (line 2:20): unexpected token 2");
    for value in [r#""yes""#, "1", "0", "[]"] {
        for (decode, field) in [(decode_alpha1 as fn(&str, &[u8]) -> _, "scrubPII"), (decode_alpha2, "scrubPii")] {
            let body = format!("{{\"{field}\":{value}}}");
            let shown = value.trim_end_matches(']');
            let expected = format!("proto: (line 1:13): invalid value for bool field {field}: {shown}");
            let rejected: Result<Call, _> = decode("echo", body.as_bytes());
            assert_eq!(rejected.unwrap_err(), Rejection::MalformedBody(expected));
        }
    }
}

#[test]
fn what_may_be_there_once_may_not_be_there_twice() {
    check_malformed(r#"{"inputs":[],"inputs":[]}"#, "(line 1:14): duplicate field \"inputs\"");
    check_malformed(r#"{"inputs":null,"inputs":[]}"#, "(line 1:16): duplicate field \"inputs\"");
    check_malformed(r#"{"scrubPII":true,"scrub_pii":true}"#, "(line 1:18): duplicate field \"scrub_pii\"");
    check_malformed(r#"{"metadata":{"a":"b","a":"c"}}"#, "(line 1:22): duplicate map key \"a\"");
    check_malformed(r#"{"parameters":{"a":{},"a":{}}}"#, "(line 1:23): duplicate map key \"a\"");
    check_malformed_alpha2(r#"{"context_id":"a","contextId":"b"}"#, "(line 1:19): duplicate field \"contextId\"");
    check_malformed_alpha2(r#"{"responseFormat":{"a":{"b":1,"b":2}}}"#, "(line 1:31): duplicate map key \"b\"");
    check_malformed_alpha2(
        r#"{"inputs":[{"messages":[{"ofUser":{}, "ofSystem" : {}}]}]}"#,
        "(line 1:39): error parsing \"ofSystem\", oneof dapr.proto.runtime.v1.ConversationMessage.message_types is already set",
    );
}

#[test]
fn structs_durations_and_anys_have_forms_of_their_own() {
    let duration = "(line 1:27): invalid google.protobuf.Duration value";
    for value in [r#""24h""#, r#""10m""#, r#""1""#, r#""s""#, r#""01s""#, r#""1.0000000000s""#, r#""315576000001s""#] {
        check_malformed_alpha2(&format!("{{\"promptCacheRetention\" : {value}}}"), &format!("{duration} {value}"));
    }
    check_malformed_alpha2(r#"{"promptCacheRetention":86400}"#, "syntax error (line 1:25): unexpected token 86400");
    check_malformed_alpha2(r#"{"promptCacheRetention":{"seconds":1}}"#, "syntax error (line 1:25): unexpected token {");
    check_malformed_alpha2(r#"{"responseFormat":"json"}"#, "syntax error (line 1:19): unexpected token \"json\"");
    check_malformed_alpha2(r#"{"responseFormat":[]}"#, "syntax error (line 1:19): unexpected token [");
    check_malformed(r#"{"parameters":{"a":"b"}}"#, "syntax error (line 1:20): unexpected token \"b\"");
    check_malformed(
        r#"{"parameters":{"a":{"@type":"type.googleapis.com/foo.Bar"}}}"#,
        "(line 1:29): unable to resolve \"type.googleapis.com/foo.Bar\": \"not found\"",
    );
    check_malformed(r#"{"parameters":{"a":{"@type":""}}}"#, "(line 1:29): @type field contains empty value");
    check_malformed(r#"{"parameters":{"a":{"@type":1}}}"#, "(line 1:29): @type field value is not a string: 1");
}

#[test]
fn deep_nesting_is_refused_or_ignored_and_never_overflows_the_stack() {
    let deep = |open: &str, close: &str, depth: usize| format!("{}{}", open.repeat(depth), close.repeat(depth));
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let value = deep(open, close, 200_000).replace("{\"a\":}", "{}");
        alpha1(&format!("{{\"inputs\":[{{}}],\"unknown\":{value}}}"));
        check_malformed_alpha2(&format!("{{\"responseFormat\":{{\"a\":{value}}}}}"), "exceeded max recursion depth");
        let any = format!("{{\"@type\":\"google.protobuf.Value\",\"value\":{value}}}");
        let body = format!("{{\"inputs\":[{{}}],\"parameters\":{{\"a\":{any}}}}}");
        assert!(matches!(decode_alpha1("echo", body.as_bytes()), Err(Rejection::MalformedBody(_))));
    }
}

#[test]
fn a_long_token_is_not_repeated_whole() {
    let body = format!("{{\"temperature\":\"{}\"}}", "é".repeat(100_000));
    let rejection = decode_alpha1("echo", body.as_bytes()).unwrap_err();
    assert!(rejection.to_string().len() < 400);
}

#[test]
fn no_body_panics() {
    let seeds = [ALL_FIELDS, r#"{"inputs":[{"content":"é\u00e9","role":"ai"}],"scrubPII":"true","temperature":"1e1"}"#];
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..5_000 {
        let mut body = seeds[round % seeds.len()].as_bytes().to_vec();
        for _ in 0..=random.usize(..3) {
            let at = random.usize(..body.len());
            match random.usize(..4) {
                0 => body[at] = b"{}[]\",:\\0a-.\xff\xc3\n"[random.usize(..15)],
                1 => drop(body.drain(at..(at + 5).min(body.len()))),
                2 => body.truncate(at + 1),
                _ => body.insert(at, b"{}[]\",:\\0tn"[random.usize(..11)]),
            }
            if body.is_empty() {
                body.push(b'{');
            }
        }
        for decode in [decode_alpha1, decode_alpha2] {
            if let Err(Rejection::MalformedBody(text)) = decode("echo", &body) {
                assert!(text.starts_with("proto: "), "{text}");
            }
        }
    }
}
