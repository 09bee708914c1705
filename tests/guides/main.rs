//! The whole of every guide: what may stand where is unambiguous, keeps to the dictionary and the
//! code lists, and is described truly.

#![cfg(feature = "cli")]

mod companions;
mod described;

use std::{collections::BTreeSet, fs, path::Path};

use claimwire::{
    codes,
    guide::{
        DataType, Dictionary, ElementUse, Guide, NAMES, NodeId, Place, Requirement, SegmentUse, Usage, by_name,
        dictionary,
    },
    guidebook::Counts,
};

fn guides() -> impl Iterator<Item = &'static Guide> {
    NAMES.iter().map(|name| guide(name))
}

fn guide(name: &str) -> &'static Guide {
    by_name(name).expect("listed").unwrap_or_else(|error| panic!("{error}"))
}

fn the_dictionary() -> &'static Dictionary {
    dictionary().unwrap_or_else(|error| panic!("{error}"))
}

fn segments(guide: &'static Guide) -> impl Iterator<Item = (NodeId, &'static SegmentUse)> {
    guide.nodes().filter_map(|node| Some((node, guide.segment(node)?)))
}

fn elements(guide: &'static Guide) -> impl Iterator<Item = (String, &'static SegmentUse, &'static ElementUse)> {
    segments(guide).flat_map(|(node, segment)| {
        let place = format!("{} {}/{}", guide.name, guide.path(node), guide.designator(node));
        segment
            .elements
            .iter()
            .map(move |element| (format!("{place} {}", element.designator(&segment.id)), segment, element))
    })
}

/// Fails with all that was found.
fn none(what: &str, mut found: Vec<String>) {
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "{what}: {}\n{}", found.len(), found.join("\n"));
}

#[test]
fn guides_have_the_size_they_were_compared_at() {
    let sizes: Vec<(&str, usize, usize)> = guides()
        .map(|guide| (guide.name.as_str(), Counts::of(guide)))
        .map(|(name, counts)| (name, counts.loops, counts.segments))
        .collect();
    let expected = [
        ("837P", 65, 381),
        ("837I", 59, 273),
        ("837D", 53, 254),
        ("835", 5, 53),
        ("999", 3, 11),
        ("277CA", 13, 38),
        ("TA1", 3, 7),
    ];
    assert_eq!(sizes, expected);
}

/// The rank of each part of a loop, worked out from the positions: parts of one rank may come in any
/// order.
fn ranks(guide: &Guide, around: NodeId) -> Vec<(NodeId, usize)> {
    let position = |node| match guide.place(node) {
        Place::Loop(one) => one.position,
        Place::Segment(one) => one.position,
    };
    let mut ranks = Vec::new();
    let mut rank = 0;
    for (at, &part) in guide.children(around).iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| guide.children(around).get(at));
        if at == 1 || before.is_some_and(|&before| position(before) != position(part)) {
            rank += 1;
        }
        ranks.push((part, rank));
    }
    ranks
}

fn first_segment(guide: &Guide, part: NodeId) -> NodeId {
    if guide.segment(part).is_some() { part } else { guide.children(part)[0] }
}

/// Whether a segment could be taken for either use.
fn overlap(left: &SegmentUse, right: &SegmentUse) -> bool {
    let telling = |segment: &SegmentUse| {
        segment.elements.iter().find(|element| element.discriminator).map(|element| element.codes.clone())
    };
    left.id == right.id
        && match (telling(left), telling(right)) {
            (Some(left), Some(right)) => left.iter().any(|code| right.contains(code)),
            _ => true,
        }
}

#[test]
fn no_segment_matches_two_places_from_any_state() {
    let mut found = Vec::new();
    for guide in guides() {
        for (from, _) in segments(guide) {
            // Inner places win over outer ones, so rivals stand in one loop; but an inner place may
            // not hide the way out to one that would be missed.
            let mut at = from;
            while at != NodeId::ROOT {
                let around = guide.parent(at);
                let ranks = ranks(guide, around);
                let here = ranks.iter().find(|(part, _)| *part == at).map_or(0, |(_, rank)| *rank);
                let open: Vec<NodeId> = ranks
                    .iter()
                    .filter(|(part, rank)| *rank >= here && !guide.is_trigger(*part))
                    .map(|(part, _)| first_segment(guide, *part))
                    .collect();
                for (index, &one) in open.iter().enumerate() {
                    for &other in &open[index + 1..] {
                        let (left, right) =
                            (guide.segment(one).expect("a segment"), guide.segment(other).expect("a segment"));
                        if overlap(left, right) {
                            found.push(format!(
                                "{} {}: {} and {}",
                                guide.name,
                                guide.path(one),
                                guide.designator(one),
                                guide.designator(other)
                            ));
                        }
                    }
                }
                at = around;
            }
        }
    }
    none("segments that two places of a loop take", found);
}

