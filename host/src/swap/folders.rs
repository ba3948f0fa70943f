//! Which folders must be watched so that no change of a path goes unseen: a file that is replaced by a rename is another
//! file, and so only its folder tells.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Links that are followed for one path; as many as Linux follows.
const LINKS: usize = 40;

/// The folder of `path` and of every link on the way to it, for as far as they are there.
pub(super) fn of(path: &Path, folders: &mut BTreeSet<PathBuf>) {
    follow(path, LINKS, folders);
}

fn follow(path: &Path, links: usize, folders: &mut BTreeSet<PathBuf>) {
    let mut walked = PathBuf::new();
    let steps: Vec<Component<'_>> = path.components().collect();
    for (index, step) in steps.iter().enumerate() {
        let folder = walked.clone();
        walked.push(step);
        if let (Ok(target), Some(left)) = (fs::read_link(&walked), links.checked_sub(1)) {
            add(&folder, folders);
            let rest: PathBuf = steps.iter().skip(index + 1).collect();
            return follow(&folder.join(target).join(rest), left, folders);
        }
    }
    if path.is_dir() {
        add(path, folders);
    }
    // A folder that isn't there appears in one that is.
    let parent = path.ancestors().skip(1).find(|parent| real(parent).is_dir());
    add(parent.unwrap_or(Path::new("")), folders);
}

fn add(folder: &Path, folders: &mut BTreeSet<PathBuf>) {
    folders.extend(fs::canonicalize(real(folder)));
}

/// The empty path is the working directory.
fn real(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn every_link_on_the_way_counts() {
        let root = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(root.path()).unwrap();
        let folder = |name: &str| {
            let path = root.join(name);
            fs::create_dir_all(&path).unwrap();
            path
        };
        let found = |path: &Path| {
            let mut folders = BTreeSet::new();
            of(path, &mut folders);
            folders.into_iter().collect::<Vec<_>>()
        };
        let (mount, data, elsewhere) = (folder("mount"), folder("mount/..1"), folder("providers/v1"));
        // As Kubernetes mounts a ConfigMap.
        symlink("..1", mount.join("..data")).unwrap();
        symlink("..data/acme.yaml", mount.join("acme.yaml")).unwrap();
        fs::write(data.join("acme.yaml"), "").unwrap();
        assert_eq!(found(&mount.join("acme.yaml")), [mount.clone(), data]);
        // A folder that is a link itself.
        symlink("v1", root.join("providers/current")).unwrap();
        assert_eq!(found(&root.join("providers/current/acme.wasm")), [root.join("providers"), elsewhere]);
        assert_eq!(found(&mount), [root.clone(), mount.clone()]);
        assert_eq!(found(&mount.join("not/there")), [mount.clone()]);
        symlink("round", root.join("round")).unwrap();
        assert_eq!(found(&root.join("round/x")), [root]);
    }
}
