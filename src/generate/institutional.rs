//! Institutional claims, one scenario a function.

use super::{
    adjudicate::{cents, money},
    batch::{Clientele, Program, Trade},
    codes::*,
    people,
    scene::{Extra, Row, Scenario, Scene, diagnosis, hcpcs, scenario, text},
};
use crate::{
    claims::{
        Certification, Claim, Diagnosis, Drug, Line, Note, Occurrence, OccurrenceSpan, Procedure, SurgicalProcedure,
        ValueAmount,
    },
    record::{Date, Decimal, Text, Time, When},
};

use Program::*;

const PAYERS: &[Program] = &[Medicare, Medicare, Medicaid, Commercial, Commercial, Blue, ManagedCare, Tricare];
const ELDERLY: &[Program] = &[Medicare, Medicare, Medicaid, Blue];

pub(super) const TRADES: &[Row] = &[
    (
        Trade { taxonomy: "282N00000X", called: "MEDICAL CENTER", clientele: Clientele::Births, programs: PAYERS },
        50,
        &[
            scenario("outpatient", 28, outpatient),
            scenario("inpatient", 30, inpatient),
            scenario("inpatient surgery", 16, inpatient_surgery),
            scenario("interim bill", 6, interim),
            scenario("emergency visit", 20, emergency_visit),
            scenario("outpatient drugs", 10, outpatient_drugs),
        ],
    ),
    (
        Trade {
            taxonomy: "273R00000X",
            called: "TRAUMA CENTER",
            clientele: Clientele::Adults,
            programs: &[Auto, WorkersCompensation],
        },
        6,
        &[scenario("accident", 1, accident)],
    ),
    (
        Trade { taxonomy: "314000000X", called: "NURSING CENTER", clientele: Clientele::Elderly, programs: ELDERLY },
        10,
        &[scenario("skilled nursing", 1, skilled_nursing)],
    ),
    (
        Trade { taxonomy: "251E00000X", called: "HOME HEALTH", clientele: Clientele::Elderly, programs: ELDERLY },
        10,
        &[scenario("home health", 1, home_health)],
    ),
    (
        Trade { taxonomy: "261QE0700X", called: "DIALYSIS CENTER", clientele: Clientele::Elderly, programs: ELDERLY },
        8,
        &[scenario("dialysis center", 1, dialysis)],
    ),
    (
        Trade { taxonomy: "251G00000X", called: "HOSPICE", clientele: Clientele::Elderly, programs: ELDERLY },
        6,
        &[scenario("hospice", 1, hospice)],
    ),
    (
        Trade { taxonomy: "261QF0400X", called: "COMMUNITY CLINIC", clientele: Clientele::Everyone, programs: PAYERS },
        6,
        &[scenario("health center", 1, health_center)],
    ),
    (
        Trade { taxonomy: "283X00000X", called: "REHABILITATION", clientele: Clientele::Elderly, programs: ELDERLY },
        6,
        &[scenario("outpatient therapy", 1, therapy)],
    ),
];

/// What any institutional claim may have besides.
pub(super) const EXTRAS: &[Extra] = &[
    Extra { name: "estimated amount due", percent: 12, add: estimated_due },
    Extra { name: "clinical notes", percent: 8, add: clinical_notes },
    Extra { name: "non-covered charges", percent: 8, add: non_covered },
    Extra { name: "rendering provider besides the attending", percent: 6, add: rendering },
    Extra { name: "referring provider", percent: 8, add: referring },
    Extra { name: "service facility", percent: 5, add: elsewhere },
    Extra { name: "peer review", percent: 3, add: peer_review },
    Extra { name: "operating physician of a line", percent: 4, add: operating_of_line },
    Extra { name: "line taxes", percent: 2, add: taxes },
    Extra { name: "screening referral", percent: 2, add: screening },
    Extra { name: "device exemptions", percent: 2, add: device_exemptions },
];

/// The claim that a newborn's household gets.
pub(super) const NEWBORN: Scenario = scenario("newborn", 1, newborn);

