//! A value that must not be seen: no `Debug`, `Display` or serde shows it.

use std::fmt;
use std::sync::Arc;

/// A secret's value. Cheap to clone; the one way to the value is [`Secret::expose`], which a reader can search for.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    pub fn new(value: impl Into<Arc<str>>) -> Self {
        Self(value.into())
    }

    /// The value itself, to be put into a header and nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
