//! Claim payments, one scenario a function.

use super::{
    adjudicate::{DENIALS, Decision, Outcome, cents, decide, money},
    batch::Program,
    codes::*,
    people::{self, Person},
    random::Random,
    scene::{hcpcs, text},
};
use crate::{
    claims::{
        Adjustment, AdjustmentReason, Amount, ClaimPayment, Contact, Identifier, InpatientAdjudication,
        OutpatientAdjudication, Party, PaymentDate, Procedure, Quantity, Remark, ServicePayment,
    },
    record::{Date, Decimal, Text},
};

/// What a payee does, and so what its lines look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trade {
    Physician,
    Hospital,
    Dentist,
}

/// One claim to be paid.
pub(super) struct Scene<'a> {
    pub(super) random: &'a mut Random,
    pub(super) trade: Trade,
    pub(super) program: Program,
    pub(super) today: Date,
    pub(super) max_lines: usize,
    pub(super) plain: bool,
}

/// How payments of a sort are made: one claim, or a reversal and what comes in its place.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) weight: u32,
    pub(super) make: fn(&mut Scene<'_>) -> Vec<ClaimPayment>,
}

const fn scenario(name: &'static str, weight: u32, make: fn(&mut Scene<'_>) -> Vec<ClaimPayment>) -> Scenario {
    Scenario { name, weight, make }
}

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("paid as allowed", 40, allowed),
    scenario("paid in full", 8, in_full),
    scenario("denied", 10, denied),
    scenario("denied with a remark", 8, denied_with_remark),
    scenario("patient not known", 3, unknown_patient),
    scenario("second payer", 7, second),
    scenario("third payer", 3, third),
    scenario("passed on to another payer", 4, crossover),
    scenario("reversal and correction", 6, corrected),
    scenario("capitated", 5, capitated),
    scenario("inpatient by group", 7, inpatient),
    scenario("with interest", 6, interest),
    scenario("predetermination", 3, predetermination),
    scenario("bundled", 4, bundled),
    scenario("units reduced", 4, fewer_units),
    scenario("insured corrected", 4, insured_corrected),
    scenario("another payer comes first", 3, other_first),
    scenario("adjusted as a whole", 5, adjusted_as_a_whole),
    scenario("coverage expired", 3, expired),
];

fn one(claim: ClaimPayment) -> Vec<ClaimPayment> {
    vec![claim]
}

fn allowed(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    let mut claim = scene.claim("1");
    let high = if scene.plain { 3 } else { 6 };
    scene.lines(&mut claim, 1, high, |random| if random.chance(75) { Outcome::Shared } else { Outcome::Allowed });
    one(claim)
}

fn in_full(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    let mut claim = scene.claim("1");
    scene.lines(&mut claim, 1, 3, |_| Outcome::InFull);
    one(claim)
}

fn denied(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    let mut claim = scene.claim("1");
    scene.lines(&mut claim, 1, 4, |random| {
        let (group, reason) = random.pick(DENIALS);
        Outcome::Denied { group, reason }
    });
    one(claim)
}

/// Some reasons say too little without a remark.
fn denied_with_remark(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    let mut claim = scene.claim("1");
    let (group, reason) = scene.random.pick(&[("CO", "16"), ("CO", "96"), ("PR", "96"), ("CO", "226"), ("CO", "252")]);
    let share = scene.random.pick(&[100, 50]);
    scene.lines(&mut claim, 1, 4, |random| {
        if random.chance(share) { Outcome::Denied { group, reason } } else { Outcome::Shared }
    });
    for line in &mut claim.lines {
        if line.adjustments.iter().any(|adjustment| adjustment.reasons.iter().any(|given| given.reason == reason)) {
            let remarks = scene.random.between(1, 3);
            line.remarks = scene
                .random
                .several(remarks as usize, REMARKS)
                .into_iter()
                .map(|code| Remark { kind: text("HE"), code: text(code) })
                .collect();
        }
    }
    one(claim)
}

fn unknown_patient(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    let mut claim = scene.claim("4");
    let charge = scene.random.between(40, 900) * 100;
    scene.settle_as_a_whole(&mut claim, charge, Outcome::Denied { group: "CO", reason: "31" });
    claim.insured = None;
    one(claim)
}

fn second(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    one(after_others(scene, "2"))
}

fn third(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    one(after_others(scene, "3"))
}

