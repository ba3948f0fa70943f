//! Whether a place on disk is this user's alone. Opens nothing and knows nothing of what is there.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::geteuid;

const ROOT: u32 = 0;
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// In such a folder only a file's owner may rename or delete it.
const STICKY: u32 = 0o1000;

/// Refuses a folder that another user could write to, or put another in the place of. `folder` holds no link, so that
/// its ancestors are what leads to it.
pub(super) fn check_folder(folder: &Path) -> Result<()> {
    let own = geteuid().as_raw();
    for place in folder.ancestors() {
        let told = || format!("`{}` can't be looked at", place.display());
        check(place, &fs::symlink_metadata(place).with_context(told)?, own, place == folder)?;
    }
    Ok(())
}

/// Refuses a file that another user could have written.
pub(super) fn check_file(metadata: &Metadata) -> Result<()> {
    ensure!(metadata.is_file(), "it is not a file");
    ensure!(metadata.uid() == geteuid().as_raw(), "it belongs to another user");
    ensure!(metadata.mode() & WRITABLE_BY_OTHERS == 0, "other users may write to it");
    Ok(())
}

fn check(place: &Path, metadata: &Metadata, own: u32, is_the_folder: bool) -> Result<()> {
    let (place, owner, mode) = (place.display(), metadata.uid(), metadata.mode());
    ensure!(metadata.is_dir(), "`{place}` is not a folder");
    if owner != own && (is_the_folder || owner != ROOT) {
        bail!(
            "`{place}` belongs to another user (number {owner}), who could put code there that would be run; name a folder of your own"
        );
    }
    if mode & WRITABLE_BY_OTHERS != 0 && (is_the_folder || mode & STICKY == 0) {
        bail!(
            "other users may write to `{place}` (mode {:04o}), and could put code there that would be run; run `chmod go-w {place}`, or name another folder",
            mode & 0o7777
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn refusal(folder: &Path) -> Option<String> {
        check_folder(&folder.canonicalize().unwrap()).err().map(|error| error.to_string())
    }

    #[test]
    fn a_folder_that_others_can_write_to_or_replace_is_refused() {
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let refused = |outer_mode, inner_mode| {
            fs::set_permissions(outer.path(), Permissions::from_mode(outer_mode)).unwrap();
            fs::set_permissions(&inner, Permissions::from_mode(inner_mode)).unwrap();
            refusal(&inner)
        };
        assert_eq!(refused(0o755, 0o700), None);
        assert_eq!(refused(0o755, 0o755), None);
        assert_eq!(refused(0o1777, 0o700), None, "nobody else can rename what is in a sticky folder");
        for (outer_mode, inner_mode, told) in [
            (0o755, 0o770, "inner` (mode 0770)"),
            (0o755, 0o1777, "inner` (mode 1777)"),
            (0o777, 0o700, "(mode 0777)"),
            (0o775, 0o700, "(mode 0775)"),
        ] {
            let error = refused(outer_mode, inner_mode).unwrap();
            assert!(error.contains(told) && error.contains("chmod go-w"), "{error}");
        }
    }

    #[test]
    fn a_folder_of_another_user_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let metadata = fs::metadata(folder.path()).unwrap();
        let other = metadata.uid() + 1;
        for is_the_folder in [true, false] {
            let checked = check(folder.path(), &metadata, other, is_the_folder);
            // Root's own folders lead everywhere.
            assert_eq!(checked.is_err(), is_the_folder || metadata.uid() != ROOT, "{is_the_folder}");
        }
    }
}
