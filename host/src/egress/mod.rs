//! The host's only network client. Both ways to be a provider send their requests through [`Egress::send`]: grant,
//! secrets, address filter and bounds are the same for both.
//!
//! Does not retry, does not follow redirects, does not decompress, and does not know what a conversation is. The time of
//! a whole call is bounded by the caller, who drops the future or the body: that closes or resets the connection.

mod address;
mod body;
mod client;
mod connection;
mod dial;
mod error;
mod exchanges;
mod grant;
mod headers;
mod lookups;
mod pool;
mod proxy;
mod resolve;
mod secrets;
mod stream;
#[cfg(test)]
mod tests;
mod tls;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::header::PROXY_AUTHORIZATION;
use http::uri::Authority;
use http::{Request, Response, Version};
use tokio::time::timeout;

pub use self::address::AddressKind;
use self::body::Outgoing;
pub use self::body::{RequestBody, ResponseBody};
use self::client::Client;
use self::dial::{Dialer, Means};
pub use self::error::{CertificateFault, EgressError, EgressSetupError, Phase};
pub use self::exchanges::{Exchanges, ExchangesOfCall, Whose};
use self::grant::Granted;
pub use self::grant::{Grant, Reach};
use self::lookups::Lookups;
use self::proxy::Proxies;
pub use self::proxy::ProxyConfig;
use self::resolve::{Resolve, SystemResolver};
pub use self::secrets::{MASK, NoRandomness, StandIns};

/// What holds for all egress of the host.
#[derive(Debug, Clone)]
pub struct EgressConfig {
    /// From a name to an open connection, TLS included.
    pub connect: Duration,
    /// A PEM file of authorities to trust besides the platform's and Mozilla's.
    pub extra_ca: Option<PathBuf>,
    /// The operator's proxies.
    pub proxy: ProxyConfig,
    /// Connections kept open without a call, per origin and reach.
    pub idle_per_host: usize,
    /// How long they are kept; shorter than the common 75 s of servers, so that they seldom close first.
    pub idle_time: Duration,
}

impl Default for EgressConfig {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            extra_ca: None,
            proxy: ProxyConfig::default(),
            idle_per_host: 256,
            idle_time: Duration::from_secs(60),
        }
    }
}

/// The bounds of one exchange.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// From the request to the head of the answer, connecting included.
    pub head: Duration,
    /// Between two pieces of the answer's body.
    pub idle: Duration,
    /// The largest body to send.
    pub request_bytes: u64,
    /// The largest body to receive.
    pub response_bytes: u64,
}

/// The network client. Cheap to clone; all clones share their connections.
#[derive(Clone)]
pub struct Egress {
    shared: Arc<Shared>,
}

struct Shared {
    public: Client,
    private: Client,
    means: Arc<Means>,
}

impl Egress {
    /// Reads the trusted authorities and sets up the pools. Opens no connection.
    ///
    /// # Errors
    /// When the extra CA file or a proxy cannot be used.
    pub fn new(config: &EgressConfig) -> Result<Self, EgressSetupError> {
        Self::with_resolver(config, Box::new(SystemResolver))
    }

    fn with_resolver(config: &EgressConfig, resolver: Box<dyn Resolve>) -> Result<Self, EgressSetupError> {
        let means = Arc::new(Means {
            lookups: Lookups::new(resolver),
            proxies: Proxies::new(&config.proxy)?,
            tls: tls::client_config(config.extra_ca.as_deref())?,
            limit: config.connect,
        });
        let pool = |reach| Client::new(Dialer::new(reach, means.clone()), config);
        let (public, private) = (pool(Reach::Public), pool(Reach::Private));
        Ok(Self { shared: Arc::new(Shared { public, private, means }) })
    }

    /// Sends one request as far as its grant allows, and gives the answer as soon as its head is there. A redirect is an
    /// answer like any other.
    ///
    /// # Errors
    /// See [`EgressError`]. When the grant refuses, no connection is made.
    pub async fn send(
        &self,
        grant: &Grant,
        request: Request<RequestBody>,
        bounds: &Bounds,
    ) -> Result<Response<ResponseBody>, EgressError> {
        let (request, host, granted) = self.prepare(grant, request, bounds)?;
        let client = match granted.reach {
            Reach::Public => &self.shared.public,
            Reach::Private => &self.shared.private,
        };
        let limit = bounds.head;
        let fault = request.body().fault();
        match timeout(limit, client.send(granted, request, &host)).await {
            Ok(Ok((response, lease))) => {
                let (head, body) = response.into_parts();
                Ok(Response::from_parts(head, ResponseBody::new(body, lease, host, bounds)?))
            }
            Ok(Err(error)) => Err(fault.and_then(|fault| fault.get().cloned()).unwrap_or(error)),
            Err(_) => Err(EgressError::Timeout { host: host.to_string(), phase: Phase::Head, limit }),
        }
    }

    /// All that is decided before a connection is looked for.
    fn prepare<'g>(
        &self,
        grant: &'g Grant,
        request: Request<RequestBody>,
        bounds: &Bounds,
    ) -> Result<(Request<Outgoing>, Authority, &'g Granted), EgressError> {
        let (mut head, body) = request.into_parts();
        let granted = grant.permit(&mut head.uri)?;
        headers::check_method(&head.method)?;
        headers::check_url(&head.uri, grant.secrets())?;
        let declared = headers::prepare(&mut head.headers, granted, grant.secrets())?;
        if let Some(authorization) = self.shared.means.proxies.authorization(&head.uri) {
            head.headers.insert(PROXY_AUTHORIZATION, authorization);
        }
        // The connection decides the version; a request that asks for another would be refused by it.
        head.version = Version::HTTP_11;
        let host = head.uri.authority().cloned().ok_or_else(|| EgressError::bad_url(&"no host"))?;
        let body = Outgoing::new(body, declared, bounds)?;
        Ok((Request::from_parts(head, body), host, granted))
    }
}
