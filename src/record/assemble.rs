//! A loop's values to its segments: in the guide's order, as its layout has them spelled.

use std::{
    borrow::Cow,
    collections::{HashMap, VecDeque},
    fmt,
    ops::Range,
};

use super::{
    Layout, Unplaced, Verbatim,
    gather::decode,
    plan::{LoopPlan, NO_SLOT, PartPlan, SegmentPlan},
    render::{Cell, Counters, HoldsDelimiter, NO_CONTROL, has_delimiter, render},
    style::{Added, Start, Style},
};
use crate::x12::{Delimiters, OnDelimiter};

/// What a writer holds: values by their parts, and what is rendered.
#[derive(Debug)]
pub(super) struct State<'b> {
    pub(super) style: &'b Style,
    pub(super) buffers: Buffers,
    pub(super) levels: u32,
    pub(super) parent: u32,
    pub(super) start: Start,
    /// Whether layouts name their delimiters, or have the usual ones; else theirs are those of the style.
    pub(super) of_lines: bool,
}

/// The memory of a writer, which the next one can use again.
#[derive(Debug, Default)]
pub struct Buffers {
    /// Texts of the cells.
    pub(super) text: Vec<u8>,
    pub(super) cells: Vec<PartCell>,
    pub(super) inner: Vec<Inner>,
    /// Rendered loops, innermost last.
    pub(super) out: Vec<u8>,
    /// Rendered segments of the loop at hand.
    scratch: Vec<u8>,
    /// A loop on its way to `out`.
    joined: Vec<u8>,
    row: Vec<Cell>,
    items: Vec<Item>,
    /// The control number of the envelope at hand.
    control: Vec<u8>,
}

impl Buffers {
    /// Takes back the bytes of something written, to be used again.
    pub fn reuse(&mut self, mut bytes: Vec<u8>) {
        bytes.clear();
        self.out = bytes;
    }
}

/// A value under its part.
#[derive(Clone, Copy, Debug)]
pub(super) struct PartCell {
    pub(super) slot: u16,
    /// Which repeat of the segment; in a list that runs over repeats, which value.
    pub(super) occurrence: u32,
    pub(super) cell: Cell,
}

impl PartCell {
    /// Cells in this order are in that of the segments that they make.
    fn order(&self) -> u64 {
        let Cell { element, component, .. } = self.cell;
        u64::from(self.slot) << 48 | u64::from(self.occurrence) << 16 | u64::from(element) << 8 | u64::from(component)
    }
}

/// A rendered inner loop.
#[derive(Clone, Debug)]
pub(super) struct Inner {
    pub(super) slot: u16,
    pub(super) bytes: Range<usize>,
    pub(super) segments: u32,
    pub(super) hierarchical: bool,
}

/// What a loop's object has gathered so far.
pub(super) struct Frame {
    text: usize,
    cells: usize,
    inner: usize,
    out: usize,
    level: u32,
    outer: u32,
}

/// Data that may not be written.
pub(super) struct Refusal {
    /// The loop's id.
    plan: String,
    segment: String,
    holds: HoldsDelimiter,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, segment, holds: HoldsDelimiter { element, component } } = self;
        write!(f, "{plan}/{segment}")?;
        if *element > 0 {
            write!(f, "{element:02}")?;
        }
        if *component > 0 {
            write!(f, "-{component}")?;
        }
        f.write_str(" holds a character that separates segments, elements or components: choose other delimiters, or have it replaced")
    }
}

/// A segment or an inner loop on its way out.
#[derive(Debug)]
struct Item {
    slot: u16,
    /// In `scratch` for a segment, in `out` for a loop.
    bytes: Range<usize>,
    is_loop: bool,
    segments: u32,
    refused: Option<HoldsDelimiter>,
}

impl Item {
    fn of_loop(inner: &Inner) -> Self {
        let Inner { slot, bytes, segments, .. } = inner;
        Self { slot: *slot, bytes: bytes.clone(), is_loop: true, segments: *segments, refused: None }
    }
}

impl Added {
    /// Whether a segment stands though no field holds anything of it.
    fn adds(self, segment: &SegmentPlan, slot: u16) -> bool {
        match self {
            Self::All => segment.always,
            Self::NoTrailer => segment.always && slot == 0,
            Self::Nothing => false,
        }
    }
}

