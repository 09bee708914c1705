//! The claim itself (837, CLM): its number, its charge, how often it is sent, the accident it follows from,
//! and the amounts that stand beside the charge.

use compact_str::CompactString;
use rust_decimal::Decimal;

use super::super::{
    Check, Found, Scope,
    rule::{Rule, rules},
    scope::{Held, places},
};

rules! {
    NUMBER = Rule::error(2, "CLM01", "claim.number.repeated").stc("A7:478")
        .says("two claims of the transaction set have the same number (CLM01)", "give each claim its own number; answers name it");
    CHARGE = Rule::error(3, "CLM02", "claim.charge.sum").stc("A8:400 A7:178")
        .says("the claim charge (CLM02) is not the sum of its line charges", "correct CLM02 or the charge of a line");
    NEGATIVE = Rule::error(2, "CLM03", "claim.charge.negative").stc("A7:178")
        .says("the claim charge (CLM02) is negative", "send the full charge; a correction replaces or voids the earlier claim (CLM05-3)");
    NEGATIVE_LINE = Rule::error(2, "CLM03", "line.charge.negative").stc("A7:693 A7:583")
        .says("the charge of a line is negative", "send the full charge; a line may charge nothing, but not less");
    REFERENCE = Rule::error(4, "CLM04", "claim.replacement.reference").ik3("I6").stc("A6:464")
        .says("a replacement or void does not name the claim it replaces", "add REF*F8 with the number that the payer gave the claim (CLP07 of the 835, REF*1K of the 277CA)");
    REFERENCE_OF_ORIGINAL = Rule::error(4, "CLM04", "claim.original.reference").ik3("I9").stc("A7:464 A7:535")
        .says("an original claim names a claim that it replaces", "remove REF*F8, or send frequency 7 or 8 (CLM05-3) if it replaces or voids an earlier claim");
    FREQUENCY = Rule::warning(5, "CLM05", "claim.frequency").stc("A7:535")
        .says("the claim frequency (CLM05-3) is one of institutional claims", "send 1 for an original, 6 or 7 for a correction, 8 for a void");
    CAUSE_TWICE = Rule::warning(4, "CLM07", "claim.accident.cause").ik4("I12")
        .says("the same cause is given twice (CLM11)", "send each cause once");
    ACCIDENT_STATE = Rule::warning(4, "CLM07", "claim.accident.state").ik4("I9").stc("A6:750")
        .says("a car accident does not say in which state it happened", "fill in CLM11-4, or CLM11-5 outside the United States");
    STATE_ALONE = Rule::warning(4, "CLM07", "claim.accident.state.unexpected").ik4("I13").stc("A7:633")
        .says("the state of a car accident is given and there was none", "send AA in CLM11-1, or leave CLM11-4 empty");
    ACCIDENT_DATE = Rule::warning(4, "CLM08", "claim.accident.date").ik3("I6").stc("A6:727")
        .says("the claim follows from an accident and does not say when it happened", "add DTP*439");
    DATE_ALONE = Rule::warning(4, "CLM08", "claim.accident.date.unexpected").ik3("I9")
        .says("the date of an accident is given and the claim does not follow from one", "send the cause in CLM11, or leave DTP*439 out");
    PAID = Rule::warning(3, "OTH04", "claim.patient-paid").stc("A7:565")
        .says("the patient has paid less than nothing, or more than the claim charges", "correct AMT*F5");
    PRICING = Rule::warning(4, "OTH05", "claim.pricing.sum").stc("A7:628")
        .says("the repriced allowed amount and the saving are together not the charge", "correct HCP02 or HCP03");
}

places! {
    CLM = "2300" / "CLM";
    F8 = "2300" / "REF[F8]";
    ACCIDENT = "2300" / "DTP[439]";
    AMT = "2300" / "AMT";
    HCP = "2300" / "HCP";
    LINE = "2300" / "2400";
    SV1 = "2400" / "SV1";
    SV2 = "2400" / "SV2";
    SV3 = "2400" / "SV3";
    HCP_OF_LINE = "2400" / "HCP";
}

pub(super) const CHECKS: &[Check] = &[
    Check::claims("2300", number),
    Check::claims("2300", charge),
    Check::claims("2300", replacement),
    Check::new("2300", &["837P", "837D"], accident),
    Check::claims("2300", amounts).when([&AMT, &HCP]),
    Check::claims("2400", line),
];

/// Claims of a transaction set whose numbers are remembered; many times what receivers take.
const REMEMBERED: usize = 100_000;

