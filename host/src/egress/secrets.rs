//! Stand-ins: what a guest sees instead of a secret, and the one place where the value takes its place again.
//!
//! Only header values are substituted, never URLs or bodies: a vendor may store or echo those. Whether a request may
//! carry secrets at all is decided in `headers.rs`.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::HeaderValue;
use memchr::memmem::Finder;

use crate::secret::Secret;

const PREFIX: &str = "parlor-secret-";
const RANDOM_BYTES: usize = 16;
/// Made once: making one costs more than looking through a header with it.
static PREFIXES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(PREFIX));
const STAND_IN_LENGTH: usize = PREFIX.len() + 2 * RANDOM_BYTES;

/// Values shorter than this many bytes are not masked in texts: no vendor issues so short a key, and the placeholders
/// that local engines are given (`none`, `EMPTY`, `ollama`) are words of ordinary answers.
const SHORTEST_MASKED: usize = 8;

/// What is written where a secret's value was.
pub const MASK: &str = "[secret]";

/// The stand-ins of one component or one call, each with the secret it stands for.
#[derive(Clone, Default)]
pub struct StandIns {
    /// The longest value first, so that a value that contains another is masked whole.
    issued: Vec<Arc<Issued>>,
}

struct Issued {
    stand_in: String,
    secret: Secret,
    finder: Finder<'static>,
}

/// The operating system gives no random bytes, so no stand-in can be made that a guest could not guess.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes: {0}")]
pub struct NoRandomness(getrandom::Error);

/// A secret's value cannot be put into a header.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnfitForHeader;

impl StandIns {
    /// Makes a new stand-in for `secret`, to be given to the guest in its place.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn issue(&mut self, secret: Secret) -> Result<String, NoRandomness> {
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random).map_err(NoRandomness)?;
        let stand_in = format!("{PREFIX}{:032x}", u128::from_be_bytes(random));
        let finder = Finder::new(secret.expose()).into_owned();
        self.insert(Arc::new(Issued { stand_in: stand_in.clone(), secret, finder }));
        Ok(stand_in)
    }

    /// Whether there is nothing to substitute and nothing to mask.
    pub fn is_empty(&self) -> bool {
        self.issued.is_empty()
    }

    /// These and the others together.
    pub fn and(&self, others: &Self) -> Self {
        let mut all = self.clone();
        for issued in &others.issued {
            all.insert(issued.clone());
        }
        all
    }

    fn insert(&mut self, issued: Arc<Issued>) {
        let length = issued.secret.expose().len();
        let at = self.issued.partition_point(|other| other.secret.expose().len() >= length);
        self.issued.insert(at, issued);
    }

    /// Masks every secret's value in a text that leaves the host: answers, errors, logs of the component.
    pub fn redact<'text>(&self, text: &'text str) -> Cow<'text, str> {
        let mut clean = Cow::Borrowed(text);
        for issued in &self.issued {
            let value = issued.secret.expose();
            if value.len() >= SHORTEST_MASKED && issued.finder.find(clean.as_bytes()).is_some() {
                clean = Cow::Owned(clean.replace(value, MASK));
            }
        }
        clean
    }

    /// Whether one of these stand-ins is in the text.
    pub(super) fn are_named_in(&self, text: &[u8]) -> bool {
        self.next_in(text).is_some()
    }

    /// The header value with the secrets in place of their stand-ins, marked sensitive; `None` when it names none.
    pub(super) fn substitute(&self, value: &HeaderValue) -> Result<Option<HeaderValue>, UnfitForHeader> {
        let mut rest = value.as_bytes();
        let Some(mut found) = self.next_in(rest) else { return Ok(None) };
        let mut filled = Vec::with_capacity(rest.len() + found.secret.expose().len());
        loop {
            filled.extend_from_slice(found.before);
            filled.extend_from_slice(found.secret.expose().as_bytes());
            rest = found.after;
            match self.next_in(rest) {
                Some(next) => found = next,
                None => break,
            }
        }
        filled.extend_from_slice(rest);
        let mut value = HeaderValue::from_maybe_shared(Bytes::from(filled)).map_err(|_| UnfitForHeader)?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// The first stand-in in `text` that is one of these. Another component's is ordinary text here.
    fn next_in<'s>(&'s self, text: &'s [u8]) -> Option<Found<'s>> {
        if self.issued.is_empty() || text.len() < STAND_IN_LENGTH {
            return None;
        }
        PREFIXES.find_iter(text).find_map(|at| {
            let (before, from) = text.split_at_checked(at)?;
            let (stand_in, after) = from.split_at_checked(STAND_IN_LENGTH)?;
            let issued = self.issued.iter().find(|issued| issued.stand_in.as_bytes() == stand_in)?;
            Some(Found { before, secret: &issued.secret, after })
        })
    }
}

