//! What the cache did, as both transports tell it: `Cache-Status` (RFC 9211) and `Age` (RFC 9111, section 5.1).

use http::header::{AGE, HeaderMap, HeaderName, HeaderValue};

use crate::cache::Status;

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// Puts them among the headers of an answer; none where the cache had nothing to do with it.
pub(super) fn tell(status: Option<Status>, headers: &mut HeaderMap) {
    let Some(status) = status else { return };
    if let Ok(told) = HeaderValue::try_from(told(status)) {
        headers.insert(CACHE_STATUS, told);
    }
    if let Status::Hit { age, .. } = status {
        headers.insert(AGE, HeaderValue::from(age.as_secs()));
    }
}

fn told(status: Status) -> String {
    match status {
        Status::Hit { left, .. } => format!("parlor; hit; ttl={}", left.as_secs()),
        Status::Forwarded { was_stale, stored } => {
            let why = if was_stale { "stale" } else { "miss" };
            let stored = stored.map(|ttl| format!("; stored; ttl={}", ttl.as_secs()));
            format!("parlor; fwd={why}{}", stored.unwrap_or_default())
        }
        Status::Collapsed => "parlor; fwd=miss; collapsed".to_owned(),
        Status::Bypassed => "parlor; fwd=bypass".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_outcome_is_told_in_the_standards_words() {
        let seconds = Duration::from_secs_f64;
        for (status, expected, age) in [
            (Status::Hit { age: seconds(2.9), left: seconds(7.1) }, "parlor; hit; ttl=7", Some("2")),
            (
                Status::Forwarded { was_stale: false, stored: Some(seconds(600.0)) },
                "parlor; fwd=miss; stored; ttl=600",
                None,
            ),
            (Status::Forwarded { was_stale: true, stored: None }, "parlor; fwd=stale", None),
            (Status::Collapsed, "parlor; fwd=miss; collapsed", None),
            (Status::Bypassed, "parlor; fwd=bypass", None),
        ] {
            let mut headers = HeaderMap::new();
            tell(Some(status), &mut headers);
            assert_eq!(headers[CACHE_STATUS], expected);
            assert_eq!(headers.get(AGE).map(|age| age.to_str().unwrap()), age, "{status:?}");
        }
        let mut headers = HeaderMap::new();
        tell(None, &mut headers);
        assert!(headers.is_empty());
    }
}
