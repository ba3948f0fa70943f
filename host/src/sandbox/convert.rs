//! Between the WIT's records and the host's own: moves strings, copies none, decides nothing.
//!
//! What comes from a guest is bounded before it gets here (`limits::GUEST_OUTPUT` a call) and is still untrusted after.

use std::time::Duration;

use super::bindings::{description as wit_description, types as wit};
use crate::conversation as own;
use crate::description::{Description, Setting, SettingKind};
use crate::limits;

fn list<T, U: From<T>>(items: Vec<T>) -> Vec<U> {
    items.into_iter().map(U::from).collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

// === towards the guest ===

impl From<own::Request> for wit::Request {
    fn from(request: own::Request) -> Self {
        Self {
            model: request.model,
            messages: list(request.messages),
            tools: list(request.tools),
            tool_choice: request.tool_choice.map(Into::into),
            parallel_tool_calls: request.parallel_tool_calls,
            response_format: request.response_format.map(Into::into),
            sampling: request.sampling.into(),
            reasoning: request.reasoning.map(Into::into),
            candidates: request.candidates,
            prompt_cache: request.prompt_cache.map(Into::into),
            user: request.user,
            streaming: request.streaming,
            metadata: request.metadata,
            extensions: request.extensions,
        }
    }
}

impl From<own::Message> for wit::Message {
    fn from(message: own::Message) -> Self {
        let own::Message { role, name, parts, extensions } = message;
        Self { role: role.into(), name, parts: list(parts), extensions }
    }
}

impl From<own::Role> for wit::Role {
    fn from(role: own::Role) -> Self {
        match role {
            own::Role::System => Self::System,
            own::Role::Developer => Self::Developer,
            own::Role::User => Self::User,
            own::Role::Assistant => Self::Assistant,
            own::Role::Tool => Self::Tool,
            own::Role::Other(word) => Self::Other(word),
        }
    }
}

impl From<own::Part> for wit::Part {
    fn from(part: own::Part) -> Self {
        match part {
            own::Part::Text(text) => Self::Text(text),
            own::Part::Image(image) => Self::Image(image.into()),
            own::Part::Audio(own::Audio { source, media_type, transcript }) => {
                Self::Audio(wit::Audio { source: source.into(), media_type, transcript })
            }
            own::Part::File(file) => Self::File(file.into()),
            own::Part::Reasoning(own::Reasoning { text, signature, redacted }) => {
                Self::Reasoning(wit::Reasoning { text, signature, redacted })
            }
            own::Part::Refusal(text) => Self::Refusal(text),
            own::Part::ToolCall(own::ToolCall { id, name, arguments }) => {
                Self::ToolCall(wit::ToolCall { id, name, arguments })
            }
            own::Part::ToolResult(own::ToolResult { call_id, name, parts, is_error }) => {
                Self::ToolResult(wit::ToolResult { call_id, name, parts: list(parts), is_error })
            }
            own::Part::Other(other) => Self::Other(other.into()),
        }
    }
}

impl From<own::ResultPart> for wit::ResultPart {
    fn from(part: own::ResultPart) -> Self {
        match part {
            own::ResultPart::Text(text) => Self::Text(text),
            own::ResultPart::Image(image) => Self::Image(image.into()),
            own::ResultPart::File(file) => Self::File(file.into()),
            own::ResultPart::Other(other) => Self::Other(other.into()),
        }
    }
}

impl From<own::Image> for wit::Image {
    fn from(own::Image { source, media_type, detail }: own::Image) -> Self {
        Self { source: source.into(), media_type, detail }
    }
}

impl From<own::File> for wit::File {
    fn from(own::File { source, media_type, name }: own::File) -> Self {
        Self { source: source.into(), media_type, name }
    }
}

impl From<own::OtherPart> for wit::OtherPart {
    fn from(own::OtherPart { kind, value }: own::OtherPart) -> Self {
        Self { kind, value }
    }
}

impl From<own::MediaSource> for wit::MediaSource {
    fn from(source: own::MediaSource) -> Self {
        match source {
            own::MediaSource::Url(url) => Self::Url(url),
            own::MediaSource::Bytes(bytes) => Self::Bytes(bytes),
            own::MediaSource::FileId(id) => Self::FileId(id),
        }
    }
}

impl From<own::Tool> for wit::Tool {
    fn from(tool: own::Tool) -> Self {
        let own::Tool { name, description, parameters, strict, extensions } = tool;
        Self { name, description, parameters, strict, extensions }
    }
}

impl From<own::ToolChoice> for wit::ToolChoice {
    fn from(choice: own::ToolChoice) -> Self {
        match choice {
            own::ToolChoice::Auto => Self::Auto,
            own::ToolChoice::None => Self::None,
            own::ToolChoice::Required => Self::Required,
            own::ToolChoice::Named(name) => Self::Named(name),
        }
    }
}

impl From<own::ResponseFormat> for wit::ResponseFormat {
    fn from(format: own::ResponseFormat) -> Self {
        match format {
            own::ResponseFormat::Text => Self::Text,
            own::ResponseFormat::JsonObject => Self::JsonObject,
            own::ResponseFormat::JsonSchema(own::JsonSchema { name, description, schema, strict }) => {
                Self::JsonSchema(wit::JsonSchema { name, description, schema, strict })
            }
            own::ResponseFormat::Other(other) => Self::Other(other.into()),
        }
    }
}

impl From<own::Sampling> for wit::Sampling {
    fn from(sampling: own::Sampling) -> Self {
        Self {
            temperature: sampling.temperature,
            top_p: sampling.top_p,
            top_k: sampling.top_k,
            seed: sampling.seed,
            frequency_penalty: sampling.frequency_penalty,
            presence_penalty: sampling.presence_penalty,
            stop: sampling.stop,
            max_output_tokens: sampling.max_output_tokens,
        }
    }
}

impl From<own::ReasoningOptions> for wit::ReasoningOptions {
    fn from(own::ReasoningOptions { effort, max_tokens, visible }: own::ReasoningOptions) -> Self {
        Self { effort, max_tokens, visible }
    }
}

impl From<own::PromptCache> for wit::PromptCache {
    fn from(own::PromptCache { retention, key }: own::PromptCache) -> Self {
        Self { retention_ms: retention.map(millis), key }
    }
}

// === from the guest ===

impl From<wit::Response> for own::Response {
    fn from(response: wit::Response) -> Self {
        let wit::Response { id, model, candidates, usage, extensions } = response;
        let extensions = own_extensions(extensions);
        Self { id, model, candidates: list(candidates), usage: usage.map(Into::into), extensions }
    }
}

impl From<wit::Candidate> for own::Candidate {
    fn from(candidate: wit::Candidate) -> Self {
        let wit::Candidate { index, parts, finish_reason, raw_finish_reason, extensions } = candidate;
        let extensions = own_extensions(extensions);
        Self { index, parts: list(parts), finish_reason: finish_reason.into(), raw_finish_reason, extensions }
    }
}

/// A whole answer's `extensions` object under one name, as a stream would tell it.
fn own_extensions(extensions: Option<wit::Json>) -> Vec<(String, own::Json)> {
    extensions.into_iter().map(|value| ("extensions".to_owned(), value)).collect()
}

impl From<wit::Part> for own::Part {
    fn from(part: wit::Part) -> Self {
        match part {
            wit::Part::Text(text) => Self::Text(text),
            wit::Part::Image(image) => Self::Image(image.into()),
            wit::Part::Audio(wit::Audio { source, media_type, transcript }) => {
                Self::Audio(own::Audio { source: source.into(), media_type, transcript })
            }
            wit::Part::File(file) => Self::File(file.into()),
            wit::Part::Reasoning(wit::Reasoning { text, signature, redacted }) => {
                Self::Reasoning(own::Reasoning { text, signature, redacted })
            }
            wit::Part::Refusal(text) => Self::Refusal(text),
            wit::Part::ToolCall(wit::ToolCall { id, name, arguments }) => {
                Self::ToolCall(own::ToolCall { id, name, arguments })
            }
            wit::Part::ToolResult(wit::ToolResult { call_id, name, parts, is_error }) => {
                Self::ToolResult(own::ToolResult { call_id, name, parts: list(parts), is_error })
            }
            wit::Part::Other(other) => Self::Other(other.into()),
        }
    }
}

impl From<wit::ResultPart> for own::ResultPart {
    fn from(part: wit::ResultPart) -> Self {
        match part {
            wit::ResultPart::Text(text) => Self::Text(text),
            wit::ResultPart::Image(image) => Self::Image(image.into()),
            wit::ResultPart::File(file) => Self::File(file.into()),
            wit::ResultPart::Other(other) => Self::Other(other.into()),
        }
    }
}

impl From<wit::Image> for own::Image {
    fn from(wit::Image { source, media_type, detail }: wit::Image) -> Self {
        Self { source: source.into(), media_type, detail }
    }
}

impl From<wit::File> for own::File {
    fn from(wit::File { source, media_type, name }: wit::File) -> Self {
        Self { source: source.into(), media_type, name }
    }
}

impl From<wit::OtherPart> for own::OtherPart {
    fn from(wit::OtherPart { kind, value }: wit::OtherPart) -> Self {
        Self { kind, value }
    }
}

impl From<wit::MediaSource> for own::MediaSource {
    fn from(source: wit::MediaSource) -> Self {
        match source {
            wit::MediaSource::Url(url) => Self::Url(url),
            wit::MediaSource::Bytes(bytes) => Self::Bytes(bytes),
            wit::MediaSource::FileId(id) => Self::FileId(id),
        }
    }
}

impl From<wit::FinishReason> for own::FinishReason {
    fn from(reason: wit::FinishReason) -> Self {
        match reason {
            wit::FinishReason::Stop => Self::Stop,
            wit::FinishReason::Length => Self::Length,
            wit::FinishReason::ToolCalls => Self::ToolCalls,
            wit::FinishReason::ContentFilter => Self::ContentFilter,
            wit::FinishReason::Refusal => Self::Refusal,
            wit::FinishReason::Pause => Self::Pause,
            wit::FinishReason::Error => Self::Error,
            wit::FinishReason::Other(word) => Self::Other(word),
        }
    }
}

impl From<wit::Usage> for own::Usage {
    fn from(usage: wit::Usage) -> Self {
        Self {
            input: usage.input,
            output: usage.output,
            total: usage.total,
            cached_input: usage.cached_input,
            cache_write: usage.cache_write,
            audio_input: usage.audio_input,
            audio_output: usage.audio_output,
            reasoning: usage.reasoning,
            accepted_prediction: usage.accepted_prediction,
            rejected_prediction: usage.rejected_prediction,
            extensions: usage.extensions,
        }
    }
}

impl From<wit::Delta> for own::Delta {
    fn from(wit::Delta { candidate, part, text }: wit::Delta) -> Self {
        Self { candidate, part, text }
    }
}

impl From<wit::Event> for own::Event {
    fn from(event: wit::Event) -> Self {
        match event {
            wit::Event::Started(wit::Started { id, model }) => Self::Started { id, model },
            wit::Event::Text(delta) => Self::Text(delta.into()),
            wit::Event::Reasoning(wit::ReasoningDelta { candidate, part, text, signature, redacted }) => {
                Self::Reasoning { candidate, part, value: own::Reasoning { text, signature, redacted } }
            }
            wit::Event::Refusal(delta) => Self::Refusal(delta.into()),
            wit::Event::ToolCall(wit::ToolCallStart { candidate, part, id, name }) => {
                Self::ToolCall { candidate, part, id, name }
            }
            wit::Event::ToolArguments(delta) => Self::ToolArguments(delta.into()),
            wit::Event::Part(wit::WholePart { candidate, part, value }) => {
                Self::Part { candidate, part, value: value.into() }
            }
            wit::Event::Usage(usage) => Self::Usage(usage.into()),
            wit::Event::Finish(wit::Finish { candidate, reason, raw }) => {
                Self::Finish { candidate, reason: reason.into(), raw }
            }
            wit::Event::Extension(wit::Extension { candidate, name, value }) => {
                Self::Extension { candidate, name, value }
            }
        }
    }
}

impl From<wit::ErrorKind> for own::ErrorKind {
    fn from(kind: wit::ErrorKind) -> Self {
        match kind {
            wit::ErrorKind::InvalidRequest => Self::InvalidRequest,
            wit::ErrorKind::Authentication => Self::Authentication,
            wit::ErrorKind::Permission => Self::Permission,
            wit::ErrorKind::NotGranted => Self::NotGranted,
            wit::ErrorKind::NotFound => Self::NotFound,
            wit::ErrorKind::RateLimited => Self::RateLimited,
            wit::ErrorKind::QuotaExhausted => Self::QuotaExhausted,
            wit::ErrorKind::ContextLength => Self::ContextLength,
            wit::ErrorKind::ContentFiltered => Self::ContentFiltered,
            wit::ErrorKind::Overloaded => Self::Overloaded,
            wit::ErrorKind::Timeout => Self::Timeout,
            wit::ErrorKind::Upstream => Self::Upstream,
            wit::ErrorKind::Transport => Self::Transport,
            wit::ErrorKind::Decode => Self::Decode,
            wit::ErrorKind::Cancelled => Self::Cancelled,
            wit::ErrorKind::Unsupported => Self::Unsupported,
            wit::ErrorKind::Internal => Self::Internal,
            wit::ErrorKind::Other(word) => Self::Other(word),
        }
    }
}

impl From<wit::Error> for own::ProviderError {
    fn from(error: wit::Error) -> Self {
        Self {
            kind: error.kind.into(),
            message: error.message,
            http_status: error.http_status,
            vendor_code: error.vendor_code,
            retry_after: error.retry_after_ms.map(|millis| Duration::from_millis(millis).min(limits::RETRY_AFTER)),
            retryable: error.retryable,
            request_id: error.request_id,
            extensions: error.extensions,
        }
    }
}

impl From<wit_description::ProviderDescription> for Description {
    fn from(description: wit_description::ProviderDescription) -> Self {
        let wit_description::ProviderDescription { name, version, summary, settings, origins, .. } = description;
        Self { name, version, summary, settings: list(settings), origins }
    }
}

impl From<wit_description::Setting> for Setting {
    fn from(setting: wit_description::Setting) -> Self {
        let wit_description::Setting { name, summary, kind, default, required, secret } = setting;
        Self { name, summary, kind: kind.into(), default, required, secret }
    }
}

impl From<wit_description::SettingKind> for SettingKind {
    fn from(kind: wit_description::SettingKind) -> Self {
        match kind {
            wit_description::SettingKind::Text => Self::Text,
            wit_description::SettingKind::Boolean => Self::Boolean,
            wit_description::SettingKind::Integer => Self::Integer,
            wit_description::SettingKind::Number => Self::Number,
            wit_description::SettingKind::Duration => Self::Duration,
            wit_description::SettingKind::Endpoint => Self::Endpoint,
            wit_description::SettingKind::Choice(words) => Self::Choice(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_to_wait_for_longer_than_a_day() {
        for (told, expected) in [(1_500, Duration::from_millis(1_500)), (u64::MAX, limits::RETRY_AFTER)] {
            let error = wit::Error {
                kind: wit::ErrorKind::RateLimited,
                message: String::new(),
                http_status: None,
                vendor_code: None,
                retry_after_ms: Some(told),
                retryable: true,
                request_id: None,
                extensions: None,
            };
            assert_eq!(own::ProviderError::from(error).retry_after, Some(expected));
        }
    }
}
