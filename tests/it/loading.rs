//! Invariant 5 at the start: bad YAML or a bad `.wasm` is reported in one sentence with its place and a remedy, all in one
//! go, and never keeps a good component from serving. What YAML may say in every detail is tested beside the code.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::json;

use crate::harness::{HostBuilder, check, guest, root};

/// A mistake: the YAML file that has it, its place in that file, and pieces of the sentence, the last being the remedy.
struct Mistake {
    file: &'static str,
    yaml: String,
    place: &'static str,
    told: &'static [&'static str],
}

fn component(name: &str, component_type: &str, rest: &str) -> String {
    format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  type: {component_type}\n  version: v1\n{rest}"
    )
}

/// A component whose provider is `source`, a file in the same folder.
fn wasm(file: &'static str, source: &str, told: &'static [&'static str]) -> Mistake {
    let rest = format!("  wasm:\n    source: {source}\n");
    Mistake { file, yaml: component(file, "conversation.other", &rest), place: "9:5", told }
}

/// A component for whose text `wat` has no short form: it exports one function in an instance of that name.
pub(crate) fn exporting(names: &[&str], import: &str) -> Vec<u8> {
    let exports: String = names.iter().map(|name| format!("(export \"{name}\" (instance $interface))\n")).collect();
    let text = format!(
        r#"(component
            {import}
            (core module $code (func (export "f")))
            (core instance $code (instantiate $code))
            (func $f (canon lift (core func $code "f")))
            (instance $interface (export "f" (func $f)))
            {exports})"#
    );
    wat::parse_str(text).unwrap()
}

pub(crate) const DESCRIPTION: &str = "parlor:conversation/description@0.1.0";
pub(crate) const OWN_IO: &str = "parlor:conversation/conversation@0.1.0";
const CODEC: &str = "parlor:conversation/codec@0.1.0";

/// Writes the artifacts that are no providers, each for its own reason.
fn write_artifacts(folder: &Path) {
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    write("core.wasm", b"\0asm\x01\0\0\0");
    write("text.wasm", b"this is no wasm");
    write("empty.wasm", b"");
    write("cut.wasm", &fs::read(guest("providers/echo")).unwrap()[..5_000]);
    write("world.wasm", &exporting(&["wasi:cli/run@0.2.0"], ""));
    write("newer.wasm", &exporting(&["parlor:conversation/codec@0.2.0", "parlor:conversation/description@0.2.0"], ""));
    write("mute.wasm", &exporting(&[OWN_IO], ""));
    write("shape.wasm", &exporting(&[OWN_IO, DESCRIPTION], ""));
    let two = "(core module $m (memory 1)) (core instance (instantiate $m)) (core instance (instantiate $m))";
    write("two.wasm", &wat::parse_str(format!("(component {two})")).unwrap());
    let long = format!("(component (core module (func {})))", "nop ".repeat(600_000));
    write("long.wasm", &wat::parse_str(long).unwrap());
    let import = r#"(import "wasi:keyvalue/store@0.2.0" (instance))"#;
    write("greedy.wasm", &exporting(&[OWN_IO, DESCRIPTION], import));
    let import = r#"(import "wasi:http/outgoing-handler@0.2.0" (instance))"#;
    write("codec.wasm", &exporting(&[CODEC, DESCRIPTION], import));
}

