//! Component files as anybody might write them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use parlor::components::{AppIdentity, Reading, Sources, read, settle::settle};
use parlor::description::{Description, Setting, SettingKind};
use tempfile::TempDir;
use uuid::Uuid;

/// What is told to nobody.
const SECRET: &str = "sk-never-told-to-anybody";

/// Longer than any text about a mistake is.
const LONGEST_TEXT: usize = 4 << 10;

/// Bytes as a component file: it is read to the same end every time, and each mistake has a place in the file and a text
/// that is short, clean and without secrets.
pub fn yaml(data: &[u8]) {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("component.yaml");
    fs::write(&file, data).expect("a file");
    let lines = data.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    let description = description();
    let told = tell(&file, &description);
    for text in &told {
        assert!(!text.contains(SECRET), "a secret is told: {text}");
        assert!(text.len() < LONGEST_TEXT && !text.chars().any(char::is_control), "not fit for a log: {text}");
        let place = text.strip_prefix(&format!("{}:", file.display())).and_then(|rest| rest.split(':').next());
        if let Some(line) = place.and_then(|line| line.parse::<usize>().ok()) {
            assert!((1..=lines).contains(&line), "there is no such line: {text}");
        }
    }
    assert_eq!(told, tell(&file, &description), "read twice");
}

fn tell(file: &PathBuf, description: &Description) -> Vec<String> {
    let environment = BTreeMap::from(["KEY", "PLAIN"].map(|name| (name.to_owned(), SECRET.to_owned())));
    let app = AppIdentity { app_id: "fuzz".to_owned(), namespace: None };
    let paths = std::slice::from_ref(file);
    let sources = Sources { paths, environment: &environment, app: &app, seed: Uuid::nil() };
    let Reading { declarations, broken, diagnostics, .. } = read(&sources);
    let mut told: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    for declaration in declarations.iter().chain(&broken) {
        let settled = settle(declaration, description);
        assert!(settled.settings.len() <= description.settings.len(), "more settings than there are");
        told.extend(settled.diagnostics.iter().map(ToString::to_string));
    }
    told
}

/// A provider with a setting of every kind.
fn description() -> Description {
    let setting = |name: &str, kind| Setting {
        name: name.to_owned(),
        summary: String::new(),
        kind,
        default: None,
        required: name == "key",
        secret: name == "key",
    };
    let settings = vec![
        setting("key", SettingKind::Text),
        setting("text", SettingKind::Text),
        setting("flag", SettingKind::Boolean),
        setting("whole", SettingKind::Integer),
        setting("number", SettingKind::Number),
        setting("wait", SettingKind::Duration),
        setting("endpoint", SettingKind::Endpoint),
        setting("word", SettingKind::Choice(vec!["one".to_owned(), "other".to_owned()])),
    ];
    Description { settings, ..Description::default() }
}
