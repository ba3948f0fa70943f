//! What kind of place an IP address is, and whether a grant reaches it. Pure: resolves and dials nothing.
//!
//! Sources: the special-purpose registries of IANA (RFC 6890), and the vendors' pages on their metadata services.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Reach;

/// The kind of place an address is, seen from the host's network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressKind {
    /// Routed on the Internet.
    Public,
    /// This machine.
    Loopback,
    /// A private network: RFC 1918, carrier-grade NAT, IPv6 unique local, benchmarking, local NAT64.
    Private,
    /// The local link, where clouds keep their metadata services.
    LinkLocal,
    /// A metadata service outside the link-local range; it hands out the machine's credentials.
    Metadata,
    /// `0.0.0.0` and `::`, which most systems take for this machine.
    Unspecified,
    /// Multicast, broadcast, documentation or unassigned: no service is there.
    Reserved,
}

/// Metadata services that a range below would class as less than that.
const METADATA_V4: [Ipv4Addr; 3] = [
    Ipv4Addr::new(100, 100, 100, 200), // Alibaba Cloud
    Ipv4Addr::new(168, 63, 129, 16),   // Azure
    Ipv4Addr::new(192, 0, 0, 192),     // Oracle Cloud
];

impl AddressKind {
    /// Judges an address; one that carries an IPv4 address inside is judged by it.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::of_v4(v4),
            IpAddr::V6(v6) => Self::of_v6(v6),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        if METADATA_V4.contains(&address) {
            return Self::Metadata;
        }
        match address.octets() {
            [0, 0, 0, 0] => Self::Unspecified,
            [127, ..] => Self::Loopback,
            [169, 254, ..] => Self::LinkLocal,
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] | [198, 18 | 19, ..] => Self::Private,
            [0 | 224..=255, ..] | [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 51, 100, _] | [203, 0, 113, _] => {
                Self::Reserved
            }
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        let [a, b, c, d, e, f, g, h] = address.segments();
        let inner = |high: u16, low: u16| Self::of_v4(Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low)));
        match [a, b, c, d, e, f] {
            [0, 0, 0, 0, 0, 0] if (g, h) == (0, 0) => Self::Unspecified,
            [0, 0, 0, 0, 0, 0] if (g, h) == (0, 1) => Self::Loopback,
            // IPv4-compatible (RFC 4291 2.5.5.1), NAT64 (RFC 6052), 6to4 (RFC 3056).
            [0, 0, 0, 0, 0, 0] | [0x64, 0xff9b, 0, 0, 0, 0] => inner(g, h),
            [0x2002, ..] => inner(b, c),
            // Teredo (RFC 4380): the server's address in clear, the client's inverted.
            [0x2001, 0, ..] => inner(c, d).stricter(inner(!g, !h)),
            // AWS and Google Cloud keep metadata services in these.
            [0xfd00, 0x0ec2, ..] | [0xfd20, 0x00ce, ..] => Self::Metadata,
            [0xfe80..=0xfebf, ..] => Self::LinkLocal,
            [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] | [0x64, 0xff9b, 1, ..] | [0x2001, 2, 0, ..] => Self::Private,
            // Documentation and ORCHID are inside the global range.
            [0x2001, 0x0db8 | 0x10..=0x2f, ..] | [0x3fff, 0..=0x0fff, ..] => Self::Reserved,
            [0x2000..=0x3fff, ..] => Self::Public,
            _ => Self::Reserved,
        }
    }

    fn stricter(self, other: Self) -> Self {
        if self == Self::Public { other } else { self }
    }

    /// Whether a grant of this reach may dial such an address. `literal` says that the granted origin names this very
    /// address, not a name that leads to it.
    pub fn is_within(self, reach: Reach, literal: bool) -> bool {
        match self {
            Self::Public => true,
            Self::Loopback | Self::Private => reach == Reach::Private,
            Self::LinkLocal | Self::Metadata | Self::Unspecified => reach == Reach::Private && literal,
            Self::Reserved => false,
        }
    }

    /// What the owner of the component can do about a refusal.
    pub(super) fn remedy(self) -> &'static str {
        match self {
            Self::Public | Self::Loopback | Self::Private => {
                "if it is meant to, set `privateNetwork: true` under `spec.wasm` in the component's YAML"
            }
            Self::LinkLocal | Self::Metadata | Self::Unspecified => {
                "only an address written out in the component's YAML reaches such a place"
            }
            Self::Reserved => "no service is there; look at what the name resolves to",
        }
    }
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "a public address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private network address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "a cloud metadata address",
            Self::Unspecified => "the unspecified address",
            Self::Reserved => "a reserved address",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: AddressKind, addresses: &[&str]) {
        for address in addresses {
            assert_eq!(AddressKind::of(address.parse().unwrap()), kind, "{address}");
        }
    }

    #[test]
    fn every_special_range_is_known() {
        check(AddressKind::Public, &["8.8.8.8", "172.32.0.1", "100.128.0.1", "198.20.0.1", "2606:4700::1111"]);
        check(AddressKind::Loopback, &["127.0.0.1", "127.255.255.254", "::1"]);
        check(AddressKind::Private, &["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"]);
        check(AddressKind::Private, &["100.64.0.1", "100.127.255.255", "198.18.0.1", "198.19.255.255"]);
        check(AddressKind::Private, &["fc00::1", "fd12:3456::1", "fec0::1", "64:ff9b:1::1", "2001:2::1"]);
        check(AddressKind::LinkLocal, &["169.254.169.254", "169.254.170.2", "fe80::1", "febf::1"]);
        check(AddressKind::Metadata, &["fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192"]);
        check(AddressKind::Unspecified, &["0.0.0.0", "::"]);
        check(AddressKind::Reserved, &["0.1.2.3", "224.0.0.1", "240.0.0.1", "255.255.255.255", "ff02::1"]);
        check(AddressKind::Reserved, &["192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "192.0.0.1"]);
        check(AddressKind::Reserved, &["2001:db8::1", "3fff::1", "2001:20::1", "100::1", "4000::1", "5f00::1"]);
    }

    #[test]
    fn an_address_is_judged_by_the_one_it_carries() {
        check(AddressKind::Loopback, &["::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::127.0.0.1", "2002:7f00:1::1"]);
        check(AddressKind::Private, &["::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:0a00:0001::"]);
        check(AddressKind::LinkLocal, &["::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"]);
        check(AddressKind::Public, &["::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]);
        // Teredo: server 8.8.8.8, client 10.0.0.1; then server 127.0.0.1, client 8.8.8.8.
        check(AddressKind::Private, &["2001:0:808:808::f5ff:fffe"]);
        check(AddressKind::Loopback, &["2001:0:7f00:1::f7f7:f7f7"]);
    }

    #[test]
    fn a_grant_reaches_as_far_as_it_says() {
        let reached = |kind: AddressKind| {
            [(Reach::Public, false), (Reach::Public, true), (Reach::Private, false), (Reach::Private, true)]
                .map(|(reach, literal)| kind.is_within(reach, literal))
        };
        assert_eq!(reached(AddressKind::Public), [true, true, true, true]);
        assert_eq!(reached(AddressKind::Loopback), [false, false, true, true]);
        assert_eq!(reached(AddressKind::Private), [false, false, true, true]);
        assert_eq!(reached(AddressKind::LinkLocal), [false, false, false, true]);
        assert_eq!(reached(AddressKind::Metadata), [false, false, false, true]);
        assert_eq!(reached(AddressKind::Unspecified), [false, false, false, true]);
        assert_eq!(reached(AddressKind::Reserved), [false, false, false, false]);
    }
}
