//! What an institutional bill (837I) of its type must and must not hold (SNIP 6): admission, discharge and
//! statement dates, institutional codes (CL1), covered days, providers, and its lines.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{
    super::{
        Check, Found, Scope,
        rule::{Rule, rules},
        scope::{At, Held, places},
        value,
    },
    bill::Bill,
};

rules! {
    ADMISSION = Rule::error(6, "DAT12", "claim.admission.date").ik3("I6").stc("A6:189")
        .says("a bill of this type has no admission or start of care", "add DTP*435 with the day, and for a stay the hour, of admission");
    ADMISSION_BESIDE_STAY = Rule::warning(6, "DAT12", "claim.admission.start").stc("A6:189")
        .says("a bill of this type usually says when the stay or the care began", "add DTP*435 with the day of admission or start of care");
    ADMISSION_LATE = Rule::error(6, "DAT12", "claim.admission.late").stc("A7:189")
        .says("the admission is after the last day of the statement", "correct DTP*435, or the statement dates in DTP*434");
    DISCHARGE_INTERIM = Rule::error(6, "DAT13", "claim.discharge.interim").ik3("I9").stc("A7:233 A7:535")
        .says("an interim bill has a discharge hour, though the patient is still there", "remove DTP*096, or send frequency 1 or 4 (CLM05-3) for a final bill");
    DISCHARGE_HOUR = Rule::warning(6, "DAT13", "claim.discharge.hour").stc("A6:233")
        .says("the final bill of a hospital stay has no discharge hour", "add DTP*096 with the hour of discharge");
    DISCHARGE_VISIT = Rule::warning(6, "DAT13", "claim.discharge.visit").stc("A7:233")
        .says("there is a discharge hour on a bill that is for no stay", "remove DTP*096");
    LINE_DATE = Rule::warning(4, "DAT14", "line.service.date.statement").stc("A7:187 A7:188")
        .says("the line's service date is outside the statement dates", "correct the line's DTP*472, or the statement dates in DTP*434");
    ADMISSION_TYPE = Rule::error(6, "OTH07", "claim.admission.type").stc("A7:231")
        .says("CL101 is not a type of admission", "use 1, 2, 3, 4, 5 or 9");
    ADMISSION_SOURCE = Rule::warning(6, "OTH07", "claim.admission.source").stc("A7:229")
        .says("CL102 does not fit the type of admission", "for a newborn (CL101 is 4) send 5 or 6; otherwise another source of admission");
    PATIENT_STATUS = Rule::error(6, "OTH07", "claim.patient-status.code").stc("A7:234")
        .says("CL103 is not a patient status that is in use", "send the status on the last day of the statement, such as 01 for home or 30 for still a patient");
    STILL_PATIENT = Rule::error(6, "OTH08", "claim.patient-status.final").stc("A7:234 A7:535")
        .says("the bill runs from admission to discharge, but says that the patient is still there", "correct the patient status (CL103), or the frequency (CLM05-3)");
    STILL_PATIENT_AT_LAST = Rule::warning(6, "OTH08", "claim.patient-status.last").stc("A7:234 A7:535")
        .says("the bill is the last of several, but says that the patient is still there", "correct the patient status (CL103), or the frequency (CLM05-3)");
    NOT_PATIENT = Rule::warning(6, "OTH08", "claim.patient-status.interim").stc("A7:234 A7:535")
        .says("the bill is an interim one, but says that the patient has left", "send patient status 30 (CL103), or frequency 4 (CLM05-3) for the last bill");
    DAYS = Rule::warning(6, "OTH09", "claim.covered-days.sum").stc("A7:725")
        .says("covered and non-covered days (value codes 80 and 81) are not the days of the statement", "correct the value codes, or the statement dates in DTP*434");
    SAME_DAY_TRANSFER = Rule::error(6, "OTH10", "claim.transfer.same-day").stc("A7:460")
        .says("the patient was transferred on the day of admission, which condition code 40 has to say", "add condition code 40 to HI*BG, or correct the patient status (CL103)");
    ATTENDING = Rule::error(4, "PRV04", "claim.attending.missing").ik3("I6").stc("A6:562:71")
        .says("the bill has no attending provider", "add loop 2310A; only bills for unscheduled transportation alone go without");
    ATTENDING_ID = Rule::warning(4, "PRV04", "claim.attending.identifier").stc("A6:562:71")
        .says("the attending provider has no NPI", "fill in NM108 with XX and NM109 with the provider's NPI");
    OPERATING = Rule::warning(4, "PRV05", "claim.operating.missing").stc("A6:562:72")
        .says("there is a surgical procedure but no operating physician", "add loop 2310B with the surgeon");
    OTHER_OPERATING = Rule::warning(4, "PRV05", "claim.operating.other").stc("A6:562:72")
        .says("there is another operating physician but no first one", "add loop 2310B, or send the only operating physician there");
    LINE_OPERATING = Rule::warning(4, "PRV05", "line.operating.repeated").stc("A7:562:72")
        .says("the line repeats the operating physician of the claim", "send the physician on a line only if it is another one");
    RENDERING = Rule::warning(4, "PRV03", "claim.rendering.attending").stc("A7:562:82")
        .says("the rendering provider is the attending provider", "remove loop 2310D; it is for a provider other than the attending one");
    LINE_RENDERING = Rule::warning(4, "PRV03", "line.rendering.repeated").stc("A7:562:82")
        .says("the line repeats the rendering or attending provider of the claim", "remove loop 2420C; it is for another provider");
    SERVICE_DATE = Rule::warning(6, "LIN10", "line.service.date.visit").stc("A6:187")
        .says("an outpatient line with a procedure has no service date", "add DTP*472 with the day of service");
    TOTAL_LINE = Rule::warning(6, "LIN11", "line.revenue.total").stc("A7:455")
        .says("revenue code 0001 is a total, which electronic claims do not have", "remove the line; CLM02 is the total");
    RATE_CODE = Rule::warning(6, "LIN12", "line.rate-code.missing").stc("A6:507")
        .says("a line with revenue code 0022, 0023 or 0024 has no rate code", "send the HIPPS code in SV202 with qualifier HP");
    RATE_REVENUE = Rule::warning(6, "LIN12", "line.rate-code.revenue").stc("A7:513")
        .says("a HIPPS rate code stands with a revenue code that is not for it", "use revenue code 0022, 0023 or 0024, or qualify the procedure with HC");
    ROOM_UNIT = Rule::warning(6, "LIN12", "line.accommodation.unit").stc("A7:476")
        .says("room and board is not counted in days", "send DA in SV204 and the number of days in SV205");
    PROCEDURE = Rule::warning(6, "LIN12", "line.procedure.outpatient").stc("A6:507")
        .says("an outpatient line with this revenue code has no procedure", "add the HCPCS code in SV202");
}

