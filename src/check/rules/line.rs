//! One service line (837, loop 2400 with 2410 and 2440): procedure and modifiers, units, diagnosis pointers,
//! drugs, forms.

use rust_decimal::Decimal;

use super::{
    super::{
        Check, Found, Scope,
        rule::{Rule, rules},
        scope::{Held, places},
    },
    subscriber::is_medicare,
};

rules! {
    POINTER = Rule::error(2, "LIN02", "line.pointer.nowhere").stc("A7:477")
        .says("a diagnosis pointer points to no diagnosis of the claim", "point to the number of a diagnosis in HI, the first being 1");
    POINTER_TWICE = Rule::warning(2, "LIN02", "line.pointer.repeated").stc("A7:477")
        .says("a line points to the same diagnosis twice", "point to each diagnosis once, the main one first");
    MODIFIER_TWICE = Rule::error(2, "LIN04", "line.modifier.repeated").stc("A7:453")
        .says("a line has the same modifier twice", "send each modifier once");
    MODIFIER_GAP = Rule::error(2, "LIN04", "line.modifier.gap").stc("A7:453")
        .says("a modifier stands after an empty one", "fill the modifiers from the left");
    DESCRIPTION = Rule::warning(4, "LIN05", "line.description").ik4("I9").stc("A6:306")
        .says("an unlisted procedure is not described", "say in a few words what was done (seventh component)");
    MINUTES = Rule::error(4, "LIN06", "line.minutes.missing").stc("A7:251")
        .says("anesthesia is billed in units and not in minutes", "send MJ in SV103 and the minutes in SV104");
    MINUTES_UNEXPECTED = Rule::error(4, "LIN06", "line.minutes.unexpected").stc("A7:659")
        .says("minutes are billed for something that is not anesthesia", "send UN in SV103 and the units in SV104");
    SAME_PLACE = Rule::warning(4, "LIN07", "line.place-of-service.same").ik4("I13")
        .says("the line repeats the place of service of the claim", "leave SV105 empty where it is that of CLM05-1");
    UNITS = Rule::warning(2, "LIN08", "line.units").stc("A7:476")
        .says("the units of a line are zero or less", "send how often the service was rendered");
    NDC = Rule::error(2, "LIN15", "drug.ndc").stc("A7:218")
        .says("a national drug code is not eleven digits", "write it as 5-4-2 digits without hyphens, filling up with zeros");
    DRUG_QUANTITY = Rule::error(2, "LIN15", "drug.quantity").stc("A7:724")
        .says("the quantity of a drug is zero or less", "send the quantity given, in the unit of CTP05");
    COMPOUND = Rule::warning(4, "LIN16", "drug.compound").ik4("I12").stc("A7:219")
        .says("a compound drug has only one ingredient", "send the same REF*VY with each ingredient, or XZ for a prescription number");
    CERTIFICATE = Rule::warning(4, "LIN17", "line.certificate.indicator").ik3("I6").stc("A6:698")
        .says("parts of a certificate of medical necessity are sent and not how it is sent", "add PWK*CT");
    CERTIFICATE_ENDED = Rule::warning(4, "LIN17", "line.certificate.ended").ik3("I9").stc("A7:698")
        .says("Medicare takes no certificates of medical necessity for services since 2023", "leave the loop 2440 out");
    ANSWERS = Rule::warning(2, "LIN18", "form.answers").ik4("I12").stc("A7:699")
        .says("a question of a form has more than one answer", "answer as the question asks: yes or no, text, date, or percent");
    PATIENTS = Rule::warning(4, "LIN19", "line.patients").ik4("I12")
        .says("the number of patients in the ambulance is one or less", "send QTY*PT only for two patients or more");
    TEST_RESULT = Rule::warning(4, "LIN19", "line.test-result").ik3("I6")
        .says("the date of a test is given and its result is not", "add MEA, or leave the date out");
    OBSTETRIC = Rule::warning(4, "LIN19", "line.obstetric-units").ik3("I9")
        .says("additional units for obstetric anesthesia stand on a line that is not anesthesia", "leave QTY*FL out");
    CONTROL_NUMBER = Rule::warning(2, "LIN20", "line.control-number.repeated").stc("A7:584")
        .says("two lines of the claim have the same control number", "give each line its own number in REF*6R; the payment names it");
}

places! {
    CLM = "2300" / "CLM";
    DIAGNOSES = "2300" / "HI";
    LINE = "2300" / "2400";
    SV1 = "2400" / "SV1";
    SV2 = "2400" / "SV2";
    SV3 = "2400" / "SV3";
    SERVICE = "2400" / "DTP[472]";
    TESTED = "2400" / "DTP[738]";
    RESULT = "2400" / "MEA";
    CARRIED = "2400" / "QTY[PT]";
    OBSTETRIC_UNITS = "2400" / "QTY[FL]";
    NUMBER = "2400" / "REF[6R]";
    INDICATOR = "2400" / "PWK[AB]";
    DURATION = "2400" / "CR3";
    DRUG = "2400" / "2410";
    LIN = "2410" / "LIN";
    CTP = "2410" / "CTP";
    DRUG_NUMBER = "2410" / "REF";
    LQ = "2440" / "LQ";
    FRM = "2440" / "FRM";
    SBR = "2000B" / "SBR";
}

