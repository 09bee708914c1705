//! X12 to JSON, NDJSON and CSV, and back.

use std::{fs, io::Read, path::Path};

use super::{Folder, SAMPLES, run, run_with, sample, sample_path, spawn};

#[test]
fn documents_come_back_byte_for_byte() {
    for name in SAMPLES {
        let json = run(&["convert", &sample_path(name)]).ends(0).quietly();
        assert!(json.text().starts_with("{\"interchanges\":[") && json.text().ends_with("}\n"));
        assert_eq!(run_with(&["convert"], &json.out).ends(0).quietly().out, sample(name), "{name}");

        let pretty = run_with(&["convert", "--pretty", "-"], &sample(name)).ends(0).quietly();
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&pretty.out).unwrap(),
            serde_json::from_slice::<serde_json::Value>(&json.out).unwrap()
        );
        assert!(pretty.text().lines().count() > 50);
        assert_eq!(run_with(&["convert", "--to", "x12"], &pretty.out).ends(0).out, sample(name), "{name}");
    }
}

#[test]
fn segments_of_anything_come_back_byte_for_byte() {
    let foreign = b"ISA|00|          |00|          |ZZ|A              |ZZ|B              |260115|1023|^|00501|000000001|0|T|>'\r\nGS|HS|A|B|20260115|1023|1|X|005010X279A1'QQQ||x>y'";
    for bytes in SAMPLES.map(sample).into_iter().chain([foreign.to_vec()]) {
        for pretty in [&["convert", "--to", "segments"][..], &["convert", "--to", "segments", "--pretty"]] {
            let json = run_with(pretty, &bytes).ends(0);
            assert!(json.text().contains("\"segments\":") && json.text().ends_with('\n'));
            assert_eq!(run_with(&["convert"], &json.out).ends(0).quietly().out, bytes);
        }
    }
    let json = run(&["convert", "--to", "segments", &sample_path("dental")]).ends(0).out;
    let document = run_with(&["convert", "--to", "json"], &json).ends(0).out;
    assert_eq!(document, run(&["convert", &sample_path("dental")]).ends(0).out, "by way of X12");
}

#[test]
fn claims_on_their_own_become_files() {
    for name in SAMPLES {
        let path = sample_path(name);
        let lines = run(&["convert", "--to", "ndjson", &path]).ends(0).quietly().text();
        for line in lines.lines() {
            let claim: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(claim["source"]["file"], path, "{name}");
        }
        let options = [
            "convert",
            "--sender",
            "ME",
            "--receiver",
            "THEM",
            "--usage",
            "production",
            "--control-number",
            "77",
            "--line-break",
            "none",
        ];
        let made = run_with(&options, lines.as_bytes()).ends(0).quietly();
        assert!(
            made.text().starts_with("ISA*00*          *00*          *ZZ*ME             *ZZ*THEM           *"),
            "{name}"
        );
        assert!(made.text().contains("*^*00501*000000077*0*P*:~GS*"), "{name}: {}", made.text());
        let again = run_with(&["convert", "--to", "ndjson"], &made.out).ends(0).quietly().text();
        assert_eq!(without_source(&again), without_source(&lines), "{name}");

        // Spread over lines it is the same.
        let pretty = run_with(&["convert", "--to", "ndjson", "--pretty"], &made.out).ends(0);
        assert!(pretty.text().starts_with("{\n  \"kind\""));
        assert_eq!(run_with(&options, &pretty.out).ends(0).text()[120..], made.text()[120..], "{name}");
    }
}

fn without_source(lines: &str) -> Vec<serde_json::Value> {
    let object = |line| {
        let mut object: serde_json::Value = serde_json::from_str(line).unwrap();
        object.as_object_mut().unwrap().remove("source");
        object
    };
    lines.lines().map(object).collect()
}