/// Places further out that a segment could go to as well, though the inner one takes it: where the
/// standard leaves no other way to tell, the innermost is right.
const INNER_WINS: &[(&str, &str)] = &[
    // A transaction set outside a group comes before any group.
    ("GS/ST/ST", "hides ST/ST"),
];

#[test]
fn what_an_inner_place_takes_is_not_meant_for_an_outer_one() {
    let mut found = Vec::new();
    for guide in guides() {
        for (from, _) in segments(guide) {
            let mut open: Vec<NodeId> = Vec::new();
            let mut at = from;
            while at != NodeId::ROOT {
                let around = guide.parent(at);
                let ranks = ranks(guide, around);
                let here = ranks.iter().find(|(part, _)| *part == at).map_or(0, |(_, rank)| *rank);
                for (part, rank) in ranks {
                    let taker = first_segment(guide, part);
                    if rank < here || guide.is_trigger(part) {
                        continue;
                    }
                    let segment = guide.segment(taker).expect("a segment");
                    if let Some(&inner) = open.iter().find(|&&inner| {
                        guide.parent(inner) != guide.parent(taker)
                            && guide.segment(inner).is_some_and(|inner| overlap(inner, segment))
                    }) {
                        found.push(format!(
                            "{} {}/{} hides {}/{}",
                            guide.name,
                            guide.path(inner),
                            guide.designator(inner),
                            guide.path(taker),
                            guide.designator(taker)
                        ));
                    }
                    open.push(taker);
                }
                at = around;
            }
        }
    }
    found.retain(|line| !INNER_WINS.iter().any(|(inner, outer)| line.contains(inner) && line.contains(outer)));
    none("outer places that an inner one hides", found);
}

#[test]
fn designators_are_unique_within_a_loop() {
    let mut found = Vec::new();
    for guide in guides() {
        for node in guide.nodes() {
            let names: Vec<String> = guide.children(node).iter().map(|&child| guide.designator(child)).collect();
            let unique: BTreeSet<&String> = names.iter().collect();
            if unique.len() != names.len() {
                found.push(format!("{} {}: {names:?}", guide.name, guide.path(node)));
            }
        }
    }
    none("loops with a designator twice", found);
}

#[test]
fn every_mark_of_a_discriminator_tells_something_apart() {
    let mut found = Vec::new();
    for guide in guides() {
        for (node, segment) in segments(guide) {
            let marks = segment.elements.iter().filter(|element| element.discriminator).count();
            // A trigger competes with what stands beside its loop, other segments with what stands in it.
            let around = if guide.is_trigger(node) { guide.parent(guide.parent(node)) } else { guide.parent(node) };
            let rivals = guide
                .children(around)
                .iter()
                .chain(guide.children(guide.parent(node)))
                .map(|&part| first_segment(guide, part));
            let rivals: BTreeSet<NodeId> = rivals
                .filter(|&rival| rival != node && guide.segment(rival).is_some_and(|rival| rival.id == segment.id))
                .collect();
            let place = format!("{} {}/{}", guide.name, guide.path(node), guide.designator(node));
            if marks > 1 {
                found.push(format!("{place}: {marks} marks"));
            }
            if marks > 0 && rivals.is_empty() && segment.id != "HL" {
                found.push(format!("{place}: marked for nothing"));
            }
            if marks == 0 && !rivals.is_empty() && guide.name != "TA1" {
                found.push(format!("{place}: a mark is missing"));
            }
            if segment
                .elements
                .iter()
                .any(|element| element.discriminator && (element.codes.is_empty() || element.usage != Usage::Required))
            {
                found.push(format!("{place}: the mark stands on an element without codes or not required"));
            }
        }
    }
    none("marks", found);
}