fn bad_artifacts() -> Vec<Mistake> {
    let mut mistakes = vec![
        wasm(
            "missing",
            "./missing.wasm",
            &["missing.wasm", "can't be read", "`source` is a path relative to this file"],
        ),
        wasm("two", "two.wasm", &["is made of more than a provider may be", "link its modules into one"]),
        wasm("long", "long.wasm", &["has a function of 600002 bytes", "have its compiler cut large functions"]),
        wasm("endless", "/dev/zero", &["can't be read: it is not a file", "`source` is a path relative to this file"]),
        wasm("folder", ".", &["can't be read: it is not a file", "`source` is a path relative to this file"]),
        wasm("core", "core.wasm", &["is a core module, not a component", "make it one with `parlor componentize`"]),
        wasm("text", "text.wasm", &["is not WebAssembly", "name the `.wasm` file of a component"]),
        wasm("empty", "empty.wasm", &["is not WebAssembly", "name the `.wasm` file of a component"]),
        wasm("cut", "cut.wasm", &["is not a valid component", "build it again, or fetch it again"]),
        wasm("world", "world.wasm", &["is no provider", "exports `wasi:cli/run@0.2.0`", "one of the worlds in `wit/`"]),
        wasm(
            "newer",
            "newer.wasm",
            &["is for `parlor:conversation/codec@0.2.0`", "this host speaks version 0.1", "or update the host"],
        ),
        wasm("mute", "mute.wasm", &["not `parlor:conversation/description@0.1.0`", "every provider describes itself"]),
        wasm("shape", "shape.wasm", &["in another shape", "build it against the `wit/` of this host"]),
        wasm("greedy", "greedy.wasm", &["imports `wasi:keyvalue/store@0.2.0`", "one of the worlds in `wit/`"]),
        wasm(
            "codec",
            "codec.wasm",
            &[
                "is a codec and imports `wasi:http/outgoing-handler@0.2.0`",
                "export `parlor:conversation/conversation@0.1.0`",
            ],
        ),
    ];
    let digest = format!("{}\n    sha256: \"{}\"", guest("providers/echo").display(), "0".repeat(64));
    mistakes.push(wasm("digest", &digest, &["has the SHA-256 `", "then correct `sha256`"]));
    mistakes
}

fn bad_yaml() -> Vec<Mistake> {
    let openai = |metadata: &str| component("openai", "conversation.openai", &format!("  metadata:\n{metadata}"));
    let key = "  - name: key\n    value: k\n";
    vec![
        Mistake {
            file: "broken",
            yaml: "metadata:\n  name: 'half\n".to_owned(),
            place: "2:9",
            told: &["not YAML", "mend the document"],
        },
        Mistake {
            file: "unknown-setting",
            yaml: openai(&format!("{key}  - name: modle\n    value: m\n"))
                .replace("name: openai", "name: unknown-setting"),
            place: "11:11",
            told: &["unknown setting `modle` for `conversation.openai/v1`", "did you mean `model`?"],
        },
        Mistake {
            file: "missing-key",
            yaml: openai("  - name: model\n    value: m\n").replace("name: openai", "name: missing-key"),
            place: "4:9",
            told: &["missing setting `key`", "add `- name: key` with a `secretKeyRef`"],
        },
        Mistake {
            file: "unknown-type",
            yaml: component("unknown-type", "conversation.opneai", ""),
            place: "6:9",
            told: &["there is no built-in provider `conversation.opneai`", "did you mean `conversation.openai`?"],
        },
    ]
}

/// Puts every mistake into a file of its own, in the order in which files are read.
fn with_mistakes(mut host: HostBuilder) -> (HostBuilder, Vec<Mistake>) {
    let mut mistakes = bad_artifacts();
    mistakes.extend(bad_yaml());
    write_artifacts(&host.resources());
    for mistake in &mistakes {
        host = host.file(&format!("{}.yaml", mistake.file), &mistake.yaml);
    }
    (host, mistakes)
}

