//! How fast: `cargo bench`. Each figure is bytes of X12 a second on one core, beside a yardstick (the crate
//! x12-stream-parser, which cuts segments and elements and checks nothing) over the same file.

use std::sync::OnceLock;

use claimwire::{
    acknowledge::{self, Answers},
    check,
    codes::{self, Judge, Own, Verdict},
    document,
    generate::{self, Kind, Options},
    guide, ndjson,
    place::{Keep, Walk},
    record::write::Style,
    x12::{Reader, Token},
};
use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};

fn main() {
    divan::main();
}

/// A generated file of 10,000 claims.
fn file(kind: Kind) -> &'static [u8] {
    static FILES: [OnceLock<Vec<u8>>; 4] = [const { OnceLock::new() }; 4];
    let at = Kind::ALL.iter().position(|known| *known == kind).expect("listed");
    FILES[at].get_or_init(|| generated(kind, 10_000))
}

fn generated(kind: Kind, claims: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    generate::write(&Options::new(kind, claims, 7), &mut bytes).expect("generated");
    bytes
}

fn lines_of(bytes: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    ndjson::read(bytes, &mut lines, None).expect("X12");
    lines
}

fn guide_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Professional => "837P",
        Kind::Institutional => "837I",
        Kind::Dental => "837D",
        Kind::Remittance => "835",
    }
}

const KINDS: [Kind; 2] = [Kind::Professional, Kind::Remittance];

#[divan::bench(args = KINDS)]
fn a0_yardstick_x12_stream_parser(bencher: Bencher<'_, '_>, kind: Kind) {
    use x12_stream_parser::{Delimiters, Parser};
    let bytes = file(kind);
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        let parser = Parser::new(bytes, Delimiters::new(b'~', b'*', b':'));
        parser.flatten().map(|segment| segment.elements().map(<[u8]>::len).sum::<usize>()).sum::<usize>()
    });
}

#[divan::bench(args = KINDS)]
fn a1_segments_and_elements(bencher: Bencher<'_, '_>, kind: Kind) {
    let bytes = file(kind);
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        let mut reader = Reader::new(bytes);
        let mut sum = 0;
        while let Ok(Some(token)) = reader.next() {
            if let Token::Segment { segment, .. } = token {
                sum += segment.elements().map(<[u8]>::len).sum::<usize>();
            }
        }
        sum
    });
}

#[divan::bench(args = KINDS)]
fn b_placed_in_the_guide(bencher: Bencher<'_, '_>, kind: Kind) {
    let bytes = file(kind);
    let guide = guide::by_name(guide_name(kind)).expect("listed").expect("reads");
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        let mut reader = Reader::new(bytes);
        let mut walk: Option<Walk<'_>> = None;
        let mut closed = 0;
        while let Ok(Some(token)) = reader.next() {
            let Token::Segment { segment, offset, .. } = token else { continue };
            if segment.id() == b"ST" {
                let keep = Keep::AllBut(&["2000A", "2000B", "2000C", "2300", "2000", "2100"]);
                walk = Some(Walk::new(guide, segment.delimiters(), keep));
            }
            if let Some(walk) = &mut walk {
                walk.push(&segment, offset, &mut |_, _, _| closed += 1);
            }
        }
        closed
    });
}

#[divan::bench(args = KINDS)]
fn c_to_ndjson(bencher: Bencher<'_, '_>, kind: Kind) {
    let bytes = file(kind);
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench(|| ndjson::read(bytes, std::io::sink(), None).map(|summary| summary.lines));
}

#[divan::bench(args = KINDS)]
fn d_from_ndjson(bencher: Bencher<'_, '_>, kind: Kind) {
    let bytes = file(kind);
    let lines = lines_of(bytes);
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        let mut writer = ndjson::Writer::new(std::io::sink(), ndjson::Options::default());
        ndjson::each(&lines[..], |_, line| writer.push(line)).expect("lines");
        writer.finish().is_ok()
    });
}

#[divan::bench(args = KINDS)]
fn e_document_there_and_back(bencher: Bencher<'_, '_>, kind: Kind) {
    let bytes = file(kind);
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        let mut json = Vec::new();
        document::read(bytes, &mut json).expect("X12");
        let mut back = Vec::with_capacity(bytes.len());
        document::write(&json[..], &mut back, &Style::default()).expect("a document");
        back.len()
    });
}

