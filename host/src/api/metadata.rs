//! `GET /v1.0/metadata`: who this host is and what it has loaded, in Dapr's shape.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Api;
use crate::version;

#[derive(Serialize)]
struct Metadata<'a> {
    id: &'a str,
    #[serde(rename = "runtimeVersion")]
    runtime_version: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    components: Vec<Component<'a>>,
    extended: BTreeMap<&'static str, &'static str>,
}

#[derive(Serialize)]
struct Component<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    component_type: &'a str,
    version: &'a str,
}

/// The body of the answer.
pub(super) fn encode(api: &Api) -> Result<Vec<u8>, serde_json::Error> {
    let components = api.snapshot.iter().map(|component| Component {
        name: &component.name,
        component_type: &component.component_type,
        version: &component.version,
    });
    serde_json::to_vec(&Metadata {
        id: &api.app_id,
        runtime_version: version::DAPR,
        components: components.collect(),
        extended: BTreeMap::from([("daprRuntimeVersion", version::DAPR), ("parlorVersion", version::PARLOR)]),
    })
}
