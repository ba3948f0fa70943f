//! The smallest provider there is: whatever it is asked, it answers what its setting `answer` says, and which edition of
//! it does. For tries of clients, of YAML, and of swapping one edition for another while calls run.

use parlor_sdk::description::{ProviderDescription, Setting, SettingKind};
use parlor_sdk::types::{Candidate, Error, FinishReason, Part, Request, Response};
use parlor_sdk::{Conversation, Settings};

/// The provider.
#[derive(Debug)]
pub struct Canned;

parlor_sdk::export_conversation!(Canned);

/// What tells one build of it from another.
const EDITION: &str = "edition 0001";

impl Conversation for Canned {
    fn describe() -> ProviderDescription {
        ProviderDescription::new("canned", env!("CARGO_PKG_VERSION"), "answers what its YAML says")
            .setting(Setting::new("answer", "what it answers", SettingKind::Text).required())
    }

    fn converse(settings: &Settings, _request: Request) -> Result<Response, Error> {
        let text = format!("{}, {EDITION}", settings.required("answer")?);
        let candidate = Candidate {
            index: 0,
            parts: vec![Part::Text(text)],
            finish_reason: FinishReason::Stop,
            raw_finish_reason: None,
            extensions: None,
        };
        Ok(Response { candidates: vec![candidate], ..Response::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_is_the_answer() {
        let settings = Settings::new(vec![("answer".to_owned(), "no".to_owned())]);
        let response = Canned::converse(&settings, Request::default()).unwrap();
        let [Part::Text(text)] = response.candidates[0].parts.as_slice() else { panic!("{response:?}") };
        assert_eq!(text, "no, edition 0001");
    }
}
