//! From bytes to code that can be called: the checks that stand between a stranger's `.wasm` and the first call.
//!
//! Names, then links, then types, then a trial instance that is asked for its description. Each failure is one sentence
//! with a remedy. Compiling takes milliseconds to seconds and runs on a thread that may block.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use wasmparser::{Parser, Payload};
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Engine, Store};

use super::bindings::{description, log};
use super::bounds::Meter;
use super::codec::Codec;
use super::engine::Runtime;
use super::fault;
use super::guest_io::Conversation;
use super::guest_log::Veil;
use super::provider::Setup;
use super::state::{CallState, HasLog};
use crate::description::Description;
use crate::digest::Digest;
use crate::error::Fault;
use crate::limits;

/// The package that a provider implements, and the minor version that this host speaks.
const PACKAGE: &str = "parlor:conversation/";
const SPOKEN: &str = "0.1";

/// Packages of WASI that a provider with its own I/O may import: they are linked to an empty context.
/// Language runtimes import more of it than they use.
const LINKED_WASI: [&str; 7] =
    ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:http/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// A `.wasm`, hashed.
pub struct Wasm {
    bytes: Cow<'static, [u8]>,
    digest: Digest,
}

impl Wasm {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// Hashes, which for a large artifact takes tens of milliseconds.
impl From<Cow<'static, [u8]>> for Wasm {
    fn from(bytes: Cow<'static, [u8]>) -> Self {
        Self { digest: Digest::of(&bytes), bytes }
    }
}

impl From<Vec<u8>> for Wasm {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(Cow::Owned(bytes))
    }
}

/// Compiled code and what it says of itself.
pub struct Artifact {
    pub(super) pre: InstancePre<CallState>,
    pub(super) way: Way,
    runtime: Runtime,
    digest: Digest,
    description: Description,
}

/// How the provider is called.
pub(super) enum Way {
    Codec(Arc<Codec>),
    Conversation(Conversation),
}

/// Why a `.wasm` is refused. Each begins with a verb: it is said of the artifact.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("is not WebAssembly: it does not begin with `\\0asm`")]
    NotWasm,
    #[error("is a core module, not a component")]
    CoreModule,
    #[error("is code that was compiled already, of which nothing could be checked")]
    Precompiled,
    #[error("is not a valid component: {0}")]
    Invalid(String),
    #[error("is made of more than a provider may be: {0}")]
    Parts(String),
    #[error("has a function of {0} bytes, and one may have {limit}", limit = limits::FUNCTION_BYTES)]
    Function(u64),
    #[error("is not compiled within {0:?}")]
    Compiling(Duration),
    #[error("is for `{package}{wanted}`, and this host speaks version {SPOKEN}")]
    Version { package: &'static str, wanted: String },
    #[error(
        "exports neither `{PACKAGE}codec@{SPOKEN}.0` nor `{PACKAGE}conversation@{SPOKEN}.0`, so it is no provider, it exports {0}"
    )]
    NoProvider(String),
    #[error("exports a provider but not `{PACKAGE}description@{SPOKEN}.0`")]
    NoDescription,
    #[error("is a codec and imports `{0}`; a codec imports nothing")]
    CodecImports(String),
    #[error("imports `{0}`, which no provider is given")]
    Import(String),
    #[error("imports something in another shape than this host has it: {0}")]
    Link(String),
    #[error("exports an interface in another shape than version {SPOKEN} has it: {0}")]
    Shape(String),
    #[error("can't be started: {0}")]
    Start(String),
    #[error("gives no description within {0:?}")]
    Slow(Duration),
}

