//! Secret stores: components that hold what other components refer to by `secretKeyRef`. Messages name secrets and keys,
//! never values.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Sources;
use super::kind;
use super::resolve;
use super::schema::{Component, Item, SecretReference};
use crate::secret::Secret;
use crate::yaml::diagnostic::{Diagnostic, Location, Position, offer};
use crate::yaml::fields::{At, Report, truth};
use crate::yaml::text;

/// The secret stores of all files, by name.
#[derive(Debug, Default)]
pub(super) struct Stores {
    by_name: BTreeMap<String, Store>,
    /// Files that stores read their secrets from.
    pub(super) files: Vec<PathBuf>,
    /// Where stores look for these files, so that one is noticed wherever it appears.
    pub(super) candidates: Vec<PathBuf>,
}

#[derive(Debug)]
pub(super) enum Store {
    File(Secrets),
    Environment {
        prefix: String,
    },
    /// Its own mistakes are reported at its own place.
    Broken,
    /// One of the stores that Dapr has and Parlor has not.
    NotServed {
        component_type: String,
    },
}

/// Secrets by name, each with its values by key.
type Secrets = BTreeMap<String, BTreeMap<String, Secret>>;

const FILE: &str = "secretstores.local.file";
const ENVIRONMENT: &str = "secretstores.local.env";

/// Whether the component is a secret store of any kind, or was meant to be one.
pub(super) fn is_store(component: &Component) -> bool {
    let component_type = &component.component_type.value;
    kind::meant(component_type).as_ref().unwrap_or(component_type).starts_with("secretstores.")
}

/// Whether it is the type of a store that [`Stores::open`] can open.
pub(super) fn is_served(component_type: &str) -> bool {
    matches!(component_type, FILE | ENVIRONMENT)
}

/// Whether components may not read the variable, because it may hold a secret of the host itself.
pub(super) fn is_refused(variable: &str) -> bool {
    let name = variable.to_ascii_uppercase();
    name == "APP_API_TOKEN" || name.starts_with("DAPR_")
}

impl Stores {
    /// Opens the store that `component` is, and keeps it even when that fails: who refers to it hears so.
    pub(super) fn open(&mut self, component: &Component, sources: &Sources<'_>, report: &mut Report) {
        let component_type = component.component_type.value.as_str();
        let is_right = !is_served(component_type) || component.has_known_version(report);
        let store = match component_type {
            FILE => self.open_file(component, sources, report),
            ENVIRONMENT => settings(component, &["prefix"], sources, report).map(|mut settings| {
                let prefix = settings.remove("prefix").map(|prefix| prefix.value).unwrap_or_default();
                Store::Environment { prefix }
            }),
            other => Some(Store::NotServed { component_type: other.to_owned() }),
        };
        self.by_name.insert(component.name.value.clone(), store.filter(|_| is_right).unwrap_or(Store::Broken));
    }

    fn open_file(&mut self, component: &Component, sources: &Sources<'_>, report: &mut Report) -> Option<Store> {
        let known = &["secretsFile", "nestedSeparator", "multiValued"];
        let mut settings = settings(component, known, sources, report)?;
        let Some(file) = settings.remove("secretsfile").filter(|file| !file.value.is_empty()) else {
            let hint = "add `- name: secretsFile` with the path of a JSON file as `value` under `spec.metadata`";
            report.error(component.name.at, format!("missing setting `secretsFile` for `{FILE}`"), hint);
            return None;
        };
        let separator = settings.remove("nestedseparator").map(|text| text.value).filter(|text| !text.is_empty());
        let multi_valued = match settings.remove("multivalued").filter(|text| !text.value.is_empty()) {
            None => false,
            Some(text) => truth(&text.value).or_else(|| {
                report.error(text.at, "`multiValued` must be `true` or `false`", "write `\"true\"`");
                None
            })?,
        };
        let candidates = candidates(&file.value, &report.file);
        self.candidates.extend(candidates.iter().cloned());
        let Some(path) = candidates.iter().find(|path| is_there(path)) else {
            report_absent(&file, &candidates, report);
            return None;
        };
        self.files.push(path.clone());
        let json = read_json(path, &file, report)?;
        Some(Store::File(secrets(json, separator.as_deref().unwrap_or(":"), multi_valued)))
    }

