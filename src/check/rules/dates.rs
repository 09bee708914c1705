//! The dates of a claim beside each other (837, DTP of 2300 and 2400): what must have come before the
//! service, what may not be in the future, and which date calls for which.

use jiff::civil::Date;

use super::{
    super::{
        Check, Found, Scope,
        external::service_day,
        rule::{Rule, rules},
        scope::{At, Held, places},
        value,
    },
    subscriber::{is_casualty, is_medicare},
};

rules! {
    BORN_LATER = Rule::warning(2, "SUB08", "patient.birth.after-service").stc("A7:158:* A7:510")
        .says("the patient was born after the service", "correct the birth date (DMG02) or the date of service");
    SERVICE_FUTURE = Rule::warning(2, "DAT01", "line.date.future").stc("A7:510 A7:187")
        .says("the date of service is in the future", "bill services when they have been rendered");
    ADJUDICATION_FUTURE = Rule::warning(2, "DAT01", "adjudication.date.future").stc("A7:510 A7:516:PR")
        .says("another payer's decision is dated in the future", "send the day of the remittance (DTP*573)");
    FUTURE = Rule::warning(2, "DAT01", "claim.date.future").stc("A7:510 A7:187")
        .says("a date of the stay or of the service is in the future", "correct the date");
    AFTER_SERVICE = Rule::warning(2, "DAT01", "claim.date.after-service").stc("A7:510 A7:187")
        .says("what should have come before the first service is dated after it", "correct the date, or the date of service");
    LINE_AFTER_SERVICE = Rule::warning(2, "DAT01", "line.date.after-service").stc("A7:510 A7:187")
        .says("what should have come before the service is dated after it", "correct the date, or the date of service");
    ACCIDENT_LATE = Rule::error(4, "CLM09", "claim.accident.date.late").stc("A7:727")
        .says("the accident is dated after the first service or in the future", "correct the accident date (DTP*439)");
    INITIAL_TREATMENT = Rule::error(4, "DAT02", "claim.initial-treatment.missing").ik3("I6").stc("A6:701")
        .says("Medicare is billed for spinal manipulation and the date of the first treatment is missing", "add DTP*454 to the claim or the line");
    ACUTE_MANIFESTATION = Rule::warning(4, "DAT03", "claim.acute-manifestation.missing").ik3("I6").stc("A6:715")
        .says("Medicare is billed for spinal manipulation of an acute condition and the date when it became acute is missing", "add DTP*453");
    SAME_DATE = Rule::warning(4, "DAT04", "line.date.same").ik3("I9")
        .says("a date of the line is that of the claim", "send it with the line only where it differs");
    DISABILITY = Rule::error(2, "DAT06", "claim.disability.form").ik4("I12")
        .says("a disability period is given as a day, or its begin or end as a period", "send DTP*314 with RD8, DTP*360 and DTP*361 with D8");
    ADMISSION = Rule::warning(4, "DAT07", "claim.admission.missing").ik3("I6").stc("A6:189")
        .says("the patient was an inpatient (CLM05-1) and the day of admission is missing", "add DTP*435");
    DISCHARGE = Rule::warning(4, "DAT07", "claim.discharge.alone").ik3("I9")
        .says("the patient was discharged and never admitted", "add the day of admission (DTP*435), or leave DTP*096 out");
    DISCHARGE_EARLY = Rule::warning(4, "DAT07", "claim.discharge.early").stc("A7:189")
        .says("the patient was discharged before being admitted", "correct DTP*435 or DTP*096");
    SHARED_CARE = Rule::warning(4, "DAT08", "claim.shared-care.modifier").stc("A6:453")
        .says("care was taken over or handed on, and no line says that only a part of it is billed", "add modifier 54 or 55 to the line of the operation, or leave DTP*090 and DTP*091 out");
    CASUALTY = Rule::warning(4, "DAT09", "claim.casualty-date").ik3("I9")
        .says("the last day worked, the return to work or the first contact is given although this is no claim for a work injury or an accident", "leave the date out");
    REPRICER = Rule::warning(4, "DAT10", "claim.repricer.date").ik3("I9")
        .says("the day on which a repricer received the claim is given and nothing was repriced", "add HCP, or leave DTP*050 out");
    TENTH_EARLY = Rule::error(5, "HI04", "diagnosis.icd-10.early").stc("A7:254")
        .says("ICD-10 codes stand on a claim for services before 2015-10-01", "send the ICD-9 codes of that time, or correct the date");
    NINTH_LATE = Rule::error(5, "HI04", "diagnosis.icd-9.late").stc("A7:254")
        .says("ICD-9 codes stand on a claim for services since 2015-10-01", "send ICD-10 codes, with the qualifiers ABK and ABF");
}