places! {
    DISCHARGE_AT = "2300" / "DTP[096]";
    STATEMENT_AT = "2300" / "DTP[434]";
    ADMISSION_AT = "2300" / "DTP[435]";
    CL1 = "2300" / "CL1";
    SURGERY = "2300" / "HI[BBR]";
    VALUES = "2300" / "HI[BE]";
    CONDITIONS = "2300" / "HI[BG]";
    ATTENDING_AT = "2300" / "2310A";
    OPERATING_AT = "2300" / "2310B";
    OTHER_OPERATING_AT = "2300" / "2310C";
    RENDERING_AT = "2300" / "2310D";
    ATTENDING_NAME = "2310A" / "NM1";
    OPERATING_NAME = "2310B" / "NM1";
    OTHER_OPERATING_NAME = "2310C" / "NM1";
    RENDERING_NAME = "2310D" / "NM1";
    LINE = "2300" / "2400";
    SV2 = "2400" / "SV2";
    LINE_DATE_AT = "2400" / "DTP";
    LINE_OPERATING_AT = "2400" / "2420A";
    LINE_OTHER_OPERATING_AT = "2400" / "2420B";
    LINE_RENDERING_AT = "2400" / "2420C";
    LINE_OPERATING_NAME = "2420A" / "NM1";
    LINE_OTHER_OPERATING_NAME = "2420B" / "NM1";
    LINE_RENDERING_NAME = "2420C" / "NM1";
}

const GUIDE: &[&str] = &["837I"];