fn after_others(scene: &mut Scene<'_>, status: &'static str) -> ClaimPayment {
    let mut claim = scene.claim(status);
    scene.lines(&mut claim, 1, 4, |random| Outcome::Left { to_patient: random.between(5, 60) * 25 });
    claim
}

fn crossover(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    let mut claim = scene.claim("19");
    scene.lines(&mut claim, 1, 4, |_| Outcome::Shared);
    claim.crossover_carrier = Some(Party {
        entity: text("2"),
        name: Some(text("BLUE HERON OF EXAMPLE")),
        id_kind: Some(text("PI")),
        id: Some(text("00570")),
        ..Party::default()
    });
    if claim.inpatient.is_none() {
        claim.outpatient =
            Some(OutpatientAdjudication { remark_codes: vec![text("MA18")], ..OutpatientAdjudication::default() });
    }
    one(claim)
}

/// The first decision with every sign turned, and the decision that takes its place.
fn corrected(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    let claim = allowed(scene).remove(0);
    let mut reversal = claim.clone();
    reversal.status = text("22");
    reversal.patient_responsibility = None;
    reversal.outpatient = None;
    reversal.amounts.clear();
    negate(&mut reversal.charge);
    negate(&mut reversal.paid);
    turn(&mut reversal.adjustments);
    for line in &mut reversal.lines {
        negate(&mut line.charge);
        negate(&mut line.paid);
        turn(&mut line.adjustments);
        line.amounts.clear();
    }
    let mut correction = claim;
    correction.payer_control_number = scene.random.like("P##########");
    correction.identifiers.push(Identifier {
        kind: text("F8"),
        value: reversal.payer_control_number.clone(),
        payer_id: None,
    });
    let (mut paid, mut patient) = (0, 0);
    for line in &mut correction.lines {
        let decision = decide(scene.random, cents(line.charge), Outcome::Shared);
        (paid, patient) = (paid + decision.paid, patient + decision.patient);
        settle_line(line, decision);
    }
    correction.paid = money(paid);
    correction.patient_responsibility = (patient > 0).then(|| money(patient)).flatten();
    vec![reversal, correction]
}

fn negate(amount: &mut Option<Decimal>) {
    *amount = amount.map(|amount| if amount.is_zero() { amount } else { -amount });
}

fn turn(adjustments: &mut [Adjustment]) {
    for reason in adjustments.iter_mut().flat_map(|adjustment| &mut adjustment.reasons) {
        negate(&mut reason.amount);
    }
}

fn capitated(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    let mut claim = scene.claim("1");
    scene.lines(&mut claim, 1, 4, |_| Outcome::Denied { group: "CO", reason: "24" });
    one(claim)
}

fn inpatient(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    if scene.trade != Trade::Hospital {
        return allowed(scene);
    }
    let mut claim = scene.claim("1");
    claim.place_of_service = Some(text("11"));
    claim.frequency = Some(text("1"));
    let charge = scene.random.between(4_000, 90_000) * 100;
    let days = scene.random.between(1, 12);
    scene.settle_as_a_whole(&mut claim, charge, Outcome::Shared);
    claim.drg = Some(text(scene.random.pick(&["470", "291", "193", "871", "065"])));
    claim.drg_weight = Some(Decimal::new(scene.random.between(700, 4200), 3).normalize());
    claim.outpatient = None;
    claim.inpatient = Some(InpatientAdjudication {
        covered_days: Some(Decimal::from(days)),
        drg_amount: claim.paid,
        remark_code: scene.random.chance(50).then(|| text("MA07")),
        pps_capital_amount: money(scene.random.between(50, 900) * 100),
        pps_operating_federal_drg_amount: money(scene.random.between(1000, 9000) * 100),
        ..InpatientAdjudication::default()
    });
    if let Some(first) = claim.statement_dates.first().and_then(|from| from.date) {
        claim.statement_dates = vec![
            PaymentDate { kind: text("232"), date: Some(first) },
            PaymentDate { kind: text("233"), date: Some(people::after(first, days)) },
        ];
    }
    claim.quantities = vec![Quantity { kind: text("CA"), quantity: Some(Decimal::from(days)) }];
    one(claim)
}

fn interest(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    let mut claim = allowed(scene).remove(0);
    claim.amounts.push(Amount { kind: text("I"), amount: money(scene.random.between(12, 900)) });
    one(claim)
}