places! {
    LINE = "2300" / "2400";
    SERVICE = "2400" / "DTP[472]";
    SV1 = "2400" / "SV1";
    LINE_LAST_SEEN = "2400" / "DTP[304]";
    LINE_X_RAY = "2400" / "DTP[455]";
    LINE_INITIAL = "2400" / "DTP[454]";
    DECIDED = "2330B" / "DTP";
    DECIDED_LINE = "2430" / "DTP";
    CLAIM_SERVICE = "2300" / "DTP[472]";
    STATEMENT = "2300" / "DTP[434]";
    CLM = "2300" / "CLM";
    CR2 = "2300" / "CR2";
    HCP = "2300" / "HCP";
    ONSET = "2300" / "DTP[431]";
    INITIAL = "2300" / "DTP[454]";
    LAST_SEEN = "2300" / "DTP[304]";
    ACUTE = "2300" / "DTP[453]";
    ACCIDENT = "2300" / "DTP[439]";
    MENSTRUAL = "2300" / "DTP[484]";
    X_RAY = "2300" / "DTP[455]";
    DISABILITY_DATE = "2300" / "DTP[314]";
    LAST_WORKED = "2300" / "DTP[297]";
    RETURN = "2300" / "DTP[296]";
    CONTACT = "2300" / "DTP[444]";
    ADMITTED = "2300" / "DTP[435]";
    DISCHARGED = "2300" / "DTP[096]";
    ASSUMED = "2300" / "DTP[090]";
    RECEIVED = "2300" / "DTP[050]";
    SBR = "2000B" / "SBR";
    NAME = "2000B" / "2010BA";
    DMG = "2010BA" / "DMG";
    CASUALTY_NUMBER = "2010BA" / "REF[Y4]";
    NAME_OF_PATIENT = "2000C" / "2010CA";
    DMG_OF_PATIENT = "2010CA" / "DMG";
    CASUALTY_NUMBER_OF_PATIENT = "2010CA" / "REF[Y4]";
    DIAGNOSES = "2300" / "HI[ABK]";
}

const P: &[&str] = &["837P"];

pub(super) const CHECKS: &[Check] = &[
    Check::claims("2300", claim),
    Check::new("2300", P, chiropractic),
    Check::new("2300", P, stay),
    Check::new("2300", P, others).when([&DISABILITY_DATE, &ASSUMED, &LAST_WORKED, &RETURN, &CONTACT]),
    Check::claims("2300", repricer).when([&RECEIVED]),
    Check::claims("2330B", adjudication).when([&DECIDED]),
    Check::claims("2430", adjudication).when([&DECIDED_LINE]),
    Check::claims("2400", service).when([&SERVICE]),
    Check::new("2400", P, line).when([&LINE_INITIAL, &LINE_LAST_SEEN, &LINE_X_RAY]),
    Check::claims("2300", icd_version),
];

/// Dates of a claim that come before its first service, with their status codes.
static BEFORE: &[(&At, &str)] = &[
    (&ONSET, "A7:510 A7:397"),
    (&INITIAL, "A7:510 A7:701"),
    (&LAST_SEEN, "A7:510 A7:757"),
    (&X_RAY, "A7:510 A7:210"),
    (&MENSTRUAL, "A7:510 A7:191"),
];

