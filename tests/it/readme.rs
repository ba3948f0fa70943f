//! What the README shows is what happens.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::harness::{HostBuilder, root};

/// The lines of the fenced blocks in `text`, each block with its language.
fn blocks(text: &str) -> Vec<(String, Vec<String>)> {
    let mut blocks: Vec<(String, Vec<String>)> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some(_) if is_open => is_open = false,
            Some(language) => {
                is_open = true;
                blocks.push((language.to_owned(), Vec::new()));
            }
            None if is_open => blocks.last_mut().unwrap().1.push(line.to_owned()),
            None => {}
        }
    }
    assert!(!is_open, "a block is not closed");
    blocks
}

#[test]
fn the_first_call_of_the_readme_gets_the_answer_shown() {
    let blocks = blocks(&fs::read_to_string(root().join("README.md")).unwrap());
    let shown = blocks.windows(2).find_map(|pair| {
        let [(language, shell), (next, answer)] = pair else { return None };
        let curl = shell.iter().find(|line| line.starts_with("curl "))?;
        (language == "sh" && next == "json").then(|| (curl.clone(), answer.concat()))
    });
    let (curl, answer) = shown.expect("the README has a `curl` in a `sh` block, and a `json` block after it");
    let host = HostBuilder::new().resources_of(&root().join("components")).start();
    assert!(curl.contains("localhost:3500/"), "{curl}");
    let curl = curl.replace("localhost:3500", host.client.address());
    let output = Command::new("sh").args(["-c", &format!("{curl} --silent --show-error --fail")]).output().unwrap();
    assert!(output.status.success(), "{curl}: {}", String::from_utf8_lossy(&output.stderr));
    let answered: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answered, serde_json::from_str::<Value>(&answer).unwrap());
}

/// The lines of a program between its comments `readme` and `/readme`, less their indentation; a blank line parts pieces.
fn excerpt(program: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("tests/clients").join(program)).unwrap();
    let mut excerpt: Vec<String> = Vec::new();
    let mut indentation = None;
    for line in text.lines() {
        match line.trim().trim_start_matches(['#', '/']).trim_start() {
            "/readme" => indentation = None,
            "readme" => {
                excerpt.extend((!excerpt.is_empty()).then(String::new));
                indentation = Some(line.len() - line.trim_start().len());
            }
            _ => excerpt.extend(indentation.map(|spaces| line.get(spaces..).unwrap_or_default().to_owned())),
        }
    }
    excerpt
}

#[test]
fn the_programs_of_the_readme_are_those_that_are_tested() {
    let blocks = blocks(&fs::read_to_string(root().join("README.md")).unwrap());
    let programs = [
        ("python", "python/conversation.py"),
        ("go", "go/conversation.go"),
        ("java", "java/src/Conversation.java"),
        ("js", "javascript/conversation.js"),
        ("rust", "rust/src/main.rs"),
    ];
    for (language, program) in programs {
        let shown = blocks.iter().find(|(shown, _)| shown == language).expect(language);
        assert_eq!(shown.1, excerpt(program), "{program}");
    }
}

#[test]
fn the_yaml_of_the_readme_is_right() {
    let blocks = blocks(&fs::read_to_string(root().join("README.md")).unwrap());
    let is_whole =
        |(language, lines): &&(String, Vec<String>)| language == "yaml" && lines[0].starts_with("apiVersion");
    let whole: Vec<_> = blocks.iter().filter(is_whole).collect();
    assert!(!whole.is_empty(), "the README has a `yaml` block that is a file");
    for (_, lines) in whole {
        let host = HostBuilder::new()
            .file("readme.yaml", lines.join("\n"))
            .environment("OPENAI_API_KEY", "sk-none")
            .argument("--strict");
        let first = |key: &str| lines.iter().find_map(|line| line.trim().strip_prefix(key)).unwrap();
        let loaded = format!(" with {} ({}/{})", first("name: "), first("type: "), first("version: "));
        let summary = host.start().summary.clone();
        assert!(summary.ends_with(&loaded), "{summary}");
    }
}
