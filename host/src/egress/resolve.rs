//! From an origin to the addresses that may be dialled: resolution, then the filter. What is filtered out is never
//! dialled, and nothing is resolved a second time, so a name cannot change its mind in between (DNS rebinding).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::lookups::{Lookups, Share};
use super::{AddressKind, EgressError, Reach};
use crate::origin::Origin;

/// More addresses than this are not tried.
const MAX_ADDRESSES: usize = 16;

/// Turns names into addresses.
pub(super) trait Resolve: Send + Sync {
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// The system's resolver: `/etc/hosts`, DNS and whatever else the machine is set to. A lookup holds a thread until it
/// ends, even when its future is dropped.
#[derive(Debug)]
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, port)).await?.take(MAX_ADDRESSES).collect()) })
    }
}

/// Every address of the origin, in the resolver's order. `localhost` is this machine whatever a resolver says of it
/// (RFC 6761 6.3).
pub(super) async fn addresses(
    lookups: &Arc<Lookups>,
    origin: &Origin,
    share: &Share,
) -> Result<Vec<SocketAddr>, EgressError> {
    let port = origin.port();
    if let Some(address) = origin.address() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    if origin.is_loopback() {
        let here = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        return Ok(here.map(|address| SocketAddr::new(address, port)).to_vec());
    }
    let failed = |source: Arc<io::Error>| EgressError::Resolve { host: origin.host().to_owned(), source };
    let found = lookups.find(origin.host(), port, share).await.map_err(failed)?;
    if found.is_empty() {
        return Err(failed(Arc::new(io::Error::new(io::ErrorKind::NotFound, "the name has no address"))));
    }
    Ok(found)
}

/// The addresses that a grant of this reach covers.
///
/// # Errors
/// When none is left, with the kind of the first that was refused.
pub(super) fn within(
    addresses: Vec<SocketAddr>,
    origin: &Origin,
    reach: Reach,
) -> Result<Vec<SocketAddr>, EgressError> {
    let literal = origin.address().is_some();
    let mut refused = None;
    let mut allowed = addresses;
    allowed.retain(|address| {
        let kind = AddressKind::of(address.ip());
        let is_within = kind.is_within(reach, literal);
        if !is_within {
            refused.get_or_insert(kind);
        }
        is_within
    });
    match refused {
        Some(kind) if allowed.is_empty() => Err(EgressError::Address { host: origin.host().to_owned(), kind }),
        _ => Ok(allowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(origin: &str, found: &[&str], reach: Reach, expected: Result<&[&str], AddressKind>) {
        let origin = Origin::parse(origin).unwrap();
        let found = found.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 443)).collect();
        match (within(found, &origin, reach), expected) {
            (Ok(left), Ok(expected)) => {
                assert_eq!(left.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>(), expected);
            }
            (Err(EgressError::Address { kind, .. }), Err(expected)) => assert_eq!(kind, expected, "{origin}"),
            (result, _) => panic!("{origin}: {result:?}"),
        }
    }

    #[test]
    fn only_granted_addresses_are_left() {
        let (public, private) = (Reach::Public, Reach::Private);
        check("https://a.test", &["10.0.0.1", "8.8.8.8", "::1"], public, Ok(&["8.8.8.8"]));
        check("https://a.test", &["10.0.0.1", "8.8.8.8"], private, Ok(&["10.0.0.1", "8.8.8.8"]));
        check("https://a.test", &["::ffff:127.0.0.1", "10.0.0.1"], public, Err(AddressKind::Loopback));
        check("https://a.test", &["169.254.169.254"], private, Err(AddressKind::LinkLocal));
        check("http://169.254.169.254", &["169.254.169.254"], private, Ok(&["169.254.169.254"]));
        check("http://169.254.169.254", &["169.254.169.254"], public, Err(AddressKind::LinkLocal));
    }

    #[tokio::test]
    async fn localhost_is_this_machine_whatever_dns_says() {
        struct Lying;
        impl Resolve for Lying {
            fn resolve<'a>(&'a self, _: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
                Box::pin(async move { Ok(vec![SocketAddr::new(Ipv4Addr::new(8, 8, 8, 8).into(), port)]) })
            }
        }
        let lookups = Lookups::new(Box::new(Lying));
        for (origin, expected) in [
            ("http://localhost:1", "127.0.0.1:1"),
            ("http://gpu.localhost:1", "127.0.0.1:1"),
            ("http://a.test:1", "8.8.8.8:1"),
            ("http://[::1]:1", "[::1]:1"),
        ] {
            let found = addresses(&lookups, &Origin::parse(origin).unwrap(), &Share::new()).await.unwrap();
            assert_eq!(found[0].to_string(), expected);
        }
    }
}
