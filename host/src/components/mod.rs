//! Component YAML to declarations and diagnostics. Loads no artifact and knows no provider: [`settle`] checks a
//! declaration against the description of its provider once that is known. Every call reads anew; nothing is kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::digest::Digest;
use crate::origin::Origin;
use crate::secret::Secret;
use crate::yaml::diagnostic::{Diagnostic, Diagnostics, Location};
use crate::yaml::fields::Report;
use crate::yaml::{node, text};
use environment::Environment;
use kind::CONVERSATION;
use schema::Component;
use secrets::Stores;
use wasm::{Limits, Source};

pub mod environment;
mod files;
mod kind;
mod resolve;
mod schema;
mod secrets;
pub mod settle;
pub mod wasm;

/// What [`read`] reads, and for whom.
pub struct Sources<'a> {
    /// Folders of component files, or single files.
    pub paths: &'a [PathBuf],
    /// What `envRef` and secret stores of the environment look variables up in.
    pub environment: &'a dyn Environment,
    /// Whom `scopes` and namespaces must allow.
    pub app: &'a AppIdentity,
    /// What `{uuid}` is made from: a value stays the same for as long as this does, however often it is read.
    pub seed: Uuid,
}

/// The application that the components are for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppIdentity {
    /// What `scopes` list.
    pub app_id: String,
    /// From the environment variable `NAMESPACE`. Absent means that the namespaces of components are not looked at.
    pub namespace: Option<String>,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub struct Reading {
    /// The components without a mistake, in the order of the files.
    pub declarations: Vec<Declaration>,
    /// Components that must not be served. They can still be settled, so that one run tells all their mistakes.
    pub broken: Vec<Declaration>,
    /// Components that must not be served, by name, and why: the broken ones, and those that can't even be settled.
    pub refused: BTreeMap<String, Diagnostic>,
    /// Mistakes for which nobody can tell what components a file or a folder has.
    pub unread: Vec<Diagnostic>,
    /// Every mistake of every file, sorted.
    pub diagnostics: Diagnostics,
    /// Every folder that was listed and every file that was read, there or not.
    pub inputs: Vec<PathBuf>,
}

/// One conversation component as its YAML declares it.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// By which the URL addresses the component.
    pub name: String,
    /// Such as `conversation.openai`, in lower case.
    pub component_type: String,
    /// Such as `v1`, in lower case.
    pub version: String,
    /// Where the provider comes from.
    pub source: Source,
    /// What the artifact must hash to.
    pub sha256: Option<Digest>,
    /// What `allowedHosts` grants.
    pub allowed_origins: Vec<Origin>,
    /// Whether the names among `allowed_origins` may resolve to private addresses.
    pub private_network: bool,
    /// What the provider may use.
    pub limits: Limits,
    /// In the order of the YAML.
    pub settings: Vec<DeclaredSetting>,
    /// Whether the component may fail without the start failing.
    pub ignore_errors: bool,
    /// For how long the component may take to load.
    pub init_timeout: Duration,
    /// Of the component's name.
    pub at: Location,
    /// Of `spec.type`.
    pub type_at: Location,
    /// Of what is in the `wasm` block.
    pub wasm_at: Option<Location>,
}

/// One item of `spec.metadata`, resolved. No two of a declaration have the same name, whatever its case.
#[derive(Debug, Clone)]
pub struct DeclaredSetting {
    /// As it was typed.
    pub name: String,
    /// Absent only in a broken declaration: the value could not be had, which is reported.
    pub value: Option<Secret>,
    /// Decides what a message may repeat, and what the provider may see.
    pub value_source: ValueSource,
    /// Of the name.
    pub name_at: Location,
    /// Of the value, or of what refers to it.
    pub value_at: Location,
}

/// Where a setting's value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueSource {
    /// It stands in the YAML, so a message may repeat it.
    Literal,
    /// From an environment variable, which may well hold a secret.
    Environment,
    /// From a secret store.
    SecretStore,
}

/// A component and the mistakes of its document.
struct Document {
    component: Component,
    report: Report,
}

impl Declaration {
    /// Such as `conversation.openai/v1`.
    pub fn type_and_version(&self) -> String {
        format!("{}/{}", self.component_type, self.version)
    }

    /// Whether both declare the same component, wherever in the files they stand and however they are to be loaded.
    pub fn is_same(&self, other: &Self) -> bool {
        // Written out, so that a new field is thought of here.
        let Self {
            name,
            component_type,
            version,
            source,
            sha256,
            allowed_origins,
            private_network,
            limits,
            settings,
            ignore_errors: _,
            init_timeout: _,
            at: _,
            type_at: _,
            wasm_at: _,
        } = self;
        (name, component_type, version) == (&other.name, &other.component_type, &other.version)
            && (source, sha256) == (&other.source, &other.sha256)
            && (allowed_origins, private_network) == (&other.allowed_origins, &other.private_network)
            && *limits == other.limits
            && settings.len() == other.settings.len()
            && settings.iter().zip(&other.settings).all(|(own, other)| own.is_same(other))
    }
}

impl DeclaredSetting {
    fn is_same(&self, other: &Self) -> bool {
        let Self { name, value, value_source, name_at: _, value_at: _ } = self;
        (name, value, value_source) == (&other.name, &other.value, &other.value_source)
    }
}

