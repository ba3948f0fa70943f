//! What is scrubbed, what is not, and that it is the same whole and as it comes.

use futures_util::{StreamExt, stream};

use super::*;
use crate::conversation::{Delta, ErrorKind, Event, FinishReason, OtherPart, Role, ToolCall, ToolResult};

const RAW: &str = "mail jane.doe@example.com now";
const CLEAN: &str = "mail <EMAIL_ADDRESS> now";

fn message(parts: Vec<Part>) -> Message {
    Message { role: Role::User, name: Some("jane.doe@example.com".to_owned()), parts, extensions: None }
}

fn scrubbed(part: Part) -> Part {
    let mut asked = Request { messages: vec![message(vec![part])], ..Request::default() };
    request(&mut asked, &[true]);
    asked.messages.remove(0).parts.remove(0)
}

#[test]
fn only_flagged_messages_are_scrubbed() {
    let text = || message(vec![Part::Text(RAW.to_owned())]);
    let mut asked = Request { messages: vec![text(), text(), text()], ..Request::default() };
    request(&mut asked, &[true, false]);
    let texts: Vec<_> = asked.messages.iter().map(|message| message.parts[0].clone()).collect();
    assert_eq!(texts, [CLEAN, RAW, RAW].map(|text| Part::Text(text.to_owned())));
    assert_eq!(asked.messages[0].name.as_deref(), Some("jane.doe@example.com"));
}

#[test]
fn every_kind_of_part_that_holds_text_is_scrubbed() {
    let value = |text: &str| format!(r#"{{"note":"{text}"}}"#);
    let call = |text: &str| {
        Part::ToolCall(ToolCall { id: "555-123-4567".into(), name: "send".into(), arguments: value(text) })
    };
    let result = |text: String| {
        let parts = vec![ResultPart::Text(text)];
        Part::ToolResult(ToolResult { call_id: "c".into(), name: None, parts, is_error: false })
    };
    let other = |text: &str| Part::Other(OtherPart { kind: "x".into(), value: value(text) });
    let thought = |text: &str, signature: Option<&str>| {
        Part::Reasoning(Reasoning { text: text.into(), signature: signature.map(str::to_owned), redacted: None })
    };
    for (raw, clean) in [
        (Part::Refusal(RAW.into()), Part::Refusal(CLEAN.into())),
        (call(RAW), call(CLEAN)),
        (result(value(RAW)), result(value(CLEAN))),
        (result(RAW.into()), result(CLEAN.into())),
        (result("4242424242424242".into()), result("<CREDIT_CARD>".into())),
        (other(RAW), other(CLEAN)),
        (thought(RAW, Some("of the raw text")), thought(CLEAN, None)),
        (thought("nothing", Some("kept")), thought("nothing", Some("kept"))),
    ] {
        assert_eq!(scrubbed(raw), clean);
    }
}

fn delta(text: &str) -> Delta {
    Delta { candidate: 0, part: 0, text: text.to_owned() }
}

/// An answer in which nothing comes in one piece.
fn told() -> Vec<Event> {
    let argument = |text: &str| Event::ToolArguments(Delta { part: 1, ..delta(text) });
    vec![
        Event::Started { id: None, model: None },
        Event::Text(delta("mail jane.d")),
        Event::Text(delta("oe@exam")),
        Event::Extension { candidate: Some(0), name: "logprobs".into(), value: r#"["jane","doe"]"#.into() },
        Event::Text(delta("ple.com now")),
        Event::ToolCall { candidate: 0, part: 1, id: "c1".into(), name: "send".into() },
        argument(r#"{"to":"jane.doe"#),
        argument(r#"@example.com"}"#),
        Event::Finish { candidate: 0, reason: FinishReason::Stop, raw: None },
    ]
}

async fn folded(answer: Answer) -> Vec<Part> {
    answer.into_response("tested").await.unwrap().candidates.remove(0).parts
}

#[tokio::test]
async fn an_answer_is_scrubbed_the_same_whole_and_as_it_comes() {
    let arguments = r#"{"to":"<EMAIL_ADDRESS>"}"#.to_owned();
    let call = ToolCall { id: "c1".into(), name: "send".into(), arguments };
    let expected = [Part::Text(CLEAN.to_owned()), Part::ToolCall(call)];
    assert_eq!(folded(answer(Answer::Whole(told()))).await, expected);
    let batches = told().into_iter().map(|event| Ok(vec![event]));
    assert_eq!(folded(answer(Answer::Live(stream::iter(batches).boxed()))).await, expected);
}

#[tokio::test]
async fn what_two_parts_say_together_is_scrubbed() {
    let text = |part, text: &str| Event::Text(Delta { candidate: 0, part, text: text.to_owned() });
    let whole = |part, text: &str| Event::Part { candidate: 0, part, value: Part::Text(text.to_owned()) };
    let finish = Event::Finish { candidate: 0, reason: FinishReason::Stop, raw: None };
    let told = vec![
        text(0, "write to jane.doe@"),
        text(1, "example.com or call 202-"),
        whole(2, "555-0123 or 4242 4242 "),
        whole(3, "4242 4242 today"),
        finish,
    ];
    let said = folded(answer(Answer::Whole(told))).await;
    let texts: String = said.iter().map(|part| if let Part::Text(text) = part { text.as_str() } else { "" }).collect();
    assert_eq!(texts, "write to <EMAIL_ADDRESS> or call <PHONE_NUMBER> or <CREDIT_CARD> today");
}

#[tokio::test]
async fn no_event_tells_what_was_scrubbed() {
    let Answer::Whole(events) = answer(Answer::Whole(told())) else { panic!("it came whole") };
    let told = format!("{events:?}");
    assert!(!told.contains("jane") && !told.contains("doe"), "{told}");
}

#[tokio::test]
async fn an_error_is_scrubbed_wherever_it_comes() {
    let failed = || ConverseError::Provider {
        component: "c".to_owned(),
        error: ProviderError::new(ErrorKind::InvalidRequest, RAW).into(),
    };
    assert_eq!(error(failed()).to_string(), format!("component `c`: {CLEAN}"));
    let batches = stream::iter([Ok(vec![]), Err(failed())]).boxed();
    let Answer::Live(batches) = answer(Answer::Live(batches)) else { panic!("it came live") };
    let last = batches.collect::<Vec<_>>().await.remove(1).unwrap_err();
    assert_eq!(last.to_string(), format!("component `c`: {CLEAN}"));
}
