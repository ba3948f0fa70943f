//! The provider's settings, and what they say about the dialect to speak. Knows nothing of requests.

use parlor_sdk::Settings;
use parlor_sdk::types::{Error, ErrorKind};

/// Where OpenAI itself is.
pub(crate) const ENDPOINT: &str = "https://api.openai.com/v1";

/// Whom to call, and how.
pub(crate) struct Vendor<'a> {
    key: &'a str,
    pub(crate) model: &'a str,
    endpoint: &'a str,
    pub(crate) temperature: Option<f64>,
    pub(crate) max_tokens: Option<u32>,
    /// The version of Azure's API, where the endpoint is a resource of Azure's. The model is then a deployment's name.
    azure: Option<&'a str>,
    organization: Option<&'a str>,
    project: Option<&'a str>,
    /// The endpoint is OpenAI's own, or Azure's, and not an engine that imitates it. OpenAI has moved on in ways that not all engines
    /// follow: `max_completion_tokens` for `max_tokens`, and the role `developer`, which an engine's chat template may refuse.
    pub(crate) is_openai: bool,
}

impl<'a> Vendor<'a> {
    pub(crate) fn new(settings: &'a Settings) -> Result<Self, Error> {
        let endpoint = settings.text("endpoint").unwrap_or(ENDPOINT).trim_end_matches('/');
        let azure = azure(settings, endpoint)?;
        Ok(Self {
            key: settings.required("key")?,
            model: settings.required("model")?,
            endpoint,
            azure,
            temperature: settings.number("temperature")?,
            max_tokens: settings.integer("maxTokens")?,
            organization: settings.text("organization"),
            project: settings.text("project"),
            is_openai: azure.is_some() || is_openai(endpoint),
        })
    }

    /// Where a request for `model` goes.
    ///
    /// # Errors
    /// When the model can't be a part of the URL, as Azure has it.
    pub(crate) fn url(&self, model: &str) -> Result<String, Error> {
        let endpoint = self.endpoint;
        let Some(version) = self.azure else { return Ok(format!("{endpoint}/chat/completions")) };
        if !model.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
            let message =
                format!("`{model}` can't be the name of a deployment: those are of letters, digits, `.`, `_`, `-`");
            return Err(Error::new(ErrorKind::InvalidRequest, message));
        }
        Ok(format!("{endpoint}/openai/deployments/{model}/chat/completions?api-version={version}"))
    }

    pub(crate) fn headers(&self, streaming: bool) -> Vec<(String, String)> {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut headers = vec![
            match self.azure {
                Some(_) => header("api-key", self.key),
                None => header("authorization", &format!("Bearer {}", self.key)),
            },
            header("content-type", "application/json"),
            header("accept", if streaming { "text/event-stream" } else { "application/json" }),
        ];
        headers.extend(self.organization.map(|value| header("openai-organization", value)));
        headers.extend(self.project.map(|value| header("openai-project", value)));
        headers
    }
}

/// The version of Azure's API, where `apiType` says so. Nobody can guess it, or the resource's address.
fn azure<'a>(settings: &'a Settings, endpoint: &str) -> Result<Option<&'a str>, Error> {
    if !settings.text("apiType").is_some_and(|kind| kind.eq_ignore_ascii_case("azure")) {
        return Ok(None);
    }
    let version = settings.text("apiVersion").filter(|_| endpoint != ENDPOINT);
    let missing = "endpoint and apiVersion must be provided when apiType is set to 'azure'";
    version.map(Some).ok_or_else(|| Error::new(ErrorKind::Internal, missing))
}

/// OpenAI's hosts are `api.openai.com` and its regional ones, such as `eu.api.openai.com`.
fn is_openai(endpoint: &str) -> bool {
    let authority = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let host = authority.split(['/', ':', '?']).next().unwrap_or_default().to_ascii_lowercase();
    host == "api.openai.com" || host.ends_with(".api.openai.com")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_openai_s_own_hosts_are_openai() {
        for (endpoint, expected) in [
            (ENDPOINT, true),
            ("https://EU.api.openai.com/v1", true),
            ("https://api.openai.com:443", true),
            ("https://api.openai.com.evil.test/v1", false),
            ("https://notapi.openai.com/v1", false),
            ("http://localhost:8080/api.openai.com", false),
        ] {
            assert_eq!(is_openai(endpoint), expected, "{endpoint}");
        }
    }
}
