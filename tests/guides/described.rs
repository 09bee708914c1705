//! What is told of guides: answers to questions, and pages.

use std::{collections::BTreeSet, fs};

use claimwire::{
    codes::{self, Texts},
    explain,
    guidebook::{self, Format},
};
use proptest::prelude::*;

use super::{guides, none, segments};

#[test]
fn explain_answers_for_every_designator_of_every_guide() {
    let texts = Texts::default();
    let mut found = Vec::new();
    for guide in guides() {
        for node in guide.nodes().skip(1) {
            let around = guide.path(guide.parent(node));
            let slash = if around.is_empty() { "" } else { "/" };
            let id = if guide.name == "TA1" && guide.loop_at(node).is_some() {
                format!("<{}>", guide.designator(node))
            } else {
                guide.designator(node)
            };
            let place = format!("{around}{slash}{id}");
            let mut asked = vec![(place.clone(), guide.title(node).to_owned())];
            if let Some(segment) = guide.segment(node) {
                asked.extend(segment.elements.iter().map(|element| {
                    (format!("{around}{slash}{}", element.designator(&guide.designator(node))), element.name.clone())
                }));
            }
            for (place, name) in asked {
                let mut answer = Vec::new();
                let known = explain::explain(&format!("{} {place}", guide.name), &texts, &mut answer);
                let answer = String::from_utf8(answer).expect("UTF-8");
                // Paths stay whole, to be copied.
                let wide = answer.lines().find(|line| {
                    line.chars().count() > 100 && line.chars().skip(16).collect::<String>().trim().contains(' ')
                });
                if !matches!(known, Ok(true)) || !answer.contains(&name) || wide.is_some() {
                    found.push(format!("{} {place}: {known:?} {wide:?}", guide.name));
                }
            }
        }
    }
    none("designators that explain does not know", found);
}

#[test]
fn explain_answers_for_every_segment_and_every_code() {
    let texts = Texts::default();
    let ask = |query: &str| explain::explain(query, &texts, std::io::sink());
    let ids: BTreeSet<&str> = guides().flat_map(segments).map(|(_, segment)| segment.id.as_str()).collect();
    none("segments", ids.into_iter().filter(|id| !matches!(ask(id), Ok(true))).map(str::to_owned).collect());
    for list in codes::all() {
        assert!(matches!(ask(list.name), Ok(true)), "{}", list.name);
        none(
            "codes",
            list.codes()
                .iter()
                .step_by(17)
                .filter(|code| !matches!(ask(&format!("{} {}", list.name, code.code)), Ok(true)))
                .map(|code| format!("{} {}", list.name, code.code))
                .collect(),
        );
    }
    for valid in [
        "CARC 45",
        "carc 45",
        "RARC N130",
        "STC A7:507",
        "STC A7:507:85",
        "POS 11",
        "CLM05-3=7",
        "837P 2300/CLM06=Y",
        "DE 1028",
        "837P",
        "005010X221A1",
        "2310[82]",
    ] {
        assert!(matches!(ask(valid), Ok(true)), "{valid}");
    }
    for invalid in ["CARC 9999", "STC ZZ:507", "837P CLM06=Q", "POS 00"] {
        assert!(matches!(ask(invalid), Ok(false)), "{invalid}");
    }
    for unknown in [
        "",
        "XYZZY",
        "CLM05-9",
        "837P 2300/DN1",
        "DE 99999",
        "CLM05-9=1",
        "[",
        "CLM05-",
        "837P /",
        "é",
        "2310[",
        "CAS02/3",
    ] {
        assert!(matches!(ask(unknown), Err(explain::Error::Unknown { .. })), "{unknown}");
    }
    let Err(explain::Error::Unknown { near, .. }) = ask("CLM5-3") else { panic!("unknown") };
    assert_eq!(near.first().map(String::as_str), Some("CLM05-3"));
}

#[test]
fn explain_has_an_operators_own_texts() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("rarc.txt"), "N130  Mine alone\n").expect("written");
    let texts = Texts::in_folder(folder.path()).expect("readable");
    let mut answer = Vec::new();
    explain::explain("RARC N130", &texts, &mut answer).expect("known");
    assert!(String::from_utf8(answer).expect("UTF-8").contains("Mine alone"));
}

#[test]
fn pages_show_every_segment_use_and_every_field() {
    for guide in guides() {
        for format in [Format::Text, Format::Markdown, Format::Html, Format::Csv] {
            let (mut page, mut fields) = (Vec::new(), Vec::new());
            guidebook::page(guide, format, &mut page).expect("written");
            guidebook::fields(guide, format, &mut fields).expect("written");
            let (page, fields) = (String::from_utf8(page).expect("UTF-8"), String::from_utf8(fields).expect("UTF-8"));
            let escaped = |text: &str| match format {
                Format::Markdown => {
                    text.chars()
                        .map(|character| {
                            if "|*_`[]\\<".contains(character) {
                                format!("\\{character}")
                            } else {
                                character.to_string()
                            }
                        })
                        .collect()
                }
                Format::Html => text.replace('&', "&amp;"),
                _ => text.to_owned(),
            };
            for (node, segment) in segments(guide) {
                assert!(
                    page.contains(&escaped(&guide.designator(node))) && page.contains(&escaped(&segment.name)),
                    "{} {format:?} {}",
                    guide.name,
                    guide.designator(node)
                );
            }
            if guide.set == "837" {
                assert!(page.contains("patient_paid") || guide.name == "837I", "{} {format:?}", guide.name);
                assert!(
                    fields.contains("billing_providers[].subscribers[].claims[].control_number"),
                    "{} {format:?}",
                    guide.name
                );
            }
        }
    }
}

#[test]
fn anchors_of_a_page_are_unique_and_its_links_lead_somewhere() {
    for guide in guides() {
        let mut page = Vec::new();
        guidebook::page(guide, Format::Html, &mut page).expect("written");
        let page = String::from_utf8(page).expect("UTF-8");
        let between = |open: &str| {
            page.split(open).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect::<Vec<_>>()
        };
        let ids = between(" id=\"");
        let unique: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{}", guide.name);
        none("links", between("href=\"#").into_iter().filter(|link| !unique.contains(link)).collect());
        assert!(!page.contains("http://") && !page.contains("src="), "a page asks for nothing");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn explain_takes_any_question(query in "[A-Z0-9]{0,6}[ /=-]?[-A-Za-z0-9/\\[\\]<>.=é*+ ]{0,16}|\\PC{0,24}") {
        let _ = explain::explain(&query, &Texts::default(), std::io::sink());
    }
}
