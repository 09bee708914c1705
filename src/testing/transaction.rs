//! Transaction sets at random, after a guide.

use std::io::Write;

use arbitrary::Unstructured;

use super::{draw::Draw, value};
use crate::{
    guide::{
        DataType, Dictionary, DictionaryElement, ElementUse, Guide, NodeId, Place, Repeat, SyntaxNote, Usage,
        dictionary,
    },
    x12::{WriteError, Writer},
};

/// Beyond so many segments only what must stand is added to a transaction set.
pub const MAX_SEGMENTS: usize = 2000;

/// How often a part is repeated at most, where it may be repeated without end or very often.
const MOST_REPEATS: u32 = 120;

/// A transaction set that a guide allows, as far as its tables say. It has no envelope; of the guide of
/// the interchange itself (TA1) it is the TA1 segments.
#[derive(Clone, Debug)]
pub struct Transaction<'g> {
    guide: &'g Guide,
    segments: Vec<Segment<'g>>,
}

/// A segment: its elements, of repetitions, of components.
#[derive(Clone, Debug)]
pub(super) struct Segment<'g> {
    pub(super) node: NodeId,
    pub(super) id: &'g str,
    pub(super) elements: Vec<Vec<Vec<String>>>,
}

/// Draws a transaction set. Without entropy it has what the guide requires and nothing else; it ends,
/// whatever the entropy, soon after [`MAX_SEGMENTS`].
pub fn transaction<'g>(guide: &'g Guide, entropy: &mut Unstructured<'_>) -> Transaction<'g> {
    let mut transaction = Transaction { guide, segments: Vec::new() };
    let Ok(dictionary) = dictionary() else { return transaction };
    let mut draw = Draw(entropy);
    // How much of what may stand does: now nearly nothing, now nearly all.
    let density = match draw.byte() {
        dense @ 224.. => u16::from(dense),
        sparse => u16::from(sparse) / 4,
    };
    let mut drawing = Drawing { guide, dictionary, draw, density, segments: Vec::new(), levels: 0 };
    if guide.set == "TA1" {
        drawing.acknowledgments();
    } else {
        drawing.parts(NodeId::ROOT, None);
    }
    transaction.segments = drawing.segments;
    transaction.number("0001");
    transaction
}

impl<'g> Transaction<'g> {
    /// The guide it was drawn from.
    pub fn guide(&self) -> &'g Guide {
        self.guide
    }

    /// The places that its segments were drawn for, in order.
    pub fn places(&self) -> impl ExactSizeIterator<Item = NodeId> + '_ {
        self.segments.iter().map(|segment| segment.node)
    }

    /// Gives it a control number (ST02, SE02).
    pub fn number(&mut self, control_number: &str) {
        let count = self.segments.len();
        for segment in &mut self.segments {
            match segment.id {
                "ST" => segment.set(2, control_number),
                "SE" => {
                    segment.set(1, &count.to_string());
                    segment.set(2, control_number);
                }
                _ => {}
            }
        }
    }

    /// Writes its segments.
    ///
    /// # Errors
    /// Values that hold one of the writer's delimiters; output that fails.
    pub fn write<W: Write>(&self, writer: &mut Writer<W>) -> Result<(), WriteError> {
        self.segments.iter().try_for_each(|segment| segment.write(writer))
    }

    /// Whether a value of it holds a byte.
    pub(super) fn holds(&self, byte: u8) -> bool {
        let elements = self.segments.iter().flat_map(|segment| &segment.elements);
        elements.flatten().flatten().any(|value| value.as_bytes().contains(&byte))
    }
}

impl Segment<'_> {
    /// Writes it.
    pub(super) fn write<W: Write>(&self, writer: &mut Writer<W>) -> Result<(), WriteError> {
        let mut segment = writer.start(self.id);
        for element in &self.elements {
            segment = segment.composite(element.first().unwrap_or(&Vec::new()));
            for again in element.iter().skip(1) {
                segment = segment.repeated_composite(again);
            }
        }
        segment.end()
    }

    /// Puts a simple value into an element, if it stands.
    fn set(&mut self, position: usize, value: &str) {
        if let Some(element) = self.elements.get_mut(position - 1).filter(|element| !element.is_empty()) {
            *element = vec![vec![value.to_owned()]];
        }
    }
}

struct Drawing<'g, 'u, 'e> {
    guide: &'g Guide,
    dictionary: &'static Dictionary,
    draw: Draw<'u, 'e>,
    /// In how many of 256 cases something stands that need not.
    density: u16,
    segments: Vec<Segment<'g>>,
    /// Hierarchical levels so far.
    levels: u32,
}

