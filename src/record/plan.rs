//! What a binding is made of: for each part of a loop and each field of a record, where it is and what fills it.

use super::{Field, Shape, scalar::Format};
use crate::guide::{Guide, NodeId};

/// A record bound to a loop.
#[derive(Debug)]
pub(crate) struct LoopPlan {
    pub(crate) node: NodeId,
    /// The loop's id.
    pub(crate) id: String,
    pub(crate) shape: &'static Shape,
    /// The loop's parts in the guide's order. The segments of inlined loops stand among them.
    pub(crate) parts: Vec<PartPlan>,
    pub(crate) fields: Vec<FieldPlan>,
    /// Slot of each node below the loop, by its distance; `NO_SLOT` for what is not the record's own.
    pub(super) slots: Vec<u16>,
    /// Whether the loop begins with an HL.
    pub(crate) hierarchical: bool,
    /// Whether the record around holds a list of these.
    pub(crate) many: bool,
    /// Fields that have no place in this guide.
    pub(crate) homeless: Vec<&'static str>,
    /// Fields that may have a value when a slot is filled.
    pub(super) reaching: Vec<FieldSet>,
    /// The layout, which has no slot.
    pub(crate) unslotted: FieldSet,
}

/// A set of a plan's fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet([u64; 4]);

impl FieldSet {
    /// Fields beyond the last of these belong to every set.
    const MOST: usize = 255;

    pub(super) fn insert(&mut self, field: usize) {
        let field = field.min(Self::MOST);
        self.0[field / 64] |= 1 << (field % 64);
    }

    pub(crate) fn join(&mut self, other: Self) {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word |= other;
        }
    }

    /// The fields of the set, in the order of the table.
    pub(crate) fn of(self, fields: &[FieldPlan]) -> impl Iterator<Item = &FieldPlan> {
        let members = self.0.into_iter().enumerate().flat_map(|(at, mut word)| {
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros() as usize;
                (word != 0).then(|| {
                    word &= word - 1;
                    at * 64 + bit
                })
            })
        });
        members
            .filter(|field| *field < Self::MOST)
            .filter_map(|field| fields.get(field))
            .chain(fields.get(Self::MOST..).unwrap_or_default())
    }
}

pub(super) const NO_SLOT: u16 = u16::MAX;

/// A part of a loop, as a record sees it.
#[derive(Debug)]
pub(crate) enum PartPlan {
    Segment(SegmentPlan),
    Loop(LoopPlan),
    /// A loop that another guide describes.
    Outside(String),
    /// A loop that is no field of the record.
    Other,
}

/// A segment use, as a record sees it.
#[derive(Debug)]
pub(crate) struct SegmentPlan {
    pub(crate) id: Vec<u8>,
    pub(crate) designator: String,
    pub(crate) elements: Vec<ElementPlan>,
    /// Lists inside the segment, which a writer fills without gaps.
    pub(crate) flows: Vec<Flow>,
    /// Elements and how many values each repeat of the segment takes, where a list runs over
    /// repeats.
    pub(crate) chunk: Option<Chunk>,
    /// Whether it stands even when no field holds anything: the segment that begins the loop, and
    /// the transaction set's trailer.
    pub(crate) always: bool,
    /// For a segment of an inlined loop: the slots of that loop.
    pub(crate) inlined: Option<std::ops::Range<u16>>,
    /// Whether the record can hold more than one.
    pub(crate) many: bool,
    /// Bit n: element n is held, implied or counted.
    pub(crate) known: u64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk {
    pub(crate) width: u8,
}

/// A list inside a segment: elements `first` to `last` every `stride`, or components of `element`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    /// The composite whose components form the list; 0 for a list of elements.
    pub(crate) element: u8,
    pub(crate) first: u8,
    pub(crate) last: u8,
    pub(crate) stride: u8,
}

/// One element or component of a segment.
#[derive(Debug)]
pub(crate) struct ElementPlan {
    pub(crate) element: u8,
    pub(crate) component: u8,
    pub(crate) fill: Fill,
    /// A number that the writer counts, where no field holds one.
    pub(crate) counter: Option<Counter>,
    /// The only code, for a place that no field or an absent one fills.
    pub(crate) implied: Option<Vec<u8>>,
    /// Whether the implied code stands whenever its segment (and its composite) does.
    pub(crate) required: bool,
    /// For a component: whether its composite is required.
    pub(crate) composite_required: bool,
}

