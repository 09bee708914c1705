//! Where interchanges and fragments begin, and what stands before them.

use std::io::Read;

use memchr::{memchr_iter, memmem};

use super::{Found, MAX_BETWEEN, Reader, Stage};
use crate::x12::{
    Delimiters, Error, Finding, FindingKind,
    index::Index,
    isa::{self, HEADER_WINDOW, Header, Refusal},
    opening::{BOM, FRAGMENT_WINDOW, fragment, is_utf16},
};

impl<R: Read> Reader<R> {
    /// What comes `skipped` bytes on, where it need not be a segment of this interchange: the header of the
    /// next one, or junk. `None` if it is a segment after all.
    pub(super) fn envelope(&mut self, skipped: usize) -> Result<Option<Found>, Error> {
        match self.header(skipped)? {
            Ok(header) => return Ok(Some(self.begin(skipped, header))),
            Err(_) if self.stage == Stage::Within => return Ok(None),
            Err(_) => {}
        }
        self.at_least(skipped + 4)?;
        if looks_like_segment(self.unread(skipped), self.delimiters) {
            return Ok(None);
        }
        match self.find_header(skipped)? {
            Ok((skipped, header)) => Ok(Some(self.begin(skipped, header))),
            Err(_) => {
                let junk = self.position + skipped;
                self.findings.push(FindingKind::TrailingJunk, self.offset_of(junk), 0);
                self.stage = Stage::Trailing { junk: true };
                self.trailing(true).map(Some)
            }
        }
    }

    /// The first segment.
    pub(super) fn open(&mut self) -> Result<Found, Error> {
        self.at_least(8)?;
        if is_utf16(self.unread(0)) {
            return Err(Error::Utf16);
        }
        let marks = if self.unread(0).starts_with(BOM) { BOM.len() } else { 0 };
        let mut skipped = marks;
        loop {
            let filler = self.unread(skipped).iter().take_while(|byte| **byte <= b' ').count();
            skipped += filler;
            if !self.unread(skipped).is_empty() || skipped > MAX_BETWEEN || !self.more()? {
                break;
            }
        }
        if let Ok(header) = self.header(skipped)? {
            return Ok(self.begin(skipped, header));
        }
        self.at_least(skipped + FRAGMENT_WINDOW)?;
        if let Some(delimiters) = fragment(window(self.unread(skipped), FRAGMENT_WINDOW)) {
            return self.begin_fragment(skipped, delimiters);
        }
        let refusal = match self.find_header(skipped)? {
            Ok((skipped, header)) => return Ok(self.begin(skipped, header)),
            Err(refusal) => refusal,
        };
        if let Some((skipped, delimiters)) = find_fragment(window(self.unread(0), MAX_BETWEEN + FRAGMENT_WINDOW)) {
            return self.begin_fragment(skipped, delimiters);
        }
        Err(refusal.unwrap_or(Error::NotX12 { searched: window(self.unread(0), MAX_BETWEEN).len() as u64 }))
    }

    /// The header that begins `skipped` bytes on, or why there is none.
    fn header(&mut self, skipped: usize) -> Result<Result<Header, Refusal>, Error> {
        self.at_least(skipped + 4)?;
        if !self.unread(skipped).starts_with(b"ISA") {
            return Ok(Err(Refusal::Otherwise));
        }
        loop {
            let text = window(self.unread(skipped), HEADER_WINDOW);
            let complete = self.ended || text.len() == HEADER_WINDOW;
            match isa::header(text, complete) {
                Err(Refusal::Incomplete) => self.more()?,
                parsed => return Ok(parsed),
            };
        }
    }

    /// The first header from `skipped` bytes on, and where it begins. If there is none near enough, why the
    /// first `ISA` that could have been one was not.
    fn find_header(&mut self, mut skipped: usize) -> Result<Result<(usize, Header), Option<Error>>, Error> {
        let mut refused = None;
        while skipped <= MAX_BETWEEN {
            let text = self.unread(skipped);
            let Some(at) = memmem::find(text, b"ISA") else {
                skipped += text.len().saturating_sub(2);
                if !self.more()? {
                    break;
                }
                continue;
            };
            skipped += at;
            if skipped > MAX_BETWEEN {
                break;
            }
            let refusal = match self.header(skipped)? {
                Ok(header) => return Ok(Ok((skipped, header))),
                Err(refusal) => refusal,
            };
            let start = self.offset_of(self.position + skipped);
            refused = refused.or(match refusal {
                Refusal::NotASeparator(at, separator) => {
                    Some(Error::NotASeparator { offset: start + at as u64, separator })
                }
                Refusal::CutShort => Some(Error::HeaderCutShort { offset: start }),
                Refusal::Incomplete | Refusal::Otherwise => None,
            });
            skipped += 1;
        }
        Ok(Err(refused))
    }

