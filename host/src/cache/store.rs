//! The entries, bounded by the bytes that they take. The only file that knows moka.
#![expect(clippy::disallowed_types, reason = "moka's clock is the standard library's")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::notification::RemovalCause;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::entry::Entry;
use super::key::Key;

/// moka takes no time beyond a thousand years, and Go's durations have 292.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

pub(super) struct Store {
    entries: Cache<Key, Arc<Entry>>,
    capacity: u64,
    evicted: Arc<Evicted>,
}

/// How full a cache is, and what had to leave it since its beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct State {
    pub entries: u64,
    pub bytes: u64,
    /// Entries that made room for others.
    pub evicted_for_size: u64,
    /// Entries whose time was up.
    pub expired: u64,
}

#[derive(Default)]
struct Evicted {
    for_size: AtomicU64,
    expired: AtomicU64,
}

impl Store {
    pub(super) fn new(capacity: u64) -> Self {
        let evicted = Arc::new(Evicted::default());
        let counted = Arc::clone(&evicted);
        let entries = Cache::builder()
            .max_capacity(capacity)
            .weigher(|_, entry: &Arc<Entry>| entry.bytes())
            .expire_after(Lifetimes)
            // The newest is always let in, where moka's own policy may refuse it: who was told that an answer is kept
            // will find it again.
            .eviction_policy(EvictionPolicy::lru())
            .eviction_listener(move |_, _, cause| counted.count(cause))
            .build();
        Self { entries, capacity, evicted }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        self.entries.get(key)
    }

    /// Keeps an entry, if it is fit to be kept. Tells whether it did.
    pub(super) fn put(&self, key: Key, entry: &Arc<Entry>) -> bool {
        let keeps = entry.is_worth_keeping() && u64::from(entry.bytes()) <= self.capacity;
        if keeps {
            self.entries.insert(key, Arc::clone(entry));
            // Otherwise moka gathers some dozens of them before it looks at the bound, and each may have megabytes.
            self.entries.run_pending_tasks();
        }
        keeps
    }

    pub(super) fn state(&self) -> State {
        State {
            entries: self.entries.entry_count(),
            bytes: self.entries.weighted_size(),
            evicted_for_size: self.evicted.for_size.load(Ordering::Relaxed),
            expired: self.evicted.expired.load(Ordering::Relaxed),
        }
    }
}

impl Evicted {
    fn count(&self, cause: RemovalCause) {
        match cause {
            RemovalCause::Size => &self.for_size,
            RemovalCause::Expired => &self.expired,
            RemovalCause::Explicit | RemovalCause::Replaced => return,
        }
        .fetch_add(1, Ordering::Relaxed);
    }
}

/// When moka may forget an entry. Whether one may still be given is the entry's own word.
struct Lifetimes;

impl Expiry<Key, Arc<Entry>> for Lifetimes {
    fn expire_after_create(&self, _: &Key, entry: &Arc<Entry>, _: Instant) -> Option<Duration> {
        Some(entry.ttl().min(LONGEST))
    }

    fn expire_after_update(&self, _: &Key, entry: &Arc<Entry>, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(entry.ttl().min(LONGEST))
    }
}
