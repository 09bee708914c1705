//! Where the separators stand: one vectorised pass over the buffer, the positions of all of them.
//!
//! Separators come every four or five bytes, so that searching for the next one, however fast, costs
//! more than marking all of them, 64 bytes at a time, and then walking the marks.

use std::ops::Range;

use wide::u8x64;

use super::Delimiters;

/// Positions of separators in a buffer, taken from the front and extended at the back.
#[derive(Debug)]
pub(super) struct Index {
    element: u8,
    terminator: u8,
    /// Where element separators and terminators stand.
    ends: Places,
    /// For every terminator, how many of `ends` there are up to and including it, those taken included.
    segments: Places,
    /// Where something odd stands: a line break that neither separates nor stands between segments, a byte
    /// above 0x7F, or between segments a control character that is no line break and no tab.
    odd: Places,
    /// How far the buffer has been looked at.
    upto: usize,
    /// Whether the last byte looked at was a terminator, or filler after one.
    between: bool,
}

impl Index {
    /// How many bytes are looked at in one go: small enough to stay in the nearest cache, and not much to
    /// do over when an interchange changes the separators.
    const STEP: usize = 16 << 10;

    /// The index of a buffer that is of interest from a place on.
    pub(super) fn new(delimiters: Delimiters, from: usize) -> Self {
        Index {
            element: delimiters.element,
            terminator: delimiters.segment,
            ends: Places::default(),
            segments: Places::default(),
            odd: Places::default(),
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
            *self = Index::new(delimiters, from);
        }
    }

    /// How far the buffer has been looked at.
    pub(super) fn upto(&self) -> usize {
        self.upto
    }

    /// Where the next terminator stands, if one has been seen.
    #[inline]
    pub(super) fn terminator(&self) -> Option<usize> {
        let marks = self.segments.first()?;
        self.ends.list.get(marks.wrapping_sub(1)).map(|end| *end as usize)
    }

    /// Whether nothing odd stands before `end`.
    #[inline]
    pub(super) fn is_plain(&self, end: usize) -> bool {
        self.odd.first().is_none_or(|place| place >= end)
    }

    /// Takes the segment that ends at the next terminator: where its elements end, for [`ends`](Self::ends).
    #[inline]
    pub(super) fn take(&mut self) -> Range<usize> {
        let from = self.ends.taken;
        if let Some(marks) = self.segments.first() {
            self.segments.taken += 1;
            self.ends.taken = marks;
        }
        from..self.ends.taken
    }

    /// Takes what is left as a segment that ends at `end`, the end of the input.
    pub(super) fn take_rest(&mut self, end: usize) -> Range<usize> {
        self.ends.list.truncate(self.ends.filled);
        self.ends.list.push(end as u32);
        self.ends.filled += 1;
        let from = std::mem::replace(&mut self.ends.taken, self.ends.filled);
        from..self.ends.filled
    }

    /// Where the elements end that have been taken last.
    #[inline]
    pub(super) fn ends(&self, range: Range<usize>) -> &[u32] {
        self.ends.list.get(range).unwrap_or_default()
    }

    /// Drops everything before `position`.
    #[inline]
    pub(super) fn skip_to(&mut self, position: usize) {
        while self.terminator().is_some_and(|at| at < position) {
            self.take();
        }
        for places in [&mut self.ends, &mut self.odd] {
            while places.first().is_some_and(|at| at < position) {
                places.taken += 1;
            }
        }
    }

    /// Takes the next odd place before `end`.
    pub(super) fn take_odd(&mut self, end: usize) -> Option<usize> {
        let place = self.odd.first().filter(|place| *place < end)?;
        self.odd.taken += 1;
        Some(place)
    }

    /// The buffer has lost so many bytes at its front; none of them is still wanted.
    pub(super) fn shift(&mut self, by: usize) {
        self.forget_taken();
        self.ends.lower(by);
        self.odd.lower(by);
        self.upto = self.upto.saturating_sub(by);
    }

