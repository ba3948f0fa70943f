//! `parlor run -- COMMAND`: an app beside the host, from its start to the end of all that it started.

mod app;
mod orphans;
mod ports;
mod several;
mod signals;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, JoinHandle};

use crate::harness::until;

/// A named pipe that an app opens and all that it starts inherit: it is closed once all of them are gone.
struct Thread {
    folder: tempfile::TempDir,
    reader: JoinHandle<()>,
}

impl Thread {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("thread");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let reader = thread::spawn(move || {
            File::open(path).unwrap().read_to_end(&mut Vec::new()).unwrap();
        });
        Self { folder, reader }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("thread")
    }

    /// Waits until nobody holds it any more.
    async fn let_go(self) {
        until("nobody of the app's is left", || self.reader.is_finished().then_some(())).await;
    }

    fn is_held(&self) -> bool {
        !self.reader.is_finished()
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
