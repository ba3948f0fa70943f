//! Who this host is, what it has loaded, and what the application has told it to keep: `/v1.0/metadata` and its twins in
//! gRPC.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use http::StatusCode;
use tonic::Code;

use super::Api;
use super::dapr::wire::{
    AppConnectionHealthProperties, AppConnectionProperties, ComponentStanding, GetMetadataResponse, Hosting,
    RegisteredComponents,
};
use super::status::Refusal;
use crate::app_health::AppConnection;
use crate::duration;
use crate::limits;
use crate::registry::{Snapshot, Standing};
use crate::version;

/// What the application had kept here. Bounded by [`limits::METADATA_ENTRIES`] and its neighbours.
#[derive(Debug, Default)]
pub struct Extended(Mutex<BTreeMap<String, String>>);

/// All of it. What is the host's own to say can't be overridden.
pub(super) fn tell(api: &Api) -> GetMetadataResponse {
    let snapshot = api.registry.snapshot();
    let components = snapshot.iter().map(|component| RegisteredComponents {
        name: component.name.clone(),
        r#type: component.component_type.clone(),
        version: component.version.clone(),
        capabilities: Vec::new(),
    });
    let mut extended = api.extended.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for (key, value) in [("daprRuntimeVersion", version::DAPR), ("parlorVersion", version::PARLOR)] {
        extended.insert(key.to_owned(), value.to_owned());
    }
    GetMetadataResponse {
        id: api.app_id.clone(),
        registered_components: components.collect(),
        extended_metadata: extended,
        app_connection_properties: api.app.as_deref().map(AppConnectionProperties::from),
        runtime_version: version::DAPR.to_owned(),
        enabled_features: Vec::new(),
        parlor: Some(Hosting {
            generation: number(snapshot.generation),
            polling: api.reload.progress().polling.load().as_deref().cloned().unwrap_or_default(),
            components: snapshot
                .standings
                .iter()
                .map(|(name, standing)| standing_of(&snapshot, name, standing))
                .collect(),
        }),
    }
}

/// How a component stands, and what of it is served.
fn standing_of(snapshot: &Snapshot, name: &str, standing: &Standing) -> ComponentStanding {
    let component = snapshot.components.get(name);
    ComponentStanding {
        name: name.to_owned(),
        state: standing.state.as_str().to_owned(),
        since: Some(standing.since.into()),
        why: standing.why.clone().unwrap_or_default(),
        digest: component.map(|it| it.digest()).unwrap_or_default(),
        generation: component.map(|it| number(it.generation)).unwrap_or_default(),
    }
}

/// In JSON a 32-bit number is a number, and a 64-bit one a text.
fn number(generation: u64) -> u32 {
    u32::try_from(generation).unwrap_or(u32::MAX)
}

/// Times are Go's text of durations.
impl From<&AppConnection> for AppConnectionProperties {
    fn from(app: &AppConnection) -> Self {
        let health = app.check.as_ref().map(|check| AppConnectionHealthProperties {
            health_check_path: check.path.as_str().to_owned(),
            health_probe_interval: duration::text(check.interval),
            health_probe_timeout: duration::text(check.timeout),
            health_threshold: i32::try_from(check.threshold).unwrap_or(i32::MAX),
            health_status: if app.is_healthy() { "healthy" } else { "unhealthy" }.to_owned(),
        });
        Self {
            port: app.port.into(),
            protocol: app.protocol.name().to_owned(),
            channel_address: app.host.clone(),
            max_concurrency: 0,
            health,
        }
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
