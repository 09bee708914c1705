//! Generated files are valid, balanced, varied and always the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use claimwire::{
    document,
    generate::{self, Kind, Options, Variety},
    guide,
    place::{Keep, Walk},
    record::write::Style,
    x12::{Reader, Token},
};

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    for kind in Kind::ALL {
        let options = Options::new(kind, 40, 11);
        assert_eq!(file(&options), file(&options));
        assert_ne!(file(&options), file(&Options { seed: 12, ..options }));
    }
}

/// What a seed gives is settled: whoever changes it changes this test, knowingly.
#[test]
fn what_a_seed_gives_is_settled() {
    let sums = Kind::ALL.map(|kind| fingerprint(&file(&Options::new(kind, 50, 1))));
    assert_eq!(sums, SETTLED, "now {sums:#018X?}");
}

const SETTLED: [u64; 4] = [0x6B81_1429_A7DD_A81E, 0xEB4C_583B_1AB5_D995, 0xD2F4_0AEA_1F03_C1DF, 0xA088_C591_5A99_BB7C];

#[test]
fn files_come_back_byte_for_byte_through_their_documents() {
    for options in small() {
        let bytes = file(&options);
        let (mut json, mut back) = (Vec::new(), Vec::new());
        let notices = document::read(&bytes[..], &mut json).expect("X12");
        assert!(notices.is_empty(), "{options:?}: {notices:?}");
        document::write(&json[..], &mut back, &Style::default()).expect("a document");
        assert_eq!(back, bytes, "{options:?}");
    }
}

#[test]
fn every_segment_has_its_place_and_no_place_is_empty_that_must_not_be() {
    for options in small() {
        let guide = guide::by_name(&options.kind.name().to_uppercase()).expect("a guide").expect("it reads");
        let bytes = file(&options);
        let mut reader = Reader::new(&bytes[..]);
        let mut walk: Option<Walk<'_>> = None;
        while let Some(token) = reader.next().expect("X12") {
            let Token::Segment { segment, offset, .. } = token else { continue };
            if segment.id() == b"ST" {
                walk = Some(Walk::new(guide, segment.delimiters(), Keep::All));
            }
            let ends = segment.id() == b"SE";
            if let Some(walk) = &mut walk {
                walk.push(&segment, offset, &mut |_, _, _| {});
            }
            if ends {
                let (_, faults) = walk.take().expect("open").finish(0, &mut |_, _, _| {});
                assert!(faults.is_empty(), "{options:?}: {faults:?}");
            }
        }
        assert!(reader.findings().is_empty(), "{options:?}: {:?}", reader.findings());
    }
}

#[test]
fn every_scenario_appears() {
    for kind in Kind::ALL {
        let mut shown = BTreeSet::new();
        for seed in 0..200 {
            shown.extend(
                generate::lines(&Options::new(kind, 12, seed), &mut |_| Ok(())).expect("lines").scenarios.into_keys(),
            );
        }
        let all: BTreeSet<_> = generate::scenarios(kind).into_iter().collect();
        assert_eq!(
            shown,
            all,
            "{}: not shown {:?}, unlisted {:?}",
            kind.name(),
            all.difference(&shown).collect::<Vec<_>>(),
            shown.difference(&all).collect::<Vec<_>>()
        );
    }
}

#[test]
fn as_many_claims_lines_and_transaction_sets_as_asked() {
    for kind in Kind::ALL {
        for (claims, most, lines) in [(1, 1, 1), (7, 3, 2), (25, 100, 4), (10, 5, 1)] {
            let options = Options {
                claims_per_transaction: Some(most),
                lines: Some(lines),
                ..Options::new(kind, claims, claims)
            };
            let mut bytes = Vec::new();
            let summary = generate::write(&options, &mut bytes).expect("written");
            let count = |id: &str| segments(&bytes).filter(|segment| segment[0] == id).count() as u64;
            let unit = if kind == Kind::Remittance { "CLP" } else { "CLM" };
            assert_eq!((summary.claims, count(unit)), (claims, claims), "{options:?}");
            assert_eq!(
                (summary.transactions, count("ST")),
                (claims.div_ceil(most), claims.div_ceil(most)),
                "{options:?}"
            );
            assert_eq!(
                summary.lines,
                count("LX") + count("SVC") - if kind == Kind::Remittance { count("LX") } else { 0 },
                "{options:?}"
            );
            assert_eq!((count("ISA"), count("GS")), (1, 1), "{options:?}");
        }
    }
}