fn text(output: &Output) -> String {
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn one_check_reports_every_mistake_of_every_file() {
    let (host, mistakes) =
        with_mistakes(HostBuilder::new().file("echo.yaml", component("echo", "conversation.echo", "")));
    let output = check(&[&host.resources()]);
    let report = text(&output);
    assert_eq!(output.status.code(), Some(1), "{report}");
    let told: Vec<&str> = report.split("\n\n").collect();
    for mistake in &mistakes {
        let place =
            format!("{}:{}\n", host.resources().join(mistake.file).with_extension("yaml").display(), mistake.place);
        let found = told.iter().find(|told| format!("{told}\n").contains(&place));
        let found = found.unwrap_or_else(|| panic!("nothing is told of {place}{report}"));
        assert!(found.starts_with("error: "), "{found}");
        for piece in mistake.told {
            assert!(found.contains(piece), "`{piece}` is not in:\n{found}");
        }
    }
    let summary = format!("1 component, {} errors, 0 warnings", mistakes.len());
    assert_eq!(report.lines().last(), Some(summary.as_str()));
}

#[tokio::test]
async fn what_is_good_serves_beside_what_is_not() {
    let (host, mistakes) = with_mistakes(HostBuilder::new().component("echo", "conversation.echo", &[]));
    let resources = host.resources();
    let host = host.start();
    assert!(
        host.summary.ends_with(&format!(
            "with echo (conversation.echo/v1); {} mistakes in the component files, see the log",
            mistakes.len()
        )),
        "{}",
        host.summary
    );
    assert_eq!(host.client.alpha1("echo", "well").await.ok(), json!({ "outputs": [{ "result": "well" }] }));
    let log = host.log();
    for mistake in &mistakes {
        let place = format!("{}:{}: ", resources.join(mistake.file).with_extension("yaml").display(), mistake.place);
        let line =
            log.lines().find(|line| line.contains(&place)).unwrap_or_else(|| panic!("no line has {place}\n{log}"));
        assert!(line.contains("ERROR"), "{line}");
        for piece in mistake.told {
            assert!(line.contains(piece), "`{piece}` is not in: {line}");
        }
        let (status, code, _) = host.client.alpha1(mistake.file, "x").await.error();
        assert_eq!((status, code.as_str()), (400, "ERR_CONVERSATION_NOT_FOUND"));
    }
}

#[test]
fn a_strict_start_fails_with_the_whole_report() {
    let host = HostBuilder::new().component("echo", "conversation.echo", &[]).argument("--strict");
    let (host, mistakes) = with_mistakes(host);
    let Err((status, log)) = host.try_start() else { panic!("it started") };
    assert_eq!(status.code(), Some(1), "{log}");
    for mistake in &mistakes {
        assert!(log.contains(&format!("{}.yaml:{}: ", mistake.file, mistake.place)), "{log}");
    }
    assert!(
        log.contains(&format!("{} mistakes in the component files, and `--strict` allows none", mistakes.len())),
        "{log}"
    );
}

#[tokio::test]
async fn a_component_may_say_that_its_errors_are_ignored() {
    let mistakes = ["missing.wasm", "text.wasm"].map(|source| {
        let name = source.trim_end_matches(".wasm");
        format!(
            "{}  ignoreErrors: true\n---\n",
            component(name, "conversation.other", &format!("  wasm:\n    source: {source}\n"))
        )
    });
    let host = HostBuilder::new()
        .component("echo", "conversation.echo", &[])
        .file("text.wasm", "no wasm")
        .file("optional.yaml", mistakes.concat())
        .argument("--strict");
    let output = check(&[&host.resources().join("optional.yaml")]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).ends_with("0 components, 0 errors, 2 warnings\n"), "{}", text(&output));
    let host = host.start();
    host.client.alpha1("echo", "x").await.ok();
    assert!(host.log().lines().filter(|line| line.contains("WARN")).count() == 2, "{}", host.log());
}

#[tokio::test]
async fn a_component_serves_the_applications_in_its_scopes() {
    let yaml = component("echo", "conversation.echo", "scopes:\n- first\n- second\n");
    for (app_id, serves) in [("second", true), ("third", false)] {
        let host = HostBuilder::new().file("echo.yaml", &yaml).argument(&format!("--app-id={app_id}")).start();
        let answer = host.client.alpha1("echo", "x").await;
        assert_eq!(answer.status, if serves { 200 } else { 400 }, "{app_id}");
    }
}

#[test]
fn the_components_of_this_repository_are_right() {
    let output = check(&[&root().join("components")]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).ends_with(" 0 errors, 0 warnings\n"), "{}", text(&output));
}

#[tokio::test]
async fn a_cache_folder_is_done_without_unless_it_was_asked_for() {
    for unfit in ["/dev/null", "relative"] {
        let own =
            HostBuilder::new().component("echo", "conversation.echo", &[]).environment("XDG_CACHE_HOME", unfit).start();
        own.client.alpha1("echo", "x").await.ok();
        assert!(own.log().contains("every start compiles its providers anew"), "{}", own.log());
        let asked = HostBuilder::new().argument("--compile-cache").argument(unfit);
        let Err((status, log)) = asked.try_start() else { panic!("it started") };
        assert_eq!(status.code(), Some(1));
        assert!(log.contains("the compile cache"), "{log}");
    }
}
