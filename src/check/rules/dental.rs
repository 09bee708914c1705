//! Dental claims (837D): predetermination, teeth and areas of the mouth, prostheses, orthodontics.

use super::{
    super::{
        Check, Found, Scope,
        rule::{Rule, rules},
        scope::{Held, places},
    },
    bill_codes::{Met, REPEATED, codes, is_tenth},
};

rules! {
    REQUEST_DATE = Rule::warning(4, "CLM12", "predetermination.service-date").stc("A7:187")
        .says("a request for predetermination has a date of service", "remove DTP*472, or CLM19 if the service has been given");
    REQUEST_NUMBER = Rule::warning(4, "CLM12", "predetermination.number").stc("A7:541")
        .says("a request for predetermination carries the number of one", "remove REF*G3; it belongs on the claim that follows");
    SERVICE_DATE = Rule::warning(4, "CLM12", "line.service.date.dental").stc("A6:187")
        .says("neither the line nor the claim says when the service was given", "add DTP*472 to the line, or to the claim if all lines share the day");
    OTHER_DATE = Rule::warning(4, "LIN27", "line.service.date.differs").stc("A7:187")
        .says("the line's service date is not the one given for the whole claim", "date the claim (DTP*472) only if all lines share the day");
    OUTSIDE = Rule::warning(4, "DAT14", "line.service.date.claim").stc("A7:187 A7:188")
        .says("the line's service date is outside the period given for the claim", "correct the line's DTP*472, or that of the claim");
    FAMILY = Rule::error(2, "HI02", "claim.diagnosis.family").stc("A7:255")
        .says("diagnoses of different ICD editions stand on one claim", "send all diagnoses by the edition of the first");
    ONE = Rule::warning(4, "LIN21", "line.quantity.one").stc("A7:476")
        .says("a quantity of one is stated, which a line without quantity has anyway", "leave SV306 empty unless there are two or more");
    SEVERAL_TEETH = Rule::error(4, "LIN22", "line.teeth.quantity").stc("A7:240 A7:244")
        .says("a line for several services names several teeth", "send one line for each tooth; several teeth go with a single service that covers them all");
    SURFACE = Rule::error(4, "LIN22", "line.tooth.surface").stc("A7:240 A7:244")
        .says("a surface of the tooth is named twice", "name each surface once");
    AREA = Rule::warning(4, "LIN23", "line.area.missing").stc("A6:245")
        .says("a procedure that is done by quadrant names neither quadrant nor tooth", "fill in SV304 with the quadrant: 10, 20, 30 or 40");
    PLACEMENT = Rule::warning(4, "LIN24", "line.prosthesis.placement").stc("A6:384")
        .says("a crown, denture or bridge does not say whether it is the first", "fill in SV305 with I for an initial placement or R for a replacement");
    PRIOR_PLACEMENT = Rule::warning(4, "LIN24", "line.prosthesis.prior-date").stc("A6:201")
        .says("a prosthesis replaces another, whose date is not given", "add DTP*441 with the day of the prior placement, or DTP*139 if it is estimated");
    MONTHS = Rule::warning(4, "LIN25", "claim.orthodontics.months").stc("A7:605 A7:664")
        .says("more months of orthodontic treatment remain than there are in all", "correct DN101 or DN102");
    APPLIANCE = Rule::warning(4, "LIN25", "claim.orthodontics.appliance").stc("A6:664")
        .says("orthodontic treatment has no date on which the appliance was placed", "add DTP*452 to the claim or the line");
    TOOTH = Rule::warning(4, "LIN26", "claim.tooth.twice").stc("A7:760")
        .says("the state of a tooth is given twice", "send one DN2 for each tooth");
    PROCEDURE = Rule::warning(5, "LIN28", "line.procedure.dental").stc("A7:737")
        .says("the procedure does not have the form of a dental code", "send D and four digits");
    ASSISTANT = Rule::warning(4, "PRV11", "claim.assistant.rendering").stc("A7:562:DD")
        .says("there are both an assistant surgeon and a rendering provider", "send the assistant's services in a claim or line of their own, without a rendering provider");
}