#[test]
fn a_partner_says_how_files_are_written() {
    let folder = Folder::new();
    let partner = folder.file(
        "payer.toml",
        b"sender_id = \"CLINIC\"\nreceiver_id = \"PAYER\"\nreceiver_qualifier = \"30\"\ngroup_receiver_id = \"UNIT7\"\nusage = \"production\"\n\
          guide = \"005010X222\"\nacknowledgment_requested = true\ndelimiters = \"|^>'\"\nline_break = \"crlf\"\nclaims_per_transaction = 1\n",
    );
    let lines = run(&["convert", "--to", "ndjson", &sample_path("professional")]).ends(0).out;
    let text = run_with(&["convert", "--partner", &partner], &lines).ends(0).text();
    assert!(text.starts_with("ISA|00|          |00|          |ZZ|CLINIC         |30|PAYER          |"), "{text}");
    assert!(text.contains("|1|P|>'\r\nGS|HC|CLINIC|UNIT7|") && text.contains("|X|005010X222'\r\n"), "{text}");
    assert_eq!(text.matches("\r\nST|837|").count(), 2, "one claim in each");
    let text = run_with(&["convert", "--partner", &partner, "--sender", "OTHER"], &lines).ends(0).text();
    assert!(text.contains("|OTHER          |"), "options come before the file");

    let wrong = folder.file("wrong.toml", b"sender_id = \"CLINIC\"\nreciever_id = \"PAYER\"\n");
    run_with(&["convert", "--partner", &wrong], &lines).ends(2).says("reciever_id").says("line 2");
    run_with(&["convert", "--partner", &folder.path("absent.toml")], &lines).ends(2).says("absent.toml");
    run_with(&["convert", "--delimiters", "**:~"], &lines).ends(2).says("four different characters");
}

#[test]
fn data_that_holds_a_delimiter_is_refused_or_replaced() {
    let lines = run(&["convert", "--to", "ndjson", &sample_path("professional")]).ends(0).text();
    let lines = lines.replace("100 MADEUP AVE", "100 MADEUP*AVE");
    run_with(&["convert"], lines.as_bytes()).ends(2).says("line 1");
    let text = run_with(&["convert", "--replace-delimiters", " "], lines.as_bytes()).ends(0).text();
    assert!(text.contains("N3*100 MADEUP AVE~"));
}

#[test]
fn lines_break_where_asked() {
    let wrapped = run(&["convert", "--to", "x12", "--line-break", "none", &sample_path("dental")]).ends(0).quietly();
    assert_eq!(wrapped.text(), String::from_utf8(sample("dental")).unwrap().replace('\n', ""));
    let unwrapped = run_with(&["convert", "--to", "x12", "--line-break", "lf"], &wrapped.out).ends(0).quietly();
    assert_eq!(unwrapped.out, sample("dental"));
    run(&["convert", "--to", "x12", &sample_path("dental")]).ends(2).says("--line-break");
}

#[test]
fn answers_and_what_they_mean() {
    let good = format!("{}/samples/837p/office-visit.x12", env!("CARGO_MANIFEST_DIR"));
    let bad = format!("{}/samples/broken/claims-refused.x12", env!("CARGO_MANIFEST_DIR"));
    let created = ["--created", "2026-02-01T12:00"];
    let run_ack = |more: &[&str]| run(&[&["ack"], &created[..], more].concat());
    let answer = run_ack(&[&good]).ends(0).quietly().text();
    assert!(answer.contains("AK9*A*1*1*1~") && answer.contains("STC*A2:20*20260201*WQ*140~"), "{answer}");
    let several = run_ack(&["--kind", "ta1", "--control-number", "905", &good, &bad]).ends(0).quietly().text();
    assert!(several.contains("*000000905*0*T*:~") && several.contains("*000000906*0*T*:~"), "{several}");
    let folder = Folder::new();
    let refusing = folder.path("answer.x12");
    run_ack(&["--as", "clearinghouse", &bad, "-o", &refusing]).ends(1).quietly();
    let words = run(&["ack", "--explain", &refusing, "--for", &bad]).ends(1).quietly().text();
    assert!(
        words.contains("claims taken in 2, rejected 3") && words.contains("claim OAK-10113, charge 115"),
        "{words}"
    );
    assert!(!words.contains("LARKSPURR"), "{words}");
    run(&["ack", "--explain", &refusing, "--for", &good]).ends(1);
    run(&["ack", "--explain", &good]).ends(2).says("there is no acknowledgment in it");
}