/// No two claims have the same CLM01.
fn number(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(clm) = claim.first(&CLM).filter(|clm| !clm.element(1).is_empty()) else { return };
    let number = CompactString::from_utf8_lossy(clm.element(1));
    let numbers = &mut found.memory.numbers;
    if numbers.len() < REMEMBERED && !numbers.insert(number) {
        found.element(&NUMBER, clm, 1);
    }
}

/// The segment and element with the charge of a line: SV102, SV203 or SV302.
fn charge_of(line: Scope<'_>) -> Option<(Held<'_>, usize)> {
    [(&SV1, 2), (&SV2, 3), (&SV3, 2)].into_iter().find_map(|(at, n)| Some((line.first(at)?, n)))
}

/// CLM02 is the sum of SV102, SV203 or SV302.
fn charge(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(clm) = claim.first(&CLM) else { return };
    let Some(stated) = clm.number(2) else { return };
    if stated.is_sign_negative() && !stated.is_zero() {
        found.element(&NEGATIVE, clm, 2);
    }
    let mut sum = Decimal::ZERO;
    for line in claim.loops(&LINE) {
        match charge_of(line).and_then(|(held, n)| held.number(n)) {
            Some(charge) => sum = sum.saturating_add(charge),
            // A charge that is missing or no number is reported as such.
            None => return,
        }
    }
    if sum != stated {
        found.element(&CHARGE, clm, 2).expected(sum);
    }
}

fn replacement(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(clm) = claim.first(&CLM) else { return };
    let frequency = clm.component(5, 3);
    if !claim.is("837I") && !matches!(frequency, b"" | b"1" | b"6" | b"7" | b"8") {
        found.component(&FREQUENCY, clm, 5, 3);
    }
    match (frequency, claim.first(&F8)) {
        (b"7" | b"8", None) => found.missing(&REFERENCE, claim, &F8).trigger(clm, 5, 3),
        (b"1" | b"2" | b"3" | b"4" | b"9", Some(reference)) => {
            found.segment(&REFERENCE_OF_ORIGINAL, reference).trigger(clm, 5, 3)
        }
        _ => return,
    };
}

/// CLM11 and the date of the accident.
fn accident(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(clm) = claim.first(&CLM) else { return };
    let date = claim.first(&ACCIDENT);
    if clm.element(11).is_empty() {
        if let Some(date) = date {
            found.segment(&DATE_ALONE, date).trigger(clm, 11, 0);
        }
        return;
    }
    let causes = [clm.component(11, 1), clm.component(11, 2)];
    if causes[0] == causes[1] && !causes[0].is_empty() {
        found.component(&CAUSE_TWICE, clm, 11, 2);
    }
    let (state, country) = (clm.component(11, 4), clm.component(11, 5));
    if !causes.contains(&b"AA".as_slice()) {
        if !state.is_empty() {
            found.component(&STATE_ALONE, clm, 11, 4).trigger(clm, 11, 1);
        }
    } else if state.is_empty() && country.is_empty() {
        found.component(&ACCIDENT_STATE, clm, 11, 4).trigger(clm, 11, 1);
    }
    if date.is_none() && causes.iter().any(|cause| matches!(*cause, b"AA" | b"OA")) {
        found.missing(&ACCIDENT_DATE, claim, &ACCIDENT).trigger(clm, 11, 1);
    }
}

/// What the patient has paid, and what a repricer makes of the charge.
fn amounts(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(clm) = claim.first(&CLM) else { return };
    if let Some(amt) = claim.first(&AMT)
        && amt.element(1) == b"F5"
        && let Some((paid, charge)) = amt.number(2).zip(clm.number(2))
        && (paid.is_sign_negative() || paid > charge)
    {
        found.element(&PAID, amt, 2).trigger(clm, 2, 0);
    }
    if let Some(hcp) = claim.first(&HCP) {
        pricing(hcp, clm.number(2), found);
    }
}

fn line(line: Scope<'_>, found: &mut Found<'_>) {
    let Some((held, n)) = charge_of(line) else { return };
    if held.element(n).first() == Some(&b'-') && held.number(n).is_some_and(|charge| !charge.is_zero()) {
        found.element(&NEGATIVE_LINE, held, n);
    }
    if let Some(hcp) = line.first(&HCP_OF_LINE) {
        pricing(hcp, held.number(n), found);
    }
}

fn pricing(hcp: Held<'_>, charge: Option<Decimal>, found: &mut Found<'_>) {
    let parts = hcp.number(2).zip(hcp.number(3));
    if let Some(((allowed, saved), charge)) = parts.zip(charge)
        && allowed.saturating_add(saved) != charge
    {
        found.element(&PRICING, hcp, 3).expected(charge.saturating_sub(allowed));
    }
}