/// A bill of a type, for a stay of so many days after the first.
fn bill(scene: &mut Scene<'_>, kind: &'static str, frequency: &'static str, days: i64) -> Claim {
    let mut claim = scene.claim(kind);
    claim.signature_on_file = None;
    claim.frequency = text(frequency);
    claim.statement_period = Some(When::Period(scene.day, scene.later(days)));
    claim.attending_provider = Some(scene.physician("207R00000X"));
    if scene.random.chance(25) {
        claim.attending_provider =
            claim.attending_provider.map(|provider| crate::claims::Provider { taxonomy: None, ..provider });
    }
    claim.admission_type = Some(text(scene.random.pick(&["1", "2", "3"])));
    claim.admission_source = Some(text(scene.random.pick(&["1", "2", "4", "8"])));
    claim.patient_status = Some(text("01"));
    claim
}

fn principal(scene: &mut Scene<'_>, claim: &mut Claim, table: &[&'static str], indicated: bool) {
    let mut code = diagnosis("ABK", scene.random.pick(table));
    let indicator =
        |scene: &mut Scene<'_>| indicated.then(|| scene.random.pick(&["Y", "Y", "Y", "N", "U", "W"]).into());
    code.present_on_admission = indicator(scene);
    let others = scene.random.between(0, if scene.plain { 4 } else { 13 });
    let others: Vec<&str> = scene
        .random
        .several(others as usize, INPATIENT_OTHERS)
        .into_iter()
        .filter(|other| code.code != *other)
        .collect();
    claim.other_diagnoses = others
        .into_iter()
        .map(|other| Diagnosis { present_on_admission: indicator(scene), ..diagnosis("ABF", other) })
        .collect();
    claim.diagnoses = vec![code];
}

/// An hour of the day.
fn hour(scene: &mut Scene<'_>) -> Time {
    Time::new(scene.random.below(24) as u8, scene.random.pick(&[0, 5, 15, 30, 45])).unwrap_or_default()
}

fn revenue(code: &'static str, cents: i64, unit: &'static str, quantity: i64) -> Line {
    Line {
        revenue_code: Some(text(code)),
        charge: money(cents),
        unit: Some(text(unit)),
        quantity: Some(Decimal::from(quantity)),
        ..Line::default()
    }
}

fn value(code: &'static str, hundredths: i64) -> ValueAmount {
    ValueAmount { code: text(code), amount: money(hundredths) }
}

fn occurrence(code: &'static str, date: Date) -> Occurrence {
    Occurrence { code: text(code), date: Some(date) }
}

fn ancillaries(scene: &mut Scene<'_>, claim: &mut Claim, count: usize) {
    claim.lines.reserve_exact(count);
    let start = scene.random.below(ANCILLARIES.len());
    for at in 0..count {
        let (code, price) = ANCILLARIES[(start + at) % ANCILLARIES.len()];
        let units = scene.random.between(1, 12);
        claim.lines.push(revenue(code, price * units / 4, "UN", units));
    }
}

fn inpatient(scene: &mut Scene<'_>) -> Claim {
    let days = scene.random.between(1, 12);
    let mut claim = bill(scene, "11", "1", days);
    claim.admission = Some(When::DateTime(scene.day, hour(scene)));
    claim.discharge = Some(When::Time(hour(scene)));
    claim.patient_status = Some(text(scene.random.pick(&["01", "01", "03", "06", "02", "62", "20"])));
    principal(scene, &mut claim, INPATIENT_DIAGNOSES, true);
    claim.admitting_diagnosis = Some(diagnosis("ABJ", scene.random.pick(&["R079", "R0602", "R509", "R1084", "R55"])));
    if scene.random.chance(50) {
        claim.drg = Some(text(scene.random.pick(&["470", "291", "193", "871", "065", "690"])));
    }
    let (bed, rate) = scene.random.pick(BEDS);
    claim.lines.push(revenue(bed, rate * days, "DA", days));
    claim.values = vec![value("01", rate), value("80", days * 100)];
    if scene.random.chance(30) {
        claim.values.push(value("81", 0));
    }
    if scene.random.chance(25) {
        claim.occurrences = vec![occurrence("11", scene.earlier(2)), occurrence("24", scene.earlier(1))];
    }
    if scene.random.chance(15) {
        claim.occurrence_spans =
            vec![OccurrenceSpan { code: text("71"), period: Some(When::Period(scene.earlier(30), scene.earlier(24))) }];
    }
    if scene.random.chance(30) {
        claim.conditions = scene.random.several(3, &["09", "20", "C1", "C5", "77"]).into_iter().map(text).collect();
    }
    let count = scene.count(2, 14).min(scene.max_lines.saturating_sub(1));
    ancillaries(scene, &mut claim, count);
    claim
}

