//! protobuf's scalars in JSON: strings, booleans, floats, and integers, of which those of 64 bits are written as strings.

use std::fmt;

use serde::de::{Deserializer, Error, Unexpected, Visitor};

use super::protojson::{Unwritable, Value, put};

impl Value for String {
    fn read<'de, D: Deserializer<'de>>(field: &'static str, json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Text(field))
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        put(text, self)
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
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

/// A text that may be written as a number, too.
pub(super) struct TextOrNumber(pub(super) String);

impl Value for TextOrNumber {
    fn read<'de, D: Deserializer<'de>>(field: &'static str, json: D) -> Result<Self, D::Error> {
        struct Either(Text);

        impl Visitor<'_> for Either {
            type Value = TextOrNumber;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.expecting(f)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<TextOrNumber, E> {
                Ok(TextOrNumber(text.to_owned()))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<TextOrNumber, E> {
                Ok(TextOrNumber(value.to_string()))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<TextOrNumber, E> {
                Ok(TextOrNumber(value.to_string()))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<TextOrNumber, E> {
                Ok(TextOrNumber(value.to_string()))
            }
        }

        json.deserialize_any(Either(Text(field)))
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        put(text, &self.0)
    }
}

impl Value for bool {
    fn read<'de, D: Deserializer<'de>>(field: &'static str, json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Bool(field))
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        put(text, self)
    }

    fn is_absent(&self) -> bool {
        !self
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
        // Minus zero is zero: not all that carries numbers here carries its sign.
        json.deserialize_any(Double(field)).map(|value| value + 0.0)
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        match self {
            value if value.is_nan() => put(text, "NaN"),
            &Self::INFINITY => put(text, "Infinity"),
            &Self::NEG_INFINITY => put(text, "-Infinity"),
            value => put_number(text, *value),
        }
    }

    fn is_absent(&self) -> bool {
        *self == 0.0
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

impl Value for f32 {
    fn read<'de, D: Deserializer<'de>>(field: &'static str, json: D) -> Result<Self, D::Error> {
        let wide = f64::read(field, json)?;
        let value = wide as Self;
        let fits = value.is_finite() || !wide.is_finite();
        fits.then_some(value)
            .ok_or_else(|| D::Error::custom(format_args!("invalid value for float field {field}: {{}}")))
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        let whole = self.fract() == 0.0 || !self.is_finite();
        if whole { f64::from(*self).write(text) } else { put(text, self) }
    }
}

/// Integers read from a number or a string; those of 64 bits are written as strings, because a double can't hold them.
macro_rules! integers {
    ($($integer:ty: $kind:literal, $write:expr;)*) => {$(
        impl Value for $integer {
            fn read<'de, D: Deserializer<'de>>(field: &'static str, json: D) -> Result<Self, D::Error> {
                let value = json.deserialize_any(Integer { kind: $kind, field })?;
                let refuse = |_| D::Error::custom(format_args!("invalid value for {} field {field}: {{}}", $kind));
                Self::try_from(value).map_err(refuse)
            }

            fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
                let write: fn(&Self, &mut Vec<u8>) -> Result<(), Unwritable> = $write;
                write(self, text)
            }

            fn is_absent(&self) -> bool {
                *self == 0
            }
        }
    )*};
}

integers! {
    i32: "int32", |value, text| put(text, value);
    u32: "uint32", |value, text| put(text, value);
    i64: "int64", |value, text| put(text, &format_args!("{value}"));
    u64: "uint64", |value, text| put(text, &format_args!("{value}"));
}

struct Integer {
    kind: &'static str,
    field: &'static str,
}

impl Visitor<'_> for Integer {
    type Value = i128;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid value for {} field {}: {{}}", self.kind, self.field)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<i128, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<i128, E> {
        Ok(value.into())
    }

    // `1e2` and `100.0` are integers too.
    fn visit_f64<E: Error>(self, value: f64) -> Result<i128, E> {
        let is_whole = value.fract() == 0.0 && value.abs() < MAX_WHOLE;
        is_whole.then_some(value as i128).ok_or_else(|| E::invalid_value(Unexpected::Other("number"), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i128, E> {
        match (number(text), text.parse()) {
            (Some(_), Ok(value)) => Ok(value),
            (Some(value), Err(_)) => self.visit_f64(value),
            (None, _) => Err(E::invalid_value(Unexpected::Other("string"), &self)),
        }
    }
}

/// Above it a double has no digits for the ones.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

/// Writes a finite number; a whole one without a fraction, as Go does.
pub(super) fn put_number(text: &mut Vec<u8>, value: f64) -> Result<(), Unwritable> {
    let is_whole = value.fract() == 0.0 && value.abs() < MAX_WHOLE;
    if is_whole { put(text, &(value as i64)) } else { put(text, &value) }
}

/// The number that a text is, in JSON's notation and with no space around it.
pub(super) fn number(text: &str) -> Option<f64> {
    serde_json::from_str(text).ok().filter(|_| text.trim().len() == text.len())
}
