//! Rules of checking: what each asks, how much it matters, what an acknowledgment answers.

use std::io::{self, Write};

use super::{
    Error, fact, facts,
    lookup::{self, Found, distance},
};
use crate::{
    check::{self, Rule, Severity},
    guide,
};

/// A rule, and for a name with a place in it what stands there.
struct Named {
    rule: &'static Rule,
    places: Vec<Found>,
}

/// The rule of a name: `claim.charge.sum`; for a rule about any place its last part alone (`length`) or with a
/// place before it (`837p.2010aa.n403.length`).
///
/// # Errors
/// [`Error::Unknown`] where no rule has that name, or nothing stands at the place, with what comes near.
pub fn rule(id: &str) -> Result<&'static Rule, Error> {
    find(id).map(|named| named.rule).ok_or_else(|| Error::Unknown { query: id.to_owned(), near: near(id) })
}

fn find(id: &str) -> Option<Named> {
    let rule = check::by_id(id)?;
    if rule.id == id {
        return Some(Named { rule, places: Vec::new() });
    }
    let (place, _) = id.rsplit_once('.')?;
    let (guide, place) = place.split_once('.')?;
    let query = place.to_uppercase().replace('.', "/");
    let guide = match guide {
        // The base standard, which is asked where there is no guide.
        "x12" => return Some(Named { rule, places: Vec::new() }),
        "envelope" => "TA1",
        name => name,
    };
    let places = lookup::find(guide::by_name(guide)?.ok()?, &query);
    (!places.is_empty()).then_some(Named { rule, places })
}

/// Writes what a rule asks; `None` if no rule has that name.
pub(super) fn answer(id: &str, out: &mut impl Write) -> io::Result<Option<bool>> {
    let Some(Named { rule, places }) = find(id) else { return Ok(None) };
    writeln!(out, "{id}  a rule of `claimwire validate`\n")?;
    let subject = if rule.by_place { "the element or segment " } else { "" };
    fact("found when", &format!("{subject}{}", rule.title), out)?;
    fact("what to do", rule.hint, out)?;
    fact("level", &format!("SNIP {}: {}", rule.level, level_words(rule.level)), out)?;
    fact("severity", severity_words(rule.severity), out)?;
    fact("requirement", rule.number, out)?;
    facts("answered with", codes(rule), out)?;
    if rule.by_place && places.is_empty() && id == rule.id {
        fact("place", &format!("any; its name has the place before it, as in 837p.2010aa.n403.{id}"), out)?;
    }
    facts("place", places.iter().map(place), out)?;
    Ok(Some(true))
}

fn place(found: &Found) -> String {
    let (position, component) = found.element.unwrap_or_default();
    let element = found.guide.segment(found.node).and_then(|segment| segment.element(position, component));
    let name = element.map_or_else(|| found.guide.title(found.node), |element| element.name.as_str());
    format!("{} {}  {name}", found.guide.name, found.full())
}

fn level_words(level: u8) -> &'static str {
    match level {
        1 => "syntax of X12",
        2 => "the guide: what must, may and must not stand",
        3 => "balancing",
        4 => "situations: what one part asks of another",
        5 => "external code sets",
        6 => "kind of service",
        _ => "the trading partner's own rules",
    }
}

fn severity_words(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error: a receiver would reject",
        Severity::Warning => "warning: a receiver may object",
        Severity::Info => "info: worth knowing",
    }
}

/// The codes of acknowledgments, a line each.
fn codes(rule: &Rule) -> Vec<String> {
    let codes = &rule.codes;
    let set = [("IK304", codes.ik3), ("IK403", codes.ik4), ("IK502", codes.ik5)];
    let set: Vec<String> =
        set.iter().filter_map(|(element, code)| code.map(|code| format!("{element} {code}"))).collect();
    let mut lines = Vec::new();
    lines.extend(codes.ta1.map(|code| format!("TA1: TA105 {code}")));
    lines.extend(codes.ak9.map(|code| format!("999: AK905 {code}")));
    if !set.is_empty() {
        lines.push(format!("999: {}", set.join(", ")));
    }
    lines.extend(codes.stc.map(|status| {
        let status = status.replace(":*", ":the entity's code (NM101)");
        format!("277CA: STC {}", status.split(' ').collect::<Vec<_>>().join(" and "))
    }));
    lines
}

/// Most suggestions.
const SUGGESTIONS: usize = 3;

/// Names of rules like a name, nearest first.
pub(super) fn near(id: &str) -> Vec<String> {
    const MOST: usize = 80;
    if id.len() > MOST {
        return Vec::new();
    }
    let id = id.to_lowercase();
    // A name with a place in it may be wrong in either part.
    let (place, last) = id.rsplit_once('.').unwrap_or(("", &id));
    let mut near: Vec<(usize, String)> = check::all()
        .map(|rule| match rule.by_place && place.contains('.') {
            true => (distance(last, rule.id), format!("{place}.{}", rule.id)),
            false => (distance(&id, rule.id), rule.id.to_owned()),
        })
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 5) && find(name).is_some())
        .collect();
    near.sort();
    let best = near.first().map_or(0, |(distance, _)| *distance);
    near.retain(|(distance, _)| *distance <= best + 1);
    near.into_iter().map(|(_, name)| name).take(SUGGESTIONS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_found_by_name_and_by_place() {
        for id in [
            "claim.charge.sum",
            "length",
            "837p.2010aa.n403.length",
            "837p.2300.clm05-3.code",
            "envelope.isa06.spaces",
            "x12.xyz.unknown-segment",
        ] {
            assert!(rule(id).is_ok(), "{id}");
        }
        for id in ["claim.charge.sun", "837p.2010aa.n499.length", "837q.2010aa.n403.length", "claim", "", "."] {
            assert!(rule(id).is_err(), "{id}");
        }
    }

    #[test]
    fn a_wrong_name_is_answered_with_what_comes_near() {
        assert_eq!(near("claim.charge.sun").first().map(String::as_str), Some("claim.charge.sum"));
        assert_eq!(near("837p.2010aa.n403.lenght").first().map(String::as_str), Some("837p.2010aa.n403.length"));
        assert!(near("nothing.like.any.of.them.at.all").is_empty());
    }
}
