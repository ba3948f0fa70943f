//! `google.protobuf.Struct` and `Value`. In JSON they are any JSON, kept as compact text without ever being a tree; in
//! protobuf they are a tree, which becomes text when the host asks for it.
//!
//! A key that comes twice in an object is an error, as in protobuf. Numbers of JSON keep their digits where protobuf,
//! whose numbers are doubles, would round them, and keys keep their order, which vendors show to their models.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use prost::DecodeError;
use prost::bytes::{Buf, BufMut};
use prost::encoding::{DecodeContext, WireType};
use prost_types::value::Kind;
use prost_types::{ListValue, Struct as Tree, Value as Branch};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::members::Name;
use super::protojson::{Unwritable, Value, put};
use super::scalar::put_number;
use crate::conversation::Json;

/// A JSON object, in the form in which it came.
#[derive(Debug, Clone)]
pub enum Struct {
    /// As compact JSON.
    Text(Json),
    /// As protobuf's message.
    Tree(Tree),
}

impl Struct {
    /// The object as JSON.
    ///
    /// # Errors
    /// When it has a number that is none in JSON.
    pub(super) fn into_json(self) -> Result<Json, Unwritable> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Tree(tree) => {
                let mut text = Vec::new();
                tree.write(&mut text)?;
                String::from_utf8(text).map_err(|error| Unwritable(error.to_string()))
            }
        }
    }

    fn tree(&self) -> Cow<'_, Tree> {
        match self {
            Self::Text(text) => Cow::Owned(read_tree(text).unwrap_or_default()),
            Self::Tree(tree) => Cow::Borrowed(tree),
        }
    }
}

impl Default for Struct {
    fn default() -> Self {
        Self::Tree(Tree::default())
    }
}

/// They are the same if protobuf sees no difference.
impl PartialEq for Struct {
    fn eq(&self, other: &Self) -> bool {
        self.tree() == other.tree()
    }
}

impl prost::Message for Struct {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        self.tree().encode_raw(buf);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        if let Self::Text(_) = self {
            *self = Self::Tree(self.tree().into_owned());
        }
        match self {
            Self::Tree(tree) => tree.merge_field(tag, wire_type, buf, ctx),
            Self::Text(_) => Ok(()),
        }
    }

    fn encoded_len(&self) -> usize {
        self.tree().encoded_len()
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Value for Struct {
    fn read<'de, D: Deserializer<'de>>(_: &'static str, json: D) -> Result<Self, D::Error> {
        let mut text = Vec::new();
        json.deserialize_any(Object(&mut text))?;
        String::from_utf8(text).map(Self::Text).map_err(D::Error::custom)
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        match self {
            Self::Text(json) => {
                text.extend_from_slice(json.as_bytes());
                Ok(())
            }
            Self::Tree(tree) => tree.write(text),
        }
    }
}

impl Value for Tree {
    fn read<'de, D: Deserializer<'de>>(field: &'static str, json: D) -> Result<Self, D::Error> {
        Struct::read(field, json).map(|object| object.tree().into_owned())
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        self.fields.write(text)
    }
}

impl Value for ListValue {
    fn read<'de, D: Deserializer<'de>>(field: &'static str, json: D) -> Result<Self, D::Error> {
        match Branch::read(field, json)?.kind {
            Some(Kind::ListValue(list)) => Ok(list),
            _ => Err(D::Error::custom("unexpected token {}")),
        }
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        self.values.write(text)
    }
}

impl Value for Branch {
    fn read<'de, D: Deserializer<'de>>(_: &'static str, json: D) -> Result<Self, D::Error> {
        let mut text = Vec::new();
        Writer(&mut text).deserialize(json)?;
        serde_json::from_slice(&text).map(branch).map_err(D::Error::custom)
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        match &self.kind {
            // Go makes nothing of a value that holds nothing.
            None | Some(Kind::NullValue(_)) => put(text, &()),
            Some(Kind::BoolValue(value)) => put(text, value),
            Some(Kind::NumberValue(value)) if value.is_finite() => put_number(text, *value),
            Some(Kind::NumberValue(value)) => Err(Unwritable(format!("{value} is no number in JSON"))),
            Some(Kind::StringValue(value)) => put(text, value),
            Some(Kind::ListValue(list)) => list.write(text),
            Some(Kind::StructValue(object)) => object.write(text),
        }
    }
}

fn read_tree(text: &str) -> Option<Tree> {
    match branch(serde_json::from_str(text).ok()?).kind {
        Some(Kind::StructValue(tree)) => Some(tree),
        _ => None,
    }
}

fn branch(json: serde_json::Value) -> Branch {
    let kind = match json {
        serde_json::Value::Null => Kind::NullValue(0),
        serde_json::Value::Bool(value) => Kind::BoolValue(value),
        serde_json::Value::Number(value) => Kind::NumberValue(value.as_f64().unwrap_or_default()),
        serde_json::Value::String(value) => Kind::StringValue(value),
        serde_json::Value::Array(list) => Kind::ListValue(ListValue { values: list.into_iter().map(branch).collect() }),
        serde_json::Value::Object(object) => {
            let fields = object.into_iter().map(|(key, value)| (key, branch(value))).collect();
            Kind::StructValue(Tree { fields })
        }
    };
    Branch { kind: Some(kind) }
}

/// Reads an object and nothing else, and writes it to the end of the text.
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
        put_number(self.0, value).map_err(E::custom)
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
    put(text, value).map_err(E::custom)
}
