//! Builds every provider and guest to a component under `target/components`. Knows no guest by name: a folder in one
//! of the places below is a guest, and so is a `.wat` file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::toolchain::{TARGET, Toolchain};
use crate::workspace::Workspace;
use crate::{by_hand, step, wit};

/// Where guests live in the repository, and the folder of `target/components` that theirs go to.
const PLACES: [(&str, &str); 3] =
    [("providers", "providers"), ("guests/samples", "samples"), ("guests/hostile", "hostile")];

struct Guest {
    /// None for one that is written by hand.
    package: Option<String>,
    /// The core module that cargo makes, or the text of one.
    module: PathBuf,
    component: PathBuf,
}

/// Builds what changed and drops the components of guests that are gone.
///
/// # Errors
/// When no compiler for guests can be had, a guest does not compile, or its module is no component in the making.
pub(crate) fn build(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    wit::lay(workspace, &[])?;
    let built = workspace.target().join("guests");
    let guests = find(workspace, &built)?;
    remove_others(workspace, &guests)?;
    if guests.is_empty() {
        println!("xtask: there is no guest to build");
        return Ok(());
    }
    let toolchain = Toolchain::find(workspace)?;
    step::step(&format!("guests, with {} compiler", toolchain.owner()), || {
        let mut cargo = toolchain.build(workspace);
        cargo.arg("--target-dir").arg(&built);
        for package in guests.iter().filter_map(|guest| guest.package.as_ref()) {
            cargo.args(["--package", package]);
        }
        step::run(&mut cargo)?;
        guests.iter().try_for_each(|guest| encode(workspace, guest))
    })
}

fn find(workspace: &Workspace, built: &Path) -> Result<Vec<Guest>> {
    let mut guests = Vec::new();
    for package in workspace.members()?.packages {
        let folder = package.folder().context("a package without a folder")?;
        let place = PLACES.iter().find(|(place, _)| folder.parent() == Some(&workspace.root.join(place)));
        let Some((_, kind)) = place else { continue };
        let name = folder.file_name().context("a guest without a folder")?;
        let Some(library) = package.cdylib() else {
            bail!("`{}` makes no `cdylib`; add `crate-type = [\"cdylib\", \"lib\"]`", folder.display());
        };
        guests.push(Guest {
            module: built.join(TARGET).join("guest").join(library.replace('-', "_")).with_extension("wasm"),
            component: workspace.components().join(kind).join(name).with_extension("wasm"),
            package: Some(package.name),
        });
    }
    for (place, kind) in PLACES {
        for module in by_hand::find(&workspace.root.join(place))? {
            let name = module.file_stem().context("a text without a name")?;
            let component = workspace.components().join(kind).join(name).with_extension("wasm");
            guests.push(Guest { package: None, module, component });
        }
    }
    Ok(guests)
}

fn encode(workspace: &Workspace, guest: &Guest) -> Result<()> {
    let path = guest.module.display();
    let module = match guest.package {
        Some(_) => fs::read(&guest.module).map_err(Into::into),
        None => by_hand::module(workspace, &guest.module),
    };
    let module = module.with_context(|| format!("`{path}` can't be read"))?;
    let component =
        parlor_componentize::component(&module).with_context(|| format!("`{path}` can't be made a component"))?;
    // A file that keeps its time spares the host a rebuild, and a running host a reload.
    if fs::read(&guest.component).is_ok_and(|present| present == component) {
        return Ok(());
    }
    println!("xtask: {} ({} KiB)", guest.component.display(), component.len() / 1024);
    write(&guest.component, &component)
}

/// Writes beside `path` and renames, so that nobody who watches it ever reads half a component.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().context("a component without a folder")?;
    let unfinished = path.with_extension("unfinished");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&unfinished, bytes))
        .and_then(|()| fs::rename(&unfinished, path))
        .with_context(|| format!("`{}` can't be written", path.display()))
}

fn remove_others(workspace: &Workspace, guests: &[Guest]) -> Result<()> {
    let wanted: BTreeSet<&Path> = guests.iter().map(|guest| guest.component.as_path()).collect();
    for (_, kind) in PLACES {
        let Ok(entries) = fs::read_dir(workspace.components().join(kind)) else { continue };
        for entry in entries {
            let path = entry?.path();
            if !wanted.contains(path.as_path()) {
                fs::remove_file(&path).with_context(|| format!("`{}` can't be removed", path.display()))?;
            }
        }
    }
    Ok(())
}
