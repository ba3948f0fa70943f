//! What a component gives its provider: settings in which secrets are stand-ins, the origins that it may reach, limits.

use crate::components::Declaration;
use crate::components::settle::{Settled, SettledValue};
use crate::components::wasm::{Limits, Source};
use crate::egress::{Grant, Reach, StandIns};
use crate::limits;
use crate::origin::Origin;
use crate::sandbox::{Artifact, Equipment, GuestLimits};
use crate::yaml::diagnostic::Diagnostic;

/// The equipment, and the model that the settings name.
///
/// # Errors
/// When there is no randomness to make stand-ins of.
pub(super) fn equip(
    declaration: &Declaration,
    artifact: &Artifact,
    settled: Settled,
) -> Result<(Equipment, Option<String>), Diagnostic> {
    let mut secrets = StandIns::default();
    let mut settings = Vec::with_capacity(settled.settings.len());
    for (name, value) in settled.settings {
        let value = match value {
            SettledValue::Plain(value) => value,
            SettledValue::Secret(secret) => secrets.issue(secret).map_err(|error| {
                Diagnostic::error(declaration.at.clone(), error.to_string())
                    .hint("stand-ins for secrets come from the system's source of randomness; see why it fails")
            })?,
        };
        settings.push((name, value));
    }
    let model = settings.iter().find(|(name, _)| name == "model").map(|(_, model)| model.clone());
    let grant = Grant::new(granted(declaration, artifact, settled.endpoints), secrets);
    let limits = guest_limits(&declaration.limits);
    Ok((Equipment { component: declaration.name.clone(), settings, grant, limits }, model))
}

/// What YAML, or its absence, says that a provider may use.
pub fn guest_limits(limits: &Limits) -> GuestLimits {
    GuestLimits {
        memory: usize::try_from(limits.memory).unwrap_or(limits::MAX_GUEST_MEMORY),
        timeout: limits.timeout,
        cpu: limits.cpu,
        concurrency: limits.concurrency,
        response_bytes: limits.response_bytes,
        events: limits.events,
        log: limits.log,
    }
}

/// The origins that a component grants: what `allowedHosts` lists, what an `endpoint` setting names (wherever it leads,
/// because the operator wrote it), and, for a built-in provider without such a setting, its vendor's.
fn granted(declaration: &Declaration, artifact: &Artifact, endpoints: Vec<Origin>) -> Vec<(Origin, Reach)> {
    let listed = declaration.allowed_origins.iter().cloned().map(|origin| {
        let reach = Reach::of_allowed_host(&origin, declaration.private_network);
        (origin, reach)
    });
    let mut origins: Vec<_> = listed.collect();
    if endpoints.is_empty() && declaration.source == Source::BuiltIn {
        let own = artifact.description().origins.iter().filter_map(|origin| Origin::parse(origin).ok());
        origins.extend(own.map(|origin| (origin, Reach::Public)));
    }
    origins.extend(endpoints.into_iter().map(|origin| (origin, Reach::Private)));
    origins
}
