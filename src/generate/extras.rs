//! What claims of every sort may have besides their services: references, attachments, notes.

use super::{
    Kind,
    adjudicate::{cents, money},
    scene::{Extra, Scene, text},
};
use crate::{
    claims::{Attachment, Claim, Contract, Note, Repricing},
    record::{Decimal, Text},
};

/// For claims of every sort.
pub(super) const EXTRAS: &[Extra] = &[
    Extra { name: "replacement of an earlier claim", percent: 5, add: replacement },
    Extra { name: "void of an earlier claim", percent: 2, add: void },
    Extra { name: "prior authorization", percent: 12, add: authorization },
    Extra { name: "service authorization exception", percent: 2, add: exception },
    Extra { name: "attachment", percent: 7, add: attachment },
    Extra { name: "note", percent: 8, add: note },
    Extra { name: "clearinghouse trace number", percent: 15, add: trace },
    Extra { name: "medical record number", percent: 20, add: medical_record },
    Extra { name: "contract", percent: 3, add: contract },
    Extra { name: "repriced", percent: 4, add: repriced },
    Extra { name: "delay reason", percent: 2, add: delay },
    Extra { name: "fixed format", percent: 1, add: fixed_format },
    Extra { name: "demonstration project", percent: 1, add: demonstration },
];

fn replacement(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    renumber(scene, claim, "7")
}

fn void(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    renumber(scene, claim, "8")
}

fn renumber(scene: &mut Scene<'_>, claim: &mut Claim, frequency: &'static str) -> bool {
    if claim.frequency != "1" || claim.submission_reason.is_some() {
        return false;
    }
    claim.frequency = text(frequency);
    claim.payer_control_number = Some(scene.random.like("P##########"));
    true
}

fn authorization(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.prior_authorization = Some(scene.random.like("AUTH######"));
    true
}

fn exception(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if claim.prior_authorization.is_some() {
        return false;
    }
    claim.service_authorization_exception = Some(text(scene.random.pick(&["1", "2", "3", "7"])));
    true
}

fn attachment(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    let reports: &[&str] =
        if scene.kind == Kind::Dental { &["DA", "RB", "RR", "OZ"] } else { &["OZ", "B4", "DS", "RR", "M1"] };
    let count = scene.random.between(1, 3);
    for report in scene.random.several(count as usize, reports) {
        let transmission = scene.random.pick(&["AA", "BM", "EL", "EM", "FX", "FT"]);
        // What is only available on request has no number yet.
        let control_number = (transmission != "AA").then(|| scene.random.like("ATT#########"));
        claim.attachments.push(Attachment {
            report_type: text(report),
            transmission: text(transmission),
            control_number,
        });
    }
    true
}

fn note(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    let kind =
        if scene.kind == Kind::Professional { scene.random.pick(&["ADD", "CER", "DCP", "DGN", "TPO"]) } else { "ADD" };
    let said = scene.random.pick(&[
        "PATIENT SEEN AFTER HOURS",
        "SECOND OPINION AT THE PATIENTS REQUEST",
        "SERVICES ON BOTH SIDES, SEE RECORD",
        "CORRECTED DATE OF BIRTH (WAS TRANSPOSED)",
    ]);
    claim.notes.push(Note { kind: text(kind), text: Text::const_new(said) });
    if scene.kind == Kind::Dental && scene.random.chance(20) {
        claim.notes.push(Note { kind: text("ADD"), text: Text::const_new("RADIOGRAPHS FOLLOW BY MAIL") });
    }
    true
}

fn trace(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.clearinghouse_trace_number = Some(scene.random.like("##########@@"));
    true
}

fn medical_record(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if scene.kind == Kind::Dental {
        return false;
    }
    claim.medical_record_number = Some(scene.random.like("MR#######"));
    true
}

fn contract(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.contract = Some(match scene.random.below(3) {
        0 => Contract { kind: text("02"), amount: money(scene.random.between(20, 400) * 100), ..Contract::default() },
        1 => Contract {
            kind: text("04"),
            percentage: Some(Decimal::from(scene.random.between(40, 95))),
            ..Contract::default()
        },
        _ => Contract {
            kind: text("09"),
            code: Some(scene.random.like("PLAN##")),
            terms_discount: Some(Decimal::TWO),
            version: Some(text("2")),
            ..Contract::default()
        },
    });
    true
}

fn repriced(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    let charge = cents(claim.charge);
    if charge < 1000 {
        return false;
    }
    let saving = charge * scene.random.between(5, 45) / 100;
    claim.pricing = Some(Repricing {
        methodology: text(scene.random.pick(&["02", "03", "10"])),
        allowed_amount: money(charge - saving),
        saving_amount: money(saving),
        organization_id: Some(scene.random.like("REPRICER##")),
        ..Repricing::default()
    });
    claim.repriced_claim_number = Some(scene.random.like("RP########"));
    claim.repricer_received_date = Some(scene.later(3).min(scene.today));
    if let Some(line) = claim.lines.first_mut().filter(|line| cents(line.charge) > 0 && scene.random.chance(30)) {
        let saving = cents(line.charge) / 10;
        line.pricing = Some(Repricing {
            methodology: text("02"),
            allowed_amount: money(cents(line.charge) - saving),
            saving_amount: money(saving),
            ..Repricing::default()
        });
        if scene.kind != Kind::Dental {
            line.repriced_line_number = Some(scene.random.like("RL####"));
        }
    }
    true
}

fn delay(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.delay_reason = Some(text(scene.random.pick(&["1", "4", "7", "9", "11"])));
    true
}

fn fixed_format(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.fixed_format = vec![scene.random.like("STATE DATA ####")];
    true
}

fn demonstration(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if scene.kind == Kind::Dental {
        return false;
    }
    claim.demonstration_project = Some(scene.random.like("##"));
    true
}
