use proptest::prelude::*;

use super::*;
use crate::guide::{Library, NAMES, NodeId, Place, by_name};

const EXAMPLE: &str = "\
guide ACME extends 837P  Acme Health
ids ACME01 005010X222A2
codes offices  11 22
limit claims-per-transaction 5000
limit amount 99999.99
limit amount 2300/CLM02 1000
rule 837p.2010aa.n403.length off
BHT02  = 00
loop 2000C N
loop 2000B
  SBR
    01 R  = P S
    03 R  max 10  pattern [A-Z]{2}[0-9]+
  loop 2300 R 10
    CLM05-1  = @offices
    REF[G1] N
    PWK 5
2300/HI[ABK]02..12 N
2400/SV1
  03 R  = UN
  04  max 5  decimals 1
";

fn published(name: &str) -> Option<&'static Guide> {
    by_name(name)?.ok()
}

fn read(text: &str) -> Result<Guide, GuideError> {
    parse_companion(text, published)
}

fn acme(lines: &str) -> Guide {
    read(&format!("guide ACME extends 837P\n{lines}\n")).unwrap_or_else(|error| panic!("{error}"))
}

/// The node of `2000A/2000B/SBR`.
fn node(guide: &Guide, place: &str) -> NodeId {
    let (path, last) = place.rsplit_once('/').unwrap_or(("", place));
    let found = guide.nodes().find(|&node| match guide.place(node) {
        Place::Loop(_) => guide.path(node) == place,
        Place::Segment(_) => guide.path(node) == path && guide.designator(node) == last,
    });
    found.unwrap_or_else(|| panic!("{place}"))
}

fn tree(guide: &Guide) -> String {
    format!("{:?} {:?} {:?} {:?}", guide.loops, guide.segments, guide.nodes, guide.dispatch)
}

#[test]
fn a_companion_without_lines_is_its_base() {
    for name in NAMES {
        let base = published(name).expect("a guide");
        let same = read(&format!("guide X extends {name}\n\n# nothing")).expect("reads");
        assert_eq!(tree(&same), tree(base), "{name}");
        assert_eq!((&same.id, &same.also, &same.set, &same.group), (&base.id, &base.also, &base.set, &base.group));
        assert_eq!((same.name.as_str(), &same.title), ("X", &base.title));
        assert!(same.base().is_some_and(|found| std::ptr::eq(found, base)) && std::ptr::eq(same.published(), base));
        assert!(same.nodes().all(|node| same.narrowed_by(node, 0, 0).is_none()));
        assert!(same.ids.is_empty() && same.limits.is_empty() && same.overrides.is_empty());
    }
}

#[test]
fn lines_that_repeat_the_base_change_nothing() {
    let base = published("837P").expect("a guide");
    let same = acme("BHT R 1\nBHT02 R  = 00 18\nloop 2300 S 100\n  CLM05 R\n  CLM03 N\n2400/SV104 R  max 8");
    assert_eq!(tree(&same), tree(base));
}

