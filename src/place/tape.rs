//! Placed segments, stored flat.

use crate::{
    guide::NodeId,
    x12::{Delimiters, Segment},
};

/// Placed segments and the loops they form, in the order of the file: one run of text, one run of
/// element ends, one run of entries. Loops know where they close, so that they can be stepped over.
#[derive(Debug)]
pub struct Tape {
    delimiters: Delimiters,
    text: Vec<u8>,
    ends: Vec<u32>,
    entries: Vec<Entry>,
}

/// A segment, or the beginning of a loop.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its place. For an unplaced segment, the loop it was met in.
    pub node: NodeId,
    /// What it is.
    kind: EntryKind,
    /// Position in the transaction set, ST = 1; of a loop, its first segment's.
    pub position: u32,
    /// Offset of the segment in the input; of a loop, its first segment's.
    pub offset: u64,
    start: u32,
    first_end: u32,
    /// Elements of a segment; the entry after a loop.
    extent: u32,
    /// Of a loop: the entry of the loop around it.
    around: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EntryKind {
    Segment,
    Unplaced,
    Loop,
}

impl Entry {
    /// Whether a loop begins here.
    pub fn is_loop(&self) -> bool {
        self.kind == EntryKind::Loop
    }

    /// Whether it is a segment that no place takes.
    pub fn is_unplaced(&self) -> bool {
        self.kind == EntryKind::Unplaced
    }
}

impl Tape {
    /// An empty tape for segments with these delimiters.
    pub fn new(delimiters: Delimiters) -> Self {
        Self { delimiters, text: Vec::new(), ends: Vec::new(), entries: Vec::new() }
    }

    /// The delimiters of the segments.
    pub fn delimiters(&self) -> Delimiters {
        self.delimiters
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing stands on it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry at an index.
    pub fn entry(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    /// The entries of a loop itself: its segments, unplaced segments and inner loops, each with its
    /// index, inner loops stepped over.
    pub fn inside(&self, index: usize) -> impl Iterator<Item = (usize, &Entry)> + '_ {
        let end = self.end(index);
        let mut at = index + 1;
        std::iter::from_fn(move || {
            let entry = self.entries.get(at).filter(|_| at < end)?;
            let here = at;
            at = if entry.is_loop() { self.end(at) } else { at + 1 };
            Some((here, entry))
        })
    }

    /// All entries below a loop, inner loops and their segments too.
    pub fn below(&self, index: usize) -> impl Iterator<Item = (usize, &Entry)> + '_ {
        (index + 1..self.end(index)).filter_map(|at| Some((at, self.entries.get(at)?)))
    }

    /// Whether a loop has ended.
    pub fn is_closed(&self, index: usize) -> bool {
        self.entries.get(index).is_some_and(|entry| entry.is_loop() && entry.extent > 0)
    }

    /// The entry after a loop's last.
    fn end(&self, index: usize) -> usize {
        match self.entries.get(index) {
            Some(entry) if entry.is_loop() && entry.extent > 0 => entry.extent as usize,
            Some(entry) if entry.is_loop() => self.entries.len(),
            _ => index + 1,
        }
    }

