//! The `segments` format: any X12 there and back, byte for byte.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use claimwire::segments::{Error, from_json, to_json};
use claimwire::x12::FindingKind;
use proptest::prelude::*;
use serde_json::{Value, json};

const ISA: &str =
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260115*1023*^*00501*000000905*0*T*:~";

fn json_of(x12: impl AsRef<[u8]>, pretty: bool) -> Vec<u8> {
    let mut json = Vec::new();
    to_json(x12.as_ref(), &mut json, pretty).unwrap_or_else(|error| panic!("{error}"));
    json
}

fn x12_of(json: impl AsRef<[u8]>) -> Vec<u8> {
    let mut x12 = Vec::new();
    from_json(json.as_ref(), &mut x12).unwrap_or_else(|error| panic!("{error}"));
    x12
}

fn refused(json: &Value) -> String {
    from_json(json.to_string().as_bytes(), Vec::new()).unwrap_err().to_string()
}

#[test]
fn the_shape() {
    let x12 = format!("\u{FEFF}{ISA}\nGS*HC~\nCLM*1*11:B:1**~\r\nN3*\u{E9}~\nN3*") + "X";
    let mut bytes = x12.into_bytes();
    bytes.push(0xE9);
    bytes.extend(b"\n\0");
    let expected = json!({
        "interchanges": [{
            "before": "\u{EF}\u{BB}\u{BF}",
            "delimiters": {"element": "*", "component": ":", "repetition": "^", "segment": "~"},
            "line_break": "\n",
            "segments": [
                ISA.trim_end_matches('~').split('*').collect::<Vec<_>>(),
                ["GS", "HC"],
                ["CLM", "1", "11:B:1", "", ""],
                ["N3", "\u{E9}"],
                ["N3", "X\u{E9}"],
            ],
            "line_breaks": [{"before_segment": 4, "text": "\r\n"}],
            "latin1": [5],
            "unterminated": true,
        }],
        "trailing": "\n\0",
    });
    let json = json_of(&bytes, false);
    assert_eq!(serde_json::from_slice::<Value>(&json).unwrap(), expected);
    assert_eq!(json.iter().filter(|byte| **byte == b'\n').count(), 1, "one line");
    assert_eq!(x12_of(&json), bytes);
    // the order of fields does not matter, nor does white space
    assert_eq!(x12_of(expected.to_string()), bytes);
    assert_eq!(x12_of(json_of(&bytes, true)), bytes);
}

#[test]
fn pretty_has_a_line_for_each_segment() {
    let json = String::from_utf8(json_of("ST*837*1~\nSE*2*1~\n", true)).unwrap();
    let expected = r#"{
  "interchanges": [
    {
      "delimiters": {"element":"*","component":":","segment":"~"},
      "line_break": "\n",
      "segments": [
        ["ST", "837", "1"],
        ["SE", "2", "1"]
      ]
    }
  ],
  "trailing": "\n"
}
"#;
    assert_eq!(json, expected);
}

#[test]
fn findings_are_handed_on() {
    let findings = to_json("ST*837*1~\nSE*2*1".as_bytes(), Vec::new(), false).unwrap();
    let kinds: Vec<_> = findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [FindingKind::SeparatorsGuessed, FindingKind::MissingTerminator]);
}

#[test]
fn json_by_hand_needs_little() {
    let json = json!({"interchanges": [{"segments": [["ST", "837"], [], ["SE"]]}]});
    assert_eq!(x12_of(json.to_string()), b"ST*837~~SE~");
    assert_eq!(x12_of(json!({"interchanges": []}).to_string()), b"");
}

