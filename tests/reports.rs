//! Reports: what each format makes of files with something wrong, and that none tells values nobody asked for.
//!
//! Beside `samples/broken/NAME.x12` stand, for the files listed here, `NAME.report.txt` (text), `NAME.report.json`,
//! `NAME.report.annotated.txt` and `NAME.report.html`. `UPDATE_SAMPLES=1` writes them anew.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use claimwire::{
    check::{self, Options},
    document,
    report::{Format, Limit, Lines, Look, Report, Writer},
    x12::{Reader, Token},
};
use jiff::civil::date;
use serde_json::Value;

/// Files whose reports stand beside them.
const GOLDEN: &[&str] = &["several-faults", "charges-differ", "no-trailers", "many-alike", "unknown-segment"];

/// Formats, and how the names of their snapshots end.
const FORMATS: &[(Format, &str)] = &[
    (Format::Text, "report.txt"),
    (Format::Json, "report.json"),
    (Format::Annotated, "report.annotated.txt"),
    (Format::Html, "report.html"),
];

#[test]
fn each_report_is_what_stands_beside_its_file() {
    let update = std::env::var_os("UPDATE_SAMPLES").is_some();
    let mut wrong = Vec::new();
    for name in GOLDEN {
        let path = root().join("broken").join(name).with_extension("x12");
        let bytes = fs::read(&path).expect("readable");
        let report = report(&format!("{name}.x12"), &bytes, Limit { file: 100, cause: 3 }, &up_to(3));
        for (format, extension) in FORMATS {
            let is = written(&[&report], &[&bytes], *format, false);
            let is = if *format == Format::Json { pretty(&is) } else { is };
            let beside = path.with_extension(extension);
            if update {
                fs::write(&beside, &is).expect("writable");
            }
            if is != fs::read_to_string(&beside).unwrap_or_default() {
                wrong.push(beside.display().to_string());
            }
        }
    }
    assert!(wrong.is_empty(), "not what is written now:\n{}\n(UPDATE_SAMPLES=1 writes them anew)", wrong.join("\n"));
}

