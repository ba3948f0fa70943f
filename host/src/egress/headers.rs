//! The head of a request, made fit to leave the host: reserved headers refused, secrets put in, sizes bounded.
//!
//! Headers that frame a message or steer its connection are the host's alone: a guest that sets them could make two
//! parties read the same bytes differently. They are refused rather than dropped, so that a mistake is seen.

use http::header::{CONTENT_LENGTH, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Uri};

use super::EgressError;
use super::error::bounded;
use super::grant::Granted;
use super::secrets::StandIns;

/// Names and values together, secrets included. Common servers take 8 to 64 KiB.
const MAX_HEADER_BYTES: usize = 64 * 1024;

const PRODUCT: HeaderValue = HeaderValue::from_static(concat!("parlor/", env!("CARGO_PKG_VERSION")));

/// Refuses the methods that are not a plain exchange: `CONNECT` opens a tunnel, `TRACE` sends the secrets back.
pub(super) fn check_method(method: &Method) -> Result<(), EgressError> {
    if matches!(*method, Method::CONNECT | Method::TRACE) {
        return Err(EgressError::Method { method: method.to_string() });
    }
    Ok(())
}

/// Refuses a URL that names a secret's stand-in. The value would never be put there, and the guest should know.
pub(super) fn check_url(uri: &Uri, secrets: &StandIns) -> Result<(), EgressError> {
    match uri.path_and_query() {
        Some(path) if secrets.are_named_in(path.as_str().as_bytes()) => Err(EgressError::SecretInUrl),
        _ => Ok(()),
    }
}

/// Checks the headers, puts the secrets in and adds what the host says of itself. Gives the length that the guest
/// declares for the body; the header itself is left to the client, which writes it from the body.
pub(super) fn prepare(
    headers: &mut HeaderMap,
    granted: &Granted,
    secrets: &StandIns,
) -> Result<Option<u64>, EgressError> {
    let mut bytes = 0;
    for (name, value) in headers.iter_mut() {
        match name.as_str() {
            "connection" | "expect" | "http2-settings" | "keep-alive" | "te" | "trailer" | "transfer-encoding"
            | "upgrade" => return Err(reserved(name.as_str())),
            // The HTTP library of a guest may set it; it does no harm when it says what the host will say.
            "host" if value.as_bytes().eq_ignore_ascii_case(granted.authority().as_bytes()) => continue,
            "host" => return Err(reserved(name.as_str())),
            other if other.starts_with("proxy-") => return Err(reserved(other)),
            _ => {}
        }
        let filled =
            secrets.substitute(value).map_err(|_| EgressError::SecretUnfit { name: bounded(name.as_str()) })?;
        if let Some(filled) = filled {
            if !granted.may_carry_secrets() {
                return Err(EgressError::SecretInClear { host: granted.authority().to_owned() });
            }
            *value = filled;
        }
        bytes += name.as_str().len() + value.len();
        if bytes > MAX_HEADER_BYTES {
            return Err(EgressError::HeadersTooLarge { limit: MAX_HEADER_BYTES });
        }
    }
    headers.remove(HOST);
    let length = declared_length(headers)?;
    headers.entry(USER_AGENT).or_insert(PRODUCT);
    Ok(length)
}

fn declared_length(headers: &mut HeaderMap) -> Result<Option<u64>, EgressError> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let length = digits.and_then(|text| text.parse().ok()).filter(|_| values.next().is_none());
    headers.remove(CONTENT_LENGTH);
    length.map(Some).ok_or(EgressError::RequestLength)
}

