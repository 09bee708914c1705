//! Reference numbers, authorizations and attachments of claims and lines (837, REF and PWK of 2300 and
//! 2400).

use super::{
    super::{
        Check, Found, Scope,
        rule::{Rule, rules},
        scope::{At, Held, places},
    },
    subscriber::is_medicare,
};

rules! {
    CLIA = Rule::warning(2, "ELM19", "reference.clia").stc("A7:544")
        .says("a CLIA number is not two digits, D and seven digits", "copy the ten characters of the laboratory's certificate");
    ATTACHMENT = Rule::error(4, "REF01", "attachment.number.missing").ik4("I9").stc("A6:489")
        .says("an attachment is sent and has no number by which it can be found", "fill in PWK05 (AC) and PWK06");
    ON_REQUEST = Rule::error(4, "REF01", "attachment.number.unexpected").ik4("I13").stc("A7:489")
        .says("an attachment that is sent only on request has a number already", "leave PWK05 and PWK06 empty, or say how it is sent (PWK02)");
    SAME = Rule::error(4, "REF02", "line.authorization.same").ik3("I9").stc("A7:252:PR")
        .says("the line repeats the authorization or referral of the claim", "send it with the line only where it differs");
    PAYER = Rule::warning(4, "REF03", "line.authorization.payer").ik4("I12")
        .says("an authorization or referral belongs to a payer who is not among those of the claim", "put the payer's number (NM109 of a loop 2330B) into REF04-2, or leave REF04 out for the payer of the claim");
    EXCEPTION = Rule::warning(4, "REF04", "claim.authorization.exception").ik3("I9").stc("A7:642")
        .says("a reason for the lack of an authorization stands beside the authorization", "leave REF*4N out");
    CROSSOVER = Rule::warning(4, "REF05", "claim.crossover").ik3("I9")
        .says("Medicare's crossover indicator (REF*F5) stands on a claim to another payer", "leave REF*F5 out");
    SAME_CLIA = Rule::warning(4, "REF05", "line.clia.same").ik3("I9").stc("A7:544")
        .says("the line repeats the CLIA number of the claim", "send it with the line only where it differs");
    OVERSIGHT = Rule::warning(4, "REF06", "claim.oversight").ik3("I6").stc("A6:714")
        .says("Medicare is billed for the oversight of a care plan and the home health agency or hospice is not named", "add its number with REF*1J");
    REPRICED = Rule::warning(4, "REF07", "reference.repriced").ik3("I9")
        .says("a repricer's number is given and nothing was repriced", "add HCP, or leave the reference out");
}

places! {
    PWK = "2300" / "PWK";
    PWK_OF_LINE = "2400" / "PWK";
    AUTHORIZATION = "2300" / "REF[G1]";
    REFERRAL = "2300" / "REF[9F]";
    AUTHORIZATION_OF_LINE = "2400" / "REF[G1]";
    REFERRAL_OF_LINE = "2400" / "REF[9F]";
    WHY_NONE = "2300" / "REF[4N]";
    SECTION_4081 = "2300" / "REF[F5]";
    CLIA_NUMBER = "2300" / "REF[X4]";
    CLIA_OF_LINE = "2400" / "REF[X4]";
    CLIA_REFERRED = "2400" / "REF[F4]";
    CARE_PLAN = "2300" / "REF[1J]";
    HCP = "2300" / "HCP";
    HCP_OF_LINE = "2400" / "HCP";
    REPRICED_CLAIM = "2300" / "REF[9A]";
    REPRICED_AGAIN = "2300" / "REF[9C]";
    REPRICED_LINE = "2400" / "REF[9B]";
    REPRICED_LINE_AGAIN = "2400" / "REF[9D]";
    REPRICED_DENTAL = "2400" / "REF[9A]";
    REPRICED_DENTAL_AGAIN = "2400" / "REF[9C]";
    LINE = "2300" / "2400";
    SV1 = "2400" / "SV1";
    SBR = "2000B" / "SBR";
    OTHER = "2300" / "2320";
    OTHER_PAYER = "2320" / "2330B";
    NAME_OF_OTHER = "2330B" / "NM1";
}

const P: &[&str] = &["837P"];
const PD: &[&str] = &["837P", "837D"];

pub(super) const CHECKS: &[Check] = &[
    Check::claims("2300", claim).when([&PWK, &WHY_NONE, &REPRICED_CLAIM, &REPRICED_AGAIN]),
    Check::new("2300", P, professional),
    Check::claims("2400", line).when([
        &PWK_OF_LINE,
        &REPRICED_LINE,
        &REPRICED_LINE_AGAIN,
        &REPRICED_DENTAL,
        &REPRICED_DENTAL_AGAIN,
    ]),
    Check::new("2400", P, clia_of_line).when([&CLIA_OF_LINE, &CLIA_REFERRED]),
    Check::new("2400", PD, authorizations).when([&AUTHORIZATION_OF_LINE, &REFERRAL_OF_LINE]),
];

