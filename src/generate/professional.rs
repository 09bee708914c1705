//! Professional claims, one scenario a function.

use super::{
    adjudicate::{cents, money},
    batch::{Clientele, Program, Trade},
    codes::*,
    people::{self, facility},
    scene::{Extra, Scenario, Scene, diagnosis, hcpcs, text},
};
use crate::{
    claims::{
        AmbulanceTransport, Answer, Certification, Claim, Contact, DatedEvent, Disability, Drug, Equipment,
        EquipmentCertification, Form, Identifier, Line, Location, Note, PayerReference, Provider, PurchasedService,
        SpinalManipulation, TestResult, VisionCondition,
    },
    record::{Decimal, Text, When},
};

use Program::*;

const EVERYONE: &[Program] =
    &[Medicare, Medicaid, Commercial, Commercial, Commercial, Blue, Blue, ManagedCare, Tricare];
const WITH_ACCIDENTS: &[Program] =
    &[Medicare, Medicaid, Commercial, Commercial, Blue, Auto, Auto, WorkersCompensation, WorkersCompensation];
const WORKING_AGE: &[Program] = &[Commercial, Commercial, Blue, ManagedCare, Medicaid];

/// A trade, how often it bills next to others, and what it does.
pub(super) type Row = (Trade, u32, &'static [Scenario]);

const fn trade(
    taxonomy: &'static str,
    called: &'static str,
    clientele: Clientele,
    programs: &'static [Program],
) -> Trade {
    Trade { taxonomy, called, clientele, programs }
}

const fn scenario(name: &'static str, weight: u32, make: fn(&mut Scene<'_>) -> Claim) -> Scenario {
    Scenario { name, weight, make }
}

pub(super) const TRADES: &[Row] = &[
    (
        trade("207Q00000X", "FAMILY MEDICINE", Clientele::Everyone, EVERYONE),
        30,
        &[
            scenario("office visit", 50, office_visit),
            scenario("telehealth", 12, telehealth),
            scenario("office drugs", 14, office_drugs),
            scenario("immunization", 14, immunization),
            scenario("care plan oversight", 5, care_plan_oversight),
        ],
    ),
    (
        trade("208000000X", "PEDIATRICS", Clientele::Children, WORKING_AGE),
        6,
        &[scenario("well child screening", 60, screening), scenario("immunization", 40, immunization)],
    ),
    (
        trade("207L00000X", "ANESTHESIA ASSOCIATES", Clientele::Adults, EVERYONE),
        9,
        &[scenario("anesthesia", 75, anesthesia), scenario("obstetric anesthesia", 25, obstetric_anesthesia)],
    ),
    (
        trade("3416L0300X", "AMBULANCE SERVICE", Clientele::Elderly, EVERYONE),
        9,
        &[scenario("ambulance", 70, ambulance), scenario("ambulance by line", 30, ambulance_by_line)],
    ),
    (
        trade("343900000X", "WHEELCHAIR TRANSPORT", Clientele::Elderly, &[Medicaid]),
        2,
        &[scenario("transport without a provider identifier", 1, transport)],
    ),
    (
        trade("332B00000X", "HOME MEDICAL EQUIPMENT", Clientele::Elderly, EVERYONE),
        9,
        &[scenario("equipment rental", 50, equipment), scenario("oxygen with its certificate", 50, oxygen)],
    ),
    (
        trade("111N00000X", "CHIROPRACTIC", Clientele::Adults, WITH_ACCIDENTS),
        8,
        &[scenario("chiropractic", 1, chiropractic)],
    ),
    (trade("152W00000X", "EYE CARE", Clientele::Everyone, EVERYONE), 6, &[scenario("vision", 1, vision)]),
    (
        trade("291U00000X", "CLINICAL LABORATORY", Clientele::Everyone, EVERYONE),
        9,
        &[
            scenario("laboratory", 60, laboratory),
            scenario("referred laboratory test", 20, referred_laboratory),
            scenario("homebound patient", 20, homebound),
        ],
    ),
    (
        trade("207RX0202X", "ONCOLOGY", Clientele::Adults, EVERYONE),
        7,
        &[scenario("infusion", 70, infusion), scenario("compound drug", 30, compound)],
    ),
    (
        trade("208M00000X", "HOSPITALIST GROUP", Clientele::Elderly, EVERYONE),
        7,
        &[scenario("inpatient visits", 1, inpatient_visits)],
    ),
    (
        trade("208600000X", "SURGICAL ASSOCIATES", Clientele::Adults, WITH_ACCIDENTS),
        8,
        &[scenario("surgery", 70, surgery), scenario("shared postoperative care", 30, shared_care)],
    ),
    (
        trade("207V00000X", "WOMENS HEALTH", Clientele::Expecting, WORKING_AGE),
        7,
        &[scenario("maternity", 1, maternity)],
    ),
    (trade("207RN0300X", "NEPHROLOGY", Clientele::Elderly, EVERYONE), 5, &[scenario("dialysis", 1, dialysis)]),
    (
        trade("2085R0202X", "IMAGING", Clientele::Adults, EVERYONE),
        6,
        &[scenario("imaging", 60, imaging), scenario("mammography", 40, mammography)],
    ),
    (trade("213E00000X", "PODIATRY", Clientele::Elderly, EVERYONE), 4, &[scenario("foot care", 1, foot_care)]),
    (trade("225100000X", "PHYSICAL THERAPY", Clientele::Adults, WITH_ACCIDENTS), 7, &[scenario("therapy", 1, therapy)]),
];

