//! What a payer decides about a charge, so that charge, payment and adjustments balance.

use super::{Variety, batch::Household, people, random::Random};
use crate::{
    claims::{
        Adjustment, AdjustmentReason, Claim, Identifier, InpatientAdjudication, LineAdjudication, OtherCoverage,
        OtherPayerProvider, OutpatientAdjudication,
    },
    record::{Date, Decimal, Text},
};

/// An amount of cents as a decimal without trailing zeros.
pub(super) fn money(cents: i64) -> Option<Decimal> {
    Some(Decimal::new(cents, 2).normalize())
}

/// The cents of an amount.
pub(super) fn cents(amount: Option<Decimal>) -> i64 {
    amount.map_or(0, |amount| {
        let mut scaled = amount;
        scaled.rescale(2);
        i64::try_from(scaled.mantissa()).unwrap_or(0)
    })
}

/// What becomes of a charge. All amounts in cents.
#[derive(Clone, Debug, Default)]
pub(super) struct Decision {
    pub(super) paid: i64,
    /// What the patient owes.
    pub(super) patient: i64,
    pub(super) adjustments: Vec<Adjustment>,
}

/// How a payer looks at a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All of it.
    InFull,
    /// What the contract allows.
    Allowed,
    /// What the contract allows, less the patient's share.
    Shared,
    /// Nothing, for a reason.
    Denied { group: &'static str, reason: &'static str },
    /// What an earlier payer left to the patient (in cents), or a part of it.
    Left { to_patient: i64 },
}

/// Decides about a charge.
pub(super) fn decide(random: &mut Random, charge: i64, outcome: Outcome) -> Decision {
    let mut decision = Decision { paid: charge, ..Decision::default() };
    if charge <= 0 {
        return decision;
    }
    match outcome {
        Outcome::InFull => {}
        Outcome::Denied { group, reason } => decision.take(group, reason, charge),
        Outcome::Left { to_patient } => {
            decision.take("OA", "23", charge - to_patient);
            if random.chance(40) {
                let share = decision.paid * random.between(10, 60) / 100;
                decision.take("PR", "2", share);
            }
        }
        Outcome::Allowed | Outcome::Shared => {
            decision.take("CO", "45", charge * random.between(8, 55) / 100);
            if outcome == Outcome::Shared {
                let allowed = decision.paid;
                match random.below(4) {
                    0 => decision.take("PR", "1", allowed),
                    1 => decision.take("PR", "3", allowed.min(random.pick(&[1000, 1500, 2500, 4000]))),
                    2 => decision.take("PR", "2", allowed * random.pick(&[10, 20, 30]) / 100),
                    _ => {
                        decision.take("PR", "1", allowed * random.between(5, 60) / 100);
                        decision.take("PR", "2", decision.paid * 20 / 100);
                    }
                }
            }
            if random.chance(20) {
                decision.take("CO", "253", decision.paid * 2 / 100);
            }
        }
    }
    decision
}

impl Decision {
    /// Takes an amount off the payment.
    pub(super) fn take(&mut self, group: &'static str, reason: &'static str, amount: i64) {
        if amount == 0 {
            return;
        }
        self.paid -= amount;
        if group == "PR" {
            self.patient += amount;
        }
        let reason = AdjustmentReason { reason: Text::const_new(reason), amount: money(amount), quantity: None };
        match self.adjustments.iter_mut().find(|adjustment| adjustment.group == group) {
            Some(adjustment) => adjustment.reasons.push(reason),
            None => self.adjustments.push(Adjustment { group: Text::const_new(group), reasons: vec![reason] }),
        }
    }
}

/// Reasons for paying nothing that need no remark beside them.
pub(super) const DENIALS: &[(&str, &str)] = &[
    ("CO", "29"),
    ("CO", "50"),
    ("CO", "97"),
    ("CO", "197"),
    ("PR", "204"),
    ("PR", "27"),
    ("OA", "18"),
    ("CO", "4"),
    ("PR", "119"),
];

