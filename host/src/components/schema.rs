//! What was typed: one document as a component, field by field. Resolves no reference and reads no other file.

use std::time::Duration;

use super::kind;
use super::wasm::{self, Source, Wasm};
use crate::duration;
use crate::yaml::fields::{At, Fields, Report, Unknown, scalar};
use crate::yaml::node::{Node, Value};

/// A document of `kind: Component`.
#[derive(Debug)]
pub(super) struct Component {
    pub(super) name: At<String>,
    pub(super) namespace: Option<String>,
    /// In lower case.
    pub(super) component_type: At<String>,
    /// In lower case, and [`VERSION`] for what means the same.
    pub(super) version: At<String>,
    pub(super) items: Vec<Item>,
    pub(super) secret_store: Option<At<String>>,
    pub(super) scopes: Vec<String>,
    pub(super) ignore_errors: bool,
    pub(super) init_timeout: Duration,
    pub(super) wasm: Option<Wasm>,
}

/// One item of `spec.metadata`.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) name: At<String>,
    pub(super) value: Option<At<String>>,
    pub(super) secret: Option<SecretReference>,
    pub(super) variable: Option<At<String>>,
    /// Whether a reference is there and was reported, so that nobody takes the item for empty.
    pub(super) is_broken: bool,
}

/// `secretKeyRef`.
#[derive(Debug)]
pub(super) struct SecretReference {
    pub(super) name: At<String>,
    /// The name again when the YAML gives no key.
    pub(super) key: At<String>,
}

/// Of every type that comes with Parlor.
const VERSION: &str = "v1";

/// Dapr's default.
const INIT_TIMEOUT: Duration = Duration::from_secs(5);

impl Component {
    /// Whether there is the version; reports it if not. The versions of a provider that the component brings along are
    /// its author's.
    pub(super) fn has_known_version(&self, report: &mut Report) -> bool {
        let brings_its_own = self.wasm.as_ref().is_some_and(|wasm| wasm.source != Some(Source::BuiltIn));
        let is_known = brings_its_own || self.version.value == VERSION;
        if !is_known {
            let what = format!("there is no version `{}` of `{}`", self.version.value, self.component_type.value);
            let hint = format!("write `{VERSION}`, for which `v0` and no version at all stand too");
            report.error(self.version.at, what, hint);
        }
        is_known
    }
}

/// Reads a document, all of it even when a part is wrong. `None` is a document that is no component, or too broken to be
/// one: `report` has an error then.
pub(super) fn component(document: &Node, report: &mut Report) -> Option<Component> {
    if !kind::is_component(document, report) {
        return None;
    }
    let fields = Fields::of(document, "", kind::FIELDS, Unknown::Ignored, report)?;
    let metadata = block(&fields, "metadata", &["name", "namespace", "labels", "annotations"], report);
    let spec = block(&fields, "spec", &["type", "version", "metadata", "ignoreErrors", "initTimeout", "wasm"], report);
    let name = metadata.as_ref().and_then(|metadata| name(metadata, report));
    let namespace = metadata.and_then(|metadata| metadata.text("namespace", report)).map(|namespace| namespace.value);
    let secret_store = fields
        .node("auth")
        .and_then(|auth| Fields::of(auth, "auth", &["secretStore"], Unknown::Ignored, report))
        .and_then(|auth| auth.text("secretStore", report));
    let scopes = fields.texts("scopes", report).into_iter().map(|scope| scope.value).collect();
    let spec = spec?;
    let component_type = component_type(&spec, report);
    let version = version(&spec, report);
    let items = spec.list("metadata", report).iter().filter_map(|node| item(node, report)).collect();
    let ignore_errors = spec.boolean("ignoreErrors", report);
    let init_timeout = init_timeout(&spec, report);
    let wasm = spec.node("wasm").map(|node| wasm::read(node, report));
    let component_type = component_type?;
    Some(Component {
        name: name?,
        namespace,
        version: version.unwrap_or_else(|| At { value: VERSION.to_owned(), at: component_type.at }),
        component_type,
        items,
        secret_store,
        scopes,
        ignore_errors,
        init_timeout,
        wasm,
    })
}

