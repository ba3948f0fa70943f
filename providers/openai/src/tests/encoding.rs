//! What the codec asks OpenAI for.

use parlor_sdk::testing;
use parlor_sdk::types::{
    Audio, Error, ErrorKind, File, Image, JsonSchema, MediaSource, Message, OtherPart, Part, PromptCache, Reasoning,
    ReasoningOptions, Request, ResponseFormat, ResultPart, Role, Tool, ToolCall, ToolChoice, ToolResult,
};
use serde_json::{Value, json};

use crate::OpenAi;

const KEY: (&str, &str) = ("key", "stand-in");
const NANO: (&str, &str) = ("model", "gpt-5-nano");
const LOCAL: (&str, &str) = ("endpoint", "http://localhost:8080/v1/");

fn encode(settings: &[(&str, &str)], request: Request) -> Value {
    serde_json::from_slice(&testing::encode::<OpenAi>(settings, request).unwrap().body).unwrap()
}

fn refuse(request: Request) -> Error {
    testing::encode::<OpenAi>(&[KEY, NANO], request).unwrap_err()
}

fn says(role: Role, parts: Vec<Part>) -> Message {
    Message { role, name: None, parts, extensions: None }
}

fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

fn call(id: &str, name: &str, arguments: &str) -> Part {
    Part::ToolCall(ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() })
}

fn result(call_id: &str, parts: Vec<ResultPart>) -> Part {
    Part::ToolResult(ToolResult { call_id: call_id.to_owned(), name: None, parts, is_error: false })
}

fn tool(name: &str, parameters: &str) -> Tool {
    let (name, parameters) = (name.to_owned(), parameters.to_owned());
    Tool { name, description: Some("d".to_owned()), parameters, strict: Some(true), extensions: None }
}

fn image(source: MediaSource, media_type: Option<&str>) -> Part {
    Part::Image(Image { source, media_type: media_type.map(str::to_owned), detail: Some("low".to_owned()) })
}

#[test]
fn a_plain_request_is_as_small_as_can_be() {
    let http = testing::encode::<OpenAi>(&[KEY, NANO], testing::request("hi")).unwrap();
    assert_eq!((http.method.as_str(), http.url.as_str()), ("POST", "https://api.openai.com/v1/chat/completions"));
    assert_eq!(
        String::from_utf8(http.body).unwrap(),
        r#"{"model":"gpt-5-nano","messages":[{"role":"user","content":"hi"}],"stream":false}"#
    );
    let headers: Vec<_> = http.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        headers,
        [("authorization", "Bearer stand-in"), ("content-type", "application/json"), ("accept", "application/json")]
    );
}

#[test]
fn settings_are_defaults_that_a_request_overrides() {
    let settings =
        [KEY, NANO, LOCAL, ("temperature", "0.5"), ("MaxTokens", "10"), ("organization", "o"), ("project", "p")];
    let http = testing::encode::<OpenAi>(&settings, testing::request("hi")).unwrap();
    assert_eq!(http.url, "http://localhost:8080/v1/chat/completions");
    assert!(http.headers.contains(&("openai-organization".to_owned(), "o".to_owned())));
    assert!(http.headers.contains(&("openai-project".to_owned(), "p".to_owned())));
    let body: Value = serde_json::from_slice(&http.body).unwrap();
    assert_eq!((&body["temperature"], &body["max_tokens"]), (&json!(0.5), &json!(10)));

    let mut request = testing::request("hi");
    request.model = Some("other".to_owned());
    request.sampling.temperature = Some(0.0);
    request.sampling.max_output_tokens = Some(20);
    let body = encode(&settings, request);
    assert_eq!((&body["model"], &body["temperature"], &body["max_tokens"]), (&json!("other"), &json!(0.0), &json!(20)));
}

#[test]
fn openai_and_its_imitators_are_spoken_to_in_their_own_dialects() {
    let mut request = testing::request("hi");
    request.messages.insert(0, says(Role::Developer, vec![text("be brief")]));
    let thoughts = Reasoning { text: "hm".to_owned(), ..Reasoning::default() };
    request.messages.push(says(Role::Assistant, vec![Part::Reasoning(thoughts), text("ho")]));
    request.sampling.max_output_tokens = Some(5);
    request.sampling.temperature = Some(1.5);

    let openai = encode(&[KEY, NANO], request.clone());
    assert_eq!(openai["max_completion_tokens"], 5);
    assert_eq!(openai["messages"][0]["role"], "developer");
    assert_eq!(openai["messages"][2], json!({"role": "assistant", "content": "ho"}));
    assert_eq!((openai.get("max_tokens"), openai.get("temperature")), (None, None));
    assert_eq!(encode(&[KEY, ("model", "gpt-4o")], request.clone())["temperature"], 1.5);

    let local = encode(&[KEY, NANO, LOCAL], request);
    assert_eq!((&local["max_tokens"], &local["temperature"]), (&json!(5), &json!(1.5)));
    assert_eq!(local["messages"][0]["role"], "system");
    assert_eq!(local["messages"][2]["reasoning_content"], "hm");
    assert_eq!(local.get("max_completion_tokens"), None);
}

