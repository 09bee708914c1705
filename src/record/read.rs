//! Placed segments to JSON.

use std::collections::BTreeMap;

use super::{
    Layout, Record, Unplaced, Verbatim,
    bind::{Binding, FieldPlan, LoopPlan, PartPlan, Reach, SegmentPlan, Value},
    render::{Canonical, Counters, NO_CONTROL, Verdict, is_filled, value},
    scalar::Format,
};
use crate::{
    guide::{Guide, NodeId},
    place::{Entry, Tape},
    x12::Segment,
};

/// How much of the spelling goes along with the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// All that is needed to give the bytes back.
    Whole,
    /// Only what would be lost: segments and elements without a place.
    Lost,
}

/// A value that could not be read, or a segment that no field can hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The place of the segment.
    pub node: NodeId,
    /// Position in the transaction set, ST = 1.
    pub position: u32,
    /// Offset in the input.
    pub offset: u64,
    /// Element, from 1; 0 for the segment as a whole.
    pub element: u8,
    /// Component, from 1; 0 for the element as a whole.
    pub component: u8,
    /// What was expected.
    pub expected: &'static str,
}

impl Problem {
    /// The message, with places named by the guide.
    pub fn describe(&self, guide: &Guide) -> String {
        let segment = guide.designator(self.node);
        let place = match (self.element, self.component) {
            (0, _) => segment,
            (element, 0) => format!("{segment}{element:02}"),
            (element, component) => format!("{segment}{element:02}-{component}"),
        };
        match guide.loop_id(guide.parent(self.node)) {
            "" => format!("{place}: expected {}; the segment was kept as it stands", self.expected),
            id => format!("{id}/{place}: expected {}; the segment was kept as it stands", self.expected),
        }
    }
}

/// Reads placed loops through bindings.
pub struct Reader<'t> {
    tape: &'t Tape,
    spelling: Spelling,
    /// HL numbers given out so far.
    levels: u32,
    /// HL number of the level around.
    parent: u32,
    segments: u32,
    problems: Vec<Problem>,
    canonical: Canonical,
    pool: Vec<Items>,
    outside: Option<Outside<'t>>,
}

/// Writes what stands in a loop that another guide describes, by the loop's entry.
type Outside<'t> = &'t dyn Fn(usize, &mut Vec<u8>);

/// The items of one loop: slot and entry, in the order of the file, then by slot.
#[derive(Debug, Default)]
struct Items {
    list: Vec<(u16, u32)>,
    /// Where each slot's items begin in the sorted list.
    starts: Vec<u32>,
}

impl<'t> Reader<'t> {
    /// Begins to read a tape.
    pub fn new(tape: &'t Tape, spelling: Spelling) -> Self {
        let segments = (0..tape.len()).filter_map(|index| tape.entry(index)).filter(|entry| !entry.is_loop()).count() as u32;
        Self { tape, spelling, levels: 0, parent: 0, segments, problems: Vec::new(), canonical: Canonical::default(), pool: Vec::new(), outside: None }
    }

    /// Reads an envelope: `outside` writes the transaction sets, by the entries of their loops.
    pub fn of_envelope(tape: &'t Tape, outside: &'t dyn Fn(usize, &mut Vec<u8>)) -> Self {
        Self { outside: Some(outside), ..Self::new(tape, Spelling::Whole) }
    }

    /// Reads a loop of a tape as a claim on its own would be: no look at the rest of the tape.
    pub fn of_part(tape: &'t Tape, spelling: Spelling) -> Self {
        Self { tape, spelling, levels: 0, parent: 0, segments: 0, problems: Vec::new(), canonical: Canonical::default(), pool: Vec::new(), outside: None }
    }

    /// What could not be read so far.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What could not be read.
    pub fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Writes the loop at an entry as a JSON object.
    pub fn object(&mut self, binding: &Binding, entry: usize, out: &mut Vec<u8>) {
        out.push(b'{');
        self.members(&binding.plan, entry, 1, out);
        out.push(b'}');
    }

