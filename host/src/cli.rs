//! The command line, in daprd's and `dapr run`'s words where they have one.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::api::cors::AllowedOrigins;
use crate::api::listen::parse_address;
use crate::app_health::{AppProtocol, CheckPath};
use crate::duration;
use crate::launch::{Destination, Output};
use crate::quantity;
use crate::telemetry::LogLevel;

/// Flags of `dapr run` that have no meaning here: name, short form, and whether a value follows.
const IN_VAIN: &[(&str, Option<char>, bool)] = &[
    ("app-max-concurrency", None, true),
    ("app-ssl", None, false),
    ("config", Some('c'), true),
    ("dapr-internal-grpc-port", Some('I'), true),
    ("enable-profiling", None, false),
    ("placement-host-address", None, true),
    ("profile-port", None, true),
    ("runtime-path", None, true),
    ("scheduler-host-address", None, true),
];

const CODES_OF_CHECK: &str = "Exit code: 0 when there is no error (there may be warnings), 1 when there is one, 2 when nothing could be checked.";
const CODES_OF_INSPECT: &str =
    "Exit code: 0 when the provider can be served, 1 when it can't, 2 when there is nothing to inspect.";

/// A host for conversations with large language models, where every provider runs in a sandbox.
#[derive(Debug, Parser)]
#[command(name = "parlor", version, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads a command line, of which the first word is the program.
    ///
    /// # Errors
    /// What is wrong with it, or the help or version that it asks for.
    pub fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut whole = Self::whole();
        let matches = whole.try_get_matches_from_mut(words)?;
        let mut cli = Self::from_arg_matches(&matches)?;
        if let (Command::Run(run), Some((name, matches))) = (&mut cli.command, matches.subcommand())
            && let Some(command) = whole.find_subcommand(name)
        {
            run.asked = Asked::of(command, matches);
        }
        Ok(cli)
    }

    /// The command line with Dapr's flags that have no meaning here.
    fn whole() -> clap::Command {
        Self::command().mut_subcommand("run", |run| {
            IN_VAIN.iter().fold(run, |run, (name, short, has_value)| {
                let action = if *has_value { ArgAction::Append } else { ArgAction::SetTrue };
                let flag = Arg::new(*name).long(*name).hide(true).action(action).allow_hyphen_values(*has_value);
                run.arg(if let Some(short) = short { flag.short(*short) } else { flag })
            })
        })
    }
}

