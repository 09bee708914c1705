//! Defects of elements.

use claimwire::check::Codes;

use super::{
    Defect,
    edit::{
        self,
        Edit::{Bytes, Put, Replace},
    },
};

/// A rental of one day.
const PERIOD: edit::Edit = Put("DTP*472", "03", "20260115-20260115");

pub const DEFECTS: &[Defect] = &[
    Defect {
        rule: "837p.2010aa.nm103.required",
        sample: "837p/office-visit",
        breaks: &[Put("NM1*85", "03", "")],
        at: "2010AA/NM103",
        on: "NM1*85",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "837p.2300.clm05-3.required",
        sample: "837p/office-visit",
        breaks: &[Put("CLM", "05-3", "")],
        at: "2300/CLM05-3",
        on: "CLM",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "835.2100.amt02.mandatory",
        sample: "835/provider-adjustments",
        breaks: &[Put("AMT*I", "02", "")],
        at: "2100/AMT02",
        on: "AMT*I",
        also: &[],
        // Zero is a value.
        keeps: &[Put("AMT*I", "02", "0")],
    },
    Defect {
        rule: "837p.2010aa.nm110.not-used",
        sample: "837p/office-visit",
        breaks: &[Put("NM1*85", "10", "01")],
        at: "2010AA/NM110",
        on: "NM1*85",
        also: &[],
        keeps: &[],
    },
    // P: both or none.
    Defect {
        rule: "835.1000a.per04.relation",
        sample: "835/simple",
        breaks: &[Put("PER", "04", "")],
        at: "1000A/PER04",
        on: "PER*BL",
        also: &[],
        keeps: &[Put("PER", "03", ""), Put("PER", "04", "")],
    },
    // R: at least one.
    Defect {
        rule: "837p.2440.frm02.relation",
        sample: "837p/dme-certificate",
        breaks: &[PERIOD, Replace("FRM", "FRM*1A")],
        at: "2440/FRM02",
        on: "FRM",
        also: &[],
        keeps: &[PERIOD, Replace("FRM", "FRM*1A**56")],
    },
    // C: the first calls for the others.
    Defect {
        rule: "835.2110.cas05.relation",
        sample: "835/simple",
        breaks: &[Replace("CAS*CO", "CAS*CO*45*20***3")],
        at: "2110/CAS05",
        on: "CAS*CO",
        also: &[],
        keeps: &[Replace("CAS*CO", "CAS*CO*45*20**97*3")],
    },
    // L: the first calls for one of the others.
    Defect {
        rule: "835.2110.cas06.relation",
        sample: "835/simple",
        breaks: &[Replace("CAS*CO", "CAS*CO*45*23**97")],
        at: "2110/CAS06",
        on: "CAS*CO",
        also: &[],
        keeps: &[],
    },
    // E: at most one.
    Defect {
        rule: "835.1000a.n407.exclusion",
        sample: "835/simple",
        breaks: &[Replace("N4", "N4*OMAHA*NE*68101*CA***BC")],
        at: "1000A/N407",
        on: "N4",
        also: &[],
        keeps: &[Replace("N4", "N4*OMAHA**68101*CA***BC")],
    },
    Defect {
        rule: "837p.bht.elements",
        sample: "837p/office-visit",
        breaks: &[Put("BHT", "07", "X")],
        at: "/BHT",
        on: "BHT",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "837p.2300.clm05.components",
        sample: "837p/office-visit",
        breaks: &[Put("CLM", "05-4", "X")],
        at: "2300/CLM05",
        on: "CLM",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "837p.2010ba.n301.components",
        sample: "837p/office-visit",
        breaks: &[Put("N3#2", "01", "14 LANTERN: LANE")],
        at: "2010BA/N301",
        on: "N3#2",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "837p.2010ba.n301.repetitions",
        sample: "837p/office-visit",
        breaks: &[Put("N3#2", "01", "14 LANTERN LANE^15 LANTERN LANE")],
        at: "2010BA/N301",
        on: "N3#2",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "999.2100.ctx01.repetitions",
        sample: "999/payment-advice",
        breaks: &[Put(
            "CTX",
            "01",
            "TRN02:1^TRN02:2^TRN02:3^TRN02:4^TRN02:5^TRN02:6^TRN02:7^TRN02:8^TRN02:9^TRN02:10^TRN02:11",
        )],
        at: "2100/CTX01",
        on: "CTX",
        also: &[],
        keeps: &[Put("CTX", "01", "TRN02:1^TRN02:2")],
    },
    Defect {
        rule: "837p.1000a.nm109.short",
        sample: "837p/office-visit",
        breaks: &[Put("NM1*41", "09", "C")],
        at: "1000A/NM109",
        on: "NM1*41",
        also: &[],
        keeps: &[Put("NM1*41", "09", "C1")],
    },
    Defect {
        rule: "837p.1000a.per02.length",
        sample: "837p/office-visit",
        breaks: &[Put("PER", "02", "DANA PLACEHOLDER AND ALL OF HER COLLEAGUES OF THE SECOND FLOOR")],
        at: "1000A/PER02",
        on: "PER",
        also: &[],
        keeps: &[Put("PER", "02", "DANA PLACEHOLDER AND ALL HER COLLEAGUES OF THE SECOND FLOORS")],
    },
    Defect {
        rule: "835.2110.amt02.length",
        sample: "835/simple",
        breaks: &[Put("AMT", "02", "1234567890123456789")],
        at: "2110/AMT02",
        on: "AMT",
        also: &[],
        keeps: &[Put("AMT", "02", "-12345678.90")],
    },
    Defect {
        rule: "837p.bht03.guide-length",
        sample: "837p/office-visit",
        breaks: &[Put("BHT", "03", "B260115010100000000000000000001")],
        at: "/BHT03",
        on: "BHT",
        also: &[],
        keeps: &[Put("BHT", "03", "B26011501010000000000000000001")],
    },
    Defect {
        rule: "837p.2400.sv104.guide-length",
        sample: "837p/office-visit",
        breaks: &[Put("SV1", "04", "123456.789")],
        at: "2400/SV104",
        on: "SV1",
        also: &[],
        keeps: &[Put("SV1", "04", "12345.678")],
    },
    Defect {
        rule: "837p.2010ba.n301.character",
        sample: "837p/office-visit",
        breaks: &[Put("N3#2", "01", "14 LANTERN`S LANE")],
        at: "2010BA/N301",
        on: "N3#2",
        also: &[],
        keeps: &[Put("N3#2", "01", "14 LANTERN'S LANE, {REAR} #2 <A|B> @_%")],
    },
    Defect {
        rule: "837p.2010ba.n301.character",
        sample: "837p/office-visit",
        breaks: &[Bytes(b"LANTERN LANE", b"LANTERN\x07LANE")],
        at: "2010BA/N301",
        on: "N3#2",
        also: &[],
        keeps: &[Bytes(b"LANTERN LANE", b"lantern lane")],
    },
    Defect {
        rule: "837p.2010ba.n302.blank",
        sample: "837p/office-visit",
        breaks: &[Put("N3#2", "02", "  ")],
        at: "2010BA/N302",
        on: "N3#2",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "837p.2010ba.n301.spaces",
        sample: "837p/office-visit",
        breaks: &[Put("N3#2", "01", " 14 LANTERN LANE")],
        at: "2010BA/N301",
        on: "N3#2",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "837p.2010ba.n301.spaces",
        sample: "837p/office-visit",
        breaks: &[Put("N3#2", "01", "14 LANTERN LANE ")],
        at: "2010BA/N301",
        on: "N3#2",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "835.2110.amt02.number",
        sample: "835/simple",
        breaks: &[Put("AMT", "02", "1,092.00")],
        at: "2110/AMT02",
        on: "AMT",
        also: &[],
        keeps: &[Put("AMT", "02", "-.5")],
    },
    Defect {
        rule: "835.2110.amt02.number",
        sample: "835/simple",
        breaks: &[Put("AMT", "02", "+92")],
        at: "2110/AMT02",
        on: "AMT",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "835.2110.amt02.number",
        sample: "835/simple",
        breaks: &[Put("AMT", "02", "9E1")],
        at: "2110/AMT02",
        on: "AMT",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "835.2000.lx01.number",
        sample: "835/simple",
        breaks: &[Put("LX", "01", "1.0")],
        at: "2000/LX01",
        on: "LX",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "835.2110.amt02.zeros",
        sample: "835/simple",
        breaks: &[Put("AMT", "02", "092")],
        at: "2110/AMT02",
        on: "AMT",
        also: &[],
        keeps: &[Put("AMT", "02", "0.92")],
    },
    Defect {
        rule: "835.2110.amt02.zeros",
        sample: "835/simple",
        breaks: &[Put("AMT", "02", "92.500")],
        at: "2110/AMT02",
        on: "AMT",
        also: &[],
        keeps: &[Put("AMT", "02", "92.50")],
    },
    Defect {
        rule: "835.2110.amt02.decimals",
        sample: "835/simple",
        breaks: &[Put("AMT", "02", "92.505")],
        at: "2110/AMT02",
        on: "AMT",
        also: &[],
        keeps: &[Put("AMT", "02", "92.5")],
    },
    Defect {
        rule: "837p.2400.sv104.decimals",
        sample: "837p/office-visit",
        breaks: &[Put("SV1", "04", "1.2345")],
        at: "2400/SV104",
        on: "SV1",
        also: &[],
        keeps: &[Put("SV1", "04", "1.234")],
    },
    Defect {
        rule: "835.2110.amt02.amount",
        sample: "835/simple",
        breaks: &[Put("AMT", "02", "123456789.01")],
        at: "2110/AMT02",
        on: "AMT",
        also: &[],
        keeps: &[Put("AMT", "02", "99999999.99")],
    },
    Defect {
        rule: "837p.bht04.date",
        sample: "837p/office-visit",
        breaks: &[Put("BHT", "04", "20250229")],
        at: "/BHT04",
        on: "BHT",
        also: &[],
        keeps: &[Put("BHT", "04", "20240229")],
    },
    Defect {
        rule: "envelope.isa09.date",
        sample: "837p/office-visit",
        breaks: &[Put("ISA", "09", "261301")],
        at: "/ISA09",
        on: "ISA",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "837p.bht05.time",
        sample: "837p/office-visit",
        breaks: &[Put("BHT", "05", "2460")],
        at: "/BHT05",
        on: "BHT",
        also: &[],
        keeps: &[Put("BHT", "05", "23595999")],
    },
    Defect {
        rule: "277ca.2200d.dtp03.date-format",
        sample: "277ca/accepted",
        breaks: &[Put("DTP*472", "03", "20260230")],
        at: "2200D/DTP03",
        on: "DTP*472",
        also: &[],
        keeps: &[Put("DTP*472", "02", "RD8"), Put("DTP*472", "03", "20260112-20260112")],
    },
    Defect {
        rule: "277ca.2200d.dtp03.date-format",
        sample: "277ca/accepted",
        breaks: &[Put("DTP*472", "02", "RD8"), Put("DTP*472", "03", "20260112-20260111")],
        at: "2200D/DTP03",
        on: "DTP*472",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "835.bpr03.code",
        sample: "835/simple",
        breaks: &[Put("BPR", "03", "X")],
        at: "/BPR03",
        on: "BPR",
        also: &[],
        keeps: &[Put("BPR", "03", "D")],
    },
    Defect {
        rule: "277ca.2200b.stc01-3.code",
        sample: "277ca/accepted",
        breaks: &[Put("STC", "01-3", "??")],
        at: "2200B/STC01-3",
        on: "STC",
        also: &[],
        keeps: &[Put("STC", "01-3", "AY")],
    },
    Defect {
        rule: "837p.2010ba.ref02.pattern",
        sample: "837p/auto-accident",
        breaks: &[Put("REF*SY", "02", "900-12-3456")],
        at: "2010BA/REF02",
        on: "REF*SY",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "835.2110.amt03.trailing-separator",
        sample: "835/simple",
        breaks: &[Bytes(b"AMT*B6*92", b"AMT*B6*92*")],
        at: "2110/AMT03",
        on: "AMT",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "835.2110.svc01.trailing-component",
        sample: "835/simple",
        breaks: &[Bytes(b"HC:99213", b"HC:99213:")],
        at: "2110/SVC01",
        on: "SVC",
        also: &[],
        keeps: &[],
    },
];