const P: &[&str] = &["837P"];
const PI: &[&str] = &["837P", "837I"];

pub(super) const CHECKS: &[Check] = &[
    Check::claims("2400", pointers).when([&SV1, &SV3]),
    Check::new("2400", PI, modifiers),
    Check::new("2400", P, procedure),
    Check::new("2400", PI, units),
    Check::new("2400", P, counts).when([&CARRIED, &OBSTETRIC_UNITS, &TESTED, &DURATION]),
    Check::new("2410", PI, drug),
    Check::new("2440", P, form),
    Check::claims("2400", control_number).when([&NUMBER]),
    Check::claims("2300", control_numbers),
    Check::new("2300", PI, compounds),
];

/// SV107 or SV311 against the positions of HI.
fn pointers(line: Scope<'_>, found: &mut Found<'_>) {
    let Some((held, n)) = line.first(&SV1).map(|held| (held, 7)).or_else(|| line.first(&SV3).map(|held| (held, 11)))
    else {
        return;
    };
    let pointers = held.element(n);
    if pointers.is_empty() {
        return;
    }
    let diagnoses = line.around().first(&DIAGNOSES);
    let separator = held.segment.delimiters().component;
    let mut seen = 0u16;
    for (component, pointer) in (1..).zip(pointers.split(|byte| Some(*byte) == separator)) {
        let position: usize = match *pointer {
            [digit @ b'1'..=b'9'] => usize::from(digit - b'0'),
            [b'1', digit @ b'0'..=b'2'] => 10 + usize::from(digit - b'0'),
            // What is no pointer at all is reported as such.
            _ => continue,
        };
        if diagnoses.is_none_or(|diagnoses| diagnoses.element(position).is_empty()) {
            found.component(&POINTER, held, n, component);
        } else if seen & 1 << position != 0 {
            found.component(&POINTER_TWICE, held, n, component);
        }
        seen |= 1 << position;
    }
}

fn modifiers(line: Scope<'_>, found: &mut Found<'_>) {
    let Some((held, n)) = line.first(&SV1).map(|held| (held, 1)).or_else(|| line.first(&SV2).map(|held| (held, 2)))
    else {
        return;
    };
    // `HC:99213` has none.
    if held.element(n).len() <= 9 {
        return;
    }
    let modifiers = [3, 4, 5, 6].map(|component| held.component(n, component));
    for (at, modifier) in modifiers.into_iter().enumerate() {
        if modifier.is_empty() {
            continue;
        }
        let before = modifiers.get(..at).unwrap_or_default();
        if before.contains(&modifier) {
            found.component(&MODIFIER_TWICE, held, n, at + 3);
        }
        if before.last().is_some_and(|before| before.is_empty()) {
            found.component(&MODIFIER_GAP, held, n, at + 3);
        }
    }
}

/// SV101 with the unit, the place and the description.
fn procedure(line: Scope<'_>, found: &mut Found<'_>) {
    let Some(sv1) = line.first(&SV1) else { return };
    let code = sv1.component(1, 2);
    match sv1.element(3) {
        b"MJ" if !is_anesthesia(code) && sv1.component(1, 1) == b"HC" => {
            found.element(&MINUTES_UNEXPECTED, sv1, 3).trigger(sv1, 1, 2);
        }
        b"UN" if is_anesthesia(code) && is_timed(sv1) => {
            found.element(&MINUTES, sv1, 3).trigger(sv1, 1, 2);
        }
        _ => {}
    }
    if is_unlisted(code) && sv1.component(1, 7).is_empty() {
        found.component(&DESCRIPTION, sv1, 1, 7).trigger(sv1, 1, 2);
    }
    if !sv1.element(5).is_empty()
        && let Some(clm) = line.around().first(&CLM)
        && clm.component(5, 1) == sv1.element(5)
    {
        found.element(&SAME_PLACE, sv1, 5).trigger(clm, 5, 1);
    }
}

/// A procedure of anesthesia: 00100 to 01999.
pub(super) fn is_anesthesia(code: &[u8]) -> bool {
    code.len() == 5 && code.iter().all(u8::is_ascii_digit) && (b"00100".as_slice()..=b"01999").contains(&code)
}

/// Whether anesthesia goes by time: it has a modifier of anesthesia, and is neither the daily management of
/// a continuous drug nor an addition by the area of a burn.
fn is_timed(sv1: Held<'_>) -> bool {
    let mut modifiers = (3..=6).map(|component| sv1.component(1, component));
    !matches!(sv1.component(1, 2), b"01953" | b"01996")
        && modifiers
            .any(|modifier| matches!(modifier, b"AA" | b"AD" | b"G8" | b"G9" | b"QK" | b"QS" | b"QX" | b"QY" | b"QZ"))
}

