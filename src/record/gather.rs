//! What stands in a loop, and how it is spelled where that is not how the writer would spell it.

use std::collections::BTreeMap;

use super::{
    Layout, Unplaced, Verbatim,
    plan::{Fill, LoopPlan, PartPlan, SegmentPlan},
    problem::{LeftOut, Problem},
    render::{Canonical, Counters, NO_CONTROL, Verdict, is_filled},
};
use crate::{
    place::{Entry, Tape},
    x12::Delimiters,
};

/// How much of the spelling goes along with the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// All that is needed to give the bytes back.
    Whole,
    /// Only what would be lost: segments and elements without a place.
    Lost,
}

/// Gathers what stands in the loops of a tape.
pub(super) struct Gatherer<'t> {
    pub(super) tape: &'t Tape,
    pub(super) spelling: Spelling,
    /// How many segments the tape has, which the trailer of a transaction set states.
    pub(super) segments: u32,
    pub(super) problems: Vec<Problem>,
    /// What neither a field nor a layout holds.
    pub(super) left_out: Vec<LeftOut>,
    pub(super) canonical: Canonical,
}

/// What was found in a loop so far.
struct Found<'i> {
    /// Slot and entry of each item, in the order of the file.
    items: &'i mut Vec<(u16, u32)>,
    layout: Noted,
    /// Whether another hierarchical level stands inside.
    has_children: bool,
    /// The highest slot so far.
    highest: Option<u16>,
    /// Whether a loop that is no field of the record has stood, or something that stands behind such loops. A record on
    /// its own is told with the first of them: what comes later is not part of it.
    is_past: bool,
}

/// The layout of a loop, where there is anything to say of it: nearly never, and it is large.
pub(super) struct Noted {
    layout: Option<Box<Layout>>,
    /// Those of the file, if they must be said.
    delimiters: Option<Delimiters>,
}

impl Noted {
    fn note(&mut self) -> &mut Layout {
        let delimiters = self.delimiters;
        self.layout.get_or_insert_with(|| Box::new(Layout { delimiters, ..Layout::default() }))
    }

    pub(super) fn layout(&self) -> Option<&Layout> {
        self.layout.as_deref().filter(|layout| !layout.is_empty())
    }
}

/// Numbers that the guide's counters have at a loop.
#[derive(Clone, Copy)]
pub(super) struct Numbers {
    pub(super) level: u32,
    pub(super) parent: u32,
    pub(super) line: u32,
}

impl<'t> Gatherer<'t> {
    pub(super) fn new(tape: &'t Tape, spelling: Spelling, segments: u32, canonical: Canonical) -> Self {
        Self { tape, spelling, segments, problems: Vec::new(), left_out: Vec::new(), canonical }
    }

    /// Gathers what stands in a loop: slots and entries in the order of the file, and the layout.
    pub(super) fn collect(
        &mut self,
        plan: &LoopPlan,
        entry: usize,
        numbers: Numbers,
        items: &mut Vec<(u16, u32)>,
    ) -> Noted {
        let tape = self.tape;
        let is_usual = self.spelling == Spelling::Whole || tape.delimiters().separate_as(Delimiters::default());
        let layout = Noted { layout: None, delimiters: (!is_usual).then(|| tape.delimiters()) };
        let mut found = Found { items, layout, has_children: false, highest: None, is_past: false };
        for (index, inside) in tape.inside(entry) {
            self.take(plan, index, inside, &mut found);
        }
        let Found { items, mut layout, has_children, .. } = found;
        if self.spelling == Spelling::Whole {
            let is_loop = |slot: u16| plan.traits(slot).is_none_or(|traits| !traits.is_segment);
            let counters = Counters {
                level: numbers.level,
                parent: numbers.parent,
                has_children,
                line: numbers.line,
                segments: self.segments,
                inner: items.iter().filter(|(slot, _)| is_loop(*slot)).count() as u32,
                control: NO_CONTROL,
            };
            self.spell(plan, &counters, items, &mut layout);
        }
        layout
    }

