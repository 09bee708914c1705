//! The samples: what each becomes, that it comes back, and that together they leave no place of a guide out.
//!
//! Beside `NAME.x12` stands `NAME.json`, its document, or `NAME.error.txt`, why it has none.
//! `UPDATE_SAMPLES=1` writes them anew.

use std::{
    collections::{BTreeSet, HashSet},
    fs,
    path::{Path, PathBuf},
};

use claimwire::{
    document,
    guide::{Guide, NAMES, NodeId, Place, by_name, for_set},
    ndjson::{self, Options, Writer},
    place::{Fault, Keep, Tape, Walk},
    record::write::Style,
    x12::{Reader, Token},
};
use serde_json::Value;

/// The folders whose files obey their guides.
const VALID: &[&str] = &["837p", "837i", "837d", "835", "999", "277ca", "ta1"];

#[test]
fn each_sample_is_what_stands_beside_it() {
    let update = std::env::var_os("UPDATE_SAMPLES").is_some();
    let mut wrong = Vec::new();
    for path in samples() {
        let bytes = fs::read(&path).expect("readable");
        let (json, error) = (path.with_extension("json"), path.with_extension("error.txt"));
        let mut document = Vec::new();
        let (is, beside, other) = match document::read(&bytes[..], &mut document) {
            Ok(_) => (indented(&document), json, error),
            Err(problem) => (format!("{problem}\n"), error, json),
        };
        if update {
            fs::write(&beside, &is).expect("writable");
            if other.exists() {
                fs::remove_file(&other).expect("removable");
            }
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        if is != expected {
            wrong.push(format!(
                "{} is not what the sample gives now: {}",
                beside.display(),
                first_difference(&expected, &is)
            ));
        }
        if other.exists() {
            wrong.push(format!("{} stands beside a sample that does not give it", other.display()));
        }
    }
    assert!(wrong.is_empty(), "{}\n(UPDATE_SAMPLES=1 writes them anew)", wrong.join("\n"));
}

#[test]
fn each_sample_comes_back_from_its_json() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in samples() {
        let Ok(json) = fs::read(path.with_extension("json")) else { continue };
        let mut back = Vec::new();
        match document::write(&json[..], &mut back, &Style::default()) {
            Ok(()) if back == fs::read(&path).expect("readable") => count += 1,
            Ok(()) => wrong.push(format!("{}: other bytes", path.display())),
            Err(error) => wrong.push(format!("{}: {error}", path.display())),
        }
    }
    println!("{count} samples come back byte for byte");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn claims_on_their_own_say_the_same_after_a_file_was_made_of_them() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in VALID.iter().flat_map(|folder| files(&root().join(folder))) {
        let first = lines(&fs::read(&path).expect("readable"));
        count += first.len();
        let options =
            Options { sender: Some("SENDER".into()), receiver: Some("RECEIVER".into()), ..Options::default() };
        let mut writer = Writer::new(Vec::new(), options);
        let made =
            first.iter().try_for_each(|line| writer.push(line.to_string().as_bytes())).and_then(|()| writer.finish());
        match made {
            Ok(x12) if lines(&x12) == first => {}
            Ok(x12) => {
                wrong.push(format!("{}: {}", path.display(), first_difference(&joined(&first), &joined(&lines(&x12)))))
            }
            Err(error) => wrong.push(format!("{}: {error}", path.display())),
        }
    }
    println!("{count} lines");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_odd_about_the_valid_samples() {
    let mut wrong = Vec::new();
    for path in VALID.iter().flat_map(|folder| files(&root().join(folder))) {
        let bytes = fs::read(&path).expect("readable");
        let notices = document::read(&bytes[..], std::io::sink()).expect("X12");
        wrong.extend(notices.iter().map(|notice| format!("{}: {notice}", path.display())));
        for walked in walks(&bytes) {
            wrong.extend(walked.faults.iter().map(|fault| {
                format!("{}: segment {}: {}", path.display(), fault.position, fault.describe(walked.guide))
            }));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn together_they_leave_no_place_of_a_guide_out() {
    let mut seen = HashSet::new();
    for path in samples().iter().filter(|path| !path.starts_with(root().join("broken"))) {
        for walked in walks(&fs::read(path).expect("readable")) {
            let entries = (0..walked.tape.len()).filter_map(|index| walked.tape.entry(index));
            seen.extend(entries.filter(|entry| !entry.is_unplaced()).map(|entry| definition(walked.guide, entry.node)));
        }
    }
    let mut never = Vec::new();
    for name in NAMES {
        let guide = by_name(name).expect("a guide").expect("it reads");
        let unseen = guide.nodes().filter(|&node| !seen.contains(&definition(guide, node)));
        never.extend(
            unseen
                .map(|node| format!("{name} {} {} ({})", guide.path(node), guide.designator(node), guide.title(node))),
        );
    }
    assert!(never.is_empty(), "{} places that no sample has:\n{}", never.len(), never.join("\n"));
}

#[test]
fn the_readme_tells_of_each_sample() {
    let text = fs::read_to_string(root().join("README.md")).expect("samples/README.md");
    let told: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name.to_owned()))
        .collect();
    let stand: BTreeSet<String> = samples()
        .iter()
        .map(|path| path.strip_prefix(root()).expect("inside").to_string_lossy().into_owned())
        .collect();
    let differ: Vec<_> = told.symmetric_difference(&stand).collect();
    assert!(differ.is_empty(), "in the table or in the folder, not in both: {differ:?}");
}

/// A transaction set, or the interchange itself, walked through its guide.
struct Walked {
    guide: &'static Guide,
    tape: Tape,
    faults: Vec<Fault>,
}

impl From<Walk<'static>> for Walked {
    fn from(walk: Walk<'static>) -> Self {
        let guide = walk.guide();
        let (tape, faults) = walk.finish(0, &mut |_, _, _| {});
        Self { guide, tape, faults }
    }
}

fn walks(bytes: &[u8]) -> Vec<Walked> {
    let mut reader = Reader::new(bytes);
    let mut walks = Vec::new();
    let (mut envelope, mut set, mut version) = (None::<Walk<'static>>, None::<Walk<'static>>, String::new());
    while let Ok(Some(token)) = reader.next() {
        let Token::Segment { segment, offset, .. } = token else { continue };
        let text = |element: usize| String::from_utf8_lossy(segment.element(element)).into_owned();
        match segment.id() {
            b"ISA" => walks.extend(envelope.take().map(Walked::from)),
            b"GS" => version = text(8),
            b"ST" => {
                let guide = for_set(&text(1), &text(3), &version).map(|guide| guide.expect("it reads"));
                set = guide.map(|guide| Walk::new(guide, segment.delimiters(), Keep::All));
            }
            _ => {}
        }
        if matches!(segment.id(), b"ISA" | b"TA1" | b"GS" | b"ST" | b"GE" | b"IEA") {
            let guide = by_name("TA1").expect("a guide").expect("it reads");
            envelope.get_or_insert_with(|| Walk::new(guide, segment.delimiters(), Keep::All)).push(
                &segment,
                offset,
                &mut |_, _, _| {},
            );
        }
        if let Some(walk) = &mut set {
            walk.push(&segment, offset, &mut |_, _, _| {});
            if segment.id() == b"SE" {
                walks.extend(set.take().map(Walked::from));
            }
        }
    }
    walks.extend(envelope.map(Walked::from));
    walks
}

/// What identifies a loop or a segment use of a guide, wherever in the tree it stands.
fn definition(guide: &'static Guide, node: NodeId) -> *const u8 {
    match guide.place(node) {
        Place::Loop(one) => std::ptr::from_ref(one).cast(),
        Place::Segment(one) => std::ptr::from_ref(one).cast(),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

fn samples() -> Vec<PathBuf> {
    VALID.iter().chain(&["odd", "broken"]).flat_map(|folder| files(&root().join(folder))).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "x12"))
        .collect();
    paths.sort();
    paths
}

/// The claims of a file, without where they came from.
fn lines(x12: &[u8]) -> Vec<Value> {
    let mut out = Vec::new();
    ndjson::read(x12, &mut out, None).expect("X12");
    let parsed = out
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice::<Value>(line).expect("JSON"));
    parsed
        .map(|mut line| {
            line.as_object_mut().expect("an object").remove("source");
            line
        })
        .collect()
}

