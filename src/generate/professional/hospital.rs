//! What is done in a hospital, by those who do not belong to it.

use super::office::referrer;
use crate::{
    claims::{Claim, DatedEvent, Drug, TestResult},
    generate::{
        codes::*,
        people::facility,
        random::Random,
        scene::{Scene, diagnosis, text},
    },
    record::{Decimal, When},
};

pub(super) fn anesthesia(scene: &mut Scene<'_>) -> Claim {
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

pub(super) fn obstetric_anesthesia(scene: &mut Scene<'_>) -> Claim {
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

pub(super) fn inpatient_visits(scene: &mut Scene<'_>) -> Claim {
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

pub(super) fn surgery(scene: &mut Scene<'_>) -> Claim {
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

pub(super) fn shared_care(scene: &mut Scene<'_>) -> Claim {
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

pub(super) fn dialysis(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("65");
    claim.diagnoses = scene.diagnoses(KIDNEY_DIAGNOSES, 4);
    claim.lines.push(scene.line(("90960", 39800), &[], 1, claim.diagnoses.len()));
    if scene.max_lines > 1 {
        let units = scene.random.between(10, 90);
        let mut line = scene.line(("Q4081", 110), &["EC"], units, claim.diagnoses.len());
        line.test_dates = vec![DatedEvent { kind: text("738"), date: Some(scene.earlier(6)) }];
        let value = |low, high, random: &mut Random| Some(Decimal::new(random.between(low, high), 1).normalize());
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

pub(super) fn imaging(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("22");
    claim.diagnoses = scene.diagnoses(INJURY_DIAGNOSES, 2);
    claim.referring_providers = vec![referrer(scene)];
    claim.service_facility = Some(facility(scene.random, "HOSPITAL OUTPATIENT"));
    let study = scene.random.pick(RADIOLOGY);
    claim.lines.push(scene.line(study, &["26"], 1, claim.diagnoses.len()));
    claim
}

pub(super) fn mammography(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    claim.diagnoses = scene.diagnoses(REST_DIAGNOSES, 1);
    claim.mammography_certification = Some(scene.random.like("######"));
    claim.lines.push(scene.line(("77067", 23900), &[], 1, 1));
    claim
}
