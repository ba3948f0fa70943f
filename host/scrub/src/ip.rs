//! IP addresses: version 4 as four decimal bytes, also with brackets about the dots; version 6 after RFC 4291, 2.2, with
//! the zone of RFC 4007 and a prefix length. The standard library decides what an address is.

use std::net::Ipv6Addr;

use crate::context::{Topic, topic};
use crate::text::{Text, is_digit, is_hex, is_letter, is_word};

/// The longest version 6 address with a version 4 address in it.
const LONGEST: usize = 45;
/// An operator, an epoch and the room between them, or an architecture.
const REQUIRED: usize = 8;
/// Linux's longest interface name.
const ZONE: usize = 15;

/// The end of the version 4 address that begins at `at`, where a word begins.
pub(crate) fn find_v4(text: &Text, at: usize) -> Option<usize> {
    if text.before(at) == b'.' && is_word(text.before(at - 1)) {
        return None;
    }
    let end = v4(text, at)?;
    let next = text.at(end);
    let goes_on = is_word(next) || next == b'.' && is_word(text.at(end + 1));
    let is_version = topic(text, at) == Some(Topic::Version) || is_required(text, at) || is_revised(text, at, end);
    (!goes_on && !is_version).then(|| prefix_length(text, end))
}

/// Whether a version is asked for at `at`: after an operator that compares no addresses, or any in parentheses, as package
/// managers write it (Debian Policy 7.1, PEP 440), and after an epoch (Debian Policy 5.6.12).
fn is_required(text: &Text, at: usize) -> bool {
    let mut ahead = text.behind(at, REQUIRED);
    if let [rest @ .., epoch, b':'] = ahead
        && is_digit(*epoch)
    {
        ahead = rest;
    }
    ahead = ahead.trim_ascii_end();
    let compared = [">=", "<=", "~=", "~>", "(=", "(==", "(<<", "(>>", "(<", "(>"];
    compared.iter().any(|operator| ahead.ends_with(operator.as_bytes()))
}

/// Whether a package's revision comes after it (Debian Policy 5.6.12): what follows `-` alone may end a range of addresses.
fn is_revised(text: &Text, at: usize, end: usize) -> bool {
    if matches!(text.at(end), b'+' | b'~') {
        return is_letter(text.at(end + 1));
    }
    let after = text.skip(end + 1, is_digit);
    if text.at(end) != b'-' || !(1..=2).contains(&(after - end - 1)) {
        return false;
    }
    let ahead = text.behind(at, REQUIRED).trim_ascii_end();
    let named = ["(", "_", ":all", ":amd64", ":arm64", ":i386", "<none>"];
    named.iter().any(|name| ahead.ends_with(name.as_bytes())) || matches!(text.at(after), b'+' | b'~' | b'_')
}

/// The end of the version 6 address that begins at `at`, with a word or with `::`.
pub(crate) fn find_v6(text: &Text, at: usize) -> Option<usize> {
    if is_inside(text, at) {
        return None;
    }
    let run = text.skip(at, |byte| is_hex(byte) || matches!(byte, b':' | b'.'));
    if run - at > LONGEST + 2 || is_word(text.at(run)) || text.at(run) == b'_' {
        return None;
    }
    // A sentence may end after the address.
    let marks = text.slice(at, run).iter().rev().take_while(|byte| !is_hex(**byte)).count().min(2);
    let end = (run - marks..=run).rev().find(|end| is_v6(text.slice(at, *end)))?;
    Some(prefix_length(text, zone(text, end)))
}

/// The end of the address in brackets that makes the domain of an e-mail address.
pub(crate) fn literal(text: &Text, at: usize) -> Option<usize> {
    v4(text, at).or_else(|| {
        let start = text.follows(at, "ipv6:").unwrap_or(at);
        let end = text.skip(start, |byte| is_hex(byte) || matches!(byte, b':' | b'.'));
        is_v6(text.slice(start, end)).then_some(end)
    })
}

/// Whether what begins at `at` goes on from something before it: more groups, or an index in brackets.
fn is_inside(text: &Text, at: usize) -> bool {
    let before = text.before(at);
    if before == b'[' {
        return is_word(text.before(at - 1));
    }
    if text.at(at) == b':' {
        return is_word(before) || matches!(before, b':' | b'_' | b'>' | b')');
    }
    if before != b':' {
        return matches!(before, b'.' | b'_') && is_word(text.before(at - 1));
    }
    let ahead = text.behind(at - 1, 5);
    let group = ahead.iter().rev().take_while(|byte| is_word(**byte));
    let (count, all_hex) = group.fold((0, true), |(count, all), byte| (count + 1, all && is_hex(*byte)));
    count == 0 || count < 5 && all_hex
}

