//! E-mail addresses, plainly written and written to hide from robots.
//!
//! After RFC 5321 (4.5.3.1: 64 bytes before the `@`, 255 after it; 4.1.3: an address in brackets as the domain) and
//! RFC 5322 (3.2.3 dot-atom), with the letters of RFC 6531. A domain needs a dot and a last label of letters
//! (RFC 3696, 2) or an IDNA one (RFC 5890, `xn--`): `react@18.2.0` is a version.

use crate::ip;
use crate::text::{Text, is_digit, is_letter, is_local, is_word};

const LOCAL: usize = 64;
const DOMAIN: usize = 255;
const LABEL: usize = 63;

/// Ways to write `@` right after the name.
const AT: [&str; 6] = ["@", "\"@", "&#64;", "&#x40;", "&commat;", "\\u0040"];
/// Ways that may have a space on both sides.
const SPOKEN_AT: [&str; 7] = ["[at]", "(at)", "{at}", "<at>", "[ at ]", "( at )", "[@]"];
const SPOKEN_DOT: [&str; 7] = ["[dot]", "(dot)", "{dot}", "<dot>", "[.]", "(.)", "[ dot ]"];

/// How the `@` was written, and so how dots may be.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    Plain,
    /// `john at example dot com`: nothing but the word `dot` tells it from a sentence.
    Words,
}

/// The end of the address that begins at `at`, where a word begins.
pub(crate) fn find(text: &Text, at: usize) -> Option<usize> {
    if !may_begin(text, at) {
        return None;
    }
    let (name, end) = name(text, at)?;
    let (style, domain_start) = end.map_or_else(|| at_sign(text, name), |end| Some((Style::Plain, end)))?;
    let end = domain(text, domain_start, style)?;
    (!is_no_address(text, at, name, domain_start, end)).then_some(end)
}

/// A name begins where none is under way; marks in front of it are not part of it.
fn may_begin(text: &Text, at: usize) -> bool {
    let before = text.before(at);
    !is_local(before) || !is_word(before) && !is_word(text.before(at - 1))
}

/// The end of the name, and the end of an `%40` when that ends it.
fn name(text: &Text, at: usize) -> Option<(usize, Option<usize>)> {
    let mut end = at;
    while is_local(text.at(end)) {
        if text.at(end) == b'%' && text.follows(end, "%40").is_some() {
            return Some((end, Some(end + 3)));
        }
        end += 1;
        if end - at > LOCAL {
            return None;
        }
    }
    Some((end, None))
}

fn at_sign(text: &Text, at: usize) -> Option<(Style, usize)> {
    match text.at(at) {
        b'@' => return Some((Style::Plain, at + 1)),
        b'"' | b'&' | b'\\' => return text.follows_any(at, &AT).map(|end| (Style::Plain, end)),
        b' ' | b'[' | b'(' | b'{' | b'<' if text.before(at) != b'.' => {}
        _ => return None,
    }
    let start = at + usize::from(text.at(at) == b' ');
    if matches!(text.at(start), b'[' | b'(' | b'{' | b'<') {
        let end = text.follows_any(start, &SPOKEN_AT)?;
        return Some((Style::Plain, end + usize::from(text.at(end) == b' ')));
    }
    if !matches!(text.at(start), b'a' | b'A') {
        return None;
    }
    text.follows(at, " at ").map(|end| (Style::Words, end))
}

fn domain(text: &Text, at: usize, style: Style) -> Option<usize> {
    if text.at(at) == b'[' {
        let end = ip::literal(text, at + 1)?;
        return (text.at(end) == b']').then_some(end + 1);
    }
    let (mut end, mut label, mut whole) = (at, at, None);
    loop {
        end = text.skip(end, |byte| is_word(byte) || byte == b'-');
        if end == label || end - label > LABEL || end - at > DOMAIN || text.at(label) == b'-' {
            return whole;
        }
        if label > at && is_top_level(text.slice(label, end)) {
            whole = Some(end);
        }
        let Some(next) = dot(text, end, style) else { return whole };
        (end, label) = (next, next);
    }
}

