//! Components that are nearly those of real guests. The input is a recipe: which guest to begin with, then edits of its
//! sections, so that what comes out still has the shape of a component and gets past the first look.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use parlor::digest::Digest;
use parlor::egress::{Egress, EgressConfig};
use parlor::sandbox::Sandbox;
use tokio::runtime::{Builder, Runtime};

use crate::sections::{Section, parse, write};

/// What a guest may use here: enough for those that the recipes begin with.
const MEMORY: usize = 8 << 20;
const TRIAL: Duration = Duration::from_secs(2);

/// Components that edits made longer than this are left alone: the search is for what they are, not for how long the
/// compiler takes.
const LONGEST: usize = 1 << 20;

/// Edits of one recipe.
const EDITS: usize = 16;

struct Fixture {
    runtime: Runtime,
    sandbox: Sandbox,
    guests: Vec<Vec<u8>>,
}

/// Bytes as an artifact: whatever it is, it is loaded or refused in a sentence with a remedy, and the compiler holds.
pub fn component(data: &[u8]) {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    let fixture = FIXTURE.get_or_init(Fixture::new);
    let bytes = match data {
        [b'\0', b'a', b's', b'm', ..] => data.to_vec(),
        _ => fixture.bake(data),
    };
    if bytes.len() > LONGEST {
        return;
    }
    let digest = Digest::of(&bytes);
    match fixture.runtime.block_on(fixture.sandbox.load(bytes, MEMORY, TRIAL)) {
        Ok(artifact) => assert_eq!(artifact.digest(), digest),
        Err(error) => {
            let told = error.to_string();
            assert!(!told.contains("the compiler failed"), "the compiler panicked: {told}");
            assert!(!told.is_empty() && told.len() < 64 << 10, "an error without sense: {told}");
            assert!(!error.hint().is_empty(), "no remedy for: {told}");
        }
    }
}

impl Fixture {
    fn new() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let egress = Egress::new(&EgressConfig::default()).expect("egress");
        let sandbox = Sandbox::new(egress, None).expect("a sandbox");
        let components = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/components");
        // The hostile ones are broken by themselves.
        let paths = [guests(&components.join("providers")), guests(&components.join("samples"))].concat();
        assert!(!paths.is_empty(), "there are no guests in target/components: run `cargo xtask guests`");
        let mut guests: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).expect("a guest")).collect();
        // Most of the time goes into compiling functions, which are not what is searched: all but one guest have none.
        guests.sort_by_key(Vec::len);
        guests.iter_mut().skip(1).for_each(|guest| *guest = write(&without_code(parse(guest))));
        Self { runtime, sandbox, guests }
    }

    fn bake(&self, recipe: &[u8]) -> Vec<u8> {
        let (first, mut rest) = recipe.split_first().unwrap_or((&0, &[]));
        // The first of all, the smallest, is compiled whole and comes up once in a while.
        let guest = self.guests.get(usize::from(*first) % self.guests.len().max(1)).map_or(&[][..], Vec::as_slice);
        let mut sections = parse(guest);
        let mut cut = None;
        for _ in 0..EDITS {
            let Some((edit, after)) = rest.split_first_chunk::<6>() else { break };
            rest = after;
            let [what, s0, s1, p0, p1, value] = *edit;
            let (section, place) = (usize::from(u16::from_le_bytes([s0, s1])), u16::from_le_bytes([p0, p1]));
            match what % 6 {
                5 => cut = Some(place),
                4 => {
                    let (inserted, after) = rest.split_at(rest.len().min(usize::from(value)));
                    rest = after;
                    edit_bytes(&mut sections, section, |bytes| {
                        let at = usize::from(place) % (bytes.len() + 1);
                        drop(bytes.splice(at..at, inserted.iter().copied()));
                    });
                }
                3 => edit_bytes(&mut sections, section, |bytes| {
                    let at = usize::from(place) % bytes.len().max(1);
                    bytes.get_mut(at).into_iter().for_each(|byte| *byte = value);
                }),
                2 => swap(&mut sections, section, usize::from(place)),
                1 => repeat(&mut sections, section, usize::from(place)),
                _ => drop(remove(&mut sections, section)),
            }
        }
        let mut bytes = write(&sections);
        if let Some(place) = cut {
            bytes.truncate(bytes.len() * usize::from(place) / usize::from(u16::MAX));
        }
        bytes
    }
}