/// What fills an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    /// No field.
    Nothing,
    /// A field.
    Value(Format),
    /// The format qualifier of the value after it.
    Qualifier,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counter {
    Level,
    Parent,
    HasChildren,
    Line,
    Segments,
    /// Loops inside: groups of an interchange, transaction sets of a group.
    Inner,
    /// The control number of the header.
    Control,
    RepetitionSeparator,
    ComponentSeparator,
}

/// A field bound to its place.
#[derive(Debug)]
pub(crate) struct FieldPlan {
    pub(crate) name: &'static str,
    /// `,"name":`
    pub(crate) key: Vec<u8>,
    pub(crate) many: bool,
    pub(crate) reach: Reach,
    pub(crate) value: Value,
    /// A code that goes without saying: the only one, which must stand.
    pub(crate) unsaid: Option<Vec<u8>>,
}

/// How a field reaches its place. Elements are relative to the scope: absolute in a segment, offsets
/// in a run, 0 in a composite.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reach {
    Here,
    Layout,
    Loop { slot: u16 },
    Segment { slot: u16 },
    Element { slot: u16, element: u8, component: u8 },
    Elements { slot: u16, first: u8, last: u8, component: u8 },
    Components { slot: u16, element: u8, first: u8, last: u8 },
    Runs { slot: u16, first: u8, last: u8, stride: u8 },
}

#[derive(Debug)]
pub(crate) enum Value {
    Scalar(Format),
    Record(Vec<FieldPlan>),
    /// A loop's fields are in its part.
    Loop,
}

impl LoopPlan {
    /// The slot of a node; `None` for what is not the record's own.
    #[inline]
    pub(crate) fn slot(&self, node: NodeId) -> Option<u16> {
        let slot = *self.slots.get(node.index().checked_sub(self.node.index())?)?;
        (slot != NO_SLOT).then_some(slot)
    }

    pub(crate) fn part(&self, slot: u16) -> Option<&PartPlan> {
        self.parts.get(usize::from(slot))
    }

    /// The nodes of the parts, in order.
    pub(crate) fn nodes<'s>(&'s self, guide: &'s Guide) -> impl Iterator<Item = NodeId> + 's {
        let mut nodes: Vec<(u16, NodeId)> = guide.nodes().filter_map(|node| Some((self.slot(node)?, node))).collect();
        nodes.sort_unstable();
        nodes.into_iter().map(|(_, node)| node)
    }

    /// Fields that may have a value when a slot is filled.
    #[inline]
    pub(crate) fn reaching(&self, slot: u16) -> FieldSet {
        self.reaching.get(usize::from(slot)).copied().unwrap_or_default()
    }
}

impl SegmentPlan {
    /// The element of the control number, if the segment heads an envelope.
    pub(crate) fn control_element(&self) -> Option<u8> {
        match self.id.as_slice() {
            b"ST" => Some(2),
            b"GS" => Some(6),
            b"ISA" => Some(13),
            _ => None,
        }
    }

    /// Whether the segment begins the inlined loop it stands in, at a slot.
    pub(crate) fn begins_inlined(&self, slot: u16) -> bool {
        self.inlined.as_ref().is_some_and(|range| range.start == slot)
    }
}

impl ElementPlan {
    /// Whether a field or a counter fills it.
    pub(crate) fn is_filled(&self) -> bool {
        self.fill != Fill::Nothing || self.counter.is_some()
    }
}

impl FieldPlan {
    /// Calls back with each slot that the field may take a value from; with none for the layout.
    pub(super) fn each_slot(&self, found: &mut dyn FnMut(Option<u16>)) {
        match (&self.value, self.reach) {
            (Value::Record(fields), Reach::Here) => {
                for field in fields {
                    field.each_slot(found);
                }
            }
            (_, Reach::Here | Reach::Layout) => found(None),
            (
                _,
                Reach::Loop { slot }
                | Reach::Segment { slot }
                | Reach::Element { slot, .. }
                | Reach::Elements { slot, .. }
                | Reach::Components { slot, .. }
                | Reach::Runs { slot, .. },
            ) => {
                found(Some(slot));
            }
        }
    }

    pub(super) fn new(field: &'static Field, reach: Reach, value: Value) -> Self {
        Self {
            name: field.name,
            key: format!(",\"{}\":", field.name).into_bytes(),
            many: field.many,
            reach,
            value,
            unsaid: None,
        }
    }
}
