//! The types of package `google.protobuf` that have a JSON form of their own: which there are and what each may hold.
//!
//! Integers and floats are brought to protobuf's one form of them; what is text (times, masks, bytes) stays as written.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde_json::value::{RawValue, to_raw_value};

use super::object::{AnyJson, Struct};
use super::protojson::Value;
use super::scalar::number;

/// A time span as protobuf has it; its parts have the same sign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Duration {
    pub(super) seconds: i64,
    pub(super) nanos: i32,
}

impl Value for Duration {
    fn read<'de, D: Deserializer<'de>>(_: &'static str, json: D) -> Result<Self, D::Error> {
        struct Seconds;

        impl Visitor<'_> for Seconds {
            type Value = Duration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("unexpected token {}")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
                Duration::parse(text).ok_or_else(|| E::custom("invalid google.protobuf.Duration value {}"))
            }
        }

        json.deserialize_any(Seconds)
    }
}

impl Duration {
    /// protobuf's limit, about ten thousand years.
    const MAX_SECONDS: i64 = 315_576_000_000;

    /// Decimal seconds with an `s`: `86400s`, `-1.5s`, `.5s`, `+1.s`.
    fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_suffix('s')?;
        let (negative, unsigned) = match unsigned.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, unsigned.strip_prefix('+').unwrap_or(unsigned)),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let leading_zero = whole.len() > 1 && whole.starts_with('0');
        if unsigned.is_empty() || leading_zero || fraction.len() > 9 || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let seconds: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let nanos: i32 = format!("{fraction:0<9}").parse().ok()?;
        let sign = if negative { -1 } else { 1 };
        (seconds <= Self::MAX_SECONDS).then(|| Self { seconds: i64::from(sign) * seconds, nanos: sign * nanos })
    }
}

/// A well-known type, by its name without the package. `Any` is not among them, so that values do not nest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WellKnown {
    BoolValue,
    BytesValue,
    DoubleValue,
    Duration,
    Empty,
    FieldMask,
    FloatValue,
    Int32Value,
    Int64Value,
    ListValue,
    StringValue,
    Struct,
    Timestamp,
    UInt32Value,
    UInt64Value,
    Value,
}

impl WellKnown {
    /// The type that a URL names. Only what follows its last slash counts.
    pub(super) fn of(type_url: &str) -> Option<Self> {
        let name = type_url.rsplit('/').next()?;
        Some(match name.strip_prefix("google.protobuf.")? {
            "BoolValue" => Self::BoolValue,
            "BytesValue" => Self::BytesValue,
            "DoubleValue" => Self::DoubleValue,
            "Duration" => Self::Duration,
            "Empty" => Self::Empty,
            "FieldMask" => Self::FieldMask,
            "FloatValue" => Self::FloatValue,
            "Int32Value" => Self::Int32Value,
            "Int64Value" => Self::Int64Value,
            "ListValue" => Self::ListValue,
            "StringValue" => Self::StringValue,
            "Struct" => Self::Struct,
            "Timestamp" => Self::Timestamp,
            "UInt32Value" => Self::UInt32Value,
            "UInt64Value" => Self::UInt64Value,
            "Value" => Self::Value,
            _ => return None,
        })
    }

