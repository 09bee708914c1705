//! Where the separators stand: one vectorised pass over the buffer, the positions of all of them.
//!
//! Separators come every four or five bytes, so that searching for the next one, however fast, costs
//! more than marking all of them, 64 bytes at a time, and then walking the marks.

use std::ops::Range;

use wide::u8x64;

use super::Delimiters;

/// Positions of separators in a buffer, consumed from the front and extended at the back.
#[derive(Debug)]
pub(super) struct Index {
    element: u8,
    terminator: u8,
    /// Positions of element separators and terminators; those up to `marks` are valid, the rest is room.
    ends: Vec<u32>,
    marks: usize,
    /// For every terminator, how many of `ends` there are up to and including it.
    segments: Vec<u32>,
    /// Line breaks that neither separate nor stand between segments.
    breaks: Vec<u32>,
    /// Bytes above 0x7F.
    high: Vec<u32>,
    /// How far each list has been consumed.
    taken: Taken,
    /// How far the buffer has been looked at.
    upto: usize,
    /// Whether the last byte looked at was a terminator, or filler after one.
    between: bool,
}

#[derive(Debug, Default)]
struct Taken {
    ends: usize,
    segments: usize,
    breaks: usize,
    high: usize,
}

impl Index {
    /// How many bytes are looked at in one go: small enough to stay in the nearest cache, and not much to
    /// do over when an interchange changes the separators.
    const STEP: usize = 16 << 10;

    pub(super) fn new(delimiters: Delimiters, from: usize) -> Self {
        Index {
            element: delimiters.element,
            terminator: delimiters.segment,
            ends: Vec::new(),
            marks: 0,
            segments: Vec::new(),
            breaks: Vec::new(),
            high: Vec::new(),
            taken: Taken::default(),
            upto: from,
            between: true,
        }
    }

    /// Goes on behind a header that ends before `from`, with the separators it states.
    pub(super) fn restart(&mut self, delimiters: Delimiters, from: usize) {
        let same = self.element == delimiters.element && self.terminator == delimiters.segment;
        if same && self.upto >= from {
            self.skip_to(from);
        } else {
            self.element = delimiters.element;
            self.terminator = delimiters.segment;
            self.taken = Taken { ends: self.marks, ..Taken::default() };
            self.segments.clear();
            self.breaks.clear();
            self.high.clear();
            self.upto = from;
            self.between = true;
        }
    }

    /// How far the buffer has been looked at.
    pub(super) fn upto(&self) -> usize {
        self.upto
    }

    /// Where the next terminator stands, if one has been seen.
    #[inline]
    pub(super) fn terminator(&self) -> Option<usize> {
        let marks = *self.segments.get(self.taken.segments)? as usize;
        self.ends.get(marks.checked_sub(1)?).map(|end| *end as usize)
    }

    /// Takes the segment that ends at the next terminator: where its elements end, for [`ends`](Self::ends).
    #[inline]
    pub(super) fn take(&mut self) -> Range<usize> {
        let from = self.taken.ends;
        if let Some(marks) = self.segments.get(self.taken.segments) {
            self.taken.segments = self.taken.segments.saturating_add(1);
            self.taken.ends = *marks as usize;
        }
        from..self.taken.ends
    }

    /// Takes what is left as a segment that ends at `end`, the end of the input.
    pub(super) fn take_rest(&mut self, end: usize) -> Range<usize> {
        self.ends.truncate(self.marks);
        self.ends.push(end as u32);
        self.marks = self.ends.len();
        let from = std::mem::replace(&mut self.taken.ends, self.marks);
        from..self.marks
    }

    #[inline]
    pub(super) fn ends(&self, range: Range<usize>) -> &[u32] {
        self.ends.get(range).unwrap_or_default()
    }

    /// Drops everything before `position`.
    #[inline]
    pub(super) fn skip_to(&mut self, position: usize) {
        while self.terminator().is_some_and(|at| at < position) {
            self.take();
        }
        let position = position as u32;
        while self.taken.ends < self.marks && self.ends.get(self.taken.ends).is_some_and(|at| *at < position) {
            self.taken.ends = self.taken.ends.saturating_add(1);
        }
    }

