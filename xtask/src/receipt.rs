//! Installs things once: a folder that is finished holds a receipt of what was asked for. Knows nothing of what is
//! installed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::step;

/// Fills `folder` anew unless a finished installation of exactly `wanted` is there; `what` names it on the terminal.
///
/// # Errors
/// When the folder can't be written, or `install` fails; there is then no receipt, so the next run starts afresh.
pub(crate) fn once(
    folder: &Path,
    what: &str,
    wanted: &str,
    install: impl FnOnce(&Path) -> Result<String>,
) -> Result<()> {
    let receipt = folder.join("installed");
    if fs::read_to_string(&receipt).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    step::step(&format!("installing {what}"), || {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("`{}` can't be removed", folder.display()))?;
        }
        fs::create_dir_all(folder).with_context(|| format!("`{}` can't be made", folder.display()))?;
        install(folder)?;
        fs::write(&receipt, wanted).with_context(|| format!("`{}` can't be written", receipt.display()))
    })
}
