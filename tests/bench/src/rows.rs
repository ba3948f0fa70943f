//! The rows of the table: who is called, with what, over how many connections. Data only; `report.rs` compares them.

use crate::bodies;

/// Whose CPU time and memory a row counts, and who is called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Under {
    Floor,
    Upstream,
    Proxy,
    Parlor,
}

/// One kind of call.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) under: Under,
    pub(crate) path: &'static str,
    pub(crate) body: &'static str,
    pub(crate) connections: u16,
}

impl Row {
    const fn new(name: &'static str, under: Under, path: &'static str, body: &'static str, connections: u16) -> Self {
        Self { name, under, path, body, connections }
    }
}

/// In the order in which each round runs them: rows that are compared stand together.
pub(crate) const ROWS: [Row; 12] = [
    Row::new("floor", Under::Floor, "/v1.0-alpha2/conversation/echo/converse", bodies::CONVERSE, 32),
    Row::new("echo", Under::Parlor, "/v1.0-alpha2/conversation/echo/converse", bodies::CONVERSE, 32),
    Row::new("echo-scrubbed", Under::Parlor, "/v1.0-alpha2/conversation/echo/converse", bodies::CONVERSE_SCRUBBED, 32),
    Row::new("cached", Under::Parlor, "/v1.0-alpha2/conversation/echo-cached/converse", bodies::CONVERSE, 32),
    Row::new("direct", Under::Upstream, "/v1/chat/completions", bodies::CHAT, 32),
    Row::new("proxy", Under::Proxy, "/v1/chat/completions", bodies::CHAT, 32),
    Row::new("openai", Under::Parlor, "/v1.0-alpha2/conversation/openai/converse", bodies::CONVERSE, 32),
    Row::new("direct-20ms", Under::Upstream, "/20/v1/chat/completions", bodies::CHAT, 64),
    Row::new("proxy-20ms", Under::Proxy, "/20/v1/chat/completions", bodies::CHAT, 64),
    Row::new("openai-20ms", Under::Parlor, "/v1.0-alpha2/conversation/openai-20ms/converse", bodies::CONVERSE, 64),
    Row::new("direct-stream", Under::Upstream, "/v1/chat/completions", bodies::CHAT_STREAM, 32),
    Row::new("proxy-stream", Under::Proxy, "/v1/chat/completions", bodies::CHAT_STREAM, 32),
];
