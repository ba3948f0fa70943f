//! Connections that wait for their next call, each on the shelf of its origin. Opens none and sends nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::connection::Connection;
use crate::origin::Origin;

/// The shelves of all origins.
#[derive(Debug)]
pub(super) struct Pool {
    shelves: Mutex<HashMap<Origin, Arc<Shelf>>>,
    pub(super) room: Room,
}

/// How many connections a shelf has room for, and how long they stay.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) connections: usize,
    pub(super) time: Duration,
}

/// The connections to one origin. Those of HTTP/1.1 are taken away for each exchange, those of HTTP/2 stay.
#[derive(Debug)]
pub(super) struct Shelf {
    waiting: Mutex<Waiting>,
    room: Room,
}

/// Connections and since when they wait; the one that was used last is the last one.
#[derive(Debug, Default)]
struct Waiting(Vec<(Connection, Instant)>);

impl Pool {
    pub(super) fn new(room: Room) -> Self {
        Self { shelves: Mutex::default(), room }
    }

    pub(super) fn shelf(&self, origin: &Origin) -> Arc<Shelf> {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shelf) = shelves.get(origin) {
            return Arc::clone(shelf);
        }
        let shelf = Arc::new(Shelf { waiting: Mutex::default(), room: self.room });
        shelves.insert(origin.clone(), Arc::clone(&shelf));
        shelf
    }

    /// Closes what has waited for too long, and forgets the origins that nobody calls any more.
    pub(super) fn tidy(&self) {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.retain(|_, shelf| {
            let mut waiting = shelf.waiting();
            waiting.tidy(self.room.time);
            !waiting.0.is_empty() || Arc::strong_count(shelf) > 1
        });
    }
}

impl Shelf {
    /// A connection that is ready for a request.
    pub(super) fn take(&self) -> Option<Connection> {
        self.waiting().take(self.room.time)
    }

    /// Keeps a connection for the next call, if there is room.
    pub(super) fn put(&self, connection: Connection) {
        let mut waiting = self.waiting();
        if waiting.0.len() >= self.room.connections {
            waiting.tidy(self.room.time);
        }
        if waiting.0.len() < self.room.connections {
            waiting.put(connection);
        }
    }

    /// Keeps a new connection for all calls from now on, where it carries several. When another call has been faster, its
    /// connection is taken, and the new one closes.
    pub(super) fn share(&self, new: Connection) -> Connection {
        let Some(shared) = new.shared() else { return new };
        let mut waiting = self.waiting();
        waiting.take(self.room.time).unwrap_or_else(|| {
            waiting.put(new);
            shared
        })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// The connection that was used last, which is the least likely to be closed by the server.
    fn take(&mut self, limit: Duration) -> Option<Connection> {
        let at = self.0.iter().rposition(|(connection, since)| is_fit(connection, *since, limit))?;
        let (connection, since) = self.0.get_mut(at)?;
        if let Some(shared) = connection.shared() {
            *since = Instant::now();
            return Some(shared);
        }
        Some(self.0.remove(at).0)
    }

    fn put(&mut self, connection: Connection) {
        self.0.push((connection, Instant::now()));
    }

    fn tidy(&mut self, limit: Duration) {
        self.0.retain(|(connection, since)| is_fit(connection, *since, limit));
    }
}

fn is_fit(connection: &Connection, since: Instant, limit: Duration) -> bool {
    connection.is_ready() && since.elapsed() < limit
}
