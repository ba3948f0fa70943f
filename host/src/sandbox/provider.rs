//! One component's provider, ready to be called: its code, its grant, its settings and its limits.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};
use wasmtime::component::Instance;
use wasmtime::{AsContextMut, Store};

use super::bounds::Meter;
use super::intake::Intake;
use super::load::{Artifact, Way};
use super::state::CallState;
use super::{codec, fault, guest_io, redact};
use crate::answer::Answer;
use crate::conversation::{Event, ProviderError, Request};
use crate::egress::{Bounds, Egress, Grant, StandIns};
use crate::error::{ConverseError, Fault};
use crate::limits;
use crate::secret::Secret;

/// What one provider may use.
#[derive(Debug, Clone, Copy)]
pub struct GuestLimits {
    /// Bytes of linear memory.
    pub memory: usize,
    /// A whole call, from its place in the sandbox to its last event.
    pub timeout: Duration,
    /// Processor time of one call.
    pub cpu: Duration,
    /// Calls at one time.
    pub concurrency: usize,
    /// Bytes that one call may take in of its vendor's answers, and that its guest may hand back as events.
    pub response_bytes: u64,
    /// Events that one call may give.
    pub events: u64,
    /// Lines that one call may log.
    pub log: u32,
}

impl GuestLimits {
    /// What a provider may use while it is only asked for its description.
    pub(super) fn of_trial(memory: usize) -> Self {
        let time = limits::TRIAL_TIME;
        Self { memory, timeout: time, cpu: time, concurrency: limits::TRIALS, response_bytes: 0, events: 0, log: 8 }
    }
}

#[cfg(test)]
impl GuestLimits {
    /// Room for whatever a test does not speak of.
    pub(super) fn of_tests() -> Self {
        let time = Duration::from_secs(60);
        Self {
            memory: 64 << 20,
            timeout: time,
            cpu: time,
            concurrency: 8,
            response_bytes: 1 << 20,
            events: 100,
            log: 8,
        }
    }
}

/// What a guest is given and what it may reach; fixed for a component, but for a call that brings a key of its own.
pub(super) struct Setup {
    pub(super) component: String,
    pub(super) settings: Vec<(String, String)>,
    pub(super) grant: Grant,
    pub(super) egress: Egress,
    pub(super) bounds: Bounds,
    pub(super) limits: GuestLimits,
}

/// A provider that can be called.
pub struct Provider {
    pub(super) artifact: Arc<Artifact>,
    pub(super) setup: Arc<Setup>,
    /// The component's own places, and those that all providers share.
    pub(super) places: [Arc<Semaphore>; 2],
}

/// An instance at work. Dropping it ends the call, wherever the guest is, and frees its places.
pub(super) struct Running {
    pub(super) store: Store<CallState>,
    pub(super) instance: Instance,
    pub(super) setup: Arc<Setup>,
    intake: Intake,
    _places: [OwnedSemaphorePermit; 2],
}

impl Provider {
    /// What it runs.
    pub fn artifact(&self) -> &Arc<Artifact> {
        &self.artifact
    }

    /// Runs one call in an instance of its own. `key`, when there is one, takes the place of the setting of that name.
    pub async fn call(&self, request: Request, key: Option<&Secret>) -> Result<Answer, ConverseError> {
        let deadline = Instant::now() + self.setup.limits.timeout;
        let setup = match key {
            Some(key) => Arc::new(self.setup.with_key(key).map_err(|fault| self.fault(fault))?),
            None => Arc::clone(&self.setup),
        };
        let places = self.take_places().await?;
        let meter = Meter::new(self.setup.limits.cpu);
        let work = std::pin::pin!(self.drive(setup, places, Arc::clone(&meter), request));
        match self.in_time(deadline, meter.count(work)).await? {
            Answer::Whole(events) => Ok(Answer::Whole(events)),
            Answer::Live(events) => Ok(self.bounded(events, deadline, meter)),
        }
    }

    async fn drive(
        &self,
        setup: Arc<Setup>,
        places: [OwnedSemaphorePermit; 2],
        meter: Arc<Meter>,
        request: Request,
    ) -> Result<Answer, ConverseError> {
        let running = self.start(setup, places, meter).await?;
        match &self.artifact.way {
            Way::Codec(indices) => codec::call(indices, running, request).await,
            Way::Conversation { converse, streaming } => {
                guest_io::call(converse, streaming.as_ref(), running, request).await
            }
        }
    }

