//! What must pass before a change is kept: the lints and the tests, quickest to fail first. Each check is one step
//! that says how long it took.

use std::process::Command;

use anyhow::Result;

use crate::step::{run, step, succeeds};
use crate::workspace::Workspace;
use crate::{clients, guests, servers};

/// Every test. The words after the command are filters, as `cargo test` takes them.
///
/// Each step selects the whole workspace, so that all of them share one set of features and nothing is compiled twice.
/// The tests find the host beside themselves in cargo's target folder, components in `target/components` and servers in
/// `target/servers` and clients in `target/clients`, so `cargo test` alone works as well once this has run.
pub(crate) fn test(workspace: &Workspace, filters: &[String]) -> Result<()> {
    guests::build(workspace, &[])?;
    let cargo = |what: &[&str]| {
        let mut cargo = workspace.cargo();
        cargo.args(what).args(["--locked", "--workspace"]);
        cargo
    };
    let tests = |targets: &[&str]| run(cargo(&["test"]).args(targets).arg("--").args(filters));
    step("tests without a port", || tests(&["--lib", "--bins"]))?;
    step("documentation tests", || tests(&["--doc"]))?;
    step("servers for the tests", || servers::ensure(workspace))?;
    step("clients for the tests", || clients::build(workspace, &[]))?;
    step("the host", || run(cargo(&["build"]).args(["--bin", "parlor"])))?;
    step("tests of the whole program", || tests(&["--test", "*"]))
}

/// Everything but the tests.
pub(crate) fn lint(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    step("format", || {
        run(workspace.cargo().args(["fmt", "--all", "--check"]))?;
        // A workspace of its own, which `--all` does not reach.
        run(workspace.cargo().args(["fmt", "--check", "--manifest-path", "tests/clients/rust/Cargo.toml"]))
    })?;
    step("dependencies", || deny(workspace))?;
    guests::build(workspace, &[])?;
    step("clippy", || {
        let clippy = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
        run(workspace.cargo().args(clippy))
    })?;
    step("documentation", || {
        let doc = ["doc", "--locked", "--workspace", "--no-deps"];
        run(workspace.cargo().args(doc).env("RUSTDOCFLAGS", "-D warnings"))
    })
}

/// Lints, then tests.
pub(crate) fn ci(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    step("lints", || lint(workspace, &[]))?;
    step("tests", || test(workspace, &[]))
}

fn deny(workspace: &Workspace) -> Result<()> {
    let program = servers::cargo_deny(workspace)?;
    let deny = |arguments: &[&str]| {
        let mut deny = Command::new(&program);
        deny.current_dir(&workspace.root).args(["--locked", "--config", ".deny.toml"]).args(arguments);
        deny
    };
    run(&mut deny(&["check", "--hide-inclusion-graph", "bans", "licenses", "sources"]))?;
    // Fetched apart: a database that can't be reached is no finding, and a finding is no accident of the network.
    if !succeeds(&mut deny(&["fetch", "db"])) {
        println!("xtask: advisories not checked: their database can't be reached from here");
        return Ok(());
    }
    run(&mut deny(&["check", "advisories"]))
}
