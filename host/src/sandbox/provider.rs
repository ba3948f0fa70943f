//! One component's provider, ready to be called: its code, its grant, its settings and its limits.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use tokio::time::{Instant, timeout_at};
use wasmtime::component::Instance;
use wasmtime::{AsContextMut, Store, StoreContextMut};

use super::bounds::Meter;
use super::function::{Function, Signature};
use super::guest_log::Veil;
use super::intake::Intake;
use super::load::{Artifact, Way};
use super::places::Place;
use super::rest::{Attempt, Rest};
use super::share::Share;
use super::state::CallState;
use super::tally::Refusal;
use super::{codec, fault, guest_io, redact};
use crate::answer::{Answer, Events};
use crate::conversation::{Event, ProviderError, Request};
use crate::egress::{Bounds, Egress, EgressError, Exchanges, Grant, StandIns};
use crate::error::{Busy, ConverseError, Fault, Resting};
use crate::limits;
use crate::origin::Origin;
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
    /// What a provider may use while it is only asked for its description: its whole time to compute in.
    pub(super) fn of_trial(memory: usize, time: Duration) -> Self {
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
    pub(super) share: Arc<Share>,
    pub(super) exchanges: Exchanges,
}

/// A provider that can be called.
pub struct Provider {
    pub(super) artifact: Arc<Artifact>,
    pub(super) setup: Arc<Setup>,
    pub(super) rest: Arc<Rest>,
}

/// An instance at work. Dropping it ends the call, wherever the guest is, and then gives up its place.
pub(super) struct Running {
    pub(super) store: Store<CallState>,
    instance: Instance,
    pub(super) setup: Arc<Setup>,
    meter: Arc<Meter>,
    intake: Intake,
    _place: Place,
}

/// What bounds a call that is under way, and learns how it went.
struct Watch {
    setup: Arc<Setup>,
    meter: Arc<Meter>,
    deadline: Instant,
    attempt: Attempt,
}

impl Provider {
    /// What it runs.
    pub fn artifact(&self) -> &Arc<Artifact> {
        &self.artifact
    }

    /// What it may use.
    pub fn limits(&self) -> GuestLimits {
        self.setup.limits
    }

    /// What it may reach.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.setup.grant.origins()
    }

    /// Runs one call in an instance of its own. `key`, when there is one, takes the place of the setting of that name; a
    /// `veil` hides what the provider may tell the log of the answer.
    pub async fn call(
        &self,
        request: Request,
        key: Option<&Secret>,
        veil: Option<Veil>,
    ) -> Result<Answer, ConverseError> {
        let deadline = Instant::now() + self.setup.limits.timeout;
        let setup = match key {
            Some(key) => Arc::new(self.setup.with_key(key).map_err(|fault| self.setup.fault(fault))?),
            None => Arc::clone(&self.setup),
        };
        let attempt = self.rest.admit().map_err(|rest| self.setup.resting(rest))?;
        let place = self.take_place().await?;
        let meter = Meter::new(setup.limits.cpu, &setup.share.turns);
        let work = std::pin::pin!(self.drive(Arc::clone(&setup), place, Arc::clone(&meter), veil, request));
        let watch = Watch { setup, meter, deadline, attempt };
        match watch.see(work).await {
            Ok(Answer::Live(events)) => Ok(watch.see_all(events)),
            answered => {
                watch.ended(answered.as_ref().err());
                answered
            }
        }
    }

    /// That its component rests, if it does: calls are refused meanwhile.
    pub fn resting(&self) -> Option<Resting> {
        self.rest.now()
    }

    async fn drive(
        &self,
        setup: Arc<Setup>,
        place: Place,
        meter: Arc<Meter>,
        veil: Option<Veil>,
        request: Request,
    ) -> Result<Answer, ConverseError> {
        let running = self.start(setup, place, meter, veil).await?;
        match &self.artifact.way {
            Way::Codec(codec) => codec::call(codec, running, request).await,
            Way::Conversation(functions) => guest_io::call(functions, running, request).await,
        }
    }

    async fn start(
        &self,
        setup: Arc<Setup>,
        place: Place,
        meter: Arc<Meter>,
        veil: Option<Veil>,
    ) -> Result<Running, ConverseError> {
        meter.may_begin().await;
        let intake = Intake::new(setup.limits);
        let mut store = self.artifact.store(Arc::clone(&setup), Arc::clone(&meter), veil);
        match self.artifact.pre.instantiate_async(&mut store).await {
            Ok(instance) => Ok(Running { store, instance, setup, meter, intake, _place: place }),
            Err(error) => Err(setup.fault(match fault::of_guest(&error, &store, &setup.limits) {
                Fault::Trapped(cause) => Fault::Start(cause),
                other => other,
            })),
        }
    }

    /// Waits for a place, no longer than the whole call may take.
    async fn take_place(&self) -> Result<Place, ConverseError> {
        let patience = limits::PLACE_WAIT.min(self.setup.limits.timeout);
        self.setup.share.places.take(patience).await.map_err(|busy| self.setup.busy(busy))
    }
}

