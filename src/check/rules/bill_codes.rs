//! The lists of codes of an institutional bill (837I, HI): diagnoses, procedures, occurrences, values.

use jiff::ToSpan;

use super::{
    super::{
        Check, Found, Scope,
        rule::{Rule, rules},
        scope::{At, Held, places},
        value,
    },
    bill::Bill,
    institutional::{admission, admission_type, revenue_codes, statement},
};
use crate::guide::pack;

rules! {
    FAMILY = Rule::error(2, "HI09", "claim.codes.family").stc("A7:255 A7:490")
        .says("codes of different ICD editions stand on one bill", "send all diagnoses and procedures by the edition of the principal diagnosis");
    REPEATED = Rule::error(2, "HI03", "claim.diagnosis.twice").stc("A7:255")
        .says("a diagnosis is listed twice", "send each diagnosis once; the principal one is not repeated among the others");
    ADMITTING = Rule::error(6, "HI10", "claim.diagnosis.admitting").ik3("I6").stc("A6:232")
        .says("the bill of a stay has no admitting diagnosis", "add HI*ABJ with the diagnosis at admission");
    ADMITTING_BESIDE_STAY = Rule::warning(6, "HI10", "claim.diagnosis.admitting.ancillary").stc("A6:232")
        .says("a bill of this type usually has an admitting diagnosis", "add HI*ABJ with the diagnosis at admission");
    ADMITTING_AT_HOME = Rule::error(6, "HI10", "claim.diagnosis.admitting.home").ik3("I9").stc("A7:232")
        .says("a bill for care at home has an admitting diagnosis", "remove HI*ABJ");
    ADMITTING_VISIT = Rule::warning(6, "HI10", "claim.diagnosis.admitting.visit").stc("A7:232")
        .says("there is an admitting diagnosis on a bill that is for no stay", "remove HI*ABJ; the reason for an unscheduled visit goes to HI*APR");
    REASON = Rule::warning(6, "HI11", "claim.reason-for-visit.missing").stc("A6:673")
        .says("an unscheduled outpatient visit has no reason given by the patient", "add HI*APR with up to three diagnoses");
    REASON_STAY = Rule::warning(6, "HI11", "claim.reason-for-visit.stay").stc("A7:673")
        .says("the patient's reason for a visit stands on a bill that is for no visit", "remove HI*APR; a stay has an admitting diagnosis instead");
    PRESENT = Rule::warning(6, "HI12", "claim.present-on-admission.missing").stc("A6:688")
        .says("no diagnosis of a hospital stay says whether it was present on admission", "fill in the indicator (component 9) of the diagnoses; hospitals outside the scheme leave it empty");
    PRESENT_VISIT = Rule::warning(6, "HI12", "claim.present-on-admission.visit").stc("A7:688")
        .says("a diagnosis says whether it was present on admission, though there was no admission", "leave the indicator (component 9) empty");
    PROCEDURE_VISIT = Rule::warning(6, "HI13", "claim.procedure.visit").stc("A7:486")
        .says("an ICD procedure code stands on a bill that is for no stay", "send the procedure as a HCPCS code on its line");
    PROCEDURE_DATE = Rule::warning(6, "HI13", "claim.procedure.date").stc("A7:486")
        .says("the procedure was more than three days before admission, or after the statement", "correct the date of the procedure");
    PRINCIPAL_PROCEDURE = Rule::warning(4, "HI14", "claim.procedure.principal").stc("A6:465")
        .says("there are other procedures but no principal one", "add HI*BBR with the principal procedure");
    VALUE = Rule::error(2, "HI16", "claim.value.twice").stc("A7:725")
        .says("a value code is listed twice", "send each value code once");
    OCCURRENCE = Rule::error(2, "HI16", "claim.occurrence.twice").stc("A7:719")
        .says("an occurrence code is listed twice in one segment", "send each occurrence code once; the same code with another date may stand in a second HI*BH");
    DRG = Rule::warning(6, "HI17", "claim.drg.visit").stc("A7:256")
        .says("a diagnosis related group stands on a bill that is for no stay", "remove HI*DR");
}

