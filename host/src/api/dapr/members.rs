//! The members of JSON objects and the elements of lists as protobuf reads them: each name once, `null` for what is absent.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::protojson::Value;
use super::scalar::TextOrNumber;

/// The members of the JSON object of one message, of which each field may be only one.
pub struct Members<A> {
    map: A,
    seen: u32,
}

impl<'de, A: MapAccess<'de>> Members<A> {
    pub(super) fn new(map: A) -> Self {
        Self { map, seen: 0 }
    }

    /// The name of the next member, of which the value is to be read before the next.
    pub(super) fn next(&mut self) -> Result<Option<Name<'de>>, A::Error> {
        self.map.next_key()
    }

    /// Reads the value of a member that no field is for.
    pub(super) fn skip(&mut self) -> Result<(), A::Error> {
        self.map.next_value::<IgnoredAny>().map(drop)
    }

    /// Reads the next value into `slot`, which stays as it is for `null`.
    pub fn read<T: Value>(&mut self, number: u8, field: &'static str, slot: &mut T) -> Result<bool, A::Error> {
        self.once(number)?;
        if let Some(value) = self.map.next_value_seed(Nullable::new(field, None))? {
            *slot = value;
        }
        Ok(true)
    }

    /// Reads the next value into `slot`, a number being as good as its text.
    pub fn read_text_or_number(
        &mut self,
        number: u8,
        field: &'static str,
        slot: &mut Option<String>,
    ) -> Result<bool, A::Error> {
        let mut value = None::<TextOrNumber>;
        self.read(number, field, &mut value)?;
        *slot = value.map(|TextOrNumber(text)| text);
        Ok(true)
    }

    /// Reads the next value as one case of `oneof`, of which only one may be there.
    pub fn one_of<T: Value, O>(
        &mut self,
        number: u8,
        oneof: &'static str,
        slot: &mut Option<O>,
        case: fn(T) -> O,
    ) -> Result<bool, A::Error> {
        self.once(number)?;
        let taken = slot.is_some().then_some(oneof);
        if let Some(value) = self.map.next_value_seed(Nullable::new("", taken))? {
            *slot = Some(case(value));
        }
        Ok(true)
    }

    fn once(&mut self, number: u8) -> Result<(), A::Error> {
        let bit = 1 << number;
        if self.seen & bit != 0 {
            return Err(A::Error::custom("duplicate field {}"));
        }
        self.seen |= bit;
        Ok(())
    }
}

/// The name of a member, borrowed from the body unless it has escapes.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Name<'de>(pub(super) Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Borrow;

        impl<'de> Visitor<'de> for Borrow {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("unexpected token {}")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }

        json.deserialize_str(Borrow)
    }
}

/// An element of a list or a map, which may not be `null`.
pub(super) struct Element<T>(&'static str, PhantomData<T>);

impl<T> Element<T> {
    pub(super) fn new(field: &'static str) -> Self {
        Self(field, PhantomData)
    }
}

impl<'de, T: Value> DeserializeSeed<'de> for Element<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<T, D::Error> {
        T::read(self.0, json)
    }
}

/// The value of a field, for which `null` is as good as absent. `taken` names the oneof that already has a case.
struct Nullable<T> {
    field: &'static str,
    taken: Option<&'static str>,
    result: PhantomData<T>,
}

impl<T> Nullable<T> {
    fn new(field: &'static str, taken: Option<&'static str>) -> Self {
        Self { field, taken, result: PhantomData }
    }
}

impl<'de, T: Value> DeserializeSeed<'de> for Nullable<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Option<T>, D::Error> {
        json.deserialize_option(self)
    }
}

impl<'de, T: Value> Visitor<'de> for Nullable<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unexpected token {}")
    }

    fn visit_none<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<Option<T>, D::Error> {
        match self.taken {
            Some(oneof) => Err(D::Error::custom(format_args!("error parsing {{}}, oneof {oneof} is already set"))),
            None => T::read(self.field, json).map(Some),
        }
    }
}
