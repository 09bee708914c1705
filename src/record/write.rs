//! JSON to segments.
//!
//! Values are gathered as cells under the parts of their loop, whatever order the JSON has them in;
//! when a loop's object ends, its segments are rendered in the guide's order, the inner loops (which
//! are rendered already) between them, and its layout is applied.

mod typed;
mod value;

use std::{cell::RefCell, fmt};

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    Layout,
    assemble::{Inner, State},
    bind::Binding,
    plan::{FieldPlan, Fields, LoopPlan, PartPlan, Reach, SegmentPlan, Value},
};
use value::{CellPlace, ScalarVisitor};

pub use super::{
    assemble::Buffers,
    style::{Added, Start, Style},
};

/// A loop written as segments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The segments, each with its terminator and line break.
    pub bytes: Vec<u8>,
    /// How many there are.
    pub segments: u32,
}

/// Writes objects as the loop of a binding.
pub struct Writer<'b> {
    binding: &'b Binding,
    state: RefCell<State<'b>>,
    outside: Option<Outside<'b>>,
    ignored: &'b [&'b str],
}

/// Writes a transaction set of an envelope as segments; gives their number.
pub type Outside<'b> = &'b dyn Fn(&RawValue, &mut Vec<u8>) -> Result<u32, String>;

impl<'b> Writer<'b> {
    /// A writer of a binding's loop.
    pub fn new(binding: &'b Binding, style: &'b Style, start: Start) -> Self {
        Self::with(binding, style, start, Buffers::default())
    }

    /// A writer that uses the memory of another, which is done.
    pub fn with(binding: &'b Binding, style: &'b Style, start: Start, buffers: Buffers) -> Self {
        Self { binding, state: RefCell::new(State::new(style, start, buffers)), outside: None, ignored: &[] }
    }

    /// The writer's memory, for the next one.
    pub fn into_buffers(self) -> Buffers {
        self.state.into_inner().buffers
    }

    /// The writer, to which some members of the outermost object mean nothing.
    pub fn ignoring(self, ignored: &'b [&'b str]) -> Self {
        Self { ignored, ..self }
    }

    /// The writer of records that stand on their own, whose layouts may come from files with other delimiters.
    pub fn of_lines(mut self) -> Self {
        self.state.get_mut().of_lines = true;
        self
    }

    /// A writer of an envelope: `outside` writes the transaction sets in it.
    pub fn of_envelope(binding: &'b Binding, style: &'b Style, outside: Outside<'b>) -> Self {
        Self { outside: Some(outside), ..Self::new(binding, style, Start::default()) }
    }

    /// Writes one object.
    ///
    /// # Errors
    /// What the deserializer finds; a field that the record or the guide lacks; a value that is not
    /// of its form or holds a delimiter.
    pub fn write<'de, D: Deserializer<'de>>(&self, object: D) -> Result<Written, D::Error> {
        self.write_outermost(object, &Aside { names: &[], found: RefCell::default() })
    }

    /// Writes one object, from which members of some names are set aside and given back.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_beside<'de, D: Deserializer<'de>>(
        &self,
        object: D,
        names: &[&'static str],
    ) -> Result<(Written, Members<'de>), D::Error> {
        let aside = Aside { names, found: RefCell::default() };
        let written = self.write_outermost(object, &aside)?;
        Ok((written, aside.found.into_inner()))
    }

    fn write_outermost<'de, D: Deserializer<'de>>(
        &self,
        object: D,
        aside: &Aside<'_, 'de>,
    ) -> Result<Written, D::Error> {
        let line = self.state.borrow().start.line.max(1);
        let segments =
            LoopSeed { writer: self, plan: &self.binding.plan, line, aside: Some(aside) }.deserialize(object)?;
        let mut state = self.state.borrow_mut();
        Ok(Written { bytes: std::mem::take(&mut state.buffers.out), segments })
    }

    /// HL numbers given out so far.
    pub fn levels(&self) -> u32 {
        self.state.borrow().levels
    }
}