    /// Writes the fields of the loop at an entry, without braces, after what already stands in the
    /// object.
    pub fn fields_of(&mut self, binding: &Binding, entry: usize, out: &mut Vec<u8>) {
        self.members(&binding.plan, entry, 1, out);
    }

    fn members(&mut self, plan: &LoopPlan, entry: usize, line: u32, out: &mut Vec<u8>) {
        let outer = self.parent;
        let mut items = self.pool.pop().unwrap_or_default();
        items.list.clear();
        let mut level = 0;
        if plan.hierarchical {
            self.levels += 1;
            level = self.levels;
        }
        let layout = self.collect(plan, entry, Numbers { level, parent: outer, line }, &mut items.list);
        if plan.hierarchical {
            self.parent = level;
        }
        items.sort(plan.parts.len());
        self.fields(&plan.fields, Scope::Loop { plan, items: &items, layout: &layout }, out);
        self.parent = outer;
        self.pool.push(items);
    }

    /// Gathers what stands in a loop: slots and entries in the order of the file, and the layout.
    fn collect(&mut self, plan: &LoopPlan, entry: usize, numbers: Numbers, items: &mut Vec<(u16, u32)>) -> Layout {
        let mut layout = Layout::default();
        let mut has_children = false;
        let tape = self.tape;
        for (index, inside) in tape.inside(entry) {
            self.take(plan, index, inside, items, &mut layout, &mut has_children);
        }
        let inner = items.iter().filter(|(slot, _)| !matches!(plan.part(*slot), Some(PartPlan::Segment(_)))).count() as u32;
        let counters = Counters { level: numbers.level, parent: numbers.parent, has_children, line: numbers.line, segments: self.segments, inner, control: NO_CONTROL };
        match self.spelling {
            Spelling::Whole => self.spell(plan, &counters, items, &mut layout),
            Spelling::Lost => self.keep_lost(plan, items, &mut layout),
        }
        layout
    }

    fn take(&mut self, plan: &LoopPlan, index: usize, entry: &Entry, items: &mut Vec<(u16, u32)>, layout: &mut Layout, has_children: &mut bool) {
        if entry.is_unplaced() {
            layout.unplaced.push(self.unplaced(entry, items.len()));
            return;
        }
        let tape = self.tape;
        let Some(slot) = plan.slot(entry.node) else {
            // A loop that is inlined (its segments are the record's own), or no part of the record.
            let inlined = tape.entry(index + 1).is_some_and(|first| entry.is_loop() && plan.slot(first.node).is_some());
            if inlined {
                let again = items.iter().any(|(slot, _)| tape.entry(index + 1).and_then(|first| plan.slot(first.node)) == Some(*slot));
                for (index, inside) in tape.inside(index) {
                    if again { self.give_up(index, inside, items.len(), layout) } else { self.take(plan, index, inside, items, layout, has_children) }
                }
            }
            return;
        };
        let (many, hierarchical) = match plan.part(slot) {
            Some(PartPlan::Segment(segment)) => (segment.many, false),
            Some(PartPlan::Loop(inner)) => (plan.holds_many(slot), inner.hierarchical),
            Some(PartPlan::Outside(_)) => (true, false),
            _ => return,
        };
        if !many && items.iter().any(|(other, _)| *other == slot) {
            self.problem(entry, 0, 0, "no more than one here");
            self.give_up(index, entry, items.len(), layout);
            return;
        }
        *has_children |= hierarchical;
        items.push((slot, index as u32));
    }

    /// Keeps an entry that no field can hold, and all below it, as unplaced.
    fn give_up(&mut self, index: usize, entry: &Entry, item: usize, layout: &mut Layout) {
        if !entry.is_loop() {
            layout.unplaced.push(self.unplaced(entry, item));
            return;
        }
        let tape = self.tape;
        for (_, below) in tape.below(index) {
            if !below.is_loop() {
                layout.unplaced.push(self.unplaced(below, item));
            }
        }
    }

