//! What a component may reach, and with which secrets. Pure: compares origins and knows nothing of addresses or YAML.

use std::sync::Arc;

use http::Uri;
use http::uri::Authority;

use super::EgressError;
use super::lookups::Share;
use super::secrets::StandIns;
use crate::origin::{Origin, Scheme};

/// How far a granted origin may lead once its name is resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Public addresses only.
    Public,
    /// Loopback and private networks as well, because the component's YAML names the place.
    Private,
}

impl Reach {
    /// The reach of an origin that stands in `allowedHosts`: an address or `localhost` is named on purpose, a name may
    /// lead anywhere and stays public unless the YAML says `privateNetwork: true`.
    pub fn of_allowed_host(origin: &Origin, private_network: bool) -> Self {
        if private_network || origin.address().is_some() || origin.is_loopback() { Self::Private } else { Self::Public }
    }
}

/// The grant of one component: its origins and its secrets. Built once when the component is loaded, cheap to clone.
#[derive(Debug, Clone)]
pub struct Grant {
    origins: Arc<[Granted]>,
    secrets: StandIns,
}

/// One granted origin.
#[derive(Debug)]
pub(super) struct Granted {
    origin: Origin,
    /// `host[:port]` in normal form, as a request to this origin ordinarily spells it.
    authority: String,
    pub(super) reach: Reach,
    /// Of the whole grant: all its origins count together.
    pub(super) lookups: Share,
}

impl Grant {
    /// Grants exactly these origins; where one is named twice, its wider reach counts.
    pub fn new(origins: impl IntoIterator<Item = (Origin, Reach)>, secrets: StandIns) -> Self {
        let lookups = Share::new();
        let mut origins: Vec<Granted> =
            origins.into_iter().map(|(origin, reach)| Granted::new(origin, reach, lookups.clone())).collect();
        origins.sort_by_key(|granted| std::cmp::Reverse(granted.reach));
        Self { origins: origins.into(), secrets }
    }

    /// The same origins for one call that brings secrets of its own, such as a key that overrides the component's.
    pub fn with_secrets(&self, call: &StandIns) -> Self {
        Self { origins: self.origins.clone(), secrets: self.secrets.and(call) }
    }

    /// The secrets that may travel to the granted origins.
    pub fn secrets(&self) -> &StandIns {
        &self.secrets
    }

    /// The granted origins.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.origins.iter().map(|granted| &granted.origin)
    }

    /// Whether requests to `origin` are let through.
    pub fn permits(&self, origin: &Origin) -> bool {
        self.origins.iter().any(|granted| granted.origin == *origin)
    }

    /// Finds the grant for a request's URI, and brings the URI into the normal form that was granted.
    pub(super) fn permit(&self, uri: &mut Uri) -> Result<&Granted, EgressError> {
        if let Some(granted) = self.origins.iter().find(|granted| granted.is_spelled_by(uri)) {
            return Ok(granted);
        }
        let origin = Origin::of(uri).map_err(|error| EgressError::bad_url(&error))?;
        let Some(granted) = self.origins.iter().find(|granted| granted.origin == origin) else {
            return Err(EgressError::NotGranted { origin: origin.to_string() });
        };
        *uri = granted.normal(uri)?;
        Ok(granted)
    }
}

impl Granted {
    fn new(origin: Origin, reach: Reach, lookups: Share) -> Self {
        let text = origin.to_string();
        let authority = text.split_once("://").map_or(text.as_str(), |(_, authority)| authority).to_owned();
        Self { origin, authority, reach, lookups }
    }

    /// Secrets travel encrypted, or not at all; to this machine there is nothing to encrypt.
    pub(super) fn may_carry_secrets(&self) -> bool {
        self.origin.scheme() == Scheme::Https || self.origin.is_loopback()
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// `host[:port]`, without the scheme's default port.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    fn is_spelled_by(&self, uri: &Uri) -> bool {
        uri.scheme_str() == Some(self.origin.scheme().as_str())
            && uri.authority().is_some_and(|authority| authority.as_str() == self.authority)
    }

    fn normal(&self, uri: &Uri) -> Result<Uri, EgressError> {
        let authority: Authority = self.authority.parse().map_err(|error| EgressError::bad_url(&error))?;
        let mut parts = uri.clone().into_parts();
        parts.authority = Some(authority);
        Uri::from_parts(parts).map_err(|error| EgressError::bad_url(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(origins: &[(&str, Reach)]) -> Grant {
        Grant::new(origins.iter().map(|(text, reach)| (Origin::parse(text).unwrap(), *reach)), StandIns::default())
    }

    #[test]
    fn only_the_exact_origin_is_granted() {
        let grant = grant(&[("https://api.example.com", Reach::Public), ("http://localhost:11434", Reach::Private)]);
        let check = |uri: &str, normal: Option<&str>| {
            let mut uri: Uri = uri.parse().unwrap();
            assert_eq!(grant.permit(&mut uri).is_ok(), normal.is_some(), "{uri}");
            if let Some(normal) = normal {
                assert_eq!(uri.to_string(), normal);
            }
        };
        check("https://api.example.com/v1?x=1", Some("https://api.example.com/v1?x=1"));
        check("https://API.example.com.:443/v1", Some("https://api.example.com/v1"));
        check("http://localhost:11434/", Some("http://localhost:11434/"));
        check("http://api.example.com/", None);
        check("https://api.example.com:8443/", None);
        check("https://evil.test/", None);
        check("https://api.example.com.evil.test/", None);
        check("https://api.example.com@evil.test/", None);
        check("https://evil.test#@api.example.com/", None);
        check("http://localhost/", None);
        check("/v1/chat", None);
        check("file://api.example.com/etc/passwd", None);
    }

    #[test]
    fn a_refusal_names_the_origin_and_the_line_to_add() {
        let error = grant(&[]).permit(&mut Uri::from_static("https://evil.test/x?y=z")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`https://evil.test` is not granted; add it to `allowedHosts` under `spec.wasm` in the component's YAML"
        );
    }

    #[test]
    fn the_wider_reach_of_two_counts() {
        let grant = grant(&[("https://a.test", Reach::Public), ("https://a.test", Reach::Private)]);
        assert_eq!(grant.permit(&mut Uri::from_static("https://a.test/")).unwrap().reach, Reach::Private);
    }

    #[test]
    fn an_allowed_host_that_is_a_name_stays_public() {
        let check = |text: &str, private_network: bool, reach: Reach| {
            assert_eq!(Reach::of_allowed_host(&Origin::parse(text).unwrap(), private_network), reach, "{text}");
        };
        check("https://api.example.com", false, Reach::Public);
        check("https://api.example.com", true, Reach::Private);
        check("http://10.0.0.7:8000", false, Reach::Private);
        check("http://localhost:8000", false, Reach::Private);
        check("http://gpu.localhost", false, Reach::Private);
    }
}