places! {
    CLM = "2300" / "CLM";
    APPLIANCE_AT = "2300" / "DTP[452]";
    CLAIM_DATE = "2300" / "DTP[472]";
    NUMBER = "2300" / "REF[G3]";
    DN1 = "2300" / "DN1";
    DN2 = "2300" / "DN2";
    HI = "2300" / "HI";
    RENDERING = "2300" / "2310B";
    ASSISTANT_AT = "2300" / "2310D";
    ASSISTANT_NAME = "2310D" / "NM1";
    LINE = "2300" / "2400";
    SV3 = "2400" / "SV3";
    TOO = "2400" / "TOO";
    LINE_DATE = "2400" / "DTP[472]";
    PRIOR_DATE = "2400" / "DTP[441]";
    LINE_APPLIANCE = "2400" / "DTP[452]";
    TREATMENT_START = "2400" / "DTP[196]";
    TREATMENT_END = "2400" / "DTP[198]";
    LINE_NUMBER = "2400" / "REF[G3]";
    LINE_RENDERING = "2400" / "2420A";
    LINE_ASSISTANT = "2400" / "2420B";
    LINE_ASSISTANT_NAME = "2420B" / "NM1";
}

const GUIDE: &[&str] = &["837D"];

pub(super) const CHECKS: &[Check] = &[
    Check::new("2300", GUIDE, predetermination),
    Check::new("2300", GUIDE, diagnoses).when([&HI]),
    Check::new("2300", GUIDE, orthodontics).when([&DN1, &DN2]),
    Check::new("2300", GUIDE, providers),
    Check::new("2400", GUIDE, dates),
    Check::new("2400", GUIDE, teeth),
    Check::new("2400", GUIDE, procedure),
];

/// Whether a claim only asks what would be paid.
fn is_request(claim: Scope<'_>) -> bool {
    claim.first(&CLM).is_some_and(|clm| clm.element(19) == b"PB")
}

fn predetermination(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(clm) = claim.first(&CLM).filter(|clm| clm.element(19) == b"PB") else { return };
    if let Some(date) = claim.first(&CLAIM_DATE) {
        found.segment(&REQUEST_DATE, date).trigger(clm, 19, 0);
    }
    if let Some(number) = claim.first(&NUMBER) {
        found.segment(&REQUEST_NUMBER, number).trigger(clm, 19, 0);
    }
    for line in claim.loops(&LINE) {
        if let Some(date) = line.first(&LINE_DATE) {
            found.segment(&REQUEST_DATE, date).trigger(clm, 19, 0);
        }
        if let Some(number) = line.first(&LINE_NUMBER) {
            found.segment(&REQUEST_NUMBER, number).trigger(clm, 19, 0);
        }
    }
}

fn dates(line: Scope<'_>, found: &mut Found<'_>) {
    let claim = line.around();
    let (own, of_claim) = (line.first(&LINE_DATE), claim.first(&CLAIM_DATE));
    match (own, of_claim) {
        (Some(own), Some(of_claim)) => {
            let (Some(day), Some((from, through))) = (own.date(3), of_claim.period(2, 3)) else { return };
            if (from..=through).contains(&day) {
                return;
            }
            let rule = if from == through { &OTHER_DATE } else { &OUTSIDE };
            found.element(rule, own, 3).trigger(of_claim, 3, 0);
        }
        (None, None) => {
            // Treatment that goes on for months has dates of its own.
            let continuing = claim.has(&APPLIANCE_AT)
                || [&LINE_APPLIANCE, &TREATMENT_START, &TREATMENT_END].into_iter().any(|at| line.has(at));
            if !continuing && !is_request(claim) {
                found.missing(&SERVICE_DATE, line, &LINE_DATE);
            }
        }
        _ => {}
    }
}

fn diagnoses(claim: Scope<'_>, found: &mut Found<'_>) {
    let Some(held) = claim.first(&HI) else { return };
    let mut met = Met::nothing();
    for (n, code) in codes(held) {
        if met.again(code) {
            found.component(&REPEATED, held, n, 2);
        }
    }
    let Some(tenth) = is_tenth(held.component(1, 1)) else { return };
    let differs = |n: &usize| is_tenth(held.component(*n, 1)).is_some_and(|other| other != tenth);
    if let Some(n) = (2..held.segment.len()).find(differs) {
        found.component(&FAMILY, held, n, 1).trigger(held, 1, 1);
    }
}

