//! Claim payments (835): whether charge, adjustments and payment of a claim and its lines balance, what its
//! status (CLP02) calls for, who is named, and the dates.

use super::{
    super::{
        Check, Found, Scope,
        memory::Sum,
        rule::{Rule, rules},
        scope::{At, Held, places},
    },
    adjustment::{Reason, reasons},
};

rules! {
    CLAIM_BALANCE = Rule::error(3, "R02", "payment.balance.claim").ik4("I12")
        .says("the payment of the claim (CLP04) is not its charge less all adjustments of the claim and its lines", "correct CLP04, or the adjustment that is missing or wrong");
    LINE_BALANCE = Rule::error(3, "R03", "payment.balance.line").ik4("I12")
        .says("the payment of the line (SVC03) is not its charge less its adjustments", "correct SVC03, or the adjustment that is missing or wrong");
    CHARGE_SUM = Rule::error(3, "R04", "payment.charge.sum").ik4("I12")
        .says("the charge of the claim (CLP03) is not the sum of the charges of its lines", "correct CLP03 or the charge of a line (SVC02)");
    RESPONSIBILITY = Rule::error(3, "R09", "payment.responsibility.sum").ik4("I12").stc("A7:639")
        .says("the patient's part (CLP05) is not the sum of the adjustments of group PR", "write the sum of all PR adjustments of the claim and its lines; nothing if there are none");
    UNKNOWN_PATIENT = Rule::warning(4, "R20", "payment.denied.paid").ik4("I12")
        .says("status 4 says that the patient is not known, yet something is paid", "use status 1, 2 or 3 for a claim that was decided");
    CROSSOVER_MISSING = Rule::error(4, "R21", "payment.crossover.carrier").ik3("I6")
        .says("the claim was forwarded, but not said to whom", "add NM1*TT with the carrier, or another status (CLP02) if it was not forwarded");
    CROSSOVER_UNCALLED = Rule::error(4, "R21", "payment.crossover.status").ik3("I9")
        .says("a carrier to which the claim was forwarded is named, and the status says that it was not", "use status 19, 20, 21 or 23, or leave NM1*TT out");
    REVERSAL_SIGN = Rule::error(4, "R22", "payment.reversal.sign").ik4("I12")
        .says("a reversal has an amount that is not reversed", "repeat every amount of the claim that is reversed, with the opposite sign");
    REVERSAL_RESPONSIBILITY = Rule::warning(4, "R22", "payment.reversal.responsibility").ik4("I13")
        .says("a reversal states the patient's part (CLP05)", "leave CLP05 empty");
    PREDETERMINATION_PAID = Rule::warning(4, "R23", "payment.predetermination.paid").ik4("I12")
        .says("a predetermination (status 25) pays something", "write 0 in CLP04: nothing is paid before treatment");
    PREDETERMINATION_REASON = Rule::warning(4, "R23", "payment.predetermination.reason").ik3("I6")
        .says("a predetermination (status 25) has no adjustment OA with reason 101", "report what would be paid as CAS*OA*101");
    SAME_INSURED = Rule::warning(4, "R24", "payment.insured.same").ik3("I9")
        .says("the insured is the patient, and is named twice", "leave NM1*IL out");
    SAME_RENDERING = Rule::warning(4, "R24", "payment.rendering.same").ik3("I9")
        .says("the rendering provider is the payee", "leave NM1*82 out");
    OTHER_SUBSCRIBER = Rule::warning(4, "R24", "payment.other-subscriber.payer").ik3("I9")
        .says("the subscriber of another payer is named without that payer", "add NM1*PR with the payer that comes first, or leave NM1*GB out");
    LINE_DATE = Rule::error(4, "R25", "payment.line.date").ik3("I6")
        .says("neither the line nor the claim has a date of service", "add DTM*472 to the line, or DTM*232 to the claim");
    THROUGH_ALONE = Rule::error(4, "R25", "payment.date.from").ik3("I6")
        .says("the claim has a last day of service and no first one", "add DTM*232");
    LINE_RANGE = Rule::error(4, "R25", "payment.line.range").ik4("I12")
        .says("the dates of the line are not one day (472) and not a range (150 and 151)", "write DTM*472 for one day, DTM*150 and DTM*151 for several");
    BACKWARDS = Rule::warning(4, "R25", "payment.date.order").ik4("I12")
        .says("the last day of service is before the first", "correct one of the two dates");
    EXPIRATION = Rule::warning(4, "R26", "payment.coverage.expiration").ik3("I6")
        .says("the claim was refused since coverage had ended (reason 27), but not said when", "add DTM*036 with the day on which coverage ended");
    SAME_PROCEDURE = Rule::error(4, "R28", "payment.procedure.same").ik4("I13")
        .says("the procedure as submitted (SVC06) is the one that was decided (SVC01)", "leave SVC06 out; it is for a procedure that the payer changed");
    SAME_UNITS = Rule::error(2, "R29", "payment.units.same").ik4("I13")
        .says("the units as submitted (SVC07) are those that were paid (SVC05)", "leave SVC07 out; it is for units that the payer changed");
    BUNDLED = Rule::warning(4, "R30", "payment.bundled.procedure").ik4("I9")
        .says("a line was bundled into another (reason 97), but the procedure that was submitted is missing", "add SVC06 with the procedure of the claim");
    BOTH_ADJUDICATIONS = Rule::warning(2, "R34", "payment.adjudication.both").ik3("I9")
        .says("inpatient (MIA) and outpatient (MOA) information stand together", "send MIA for inpatient claims, MOA for all others");
}