    fn unplaced(&self, entry: &Entry, item: usize) -> Unplaced {
        let (text, latin1) = decode(self.tape.segment(entry).bytes());
        let position = if self.spelling == Spelling::Whole { entry.position } else { 0 };
        Unplaced { item: item as u32, position, text, latin1 }
    }

    fn problem(&mut self, entry: &Entry, element: u8, component: u8, expected: &'static str) {
        self.problems.push(Problem { node: entry.node, position: entry.position, offset: entry.offset, element, component, expected });
    }

    /// Notes every way in which the loop differs from what the writer would make of its data.
    fn spell(&mut self, plan: &LoopPlan, counters: &Counters<'_>, items: &mut Vec<(u16, u32)>, layout: &mut Layout) {
        let tape = self.tape;
        let mut canonical = std::mem::take(&mut self.canonical);
        let mut kept = 0;
        let mut dropped = Vec::new();
        // A trailer repeats the control number of its header.
        let mut control = NO_CONTROL.to_vec();
        for at in 0..items.len() {
            let (slot, index) = items[at];
            let Some((PartPlan::Segment(segment_plan), entry)) = plan.part(slot).zip(tape.entry(index as usize)) else {
                items[kept] = items[at];
                kept += 1;
                continue;
            };
            let segment = tape.segment(entry);
            let verdict = canonical.judge(segment_plan, &segment, &Counters { control: &control, ..*counters });
            if let (Verdict::Same | Verdict::Other, Some(element)) = (verdict, segment_plan.control_element()) {
                let stated = canonical.out.split(|&byte| byte == segment.delimiters().element).nth(usize::from(element));
                control = stated.filter(|number| !number.is_empty()).unwrap_or(NO_CONTROL).to_vec();
            }
            match verdict {
                Verdict::Same => {}
                Verdict::Other => {
                    let (text, latin1) = decode(segment.bytes());
                    let (instead_of, _) = decode(&canonical.out);
                    layout.verbatim.push(Verbatim { item: kept as u32, text, instead_of, latin1 });
                }
                Verdict::Unreadable(element, component) => {
                    let expected = segment_plan.expected(element, component);
                    self.problem(entry, element, component, expected);
                }
                Verdict::Empty => self.problem(entry, 0, 0, "a value besides the qualifier"),
            }
            if matches!(verdict, Verdict::Same | Verdict::Other) {
                items[kept] = items[at];
                kept += 1;
            } else {
                dropped.push((at, self.unplaced(entry, kept)));
            }
        }
        self.canonical = canonical;
        items.truncate(kept);
        if !dropped.is_empty() {
            renumber(&mut layout.unplaced, &dropped);
            layout.unplaced.extend(dropped.into_iter().map(|(_, unplaced)| unplaced));
            layout.unplaced.sort_by_key(|unplaced| unplaced.position);
        }
        self.note_order(plan, items, layout);
        self.note_runs(plan, items, layout);
    }

    fn note_order(&self, plan: &LoopPlan, items: &[(u16, u32)], layout: &mut Layout) {
        let sorted = items.windows(2).all(|pair| pair[0].0 <= pair[1].0);
        let stands = |slot: usize| items.iter().any(|(other, _)| usize::from(*other) == slot);
        let complete = plan.parts.iter().enumerate().all(|(slot, part)| match part {
            PartPlan::Segment(segment) => !segment.always || stands(slot),
            _ => true,
        });
        if sorted && complete {
            return;
        }
        for chunk in items.chunk_by(|left, right| left.0 == right.0) {
            let Some(name) = chunk.first().and_then(|(slot, _)| plan.designator(*slot)) else { continue };
            layout.order.push(if chunk.len() == 1 { name } else { format!("{name} x{}", chunk.len()) });
        }
    }