fn inpatient_surgery(scene: &mut Scene<'_>) -> Claim {
    let mut claim = inpatient(scene);
    let day = scene.day;
    let procedure = |kind: &'static str, code: &'static str, date: Date| SurgicalProcedure {
        kind: text(kind),
        code: text(code),
        date: Some(date),
    };
    let codes = scene.random.several(4, &["0SRC0J9", "0FT44ZZ", "027034Z", "5A1955Z", "0W9G3ZZ", "30233N1"]);
    let others = scene.random.below(codes.len());
    claim.principal_procedure = Some(procedure("BBR", codes[0], day));
    claim.other_procedures = codes[1..=others].iter().map(|code| procedure("BBQ", code, day)).collect();
    claim.operating_physician = Some(scene.physician(""));
    if scene.random.chance(20) {
        claim.other_operating_physician = Some(scene.physician(""));
    }
    claim
}

fn interim(scene: &mut Scene<'_>) -> Claim {
    let frequency = scene.random.pick(&["2", "3"]);
    let mut claim = inpatient(scene);
    claim.frequency = text(frequency);
    claim.patient_status = Some(text("30"));
    claim.discharge = None;
    if frequency == "3" {
        claim.admission = Some(When::DateTime(scene.earlier(30), hour(scene)));
    }
    claim
}

fn newborn(scene: &mut Scene<'_>) -> Claim {
    let days = scene.random.between(1, 4);
    let mut claim = bill(scene, "11", "1", days);
    claim.admission = Some(When::DateTime(scene.day, hour(scene)));
    claim.discharge = Some(When::Time(hour(scene)));
    claim.admission_type = Some(text("4"));
    claim.admission_source = Some(text("5"));
    claim.diagnoses = vec![Diagnosis { present_on_admission: Some(text("Y")), ..diagnosis("ABK", "Z3800") }];
    claim.admitting_diagnosis = Some(diagnosis("ABJ", "Z3800"));
    claim.values = vec![value("54", scene.random.between(2400, 4300) * 100), value("80", days * 100)];
    claim.lines.push(revenue("0171", 98500 * days, "DA", days));
    claim
}

fn emergency_visit(scene: &mut Scene<'_>) -> Claim {
    let mut claim = bill(scene, "13", "1", 0);
    claim.admission_type = Some(text("1"));
    principal(scene, &mut claim, INJURY_DIAGNOSES, false);
    let count = scene.random.between(1, 3);
    claim.reasons_for_visit = scene
        .random
        .several(count as usize, &["R079", "R0602", "R1084", "R509"])
        .into_iter()
        .map(|code| diagnosis("APR", code))
        .collect();
    let count = scene.random.between(1, 3);
    claim.external_causes =
        scene.random.several(count as usize, EXTERNAL_CAUSES).into_iter().map(|code| diagnosis("ABN", code)).collect();
    claim.occurrences = vec![occurrence("05", scene.day)];
    claim.values = vec![value("45", scene.random.between(0, 23) * 100)];
    let visit = scene.random.pick(&[("99283", 96500), ("99284", 148000), ("99285", 221000)]);
    let mut line = revenue("0450", visit.1, "UN", 1);
    line.procedure = Some(hcpcs(visit.0, &["25"]));
    line.service_date = Some(When::Date(scene.day));
    claim.lines.push(line);
    let count = scene.count(1, 6).min(scene.max_lines.saturating_sub(1));
    services(scene, &mut claim, count);
    claim
}

