//! The lines of daprd's log that its command line and its users wait for. Knows their words, not when they are true.

use std::time::Duration;

use crate::version;

/// The process begins.
pub fn starting(app_id: &str, level: &str) {
    tracing::info!(
        target: "dapr.runtime",
        "Starting Dapr Runtime -- version {} -- commit parlor-{}",
        version::DAPR,
        version::PARLOR
    );
    tracing::info!(target: "dapr.runtime", "Log level set to: {level}");
    tracing::info!(target: "dapr.runtime", "standalone mode configured");
    tracing::info!(target: "dapr.runtime", "app id: {app_id}");
}

/// A component is ready.
pub fn loaded(name: &str, component_type: &str, version: &str) {
    tracing::info!(target: "dapr.runtime.processor", "Component loaded: {name} ({component_type}/{version})");
}

/// Everything listens.
pub fn initialized(http: Option<u16>, grpc: Option<u16>, max_body_size: usize, elapsed: Duration) {
    if let Some(port) = grpc {
        tracing::info!(target: "dapr.runtime", "API gRPC server is running on port {port}");
    }
    if let Some(port) = http {
        tracing::info!(target: "dapr.runtime", "HTTP server is running on port {port}");
    }
    tracing::info!(target: "dapr.runtime", "The request body size parameter is: {max_body_size} bytes");
    let elapsed = elapsed.as_millis();
    tracing::info!(target: "dapr.runtime", "dapr initialized. Status: Running. Init Elapsed {elapsed}ms");
}

/// The last line.
pub fn stopped() {
    tracing::info!(target: "dapr.runtime", "Daprd shutdown gracefully");
}
