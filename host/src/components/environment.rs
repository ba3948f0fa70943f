//! The environment variables that components may refer to, as a seam that tests fill. Decides nothing about them.

use std::collections::BTreeMap;

/// Looks environment variables up.
pub trait Environment: Send + Sync {
    /// The variable's value; absent when it is unset or not Unicode.
    fn variable(&self, name: &str) -> Option<String>;
}

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    #[expect(clippy::disallowed_methods, reason = "this file is where components read the environment")]
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

impl Environment for BTreeMap<String, String> {
    fn variable(&self, name: &str) -> Option<String> {
        self.get(name).cloned()
    }
}
