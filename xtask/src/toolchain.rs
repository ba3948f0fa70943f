//! Finds a compiler for `wasm32-unknown-unknown`: the installed target, else the one rustup can fetch, else Debian's
//! own. And what reads the counts of a program that rustup's compiler made count. Compiles nothing itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{debian, step};

/// The target of every guest.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's compiler, its cargo, the sources of the standard library, and a linker for WebAssembly.
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];
const DEBIAN_LINKER: &str = "wasm-ld-22";

/// What `cargo xtask` inherits from rustup's cargo, or a developer sets for native code. All of it would lead another
/// compiler, or another target, astray.
const FOREIGN: [&str; 13] = [
    "CARGO",
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "LD_LIBRARY_PATH",
    "RUSTC",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    "RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
];

/// A compiler for guests.
pub(crate) enum Toolchain {
    /// The toolchain that runs these commands has the target.
    Rustup,
    /// Debian's, which builds the standard library from its sources first.
    Debian,
}

impl Toolchain {
    /// Finds one, installing what is missing where that is possible without asking.
    ///
    /// # Errors
    /// When there is none and none can be installed; says how to get one.
    pub(crate) fn find(workspace: &Workspace) -> Result<Self> {
        if rustup_has_target(workspace)? {
            return Ok(Self::Rustup);
        }
        // Debian's packages, once there, are not given up for a download.
        if debian::installed(&DEBIAN_PACKAGES) {
            return Ok(Self::Debian);
        }
        if rustup_adds_target(workspace) && rustup_has_target(workspace)? {
            return Ok(Self::Rustup);
        }
        debian::install(&DEBIAN_PACKAGES).with_context(|| {
            format!("no compiler for `{TARGET}`; run `rustup target add {TARGET}` where it can download")
        })?;
        Ok(Self::Debian)
    }

    /// `cargo build` for guests, still without packages.
    pub(crate) fn build(&self, workspace: &Workspace) -> Command {
        let mut cargo = match self {
            Self::Rustup => workspace.cargo(),
            Self::Debian => debian_cargo(&workspace.root),
        };
        cargo.args(["build", "--locked", "--profile", "guest", "--target", TARGET]);
        if matches!(self, Self::Debian) {
            cargo.args(["-Z", "build-std=std,panic_abort"]);
        }
        cargo
    }

    /// Whose it is, for the line that is printed.
    pub(crate) fn owner(&self) -> &'static str {
        match self {
            Self::Rustup => "rustup's",
            Self::Debian => "Debian's",
        }
    }
}

fn rustup_has_target(workspace: &Workspace) -> Result<bool> {
    let libraries = workspace.rustc(&["--print", "target-libdir", "--target", TARGET])?;
    Ok(Path::new(libraries.trim()).is_dir())
}

fn rustup_adds_target(workspace: &Workspace) -> bool {
    println!("xtask: asking rustup for {TARGET}");
    // Without a network this must fail at once; there is another way.
    let mut rustup = Command::new("rustup");
    step::succeeds(rustup.current_dir(&workspace.root).env("RUSTUP_MAX_RETRIES", "0").args(["target", "add", TARGET]))
}

/// What merges the counts of an instrumented program: no other than the compiler's own reads them for sure.
///
/// # Errors
/// When the toolchain does not have it, and rustup can't fetch it.
pub(crate) fn llvm_profdata(workspace: &Workspace) -> Result<PathBuf> {
    let sysroot = workspace.rustc(&["--print", "sysroot"])?;
    let bin = Path::new(sysroot.trim()).join("lib/rustlib").join(workspace.host()?).join("bin");
    let profdata = bin.join("llvm-profdata");
    if !profdata.exists() {
        println!("xtask: asking rustup for llvm-tools");
        let mut rustup = Command::new("rustup");
        step::read(rustup.current_dir(&workspace.root).args(["component", "add", "llvm-tools"]))?;
    }
    Ok(profdata)
}

fn debian_cargo(root: &Path) -> Command {
    let mut cargo = Command::new("/usr/bin/cargo");
    cargo.current_dir(root);
    for name in FOREIGN {
        cargo.env_remove(name);
    }
    cargo.env("RUSTC", "/usr/bin/rustc");
    // `-Z build-std` is the one unstable thing that is used here.
    cargo.env("RUSTC_BOOTSTRAP", "1");
    // It looks for a `rust-lld` that Debian does not ship.
    cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_LINKER);
    cargo
}