impl LoadError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NotWasm => "name the `.wasm` file of a component".to_owned(),
            Self::CoreModule => "make it one with `parlor componentize`".to_owned(),
            Self::Precompiled => "name the `.wasm` that it was made of, which this host compiles and keeps".to_owned(),
            Self::Invalid(_) => "build it again, or fetch it again".to_owned(),
            Self::Parts(_) => "link its modules into one".to_owned(),
            Self::Function(_) => "have its compiler cut large functions, or inline less".to_owned(),
            Self::Compiling(_) => "build it with less code, or start the host with more processors".to_owned(),
            Self::Version { .. } => "build it against the `wit/` of this host, or update the host".to_owned(),
            Self::NoProvider(_) | Self::Import(_) => "build it for one of the worlds in `wit/`".to_owned(),
            Self::NoDescription => "every provider describes itself; export that interface as well".to_owned(),
            Self::CodecImports(_) => format!("export `{PACKAGE}conversation@{SPOKEN}.0` instead"),
            Self::Link(_) | Self::Shape(_) => "build it against the `wit/` of this host".to_owned(),
            Self::Start(_) => "see what it does with `parlor inspect`, and ask those who made it".to_owned(),
            Self::Slow(_) => "raise `spec.initTimeout`".to_owned(),
        }
    }

    /// The compiler panicked, which its authors hold for impossible.
    pub(super) fn crashed(error: &tokio::task::JoinError) -> Self {
        Self::Invalid(format!("the compiler failed: {error}"))
    }
}

/// What all artifacts are linked to.
pub(super) struct Linkers {
    codec: Linker<CallState>,
    conversation: Linker<CallState>,
}

impl Linkers {
    pub(super) fn new(engine: &Engine) -> wasmtime::Result<Self> {
        let mut conversation = Linker::new(engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut conversation)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut conversation)?;
        log::add_to_linker::<_, HasLog>(&mut conversation, |state| state)?;
        Ok(Self { codec: Linker::new(engine), conversation })
    }
}

/// The names of a component's imports and exports.
pub(super) struct Names {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
}

impl Artifact {
    /// Compiles and checks. Blocks for as long as the compiler takes; the trial follows with [`Artifact::describe`].
    pub(super) fn compile(runtime: &Runtime, linkers: &Linkers, wasm: &Wasm) -> Result<Self, LoadError> {
        Self::link(runtime, linkers, &Self::component(runtime, wasm)?, wasm.digest)
    }

    pub(super) fn component(runtime: &Runtime, wasm: &Wasm) -> Result<Component, LoadError> {
        check_preamble(&wasm.bytes)?;
        check_functions(&wasm.bytes)?;
        runtime.component(wasm).map_err(|error| {
            let cause = error.root_cause().to_string();
            match cause.split_once(" in the pooling allocator") {
                Some((parts, _)) => LoadError::Parts(parts.to_owned()),
                None => LoadError::Invalid(cause),
            }
        })
    }

    pub(super) fn link(
        runtime: &Runtime,
        linkers: &Linkers,
        component: &Component,
        digest: Digest,
    ) -> Result<Self, LoadError> {
        let names = Names::of(component, &runtime.engine);
        let is_codec = names.check()?;
        let linker = if is_codec { &linkers.codec } else { &linkers.conversation };
        let pre = linker.instantiate_pre(component).map_err(|error| LoadError::Link(error.root_cause().to_string()))?;
        let way = Way::of(&pre, &names, is_codec).map_err(|error| LoadError::Shape(error.root_cause().to_string()))?;
        Ok(Self { pre, way, runtime: runtime.clone(), digest, description: Description::default() })
    }

    /// Starts the provider once, with the limits of a call, and asks what it is.
    pub(super) async fn describe(mut self, setup: Arc<Setup>) -> Result<Self, LoadError> {
        let meter = Meter::new(setup.limits.cpu, &setup.share.turns);
        let mut store = self.store(Arc::clone(&setup), Arc::clone(&meter), None);
        let work = Box::pin(trial(&self, &mut store));
        self.description = match meter.count(work).await {
            Ok(description) => description,
            Err(TrialError::Shape(error)) => return Err(LoadError::Shape(error.root_cause().to_string())),
            Err(TrialError::Start(error)) => {
                return Err(match fault::of_guest(&error, &store, &setup.limits) {
                    Fault::Processor(limit) => LoadError::Slow(limit),
                    fault => LoadError::Start(fault.to_string()),
                });
            }
        };
        Ok(self)
    }