#[test]
fn no_claim_is_longer_than_asked() {
    for kind in Kind::ALL {
        for lines in 1..4 {
            let options = Options { lines: Some(lines), ..Options::new(kind, 300, 5) };
            generate::lines(&options, &mut |line| {
                let claim: serde_json::Value = serde_json::from_slice(line)?;
                let count = claim["lines"].as_array().map_or(0, Vec::len);
                assert!(count <= lines, "{count} lines: {claim}");
                Ok(())
            })
            .expect("lines");
        }
    }
}

#[test]
fn plain_files_are_plain() {
    for kind in Kind::ALL {
        let options = Options { variety: Variety::Plain, ..Options::new(kind, 200, 3) };
        let mut bytes = Vec::new();
        let summary = generate::write(&options, &mut bytes).expect("written");
        let claims: Vec<_> =
            summary.scenarios.keys().filter(|name| !matches!(**name, "transfer" | "no payment")).collect();
        assert_eq!(claims.len(), 1, "{claims:?}");
        assert!(segments(&bytes).all(|segment| segment[0] != "PAT" && segment[0] != "SVD" && segment[0] != "PLB"));
    }
}

#[test]
fn claims_balance() {
    for options in small().filter(|options| options.kind != Kind::Remittance) {
        let bytes = file(&options);
        let mut claim: Option<Balance> = None;
        for segment in segments(&bytes) {
            match segment[0] {
                "CLM" | "HL" | "SE" => {
                    if let Some(claim) = claim.take() {
                        claim.check();
                    }
                    claim = (segment[0] == "CLM").then(|| Balance::of(segment[1], cents(segment[2])));
                }
                _ => {
                    if let Some(claim) = &mut claim {
                        claim.take(&segment);
                    }
                }
            }
        }
    }
}

#[test]
fn remittances_balance() {
    for options in small().filter(|options| options.kind == Kind::Remittance) {
        let bytes = file(&options);
        let mut sums = Remittance::default();
        for segment in segments(&bytes) {
            sums.take(&segment);
        }
    }
}

#[test]
fn identifiers_and_codes_are_of_their_form() {
    for options in small() {
        let bytes = file(&options);
        let today =
            segments(&bytes).find(|segment| segment[0] == "GS").map(|segment| segment[4].to_owned()).expect("GS");
        let (mut diagnoses, mut line_numbers) = (BTreeSet::new(), BTreeSet::new());
        for segment in segments(&bytes) {
            match segment[0] {
                "CLM" => {
                    diagnoses.clear();
                    line_numbers.clear();
                }
                "NM1" if segment.get(8) == Some(&"XX") => assert!(is_npi(segment[9]), "{segment:?}"),
                "REF" if segment[1] == "6R" => assert!(
                    options.kind == Kind::Remittance || line_numbers.insert(segment[2].to_owned()),
                    "{segment:?}"
                ),
                "HI" => {
                    for code in segment[1..].iter().filter(|code| code.starts_with("ABK:") || code.starts_with("ABF:"))
                    {
                        assert!(
                            diagnoses.insert(code.split(':').nth(1).expect("a code").to_owned()),
                            "twice: {segment:?}"
                        );
                    }
                }
                "SV1" => {
                    let pointers: Vec<usize> =
                        segment[7].split(':').map(|pointer| pointer.parse().expect("a number")).collect();
                    assert!(
                        pointers.iter().all(|pointer| (1..=diagnoses.len()).contains(pointer)),
                        "{pointers:?} of {diagnoses:?}"
                    );
                    assert_eq!(pointers.iter().collect::<BTreeSet<_>>().len(), pointers.len(), "{pointers:?}");
                }
                "DTP" => assert!(
                    segment[1] == "296"
                        || segment[1] == "314"
                        || segment[1] == "361"
                        || segment[3].split('-').all(|day| day[..day.len().min(8)] <= *today || segment[2] == "TM"),
                    "{today}: {segment:?}"
                ),
                _ => {}
            }
            assert!(
                segment.last().is_none_or(|last| !last.is_empty()),
                "nothing after the last separator: {segment:?}"
            );
        }
    }
}