fn guests(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = entries
        .flat_map(|path| if path.is_dir() { guests(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .collect();
    paths.sort();
    paths
}

/// The same with functions that do nothing but end the guest.
fn without_code(sections: Vec<Section>) -> Vec<Section> {
    sections
        .into_iter()
        .map(|section| match section {
            Section::Plain { id, bytes } => Section::Plain { id, bytes },
            Section::Nested { id, header, sections } => {
                let stub = |section: Section| match section {
                    Section::Plain { id: 10, bytes } if id == 1 => Section::Plain { id: 10, bytes: stubs(&bytes) },
                    other => other,
                };
                let sections = without_code(sections).into_iter().map(stub).collect();
                Section::Nested { id, header, sections }
            }
        })
        .collect()
}

/// A code section with as many functions: no locals, `unreachable`, `end`.
fn stubs(code: &[u8]) -> Vec<u8> {
    let digits = code.iter().position(|byte| byte & 0x80 == 0).map_or(code.len(), |last| last + 1);
    let (count, _) = code.split_at(digits);
    let functions = count.iter().rev().fold(0_usize, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
    let mut stubs = count.to_vec();
    (0..functions).for_each(|_| stubs.extend([3, 0, 0x00, 0x0b]));
    stubs
}

/// How many sections there are, those within sections included.
fn count(sections: &[Section]) -> usize {
    let within = |section: &Section| match section {
        Section::Plain { .. } => 1,
        Section::Nested { sections, .. } => 1 + count(sections),
    };
    sections.iter().map(within).sum()
}

/// Finds the list that holds a section, and its place there; numbers beyond the last begin anew.
fn find(sections: &mut Vec<Section>, number: usize) -> Option<(&mut Vec<Section>, usize)> {
    let mut left = number.checked_rem(count(sections))?;
    let mut index = 0;
    loop {
        if left == 0 {
            return Some((sections, index));
        }
        let size = count(sections.get(index..=index)?);
        if left < size {
            break;
        }
        left -= size;
        index += 1;
    }
    match sections.get_mut(index)? {
        Section::Nested { sections, .. } => find(sections, left - 1),
        Section::Plain { .. } => None,
    }
}

fn edit_bytes(sections: &mut Vec<Section>, number: usize, edit: impl FnOnce(&mut Vec<u8>)) {
    let found = find(sections, number).and_then(|(list, index)| list.get_mut(index));
    match found {
        Some(Section::Plain { bytes, .. }) => edit(bytes),
        Some(Section::Nested { header, .. }) => edit(header),
        None => {}
    }
}

fn remove(sections: &mut Vec<Section>, number: usize) -> Option<Section> {
    find(sections, number).map(|(list, index)| list.remove(index))
}

fn repeat(sections: &mut Vec<Section>, number: usize, place: usize) {
    let section = find(sections, number).and_then(|(list, index)| list.get(index).cloned());
    if let (Some(section), Some((list, index))) = (section, find(sections, place)) {
        list.insert(index, section);
    }
}

fn swap(sections: &mut Vec<Section>, one: usize, other: usize) {
    if let Some(section) = remove(sections, one) {
        match find(sections, other) {
            Some((list, index)) => list.insert(index, section),
            None => sections.push(section),
        }
    }
}

#[cfg(test)]
mod tests {
    use parlor::sandbox::LoadError;

    use super::*;

    /// Else nothing but the first look would ever be searched.
    #[test]
    fn what_the_edits_begin_with_is_whole() {
        let fixture = Fixture::new();
        for guest in 0..fixture.guests.len() {
            let bytes = fixture.bake(&[guest.to_le_bytes()[0]]);
            let loaded = fixture.runtime.block_on(fixture.sandbox.load(bytes, MEMORY, TRIAL));
            match loaded {
                Ok(artifact) => assert!(guest == 0 && !artifact.description().name.is_empty()),
                // Without code it can't say what it is.
                Err(error) => assert!(guest > 0 && matches!(error, LoadError::Start(_)), "{guest}: {error}"),
            }
        }
    }
}
