//! What must hold for whatever a client sends, an operator writes, or a stranger builds. Each function takes any bytes and panics when one of its rules is broken;
//! `cargo test` runs them over the corpus and what is near it, `cargo xtask fuzz` lets libFuzzer search.
#![expect(clippy::expect_used, reason = "a panic is how a broken rule is told")]

mod component;
mod sections;
mod yaml;

pub use self::component::component;
pub use self::yaml::yaml;

use std::fmt::Debug;

use parlor::api::dapr::protojson;
use parlor::api::dapr::wire::{
    ConversationRequest, ConversationRequestAlpha2, ConversationResponse, ConversationResponseAlpha2,
    GetMetadataResponse, SetMetadataRequest,
};
use parlor::api::dapr::{Call, Converse, Rejection};

/// Longer than any text about a mistake is, whatever the mistake.
const LONGEST_ERROR: usize = 1_000;

/// Bytes as the body of an HTTP request.
pub fn json(data: &[u8]) {
    request_of_json::<ConversationRequest>(data);
    request_of_json::<ConversationRequestAlpha2>(data);
    of_json::<ConversationResponse>(data);
    of_json::<ConversationResponseAlpha2>(data);
    of_json::<GetMetadataResponse>(data);
}

/// Bytes as the message of a gRPC call.
pub fn protobuf(data: &[u8]) {
    request_of_protobuf::<ConversationRequest>(data);
    request_of_protobuf::<ConversationRequestAlpha2>(data);
    of_protobuf::<ConversationResponse>(data);
    of_protobuf::<ConversationResponseAlpha2>(data);
    of_protobuf::<GetMetadataResponse>(data);
    of_protobuf::<SetMetadataRequest>(data);
}

/// Bytes as a text to scrub: the same whole and in pieces, no token that a second time takes away, and JSON that stays JSON.
pub fn scrub(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let whole = parlor_scrub::scrub(&text);
    let mut scrubber = parlor_scrub::Scrubber::new();
    let mut joined = String::new();
    let mut rest = text.as_ref();
    // The text itself says where it is cut, so that a search can move the cuts.
    for length in data.iter().map(|byte| usize::from(byte % 16)).cycle() {
        let (chunk, after) = rest.split_at(rest.ceil_char_boundary(length + 1));
        joined.push_str(&scrubber.push(chunk));
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    joined.push_str(&scrubber.finish());
    assert_eq!(joined, whole, "in pieces");
    for span in parlor_scrub::detect(&whole) {
        let found = whole.get(span.range).expect("a span ends at characters' boundaries");
        assert!(!(found.starts_with('<') || found.ends_with('>')), "a token was found in {whole}");
    }
    let scrubbed = parlor_scrub::scrub_json(&text);
    if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
        serde_json::from_str::<serde::de::IgnoredAny>(&scrubbed).expect("JSON stays JSON");
    }
}

trait Message: protojson::Message + prost::Message + PartialEq + Debug {}
impl<M: protojson::Message + prost::Message + PartialEq + Debug> Message for M {}

/// What is read is written, and read again as the same; protobuf can say it too.
fn of_json<M: Message>(data: &[u8]) -> Option<M> {
    let message: M = match protojson::decode(data) {
        Ok(message) => message,
        Err(text) => {
            assert!(text.starts_with("proto: ") && text.len() < LONGEST_ERROR, "an error without sense: {text}");
            return None;
        }
    };
    let text = write(&message).expect("what was made of JSON has a form in JSON");
    let again: M = read(&text);
    assert_eq!(again.encode_to_vec(), message.encode_to_vec(), "read twice from {text}");
    assert_eq!(write(&again).as_deref(), Some(text.as_str()), "written twice");
    let bytes = message.encode_to_vec();
    assert_eq!(bytes.len(), message.encoded_len());
    // Protobuf takes no tree as deep as JSON's may be.
    if let Ok(told) = M::decode(bytes.as_slice()) {
        assert_eq!(told.encode_to_vec(), bytes, "protobuf said something else than {text}");
        let by_way = write(&told).expect("what was made of JSON has a form in JSON");
        assert_eq!(read::<M>(&by_way).encode_to_vec(), bytes, "JSON said something else than {text}");
    }
    Some(message)
}

fn request_of_json<R: Message + Converse>(data: &[u8]) {
    let Some(request) = of_json::<R>(data) else { return };
    if let Ok(told) = R::decode(request.encode_to_vec().as_slice()) {
        assert_alike(request.into_call("fuzz"), told.into_call("fuzz"));
    }
}

/// What is read is written, and read again as the same; where JSON can say it, it says the same.
fn of_protobuf<M: Message>(data: &[u8]) -> Option<M> {
    let message = M::decode(data).ok()?;
    let bytes = message.encode_to_vec();
    let again = M::decode(bytes.as_slice()).expect("what was written can be read");
    assert_eq!(again.encode_to_vec(), bytes, "read twice");
    // Types that nobody knows, numbers that are none and times out of range have no form in JSON.
    if let Some(text) = write(&message) {
        let told: M = read(&text);
        assert_eq!(write(&told).as_deref(), Some(text.as_str()), "JSON says one thing in one way");
        let by_way = M::decode(told.encode_to_vec().as_slice()).expect("no deeper than it was");
        assert_eq!(write(&by_way).as_deref(), Some(text.as_str()), "protobuf says the same");
    }
    Some(message)
}

fn request_of_protobuf<R: Message + Converse>(data: &[u8]) {
    let Some(request) = of_protobuf::<R>(data) else { return };
    match write(&request) {
        Some(text) => assert_alike(request.into_call("fuzz"), read::<R>(&text).into_call("fuzz")),
        None => drop(request.into_call("fuzz")),
    }
}

/// The same request means the same, whichever form it came in. Only the order of keys in a schema may differ.
fn assert_alike(one: Result<Call, Rejection>, other: Result<Call, Rejection>) {
    match (one, other) {
        (Ok(one), Ok(other)) => {
            assert_eq!((&one.scrub, &one.overrides), (&other.scrub, &other.overrides));
            let (one, other) = (one.request, other.request);
            assert_eq!((&one.model, &one.messages), (&other.model, &other.messages));
            assert_eq!((&one.tool_choice, &one.sampling), (&other.tool_choice, &other.sampling));
            assert_eq!((&one.prompt_cache, &one.metadata), (&other.prompt_cache, &other.metadata));
            let names = |request: &parlor::conversation::Request| -> Vec<String> {
                request.tools.iter().map(|tool| tool.name.clone()).collect()
            };
            assert_eq!(names(&one), names(&other));
        }
        (Err(one), Err(other)) => assert_eq!(one, other),
        (one, other) => assert_eq!(one.is_ok(), other.is_ok(), "{one:?} and {other:?}"),
    }
}

fn write<M: protojson::Message>(message: &M) -> Option<String> {
    let text = protojson::encode(message).ok()?;
    Some(String::from_utf8(text).expect("JSON is UTF-8"))
}

fn read<M: protojson::Message>(text: &str) -> M {
    match protojson::decode(text.as_bytes()) {
        Ok(message) => message,
        Err(error) => unreadable(text, &error),
    }
}

#[expect(clippy::panic, reason = "a panic is how a broken rule is told")]
fn unreadable(text: &str, error: &str) -> ! {
    panic!("{error}: {text}")
}

#[cfg(test)]
mod tests;
