//! What professional claims may have besides.

use super::{home::one_number, office::referrer};
use crate::{
    claims::{Claim, Identifier, Note, PayerReference, Provider},
    generate::{
        adjudicate::{cents, money},
        batch::Program,
        people::facility,
        scene::{Scene, text},
    },
    record::Text,
};

pub(super) fn rendering(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
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

pub(super) fn rendering_of_line(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if claim.rendering_provider.is_none() || claim.lines.len() < 2 {
        return false;
    }
    let provider = scene.physician("363L00000X");
    claim.lines.last_mut().map(|line| line.rendering_provider = Some(provider)).is_some()
}

pub(super) fn referring(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
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

pub(super) fn elsewhere(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
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

pub(super) fn supervising(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if claim.supervising_provider.is_some() || claim.rendering_provider.is_none() {
        return false;
    }
    claim.supervising_provider = Some(scene.physician(""));
    true
}

pub(super) fn patient_paid(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    let charge: i64 = claim.lines.iter().map(|line| cents(line.charge)).sum();
    claim.patient_paid = money(scene.random.pick(&[1000, 1500, 2500, 4000]).min(charge));
    true
}

pub(super) fn signed_for(_: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.signature_source = Some(text("P"));
    true
}

pub(super) fn device_exemption(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.device_exemptions = vec![scene.random.like("G######")];
    true
}

/// Both are part of the charge.
pub(super) fn tax(_: &mut Scene<'_>, claim: &mut Claim) -> bool {
    let Some(line) = claim.lines.last_mut().filter(|line| cents(line.charge) > 3000) else { return false };
    line.sales_tax = money(185);
    line.postage = money(640);
    true
}

pub(super) fn emergency(_: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.lines.first_mut().map(|line| line.emergency = Some(true)).is_some()
}

pub(super) fn no_copay(_: &mut Scene<'_>, claim: &mut Claim) -> bool {
    claim.lines.first_mut().map(|line| line.copay_status = Some(text("0"))).is_some()
}

pub(super) fn line_note(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
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

pub(super) fn line_place(_: &mut Scene<'_>, claim: &mut Claim) -> bool {
    let Some(line) = claim.lines.last_mut().filter(|_| claim.place_of_service == "11") else { return false };
    line.place_of_service = Some(text("12"));
    true
}

pub(super) fn line_authorization(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    let Some(line) = claim.lines.last_mut() else { return false };
    line.prior_authorizations = vec![PayerReference { number: scene.random.like("LINE######"), payer_id: None }];
    true
}

pub(super) fn medigap(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if scene.program != Program::Medicare {
        return false;
    }
    claim.medicare_section_4081 = Some(scene.random.chance(70));
    true
}

pub(super) fn special_program(scene: &mut Scene<'_>, claim: &mut Claim) -> bool {
    if scene.program != Program::Medicaid {
        return false;
    }
    claim.special_program = Some(text(scene.random.pick(&["02", "03", "05", "09"])));
    true
}