#[test]
fn each_kind_of_line_narrows() {
    let guide = read(EXAMPLE).unwrap_or_else(|error| panic!("{error}"));
    let base = guide.published();
    assert_eq!(guide.ids, ["ACME01", "005010X222A2"]);
    assert!(guide.accepts("ACME01") && guide.accepts("005010X222A1"));
    assert_eq!(guide.overrides, [("837p.2010aa.n403.length".to_owned(), Override::Off)]);
    assert_eq!(guide.limits[0], Limit::ClaimsPerTransaction(5000));
    let Limit::Amount { most, elements } = &guide.limits[1] else { panic!("an amount") };
    assert_eq!(most.to_string(), "99999.99");
    let claim = node(&guide, "2000A/2000B/2300/CLM");
    assert!(elements.contains(&(claim, 2, 0)) && elements.len() > 20 && elements.is_sorted());
    let Limit::Amount { elements, .. } = &guide.limits[2] else { panic!("an amount") };
    assert_eq!(*elements, [(claim, 2, 0), (node(&guide, "2000A/2000B/2000C/2300/CLM"), 2, 0)]);

    let element = |place: &str, position, component| {
        let node = node(&guide, place);
        guide.segment(node).and_then(|one| one.element(position, component)).expect(place)
    };
    let bht = element("BHT", 2, 0);
    assert_eq!((bht.codes.as_slice(), bht.narrowed), (["00".to_owned()].as_slice(), true));
    assert!(!element("BHT", 1, 0).narrowed);
    assert_eq!(element("2000A/2000B/SBR", 1, 0).codes, ["P", "S"]);
    let group = element("2000A/2000B/SBR", 3, 0);
    assert_eq!((group.usage, group.max), (Usage::Required, Some(10)));
    assert_eq!(group.pattern.as_deref(), Some("[A-Z]{2}[0-9]+"));
    assert_eq!(element("2000A/2000B/2300/CLM", 5, 1).codes, ["11", "22"]);
    assert_eq!(element("2000A/2000B/2300/HI[ABK]", 1, 0).usage, Usage::Required);
    assert_eq!(element("2000A/2000B/2000C/2300/HI[ABK]", 7, 0).usage, Usage::NotUsed);
    let units = element("2000A/2000B/2300/2400/SV1", 4, 0);
    assert_eq!((units.max, units.decimals), (Some(5), Some(1)));

    // A required part is missed, and a forbidden one is not.
    let subscriber = node(&guide, "2000A/2000B");
    let claims = node(&guide, "2000A/2000B/2300");
    assert!(guide.required(subscriber).contains(&claims) && !base.required(subscriber).contains(&claims));
    assert_eq!((guide.usage(claims), guide.repeat(claims)), (Usage::Required, Repeat::UpTo(10)));
    let patient = node(&guide, "2000A/2000B/2000C");
    assert_eq!((guide.usage(patient), base.usage(patient)), (Usage::NotUsed, Usage::Situational));
    assert!(guide.loop_at(patient).is_some_and(|one| one.narrowed));
    let prior = node(&guide, "2000A/2000B/2300/REF[G1]");
    assert!(guide.usage(prior) == Usage::NotUsed && guide.segment(prior).is_some_and(|one| one.narrowed));
    assert_eq!(guide.repeat(node(&guide, "2000A/2000B/2300/PWK")), Repeat::UpTo(5));

    // Who says so, and who does not.
    let by = guide.narrowed_by(prior, 0, 0).expect("narrowed");
    assert_eq!((by.companion.name.as_str(), by.line), ("ACME", 16));
    assert!(guide.narrowed_by(prior, 1, 0).is_none() && base.narrowed_by(prior, 0, 0).is_none());
}

#[test]
fn an_identifier_may_be_any_of_its_guide_and_is_then_meant_literally() {
    let codes = |lines: &str| {
        let guide = acme(lines);
        let element = guide.segment(node(&guide, "ST")).and_then(|one| one.element(3, 0)).expect("ST03");
        (element.codes.clone(), element.narrowed)
    };
    assert_eq!(codes("ST03  = 005010X222A2"), (vec!["005010X222A2".to_owned()], true));
    assert_eq!(codes("ST03  = 005010X222A1"), (vec!["005010X222A1".to_owned()], true));
    assert!(!codes("ST03 R").1);
    for lines in ["ST03  = 005010X223A2", "ST03  = 005010X222A2\nST03  = 005010X222A1"] {
        assert!(read(&format!("guide ACME extends 837P\n{lines}")).is_err(), "{lines}");
    }
    let envelope = read("guide ACME extends TA1\nloop GS\n  GS08  = 005010X222A2 005010X221A1\nISA08  = ME");
    assert!(envelope.is_ok());
}

