//! Calls Parlor through Dapr's Rust SDK, as a user's program does, and prints one JSON document a call.
//!
//! It knows where Parlor is from the environment alone: `DAPR_GRPC_PORT`.

mod alpha1;
mod alpha2;

use std::error::Error;

use prost_types::Any;
use serde_json::{Value, json};

/// What the SDK's constructor gives.
type Client = dapr::Client<dapr::client::TonicClientWithAuth>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    hello().await?;
    let mut client: Client = dapr::Client::new().await?;
    alpha1::call(&mut client).await;
    alpha2::call(&mut client).await;
    Ok(())
}

async fn hello() -> Result<(), Box<dyn Error>> {
    // readme
    use dapr::client::{ConversationInputBuilder, ConversationRequestBuilder};

    let mut client = dapr::Client::new().await?;
    let prompt = ConversationInputBuilder::new("hello world").build();
    let request = ConversationRequestBuilder::new("echo", vec![prompt]).build();
    let answer = client.converse_alpha1(request).await?;
    println!("conversation output: {}", answer.outputs[0].result);
    // /readme
    Ok(())
}

/// Prints what a call gave: what is shown of its answer, or the code and the message of its error.
fn report(call: &str, answer: Result<Value, dapr::error::Error>) {
    let document = match answer {
        Ok(answer) => json!({ "call": call, "answer": answer }),
        Err(error) => json!({ "call": call, "error": shown(&error) }),
    };
    println!("{document}");
}

/// The SDK keeps the status to itself: its text is all that a user gets.
fn shown(error: &dapr::error::Error) -> Value {
    let text = error.to_string();
    let between = |before: &str, after: &str| {
        let rest = text.split_once(before).map(|(_, rest)| rest);
        rest.and_then(|rest| rest.split_once(after)).map_or(text.clone(), |(found, _)| found.to_owned())
    };
    let code = match between("code: ", ",").as_str() {
        "InvalidArgument" => "INVALID_ARGUMENT".to_owned(),
        other => other.to_owned(),
    };
    json!({ "code": code, "message": between("message: \"", "\",") })
}

/// A text as `parameters` want it.
fn packed(text: &str) -> Any {
    Any::from_msg(&text.to_owned()).expect("a text can be packed")
}

fn unpacked(value: &Any) -> String {
    value.to_msg().expect("a packed text")
}

fn metadata() -> std::collections::HashMap<String, String> {
    [("model", "modelname"), ("key", "authKey"), ("cacheTTL", "10m")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}
