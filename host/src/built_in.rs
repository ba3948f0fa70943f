//! The providers that come with the binary, and those of `--providers-path` beside or in place of them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::file::{self, Unfit};
use crate::limits;

/// `(name, bytes)` of each provider that was built when the host was.
const EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// Providers by the last part of their component type, such as `openai` of `conversation.openai`.
#[derive(Debug, Clone, Default)]
pub struct BuiltIns {
    found: BTreeMap<String, Place>,
}

/// Where an artifact is.
#[derive(Debug, Clone)]
pub enum Place {
    Embedded(&'static [u8]),
    File(PathBuf),
}

impl BuiltIns {
    /// What is in the binary, then every `NAME.wasm` of `folder`.
    ///
    /// # Errors
    /// When the folder can't be read.
    pub fn new(folder: Option<&Path>) -> Result<Self> {
        let embedded = EMBEDDED.iter().map(|(name, bytes)| ((*name).to_owned(), Place::Embedded(bytes)));
        let mut found: BTreeMap<_, _> = embedded.collect();
        if let Some(folder) = folder {
            let read = || format!("can't read the providers in `{}`", folder.display());
            for entry in fs::read_dir(folder).with_context(read)? {
                let path = entry.with_context(read)?.path();
                if path.extension().is_some_and(|extension| extension == "wasm")
                    && let Some(name) = path.file_stem().and_then(|name| name.to_str())
                {
                    found.insert(name.to_lowercase(), Place::File(path));
                }
            }
        }
        Ok(Self { found })
    }

    /// Component types that need no `wasm` block, such as `conversation.echo`.
    pub fn types(&self) -> Vec<String> {
        self.found.keys().map(|name| format!("conversation.{name}")).collect()
    }

    /// Where the artifact for a component type is, or `None` when there is no such provider.
    pub fn place(&self, component_type: &str) -> Option<Place> {
        self.found.get(component_type.strip_prefix("conversation.")?).cloned()
    }

    /// The files among them.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.found.values().filter_map(|place| if let Place::File(path) = place { Some(path.as_path()) } else { None })
    }
}

impl Place {
    /// The artifact. Blocks.
    ///
    /// # Errors
    /// When its file can't be read.
    pub fn read(&self) -> io::Result<Cow<'static, [u8]>> {
        match self {
            Self::Embedded(bytes) => Ok(Cow::Borrowed(bytes)),
            Self::File(path) => read_artifact(path).map(Cow::Owned),
        }
    }
}

/// The bytes of a `.wasm` file. Blocks.
///
/// # Errors
/// When the file can't be read, is none, or is larger than an artifact may be.
pub fn read_artifact(path: &Path) -> io::Result<Vec<u8>> {
    file::read(path, limits::ARTIFACT_BYTES).map_err(|unfit| match unfit {
        Unfit::Io(error) => error,
        Unfit::NotAFile | Unfit::TooLarge(_) => io::Error::other(unfit),
    })
}
