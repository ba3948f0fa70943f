//! Under what an answer is kept: a hash of all that shapes it.

use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};

use crate::conversation::Request;
use crate::secret::Secret;

/// A SHA-256 of a call. Nothing of the call can be read from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; 32]);

/// Some of its bytes are as good as all.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_ne_bytes([a, b, c, d, e, f, g, h]));
    }
}

impl Key {
    /// The key of a call to a component, of which `generation` is the number of its loading: another artifact and other
    /// settings have another. A caller's own key of the vendor is part of it, so that no two of them share an answer, and so
    /// is whether the answer is scrubbed, because it is kept as it is given.
    ///
    /// The request's fields are encoded as the standard library's `Hash` does it: each prefix-free and in the order in which
    /// they are declared, so that no two requests have one encoding. It may change with the compiler, which is right for
    /// keys that end with the process.
    pub fn of(generation: u64, caller: Option<&Secret>, is_scrubbed: bool, request: &Request) -> Self {
        let mut encoding = Encoding(Sha256::new());
        generation.hash(&mut encoding);
        caller.map(Secret::expose).hash(&mut encoding);
        is_scrubbed.hash(&mut encoding);
        request.hash(&mut encoding);
        Self(encoding.0.finalize().into())
    }
}

/// Takes what `Hash` writes to SHA-256.
struct Encoding(Sha256);

impl Encoding {
    /// One byte where that is enough. No number's bytes begin with another's.
    fn write_number(&mut self, number: u64) {
        match u8::try_from(number) {
            Ok(byte) if byte < u8::MAX => self.0.update([byte]),
            _ => {
                self.0.update([u8::MAX]);
                self.0.update(number.to_le_bytes());
            }
        }
    }
}

impl Hasher for Encoding {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Lengths, of which there are many and which are short.
    fn write_usize(&mut self, length: usize) {
        self.write_number(length as u64);
    }

    /// Which case of an enumeration it is.
    fn write_isize(&mut self, case: isize) {
        self.write_number(case as u64);
    }

    /// Nobody asks for this hash: 64 bits are too few to tell callers apart.
    fn finish(&self) -> u64 {
        0
    }
}