/// Adds to a claim the other coverages of its patient, and what those that rank before the payer
/// that is billed have decided. Gives the names of what it showed.
pub(super) fn coordinate(
    random: &mut Random,
    household: &Household,
    claim: &mut Claim,
    inpatient: bool,
    today: Date,
    variety: Variety,
) -> &'static [&'static str] {
    if household.others.is_empty() || variety == Variety::Plain {
        return &[];
    }
    if claim.submission_reason.is_some() {
        // What has not been done yet nobody has paid for yet.
        claim.other_coverages.extend(household.others.iter().map(|other| other.coverage.clone()));
        return &[];
    }
    let mut left: Vec<i64> = claim.lines.iter().map(|line| cents(line.charge)).collect();
    let (mut earlier, mut shown): (usize, &[&str]) = (0, &["later payer"]);
    let decided = people::before(today, random.between(2, 9));
    for other in &household.others {
        let mut coverage = other.coverage.clone();
        if other.earlier {
            let by_line = random.chance(65);
            if earlier == 0 && random.chance(4) {
                // A payer known not to cover this is not billed at all.
                coverage.non_covered = claim.charge;
                shown = &["payer that was not billed"];
            } else {
                shown = match (by_line, earlier) {
                    (true, 0) => &["adjudicated by line"],
                    (false, 0) => &["adjudicated as a whole"],
                    _ => &["third payer"],
                };
                if by_line {
                    by_lines(random, claim, &mut coverage, &mut left, earlier, decided)
                } else {
                    as_a_whole(random, claim, &mut coverage, &mut left, earlier, decided)
                }
                if random.chance(30) {
                    remark(random, &mut coverage, inpatient);
                }
                if random.chance(20) {
                    coverage.payer.payer_control_number = Some(random.like("P##########"));
                }
            }
            earlier += 1;
        } else if random.chance(10) {
            let number = Identifier { kind: Text::const_new("G2"), value: random.like("@#####"), payer_id: None };
            coverage.billing_provider = Some(OtherPayerProvider {
                entity: Text::const_new("2"),
                identifiers: vec![number],
                ..OtherPayerProvider::default()
            });
        }
        claim.other_coverages.push(coverage);
    }
    shown
}

/// The outcome of a line, given what earlier payers left of it to the patient.
fn outcome(random: &mut Random, earlier: usize, left: i64) -> Outcome {
    if earlier > 0 {
        return Outcome::Left { to_patient: left };
    }
    let (group, reason) = random.pick(&[("CO", "50"), ("CO", "97"), ("PR", "204"), ("PR", "27")]);
    let table =
        [(Outcome::Shared, 70), (Outcome::Allowed, 12), (Outcome::InFull, 8), (Outcome::Denied { group, reason }, 10)];
    random.weighted(&table, |row| row.1).0
}

fn by_lines(
    random: &mut Random,
    claim: &mut Claim,
    coverage: &mut OtherCoverage,
    left: &mut [i64],
    earlier: usize,
    decided: Date,
) {
    let (mut paid, mut patient) = (0, 0);
    let liability_by_line = random.chance(50);
    for (line, left) in claim.lines.iter_mut().zip(left) {
        let outcome = outcome(random, earlier, *left);
        let decision = decide(random, cents(line.charge), outcome);
        line.adjudications.push(LineAdjudication {
            payer_id: coverage.payer.id.clone(),
            paid: money(decision.paid),
            procedure: line.procedure.clone(),
            revenue_code: line.revenue_code.clone(),
            quantity: Some(line.quantity.unwrap_or(Decimal::ONE)),
            adjustments: decision.adjustments,
            adjudication_date: Some(decided),
            remaining_patient_liability: if liability_by_line { money(decision.patient) } else { None },
            ..LineAdjudication::default()
        });
        paid += decision.paid;
        patient += decision.patient;
        *left = decision.patient;
    }
    // What is taken off the claim as a whole lowers the payment below what the lines add up to.
    if paid > 5000 && random.chance(15) {
        let mut whole = Decision { paid, ..Decision::default() };
        whole.take("CO", "104", paid * 10 / 100);
        paid = whole.paid;
        coverage.adjustments = whole.adjustments;
    }
    coverage.payer_paid = money(paid);
    if !liability_by_line {
        coverage.remaining_patient_liability = money(patient);
    }
}

fn as_a_whole(
    random: &mut Random,
    claim: &Claim,
    coverage: &mut OtherCoverage,
    left: &mut [i64],
    earlier: usize,
    decided: Date,
) {
    let outcome = outcome(random, earlier, left.iter().sum());
    let decision = decide(random, cents(claim.charge), outcome);
    // Spread over the lines what is left, for a payer that comes after.
    let mut rest = decision.patient;
    for (line, left) in claim.lines.iter().zip(left) {
        *left = rest.min(cents(line.charge));
        rest -= *left;
    }
    coverage.payer_paid = money(decision.paid);
    coverage.adjustments = decision.adjustments;
    coverage.remaining_patient_liability = money(decision.patient);
    coverage.payer.adjudication_date = Some(decided);
}

fn remark(random: &mut Random, coverage: &mut OtherCoverage, inpatient: bool) {
    let remarks: Vec<Text> =
        random.several(2, &["MA01", "MA07", "MA18", "N130", "N381"]).into_iter().map(Text::const_new).collect();
    if inpatient {
        let days = Some(Decimal::from(random.between(1, 20)));
        coverage.inpatient = Some(InpatientAdjudication {
            covered_days: days,
            remark_code: remarks.into_iter().next(),
            ..InpatientAdjudication::default()
        });
    } else {
        coverage.outpatient =
            Some(OutpatientAdjudication { remark_codes: remarks, ..OutpatientAdjudication::default() });
    }
}
