//! What `parlor inspect` tells of a provider: facts with the names that its JSON has, and (in `text.rs`) the same for a
//! terminal. Reads no file and runs nothing: the sandbox has looked already.

mod text;

use serde::Serialize;

use crate::assemble::guest_limits;
use crate::components::wasm::Limits;
use crate::description::{Setting, SettingKind};
use crate::origin::Origin;
use crate::sandbox::{Examination, FirstCall, GuestLimits, Interfaces, LoadError};

/// Bytes of a page of WebAssembly's memory.
const PAGE: usize = 64 << 10;

/// Everything that is told of one artifact. What could not be found out, because the artifact was refused before, is
/// `null`. Fields are added with time, and don't change their meaning.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// The file, or the type of a built-in provider.
    pub source: String,
    /// In hexadecimal digits, as `sha256` in YAML wants it.
    pub sha256: String,
    /// Bytes of the `.wasm`.
    pub size: usize,
    /// Why no component can be served by it; `null` when one can.
    pub refusal: Option<String>,
    /// What to do about that.
    pub hint: Option<String>,
    /// `codec-provider`, `provider` or `streaming-provider`; `null` when it is for no world of this host.
    pub world: Option<&'static str>,
    /// Whether it can give its answer in pieces.
    pub streaming: Option<bool>,
    pub imports: Option<Vec<Import>>,
    /// With their versions.
    pub exports: Option<Vec<String>>,
    pub compilation: Option<Compilation>,
    pub first_call: Option<Call>,
    pub description: Option<Description>,
    /// What to write under `spec` in the component's YAML to serve it and let it reach what it wants to.
    pub yaml: Option<String>,
    /// What a component may use unless its YAML says otherwise.
    pub default_limits: LimitFacts,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Import {
    pub name: String,
    pub granted: bool,
    /// Why it is not.
    pub refusal: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Compilation {
    pub milliseconds: f64,
    /// Of native code, and of what belongs to it.
    pub code_bytes: usize,
}

/// A call with nothing granted, of which no byte leaves the sandbox.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// `encode` of a codec, `converse` of any other.
    pub function: &'static str,
    /// Bytes of linear memory that an instance starts with.
    pub memory_at_rest: usize,
    /// Pages of 64 KiB that the call added. More than none doubles what a call costs.
    pub grown_pages: usize,
    /// What went wrong, which may be no more than that the provider has no network here.
    pub error: Option<String>,
}

/// What the provider says of itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    pub name: String,
    pub version: String,
    pub summary: String,
    pub settings: Vec<SettingFacts>,
    /// Where it wants to send requests.
    pub origins: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingFacts {
    pub name: String,
    /// `text`, `boolean`, `integer`, `number`, `duration`, `endpoint` or `choice`.
    pub kind: &'static str,
    /// The words of a `choice`.
    pub choices: Vec<String>,
    pub default: Option<String>,
    pub required: bool,
    pub secret: bool,
    pub summary: String,
}

/// What one component may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LimitFacts {
    pub memory_bytes: usize,
    /// Of a whole call.
    pub timeout_milliseconds: u128,
    /// Of one call's processor time.
    pub cpu_milliseconds: u128,
    /// Calls at one time.
    pub concurrency: usize,
    /// Of a vendor's answers, and of what the guest makes of them.
    pub response_bytes: u64,
    /// Events of one call.
    pub events: u64,
    /// Lines that one call may log.
    pub log: u32,
}

impl LimitFacts {
    pub fn of(limits: GuestLimits) -> Self {
        Self {
            memory_bytes: limits.memory,
            timeout_milliseconds: limits.timeout.as_millis(),
            cpu_milliseconds: limits.cpu.as_millis(),
            concurrency: limits.concurrency,
            response_bytes: limits.response_bytes,
            events: limits.events,
            log: limits.log,
        }
    }
}

impl Facts {
    /// `source` is the file, or the type of a built-in provider.
    pub fn new(source: String, is_built_in: bool, size: usize, examination: Examination) -> Self {
        let Examination { digest, compiled, names, description, first_call, refusal } = examination;
        let sha256 = digest.to_string();
        let world = names.as_ref().and_then(world);
        let description = description.map(Description::of);
        let yaml = description.as_ref().filter(|_| !is_built_in).map(|told| yaml(&source, &sha256, told));
        let streaming = world.and(names.as_ref()).map(|names| names.streams);
        let (imports, exports) = names.map(|names| (imports(names.imports), names.exports)).unzip();
        Self {
            source,
            sha256,
            size,
            hint: refusal.as_ref().map(LoadError::hint),
            refusal: refusal.map(|refusal| refusal.to_string()),
            world,
            streaming,
            imports,
            exports,
            compilation: compiled.map(|compiled| Compilation {
                milliseconds: (compiled.time.as_secs_f64() * 1e4).round() / 10.0,
                code_bytes: compiled.code,
            }),
            first_call: first_call.map(Call::of),
            description,
            yaml,
            default_limits: LimitFacts::of(guest_limits(&Limits::default())),
        }
    }
}

/// The world of `wit/` that these exports are of.
fn world(names: &Interfaces) -> Option<&'static str> {
    let exports = |interface: &str| names.exports.iter().any(|name| name.contains(&format!("/{interface}@")));
    match (names.is_codec, exports("conversation"), names.streams) {
        (true, _, _) => Some("codec-provider"),
        (false, true, true) => Some("streaming-provider"),
        (false, true, false) => Some("provider"),
        (false, false, _) => None,
    }
}

fn imports(imports: Vec<crate::sandbox::Import>) -> Vec<Import> {
    let fact = |import: crate::sandbox::Import| Import {
        name: import.name,
        granted: import.refusal.is_none(),
        refusal: import.refusal.map(|refusal| refusal.to_string()),
    };
    imports.into_iter().map(fact).collect()
}

impl Call {
    fn of(call: FirstCall) -> Self {
        let FirstCall { function, memory_at_rest, memory_grown, error } = call;
        Self { function, memory_at_rest, grown_pages: memory_grown / PAGE, error }
    }
}

impl Description {
    fn of(description: crate::description::Description) -> Self {
        let crate::description::Description { name, version, summary, settings, origins } = description;
        let settings = settings.into_iter().map(SettingFacts::of).collect();
        Self { name, version, summary, settings, origins }
    }
}

impl SettingFacts {
    fn of(setting: Setting) -> Self {
        let Setting { name, summary, kind, default, required, secret } = setting;
        let (kind, choices) = match kind {
            SettingKind::Text => ("text", Vec::new()),
            SettingKind::Boolean => ("boolean", Vec::new()),
            SettingKind::Integer => ("integer", Vec::new()),
            SettingKind::Number => ("number", Vec::new()),
            SettingKind::Duration => ("duration", Vec::new()),
            SettingKind::Endpoint => ("endpoint", Vec::new()),
            SettingKind::Choice(words) => ("choice", words),
        };
        Self { name, kind, choices, default, required, secret, summary }
    }
}

/// The block that pins the artifact and grants what it asks for. What is no origin can't be granted.
fn yaml(source: &str, sha256: &str, description: &Description) -> String {
    let wanted = description.origins.iter().filter_map(|origin| Origin::parse(origin).ok());
    let origins: Vec<String> = wanted.map(|origin| origin.to_string()).collect();
    let hosts = match origins.as_slice() {
        [] => String::new(),
        origins => format!("  allowedHosts: [{}]\n", origins.join(", ")),
    };
    format!("wasm:\n  source: {source:?}\n  sha256: {sha256:?}\n{hosts}")
}