places! {
    CLP = "2100" / "CLP";
    CAS = "2100" / "CAS";
    PATIENT = "2100" / "NM1[QC]";
    INSURED = "2100" / "NM1[IL]";
    RENDERING = "2100" / "NM1[82]";
    CARRIER = "2100" / "NM1[TT]";
    PRIORITY_PAYER = "2100" / "NM1[PR]";
    OTHER = "2100" / "NM1[GB]";
    MIA = "2100" / "MIA";
    MOA = "2100" / "MOA";
    DATES = "2100" / "DTM[232]";
    ENDED = "2100" / "DTM[036]";
    AMT = "2100" / "AMT";
    LINE = "2100" / "2110";
    SVC = "2110" / "SVC";
    LINE_DATES = "2110" / "DTM";
    LINE_CAS = "2110" / "CAS";
    PAYEE = "" / "1000B";
    N1 = "1000B" / "N1";
}

pub(super) const CHECKS: &[Check] = &[
    Check::new("2100", &["835"], balance),
    Check::new("2100", &["835"], status),
    Check::new("2100", &["835"], people).when([&INSURED, &RENDERING, &OTHER, &MOA]),
    Check::new("2100", &["835"], claim_dates).when([&DATES]),
    Check::new("2110", &["835"], line),
];

/// CLP03 less adjustments is CLP04, SVC02 less adjustments is SVC03, and the lines add up to the claim.
fn balance(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(clp) = claim.first(&CLP) else { return };
    let (charge, paid) = (clp.number(3), clp.number(4));
    found.memory.paid.add(paid);
    found.memory.charged.add(charge);
    for amt in claim.all(&AMT).filter(|amt| amt.element(1) == b"I") {
        found.memory.interest.add(amt.number(2));
    }
    let mut of_claim = Adjusted::of(claim, &CAS);
    let mut charges = Sum::default();
    for line in claim.loops(&LINE) {
        let Some(svc) = line.first(&SVC) else { continue };
        let of_line = Adjusted::of(line, &LINE_CAS);
        let (charge, paid) = (svc.number(2), svc.number(3));
        charges.add(charge);
        if let (Some(paid), Some(due)) = (paid, of_line.left_of(charge))
            && paid != due
        {
            found.element(&LINE_BALANCE, svc, 3).expected(due);
        }
        of_claim.add(of_line);
    }
    if let (Some(paid), Some(due)) = (paid, of_claim.left_of(charge))
        && paid != due
    {
        found.element(&CLAIM_BALANCE, clp, 4).expected(due);
    }
    if let (Some(charge), Some(sum)) = (charge, charges.total())
        && charge != sum
        && claim.has(&LINE)
    {
        found.element(&CHARGE_SUM, clp, 3).expected(sum);
    }
    responsibility(clp, of_claim.patient, found);
    if of_claim.raised.is_some() {
        bundling(claim, found);
    }
    if let Some(reason) = of_claim.ended.filter(|_| !claim.has(&ENDED)) {
        let (cas, at) = reason.place();
        found.missing(&EXPIRATION, claim, &ENDED).trigger(cas, at, 0);
    }
}

