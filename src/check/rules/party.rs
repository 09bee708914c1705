//! Names, addresses, numbers and contacts, wherever a claim names a person or an organization (837, the
//! loops that NM1 begins).

use super::super::{
    Check, Found, Scope,
    rule::{Rule, rules},
    scope::{Held, places},
};

rules! {
    ORGANIZATION = Rule::error(2, "ELM11", "party.organization.name").stc("A8:125:*")
        .says("an organization (NM102 is 2) has a first name, middle name, prefix or suffix", "put the whole name into NM103, or send NM102 as 1 if it is a person");
    FIRST_NAME = Rule::warning(2, "ELM11", "party.person.first-name").ik4("I9")
        .says("a person (NM102 is 1) has no first name", "fill in NM104, unless the person has only one name");
    STATE = Rule::error(2, "ELM13", "address.state.missing").stc("A7:501:*")
        .says("an address in the United States or Canada has no state or province", "fill in N402, or the country in N404 if the address is elsewhere");
    ZIP = Rule::error(2, "ELM13", "address.zip.missing").stc("A7:500:*")
        .says("an address in the United States or Canada has no ZIP or postal code", "fill in N403, or the country in N404 if the address is elsewhere");
    COUNTRY = Rule::error(2, "ELM13", "address.country.missing").stc("A7:680:*")
        .says("an address outside the United States does not name its country", "fill in N404, such as CA");
    DOMESTIC = Rule::warning(2, "ELM13", "address.country.domestic").ik4("I13")
        .says("an address in the United States names its country", "leave N404 empty; it is for other countries");
    ZIP_FORM = Rule::error(2, "ELM14", "address.zip.form").invented().stc("A7:500:*")
        .says("a ZIP code is not five or nine digits", "write five or nine digits, without a hyphen");
    ZIP_WHOLE = Rule::error(2, "ELM14", "address.zip.whole").invented().stc("A7:500:*")
        .says("the ZIP code of the billing provider or of the place of service lacks its last four digits", "send all nine digits");
    PHONE = Rule::error(2, "ELM15", "contact.phone").stc("A7:127:*")
        .says("a telephone or fax number is not ten digits", "write area code and number without punctuation and without a leading 1");
    EXTENSION = Rule::error(2, "ELM15", "contact.extension").stc("A7:127:*")
        .says("a telephone extension does not follow the telephone number", "send EX right after TE");
    CONTACT_TWICE = Rule::error(2, "ELM15", "contact.repeated").stc("A7:127:*")
        .says("the same number is given twice for one contact", "send each number once");
    TAX_ID = Rule::error(2, "ELM16", "party.tax-id").invented().stc("A7:128:*")
        .says("a tax identification number or social security number is not nine digits", "write the nine digits without hyphens");
    UPIN = Rule::error(2, "ELM18", "party.upin").invented().stc("A7:133:*")
        .says("a UPIN is neither one letter with five digits nor three letters with three digits", "correct the number, or leave it out beside an NPI");
}

places! {}

const P: &[&str] = &["837P"];
const I: &[&str] = &["837I"];
const PI: &[&str] = &["837P", "837I"];
const ID: &[&str] = &["837I", "837D"];

pub(super) const CHECKS: &[Check] = &[
    Check::claims("1000A", party),
    Check::claims("1000B", party),
    Check::claims("2010AA", party),
    Check::claims("2010AB", party),
    Check::claims("2010AC", party),
    Check::claims("2010BA", party),
    Check::claims("2010BB", party),
    Check::claims("2010CA", party),
    Check::claims("2310A", party),
    Check::claims("2310B", party),
    Check::claims("2310C", party),
    Check::claims("2310D", party),
    Check::claims("2310E", party),
    Check::new("2310F", PI, party),
    Check::claims("2330A", party),
    Check::claims("2330B", party),
    Check::claims("2330C", party),
    Check::claims("2330D", party),
    Check::claims("2330E", party),
    Check::claims("2330F", party),
    Check::claims("2330G", party),
    Check::new("2330H", ID, party),
    Check::new("2330I", I, party),
    Check::claims("2420A", party),
    Check::claims("2420B", party),
    Check::claims("2420C", party),
    Check::claims("2420D", party),
    Check::new("2420E", P, party),
    Check::new("2420F", P, party),
    Check::new("2420G", P, party),
    Check::new("2420H", P, party),
];

/// Everything that can be said of a party by its own segments.
fn party(party: Scope<'_>, found: &mut Found<'_>) {
    for held in party.segments() {
        match held.segment.id() {
            b"NM1" => name(held, found),
            b"N4" => address(party, held, found),
            b"REF" => reference(held, found),
            b"PER" => contact(party, held, found),
            _ => {}
        }
    }
}

fn name(nm1: Held<'_>, found: &mut Found<'_>) {
    match nm1.element(2) {
        b"1" if nm1.element(4).is_empty() && uses(nm1, 4) => {
            found.element(&FIRST_NAME, nm1, 4);
        }
        b"2" => {
            for n in 4..=7 {
                if !nm1.element(n).is_empty() && uses(nm1, n) {
                    found.element(&ORGANIZATION, nm1, n);
                }
            }
        }
        _ => {}
    }
}

