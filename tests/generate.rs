//! Generated files are valid, balanced, varied and always the same.

use std::{collections::BTreeSet, fs, path::PathBuf};

use claimwire::{
    document,
    generate::{self, Kind, Options, Variety},
    record::write::Style,
};

/// Writes small files for programs that are not ours: `CLAIMWIRE_INTEROP` names the folder.
#[test]
#[ignore = "writes files for tests/interop"]
fn write_files_for_other_readers() {
    let folder = PathBuf::from(std::env::var_os("CLAIMWIRE_INTEROP").expect("CLAIMWIRE_INTEROP names a folder"));
    fs::create_dir_all(&folder).expect("a folder");
    for kind in [Kind::Professional, Kind::Institutional, Kind::Remittance] {
        for seed in 0..240 {
            let mut options = Options::new(kind, 1 + seed % 4, seed);
            options.lines = Some(if seed % 40 == 0 { 50 } else { 8 });
            options.claims_per_transaction = (seed % 3 == 0).then_some(2);
            fs::write(folder.join(format!("{}-{seed:03}.x12", kind.name())), file(&options)).expect("written");
        }
    }
}

#[test]
fn files_come_back_byte_for_byte_through_their_documents() {
    for (kind, seed) in small() {
        let bytes = file(&Options::new(kind, 6, seed));
        let (mut json, mut back) = (Vec::new(), Vec::new());
        let notices = document::read(&bytes[..], &mut json).expect("X12");
        assert!(notices.is_empty(), "{} seed {seed}: {notices:?}", kind.name());
        document::write(&json[..], &mut back, &Style::default()).expect("a document");
        assert_eq!(back, bytes, "{} seed {seed}", kind.name());
    }
}

#[test]
fn every_scenario_appears() {
    for kind in Kind::ALL {
        let mut shown = BTreeSet::new();
        for seed in 0..200 {
            shown.extend(generate::lines(&Options::new(kind, 12, seed), &mut |_| Ok(())).expect("lines").scenarios.into_keys());
        }
        let all: BTreeSet<_> = generate::scenarios(kind).into_iter().collect();
        assert_eq!(shown, all, "{}: not shown {:?}, unlisted {:?}", kind.name(), all.difference(&shown).collect::<Vec<_>>(), shown.difference(&all).collect::<Vec<_>>());
    }
}

fn small() -> impl Iterator<Item = (Kind, u64)> {
    Kind::ALL.into_iter().flat_map(|kind| (0..60).map(move |seed| (kind, seed)))
}

fn file(options: &Options) -> Vec<u8> {
    let mut bytes = Vec::new();
    generate::write(options, &mut bytes).unwrap_or_else(|error| panic!("{} seed {}: {error}", options.kind.name(), options.seed));
    bytes
}