    fn note_runs(&self, plan: &LoopPlan, items: &[(u16, u32)], layout: &mut Layout) {
        let mut runs: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
        for (slot, index) in items {
            if let Some((PartPlan::Segment(SegmentPlan { chunk: Some(chunk), .. }), entry)) = plan.part(*slot).zip(self.tape.entry(*index as usize)) {
                let segment = self.tape.segment(entry);
                let filled = (chunk.first..chunk.first.saturating_add(chunk.width)).filter(|at| is_filled(segment.element(usize::from(*at)), &segment)).count();
                runs.entry(*slot).or_default().push(filled as u32);
            }
        }
        for (slot, counts) in runs {
            let Some(PartPlan::Segment(SegmentPlan { chunk: Some(chunk), designator, .. })) = plan.part(slot) else { continue };
            let full = counts.split_last().is_none_or(|(_, before)| before.iter().all(|count| *count == u32::from(chunk.width)));
            if !full {
                layout.runs.insert(designator.clone(), counts);
            }
        }
    }

    /// Notes segments that hold an element for which there is neither field nor fixed code.
    fn keep_lost(&mut self, plan: &LoopPlan, items: &[(u16, u32)], layout: &mut Layout) {
        for (item, (slot, index)) in items.iter().enumerate() {
            let Some((PartPlan::Segment(segment_plan), entry)) = plan.part(*slot).zip(self.tape.entry(*index as usize)) else { continue };
            let segment = self.tape.segment(entry);
            let lost = (1..segment.len()).any(|at| (at >= 64 || segment_plan.known & (1 << at) == 0) && is_filled(segment.element(at), &segment));
            if lost {
                let (text, latin1) = decode(segment.bytes());
                let mut canonical = std::mem::take(&mut self.canonical);
                if canonical.judge(segment_plan, &segment, &Counters::default()) == Verdict::Other {
                    let (instead_of, _) = decode(&canonical.out);
                    layout.verbatim.push(Verbatim { item: item as u32, text, instead_of, latin1 });
                }
                self.canonical = canonical;
            }
        }
    }

    fn fields(&mut self, fields: &[FieldPlan], scope: Scope<'_, '_>, out: &mut Vec<u8>) {
        for field in fields {
            let before = out.len();
            if out.last() != Some(&b'{') {
                out.push(b',');
            }
            out.extend_from_slice(&field.key);
            if !self.field(field, &scope, out) {
                out.truncate(before);
            }
        }
    }

    /// Writes a field's value; false if there is none.
    fn field(&mut self, field: &FieldPlan, scope: &Scope<'_, '_>, out: &mut Vec<u8>) -> bool {
        match (&field.value, field.reach) {
            (_, Reach::Layout) => match scope {
                Scope::Loop { layout, .. } if !layout.is_empty() => serde_json::to_writer(&mut *out, layout).is_ok(),
                _ => false,
            },
            (Value::Record(fields), Reach::Here) => self.record(fields, *scope, out),
            (_, Reach::Loop { slot }) => self.loops(field, slot, scope, out),
            (Value::Loop, _) => false,
            (value, reach) => {
                let mut list = List::begin(field.many, out);
                match scope {
                    Scope::Loop { items, .. } => {
                        let tape = self.tape;
                        for (_, index) in items.of(reach.slot()) {
                            let Some(entry) = tape.entry(*index as usize) else { continue };
                            let segment = tape.segment(entry);
                            let here = Here { entry, segment, base: 0 };
                            if !field.goes_without_saying(&here) {
                                self.values(value, reach, here, &mut list, out);
                            }
                        }
                    }
                    Scope::Segment(here) if field.goes_without_saying(here) => {}
                    Scope::Segment(here) => self.values(value, reach, *here, &mut list, out),
                }
                list.end(out)
            }
        }
    }

