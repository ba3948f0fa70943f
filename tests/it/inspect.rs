//! `parlor inspect`: what a person, or a program, is told of a provider before it is trusted with anything.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::harness::{guest, parlor};
use crate::loading::{DESCRIPTION, OWN_IO, exporting};

fn inspect(arguments: &[&str]) -> Output {
    parlor().arg("inspect").args(arguments).output().unwrap()
}

fn said(output: &Output, code: i32) -> String {
    let (said, errors) = (&output.stdout, &output.stderr);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{}{}",
        String::from_utf8_lossy(said),
        String::from_utf8_lossy(errors)
    );
    String::from_utf8(said.clone()).unwrap()
}

fn facts(artifact: &str, code: i32) -> Value {
    serde_json::from_str(&said(&inspect(&["--json", artifact]), code)).unwrap()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap_or_default()).collect()
}

#[test]
fn a_built_in_provider_is_told_with_all_that_it_takes() {
    let facts = facts("conversation.openai", 0);
    assert_eq!(facts["source"], "conversation.openai");
    assert_eq!(facts["refusal"], Value::Null);
    assert_eq!((&facts["world"], &facts["streaming"]), (&json!("codec-provider"), &json!(true)));
    assert_eq!(names(&facts["imports"]), ["parlor:conversation/types@0.1.0"]);
    assert!(facts["exports"].as_array().unwrap().contains(&json!("parlor:conversation/codec@0.1.0")));
    assert!(facts["size"].as_u64() > Some(10_000) && facts["compilation"]["codeBytes"].as_u64() > Some(10_000));
    assert!(facts["compilation"]["milliseconds"].as_f64() > Some(0.1));
    let call = &facts["firstCall"];
    assert_eq!((&call["function"], &call["error"]), (&json!("encode"), &Value::Null));
    assert_eq!(call["grownPages"], 0, "the SDK's allocator stays within the memory that a guest starts with");
    assert!(call["memoryAtRest"].as_u64() > Some(65_535));
    let description = &facts["description"];
    assert_eq!((&description["name"], &description["origins"]), (&json!("openai"), &json!(["https://api.openai.com"])));
    let key = &description["settings"][0];
    assert_eq!(
        (&key["name"], &key["kind"], &key["required"], &key["secret"], &key["default"]),
        (&json!("key"), &json!("text"), &json!(true), &json!(true), &Value::Null)
    );
    let kinds = description["settings"].as_array().unwrap().iter().map(|setting| setting["kind"].as_str().unwrap());
    assert!(kinds.clone().any(|kind| kind == "endpoint") && kinds.clone().any(|kind| kind == "choice"));
    assert_eq!(facts["yaml"], Value::Null, "a built-in provider needs no `wasm` block");
    assert_eq!(facts["defaultLimits"]["memoryBytes"], 64 << 20);
}

#[test]
fn a_file_is_told_for_a_person_too() {
    let artifact = guest("samples/http");
    let digest = sha256sum(&artifact);
    let text = said(&inspect(&[artifact.to_str().unwrap()]), 0);
    for told in [
        format!("  sha256      {digest}\n"),
        "  world       streaming-provider\n".to_owned(),
        "wasi:http/outgoing-handler@0.2".to_owned(),
        "  granted\n".to_owned(),
        "of `converse` stays within it\n".to_owned(),
        "it said, without a key and a network: ".to_owned(),
        "endpoint  (endpoint, default http://localhost:11434, granted by being set) ".to_owned(),
        "key  (text, secret) ".to_owned(),
        format!("    sha256: \"{digest}\"\n"),
        "  concurrency: 256 calls at one time\n".to_owned(),
    ] {
        assert!(text.contains(&told), "{told:?} is not in:\n{text}");
    }
}

#[test]
fn the_yaml_that_is_told_pins_and_grants() {
    let artifact = guest("hostile/wanderer-codec");
    let facts = facts(artifact.to_str().unwrap(), 0);
    let origins = facts["description"]["origins"].as_array().unwrap();
    let yaml = facts["yaml"].as_str().unwrap();
    assert!(yaml.contains(&format!("source: {:?}", artifact.to_str().unwrap())), "{yaml}");
    assert!(yaml.contains(&sha256sum(&artifact)), "{yaml}");
    assert_eq!(yaml.contains("allowedHosts"), !origins.is_empty(), "{yaml}");
}

#[test]
fn what_is_refused_is_told_as_far_as_it_got() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let import = r#"(import "wasi:keyvalue/store@0.2.0" (instance))"#;
    let greedy = facts(&file("greedy.wasm", &exporting(&[OWN_IO, DESCRIPTION], import)), 1);
    assert_eq!(greedy["refusal"], "imports `wasi:keyvalue/store@0.2.0`, which no provider is given");
    assert_eq!(greedy["hint"], "build it for one of the worlds in `wit/`");
    assert_eq!(greedy["world"], "provider");
    assert_eq!(greedy["imports"][0]["granted"], false);
    assert_eq!(greedy["imports"][0]["refusal"], greedy["refusal"]);
    assert_eq!(greedy["exports"], json!([OWN_IO, DESCRIPTION]));
    assert!(greedy["compilation"]["codeBytes"].as_u64() > Some(0));
    assert_eq!((&greedy["description"], &greedy["firstCall"]), (&Value::Null, &Value::Null));

    let other = facts(&file("other.wasm", &exporting(&["wasi:cli/run@0.2.0"], "")), 1);
    assert_eq!((&other["world"], &other["exports"]), (&Value::Null, &json!(["wasi:cli/run@0.2.0"])));
    assert!(other["refusal"].as_str().unwrap().contains("it is no provider, it exports `wasi:cli/run@0.2.0`"));

    let text = facts(&file("text.wasm", b"no wasm"), 1);
    assert_eq!((&text["size"], &text["imports"], &text["compilation"]), (&json!(7), &Value::Null, &Value::Null));
    assert_eq!(text["hint"], "name the `.wasm` file of a component");
    let told = said(&inspect(&[&file("core.wasm", b"\0asm\x01\0\0\0")]), 1);
    assert!(told.contains("error: `") && told.contains("is a core module, not a component\nhint: "), "{told}");
}

#[test]
fn what_can_not_be_inspected_is_no_bad_provider() {
    let missing = inspect(&["missing.wasm"]);
    assert_eq!(said(&missing, 2), "");
    let error = String::from_utf8_lossy(&missing.stderr);
    assert!(error.contains("`missing.wasm` can't be read") && error.contains("conversation.openai"), "{error}");
    assert_eq!(inspect(&[]).status.code(), Some(2));
}

fn sha256sum(path: &Path) -> String {
    let output = std::process::Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().next().unwrap().to_owned()
}
