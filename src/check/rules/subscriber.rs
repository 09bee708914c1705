//! The insured, the patient and the order of their payers (837, loops 2000B to 2010CA and 2320).

use super::super::{
    Check, Found, Scope,
    rule::{Rule, rules},
    scope::{Held, places},
};

rules! {
    SEQUENCE_TWICE = Rule::error(2, "SUB01", "coverage.sequence.repeated").stc("A7:742")
        .says("two payers of the claim have the same rank (SBR01)", "give each payer its own: P, S, T, then A to H; only U may repeat");
    SEQUENCE_GAP = Rule::error(4, "SUB02", "coverage.sequence.gap").stc("A7:742")
        .says("the ranks of the payers leave one out (SBR01)", "rank them P, S, T, then A to H, and add the loop 2320 of the payer that is missing");
    OTHER_MISSING = Rule::error(4, "SUB03", "coverage.other.missing").ik3("I7").stc("A6:171")
        .says("the payer is not the first to pay and no other payer is named", "add a loop 2320 for each payer before it, or send P in SBR01");
    GROUP_NAME = Rule::warning(4, "SUB04", "coverage.group-name").ik4("I13")
        .says("a group has both its number and its name", "send the name (SBR04) only where there is no number (SBR03)");
    INSURANCE_TYPE = Rule::error(4, "SUB05", "coverage.insurance-type").ik4("I13").stc("A7:578")
        .says("a reason why Medicare pays second (SBR05) is given where Medicare is not asked to pay second", "leave SBR05 empty");
    FILING = Rule::warning(2, "SUB06", "coverage.filing-indicator").stc("A7:480:PR")
        .says("the kind of insurance is not given", "fill in the claim filing indicator (SBR09)");
    ADDRESS = Rule::error(4, "SUB07", "subscriber.address.missing").ik3("I6").stc("A6:173:IL")
        .says("the subscriber is the patient and has no address", "add N3 and N4 to loop 2010BA");
    DEMOGRAPHICS = Rule::error(4, "SUB07", "subscriber.demographics.missing").ik3("I6").stc("A6:173:IL")
        .says("the subscriber is the patient and has no birth date and gender", "add DMG to loop 2010BA");
    ADDRESS_UNEXPECTED = Rule::warning(4, "SUB07", "subscriber.address.unexpected").ik3("I9")
        .says("the subscriber is not the patient and has an address", "leave N3 and N4 out of loop 2010BA; the patient's stand in 2010CA");
    DEMOGRAPHICS_UNEXPECTED = Rule::warning(4, "SUB07", "subscriber.demographics.unexpected").ik3("I9")
        .says("the subscriber is not the patient and has a birth date and gender", "leave DMG out of loop 2010BA; the patient's stands in 2010CA");
    BORN_LATER = Rule::warning(2, "SUB08", "patient.birth.future").stc("A7:158:*")
        .says("the birth date is in the future", "correct DMG02");
    MEMBER_ID = Rule::warning(4, "SUB09", "subscriber.member-id").ik4("I9").stc("A6:164:IL")
        .says("the subscriber has no member number", "fill in NM108 and NM109; only property and casualty claims go by a claim number (REF*Y4) instead");
    ORGANIZATION = Rule::warning(4, "SUB09", "subscriber.organization").ik4("I13")
        .says("the subscriber is an organization although this is no claim for a work injury or an accident", "send the insured person with NM102 1");
    MEDICARE_ID = Rule::error(7, "SUB10", "subscriber.medicare-id").stc("A7:164:IL")
        .says("the member number does not have the form of a Medicare number", "copy the eleven characters of the Medicare card, without hyphens");
    CLAIM_NUMBER = Rule::warning(4, "SUB11", "subscriber.casualty-number").ik3("I9").stc("A7:629")
        .says("the insurer's claim number (REF*Y4) stands with the subscriber, who is not the patient", "move it to the patient's name (loop 2010CA)");
    CASUALTY_CONTACT = Rule::warning(4, "SUB11", "patient.casualty-contact").ik3("I9")
        .says("the patient's telephone number is sent without the number of a property and casualty claim", "leave PER out, or add REF*Y4");
    DEATH = Rule::warning(2, "SUB12", "patient.death").stc("A7:159:QC")
        .says("the patient died before being born", "correct PAT06 or DMG02");
    WEIGHT = Rule::warning(2, "SUB12", "patient.weight").stc("A7:273")
        .says("the patient's weight is zero or less", "send the weight in pounds, or leave PAT07 and PAT08 empty");
    PREGNANCY = Rule::warning(2, "SUB12", "patient.pregnancy").stc("A7:626")
        .says("a male patient is said to be pregnant", "leave PAT09 empty, or correct DMG03");
    PATIENT_INFORMATION = Rule::warning(4, "SUB12", "subscriber.patient-information").ik3("I9")
        .says("what is said of the patient stands with the subscriber, who is not the patient", "move PAT to the patient level (loop 2000C)");
    CASUALTY_ID = Rule::warning(4, "PAT01", "patient.casualty-id").ik3("I9")
        .says("the patient has a member or social security number although this is no claim for a work injury or an accident", "leave REF*1W or REF*SY out of loop 2010CA");
}

