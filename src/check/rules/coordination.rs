//! Coordination of benefits (837, loops 2320, 2330 and 2430): what the other payers of a claim have
//! decided, said once and in the right place. That it adds up is the business of
//! [`balance`](super::balance).

use rust_decimal::Decimal;

use super::{
    super::{
        Check, Found, Scope,
        rule::{Rule, rules},
        scope::{At, Held, places},
    },
    bill::Bill,
};

rules! {
    PAID = Rule::error(4, "COB02", "coverage.paid.missing").ik3("I6").stc("A6:183:PR")
        .says("a payer that has decided about the claim does not say what it paid", "add AMT*D to loop 2320, with 0 if nothing was paid");
    DATE = Rule::error(4, "COB03", "coverage.adjudication.date").ik3("I6").stc("A6:516")
        .says("it is not said when the other payer decided about the claim", "add DTP*573 to loop 2330B, or to loop 2430 of each line that the payer decided about");
    DATE_TWICE = Rule::error(4, "COB03", "coverage.adjudication.date.twice").ik3("I9").stc("A7:516")
        .says("the other payer's date of decision stands both at the claim and at its lines", "remove DTP*573 from loop 2330B");
    PAYER_TWICE = Rule::warning(2, "COB04", "coverage.payer.twice").stc("A7:479")
        .says("two other coverages name the same payer id", "give each payer of the claim an id of its own (2330B NM109)");
    PAYER_DESTINATION = Rule::warning(2, "COB04", "coverage.payer.destination").stc("A7:479")
        .says("the other payer has the id of the payer that the claim goes to", "list other payers only, each with an id of its own (2330B NM109)");
    PAYER_UNKNOWN = Rule::warning(2, "COB04", "line.adjudication.payer").stc("A7:710")
        .says("the line names a payer that no other coverage of the claim has", "put into SVD01 the id of the payer as in 2330B NM109");
    DECIDED_TWICE = Rule::warning(2, "COB04", "line.adjudication.twice").stc("A7:710")
        .says("a payer decides twice about the same procedure of a line", "send one loop 2430 for each payer and procedure");
    BUNDLED = Rule::warning(2, "COB04", "line.adjudication.bundle").stc("A7:710")
        .says("the line is bundled into one that the claim does not have", "put into SVD06 the number (LX01) of a line of this claim");
    ZERO = Rule::error(2, "COB09", "coordination.adjustment.zero").stc("A7:519")
        .says("an adjustment is of nothing", "send adjustments with their amounts only, or none if there are none");
    AMOUNT = Rule::error(2, "COB09", "coordination.adjustment.amount").stc("A7:519")
        .says("an adjustment has a quantity but no amount", "send the amount of each adjustment");
    GAP = Rule::error(2, "COB09", "coordination.adjustment.gap").stc("A7:521")
        .says("reasons of adjustment stand behind a gap", "fill the segment from the left: reason, amount, quantity");
    GROUP_TWICE = Rule::error(2, "COB10", "coordination.adjustment.group").stc("A7:696")
        .says("the group has a second segment although the first has room", "send up to six reasons of a group in one CAS");
    REASON_TWICE = Rule::error(2, "COB10", "coordination.adjustment.reason").stc("A7:696")
        .says("the same adjustment stands twice", "send each group and reason once, with the sum of its amounts");
    BOTH_LEVELS = Rule::warning(2, "COB10", "coordination.adjustment.both-levels").stc("A7:696")
        .says("an adjustment of the claim repeats one of its lines", "send each adjustment either at the claim or at its lines");
    LIABILITY = Rule::error(4, "COB12", "coverage.liability.twice").stc("A7:639")
        .says("the patient's remaining liability stands both at the claim and at its lines", "remove AMT*EAF from loop 2320, or from the lines of this payer");
    LIABILITY_UNKNOWN = Rule::info(4, "COB12", "coverage.liability.missing").stc("A6:639")
        .says("it is not said what remains for the patient to pay after the other payer", "add AMT*EAF to loop 2320 or to the lines of this payer, with 0 if nothing does");
    NEGATIVE = Rule::error(2, "COB13", "line.adjudication.negative").stc("A7:643")
        .says("the other payer's payment for a line is negative", "send what was paid for the line (SVD02), 0 or more");
    NOT_BILLED = Rule::warning(4, "COB14", "coverage.not-billed.decision").stc("A7:596")
        .says("a payer that was not billed has decided about the claim", "remove AMT*A8, or what the payer is said to have decided");
    NOT_BILLED_AMOUNT = Rule::warning(4, "COB14", "coverage.not-billed.amount").stc("A7:596")
        .says("the charge not billed to a payer is not the claim charge", "put the claim charge (CLM02) into AMT*A8");
    INPATIENT = Rule::warning(4, "COB15", "coverage.inpatient")
        .says("an inpatient decision stands on a bill that is for no stay", "send the remarks of the decision in MOA");
    OUTPATIENT = Rule::warning(4, "COB15", "coverage.outpatient")
        .says("an outpatient decision stands on the bill of a stay", "send the remarks of the decision in MIA");
    RANK = Rule::warning(4, "COB20", "coverage.rank").stc("A7:742")
        .says("a payer has decided that ranks after the payer the claim goes to", "correct SBR01 of this coverage, or of the subscriber");
}

