//! What an app is given and what becomes of its output and its end.

use std::io::Write;
use std::process::Stdio;

use crate::harness::{Program, parlor, run, run_with};

#[tokio::test]
async fn the_app_learns_where_the_host_serves() {
    let script = "import json, os, urllib.request as r\n\
        base = 'http://127.0.0.1:' + os.environ['DAPR_HTTP_PORT']\n\
        body = json.dumps({'inputs': [{'content': 'from the app'}]}).encode()\n\
        print(json.load(r.urlopen(base + '/v1.0-alpha1/conversation/echo/converse', body))['outputs'][0]['result'])\n\
        names = ['APP_ID', 'APP_PORT', 'APP_PROTOCOL', 'APP_CHANNEL_ADDRESS', 'MINE']\n\
        print([os.environ.get(name) for name in names])";
    let arguments = ["--app-id", "shop", "--app-port", "8080", "--app-protocol", "grpc", "--dapr-http-port", "-1"];
    let mut run = run(&arguments);
    let mut program = Program::start(run.env("MINE", "kept").args(["--", "python3", "-c", script]));
    assert_eq!(program.code().await, 0, "{}", program.stderr());
    assert_eq!(program.app_lines(), ["from the app", "['shop', '8080', 'grpc', '127.0.0.1', 'kept']"]);
}

#[tokio::test]
async fn a_port_that_is_not_served_is_not_told() {
    let mut run = run(&["--dapr-http-port", "0"]);
    run.env("DAPR_GRPC_PORT", "1").env("DAPR_HTTP_PORT", "1").env("APP_PORT", "8081");
    let print = "for name in DAPR_HTTP_PORT DAPR_GRPC_PORT APP_PORT; do eval echo \\$name; done; env";
    let mut program = Program::start(run.args(["--", "sh", "-c", print]));
    let port = program.client().await.address().rsplit(':').next().unwrap().to_owned();
    assert_eq!(program.code().await, 0);
    let lines = program.app_lines();
    assert!(lines.contains(&format!("DAPR_HTTP_PORT={port}")), "{lines:?}");
    // The one that the host was given is somebody else's; the app's own port may be known from elsewhere.
    assert!(!lines.iter().any(|line| line == "DAPR_GRPC_PORT=1"), "{lines:?}");
    assert!(lines.contains(&"APP_PORT=8081".to_owned()), "{lines:?}");
}

#[tokio::test]
async fn each_line_of_output_has_a_prefix_and_keeps_its_stream() {
    let script = r"printf 'one\n\ntwo \377\n'; echo oops >&2; printf 'no end'; printf 'nor here' >&2";
    let mut program = Program::beside_script(script, &[]);
    assert_eq!(program.code().await, 0);
    let stdout = program.stdout_bytes();
    let app = stdout.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    assert_eq!(
        String::from_utf8_lossy(&stdout[app..]),
        String::from_utf8_lossy(b"== APP == one\n== APP == \n== APP == two \xff\n== APP == no end\n")
    );
    assert!(stdout[app..].contains(&0xff), "any byte passes as it is");
    let stderr = program.stderr();
    assert!(stderr.contains("\n== APP == oops\n") || stderr.starts_with("== APP == oops\n"), "{stderr}");
    assert!(stderr.contains("== APP == nor here\n"), "{stderr}");
    assert!(!program.stdout().contains("oops"));
}

#[tokio::test]
async fn much_output_loses_nothing() {
    let mut program = Program::beside_script("seq 1 200000", &[]);
    assert_eq!(program.code().await, 0);
    let lines = program.app_lines();
    assert_eq!(lines.len(), 200_000);
    assert!(lines.iter().enumerate().all(|(index, line)| *line == (index + 1).to_string()));
}

#[tokio::test]
async fn the_exit_code_is_the_apps_own() {
    for (script, code) in [
        ("exit 0", 0),
        ("exit 3", 3),
        ("exit 255", 255),
        ("kill -INT $$", 130),
        ("kill -TERM $$", 143),
        ("kill -KILL $$", 137),
    ] {
        let mut program = Program::beside_script(script, &[]);
        assert_eq!(program.code().await, code, "{script}: {}", program.stderr());
        assert!(program.stderr().contains("stopped: every accepted call was answered"), "{}", program.stderr());
    }
}

