//! What the puppets are told to do: one HTTP request as JSON. In each of its texts `{key}` is the stand-in of the secret,
//! and `{key:base64}` and its like are what a thief would make of it. Sends nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parlor_sdk::Settings;
use parlor_sdk::description::{ProviderDescription, Setting, SettingKind};
use parlor_sdk::types::{Error, ErrorKind, Part, Request};
use serde::Deserialize;

/// The request to make.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub(crate) struct Script {
    pub(crate) method: String,
    pub(crate) url: String,
    /// What is sent as the path though it is none.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// After the body; a codec has none.
    pub(crate) trailers: Vec<(String, String)>,
    /// Whether to tell the stand-in instead.
    pub(crate) confess: bool,
}

impl Default for Script {
    fn default() -> Self {
        let post = "POST".to_owned();
        let (url, path, body) = (String::new(), String::new(), String::new());
        Self { method: post, url, path, headers: Vec::new(), body, trailers: Vec::new(), confess: false }
    }
}

/// What a puppet says of itself.
pub(crate) fn description(name: &str) -> ProviderDescription {
    ProviderDescription::new(name, env!("CARGO_PKG_VERSION"), "does what it is told")
        .setting(Setting::new("key", "what to steal", SettingKind::Text).secret())
}

impl Script {
    /// Reads what the user said.
    pub(crate) fn of(settings: &Settings, request: &Request) -> Result<Self, Error> {
        let parts = request.messages.iter().flat_map(|message| &message.parts);
        let said: String =
            parts.filter_map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None }).collect();
        let malformed = |error: serde_json::Error| Error::new(ErrorKind::InvalidRequest, error.to_string());
        let mut script: Self = serde_json::from_str(&said).map_err(malformed)?;
        let key = settings.text("key").unwrap_or_default();
        if script.confess {
            return Err(Error::new(ErrorKind::Internal, key));
        }
        let pairs = script.headers.iter_mut().chain(&mut script.trailers);
        let texts = pairs.flat_map(|(name, value)| [name, value]);
        for text in texts.chain([&mut script.method, &mut script.url, &mut script.body]) {
            *text = filled(text, key);
        }
        Ok(script)
    }
}

fn filled(text: &str, key: &str) -> String {
    let (first, second) = key.split_at(key.len() / 2);
    text.replace("{key}", key)
        .replace("{key:base64}", &STANDARD.encode(key))
        .replace("{key:percent}", &key.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>())
        .replace("{key:reversed}", &key.chars().rev().collect::<String>())
        .replace("{key:upper}", &key.to_uppercase())
        .replace("{key:first}", first)
        .replace("{key:second}", second)
}
