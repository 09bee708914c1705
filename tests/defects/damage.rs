//! Whatever is done to a file, checking comes to an end and says where in the file each finding is.

use proptest::prelude::*;

use claimwire::check::{self, Options};

use super::{Collected, edit, read};

const SAMPLES: &[&str] = &[
    "837p/crowded",
    "837i/crowded",
    "837d/crowded",
    "837p/medicare-secondary",
    "835/crowded",
    "835/bundled-and-split-lines",
    "999/triggers",
    "277ca/several-reasons",
    "ta1/rejected",
    "odd/several-interchanges",
];

/// Bytes that mean something to X12 or to its types.
const BYTES: &[u8] = b"*:^~|09AZ -.\n\x00\xc3";

/// A piece of a file, as parts of its length, and what becomes of it.
#[derive(Clone, Debug)]
enum Damage {
    Overwrite(f64, usize),
    Insert(f64, usize),
    Remove(f64, usize),
    Repeat(f64, usize, f64),
    Lengthen(f64, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = || 0.0..1.0f64;
    prop_oneof![
        (place(), 0..BYTES.len()).prop_map(|(at, byte)| Damage::Overwrite(at, byte)),
        (place(), 0..BYTES.len()).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        (place(), 1..200usize).prop_map(|(at, length)| Damage::Remove(at, length)),
        (place(), 1..400usize, place()).prop_map(|(at, length, to)| Damage::Repeat(at, length, to)),
        (place(), 1..300usize).prop_map(|(at, count)| Damage::Lengthen(at, count)),
    ]
}

fn apply(file: &mut Vec<u8>, damage: &Damage) {
    let place = |part: f64| (part * file.len() as f64) as usize;
    match *damage {
        Damage::Overwrite(at, byte) => {
            let at = place(at);
            if let Some(old) = file.get_mut(at) {
                *old = BYTES[byte];
            }
        }
        Damage::Insert(at, byte) => file.insert(place(at), BYTES[byte]),
        Damage::Remove(at, length) => {
            let at = place(at);
            file.drain(at..(at + length).min(file.len()));
        }
        Damage::Repeat(at, length, to) => {
            let (at, to) = (place(at), place(to));
            let piece = file[at..(at + length).min(file.len())].to_vec();
            file.splice(to..to, piece);
        }
        Damage::Lengthen(at, count) => {
            let at = place(at);
            file.splice(at..at, b"*7".repeat(count));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_file_can_be_checked(sample in 0..SAMPLES.len(), damages in prop::collection::vec(damage(), 1..6)) {
        let mut file = read(SAMPLES[sample]);
        for damage in &damages {
            apply(&mut file, damage);
        }
        let mut collected = Collected::default();
        let options = Options { values: true, ..Options::default() };
        if check::check(&file[..], &options, &mut collected).is_ok() {
            for finding in &collected.0 {
                prop_assert!(finding.place.offset <= file.len() as u64, "{}", finding.rule_id());
                prop_assert!(!finding.message().is_empty() && !finding.rule_id().is_empty());
            }
        }
    }
}

#[test]
fn a_segment_of_three_hundred_elements_has_too_many() {
    let long: &'static str = Box::leak(format!("AMT*F5{}", "*25".repeat(300)).into_boxed_str());
    let file = edit::apply(&read("837p/office-visit"), &[edit::Edit::Replace("AMT", long)]).expect("applies");
    let found: Vec<String> =
        super::findings(&file, &super::options(super::NOBODY)).iter().map(|finding| finding.rule_id()).collect();
    assert!(found.contains(&"837p.2300.amt.elements".to_owned()), "{found:?}");
    assert!(!found.contains(&"837p.2300.amt.trailing-separator".to_owned()), "{found:?}");
}