    /// Looks at the next bytes of the buffer, a step of them at most.
    pub(super) fn extend(&mut self, buffer: &[u8]) {
        self.forget_taken();
        let step = buffer.get(self.upto..).unwrap_or_default();
        let step = step.get(..Self::STEP).unwrap_or(step);
        self.ends.make_room(step.len());
        self.segments.make_room(step.len());
        let separators = [u8x64::splat(self.element), u8x64::splat(self.terminator)];
        let (blocks, rest) = step.as_chunks::<64>();
        for block in blocks {
            self.mark(block, 64, separators);
        }
        if !rest.is_empty() {
            let mut block = [0; 64];
            block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            self.mark(&block, rest.len(), separators);
        }
    }

    /// Looks at the next `length` bytes, 1 to 64.
    #[inline(always)]
    fn mark(&mut self, block: &[u8; 64], length: usize, [element, terminator]: [u8x64; 2]) {
        let bytes = u8x64::new(*block);
        let used = u64::MAX >> (64 - length);
        let terminators = bytes.simd_eq(terminator).to_bitmask() & used;
        let separators = (bytes.simd_eq(element).to_bitmask() & used) | terminators;
        let blanks = bytes.simd_le(u8x64::splat(b' ')).to_bitmask() & used & !separators;
        // A run of blanks that begins after a terminator stands between segments. Adding its first bit
        // carries through it, and leaves the other runs as they are.
        let begins = blanks & (terminators << 1 | u64::from(self.between));
        let between = blanks & !blanks.wrapping_add(begins);
        let line_breaks = bytes.simd_eq(u8x64::splat(b'\r')) | bytes.simd_eq(u8x64::splat(b'\n'));
        let blank = bytes.simd_eq(u8x64::splat(b' ')) | bytes.simd_eq(u8x64::splat(b'\t'));
        let controls = between & !(line_breaks | blank).to_bitmask();
        let odd = (line_breaks | bytes).to_bitmask() & used & !separators & !between | controls;

        let at = self.upto as u32;
        self.segments.push_ranks(terminators, separators, self.ends.filled as u32);
        self.ends.push(separators, at);
        if odd != 0 {
            self.odd.make_room(64);
            self.odd.push(odd, at);
        }
        self.between = (terminators | between) >> (length - 1) & 1 == 1;
        self.upto += length;
    }

    /// Makes room: what has been taken is not asked for again.
    fn forget_taken(&mut self) {
        if self.ends.taken > 0 {
            self.segments.lower(self.ends.taken);
        }
        for places in [&mut self.ends, &mut self.segments, &mut self.odd] {
            places.forget_taken();
        }
    }
}

/// Ascending places, taken from the front. Room is made beforehand, so that taking places down needs no
/// look at how much there is.
#[derive(Debug, Default)]
struct Places {
    /// The places, and room behind them.
    list: Vec<u32>,
    filled: usize,
    taken: usize,
}

impl Places {
    /// The first that has not been taken.
    #[inline]
    fn first(&self) -> Option<usize> {
        (self.taken < self.filled).then(|| self.list.get(self.taken).map(|place| *place as usize)).flatten()
    }

    fn forget_taken(&mut self) {
        // a long segment that comes in small pieces has many places, and none taken
        if self.taken > 0 {
            self.list.copy_within(self.taken..self.filled, 0);
            self.filled -= self.taken;
            self.taken = 0;
        }
    }

    /// Lowers those that have not been taken.
    fn lower(&mut self, by: usize) {
        let rest = self.list.get_mut(self.taken..self.filled).unwrap_or_default();
        rest.iter_mut().for_each(|place| *place = place.saturating_sub(by as u32));
    }

    /// Makes room for so many, and for what is written beyond them.
    #[inline]
    fn make_room(&mut self, more: usize) {
        let wanted = self.filled + more + 64;
        if self.list.len() < wanted {
            self.list.resize(wanted, 0);
        }
    }

