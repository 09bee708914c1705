//! Dental claims, one scenario a function.

use super::{
    adjudicate::{cents, money},
    batch::{Clientele, Program, Trade},
    codes::*,
    people::{self, facility},
    scene::{Extra, Row, Scene, diagnosis, scenario, text},
};
use crate::{
    claims::{Claim, DatedEvent, Line, Orthodontics, PayerReference, Procedure, Provider, Tooth, ToothStatus},
    record::{Decimal, When},
};

use Program::*;

const PAYERS: &[Program] = &[Medicaid, Commercial, Commercial, Commercial, Blue, ManagedCare];

pub(super) const TRADES: &[Row] = &[
    (
        Trade { taxonomy: "1223G0001X", called: "FAMILY DENTAL", clientele: Clientele::Everyone, programs: PAYERS },
        60,
        &[
            scenario("cleaning", 32, cleaning),
            scenario("fillings", 24, fillings),
            scenario("crown", 14, crown),
            scenario("denture", 8, denture),
            scenario("splint over several teeth", 6, splint),
            scenario("predetermination", 10, predetermination),
            scenario("dental accident", 6, accident),
        ],
    ),
    (
        Trade { taxonomy: "1223X0400X", called: "ORTHODONTICS", clientele: Clientele::Children, programs: PAYERS },
        14,
        &[scenario("orthodontics", 75, orthodontics), scenario("appliance replaced", 25, replaced)],
    ),
    (
        Trade { taxonomy: "1223S0112X", called: "ORAL SURGERY", clientele: Clientele::Adults, programs: PAYERS },
        14,
        &[scenario("extraction", 70, extraction), scenario("assistant surgeon", 30, assisted)],
    ),
    (
        Trade { taxonomy: "1223P0300X", called: "PERIODONTICS", clientele: Clientele::Adults, programs: PAYERS },
        12,
        &[scenario("scaling by quadrant", 1, scaling)],
    ),
];

/// What any dental claim may have besides.
pub(super) const EXTRAS: &[Extra] = &[
    Extra { name: "rendering provider", percent: 50, add: rendering },
    Extra { name: "rendering provider of a line", percent: 5, add: rendering_of_line },
    Extra { name: "referring provider", percent: 12, add: referring },
    Extra { name: "supervising provider", percent: 4, add: supervising },
    Extra { name: "service facility", percent: 5, add: elsewhere },
    Extra { name: "patient paid", percent: 14, add: patient_paid },
    Extra { name: "predetermined", percent: 8, add: predetermined },
    Extra { name: "dental diagnoses", percent: 15, add: diagnoses },
    Extra { name: "treatment dates", percent: 8, add: treatment_dates },
    Extra { name: "sales tax", percent: 2, add: tax },
    Extra { name: "line authorization", percent: 3, add: line_authorization },
];

/// A line for one service on a day of its own or on the claim's.
fn line(scene: &mut Scene<'_>, (code, price): Priced) -> Line {
    Line {
        procedure: Some(Procedure { kind: text("AD"), code: text(code), ..Procedure::default() }),
        charge: money(price),
        service_date: Some(When::Date(scene.day)),
        ..Line::default()
    }
}

fn cleaning(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    let count = scene.count(1, 4);
    let start = scene.random.below(CLEANINGS.len());
    for at in 0..count {
        let service = line(scene, CLEANINGS[(start + at) % CLEANINGS.len()]);
        claim.lines.push(service);
    }
    if scene.random.chance(25) && claim.lines.len() < scene.max_lines {
        let films = scene.random.between(2, 6);
        let mut film = line(scene, ("D0230", 2600 * films));
        film.quantity = Some(Decimal::from(films));
        claim.lines.push(film);
    }
    by_claim(scene, &mut claim);
    claim
}

/// Says the day once for the claim, where all lines share it.
fn by_claim(scene: &mut Scene<'_>, claim: &mut Claim) {
    if scene.random.chance(35) {
        claim.service_date = Some(When::Date(scene.day));
        for line in &mut claim.lines {
            line.service_date = None;
        }
    }
}