fn v4(text: &Text, at: usize) -> Option<usize> {
    let mut at = at;
    for place in 0..4 {
        if place > 0 {
            at = text.follows_any(at, &[".", "[.]", "(.)", "[dot]"])?;
        }
        let end = text.skip(at, is_digit);
        let digits = text.slice(at, end);
        let value = digits.iter().take(4).fold(0_u32, |value, digit| value * 10 + u32::from(digit - b'0'));
        let is_padded = digits.len() > 1 && digits.first() == Some(&b'0');
        if digits.is_empty() || digits.len() > 3 || value > 255 || is_padded {
            return None;
        }
        at = end;
    }
    Some(at)
}

/// Without a digit, `a::b` is a name in a program.
fn is_v6(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    text.len() <= LONGEST && text.parse::<Ipv6Addr>().is_ok() && bytes.iter().any(|byte| is_digit(*byte))
}

fn zone(text: &Text, at: usize) -> usize {
    if text.at(at) != b'%' || !is_letter(text.at(at + 1)) {
        return at;
    }
    let end = text.skip(at + 1, |byte| is_word(byte) || matches!(byte, b'-' | b'_'));
    if end - at > ZONE + 1 { at } else { end }
}

/// The end of a prefix length such as `/64`, else `at`.
fn prefix_length(text: &Text, at: usize) -> usize {
    if text.at(at) != b'/' {
        return at;
    }
    let end = text.skip(at + 1, is_digit);
    let is_one = (2..=4).contains(&(end - at)) && !is_word(text.at(end)) && !matches!(text.at(end), b'/' | b'_' | b'-');
    if is_one { end } else { at }
}

#[cfg(test)]
mod tests {
    use crate::Kind::Ip;
    use crate::tests::{finds, finds_nothing};

    #[test]
    fn version_4_is_found() {
        for (text, address) in [
            ("from 172.16.254.1:8080", "172.16.254.1"),
            ("http://10.20.30.40/x", "10.20.30.40"),
            ("ip-10.20.30.40", "10.20.30.40"),
            ("10.20.0.0/16 is ours", "10.20.0.0/16"),
            ("at 10.20.30.40.", "10.20.30.40"),
            ("10[.]20[.]30[.]40", "10[.]20[.]30[.]40"),
            ("１０.20.30.40", "１０.20.30.40"),
            ("10.20.30.40-45", "10.20.30.40"),
            ("ip.addr == 10.20.30.40", "10.20.30.40"),
            (">> 10.20.30.40 is down", "10.20.30.40"),
            ("ip=10.20.30.40", "10.20.30.40"),
            ("(10.20.30.40)", "10.20.30.40"),
        ] {
            finds(text, Ip, address);
        }
        for text in ["1.2.3", "1.2.3.256", "1.2.3.4.5", "01.2.3.4", "v1.2.3.4", "version 1.2.3.4", "1.2.3.4b2"] {
            finds_nothing(text);
        }
    }

    #[test]
    fn versions_of_packages_are_no_addresses() {
        for text in [
            "libpam0g (>= 0.99.7.1)",
            "zlib1g (>= 1:1.2.3.4), perl",
            "lsat (<< 0.9.7.1-2.1)",
            "name (= 1.2.3.4)",
            "name>=1.2.3.4",
            "name ~= 1.2.3.4",
            "conf (1.2.5.1-2) ...",
            "conf_1.2.5.1-2_all.deb",
            "conf:all 1.2.5.1-2",
            "<none> 1.2.5.1-2",
            "1.2.3.57+dfsg1-2",
            "2.2.7.1-3~bpo",
        ] {
            finds_nothing(text);
        }
    }

    #[test]
    fn version_6_is_found() {
        for (text, address) in [
            ("2001:db8:85a3::8a2e:370:7334 up", "2001:db8:85a3::8a2e:370:7334"),
            ("[fe80::1%eth0]:443", "fe80::1%eth0"),
            ("to ::1.", "::1"),
            ("to fe80::1: no route", "fe80::1"),
            ("addr:fe80::1", "fe80::1"),
            ("::ffff:10.2.3.4", "::ffff:10.2.3.4"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
            ("(2001:db8::7)", "2001:db8::7"),
        ] {
            finds(text, Ip, address);
        }
    }

    #[test]
    fn names_and_times_are_no_addresses() {
        for text in [
            "std::vec::Vec",
            "a::b",
            "::",
            "12:30:45",
            "f(x)::1",
            "xs[1::2]",
            "xs[::2]",
            "1:2:3:4:5:6:7:8:9",
            "2001::db8::1",
            "cafe::babe",
            "::abcdefg",
            "1:2:3",
        ] {
            finds_nothing(text);
        }
    }
}
