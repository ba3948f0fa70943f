//! Compiled code on disk, so that a start need not compile what an earlier one did. Knows nothing of providers.
//!
//! What is read here runs as native code, of which wasmtime checks little. So the folder is one that only this user can
//! write to (`owned.rs`), and every file begins with a checksum: disks are damaged, and writes are cut off.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use rustix::fs::OFlags;
use twox_hash::xxhash3_128;
use uuid::Uuid;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::engine::told;
use super::load::Wasm;
use super::owned;
use crate::digest::Digest;
use crate::limits;

/// A folder of compiled components. Several processes may share one.
pub(super) struct CompileCache {
    folder: PathBuf,
}

/// What begins a file.
type Checksum = [u8; 16];

const FINISHED: &str = "compiled";
const UNFINISHED: &str = "unfinished";

/// Nobody writes a file for as long; who has not finished it was killed.
const ABANDONED: Duration = Duration::from_secs(3_600);

impl CompileCache {
    /// The cache in `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// When the folder can't be made, or others could change what is in it.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        Self::checked(folder).with_context(|| format!("can't use the compile cache `{}`", folder.display()))
    }

    fn checked(folder: &Path) -> Result<Self> {
        ensure!(folder.is_absolute(), "it is not an absolute path");
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let folder = folder.canonicalize()?;
        owned::check_folder(&folder)?;
        Ok(Self { folder })
    }

    /// The component of a `.wasm`, compiled now or earlier. Blocks.
    pub(super) fn component(&self, engine: &Engine, wasm: &Wasm) -> wasmtime::Result<Component> {
        let name = name(engine, wasm.digest());
        let path = self.folder.join(&name);
        match read(engine, &path, &name) {
            Ok(Some(component)) => return Ok(component),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!("compiled code in `{}` is not used: {error:#}; it is compiled anew", path.display());
                // It may be gone already; otherwise the new file takes its place.
                let _ = fs::remove_file(&path);
            }
        }
        let component = Component::new(engine, wasm.bytes())?;
        if let Err(error) = self.keep(&name, &component) {
            let folder = self.folder.display();
            tracing::warn!("can't keep compiled code in `{folder}`: {error:#}; the next start compiles it anew");
        }
        Ok(component)
    }

    /// Writes beside the file and renames, so that nobody ever reads half of one.
    fn keep(&self, name: &str, component: &Component) -> Result<()> {
        let code = component.serialize().map_err(told)?;
        let unfinished = self.folder.join(format!("{name}.{}.{UNFINISHED}", Uuid::new_v4()));
        let written = write(&unfinished, &checksum(name, &code), &code)
            .and_then(|()| fs::rename(&unfinished, self.folder.join(name)));
        if written.is_err() {
            // What can't be deleted now is deleted once it counts as abandoned.
            let _ = fs::remove_file(&unfinished);
        }
        written?;
        self.make_room(limits::COMPILED_BYTES).context("can't look through the folder")
    }

    /// Deletes what was not used for longest until the rest has at most `most` bytes, and what was never finished.
    /// Another process may do the same at the same time, so it is no error when a file is gone.
    fn make_room(&self, most: u64) -> io::Result<()> {
        let mut kept = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let (Some(kind), Ok(metadata)) = (kind(&path), fs::symlink_metadata(&path)) else { continue };
            let used = metadata.modified()?;
            if kind == FINISHED {
                kept.push((used, metadata.len(), path));
            } else if used.elapsed().is_ok_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(path);
            }
        }
        kept.sort();
        let mut total: u64 = kept.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in kept {
            if total <= most {
                break;
            }
            let _ = fs::remove_file(path);
            total = total.saturating_sub(size);
        }
        Ok(())
    }
}

/// The file of a `.wasm`: what differs by compiler, processor or settings never meets.
fn name(engine: &Engine, digest: Digest) -> String {
    let mut compatibility = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut compatibility);
    format!("{digest}-{:016x}.{FINISHED}", compatibility.finish())
}

/// What the cache made `path` for; `None` for the files of others, whose folder it may be as well.
fn kind(path: &Path) -> Option<&'static str> {
    const STEM: usize = 64 + 1 + 16;
    let (stem, rest) = path.file_name()?.to_str()?.split_once('.')?;
    let is_ours = stem.len() == STEM && stem.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let kinds = [FINISHED, UNFINISHED].into_iter();
    kinds.filter(|_| is_ours).find(|kind| rest.rsplit('.').next() == Some(kind))
}

/// Of the code, and of the name that it was written under.
fn checksum(name: &str, code: &[u8]) -> Checksum {
    let mut hasher = xxhash3_128::Hasher::new();
    hasher.write(name.as_bytes());
    hasher.write(code);
    hasher.finish_128().to_le_bytes()
}

fn write(path: &Path, checksum: &Checksum, code: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(checksum)?;
    file.write_all(code)?;
    file.sync_all()
}

/// `None` when nothing was kept yet; an error when what was kept must not be run.
#[expect(
    unsafe_code,
    reason = "wasmtime runs compiled code without looking at it, so its caller must know whose it is"
)]
fn read(engine: &Engine, path: &Path, name: &str) -> Result<Option<Component>> {
    let Some(mut file) = open(path)? else { return Ok(None) };
    owned::check_file(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let (sum, code) = bytes.split_first_chunk::<16>().context("it is cut off")?;
    ensure!(*sum == checksum(name, code), "it is damaged");
    // SAFETY: the bytes are those that `keep` wrote. Nobody but this user (and root) can write to the file, to its folder
    // or put another in the place of either, which `owned` has checked; the checksum, over the name as well, shows that
    // they were not damaged since. They are in memory, where nothing changes them any more. What another compiler or
    // other settings have made has another name, and wasmtime refuses it by itself.
    let component = unsafe { Component::deserialize(engine, code) }.map_err(told)?;
    // Only the order in which files are deleted depends on it.
    let _ = file.set_modified(SystemTime::now());
    Ok(Some(component))
}

fn open(path: &Path) -> io::Result<Option<File>> {
    let flags = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Path, name: &str, size: usize, age: u64) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, vec![0; size]).unwrap();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        path
    }

    #[test]
    fn what_was_not_used_for_longest_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let file = |digit: &str, end: &str, age| {
            put(folder.path(), &format!("{}-{}.{end}", digit.repeat(64), "0".repeat(16)), 100, age)
        };
        let (old, newer, newest) = (file("a", FINISHED, 30), file("b", FINISHED, 20), file("c", FINISHED, 10));
        let (writing, abandoned) = (file("d", "x.unfinished", 60), file("e", "x.unfinished", 7_200));
        let strangers = put(folder.path(), "letter.compiled", 1_000, 100_000);
        CompileCache::open(folder.path()).unwrap().make_room(250).unwrap();
        let there = [&old, &newer, &newest, &writing, &abandoned, &strangers].map(|path| path.exists());
        assert_eq!(there, [false, true, true, true, false, true]);
    }

    #[test]
    fn a_checksum_tells_every_bit_and_the_name() {
        let sum = checksum("name", b"code");
        assert_ne!(sum, checksum("name", b"codf"));
        assert_ne!(sum, checksum("name", b"cod"));
        assert_ne!(sum, checksum("other", b"code"));
    }
}