places! {
    CLM = "2300" / "CLM";
    COVERAGE = "2300" / "2320";
    LINE = "2300" / "2400";
    SUBSCRIBER = "2000B" / "SBR";
    DESTINATION = "2000B" / "2010BB";
    DESTINATION_NAME = "2010BB" / "NM1";
    SBR = "2320" / "SBR";
    CLAIM_ADJUSTMENTS = "2320" / "CAS";
    PAID_AT = "2320" / "AMT[D]";
    LIABILITY_AT = "2320" / "AMT[EAF]";
    NOT_BILLED_AT = "2320" / "AMT[A8]";
    MIA = "2320" / "MIA";
    MOA = "2320" / "MOA";
    PAYER = "2320" / "2330B";
    PAYER_NAME = "2330B" / "NM1";
    PAYER_DATE = "2330B" / "DTP";
    LX = "2400" / "LX";
    DECISION = "2400" / "2430";
    SVD = "2430" / "SVD";
    LINE_ADJUSTMENTS = "2430" / "CAS";
    LINE_LIABILITY = "2430" / "AMT";
}

pub(super) const CHECKS: &[Check] = &[
    Check::claims("2320", claim_adjustments).when([&CLAIM_ADJUSTMENTS]),
    Check::claims("2430", line_adjustments).when([&LINE_ADJUSTMENTS]),
    Check::claims("2430", decision),
    Check::claims("2300", coverages).when([&COVERAGE]),
];

/// The id of the payer of a coverage (2330B NM109).
pub(super) fn payer<'c>(coverage: Scope<'c>) -> Option<Held<'c>> {
    coverage.inner(&PAYER)?.first(&PAYER_NAME)
}

/// Whether two coverages share a payer id, so that decisions about lines could be either's.
pub(super) fn is_ambiguous(claim: Scope<'_>, id: &[u8]) -> bool {
    claim.loops(&COVERAGE).filter_map(payer).filter(|name| name.element(9) == id).nth(1).is_some()
}

/// The decisions of a payer about the lines of a claim.
fn decisions<'c>(claim: Scope<'c>, payer: &[u8]) -> impl Iterator<Item = Scope<'c>> {
    claim
        .loops(&LINE)
        .flat_map(|line| line.loops(&DECISION))
        .filter(move |one| one.first(&SVD).is_some_and(|svd| !payer.is_empty() && svd.element(1) == payer))
}

fn claim_adjustments(coverage: Scope<'_>, found: &mut Found<'_>) {
    adjustments(coverage, &CLAIM_ADJUSTMENTS, found);
}

fn line_adjustments(decision: Scope<'_>, found: &mut Found<'_>) {
    adjustments(decision, &LINE_ADJUSTMENTS, found);
}

/// Where the six reasons of a CAS begin.
const REASONS: [usize; 6] = [2, 5, 8, 11, 14, 17];

/// The adjustments of one level.
fn adjustments(scope: Scope<'_>, at: &At, found: &mut Found<'_>) {
    for (nth, cas) in scope.all(at).enumerate() {
        let mut gap = false;
        for n in REASONS.into_iter().take_while(|n| *n < cas.segment.len()) {
            let (reason, amount, quantity) = (cas.element(n), cas.element(n + 1), cas.element(n + 2));
            if reason.is_empty() {
                gap |= amount.is_empty() && quantity.is_empty();
                continue;
            }
            if gap {
                found.element(&GAP, cas, n);
                gap = false;
            }
            if amount.is_empty() {
                // Neither amount nor quantity is against the standard itself, as is a first reason without amount.
                if !quantity.is_empty() && n > 2 {
                    found.element(&AMOUNT, cas, n + 1);
                }
            } else if amount.iter().all(|byte| matches!(byte, b'0' | b'.')) && amount.contains(&b'0') {
                found.element(&ZERO, cas, n + 1);
            }
            let before = || scope.all(at).take(nth).filter(|other| other.element(1) == cas.element(1));
            let in_segment = REASONS.into_iter().take_while(|before| *before < n).any(|n| cas.element(n) == reason);
            if in_segment || before().any(|other| REASONS.into_iter().any(|n| other.element(n) == reason)) {
                found.element(&REASON_TWICE, cas, n);
            } else if n == 2 && before().any(|other| other.element(17).is_empty()) {
                found.element(&GROUP_TWICE, cas, 1);
            }
        }
    }
}

