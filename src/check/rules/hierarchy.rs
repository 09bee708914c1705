//! Levels and what must stand below them (837, HL, SBR02 and PAT01): who the patient is decides where the
//! claims stand.

use super::super::{
    Check, Found, Scope,
    rule::{Rule, rules},
    scope::places,
};

rules! {
    NO_CHILD = Rule::warning(2, "HL03", "hierarchy.children.missing").ik4("7")
        .says("a subscriber level announces patients (HL04 is 1) and none follow", "send 0 in HL04 if the subscriber is the patient");
    CHILD = Rule::warning(2, "HL03", "hierarchy.children.unexpected").ik4("7")
        .says("patients follow a subscriber level that announces none (HL04 is 0)", "send 1 in HL04");
    RELATIONSHIP = Rule::error(4, "HL06", "hierarchy.patient.subscriber").ik4("I9").stc("A7:156")
        .says("a claim stands below a subscriber who is not said to be the patient", "send 18 in SBR02, or put the claim below a patient level (HL03 23)");
    NOT_THE_PATIENT = Rule::warning(4, "HL07", "hierarchy.patient.dependent").ik4("I13").stc("A7:156")
        .says("the subscriber is said to be the patient and has no claim, only dependents have", "leave SBR02 empty");
    SUBSCRIBER_WITHOUT_CLAIM = Rule::warning(4, "HL08", "hierarchy.subscriber.claim").ik3("I7")
        .says("a subscriber level leads to no claim", "send it only with a claim or a patient level below it");
    PATIENT_WITHOUT_CLAIM = Rule::warning(4, "HL08", "hierarchy.patient.claim").ik3("I7")
        .says("a patient level has no claim", "send it only with a claim below it");
    CLAIMS = Rule::warning(7, "HL09", "set.claims.most").stc("A3:121")
        .says("the transaction set holds more claims than most receivers take", "send at most 5000 claims in a transaction set");
}

places! {
    HL = "2000B" / "HL";
    SBR = "2000B" / "SBR";
    PATIENT = "2000B" / "2000C";
    CLAIM = "2000B" / "2300";
    CLAIM_OF_PATIENT = "2000C" / "2300";
    CLM = "2300" / "CLM";
}

pub(super) const CHECKS: &[Check] =
    &[Check::claims("2000B", subscriber), Check::claims("2000C", patient), Check::claims("2300", claim)];

/// By common agreement.
const MOST_CLAIMS: u32 = 5000;

fn subscriber(level: Scope<'_>, found: &mut Found<'_>) {
    let (claims, patients) = (level.count(&CLAIM), level.count(&PATIENT));
    if claims == 0 && patients == 0 {
        found.missing(&SUBSCRIBER_WITHOUT_CLAIM, level, &CLAIM);
    }
    let Some(hl) = level.first(&HL) else { return };
    match hl.element(4) {
        b"1" if patients == 0 => {
            found.element(&NO_CHILD, hl, 4);
        }
        b"0" if patients > 0 => {
            found.element(&CHILD, hl, 4);
        }
        _ => {}
    }
    if patients > 0
        && claims == 0
        && let Some(sbr) = level.first(&SBR)
        && sbr.element(2) == b"18"
    {
        found.element(&NOT_THE_PATIENT, sbr, 2);
    }
}

fn patient(level: Scope<'_>, found: &mut Found<'_>) {
    if level.count(&CLAIM_OF_PATIENT) == 0 {
        found.missing(&PATIENT_WITHOUT_CLAIM, level, &CLAIM_OF_PATIENT);
    }
}

fn claim(claim: Scope<'_>, found: &mut Found<'_>) {
    found.memory.claims = found.memory.claims.saturating_add(1);
    if found.memory.claims == MOST_CLAIMS + 1
        && let Some(clm) = claim.first(&CLM)
    {
        found.segment(&CLAIMS, clm);
    }
    let above = claim.around();
    if let Some(sbr) = above.first(&SBR)
        && sbr.element(2).is_empty()
    {
        found.element(&RELATIONSHIP, sbr, 2);
    }
}
