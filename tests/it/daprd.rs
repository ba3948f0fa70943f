//! A link named `daprd`: the program behaves as Dapr's sidecar does towards those who start it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::harness::{ANY_METRICS_PORT, Client, HostBuilder, Program, in_environment_of, parlor, root, until};

/// A command that calls the program by daprd's name.
fn daprd(folder: &Path) -> Command {
    let parlor = parlor();
    let link = folder.join("daprd");
    if !link.exists() {
        std::os::unix::fs::symlink(parlor.get_program(), &link).unwrap();
    }
    in_environment_of(&parlor, link)
}

/// A serving daprd with the components of the repository's own folder.
fn serving(arguments: &[&str]) -> Program {
    let folder = tempfile::tempdir().unwrap();
    let mut command = daprd(folder.path());
    command
        .args(["--app-id", "shop", "-dapr-http-port=0", "-dapr-grpc-port=0", "-metrics-port=0", "-resources-path"])
        .arg(root().join("components"));
    Program::start(command.args(arguments)).with(folder)
}

/// A client of the daprd that has said its port for the `nth` time.
async fn client(program: &Program, nth: usize) -> Client {
    let port = until("daprd says its port", || {
        let said = program.stdout();
        let after = said.split("HTTP server is running on port ").nth(nth)?;
        let port: String = after.chars().take_while(char::is_ascii_digit).collect();
        said.matches("Init Elapsed").nth(nth - 1).map(|_| port)
    });
    Client::new(&format!("http://127.0.0.1:{}", port.await))
}

#[tokio::test]
async fn the_log_has_daprs_lines_and_fields() {
    let mut program = serving(&[]);
    client(&program, 1).await.alpha1("echo", "x").await.ok();
    program.signal("TERM");
    assert_eq!(program.code().await, 0);
    let log = program.stdout();
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let fields = |scope: &str| format!("app_id=shop instance={} scope={scope} type=log ver=1.18.3", hostname.trim());
    for (message, scope) in [
        ("Starting Dapr Runtime -- version 1.18.3 -- commit parlor-", "dapr.runtime"),
        ("Log level set to: info", "dapr.runtime"),
        ("Component loaded: echo (conversation.echo/v1)", "dapr.runtime.processor"),
        ("metrics server started on 0.0.0.0:", "dapr.runtime"),
        ("HTTP server is running on port ", "dapr.runtime"),
        ("dapr initialized. Status: Running. Init Elapsed ", "dapr.runtime"),
        ("Daprd shutdown gracefully", "dapr.runtime"),
    ] {
        let line = log.lines().find(|line| line.contains(message)).unwrap_or_else(|| panic!("{message}: {log}"));
        assert!(line.starts_with("time=\"20"), "{line}");
        assert!(line.contains(&format!(" level=info msg=\"{message}")), "{line}");
        assert!(line.ends_with(&fields(scope)), "{line}");
    }
    assert_eq!(program.stderr(), "");
}

#[tokio::test]
async fn the_log_can_be_json() {
    let mut program = serving(&["--log-as-json", "-enable-metrics=false", "-enable-mtls=false"]);
    client(&program, 1).await;
    program.signal("INT");
    assert_eq!(program.code().await, 0);
    let lines: Vec<Value> = program.stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        let mut names: Vec<&String> = line.as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, ["app_id", "instance", "level", "msg", "scope", "time", "type", "ver"], "{line}");
    }
    let has = |level: &str, start: &str| {
        lines.iter().any(|line| line["level"] == level && line["msg"].as_str().unwrap().starts_with(start))
    };
    assert!(has("info", "dapr initialized. Status: Running. Init Elapsed "));
    assert!(has("warning", "passed over, because it has no meaning here: --enable-mtls"));
    assert!(!has("info", "metrics server"));
}