/// A block that must be there, so that its absence is reported once and not once a field.
fn block<'n>(
    fields: &Fields<'n>,
    name: &'static str,
    known: &'static [&'static str],
    report: &mut Report,
) -> Option<Fields<'n>> {
    match fields.node(name) {
        Some(node) => Fields::of(node, name, known, Unknown::Ignored, report),
        None => {
            fields.required(name, report);
            None
        }
    }
}

fn name(metadata: &Fields<'_>, report: &mut Report) -> Option<At<String>> {
    let name = metadata.required("name", report)?;
    let text = name.value.as_str();
    if text.is_empty() || matches!(text, "." | "..") || text.contains(['/', '%']) {
        let hint = "choose a name without `/` and `%` that is not `.` or `..`: it is part of the URL";
        report.error(name.at, format!("`{text}` can't be the name of a component"), hint);
        return None;
    }
    Some(name)
}

fn component_type(spec: &Fields<'_>, report: &mut Report) -> Option<At<String>> {
    let component_type = spec.required("type", report)?;
    let value = component_type.value.to_ascii_lowercase();
    match value.split_once('.') {
        Some((family, rest)) if !family.is_empty() && !rest.is_empty() => Some(At { value, ..component_type }),
        _ => {
            let what = format!("`{}` is not a component type", component_type.value);
            report.error(component_type.at, what, "write for instance `conversation.openai`");
            None
        }
    }
}

/// An empty one and `v0` are Dapr's other words for `v1`.
fn version(spec: &Fields<'_>, report: &mut Report) -> Option<At<String>> {
    let At { value, at } = spec.text("version", report)?;
    let value = value.to_ascii_lowercase();
    Some(At { value: if matches!(value.as_str(), "" | "v0") { VERSION.to_owned() } else { value }, at })
}

/// As in Dapr, a bad one is replaced by the default.
fn init_timeout(spec: &Fields<'_>, report: &mut Report) -> Duration {
    let Some(text) = spec.text("initTimeout", report) else { return INIT_TIMEOUT };
    match duration::parse(&text.value) {
        Ok(Duration::ZERO) => {
            report.warning(text.at, "`spec.initTimeout` is zero, so 5s are taken", "write for instance `5s`");
            INIT_TIMEOUT
        }
        Ok(timeout) => timeout,
        Err(error) => {
            let what = format!("`spec.initTimeout` is no duration, so 5s are taken: {error}");
            report.warning(text.at, what, "write for instance `5s`");
            INIT_TIMEOUT
        }
    }
}

fn item(node: &Node, report: &mut Report) -> Option<Item> {
    const KNOWN: &[&str] = &["name", "value", "secretKeyRef", "envRef"];
    let fields = Fields::of(node, "spec.metadata[]", KNOWN, Unknown::Ignored, report)?;
    let name = fields.required("name", report)?;
    let value = fields.node("value").map(|node| At { value: value(&node.value), at: node.at });
    let secret = fields.node("secretKeyRef").and_then(|node| secret_reference(node, report));
    let variable = fields.text("envRef", report);
    if [value.is_some(), secret.is_some(), variable.is_some()].into_iter().filter(|given| *given).count() > 1 {
        let what = format!("`{}` has more than one of `value`, `secretKeyRef` and `envRef`", name.value);
        report.warning(name.at, what, "keep one; `secretKeyRef` is used first, then `value`, then `envRef`");
    }
    let is_broken = (fields.node("secretKeyRef").is_some() && secret.is_none())
        || (fields.node("envRef").is_some() && variable.is_none());
    Some(Item { name, value, secret, variable, is_broken })
}

/// A text as it is, anything else as JSON.
fn value(value: &Value) -> String {
    scalar(value).unwrap_or_else(|| value.to_json().to_string())
}

fn secret_reference(node: &Node, report: &mut Report) -> Option<SecretReference> {
    let fields = Fields::of(node, "secretKeyRef", &["name", "key"], Unknown::Ignored, report)?;
    let name = fields.required("name", report)?;
    let key = fields.text("key", report).filter(|key| !key.value.is_empty()).unwrap_or_else(|| name.clone());
    Some(SecretReference { name, key })
}
