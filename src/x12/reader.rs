//! Segments out of any [`Read`], one at a time, from a reused buffer.

mod begin;

use std::{
    io::{self, Read},
    ops::Range,
};

use super::{Delimiters, Error, Finding, FindingKind, Segment, finding::Findings, index::Index};

/// The longest segment that is read, in bytes without its terminator: 1 MiB.
pub const MAX_SEGMENT: usize = 1 << 20;

/// How many bytes that belong to no segment may stand before an interchange or between segments: 64 KiB.
pub const MAX_BETWEEN: usize = 64 << 10;

/// How large the buffer is at first; it grows for longer segments only. In tests and under a fuzzer it is
/// small, so that it fills up, moves and grows all the time.
const BUFFER: usize = if cfg!(any(test, fuzzing)) { 64 } else { 128 << 10 };

/// Reads segments.
///
/// An input is any number of interchanges, each with separators of its own, or a fragment that begins with
/// GS or ST. Between segments line breaks and blanks are skipped, before an interchange anything is; all of
/// it is handed out with the segment that follows, so that no byte is lost: the input is the concatenation
/// of `before`, segment and terminator of every [`Token::Segment`] and the bytes of every
/// [`Token::Trailing`].
///
/// What is odd is collected in [`findings`](Self::findings).
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    /// Bytes of the input, those up to `filled`.
    buffer: Vec<u8>,
    filled: usize,
    /// The first byte that has not been handed out.
    position: usize,
    /// Where `buffer` begins in the input.
    offset: u64,
    /// Whether the input has ended.
    ended: bool,
    stage: Stage,
    delimiters: Delimiters,
    index: Index,
    /// Where the elements of the header that was read last end.
    header_ends: Vec<u32>,
    findings: Findings,
    /// Whether a byte above 0x7F has been reported in this interchange.
    not_ascii: bool,
}

/// What [`Reader::next`] hands out, borrowed until it is called again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token<'a> {
    /// A segment.
    Segment {
        /// The segment, without its terminator.
        segment: Segment<'a>,
        /// What stands between the terminator before and this segment: line breaks and blanks, and before
        /// an ISA anything else too.
        before: &'a [u8],
        /// Where the first byte of the segment stands in the input, from 0.
        offset: u64,
        /// Whether a terminator follows. Only the last segment can be without.
        terminated: bool,
    },
    /// What stands after the last segment. It may come in several pieces.
    Trailing {
        /// The bytes.
        bytes: &'a [u8],
        /// Where the first of them stands in the input, from 0.
        offset: u64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    /// Before the first segment.
    Opening,
    /// Among segments.
    Within,
    /// After an IEA: another interchange may follow, or anything else.
    Between,
    /// After the last segment, where something other than filler has been seen or not.
    Trailing { junk: bool },
    /// Nothing more is to be had.
    Finished,
}

/// A token by places in the buffer.
enum Found {
    /// A segment, and the part of the index that says where its elements end.
    Segment {
        start: usize,
        end: usize,
        terminated: bool,
        ends: Range<usize>,
    },
    /// The header of an interchange, whose elements end as `header_ends` has it.
    Header {
        start: usize,
        end: usize,
        terminated: bool,
    },
    Trailing {
        start: usize,
        end: usize,
    },
    Nothing,
}

impl<R: Read> Reader<R> {
    /// Reads interchanges, or a fragment whose separators show (see [`FindingKind::SeparatorsGuessed`]).
    pub fn new(input: R) -> Self {
        Self::at_stage(input, Delimiters::default(), Stage::Opening)
    }

    /// Reads segments with these separators, until an ISA states others.
    pub fn with_delimiters(input: R, delimiters: Delimiters) -> Self {
        Self::at_stage(input, delimiters, Stage::Within)
    }

    fn at_stage(input: R, delimiters: Delimiters, stage: Stage) -> Self {
        Reader {
            input,
            buffer: vec![0; BUFFER],
            filled: 0,
            position: 0,
            offset: 0,
            ended: false,
            stage,
            delimiters,
            index: Index::new(delimiters, 0),
            header_ends: Vec::new(),
            findings: Findings::default(),
            not_ascii: false,
        }
    }

