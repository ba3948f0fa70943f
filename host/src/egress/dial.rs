//! Opens connections for the pooled clients: resolve, filter, dial, tunnel, TLS, all within one time limit. There is
//! one dialer per reach, each under a pool of its own, so a connection that a wide grant opened never serves a narrow
//! one.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::Uri;
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use super::error::{Cause, CertificateFault, Phase};
use super::lookups::{Lookups, Share};
use super::proxy::{Proxies, tunnel};
use super::resolve::{addresses, within};
use super::stream::Stream;
use super::{EgressError, Reach};
use crate::origin::{Origin, Scheme};

/// How long an address is tried alone before the next one is tried beside it (RFC 8305 5 recommends 250 ms).
const LEAD: Duration = Duration::from_millis(250);

/// Opens connections as far as one reach goes.
pub(super) struct Dialer {
    reach: Reach,
    means: Arc<Means>,
}

/// What all dialers share.
pub(super) struct Means {
    pub(super) lookups: Arc<Lookups>,
    pub(super) proxies: Proxies,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) limit: Duration,
}

impl Dialer {
    pub(super) fn new(reach: Reach, means: Arc<Means>) -> Self {
        Self { reach, means }
    }

    /// Opens a connection to the origin of `uri`, on behalf of the component that has this share of the lookups.
    ///
    /// # Errors
    /// When the origin may not be reached, can't be, or takes too long.
    pub(super) async fn open(&self, uri: Uri, share: &Share) -> Result<Stream, EgressError> {
        let origin = Origin::of(&uri).map_err(|error| EgressError::bad_url(&error))?;
        let host = uri.authority().map_or_else(String::new, ToString::to_string);
        let limit = self.means.limit;
        timeout(limit, self.open_unlimited(&origin, uri, &host, share))
            .await
            .unwrap_or_else(|_| Err(EgressError::Timeout { host: host.clone(), phase: Phase::Connect, limit }))
    }

    async fn open_unlimited(
        &self,
        origin: &Origin,
        uri: Uri,
        host: &str,
        share: &Share,
    ) -> Result<Stream, EgressError> {
        let tcp = match (self.means.proxies.of(&uri), origin.scheme()) {
            (None, _) => self.dial(origin, host, share).await?,
            (Some(proxy), Scheme::Http) => {
                return Ok(Stream::Forwarded(TokioIo::new(self.dial_proxy(&proxy, origin, host, share).await?)));
            }
            (Some(proxy), Scheme::Https) => {
                let tcp = self.dial_proxy(&proxy, origin, host, share).await?;
                tunnel(TokioIo::new(tcp), &proxy, uri, host).await?
            }
        };
        match origin.scheme() {
            Scheme::Http => Ok(Stream::Plain(TokioIo::new(tcp))),
            Scheme::Https => self.secure(tcp, origin, host).await,
        }
    }

    async fn dial(&self, origin: &Origin, host: &str, share: &Share) -> Result<TcpStream, EgressError> {
        let allowed = within(addresses(&self.means.lookups, origin, share).await?, origin, self.reach)?;
        connect(allowed)
            .await
            .map_err(|source| EgressError::Connect { host: host.to_owned(), source: Arc::new(source) })
    }

    /// The proxy resolves the origin's name; an address that is written out is judged here all the same.
    async fn dial_proxy(
        &self,
        proxy: &Intercept,
        origin: &Origin,
        host: &str,
        share: &Share,
    ) -> Result<TcpStream, EgressError> {
        if let Some(address) = origin.address() {
            within(vec![SocketAddr::new(address, origin.port())], origin, self.reach)?;
        }
        let failed = |source| EgressError::Proxy { host: host.to_owned(), source };
        let proxy = Origin::of(proxy.uri()).map_err(|error| failed(Arc::new(error)))?;
        let found = addresses(&self.means.lookups, &proxy, share).await.map_err(|error| failed(Arc::new(error)))?;
        connect(found).await.map_err(|error| failed(Arc::new(error)))
    }

    async fn secure(&self, tcp: TcpStream, origin: &Origin, host: &str) -> Result<Stream, EgressError> {
        let name = ServerName::try_from(origin.host().to_owned()).map_err(|error| EgressError::bad_url(&error))?;
        match TlsConnector::from(self.means.tls.clone()).connect(name, tcp).await {
            Ok(tls) => Ok(Stream::Tls(Box::new(TokioIo::new(tls)))),
            Err(error) => Err(from_tls(error, host)),
        }
    }
}

/// The first of the addresses that takes a connection, each with a lead over the next.
async fn connect(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        attempts.extend(waiting.next().map(TcpStream::connect));
        if attempts.is_empty() {
            return Err(failure);
        }
        tokio::select! {
            Some(attempt) = attempts.next() => match attempt {
                Ok(tcp) => {
                    tcp.set_nodelay(true)?;
                    tracing::debug!(address = ?tcp.peer_addr().ok(), "connected");
                    return Ok(tcp);
                }
                Err(error) => failure = error,
            },
            () = sleep(LEAD), if waiting.len() > 0 => {}
        }
    }
}

fn from_tls(error: io::Error, host: &str) -> EgressError {
    let host = host.to_owned();
    let fault = error.get_ref().and_then(|inner| match inner.downcast_ref() {
        Some(rustls::Error::InvalidCertificate(error)) => Some(CertificateFault::of(error)),
        _ => None,
    });
    match fault {
        Some(fault) => {
            let source = fault.has_details().then(|| Arc::new(error) as Cause);
            EgressError::Certificate { host, fault, source }
        }
        None => EgressError::Tls { host, source: Arc::new(error) },
    }
}
