//! The second reading of a file, which shows segments beside what was found in them.

use std::io::{self, Read};

use super::{
    Kept,
    picture::{Cut, Picture},
};
use crate::{
    check::Place,
    guide::{self, SegmentUse},
    place::{Keep, Walk},
    x12::{self, Reader, Segment, Token},
};

/// A segment that is shown.
pub(super) struct Sight<'s> {
    /// Number in the file, from 1.
    pub(super) number: u64,
    pub(super) offset: u64,
    pub(super) picture: Picture<'s>,
}

impl Sight<'_> {
    /// The picture cut around the place of a finding.
    pub(super) fn cut(&self, place: &Place) -> Cut {
        self.picture.cut(self.bytes(place))
    }

    /// Columns before the place of a finding in the whole segment, and as many carets as it has columns.
    pub(super) fn pointed_at(&self, place: &Place) -> (usize, String) {
        let (column, width) = self.picture.span(self.bytes(place));
        (column, "^".repeat(width.max(1)))
    }

    /// The bytes of the segment that a finding is about; `None` for all of it.
    fn bytes(&self, place: &Place) -> Option<(usize, usize)> {
        let start = place.offset.checked_sub(self.offset).and_then(|start| usize::try_from(start).ok())?;
        (place.element > 0).then_some((start, place.length as usize))
    }
}

/// Reads a file again as far as `until` (a number of a segment) and shows each segment that is wanted.
/// What stopped the first reading stops this one, and is not told again.
pub(super) fn look(
    again: impl Read,
    until: u64,
    wanted: impl Fn(u64) -> bool,
    values: bool,
    mut see: impl FnMut(&Sight<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut reader = Reader::new(again);
    let mut places = Places::default();
    let mut number = 0;
    while number < until {
        let (segment, offset) = match reader.next() {
            Ok(Some(Token::Segment { segment, offset, .. })) => (segment, offset),
            Ok(Some(Token::Trailing { .. })) => continue,
            Ok(None) => break,
            Err(x12::Error::Io(error)) => return Err(error),
            Err(_) => break,
        };
        number += 1;
        let used = if values { None } else { places.of(&segment, offset) };
        if wanted(number) {
            see(&Sight { number, offset, picture: Picture::new(&segment, used, values) })?;
        }
    }
    Ok(())
}

/// Shows each of some findings, in the order of their segments, with the segment it is about where there is one.
pub(super) fn each<'k>(
    findings: &[&'k Kept],
    again: impl Read,
    values: bool,
    mut show: impl FnMut(&'k Kept, Option<&Sight<'_>>) -> io::Result<()>,
) -> io::Result<()> {
    let mut rest = findings.iter().copied().peekable();
    let until = findings.last().map_or(0, |last| last.finding.place.number);
    let wanted = |number: u64| findings.binary_search_by_key(&number, |kept| kept.finding.place.number).is_ok();
    look(again, until, wanted, values, |sight| {
        while let Some(kept) = rest.next_if(|kept| kept.finding.place.number < sight.number) {
            show(kept, None)?;
        }
        while let Some(kept) = rest.next_if(|kept| kept.finding.place.number == sight.number) {
            show(kept, Some(sight))?;
        }
        Ok(())
    })?;
    rest.try_for_each(|kept| show(kept, None))
}

/// Where segments stand in their guides.
#[derive(Default)]
struct Places {
    set: Option<Walk<'static>>,
    /// GS08.
    version: String,
}

impl Places {
    /// The use of a segment, if its guide has a place for it.
    fn of(&mut self, segment: &Segment<'_>, offset: u64) -> Option<&'static SegmentUse> {
        let text = |element: usize| String::from_utf8_lossy(segment.element(element).trim_ascii_end()).into_owned();
        match segment.id() {
            b"ISA" | b"GS" | b"GE" | b"IEA" => {
                self.set = None;
                if segment.id() == b"GS" {
                    self.version = text(8);
                }
                return of_envelope(segment.id());
            }
            b"TA1" if self.set.is_none() => return of_envelope(b"TA1"),
            b"ST" => {
                let (set, convention) = (text(1), text(3));
                let guide = guide::for_set(&set, &convention, &self.version)
                    .or_else(|| guide::for_set(&set, "", &self.version))
                    .and_then(Result::ok);
                self.set = guide.map(|guide| Walk::new(guide, segment.delimiters(), Keep::AllButClaims));
            }
            _ => {}
        }
        let walk = self.set.as_mut()?;
        let node = walk.push(segment, offset, &mut |_, _, _| {});
        if walk.has_faults() {
            walk.take_faults();
        }
        let used = node.and_then(|node| walk.guide().segment(node));
        if segment.id() == b"SE" {
            self.set = None;
        }
        used
    }
}

fn of_envelope(id: &[u8]) -> Option<&'static SegmentUse> {
    let guide = guide::by_name("TA1").and_then(Result::ok)?;
    guide.nodes().filter_map(|node| guide.segment(node)).find(|used| used.id.as_bytes() == id)
}