/// The end of the dot at `at`, when a label follows it.
fn dot(text: &Text, at: usize, style: Style) -> Option<usize> {
    let end = if style == Style::Words {
        text.follows(at, " dot ")
    } else if text.at(at) == b'.' {
        Some(at + 1)
    } else if matches!(text.at(at), b' ' | b'[' | b'(' | b'{' | b'<') {
        spoken_dot(text, at)
    } else {
        None
    }?;
    is_word(text.at(end)).then_some(end)
}

fn spoken_dot(text: &Text, at: usize) -> Option<usize> {
    let start = at + usize::from(text.at(at) == b' ');
    match text.at(start) {
        b'.' if start > at => is_letter(text.at(start + 1)).then_some(start + 1),
        b'd' | b'D' if start > at => text.follows(at, " dot "),
        _ => {
            let end = text.follows_any(start, &SPOKEN_DOT)?;
            Some(end + usize::from(text.at(end) == b' '))
        }
    }
}

fn is_top_level(label: &[u8]) -> bool {
    label.len() >= 2 && (label.iter().all(|byte| is_letter(*byte)) || label.starts_with(b"xn--"))
}

/// What has the form of an address and is none: a repository in git's short form, and a picture for dense screens.
fn is_no_address(text: &Text, at: usize, name: usize, domain: usize, end: usize) -> bool {
    let is_repository = text.slice(at, name) == b"git" && text.at(end) == b':' && is_word(text.at(end + 1));
    let is_picture = is_digit(text.at(domain)) && text.at(domain + 1) == b'x' && text.at(domain + 2) == b'.';
    is_repository || is_picture
}

#[cfg(test)]
mod tests {
    use crate::Kind::Email;
    use crate::tests::{finds, finds_nothing};

    #[test]
    fn addresses_of_all_forms_are_found() {
        for (text, address) in [
            ("mail ada@lovelace.org.", "ada@lovelace.org"),
            ("<ada.l+news@mail.example.co.uk>", "ada.l+news@mail.example.co.uk"),
            ("q?to=ada@example.com&x=1", "ada@example.com"),
            ("'ada@example.com'", "ada@example.com"),
            (".ada@example.com", "ada@example.com"),
            ("o'hara@example.com", "o'hara@example.com"),
            ("zoë@käse.example", "zoë@käse.example"),
            ("ada@xn--kse-qla.xn--p1ai", "ada@xn--kse-qla.xn--p1ai"),
            ("ada@[10.1.2.3]", "ada@[10.1.2.3]"),
            ("ada%40example.com", "ada%40example.com"),
            ("ada&#64;example.com", "ada&#64;example.com"),
            ("ada [at] example [dot] com now", "ada [at] example [dot] com"),
            ("ada(at)example(dot)com", "ada(at)example(dot)com"),
            ("ada at example dot com", "ada at example dot com"),
            ("ada＠example．com", "ada＠example．com"),
            ("http://x.org/u/ada@example.com/7", "ada@example.com"),
        ] {
            finds(text, Email, address);
        }
    }

    #[test]
    fn what_only_looks_like_one_is_left() {
        for text in [
            "react@18.2.0",
            "@ada",
            "ada@localhost",
            "ada@.com",
            "look at this dot",
            "git@example.com:me/it.git",
            "icon@2x.png",
            "we meet @ 5pm. ok",
            "a@b",
            "ada@-x.com",
        ] {
            finds_nothing(text);
        }
    }

    #[test]
    fn a_name_may_have_64_bytes_and_no_more() {
        let name = "a".repeat(64);
        finds(&format!("{name}@example.com"), Email, &format!("{name}@example.com"));
        finds_nothing(&format!("a{name}@example.com"));
    }
}