#[test]
fn the_example_of_the_documentation_reads() {
    let text = include_str!("../../../specs/README.md").lines().skip_while(|line| !line.contains("extends 837P"));
    let lines: Vec<&str> = text.map_while(|line| line.strip_prefix("    ")).collect();
    let guide = read(&lines.join("\n")).unwrap_or_else(|error| panic!("{error}"));
    assert!(guide.narrowings().count() > 8 && guide.limits.len() == 1 && guide.overrides.len() == 1);
}

#[test]
fn a_change_at_one_place_of_a_shared_loop_is_none_at_the_other() {
    let everywhere = acme("2300/CLM06  = Y");
    let once = acme("loop 2000C/2300\n  CLM06  = Y\n  2400/SV103  = UN");
    let base = once.published();
    let of = |guide: &Guide, place: &str, position| {
        let segment = guide.segment(node(guide, place)).expect("a segment");
        segment.element(position, 0).expect("an element").codes.len()
    };
    let (subscriber, patient) = ("2000A/2000B/2300", "2000A/2000B/2000C/2300");
    for (place, position, every, one) in [("CLM", 6, [1, 1], [2, 1]), ("2400/SV1", 3, [2, 2], [2, 1])] {
        let both = |guide| [subscriber, patient].map(|path| of(guide, &format!("{path}/{place}"), position));
        assert_eq!((both(&everywhere), both(&once), both(base)), (every, one, [2, 2]), "{place}");
    }
    // A loop that differs is no longer the same by its first segment; others still are.
    let shared = |guide: &Guide, inner: &str| {
        let [one, other] = [subscriber, patient]
            .map(|path| std::ptr::from_ref(guide.segment(node(guide, &format!("{path}/{inner}"))).expect("a segment")));
        one == other
    };
    assert!(shared(&everywhere, "CLM") && shared(base, "2400/LX"));
    assert!(!shared(&once, "CLM") && !shared(&once, "2400/LX") && shared(&once, "2310B/NM1"));
    assert_eq!(tree(&everywhere).matches("narrowed: true").count(), 1);
}

#[test]
fn a_companion_of_a_companion_narrows_it_and_remembers_both() {
    let mut library = Library::new();
    let text = "guide A extends 837P\nids A1\nlimit claims-per-file 10\nrule r off\n2000B/SBR01  = P S\n\
                2000B/SBR03 R  list groups  pattern A\nloop 2000C N\n\
                guide B extends A  B's\nlimit claims-per-file 5\nrule r error\n2000B/SBR01  = P\nBHT02  = 00";
    let added = library.read("both", text).unwrap_or_else(|error| panic!("{error}")).to_vec();
    let [a, b] = added.as_slice() else { panic!("two") };
    assert!(b.base().is_some_and(|base| std::ptr::eq(base, *a)) && b.published().name == "837P");
    assert_eq!((b.limits.as_slice(), b.overrides.len()), ([Limit::ClaimsPerFile(5)].as_slice(), 1));
    assert_eq!(b.overrides[0].1, Override::Error);
    let who =
        |place, position| b.narrowed_by(node(b, place), position, 0).map(|by| (by.companion.name.as_str(), by.line));
    assert_eq!(who("2000A/2000B/SBR", 1), Some(("B", 11)));
    assert_eq!(who("2000A/2000B/SBR", 3), Some(("A", 6)));
    assert_eq!(who("2000A/2000B/2000C", 0), Some(("A", 7)));
    assert_eq!(who("BHT", 2), Some(("B", 12)));
    assert_eq!(who("BHT", 1), None);

    // An identifier chooses A; B, without one, stands in for the guide itself.
    let set = |convention, version| {
        library.for_set("837", convention, version).map(|guide| guide.expect("reads").name.as_str())
    };
    assert_eq!(set("A1", ""), Some("A"));
    assert_eq!(set("005010X222A1", "A1"), Some("A"));
    assert_eq!(set("005010X222A1", "005010X222A1"), Some("B"));
    assert_eq!(set("005010X223A2", ""), Some("837I"));
    assert_eq!(set("other", ""), None);

    for (lines, problem) in [
        ("2000B/SBR01  = A", "A allows: P S"),
        ("loop 2000C S", "not used by A"),
        ("2000B/SBR03 S", "required by A"),
        ("2000B/SBR03  list other", "A has set the list"),
        ("2000B/SBR03  pattern B", "A has set a pattern"),
        ("limit claims-per-file 11", "claims-per-file 10 already"),
    ] {
        let mut library = library.clone();
        let Err(error) = library.read("c", &format!("guide C extends A\n{lines}")) else { panic!("{lines}: reads") };
        assert!(error.line == 2 && error.problem.contains(problem), "{lines}: {error}");
    }
    for (text, problem) in [
        ("guide a extends 837P", "taken"),
        ("guide 835 extends 837P", "taken"),
        ("guide C extends 837P\nids A1", "another companion"),
        ("", "no guide in it"),
        ("guide C extends D\nguide D extends 837P", "no guide `D`"),
    ] {
        let Err(error) = library.read("c", text) else { panic!("{text}: reads") };
        assert!(error.problem.contains(problem), "{text}: {error}");
        assert_eq!(library.companions().len(), 2, "{text}");
    }
}

