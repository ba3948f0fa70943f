//! Dapr's own SDKs, unmodified, as clients: the programs of `tests/clients` know nothing of a host but the ports in their
//! environment. Each prints one JSON document a call, and what all of them must print is in `answers.jsonl`.
//!
//! There is no .NET here to run: what its client sends is replayed.

mod dotnet;
mod grpcurl;
mod program;

use std::fs;

use serde_json::Value;

use self::program::{Program, go, java, javascript, python, rust};
use crate::harness::{Host, HostBuilder, root};

/// What the how-to of Dapr's documentation expects of its programs.
const GREETING: &str = "conversation output: hello world";

/// What a program must print: every answer that its SDK can ask for, as far as it shows it, once a transport.
fn expected(program: &Program) -> Vec<Value> {
    let answers = fs::read_to_string(root().join("tests/clients/answers.jsonl")).unwrap();
    let answers: Vec<Value> = answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let asked = |answer: &&Value| !program.lacks.contains(&answer["call"].as_str().unwrap());
    let over = |transport| answers.iter().filter(asked).map(move |answer| program.shown(transport, answer.clone()));
    program.transports.iter().copied().flat_map(over).collect()
}

/// Compares what a program printed; what its SDK logs on standard output is no JSON.
fn compare(program: &Program, output: &str) {
    assert!(output.lines().any(|line| line == GREETING), "{output}");
    let documents = output.lines().filter(|line| line.starts_with('{'));
    let printed: Vec<Value> = documents.map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = expected(program);
    for (printed, expected) in printed.iter().zip(&expected) {
        assert_eq!(printed, expected);
    }
    assert_eq!(printed.len(), expected.len(), "{output}");
}

/// Starts the program beside a host that runs already.
async fn gets_the_answers(program: Program) {
    let host = Host::echo();
    compare(&program, &program.output(&host).await);
}

/// Has the host start the program, as `dapr run -- PROGRAM` does.
async fn gets_the_answers_as_an_app(program: Program) {
    let arguments: Vec<&str> = program.arguments.iter().map(String::as_str).collect();
    let mut app = HostBuilder::new().component("echo", "conversation.echo", &[]).beside(&arguments);
    assert_eq!(app.code().await, 0, "{}", app.stderr());
    compare(&program, &app.app_lines().join("\n"));
}

#[tokio::test]
async fn the_python_sdk_gets_the_answers() {
    gets_the_answers(python()).await;
}

#[tokio::test]
async fn the_go_sdk_gets_the_answers() {
    gets_the_answers(go()).await;
}

#[tokio::test]
async fn the_java_sdk_gets_the_answers() {
    gets_the_answers(java()).await;
}

#[tokio::test]
async fn the_javascript_sdk_gets_the_answers() {
    gets_the_answers(javascript()).await;
}

#[tokio::test]
async fn the_rust_sdk_gets_the_answers() {
    gets_the_answers(rust()).await;
}

#[tokio::test]
async fn the_python_sdk_gets_the_answers_as_an_app() {
    gets_the_answers_as_an_app(python()).await;
}

#[tokio::test]
async fn the_go_sdk_gets_the_answers_as_an_app() {
    gets_the_answers_as_an_app(go()).await;
}

#[tokio::test]
async fn the_java_sdk_gets_the_answers_as_an_app() {
    gets_the_answers_as_an_app(java()).await;
}

#[tokio::test]
async fn the_javascript_sdk_gets_the_answers_as_an_app() {
    gets_the_answers_as_an_app(javascript()).await;
}

#[tokio::test]
async fn the_rust_sdk_gets_the_answers_as_an_app() {
    gets_the_answers_as_an_app(rust()).await;
}
