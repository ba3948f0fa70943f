//! Whether a `tracestate` is one. <https://www.w3.org/TR/trace-context/#tracestate-header>. Pure.

use std::collections::HashSet;

use http::HeaderValue;

/// The most members that the standard allows, and the longest key and value.
const MEMBERS: usize = 32;
const LENGTH: usize = 256;

pub(super) fn is_valid(state: &HeaderValue) -> bool {
    let mut keys = HashSet::new();
    let members = state.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let is_valid = members.filter(|member| !member.is_empty()).all(|member| {
        let mut parts = member.splitn(2, |byte| *byte == b'=');
        let (key, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        is_key(key) && is_value(value) && keys.insert(key)
    });
    is_valid && !keys.is_empty() && keys.len() <= MEMBERS
}

fn is_key(key: &[u8]) -> bool {
    let is_first = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_more = |byte: &u8| is_first(byte) || matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@');
    key.len() <= LENGTH && key.first().is_some_and(is_first) && key.iter().all(is_more)
}

fn is_value(value: &[u8]) -> bool {
    let is_allowed = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'=');
    !value.is_empty() && value.len() <= LENGTH && value.iter().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_kept_only_when_all_of_it_is_right() {
        let many = |count: usize| (0..count).map(|index| format!("k{index}=v")).collect::<Vec<_>>().join(",");
        let long = "x".repeat(257);
        for (state, expected) in [
            ("congo=t61rcWkgMzE,rojo=00f067aa0ba902b7", true),
            ("a@tenant=1 2 , ,b_-*/=!", true),
            (&many(32), true),
            (&many(33), false),
            ("", false),
            (" , ", false),
            ("a", false),
            ("a=", false),
            ("=1", false),
            ("A=1", false),
            ("-a=1", false),
            ("a=1=2", false),
            ("a=1,a=2", false),
            ("a=é", false),
            (&format!("a={long}"), false),
            (&format!("{long}=1"), false),
        ] {
            assert_eq!(is_valid(&HeaderValue::from_bytes(state.as_bytes()).unwrap()), expected, "{state}");
        }
    }
}
