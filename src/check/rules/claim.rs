//! The claim itself (837, CLM and what belongs to it).

use rust_decimal::Decimal;

use super::super::{
    Check, Found, Scope,
    rule::{Rule, rules},
    scope::places,
};

rules! {
    CHARGE = Rule::error(3, "CLM02", "claim.charge.sum").stc("A8:400 A7:178")
        .says("the claim charge (CLM02) is not the sum of its line charges", "correct CLM02 or the charge of a line");
    REFERENCE = Rule::error(4, "CLM04", "claim.replacement.reference").ik3("I6").stc("A6:464")
        .says("a replacement or void does not name the claim it replaces", "add REF*F8 with the number that the payer gave the claim (CLP07 of the 835, REF*1K of the 277CA)");
    REFERENCE_OF_ORIGINAL = Rule::error(4, "CLM04", "claim.original.reference").ik3("I9").stc("A7:464 A7:535")
        .says("an original claim names a claim that it replaces", "remove REF*F8, or send frequency 7 or 8 (CLM05-3) if it replaces or voids an earlier claim");
}

places! {
    CLM = "2300" / "CLM";
    F8 = "2300" / "REF[F8]";
    LINE = "2300" / "2400";
    SV1 = "2400" / "SV1";
    SV2 = "2400" / "SV2";
    SV3 = "2400" / "SV3";
}

pub(super) const CHECKS: &[Check] = &[Check::claims("2300", charge), Check::claims("2300", replacement)];

/// CLM02 is the sum of SV102, SV203 or SV302.
fn charge(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(clm) = claim.first(&CLM) else { return };
    let Some(stated) = clm.number(2) else { return };
    let mut sum = Decimal::ZERO;
    for line in claim.loops(&LINE) {
        let charge =
            [(&SV1, 2), (&SV2, 3), (&SV3, 2)].into_iter().find_map(|(at, n)| line.first(at).map(|held| held.number(n)));
        match charge.flatten() {
            Some(charge) => sum += charge,
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
    match (clm.component(5, 3), claim.first(&F8)) {
        (b"7" | b"8", None) => found.missing(&REFERENCE, claim, &F8).trigger(clm, 5, 3),
        (b"1", Some(reference)) => found.segment(&REFERENCE_OF_ORIGINAL, reference).trigger(clm, 5, 3),
        _ => return,
    };
}