places! {
    SBR = "2000B" / "SBR";
    PAT = "2000B" / "PAT";
    NM1 = "2010BA" / "NM1";
    N3 = "2010BA" / "N3";
    N4 = "2010BA" / "N4";
    DMG = "2010BA" / "DMG";
    CASUALTY = "2010BA" / "REF[Y4]";
    PER = "2010BA" / "PER";
    PAT_OF_PATIENT = "2000C" / "PAT";
    DMG_OF_PATIENT = "2010CA" / "DMG";
    CASUALTY_OF_PATIENT = "2010CA" / "REF[Y4]";
    ID_OF_PATIENT = "2010CA" / "REF[1W]";
    PER_OF_PATIENT = "2010CA" / "PER";
    OTHER = "2300" / "2320";
    SBR_OF_OTHER = "2320" / "SBR";
}

pub(super) const CHECKS: &[Check] = &[
    Check::claims("2010BA", subscriber),
    Check::claims("2010BA", coverage),
    Check::claims("2010CA", patient),
    Check::claims("2320", other),
    Check::claims("2300", sequence),
];

/// Whether an insurer pays for a work injury or an accident, by its claim filing indicator.
pub(super) fn is_casualty(sbr: Held<'_>) -> bool {
    matches!(sbr.element(9), b"WC" | b"AM" | b"LM")
}

/// Whether the payer is Medicare, by its claim filing indicator.
pub(super) fn is_medicare(sbr: Held<'_>) -> bool {
    matches!(sbr.element(9), b"MA" | b"MB")
}

/// The subscriber: the patient, or not.
fn subscriber(name: Scope<'_>, found: &mut Found<'_>) {
    let level = name.around();
    let Some(sbr) = level.first(&SBR) else { return };
    let dmg = name.first(&DMG);
    if sbr.element(2) == b"18" {
        for at in [&N3, &N4] {
            if !name.has(at) {
                found.missing(&ADDRESS, name, at).trigger(sbr, 2, 0);
            }
        }
        if dmg.is_none() {
            found.missing(&DEMOGRAPHICS, name, &DMG).trigger(sbr, 2, 0);
        }
    } else {
        if let Some(held) = name.first(&N3).or_else(|| name.first(&N4)) {
            found.segment(&ADDRESS_UNEXPECTED, held).trigger(sbr, 2, 0);
        }
        if let Some(dmg) = dmg {
            found.segment(&DEMOGRAPHICS_UNEXPECTED, dmg).trigger(sbr, 2, 0);
        }
        if let Some(number) = name.first(&CASUALTY) {
            found.segment(&CLAIM_NUMBER, number).trigger(sbr, 2, 0);
        }
        if let Some(pat) = level.first(&PAT) {
            found.segment(&PATIENT_INFORMATION, pat).trigger(sbr, 2, 0);
        }
    }
    person(level.first(&PAT), dmg, found);
    if let Some(per) = name.first(&PER)
        && !name.has(&CASUALTY)
    {
        found.segment(&CASUALTY_CONTACT, per);
    }
}

/// What insures the subscriber, and under which number.
fn coverage(name: Scope<'_>, found: &mut Found<'_>) {
    let (Some(sbr), Some(nm1)) = (name.around().first(&SBR), name.first(&NM1)) else { return };
    group(sbr, found);
    let (rank, filing) = (sbr.element(1), sbr.element(9));
    if !sbr.element(5).is_empty() && (rank == b"P" || !matches!(filing, b"" | b"16" | b"MA" | b"MB")) {
        found.element(&INSURANCE_TYPE, sbr, 5).trigger(sbr, if rank == b"P" { 1 } else { 9 }, 0);
    }
    let number = nm1.element(9);
    match nm1.element(2) {
        b"1" if number.is_empty() && !name.has(&CASUALTY) => {
            found.element(&MEMBER_ID, nm1, 9);
        }
        b"2" if !filing.is_empty() && !is_casualty(sbr) => {
            found.element(&ORGANIZATION, nm1, 2).trigger(sbr, 9, 0);
        }
        _ => {}
    }
    if is_medicare(sbr) && !number.is_empty() && !is_medicare_number(number) {
        found.element(&MEDICARE_ID, nm1, 9).trigger(sbr, 9, 0);
    }
}

fn group(sbr: Held<'_>, found: &mut Found<'_>) {
    if !sbr.element(4).is_empty() && !sbr.element(3).is_empty() {
        found.element(&GROUP_NAME, sbr, 4).trigger(sbr, 3, 0);
    }
    if sbr.element(9).is_empty() {
        found.element(&FILING, sbr, 9);
    }
}

fn other(other: Scope<'_>, found: &mut Found<'_>) {
    if let Some(sbr) = other.first(&SBR_OF_OTHER) {
        group(sbr, found);
    }
}