impl Writer<'_> {
    fn put_outside<'de, D: Deserializer<'de>>(&self, slot: u16, deserializer: D) -> Result<(), D::Error> {
        let raw = <&RawValue as serde::Deserialize>::deserialize(deserializer)?;
        let Some(write) = self.outside else { return Err(de::Error::custom("a transaction set outside an envelope")) };
        let mut state = self.state.borrow_mut();
        let start = state.buffers.out.len();
        let segments = write(raw, &mut state.buffers.out).map_err(de::Error::custom)?;
        let bytes = start..state.buffers.out.len();
        state.buffers.inner.push(Inner { slot, bytes, segments, hierarchical: false });
        Ok(())
    }
}

/// Members of an object that were set aside: their names and JSON.
pub type Members<'de> = Vec<(&'static str, &'de RawValue)>;

/// Members of the outermost object that are no fields.
struct Aside<'n, 'de> {
    names: &'n [&'static str],
    found: RefCell<Members<'de>>,
}

/// Refuses a scalar where none is expected, without showing it as serde would: it may be somebody's name. It is
/// for visitors that are given to `deserialize_any`; other methods show the value before they ask.
macro_rules! no_scalars {
    () => {
        fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
            Err(E::invalid_type(de::Unexpected::Other("a string"), &self))
        }

        fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
            Err(E::invalid_type(de::Unexpected::Other("a number"), &self))
        }

        fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
            Err(E::invalid_type(de::Unexpected::Other("a number"), &self))
        }

        fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
            Err(E::invalid_type(de::Unexpected::Other("a number"), &self))
        }
    };
}

struct LoopSeed<'w, 'b, 'de> {
    writer: &'w Writer<'b>,
    plan: &'b LoopPlan,
    line: u32,
    /// For the outermost object.
    aside: Option<&'w Aside<'w, 'de>>,
}

impl<'de> DeserializeSeed<'de> for LoopSeed<'_, '_, 'de> {
    type Value = u32;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u32, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for LoopSeed<'_, '_, 'de> {
    type Value = u32;

    no_scalars!();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object ({})", self.plan.shape.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<u32, A::Error> {
        let frame = self.writer.state.borrow_mut().begin(self.plan);
        let layout = RefCell::default();
        let scope = Scope {
            writer: self.writer,
            guide: self.writer.binding,
            plan: Some(self.plan),
            slot: 0,
            occurrence: 0,
            base: 0,
            layout: Some(&layout),
        };
        fields(scope, &self.plan.fields, self.plan.shape.name, &self.plan.homeless, self.aside, &mut map)?;
        let mut state = self.writer.state.borrow_mut();
        let outside = if self.aside.is_some() { state.start } else { Start::default() };
        let segments = state.end(self.plan, &frame, self.line, outside, layout.into_inner().as_deref());
        segments.map_err(de::Error::custom)
    }
}

/// Where the fields of an object go.
#[derive(Clone, Copy)]
struct Scope<'w, 'b> {
    writer: &'w Writer<'b>,
    guide: &'b Binding,
    /// The loop, for fields of a loop's record.
    plan: Option<&'b LoopPlan>,
    slot: u16,
    occurrence: u32,
    base: u8,
    layout: Option<&'w RefCell<Option<Box<Layout>>>>,
}

/// Reads the members of an object into their places.
fn fields<'de, A: MapAccess<'de>>(
    scope: Scope<'_, '_>,
    plans: &Fields,
    record: &str,
    homeless: &[&'static str],
    aside: Option<&Aside<'_, 'de>>,
    map: &mut A,
) -> Result<(), A::Error> {
    let mut expected = 0;
    let beside = aside.map_or(&[][..], |aside| aside.names);
    while let Some(found) = map.next_key_seed(KeySeed { plans, expected, beside })? {
        match found {
            Found::Field(index) => {
                expected = index + 1;
                if let Some(plan) = plans.get(index) {
                    map.next_value_seed(FieldSeed { scope, plan })?;
                }
            }
            Found::Unknown(name) if aside.is_some_and(|_| scope.writer.ignored.contains(&name.as_str())) => {
                map.next_value::<IgnoredAny>()?;
            }
            Found::Beside(name) => {
                let raw: &'de RawValue = map.next_value()?;
                if let Some(aside) = aside {
                    aside.found.borrow_mut().push((name, raw));
                }
            }
            Found::Unknown(name) if homeless.contains(&name.as_str()) => {
                // An empty value of a field that other guides have does no harm.
                if !map.next_value_seed(IsNothing)? {
                    return Err(de::Error::custom(format!(
                        "`{name}` of {record} has no place in {}",
                        scope.guide.guide.name
                    )));
                }
            }
            Found::Unknown(name) => {
                return Err(de::Error::custom(format!("{record} has no field `{}`", shown(&name))));
            }
        }
    }
    Ok(())
}

struct KeySeed<'p> {
    plans: &'p Fields,
    /// The field that probably comes.
    expected: usize,
    /// Members that are no fields.
    beside: &'p [&'static str],
}

