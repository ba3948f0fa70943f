//! What files look like from outside, to find out cheaply whether any of them may have changed. What has really changed is
//! decided on their content.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;

/// The looks of some files and folders. Links are followed, so that a file under another name is another file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stamps(BTreeMap<PathBuf, Option<Stamp>>);

/// Nobody can set the time of the last change of a file's inode, so a new content always shows.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamps {
    pub(super) async fn of(paths: &BTreeSet<PathBuf>) -> Self {
        let paths = paths.clone();
        let look =
            move || Self(paths.into_iter().map(|path| (stamp(&path), path)).map(|(it, path)| (path, it)).collect());
        // A look that failed is like no other, so the files are read.
        spawn_blocking(look).await.unwrap_or_default()
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some(Stamp {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(path: &Path) -> Stamps {
        Stamps::of(&BTreeSet::from([path.to_owned()])).await
    }

    #[tokio::test]
    async fn every_change_of_a_file_shows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let missing = of(&path).await;
        fs::write(&path, "one").unwrap();
        let first = of(&path).await;
        assert!(missing != first && first == of(&path).await);
        let other = folder.path().join("other");
        fs::write(&other, "two").unwrap();
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        fs::File::open(&other).unwrap().set_modified(time).unwrap();
        fs::rename(&other, &path).unwrap();
        assert_ne!(first, of(&path).await, "of the same size and time, by a rename");
        let second = of(&path).await;
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let linked = of(&link).await;
        fs::rename(&path, &other).unwrap();
        assert_ne!(linked, of(&link).await, "behind a link");
        assert_ne!(second, of(&path).await, "gone");
    }
}
