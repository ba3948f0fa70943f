//! The calls by alpha1.

use dapr::client::{ConversationInput, ConversationInputBuilder, ConversationRequest, ConversationRequestBuilder};
use serde_json::{Map, Value, json};

use crate::{Client, metadata, packed, report, unpacked};

pub async fn call(client: &mut Client) {
    let mut request = said(&["hello world"]);
    request.inputs[0].role = Some("user".to_owned());
    request.inputs[0].scrub_pii = Some(true);
    request.context_id = Some("chat-123".to_owned());
    request.metadata = metadata();
    request.scrub_pii = Some(true);
    request.temperature = Some(0.7);
    converse(client, "alpha1", request).await;

    let mut request = said(&["be brief", "hello world"]);
    request.inputs[0].role = Some("system".to_owned());
    request.inputs[1].role = Some("user".to_owned());
    converse(client, "alpha1 inputs", request).await;

    let mut request = said(&["input this abcd@gmail.com", "input this +12341567890"]);
    request.inputs[1].scrub_pii = Some(true);
    converse(client, "alpha1 scrubbed", request).await;

    let mut request = said(&["hello world"]);
    request.parameters = [("style".to_owned(), packed("brief"))].into();
    converse(client, "alpha1 parameters", request).await;

    let request = ConversationRequest { name: "nobody".to_owned(), ..said(&["hello world"]) };
    converse(client, "alpha1 unknown component", request).await;
    converse(client, "alpha1 no inputs", said(&[])).await;
}

fn said(texts: &[&str]) -> ConversationRequest {
    let inputs: Vec<ConversationInput> = texts.iter().map(|text| ConversationInputBuilder::new(text).build()).collect();
    ConversationRequestBuilder::new("echo", inputs).build()
}

async fn converse(client: &mut Client, name: &str, request: ConversationRequest) {
    let shown = client.converse_alpha1(request).await.map(|answer| {
        let outputs: Vec<Value> = answer
            .outputs
            .iter()
            .map(|output| {
                let parameters = output.parameters.iter().map(|(name, value)| (name.clone(), unpacked(value).into()));
                json!({ "result": output.result, "parameters": Map::from_iter(parameters) })
            })
            .collect();
        json!({ "contextId": answer.context_id.unwrap_or_default(), "outputs": outputs })
    });
    report(name, shown);
}