pub(super) const CHECKS: &[Check] = &[
    Check::new("2300", GUIDE, dates),
    Check::new("2300", GUIDE, codes).when([&CL1]),
    Check::new("2300", GUIDE, providers),
    Check::new("2400", GUIDE, line),
    Check::new("2400", GUIDE, line_providers).when([&LINE_OPERATING_AT, &LINE_OTHER_OPERATING_AT, &LINE_RENDERING_AT]),
];

/// First and last day of the statement, if they are in order.
pub(super) fn statement(claim: Scope<'_>) -> Option<(Date, Date)> {
    claim.first(&STATEMENT_AT)?.period(2, 3).filter(|(from, through)| from <= through)
}

/// The day of admission or start of care.
pub(super) fn admission(claim: Scope<'_>) -> Option<Date> {
    claim.first(&ADMISSION_AT)?.period(2, 3).map(|(day, _)| day)
}

/// The type of admission (CL101).
pub(super) fn admission_type(claim: Scope<'_>) -> &[u8] {
    claim.first(&CL1).map_or(b"", |cl1| cl1.element(1))
}

/// The revenue codes of the lines.
pub(super) fn revenue_codes(claim: Scope<'_>) -> impl Iterator<Item = &[u8]> {
    claim.loops(&LINE).filter_map(|line| Some(line.first(&SV2)?.element(1)))
}

fn dates(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(bill) = Bill::of(claim) else { return };
    match claim.first(&ADMISSION_AT) {
        None if bill.is_admission() || bill.is_home_health() => {
            found.missing(&ADMISSION, claim, &ADMISSION_AT).trigger(bill.clm, 5, 1);
        }
        None if bill.is_stay() || bill.is_ancillary() || bill.is_hospice() => {
            found.missing(&ADMISSION_BESIDE_STAY, claim, &ADMISSION_AT).trigger(bill.clm, 5, 1);
        }
        None => {}
        Some(held) => {
            if let (Some(day), Some((_, through))) = (admission(claim), statement(claim))
                && day > through
            {
                found.element(&ADMISSION_LATE, held, 3);
            }
        }
    }
    match claim.first(&DISCHARGE_AT) {
        Some(hour) if bill.is_interim() => {
            found.segment(&DISCHARGE_INTERIM, hour).trigger(bill.clm, 5, 3);
        }
        Some(hour) if bill.is_visit() => {
            found.segment(&DISCHARGE_VISIT, hour).trigger(bill.clm, 5, 1);
        }
        None if bill.ends_at_an_hour() && bill.is_final() => {
            found.missing(&DISCHARGE_HOUR, claim, &DISCHARGE_AT).trigger(bill.clm, 5, 1);
        }
        _ => {}
    }
}

/// Patient status on the day of a transfer to another institution.
const TRANSFERRED: &[&[u8]] = &[b"02", b"03", b"05", b"50", b"51", b"61", b"62", b"63", b"64", b"65", b"66", b"70"];

/// CL1, and what stands in other segments because of it.
fn codes(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(cl1) = claim.first(&CL1) else { return };
    let (kind, source, status) = (cl1.element(1), cl1.element(2), cl1.element(3));
    if !matches!(kind, b"" | b"1" | b"2" | b"3" | b"4" | b"5" | b"9") {
        found.element(&ADMISSION_TYPE, cl1, 1);
    } else if !source.is_empty() && !is_source(kind, source) {
        found.element(&ADMISSION_SOURCE, cl1, 2).trigger(cl1, 1, 0);
    }
    if !status.is_empty() && !is_status(status) {
        found.element(&PATIENT_STATUS, cl1, 3);
        return;
    }
    let Some(bill) = Bill::of(claim) else { return };
    let still = status == b"30";
    // Bills for visits over a month may end while treatment goes on, whatever their frequency.
    match bill.frequency {
        b'1' if still && bill.is_stay() => {
            found.element(&STILL_PATIENT, cl1, 3).trigger(bill.clm, 5, 3);
        }
        b'4' if still && bill.is_stay() => {
            found.element(&STILL_PATIENT_AT_LAST, cl1, 3).trigger(bill.clm, 5, 3);
        }
        b'2' | b'3' if !still && bill.is_stay() => {
            found.element(&NOT_PATIENT, cl1, 3).trigger(bill.clm, 5, 3);
        }
        _ => {}
    }
    if bill.is_admission() {
        days(claim, still, found);
    }
    if bill.is_hospital_stay() && TRANSFERRED.contains(&status) {
        let (admission, through) = (admission(claim), statement(claim).map(|(_, through)| through));
        if admission.is_some() && admission == through && !holds(claim, &CONDITIONS, b"40") {
            found.element(&SAME_DAY_TRANSFER, cl1, 3);
        }
    }
}

