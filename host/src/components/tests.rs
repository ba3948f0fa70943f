//! Components as people write them, well and badly. Each YAML file of `tests/diagnostics` has beside it what is said of
//! it; `UPDATE_EXPECT=1` writes that anew.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use uuid::Uuid;

use super::settle::{SettledValue, settle, unknown_type};
use super::{AppIdentity, Declaration, Diagnostics, Reading, Source, Sources, read};
use crate::description::{Description, Setting, SettingKind};
use crate::yaml::diagnostic::Severity;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/diagnostics");

/// A folder that is gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("parlor-components-{}", Uuid::new_v4()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), content).unwrap();
    }

    /// The diagnostics with the folder's name taken out.
    fn lines(&self, diagnostics: &Diagnostics) -> Vec<String> {
        let prefix = format!("{}/", self.0.display());
        diagnostics.iter().map(|diagnostic| diagnostic.to_string().replace(&prefix, "")).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The YAML files that are told about.
fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(CASES).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    assert!(!cases.is_empty());
    cases
}

fn read_paths(paths: &[PathBuf], environment: &[(&str, &str)]) -> Reading {
    let environment: BTreeMap<String, String> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let app = AppIdentity { app_id: "shop".to_owned(), namespace: None };
    read(&Sources { paths, environment: &environment, app: &app, seed: Uuid::nil() })
}

fn read_text(text: &str, environment: &[(&str, &str)]) -> Reading {
    let folder = Folder::new();
    folder.write("component.yaml", text);
    read_paths(std::slice::from_ref(&folder.0), environment)
}

/// One component with these lines as the items of its metadata.
fn component(items: &str) -> String {
    format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: x}}\nspec:\n  type: conversation.x\n  metadata:\n{items}"
    )
}

fn setting(name: &str, kind: SettingKind) -> Setting {
    Setting { name: name.to_owned(), summary: String::new(), kind, default: None, required: false, secret: false }
}

/// A provider that takes a setting of every kind.
fn description() -> Description {
    let choices = SettingKind::Choice(vec!["openai".to_owned(), "azure".to_owned()]);
    Description {
        name: "openai".to_owned(),
        version: "1.0.0".to_owned(),
        summary: String::new(),
        settings: vec![
            Setting { required: true, secret: true, ..setting("key", SettingKind::Text) },
            Setting { default: Some("gpt".to_owned()), ..setting("model", SettingKind::Text) },
            Setting {
                default: Some("https://api.openai.com/v1".to_owned()),
                ..setting("endpoint", SettingKind::Endpoint)
            },
            setting("organization", SettingKind::Text),
            setting("project", SettingKind::Text),
            setting("stream", SettingKind::Boolean),
            setting("maxTokens", SettingKind::Integer),
            setting("temperature", SettingKind::Number),
            setting("timeout", SettingKind::Duration),
            setting("apiType", choices),
        ],
        origins: vec!["https://api.openai.com".to_owned()],
    }
}

/// Reads and settles, and writes down what became of each component.
fn outcome(reading: Reading) -> String {
    let mut diagnostics = reading.diagnostics;
    let mut served = String::new();
    for declaration in reading.declarations.iter().chain(&reading.broken) {
        let Some(description) = provider(declaration) else {
            diagnostics.push(unknown_type(declaration, &["conversation.openai", "conversation.echo"]));
            continue;
        };
        let settled = settle(declaration, &description);
        diagnostics.append(settled.diagnostics.clone());
        if !settled.is_usable || reading.broken.iter().any(|broken| broken.name == declaration.name) {
            continue;
        }
        writeln!(served, "{} {} {:?}", declaration.name, declaration.type_and_version(), declaration.source).unwrap();
        for (name, value) in &settled.settings {
            let value = match value {
                SettledValue::Plain(text) => text.clone(),
                SettledValue::Secret(secret) => format!("secret of {} bytes", secret.expose().len()),
            };
            writeln!(served, "  {name} = {value}").unwrap();
        }
        for origin in declaration.allowed_origins.iter().chain(&settled.endpoints) {
            writeln!(served, "  may reach {origin}").unwrap();
        }
        if let Some(ttl) = settled.response_cache_ttl {
            writeln!(served, "  keeps answers for {ttl:?}").unwrap();
        }
    }
    diagnostics.sort();
    format!("{served}\n{diagnostics}").trim_start().to_owned()
}

/// What the type's provider says of itself; `None` for a type that has no provider.
fn provider(declaration: &Declaration) -> Option<Description> {
    match declaration.component_type.as_str() {
        "conversation.openai" | "conversation.ollama" | "conversation.anthropic" => Some(description()),
        "conversation.echo" => Some(Description { settings: Vec::new(), ..description() }),
        _ if declaration.source != Source::BuiltIn => Some(Description { settings: Vec::new(), ..description() }),
        _ => None,
    }
}

