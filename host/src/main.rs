//! The program: reads arguments and environment, and runs what they ask for.

use std::process::ExitCode;

use clap::Parser;
use parlor::app::{self, Surroundings};
use parlor::cli::{Cli, Command};
use parlor::egress::ProxyConfig;
use parlor::secret::Secret;
use parlor::telemetry::{self, LogLevel};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let surroundings = surroundings();
    match &cli.command {
        Command::Run(args) => telemetry::start(args.log_level, args.log_as_json),
        Command::Check(_) => telemetry::start(LogLevel::Warn, false),
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::Error::from(error).context("can't start the runtime")),
    };
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Run(args) => app::run(*args, surroundings).await,
            Command::Check(args) => app::check(args, surroundings).await,
        }
    });
    // Calls that outlived the grace period are not waited for.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| failed(&error))
}

fn failed(error: &anyhow::Error) -> ExitCode {
    tracing::error!("{error:#}");
    ExitCode::FAILURE
}

#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
fn surroundings() -> Surroundings {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let either = |upper: &str, lower: &str| variable(upper).or_else(|| variable(lower)).unwrap_or_default();
    let home = || variable("HOME").map(|home| format!("{home}/.cache"));
    Surroundings {
        api_token: variable("DAPR_API_TOKEN").map(Secret::new),
        namespace: variable("NAMESPACE"),
        proxy: ProxyConfig {
            https: either("HTTPS_PROXY", "https_proxy"),
            // The upper-case name can be set by a request where the host runs as a CGI program (CVE-2016-5385).
            http: variable("http_proxy").unwrap_or_default(),
            none: either("NO_PROXY", "no_proxy"),
        },
        cache: variable("XDG_CACHE_HOME").or_else(home).map(|cache| format!("{cache}/parlor").into()),
    }
}