impl Asked {
    fn of(command: &clap::Command, matches: &ArgMatches) -> Self {
        let is_given = |flag: &&Arg| matches.value_source(flag.get_id().as_str()) == Some(ValueSource::CommandLine);
        let given: Vec<&str> = command.get_arguments().filter(is_given).filter_map(Arg::get_long).collect();
        let written = |wanted: &dyn Fn(&str) -> bool| {
            given.iter().filter(|flag| wanted(flag)).map(|flag| format!("--{flag}")).collect()
        };
        let of_several = ["run-file", "log-level", "log-as-json", "log-file", "dapr-graceful-shutdown-seconds"];
        Self {
            beside_run_file: written(&|flag| !of_several.contains(&flag)),
            http_port: given.contains(&"dapr-http-port"),
            grpc_port: given.contains(&"dapr-grpc-port"),
            metrics_port: given.contains(&"metrics-port"),
            in_vain: written(&|flag| IN_VAIN.iter().any(|(name, ..)| *name == flag)),
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the components of one or more folders, and run an app beside
    Run(Box<Run>),
    /// Check component files and the providers they name, and report every mistake
    #[command(after_help = CODES_OF_CHECK)]
    Check(Check),
    /// Tell what a provider is: what it imports, wants to reach and costs, and whether it can be served
    #[command(after_help = CODES_OF_INSPECT)]
    Inspect(Inspect),
    /// Make a component of a provider's core module, as a compiler makes it
    Componentize(Componentize),
    /// Start an app on behalf of a host, which speaks to this process over its standard input
    #[command(hide = true)]
    Guard(Guard),
    /// Wait until a host on a port can be called, as `daprd --wait` does
    #[command(skip)]
    Wait(u16),
}

#[derive(Debug, Args)]
pub struct Run {
    /// Folder of component files; may be given more than once
    #[arg(long = "resources-path", aliases = ["components-path"], short_alias = 'd', value_name = "DIR", default_value = "components")]
    pub resources_path: Vec<PathBuf>,
    /// Name of the application, which `scopes` in component files list
    #[arg(long, short = 'a', value_name = "ID", default_value = "parlor")]
    pub app_id: String,
    /// Port of the HTTP API; 0 takes any free port. With an app, any is taken as well where the default isn't free
    #[arg(long, short = 'H', value_name = "PORT", default_value_t = 3500, value_parser = port, allow_negative_numbers = true)]
    pub dapr_http_port: u16,
    /// Port of the gRPC API; 0 takes any free port
    #[arg(long, short = 'G', value_name = "PORT", default_value_t = 50001, value_parser = port, allow_negative_numbers = true)]
    pub dapr_grpc_port: u16,
    /// Addresses that the API listens on, separated by commas; an empty one is all that there are
    #[arg(long, value_name = "ADDRESS,…", default_value = "127.0.0.1", value_delimiter = ',', value_parser = parse_address)]
    pub dapr_listen_addresses: Vec<IpAddr>,
    /// Listen on socket files in this folder, which only their owner may connect to, and on no port
    #[arg(long, value_name = "DIR")]
    pub unix_domain_socket: Option<PathBuf>,
    /// Origins whose pages may call from a browser, separated by commas; `*` is all of them
    #[arg(long, value_name = "ORIGIN,…", default_value = "")]
    pub allowed_origins: AllowedOrigins,
    /// Largest request body and gRPC message, such as `4Mi`; 0 is no limit
    #[arg(long, value_name = "SIZE", default_value = "4Mi", value_parser = body_size, allow_hyphen_values = true)]
    pub max_body_size: usize,
    /// Largest head of a request, such as `4Ki`; 4 KiB more are let pass, as daprd does
    #[arg(long, value_name = "SIZE", default_value = "4Ki", value_parser = head_size, allow_hyphen_values = true)]
    pub read_buffer_size: usize,
    /// The same in KiB, by its old name
    #[arg(long, value_name = "KIB", hide = true, conflicts_with = "read_buffer_size", value_parser = kibibytes, allow_hyphen_values = true)]
    pub dapr_http_read_buffer_size: Option<usize>,
    /// Memory for cached answers, such as `64Mi`; the least recently used make room for others
    #[arg(long, value_name = "SIZE", default_value = "64Mi", value_parser = bytes)]
    pub cache_size: usize,
    /// Seconds that accepted calls have to finish in after SIGTERM or SIGINT
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = grace)]
    pub dapr_graceful_shutdown_seconds: u64,
    /// How much is logged
    #[arg(long, value_name = "LEVEL", default_value = "info", ignore_case = true)]
    pub log_level: LogLevel,
    /// Log JSON
    #[arg(long)]
    pub log_as_json: bool,
    /// File to log to, in place of standard error
    #[arg(long, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Log every call of the API
    #[arg(long)]
    pub enable_api_logging: bool,
    /// Don't start unless every component is right
    #[arg(long)]
    pub strict: bool,
    #[command(flatten)]
    pub metrics: MetricsArgs,
    #[command(flatten)]
    pub app: AppArgs,
    #[command(flatten)]
    pub sandbox: SandboxArgs,
    #[command(flatten)]
    pub launch: LaunchArgs,
    /// What of the above was asked for, and what else
    #[arg(skip)]
    pub asked: Asked,
}

/// Where Prometheus finds what the host counts.
#[derive(Debug, Args)]
pub struct MetricsArgs {
    /// Port of the metrics; 0 takes any free port. Where the default isn't free, an app beside gets any other, and without
    /// an app there are no metrics
    #[arg(long, short = 'M', value_name = "PORT", default_value_t = 9090, value_parser = port, allow_negative_numbers = true)]
    pub metrics_port: u16,
    /// Address that the metrics are served on; an empty one is all that there are
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0", value_parser = parse_address)]
    pub metrics_listen_address: IpAddr,
    /// Whether metrics are served
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, default_value_t = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub enable_metrics: bool,
}

/// What is known of the application beside the host. Numbers are daprd's units; `250ms` and the like may be written too.
#[derive(Debug, Args)]
pub struct AppArgs {
    /// Port that the application listens on, which it finds in APP_PORT; the host is ready when it does
    #[arg(long, short = 'p', value_name = "PORT", value_parser = port, allow_negative_numbers = true)]
    pub app_port: Option<u16>,
    /// How the application is spoken to, which it finds in APP_PROTOCOL
    #[arg(long, short = 'P', value_name = "PROTOCOL", default_value = "http", ignore_case = true)]
    pub app_protocol: AppProtocol,
    /// Where the application is, which it finds in APP_CHANNEL_ADDRESS
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1")]
    pub app_channel_address: String,
    /// Ask the application how it is
    #[arg(long)]
    pub enable_app_health_check: bool,
    /// Path that it is asked on
    #[arg(long, value_name = "PATH", default_value = "/healthz")]
    pub app_health_check_path: CheckPath,
    /// Seconds from one question to the next
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub app_health_probe_interval: Duration,
    /// Milliseconds that it has to answer in
    #[arg(long, value_name = "MILLISECONDS", default_value = "500", value_parser = milliseconds)]
    pub app_health_probe_timeout: Duration,
    /// Failures in a row that make it unwell
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub app_health_threshold: u32,
}

