//! The settings of a run file that become flags of `parlor run`: one table of their names and of what they may be.

use super::Destination;
use crate::yaml::diagnostic::{Position, offer};
use crate::yaml::fields::{Fields, Report, truth};

/// What a setting may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Port,
    Switch,
    /// Of a file or folder that is there.
    Path,
    OneOf(&'static [&'static str]),
}

/// A setting as it was typed.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) key: &'static str,
    pub(super) value: String,
    pub(super) kind: Kind,
    pub(super) at: Position,
}

const DESTINATIONS: &[&str] = &["console", "file", "fileAndConsole"];

/// What the run file calls it, which flag that is, if any, and what it may be.
const TABLE: &[(&str, Option<&str>, Kind)] = &[
    ("apiListenAddresses", Some("dapr-listen-addresses"), Kind::Text),
    ("appChannelAddress", Some("app-channel-address"), Kind::Text),
    ("appHealthCheckPath", Some("app-health-check-path"), Kind::Text),
    ("appHealthProbeInterval", Some("app-health-probe-interval"), Kind::Number),
    ("appHealthProbeTimeout", Some("app-health-probe-timeout"), Kind::Number),
    ("appHealthThreshold", Some("app-health-threshold"), Kind::Number),
    ("appLogDestination", None, Kind::OneOf(DESTINATIONS)),
    ("appMaxConcurrency", Some("app-max-concurrency"), Kind::Number),
    ("appPort", Some("app-port"), Kind::Port),
    ("appProtocol", Some("app-protocol"), Kind::OneOf(&["http", "https", "h2c", "grpc", "grpcs"])),
    ("appSSL", Some("app-ssl"), Kind::Switch),
    ("configFilePath", Some("config"), Kind::Path),
    ("daprGRPCPort", Some("dapr-grpc-port"), Kind::Port),
    ("daprHTTPPort", Some("dapr-http-port"), Kind::Port),
    ("daprInternalGRPCPort", Some("dapr-internal-grpc-port"), Kind::Port),
    ("daprdLogDestination", None, Kind::OneOf(DESTINATIONS)),
    ("enableApiLogging", Some("enable-api-logging"), Kind::Switch),
    ("enableAppHealthCheck", Some("enable-app-health-check"), Kind::Switch),
    ("enableProfiling", Some("enable-profiling"), Kind::Switch),
    ("logLevel", Some("log-level"), Kind::OneOf(&["trace", "debug", "info", "warn", "error", "fatal", "panic"])),
    ("maxBodySize", Some("max-body-size"), Kind::Text),
    ("metricsPort", Some("metrics-port"), Kind::Port),
    ("placementHostAddress", Some("placement-host-address"), Kind::Text),
    ("profilePort", Some("profile-port"), Kind::Port),
    ("readBufferSize", Some("read-buffer-size"), Kind::Text),
    ("runtimePath", Some("runtime-path"), Kind::Text),
    ("schedulerHostAddress", Some("scheduler-host-address"), Kind::Text),
    ("unixDomainSocket", Some("unix-domain-socket"), Kind::Text),
];

/// Every field of an app. The last three are for Kubernetes, and pass.
pub(super) const APP: &[&str] = &[
    "apiListenAddresses",
    "appChannelAddress",
    "appDirPath",
    "appHealthCheckPath",
    "appHealthProbeInterval",
    "appHealthProbeTimeout",
    "appHealthThreshold",
    "appID",
    "appLogDestination",
    "appMaxConcurrency",
    "appPort",
    "appProtocol",
    "appSSL",
    "command",
    "configFilePath",
    "daprGRPCPort",
    "daprHTTPPort",
    "daprInternalGRPCPort",
    "daprdLogDestination",
    "enableApiLogging",
    "enableAppHealthCheck",
    "enableProfiling",
    "env",
    "logLevel",
    "maxBodySize",
    "metricsPort",
    "placementHostAddress",
    "profilePort",
    "readBufferSize",
    "resourcesPath",
    "resourcesPaths",
    "runtimePath",
    "schedulerHostAddress",
    "unixDomainSocket",
    "containerImage",
    "containerImagePullPolicy",
    "createService",
];

/// The fields that apps may share.
pub(super) const COMMON: &[&str] = &[
    "apiListenAddresses",
    "appHealthCheckPath",
    "appHealthProbeInterval",
    "appHealthProbeTimeout",
    "appHealthThreshold",
    "appLogDestination",
    "appMaxConcurrency",
    "appProtocol",
    "appSSL",
    "configFilePath",
    "daprdLogDestination",
    "enableApiLogging",
    "enableAppHealthCheck",
    "enableProfiling",
    "env",
    "logLevel",
    "maxBodySize",
    "placementHostAddress",
    "readBufferSize",
    "resourcesPath",
    "resourcesPaths",
    "runtimePath",
    "schedulerHostAddress",
];

/// The settings among `fields` that are right; the others are reported.
pub(super) fn read(fields: &Fields<'_>, report: &mut Report) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (key, _, kind) in TABLE {
        let Some(text) = fields.text(key, report) else { continue };
        match kind.value(&text.value) {
            Ok(value) => settings.push(Setting { key, value, kind: *kind, at: text.at }),
            Err(hint) => {
                let what = format!("`{}` can't be `{key}`", text.value);
                report.error(text.at, what, hint);
            }
        }
    }
    settings
}

impl Kind {
    /// The value in the form of a flag's, or what to write instead.
    fn value(self, text: &str) -> Result<String, String> {
        let right = match self {
            Self::Text | Self::Path => true,
            Self::Number => text.parse::<i32>().is_ok(),
            Self::Port => text.parse::<u16>().is_ok(),
            Self::Switch => {
                return truth(text).map(|on| on.to_string()).ok_or_else(|| "write `true` or `false`".into());
            }
            Self::OneOf(words) => words.contains(&text),
        };
        if right {
            return Ok(text.to_owned());
        }
        Err(match self {
            Self::Port => "write a port between 0 and 65535; 0 takes any that is free".to_owned(),
            Self::OneOf(words) => offer(text, words.iter().copied(), "write one of", ""),
            Self::Text | Self::Path | Self::Switch | Self::Number => "write a whole number".to_owned(),
        })
    }
}

/// An app's own settings, and the common ones that it doesn't set.
pub(super) fn merged(own: &[Setting], common: &[Setting]) -> Vec<Setting> {
    let is_own = |key: &str| own.iter().any(|setting| setting.key == key);
    own.iter().chain(common.iter().filter(|setting| !is_own(setting.key))).cloned().collect()
}

/// Where one of the logs goes, if that is said.
pub(super) fn destination(settings: &[Setting], key: &str) -> Option<Destination> {
    let setting = settings.iter().find(|setting| setting.key == key)?;
    clap::ValueEnum::from_str(&setting.value, false).ok()
}

/// The settings as flags.
pub(super) fn flags(settings: &[Setting]) -> Vec<(&'static str, Option<String>)> {
    let flag = |setting: &Setting| {
        let flag = TABLE.iter().find(|(key, ..)| *key == setting.key)?.1?;
        match setting.kind {
            Kind::Switch if setting.value == "false" => None,
            Kind::Switch => Some((flag, None)),
            Kind::Text | Kind::Number | Kind::Port | Kind::Path | Kind::OneOf(_) => {
                Some((flag, Some(setting.value.clone())))
            }
        }
    };
    settings.iter().filter_map(flag).collect()
}
