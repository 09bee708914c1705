//! Codes: of external lists, and at places.

use std::io::{self, Write};

use super::{fact, facts, lookup::find, place::list_words, standard::Uses};
use crate::{
    codes::{self, CodeList, Texts},
    guide::Guide,
};

/// What people call lists.
const ALIASES: &[(&str, &str)] = &[
    ("CARC", "carc"),
    ("RARC", "rarc"),
    ("POS", "place-of-service"),
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
            let known: Vec<Option<bool>> = element
                .lists
                .iter()
                .map(|list| {
                    codes::by_name(list).filter(|list| !list.codes().is_empty()).map(|list| list.code(code).is_some())
                })
                .collect();
            lists.extend(
                element.lists.iter().map(String::as_str).filter(|list| !lists.contains(list)).collect::<Vec<_>>(),
            );
            let fits = (usize::from(element.data.min)..=most).contains(&length);
            allowed |= fits && known.iter().any(|known| *known != Some(false));
            let names = element.lists.join(" or ");
            match (fits, known.contains(&Some(true)), known.iter().all(Option::is_some)) {
                (false, ..) => format!("too short or too long for {}", element.data.name),
                (_, true, _) => format!("in the list {names}"),
                (_, false, true) => format!("not in the list {names}"),
                _ => format!("governed by the list {names}, of which there is no copy here"),
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
    let known = list.code(code);
    fact("list", &list_words(list.name), out)?;
    let here = match (known, list.edition) {
        (Some(_), edition) => format!("yes, in the copy here ({edition})"),
        (None, "") => "there is no copy of this list here; only the form of a code can be judged".into(),
        (None, edition) => format!("no, not in the copy here ({edition})"),
    };
    fact("known", &here, out)?;
    facts("rule", known.iter().flat_map(|code| code.flags.iter()).map(|flag| flag_words(list.name, flag)), out)?;
    let own = texts.text(list.name, code);
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
    Ok(known.is_some() || own.is_some() || list.codes().is_empty())
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
    let here = if list.codes().is_empty() {
        "none; bring your own with --codes-dir".to_owned()
    } else {
        format!("{} codes; {}", list.codes().len(), list.edition)
    };
    fact("here", &here, out)?;
    if texts.has(list.name) {
        fact("texts", &format!("your own {}.txt", list.name), out)?;
    }
    if !list.codes().is_empty() {
        fact("codes", &list.codes().iter().map(|code| code.code).collect::<Vec<_>>().join(" "), out)?;
    }
    facts("used in", used_in(list, guides), out)
}

/// The places that a list governs: `835  2100/CAS02 05 08`.
fn used_in(list: &CodeList, guides: &[&'static Guide]) -> Vec<String> {
    let mut all: Vec<(String, Vec<&str>)> = Vec::new();
    for guide in guides {
        let mut uses: Vec<(String, Vec<String>)> = Vec::new();
        for node in guide.nodes() {
            let Some(segment) = guide.segment(node) else { continue };
            for element in segment.elements.iter().filter(|element| element.lists.iter().any(|name| name == list.name))
            {
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
