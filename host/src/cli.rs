//! The command line, in daprd's and `dapr run`'s words where they have one.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::quantity;
use crate::telemetry::LogLevel;

/// A host for conversations with large language models, where every provider runs in a sandbox.
#[derive(Debug, Parser)]
#[command(name = "parlor", version, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the components of one or more folders
    Run(Run),
    /// Check component files and the providers they name, report every mistake, and exit with 1 if there is one
    Check(Check),
}

#[derive(Debug, Args)]
pub struct Run {
    /// Folder of component files; may be given more than once
    #[arg(long = "resources-path", value_name = "DIR", default_value = "components")]
    pub resources_path: Vec<PathBuf>,
    /// Name of the application, which `scopes` in component files list
    #[arg(long, value_name = "ID", default_value = "parlor")]
    pub app_id: String,
    /// Port of the HTTP API; 0 takes any free port
    #[arg(long, value_name = "PORT", default_value_t = 3500)]
    pub dapr_http_port: u16,
    /// Port of the gRPC API; 0 takes any free port
    #[arg(long, value_name = "PORT", default_value_t = 50001)]
    pub dapr_grpc_port: u16,
    /// Address that the APIs listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub dapr_listen_addresses: IpAddr,
    /// Largest request body and gRPC message, such as `4Mi`
    #[arg(long, value_name = "SIZE", default_value = "4Mi", value_parser = bytes)]
    pub max_body_size: u64,
    /// Seconds that accepted calls have to finish in after SIGTERM or SIGINT
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    pub dapr_graceful_shutdown_seconds: u64,
    /// How much is logged
    #[arg(long, value_name = "LEVEL", default_value = "info", ignore_case = true)]
    pub log_level: LogLevel,
    /// Log JSON
    #[arg(long)]
    pub log_as_json: bool,
    /// Don't start unless every component is right
    #[arg(long)]
    pub strict: bool,
    #[command(flatten)]
    pub sandbox: SandboxArgs,
}

#[derive(Debug, Args)]
pub struct Check {
    /// Folders of component files, or single files
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Name of the application, which `scopes` in component files list
    #[arg(long, value_name = "ID", default_value = "parlor")]
    pub app_id: String,
    #[command(flatten)]
    pub sandbox: SandboxArgs,
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

fn bytes(text: &str) -> Result<u64, String> {
    quantity::parse(text).ok_or_else(|| "write an amount of bytes such as `4Mi`".to_owned())
}