/// An error that a partner turns down to a warning is accepted with errors, and noted.
#[test]
fn what_a_partner_lets_pass_is_accepted_with_errors() {
    let bad = format!("{}/samples/broken/several-faults.x12", env!("CARGO_MANIFEST_DIR"));
    let folder = Folder::new();
    let lenient = folder.file(
        "lenient.toml",
        b"[rules]\n\"missing\" = \"warning\"\n\"date\" = \"warning\"\n\"date-format\" = \"warning\"\n",
    );
    run(&["ack", &bad]).ends(1);
    let answer = run(&["ack", "--partner", &lenient, "--kind", "999", &bad]).ends(0).text();
    assert!(answer.contains("IK5*E*I5*5~") && answer.contains("AK9*E*1*1*1~"), "{answer}");
}

#[test]
fn tables_for_a_spreadsheet() {
    let paths: Vec<String> = SAMPLES.iter().map(|name| sample_path(name)).collect();
    let with = |table: &'static str| {
        let mut arguments = vec!["convert", "--to", "csv", "--table", table];
        arguments.extend(paths.iter().map(String::as_str));
        rows(&run(&arguments).ends(0).out)
    };
    let lines = with("lines");
    assert_eq!(lines.len(), 3 + 4 + 2 + 3 + 1);
    let paid = lines.iter().find(|row| row["kind"] == "payment" && row["procedure"] == "99213").unwrap();
    for (column, value) in [
        ("claim", "VISIT-1001"),
        ("line", "1"),
        ("charge", "125"),
        ("allowed", "95.5"),
        ("paid", "70.5"),
        ("adjustments", "CO-45:29.5;PR-3:25"),
        ("service_from", "2026-01-15"),
        ("modifiers", "25"),
        ("trace_number", "EFT2026013001"),
    ] {
        assert_eq!(paid[column], value, "{column}");
    }
    let billed = lines.iter().find(|row| row["procedure"] == "99214").unwrap();
    for (column, value) in
        [("diagnoses", "E119 I10"), ("patient_last_name", "PRUEBA"), ("birth_date", "1961-09-14"), ("paid", "")]
    {
        assert_eq!(billed[column], value, "{column}");
    }
    let stay = lines.iter().find(|row| row["revenue_code"] == "0120").unwrap();
    assert_eq!((stay["service_from"].as_str(), stay["service_to"].as_str()), ("2026-01-10", "2026-01-13"));

    let claims = with("claims");
    assert_eq!(claims.len(), 2 + 1 + 1 + 2 + 1);
    assert_eq!(claims[0]["patient_first_name"], "AVA");
    assert_eq!(claims.iter().find(|row| row["kind"] == "payment").unwrap()["patient_responsibility"], "25");

    let adjustments = with("adjustments");
    let said: Vec<_> = adjustments
        .iter()
        .map(|row| format!("{} {} {}-{} {}", row["claim"], row["line"], row["group"], row["reason"], row["amount"]))
        .collect();
    assert_eq!(
        said,
        [
            "VISIT-1001 1 CO-45 29.5",
            "VISIT-1001 1 PR-3 25",
            "VISIT-1001 2 CO-45 15",
            "VISIT-1002 1 CO-197 180",
            "  -L6 -1.2"
        ]
    );

    let payments = with("payments");
    assert_eq!(payments.len(), 1);
    assert_eq!((payments[0]["payment_amount"].as_str(), payments[0]["method"].as_str()), ("96.7", "ACH"));

    // A table of lines is the same from NDJSON.
    let ndjson = run(&["convert", "--to", "ndjson", &paths[0]]).ends(0).out;
    let direct = run(&["convert", "--to", "csv", &paths[0]]).ends(0).out;
    assert_eq!(run_with(&["convert", "--to", "csv"], &ndjson).ends(0).out, direct);
}

