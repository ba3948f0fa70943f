//! The conversation in the host's own words: plain data, the twin of `interface types` in `wit/conversation.wit`.
//!
//! Knows nothing of HTTP, protobuf or wasm; the edges convert. Durations are `Duration`, token counts are `u64`, and
//! [`Json`] is text that was checked to be JSON when it came in.

use std::hash::{Hash, Hasher};
use std::time::Duration;

/// Text that is one JSON value.
pub type Json = String;

/// Who speaks in a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Role {
    System,
    Developer,
    User,
    Assistant,
    Tool,
    Other(String),
}

/// Where the bytes of an image, a sound or a file are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MediaSource {
    Url(String),
    Bytes(Vec<u8>),
    FileId(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Image {
    pub source: MediaSource,
    pub media_type: Option<String>,
    pub detail: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Audio {
    pub source: MediaSource,
    pub media_type: Option<String>,
    pub transcript: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct File {
    pub source: MediaSource,
    pub media_type: Option<String>,
    pub name: Option<String>,
}

/// What a model wrote down while it thought.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Reasoning {
    pub text: String,
    pub signature: Option<String>,
    pub redacted: Option<String>,
}

/// The model asks the application to run a tool. The arguments are as the model wrote them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    pub arguments: String,
}

/// The application's answer to a tool call.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ToolResult {
    pub call_id: String,
    pub name: Option<String>,
    pub parts: Vec<ResultPart>,
    pub is_error: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ResultPart {
    Text(String),
    Image(Image),
    File(File),
    Other(OtherPart),
}

/// Content of a kind that has no case of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OtherPart {
    pub kind: String,
    pub value: Json,
}

/// One piece of a message, in the order in which it was said.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    Text(String),
    Image(Image),
    Audio(Audio),
    File(File),
    Reasoning(Reasoning),
    Refusal(String),
    ToolCall(ToolCall),
    ToolResult(ToolResult),
    Other(OtherPart),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Message {
    pub role: Role,
    pub name: Option<String>,
    pub parts: Vec<Part>,
    pub extensions: Option<Json>,
}

/// A function that the model may ask for; `parameters` is the JSON Schema of its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tool {
    pub name: String,
    pub description: Option<String>,
    pub parameters: Json,
    pub strict: Option<bool>,
    pub extensions: Option<Json>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ToolChoice {
    Auto,
    None,
    Required,
    Named(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JsonSchema {
    pub name: Option<String>,
    pub description: Option<String>,
    pub schema: Json,
    pub strict: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ResponseFormat {
    Text,
    JsonObject,
    JsonSchema(JsonSchema),
    Other(OtherPart),
}

/// How the model picks its words. What is absent is the vendor's default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sampling {
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub top_k: Option<u32>,
    pub seed: Option<i64>,
    pub frequency_penalty: Option<f64>,
    pub presence_penalty: Option<f64>,
    pub stop: Vec<String>,
    pub max_output_tokens: Option<u32>,
}

impl Hash for Sampling {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { temperature, top_p, top_k, seed, frequency_penalty, presence_penalty, stop, max_output_tokens } =
            self;
        // 0.0 is added because -0.0, which equals it, has other bits.
        let bits = [temperature, top_p, frequency_penalty, presence_penalty]
            .map(|number| number.map(|number| (number + 0.0).to_bits()));
        (bits, top_k, seed, stop, max_output_tokens).hash(state);
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ReasoningOptions {
    pub effort: Option<String>,
    pub max_tokens: Option<u32>,
    pub visible: Option<bool>,
}

/// What the vendor's own prompt cache should do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PromptCache {
    pub retention: Option<Duration>,
    pub key: Option<String>,
}

/// One call.
#[derive(Debug, Clone, Default, PartialEq, Hash)]
pub struct Request {
    pub model: Option<String>,
    pub messages: Vec<Message>,
    pub tools: Vec<Tool>,
    pub tool_choice: Option<ToolChoice>,
    pub parallel_tool_calls: Option<bool>,
    pub response_format: Option<ResponseFormat>,
    pub sampling: Sampling,
    pub reasoning: Option<ReasoningOptions>,
    pub candidates: Option<u32>,
    pub prompt_cache: Option<PromptCache>,
    pub user: Option<String>,
    pub streaming: bool,
    pub metadata: Vec<(String, String)>,
    pub extensions: Option<Json>,
}

/// Tokens that a call took. What a vendor does not report is absent, not zero.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Usage {
    pub input: u64,
    pub output: u64,
    pub total: Option<u64>,
    pub cached_input: Option<u64>,
    pub cache_write: Option<u64>,
    pub audio_input: Option<u64>,
    pub audio_output: Option<u64>,
    pub reasoning: Option<u64>,
    pub accepted_prediction: Option<u64>,
    pub rejected_prediction: Option<u64>,
    pub extensions: Option<Json>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FinishReason {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
    Refusal,
    Pause,
    Error,
    Other(String),
}

impl FinishReason {
    /// The word for it on the wire, that of OpenAI's chat completions where it has one.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Refusal => "refusal",
            Self::Pause => "pause",
            Self::Error => "error",
            Self::Other(word) => word,
        }
    }
}