    pub(super) fn store(&self, setup: Arc<Setup>, meter: Arc<Meter>, veil: Option<Veil>) -> Store<CallState> {
        let mut store = Store::new(&self.runtime.engine, CallState::new(setup, self.runtime.guest(), veil));
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(limits::GUEST_OUTPUT);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(meter.on_epoch());
        store
    }

    /// What the provider says of itself.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Of the `.wasm`.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

enum TrialError {
    Shape(wasmtime::Error),
    Start(wasmtime::Error),
}

/// One instance: looks up every function that a call will use, so that a wrong type shows now, then asks it to describe
/// itself.
async fn trial(artifact: &Artifact, store: &mut Store<CallState>) -> Result<Description, TrialError> {
    let instance = artifact.pre.instantiate_async(&mut *store).await.map_err(TrialError::Start)?;
    match &artifact.way {
        Way::Codec(codec) => codec.check(&mut *store, &instance),
        Way::Conversation(functions) => functions.check(&mut *store, &instance),
    }
    .map_err(TrialError::Shape)?;
    let description = description::GuestIndices::new(&artifact.pre).map_err(TrialError::Shape)?;
    let description = description.load(&mut *store, &instance).map_err(TrialError::Shape)?;
    Ok(description.call_describe(&mut *store).await.map_err(TrialError::Start)?.into())
}

/// Refuses what would keep the compiler busy for minutes. What can't be read, the compiler refuses with a reason.
fn check_functions(bytes: &[u8]) -> Result<(), LoadError> {
    let bodies = Parser::new(0).parse_all(bytes).map_while(Result::ok).filter_map(|payload| match payload {
        Payload::CodeSectionEntry(body) => Some(body.range().end - body.range().start),
        _ => None,
    });
    match bodies.max() {
        Some(largest) if largest > limits::FUNCTION_BYTES => Err(LoadError::Function(largest)),
        _ => Ok(()),
    }
}

/// Tells a component from a core module before the compiler sees either (their headers differ in the layer field).
fn check_preamble(bytes: &[u8]) -> Result<(), LoadError> {
    match bytes {
        [b'\0', b'a', b's', b'm', _, _, 1, 0, ..] => Ok(()),
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => Err(LoadError::CoreModule),
        [b'\0', b'a', b's', b'm', ..] => Err(LoadError::Invalid("its header is of an unknown version".to_owned())),
        _ if Engine::detect_precompiled(bytes).is_some() => Err(LoadError::Precompiled),
        _ => Err(LoadError::NotWasm),
    }
}

impl Way {
    fn of(pre: &InstancePre<CallState>, names: &Names, is_codec: bool) -> wasmtime::Result<Self> {
        Ok(match is_codec {
            true => Self::Codec(Arc::new(Codec::find(pre)?)),
            false => Self::Conversation(Conversation::find(pre, names.exports("streaming"))?),
        })
    }
}

impl Names {
    pub(super) fn of(component: &Component, engine: &Engine) -> Self {
        let kind = component.component_type();
        Self {
            imports: kind.imports(engine).map(|(name, _)| name.to_owned()).collect(),
            exports: kind.exports(engine).map(|(name, _)| name.to_owned()).collect(),
        }
    }

    /// Whether the component is a codec; an error when it is no provider of this version, or wants what none is given.
    fn check(&self) -> Result<bool, LoadError> {
        let all = self.exports.iter().chain(&self.imports);
        for version in all.filter_map(|name| name.strip_prefix(PACKAGE)).filter_map(|name| name.split_once('@')) {
            if !is_spoken(version.1) {
                return Err(LoadError::Version { package: PACKAGE, wanted: format!("{}@{}", version.0, version.1) });
            }
        }
        let is_codec = self.exports("codec");
        if !is_codec && !self.exports("conversation") {
            return Err(LoadError::NoProvider(self.told_exports()));
        }
        if !self.exports("description") {
            return Err(LoadError::NoDescription);
        }
        match self.imports.iter().find_map(|import| Self::refusal(import, is_codec)) {
            Some(refusal) => Err(refusal),
            None => Ok(is_codec),
        }
    }

