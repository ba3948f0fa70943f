//! Compiled code that is kept for the next start: what is damaged is never run, and a place that others can write to is
//! not trusted.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::json;

use crate::harness::{Host, HostBuilder};

/// A host with one component that keeps its compiled code in `folder`.
fn with_cache(folder: &Path) -> HostBuilder {
    HostBuilder::new()
        .component("echo", "conversation.echo", &[])
        .argument("--compile-cache")
        .argument(folder.to_str().unwrap())
}

async fn serves(host: &Host) {
    assert_eq!(host.client.alpha1("echo", "well").await.ok(), json!({ "outputs": [{ "result": "well" }] }));
}

/// What is in the folder, with its content.
fn kept(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// A folder with the one file that a start leaves there.
async fn filled() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    serves(&with_cache(folder.path()).start()).await;
    let mut files = kept(folder.path());
    assert_eq!(files.len(), 1, "{files:?}");
    let (path, code) = files.remove(0);
    (folder, path, code)
}

#[tokio::test]
async fn what_is_kept_is_for_this_user_alone_and_is_used_again() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("one/two");
    let host = with_cache(&folder).start();
    serves(&host).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let files = kept(&folder);
    assert_eq!((mode(&folder), mode(&files[0].0)), (0o700, 0o600));
    let written = fs::metadata(&files[0].0).unwrap().modified().unwrap();
    let host = with_cache(&folder).start();
    serves(&host).await;
    assert_eq!(kept(&folder), files, "nothing was written again");
    assert!(fs::metadata(&files[0].0).unwrap().modified().unwrap() > written, "it counts as used");
    assert!(!host.log().contains("WARN"), "{}", host.log());
}

#[tokio::test]
async fn damage_is_noticed_told_and_mended() {
    let (folder, path, good) = filled().await;
    let last = good.len() - 1;
    let flipped = |at: usize| {
        let mut bad = good.clone();
        bad[at] ^= 1;
        bad
    };
    let damages =
        [flipped(0), flipped(good.len() / 2), good[..last].to_vec(), Vec::new(), [good.as_slice(), b"more"].concat()];
    for bad in damages {
        fs::write(&path, &bad).unwrap();
        let host = with_cache(folder.path()).start();
        serves(&host).await;
        let log = host.log();
        let told = format!("compiled code in `{}` is not used: it is ", path.display());
        assert_eq!(log.matches("WARN").count(), 1, "{log}");
        assert!(log.contains(&told) && log.contains("; it is compiled anew"), "{log}");
        let files = kept(folder.path());
        assert!(files.len() == 1 && files[0].1 != bad, "it was not replaced");
    }
    let host = with_cache(folder.path()).start();
    serves(&host).await;
    assert!(!host.log().contains("WARN"), "{}", host.log());
}

#[tokio::test]
async fn a_file_that_another_could_have_written_is_not_run() {
    let (folder, path, good) = filled().await;
    let place = folder.path().join("elsewhere");
    for (is_link, told) in [(false, "other users may write to it"), (true, "symbolic link")] {
        if is_link {
            fs::rename(&path, &place).unwrap();
            symlink(&place, &path).unwrap();
        } else {
            fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        }
        let host = with_cache(folder.path()).start();
        serves(&host).await;
        assert!(host.log().contains(told) && host.log().contains("it is compiled anew"), "{}", host.log());
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&path).unwrap().len(), good.len());
    }
}

#[tokio::test]
async fn a_folder_that_others_can_write_to_is_refused() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("parlor");
    fs::create_dir(&folder).unwrap();
    for (writable, mode) in [(&folder, 0o777), (&folder, 0o1777), (&folder, 0o770), (&outer.path().to_owned(), 0o777)] {
        fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(writable, Permissions::from_mode(mode)).unwrap();
        let told =
            format!("other users may write to `{}` (mode {mode:04o})", writable.canonicalize().unwrap().display());
        let Err((status, log)) = with_cache(&folder).try_start() else { panic!("it started") };
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains(&format!("can't use the compile cache `{}`", folder.display())), "{log}");
        assert!(log.contains(&told) && log.contains("chmod go-w"), "{log}");
        // The user's own folder is done without.
        let host = HostBuilder::new()
            .component("echo", "conversation.echo", &[])
            .environment("XDG_CACHE_HOME", outer.path().to_str().unwrap())
            .start();
        serves(&host).await;
        let log = host.log();
        assert!(log.contains(&told) && log.contains("every start compiles its providers anew"), "{log}");
        assert_eq!(kept(&folder), [], "something was written there all the same");
    }
}

#[tokio::test]
async fn hosts_that_start_together_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    // What is left of one that was killed while it wrote.
    let (_, path, code) = filled().await;
    let name = path.file_name().unwrap().to_str().unwrap();
    let abandoned = folder.path().join(format!("{name}.0.unfinished"));
    fs::write(&abandoned, &code[..code.len() / 2]).unwrap();
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let builder = with_cache(folder.path());
            thread::spawn(move || builder.start())
        })
        .collect();
    for start in starts {
        let host = start.join().unwrap();
        serves(&host).await;
        assert!(!host.log().contains("WARN"), "{}", host.log());
    }
    let mut names: Vec<_> = kept(folder.path()).into_iter().map(|(path, _)| path).collect();
    names.sort();
    assert_eq!(names, [folder.path().join(name), abandoned]);
}

#[tokio::test]
async fn compiled_code_is_no_artifact() {
    let (_, _, kept) = filled().await;
    let checksum = 16;
    let host =
        HostBuilder::new().file("acme.cwasm", &kept[checksum..]).wasm("acme", Path::new("acme.cwasm"), "", &[]).start();
    let log = host.log();
    assert!(log.contains("acme.cwasm` is code that was compiled already"), "{log}");
    assert!(log.contains("name the `.wasm` that it was made of"), "{log}");
}
