//! Records with members beside their fields, and records of several kinds that say which they are.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, IntoDeserializer, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::Text;

/// Declares records with members beside their fields:
///
/// ```text
/// beside! {
///     /// A claim, and where it comes from.
///     pub struct Example {
///         /// Where it comes from.
///         source: Text,
///         ..
///         /// The claim.
///         claim: Claim,
///     }
/// }
/// ```
///
/// Its JSON is that of the record, with those members before its fields; each is an `Option`. Reading is strict: a
/// member that is none, or comes twice, is refused.
macro_rules! beside {
    ($( $(#[$meta:meta])* pub struct $name:ident {
        $( $(#[$beside_meta:meta])* $beside:ident : $type:ty, )*
        .. $(#[$record_meta:meta])* $record:ident : $record_type:ty $(,)?
    } )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, ::serde::Serialize)]
        pub struct $name {
            $( $(#[$beside_meta])* #[serde(skip_serializing_if = "Option::is_none")] pub $beside: Option<$type>, )*
            $(#[$record_meta])*
            #[serde(flatten)]
            pub $record: $record_type,
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Members;

                impl<'de> ::serde::de::Visitor<'de> for Members {
                    type Value = $name;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: ::serde::de::MapAccess<'de>>(self, map: A) -> Result<$name, A::Error> {
                        let mut whole = $name::default();
                        let take = |name: &str, map: &mut A| {
                            match name {
                                $( stringify!($beside) => {
                                    if whole.$beside.replace(map.next_value()?).is_some() {
                                        return Err(::serde::de::Error::duplicate_field(stringify!($beside)));
                                    }
                                } )*
                                _ => return Ok(false),
                            }
                            Ok(true)
                        };
                        whole.$record = $crate::record::beside::others(map, take)?;
                        Ok(whole)
                    }
                }

                deserializer.deserialize_map(Members)
            }
        }
    )* };
}

pub(crate) use beside;

/// Reads a value from the members of an object but for those that `take` takes the value of.
pub(crate) fn others<'de, A, T, F>(map: A, take: F) -> Result<T, A::Error>
where
    A: MapAccess<'de>,
    T: Deserialize<'de>,
    F: FnMut(&str, &mut A) -> Result<bool, A::Error>,
{
    T::deserialize(MapAccessDeserializer::new(Others { map, take }))
}

/// The members of an object but for those that are taken out.
struct Others<A, F> {
    map: A,
    /// Takes the value of a member, or says that it does not want it.
    take: F,
}

impl<'de, A: MapAccess<'de>, F: FnMut(&str, &mut A) -> Result<bool, A::Error>> MapAccess<'de> for Others<A, F> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(name) = self.map.next_key::<Text>()? {
            if !(self.take)(&name, &mut self.map)? {
                return seed.deserialize(name.as_str().into_deserializer()).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// Reads a value from the members of an object of which the first name has been taken.
pub(crate) fn after_name<'de, A, T>(first: Option<Text>, map: A) -> Result<T, A::Error>
where
    A: MapAccess<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(MapAccessDeserializer::new(AfterName { first, map }))
}

struct AfterName<A> {
    first: Option<Text>,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for AfterName<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(name) => seed.deserialize(name.as_str().into_deserializer()).map(Some),
            None => self.map.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// A value of several kinds, which a member names.
pub(crate) trait Tagged: Sized {
    /// The member.
    const TAG: &'static str;
    /// What is expected, for errors.
    const EXPECTED: &'static str;

    /// Reads what stands beside the member.
    fn of_kind<'de, D: Deserializer<'de>>(kind: &str, rest: D) -> Result<Self, D::Error>;

    /// Reads the whole.
    fn tagged<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfKind(PhantomData))
    }
}

struct OfKind<T>(PhantomData<T>);

impl<'de, T: Tagged> Visitor<'de> for OfKind<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        // What we made says it first.
        let mut before = serde_json::Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if name != T::TAG {
                before.insert(name, map.next_value()?);
                continue;
            }
            let kind: Text = map.next_value()?;
            if before.is_empty() {
                return T::of_kind(&kind, MapAccessDeserializer::new(map));
            }
            while let Some((name, value)) = map.next_entry()? {
                before.insert(name, value);
            }
            return T::of_kind(&kind, serde_json::Value::Object(before)).map_err(de::Error::custom);
        }
        Err(de::Error::missing_field(T::TAG))
    }
}
