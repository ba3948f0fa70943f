//! Reads a file that somebody names, whatever it turns out to be. Knows nothing of what is in it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("it is not a file")]
    NotAFile,
    #[error("it is larger than the {0} bytes that it may have")]
    TooLarge(u64),
}

/// The bytes of a file, when there are at most so many. Blocks.
///
/// # Errors
/// When it can't be read, is no file, or has more.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, Unfit> {
    // Opening a named pipe would wait for its writer, and a device may have no end.
    if !fs::metadata(path)?.is_file() {
        return Err(Unfit::NotAFile);
    }
    take(File::open(path)?, most)
}

/// What `source` holds, when there are at most so many bytes of it. Blocks.
///
/// # Errors
/// When it can't be read, or has more.
pub fn take(source: impl Read, most: u64) -> Result<Vec<u8>, Unfit> {
    let mut bytes = Vec::new();
    source.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(Unfit::TooLarge(most)) } else { Ok(bytes) }
}