#[test]
fn payers_are_ranked_without_gaps_and_claims_are_for_somebody() {
    for options in small().filter(|options| options.kind != Kind::Remittance) {
        generate::lines(&options, &mut |line| {
            let claim: serde_json::Value = serde_json::from_slice(line)?;
            let others = claim["other_coverages"].as_array().into_iter().flatten();
            let mut ranks: Vec<&str> = others.filter_map(|other| other["responsibility"].as_str()).collect();
            let own = claim["subscriber"]["responsibility"].as_str().expect("a rank");
            if claim["submission_reason"] != "PB" {
                ranks.push(own);
                ranks.sort_by_key(|rank| "PST".find(rank));
                assert_eq!(ranks.concat(), "PST"[..ranks.len()], "{claim}");
            }
            let own_claim = claim["subscriber"]["relationship"] == "18";
            assert_eq!(own_claim, claim["patient"].is_null(), "{claim}");
            assert_eq!(own_claim, claim["subscriber"]["birth_date"].is_string(), "{claim}");
            let corrects = matches!(claim["frequency"].as_str(), Some("7" | "8"));
            assert_eq!(corrects, claim["payer_control_number"].is_string(), "{claim}");
            let accident = claim["related_causes"].is_array();
            assert_eq!(accident, claim["accident_date"].is_string(), "{claim}");
            Ok(())
        })
        .expect("lines");
    }
}

/// Writes small files for programs that are not ours: `CLAIMWIRE_INTEROP` names the folder.
#[test]
#[ignore = "writes files for tests/interop"]
fn write_files_for_other_readers() {
    let folder = PathBuf::from(std::env::var_os("CLAIMWIRE_INTEROP").expect("CLAIMWIRE_INTEROP names a folder"));
    fs::create_dir_all(&folder).expect("a folder");
    for kind in [Kind::Professional, Kind::Institutional, Kind::Remittance] {
        for seed in 0..200 {
            let mut options = Options::new(kind, 1 + seed % 3, seed);
            options.lines = Some(if seed % 40 == 0 { 50 } else { 8 });
            options.claims_per_transaction = (seed % 3 == 0).then_some(2);
            fs::write(folder.join(format!("{}-{seed:03}.x12", kind.name())), file(&options)).expect("written");
        }
    }
}

fn small() -> impl Iterator<Item = Options> {
    Kind::ALL.into_iter().flat_map(|kind| (0..80).map(move |seed| Options::new(kind, 10, seed)))
}

fn file(options: &Options) -> Vec<u8> {
    let mut bytes = Vec::new();
    generate::write(options, &mut bytes).unwrap_or_else(|error| panic!("{options:?}: {error}"));
    bytes
}

/// The segments of a file, split here and not by the code that is tested.
fn segments(bytes: &[u8]) -> impl Iterator<Item = Vec<&str>> {
    std::str::from_utf8(bytes).expect("ASCII").split_terminator("~\n").map(|segment| segment.split('*').collect())
}

fn cents(text: &str) -> i64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: i64 = if part.is_empty() { 0 } else { format!("{part:0<2}").parse().expect("cents") };
    let whole_cents: i64 = whole.trim_start_matches('-').parse::<i64>().unwrap_or(0) * 100 + part;
    assert!(
        !part.to_string().is_empty() && (text == "0" || !text.ends_with('0') || !text.contains('.')),
        "zeros that say nothing: {text}"
    );
    if text.starts_with('-') { -whole_cents } else { whole_cents }
}