/// A patient who is not the subscriber.
fn patient(name: Scope<'_>, found: &mut Found<'_>) {
    person(name.around().first(&PAT_OF_PATIENT), name.first(&DMG_OF_PATIENT), found);
    let is_casualty = name.has(&CASUALTY_OF_PATIENT);
    if let Some(per) = name.first(&PER_OF_PATIENT)
        && !is_casualty
    {
        found.segment(&CASUALTY_CONTACT, per);
    }
    if let Some(number) = name.first(&ID_OF_PATIENT)
        && !is_casualty
        && !name.up("2000B").and_then(|level| level.first(&SBR)).is_some_and(self::is_casualty)
    {
        found.segment(&CASUALTY_ID, number);
    }
}

/// Birth, death, weight and pregnancy.
fn person(pat: Option<Held<'_>>, dmg: Option<Held<'_>>, found: &mut Found<'_>) {
    let birth = dmg.and_then(|dmg| dmg.date(2));
    if let Some(dmg) = dmg
        && birth.is_some_and(|birth| birth > found.today())
    {
        found.element(&BORN_LATER, dmg, 2);
    }
    let Some(pat) = pat else { return };
    if pat.date(6).zip(birth).is_some_and(|(death, birth)| death < birth) {
        found.element(&DEATH, pat, 6);
    }
    if pat.number(8).is_some_and(|weight| weight.is_sign_negative() || weight.is_zero()) {
        found.element(&WEIGHT, pat, 8);
    }
    if pat.element(9) == b"Y"
        && let Some(dmg) = dmg
        && dmg.element(3) == b"M"
    {
        found.element(&PREGNANCY, pat, 9).trigger(dmg, 3, 0);
    }
}

/// The ranks of all payers of a claim are P, S, T, A and so on, each once and without a gap.
fn sequence(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(sbr) = claim.up("2000B").and_then(|level| level.first(&SBR)) else { return };
    if !claim.has(&OTHER) {
        if !matches!(sbr.element(1), b"P" | b"U" | b"") {
            found.missing(&OTHER_MISSING, claim, &OTHER).trigger(sbr, 1, 0);
        }
        return;
    }
    // A payer whose rank nobody knows may have any; then there is no telling of gaps.
    let mut is_known = true;
    let (mut taken, mut last) = (0u16, (0, sbr));
    for sbr in [sbr].into_iter().chain(claim.loops(&OTHER).filter_map(|other| other.first(&SBR_OF_OTHER))) {
        let Some(rank) = rank(sbr.element(1)) else {
            is_known = false;
            continue;
        };
        if taken & 1 << rank != 0 {
            found.element(&SEQUENCE_TWICE, sbr, 1);
        }
        taken |= 1 << rank;
        last = if rank > last.0 { (rank, sbr) } else { last };
    }
    if is_known && taken & (taken + 1) != 0 {
        found.element(&SEQUENCE_GAP, last.1, 1);
    }
}

/// P, S, T, then A to H, the first 0; `None` for U and what is no code.
fn rank(code: &[u8]) -> Option<u8> {
    match code {
        b"P" => Some(0),
        b"S" => Some(1),
        b"T" => Some(2),
        [letter @ b'A'..=b'H'] => Some(3 + letter - b'A'),
        _ => None,
    }
}

/// A Medicare beneficiary identifier, or one of the numbers that came before it: nine digits with a letter
/// and at most one more character, or one to three letters (of the railroad) with six or nine digits.
fn is_medicare_number(number: &[u8]) -> bool {
    let letter = |byte: &u8| byte.is_ascii_uppercase() && !b"SLOIBZ".contains(byte);
    let digit = |byte: &u8| byte.is_ascii_digit();
    if let [c, a, an, n, b, bn, m, d, e, x, y] = number
        && matches!(c, b'1'..=b'9')
        && [a, b, d, e].into_iter().all(letter)
        && [n, m, x, y].into_iter().all(digit)
        && [an, bn].into_iter().all(|byte| letter(byte) || digit(byte))
    {
        return true;
    }
    let letters = number.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    if letters > 0 {
        let digits = number.iter().skip(letters).take_while(|byte| digit(byte)).count();
        return letters <= 3 && matches!(digits, 6 | 9) && letters + digits == number.len();
    }
    match number.split_at_checked(9) {
        Some((digits, [suffix, rest @ ..])) => {
            digits.iter().all(u8::is_ascii_digit)
                && suffix.is_ascii_uppercase()
                && rest.len() <= 1
                && rest.iter().all(u8::is_ascii_alphanumeric)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_medicare_numbers() {
        for number in ["1EG4TE5MK73", "2AC3DF4GH56", "123456789A", "123456789C1", "WA123456789", "A123456"] {
            assert!(is_medicare_number(number.as_bytes()), "{number}");
        }
        for number in ["1SG4TE5MK73", "0EG4TE5MK73", "1EG4-TE5-MK73", "123456789", "12345678A", "WCDA123456", ""] {
            assert!(!is_medicare_number(number.as_bytes()), "{number}");
        }
    }
}
