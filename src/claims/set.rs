//! The transaction sets of a document.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, IgnoredAny, MapAccess, Visitor},
};

use super::{ClaimBatch, ClaimStatusReport, FunctionalAcknowledgment, Remittance};
use crate::record::{
    Kind, Slot, Text,
    beside::{Tagged, after_name},
};

/// Declares the transaction sets that are records, each under the name of its guide.
macro_rules! sets {
    ($( $(#[$meta:meta])* $variant:ident = $guide:literal : $record:ty; )*) => {
        /// A transaction set: the record of its guide, or its segments.
        ///
        /// Its JSON is that of the record, with `type` as its first member: the name of the guide.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(tag = "type")]
        pub enum TransactionSet {
            $( $(#[$meta])* #[serde(rename = $guide)] $variant(Box<$record>), )*
            /// One of no guide that is known here, or of another release.
            #[serde(untagged)]
            Plain(PlainSet),
        }

        impl Tagged for TransactionSet {
            const TAG: &'static str = "type";
            const EXPECTED: &'static str = "a transaction set, which names its `type`";

            fn of_kind<'de, D: Deserializer<'de>>(kind: &str, rest: D) -> Result<Self, D::Error> {
                match kind {
                    $( $guide => Ok(match rest.deserialize_map(Contents(PhantomData))? {
                        Contained::Record(record) => Self::$variant(record),
                        Contained::Segments(segments, latin1) => Self::plain(kind, segments, latin1),
                    }), )*
                    _ => match rest.deserialize_map(Contents::<IgnoredAny>(PhantomData))? {
                        Contained::Segments(segments, latin1) => Ok(Self::plain(kind, segments, latin1)),
                        Contained::Record(_) => Err(de::Error::custom(
                            concat!("a transaction set's `type` is one of ", $("`", $guide, "` ",)* "or it has `segments`")
                        )),
                    },
                }
            }
        }
    };
}

sets! {
    /// Professional claims.
    Professional = "837P": ClaimBatch;
    /// Institutional claims.
    Institutional = "837I": ClaimBatch;
    /// Dental claims.
    Dental = "837D": ClaimBatch;
    /// A remittance.
    Remittance = "835": Remittance;
    /// A functional acknowledgment.
    Acknowledgment = "999": FunctionalAcknowledgment;
    /// What became of claims.
    ClaimStatus = "277CA": ClaimStatusReport;
}

impl TransactionSet {
    fn plain(kind: &str, segments: Vec<String>, latin1: Vec<usize>) -> Self {
        Self::Plain(PlainSet { kind: kind.into(), segments, latin1 })
    }
}

/// What stands beside the `type`.
enum Contained<R> {
    Record(Box<R>),
    /// Of a release that is not known here, though another of its kind is.
    Segments(Vec<String>, Vec<usize>),
}

struct Contents<R>(PhantomData<R>);

impl<'de, R: Deserialize<'de>> Visitor<'de> for Contents<R> {
    type Value = Contained<R>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a transaction set")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Contained<R>, A::Error> {
        let first = map.next_key::<Text>()?;
        if first.as_deref() != Some("segments") {
            return after_name(first, map).map(Contained::Record);
        }
        let segments = map.next_value()?;
        let mut latin1 = Vec::new();
        while let Some(name) = map.next_key::<Text>()? {
            if name != "latin1" {
                return Err(de::Error::custom("plain segments have `latin1` beside them, and nothing else"));
            }
            latin1 = map.next_value()?;
        }
        Ok(Contained::Segments(segments, latin1))
    }
}

/// A transaction set as its segments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlainSet {
    /// ST01.
    #[serde(rename = "type")]
    pub kind: Text,
    /// The segments, without their terminators.
    pub segments: Vec<String>,
    /// Which of them, from 0, were not UTF-8: they were read as Latin-1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub latin1: Vec<usize>,
}

impl<'de> Deserialize<'de> for TransactionSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::tagged(deserializer)
    }
}

impl Slot for TransactionSet {
    const KIND: Kind = Kind::Outside;
    fn is_absent(&self) -> bool {
        false
    }
}
