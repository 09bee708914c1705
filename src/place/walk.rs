//! The walk itself.

use super::{Entry, Fault, FaultKind, Tape};
use crate::{
    guide::{Guide, Lookup, NodeId, Place, Role, Step, dictionary},
    x12::{Delimiters, Segment},
};

/// What the walk keeps of the loops it has handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The whole transaction set.
    All,
    /// All but the loops of these ids, which are forgotten once they have closed.
    AllBut(&'static [&'static str]),
    /// All but claims and what stands around them, which are forgotten once they have closed.
    AllButClaims,
    /// All, up to [`Walk::take`]; after it all but claims, and what stands around them, that have closed.
    UntilTaken,
}

/// A walk of one transaction set through its guide.
#[derive(Debug)]
pub struct Walk<'g> {
    guide: &'g Guide,
    /// Which nodes are loops to forget.
    forget: Vec<bool>,
    /// Whether they are forgotten once they have closed, and not when the tape is taken.
    at_once: bool,
    tape: Tape,
    frames: Vec<Frame>,
    /// Occurrences of each part of each open loop.
    counts: Vec<u32>,
    /// The place of the last placed segment.
    last: NodeId,
    position: u32,
    faults: Vec<Fault>,
}

#[derive(Debug)]
struct Frame {
    node: NodeId,
    entry: usize,
    counts: usize,
    /// The first loop in it that has been forgotten: its rank, position and offset.
    forgotten: Option<(u16, u32, u64)>,
}

impl<'g> Walk<'g> {
    /// Begins a walk. The first segment pushed is the ST.
    pub fn new(guide: &'g Guide, delimiters: Delimiters, keep: Keep) -> Self {
        let forget = match keep {
            Keep::All => Vec::new(),
            Keep::AllBut(ids) => guide
                .nodes()
                .map(|node| guide.loop_at(node).is_some_and(|one| ids.contains(&one.id.as_str())))
                .collect(),
            Keep::AllButClaims | Keep::UntilTaken => guide.nodes().map(|node| guide.role(node) != Role::Part).collect(),
        };
        let mut walk = Self {
            guide,
            forget,
            at_once: keep != Keep::UntilTaken,
            tape: Tape::new(delimiters),
            frames: Vec::new(),
            counts: Vec::new(),
            last: NodeId::ROOT,
            position: 0,
            faults: Vec::new(),
        };
        walk.open(NodeId::ROOT, guide.step(NodeId::ROOT).parts, 0);
        walk
    }

