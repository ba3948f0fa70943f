//! What is said on the wire, by the load generator and by the upstream. Data only.

/// A call of Dapr's alpha2, as small as real ones get.
pub(crate) const CONVERSE: &str = r#"{"inputs":[{"messages":[{"ofSystem":{"content":[{"text":"You answer in one short sentence."}]}},{"ofUser":{"content":[{"text":"What is the capital of France, and how many people live there?"}]}}]}],"temperature":0.7}"#;

/// The same call, to be scrubbed both ways.
pub(crate) const CONVERSE_SCRUBBED: &str = r#"{"inputs":[{"messages":[{"ofSystem":{"content":[{"text":"You answer in one short sentence."}]}},{"ofUser":{"content":[{"text":"What is the capital of France, and how many people live there?"}]}}],"scrubPii":true}],"scrubPii":true,"temperature":0.7}"#;

/// The same call in the dialect of the upstream.
pub(crate) const CHAT: &str = r#"{"model":"canned","messages":[{"role":"system","content":"You answer in one short sentence."},{"role":"user","content":"What is the capital of France, and how many people live there?"}],"temperature":0.7}"#;

/// The same once more, to be answered as a stream.
pub(crate) const CHAT_STREAM: &str = r#"{"model":"canned","stream":true,"messages":[{"role":"system","content":"You answer in one short sentence."},{"role":"user","content":"What is the capital of France, and how many people live there?"}],"temperature":0.7}"#;

/// The upstream's answer.
pub(crate) const COMPLETION: &[u8] = br#"{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"canned","choices":[{"index":0,"message":{"role":"assistant","content":"The capital of France is Paris, where about two million people live."},"finish_reason":"stop"}],"usage":{"prompt_tokens":27,"completion_tokens":14,"total_tokens":41}}"#;

const FIRST: &[u8] = b"data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"canned\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
const MIDDLE: &[u8] = b"data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"canned\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"}}]}\n\n";
const LAST: &[u8] = b"data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"canned\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const DONE: &[u8] = b"data: [DONE]\n\n";

/// The upstream's answer as a stream: twenty chunks of content between a first one, a last one and the end.
pub(crate) const CHUNKS: [&[u8]; 23] = {
    let mut chunks = [MIDDLE; 23];
    chunks[0] = FIRST;
    chunks[21] = LAST;
    chunks[22] = DONE;
    chunks
};