fn joined(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// JSON with two blanks for each level, in the order it has.
fn indented(json: &[u8]) -> String {
    let text = std::str::from_utf8(json).expect("JSON is UTF-8");
    let (mut out, mut depth, mut quoted, mut escaped) = (String::new(), 0, false, false);
    let mut characters = text.chars().peekable();
    let line =
        |out: &mut String, depth: usize| out.extend(std::iter::once('\n').chain(std::iter::repeat_n(' ', depth * 2)));
    while let Some(character) = characters.next() {
        if quoted {
            out.push(character);
            quoted = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            '{' | '[' if matches!(characters.peek(), Some('}' | ']')) => {
                out.push(character);
                out.extend(characters.next());
            }
            '{' | '[' => {
                out.push(character);
                depth += 1;
                line(&mut out, depth);
            }
            '}' | ']' => {
                depth -= 1;
                line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(character);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                quoted = character == '"';
                out.push(character);
            }
        }
    }
    out.push('\n');
    out
}

fn first_difference(expected: &str, is: &str) -> String {
    match expected.lines().zip(is.lines()).enumerate().find(|(_, (one, other))| one != other) {
        Some((number, (one, other))) => format!("line {}: `{one}`, now `{other}`", number + 1),
        None => format!("{} lines, now {}", expected.lines().count(), is.lines().count()),
    }
}