fn predetermination(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    let mut claim = scene.claim("25");
    scene.lines(&mut claim, 1, 3, |_| Outcome::Denied { group: "OA", reason: "101" });
    one(claim)
}

/// Two services that were charged are paid as one.
fn bundled(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    let mut claim = scene.claim("1");
    if scene.trade != Trade::Physician || scene.max_lines < 2 {
        return allowed(scene);
    }
    let day = scene.day();
    let (first, second) = (scene.random.between(40, 300) * 100, scene.random.between(20, 90) * 100);
    let panel = hcpcs("80053", &[]);
    let mut kept = Decision { paid: first, ..Decision::default() };
    kept.take("OA", "94", -second);
    kept.take("CO", "45", (first + second) * scene.random.between(10, 40) / 100);
    let mut gone = Decision { paid: second, ..Decision::default() };
    gone.take("CO", "97", second);
    for (charge, decision, submitted) in [(first, kept, "82947"), (second, gone, "84132")] {
        let mut line = ServicePayment {
            procedure: Some(panel.clone()),
            charge: money(charge),
            quantity: Some(Decimal::ONE),
            submitted_procedure: Some(hcpcs(submitted, &[])),
            ..ServicePayment::default()
        };
        line.service_dates = vec![PaymentDate { kind: text("472"), date: Some(day) }];
        line.control_number = Some(scene.random.like("######-#"));
        settle_line(&mut line, decision);
        claim.lines.push(line);
    }
    scene.add_up(&mut claim);
    one(claim)
}

fn fewer_units(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    let mut claim = allowed(scene).remove(0);
    for line in claim.lines.iter_mut().take(1) {
        let asked = scene.random.between(3, 8);
        let charge = cents(line.charge);
        let given = scene.random.between(1, asked - 1);
        let reduction = charge * (asked - given) / asked;
        let mut decision = Decision { paid: charge, ..Decision::default() };
        decision.take("CO", "222", reduction);
        if let Some(reason) = decision.adjustments.first_mut().and_then(|adjustment| adjustment.reasons.first_mut()) {
            reason.quantity = Some(Decimal::from(asked - given));
        }
        decision.take("CO", "45", decision.paid / 5);
        line.quantity = Some(Decimal::from(given));
        line.submitted_quantity = Some(Decimal::from(asked));
        settle_line(line, decision);
    }
    scene.add_up(&mut claim);
    one(claim)
}

fn insured_corrected(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    let mut claim = allowed(scene).remove(0);
    claim.corrected_insured = Some(Party {
        entity: text("1"),
        first_name: Some(text("ROSALIND")),
        id_kind: Some(text("C")),
        id: Some(scene.random.like("@@########")),
        ..Party::default()
    });
    one(claim)
}

fn other_first(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    let mut claim = scene.claim("1");
    scene.lines(&mut claim, 1, 3, |_| Outcome::Denied { group: "CO", reason: "22" });
    claim.corrected_payer = Some(Party {
        entity: text("2"),
        name: Some(text("KEYSTONE MUTUAL ASSURANCE")),
        id_kind: Some(text("PI")),
        id: Some(text("87726")),
        ..Party::default()
    });
    claim.other_subscriber = Some(Party {
        entity: text("1"),
        name: Some(text("PEMBERTON")),
        first_name: Some(text("SILAS")),
        id_kind: Some(text("MI")),
        id: Some(scene.random.like("@@########")),
        ..Party::default()
    });
    one(claim)
}

/// Lines with adjustments of their own, and a withholding off the claim.
fn adjusted_as_a_whole(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    let mut claim = allowed(scene).remove(0);
    let held = cents(claim.paid) / 10;
    if held > 0 {
        let reason = AdjustmentReason { reason: text("104"), amount: money(held), quantity: None };
        claim.adjustments = vec![Adjustment { group: text("CO"), reasons: vec![reason] }];
        claim.paid = money(cents(claim.paid) - held);
    }
    one(claim)
}

fn expired(scene: &mut Scene<'_>) -> Vec<ClaimPayment> {
    let mut claim = scene.claim("1");
    let day = scene.day();
    claim.coverage_expiration_date = Some(people::before(day, 20));
    scene.lines(&mut claim, 1, 3, |_| Outcome::Denied { group: "PR", reason: "27" });
    one(claim)
}

