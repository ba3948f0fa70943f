//! Keeps secrets and floods out of what a provider gives back. An upstream may well echo a key in its error.

use std::borrow::Cow;

use crate::conversation::{Delta, Event, FinishReason, Part, ProviderError, ResultPart};
use crate::egress::StandIns;
use crate::limits;

/// The text, cut at `longest` bytes or a little before.
pub(super) fn shortened(text: &str, longest: usize) -> &str {
    text.get(..text.floor_char_boundary(longest)).unwrap_or(text)
}

/// Masks and bounds a provider's error. Nobody needs what steers a terminal in a text that ends up on one.
pub(super) fn error(mut error: ProviderError, secrets: &StandIns) -> ProviderError {
    let others = [&mut error.vendor_code, &mut error.request_id, &mut error.extensions].into_iter().flatten();
    for text in others.chain([&mut error.message]) {
        mask(text, secrets);
        text.truncate(text.floor_char_boundary(limits::ERROR_TEXT));
        text.retain(|letter| !letter.is_control() || matches!(letter, '\n' | '\t'));
    }
    error
}

/// Masks every text of the events.
pub(super) fn events(events: &mut [Event], secrets: &StandIns) {
    if secrets.is_empty() {
        return;
    }
    for event in events {
        match event {
            Event::Text(Delta { text, .. })
            | Event::Refusal(Delta { text, .. })
            | Event::ToolArguments(Delta { text, .. })
            | Event::Extension { value: text, .. } => mask(text, secrets),
            Event::Reasoning { value, .. } => mask(&mut value.text, secrets),
            Event::ToolCall { id, name, .. } => {
                mask(id, secrets);
                mask(name, secrets);
            }
            Event::Part { value, .. } => part(value, secrets),
            Event::Started { id, model } => {
                id.iter_mut().chain(model).for_each(|text| mask(text, secrets));
            }
            Event::Finish { reason, raw, .. } => {
                if let FinishReason::Other(word) = reason {
                    mask(word, secrets);
                }
                raw.iter_mut().for_each(|text| mask(text, secrets));
            }
            Event::Usage(_) => {}
        }
    }
}

fn part(part: &mut Part, secrets: &StandIns) {
    match part {
        Part::Text(text) | Part::Refusal(text) => mask(text, secrets),
        Part::Reasoning(reasoning) => mask(&mut reasoning.text, secrets),
        Part::ToolCall(call) => {
            [&mut call.id, &mut call.name, &mut call.arguments].into_iter().for_each(|text| mask(text, secrets));
        }
        Part::ToolResult(result) => {
            for part in &mut result.parts {
                if let ResultPart::Text(text) = part {
                    mask(text, secrets);
                }
            }
        }
        Part::Other(other) => mask(&mut other.value, secrets),
        Part::Image(_) | Part::Audio(_) | Part::File(_) => {}
    }
}

fn mask(text: &mut String, secrets: &StandIns) {
    if let Cow::Owned(masked) = secrets.redact(text) {
        *text = masked;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::ErrorKind;
    use crate::secret::Secret;

    #[test]
    fn an_echoed_key_is_masked_and_a_flood_is_cut() {
        let mut secrets = StandIns::default();
        secrets.issue(Secret::new("sk-very-secret")).unwrap();
        let flood = format!("bad key sk-very-secret {}", "é".repeat(limits::ERROR_TEXT));
        let error = error(ProviderError::new(ErrorKind::Authentication, flood), &secrets);
        assert!(error.message.starts_with("bad key [secret] é"), "{}", error.message);
        assert!(error.message.len() <= limits::ERROR_TEXT);
        let mut told = [Event::Text(Delta { candidate: 0, part: 0, text: "it is sk-very-secret".into() })];
        events(&mut told, &secrets);
        assert_eq!(told, [Event::Text(Delta { candidate: 0, part: 0, text: "it is [secret]".into() })]);
        let reason = FinishReason::Other("sk-very-secret".into());
        let mut told = [Event::Finish { candidate: 0, reason, raw: None }];
        events(&mut told, &secrets);
        let reason = FinishReason::Other("[secret]".into());
        assert_eq!(told, [Event::Finish { candidate: 0, reason, raw: None }]);
    }
}