impl SegmentPlan {
    /// Whether the segment begins an inlined loop of which values follow.
    fn begins_before(&self, slot: u16, after: &[PartCell]) -> bool {
        self.begins_inlined(slot)
            && after.iter().any(|cell| self.inlined.as_ref().is_some_and(|range| range.contains(&cell.slot)))
    }
}

impl<'b> State<'b> {
    pub(super) fn new(style: &'b Style, start: Start, mut buffers: Buffers) -> Self {
        buffers.text.clear();
        buffers.cells.clear();
        buffers.inner.clear();
        buffers.out.clear();
        Self { style, buffers, levels: start.levels, parent: start.parent, start, of_lines: false }
    }

    pub(super) fn begin(&mut self, plan: &LoopPlan) -> Frame {
        let outer = self.parent;
        let mut level = 0;
        if plan.hierarchical {
            self.levels += 1;
            level = self.levels;
            self.parent = level;
        }
        Frame {
            text: self.buffers.text.len(),
            cells: self.buffers.cells.len(),
            inner: self.buffers.inner.len(),
            out: self.buffers.out.len(),
            level,
            outer,
        }
    }

    /// Renders the loop in place of its inner loops.
    pub(super) fn end(
        &mut self,
        plan: &LoopPlan,
        frame: &Frame,
        line: u32,
        outside: Start,
        layout: Option<&Layout>,
    ) -> Result<u32, Refusal> {
        self.parent = frame.outer;
        let layout = layout.map(|layout| self.respelled(plan, layout)).transpose()?;
        let layout = layout.as_deref();
        self.chunk(plan, frame, layout);
        let mut items = std::mem::take(&mut self.buffers.items);
        items.clear();
        self.buffers.scratch.clear();
        let unplaced = layout.map_or(0, |layout| layout.unplaced.len() as u32);
        self.render(plan, frame, line, outside, unplaced, &mut items);
        if let Some(layout) = layout {
            arrange(plan, layout, &mut items);
        }
        let mut joined = std::mem::take(&mut self.buffers.joined);
        joined.clear();
        let written = self.assemble(plan, layout, &items, &mut joined);
        let buffers = &mut self.buffers;
        buffers.text.truncate(frame.text);
        buffers.cells.truncate(frame.cells);
        buffers.inner.truncate(frame.inner);
        if frame.out == 0 {
            std::mem::swap(&mut buffers.out, &mut joined);
        } else {
            buffers.out.truncate(frame.out);
            buffers.out.extend_from_slice(&joined);
        }
        (buffers.items, buffers.joined) = (items, joined);
        written
    }