impl Watch {
    /// Does a part of the call's work, within its deadline and its processor time.
    async fn see<T>(&self, work: impl Future<Output = Result<T, ConverseError>> + Unpin) -> Result<T, ConverseError> {
        let done = timeout_at(self.deadline, self.meter.count(work)).await;
        done.unwrap_or_else(|_| Err(self.setup.deadline(self.meter.is_computing())))
    }

    /// The same events, watched to their end.
    fn see_all(self, events: Events) -> Answer {
        Answer::Live(Box::pin(stream::unfold(Some((events, self)), |state| async move {
            let (mut events, watch) = state?;
            // Events that are all there would be given without an end to the worker's turn.
            tokio::task::coop::consume_budget().await;
            match watch.see(events.next().map(Option::transpose)).await {
                Ok(Some(batch)) => Some((Ok(batch), Some((events, watch)))),
                ended => {
                    watch.ended(ended.as_ref().err());
                    ended.transpose().map(|end| (end, None))
                }
            }
        })))
    }

    /// The call is over. That a vendor fails says nothing against its provider.
    fn ended(&self, error: Option<&ConverseError>) {
        match error {
            None | Some(ConverseError::Provider { .. }) => self.attempt.worked(),
            Some(ConverseError::Fault { fault, .. }) => {
                self.setup.share.tally.fault(fault);
                self.attempt.failed(|| fault.to_string());
            }
            Some(ConverseError::Deadline { .. }) => self.setup.share.tally.refusal(Refusal::Time),
            Some(_) => {}
        }
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
            share: Arc::clone(&self.share),
            exchanges: self.exchanges.clone(),
        })
    }

    pub(super) fn fault(&self, fault: Fault) -> ConverseError {
        ConverseError::Fault { component: self.component.clone(), fault }
    }

    /// A guest that was computing has itself to blame, one that waited has not.
    fn deadline(&self, is_computing: bool) -> ConverseError {
        let limit = self.limits.timeout;
        match is_computing {
            true => self.fault(Fault::Deadline(limit)),
            false => ConverseError::Deadline { component: self.component.clone(), limit },
        }
    }

    fn busy(&self, busy: Busy) -> ConverseError {
        self.share.tally.refusal(Refusal::Busy);
        ConverseError::Busy { component: self.component.clone(), busy }
    }

    fn resting(&self, rest: Resting) -> ConverseError {
        self.share.tally.refusal(Refusal::Resting);
        ConverseError::Resting { component: self.component.clone(), rest }
    }

    /// Counts what egress refused of its own accord, whatever the guest makes of it.
    pub(super) fn count(&self, error: &EgressError) {
        fault::refusal(error).into_iter().for_each(|refusal| self.share.tally.refusal(refusal));
    }

    /// A request of the guest that is none.
    pub(super) fn malformed(&self, error: ProviderError) -> ConverseError {
        self.share.tally.refusal(Refusal::Request);
        self.provider_error(error)
    }

    /// An error of egress as the caller's.
    pub(super) fn egress_error(&self, error: &EgressError) -> ConverseError {
        self.count(error);
        self.provider_error(fault::of_egress(error))
    }

    /// An error of the provider or of its vendor, with secrets masked.
    pub(super) fn provider_error(&self, error: impl Into<ProviderError>) -> ConverseError {
        let error = redact::error(error.into(), self.grant.secrets());
        ConverseError::Provider { component: self.component.clone(), error: error.into() }
    }
}

impl Running {
    /// The store, when the guest may begin, with its clock set anew: time that passed outside the guest is not the guest's.
    async fn enter(&mut self) -> StoreContextMut<'_, CallState> {
        self.meter.may_begin().await;
        self.store.set_epoch_deadline(1);
        self.store.as_context_mut()
    }

    /// Calls a function of the guest.
    pub(super) async fn call<S: Signature>(
        &mut self,
        function: &Function<S>,
        params: S::Params<'_>,
    ) -> Result<S::Return, ConverseError> {
        let instance = self.instance;
        let called = function.call(self.enter().await, &instance, params).await;
        called.map_err(|error| self.fault(&error))
    }

    fn fault(&self, error: &wasmtime::Error) -> ConverseError {
        self.setup.fault(fault::of_guest(error, &self.store, &self.setup.limits))
    }

    /// What the guest gave: counted, and with secrets masked.
    pub(super) fn taken(&mut self, mut events: Vec<Event>) -> Result<Vec<Event>, ConverseError> {
        self.intake.take(&events).map_err(|fault| self.setup.fault(fault))?;
        redact::events(&mut events, self.setup.grant.secrets());
        Ok(events)
    }
}
