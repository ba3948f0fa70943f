//! protobuf's scalars in JSON, as far as requests have them: string, bool and double.

use std::fmt;

use serde::de::{Deserializer, Error, Unexpected, Visitor};

use super::protojson::Value;

impl Value for String {
    fn read<'de, D: Deserializer<'de>>(field: &'static str, json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Text(field))
    }
}

struct Text(&'static str);

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid value for string field {}: {{}}", self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

impl Value for bool {
    fn read<'de, D: Deserializer<'de>>(field: &'static str, json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Bool(field))
    }
}

struct Bool(&'static str);

impl Visitor<'_> for Bool {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid value for bool field {}: {{}}", self.0)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
        Ok(value)
    }

    // protobuf has no such rule, but Dapr's documentation shows `"scrubPII": "true"`.
    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        text.parse().map_err(|_| E::invalid_value(Unexpected::Other("string"), &self))
    }
}

impl Value for f64 {
    fn read<'de, D: Deserializer<'de>>(field: &'static str, json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Double(field))
    }
}

struct Double(&'static str);

impl Visitor<'_> for Double {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid value for double field {}: {{}}", self.0)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<f64, E> {
        Ok(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<f64, E> {
        match text {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            // By way of JSON, which has no `inf`, `+1` or `.5`, which Rust's own parser takes.
            _ => number(text).ok_or_else(|| E::invalid_value(Unexpected::Other("string"), &self)),
        }
    }
}

/// The number that a text is, in JSON's notation and with no space around it.
pub(super) fn number(text: &str) -> Option<f64> {
    serde_json::from_str(text).ok().filter(|_| text.trim().len() == text.len())
}
