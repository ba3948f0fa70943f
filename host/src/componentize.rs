//! `parlor componentize`: makes a component of the core module that a compiler made, so that whoever writes a provider
//! needs no tool but this. Knows no provider: the module itself carries the interfaces that it was built for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use uuid::Uuid;

use crate::cli::Componentize;

/// Reads the module and writes the component, by default beside it.
///
/// # Errors
/// When either can't be, or the module is none or was not built for a world of components.
pub fn run(args: &Componentize) -> Result<ExitCode> {
    let path = args.module.display();
    let module = fs::read(&args.module).with_context(|| format!("`{path}` can't be read"))?;
    let component = encode(&module).with_context(|| format!("`{path}` can't be made a component"))?;
    let output = args.output.clone().unwrap_or_else(|| args.module.with_extension("component.wasm"));
    write(&output, &component).with_context(|| format!("`{}` can't be written", output.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn encode(module: &[u8]) -> Result<Vec<u8>> {
    match module {
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => {}
        [b'\0', b'a', b's', b'm', _, _, 1, 0, ..] => bail!("it is one already"),
        _ => bail!("it is not WebAssembly; name the `.wasm` that the compiler made"),
    }
    parlor_componentize::component(module)
}

/// Writes beside the file and renames, so that a host that serves it never reads half of it.
fn write(path: &Path, component: &[u8]) -> std::io::Result<()> {
    let mut unfinished = PathBuf::from(path).into_os_string();
    unfinished.push(format!(".{}.unfinished", Uuid::new_v4()));
    let written = fs::write(&unfinished, component).and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        // Nothing more can be done where not even this works.
        let _ = fs::remove_file(&unfinished);
    }
    written
}
