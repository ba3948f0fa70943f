//! Builds and starts the programs of this repository: the host itself and its benchmark. Checks nothing.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Error, Result};

use crate::workspace::Workspace;
use crate::{dist, guests, step};

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
    let dist = dist::build(workspace)?;
    let mut bench = Command::new(dist.bench);
    bench.arg("run").arg("--parlor").arg(dist.parlor);
    bench.arg("--providers").arg(workspace.components().join("providers"));
    bench.arg("--output").arg(workspace.target().join("bench")).args(arguments);
    step::run(&mut bench).context("the benchmark did not finish")
}
