//! Brings in what a bare Debian machine lacks, or says in one line what is missing. Never removes a package, and asks
//! for no password.

use std::process::Command;

use anyhow::{Result, bail};

use crate::step;

/// Something a command needs that is not Rust's.
pub(crate) struct Need {
    /// A line of `sh` that succeeds where it is present.
    pub(crate) test: &'static str,
    /// The Debian packages that bring it.
    pub(crate) packages: &'static [&'static str],
}

/// Makes sure of every need; costs a few processes where all are met.
///
/// # Errors
/// When something is missing and can't be installed from here.
pub(crate) fn ensure(needs: &[Need]) -> Result<()> {
    let missing: Vec<&str> =
        needs.iter().filter(|need| !met(need.test)).flat_map(|need| need.packages.iter().copied()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing)
}

/// Installs Debian packages as root, or through a `sudo` that asks nothing.
///
/// # Errors
/// When this is not Debian, when there is no way to be root, or when apt fails or would have to remove something.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    if !met("command -v apt-get") {
        bail!("missing here, by Debian's names: `{names}`; install them with this system's package manager");
    }
    let Some(apt) = apt_as_root() else {
        bail!("missing: `{names}`; run `sudo apt-get install --no-install-recommends {names}`");
    };
    println!("xtask: installing {names}");
    let install = || {
        let options = ["install", "-y", "-qq", "--no-install-recommends", "--no-remove"];
        step::read(apt().args(options).args(packages))
    };
    // A fresh image has no package lists, and old lists name files that are gone.
    if install().is_err() {
        step::read(apt().args(["update", "-qq"]))?;
        install()?;
    }
    Ok(())
}

/// Whether all of these packages are installed.
pub(crate) fn installed(packages: &[&str]) -> bool {
    let query = ["--show", "--showformat=${db:Status-Status}\n"];
    let answer = step::read(Command::new("dpkg-query").args(query).args(packages));
    answer.is_ok_and(|states| states.lines().all(|state| state == "installed"))
}

fn met(test: &str) -> bool {
    // Debian keeps servers in /usr/sbin, which is not on everybody's PATH.
    step::succeeds(Command::new("sh").args(["-c", &format!("PATH=\"$PATH:/usr/sbin\"; {test}")]))
}

fn apt_as_root() -> Option<fn() -> Command> {
    if met("test \"$(id -u)\" = 0") {
        return Some(|| quiet(Command::new("env")));
    }
    met("sudo -n true").then_some(|| {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "env"]);
        quiet(sudo)
    })
}

fn quiet(mut env: Command) -> Command {
    env.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    env
}