/// Codes that say nothing of what was done: those of procedures end in 99, of drugs and supplies some are known.
fn is_unlisted(code: &[u8]) -> bool {
    match code {
        [digits @ .., b'9', b'9'] if digits.len() == 3 && digits.iter().all(u8::is_ascii_digit) => true,
        [b'A' | b'E' | b'J' | b'K' | b'B', ..] => matches!(
            code,
            b"A0999" | b"A4649" | b"A9999" | b"B9998" | b"B9999" | b"E1399" | b"J3490" | b"J3590" | b"J9999" | b"K0108"
        ),
        _ => false,
    }
}

fn units(line: Scope<'_>, found: &mut Found<'_>) {
    let Some((held, n)) = line.first(&SV1).map(|held| (held, 4)).or_else(|| line.first(&SV2).map(|held| (held, 5)))
    else {
        return;
    };
    if is_nothing(held, n) {
        found.element(&UNITS, held, n);
    }
}

/// Whether an element is a number, zero or less. Most begin with another digit.
fn is_nothing(held: Held<'_>, n: usize) -> bool {
    matches!(held.element(n).first(), Some(b'0' | b'-' | b'.'))
        && held.number(n).is_some_and(|number| number <= Decimal::ZERO)
}

/// Quantities and dates of a line that call for one another.
fn counts(line: Scope<'_>, found: &mut Found<'_>) {
    if let Some(qty) = line.first(&CARRIED)
        && qty.number(2).is_some_and(|patients| patients <= Decimal::ONE)
    {
        found.element(&PATIENTS, qty, 2);
    }
    if let Some(qty) = line.first(&OBSTETRIC_UNITS)
        && let Some(sv1) = line.first(&SV1)
        && !is_anesthesia(sv1.component(1, 2))
    {
        found.segment(&OBSTETRIC, qty).trigger(sv1, 1, 2);
    }
    if let Some(tested) = line.first(&TESTED)
        && !line.has(&RESULT)
    {
        found.missing(&TEST_RESULT, line, &RESULT).trigger(tested, 1, 0);
    }
    if let Some(duration) = line.first(&DURATION)
        && !line.has(&INDICATOR)
    {
        found.missing(&CERTIFICATE, line, &INDICATOR).trigger(duration, 1, 0);
    }
}

fn drug(drug: Scope<'_>, found: &mut Found<'_>) {
    if let Some(lin) = drug.first(&LIN)
        && lin.element(2) == b"N4"
        && !lin.element(3).is_empty()
        && !(lin.element(3).len() == 11 && lin.element(3).iter().all(u8::is_ascii_digit))
    {
        found.element(&NDC, lin, 3);
    }
    if let Some(ctp) = drug.first(&CTP)
        && is_nothing(ctp, 4)
    {
        found.element(&DRUG_QUANTITY, ctp, 4);
    }
}

/// A certificate of medical necessity.
fn form(form: Scope<'_>, found: &mut Found<'_>) {
    for frm in form.all(&FRM) {
        let answered = (2..=5).filter(|n| !frm.element(*n).is_empty()).count();
        if answered > 1 {
            found.segment(&ANSWERS, frm);
        }
    }
    let Some(lq) = form.first(&LQ).filter(|lq| lq.element(1) == b"UT") else { return };
    let line = form.around();
    if !line.has(&INDICATOR) && !line.has(&DURATION) {
        found.missing(&CERTIFICATE, line, &INDICATOR).trigger(lq, 1, 0);
    }
    if line.first(&SERVICE).is_some_and(|service| service.element(3) >= b"20230101".as_slice())
        && let Some(sbr) = form.up("2000B").and_then(|level| level.first(&SBR))
        && is_medicare(sbr)
    {
        found.segment(&CERTIFICATE_ENDED, lq).trigger(sbr, 9, 0);
    }
}

/// Remembers the control number of a line.
fn control_number(line: Scope<'_>, found: &mut Found<'_>) {
    if let Some(number) = line.first(&NUMBER) {
        found.memory.control_numbers.push(digest(number.element(2)));
    }
}

/// No two lines of a claim have the same REF*6R.
fn control_numbers(claim: Scope<'_>, found: &mut Found<'_>) {
    let numbers = &mut found.memory.control_numbers;
    numbers.sort_unstable();
    let differ = numbers.windows(2).all(|two| two.first() != two.last());
    numbers.clear();
    if differ {
        return;
    }
    let mut seen: Vec<&[u8]> = Vec::new();
    for number in claim.loops(&LINE).filter_map(|line| line.first(&NUMBER)) {
        if seen.contains(&number.element(2)) {
            found.element(&CONTROL_NUMBER, number, 2);
        } else {
            seen.push(number.element(2));
        }
    }
}

/// A short stand-in for a value (FNV-1a); equal ones are looked at again.
fn digest(value: &[u8]) -> u64 {
    value.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Each ingredient of a compound drug names the same number.
fn compounds(claim: Scope<'_>, found: &mut Found<'_>) {
    let numbers = || {
        let drugs = claim.loops(&LINE).filter_map(|line| line.inner(&DRUG)?.first(&DRUG_NUMBER));
        drugs.filter(|number| number.element(1) == b"VY")
    };
    for number in numbers() {
        if numbers().filter(|other| other.element(2) == number.element(2)).count() < 2 {
            found.element(&COMPOUND, number, 1);
        }
    }
}
