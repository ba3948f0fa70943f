//! Builds the host as it is handed out: optimised as a whole, and then laid out anew by llvm-bolt, so that code that runs
//! together lies together. A call runs through some 370 KiB that the linker spreads over 20 MiB, and a processor waits
//! for most of it. Knows no call: `parlor-bench train` makes those that the layout is learnt from.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::debian::{self, Need};
use crate::workspace::Workspace;
use crate::{guests, step};

/// Named in full, because it looks for its library beside the name that it is called by.
const BOLT: &str = "/usr/lib/llvm-19/bin/llvm-bolt";

const NEEDS: [Need; 2] = [
    Need { test: "test -x /usr/lib/llvm-19/bin/llvm-bolt", packages: &["bolt-19"] },
    Need { test: "command -v wrk", packages: &["wrk"] },
];

/// How code is laid out: <https://github.com/llvm/llvm-project/blob/main/bolt/docs/CommandLineArgumentReference.md>.
const LAYOUT: [&str; 6] = [
    "-reorder-blocks=ext-tsp",
    "-reorder-functions=hfsort",
    "-split-functions",
    "-split-all-cold",
    "-split-eh",
    "-icf=1",
];

/// What is handed out, and what measures it.
pub(crate) struct Dist {
    pub(crate) parlor: PathBuf,
    pub(crate) bench: PathBuf,
}

/// Builds what is handed out, and says where it is.
pub(crate) fn command(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    let parlor = build(workspace)?.parlor;
    println!("xtask: {} ({} MiB)", parlor.display(), fs::metadata(&parlor)?.len() >> 20);
    Ok(())
}

/// Builds what changed.
///
/// # Errors
/// When something is missing that can't be installed, does not build, or does not answer the calls that it is trained with.
pub(crate) fn build(workspace: &Workspace) -> Result<Dist> {
    debian::ensure(&NEEDS)?;
    guests::build(workspace, &[])?;
    step::step("builds as they are handed out, which take some twenty minutes", || {
        // Apart, so that the host is built exactly as it is handed out.
        let cargo = |command, package| {
            let mut cargo = workspace.cargo();
            cargo.args([command, "--locked", "--profile", "dist", "--package", package]);
            cargo
        };
        // What refers to code is kept in the binary, or its code could not be moved.
        step::run(cargo("rustc", "parlor").args(["--bin", "parlor", "--", "-C", "link-arg=-Wl,--emit-relocs"]))?;
        step::run(&mut cargo("build", "parlor-bench"))
    })?;
    let linked = workspace.members()?.target_directory.join("dist");
    let (host, bench) = (linked.join("parlor"), linked.join("parlor-bench"));
    let parlor = workspace.target().join("bolt").join("parlor");
    // The bench holds the calls that the layout is learnt from.
    if !(is_newer(&parlor, &host) && is_newer(&parlor, &bench)) {
        step::step("laying out the host's code", || lay_out(&host, &bench, &parlor))?;
    }
    Ok(Dist { parlor, bench })
}

/// Learns how often the code of `host` runs, and writes the same program in another order to `parlor`.
fn lay_out(host: &Path, bench: &Path, parlor: &Path) -> Result<()> {
    let folder = parlor.parent().context("a binary without a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("`{}` can't be made", folder.display()))?;
    let (counting, counted) = (folder.join("parlor-counting"), folder.join("parlor.fdata"));
    step::read(bolt(host, &counting).arg("-instrument").arg(option("-instrumentation-file", &counted)))?;
    step::run(Command::new(bench).arg("train").arg("--parlor").arg(&counting).arg("--output").arg(folder))?;
    let unfinished = folder.join("parlor-unfinished");
    step::read(bolt(host, &unfinished).arg(option("-data", &counted)).args(LAYOUT))?;
    fs::rename(&unfinished, parlor).with_context(|| format!("`{}` can't be written", parlor.display()))
}

fn bolt(from: &Path, to: &Path) -> Command {
    let mut bolt = Command::new(BOLT);
    bolt.arg(from).arg("-o").arg(to);
    bolt
}

fn option(name: &str, value: &Path) -> String {
    format!("{name}={}", value.display())
}

fn is_newer(file: &Path, than: &Path) -> bool {
    let time = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    time(file) > time(than)
}
