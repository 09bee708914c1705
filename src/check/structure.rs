//! What does not fit the guide's order of segments and loops: SNIP levels 1 and 2.

use super::{
    finding::Place,
    found::{Found, Said, name},
    known,
    rule::{Rule, rules},
};
use crate::{
    guide::{Guide, NodeId, Place as Node},
    place::{Fault, FaultKind},
};

rules! {
    UNKNOWN = Rule::error(1, "ELM03", "unknown-segment").by_place().ik3("1")
        .says("is no segment of the standard", "check the segment id, and for a stray segment terminator before it");
    NOT_IN_SET = Rule::error(1, "ELM03", "not-in-set").by_place().ik3("6")
        .says("is not a segment that the guide uses", "remove it");
    UNEXPECTED = Rule::error(1, "ELM03", "unexpected").by_place().ik3("2")
        .says("has no place here", "check its qualifier, and what stands before it");
    SEQUENCE = Rule::error(1, "ENV17", "sequence").by_place().ik3("7")
        .says("stands too late in its loop", "put it in the order of the guide");
    SEGMENT_REPEATS = Rule::error(1, "ELM03", "repeats").by_place().ik3("5")
        .says("stands more often than the guide allows", "send it within the limit");
    LOOP_REPEATS = Rule::error(1, "ELM03", "loop-repeats").by_place().ik3("4")
        .says("begins its loop more often than the guide allows", "send the loop within the limit");
    MANDATORY = Rule::error(1, "ELM03", "mandatory-segment").by_place().ik3("3")
        .says("is missing", "add the segment; no transaction set of this kind is without");
    MISSING = Rule::error(2, "ELM03", "missing").by_place().ik3("I8")
        .says("is missing", "add the segment; the guide requires it");
    LOOP_MISSING = Rule::error(2, "ELM03", "loop-missing").by_place().ik3("I7")
        .says("is missing, and its loop with it", "add the loop; the guide requires it");
    PARENT = Rule::error(2, "HL02", "parent").by_place().ik4("7")
        .says("does not name the level around it", "put into HL02 the HL01 of the level this one belongs to, and the levels in order");
}

/// Puts a fault of placement among the findings. `number` and `line` are those of the segment at its position.
pub(super) fn report<'f>(
    found: &'f mut Found<'_>,
    guide: &'static Guide,
    fault: &Fault,
    line: u64,
    length: u32,
) -> Said<'f> {
    let is_loop = matches!(guide.place(fault.node), Node::Loop(_));
    let rule = match fault.kind {
        FaultKind::UnknownSegment => &UNKNOWN,
        FaultKind::NotInGuide => &NOT_IN_SET,
        FaultKind::Unexpected => &UNEXPECTED,
        FaultKind::OutOfOrder => &SEQUENCE,
        FaultKind::TooMany if is_loop => &LOOP_REPEATS,
        FaultKind::TooMany => &SEGMENT_REPEATS,
        FaultKind::Missing if is_loop => &LOOP_MISSING,
        FaultKind::Missing if STANDARD.contains(&fault.segment.as_str()) => &MANDATORY,
        FaultKind::Missing => &MISSING,
        FaultKind::WrongParent => &PARENT,
    };
    let missing = fault.kind == FaultKind::Missing;
    // That a set does not end is said of the set.
    if missing && fault.segment == "SE" {
        return Said::nothing();
    }
    let place = Place {
        guide: Some(guide),
        node: Some(fault.node),
        segment: name(fault.segment.as_bytes()),
        missing,
        element: if fault.kind == FaultKind::WrongParent { 2 } else { 0 },
        position: fault.position,
        number: found.before_set + u64::from(fault.position),
        offset: fault.offset,
        length: if missing { 0 } else { length },
        line,
        ..Place::default()
    };
    let said = found.push(rule, place, None);
    match fault.kind {
        FaultKind::NotInGuide if known::has_segment(&guide.set, &fault.segment) => said.codes(|codes| {
            (codes.ik3, codes.ik5) = (Some("I4"), Some("I5"));
        }),
        FaultKind::TooMany => said.detail(format!("at most {}", guide.repeat(fault.node))),
        FaultKind::Unexpected => match expected(guide, fault.node, &fault.segment) {
            Some(codes) => said.detail(codes),
            None => said,
        },
        _ => said,
    }
}

/// Segments that the base standard itself requires, where they are not the first of their loop.
const STANDARD: &[&str] = &["ST", "BHT", "BPR", "AK1", "AK9", "IK5", "SE", "GE", "IEA"];

/// The codes by which a loop tells its segments of an id apart.
fn expected(guide: &Guide, node: NodeId, segment: &str) -> Option<String> {
    let loop_node = if guide.segment(node).is_some() { guide.parent(node) } else { node };
    let codes: Vec<&str> = guide
        .children(loop_node)
        .iter()
        .filter(|child| guide.segment(**child).is_some_and(|one| one.id == segment))
        .filter_map(|child| guide.discriminator(*child))
        .flat_map(|element| element.codes.iter().map(String::as_str))
        .take(12)
        .collect();
    (!codes.is_empty()).then(|| format!("this loop takes {segment} with {}", codes.join(", ")))
}