    #[inline]
    fn take(&mut self, plan: &LoopPlan, index: usize, entry: &Entry, found: &mut Found<'_>) {
        let slot = plan.slot(entry.node).filter(|_| !entry.is_unplaced());
        let Some((slot, traits)) = slot.and_then(|slot| Some((slot, plan.traits(slot)?))) else {
            return self.take_other(plan, index, entry, found);
        };
        // Items come in order of their slots, nearly always: then there is nothing to look for.
        let seen = found.highest >= Some(slot) && found.items.iter().any(|(other, _)| *other == slot);
        if !traits.many && seen {
            self.problem(entry, 0, 0, "no more than one here");
            self.give_up(index, entry, found);
            return;
        }
        found.is_past |= slot > plan.first_other;
        found.has_children |= traits.hierarchical;
        found.highest = found.highest.max(Some(slot));
        found.items.push((slot, index as u32));
        if traits.outside {
            // What stands after a transaction set and has no place was met in its loop.
            for (_, inside) in self.tape.inside(index).filter(|(_, inside)| inside.is_unplaced()) {
                let unplaced = self.unplaced(inside, found.items.len());
                found.layout.note().unplaced.push(unplaced);
            }
        }
    }

    /// Takes what is no field of the record.
    fn take_other(&mut self, plan: &LoopPlan, index: usize, entry: &Entry, found: &mut Found<'_>) {
        if entry.is_unplaced() {
            if found.is_past && self.spelling == Spelling::Lost {
                self.left_out.push(LeftOut::of(entry, 0));
                return;
            }
            let unplaced = self.unplaced(entry, found.items.len());
            found.layout.note().unplaced.push(unplaced);
            return;
        }
        if plan.slot(entry.node).is_some() {
            found.is_past |= entry.is_loop();
            return;
        }
        // A loop that is inlined (its segments are the record's own), or no part of the record.
        let tape = self.tape;
        let first = tape.entry(index + 1).filter(|_| entry.is_loop()).and_then(|first| plan.slot(first.node));
        let Some(first) = first else { return };
        let again = found.items.iter().any(|(slot, _)| *slot == first);
        for (index, inside) in tape.inside(index) {
            if again { self.give_up(index, inside, found) } else { self.take(plan, index, inside, found) }
        }
    }