fn fillings(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    let count = scene.count(1, 4);
    let young = scene.age() < 10;
    for _ in 0..count {
        let tooth = scene.random.pick(if young { MILK_TEETH } else { BACK_TEETH });
        let surfaces = scene.random.between(1, 4) as usize;
        let mut filling =
            line(scene, [("D2391", 15200), ("D2392", 19400), ("D2393", 23900), ("D2394", 28100)][surfaces - 1]);
        filling.teeth = vec![Tooth {
            code: text(tooth),
            surfaces: scene.random.several(surfaces, SURFACES).into_iter().map(text).collect(),
        }];
        claim.lines.push(filling);
    }
    by_claim(scene, &mut claim);
    claim
}

fn crown(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    let tooth = scene.random.pick(BACK_TEETH);
    let service = scene.random.pick(&[("D2740", 128500), ("D2750", 119000)]);
    let mut crown = line(scene, service);
    crown.teeth = vec![Tooth { code: text(tooth), surfaces: Vec::new() }];
    let replacement = scene.random.chance(45);
    crown.prosthesis = Some(text(if replacement { "R" } else { "I" }));
    if replacement {
        let kind = scene.random.pick(&["441", "139"]);
        let days = scene.random.between(1900, 4000);
        crown.prior_placement = Some(DatedEvent { kind: text(kind), date: Some(people::before(scene.day, days)) });
    }
    claim.lines.push(crown);
    if scene.random.chance(40) && scene.max_lines > 1 {
        let mut build_up = line(scene, ("D2950", 24800));
        build_up.teeth = vec![Tooth { code: text(tooth), surfaces: Vec::new() }];
        claim.lines.push(build_up);
    }
    claim
}

fn denture(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    let (service, area) =
        scene.random.pick(&[(("D5110", 178000), "01"), (("D5120", 178000), "02"), (("D5213", 191500), "01")]);
    let mut denture = line(scene, service);
    denture.oral_cavity = vec![text(area)];
    denture.prosthesis = Some(text("I"));
    claim.lines.push(denture);
    let missing = scene.random.several(6, FRONT_TEETH);
    claim.tooth_statuses =
        missing.into_iter().map(|tooth| ToothStatus { tooth: text(tooth), status: text("M") }).collect();
    claim
}

fn splint(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    let mut splint = line(scene, ("D4322", 42500));
    splint.teeth = scene
        .random
        .several(4, FRONT_TEETH)
        .into_iter()
        .map(|tooth| Tooth { code: text(tooth), surfaces: Vec::new() })
        .collect();
    claim.lines.push(splint);
    claim
}

fn predetermination(scene: &mut Scene<'_>) -> Claim {
    let mut claim = crown(scene);
    claim.submission_reason = Some(text("PB"));
    for line in &mut claim.lines {
        line.service_date = None;
    }
    claim
}

fn accident(scene: &mut Scene<'_>) -> Claim {
    let mut claim = crown(scene);
    claim.related_causes = vec![text(scene.random.pick(&["OA", "AA"]))];
    if claim.related_causes[0] == "AA" {
        claim.accident_state = Some(text("OH"));
    }
    claim.accident_date = Some(scene.earlier(6));
    claim
}

fn orthodontics(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    let months = scene.random.between(12, 30);
    claim.orthodontics = Some(match scene.random.chance(80) {
        true => Orthodontics {
            total_months: Some(Decimal::from(months)),
            months_remaining: Some(Decimal::from(scene.random.between(0, months))),
            description: None,
        },
        false => Orthodontics { description: Some(text("Y")), ..Orthodontics::default() },
    });
    claim.appliance_placement_date = Some(scene.earlier(60));
    let service = scene.random.pick(&[("D8080", 485000), ("D8090", 512000), ("D8670", 21500)]);
    let visit = line(scene, service);
    claim.lines.push(visit);
    claim
}

fn replaced(scene: &mut Scene<'_>) -> Claim {
    let mut claim = orthodontics(scene);
    claim.appliance_placement_date = None;
    if let Some(line) = claim.lines.first_mut() {
        line.appliance_placement_date = Some(scene.earlier(200));
        line.replacement_date = Some(scene.day);
    }
    claim
}

