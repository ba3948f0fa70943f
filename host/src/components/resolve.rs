//! What was typed becomes what it means: values, references and templates of one component. Does no I/O of its own.

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::schema::{Component, Item, SecretReference};
use super::secrets::{self, Store, Stores};
use super::wasm::{Limits, Source};
use super::{AppIdentity, Declaration, DeclaredSetting, Sources, ValueSource};
use crate::secret::Secret;
use crate::yaml::fields::{At, Report};

/// Resolves a component. What can't be resolved is left out and reported.
pub(super) fn declaration(
    component: Component,
    stores: &Stores,
    sources: &Sources<'_>,
    report: &mut Report,
) -> Declaration {
    let settings = settings(&component, stores, sources, report);
    let mut declaration = Declaration {
        name: component.name.value,
        component_type: component.component_type.value,
        version: component.version.value,
        source: Source::BuiltIn,
        sha256: None,
        allowed_origins: Vec::new(),
        private_network: false,
        limits: Limits::default(),
        settings,
        ignore_errors: component.ignore_errors,
        init_timeout: component.init_timeout,
        at: report.location(component.name.at),
        type_at: report.location(component.component_type.at),
        wasm_at: None,
    };
    if let Some(wasm) = component.wasm {
        // Without a source the declaration is not used at all.
        declaration.source = wasm.source.unwrap_or(Source::BuiltIn);
        declaration.sha256 = wasm.sha256;
        declaration.allowed_origins = wasm.allowed_origins;
        declaration.private_network = wasm.private_network;
        declaration.limits = wasm.limits;
        declaration.wasm_at = Some(report.location(wasm.at));
    }
    declaration
}

fn settings(
    component: &Component,
    stores: &Stores,
    sources: &Sources<'_>,
    report: &mut Report,
) -> Vec<DeclaredSetting> {
    let refers = component.items.iter().any(|item| item.secret.is_some());
    let store = component.secret_store.as_ref().filter(|_| refers).and_then(|name| stores.find(name, report));
    let mut settings = Vec::new();
    for (index, item) in component.items.iter().enumerate() {
        let mut before = component.items.iter().take(index);
        if let Some(first) = before.find(|earlier| earlier.name.value.eq_ignore_ascii_case(&item.name.value)) {
            let hint = format!("remove it here or in line {}", first.name.at.line);
            report.error(item.name.at, format!("the setting `{}` is there twice", item.name.value), hint);
            continue;
        }
        let value = match &item.secret {
            _ if item.is_broken => None,
            Some(reference) => secret(reference, component, store, sources, report),
            None => plain(item, &component.name.value, sources, report)
                .map(|At { value, at }| At { value: Secret::new(value), at }),
        };
        settings.push(DeclaredSetting {
            name: item.name.value.clone(),
            value_source: value_source(item),
            name_at: report.location(item.name.at),
            value_at: report.location(value.as_ref().map_or(item.name.at, |value| value.at)),
            value: value.map(|value| value.value),
        });
    }
    settings
}

/// Which of the three an item's value is taken from.
fn value_source(item: &Item) -> ValueSource {
    let has_value = item.value.as_ref().is_some_and(|value| !value.value.is_empty());
    match (&item.secret, &item.variable) {
        (Some(_), _) => ValueSource::SecretStore,
        (None, Some(_)) if !has_value => ValueSource::Environment,
        (None, _) => ValueSource::Literal,
    }
}

fn secret(
    reference: &SecretReference,
    component: &Component,
    store: Option<&Store>,
    sources: &Sources<'_>,
    report: &mut Report,
) -> Option<At<Secret>> {
    if component.secret_store.is_none() {
        let hint = "add `auth:` with `secretStore:` and the name of a store, at the top level beside `spec`";
        report.error(reference.name.at, "`secretKeyRef` without a secret store", hint);
    }
    let value = store?.look_up(reference, sources, report)?;
    Some(At { value, at: reference.name.at })
}

/// The value of an item of `component` that refers to no secret: `value`, or where that is empty `envRef`.
pub(super) fn plain(item: &Item, component: &str, sources: &Sources<'_>, report: &mut Report) -> Option<At<String>> {
    match (&item.value, &item.variable) {
        (Some(value), _) if !value.value.is_empty() => {
            let uuid = |number| uuid(sources.seed, component, &item.name.value, number);
            fill_in(value, uuid, sources, report)
        }
        (_, Some(variable)) => from_environment(variable, sources, report),
        (value, None) => Some(At { value: String::new(), at: value.as_ref().map_or(item.name.at, |value| value.at) }),
    }
}

/// The `number`th random UUID of a setting: another for each, and the same again when the file is read again.
fn uuid(seed: Uuid, component: &str, setting: &str, number: usize) -> Uuid {
    let digest: [u8; 32] = Sha256::digest(format!("{seed} {component} {setting} {number}")).into();
    Builder::from_random_bytes(digest.first_chunk().copied().unwrap_or_default()).into_uuid()
}

/// Replaces Dapr's template variables.
fn fill_in(
    value: &At<String>,
    uuid: impl Fn(usize) -> Uuid,
    sources: &Sources<'_>,
    report: &mut Report,
) -> Option<At<String>> {
    let AppIdentity { app_id, namespace } = sources.app;
    let mut pieces = value.value.split("{uuid}");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for (number, piece) in pieces.enumerate() {
        text.push_str(&uuid(number).to_string());
        text.push_str(piece);
    }
    let namespace = namespace.as_deref().unwrap_or("default");
    text = text.replace("{appID}", app_id).replace("{namespace}", &format!("{namespace}.{app_id}"));
    if text.contains("{podName}") {
        let Some(pod) = sources.environment.variable("POD_NAME") else {
            let what = "`{podName}` stands for the environment variable `POD_NAME`, which is not set";
            report.error(value.at, what, "set it before the start, or write the name itself");
            return None;
        };
        text = text.replace("{podName}", &pod);
    }
    Some(At { value: text, at: value.at })
}

fn from_environment(variable: &At<String>, sources: &Sources<'_>, report: &mut Report) -> Option<At<String>> {
    let name = variable.value.as_str();
    if name.is_empty() || name.contains(' ') {
        let hint = "write the name of one environment variable";
        report.error(variable.at, format!("`{name}` can't be the name of an environment variable"), hint);
        return None;
    }
    if secrets::is_refused(name) {
        secrets::report_refused(name, variable.at, report);
        return None;
    }
    let allowed = sources.environment.variable("DAPR_ENV_KEYS").unwrap_or_default();
    if !allowed.is_empty() && !allowed.split_whitespace().any(|allowed| allowed.eq_ignore_ascii_case(name)) {
        let what = format!("the environment variable `{name}` is not among those that `DAPR_ENV_KEYS` allows");
        report.error(variable.at, what, "add it there, or unset `DAPR_ENV_KEYS`");
        return None;
    }
    let value = sources.environment.variable(name);
    if value.is_none() {
        secrets::report_unset(name, variable.at, report);
    }
    value.map(|value| At { value, at: variable.at })
}
