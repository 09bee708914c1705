//! Professional claims, one scenario a function.

mod besides;
mod home;
mod hospital;
mod office;

use super::{
    batch::{Clientele, Program, Trade},
    scene::{Extra, Row, Scene, scenario, text},
};
use crate::{
    claims::{Claim, Disability},
    record::When,
};
use besides::*;
use home::*;
use hospital::*;
use office::*;

use Program::*;

const EVERYONE: &[Program] =
    &[Medicare, Medicaid, Commercial, Commercial, Commercial, Blue, Blue, ManagedCare, Tricare];
const WITH_ACCIDENTS: &[Program] =
    &[Medicare, Medicaid, Commercial, Commercial, Blue, Auto, Auto, WorkersCompensation, WorkersCompensation];
const WORKING_AGE: &[Program] = &[Commercial, Commercial, Blue, ManagedCare, Medicaid];

const fn trade(
    taxonomy: &'static str,
    called: &'static str,
    clientele: Clientele,
    programs: &'static [Program],
) -> Trade {
    Trade { taxonomy, called, clientele, programs }
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
    Extra { name: "device exemption", percent: 2, add: device_exemption },
    Extra { name: "sales tax and postage", percent: 2, add: tax },
    Extra { name: "emergency line", percent: 4, add: emergency },
    Extra { name: "copay exempt line", percent: 3, add: no_copay },
    Extra { name: "line note", percent: 5, add: line_note },
    Extra { name: "line place of service", percent: 3, add: line_place },
    Extra { name: "line authorization", percent: 3, add: line_authorization },
    Extra { name: "medigap crossover", percent: 4, add: medigap },
    Extra { name: "special program", percent: 2, add: special_program },
];

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