#[test]
fn several_files_into_one() {
    let paths = [sample_path("professional"), sample_path("remittance")];
    let lines = run(&["convert", "--to", "ndjson", &paths[0], &paths[1]]).ends(0).text();
    assert_eq!(lines.lines().count(), 2 + 2 + 1);
    run(&["convert", &paths[0], &paths[1]]).ends(2).says("one FILE at a time");
    let folder = Folder::new();
    let json = folder.path("a.json");
    run(&["convert", &paths[0], "-o", &json]).ends(0).quietly();
    run(&["convert", "--to", "ndjson", &paths[0], &json]).ends(2).says("another kind of input");
    let both = run(&["convert", &json, &json]).ends(0).out;
    assert_eq!(both, [sample("professional"), sample("professional")].concat());
}

// What is wrong with input.

#[test]
fn a_value_that_cannot_be_read_fails_its_claim_only() {
    let text = String::from_utf8(sample("professional")).unwrap().replace("VISIT-1001*165*", "VISIT-1001*TESTER*");
    let lines = run_with(&["convert", "--to", "ndjson"], text.as_bytes())
        .ends(1)
        .says("CLM02")
        .says("claimwire: -: error: byte ");
    assert_eq!(lines.text().lines().count(), 1);
    let json = run_with(&["convert"], text.as_bytes()).ends(1).says("CLM02");
    assert_eq!(run_with(&["convert"], &json.out).ends(0).text(), text, "and yet nothing is lost");
}

#[test]
fn input_that_is_no_x12_is_2_with_a_place() {
    let folder = Folder::new();
    run_with(&["convert"], b"").ends(2).says("nothing in it");
    run_with(&["inspect"], b"").ends(2);
    run_with(&["convert"], &[0; 100_000]).ends(2).says("not X12");
    run_with(&["convert"], b"hello, world\n").ends(2).says("not X12");
    let letter = String::from_utf8(sample("professional")).unwrap().replace('*', "A");
    run_with(&["convert"], letter.as_bytes()).ends(2).says("byte 3");
    let utf16: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(sample("dental").into_iter().flat_map(|byte| [byte, 0])).collect();
    run_with(&["convert"], &utf16).ends(2).says("UTF-16");
    run(&["convert", folder.0.path().to_str().unwrap()]).ends(2).says("is a directory");
    run(&["inspect", &folder.path("absent.837")]).ends(2).says("absent.837");
}

#[test]
fn an_endless_segment_is_given_up() {
    let folder = Folder::new();
    let path = folder.file("endless.837", &sample("professional")[..590]);
    // Two gibibytes of nothing, of which the disk holds none.
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(2 << 30).unwrap();
    for command in ["convert", "inspect"] {
        run(&[command, &path]).ends(2).says("no segment terminator within");
    }
}

#[test]
fn json_that_is_no_document_is_2() {
    for text in [
        "{",
        "{}",
        "{\"interchanges\":5}",
        "{\"interchanges\":[{\"nonsense\":1}]}",
        "{\"kind\":\"nonsense\"}",
        "{\"interchanges\":[",
        "[1]",
    ] {
        let run = run_with(&["convert", "--to", "x12"], text.as_bytes()).ends(2);
        assert!(!run.err.is_empty(), "{text}");
    }
}

