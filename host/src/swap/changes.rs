//! What is different from one snapshot to the next, component by component.

use crate::registry::{Snapshot, State};

/// What has become of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub component: String,
    pub what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It is served for the first time.
    Added,
    /// Another version is served.
    Replaced,
    /// Its files don't name it any more.
    Removed,
    /// It is broken, and the version before is still served.
    Outdated,
    /// It is broken, and was never anything else.
    Refused,
    /// Its files say again what is served.
    Mended,
}

impl What {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Replaced => "replaced",
            Self::Removed => "removed",
            Self::Outdated => "outdated",
            Self::Refused => "refused",
            Self::Mended => "mended",
        }
    }
}

impl Change {
    /// One line. Why a component is broken is told apart, with the mistakes of the files.
    pub(super) fn log(&self) {
        let name = &self.component;
        match self.what {
            What::Added => tracing::info!("component `{name}` is served"),
            What::Replaced => tracing::info!("component `{name}` is replaced by a new version"),
            What::Removed => tracing::info!("component `{name}` is gone; calls that it has accepted are finished"),
            What::Outdated => tracing::error!("component `{name}` is broken, so its last good version is still served"),
            What::Refused => tracing::error!("component `{name}` is broken, and not served"),
            What::Mended => tracing::info!("component `{name}` is again what its files say"),
        }
    }
}

/// Every change, by name.
pub(super) fn between(old: &Snapshot, new: &Snapshot) -> Vec<Change> {
    let gone = old.standings.keys().filter(|name| !new.standings.contains_key(*name));
    let gone = gone.map(|name| Change { component: name.clone(), what: What::Removed });
    let stays = new.standings.iter().filter_map(|(name, standing)| {
        let (state, version) = (standing.state, version(new, name));
        let before = old.standings.get(name).map(|before| before.state);
        let has_same_cause = old.standings.get(name).is_some_and(|before| before.why == standing.why);
        let what = match state {
            State::Serving if self::version(old, name).is_none() => What::Added,
            State::Serving if self::version(old, name) != version => What::Replaced,
            State::Serving if before != Some(State::Serving) => What::Mended,
            State::Outdated if !has_same_cause => What::Outdated,
            State::Refused if !has_same_cause => What::Refused,
            State::Serving | State::Outdated | State::Refused => return None,
        };
        Some(Change { component: name.clone(), what })
    });
    let mut changes: Vec<Change> = gone.chain(stays).collect();
    changes.sort_by(|one, other| one.component.cmp(&other.component));
    changes
}

fn version(snapshot: &Snapshot, name: &str) -> Option<u64> {
    snapshot.components.get(name).map(|component| component.generation)
}