/// What any professional claim may have besides.
pub(super) const EXTRAS: &[Extra] = &[
    Extra { name: "rendering provider", percent: 55, add: rendering },
    Extra { name: "rendering provider of a line", percent: 5, add: rendering_of_line },
    Extra { name: "referring provider", percent: 18, add: referring },
    Extra { name: "service facility", percent: 8, add: elsewhere },
    Extra { name: "supervising provider", percent: 5, add: supervising },
    Extra { name: "patient paid", percent: 14, add: patient_paid },
    Extra { name: "signature by the provider", percent: 5, add: signed_for },
    Extra { name: "hearing or trial device", percent: 2, add: device_exemption },
    Extra { name: "sales tax and postage", percent: 2, add: tax },
    Extra { name: "emergency line", percent: 4, add: emergency },
    Extra { name: "copay exempt line", percent: 3, add: no_copay },
    Extra { name: "line note", percent: 5, add: line_note },
    Extra { name: "line place of service", percent: 3, add: line_place },
    Extra { name: "line authorization", percent: 3, add: line_authorization },
    Extra { name: "medigap crossover", percent: 4, add: medigap },
    Extra { name: "special program", percent: 2, add: special_program },
];

fn office_visit(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    claim.diagnoses = scene.diagnoses(OFFICE_DIAGNOSES, if scene.plain { 4 } else { 12 });
    let count = scene.count(1, 4);
    let visit = scene.random.pick(VISITS);
    let modifiers: &[&str] = if scene.random.chance(15) { &["25"] } else { &[] };
    claim.lines.push(scene.line(visit, modifiers, 1, claim.diagnoses.len()));
    further_lines(scene, &mut claim, OFFICE_SERVICES, count - 1);
    claim
}

/// Lines for services of a table, over again on other days when there are more lines than services.
fn further_lines(scene: &mut Scene<'_>, claim: &mut Claim, table: &[Priced], count: usize) {
    claim.lines.reserve_exact(count);
    let start = scene.random.below(table.len());
    for at in 0..count {
        let units = if scene.random.chance(85) { 1 } else { scene.random.between(2, 4) };
        let mut line = scene.line(table[(start + at) % table.len()], &[], units, claim.diagnoses.len());
        if at >= table.len() {
            line.service_date = Some(When::Date(scene.later((at / table.len()) as i64).min(scene.today)));
        }
        claim.lines.push(line);
    }
}

fn telehealth(scene: &mut Scene<'_>) -> Claim {
    let place = scene.random.pick(&["02", "10"]);
    let mut claim = scene.claim(place);
    claim.diagnoses = scene.diagnoses(OFFICE_DIAGNOSES, 3);
    let visit = scene.random.pick(&[("99213", 12850), ("99214", 18975), ("G2012", 3150)]);
    claim.lines.push(scene.line(visit, &["95"], 1, claim.diagnoses.len()));
    claim
}

fn office_drugs(scene: &mut Scene<'_>) -> Claim {
    let mut claim = office_visit(scene);
    claim.lines.truncate(scene.max_lines.saturating_sub(1).max(1));
    let drug = drug_line(scene, claim.diagnoses.len());
    claim.lines.push(drug);
    claim.lines.truncate(scene.max_lines);
    claim
}

fn drug_line(scene: &mut Scene<'_>, diagnoses: usize) -> Line {
    let (code, ndc, unit, price, most, thousandths) = scene.random.pick(DRUGS);
    let units = scene.random.between(1, most);
    let mut line = scene.line((code, price), &[], units, diagnoses);
    line.drug = Some(Drug {
        kind: text("N4"),
        code: text(ndc),
        quantity: Some(Decimal::new(units * thousandths, 3).normalize()),
        unit: text(unit),
        ..Drug::default()
    });
    line
}

