//! Lays WASI's WIT packages into `wit/deps`, from the very crates that the host implements them with, and checks that
//! `wit/` is a whole package of which every item is documented. Generates no bindings.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::iter;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wit_parser::{Docs, Interface, Package as WitPackage, Resolve, Span, Type, TypeDef, TypeDefKind};

use crate::workspace::{Package, Workspace};

/// The crate whose `wit/deps` holds `wasi:http` and everything it uses.
const SOURCE: &str = "wasmtime-wasi-http";
const WORLDS: [&str; 3] = ["codec-provider", "provider", "streaming-provider"];

/// Brings `wit/deps` up to date and checks the package; touches no file that is right already.
///
/// # Errors
/// When the crate is not among the locked dependencies, or the package does not parse, lacks a world, or holds an item
/// without a `///` line.
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
    let undocumented: Vec<String> = items(&resolve, package)
        .filter(|(docs, _)| docs.is_empty())
        .map(|(_, at)| resolve.render_location(at))
        .collect();
    if !undocumented.is_empty() {
        bail!("who writes a provider reads wit/ first: say in a `///` line what is at {}", undocumented.join(", "));
    }
    Ok(())
}

/// All that a package declares, down to the fields and cases, each with what is said of it and where it is.
fn items<'a>(resolve: &'a Resolve, package: &'a WitPackage) -> impl Iterator<Item = (&'a Docs, Span)> {
    let worlds =
        package.worlds.values().filter_map(|id| resolve.worlds.get(*id)).map(|world| (&world.docs, world.span));
    let interfaces = package.interfaces.values().filter_map(|id| resolve.interfaces.get(*id));
    worlds.chain(interfaces.flat_map(|interface| {
        let functions = interface.functions.values().map(|function| (&function.docs, function.span));
        let types = own_types(resolve, interface).flat_map(|own| iter::once((&own.docs, own.span)).chain(parts(own)));
        iter::once((&interface.docs, interface.span)).chain(functions).chain(types)
    }))
}

/// The types of an interface without those that it takes from another by `use`.
fn own_types<'a>(resolve: &'a Resolve, interface: &'a Interface) -> impl Iterator<Item = &'a TypeDef> {
    let types = interface.types.values().filter_map(|id| resolve.types.get(*id));
    types.filter(|own| match own.kind {
        TypeDefKind::Type(Type::Id(of)) => resolve.types.get(of).is_none_or(|of| of.owner == own.owner),
        _ => true,
    })
}

fn parts(of: &TypeDef) -> Vec<(&Docs, Span)> {
    match &of.kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|field| (&field.docs, field.span)).collect(),
        TypeDefKind::Variant(variant) => variant.cases.iter().map(|case| (&case.docs, case.span)).collect(),
        TypeDefKind::Enum(words) => words.cases.iter().map(|case| (&case.docs, case.span)).collect(),
        TypeDefKind::Flags(set) => set.flags.iter().map(|flag| (&flag.docs, flag.span)).collect(),
        _ => Vec::new(),
    }
}