fn address(party: Scope<'_>, n4: Held<'_>, found: &mut Found<'_>) {
    let (state, zip, country) = (n4.element(2), n4.element(3), n4.element(4));
    if !matches!(country, b"" | b"US" | b"CA") {
        return;
    }
    if country == b"US" {
        found.element(&DOMESTIC, n4, 4);
    }
    if state.is_empty() && n4.element(7).is_empty() {
        found.element(&STATE, n4, 2);
    }
    if zip.is_empty() {
        found.element(&ZIP, n4, 3);
    } else if country == b"CA" {
        // Postal codes of other countries are not judged.
    } else if country.is_empty() && is_canadian(zip) {
        found.element(&COUNTRY, n4, 4).trigger(n4, 3, 0);
    } else if !matches!(zip.len(), 5 | 9) || !zip.iter().all(u8::is_ascii_digit) {
        if !has_pattern(n4, 3) {
            found.element(&ZIP_FORM, n4, 3);
        }
    } else if zip.len() == 5 && needs_whole_zip(party) && !has_pattern(n4, 3) {
        found.element(&ZIP_WHOLE, n4, 3);
    }
}

/// `V8W1A1`, with or without a blank in the middle.
fn is_canadian(code: &[u8]) -> bool {
    let (letter, digit) = (u8::is_ascii_alphabetic, u8::is_ascii_digit);
    match code {
        [a, b, c, d, e, f] | [a, b, c, b' ', d, e, f] => {
            letter(a) && digit(b) && letter(c) && digit(d) && letter(e) && digit(f)
        }
        _ => false,
    }
}

/// The billing provider, and where the service was rendered.
fn needs_whole_zip(party: Scope<'_>) -> bool {
    match party.id() {
        "2010AA" => true,
        "2310C" => !party.is("837I"),
        "2310E" => party.is("837I"),
        "2420C" => party.is("837P"),
        "2420D" => party.is("837D"),
        _ => false,
    }
}

fn reference(reference: Held<'_>, found: &mut Found<'_>) {
    let number = reference.element(2);
    if number.is_empty() {
        return;
    }
    match reference.element(1) {
        b"EI" | b"SY" | b"24" | b"34" | b"FI" if !is_tax_id(number) && !has_pattern(reference, 2) => {
            found.element(&TAX_ID, reference, 2);
        }
        b"1G" if !is_upin(number) => {
            found.element(&UPIN, reference, 2);
        }
        _ => {}
    }
}

fn is_tax_id(number: &[u8]) -> bool {
    number.len() == 9 && number.iter().all(u8::is_ascii_digit)
}

fn is_upin(number: &[u8]) -> bool {
    let of = |letters: usize| {
        number.iter().take(letters).all(u8::is_ascii_alphabetic) && number.iter().skip(letters).all(u8::is_ascii_digit)
    };
    number.len() == 6 && (of(1) || of(3))
}

fn contact(party: Scope<'_>, per: Held<'_>, found: &mut Found<'_>) {
    for n in [3, 5, 7] {
        let (qualifier, number) = (per.element(n), per.element(n + 1));
        if number.is_empty() {
            continue;
        }
        match qualifier {
            b"TE" | b"FX" if !is_phone(number) => {
                found.element(&PHONE, per, n + 1);
            }
            b"EX" if n > 3 && per.element(n - 2) != b"TE" => {
                found.element(&EXTENSION, per, n);
            }
            _ => {}
        }
        let same = |one: Held<'_>, at: usize| one.element(at) == qualifier && one.element(at + 1) == number;
        let before = party.segments().take_while(|other| other.position() < per.position());
        let mut others = before.filter(|other| other.segment.id() == b"PER");
        if qualifier != b"EX"
            && ([3, 5].into_iter().any(|at| at < n && same(per, at))
                || others.any(|other| [3, 5, 7].into_iter().any(|at| same(other, at))))
        {
            found.element(&CONTACT_TWICE, per, n + 1);
        }
    }
}

/// Area code and number.
fn is_phone(number: &[u8]) -> bool {
    number.len() == 10 && number.iter().all(u8::is_ascii_digit) && number.first() != Some(&b'1')
}

/// Whether the guide uses an element here; one that it does not is reported as such.
fn uses(held: Held<'_>, element: usize) -> bool {
    let Ok(element) = u8::try_from(element) else { return false };
    held.guide().segment(held.entry.node).is_some_and(|segment| segment.element(element, 0).is_some())
}

/// Whether the guide itself says what form an element has.
fn has_pattern(held: Held<'_>, element: u8) -> bool {
    let segment = held.guide().segment(held.entry.node);
    segment.and_then(|segment| segment.element(element, 0)).is_some_and(|used| used.pattern.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_upins() {
        assert!(is_upin(b"A12345") && is_upin(b"ABC123"));
        assert!(!is_upin(b"AB1234") && !is_upin(b"123456") && !is_upin(b"A1234"));
    }
}
