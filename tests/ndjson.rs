//! Claims on their own: what a file gives, and that it is the same after a file was made of it.

mod foreign;

use std::fs;

use claimwire::{
    generate::{self, Kind},
    ndjson::{Options, Severity, Writer, read},
    record::{Date, Time, write::Style},
    x12::Delimiters,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Files whose lines change, each with its reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("TechnicalAcknowledgment_Sample1.txt", "TA101 has four digits; the writer fills it up to the nine it must have"),
    ("INS___837I___5010__Spec_3.1.1.txt", "its values hold `:`, which is a delimiter of what is written"),
    ("line_43_Test835EdgeCases.test_tc01_multiple_cas_plb_composite_codes.x12", "so does a segment without a place"),
];

fn lines(x12: &[u8]) -> (Vec<Value>, claimwire::ndjson::Summary) {
    let mut out = Vec::new();
    let summary = read(x12, &mut out, None).expect("X12");
    let text = String::from_utf8(out).expect("UTF-8");
    let values = text
        .lines()
        .map(|line| {
            let mut value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            value.as_object_mut().expect("an object").remove("source");
            value
        })
        .collect();
    (values, summary)
}

fn write(values: &[Value]) -> Result<Vec<u8>, claimwire::ndjson::Error> {
    write_with(values, Delimiters::default())
}

fn write_with(values: &[Value], delimiters: Delimiters) -> Result<Vec<u8>, claimwire::ndjson::Error> {
    let created = (Date::constant(2026, 1, 15), Time::new(10, 30).expect("a time"));
    let options = Options {
        sender: Some("SENDER".into()),
        receiver: Some("RECEIVER".into()),
        created,
        style: Style { delimiters, ..Style::default() },
        ..Options::default()
    };
    let mut writer = Writer::new(Vec::new(), options);
    for value in values {
        writer.push(value.to_string().as_bytes())?;
    }
    writer.finish()
}

