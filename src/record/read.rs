//! Placed segments to JSON.

use super::{
    Layout, Record,
    bind::Binding,
    gather::{Gatherer, Noted, Numbers},
    items::{Found, Items},
    json::{List, brace, is_plain, quoted},
    plan::{FieldPlan, FieldSet, LoopPlan, PartPlan, Reach, Single, Value},
    render::{Canonical, value},
    scalar::Format,
};
use crate::{
    place::{Entry, Tape},
    x12::Segment,
};

pub use super::{
    gather::Spelling,
    problem::{LeftOut, Problem},
};

/// Reads placed loops through bindings.
pub struct Reader<'t> {
    gatherer: Gatherer<'t>,
    /// HL numbers given out so far.
    levels: u32,
    /// HL number of the level around.
    parent: u32,
    pool: Vec<Items>,
    /// Whether no value needs anything escaped in JSON.
    plain: bool,
    outside: Option<Outside<'t>>,
}

/// The memory of a reader, which the next one can use again.
#[derive(Debug, Default)]
pub struct Buffers {
    canonical: Canonical,
    pool: Vec<Items>,
}

/// Writes what stands in a loop that another guide describes, by the loop's entry.
type Outside<'t> = &'t dyn Fn(usize, &mut Vec<u8>);

impl<'t> Reader<'t> {
    /// Begins to read a tape.
    pub fn new(tape: &'t Tape, spelling: Spelling) -> Self {
        let segments =
            (0..tape.len()).filter_map(|index| tape.entry(index)).filter(|entry| !entry.is_loop()).count() as u32;
        let gatherer = Gatherer::new(tape, spelling, segments, Canonical::default());
        Self { gatherer, levels: 0, parent: 0, pool: Vec::new(), plain: false, outside: None }
    }

    /// Reads an envelope: `outside` writes the transaction sets, by the entries of their loops.
    pub fn of_envelope(tape: &'t Tape, outside: &'t dyn Fn(usize, &mut Vec<u8>)) -> Self {
        Self { outside: Some(outside), ..Self::new(tape, Spelling::Whole) }
    }

    /// Reads a loop of a tape as a claim on its own would be: no look at the rest of the tape.
    pub fn of_part(tape: &'t Tape, spelling: Spelling) -> Self {
        Self::with(tape, spelling, Buffers::default())
    }

    /// As [`of_part`](Self::of_part), with the memory of another reader, which is done.
    pub fn with(tape: &'t Tape, spelling: Spelling, buffers: Buffers) -> Self {
        let Buffers { canonical, pool } = buffers;
        let gatherer = Gatherer::new(tape, spelling, 0, canonical);
        Self { gatherer, levels: 0, parent: 0, pool, plain: false, outside: None }
    }

    /// What could not be read, and the reader's memory, for the next one.
    pub fn finish(self) -> (Vec<Problem>, Buffers) {
        (self.gatherer.problems, Buffers { canonical: self.gatherer.canonical, pool: self.pool })
    }

    /// What could not be read so far.
    pub fn problems(&self) -> &[Problem] {
        &self.gatherer.problems
    }

