//! The build script: what the host gets from files that are no Rust.

#![expect(clippy::disallowed_methods, reason = "a build script is told everything by its environment")]
#![expect(clippy::print_stdout, reason = "and tells cargo everything by its output")]

use std::env;
use std::path::PathBuf;

mod built_in;
mod json;
mod protos;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    println!("cargo::rerun-if-changed={}", manifest.join("build").display());
    println!("cargo::rerun-if-env-changed=PARLOR_PROVIDERS_DIR");
    let given = env::var_os("PARLOR_PROVIDERS_DIR").map(PathBuf::from);
    built_in::embed(&given.unwrap_or_else(|| manifest.join("../target/components/providers")), &out)?;
    protos::generate(&manifest.join("proto"), &out)
}