/// The same claim by claim, as values.
#[divan::bench(args = KINDS)]
fn e_lines_there_and_back(bencher: Bencher<'_, '_>, kind: Kind) {
    let bytes = file(kind);
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        let mut writer = ndjson::Writer::new(std::io::sink(), ndjson::Options::default());
        ndjson::read_lines(bytes, None, |line| writer.push_line(&line)).expect("X12");
        writer.finish().is_ok()
    });
}

/// Values of one element each: a provider's number, a diagnosis, a place of service.
#[divan::bench(args = ["npi", "icd-diagnosis", "place-of-service"])]
fn f_codes_judged(bencher: Bencher<'_, '_>, list: &str) {
    let judge = Judge::new(&[list], &Own::default()).expect("a list");
    let (qualifier, values): (&[u8], &[&[u8]]) = match list {
        "npi" => (b"", &[b"1234567893", b"1245319599", b"1234567890"]),
        "icd-diagnosis" => (b"ABF", &[b"J029", b"S72001A", b"E1165", b"I10", b"Z3A39", b"M542", b"J0290", b"R51"]),
        _ => (b"", &[b"11", b"21", b"22", b"98"]),
    };
    // Enough of them that the clock does not count.
    let values: Vec<&[u8]> = values.iter().copied().cycle().take(1000).collect();
    bencher
        .counter(ItemsCount::new(values.len()))
        .bench(|| values.iter().filter(|value| judge.judge(qualifier, value, None).verdict == Verdict::Known).count());
}

/// Reading an operator's own list of all diagnoses, which happens once.
#[divan::bench]
fn g_diagnoses_read(bencher: Bencher<'_, '_>) {
    let whole = codes::by_name("icd-10-cm").expect("listed");
    let folder = tempfile::tempdir().expect("a folder");
    let lines: Vec<&str> = whole.codes().iter().map(|code| code.code).collect();
    std::fs::write(folder.path().join("icd-10-cm.txt"), lines.join("\n")).expect("written");
    bencher.bench(|| Own::in_folder(folder.path()).expect("reads"));
}

/// Once, four and sixteen times as much: bytes a second do not fall with the size.
const CLAIMS: [u64; 3] = [1_000, 4_000, 16_000];

#[divan::bench(args = CLAIMS)]
fn h_linear_to_ndjson(bencher: Bencher<'_, '_>, claims: u64) {
    let bytes = generated(Kind::Professional, claims);
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench(|| ndjson::read(&bytes[..], std::io::sink(), None).map(|summary| summary.lines));
}

#[divan::bench(args = CLAIMS)]
fn h_linear_checked(bencher: Bencher<'_, '_>, claims: u64) {
    let bytes = generated(Kind::Professional, claims);
    bencher.counter(BytesCount::new(bytes.len())).bench(|| checked(&bytes, 7));
}

/// Levels 1 to 4 and 1 to 7.
#[divan::bench(args = KINDS, consts = [4, 7])]
fn i_checked<const LEVEL: u8>(bencher: Bencher<'_, '_>, kind: Kind) {
    let bytes = file(kind);
    bencher.counter(BytesCount::new(bytes.len())).bench(|| checked(bytes, LEVEL));
}

/// Every claim with five findings: what it costs to find and count them.
#[divan::bench(args = [Kind::Professional])]
fn j_checked_with_findings(bencher: Bencher<'_, '_>, kind: Kind) {
    let text = String::from_utf8(file(kind).to_vec()).expect("ASCII");
    let broken: String = text
        .split_inclusive('~')
        .map(|segment| match segment.trim_start_matches('\n').split('*').next() {
            Some("CLM") => segment.replacen(":B:1*Y*A*Y*Y", ":X:1*Q*X*Q*Q", 1),
            _ => segment.to_owned(),
        })
        .collect();
    bencher.counter(BytesCount::new(broken.len())).bench(|| checked(broken.as_bytes(), 7));
}

/// Checked and answered by TA1, 999 and 277CA.
#[divan::bench(args = [Kind::Professional])]
fn k_acknowledged(bencher: Bencher<'_, '_>, kind: Kind) {
    let bytes = file(kind);
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        let mut answers = Answers::new(std::io::sink(), acknowledge::Options::default());
        check::check(bytes, &check::Options::default(), &mut answers).expect("X12");
        answers.finish().is_ok()
    });
}

fn checked(bytes: &[u8], level: u8) -> u64 {
    struct Count(u64);
    impl check::Receive for Count {
        fn finding(&mut self, _: &check::Finding) {
            self.0 += 1;
        }
    }
    let mut count = Count(0);
    check::check(bytes, &check::Options { level, ..check::Options::default() }, &mut count).expect("X12");
    count.0
}