#[test]
fn every_mistake_is_told_with_its_place_and_its_remedy() {
    let update = std::env::vars().any(|(name, _)| name == "UPDATE_EXPECT");
    for case in cases() {
        let reading = read_paths(std::slice::from_ref(&case), &[("KEY_OF_OPENAI", "sk-environment")]);
        let actual = outcome(reading).replace(&format!("{CASES}/"), "");
        let expected = case.with_extension("txt");
        if update {
            fs::write(&expected, &actual).unwrap();
        }
        assert_eq!(actual, fs::read_to_string(&expected).unwrap_or_default(), "{}", case.display());
        assert!(!actual.contains("hunter2") && !actual.contains("sk-"), "a secret is told of {}", case.display());
    }
}

#[test]
fn a_folder_is_read_by_name_and_not_deeply() {
    let folder = Folder::new();
    let named = |name: &str| component("").replace("{name: x}", &format!("{{name: {name}}}"));
    folder.write("b.yaml", named("second"));
    folder.write("a.YML", named("first"));
    folder.write("acme.wasm", "");
    folder.write(".hidden.yaml", "not read");
    folder.write("README.md", "not read either");
    folder.write("c.yaml", [0xff, 0xfe, 0x00]);
    folder.write("d.yaml", vec![b' '; (4 << 20) + 1]);
    folder.write("secrets.json", "{}");
    folder.write(
        "store.yaml",
        named("store").replace("conversation.x", "secretstores.local.file")
            + "  - {name: secretsFile, value: secrets.json}\n",
    );
    fs::create_dir(folder.0.join("deeper")).unwrap();
    fs::write(folder.0.join("deeper/e.yaml"), named("third")).unwrap();
    let reading = read_paths(&[folder.0.clone(), folder.0.join("absent")], &[]);
    let names: Vec<&str> = reading.declarations.iter().map(|declaration| declaration.name.as_str()).collect();
    assert_eq!(names, ["first", "second"]);
    assert_eq!(
        folder.lines(&reading.diagnostics),
        [
            "README.md: not a YAML file, skipped; only files that end in `.yaml` or `.yml` are read; move it elsewhere",
            "absent: can't be read: No such file or directory (os error 2); name a folder of component files that exists",
            "c.yaml: is not UTF-8; write a UTF-8 text file of at most 4 MiB that this user may read",
            "d.yaml: is larger than 4 MiB; write a UTF-8 text file of at most 4 MiB that this user may read",
        ]
    );
}

#[test]
fn a_declaration_carries_what_the_yaml_says() {
    let text = fs::read_to_string(format!("{CASES}/wasm.yaml")).unwrap();
    let folder = Folder::new();
    folder.write("wasm.yaml", text);
    let reading = read_paths(std::slice::from_ref(&folder.0), &[]);
    let good = &reading.declarations[0];
    assert_eq!(good.source, Source::File(folder.0.join("./acme.wasm")));
    assert!(good.sha256.unwrap().to_string().starts_with("9f86d081"));
    assert!(good.private_network);
    assert_eq!(good.limits.memory, 128 << 20);
    assert_eq!(good.limits.timeout, Duration::from_secs(90));
    assert_eq!(good.limits.cpu, Duration::from_millis(500));
    assert_eq!(good.limits.concurrency, 8);
    assert_eq!(good.limits.response_bytes, 2 << 20);
    assert_eq!((good.limits.events, good.limits.log), (500, 0));
    assert_eq!(good.init_timeout, Duration::from_secs(5));
    let at = good.wasm_at.as_ref().unwrap().to_string();
    assert!(at.ends_with("wasm.yaml:7:5"), "{at}");
}

