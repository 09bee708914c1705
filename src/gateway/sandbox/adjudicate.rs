//! What the payer decides about a claim, so that charge, payment and adjustments balance.

use serde::Deserialize;

use super::{Numbers, Outcome};
use crate::{
    claims::{
        Adjustment, AdjustmentReason, Amount, BillingProvider, Claim, ClaimPayment, Identifier, Line,
        OutpatientAdjudication, Party, Patient, Payer, PaymentDate, Procedure, Remark, ServicePayment, Subscriber,
    },
    record::{Date, Decimal, Text, When},
};

/// An accepted claim, as a line of its file has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Submission {
    pub(super) source: Source,
    pub(super) billing_provider: BillingProvider,
    pub(super) subscriber: Subscriber,
    pub(super) payer: Payer,
    pub(super) patient: Option<Patient>,
    #[serde(flatten)]
    pub(super) claim: Claim,
}

/// Where a claim stands in its file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Source {
    pub(super) byte_offset: u64,
}

/// A decision, and what of it belongs to no claim.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) claim: ClaimPayment,
    /// Interest on it, paid beside it.
    pub(super) interest: Decimal,
    /// What the provider got too much earlier, and owes.
    pub(super) overpaid: Decimal,
    /// Whether it waits for the delay.
    pub(super) later: bool,
}

/// How a line is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    InFull,
    /// Less the contractual part and the patient's.
    InPart,
    Denied,
    Capitated,
    /// Only priced: it asks what would be paid.
    Priced,
}

/// Percent of the charge that the contract does not allow.
const CONTRACTUAL: u32 = 20;
/// Percent of what is allowed that is the patient's.
const COINSURANCE: u32 = 20;
/// Percent of what is allowed on the first line that counts against the deductible.
const DEDUCTIBLE: u32 = 10;
/// Percent of what is allowed on the first line that is a copayment.
const COPAYMENT: u32 = 5;
/// Percent of the payment that a late payer adds.
const INTEREST: u32 = 1;

/// What becomes of an accepted claim in remittances; nothing of some.
pub(super) fn settle(
    submission: &Submission,
    outcome: Outcome,
    number: &Text,
    numbers: &mut Numbers,
    today: Date,
) -> Vec<Settled> {
    let claim = &submission.claim;
    // A void asks for no payment.
    if outcome == Outcome::RejectedAfterAcceptance || claim.frequency == "8" {
        return Vec::new();
    }
    let pay = |way: Way, number: &Text| payment(submission, way, number, today);
    let settled =
        |claim: ClaimPayment, later: bool| Settled { claim, interest: Decimal::ZERO, overpaid: Decimal::ZERO, later };
    // A predetermination is answered, and nothing is paid.
    if claim.submission_reason.as_deref() == Some("PB") {
        let priced = ClaimPayment { status: "25".into(), patient_responsibility: None, ..pay(Way::Priced, number) };
        return vec![settled(priced, matches!(outcome, Outcome::Late | Outcome::AcceptedAfterReceipt))];
    }
    match outcome {
        Outcome::PartlyPaid => vec![settled(pay(Way::InPart, number), false)],
        Outcome::Denied => vec![settled(ClaimPayment { status: "4".into(), ..pay(Way::Denied, number) }, false)],
        Outcome::PaidNothing => vec![settled(pay(Way::Capitated, number), false)],
        Outcome::Forwarded => vec![settled(forwarded(submission, pay(Way::InPart, number)), false)],
        Outcome::Corrected => {
            let first = pay(Way::InFull, number);
            let mut second = pay(Way::InPart, &numbers.claim());
            second.identifiers.push(Identifier { kind: "F8".into(), value: number.clone(), payer_id: None });
            let overpaid = paid(&first).saturating_sub(paid(&second));
            let reversal = settled(reversed(&first), true);
            vec![settled(first, false), reversal, Settled { overpaid, ..settled(second, true) }]
        }
        Outcome::Late => {
            let mut claim = pay(Way::InFull, number);
            let interest = percent(paid(&claim), INTEREST);
            if !interest.is_zero() {
                claim.amounts.push(Amount { kind: "I".into(), amount: Some(interest) });
            }
            vec![Settled { interest, ..settled(claim, true) }]
        }
        Outcome::AcceptedAfterReceipt => vec![settled(pay(Way::InFull, number), true)],
        _ => vec![settled(pay(Way::InFull, number), false)],
    }
}