fn immunization(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    claim.diagnoses = vec![diagnosis("ABK", "Z23")];
    let (code, ndc, price) = scene.random.pick(VACCINES);
    let mut vaccine = scene.line((code, price), &[], 1, 1);
    vaccine.drug = Some(Drug {
        kind: text("N4"),
        code: text(ndc),
        quantity: Some(Decimal::new(5, 1)),
        unit: text("ML"),
        ..Drug::default()
    });
    vaccine.immunization_batch = Some(scene.random.like("@@###@"));
    claim.lines.push(vaccine);
    if scene.max_lines > 1 {
        claim.lines.push(scene.line(("90471", 2950), &[], 1, 1));
    }
    claim
}

fn care_plan_oversight(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    claim.diagnoses = scene.diagnoses(HEART_DIAGNOSES, 3);
    claim.care_plan_oversight = Some(people::npi(scene.random));
    let mut line = scene.line(("G0182", 15800), &[], 1, claim.diagnoses.len());
    line.hospice_employee = Some(scene.random.chance(30));
    claim.lines.push(line);
    claim
}

fn screening(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    claim.diagnoses = scene.diagnoses(WELL_CHILD_DIAGNOSES, 3);
    let referred = scene.random.chance(40);
    let conditions = if referred { scene.random.several(2, &["AV", "S2", "ST"]) } else { vec!["NU"] };
    claim.epsdt_referral =
        Some(Certification { applies: Some(referred), conditions: conditions.into_iter().map(text).collect() });
    let mut line = scene.line(("S0302", 4100), &[], 1, claim.diagnoses.len());
    line.epsdt = Some(true);
    if scene.random.chance(10) {
        line.family_planning = Some(true);
    }
    claim.lines.push(line);
    claim
}

fn anesthesia(scene: &mut Scene<'_>) -> Claim {
    let place = scene.random.pick(&["22", "24", "21"]);
    let mut claim = scene.claim(place);
    if place == "21" {
        let days = scene.random.between(0, 3);
        claim.admission = Some(When::Date(scene.earlier(days)));
    }
    claim.diagnoses = scene.diagnoses(SURGERY_DIAGNOSES, 3);
    let (code, surgery, price) = scene.random.pick(ANESTHESIA);
    claim.anesthesia_procedures = vec![text(surgery)];
    let modifiers: &[&str] =
        scene.random.pick::<&[&str]>(&[&["AA"], &["QK", "P2"], &["QZ", "P1"], &["AA", "P3", "23"], &["QX"]]);
    let mut line = scene.line((code, price), modifiers, 1, claim.diagnoses.len());
    line.unit = Some(text("MJ"));
    line.quantity = Some(Decimal::from(scene.random.between(18, 330)));
    claim.lines.push(line);
    if scene.random.chance(25) {
        let mut second = scene.line(("36620", 18700), &[], 1, claim.diagnoses.len());
        second.diagnosis_pointers.truncate(1);
        claim.lines.push(second);
    }
    claim.lines.truncate(scene.max_lines);
    claim
}

fn obstetric_anesthesia(scene: &mut Scene<'_>) -> Claim {
    if !scene.patient.female || scene.age() > 50 || scene.age() < 16 {
        return anesthesia(scene);
    }
    let mut claim = scene.claim("21");
    claim.admission = Some(When::Date(scene.day));
    claim.diagnoses = vec![diagnosis("ABK", "O80"), diagnosis("ABF", "Z370")];
    let mut line = scene.line(("01967", 118000), &["AA"], 1, 2);
    line.unit = Some(text("MJ"));
    line.quantity = Some(Decimal::from(scene.random.between(60, 540)));
    line.obstetric_anesthesia_units = Some(Decimal::from(scene.random.between(1, 4)));
    claim.lines.push(line);
    claim
}

fn ambulance(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("41");
    claim.diagnoses = scene.diagnoses(HEART_DIAGNOSES, 2);
    let miles = scene.random.between(2, 48);
    let emergency = scene.random.chance(70);
    claim.ambulance = Some(ride(scene, miles, emergency));
    claim.ambulance_certifications = vec![ambulance_conditions(scene)];
    let (from, to) = ends(scene);
    (claim.ambulance_pickup, claim.ambulance_dropoff) = (Some(from), Some(to));
    claim.lines = ambulance_lines(scene, miles, emergency, claim.diagnoses.len());
    if emergency && scene.random.chance(40) {
        claim.admission = Some(When::Date(scene.day));
    }
    claim
}

