//! What may be told of a provider that is loaded: which code it is, what it may use and reach. Never a secret.

use super::{GuestLimits, Provider};
use crate::origin::Origin;

impl Provider {
    /// What it may use.
    pub fn limits(&self) -> GuestLimits {
        self.setup.limits
    }

    /// What it may reach.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.setup.grant.origins()
    }
}