fn claim(claim: Scope<'_>, found: &mut Found<'_>) {
    for pwk in claim.all(&PWK) {
        attachment(pwk, found);
    }
    if let Some(reason) = claim.first(&WHY_NONE)
        && let Some(authorization) = claim.first(&AUTHORIZATION)
    {
        found.segment(&EXCEPTION, reason).trigger(authorization, 1, 0);
    }
    repriced(claim, &HCP, [&REPRICED_CLAIM, &REPRICED_AGAIN], found);
}

fn line(line: Scope<'_>, found: &mut Found<'_>) {
    for pwk in line.all(&PWK_OF_LINE) {
        attachment(pwk, found);
    }
    let at = if line.is("837D") {
        [&REPRICED_DENTAL, &REPRICED_DENTAL_AGAIN]
    } else {
        [&REPRICED_LINE, &REPRICED_LINE_AGAIN]
    };
    repriced(line, &HCP_OF_LINE, at, found);
}

fn attachment(pwk: Held<'_>, found: &mut Found<'_>) {
    match (pwk.element(2), pwk.element(5), pwk.element(6)) {
        (b"BM" | b"EL" | b"EM" | b"FX" | b"FT", b"", b"") => {
            found.element(&ATTACHMENT, pwk, 6).trigger(pwk, 2, 0);
        }
        (b"AA", _, number) if !number.is_empty() => {
            found.element(&ON_REQUEST, pwk, 6).trigger(pwk, 2, 0);
        }
        _ => {}
    }
}

fn repriced(scope: Scope<'_>, hcp: &At, numbers: [&At; 2], found: &mut Found<'_>) {
    for at in numbers {
        if let Some(number) = scope.first(at)
            && !scope.has(hcp)
        {
            found.segment(&REPRICED, number);
        }
    }
}

fn professional(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(sbr) = claim.up("2000B").and_then(|level| level.first(&SBR)) else { return };
    if let Some(clia) = claim.first(&CLIA_NUMBER) {
        clia_form(clia, found);
    }
    if let Some(indicator) = claim.first(&SECTION_4081)
        && !sbr.element(9).is_empty()
        && !is_medicare(sbr)
    {
        found.segment(&CROSSOVER, indicator).trigger(sbr, 9, 0);
    }
    let is_oversight = |sv1: &Held<'_>| matches!(sv1.component(1, 2), b"G0181" | b"G0182");
    if sbr.element(9) == b"MB"
        && !claim.has(&CARE_PLAN)
        && let Some(sv1) = claim.loops(&LINE).filter_map(|line| line.first(&SV1)).find(is_oversight)
    {
        found.missing(&OVERSIGHT, claim, &CARE_PLAN).trigger(sv1, 1, 2);
    }
}

fn clia_of_line(line: Scope<'_>, found: &mut Found<'_>) {
    if let Some(clia) = line.first(&CLIA_OF_LINE) {
        clia_form(clia, found);
        if line.around().first(&CLIA_NUMBER).is_some_and(|of_claim| of_claim.element(2) == clia.element(2)) {
            found.segment(&SAME_CLIA, clia);
        }
    }
    if let Some(clia) = line.first(&CLIA_REFERRED) {
        clia_form(clia, found);
    }
}

fn clia_form(reference: Held<'_>, found: &mut Found<'_>) {
    let number = reference.element(2);
    let fits = number.len() == 10
        && number.iter().enumerate().all(|(at, byte)| if at == 2 { *byte == b'D' } else { byte.is_ascii_digit() });
    if !fits && !number.is_empty() {
        found.element(&CLIA, reference, 2);
    }
}

fn authorizations(line: Scope<'_>, found: &mut Found<'_>) {
    for (at, of_claim) in [(&AUTHORIZATION_OF_LINE, &AUTHORIZATION), (&REFERRAL_OF_LINE, &REFERRAL)] {
        for number in line.all(at) {
            let payer = number.component(4, 2);
            if payer.is_empty() {
                if line.around().first(of_claim).is_some_and(|known| known.element(2) == number.element(2)) {
                    found.segment(&SAME, number);
                }
            } else if !is_other_payer(line, payer) {
                found.component(&PAYER, number, 4, 2);
            }
        }
    }
}

/// Whether a number is that of another payer of the claim (NM109 of a loop 2330B).
pub(super) fn is_other_payer(inside: Scope<'_>, number: &[u8]) -> bool {
    let Some(claim) = inside.up("2300") else { return true };
    let mut payers = claim.loops(&OTHER).filter_map(|other| other.inner(&OTHER_PAYER)?.first(&NAME_OF_OTHER));
    payers.any(|nm1| nm1.element(9) == number)
}
