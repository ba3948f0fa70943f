//! `parlor check`: loads the components as a start would, and tells what is right and what is wrong, for a person or as JSON.

use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;

use super::{Surroundings, assembler, counted, say};
use crate::assemble::Assembly;
use crate::cli::Check;
use crate::inspect::LimitFacts;
use crate::registry::{self, Snapshot};
use crate::yaml::diagnostic::Diagnostics;

/// What is printed with `--json`. Fields are added with time, and don't change their meaning.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    /// Those that a start would serve, by name.
    components: Vec<Component>,
    /// Every mistake of every file, by file and place.
    diagnostics: &'a Diagnostics,
    /// How many of them are errors, for each of which something is not served.
    errors: usize,
    warnings: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    name: String,
    /// Such as `conversation.openai`.
    #[serde(rename = "type")]
    component_type: String,
    version: String,
    /// SHA-256 of the provider's `.wasm`.
    sha256: String,
    limits: LimitFacts,
    /// What the provider may reach.
    granted_origins: Vec<String>,
}

/// Reports every mistake of the files, and of the providers that they name. Its code is 1 when there is an error.
///
/// # Errors
/// When the sandbox can't be set up.
pub async fn check(args: Check, surroundings: Surroundings) -> Result<ExitCode> {
    let mut assembler = assembler(&args.paths, args.app_id, &args.sandbox, &surroundings)?;
    let assembly = assembler.assemble(&Snapshot::default()).await;
    let report = Report::of(&assembly);
    if args.json {
        say(&serde_json::to_string_pretty(&report)?)?;
    } else {
        if !assembly.diagnostics.is_empty() {
            say(&assembly.diagnostics.to_string())?;
        }
        let components = counted(report.components.len(), "component");
        let (errors, warnings) = (counted(report.errors, "error"), counted(report.warnings, "warning"));
        say(&format!("{components}, {errors}, {warnings}"))?;
    }
    Ok(if report.errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl<'a> Report<'a> {
    fn of(assembly: &'a Assembly) -> Self {
        let diagnostics = &assembly.diagnostics;
        let errors = diagnostics.errors();
        Self {
            components: assembly.snapshot.iter().map(Component::of).collect(),
            warnings: diagnostics.iter().len().saturating_sub(errors),
            diagnostics,
            errors,
        }
    }
}

impl Component {
    fn of(component: &registry::Component) -> Self {
        let provider = &component.provider;
        Self {
            name: component.name.clone(),
            component_type: component.component_type.clone(),
            version: component.version.clone(),
            sha256: provider.artifact().digest().to_string(),
            limits: LimitFacts::of(provider.limits()),
            granted_origins: provider.origins().map(ToString::to_string).collect(),
        }
    }
}
