//! `google.protobuf.Struct` and `Value`: any JSON, kept as compact text without ever being a tree.
//!
//! A key that comes twice in an object is an error, as in protobuf. Numbers keep their digits where protobuf, whose
//! numbers are doubles, would round them.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::protojson::{Name, Value};
use crate::conversation::Json;

/// The text of a JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Struct(pub(super) Json);

impl Value for Struct {
    fn read<'de, D: Deserializer<'de>>(_: &'static str, json: D) -> Result<Self, D::Error> {
        let mut text = Vec::new();
        json.deserialize_any(Object(&mut text))?;
        String::from_utf8(text).map(Self).map_err(D::Error::custom)
    }
}

/// The text of any JSON value.
pub(super) struct AnyJson(pub(super) Json);

impl Value for AnyJson {
    fn read<'de, D: Deserializer<'de>>(_: &'static str, json: D) -> Result<Self, D::Error> {
        let mut text = Vec::new();
        Writer(&mut text).deserialize(json)?;
        String::from_utf8(text).map(Self).map_err(D::Error::custom)
    }
}

/// Reads an object and nothing else.
struct Object<'a>(&'a mut Vec<u8>);

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unexpected token {}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let text = self.0;
        let mut keys = HashSet::new();
        text.push(b'{');
        while let Some(Name(key)) = map.next_key()? {
            if !keys.is_empty() {
                text.push(b',');
            }
            scalar(text, &key)?;
            text.push(b':');
            if !keys.insert(key) {
                return Err(A::Error::custom("duplicate map key {}"));
            }
            map.next_value_seed(Writer(text))?;
        }
        text.push(b'}');
        Ok(())
    }
}

/// Reads any value and writes it to the end of the text.
struct Writer<'a>(&'a mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for Writer<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Writer<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unexpected token {}")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        scalar(self.0, &())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        scalar(self.0, &value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        scalar(self.0, &value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        scalar(self.0, &value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        scalar(self.0, &value)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        scalar(self.0, text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let text = self.0;
        text.push(b'[');
        while seq.next_element_seed(Writer(text))?.is_some() {
            text.push(b',');
        }
        if text.last() == Some(&b',') {
            text.pop();
        }
        text.push(b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        Object(self.0).visit_map(map)
    }
}

fn scalar<T: serde::Serialize + ?Sized, E: Error>(text: &mut Vec<u8>, value: &T) -> Result<(), E> {
    serde_json::to_writer(text, value).map_err(E::custom)
}