    /// A layout with the delimiters of the style, which no value of it may hold.
    fn respelled<'l>(&self, plan: &LoopPlan, layout: &'l Layout) -> Result<Cow<'l, Layout>, Refusal> {
        if !self.of_lines {
            return Ok(Cow::Borrowed(layout));
        }
        let (from, to) = (layout.delimiters.unwrap_or_default(), self.style.delimiters);
        let respelled = |text: &str| {
            let id = text.split(char::from(from.element)).next().unwrap_or_default();
            let respelled = text.chars().map(|character| {
                match u8::try_from(character) {
                    Ok(byte) if byte == from.element => Some(to.element),
                    Ok(byte) if Some(byte) == from.component => to.component,
                    Ok(byte) if Some(byte) == from.repetition => to.repetition,
                    Ok(byte) if to.contains(byte) => match self.style.on_delimiter {
                        OnDelimiter::Replace(with) => Some(with),
                        OnDelimiter::Refuse => None,
                    },
                    _ => return Some(character),
                }
                .map(char::from)
            });
            respelled.collect::<Option<String>>().ok_or_else(|| Refusal {
                plan: plan.id.clone(),
                // With other delimiters than it says, the text may be all of it, and somebody's name in it.
                segment: if id.len() <= 3 { id } else { "a segment" }.to_owned(),
                holds: HoldsDelimiter { element: 0, component: 0 },
            })
        };
        let mut layout = layout.clone();
        for verbatim in &mut layout.verbatim {
            verbatim.text = respelled(&verbatim.text)?;
            verbatim.instead_of = respelled(&verbatim.instead_of)?;
        }
        for unplaced in &mut layout.unplaced {
            unplaced.text = respelled(&unplaced.text)?;
        }
        Ok(Cow::Owned(layout))
    }

    /// Distributes lists that run over repeats of their segment.
    fn chunk(&mut self, plan: &LoopPlan, frame: &Frame, layout: Option<&Layout>) {
        let Some(cells) = self.buffers.cells.get_mut(frame.cells..) else { return };
        for cell in cells.iter_mut() {
            if plan.traits(cell.slot).is_none_or(|traits| !traits.chunked) {
                continue;
            }
            let Some(PartPlan::Segment(SegmentPlan { chunk: Some(chunk), designator, .. })) = plan.part(cell.slot)
            else {
                continue;
            };
            let (mut repeat, mut left) = (0, cell.occurrence);
            let runs = layout.and_then(|layout| layout.runs.get(designator));
            let mut runs = runs.into_iter().flatten().copied();
            loop {
                let width = runs
                    .next()
                    .filter(|run| *run <= u32::from(chunk.width))
                    .unwrap_or_else(|| u32::from(chunk.width))
                    .max(1);
                if left < width {
                    break;
                }
                left -= width;
                repeat += 1;
            }
            cell.occurrence = repeat;
            cell.cell.element = cell.cell.element.saturating_add(u8::try_from(left).unwrap_or(0));
        }
        cells.sort_unstable_by_key(PartCell::order);
    }

    /// The loop's segments (rendered into `scratch`) and inner loops, in the guide's order.
    fn render(
        &mut self,
        plan: &LoopPlan,
        frame: &Frame,
        line: u32,
        outside: Start,
        unplaced: u32,
        items: &mut Vec<Item>,
    ) {
        let Buffers { text, cells, inner, scratch, row, control, .. } = &mut self.buffers;
        let inner = inner.get_mut(frame.inner..).unwrap_or_default();
        inner.sort_by_key(|one| one.slot);
        let has_children = outside.has_children || inner.iter().any(|one| one.hierarchical);
        let mut counters = Counters {
            level: frame.level,
            parent: frame.outer,
            has_children,
            line,
            segments: unplaced + inner.iter().map(|one| one.segments).sum::<u32>(),
            inner: inner.len() as u32,
            control: NO_CONTROL,
        };
        control.clear();
        let (mut cells, mut inner) = (cells.get(frame.cells..).unwrap_or_default(), &*inner);
        let clean = !has_delimiter(text.get(frame.text..).unwrap_or_default(), self.style.delimiters);
        let mut standing = plan.standing.iter().copied().peekable();
        loop {
            let of_cell = cells.first().map_or(NO_SLOT, |cell| cell.slot);
            let of_loop = inner.first().map_or(NO_SLOT, |one| one.slot);
            let slot = of_cell.min(of_loop).min(standing.peek().copied().unwrap_or(NO_SLOT));
            if slot == NO_SLOT {
                break;
            }
            standing.next_if_eq(&slot);
            let (mine, after) = cells.split_at(cells.iter().take_while(|cell| cell.slot == slot).count());
            cells = after;
            let (loops, further) = inner.split_at(inner.iter().take_while(|one| one.slot == slot).count());
            inner = further;
            items.extend(loops.iter().map(Item::of_loop));
            let Some(PartPlan::Segment(segment)) = plan.part(slot) else { continue };
            let bare = mine.is_empty() && (outside.added.adds(segment, slot) || segment.begins_before(slot, after));
            let repeats = mine.chunk_by(|left, right| left.occurrence == right.occurrence);
            for repeat in repeats.chain(bare.then_some(&[][..])) {
                row.clear();
                row.extend(repeat.iter().map(|cell| cell.cell));
                if let Some(element) = segment.control {
                    let stated = row.iter().find(|cell| cell.element == element);
                    let stated = stated.and_then(|cell| text.get(cell.start as usize..cell.end as usize));
                    control.clear();
                    control.extend_from_slice(stated.unwrap_or(NO_CONTROL));
                }
                counters.segments += 1;
                let counters = Counters { control: if control.is_empty() { NO_CONTROL } else { control }, ..counters };
                let start = scratch.len();
                let mut refused = render(segment, row, text, clean, self.style.delimiters, &counters, scratch).err();
                if let (Some(_), OnDelimiter::Replace(with)) = (refused, self.style.on_delimiter) {
                    scratch.truncate(start);
                    let (row, text) = replaced(text, row, self.style.delimiters, with);
                    refused = render(segment, &row, &text, false, self.style.delimiters, &counters, scratch).err();
                }
                items.push(Item { slot, bytes: start..scratch.len(), is_loop: false, segments: 1, refused });
            }
        }
    }

    /// Joins the items with their terminators, verbatim and unplaced segments in their places.
    fn assemble(
        &self,
        plan: &LoopPlan,
        layout: Option<&Layout>,
        items: &[Item],
        bytes: &mut Vec<u8>,
    ) -> Result<u32, Refusal> {
        let mut segments = 0;
        let mut spellings = layout.map(|layout| Spellings::of(layout, |at| self.canonical(items.get(at)?)));
        let mut unplaced = layout.map_or(&[][..], |layout| &layout.unplaced).iter().peekable();
        // Nothing of a set stands behind its SE, not even where there was none and one is added.
        let ends_set =
            |item: &Item| matches!(plan.part(item.slot), Some(PartPlan::Segment(segment)) if segment.id == b"SE");
        let trailer = items.last().filter(|item| ends_set(item)).map_or(items.len(), |_| items.len() - 1);
        for (at, item) in items.iter().enumerate() {
            while let Some(one) = unplaced.next_if(|one| one.item as usize <= at || at == trailer) {
                self.put_unplaced(plan, one, bytes)?;
                segments += 1;
            }
            segments += item.segments;
            let Some(canonical) = self.canonical(item) else {
                bytes.extend_from_slice(self.buffers.out.get(item.bytes.clone()).unwrap_or_default());
                continue;
            };
            let spelled = spellings.as_mut().and_then(|spellings| spellings.take(at, canonical));
            let spelled = spelled.map(|verbatim| encode(&verbatim.text, verbatim.latin1));
            // Of another file, whose segments ended otherwise. An ISA, which is read by its width, may hold any byte.
            let is_one = |text: &[u8]| !self.ends_within(text) || canonical.starts_with(b"ISA");
            match (spelled.filter(|text| is_one(text)), item.refused) {
                // In a document the spelling is that of the file itself.
                (Some(text), refused) if refused.is_none() || !self.of_lines => self.put(&text, bytes),
                (_, Some(holds)) => {
                    return Err(Refusal {
                        plan: plan.id.clone(),
                        segment: plan.designator(item.slot).unwrap_or_default(),
                        holds,
                    });
                }
                (_, None) => self.put(canonical, bytes),
            }
        }
        for one in unplaced {
            self.put_unplaced(plan, one, bytes)?;
            segments += 1;
        }
        Ok(segments)
    }

    /// The text of a segment as the data make it; `None` for a loop.
    fn canonical(&self, item: &Item) -> Option<&[u8]> {
        if item.is_loop { None } else { self.buffers.scratch.get(item.bytes.clone()) }
    }

    /// Whether a segment would end before the end of its text.
    fn ends_within(&self, text: &[u8]) -> bool {
        text.contains(&self.style.delimiters.segment)
    }

    /// Puts a segment without a place as it stood, which in another file may hold what ends a segment here.
    fn put_unplaced(&self, plan: &LoopPlan, one: &Unplaced, bytes: &mut Vec<u8>) -> Result<(), Refusal> {
        let mut text = encode(&one.text, one.latin1);
        // An ISA, which is read by its width, may hold any byte.
        let is_header =
            text.strip_prefix(b"ISA").is_some_and(|rest| rest.starts_with(&[self.style.delimiters.element]));
        if self.ends_within(&text) && !is_header {
            let OnDelimiter::Replace(with) = self.style.on_delimiter else {
                let (plan, segment) = (plan.id.clone(), "a segment without a place".into());
                return Err(Refusal { plan, segment, holds: HoldsDelimiter { element: 0, component: 0 } });
            };
            let terminator = self.style.delimiters.segment;
            text.to_mut().iter_mut().filter(|byte| **byte == terminator).for_each(|byte| *byte = with);
        }
        self.put(&text, bytes);
        Ok(())
    }

    fn put(&self, segment: &[u8], bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(segment);
        bytes.push(self.style.delimiters.segment);
        bytes.extend_from_slice(&self.style.line_break);
    }
}

