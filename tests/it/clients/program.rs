//! The programs that `cargo xtask clients` built: how each is started, and what its SDK can't say or show.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use crate::harness::{Host, patiently, root};

/// How a program calls.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Transport {
    Http,
    Grpc,
}

/// A program that makes the calls of `tests/clients/answers.jsonl`.
pub(super) struct Program {
    /// The program and its arguments.
    pub(super) arguments: Vec<String>,
    /// In the order in which it uses them, for all calls each.
    pub(super) transports: &'static [Transport],
    /// Calls that the SDK can't make.
    pub(super) lacks: &'static [&'static str],
    /// Members of an output that the SDK does not have over gRPC.
    hides: &'static [&'static str],
}

impl Program {
    /// One that has everything, over gRPC.
    fn new(arguments: Vec<String>) -> Self {
        Self { arguments, transports: &[Transport::Grpc], lacks: &[], hides: &[] }
    }

    /// Runs it beside `host`, and gives its standard output.
    pub(super) async fn output(&self, host: &Host) -> String {
        let [program, arguments @ ..] = &self.arguments[..] else { panic!("a program has a name") };
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(host.ports());
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let child = child.spawn().unwrap_or_else(|error| panic!("`{program}` can't be started: {error}"));
        let output = patiently("for a client", child.wait_with_output()).await.unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A line of `answers.jsonl` as this program prints it: an error has what its transport carries.
    pub(super) fn shown(&self, transport: Transport, mut document: Value) -> Value {
        let (unsaid, unseen): (&[&str], &[&str]) = match transport {
            Transport::Http => (&["code"], &[]),
            Transport::Grpc => (&["status", "errorCode"], self.hides),
        };
        if transport == Transport::Http {
            document["call"] = format!("http: {}", document["call"].as_str().unwrap()).into();
        }
        if let Some(error) = document.get_mut("error").and_then(Value::as_object_mut) {
            error.retain(|name, _| !unsaid.contains(&name.as_str()));
        }
        for output in document.pointer_mut("/answer/outputs").and_then(Value::as_array_mut).into_iter().flatten() {
            output.as_object_mut().unwrap().retain(|name, _| !unseen.contains(&name.as_str()));
        }
        document
    }
}

pub(super) fn python() -> Program {
    let script = root().join("tests/clients/python/conversation.py");
    Program::new(vec![text(built("python", "bin/python")), text(script)])
}

pub(super) fn go() -> Program {
    Program::new(vec![text(built("go", "conversation"))])
}

/// Its alpha1 has no parameters, and the SDK itself refuses a request without inputs.
pub(super) fn java() -> Program {
    let classes = built("java", "classes");
    let path = format!("{}:{}", text(classes), text(built("java", "lib").join("*")));
    let arguments = vec![text(built("java", "java")), "-cp".to_owned(), path, "Conversation".to_owned()];
    Program { lacks: &["alpha1 parameters", "alpha1 no inputs", "alpha2 no inputs"], ..Program::new(arguments) }
}

/// Its stub for gRPC is older than `model` and `usage`.
pub(super) fn javascript() -> Program {
    let node = root().join("target/servers/node/node_modules/.bin/node");
    let arguments = vec![text(node), text(built("javascript", "conversation.js"))];
    let transports = &[Transport::Http, Transport::Grpc];
    Program { transports, hides: &["model", "usage"], ..Program::new(arguments) }
}

pub(super) fn rust() -> Program {
    Program::new(vec![text(built("rust", "debug/clients"))])
}

/// What `cargo xtask clients` built for a client.
pub(super) fn built(client: &str, path: &str) -> PathBuf {
    let clients = root().join("target/clients");
    if let Ok(reason) = fs::read_to_string(clients.join(format!("{client}.missing"))) {
        panic!("the {client} client could not be built: {reason}");
    }
    let path = clients.join(client).join(path);
    assert!(path.exists(), "`{}` is missing: run `cargo xtask clients`", path.display());
    path
}

fn text(path: PathBuf) -> String {
    path.into_os_string().into_string().unwrap()
}
