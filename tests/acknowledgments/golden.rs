//! Files and the answers to them, byte for byte; and what each answer means.
//!
//! `NAME.answer` is what we answer, `NAME.txt` what `ack --explain` says of it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use claimwire::acknowledge::{self, Answered, Answerer, Kinds, Options, Owed};

use super::{answer, options};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/acknowledgments")
}

/// Files and how each is answered.
fn cases() -> Vec<(&'static str, &'static str, Options)> {
    let ta1 = Kinds { interchange: Owed::Always, functional: false, claims: false };
    let clearinghouse = Options { answerer: Answerer::Clearinghouse, ..options() };
    vec![
        ("accepted", "837p/office-visit.x12", options()),
        ("claims-refused", "broken/claims-refused.x12", options()),
        ("line-refused", "broken/first-payer-unbalanced.x12", options()),
        ("set-refused", "broken/several-faults.x12", Options { values: true, control_number: 905, ..options() }),
        ("in-part", "broken/one-good-set-of-three.x12", clearinghouse),
        ("interchange-refused", "broken/interchange-control-number.x12", options()),
        ("interchange-accepted", "837i/inpatient-surgery.x12", Options { kinds: ta1, ..options() }),
        ("group-refused", "broken/set-count.x12", options()),
        ("remittance", "835/simple.x12", options()),
        ("several-interchanges", "odd/several-interchanges.x12", options()),
        ("own-separators", "odd/plus-separators.x12", options()),
    ]
}

#[test]
fn answers_are_what_stands_in_the_samples() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut wrong = Vec::new();
    for (name, file, options) in cases() {
        let bytes = fs::read(samples.join(file)).expect("a sample");
        let (made, _) = answer(&bytes, options.clone()).expect("X12");
        compare(&format!("{name}.answer"), &made, &mut wrong);
        let mut words = Vec::new();
        let answered = Answered { name: file.rsplit('/').next().unwrap_or(file).to_owned(), input: &bytes[..] };
        acknowledge::explain(&made[..], Some(answered), options.values, &mut words).expect("explained");
        compare(&format!("{name}.txt"), &words, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}\n(UPDATE_SAMPLES=1 writes them anew)", wrong.join("\n"));
}

fn compare(name: &str, is: &[u8], wrong: &mut Vec<String>) {
    let path = folder().join(name);
    if std::env::var_os("UPDATE_SAMPLES").is_some() {
        fs::write(&path, is).expect("writable");
    }
    if fs::read(&path).unwrap_or_default() != is {
        wrong.push(format!("{name} is not what comes out now:\n{}", String::from_utf8_lossy(is)));
    }
}

/// A 997 says what a 999 says, under other names.
#[test]
fn a_997_is_read_like_a_999() {
    let ours = fs::read_to_string(folder().join("set-refused.answer")).expect("a sample");
    let older =
        ours.replace("IK3*", "AK3*").replace("IK4*", "AK4*").replace("IK5*", "AK5*").replace("ST*999", "ST*997");
    let older: Vec<&str> = older.lines().filter(|line| !line.starts_with("CTX")).collect();
    let say = |answer: &[u8]| {
        let bytes = fs::read(folder().join("../broken/several-faults.x12")).expect("a sample");
        let mut words = Vec::new();
        let answered = Answered { name: "claims".into(), input: &bytes[..] };
        acknowledge::explain(answer, Some(answered), true, &mut words).expect("explained");
        String::from_utf8(words).expect("text")
    };
    assert_eq!(say(older.join("\n").as_bytes()).replace("997 ", "999 "), say(ours.as_bytes()));
}

/// What an answer names that the file does not have is said so.
#[test]
fn strangers_are_named() {
    let answer = fs::read(folder().join("claims-refused.answer")).expect("a sample");
    let other = fs::read(folder().join("../837p/ambulance.x12")).expect("a sample");
    let mut words = Vec::new();
    let answered = Answered { name: "other.837".into(), input: &other[..] };
    let explained = acknowledge::explain(&answer[..], Some(answered), false, &mut words).expect("explained");
    assert!(explained.strangers);
    let words = String::from_utf8(words).expect("text");
    assert!(words.contains("other.837 has no such group"), "{words}");
    assert!(words.contains("other.837 has no batch with this reference"), "{words}");
}