places! {
    PRINCIPAL = "2300" / "HI[ABK]";
    ADMITTING_AT = "2300" / "HI[ABJ]";
    REASON_AT = "2300" / "HI[APR]";
    CAUSE = "2300" / "HI[ABN]";
    DRG_AT = "2300" / "HI[DR]";
    OTHER = "2300" / "HI[ABF]";
    PROCEDURE = "2300" / "HI[BBR]";
    OTHER_PROCEDURE = "2300" / "HI[BBQ]";
    OCCURRENCES = "2300" / "HI[BH]";
    VALUES = "2300" / "HI[BE]";
}

const GUIDE: &[&str] = &["837I"];

pub(super) const CHECKS: &[Check] = &[
    Check::new("2300", GUIDE, family),
    Check::new("2300", GUIDE, diagnoses),
    Check::new("2300", GUIDE, beside_diagnoses),
    Check::new("2300", GUIDE, procedures).when([&DRG_AT, &PROCEDURE, &OTHER_PROCEDURE]),
    Check::new("2300", GUIDE, lists).when([&VALUES, &OCCURRENCES]),
];

/// The code (component 2) of each element, with the element's number; none for an empty one.
pub(super) fn codes(held: Held<'_>) -> impl Iterator<Item = (usize, &[u8])> {
    (1..held.segment.len()).map(move |n| (n, held.component(n, 2))).filter(|(_, code)| !code.is_empty())
}

/// Codes met so far, of which there are few.
#[derive(Debug)]
pub(super) struct Met {
    codes: [u64; 36],
    count: usize,
}

impl Met {
    pub(super) fn nothing() -> Self {
        Self { codes: [0; 36], count: 0 }
    }

    /// Whether a code has been met before. Codes too long to be any are not remembered.
    pub(super) fn again(&mut self, code: &[u8]) -> bool {
        if code.is_empty() || code.len() > 8 {
            return false;
        }
        let packed = pack(code);
        if self.codes.iter().take(self.count).any(|met| *met == packed) {
            return true;
        }
        if let Some(free) = self.codes.get_mut(self.count) {
            *free = packed;
            self.count += 1;
        }
        false
    }
}

/// Whether a qualifier is one of the tenth edition; `None` for those that are of neither.
pub(super) fn is_tenth(qualifier: &[u8]) -> Option<bool> {
    match qualifier {
        b"ABK" | b"ABJ" | b"APR" | b"ABN" | b"ABF" | b"BBR" | b"BBQ" => Some(true),
        b"BK" | b"BJ" | b"PR" | b"BN" | b"BF" | b"BR" | b"BQ" => Some(false),
        _ => None,
    }
}

fn family(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(principal) = claim.first(&PRINCIPAL) else { return };
    let Some(tenth) = is_tenth(principal.component(1, 1)) else { return };
    let coded: [&At; 6] = [&ADMITTING_AT, &REASON_AT, &CAUSE, &OTHER, &PROCEDURE, &OTHER_PROCEDURE];
    for held in coded.into_iter().flat_map(|at| claim.all(at)) {
        let differs = |n: &usize| is_tenth(held.component(*n, 1)).is_some_and(|other| other != tenth);
        if let Some(n) = (1..held.segment.len()).find(differs) {
            found.component(&FAMILY, held, n, 1).trigger(principal, 1, 1);
        }
    }
}

fn diagnoses(claim: Scope<'_>, found: &mut Found<'_>) {
    let mut met = Met::nothing();
    for held in claim.first(&PRINCIPAL).into_iter().chain(claim.all(&OTHER)) {
        for (n, code) in codes(held) {
            if met.again(code) {
                found.component(&REPEATED, held, n, 2);
            }
        }
    }
}

