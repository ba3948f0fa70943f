//! The provider `conversation.openai`: OpenAI's chat completions API, and the engines that speak it. Does no I/O: the host
//! makes the call.
//!
//! It passes on what it is asked for, so a vendor that does not know a parameter says so itself. What chat completions
//! have no place for is an error here, with these exceptions, which change nothing about the answer's meaning:
//! `reasoning.visible`; thoughts of earlier turns, where the endpoint is OpenAI's own; extensions of messages and tools.

use parlor_sdk::description::{ProviderDescription, Setting, SettingKind};
use parlor_sdk::types::{Error, Request};
use parlor_sdk::{Codec, HttpRequest, Settings};

mod answer;
mod candidate;
mod failure;
mod message;
mod request;
mod settings;
mod wire;

use answer::Answer;
use settings::Vendor;

/// The provider.
#[derive(Debug)]
pub struct OpenAi;

parlor_sdk::export_codec!(OpenAi);

impl Codec for OpenAi {
    type Decoder = Answer;

    fn describe() -> ProviderDescription {
        let setting = Setting::new;
        ProviderDescription::new(
            "openai",
            env!("CARGO_PKG_VERSION"),
            "OpenAI's chat completions and compatible engines",
        )
        .setting(
            setting("key", "the API key; any text for an engine that asks for none", SettingKind::Text)
                .required()
                .secret(),
        )
        .setting(
            setting("model", "the model to use; with Azure, the deployment's name", SettingKind::Text)
                .default("gpt-5-nano"),
        )
        .setting(
            setting("endpoint", "base URL of the API, without `/chat/completions`", SettingKind::Endpoint)
                .default(settings::ENDPOINT),
        )
        .setting(setting(
            "apiType",
            "whose API it is",
            SettingKind::Choice(["openai", "azure"].map(str::to_owned).to_vec()),
        ))
        .setting(setting("apiVersion", "version of Azure's API, such as `2025-01-01-preview`", SettingKind::Text))
        .setting(setting("temperature", "temperature of requests that set none", SettingKind::Number))
        .setting(setting("maxTokens", "most tokens of an answer where the request sets no limit", SettingKind::Integer))
        .setting(setting("organization", "the organization that is billed", SettingKind::Text))
        .setting(setting("project", "the project that is billed", SettingKind::Text))
        .origin("https://api.openai.com")
    }

    fn encode(settings: &Settings, request: Request) -> Result<HttpRequest, Error> {
        let vendor = Vendor::new(settings)?;
        Ok(HttpRequest {
            method: "POST".to_owned(),
            url: vendor.url(request::model(&vendor, &request))?,
            headers: vendor.headers(request.streaming),
            body: request::body(&vendor, &request)?,
            extensions: None,
        })
    }
}

#[cfg(test)]
mod tests;
