//! Requests come in and answers go out here. Only this folder knows HTTP's server side, gRPC, bodies and status codes.

mod converse;
pub mod dapr;
pub mod grpc;
mod http;
mod metadata;
mod path;
pub mod server;
pub mod status;
mod token;

use std::sync::Arc;

use crate::registry::Snapshot;
use crate::secret::Secret;
use crate::shutdown::End;

pub use self::http::router;
pub use self::metadata::Extended;

/// What the handlers serve from.
pub struct Api {
    pub snapshot: Snapshot,
    /// By which Dapr's clients know this host.
    pub app_id: String,
    /// What callers must show in `dapr-api-token`; `None` lets everyone in.
    pub token: Option<Secret>,
    /// The largest body of a request, and the largest message of gRPC, in bytes.
    pub max_body_size: usize,
    /// What the application had kept here.
    pub extended: Extended,
    /// By which a caller ends the process.
    pub end: End,
}

/// Shared by all connections.
pub type SharedApi = Arc<Api>;
