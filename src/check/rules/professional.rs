//! What a professional claim says of the illness and of the way the patient was brought (837P, HI, CR1 and
//! CRC); the parts of it that hold for institutional claims too are checked there as well.

use super::{
    super::{
        Check, Found, Scope,
        rule::{Rule, rules},
        scope::{At, Held, places},
    },
    line::is_anesthesia,
};

rules! {
    VERSION = Rule::error(2, "HI02", "diagnosis.version").stc("A7:255")
        .says("diagnoses of ICD-9 and ICD-10 stand on one claim", "send ABF after ABK, and BF after BK");
    REPEATED = Rule::error(2, "HI03", "diagnosis.repeated").stc("A7:255")
        .says("a diagnosis stands twice", "send each diagnosis once");
    EXTERNAL_CAUSE = Rule::error(5, "HI06", "diagnosis.external-cause").stc("A7:254")
        .says("the first diagnosis says how an injury came about and not what it is", "send the injury first; codes that begin with V, W, X or Y follow");
    SEQUELA = Rule::error(5, "HI07", "diagnosis.sequela").stc("A7:254")
        .says("the first diagnosis is the late effect of an injury (its last character is S)", "send the condition that is treated first, then the injury it follows from");
    NO_ANESTHESIA = Rule::warning(4, "HI18", "diagnosis.anesthesia").ik3("I9").stc("A7:262")
        .says("a surgical procedure is named for anesthesia and no line is anesthesia", "leave HI with BP out");
    GAP = Rule::warning(2, "HI20", "codes.gap").ik4("I9")
        .says("a code stands after an empty one", "fill the elements of HI from the left");
    PICK_UP = Rule::warning(4, "PRV10", "ambulance.pick-up").ik3("I7").stc("A6:266")
        .says("a ride in an ambulance does not say where it began", "add loop 2310E, or 2420G to the line");
    DROP_OFF = Rule::warning(4, "PRV10", "ambulance.drop-off").ik3("I7").stc("A6:763")
        .says("a ride in an ambulance does not say where it ended", "add loop 2310F, or 2420H to the line");
    RIDE_SAME = Rule::warning(4, "PRV10", "line.ambulance.same").ik3("I9")
        .says("the line repeats what the claim says of the ambulance", "send it with the line only where it differs");
    REFERRAL = Rule::warning(4, "OTH01", "conditions.referral").ik4("I12")
        .says("whether the child was referred (CRC02) and the condition (CRC03) contradict each other", "send NU with N, and AV, S2 or ST with Y");
    CONDITION_GAP = Rule::warning(2, "OTH02", "conditions.gap").ik4("7")
        .says("a condition stands after an empty one", "fill CRC from the left");
    CONDITION_TWICE = Rule::warning(2, "OTH02", "conditions.repeated").ik4("7")
        .says("a condition stands twice", "send each condition once");
}

places! {
    DIAGNOSES = "2300" / "HI[ABK]";
    ANESTHESIA_FOR = "2300" / "HI[BP]";
    CONDITIONS = "2300" / "HI[BG]";
    OTHER_DIAGNOSES = "2300" / "HI[ABF]";
    REASONS = "2300" / "HI[APR]";
    CAUSES = "2300" / "HI[ABN]";
    PROCEDURES = "2300" / "HI[BBQ]";
    SPANS = "2300" / "HI[BI]";
    OCCURRENCES = "2300" / "HI[BH]";
    VALUES = "2300" / "HI[BE]";
    TREATMENTS = "2300" / "HI[TC]";
    ANY_CODES = "2300" / "HI";
    CR1 = "2300" / "CR1";
    AMBULANCE = "2300" / "CRC[07]";
    VISION = "2300" / "CRC[E1]";
    EPSDT = "2300" / "CRC[ZZ]";
    ANY_CONDITIONS = "2300" / "CRC";
    FROM = "2300" / "2310E";
    TO = "2300" / "2310F";
    LINE = "2300" / "2400";
    SV1 = "2400" / "SV1";
    CR1_OF_LINE = "2400" / "CR1";
    AMBULANCE_OF_LINE = "2400" / "CRC[07]";
    EQUIPMENT = "2400" / "CRC[09]";
    FROM_OF_LINE = "2400" / "2420G";
    TO_OF_LINE = "2400" / "2420H";
}

