//! The provider `conversation.openai` against servers that others wrote: aimock, which answers from fixtures and keeps a
//! journal of what arrived; llama.cpp, a real engine; and nginx with OpenSSL in front of the first.
//!
//! How the host treats a vendor that misbehaves on the wire is shown elsewhere, with servers of our own.

mod aimock;
mod answers;
mod failures;
mod llama;
mod nginx;
mod requests;
mod server;
mod tls;

use serde_json::{Value, json};

/// The paths of both versions of the API for the component `gpt`, each with a body that says `text` and has `more`.
fn both(text: &str, more: &Value) -> [(&'static str, Value); 2] {
    let message = json!({ "ofUser": { "content": [{ "text": text }] } });
    [
        ("/v1.0-alpha1/conversation/gpt/converse", with(json!({ "inputs": [{ "content": text }] }), more)),
        ("/v1.0-alpha2/conversation/gpt/converse", with(json!({ "inputs": [{ "messages": [message] }] }), more)),
    ]
}

/// A JSON object with the members of another added.
fn with(mut object: Value, more: &Value) -> Value {
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object
}
