//! Ports that somebody else has already.

use std::net::TcpListener;

use crate::harness::{Program, run};

#[tokio::test]
async fn a_port_that_was_asked_for_and_is_taken_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut program = Program::start(run(&["--dapr-http-port", &port]).args(["--", "sh", "-c", "echo started"]));
    assert_eq!(program.code().await, 1);
    assert_eq!(program.stdout(), "");
    let why = format!("can't listen on 127.0.0.1:{port}; choose another port with `--dapr-http-port`, or 0 for any");
    assert!(program.stderr().contains(&why), "{}", program.stderr());
}

#[tokio::test]
async fn the_default_port_gives_way_when_it_is_taken() {
    // Whoever has it, it is taken.
    let taken = TcpListener::bind("127.0.0.1:3500");
    let mut program = Program::start(run(&[]).args(["--", "sh", "-c", "echo $DAPR_HTTP_PORT"]));
    assert_eq!(program.code().await, 0, "{}", program.stderr());
    assert!(program.stderr().contains("port 3500 is taken, so another is used"), "{}", program.stderr());
    assert_ne!(program.app_lines(), ["3500"]);
    drop(taken);
}

#[tokio::test]
async fn the_app_and_the_host_can_not_share_a_port() {
    let arguments = ["--dapr-http-port", "3999", "--app-port", "3999"];
    let mut program = Program::start(run(&arguments).args(["--", "sh", "-c", "echo started"]));
    assert_eq!(program.code().await, 1);
    assert!(program.stderr().contains("`--app-port` and `--dapr-http-port` are both 3999"), "{}", program.stderr());
    assert_eq!(program.stdout(), "");
}
