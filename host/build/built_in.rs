//! Puts the built-in providers into the binary: every `.wasm` that `cargo xtask guests` left. Does nothing else.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes the table that `src/built_in.rs` includes.
pub(super) fn embed(providers: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", providers.display());
    let mut table = String::from("&[\n");
    for (name, path) in built(providers)? {
        println!("cargo::rerun-if-changed={}", path.display());
        writeln!(table, "    ({name:?}, include_bytes!({:?})),", path.canonicalize()?.display().to_string())?;
    }
    table.push(']');
    Ok(fs::write(out.join("built_in.rs"), table)?)
}

/// Name and path of each provider, by name. None when there are none yet: the binary says so when one is asked for.
fn built(directory: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
    let Ok(entries) = fs::read_dir(directory) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if let (Some(name), Some("wasm")) = (path.file_stem(), path.extension().and_then(|it| it.to_str())) {
            found.push((name.to_string_lossy().into_owned(), path));
        }
    }
    found.sort();
    Ok(found)
}