fn ambulance_by_line(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("41");
    claim.diagnoses = scene.diagnoses(HEART_DIAGNOSES, 2);
    let miles = scene.random.between(2, 48);
    claim.lines = ambulance_lines(scene, miles, false, claim.diagnoses.len());
    let conditions = ambulance_conditions(scene);
    let (from, to) = ends(scene);
    let ride = ride(scene, miles, false);
    for line in &mut claim.lines {
        line.ambulance = Some(ride.clone());
        line.ambulance_certifications = vec![conditions.clone()];
        line.ambulance_pickup = Some(from.clone());
        line.ambulance_dropoff = Some(to.clone());
    }
    if let Some(line) = claim.lines.first_mut().filter(|_| scene.random.chance(40)) {
        line.ambulance_patient_count = Some(Decimal::TWO);
    }
    claim
}

fn ambulance_lines(scene: &mut Scene<'_>, miles: i64, emergency: bool, diagnoses: usize) -> Vec<Line> {
    let base = if emergency { ("A0429", 74500) } else { ("A0428", 52600) };
    let way = scene.random.pick(&["RH", "SH", "HN", "NH", "PH"]);
    let mut lines = vec![scene.line(base, &[way], 1, diagnoses), scene.line(("A0425", 1450), &[way], miles, diagnoses)];
    for line in lines.iter_mut().filter(|_| emergency) {
        line.emergency = Some(true);
    }
    lines.truncate(scene.max_lines);
    lines
}

fn ride(scene: &mut Scene<'_>, miles: i64, emergency: bool) -> AmbulanceTransport {
    AmbulanceTransport {
        patient_weight: scene.random.chance(60).then(|| Decimal::from(scene.random.between(96, 310))),
        reason: text(if emergency { "A" } else { scene.random.pick(&["B", "C", "D", "E"]) }),
        distance: Some(Decimal::from(miles)),
        stretcher_purpose: scene.random.chance(50).then_some(text("UNABLE TO SIT UPRIGHT")),
        round_trip_purpose: (!emergency && scene.random.chance(30)).then_some(text("RETURN FROM TREATMENT")),
    }
}

fn ambulance_conditions(scene: &mut Scene<'_>) -> Certification {
    let count = scene.random.between(1, 4);
    let conditions = scene.random.several(count as usize, &["01", "04", "05", "06", "07", "08", "09"]);
    Certification { applies: Some(true), conditions: conditions.into_iter().map(text).collect() }
}

fn ends(scene: &mut Scene<'_>) -> (Location, Location) {
    let from = Location { address: scene.patient.address.clone(), ..Location::default() };
    let to = Location {
        name: Some(people::organization(scene.random, "GENERAL HOSPITAL")),
        address: people::address(scene.random),
        ..Location::default()
    };
    (from, to)
}

fn transport(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("99");
    claim.diagnoses = vec![diagnosis("ABK", "R6889")];
    let trips = scene.random.between(1, 2);
    claim.lines.push(scene.line(("A0130", 3200), &[], trips, 1));
    if scene.max_lines > 1 {
        let miles = scene.random.between(3, 30);
        claim.lines.push(scene.line(("S0209", 145), &[], miles, 1));
    }
    claim
}

fn equipment(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("12");
    claim.diagnoses = scene.diagnoses(LUNG_DIAGNOSES, 3);
    let (code, rent, buy) = scene.random.pick(&[
        ("E0601", 9800, 89500),
        ("K0001", 6125, 58900),
        ("E0260", 11940, 124000),
        ("E0143", 2150, 11900),
    ]);
    let rental = scene.random.chance(75);
    let mut line = scene.line(
        (code, if rental { rent } else { buy }),
        if rental { &["RR", "KH"] } else { &["NU"] },
        1,
        claim.diagnoses.len(),
    );
    line.equipment = Some(Equipment {
        procedure_code: text(code),
        days_needed: Some(Decimal::from(if rental { 30 } else { 365 })),
        rental_price: money(rent),
        purchase_price: money(buy),
        rental_frequency: Some(text("4")),
    });
    line.service_date =
        Some(if rental { When::Period(scene.day, scene.later(29).min(scene.today)) } else { When::Date(scene.day) });
    line.ordering_provider = Some(scene.physician(""));
    line.prescription_date = Some(scene.earlier(5));
    claim.lines.push(line);
    let supplies = scene.count(0, 3).min(scene.max_lines.saturating_sub(1));
    for at in 0..supplies {
        let (code, price) =
            [("A7030", 14200), ("A7034", 9150), ("A7037", 3875), ("A7038", 560), ("A4604", 6100)][at % 5];
        let mut line = scene.line((code, price), &["NU"], 1, claim.diagnoses.len());
        if scene.random.chance(30) {
            line.shipped_date = Some(scene.earlier(2));
        }
        claim.lines.push(line);
    }
    claim
}

