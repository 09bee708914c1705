//! Defects of what trading partners want, and of code lists that an operator brings. Each is checked with a
//! companion guide and lists of its own.

use super::{
    Defect,
    edit::Edit::{After, Put, Remove},
};

/// What a defect is checked with.
#[derive(Clone, Copy)]
pub struct Setting {
    /// The text of a companion guide; empty for none.
    pub companion: &'static str,
    /// The operator's code lists: name and text.
    pub lists: &'static [(&'static str, &'static str)],
    /// Who is expected to send: ISA05, ISA06.
    pub sender: Option<[&'static str; 2]>,
}

/// No companion guide, no lists.
pub const NOBODY: Setting = Setting { companion: "", lists: &[], sender: None };

macro_rules! partner {
    ($text:literal) => {
        Setting { companion: concat!("guide ACME extends 837P  Acme Health\n", $text, "\n"), lists: &[], sender: None }
    };
}

const OFFICE: &str = "837p/office-visit";

const SECOND_CLAIM: &str =
    "CLM*OAK-10002*25***11:B:1*Y*A*Y*Y~HI*ABK:J029~LX*1~SV1*HC:87880*25*UN*1***1~DTP*472*D8*20260112";

const SECOND_GROUP: &str = "GS*FA*CLRV01*99001*20260115*1023*102*X*005010X231A1~ST*999*0001*005010X231A1~AK1*HC*102*005010X222A1~AK9*A*1*1*1~SE*4*0001~GE*1*102";

const SECOND_INTERCHANGE: &str = "ISA*00*          *00*          *ZZ*CLRV01         *ZZ*99001          *260115*1023*^*00501*000000102*0*T*:~TA1*000000101*260115*1023*A*000~IEA*0*000000102";

/// A defect of an element or segment of the office visit.
const fn of(rule: &'static str, at: &'static str, on: &'static str) -> Defect {
    Defect { rule, sample: OFFICE, breaks: &[], at, on, also: &[], keeps: &[] }
}

pub const DEFECTS: &[(Setting, Defect)] = &[
    (
        Setting { sender: Some(["ZZ", "CLRV01"]), ..NOBODY },
        Defect { breaks: &[Put("ISA", "06", "CLRV02         ")], ..of("partner.parties", "/ISA06", "ISA") },
    ),
    (
        partner!("2000B/SBR03 R"),
        Defect { breaks: &[Put("SBR", "03", "")], ..of("837p.2000b.sbr03.partner-required", "2000B/SBR03", "SBR") },
    ),
    (
        partner!("2000B/SBR03 N"),
        Defect { keeps: &[Put("SBR", "03", "")], ..of("837p.2000b.sbr03.partner-not-used", "2000B/SBR03", "SBR") },
    ),
    (
        partner!("2300/CLM05-1  = 11 22"),
        Defect { breaks: &[Put("CLM", "05-1", "12")], ..of("837p.2300.clm05-1.partner-code", "2300/CLM05-1", "CLM") },
    ),
    (
        partner!("2300/CLM01  max 10"),
        Defect {
            breaks: &[Put("CLM", "01", "OAK-1000123")],
            ..of("837p.2300.clm01.partner-length", "2300/CLM01", "CLM")
        },
    ),
    (
        partner!("2400/SV104  decimals 0"),
        Defect { breaks: &[Put("SV1", "04", "1.5")], ..of("837p.2400.sv104.partner-decimals", "2400/SV104", "SV1") },
    ),
    (
        partner!("2000B/SBR03  pattern [A-Z]{3}[0-9]{4}"),
        Defect { breaks: &[Put("SBR", "03", "GRP1")], ..of("837p.2000b.sbr03.partner-pattern", "2000B/SBR03", "SBR") },
    ),
    (
        partner!("limit amount 2300/CLM02 140"),
        Defect {
            breaks: &[Put("CLM", "02", "141"), Put("SV1", "02", "116")],
            ..of("837p.2300.clm02.partner-amount", "2300/CLM02", "CLM")
        },
    ),
    (
        partner!("2300/REF[G1] R"),
        Defect { keeps: &[After("AMT", "REF*G1*20260001")], ..of("837p.2300.ref.partner-missing", "2300/REF", "HI") },
    ),
    (
        partner!("2300/AMT N"),
        Defect { keeps: &[Remove("AMT")], ..of("837p.2300.amt.partner-unwanted", "2300/AMT", "AMT") },
    ),
    (
        partner!("loop 2400 R 1"),
        Defect {
            keeps: &[Put("CLM", "02", "115"), Remove("REF*6R#2"), Remove("DTP*472#2"), Remove("SV1#2"), Remove("LX#2")],
            ..of("837p.2400.lx.partner-repeats", "2400/LX", "LX#2")
        },
    ),
    (
        partner!("limit claims-per-transaction 1"),
        Defect { breaks: &[After("REF*6R#2", SECOND_CLAIM)], ..of("partner.claims-per-transaction", "/SE", "SE") },
    ),
    (
        partner!("limit claims-per-file 1"),
        Defect { breaks: &[After("REF*6R#2", SECOND_CLAIM)], ..of("partner.claims-per-file", "/SE", "SE") },
    ),
    (
        partner!("limit groups-per-interchange 1"),
        Defect {
            breaks: &[After("GE", SECOND_GROUP), Put("IEA", "01", "2")],
            ..of("partner.groups-per-interchange", "/GS", "GS#2")
        },
    ),
    (
        partner!("limit types-per-interchange 1"),
        Defect {
            breaks: &[After("GE", SECOND_GROUP), Put("IEA", "01", "2")],
            ..of("partner.types-per-interchange", "/GS08", "GS#2")
        },
    ),
    (
        partner!("limit interchanges-per-file 1"),
        Defect { breaks: &[After("IEA", SECOND_INTERCHANGE)], ..of("partner.interchanges-per-file", "/ISA", "ISA#2") },
    ),
    (
        partner!("limit bytes-per-file 1100"),
        Defect {
            breaks: &[After("AMT", "REF*G1*2026000123456789012345678901234567890")],
            ..of("partner.bytes-per-file", "/IEA", "IEA")
        },
    ),
    (
        Setting {
            companion: "guide ACME extends 999  Acme Health\nlimit transactions-per-group 1\n",
            lists: &[],
            sender: None,
        },
        Defect {
            rule: "partner.transactions-per-group",
            sample: "999/accepted-group-only",
            breaks: &[
                After("SE", "ST*999*0002*005010X231A1~AK1*HC*103*005010X222A1~AK9*A*1*1*1~SE*4*0002"),
                Put("GE", "01", "2"),
            ],
            at: "/ST",
            on: "ST#2",
            also: &[],
            keeps: &[],
        },
    ),
    (
        NOBODY,
        Defect {
            breaks: &[Put("NM1*85", "09", "1899752781")],
            ..of("837p.2010aa.nm109.npi", "2010AA/NM109", "NM1*85")
        },
    ),
    (
        NOBODY,
        Defect {
            breaks: &[Put("PRV*BI", "03", "207Q00000Y")],
            ..of("837p.2000a.prv03.taxonomy", "2000A/PRV03", "PRV*BI")
        },
    ),
    (
        NOBODY,
        Defect { breaks: &[Put("HI", "01-2", "J02.9")], ..of("837p.2300.hi01-2.diagnosis-form", "2300/HI01-2", "HI") },
    ),
    (
        NOBODY,
        Defect { breaks: &[Put("HI", "01-2", "J02")], ..of("837p.2300.hi01-2.not-billable", "2300/HI01-2", "HI") },
    ),
    (
        NOBODY,
        Defect { breaks: &[Put("CLM", "05-1", "98")], ..of("837p.2300.clm05-1.unknown-code", "2300/CLM05-1", "CLM") },
    ),
    (
        NOBODY,
        Defect { breaks: &[Put("CLM", "05-1", "1A")], ..of("837p.2300.clm05-1.code-form", "2300/CLM05-1", "CLM") },
    ),
    (
        Setting {
            companion: "guide ACME extends 999  Acme Health\n2000/2100/2110/CTX01 x1\n",
            lists: &[],
            sender: None,
        },
        Defect {
            rule: "999.2110.ctx01.partner-repetitions",
            sample: "999/triggers",
            breaks: &[Put("CTX*SITUATIONAL TRIGGER#2", "01", "SITUATIONAL TRIGGER^SITUATIONAL TRIGGER")],
            at: "2110/CTX01",
            on: "CTX*SITUATIONAL TRIGGER^SITUATIONAL TRIGGER",
            also: &[],
            keeps: &[],
        },
    ),
    (
        Setting {
            companion: "",
            lists: &[("hcpcs", "# mine, 2026; as of 2026-01-01\n99213\n87880  to 2025-12-31\n")],
            sender: None,
        },
        Defect {
            keeps: &[Put("DTP*472#2", "03", "20251230")],
            ..of("837p.2400.sv101-2.code-date", "2400/SV101-2", "SV1#2")
        },
    ),
];