/// The spellings of a layout, each used once: at its own item while that says the same, else at the
/// first that does.
struct Spellings<'l> {
    fixed: HashMap<usize, &'l Verbatim>,
    /// By what they stand instead of, in their order.
    floating: HashMap<&'l str, VecDeque<&'l Verbatim>>,
}

impl<'l> Spellings<'l> {
    fn of<'c>(layout: &'l Layout, canonical: impl Fn(usize) -> Option<&'c [u8]>) -> Self {
        let mut spellings = Self { fixed: HashMap::new(), floating: HashMap::new() };
        for verbatim in &layout.verbatim {
            let at = verbatim.item as usize;
            let says_the_same = canonical(at).is_some_and(|canonical| decode(canonical).0 == verbatim.instead_of);
            if says_the_same && !spellings.fixed.contains_key(&at) {
                spellings.fixed.insert(at, verbatim);
            } else {
                spellings.floating.entry(&verbatim.instead_of).or_default().push_back(verbatim);
            }
        }
        spellings
    }

    fn take(&mut self, at: usize, canonical: &[u8]) -> Option<&'l Verbatim> {
        if !self.fixed.is_empty()
            && let Some(verbatim) = self.fixed.remove(&at)
        {
            return Some(verbatim);
        }
        if self.floating.is_empty() {
            return None;
        }
        self.floating.get_mut(&*decode(canonical).0)?.pop_front()
    }
}

