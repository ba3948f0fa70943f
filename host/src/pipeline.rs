//! The story of a call, from the component's name to its answer.
//!
//! An answer is events, whole or as they come: the edge folds them into one response or sends them on, and nothing in
//! between has two paths.

use std::time::Duration;

use crate::answer::Answer;
use crate::cache::{self, Cache, Key};
use crate::conversation::Request;
use crate::error::ConverseError;
use crate::registry::Component;
use crate::sandbox::Veil;
use crate::scrub;
use crate::secret::Secret;

/// What a caller asks of a component.
pub struct Call {
    pub request: Request,
    /// The vendor's key, where the caller brings one of its own.
    pub key: Option<Secret>,
    /// How old an answer may be, and for how long this one is kept, in place of what the component says; zero is not at all.
    pub cache_ttl: Option<Duration>,
    pub scrub: Scrub,
}

/// What came of a call.
pub struct Answered {
    pub answer: Answer,
    /// What the cache did; nothing where nobody asked for one.
    pub cache: Option<cache::Status>,
}

/// Which texts of a call are scrubbed. The flags are all independent.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scrub {
    /// For each message of the request, whether its text is. Then the provider never sees it.
    pub messages: Vec<bool>,
    /// Whether the text of the answer is.
    pub answer: bool,
}

/// Runs one call of a component.
///
/// # Errors
/// See [`ConverseError`]; an error after the first event comes as an item of the answer.
pub async fn converse(component: &Component, cache: &Cache, call: Call) -> Result<Answered, ConverseError> {
    let Call { mut request, key, cache_ttl, scrub } = call;
    scrub::request(&mut request, &scrub.messages);
    let ttl = cache_ttl.or(component.cache_ttl);
    let kept = ttl.filter(|ttl| !ttl.is_zero());
    let kept = kept.map(|ttl| (ttl, Key::of(component.generation, key.as_ref(), scrub.answer, &request)));
    let call = async move || {
        // Boxed, so that who is answered from the cache carries no room for a call.
        let veil = scrub.answer.then_some(scrub::line as Veil);
        let answered = Box::pin(component.provider.call(request, key.as_ref(), veil)).await;
        if scrub.answer { answered.map(scrub::answer).map_err(scrub::error) } else { answered }
    };
    match kept {
        Some((ttl, key)) => {
            let whole = async || call().await?.into_response(&component.name).await;
            let (answer, status) = cache.answer(key, ttl, whole).await?;
            Ok(Answered { answer, cache: Some(status) })
        }
        None => Ok(Answered { answer: call().await?, cache: ttl.map(|_| cache::Status::Bypassed) }),
    }
}
