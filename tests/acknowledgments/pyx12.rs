//! Our 999s beside those that pyx12 4.0.0 wrote for the same files, levels 1 and 2.
//!
//! pyx12 knows no implementation codes: ours are folded to what it would say. What differs then is listed in
//! [`DIFFERENCES`] by file, with the reason.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use claimwire::{
    acknowledge::{Answers, Kinds, Options, Owed},
    check,
    x12::{Reader, Token},
};

use super::{foreign, options};

/// What a 999 says of a transaction set.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    outcome: String,
    /// `12 N4 8` and `12 N403 5`: position, place, code.
    errors: BTreeSet<String>,
}

impl Verdict {
    /// Ours without what pyx12 never says, with what it says beside.
    fn as_seen_by(&self, their: &Self) -> Self {
        let mut errors = self.errors.clone();
        // Numbers of levels (HL) and lines (LX) are reported nowhere.
        errors.retain(|error| !["HL", "LX"].iter().any(|id| error.contains(&format!(" {id}."))));
        errors.retain(|error| !error.ends_with(" HL 8") && !error.ends_with(" LX 8"));
        // Syntax notes and elements too many: an IK3 8 without an IK4.
        errors.retain(|error| !(error.contains('.') && (error.ends_with(" 2") || error.ends_with(" 3"))));
        // A code that is too long is both, there.
        for error in &their.errors {
            if let Some(place) = error.strip_suffix(" 5")
                && errors.contains(&format!("{place} 7"))
            {
                errors.insert(error.clone());
            }
        }
        let outcome = if errors.is_empty() && !self.errors.is_empty() { "A".into() } else { self.outcome.clone() };
        Self { outcome, errors }
    }
}

/// By ST02, the first of a number.
type Verdicts = BTreeMap<String, Verdict>;

#[test]
fn our_999s_beside_those_of_pyx12() {
    let Some(index) = foreign::index() else { return };
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    let mut different = Vec::new();
    for row in index {
        let Some(theirs) = row.acknowledgment.as_ref().filter(|_| row.release == "5010") else { continue };
        let theirs = fs::read(theirs).expect("readable");
        let theirs = read(&theirs);
        let Some(ours) = ours(&fs::read(&row.path).expect("readable")) else {
            *counts.entry("no answer of ours").or_default() += 1;
            continue;
        };
        if theirs.is_empty() {
            *counts.entry("no sets in theirs (835, or a crash)").or_default() += 1;
            continue;
        }
        let mut found = Vec::new();
        for (number, their) in &theirs {
            let Some(our) = ours.get(number).map(|our| our.as_seen_by(their)) else {
                found.push(format!("{number}: only they answer"));
                continue;
            };
            if our.outcome != their.outcome {
                found.push(format!("{number}: {} here, {} there", our.outcome, their.outcome));
            }
            found.extend(our.errors.difference(&their.errors).map(|error| format!("{number}: + {error}")));
            found.extend(their.errors.difference(&our.errors).map(|error| format!("{number}: - {error}")));
        }
        *counts.entry(if found.is_empty() { "the same" } else { "different" }).or_default() += 1;
        if !found.is_empty() {
            let name = row.name.trim_start_matches("files/").to_owned();
            println!("{name} [{}]", row.gold);
            for line in found.iter().take(40) {
                println!("    {line}");
            }
            different.push(name);
        }
    }
    for (what, count) in &counts {
        println!("{count:>4} {what}");
    }
    let listed: BTreeSet<&str> = DIFFERENCES.iter().flat_map(|(_, files)| files.iter().copied()).collect();
    let different: BTreeSet<&str> = different.iter().map(String::as_str).collect();
    let new: Vec<_> = different.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&different).collect();
    assert!(new.is_empty() && gone.is_empty(), "differ and are not listed: {new:#?}\nare listed and do not: {gone:#?}");
}

fn ours(bytes: &[u8]) -> Option<Verdicts> {
    let kinds = Kinds { interchange: Owed::Never, functional: true, claims: false };
    let mut answers = Answers::new(Vec::new(), Options { kinds, most_segments: 100_000, ..options() });
    let checked = check::Options { level: 2, ..check::Options::default() };
    check::check(bytes, &checked, &mut answers).ok()?;
    let (answer, _) = answers.finish().expect("an answer that can be written");
    Some(read(&answer)).filter(|answer| !answer.is_empty())
}

/// The verdicts of a 999, folded.
fn read(answer: &[u8]) -> Verdicts {
    let mut verdicts = Verdicts::new();
    let (mut set, mut verdict, mut at) = (String::new(), Verdict::default(), (String::new(), String::new()));
    let mut reader = Reader::new(answer);
    while let Ok(Some(token)) = reader.next() {
        let Token::Segment { segment, .. } = token else { continue };
        let element = |n: usize| String::from_utf8_lossy(segment.element(n)).into_owned();
        match segment.id() {
            b"AK2" => {
                set = element(2);
                verdict = Verdict::default();
            }
            b"IK3" | b"AK3" => {
                at = (element(2), element(1));
                let code = element(4);
                let code = fold_segment(&code);
                verdict.errors.insert(format!("{} {} {code}", at.0, at.1));
            }
            b"IK4" | b"AK4" => {
                let place = String::from_utf8_lossy(segment.component(1, 1)).into_owned();
                let component = String::from_utf8_lossy(segment.component(1, 2)).into_owned();
                let place = if component.is_empty() { place } else { format!("{place}-{component}") };
                let code = element(3);
                let code = fold_element(&code);
                verdict.errors.insert(format!("{} {}.{place} {code}", at.0, at.1));
            }
            b"IK5" | b"AK5" => {
                verdict.outcome = if element(1) == "R" { "R".into() } else { "A".into() };
                verdicts.entry(set.trim_start_matches('0').to_owned()).or_insert_with(|| std::mem::take(&mut verdict));
            }
            _ => {}
        }
    }
    verdicts
}

