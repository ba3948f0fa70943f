//! Scrubs an answer on its way: text as it comes, held back only while it may still become personal data, and a tool
//! call's arguments once they are whole, because their JSON must stay valid.

use std::mem;

use futures_util::{StreamExt, stream};
use parlor_scrub::Scrubber;

use super::{error, json, part};
use crate::answer::Events;
use crate::conversation::{Delta, Event, Part, Reasoning};
use crate::error::ConverseError;

/// The texts of an answer that have not ended.
#[derive(Default)]
pub(super) struct Scrubbing {
    open: Vec<Open>,
}

/// A text that is still growing.
struct Open {
    candidate: u32,
    /// Its part, or the latest of them.
    part: u32,
    kind: Kind,
    scrubber: Scrubber,
    /// Arguments, of which nothing is given on before their end.
    arguments: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Refusal,
    Reasoning,
    Arguments,
}

/// The same batches, scrubbed.
pub(super) fn live(batches: Events) -> Events {
    let next = async |(mut batches, mut scrubbing): (Events, Scrubbing)| {
        let batch: Result<Vec<Event>, ConverseError> = batches.next().await?;
        let batch = batch.map(|events| scrubbing.take(events)).map_err(error);
        Some((batch, (batches, scrubbing)))
    };
    Box::pin(stream::unfold((batches, Scrubbing::default()), next))
}

impl Scrubbing {
    /// Scrubs some events. What is held back of a candidate's texts comes before its `Finish`.
    pub(super) fn take(&mut self, events: Vec<Event>) -> Vec<Event> {
        let mut scrubbed = Vec::with_capacity(events.len() + 1);
        for event in events {
            self.take_one(event, &mut scrubbed);
        }
        scrubbed
    }

    fn take_one(&mut self, event: Event, scrubbed: &mut Vec<Event>) {
        match event {
            Event::Text(delta) => scrubbed.push(Event::Text(self.push(&delta, Kind::Text))),
            Event::Refusal(delta) => scrubbed.push(Event::Refusal(self.push(&delta, Kind::Refusal))),
            Event::Reasoning { candidate, part, mut value } => {
                let text = mem::take(&mut value.text);
                let delta = self.push(&Delta { candidate, part, text }, Kind::Reasoning);
                // A signature is of the text as it was, which nobody is shown.
                value = Reasoning { text: delta.text, signature: None, ..value };
                scrubbed.push(Event::Reasoning { candidate, part, value });
            }
            Event::ToolArguments(delta) => {
                self.open(&delta, Kind::Arguments).arguments.push_str(&delta.text);
            }
            Event::Part { candidate, part, value: Part::Text(text) } => {
                self.take_one(Event::Text(Delta { candidate, part, text }), scrubbed);
            }
            Event::Part { candidate, part, value: Part::Refusal(text) } => {
                self.take_one(Event::Refusal(Delta { candidate, part, text }), scrubbed);
            }
            Event::Part { candidate, part: number, mut value } => {
                part(&mut value);
                scrubbed.push(Event::Part { candidate, part: number, value });
            }
            Event::Finish { candidate, .. } => {
                self.finish(candidate, scrubbed);
                scrubbed.push(event);
            }
            // What a vendor tells beside its text may be the text once more, in pieces that nobody can look through: log
            // probabilities hold its every token.
            Event::Extension { .. } => {}
            Event::Started { .. } | Event::ToolCall { .. } | Event::Usage(_) => scrubbed.push(event),
        }
    }

    fn push(&mut self, delta: &Delta, kind: Kind) -> Delta {
        let text = self.open(delta, kind).scrubber.push(&delta.text).into_owned();
        Delta { text, ..*delta }
    }

    fn open(&mut self, delta: &Delta, kind: Kind) -> &mut Open {
        let is_it = |open: &Open| {
            open.candidate == delta.candidate && open.kind == kind && (open.part == delta.part || kind.is_joined())
        };
        let at = self.open.iter().position(is_it).unwrap_or_else(|| {
            let (candidate, part) = (delta.candidate, delta.part);
            let (scrubber, arguments) = (Scrubber::new(), String::new());
            self.open.push(Open { candidate, part, kind, scrubber, arguments });
            self.open.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the index was found or pushed right above")]
        let open = &mut self.open[at];
        open.part = delta.part;
        open
    }

    fn finish(&mut self, candidate: u32, scrubbed: &mut Vec<Event>) {
        scrubbed.extend(self.open.extract_if(.., |open| open.candidate == candidate).filter_map(Open::end));
    }
}

impl Kind {
    /// Whether a client gets the parts of this kind as one text: what begins in one may be personal data with what the next
    /// goes on with.
    fn is_joined(self) -> bool {
        matches!(self, Self::Text | Self::Refusal)
    }
}

impl Open {
    /// What was held back.
    fn end(mut self) -> Option<Event> {
        let mut text = match self.kind {
            Kind::Arguments => mem::take(&mut self.arguments),
            Kind::Text | Kind::Refusal | Kind::Reasoning => self.scrubber.finish(),
        };
        if text.is_empty() {
            return None;
        }
        let (candidate, part) = (self.candidate, self.part);
        Some(match self.kind {
            Kind::Text => Event::Text(Delta { candidate, part, text }),
            Kind::Refusal => Event::Refusal(Delta { candidate, part, text }),
            Kind::Reasoning => Event::Reasoning { candidate, part, value: Reasoning { text, ..Reasoning::default() } },
            Kind::Arguments => {
                json(&mut text);
                Event::ToolArguments(Delta { candidate, part, text })
            }
        })
    }
}
