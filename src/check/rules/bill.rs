//! The type of an institutional bill (837I, CLM05-1 and CLM05-3), on which it depends what else the bill
//! holds: a stay has an admission, home health a start of care, a visit neither.

use super::super::{
    Check, Found, Scope,
    rule::{Rule, rules},
    scope::{Held, places},
};

rules! {
    TYPE = Rule::warning(5, "CLM06", "claim.bill.type").stc("A7:228")
        .says("the type of bill (CLM05-1 with CLM05-3) is none that is in use", "send the two digits for facility and care without the leading zero, such as 11 or 13, and the frequency");
}

places! {
    CLM = "2300" / "CLM";
}

pub(super) const CHECKS: &[Check] = &[Check::new("2300", &["837I"], kind)];

/// An institutional bill of a type that is in use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bill<'c> {
    /// The CLM that says so.
    pub(super) clm: Held<'c>,
    /// CLM05-1: `11` for a hospital's inpatients.
    kind: u8,
    /// CLM05-3: `1` from admission to discharge, `2` to `4` first, continuing and last of several.
    pub(super) frequency: u8,
}

/// Facility and care (CLM05-1) of bills that are in use.
const KINDS: &[u8] = &[
    11, 12, 13, 14, 18, 21, 22, 23, 28, 32, 33, 34, 41, 43, 65, 66, 71, 72, 73, 74, 75, 76, 77, 78, 79, 81, 82, 83, 84,
    85, 86, 87, 89,
];

impl<'c> Bill<'c> {
    /// The bill of a claim; `None` if its type is not known, so that nothing can be asked of it.
    pub(super) fn of(claim: Scope<'c>) -> Option<Self> {
        let clm = claim.first(&CLM)?;
        let &[tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = clm.component(5, 1) else { return None };
        let kind = (tens - b'0') * 10 + (ones - b'0');
        let &[frequency] = clm.component(5, 3) else { return None };
        KINDS.contains(&kind).then_some(Self { clm, kind, frequency })
    }

    /// A stay: hospital, swing bed, nursing facility or the like, as an inpatient.
    pub(super) fn is_stay(self) -> bool {
        matches!(self.kind, 11 | 18 | 21 | 28 | 41 | 65 | 66 | 86)
    }

    /// A stay in a hospital.
    pub(super) fn is_hospital_stay(self) -> bool {
        self.kind == 11
    }

    /// A stay of a kind that no manual excepts from having an admission.
    pub(super) fn is_admission(self) -> bool {
        matches!(self.kind, 11 | 18 | 21 | 41)
    }

    /// Other services to somebody who stays, which are billed like an outpatient's.
    pub(super) fn is_ancillary(self) -> bool {
        matches!(self.kind, 12 | 22)
    }

    /// Care at home under a plan.
    pub(super) fn is_home_health(self) -> bool {
        matches!(self.kind, 32 | 33)
    }

    /// Hospice.
    pub(super) fn is_hospice(self) -> bool {
        matches!(self.kind, 81 | 82)
    }

    /// A visit to a hospital's, a nursing facility's or a critical access hospital's outpatient department.
    pub(super) fn is_outpatient_department(self) -> bool {
        matches!(self.kind, 13 | 14 | 23 | 83 | 85)
    }

    /// Neither a stay nor services beside one, nor care that begins like one.
    pub(super) fn is_visit(self) -> bool {
        !self.is_stay() && !self.is_ancillary() && !self.is_home_health() && !self.is_hospice()
    }

    /// A place where patients come unannounced.
    pub(super) fn may_be_unscheduled(self) -> bool {
        matches!(self.kind, 13 | 78 | 85)
    }

    /// A discharge hour ends it; nursing facilities and religious institutions need none.
    pub(super) fn ends_at_an_hour(self) -> bool {
        matches!(self.kind, 11 | 18)
    }

    /// The last bill of a stay, or its only one.
    pub(super) fn is_final(self) -> bool {
        matches!(self.frequency, b'1' | b'4')
    }

    /// A bill while the patient is still there.
    pub(super) fn is_interim(self) -> bool {
        matches!(self.frequency, b'2' | b'3')
    }
}

fn kind(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(clm) = claim.first(&CLM) else { return };
    // What is missing is reported as such.
    if clm.component(5, 1).is_empty() || clm.component(5, 3).is_empty() || Bill::of(claim).is_some() {
        return;
    }
    found.component(&TYPE, clm, 5, 1);
}
