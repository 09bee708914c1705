//! What is done in an office or a laboratory.

use crate::{
    claims::{Certification, Claim, Drug, Line, Provider, PurchasedService, SpinalManipulation},
    generate::{
        adjudicate::{cents, money},
        codes::*,
        people,
        scene::{Scene, diagnosis, text},
    },
    record::{Decimal, When},
};

pub(super) fn office_visit(scene: &mut Scene<'_>) -> Claim {
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
pub(super) fn further_lines(scene: &mut Scene<'_>, claim: &mut Claim, table: &[Priced], count: usize) {
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

pub(super) fn telehealth(scene: &mut Scene<'_>) -> Claim {
    let place = scene.random.pick(&["02", "10"]);
    let mut claim = scene.claim(place);
    claim.diagnoses = scene.diagnoses(OFFICE_DIAGNOSES, 3);
    let visit = scene.random.pick(&[("99213", 12850), ("99214", 18975), ("G2012", 3150)]);
    claim.lines.push(scene.line(visit, &["95"], 1, claim.diagnoses.len()));
    claim
}

pub(super) fn office_drugs(scene: &mut Scene<'_>) -> Claim {
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

pub(super) fn immunization(scene: &mut Scene<'_>) -> Claim {
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

pub(super) fn care_plan_oversight(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    claim.diagnoses = scene.diagnoses(HEART_DIAGNOSES, 3);
    claim.care_plan_oversight = Some(people::npi(scene.random));
    let mut line = scene.line(("G0182", 15800), &[], 1, claim.diagnoses.len());
    line.hospice_employee = Some(scene.random.chance(30));
    claim.lines.push(line);
    claim
}

pub(super) fn screening(scene: &mut Scene<'_>) -> Claim {
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

pub(super) fn chiropractic(scene: &mut Scene<'_>) -> Claim {
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

pub(super) fn laboratory(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("81");
    claim.diagnoses = scene.diagnoses(OFFICE_DIAGNOSES, 4);
    claim.clia_number = Some(scene.random.like("##D#######"));
    claim.referring_providers = vec![referrer(scene)];
    let count = scene.count(1, 6);
    further_lines(scene, &mut claim, LABORATORY, count);
    claim
}

pub(super) fn referred_laboratory(scene: &mut Scene<'_>) -> Claim {
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

pub(super) fn homebound(scene: &mut Scene<'_>) -> Claim {
    let mut claim = laboratory(scene);
    claim.place_of_service = text("12");
    claim.homebound = Some(true);
    claim
}

pub(super) fn infusion(scene: &mut Scene<'_>) -> Claim {
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

pub(super) fn compound(scene: &mut Scene<'_>) -> Claim {
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

pub(super) fn maternity(scene: &mut Scene<'_>) -> Claim {
    let mut claim = scene.claim("11");
    claim.diagnoses = scene.diagnoses(PREGNANCY_DIAGNOSES, 3);
    let days = scene.random.between(60, 250);
    claim.last_menstrual_period_date = Some(scene.earlier(days));
    let count = scene.count(1, 3);
    further_lines(scene, &mut claim, &[("59425", 84000), ("76805", 31200), ("81003", 995), ("59426", 132000)], count);
    claim
}

pub(super) fn foot_care(scene: &mut Scene<'_>) -> Claim {
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

pub(super) fn therapy(scene: &mut Scene<'_>) -> Claim {
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

pub(super) fn referrer(scene: &mut Scene<'_>) -> Provider {
    Provider { role: Some(text("DN")), ..scene.physician("") }
}
