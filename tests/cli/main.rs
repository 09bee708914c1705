//! The real program, run as a user runs it.

#![cfg(feature = "cli")]

mod convert;

use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

const SAMPLES: [&str; 4] = ["professional", "institutional", "dental", "remittance"];

// What runs, and what came of it.

struct Run {
    code: i32,
    out: Vec<u8>,
    err: String,
}

impl Run {
    #[track_caller]
    fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stderr: {}", self.err);
        self
    }

    /// Standard error has these words, and no value of the samples.
    #[track_caller]
    fn says(self, words: &str) -> Self {
        assert!(self.err.contains(words), "no {words:?} in: {}", self.err);
        for value in ["TESTER", "PRUEBA", "W9001", "VISIT-100", "1900000013"] {
            assert!(!self.err.contains(value), "{value} in: {}", self.err);
        }
        self
    }

    #[track_caller]
    fn quietly(self) -> Self {
        assert_eq!(self.err, "");
        self
    }

    fn text(&self) -> String {
        String::from_utf8(self.out.clone()).unwrap()
    }
}

fn run(arguments: &[&str]) -> Run {
    run_with(arguments, b"")
}

fn run_with(arguments: &[&str], input: &[u8]) -> Run {
    let mut child = spawn(arguments);
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || {
        // A program that fails at once does not read all of it.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    Run {
        code: output.status.code().expect("no signal"),
        out: output.stdout,
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn spawn(arguments: &[&str]) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_claimwire"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn sample_path(name: &str) -> String {
    let place = match name {
        "professional" => "837p/two-visits",
        "institutional" => "837i/three-days",
        "dental" => "837d/examination-and-filling",
        "remittance" => "835/two-visits",
        other => other,
    };
    format!("{}/samples/{place}.x12", env!("CARGO_MANIFEST_DIR"))
}

fn sample(name: &str) -> Vec<u8> {
    fs::read(sample_path(name)).unwrap()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn names(&self) -> Vec<PathBuf> {
        let mut names: Vec<_> =
            fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().file_name().into()).collect();
        names.sort();
        names
    }
}

// Help.