#[test]
fn every_parameter_is_passed_on() {
    let mut request = testing::request("hi");
    request.streaming = true;
    request.tools = vec![tool("f", r##"{"type":"object","properties":{"x":{"$ref":"#/$defs/y"}}}"##)];
    request.tool_choice = Some(ToolChoice::Named("f".to_owned()));
    request.parallel_tool_calls = Some(false);
    let schema =
        JsonSchema { name: None, description: None, schema: r#"{"anyOf": [ ]}"#.to_owned(), strict: Some(true) };
    request.response_format = Some(ResponseFormat::JsonSchema(schema));
    request.sampling.top_p = Some(0.25);
    request.sampling.top_k = Some(40);
    request.sampling.seed = Some(-7);
    request.sampling.frequency_penalty = Some(1.0);
    request.sampling.presence_penalty = Some(-1.0);
    request.sampling.stop = vec!["END".to_owned()];
    request.reasoning =
        Some(ReasoningOptions { effort: Some("low".to_owned()), max_tokens: None, visible: Some(true) });
    request.candidates = Some(2);
    request.prompt_cache = Some(PromptCache { retention_ms: Some(86_400_000), key: Some("k".to_owned()) });
    request.user = Some("u".to_owned());
    request.metadata = vec![("b".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())];
    request.extensions = Some(r#"{"logprobs":true,"top_logprobs":3,"n":9,"stream":false,"model":"x"}"#.to_owned());
    let body = encode(&[KEY, NANO], request);
    let expected = json!({
        "model": "gpt-5-nano",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": true,
        "stream_options": {"include_usage": true},
        "top_p": 0.25, "top_k": 40, "seed": -7, "frequency_penalty": 1.0, "presence_penalty": -1.0, "stop": ["END"],
        "n": 2,
        "tools": [{"type": "function", "function": {
            "name": "f", "description": "d", "strict": true,
            "parameters": {"type": "object", "properties": {"x": {"$ref": "#/$defs/y"}}}
        }}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "parallel_tool_calls": false,
        "response_format": {"type": "json_schema", "json_schema": {
            "name": "response", "strict": true, "schema": {"anyOf": []}
        }},
        "reasoning_effort": "low",
        "user": "u", "prompt_cache_key": "k", "prompt_cache_retention": "24h",
        "metadata": {"b": "1", "a": "2"},
        "logprobs": true, "top_logprobs": 3
    });
    assert_eq!(body, expected);
}

#[test]
fn content_of_every_kind_has_its_form() {
    let mut request = Request::default();
    let audio = |media_type: &str| {
        let source = MediaSource::Bytes(b"RIFF".to_vec());
        Part::Audio(Audio { source, media_type: Some(media_type.to_owned()), transcript: None })
    };
    let file = |source| Part::File(File { source, media_type: None, name: Some("a.pdf".to_owned()) });
    let other = OtherPart { kind: "video_url".to_owned(), value: r#"{"type":"video_url"}"#.to_owned() };
    let parts = vec![
        text("look"),
        image(MediaSource::Url("https://x.test/i".to_owned()), None),
        image(MediaSource::Bytes(vec![1, 2, 3]), Some("image/png")),
        audio("audio/mpeg"),
        file(MediaSource::Bytes(b"%PDF".to_vec())),
        file(MediaSource::FileId("file-1".to_owned())),
        Part::Other(other),
    ];
    request.messages = vec![
        Message { name: Some("ann".to_owned()), ..says(Role::User, parts) },
        says(Role::Assistant, vec![text("a"), call("c1", "f", "{}"), call("c2", "g", "{")]),
        says(
            Role::Tool,
            vec![
                result("c1", vec![ResultPart::Text("1".to_owned())]),
                result("c2", vec![ResultPart::Text("2".to_owned()), ResultPart::Text("3".to_owned())]),
            ],
        ),
        says(Role::Assistant, vec![call("c3", "f", "")]),
        says(Role::Assistant, vec![Part::Refusal("no".to_owned())]),
        says(Role::System, Vec::new()),
    ];
    let expected = json!([
        {"role": "user", "name": "ann", "content": [
            {"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": "https://x.test/i", "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AQID", "detail": "low"}},
            {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "mp3"}},
            {"type": "file", "file": {"file_data": "data:application/octet-stream;base64,JVBERg==", "filename": "a.pdf"}},
            {"type": "file", "file": {"file_id": "file-1"}},
            {"type": "video_url"}
        ]},
        {"role": "assistant", "content": "a", "tool_calls": [
            {"type": "function", "id": "c1", "function": {"name": "f", "arguments": "{}"}},
            {"type": "function", "id": "c2", "function": {"name": "g", "arguments": "{"}}
        ]},
        {"role": "tool", "tool_call_id": "c1", "content": "1"},
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "2"}, {"type": "text", "text": "3"}]},
        {"role": "assistant", "tool_calls": [{"type": "function", "id": "c3", "function": {"name": "f", "arguments": ""}}]},
        {"role": "assistant", "refusal": "no"},
        {"role": "system", "content": ""}
    ]);
    assert_eq!(encode(&[KEY, NANO], request)["messages"], expected);
}

#[test]
fn what_chat_completions_can_t_carry_is_an_error_that_says_so() {
    let messages = |role, parts| Request { messages: vec![says(role, parts)], ..Request::default() };
    let png = || image(MediaSource::Bytes(vec![1]), Some("image/png"));
    let with_tool = |parameters| Request { tools: vec![tool("f", parameters)], ..Request::default() };
    let budget = ReasoningOptions { max_tokens: Some(1), ..ReasoningOptions::default() };
    for (request, kind, phrase) in [
        (messages(Role::Tool, vec![text("x")]), ErrorKind::InvalidRequest, "must hold tool results"),
        (messages(Role::Tool, vec![]), ErrorKind::InvalidRequest, "must hold tool results"),
        (
            messages(Role::System, vec![png()]),
            ErrorKind::InvalidRequest,
            "an image in this place of a message of role `system`",
        ),
        (messages(Role::Assistant, vec![png()]), ErrorKind::InvalidRequest, "role `assistant`"),
        (messages(Role::User, vec![call("a", "b", "c")]), ErrorKind::InvalidRequest, "a tool call"),
        (messages(Role::User, vec![image(MediaSource::Bytes(vec![1]), None)]), ErrorKind::InvalidRequest, "media type"),
        (
            messages(Role::User, vec![image(MediaSource::FileId("f".to_owned()), None)]),
            ErrorKind::Unsupported,
            "images",
        ),
        (with_tool("{"), ErrorKind::InvalidRequest, "`parameters` of tool `f` is not JSON"),
        (with_tool("[]"), ErrorKind::InvalidRequest, "is not a JSON object"),
        (Request { reasoning: Some(budget), ..Request::default() }, ErrorKind::Unsupported, "tokens to think with"),
        (
            Request { extensions: Some("[1]".to_owned()), ..Request::default() },
            ErrorKind::InvalidRequest,
            "`extensions`",
        ),
    ] {
        let error = refuse(request);
        assert_eq!(error.kind, kind, "{}", error.message);
        assert!(error.message.contains(phrase), "{}", error.message);
    }
}

#[test]
fn azure_has_a_url_for_each_deployment_and_a_header_for_the_key() {
    let azure = [
        KEY,
        ("model", "my-gpt.4"),
        ("apiType", "Azure"),
        ("apiVersion", "2025-01-01-preview"),
        ("endpoint", "https://shop.openai.azure.com/"),
    ];
    let http = testing::encode::<OpenAi>(&azure, testing::request("hi")).unwrap();
    assert_eq!(
        http.url,
        "https://shop.openai.azure.com/openai/deployments/my-gpt.4/chat/completions?api-version=2025-01-01-preview"
    );
    assert_eq!(http.headers[0], ("api-key".to_owned(), "stand-in".to_owned()));
    assert!(!http.headers.iter().any(|(name, _)| name == "authorization"));
    let other = Request { model: Some("../admin".to_owned()), ..testing::request("hi") };
    let refused = testing::encode::<OpenAi>(&azure, other).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::InvalidRequest);
    for missing in ["apiVersion", "endpoint"] {
        let settings: Vec<_> = azure.into_iter().filter(|(name, _)| *name != missing).collect();
        let error = testing::encode::<OpenAi>(&settings, testing::request("hi")).unwrap_err();
        assert_eq!(error.message, "endpoint and apiVersion must be provided when apiType is set to 'azure'");
    }
}