/// Puts the items in the order of the layout, if that still fits the data.
fn arrange(plan: &LoopPlan, layout: &Layout, items: &mut Vec<Item>) {
    let Some(order) = &layout.order else { return };
    let mut wanted: Vec<(&str, usize)> = Vec::new();
    for entry in order {
        let (name, count) = match entry.rsplit_once(" x") {
            Some((name, count)) => (name, count.parse().unwrap_or(1)),
            None => (entry.as_str(), 1),
        };
        wanted.push((name, count));
    }
    let mut waiting: HashMap<String, VecDeque<usize>> = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        waiting.entry(plan.designator(item.slot).unwrap_or_default()).or_default().push_back(index);
    }
    let mut arranged = Vec::with_capacity(items.len());
    let mut taken = vec![false; items.len()];
    for (name, count) in wanted {
        for _ in 0..count {
            let Some(index) = waiting.get_mut(name).and_then(VecDeque::pop_front) else { return };
            if let Some(taken) = taken.get_mut(index) {
                *taken = true;
            }
            arranged.push(index);
        }
    }
    // What the order leaves out may only be what the writer adds by itself.
    let left_out_is_added = items.iter().zip(&taken).all(|(item, taken)| {
        *taken || matches!(plan.part(item.slot), Some(PartPlan::Segment(segment)) if segment.always)
    });
    if !left_out_is_added {
        return;
    }
    let mut slots: Vec<Option<Item>> = std::mem::take(items).into_iter().map(Some).collect();
    items.extend(arranged.into_iter().filter_map(|index| slots.get_mut(index).and_then(Option::take)));
}

fn encode(text: &str, latin1: bool) -> Cow<'_, [u8]> {
    if latin1 {
        text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect()
    } else {
        text.as_bytes().into()
    }
}

/// The cells with delimiters in their text replaced.
fn replaced(text: &[u8], cells: &[Cell], delimiters: Delimiters, with: u8) -> (Vec<Cell>, Vec<u8>) {
    let mut clean = Vec::new();
    let is_delimiter = |byte: u8| {
        byte == delimiters.element
            || byte == delimiters.segment
            || Some(byte) == delimiters.component
            || Some(byte) == delimiters.repetition
    };
    let cells = cells
        .iter()
        .map(|cell| {
            let start = clean.len() as u32;
            clean.extend(
                text.get(cell.start as usize..cell.end as usize)
                    .unwrap_or_default()
                    .iter()
                    .map(|&byte| if is_delimiter(byte) { with } else { byte }),
            );
            Cell { start, end: clean.len() as u32, ..*cell }
        })
        .collect();
    (cells, clean)
}