    /// The first stray line break within `span`; drops all up to its end.
    #[inline]
    pub(super) fn take_break(&mut self, span: Range<usize>) -> Option<usize> {
        first_within(&self.breaks, &mut self.taken.breaks, span)
    }

    /// The first byte above 0x7F within `span`; drops all up to its end.
    #[inline]
    pub(super) fn take_high(&mut self, span: Range<usize>) -> Option<usize> {
        first_within(&self.high, &mut self.taken.high, span)
    }

    /// The buffer has lost so many bytes at its front; none of them is still wanted.
    pub(super) fn shift(&mut self, by: usize) {
        self.forget_taken();
        let places = self.ends.iter_mut().take(self.marks);
        for place in places.chain(&mut self.breaks).chain(&mut self.high) {
            *place = place.saturating_sub(by as u32);
        }
        self.upto = self.upto.saturating_sub(by);
    }

    /// Looks at the next bytes of the buffer, a step of them at most.
    pub(super) fn extend(&mut self, buffer: &[u8]) {
        self.forget_taken();
        let step = buffer.get(self.upto..).unwrap_or_default();
        let step = step.get(..Self::STEP).unwrap_or(step);
        let room = self.marks.saturating_add(step.len()).saturating_add(64);
        if self.ends.len() < room {
            self.ends.resize(room, 0);
        }
        let (blocks, rest) = step.as_chunks::<64>();
        for block in blocks {
            self.mark(block, 64);
        }
        if !rest.is_empty() {
            let mut block = [0; 64];
            block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            self.mark(&block, rest.len());
        }
    }

    /// Marks what stands in the first `length` bytes of a block.
    #[inline(always)]
    fn mark(&mut self, block: &[u8; 64], length: usize) {
        let bytes = u8x64::new(*block);
        let used = u64::MAX >> (64 - length);
        let is = |byte: u8| bytes.simd_eq(u8x64::splat(byte)).to_bitmask() & used;

        let terminators = is(self.terminator);
        let separators = is(self.element) | terminators;
        let blanks = bytes.simd_le(u8x64::splat(b' ')).to_bitmask() & used & !separators;
        // A run of blanks that begins after a terminator stands between segments. Adding its first bit
        // carries through it, and leaves the other runs as they are.
        let begins = blanks & (terminators << 1 | u64::from(self.between));
        let between = blanks & !blanks.wrapping_add(begins);
        let breaks = (is(b'\r') | is(b'\n')) & !separators & !between;
        let high = bytes.to_bitmask() & used;

        let at = self.upto as u32;
        let before = self.marks as u32;
        each_bit(terminators, |bit| {
            let upto = separators & (u64::MAX >> (63 - bit));
            self.segments.push(before + upto.count_ones());
        });
        self.push_ends(separators, at);
        each_bit(breaks, |bit| self.breaks.push(at + bit));
        each_bit(high, |bit| self.high.push(at + bit));
        self.between = (terminators | between) >> (length - 1) & 1 == 1;
        self.upto += length;
    }

    /// Appends the positions of the bits, eight at a time without looking whether there are so many: a
    /// branch for each would cost more than the writing.
    #[inline(always)]
    fn push_ends(&mut self, mut bits: u64, at: u32) {
        let count = bits.count_ones() as usize;
        let room = self.ends.get_mut(self.marks..).and_then(|room| room.first_chunk_mut::<64>());
        let Some(room) = room else { return };
        let (eights, _) = room.as_chunks_mut::<8>();
        for eight in eights.iter_mut().take(count.div_ceil(8)) {
            for place in eight {
                *place = at.wrapping_add(bits.trailing_zeros());
                bits &= bits.wrapping_sub(1);
            }
        }
        self.marks += count;
    }

