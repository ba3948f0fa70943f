//! This repository as cargo sees it: where it is, where things are built, which packages it has. Builds nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::step;

/// The repository and its well-known places.
pub(crate) struct Workspace {
    /// The folder of the virtual manifest.
    pub(crate) root: PathBuf,
}

/// What `cargo metadata` says, as far as it matters here.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    /// Where cargo puts what it builds for this machine.
    pub(crate) target_directory: PathBuf,
}

/// One package, of the workspace or of its dependencies.
#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Package {
    /// The folder of its manifest.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.manifest_path.parent()
    }

    /// The name of its `cdylib` target, if it has one.
    pub(crate) fn cdylib(&self) -> Option<&str> {
        let is_cdylib = |target: &&Target| target.kind.iter().any(|kind| kind == "cdylib");
        self.targets.iter().find(is_cdylib).map(|target| target.name.as_str())
    }
}

impl Workspace {
    /// The repository that this program was built from.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask/ has no parent folder")?;
        Ok(Self { root: root.to_owned() })
    }

    /// The folder for whatever these commands make. It does not follow `CARGO_TARGET_DIR`: the host's build script and
    /// the tests look for components and servers here.
    pub(crate) fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    /// Where the components are: `providers/` for built-in providers, a folder each for the kinds of guests.
    pub(crate) fn components(&self) -> PathBuf {
        self.target().join("components")
    }

    /// Where the third-party servers that the tests start are installed.
    pub(crate) fn servers(&self) -> PathBuf {
        self.target().join("servers")
    }

    /// Where the programs of `tests/clients` are built.
    pub(crate) fn clients(&self) -> PathBuf {
        self.target().join("clients")
    }

    /// `cargo` with the toolchain that runs these commands, in the repository's root.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&self.root);
        cargo
    }

    /// The packages of this workspace alone.
    pub(crate) fn members(&self) -> Result<Metadata> {
        self.metadata(&["--no-deps"])
    }

    /// The packages of this workspace and everything they need on this machine, downloaded.
    pub(crate) fn packages(&self) -> Result<Metadata> {
        self.metadata(&["--filter-platform", &self.host()?])
    }

    /// The target of what runs on this machine.
    pub(crate) fn host(&self) -> Result<String> {
        Ok(self.rustc(&["--print", "host-tuple"])?.trim().to_owned())
    }

    /// What the compiler that runs these commands says to `question`.
    pub(crate) fn rustc(&self, question: &[&str]) -> Result<String> {
        step::read(Command::new("rustc").args(question).current_dir(&self.root))
    }

    fn metadata(&self, scope: &[&str]) -> Result<Metadata> {
        let mut cargo = self.cargo();
        cargo.args(["metadata", "--locked", "--format-version=1"]).args(scope);
        serde_json::from_str(&step::read(&mut cargo)?).context("`cargo metadata` printed something unknown")
    }
}
