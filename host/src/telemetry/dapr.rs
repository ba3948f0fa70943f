//! Log lines in daprd's form, as text (logfmt) or as JSON. The form is that of Dapr's logger, from which its command line
//! and its tests read what they wait for.

use std::fmt::{self, Write};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::version;

/// Where a line comes from when its event doesn't name one of Dapr's scopes as its target.
const SCOPE: &str = "dapr.runtime";

/// Writes events as Dapr's logger does.
pub(super) struct Lines {
    app_id: String,
    instance: String,
    as_json: bool,
}

impl Lines {
    pub(super) fn new(app_id: &str, as_json: bool) -> Self {
        Self { app_id: app_id.to_owned(), instance: host_name(), as_json }
    }

    /// All fields, of which the event's own may not hide Dapr's.
    fn fields(&self, event: &Event<'_>) -> Map<String, Value> {
        let mut fields = Map::new();
        event.record(&mut Collector(&mut fields));
        let message = fields.remove("message").unwrap_or_default();
        let target = event.metadata().target();
        let scope = if target.starts_with("dapr.") { target } else { SCOPE };
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warning",
            Level::INFO => "info",
            Level::DEBUG | Level::TRACE => "debug",
        };
        let time = super::timestamp();
        fields.insert("msg".to_owned(), message);
        for (name, value) in [
            ("time", time.as_str()),
            ("level", level),
            ("app_id", &self.app_id),
            ("instance", &self.instance),
            ("scope", scope),
            ("type", "log"),
            ("ver", version::DAPR),
        ] {
            fields.insert(name.to_owned(), value.into());
        }
        fields
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let fields = self.fields(event);
        match self.as_json {
            true => writeln!(writer, "{}", Value::Object(fields)),
            false => writeln!(writer, "{}", logfmt(&fields)),
        }
    }
}

/// Time, level and message first, then the others by name.
fn logfmt(fields: &Map<String, Value>) -> String {
    const FIRST: [&str; 3] = ["time", "level", "msg"];
    let mut line = String::new();
    let first = FIRST.iter().filter_map(|name| fields.get_key_value(*name));
    let rest = fields.iter().filter(|(name, _)| !FIRST.contains(&name.as_str()));
    for (name, value) in first.chain(rest) {
        let separator = if line.is_empty() { "" } else { " " };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // Writing to a string doesn't fail.
        let _ = if is_plain(&text) {
            write!(line, "{separator}{name}={text}")
        } else {
            write!(line, "{separator}{name}={}", Value::String(text))
        };
    }
    line
}

/// Whether Dapr's logger would write the text without quotes.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._/@^+".contains(&byte))
}

/// The machine's name, as far as the system tells it.
fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "localhost".to_owned() } else { name.trim().to_owned() }
}

/// Takes an event's fields as JSON.
struct Collector<'a>(&'a mut Map<String, Value>);

impl Collector<'_> {
    fn insert(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Collector<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.insert(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_where_daprs_logger_quotes_it() {
        let fields = serde_json::json!({
            "time": "2026-11-22T10:00:00Z", "level": "info", "msg": "say \"hi\"\nthere",
            "app_id": "shop", "code": 200, "ver": "1.18.3",
        });
        assert_eq!(
            logfmt(fields.as_object().unwrap()),
            r#"time="2026-11-22T10:00:00Z" level=info msg="say \"hi\"\nthere" app_id=shop code=200 ver=1.18.3"#
        );
    }
}
