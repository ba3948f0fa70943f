//! The components that can be called. A snapshot never changes; another takes its place, and a call keeps what it began
//! with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;

use crate::error::ConverseError;
use crate::sandbox::Provider;

/// One component, ready to be called.
pub struct Component {
    pub name: String,
    /// Such as `conversation.openai`.
    pub component_type: String,
    /// Such as `v1`.
    pub version: String,
    /// The model that its settings name, which Dapr's answers repeat.
    pub model: Option<String>,
    /// How long answers are kept for calls that don't say.
    pub cache_ttl: Option<Duration>,
    /// A number that no other loading of any component has, so that nothing kept for one is given out for another.
    pub generation: u64,
    pub provider: Provider,
}

impl Component {
    /// What its artifact hashes to: `sha256:` and hexadecimal digits.
    pub fn digest(&self) -> String {
        format!("sha256:{}", self.provider.artifact().digest())
    }
}

/// The number of the next loading of a component in this process, from 1.
pub fn next_generation() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// How a component that the files name, or named, stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub state: State,
    pub since: SystemTime,
    /// The first mistake that keeps it from being what its files say.
    pub why: Option<String>,
}

/// What is served of what the files say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// All of it.
    Serving,
    /// An earlier version, because the present one is broken.
    Outdated,
    /// Nothing, because there was never a version that is not broken.
    Refused,
    /// Nothing for a while, because it keeps failing.
    Resting,
}

impl State {
    /// Its word, in metadata and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Outdated => "outdated",
            Self::Refused => "refused",
            Self::Resting => "resting",
        }
    }
}

/// All components of one moment, by name.
#[derive(Default)]
pub struct Snapshot {
    /// How many there were before it in this process.
    pub generation: u64,
    pub components: BTreeMap<String, Arc<Component>>,
    /// How these stand, and those that are refused, by what their files say.
    pub declared: BTreeMap<String, Standing>,
}

impl Snapshot {
    /// All components, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Component> {
        self.components.values().map(Arc::as_ref)
    }

    /// How each component stands at this moment, by name.
    pub fn standings(&self) -> impl ExactSizeIterator<Item = (&String, Standing)> {
        self.declared.iter().map(|(name, declared)| {
            let resting = self.components.get(name).and_then(|component| component.provider.resting());
            let standing = match resting {
                Some(resting) => Standing {
                    state: State::Resting,
                    since: SystemTime::now() - resting.since,
                    why: Some(resting.to_string()),
                },
                None => declared.clone(),
            };
            (name, standing)
        })
    }
}

/// The present snapshot. Reading it takes no lock.
pub struct Registry(ArcSwap<Snapshot>);

impl Registry {
    pub fn new(snapshot: Snapshot) -> Self {
        Self(ArcSwap::from_pointee(snapshot))
    }

    /// What is served at this moment.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.0.load_full()
    }

    /// The component of that name. It stays what it is for as long as it is held, whatever is swapped meanwhile.
    ///
    /// # Errors
    /// When there is none.
    pub fn component(&self, name: &str) -> Result<Arc<Component>, ConverseError> {
        let snapshot = self.0.load();
        snapshot.components.get(name).cloned().ok_or_else(|| ConverseError::UnknownComponent(name.to_owned()))
    }

    /// Puts another snapshot in the place of the present one, and gives it the next number.
    pub fn swap(&self, mut snapshot: Snapshot) {
        snapshot.generation = self.0.load().generation + 1;
        self.0.store(Arc::new(snapshot));
    }
}
