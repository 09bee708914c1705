//! The payment as a whole (835): whether what is paid is what the claims and provider adjustments come to, and
//! how it is paid, by whom, to whom.

use super::super::{
    Check, Found, Scope,
    memory::Sum,
    rule::{Rule, rules},
    scope::{Held, places},
};

rules! {
    BALANCE = Rule::error(3, "R01", "remittance.balance").ik4("I12")
        .says("the payment (BPR02) is not the sum of the claim payments (CLP04) less the provider adjustments (PLB)", "correct BPR02, or the claim or adjustment that is missing or wrong");
    INTEREST = Rule::error(3, "R27", "remittance.interest").ik3("I6")
        .says("the interest of the claims (AMT*I) is not paid in the provider adjustments", "add PLB with L6 and the sum of the interest, with a minus");
    ZERO_ADJUSTMENT = Rule::error(3, "R06", "remittance.adjustment.zero").ik4("7")
        .says("a provider adjustment of zero adjusts nothing", "leave it out");
    NEGATIVE = Rule::error(4, "R13", "remittance.payment.negative").ik4("I12")
        .says("the payment (BPR02) is negative", "pay 0 and carry the balance forward in PLB with FB");
    FORWARD_PAID = Rule::error(4, "R13", "remittance.forward.payment").ik4("I12")
        .says("a balance is carried forward, and yet something is paid", "carry forward just what makes the payment 0");
    NOTHING_PAID = Rule::error(4, "R12", "remittance.payment.none").ik4("7")
        .says("nothing is paid, but BPR01 and BPR04 announce a payment", "send H with NON, or P with ACH for a prenotification");
    SOMETHING_PAID = Rule::error(4, "R12", "remittance.payment.announced").ik4("7")
        .says("something is paid, but BPR01 and BPR04 say that it is not", "H and NON are for payments of 0 only");
    NO_ADVICE = Rule::error(4, "R14", "remittance.advice.missing").ik3("I7")
        .says("BPR01 announces remittance data, and there is none", "add the claims (loop 2000) or a provider adjustment (PLB)");
    BANK_MISSING = Rule::error(4, "R15", "remittance.bank.missing").ik4("I9")
        .says("an electronic payment needs the banks and accounts on both sides", "fill in BPR05 (for ACH), BPR06 to BPR09, and BPR12 to BPR15");
    BANK_UNCALLED = Rule::error(4, "R15", "remittance.bank.check").ik4("I13")
        .says("a bank or account is named, and nothing is transferred", "leave it out, or correct the method of payment (BPR04)");
    TRACE_PAYER = Rule::warning(2, "R16", "remittance.trace.payer").ik4("I12")
        .says("TRN03 and BPR10 name different payers", "write the same identifier in both: 1 and the payer's tax number");
    TRACE_COMPANY = Rule::warning(2, "R16", "remittance.trace.company").ik4("I12")
        .says("TRN04 and BPR11 differ", "write the same code in both");
    PAYEE_TAX = Rule::warning(2, "R17", "remittance.payee.tax").ik3("I6")
        .says("the payee is named by its NPI, without its tax number", "add REF*TJ with the payee's tax number");
    PAYEE_TAX_TWICE = Rule::warning(2, "R17", "remittance.payee.tax.twice").ik3("I9")
        .says("the payee's tax number stands twice", "leave REF*TJ out where N103 is FI");
    CLAIM_COUNT = Rule::warning(4, "R18", "remittance.provider.count").ik4("I12")
        .says("TS304 is not the number of claims that follow", "count the claims of the loop again");
    CLAIM_CHARGES = Rule::warning(4, "R18", "remittance.provider.charge").ik4("I12")
        .says("TS305 is not the sum of the charges of the claims that follow", "add up CLP03 of the claims of the loop again");
    FORWARD_REFERENCE = Rule::error(2, "R33", "remittance.forward.reference").ik4("I9")
        .says("a balance that is carried forward does not say from where", "name the payment (TRN02) in PLB after FB");
    FORWARD_TRACE = Rule::warning(2, "R33", "remittance.forward.trace").ik4("I12")
        .says("a balance is carried forward from this payment, but another is named", "write TRN02 of this payment after FB");
    US_DOLLARS = Rule::warning(2, "R35", "remittance.currency").ik3("I9")
        .says("the currency is stated and is the US dollar", "leave CUR out");
}