#[test]
fn guides_keep_within_the_dictionary() {
    let mut found = Vec::new();
    for guide in guides() {
        for (place, segment, element) in elements(guide) {
            let data = the_dictionary().data_element(&segment.id, element.position, element.component);
            if data.as_ref() != Some(&element.data) {
                found.push(format!("{place}: not the dictionary's data element"));
            }
            if element.max.is_some_and(|max| max > element.data.max || max < element.data.min) {
                found.push(format!(
                    "{place}: limit {:?} outside {}/{}",
                    element.max, element.data.min, element.data.max
                ));
            }
            if element.decimals.is_some() && element.data.kind != DataType::Decimal {
                found.push(format!("{place}: decimals of a {}", element.data.kind));
            }
            let most = usize::from(element.max.unwrap_or(element.data.max));
            for code in &element.codes {
                let length = code.chars().count();
                if element.data.kind != DataType::Composite && !(usize::from(element.data.min)..=most).contains(&length)
                {
                    found.push(format!(
                        "{place}: code `{code}` is no {} {}/{most}",
                        element.data.kind, element.data.min
                    ));
                }
            }
            let distinct: BTreeSet<&String> = element.codes.iter().collect();
            if distinct.len() != element.codes.len() {
                found.push(format!("{place}: a code twice"));
            }
            let member = the_dictionary()
                .segment_elements(&segment.id)
                .get(usize::from(element.position) - 1)
                .expect("in the dictionary");
            if element.component == 0 && !within(element, member.repeat) {
                found.push(format!("{place}: repeats more than the dictionary allows"));
            }
        }
        for (node, segment) in segments(guide) {
            for (at, member) in the_dictionary().segment_elements(&segment.id).iter().enumerate() {
                let used = u8::try_from(at + 1).ok().and_then(|position| segment.element(position, 0));
                if member.requirement == Requirement::Mandatory && used.is_none_or(|used| used.usage != Usage::Required)
                {
                    found.push(format!(
                        "{} {}/{}{:02}: mandatory in the dictionary",
                        guide.name,
                        guide.path(node),
                        guide.designator(node),
                        at + 1
                    ));
                }
            }
        }
    }
    none("elements outside the dictionary", found);
}

fn within(element: &ElementUse, limit: u16) -> bool {
    limit == 0 || !element.repeat.is_many() || element.repeat.allows(2) && !element.repeat.allows(u32::from(limit) + 1)
}

#[test]
fn every_code_list_named_is_known() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("specs/README.md")).expect("readable");
    let (_, lists) = readme.split_once("## External code lists").expect("the section");
    let told: BTreeSet<&str> = lists
        .lines()
        .filter(|line| line.starts_with("| `"))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    let indexed: BTreeSet<&str> = codes::all().iter().map(|list| list.name).collect();
    assert_eq!(told, indexed, "specs/README.md and specs/codes.index name the same lists");
    let named: BTreeSet<&str> =
        guides().flat_map(elements).flat_map(|(_, _, element)| element.lists.iter().map(String::as_str)).collect();
    none("lists that no index names", named.difference(&indexed).map(|name| (*name).to_owned()).collect());
    let files: BTreeSet<String> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("specs/codes"))
        .expect("readable")
        .filter_map(|entry| entry.ok()?.path().file_stem()?.to_str().map(str::to_owned))
        .collect();
    let embedded: BTreeSet<String> =
        codes::all().iter().filter(|list| !list.codes().is_empty()).map(|list| list.name.to_owned()).collect();
    assert_eq!(files, embedded, "every file of specs/codes comes with the program");
}

#[test]
fn codes_of_the_lists_fit_the_elements_they_govern() {
    let mut found = Vec::new();
    for (place, _, element) in guides().flat_map(elements) {
        for list in element.lists.iter().filter_map(|name| codes::by_name(name)) {
            let most = usize::from(element.max.unwrap_or(element.data.max));
            found.extend(
                list.codes()
                    .iter()
                    .filter(|code| code.code.chars().count() > most)
                    .map(|code| format!("{place}: {} {}", list.name, code.code)),
            );
        }
    }
    none("codes too long for their places", found);
}
