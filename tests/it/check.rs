//! `parlor check` for programs: its JSON and its exit codes. What it finds is tested in `loading.rs` and beside the code.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::harness::{HostBuilder, guest, parlor};

fn check(arguments: &[&str], path: &Path) -> Output {
    parlor().arg("check").args(arguments).arg(path).env("ACME_KEY", "sk-never-told").output().unwrap()
}

fn report(path: &Path, code: i32) -> Value {
    let output = check(&["--json"], path);
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn openai(name: &str, settings: &str) -> String {
    format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}}}\nspec:\n  type: conversation.openai\n  version: v1\n  metadata:\n{settings}auth: {{secretStore: env}}\n---\n"
    )
}

const STORE: &str = "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: env}\nspec: {type: secretstores.local.env, version: v1}\n";
const KEY: &str = "  - {name: key, secretKeyRef: {name: ACME_KEY}}\n";

#[test]
fn what_is_right_is_listed_with_what_it_may_do() {
    let settings = format!("{KEY}  - {{name: endpoint, value: \"http://localhost:11434/v1\"}}\n");
    let host = HostBuilder::new().file("openai.yaml", openai("local", &settings) + &openai("vendor", KEY) + STORE).file(
        "acme.yaml",
        format!(
            "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: acme}}\nspec:\n  type: conversation.acme\n  version: v2\n  wasm:\n    source: {}\n    allowedHosts: [https://api.acme.dev]\n    limits: {{memory: 32Mi, timeout: 5s, cpu: 500ms, concurrency: 7}}\n",
            guest("samples/http").display()
        ),
    );
    let report = report(&host.resources(), 0);
    assert_eq!((&report["errors"], &report["warnings"], &report["diagnostics"]), (&json!(0), &json!(0), &json!([])));
    let components = report["components"].as_array().unwrap();
    let origins = |index: usize| &components[index]["grantedOrigins"];
    assert_eq!(
        components.iter().map(|it| it["name"].as_str().unwrap()).collect::<Vec<_>>(),
        ["acme", "local", "vendor"]
    );
    assert_eq!(origins(0), &json!(["https://api.acme.dev"]));
    assert_eq!(origins(1), &json!(["http://localhost:11434"]));
    assert_eq!(origins(2), &json!(["https://api.openai.com"]));
    let acme = &components[0];
    assert_eq!((&acme["type"], &acme["version"]), (&json!("conversation.acme"), &json!("v2")));
    assert_eq!(acme["sha256"].as_str().unwrap().len(), 64);
    let limits = &acme["limits"];
    assert_eq!((&limits["memoryBytes"], &limits["concurrency"]), (&json!(32 << 20), &json!(7)));
    assert_eq!((&limits["timeoutMilliseconds"], &limits["cpuMilliseconds"]), (&json!(5_000), &json!(500)));
    assert!(!report.to_string().contains("sk-never-told"));
}

#[test]
fn every_mistake_has_its_place_and_its_remedy() {
    let host = HostBuilder::new()
        .file("a.yaml", openai("unknown", &format!("{KEY}  - {{name: modle, value: m}}\n")) + STORE)
        .file("b.yaml", "kind: [\n")
        .file("c.yaml", openai("acme", "").replace("version: v1\n", "version: v1\n  wasm: {source: c.yaml}\n"));
    let report = report(&host.resources(), 1);
    assert_eq!(report["components"], json!([]));
    let found = report["diagnostics"].as_array().unwrap();
    assert_eq!(report["errors"], found.len());
    for (file, line, column, what, hint) in [
        ("a.yaml", 9, 12, "unknown setting `modle` for `conversation.openai/v1`", "did you mean `model`?"),
        ("b.yaml", 1, 7, "not YAML", "mend the document; the others of the file are read"),
        ("c.yaml", 7, 9, "is not WebAssembly", "name the `.wasm` file of a component"),
    ] {
        let is_it = |found: &&Value| found["file"].as_str().unwrap().ends_with(file);
        let mistake = found.iter().find(is_it).unwrap_or_else(|| panic!("nothing is told of {file}: {report:#}"));
        assert_eq!((&mistake["severity"], &mistake["hint"]), (&json!("error"), &json!(hint)), "{mistake}");
        assert_eq!((&mistake["line"], &mistake["column"]), (&json!(line), &json!(column)), "{mistake}");
        assert!(mistake["what"].as_str().unwrap().contains(what), "{mistake}");
    }
}

#[test]
fn what_would_be_passed_over_in_silence_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let report = report(folder.path(), 0);
    assert_eq!((&report["errors"], &report["warnings"]), (&json!(0), &json!(1)));
    let warning = &report["diagnostics"][0];
    assert_eq!(warning["what"], "there is no component file in it");
    assert_eq!((&warning["severity"], &warning["line"]), (&json!("warning"), &Value::Null));
}

#[test]
fn what_is_plainly_misspelt_is_a_mistake_and_what_is_foreign_is_none() {
    let document = |kind: &str, spec: &str| {
        format!("apiVersion: dapr.io/v1alpha1\n{kind}\nmetadata: {{name: it}}\nspec: {{{spec}}}\n")
    };
    let echo = "type: conversation.echo";
    for (kind, spec, line, hint) in [
        ("kind: Componet", echo, 2, "did you mean `Component`?"),
        ("kindd: Component", echo, 2, "did you mean `kind`?"),
        ("# no kind", echo, 1, "add `kind: Component` if it is a component"),
        ("kind: Component", "type: conversaton.echo", 4, "did you mean `conversation.echo`?"),
        ("kind: Component", "type: secretstore.local.env", 4, "did you mean `secretstores.local.env`?"),
        ("kind: Component", "type: conversation.echo, version: v9", 4, "write `v1`"),
        ("kind: Component", "type: secretstores.local.env, version: v9", 4, "write `v1`"),
    ] {
        let host = HostBuilder::new().file("it.yaml", document(kind, spec));
        let report = report(&host.resources(), 1);
        let found = &report["diagnostics"][0];
        assert_eq!((&report["errors"], &found["line"]), (&json!(1), &json!(line)), "{report:#}");
        assert!(found["hint"].as_str().unwrap().starts_with(hint), "{found}");
    }
    let foreign = [
        ("kind: Component", "type: state.redis", 1),
        ("kind: Component", "type: configuration.redis, version: v9", 1),
        ("kind: Configuration", "", 0),
        ("kind: Subscription", "", 0),
        ("kind: Resiliency", "", 1),
    ];
    for (kind, spec, warnings) in foreign {
        let host = HostBuilder::new().file("it.yaml", document(kind, spec));
        let report = report(&host.resources(), 0);
        assert_eq!((&report["errors"], &report["warnings"]), (&json!(0), &json!(warnings)), "{report:#}");
    }
}

#[test]
fn the_exit_code_tells_a_mistake_from_a_check_that_could_not_be_made() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(check(&[], &folder.path().join("missing")).status.code(), Some(1));
    assert_eq!(check(&["--providers-path", "/missing"], folder.path()).status.code(), Some(2));
    assert_eq!(check(&["--compile-cache", "relative"], folder.path()).status.code(), Some(2));
    assert_eq!(check(&["--jsno"], folder.path()).status.code(), Some(2));
    let help = String::from_utf8(parlor().args(["check", "--help"]).output().unwrap().stdout).unwrap();
    assert!(help.contains("Exit code: 0 when there is no error"), "{help}");
}
