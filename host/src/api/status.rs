//! THE table: what went wrong → HTTP status, gRPC code, Dapr's error code, and the text that a caller sees. Nothing else
//! gives an error a status.

use std::time::Duration;

use http::StatusCode;
use tonic::Code;

use super::dapr::Rejection;
use crate::error::ConverseError;

/// What a caller is told instead of an answer.
#[derive(Debug)]
pub struct Refusal {
    pub status: StatusCode,
    /// The same in gRPC.
    pub grpc: Code,
    /// One of Dapr's names for errors.
    pub code: &'static str,
    pub message: String,
    /// After which another try is welcome.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    pub fn new(status: StatusCode, grpc: Code, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, grpc, code, message: message.into(), retry_after: None }
    }

    /// After how many seconds another try is welcome, rounded up: a client that comes back early is refused again.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after.map(|after| after.as_secs() + u64::from(after.subsec_nanos() > 0))
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        let code = match &rejection {
            Rejection::MalformedBody(_) => "ERR_MALFORMED_REQUEST",
            Rejection::MissingInputs(_) => "ERR_CONVERSATION_MISSING_INPUTS",
            Rejection::InvalidParams { .. } => "ERR_CONVERSATION_INVALID_PARMS",
        };
        Self::new(StatusCode::BAD_REQUEST, Code::InvalidArgument, code, rejection.to_string())
    }
}

impl From<&ConverseError> for Refusal {
    fn from(error: &ConverseError) -> Self {
        const INVOKE: &str = "ERR_CONVERSATION_INVOKE";
        let failed = |component: &str, why: &dyn std::fmt::Display| {
            format!("failed conversing with component {component}: {why}")
        };
        match error {
            ConverseError::UnknownComponent(name) => Self::new(
                StatusCode::BAD_REQUEST,
                Code::InvalidArgument,
                "ERR_CONVERSATION_NOT_FOUND",
                format!("failed finding conversation component {name}"),
            ),
            ConverseError::Provider { component, error } => Self {
                retry_after: error.retry_after,
                ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, INVOKE, failed(component, error))
            },
            ConverseError::Fault { component, fault } => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, INVOKE, failed(component, fault))
            }
            ConverseError::Busy { component, .. } => Self {
                retry_after: Some(Duration::from_secs(1)),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, INVOKE, failed(component, error))
            },
            // Where it is being tried right now, nobody knows for how long: a second, as for one that is busy.
            ConverseError::Resting { component, rest } => Self {
                retry_after: Some(rest.left.max(Duration::from_secs(1))),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, INVOKE, failed(component, error))
            },
            ConverseError::Deadline { component, .. } => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, INVOKE, failed(component, error))
            }
        }
    }
}
