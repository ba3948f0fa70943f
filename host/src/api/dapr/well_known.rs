//! The types of package `google.protobuf` that have a JSON form of their own: which there are, and what they are in JSON.

use std::fmt;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};
use prost::bytes::Bytes;
use prost_types::{Duration, FieldMask, ListValue, Struct, Timestamp};
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::protojson::{Unwritable, Value, put};

/// A well-known type. `Any` is not among them, so that values do not nest.
pub(super) struct WellKnown {
    /// Without the package.
    pub(super) name: &'static str,
    /// The protobuf of a value in JSON, or `None` if it is not one of this type.
    pub(super) read: fn(&str) -> Option<Vec<u8>>,
    /// Writes the JSON of a value in protobuf.
    pub(super) write: fn(&[u8], &mut Vec<u8>) -> Result<(), Unwritable>,
}

impl WellKnown {
    /// The type whose value need not be given.
    pub(super) const EMPTY: &'static str = "Empty";

    const ALL: [Self; 16] = [
        // Alone in an `Any`, a boolean may not be written as text.
        Self { read: |json| Some(prost::Message::encode_to_vec(&read_bool(json)?)), ..Self::new::<bool>("BoolValue") },
        Self::new::<Bytes>("BytesValue"),
        Self::new::<f64>("DoubleValue"),
        Self::new::<Duration>("Duration"),
        Self::new::<()>(Self::EMPTY),
        Self::new::<FieldMask>("FieldMask"),
        Self::new::<f32>("FloatValue"),
        Self::new::<i32>("Int32Value"),
        Self::new::<i64>("Int64Value"),
        Self::new::<ListValue>("ListValue"),
        Self::new::<String>("StringValue"),
        Self::new::<Struct>("Struct"),
        Self::new::<Timestamp>("Timestamp"),
        Self::new::<u32>("UInt32Value"),
        Self::new::<u64>("UInt64Value"),
        Self::new::<prost_types::Value>("Value"),
    ];

    const fn new<T: Value + prost::Message + Default>(name: &'static str) -> Self {
        Self { name, read: to_protobuf::<T>, write: to_json::<T> }
    }

    /// The type that a URL names. Only what follows its last slash counts.
    pub(super) fn of(type_url: &str) -> Option<&'static Self> {
        static ALL: [WellKnown; 16] = WellKnown::ALL;
        let name = type_url.rsplit('/').next()?.strip_prefix("google.protobuf.")?;
        ALL.iter().find(|known| known.name == name)
    }
}

fn to_protobuf<T: Value + prost::Message + Default>(json: &str) -> Option<Vec<u8>> {
    let value = T::read("value", &mut serde_json::Deserializer::from_str(json)).ok()?;
    let protobuf = value.encode_to_vec();
    // What is nested deeper than is read again could not be given back, once the provider has been paid.
    T::decode(protobuf.as_slice()).is_ok().then_some(protobuf)
}

fn to_json<T: Value + prost::Message + Default>(protobuf: &[u8], text: &mut Vec<u8>) -> Result<(), Unwritable> {
    T::decode(protobuf).map_err(|error| Unwritable(error.to_string()))?.write(text)
}

fn read_bool(json: &str) -> Option<bool> {
    serde_json::from_str(json).ok()
}

/// Reads a string, and from it a value, with a text for when it is none.
fn read_text<'de, D: Deserializer<'de>, T>(
    json: D,
    parse: fn(&str) -> Option<T>,
    refusal: &'static str,
) -> Result<T, D::Error> {
    struct Text<T>(fn(&str) -> Option<T>, &'static str);

    impl<T> Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("unexpected token {}")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            (self.0)(text).ok_or_else(|| E::custom(self.1))
        }
    }

    json.deserialize_any(Text(parse, refusal))
}

impl Value for Duration {
    fn read<'de, D: Deserializer<'de>>(_: &'static str, json: D) -> Result<Self, D::Error> {
        read_text(json, parse_duration, "invalid google.protobuf.Duration value {}")
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        let Self { seconds, nanos } = *self;
        let same_sign = seconds == 0 || nanos == 0 || (seconds < 0) == (nanos < 0);
        let in_range = seconds.unsigned_abs() <= MAX_SECONDS && nanos.unsigned_abs() < 1_000_000_000;
        if !same_sign || !in_range {
            return Err(Unwritable(format!("google.protobuf.Duration: {seconds} s and {nanos} ns are out of range")));
        }
        put(text, &format_args!("{self}"))
    }
}

