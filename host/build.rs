//! Puts the built-in providers into the binary: every `.wasm` that `cargo xtask guests` left. Does nothing else.

#![expect(clippy::disallowed_methods, reason = "a build script is told everything by its environment")]

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-env-changed=PARLOR_PROVIDERS_DIR");
    let given = env::var_os("PARLOR_PROVIDERS_DIR").map(PathBuf::from);
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let providers = given.unwrap_or_else(|| manifest.join("../target/components/providers"));
    println!("cargo::rerun-if-changed={}", providers.display());
    let mut table = String::from("&[\n");
    for (name, path) in built(&providers)? {
        println!("cargo::rerun-if-changed={}", path.display());
        writeln!(table, "    ({name:?}, include_bytes!({:?})),", path.canonicalize()?.display().to_string())?;
    }
    table.push(']');
    let out = PathBuf::from(env::var("OUT_DIR")?).join("built_in.rs");
    Ok(fs::write(out, table)?)
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