    /// The next segment, or what stands after the last; `None` at the end of the input.
    ///
    /// # Errors
    ///
    /// When there is no X12, or no way to go on; see [`Error`]. After an error other than [`Error::Io`]
    /// nothing more is handed out.
    #[expect(clippy::should_implement_trait, reason = "what is handed out borrows the buffer")]
    #[inline(always)]
    pub fn next(&mut self) -> Result<Option<Token<'_>>, Error> {
        if let Some((start, end)) = self.plain_segment() {
            let ends = self.index.take();
            let from = std::mem::replace(&mut self.position, end + 1);
            return Ok(Some(self.token(from..start, end, true, self.index.ends(ends))));
        }
        let (start, end, terminated, ends) = match self.find()? {
            Found::Segment { start, end, terminated, ends } => (start, end, terminated, Some(ends)),
            Found::Header { start, end, terminated } => (start, end, terminated, None),
            Found::Trailing { start, end } => {
                self.position = end;
                let bytes = self.buffer.get(start..end).unwrap_or_default();
                return Ok(Some(Token::Trailing { bytes, offset: self.offset_of(start) }));
            }
            Found::Nothing => return Ok(None),
        };
        let from = std::mem::replace(&mut self.position, end + usize::from(terminated));
        let ends = ends.map_or(self.header_ends.as_slice(), |ends| self.index.ends(ends));
        Ok(Some(self.token(from..start, end, terminated, ends)))
    }

    /// What is odd about the bytes handed out so far, in their order; the first hundred of each kind.
    pub fn findings(&self) -> &[Finding] {
        self.findings.list()
    }

    /// How many findings of a kind there were, those beyond the first hundred included.
    pub fn count(&self, kind: FindingKind) -> u64 {
        self.findings.count(kind)
    }

    /// The separators in use: those of the interchange of the last segment.
    pub fn delimiters(&self) -> Delimiters {
        self.delimiters
    }

    /// How many bytes of the input have been handed out.
    pub fn offset(&self) -> u64 {
        self.offset_of(self.position)
    }

    #[inline(always)]
    fn token<'a>(&'a self, before: Range<usize>, end: usize, terminated: bool, ends: &'a [u32]) -> Token<'a> {
        let start = before.end;
        let text = self.buffer.get(start..end).unwrap_or_default();
        Token::Segment {
            segment: Segment::within(text, ends, start as u32, self.delimiters),
            before: self.buffer.get(before).unwrap_or_default(),
            offset: self.offset_of(start),
            terminated,
        }
    }

    /// Where the next segment stands if there is nothing to it, which is nearly always so: it has been
    /// indexed, it is not part of the envelope, and no finding comes of it.
    #[inline(always)]
    fn plain_segment(&self) -> Option<(usize, usize)> {
        let end = self.index.terminator()?;
        let before_end = self.buffer.get(self.position..end)?;
        let start = self.position + before_end.iter().position(|byte| !self.delimiters.is_filler(*byte))?;
        let plain = self.stage == Stage::Within
            && self.buffer.get(start) != Some(&b'I')
            && end - start <= MAX_SEGMENT
            && start - self.position <= MAX_BETWEEN
            && self.index.is_plain(end);
        plain.then_some((start, end))
    }

    /// The next token, whatever it takes.
    #[cold]
    fn find(&mut self) -> Result<Found, Error> {
        let found = match self.stage {
            Stage::Opening => self.open(),
            Stage::Within | Stage::Between => self.segment(),
            Stage::Trailing { junk } => self.trailing(junk),
            Stage::Finished => Ok(Found::Nothing),
        };
        if found.as_ref().is_err_and(|error| !matches!(error, Error::Io(_))) {
            self.stage = Stage::Finished;
        }
        found
    }

    /// The next segment among others.
    fn segment(&mut self) -> Result<Found, Error> {
        let Some(skipped) = self.skip_filler()? else {
            self.stage = Stage::Trailing { junk: false };
            return self.trailing(false);
        };
        let is_control = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\r' | b'\n' | b'\t');
        if let Some(at) = self.unread(0).iter().take(skipped).position(is_control) {
            self.findings.push(FindingKind::ControlBetweenSegments, self.offset_of(self.position + at), 1);
        }
        let maybe_envelope = self.stage == Stage::Between || self.buffer.get(self.position + skipped) == Some(&b'I');
        if maybe_envelope && let Some(found) = self.envelope(skipped)? {
            return Ok(found);
        }
        self.data(skipped, maybe_envelope)
    }

    /// The segment that begins `skipped` bytes on.
    fn data(&mut self, skipped: usize, maybe_envelope: bool) -> Result<Found, Error> {
        let (end, terminated) = loop {
            let start = self.position + skipped;
            self.index.skip_to(start);
            if let Some(end) = self.index.terminator() {
                break (end, true);
            } else if self.index.upto() < self.filled {
                self.index.extend(self.buffer.get(..self.filled).unwrap_or_default());
            } else if self.filled - start > MAX_SEGMENT || !self.more()? {
                break (self.filled, false);
            }
        };
        let start = self.position + skipped;
        if end - start > MAX_SEGMENT {
            return Err(Error::SegmentTooLong { offset: self.offset_of(start), limit: MAX_SEGMENT });
        }
        let (end, ends) = if terminated {
            (end, self.index.take())
        } else {
            let end = start + self.without_last_lines(self.unread(skipped));
            (end, self.index.take_rest(end))
        };
        self.remark(start, end, terminated);
        if !terminated {
            self.stage = Stage::Trailing { junk: false };
        } else if maybe_envelope {
            let id_ends = self.index.ends(ends.clone()).first().map_or(0, |end| *end as usize - start);
            let is_trailer = self.buffer.get(start..start + id_ends) == Some(b"IEA");
            self.stage = if is_trailer { Stage::Between } else { Stage::Within };
        }
        Ok(Found::Segment { start, end, terminated, ends })
    }

    /// Reports what is odd about a segment.
    fn remark(&mut self, start: usize, end: usize, terminated: bool) {
        let mut line_break = false;
        while let Some(at) = self.index.take_odd(end) {
            let (kind, seen) = match self.buffer.get(at) {
                Some(0x80..) => (FindingKind::NotAscii, &mut self.not_ascii),
                Some(b'\r' | b'\n') => (FindingKind::BreakInsideSegment, &mut line_break),
                // A separator of components where a segment begins.
                _ => continue,
            };
            if !std::mem::replace(seen, true) {
                self.findings.push(kind, self.offset + at as u64, 1);
            }
        }
        if start == end {
            self.findings.push(FindingKind::EmptySegment, self.offset_of(start), 0);
        }
        if !terminated {
            self.findings.push(FindingKind::MissingTerminator, self.offset_of(end), 0);
        }
    }

    /// How many bytes of filler come first; `None` when nothing else comes, or not soon enough.
    fn skip_filler(&mut self) -> Result<Option<usize>, Error> {
        let mut skipped = 0;
        loop {
            let rest = self.unread(skipped);
            match rest.iter().position(|byte| !self.delimiters.is_filler(*byte)) {
                Some(filler) if skipped + filler > MAX_BETWEEN => {
                    return Err(self.too_much_between(self.position + skipped + filler));
                }
                Some(filler) => return Ok(Some(skipped + filler)),
                None => skipped += rest.len(),
            }
            if skipped > MAX_BETWEEN || !self.more()? {
                return Ok(None);
            }
        }
    }

    /// A piece of what stands after the last segment.
    fn trailing(&mut self, junk: bool) -> Result<Found, Error> {
        loop {
            let solid = match junk {
                true => self.header_in_junk()?,
                false => self.unread(0).iter().position(|byte| !self.delimiters.is_filler(*byte)),
            };
            let rest = self.unread(0);
            let piece = match solid {
                Some(0) => return Err(self.too_much_between(self.position)),
                Some(at) => at,
                // an `ISA` may have begun in the last two bytes
                None if junk && !self.ended => rest.len().saturating_sub(2),
                None => rest.len(),
            };
            if piece > 0 {
                return Ok(Found::Trailing { start: self.position, end: self.position + piece });
            }
            if !self.more()? && self.unread(0).is_empty() {
                self.stage = Stage::Finished;
                return Ok(Found::Nothing);
            }
        }
    }

    /// How long the last segment is without the line breaks, and what follows them, before the end of the
    /// input.
    fn without_last_lines(&self, text: &[u8]) -> usize {
        let data = text.iter().rposition(|byte| !self.delimiters.is_filler(*byte)).map_or(0, |last| last + 1);
        let ends_line = |byte: &u8| !matches!(byte, b' ' | b'\t');
        text.iter().skip(data).position(ends_line).map_or(text.len(), |at| data + at)
    }

    fn too_much_between(&self, at: usize) -> Error {
        Error::TooMuchBetween { offset: self.offset_of(at), limit: MAX_BETWEEN }
    }

    /// Where a place in the buffer is in the input.
    #[inline]
    fn offset_of(&self, place: usize) -> u64 {
        self.offset + place as u64
    }

    /// What has been read, from `skipped` bytes after what has been handed out.
    #[inline]
    fn unread(&self, skipped: usize) -> &[u8] {
        self.buffer.get(self.position + skipped..self.filled).unwrap_or_default()
    }

    /// Reads until so many bytes are there that have not been handed out, or the input ends.
    fn at_least(&mut self, wanted: usize) -> Result<(), Error> {
        while self.unread(0).len() < wanted && self.more()? {}
        Ok(())
    }

    /// Reads more; whether there was more. What has been handed out goes, so places in the buffer move:
    /// keep them relative to `position`.
    fn more(&mut self) -> Result<bool, Error> {
        if self.ended {
            return Ok(false);
        }
        if self.position > 0 && (self.filled == self.position || self.filled == self.buffer.len()) {
            self.buffer.copy_within(self.position..self.filled, 0);
            self.index.shift(self.position);
            self.offset += self.position as u64;
            self.filled -= self.position;
            self.position = 0;
        }
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let read = loop {
            match self.input.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        // a reader that claims to have read more than it was given room for is wrong
        self.filled = (self.filled + read).min(self.buffer.len());
        self.ended = read == 0;
        Ok(read > 0)
    }
}

#[cfg(test)]
mod tests;
