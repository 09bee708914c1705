//! A typed record to segments, without JSON in between: what serde says of its fields is put where a reader
//! of its JSON would put it.

use std::{cell::RefCell, fmt::Write};

use serde::{
    de::{DeserializeSeed, Visitor},
    ser::{Error as _, Impossible, Serialize, SerializeSeq, SerializeStruct, Serializer},
};
use serde_json::Error;

use super::{IsNothing, Scope, Writer, Written, value::ScalarVisitor};
use crate::record::{
    Layout, Record, Text,
    assemble::{Frame, Inner},
    plan::{FieldPlan, Fields, LoopPlan, PartPlan, Reach, Value},
    scalar::Format,
    style::Start,
};

impl<'b> Writer<'b> {
    /// Writes a record, which is of the binding's shape; what comes out is what [`write`](Self::write) makes of
    /// its JSON.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_record<R: Record>(&self, record: &R) -> Result<Written, Error> {
        let line = self.state.borrow().start.line.max(1);
        let segments = record.serialize(Place::Outermost { writer: self, line })?;
        Ok(Written { bytes: std::mem::take(&mut self.state.borrow_mut().buffers.out), segments })
    }
}

/// Where a value goes.
enum Place<'w, 'b, 'p> {
    /// The record of the binding's loop.
    Outermost { writer: &'w Writer<'b>, line: u32 },
    /// The value of a field; with an index the item of a list.
    Field { scope: Scope<'w, 'b>, plan: &'p FieldPlan, index: Option<u32> },
}

impl<'w, 'b, 'p> Place<'w, 'b, 'p> {
    /// A single value; gives no number of segments.
    fn scalar(self, put: impl FnOnce(ScalarVisitor<'w, 'b>) -> Result<(), Error>) -> Result<u32, Error> {
        let Self::Field { scope, plan, index } = self else { return Err(Error::custom("a value instead of a record")) };
        let index = item(plan, index)?;
        let Value::Scalar(format) = plan.value else {
            return Err(Error::custom(format!("a value instead of a record (`{}`)", plan.name)));
        };
        let place = scope.place(plan, index).ok_or_else(|| too_many(plan, index))?;
        put(ScalarVisitor { state: &scope.writer.state, name: plan.name, format, place })?;
        Ok(0)
    }

    fn open(self) -> Result<Open<'w, 'b, 'p>, Error>
    where
        'b: 'p,
    {
        let (scope, plan, index) = match self {
            Self::Outermost { writer, line } => return Ok(Open::begin(writer, &writer.binding.plan, line, None)),
            Self::Field { scope, plan, index } => (scope, plan, item(plan, index)?),
        };
        if let Reach::Loop { slot } = plan.reach {
            return match scope.plan.and_then(|plan| plan.part(slot)) {
                Some(PartPlan::Loop(inner)) => Ok(Open::begin(scope.writer, inner, index + 1, Some(slot))),
                _ => Err(Error::custom("a loop inside a segment")),
            };
        }
        let place = scope.place(plan, index).ok_or_else(|| too_many(plan, index))?;
        match &plan.value {
            Value::Record(fields) => {
                let scope = scope.of_record(plan, place);
                Ok(Open::Record { scope, members: Members { plans: fields, record: plan.name, expected: 0 } })
            }
            Value::Scalar(format) => {
                let scalar = ScalarVisitor { state: &scope.writer.state, name: plan.name, format: *format, place };
                Ok(Open::Period { scalar, from: None, to: None })
            }
            Value::Loop => Err(Error::custom("a loop inside a segment")),
        }
    }
}

/// Which item of its field a value is; a field that is a list has no other.
fn item(plan: &FieldPlan, index: Option<u32>) -> Result<u32, Error> {
    match index {
        None if plan.many => Err(Error::custom(format!("`{}` is a list", plan.name))),
        index => Ok(index.unwrap_or(0)),
    }
}

fn too_many(plan: &FieldPlan, index: u32) -> Error {
    Error::custom(format!("`{}`: {} are too many for its segment", plan.name, index + 1))
}