/// Dates of a line that come before its service.
static LINE_BEFORE: &[(&At, &At, &str)] = &[
    (&LINE_INITIAL, &INITIAL, "A7:510 A7:701"),
    (&LINE_LAST_SEEN, &LAST_SEEN, "A7:510 A7:757"),
    (&LINE_X_RAY, &X_RAY, "A7:510 A7:210"),
];

/// Dates that do not depend on what was done.
fn claim(claim: Scope<'_>, found: &mut Found<'_>) {
    let days = [(&CLAIM_SERVICE, "A7:510 A7:187"), (&STATEMENT, "A7:510 A7:188"), (&ADMITTED, "A7:510 A7:189")];
    for (at, status) in days {
        if let Some(held) = claim.first(at)
            && held.period(2, 3).is_some_and(|(_, last)| last > found.today())
        {
            found.element(&FUTURE, held, 3).codes(|codes| codes.stc = Some(status));
        }
    }
    let first = first_service(claim);
    if let Some(accident) = claim.first(&ACCIDENT)
        && let Some(day) = accident.date(3)
        && (day > found.today() || first.is_some_and(|first| day > first))
    {
        found.element(&ACCIDENT_LATE, accident, 3);
    }
    let Some(first) = first else { return };
    if let Some(dmg) = birth(claim)
        && dmg.date(2).is_some_and(|birth| birth > first)
    {
        found.element(&BORN_LATER, dmg, 2);
    }
    if !claim.is("837P") {
        return;
    }
    for &(at, status) in BEFORE {
        if let Some(held) = claim.first(at)
            && held.date(3).is_some_and(|day| day > first)
        {
            found.element(&AFTER_SERVICE, held, 3).codes(|codes| codes.stc = Some(status));
        }
    }
}

/// The first day of service of any line; of the claim where its lines have none.
fn first_service(claim: Scope<'_>) -> Option<Date> {
    let mut first: Option<&[u8]> = None;
    for line in claim.loops(&LINE) {
        if let Some(held) = line.first(&SERVICE)
            && let Some(day) = held.element(3).get(..8)
            && first.is_none_or(|first| day < first)
        {
            first = Some(day);
        }
    }
    match first {
        Some(day) => value::date(day),
        None => claim.first(&CLAIM_SERVICE).or_else(|| claim.first(&STATEMENT))?.period(2, 3).map(|(first, _)| first),
    }
}

