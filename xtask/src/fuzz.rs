//! Searches for inputs that break a rule of `tests/fuzz`, with libFuzzer. Needs no nightly compiler: what libFuzzer wants to
//! know of the code are options that a stable one has, and no sanitizer is used, because what is searched has no
//! `unsafe` to watch.

use std::process::Command;

use anyhow::{Context, Result};

use crate::debian::{self, Need};
use crate::guests;
use crate::step;
use crate::workspace::Workspace;

const CXX: [Need; 1] = [Need { test: "command -v c++", packages: &["g++"] }];
const TARGETS: [&str; 5] = ["component", "json", "protobuf", "scrub", "yaml"];
const SECONDS: &str = "60";

/// Searches for so many seconds in each target. What breaks a rule is left in `target/fuzz/TARGET`.
pub(crate) fn fuzz(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let seconds = arguments.first().map_or(SECONDS, String::as_str);
    seconds.parse::<u32>().with_context(|| format!("`{seconds}` is no number of seconds"))?;
    debian::ensure(&CXX)?;
    guests::build(workspace, &[])?;
    step::step("build", || step::run(&mut build(workspace)))?;
    for target in TARGETS {
        step::step(target, || step::run(&mut search(workspace, target, seconds)?))?;
    }
    Ok(())
}

/// Everything but our own crates is built as for the tests, and so not built again.
fn build(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--locked", "--workspace", "--features", "parlor-fuzz/libfuzzer"]);
    cargo.args(TARGETS.iter().flat_map(|target| ["--bin".to_owned(), format!("fuzz-{target}")]));
    cargo.env("RUSTC_WORKSPACE_WRAPPER", workspace.root.join("tests/fuzz/rustc"));
    cargo
}

/// New cases go to `target`, not among those that are kept.
fn search(workspace: &Workspace, target: &str, seconds: &str) -> Result<Command> {
    let found = workspace.target().join("fuzz").join(target);
    std::fs::create_dir_all(&found).with_context(|| format!("`{}` can't be made", found.display()))?;
    let program = workspace.members()?.target_directory.join("debug").join(format!("fuzz-{target}"));
    let mut search = Command::new(program);
    search.arg(format!("-max_total_time={seconds}")).arg(format!("-artifact_prefix={}/broken-", found.display()));
    search.args(["-max_len=4096", "-timeout=10", "-print_final_stats=1"]);
    search.arg(&found).arg(workspace.root.join("tests/fuzz/corpus").join(target));
    Ok(search)
}
