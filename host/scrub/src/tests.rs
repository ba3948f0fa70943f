//! What holds for all kinds at once: tokens, overlaps, chunks, time. Each kind's own cases are in its file.

use crate::{Kind, detect};
/// Asserts that exactly `value` is found in `text`, as `kind`.
#[track_caller]
pub(crate) fn finds(text: &str, kind: Kind, value: &str) {
    let found: Vec<(Kind, &str)> = detect(text).into_iter().map(|span| (span.kind, &text[span.range])).collect();
    assert_eq!(found, [(kind, value)], "in {text:?}");
}

/// Asserts that nothing is found in `text`.
#[track_caller]
pub(crate) fn finds_nothing(text: &str) {
    let found: Vec<(Kind, &str)> = detect(text).into_iter().map(|span| (span.kind, &text[span.range])).collect();
    assert_eq!(found, [], "in {text:?}");
}