#[test]
fn what_cannot_be_written_is_refused_in_words() {
    let of = |interchange: Value| refused(&json!({"interchanges": [{"segments": [["ST"]]}, interchange]}));
    let words = of(json!({"segments": [["N3", "12*3"]]}));
    assert!(words.starts_with("interchange 2: segment 2: N301 holds `*`"), "{words}");
    let words = of(json!({"segments": [["N3", "€"]], "latin1": [1]}));
    assert!(words.starts_with("interchange 2, segment 1: a character above U+00FF"), "{words}");
    let words = of(json!({"segments": [["N3"]], "before": "€"}));
    assert!(words.starts_with("interchange 2, `before`"), "{words}");
    for json in [
        json!({}),
        json!([]),
        json!({"interchanges": {}}),
        json!({"interchanges": [{"segments": [[1]]}]}),
        json!({"interchanges": [{"segments": ["ST"]}]}),
        json!({"interchanges": [{"segment": []}]}),
        json!({"interchanges": [{"segments": [], "delimiters": {"element": "**", "segment": "~"}}]}),
        json!({"interchanges": [], "other": 1}),
    ] {
        let words = refused(&json);
        assert!(words.starts_with("not the `segments` format: "), "{json}: {words}");
        assert!(words.contains("line 1 column"), "{words}");
    }
    assert!(from_json(&b"{\"interchanges\":[]} x"[..], Vec::new()).is_err());
    assert!(matches!(to_json(&b"no"[..], Vec::new(), false), Err(Error::X12(_))));
}

/// Bytes that are more or less X12.
fn x12() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(ISA.as_bytes().to_vec()),
        Just(ISA.replace('~', "\n").replace('*', "|").into_bytes()),
        Just(b"IEA*1*000000905~".to_vec()),
        prop::collection::vec(any::<u8>(), 0..12),
        "(GS|ST|CLM)(\\*[A-Zé:\"\\\\\u{1}]{0,4}){0,4}[~\r\n]{1,3}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| [ISA.as_bytes(), &pieces.concat()].concat())
}

proptest! {
    #[test]
    fn bytes_come_back(x12 in x12(), pretty in any::<bool>()) {
        let json = json_of(&x12, pretty);
        prop_assert_eq!(&x12_of(&json), &x12);
        let value: Value = serde_json::from_slice(&json).unwrap();
        prop_assert_eq!(&x12_of(value.to_string()), &x12);
    }
}

/// Files of the corpus that hold no X12, and why they are refused.
const WITHOUT_X12: [(&str, &str); 4] = [
    ("badx12/tests__files__errors__bad_file.edi", "not X12"),
    ("oopfactory/INS___837P___5010__UnicodeExample.txt", "the text is UTF-16"),
    (
        "pyx12/pyx12__test__test_x12file.py@ISA_header.test_at_least_ISA_len.x12",
        "byte 0: the header that begins here is cut short",
    ),
    (
        "pyx12/pyx12__test__test_x12file.py@ISA_header.test_starts_with_ISA.x12",
        "byte 1: the header that begins here is cut short",
    ),
];

#[test]
fn the_corpus_comes_back() {
    let Some(files) = corpus() else {
        println!("skipped: no corpus (set CLAIMWIRE_CORPUS)");
        return;
    };
    let (mut refused, mut findings) = (BTreeMap::new(), BTreeMap::<_, u32>::new());
    let mut read = 0;
    for path in &files {
        let name = path.components().rev().take(2).collect::<PathBuf>();
        let name = name.components().rev().collect::<PathBuf>().to_string_lossy().replace('\\', "/");
        let x12 = fs::read(path).unwrap();
        let mut json = Vec::new();
        match to_json(x12.as_slice(), &mut json, read % 2 == 0) {
            Ok(found) => {
                assert_eq!(x12_of(&json), x12, "{name} does not come back");
                read += 1;
                let kinds: std::collections::BTreeSet<_> = found.iter().map(|finding| finding.kind).collect();
                kinds.into_iter().for_each(|kind| *findings.entry(kind).or_default() += 1);
            }
            Err(error) => {
                println!("{name}: {error}");
                refused.insert(name, error.to_string());
            }
        }
    }
    println!(
        "{} files, {read} come back, {} without X12; files with findings: {findings:?}",
        files.len(),
        refused.len()
    );
    assert_eq!(refused.keys().map(String::as_str).collect::<Vec<_>>(), WITHOUT_X12.map(|(name, _)| name));
    for (name, words) in WITHOUT_X12 {
        assert!(refused[name].starts_with(words), "{name}: {}", refused[name]);
    }
}

/// The files of the corpus, if there is one.
fn corpus() -> Option<Vec<PathBuf>> {
    let root = std::env::var_os("CLAIMWIRE_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"), PathBuf::from);
    let mut files = Vec::new();
    for folder in fs::read_dir(root.join("files")).ok()? {
        files.extend(fs::read_dir(folder.unwrap().path()).unwrap().map(|file| file.unwrap().path()));
    }
    files.sort();
    Some(files)
}
