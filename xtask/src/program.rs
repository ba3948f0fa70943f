//! Builds and starts the programs of this repository: the host itself and its benchmark. Checks nothing.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Error, Result};

use crate::debian::{self, Need};
use crate::workspace::Workspace;
use crate::{guests, step};

const LOAD_GENERATOR: [Need; 1] = [Need { test: "command -v wrk", packages: &["wrk"] }];

/// Becomes the host, serving the components of `components/`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    guests::build(workspace, &[])?;
    println!("xtask: building and starting parlor");
    let mut cargo = workspace.cargo();
    cargo.args(["run", "--locked", "--release", "--package", "parlor", "--", "run"]);
    cargo.args(["--resources-path", "components"]);
    cargo.args(arguments.iter().skip_while(|argument| *argument == "--"));
    // Replaced, not started: a signal then reaches the host, and its exit status is ours.
    Err(Error::new(cargo.exec()).context("`cargo` can't be started"))
}

/// Measures the host beside its floor and a bare proxy.
pub(crate) fn bench(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    debian::ensure(&LOAD_GENERATOR)?;
    guests::build(workspace, &[])?;
    step::step("builds as they are handed out, which take some twenty minutes", || {
        // Apart, so that the host is built exactly as it is handed out.
        step::run(workspace.cargo().args(["build", "--locked", "--profile", "dist", "--package", "parlor"]))?;
        step::run(workspace.cargo().args(["build", "--locked", "--profile", "dist", "--package", "parlor-bench"]))
    })?;
    let built = workspace.members()?.target_directory.join("dist");
    let mut bench = Command::new(built.join("parlor-bench"));
    bench.arg("run").arg("--parlor").arg(built.join("parlor"));
    bench.arg("--providers").arg(workspace.components().join("providers"));
    bench.arg("--output").arg(workspace.target().join("bench")).args(arguments);
    step::run(&mut bench).context("the benchmark did not finish")
}