/// A payer's decision about a line.
fn decision(decision: Scope<'_>, found: &mut Found<'_>) {
    let Some(svd) = decision.first(&SVD) else { return };
    if svd.element(2).starts_with(b"-") && svd.number(2).is_some_and(|paid| paid < Decimal::ZERO) {
        found.element(&NEGATIVE, svd, 2);
    }
    let line = decision.around();
    let claim = line.around();
    let id = svd.element(1);
    let is_payer = |coverage: Scope<'_>| payer(coverage).is_some_and(|name| name.element(9) == id);
    if !id.is_empty() && !claim.loops(&COVERAGE).any(is_payer) {
        found.element(&PAYER_UNKNOWN, svd, 1);
    }
    let is_same = |other: Held<'_>| [1, 3, 4].into_iter().all(|n| other.element(n) == svd.element(n));
    let before = line.loops(&DECISION).take_while(|other| other.entry != decision.entry);
    if before.filter_map(|other| other.first(&SVD)).any(is_same) {
        found.segment(&DECIDED_TWICE, svd);
    }
}

/// The other coverages of a claim.
fn coverages(claim: Scope<'_>, found: &mut Found<'_>) {
    if !claim.has(&COVERAGE) {
        return;
    }
    bundles(claim, found);
    payers(claim, found);
    let bill = Bill::of(claim).filter(|_| claim.is("837I"));
    for coverage in claim.loops(&COVERAGE) {
        let decided = Decided::by(claim, coverage);
        if !is_ambiguous(claim, decided.payer) {
            decided.check(claim, found);
        }
        if let (Some(bill), Some(mia)) = (bill, coverage.first(&MIA))
            && bill.is_visit()
        {
            found.segment(&INPATIENT, mia).trigger(bill.clm, 5, 1);
        }
        if let (Some(bill), Some(moa)) = (bill, coverage.first(&MOA))
            && bill.is_stay()
        {
            found.segment(&OUTPATIENT, moa).trigger(bill.clm, 5, 1);
        }
    }
}

/// SVD06 names a line of the claim, which may come later.
fn bundles(claim: Scope<'_>, found: &mut Found<'_>) {
    for decision in claim.loops(&LINE).flat_map(|line| line.loops(&DECISION)) {
        let Some(svd) = decision.first(&SVD).filter(|svd| !svd.element(6).is_empty()) else { continue };
        let is_line = |line: Scope<'_>| line.first(&LX).is_some_and(|lx| lx.number(1) == svd.number(6));
        if !claim.loops(&LINE).any(is_line) {
            found.element(&BUNDLED, svd, 6);
        }
    }
}

/// Each payer has an id of its own.
fn payers(claim: Scope<'_>, found: &mut Found<'_>) {
    let destination = claim
        .up("2000B")
        .and_then(|subscriber| subscriber.inner(&DESTINATION)?.first(&DESTINATION_NAME))
        .map_or(b"" as &[u8], |name| name.element(9));
    for (nth, name) in claim.loops(&COVERAGE).map(payer).enumerate() {
        let Some(name) = name.filter(|name| !name.element(9).is_empty()) else { continue };
        let mut before = claim.loops(&COVERAGE).take(nth).filter_map(payer);
        if name.element(9) == destination {
            found.element(&PAYER_DESTINATION, name, 9);
        } else if before.any(|other| other.element(9) == name.element(9)) {
            found.element(&PAYER_TWICE, name, 9);
        }
    }
}

/// What a coverage and its lines say of a payer's decision.
struct Decided<'c> {
    coverage: Scope<'c>,
    /// The payer's id; empty if it has none.
    payer: &'c [u8],
    paid: Option<Held<'c>>,
    not_billed: Option<Held<'c>>,
    /// DTP*573 of 2330B.
    date: Option<Held<'c>>,
    /// The first decision about a line.
    line: Option<Held<'c>>,
    /// The first remaining liability of a line.
    line_liability: Option<Held<'c>>,
}