fn accident(scene: &mut Scene<'_>) -> Claim {
    let mut claim = emergency_visit(scene);
    let (code, state) = if scene.program == Auto { ("01", Some(text("OH"))) } else { ("04", None) };
    claim.occurrences = vec![occurrence(code, scene.day)];
    claim.accident_state = state;
    if scene.program == WorkersCompensation {
        claim.conditions = vec![text("02")];
    }
    claim
}

/// Outpatient lines, each with its procedure and day.
fn services(scene: &mut Scene<'_>, claim: &mut Claim, count: usize) {
    claim.lines.reserve_exact(count);
    let start = scene.random.below(OUTPATIENT.len());
    for at in 0..count {
        let (code, procedure, price) = OUTPATIENT[(start + at) % OUTPATIENT.len()];
        let units = if scene.random.chance(80) { 1 } else { scene.random.between(2, 5) };
        let mut line = revenue(code, price * units, "UN", units);
        line.procedure = Some(hcpcs(procedure, if scene.random.chance(12) { &["59"] } else { &[] }));
        line.service_date = Some(When::Date(scene.day));
        claim.lines.push(line);
    }
}

fn outpatient(scene: &mut Scene<'_>) -> Claim {
    let mut claim = bill(scene, "13", "1", 0);
    claim.admission_type = Some(text("3"));
    principal(scene, &mut claim, OFFICE_DIAGNOSES, false);
    let count = scene.count(1, 9);
    services(scene, &mut claim, count);
    claim
}

fn outpatient_drugs(scene: &mut Scene<'_>) -> Claim {
    let mut claim = bill(scene, "13", "1", 0);
    principal(scene, &mut claim, CANCER_DIAGNOSES, false);
    let count = scene.count(1, 5);
    for _ in 0..count {
        let drug = drug(scene);
        claim.lines.push(drug);
    }
    claim
}

fn drug(scene: &mut Scene<'_>) -> Line {
    let (code, ndc, unit, price, most, thousandths) = scene.random.pick(DRUGS);
    let units = scene.random.between(1, most);
    let mut line = revenue("0636", price * units, "UN", units);
    line.procedure = Some(hcpcs(code, &[]));
    line.service_date = Some(When::Date(scene.day));
    line.drug = Some(Drug {
        kind: text("N4"),
        code: text(ndc),
        quantity: Some(Decimal::new(units * thousandths, 3).normalize()),
        unit: text(unit),
        ..Drug::default()
    });
    if scene.random.chance(20) {
        line.drug = line.drug.map(|drug| Drug {
            prescription_kind: Some(text("XZ")),
            prescription_number: Some(scene.random.like("RX#######")),
            ..drug
        });
    }
    line
}

