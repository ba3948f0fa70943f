//! Whether `baggage` is as W3C wants it, with OpenTelemetry's words for where it is not.
//! <https://www.w3.org/TR/baggage/#baggage-http-header-format>. Pure.

use http::HeaderValue;

use crate::api::path;

/// The longest baggage in bytes, and the most members in it, that OpenTelemetry takes.
const LENGTH: usize = 8192;
const MEMBERS: usize = 180;

/// What is wrong with a request's baggage.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidBaggage {
    #[error("baggage-string too large")]
    TooLong,
    #[error("too many list-members in baggage-string")]
    TooMany,
    #[error("invalid baggage list-member: {0:?}")]
    Member(String),
    #[error("invalid baggage list-member property: {0:?}")]
    Property(String),
    #[error("invalid key: {0:?}")]
    Key(String),
    #[error("invalid value: {0:?}")]
    Value(String),
    #[error("invalid value: {0}")]
    Escape(String),
}

/// The baggage as it came, or nothing where there is none.
pub(super) fn checked(baggage: Option<HeaderValue>) -> Result<Option<HeaderValue>, InvalidBaggage> {
    let Some(baggage) = baggage.filter(|baggage| !baggage.is_empty()) else { return Ok(None) };
    if baggage.len() > LENGTH {
        return Err(InvalidBaggage::TooLong);
    }
    for (index, member) in String::from_utf8_lossy(baggage.as_bytes()).split(',').enumerate() {
        if index >= MEMBERS {
            return Err(InvalidBaggage::TooMany);
        }
        check_member(member)?;
    }
    Ok(Some(baggage))
}

fn check_member(member: &str) -> Result<(), InvalidBaggage> {
    let mut parts = member.split(';');
    let pair = parts.next().unwrap_or_default().split_once('=');
    let (key, value) = pair.ok_or_else(|| InvalidBaggage::Member(member.to_owned()))?;
    let (key, trimmed) = (key.trim(), value.trim());
    if !is_key(key) {
        return Err(InvalidBaggage::Key(key.to_owned()));
    }
    if !is_value(trimmed) {
        return Err(InvalidBaggage::Value(value.to_owned()));
    }
    path::check_escapes(trimmed).map_err(InvalidBaggage::Escape)?;
    match parts.find(|property| !property.is_empty() && !is_property(property)) {
        Some(property) => Err(InvalidBaggage::Property(property.to_owned())),
        None => Ok(()),
    }
}

fn is_property(property: &str) -> bool {
    match property.split_once('=') {
        Some((key, value)) => is_key(key.trim()) && is_value(value.trim()) && path::check_escapes(value.trim()).is_ok(),
        None => is_key(property.trim()),
    }
}

/// A token of HTTP.
fn is_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn is_value(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(baggage: &str) -> Result<(), String> {
        let baggage = HeaderValue::from_bytes(baggage.as_bytes()).unwrap();
        checked(Some(baggage)).map(drop).map_err(|invalid| invalid.to_string())
    }

    #[test]
    fn what_opentelemetry_takes_is_taken() {
        let long = format!("a={}", "x".repeat(8190));
        for good in ["", "a=b", "a=b, c = d;p=1;q", "a=", "a=b;;", "k=%20x", "k=a,k=b", "a=b=c", "a=%ff", &long] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_its_words() {
        let long = format!("a={}", "x".repeat(8191));
        for (bad, told) in [
            ("nonsense", r#"invalid baggage list-member: "nonsense""#),
            ("a=b,", r#"invalid baggage list-member: """#),
            ("a=b,nonsense,c=d", r#"invalid baggage list-member: "nonsense""#),
            ("=b", r#"invalid key: """#),
            ("a b=c", r#"invalid key: "a b""#),
            ("é=1", r#"invalid key: "é""#),
            ("k=a b", r#"invalid value: "a b""#),
            ("k=\"q\"", r#"invalid value: "\"q\"""#),
            ("k=%zz", r#"invalid value: invalid URL escape "%zz""#),
            ("a=b; =1", r#"invalid baggage list-member property: " =1""#),
            (&long, "baggage-string too large"),
            (&vec!["a=1"; 181].join(","), "too many list-members in baggage-string"),
        ] {
            assert_eq!(check(bad), Err(told.to_owned()), "{bad}");
        }
    }
}
