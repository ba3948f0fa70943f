//! Looks an artifact over for a person: what it imports, exports and says of itself, what it costs, and what its first
//! call does. Goes the way of every load (`load.rs`), as far as the artifact gets.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use wasmtime::component::{Component, Instance};
use wasmtime::{AsContextMut, Store};

use super::bounds::Meter;
use super::engine::Runtime;
use super::load::{Artifact, Linkers, LoadError, Names, Wasm, Way};
use super::provider::{GuestLimits, Setup};
use super::state::CallState;
use super::{Sandbox, bindings, fault};
use crate::conversation::{Message, Part, Request, Role};
use crate::description::{Description, Setting, SettingKind};
use crate::digest::Digest;
use crate::egress::{Grant, StandIns};
use crate::limits;

/// What was seen of an artifact. What comes after the step at which it was refused is absent.
pub struct Examination {
    pub digest: Digest,
    pub compiled: Option<Compiled>,
    pub names: Option<Interfaces>,
    pub description: Option<Description>,
    pub first_call: Option<FirstCall>,
    /// Why no component can be served by it.
    pub refusal: Option<LoadError>,
}

/// What the compiler made of it.
pub struct Compiled {
    pub time: Duration,
    /// Bytes of native code, and of what belongs to it.
    pub code: usize,
}

/// The names of its interfaces, with their versions.
pub struct Interfaces {
    pub imports: Vec<Import>,
    pub exports: Vec<String>,
    /// Whether it is a codec, for which the host makes the HTTP call.
    pub is_codec: bool,
    /// Whether it can give an answer in pieces.
    pub streams: bool,
}

/// One import.
pub struct Import {
    pub name: String,
    /// Why no provider of this way is given it.
    pub refusal: Option<LoadError>,
}

/// A call with nothing granted, of which no byte leaves the sandbox.
pub struct FirstCall {
    /// Of the guest, such as `encode`.
    pub function: &'static str,
    /// Bytes of linear memory that the instance started with.
    pub memory_at_rest: usize,
    /// Bytes of linear memory that the call took besides.
    pub memory_grown: usize,
    /// What the guest, or the sandbox, said when it went wrong: it has neither a key nor a network here.
    pub error: Option<String>,
}

impl Sandbox {
    /// Looks an artifact over. Anything may be wrong with it.
    pub async fn examine(&self, bytes: Vec<u8>) -> Examination {
        let wasm = Wasm::from(bytes);
        let digest = wasm.digest();
        let (runtime, linkers) = (self.runtime.clone(), Arc::clone(&self.linkers));
        let compile = tokio::task::spawn_blocking(move || Compilation::of(&runtime, &linkers, &wasm));
        let Compilation { compiled, names, artifact } =
            compile.await.unwrap_or_else(|error| Compilation::failed(LoadError::crashed(&error)));
        let mut examination =
            Examination { digest, compiled, names, description: None, first_call: None, refusal: None };
        let described = match artifact {
            Ok(artifact) => self.described(artifact, limits::MAX_GUEST_MEMORY, limits::TRIAL_TIME).await,
            Err(refusal) => Err(refusal),
        };
        match described {
            Ok(artifact) => {
                examination.description = Some(artifact.description().clone());
                match self.first_call(&artifact).await {
                    Ok(first_call) => examination.first_call = Some(first_call),
                    Err(refusal) => examination.refusal = Some(refusal),
                }
            }
            Err(refusal) => examination.refusal = Some(refusal),
        }
        examination
    }