    /// The store that a component's `auth.secretStore` names.
    pub(super) fn find(&self, name: &At<String>, report: &mut Report) -> Option<&Store> {
        let store = self.by_name.get(&name.value);
        match store {
            Some(Store::File(_) | Store::Environment { .. }) => return store,
            Some(Store::Broken) => {
                let what = format!("the secret store `{}` could not be opened", name.value);
                report.error(name.at, what, "mend its own mistakes first");
            }
            Some(Store::NotServed { component_type }) => {
                let what = format!("the secret store `{}` is a `{component_type}`, which is not served", name.value);
                report.error(name.at, what, format!("use a `{FILE}` or a `{ENVIRONMENT}`"));
            }
            None => {
                let stores = self.by_name.keys().map(String::as_str);
                let hint =
                    offer(&name.value, stores, "there are", "add one as a component of `secretstores.local.env`");
                report.error(name.at, format!("there is no secret store `{}`", name.value), hint);
            }
        }
        None
    }
}

impl Store {
    /// The value that `reference` means.
    pub(super) fn look_up(
        &self,
        reference: &SecretReference,
        sources: &Sources<'_>,
        report: &mut Report,
    ) -> Option<Secret> {
        match self {
            Self::File(secrets) => look_up_in_file(secrets, reference, report),
            Self::Environment { prefix } => look_up_in_environment(prefix, reference, sources, report),
            Self::Broken | Self::NotServed { .. } => None,
        }
    }
}

fn look_up_in_file(secrets: &Secrets, reference: &SecretReference, report: &mut Report) -> Option<Secret> {
    let SecretReference { name, key } = reference;
    let Some(values) = secrets.get(&name.value) else {
        let hint = offer(&name.value, secrets.keys().map(String::as_str), "it has", "it has none");
        report.error(name.at, format!("the secret store has no secret `{}`", name.value), hint);
        return None;
    };
    let secret = values.get(&key.value);
    if secret.is_none() {
        let hint = offer(&key.value, values.keys().map(String::as_str), "its keys are", "it has none");
        report.error(key.at, format!("the secret `{}` has no key `{}`", name.value, key.value), hint);
    }
    secret.cloned()
}

fn look_up_in_environment(
    prefix: &str,
    reference: &SecretReference,
    sources: &Sources<'_>,
    report: &mut Report,
) -> Option<Secret> {
    let SecretReference { name, key } = reference;
    if key.value != name.value {
        let hint = format!("leave `key` out, or write `{}`", name.value);
        report.error(key.at, format!("the environment variable `{}` has no keys", name.value), hint);
        return None;
    }
    let variable = format!("{prefix}{}", name.value);
    if is_refused(&variable) {
        report_refused(&variable, name.at, report);
        return None;
    }
    let value = sources.environment.variable(&variable);
    if value.is_none() {
        report_unset(&variable, name.at, report);
    }
    value.map(Secret::new)
}

pub(super) fn report_refused(variable: &str, at: Position, report: &mut Report) {
    let what = format!("the environment variable `{variable}` may not be read by components");
    report.error(at, what, "choose a name other than `APP_API_TOKEN` and those that begin with `DAPR_`");
}

pub(super) fn report_unset(variable: &str, at: Position, report: &mut Report) {
    let what = format!("the environment variable `{variable}` is not set");
    report.error(at, what, "set it before the start, or name another");
}

/// A store's settings by their names in lower case. They are no secrets, and refer to none.
fn settings(
    component: &Component,
    known: &'static [&'static str],
    sources: &Sources<'_>,
    report: &mut Report,
) -> Option<BTreeMap<String, At<String>>> {
    let mut settings = BTreeMap::new();
    let mut is_whole = true;
    for item in &component.items {
        let Item { name, secret, .. } = item;
        if !known.iter().any(|known| known.eq_ignore_ascii_case(&name.value)) {
            let what = format!("unknown setting `{}` for `{}`", name.value, component.component_type.value);
            report.error(name.at, what, offer(&name.value, known.iter().copied(), "it takes", ""));
            is_whole = false;
        } else if item.is_broken {
            is_whole = false;
        } else if let Some(secret) = secret {
            let what = "a setting of a secret store can't come from a secret store";
            report.error(secret.name.at, what, "use `value` or `envRef`");
            is_whole = false;
        } else if let Some(value) = resolve::plain(item, &component.name.value, sources, report) {
            settings.insert(name.value.to_ascii_lowercase(), value);
        } else {
            is_whole = false;
        }
    }
    is_whole.then_some(settings)
}

