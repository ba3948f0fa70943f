//! What one call may take in of its guest: its events and their bytes, counted as they come. Knows no guest.

use super::provider::GuestLimits;
use crate::conversation::{Delta, Event, MediaSource, Part, Reasoning, ResultPart, ToolCall};
use crate::error::Fault;

/// What is left of a call's limits.
#[derive(Debug)]
pub(super) struct Intake {
    limits: GuestLimits,
    events: u64,
    bytes: u64,
}

impl Intake {
    pub(super) fn new(limits: GuestLimits) -> Self {
        Self { limits, events: limits.events, bytes: limits.response_bytes }
    }

    /// Counts a batch. One without an event counts as one, so that a guest can't give nothing for ever.
    ///
    /// # Errors
    /// When it is more than is left.
    pub(super) fn take(&mut self, batch: &[Event]) -> Result<(), Fault> {
        let events = (batch.len() as u64).max(1);
        self.events = self.events.checked_sub(events).ok_or(Fault::Events(self.limits.events))?;
        let bytes = batch.iter().map(size).sum::<usize>() as u64;
        let left = self.bytes.checked_sub(bytes);
        self.bytes = left.ok_or_else(|| too_much(self.limits.response_bytes))?;
        Ok(())
    }
}

/// More than a call may take in over its whole time.
fn too_much(limit: u64) -> Fault {
    Fault::Output(format!("more than {limit} bytes of events; raise `spec.wasm.limits.responseBytes`"))
}

/// Bytes of an event's texts.
fn size(event: &Event) -> usize {
    match event {
        Event::Text(Delta { text, .. })
        | Event::Refusal(Delta { text, .. })
        | Event::ToolArguments(Delta { text, .. }) => text.len(),
        Event::Reasoning { value, .. } => size_of_reasoning(value),
        Event::ToolCall { id, name, .. } => id.len() + name.len(),
        Event::Part { value, .. } => size_of_part(value),
        Event::Extension { name, value, .. } => name.len() + value.len(),
        Event::Started { id, model } => length(id.as_ref()) + length(model.as_ref()),
        Event::Finish { raw, .. } => length(raw.as_ref()),
        Event::Usage(usage) => length(usage.extensions.as_ref()),
    }
}

fn size_of_part(part: &Part) -> usize {
    match part {
        Part::Text(text) | Part::Refusal(text) => text.len(),
        Part::Reasoning(reasoning) => size_of_reasoning(reasoning),
        Part::ToolCall(ToolCall { id, name, arguments }) => id.len() + name.len() + arguments.len(),
        Part::ToolResult(result) => {
            let parts = result.parts.iter().map(|part| match part {
                ResultPart::Text(text) => text.len(),
                ResultPart::Image(image) => size_of_media(&image.source),
                ResultPart::File(file) => size_of_media(&file.source),
                ResultPart::Other(other) => other.kind.len() + other.value.len(),
            });
            result.call_id.len() + length(result.name.as_ref()) + parts.sum::<usize>()
        }
        Part::Other(other) => other.kind.len() + other.value.len(),
        Part::Image(image) => size_of_media(&image.source),
        Part::Audio(audio) => size_of_media(&audio.source) + length(audio.transcript.as_ref()),
        Part::File(file) => size_of_media(&file.source),
    }
}

fn size_of_reasoning(reasoning: &Reasoning) -> usize {
    reasoning.text.len() + length(reasoning.signature.as_ref()) + length(reasoning.redacted.as_ref())
}

fn size_of_media(source: &MediaSource) -> usize {
    match source {
        MediaSource::Url(text) | MediaSource::FileId(text) => text.len(),
        MediaSource::Bytes(bytes) => bytes.len(),
    }
}

fn length(text: Option<&String>) -> usize {
    text.map_or(0, String::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intake(events: u64, response_bytes: u64) -> Intake {
        Intake::new(GuestLimits { events, response_bytes, ..GuestLimits::of_tests() })
    }

    fn text(text: &str) -> Event {
        Event::Text(Delta { candidate: 0, part: 0, text: text.to_owned() })
    }

    #[test]
    fn events_are_counted_over_the_whole_call_and_so_are_batches_of_none() {
        let mut intake = intake(5, 100);
        let batch = [text("a"), text("b")];
        assert_eq!(intake.take(&batch), Ok(()));
        assert_eq!(intake.take(&[]), Ok(()));
        assert_eq!(intake.take(&batch), Ok(()));
        assert_eq!(intake.take(&[]), Err(Fault::Events(5)));
    }

    #[test]
    fn bytes_are_counted_wherever_they_are_in_an_event() {
        let call = ToolCall { id: "1".into(), name: "22".into(), arguments: "333".into() };
        let events = [
            text("1234567"),
            Event::Part { candidate: 0, part: 1, value: Part::ToolCall(call) },
            Event::Finish { candidate: 0, reason: crate::conversation::FinishReason::Stop, raw: Some("stop".into()) },
            Event::Extension { candidate: None, name: "n".into(), value: "{}".into() },
        ];
        assert_eq!(intake(10, 20).take(&events), Ok(()));
        let told = intake(10, 19).take(&events).unwrap_err().to_string();
        assert!(told.ends_with("more than 19 bytes of events; raise `spec.wasm.limits.responseBytes`"), "{told}");
    }
}
