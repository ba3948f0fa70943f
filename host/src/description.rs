//! What a provider says of itself: plain data, the twin of `interface description` in `wit/conversation.wit`.

/// A provider's description.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    pub name: String,
    pub version: String,
    pub summary: String,
    pub settings: Vec<Setting>,
    /// Origins such as `https://api.openai.com`, as the provider wrote them.
    pub origins: Vec<String>,
}

/// One setting that the provider takes. Its name is matched without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub name: String,
    pub summary: String,
    pub kind: SettingKind,
    pub default: Option<String>,
    pub required: bool,
    pub secret: bool,
}

/// What a setting's value may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingKind {
    Text,
    Boolean,
    Integer,
    Number,
    Duration,
    /// A base URL whose origin is granted by being set.
    Endpoint,
    Choice(Vec<String>),
}