/// CLP05 is what the adjustments leave to the patient.
fn responsibility(clp: Held<'_>, patient: Sum, found: &mut Found<'_>) {
    let stated = clp.element(5);
    if clp.element(2) == b"22" {
        if !stated.is_empty() {
            found.element(&REVERSAL_RESPONSIBILITY, clp, 5).trigger(clp, 2, 0);
        }
        return;
    }
    // Before treatment nobody owes anything.
    if clp.element(2) == b"25" {
        return;
    }
    let Some(sum) = patient.total() else { return };
    let due = if sum.is_sign_negative() { Default::default() } else { sum };
    let stated = if stated.is_empty() { Some(Default::default()) } else { clp.number(5) };
    if stated.is_some_and(|stated| stated != due) {
        found.element(&RESPONSIBILITY, clp, 5).expected(due);
    }
}

/// What adjustments take away, and which of them call for more.
#[derive(Clone, Copy, Default)]
struct Adjusted<'c> {
    all: Sum,
    /// Those of group PR.
    patient: Sum,
    /// A line that was raised, since others were bundled into it: OA 94.
    raised: Option<Reason<'c>>,
    /// Coverage had ended: 27.
    ended: Option<Reason<'c>>,
}

impl<'c> Adjusted<'c> {
    fn of(scope: Scope<'c>, at: &At) -> Self {
        let mut adjusted = Self::default();
        for reason in reasons(scope, at) {
            let amount = reason.amount();
            adjusted.all.add(amount);
            if reason.group() == b"PR" {
                adjusted.patient.add(amount);
            }
            match reason.code() {
                b"94" if reason.group() == b"OA" => adjusted.raised = Some(reason),
                b"27" => adjusted.ended = Some(reason),
                _ => {}
            }
        }
        adjusted
    }

    fn add(&mut self, other: Self) {
        self.all.add(other.all.total());
        self.patient.add(other.patient.total());
        self.raised = self.raised.or(other.raised);
        self.ended = self.ended.or(other.ended);
    }

    /// What is left of a charge.
    fn left_of(self, charge: Option<rust_decimal::Decimal>) -> Option<rust_decimal::Decimal> {
        let mut left = Sum::default();
        left.add(charge);
        left.subtract(self.all.total());
        left.total()
    }
}

/// What CLP02 calls for.
fn status(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(clp) = claim.first(&CLP) else { return };
    let pays = |element| clp.number(element).is_some_and(|amount| !amount.is_zero());
    match (clp.element(2), claim.first(&CARRIER)) {
        (b"19" | b"20" | b"21" | b"23", None) => {
            found.missing(&CROSSOVER_MISSING, claim, &CARRIER).trigger(clp, 2, 0);
        }
        (b"1" | b"2" | b"3" | b"4" | b"22" | b"25", Some(carrier)) => {
            found.segment(&CROSSOVER_UNCALLED, carrier).trigger(clp, 2, 0);
        }
        _ => {}
    }
    match clp.element(2) {
        b"4" if pays(4) => {
            found.element(&UNKNOWN_PATIENT, clp, 4).trigger(clp, 2, 0);
        }
        b"22" => reversal(claim, clp, found),
        b"25" => {
            if pays(4) {
                found.element(&PREDETERMINATION_PAID, clp, 4).trigger(clp, 2, 0);
            }
            let is_priced = |reason: Reason<'_>| (reason.group(), reason.code()) == (b"OA", b"101");
            if pays(3)
                && !reasons(claim, &CAS).any(is_priced)
                && !claim.loops(&LINE).any(|line| reasons(line, &LINE_CAS).any(is_priced))
            {
                found.missing(&PREDETERMINATION_REASON, claim, &CAS).trigger(clp, 2, 0);
            }
        }
        _ => {}
    }
}

/// What was charged and paid stands with the opposite sign.
fn reversal(claim: Scope<'_>, clp: Held<'_>, found: &mut Found<'_>) {
    let lines = claim.loops(&LINE).filter_map(|line| line.first(&SVC));
    let amounts = [(clp, 3), (clp, 4)].into_iter().chain(lines.flat_map(|svc| [(svc, 2), (svc, 3)]));
    for (held, element) in amounts {
        if held.number(element).is_some_and(|amount| amount.is_sign_positive() && !amount.is_zero()) {
            found.element(&REVERSAL_SIGN, held, element).trigger(clp, 2, 0);
        }
    }
}

