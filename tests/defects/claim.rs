//! Defects of the claim itself.

use super::{
    Defect,
    edit::Edit::{After, Put},
};

pub const DEFECTS: &[Defect] = &[
    Defect {
        rule: "claim.charge.sum",
        sample: "837p/office-visit",
        breaks: &[Put("CLM", "02", "999.99")],
        at: "2300/CLM02",
        on: "CLM",
        also: &[],
        keeps: &[],
    },
    Defect {
        rule: "claim.replacement.reference",
        sample: "837p/office-visit",
        breaks: &[Put("CLM", "05-3", "7")],
        at: "2300/REF",
        on: "HI",
        also: &[],
        keeps: &[Put("CLM", "05-3", "7"), After("AMT", "REF*F8*2026000123")],
    },
    Defect {
        rule: "claim.original.reference",
        sample: "837p/office-visit",
        breaks: &[After("AMT", "REF*F8*2026000123")],
        at: "2300/REF",
        on: "REF*F8",
        also: &[],
        keeps: &[Put("CLM", "05-3", "8"), After("AMT", "REF*F8*2026000123")],
    },
];
