//! The components that can be called. A snapshot never changes; a request takes one and keeps it to its end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::error::ConverseError;
use crate::sandbox::Provider;

/// One component, ready to be called.
pub struct Component {
    pub name: String,
    /// Such as `conversation.openai`.
    pub component_type: String,
    /// Such as `v1`.
    pub version: String,
    /// The model that its settings name, which Dapr's answers repeat.
    pub model: Option<String>,
    /// How long answers are kept for calls that don't say.
    pub cache_ttl: Option<Duration>,
    /// A number that no other loading of any component has, so that nothing kept for one is given out for another.
    pub generation: u64,
    pub provider: Provider,
}

/// The number of the next loading of a component in this process.
pub fn next_generation() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// All components of one moment, by name.
#[derive(Default)]
pub struct Snapshot {
    components: BTreeMap<String, Component>,
}

impl Snapshot {
    /// The component of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn component(&self, name: &str) -> Result<&Component, ConverseError> {
        self.components.get(name).ok_or_else(|| ConverseError::UnknownComponent(name.to_owned()))
    }

    /// All components, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Component> {
        self.components.values()
    }
}

impl FromIterator<Component> for Snapshot {
    fn from_iter<T: IntoIterator<Item = Component>>(components: T) -> Self {
        Self { components: components.into_iter().map(|component| (component.name.clone(), component)).collect() }
    }
}
