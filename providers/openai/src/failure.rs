//! From the vendor's words about a failure, in any of the forms that OpenAI and its imitators use, to a typed error.

use parlor_sdk::Headers;
use parlor_sdk::types::{Error, ErrorKind};
use serde_json::Value;

/// The most of the vendor's text that is passed on, in characters.
const LONGEST_MESSAGE: usize = 2_000;

/// What a body that is no JSON may contribute, in characters: enough to tell whose proxy wrote it.
const LONGEST_PLAIN: usize = 200;

/// The error for an answer whose status is no success.
pub(crate) fn of_status(status: u16, headers: &Headers, body: &[u8]) -> Error {
    let found = Failure::read(body);
    let message = match found.message {
        Some(text) => format!("API returned unexpected status code: {status}: {text}"),
        None => format!("API returned unexpected status code: {status}"),
    };
    let kind = found.kind.unwrap_or_else(|| ErrorKind::of_status(status));
    Error::from_answer(kind, status, headers, message).with_vendor_code(found.code)
}

/// The error for an error object in an answer that began as a success.
pub(crate) fn of_object(status: u16, headers: &Headers, object: &[u8]) -> Error {
    let found = Failure::read(object);
    let message = match found.message {
        Some(text) => format!("API returned an error in its answer: {text}"),
        None => "API returned an error in its answer".to_owned(),
    };
    let kind = found.kind.or_else(|| found.status.map(ErrorKind::of_status)).unwrap_or(ErrorKind::Upstream);
    Error::from_answer(kind, status, headers, message).with_vendor_code(found.code)
}

/// What a failure's body says.
#[derive(Default)]
struct Failure {
    kind: Option<ErrorKind>,
    message: Option<String>,
    code: Option<String>,
    /// Some engines give an HTTP status as the code.
    status: Option<u16>,
}

impl Failure {
    fn read(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            return Self { message: plain(body), ..Self::default() };
        };
        // Google's compatible endpoint wraps the object in a list.
        let value = value.get(0).unwrap_or(&value);
        let object = value.get("error").filter(|error| !error.is_null()).unwrap_or(value);
        let text = |name: &str| object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let message = object
            .as_str()
            .or_else(|| text("message"))
            .or_else(|| text("detail"))
            .map(|text| shorten(text, LONGEST_MESSAGE));
        let number = object.get("code").and_then(Value::as_u64);
        let words = [text("code"), text("type")];
        let kind = words.into_iter().flatten().find_map(kind_of_code).or_else(|| kind_of_message(message.as_deref()?));
        let code = words.into_iter().flatten().next().map(|word| shorten(word, LONGEST_PLAIN));
        Self {
            kind,
            message,
            code: code.or_else(|| number.map(|number| number.to_string())),
            status: number.and_then(|number| u16::try_from(number).ok()).filter(|status| (400..600).contains(status)),
        }
    }
}

/// OpenAI's codes and types, and those of llama.cpp.
fn kind_of_code(code: &str) -> Option<ErrorKind> {
    Some(match code {
        "insufficient_quota" | "billing_hard_limit_reached" | "billing_not_active" => ErrorKind::QuotaExhausted,
        "context_length_exceeded" | "exceed_context_size_error" => ErrorKind::ContextLength,
        "content_filter" | "content_policy_violation" | "moderation_blocked" => ErrorKind::ContentFiltered,
        "model_not_found" | "not_found_error" => ErrorKind::NotFound,
        "invalid_api_key" | "authentication_error" => ErrorKind::Authentication,
        "unsupported_country_region_territory" | "account_deactivated" | "permission_error" => ErrorKind::Permission,
        "rate_limit_exceeded" => ErrorKind::RateLimited,
        "server_overloaded" | "overloaded_error" | "engine_overloaded" | "unavailable_error" => ErrorKind::Overloaded,
        "server_error" | "internal_error" => ErrorKind::Upstream,
        "not_supported_error" => ErrorKind::Unsupported,
        _ => return None,
    })
}

/// Engines that give no code for it still say that the conversation is too long.
fn kind_of_message(message: &str) -> Option<ErrorKind> {
    let too_long = ["maximum context length", "exceeds the available context size"];
    too_long.iter().any(|phrase| message.contains(phrase)).then_some(ErrorKind::ContextLength)
}

/// The text of a body that is no JSON, unless it is a page for a browser.
fn plain(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    (!text.is_empty() && !text.starts_with('<')).then(|| shorten(text, LONGEST_PLAIN))
}

fn shorten(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}