fn oxygen(scene: &mut Scene<'_>) -> Claim {
    let mut claim = equipment(scene);
    let certified = scene.earlier(20);
    let begun = scene.earlier(120);
    if let Some(line) = claim.lines.first_mut() {
        line.procedure = Some(hcpcs("E1390", &["RR"]));
        line.equipment = Some(Equipment {
            procedure_code: text("E1390"),
            days_needed: Some(Decimal::from(30)),
            rental_price: line.charge,
            purchase_price: money(184500),
            rental_frequency: Some(text("4")),
        });
        let kind = scene.random.pick(&["I", "R", "S"]);
        line.equipment_certification =
            Some(EquipmentCertification { kind: text(kind), months: Some(Decimal::from(scene.random.between(6, 99))) });
        line.begin_therapy_date = Some(begun);
        line.last_certification_date = Some(certified);
        line.recertification_date = (kind != "I").then_some(certified);
        line.medical_necessity_transmission = Some(text("AD"));
        line.equipment_conditions =
            Some(Certification { applies: Some(true), conditions: vec![text(scene.random.pick(&["38", "ZV"]))] });
        let doctor = people::physician(scene.random);
        line.ordering_provider = Some(Provider {
            address: Some(people::address(scene.random)),
            contact: Some(one_number(scene, "ORDERS")),
            ..doctor
        });
        // Medicare has not taken these forms since 2023.
        if scene.program != Medicare {
            line.forms = vec![oxygen_form(scene)];
        }
    }
    claim
}

fn one_number(scene: &mut Scene<'_>, name: &'static str) -> Contact {
    Contact { name: Some(text(name)), numbers: vec![people::reach("TE", people::telephone(scene.random))] }
}

fn oxygen_form(scene: &mut Scene<'_>) -> Form {
    let question = |question: &'static str| Answer { question: text(question), ..Answer::default() };
    Form {
        kind: text("UT"),
        code: text("484.03"),
        answers: vec![
            Answer { text: Some(scene.random.like("5#")), ..question("1A") },
            Answer { percent: Some(Decimal::from(scene.random.between(78, 88))), ..question("1B") },
            Answer { date: Some(scene.earlier(9)), ..question("1C") },
            Answer { yes_no: Some(text("Y")), ..question("04") },
            Answer { text: Some(text("2")), ..question("05") },
        ],
        ..Form::default()
    }
}

fn chiropractic(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    claim.diagnoses = scene.diagnoses(SPINE_DIAGNOSES, 4);
    let condition = scene.random.pick(&["A", "C", "D", "F", "M"]);
    claim.spinal_manipulation = Some(SpinalManipulation {
        condition: text(condition),
        descriptions: if scene.random.chance(40) { vec![text("LUMBAR STIFFNESS")] } else { Vec::new() },
    });
    claim.initial_treatment_date = Some(scene.earlier(30));
    if matches!(condition, "A" | "M") {
        claim.acute_manifestation_date = Some(scene.earlier(34));
    }
    if scene.random.chance(40) {
        claim.last_xray_date = Some(scene.earlier(25));
    }
    let adjustment = scene.random.pick(&[("98940", 4200), ("98941", 5850), ("98942", 7300)]);
    claim.lines.push(scene.line(adjustment, &["AT"], 1, claim.diagnoses.len()));
    let count = scene.count(0, 2).min(scene.max_lines.saturating_sub(1));
    further_lines(scene, &mut claim, &[("97110", 5415), ("97140", 4980), ("G0283", 2160)], count);
    claim
}

fn vision(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    claim.diagnoses = scene.diagnoses(EYE_DIAGNOSES, 2);
    claim.prescription_date = Some(scene.earlier(3));
    let worn = scene.random.pick::<&[(&str, &str, i64)]>(&[
        &[("E1", "V2103", 6800), ("E3", "V2020", 12500)],
        &[("E2", "V2510", 15900)],
        &[("E1", "V2203", 11200)],
    ]);
    for (category, code, price) in worn.iter().copied().take(scene.max_lines) {
        let reasons = scene.random.several(2, &["L1", "L2", "L3", "L4", "L5"]);
        claim.vision.push(VisionCondition {
            category: text(category),
            applies: Some(true),
            conditions: reasons.into_iter().map(text).collect(),
        });
        let units = if category == "E3" { 1 } else { 2 };
        claim.lines.push(scene.line((code, price), &[], units, claim.diagnoses.len()));
    }
    claim
}