    fn loops(&mut self, field: &FieldPlan, slot: u16, scope: &Scope<'_, '_>, out: &mut Vec<u8>) -> bool {
        let Scope::Loop { plan, items, .. } = scope else { return false };
        let inner = match plan.part(slot) {
            Some(PartPlan::Loop(inner)) => inner,
            Some(PartPlan::Outside(_)) => return self.outside(field, items.of(slot), out),
            _ => return false,
        };
        let mut list = List::begin(field.many, out);
        for (line, (_, index)) in items.of(slot).iter().enumerate() {
            if list.next(out) {
                out.push(b'{');
                self.members(inner, *index as usize, line as u32 + 1, out);
                out.push(b'}');
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
        out.push(b'{');
        self.fields(fields, scope, out);
        if out.len() == start + 1 {
            out.truncate(start);
            return false;
        }
        out.push(b'}');
        true
    }

    /// The values that a reach finds in one segment.
    fn values(&mut self, value_plan: &Value, reach: Reach, here: Here<'_>, list: &mut List, out: &mut Vec<u8>) {
        let Here { segment, base, .. } = here;
        match reach {
            Reach::Segment { .. } => self.value(value_plan, here, 0, 0, list, out),
            Reach::Element { element, component, .. } => self.value(value_plan, here, base.saturating_add(element), component, list, out),
            Reach::Elements { first, last, component, .. } => {
                for element in base.saturating_add(first)..=base.saturating_add(last) {
                    if is_filled(segment.element(usize::from(element)), &segment) {
                        self.value(value_plan, here, element, component, list, out);
                    }
                }
            }
            Reach::Components { element, first, last, .. } => {
                for component in first..=last {
                    self.value(value_plan, here, base.saturating_add(element), component, list, out);
                }
            }
            Reach::Runs { first, last, stride, .. } => {
                for start in (base.saturating_add(first)..=last).step_by(usize::from(stride.max(1))) {
                    self.value(value_plan, here, start, 0, list, out);
                }
            }
            Reach::Here | Reach::Layout | Reach::Loop { .. } => {}
        }
    }

    fn value(&mut self, plan: &Value, here: Here<'_>, element: u8, component: u8, list: &mut List, out: &mut Vec<u8>) {
        let mark = list.mark(out);
        let written = match plan {
            Value::Record(fields) => list.next(out) && self.record(fields, Scope::Segment(Here { base: element, ..here }), out),
            Value::Scalar(format) => {
                let text = value(&here.segment, element, component);
                !text.is_empty() && list.next(out) && self.scalar(*format, text, here, element, component, out)
            }
            Value::Loop => false,
        };
        if !written {
            list.back_to(mark, out);
        }
    }

    fn scalar(&mut self, format: Format, text: &[u8], here: Here<'_>, element: u8, component: u8, out: &mut Vec<u8>) -> bool {
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
            self.problem(here.entry, element, component, format.expected());
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

/// Text of a segment; bytes that are not UTF-8 are read as Latin-1, and it is said so.
pub(super) fn decode(bytes: &[u8]) -> (String, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (bytes.iter().map(|&byte| char::from(byte)).collect(), true),
    }
}

/// Items that turned out unplaced no longer count.
fn renumber(unplaced: &mut [Unplaced], dropped: &[(usize, Unplaced)]) {
    for one in unplaced {
        let gone = dropped.iter().filter(|(at, _)| (*at as u32) < one.item).count() as u32;
        one.item -= gone;
    }
}

#[derive(Clone, Copy)]
struct Numbers {
    level: u32,
    parent: u32,
    line: u32,
}

/// Where fields are looked for.
#[derive(Clone, Copy)]
enum Scope<'s, 't> {
    Loop { plan: &'s LoopPlan, items: &'s Items, layout: &'s Layout },
    Segment(Here<'t>),
}

/// In a segment, from an element on.
#[derive(Clone, Copy)]
struct Here<'t> {
    entry: &'t Entry,
    segment: Segment<'t>,
    base: u8,
}

impl Items {
    /// Sorts by slot, the order within a slot kept.
    fn sort(&mut self, slots: usize) {
        if !self.list.is_sorted_by_key(|(slot, _)| *slot) {
            self.list.sort_by_key(|(slot, _)| *slot);
        }
        self.starts.clear();
        self.starts.resize(slots + 1, 0);
        for (slot, _) in &self.list {
            if let Some(start) = self.starts.get_mut(usize::from(*slot) + 1) {
                *start += 1;
            }
        }
        let mut sum = 0;
        for start in &mut self.starts {
            sum += *start;
            *start = sum;
        }
    }

    fn of(&self, slot: u16) -> &[(u16, u32)] {
        let slot = usize::from(slot);
        match (self.starts.get(slot), self.starts.get(slot + 1)) {
            (Some(&start), Some(&end)) => self.list.get(start as usize..end as usize).unwrap_or_default(),
            _ => &[],
        }
    }
}

impl Reach {
    pub(super) fn slot(self) -> u16 {
        match self {
            Self::Loop { slot } | Self::Segment { slot } | Self::Element { slot, .. } | Self::Elements { slot, .. } | Self::Components { slot, .. } | Self::Runs { slot, .. } => slot,
            Self::Here | Self::Layout => u16::MAX,
        }
    }
}

impl FieldPlan {
    fn goes_without_saying(&self, here: &Here<'_>) -> bool {
        let Some(code) = &self.unsaid else { return false };
        let Reach::Element { element, component, .. } = self.reach else { return false };
        value(&here.segment, here.base.saturating_add(element), component) == code
    }
}

impl LoopPlan {
    fn holds_many(&self, slot: u16) -> bool {
        fn any(fields: &[FieldPlan], slot: u16) -> bool {
            fields.iter().any(|field| match (&field.reach, &field.value) {
                (Reach::Loop { slot: other }, _) => *other == slot && field.many,
                (Reach::Here, Value::Record(fields)) => any(fields, slot),
                _ => false,
            })
        }
        any(&self.fields, slot)
    }

    pub(super) fn designator(&self, slot: u16) -> Option<String> {
        match self.part(slot)? {
            PartPlan::Segment(segment) => Some(segment.designator.clone()),
            PartPlan::Loop(inner) => Some(inner.id.clone()),
            PartPlan::Outside(designator) => Some(designator.clone()),
            PartPlan::Other => None,
        }
    }
}

impl SegmentPlan {
    fn expected(&self, element: u8, component: u8) -> &'static str {
        let held = self.elements.iter().find_map(|plan| match plan.fill {
            super::bind::Fill::Value(format) if (plan.element, plan.component) == (element, component) => Some(format.expected()),
            _ => None,
        });
        held.unwrap_or("a value of its type")
    }
}

/// A value or a list of values being written.
struct List {
    many: bool,
    start: usize,
    count: usize,
}

impl List {
    fn begin(many: bool, out: &mut Vec<u8>) -> Self {
        let start = out.len();
        if many {
            out.push(b'[');
        }
        Self { many, start, count: 0 }
    }

    /// Prepares for one more value; false if there may be no more.
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        if self.count > 0 {
            if !self.many {
                return false;
            }
            out.push(b',');
        }
        self.count += 1;
        true
    }

    fn mark(&self, out: &[u8]) -> (usize, usize) {
        (out.len(), self.count)
    }

    /// The value was not written after all.
    fn back_to(&mut self, (length, count): (usize, usize), out: &mut Vec<u8>) {
        out.truncate(length);
        self.count = count;
    }

    fn end(self, out: &mut Vec<u8>) -> bool {
        if self.count == 0 {
            out.truncate(self.start);
            return false;
        }
        if self.many {
            out.push(b']');
        }
        true
    }
}
