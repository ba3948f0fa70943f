//! What the app finds in its environment: Dapr's variables, from which its SDKs learn where the host serves. Reads none.

/// Where the host listens. A port that is not listened on is not named to the app.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ports {
    /// Of the HTTP API.
    pub http: Option<u16>,
    /// Of the gRPC API.
    pub grpc: Option<u16>,
    /// Of the metrics.
    pub metrics: Option<u16>,
}

/// One environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    /// `None` removes a variable that the host itself was given: it would be wrong for the app.
    pub value: Option<String>,
}

/// What the host knows of its app.
#[derive(Debug)]
pub struct Identity<'a> {
    pub app_id: &'a str,
    /// On which the app itself listens.
    pub app_port: Option<u16>,
    /// By which the app is spoken to, such as `http`.
    pub app_protocol: &'a str,
    /// Where the app listens, such as `127.0.0.1`.
    pub app_channel_address: &'a str,
}

/// The variables that `dapr run` sets.
pub fn variables(identity: &Identity<'_>, ports: Ports) -> Vec<Variable> {
    let variable = |name: &str, value: Option<String>| Variable { name: name.to_owned(), value };
    let port = |port: Option<u16>| port.map(|port| port.to_string());
    let mut variables = vec![
        variable("APP_ID", Some(identity.app_id.to_owned())),
        variable("APP_PROTOCOL", Some(identity.app_protocol.to_owned())),
        variable("APP_CHANNEL_ADDRESS", Some(identity.app_channel_address.to_owned())),
        variable("DAPR_HTTP_PORT", port(ports.http)),
        variable("DAPR_GRPC_PORT", port(ports.grpc)),
        variable("DAPR_METRICS_PORT", port(ports.metrics)),
    ];
    // The app may have been told its own port by somebody else.
    variables.extend(identity.app_port.map(|app_port| variable("APP_PORT", Some(app_port.to_string()))));
    variables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_nobody_listens_on_is_not_named() {
        let identity =
            Identity { app_id: "shop", app_port: None, app_protocol: "http", app_channel_address: "127.0.0.1" };
        let variables = variables(&identity, Ports { http: Some(3500), grpc: None, metrics: Some(9090) });
        assert!(!variables.iter().any(|variable| variable.name == "APP_PORT"));
        let value = |name: &str| variables.iter().find(|variable| variable.name == name).unwrap().value.as_deref();
        assert_eq!(value("APP_ID"), Some("shop"));
        assert_eq!(value("DAPR_HTTP_PORT"), Some("3500"));
        assert_eq!(value("DAPR_GRPC_PORT"), None);
        assert_eq!(value("DAPR_METRICS_PORT"), Some("9090"));
    }
}
