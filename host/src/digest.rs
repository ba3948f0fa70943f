//! SHA-256 of a provider's `.wasm`: which code it is, whatever its file is called.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// Written as 64 hexadecimal digits in lower case, as `sha256sum` does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Hashes; for a large artifact this takes tens of milliseconds.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// From 64 hexadecimal digits in any case, or nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let mut digest = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        for (index, byte) in digest.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
        }
        Some(Self(digest))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn digits_are_read_as_they_are_written() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string(), ABC);
        assert_eq!(Digest::parse(ABC), Some(digest));
        assert_eq!(Digest::parse(&ABC.to_uppercase()), Some(digest));
    }

    #[test]
    fn anything_else_is_no_digest() {
        for text in ["", "abc", &ABC[1..], &format!("{ABC}0"), &format!("+{}", &ABC[1..]), &format!("é{}", &ABC[2..])]
        {
            assert_eq!(Digest::parse(text), None, "{text}");
        }
    }
}
