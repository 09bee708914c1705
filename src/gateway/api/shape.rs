//! Values as the API's JSON has them.

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

use crate::gateway::{
    Id,
    store::{Result, Row},
};

/// A time of the store, in JSON as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(pub(super) i64);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(&Timestamp::from_millisecond(self.0).unwrap_or_default())
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}

impl ToSchema for Moment {}

impl PartialSchema for Id {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Grows with time. 13 characters, digits and letters without i, l, o and u."))
            .examples(["1kfr3tv2g0001"])
            .into()
    }
}

impl ToSchema for Id {}

/// JSON that the store has as text. What is no JSON is left out.
pub(super) fn raw(text: Option<&str>) -> Option<Box<RawValue>> {
    text.and_then(|text| RawValue::from_string(text.to_owned()).ok())
}

/// JSON that the store has as bytes.
pub(super) fn raw_bytes(bytes: Vec<u8>) -> Option<Box<RawValue>> {
    String::from_utf8(bytes).ok().and_then(|text| RawValue::from_string(text).ok())
}

/// Rows, as answers have them.
pub(super) trait Columns {
    /// An id.
    fn id(&self, column: &str) -> Result<Id>;
    /// An id or nothing.
    fn maybe_id(&self, column: &str) -> Result<Option<Id>>;
    /// A text or nothing.
    fn maybe_string(&self, column: &str) -> Result<Option<String>>;
    /// A text.
    fn string(&self, column: &str) -> Result<String>;
    /// A time.
    fn moment(&self, column: &str) -> Result<Moment>;
    /// A time or nothing.
    fn maybe_moment(&self, column: &str) -> Result<Option<Moment>>;
}

impl Columns for Row {
    fn id(&self, column: &str) -> Result<Id> {
        self.int(column).map(Id)
    }

    fn maybe_id(&self, column: &str) -> Result<Option<Id>> {
        Ok(self.maybe_int(column)?.map(Id))
    }

    fn maybe_string(&self, column: &str) -> Result<Option<String>> {
        Ok(self.maybe_text(column)?.map(str::to_owned))
    }

    fn string(&self, column: &str) -> Result<String> {
        self.text(column).map(str::to_owned)
    }

    fn moment(&self, column: &str) -> Result<Moment> {
        self.int(column).map(Moment)
    }

    fn maybe_moment(&self, column: &str) -> Result<Option<Moment>> {
        Ok(self.maybe_int(column)?.map(Moment))
    }
}