fn reserved(name: &str) -> EgressError {
    EgressError::ReservedHeader { name: bounded(name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::{Grant, Reach};
    use crate::origin::Origin;
    use crate::secret::Secret;

    fn prepared(origin: &str, headers: &[(&str, &str)]) -> Result<(HeaderMap, Option<u64>), String> {
        let mut secrets = StandIns::default();
        let key = secrets.issue(Secret::new("sk-secret")).unwrap();
        let broken = secrets.issue(Secret::new("sk\n")).unwrap();
        let grant = Grant::new([(Origin::parse(origin).unwrap(), Reach::Public)], StandIns::default());
        let granted = grant.permit(&mut origin.parse().unwrap()).unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let value = value.replace("KEY", &key).replace("BROKEN", &broken);
            map.append(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        let length = prepare(&mut map, granted, &secrets).map_err(|error| error.to_string())?;
        Ok((map, length))
    }

    #[test]
    fn a_secret_travels_encrypted_or_to_this_machine() {
        for origin in ["https://api.test", "http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"] {
            let (headers, _) = prepared(origin, &[("authorization", "Bearer KEY")]).unwrap();
            assert_eq!(headers["authorization"], "Bearer sk-secret", "{origin}");
            assert!(headers["authorization"].is_sensitive());
        }
        for origin in ["http://api.test", "http://10.0.0.1"] {
            let error = prepared(origin, &[("authorization", "Bearer KEY")]).unwrap_err();
            assert!(error.contains("use `https`"), "{error}");
        }
        assert!(prepared("http://api.test", &[("authorization", "none")]).is_ok());
        let error = prepared("https://api.test", &[("x-api-key", "BROKEN")]).unwrap_err();
        assert!(error.contains("`x-api-key`") && !error.contains("sk"), "{error}");
    }

    #[test]
    fn headers_that_steer_the_connection_are_refused() {
        for name in [
            "connection",
            "expect",
            "http2-settings",
            "keep-alive",
            "proxy-authorization",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
        ] {
            let error = prepared("https://api.test", &[(name, "x")]).unwrap_err();
            assert_eq!(error, format!("header `{name}` is set by the host; the provider must leave it out"));
        }
        assert!(prepared("https://api.test", &[("host", "evil.test")]).is_err());
        assert!(prepared("https://api.test", &[("host", "api.test"), ("host", "evil.test")]).is_err());
        assert!(!prepared("https://api.test", &[("host", "API.test")]).unwrap().0.contains_key("host"));
    }

    #[test]
    fn a_declared_length_is_a_single_number() {
        let length = |values: &[&str]| {
            let headers: Vec<_> = values.iter().map(|value| ("content-length", *value)).collect();
            prepared("https://api.test", &headers).ok().map(|(headers, length)| {
                assert!(!headers.contains_key("content-length"));
                length
            })
        };
        assert_eq!(length(&[]), Some(None));
        assert_eq!(length(&["12"]), Some(Some(12)));
        for bad in [&["+1"][..], &["-1"], &[""], &["1", "1"], &["1, 1"], &["99999999999999999999"]] {
            assert_eq!(length(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn the_host_names_itself_unless_the_provider_does() {
        let agent = |headers: &[(&str, &str)]| prepared("https://api.test", headers).unwrap().0["user-agent"].clone();
        assert!(agent(&[]).to_str().unwrap().starts_with("parlor/"));
        assert_eq!(agent(&[("user-agent", "acme/1")]), "acme/1");
    }

    #[test]
    fn headers_are_bounded_after_secrets_are_in() {
        let long = "a".repeat(MAX_HEADER_BYTES);
        assert!(prepared("https://api.test", &[("x", &long)]).unwrap_err().contains("65536 bytes"));
    }

    #[test]
    fn what_is_not_a_plain_exchange_is_refused() {
        assert!(check_method(&Method::POST).is_ok());
        assert!(check_method(&Method::CONNECT).is_err());
        assert!(check_method(&Method::TRACE).is_err());
    }

    #[test]
    fn a_stand_in_in_the_url_is_refused() {
        let mut secrets = StandIns::default();
        let key = secrets.issue(Secret::new("sk-secret")).unwrap();
        let check = |uri: String| check_url(&uri.parse().unwrap(), &secrets).is_ok();
        assert!(check("https://api.test/v1?key=other".to_owned()));
        assert!(!check(format!("https://api.test/v1?key={key}")));
        assert!(!check(format!("https://api.test/{key}/chat")));
    }
}