#[test]
fn a_file_that_was_cut_off_is_said_to_be() {
    let bytes = sample("professional");
    for length in (0..bytes.len() - 1).step_by(83) {
        let cut = &bytes[..length];
        let code = if length < 106 { 2 } else { 1 };
        for to in ["json", "ndjson"] {
            let run = run_with(&["convert", "--to", to], cut);
            assert!(run.code == code, "{length} to {to}: {} {}", run.code, run.err);
            assert!(!run.err.is_empty());
        }
        let json = run_with(&["convert"], cut);
        if json.code < 2 {
            assert_eq!(run_with(&["convert"], &json.out).ends(0).out, cut, "{length}");
        }
    }
}

#[test]
fn a_hundred_notices_and_no_more() {
    let text =
        String::from_utf8(sample("professional")).unwrap().replace("SE*", &format!("{}SE*", "ZZZ*1~\n".repeat(250)));
    let run = run_with(&["convert"], text.as_bytes());
    assert_eq!(run.err.lines().count(), 101, "{}", run.err);
    assert!(run.err.lines().last().unwrap().contains("and 15"), "{}", run.err);
}

// Where output goes.

#[test]
fn output_appears_whole_or_not_at_all() {
    let folder = Folder::new();
    let target = folder.file("out.json", b"what stood there before");
    let broken = folder.file("broken.json", b"{\"interchanges\":[{\"groups\":7}]}");
    run(&["convert", &broken, "-o", &target]).ends(2);
    assert_eq!(fs::read(&target).unwrap(), b"what stood there before");
    assert_eq!(folder.names(), [Path::new("broken.json"), Path::new("out.json")], "nothing left behind");
    let run_out = run(&["convert", &sample_path("dental"), "-o", &target]).ends(0).quietly();
    assert!(run_out.out.is_empty());
    assert!(fs::read(&target).unwrap().starts_with(b"{\"interchanges\""));
    assert_eq!(folder.names().len(), 2);
    run(&["convert", &sample_path("dental"), "-o", &folder.path("no/such/folder")]).ends(2).says("no/such/folder");
    run(&["convert", &sample_path("dental"), "-o", folder.0.path().to_str().unwrap()]).ends(2).says("is a directory");
}

#[cfg(unix)]
#[test]
fn output_keeps_links_devices_and_permissions() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new();
    let (target, link) = (folder.file("out.json", b""), folder.path("link.json"));
    symlink(&target, &link).unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    run(&["convert", &sample_path("dental"), "-o", &link]).ends(0).quietly();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::metadata(&target).unwrap().len() > 1000);
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o640);
    run(&["convert", &sample_path("dental"), "-o", "/dev/null"]).ends(0).quietly();
    if Path::new("/dev/full").exists() {
        run(&["convert", &sample_path("dental"), "-o", "/dev/full"]).ends(2);
    }
}

#[test]
fn a_reader_that_goes_away_has_had_what_it_wanted() {
    let folder = Folder::new();
    let path = folder.file("many.837", &many_claims(2000));
    for arguments in [
        &["convert", "--to", "ndjson", &path][..],
        &["convert", &path],
        &["convert", "--to", "csv", &path],
        &["inspect", &path],
    ] {
        let mut child = spawn(arguments);
        let mut some = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut some).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

/// The professional sample with its second claim so many times.
fn many_claims(count: usize) -> Vec<u8> {
    let text = String::from_utf8(sample("professional")).unwrap();
    let (head, rest) = text.split_at(text.find("CLM*VISIT-1002").unwrap());
    let (claim, tail) = rest.split_at(rest.find("SE*").unwrap());
    let segments = head[head.find("ST*").unwrap()..].lines().count() + claim.lines().count() * count + 1;
    let old = tail.split('*').nth(1).unwrap();
    format!("{head}{}{}", claim.repeat(count), tail.replacen(old, &segments.to_string(), 1)).into_bytes()
}

fn rows(csv: &[u8]) -> Vec<std::collections::HashMap<String, String>> {
    csv::Reader::from_reader(csv).deserialize().map(Result::unwrap).collect()
}
