//! daprd's command line, which is Go's: read, and translated to that of `parlor run`. Knows which flags daprd has, and
//! asks `parlor run` which of them mean something.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::{ArgAction, CommandFactory};

use crate::cli::Cli;
use crate::yaml::diagnostic::closest;

/// What a flag is followed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing, or `=` and a boolean.
    Switch,
    /// A value, in the same word or the next.
    Value,
}

/// Every flag of daprd 1.18's.
const FLAGS: &[(&str, Kind)] = {
    use Kind::{Switch, Value};
    &[
        ("actors-disseminate-timeout", Value),
        ("actors-service", Value),
        ("allowed-origins", Value),
        ("app-channel-address", Value),
        ("app-health-check-path", Value),
        ("app-health-probe-interval", Value),
        ("app-health-probe-timeout", Value),
        ("app-health-threshold", Value),
        ("app-id", Value),
        ("app-max-concurrency", Value),
        ("app-port", Value),
        ("app-protocol", Value),
        ("app-ssl", Switch),
        ("build-info", Switch),
        ("components-path", Value),
        ("config", Value),
        ("control-plane-address", Value),
        ("control-plane-namespace", Value),
        ("control-plane-trust-domain", Value),
        ("dapr-block-shutdown-duration", Value),
        ("dapr-graceful-shutdown-seconds", Value),
        ("dapr-grpc-port", Value),
        ("dapr-http-max-request-size", Value),
        ("dapr-http-port", Value),
        ("dapr-http-read-buffer-size", Value),
        ("dapr-internal-grpc-listen-address", Value),
        ("dapr-internal-grpc-port", Value),
        ("dapr-listen-addresses", Value),
        ("dapr-public-listen-address", Value),
        ("dapr-public-port", Value),
        ("disable-builtin-k8s-secret-store", Switch),
        ("disable-init-endpoints", Value),
        ("enable-api-logging", Switch),
        ("enable-app-health-check", Switch),
        ("enable-metrics", Switch),
        ("enable-mtls", Switch),
        ("enable-profiling", Switch),
        ("hot-reload-reconcile-interval", Value),
        ("log-as-json", Switch),
        ("log-file", Value),
        ("log-level", Value),
        ("max-body-size", Value),
        ("metrics-listen-address", Value),
        ("metrics-port", Value),
        ("mode", Value),
        ("placement-host-address", Value),
        ("profile-listen-address", Value),
        ("profile-port", Value),
        ("read-buffer-size", Value),
        ("reminders-service", Value),
        ("resources-path", Value),
        ("scheduler-host-address", Value),
        ("sentry-address", Value),
        ("unix-domain-socket", Value),
        ("version", Switch),
        ("wait", Switch),
    ]
};

/// Flags that this program acts on before anything is translated.
const OUR_OWN: [&str; 4] = ["build-info", "mode", "version", "wait"];

/// daprd's word and unit for what `parlor run` calls otherwise.
const RENAMED: [(&str, &str, &str); 3] = [
    ("components-path", "resources-path", ""),
    ("dapr-http-max-request-size", "max-body-size", "Mi"),
    ("dapr-http-read-buffer-size", "read-buffer-size", "Ki"),
];

/// The flags that were given, with their values in order.
pub(super) struct Flags(BTreeMap<String, Vec<String>>);

impl Flags {
    pub(super) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut words = words.into_iter().map(|word| word.to_string_lossy().into_owned());
        while let Some(word) = words.next().filter(|word| word != "--") {
            // daprd passes over words that are no flags.
            let Some(flag) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else { continue };
            let (name, value) =
                flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value.to_owned())));
            let value = match (kind(name)?, value) {
                (Kind::Switch, value) => truth(name, value.as_deref().unwrap_or("true"))?.to_string(),
                (Kind::Value, Some(value)) => value,
                (Kind::Value, None) => words.next().ok_or_else(|| format!("`--{name}` needs a value"))?,
            };
            given.entry(name.to_owned()).or_default().push(value);
        }
        let flags = Self(given);
        match flags.value("mode") {
            None | Some("" | "standalone") => Ok(flags),
            Some(mode) => Err(format!("`--mode {mode}` is not there; the one mode is `standalone`")),
        }
    }

    pub(super) fn is_given(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether a switch is on.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.value(name) == Some("true")
    }

    /// As in Go, the last one counts.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.last().map(String::as_str)
    }

    /// The flags as `parlor run` takes them, with daprd's default where it is another.
    pub(super) fn translated(&self) -> Result<Vec<OsString>, String> {
        let mut words = Vec::new();
        for (name, values) in &self.0 {
            let (name, unit) = renamed(name);
            match meaning(name) {
                Some(Kind::Switch) if self.is_set(name) => words.push(format!("--{name}")),
                Some(Kind::Value) if name == "resources-path" => {
                    words.extend(
                        values.iter().filter(|value| !value.is_empty()).map(|value| format!("--{name}={value}")),
                    );
                }
                // Go's flags take an empty text for none.
                Some(Kind::Value) => {
                    let value = values.last().filter(|value| !value.is_empty());
                    words.extend(value.map(|value| format!("--{name}={value}{unit}")));
                }
                Some(Kind::Switch) | None => {}
            }
        }
        if self.value("dapr-listen-addresses").is_none_or(str::is_empty) {
            words.push(format!("--dapr-listen-addresses={}", every_address()));
        }
        Ok(words.into_iter().map(OsString::from).collect())
    }

    /// The flags that mean nothing here.
    pub(super) fn in_vain(&self) -> Vec<String> {
        let names = self.0.keys().map(String::as_str);
        let in_vain = names.filter(|name| !OUR_OWN.contains(name) && meaning(renamed(name).0).is_none());
        in_vain.map(|name| format!("--{name}")).collect()
    }
}

/// What daprd listens on unless it is told otherwise: both families where the machine has both.
fn every_address() -> &'static str {
    if std::net::TcpListener::bind("[::]:0").is_ok() { "::" } else { "0.0.0.0" }
}

fn renamed(name: &str) -> (&str, &'static str) {
    RENAMED.iter().find(|(old, ..)| *old == name).map_or((name, ""), |(_, new, unit)| (*new, *unit))
}

fn kind(name: &str) -> Result<Kind, String> {
    let known = FLAGS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
    known.or_else(|| meaning(name)).ok_or_else(|| {
        let hint = closest(name, FLAGS.iter().map(|(known, _)| *known));
        let hint = hint.map(|hint| format!("; did you mean `--{hint}`?")).unwrap_or_default();
        format!("`--{name}` is not a flag of daprd's{hint}")
    })
}

/// How `parlor run` takes a flag, if it does.
fn meaning(name: &str) -> Option<Kind> {
    let command = Cli::command();
    let argument =
        command.find_subcommand("run")?.get_arguments().find(|argument| argument.get_long() == Some(name))?;
    Some(if matches!(argument.get_action(), ArgAction::SetTrue) { Kind::Switch } else { Kind::Value })
}

/// Go's words for a boolean.
fn truth(name: &str, text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("`--{name}` must be `true` or `false`, not `{text}`")),
    }
}
