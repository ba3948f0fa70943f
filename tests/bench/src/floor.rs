//! The floor: an axum handler that parses a converse request of alpha2 and answers as the echo provider does. No
//! sandbox, no pipeline, no checks: nothing that serves this API in Rust can be cheaper.

use anyhow::Result;
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::serve;

/// A request as plain serde reads it, with no rule of protobuf's.
#[derive(Deserialize)]
pub(crate) struct Request {
    inputs: Vec<Input>,
}

#[derive(Deserialize)]
struct Input {
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Message {
    OfSystem { content: Vec<Part> },
    OfUser { content: Vec<Part> },
}

#[derive(Deserialize)]
struct Part {
    text: String,
}

/// An answer as plain serde writes it.
#[derive(Serialize)]
pub(crate) struct Response {
    outputs: [Output; 1],
}

#[derive(Serialize)]
struct Output {
    choices: [Choice; 1],
    usage: Usage,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Choice {
    finish_reason: &'static str,
    message: Answer,
}

#[derive(Serialize)]
struct Answer {
    content: String,
}

/// Counts are text, as everywhere in this API.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    completion_tokens: String,
    prompt_tokens: String,
    total_tokens: String,
}

pub(crate) async fn serve() -> Result<()> {
    let listener = serve::listen().await?.tap_io(|socket| {
        // Without it answers are still right, only later; nothing else can be done about it here.
        let _ = socket.set_nodelay(true);
    });
    let router = Router::new().route("/v1.0-alpha2/conversation/{name}/converse", post(converse));
    Ok(axum::serve(listener, router).await?)
}

async fn converse(Json(request): Json<Request>) -> Json<Response> {
    Json(answer(request))
}

/// What the echo provider says.
pub(crate) fn answer(request: Request) -> Response {
    let messages = request.inputs.into_iter().flat_map(|input| input.messages);
    let parts = messages.flat_map(|message| match message {
        Message::OfSystem { content } | Message::OfUser { content } => content,
    });
    let content = parts.map(|part| part.text).collect::<Vec<_>>().join("\n");
    let words = content.split_whitespace().count();
    let usage = Usage {
        completion_tokens: words.to_string(),
        prompt_tokens: words.to_string(),
        total_tokens: (2 * words).to_string(),
    };
    let choice = Choice { finish_reason: "stop", message: Answer { content } };
    Response { outputs: [Output { choices: [choice], usage }] }
}
