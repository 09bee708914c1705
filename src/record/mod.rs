//! Records: which field of ours lives at which place, and the interpreters of those tables.
//!
//! `record!` declares a struct, its JSON and, one line a field, where each
//! field lives in X12. The lines are data ([`Shape`]); a [`Binding`] joins them with a guide, and
//! both directions interpret that one join: [`read`] takes placed segments to JSON or to the typed
//! struct, [`write`](mod@write) takes JSON or the struct to segments in the guide's order. [`honest`] lists
//! fields without a place and guide elements without a field.
//!
//! Order, fixed codes, hierarchical numbers, line numbers and segment counts come from the guide,
//! never from a table.

mod assemble;
pub(crate) mod beside;
mod bind;
mod gather;
mod held;
pub mod honest;
mod items;
mod json;
mod layout;
mod plan;
mod problem;
pub mod read;
mod render;
mod scalar;
mod style;
mod table;
mod when;
pub mod write;

pub use bind::{BindError, Binding};
pub use jiff::civil::Date;
pub(crate) use json::quote;
pub use layout::{Layout, Unplaced, Verbatim};
pub use rust_decimal::Decimal;
pub use table::{BoundField, Filling, Holds, Row, Spot, each_path};
pub use when::{Time, When};

/// A short string; up to 24 bytes stand in place. An empty one is an absent value.
pub use compact_str::CompactString as Text;

use crate::guide::Designator;

/// What a record's table says.
#[derive(Debug)]
pub struct Shape {
    /// The record's name.
    pub name: &'static str,
    /// Its fields, in the order of the JSON.
    pub fields: &'static [Field],
}

/// One line of a table.
#[derive(Debug)]
pub struct Field {
    /// The field's name, in Rust and in JSON.
    pub name: &'static str,
    /// Where it lives; of several, the first that a guide has.
    pub places: Places,
    /// What it holds.
    pub kind: Kind,
    /// Whether it is a list.
    pub many: bool,
    /// Whether it may be absent.
    pub optional: bool,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A string.
    Text,
    /// An exact decimal; a string in JSON.
    Decimal,
    /// An ordinal; a number in JSON.
    Number,
    /// Yes or no.
    Flag,
    /// A date.
    Date,
    /// A time of day.
    Time,
    /// A date, date-time, time or period, as its format qualifier says.
    When,
    /// A record.
    Record(&'static Shape),
    /// A loop that another guide describes: a transaction set inside its envelope.
    Outside,
    /// The layout of the loop.
    Layout,
}

/// A type that a field can have.
pub trait Slot {
    /// What it holds.
    const KIND: Kind;
    /// Whether it is a list.
    const MANY: bool = false;
    /// Whether it is an `Option`.
    const OPTIONAL: bool = false;
    /// Whether there is nothing in it.
    fn is_absent(&self) -> bool;
}

/// A struct declared by `record!`.
pub trait Record: Slot + serde::Serialize + serde::de::DeserializeOwned + Default {
    /// Its table.
    const SHAPE: &'static Shape;
}

impl<T: Slot> Slot for Option<T> {
    const KIND: Kind = T::KIND;
    const MANY: bool = T::MANY;
    const OPTIONAL: bool = true;
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Slot> Slot for Vec<T> {
    const KIND: Kind = T::KIND;
    const MANY: bool = true;
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

macro_rules! slots {
    ($($type:ty: $kind:ident, |$value:ident| $absent:expr;)*) => { $(
        impl Slot for $type {
            const KIND: Kind = Kind::$kind;
            fn is_absent(&self) -> bool {
                let $value = self;
                $absent
            }
        }
    )* };
}

slots! {
    Text: Text, |text| text.is_empty();
    Decimal: Decimal, |_value| false;
    u32: Number, |_value| false;
    bool: Flag, |_value| false;
    Date: Date, |_value| false;
    Time: Time, |_value| false;
    When: When, |_value| false;
    Layout: Layout, |layout| layout.is_empty();
}

/// The designators of a field: `SV102 | SV203 | SV302`.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// The text of the table.
    pub text: &'static str,
    list: [Designator<'static>; Self::MOST],
    count: usize,
}

impl Places {
    /// Most alternatives of one field.
    pub const MOST: usize = 4;

    /// Reads the right side of a table line; a wrong one does not compile.
    ///
    /// # Panics
    /// At compile time, on text that is not a designator.
    pub const fn parse(text: &'static str) -> Self {
        let mut places = Self { text, list: [Designator::HERE; Self::MOST], count: 0 };
        let mut rest = text;
        loop {
            let bytes = rest.as_bytes();
            let mut at = 0;
            while at < bytes.len() && bytes[at] != b'|' {
                at += 1;
            }
            let last = at == bytes.len();
            let one = if last { rest } else { rest.split_at(at - 1).0 };
            match Designator::parse(one) {
                Ok(designator) => places.list[places.count] = designator,
                Err(_) => panic!("not a designator"),
            }
            places.count += 1;
            if last {
                return places;
            }
            rest = rest.split_at(at + 2).1;
        }
    }

    /// The designators, first choice first.
    pub fn iter(&self) -> impl Iterator<Item = Designator<'static>> + '_ {
        self.list.iter().take(self.count).copied()
    }
}

/// Fields of a table, which are no more and have no longer names than plans have room for.
///
/// # Panics
/// At compile time, on a table that is too large.
pub(crate) const fn bounded(fields: &'static [Field]) -> &'static [Field] {
    assert!(fields.len() <= plan::FieldSet::MOST);
    let mut at = 0;
    while at < fields.len() {
        assert!(fields[at].name.len() <= plan::Key::LONGEST_NAME);
        at += 1;
    }
    fields
}

/// Declares records: structs whose fields stand beside the places they live at.
///
/// ```text
/// record! {
///     /// A payment date and its amount.
///     pub struct Example {
///         paid: Option<Decimal> = "AMT[D]02",
///         on: Option<Date>      = "DTP[573]03",
///         name: Text            = "NM103",
///     }
/// }
/// ```
macro_rules! record {
    ($( $(#[$meta:meta])* pub struct $name:ident { $( $(#[$field_meta:meta])* $field:ident : $type:ty = $at:literal ),* $(,)? } )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[doc = concat!("At `", $at, "`.")]
                #[serde(skip_serializing_if = "crate::record::Slot::is_absent")]
                pub $field: $type
            ),*
        }
        impl $crate::record::Slot for $name {
            const KIND: $crate::record::Kind = $crate::record::Kind::Record(<Self as $crate::record::Record>::SHAPE);
            // One that a guide requires and a file lacks is at its default: written out, it would become segments.
            fn is_absent(&self) -> bool {
                *self == Self::default()
            }
        }
        impl $crate::record::Record for $name {
            const SHAPE: &'static $crate::record::Shape = &$crate::record::Shape {
                name: stringify!($name),
                fields: $crate::record::bounded(&[ $( $crate::record::Field {
                    name: stringify!($field),
                    places: const { $crate::record::Places::parse($at) },
                    kind: <$type as $crate::record::Slot>::KIND,
                    many: <$type as $crate::record::Slot>::MANY,
                    optional: <$type as $crate::record::Slot>::OPTIONAL,
                } ),* ]),
            };
        }
    )* };
}

pub(crate) use record;
