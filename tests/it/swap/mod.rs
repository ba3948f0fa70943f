//! Hot swap: whatever happens to the files, calls are answered by what was good last, and soon by what is good now.

mod artifacts;
mod broken;
mod calls;
mod files;
mod reload;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::harness::{Host, HostBuilder, guest, until};

/// A host whose files are about to change.
struct Scene {
    host: Host,
    folder: PathBuf,
}

impl Scene {
    fn start(host: HostBuilder) -> Self {
        let folder = host.resources();
        Self { host: host.start(), folder }
    }

    /// With the component `canned`, which answers `one`, from `canned.yaml` and `canned.wasm`.
    fn canned() -> Self {
        let host = HostBuilder::new().component("echo", "conversation.echo", &[]);
        Self::start(host.file("canned.wasm", edition(1)).file("canned.yaml", canned("canned", "one")))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// As an editor saves: whoever reads sees the old file or the new one.
    fn save(&self, name: &str, content: impl AsRef<[u8]>) {
        let aside = self.path(&format!(".{name}.new"));
        fs::write(&aside, content).unwrap();
        fs::rename(aside, self.path(name)).unwrap();
    }

    async fn says(&self, component: &str, expected: &str) {
        let answer = self.host.client.alpha1(component, "go").await;
        assert_eq!(answer.ok(), json!({ "outputs": [{ "result": expected }] }));
    }

    /// Waits until the log says so that many times.
    async fn told(&self, text: &str, times: usize) {
        let is_told = || (self.host.log().matches(text).count() >= times).then_some(());
        until(&format!("the log says `{text}` {times} times"), is_told).await;
    }

    /// Has the files read again, and gives the status and what is told of it.
    async fn reload(&self) -> (u16, Value) {
        let answer = self.host.client.post("/v1.0/reload", "").await;
        (answer.status.as_u16(), answer.json())
    }

    async fn standing(&self, component: &str) -> Value {
        let metadata = self.host.client.get("/v1.0/metadata").await.ok();
        let all = metadata["parlor"]["components"].as_array().unwrap();
        all.iter().find(|standing| standing["name"] == component).cloned().unwrap_or_default()
    }
}

/// The YAML of a component that answers `answer`.
fn canned(name: &str, answer: &str) -> String {
    component(name, "./canned.wasm", answer)
}

fn component(name: &str, source: &str, answer: &str) -> String {
    format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  type: conversation.canned\n  version: v1\n  wasm:\n    source: {source}\n  metadata:\n  - name: answer\n    value: {answer}\n"
    )
}

/// One of several builds of the same provider, which differ in what they sign with.
fn edition(number: u32) -> Vec<u8> {
    let mut bytes = fs::read(guest("samples/canned")).unwrap();
    let mark = b"edition 0001";
    let places: Vec<usize> =
        bytes.windows(mark.len()).enumerate().filter(|(_, it)| it == mark).map(|it| it.0).collect();
    assert_eq!(places.len(), 1, "the sample signs with `edition 0001`");
    bytes[places[0]..][..mark.len()].copy_from_slice(format!("edition {number:04}").as_bytes());
    bytes
}

fn link(target: &str, path: &Path) {
    std::os::unix::fs::symlink(target, path).unwrap();
}

const REPLACED: &str = "component `canned` is replaced by a new version";
const OUTDATED: &str = "component `canned` is broken, so its last good version is still served";
const MENDED: &str = "component `canned` is again what its files say";
