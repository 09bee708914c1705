//! Files that other people wrote come back byte for byte.
//!
//! The corpus is read where it is (`CLAIMWIRE_CORPUS`, else `../shared/corpus`); without it the test
//! says that it did nothing.

mod foreign;

use std::{collections::BTreeMap, fs};

use claimwire::{
    document::{self, Document},
    ndjson,
    record::write::Style,
};

/// Files that do not come back, each with its reason.
const EXCEPTIONS: &[(&str, &str)] = &[];

#[test]
fn documents_of_the_corpus_come_back_byte_for_byte() {
    let Some(files) = foreign::files() else { return };
    let mut kinds: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for path in files {
        let name = path.display().to_string();
        let bytes = fs::read(&path).expect("readable");
        let mut json = Vec::new();
        let kind = match document::read(&bytes[..], &mut json) {
            Ok(_) => kind(&json),
            Err(error) => {
                println!("not X12: {name}: {error}");
                continue;
            }
        };
        let count = kinds.entry(kind).or_default();
        count.0 += 1;
        let mut back = Vec::new();
        match document::write(&json[..], &mut back, &Style::default()) {
            Ok(()) if back == bytes => count.1 += 1,
            Ok(()) => wrong.push(format!("{name}: {}", difference(&bytes, &back))),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    for (kind, (all, exact)) in &kinds {
        println!("{kind:<40} {exact:>4} of {all:>4} come back byte for byte");
    }
    wrong.retain(|line| !EXCEPTIONS.iter().any(|(name, _)| line.contains(name)));
    assert!(wrong.is_empty(), "{} files differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn records_of_the_corpus_say_what_their_json_says() {
    let Some(files) = foreign::files() else { return };
    let (mut lines, mut documents, mut wrong) = (0, 0, Vec::new());
    for path in files {
        let bytes = fs::read(&path).expect("readable");
        let mut text = Vec::new();
        if ndjson::read(&bytes[..], &mut text, None).is_err() {
            continue;
        }
        let mut texts = text.split(|byte| *byte == b'\n');
        let read = ndjson::read_lines(&bytes[..], None, |line| {
            let text: serde_json::Value = serde_json::from_slice(texts.next().unwrap_or_default()).expect("JSON");
            wrong.extend(same(&text, &line).err().map(|problem| format!("{}: {problem}", path.display())));
            lines += 1;
            Ok::<_, ndjson::Error>(())
        });
        wrong.extend(read.err().map(|error| format!("{}: {error}", path.display())));
        let mut json = Vec::new();
        document::read(&bytes[..], &mut json).expect("X12");
        let document: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        match serde_json::from_slice::<Document>(&json) {
            Ok(value) => {
                documents += 1;
                wrong.extend(same(&document, &value).err().map(|problem| format!("{}: {problem}", path.display())));
            }
            Err(error) => wrong.push(format!("{}: {error}", path.display())),
        }
    }
    println!("{lines} lines and {documents} documents are their records");
    wrong.retain(|line| !EXCEPTIONS.iter().any(|(name, _)| line.contains(name)));
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether a record says what a text said.
fn same(text: &serde_json::Value, record: &impl serde::Serialize) -> Result<(), String> {
    let (text, record) = (text.to_string(), serde_json::to_value(record).expect("JSON").to_string());
    if text == record { Ok(()) } else { Err(difference(text.as_bytes(), record.as_bytes())) }
}

/// The kinds of transaction sets in a document.
fn kind(json: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(json).expect("JSON");
    let mut kinds = std::collections::BTreeSet::new();
    let mut look = |sets: &serde_json::Value| {
        for set in sets.as_array().into_iter().flatten() {
            let plain = if set.get("segments").is_some() { " (plain)" } else { "" };
            kinds.insert(format!("{}{plain}", set["type"].as_str().unwrap_or("?")));
        }
    };
    for interchange in value["interchanges"].as_array().into_iter().flatten() {
        look(&interchange["transactions"]);
        for group in interchange["groups"].as_array().into_iter().flatten() {
            look(&group["transactions"]);
        }
    }
    if kinds.is_empty() { "envelope only".into() } else { kinds.into_iter().collect::<Vec<_>>().join(" + ") }
}

/// Where two texts first differ.
fn difference(left: &[u8], right: &[u8]) -> String {
    let at = left.iter().zip(right).position(|(left, right)| left != right).unwrap_or(left.len().min(right.len()));
    let show = |text: &[u8]| {
        String::from_utf8_lossy(&text[at.saturating_sub(30).min(text.len())..(at + 40).min(text.len())]).into_owned()
    };
    format!("byte {at}:\n    file {:?}\n    back {:?}", show(left), show(right))
}
