//! Which segment of a loop stands where: a list per part of every open loop.
//!
//! Kept up segment by segment beside the tape, so that a rule finds "the REF*F8 of this claim" without
//! a search.

use crate::{guide::Guide, place::Tape};

/// Lists of the entries on a tape, by loop and part.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// For each entry, the next of the same part in the same loop; 0 for none.
    next: Vec<u32>,
    /// For each entry, its line in the file.
    lines: Vec<u64>,
    /// For each entry that is a loop, where its parts begin in `parts`.
    bases: Vec<u32>,
    parts: Vec<Part>,
    open: Vec<Open>,
}

/// A loop that has not closed yet.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Where its parts begin.
    base: u32,
    taken: Taken,
}

/// Which parts of a loop have been taken, by segments or loops that have been forgotten too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken(u128);

impl Taken {
    /// No part, which still [meets](Self::meets) what always holds.
    const NOTHING: Self = Self(Self::ALWAYS.0);

    /// What every loop meets.
    pub(super) const ALWAYS: Self = Self(1 << 127);

    /// A part of a loop, by its index; a part beyond what is told apart counts as taken.
    pub(super) fn part(part: usize) -> Self {
        match u32::try_from(part) {
            Ok(part) if part < 127 => Self(1 << part),
            _ => Self::ALWAYS,
        }
    }

    /// The parts of either.
    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one part at least is in both.
    #[inline]
    pub(super) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// The entries of one part of one loop.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    first: u32,
    last: u32,
    /// How many there were, those forgotten included.
    count: u32,
}

impl Index {
    /// Takes note of what is new on the tape.
    pub(super) fn sync(&mut self, guide: &Guide, tape: &Tape, line: u64) {
        for at in self.next.len()..tape.len() {
            let Some(entry) = tape.entry(at) else { return };
            if at > 0 && !entry.is_unplaced() {
                self.enlist(usize::from(guide.step(entry.node).part), at as u32);
            }
            self.next.push(0);
            self.lines.push(line);
            self.bases.push(self.parts.len() as u32);
            if entry.is_loop() {
                let parts = usize::from(guide.step(entry.node).parts);
                let base = self.parts.len() as u32;
                self.parts.resize(self.parts.len() + parts, Part::default());
                self.open.push(Open { base, taken: Taken::NOTHING });
            }
        }
    }

    fn enlist(&mut self, part: usize, at: u32) {
        let Some(open) = self.open.last_mut() else { return };
        open.taken = open.taken.or(Taken::part(part));
        let Some(part) = self.parts.get_mut(open.base as usize + part) else { return };
        if part.first == 0 {
            part.first = at;
        } else if let Some(next) = self.next.get_mut(part.last as usize) {
            *next = at;
        }
        part.last = at;
        part.count += 1;
    }

    /// Which parts of the innermost open loop have been taken.
    #[inline]
    pub(super) fn taken(&self) -> Taken {
        self.open.last().map_or(Taken::ALWAYS, |open| open.taken)
    }

    /// The innermost open loop has closed.
    pub(super) fn close(&mut self) {
        self.open.pop();
    }

    /// A loop is forgotten; `part` is what it was in the loop around it.
    pub(super) fn forget(&mut self, entry: usize, part: usize) {
        if let Some(base) = self.bases.get(entry) {
            self.parts.truncate(*base as usize);
        }
        self.next.truncate(entry);
        self.lines.truncate(entry);
        self.bases.truncate(entry);
        if let Some(part) = self.open.last().and_then(|open| self.parts.get_mut(open.base as usize + part)) {
            (part.first, part.last) = (0, 0);
        }
    }

    /// Where the parts of a loop begin: what the look-ups below take.
    #[inline]
    pub(super) fn parts_of(&self, entry: usize) -> usize {
        self.bases.get(entry).map_or(usize::MAX, |base| *base as usize)
    }

    /// The first entry of a part of a loop.
    #[inline]
    pub(super) fn first(&self, parts: usize, part: usize) -> Option<usize> {
        let first = self.part(parts, part)?.first as usize;
        (first != 0).then_some(first)
    }

    /// The last entry of a part of a loop.
    pub(super) fn last(&self, parts: usize, part: usize) -> Option<usize> {
        let last = self.part(parts, part)?.last as usize;
        (last != 0).then_some(last)
    }

    /// The next entry of the same part.
    #[inline]
    pub(super) fn next(&self, entry: usize) -> Option<usize> {
        self.next.get(entry).map(|next| *next as usize).filter(|next| *next != 0)
    }

    /// How often a part of a loop has occurred.
    pub(super) fn count(&self, parts: usize, part: usize) -> u32 {
        self.part(parts, part).map_or(0, |part| part.count)
    }

    /// The line of an entry.
    pub(super) fn line(&self, entry: usize) -> u64 {
        self.lines.get(entry).copied().unwrap_or(0)
    }

    #[inline]
    fn part(&self, parts: usize, part: usize) -> Option<&Part> {
        self.parts.get(parts.checked_add(part)?)
    }
}