    /// Why no provider of this way is given an import.
    pub(super) fn refusal(import: &str, is_codec: bool) -> Option<LoadError> {
        if is_types(import) {
            return None;
        }
        if is_codec {
            return Some(LoadError::CodecImports(import.to_owned()));
        }
        let is_log = import.strip_prefix(PACKAGE).is_some_and(|name| name.starts_with("log@"));
        let is_given = is_log || LINKED_WASI.iter().any(|package| import.starts_with(package));
        (!is_given).then(|| LoadError::Import(import.to_owned()))
    }

    pub(super) fn exports(&self, interface: &str) -> bool {
        let is_it = |name: &str| name.split_once('@').is_some_and(|(name, _)| name == interface);
        self.exports.iter().filter_map(|name| name.strip_prefix(PACKAGE)).any(is_it)
    }

    fn told_exports(&self) -> String {
        match self.exports.as_slice() {
            [] => "nothing".to_owned(),
            names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        }
    }
}

/// `0.1.0` and its patch releases. A record can't change within them, so neither can what this host understands.
fn is_spoken(version: &str) -> bool {
    version
        .strip_prefix(SPOKEN)
        .is_some_and(|rest| rest.strip_prefix('.').is_some_and(|patch| patch.parse::<u32>().is_ok()))
}

/// The interface that holds only types: it is imported by everyone and there is nothing to give.
fn is_types(name: &str) -> bool {
    name.strip_prefix(PACKAGE).is_some_and(|name| name.starts_with("types@"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(imports: &[&str], exports: &[&str]) -> Result<bool, String> {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Names { imports: own(imports), exports: own(exports) }.check().map_err(|error| error.to_string())
    }

    const CODEC: [&str; 2] = ["parlor:conversation/codec@0.1.0", "parlor:conversation/description@0.1.0"];
    const OWN_IO: [&str; 2] = ["parlor:conversation/conversation@0.1.3", "parlor:conversation/description@0.1.0"];

    #[test]
    fn names_tell_the_two_ways_apart() {
        assert_eq!(check(&["parlor:conversation/types@0.1.0"], &CODEC), Ok(true));
        assert_eq!(check(&["wasi:http/outgoing-handler@0.2.9", "parlor:conversation/log@0.1.0"], &OWN_IO), Ok(false));
    }

    #[test]
    fn each_refusal_names_the_interface() {
        for (imports, exports, told) in [
            (&[][..], &["wasi:cli/run@0.2.0"][..], "`wasi:cli/run@0.2.0`"),
            (&[], &["parlor:conversation/codec@0.2.0"], "codec@0.2.0"),
            (&[], &["parlor:conversation/codec@0.10.0"], "codec@0.10.0"),
            (&["wasi:io/streams@0.2.6"], &CODEC, "wasi:io/streams"),
            (&["wasi:keyvalue/store@0.2.0"], &OWN_IO, "wasi:keyvalue/store"),
            (&[], &["parlor:conversation/codec@0.1.0"], "description"),
        ] {
            let error = check(imports, exports).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn a_header_tells_what_a_file_is() {
        assert!(matches!(check_preamble(b"\0asm\x0d\0\x01\0rest"), Ok(())));
        assert!(matches!(check_preamble(b"\0asm\x01\0\0\0"), Err(LoadError::CoreModule)));
        assert!(matches!(check_preamble(b"(module)"), Err(LoadError::NotWasm)));
        assert!(matches!(check_preamble(b""), Err(LoadError::NotWasm)));
    }
}