    /// The JSON of a value of this type, or `None` if `json` is not one.
    pub(super) fn normal(self, json: &str) -> Option<Box<RawValue>> {
        let text = |is_valid: fn(&str) -> bool| {
            read::<String>(json).filter(|text| is_valid(text)).and_then(|text| to_raw_value(&text).ok())
        };
        match self {
            Self::BoolValue => to_raw_value(&serde_json::from_str::<bool>(json).ok()?).ok(),
            Self::BytesValue => text(is_base64),
            Self::DoubleValue => double(read(json)?),
            Self::Duration => text(|text| Duration::parse(text).is_some()),
            Self::Empty => json.starts_with('{').then(|| RawValue::from_string("{}".to_owned()).ok())?,
            Self::FieldMask => text(is_field_mask),
            Self::FloatValue => float(read(json)?),
            Self::Int32Value => to_raw_value(&i32::try_from(integer(json)?).ok()?).ok(),
            Self::Int64Value => to_raw_value(&i64::try_from(integer(json)?).ok()?.to_string()).ok(),
            Self::ListValue if !json.starts_with('[') => None,
            Self::ListValue | Self::Value => RawValue::from_string(read::<AnyJson>(json)?.0).ok(),
            Self::StringValue => text(|_| true),
            Self::Struct => RawValue::from_string(read::<Struct>(json)?.0).ok(),
            Self::Timestamp => text(is_timestamp),
            Self::UInt32Value => to_raw_value(&u32::try_from(integer(json)?).ok()?).ok(),
            Self::UInt64Value => to_raw_value(&u64::try_from(integer(json)?).ok()?.to_string()).ok(),
        }
    }
}

fn read<T: Value>(json: &str) -> Option<T> {
    T::read("value", &mut serde_json::Deserializer::from_str(json)).ok()
}

fn double(value: f64) -> Option<Box<RawValue>> {
    if value.is_nan() {
        return to_raw_value("NaN").ok();
    }
    if value.is_infinite() {
        return to_raw_value(if value > 0.0 { "Infinity" } else { "-Infinity" }).ok();
    }
    to_raw_value(&value).ok()
}

fn float(value: f64) -> Option<Box<RawValue>> {
    let single = value as f32;
    match single.is_finite() {
        true => to_raw_value(&single).ok(),
        false if value.is_finite() => None,
        false => double(value),
    }
}

/// An integer, as a number or within a string; `1e2` and `100.0` are integers too.
fn integer(json: &str) -> Option<i128> {
    let text = if json.starts_with('"') { read::<String>(json)? } else { json.to_owned() };
    let value = number(&text)?;
    let whole = value.fract() == 0.0 && value.abs() < 2_f64.powi(53);
    text.parse().ok().or_else(|| whole.then_some(value as i128))
}

/// Standard or URL-safe base64, padded or not.
fn is_base64(text: &str) -> bool {
    let data = if text.len().is_multiple_of(4) { text.trim_end_matches('=') } else { text };
    let is_padded_well = text.len() - data.len() <= 2 && data.len() % 4 != 1;
    let url_safe = text.contains(['-', '_']);
    is_padded_well
        && data.bytes().all(|byte| match byte {
            b'+' | b'/' => !url_safe,
            _ => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
        })
}

/// Paths of names in lower camel case, with commas between them.
fn is_field_mask(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    text.trim().is_empty() || text.trim().split([',', '.']).all(is_name)
}

/// A time of RFC 3339 from the year 1 on, with at most nine decimals.
fn is_timestamp(text: &str) -> bool {
    fn parse(text: &str) -> Option<bool> {
        let (date, time) = text.split_once('T')?;
        let zone_start = time.find(['Z', '+', '-'])?;
        let (time, zone) = time.split_at_checked(zone_start)?;
        let (time, decimals) = time.split_once('.').unwrap_or((time, "0"));
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
        let offset = match zone {
            "Z" => [0, 0],
            _ => numbers(zone.get(1..)?, ':', [2, 2])?,
        };
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        let is_date = year >= 1 && (1..=days).contains(&day);
        let is_time = hour < 24 && minute < 60 && second < 60 && matches!(decimals.len(), 1..=9) && is_digits(decimals);
        Some(is_date && is_time && matches!(offset, [..24, ..60]))
    }
    parse(text).unwrap_or(false)
}

/// The numbers of `text`, each of as many digits as it must have.
fn numbers<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[u32; N]> {
    let mut parts = text.split(separator);
    let mut found = [0; N];
    for (number, width) in found.iter_mut().zip(widths) {
        *number = parts.next().filter(|part| part.len() == width && is_digits(part))?.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
