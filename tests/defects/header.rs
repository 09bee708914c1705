//! Defects of the beginning of a transaction set.

use super::{
    Defect,
    edit::Edit::{After, Put, Remove},
};

pub const DEFECTS: &[Defect] = &[
    Defect {
        rule: "header.date.future",
        sample: "837p/office-visit",
        breaks: &[Put("BHT", "04", "20991231")],
        at: "/BHT04",
        on: "BHT",
        also: &[],
        keeps: &[Put("BHT", "04", "20260630")],
    },
    Defect {
        rule: "header.subrogation.plan",
        sample: "837p/office-visit",
        breaks: &[Put("BHT", "06", "31")],
        at: "2010AC/NM1",
        on: "HL#2",
        also: &[],
        keeps: &[Put("BHT", "06", "RP")],
    },
    Defect {
        rule: "header.subrogation.kind",
        sample: "837p/medicaid-subrogation",
        breaks: &[Put("BHT", "06", "CH")],
        at: "2010AC/NM1",
        on: "NM1*PE",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "header.charge.zero",
        sample: "837p/office-visit",
        breaks: &[Put("CLM", "02", "0"), Put("SV1#1", "02", "0"), Put("SV1#2", "02", "0"), Remove("AMT")],
        at: "2300/CLM02",
        on: "CLM",
        also: &[],
        keeps: &[
            Put("BHT", "06", "RP"),
            Put("CLM", "02", "0"),
            Put("SV1#1", "02", "0"),
            Put("SV1#2", "02", "0"),
            Remove("AMT"),
        ],
    },
    Defect {
        rule: "header.currency.dollars",
        sample: "837p/office-visit",
        breaks: &[After("PRV*BI", "CUR*85*USD")],
        at: "2000A/CUR",
        on: "CUR",
        also: &[],
        keeps: &[After("PRV*BI", "CUR*85*CAD")],
    },
];
