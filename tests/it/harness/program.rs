//! A program under test whose output is kept: `parlor` in other ways than [`Host`](super::Host) starts it.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::host::{ANY_METRICS_PORT, parlor};
use super::{Client, root, until};

/// A running program. It is killed when the test ends.
pub(crate) struct Program {
    child: Child,
    stdout: Stream,
    stderr: Stream,
    /// Is kept for as long.
    folder: Option<tempfile::TempDir>,
}

/// What has come out of one stream so far.
struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Program {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = Stream::read(child.stdout.take().unwrap());
        let stderr = Stream::read(child.stderr.take().unwrap());
        Self { child, stdout, stderr, folder: None }
    }

    /// Keeps a folder for as long as the program runs.
    pub(crate) fn with(mut self, folder: tempfile::TempDir) -> Self {
        self.folder = Some(folder);
        self
    }

    /// `parlor run` on a free port with the components of the repository's own folder, and `app` beside.
    pub(crate) fn beside(arguments: &[&str], app: &[&str]) -> Self {
        Self::start(run(arguments).args(["--dapr-http-port", "0", "--"]).args(app))
    }

    /// The same with a shell's script as the app, to which `arguments` are `$1` and so on.
    pub(crate) fn beside_script(script: &str, arguments: &[&str]) -> Self {
        Self::beside(&[], &[&["sh", "-c", script, "sh"], arguments].concat())
    }

    /// Waits until the host serves.
    pub(crate) async fn client(&self) -> Client {
        let address = until("the host serves", || {
            let said = self.stdout();
            said.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned)
        });
        Client::new(&address.await)
    }

    /// Waits until standard output holds `text`.
    pub(crate) async fn says(&self, text: &str) {
        until(&format!("standard output holds {text:?}"), || self.stdout().contains(text).then_some(())).await;
    }

    pub(crate) fn stdout(&self) -> String {
        self.stdout.text()
    }

    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    pub(crate) fn stdout_bytes(&self) -> Vec<u8> {
        self.stdout.bytes.lock().unwrap().clone()
    }

    /// The lines of standard output that are the app's, without their prefix.
    pub(crate) fn app_lines(&self) -> Vec<String> {
        self.stdout().lines().filter_map(|line| line.strip_prefix("== APP == ")).map(str::to_owned).collect()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        signal(name, self.pid());
    }

    /// Waits for the end of the program, and of everyone who holds its output.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let status = until("the process ends", || self.child.try_wait().unwrap()).await;
        until("its output ends", || (self.stdout.is_closed() && self.stderr.is_closed()).then_some(())).await;
        status
    }

    /// The same, and its exit code.
    pub(crate) async fn code(&mut self) -> i32 {
        self.ended().await.code().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Stream {
    fn read(mut from: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut chunk) {
                into.lock().unwrap().extend_from_slice(&chunk[..count]);
            }
        });
        Self { bytes, reader }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    fn is_closed(&self) -> bool {
        self.reader.is_finished()
    }
}

/// `parlor run` with the components of the repository's own folder, and with programs to be found.
pub(crate) fn run(arguments: &[&str]) -> Command {
    run_with(&root().join("components"), arguments)
}

/// `parlor run` with the components of a folder.
pub(crate) fn run_with(resources: &Path, arguments: &[&str]) -> Command {
    let mut command = parlor();
    command.env("PATH", path()).args(["run", ANY_METRICS_PORT, "--resources-path"]).arg(resources).args(arguments);
    command
}

/// Another program in the environment of a command.
pub(crate) fn in_environment_of(command: &Command, program: impl AsRef<OsStr>) -> Command {
    let mut other = Command::new(program);
    other.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    other
}

/// Where programs are found.
#[expect(clippy::disallowed_methods, reason = "apps of the tests are found where the tests' own programs are")]
pub(crate) fn path() -> String {
    std::env::var("PATH").unwrap()
}

/// Sends a signal to a process.
pub(crate) fn signal(name: &str, pid: u32) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status().unwrap();
    assert!(status.success());
}
