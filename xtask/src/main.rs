//! The commands of this repository: `cargo xtask COMMAND`. This file only finds the command that was asked for; it
//! does none of the work.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "these commands talk to a person on a terminal")]

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

mod by_hand;
mod checks;
mod clients;
mod debian;
mod dist;
mod fuzz;
mod guests;
mod pii;
mod program;
mod receipt;
mod servers;
mod step;
mod toolchain;
mod wit;
mod workspace;

type Command = fn(&Workspace, &[String]) -> Result<()>;

/// Name, what it does, and how: the order is the order of the help text.
const COMMANDS: [(&str, &str, Command); 11] = [
    ("run", "build everything and serve: run [-- ARGUMENTS OF `parlor run`]", program::run),
    ("test", "run every test, installing what the tests need: test [FILTER…]", checks::test),
    ("lint", "check format, lints, documentation, licences and advisories", checks::lint),
    ("ci", "lint, then test: what must pass before a change is kept", checks::ci),
    ("bench", "measure against the floor and a bare proxy: bench [--quick] [--only ROW]", program::bench),
    ("dist", "build the host as it is handed out into target/bolt/parlor", dist::command),
    ("fuzz", "search for what breaks a rule of tests/fuzz, with libFuzzer: fuzz [SECONDS]", fuzz::fuzz),
    ("pii", "score the scrubber on labelled cases: pii FILE.jsonl [--spans OUT.jsonl]", pii::score),
    ("guests", "build every provider and guest to a component in target/components", guests::build),
    ("clients", "build the programs that call through Dapr's SDKs into target/clients", clients::build),
    ("wit", "lay WASI's packages into wit/deps and check that wit/ is whole", wit::lay),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    match dispatch(&name, &rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(name: &str, arguments: &[String]) -> Result<()> {
    if matches!(name, "" | "help" | "-h" | "--help") {
        println!("{}", usage());
        return Ok(());
    }
    let Some((_, _, command)) = COMMANDS.iter().find(|(known, _, _)| *known == name) else {
        bail!("there is no command `{name}`\n{}", usage());
    };
    command(&Workspace::find()?, arguments)
}

fn usage() -> String {
    let mut text = String::from("usage: cargo xtask COMMAND");
    for (name, purpose, _) in COMMANDS {
        text.push_str(&format!("\n  {name:<7} {purpose}"));
    }
    text
}
