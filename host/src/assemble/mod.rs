//! From files to a snapshot: reads every declaration, loads what has changed, and keeps what has not.
//!
//! One bad component never stops the others, and none that runs gives way to a broken one; everything that is wrong is told
//! in one go.

mod artifact;
mod equip;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Result;
use tokio::task::{JoinError, spawn_blocking};
use uuid::Uuid;

use self::artifact::{Artifacts, unheard};
use self::equip::equip;
pub use self::equip::guest_limits;
use crate::built_in::BuiltIns;
use crate::components::environment::ProcessEnvironment;
use crate::components::settle::{Settled, settle};
use crate::components::wasm::Source;
use crate::components::{AppIdentity, Declaration, Reading, Sources, read};
use crate::registry::{Component, Snapshot, Standing, State, next_generation};
use crate::sandbox::{Artifact, Sandbox, Shares};
use crate::yaml::diagnostic::{Diagnostic, Diagnostics, Location};

/// Where components are declared, and for whom.
pub struct Places {
    /// Folders of component files, or single files.
    pub resources: Vec<PathBuf>,
    /// A folder of providers beside the built-in ones.
    pub providers: Option<PathBuf>,
    pub app: AppIdentity,
}

/// The components that can be served, and all that is wrong with the others.
pub struct Assembly {
    pub snapshot: Snapshot,
    pub diagnostics: Diagnostics,
    /// Every file and folder that any of it depends on.
    pub inputs: BTreeSet<PathBuf>,
}

/// Makes one snapshot after the other of the same places.
pub struct Assembler {
    sandbox: Sandbox,
    places: Arc<Places>,
    built_ins: BuiltIns,
    seed: Uuid,
    running: BTreeMap<String, Running>,
}

/// A component, and what it was made from.
struct Running {
    declaration: Declaration,
    component: Arc<Component>,
}

impl Assembler {
    /// # Errors
    /// When the folder of providers can't be read.
    pub fn new(sandbox: Sandbox, places: Places) -> Result<Self> {
        let built_ins = BuiltIns::new(places.providers.as_deref())?;
        Ok(Self { sandbox, places: Arc::new(places), built_ins, seed: Uuid::new_v4(), running: BTreeMap::new() })
    }

    /// What components share of the process.
    pub fn shares(&self) -> Shares {
        self.sandbox.shares()
    }

    /// Reads everything anew. Components that are what they were are the same ones as in the last snapshot; one that is
    /// broken now is still what it was, and one that was never right is left out.
    pub async fn assemble(&mut self, last: &Snapshot) -> Assembly {
        let mut reading = self.read().await;
        let mut running = BTreeMap::new();
        let mut artifacts = self.artifacts();
        for declaration in std::mem::take(&mut reading.declarations) {
            reading.inputs.extend(artifact_file(&declaration));
            let name = declaration.name.clone();
            let (component, found) = self.component(&mut artifacts, &declaration).await;
            match component {
                Some(component) => drop(running.insert(name, Running { declaration, component })),
                None => reading.refused.extend(found.cause().cloned().map(|cause| (name, cause))),
            }
            reading.diagnostics.append(found);
        }
        for declaration in &reading.broken {
            // It will not be served; what else is wrong with it is told all the same.
            reading.inputs.extend(artifact_file(declaration));
            reading.diagnostics.append(settled(&mut artifacts, declaration).await.1);
        }
        drop(artifacts);
        self.keep(&mut running, &mut reading);
        self.running = running;
        reading.diagnostics.sort();
        Assembly {
            snapshot: self.snapshot(last, &reading.refused),
            diagnostics: reading.diagnostics,
            inputs: reading.inputs.into_iter().collect(),
        }
    }

    /// Reads the files, and looks again which providers there are.
    async fn read(&mut self) -> Reading {
        let (places, seed) = (Arc::clone(&self.places), self.seed);
        let read = spawn_blocking(move || {
            let Places { resources, providers, app } = &*places;
            let reading = read(&Sources { paths: resources, environment: &ProcessEnvironment, app, seed });
            (reading, BuiltIns::new(providers.as_deref()))
        });
        match read.await {
            Ok((mut reading, found)) => {
                self.take_built_ins(found, &mut reading);
                reading
            }
            Err(error) => self.nothing_read(&error),
        }
    }

    /// Where the folder of providers can't be read, those are kept that there were.
    fn take_built_ins(&mut self, found: Result<BuiltIns>, reading: &mut Reading) {
        let Some(folder) = &self.places.providers else { return };
        reading.inputs.push(folder.clone());
        match found {
            Ok(found) => self.built_ins = found,
            Err(error) => {
                let at = Location::whole(&Arc::from(folder.as_path()));
                reading.diagnostics.push(Diagnostic::error(at, format!("{error:#}")));
            }
        }
        reading.inputs.extend(self.built_ins.files().map(PathBuf::from));
    }

