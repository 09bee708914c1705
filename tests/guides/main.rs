//! The whole of every guide: what may stand where is unambiguous, keeps to the dictionary and the
//! code lists, and is described truly.

#![cfg(feature = "cli")]

use std::{collections::BTreeSet, fs, path::Path};

use claimwire::{
    codes::{self, Texts},
    explain,
    guide::{
        DataType, Dictionary, ElementUse, Guide, Library, Limit, NAMES, NodeId, Place, Requirement, SegmentUse, Usage,
        by_name, dictionary,
    },
    guidebook::{self, Counts, Format},
    place::{FaultKind, Keep, Walk},
    x12::{Reader, Token},
};
use proptest::prelude::*;

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

/// The companion guides among the samples.
fn companions() -> Library {
    let mut library = Library::new();
    for name in ["medicare-like", "medicaid-like"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("samples/companions/{name}.guide"));
        library.load(path).unwrap_or_else(|error| panic!("{error}"));
    }
    library
}

#[test]
fn the_examples_of_companion_guides_say_what_they_tell() {
    let library = companions();
    let guide = |name: &str| library.by_name(name).expect("listed").expect("reads");
    let usual = |name: &str| library.companion(by_name(name).expect("listed").expect("reads")).map(|one| &one.name);
    assert_eq!(usual("837P").map(String::as_str), Some("NORTHERN-LIGHTS"));
    assert_eq!(usual("TA1").map(String::as_str), Some("THREE-RIVERS-INTERCHANGE"));
    assert_eq!(usual("835"), None);
    let chosen = library.for_set("837", "005010X223A3", "005010X223A3").expect("known").expect("reads");
    assert_eq!(chosen.name, "THREE-RIVERS");
    for name in ["NORTHERN-LIGHTS", "THREE-RIVERS"] {
        let patients = guide(name).nodes().filter(|&node| guide(name).usage(node) == Usage::NotUsed);
        assert_eq!(patients.map(|node| guide(name).loop_id(node)).collect::<Vec<_>>(), ["2000C"], "{name}");
    }
    let limits = &guide("NORTHERN-LIGHTS").limits;
    assert!(limits.contains(&Limit::ClaimsPerTransaction(5000)) && limits.contains(&Limit::GroupsPerInterchange(1)));
    assert!(limits.iter().any(|limit| matches!(limit, Limit::Amount { elements, .. } if elements.len() > 20)));
    assert_eq!(
        guide("THREE-RIVERS-INTERCHANGE").limits,
        [Limit::InterchangesPerFile(1), Limit::TypesPerInterchange(1)]
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/README.md");
    let readme = fs::read_to_string(path).expect("samples/README.md");
    assert!(readme.contains("companions/medicare-like.guide") && readme.contains("companions/medicaid-like.guide"));
}

#[test]
fn a_companion_places_every_segment_where_its_base_does() {
    let library = companions();
    let mut missing = 0;
    for (folder, name) in [("837p", "NORTHERN-LIGHTS"), ("837i", "THREE-RIVERS"), ("837p", "THREE-RIVERS-INTERCHANGE")]
    {
        let guide = library.by_name(name).expect("listed").expect("reads");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(folder);
        for entry in fs::read_dir(folder).expect("samples") {
            let path = entry.expect("a file").path();
            if path.extension().is_none_or(|extension| extension != "x12") {
                continue;
            }
            let bytes = fs::read(&path).expect("a file");
            let mut reader = Reader::new(bytes.as_slice());
            let mut walks = None::<[Walk<'_>; 2]>;
            while let Ok(Some(token)) = reader.next() {
                let Token::Segment { segment, offset, .. } = token else { continue };
                let walks = walks.get_or_insert_with(|| {
                    [guide, guide.published()].map(|guide| Walk::new(guide, segment.delimiters(), Keep::All))
                });
                for walk in walks.iter_mut() {
                    walk.push(&segment, offset, &mut |_, _, _| {});
                }
            }
            let [(tape, faults), (base_tape, base_faults)] =
                walks.expect("segments").map(|walk| walk.finish(0, &mut |_, _, _| {}));
            let nodes = |tape: &claimwire::place::Tape| {
                tape.below(0).map(|(_, entry)| (entry.node, entry.is_unplaced())).collect::<Vec<_>>()
            };
            assert!(nodes(&tape).len() > 10 && nodes(&tape) == nodes(&base_tape), "{}", path.display());
            let own: Vec<_> = faults.iter().filter(|fault| !base_faults.contains(fault)).collect();
            assert!(base_faults.iter().all(|fault| faults.contains(fault)), "{}", path.display());
            assert!(own.iter().all(|fault| fault.kind == FaultKind::Missing), "{}: {own:?}", path.display());
            missing += own.len();
        }
    }
    assert!(missing > 0, "a dependant's claims leave the subscriber without one");
}

#[test]
fn the_program_prints_what_a_companion_changes() {
    let run = |arguments: &[&str]| {
        let program = std::process::Command::new(env!("CARGO_BIN_EXE_claimwire"))
            .arg("guides")
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("it runs");
        (program.status.code(), String::from_utf8(program.stdout).expect("UTF-8"))
    };
    let (status, text) = run(&["samples/companions/medicaid-like.guide"]);
    assert_eq!(status, Some(0));
    for line in ["loop 2000A/2000B/2000C  not used  (837I: situational)", "limit claims-per-file 5000", "extends TA1"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(run(&["samples/companions/medicaid-like.guide", "--format", "html"]).0, Some(2));
    assert_eq!(run(&["samples/README.md"]).0, Some(2));
}
