//! Tells that files may have changed: by events of their system, and by looking now and then where those don't come.
//!
//! An event says only that it is time to look. Events of a file that is being written are waited out.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::folders;

/// How long no event comes before files are taken for written. Editors and `kubectl` make several in a row.
const QUIET: Duration = Duration::from_millis(200);

/// When files are read though events go on, because something else in their folder never rests.
const RESTLESS: Duration = Duration::from_millis(600);

/// How long a file is waited for that somebody has begun to write and not yet closed.
const WRITING: Duration = Duration::from_secs(5);

/// Between two looks where events are enough, in case they are not.
const SAFETY: Duration = Duration::from_secs(30);

/// Between two looks where they are not.
pub(super) const POLL: Duration = Duration::from_secs(1);

/// Why it is time to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wake {
    Event,
    Look,
}

pub(super) struct Watch {
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
    news: Arc<News>,
    /// Why events are not enough, for good.
    doubt: Option<String>,
    /// Why they are not for the folders that are watched now.
    gap: Option<String>,
}

/// What the watcher's thread tells.
#[derive(Default)]
struct News {
    any: Notify,
    writing: Mutex<Writing>,
}

/// Files that were written to and not yet closed.
#[derive(Default)]
struct Writing {
    open: HashSet<PathBuf>,
    /// Whose writing is waited for: others may stay open for ever.
    awaited: HashSet<OsString>,
}

impl Watch {
    pub(super) fn new() -> Self {
        let news = Arc::new(News::default());
        let teller = Arc::clone(&news);
        let (watcher, doubt) = match notify::recommended_watcher(move |event| teller.hear(event)) {
            Ok(watcher) => (Some(watcher), None),
            Err(error) => (None, Some(format!("their system can't tell of changes: {error}"))),
        };
        Self { watcher, watched: BTreeSet::new(), news, doubt, gap: None }
    }

    /// Watches all folders of these paths, those again that are watched already: a folder may have become another.
    pub(super) fn cover(&mut self, paths: &BTreeSet<PathBuf>) {
        self.news.lock().awaited = paths.iter().filter_map(|path| path.file_name()).map(OsString::from).collect();
        let mut folders = BTreeSet::new();
        paths.iter().for_each(|path| folders::of(path, &mut folders));
        let Some(watcher) = &mut self.watcher else { return };
        let mut unwatched = None;
        for folder in &folders {
            // One that went meanwhile has told its own folder.
            if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive)
                && folder.exists()
            {
                unwatched = Some(format!("`{}` can't be watched: {}", folder.display(), told(&error)));
            }
        }
        for folder in self.watched.difference(&folders) {
            // It may be gone.
            let _ = watcher.unwatch(folder);
        }
        self.gap = unwatched.or_else(|| folders.iter().find_map(|folder| without_events(folder)));
        self.watched = folders;
    }

    /// From now on looks often, for the reason given.
    pub(super) fn give_up(&mut self, doubt: &str) {
        self.doubt.get_or_insert_with(|| doubt.to_owned());
    }

    /// Why events are not enough.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.doubt.as_deref().or(self.gap.as_deref())
    }

    /// Ends when it is time to look.
    pub(super) async fn next(&self) -> Wake {
        let pause = if self.trouble().is_some() { POLL } else { SAFETY };
        tokio::select! {
            () = self.news.any.notified() => Wake::Event,
            () = sleep(pause) => Wake::Look,
        }
    }

    /// Whether an event comes soon.
    pub(super) async fn has_news(&self) -> bool {
        timeout(QUIET, self.news.any.notified()).await.is_ok()
    }

    /// Ends when nobody writes any more.
    pub(super) async fn settled(&self) {
        let begun = Instant::now();
        loop {
            let has_news = self.has_news().await;
            let is_being_written = !self.news.lock().open.is_empty();
            let longest = match (is_being_written, has_news) {
                (true, _) => WRITING,
                (false, true) => RESTLESS,
                (false, false) => return,
            };
            if begun.elapsed() >= longest {
                // Who holds a file open for that long will not close it soon.
                return self.news.lock().open.clear();
            }
        }
    }
}

impl News {
    fn lock(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, event: notify::Result<Event>) {
        let Ok(event) = event else { return self.any.notify_one() };
        match event.kind {
            EventKind::Modify(ModifyKind::Data(_)) => {
                let mut writing = self.lock();
                let awaited = event.paths.into_iter().filter(|path| writing.awaits(path)).collect::<Vec<_>>();
                writing.open.extend(awaited);
            }
            EventKind::Access(AccessKind::Close(AccessMode::Write)) | EventKind::Modify(_) | EventKind::Remove(_) => {
                let mut writing = self.lock();
                writing.open.retain(|path| !event.paths.contains(path));
            }
            // Such as our own reading.
            EventKind::Access(_) => return,
            EventKind::Create(_) | EventKind::Any | EventKind::Other => {}
        }
        self.any.notify_one();
    }
}

impl Writing {
    fn awaits(&self, path: &Path) -> bool {
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        is_yaml || path.file_name().is_some_and(|name| self.awaited.contains(name))
    }
}

fn told(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "all watches of this user are taken; raise `fs.inotify.max_user_watches`".to_owned()
        }
        notify::ErrorKind::Io(error) => error.to_string(),
        _ => error.to_string(),
    }
}

/// Why a folder's file system sends no events, or not those of other machines. Numbers are those of Linux's
/// `statfs(2)`.
#[cfg(target_os = "linux")]
fn without_events(folder: &Path) -> Option<String> {
    const REMOTE: [(u32, &str); 9] = [
        (0x6969, "NFS"),
        (0x517B, "SMB"),
        (0xFE53_4D42, "SMB"),
        (0xFF53_4D42, "CIFS"),
        (0x6573_5546, "FUSE"),
        (0x0102_1997, "9P"),
        (0x00C3_6400, "Ceph"),
        (0x5346_414F, "AFS"),
        (0x786F_4256, "a virtual machine's shared folder"),
    ];
    let kind = u32::try_from(rustix::fs::statfs(folder).ok()?.f_type & 0xFFFF_FFFF).ok()?;
    let (_, name) = REMOTE.iter().find(|(number, _)| *number == kind)?;
    Some(format!("`{}` is on {name}, where changes by others make no events", folder.display()))
}

#[cfg(not(target_os = "linux"))]
fn without_events(_folder: &Path) -> Option<String> {
    None
}
