//! Whatever is done to a file, its document gives it back; and claims survive the way through X12.

use std::{fs, path::Path};

use claimwire::{document, record::write::Style};
use proptest::prelude::*;

/// One change to a file, as places in it.
#[derive(Clone, Debug)]
enum Change {
    Swap(usize, usize),
    Repeat(usize),
    Drop(usize),
    Replace(usize, usize, &'static str),
    Append(usize, &'static str),
    Insert(usize, &'static str),
    Byte(usize, u8),
    Cut(usize),
}

const VALUES: &[&str] = &[
    "",
    "X",
    "0150.00",
    ".5",
    "-",
    "20260231",
    "20260115-20260120",
    "a:b",
    "a^b",
    ":",
    "é",
    " padded ",
    "12345678901234567890",
    "Y",
    "D8",
    "1:2:3:4:5:6",
];
const SEGMENTS: &[&str] = &[
    "REF*G1*X",
    "REF*ZZ*X",
    "NTE*ADD*TEXT",
    "HL*9*9*22*0",
    "CLM*B*1",
    "SE*1*0001",
    "GE*1*1",
    "ZZZ*1",
    "PER*IC",
    "DTP*472*D8*20260101",
    "LX*1",
    "NM1*82*1*A",
    "",
    "SV1*HC:1*1*UN*1***1",
    "N4*X",
    "IEA*1*1",
];

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>().prop_map(|index| index.index(10_000));
    prop_oneof![
        (at.clone(), at.clone()).prop_map(|(one, other)| Change::Swap(one, other)),
        at.clone().prop_map(Change::Repeat),
        at.clone().prop_map(Change::Drop),
        (at.clone(), at.clone(), prop::sample::select(VALUES))
            .prop_map(|(segment, element, value)| Change::Replace(segment, element, value)),
        (at.clone(), prop::sample::select(VALUES)).prop_map(|(segment, value)| Change::Append(segment, value)),
        (at.clone(), prop::sample::select(SEGMENTS)).prop_map(|(segment, text)| Change::Insert(segment, text)),
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        at.prop_map(Change::Cut),
    ]
}

fn apply(text: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut segments: Vec<Vec<u8>> = text.split(|byte| *byte == b'~').map(<[u8]>::to_vec).collect();
    for change in changes {
        let count = segments.len().max(1);
        match change {
            Change::Swap(one, other) => segments.swap(one % count, other % count),
            Change::Repeat(at) => {
                let again = segments[at % count].clone();
                segments.insert(at % count, again);
            }
            Change::Drop(at) if count > 1 => drop(segments.remove(at % count)),
            Change::Replace(at, element, value) => {
                let segment = &mut segments[at % count];
                let mut elements: Vec<Vec<u8>> = segment.split(|byte| *byte == b'*').map(<[u8]>::to_vec).collect();
                let which = element % elements.len();
                elements[which] = value.as_bytes().to_vec();
                *segment = elements.join(&b'*');
            }
            Change::Append(at, value) => {
                segments[at % count].push(b'*');
                segments[at % count].extend_from_slice(value.as_bytes());
            }
            Change::Insert(at, text) => segments.insert(at % count, text.as_bytes().to_vec()),
            Change::Byte(at, byte) => {
                let segment = &mut segments[at % count];
                if let Some(last) = segment.last_mut() {
                    *last = *byte;
                }
            }
            Change::Cut(at) if *at % 7 == 0 => segments.truncate((at % count).max(1)),
            Change::Drop(_) | Change::Cut(_) => {}
        }
    }
    segments.join(&b'~')
}

/// The samples of this project, and the one below.
fn bases() -> &'static [Vec<u8>] {
    static BASES: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
    BASES.get_or_init(|| {
        let mut bases = Vec::new();
        let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")];
        if let Some(more) = std::env::var_os("CLAIMWIRE_MUTATE") {
            open.push(more.into());
        }
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    open.push(path);
                } else if path.extension().is_some_and(|kind| kind != "json" && kind != "md") {
                    bases.extend(fs::read(path));
                }
            }
        }
        bases.sort();
        bases
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, max_shrink_iters: 2000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_changed_file_comes_back(base in any::<prop::sample::Index>(), changes in prop::collection::vec(change(), 0..6)) {
        let bases = bases();
        prop_assume!(!bases.is_empty());
        let file = apply(&bases[base.index(bases.len())], &changes);
        let mut json = Vec::new();
        if document::read(&file[..], &mut json).is_ok() {
            let mut back = Vec::new();
            if let Err(error) = document::write(&json[..], &mut back, &Style::default()) {
                return Err(TestCaseError::fail(format!("{error}\n{}\n{}", String::from_utf8_lossy(&file), String::from_utf8_lossy(&json))));
            }
            prop_assert!(back == file, "file\n{}\nback\n{}\njson\n{}", String::from_utf8_lossy(&file), String::from_utf8_lossy(&back), String::from_utf8_lossy(&json));
        }
    }

    /// Several transaction sets, read and written by several threads: what comes of them is the same, errors too.
    #[test]
    fn threads_change_nothing(
        chosen in prop::collection::vec((any::<prop::sample::Index>(), prop::collection::vec(change(), 0..3)), 1..4),
        spoilt in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let bases = bases();
        prop_assume!(!bases.is_empty());
        let file: Vec<u8> = chosen.iter().flat_map(|(base, changes)| apply(&bases[base.index(bases.len())], changes)).collect();
        let read = |threads| {
            let mut json = Vec::new();
            document::read_on(threads, &file[..], &mut json).map(|notices| (json, notices)).map_err(|error| error.to_string())
        };
        let whole = read(1);
        prop_assert_eq!(&whole, &read(3));
        let Ok((mut json, _)) = whole else { return Ok(()) };
        // A digit that becomes a letter spoils a date, an amount, or nothing.
        let digits: Vec<usize> = (0..json.len()).filter(|at| json[*at].is_ascii_digit()).collect();
        if let (Some(spoilt), false) = (spoilt, digits.is_empty()) {
            json[digits[spoilt.index(digits.len())]] = b'x';
        }
        let write = |threads| {
            let mut back = Vec::new();
            document::write_on(threads, &json[..], &mut back, &Style::default()).map(|()| back).map_err(|error| error.to_string())
        };
        prop_assert_eq!(write(1), write(3));
    }
}
