//! Companion guides, as the samples have them.

use std::{fs, path::Path};

use claimwire::{
    guide::{Library, Limit, Usage, by_name},
    place::{FaultKind, Keep, Walk},
    x12::{Reader, Token},
};

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
