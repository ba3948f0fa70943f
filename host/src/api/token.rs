//! The token that callers must show, by HTTP and by gRPC alike. What they are told without it is each transport's own.

use http::header::{HeaderMap, HeaderName};
use subtle::ConstantTimeEq;

use super::Api;

const TOKEN: HeaderName = HeaderName::from_static("dapr-api-token");

/// Why a caller is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    Missing,
    Wrong,
}

/// Lets everyone in where no token is asked for. Takes the same time for every wrong token of the right length.
pub(super) fn check(api: &Api, headers: &HeaderMap) -> Result<(), Denied> {
    let Some(token) = &api.token else { return Ok(()) };
    let shown = headers.get(TOKEN).ok_or(Denied::Missing)?;
    if bool::from(shown.as_bytes().ct_eq(token.expose().as_bytes())) { Ok(()) } else { Err(Denied::Wrong) }
}
