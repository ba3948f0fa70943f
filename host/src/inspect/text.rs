//! The facts for a terminal. Decides nothing: what is here is in the JSON as well.

use std::fmt::{self, Display, Formatter};

use super::{Call, Description, Facts, Import, LimitFacts, PAGE, SettingFacts};

impl Display for Facts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", clean(&self.source))?;
        line(f, "sha256", &self.sha256)?;
        line(f, "size", &format!("{} bytes", self.size))?;
        line(f, "world", self.world.unwrap_or("none of this host"))?;
        if let Some(streaming) = self.streaming {
            line(f, "streaming", if streaming { "yes" } else { "no; its whole answer is one piece" })?;
        }
        if let Some(compiled) = &self.compilation {
            let told = format!("in {} ms, to {} bytes of code", compiled.milliseconds, compiled.code_bytes);
            line(f, "compiled", &told)?;
        }
        if let Some(call) = &self.first_call {
            call.write(f, &self.default_limits)?;
        }
        if let Some(imports) = &self.imports {
            list(f, "imports", imports.iter().map(Import::told))?;
        }
        if let Some(exports) = &self.exports {
            list(f, "exports", exports.iter().map(|name| clean(name)))?;
        }
        if let Some(description) = &self.description {
            description.write(f)?;
        }
        if let Some(yaml) = &self.yaml {
            list(f, "to serve it and let it reach that, under `spec`", yaml.lines().map(clean))?;
        }
        if let Some(refusal) = &self.refusal {
            writeln!(f, "\nerror: `{}` {}", clean(&self.source), clean(refusal))?;
            return self.hint.iter().try_for_each(|hint| writeln!(f, "hint: {hint}"));
        }
        list(f, "limits, unless `spec.wasm.limits` says otherwise", self.default_limits.told().into_iter())
    }
}

impl Call {
    fn write(&self, f: &mut Formatter<'_>, limits: &LimitFacts) -> fmt::Result {
        let at_rest = self.memory_at_rest;
        let beyond = match at_rest > limits.memory_bytes {
            true => "; raise `limits.memory`, which is below that by default",
            false => "",
        };
        line(f, "memory", &format!("{at_rest} bytes ({} pages) at rest{beyond}", at_rest / PAGE))?;
        let grown = match self.grown_pages {
            0 => "stays within it".to_owned(),
            pages => format!(
                "grows it by {pages} {}, which doubles what a call costs; give it an allocator that stays within the memory it starts with, as the SDK's does",
                if pages == 1 { "page" } else { "pages" }
            ),
        };
        line(f, "first call", &format!("of `{}` {grown}", self.function))?;
        match &self.error {
            None => Ok(()),
            Some(error) => line(f, "", &format!("it said, without a key and a network: {}", clean(error))),
        }
    }
}

impl Import {
    fn told(&self) -> String {
        let name = clean(&self.name);
        match &self.refusal {
            None => format!("{name}  granted"),
            Some(refusal) => format!("{name}  refused: it {}", clean(refusal)),
        }
    }
}

impl Description {
    fn write(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let told = [&self.name, &self.version, &self.summary].map(|text| clean(text));
        let [name, version, summary] = told;
        list(f, "says of itself", [format!("{name} {version}: {summary}")].into_iter())?;
        list(f, "settings", self.settings.iter().map(SettingFacts::told))?;
        list(f, "hosts it wants to reach", self.origins.iter().map(|origin| clean(origin)))
    }
}

impl SettingFacts {
    fn told(&self) -> String {
        let kind = match self.choices.is_empty() {
            true => self.kind.to_owned(),
            false => clean(&self.choices.join(" | ")),
        };
        let mut facts = vec![kind];
        facts.extend(self.required.then(|| "required".to_owned()));
        facts.extend(self.secret.then(|| "secret".to_owned()));
        facts.extend(self.default.as_ref().map(|default| format!("default {}", clean(default))));
        if self.kind == "endpoint" {
            facts.push("granted by being set".to_owned());
        }
        format!("{}  ({}) {}", clean(&self.name), facts.join(", "), clean(&self.summary))
    }
}

impl LimitFacts {
    fn told(&self) -> [String; 7] {
        [
            format!("memory: {} bytes", self.memory_bytes),
            format!("timeout: {} ms for a whole call", self.timeout_milliseconds),
            format!("cpu: {} ms of a call's processor time", self.cpu_milliseconds),
            format!("concurrency: {} calls at one time", self.concurrency),
            format!("responseBytes: {} of a vendor's answers, and of what is made of them", self.response_bytes),
            format!("events: {} of one call", self.events),
            format!("log: {} lines of one call", self.log),
        ]
    }
}

fn line(f: &mut Formatter<'_>, name: &str, told: &str) -> fmt::Result {
    writeln!(f, "  {name:<10}  {told}")
}

fn list(f: &mut Formatter<'_>, name: &str, items: impl Iterator<Item = String>) -> fmt::Result {
    writeln!(f, "\n{name}")?;
    let mut items = items.peekable();
    if items.peek().is_none() {
        return writeln!(f, "  none");
    }
    items.try_for_each(|item| writeln!(f, "  {item}"))
}

/// A stranger's text without what could move a terminal's cursor.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
