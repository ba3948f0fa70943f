//! `google.protobuf.Any` in its JSON form: `{"@type": …, "value": …}` around one of protobuf's well-known types.
//!
//! The value is checked against its type and kept as JSON, to be echoed. Messages of other packages do not resolve.

use std::fmt;

use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::protojson::{Name, Value};
use super::well_known::WellKnown;

/// A value with the URL of its type; both are absent from the empty one.
#[derive(Debug, Clone, Default)]
pub(super) struct Any {
    type_url: String,
    value: Option<Box<RawValue>>,
}

impl Value for Any {
    fn read<'de, D: Deserializer<'de>>(_: &'static str, json: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Any;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("unexpected token {}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Any, A::Error> {
                let mut found = None;
                // More than one `value` matters only if there is a type.
                let mut values: Vec<&RawValue> = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    match &*name {
                        "@type" if found.is_some() => return Err(A::Error::custom("duplicate \"@type\" field")),
                        "@type" => found = Some(map.next_value::<TypeUrl>()?),
                        "value" if values.len() < 2 => values.push(map.next_value()?),
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                let Some(TypeUrl { text, kind }) = found else { return Ok(Any::default()) };
                let value = match *values {
                    [] if kind == WellKnown::Empty => None,
                    [] => return Err(A::Error::custom("missing \"value\" field")),
                    [value] => Some(value),
                    _ => return Err(A::Error::custom("duplicate \"value\" field")),
                };
                let refuse = || A::Error::custom(format_args!("invalid google.protobuf.{kind:?} value"));
                let value = kind.normal(value.map_or("{}", RawValue::get)).ok_or_else(refuse)?;
                Ok(Any { type_url: text, value: Some(value) })
            }
        }

        json.deserialize_any(Members)
    }
}

impl Serialize for Any {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(value) = &self.value {
            map.serialize_entry("@type", &self.type_url)?;
            map.serialize_entry("value", value)?;
        }
        map.end()
    }
}

/// A type URL that resolves.
struct TypeUrl {
    text: String,
    kind: WellKnown,
}

impl<'de> serde::Deserialize<'de> for TypeUrl {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Url;

        impl Visitor<'_> for Url {
            type Value = TypeUrl;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("@type field value is not a string: {}")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<TypeUrl, E> {
                let unresolved = || match text {
                    "" => E::custom("@type field contains empty value"),
                    _ => E::custom("unable to resolve {}: \"not found\""),
                };
                let kind = WellKnown::of(text).ok_or_else(unresolved)?;
                Ok(TypeUrl { text: text.to_owned(), kind })
            }
        }

        json.deserialize_any(Url)
    }
}