places! {
    BPR = "" / "BPR";
    TRN = "" / "TRN";
    CUR = "" / "CUR";
    PAYEE = "" / "1000B";
    HEADER = "" / "2000";
    PLB = "" / "PLB";
    N1 = "1000B" / "N1";
    TAX = "1000B" / "REF";
    TS3 = "2000" / "TS3";
    CLAIM = "2000" / "2100";
}

pub(super) const CHECKS: &[Check] = &[
    Check::new("", &["835"], payment),
    Check::new("", &["835"], adjustments),
    Check::new("", &["835"], trace),
    Check::new("1000B", &["835"], payee),
    Check::new("2000", &["835"], provider),
];

/// BPR: how much, and how.
fn payment(set: Scope<'_>, found: &mut Found<'_>) {
    let Some(bpr) = set.first(&BPR) else { return };
    banks(bpr, found);
    let has_advice = set.count(&HEADER) > 0 || set.has(&PLB);
    if bpr.element(1) == b"I" && !has_advice {
        found.missing(&NO_ADVICE, set, &HEADER).trigger(bpr, 1, 0);
    }
    let Some(paid) = bpr.number(2) else { return };
    match (bpr.element(1), bpr.element(4)) {
        (b"H", b"NON") | (b"P", b"ACH") if paid.is_zero() => {}
        (_, method) if paid.is_zero() => {
            let wrong = if method == b"NON" { 1 } else { 4 };
            found.element(&NOTHING_PAID, bpr, wrong).trigger(bpr, 2, 0);
        }
        (_, b"NON") => {
            found.element(&SOMETHING_PAID, bpr, 4).trigger(bpr, 2, 0);
        }
        (b"H", _) => {
            found.element(&SOMETHING_PAID, bpr, 1).trigger(bpr, 2, 0);
        }
        _ => {}
    }
    if paid.is_sign_negative() && !paid.is_zero() {
        found.element(&NEGATIVE, bpr, 2);
    }
    let mut due = found.memory.paid;
    for (plb, at) in set.all(&PLB).flat_map(entries) {
        due.subtract(plb.number(at + 1));
    }
    // Payment and advice may be sent apart.
    if let Some(due) = due.total().filter(|_| has_advice)
        && due != paid
    {
        found.element(&BALANCE, bpr, 2).expected(due);
    }
}

/// Banks and accounts stand for transfers, and only for them.
fn banks(bpr: Held<'_>, found: &mut Found<'_>) {
    const ACCOUNTS: &[usize] = &[6, 7, 8, 9, 12, 13, 14, 15];
    match bpr.element(4) {
        b"ACH" | b"BOP" | b"FWT" => {
            let format = (bpr.element(4) == b"ACH").then_some(5);
            for element in format.into_iter().chain(ACCOUNTS.iter().copied()) {
                if bpr.element(element).is_empty() {
                    found.element(&BANK_MISSING, bpr, element).trigger(bpr, 4, 0);
                }
            }
        }
        b"CHK" | b"NON" => {
            for &element in [5].iter().chain(ACCOUNTS) {
                if !bpr.element(element).is_empty() {
                    found.element(&BANK_UNCALLED, bpr, element).trigger(bpr, 4, 0);
                }
            }
        }
        _ => {}
    }
}

/// The adjustments of a PLB: the element that holds the reason; the amount stands in the next.
fn entries(plb: Held<'_>) -> impl Iterator<Item = (Held<'_>, usize)> {
    (3..=13).step_by(2).map(move |at| (plb, at)).filter(|(plb, at)| !plb.element(at + 1).is_empty())
}