/// IK304 as pyx12 would have it.
fn fold_segment(code: &str) -> &str {
    match code {
        "I4" | "I9" => "2",
        "I6" | "I7" | "I8" => "3",
        "6" | "7" | "2" => "1",
        code => code,
    }
}

/// IK403 as pyx12 would have it.
fn fold_element(code: &str) -> &str {
    match code {
        "I6" => "7",
        "I9" => "1",
        "I10" | "I13" => "10",
        "I12" => "7",
        code => code,
    }
}

/// Why files differ, and which do.
const DIFFERENCES: &[(&str, &[&str])] = &[
    (
        "a 277CA: it requires the status of a billing provider (2200C STC), which the guide leaves to the payer; and \
         where a status holds `|` for a component separator that the ISA does not name, it overlooks it",
        &[
            "herophilus/277CA_Sample_(Accepted).txt",
            "imsweb-x12-parser/277_5010__x12_277CA_accepted.txt",
            "imsweb-x12-parser/277_5010__x12_277CA_rejected.txt",
            "oopfactory/INS___277___5010__FromAlexbrodsky.txt",
        ],
    ),
    (
        "what is missing at the end of the set stands where the SE is; it says the segment before, whose place is taken",
        &[
            "imsweb-x12-parser/837_5010__x12_missing_required_loops_mult_repeats.txt",
            "scribe/sample_837.edi",
            "scribe/sample_837_billing_provider_switch.edi",
            "scribe/sample_837_multi_claim.edi",
            "scribe/sample_837_provider_roles.edi",
            "scribe/sample_837_rendering_provider.edi",
            "scribe/sample_837i_hi_components.edi",
            "scribe/sample_837i_revenue_line.edi",
            "scribe/stroke_encounter__facility_837.edi",
            "scribe/stroke_encounter__neurology_837.edi",
            "scribe/stroke_encounter__professional_837.edi",
            "scribe/stroke_encounter__rehab_837.edi",
            "x12-python/tests__unit__test_validator.py@line_149_TestStructuralValidation.test_missing_required_segment.x12",
            "x12net/test__X12Net.Tests__Integration__X12IntegrationTests.cs@line_19_Claim837.x12",
        ],
    ),
    (
        "loops side by side (2010AA and 2010AB, 2010BA and 2010BB) may stand in either order: what is missing is known \
         where the next level begins; it reports the same loop twice",
        &[
            "imsweb-x12-parser/837_5010__x12_bad_valid_code.txt",
            "imsweb-x12-parser/837_5010__x12_loop_errors3_missing_loops.txt",
            "imsweb-x12-parser/837_5010__x12_missing_required_loop_in_one_repeat.txt",
        ],
    ),
    (
        "a segment id that cannot be one is no segment id in the answer (ZZZ, and its first three characters); after \
         it, what follows is placed as if it had been right",
        &["imsweb-x12-parser/837_5010__x12_bad_segment_identifier.txt"],
    ),
    (
        "it overlooks that a whole composite is missing (CLM05)",
        &["imsweb-x12-parser/837_5010__x12_missing_elements.txt"],
    ),
    (
        "states are an external list: level 5; and of two loops 2330C it sees one, so that the first lacks no REF",
        &[
            "imsweb-x12-parser/837_5010__x12_complex.txt",
            "oopfactory/tests__OopFactory.X12.Hipaa.Tests.Unit__Claims__TestData__ProfessionalClaim1.txt",
        ],
    ),
    (
        "a DTP with an unknown qualifier is misplaced there, and all that is in the loops after it here only an error \
         of its code; loops 2320 are found in an institutional claim without the optional loops before them",
        &["imsweb-x12-parser/837_5010__x223-test.txt"],
    ),
    (
        "the component separator in the data is not the one that the ISA names: a wrong element here, an unknown \
         segment that is then missing there; and places of service are an external list, level 5",
        &[
            "linuxforhealth-x12/837_005010X222A2__demo.cob.2ndary.example4.837",
            "linuxforhealth-x12/837_005010X222A2__demo.example11.837",
            "linuxforhealth-x12/837_005010X222A2__demo.example12.837",
            "linuxforhealth-x12/837_005010X222A2__demo.example9.837",
        ],
    ),
    (
        "ST03 names the institutional guide, GS08 the professional one: the set is read by ST03 here, by GS08 there",
        &[
            "oopfactory/INS___837I___5010__Spec_3.1.2_TwoClaimsForTheSameProvider.txt",
            "oopfactory/INS___837I___5010__Spec_3.1.3_PPORepricedClaim.txt",
            "oopfactory/INS___837I___5010__Spec_3.1.4_OutOfNetworkRepricedClaim.txt",
            "oopfactory/tests__OopFactory.X12.Hipaa.Tests.Unit__Claims__TestData__InstitutionalClaim5010.txt",
        ],
    ),
    (
        "PWK02 AD and its like go with a certificate of medical necessity; its table of codes lacks them",
        &[
            "stupidedi/005010__X222A1_HC837_Health_Care_Claim_Professional__pass__oxygen.edi",
            "stupidedi/005010__X222A1_HC837_Health_Care_Claim_Professional__pass__wheelchair.edi",
        ],
    ),
];