/// The amounts of a CAS by group.
fn adjustments(segment: &[&str]) -> i64 {
    segment[2..]
        .chunks(3)
        .map(|triplet| cents(triplet[1]))
        .inspect(|amount| assert_ne!(*amount, 0, "{segment:?}"))
        .sum()
}

fn is_npi(text: &str) -> bool {
    let digits: Vec<u32> = format!("80840{text}").chars().filter_map(|digit| digit.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| if at % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { *digit })
        .sum();
    text.len() == 10 && digits.len() == 15 && sum.is_multiple_of(10)
}

/// FNV-1a.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3))
}

/// The amounts of a claim.
#[derive(Default)]
struct Balance {
    number: String,
    charge: i64,
    payers: Vec<Payer>,
    lines: Vec<Line>,
}

/// What an earlier payer said of the claim as a whole.
#[derive(Default)]
struct Payer {
    id: String,
    paid: Option<i64>,
    non_covered: bool,
    adjusted: i64,
    liabilities: u32,
    dates: u32,
}

/// A line's charge, and payment and adjustments by payer.
#[derive(Default)]
struct Line {
    charge: i64,
    decisions: Vec<(String, i64, i64)>,
    liabilities: u32,
}

impl Balance {
    fn of(number: &str, charge: i64) -> Self {
        Self { number: number.to_owned(), charge, ..Self::default() }
    }

    fn take(&mut self, segment: &[&str]) {
        match (segment[0], self.lines.last_mut(), self.payers.last_mut()) {
            ("SBR", ..) => self.payers.push(Payer::default()),
            ("LX", ..) => self.lines.push(Line::default()),
            ("SV1" | "SV3", Some(line), _) => line.charge = cents(segment[2]),
            ("SV2", Some(line), _) => line.charge = cents(segment[3]),
            ("SVD", Some(line), _) => line.decisions.push((segment[1].to_owned(), cents(segment[2]), 0)),
            ("CAS", Some(line), _) => line.decisions.last_mut().expect("an SVD").2 += adjustments(segment),
            ("CAS", None, Some(payer)) => payer.adjusted += adjustments(segment),
            ("AMT", Some(line), _) if segment[1] == "EAF" => line.liabilities += 1,
            ("AMT", None, Some(payer)) => match segment[1] {
                "D" => payer.paid = Some(cents(segment[2])),
                "EAF" => payer.liabilities += 1,
                "A8" => payer.non_covered = true,
                _ => {}
            },
            ("NM1", None, Some(payer)) if segment[1] == "PR" => payer.id = segment[9].to_owned(),
            ("DTP", None, Some(payer)) if segment[1] == "573" => payer.dates += 1,
            _ => {}
        }
    }

    fn check(self) {
        let number = &self.number;
        assert_eq!(self.charge, self.lines.iter().map(|line| line.charge).sum::<i64>(), "{number}: charge");
        for line in &self.lines {
            for (payer, paid, adjusted) in &line.decisions {
                assert_eq!(line.charge, paid + adjusted, "{number}: line of {payer}");
                assert!(self.payers.iter().any(|known| known.id == *payer), "{number}: {payer}");
            }
        }
        let by_payer: BTreeMap<&str, &Payer> = self.payers.iter().map(|payer| (payer.id.as_str(), payer)).collect();
        assert_eq!(by_payer.len(), self.payers.len(), "{number}: a payer twice");
        for payer in &self.payers {
            let decisions: Vec<_> =
                self.lines.iter().flat_map(|line| &line.decisions).filter(|decision| decision.0 == payer.id).collect();
            let Some(paid) = payer.paid else {
                assert!(
                    decisions.is_empty() && payer.adjusted == 0 && payer.dates + payer.liabilities == 0,
                    "{number}: {} decided nothing",
                    payer.id
                );
                continue;
            };
            assert!(!payer.non_covered, "{number}: paid and not billed");
            let (line_paid, line_adjusted) =
                decisions.iter().fold((0, 0), |sum, decision| (sum.0 + decision.1, sum.1 + decision.2));
            assert_eq!(self.charge, paid + payer.adjusted + line_adjusted, "{number}: {}", payer.id);
            if decisions.is_empty() {
                assert_eq!((payer.dates, payer.liabilities), (1, 1), "{number}: {}", payer.id);
            } else {
                assert_eq!(paid, line_paid - payer.adjusted, "{number}: {}", payer.id);
                assert_eq!(payer.dates, 0, "{number}: {}", payer.id);
            }
        }
    }
}

