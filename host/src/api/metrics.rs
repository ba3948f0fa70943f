//! The door for Prometheus: whatever is asked there is answered with all that is counted, as daprd does, and no token is
//! wanted. What is counted is decided elsewhere.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};

use crate::metrics::{FORMAT, Metrics};

/// Every path and method.
pub fn router(metrics: Metrics) -> Router {
    Router::new().fallback(read).with_state(metrics)
}

async fn read(State(metrics): State<Metrics>) -> Response {
    match metrics.text() {
        Ok(text) => ([(CONTENT_TYPE, HeaderValue::from_static(FORMAT))], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}\n")).into_response(),
    }
}