/// A record of which the fields are coming.
enum Open<'w, 'b, 'p> {
    /// Over a loop; within another loop, the slot there.
    Loop {
        writer: &'w Writer<'b>,
        plan: &'b LoopPlan,
        line: u32,
        slot: Option<u16>,
        frame: Frame,
        out: usize,
        layout: RefCell<Option<Box<Layout>>>,
        members: Members<'p>,
    },
    /// Over some segments or elements of a loop.
    Record { scope: Scope<'w, 'b>, members: Members<'p> },
    /// A value of two dates.
    Period { scalar: ScalarVisitor<'w, 'b>, from: Option<Text>, to: Option<Text> },
}

impl<'w, 'b: 'p, 'p> Open<'w, 'b, 'p> {
    fn begin(writer: &'w Writer<'b>, plan: &'b LoopPlan, line: u32, slot: Option<u16>) -> Self {
        let mut state = writer.state.borrow_mut();
        let frame = state.begin(plan);
        let out = state.buffers.out.len();
        let members = Members { plans: &plan.fields, record: plan.shape.name, expected: 0 };
        Self::Loop { writer, plan, line, slot, frame, out, layout: RefCell::default(), members }
    }
}

impl<'b: 'p, 'p> SerializeStruct for Open<'_, 'b, 'p> {
    type Ok = u32;
    type Error = Error;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        match self {
            Self::Loop { writer, plan, slot, layout, members, .. } => {
                let scope = Scope {
                    writer,
                    guide: writer.binding,
                    plan: Some(plan),
                    slot: 0,
                    occurrence: 0,
                    base: 0,
                    layout: Some(layout),
                };
                if members.put(scope, name, value)? || slot.is_none() && writer.ignored.contains(&name) {
                    return Ok(());
                }
                let (record, guide) = (members.record, &writer.binding.guide.name);
                if !plan.homeless.contains(&name) {
                    return Err(Error::custom(format!("{record} has no field `{name}`")));
                }
                // An empty value of a field that other guides have does no harm.
                let is_nothing = IsNothing.deserialize(serde_json::to_value(value)?)?;
                if is_nothing {
                    Ok(())
                } else {
                    Err(Error::custom(format!("`{name}` of {record} has no place in {guide}")))
                }
            }
            Self::Record { scope, members } => {
                if members.put(*scope, name, value)? {
                    return Ok(());
                }
                Err(Error::custom(format!("{} has no field `{name}`", members.record)))
            }
            Self::Period { from, to, .. } => {
                let value = serde_json::to_value(value)?.as_str().map(Text::from);
                match name {
                    "from" => *from = value,
                    _ => *to = value,
                }
                Ok(())
            }
        }
    }

    fn end(self) -> Result<u32, Error> {
        match self {
            Self::Loop { writer, plan, line, slot, frame, out, layout, .. } => {
                let mut state = writer.state.borrow_mut();
                let outside = if slot.is_none() { state.start } else { Start::default() };
                let segments = state.end(plan, &frame, line, outside, layout.into_inner().as_deref());
                let segments = segments.map_err(Error::custom)?;
                if let Some(slot) = slot {
                    let bytes = out..state.buffers.out.len();
                    state.buffers.inner.push(Inner { slot, bytes, segments, hierarchical: plan.hierarchical });
                }
                Ok(segments)
            }
            Self::Record { .. } => Ok(0),
            Self::Period { scalar, from: Some(from), to: Some(to) } if scalar.format == Format::When => {
                scalar.put(&format!("{from}/{to}")).map(|()| 0)
            }
            Self::Period { scalar, .. } => Err(Error::custom(format!("`{}` is no period", scalar.name))),
        }
    }
}

/// The fields of a record as they come.
struct Members<'p> {
    plans: &'p Fields,
    record: &'static str,
    /// Number of the next field, probably.
    expected: usize,
}