enum Found {
    Field(usize),
    Beside(&'static str),
    Unknown(String),
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Found;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Found, E> {
        // JSON that we wrote has the fields in the table's order.
        let beside = || self.beside.iter().find(|known| **known == name).map(|known| Found::Beside(known));
        let found = self.plans.named(name, self.expected).map(Found::Field).or_else(beside);
        Ok(found.unwrap_or_else(|| Found::Unknown(name.to_owned())))
    }
}

struct FieldSeed<'w, 'b, 'p> {
    scope: Scope<'w, 'b>,
    plan: &'p FieldPlan,
}

impl<'de> DeserializeSeed<'de> for FieldSeed<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self { scope, plan } = self;
        if let (Reach::Layout, Some(layout)) = (plan.reach, scope.layout) {
            *layout.borrow_mut() = Some(serde::Deserialize::deserialize(deserializer)?);
            return Ok(());
        }
        if plan.many {
            deserializer.deserialize_any(ListVisitor { scope, plan })
        } else {
            ItemSeed { scope, plan, index: 0 }.deserialize(deserializer)
        }
    }
}

struct ListVisitor<'w, 'b, 'p> {
    scope: Scope<'w, 'b>,
    plan: &'p FieldPlan,
}

impl<'de> Visitor<'de> for ListVisitor<'_, '_, '_> {
    type Value = ();

    no_scalars!();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list (`{}`)", self.plan.name)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut index = 0;
        while items.next_element_seed(ItemSeed { scope: self.scope, plan: self.plan, index })?.is_some() {
            index += 1;
        }
        Ok(())
    }
}

/// One value of a field: the only one, or one of a list.
struct ItemSeed<'w, 'b, 'p> {
    scope: Scope<'w, 'b>,
    plan: &'p FieldPlan,
    index: u32,
}

impl<'de> DeserializeSeed<'de> for ItemSeed<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self { scope, plan, index } = self;
        if let Reach::Loop { slot } = plan.reach {
            let inner = match scope.plan.and_then(|plan| plan.part(slot)) {
                Some(PartPlan::Loop(inner)) => inner,
                Some(PartPlan::Outside(_)) => return scope.writer.put_outside(slot, deserializer),
                _ => return Err(de::Error::custom("a loop inside a segment")),
            };
            let out = scope.writer.state.borrow().buffers.out.len();
            let segments = LoopSeed { writer: scope.writer, plan: inner, line: index + 1, aside: None }
                .deserialize(deserializer)?;
            let mut state = scope.writer.state.borrow_mut();
            let bytes = out..state.buffers.out.len();
            state.buffers.inner.push(Inner { slot, bytes, segments, hierarchical: inner.hierarchical });
            return Ok(());
        }
        let place = scope
            .place(plan, index)
            .ok_or_else(|| de::Error::custom(format!("`{}`: {} are too many for its segment", plan.name, index + 1)))?;
        match &plan.value {
            Value::Record(fields) => {
                let scope = scope.of_record(plan, place);
                deserializer.deserialize_any(RecordVisitor { scope, fields, name: plan.name })
            }
            Value::Scalar(format) => deserializer.deserialize_any(ScalarVisitor {
                state: &scope.writer.state,
                name: plan.name,
                format: *format,
                place,
            }),
            Value::Loop => IgnoredAny.deserialize_ignored(deserializer),
        }
    }
}