#[test]
fn lines_of_the_corpus_are_the_same_after_a_file_was_made_of_them() {
    let Some(paths) = foreign::files() else { return };
    let (mut files, mut claims, mut wrong) = (0, 0, Vec::new());
    for path in paths {
        let bytes = fs::read(&path).expect("readable");
        let name = path.display().to_string();
        let mut out = Vec::new();
        if read(&bytes[..], &mut out, None).is_err() {
            continue;
        }
        let (first, _) = lines(&bytes);
        if first.is_empty() {
            continue;
        }
        files += 1;
        claims += first.len();
        match write(&first) {
            Ok(x12) => {
                let (mut second, summary) = lines(&x12);
                let mut first = first;
                first.iter_mut().chain(&mut second).for_each(forget_delimiters);
                if first != second {
                    let at = first.iter().zip(&second).position(|(one, other)| one != other);
                    let show =
                        |values: &[Value]| at.and_then(|at| values.get(at)).map(Value::to_string).unwrap_or_default();
                    let (one, other) = (show(&first), show(&second));
                    let from = one
                        .bytes()
                        .zip(other.bytes())
                        .position(|(one, other)| one != other)
                        .unwrap_or(0)
                        .saturating_sub(60);
                    let cut = |text: &str| text.chars().skip(from).take(260).collect::<String>();
                    wrong.push(format!(
                        "{name}: {} lines, then {}; refused {}\n   {}\n   {}",
                        first.len(),
                        second.len(),
                        summary.refused,
                        cut(&one),
                        cut(&other)
                    ));
                }
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    println!("{claims} lines of {files} files");
    wrong.retain(|line| !EXCEPTIONS.iter().any(|(name, _)| line.contains(name)));
    assert!(wrong.is_empty(), "{} files differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// What no field holds, in every segment of the samples: an element, a component, a segment of its own. It goes along
/// with the claim, into a file with whatever delimiters, or it is said that it does not.
#[test]
fn nothing_is_lost_in_silence() {
    let other = Delimiters { element: b'|', component: Some(b'+'), repetition: Some(b'`'), segment: b'!' };
    let (mut kept, mut told, mut refused, mut wrong) = (0, 0, 0, Vec::new());
    for (at, (name, file)) in samples().into_iter().enumerate() {
        let segments: Vec<&str> = file.split_inclusive('~').collect();
        for (number, segment) in segments.iter().enumerate().filter(|(number, _)| number % 5 == at % 5) {
            let text = segment.trim_start().trim_end_matches('~');
            // The envelope is made anew.
            let id = text.split('*').next().unwrap_or_default();
            if ["ISA", "GS", "ST", "SE", "GE", "IEA"].contains(&id) || !segment.ends_with('~') || text.is_empty() {
                continue;
            }
            let far = "*".repeat(40 - text.matches('*').count());
            let (first, last) = text.rsplit_once('*').unwrap_or((text, ""));
            let added =
                [format!("{text}{far}QQX~"), format!("{first}*{last}::::::::::::QQX~"), format!("{text}~ZZZ*A*B:QQX~")];
            for added in added {
                let mut changed: Vec<&str> = segments.clone();
                changed[number] = &added;
                let changed = changed.concat();
                let place = format!("{name}: {added}");
                for from in [Delimiters::default(), other] {
                    let file = spelled(changed.as_bytes(), from);
                    let (lines, summary) = lines(&file);
                    let has_it = lines.iter().any(|line| line.to_string().contains("QQX"));
                    let says_so = |notice: &claimwire::ndjson::Notice| notice.message.contains("left out");
                    if !has_it {
                        told += 1;
                        if !summary.notices.iter().any(says_so) {
                            wrong.push(format!("is lost: {place}"));
                        }
                        continue;
                    }
                    kept += 1;
                    for to in [Delimiters::default(), other] {
                        match write_with(&lines, to) {
                            Ok(written) if String::from_utf8_lossy(&written).contains("QQX") => {}
                            Ok(_) => wrong.push(format!("is not written: {place}")),
                            // A value with components where the guide has none.
                            Err(error) if error.to_string().contains("holds a character") => refused += 1,
                            Err(error) => wrong.push(format!("{error}: {place}")),
                        }
                    }
                }
            }
        }
    }
    println!("{kept} kept, {told} said to be left out, {refused} refused");
    assert!(kept > 1000, "{kept}");
    assert!(wrong.is_empty(), "{} of them: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
}

#[test]
fn what_gives_no_line_is_told() {
    let sample = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name);
        fs::read_to_string(path).expect("a sample")
    };
    let told = |file: &str| {
        let (lines, summary) = lines(file.as_bytes());
        let messages: Vec<String> = summary.notices.into_iter().map(|notice| notice.message).collect();
        (lines.len(), summary.refused, messages.join("\n"))
    };
    // A remittance without claims and adjustments, and a batch without claims.
    for (name, from) in [("835/denied.x12", "LX*"), ("837p/office-visit.x12", "CLM*")] {
        let file = sample(name);
        let (head, _) = file.split_once(from).expect("it stands");
        let (lines, refused, messages) = told(&format!("{head}SE*1*0001~GE*1*1~IEA*1*1~"));
        assert_eq!((lines, refused), (0, 0), "{messages}");
        assert!(messages.contains("is left out: it holds no claims"), "{messages}");
    }
    // A batch whose claims have no place is worse than one without claims.
    let (none, summary) = lines(sample("837p/office-visit.x12").replace("HL*", "QQ*").as_bytes());
    let left_out = summary.notices.iter().find(|notice| notice.message.contains("holds no claims"));
    assert_eq!((none.len(), left_out.map(|notice| notice.severity)), (0, Some(Severity::Error)));
    // One adjustment of two that cannot be read.
    let file = sample("835/provider-adjustments.x12");
    let (all, ..) = told(&file);
    let (before, after) = file.split_once("PLB*").expect("it stands");
    let mut parts: Vec<&str> = after.splitn(3, '*').collect();
    parts[1] = "2026";
    let (lines, refused, messages) = told(&format!("{before}PLB*{}", parts.join("*")));
    assert_eq!((lines, refused), (all - 1, 1), "{messages}");
    assert!(messages.contains("PLB02: expected a date"), "{messages}");
}

#[test]
fn a_spelling_that_does_not_fit_is_not_shown() {
    // Its delimiters are not those that it says.
    let line = json!({
        "kind": "professional", "control_number": "1", "charge": "1",
        "x12": {"unplaced": [{"item": 0, "text": "NM1|IL|1|DOE|JANE~"}]},
    });
    let error = write(&[line]).expect_err("refused").to_string();
    assert!(error.contains("holds a character") && !error.contains("JANE"), "{error}");
}

/// Leaves out which delimiters the spellings of a line have: they are others in another file.
fn forget_delimiters(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("delimiters");
            members.values_mut().for_each(forget_delimiters);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_delimiters),
        _ => {}
    }
}

/// The samples of all kinds that can be read.
fn samples() -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let kinds = ["837p", "837i", "837d", "835", "277ca", "999", "ta1"];
    let files = kinds.iter().flat_map(|kind| fs::read_dir(folder.join(kind)).expect("samples").flatten());
    let mut paths: Vec<_> =
        files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|one| one == "x12")).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.display().to_string(), fs::read_to_string(&path).expect("text"))).collect()
}