impl<'p> Members<'p> {
    /// Puts the value of a field where it belongs; false if the record has no such field here.
    fn put<'b: 'p, T>(&mut self, scope: Scope<'_, 'b>, name: &str, value: &T) -> Result<bool, Error>
    where
        T: ?Sized + Serialize,
    {
        let Some(index) = self.plans.named(name, self.expected) else { return Ok(false) };
        self.expected = index + 1;
        let Some(plan) = self.plans.get(index) else { return Ok(false) };
        if let (Reach::Layout, Some(layout)) = (plan.reach, scope.layout) {
            *layout.borrow_mut() = Some(serde_json::from_value(serde_json::to_value(value)?)?);
        } else {
            value.serialize(Place::Field { scope, plan, index: None })?;
        }
        Ok(true)
    }
}

/// A list of which the items are coming.
struct List<'w, 'b, 'p> {
    scope: Scope<'w, 'b>,
    plan: &'p FieldPlan,
    index: u32,
}

impl<'b: 'p, 'p> SerializeSeq for List<'_, 'b, 'p> {
    type Ok = u32;
    type Error = Error;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        let Self { scope, plan, index } = *self;
        self.index += 1;
        if let Reach::Loop { slot } = plan.reach
            && let Some(PartPlan::Outside(_)) = scope.plan.and_then(|plan| plan.part(slot))
        {
            let json = serde_json::to_string(value)?;
            return scope.writer.put_outside(slot, &mut serde_json::Deserializer::from_str(&json));
        }
        value.serialize(Place::Field { scope, plan, index: Some(index) }).map(|_| ())
    }

    fn end(self) -> Result<u32, Error> {
        Ok(0)
    }
}

/// Refuses what no record is made of.
macro_rules! no_such_fields {
    ($($method:ident: $type:ty;)*) => { $(
        fn $method(self, _: $type) -> Result<u32, Error> {
            Err(no_such_field())
        }
    )* };
}

impl<'w, 'b: 'p, 'p> Serializer for Place<'w, 'b, 'p> {
    type Ok = u32;
    type Error = Error;
    type SerializeSeq = List<'w, 'b, 'p>;
    type SerializeTuple = Impossible<u32, Error>;
    type SerializeTupleStruct = Impossible<u32, Error>;
    type SerializeTupleVariant = Impossible<u32, Error>;
    type SerializeMap = Impossible<u32, Error>;
    type SerializeStruct = Open<'w, 'b, 'p>;
    type SerializeStructVariant = Impossible<u32, Error>;

    fn serialize_str(self, value: &str) -> Result<u32, Error> {
        self.scalar(|scalar| scalar.visit_str(value))
    }

    fn collect_str<T: ?Sized + std::fmt::Display>(self, value: &T) -> Result<u32, Error> {
        // Dates and times fit in place.
        let mut text = Text::default();
        write!(text, "{value}").map_err(Error::custom)?;
        self.serialize_str(&text)
    }

    fn serialize_bool(self, value: bool) -> Result<u32, Error> {
        self.scalar(|scalar| scalar.visit_bool(value))
    }

    fn serialize_u32(self, value: u32) -> Result<u32, Error> {
        self.scalar(|scalar| scalar.visit_u64(value.into()))
    }

    fn serialize_none(self) -> Result<u32, Error> {
        Ok(0)
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<u32, Error> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        match self {
            Self::Field { scope, plan, index: None } if plan.many => Ok(List { scope, plan, index: 0 }),
            _ => Err(Error::custom("a list instead of a single value")),
        }
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Error> {
        self.open()
    }

    no_such_fields! {
        serialize_i8: i8;
        serialize_i16: i16;
        serialize_i32: i32;
        serialize_i64: i64;
        serialize_u8: u8;
        serialize_u16: u16;
        serialize_u64: u64;
        serialize_f32: f32;
        serialize_f64: f64;
        serialize_char: char;
        serialize_bytes: &[u8];
        serialize_unit_struct: &'static str;
    }

    fn serialize_unit(self) -> Result<u32, Error> {
        Ok(0)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<u32, Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Result<u32, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<u32, Error> {
        Err(no_such_field())
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        Err(no_such_field())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Error> {
        Err(no_such_field())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(no_such_field())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
        Err(no_such_field())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(no_such_field())
    }
}

fn no_such_field() -> Error {
    Error::custom("a record has no field of this type")
}