/// The patient's birth date.
fn birth(claim: Scope<'_>) -> Option<Held<'_>> {
    let level = claim.around();
    match level.inner(&NAME_OF_PATIENT) {
        Some(patient) => patient.first(&DMG_OF_PATIENT),
        None => level.inner(&NAME)?.first(&DMG),
    }
}

fn chiropractic(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(sbr) = claim.up("2000B").and_then(|level| level.first(&SBR)).filter(|sbr| is_medicare(*sbr)) else {
        return;
    };
    let is_manipulation = |sv1: &Held<'_>| matches!(sv1.component(1, 2), b"98940" | b"98941" | b"98942");
    let mut any = false;
    for line in claim.loops(&LINE) {
        let Some(sv1) = line.first(&SV1).filter(is_manipulation) else { continue };
        any = true;
        if !claim.has(&INITIAL) && !line.has(&LINE_INITIAL) && sbr.element(9) == b"MB" {
            found.missing(&INITIAL_TREATMENT, line, &LINE_INITIAL).trigger(sv1, 1, 2);
        }
    }
    if any
        && let Some(cr2) = claim.first(&CR2)
        && matches!(cr2.element(8), b"A" | b"M")
        && !claim.has(&ACUTE)
    {
        found.missing(&ACUTE_MANIFESTATION, claim, &ACUTE).trigger(cr2, 8, 0);
    }
}

/// Admission and discharge.
fn stay(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(clm) = claim.first(&CLM) else { return };
    let (admitted, discharged) = (claim.first(&ADMITTED), claim.first(&DISCHARGED));
    if admitted.is_none() && matches!(clm.component(5, 1), b"21" | b"51" | b"61") {
        found.missing(&ADMISSION, claim, &ADMITTED).trigger(clm, 5, 1);
    }
    match (admitted, discharged) {
        (None, Some(discharged)) => {
            found.segment(&DISCHARGE, discharged);
        }
        (Some(admitted), Some(discharged))
            if admitted.date(3).zip(discharged.date(3)).is_some_and(|(from, to)| to < from) =>
        {
            found.element(&DISCHARGE_EARLY, discharged, 3).trigger(admitted, 3, 0);
        }
        _ => {}
    }
}

fn others(claim: Scope<'_>, found: &mut Found<'_>) {
    if let Some(period) = claim.first(&DISABILITY_DATE)
        && matches!((period.element(1), period.element(2)), (b"314", b"D8") | (b"360" | b"361", b"RD8"))
    {
        found.element(&DISABILITY, period, 2).trigger(period, 1, 0);
    }
    if let Some(assumed) = claim.first(&ASSUMED) {
        let is_part = |sv1: Held<'_>| (3..=6).any(|c| matches!(sv1.component(1, c), b"54" | b"55"));
        if !claim.loops(&LINE).filter_map(|line| line.first(&SV1)).any(is_part) {
            found.segment(&SHARED_CARE, assumed);
        }
    }
    for at in [&LAST_WORKED, &RETURN, &CONTACT] {
        if let Some(held) = claim.first(at)
            && !is_casualty_claim(claim)
        {
            found.segment(&CASUALTY, held);
        }
    }
}

/// Whether a claim is one for a work injury or an accident: by the kind of insurance, or by its number.
fn is_casualty_claim(claim: Scope<'_>) -> bool {
    let Some(level) = claim.up("2000B") else { return false };
    level.first(&SBR).is_some_and(is_casualty)
        || level.inner(&NAME).is_some_and(|name| name.has(&CASUALTY_NUMBER))
        || claim.around().inner(&NAME_OF_PATIENT).is_some_and(|name| name.has(&CASUALTY_NUMBER_OF_PATIENT))
}

fn repricer(claim: Scope<'_>, found: &mut Found<'_>) {
    if let Some(received) = claim.first(&RECEIVED)
        && !claim.has(&HCP)
    {
        found.segment(&REPRICER, received);
    }
}

fn adjudication(payer: Scope<'_>, found: &mut Found<'_>) {
    if let Some(decided) = payer.first(&DECIDED).or_else(|| payer.first(&DECIDED_LINE))
        && decided.date(3).is_some_and(|day| day > found.today())
    {
        found.element(&ADJUDICATION_FUTURE, decided, 3);
    }
}

fn service(line: Scope<'_>, found: &mut Found<'_>) {
    if let Some(service) = line.first(&SERVICE)
        && service.period(2, 3).is_some_and(|(first, _)| first > found.today())
    {
        found.element(&SERVICE_FUTURE, service, 3);
    }
}

fn line(line: Scope<'_>, found: &mut Found<'_>) {
    for &(at, of_claim, status) in LINE_BEFORE {
        let Some(held) = line.first(at) else { continue };
        let day = held.date(3);
        let service = line.first(&SERVICE).and_then(|service| service.period(2, 3));
        if day.zip(service).is_some_and(|(day, (first, _))| day > first) {
            found.element(&LINE_AFTER_SERVICE, held, 3).codes(|codes| codes.stc = Some(status));
        }
        if line.around().first(of_claim).is_some_and(|of_claim| of_claim.element(3) == held.element(3)) {
            found.segment(&SAME_DATE, held);
        }
    }
}
/// The day from which on ICD-10 codes are sent.
const ICD_10: Date = jiff::civil::date(2015, 10, 1);

fn icd_version(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(first) = claim.first(&DIAGNOSES) else { return };
    let rule = match first.component(1, 1) {
        b"ABK" | b"ABF" => &TENTH_EARLY,
        b"BK" | b"BF" => &NINTH_LATE,
        _ => return,
    };
    let Some(day) = service_day(claim) else { return };
    if (day < ICD_10) == std::ptr::eq(rule, &TENTH_EARLY) {
        found.component(rule, first, 1, 1);
    }
}
