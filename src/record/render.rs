//! One segment from its values: order, fixed codes and counters by the guide.

use super::{
    plan::{Counter, ElementPlan, Fill, Flow, SegmentPlan},
    scalar::Format,
};
use crate::x12::{Delimiters, Segment};

/// A value at its place in a segment; the text stands in a buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) element: u8,
    pub(super) component: u8,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// Numbers that the writer counts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters<'c> {
    pub(super) level: u32,
    pub(super) parent: u32,
    pub(super) has_children: bool,
    pub(super) line: u32,
    pub(super) segments: u32,
    pub(super) inner: u32,
    pub(super) control: &'c [u8],
}

/// The control number of an envelope whose header states none.
pub(super) const NO_CONTROL: &[u8] = b"0001";

/// A value that holds a delimiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HoldsDelimiter {
    pub(super) element: u8,
    pub(super) component: u8,
}

/// Writes a segment without its terminator. `cells` are in order of element and component.
/// The whole segment is written even if a value holds a delimiter: the caller decides. `clean` says that
/// none does.
pub(super) fn render(
    plan: &SegmentPlan,
    cells: &[Cell],
    text: &[u8],
    clean: bool,
    delimiters: Delimiters,
    counters: &Counters<'_>,
    out: &mut Vec<u8>,
) -> Result<(), HoldsDelimiter> {
    out.extend_from_slice(&plan.id);
    let mut pen = Pen { out, delimiters, element: 0, component: 1 };
    let mut holds = None;
    let mut rest = cells;
    let mut last_element = 0;
    for (at, element) in plan.elements.iter().enumerate() {
        if rest.is_empty() && at >= plan.unfilled {
            break;
        }
        if let [cell, after @ ..] = rest
            && (cell.element, cell.component) == (element.element, element.component)
        {
            let value = text.get(cell.start as usize..cell.end as usize).unwrap_or_default();
            if !clean && holds.is_none() && has_delimiter(value, delimiters) {
                holds = Some(HoldsDelimiter { element: cell.element, component: cell.component });
            }
            pen.put(element, value);
            last_element = cell.element;
            rest = after;
        } else if let Some(counter) = element.counter {
            pen.count(element, counter, counters);
        } else if let Fill::Value(Format::Padded(width)) = element.fill
            && element.implied.is_none()
        {
            pen.put(element, &[b' '; u8::MAX as usize][..usize::from(width)]);
        } else if let Some(code) = &element.implied
            && is_implied(element, rest.first(), last_element)
        {
            pen.put(element, code);
        }
    }
    holds.map_or(Ok(()), Err)
}

/// Whether a fixed code stands, given the next value of the segment and the element of the last.
fn is_implied(element: &ElementPlan, next: Option<&Cell>, last_element: u8) -> bool {
    if element.component == 0 {
        return element.required || next.is_some_and(|cell| cell.element == element.element + 1);
    }
    let in_composite = element.composite_required
        || last_element == element.element
        || next.is_some_and(|cell| cell.element == element.element);
    in_composite
        && (element.required
            || next.is_some_and(|cell| (cell.element, cell.component) == (element.element, element.component + 1)))
}

/// Whether any byte is a delimiter.
pub(super) fn has_delimiter(value: &[u8], delimiters: Delimiters) -> bool {
    let Delimiters { element, segment, .. } = delimiters;
    let component = delimiters.component.unwrap_or(element);
    let repetition = delimiters.repetition.unwrap_or(element);
    // Every byte is looked at: nearly always there is none to stop at.
    value.iter().fold(false, |any, &byte| {
        any | (byte == element) | (byte == segment) | (byte == component) | (byte == repetition)
    })
}

struct Pen<'o> {
    out: &'o mut Vec<u8>,
    delimiters: Delimiters,
    element: u8,
    component: u8,
}

impl Pen<'_> {
    /// Writes the separators that lead to a place, then the value.
    fn put(&mut self, place: &ElementPlan, value: &[u8]) {
        while self.element < place.element {
            self.out.push(self.delimiters.element);
            self.element += 1;
            self.component = 1;
        }
        while self.component < place.component {
            self.out.push(self.delimiters.component.unwrap_or(b':'));
            self.component += 1;
        }
        self.out.extend_from_slice(value);
    }

    fn count(&mut self, place: &ElementPlan, counter: Counter, counters: &Counters<'_>) {
        let number = match counter {
            Counter::Level => counters.level,
            Counter::Parent => counters.parent,
            Counter::HasChildren => u32::from(counters.has_children),
            Counter::Line => counters.line,
            Counter::Segments => counters.segments,
            Counter::Inner => counters.inner,
            Counter::Control => return self.put(place, counters.control),
            Counter::RepetitionSeparator => return self.put(place, &[self.delimiters.repetition.unwrap_or(b'U')]),
            Counter::ComponentSeparator => return self.put(place, &[self.delimiters.component.unwrap_or(b':')]),
        };
        self.put(place, itoa::Buffer::new().format(number).as_bytes());
    }
}

/// A segment read through its plan: the cells and text the writer would have for it.
#[derive(Debug, Default)]
pub(super) struct Canonical {
    cells: Vec<Cell>,
    text: Vec<u8>,
    /// Items of each list in the segment that hold a value.
    filled: Vec<u64>,
    pub(super) out: Vec<u8>,
}

/// What the writer would make of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// What stands.
    Same,
    /// Something else: it is in `out`.
    Other,
    /// Nothing, or not so: a value cannot be read, or no value is held. Names the element.
    Unreadable(u8, u8),
    /// Nothing: no field holds a value of it.
    Empty,
}

