//! From declarations to a snapshot: finds each component's artifact, loads it, settles its settings and its grant.
//!
//! One bad component never stops the others; everything that is wrong is told in one go.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::time::timeout;

use crate::built_in::BuiltIns;
use crate::components::settle::{Settled, SettledValue, settle, unknown_type};
use crate::components::wasm::{Limits, Source};
use crate::components::{Declaration, DeclaredSetting, Reading};
use crate::description::SettingKind;
use crate::egress::{Grant, Reach, StandIns};
use crate::limits;
use crate::origin::Origin;
use crate::registry::{Component, Snapshot, next_generation};
use crate::sandbox::{Artifact, Equipment, GuestLimits, LoadError, Sandbox};
use crate::yaml::diagnostic::{Diagnostic, Diagnostics, Location};

/// The components that can be served, and all that is wrong with the others.
pub struct Assembly {
    pub snapshot: Snapshot,
    pub diagnostics: Diagnostics,
}

/// Loads every component that can be loaded.
pub async fn assemble(sandbox: &Sandbox, built_ins: &BuiltIns, reading: Reading) -> Assembly {
    let Reading { declarations, broken, mut diagnostics } = reading;
    let mut assembler = Assembler { sandbox, built_ins, loaded: HashMap::new() };
    let mut components = Vec::new();
    for declaration in &declarations {
        let (component, found) = assembler.component(declaration).await;
        diagnostics.append(found);
        components.extend(component);
    }
    for declaration in &broken {
        // It will not be served; what else is wrong with it is told all the same.
        diagnostics.append(assembler.component(declaration).await.1);
    }
    diagnostics.sort();
    Assembly { snapshot: components.into_iter().collect(), diagnostics }
}

struct Assembler<'a> {
    sandbox: &'a Sandbox,
    built_ins: &'a BuiltIns,
    /// By SHA-256 of the `.wasm`: components may share one.
    loaded: HashMap<[u8; 32], Arc<Artifact>>,
}

impl Assembler<'_> {
    async fn component(&mut self, declaration: &Declaration) -> (Option<Component>, Diagnostics) {
        let mut diagnostics = Diagnostics::default();
        let artifact = match self.artifact(declaration).await {
            Ok(artifact) => artifact,
            Err(refusal) => {
                diagnostics.push(refusal);
                if declaration.ignore_errors {
                    diagnostics.demote();
                }
                return (None, diagnostics);
            }
        };
        diagnostics.append(unheard(declaration, &artifact));
        let mut settled = settle(declaration, artifact.description());
        diagnostics.append(std::mem::take(&mut settled.diagnostics));
        if !settled.is_usable {
            return (None, diagnostics);
        }
        let cache_ttl = settled.response_cache_ttl;
        match equip(declaration, &artifact, settled) {
            Ok((equipment, model)) => {
                let component = Component {
                    name: declaration.name.clone(),
                    component_type: declaration.component_type.clone(),
                    version: declaration.version.clone(),
                    model,
                    cache_ttl,
                    generation: next_generation(),
                    provider: self.sandbox.provider(artifact, equipment),
                };
                (Some(component), diagnostics)
            }
            Err(refusal) => {
                diagnostics.push(refusal);
                (None, diagnostics)
            }
        }
    }

    async fn artifact(&mut self, declaration: &Declaration) -> Result<Arc<Artifact>, Diagnostic> {
        let (what, bytes) = self.bytes(declaration).await?;
        let at = source_location(declaration);
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        if let Some(wanted) = declaration.sha256
            && wanted != digest
        {
            let told = format!("{what} has the SHA-256 `{}`, and `sha256` asks for another", hex(&digest));
            return Err(Diagnostic::error(at, told).hint("check where the file came from, then correct `sha256`"));
        }
        if let Some(artifact) = self.loaded.get(&digest) {
            return Ok(Arc::clone(artifact));
        }
        let memory = usize::try_from(declaration.limits.memory).unwrap_or(limits::MAX_GUEST_MEMORY);
        let load = self.sandbox.load(bytes.into_owned(), memory, declaration.init_timeout);
        let refused = |error: LoadError| Diagnostic::error(at, format!("{what} {error}")).hint(error.hint());
        let artifact = load.await.map_err(refused)?;
        let artifact = Arc::new(artifact);
        self.loaded.insert(digest, Arc::clone(&artifact));
        Ok(artifact)
    }

    /// The artifact's name for messages, and its bytes.
    async fn bytes(&self, declaration: &Declaration) -> Result<(String, Cow<'static, [u8]>), Diagnostic> {
        let at = source_location(declaration);
        match &declaration.source {
            Source::BuiltIn => {
                let component_type = &declaration.component_type;
                let Some(bytes) = self.built_ins.artifact(component_type) else {
                    let types = self.built_ins.types();
                    let known: Vec<&str> = types.iter().map(String::as_str).collect();
                    return Err(unknown_type(declaration, &known));
                };
                let what = format!("the provider of `{component_type}`");
                let unread = |error| {
                    Diagnostic::error(at, format!("{what} can't be read: {error}"))
                        .hint("`--providers-path` is a folder of `.wasm` files that this user may read")
                };
                let bytes = bytes.map_err(unread)?;
                Ok((what, bytes))
            }
            Source::File(path) => {
                let what = format!("`{}`", path.display());
                let read = timeout(
                    declaration.init_timeout,
                    tokio::task::spawn_blocking({
                        let path = path.clone();
                        move || read_artifact(&path)
                    }),
                );
                let told = |error: &dyn std::fmt::Display| {
                    Diagnostic::error(at.clone(), format!("{what} can't be read: {error}"))
                        .hint("`source` is a path relative to this file, or an absolute one")
                };
                match read.await {
                    Ok(Ok(Ok(bytes))) => Ok((what, Cow::Owned(bytes))),
                    Ok(Ok(Err(error))) => Err(told(&error)),
                    Ok(Err(error)) => Err(told(&error)),
                    Err(error) => Err(told(&error)),
                }
            }
            Source::Oci(reference) => {
                let what = format!("`{reference}` can't be fetched: this version reads providers from files only");
                Err(Diagnostic::error(at, what).hint("pull the artifact, and name its path as `source`"))
            }
        }
    }
}

