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
    /// The flag that it becomes, if any.
    flag: Option<&'static str>,
    pub(super) value: String,
    pub(super) kind: Kind,
    pub(super) at: Position,
}

/// Where a setting may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// With each app.
    App,
    /// Under `common` too.
    Common,
}
use Place::{App, Common};

const DESTINATIONS: &[&str] =
    &[Destination::Console.name(), Destination::File.name(), Destination::FileAndConsole.name()];
const LEVELS: &[&str] = &["trace", "debug", "info", "warn", "error", "fatal", "panic"];

/// What the run file calls it, which flag that is, if any, where it may stand, and what it may be.
const TABLE: &[(&str, Option<&str>, Place, Kind)] = &[
    ("apiListenAddresses", Some("dapr-listen-addresses"), Common, Kind::Text),
    ("appChannelAddress", Some("app-channel-address"), App, Kind::Text),
    ("appHealthCheckPath", Some("app-health-check-path"), Common, Kind::Text),
    ("appHealthProbeInterval", Some("app-health-probe-interval"), Common, Kind::Number),
    ("appHealthProbeTimeout", Some("app-health-probe-timeout"), Common, Kind::Number),
    ("appHealthThreshold", Some("app-health-threshold"), Common, Kind::Number),
    ("appLogDestination", None, Common, Kind::OneOf(DESTINATIONS)),
    ("appMaxConcurrency", Some("app-max-concurrency"), Common, Kind::Number),
    ("appPort", Some("app-port"), App, Kind::Port),
    ("appProtocol", Some("app-protocol"), Common, Kind::OneOf(&["http", "https", "h2c", "grpc", "grpcs"])),
    ("appSSL", Some("app-ssl"), Common, Kind::Switch),
    ("configFilePath", Some("config"), Common, Kind::Path),
    ("daprGRPCPort", Some("dapr-grpc-port"), App, Kind::Port),
    ("daprHTTPPort", Some("dapr-http-port"), App, Kind::Port),
    ("daprInternalGRPCPort", Some("dapr-internal-grpc-port"), App, Kind::Port),
    ("daprdLogDestination", None, Common, Kind::OneOf(DESTINATIONS)),
    ("enableApiLogging", Some("enable-api-logging"), Common, Kind::Switch),
    ("enableAppHealthCheck", Some("enable-app-health-check"), Common, Kind::Switch),
    ("enableProfiling", Some("enable-profiling"), Common, Kind::Switch),
    ("logLevel", Some("log-level"), Common, Kind::OneOf(LEVELS)),
    ("maxBodySize", Some("max-body-size"), Common, Kind::Text),
    ("metricsPort", Some("metrics-port"), App, Kind::Port),
    ("placementHostAddress", Some("placement-host-address"), Common, Kind::Text),
    ("profilePort", Some("profile-port"), App, Kind::Port),
    ("readBufferSize", Some("read-buffer-size"), Common, Kind::Text),
    ("runtimePath", Some("runtime-path"), Common, Kind::Text),
    ("schedulerHostAddress", Some("scheduler-host-address"), Common, Kind::Text),
    ("unixDomainSocket", Some("unix-domain-socket"), App, Kind::Text),
];

/// Fields of an app and of the common block that are no setting.
const BLOCK: [&str; 3] = ["env", "resourcesPath", "resourcesPaths"];

/// Every field of an app. The last three are for Kubernetes, and pass.
pub(super) fn fields_of_app() -> Vec<&'static str> {
    let others = ["appDirPath", "appID", "command", "containerImage", "containerImagePullPolicy", "createService"];
    TABLE.iter().map(|(key, ..)| *key).chain(BLOCK).chain(others).collect()
}

/// The fields that apps may share.
pub(super) fn fields_in_common() -> Vec<&'static str> {
    let shared = TABLE.iter().filter(|(_, _, place, _)| *place == Common);
    shared.map(|(key, ..)| *key).chain(BLOCK).collect()
}

/// Every flag that a setting becomes.
#[cfg(test)]
pub(crate) fn all_flags() -> impl Iterator<Item = &'static str> {
    TABLE.iter().filter_map(|(_, flag, ..)| *flag)
}

/// The settings among `fields` that are right; the others are reported. Of fields that are not `known` nothing is read.
pub(super) fn read(fields: &Fields<'_>, known: &[&str], report: &mut Report) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (key, flag, _, kind) in TABLE.iter().filter(|(key, ..)| known.contains(key)) {
        let Some(text) = fields.text(key, report) else { continue };
        match kind.value(&text.value) {
            Ok(value) => settings.push(Setting { key, flag: *flag, value, kind: *kind, at: text.at }),
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
        let checked = |is_right: bool, hint: &str| if is_right { Ok(text.to_owned()) } else { Err(hint.to_owned()) };
        match self {
            Self::Text | Self::Path => Ok(text.to_owned()),
            Self::Number => checked(text.parse::<i32>().is_ok(), "write a whole number"),
            Self::Port => {
                checked(text.parse::<u16>().is_ok(), "write a port between 0 and 65535; 0 takes any that is free")
            }
            Self::Switch => truth(text).map(|on| on.to_string()).ok_or_else(|| "write `true` or `false`".to_owned()),
            Self::OneOf(words) if words.contains(&text) => Ok(text.to_owned()),
            Self::OneOf(words) => Err(offer(text, words.iter().copied(), "write one of", "")),
        }
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
        let flag = setting.flag?;
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
