//! Which web pages may call the API from a browser, in the words of daprd's `--allowed-origins`.

use std::str::FromStr;

use http::{HeaderValue, Method};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// The origins whose pages may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// Nobody's: no answer says anything of origins.
    None,
    /// Everybody's.
    All,
    /// Those that match one of these patterns.
    Some(Vec<Pattern>),
}

/// An origin in lower case, in two pieces when there is a `*` between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    start: String,
    end: Option<String>,
}

impl FromStr for AllowedOrigins {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let origins = || text.split(',').map(str::trim);
        if text.trim().is_empty() {
            Ok(Self::None)
        } else if origins().any(|origin| origin == "*") {
            Ok(Self::All)
        } else {
            origins().map(Pattern::from_str).collect::<Result<_, _>>().map(Self::Some)
        }
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let after_scheme = text.split_once("://").map(|(_, rest)| rest);
        if text != "null" && after_scheme.is_none_or(|rest| rest.is_empty() || rest.contains('/')) {
            return Err(format!("`{text}` is no origin; write a scheme and a host such as `https://example.com`"));
        }
        let lower = text.to_ascii_lowercase();
        Ok(match lower.split_once('*') {
            Some((start, end)) => Self { start: start.to_owned(), end: Some(end.to_owned()) },
            None => Self { start: lower, end: None },
        })
    }
}

impl Pattern {
    fn matches(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        match &self.end {
            Some(end) => origin.strip_prefix(&self.start).is_some_and(|rest| rest.ends_with(end.as_str())),
            None => origin == self.start,
        }
    }
}

/// The layer that says so, or none where nothing is to be said.
pub(super) fn layer(origins: &AllowedOrigins) -> Option<CorsLayer> {
    let allowed = match origins {
        AllowedOrigins::None => return None,
        AllowedOrigins::All => AllowOrigin::any(),
        AllowedOrigins::Some(patterns) => {
            let patterns = patterns.clone();
            AllowOrigin::predicate(move |origin: &HeaderValue, _| {
                origin.to_str().is_ok_and(|origin| patterns.iter().any(|pattern| pattern.matches(origin)))
            })
        }
    };
    let methods = [Method::HEAD, Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let layer = CorsLayer::new().allow_origin(allowed).allow_methods(methods);
    Some(layer.allow_headers(AllowHeaders::mirror_request()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(allowed: &str, origin: &str) -> bool {
        match allowed.parse().unwrap() {
            AllowedOrigins::None => false,
            AllowedOrigins::All => true,
            AllowedOrigins::Some(patterns) => patterns.iter().any(|pattern: &Pattern| pattern.matches(origin)),
        }
    }

    #[test]
    fn an_origin_is_allowed_as_daprd_allows_it() {
        for (allowed, origin, expected) in [
            ("https://a.com", "https://a.com", true),
            ("https://A.com, http://b:8080", "HTTP://B:8080", true),
            ("https://a.com", "http://a.com", false),
            ("https://a.com", "https://a.com.evil.com", false),
            ("https://*.a.com", "https://x.y.a.com", true),
            ("https://*.a.com", "https://a.com", false),
            ("http://localhost:*", "http://localhost:5173", true),
            ("https://aa*aa.com", "https://aa.com", false),
            ("https://a.com,*", "anything", true),
            ("null", "null", true),
            ("", "https://a.com", false),
        ] {
            assert_eq!(allows(allowed, origin), expected, "{allowed}: {origin}");
        }
    }

    #[test]
    fn what_no_browser_sends_is_refused_at_once() {
        for bad in ["example.com", "https://", "https://a.com/", "https://a.com,,https://b.com"] {
            let error = bad.parse::<AllowedOrigins>().unwrap_err();
            assert!(error.contains("is no origin; write"), "{error}");
        }
    }
}