/// The bytes of a `.wasm` file. Blocks.
///
/// # Errors
/// When the file can't be read, or is larger than an artifact may be.
pub fn read_artifact(path: &std::path::Path) -> std::io::Result<Vec<u8>> {
    let size = std::fs::metadata(path)?.len();
    if size > limits::ARTIFACT_BYTES {
        let told = format!("it has {size} bytes, and an artifact may have {}", limits::ARTIFACT_BYTES);
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, told));
    }
    std::fs::read(path)
}

fn source_location(declaration: &Declaration) -> Location {
    declaration.wasm_at.as_ref().unwrap_or(&declaration.type_at).clone()
}

/// What the component gives its provider, and the model that it names. Secrets become stand-ins here.
fn equip(
    declaration: &Declaration,
    artifact: &Artifact,
    settled: Settled,
) -> Result<(Equipment, Option<String>), Diagnostic> {
    let mut secrets = StandIns::default();
    let mut settings = Vec::with_capacity(settled.settings.len());
    for (name, value) in settled.settings {
        let value = match value {
            SettledValue::Plain(value) => value,
            SettledValue::Secret(secret) => secrets.issue(secret).map_err(|error| {
                Diagnostic::error(declaration.at.clone(), error.to_string())
                    .hint("stand-ins for secrets come from the system's source of randomness; see why it fails")
            })?,
        };
        settings.push((name, value));
    }
    let model = settings.iter().find(|(name, _)| name == "model").map(|(_, model)| model.clone());
    let grant = Grant::new(granted(declaration, artifact, settled.endpoints), secrets);
    let limits = guest_limits(&declaration.limits);
    Ok((Equipment { component: declaration.name.clone(), settings, grant, limits }, model))
}

/// What YAML, or its absence, says that a provider may use.
pub fn guest_limits(limits: &Limits) -> GuestLimits {
    GuestLimits {
        memory: usize::try_from(limits.memory).unwrap_or(limits::MAX_GUEST_MEMORY),
        timeout: limits.timeout,
        cpu: limits.cpu,
        concurrency: limits.concurrency,
        response_bytes: limits.response_bytes,
        events: limits.events,
        log: limits.log,
    }
}

/// The origins that a component grants: what `allowedHosts` lists, what an `endpoint` setting names (wherever it leads,
/// because the operator wrote it), and, for a built-in provider without such a setting, its vendor's.
fn granted(declaration: &Declaration, artifact: &Artifact, endpoints: Vec<Origin>) -> Vec<(Origin, Reach)> {
    let listed = declaration.allowed_origins.iter().cloned().map(|origin| {
        let reach = Reach::of_allowed_host(&origin, declaration.private_network);
        (origin, reach)
    });
    let mut origins: Vec<_> = listed.collect();
    if endpoints.is_empty() && declaration.source == Source::BuiltIn {
        let own = artifact.description().origins.iter().filter_map(|origin| Origin::parse(origin).ok());
        origins.extend(own.map(|origin| (origin, Reach::Public)));
    }
    origins.extend(endpoints.into_iter().map(|origin| (origin, Reach::Private)));
    origins
}

/// Warns of a provider from a file that asks for hosts where its YAML grants none at all.
fn unheard(declaration: &Declaration, artifact: &Artifact) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    let description = artifact.description();
    let is_endpoint = |setting: &DeclaredSetting| {
        let mut endpoints = description.settings.iter().filter(|known| known.kind == SettingKind::Endpoint);
        endpoints.any(|known| known.name.eq_ignore_ascii_case(&setting.name))
    };
    let grants_some = !declaration.allowed_origins.is_empty() || declaration.settings.iter().any(is_endpoint);
    if grants_some || declaration.source == Source::BuiltIn || description.origins.is_empty() {
        return diagnostics;
    }
    let wanted = description.origins.join(", ");
    let what = format!("the provider wants to reach {wanted}, and nothing is granted, so its calls will be refused");
    let hint = format!("add `allowedHosts: [{wanted}]` under `spec.wasm` if you trust it with that");
    diagnostics.push(Diagnostic::warning(source_location(declaration), what).hint(hint));
    diagnostics
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