impl<'c> Decided<'c> {
    fn by(claim: Scope<'c>, coverage: Scope<'c>) -> Self {
        let id = payer(coverage).map_or(b"" as &[u8], |name| name.element(9));
        let liability = decisions(claim, id).find_map(|one| one.first(&LINE_LIABILITY));
        Self {
            coverage,
            payer: id,
            paid: coverage.first(&PAID_AT),
            not_billed: coverage.first(&NOT_BILLED_AT),
            date: coverage.inner(&PAYER).and_then(|payer| payer.first(&PAYER_DATE)),
            line: decisions(claim, id).next().and_then(|one| one.first(&SVD)),
            line_liability: liability,
        }
    }

    fn check(&self, claim: Scope<'c>, found: &mut Found<'_>) {
        let Self { coverage, paid, line, .. } = *self;
        // What shows that the payer has decided, the amount paid apart.
        let shown = [&CLAIM_ADJUSTMENTS, &MIA, &MOA].into_iter().find_map(|at| coverage.first(at));
        let shown = shown.or(self.date).or(line);
        if let Some(not_billed) = self.not_billed {
            return self.not_billed(claim, not_billed, shown, found);
        }
        if let (None, Some(shown)) = (paid, shown) {
            found.missing(&PAID, coverage, &PAID_AT).trigger(shown, 0, 0);
        }
        match (self.date, line) {
            (None, None) => {
                if let (Some(paid), Some(payer)) = (paid, coverage.inner(&PAYER)) {
                    found.missing(&DATE, payer, &PAYER_DATE).trigger(paid, 0, 0);
                }
            }
            (Some(date), Some(line)) => {
                found.segment(&DATE_TWICE, date).trigger(line, 0, 0);
            }
            _ => {}
        }
        match (coverage.first(&LIABILITY_AT), self.line_liability) {
            (Some(liability), Some(of_line)) => {
                found.segment(&LIABILITY, liability).trigger(of_line, 0, 0);
            }
            (None, None) if paid.is_some() => {
                found.missing(&LIABILITY_UNKNOWN, coverage, &LIABILITY_AT);
            }
            _ => {}
        }
        if coverage.has(&CLAIM_ADJUSTMENTS) && line.is_some() {
            self.both_levels(claim, found);
        }
        if paid.is_some() || line.is_some() {
            self.rank(claim, found);
        }
    }

    fn not_billed(&self, claim: Scope<'c>, amount: Held<'c>, shown: Option<Held<'c>>, found: &mut Found<'_>) {
        if let Some(shown) = self.paid.or(shown) {
            found.segment(&NOT_BILLED, amount).trigger(shown, 0, 0);
        }
        let Some(charge) = claim.first(&CLM).and_then(|clm| clm.number(2)) else { return };
        if amount.number(2).is_some_and(|amount| amount != charge) {
            found.element(&NOT_BILLED_AMOUNT, amount, 2).expected(charge);
        }
    }

    /// An adjustment of the claim is not one of its lines, nor the sum of theirs.
    fn both_levels(&self, claim: Scope<'c>, found: &mut Found<'_>) {
        for cas in self.coverage.all(&CLAIM_ADJUSTMENTS) {
            for n in REASONS.into_iter().take_while(|n| *n < cas.segment.len()) {
                let (reason, Some(amount)) = (cas.element(n), cas.number(n + 1)) else { continue };
                let of_lines = decisions(claim, self.payer)
                    .flat_map(|one| one.all(&LINE_ADJUSTMENTS))
                    .filter(|other| other.element(1) == cas.element(1))
                    .flat_map(|other| REASONS.into_iter().map(move |n| (other, n)))
                    .filter(|(other, n)| other.element(*n) == reason)
                    .filter_map(|(other, n)| other.number(n + 1));
                let (mut sum, mut met) = (Decimal::ZERO, false);
                for of_line in of_lines {
                    met |= of_line == amount;
                    sum += of_line;
                }
                if !reason.is_empty() && (met || sum == amount && sum != Decimal::ZERO) {
                    found.element(&BOTH_LEVELS, cas, n);
                }
            }
        }
    }

    fn rank(&self, claim: Scope<'c>, found: &mut Found<'_>) {
        let Some(sbr) = self.coverage.first(&SBR) else { return };
        let destination = claim.up("2000B").and_then(|subscriber| subscriber.first(&SUBSCRIBER));
        let Some(destination) = destination else { return };
        if let (Some(rank), Some(of_destination)) = (rank(sbr.element(1)), rank(destination.element(1)))
            && rank > of_destination
        {
            found.element(&RANK, sbr, 1).trigger(destination, 1, 0);
        }
    }
}

/// The place of a payer in the order of payment (SBR01); `None` where it is unknown.
fn rank(code: &[u8]) -> Option<usize> {
    let &[code] = code else { return None };
    b"PSTABCDEFGH".iter().position(|known| *known == code)
}