trait Ignored<'de> {
    fn deserialize_ignored<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error>;
}

impl<'de> Ignored<'de> for IgnoredAny {
    fn deserialize_ignored<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        <IgnoredAny as serde::Deserialize>::deserialize(deserializer).map(|_| ())
    }
}

impl Scope<'_, '_> {
    /// The scope of the fields of a record at a place.
    fn of_record(self, plan: &FieldPlan, place: CellPlace) -> Self {
        if let Reach::Here = plan.reach {
            return self;
        }
        let CellPlace { slot, occurrence, element: base, .. } = place;
        Self { plan: None, slot, occurrence, base, layout: None, ..self }
    }

    /// Where the value of an index goes; `None` if the segment has no room for it.
    fn place(&self, plan: &FieldPlan, index: u32) -> Option<CellPlace> {
        let base = self.base;
        let (slot, occurrence) = match self.plan {
            Some(_) => (if plan.reach.has_slot() { plan.reach.slot() } else { self.slot }, 0),
            None => (self.slot, self.occurrence),
        };
        let at = CellPlace { slot, occurrence, element: base, component: 0 };
        Some(match plan.reach {
            Reach::Here | Reach::Layout | Reach::Loop { .. } => at,
            Reach::Segment { .. } => CellPlace { occurrence: index, element: 0, ..at },
            Reach::Element { element, component, .. } => {
                let occurrence = if self.plan.is_some() { index } else { occurrence };
                CellPlace { occurrence, element: base.checked_add(element)?, component, ..at }
            }
            Reach::Elements { first, last, component, .. } => {
                let chunked = self.plan.is_some_and(|plan| {
                    matches!(plan.part(slot), Some(PartPlan::Segment(SegmentPlan { chunk: Some(_), .. })))
                });
                if chunked {
                    return Some(CellPlace { occurrence: index, element: base.checked_add(first)?, component, ..at });
                }
                let element = u8::try_from(index)
                    .ok()
                    .and_then(|index| first.checked_add(index))
                    .filter(|element| *element <= last)?;
                CellPlace { element: base.checked_add(element)?, component, ..at }
            }
            Reach::Components { element, first, last, .. } => {
                let component = u8::try_from(index)
                    .ok()
                    .and_then(|index| first.checked_add(index))
                    .filter(|component| *component <= last)?;
                CellPlace { element: base.checked_add(element)?, component, ..at }
            }
            Reach::Runs { first, last, stride, .. } => {
                let start = u8::try_from(index)
                    .ok()
                    .and_then(|index| index.checked_mul(stride))
                    .and_then(|offset| offset.checked_add(first))
                    .filter(|start| *start <= last)?;
                CellPlace { element: base.checked_add(start)?, ..at }
            }
        })
    }
}

struct RecordVisitor<'w, 'b, 'p> {
    scope: Scope<'w, 'b>,
    fields: &'p Fields,
    name: &'static str,
}

impl<'de> Visitor<'de> for RecordVisitor<'_, '_, '_> {
    type Value = ();

    no_scalars!();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object (`{}`)", self.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        fields(self.scope, self.fields, self.name, &[], None, &mut map)
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// True if the value is null, empty, or an empty list or object.
struct IsNothing;

impl<'de> DeserializeSeed<'de> for IsNothing {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        let value = <serde_json::Value as serde::Deserialize>::deserialize(deserializer)?;
        Ok(match value {
            serde_json::Value::Null => true,
            serde_json::Value::String(text) => text.is_empty(),
            serde_json::Value::Array(items) => items.is_empty(),
            serde_json::Value::Object(members) => members.is_empty(),
            _ => false,
        })
    }
}

/// The name of a member that is no field, for a message. One that cannot be a field's may be data that got into a
/// wrong place, and is not shown.
fn shown(name: &str) -> &str {
    const LONGEST_NAME: usize = 40;
    let like_a_field = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.len() <= LONGEST_NAME && name.bytes().all(like_a_field) { name } else { "…" }
}
