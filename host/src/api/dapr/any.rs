//! `google.protobuf.Any` in its JSON form: `{"@type": …, "value": …}` around one of protobuf's well-known types. Messages
//! of other packages do not resolve.

use std::fmt;

use prost_types::Any;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::members::Name;
use super::protojson::{Unwritable, Value, put};
use super::well_known::WellKnown;

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
                let Some(TypeUrl { text: type_url, kind }) = found else { return Ok(Any::default()) };
                let value = match *values {
                    [] if kind.name == WellKnown::EMPTY => "{}",
                    [] => return Err(A::Error::custom("missing \"value\" field")),
                    [value] => value.get(),
                    _ => return Err(A::Error::custom("duplicate \"value\" field")),
                };
                let refuse = || A::Error::custom(format_args!("invalid google.protobuf.{} value", kind.name));
                Ok(Any { type_url, value: (kind.read)(value).ok_or_else(refuse)? })
            }
        }

        json.deserialize_any(Members)
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        let Self { type_url, value } = self;
        if type_url.is_empty() && value.is_empty() {
            text.extend_from_slice(b"{}");
            return Ok(());
        }
        let kind = WellKnown::of(type_url)
            .ok_or_else(|| Unwritable(format!("google.protobuf.Any: unable to resolve {type_url:?}: not found")))?;
        text.extend_from_slice(br#"{"@type":"#);
        put(text, type_url)?;
        text.extend_from_slice(br#","value":"#);
        (kind.write)(value, text)?;
        text.push(b'}');
        Ok(())
    }
}

/// A type URL that resolves.
struct TypeUrl {
    text: String,
    kind: &'static WellKnown,
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