/// Every format of every sample, over values that only names and the like have: seven characters or more that
/// are no code of a guide.
#[test]
fn no_value_of_the_data_is_told_unless_asked_for() {
    let mut told = Vec::new();
    let (mut files, mut count) = (0, 0);
    for path in samples() {
        let bytes = fs::read(&path).expect("readable");
        let values = values(&bytes);
        files += 1;
        count += values.len();
        for (what, text) in every_format(&bytes, &Options::default()) {
            for value in values.iter().filter(|value| text.contains(value.as_str())) {
                told.push(format!("{}: {what} tells {value:?}", path.display()));
            }
        }
    }
    println!("{count} values of {files} files");
    assert!(count > 1_000, "too few values to tell anything: {count}");
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn values_are_shown_when_they_are_asked_for() {
    let bytes = fs::read(root().join("broken/charges-differ.x12")).expect("readable");
    let options = Options { values: true, ..Options::default() };
    let report = report("x", &bytes, Limit::default(), &options);
    for (format, _) in FORMATS {
        let text = written(&[&report], &[&bytes], *format, true);
        assert!(text.contains("140") && text.contains("150"), "{format:?}: {text}");
    }
    let text = written(&[&report], &[&bytes], Format::Text, true);
    assert!(text.contains("CLM*OAK-10001*150*") && text.contains("expected: 140"), "{text}");
}

#[test]
fn json_says_what_the_contract_says() {
    let bytes = fs::read(root().join("broken/charges-differ.x12")).expect("readable");
    let options = Options { values: true, ..up_to(3) };
    let report = report("charges-differ.x12", &bytes, Limit::default(), &options);
    let json: Value = serde_json::from_str(&written(&[&report], &[&bytes], Format::Json, false)).expect("JSON");
    let file = &json["files"][0];
    assert_eq!(file["file"], "charges-differ.x12");
    assert_eq!(file["verdict"], "rejected");
    let set = &file["interchanges"][0]["groups"][0]["transactions"][0];
    assert_eq!((&set["guide"], &set["claims"], &set["verdict"]), (&"837P".into(), &1.into(), &"rejected".into()));
    let issue = &file["issues"][0];
    let expected = serde_json::json!({
        "rule": "claim.charge.sum", "snip": 3, "severity": "error",
        "message": "the claim charge (CLM02) is not the sum of its line charges",
        "hint": "correct CLM02 or the charge of a line",
        "file": "charges-differ.x12", "interchange": "000000281", "group": "281", "transaction": "0001",
        "claim": "OAK-10001", "segment_position": 20, "segment_number": 22, "byte_offset": 765, "byte_length": 3,
        "line": 22, "loop": "2300", "segment": "CLM", "element": "CLM02", "repetition": 1, "value": "150", "expected": "140",
        "json_path": "billing_providers[0].subscribers[0].claims[0].charge",
        "ack": {"ta1": null, "ak9": null, "ik3": null, "ik4": null, "ik5": null,
            "stc": ["A8", "400"], "stc_more": [["A7", "178"]]}
    });
    assert_eq!(*issue, expected);
    let mut lines = Vec::new();
    let mut taken = Lines::new("charges-differ.x12", 10, &mut lines);
    check::check(&bytes[..], &options, &mut taken).expect("X12");
    assert!(taken.has_errors());
    taken.finish().expect("writable");
    assert_eq!(serde_json::from_slice::<Value>(&lines).expect("one line"), expected);
}

/// The path of a field, looked up in the document, leads to the value that was found.
#[test]
fn json_paths_lead_to_what_was_found() {
    let text = fs::read_to_string(root().join("837p/two-visits.x12")).expect("readable");
    let long = "9".repeat(60);
    let bytes = text.replace("REF*6R*100", &format!("REF*6R*{long}")).replace("CLM*VISIT", &format!("CLM*{long}"));
    // And in what stands above claims: provider, patient, subscriber.
    let bytes = bytes.replace("*IL*627", &format!("*IL*{}", "8".repeat(20)));
    let options = Options { values: true, ..up_to(2) };
    let report = report("x", bytes.as_bytes(), Limit::default(), &options);
    let json: Value =
        serde_json::from_str(&written(&[&report], &[bytes.as_bytes()], Format::Json, false)).expect("JSON");
    let mut document = Vec::new();
    document::read(bytes.as_bytes(), &mut document).expect("a document");
    let document: Value = serde_json::from_slice(&document).expect("JSON");
    let set = &document["interchanges"][0]["groups"][0]["transactions"][0];
    let mut seen = BTreeSet::new();
    for issue in json["files"][0]["issues"].as_array().expect("a list") {
        let path = issue["json_path"].as_str().expect("a path");
        let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
        assert_eq!(set.pointer(&pointer), Some(&issue["value"]), "{path}");
        seen.insert(path.to_owned());
    }
    assert_eq!(seen.len(), 8, "two claims, three lines, three addresses: {seen:?}");
}

#[test]
fn pages_are_well_formed_and_name_no_address() {
    for path in samples() {
        let bytes = fs::read(&path).expect("readable");
        let report = report("a<b>&\"c\".x12", &bytes, Limit::default(), &Options::default());
        let page = written(&[&report, &report], &[&bytes, &bytes], Format::Html, false);
        well_formed(&page).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
        for address in ["http:", "https:", "://", "src=", "href=", "url(", "@import", "<b>&\""] {
            assert!(!page.contains(address), "{}: {address}", path.display());
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() })]

    /// Whatever is wrong with a file, every format is written, none tells of people, and JSON is JSON.
    #[test]
    fn damaged_files_have_reports_that_tell_nothing(
        name in proptest::sample::select(&["837p/two-visits", "837i/three-days", "835/two-visits", "broken/several-faults"][..]),
        damage in proptest::collection::vec((0.0..1.0, proptest::sample::select(&b"*~:^\n\0 A9\xC3\xA9"[..]), 0..3), 1..6),
    ) {
        let mut bytes = fs::read(root().join(name).with_extension("x12")).expect("readable");
        let values = values(&bytes);
        for (at, byte, how) in damage {
            // What comes before says what separates.
            let at = 106 + (at * (bytes.len() - 107) as f64) as usize;
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        for (what, text) in every_format(&bytes, &Options::default()) {
            let told = values.iter().find(|value| text.contains(value.as_str()));
            proptest::prop_assert!(told.is_none(), "{what} tells {told:?}");
            match what.as_str() {
                "Json" => drop(serde_json::from_str::<Value>(&text).expect("JSON")),
                "NDJSON" => text.lines().for_each(|line| drop(serde_json::from_str::<Value>(line).expect("JSON"))),
                "Html" => well_formed(&text).expect("HTML"),
                _ => {}
            }
        }
    }
}

#[test]
fn what_a_limit_leaves_out_is_said() {
    let bytes = fs::read(root().join("broken/many-alike.x12")).expect("readable");
    let report = report("x", &bytes, Limit { file: 2, cause: 1 }, &up_to(3));
    let text = written(&[&report], &[&bytes], Format::Text, false);
    assert!(report.left_out() > 0);
    assert!(text.contains(" not shown; --max-findings N shows more") && text.contains(" more like it"), "{text}");
    let json: Value = serde_json::from_str(&written(&[&report], &[&bytes], Format::Json, false)).expect("JSON");
    let file = &json["files"][0];
    let issues = file["issues"].as_array().expect("a list").len() as u64;
    let counted: u64 =
        file["causes"].as_array().expect("a list").iter().filter_map(|cause| cause["findings"].as_u64()).sum();
    assert_eq!(issues + file["left_out"].as_u64().expect("a number"), counted);
}

fn up_to(level: u8) -> Options {
    Options { level, today: date(2026, 3, 1), ..Options::default() }
}

fn report(name: &str, bytes: &[u8], limit: Limit, options: &Options) -> Report {
    let mut report = Report::new(name, limit);
    let outcome = check::check(bytes, options, &mut report);
    report.end(outcome);
    report
}

fn written(reports: &[&Report], bytes: &[&[u8]], format: Format, values: bool) -> String {
    let mut writer = Writer::new(format, Look { values, colours: false }, Vec::new());
    for (report, bytes) in reports.iter().zip(bytes) {
        writer.file(report, *bytes).expect("writable");
    }
    String::from_utf8(writer.finish().expect("writable")).expect("UTF-8")
}

fn every_format(bytes: &[u8], options: &Options) -> Vec<(String, String)> {
    let report = report("x", bytes, Limit::default(), options);
    let mut all: Vec<(String, String)> = FORMATS
        .iter()
        .map(|(format, _)| (format!("{format:?}"), written(&[&report], &[bytes], *format, false)))
        .collect();
    let mut lines = Vec::new();
    let mut taken = Lines::new("x", u64::MAX, &mut lines);
    let _ = check::check(bytes, options, &mut taken);
    taken.finish().expect("writable");
    all.push(("NDJSON".into(), String::from_utf8(lines).expect("UTF-8")));
    all
}

/// What a file says of people: elements and components of seven characters or more with a letter in them, other
/// than what names a transaction set or a claim.
fn values(bytes: &[u8]) -> BTreeSet<String> {
    let mut values = BTreeSet::new();
    let mut names = BTreeSet::new();
    let mut reader = Reader::new(bytes);
    while let Ok(Some(token)) = reader.next() {
        let Token::Segment { segment, .. } = token else { continue };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match segment.id() {
            b"CLM" | b"CLP" => names.insert(text(segment.element(1))),
            b"TRN" => names.insert(text(segment.element(2))),
            _ => false,
        };
        if matches!(segment.id(), b"NM1" | b"N3" | b"N4" | b"PER" | b"REF" | b"NTE" | b"N1" | b"SBR" | b"DMG") {
            let pieces = segment.elements().skip(2).flat_map(|element| element.split(|byte| b":^>".contains(byte)));
            values.extend(pieces.map(|piece| text(piece.trim_ascii())).filter(|piece| piece.len() >= 7));
        }
    }
    // A sentence of ours may hold an ordinary word.
    let ordinary = ["SERVICE", "MEDICARE", "PROVIDER", "CLAIMS"];
    values
        .retain(|value| !names.iter().any(|name| name.contains(value.as_str())) && !ordinary.contains(&value.as_str()));
    values
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

fn samples() -> Vec<PathBuf> {
    let folders = ["837p", "837i", "837d", "835", "999", "277ca", "ta1", "odd", "broken"];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(root().join(folder)).expect("a folder").flatten());
    let mut paths: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "x12"))
        .collect();
    paths.sort();
    paths
}