#[test]
fn values_keep_the_meaning_that_they_have_in_dapr() {
    for (yaml, value) in [
        ("text", "text"),
        ("'quoted'", "quoted"),
        ("'\"twice\"'", "\"twice\""),
        ("5", "5"),
        ("-5", "-5"),
        ("1.50", "1.5"),
        ("1.0", "1"),
        ("true", "true"),
        ("off", "off"),
        ("0755", "0755"),
        ("1_000", "1_000"),
        ("2024-06-01", "2024-06-01"),
        ("null", ""),
        ("{a: [1, 'b', null]}", r#"{"a":[1,"b",null]}"#),
        ("'{appID} in {namespace}'", "shop in default.shop"),
        ("'{podName} {other}'", "pod-1 {other}"),
        ("\"two\\nlines\"", "two\nlines"),
    ] {
        let reading = read_text(&component(&format!("  - {{name: v, value: {yaml}}}\n")), &[("POD_NAME", "pod-1")]);
        assert!(reading.diagnostics.is_empty(), "{yaml}: {}", reading.diagnostics);
        assert_eq!(reading.declarations[0].settings[0].value.as_ref().unwrap().expose(), value, "{yaml}");
    }
}

#[test]
fn every_uuid_of_a_template_is_another() {
    let reading = read_text(&component("  - {name: v, value: '{uuid}/{uuid}'}\n"), &[]);
    let value = reading.declarations[0].settings[0].value.as_ref().unwrap().expose().to_owned();
    let (first, second) = value.split_once('/').unwrap();
    assert!(first.len() == 36 && second.len() == 36 && first != second, "{value}");
}

#[test]
fn what_is_read_again_is_the_same_wherever_it_stands() {
    let text = component("  - {name: v, value: '{uuid}'}\n  - {name: w, value: one}\n");
    let declaration = |text: &str| read_text(text, &[]).declarations.remove(0);
    let first = declaration(&text);
    assert!(first.is_same(&declaration(&format!("# moved\n\n{text}"))));
    for (from, to) in [("value: one", "value: two"), ("name: w", "name: u"), ("conversation.", "conversation.other")] {
        let changed = text.replacen(from, to, 1);
        assert!(changed != text && !first.is_same(&declaration(&changed)), "{to}");
    }
    let less = text.replace("  - {name: w, value: one}\n", "");
    assert!(!first.is_same(&declaration(&less)));
}

#[test]
fn a_variable_outside_the_allow_list_is_refused() {
    let text = component("  - {name: a, envRef: LISTED}\n  - {name: b, envRef: UNLISTED}\n");
    let variables = [("LISTED", "1"), ("UNLISTED", "2"), ("DAPR_ENV_KEYS", "OTHER listed")];
    let reading = read_text(&text, &variables);
    let told: Vec<&str> = reading.diagnostics.iter().map(|diagnostic| diagnostic.what.as_str()).collect();
    assert_eq!(told, ["the environment variable `UNLISTED` is not among those that `DAPR_ENV_KEYS` allows"]);
}

#[test]
fn a_namespace_counts_only_where_the_process_has_one() {
    let text = component("").replace("{name: x}", "{name: x, namespace: theirs}");
    let folder = Folder::new();
    folder.write("component.yaml", text);
    let paths = [folder.0.clone()];
    for (namespace, count) in [(None, 1), (Some("theirs"), 1), (Some("ours"), 0)] {
        let app = AppIdentity { app_id: "shop".to_owned(), namespace: namespace.map(str::to_owned) };
        let reading = read(&Sources { paths: &paths, environment: &BTreeMap::new(), app: &app, seed: Uuid::nil() });
        assert_eq!(reading.declarations.len(), count, "{namespace:?}");
        assert!(reading.diagnostics.is_empty());
    }
}

#[test]
fn a_huge_value_is_read_but_not_repeated() {
    let huge = "x".repeat(1 << 20);
    let reading = read_text(&component(&format!("  - {{name: {huge}, value: {huge}}}\n")), &[]);
    let settled = settle(&reading.declarations[0], &description());
    assert!(settled.diagnostics.errors() > 0);
    assert!(settled.diagnostics.to_string().len() < 4_096);
}

#[test]
fn no_text_makes_the_reader_panic() {
    const PIECES: &[&str] = &[
        "\n---\n",
        ": ",
        "- ",
        "{",
        "}",
        "[",
        "&a ",
        "*a",
        "<<: *a",
        "!!binary ",
        "\u{feff}",
        "\r",
        "\t",
        "%",
        "|\n",
        "'",
        "\"",
        "é",
        "\0",
        "? ",
    ];
    let folder = Folder::new();
    let mut random = fastrand::Rng::with_seed(7);
    for case in cases() {
        let original: Vec<char> = fs::read_to_string(&case).unwrap().chars().collect();
        for _ in 0..20 {
            let mut text = original.clone();
            for _ in 0..=random.usize(..4) {
                let at = random.usize(..text.len());
                match random.usize(..3) {
                    0 => drop(text.drain(at..(at + random.usize(..20)).min(text.len()))),
                    1 => drop(text.splice(at..at, PIECES[random.usize(..PIECES.len())].chars())),
                    _ => text[at] = PIECES[random.usize(..PIECES.len())].chars().next().unwrap(),
                }
            }
            folder.write("mutant.yaml", text.into_iter().collect::<String>());
            let reading = read_paths(std::slice::from_ref(&folder.0), &[]);
            let errors = reading.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
            assert_eq!(errors.count(), reading.diagnostics.errors());
            outcome(reading);
        }
    }
}
