//! Reads the sources and holds what `host/ARCHITECTURE.md` says of them: who may know whom, and how a file looks. What
//! clippy can hold, it holds.

use std::fs;
use std::path::PathBuf;

use crate::harness::root;

/// A file of the repository.
struct Source {
    /// Relative to the root, with `/`.
    path: String,
    text: String,
}

/// Words that are for one folder of `host/src` alone.
const KNOWN_BY: [(&[&str], &str); 9] = [
    (&["wasmparser", "wasmtime", "wasmtime_wasi", "wasmtime_wasi_http"], "sandbox/"),
    (&["moka"], "cache/"),
    (&["notify"], "swap/"),
    (&["parlor_scrub"], "scrub/"),
    (&["prometheus"], "metrics/"),
    (&["serde_saphyr"], "yaml/"),
    (&["parlor_componentize"], "componentize.rs"),
    (
        &["axum", "tower_http", "tonic", "tonic_health", "tonic_reflection", "tonic_types", "prost", "prost_types"],
        "api/",
    ),
    (&["rustls", "tokio_rustls", "webpki_roots"], "egress/"),
];

/// Folders of `host/src`, and the modules of this crate besides the plain data that each may name.
const MAY_USE: [(&str, &[&str]); 16] = [
    (
        "api",
        &[
            "answer",
            "app_health",
            "cache",
            "error",
            "limits",
            "metrics",
            "pipeline",
            "registry",
            "shutdown",
            "swap",
            "trace",
        ],
    ),
    ("app_health", &["limits"]),
    ("sandbox", &["answer", "egress", "error", "limits"]),
    ("egress", &[]),
    ("cache", &["answer", "error"]),
    ("scrub", &["answer", "error"]),
    ("components", &["limits", "yaml"]),
    ("assemble", &["built_in", "components", "egress", "limits", "registry", "sandbox", "yaml"]),
    ("swap", &["assemble", "registry", "shutdown", "yaml"]),
    ("yaml", &[]),
    ("inspect", &["assemble", "components", "sandbox"]),
    ("launch", &["shutdown", "telemetry", "yaml"]),
    ("daprd", &["cli", "yaml"]),
    ("telemetry", &["trace"]),
    ("trace", &[]),
    ("metrics", &["cache", "sandbox"]),
];

/// Plain data and small types, which everyone may name and which name nothing else.
const PLAIN: [&str; 9] =
    ["conversation", "description", "digest", "duration", "file", "origin", "quantity", "secret", "version"];

const LONGEST_FILE: usize = 600;

/// Every file with one of these endings below these folders, or that is one of them.
fn sources(places: &[&str], endings: &[&str]) -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    let mut left: Vec<PathBuf> = places.iter().map(|place| root.join(place)).collect();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if endings.iter().any(|ending| path.to_str().unwrap().ends_with(ending)) {
            let relative = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            found.push(Source { path: relative, text: fs::read_to_string(path).unwrap() });
        }
    }
    assert!(!found.is_empty(), "nothing was found in {places:?}");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn all_rust() -> Vec<Source> {
    sources(&["host", "providers", "guests", "tests", "xtask"], &[".rs"])
}

/// The lines that are code, each with its number from 1.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Whether `line` names `word` as a whole identifier at the start of a path.
fn names(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        let is_whole = !before.ends_with(is_part) && !before.ends_with("::") && !before.ends_with(['.', '`', '"', '-']);
        is_whole && (after.starts_with("::") || after.starts_with(';') || after.starts_with(" as "))
    })
}

/// The modules of this crate that a line names by `crate::`.
fn named_modules(line: &str) -> Vec<&str> {
    let after = line.split("crate::").skip(1);
    after.map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap()).collect()
}

fn assert_none(faults: &[String], rule: &str) {
    assert!(faults.is_empty(), "{rule}:\n{}", faults.join("\n"));
}

#[test]
fn what_a_room_works_with_is_known_to_that_room_alone() {
    let mut faults = Vec::new();
    for source in sources(&["host/src"], &[".rs"]) {
        let room = source.path.strip_prefix("host/src/").unwrap();
        for (words, owner) in KNOWN_BY {
            if room.starts_with(owner) {
                continue;
            }
            for (number, line) in code(&source.text) {
                if words.iter().any(|word| names(line, word)) {
                    faults.push(format!("{}:{number}: {line} (it belongs into `{owner}`)", source.path));
                }
            }
        }
    }
    assert_none(&faults, "a crate is used outside its room");
}

