//! `POST /v1.0/reload`: has the component files read again, and tells what came of it. Ours, not Dapr's.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::json;

use super::SharedApi;
use crate::swap::Report;

/// Answers once what the files say is served: with 200 when nothing is wrong with them, and else with 422, though whatever
/// could be changed has changed.
pub(super) async fn scan(State(api): State<SharedApi>) -> Response {
    match api.reload.scan().await {
        Some(report) => told(&report),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn told(report: &Report) -> Response {
    let changes =
        report.changes.iter().map(|change| json!({ "component": change.component, "change": change.what.as_str() }));
    let body = json!({
        "generation": report.generation,
        "changes": changes.collect::<Vec<_>>(),
        "mistakes": report.diagnostics,
    });
    let is_right = report.diagnostics.errors() == 0;
    let status = if is_right { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
