//! The providers of a claim and of its lines beside each other and beside the billing provider (837, loops
//! 2310 and 2420): each stands only where it says something that is not said already.

use super::{
    super::{
        Check, Found, Scope,
        rule::{Rule, rules},
        scope::{At, places},
    },
    references::is_other_payer,
};

rules! {
    RENDERING_SAME = Rule::warning(4, "PRV01", "rendering.same").ik3("I9").stc("A7:562:82")
        .says("the rendering provider is the billing provider", "leave loop 2310B out; the taxonomy belongs into PRV of loop 2000A");
    LINE_RENDERING_SAME = Rule::error(4, "PRV02", "line.rendering.same").ik3("I9").stc("A7:562:82")
        .says("the rendering provider of the line is that of the claim, or the billing provider where the claim has none", "leave loop 2420A out");
    RENDERING_MISSING = Rule::error(4, "PRV02", "rendering.missing").ik3("I7").stc("A7:562:82")
        .says("each line has its own rendering provider and the claim has none", "add the one of most lines to the claim (loop 2310B)");
    REFERRING_ORDER = Rule::error(2, "PRV06", "referring.order").ik4("7")
        .says("the primary care provider (P3) stands without or before the referring provider (DN)", "send the referring provider first, with DN; P3 only in the second loop");
    LINE_REFERRING_SAME = Rule::warning(4, "PRV07", "line.referring.same").ik3("I9")
        .says("the referring provider of the line is that of the claim", "leave it out of the line");
    FACILITY_SAME = Rule::warning(4, "PRV08", "facility.same").ik3("I9").stc("A7:126:77")
        .says("the place of service has the billing provider's address", "leave its loop out");
    LINE_FACILITY_SAME = Rule::warning(4, "PRV08", "line.facility.same").ik3("I9").stc("A7:126:77")
        .says("the place of service of the line is that of the claim", "leave it out of the line");
    LINE_SUPERVISING_SAME = Rule::warning(4, "PRV09", "line.supervising.same").ik3("I9")
        .says("the supervising provider of the line is that of the claim", "leave it out of the line");
    PURCHASED_PROVIDER = Rule::warning(4, "PRV09", "line.purchased.provider").ik3("I7").stc("A6:562:QB")
        .says("a service was bought and its provider is not named", "add loop 2420B");
    PURCHASED_SERVICE = Rule::warning(4, "PRV09", "line.purchased.service").ik3("I6")
        .says("the provider of a bought service is named and its price is not given", "add PS1, or leave loop 2420B out");
    PURCHASED_NUMBER = Rule::warning(4, "PRV09", "line.purchased.number").ik4("I12")
        .says("the identifier of PS1 is not that of the provider of the bought service", "put the identifier of loop 2420B into PS101");
    ORDERING_ADDRESS = Rule::warning(4, "PRV09", "line.ordering.address").ik3("I9")
        .says("the ordering provider has an address or contact although the line has no certificate of medical necessity", "leave N3, N4 and PER out of loop 2420E");
    SECONDARY = Rule::warning(4, "PRV12", "provider.secondary-id").ik3("I9").stc("A7:560:*")
        .says("the payer's own number of a provider stands beside its NPI", "leave REF*G2 and REF*LU out");
    SECONDARY_PAYER = Rule::warning(4, "PRV12", "provider.secondary-id.payer").ik4("I12")
        .says("a number of a provider belongs to a payer who is not among those of the claim", "put the payer's number (NM109 of a loop 2330B) into REF04-2, or leave the number out");
}

places! {
    BILLING = "2000A" / "2010AA";
    NM1_OF_BILLING = "2010AA" / "NM1";
    N3_OF_BILLING = "2010AA" / "N3";
    N4_OF_BILLING = "2010AA" / "N4";
    REFERRING = "2300" / "2310A";
    RENDERING = "2300" / "2310B";
    FACILITY = "2300" / "2310C";
    SUPERVISING = "2300" / "2310D";
    SUPERVISING_DENTAL = "2300" / "2310E";
    LINE = "2300" / "2400";
    PS1 = "2400" / "PS1";
    CERTIFICATE = "2400" / "PWK[AB]";
    LINE_RENDERING = "2400" / "2420A";
    PURCHASED = "2400" / "2420B";
    LINE_REFERRING = "2400" / "2420F";
}