#[tokio::test]
async fn a_command_that_is_not_there_is_named() {
    for (command, code, why) in [
        ("no-such-program", 127, "can't start the app `no-such-program`: No such file or directory"),
        ("/etc/passwd", 126, "can't start the app `/etc/passwd`: Permission denied"),
    ] {
        let mut program = Program::beside(&[], &[command]);
        assert_eq!(program.code().await, code);
        assert!(program.stderr().contains(why), "{}", program.stderr());
    }
}

#[tokio::test]
async fn without_a_host_there_is_no_app() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.yaml"), "kind: [").unwrap();
    let app = ["--strict", "--dapr-http-port", "0", "--", "sh", "-c", "echo started"];
    let mut program = Program::start(&mut run_with(folder.path(), &app));
    assert_eq!(program.code().await, 1);
    assert_eq!(program.stdout(), "");
    let why = "1 mistake in the component files, and `--strict` allows none";
    assert!(program.stderr().contains(why), "{}", program.stderr());
}

#[tokio::test]
async fn what_is_piped_into_the_host_is_for_the_app() {
    let mut run = run(&["--dapr-http-port", "0", "--", "cat"]);
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut program = Program::start(run.stdin(Stdio::from(reader)));
    drop(run);
    writer.write_all(b"passed on\n").unwrap();
    drop(writer);
    assert_eq!(program.code().await, 0);
    assert_eq!(program.app_lines(), ["passed on"]);
}

#[tokio::test]
async fn daprs_flags_without_a_meaning_are_passed_over_aloud() {
    let arguments = ["--placement-host-address", "", "--profile-port", "-1", "--enable-profiling", "-I=5"];
    let mut program = Program::beside(&arguments, &["true"]);
    assert_eq!(program.code().await, 0, "{}", program.stderr());
    let flags = "--dapr-internal-grpc-port, --enable-profiling, --placement-host-address, --profile-port";
    let warning = format!("passed over, because it has no meaning here: {flags}");
    assert!(program.stderr().contains(&warning), "{}", program.stderr());
    let refused = parlor().args(["run", "--no-such-flag"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
}

#[tokio::test]
async fn a_log_file_takes_the_log_and_leaves_the_app_its_streams() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let arguments = ["--log-file", log.to_str().unwrap()];
    let mut program = Program::beside(&arguments, &["sh", "-c", "echo oops >&2"]);
    assert_eq!(program.code().await, 0);
    assert_eq!(program.stderr(), "== APP == oops\n");
    assert!(std::fs::read_to_string(log).unwrap().contains("the app ended with exit code 0"));
}

#[test]
fn a_log_file_that_cant_be_written_is_named() {
    let refused = parlor().args(["run", "--log-file", "/nonexistent/log"]).output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    let what = "error: can't write the log: `/nonexistent/log` can't be opened: No such file or directory";
    assert!(said.starts_with(what) && said.contains("; name with `--log-file` a file in a folder"), "{said}");
}

#[test]
fn a_file_for_the_apps_output_that_cant_be_written_is_named() {
    let flags = ["--app-log-destination=file", "--app-log-file=/nonexistent/log", "--dapr-http-port=0"];
    let refused = run(&flags).args(["--dapr-grpc-port=0", "--", "true"]).output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    let what = "can't write the app's output to `/nonexistent/log`: No such file or directory";
    assert!(refused.status.code() == Some(1) && said.contains(what), "{said}");
}

#[test]
fn a_time_to_end_in_that_nobody_lives_to_see_is_refused() {
    let flag = "--dapr-graceful-shutdown-seconds=18446744073709551615";
    for arguments in [&["run", flag, "--", "sleep", "1"][..], &["run", "-f", "dapr.yaml", flag]] {
        let refused = parlor().args(arguments).output().unwrap();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains("write a number of seconds between 0 and 31536000"), "{said}");
        assert!(!said.contains("guard") && !said.contains("panicked"), "{said}");
    }
}