struct Found<'s> {
    before: &'s [u8],
    secret: &'s Secret,
    after: &'s [u8],
}

impl fmt::Debug for StandIns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StandIns({})", self.issued.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issue(values: &[&str]) -> (StandIns, Vec<String>) {
        let mut stand_ins = StandIns::default();
        let names = values.iter().map(|value| stand_ins.issue(Secret::new(*value)).unwrap()).collect();
        (stand_ins, names)
    }

    fn substituted(stand_ins: &StandIns, text: &str) -> Option<String> {
        let value = stand_ins.substitute(&HeaderValue::from_str(text).unwrap()).unwrap()?;
        assert!(value.is_sensitive());
        Some(value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_stand_in_is_replaced_wherever_it_is_in_a_header_value() {
        let (stand_ins, names) = issue(&["sk-one", "sk-two"]);
        let [one, two] = &names[..] else { panic!() };
        let check = |text: String, expected: &str| {
            assert_eq!(substituted(&stand_ins, &text).as_deref(), Some(expected), "{text}");
        };
        check(one.clone(), "sk-one");
        check(format!("Bearer {one}"), "Bearer sk-one");
        check(format!("a={one}; b={two};{one}"), "a=sk-one; b=sk-two;sk-one");
        check(format!("{PREFIX}{one}"), &format!("{PREFIX}sk-one"));
        check(format!("{PREFIX}{:032x} {one}", 0), &format!("{PREFIX}{:032x} sk-one", 0));
    }

    #[test]
    fn what_is_no_stand_in_of_this_component_stays_as_it_is() {
        let (stand_ins, names) = issue(&["sk-one"]);
        let (_, others) = issue(&["sk-other"]);
        for text in [&others[0], "Bearer x", PREFIX, &names[0][..STAND_IN_LENGTH - 1], &names[0].to_uppercase()] {
            assert_eq!(substituted(&stand_ins, text), None, "{text}");
        }
    }

    #[test]
    fn a_stand_in_cannot_be_guessed() {
        let (_, names) = issue(&["same", "same"]);
        assert_ne!(names[0], names[1]);
        assert_eq!(names[0].len(), STAND_IN_LENGTH);
        assert!(!format!("{:?}", issue(&["sk-one"]).0).contains("sk-one"));
    }

    #[test]
    fn a_secret_with_a_line_break_is_not_put_into_a_header() {
        let (stand_ins, names) = issue(&["sk-one\r\nx-evil: 1"]);
        assert_eq!(stand_ins.substitute(&HeaderValue::from_str(&names[0]).unwrap()), Err(UnfitForHeader));
    }

    #[test]
    fn values_are_masked_and_nothing_else_is() {
        let (stand_ins, names) = issue(&["sk-secret-1", "sk-secret-1-long", "ollama", ""]);
        let check = |text: &str, expected: &str| assert_eq!(stand_ins.redact(text), expected);
        check("key sk-secret-1 is wrong", "key [secret] is wrong");
        check("sk-secret-1-long,sk-secret-1é", "[secret],[secret]é");
        check("ollama runs", "ollama runs");
        check(&names[0], &names[0]);
        assert!(matches!(stand_ins.redact("nothing here"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_call_may_bring_its_own_secret() {
        let (component, own) = issue(&["sk-component"]);
        let (call, brought) = issue(&["sk-of-the-call"]);
        let both = component.and(&call);
        assert_eq!(substituted(&both, &own[0]).as_deref(), Some("sk-component"));
        assert_eq!(substituted(&both, &brought[0]).as_deref(), Some("sk-of-the-call"));
        assert_eq!(both.redact("sk-of-the-call sk-component"), "[secret] [secret]");
        assert_eq!(substituted(&component, &brought[0]), None);
    }
}