fn hipps(scene: &mut Scene<'_>, revenue_code: &'static str, codes: &[&'static str], units: i64) -> Line {
    let code = scene.random.pick(codes);
    let mut line = revenue(revenue_code, 0, "UN", units);
    line.procedure = Some(Procedure { kind: text("HP"), code: text(code), ..Procedure::default() });
    line
}

fn skilled_nursing(scene: &mut Scene<'_>) -> Claim {
    // The first line only says the group, without a charge.
    if scene.max_lines < 2 {
        return outpatient(scene);
    }
    let days = scene.random.between(4, 19);
    let mut claim = bill(scene, "21", "1", days);
    claim.admission = Some(When::DateTime(scene.day, hour(scene)));
    claim.discharge = Some(When::Time(hour(scene)));
    principal(scene, &mut claim, &["Z471", "I639", "J189", "M1711"], false);
    claim.admitting_diagnosis = Some(diagnosis("ABJ", "R2689"));
    claim.occurrence_spans =
        vec![OccurrenceSpan { code: text("70"), period: Some(When::Period(scene.earlier(9), scene.earlier(3))) }];
    claim.occurrences = vec![occurrence("50", scene.later(3))];
    claim.values = vec![value("80", days * 100)];
    let assessment = hipps(scene, "0022", &["KAGF1", "LDQD1", "PAXE1"], days);
    claim.lines = vec![
        Line { service_date: Some(When::Date(scene.later(3))), ..assessment },
        revenue("0120", 61500 * days, "DA", days),
    ];
    let count = scene.count(1, 4).min(scene.max_lines.saturating_sub(2));
    ancillaries(scene, &mut claim, count);
    claim.lines.truncate(scene.max_lines);
    claim
}

fn home_health(scene: &mut Scene<'_>) -> Claim {
    if scene.max_lines < 2 {
        return outpatient(scene);
    }
    let days = 14;
    let mut claim = bill(scene, "32", "1", days);
    claim.admission = Some(When::Date(scene.day));
    principal(scene, &mut claim, &["I509", "E1142", "Z4801"], false);
    claim.occurrences = vec![occurrence("50", scene.earlier(1))];
    claim.values = vec![value("61", 1042000), value("85", 3600100)];
    if scene.random.chance(50) {
        claim.treatments =
            scene.random.several(3, &["A01", "A04", "B01", "C03", "D01"]).into_iter().map(text).collect();
    }
    let episode = hipps(scene, "0023", &["1AA11", "2DB21", "3FC31"], 1);
    claim.lines.push(Line { service_date: Some(When::Date(scene.day)), ..episode });
    let visits = scene.count(1, 8).min(scene.max_lines.saturating_sub(1));
    for at in 0..visits {
        let (code, procedure) = [("0551", "G0299"), ("0421", "G0151"), ("0571", "G0156")][at % 3];
        let quarters = scene.random.between(2, 6);
        let mut line = revenue(code, 4100 * quarters, "UN", quarters);
        line.procedure = Some(hcpcs(procedure, &[]));
        line.service_date = Some(When::Date(scene.later((at as i64).min(days))));
        claim.lines.push(line);
    }
    claim.prior_authorization = Some(scene.random.like("##@@##@@####@@@@##"));
    claim
}

fn dialysis(scene: &mut Scene<'_>) -> Claim {
    let days = 13;
    let mut claim = bill(scene, "72", "1", days);
    principal(scene, &mut claim, KIDNEY_DIAGNOSES, false);
    claim.conditions = vec![text(scene.random.pick(&["71", "73", "74"]))];
    claim.values = vec![
        value("48", scene.random.between(90, 119) * 10),
        value("49", scene.random.between(280, 349) * 10),
        value("A8", scene.random.between(500, 1100) * 10),
        value("A9", scene.random.between(1500, 1900) * 10),
    ];
    claim.occurrences = vec![occurrence("51", scene.earlier(5))];
    let sessions = scene.count(3, 6);
    for at in 0..sessions {
        let mut line = revenue("0821", 48500, "UN", 1);
        line.procedure = Some(hcpcs("90999", &["G3", "V7"]));
        if let Some(procedure) = &mut line.procedure {
            procedure.description = Some(text("HEMODIALYSIS SESSION"));
        }
        line.service_date = Some(When::Date(scene.later((at as i64 * 2).min(days))));
        claim.lines.push(line);
    }
    if claim.lines.len() < scene.max_lines {
        let mut line = revenue("0634", 93500, "UN", 85);
        line.procedure = Some(hcpcs("Q4081", &["JB"]));
        line.service_date = Some(When::Date(scene.day));
        line.drug = Some(Drug {
            kind: text("N4"),
            code: text("55513014401"),
            quantity: Some(Decimal::new(85, 2)),
            unit: text("ML"),
            ..Drug::default()
        });
        claim.lines.push(line);
    }
    claim
}

fn hospice(scene: &mut Scene<'_>) -> Claim {
    let days = scene.random.between(5, 15);
    let mut claim = bill(scene, "81", "1", days);
    claim.admission = Some(When::Date(scene.day));
    claim.patient_status = Some(text(scene.random.pick(&["01", "50", "40"])));
    principal(scene, &mut claim, &["C3490", "G309", "I509", "J449"], false);
    claim.occurrences = vec![occurrence("27", scene.day)];
    claim.values = vec![value("61", 1042000)];
    let mut line = revenue("0651", 19800 * days, "UN", days);
    line.procedure = Some(hcpcs("Q5001", &[]));
    line.service_date = Some(When::Date(scene.day));
    claim.lines.push(line);
    claim
}

fn health_center(scene: &mut Scene<'_>) -> Claim {
    let mut claim = bill(scene, "77", "1", 0);
    claim.admission_type = Some(text("3"));
    principal(scene, &mut claim, OFFICE_DIAGNOSES, false);
    let mut line = revenue("0521", 21500, "UN", 1);
    line.procedure = Some(hcpcs("G0467", &[]));
    line.service_date = Some(When::Date(scene.day));
    claim.lines.push(line);
    if scene.max_lines > 1 {
        let mut line = revenue("0521", 12850, "UN", 1);
        line.procedure = Some(hcpcs("99213", &[]));
        line.service_date = Some(When::Date(scene.day));
        claim.lines.push(line);
    }
    claim
}

fn therapy(scene: &mut Scene<'_>) -> Claim {
    let mut claim = bill(scene, "74", "1", 12);
    claim.admission_type = Some(text("3"));
    principal(scene, &mut claim, SPINE_DIAGNOSES, false);
    let visits = scene.count(2, 8);
    claim.occurrences = vec![
        occurrence("29", scene.earlier(4)),
        occurrence("35", scene.earlier(2)),
        occurrence("11", scene.earlier(30)),
    ];
    claim.values = vec![value("50", visits as i64 * 100)];
    for at in 0..visits {
        let mut line = revenue("0420", 5415 * 2, "UN", 2);
        line.procedure = Some(hcpcs("97110", &["GP"]));
        line.service_date = Some(When::Date(scene.later((at as i64).min(12))));
        claim.lines.push(line);
    }
    claim
}

fn estimated_due(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.patient_estimated_due = money(scene.random.between(10, 900) * 50);
    true
}

fn clinical_notes(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    let kinds = scene.random.several(2, &["ALG", "DCP", "DGN", "MED", "NTR", "ODT", "RHB", "UPI"]);
    claim.clinical_notes = kinds
        .into_iter()
        .map(|kind| Note { kind: text(kind), text: Text::const_new("AS IN THE PLAN OF TREATMENT") })
        .collect();
    true
}

fn non_covered(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    let Some(line) = claim.lines.last_mut().filter(|line| cents(line.charge) > 2000) else { return false };
    line.non_covered_charge = money(cents(line.charge) * scene.random.between(10, 100) / 100);
    true
}

fn rendering(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.rendering_provider = Some(scene.physician(""));
    if let Some(line) = claim.lines.last_mut().filter(|_| scene.random.chance(20)) {
        line.rendering_provider = Some(people::physician(scene.random));
    }
    true
}

fn referring(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.referring_providers = vec![scene.physician("")];
    claim.referral_number = Some(scene.random.like("REF######"));
    true
}

fn elsewhere(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.service_facility = Some(people::facility(scene.random, "EAST CAMPUS"));
    true
}

fn peer_review(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.peer_review_authorization = Some(scene.random.like("PRO#####"));
    true
}

fn operating_of_line(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if claim.operating_physician.is_none() {
        return false;
    }
    let doctor = scene.physician("");
    claim.lines.last_mut().map(|line| line.operating_physician = Some(doctor)).is_some()
}

/// Both are part of the charge.
fn taxes(_: &mut Scene<'_>, claim: &mut Claim) -> bool {
    let Some(line) = claim.lines.last_mut().filter(|line| cents(line.charge) > 3000) else { return false };
    line.service_tax = money(120);
    line.facility_tax = money(75);
    true
}

fn screening(_: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.epsdt_referral = Some(Certification { applies: Some(false), conditions: vec![text("NU")] });
    true
}

fn device_exemptions(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.device_exemptions = vec![scene.random.like("G######"), scene.random.like("G######")];
    true
}
