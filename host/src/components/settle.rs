//! A declaration against the description of its provider: which settings there are, and what each may be. Pure.

use std::time::Duration;

use http::Uri;

use super::{Declaration, DeclaredSetting, ValueSource};
use crate::description::{Description, Setting, SettingKind};
use crate::duration;
use crate::origin::Origin;
use crate::secret::Secret;
use crate::yaml::diagnostic::{Diagnostic, Diagnostics, closest, listed, offer};
use crate::yaml::fields::truth;

/// What a provider gets, and what the host takes for itself.
#[derive(Debug, Default)]
pub struct Settled {
    /// By the names that the description gives them.
    pub settings: Vec<(String, SettledValue)>,
    /// Origins that are granted because an `endpoint` setting of the YAML names them.
    pub endpoints: Vec<Origin>,
    /// Whether there is no mistake that forbids the component, even one that `ignoreErrors` makes a warning.
    pub is_usable: bool,
    /// For how long answers are kept; absent is off.
    pub response_cache_ttl: Option<Duration>,
    /// Every mistake in the settings, sorted.
    pub diagnostics: Diagnostics,
}

/// The value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettledValue {
    /// The provider gets it as it is.
    Plain(String),
    /// The provider gets a stand-in.
    Secret(Secret),
}

/// The host's own setting, under both of Dapr's names. Every component takes it.
const CACHE_SETTINGS: &[&str] = &["responseCacheTTL", "cacheTTL"];

const FAMILY: &str = "conversation.";

/// Checks the settings of `declaration`, and gives them the form in which the provider gets them.
pub fn settle(declaration: &Declaration, description: &Description) -> Settled {
    let mut settled = Settled::default();
    settled.take_cache_ttl(declaration);
    for declared in &declaration.settings {
        let known = description.settings.iter().any(|setting| setting.name.eq_ignore_ascii_case(&declared.name));
        if !known && !is_cache_setting(&declared.name) {
            settled.report_unknown(declared, declaration, description);
        }
    }
    for setting in description.settings.iter().filter(|setting| !is_cache_setting(&setting.name)) {
        settled.take(setting, declaration);
    }
    settled.is_usable = settled.diagnostics.errors() == 0;
    if declaration.ignore_errors {
        settled.diagnostics.demote();
    }
    settled.diagnostics.sort();
    settled
}

/// The mistake of a component whose type is not `known` and that brings no provider of its own.
pub fn unknown_type(declaration: &Declaration, known: &[&str]) -> Diagnostic {
    let names = known.iter().filter_map(|known| known.strip_prefix(FAMILY));
    let hint = match closest(declaration.component_type.trim_start_matches(FAMILY), names) {
        Some(close) => format!("did you mean `conversation.{close}`?"),
        None => "name a provider's artifact with `wasm: { source: … }` under `spec`".to_owned(),
    };
    let what = format!("there is no built-in provider `{}`", declaration.component_type);
    let at = declaration.type_at.clone();
    if declaration.ignore_errors { Diagnostic::warning(at, what) } else { Diagnostic::error(at, what) }.hint(hint)
}

impl Settled {
    fn take_cache_ttl(&mut self, declaration: &Declaration) {
        let mut declared = declaration.settings.iter().filter(|declared| is_cache_setting(&declared.name));
        let Some(first) = declared.next() else { return };
        if let Some(second) = declared.next() {
            let what = format!("`{}` and `{}` are one setting", first.name, second.name);
            self.error(Diagnostic::error(second.name_at.clone(), what).hint("remove one of them"));
        }
        let text = first.value.as_ref().map_or("", |value| value.expose().trim());
        if text.is_empty() {
            return;
        }
        match duration::parse_or_seconds(text) {
            Ok(ttl) => self.response_cache_ttl = Some(ttl).filter(|ttl| !ttl.is_zero()),
            Err(error) => self.report_value(first, false, &error.to_string(), "write for instance `10m`"),
        }
    }

    fn take(&mut self, setting: &Setting, declaration: &Declaration) {
        let declared = declaration.settings.iter().find(|declared| declared.name.eq_ignore_ascii_case(&setting.name));
        match (declared.map(|declared| (declared, &declared.value)), &setting.default) {
            // Reported already.
            (Some((_, None)), _) => {}
            (Some((declared, Some(value))), _) if !value.expose().is_empty() => {
                self.take_declared(setting, declared, value);
            }
            (_, Some(default)) => self.settings.push((setting.name.clone(), in_form(setting, default.clone()))),
            (Some((empty, _)), None) if setting.required => {
                let what =
                    format!("the setting `{}` is empty and `{}` needs it", empty.name, declaration.component_type);
                let hint = "give it a `value`, an `envRef` or a `secretKeyRef`";
                self.error(Diagnostic::error(empty.value_at.clone(), what).hint(hint));
            }
            (None, None) if setting.required => self.report_missing(setting, declaration),
            (_, None) => {}
        }
    }

    fn take_declared(&mut self, setting: &Setting, declared: &DeclaredSetting, value: &Secret) {
        if declared.value_source == ValueSource::SecretStore && !setting.secret {
            return self.take_needless_secret(setting, declared, value);
        }
        match canonical(&setting.kind, value.expose()) {
            Ok(Canonical { text, origin }) => {
                self.endpoints.extend(origin);
                self.settings.push((setting.name.clone(), in_form(setting, text)));
            }
            Err(Mismatch { what, hint }) => self.report_value(declared, setting.secret, &what, &hint),
        }
    }

