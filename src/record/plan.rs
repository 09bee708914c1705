//! What a binding is made of: for each part of a loop and each field of a record, where it is and what fills it.

use super::{Field, Shape, held::Holdings, scalar::Format};
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
    /// What reading must know of every part, close together.
    pub(super) traits: Vec<Option<Traits>>,
    pub(crate) fields: Fields,
    /// Slot of each node below the loop, by its distance; `NO_SLOT` for what is not the record's own.
    pub(super) slots: Vec<u16>,
    /// Slots of segments that may stand though no field holds anything of them.
    pub(super) standing: Vec<u16>,
    /// Whether the loop begins with an HL.
    pub(crate) hierarchical: bool,
    /// Whether the record around holds a list of these.
    pub(crate) many: bool,
    /// Fields that have no place in this guide.
    pub(crate) homeless: Vec<&'static str>,
    /// Fields that may have a value when a slot is filled, besides those in `rows`.
    pub(super) reaching: Vec<FieldSet>,
    /// For each element of each segment, the field that is its value and nothing else (`NO_FIELD` if there is
    /// none).
    pub(super) rows: Vec<u16>,
    /// What becomes of the text of each element.
    pub(super) holdings: Holdings,
    /// Slot of the first loop that is no field of the record; `NO_SLOT` if there is none.
    pub(super) first_other: u16,
    /// The layout, which has no slot.
    pub(crate) unslotted: FieldSet,
}

/// A set of a plan's fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet([u64; 4]);

impl FieldSet {
    /// Most fields of a table.
    pub(crate) const MOST: usize = 256;

    pub(super) fn insert(&mut self, field: usize) {
        if let Some(word) = self.0.get_mut(field / 64) {
            *word |= 1 << (field % 64);
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }

    #[inline]
    pub(crate) fn join(&mut self, other: Self) {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word |= other;
        }
    }

    /// The fields of the set by their numbers, in order.
    #[inline]
    pub(crate) fn fields(self) -> impl Iterator<Item = usize> {
        let Self(mut words) = self;
        let mut at = 0;
        std::iter::from_fn(move || {
            loop {
                let word = words.get_mut(at)?;
                if *word != 0 {
                    let bit = word.trailing_zeros() as usize;
                    *word &= *word - 1;
                    return Some(at * 64 + bit);
                }
                at += 1;
            }
        })
    }
}

pub(super) const NO_SLOT: u16 = u16::MAX;

pub(super) const NO_FIELD: u16 = u16::MAX;

/// What must be known of a part whenever it is met in a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits {
    /// Of a segment: where in the plan's rows, and its holdings, its elements begin and end.
    pub(super) row: (u32, u32),
    pub(super) is_segment: bool,
    /// Whether the record can hold more than one.
    pub(super) many: bool,
    /// Whether it is a loop that begins with an HL.
    pub(super) hierarchical: bool,
    /// Whether it is a loop that another guide describes.
    pub(super) outside: bool,
    /// Whether it is a segment over whose repeats a list runs.
    pub(super) chunked: bool,
}

/// A part of a loop, as a record sees it.
#[derive(Debug)]
pub(crate) enum PartPlan {
    Segment(SegmentPlan),
    Loop(Box<LoopPlan>),
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
    /// The element of the control number, if the segment heads an envelope.
    pub(super) control: Option<u8>,
    /// How many of the elements there are up to the last that may stand without a value.
    pub(super) unfilled: usize,
    /// Whether it stands even when no field holds anything: the segment that begins the loop, and
    /// the transaction set's trailer.
    pub(crate) always: bool,
    /// For a segment of an inlined loop: the slots of that loop.
    pub(crate) inlined: Option<std::ops::Range<u16>>,
    /// Whether the record can hold more than one.
    pub(crate) many: bool,
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

/// The fields of a record that have a place, in the order of its table.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    list: Vec<FieldPlan>,
    /// Open addressing over the names: index + 1, 0 for empty; at most half full.
    names: Vec<u16>,
}