/// The codes of the one finding of a rule.
fn codes(sample: &str, edits: &[edit::Edit], rule: &str) -> Codes {
    let file = edit::apply(&super::read(sample), edits).expect("applies");
    let found = super::findings(&file, &super::options(super::NOBODY));
    found.iter().find(|finding| finding.rule_id() == rule).unwrap_or_else(|| panic!("no {rule}")).codes
}

#[test]
fn a_code_of_another_guide_is_known_to_the_standard() {
    // CI is a kind of insurance, though not one of an 835; QQ is none.
    let of = |code| codes("835/simple", &[Put("CLP", "06", code)], "835.2100.clp06.code");
    assert_eq!((of("CI").ik4, of("CI").ik5), (Some("I6"), Some("I5")));
    assert_eq!((of("QQ").ik4, of("QQ").ik5), (Some("7"), Some("5")));
}

#[test]
fn elements_of_the_header_have_notes_of_the_ta1() {
    let of = |at, value, rule| codes("837p/office-visit", &[Put("ISA", at, value)], rule).ta1;
    assert_eq!(of("01", "99", "envelope.isa01.code"), Some("010"));
    assert_eq!(of("05", "99", "envelope.isa05.code"), Some("005"));
    assert_eq!(of("09", "260230", "envelope.isa09.date"), Some("014"));
    assert_eq!(of("10", "2500", "envelope.isa10.time"), Some("015"));
    assert_eq!(of("14", "2", "envelope.isa14.code"), Some("019"));
    assert_eq!(of("15", "X", "envelope.isa15.code"), Some("020"));
}
