//! Checking bears any input: samples with bytes changed anywhere behind the ISA are judged, not stumbled over.

use std::{fs, path::Path};

use claimwire::check::{self, Finding, Options, Receive};
use proptest::prelude::*;

struct Nothing;

impl Receive for Nothing {
    fn finding(&mut self, finding: &Finding) {
        // What is said about a finding must not stumble either.
        assert!(!finding.message().is_empty() && !finding.rule_id().is_empty());
    }
}

/// What takes the place of some bytes: separators, numbers at the edge of what fits, nothing.
const PIECES: &[&str] = &[
    "*",
    ":",
    "~",
    "^",
    "**********************************************************************",
    "",
    "X",
    "0",
    "-1",
    "30",
    "99999999",
    "20261301",
    "999999999999999999",
    "99999999999999999999999999999999",
    ".000000000000000001",
    "~HI*ABK:A419:::::::Y**ABF",
    "~CAS*CO*45*1**45*2*****1",
    "~SVD*99002*-1*HC:1:2:3:4:5:6:7:8",
    "~NM1*PR*2",
];

#[test]
fn changed_samples_are_judged() {
    let samples: Vec<Vec<u8>> =
        ["837p", "837i", "837d", "835", "999", "277ca", "ta1"].into_iter().flat_map(samples).collect();
    let change = (any::<prop::sample::Index>(), 0..8usize, prop::sample::select(PIECES));
    let changes = (prop::sample::select(samples), prop::collection::vec(change, 1..8));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(1000));
    let judged = runner.run(&changes, |(mut file, changes)| {
        for (at, length, piece) in changes {
            let at = (106 + at.index(file.len() - 106)).min(file.len());
            let end = (at + length).min(file.len());
            file.splice(at..end, piece.bytes());
        }
        // What cannot be read at all is an error, not a panic.
        let _ = check::check(&file[..], &Options::default(), &mut Nothing);
        Ok(())
    });
    if let Err(error) = judged {
        panic!("{error}");
    }
}

fn samples(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(folder);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = files.map(|file| file.expect("an entry").path());
    paths.filter(|path| path.extension().is_some_and(|kind| kind == "x12")).map(|path| read(&path)).collect()
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