fn people(claim: Scope<'_>, found: &mut Found<'_>) {
    if let (Some(insured), Some(patient)) = (claim.first(&INSURED), claim.first(&PATIENT)) {
        let is_same = |element| insured.element(element) == patient.element(element);
        if !patient.element(9).is_empty() && [3, 4, 9].into_iter().all(is_same) {
            found.segment(&SAME_INSURED, insured).trigger(patient, 9, 0);
        }
    }
    if let Some(rendering) = claim.first(&RENDERING)
        && let Some(payee) = claim.up("").and_then(|set| set.inner(&PAYEE)?.first(&N1))
        && (rendering.element(8), rendering.element(9)) == (payee.element(3), payee.element(4))
        && !rendering.element(9).is_empty()
    {
        found.segment(&SAME_RENDERING, rendering).trigger(payee, 4, 0);
    }
    if let Some(other) = claim.first(&OTHER)
        && !claim.has(&PRIORITY_PAYER)
    {
        found.segment(&OTHER_SUBSCRIBER, other);
    }
    if let (Some(_), Some(outpatient)) = (claim.first(&MIA), claim.first(&MOA)) {
        found.segment(&BOTH_ADJUDICATIONS, outpatient);
    }
}

fn claim_dates(claim: Scope<'_>, found: &mut Found<'_>) {
    let date = |code: &[u8]| claim.all(&DATES).find(|dtm| dtm.element(1) == code);
    match (date(b"232"), date(b"233")) {
        (None, Some(through)) => {
            found.missing(&THROUGH_ALONE, claim, &DATES).trigger(through, 1, 0);
        }
        (Some(from), Some(through)) if is_backwards(from, through) => {
            found.element(&BACKWARDS, through, 2).trigger(from, 2, 0);
        }
        _ => {}
    }
}

/// Lines that were bundled into one that was raised say what they were. Without a line that was raised, reason
/// 97 is about a service decided before.
fn bundling(claim: Scope<'_>, found: &mut Found<'_>) {
    for line in claim.loops(&LINE) {
        if let Some(svc) = line.first(&SVC).filter(|svc| svc.element(6).is_empty())
            && let Some(reason) = reasons(line, &LINE_CAS).find(|reason| reason.code() == b"97")
        {
            let (cas, at) = reason.place();
            found.element(&BUNDLED, svc, 6).trigger(cas, at, 0);
        }
    }
}

fn line(line: Scope<'_>, found: &mut Found<'_>) {
    let Some(svc) = line.first(&SVC) else { return };
    line_dates(line, svc, found);
    let (submitted, decided) = (svc.element(6), svc.element(1));
    if !submitted.is_empty() && submitted == decided {
        found.element(&SAME_PROCEDURE, svc, 6);
    }
    if !svc.element(7).is_empty() {
        // One unit is paid where SVC05 does not say.
        let paid = if svc.element(5).is_empty() { Some(1.into()) } else { svc.number(5) };
        if paid.is_some() && paid == svc.number(7) {
            found.element(&SAME_UNITS, svc, 7);
        }
    }
}

fn line_dates(line: Scope<'_>, svc: Held<'_>, found: &mut Found<'_>) {
    let mut dates = line.all(&LINE_DATES);
    match (dates.next(), dates.next()) {
        (None, _) => {
            if !line.around().has(&DATES) {
                found.missing(&LINE_DATE, line, &LINE_DATES).trigger(svc, 0, 0);
            }
        }
        (Some(only), None) => {
            if matches!(only.element(1), b"150" | b"151") {
                found.element(&LINE_RANGE, only, 1);
            }
        }
        (Some(one), Some(other)) => match (one.element(1), other.element(1)) {
            (b"150", b"151") if is_backwards(one, other) => {
                found.element(&BACKWARDS, other, 2).trigger(one, 2, 0);
            }
            (b"151", b"150") if is_backwards(other, one) => {
                found.element(&BACKWARDS, one, 2).trigger(other, 2, 0);
            }
            (b"150", b"151") | (b"151", b"150") => {}
            (b"150" | b"151" | b"472", b"150" | b"151" | b"472") => {
                found.element(&LINE_RANGE, other, 1);
            }
            // A qualifier that is no code of the guide is reported as such.
            _ => {}
        },
    }
}

fn is_backwards(from: Held<'_>, through: Held<'_>) -> bool {
    from.date(2).zip(through.date(2)).is_some_and(|(from, through)| through < from)
}
