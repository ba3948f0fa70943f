//! protobuf's JSON mapping, read in one pass and written straight into a buffer: every rule that holds for all messages is
//! here, once.
//!
//! Knows no message; `build/json.rs` makes of each descriptor the code that calls this. The crates that do all of it
//! (pbjson) read a `null` as an error, take an `Any` for a `Value`, and have neither protobuf-go's texts nor their places.
//! Errors carry a template in protobuf-go's words, with `{}` for the offending token; `fault.rs` finds that and its place.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::Serialize;

use super::fault;
pub use super::members::Members;
use super::members::{Element, Name};

/// Reads a whole body. One of no bytes at all is the empty message, as in Dapr. The error is protobuf-go's text.
///
/// # Errors
/// When the body is not the JSON of such a message.
pub fn decode<M: Message>(body: &[u8]) -> Result<M, String> {
    if body.is_empty() {
        return Ok(M::default());
    }
    let text = str::from_utf8(body).map_err(|error| fault::not_utf8(body, error))?;
    let mut json = serde_json::Deserializer::from_str(text);
    M::read("", &mut json)
        .and_then(|message| json.end().map(|()| message))
        .map_err(|error| fault::explain(text, &error))
}

/// Writes a whole body.
///
/// # Errors
/// When the message has no JSON form, which none has that was made of JSON.
pub fn encode<M: Message>(message: &M) -> Result<Vec<u8>, Unwritable> {
    // Most answers fit, and growing costs more than what is left empty.
    let mut text = Vec::with_capacity(512);
    Value::write(message, &mut text)?;
    Ok(text)
}

/// What has no form in JSON, although it has one in protobuf.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unwritable(pub(super) String);

/// What a field may hold. `field` is the field's JSON name, for the error. A `null` never gets here from a field, only
/// from an element of a list or a map, where it is an error.
pub trait Value: Sized {
    fn read<'de, D: Deserializer<'de>>(field: &'static str, json: D) -> Result<Self, D::Error>;

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable>;

    /// Whether a field that holds this is left out.
    fn is_absent(&self) -> bool {
        false
    }
}

/// A message. `build/json.rs` implements it for those of `host/proto`.
pub trait Message: Default {
    /// Reads the value of the field of this name. `false` if there is no such field.
    fn member<'de, A: MapAccess<'de>>(&mut self, _name: &str, _members: &mut Members<A>) -> Result<bool, A::Error> {
        Ok(false)
    }

    /// Writes each field that is there.
    fn members(&self, _object: &mut Object<'_>) -> Result<(), Unwritable> {
        Ok(())
    }
}

/// The JSON object of one message as it is written.
pub struct Object<'a> {
    text: &'a mut Vec<u8>,
    is_empty: bool,
}

impl Object<'_> {
    /// Writes a field, unless it holds what absent fields hold. `key` is the name in its quotes, with the colon.
    pub fn field<T: Value>(&mut self, key: &str, value: &T) -> Result<(), Unwritable> {
        if value.is_absent() { Ok(()) } else { self.member(key, value) }
    }

    /// Writes the chosen case of a oneof, whatever it holds.
    pub fn member<T: Value>(&mut self, key: &str, value: &T) -> Result<(), Unwritable> {
        if !self.is_empty {
            self.text.push(b',');
        }
        self.is_empty = false;
        self.text.extend_from_slice(key.as_bytes());
        value.write(self.text)
    }
}

impl<M: Message> Value for M {
    fn read<'de, D: Deserializer<'de>>(_: &'static str, json: D) -> Result<Self, D::Error> {
        struct Fields<M>(PhantomData<M>);

        impl<'de, M: Message> Visitor<'de> for Fields<M> {
            type Value = M;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("unexpected token {}")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<M, A::Error> {
                let mut message = M::default();
                let mut members = Members::new(map);
                while let Some(Name(name)) = members.next()? {
                    if !message.member(&name, &mut members)? {
                        members.skip()?;
                    }
                }
                Ok(message)
            }
        }

        json.deserialize_any(Fields(PhantomData))
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        text.push(b'{');
        self.members(&mut Object { text, is_empty: true })?;
        text.push(b'}');
        Ok(())
    }
}

impl<T: Value> Value for Option<T> {
    fn read<'de, D: Deserializer<'de>>(field: &'static str, json: D) -> Result<Self, D::Error> {
        T::read(field, json).map(Some)
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        self.as_ref().map_or(Ok(()), |value| value.write(text))
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Value> Value for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(field: &'static str, json: D) -> Result<Self, D::Error> {
        struct List<T>(&'static str, PhantomData<T>);

        impl<'de, T: Value> Visitor<'de> for List<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("unexpected token {}")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(element) = seq.next_element_seed(Element::new(self.0))? {
                    list.push(element);
                }
                Ok(list)
            }
        }

        json.deserialize_any(List(field, PhantomData))
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        text.push(b'[');
        for (index, element) in self.iter().enumerate() {
            if index > 0 {
                text.push(b',');
            }
            element.write(text)?;
        }
        text.push(b']');
        Ok(())
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl<T: Value> Value for BTreeMap<String, T> {
    fn read<'de, D: Deserializer<'de>>(_: &'static str, json: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);

        impl<'de, T: Value> Visitor<'de> for Entries<T> {
            type Value = BTreeMap<String, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("unexpected token {}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some(key) = map.next_key()? {
                    let Entry::Vacant(entry) = entries.entry(key) else {
                        return Err(A::Error::custom("duplicate map key {}"));
                    };
                    entry.insert(map.next_value_seed(Element::new("value"))?);
                }
                Ok(entries)
            }
        }

        json.deserialize_any(Entries(PhantomData))
    }

    fn write(&self, text: &mut Vec<u8>) -> Result<(), Unwritable> {
        text.push(b'{');
        for (index, (key, value)) in self.iter().enumerate() {
            if index > 0 {
                text.push(b',');
            }
            put(text, key)?;
            text.push(b':');
            value.write(text)?;
        }
        text.push(b'}');
        Ok(())
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

/// Writes what serde_json writes as protobuf does.
pub(super) fn put<T: Serialize + ?Sized>(text: &mut Vec<u8>, value: &T) -> Result<(), Unwritable> {
    serde_json::to_writer(text, value).map_err(|error| Unwritable(error.to_string()))
}
