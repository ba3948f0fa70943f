//! Paths as daprd's router reads them: repeated slashes are one, a slash at the end is none, dot segments are resolved as
//! Go's `path.Clean` does, and a name in the path is decoded like a query's value. Pure.

use std::borrow::Cow;

use http::Uri;
use http::uri::PathAndQuery;
use percent_encoding::percent_decode_str;

/// The same URI with its path in normal form, or `None` when it is already.
pub(super) fn normal(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let is_odd = path.as_bytes().windows(2).any(|pair| matches!(pair, b"//" | b"/."));
    if !is_odd && (path.len() < 2 || !path.ends_with('/')) {
        return None;
    }
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            named => segments.push(named),
        }
    }
    let mut normal = format!("/{}", segments.join("/"));
    if let Some(query) = uri.query() {
        normal.push('?');
        normal.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(normal).ok()?);
    Uri::from_parts(parts).ok()
}

/// A path segment as text: `+` is a space and `%2F` a slash, as in Go's `url.QueryUnescape`.
pub(super) fn unescape(segment: &str) -> Result<String, String> {
    let spaced = if segment.contains('+') { Cow::Owned(segment.replace('+', " ")) } else { Cow::Borrowed(segment) };
    check_escapes(&spaced)?;
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(Cow::into_owned).map_err(|_| "invalid UTF-8 in the URL".to_owned())
}

/// Whether each `%` begins an escape, and if not, where.
pub(super) fn check_escapes(text: &str) -> Result<(), String> {
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let tail = rest.get(at..).unwrap_or_default();
        let is_escape = tail.len() >= 3 && tail.bytes().skip(1).take(2).all(|byte| byte.is_ascii_hexdigit());
        if !is_escape {
            return Err(format!("invalid URL escape {:?}", tail.chars().take(3).collect::<String>()));
        }
        rest = tail.get(3..).unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_that_say_nothing_are_dropped() {
        let check = |path: &str, expected: Option<&str>| {
            let uri: Uri = path.parse().unwrap();
            assert_eq!(normal(&uri).map(|uri| uri.to_string()).as_deref(), expected, "{path}");
        };
        check("/v1.0/healthz", None);
        check("/", None);
        check("/v1.0/healthz/", Some("/v1.0/healthz"));
        check("//v1.0///healthz?appid=x//", Some("/v1.0/healthz?appid=x//"));
        check("//", Some("/"));
        check("/v1.0/./healthz/../metadata", Some("/v1.0/metadata"));
        check("/../../v1.0/healthz/..?a=/../b", Some("/v1.0?a=/../b"));
        check("http://host//a/./b", Some("http://host/a/b"));
        check("/a/%2e%2e/b%2F", None);
        check("/.well-known/...", Some("/.well-known/..."));
        check("*", None);
    }

    #[test]
    fn a_name_is_decoded_as_dapr_does() {
        assert_eq!(unescape("my+llm"), Ok("my llm".to_owned()));
        assert_eq!(unescape("a%2Fb"), Ok("a/b".to_owned()));
        assert_eq!(unescape("%C3%A9"), Ok("é".to_owned()));
        for bad in ["%", "%2", "%zz", "%ff", "a%é"] {
            assert!(unescape(bad).is_err(), "{bad}");
        }
    }
}
