//! The components that can be called. A snapshot never changes; a request takes one and keeps it to its end.

use std::collections::BTreeMap;

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
    pub provider: Provider,
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