    /// A value from a secret store for a setting that is no secret: the provider may only have a stand-in, which is of
    /// use as text that goes into a header, and of none where the provider must read it.
    fn take_needless_secret(&mut self, setting: &Setting, declared: &DeclaredSetting, value: &Secret) {
        let hint = "use `value` or `envRef`";
        if setting.kind == SettingKind::Text {
            let what = format!(
                "`{}` comes from a secret store, so the provider sees a stand-in that works in request headers only",
                setting.name
            );
            self.diagnostics.push(Diagnostic::warning(declared.value_at.clone(), what).hint(hint));
            self.settings.push((setting.name.clone(), SettledValue::Secret(value.clone())));
        } else {
            let what = format!("`{}` can't come from a secret store, because the provider must read it", setting.name);
            self.error(Diagnostic::error(declared.value_at.clone(), what).hint(hint));
        }
    }

    fn report_unknown(&mut self, declared: &DeclaredSetting, declaration: &Declaration, description: &Description) {
        let names = description.settings.iter().map(|setting| setting.name.as_str());
        let hint = match closest(&declared.name, names.clone().chain(CACHE_SETTINGS.iter().copied())) {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("it takes {}", listed(names.chain(CACHE_SETTINGS.iter().copied().take(1)))),
        };
        let what = format!("unknown setting `{}` for `{}`", declared.name, declaration.type_and_version());
        self.error(Diagnostic::error(declared.name_at.clone(), what).hint(hint));
    }

    fn report_missing(&mut self, setting: &Setting, declaration: &Declaration) {
        let what = format!("missing setting `{}` for `{}`", setting.name, declaration.type_and_version());
        let source = if setting.secret { "a `secretKeyRef`" } else { "a `value`" };
        let hint = format!("add `- name: {}` with {source} under `spec.metadata`", setting.name);
        self.error(Diagnostic::error(declaration.at.clone(), what).hint(hint));
    }

    /// A bad value; what is said of a secret one does not repeat it.
    fn report_value(&mut self, declared: &DeclaredSetting, secret: bool, what: &str, hint: &str) {
        let what = if secret || declared.value_source != ValueSource::Literal {
            "the value, which is not shown here, does not fit"
        } else {
            what
        };
        let what = format!("bad value for the setting `{}`: {what}", declared.name);
        self.error(Diagnostic::error(declared.value_at.clone(), what).hint(hint));
    }

    fn error(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

/// A value in the form that providers get, and the origin that it names.
struct Canonical {
    text: String,
    origin: Option<Origin>,
}

/// Why a value is not of its setting's kind.
struct Mismatch {
    what: String,
    hint: String,
}

fn canonical(kind: &SettingKind, value: &str) -> Result<Canonical, Mismatch> {
    let text = value.trim();
    let plain = |text: String| Canonical { text, origin: None };
    let mismatch = |noun: &str, hint: &str| Mismatch { what: format!("`{text}` is not {noun}"), hint: hint.to_owned() };
    match kind {
        SettingKind::Text => Ok(plain(value.to_owned())),
        SettingKind::Boolean => truth(text)
            .map(|truth| plain(truth.to_string()))
            .ok_or_else(|| mismatch("a boolean", "write `true` or `false`")),
        SettingKind::Integer => text
            .parse::<i64>()
            .map(|number| plain(number.to_string()))
            .map_err(|_| mismatch("a whole number", "write for instance `100`")),
        SettingKind::Number => text
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map(|_| plain(text.to_owned()))
            .ok_or_else(|| mismatch("a number", "write for instance `0.7`")),
        SettingKind::Duration => duration_text(text).map(plain),
        SettingKind::Endpoint => endpoint(text),
        SettingKind::Choice(words) => words
            .iter()
            .find(|word| word.eq_ignore_ascii_case(text))
            .map(|word| plain(word.clone()))
            .ok_or_else(|| mismatch("a choice", &offer(text, words.iter().map(String::as_str), "there are", ""))),
    }
}

/// Providers get a unit with every duration.
fn duration_text(text: &str) -> Result<String, Mismatch> {
    let has_unit = !text.bytes().all(|byte| byte.is_ascii_digit());
    duration::parse_or_seconds(text)
        .map(|_| if has_unit { text.to_owned() } else { format!("{text}s") })
        .map_err(|error| Mismatch { what: error.to_string(), hint: "write for instance `30s`".to_owned() })
}

/// An absolute URL with an optional path. It is granted, so it must be clear what it is.
fn endpoint(text: &str) -> Result<Canonical, Mismatch> {
    let hint = || "write a base URL such as `https://api.example.com/v1`".to_owned();
    let mismatch = |what: String| Mismatch { what, hint: hint() };
    if text.contains('@') {
        // Never repeats the text: it may hold a password.
        return Err(mismatch("a URL here must not carry a user name or password".to_owned()));
    }
    if text.contains(['?', '#']) {
        return Err(mismatch(format!("`{text}` has more than a path")));
    }
    let not_absolute = || mismatch(format!("`{text}` is not an absolute URL"));
    let uri: Uri = text.parse().map_err(|_| not_absolute())?;
    let origin = Origin::of(&uri).map_err(|error| mismatch(error.to_string()))?;
    Ok(Canonical { text: text.to_owned(), origin: Some(origin) })
}

fn in_form(setting: &Setting, text: String) -> SettledValue {
    if setting.secret { SettledValue::Secret(Secret::new(text)) } else { SettledValue::Plain(text) }
}

fn is_cache_setting(name: &str) -> bool {
    CACHE_SETTINGS.iter().any(|setting| setting.eq_ignore_ascii_case(name))
}