fn paid(claim: &ClaimPayment) -> Decimal {
    claim.paid.unwrap_or_default()
}

fn payment(submission: &Submission, way: Way, number: &Text, today: Date) -> ClaimPayment {
    let Submission { claim, subscriber, patient, .. } = submission;
    let last = claim.lines.len().saturating_sub(1);
    let lines: Vec<ServicePayment> = claim
        .lines
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let way = if way == Way::InPart && at == last && last > 0 { Decided::DeniedLine } else { Decided::By(way) };
            service(claim, line, way, at == 0)
        })
        .collect();
    let sum = |of: fn(&ServicePayment) -> Option<Decimal>| {
        let amounts = lines.iter().filter_map(of);
        amounts.fold(Decimal::ZERO, |sum, one| sum.saturating_add(one)).normalize()
    };
    let patients = lines.iter().flat_map(|line| &line.adjustments).filter(|adjustment| adjustment.group == "PR");
    let patients = patients.flat_map(|adjustment| &adjustment.reasons).filter_map(|reason| reason.amount);
    let responsibility = patients.fold(Decimal::ZERO, |sum, one| sum.saturating_add(one)).normalize();
    let (of_patient, insured) = parties(subscriber, patient.as_ref());
    ClaimPayment {
        control_number: claim.control_number.clone(),
        status: rank(subscriber, ["1", "2", "3"]),
        charge: Some(sum(|line| line.charge)),
        paid: Some(sum(|line| line.paid)),
        patient_responsibility: (!responsibility.is_zero()).then_some(responsibility),
        filing_indicator: filing_indicator(subscriber.filing_indicator.as_deref()),
        payer_control_number: number.clone(),
        place_of_service: present(&claim.place_of_service),
        frequency: present(&claim.frequency),
        patient: of_patient,
        insured,
        rendering_provider: rendering(submission),
        identifiers: claim
            .medical_record_number
            .iter()
            .map(|value| Identifier { kind: "EA".into(), value: value.clone(), payer_id: None })
            .collect(),
        statement_dates: claim_dates(claim, &lines, today),
        lines,
        ..ClaimPayment::default()
    }
}

/// How a line is decided: as its claim, or by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decided {
    By(Way),
    DeniedLine,
}

fn service(claim: &Claim, line: &Line, decided: Decided, is_first: bool) -> ServicePayment {
    let charge = line.charge.unwrap_or_default().normalize();
    let mut decision = Decision { left: charge, ..Decision::default() };
    match decided {
        Decided::By(Way::InFull) => {}
        Decided::By(Way::InPart) => {
            decision.take("CO", "45", percent(charge, CONTRACTUAL));
            let allowed = decision.left;
            if is_first {
                decision.take("PR", "1", percent(allowed, DEDUCTIBLE));
                decision.take("PR", "3", percent(allowed, COPAYMENT));
            }
            decision.take("PR", "2", percent(allowed, COINSURANCE));
        }
        Decided::By(Way::Denied) => decision.deny("50", "N115"),
        Decided::DeniedLine => decision.deny("96", "N130"),
        Decided::By(Way::Capitated) => decision.take("CO", "24", charge),
        Decided::By(Way::Priced) => decision.take("OA", "101", charge),
    }
    let (procedure, revenue_code) = procedure(line);
    let allowed = decision.left.saturating_add(decision.patient).normalize();
    ServicePayment {
        procedure,
        charge: Some(charge),
        paid: Some(decision.left.normalize()),
        revenue_code,
        quantity: line.quantity.map(|quantity| quantity.normalize()),
        service_dates: line.service_date.or(claim.service_date).or(claim.statement_period).map_or_else(Vec::new, days),
        adjustments: decision.adjustments,
        control_number: line.control_number.clone(),
        amounts: if decision.left.is_zero() {
            Vec::new()
        } else {
            vec![Amount { kind: "B6".into(), amount: Some(allowed) }]
        },
        remarks: decision.remark.map(|code| Remark { kind: "HE".into(), code: code.into() }).into_iter().collect(),
        ..ServicePayment::default()
    }
}

