//! What has to add up in a claim beside its charge (837, SNIP 3): for each payer that has decided, charges
//! are what was paid and what was adjusted, line by line and as a whole; parts of a line's charge are not
//! more than it.
//!
//! That the payments of the lines are the claim charge less the claim's adjustments is not asked: X12 says
//! that there is no such requirement.

use rust_decimal::Decimal;

use super::{
    super::{
        Check, Found, Scope,
        rule::{Rule, rules},
        scope::{At, Held, places},
    },
    coordination::{is_ambiguous, payer},
};

rules! {
    LINE = Rule::error(3, "COB05", "line.adjudication.balance").stc("A7:672 A7:710")
        .says("what the other payer paid and adjusted is not the charge of the line", "correct SVD02 or the adjustments of this payer's loops 2430, so that payment and adjustments make up the line charge");
    PAYMENT = Rule::error(3, "COB06", "coverage.balance.payment").stc("A7:672")
        .says("what the other payer paid is not the sum of its payments for the lines, less the adjustments of the claim", "correct AMT*D, or the adjustments in loop 2320");
    CHARGE = Rule::error(3, "COB07", "coverage.balance.charge").stc("A7:672")
        .says("what the other payer paid and adjusted is not the claim charge", "correct AMT*D, or the adjustments of this payer, so that payment and adjustments make up the claim charge (CLM02)");
    NON_COVERED = Rule::warning(3, "LIN13", "line.non-covered.sum").stc("A7:585")
        .says("more is not covered than the line charges", "correct SV207, or the line charge in SV203");
    TAX = Rule::warning(3, "LIN14", "line.tax.sum").stc("A7:640")
        .says("tax or postage, which the charge of the line includes, is more than it", "include tax and postage in the line charge");
}

places! {
    CLM = "2300" / "CLM";
    COVERAGE = "2300" / "2320";
    LINES = "2300" / "2400";
    CLAIM_ADJUSTMENTS = "2320" / "CAS";
    PAID = "2320" / "AMT[D]";
    SV1 = "2400" / "SV1";
    SV2 = "2400" / "SV2";
    SV3 = "2400" / "SV3";
    SALES_TAX = "2400" / "AMT[T]";
    POSTAGE = "2400" / "AMT[F4]";
    SERVICE_TAX = "2400" / "AMT[GT]";
    FACILITY_TAX = "2400" / "AMT[N8]";
    DENTAL_TAX = "2400" / "AMT";
    DECISIONS = "2400" / "2430";
    SVD = "2430" / "SVD";
    ADJUSTMENTS = "2430" / "CAS";
}

pub(super) const CHECKS: &[Check] = &[
    Check::claims("2300", coverages).when([&COVERAGE]),
    Check::claims("2400", line).when([&DECISIONS]),
    Check::new("2400", &["837I"], non_covered).when([&SV2]),
    Check::new("2400", &["837P"], |line, found| taxes(line, &[&SALES_TAX, &POSTAGE], found))
        .when([&SALES_TAX, &POSTAGE]),
    Check::new("2400", &["837I"], |line, found| taxes(line, &[&SERVICE_TAX, &FACILITY_TAX], found))
        .when([&SERVICE_TAX, &FACILITY_TAX]),
    Check::new("2400", &["837D"], |line, found| taxes(line, &[&DENTAL_TAX], found)).when([&DENTAL_TAX]),
];

/// The charge of a line: SV102, SV203 or SV302.
fn charge(line: Scope<'_>) -> Option<(Held<'_>, usize)> {
    [(&SV1, 2), (&SV2, 3), (&SV3, 2)].into_iter().find_map(|(at, n)| line.first(at).map(|held| (held, n)))
}

/// The amounts of adjustments; `None` if one cannot be read.
fn adjusted(scope: Scope<'_>, at: &At) -> Option<Decimal> {
    let mut sum = Decimal::ZERO;
    for cas in scope.all(at) {
        for n in (3..cas.segment.len().min(20)).step_by(3).filter(|n| !cas.element(*n).is_empty()) {
            sum = sum.checked_add(cas.number(n)?)?;
        }
    }
    Some(sum)
}

/// What a payer has paid and adjusted of a line, over all of its decisions about it.
#[derive(Clone, Copy)]
struct Settled<'c> {
    /// The first decision.
    first: Held<'c>,
    paid: Decimal,
    adjusted: Decimal,
}

