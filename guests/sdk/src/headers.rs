//! The headers of an HTTP answer. Only looks up; what a header means is for `errors` and the providers.

/// The headers of an HTTP answer, in order, with names in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Takes headers as the host gives them, with names in lower case.
    pub fn new(headers: Vec<(String, String)>) -> Self {
        Self(headers)
    }

    /// The first value of the header `name`, which is in lower case.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether the body has this media type, such as `text/event-stream`; parameters don't count.
    pub fn is_media_type(&self, media_type: &str) -> bool {
        let essence = self.value("content-type").and_then(|value| value.split(';').next()).unwrap_or_default();
        essence.trim().eq_ignore_ascii_case(media_type)
    }
}
