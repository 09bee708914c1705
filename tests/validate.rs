//! The command `validate`, run as a user runs it.

#![cfg(feature = "cli")]

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn run(arguments: &[&str], input: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_claimwire"))
        .arg("validate")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || {
        // A program that fails at once does not read all of it.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("it ends");
    feeder.join().expect("it was fed");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Run { code: output.status.code().expect("no signal"), out: text(output.stdout), err: text(output.stderr) }
}

fn sample(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name).display().to_string()
}

const GOOD: &str = "837p/two-visits.x12";
const BAD: &str = "broken/charges-differ.x12";

#[test]
fn exit_codes_tell_errors_from_files_that_cannot_be_checked() {
    let (good, bad, page) = (sample(GOOD), sample(BAD), sample("broken/web-page.x12"));
    for format in ["text", "json", "ndjson", "annotated", "html"] {
        let run = |files: &[&str]| {
            let mut arguments = vec!["--level", "3", "--format", format];
            arguments.extend(files);
            self::run(&arguments, b"")
        };
        assert_eq!(run(&[&good]).code, 0, "{format}");
        let both = run(&[&good, &bad]);
        assert_eq!((both.code, both.err.as_str()), (1, ""), "{format}");
        assert!(both.out.contains("claim.charge.sum"), "{format}: {}", both.out);
        let unreadable = run(&[&page, "no-such-file", &bad]);
        assert_eq!(unreadable.code, 2, "{format}");
        assert!(unreadable.err.contains("web-page") && unreadable.err.contains("no-such-file"), "{}", unreadable.err);
        assert!(unreadable.out.contains("claim.charge.sum"), "the others go on, {format}: {}", unreadable.out);
    }
    assert_eq!(run(&["--level", "8", &good], b"").code, 2);
    assert_eq!(run(&["--level", "2", &bad], b"").code, 0, "balancing is level 3");
}

#[test]
fn standard_input_says_the_same_as_a_file() {
    let bytes = fs::read(sample(BAD)).expect("readable");
    for format in ["text", "json", "annotated", "html"] {
        let arguments = ["--level", "3", "--format", format];
        let piped = run(&arguments, &bytes);
        let named = run(&[&arguments[..], &[&sample(BAD)]].concat(), b"");
        assert_eq!(piped.code, 1);
        let shown = |run: &Run| run.out.replace(&sample(BAD), "-");
        assert_eq!(shown(&piped), shown(&named), "{format}");
    }
}

#[test]
fn a_partner_turns_rules_off_and_down() {
    let folder = tempfile::tempdir().expect("a folder");
    let partner = folder.path().join("partner.toml");
    let with = |rules: &str| {
        fs::write(&partner, format!("[rules]\n{rules}\n")).expect("writable");
        run(&["--level", "3", "--format", "ndjson", "--partner", &partner.display().to_string(), &sample(BAD)], b"")
    };
    let off = with("\"claim.charge.sum\" = \"off\"");
    assert_eq!((off.code, off.out.as_str()), (0, ""));
    let down = with("\"claim.charge.sum\" = \"warning\"");
    assert_eq!(down.code, 0);
    assert!(down.out.contains("\"severity\":\"warning\""), "{}", down.out);
    let unknown = with("\"claim.charge.sun\" = \"off\"");
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("did you mean claim.charge.sum?"), "{}", unknown.err);
    assert_eq!(with("\"claim.charge.sum\" = \"maybe\"").code, 2);
    assert_eq!(with("\"837p.2400.sv102.amount\" = \"off\"").code, 1);
    assert_eq!(with("\"837p.2400.sv199.amount\" = \"off\"").code, 2, "there is no SV199");
}

#[test]
fn claims_on_their_own_are_checked_before_there_is_a_file() {
    let mut converted = Command::new(env!("CARGO_BIN_EXE_claimwire"));
    let claims = converted.args(["convert", "--to", "ndjson", &sample(BAD)]).output().expect("it runs").stdout;
    let found = run(&["--level", "3", "--format", "ndjson"], &claims);
    assert_eq!(found.code, 1, "{}", found.err);
    assert!(found.out.contains("\"json_path\":\"charge\""), "{}", found.out);
    let document = fs::read(sample("broken/charges-differ.json")).expect("readable");
    assert_eq!(run(&["--level", "3"], &document).code, 1);
}