/// One whole answer. Extensions are `(name, value)` in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Candidate {
    pub index: u32,
    pub parts: Vec<Part>,
    pub finish_reason: FinishReason,
    pub raw_finish_reason: Option<String>,
    pub extensions: Vec<(String, Json)>,
}

impl Candidate {
    /// The vendor's own word for why the answer ends, which is what Dapr's clients read.
    pub fn finish_word(&self) -> &str {
        self.raw_finish_reason.as_deref().unwrap_or_else(|| self.finish_reason.as_str())
    }
}

/// The answer to a call, folded from its events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Response {
    pub id: Option<String>,
    pub model: Option<String>,
    pub candidates: Vec<Candidate>,
    pub usage: Option<Usage>,
    pub extensions: Vec<(String, Json)>,
}

/// More text of one part.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Delta {
    pub candidate: u32,
    pub part: u32,
    pub text: String,
}

/// One step of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Event {
    Started { id: Option<String>, model: Option<String> },
    Text(Delta),
    Reasoning { candidate: u32, part: u32, value: Reasoning },
    Refusal(Delta),
    ToolCall { candidate: u32, part: u32, id: String, name: String },
    ToolArguments(Delta),
    Part { candidate: u32, part: u32, value: Part },
    Usage(Usage),
    Finish { candidate: u32, reason: FinishReason, raw: Option<String> },
    Extension { candidate: Option<u32>, name: String, value: Json },
}

/// What went wrong, in terms of what the caller can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    InvalidRequest,
    Authentication,
    Permission,
    NotGranted,
    NotFound,
    RateLimited,
    QuotaExhausted,
    ContextLength,
    ContentFiltered,
    Overloaded,
    Timeout,
    Upstream,
    Transport,
    Decode,
    Cancelled,
    Unsupported,
    Internal,
    Other(String),
}

/// Why a provider gives no answer, or no more of it. Its text is the provider's or the vendor's: untrusted, bounded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    pub kind: ErrorKind,
    pub message: String,
    pub http_status: Option<u16>,
    pub vendor_code: Option<String>,
    pub retry_after: Option<Duration>,
    pub retryable: bool,
    pub request_id: Option<String>,
    pub extensions: Option<Json>,
}

impl ProviderError {
    /// An error that carries nothing but its kind and its text; retryable where the kind always is.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let retryable = matches!(
            kind,
            ErrorKind::RateLimited
                | ErrorKind::Overloaded
                | ErrorKind::Timeout
                | ErrorKind::Upstream
                | ErrorKind::Transport
        );
        Self {
            kind,
            message: message.into(),
            http_status: None,
            vendor_code: None,
            retry_after: None,
            retryable,
            request_id: None,
            extensions: None,
        }
    }
}
