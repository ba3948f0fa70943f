//! The program: reads arguments and environment, and runs what they ask for.

use std::ffi::OsString;
use std::io::Write;
use std::iter;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use mimalloc::MiMalloc;
use parlor::app::{self, Manner, Surroundings};
use parlor::cli::{Cli, Command};
use parlor::componentize;
use parlor::daprd;
use parlor::egress::ProxyConfig;
use parlor::launch::{self, Destination};
use parlor::secret::Secret;
use parlor::telemetry::Logs;
use tokio::runtime::Builder;

/// Calls make hundreds of small allocations, and free many of them on another thread than they were made on.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let program = words.next().unwrap_or_default();
    let asked = if daprd::is_name(&program) { as_daprd(words) } else { as_parlor(iter::once(program).chain(words)) };
    let (command, manner) = match asked {
        Ok(asked) => asked,
        Err(code) => return code,
    };
    if let Err(error) = start_logs(&command, manner) {
        return refused(&format!("can't write the log: {error}"));
    }
    match run(command, manner) {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

type Asked = Result<(Command, Manner), ExitCode>;

fn as_parlor(words: impl Iterator<Item = OsString>) -> Asked {
    Cli::read(words).map(|cli| (cli.command, Manner::Parlor)).map_err(|error| {
        // It can't be told either when the stream is closed.
        let _ = error.print();
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1))
    })
}

fn as_daprd(words: impl Iterator<Item = OsString>) -> Asked {
    match daprd::read(words) {
        Ok(daprd::Asked::Serve(run)) => Ok((Command::Run(run), Manner::Daprd)),
        Ok(daprd::Asked::Wait(port)) => Ok((Command::Wait(port), Manner::Daprd)),
        Ok(daprd::Asked::Print(text)) => {
            let printed = writeln!(std::io::stdout(), "{text}");
            Err(if printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Err(error) => Err(refused(&error)),
    }
}

fn start_logs(command: &Command, manner: Manner) -> std::io::Result<()> {
    let Command::Run(run) = command else { return Logs::QUIET.start() };
    let logs = Logs {
        level: run.log_level,
        as_json: run.log_as_json,
        as_daprd: (manner == Manner::Daprd).then_some(run.app_id.as_str()),
        file: run.log_file.as_deref(),
        on_console_too: run.launch.log_destination != Destination::File,
    };
    logs.start()
}

fn run(command: Command, manner: Manner) -> anyhow::Result<ExitCode> {
    let mut builder = match &command {
        Command::Guard(_) | Command::Componentize(_) => Builder::new_current_thread(),
        Command::Run(_) | Command::Check(_) | Command::Inspect(_) | Command::Wait(_) => Builder::new_multi_thread(),
    };
    let runtime = builder.enable_all().build().context("can't start the runtime")?;
    let is_plain = matches!(command, Command::Check(_) | Command::Componentize(_) | Command::Inspect(_));
    let outcome = runtime.block_on(async {
        match command {
            Command::Run(args) => app::run(*args, surroundings(), manner).await,
            Command::Check(args) => app::check(args, surroundings()).await,
            Command::Inspect(args) => app::inspect(args).await,
            Command::Componentize(args) => componentize::run(&args),
            Command::Guard(args) => {
                launch::guard::run(&args.command, Duration::from_millis(args.grace)).await?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Wait(port) => daprd::wait::until_ready(port).await.map(|()| ExitCode::SUCCESS),
        }
    });
    // Calls that outlived the grace period are not waited for.
    runtime.shutdown_background();
    match outcome {
        // Their errors are for a person, and their code 1, where they have one, is an answer.
        Err(error) if is_plain => Ok(refused(&format!("{error:#}"))),
        outcome => outcome,
    }
}

/// Before there is a log.
fn refused(error: &str) -> ExitCode {
    // It can't be told when the stream is closed.
    let _ = writeln!(std::io::stderr(), "error: {error}");
    ExitCode::from(2)
}

fn failed(error: &anyhow::Error) -> ExitCode {
    tracing::error!("{error:#}");
    ExitCode::FAILURE
}

#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
fn surroundings() -> Surroundings {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let either = |upper: &str, lower: &str| variable(upper).or_else(|| variable(lower)).unwrap_or_default();
    let home = variable("HOME");
    Surroundings {
        api_token: variable("DAPR_API_TOKEN").map(Secret::new),
        namespace: variable("NAMESPACE"),
        proxy: ProxyConfig {
            https: either("HTTPS_PROXY", "https_proxy"),
            // The upper-case name can be set by a request where the host runs as a CGI program (CVE-2016-5385).
            http: variable("http_proxy").unwrap_or_default(),
            none: either("NO_PROXY", "no_proxy"),
        },
        cache: variable("XDG_CACHE_HOME")
            .or_else(|| home.as_ref().map(|home| format!("{home}/.cache")))
            .map(|cache| format!("{cache}/parlor").into()),
        home: home.map(PathBuf::from),
    }
}
