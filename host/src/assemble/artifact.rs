//! Where a component's provider is found: its bytes, what they hash to, and the code that they become.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::built_in::{BuiltIns, read_artifact};
use crate::components::settle::unknown_type;
use crate::components::wasm::Source;
use crate::components::{Declaration, DeclaredSetting};
use crate::description::SettingKind;
use crate::digest::Digest;
use crate::limits;
use crate::sandbox::{Artifact, Sandbox, Wasm};
use crate::yaml::diagnostic::{Diagnostic, Diagnostics, Location};

/// Finds and loads artifacts.
pub(super) struct Artifacts {
    pub(super) sandbox: Sandbox,
    pub(super) built_ins: BuiltIns,
    /// By SHA-256 of the `.wasm`: components may share one, and one that runs is not compiled again.
    pub(super) loaded: HashMap<Digest, Arc<Artifact>>,
}

/// A `.wasm` that is there.
struct Found {
    /// For messages.
    name: String,
    wasm: Wasm,
}

impl Artifacts {
    /// The artifact that a declaration asks for.
    ///
    /// # Errors
    /// When it isn't there, isn't what `sha256` says, or is no provider that this host can run.
    pub(super) async fn of(&mut self, declaration: &Declaration) -> Result<Arc<Artifact>, Diagnostic> {
        let Found { name, wasm } = self.find(declaration).await?;
        let (at, digest) = (source_location(declaration), wasm.digest());
        if let Some(wanted) = declaration.sha256
            && wanted != digest
        {
            let told = format!("{name} has the SHA-256 `{digest}`, and `sha256` asks for another");
            return Err(Diagnostic::error(at, told).hint("check where the file came from, then correct `sha256`"));
        }
        if let Some(artifact) = self.loaded.get(&digest) {
            return Ok(Arc::clone(artifact));
        }
        tracing::debug!(component = declaration.name, "loading {name}");
        let memory = usize::try_from(declaration.limits.memory).unwrap_or(limits::MAX_GUEST_MEMORY);
        let load = self.sandbox.load(wasm, memory, declaration.init_timeout);
        let artifact =
            load.await.map_err(|error| Diagnostic::error(at, format!("{name} {error}")).hint(error.hint()))?;
        let artifact = Arc::new(artifact);
        self.loaded.insert(digest, Arc::clone(&artifact));
        Ok(artifact)
    }

    async fn find(&self, declaration: &Declaration) -> Result<Found, Diagnostic> {
        let at = source_location(declaration);
        match &declaration.source {
            Source::BuiltIn => {
                let component_type = declaration.component_type.clone();
                let Some(place) = self.built_ins.place(&component_type) else {
                    let types = self.built_ins.types();
                    let known: Vec<&str> = types.iter().map(String::as_str).collect();
                    return Err(unknown_type(declaration, &known));
                };
                let name = format!("the provider of `{component_type}`");
                let hint = "`--providers-path` is a folder of `.wasm` files that this user may read";
                let read = found(name, declaration, move || place.read());
                read.await.map_err(|why| Diagnostic::error(at, why).hint(hint))
            }
            Source::File(path) => {
                let (name, path) = (format!("`{}`", path.display()), path.clone());
                let hint = "`source` is a path relative to this file, or an absolute one";
                let read = found(name, declaration, move || read_artifact(&path).map(Cow::Owned));
                read.await.map_err(|why| Diagnostic::error(at, why).hint(hint))
            }
            Source::Oci(reference) => {
                let what = format!("`{reference}` can't be fetched: this version reads providers from files only");
                Err(Diagnostic::error(at, what).hint("pull the artifact, and name its path as `source`"))
            }
        }
    }
}

/// Reads, on a thread that may block, for as long as the component may take to load.
async fn found(
    name: String,
    declaration: &Declaration,
    read: impl FnOnce() -> io::Result<Cow<'static, [u8]>> + Send + 'static,
) -> Result<Found, String> {
    let read = spawn_blocking(|| read().map(Wasm::from));
    let read = timeout(declaration.init_timeout, read).await.map_err(io::Error::from);
    let read = read.and_then(|read| read.map_err(io::Error::from)).flatten();
    match read {
        Ok(wasm) => Ok(Found { name, wasm }),
        Err(error) => Err(format!("{name} can't be read: {error}")),
    }
}

fn source_location(declaration: &Declaration) -> Location {
    declaration.wasm_at.as_ref().unwrap_or(&declaration.type_at).clone()
}

/// Warns of a provider from a file that asks for hosts where its YAML grants none at all.
pub(super) fn unheard(declaration: &Declaration, artifact: &Artifact) -> Diagnostics {
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
