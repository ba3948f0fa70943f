//! A web origin (RFC 6454): scheme, host and port, parsed once and compared exactly. Pure.

use std::fmt;
use std::net::IpAddr;

use http::Uri;

/// `scheme://host:port` in normal form: lower case, port always present, IPv6 without brackets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Scheme,
    host: String,
    port: u16,
}

/// The two schemes that egress speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    Http,
    Https,
}

/// Why a text names no origin. Repeats nothing that stands before an `@`, which may be a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    #[error("`{0}` is not an absolute URL such as `https://api.example.com`")]
    NotAbsolute(String),
    #[error("scheme `{0}` is neither `https` nor `http`")]
    Scheme(String),
    #[error("`{0}` carries a user name or password, which a URL here must not")]
    UserInfo(String),
    #[error("`{0}` has a path; an origin is `scheme://host[:port]`")]
    Path(String),
    #[error("`{0}` is not a host name")]
    Host(String),
}

impl Origin {
    /// Parses a text that must be an origin and nothing more; a single trailing `/` is let pass.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let uri: Uri = text.parse().map_err(|_| OriginError::NotAbsolute(without_user(text)))?;
        let origin = Self::of(&uri)?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(OriginError::Path(without_user(text)));
        }
        Ok(origin)
    }

    /// The origin that a request to `uri` goes to.
    pub fn of(uri: &Uri) -> Result<Self, OriginError> {
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(OriginError::NotAbsolute(without_user(&uri.to_string())));
        };
        if authority.as_str().contains('@') {
            return Err(OriginError::UserInfo(without_user(authority.as_str())));
        }
        let scheme = match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => return Err(OriginError::Scheme(other.to_owned())),
        };
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            None if authority.as_str() != authority.host() => {
                return Err(OriginError::Host(authority.as_str().to_owned()));
            }
            None => scheme.default_port(),
        };
        Ok(Self { scheme, host: normal_host(authority.host())?, port })
    }

    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host: a name without a trailing dot, or an address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address, when the host is one rather than a name.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether the origin can only ever be this machine: a loopback address, or a name that RFC 6761 keeps for it.
    pub fn is_loopback(&self) -> bool {
        match self.address() {
            Some(address) => address.to_canonical().is_loopback(),
            None => self.host == "localhost" || self.host.ends_with(".localhost"),
        }
    }
}

impl Scheme {
    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{}://{open}{}{close}", self.scheme.as_str(), self.host)?;
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

/// The text with `…` for all that stands before an `@`, which may hold a password, however malformed the rest is.
pub(crate) fn without_user(text: &str) -> String {
    text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, rest)| format!("…@{rest}"))
}

/// Lower case, no trailing dot, only the characters that a name or an address may have. What looks like an IPv4 address
/// in another base (`0x7f.1`, `2130706433`) is refused, because a resolver may read it as one.
fn normal_host(host: &str) -> Result<String, OriginError> {
    let refuse = || OriginError::Host(host.to_owned());
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<std::net::Ipv6Addr>().map(|address| address.to_string()).map_err(|_| refuse());
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Err(refuse());
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    if numeric && name.parse::<std::net::Ipv4Addr>().is_err() {
        return Err(refuse());
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, normal: &str) {
        assert_eq!(Origin::parse(text).unwrap().to_string(), normal);
    }

    #[test]
    fn an_origin_has_one_normal_form() {
        check("https://API.Example.com", "https://api.example.com");
        check("https://api.example.com.:443/", "https://api.example.com");
        check("http://localhost:11434", "http://localhost:11434");
        check("http://[::1]:80", "http://[::1]");
        check("http://[0:0:0:0:0:0:0:1]:8080", "http://[::1]:8080");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for text in [
            "api.example.com",
            "ftp://example.com",
            "https://user:pass@example.com",
            "https://example.com@evil.test",
            "https://example.com/path",
            "https://example.com?x=1",
            "http://0x7f.0.0.1",
            "http://2130706433",
            "http://127.1",
            "http://0177.0.0.1",
            "http://[fe80::1%25eth0]",
            "http://a..b",
            "http://exa%6dple.com",
            "http://example.com:",
            "http://example.com:99999",
            "http://",
        ] {
            assert!(Origin::parse(text).is_err(), "{text} was taken");
        }
    }

    #[test]
    fn a_refusal_never_repeats_a_password() {
        for text in [
            "https://user:hunter2@example.com",
            "https://user:hunter2@exa mple.com",
            "user:hunter2@example.com",
            "https://user:hunter2@[::1",
            "https://user:hunter2@example.com/path",
            "https://user:hunter2@example.com:99999",
            "https://example.com/user:hunter2@",
            "https://user:hunt@hunter2@example.com",
            "ftp://user:hunter2@example.com",
            "hunter2://@example.com",
            "hunter2@",
        ] {
            let message = Origin::parse(text).unwrap_err().to_string();
            assert!(!message.contains("hunt") && !message.contains("user:"), "{text}: {message}");
        }
        let message = Origin::parse("https://user:hunter2@exa mple.com").unwrap_err().to_string();
        assert!(message.starts_with("`…@exa mple.com` is not an absolute URL"), "{message}");
    }
}