const P: &[&str] = &["837P"];
const I: &[&str] = &["837I"];
const D: &[&str] = &["837D"];
const PI: &[&str] = &["837P", "837I"];

pub(super) const CHECKS: &[Check] = &[
    Check::new("2300", P, diagnoses),
    Check::new("2300", PI, first),
    Check::new("2300", P, anesthesia).when([&ANESTHESIA_FOR]),
    Check::new("2300", P, professional_gaps),
    Check::new("2300", I, institutional_gaps),
    Check::new("2300", D, dental_gaps).when([&ANY_CODES]),
    Check::new("2300", P, ambulance),
    Check::new("2300", P, conditions).when([&AMBULANCE, &VISION, &EPSDT]),
    Check::new("2300", I, institutional_conditions).when([&ANY_CONDITIONS]),
    Check::new("2400", P, conditions_of_line).when([&AMBULANCE_OF_LINE, &EQUIPMENT]),
];

/// Diagnoses beside each other.
fn diagnoses(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(hi) = claim.first(&DIAGNOSES) else { return };
    let follows: &[u8] = if hi.component(1, 1) == b"ABK" { b"ABF" } else { b"BF" };
    for n in 2..hi.segment.len() {
        let (qualifier, code) = (hi.component(n, 1), hi.component(n, 2));
        if matches!(qualifier, b"ABF" | b"BF") && qualifier != follows {
            found.component(&VERSION, hi, n, 1).trigger(hi, 1, 1);
        }
        if !code.is_empty() && (1..n).any(|before| hi.component(before, 2) == code) {
            found.component(&REPEATED, hi, n, 2);
        }
    }
}

/// The first diagnosis (ICD-10).
fn first(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(hi) = claim.first(&DIAGNOSES).filter(|hi| hi.component(1, 1) == b"ABK") else { return };
    match hi.component(1, 2) {
        [b'V'..=b'Y', ..] => {
            found.component(&EXTERNAL_CAUSE, hi, 1, 2);
        }
        [_, _, _, _, _, _, b'S'] => {
            found.component(&SEQUELA, hi, 1, 2);
        }
        _ => {}
    }
}

fn anesthesia(claim: Scope<'_>, found: &mut Found<'_>) {
    if let Some(hi) = claim.first(&ANESTHESIA_FOR)
        && !claim.loops(&LINE).filter_map(|line| line.first(&SV1)).any(|sv1| is_anesthesia(sv1.component(1, 2)))
    {
        found.segment(&NO_ANESTHESIA, hi);
    }
}

fn professional_gaps(claim: Scope<'_>, found: &mut Found<'_>) {
    gaps(claim, &[&DIAGNOSES, &ANESTHESIA_FOR, &CONDITIONS], found);
}

fn dental_gaps(claim: Scope<'_>, found: &mut Found<'_>) {
    gaps(claim, &[&ANY_CODES], found);
}

fn institutional_gaps(claim: Scope<'_>, found: &mut Found<'_>) {
    let lists: [&At; 9] =
        [&OTHER_DIAGNOSES, &REASONS, &CAUSES, &PROCEDURES, &SPANS, &OCCURRENCES, &VALUES, &CONDITIONS, &TREATMENTS];
    gaps(claim, &lists, found);
}

fn gaps(claim: Scope<'_>, lists: &[&'static At], found: &mut Found<'_>) {
    for hi in lists.iter().flat_map(|at| claim.all(at)) {
        if let Some(n) = gap(hi, 1) {
            found.element(&GAP, hi, n);
        }
    }
}