impl Fields {
    pub(super) fn new(list: Vec<FieldPlan>) -> Self {
        let mut names = vec![0; (list.len() * 2).next_power_of_two()];
        let mask = names.len() - 1;
        for (index, field) in list.iter().enumerate() {
            let mut slot = Self::spread(field.name) & mask;
            while names[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            names[slot] = index as u16 + 1;
        }
        Self { list, names }
    }

    /// The field of a name. `expected` is its number, probably.
    #[inline]
    pub(super) fn named(&self, name: &str, expected: usize) -> Option<usize> {
        if self.list.get(expected).is_some_and(|field| field.name == name) {
            return Some(expected);
        }
        let mask = self.names.len().checked_sub(1)?;
        let mut slot = Self::spread(name) & mask;
        loop {
            let index = usize::from(*self.names.get(slot)?).checked_sub(1)?;
            if self.list.get(index)?.name == name {
                return Some(index);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Names differ in their length or in one of three letters, mostly.
    #[inline]
    fn spread(name: &str) -> usize {
        let bytes = name.as_bytes();
        let letter = |at: usize| bytes.get(at).copied().map_or(0, u64::from);
        let word = bytes.len() as u64
            | letter(0) << 8
            | letter(bytes.len() / 2) << 16
            | letter(bytes.len().saturating_sub(1)) << 24;
        (word.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize
    }
}

impl std::ops::Deref for Fields {
    type Target = [FieldPlan];
    fn deref(&self) -> &[FieldPlan] {
        &self.list
    }
}

/// A field bound to its place.
#[derive(Debug)]
pub(crate) struct FieldPlan {
    pub(crate) name: &'static str,
    pub(crate) key: Key,
    pub(crate) many: bool,
    pub(crate) reach: Reach,
    pub(crate) value: Value,
    /// What the field is if it is one value of one segment, as most are.
    pub(super) single: Option<Single>,
    /// A code that goes without saying: the only one, which must stand.
    pub(crate) unsaid: Option<Vec<u8>>,
}

/// `,"name":` as it is written before a field's value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    text: [u8; Self::ROOM],
    length: usize,
}

impl Key {
    const ROOM: usize = 48;
    /// The longest name of a field.
    pub(crate) const LONGEST_NAME: usize = Self::ROOM - 4;

    fn of(name: &str) -> Self {
        let mut text = [b' '; Self::ROOM];
        let parts = [b",\"", name.as_bytes(), b"\":"];
        let bytes = parts.into_iter().flatten().copied();
        let length = text.iter_mut().zip(bytes).map(|(to, byte)| *to = byte).count();
        Self { text, length }
    }

    #[inline]
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        // Three moves and a cut: less than a copy of unknown length takes.
        let end = out.len() + self.length;
        out.extend_from_slice(&self.text);
        out.truncate(end);
    }
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

impl Reach {
    pub(super) fn slot(self) -> u16 {
        match self {
            Self::Loop { slot }
            | Self::Segment { slot }
            | Self::Element { slot, .. }
            | Self::Elements { slot, .. }
            | Self::Components { slot, .. }
            | Self::Runs { slot, .. } => slot,
            Self::Here | Self::Layout => u16::MAX,
        }
    }

    pub(super) fn has_slot(self) -> bool {
        !matches!(self, Self::Here | Self::Layout)
    }
}

/// One value of one segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Single {
    pub(super) element: u8,
    pub(super) component: u8,
    pub(super) format: Format,
}

#[derive(Debug)]
pub(crate) enum Value {
    Scalar(Format),
    Record(Fields),
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

    pub(super) fn designator(&self, slot: u16) -> Option<String> {
        match self.part(slot)? {
            PartPlan::Segment(segment) => Some(segment.designator.clone()),
            PartPlan::Loop(inner) => Some(inner.id.clone()),
            PartPlan::Outside(designator) => Some(designator.clone()),
            PartPlan::Other => None,
        }
    }

    /// What must be known of a part that is a field of the record; `None` for one that is not.
    #[inline]
    pub(super) fn traits(&self, slot: u16) -> Option<Traits> {
        self.traits.get(usize::from(slot)).copied().flatten()
    }

    /// The field of each element of a segment, from the id on.
    #[inline]
    pub(super) fn row(&self, traits: Traits) -> &[u16] {
        self.rows.get(traits.row.0 as usize..traits.row.1 as usize).unwrap_or_default()
    }

    /// Whether nothing of an element's text is lost.
    #[inline]
    pub(super) fn holds(&self, traits: Traits, element: usize, text: &[u8], separator: Option<u8>) -> bool {
        let at = traits.row.0 as usize + element;
        at < traits.row.1 as usize && self.holdings.hold(at, text, separator)
    }

    /// Whether a segment belongs to a field of the record, and not only to its loop.
    pub(super) fn has_fields(&self, slot: u16, traits: Traits) -> bool {
        !self.reaching(slot).is_empty() || self.row(traits).iter().any(|field| *field != NO_FIELD)
    }

    /// Whether the record says how its loop is spelled.
    pub(super) fn has_layout(&self) -> bool {
        !self.unslotted.is_empty()
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

impl Traits {
    pub(super) fn of(part: &PartPlan) -> Option<Self> {
        let none =
            Self { row: (0, 0), is_segment: false, many: true, hierarchical: false, outside: false, chunked: false };
        Some(match part {
            PartPlan::Segment(segment) => {
                Self { is_segment: true, many: segment.many, chunked: segment.chunk.is_some(), ..none }
            }
            PartPlan::Loop(inner) => Self { many: inner.many, hierarchical: inner.hierarchical, ..none },
            PartPlan::Outside(_) => Self { outside: true, ..none },
            PartPlan::Other => return None,
        })
    }
}

impl SegmentPlan {
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
                for field in fields.iter() {
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
            key: Key::of(field.name),
            many: field.many,
            single: match (&value, reach) {
                (Value::Scalar(format), Reach::Element { element, component, .. }) if !field.many => {
                    Some(Single { element, component, format: *format })
                }
                _ => None,
            },
            reach,
            value,
            unsaid: None,
        }
    }
}
