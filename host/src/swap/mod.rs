//! Keeps what is served in step with the files: waits until they change, has them assembled anew, and swaps the snapshot.
//!
//! One task does it all, so that no two scans meet. Calls never wait for it: they have the snapshot that they began with.

mod changes;
mod folders;
mod stamps;
mod watch;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use tokio::sync::{mpsc, oneshot};

use self::changes::Change;
use self::stamps::Stamps;
use self::watch::Watch;
use crate::assemble::{Assembler, Assembly};
use crate::registry::{Registry, Snapshot};
use crate::shutdown::Tasks;
use crate::yaml::diagnostic::{Diagnostic, Diagnostics};

/// How often files are read again because they changed while they were read.
const ATTEMPTS: u32 = 5;

/// Scans that may be waited for at one time; more wait for their turn.
const ASKING: usize = 16;

/// What a scan of the files came to.
#[derive(Debug, Clone)]
pub struct Report {
    /// Of the snapshot that is served now.
    pub generation: u64,
    pub changes: Vec<Change>,
    /// Everything that is wrong with the files now, changed or not.
    pub diagnostics: Diagnostics,
}

/// Asks for scans, and tells of them. Cheap to clone.
#[derive(Clone)]
pub struct Reload {
    asking: mpsc::Sender<oneshot::Sender<Report>>,
    progress: Arc<Progress>,
}

/// What the task has done so far.
#[derive(Default)]
pub struct Progress {
    /// Scans that brought a change, and that brought none.
    pub swaps: AtomicU64,
    pub idle_scans: AtomicU64,
    /// Mistakes in the files at the last scan.
    pub mistakes: AtomicU64,
    /// Why the files are looked at again and again, when their system's events are not enough.
    pub polling: ArcSwapOption<String>,
}

/// The task.
pub struct Swapper {
    assembler: Assembler,
    registry: Arc<Registry>,
    on_swap: Box<dyn Fn(&Snapshot) + Send + Sync>,
    watch: Watch,
    inputs: BTreeSet<PathBuf>,
    stamps: Stamps,
    told: Diagnostics,
    progress: Arc<Progress>,
    asked: mpsc::Receiver<oneshot::Sender<Report>>,
}

impl Reload {
    /// Has all files read again, and waits until what they say is served. Nothing, when the host is about to end.
    pub async fn scan(&self) -> Option<Report> {
        let (report, told) = oneshot::channel();
        self.asking.send(report).await.ok()?;
        told.await.ok()
    }

    /// Has all files read again, and leaves it to the log to tell what came of it.
    pub fn ask(&self) {
        // When there is no room, a scan is about to begin that sees what this one would.
        let _ = self.asking.try_send(oneshot::channel().0);
    }

    pub fn progress(&self) -> &Progress {
        &self.progress
    }
}

impl Swapper {
    /// Continues from what was assembled first, which the registry serves. `on_swap` is told of each snapshot after it.
    pub fn new(
        assembler: Assembler,
        first: Assembly,
        on_swap: impl Fn(&Snapshot) + Send + Sync + 'static,
    ) -> (Self, Arc<Registry>, Reload) {
        let (asking, asked) = mpsc::channel(ASKING);
        let progress = Arc::new(Progress::default());
        let Assembly { snapshot, diagnostics, inputs } = first;
        progress.mistakes.store(diagnostics.errors() as u64, Ordering::Relaxed);
        let registry = Arc::new(Registry::new(snapshot));
        let swapper = Self {
            assembler,
            registry: Arc::clone(&registry),
            on_swap: Box::new(on_swap),
            watch: Watch::new(),
            inputs,
            // No file looks like that, so the first look reads again what was read before anybody watched.
            stamps: Stamps::default(),
            told: diagnostics,
            progress: Arc::clone(&progress),
            asked,
        };
        (swapper, registry, Reload { asking, progress })
    }

    /// Runs until the shutdown begins.
    pub async fn run(mut self, tasks: Tasks) {
        tokio::select! {
            () = tasks.stopping() => {}
            () = self.keep_in_step() => {}
        }
    }

    async fn keep_in_step(&mut self) {
        self.cover().await;
        // A file that somebody is just saving looks like an empty one, which would take its component away.
        self.watch.settled().await;
        // The first one makes up for what nobody watched while the host started, and is no scan that anything brought about.
        self.scan().await;
        loop {
            let asked = tokio::select! {
                Some(asked) = self.asked.recv() => Some(asked),
                () = self.watch.changed(&self.inputs, &self.stamps) => None,
            };
            let report = self.scan().await;
            let scans = if report.changes.is_empty() { &self.progress.idle_scans } else { &self.progress.swaps };
            scans.fetch_add(1, Ordering::Relaxed);
            if let Some(asked) = asked {
                // Who asked may have left.
                let _ = asked.send(report);
            }
        }
    }

    /// Reads until what was read is what is there, and serves it.
    async fn scan(&mut self) -> Report {
        let mut attempts = 1;
        let (snapshot, diagnostics) = loop {
            let before = Stamps::of(&self.inputs).await;
            let Assembly { snapshot, diagnostics, inputs } = self.assembler.assemble(&self.registry.snapshot()).await;
            self.inputs = inputs;
            self.cover().await;
            let is_settled = Stamps::of(&self.inputs).await == before;
            if is_settled || attempts == ATTEMPTS {
                self.stamps = before;
                break (snapshot, diagnostics);
            }
            attempts += 1;
            self.watch.settled().await;
        };
        let changes = changes::between(&self.registry.snapshot(), &snapshot);
        if !changes.is_empty() {
            self.registry.swap(snapshot);
            (self.on_swap)(&self.registry.snapshot());
        }
        self.tell(changes, diagnostics)
    }

    async fn cover(&mut self) {
        self.watch.cover(&self.inputs).await;
        self.tell_polling();
    }

    /// Says once why files are looked at again and again.
    fn tell_polling(&self) {
        let trouble = self.watch.trouble();
        if self.progress.polling.load().as_deref().map(String::as_str) != trouble {
            if let Some(trouble) = trouble {
                tracing::warn!("component files are looked at every {:?}: {trouble}", watch::POLL);
            }
            self.progress.polling.store(trouble.map(|trouble| Arc::new(trouble.to_owned())));
        }
    }

    /// Tells the log what is new, and whoever asked all of it.
    fn tell(&mut self, changes: Vec<Change>, diagnostics: Diagnostics) -> Report {
        let is_new = |diagnostic: &&Diagnostic| !self.told.iter().any(|told| told == *diagnostic);
        diagnostics.iter().filter(is_new).for_each(Diagnostic::log);
        changes.iter().for_each(Change::log);
        self.told = diagnostics.clone();
        self.progress.mistakes.store(diagnostics.errors() as u64, Ordering::Relaxed);
        Report { generation: self.registry.snapshot().generation, changes, diagnostics }
    }
}
