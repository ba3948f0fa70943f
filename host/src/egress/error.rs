//! Why a request did not reach its vendor, or its answer did not come back whole. Texts are fit for callers: bounded,
//! with no header value, body or secret in them. What an error means to a conversation is decided by the sandbox.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{AddressKind, Whose};

/// The cause of an error, shared because a pooled client only lends its own.
pub(super) type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// Why a request got no answer, or no whole one. `host` is that of the granted origin, with its port where one was
/// called.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EgressError {
    #[error("`{origin}` is not granted; add it to `allowedHosts` under `spec.wasm` in the component's YAML")]
    NotGranted { origin: String },
    #[error("the provider asked for a URL that cannot be called: {reason}")]
    BadUrl { reason: String },
    #[error("method `{method}` is not available to providers")]
    Method { method: String },
    #[error("header `{name}` is set by the host; the provider must leave it out")]
    ReservedHeader { name: String },
    #[error("the request's headers take more than {limit} bytes")]
    HeadersTooLarge { limit: usize },
    #[error("`{host}` leads to {kind}, which its grant does not cover; {}", kind.remedy())]
    Address { host: String, kind: AddressKind },
    #[error("the stand-in of a secret is in the URL; a secret travels in header values only")]
    SecretInUrl,
    #[error("`{host}` is called over plain `http`, which carries no secret beyond this machine; use `https`")]
    SecretInClear { host: String },
    #[error("the secret for header `{name}` has a character that no header can carry, perhaps a line break at its end")]
    SecretUnfit { name: String },
    #[error("`{host}` cannot be resolved")]
    Resolve {
        host: String,
        #[source]
        source: Cause,
    },
    #[error("no connection to `{host}`")]
    Connect {
        host: String,
        #[source]
        source: Cause,
    },
    #[error("no way to `{host}` through the proxy")]
    Proxy {
        host: String,
        #[source]
        source: Cause,
    },
    #[error("the certificate of `{host}` {fault}")]
    Certificate {
        host: String,
        fault: CertificateFault,
        /// None where the fault says it all.
        #[source]
        source: Option<Cause>,
    },
    #[error("no TLS session with `{host}`")]
    Tls {
        host: String,
        #[source]
        source: Cause,
    },
    #[error("`{host}` took more than {limit:?} {phase}")]
    Timeout { host: String, phase: Phase, limit: Duration },
    #[error("{whose} may have {limit} exchanges open at one time, and the provider wants more")]
    TooManyExchanges { whose: Whose, limit: usize },
    #[error("the request has trailers, which the host does not send; the provider must leave them out")]
    RequestTrailers,
    #[error("the request's body is larger than {limit} bytes")]
    RequestTooLarge { limit: u64 },
    #[error("the request's body is not of the length that its `content-length` says")]
    RequestLength,
    #[error("the provider did not finish the request's body")]
    RequestAborted {
        #[source]
        source: Cause,
    },
    #[error(
        "the answer of `{host}` is more than the {limit} bytes that a call may take in; raise `spec.wasm.limits.responseBytes`"
    )]
    ResponseTooLarge { host: String, limit: u64 },
    #[error("the connection to `{host}` broke")]
    Broken {
        host: String,
        #[source]
        source: Cause,
    },
    #[error("`{host}` did not answer in HTTP")]
    Protocol {
        host: String,
        #[source]
        source: Cause,
    },
}

/// What a time limit was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// From a name to an open connection, TLS included.
    Connect,
    /// From the request to the head of the answer.
    Head,
    /// Between two pieces of the answer's body.
    Idle,
}

/// What is wrong with a server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFault {
    Untrusted,
    WrongName,
    Expired,
    NotValidYet,
    /// It is an authority's own, as a plain `openssl req -x509` makes them.
    Authority,
    Unreadable,
    Revoked,
    BadSignature,
    UnsupportedAlgorithm,
    Other,
}