/// The amounts of a remittance.
#[derive(Default)]
struct Remittance {
    payment: (i64, String, String),
    paid: i64,
    taken: i64,
    interest: (i64, i64),
    claim: Option<Payment>,
}

#[derive(Default)]
struct Payment {
    status: String,
    charge: i64,
    paid: i64,
    patient: i64,
    adjusted: i64,
    patient_adjusted: i64,
    lines: Vec<(i64, i64, i64)>,
}

impl Remittance {
    fn take(&mut self, segment: &[&str]) {
        if matches!(segment[0], "CLP" | "PLB" | "SE") {
            self.close_claim();
        }
        match (segment[0], &mut self.claim) {
            ("BPR", _) => {
                *self = Self {
                    payment: (cents(segment[2]), segment[1].to_owned(), segment[4].to_owned()),
                    ..Self::default()
                }
            }
            ("CLP", claim) => {
                *claim = Some(Payment {
                    status: segment[2].to_owned(),
                    charge: cents(segment[3]),
                    paid: cents(segment[4]),
                    patient: if segment[5].is_empty() { 0 } else { cents(segment[5]) },
                    ..Payment::default()
                });
            }
            ("SVC", Some(claim)) => claim.lines.push((cents(segment[2]), cents(segment[3]), 0)),
            ("CAS", Some(claim)) => {
                let amount = adjustments(segment);
                if segment[1] == "PR" {
                    claim.patient_adjusted += amount;
                }
                match claim.lines.last_mut() {
                    Some(line) => line.2 += amount,
                    None => claim.adjusted += amount,
                }
            }
            ("AMT", Some(_)) if segment[1] == "I" => self.interest.0 += cents(segment[2]),
            ("PLB", _) => {
                for pair in segment[3..].chunks(2) {
                    assert_ne!(cents(pair[1]), 0);
                    self.taken += cents(pair[1]);
                    if pair[0].starts_with("L6") {
                        self.interest.1 += cents(pair[1]);
                    }
                }
            }
            ("SE", _) => {
                let (amount, handling, method) = &self.payment;
                assert_eq!(*amount, self.paid - self.taken, "payment");
                assert!(*amount >= 0);
                assert_eq!(*amount == 0, handling == "H" && method == "NON", "{:?}", self.payment);
                assert_eq!(self.interest.0, -self.interest.1, "interest");
            }
            _ => {}
        }
    }

    fn close_claim(&mut self) {
        let Some(claim) = self.claim.take() else { return };
        self.paid += claim.paid;
        let line_adjusted: i64 = claim.lines.iter().map(|line| line.2).sum();
        assert_eq!(claim.paid, claim.charge - claim.adjusted - line_adjusted, "claim");
        for (charge, paid, adjusted) in &claim.lines {
            assert_eq!(charge - adjusted, *paid, "line");
        }
        if !claim.lines.is_empty() {
            assert_eq!(claim.charge, claim.lines.iter().map(|line| line.0).sum::<i64>(), "charges of lines");
        }
        let patient = if claim.status == "22" { 0 } else { claim.patient_adjusted };
        assert_eq!(claim.patient, patient, "patient");
    }
}