/// What depends on the type of bill: admitting diagnosis, reason for visit, presence on admission.
fn beside_diagnoses(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(bill) = Bill::of(claim) else { return };
    match claim.first(&ADMITTING_AT) {
        None if bill.is_admission() => {
            found.missing(&ADMITTING, claim, &ADMITTING_AT).trigger(bill.clm, 5, 1);
        }
        None if bill.is_ancillary() => {
            found.missing(&ADMITTING_BESIDE_STAY, claim, &ADMITTING_AT).trigger(bill.clm, 5, 1);
        }
        Some(held) if bill.is_home_health() => {
            found.segment(&ADMITTING_AT_HOME, held).trigger(bill.clm, 5, 1);
        }
        Some(held) if bill.is_visit() => {
            found.segment(&ADMITTING_VISIT, held).trigger(bill.clm, 5, 1);
        }
        _ => {}
    }
    match claim.first(&REASON_AT) {
        Some(held) if !bill.is_visit() => {
            found.segment(&REASON_STAY, held).trigger(bill.clm, 5, 1);
        }
        None if bill.may_be_unscheduled()
            && matches!(admission_type(claim), b"1" | b"2" | b"5")
            && revenue_codes(claim).any(is_emergency) =>
        {
            found.missing(&REASON, claim, &REASON_AT).trigger(bill.clm, 5, 1);
        }
        _ => {}
    }
    present_on_admission(claim, bill, found);
}

/// Revenue codes of emergency rooms, urgent care and observation.
fn is_emergency(revenue: &[u8]) -> bool {
    matches!(revenue, [b'0', b'4', b'5', _] | b"0516" | b"0526" | b"0762")
}

fn present_on_admission(claim: Scope<'_>, bill: Bill<'_>, found: &mut Found<'_>) {
    let indicated = [&PRINCIPAL, &OTHER, &CAUSE]
        .into_iter()
        .flat_map(|at| claim.all(at))
        .find_map(|held| (1..held.segment.len()).find(|n| !held.component(*n, 9).is_empty()).map(|n| (held, n)));
    match (indicated, claim.first(&PRINCIPAL)) {
        (Some((held, n)), _) if bill.is_visit() => {
            found.component(&PRESENT_VISIT, held, n, 9).trigger(bill.clm, 5, 1);
        }
        // Z codes are exempt, by and large.
        (None, Some(principal))
            if bill.is_hospital_stay()
                && principal.component(1, 1) == b"ABK"
                && !principal.component(1, 2).starts_with(b"Z") =>
        {
            found.component(&PRESENT, principal, 1, 9).trigger(bill.clm, 5, 1);
        }
        _ => {}
    }
}

fn procedures(claim: Scope<'_>, found: &mut Found<'_>) {
    let (principal, other) = (claim.first(&PROCEDURE), claim.first(&OTHER_PROCEDURE));
    let bill = Bill::of(claim);
    if let (Some(bill), Some(drg)) = (bill, claim.first(&DRG_AT))
        && bill.is_visit()
    {
        found.segment(&DRG, drg).trigger(bill.clm, 5, 1);
    }
    let Some(first) = principal.or(other) else { return };
    if principal.is_none() {
        found.missing(&PRINCIPAL_PROCEDURE, claim, &PROCEDURE).trigger(first, 1, 1);
    }
    let Some(bill) = bill else { return };
    if bill.is_visit() && matches!(first.component(1, 1), b"BBR" | b"BBQ") {
        found.component(&PROCEDURE_VISIT, first, 1, 1).trigger(bill.clm, 5, 1);
    }
    let Some((from, through)) = statement(claim) else { return };
    let admitted = admission(claim).unwrap_or(from);
    for held in claim.all(&PROCEDURE).chain(claim.all(&OTHER_PROCEDURE)) {
        for n in 1..held.segment.len() {
            let Some(day) = value::date(held.component(n, 4)) else { continue };
            let early = day < admitted && day.checked_add(3.days()).is_ok_and(|third| third < admitted);
            if early || day > through {
                found.component(&PROCEDURE_DATE, held, n, 4);
            }
        }
    }
}

fn lists(claim: Scope<'_>, found: &mut Found<'_>) {
    let mut met = Met::nothing();
    for held in claim.all(&VALUES) {
        for (n, code) in codes(held) {
            if met.again(code) {
                found.component(&VALUE, held, n, 2);
            }
        }
    }
    for held in claim.all(&OCCURRENCES) {
        let mut met = Met::nothing();
        for (n, code) in codes(held) {
            if met.again(code) {
                found.component(&OCCURRENCE, held, n, 2);
            }
        }
    }
}