/// A file of the usual delimiters with others.
fn spelled(file: &[u8], to: Delimiters) -> Vec<u8> {
    let from = Delimiters::default();
    let pairs =
        [(Some(from.element), Some(to.element)), (from.component, to.component), (from.repetition, to.repetition)];
    let mut file = file.to_vec();
    for byte in &mut file {
        let other = pairs.iter().find(|(from, _)| *from == Some(*byte)).and_then(|(_, to)| *to);
        *byte = other.unwrap_or(if *byte == from.segment { to.segment } else { *byte });
    }
    file
}

#[test]
fn what_is_wrong_is_said_without_showing_it() {
    let wrong = [
        json!({"kind": "professional", "subscriber": "SECRET"}),
        json!({"kind": "professional", "batch": "SECRET"}),
        json!({"kind": "professional", "diagnoses": "SECRET"}),
        json!({"kind": "professional", "rendering_provider": "SECRET"}),
        json!({"kind": "professional", "lines": ["SECRET"]}),
        json!({"kind": "professional", "lines": [{"procedure": "SECRET"}]}),
        json!({"kind": "professional", "lines": [{"charge": "SECRET"}]}),
        json!({"kind": "professional", "lines": [{"service_date": "SECRET"}]}),
        json!({"kind": "professional", "subscriber": {"birth_date": 5551234}}),
        json!({"kind": "professional", "subscriber": 5551234}),
        json!({"kind": "professional", "lines": [{"service_date": {"from": 5551234, "to": 5551234}}]}),
    ];
    for line in wrong {
        let error = write(std::slice::from_ref(&line)).expect_err("refused").to_string();
        assert!(!error.contains("SECRET") && !error.contains("5551234"), "{line}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn generated_lines_survive_the_way_through_x12_in_any_order(
        seed in any::<u64>(),
        kind in prop::sample::select(Kind::ALL.to_vec()),
        order in prop::collection::vec(any::<prop::sample::Index>(), 24),
    ) {
        let mut first: Vec<Value> = Vec::new();
        generate::lines(&generate::Options::new(kind, 12, seed), &mut |line| {
            first.push(serde_json::from_slice(line)?);
            Ok(())
        })
        .expect("lines");
        // Once through, so that guide and line numbers stand in the lines, which the writer adds.
        let (mut first, _) = lines(&write(&first).expect("X12"));
        for (at, index) in order.iter().enumerate() {
            let count = first.len();
            first.swap(at % count, index.index(count));
        }
        let (second, summary) = lines(&write(&first).expect("X12"));
        prop_assert_eq!(summary.refused, 0);
        prop_assert_eq!(first, second);
    }
}

/// The names of an object's members, as they stand.
struct Names(Vec<String>);

impl<'de> serde::Deserialize<'de> for Names {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> serde::de::Visitor<'de> for Visit {
            type Value = Names;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some((name, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

#[test]
fn no_line_has_a_member_twice() {
    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut kinds = std::collections::BTreeSet::new();
    for folder in ["837p", "837i", "837d", "835", "999", "277ca", "ta1"] {
        for entry in fs::read_dir(samples.join(folder)).expect("samples").flatten() {
            if entry.path().extension().is_none_or(|extension| extension != "x12") {
                continue;
            }
            let mut out = Vec::new();
            read(&fs::read(entry.path()).expect("readable")[..], &mut out, None).expect("X12");
            for line in out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let Names(mut names) = serde_json::from_slice(line).expect("an object");
                let value: Value = serde_json::from_slice(line).expect("JSON");
                kinds.insert(value["kind"].as_str().unwrap_or_default().to_owned());
                names.sort_unstable();
                let count = names.len();
                names.dedup();
                assert_eq!(names.len(), count, "{}: {names:?}", entry.path().display());
            }
        }
    }
    assert_eq!(kinds.len(), 8, "{kinds:?}");
}
