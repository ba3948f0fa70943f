//! Requests come in and answers go out here. Only this folder knows HTTP's server side, JSON bodies and status codes.

mod call_log;
pub mod cors;
pub mod dapr;
mod head;
mod head_clock;
mod http;
pub mod listen;
mod metadata;
mod path;
pub mod server;
pub mod status;
mod trace;

use std::sync::Arc;

use crate::app_health::AppConnection;
use crate::registry::Snapshot;
use crate::secret::Secret;

pub use self::http::router;

/// What the handlers serve from.
pub struct Api {
    pub snapshot: Snapshot,
    /// By which Dapr's clients know this host.
    pub app_id: String,
    /// What callers must show in `dapr-api-token`; `None` lets everyone in.
    pub token: Option<Secret>,
    /// The largest body of a request, in bytes.
    pub max_body_size: usize,
    /// Whose pages may call from a browser.
    pub allowed_origins: cors::AllowedOrigins,
    /// The application beside this host, where there is one.
    pub app: Option<Arc<AppConnection>>,
    /// Whether each call is told to the log.
    pub logs_calls: bool,
}

/// Shared by all connections.
pub type SharedApi = Arc<Api>;
