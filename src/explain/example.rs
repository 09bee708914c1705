//! A synthetic example of a segment.

use std::collections::BTreeSet;

use crate::{
    guide::{DataType, ElementUse, SegmentUse, SyntaxNote, Usage, dictionary},
    guidebook::notes_in_use,
};

/// A segment with its required elements, and one more that is asked about.
pub(super) fn segment(segment: &SegmentUse, wanted: Option<(u8, u8)>) -> String {
    let elements = chosen(segment, wanted);
    let mut text = segment.id.clone();
    let last = elements.iter().map(|(element, _)| *element).max().unwrap_or(0);
    let mut before = String::new();
    for position in 1..=last {
        text.push('*');
        if !elements.contains(&(position, 0)) {
            continue;
        }
        let components: Vec<u8> = elements
            .iter()
            .filter(|(element, component)| *element == position && *component > 0)
            .map(|(_, component)| *component)
            .collect();
        let Some(most) = components.iter().copied().max() else {
            before = segment.element(position, 0).map(|element| value(segment, element, &before)).unwrap_or_default();
            text.push_str(&before);
            continue;
        };
        for component in 1..=most {
            if component > 1 {
                text.push(':');
            }
            if components.contains(&component) {
                before = segment
                    .element(position, component)
                    .map(|element| value(segment, element, &before))
                    .unwrap_or_default();
                text.push_str(&before);
            }
        }
    }
    text.push('~');
    text
}

/// The elements of the example: what is required, what is wanted, and what these need.
fn chosen(segment: &SegmentUse, wanted: Option<(u8, u8)>) -> BTreeSet<(u8, u8)> {
    let mut chosen: BTreeSet<(u8, u8)> = BTreeSet::new();
    chosen.extend(
        segment
            .elements
            .iter()
            .filter(|one| one.component == 0 && one.usage == Usage::Required)
            .map(|one| (one.position, 0)),
    );
    if let Some((element, component)) = wanted {
        chosen.extend([(element, 0), (element, component)]);
    }
    if chosen.is_empty() {
        chosen.extend(segment.elements.first().map(|one| (one.position, 0)));
    }
    let Ok(dictionary) = dictionary() else { return chosen };
    add_needed(segment, 0, dictionary.segment_notes(&segment.id), &mut chosen);
    let positions: Vec<u8> = chosen.iter().map(|(element, _)| *element).collect();
    for position in positions {
        let components = segment.elements.iter().filter(|one| one.position == position && one.component > 0);
        chosen.extend(components.filter(|one| one.usage == Usage::Required).map(|one| (one.position, one.component)));
        if let Some(composite) = segment.element(position, 0).filter(|one| one.data.kind == DataType::Composite) {
            add_needed(segment, position, dictionary.composite_notes(&composite.data.number), &mut chosen);
        }
    }
    chosen
}

/// Adds what syntax notes call for. `composite` is 0 for the notes of the segment.
fn add_needed(segment: &SegmentUse, composite: u8, notes: &[SyntaxNote], chosen: &mut BTreeSet<(u8, u8)>) {
    let place = |position: u8| {
        if composite == 0 { (position, 0) } else { (composite, position) }
    };
    // Each round adds something, and there are fewer elements than rounds.
    for _ in 0..segment.elements.len() {
        let before = chosen.len();
        for note in notes_in_use(segment, composite, notes) {
            let usable: Vec<(u8, u8)> = note
                .positions
                .iter()
                .map(|&position| place(position))
                .filter(|(element, component)| segment.element(*element, *component).is_some())
                .collect();
            let stands = |at: &(u8, u8)| chosen.contains(at);
            let needed: Vec<(u8, u8)> = match note.kind {
                'P' if usable.iter().any(stands) => usable,
                'C' if usable.first().is_some_and(stands) => usable,
                'R' if !usable.iter().any(stands) => usable.into_iter().take(1).collect(),
                'L' if usable.first().is_some_and(stands) && !usable.iter().skip(1).any(stands) => {
                    usable.into_iter().skip(1).take(1).collect()
                }
                _ => Vec::new(),
            };
            chosen.extend(needed);
        }
        if chosen.len() == before {
            return;
        }
    }
}