impl Canonical {
    /// Renders what the data of a segment would become.
    pub(super) fn judge(&mut self, plan: &SegmentPlan, segment: &Segment<'_>, counters: &Counters<'_>) -> Verdict {
        self.cells.clear();
        self.text.clear();
        self.out.clear();
        self.filled.clear();
        self.filled.extend(plan.flows.iter().map(|flow| plan.filled(flow, segment)));
        let within = plan.elements.iter().take_while(|plan| usize::from(plan.element) < segment.len());
        for (index, element) in within.enumerate() {
            match element.fill {
                Fill::Value(format) => {
                    let (at, component) = plan.source(&self.filled, element.element, element.component);
                    let value = value(segment, at, component);
                    if value.is_empty() || matches!(format, Format::Padded(_)) && value.iter().all(|&byte| byte == b' ')
                    {
                        continue;
                    }
                    let qualifier = if component > 0 {
                        self::value(segment, at, component - 1)
                    } else {
                        self::value(segment, at.saturating_sub(1), 0)
                    };
                    let start = self.text.len() as u32;
                    if format.canonical(value, qualifier, &mut self.text).is_err() {
                        return Verdict::Unreadable(at, component);
                    }
                    self.cells.push(Cell {
                        element: element.element,
                        component: element.component,
                        start,
                        end: self.text.len() as u32,
                    });
                }
                Fill::Qualifier => {
                    let Some(next) = plan.elements.get(index + 1) else { continue };
                    let (value_at, value_component) = plan.source(&self.filled, next.element, next.component);
                    let (at, component) = plan.source(&self.filled, element.element, element.component);
                    let value = value(segment, at, component);
                    if value.is_empty() || self::value(segment, value_at, value_component).is_empty() {
                        continue;
                    }
                    let start = self.text.len() as u32;
                    self.text.extend_from_slice(value);
                    self.cells.push(Cell {
                        element: element.element,
                        component: element.component,
                        start,
                        end: self.text.len() as u32,
                    });
                }
                Fill::Nothing => {}
            }
        }
        if self.cells.is_empty() && !plan.always {
            return Verdict::Empty;
        }
        self.render(plan, segment, counters)
    }

    /// As [`judge`](Self::judge), for a segment without values that stands all the same, since others
    /// of its loop do.
    pub(super) fn judge_bare(&mut self, plan: &SegmentPlan, segment: &Segment<'_>, counters: &Counters<'_>) -> Verdict {
        self.cells.clear();
        self.out.clear();
        self.render(plan, segment, counters)
    }

    fn render(&mut self, plan: &SegmentPlan, segment: &Segment<'_>, counters: &Counters<'_>) -> Verdict {
        let rendered = render(plan, &self.cells, &self.text, false, segment.delimiters(), counters, &mut self.out);
        if rendered.is_ok() && self.out == segment.bytes() { Verdict::Same } else { Verdict::Other }
    }
}

impl SegmentPlan {
    /// Which items of a list inside the segment hold a value: bit n for item n.
    pub(super) fn filled(&self, flow: &Flow, segment: &Segment<'_>) -> u64 {
        let mut filled = 0;
        let within = self.elements.iter().take_while(|plan| usize::from(plan.element) < segment.len());
        for plan in within.filter(|plan| matches!(plan.fill, Fill::Value(_))) {
            if let Some(item) = flow.item(plan.element, plan.component)
                && !value(segment, plan.element, plan.component).is_empty()
            {
                filled |= 1_u64.checked_shl(u32::from(item)).unwrap_or(0);
            }
        }
        filled
    }

    /// Where the value that lists without gaps put at a place stands in a segment that may have
    /// gaps. `filled` has the items that hold a value, list by list.
    fn source(&self, filled: &[u64], element: u8, component: u8) -> (u8, u8) {
        for (flow, &filled) in self.flows.iter().zip(filled) {
            let Some(item) = flow.item(element, component) else { continue };
            if filled & filled.wrapping_add(1) == 0 {
                break;
            }
            let mut left = filled;
            for _ in 0..item {
                left &= left.wrapping_sub(1);
            }
            if left == 0 {
                return (0, 0);
            }
            let shift = (left.trailing_zeros() as u8).saturating_sub(item).saturating_mul(flow.stride);
            return if flow.element == 0 {
                (element.saturating_add(shift), component)
            } else {
                (element, component.saturating_add(shift))
            };
        }
        (element, component)
    }
}

impl Flow {
    /// The item that a place belongs to.
    fn item(&self, element: u8, component: u8) -> Option<u8> {
        let at = match self.element {
            0 => element,
            composite if composite == element => component,
            _ => return None,
        };
        (self.first..=self.last).contains(&at).then(|| (at - self.first) / self.stride.max(1))
    }
}

/// Whether an element holds anything besides separators.
pub(super) fn is_filled(element: &[u8], segment: &Segment<'_>) -> bool {
    element.iter().any(|&byte| Some(byte) != segment.delimiters().component)
}

/// An element (component 0) or a component; empty at place 0, which no value has.
pub(super) fn value<'s>(segment: &Segment<'s>, element: u8, component: u8) -> &'s [u8] {
    match (element, component) {
        (0, _) => b"",
        (element, 0) => segment.element(usize::from(element)),
        (element, component) => segment.component(usize::from(element), usize::from(component)),
    }
}