impl Reading {
    fn declare(&mut self, Document { component, mut report }: Document, stores: &Stores, sources: &Sources<'_>) {
        if !component.component_type.value.starts_with(CONVERSATION) {
            let mistake = report_unserved(&component, &mut report);
            self.refused.extend(mistake.map(|mistake| (component.name.value, mistake)));
            return self.diagnostics.append(report.diagnostics);
        }
        component.has_known_version(&mut report);
        // Without a source nobody can tell what the provider takes.
        let has_provider = component.wasm.as_ref().is_none_or(|wasm| wasm.source.is_some());
        let declaration = resolve::declaration(component, stores, sources, &mut report);
        let error = report.diagnostics.first_error().cloned();
        if declaration.ignore_errors {
            report.diagnostics.demote();
        }
        self.diagnostics.append(report.diagnostics);
        let Some(error) = error else { return self.declarations.push(declaration) };
        self.refused.insert(declaration.name.clone(), error);
        if has_provider {
            self.broken.push(declaration);
        }
    }

    /// Takes in the mistakes of what could not be read at all.
    fn give_up(&mut self, diagnostics: Diagnostics) {
        self.unread.extend(diagnostics.first_error().cloned());
        self.diagnostics.append(diagnostics);
    }
}

/// Reads every component of every path. Mistakes are reported, all at once, and what is without mistake is kept.
pub fn read(sources: &Sources<'_>) -> Reading {
    let mut reading = Reading { inputs: sources.paths.to_vec(), ..Reading::default() };
    let files = files::list(sources.paths, &mut reading);
    let mut documents = Vec::new();
    for file in &files.yaml {
        read_file(file, sources, &mut documents, &mut reading);
    }
    let documents = without_duplicates(documents, &mut reading.diagnostics);
    let (stores, rest): (Vec<_>, Vec<_>) =
        documents.into_iter().partition(|document| secrets::is_store(&document.component));
    let stores = open_stores(stores, sources, &mut reading.diagnostics);
    files::warn_of_others(&files.others, &stores.files, &mut reading.diagnostics);
    reading.inputs.extend(files.yaml.iter().map(|file| file.to_path_buf()));
    reading.inputs.extend(stores.candidates.iter().cloned());
    for document in rest {
        reading.declare(document, &stores, sources);
    }
    reading.diagnostics.sort();
    reading
}

fn read_file(file: &Arc<Path>, sources: &Sources<'_>, documents: &mut Vec<Document>, reading: &mut Reading) {
    let text = match text::read(file) {
        Ok(text) => text,
        Err(error) => {
            let hint = "write a UTF-8 text file of at most 4 MiB that this user may read";
            return reading.give_up(Diagnostic::error(Location::whole(file), error.to_string()).hint(hint).into());
        }
    };
    for document in node::documents(&text) {
        let mut report = Report::new(file);
        let component = match &document {
            Ok(node) => schema::component(node, &mut report),
            Err(error) => {
                report.error(error.at, &error.message, "mend the document; the others of the file are read");
                None
            }
        };
        match component {
            Some(component) if is_for(&component, sources.app) => documents.push(Document { component, report }),
            Some(_) => reading.diagnostics.append(report.diagnostics),
            None => reading.give_up(report.diagnostics),
        }
    }
}

/// Whether the component's scopes and namespace let the application use it.
fn is_for(component: &Component, app: &AppIdentity) -> bool {
    let in_scope = component.scopes.is_empty() || component.scopes.contains(&app.app_id);
    let namespace = component.namespace.as_deref().filter(|namespace| !namespace.is_empty());
    in_scope && app.namespace.as_deref().is_none_or(|ours| namespace.is_none_or(|namespace| namespace == ours))
}

/// Keeps the first component of each name.
fn without_duplicates(documents: Vec<Document>, diagnostics: &mut Diagnostics) -> Vec<Document> {
    let mut first_places = BTreeMap::new();
    let mut kept = Vec::new();
    for mut document in documents {
        let name = &document.component.name;
        let at = document.report.location(name.at);
        match first_places.get(&name.value) {
            None => {
                first_places.insert(name.value.clone(), at);
                kept.push(document);
            }
            Some(first) => {
                let what = format!("a component `{}` is defined already at {first}", name.value);
                document.report.error(name.at, what, "rename or remove one of the two; the first is used");
                diagnostics.append(document.report.diagnostics);
            }
        }
    }
    kept
}

fn open_stores(documents: Vec<Document>, sources: &Sources<'_>, diagnostics: &mut Diagnostics) -> Stores {
    let mut stores = Stores::default();
    for Document { component, mut report } in documents {
        stores.open(&component, sources, &mut report);
        if !secrets::is_served(&component.component_type.value) {
            report_unserved(&component, &mut report);
        } else if component.ignore_errors {
            report.diagnostics.demote();
        }
        diagnostics.append(report.diagnostics);
    }
    stores
}

/// Reports a component of a type that is not served, and gives the mistake if it is one. A folder of Dapr's may hold state
/// stores and the like: whatever is wrong with them is not ours to refuse.
fn report_unserved(component: &Component, report: &mut Report) -> Option<Diagnostic> {
    let component_type = &component.component_type;
    let Some(meant) = kind::meant(&component_type.value) else {
        report.diagnostics = Diagnostics::default();
        let what = format!("`{}` is not served by Parlor, skipped", component_type.value);
        let hint = "components are `conversation.*`, secret stores `secretstores.local.file` or `.env`";
        report.warning(component_type.at, what, hint);
        return None;
    };
    let what = format!("there is no component type `{}`", component_type.value);
    report.error(component_type.at, what, format!("did you mean `{meant}`?"));
    let mistake = report.diagnostics.first_error().cloned();
    if component.ignore_errors {
        report.diagnostics.demote();
    }
    mistake
}

#[cfg(test)]
mod tests;
