//! Acknowledgments: what we answer, and what we make of the answers of others.
//!
//! `samples/acknowledgments` holds files and the answers to them, byte for byte; `UPDATE_SAMPLES=1` writes
//! those anew.

#[path = "../foreign/mod.rs"]
mod foreign;
mod golden;
mod pyx12;
mod ruling;
mod totals;

use std::{
    fs,
    path::{Path, PathBuf},
};

use claimwire::{
    acknowledge::{self, Answered, Answers, Kinds, Options, Owed, Summary},
    check::{self, Finding, Receive, Severity},
    record::Time,
};
use jiff::civil::date;
use proptest::prelude::*;

/// The answers to a file: everything that can be, whether it is owed or not.
fn answer(bytes: &[u8], options: Options) -> Option<(Vec<u8>, Summary)> {
    let mut answers = Answers::new(Vec::new(), options.clone());
    let checked = check::Options { values: options.values, today: date(2026, 11, 1), ..check::Options::default() };
    check::check(bytes, &checked, &mut answers).ok()?;
    Some(answers.finish().expect("an answer that can be written"))
}

fn options() -> Options {
    let created = (date(2026, 2, 1), Time::new(12, 0).expect("noon"));
    Options { created, ..Options::default() }
}

/// The errors that our own checker finds.
fn errors(bytes: &[u8]) -> Vec<String> {
    #[derive(Default)]
    struct Errors(Vec<String>);
    impl Receive for Errors {
        fn finding(&mut self, finding: &Finding) {
            if finding.severity == Severity::Error {
                self.0.push(format!("{} @{} {}", finding.rule_id(), finding.place.position, finding.message()));
            }
        }
    }
    let mut errors = Errors::default();
    if let Err(error) = check::check(bytes, &check::Options::default(), &mut errors) {
        errors.0.push(error.to_string());
    }
    errors.0
}

#[test]
fn our_own_checker_accepts_every_answer() {
    let all = Kinds { interchange: Owed::Always, ..Kinds::ALL };
    let mut wrong = Vec::new();
    let files = samples().into_iter().chain(foreign::files().unwrap_or_default());
    let (mut files_answered, mut sets) = (0, 0);
    for path in files {
        let bytes = fs::read(&path).expect("readable");
        let Some((answer, summary)) = answer(&bytes, Options { kinds: all, values: true, ..options() }) else {
            continue;
        };
        if answer.is_empty() {
            continue;
        }
        files_answered += 1;
        sets += summary.groups + summary.batches;
        let errors = errors(&answer);
        if !errors.is_empty() {
            let errors = errors.iter().take(5).cloned().collect::<Vec<_>>().join("\n    ");
            wrong.push(format!("{}\n    {errors}", path.display()));
        }
    }
    println!("{files_answered} files answered, {sets} transaction sets");
    assert!(wrong.is_empty(), "{} answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever is wrong with a file, the answer to it obeys the guides, and can be explained.
    #[test]
    fn answers_to_damaged_files_are_right(
        sample in 0..8usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(&b"*~:^A0 9Z\n.-\x01\xe9"[..])), 1..6),
    ) {
        let names = [
            "837p/two-visits", "837i/crowded", "837d/crowded", "835/reversal-and-correction",
            "odd/several-transaction-sets", "277ca/accepted-and-rejected", "999/rejected", "odd/several-interchanges",
        ];
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("samples/{}.x12", names[sample]));
        let mut bytes = fs::read(path).expect("a sample");
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let all = Kinds { interchange: Owed::Always, ..Kinds::ALL };
        if let Some((made, _)) = answer(&bytes, Options { kinds: all, values: true, ..options() })
            && !made.is_empty()
        {
            let wrong = errors(&made);
            prop_assert!(wrong.is_empty(), "{:?}\n{}", wrong, String::from_utf8_lossy(&made));
            let mut words = Vec::new();
            let answered = Some(Answered { name: "file".into(), input: &bytes[..] });
            let explained = acknowledge::explain(&made[..], answered, true, &mut words).expect("explained");
            prop_assert!(explained.answers > 0);
        }
    }
}

/// Answers to samples and to generated files with mistakes, for other people's readers (`tests/interop/run.sh`).
#[test]
#[ignore = "writes files"]
fn write_answers_for_other_readers() {
    let folder = PathBuf::from(std::env::var_os("CLAIMWIRE_INTEROP").expect("CLAIMWIRE_INTEROP names a folder"));
    fs::create_dir_all(&folder).expect("a folder");
    let kinds = [
        ("999", Kinds { interchange: Owed::Never, functional: true, claims: false }),
        ("277ca", Kinds { interchange: Owed::Never, functional: false, claims: true }),
        ("all", Kinds { interchange: Owed::Always, ..Kinds::ALL }),
    ];
    for path in samples() {
        let bytes = fs::read(&path).expect("readable");
        for (name, kinds) in kinds {
            let Some((answer, _)) = answer(&bytes, Options { kinds, ..options() }) else { continue };
            // pyx12 reads ASCII only and one set of separators a file, and its report is looked at line by line.
            let headers = || answer.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"ISA"));
            let usual = headers().all(|header| header.starts_with(b"ISA*") && header.ends_with(b"~"));
            if answer.is_ascii() && usual && headers().next().is_some() {
                let folder_of = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                fs::write(folder.join(format!("{folder_of}-{stem}.{name}")), answer).expect("written");
            }
        }
    }
}

/// Every sample.
fn samples() -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("readable").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "x12") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