/// What becomes of a charge.
#[derive(Debug, Default)]
struct Decision {
    /// What is left to be paid.
    left: Decimal,
    /// What the patient owes.
    patient: Decimal,
    adjustments: Vec<Adjustment>,
    remark: Option<&'static str>,
}

impl Decision {
    /// Takes an amount off the payment. Adjustments of nothing adjust nothing.
    fn take(&mut self, group: &'static str, reason: &'static str, amount: Decimal) {
        let amount = amount.normalize();
        if amount.is_zero() {
            return;
        }
        self.left = self.left.saturating_sub(amount);
        if group == "PR" {
            self.patient = self.patient.saturating_add(amount);
        }
        let reason = AdjustmentReason { reason: reason.into(), amount: Some(amount), quantity: None };
        match self.adjustments.iter_mut().find(|adjustment| adjustment.group == group) {
            Some(adjustment) => adjustment.reasons.push(reason),
            None => self.adjustments.push(Adjustment { group: group.into(), reasons: vec![reason] }),
        }
    }

    fn deny(&mut self, reason: &'static str, remark: &'static str) {
        self.take("CO", reason, self.left);
        self.remark = Some(remark);
    }
}

/// A share of an amount, in whole cents.
fn percent(amount: Decimal, percent: u32) -> Decimal {
    amount.checked_mul(Decimal::new(i64::from(percent), 2)).unwrap_or_default().round_dp(2).normalize()
}

/// The decision on another payer's turn: what is left goes on to it.
fn forwarded(submission: &Submission, claim: ClaimPayment) -> ClaimPayment {
    let next = submission
        .claim
        .other_coverages
        .iter()
        .map(|coverage| &coverage.payer)
        .find(|payer| !payer.name.is_empty() && !payer.id.is_empty());
    let (name, id) = next
        .map_or(("EXAMPLE SUPPLEMENTAL PLAN".into(), "99999".into()), |payer| (payer.name.clone(), payer.id.clone()));
    ClaimPayment {
        status: rank(&submission.subscriber, ["19", "20", "21"]),
        crossover_carrier: Some(Party {
            entity: "2".into(),
            name: Some(name),
            id_kind: Some("PI".into()),
            id: Some(id),
            ..Party::default()
        }),
        outpatient: Some(OutpatientAdjudication {
            remark_codes: vec!["MA18".into()],
            ..OutpatientAdjudication::default()
        }),
        ..claim
    }
}

/// A decision taken back: every amount with the opposite sign.
fn reversed(claim: &ClaimPayment) -> ClaimPayment {
    let mut reversal = claim.clone();
    reversal.status = "22".into();
    reversal.patient_responsibility = None;
    reversal.amounts.clear();
    turn(&mut reversal.charge);
    turn(&mut reversal.paid);
    for line in &mut reversal.lines {
        turn(&mut line.charge);
        turn(&mut line.paid);
        line.amounts.clear();
        for reason in line.adjustments.iter_mut().flat_map(|adjustment| &mut adjustment.reasons) {
            turn(&mut reason.amount);
        }
    }
    reversal
}

fn turn(amount: &mut Option<Decimal>) {
    *amount = amount.map(|amount| if amount.is_zero() { amount } else { -amount });
}