#[test]
fn every_command_has_help_with_an_example() {
    for command in ["convert", "inspect", "explain", "guides", "generate", "completions"] {
        for flag in ["--help", "-h"] {
            let text = run(&[command, flag]).ends(0).quietly().text();
            assert!(text.contains("Usage: claimwire") && text.contains("Examples:"), "{command} {flag}: {text}");
        }
    }
    let text = run(&["--help"]).ends(0).text();
    for word in ["convert", "inspect", "demo", "Exit codes", "Examples:"] {
        assert!(text.contains(word), "{word}");
    }
    assert_eq!(run(&["--version"]).ends(0).text(), format!("claimwire {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_help_of_convert_lists_the_columns_of_the_tables() {
    let text = run(&["convert", "--help"]).ends(0).text();
    let heading = run(&["convert", "--to", "csv", &sample_path("dental")]).ends(0).text();
    for column in heading.lines().next().unwrap().split(',') {
        assert!(text.contains(&format!("\n  {column} ")), "{column}");
    }
}

#[test]
fn wrong_usage_is_2() {
    for arguments in [
        &[][..],
        &["nonsense"],
        &["convert", "--to", "pdf"],
        &["convert", "--nonsense"],
        &["completions"],
        &["guides", "837Q"],
    ] {
        let run = run(arguments).ends(2);
        assert!(run.out.is_empty() && !run.err.is_empty(), "{arguments:?}");
    }
}

#[test]
fn an_empty_input_is_said_to_be_empty() {
    for arguments in [&["convert"][..], &["validate"], &["inspect"], &["ack"]] {
        run(arguments).ends(2).says("there is nothing in it");
    }
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(run(&["completions", shell]).ends(0).quietly().text().contains("convert"), "{shell}");
    }
}

// The other commands but convert.

#[test]
fn inspect_shows_loops_segments_and_elements() {
    let text = run(&["inspect", &sample_path("professional")]).ends(0).quietly().text();
    for line in [
        "Interchange 000000101",
        "  Functional Group",
        "2010AA  Billing Provider Name",
        "Total Claim Charge Amount",
        "CLM05-1",
        "Place of Service Code",
    ] {
        assert!(text.contains(line), "{line}");
    }
    assert!(!text.contains('!') && !text.contains('\u{1b}'), "no faults, no colours");
    let hidden = run(&["inspect", "--no-values", &sample_path("professional")]).ends(0).text();
    for value in ["TESTER", "VISIT-1001", "165", "000000101", "W900112233"] {
        assert!(text.contains(value) && !hidden.contains(value), "{value}");
    }
    let codes = run(&["inspect", "--codes", &sample_path("professional")]).ends(0).text();
    assert!(codes.contains("code list: place-of-service"), "{codes}");
    let brief = run(&["inspect", "--brief", &sample_path("professional")]).ends(0).text();
    assert!(brief.contains("CLM*VISIT-1001*165***11:B:1*Y*A*Y*Y"));
}

#[test]
fn inspect_says_why_a_segment_has_no_place() {
    let text = String::from_utf8(sample("professional")).unwrap();
    let odd = text.replacen("CLM*VISIT-1001", "QQQ*1~\nSV3*AD:D0120~\nCLM*VISIT-1001", 1);
    let shown = run_with(&["inspect"], odd.as_bytes()).ends(0).text();
    let faults: Vec<&str> = shown.lines().filter(|line| line.trim_start().starts_with('!')).collect();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(
        faults[0].contains("`QQQ` is no segment of the standard") && faults[1].contains("SV3 is not used in 837P"),
        "{faults:?}"
    );
    let foreign = text.replace("005010X222A1", "005010X279A1").replace("ST*837", "ST*270");
    assert!(run_with(&["inspect"], foreign.as_bytes()).ends(0).text().contains("270, without a guide here"));
    let fragment = &text[text.find("ST*").unwrap()..text.find("GE*").unwrap()];
    assert!(run_with(&["inspect"], fragment.as_bytes()).text().contains("Fragment, without an interchange header"));
}

#[test]
fn guides_lists_what_there_is() {
    let text = run(&["guides"]).ends(0).quietly().text();
    for name in ["837P", "837I", "837D", "835", "999", "277CA", "TA1", "005010X222A1"] {
        assert!(text.contains(name), "{name}");
    }
}

#[test]
fn a_guide_is_printed_in_every_format() {
    for format in ["text", "markdown", "html", "csv"] {
        for more in [&[][..], &["--fields"]] {
            let arguments = [&["guides", "837P", "--format", format][..], more].concat();
            assert!(run(&arguments).ends(0).quietly().text().contains("patient_paid"), "{format}");
        }
    }
    for of in ["document", "transaction", "line"] {
        let schema = run(&["guides", "835", "--format", "json-schema", "--of", of]).ends(0).quietly().text();
        assert!(serde_json::from_str::<serde_json::Value>(&schema).is_ok_and(|schema| schema["$defs"].is_object()));
    }
    run(&["guides", "--format", "html"]).ends(2);
}

#[test]
fn explain_says_what_is_known_and_what_is_not() {
    let text = run(&["explain", "837P", "2300/CLM05-3"]).ends(0).quietly().text();
    assert!(text.contains("Claim Frequency Code") && text.contains("frequency"), "{text}");
    assert!(run(&["explain", "CARC", "45"]).ends(0).text().contains("x12.org"));
    assert!(run(&["explain", "CARC", "9999"]).ends(1).text().contains("not in the copy here"));
    let unknown = run(&["explain", "CLM5-3"]).ends(2);
    assert!(unknown.out.is_empty() && unknown.err.contains("CLM05-3"), "{}", unknown.err);
}

#[test]
fn generated_files_are_read_without_a_word_and_come_back() {
    for kind in ["837p", "837i", "837d", "835"] {
        let generate = ["generate", "--kind", kind, "--claims", "25", "--seed", "3"];
        let file = run(&generate).ends(0).quietly().out;
        assert_eq!(run(&generate).ends(0).out, file, "the same seed, the same bytes");
        let json = run_with(&["convert"], &file).ends(0).quietly().out;
        assert_eq!(run_with(&["convert"], &json).ends(0).out, file);
        let lines = run(&[&generate[..], &["--to", "ndjson"]].concat()).ends(0).quietly().text();
        let read = run_with(&["convert", "--to", "ndjson"], &file).ends(0).text();
        assert_eq!(lines.lines().count(), read.lines().count(), "{kind}");
    }
    run(&["generate", "--kind", "270"]).ends(2);
}

#[test]
fn the_demo_shows_everything_and_ends() {
    let text = run(&["demo", "--once"]).ends(0).quietly().text();
    for words in [
        "Claim VISIT-1001",
        "Payment for claim VISIT-1001",
        "reason CO-45",
        "OK, the same bytes",
        "OK, the same claims",
    ] {
        assert!(text.contains(words), "{words}");
    }
    assert!(!text.contains("DIFFERS"));
}