#[tokio::test]
async fn a_hangup_begins_anew_with_what_the_files_say_now() {
    let builder = HostBuilder::new();
    let resources = builder.resources();
    let component = |name: &str| {
        format!(
            "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  type: conversation.echo\n"
        )
    };
    std::fs::write(resources.join("one.yaml"), component("before")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = daprd(folder.path());
    command.args(["--app-id=shop", "--dapr-http-port=0", "--dapr-grpc-port=0", ANY_METRICS_PORT, "--resources-path"]);
    command.arg(&resources);
    let mut program = Program::start(&mut command);
    client(&program, 1).await.alpha1("before", "x").await.ok();
    std::fs::write(resources.join("one.yaml"), component("after")).unwrap();
    program.signal("HUP");
    client(&program, 2).await.alpha1("after", "x").await.ok();
    program.signal("TERM");
    assert_eq!(program.code().await, 0);
}

#[tokio::test]
async fn without_a_folder_nothing_is_loaded_and_every_address_is_listened_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = daprd(folder.path());
    command.current_dir(root()).env("DAPR_API_TOKEN", "secret").args([
        "-app-id",
        "shop",
        "-dapr-http-port",
        "0",
        "-dapr-grpc-port",
        "0",
        "-metrics-port",
        "0",
    ]);
    let mut program = Program::start(&mut command);
    let answer = client(&program, 1).await.alpha1("echo", "x").await;
    assert_eq!(answer.status, 401, "{}", answer.text());
    assert!(!program.stdout().contains("Component loaded"), "{}", program.stdout());
    program.signal("TERM");
    assert_eq!(program.code().await, 0);
}

#[tokio::test]
async fn every_call_is_told_when_that_is_asked_for_and_nothing_that_was_said() {
    let mut program = serving(&["-enable-api-logging=true"]);
    client(&program, 1).await.alpha1("echo", "private words").await.ok();
    program.signal("TERM");
    assert_eq!(program.code().await, 0);
    let log = program.stdout();
    let line = log.lines().find(|line| line.contains("HTTP API Called")).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains(" level=info msg=\"HTTP API Called\" app_id=shop code=200 duration="), "{line}");
    assert!(line.contains(" method=\"POST /v1.0-alpha1/conversation/echo/converse\" "), "{line}");
    assert!(line.contains(" scope=dapr.runtime.http-info "), "{line}");
    assert!(!log.contains("private words"), "{log}");
}

#[tokio::test]
async fn the_lines_of_a_call_name_its_trace() {
    let told = async |form: &str| {
        let mut program = serving(&["-enable-api-logging=true", form]);
        let answer = client(&program, 1).await.alpha1("echo", "x").await;
        program.signal("TERM");
        assert_eq!(program.code().await, 0);
        let parent = answer.headers["traceparent"].to_str().unwrap().to_owned();
        let log = program.stdout();
        let line = log.lines().find(|line| line.contains("HTTP API Called")).unwrap_or_else(|| panic!("{log}"));
        (line.to_owned(), parent.split('-').nth(1).unwrap().to_owned())
    };
    let (line, trace) = told("-log-as-json=false").await;
    assert!(line.ends_with(&format!(" ver=1.18.3 trace_id={trace}")), "{line}");
    let (line, trace) = told("-log-as-json").await;
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["trace_id"], trace, "{line}");
}

#[tokio::test]
async fn it_waits_for_another_that_serves() {
    let program = serving(&[]);
    let client = client(&program, 1).await;
    let port = client.address().rsplit(':').next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut waiting = Program::start(daprd(folder.path()).args(["--wait", "--dapr-http-port", port]));
    assert_eq!(waiting.code().await, 0, "{}", waiting.stderr());
}

#[test]
fn it_tells_its_version_and_refuses_what_nobody_knows() {
    let folder = tempfile::tempdir().unwrap();
    let output = |arguments: &[&str]| {
        let output = daprd(folder.path()).args(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    };
    assert_eq!(output(&["--version"]), (0, "1.18.3\n".to_owned(), String::new()));
    let (code, info, _) = output(&["-build-info"]);
    assert_eq!((code, info.starts_with("Version: 1.18.3\nGit Commit: ")), (0, true), "{info}");
    let (code, _, error) = output(&["--app-id", "x", "--dapr-http-prot=1"]);
    assert_eq!(code, 2);
    assert_eq!(error, "error: `--dapr-http-prot` is not a flag of daprd's; did you mean `--dapr-http-port`?\n");
    assert!(output(&[]).2.contains("`--app-id` is missing"));
}
