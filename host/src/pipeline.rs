//! The story of a call, from the component's name to its answer.
//!
//! An answer is events, whole or as they come: the edge folds them into one response or sends them on, and nothing in
//! between has two paths.

use crate::answer::Answer;
use crate::conversation::Request;
use crate::error::ConverseError;
use crate::registry::Snapshot;
use crate::scrub;
use crate::secret::Secret;

/// What a caller asks of a component.
pub struct Call {
    pub request: Request,
    /// The vendor's key, where the caller brings one of its own.
    pub key: Option<Secret>,
    pub scrub: Scrub,
}

/// Which texts of a call are scrubbed. The flags are all independent.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scrub {
    /// For each message of the request, whether its text is. Then the provider never sees it.
    pub messages: Vec<bool>,
    /// Whether the text of the answer is.
    pub answer: bool,
}

/// Runs one call on the components of one snapshot.
///
/// # Errors
/// See [`ConverseError`]; an error after the first event comes as an item of the answer.
pub async fn converse(snapshot: &Snapshot, name: &str, call: Call) -> Result<Answer, ConverseError> {
    let component = snapshot.component(name)?;
    let Call { mut request, key, scrub } = call;
    scrub::request(&mut request, &scrub.messages);
    let answered = component.provider.call(request, key.as_ref()).await;
    if scrub.answer { answered.map(scrub::answer).map_err(scrub::error) } else { answered }
}