impl AppArgs {
    /// The application's port; 0 and -1 say, as no flag does, that it has none.
    pub fn port(&self) -> Option<u16> {
        self.app_port.filter(|port| *port != 0)
    }
}

/// The app that is run beside the host.
#[derive(Debug, Args)]
pub struct LaunchArgs {
    /// Run the apps of a file such as `dapr.yaml`, each with a host of its own; a folder means its `dapr.yaml`
    #[arg(long, short = 'f', value_name = "FILE", conflicts_with = "command")]
    pub run_file: Option<PathBuf>,
    /// What begins each line of the app's output
    #[arg(long, value_name = "TEXT", default_value = "== APP == ", hide = true)]
    pub app_log_prefix: String,
    /// File that the app's output goes to
    #[arg(long, value_name = "FILE", hide = true)]
    pub app_log_file: Option<PathBuf>,
    /// Where the app's output goes
    #[arg(long, value_name = "PLACE", default_value = "console", hide = true)]
    pub app_log_destination: Destination,
    /// Where the host's own log goes when it has a file
    #[arg(long, value_name = "PLACE", default_value = "file", hide = true)]
    pub log_destination: Destination,
    /// Folder that the app is started in
    #[arg(long, value_name = "DIR", hide = true)]
    pub app_directory: Option<PathBuf>,
    /// The app: a program and its arguments, started once the host serves
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

impl LaunchArgs {
    /// Whether there is an app to run beside.
    pub fn has_app(&self) -> bool {
        !self.command.is_empty()
    }

    /// What is done with the app's output.
    pub fn output(&self) -> Output<'_> {
        let on_console = self.app_log_destination != Destination::File;
        let in_file = self.app_log_destination != Destination::Console;
        Output {
            prefix: on_console.then_some(self.app_log_prefix.as_str()),
            file: self.app_log_file.as_deref().filter(|_| in_file),
        }
    }
}

/// What only the whole command line tells.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Whether the HTTP port was named, so that no other will do.
    pub http_port: bool,
    /// Whether the gRPC port was named.
    pub grpc_port: bool,
    /// Whether the port of the metrics was named.
    pub metrics_port: bool,
    /// Flags that were given beside a run file, which has them from nobody else.
    pub beside_run_file: Vec<String>,
    /// Flags of Dapr's that were given and have no meaning here, as they were written.
    pub in_vain: Vec<String>,
}