impl<'g> Drawing<'g, '_, '_> {
    /// The parts of a loop. `level` is the number of the hierarchical level around it.
    fn parts(&mut self, node: NodeId, level: Option<u32>) {
        let guide = self.guide;
        let begins = guide.children(node).first().copied().filter(|first| guide.is_trigger(*first));
        let is_level = begins.and_then(|first| guide.segment(first)).is_some_and(|first| first.id == "HL");
        let own = if is_level {
            self.levels += 1;
            Some(self.levels)
        } else {
            level
        };
        let (at, children) = (self.segments.len(), self.level_below(node, is_level));
        let levels_before = self.levels;
        for (line, &child) in guide.children(node).iter().enumerate() {
            let times = match children {
                Levels::Some(first) if first == child => self.times(child).max(1),
                Levels::None if self.is_level(child) => 0,
                _ => self.times(child),
            };
            for count in 1..=times {
                match guide.place(child) {
                    Place::Loop(_) => self.parts(child, own),
                    // The segment that begins the loop stands once.
                    Place::Segment(_) if line == 0 && count > 1 => {}
                    Place::Segment(_) => self.segment(child),
                }
                self.number_line(child, count);
            }
        }
        if let (true, Some(own)) = (is_level, own) {
            let has_children = self.levels > levels_before;
            self.number_level(at, own, level, has_children);
        }
    }

    /// How often a part stands here.
    fn times(&mut self, node: NodeId) -> u32 {
        let (usage, repeat) = (self.guide.usage(node), self.guide.repeat(node));
        let most = match repeat {
            Repeat::UpTo(most) => u32::from(most).min(MOST_REPEATS),
            Repeat::Unlimited => MOST_REPEATS,
        };
        let is_full = self.segments.len() >= MAX_SEGMENTS;
        let mut times = match usage {
            Usage::NotUsed => return 0,
            Usage::Required => 1,
            Usage::Situational if is_full || !self.draw.chance(self.density) => return 0,
            Usage::Situational => 1,
        };
        if most > 1 && !is_full {
            // Now and then as often as may be.
            if self.draw.chance(2) {
                return most;
            }
            while times < most && self.draw.chance(self.density.clamp(8, 64)) {
                times += 1;
            }
        }
        times
    }

    /// What HL04 says of the levels below, before there are any.
    fn level_below(&self, node: NodeId, is_level: bool) -> Levels {
        let guide = self.guide;
        let Some(hl) = guide.children(node).first().filter(|_| is_level).and_then(|first| guide.segment(*first)) else {
            return Levels::Any;
        };
        let mut below = guide.children(node).iter().copied().filter(|child| self.is_level(*child));
        match hl.element(4, 0).and_then(ElementUse::only_code) {
            Some("1") => below.next().map_or(Levels::Any, Levels::Some),
            Some("0") if !below.any(|child| guide.usage(child) == Usage::Required) => Levels::None,
            _ => Levels::Any,
        }
    }

    fn is_level(&self, node: NodeId) -> bool {
        let first = self.guide.loop_at(node).and_then(|_| self.guide.children(node).first());
        first.and_then(|first| self.guide.segment(*first)).is_some_and(|first| first.id == "HL")
    }

    /// Puts the numbers of a level into its HL, which stands at `at`.
    fn number_level(&mut self, at: usize, own: u32, around: Option<u32>, has_children: bool) {
        let Some(hl) = self.segments.get_mut(at) else { return };
        hl.set(1, &own.to_string());
        if let Some(around) = around {
            hl.set(2, &around.to_string());
        }
        hl.set(4, if has_children { "1" } else { "0" });
    }

    /// Numbers the line that a loop has just been drawn for.
    fn number_line(&mut self, node: NodeId, count: u32) {
        let Some(first) = self.guide.loop_at(node).and_then(|_| self.guide.children(node).first()).copied() else {
            return;
        };
        if self.guide.segment(first).is_some_and(|first| first.id == "LX")
            && let Some(line) = self.segments.iter_mut().rev().find(|segment| segment.node == first)
        {
            line.set(1, &count.to_string());
        }
    }

    /// The TA1 segments of an interchange that only acknowledges.
    fn acknowledgments(&mut self) {
        let guide = self.guide;
        let of = |id: &&NodeId| guide.segment(**id).is_some_and(|segment| segment.id == "TA1");
        let Some(&node) = guide.children(NodeId::ROOT).iter().find(of) else { return };
        for _ in 0..=self.draw.below(4) {
            self.segment(node);
        }
    }

    fn segment(&mut self, node: NodeId) {
        let Some(segment) = self.guide.segment(node) else { return };
        let members = self.dictionary.segment_elements(&segment.id);
        let stand =
            self.standing(members, |position| segment.element(position, 0), self.dictionary.segment_notes(&segment.id));
        let mut elements: Vec<Vec<Vec<String>>> = Vec::new();
        let mut before: Option<(&ElementUse, String)> = None;
        for (at, stands) in stand.iter().enumerate() {
            let position = (at + 1) as u8;
            let used = segment.element(position, 0).filter(|_| *stands);
            let mut element = Vec::new();
            if let Some(used) = used {
                let so_far = before.as_ref().map(|(used, value)| (*used, value.as_str()));
                element.push(self.value(&segment.elements, used, so_far));
                while self.may_repeat(used, element.len()) {
                    element.push(self.value(&segment.elements, used, None));
                }
            }
            before = used.zip(element.first().and_then(|first| first.first()).cloned());
            elements.push(element);
        }
        if segment.id == "ST"
            && let (Some(used), Some(convention)) = (segment.element(3, 0), elements.get_mut(2))
            && !convention.is_empty()
        {
            *convention = vec![vec![convention_of(self.guide, Some(used)).to_owned()]];
        }
        self.segments.push(Segment { node, id: &segment.id, elements });
    }

