//! Servers that a script of `tests/servers` starts: each prints its address on its first line, and ends when its input
//! closes, which the system sees to even when the tests are killed.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::harness::root;

/// A running server.
pub(super) struct Server {
    /// `http://127.0.0.1:PORT`.
    pub(super) address: String,
    /// Holds the server's input open.
    _child: Child,
}

impl Server {
    /// Starts the server and waits for its address.
    pub(super) fn start(command: &mut Command) -> Self {
        let program = PathBuf::from(command.get_program());
        assert!(program.exists(), "`{}` is missing: run the tests with `cargo xtask test`", program.display());
        let log = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{}.log", program.file_name().unwrap().to_string_lossy()));
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(&log).unwrap()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        assert!(address.starts_with("http://"), "{program:?} did not start: {}", fs::read_to_string(log).unwrap());
        Self { address: address.trim_end().to_owned(), _child: child }
    }
}

/// Where `cargo xtask test` installs what others wrote.
pub(super) fn installed(path: &str) -> PathBuf {
    root().join("target/servers").join(path)
}

/// A file of `tests/servers`.
pub(super) fn script(name: &str) -> PathBuf {
    root().join("tests/servers").join(name)
}
