//! The billing provider and where its payments go (837, loops 2010AA and 2010AB, and what 2010BB adds).

use super::super::{
    Check, Found, Scope,
    rule::{Rule, rules},
    scope::places,
};

rules! {
    POST_BOX = Rule::error(2, "BIL01", "billing.address.box").stc("A7:503:85")
        .says("the billing provider's address is a post office box, lock box or private mailbox", "send the street address; a box for mail or payments belongs into the pay-to address (loop 2010AB)");
    SOCIAL_SECURITY = Rule::warning(2, "BIL02", "billing.tax-id.person").stc("A7:128:85")
        .says("an organization is identified by a social security number (REF*SY)", "send its employer's identification number with EI");
    SOCIAL_SECURITY_MEDICARE = Rule::warning(2, "BIL02", "billing.tax-id.medicare").stc("A7:128:85")
        .says("a claim to Medicare identifies the billing provider by a social security number (REF*SY)", "send the employer's identification number with EI");
    NO_NPI = Rule::warning(4, "BIL03", "billing.npi.missing").ik4("I9").stc("A6:562:85")
        .says("the billing provider has neither an NPI nor a number that the payer gave", "fill in NM108 and NM109; for a provider that cannot have an NPI add REF*G2 in loop 2010BB");
    SECONDARY = Rule::warning(4, "BIL03", "billing.secondary-id.unexpected").ik3("I9").stc("A7:560:85")
        .says("the payer's own number of the billing provider stands beside an NPI", "leave out REF*G2 and REF*LU in loop 2010BB");
    SAME_CONTACT = Rule::info(4, "BIL05", "billing.contact.same")
        .says("the billing provider's contact is the submitter's", "leave it out of loop 2010AA");
    SAME_ADDRESS = Rule::warning(4, "BIL06", "billing.pay-to.same").ik3("I9")
        .says("the pay-to address is the billing provider's own", "leave loop 2010AB out");
}

places! {
    NM1 = "2010AA" / "NM1";
    N3 = "2010AA" / "N3";
    N4 = "2010AA" / "N4";
    PER = "2010AA" / "PER";
    TAX_ID = "2010AA" / "REF[EI]";
    SUBMITTER = "" / "1000A";
    PER_OF_SUBMITTER = "1000A" / "PER";
    BILLING = "2000A" / "2010AA";
    N3_PAY_TO = "2010AB" / "N3";
    N4_PAY_TO = "2010AB" / "N4";
    SBR = "2000B" / "SBR";
    OF_PAYER = "2010BB" / "REF[G2]";
}

pub(super) const CHECKS: &[Check] = &[
    Check::claims("2010AA", address),
    Check::claims("2010AA", tax_id),
    Check::claims("2010AA", contact),
    Check::claims("2010AB", pay_to),
    Check::claims("2010BB", numbers),
];

fn address(billing: Scope<'_>, found: &mut Found<'_>) {
    let Some(n3) = billing.first(&N3) else { return };
    for n in [1, 2] {
        if is_box(n3.element(n)) {
            found.element(&POST_BOX, n3, n);
        }
    }
}

/// `PO BOX 12`, `P.O. Box 12`, `POST OFFICE BOX 12`, `LOCK BOX 12`, `PMB 12`; not `RR 2 BOX 15`, which is
/// a place.
fn is_box(line: &[u8]) -> bool {
    let upper = line.to_ascii_uppercase();
    let words: Vec<&[u8]> = upper.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let follow = |wanted: &[&[u8]]| words.windows(wanted.len()).any(|some| some == wanted);
    let numbered = |names: &[&[u8]]| {
        let is_number = |word: &[u8]| word.iter().all(u8::is_ascii_digit);
        words.windows(2).any(|some| matches!(some, [name, number] if names.contains(name) && is_number(number)))
    };
    follow(&[b"PO", b"BOX"])
        || follow(&[b"P", b"O", b"BOX"])
        || follow(&[b"POST", b"OFFICE", b"BOX"])
        || follow(&[b"LOCK", b"BOX"])
        || follow(&[b"PRIVATE", b"MAILBOX"])
        || follow(&[b"PRIVATE", b"MAIL", b"BOX"])
        || numbered(&[b"POBOX", b"POB", b"LOCKBOX", b"PMB"])
}

fn tax_id(billing: Scope<'_>, found: &mut Found<'_>) {
    if let Some(number) = billing.first(&TAX_ID)
        && number.element(1) == b"SY"
        && let Some(nm1) = billing.first(&NM1)
        && nm1.element(2) == b"2"
    {
        found.element(&SOCIAL_SECURITY, number, 1).trigger(nm1, 2, 0);
    }
}

fn contact(billing: Scope<'_>, found: &mut Found<'_>) {
    let Some(contact) = billing.first(&PER) else { return };
    let Some(submitter) = billing.up("").and_then(|set| set.inner(&SUBMITTER)) else { return };
    if submitter.all(&PER_OF_SUBMITTER).any(|other| other.segment.bytes() == contact.segment.bytes()) {
        found.segment(&SAME_CONTACT, contact);
    }
}

fn pay_to(pay_to: Scope<'_>, found: &mut Found<'_>) {
    let Some(billing) = pay_to.around().inner(&BILLING) else { return };
    let [street, city] = [(&N3_PAY_TO, &N3), (&N4_PAY_TO, &N4)].map(|(one, other)| {
        let both = pay_to.first(one).zip(billing.first(other));
        both.is_some_and(|(one, other)| one.segment.bytes() == other.segment.bytes())
    });
    if street
        && city
        && let Some(nm1) = pay_to.begin()
    {
        found.segment(&SAME_ADDRESS, nm1);
    }
}

/// What identifies the billing provider to this payer.
fn numbers(payer: Scope<'_>, found: &mut Found<'_>) {
    let Some(billing) = payer.up("2000A").and_then(|level| level.inner(&BILLING)) else { return };
    let Some(nm1) = billing.first(&NM1) else { return };
    match (nm1.element(9).is_empty(), payer.first(&OF_PAYER)) {
        (true, None) => {
            found.element(&NO_NPI, nm1, 9);
        }
        (false, Some(number)) => {
            found.segment(&SECONDARY, number).trigger(nm1, 9, 0);
        }
        _ => {}
    }
    if let Some(number) = billing.first(&TAX_ID)
        && number.element(1) == b"SY"
        && let Some(sbr) = payer.around().first(&SBR)
        && matches!(sbr.element(9), b"MA" | b"MB")
    {
        found.element(&SOCIAL_SECURITY_MEDICARE, number, 1).trigger(sbr, 9, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_and_places() {
        for line in ["PO BOX 12", "P.O. Box 12", "p o box 12", "Suite 4, PMB 301", "LOCKBOX 77", "POST OFFICE BOX 1"] {
            assert!(is_box(line.as_bytes()), "{line}");
        }
        for line in ["120 MAPLE STREET", "RR 2 BOX 15", "1 BOX CANYON ROAD", "PO STREET 3", "LOCKBOX LANE", ""] {
            assert!(!is_box(line.as_bytes()), "{line}");
        }
    }
}