/// PLB: balances carried forward, interest.
fn adjustments(set: Scope<'_>, found: &mut Found<'_>) {
    let (bpr, trn) = (set.first(&BPR), set.first(&TRN));
    let mut interest = found.memory.interest;
    for (plb, at) in set.all(&PLB).flat_map(entries) {
        let amount = plb.number(at + 1);
        if amount.is_some_and(|amount| amount.is_zero()) {
            found.element(&ZERO_ADJUSTMENT, plb, at + 1);
        }
        match plb.component(at, 1) {
            b"L6" => interest.add(amount),
            b"FB" => forward(plb, at, bpr, trn, found),
            _ => {}
        }
    }
    let of_claims = found.memory.interest.total();
    if let (Some(of_claims), Some(left)) = (of_claims, interest.total())
        && !of_claims.is_zero()
        && !left.is_zero()
    {
        match set.all(&PLB).flat_map(entries).find(|(plb, at)| plb.component(*at, 1) == b"L6") {
            Some((plb, at)) => found.element(&INTEREST, plb, at + 1).expected(-of_claims),
            None => found.missing(&INTEREST, set, &PLB).expected(-of_claims),
        };
    }
}

/// A balance carried forward: with a minus out of this payment, which it makes 0; else into it.
fn forward(plb: Held<'_>, at: usize, bpr: Option<Held<'_>>, trn: Option<Held<'_>>, found: &mut Found<'_>) {
    let reference = plb.component(at, 2);
    if reference.is_empty() {
        found.component(&FORWARD_REFERENCE, plb, at, 2).trigger(plb, at, 1);
    }
    if !plb.number(at + 1).is_some_and(|amount| amount.is_sign_negative() && !amount.is_zero()) {
        return;
    }
    if let Some(bpr) = bpr
        && bpr.number(2).is_some_and(|paid| paid.is_sign_positive() && !paid.is_zero())
    {
        found.element(&FORWARD_PAID, bpr, 2).trigger(plb, at, 1);
    }
    if let Some(trn) = trn
        && !reference.is_empty()
        && reference != trn.element(2)
    {
        found.component(&FORWARD_TRACE, plb, at, 2).trigger(trn, 2, 0);
    }
}

fn trace(set: Scope<'_>, found: &mut Found<'_>) {
    if let (Some(bpr), Some(trn)) = (set.first(&BPR), set.first(&TRN)) {
        let differs = |one: &[u8], other: &[u8]| !one.is_empty() && !other.is_empty() && one != other;
        if differs(bpr.element(10), trn.element(3)) {
            found.element(&TRACE_PAYER, trn, 3).trigger(bpr, 10, 0);
        }
        if differs(bpr.element(11), trn.element(4)) {
            found.element(&TRACE_COMPANY, trn, 4).trigger(bpr, 11, 0);
        }
    }
    if let Some(cur) = set.first(&CUR)
        && cur.element(2) == b"USD"
    {
        found.segment(&US_DOLLARS, cur);
    }
}

fn payee(payee: Scope<'_>, found: &mut Found<'_>) {
    let Some(n1) = payee.first(&N1) else { return };
    let tax = payee.all(&TAX).find(|reference| reference.element(1) == b"TJ");
    match (n1.element(3), tax) {
        (b"XX", None) => {
            found.missing(&PAYEE_TAX, payee, &TAX).trigger(n1, 3, 0);
        }
        (b"FI", Some(tax)) => {
            found.segment(&PAYEE_TAX_TWICE, tax).trigger(n1, 3, 0);
        }
        _ => {}
    }
}

/// TS3 against the claims of its loop.
fn provider(provider: Scope<'_>, found: &mut Found<'_>) {
    let charged: Sum = std::mem::take(&mut found.memory.charged);
    let Some(ts3) = provider.first(&TS3) else { return };
    let count = provider.count(&CLAIM);
    if ts3.number(4).is_some_and(|stated| stated != count.into()) {
        found.element(&CLAIM_COUNT, ts3, 4).expected(count);
    }
    if let (Some(stated), Some(charged)) = (ts3.number(5), charged.total())
        && stated != charged
    {
        found.element(&CLAIM_CHARGES, ts3, 5).expected(charged);
    }
}