#[test]
fn rooms_know_one_another_only_as_the_architecture_says() {
    let mut faults = Vec::new();
    for (room, may_use) in MAY_USE {
        for source in sources(&[&format!("host/src/{room}")], &[".rs"]) {
            for (number, line) in code(&source.text) {
                for module in named_modules(line) {
                    // `{` begins a list, which rustfmt writes only for modules of one parent.
                    assert!(!module.is_empty(), "{}:{number}: name one module a line: {line}", source.path);
                    if module != room && !PLAIN.contains(&module) && !may_use.contains(&module) {
                        faults.push(format!("{}:{number}: `{room}` names `{module}`", source.path));
                    }
                }
            }
        }
    }
    for plain in PLAIN {
        let source = &sources(&[&format!("host/src/{plain}.rs")], &[".rs"])[0];
        for (number, line) in code(&source.text) {
            faults.extend(
                named_modules(line)
                    .iter()
                    .filter(|module| !PLAIN.contains(module))
                    .map(|module| format!("{}:{number}: plain data names `{module}`", source.path)),
            );
        }
    }
    assert_none(&faults, "a room knows another");
}

#[test]
fn guests_and_providers_know_nothing_of_the_host() {
    let mut faults = Vec::new();
    for source in sources(&["providers", "guests"], &["Cargo.toml"]) {
        let knows = source.text.lines().any(|line| line.starts_with("parlor.") || line.starts_with("parlor "));
        faults.extend(knows.then(|| source.path.clone()));
    }
    for source in sources(&["host"], &["Cargo.toml"]) {
        // The crates of the host besides itself, which in turn know none of ours.
        let is_part = |line: &str| line.starts_with("parlor-componentize.") || line.starts_with("parlor-scrub.");
        let is_own = |line: &str| source.path == "host/Cargo.toml" && is_part(line);
        let knows = source.text.lines().any(|line| line.starts_with("parlor") && !is_own(line));
        faults.extend(knows.then(|| source.path.clone()));
    }
    assert_none(&faults, "guests and the host meet as `.wasm` only");
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = |source: &Source| !source.text.starts_with("//!") && !source.text.starts_with("#![doc");
    let faults: Vec<String> = all_rust().into_iter().filter(silent).map(|source| source.path).collect();
    assert_none(&faults, "line 1 is `//!` and says what the file is for");
}

#[test]
fn no_file_is_too_long_to_read() {
    let faults: Vec<String> = all_rust()
        .iter()
        .filter_map(|source| {
            let lines = source.text.lines().count();
            (lines > LONGEST_FILE).then(|| format!("{}: {lines} lines", source.path))
        })
        .collect();
    assert_none(&faults, "a file has too many lines; it may have two subjects");
}

#[test]
fn nothing_is_put_off() {
    // Written in two pieces, so that this file is no finding.
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("#[ign", "ore")];
    let mut faults = Vec::new();
    let endings = [".rs", ".md", ".toml", ".wit", ".yaml"];
    for source in
        sources(&["host", "providers", "guests", "tests", "xtask", "wit", "components", "README.md"], &endings)
    {
        // Others wrote these.
        if source.path.starts_with("wit/deps/") {
            continue;
        }
        for (index, line) in source.text.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                faults.push(format!("{}:{}: {line}", source.path, index + 1));
            }
        }
    }
    assert_none(&faults, "do it now, or open an issue");
}

#[test]
fn every_hostile_guest_is_let_loose_by_a_test() {
    let tests: String = sources(&["tests/it"], &[".rs"]).into_iter().map(|source| source.text).collect();
    let unused: Vec<String> = fs::read_dir(root().join("guests/hostile"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| !tests.contains(&format!("\"{name}\"")) && !tests.contains(&format!("\"hostile/{name}\"")))
        .collect();
    assert_none(&unused, "no test runs this guest");
}

#[test]
fn the_architecture_names_what_there_is() {
    let host = root().join("host");
    let page = fs::read_to_string(host.join("ARCHITECTURE.md")).unwrap();
    let quoted = page.split('`').skip(1).step_by(2);
    let named: Vec<&str> = quoted.filter(|text| text.starts_with("src/") || text.starts_with("tests/")).collect();
    let is_there = |path: &&&str| host.join(path).exists() || root().join(path).exists();
    let missing: Vec<String> = named.iter().filter(|path| !is_there(path)).map(|path| (*path).to_owned()).collect();
    assert_none(&missing, "`host/ARCHITECTURE.md` names what is not there");
    let unnamed = fs::read_dir(host.join("src")).unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let place = if path.is_dir() { format!("src/{name}/") } else { format!("src/{name}") };
        (name != "lib.rs" && !named.contains(&place.as_str())).then_some(place)
    });
    assert_none(&unnamed.collect::<Vec<_>>(), "`host/ARCHITECTURE.md` says nothing of it");
}

#[test]
fn the_repository_stands_alone() {
    let outside = concat!("../sha", "red");
    let places =
        ["host", "providers", "guests", "tests", "xtask", "wit", "components", "README.md", "Cargo.toml", ".ci"];
    let mut faults: Vec<String> = Vec::new();
    for source in sources(&places, &[".rs", ".md", ".toml", ".wit", ".yaml", "run"]) {
        faults.extend(source.text.contains(outside).then_some(source.path));
    }
    assert_none(&faults, "a path outside of the repository is named");
}
