//! Dapr's own cases for its echo component, whole and as a stream.

use parlor_sdk::testing::{request, settings};
use parlor_sdk::types::{Message, Role};

use super::*;

fn says(role: Role, parts: Vec<Part>) -> Message {
    Message { role, name: None, parts, extensions: None }
}

fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

fn call(id: &str, name: &str, arguments: &str) -> Part {
    Part::ToolCall(ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() })
}

fn tool(name: &str, parameters: &str) -> Tool {
    let (name, parameters) = (name.to_owned(), parameters.to_owned());
    Tool { name, description: None, parameters, strict: None, extensions: None }
}

fn messages(messages: Vec<Message>) -> Request {
    Request { messages, ..Request::default() }
}

/// Checks the parts, the finish reason and the words counted, and that the stream adds up to the same.
fn check(request: Request, parts: &[Part], finish_reason: FinishReason, words: u64) {
    let response = Echo::converse(&settings(&[]), request.clone()).unwrap();
    assert_eq!((&response.id, &response.model), (&None, &None));
    let [candidate] = response.candidates.as_slice() else { panic!("{:?}", response.candidates) };
    assert_eq!((candidate.index, &candidate.finish_reason), (0, &finish_reason));
    assert_eq!(candidate.parts, parts);
    let usage = Usage { input: words, output: words, total: Some(2 * words), ..Usage::default() };
    assert_eq!(response.usage, Some(usage));
    assert_eq!(fold(request), (candidate.parts.clone(), Some(finish_reason)));
}

fn fold(request: Request) -> (Vec<Part>, Option<FinishReason>) {
    let mut stream = Echo::open(&settings(&[]), request).unwrap();
    let mut parts: Vec<Part> = Vec::new();
    let mut finish = None;
    while let Some(events) = stream.next(3).unwrap() {
        assert!((1..=3).contains(&events.len()));
        for event in events {
            match event {
                Event::Text(delta) => match parts.get_mut(delta.part as usize) {
                    Some(Part::Text(text)) => text.push_str(&delta.text),
                    _ => parts.push(Part::Text(delta.text)),
                },
                Event::ToolCall(it) => parts.push(call(&it.id, &it.name, "")),
                Event::ToolArguments(delta) => match parts.get_mut(delta.part as usize) {
                    Some(Part::ToolCall(call)) => call.arguments.push_str(&delta.text),
                    other => panic!("{other:?}"),
                },
                Event::Part(it) => parts.push(it.value),
                Event::Refusal(it) => parts.push(Part::Refusal(it.text)),
                Event::Finish(it) => finish = Some(it.reason),
                Event::Started(_) | Event::Usage(_) | Event::Reasoning(_) | Event::Extension(_) => {}
            }
        }
    }
    (parts, finish)
}

#[test]
fn one_text_comes_back() {
    check(request("well hello there"), &[text("well hello there")], FinishReason::Stop, 3);
}

#[test]
fn texts_of_every_role_are_joined_by_line_breaks() {
    let request = messages(vec![
        says(Role::User, vec![text("a b"), text("")]),
        says(Role::Assistant, vec![text("c")]),
        says(Role::System, vec![text(" d  e ")]),
        says(Role::Developer, vec![text("f")]),
    ]);
    check(request, &[text("a b\n\nc\n d  e \nf")], FinishReason::Stop, 6);
}

#[test]
fn no_message_and_an_empty_text_give_an_empty_answer() {
    check(Request::default(), &[], FinishReason::Stop, 0);
    check(request(""), &[], FinishReason::Stop, 0);
}

#[test]
fn a_tool_result_comes_back_in_words() {
    let told = |texts: &[&str]| {
        let parts = texts.iter().map(|text| ResultPart::Text((*text).to_owned())).collect();
        let result =
            ToolResult { call_id: "tool-123".to_owned(), name: Some("tool name".to_owned()), parts, is_error: false };
        messages(vec![says(Role::Tool, vec![Part::ToolResult(result)])])
    };
    let sentence = "Tool Response for tool ID 'tool-123' with name 'tool name': tool message";
    check(told(&["tool message"]), &[text(sentence)], FinishReason::Stop, 12);
    let both = text(&format!("{sentence}\n{sentence}"));
    check(told(&["tool message", "tool message"]), &[both], FinishReason::Stop, 24);
    check(told(&[]), &[], FinishReason::Stop, 0);
}

#[test]
fn every_tool_is_called_with_the_sorted_names_of_its_properties() {
    let mut request = request("well hello there");
    request.tools = vec![
        tool("weather", r#"{"type":"object","properties":{"unit":{},"location":{"type":"string"},"name":{}}}"#),
        tool("clock", r#"{"type":"object"}"#),
        tool("dice", r#"{"properties":{}}"#),
    ];
    request.tool_choice = Some(parlor_sdk::types::ToolChoice::None);
    let expected = [
        text("well hello there"),
        call("0", "weather", "location,name,unit"),
        call("1", "clock", ""),
        call("2", "dice", ""),
    ];
    check(request, &expected, FinishReason::ToolCalls, 3);
}

#[test]
fn calls_in_messages_come_back_unchanged_after_those_of_tools() {
    let said = call("id 123", "test", r#"{"test": "value"}"#);
    let mut request = messages(vec![says(Role::Assistant, vec![text("hi you"), said.clone()])]);
    check(request.clone(), &[text("hi you"), said.clone()], FinishReason::ToolCalls, 2);
    request.tools = vec![tool("f", r#"{"properties":{"a":1}}"#)];
    check(request, &[text("hi you"), call("0", "f", "a"), said], FinishReason::ToolCalls, 2);
}

#[test]
fn what_is_no_text_comes_back_as_it_came() {
    let refusal = Part::Refusal("no".to_owned());
    let request = messages(vec![says(Role::User, vec![refusal.clone(), text("a")])]);
    check(request, &[text("a"), refusal], FinishReason::Stop, 1);
}

#[test]
fn properties_that_are_no_object_are_refused_in_dapr_s_words() {
    for (properties, found) in [(r#""x""#, "string"), ("[1]", "[]interface {}"), ("1", "float64"), ("true", "bool")] {
        let tools = vec![tool("f", &format!(r#"{{"properties": {properties}}}"#))];
        let error = Echo::converse(&settings(&[]), Request { tools, ..Request::default() }).unwrap_err();
        assert_eq!(error.message, format!("tool function properties must be a map[string]any, got {found}"));
    }
    let error = Echo::converse(&settings(&[]), Request { tools: vec![tool("f", "7")], ..Request::default() });
    assert_eq!(error.unwrap_err().kind, ErrorKind::InvalidRequest);
}

#[test]
fn a_stream_is_cut_into_words() {
    let mut stream = Echo::open(&settings(&[]), request("one  two\nthree")).unwrap();
    let events = stream.next(100).unwrap().unwrap();
    let words: Vec<_> = events
        .iter()
        .filter_map(|event| if let Event::Text(it) = event { Some(it.text.as_str()) } else { None })
        .collect();
    assert_eq!(words, ["one ", " ", "two\n", "three"]);
    assert_eq!(stream.next(100), Ok(None));
}
