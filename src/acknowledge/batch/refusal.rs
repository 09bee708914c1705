//! What is said of a refused claim, and of its lines.

use super::{code, is, reference, when};
use crate::{
    acknowledge::text,
    check::{self, Claim, Finding, Scope, Severity, UNPROCESSABLE},
    claims::{LineStatus, Procedure, Status, StatusCode},
    codes,
};

/// Most statuses of one claim or line.
const MOST_STATUSES: usize = 20;
/// Codes in one status: STC01, STC10 and STC11.
const CODES: usize = 3;

/// Why a claim is refused: for itself, and for its lines.
pub(super) fn refusals(claim: &Claim<'_>) -> (Vec<Status>, Vec<LineStatus>) {
    let errors = || claim.inherited.iter().chain(claim.findings).filter(|one| one.severity == Severity::Error);
    let lines: Vec<Scope<'_>> = claim.scope.inside().filter(|inner| inner.id() == "2400").collect();
    let mut of_claim: Vec<Status> = Vec::new();
    let mut of_lines: Vec<(usize, Vec<Status>)> = Vec::new();
    for finding in errors() {
        let Some(line) = line_of(finding, &lines) else {
            refuse(&mut of_claim, finding);
            continue;
        };
        let at = of_lines.iter().position(|(at, _)| *at == line).unwrap_or_else(|| {
            of_lines.push((line, Vec::new()));
            of_lines.len() - 1
        });
        if let Some((_, statuses)) = of_lines.get_mut(at) {
            refuse(statuses, finding);
        }
    }
    of_lines.sort_by_key(|(line, _)| *line);
    if !of_lines.is_empty() {
        // The claim is returned for what its lines say.
        of_claim.push(Status { code: code("A3", "247", None), action: "U".into(), ..Status::default() });
    }
    let lines = of_lines.into_iter().filter_map(|(at, statuses)| Some(line_status(*lines.get(at)?, statuses)));
    let lines = lines.collect();
    (of_claim, lines)
}

/// Adds the statuses of a finding, each once.
fn refuse(statuses: &mut Vec<Status>, finding: &Finding) {
    let mut codes = Vec::new();
    for check::Status { category, code: number, entity } in finding.statuses() {
        let code = code(category, number, entity);
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    if codes.is_empty() {
        codes.push(code(UNPROCESSABLE.category, UNPROCESSABLE.code, UNPROCESSABLE.entity));
    }
    complete(&mut codes, finding);
    for codes in codes.chunks(CODES) {
        let mut codes = codes.iter().cloned();
        let status = Status {
            code: codes.next().unwrap_or_default(),
            second_code: codes.next(),
            third_code: codes.next(),
            action: "U".into(),
            ..Status::default()
        };
        if statuses.len() < MOST_STATUSES && !statuses.contains(&status) {
            statuses.push(status);
        }
    }
}

/// Adds what some codes must not stand without: the party that they are about, or another code.
fn complete(codes: &mut Vec<StatusCode>, finding: &Finding) {
    let list = codes::by_name("claim-status");
    let flags = |status: &str| list.and_then(|list| list.code(status)).map_or(&[][..], |code| &code.flags);
    for code in codes.iter_mut() {
        let about = flags(&code.status).iter().find_map(|flag| flag.strip_prefix("entity")).map(str::trim);
        match about {
            // A provider, where the place does not say which.
            Some("") if code.entity.is_none() => code.entity = Some(finding.party().unwrap_or("1P").into()),
            Some("") | None => {}
            Some(party) => code.entity = Some(party.into()),
        }
    }
    let is_alone = |code: &StatusCode| flags(&code.status).contains(&"other");
    if let [only] = codes.as_slice()
        && is_alone(only)
    {
        let other = if only.status == "21" { UNPROCESSABLE.code } else { "21" };
        codes.push(code(UNPROCESSABLE.category, other, None));
    }
}

/// The service line that a finding is in.
fn line_of(finding: &Finding, lines: &[Scope<'_>]) -> Option<usize> {
    let place = &finding.place;
    let (guide, mut node) = (place.guide?, place.node?);
    while guide.loop_id(node) != "2400" || guide.loop_at(node).is_none() {
        let around = guide.parent(node);
        if around == node {
            return None;
        }
        node = around;
    }
    // What is missing at the end of a line has the position of the line that follows.
    let last = if place.missing { place.position.saturating_sub(1) } else { place.position };
    lines.iter().rposition(|line| line.begin().is_some_and(|begin| begin.position() <= last))
}

fn line_status(line: Scope<'_>, statuses: Vec<Status>) -> LineStatus {
    let mut status = LineStatus {
        statuses,
        control_number: reference(line, b"6R").or_else(|| Some(text(line.begin()?.element(1), 50))),
        service_date: line.segments().find(|held| is(held, b"DTP", b"472")).and_then(|held| when(held.period(2, 3)?)),
        ..LineStatus::default()
    };
    for held in line.segments() {
        let (procedure, charge, quantity) = match held.segment.id() {
            b"SV1" => (1, 2, 4),
            b"SV2" => (2, 3, 5),
            b"SV3" => (1, 2, 6),
            _ => continue,
        };
        status.charge = held.number(charge).map(|charge| charge.normalize());
        status.quantity = held.number(quantity).map(|quantity| quantity.normalize());
        let part = |n: usize| text(held.component(procedure, n), 48);
        let modifiers = (3..=6).map(part).filter(|modifier| !modifier.is_empty()).collect();
        let revenue = (procedure == 2).then(|| text(held.element(1), 48)).filter(|code| !code.is_empty());
        let stated = Procedure { kind: part(1), code: part(2), modifiers, description: None };
        (status.procedure, status.revenue_code) = match revenue {
            // A line without a procedure goes by its revenue code.
            Some(code) if stated.code.is_empty() => {
                (Some(Procedure { kind: "NU".into(), code, ..Procedure::default() }), None)
            }
            revenue => (Some(stated), revenue),
        };
        break;
    }
    status
}
