//! Codes: of external lists, and at places.

use std::io::{self, Write};

use super::{fact, facts, lookup::find, place::list_words, standard::Uses};
use crate::{
    codes::{self, CodeList, CodeSet, Judge, Own, Texts, Verdict},
    guide::Guide,
};

/// What people call lists.
const ALIASES: &[(&str, &str)] = &[
    ("CARC", "carc"),
    ("RARC", "rarc"),
    ("POS", "place-of-service"),
    ("ICD", "icd-10-cm"),
    ("CSC", "claim-status"),
    ("CSCC", "claim-status-category"),
    ("NUCC", "taxonomy"),
];

/// Answers for `LIST CODE` and `LIST`; `None` if the first word names no list.
pub(super) fn answer(
    first: &str,
    rest: &str,
    texts: &Texts,
    guides: &[&'static Guide],
    out: &mut impl Write,
) -> io::Result<Option<bool>> {
    if first == "STC" && !rest.is_empty() {
        return status(rest, texts, guides, out).map(Some);
    }
    let name = ALIASES.iter().find(|(alias, _)| *alias == first).map(|(_, name)| (*name).to_owned());
    let Some(list) = codes::by_name(&name.unwrap_or_else(|| first.to_lowercase())) else {
        return Ok(None);
    };
    if rest.is_empty() {
        overview(list, texts, guides, out)?;
        return Ok(Some(true));
    }
    writeln!(out, "{first} {rest}\n")?;
    let known = of_list(list, rest, texts, out)?;
    facts("used in", used_in(list, guides), out)?;
    Ok(Some(known))
}

/// Answers for `PLACE=CODE`; `None` if the place names nothing.
pub(super) fn at_place(
    guides: &[&'static Guide],
    place: &str,
    code: &str,
    texts: &Texts,
    out: &mut impl Write,
) -> io::Result<Option<bool>> {
    let code = code.trim_matches('"');
    let places: Vec<_> =
        guides.iter().flat_map(|guide| find(guide, place)).filter(|found| found.element.is_some()).collect();
    if places.is_empty() {
        return Ok(None);
    }
    writeln!(out, "{place} = {code}\n")?;
    let mut allowed = false;
    let mut uses = Uses::default();
    let mut lists: Vec<&str> = Vec::new();
    for found in &places {
        let (position, component) = found.element.unwrap_or_default();
        let Some(element) = found.guide.segment(found.node).and_then(|segment| segment.element(position, component))
        else {
            continue;
        };
        let length = code.chars().count();
        let most = usize::from(element.max.unwrap_or(element.data.max));
        let verdict = if !element.codes.is_empty() {
            let listed = element.codes.iter().any(|known| known == code);
            allowed |= listed;
            if listed { "allowed".to_owned() } else { format!("not allowed; codes here: {}", element.codes.join(" ")) }
        } else if element.lists.is_empty() {
            allowed |= length <= most;
            "takes any value of its type".to_owned()
        } else {
            let fits = (usize::from(element.data.min)..=most).contains(&length);
            let judge = Judge::new(&element.lists, &Own::default()).ok();
            let ruling = judge.as_ref().map(|judge| judge.judge_any(code.as_bytes(), None));
            let verdict = ruling.map_or(Verdict::Unjudged, |ruling| ruling.verdict);
            let set = ruling.and_then(|ruling| ruling.set);
            lists.extend(set.map(CodeSet::name).filter(|list| !lists.contains(list)));
            allowed |= fits && matches!(verdict, Verdict::Known | Verdict::Unjudged);
            let names = element.lists.join(" or ");
            match verdict {
                _ if !fits => format!("too short or too long for {}", element.data.name),
                Verdict::Known => format!("in the list {names}"),
                Verdict::Unjudged => format!("governed by the list {names}, of which there is no copy here"),
                verdict => format!("not in the list {names}{}", verdict_words(verdict, set)),
            }
        };
        uses.add(&found.short(), &format!("{}: {verdict}", element.name), &found.guide.name);
    }
    uses.write(out)?;
    for list in lists.iter().filter_map(|name| codes::by_name(name)) {
        writeln!(out)?;
        of_list(list, code, texts, out)?;
    }
    Ok(Some(allowed))
}

/// A claim status as STC01 has it: category, status, entity.
fn status(composite: &str, texts: &Texts, guides: &[&'static Guide], out: &mut impl Write) -> io::Result<bool> {
    let mut parts = composite.split([':', ' ', '>']).filter(|part| !part.is_empty());
    let (category, status, entity) = (parts.next(), parts.next(), parts.next());
    writeln!(out, "STC {composite}\n")?;
    let mut known = true;
    for (label, name, code) in [("category", "claim-status-category", category), ("status", "claim-status", status)] {
        let (Some(list), Some(code)) = (codes::by_name(name), code) else {
            continue;
        };
        writeln!(out, "{label} {code}")?;
        known &= of_list(list, code, texts, out)?;
        writeln!(out)?;
    }
    let element = guides
        .iter()
        .find(|guide| guide.set == "277")
        .and_then(|guide| find(guide, "2200D/STC01-3").into_iter().next());
    let element = element.and_then(|found| found.guide.segment(found.node)?.element(1, 3));
    if let (Some(entity), Some(element)) = (entity, element) {
        let listed = element.codes.is_empty() || element.codes.iter().any(|code| code == entity);
        known &= listed;
        writeln!(out, "entity {entity}")?;
        fact("277CA", if listed { "allowed in STC01-3" } else { "not among the entities of STC01-3" }, out)?;
        writeln!(out)?;
    }
    if entity.is_none()
        && let Some(flag) = status
            .and_then(|code| codes::by_name("claim-status")?.code(code))
            .and_then(|code| code.flags.iter().find(|flag| flag.starts_with("entity")))
    {
        fact("note", flag_words("claim-status", flag).as_str(), out)?;
    }
    fact("written", "category:status:entity in STC01, and again in STC10 and STC11", out)?;
    Ok(known)
}

/// Writes what is known of a code; false if the list here does not have it.
fn of_list(list: &CodeList, code: &str, texts: &Texts, out: &mut impl Write) -> io::Result<bool> {
    let judge = Judge::new(&[list.name], &Own::default()).ok();
    let ruling = judge.as_ref().map(|judge| judge.judge_any(code.as_bytes(), None));
    let verdict = ruling.map_or(Verdict::Unjudged, |ruling| ruling.verdict);
    let set = ruling.and_then(|ruling| ruling.set);
    // Of a list that is several sets, the one that may have the code.
    let list = set.and_then(|set| codes::by_name(set.name())).unwrap_or(list);
    let known = list.code(code);
    fact("list", &list_words(list.name), out)?;
    let more = verdict_words(verdict, set);
    let here = match (known, list.edition) {
        (Some(_), edition) => format!("yes, in the copy here ({edition})"),
        (None, "") => format!("there is no copy of this list here; only the form of a code can be judged{more}"),
        (None, edition) => format!("no, not in the copy here ({edition}){more}"),
    };
    fact("known", &here, out)?;
    facts("rule", known.iter().flat_map(|code| code.flags.iter()).map(|flag| flag_words(list.name, flag)), out)?;
    let own = texts.text(list.name, code).or_else(|| of_several(list).find_map(|several| texts.text(several, code)));
    match own {
        Some(text) => fact("text", text, out)?,
        None if list.publisher.is_empty() => {}
        None => {
            let whence = if list.published_at.is_empty() {
                String::new()
            } else {
                format!(", published at {}", list.published_at)
            };
            fact(
                "text",
                &format!("belongs to {}{whence}; --codes-dir brings your own {}.txt", list.publisher, list.name),
                out,
            )?;
        }
    }
    Ok(own.is_some() || matches!(verdict, Verdict::Known | Verdict::Unjudged))
}

/// The lists that are several sets, this one among them.
fn of_several(list: &CodeList) -> impl Iterator<Item = &'static str> {
    codes::all().iter().filter(move |other| other.sets().contains(&list.name)).map(|other| other.name)
}

/// Why a code is not in a list, where more can be said than that.
fn verdict_words(verdict: Verdict, set: Option<&CodeSet>) -> String {
    match (verdict, set) {
        (Verdict::NotBillable, _) => "; a heading over codes that begin with it, which have more characters".into(),
        (Verdict::Malformed, Some(set)) => format!("; it has not the form of one: {}", set.form()),
        _ => String::new(),
    }
}

/// A flag of a list in words.
fn flag_words(list: &str, flag: &str) -> String {
    let (word, rest) = flag.split_once(' ').unwrap_or((flag, ""));
    match (list, word) {
        ("carc", "group") => format!("only under adjustment group {} (CAS01)", rest.replace(' ', " or ")),
        ("carc", "remark") => "needs a remittance advice remark code beside it".into(),
        ("carc", "property-casualty") => "for property and casualty only".into(),
        ("carc", "line-only") => "at a service line only, never at the claim".into(),
        ("carc", "part-only") => "never for the whole charge".into(),
        ("carc", "claim-only") => "in claims to a further payer (837) only, not in remittances (835)".into(),
        ("claim-status", "entity") if rest.is_empty() => "needs an entity code beside it, the third component".into(),
        ("claim-status", "entity") => format!("needs the entity code {rest} beside it, the third component"),
        ("claim-status", "other") => "needs a second status beside it".into(),
        ("claim-status", "accepted-with-errors") => "for claims accepted with errors only".into(),
        ("claim-status", "receiver-level") => "at the level of the information receiver only".into(),
        _ => flag.to_owned(),
    }
}

fn overview(list: &CodeList, texts: &Texts, guides: &[&'static Guide], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}  {}\n", list.name, list.title)?;
    fact("X12 source", list.source, out)?;
    fact("publisher", list.publisher, out)?;
    fact("published at", list.published_at, out)?;
    let sets = list.sets();
    let here: Vec<&str> = sets.iter().copied().filter(|set| codes::by_name(set).is_some_and(has_codes)).collect();
    let here = if has_codes(list) {
        format!("{} codes; {}", list.codes().len(), list.edition)
    } else if here.is_empty() {
        "none; bring your own with --codes-dir".to_owned()
    } else {
        here.join(" ")
    };
    if sets != [list.name] {
        fact("made of", &sets.join(" "), out)?;
    }
    fact("here", &here, out)?;
    if texts.has(list.name) {
        fact("texts", &format!("your own {}.txt", list.name), out)?;
    }
    if has_codes(list) && list.codes().len() <= SHOWN {
        fact("codes", &list.codes().iter().map(|code| code.code).collect::<Vec<_>>().join(" "), out)?;
    }
    facts("used in", used_in(list, guides), out)
}

fn has_codes(list: &CodeList) -> bool {
    !list.codes().is_empty()
}

/// The longest list of which every code is shown.
const SHOWN: usize = 2000;

/// The places that a list governs: `835  2100/CAS02 05 08`.
fn used_in(list: &CodeList, guides: &[&'static Guide]) -> Vec<String> {
    let mut all: Vec<(String, Vec<&str>)> = Vec::new();
    let several: Vec<&str> = of_several(list).collect();
    for guide in guides {
        let mut uses: Vec<(String, Vec<String>)> = Vec::new();
        for node in guide.nodes() {
            let Some(segment) = guide.segment(node) else { continue };
            let governs = |name: &String| name == list.name || several.contains(&name.as_str());
            for element in segment.elements.iter().filter(|element| element.lists.iter().any(governs)) {
                let id = guide.loop_id(node);
                let slash = if id.is_empty() { "" } else { "/" };
                let place = format!("{id}{slash}{}", guide.designator(node));
                let element = element.designator("");
                match uses.iter_mut().find(|(other, _)| *other == place) {
                    Some((_, elements)) if elements.contains(&element) => {}
                    Some((_, elements)) => elements.push(element),
                    None => uses.push((place, vec![element])),
                }
            }
        }
        for (place, elements) in uses {
            let place = format!("{place}{}", elements.join(" "));
            match all.iter_mut().find(|(other, _)| *other == place) {
                Some((_, guides)) => guides.push(&guide.name),
                None => all.push((place, vec![&guide.name])),
            }
        }
    }
    all.into_iter().map(|(place, guides)| format!("{:<16}{place}", guides.join(" "))).collect()
}