    #[inline(always)]
    fn room(&mut self) -> Option<&mut [u32; 64]> {
        self.list.get_mut(self.filled..)?.first_chunk_mut()
    }

    /// Appends the places of the bits, where the first bit stands `at`. Writes eight at a time without
    /// looking whether there are so many: a branch for each would cost more.
    #[inline(always)]
    fn push(&mut self, mut bits: u64, at: u32) {
        let count = bits.count_ones() as usize;
        let Some(room) = self.room() else { return };
        for eight in room.as_chunks_mut::<8>().0.iter_mut().take(count.div_ceil(8)) {
            for place in eight {
                *place = at.wrapping_add(bits.trailing_zeros());
                bits &= bits.wrapping_sub(1);
            }
        }
        self.filled += count;
    }

    /// Appends for each of the bits how many of `all` there are up to it, and `before` them.
    #[inline(always)]
    fn push_ranks(&mut self, mut bits: u64, all: u64, before: u32) {
        let Some(room) = self.room() else { return };
        let mut count = 0;
        while bits != 0 {
            let upto = all & (u64::MAX >> (63 - bits.trailing_zeros()));
            if let Some(rank) = room.get_mut(count & 63) {
                *rank = before.wrapping_add(upto.count_ones());
            }
            count += 1;
            bits &= bits - 1;
        }
        self.filled += count;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Where the elements of each segment end, and where something odd stands.
    type Told = (Vec<Vec<usize>>, Vec<usize>);

    /// What the index says of a buffer that came in pieces of these lengths.
    fn indexed(buffer: &[u8], delimiters: Delimiters, pieces: &[usize]) -> Told {
        let mut index = Index::new(delimiters, 0);
        let mut pieces = pieces.iter().copied().cycle();
        let (mut segments, mut odd) = (Vec::new(), Vec::new());
        let mut upto = 0;
        while upto < buffer.len() {
            upto = (upto + pieces.next().unwrap()).min(buffer.len());
            while index.upto() < upto {
                index.extend(&buffer[..upto]);
            }
            while let Some(end) = index.terminator() {
                let ends = index.take();
                segments.push(index.ends(ends).iter().map(|end| *end as usize).collect());
                let before = odd.len();
                let plain = index.is_plain(end);
                odd.extend(std::iter::from_fn(|| index.take_odd(end)));
                assert_eq!(plain, odd.len() == before);
            }
        }
        odd.extend(std::iter::from_fn(|| index.take_odd(usize::MAX)));
        (segments, odd)
    }

    /// The same, byte by byte.
    fn told(buffer: &[u8], delimiters: Delimiters) -> Told {
        let is_odd = |byte: u8, between: bool| match byte {
            0x80.. => true,
            b'\r' | b'\n' => !between,
            b'\t' => false,
            _ => between && byte < b' ',
        };
        let (mut segments, mut odd, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        let mut between = true;
        for (at, &byte) in buffer.iter().enumerate() {
            let separates = byte == delimiters.element || byte == delimiters.segment;
            if separates {
                ends.push(at);
            } else if is_odd(byte, between) {
                odd.push(at);
            }
            if byte == delimiters.segment {
                segments.push(std::mem::take(&mut ends));
            }
            between = byte == delimiters.segment || between && byte <= b' ' && !separates;
        }
        (segments, odd)
    }

    proptest! {
        #[test]
        fn agrees_with_a_byte_loop(
            buffer in prop::collection::vec(prop::sample::select(&b"~~**\r\n\n\t  AB\xFF\0:"[..]), 0..700),
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

    #[test]
    fn what_is_odd_in_a_header_is_not_told_of_what_follows() {
        let mut index = Index::new(Delimiters::default(), 0);
        index.extend(b"ISA*\x80~GS");
        index.restart(Delimiters::default(), 6);
        index.shift(6);
        index.extend(b"GS*A~");
        assert_eq!(index.terminator(), Some(4));
        assert!(index.is_plain(4));
    }
}
