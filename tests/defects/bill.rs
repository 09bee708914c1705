//! Defects of the type of an institutional bill.

use super::{Defect, edit::Edit::Put};

pub const DEFECTS: &[Defect] = &[Defect {
    rule: "claim.bill.type",
    sample: "837i/outpatient-surgery",
    breaks: &[Put("CLM", "05-1", "99")],
    at: "2300/CLM05-1",
    on: "CLM",
    also: &[],
    keeps: &[Put("CLM", "05-1", "85")],
}];
