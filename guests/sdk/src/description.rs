//! What a provider says of itself, with short ways to say it. Checks nothing: the host does when it loads a provider.

pub use crate::bindings::description::exports::parlor::conversation::description::{
    ProviderDescription, Setting, SettingKind,
};

impl ProviderDescription {
    /// A description without settings. `name` is the last part of the component type, such as `acme` of
    /// `conversation.acme`; `summary` is one line for a person.
    pub fn new(name: &str, version: &str, summary: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            summary: summary.to_owned(),
            settings: Vec::new(),
            origins: Vec::new(),
            extensions: None,
        }
    }

    /// Adds a setting.
    #[must_use]
    pub fn setting(mut self, setting: Setting) -> Self {
        self.settings.push(setting);
        self
    }

    /// Adds an origin such as `https://api.example.com` that the provider calls unless an `endpoint` setting says
    /// otherwise.
    #[must_use]
    pub fn origin(mut self, origin: &str) -> Self {
        self.origins.push(origin.to_owned());
        self
    }
}

impl Setting {
    /// A setting that may be left out. `name` is in camel case; `summary` is one line for a person.
    pub fn new(name: &str, summary: &str, kind: SettingKind) -> Self {
        Self { name: name.to_owned(), summary: summary.to_owned(), kind, default: None, required: false, secret: false }
    }

    /// The value where the YAML has none.
    #[must_use]
    pub fn default(mut self, value: &str) -> Self {
        self.default = Some(value.to_owned());
        self
    }

    /// The YAML must have it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The provider gets a stand-in, which the host replaces in header values on the way to a granted origin.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}