fn extraction(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    let count = scene.count(1, 4).min(20);
    let teeth = scene.random.several(count, BACK_TEETH);
    for tooth in &teeth {
        let service = scene.random.pick(&[("D7140", 18600), ("D7210", 29500), ("D7240", 46000)]);
        let mut extraction = line(scene, service);
        extraction.teeth = vec![Tooth { code: text(tooth), surfaces: Vec::new() }];
        claim.lines.push(extraction);
    }
    if scene.random.chance(30) {
        claim.tooth_statuses =
            teeth.into_iter().map(|tooth| ToothStatus { tooth: text(tooth), status: text("E") }).collect();
    }
    if claim.lines.len() < scene.max_lines && scene.random.chance(40) {
        let quarters = scene.random.between(2, 6);
        let mut sedation = line(scene, ("D9223", 17800 * quarters));
        sedation.quantity = Some(Decimal::from(quarters));
        claim.lines.push(sedation);
    }
    claim
}

fn assisted(scene: &mut Scene<'_>) -> Claim {
    let mut claim = extraction(scene);
    claim.assistant_surgeon = Some(scene.physician("1223S0112X"));
    claim
}

fn scaling(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    let count = scene.count(1, 4).min(4);
    for quadrant in scene.random.several(count, &["10", "20", "30", "40"]) {
        let mut scaling = line(scene, ("D4341", 27400));
        scaling.oral_cavity = vec![text(quadrant)];
        claim.lines.push(scaling);
    }
    claim
}

fn rendering(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if !scene.is_group() || claim.assistant_surgeon.is_some() {
        return false;
    }
    claim.rendering_provider = Some(scene.physician("1223G0001X"));
    true
}

fn rendering_of_line(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if claim.rendering_provider.is_none() || claim.lines.len() < 2 {
        return false;
    }
    let provider = scene.physician("124Q00000X");
    claim.lines.last_mut().map(|line| line.rendering_provider = Some(provider)).is_some()
}

fn referring(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.referring_providers = vec![Provider { role: Some(text("DN")), ..scene.physician("1223G0001X") }];
    true
}

fn supervising(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if claim.rendering_provider.is_none() {
        return false;
    }
    claim.supervising_provider = Some(scene.physician(""));
    true
}

fn elsewhere(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.service_facility = Some(facility(scene.random, "DENTAL ANNEX"));
    true
}

fn patient_paid(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if claim.submission_reason.is_some() {
        return false;
    }
    let charge: i64 = claim.lines.iter().map(|line| cents(line.charge)).sum();
    claim.patient_paid = money(scene.random.pick(&[2000, 3500, 5000]).min(charge));
    true
}

/// The payer was asked before.
fn predetermined(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if claim.submission_reason.is_some() {
        return false;
    }
    claim.predetermination = Some(scene.random.like("PD########"));
    true
}

fn diagnoses(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    let codes = scene.random.several(2, DENTAL_DIAGNOSES);
    claim.diagnoses =
        codes.iter().enumerate().map(|(at, code)| diagnosis(if at == 0 { "ABK" } else { "ABF" }, code)).collect();
    for line in &mut claim.lines {
        line.diagnosis_pointers = if scene.random.chance(50) { vec![1] } else { vec![2, 1] };
    }
    true
}

fn treatment_dates(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    let Some(line) = claim.lines.first_mut().filter(|line| line.prosthesis.is_some() && line.service_date.is_some())
    else {
        return false;
    };
    line.treatment_start_date = Some(scene.earlier(12));
    line.treatment_completion_date = Some(scene.day);
    true
}

/// Part of the charge.
fn tax(_: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.lines.last_mut().map(|line| line.sales_tax = money(150)).is_some()
}

fn line_authorization(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    let Some(line) = claim.lines.last_mut() else { return false };
    line.prior_authorizations = vec![PayerReference { number: scene.random.like("LINE######"), payer_id: None }];
    true
}
