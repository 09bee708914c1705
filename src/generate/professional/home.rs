//! What is brought to patients, and patients who are brought: equipment, lenses, ambulances.

use crate::{
    claims::{
        AmbulanceTransport, Answer, Certification, Claim, Contact, Equipment, EquipmentCertification, Form, Line,
        Location, Provider, VisionCondition,
    },
    generate::{
        adjudicate::money,
        batch::Program,
        codes::*,
        people,
        scene::{Scene, diagnosis, hcpcs, text},
    },
    record::{Decimal, When},
};

pub(super) fn ambulance(scene: &mut Scene<'_>) -> Claim {
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

pub(super) fn ambulance_by_line(scene: &mut Scene<'_>) -> Claim {
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

pub(super) fn transport(scene: &mut Scene<'_>) -> Claim {
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

pub(super) fn equipment(scene: &mut Scene<'_>) -> Claim {
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

pub(super) fn oxygen(scene: &mut Scene<'_>) -> Claim {
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
        if scene.program != Program::Medicare {
            line.forms = vec![oxygen_form(scene)];
        }
    }
    claim
}

pub(super) fn one_number(scene: &mut Scene<'_>, name: &'static str) -> Contact {
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

pub(super) fn vision(scene: &mut Scene<'_>) -> Claim {
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