/// Whether a source of admission goes with a type of admission.
fn is_source(kind: &[u8], source: &[u8]) -> bool {
    match kind {
        b"4" => matches!(source, b"5" | b"6"),
        // 7 (emergency room) is withdrawn since 2010, and still sent.
        _ => matches!(source, b"1" | b"2" | b"4" | b"5" | b"6" | b"7" | b"8" | b"9" | b"D" | b"E" | b"F" | b"G"),
    }
}

/// Whether a patient status is in use.
fn is_status(status: &[u8]) -> bool {
    let &[tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = status else { return false };
    let number = (tens - b'0') * 10 + (ones - b'0');
    matches!(number, 1..=7 | 9 | 20 | 21 | 30 | 40..=43 | 50 | 51 | 61..=66 | 69 | 70 | 81..=95)
}

/// Whether a list of codes (HI) holds a code.
fn holds(claim: Scope<'_>, list: &At, code: &[u8]) -> bool {
    claim.all(list).any(|held| (1..held.segment.len()).any(|n| held.component(n, 2) == code))
}

/// Value codes 80 and 81 against the statement; the day of discharge is not counted.
fn days(claim: Scope<'_>, still: bool, found: &mut Found<'_>) {
    let mut stated: Option<(Held<'_>, usize, Decimal)> = None;
    for held in claim.all(&VALUES) {
        for n in 1..held.segment.len() {
            if matches!(held.component(n, 2), b"80" | b"81") {
                let Some(days) = value::number(held.component(n, 5)) else { return };
                let (first, at, sum) = stated.unwrap_or((held, n, Decimal::ZERO));
                stated = Some((first, at, sum + days));
            }
        }
    }
    let (Some((held, n, sum)), Some((from, through))) = (stated, statement(claim)) else { return };
    let nights = Decimal::from(from.until(through).map_or(0, |span| span.get_days()));
    let fits = sum == nights.max(Decimal::ONE) || still && sum == nights + Decimal::ONE;
    if !fits {
        found.component(&DAYS, held, n, 5).expected(nights.max(Decimal::ONE));
    }
}

fn providers(claim: Scope<'_>, found: &mut Found<'_>) {
    let attending = claim.inner(&ATTENDING_AT).and_then(|one| one.first(&ATTENDING_NAME));
    match attending {
        None if !claim.has(&ATTENDING_AT) && !revenue_codes(claim).all(|code| code.starts_with(b"054")) => {
            found.missing(&ATTENDING, claim, &ATTENDING_AT);
        }
        Some(name) if name.element(9).is_empty() => {
            found.element(&ATTENDING_ID, name, 9);
        }
        _ => {}
    }
    let operating = claim.has(&OPERATING_AT);
    if let Some(surgery) = claim.first(&SURGERY)
        && !operating
        // The first section of ICD-10-PCS, medical and surgical.
        && surgery.component(1, 1) == b"BBR"
        && surgery.component(1, 2).starts_with(b"0")
    {
        found.missing(&OPERATING, claim, &OPERATING_AT).trigger(surgery, 1, 2);
    }
    if let Some(other) = claim.inner(&OTHER_OPERATING_AT).and_then(|one| one.first(&OTHER_OPERATING_NAME))
        && !operating
    {
        found.segment(&OTHER_OPERATING, other);
    }
    if let Some(rendering) = claim.inner(&RENDERING_AT).and_then(|one| one.first(&RENDERING_NAME))
        && is_same(Some(rendering), attending)
    {
        found.segment(&RENDERING, rendering);
    }
}

/// Whether two providers have the same NPI.
fn is_same(one: Option<Held<'_>>, other: Option<Held<'_>>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return false };
    !one.element(9).is_empty() && one.element(9) == other.element(9)
}

fn line(line: Scope<'_>, found: &mut Found<'_>) {
    let Some(sv2) = line.first(&SV2) else { return };
    let (revenue, procedure) = (sv2.element(1), sv2.element(2));
    if revenue == b"0001" {
        found.element(&TOTAL_LINE, sv2, 1);
        return;
    }
    let rate = matches!(revenue, b"0022" | b"0023" | b"0024");
    let priced = sv2.component(2, 1) == b"HP";
    if rate && !priced {
        found.element(&RATE_CODE, sv2, 2).trigger(sv2, 1, 0);
    } else if priced && !rate {
        found.element(&RATE_REVENUE, sv2, 1).trigger(sv2, 2, 1);
    }
    if is_room(revenue) && sv2.element(4) == b"UN" {
        found.element(&ROOM_UNIT, sv2, 4).trigger(sv2, 1, 0);
    }
    let claim = line.around();
    let date = line.first(&LINE_DATE_AT);
    if let (Some(date), Some((from, through))) = (date, statement(claim))
        && let Some((first, last)) = date.period(2, 3)
        && (first < from || last > through)
    {
        found.element(&LINE_DATE, date, 3);
    }
    if date.is_some() && !procedure.is_empty() {
        return;
    }
    let Some(bill) = Bill::of(claim) else { return };
    if date.is_none() && !procedure.is_empty() && bill.is_visit() {
        found.missing(&SERVICE_DATE, line, &LINE_DATE_AT).trigger(sv2, 2, 0);
    }
    if procedure.is_empty() && bill.is_outpatient_department() && wants_procedure(revenue) {
        found.element(&PROCEDURE, sv2, 2).trigger(sv2, 1, 0);
    }
}

/// Whether a revenue code is for room and board.
fn is_room(revenue: &[u8]) -> bool {
    matches!(revenue, [b'0', b'1', b'0'..=b'9', _] | [b'0', b'2', b'0' | b'1', _] | [b'1', b'0', b'0', _])
}

/// Whether outpatient departments bill a revenue code with a procedure: laboratory, imaging, emergency
/// room, clinic, heart and nerve tests, and drugs that are billed in detail.
fn wants_procedure(revenue: &[u8]) -> bool {
    revenue == b"0636"
        || matches!(
            revenue,
            [b'0', b'3', b'0'..=b'5', _]
                | [b'0', b'4', b'0' | b'5', _]
                | [b'0', b'5', b'1', _]
                | [b'0', b'6', b'1', _]
                | [b'0', b'7', b'3' | b'4', _]
        )
}

/// Providers of a line against those of its claim.
fn line_providers(line: Scope<'_>, found: &mut Found<'_>) {
    let (operating, other) = (line.inner(&LINE_OPERATING_AT), line.inner(&LINE_OTHER_OPERATING_AT));
    let rendering = line.inner(&LINE_RENDERING_AT);
    if operating.is_none() && other.is_none() && rendering.is_none() {
        return;
    }
    let claim = line.around();
    let of_claim = |at: &At, name: &At| claim.inner(at).and_then(|one| one.first(name));
    let pairs = [
        (
            &LINE_OPERATING,
            operating.and_then(|one| one.first(&LINE_OPERATING_NAME)),
            of_claim(&OPERATING_AT, &OPERATING_NAME),
        ),
        (
            &LINE_OPERATING,
            other.and_then(|one| one.first(&LINE_OTHER_OPERATING_NAME)),
            of_claim(&OTHER_OPERATING_AT, &OTHER_OPERATING_NAME),
        ),
        (
            &LINE_RENDERING,
            rendering.and_then(|one| one.first(&LINE_RENDERING_NAME)),
            of_claim(&RENDERING_AT, &RENDERING_NAME).or_else(|| of_claim(&ATTENDING_AT, &ATTENDING_NAME)),
        ),
    ];
    for (rule, own, of_claim) in pairs {
        if let Some(own) = own
            && is_same(Some(own), of_claim)
        {
            found.segment(rule, own);
        }
    }
}