impl Scene<'_> {
    /// The day of service.
    fn day(&mut self) -> Date {
        people::before(self.today, self.random.between(15, 100))
    }

    /// A payment with its parties, before any amount.
    fn claim(&mut self, status: &'static str) -> ClaimPayment {
        let patient = Person::aged(self.random, (3, 88), self.today);
        let number = self.random.like(if self.program == Program::Medicare { "1@?#@?#@@##" } else { "@@########" });
        let mut claim = ClaimPayment {
            control_number: self.random.like("????????????"),
            status: text(status),
            filing_indicator: text(match self.program {
                Program::Medicare if self.trade == Trade::Hospital => "MA",
                Program::Medicare => "MB",
                Program::Medicaid => "MC",
                Program::ManagedCare => "HM",
                Program::Tricare => "CH",
                _ => "12",
            }),
            payer_control_number: self.random.like("P##########"),
            patient: person(&patient, Some(number)),
            ..ClaimPayment::default()
        };
        match self.trade {
            Trade::Hospital => (claim.place_of_service, claim.frequency) = (Some(text("13")), Some(text("1"))),
            _ => (claim.place_of_service, claim.frequency) = (Some(text("11")), Some(text("1"))),
        }
        if self.plain {
            return claim;
        }
        if self.program != Program::Medicare && self.random.chance(30) {
            let holder = patient.relative(self.random, (25, 62), self.today);
            let number = self.random.like("@@########");
            claim.insured = Some(person(&holder, Some(number)));
            claim.patient.id_kind = None;
            claim.patient.id = None;
        }
        if self.random.chance(30) {
            let doctor = people::physician(self.random);
            claim.rendering_provider = Some(Party {
                entity: doctor.entity,
                name: Some(doctor.name),
                first_name: doctor.first_name,
                middle_name: doctor.middle_name,
                id_kind: Some(text("XX")),
                id: doctor.npi,
                ..Party::default()
            });
        }
        if self.random.chance(20) {
            claim.identifiers.push(Identifier {
                kind: text("1L"),
                value: self.random.like("GRP#####"),
                payer_id: None,
            });
        }
        if self.random.chance(15) {
            claim.identifiers.push(Identifier {
                kind: text("EA"),
                value: self.random.like("MR#######"),
                payer_id: None,
            });
        }
        if self.random.chance(10) {
            claim.rendering_provider_identifiers.push(Identifier {
                kind: text("G2"),
                value: self.random.like("@#####"),
                payer_id: None,
            });
        }
        if self.random.chance(30) {
            claim.received_date = Some(people::before(self.today, 12));
        }
        if self.random.chance(12) {
            let numbers = vec![people::reach("TE", people::telephone(self.random))];
            claim.contacts = vec![Contact { name: Some(text("PROVIDER SERVICES")), numbers }];
        }
        if self.trade == Trade::Hospital && self.random.chance(40) {
            claim.outpatient = Some(OutpatientAdjudication {
                reimbursement_rate: Some(Decimal::new(self.random.between(55, 99), 2).normalize()),
                remark_codes: vec![text("MA01")],
                ..OutpatientAdjudication::default()
            });
        }
        claim
    }

    /// Adds lines, each decided by itself, and adds them up.
    fn lines(&mut self, claim: &mut ClaimPayment, low: i64, high: i64, outcome: impl Fn(&mut Random) -> Outcome) {
        let tail = self.random.chance(2) && !self.plain;
        let count = match tail {
            true => {
                self.random.between(low, self.max_lines as i64).min(self.random.between(low, self.max_lines as i64))
            }
            false => self.random.between(low, high).min(self.max_lines as i64),
        };
        let day = self.day();
        let by_claim = self.random.chance(20);
        if by_claim {
            claim.statement_dates = vec![
                PaymentDate { kind: text("232"), date: Some(day) },
                PaymentDate { kind: text("233"), date: Some(people::after(day, 3)) },
            ];
        }
        claim.lines.reserve_exact(count as usize);
        for at in 0..count {
            let mut line = self.line(at);
            let outcome = match outcome(self.random) {
                Outcome::Left { to_patient } => Outcome::Left { to_patient: to_patient.min(cents(line.charge)) },
                outcome => outcome,
            };
            let decision = decide(self.random, cents(line.charge), outcome);
            settle_line(&mut line, decision);
            if !by_claim {
                line.service_dates = match self.random.chance(12) {
                    true => vec![
                        PaymentDate { kind: text("150"), date: Some(day) },
                        PaymentDate { kind: text("151"), date: Some(people::after(day, 2)) },
                    ],
                    false => vec![PaymentDate { kind: text("472"), date: Some(day) }],
                };
            }
            claim.lines.push(line);
        }
        self.add_up(claim);
    }

    /// A line before its decision.
    fn line(&mut self, at: i64) -> ServicePayment {
        let mut line = ServicePayment::default();
        let units = if self.random.chance(85) { 1 } else { self.random.between(2, 5) };
        let price = match self.trade {
            Trade::Physician => {
                let (code, price) = self.random.pick(if at == 0 { VISITS } else { OFFICE_SERVICES });
                line.procedure = Some(hcpcs(code, if self.random.chance(15) { &["25"] } else { &[] }));
                price
            }
            Trade::Dentist => {
                let (code, price) = self.random.pick(CLEANINGS);
                line.procedure = Some(Procedure { kind: text("AD"), code: text(code), ..Procedure::default() });
                price
            }
            Trade::Hospital => {
                let (code, procedure, price) = self.random.pick(OUTPATIENT);
                line.procedure = Some(hcpcs(procedure, &[]));
                line.revenue_code = Some(text(code));
                price
            }
        };
        line.charge = money(price * units);
        line.quantity = (units > 1 || self.random.chance(70)).then(|| Decimal::from(units));
        line.control_number = self.random.chance(70).then(|| self.random.like("######-#"));
        if self.plain {
            return line;
        }
        if self.random.chance(6) {
            line.identifiers.push(Identifier {
                kind: text("LU"),
                value: text(self.random.pick(&["11", "22"])),
                payer_id: None,
            });
        }
        if self.random.chance(6) {
            line.rendering_provider_identifiers.push(Identifier {
                kind: text("HPI"),
                value: people::npi(self.random),
                payer_id: None,
            });
        }
        if self.random.chance(5) {
            line.policies.push(self.random.like("L#####"));
        }
        if self.random.chance(6) {
            line.remarks.push(Remark { kind: text("HE"), code: text("N381") });
        }
        line
    }

    /// Decides about a claim without lines.
    fn settle_as_a_whole(&mut self, claim: &mut ClaimPayment, charge: i64, outcome: Outcome) {
        let decision = decide(self.random, charge, outcome);
        let day = self.day();
        claim.charge = money(charge);
        claim.paid = money(decision.paid);
        claim.patient_responsibility = (decision.patient > 0).then(|| money(decision.patient)).flatten();
        claim.adjustments = decision.adjustments;
        claim.statement_dates = vec![PaymentDate { kind: text("232"), date: Some(day) }];
    }

    /// Sets the amounts of a claim to the sums of its lines.
    fn add_up(&mut self, claim: &mut ClaimPayment) {
        claim.charge = money(claim.lines.iter().map(|line| cents(line.charge)).sum());
        claim.paid = money(claim.lines.iter().map(|line| cents(line.paid)).sum());
        let patient: i64 = claim
            .lines
            .iter()
            .flat_map(|line| &line.adjustments)
            .filter(|adjustment| adjustment.group == "PR")
            .flat_map(|adjustment| &adjustment.reasons)
            .map(|reason| cents(reason.amount))
            .sum();
        claim.patient_responsibility = (patient > 0).then(|| money(patient)).flatten();
        if !self.plain && claim.amounts.is_empty() && self.random.chance(20) {
            claim.amounts.push(Amount { kind: text("AU"), amount: claim.charge });
        }
    }
}

/// Gives a line its decision, and now and then the amount that was allowed.
fn settle_line(line: &mut ServicePayment, decision: Decision) {
    line.paid = money(decision.paid);
    line.amounts.clear();
    if decision.paid > 0 {
        line.amounts.push(Amount { kind: text("B6"), amount: money(decision.paid + decision.patient) });
    }
    line.adjustments = decision.adjustments;
}

fn person(person: &Person, number: Option<Text>) -> Party {
    Party {
        entity: text("1"),
        name: Some(person.last.clone()),
        first_name: Some(person.first.clone()),
        middle_name: person.middle.clone(),
        suffix: person.suffix.clone(),
        id_kind: number.is_some().then(|| text("MI")),
        id: number,
    }
}
