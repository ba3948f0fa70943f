//! Who this host is, what it has loaded, and what the application has told it to keep: `/v1.0/metadata` and its twins in
//! gRPC.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use http::StatusCode;
use tonic::Code;

use super::Api;
use super::dapr::wire::{GetMetadataResponse, RegisteredComponents};
use super::status::Refusal;
use crate::limits;

/// The version of Dapr whose API this host serves. Clients read it to learn what they may call.
const DAPR_VERSION: &str = "1.18.3";

/// What the application had kept here. Bounded by [`limits::METADATA_ENTRIES`] and its neighbours.
#[derive(Debug, Default)]
pub struct Extended(Mutex<BTreeMap<String, String>>);

/// All of it. What is the host's own to say can't be overridden.
pub(super) fn tell(api: &Api) -> GetMetadataResponse {
    let components = api.snapshot.iter().map(|component| RegisteredComponents {
        name: component.name.clone(),
        r#type: component.component_type.clone(),
        version: component.version.clone(),
        capabilities: Vec::new(),
    });
    let mut extended = api.extended.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for (key, value) in [("daprRuntimeVersion", DAPR_VERSION), ("parlorVersion", env!("CARGO_PKG_VERSION"))] {
        extended.insert(key.to_owned(), value.to_owned());
    }
    GetMetadataResponse {
        id: api.app_id.clone(),
        registered_components: components.collect(),
        extended_metadata: extended,
        runtime_version: DAPR_VERSION.to_owned(),
        enabled_features: Vec::new(),
    }
}

/// Keeps a text, or replaces it.
///
/// # Errors
/// When it is no text, or more than is kept.
pub(super) fn set(api: &Api, key: String, value: Vec<u8>) -> Result<(), Refusal> {
    let refuse = |why: String| {
        let message = format!("failed setting metadata: {why}");
        Refusal::new(StatusCode::BAD_REQUEST, Code::InvalidArgument, "ERR_METADATA_INVALID", message)
    };
    if key.is_empty() || key.len() > limits::METADATA_KEY {
        return Err(refuse(format!("a key has 1 to {} bytes, and this has {}", limits::METADATA_KEY, key.len())));
    }
    if value.len() > limits::METADATA_VALUE {
        let (most, length) = (limits::METADATA_VALUE, value.len());
        return Err(refuse(format!("a value has at most {most} bytes, and that of `{key}` has {length}")));
    }
    let value = String::from_utf8(value).map_err(|_| refuse(format!("the value of `{key}` is not UTF-8")))?;
    let mut entries = api.extended.0.lock().unwrap_or_else(PoisonError::into_inner);
    if entries.len() >= limits::METADATA_ENTRIES && !entries.contains_key(&key) {
        return Err(refuse(format!("{} keys are kept, and `{key}` is one more", limits::METADATA_ENTRIES)));
    }
    entries.insert(key, value);
    Ok(())
}