    async fn first_call(&self, artifact: &Artifact) -> Result<FirstCall, LoadError> {
        let limits = GuestLimits::of_trial(limits::MAX_GUEST_MEMORY, limits::TRIAL_TIME);
        let settings = settings(artifact.description());
        let nothing = Grant::new([], StandIns::default());
        let share = Arc::clone(&self.trials);
        let setup = Arc::new(self.setup("the first call".to_owned(), settings, nothing, limits, share));
        let meter = Meter::new(limits.cpu, &setup.share.turns);
        let mut store = artifact.store(Arc::clone(&setup), Arc::clone(&meter), None);
        let start = |error: wasmtime::Error| LoadError::Start(error.root_cause().to_string());
        let instance = artifact.pre.instantiate_async(&mut store).await.map_err(start)?;
        let memory_at_rest = store.data().memory.held;
        let work = Box::pin(call(artifact, &mut store, &instance, &setup));
        let called = timeout(limits.timeout, meter.count(work)).await;
        let error = match called {
            Ok(Ok(told)) => told,
            Ok(Err(error)) => Some(fault::of_guest(&error, &store, &limits).to_string()),
            Err(_) => Some(format!("no answer within {:?}", limits.timeout)),
        };
        let memory_grown = store.data().memory.held.saturating_sub(memory_at_rest);
        Ok(FirstCall { function: artifact.way.first_function(), memory_at_rest, memory_grown, error })
    }
}

struct Compilation {
    compiled: Option<Compiled>,
    names: Option<Interfaces>,
    artifact: Result<Artifact, LoadError>,
}

impl Compilation {
    fn failed(error: LoadError) -> Self {
        Self { compiled: None, names: None, artifact: Err(error) }
    }

    fn of(runtime: &Runtime, linkers: &Linkers, wasm: &Wasm) -> Self {
        let began = Instant::now();
        let component = match Artifact::component(runtime, wasm) {
            Ok(component) => component,
            Err(error) => return Self::failed(error),
        };
        let time = began.elapsed();
        let compiled = Compiled { time, code: code_size(&component) };
        let names = Interfaces::of(Names::of(&component, &runtime.engine));
        let artifact = Artifact::link(runtime, linkers, &component, wasm.digest());
        Self { compiled: Some(compiled), names: Some(names), artifact }
    }
}

impl Interfaces {
    fn of(names: Names) -> Self {
        let is_codec = names.exports("codec");
        let streams = is_codec || names.exports("streaming");
        let import = |name: String| Import { refusal: Names::refusal(&name, is_codec), name };
        Self { imports: names.imports.into_iter().map(import).collect(), exports: names.exports, is_codec, streams }
    }
}

impl Way {
    fn first_function(&self) -> &'static str {
        match self {
            Self::Codec(_) => "encode",
            Self::Conversation(_) => "converse",
        }
    }
}

fn code_size(component: &Component) -> usize {
    let range = component.image_range();
    (range.end as usize).saturating_sub(range.start as usize)
}

/// What the guest had to complain of, if anything.
async fn call(
    artifact: &Artifact,
    store: &mut Store<CallState>,
    instance: &Instance,
    setup: &Setup,
) -> wasmtime::Result<Option<String>> {
    let request = bindings::types::Request::from(greeting());
    let params = (setup.settings.as_slice(), &request);
    let store = store.as_context_mut();
    let error = match &artifact.way {
        Way::Codec(codec) => codec.encode.call(store, instance, params).await?.err(),
        Way::Conversation(functions) => functions.converse.call(store, instance, params).await?.err(),
    };
    Ok(error.map(|error| error.message))
}

/// A small request.
fn greeting() -> Request {
    let parts = vec![Part::Text("hello".to_owned())];
    Request { messages: vec![Message { role: Role::User, name: None, parts, extensions: None }], ..Request::default() }
}

/// What each setting has by itself, and something of its kind where it must be given.
fn settings(description: &Description) -> Vec<(String, String)> {
    let given = |setting: &Setting| {
        let value = setting.default.clone().or_else(|| setting.required.then(|| example(&setting.kind)))?;
        Some((setting.name.clone(), value))
    };
    description.settings.iter().filter_map(given).collect()
}

fn example(kind: &SettingKind) -> String {
    match kind {
        SettingKind::Text => "example",
        SettingKind::Boolean => "true",
        SettingKind::Integer | SettingKind::Number => "1",
        SettingKind::Duration => "1s",
        SettingKind::Endpoint => "https://host.invalid/v1",
        SettingKind::Choice(words) => words.first().map_or("", String::as_str),
    }
    .to_owned()
}
