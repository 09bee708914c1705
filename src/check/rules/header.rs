//! What the beginning of a transaction set says of all of it (837, BHT), and what that asks of the billing
//! provider's level.

use super::super::{
    Check, Found, Scope,
    rule::{Rule, rules},
    scope::places,
};

rules! {
    FUTURE = Rule::warning(2, "HDR01", "header.date.future").stc("A7:604")
        .says("the transaction set was made in the future (BHT04)", "send the day on which the file was made");
    PLAN = Rule::warning(4, "HDR02", "header.subrogation.plan").ik3("I7").stc("A7:538")
        .says("a Medicaid subrogation demand (BHT06 is 31) does not say which plan is to be paid", "add the pay-to plan (loop 2010AC), or send CH in BHT06");
    PLAN_UNEXPECTED = Rule::warning(4, "HDR02", "header.subrogation.kind").ik3("I9").stc("A7:538")
        .says("a pay-to plan stands in a file that is no Medicaid subrogation demand", "send 31 in BHT06, or leave the loop 2010AC out");
    NO_CHARGE = Rule::warning(4, "HDR02", "header.charge.zero").stc("A7:178")
        .says("a claim charges nothing although the file holds charges (BHT06 is CH)", "send encounters with RP in BHT06, or state the charge");
    DOLLARS = Rule::warning(4, "HDR03", "header.currency.dollars").ik3("I9").stc("A7:681")
        .says("the currency is stated although it is the US dollar", "leave CUR out; it is for other currencies");
}

places! {
    BHT = "" / "BHT";
    CUR = "2000A" / "CUR";
    PLAN_LOOP = "2000A" / "2010AC";
    CLM = "2300" / "CLM";
}

pub(super) const CHECKS: &[Check] = &[
    Check::claims("1000A", date),
    Check::claims("2010AA", currency),
    Check::claims("2010AC", plan),
    Check::claims("2300", claim),
];

fn date(submitter: Scope<'_>, found: &mut Found<'_>) {
    let Some(bht) = submitter.around().first(&BHT) else { return };
    if bht.date(4).is_some_and(|day| day > found.today()) {
        found.element(&FUTURE, bht, 4);
    }
}

fn currency(billing: Scope<'_>, found: &mut Found<'_>) {
    if let Some(cur) = billing.around().first(&CUR)
        && cur.element(2) == b"USD"
    {
        found.segment(&DOLLARS, cur);
    }
}

fn plan(plan: Scope<'_>, found: &mut Found<'_>) {
    let Some(bht) = plan.up("").and_then(|set| set.first(&BHT)) else { return };
    if let Some(nm1) = plan.begin()
        && matches!(bht.element(6), b"CH" | b"RP")
    {
        found.segment(&PLAN_UNEXPECTED, nm1).trigger(bht, 6, 0);
    }
}

fn claim(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(clm) = claim.first(&CLM) else { return };
    let Some(bht) = claim.up("").and_then(|set| set.first(&BHT)) else { return };
    match bht.element(6) {
        b"CH" if clm.element(2).first() == Some(&b'0') && clm.number(2).is_some_and(|charge| charge.is_zero()) => {
            found.element(&NO_CHARGE, clm, 2).trigger(bht, 6, 0);
        }
        b"31" => {
            if let Some(billing) = claim.up("2000A")
                && !billing.has(&PLAN_LOOP)
            {
                found.missing(&PLAN, billing, &PLAN_LOOP).trigger(bht, 6, 0);
            }
        }
        _ => {}
    }
}
