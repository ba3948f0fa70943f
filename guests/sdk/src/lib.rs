//! What a Parlor provider in Rust is built from. A provider is a WebAssembly component that speaks one vendor's dialect;
//! the host calls it with a neutral [`types::Request`] and reads back neutral events. This crate does no I/O of its own.
//!
//! There are two ways to be a provider:
//!
//! - [`Codec`], exported by [`export_codec!`]: pure functions from a request to an HTTP request, and from the bytes of
//!   the HTTP answer to events. The host makes the call. It is the fastest way, it imports nothing, and it can be tested
//!   natively with [`testing`]. Start here.
//! - [`Conversation`] and [`Streaming`], exported by [`export_conversation!`] or [`export_streaming!`]: the provider makes
//!   its own calls through `wasi:http`, or needs none.
//!
//! ```
//! use parlor_sdk::description::{ProviderDescription, Setting, SettingKind};
//! use parlor_sdk::types::{Candidate, Error, FinishReason, Part, Request, Response};
//! use parlor_sdk::{Conversation, Settings};
//!
//! struct Parrot;
//!
//! impl Conversation for Parrot {
//!     fn describe() -> ProviderDescription {
//!         ProviderDescription::new("parrot", "1.0.0", "repeats one word")
//!             .setting(Setting::new("word", "what to say", SettingKind::Text).default("hello"))
//!     }
//!
//!     fn converse(settings: &Settings, _request: Request) -> Result<Response, Error> {
//!         let word = settings.required("word")?.to_owned();
//!         let candidate = Candidate {
//!             index: 0,
//!             parts: vec![Part::Text(word)],
//!             finish_reason: FinishReason::Stop,
//!             raw_finish_reason: None,
//!             extensions: None,
//!         };
//!         Ok(Response { candidates: vec![candidate], ..Response::default() })
//!     }
//! }
//!
//! parlor_sdk::export_conversation!(Parrot);
//! ```

#[doc(hidden)]
pub mod bindings;
pub mod body;
mod codec;
mod conversation;
pub mod description;
mod errors;
mod headers;
pub mod lines;
pub mod log;
#[cfg(any(target_arch = "wasm32", test))]
mod memory;
mod settings;
pub mod sse;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use codec::{Codec, Decoder, HttpRequest};
pub use conversation::{Conversation, EventStream, Streaming};
pub use headers::Headers;
pub use settings::Settings;

#[doc(hidden)]
pub use codec::CodecExport;
#[doc(hidden)]
pub use conversation::ConversationExport;

/// The data of a conversation, as `interface types` of `wit/conversation.wit` has it.
pub mod types {
    pub use crate::bindings::data::parlor::conversation::types::*;
}

/// Compiles what the guide for authors shows.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub mod guide {}
