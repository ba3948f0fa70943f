//! The calls by alpha2.

use dapr::client::{
    ConversationInputAlpha2, ConversationInputAlpha2Builder, ConversationMessage, ConversationMessageContent,
    ConversationMessageOfAssistant, ConversationMessageOfDeveloper, ConversationMessageOfSystem,
    ConversationMessageOfTool, ConversationMessageOfUser, ConversationRequestAlpha2, ConversationRequestAlpha2Builder,
    ConversationToolCalls, ConversationToolCallsOfFunction, ConversationTools, conversation_tool_calls,
};
use dapr::dapr::proto::runtime::v1::{
    ConversationResultAlpha2, ConversationResultChoices, ConversationToolsFunction, conversation_tools,
};
use prost_types::value::Kind;
use prost_types::{Duration, ListValue, Struct};
use serde_json::{Value, json};

use crate::{Client, metadata, packed, report};

pub async fn call(client: &mut Client) {
    let hello = ConversationInputAlpha2Builder::new(vec![user("hello world")]).with_scrub_pii(true).build();
    let answer = json!({"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]});
    let mut request = ConversationRequestAlpha2Builder::new("echo", vec![hello])
        .with_metadata(metadata())
        .with_scrub_pii(true)
        .with_temperature(0.7)
        .with_parameters([("style".to_owned(), packed("brief"))].into())
        .with_response_format(object(&answer))
        .with_prompt_cache_retention(Duration { seconds: 86_400, nanos: 0 })
        .build();
    request.context_id = Some("chat-123".to_owned());
    converse(client, "alpha2", request).await;
    converse(client, "alpha2 messages", request_of(vec![ConversationInputAlpha2Builder::new(every_message()).build()]))
        .await;
    converse(client, "alpha2 tools", tooled("how warm is it?", &[weather(), time()], "auto")).await;
    converse(client, "alpha2 tool choice", tooled("how warm is it?", &[weather()], "get_weather")).await;
    let secret =
        ConversationInputAlpha2Builder::new(vec![user("input this +12341567890")]).with_scrub_pii(true).build();
    converse(client, "alpha2 scrubbed", request_of(vec![asked("input this abcd@gmail.com"), secret])).await;
    let request = ConversationRequestAlpha2 { name: "nobody".to_owned(), ..request_of(vec![asked("hello world")]) };
    converse(client, "alpha2 unknown component", request).await;
    converse(client, "alpha2 no inputs", request_of(Vec::new())).await;
    converse(client, "alpha2 unknown tool", tooled("hello world", &[weather()], "get_money")).await;
}

fn request_of(inputs: Vec<ConversationInputAlpha2>) -> ConversationRequestAlpha2 {
    ConversationRequestAlpha2Builder::new("echo", inputs).build()
}

/// The builder has no tool choice.
fn tooled(words: &str, tools: &[ConversationTools], choice: &str) -> ConversationRequestAlpha2 {
    let request = ConversationRequestAlpha2Builder::new("echo", vec![asked(words)]).with_tools(tools.to_vec()).build();
    ConversationRequestAlpha2 { tool_choice: Some(choice.to_owned()), ..request }
}

fn asked(words: &str) -> ConversationInputAlpha2 {
    ConversationInputAlpha2Builder::new(vec![user(words)]).build()
}

fn user(words: &str) -> ConversationMessage {
    ConversationMessageOfUser { name: None, content: text(words) }.into()
}

fn text(words: &str) -> Vec<ConversationMessageContent> {
    vec![ConversationMessageContent { text: words.to_owned() }]
}

fn every_message() -> Vec<ConversationMessage> {
    let function =
        ConversationToolCallsOfFunction { name: "get_weather".to_owned(), arguments: r#"{"city":"Rome"}"#.to_owned() };
    let call = ConversationToolCalls {
        id: Some("call-1".to_owned()),
        tool_types: Some(conversation_tool_calls::ToolTypes::Function(function)),
    };
    let name = |name: &str| Some(name.to_owned());
    vec![
        ConversationMessageOfDeveloper { name: name("dev"), content: text("be exact") }.into(),
        ConversationMessageOfSystem { name: name("sys"), content: text("be brief") }.into(),
        ConversationMessageOfUser { name: name("ann"), content: text("how warm is it?") }.into(),
        ConversationMessageOfAssistant { name: name("bot"), content: text("looking"), tool_calls: vec![call] }.into(),
        ConversationMessageOfTool {
            tool_id: Some("call-1".to_owned()),
            name: "get_weather".to_owned(),
            content: text("21 degrees"),
        }
        .into(),
    ]
}

fn weather() -> ConversationTools {
    let schema = json!({
        "type": "object",
        "properties": {"unit": {"type": "string", "enum": ["C", "F"]}, "city": {"type": "string"}},
        "required": ["city"],
    });
    tool("get_weather", Some("The weather of a city"), &schema)
}

fn time() -> ConversationTools {
    tool("get_time", None, &json!({"type": "object", "properties": {"zone": {"type": "string"}}}))
}

fn tool(name: &str, description: Option<&str>, schema: &Value) -> ConversationTools {
    let function = ConversationToolsFunction {
        name: name.to_owned(),
        description: description.map(str::to_owned),
        parameters: Some(object(schema)),
    };
    ConversationTools { tool_types: Some(conversation_tools::ToolTypes::Function(function)) }
}

/// JSON as protobuf has it.
fn object(json: &Value) -> Struct {
    let fields = json.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), protobuf(value)));
    Struct { fields: fields.collect() }
}

fn protobuf(json: &Value) -> prost_types::Value {
    let kind = match json {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(*value),
        Value::Number(value) => Kind::NumberValue(value.as_f64().unwrap_or_default()),
        Value::String(value) => Kind::StringValue(value.clone()),
        Value::Array(values) => Kind::ListValue(ListValue { values: values.iter().map(protobuf).collect() }),
        Value::Object(_) => Kind::StructValue(object(json)),
    };
    prost_types::Value { kind: Some(kind) }
}

async fn converse(client: &mut Client, name: &str, request: ConversationRequestAlpha2) {
    let shown = client.converse_alpha2(request).await.map(|answer| {
        let outputs: Vec<Value> = answer.outputs.into_iter().map(shown_output).collect();
        json!({ "contextId": answer.context_id.unwrap_or_default(), "outputs": outputs })
    });
    report(name, shown);
}

fn shown_output(output: ConversationResultAlpha2) -> Value {
    let usage = output.usage.map(|usage| {
        json!({
            "completionTokens": usage.completion_tokens,
            "promptTokens": usage.prompt_tokens,
            "totalTokens": usage.total_tokens,
        })
    });
    let choices: Vec<Value> = output.choices.into_iter().map(shown_choice).collect();
    json!({ "choices": choices, "model": output.model.unwrap_or_default(), "usage": usage })
}

fn shown_choice(choice: ConversationResultChoices) -> Value {
    let message = choice.message.unwrap_or_default();
    let calls: Vec<Value> = message.tool_calls.into_iter().map(shown_call).collect();
    json!({
        "index": choice.index,
        "finishReason": choice.finish_reason,
        "content": message.content,
        "toolCalls": calls,
    })
}

fn shown_call(call: ConversationToolCalls) -> Value {
    let Some(conversation_tool_calls::ToolTypes::Function(function)) = call.tool_types else { return Value::Null };
    json!({ "id": call.id, "name": function.name, "arguments": function.arguments })
}