    async fn start(
        &self,
        setup: Arc<Setup>,
        places: [OwnedSemaphorePermit; 2],
        meter: Arc<Meter>,
    ) -> Result<Running, ConverseError> {
        let intake = Intake::new(setup.limits);
        let mut store = self.artifact.store(Arc::clone(&setup), meter);
        match self.artifact.pre.instantiate_async(&mut store).await {
            Ok(instance) => Ok(Running { store, instance, setup, intake, _places: places }),
            Err(error) => Err(self.fault(match fault::of_guest(&error, &store, &setup.limits) {
                Fault::Trapped(cause) => Fault::Start(cause),
                other => other,
            })),
        }
    }

    /// Waits for a place among the component's calls, then among all calls. The pool behind them never runs dry.
    async fn take_places(&self) -> Result<[OwnedSemaphorePermit; 2], ConverseError> {
        let [own, shared] = &self.places;
        let take = async { Ok([Arc::clone(own).acquire_owned().await?, Arc::clone(shared).acquire_owned().await?]) };
        let waited = limits::PLACE_WAIT;
        match timeout(waited, take).await {
            Ok(Ok(places)) => Ok(places),
            Ok(Err(tokio::sync::AcquireError { .. })) => Err(self.fault(Fault::Start("the sandbox is closed".into()))),
            Err(_) => {
                let limit = self.setup.limits.concurrency.min(limits::RUNNING_PROVIDERS);
                Err(ConverseError::Busy { component: self.setup.component.clone(), limit, waited })
            }
        }
    }

    async fn in_time<T>(
        &self,
        deadline: Instant,
        work: impl Future<Output = Result<T, ConverseError>>,
    ) -> Result<T, ConverseError> {
        timeout_at(deadline, work).await.unwrap_or_else(|_| Err(self.setup.deadline()))
    }

    /// The same events, within the call's deadline and its processor time.
    fn bounded(&self, events: crate::answer::Events, deadline: Instant, meter: Arc<Meter>) -> Answer {
        let setup = Arc::clone(&self.setup);
        let next = move |(mut events, ended): (crate::answer::Events, bool)| {
            let (setup, meter) = (Arc::clone(&setup), Arc::clone(&meter));
            async move {
                if ended {
                    return None;
                }
                match timeout_at(deadline, meter.count(events.next())).await {
                    Ok(Some(batch)) => Some((batch, (events, false))),
                    Ok(None) => None,
                    Err(_) => Some((Err(setup.deadline()), (events, true))),
                }
            }
        };
        Answer::Live(Box::pin(futures_util::stream::unfold((events, false), next)))
    }

    fn fault(&self, fault: Fault) -> ConverseError {
        self.setup.fault(fault)
    }
}

impl Setup {
    fn with_key(&self, key: &Secret) -> Result<Self, Fault> {
        let mut secrets = StandIns::default();
        let stand_in = secrets.issue(key.clone()).map_err(|error| Fault::Start(error.to_string()))?;
        let mut settings = self.settings.clone();
        settings.retain(|(name, _)| name != "key");
        settings.push(("key".to_owned(), stand_in));
        Ok(Self {
            component: self.component.clone(),
            settings,
            grant: self.grant.with_secrets(&secrets),
            egress: self.egress.clone(),
            bounds: self.bounds.clone(),
            limits: self.limits,
        })
    }

    pub(super) fn fault(&self, fault: Fault) -> ConverseError {
        ConverseError::Fault { component: self.component.clone(), fault }
    }

    fn deadline(&self) -> ConverseError {
        ConverseError::Deadline { component: self.component.clone(), limit: self.limits.timeout }
    }

    /// An error of the provider or of its vendor, with secrets masked.
    pub(super) fn provider_error(&self, error: impl Into<ProviderError>) -> ConverseError {
        let error = redact::error(error.into(), self.grant.secrets());
        ConverseError::Provider { component: self.component.clone(), error: error.into() }
    }
}

impl Running {
    /// The store, with its clock set anew: time that passed outside the guest is not the guest's.
    pub(super) fn enter(&mut self) -> wasmtime::StoreContextMut<'_, CallState> {
        self.store.set_epoch_deadline(1);
        self.store.as_context_mut()
    }

    pub(super) fn fault(&self, error: &wasmtime::Error) -> ConverseError {
        self.setup.fault(fault::of_guest(error, &self.store, &self.setup.limits))
    }

    /// What the guest gave: counted, and with secrets masked.
    pub(super) fn taken(&mut self, mut events: Vec<Event>) -> Result<Vec<Event>, ConverseError> {
        self.intake.take(&events).map_err(|fault| self.setup.fault(fault))?;
        redact::events(&mut events, self.setup.grant.secrets());
        Ok(events)
    }
}
