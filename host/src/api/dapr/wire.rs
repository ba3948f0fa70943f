//! The requests of Dapr's conversation API as they are on the wire: the messages of its `ai.proto` that a client sends.
//!
//! Only their shape, and the names of their fields in JSON; what they mean is in `convert.rs`. Beyond Dapr, the scrub
//! flags are known by each spelling that its documentation uses, and the requests take a `cacheTTL`.

use std::collections::BTreeMap;

use super::any::Any;
use super::object::{AnyJson, Struct};
use super::protojson::message;
use super::well_known::Duration;

#[derive(Default)]
pub(super) struct ConversationRequest {
    pub(super) name: String,
    pub(super) context_id: Option<String>,
    pub(super) inputs: Vec<ConversationInput>,
    pub(super) parameters: BTreeMap<String, Any>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) scrub_pii: Option<bool>,
    pub(super) temperature: Option<f64>,
    pub(super) cache_ttl: Option<AnyJson>,
}

#[derive(Default)]
pub(super) struct ConversationInput {
    pub(super) content: String,
    pub(super) role: Option<String>,
    pub(super) scrub_pii: Option<bool>,
}

#[derive(Default)]
pub(super) struct ConversationRequestAlpha2 {
    pub(super) name: String,
    pub(super) context_id: Option<String>,
    pub(super) inputs: Vec<ConversationInputAlpha2>,
    pub(super) parameters: BTreeMap<String, Any>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) scrub_pii: Option<bool>,
    pub(super) temperature: Option<f64>,
    pub(super) tools: Vec<ConversationTools>,
    pub(super) tool_choice: Option<String>,
    pub(super) response_format: Option<Struct>,
    pub(super) prompt_cache_retention: Option<Duration>,
    pub(super) cache_ttl: Option<AnyJson>,
}

#[derive(Default)]
pub(super) struct ConversationInputAlpha2 {
    pub(super) messages: Vec<ConversationMessage>,
    pub(super) scrub_pii: Option<bool>,
}

#[derive(Default)]
pub(super) struct ConversationMessage {
    pub(super) message_types: Option<MessageTypes>,
}

pub(super) enum MessageTypes {
    Developer(ConversationMessageOfText),
    System(ConversationMessageOfText),
    User(ConversationMessageOfText),
    Assistant(ConversationMessageOfAssistant),
    Tool(ConversationMessageOfTool),
}

/// The messages of a developer, a system and a user, which are the same.
#[derive(Default)]
pub(super) struct ConversationMessageOfText {
    pub(super) name: Option<String>,
    pub(super) content: Vec<ConversationMessageContent>,
}

#[derive(Default)]
pub(super) struct ConversationMessageOfAssistant {
    pub(super) name: Option<String>,
    pub(super) content: Vec<ConversationMessageContent>,
    pub(super) tool_calls: Vec<ConversationToolCalls>,
}

#[derive(Default)]
pub(super) struct ConversationMessageOfTool {
    pub(super) tool_id: Option<String>,
    pub(super) name: String,
    pub(super) content: Vec<ConversationMessageContent>,
}

#[derive(Default)]
pub(super) struct ConversationMessageContent {
    pub(super) text: String,
}

#[derive(Default)]
pub(super) struct ConversationToolCalls {
    pub(super) id: Option<String>,
    pub(super) function: Option<ConversationToolCallsOfFunction>,
}

#[derive(Default)]
pub(super) struct ConversationToolCallsOfFunction {
    pub(super) name: String,
    pub(super) arguments: String,
}

#[derive(Default)]
pub(super) struct ConversationTools {
    pub(super) function: Option<ConversationToolsFunction>,
}

#[derive(Default)]
pub(super) struct ConversationToolsFunction {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) parameters: Option<Struct>,
}

message!(ConversationRequest {
    1 name: "name",
    2 context_id: "contextID",
    3 inputs: "inputs",
    4 parameters: "parameters",
    5 metadata: "metadata",
    6 scrub_pii: "scrubPII" | "scrubPii" | "scrub_pii",
    7 temperature: "temperature",
    31 cache_ttl: "cacheTTL" | "cache_ttl",
});

message!(ConversationInput {
    1 content: "content",
    2 role: "role",
    3 scrub_pii: "scrubPII" | "scrubPii" | "scrub_pii",
});

message!(ConversationRequestAlpha2 {
    1 name: "name",
    2 context_id: "contextId" | "context_id",
    3 inputs: "inputs",
    4 parameters: "parameters",
    5 metadata: "metadata",
    6 scrub_pii: "scrubPii" | "scrub_pii" | "scrubPII",
    7 temperature: "temperature",
    8 tools: "tools",
    9 tool_choice: "toolChoice" | "tool_choice",
    10 response_format: "responseFormat" | "response_format",
    11 prompt_cache_retention: "promptCacheRetention" | "prompt_cache_retention",
    31 cache_ttl: "cacheTTL" | "cache_ttl",
});

message!(ConversationInputAlpha2 {
    1 messages: "messages",
    2 scrub_pii: "scrubPii" | "scrub_pii" | "scrubPII",
});

message!(ConversationMessage {
    oneof message_types "dapr.proto.runtime.v1.ConversationMessage.message_types" {
        1 MessageTypes::Developer: "ofDeveloper" | "of_developer",
        2 MessageTypes::System: "ofSystem" | "of_system",
        3 MessageTypes::User: "ofUser" | "of_user",
        4 MessageTypes::Assistant: "ofAssistant" | "of_assistant",
        5 MessageTypes::Tool: "ofTool" | "of_tool",
    }
});

message!(ConversationMessageOfText {
    1 name: "name",
    2 content: "content",
});

message!(ConversationMessageOfAssistant {
    1 name: "name",
    2 content: "content",
    3 tool_calls: "toolCalls" | "tool_calls",
});

message!(ConversationMessageOfTool {
    1 tool_id: "toolId" | "tool_id",
    2 name: "name",
    3 content: "content",
});

message!(ConversationMessageContent {
    1 text: "text",
});

message!(ConversationToolCalls {
    1 id: "id",
    2 function: "function",
});

message!(ConversationToolCallsOfFunction {
    1 name: "name",
    2 arguments: "arguments",
});

message!(ConversationTools {
    1 function: "function",
});

message!(ConversationToolsFunction {
    1 name: "name",
    2 description: "description",
    3 parameters: "parameters",
});