fn orthodontics(claim: Scope<'_>, found: &mut Found<'_>) {
    let mut met = Met::nothing();
    for tooth in claim.all(&DN2) {
        if met.again(tooth.element(1)) {
            found.element(&TOOTH, tooth, 1);
        }
    }
    let Some(dn1) = claim.first(&DN1) else { return };
    if let (Some(all), Some(remaining)) = (dn1.number(1), dn1.number(2))
        && remaining > all
    {
        found.element(&MONTHS, dn1, 2);
    }
    let placed = || claim.has(&APPLIANCE_AT) || claim.loops(&LINE).any(|line| line.has(&LINE_APPLIANCE));
    if !is_request(claim) && !placed() {
        found.missing(&APPLIANCE, claim, &APPLIANCE_AT).trigger(dn1, 1, 0);
    }
}

fn providers(claim: Scope<'_>, found: &mut Found<'_>) {
    let of_claim = claim.inner(&ASSISTANT_AT).filter(|_| claim.has(&RENDERING));
    if let Some(name) = of_claim.and_then(|one| one.first(&ASSISTANT_NAME)) {
        found.segment(&ASSISTANT, name);
    }
    for line in claim.loops(&LINE).filter(|line| line.has(&LINE_RENDERING)) {
        if let Some(name) = line.inner(&LINE_ASSISTANT).and_then(|one| one.first(&LINE_ASSISTANT_NAME)) {
            found.segment(&ASSISTANT, name);
        }
    }
}

fn teeth(line: Scope<'_>, found: &mut Found<'_>) {
    let Some(sv3) = line.first(&SV3) else { return };
    let quantity = sv3.element(6);
    if quantity == b"1" {
        found.element(&ONE, sv3, 6);
    } else if !quantity.is_empty()
        && line.count(&TOO) > 1
        && sv3.number(6).is_some_and(|quantity| quantity > rust_decimal::Decimal::ONE)
    {
        found.element(&SEVERAL_TEETH, sv3, 6);
    }
    for tooth in line.all(&TOO) {
        if let Some(again) = repeated_surface(tooth) {
            found.component(&SURFACE, tooth, 3, again);
        }
    }
}

/// The component of TOO03 that names a surface once more.
fn repeated_surface(tooth: Held<'_>) -> Option<usize> {
    let surfaces = tooth.segment.components(3);
    let is_again = |(at, surface): &(usize, &[u8])| {
        !surface.is_empty() && surfaces.clone().take(*at).any(|before| before == *surface)
    };
    surfaces.clone().enumerate().find(is_again).map(|(at, _)| at + 1)
}

fn procedure(line: Scope<'_>, found: &mut Found<'_>) {
    let Some(sv3) = line.first(&SV3) else { return };
    let code = sv3.component(1, 2);
    let Some(number) = number(code) else {
        if !code.is_empty() {
            found.component(&PROCEDURE, sv3, 1, 2);
        }
        return;
    };
    if is_by_quadrant(number) && sv3.element(4).is_empty() && !line.has(&TOO) {
        found.element(&AREA, sv3, 4).trigger(sv3, 1, 2);
    }
    match sv3.element(5) {
        b"" if is_prosthesis(number) => {
            found.element(&PLACEMENT, sv3, 5).trigger(sv3, 1, 2);
        }
        b"R" if !line.has(&PRIOR_DATE) => {
            found.missing(&PRIOR_PLACEMENT, line, &PRIOR_DATE).trigger(sv3, 5, 0);
        }
        _ => {}
    }
}

/// The number of a dental code: D and four digits.
fn number(code: &[u8]) -> Option<u16> {
    let digits = code.strip_prefix(b"D").filter(|digits| digits.len() == 4)?;
    digits
        .iter()
        .try_fold(0, |number: u16, digit| digit.is_ascii_digit().then(|| number * 10 + u16::from(digit - b'0')))
}

/// Treatment of gum and jaw that is billed for each quadrant.
fn is_by_quadrant(number: u16) -> bool {
    matches!(number, 4210 | 4211 | 4240 | 4241 | 4260 | 4261 | 4341 | 4342 | 7310 | 7311 | 7320 | 7321)
}

/// Crowns, dentures and bridges.
fn is_prosthesis(number: u16) -> bool {
    matches!(number, 2710..=2799 | 5110..=5286 | 6205..=6794)
}