/// The first element that stands after an empty one, from an element on.
fn gap(held: Held<'_>, from: usize) -> Option<usize> {
    let mut elements = (from..).zip(held.segment.elements().skip(from));
    elements.find(|(_, element)| element.is_empty())?;
    elements.find(|(_, element)| !element.is_empty()).map(|(n, _)| n)
}

/// Where the ride began and ended.
fn ambulance(claim: Scope<'_>, found: &mut Found<'_>) {
    let by_ambulance = claim.first(&CR1);
    let is_ride = |sv1: &Held<'_>| is_ambulance(sv1.component(1, 2));
    let (mut from, mut to) = (claim.has(&FROM), claim.has(&TO));
    for line in claim.loops(&LINE) {
        let own = line.first(&CR1_OF_LINE);
        let Some(ride) = own.or_else(|| line.first(&SV1).filter(is_ride)).or(by_ambulance) else { continue };
        if !from && !line.has(&FROM_OF_LINE) {
            found.missing(&PICK_UP, claim, &FROM).trigger(ride, 0, 0);
            from = true;
        }
        if !to && !line.has(&TO_OF_LINE) {
            found.missing(&DROP_OFF, claim, &TO).trigger(ride, 0, 0);
            to = true;
        }
        if let Some((own, of_claim)) = own.zip(by_ambulance)
            && own.segment.bytes() == of_claim.segment.bytes()
        {
            found.segment(&RIDE_SAME, own);
        }
        let same =
            |crc: &Held<'_>| claim.all(&AMBULANCE).any(|of_claim| of_claim.segment.bytes() == crc.segment.bytes());
        if let Some(crc) = line.all(&AMBULANCE_OF_LINE).find(same) {
            found.segment(&RIDE_SAME, crc);
        }
    }
}

/// Rides, mileage and supplies of ambulances among the codes that begin with A0; the others are taxis,
/// vans, tolls and lodging.
fn is_ambulance(code: &[u8]) -> bool {
    code.len() == 5 && (matches!(code, b"A0021" | b"A0225") || (b"A0380".as_slice()..=b"A0999").contains(&code))
}

fn conditions(claim: Scope<'_>, found: &mut Found<'_>) {
    let lists: [&At; 2] = [&AMBULANCE, &VISION];
    for crc in lists.into_iter().flat_map(|at| claim.all(at)) {
        condition(crc, found);
    }
    if let Some(crc) = claim.first(&EPSDT) {
        condition(crc, found);
        referral(crc, found);
    }
}

fn institutional_conditions(claim: Scope<'_>, found: &mut Found<'_>) {
    if let Some(crc) = claim.first(&ANY_CONDITIONS) {
        condition(crc, found);
        referral(crc, found);
    }
}

fn conditions_of_line(line: Scope<'_>, found: &mut Found<'_>) {
    let lists: [&At; 2] = [&AMBULANCE_OF_LINE, &EQUIPMENT];
    for crc in lists.into_iter().flat_map(|at| line.all(at)) {
        condition(crc, found);
    }
}

/// CRC03 to CRC07 fill from the left and differ.
fn condition(crc: Held<'_>, found: &mut Found<'_>) {
    if let Some(n) = gap(crc, 3) {
        found.element(&CONDITION_GAP, crc, n);
    }
    for n in 4..crc.segment.len() {
        let code = crc.element(n);
        if !code.is_empty() && (3..n).any(|before| crc.element(before) == code) {
            found.element(&CONDITION_TWICE, crc, n);
        }
    }
}

/// The referral of a child after screening (EPSDT).
fn referral(crc: Held<'_>, found: &mut Found<'_>) {
    let (referred, condition) = (crc.element(2), crc.element(3));
    if referred == b"N" && matches!(condition, b"AV" | b"S2" | b"ST") || referred == b"Y" && condition == b"NU" {
        found.element(&REFERRAL, crc, 3).trigger(crc, 2, 0);
    }
}