/// protobuf's limit, about ten thousand years.
const MAX_SECONDS: u64 = 315_576_000_000;

/// Decimal seconds with an `s`: `86400s`, `-1.5s`, `.5s`, `+1.s`.
fn parse_duration(text: &str) -> Option<Duration> {
    let unsigned = text.strip_suffix('s')?;
    let (sign, unsigned) = match unsigned.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, unsigned.strip_prefix('+').unwrap_or(unsigned)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    if unsigned.is_empty() || leading_zero || fraction.len() > 9 || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let seconds: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let nanos: i32 = format!("{fraction:0<9}").parse().ok()?;
    (seconds.unsigned_abs() <= MAX_SECONDS)
        .then(|| Duration { seconds: i64::from(sign) * seconds, nanos: sign * nanos })
}

impl Value for Timestamp {
    fn read<'de, D: Deserializer<'de>>(_: &'static str, json: D) -> Result<Self, D::Error> {
        let parse = |text: &str| {
            is_timestamp(text).then_some(())?;
            text.parse().ok().filter(|time: &Self| YEARS_1_TO_9999.contains(&time.seconds))
        };
        read_text(json, parse, "invalid google.protobuf.Timestamp value {}")
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        let Self { seconds, nanos } = *self;
        if !YEARS_1_TO_9999.contains(&seconds) || !(0..1_000_000_000).contains(&nanos) {
            return Err(Unwritable(format!("google.protobuf.Timestamp: {seconds} s and {nanos} ns are out of range")));
        }
        put(text, &format_args!("{self}"))
    }
}

/// In seconds since 1970.
const YEARS_1_TO_9999: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

impl Value for FieldMask {
    fn read<'de, D: Deserializer<'de>>(_: &'static str, json: D) -> Result<Self, D::Error> {
        read_text(json, parse_field_mask, "invalid google.protobuf.FieldMask value {}")
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        let camel: Vec<String> = self.paths.iter().map(|path| camel_case(path)).collect();
        let joined = camel.join(",");
        if parse_field_mask(&joined).as_ref() != Some(self) {
            return Err(Unwritable(format!("google.protobuf.FieldMask: {:?} has no form in JSON", self.paths)));
        }
        put(text, &joined)
    }
}

/// Paths of names in lower camel case, with commas between them.
fn parse_field_mask(text: &str) -> Option<FieldMask> {
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let text = text.trim();
    if text.is_empty() {
        return Some(FieldMask::default());
    }
    let is_mask = text.split([',', '.']).all(is_name);
    is_mask.then(|| FieldMask { paths: text.split(',').map(snake_case).collect() })
}

fn snake_case(camel: &str) -> String {
    let mut snake = String::with_capacity(camel.len() + 4);
    for c in camel.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

fn camel_case(snake: &str) -> String {
    let mut camel = String::with_capacity(snake.len());
    let mut is_first = false;
    for c in snake.chars() {
        match c {
            '_' => is_first = true,
            _ if is_first => {
                camel.push(c.to_ascii_uppercase());
                is_first = false;
            }
            _ => camel.push(c),
        }
    }
    camel
}

/// Standard or URL-safe base64, padded or not.
impl Value for Bytes {
    fn read<'de, D: Deserializer<'de>>(_: &'static str, json: D) -> Result<Self, D::Error> {
        const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true);
        const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, CONFIG);
        const OF_URLS: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, CONFIG);
        let parse = |text: &str| {
            let engine = if text.contains(['-', '_']) { OF_URLS } else { PLAIN };
            engine.decode(text).ok().map(Self::from)
        };
        read_text(json, parse, "invalid google.protobuf.BytesValue value {}")
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        put(text, &general_purpose::STANDARD.encode(self))
    }
}

/// The empty message: whatever an object has is unknown to it.
impl Value for () {
    fn read<'de, D: Deserializer<'de>>(_: &'static str, json: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("unexpected token {}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(())
            }
        }

        json.deserialize_any(Object)
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        text.extend_from_slice(b"{}");
        Ok(())
    }
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
