//! The text of a file, if it is fit to be read. Parses nothing.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// The largest file that is read. Nobody writes a megabyte of configuration by hand.
const LARGEST: u64 = 4 << 20;

/// Why a file's text can't be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("can't be read: {0}")]
    Io(io::Error),
    #[error("is not a file")]
    NotAFile,
    #[error("is larger than 4 MiB")]
    TooLarge,
    #[error("is not UTF-8")]
    NotUtf8,
}

/// The text of a file, at most [`LARGEST`] bytes of it.
pub(crate) fn read(path: &Path) -> Result<String, Unreadable> {
    // Opening a named pipe would wait for its writer.
    if !fs::metadata(path).map_err(Unreadable::Io)?.is_file() {
        return Err(Unreadable::NotAFile);
    }
    of(File::open(path).map_err(Unreadable::Io)?)
}

/// What `source` holds, at most [`LARGEST`] bytes of it.
pub(crate) fn of(source: impl Read) -> Result<String, Unreadable> {
    let mut bytes = Vec::new();
    source.take(LARGEST + 1).read_to_end(&mut bytes).map_err(Unreadable::Io)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Unreadable::TooLarge);
    }
    String::from_utf8(bytes).map_err(|_| Unreadable::NotUtf8)
}
