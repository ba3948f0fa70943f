//! Builds the host as it is handed out: optimised as a whole and for the calls that it serves, and then laid out anew by
//! llvm-bolt, so that code that runs together lies together. A call runs through some 370 KiB that the linker spreads over
//! 20 MiB, and a processor waits for most of it. Knows no call: `parlor-bench train` makes those that both are learnt from.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::debian::{self, Need};
use crate::workspace::Workspace;
use crate::{guests, step, toolchain};

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
    let profdata = toolchain::llvm_profdata(workspace)?;
    guests::build(workspace, &[])?;
    let folder = workspace.target().join("bolt");
    fs::create_dir_all(&folder).with_context(|| format!("`{}` can't be made", folder.display()))?;
    let bench = step::step("building what calls the host", || build_bench(workspace))?;
    let (counts, profile) = (folder.join("counts"), folder.join("parlor.profdata"));
    // Thin LTO takes half the time, and begins after what counts was put in: where, is the same in both builds.
    let counting = step::step("building a host that counts what it runs", || {
        build_host(workspace, &option("-Cprofile-generate", &counts), "-Clto=thin")
    })?;
    // The bench holds the calls that are counted.
    if !(is_newer(&profile, &counting) && is_newer(&profile, &bench)) {
        step::step("counting", || count(&profdata, &bench, &counting, &counts, &profile))?;
    }
    let host = step::step("building the host, which takes some twenty minutes more", || {
        // What refers to code is kept in the binary, or its code could not be moved.
        build_host(workspace, &option("-Cprofile-use", &profile), "-Clink-arg=-Wl,--emit-relocs")
    })?;
    let parlor = folder.join("parlor");
    // Cargo builds the host anew for another profile.
    if !is_newer(&parlor, &host) {
        step::step("laying out the host's code", || lay_out(&host, &bench, &parlor))?;
    }
    Ok(Dist { parlor, bench })
}

fn build_bench(workspace: &Workspace) -> Result<PathBuf> {
    // Apart from the host, so that the host is built exactly as it is handed out.
    step::run(dist(workspace, "build").args(["--package", "parlor-bench"]))?;
    Ok(workspace.members()?.target_directory.join("dist/parlor-bench"))
}

/// Builds the host with `flag` for it and all its packages, and `last` for itself.
fn build_host(workspace: &Workspace, flag: &str, last: &str) -> Result<PathBuf> {
    // With a target that is named, what only runs during the build is spared the flag.
    let target = workspace.host()?;
    let mut cargo = dist(workspace, "rustc");
    cargo.args(["--package", "parlor", "--bin", "parlor", "--target", &target, "--", last]);
    step::run(cargo.env("CARGO_ENCODED_RUSTFLAGS", flag))?;
    Ok(workspace.members()?.target_directory.join(target).join("dist/parlor"))
}

fn dist(workspace: &Workspace, command: &str) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args([command, "--locked", "--profile", "dist"]);
    cargo
}

/// Has `counting` answer calls, and writes how often its code ran to `profile`.
fn count(profdata: &Path, bench: &Path, counting: &Path, counts: &Path, profile: &Path) -> Result<()> {
    if counts.exists() {
        fs::remove_dir_all(counts).with_context(|| format!("`{}` can't be removed", counts.display()))?;
    }
    train(bench, counting, &profile.with_file_name("train"))?;
    step::read(Command::new(profdata).args(["merge", "-o"]).args([profile, counts])).map(drop)
}

/// Learns how often the code of `host` runs, and writes the same program in another order to `parlor`.
fn lay_out(host: &Path, bench: &Path, parlor: &Path) -> Result<()> {
    let (counting, counted) = (parlor.with_file_name("parlor-counting"), parlor.with_file_name("parlor.fdata"));
    step::read(bolt(host, &counting).arg("-instrument").arg(option("-instrumentation-file", &counted)))?;
    train(bench, &counting, &parlor.with_file_name("train"))?;
    let unfinished = parlor.with_file_name("parlor-unfinished");
    step::read(bolt(host, &unfinished).arg(option("-data", &counted)).args(LAYOUT))?;
    fs::rename(&unfinished, parlor).with_context(|| format!("`{}` can't be written", parlor.display()))
}

fn train(bench: &Path, parlor: &Path, output: &Path) -> Result<()> {
    step::run(Command::new(bench).arg("train").arg("--parlor").arg(parlor).arg("--output").arg(output))
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
