//! Requests come in and answers go out here. Only this folder knows HTTP's server side, gRPC, bodies and status codes.

mod cache_status;
mod call_log;
mod converse;
pub mod cors;
pub mod dapr;
pub mod grpc;
mod head;
mod head_clock;
mod http;
mod idle;
pub mod listen;
mod metadata;
pub mod metrics;
mod path;
mod reload;
pub mod server;
pub mod status;
mod token;
mod trace;

use std::sync::Arc;

use ::http::{HeaderMap, HeaderName};

use crate::app_health::AppConnection;
use crate::cache::Cache;
use crate::metrics::Metrics;
use crate::registry::Registry;
use crate::secret::Secret;
use crate::shutdown::Switch;
use crate::swap::Reload;

pub use self::http::router;
pub use self::metadata::Extended;

/// What the handlers serve from.
pub struct Api {
    pub registry: Arc<Registry>,
    /// By which a caller has the component files read again.
    pub reload: Reload,
    pub cache: Arc<Cache>,
    /// Where calls of components are counted.
    pub metrics: Metrics,
    /// By which Dapr's clients know this host.
    pub app_id: String,
    /// What callers must show in `dapr-api-token`; `None` lets everyone in.
    pub token: Option<Secret>,
    /// The largest body of a request, and the largest message of gRPC, in bytes.
    pub max_body_size: usize,
    /// Whose pages may call from a browser.
    pub allowed_origins: cors::AllowedOrigins,
    /// The application beside this host, where there is one.
    pub app: Option<Arc<AppConnection>>,
    /// Whether each call is told to the log.
    pub logs_calls: bool,
    /// What the application had kept here.
    pub extended: Extended,
    /// By which a caller ends the process.
    pub end: Switch,
}

/// By which a caller asks for an end without grace.
const FORCE_SHUTDOWN: HeaderName = HeaderName::from_static("dapr-force-shutdown");

impl Api {
    /// Ends the process, as the headers of a caller, or the metadata of one by gRPC, say.
    fn end(&self, headers: &HeaderMap) {
        if headers.get(FORCE_SHUTDOWN).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true")) {
            self.end.force();
        } else {
            self.end.ask();
        }
    }
}

/// Shared by all connections.
pub type SharedApi = Arc<Api>;
