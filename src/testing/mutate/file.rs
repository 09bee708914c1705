//! A file in its segments, for whoever wants to rearrange them.

use std::ops::Range;

use crate::{
    generate::random::Random,
    guide::{self, Guide, NodeId},
    place::{Keep, Walk},
    x12::{Delimiters, Reader, Token},
};

/// A file, cut into what can be moved. Joined it is the same bytes again.
pub(super) struct File {
    pub(super) segments: Vec<Piece>,
    /// What stands after the last segment; all of it, if it is not X12.
    pub(super) rest: Vec<u8>,
    /// The largest that it may become.
    pub(super) limit: usize,
}

/// A segment with what stands before it.
#[derive(Clone)]
pub(super) struct Piece {
    pub(super) before: Vec<u8>,
    /// Without its terminator.
    pub(super) text: Vec<u8>,
    pub(super) terminated: bool,
    pub(super) delimiters: Delimiters,
}

/// Where a guide has a segment.
#[derive(Clone, Copy)]
pub(super) struct Spot {
    pub(super) guide: &'static Guide,
    pub(super) node: NodeId,
}

/// A loop of a guide.
pub(super) struct Loop {
    pub(super) id: &'static str,
    /// Its segments.
    pub(super) segments: Range<usize>,
}

impl File {
    pub(super) fn read(bytes: &[u8], limit: usize) -> Self {
        let mut reader = Reader::new(bytes);
        let mut segments = Vec::new();
        while let Ok(Some(token)) = reader.next() {
            let Token::Segment { segment, before, terminated, .. } = token else { break };
            segments.push(Piece {
                before: before.to_vec(),
                text: segment.bytes().to_vec(),
                terminated,
                delimiters: segment.delimiters(),
            });
        }
        let length: usize = segments.iter().map(Piece::len).sum();
        Self { segments, rest: bytes.get(length..).unwrap_or_default().to_vec(), limit }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len());
        self.segments.iter().for_each(|piece| piece.write(&mut bytes));
        bytes.extend_from_slice(&self.rest);
        bytes
    }

    pub(super) fn len(&self) -> usize {
        self.segments.iter().map(Piece::len).sum::<usize>() + self.rest.len()
    }

    /// How many bytes more there may be.
    pub(super) fn room(&self) -> usize {
        self.limit.saturating_sub(self.len())
    }

    /// How the segment at an index is called: `(NM1)`.
    pub(super) fn name(&self, index: usize) -> String {
        let id = self.segments.get(index).map(|piece| piece.elements().swap_remove(0)).unwrap_or_default();
        let id = id.get(..3).unwrap_or(&id);
        format!("({})", id.escape_ascii())
    }

    /// Any segment.
    pub(super) fn any(&self, random: &mut Random) -> Option<usize> {
        (!self.segments.is_empty()).then(|| random.below(self.segments.len()))
    }

    /// Any segment that has one of these ids.
    pub(super) fn any_of(&self, ids: &[&str], random: &mut Random) -> Option<usize> {
        let has = |piece: &Piece| ids.iter().any(|id| piece.is(id));
        let indices: Vec<usize> = (0..).zip(&self.segments).filter(|(_, piece)| has(piece)).map(|(at, _)| at).collect();
        (!indices.is_empty()).then(|| random.pick(&indices))
    }

    /// Any segment and any element of it that is not empty, from 1. Those of an ISA are left alone.
    pub(super) fn any_value(&self, random: &mut Random) -> Option<(usize, usize)> {
        for _ in 0..16 {
            let index = self.any(random)?;
            let Some(piece) = self.segments.get(index).filter(|piece| !piece.is("ISA")) else { continue };
            let elements = piece.elements();
            let element = random.below(elements.len());
            if element > 0 && elements.get(element).is_some_and(|value| !value.is_empty()) {
                return Some((index, element));
            }
        }
        None
    }

    /// Where each segment stands in the guide of its transaction set, and the loops of all of them.
    pub(super) fn places(&self) -> (Vec<Option<Spot>>, Vec<Loop>) {
        let mut spots = vec![None; self.segments.len()];
        let mut loops = Vec::new();
        let mut version = String::new();
        let mut at = 0;
        while let Some(piece) = self.segments.get(at) {
            if piece.is("GS") {
                version = piece.value(8);
            }
            if !piece.is("ST") {
                at += 1;
                continue;
            }
            let rest = self.segments.get(at..).unwrap_or_default();
            let length = rest.iter().position(|piece| piece.is("SE")).map_or(rest.len(), |end| end + 1);
            if let Some(Ok(guide)) = guide::for_set(&piece.value(1), &piece.value(3), &version) {
                place(guide, at, rest.get(..length).unwrap_or_default(), &mut spots, &mut loops);
            }
            at += length;
        }
        (spots, loops)
    }
}

/// Places the segments of a transaction set that begins at an index.
fn place(guide: &'static Guide, from: usize, segments: &[Piece], spots: &mut [Option<Spot>], loops: &mut Vec<Loop>) {
    let Some(first) = segments.first() else { return };
    let mut walk = Walk::new(guide, first.delimiters, Keep::All);
    for (piece, spot) in segments.iter().zip(spots.iter_mut().skip(from)) {
        let text = piece.whole();
        let mut reader = Reader::with_delimiters(&text[..], piece.delimiters);
        if let Ok(Some(Token::Segment { segment, .. })) = reader.next() {
            *spot = walk.push(&segment, 0, &mut |_, _, _| {}).map(|node| Spot { guide, node });
        }
    }
    let (tape, _) = walk.finish(0, &mut |_, _, _| {});
    for index in 1..tape.len() {
        let Some(entry) = tape.entry(index).filter(|entry| entry.is_loop()) else { continue };
        let last = tape.below(index).map(|(_, inner)| inner.position).max().unwrap_or(entry.position);
        let start = from + entry.position as usize - 1;
        loops.push(Loop { id: guide.loop_id(entry.node), segments: start..from + last as usize });
    }
}

impl Piece {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.before);
        out.extend_from_slice(&self.text);
        if self.terminated {
            out.push(self.delimiters.segment);
        }
    }

    fn whole(&self) -> Vec<u8> {
        let mut text = self.text.clone();
        text.push(self.delimiters.segment);
        text
    }

    pub(super) fn len(&self) -> usize {
        self.before.len() + self.text.len() + usize::from(self.terminated)
    }

    /// Whether it has an id.
    pub(super) fn is(&self, id: &str) -> bool {
        let rest = self.text.strip_prefix(id.as_bytes());
        rest.is_some_and(|rest| rest.first().is_none_or(|next| *next == self.delimiters.element))
    }

    /// Its elements, the id first: at least one.
    pub(super) fn elements(&self) -> Vec<Vec<u8>> {
        self.text.split(|byte| *byte == self.delimiters.element).map(<[u8]>::to_vec).collect()
    }

    /// An element as text; empty if there is none.
    pub(super) fn value(&self, element: usize) -> String {
        let elements = self.elements();
        elements.get(element).map_or_else(String::new, |value| String::from_utf8_lossy(value).into_owned())
    }

    /// Puts elements into the place of those it has.
    pub(super) fn set_elements(&mut self, elements: &[Vec<u8>]) {
        self.text = elements.join(&self.delimiters.element);
    }

    /// Puts a value into an element, if it has that.
    pub(super) fn set(&mut self, element: usize, value: impl Into<Vec<u8>>) -> Option<()> {
        let mut elements = self.elements();
        *elements.get_mut(element)? = value.into();
        self.set_elements(&elements);
        Some(())
    }
}
