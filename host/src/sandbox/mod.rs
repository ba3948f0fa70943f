//! Runs providers as sandboxed WebAssembly components: one fresh instance a call, over one engine and one egress.
//!
//! The only place that knows wasmtime. The two ways to be a provider (`codec`, `guest_io`) look the same from outside.

mod bindings;
mod bounds;
mod codec;
mod compiled;
mod convert;
mod engine;
mod examine;
mod fault;
mod function;
mod guest_io;
mod guest_log;
mod intake;
mod load;
mod owned;
mod places;
mod provider;
mod redact;
mod rest;
mod share;
mod state;
mod tally;
mod ticker;
mod turns;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use self::engine::Runtime;
pub use self::examine::{Examination, FirstCall, Import, Interfaces};
pub use self::guest_log::Veil;
use self::load::Linkers;
pub use self::load::{Artifact, LoadError, Wasm};
use self::places::Room;
use self::provider::Setup;
pub use self::provider::{GuestLimits, Provider};
use self::rest::Rest;
use self::share::Share;
pub use self::share::{ComponentState, Shares};
use crate::egress::{Bounds, Egress, Exchanges, Grant, StandIns};
use crate::limits;

/// The sandbox of one process. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    runtime: Runtime,
    linkers: Arc<Linkers>,
    egress: Egress,
    shares: Shares,
    /// What providers have while they are only asked for their description.
    trials: Arc<Share>,
    compilers: Arc<Semaphore>,
}

/// What a component gives its provider.
pub struct Equipment {
    pub component: String,
    /// Settings by name; secrets are stand-ins already.
    pub settings: Vec<(String, String)>,
    pub grant: Grant,
    pub limits: GuestLimits,
}

impl Sandbox {
    /// Sets the engine up. Compiled code is kept in `cache` when there is one.
    pub fn new(egress: Egress, cache: Option<&Path>) -> Result<Self> {
        let runtime = Runtime::new(cache)?;
        let linkers = Arc::new(Linkers::new(&runtime.engine).map_err(engine::told)?);
        let processors = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let shares = Shares::new(Room::PROCESS, processors);
        let trials = shares.aside(GuestLimits::of_trial(0, limits::TRIAL_TIME));
        let compilers = Arc::new(Semaphore::new(limits::COMPILERS));
        Ok(Self { runtime, linkers, egress, shares, trials, compilers })
    }

    /// Compiles and checks an artifact, off the runtime's workers, then tries it once for at most `trial`.
    ///
    /// # Errors
    /// Each a sentence that begins with a verb: it is said of the artifact.
    pub async fn load(&self, wasm: impl Into<Wasm>, memory: usize, trial: Duration) -> Result<Artifact, LoadError> {
        let compiled = timeout(limits::COMPILING, self.compiled(wasm.into())).await;
        let artifact = compiled.unwrap_or(Err(LoadError::Compiling(limits::COMPILING)))?;
        self.described(artifact, memory, trial).await
    }

    /// Compiles and checks an artifact, off the runtime's workers. When nobody waits for it any more the compiler goes on,
    /// because it can't be stopped, and so long keeps its place.
    async fn compiled(&self, wasm: Wasm) -> Result<Artifact, LoadError> {
        let (runtime, linkers) = (self.runtime.clone(), Arc::clone(&self.linkers));
        let place = Arc::clone(&self.compilers).acquire_owned().await;
        let compile = move || {
            let _place = place;
            Artifact::compile(&runtime, &linkers, &wasm)
        };
        tokio::task::spawn_blocking(compile).await.map_err(|error| LoadError::crashed(&error))?
    }

    async fn described(&self, artifact: Artifact, memory: usize, trial: Duration) -> Result<Artifact, LoadError> {
        let nothing = Grant::new([], StandIns::default());
        let (limits, share) = (GuestLimits::of_trial(memory, trial), Arc::clone(&self.trials));
        let setup = Arc::new(self.setup("its description".to_owned(), Vec::new(), nothing, limits, share));
        let described = async {
            let _place = self.trials.places.take(trial).await.map_err(|busy| LoadError::Start(busy.to_string()))?;
            artifact.describe(setup).await
        };
        timeout(trial, described).await.unwrap_or(Err(LoadError::Slow(trial)))
    }

    /// A provider that can be called, made of an artifact and what its component gives it.
    pub fn provider(&self, artifact: Arc<Artifact>, equipment: Equipment) -> Provider {
        let Equipment { component, settings, grant, limits } = equipment;
        let rest = Rest::new(&component);
        let share = self.shares.of(&component, limits, &rest);
        Provider { artifact, setup: Arc::new(self.setup(component, settings, grant, limits, share)), rest }
    }

    /// What each component has of the process, to be asked at any time.
    pub fn shares(&self) -> Shares {
        self.shares.clone()
    }

    fn setup(
        &self,
        component: String,
        settings: Vec<(String, String)>,
        grant: Grant,
        limits: GuestLimits,
        share: Arc<Share>,
    ) -> Setup {
        let bounds = Bounds {
            head: limits.timeout,
            idle: limits::IDLE,
            request_bytes: limits::OUTGOING_BYTES,
            response_bytes: limits.response_bytes,
        };
        let exchanges = limits.concurrency.saturating_mul(limits::EXCHANGES_A_CALL).max(limits::CALL_EXCHANGES);
        let exchanges = Exchanges::new(exchanges);
        Setup { component, settings, grant, egress: self.egress.clone(), bounds, exchanges, limits, share }
    }
}