/// Why egress cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum EgressSetupError {
    #[error("CA file `{path}` cannot be read")]
    ExtraCa {
        path: String,
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    #[error("CA file `{path}` holds no PEM certificate")]
    NoCertificate { path: String },
    #[error("CA file `{path}` holds a certificate that is no authority's")]
    BadCertificate {
        path: String,
        #[source]
        source: rustls::Error,
    },
    /// Never repeats the value: it may hold a password.
    #[error("`{variable}` is no proxy that can be used; write `http://host:port`")]
    Proxy { variable: &'static str },
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

impl EgressError {
    /// Whether the same request may well succeed later: the network failed it, not a rule or a setting.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Resolve { .. }
            | Self::Connect { .. }
            | Self::Proxy { .. }
            | Self::Tls { .. }
            | Self::Timeout { .. }
            | Self::Broken { .. }
            | Self::TooManyExchanges { whose: Whose::Component, .. } => true,
            Self::NotGranted { .. }
            | Self::BadUrl { .. }
            | Self::Method { .. }
            | Self::ReservedHeader { .. }
            | Self::HeadersTooLarge { .. }
            | Self::Address { .. }
            | Self::SecretInUrl
            | Self::SecretInClear { .. }
            | Self::SecretUnfit { .. }
            | Self::Certificate { .. }
            | Self::TooManyExchanges { whose: Whose::Call, .. }
            | Self::RequestTrailers
            | Self::RequestTooLarge { .. }
            | Self::RequestLength
            | Self::RequestAborted { .. }
            | Self::ResponseTooLarge { .. }
            | Self::Protocol { .. } => false,
        }
    }

    pub(super) fn bad_url(reason: &impl fmt::Display) -> Self {
        Self::BadUrl { reason: bounded(&reason.to_string()) }
    }
}

/// The start of a text that a guest wrote.
pub(super) fn bounded(text: &str) -> String {
    const LONGEST: usize = 200;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "to connect",
            Self::Head => "to begin its answer",
            Self::Idle => "between two pieces of its answer",
        })
    }
}

impl CertificateFault {
    pub(super) fn of(error: &rustls::CertificateError) -> Self {
        use rustls::CertificateError as Error;
        match error {
            Error::UnknownIssuer => Self::Untrusted,
            Error::NotValidForName | Error::NotValidForNameContext { .. } => Self::WrongName,
            Error::Expired | Error::ExpiredContext { .. } => Self::Expired,
            Error::NotValidYet | Error::NotValidYetContext { .. } => Self::NotValidYet,
            Error::BadEncoding => Self::Unreadable,
            Error::Revoked => Self::Revoked,
            Error::BadSignature => Self::BadSignature,
            Error::UnsupportedSignatureAlgorithmContext { .. }
            | Error::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => Self::UnsupportedAlgorithm,
            // An error of webpki, which rustls hands on unnamed.
            Error::Other(other) if other.to_string() == "CaUsedAsEndEntity" => Self::Authority,
            _ => Self::Other,
        }
    }

    /// Whether rustls can add to it: a name, a time, or what is wrong at all.
    pub(super) fn has_details(self) -> bool {
        match self {
            Self::Untrusted | Self::WrongName | Self::Expired | Self::NotValidYet | Self::Other => true,
            Self::Authority | Self::Unreadable | Self::Revoked | Self::BadSignature | Self::UnsupportedAlgorithm => {
                false
            }
        }
    }
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Untrusted => {
                "is signed by no authority that is trusted here; \
                 give the PEM file of its CA to the host with `--extra-ca-file`"
            }
            Self::WrongName => "is for another name",
            Self::Expired => "has expired",
            Self::NotValidYet => "is not valid yet; see whether the clock of this machine is right",
            Self::Authority => {
                "is an authority's own, which no server may show; \
                 let the server show one that this authority has issued for its name, \
                 and give the PEM file of the authority to the host with `--extra-ca-file`"
            }
            Self::Unreadable => "cannot be read",
            Self::Revoked => "has been revoked",
            Self::BadSignature => "has a signature that is not its issuer's",
            Self::UnsupportedAlgorithm => "is signed in a way that is not supported",
            Self::Other => "is not acceptable",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_operator_meets_of_a_certificate_has_a_sentence() {
        use rustls::CertificateError as Error;
        for (error, sentence) in [
            (Error::UnknownIssuer, "is signed by no authority that is trusted here; "),
            (Error::NotValidForName, "is for another name"),
            (Error::Expired, "has expired"),
            (Error::NotValidYet, "is not valid yet; see whether the clock of this machine is right"),
            (Error::BadEncoding, "cannot be read"),
            (Error::Revoked, "has been revoked"),
            (Error::BadSignature, "has a signature that is not its issuer's"),
            (
                Error::UnsupportedSignatureAlgorithmContext {
                    signature_algorithm_id: Vec::new(),
                    supported_algorithms: Vec::new(),
                },
                "is signed in a way that is not supported",
            ),
            (Error::InvalidPurpose, "is not acceptable"),
        ] {
            let told = CertificateFault::of(&error).to_string();
            assert!(told.starts_with(sentence), "{error:?}: {told}");
        }
    }
}