    /// The guide walked.
    pub fn guide(&self) -> &'g Guide {
        self.guide
    }

    /// What stands on the tape now: everything, or the open loops.
    pub fn tape(&self) -> &Tape {
        &self.tape
    }

    /// Segments taken so far.
    pub fn position(&self) -> u32 {
        self.position
    }

    /// Whether anything was found since the last call of [`take_faults`](Self::take_faults).
    #[inline]
    pub fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    /// Takes the tape as it stands, for a caller who works on many loops at once. What goes on the next one are
    /// the open loops, without the claims inside them. The memory of `spare` is used for
    /// that.
    pub fn take(&mut self, spare: Option<Tape>) -> Tape {
        let forget = &self.forget;
        let is_left_out = |entry: &Entry| forget.get(entry.node.index()).copied().unwrap_or(false);
        let (rest, moved) = self.tape.without(is_left_out, spare);
        for frame in &mut self.frames {
            if frame.forgotten.is_none() {
                frame.forgotten = self
                    .tape
                    .inside(frame.entry)
                    .find(|(index, entry)| self.tape.is_closed(*index) && is_left_out(entry))
                    .map(|(_, entry)| (self.guide.rank(entry.node), entry.position, entry.offset));
            }
            frame.entry = moved.get(frame.entry).map_or(0, |entry| *entry as usize);
        }
        std::mem::replace(&mut self.tape, rest)
    }

    /// Takes what was found since the last call.
    pub fn take_faults(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.faults)
    }

    /// Places one segment, and says where. `closed` is called for each loop that this segment ends,
    /// inner ones first, with the tape, the index of the loop's entry, and the faults not taken yet.
    #[inline]
    pub fn push(
        &mut self,
        segment: &Segment<'_>,
        offset: u64,
        closed: &mut impl FnMut(&Tape, usize, &[Fault]),
    ) -> Option<NodeId> {
        self.position += 1;
        match self.find(segment) {
            Ok(node) => {
                self.place(node, segment, offset, closed);
                Some(node)
            }
            Err((kind, missed)) => {
                self.leave_unplaced(kind, missed, segment, offset);
                None
            }
        }
    }

    /// Ends the walk: closes what is open, the transaction set last. `offset` is where the input goes on.
    pub fn finish(mut self, offset: u64, closed: &mut impl FnMut(&Tape, usize, &[Fault])) -> (Tape, Vec<Fault>) {
        self.position += 1;
        while let Some(frame) = self.frames.pop() {
            self.close(&frame, offset, closed);
        }
        (self.tape, self.faults)
    }

    #[inline]
    fn find(&self, segment: &Segment<'_>) -> Result<NodeId, (FaultKind, Option<NodeId>)> {
        let separator = segment.delimiters().component;
        match self.guide.dispatch().key(segment.id(), separator, |element| segment.element(usize::from(element))) {
            Lookup::Key(key) => self.guide.dispatch().next(self.last, key).ok_or_else(|| self.why(key)),
            Lookup::UnknownId => Err(match dictionary() {
                Ok(known) if std::str::from_utf8(segment.id()).is_ok_and(|id| known.has_segment(id)) => {
                    (FaultKind::NotInGuide, None)
                }
                _ => (FaultKind::UnknownSegment, None),
            }),
        }
    }

    /// Why no place takes a segment here, and the place it has missed.
    fn why(&self, key: usize) -> (FaultKind, Option<NodeId>) {
        let missed = self.frames.iter().rev().find_map(|frame| {
            let first = self.guide.children(frame.node).first()?;
            self.guide.dispatch().next(*first, key).filter(|node| self.guide.parent(*node) == frame.node)
        });
        (if missed.is_some() { FaultKind::OutOfOrder } else { FaultKind::Unexpected }, missed)
    }

    #[inline]
    fn place(
        &mut self,
        node: NodeId,
        segment: &Segment<'_>,
        offset: u64,
        closed: &mut impl FnMut(&Tape, usize, &[Fault]),
    ) {
        let step = self.guide.step(node);
        if step.begins && step.around != NodeId::ROOT {
            let around = self.guide.step(step.around);
            self.close_until(around.around, offset, closed);
            self.count(step.around, around, segment, offset);
            self.open(step.around, around.parts, offset);
        } else {
            self.close_until(step.around, offset, closed);
        }
        self.count(node, step, segment, offset);
        self.tape.push(node, false, segment, self.position, offset);
        self.last = node;
        if step.begins && segment.id() == b"HL" {
            self.check_parent(segment, offset);
        }
    }

    fn leave_unplaced(&mut self, kind: FaultKind, missed: Option<NodeId>, segment: &Segment<'_>, offset: u64) {
        let node = self.frames.last().map_or(NodeId::ROOT, |frame| frame.node);
        self.fault(kind, missed.unwrap_or(node), segment, offset);
        self.tape.push(node, true, segment, self.position, offset);
    }

    fn fault(&mut self, kind: FaultKind, node: NodeId, segment: &Segment<'_>, offset: u64) {
        let segment = String::from_utf8_lossy(segment.id().get(..3).unwrap_or(segment.id())).into_owned();
        self.faults.push(Fault { kind, node, segment, position: self.position, offset });
    }

    fn open(&mut self, node: NodeId, parts: u16, offset: u64) {
        let around = self.frames.last().map_or(0, |frame| frame.entry);
        let entry = self.tape.open(node, around, self.position, offset);
        let counts = self.counts.len();
        self.counts.resize(counts + usize::from(parts), 0);
        self.frames.push(Frame { node, entry, counts, forgotten: None });
    }

    #[inline]
    fn count(&mut self, node: NodeId, step: Step, segment: &Segment<'_>, offset: u64) {
        let Some(frame) = self.frames.last() else { return };
        let Some(count) = self.counts.get_mut(frame.counts + usize::from(step.part)) else { return };
        *count += 1;
        if step.most != 0 && *count > u32::from(step.most) {
            self.fault(FaultKind::TooMany, node, segment, offset);
        }
    }

    #[inline]
    fn close_until(&mut self, node: NodeId, offset: u64, closed: &mut impl FnMut(&Tape, usize, &[Fault])) {
        while self.frames.len() > 1 && self.frames.last().is_some_and(|frame| frame.node != node) {
            if let Some(frame) = self.frames.pop() {
                self.close(&frame, offset, closed);
            }
        }
    }

    fn close(&mut self, frame: &Frame, offset: u64, closed: &mut impl FnMut(&Tape, usize, &[Fault])) {
        for &child in self.guide.required(frame.node) {
            let count = self.counts.get(frame.counts + self.guide.part(child)).copied().unwrap_or(0);
            if count == 0 {
                let segment = match self.guide.place(child) {
                    Place::Segment(segment) => segment.id.clone(),
                    Place::Loop(_) => self
                        .guide
                        .children(child)
                        .first()
                        .and_then(|&first| self.guide.segment(first))
                        .map_or_else(String::new, |first| first.id.clone()),
                };
                let (position, offset) = self.due(frame, child).unwrap_or((self.position, offset));
                self.faults.push(Fault { kind: FaultKind::Missing, node: child, segment, position, offset });
            }
        }
        self.counts.truncate(frame.counts);
        self.tape.close(frame.entry);
        closed(&self.tape, frame.entry, &self.faults);
        if self.at_once && self.forget.get(frame.node.index()).copied().unwrap_or(false) {
            if let (Some(around), Some(entry)) = (self.frames.last_mut(), self.tape.entry(frame.entry)) {
                let rank = self.guide.rank(frame.node);
                around.forgotten.get_or_insert((rank, entry.position, entry.offset));
            }
            self.tape.truncate(frame.entry);
        }
    }

    /// Position and offset of the first segment of a loop that stands where a missing part should.
    fn due(&self, frame: &Frame, missing: NodeId) -> Option<(u32, u64)> {
        let rank = self.guide.rank(missing);
        let mut parts = self.tape.inside(frame.entry).map(|(_, entry)| entry).filter(|entry| !entry.is_unplaced());
        let kept = parts.find(|entry| self.guide.rank(entry.node) > rank).map(|entry| (entry.position, entry.offset));
        let forgotten = frame.forgotten.filter(|(forgotten, ..)| *forgotten > rank);
        forgotten.map(|(_, position, offset)| (position, offset)).into_iter().chain(kept).min()
    }

    /// HL02 names the level that is open around this one.
    fn check_parent(&mut self, segment: &Segment<'_>, offset: u64) {
        let Some((own, outer)) = self.frames.split_last() else { return };
        let node = own.node;
        let parent = outer.iter().rev().find_map(|frame| {
            let entry = self.tape.entry(frame.entry + 1)?;
            let first = self.tape.segment(entry);
            (first.id() == b"HL").then(|| first.element(1).to_vec())
        });
        if segment.element(2) != parent.as_deref().unwrap_or_default() {
            self.fault(FaultKind::WrongParent, node, segment, offset);
        }
    }
}