/// The process between a host and its app.
#[derive(Debug, Args)]
pub struct Guard {
    /// Milliseconds that the app has to end in
    #[arg(long)]
    pub grace: u64,
    #[arg(last = true, required = true)]
    pub command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub struct Check {
    /// Folders of component files, or single files
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Print JSON: every mistake with its file, line, column and remedy, and every component with what it is granted
    #[arg(long)]
    pub json: bool,
    /// Name of the application, which `scopes` in component files list
    #[arg(long, value_name = "ID", default_value = "parlor")]
    pub app_id: String,
    #[command(flatten)]
    pub sandbox: SandboxArgs,
}

#[derive(Debug, Args)]
pub struct Inspect {
    /// A `.wasm` file, or the type of a built-in provider such as `conversation.openai`
    #[arg(value_name = "FILE")]
    pub artifact: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Folder of `NAME.wasm` files that serve `conversation.NAME`, beside or in place of the built-in providers
    #[arg(long, value_name = "DIR")]
    pub providers_path: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Componentize {
    /// The `.wasm` that the compiler made
    #[arg(value_name = "FILE")]
    pub module: PathBuf,
    /// File to write, in one step [default: beside it, as `.component.wasm`]
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// What both commands need to load a provider.
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// Folder of `NAME.wasm` files that serve `conversation.NAME`, beside or in place of the built-in providers
    #[arg(long, value_name = "DIR")]
    pub providers_path: Option<PathBuf>,
    /// Folder that keeps compiled providers for the next start [default: the user's cache folder]
    #[arg(long, value_name = "DIR")]
    pub compile_cache: Option<PathBuf>,
    /// PEM file of certificate authorities to trust besides the platform's and Mozilla's
    #[arg(long, value_name = "FILE")]
    pub extra_ca_file: Option<PathBuf>,
}

/// Daprd's forms: -1 is the default, 0 and what is below -1 are no limit.
fn body_size(text: &str) -> Result<usize, String> {
    const DEFAULT: usize = 4 << 20;
    match text {
        "-1" => Ok(DEFAULT),
        text => Ok(match bytes(text.strip_prefix('-').unwrap_or(text))? {
            0 => usize::MAX,
            _ if text.starts_with('-') => usize::MAX,
            size => size,
        }),
    }
}

/// Daprd's forms: what is not above 0 is the default.
fn head_size(text: &str) -> Result<usize, String> {
    const DEFAULT: usize = 4 << 10;
    let size = bytes(text.strip_prefix('-').unwrap_or(text))?;
    Ok(if size == 0 || text.starts_with('-') { DEFAULT } else { size })
}

fn kibibytes(text: &str) -> Result<usize, String> {
    let count: i32 = text.parse().map_err(|_| "write a number of KiB such as `4`".to_owned())?;
    head_size(&format!("{count}Ki"))
}

fn bytes(text: &str) -> Result<usize, String> {
    let bytes = quantity::parse(text).and_then(|bytes| usize::try_from(bytes).ok());
    bytes.ok_or_else(|| "write an amount of bytes such as `4Mi`".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    above_zero(duration::parse_or_seconds(text).map_err(|error| error.to_string())?)
}

/// Bounded, because times are made of it by adding to it.
fn grace(text: &str) -> Result<u64, String> {
    const YEAR: u64 = 365 * 24 * 60 * 60;
    let seconds = text.parse().ok().filter(|seconds| *seconds <= YEAR);
    seconds.ok_or_else(|| format!("write a number of seconds between 0 and {YEAR}, which is a year"))
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let text = if is_number { format!("{text}ms") } else { text.to_owned() };
    above_zero(duration::parse(&text).map_err(|error| error.to_string())?)
}

fn above_zero(duration: Duration) -> Result<Duration, String> {
    if duration.is_zero() { Err("it must be longer than 0".to_owned()) } else { Ok(duration) }
}

/// Any port; `-1` is what Dapr's command writes for one that is not given.
fn port(text: &str) -> Result<u16, String> {
    if text == "-1" {
        return Ok(0);
    }
    text.parse().map_err(|_| "write a port between 0 and 65535".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::all_flags;

    #[test]
    fn sizes_are_read_as_daprd_reads_them() {
        for (text, size) in [
            ("4Mi", Some(4 << 20)),
            ("-1", Some(4 << 20)),
            ("0", Some(usize::MAX)),
            ("-2", Some(usize::MAX)),
            ("-5Mi", Some(usize::MAX)),
            ("100", Some(100)),
            ("much", None),
            ("--1", None),
        ] {
            assert_eq!(body_size(text).ok(), size, "{text}");
        }
        for (text, size) in [("4Ki", Some(4096)), ("-1", Some(4096)), ("0", Some(4096)), ("1", Some(1)), ("", None)] {
            assert_eq!(head_size(text).ok(), size, "{text}");
        }
        assert_eq!((kibibytes("16"), kibibytes("-1")), (Ok(16 << 10), Ok(4096)));
        assert!(kibibytes("16Ki").is_err());
    }

    #[test]
    fn times_are_in_daprds_units_or_in_their_own() {
        assert_eq!(seconds("5"), Ok(Duration::from_secs(5)));
        assert_eq!(seconds("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(milliseconds("500"), Ok(Duration::from_millis(500)));
        assert_eq!(milliseconds("1s"), Ok(Duration::from_secs(1)));
        for bad in ["0", "0s", "-1s", "soon", ""] {
            assert!(seconds(bad).is_err() && milliseconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn there_is_a_year_at_most_to_end_in() {
        assert_eq!((grace("0"), grace("31536000")), (Ok(0), Ok(31_536_000)));
        for bad in ["31536001", "18446744073709551615", "18446744073709551616", "-1", "5s", ""] {
            assert!(grace(bad).is_err_and(|hint| hint.contains("between 0 and 31536000")), "{bad}");
        }
    }

    #[test]
    fn every_setting_of_a_run_file_is_a_flag() {
        let whole = Cli::whole();
        let run = whole.find_subcommand("run").unwrap();
        let known: Vec<&str> = run.get_arguments().filter_map(Arg::get_long).collect();
        for flag in all_flags() {
            assert!(known.contains(&flag), "--{flag}");
        }
    }

    #[test]
    fn several_addresses_are_listened_on() {
        let addresses = |arguments: &[&str]| {
            let arguments = ["parlor", "run"].iter().chain(arguments);
            let Command::Run(run) = Cli::read(arguments.map(OsString::from)).unwrap().command else {
                panic!("not `run`")
            };
            run.dapr_listen_addresses.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(addresses(&[]), ["127.0.0.1"]);
        assert_eq!(addresses(&["--dapr-listen-addresses", "10.0.0.1,[::1]"]), ["10.0.0.1", "::1"]);
        assert_eq!(addresses(&["--dapr-listen-addresses="]), ["::"]);
    }
}