fn laboratory(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("81");
    claim.diagnoses = scene.diagnoses(OFFICE_DIAGNOSES, 4);
    claim.clia_number = Some(scene.random.like("##D#######"));
    claim.referring_providers = vec![referrer(scene)];
    let count = scene.count(1, 6);
    further_lines(scene, &mut claim, LABORATORY, count);
    claim
}

fn referred_laboratory(scene: &mut Scene<'_>) -> Claim {
    let mut claim = laboratory(scene);
    if let Some(line) = claim.lines.last_mut() {
        line.referring_clia_number = Some(scene.random.like("##D#######"));
        if let Some(procedure) = &mut line.procedure {
            procedure.modifiers = vec![text("90")];
        }
        let npi = people::npi(scene.random);
        line.purchased_service =
            Some(PurchasedService { provider_id: npi.clone(), charge: money(cents(line.charge) * 70 / 100) });
        line.purchased_service_provider = Some(Provider { entity: text("2"), npi: Some(npi), ..Provider::default() });
    }
    claim
}

fn homebound(scene: &mut Scene<'_>) -> Claim {
    let mut claim = laboratory(scene);
    claim.place_of_service = text("12");
    claim.homebound = Some(true);
    claim
}

fn infusion(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    claim.diagnoses = scene.diagnoses(CANCER_DIAGNOSES, 4);
    let count = scene.count(2, 6);
    claim.lines.push(scene.line(("96413", 42800), &[], 1, claim.diagnoses.len()));
    for _ in 1..count {
        let mut line = drug_line(scene, claim.diagnoses.len());
        if let Some(drug) = line.drug.as_mut().filter(|_| scene.random.chance(40)) {
            drug.prescription_kind = Some(text("XZ"));
            drug.prescription_number = Some(scene.random.like("RX#######"));
        }
        claim.lines.push(line);
    }
    claim
}

fn compound(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("12");
    claim.diagnoses = scene.diagnoses(CANCER_DIAGNOSES, 2);
    let link = scene.random.like("######");
    for _ in 0..scene.random.between(2, 4).min(scene.max_lines as i64) {
        let mut line = drug_line(scene, claim.diagnoses.len());
        let (unit, quantity) =
            (line.drug.as_ref().map(|drug| drug.unit.clone()), line.drug.as_ref().and_then(|drug| drug.quantity));
        line.drug = Some(Drug {
            quantity,
            unit: unit.unwrap_or_default(),
            prescription_kind: Some(text("VY")),
            prescription_number: Some(link.clone()),
            ..line.drug.take().unwrap_or_default()
        });
        claim.lines.push(line);
    }
    claim
}

fn inpatient_visits(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("21");
    claim.diagnoses = scene.diagnoses(INPATIENT_DIAGNOSES, 6);
    claim.admission = Some(When::Date(scene.day));
    let days = scene.count(1, 6).min(20);
    if scene.random.chance(70) && scene.later(days as i64) <= scene.today {
        claim.discharge = Some(When::Date(scene.later(days as i64)));
    }
    claim.service_facility = Some(facility(scene.random, "MEMORIAL HOSPITAL"));
    for day in 0..days {
        let visit = HOSPITAL_VISITS[if day == 0 { 1 } else { 3 + day % 3 }];
        let mut line = scene.line(visit, &[], 1, claim.diagnoses.len());
        line.service_date = Some(When::Date(scene.later(day as i64).min(scene.today)));
        claim.lines.push(line);
    }
    claim
}

fn surgery(scene: &mut Scene<'_>) -> Claim {
    let place = scene.random.pick(&["22", "24"]);
    let mut claim = scene.claim(place);
    claim.diagnoses = scene.diagnoses(SURGERY_DIAGNOSES, 3);
    claim.service_facility = Some(facility(scene.random, "SURGERY CENTER"));
    let (first, second) = (scene.random.below(SURGERIES.len()), scene.random.chance(30));
    let side: &[&str] = scene.random.pick::<&[&str]>(&[&["RT"], &["LT"], &["50"], &["RT", "22"]]);
    claim.lines.push(scene.line(SURGERIES[first], side, 1, claim.diagnoses.len()));
    if second && scene.max_lines > 1 {
        claim.lines.push(scene.line(SURGERIES[(first + 1) % SURGERIES.len()], &["51"], 1, claim.diagnoses.len()));
    }
    claim.prior_authorization = Some(scene.random.like("AUTH######"));
    claim
}

