//! A run file such as `dapr.yaml`: several apps, each with what its host is to be started with. Reads it whole and tells
//! every mistake; starts nothing.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Destination;
use super::settings::{self, Kind, Setting};
use crate::yaml::diagnostic::{Diagnostic, Diagnostics, Location, Position};
use crate::yaml::fields::{At, Fields, Report, Unknown, scalar};
use crate::yaml::node::{self, Node, Value};
use crate::yaml::text;

/// One app, with all that `common` and the defaults give it.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    pub app_id: String,
    /// Where the app is started.
    pub directory: PathBuf,
    /// The program and its arguments; none when only a host is wanted.
    pub command: Vec<String>,
    pub variables: BTreeMap<String, String>,
    /// Folders of component files.
    pub resources: Vec<PathBuf>,
    /// Flags of `parlor run` with their values; a switch has none.
    pub flags: Vec<(&'static str, Option<String>)>,
    pub app_log: Destination,
    pub host_log: Destination,
}

/// The apps that can be started, and every mistake of the file.
#[derive(Debug)]
pub struct Reading {
    pub plans: Vec<Plan>,
    pub diagnostics: Diagnostics,
}

/// What an app and the common block may both say.
#[derive(Debug, Default)]
struct Block {
    settings: Vec<Setting>,
    /// Those that are there of the folders that it names, if it names any.
    resources: Option<Vec<PathBuf>>,
    variables: BTreeMap<String, String>,
}

/// What the whole file is read with.
struct Reader<'a> {
    /// The user's own folder.
    home: Option<&'a Path>,
    /// The folder that the file lies in.
    folder: PathBuf,
    report: Report,
}

/// The file that a path means: itself, or `dapr.yaml` in a folder. `-` means standard input.
pub fn file(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("dapr.yaml") } else { path.to_owned() }
}

/// Reads a run file. `home` is the user's own folder, for paths that begin with `~/` and for Dapr's own default.
pub fn read(path: &Path, home: Option<&Path>) -> Reading {
    let file: Arc<Path> = Arc::from(path);
    let mut reader = Reader { home, folder: folder_of(path), report: Report::new(&file) };
    let text = if path == Path::new("-") { text::of(io::stdin()) } else { text::read(path) };
    let plans = match text {
        Ok(text) => reader.document(&text),
        Err(error) => {
            let hint = "name a run file, or a folder with a `dapr.yaml`";
            reader.report.diagnostics.push(Diagnostic::error(Location::whole(&file), error.to_string()).hint(hint));
            Vec::new()
        }
    };
    let mut diagnostics = reader.report.diagnostics;
    diagnostics.sort();
    Reading { plans, diagnostics }
}

