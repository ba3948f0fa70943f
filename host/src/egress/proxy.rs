//! Which requests go through the operator's proxy, and the tunnel through it. Reads no environment: values are handed in.
//!
//! The proxy resolves names itself, so only addresses that are written out are judged before. It may be anywhere: the
//! operator chose it. Requests to this machine never go through it.

use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::{EgressError, EgressSetupError};
use crate::origin::Origin;

/// The operator's proxies, as in the environment variables of the same names; empty where there is none.
#[derive(Clone, Default)]
pub struct ProxyConfig {
    /// `HTTPS_PROXY`: `http://[user:password@]host:port`, for `https` origins.
    pub https: String,
    /// `HTTP_PROXY`, for `http` origins.
    pub http: String,
    /// `NO_PROXY`: names with all names below them, addresses, networks, or `*`.
    pub none: String,
}

impl fmt::Debug for ProxyConfig {
    /// Without the URLs, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyConfig").field("none", &self.none).finish_non_exhaustive()
    }
}

/// The proxies in use.
#[derive(Debug)]
pub(super) struct Proxies {
    matcher: Option<Matcher>,
}

impl Proxies {
    pub(super) fn new(config: &ProxyConfig) -> Result<Self, EgressSetupError> {
        let any = Matcher::builder().https(config.https.as_str()).http(config.http.as_str()).build();
        let settings = [
            ("HTTPS_PROXY", &config.https, Uri::from_static("https://a.invalid")),
            ("HTTP_PROXY", &config.http, Uri::from_static("http://a.invalid")),
        ];
        for (variable, value, probe) in settings {
            let usable = any.intercept(&probe).is_some_and(|proxy| is_usable(proxy.uri()));
            if !value.is_empty() && !usable {
                return Err(EgressSetupError::Proxy { variable });
            }
        }
        if config.https.is_empty() && config.http.is_empty() {
            return Ok(Self { matcher: None });
        }
        let matcher =
            Matcher::builder().https(config.https.as_str()).http(config.http.as_str()).no(config.none.as_str()).build();
        Ok(Self { matcher: Some(matcher) })
    }

    /// The proxy that a connection to `uri` goes through.
    pub(super) fn of(&self, uri: &Uri) -> Option<Intercept> {
        let proxy = self.matcher.as_ref()?.intercept(uri)?;
        let is_here = Origin::of(uri).is_ok_and(|origin| origin.is_loopback());
        if is_here { None } else { Some(proxy) }
    }

    /// What a request over plain `http` tells its proxy; for `https` the tunnel tells it once.
    pub(super) fn authorization(&self, uri: &Uri) -> Option<HeaderValue> {
        if self.matcher.is_none() || uri.scheme_str() != Some("http") {
            return None;
        }
        self.of(uri)?.basic_auth().cloned()
    }
}

/// Whether a proxy can be spoken to, and has a host and port that exist.
fn is_usable(proxy: &Uri) -> bool {
    proxy.scheme_str() == Some("http") && Origin::of(proxy).is_ok_and(|origin| origin.port() != 0)
}

/// Opens a tunnel to `uri` over a connection to the proxy.
pub(super) async fn tunnel(
    connection: TokioIo<TcpStream>,
    proxy: &Intercept,
    uri: Uri,
    host: &str,
) -> Result<TcpStream, EgressError> {
    let mut tunnel = Tunnel::new(proxy.uri().clone(), Opened(Some(connection)));
    if let Some(authorization) = proxy.basic_auth() {
        tunnel = tunnel.with_auth(authorization.clone());
    }
    match tunnel.call(uri).await {
        Ok(connection) => Ok(connection.into_inner()),
        Err(error) => Err(EgressError::Proxy { host: host.to_owned(), source: Arc::new(error) }),
    }
}

/// A connection that is open already, in the shape that a tunnel asks for.
struct Opened(Option<TokioIo<TcpStream>>);

impl Service<Uri> for Opened {
    type Response = TokioIo<TcpStream>;
    type Error = std::io::Error;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().ok_or_else(|| std::io::ErrorKind::NotConnected.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(https: &str, http: &str, none: &str) -> ProxyConfig {
        ProxyConfig { https: https.to_owned(), http: http.to_owned(), none: none.to_owned() }
    }

    #[test]
    fn a_proxy_takes_what_no_rule_exempts() {
        let proxies =
            Proxies::new(&config("http://p.test:3128", "q.test:8080", "corp.test, 10.0.0.0/8, .gpu.test")).unwrap();
        let check = |uri: &'static str, proxy: Option<&str>| {
            let found = proxies.of(&Uri::from_static(uri)).map(|found| found.uri().to_string());
            assert_eq!(found.as_deref(), proxy, "{uri}");
        };
        check("https://api.test/", Some("http://p.test:3128/"));
        check("http://api.test/", Some("http://q.test:8080/"));
        for exempt in ["https://corp.test/", "https://a.corp.test/", "http://10.1.2.3/", "https://a.gpu.test/"] {
            check(exempt, None);
        }
        for here in ["http://localhost:1/", "https://a.localhost/", "http://127.0.0.1:1/", "http://[::1]:1/"] {
            check(here, None);
        }
        check("https://notcorp.test/", Some("http://p.test:3128/"));
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_reported_without_its_password() {
        for value in [
            "socks5://u:hunter2@p.test",
            "https://u:hunter2@p.test",
            "http://u:hunter2@",
            "http://u:hunter2@p.test:99999",
            "p.test:99999",
            "p.test:0",
            "p.test:",
            "::",
            "http://",
        ] {
            for (config, variable) in
                [(config(value, "", "*"), "`HTTPS_PROXY`"), (config("", value, "*"), "`HTTP_PROXY`")]
            {
                let error = Proxies::new(&config).unwrap_err().to_string();
                assert!(error.contains(variable) && !error.contains("hunter2"), "{value}: {error}");
            }
        }
        assert!(Proxies::new(&config("", "", "*")).unwrap().of(&Uri::from_static("https://a.test")).is_none());
        assert!(!format!("{:?}", config("http://u:hunter2@p.test", "", "")).contains("hunter2"));
    }

    #[test]
    fn a_proxy_of_plain_http_is_told_who_calls() {
        let proxies = Proxies::new(&config("http://u:p@s.test", "http://u:p@p.test", "")).unwrap();
        let authorization = |uri: &'static str| proxies.authorization(&Uri::from_static(uri));
        let value = authorization("http://api.test").unwrap();
        assert_eq!(value, "Basic dTpw");
        assert!(value.is_sensitive());
        assert_eq!(authorization("https://api.test"), None);
        assert_eq!(authorization("http://localhost:1"), None);
    }
}
