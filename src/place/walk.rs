//! The walk itself.

use super::{Fault, FaultKind, Tape};
use crate::{
    guide::{Guide, Lookup, NodeId, Place, Step, dictionary},
    x12::{Delimiters, Segment},
};

/// What the walk keeps of the loops it has handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The whole transaction set.
    All,
    /// All but the loops of these ids, which are forgotten once they have closed.
    AllBut(&'static [&'static str]),
}

/// A walk of one transaction set through its guide.
#[derive(Debug)]
pub struct Walk<'g> {
    guide: &'g Guide,
    /// Which nodes are loops to forget.
    forget: Vec<bool>,
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
        };
        let mut walk = Self {
            guide,
            forget,
            tape: Tape::new(delimiters),
            frames: Vec::new(),
            counts: Vec::new(),
            last: NodeId::ROOT,
            position: 0,
            faults: Vec::new(),
        };
        walk.open(NodeId::ROOT, 0);
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

    /// Takes what was found since the last call.
    pub fn take_faults(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.faults)
    }

    /// Places one segment. `closed` is called for each loop that this segment ends, inner ones
    /// first, with the tape and the index of the loop's entry.
    #[inline]
    pub fn push(&mut self, segment: &Segment<'_>, offset: u64, closed: &mut impl FnMut(&Tape, usize)) {
        self.position += 1;
        match self.find(segment) {
            Ok(node) => self.place(node, segment, offset, closed),
            Err((kind, missed)) => self.leave_unplaced(kind, missed, segment, offset),
        }
    }

    /// Ends the walk: closes what is open, the transaction set last.
    pub fn finish(mut self, closed: &mut impl FnMut(&Tape, usize)) -> (Tape, Vec<Fault>) {
        self.position += 1;
        while let Some(frame) = self.frames.pop() {
            self.close(&frame, 0, closed);
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
    fn place(&mut self, node: NodeId, segment: &Segment<'_>, offset: u64, closed: &mut impl FnMut(&Tape, usize)) {
        let dispatch = self.guide.dispatch();
        let Some(step) = dispatch.step(node) else { return };
        let around = step.parent;
        match dispatch.step(around).filter(|_| step.is_trigger && around != NodeId::ROOT) {
            Some(outer) => {
                self.close_until(outer.parent, offset, closed);
                self.count(around, outer, segment, offset);
                self.open(around, offset);
            }
            None => self.close_until(around, offset, closed),
        }
        self.count(node, step, segment, offset);
        self.tape.push(node, false, segment, self.position, offset);
        self.last = node;
        if segment.id() == b"HL" {
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

    fn open(&mut self, node: NodeId, offset: u64) {
        let around = self.frames.last().map_or(0, |frame| frame.entry);
        let entry = self.tape.open(node, around, self.position, offset);
        let counts = self.counts.len();
        self.counts.resize(counts + self.guide.children(node).len(), 0);
        self.frames.push(Frame { node, entry, counts });
    }

    #[inline]
    fn count(&mut self, node: NodeId, step: Step, segment: &Segment<'_>, offset: u64) {
        let Some(frame) = self.frames.last() else { return };
        let Some(count) = self.counts.get_mut(frame.counts + usize::from(step.part)) else { return };
        *count += 1;
        if !step.repeat.allows(*count) {
            self.fault(FaultKind::TooMany, node, segment, offset);
        }
    }

    #[inline]
    fn close_until(&mut self, node: NodeId, offset: u64, closed: &mut impl FnMut(&Tape, usize)) {
        while self.frames.len() > 1 && self.frames.last().is_some_and(|frame| frame.node != node) {
            if let Some(frame) = self.frames.pop() {
                self.close(&frame, offset, closed);
            }
        }
    }

    fn close(&mut self, frame: &Frame, offset: u64, closed: &mut impl FnMut(&Tape, usize)) {
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
                self.faults.push(Fault {
                    kind: FaultKind::Missing,
                    node: child,
                    segment,
                    position: self.position,
                    offset,
                });
            }
        }
        self.counts.truncate(frame.counts);
        self.tape.close(frame.entry);
        closed(&self.tape, frame.entry);
        if self.forget.get(frame.node.index()).copied().unwrap_or(false) {
            self.tape.truncate(frame.entry);
        }
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