#[test]
fn a_limit_is_said_on_standard_error_where_each_line_is_a_finding() {
    let file = sample("broken/many-alike.x12");
    let few = run(&["--level", "3", "--format", "ndjson", "--max-findings", "2", &file], b"");
    assert_eq!((few.code, few.out.lines().count()), (1, 2));
    assert!(few.err.contains("5 findings left out"), "{}", few.err);
    let all = run(&["--level", "3", "--max-findings", "99", &file], b"");
    assert_eq!(all.out.matches("error[claim.charge.sum]").count(), 5, "{}", all.out);
}

#[test]
fn output_goes_to_a_file_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("found.html");
    let found = run(&["--format", "html", "-o", &page.display().to_string(), &sample(BAD)], b"");
    assert_eq!((found.code, found.out.as_str()), (1, ""));
    assert!(fs::read_to_string(page).expect("it is there").ends_with("</html>\n"));
}

#[test]
fn lines_that_cannot_be_read_are_found_and_the_others_are_checked() {
    let claims = Command::new(env!("CARGO_BIN_EXE_claimwire"))
        .args(["convert", "--to", "ndjson", &sample("837p/office-visit.x12")])
        .output()
        .expect("it runs")
        .stdout;
    let claim = String::from_utf8(claims).expect("UTF-8");
    let sum = claim.replacen("\"charge\":\"140\"", "\"charge\":\"141\"", 1);
    let float = claim.replacen("\"charge\":\"140\"", "\"charge\":140.0", 1);
    assert!(sum != claim && float != claim, "{claim}");
    let run = run(&["--format", "ndjson"], format!("{claim}{float}{sum}").as_bytes());
    let found: Vec<serde_json::Value> = run.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let told: Vec<(&str, u64, &str)> = found
        .iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap_or_default();
            (text("rule"), one["line"].as_u64().unwrap_or_default(), text("json_path"))
        })
        .collect();
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(told.contains(&("json.line", 2, "")), "{told:?}");
    assert!(told.contains(&("claim.charge.sum", 3, "charge")), "{told:?}");
    assert!(told.iter().all(|(rule, line, _)| *rule == "claim.number.repeated" || *line != 1), "{told:?}");
}

#[test]
fn a_document_that_cannot_be_read_is_told_at_its_line() {
    // Two interchanges: what is wrong is in the second.
    let folder = tempfile::tempdir().expect("a folder");
    let twice = folder.path().join("twice.x12");
    fs::write(&twice, fs::read(sample("837p/office-visit.x12")).expect("a sample").repeat(2)).expect("written");
    let document = Command::new(env!("CARGO_BIN_EXE_claimwire"))
        .args(["convert", "--pretty", &twice.display().to_string()])
        .output()
        .expect("it runs")
        .stdout;
    let document = String::from_utf8(document).expect("UTF-8");
    let (before, after) = document.split_at(document.rfind("\"charge\": \"").expect("a line with a charge"));
    let wrong = format!("{before}{}", after.replacen("\"charge\": \"", "\"charge\": \"JANE", 1));
    let run = run(&["--format", "ndjson"], wrong.as_bytes());
    let found: serde_json::Value = serde_json::from_str(&run.out).expect("one finding");
    assert_eq!((run.code, found["rule"].as_str()), (1, Some("json.line")), "{}", run.err);
    assert_eq!(found["line"], before.matches('\n').count() as u64 + 1, "{found}");
    assert!(!run.out.contains("JANE") && !run.err.contains("JANE"), "{found} {}", run.err);
    let broken = self::run(&[], b"{\"interchanges\":[}");
    assert_eq!((broken.code, broken.out.as_str()), (2, ""), "{}", broken.err);
}
