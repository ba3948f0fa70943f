//! Who takes part in a run, each in a process of its own: the upstream, the floor, the proxy, and the host with ten
//! components. This is the only file that knows how the host is configured and started.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::process::Server;
use crate::rows::Under;

/// How many milliseconds the calls wait whose memory is measured: time enough to start them all.
const LONG: u32 = 5_000;
/// Names of the components, and how long their upstream takes. The rest of the ten only takes up room.
const OPENAI: [(&str, u32); 8] = [
    ("openai", 0),
    ("openai-20ms", 20),
    ("openai-waiting", LONG),
    ("spare-1", 0),
    ("spare-2", 0),
    ("spare-3", 0),
    ("spare-4", 0),
    ("spare-5", 0),
];

/// The servers of a run.
pub(crate) struct Cast {
    pub(crate) upstream: Server,
    floor: Server,
    proxy: Server,
    parlor: Option<Server>,
}

/// How to start the host.
pub(crate) struct Parlor {
    binary: PathBuf,
    resources: PathBuf,
}

impl Cast {
    /// Starts everybody but the host.
    pub(crate) async fn start() -> Result<Self> {
        let upstream = upstream().await?;
        let proxy = Server::start(own("proxy")?.arg(upstream.address.to_string())).await?;
        let floor = Server::start(&mut own("floor")?).await?;
        Ok(Self { upstream, floor, proxy, parlor: None })
    }

    /// Adds the host.
    pub(crate) fn join(&mut self, parlor: Server) {
        self.parlor = Some(parlor);
    }

    /// The server that a row is about, if it takes part.
    pub(crate) fn server(&self, under: Under) -> Option<&Server> {
        match under {
            Under::Floor => Some(&self.floor),
            Under::Upstream => Some(&self.upstream),
            Under::Proxy => Some(&self.proxy),
            Under::Parlor => self.parlor.as_ref(),
        }
    }
}

impl Parlor {
    /// Writes ten components into `folder`: the echo, the echo with its answers cached, and eight that call `upstream`.
    ///
    /// # Errors
    /// When they can't be written.
    pub(crate) fn new(binary: &Path, folder: &Path, upstream: &Server) -> Result<Self> {
        Self::serving(binary, &folder.join("components"), &components(upstream)?)
    }

    /// Writes these components into the folder `resources`.
    ///
    /// # Errors
    /// When they can't be written.
    pub(crate) fn serving(binary: &Path, resources: &Path, components: &str) -> Result<Self> {
        std::fs::create_dir_all(resources).with_context(|| format!("`{}` can't be made", resources.display()))?;
        let file = resources.join("bench.yaml");
        std::fs::write(&file, components).with_context(|| format!("`{}`", file.display()))?;
        Ok(Self { binary: binary.to_owned(), resources: resources.to_owned() })
    }

    /// Starts a host of its own on a free port.
    pub(crate) async fn start(&self) -> Result<Server> {
        let mut command = Command::new(&self.binary);
        command.arg("run").arg("--resources-path").arg(&self.resources);
        command.args(["--app-id", "bench", "--dapr-http-port", "0", "--dapr-grpc-port", "0", "--metrics-port", "0"]);
        Server::start(&mut command).await
    }
}

/// Starts the upstream, which takes part alone where nothing is compared.
///
/// # Errors
/// When it does not start.
pub(crate) async fn upstream() -> Result<Server> {
    Server::start(&mut own("upstream")?).await
}

/// This program in another of its roles.
fn own(role: &str) -> Result<Command> {
    let mut own = Command::new(std::env::current_exe().context("this program can't find itself")?);
    own.arg(role);
    Ok(own)
}

fn components(upstream: &Server) -> Result<String> {
    let mut text = String::new();
    component(&mut text, "echo", "conversation.echo", "")?;
    let cached = "  metadata:\n  - name: responseCacheTTL\n    value: 24h\n";
    component(&mut text, "echo-cached", "conversation.echo", cached)?;
    for (name, delay) in OPENAI {
        let endpoint = upstream.url(&format!("/{delay}/v1"));
        let settings = format!(
            "  wasm:\n    limits: {{ concurrency: 1000 }}\n  metadata:\n  - name: key\n    value: benchmark\n  - name: model\n    value: canned\n  - name: endpoint\n    value: {endpoint}\n"
        );
        component(&mut text, name, "conversation.openai", &settings)?;
    }
    Ok(text)
}

/// Adds a component, with lines of its `spec`.
pub(crate) fn component(text: &mut String, name: &str, kind: &str, settings: &str) -> Result<()> {
    write!(
        text,
        "---\napiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  type: {kind}\n  version: v1\n{settings}"
    )?;
    Ok(())
}