    /// Begins the interchange whose header stands `skipped` bytes on.
    fn begin(&mut self, skipped: usize, header: Header) -> Found {
        let Header { delimiters, end, terminated, remarks } = header;
        let start = self.position + skipped;
        let end = start + end;
        self.not_ascii = false;
        self.report_before(start);
        for Finding { kind, offset, length } in remarks {
            self.findings.push(kind, self.offset_of(start) + offset, length);
        }
        let text = self.buffer.get(start..end).unwrap_or_default();
        let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n') && !delimiters.contains(*byte);
        let (line_break, high) = (text.iter().position(is_break), text.iter().position(|byte| *byte > 0x7F));
        self.header_ends.clear();
        self.header_ends.extend(memchr_iter(delimiters.element, text).map(|at| (start + at) as u32));
        self.header_ends.push(end as u32);
        if let Some(at) = line_break {
            self.findings.push(FindingKind::BreakInsideSegment, self.offset_of(start + at), 1);
        }
        if let Some(at) = high {
            self.not_ascii = true;
            self.findings.push(FindingKind::NotAscii, self.offset_of(start + at), 1);
        }
        if !terminated {
            self.findings.push(FindingKind::MissingTerminator, self.offset_of(end), 0);
        }
        self.delimiters = delimiters;
        self.index.restart(delimiters, end + usize::from(terminated));
        self.stage = if terminated { Stage::Within } else { Stage::Trailing { junk: false } };
        Found::Header { start, end, terminated }
    }

    /// Begins the fragment that stands `skipped` bytes on.
    fn begin_fragment(&mut self, skipped: usize, delimiters: Delimiters) -> Result<Found, Error> {
        let start = self.position + skipped;
        self.report_before(start);
        self.findings.push(FindingKind::SeparatorsGuessed, self.offset_of(start), 0);
        self.delimiters = delimiters;
        self.index = Index::new(delimiters, start);
        self.stage = Stage::Within;
        self.data(skipped, false)
    }

    /// Reports what stands before the first segment at `start`, if it is more than filler.
    fn report_before(&mut self, start: usize) {
        let before = self.buffer.get(self.position..start).unwrap_or_default();
        let solid = |from: usize| before.iter().skip(from).position(|byte| *byte > b' ').map(|at| from + at);
        let mut junk = solid(0);
        let bom = junk.filter(|at| before.get(*at..).unwrap_or_default().starts_with(BOM));
        if let Some(at) = bom {
            junk = solid(at + BOM.len());
            self.findings.push(FindingKind::Bom, self.offset_of(self.position + at), BOM.len() as u64);
        }
        if let Some(at) = junk {
            let at = self.position + at;
            self.findings.push(FindingKind::JunkBeforeInterchange, self.offset_of(at), (start - at) as u64);
        }
    }

    /// Where in what has been read a header begins, though it stands after too much junk.
    pub(super) fn header_in_junk(&mut self) -> Result<Option<usize>, Error> {
        let mut from = 0;
        while let Some(at) = memmem::find(self.unread(from), b"ISA") {
            from += at;
            if self.header(from)?.is_ok() {
                return Ok(Some(from));
            }
            from += 1;
        }
        Ok(None)
    }
}

/// At most so many bytes.
fn window(text: &[u8], length: usize) -> &[u8] {
    text.get(..length).unwrap_or(text)
}

/// Whether what follows an IEA is another segment, with or without a right to be there: an id of two or
/// three characters and a separator, or nothing but a terminator.
fn looks_like_segment(text: &[u8], delimiters: Delimiters) -> bool {
    let id = text.iter().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()).count();
    match text.get(id) {
        Some(byte) if *byte == delimiters.element => (2..=3).contains(&id),
        Some(byte) => id == 0 && *byte == delimiters.segment,
        None => false,
    }
}

/// The first fragment in a text, after something that is not data, and where it begins.
fn find_fragment(text: &[u8]) -> Option<(usize, Delimiters)> {
    let begins = |at: &usize| match at.checked_sub(1) {
        Some(before) => text.get(before).is_some_and(|byte| !byte.is_ascii_alphanumeric()),
        None => true,
    };
    (0..window(text, MAX_BETWEEN).len())
        .filter(begins)
        .find_map(|at| Some((at, fragment(window(text.get(at..)?, FRAGMENT_WINDOW))?)))
}
