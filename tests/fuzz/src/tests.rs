//! The corpus, and what is near it, through the rules: quick enough for every change, and no replacement for a search.

use std::fs;
use std::path::{Path, PathBuf};

use fastrand::Rng;

type Rule = fn(&[u8]);

/// Cases near each case of the corpus: so many where one takes microseconds, and where it is compiled.
const NEAR: usize = 300;
const NEAR_COMPILED: usize = 2;

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "the corpus of {name} is empty");
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn change(data: &mut Vec<u8>, other: &[u8], random: &mut Rng) {
    let at = random.usize(..=data.len());
    let end = (at + random.usize(..9)).min(data.len());
    match random.usize(..5) {
        0 => drop(data.drain(at..end)),
        1 => data.insert(at, random.u8(..)),
        2 => data.truncate(at),
        3 if at < data.len() => data[at] ^= 1 << random.usize(..8),
        _ => {
            let from = random.usize(..=other.len());
            let to = (from + random.usize(..33)).min(other.len());
            drop(data.splice(at..end, other[from..to].iter().copied()));
        }
    }
}

fn check(name: &str, near: usize, rule: Rule) {
    let corpus = corpus(name);
    // The same cases every time, so that one that fails comes again.
    let mut random = Rng::with_seed(7);
    for (path, case) in &corpus {
        println!("{}", path.display());
        rule(case);
        for _ in 0..near {
            let mut changed = case.clone();
            for _ in 0..=random.usize(..3) {
                let (_, other) = &corpus[random.usize(..corpus.len())];
                change(&mut changed, other, &mut random);
            }
            rule(&changed);
        }
    }
}

#[test]
fn json_keeps_its_rules_over_the_corpus() {
    check("json", NEAR, super::json);
}

#[test]
fn protobuf_keeps_its_rules_over_the_corpus() {
    check("protobuf", NEAR, super::protobuf);
}

#[test]
fn scrubbing_keeps_its_rules_over_the_corpus() {
    check("scrub", NEAR, super::scrub);
}

#[test]
fn component_files_keep_their_rules_over_the_corpus() {
    check("yaml", NEAR, super::yaml);
}

#[test]
fn components_keep_their_rules_over_the_corpus() {
    check("component", NEAR_COMPILED, super::component);
}

/// The corpus of one form is that of the other, so that a case is written down once.
#[test]
fn each_case_of_json_that_is_a_request_is_one_of_protobuf_too() {
    use parlor::api::dapr::wire::{ConversationRequest, ConversationRequestAlpha2};
    for (_, case) in corpus("json") {
        if let Ok(request) = parlor::api::dapr::protojson::decode::<ConversationRequest>(&case) {
            super::protobuf(&prost::Message::encode_to_vec(&request));
        }
        if let Ok(request) = parlor::api::dapr::protojson::decode::<ConversationRequestAlpha2>(&case) {
            super::protobuf(&prost::Message::encode_to_vec(&request));
        }
    }
}
