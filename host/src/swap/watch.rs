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
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

use super::folders;
use super::stamps::Stamps;

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
#[derive(PartialEq, Eq)]
enum Wake {
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
    pub(super) async fn cover(&mut self, paths: &BTreeSet<PathBuf>) {
        self.news.lock().awaited = paths.iter().filter_map(|path| path.file_name()).map(OsString::from).collect();
        let paths = paths.clone();
        // A look at folders of a network may take long. Without an answer, those that are watched stay so.
        let Ok((folders, silent)) = spawn_blocking(move || found(&paths)).await else { return };
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
        self.gap = unwatched.or(silent);
        self.watched = folders;
    }

    /// Why events are not enough.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.doubt.as_deref().or(self.gap.as_deref())
    }

    /// Ends when any of the files looks different than it did, and nobody writes any more.
    pub(super) async fn changed(&mut self, files: &BTreeSet<PathBuf>, before: &Stamps) {
        loop {
            let wake = self.next().await;
            if Stamps::of(files).await == *before {
                continue;
            }
            // What is seen before any event tells of it was not told at all, unless the event is still on its way.
            if wake == Wake::Look && !self.has_news().await {
                self.doubt.get_or_insert_with(|| "they change without an event of their file system".to_owned());
            }
            return self.settled().await;
        }
    }

    /// Ends when it is time to look.
    async fn next(&self) -> Wake {
        let pause = if self.trouble().is_some() { POLL } else { SAFETY };
        tokio::select! {
            () = self.news.any.notified() => Wake::Event,
            () = sleep(pause) => Wake::Look,
        }
    }

    /// Whether an event comes soon.
    async fn has_news(&self) -> bool {
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

/// The folders of all paths, and why one of them sends no events.
fn found(paths: &BTreeSet<PathBuf>) -> (BTreeSet<PathBuf>, Option<String>) {
    let mut folders = BTreeSet::new();
    paths.iter().for_each(|path| folders::of(path, &mut folders));
    let silent = folders.iter().find_map(|folder| without_events(folder));
    (folders, silent)
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn blind(doubt: Option<&str>) -> Watch {
        let doubt = doubt.map(str::to_owned);
        Watch { watcher: None, watched: BTreeSet::new(), news: Arc::default(), doubt, gap: None }
    }

    /// How long it takes until a change is noticed that is made at once.
    async fn noticed(watch: &mut Watch, change: impl FnOnce(&Path)) -> Duration {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("acme.yaml");
        fs::write(&file, "one").unwrap();
        let files = BTreeSet::from([file.clone()]);
        watch.cover(&files).await;
        let before = Stamps::of(&files).await;
        let begun = Instant::now();
        change(&file);
        watch.changed(&files, &before).await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn where_no_events_come_files_are_looked_at() {
        let mut watch = blind(Some("there are none"));
        let took = noticed(&mut watch, |file| fs::write(file, "other").unwrap()).await;
        assert!((POLL..2 * POLL).contains(&took), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_without_an_event_makes_it_look_more_often() {
        let mut watch = blind(None);
        let took = noticed(&mut watch, |file| fs::remove_file(file).unwrap()).await;
        assert!((SAFETY..2 * SAFETY).contains(&took), "{took:?}");
        assert!(watch.trouble().unwrap().contains("without an event"));
        let took = noticed(&mut watch, |file| fs::write(file, "other").unwrap()).await;
        assert!((POLL..2 * POLL).contains(&took), "{took:?}");
    }

    /// What the watcher's thread would tell.
    fn event(kind: EventKind, file: &Path) -> notify::Result<Event> {
        Ok(Event::new(kind).add_path(file.to_owned()))
    }

    #[tokio::test(start_paused = true)]
    async fn who_writes_is_waited_for_but_not_for_ever() {
        let written = EventKind::Modify(ModifyKind::Data(notify::event::DataChange::Any));
        let closed = EventKind::Access(AccessKind::Close(AccessMode::Write));
        for (name, closes, least) in
            [("acme.yaml", true, Duration::from_secs(2)), ("acme.yaml", false, WRITING), ("a.log", false, QUIET)]
        {
            let watch = blind(None);
            watch.news.hear(event(written, Path::new(name)));
            let news = Arc::clone(&watch.news);
            let begun = Instant::now();
            let writing = async {
                sleep(Duration::from_secs(2)).await;
                if closes {
                    news.hear(event(closed, Path::new(name)));
                }
                std::future::pending().await
            };
            tokio::select! {
                () = watch.settled() => {}
                () = writing => {}
            }
            let took = begun.elapsed();
            assert!((least..least + 3 * QUIET).contains(&took), "{name} {closes}: {took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_folder_that_never_rests_holds_nothing_up() {
        let watch = blind(None);
        let news = Arc::clone(&watch.news);
        let restless = async {
            loop {
                news.hear(event(EventKind::Create(notify::event::CreateKind::File), Path::new("log.1")));
                sleep(QUIET / 4).await;
            }
        };
        let begun = Instant::now();
        tokio::select! {
            () = watch.settled() => {}
            () = restless => {}
        }
        assert!(begun.elapsed() < 2 * RESTLESS, "{:?}", begun.elapsed());
    }
}