/// Where a secrets file may be, the first place that has it: the working directory as in Dapr, or else beside the
/// component's own file.
fn candidates(file: &str, yaml: &Path) -> Vec<PathBuf> {
    let beside = yaml.parent().unwrap_or(Path::new("")).join(file);
    let mut candidates = vec![PathBuf::from(file)];
    candidates.extend(Some(beside).filter(|beside| beside != Path::new(file)));
    candidates
}

/// Whether there is something, were it something that this user may not read.
fn is_there(path: &Path) -> bool {
    path.metadata().map_or_else(|error| error.kind() != ErrorKind::NotFound, |_| true)
}

fn report_absent(file: &At<String>, candidates: &[PathBuf], report: &mut Report) {
    let what = format!("there is no secrets file `{}`", file.value);
    let hint = match candidates {
        [_, beside] => {
            format!("write it as `{}` in the working directory, or as `{}`", file.value, beside.display())
        }
        _ => "write it, or name another".to_owned(),
    };
    report.error(file.at, what, hint);
}

fn read_json(
    path: &Path,
    file: &At<String>,
    report: &mut Report,
) -> Option<serde_json::Map<String, serde_json::Value>> {
    let text = match text::read(path) {
        Ok(text) => text,
        Err(error) => {
            let hint = "name a JSON file of at most 4 MiB that this user may read";
            report.error(file.at, format!("the secrets file `{}` {error}", path.display()), hint);
            return None;
        }
    };
    match serde_json::from_str(&text) {
        Ok(serde_json::Value::Object(object)) => Some(object),
        Ok(_) => {
            report.error(file.at, format!("the secrets file `{}` is not a JSON object", path.display()), "write `{…}`");
            None
        }
        Err(error) => {
            // The parser's errors about syntax say where and what was expected, and quote nothing.
            let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).max(1);
            let at = Position { line: number(error.line()), column: number(error.column()) };
            let what = error.to_string();
            let place = format!(" at line {} column {}", error.line(), error.column());
            let what = format!("not JSON: {}", what.strip_suffix(&place).unwrap_or(&what));
            let hint = format!("it is read as the `secretsFile` of `{}`", report.file.display());
            report.diagnostics.push(Diagnostic::error(Location::new(&Arc::from(path), at), what).hint(hint));
            None
        }
    }
}

/// Gives each text of the JSON its name. Nested names are joined; with `multi_valued` those below the top are keys.
fn secrets(json: serde_json::Map<String, serde_json::Value>, separator: &str, multi_valued: bool) -> Secrets {
    let mut flat = Vec::new();
    let mut secrets = Secrets::new();
    for (name, value) in json {
        if multi_valued && let serde_json::Value::Object(object) = value {
            let mut keys = Vec::new();
            object.into_iter().for_each(|(key, value)| flatten(key, value, separator, &mut keys));
            secrets.insert(name, keys.into_iter().collect());
        } else {
            flatten(name, value, separator, &mut flat);
        }
    }
    secrets.extend(flat.into_iter().map(|(name, secret)| (name.clone(), BTreeMap::from([(name, secret)]))));
    secrets
}

/// Recursion is safe: the JSON parser bounds the depth.
fn flatten(name: String, value: serde_json::Value, separator: &str, into: &mut Vec<(String, Secret)>) {
    let inner = |key: &str| format!("{name}{separator}{key}");
    match value {
        serde_json::Value::Object(object) => {
            object.into_iter().for_each(|(key, value)| flatten(inner(&key), value, separator, into));
        }
        serde_json::Value::Array(items) => {
            for (index, item) in items.into_iter().enumerate() {
                flatten(inner(&index.to_string()), item, separator, into);
            }
        }
        serde_json::Value::String(text) => into.push((name, Secret::new(text))),
        serde_json::Value::Null => into.push((name, Secret::new(""))),
        value @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_)) => {
            into.push((name, Secret::new(value.to_string())));
        }
    }
}
