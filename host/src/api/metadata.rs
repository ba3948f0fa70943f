//! `GET /v1.0/metadata`: who this host is and what it has loaded, in Dapr's shape.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Api;
use crate::app_health::AppConnection;
use crate::version;

#[derive(Serialize)]
struct Metadata<'a> {
    id: &'a str,
    #[serde(rename = "runtimeVersion")]
    runtime_version: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    components: Vec<Component<'a>>,
    extended: BTreeMap<&'static str, &'static str>,
    #[serde(rename = "appConnectionProperties", skip_serializing_if = "Option::is_none")]
    app: Option<App<'a>>,
}

/// The application beside this host.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct App<'a> {
    port: u16,
    protocol: &'static str,
    channel_address: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<AppHealth<'a>>,
}

/// How it is asked how it is, and, which daprd does not tell, what came of it. Times are Go's text of durations.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AppHealth<'a> {
    health_check_path: &'a str,
    health_probe_interval: String,
    health_probe_timeout: String,
    health_threshold: u32,
    health_status: &'static str,
}

impl<'a> From<&'a AppConnection> for App<'a> {
    fn from(app: &'a AppConnection) -> Self {
        let health = app.check.as_ref().map(|check| AppHealth {
            health_check_path: check.path.as_str(),
            health_probe_interval: format!("{:?}", check.interval),
            health_probe_timeout: format!("{:?}", check.timeout),
            health_threshold: check.threshold,
            health_status: if app.is_healthy() { "healthy" } else { "unhealthy" },
        });
        Self { port: app.port, protocol: app.protocol.name(), channel_address: &app.host, health }
    }
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
        app: api.app.as_deref().map(App::from),
    })
}
