//! Which versions this host is of. Pure data.

/// The version of Dapr whose API is served. Clients read it to learn what they may call.
pub const DAPR: &str = "1.18.3";

/// This host's own.
pub const PARLOR: &str = env!("CARGO_PKG_VERSION");
