//! Modules that are written by hand as text, for what no compiler makes. Knows nothing of how the others are built.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::workspace::Workspace;

/// The world that every one of them is for.
const WORLD: &str = "provider";

/// The texts in a folder of the repository.
///
/// # Errors
/// When the folder can't be read.
pub(crate) fn find(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = folder.read_dir().with_context(|| format!("`{}` can't be read", folder.display()))?;
    let mut texts = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    texts.retain(|path| path.extension().is_some_and(|extension| extension == "wat"));
    texts.sort();
    Ok(texts)
}

/// The core module that a text is, with its world named in it, as `wit-bindgen` does for compiled ones.
///
/// # Errors
/// When the text is no module, or `wit/` does not parse.
pub(crate) fn module(workspace: &Workspace, text: &Path) -> Result<Vec<u8>> {
    let mut module = wat::parse_file(text)?;
    let mut resolve = Resolve::new();
    let (package, _) = resolve.push_dir(workspace.root.join("wit"))?;
    let world = resolve.select_world(&[package], Some(WORLD))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    Ok(module)
}