fn shared_care(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    claim.diagnoses = vec![diagnosis("ABK", "H2511")];
    let assumed = scene.random.chance(50);
    claim.care_dates = vec![DatedEvent { kind: text("090"), date: Some(scene.earlier(1)) }];
    if !assumed {
        claim.care_dates.push(DatedEvent { kind: text("091"), date: Some(scene.later(3)) });
    }
    claim.lines.push(scene.line(("66984", 62500), if assumed { &["55", "RT"] } else { &["54", "RT"] }, 1, 1));
    claim
}

fn maternity(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    claim.diagnoses = scene.diagnoses(PREGNANCY_DIAGNOSES, 3);
    let days = scene.random.between(60, 250);
    claim.last_menstrual_period_date = Some(scene.earlier(days));
    let count = scene.count(1, 3);
    further_lines(scene, &mut claim, &[("59425", 84000), ("76805", 31200), ("81003", 995), ("59426", 132000)], count);
    claim
}

fn dialysis(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("65");
    claim.diagnoses = scene.diagnoses(KIDNEY_DIAGNOSES, 4);
    claim.lines.push(scene.line(("90960", 39800), &[], 1, claim.diagnoses.len()));
    if scene.max_lines > 1 {
        let units = scene.random.between(10, 90);
        let mut line = scene.line(("Q4081", 110), &["EC"], units, claim.diagnoses.len());
        line.test_dates = vec![DatedEvent { kind: text("738"), date: Some(scene.earlier(6)) }];
        let value = |low, high, random: &mut super::random::Random| {
            Some(Decimal::new(random.between(low, high), 1).normalize())
        };
        line.test_results = vec![
            TestResult { reference: text("TR"), kind: text("R1"), value: value(85, 119, scene.random) },
            TestResult { reference: text("TR"), kind: text("R2"), value: value(260, 349, scene.random) },
        ];
        line.drug = Some(Drug {
            kind: text("N4"),
            code: text("55513014401"),
            quantity: Some(Decimal::new(5, 1)),
            unit: text("ML"),
            ..Drug::default()
        });
        claim.lines.push(line);
    }
    claim
}

fn imaging(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("22");
    claim.diagnoses = scene.diagnoses(INJURY_DIAGNOSES, 2);
    claim.referring_providers = vec![referrer(scene)];
    claim.service_facility = Some(facility(scene.random, "HOSPITAL OUTPATIENT"));
    let study = scene.random.pick(RADIOLOGY);
    claim.lines.push(scene.line(study, &["26"], 1, claim.diagnoses.len()));
    claim
}

fn mammography(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    claim.diagnoses = scene.diagnoses(REST_DIAGNOSES, 1);
    claim.mammography_certification = Some(scene.random.like("######"));
    claim.lines.push(scene.line(("77067", 23900), &[], 1, 1));
    claim
}

fn foot_care(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    claim.diagnoses = scene.diagnoses(FOOT_DIAGNOSES, 4);
    claim.last_seen_date = Some(scene.earlier(40));
    claim.supervising_provider = Some(scene.physician(""));
    claim.lines.push(scene.line(("11721", 7450), &["Q8"], 1, claim.diagnoses.len()));
    if scene.max_lines > 1 {
        claim.lines.push(scene.line(("G0127", 3380), &["59"], 1, claim.diagnoses.len()));
    }
    claim
}

fn therapy(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    claim.diagnoses = scene.diagnoses(SPINE_DIAGNOSES, 2);
    claim.onset_date = Some(scene.earlier(45));
    claim.referring_providers = vec![referrer(scene)];
    let count = scene.count(1, 8);
    further_lines(scene, &mut claim, &[("97110", 5415), ("97140", 4980), ("97530", 5720), ("97112", 5560)], count);
    for line in &mut claim.lines {
        if let Some(procedure) = &mut line.procedure {
            procedure.modifiers = vec![text("GP")];
        }
    }
    claim
}

fn referrer(scene: &mut Scene<'_>) -> Provider {
    Provider { role: Some(text("DN")), ..scene.physician("") }
}