    /// The segment of an entry; an empty one for a loop.
    #[inline]
    pub fn segment(&self, entry: &Entry) -> Segment<'_> {
        let first = entry.first_end as usize;
        let count = if entry.is_loop() { 0 } else { entry.extent as usize };
        let ends = self.ends.get(first..first + count).unwrap_or_default();
        let start = entry.start as usize;
        let length = ends.last().map_or(0, |end| *end as usize);
        Segment::from_parts(self.text.get(start..start + length).unwrap_or_default(), ends, self.delimiters)
    }

    /// Where the elements of a segment stand in the tape's text, the id first; none for a loop.
    #[inline]
    pub fn elements(&self, entry: &Entry) -> impl Iterator<Item = (u32, u32)> + '_ {
        let first = entry.first_end as usize;
        let count = if entry.is_loop() { 0 } else { entry.extent as usize };
        let text = entry.start;
        let mut start = text;
        self.ends.get(first..first + count).unwrap_or_default().iter().map(move |end| {
            let end = text.wrapping_add(*end);
            (std::mem::replace(&mut start, end.wrapping_add(1)), end)
        })
    }

    /// A piece of the tape's text.
    #[inline]
    pub fn slice(&self, start: u32, end: u32) -> &[u8] {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// The text of all the segments of a loop, one after another without their terminators.
    pub fn text(&self, index: usize) -> &[u8] {
        let start = |index: usize| self.entries.get(index).map_or(self.text.len(), |entry| entry.start as usize);
        self.text.get(start(index)..start(self.end(index))).unwrap_or_default()
    }

    /// Bytes held, for bounds on memory.
    pub fn bytes(&self) -> usize {
        self.text.len() + self.ends.len() * size_of::<u32>() + self.entries.len() * size_of::<Entry>()
    }

    /// The entry of the loop that a loop stands in; the transaction set stands in itself.
    pub fn around(&self, index: usize) -> usize {
        self.entries.get(index).map_or(0, |entry| entry.around as usize)
    }

    /// Empties the tape, for segments with these delimiters. Its memory stays.
    pub(crate) fn clear(&mut self, delimiters: Delimiters) {
        self.delimiters = delimiters;
        self.text.clear();
        self.ends.clear();
        self.entries.clear();
    }

    /// What is left without some of the closed loops, and for each entry where it is then, or would be. The memory
    /// of `spare` is used for it.
    pub(super) fn without(&self, is_left_out: impl Fn(&Entry) -> bool, spare: Option<Tape>) -> (Tape, Vec<u32>) {
        let mut rest = spare.unwrap_or_else(|| Tape::new(self.delimiters));
        rest.clear(self.delimiters);
        let moved = rest.copy(self, 0, |entry| entry.extent > 0 && is_left_out(entry));
        (rest, moved)
    }

    /// Adds a loop of another tape, without some of the loops inside it, as one that stands in the loop `around`.
    /// Gives its entry.
    pub(crate) fn add(
        &mut self,
        from: &Tape,
        index: usize,
        around: usize,
        is_left_out: impl Fn(&Entry) -> bool,
    ) -> usize {
        let at = self.entries.len();
        self.copy(from, index, is_left_out);
        if let Some(entry) = self.entries.get_mut(at) {
            entry.around = around as u32;
        }
        at
    }

    /// Copies a loop of another tape, without some of the loops inside it. Gives for each of its entries where it is
    /// now, or would be.
    fn copy(&mut self, from: &Tape, index: usize, is_left_out: impl Fn(&Entry) -> bool) -> Vec<u32> {
        let (first, end) = (self.entries.len(), from.end(index));
        let mut moved = Vec::with_capacity(end.saturating_sub(index) + 1);
        let mut at = index;
        while let Some(entry) = from.entries.get(at).filter(|_| at < end) {
            moved.push(self.entries.len() as u32);
            if at != index && entry.is_loop() && is_left_out(entry) {
                at = from.end(at).max(at + 1);
                moved.resize(at - index, self.entries.len() as u32);
                continue;
            }
            at += 1;
            let segment = from.segment(entry);
            let (start, first_end) = (self.text.len() as u32, self.ends.len() as u32);
            self.text.extend_from_slice(segment.bytes());
            self.ends.extend(segment.ends());
            self.entries.push(Entry { start, first_end, ..*entry });
        }
        moved.push(self.entries.len() as u32);
        let to = |old: u32| (old as usize).checked_sub(index).and_then(|at| moved.get(at)).copied().unwrap_or_default();
        for entry in self.entries.iter_mut().skip(first).filter(|entry| entry.is_loop()) {
            entry.around = to(entry.around);
            entry.extent = if entry.extent > 0 { to(entry.extent) } else { 0 };
        }
        moved
    }

    pub(super) fn open(&mut self, node: NodeId, around: usize, position: u32, offset: u64) -> usize {
        self.entries.push(Entry {
            node,
            kind: EntryKind::Loop,
            position,
            offset,
            start: self.text.len() as u32,
            first_end: self.ends.len() as u32,
            extent: 0,
            around: around as u32,
        });
        self.entries.len() - 1
    }

    pub(super) fn close(&mut self, index: usize) {
        let end = self.entries.len() as u32;
        if let Some(entry) = self.entries.get_mut(index) {
            entry.extent = end;
        }
    }

    #[inline]
    pub(super) fn push(&mut self, node: NodeId, unplaced: bool, segment: &Segment<'_>, position: u32, offset: u64) {
        let (start, first_end) = (self.text.len() as u32, self.ends.len() as u32);
        self.text.extend_from_slice(segment.bytes());
        self.ends.extend(segment.ends());
        let kind = if unplaced { EntryKind::Unplaced } else { EntryKind::Segment };
        self.entries.push(Entry {
            node,
            kind,
            position,
            offset,
            start,
            first_end,
            extent: segment.len() as u32,
            around: 0,
        });
    }

    /// Forgets a loop and all that follows it.
    pub(super) fn truncate(&mut self, index: usize) {
        if let Some(entry) = self.entries.get(index) {
            self.text.truncate(entry.start as usize);
            self.ends.truncate(entry.first_end as usize);
            self.entries.truncate(index);
        }
    }
}