/// A value that the element could hold. `before` is the value before it, which may be its format
/// qualifier.
fn value(segment: &SegmentUse, element: &ElementUse, before: &str) -> String {
    if let Some(code) = element.codes.first() {
        return code.clone();
    }
    if let Some(sample) = element.lists.first().and_then(|list| of_list(list)) {
        return sample.into();
    }
    match (segment.id.as_str(), element.position) {
        ("ISA", 11) => return "^".into(),
        ("ISA", 16) => return ":".into(),
        _ => {}
    }
    let text = match (element.data.kind, before) {
        _ if element.data.number == "1251" => match before {
            "RD8" => "20260101-20260131",
            "DT" => "202601151430",
            "TM" => "1430",
            _ => "20260115",
        },
        (DataType::Date, _) if element.data.max == 6 => "260115",
        (DataType::Date, _) => "20260115",
        (DataType::Time, _) => "1430",
        (DataType::Decimal, _) if element.data.number == "782" => "100",
        (DataType::Decimal | DataType::Integer(_), _) => "1",
        (DataType::Code, _) if element.name.contains("Postal") || element.name.contains("ZIP") => "750010001",
        _ => of_name(&element.name),
    };
    fitted(text, element)
}

/// Cut and filled up to the lengths allowed.
fn fitted(text: &str, element: &ElementUse) -> String {
    let most = usize::from(element.max.unwrap_or(element.data.max)).max(1);
    let mut text: String = text.chars().take(most).collect();
    let fewest = usize::from(element.data.min);
    while text.chars().count() < fewest {
        match element.data.kind {
            DataType::Integer(_) | DataType::Decimal => text.insert(0, '0'),
            _ if element.data.number.starts_with('I') => text.push(' '),
            _ => text.push('0'),
        }
    }
    text
}

/// Made up, but of the right form.
fn of_name(name: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["First Name"]) {
        "JANE"
    } else if has(&["Middle Name"]) {
        "Q"
    } else if has(&["Suffix"]) {
        "JR"
    } else if has(&["Address Line", "Address Information"]) {
        "1 MAIN ST"
    } else if has(&["City"]) {
        "ANYTOWN"
    } else if has(&["Communication Number"]) {
        "5555550100"
    } else if has(&["Number", "Identifier", "Identification", "Code", " ID"]) {
        "12345"
    } else {
        "EXAMPLE"
    }
}

fn of_list(list: &str) -> Option<&'static str> {
    Some(match list {
        "bank-routing" => "021000021",
        "bill-frequency" | "admission-type" | "admission-source" => "1",
        "carc" => "45",
        "claim-status" => "20",
        "claim-status-category" => "A1",
        "condition-code" | "patient-status" => "01",
        "country" => "CA",
        "country-subdivision" => "ON",
        "currency" => "CAD",
        "facility-type" => "13",
        "hcpcs" | "procedure" => "G0463",
        "icd-diagnosis" => "J069",
        "ndc" | "drug-or-device" => "00000000000",
        "npi" => "1234567893",
        "oral-cavity" => "10",
        "place-of-service" => "11",
        "postal-code" => "750010001",
        "rarc" => "N130",
        "revenue-code" => "0450",
        "segment-id" => "CLM",
        "state" => "TX",
        "taxonomy" => "207Q00000X",
        "tooth" => "3",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guide::{NAMES, by_name};

    fn example(guide: &str, query: &str) -> String {
        let guide = by_name(guide).expect("listed").expect("reads");
        let found = super::super::lookup::find(guide, query);
        let first = found.first().expect(query);
        segment(guide.segment(first.node).expect("a segment"), first.element)
    }

    #[test]
    fn examples_hold_what_is_required_and_what_is_asked_about() {
        assert_eq!(example("837P", "2300/REF[G1]02"), "REF*G1*12345~");
        assert_eq!(example("837P", "2310B/NM109"), "NM1*82*1*EXAMPLE*****XX*1234567893~");
        assert_eq!(example("837P", "2300/DTP[431]03"), "DTP*431*D8*20260115~");
        assert!(example("837P", "2300/CLM11-4").contains(":TX"), "{}", example("837P", "2300/CLM11-4"));
    }

    #[test]
    fn every_example_keeps_to_the_lengths_of_its_elements() {
        for name in NAMES {
            let guide = by_name(name).expect("listed").expect("reads");
            for one in guide.nodes().filter_map(|node| guide.segment(node)) {
                for element in one.elements.iter().filter(|element| element.data.kind != DataType::Composite) {
                    let text = value(one, element, "");
                    let length = text.chars().filter(|character| *character != '-').count();
                    let (min, max) =
                        (usize::from(element.data.min), usize::from(element.max.unwrap_or(element.data.max)));
                    assert!(
                        (min..=max).contains(&length),
                        "{name} {}: `{text}` {min}/{max}",
                        element.designator(&one.id)
                    );
                }
            }
        }
    }
}