/// Status of a claim by the payer's rank among those that cover the patient.
fn rank(subscriber: &Subscriber, [first, second, third]: [&'static str; 3]) -> Text {
    match subscriber.responsibility.as_str() {
        "P" => first,
        "S" => second,
        _ => third,
    }
    .into()
}

/// CLP06, which has fewer codes than SBR09.
fn filing_indicator(stated: Option<&str>) -> Text {
    const KEPT: &[&str] =
        &["12", "13", "14", "15", "16", "17", "AM", "CH", "DS", "HM", "LM", "MA", "MB", "MC", "OF", "TV", "VA", "WC"];
    match stated {
        Some("BL" | "CI") => "12".into(),
        Some(code) if KEPT.contains(&code) => code.into(),
        _ => "ZZ".into(),
    }
}

/// The patient, and the insured where that is somebody else.
fn parties(subscriber: &Subscriber, patient: Option<&Patient>) -> (Party, Option<Party>) {
    let member_id = || subscriber.member_id.clone().filter(|id| !id.is_empty());
    let holder = Party {
        entity: subscriber.entity.clone(),
        name: present(&subscriber.name),
        first_name: subscriber.first_name.clone(),
        middle_name: subscriber.middle_name.clone(),
        suffix: subscriber.suffix.clone(),
        id_kind: member_id().and(subscriber.member_id_kind.clone()),
        id: member_id(),
    };
    let Some(patient) = patient else { return (holder, None) };
    let party = Party {
        entity: "1".into(),
        name: present(&patient.last_name),
        first_name: patient.first_name.clone(),
        middle_name: patient.middle_name.clone(),
        suffix: patient.suffix.clone(),
        ..Party::default()
    };
    let insured = holder.id.is_some().then_some(holder);
    (party, insured)
}

/// The rendering provider, unless it is the one that is paid.
fn rendering(submission: &Submission) -> Option<Party> {
    let provider = submission.claim.rendering_provider.as_ref()?;
    let npi = provider.npi.clone().filter(|npi| Some(npi) != submission.billing_provider.npi.as_ref())?;
    Some(Party {
        entity: provider.entity.clone(),
        name: present(&provider.name),
        first_name: provider.first_name.clone(),
        middle_name: provider.middle_name.clone(),
        suffix: provider.suffix.clone(),
        id_kind: Some("XX".into()),
        id: Some(npi),
    })
}

/// SVC01 and SVC04: a line without a procedure goes by its revenue code.
fn procedure(line: &Line) -> (Option<Procedure>, Option<Text>) {
    match (&line.procedure, &line.revenue_code) {
        (Some(procedure), revenue) if !procedure.code.is_empty() => {
            (Some(Procedure { description: None, ..procedure.clone() }), revenue.clone())
        }
        (_, Some(code)) => (Some(Procedure { kind: "NU".into(), code: code.clone(), ..Procedure::default() }), None),
        (procedure, None) => (procedure.clone(), None),
    }
}

/// From the first to the last day of a claim. One that has no day, and lines without, has this one: it asks what
/// would be paid for what has not been done.
fn claim_dates(claim: &Claim, lines: &[ServicePayment], today: Date) -> Vec<PaymentDate> {
    let is_dated = lines.iter().all(|line| !line.service_dates.is_empty());
    let stated = claim.statement_period.or(claim.service_date).and_then(span);
    let Some((from, to)) = stated.or((!is_dated).then_some((today, today))) else { return Vec::new() };
    [("232", from), ("233", to)].map(|(kind, date)| PaymentDate { kind: kind.into(), date: Some(date) }).into()
}

/// The day, or the first and the last, of a line.
fn days(when: When) -> Vec<PaymentDate> {
    let dated = |kind: &str, date: Date| PaymentDate { kind: kind.into(), date: Some(date) };
    match span(when) {
        Some((from, to)) if from == to => vec![dated("472", from)],
        Some((from, to)) => vec![dated("150", from), dated("151", to)],
        None => Vec::new(),
    }
}

fn span(when: When) -> Option<(Date, Date)> {
    match when {
        When::Date(date) | When::DateTime(date, _) => Some((date, date)),
        When::Period(from, to) => Some((from, to)),
        When::Time(_) => None,
    }
}

fn present(text: &Text) -> Option<Text> {
    Some(text.clone()).filter(|text| !text.is_empty())
}
