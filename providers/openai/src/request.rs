//! From a request to the body of the HTTP request: parameters, tools and extensions. Messages are for `message`.

use std::collections::BTreeMap;

use parlor_sdk::types::{
    Error, ErrorKind, JsonSchema, OtherPart, PromptCache, ReasoningOptions, Request, ResponseFormat, Tool, ToolChoice,
};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::message;
use crate::settings::Vendor;
use crate::wire::{
    ChatFormat, ChatRequest, ChatTool, ChatToolChoice, Function, KnownFormat, NamedTool, Pairs, Schema, StreamOptions,
    ToolName,
};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

pub(crate) fn body(vendor: &Vendor<'_>, request: &Request) -> Result<Vec<u8>, Error> {
    let internal = |error| Error::new(ErrorKind::Internal, format!("the request can't be written as JSON: {error}"));
    let mut body = serde_json::to_vec(&chat_request(vendor, request)?).map_err(internal)?;
    if let Some(extensions) = &request.extensions {
        add_extensions(&mut body, extensions)?;
    }
    Ok(body)
}

/// The model that is asked: the request's, or the component's own.
pub(crate) fn model<'a>(vendor: &Vendor<'a>, request: &'a Request) -> &'a str {
    request.model.as_deref().unwrap_or(vendor.model)
}

fn chat_request<'a>(vendor: &Vendor<'a>, request: &'a Request) -> Result<ChatRequest<'a>, Error> {
    let model = model(vendor, request);
    let sampling = &request.sampling;
    let limit = sampling.max_output_tokens.or(vendor.max_tokens);
    let takes_temperature = !(vendor.is_openai && refuses_temperature(model));
    let cache = request.prompt_cache.as_ref();
    Ok(ChatRequest {
        model,
        messages: message::messages(vendor, &request.messages)?,
        stream: request.streaming,
        stream_options: request.streaming.then_some(StreamOptions { include_usage: true }),
        max_completion_tokens: limit.filter(|_| vendor.is_openai),
        max_tokens: limit.filter(|_| !vendor.is_openai),
        temperature: sampling.temperature.or(vendor.temperature).filter(|_| takes_temperature),
        top_p: sampling.top_p,
        top_k: sampling.top_k,
        seed: sampling.seed,
        frequency_penalty: sampling.frequency_penalty,
        presence_penalty: sampling.presence_penalty,
        stop: &sampling.stop,
        n: request.candidates,
        tools: request.tools.iter().map(tool).collect::<Result<_, _>>()?,
        tool_choice: request.tool_choice.as_ref().map(tool_choice),
        parallel_tool_calls: request.parallel_tool_calls,
        response_format: request.response_format.as_ref().map(response_format).transpose()?,
        reasoning_effort: request.reasoning.as_ref().map(reasoning_effort).transpose()?.flatten(),
        user: request.user.as_deref(),
        prompt_cache_key: cache.and_then(|cache| cache.key.as_deref()),
        prompt_cache_retention: cache.and_then(retention),
        metadata: Pairs(&request.metadata),
    })
}

/// OpenAI's models that think refuse every temperature but the default. Dapr leaves it out for the same names, so its
/// clients set one without harm.
fn refuses_temperature(model: &str) -> bool {
    model == "o3" || ["o1-", "o3-", "gpt-5"].iter().any(|prefix| model.starts_with(prefix))
}

fn tool(tool: &Tool) -> Result<ChatTool<'_>, Error> {
    let Tool { name, description, parameters, strict, extensions: _ } = tool;
    let parameters = object(parameters, || format!("`parameters` of tool `{name}`"))?;
    Ok(ChatTool { function: Function { name, description: description.as_deref(), parameters, strict: *strict } })
}

fn tool_choice(choice: &ToolChoice) -> ChatToolChoice<'_> {
    match choice {
        ToolChoice::Auto => ChatToolChoice::Word("auto"),
        ToolChoice::None => ChatToolChoice::Word("none"),
        ToolChoice::Required => ChatToolChoice::Word("required"),
        ToolChoice::Named(name) => ChatToolChoice::Named(NamedTool { function: ToolName { name } }),
    }
}

/// The schema goes through whole: what it may hold is for the vendor to say.
fn response_format(format: &ResponseFormat) -> Result<ChatFormat<'_>, Error> {
    Ok(ChatFormat::Known(match format {
        ResponseFormat::Text => KnownFormat::Text,
        ResponseFormat::JsonObject => KnownFormat::JsonObject,
        ResponseFormat::JsonSchema(JsonSchema { name, description, schema, strict }) => KnownFormat::JsonSchema {
            json_schema: Schema {
                name: name.as_deref().unwrap_or("response"),
                description: description.as_deref(),
                strict: *strict,
                schema: object(schema, || "the response format's schema".to_owned())?,
            },
        },
        ResponseFormat::Other(OtherPart { kind, value }) => {
            return object(value, || format!("response format `{kind}`")).map(ChatFormat::Raw);
        }
    }))
}

fn reasoning_effort(options: &ReasoningOptions) -> Result<Option<&str>, Error> {
    if options.max_tokens.is_some() {
        let message = "chat completions take no limit on the tokens to think with; set `effort` or `max-output-tokens`";
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    Ok(options.effort.as_deref())
}

/// OpenAI keeps prompts in memory for minutes, or for a day.
fn retention(cache: &PromptCache) -> Option<&'static str> {
    cache.retention_ms.map(|millis| if millis >= DAY_MS { "24h" } else { "in_memory" })
}

/// Checks that a text is a JSON object, to be passed on as it is.
pub(crate) fn object(json: &str, what: impl Fn() -> String) -> Result<&RawValue, Error> {
    let invalid = |why: String| Error::new(ErrorKind::InvalidRequest, format!("{} {why}", what()));
    let value: &RawValue = serde_json::from_str(json).map_err(|error| invalid(format!("is not JSON: {error}")))?;
    if value.get().starts_with('{') { Ok(value) } else { Err(invalid("is not a JSON object".to_owned())) }
}

/// Adds to a body, which is a JSON object with members, what it does not have yet.
fn add_extensions(body: &mut Vec<u8>, extensions: &str) -> Result<(), Error> {
    let invalid = |error| Error::new(ErrorKind::InvalidRequest, format!("`extensions` are not a JSON object: {error}"));
    let extensions: BTreeMap<String, &RawValue> = serde_json::from_str(extensions).map_err(invalid)?;
    let present: BTreeMap<String, IgnoredAny> = serde_json::from_slice(body).map_err(invalid)?;
    body.pop();
    for (name, value) in extensions.iter().filter(|(name, _)| !present.contains_key(*name)) {
        body.push(b',');
        serde_json::to_writer(&mut *body, name).map_err(invalid)?;
        body.push(b':');
        body.extend_from_slice(value.get().as_bytes());
    }
    body.push(b'}');
    Ok(())
}
