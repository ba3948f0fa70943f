//! What may be told of a provider that is loaded: which code it is, what it may use and reach. Never a secret.

use super::{GuestLimits, Provider};
use crate::origin::Origin;

impl Provider {
    /// SHA-256 of its `.wasm`.
    pub fn digest(&self) -> &[u8; 32] {
        self.artifact.digest()
    }

    /// What it may use.
    pub fn limits(&self) -> GuestLimits {
        self.setup.limits
    }

    /// What it may reach.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.setup.grant.origins()
    }
}