fn pretty(json: &str) -> String {
    let value: Value = serde_json::from_str(json).expect("JSON");
    format!("{value:#}\n")
}

/// Whether every tag is closed in turn and every `<` and `&` of the text is written out.
fn well_formed(page: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page.strip_prefix("<!doctype html>").ok_or("no doctype")?;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        if !matches!(open.last(), Some(&("style" | "script"))) {
            for entity in text.split('&').skip(1) {
                let known = ["amp;", "lt;", "gt;", "quot;"].iter().any(|known| entity.starts_with(known));
                known.then_some(()).ok_or_else(|| format!("a bare & before {entity:.20}"))?;
            }
        } else if !tag.starts_with("</") {
            rest = &tag[1..];
            continue;
        }
        let end = tag.find('>').ok_or("a tag without end")?;
        let inside = &tag[1..end];
        rest = &tag[end + 1..];
        let name = inside.trim_start_matches('/').split([' ', '/', '\n']).next().unwrap_or_default();
        let is_name = !name.is_empty() && name.chars().all(|one| one.is_ascii_alphanumeric());
        is_name.then_some(()).ok_or_else(|| format!("a bare < before {inside:.20}"))?;
        (inside.matches('"').count() % 2 == 0).then_some(()).ok_or_else(|| format!("quotes of {inside:.40}"))?;
        if inside.starts_with('/') {
            let last = open.pop();
            (last == Some(name)).then_some(()).ok_or_else(|| format!("{last:?} closed by {name}"))?;
        } else if !inside.ends_with('/') {
            open.push(name);
        }
    }
    open.is_empty().then_some(()).ok_or_else(|| format!("left open: {open:?}"))
}