    /// Keeps an entry that no field can hold, and all below it, as unplaced.
    fn give_up(&mut self, index: usize, entry: &Entry, found: &mut Found<'_>) {
        let (item, layout) = (found.items.len(), found.layout.note());
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

    pub(super) fn problem(&mut self, entry: &Entry, element: u8, component: u8, expected: &'static str) {
        self.problems.push(Problem {
            node: entry.node,
            position: entry.position,
            offset: entry.offset,
            element,
            component,
            expected,
        });
    }

    /// Notes every way in which the loop differs from what the writer would make of its data.
    fn spell(&mut self, plan: &LoopPlan, counters: &Counters<'_>, items: &mut Vec<(u16, u32)>, layout: &mut Noted) {
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
            let counters = Counters { control: &control, ..*counters };
            let mut verdict = canonical.judge(segment_plan, &segment, &counters);
            if verdict == Verdict::Empty
                && segment_plan.begins_inlined(slot)
                && self.others_hold(plan, segment_plan, items, &counters)
            {
                verdict = canonical.judge_bare(segment_plan, &segment, &counters);
            }
            if let (Verdict::Same | Verdict::Other, Some(element)) = (verdict, segment_plan.control) {
                let stated =
                    canonical.out.split(|&byte| byte == segment.delimiters().element).nth(usize::from(element));
                control = stated.filter(|number| !number.is_empty()).unwrap_or(NO_CONTROL).to_vec();
            }
            match verdict {
                Verdict::Same => {}
                Verdict::Other => {
                    let (text, latin1) = decode(segment.bytes());
                    let (instead_of, _) = decode(&canonical.out);
                    layout.note().verbatim.push(Verbatim { item: kept as u32, text, instead_of, latin1 });
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
            let layout = layout.note();
            renumber(&mut layout.unplaced, &dropped);
            layout.unplaced.extend(dropped.into_iter().map(|(_, unplaced)| unplaced));
            layout.unplaced.sort_by_key(|unplaced| unplaced.position);
        }
        self.note_order(plan, items, layout);
        self.note_runs(plan, items, layout);
    }

    /// Whether any segment of an inlined loop holds values.
    fn others_hold(&self, plan: &LoopPlan, first: &SegmentPlan, items: &[(u16, u32)], counters: &Counters<'_>) -> bool {
        let mut canonical = Canonical::default();
        let inside = items.iter().filter(|(slot, _)| first.inlined.as_ref().is_some_and(|range| range.contains(slot)));
        inside.filter_map(|(slot, index)| plan.part(*slot).zip(self.tape.entry(*index as usize))).any(
            |(part, entry)| match part {
                PartPlan::Segment(segment) => matches!(
                    canonical.judge(segment, &self.tape.segment(entry), counters),
                    Verdict::Same | Verdict::Other
                ),
                _ => false,
            },
        )
    }

    fn note_order(&self, plan: &LoopPlan, items: &[(u16, u32)], layout: &mut Noted) {
        let sorted = items.windows(2).all(|pair| pair[0].0 <= pair[1].0);
        let stands = |slot: usize| items.iter().any(|(other, _)| usize::from(*other) == slot);
        let complete = plan.parts.iter().enumerate().all(|(slot, part)| match part {
            PartPlan::Segment(segment) => !segment.always || stands(slot),
            _ => true,
        });
        if sorted && complete {
            return;
        }
        let mut order = Vec::new();
        for chunk in items.chunk_by(|left, right| left.0 == right.0) {
            let Some(name) = chunk.first().and_then(|(slot, _)| plan.designator(*slot)) else { continue };
            order.push(if chunk.len() == 1 { name } else { format!("{name} x{}", chunk.len()) });
        }
        layout.note().order = Some(order);
    }

    fn note_runs(&self, plan: &LoopPlan, items: &[(u16, u32)], layout: &mut Noted) {
        let mut runs: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
        for (slot, index) in items {
            if let Some((PartPlan::Segment(segment @ SegmentPlan { chunk: Some(_), .. }), entry)) =
                plan.part(*slot).zip(self.tape.entry(*index as usize))
            {
                let filled = segment
                    .flows
                    .first()
                    .map_or(0, |flow| segment.filled(flow, &self.tape.segment(entry)).count_ones());
                runs.entry(*slot).or_default().push(filled);
            }
        }
        for (slot, counts) in runs {
            let Some(PartPlan::Segment(SegmentPlan { chunk: Some(chunk), designator, .. })) = plan.part(slot) else {
                continue;
            };
            let full = counts
                .split_last()
                .is_none_or(|(_, before)| before.iter().all(|count| *count == u32::from(chunk.width)));
            if !full {
                layout.note().runs.insert(designator.clone(), counts);
            }
        }
    }

    /// Notes a segment, before which so many items stand, if it holds an element for which there is neither
    /// field nor fixed code.
    pub(super) fn keep_lost(&mut self, plan: &LoopPlan, slot: u16, entry: &Entry, before: usize, layout: &mut Noted) {
        let Some((PartPlan::Segment(segment_plan), traits)) = plan.part(slot).zip(plan.traits(slot)) else { return };
        let segment = self.tape.segment(entry);
        let separator = segment.delimiters().component;
        let is_lost =
            |&(at, text): &(usize, &[u8])| !plan.holds(traits, at, text, separator) && is_filled(text, &segment);
        let Some((element, _)) = segment.elements().enumerate().skip(1).find(is_lost) else { return };
        match (plan.has_layout(), plan.has_fields(slot, traits)) {
            // It is the business of another record.
            (true, _) if slot > plan.first_other => return,
            (false, false) => return,
            (true, true) => {}
            // A segment of numbers, which are given out anew, is not known again by them.
            (true, false) | (false, true) => {
                self.left_out.push(LeftOut::of(entry, u8::try_from(element).unwrap_or(u8::MAX)));
                return;
            }
        }
        if self.canonical.judge(segment_plan, &segment, &Counters::default()) == Verdict::Other {
            let (text, latin1) = decode(segment.bytes());
            let (instead_of, _) = decode(&self.canonical.out);
            let verbatim = &mut layout.note().verbatim;
            verbatim.push(Verbatim { item: before as u32, text, instead_of, latin1 });
            verbatim.sort_by_key(|one| one.item);
        }
    }
}

impl SegmentPlan {
    fn expected(&self, element: u8, component: u8) -> &'static str {
        let held = self.elements.iter().find_map(|plan| match plan.fill {
            Fill::Value(format) if (plan.element, plan.component) == (element, component) => Some(format.expected()),
            _ => None,
        });
        held.unwrap_or("a value of its type")
    }
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