/// The accident or the injury at work that an insurer is liable for.
pub(super) fn casualty(scene: &mut Scene<'_>, claim: &mut Claim) {
    if !scene.program.is_casualty() {
        return;
    }
    let happened = scene.earlier(40);
    claim.accident_date = Some(happened);
    claim.first_contact_date = Some(scene.earlier(38));
    if scene.program == Auto {
        claim.related_causes = vec![text("AA")];
        claim.accident_state = scene
            .patient
            .address
            .state
            .clone()
            .filter(|_| scene.patient.address.country.is_none())
            .or(Some(text("OH")));
    } else {
        claim.related_causes = if scene.random.chance(25) { vec![text("EM"), text("OA")] } else { vec![text("EM")] };
        claim.last_worked_date = Some(happened);
        if scene.random.chance(60) {
            let back = scene.later(20);
            let (kind, date) = match scene.random.below(3) {
                0 => ("314", When::Period(happened, back)),
                1 => ("360", When::Date(happened)),
                _ => ("361", When::Date(back)),
            };
            claim.disability = Some(Disability { kind: text(kind), date: Some(date) });
            claim.return_to_work_date = Some(back);
        }
    }
}

fn rendering(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if !scene.is_group() || claim.ambulance.is_some() || scene.practice.atypical {
        return false;
    }
    let mut provider = scene.physician("207Q00000X");
    if scene.random.chance(30) {
        provider.taxonomy = None;
    }
    if scene.random.chance(12) {
        provider.identifiers =
            vec![Identifier { kind: text("0B"), value: scene.random.like("MD#####"), payer_id: None }];
    }
    claim.rendering_provider = Some(provider);
    true
}

fn rendering_of_line(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if claim.rendering_provider.is_none() || claim.lines.len() < 2 {
        return false;
    }
    let provider = scene.physician("363L00000X");
    claim.lines.last_mut().map(|line| line.rendering_provider = Some(provider)).is_some()
}

fn referring(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if !claim.referring_providers.is_empty() || claim.ambulance.is_some() {
        return false;
    }
    claim.referring_providers.push(referrer(scene));
    if scene.random.chance(25) {
        claim.referring_providers.push(Provider { role: Some(text("P3")), ..scene.physician("") });
    }
    if scene.random.chance(50) {
        claim.referral_number = Some(scene.random.like("REF######"));
    }
    true
}

fn elsewhere(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if claim.service_facility.is_some() || claim.ambulance.is_some() || claim.place_of_service != "11" {
        return false;
    }
    let mut place = facility(scene.random, "SATELLITE CLINIC");
    if scene.random.chance(20) {
        place.contact = Some(one_number(scene, "FRONT DESK"));
    }
    claim.service_facility = Some(place);
    true
}

fn supervising(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if claim.supervising_provider.is_some() || claim.rendering_provider.is_none() {
        return false;
    }
    claim.supervising_provider = Some(scene.physician(""));
    true
}

fn patient_paid(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    let charge: i64 = claim.lines.iter().map(|line| cents(line.charge)).sum();
    claim.patient_paid = money(scene.random.pick(&[1000, 1500, 2500, 4000]).min(charge));
    true
}

fn signed_for(_: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.signature_source = Some(text("P"));
    true
}

fn device_exemption(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.device_exemptions = vec![scene.random.like("G######")];
    true
}

/// Both are part of the charge.
fn tax(_: &mut Scene<'_>, claim: &mut Claim) -> bool {
    let Some(line) = claim.lines.last_mut().filter(|line| cents(line.charge) > 3000) else { return false };
    line.sales_tax = money(185);
    line.postage = money(640);
    true
}

fn emergency(_: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.lines.first_mut().map(|line| line.emergency = Some(true)).is_some()
}

fn no_copay(_: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.lines.first_mut().map(|line| line.copay_status = Some(text("0"))).is_some()
}

fn line_note(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    let Some(line) = claim.lines.first_mut() else { return false };
    line.note = Some(Note {
        kind: text(scene.random.pick(&["ADD", "DCP"])),
        text: Text::const_new("SEE RECORD FOR THIS SERVICE"),
    });
    if scene.random.chance(20) {
        line.third_party_note = Some(Text::const_new("FORWARDED BY THE REPRICER"));
    }
    true
}

fn line_place(_: &mut Scene<'_>, claim: &mut Claim) -> bool {
    let Some(line) = claim.lines.last_mut().filter(|_| claim.place_of_service == "11") else { return false };
    line.place_of_service = Some(text("12"));
    true
}

fn line_authorization(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    let Some(line) = claim.lines.last_mut() else { return false };
    line.prior_authorizations = vec![PayerReference { number: scene.random.like("LINE######"), payer_id: None }];
    true
}

fn medigap(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if scene.program != Medicare {
        return false;
    }
    claim.medicare_section_4081 = Some(scene.random.chance(70));
    true
}

fn special_program(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if scene.program != Medicaid {
        return false;
    }
    claim.special_program = Some(text(scene.random.pick(&["02", "03", "05", "09"])));
    true
}
