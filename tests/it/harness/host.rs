//! The host under test: the real binary, with a resources folder of its own.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use super::{Client, Grpc, Program, path, signal, target, until};

/// Tests run side by side, and so must their hosts.
pub(crate) const ANY_METRICS_PORT: &str = "--metrics-port=0";

/// A running `parlor`. It is killed when the test ends.
pub(crate) struct Host {
    child: Child,
    /// The line that it said at its start.
    pub(crate) summary: String,
    pub(crate) client: Client,
    pub(crate) grpc: Grpc,
    log: PathBuf,
    _folder: tempfile::TempDir,
}

/// How a host is to be started.
pub(crate) struct HostBuilder {
    folder: tempfile::TempDir,
    resources: PathBuf,
    components: String,
    arguments: Vec<String>,
    /// What is said of the metrics.
    metrics: Vec<String>,
    environment: Vec<(String, String)>,
}

impl HostBuilder {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let resources = folder.path().join("components");
        std::fs::create_dir(&resources).unwrap();
        Self {
            folder,
            resources,
            components: String::new(),
            arguments: Vec::new(),
            metrics: vec![ANY_METRICS_PORT.to_owned()],
            environment: Vec::new(),
        }
    }

    /// A component of a built-in type, with plain settings.
    pub(crate) fn component(mut self, name: &str, component_type: &str, settings: &[(&str, &str)]) -> Self {
        write_component(&mut self.components, name, component_type, "", settings);
        self
    }

    /// A component with a `wasm` block, whose lines are given without their indentation.
    pub(crate) fn wasm(mut self, name: &str, artifact: &Path, block: &str, settings: &[(&str, &str)]) -> Self {
        let mut wasm = format!("  wasm:\n    source: {}\n", artifact.display());
        for line in block.lines() {
            writeln!(wasm, "    {line}").unwrap();
        }
        write_component(&mut self.components, name, &format!("conversation.{name}"), &wasm, settings);
        self
    }

    /// A file beside the component files.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.resources().join(name), content).unwrap();
        self
    }

    pub(crate) fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Arguments for the metrics, in place of any free port.
    pub(crate) fn metrics(mut self, arguments: &[&str]) -> Self {
        self.metrics = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        self
    }

    pub(crate) fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A folder whose component files are served, in place of those given here.
    pub(crate) fn resources_of(mut self, folder: &Path) -> Self {
        self.resources = folder.to_owned();
        self
    }

    /// Where component files lie.
    pub(crate) fn resources(&self) -> PathBuf {
        self.resources.clone()
    }

    /// Starts the host and waits until it serves.
    pub(crate) fn start(self) -> Host {
        self.try_start().unwrap_or_else(|(status, log)| panic!("the host did not start ({status}):\n{log}"))
    }

    /// Starts the host with an app beside, which finds the programs that the tests find.
    pub(crate) fn beside(self, app: &[&str]) -> Program {
        let mut command = self.command();
        Program::start(command.env("PATH", path()).arg("--").args(app)).with(self.folder)
    }

    /// Begins to start the host, and waits for nothing.
    pub(crate) fn begin(self) -> Program {
        Program::start(&mut self.command()).with(self.folder)
    }

    fn command(&self) -> Command {
        let resources = self.resources();
        if !self.components.is_empty() {
            std::fs::write(resources.join("components.yaml"), &self.components).unwrap();
        }
        let mut command = parlor();
        command
            .args(["run", "--dapr-http-port", "0", "--dapr-grpc-port", "0", "--resources-path"])
            .arg(resources)
            .args(&self.metrics)
            .args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the host; when it ends before it serves, its status and its log.
    pub(crate) fn try_start(self) -> Result<Host, (ExitStatus, String)> {
        let log = self.folder.path().join("log");
        let mut child =
            self.command().stdout(Stdio::piped()).stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
        let mut summary = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut summary).unwrap();
        let mut places = summary.split_whitespace().filter(|word| word.contains("://") || word.starts_with("unix:"));
        let (Some(http), Some(grpc)) = (places.next(), places.next_back()) else {
            return Err((child.wait().unwrap(), std::fs::read_to_string(log).unwrap()));
        };
        let (client, grpc) = (Client::new(http), Grpc::new(grpc.trim_start_matches("grpc://")));
        Ok(Host { child, client, grpc, log, _folder: self.folder, summary: summary.trim_end().to_owned() })
    }
}

impl Host {
    /// With one `conversation.echo` named `echo`.
    pub(crate) fn echo() -> Self {
        HostBuilder::new().component("echo", "conversation.echo", &[]).start()
    }

    /// Everything that the host has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Asks for its metrics, which it serves on every address.
    pub(crate) fn metrics(&self) -> Client {
        let log = self.log();
        let port = log.split("metrics server started on 0.0.0.0:").nth(1).and_then(|rest| rest.split('/').next());
        Client::new(&format!("http://127.0.0.1:{}", port.unwrap_or_else(|| panic!("no metrics are served:\n{log}"))))
    }

    /// The environment in which a client finds it, as `parlor run -- PROGRAM` sets it.
    pub(crate) fn ports(&self) -> [(&'static str, &str); 2] {
        fn port(address: &str) -> &str {
            address.rsplit(':').next().unwrap()
        }
        [("DAPR_HTTP_PORT", port(self.client.address())), ("DAPR_GRPC_PORT", port(&self.grpc.address))]
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        signal(name, self.pid());
    }

    /// Waits for the end of the process, while the test's own servers go on.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        until("the process ends", || self.child.try_wait().unwrap()).await
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended by itself, which is what some tests are about.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `parlor check` on paths.
pub(crate) fn check(paths: &[&Path]) -> Output {
    parlor().arg("check").args(paths).output().unwrap()
}

/// The binary, with nothing of the developer's own environment that would change what it does. Tests share one compile
/// cache, so that each artifact is compiled once.
pub(crate) fn parlor() -> Command {
    let binary = target().join("debug/parlor");
    assert!(binary.exists(), "`{}` is missing: run the tests with `cargo xtask test`", binary.display());
    let mut command = Command::new(binary);
    command.env_clear().env("XDG_CACHE_HOME", target().join("test-cache"));
    command
}

fn write_component(yaml: &mut String, name: &str, component_type: &str, wasm: &str, settings: &[(&str, &str)]) {
    write!(
        yaml,
        "---\napiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  type: {component_type}\n  version: v1\n{wasm}  metadata:\n"
    )
    .unwrap();
    for (name, value) in settings {
        writeln!(yaml, "  - name: {name}\n    value: {value:?}").unwrap();
    }
    if settings.is_empty() {
        yaml.truncate(yaml.len() - "  metadata:\n".len());
    }
}
