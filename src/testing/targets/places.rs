//! Guides, and the places they have for segments.

use arbitrary::Unstructured;

use super::{choices, shown};
use crate::{
    guide::{self, Guide, NodeId, Role, dictionary, parse, parse_companion},
    place::{Fault, Keep, Tape, Walk},
    testing::transaction,
    x12::{Delimiters, Reader, Token},
};

/// Placement by each guide: every segment comes onto the tape once, in its order; faults lie inside the
/// input; what is forgotten changes no fault; memory is that of the largest loop that is forgotten, and of what
/// is not; and what is said of a beginning is said of the whole.
///
/// The first byte says which guide. If it is odd, each two bytes after it are a place of the guide, so that
/// segments are those of the guide in any order; else they are segments as they stand.
pub fn placement(data: &[u8]) {
    let ([choice], rest) = choices(data);
    let name = guide::NAMES.get(usize::from(choice / 2) % guide::NAMES.len()).copied().unwrap_or("837P");
    let Some(Ok(guide)) = guide::by_name(name) else { return };
    let text = if choice & 1 == 1 { of_places(guide, rest) } else { rest.to_vec() };
    let kept = walk(guide, &text, Keep::All);
    let forgotten = walk(guide, &text, Keep::AllButClaims);
    assert_eq!(kept.placed, forgotten.placed, "what is forgotten changes no place");
    assert_eq!(kept.closed, forgotten.closed, "what is forgotten is handed over before");
    let key = |fault: &Fault| (fault.kind as u8, fault.node, fault.position, fault.offset, fault.segment.clone());
    let keys = |walked: &Walked| walked.faults.iter().map(key).collect::<Vec<_>>();
    assert_eq!(keys(&kept), keys(&forgotten), "what is forgotten changes no fault");
    for fault in &kept.faults {
        assert!(fault.offset <= text.len() as u64, "a fault lies inside the input");
        assert!(fault.position as usize <= kept.placed.len() + 1, "a fault is about a segment, or the end");
        assert!(!fault.describe(guide).is_empty());
    }
    // Of what is never forgotten and the largest of what is: nothing else is ever on the tape.
    let bound = kept.unforgettable + kept.largest;
    assert!(forgotten.peak <= bound, "{} bytes on the tape, at most {bound}", forgotten.peak);
    // Faults at the end are about what is missing; those before are the same without the last segment.
    if let Some((last, _)) = kept.segments.split_last() {
        let start = walk(guide, text.get(..*last).unwrap_or_default(), Keep::All);
        assert_eq!(start.pushed.as_slice(), kept.pushed.get(..start.pushed.len()).unwrap_or_default(), "of a prefix");
    }
}

#[derive(Default)]
struct Walked {
    placed: Vec<Option<NodeId>>,
    /// Where each segment begins.
    segments: Vec<usize>,
    /// Loops in the order they closed, with their segments.
    closed: Vec<(NodeId, u32)>,
    faults: Vec<Fault>,
    /// How many faults there were after each segment.
    pushed: Vec<usize>,
    /// Most bytes of segments that were on the tape at once.
    peak: usize,
    /// Bytes of the largest outermost loop that may be forgotten.
    largest: usize,
    /// Bytes outside of such loops.
    unforgettable: usize,
}

fn walk(guide: &'static Guide, text: &[u8], keep: Keep) -> Walked {
    let mut walked = Walked::default();
    let mut reader = Reader::with_delimiters(text, Delimiters::default());
    let mut walk = Walk::new(guide, Delimiters::default(), keep);
    let mut closed = Vec::new();
    while let Ok(Some(token)) = reader.next() {
        let Token::Segment { segment, offset, .. } = token else { break };
        // One interchange, as far as separators go: another has a walk of its own.
        if segment.delimiters() != Delimiters::default() {
            break;
        }
        let mut note = |tape: &Tape, entry: usize, _: &[Fault]| closed.push(said(tape, entry));
        walked.placed.push(walk.push(&segment, offset, &mut note));
        walked.segments.push(offset as usize);
        walked.faults.extend(walk.take_faults());
        walked.pushed.push(walked.faults.len());
        walked.peak = walked.peak.max(walk.tape().text(0).len());
        assert_eq!(walk.position() as usize, walked.placed.len());
    }
    let length = reader.offset();
    let (tape, faults) =
        walk.finish(length, &mut |tape: &Tape, entry: usize, _: &[Fault]| closed.push(said(tape, entry)));
    walked.faults.extend(faults);
    walked.closed = closed;
    if keep == Keep::All {
        on_tape(guide, &tape, &walked);
        measure(guide, &tape, &mut walked);
    }
    walked
}

fn said(tape: &Tape, entry: usize) -> (NodeId, u32) {
    tape.entry(entry).map_or((NodeId::ROOT, 0), |entry| (entry.node, entry.position))
}