const P: &[&str] = &["837P"];
const I: &[&str] = &["837I"];
const D: &[&str] = &["837D"];
const PD: &[&str] = &["837P", "837D"];

pub(super) const CHECKS: &[Check] = &[
    Check::new("2300", PD, claim),
    Check::new("2310C", PD, facility),
    Check::new("2310E", I, facility),
    Check::new("2400", P, line).when([&PS1, &PURCHASED, &LINE_REFERRING]),
    Check::new("2420A", PD, line_rendering),
    Check::new("2420C", P, line_facility),
    Check::new("2420D", D, line_facility),
    Check::new("2420D", P, line_supervising),
    Check::new("2420C", D, line_supervising),
    Check::new("2420E", P, ordering),
    Check::new("2420F", P, line_referring),
    Check::claims("2310A", numbers),
    Check::claims("2310B", numbers),
    Check::claims("2310C", numbers),
    Check::claims("2310D", numbers),
    Check::claims("2310E", numbers),
    Check::new("2310F", I, numbers),
    Check::claims("2420A", numbers),
    Check::claims("2420B", numbers),
    Check::claims("2420C", numbers),
    Check::claims("2420D", numbers),
    Check::new("2420E", P, numbers),
    Check::new("2420F", P, numbers),
];

/// The NPI in a loop of a provider; empty if it has none.
fn npi<'c>(provider: Scope<'c>) -> &'c [u8] {
    provider.begin().map_or(b"".as_slice(), |nm1| nm1.element(9))
}

fn claim(claim: Scope<'_>, found: &mut Found<'_>) {
    let rendering = claim.inner(&RENDERING);
    if let Some(rendering) = rendering
        && let Some(nm1) = rendering.begin()
        && is_billing(claim, nm1.element(9))
    {
        found.segment(&RENDERING_SAME, nm1);
    }
    if rendering.is_none() && claim.has(&LINE) && claim.loops(&LINE).all(|line| line.has(&LINE_RENDERING)) {
        found.missing(&RENDERING_MISSING, claim, &RENDERING);
    }
    if claim.has(&REFERRING) {
        referring(claim, &REFERRING, found);
    }
}

fn is_billing(inside: Scope<'_>, npi: &[u8]) -> bool {
    let billing = inside.up("2000A").and_then(|level| level.inner(&BILLING)?.first(&NM1_OF_BILLING));
    !npi.is_empty() && billing.is_some_and(|nm1| nm1.element(9) == npi)
}

/// DN first, P3 second.
fn referring(scope: Scope<'_>, at: &At, found: &mut Found<'_>) {
    for (number, nm1) in scope.loops(at).filter_map(Scope::begin).enumerate() {
        if nm1.element(1) != if number == 0 { b"DN" } else { b"P3" } {
            found.element(&REFERRING_ORDER, nm1, 1);
        }
    }
}

/// The place where the whole claim was rendered.
fn facility(facility: Scope<'_>, found: &mut Found<'_>) {
    let Some(billing) = facility.up("2000A").and_then(|level| level.inner(&BILLING)) else { return };
    let (Some(street), Some(city)) = (facility.segment("N3"), facility.segment("N4")) else { return };
    let same = |at: &At, bytes: &[u8]| billing.first(at).is_some_and(|held| held.segment.bytes() == bytes);
    if same(&N3_OF_BILLING, street.segment.bytes())
        && same(&N4_OF_BILLING, city.segment.bytes())
        && let Some(nm1) = facility.begin()
    {
        found.segment(&FACILITY_SAME, nm1);
    }
}

