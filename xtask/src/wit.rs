//! Lays WASI's WIT packages into `wit/deps`, from the very crates that the host implements them with, and checks that
//! `wit/` is a whole package. Generates no bindings.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wit_parser::Resolve;

use crate::workspace::{Package, Workspace};

/// The crate whose `wit/deps` holds `wasi:http` and everything it uses.
const SOURCE: &str = "wasmtime-wasi-http";
const WORLDS: [&str; 3] = ["codec-provider", "provider", "streaming-provider"];

/// Brings `wit/deps` up to date and checks the package; touches no file that is right already.
///
/// # Errors
/// When the crate is not among the locked dependencies, or the package does not parse or lacks a world.
pub(crate) fn lay(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    let wit = workspace.root.join("wit");
    let packages = workspace.packages()?.packages;
    let source = packages.iter().find(|package| package.name == SOURCE);
    let source = source
        .and_then(Package::folder)
        .with_context(|| format!("`{SOURCE}` is not among the dependencies in Cargo.lock"))?;
    copy(&source.join("wit/deps"), &wit.join("deps"))?;
    check(&wit)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("`{}` can't be made", to.display()))?;
    let wanted = read_folder(from)?;
    let present = read_folder(to)?;
    for name in present.keys().filter(|name| !wanted.contains_key(*name)) {
        fs::remove_file(to.join(name)).with_context(|| format!("`{}` can't be removed", to.join(name).display()))?;
    }
    for (name, text) in wanted.iter().filter(|(name, text)| present.get(*name) != Some(*text)) {
        let path = to.join(name);
        fs::write(&path, text).with_context(|| format!("`{}` can't be written", path.display()))?;
    }
    Ok(())
}

fn read_folder(folder: &Path) -> Result<BTreeMap<OsString, Vec<u8>>> {
    let entries = fs::read_dir(folder).with_context(|| format!("`{}` can't be read", folder.display()))?;
    entries
        .map(|entry| {
            let entry = entry?;
            let bytes =
                fs::read(entry.path()).with_context(|| format!("`{}` can't be read", entry.path().display()))?;
            Ok((entry.file_name(), bytes))
        })
        .collect()
}

fn check(wit: &Path) -> Result<()> {
    let mut resolve = Resolve::new();
    let (id, _) = resolve.push_dir(wit).with_context(|| {
        format!("wit/ does not parse; `wit/deps` is as `{SOURCE}` has it, so check the versions named")
    })?;
    let package = resolve.packages.get(id).context("wit/ holds no package")?;
    let missing: Vec<&str> = WORLDS.into_iter().filter(|world| !package.worlds.contains_key(*world)).collect();
    if !missing.is_empty() {
        bail!("`{}` in wit/ lacks the world `{}`", package.name, missing.join("`, `"));
    }
    Ok(())
}