/// Every segment stands on the tape once, in its order, where it was placed.
fn on_tape(guide: &Guide, tape: &Tape, walked: &Walked) {
    let mut position = 0;
    for (index, entry) in (0..tape.len()).filter_map(|index| Some((index, tape.entry(index)?))) {
        if entry.is_loop() {
            assert!(tape.is_closed(index), "a loop has ended");
            assert!(guide.loop_at(entry.node).is_some(), "a loop is a loop of the guide");
            continue;
        }
        let placed = walked.placed.get(position).copied().flatten();
        position += 1;
        assert_eq!(entry.position as usize, position, "segments are on the tape in their order");
        assert_eq!(placed, (!entry.is_unplaced()).then_some(entry.node), "where it was placed");
    }
    assert_eq!(position, walked.placed.len(), "every segment is on the tape");
}

/// What could be forgotten, and what could not.
fn measure(guide: &Guide, tape: &Tape, walked: &mut Walked) {
    let mut index = 1;
    let mut forgettable = 0;
    while let Some(entry) = tape.entry(index) {
        if !entry.is_loop() || guide.role(entry.node) == Role::Part {
            index += 1;
            continue;
        }
        let length = tape.text(index).len();
        forgettable += length;
        walked.largest = walked.largest.max(length);
        index += 1 + tape.below(index).count();
    }
    walked.unforgettable = tape.text(0).len() - forgettable;
}

/// Segments of the guide, two bytes each.
fn of_places(guide: &Guide, data: &[u8]) -> Vec<u8> {
    let uses: Vec<NodeId> = guide.nodes().filter(|node| guide.segment(*node).is_some()).collect();
    let mut text = Vec::new();
    for pair in data.chunks(2).take(2000) {
        let choice = pair.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let Some(&node) = uses.get(choice % uses.len().max(1)) else { continue };
        let Some(segment) = guide.segment(node) else { continue };
        text.extend_from_slice(segment.id.as_bytes());
        let told = guide.discriminator(node);
        for position in 1..=told.map_or(0, |told| told.position) {
            text.push(b'*');
            let told = told.filter(|told| told.position == position);
            let before = told.map_or(0, |told| told.component).saturating_sub(1);
            text.extend(std::iter::repeat_n(b':', before.into()));
            let code = told.and_then(|told| told.codes.first());
            text.extend_from_slice(code.map_or("1", String::as_str).as_bytes());
        }
        text.push(b'~');
    }
    text
}

/// The guide language: a text is a guide or says why not. A guide can be walked through and drawn from; a
/// companion has the places of the guide it extends, and what is drawn from it stands where that has it.
pub fn guide(data: &[u8]) {
    let (Ok(text), Ok(dictionary)) = (std::str::from_utf8(data), dictionary()) else { return };
    match parse(text, dictionary) {
        Ok(guide) => told(&guide, data),
        Err(error) => assert!(error.line <= text.lines().count(), "an error is about a line: {error}"),
    }
    match parse_companion(text, |name| guide::by_name(name)?.ok()) {
        Ok(companion) => {
            told(&companion, data);
            let published = companion.published();
            let nodes = || companion.nodes();
            assert!(nodes().eq(published.nodes()), "the places of the guide it extends");
            assert!(nodes().all(|node| companion.path(node) == published.path(node)));
            for (node, position, component) in companion.narrowings() {
                assert!(companion.narrowed_by(node, position, component).is_some());
            }
        }
        Err(error) => assert!(error.line <= text.lines().count(), "an error is about a line: {error}"),
    }
}

/// Whatever a guide says can be said, and drawn.
fn told(guide: &Guide, data: &[u8]) {
    for node in guide.nodes() {
        assert!(node == NodeId::ROOT || guide.children(guide.parent(node)).contains(&node));
        let _ = (guide.path(node), guide.designator(node), guide.title(node).len(), guide.repeat(node).to_string());
        if let Some(segment) = guide.segment(node) {
            assert!(segment.elements.iter().all(|element| !element.designator(&segment.id).is_empty()));
        }
    }
    let set = transaction(guide, &mut Unstructured::new(data));
    let mut writer = crate::x12::Writer::new(Vec::new(), Delimiters::default());
    // Codes may hold anything, delimiters too.
    if set.write(&mut writer).is_err() {
        return;
    }
    let bytes = writer.into_inner();
    // Interchanges begin and end with these, whatever the guide says.
    if [b"ISA", b"IEA"].into_iter().any(|id| memchr::memmem::find(&bytes, id).is_some()) {
        return;
    }
    let mut reader = Reader::with_delimiters(&bytes[..], Delimiters::default());
    let mut walk = Walk::new(guide, Delimiters::default(), Keep::All);
    while let Ok(Some(Token::Segment { segment, offset, .. })) = reader.next() {
        walk.push(&segment, offset, &mut |_, _, _| {});
    }
    assert_eq!(walk.position() as usize, set.places().len(), "{}", shown(&bytes));
    walk.finish(bytes.len() as u64, &mut |_, _, _| {});
}
