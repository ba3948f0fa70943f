//! Typed errors, from scratch and from an HTTP answer that is no success. What a vendor's own codes mean is for the
//! vendor's provider.

use httpdate::HttpDate;

use crate::Headers;
use crate::types::{Error, ErrorKind};

impl Error {
    /// An error with nothing but its kind and what to tell a person; retryable where the kind always is.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let retryable = is_retryable(&kind);
        Self {
            kind,
            message: message.into(),
            http_status: None,
            vendor_code: None,
            retry_after_ms: None,
            retryable,
            request_id: None,
            extensions: None,
        }
    }

    /// The error that an HTTP answer stands for: its status, when to try again, and the vendor's identifier of the call.
    ///
    /// `kind` is for instance [`ErrorKind::of_status`]. Times come from `retry-after-ms`, or from `retry-after` in seconds
    /// or as a date, which is read against the answer's own `date` because a provider has no clock. `x-should-retry`
    /// overrides what the kind says.
    pub fn from_answer(kind: ErrorKind, status: u16, headers: &Headers, message: impl Into<String>) -> Self {
        let mut error = Self::new(kind, message);
        error.http_status = Some(status);
        error.retry_after_ms = retry_after_ms(headers);
        error.request_id = ["x-request-id", "request-id", "x-amzn-requestid"]
            .iter()
            .find_map(|name| headers.value(name))
            .map(str::to_owned);
        match headers.value("x-should-retry") {
            Some("true") => error.retryable = true,
            Some("false") => error.retryable = false,
            _ => {}
        }
        error
    }

    /// The same error with the vendor's own code.
    #[must_use]
    pub fn with_vendor_code(mut self, code: Option<String>) -> Self {
        self.vendor_code = code;
        self
    }
}

impl ErrorKind {
    /// What an HTTP status says where the vendor's body says no more.
    pub fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Authentication,
            402 => Self::QuotaExhausted,
            403 => Self::Permission,
            404 | 410 => Self::NotFound,
            408 | 504 | 524 => Self::Timeout,
            429 => Self::RateLimited,
            501 => Self::Unsupported,
            503 | 529 => Self::Overloaded,
            400..=499 => Self::InvalidRequest,
            // Redirects are not followed, so one is as good as no answer.
            300..=399 | 500..=599 => Self::Upstream,
            _ => Self::Decode,
        }
    }
}

fn is_retryable(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::RateLimited
            | ErrorKind::Overloaded
            | ErrorKind::Timeout
            | ErrorKind::Upstream
            | ErrorKind::Transport
    )
}

fn retry_after_ms(headers: &Headers) -> Option<u64> {
    if let Some(millis) = headers.value("retry-after-ms").and_then(|value| whole(value, 1.0)) {
        return Some(millis);
    }
    let value = headers.value("retry-after")?.trim();
    whole(value, 1_000.0).or_else(|| {
        let now: HttpDate = headers.value("date")?.trim().parse().ok()?;
        let then: HttpDate = value.parse().ok()?;
        let wait = std::time::SystemTime::from(then).duration_since(now.into()).unwrap_or_default();
        u64::try_from(wait.as_millis()).ok()
    })
}

/// A number of zero or more, scaled and rounded up. What is too large for the type becomes its largest value.
fn whole(text: &str, scale: f64) -> Option<u64> {
    let number: f64 = text.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then(|| (number * scale).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, headers: &[(&str, &str)]) -> Error {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Error::from_answer(ErrorKind::of_status(status), status, &Headers::new(headers), "no")
    }

    #[test]
    fn a_status_says_what_the_caller_can_do() {
        for (status, kind, retryable) in [
            (302, ErrorKind::Upstream, true),
            (400, ErrorKind::InvalidRequest, false),
            (401, ErrorKind::Authentication, false),
            (403, ErrorKind::Permission, false),
            (404, ErrorKind::NotFound, false),
            (408, ErrorKind::Timeout, true),
            (413, ErrorKind::InvalidRequest, false),
            (429, ErrorKind::RateLimited, true),
            (500, ErrorKind::Upstream, true),
            (503, ErrorKind::Overloaded, true),
            (529, ErrorKind::Overloaded, true),
        ] {
            let error = error(status, &[]);
            assert_eq!((error.kind, error.retryable, error.http_status), (kind, retryable, Some(status)));
        }
    }

    #[test]
    fn the_time_to_wait_is_read_in_every_form() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        for (headers, millis) in [
            (&[("retry-after", "2")][..], Some(2_000)),
            (&[("retry-after", "0.5")][..], Some(500)),
            (&[("retry-after", "2"), ("retry-after-ms", "1234.2")][..], Some(1_235)),
            (&[("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT"), date][..], Some(60_000)),
            (&[("retry-after", "Sun, 06 Nov 1994 08:40:37 GMT"), date][..], Some(0)),
            (&[("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")][..], None),
            (&[("retry-after", "soon")][..], None),
            (&[("retry-after", "-1")][..], None),
            (&[("retry-after", "1e30")][..], Some(u64::MAX)),
        ] {
            assert_eq!(error(429, headers).retry_after_ms, millis, "{headers:?}");
        }
    }

    #[test]
    fn the_vendor_may_say_whether_to_try_again_and_names_the_call() {
        let error = error(429, &[("x-should-retry", "false"), ("x-request-id", "req_1")]);
        assert!(!error.retryable);
        assert_eq!(error.request_id.as_deref(), Some("req_1"));
    }
}