    /// What is held nowhere.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.gatherer.left_out
    }

    /// What could not be read.
    pub fn into_problems(self) -> Vec<Problem> {
        self.gatherer.problems
    }

    /// Writes the loop at an entry as a JSON object.
    pub fn object(&mut self, binding: &Binding, entry: usize, out: &mut Vec<u8>) {
        self.look_at(entry);
        self.braced(&binding.plan, entry, 1, out);
    }

    /// Writes the fields of the loop at an entry, each after a comma, to an object that has begun.
    pub fn fields_of(&mut self, binding: &Binding, entry: usize, out: &mut Vec<u8>) {
        self.look_at(entry);
        self.members(&binding.plan, entry, 1, out);
    }

    /// Looks once at all the text of a loop, so that most values need not be looked at one by one.
    fn look_at(&mut self, entry: usize) {
        self.plain = is_plain(self.gatherer.tape.text(entry));
    }

    fn braced(&mut self, plan: &LoopPlan, entry: usize, line: u32, out: &mut Vec<u8>) {
        let start = out.len();
        self.members(plan, entry, line, out);
        if !brace(start, out) {
            out.extend_from_slice(b"{}");
        }
    }

    fn members(&mut self, plan: &LoopPlan, entry: usize, line: u32, out: &mut Vec<u8>) {
        let outer = self.parent;
        let mut items = self.pool.pop().unwrap_or_default();
        items.clear();
        let mut level = 0;
        if plan.hierarchical {
            self.levels += 1;
            level = self.levels;
        }
        let mut noted = self.gatherer.collect(plan, entry, Numbers { level, parent: outer, line }, &mut items.list);
        if plan.hierarchical {
            self.parent = level;
        }
        items.sort(plan.parts.len());
        let mut wanted = self.find_values(plan, &mut items, &mut noted);
        let layout = noted.layout();
        if layout.is_some() {
            wanted.join(plan.unslotted);
        }
        let Items { values, .. } = &items;
        let scope = Loop { plan, items: &items, layout };
        for index in wanted.fields() {
            let Some(field) = plan.fields.get(index) else { break };
            match (field.single, values.get(index)) {
                (Some(single), Some(found)) if single.component == 0 => self.found(field, single, found, out),
                _ => self.member(field, Scope::Loop(scope), out),
            }
        }
        self.parent = outer;
        self.pool.push(items);
    }

    /// Notes where the values stand that are an element and a field each, and which fields may have one.
    fn find_values(&mut self, plan: &LoopPlan, items: &mut Items, noted: &mut Noted) -> FieldSet {
        let Items { list, values, .. } = items;
        values.resize(plan.fields.len(), Found::default());
        let mut wanted = FieldSet::default();
        let mut last = None;
        let separator = self.gatherer.tape.delimiters().component;
        for &(slot, index) in list.iter() {
            wanted.join(plan.reaching(slot));
            let is_first = last.replace(slot) != Some(slot);
            let Some((traits, entry)) = plan.traits(slot).zip(self.gatherer.tape.entry(index as usize)) else {
                continue;
            };
            if !traits.is_segment {
                continue;
            }
            let row = if is_first { plan.row(traits) } else { &[] };
            let mut is_known = true;
            for (element, (start, end)) in self.gatherer.tape.elements(entry).enumerate().skip(1) {
                if start == end {
                    continue;
                }
                is_known &= plan.holds(traits, element, self.gatherer.tape.slice(start, end), separator);
                if let Some(&field) = row.get(element)
                    && let Some(value) = values.get_mut(usize::from(field))
                {
                    *value = Found { entry: index, start, end };
                    wanted.insert(usize::from(field));
                }
            }
            if !is_known && self.gatherer.spelling == Spelling::Lost {
                let before = list.iter().filter(|(_, other)| *other < index).count();
                self.gatherer.keep_lost(plan, slot, entry, before, noted);
            }
        }
        wanted
    }

    /// Writes the name and value of a field whose value has been found.
    #[inline]
    fn found(&mut self, field: &FieldPlan, single: Single, found: &Found, out: &mut Vec<u8>) {
        let text = self.gatherer.tape.slice(found.start, found.end);
        if field.unsaid.as_deref() == Some(text) {
            return;
        }
        let before = out.len();
        field.key.write(out);
        if self.plain && matches!(single.format, Format::Text | Format::Zeros(_)) {
            quoted(text, out);
            return;
        }
        let Some(here) = self.here(found.entry) else { return };
        if !self.scalar(single.format, text, &here, single.element, 0, out) {
            out.truncate(before);
        }
    }

    fn fields(&mut self, fields: &[FieldPlan], scope: Scope<'_, '_>, out: &mut Vec<u8>) {
        match scope {
            Scope::Segment(here) => self.fields_in(fields, here, out),
            Scope::Loop(Loop { items, .. }) => {
                for field in fields {
                    if !field.reach.has_slot() || items.first_of(field.reach.slot()).is_some() {
                        self.member(field, scope, out);
                    }
                }
            }
        }
    }

    /// Writes the fields of a record over a segment or a part of it.
    fn fields_in(&mut self, fields: &[FieldPlan], here: Here<'_>, out: &mut Vec<u8>) {
        let mut composite = here.components(here.base);
        for field in fields {
            let Some(single) = field.single else {
                self.member(field, Scope::Segment(here), out);
                continue;
            };
            let element = here.base.saturating_add(single.element);
            let text = match single {
                Single { component: 0, .. } => value(&here.segment, element, 0),
                Single { element: 0, component, .. } => composite.component(component),
                _ => value(&here.segment, element, single.component),
            };
            self.single(field, single, text, &here, out);
        }
    }

    /// Writes the name and value of a field that is one value of one segment, if it stands.
    #[inline]
    fn single(&mut self, field: &FieldPlan, single: Single, text: &[u8], here: &Here<'_>, out: &mut Vec<u8>) {
        if text.is_empty() || field.unsaid.as_deref() == Some(text) {
            return;
        }
        let before = out.len();
        field.key.write(out);
        let element = here.base.saturating_add(single.element);
        if !self.scalar(single.format, text, here, element, single.component, out) {
            out.truncate(before);
        }
    }

    /// Writes a field's name and value, if there is one.
    fn member(&mut self, field: &FieldPlan, scope: Scope<'_, '_>, out: &mut Vec<u8>) {
        let before = out.len();
        field.key.write(out);
        if !self.field(field, scope, out) {
            out.truncate(before);
        }
    }

    /// Writes a field's value; false if there is none.
    fn field(&mut self, field: &FieldPlan, scope: Scope<'_, '_>, out: &mut Vec<u8>) -> bool {
        match (&field.value, field.reach, scope) {
            (_, Reach::Layout, Scope::Loop(Loop { layout: Some(layout), .. })) => {
                serde_json::to_writer(&mut *out, layout).is_ok()
            }
            (_, Reach::Layout, _) => false,
            (Value::Record(fields), Reach::Here, _) => self.record(fields, scope, out),
            (_, Reach::Loop { slot }, Scope::Loop(around)) => self.loops(field, slot, around, out),
            (Value::Loop, ..) => false,
            (value, reach, _) => {
                let mut list = List::begin(field.many, out);
                match scope {
                    Scope::Loop(Loop { items, .. }) => {
                        for (_, index) in items.of(reach.slot()) {
                            let Some(here) = self.here(*index) else { continue };
                            if !field.goes_without_saying(&here) {
                                self.values(value, reach, here, &mut list, out);
                            }
                        }
                    }
                    Scope::Segment(here) if field.goes_without_saying(&here) => {}
                    Scope::Segment(here) => self.values(value, reach, here, &mut list, out),
                }
                list.end(out)
            }
        }
    }

    /// The segment of an entry.
    #[inline]
    fn here(&self, index: u32) -> Option<Here<'t>> {
        let entry = self.gatherer.tape.entry(index as usize)?;
        Some(Here { entry, segment: self.gatherer.tape.segment(entry), base: 0 })
    }

    fn loops(&mut self, field: &FieldPlan, slot: u16, around: Loop<'_>, out: &mut Vec<u8>) -> bool {
        let Loop { plan, items, .. } = around;
        let inner = match plan.part(slot) {
            Some(PartPlan::Loop(inner)) => inner,
            Some(PartPlan::Outside(_)) => return self.outside(field, items.of(slot), out),
            _ => return false,
        };
        let mut list = List::begin(field.many, out);
        for (line, (_, index)) in items.of(slot).iter().enumerate() {
            if list.next(out) {
                self.braced(inner, *index as usize, line as u32 + 1, out);
            }
        }
        list.end(out)
    }

    fn outside(&mut self, field: &FieldPlan, items: &[(u16, u32)], out: &mut Vec<u8>) -> bool {
        let Some(write) = self.outside else { return false };
        let mut list = List::begin(field.many, out);
        for (_, index) in items {
            if list.next(out) {
                write(*index as usize, out);
            }
        }
        list.end(out)
    }

    fn record(&mut self, fields: &[FieldPlan], scope: Scope<'_, '_>, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        self.fields(fields, scope, out);
        brace(start, out)
    }

    /// The values that a reach finds in one segment.
    fn values(&mut self, plan: &Value, reach: Reach, here: Here<'_>, list: &mut List, out: &mut Vec<u8>) {
        let from = |element: u8| here.base.saturating_add(element);
        // Beyond the end of the segment there is nothing to look for.
        let end = u8::try_from(here.segment.len()).unwrap_or(u8::MAX);
        match reach {
            Reach::Segment { .. } => self.value(plan, here, 0, 0, list, out),
            Reach::Element { element, component, .. } => self.value(plan, here, from(element), component, list, out),
            Reach::Elements { first, last, component, .. } => {
                for element in from(first)..end.min(from(last).saturating_add(1)) {
                    self.value(plan, here, element, component, list, out);
                }
            }
            Reach::Components { element, first, last, .. } => {
                let Value::Scalar(format) = *plan else { return };
                let mut components = here.components(from(element));
                for component in first..=last {
                    let text = components.component(component);
                    self.listed(format, text, here, (from(element), component), list, out);
                }
            }
            Reach::Runs { first, last, stride, .. } => {
                for start in (from(first)..end.min(last.saturating_add(1))).step_by(usize::from(stride.max(1))) {
                    self.value(plan, here, start, 0, list, out);
                }
            }
            Reach::Here | Reach::Layout | Reach::Loop { .. } => {}
        }
    }

    fn value(&mut self, plan: &Value, here: Here<'_>, element: u8, component: u8, list: &mut List, out: &mut Vec<u8>) {
        match plan {
            Value::Record(fields) => {
                let mark = list.mark(out);
                if !(list.next(out) && self.record(fields, Scope::Segment(Here { base: element, ..here }), out)) {
                    list.back_to(mark, out);
                }
            }
            Value::Scalar(format) => {
                let text = value(&here.segment, element, component);
                self.listed(*format, text, here, (element, component), list, out);
            }
            Value::Loop => {}
        }
    }

    /// Writes one of the values of a list, if it stands.
    fn listed(
        &mut self,
        format: Format,
        text: &[u8],
        here: Here<'_>,
        (element, component): (u8, u8),
        list: &mut List,
        out: &mut Vec<u8>,
    ) {
        if text.is_empty() {
            return;
        }
        let mark = list.mark(out);
        if !(list.next(out) && self.scalar(format, text, &here, element, component, out)) {
            list.back_to(mark, out);
        }
    }

    #[inline]
    fn scalar(
        &mut self,
        format: Format,
        text: &[u8],
        here: &Here<'_>,
        element: u8,
        component: u8,
        out: &mut Vec<u8>,
    ) -> bool {
        if self.plain && matches!(format, Format::Text | Format::Zeros(_)) {
            quoted(text, out);
            return true;
        }
        let qualifier = match (format, component) {
            (Format::When, 0) => value(&here.segment, element.saturating_sub(1), 0),
            (Format::When, component) => value(&here.segment, element, component - 1),
            _ => b"",
        };
        if matches!(format, Format::Padded(_)) && text.iter().all(|&byte| byte == b' ') {
            return false;
        }
        let written = format.to_json(text, qualifier, out).is_ok();
        if !written {
            self.gatherer.problem(here.entry, element, component, format.expected());
        }
        written
    }
}

