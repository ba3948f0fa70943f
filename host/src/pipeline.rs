//! The story of a call, from the component's name to its answer.
//!
//! An answer is events, whole or as they come: the edge folds them into one response or sends them on, and nothing in
//! between has two paths.

use crate::answer::Answer;
use crate::conversation::Request;
use crate::error::ConverseError;
use crate::registry::Snapshot;
use crate::secret::Secret;

/// What a caller asks of a component.
pub struct Call {
    pub request: Request,
    /// The vendor's key, where the caller brings one of its own.
    pub key: Option<Secret>,
}

/// Runs one call on the components of one snapshot.
///
/// # Errors
/// See [`ConverseError`]; an error after the first event comes as an item of the answer.
pub async fn converse(snapshot: &Snapshot, name: &str, call: Call) -> Result<Answer, ConverseError> {
    let component = snapshot.component(name)?;
    component.provider.call(call.request, call.key.as_ref()).await
}
