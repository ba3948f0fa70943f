//! Which files hold components: folders as Dapr lists them, and single files. Reads and parses none.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Reading;
use crate::yaml::diagnostic::{Diagnostic, Diagnostics, Location};

/// What is in the folders.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// YAML files in the order in which they are read.
    pub(super) yaml: Vec<Arc<Path>>,
    /// Files that nobody will read unless a component names them.
    pub(super) others: Vec<PathBuf>,
}

/// Lists `paths`: a folder's own files by name, a file as itself.
pub(super) fn list(paths: &[PathBuf], reading: &mut Reading) -> Files {
    let mut files = Files::default();
    for path in paths {
        let listed = match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => list_folder(path, &mut files, &mut reading.diagnostics),
            Ok(_) => {
                files.yaml.push(Arc::from(path.as_path()));
                Ok(())
            }
            Err(error) => Err(error),
        };
        if let Err(error) = listed {
            let at = Location::whole(&Arc::from(path.as_path()));
            let hint = "name a folder of component files that exists";
            reading.give_up(Diagnostic::error(at, format!("can't be read: {error}")).hint(hint).into());
        }
    }
    files
}

fn list_folder(folder: &Path, files: &mut Files, diagnostics: &mut Diagnostics) -> io::Result<()> {
    let before = files.yaml.len();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name());
    }
    names.sort();
    for name in names {
        let path = folder.join(&name);
        let is_hidden = name.to_string_lossy().starts_with('.');
        if is_hidden || path.is_dir() {
            continue;
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        match extension.as_str() {
            "yaml" | "yml" => files.yaml.push(Arc::from(path)),
            // An artifact stands beside the YAML that names it.
            "wasm" => {}
            _ => files.others.push(path),
        }
    }
    if files.yaml.len() == before {
        let at = Location::whole(&Arc::from(folder));
        let hint = "files of this folder that end in `.yaml` or `.yml` are read, those of folders in it are not";
        diagnostics.push(Diagnostic::warning(at, "there is no component file in it").hint(hint));
    }
    Ok(())
}

/// Warns of files that look as if they were meant to be read. `named` are those that a component names.
pub(super) fn warn_of_others(others: &[PathBuf], named: &[PathBuf], diagnostics: &mut Diagnostics) {
    let named: Vec<PathBuf> = named.iter().filter_map(|path| path.canonicalize().ok()).collect();
    for path in others {
        if path.canonicalize().is_ok_and(|path| named.contains(&path)) {
            continue;
        }
        let at = Location::whole(&Arc::from(path.as_path()));
        let hint = "only files that end in `.yaml` or `.yml` are read; move it elsewhere";
        diagnostics.push(Diagnostic::warning(at, "not a YAML file, skipped").hint(hint));
    }
}