    fn may_repeat(&mut self, used: &ElementUse, times: usize) -> bool {
        used.repeat.is_many() && used.repeat.allows(times as u32 + 1) && times < 12 && self.draw.chance(64)
    }

    /// The value of an element, in its components; one for a simple element.
    fn value(
        &mut self,
        uses: &'g [ElementUse],
        used: &'g ElementUse,
        before: Option<(&ElementUse, &str)>,
    ) -> Vec<String> {
        if used.data.kind != DataType::Composite {
            return vec![value::of(used, before, &mut self.draw)];
        }
        let members = self.dictionary.components(&used.data.number);
        let notes = self.dictionary.composite_notes(&used.data.number);
        let of = |component: u8| uses.iter().find(|one| (one.position, one.component) == (used.position, component));
        let mut stand = self.standing(members, of, notes);
        if !stand.contains(&true)
            && let Some(first) = (1..).zip(&mut stand).find_map(|(at, stands)| of(at).map(|_| stands))
        {
            *first = true;
        }
        let mut components: Vec<String> = Vec::new();
        let mut before: Option<(&ElementUse, String)> = None;
        for (component, stands) in (1..).zip(stand) {
            let used = of(component).filter(|_| stands);
            let so_far = before.as_ref().map(|(used, value)| (*used, value.as_str()));
            let value = used.map(|used| value::of(used, so_far, &mut self.draw)).unwrap_or_default();
            before = used.map(|used| (used, value.clone()));
            components.push(value);
        }
        components
    }

    /// Which of the elements of a segment, or components of a composite, stand: all that must, some that may,
    /// and so that the syntax notes hold.
    fn standing(
        &mut self,
        members: &[DictionaryElement],
        used: impl Fn(u8) -> Option<&'g ElementUse>,
        notes: &[SyntaxNote],
    ) -> Vec<bool> {
        let mut stand = vec![false; members.len()];
        for (position, stands) in (1..).zip(&mut stand) {
            *stands = match used(position).map(|used| used.usage) {
                Some(Usage::Required) => true,
                Some(Usage::Situational) => self.draw.chance(self.density.max(24)),
                Some(Usage::NotUsed) | None => false,
            };
        }
        let must = |position: u8| used(position).is_some_and(|used| used.usage == Usage::Required);
        let may = |position: u8| used(position).is_some_and(|used| used.usage != Usage::NotUsed);
        // Each round settles what the one before upset; the notes of a segment are few.
        for _ in 0..=notes.len() {
            for note in notes {
                settle(note, &mut stand, must, may);
            }
        }
        stand
    }
}

/// What the levels below one are, by its HL04.
#[derive(Clone, Copy)]
enum Levels {
    /// As it comes.
    Any,
    /// At least one, of this loop.
    Some(NodeId),
    /// None.
    None,
}

/// Adds elements, or takes some away, so that a syntax note holds.
fn settle(note: &SyntaxNote, stand: &mut [bool], must: impl Fn(u8) -> bool, may: impl Fn(u8) -> bool) {
    let stands = |stand: &[bool], position: u8| stand.get(usize::from(position) - 1).copied().unwrap_or(false);
    let set = |stand: &mut [bool], position: u8, value: bool| {
        if let Some(stands) = stand.get_mut(usize::from(position) - 1) {
            *stands = value;
        }
    };
    let positions = note.positions.as_slice();
    let count = positions.iter().filter(|position| stands(stand, **position)).count();
    let Some((&first, others)) = positions.split_first() else { return };
    match note.kind {
        'P' if count > 0 && count < positions.len() => {
            let all = positions.iter().all(|position| may(*position));
            positions.iter().for_each(|&position| set(stand, position, all || must(position)));
        }
        'R' if count == 0 => {
            if let Some(&position) = positions.iter().find(|position| may(**position)) {
                set(stand, position, true);
            }
        }
        'E' if count > 1 => {
            let kept = positions.iter().find(|position| must(**position));
            let kept = kept.or_else(|| positions.iter().find(|position| stands(stand, **position))).copied();
            positions.iter().filter(|position| Some(**position) != kept).for_each(|&position| {
                set(stand, position, false);
            });
        }
        'C' if stands(stand, first) && count < positions.len() => match others.iter().all(|position| may(*position)) {
            true => others.iter().for_each(|&position| set(stand, position, true)),
            false => set(stand, first, must(first)),
        },
        'L' if stands(stand, first) && count == 1 => match others.iter().find(|position| may(**position)) {
            Some(&position) => set(stand, position, true),
            None => set(stand, first, must(first)),
        },
        _ => {}
    }
}

/// ST03: what chooses the guide, if it is a companion; its identifier.
pub(super) fn convention_of<'g>(guide: &'g Guide, used: Option<&'g ElementUse>) -> &'g str {
    let listed = used.and_then(|used| used.codes.first());
    guide.ids.first().or(listed).unwrap_or(&guide.id)
}