fn line(line: Scope<'_>, found: &mut Found<'_>) {
    let (service, provider) = (line.first(&PS1), line.inner(&PURCHASED));
    match (service, provider) {
        (Some(service), None) => {
            found.missing(&PURCHASED_PROVIDER, line, &PURCHASED).trigger(service, 1, 0);
        }
        (None, Some(provider)) => {
            if let Some(nm1) = provider.begin() {
                found.missing(&PURCHASED_SERVICE, line, &PS1).trigger(nm1, 1, 0);
            }
        }
        (Some(service), Some(provider)) => {
            let stated = service.element(1);
            let is_known = npi(provider) == stated
                || provider.segments().any(|held| held.segment.id() == b"REF" && held.element(2) == stated);
            if !stated.is_empty() && !is_known {
                found.element(&PURCHASED_NUMBER, service, 1);
            }
        }
        (None, None) => {}
    }
    if line.has(&LINE_REFERRING) {
        referring(line, &LINE_REFERRING, found);
    }
}

fn line_rendering(provider: Scope<'_>, found: &mut Found<'_>) {
    let (Some(nm1), Some(claim)) = (provider.begin(), provider.up("2300")) else { return };
    let number = nm1.element(9);
    let same = match claim.inner(&RENDERING) {
        Some(rendering) => !number.is_empty() && npi(rendering) == number,
        None => is_billing(claim, number),
    };
    if same {
        found.segment(&LINE_RENDERING_SAME, nm1);
    }
}

/// Whether one of the claim's own loops at a place is of the same provider.
fn is_of_claim(provider: Scope<'_>, at: &At) -> bool {
    let number = npi(provider);
    !number.is_empty()
        && provider.up("2300").is_some_and(|claim| claim.loops(at).any(|of_claim| npi(of_claim) == number))
}

fn line_referring(provider: Scope<'_>, found: &mut Found<'_>) {
    if let Some(nm1) = provider.begin()
        && is_of_claim(provider, &REFERRING)
    {
        found.segment(&LINE_REFERRING_SAME, nm1);
    }
}

fn line_supervising(provider: Scope<'_>, found: &mut Found<'_>) {
    let at = if provider.is("837D") { &SUPERVISING_DENTAL } else { &SUPERVISING };
    if let Some(nm1) = provider.begin()
        && is_of_claim(provider, at)
    {
        found.segment(&LINE_SUPERVISING_SAME, nm1);
    }
}

fn line_facility(place: Scope<'_>, found: &mut Found<'_>) {
    let Some(of_claim) = place.up("2300").and_then(|claim| claim.inner(&FACILITY)) else { return };
    let address = |place: Scope<'_>, id: &str| place.segment(id).map(|held| held.segment.bytes().to_vec());
    let same = |id: &str| address(place, id).is_some_and(|bytes| address(of_claim, id) == Some(bytes));
    if npi(place) == npi(of_claim)
        && same("N3")
        && same("N4")
        && let Some(nm1) = place.begin()
    {
        found.segment(&LINE_FACILITY_SAME, nm1);
    }
}

fn ordering(provider: Scope<'_>, found: &mut Found<'_>) {
    if provider.around().has(&CERTIFICATE) {
        return;
    }
    let mut segments = provider.segments();
    if let Some(held) = segments.find(|held| matches!(held.segment.id(), b"N3" | b"N4" | b"PER")) {
        found.segment(&ORDERING_ADDRESS, held);
    }
}

/// Numbers of a provider beside its NPI.
fn numbers(provider: Scope<'_>, found: &mut Found<'_>) {
    for held in provider.segments() {
        if held.segment.id() != b"REF" {
            continue;
        }
        let payer = held.component(4, 2);
        if !payer.is_empty() {
            if !is_other_payer(provider, payer) {
                found.component(&SECONDARY_PAYER, held, 4, 2);
            }
        } else if matches!(held.element(1), b"G2" | b"LU")
            && let Some(nm1) = provider.begin()
            && !nm1.element(9).is_empty()
        {
            found.segment(&SECONDARY, held).trigger(nm1, 9, 0);
        }
    }
}
