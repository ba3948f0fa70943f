//! The text of a file, if it is fit to be read. Parses nothing.

use std::io::{self, Read};
use std::path::Path;

use crate::file::{self, Unfit};

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
    text(file::read(path, LARGEST)?)
}

/// What `source` holds, at most [`LARGEST`] bytes of it.
pub(crate) fn of(source: impl Read) -> Result<String, Unreadable> {
    text(file::take(source, LARGEST)?)
}

fn text(bytes: Vec<u8>) -> Result<String, Unreadable> {
    String::from_utf8(bytes).map_err(|_| Unreadable::NotUtf8)
}

impl From<Unfit> for Unreadable {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Io(error) => Self::Io(error),
            Unfit::NotAFile => Self::NotAFile,
            Unfit::TooLarge(_) => Self::TooLarge,
        }
    }
}
