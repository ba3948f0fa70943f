//! Digests in hexadecimal: MD5 (RFC 1321, 32 digits), SHA-1 (40) and SHA-256 (64, both FIPS 180-4).

use crate::Kind;
use crate::text::{Text, is_digit, is_letter};

/// The digest that is the whole word of hexadecimal digits from `at` to `end`. Digits alone or letters alone are something else: a digest of
/// such a kind comes up once in three million.
pub(crate) fn find(text: &Text, at: usize, end: usize) -> Option<Kind> {
    let kind = match end - at {
        32 => Kind::Md5,
        40 => Kind::Sha1,
        64 => Kind::Sha256,
        _ => return None,
    };
    let word = text.slice(at, end);
    let has = |wanted: fn(u8) -> bool| word.iter().any(|byte| wanted(*byte));
    (has(is_digit) && has(is_letter)).then_some(kind)
}

#[cfg(test)]
mod tests {
    use crate::Kind::{Md5, Sha1, Sha256};
    use crate::tests::{finds, finds_nothing};

    const HEX: &str = "9a0364b9e99bb480dd25e1f0284c8555aa11bb22cc33dd44ee55ff6600771188";

    #[test]
    fn a_digest_has_exactly_its_length() {
        for (length, kind) in [(32, Md5), (40, Sha1), (64, Sha256)] {
            let digest = &HEX[..length];
            finds(&format!("sum:{digest}."), kind, digest);
            finds(&digest.to_uppercase(), kind, &digest.to_uppercase());
        }
        for length in [31, 33, 39, 41, 56, 63] {
            finds_nothing(&HEX[..length]);
        }
        finds_nothing(&format!("{HEX}0"));
        finds_nothing(&format!("x{}", &HEX[..32]));
    }

    #[test]
    fn digits_alone_and_letters_alone_are_none() {
        finds_nothing(&"01".repeat(16));
        finds_nothing(&"abcdef".repeat(6)[..32]);
    }
}