    /// Whatever runs goes on.
    fn nothing_read(&self, error: &JoinError) -> Reading {
        let unread = |path: &PathBuf| {
            let at = Location::whole(&Arc::from(path.as_path()));
            Diagnostic::error(at, format!("can't be read: {error}"))
        };
        let resources = &self.places.resources;
        let unread: Vec<_> = resources.iter().map(unread).collect();
        let diagnostics = unread.iter().cloned().collect();
        Reading { unread, diagnostics, inputs: resources.clone(), ..Reading::default() }
    }

    fn artifacts(&self) -> Artifacts {
        let loaded = self.running.values().map(|running| {
            let artifact = running.component.provider.artifact();
            (artifact.digest(), Arc::clone(artifact))
        });
        Artifacts { sandbox: self.sandbox.clone(), built_ins: self.built_ins.clone(), loaded: loaded.collect() }
    }

    /// What is to run for a declaration: what runs already, when it is the same, or else a new one.
    async fn component(
        &self,
        artifacts: &mut Artifacts,
        declaration: &Declaration,
    ) -> (Option<Arc<Component>>, Diagnostics) {
        let (ready, mut diagnostics) = settled(artifacts, declaration).await;
        let Some((artifact, settled)) = ready else { return (None, diagnostics) };
        if let Some(running) = self.running.get(&declaration.name)
            && running.declaration.is_same(declaration)
            && running.component.provider.artifact().digest() == artifact.digest()
        {
            return (Some(Arc::clone(&running.component)), diagnostics);
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
                (Some(Arc::new(component)), diagnostics)
            }
            Err(refusal) => {
                diagnostics.push(refusal);
                (None, diagnostics)
            }
        }
    }

    /// Keeps what runs and is broken now, or may be: a file that can't be read may still declare it.
    fn keep(&mut self, running: &mut BTreeMap<String, Running>, reading: &mut Reading) {
        for (name, before) in std::mem::take(&mut self.running) {
            if running.contains_key(&name) {
                continue;
            }
            let file = &before.declaration.at.file;
            let unread = || reading.unread.iter().find(|unread| file.starts_with(&unread.at.file));
            if let Some(cause) = reading.refused.get(&name).or_else(unread).cloned() {
                reading.refused.insert(name.clone(), cause);
                running.insert(name, before);
            }
        }
    }

    fn snapshot(&self, last: &Snapshot, refused: &BTreeMap<String, Diagnostic>) -> Snapshot {
        let components: BTreeMap<_, _> =
            self.running.iter().map(|(name, running)| (name.clone(), Arc::clone(&running.component))).collect();
        let now = SystemTime::now();
        let standing = |name: &String| {
            let why = refused.get(name).map(ToString::to_string);
            let state = match (&why, components.contains_key(name)) {
                (None, _) => State::Serving,
                (Some(_), true) => State::Outdated,
                (Some(_), false) => State::Refused,
            };
            let generation = |of: &BTreeMap<String, Arc<Component>>| of.get(name).map(|component| component.generation);
            let before = last
                .declared
                .get(name)
                .filter(|before| before.state == state && generation(&last.components) == generation(&components));
            let since = before.map_or(now, |before| before.since);
            (name.clone(), Standing { state, since, why })
        };
        let standings = components.keys().chain(refused.keys()).map(standing).collect();
        Snapshot { generation: last.generation, components, declared: standings }
    }
}

/// The artifact of a declaration and its settings, checked against what the artifact says of itself.
async fn settled(
    artifacts: &mut Artifacts,
    declaration: &Declaration,
) -> (Option<(Arc<Artifact>, Settled)>, Diagnostics) {
    match artifacts.of(declaration).await {
        Ok(artifact) => {
            let mut settled = settle(declaration, artifact.description());
            let mut diagnostics = std::mem::take(&mut settled.diagnostics);
            diagnostics.append(unheard(declaration, &artifact));
            (settled.is_usable.then_some((artifact, settled)), diagnostics)
        }
        Err(refusal) => {
            let mut diagnostics = Diagnostics::from(refusal);
            if declaration.ignore_errors {
                diagnostics.demote();
            }
            (None, diagnostics)
        }
    }
}

fn artifact_file(declaration: &Declaration) -> Option<PathBuf> {
    if let Source::File(path) = &declaration.source { Some(path.clone()) } else { None }
}
