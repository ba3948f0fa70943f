//! What a document says that it is: a component of a type that is served, something that somebody else reads, or one of
//! ours misspelt. Reads nothing else of it.

use super::secrets;
use crate::yaml::diagnostic::{Position, closest};
use crate::yaml::fields::{Report, scalar};
use crate::yaml::node::{Entry, Node, Value};

/// The fields of a component.
pub(super) const FIELDS: &[&str] = &["apiVersion", "kind", "metadata", "spec", "auth", "scopes"];

const API_VERSION: &str = "dapr.io/v1alpha1";
const COMPONENT: &str = "Component";
const RESILIENCY: &str = "Resiliency";

/// Every kind of Dapr's that a resources folder may hold. Those that are not ours somebody else reads, or nobody.
const KINDS: &[&str] =
    &[COMPONENT, "Configuration", "HTTPEndpoint", "MCPServer", RESILIENCY, "Subscription", "WorkflowAccessPolicy"];

/// What every type of a conversation begins with.
pub(super) const CONVERSATION: &str = "conversation.";

/// What the types of Dapr's components begin with, so that none of them is taken for another misspelt:
/// `configuration` is not far from `conversation`.
const FAMILIES: &[&str] = &[
    "bindings",
    "configuration",
    "conversation",
    "crypto",
    "lock",
    "middleware",
    "nameresolution",
    "pubsub",
    "secretstores",
    "state",
    "workflowbackend",
];

/// Dapr's secret stores, for the same reason.
const STORES: &[&str] = &[
    "alicloud.parameterstore",
    "aws.parameterstore",
    "aws.secretmanager",
    "azure.keyvault",
    "gcp.secretmanager",
    "hashicorp.vault",
    "huaweicloud.csms",
    "kubernetes",
    "local.env",
    "local.file",
    "tencentcloud.ssm",
];

/// Whether the document says that it is a component; says why when it looks as if it should, because a component that is
/// running must not go for a slip of somebody's finger.
pub(super) fn is_component(document: &Node, report: &mut Report) -> bool {
    let Value::Mapping(entries) = &document.value else {
        let hint = format!("write `apiVersion: {API_VERSION}`, `kind: {COMPONENT}`, `metadata` and `spec`");
        report.error(document.at, format!("a document must be a mapping, not {}", document.value.noun()), hint);
        return false;
    };
    let kind = find(entries, "kind");
    match kind.and_then(|kind| scalar(&kind.value.value).map(|word| (word, kind.value.at))) {
        None => report_no_kind(document, entries, report),
        Some((word, _)) if word == COMPONENT => return is_of_our_version(document, entries, report),
        Some((word, at)) if word == RESILIENCY => {
            let hint = "bound a call's time with `limits: { timeout: … }` in the `wasm` block of a component";
            report.warning(at, "resiliency policies are not applied by Parlor yet, skipped", hint);
        }
        Some((word, _)) if KINDS.contains(&word.as_str()) => {}
        Some((word, at)) => report_unknown_kind(&word, at, is_daprs(entries), report),
    }
    false
}

/// The type that was probably meant by one that there isn't, where that is one that is served.
pub(super) fn meant(component_type: &str) -> Option<String> {
    let (family, name) = component_type.split_once('.')?;
    let family = closest(family, FAMILIES.iter().copied())?;
    let name = if family == "secretstores" { closest(name, STORES.iter().copied())? } else { name };
    let meant = format!("{family}.{name}");
    (meant != component_type && is_served(&meant)).then_some(meant)
}

fn is_served(component_type: &str) -> bool {
    component_type.starts_with(CONVERSATION) || secrets::is_served(component_type)
}

/// As in Dapr, names are read without regard to case.
fn find<'n>(entries: &'n [Entry], name: &str) -> Option<&'n Entry> {
    entries.iter().find(|entry| entry.key.eq_ignore_ascii_case(name))
}

fn is_of_our_version(document: &Node, entries: &[Entry], report: &mut Report) -> bool {
    let version = find(entries, "apiVersion");
    let is_ours = version.and_then(|version| scalar(&version.value.value)).is_some_and(|text| text == API_VERSION);
    if !is_ours {
        let at = version.map_or(document.at, |version| version.value.at);
        report.error(at, format!("`apiVersion` must be `{API_VERSION}`"), "no other version of components is known");
    }
    is_ours
}

/// Whether the document has something else of what Dapr's have.
fn is_daprs(entries: &[Entry]) -> bool {
    let version = find(entries, "apiVersion").and_then(|version| scalar(&version.value.value));
    let has_type = || match find(entries, "spec").map(|spec| &spec.value.value) {
        Some(Value::Mapping(spec)) => find(spec, "type").is_some_and(|kind| scalar(&kind.value.value).is_some()),
        _ => false,
    };
    version.is_some_and(|version| version.starts_with("dapr.io/") || closest(&version, [API_VERSION]).is_some())
        || has_type()
}

fn report_no_kind(document: &Node, entries: &[Entry], report: &mut Report) {
    let is_meant = |entry: &&Entry| closest(&entry.key, FIELDS.iter().copied()) == Some("kind");
    let is_ours = |entry: &&Entry| scalar(&entry.value.value).is_some_and(|word| word == COMPONENT);
    let like_kind = entries.iter().find(is_meant);
    let what = "the document has no `kind`";
    if !is_daprs(entries) && like_kind.as_ref().is_none_or(|entry| !is_ours(entry)) {
        return report.warning(document.at, format!("{what}, skipped"), "a component has `kind: Component`");
    }
    match like_kind {
        Some(entry) if entry.key.eq_ignore_ascii_case("kind") => {
            report.error(entry.at, what, "write `kind: Component`");
        }
        Some(entry) => report.error(entry.at, format!("{what} but a `{}`", entry.key), "did you mean `kind`?"),
        None => report.error(document.at, what, "add `kind: Component` if it is a component"),
    }
}

fn report_unknown_kind(word: &str, at: Position, is_daprs: bool, report: &mut Report) {
    let what = format!("unknown kind `{word}`");
    match closest(word, KINDS.iter().copied()) {
        Some(COMPONENT) if is_daprs => report.error(at, what, "did you mean `Component`?"),
        Some(close) => report.warning(at, format!("{what}, skipped"), format!("did you mean `{close}`?")),
        None => report.warning(at, format!("{what}, skipped"), "a component has `kind: Component`"),
    }
}
