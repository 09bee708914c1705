//! The code lists and the guides that name them.

use std::collections::BTreeSet;

use claimwire::{
    codes::{Judge, Own},
    guide::{ElementUse, Guide, NAMES, SegmentUse, by_name},
};

/// Every element of every guide that a list governs, with its segment and how it is judged.
fn governed() -> Vec<(String, &'static SegmentUse, &'static ElementUse, Judge)> {
    let mut all = Vec::new();
    for name in NAMES {
        let guide: &'static Guide = by_name(name).expect("listed").unwrap_or_else(|error| panic!("{error}"));
        for node in guide.nodes() {
            let Some(segment) = guide.segment(node) else { continue };
            for element in segment.elements.iter().filter(|element| !element.lists.is_empty()) {
                let place = format!("{name} {}/{}", guide.path(node), element.designator(&guide.designator(node)));
                let judge =
                    Judge::new(&element.lists, &Own::default()).unwrap_or_else(|error| panic!("{place}: {error}"));
                all.push((place, segment, element, judge));
            }
        }
    }
    all
}

/// The element that chooses among the sets of another: in the same composite, or else in the same segment.
fn qualifier<'g>(segment: &'g SegmentUse, element: &ElementUse, number: u16) -> Option<&'g ElementUse> {
    let number = number.to_string();
    let fits = |other: &&ElementUse| other.data.number == number;
    let beside = |other: &&ElementUse| other.position == element.position && element.component > 0;
    let before = |other: &&ElementUse| other.component == 0 && (number == "26" || other.position < element.position);
    let elements = || segment.elements.iter();
    elements()
        .find(|other| beside(other) && fits(other))
        .or_else(|| elements().rfind(|other| before(other) && fits(other)))
}

#[test]
fn every_qualifier_of_a_guide_chooses_a_set() {
    // Those that have no form: a jurisdiction's own procedures, article numbers of several kinds.
    let free = BTreeSet::from(["ER", "HI", "N6", "ON", "UI"]);
    let mut unchosen = BTreeSet::new();
    let mut wrong = Vec::new();
    for (place, segment, element, judge) in governed() {
        let chosen = |qualifier: &str| judge.judge(qualifier.as_bytes(), b"?", None).set.is_some();
        match judge.qualified_by().map(|number| qualifier(segment, element, number)) {
            Some(Some(qualifier)) if !qualifier.codes.is_empty() => {
                unchosen.extend(qualifier.codes.iter().map(String::as_str).filter(|code| !chosen(code)));
            }
            _ if chosen("") => {}
            _ => wrong.push(place),
        }
    }
    assert!(wrong.is_empty(), "no qualifier and no set without one: {wrong:#?}");
    assert_eq!(unchosen, free);
}

#[test]
fn codes_that_the_forms_allow_fit_their_elements() {
    let example = |list: &str| match list {
        "hcpcs" => Some("99213"),
        "icd-diagnosis" => Some("S72001A"),
        "icd-procedure" => Some("0DTJ4ZZ"),
        "ndc" => Some("00409733311"),
        "npi" => Some("1234567893"),
        "postal-code" => Some("837021234"),
        "revenue-code" => Some("0450"),
        "taxonomy" => Some("207Q00000X"),
        _ => None,
    };
    for (place, _, element, judge) in governed() {
        for example in element.lists.iter().filter_map(|list| example(list)) {
            let length = u16::try_from(example.len()).expect("short");
            assert!((element.data.min..=element.max.unwrap_or(element.data.max)).contains(&length), "{place}");
            assert!(judge.judge_any(example.as_bytes(), None).set.is_some(), "{place}");
        }
    }
}