#[test]
fn each_kind_of_mistake_is_refused_with_its_line() {
    for (lines, problem) in [
        // Allowing what the base forbids.
        ("BHT S", "required by 837P"),
        ("BHT N", "required by 837P"),
        ("BHT02  = 00 05", "code `05` is not among those that 837P allows: 00 18"),
        ("BHT06  = CH CH", "stands twice"),
        ("2300/CLM01  = 012345678901234567890123456789012345678", "is no AN 1/20"),
        ("2000B/SBR06 R", "837P does not use SBR06"),
        ("2000B/SBR33 N", "no element SBR33"),
        ("BHT 2", "a repeat of 2 is more than 1"),
        ("2300/PWK 0", "write N"),
        ("loop 2300 >1", "a repeat of >1 is more than 100"),
        ("2300/CLM02 x2", "a repeat of 2"),
        ("2300/CLM01  max 21", "more than 20"),
        ("BHT02  max 1", "less than the 2"),
        ("BHT02  decimals 1", "decimals of a ID"),
        ("2300/CLM05  = 1", "composite"),
        ("2000B/SBR03 N  max 3", "holds nothing"),
        ("2000B/SBR01  = P S\n2000B/SBR01  = T", "that line 2 allows: P S"),
        ("2300/PWK N\n2300/PWK R", "not used by line 2"),
        // Places.
        ("loop 2309 N", "837P has no loop `2309`"),
        ("loop 2000A\n  loop 2300 N", "no loop `2300` in 2000A"),
        ("loop 2000A//2000B", "expected loop ids"),
        ("loop", "expected `loop PATH"),
        ("loop /", "expected loop ids"),
        ("/BHT N", "expected a place"),
        ("2300 N", "write `loop 2300`"),
        ("2300/REF N", "expected one of REF["),
        ("2300/REF[ZZ] N", "REF[ZZ]: expected one of REF["),
        ("REF[G1] N", "837P has no REF outside its loops; it has in"),
        ("2300/CUR N", "837P has no CUR"),
        ("2300/CAS02/3 N", "under its segment"),
        ("02 R", "under its segment"),
        ("2300/02 R", "under its segment"),
        ("2300/CLM\n  +1 R", "expected a place"),
        ("2300/CLM\n  -1 R", "expected a place"),
        ("2300/CLM\n  loop 2400", "a loop cannot stand here"),
        ("2300/CLM\n  DTP[435] N", "a segment cannot stand here"),
        ("2300/CLM\n  01 R\n    02 R", "under its segment"),
        ("  BHT02  = 00", "indented under nothing"),
        ("*", "expected a place"),
        ("2300/CLM00 N", "expected a place"),
        ("2300/CLM-3 N", "expected a place"),
        ("2300/CLM00..05 N", "expected a place"),
        ("2300/REF[] N", "expected a place"),
        ("2300/CLM05-1..3  = 1", "is not among"),
        ("2300/REF[G1 N", "expected a place"),
        // Columns.
        ("BHT02", "changes nothing"),
        ("BHT02  Purpose", "names stay the guide's"),
        ("BHT R  Name", "names stay the guide's"),
        ("BHT Q", "expected a usage"),
        ("BHT R 1 1", "expected a usage"),
        ("BHT 1 R", "expected a usage"),
        ("BHT02 R!  = 00", "expected a usage"),
        ("BHT02  = @unknown", "no `codes unknown` above"),
        ("BHT03  pattern [0-9", "expected a pattern"),
        ("BHT03  max many", "expected `= CODES`"),
        // Statements.
        ("codes x", "expected `codes NAME"),
        ("codes x y  1", "expected `codes NAME"),
        ("ids", "expected `ids"),
        ("ids 005010X223A2", "an identifier of 837I"),
        ("ids A  B", "one column only"),
        ("loop 2300\n  limit claims-per-file 1", "stands at the margin"),
        ("limit", "expected `limit"),
        ("limit claims 5", "no limit `claims`; there are interchanges-per-file"),
        ("limit claims-per-file 0", "a whole number from 1"),
        ("limit claims-per-file x", "a whole number from 1"),
        ("limit amount -5", "expected an amount"),
        ("limit amount 2300/CLM01 5", "no element of 837P that is a number"),
        ("limit amount 2300/CLM 5", "expected an element"),
        ("rule x", "expected `rule"),
        ("rule x info", "expected `rule"),
        ("guide B extends 837P", "second guide"),
    ] {
        let text = format!("guide ACME extends 837P\n{lines}");
        let Err(error) = read(&text) else { panic!("{lines}: reads") };
        assert_eq!(error.line, 1 + lines.lines().count(), "{lines}: {error}");
        assert!(error.problem.contains(problem), "{lines}: {error}");
    }
    for (text, line) in [
        ("", 0),
        ("BHT02  = 00", 1),
        ("\n  guide A extends 837P", 2),
        ("guide A extends 837Q", 1),
        ("guide A", 1),
        ("guide A extends", 1),
        ("guide A extends 837P title", 1),
        ("guide A extends 837P  title  more", 1),
    ] {
        let Err(error) = read(text) else { panic!("{text}: reads") };
        assert_eq!(error.line, line, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(edits in prop::collection::vec(
        (any::<prop::sample::Index>(), 0usize..12, "[-A-Z0-9 \\[\\]/.\n=@!>x{}(\"]{0,6}|\\PC{0,3}|  "), 1..6,
    )) {
        let mut text: Vec<char> = EXAMPLE.chars().collect();
        for (at, cut, with) in edits {
            let at = at.index(text.len() + 1);
            let end = (at + cut).min(text.len());
            text.splice(at..end, with.chars());
        }
        let text: String = text.into_iter().collect();
        match read(&text) {
            Ok(guide) => prop_assert_eq!(guide.nodes().count(), guide.published().nodes().count()),
            Err(error) => prop_assert!(error.line <= text.lines().count()),
        }
        let _ = Library::new().read("text", &text);
    }

    #[test]
    fn any_line_is_read_or_refused(line in
        "(loop |limit |limit amount |rule |ids |codes )?(2000[ABC]/|2300/|0|/){0,3}[A-Z]{0,3}[0-9]{0,4}(\\[[A-Z0-9]{0,3}\\])?(\\.\\.[0-9]{1,3})?(-[0-9]{1,3})?( [RSN])?( x?[0-9>]{1,6})?(  (= |max |list |pattern |decimals )[A-Z0-9 ]{0,5})?"
    ) {
        let _ = read(&format!("guide ACME extends 837P\nloop 2000B\n {line}\n{line}"));
    }
}
