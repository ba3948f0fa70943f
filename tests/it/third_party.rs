//! The how-to of `guests/README.md`, followed to the letter in an empty folder: its files, its commands, its YAML.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{HostBuilder, Upstream, parlor, path, root, target};

/// A folder as a stranger has it after reading the page.
struct Folder {
    folder: tempfile::TempDir,
    commands: Vec<String>,
}

impl Folder {
    /// Writes every block of the page whose first line names a file.
    fn of_page() -> Self {
        let page = fs::read_to_string(root().join("guests/README.md")).unwrap();
        let page = page.replace("/path/to/parlor", root().to_str().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let mut commands = Vec::new();
        for block in page.split("\n```").skip(1).step_by(2) {
            let (language, text) = block.split_once('\n').unwrap();
            let comment = text.lines().next().unwrap_or_default().trim_start_matches(['#', '/', ' ']);
            match language {
                "console" => {
                    commands.extend(text.lines().filter_map(|line| line.strip_prefix("$ ")).map(str::to_owned))
                }
                "toml" | "rust" | "yaml" => write(&folder.path().join(comment), text),
                _ => {}
            }
        }
        // Nothing is downloaded here, and what was built before is not built again.
        fs::copy(root().join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
        let built = target().join("third-party");
        fs::create_dir_all(&built).unwrap();
        symlink(built, folder.path().join("target")).unwrap();
        Self { folder, commands }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.file(name)).unwrap();
        assert!(text.contains(from), "`{from}` is not in {name}:\n{text}");
        write(&self.file(name), &text.replace(from, to));
    }

    /// Runs a command of the page, and gives what it said.
    fn run(&self, command: &str) -> String {
        let binary = parlor();
        let folder = Path::new(binary.get_program()).parent().unwrap();
        // What cargo and rustup tell the tests' own programs is not for another toolchain.
        let unset = "unset CARGO RUSTC RUSTFLAGS CARGO_ENCODED_RUSTFLAGS RUSTUP_TOOLCHAIN LD_LIBRARY_PATH";
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{unset}\n{}{command}", toolchain())]).current_dir(self.folder.path());
        shell.env("CARGO_NET_OFFLINE", "true").env("PATH", format!("{}:{}", folder.display(), path()));
        let output = shell.output().unwrap();
        let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{command}: {said}{errors}");
        said.into_owned()
    }

    fn build(&self) -> Value {
        self.commands.iter().for_each(|command| drop(self.run(command)));
        serde_json::from_str(&self.run("parlor inspect --json components/acme.wasm")).unwrap()
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Nothing where the compiler of the tests has the guests' target, else what the page says of Debian's.
fn toolchain() -> String {
    let rustc = ["--print", "target-libdir", "--target", "wasm32-unknown-unknown"];
    let output = Command::new("rustc").args(rustc).current_dir(root()).output().unwrap();
    if Path::new(String::from_utf8(output.stdout).unwrap().trim()).is_dir() {
        return String::new();
    }
    let page = fs::read_to_string(root().join("guests/README.md")).unwrap();
    page.lines().filter(|line| line.starts_with("export ")).map(|line| format!("{line}\n")).collect()
}

/// One test, because what it builds is shared.
#[tokio::test]
async fn a_provider_that_was_written_elsewhere_is_built_inspected_pinned_and_served() {
    let folder = Folder::of_page();
    assert_eq!(folder.commands.len(), 3, "the page says how to build, to componentize and to inspect");
    let facts = folder.build();
    assert_eq!((&facts["refusal"], &facts["world"]), (&Value::Null, &json!("codec-provider")), "{facts:#}");
    assert_eq!(facts["firstCall"]["grownPages"], 0);
    assert_eq!(facts["description"]["origins"], json!(["https://api.acme.dev"]));
    let yaml = facts["yaml"].as_str().unwrap();
    assert!(yaml.contains("\n  allowedHosts: [https://api.acme.dev]\n"), "{yaml}");

    // The page's YAML, with the digest that was told and a vendor who is here.
    let mut upstream = Upstream::start().await;
    let digest = facts["sha256"].as_str().unwrap();
    folder.edit("components/acme.yaml", "the digest that `parlor inspect` tells", digest);
    folder.edit("components/acme.yaml", "https://api.acme.dev", &upstream.origin);
    let start = || HostBuilder::new().resources_of(&folder.file("components")).environment("ACME_KEY", "sk-acme");
    let host = start().start();
    let (answer, ()) = tokio::join!(host.client.alpha1("acme", "hello"), async {
        let call = upstream.call().await;
        assert_eq!((call.head.method.as_str(), call.head.uri.path()), ("POST", "/complete"));
        assert_eq!((call.header("authorization"), &call.body[..]), ("Bearer sk-acme", &b"hello"[..]));
        call.answer(200, "and hello to you");
    });
    assert_eq!(answer.ok(), json!({ "outputs": [{ "result": "and hello to you" }] }));
    assert!(!host.log().contains("WARN"), "{}", host.log());

    // Another artifact than the one that was pinned is refused. This one takes more memory than it starts with.
    folder.edit("src/lib.rs", "let mut body = String::new();", "let mut body = String::with_capacity(4 << 20);");
    let greedy = folder.build();
    assert_ne!(greedy["sha256"], digest);
    assert!(greedy["firstCall"]["grownPages"].as_u64() >= Some(64), "{greedy:#}");
    let told = folder.run("parlor inspect components/acme.wasm");
    assert!(told.contains("of `encode` grows it by ") && told.contains("doubles what a call costs"), "{told}");
    let Err((_, log)) = start().argument("--strict").try_start() else { panic!("it started") };
    assert!(log.contains(greedy["sha256"].as_str().unwrap()) && log.contains("`sha256` asks for another"), "{log}");
}

#[test]
fn what_is_no_module_is_made_no_component() {
    let folder = tempfile::tempdir().unwrap();
    let component = crate::harness::guest("providers/echo");
    let text = folder.path().join("text.wasm");
    fs::write(&text, "no wasm").unwrap();
    for (file, told) in [
        (component.as_path(), "it is one already"),
        (&text, "it is not WebAssembly"),
        (Path::new("missing.wasm"), "can't be read"),
    ] {
        let output = folder.path().join("out.wasm");
        let ran = parlor().arg("componentize").arg(file).arg("--output").arg(&output).output().unwrap();
        let error = String::from_utf8(ran.stderr).unwrap();
        assert!(!ran.status.success() && error.starts_with("error: `") && error.contains(told), "{error}");
        assert!(!output.exists());
    }
}