impl<'c> Settled<'c> {
    /// `Ok(None)` if the payer has not decided about the line, `Err` if an amount cannot be read.
    fn of(line: Scope<'c>, payer: &[u8]) -> Result<Option<Self>, ()> {
        let mut settled: Option<Self> = None;
        for decision in line.loops(&DECISIONS) {
            let Some(svd) = decision.first(&SVD).filter(|svd| svd.element(1) == payer) else { continue };
            let (paid, adjusted) = svd.number(2).zip(adjusted(decision, &ADJUSTMENTS)).ok_or(())?;
            let before = settled.unwrap_or(Self { first: svd, paid: Decimal::ZERO, adjusted: Decimal::ZERO });
            settled = Some(Self { paid: before.paid + paid, adjusted: before.adjusted + adjusted, ..before });
        }
        Ok(settled)
    }
}

/// A line's charge is what each payer paid and adjusted of it; a payer that split the line does so over
/// several loops.
fn line(line: Scope<'_>, found: &mut Found<'_>) {
    if !line.has(&DECISIONS) {
        return;
    }
    let Some(charge) = charge(line).and_then(|(held, n)| held.number(n)) else { return };
    for (nth, svd) in line.loops(&DECISIONS).filter_map(|one| one.first(&SVD)).enumerate() {
        let payer = svd.element(1);
        let mut before = line.loops(&DECISIONS).filter_map(|one| one.first(&SVD)).take(nth);
        if payer.is_empty() || before.any(|other| other.element(1) == payer) {
            continue;
        }
        if let Ok(Some(settled)) = Settled::of(line, payer)
            && settled.paid + settled.adjusted != charge
        {
            found.element(&LINE, settled.first, 2).expected(charge - settled.adjusted);
        }
    }
}

fn coverages(claim: Scope<'_>, found: &mut Found<'_>) {
    if !claim.has(&COVERAGE) {
        return;
    }
    let Some(charge) = claim.first(&CLM).and_then(|clm| clm.number(2)) else { return };
    for coverage in claim.loops(&COVERAGE) {
        let Some((held, paid)) = coverage.first(&PAID).and_then(|held| Some((held, held.number(2)?))) else { continue };
        let Some(adjusted) = adjusted(coverage, &CLAIM_ADJUSTMENTS) else { continue };
        let Some(lines) = Lines::of(claim, coverage) else { continue };
        // A line that does not balance is reported there; what follows from it is not reported again.
        if !lines.balance || lines.ambiguous {
            continue;
        }
        if lines.any && paid != lines.paid - adjusted {
            found.element(&PAYMENT, held, 2).expected(lines.paid - adjusted);
        } else if charge != paid + adjusted + lines.adjusted {
            found.element(&CHARGE, held, 2).expected(charge - adjusted - lines.adjusted);
        }
    }
}

/// What a payer has paid and adjusted of all lines.
struct Lines {
    /// Whether it has decided about any.
    any: bool,
    /// Whether another coverage has the same payer.
    ambiguous: bool,
    /// Whether each of them balances.
    balance: bool,
    paid: Decimal,
    adjusted: Decimal,
}

impl Lines {
    /// `None` if an amount cannot be read.
    fn of(claim: Scope<'_>, coverage: Scope<'_>) -> Option<Self> {
        let mut sums =
            Self { any: false, ambiguous: false, balance: true, paid: Decimal::ZERO, adjusted: Decimal::ZERO };
        let Some(payer) = payer(coverage).map(|name| name.element(9)).filter(|id| !id.is_empty()) else {
            return Some(sums);
        };
        sums.ambiguous = is_ambiguous(claim, payer);
        for line in claim.loops(&LINES) {
            if let Some(settled) = Settled::of(line, payer).ok()? {
                let (held, n) = charge(line)?;
                sums.any = true;
                sums.balance &= held.number(n)? == settled.paid + settled.adjusted;
                sums.paid += settled.paid;
                sums.adjusted += settled.adjusted;
            }
        }
        Some(sums)
    }
}

fn non_covered(line: Scope<'_>, found: &mut Found<'_>) {
    let Some(sv2) = line.first(&SV2).filter(|sv2| !sv2.element(7).is_empty()) else { return };
    if let (Some(charge), Some(part)) = (sv2.number(3), sv2.number(7))
        && part > charge
    {
        found.element(&NON_COVERED, sv2, 7);
    }
}

/// Tax and postage are part of the charge.
fn taxes(line: Scope<'_>, parts: &[&At], found: &mut Found<'_>) {
    let mut sum = Decimal::ZERO;
    let mut last = None;
    for held in parts.iter().filter_map(|at| line.first(at)) {
        let Some(part) = held.number(2) else { return };
        sum += part;
        last = Some(held);
    }
    let Some(held) = last else { return };
    let Some(charge) = charge(line).and_then(|(held, n)| held.number(n)) else { return };
    if sum > charge {
        found.element(&TAX, held, 2);
    }
}