fn folder_of(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

impl Reader<'_> {
    fn document(&mut self, text: &str) -> Vec<Plan> {
        let start = Position { line: 1, column: 1 };
        let mut documents = node::documents(text).into_iter();
        let Some(document) = documents.next() else {
            self.report.error(start, "the file is empty", "write `version: 1` and `apps:`");
            return Vec::new();
        };
        if documents.next().is_some() {
            self.report.warning(start, "only the first document of a run file is read", "remove the others");
        }
        match document {
            Ok(document) => self.apps(&document),
            Err(error) => {
                self.report.error(error.at, &error.message, "mend the document");
                Vec::new()
            }
        }
    }

    fn apps(&mut self, document: &Node) -> Vec<Plan> {
        let known = &["version", "name", "common", "apps"];
        let Some(fields) = Fields::of(document, "", known, Unknown::Ignored, &mut self.report) else {
            return Vec::new();
        };
        if let Some(version) = fields.required("version", &mut self.report)
            && version.value != "1"
        {
            self.report.error(version.at, format!("unknown version `{}`", version.value), "write `version: 1`");
        }
        let folder = self.folder.clone();
        let known = settings::fields_in_common();
        let common = fields
            .node("common")
            .and_then(|node| Fields::of(node, "common", &known, Unknown::Ignored, &mut self.report))
            .map(|fields| self.block(&fields, &known, &folder))
            .unwrap_or_default();
        let nodes = fields.list("apps", &mut self.report);
        if nodes.is_empty() && fields.node("apps").is_none_or(|apps| matches!(apps.value, Value::List(_))) {
            self.report.error(document.at, "there are no apps", "list them under `apps:`, each with `- appDirPath: …`");
        }
        let plans: Vec<(Plan, Position)> =
            nodes.iter().filter_map(|node| self.app(node, &common).map(|plan| (plan, node.at))).collect();
        self.refuse_doubles(&plans);
        plans.into_iter().map(|(plan, _)| plan).collect()
    }

    fn app(&mut self, node: &Node, common: &Block) -> Option<Plan> {
        let known = settings::fields_of_app();
        let fields = Fields::of(node, "apps[]", &known, Unknown::Ignored, &mut self.report)?;
        let directory = fields.required("appDirPath", &mut self.report);
        let directory = directory.and_then(|path| self.existing(&path, &self.folder.clone()));
        let inside = directory.clone().unwrap_or_else(|| self.folder.clone());
        let own = self.block(&fields, &known, &inside);
        let command = fields.texts("command", &mut self.report).into_iter().map(|word| word.value).collect();
        let app_id = fields.text("appID", &mut self.report);
        let directory = directory?;
        let app_id = match app_id {
            Some(app_id) => app_id.value,
            None => directory.file_name()?.to_string_lossy().into_owned(),
        };
        let resources = self.resources(&own, common, &directory, node.at);
        let settings = settings::merged(&own.settings, &common.settings);
        let destination = |key: &str, default| settings::destination(&settings, key).unwrap_or(default);
        let mut variables = common.variables.clone();
        variables.extend(own.variables);
        Some(Plan {
            app_id,
            command,
            variables,
            resources,
            app_log: destination("appLogDestination", Destination::FileAndConsole),
            host_log: destination("daprdLogDestination", Destination::File),
            flags: settings::flags(&settings),
            directory,
        })
    }

    /// Settings, folders and variables, which the common block has as well as an app.
    fn block(&mut self, fields: &Fields<'_>, known: &[&str], folder: &Path) -> Block {
        let mut resources = fields.texts("resourcesPaths", &mut self.report);
        resources.extend(fields.text("resourcesPath", &mut self.report));
        let resources =
            (!resources.is_empty()).then(|| resources.iter().filter_map(|path| self.existing(path, folder)).collect());
        let variables = fields.node("env").map(|node| self.variables(node)).unwrap_or_default();
        let mut settings = settings::read(fields, known, &mut self.report);
        for setting in settings.iter_mut().filter(|setting| setting.kind == Kind::Path) {
            let path = At { value: setting.value.clone(), at: setting.at };
            if let Some(path) = self.existing(&path, folder) {
                setting.value = path.to_string_lossy().into_owned();
            }
        }
        Block { settings, resources, variables }
    }

    fn variables(&mut self, node: &Node) -> BTreeMap<String, String> {
        let Value::Mapping(entries) = &node.value else {
            let what = format!("`env` must be a mapping, not {}", node.value.noun());
            self.report.error(node.at, what, "write `NAME: value`");
            return BTreeMap::new();
        };
        let mut variables = BTreeMap::new();
        for entry in entries {
            let value = if entry.value.value == Value::Null { Some(String::new()) } else { scalar(&entry.value.value) };
            if entry.key.is_empty() || entry.key.contains(['=', '\0']) {
                let what = format!("`{}` can't be the name of a variable", entry.key);
                self.report.error(entry.at, what, "use letters, digits and `_`");
            } else if let Some(value) = value {
                variables.insert(entry.key.clone(), value);
            } else {
                let what = format!("`env.{}` must be text, not {}", entry.key, entry.value.value.noun());
                self.report.error(entry.value.at, what, "write one text");
            }
        }
        variables
    }

    /// The folders of components: the app's own, then what lies in its folder, then the common ones, then Dapr's default.
    fn resources(&mut self, own: &Block, common: &Block, directory: &Path, at: Position) -> Vec<PathBuf> {
        if let Some(own) = &own.resources {
            return own.clone();
        }
        let local = directory.join(".dapr/resources");
        if local.is_dir() {
            return vec![local];
        }
        if let Some(common) = &common.resources {
            return common.clone();
        }
        let default = self.home.map(|home| home.join(".dapr/components")).filter(|default| default.is_dir());
        if default.is_none() {
            let hint = "add `resourcesPaths: [FOLDER]` here or under `common`";
            self.report.error(at, "the app has no folder of component files", hint);
        }
        default.into_iter().collect()
    }

    /// A path that is there, made absolute.
    fn existing(&mut self, path: &At<String>, folder: &Path) -> Option<PathBuf> {
        let whole = match (path.value.strip_prefix("~/"), self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => folder.join(&path.value),
        };
        match whole.canonicalize() {
            Ok(path) => Some(path),
            Err(_) => {
                let hint = "paths of an app begin at its `appDirPath`, others at the run file's folder";
                self.report.error(path.at, format!("`{}` is not there", path.value), hint);
                None
            }
        }
    }

    fn refuse_doubles(&mut self, plans: &[(Plan, Position)]) {
        for (index, (plan, at)) in plans.iter().enumerate() {
            if plans.iter().take(index).any(|(earlier, _)| earlier.app_id == plan.app_id) {
                let what = format!("there are two apps `{}`", plan.app_id);
                self.report.error(*at, what, "give each an `appID` of its own");
            }
        }
    }
}