/// The typed record of a loop, through its JSON form.
///
/// # Errors
/// A field whose JSON the record refuses; only a table at odds with its struct can cause it.
pub fn typed<R: Record>(reader: &mut Reader<'_>, binding: &Binding, entry: usize) -> Result<R, serde_json::Error> {
    let mut json = Vec::new();
    reader.object(binding, entry, &mut json);
    serde_json::from_slice(&json)
}

/// Where fields are looked for.
#[derive(Clone, Copy)]
enum Scope<'s, 't> {
    Loop(Loop<'s>),
    Segment(Here<'t>),
}

/// A loop and what stands in it.
#[derive(Clone, Copy)]
struct Loop<'s> {
    plan: &'s LoopPlan,
    items: &'s Items,
    layout: Option<&'s Layout>,
}

/// In a segment, from an element on.
#[derive(Clone, Copy)]
struct Here<'t> {
    entry: &'t Entry,
    segment: Segment<'t>,
    base: u8,
}

impl<'t> Here<'t> {
    /// The components of an element; none of element 0, which is the id.
    #[inline]
    fn components(&self, element: u8) -> Components<'t> {
        let whole = if element == 0 { b"" } else { self.segment.element(usize::from(element)) };
        Components { whole, separator: self.segment.delimiters().component, rest: whole, next: 1 }
    }
}

/// The components of an element, each of which is found from the one before.
struct Components<'t> {
    whole: &'t [u8],
    separator: Option<u8>,
    rest: &'t [u8],
    next: u8,
}

impl<'t> Components<'t> {
    /// A component, from 1; empty if there is none.
    #[inline]
    fn component(&mut self, wanted: u8) -> &'t [u8] {
        if wanted < self.next {
            (self.rest, self.next) = (self.whole, 1);
        }
        while !self.rest.is_empty() {
            let length = self.rest.iter().position(|byte| Some(*byte) == self.separator).unwrap_or(self.rest.len());
            let (component, after) = self.rest.split_at(length);
            self.rest = after.get(1..).unwrap_or_default();
            self.next = self.next.saturating_add(1);
            if self.next > wanted {
                return component;
            }
        }
        b""
    }
}

impl FieldPlan {
    fn goes_without_saying(&self, here: &Here<'_>) -> bool {
        let Some(code) = &self.unsaid else { return false };
        let Reach::Element { element, component, .. } = self.reach else { return false };
        value(&here.segment, here.base.saturating_add(element), component) == code
    }
}