    /// Makes room: what has been taken is not asked for again.
    fn forget_taken(&mut self) {
        let Taken { ends, segments, breaks, high } = std::mem::take(&mut self.taken);
        self.ends.copy_within(ends..self.marks, 0);
        self.marks -= ends;
        self.segments.drain(..segments);
        self.segments.iter_mut().for_each(|marks| *marks -= ends as u32);
        self.breaks.drain(..breaks);
        self.high.drain(..high);
    }
}

/// The first of the ascending `places` within `span`; counts as taken all up to its end.
#[inline]
fn first_within(places: &[u32], taken: &mut usize, span: Range<usize>) -> Option<usize> {
    let mut first = None;
    while let Some(place) = places.get(*taken).map(|place| *place as usize).filter(|place| *place < span.end) {
        if place >= span.start && first.is_none() {
            first = Some(place);
        }
        *taken += 1;
    }
    first
}

/// Calls back with the number of every bit that is set, the lowest first.
#[inline(always)]
fn each_bit(mut bits: u64, mut call: impl FnMut(u32)) {
    while bits != 0 {
        call(bits.trailing_zeros());
        bits &= bits - 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the index says of a buffer that came in pieces of these lengths.
    fn indexed(buffer: &[u8], delimiters: Delimiters, pieces: &[usize]) -> (Vec<Vec<usize>>, Vec<usize>, Vec<usize>) {
        let mut index = Index::new(delimiters, 0);
        let mut pieces = pieces.iter().copied().cycle();
        let (mut segments, mut breaks, mut high) = (Vec::new(), Vec::new(), Vec::new());
        let mut upto = 0;
        while upto < buffer.len() {
            upto = (upto + pieces.next().unwrap()).min(buffer.len());
            while index.upto() < upto {
                index.extend(&buffer[..upto]);
            }
            while let Some(end) = index.terminator() {
                let ends = index.take();
                segments.push(index.ends(ends).iter().map(|end| *end as usize).collect());
                while let Some(at) = index.take_break(0..end) { breaks.push(at) }
                while let Some(at) = index.take_high(0..end) { high.push(at) }
            }
        }
        (segments, breaks, high)
    }

    /// The same, byte by byte.
    fn told(buffer: &[u8], delimiters: Delimiters) -> (Vec<Vec<usize>>, Vec<usize>, Vec<usize>) {
        let (mut segments, mut breaks, mut high) = (Vec::new(), Vec::new(), Vec::new());
        let (mut ends, mut first_break, mut first_high) = (Vec::new(), None, None);
        let mut between = true;
        for (at, &byte) in buffer.iter().enumerate() {
            let separates = byte == delimiters.element || byte == delimiters.segment;
            if separates {
                ends.push(at);
            } else if matches!(byte, b'\r' | b'\n') && !(between && byte <= b' ') {
                first_break = first_break.or(Some(at));
            }
            if byte > 0x7F {
                first_high = first_high.or(Some(at));
            }
            between = byte == delimiters.segment || between && byte <= b' ' && !separates;
            if byte == delimiters.segment {
                segments.push(std::mem::take(&mut ends));
                breaks.extend(first_break.take());
                high.extend(first_high.take());
            }
        }
        (segments, breaks, high)
    }

    proptest! {
        #[test]
        fn agrees_with_a_byte_loop(
            buffer in prop::collection::vec(prop::sample::select(&b"~~**\r\n\n  AB\xFF\0:"[..]), 0..700),
            newline in any::<bool>(),
            pieces in prop::collection::vec(1..200usize, 1..8),
        ) {
            let delimiters = Delimiters { segment: if newline { b'\n' } else { b'~' }, ..Delimiters::default() };
            prop_assert_eq!(indexed(&buffer, delimiters, &pieces), told(&buffer, delimiters));
        }
    }

    #[test]
    fn positions_move_with_the_buffer() {
        let mut index = Index::new(Delimiters::default(), 0);
        index.extend(b"ST*837~GS*A");
        assert_eq!(index.terminator(), Some(6));
        index.take();
        index.shift(7);
        index.extend(b"GS*A*B~");
        assert_eq!(index.terminator(), Some(6));
        let ends = index.take();
        assert_eq!(index.ends(ends), [2, 4, 6]);
    }
}
