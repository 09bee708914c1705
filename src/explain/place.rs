//! What stands at a place of a guide.

use std::io::{self, Write};

use super::{
    INDENT, WIDTH, example, facts,
    lookup::{Found, find, json_places},
    standard::Uses,
};
use crate::{
    codes,
    guide::{DataType, ElementUse, Guide, NodeId, SegmentUse, dictionary},
    guidebook::{filling_words, note_words, notes_in_use, repeat_words, rules, type_and_length, usage_word, wrap},
    record::Spot,
};

/// Most different answers in full; more are listed in a line each.
const IN_FULL: usize = 4;

/// The same facts at one place or several.
struct Answer {
    title: String,
    facts: Vec<(&'static str, String)>,
    places: Vec<Found>,
}

/// Writes what stands at the places that a designator names; `None` if it names none.
pub(super) fn answer(guides: &[&'static Guide], query: &str, out: &mut impl Write) -> io::Result<Option<bool>> {
    let mut answers: Vec<Answer> = Vec::new();
    for found in guides.iter().flat_map(|guide| find(guide, query)) {
        let Some((title, facts)) = describe(&found) else {
            continue;
        };
        match answers.iter_mut().find(|answer| answer.title == title && answer.facts == facts) {
            Some(answer) => answer.places.push(found),
            None => answers.push(Answer { title, facts, places: vec![found] }),
        }
    }
    if answers.is_empty() {
        return Ok(None);
    }
    if answers.len() > IN_FULL {
        return in_short(&answers, query, out).map(Some);
    }
    for (at, answer) in answers.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        in_full(answer, out)?;
    }
    Ok(Some(true))
}

fn in_full(answer: &Answer, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}\n", answer.title)?;
    facts("at", together(&answer.places), out)?;
    for (label, text) in &answer.facts {
        if *label == "example" {
            json(&answer.places, out)?;
        }
        let mut lines = text.lines();
        // Tables keep their columns.
        if matches!(*label, "elements" | "components" | "parts") {
            let first = lines.next().unwrap_or_default();
            writeln!(out, "  {label:<14}{first}")?;
            for line in lines {
                writeln!(out, "  {:14}{line}", "")?;
            }
        } else {
            facts(label, lines.map(str::to_owned), out)?;
        }
    }
    if !answer.facts.iter().any(|(label, _)| *label == "example") {
        json(&answer.places, out)?;
    }
    Ok(())
}

/// One line a place, where there are many.
fn in_short(answers: &[Answer], query: &str, out: &mut impl Write) -> io::Result<bool> {
    writeln!(out, "{query} stands at {} places:\n", answers.iter().map(|answer| answer.places.len()).sum::<usize>())?;
    let mut uses = Uses::default();
    for answer in answers {
        let name = answer.title.split_once("  ").map_or("", |(_, name)| name);
        for place in &answer.places {
            uses.add(&place.short(), name, &place.guide.name);
        }
    }
    uses.write(out)?;
    if let Some(one) = answers.first().and_then(|answer| answer.places.first()) {
        writeln!(out, "\nAsk for one of them: claimwire explain '{} {}'", one.guide.name, one.short())?;
    }
    Ok(true)
}

/// Places in one line for all guides that share the path: `837P 837I  2000A/2000B/2300/CLM05-3`.
fn together(places: &[Found]) -> Vec<String> {
    let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
    for place in places {
        let full = place.full();
        match lines.iter_mut().find(|(path, _)| *path == full) {
            Some((_, guides)) if guides.last() == Some(&place.guide.name.as_str()) => {}
            Some((_, guides)) => guides.push(&place.guide.name),
            None => lines.push((full, vec![&place.guide.name])),
        }
    }
    lines.into_iter().map(|(path, guides)| format!("{}  {path}", guides.join(" "))).collect()
}

fn json(places: &[Found], out: &mut impl Write) -> io::Result<()> {
    let mut paths: Vec<String> = Vec::new();
    let mut lines: Vec<String> = Vec::new();
    for place in places {
        let Some(known) = json_places(place.guide) else {
            continue;
        };
        let new = match place.element {
            Some(_) => known.rows.get(&place.spot()).map(|row| row.json.clone()).unwrap_or_default(),
            None => known.loops.get(&place.node).filter(|path| !path.is_empty()).cloned().into_iter().collect(),
        };
        for path in new {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        for path in known.lines.get(&place.spot()).into_iter().flatten() {
            if place.element.is_some() && !lines.contains(path) {
                lines.push(path.clone());
            }
        }
    }
    facts("JSON", paths, out)?;
    facts("NDJSON", lines, out)
}

fn describe(found: &Found) -> Option<(String, Vec<(&'static str, String)>)> {
    let guide = found.guide;
    let Some(segment) = guide.segment(found.node) else {
        return Some(describe_loop(found));
    };
    match found.element {
        Some((position, component)) => Some(describe_element(found, segment, segment.element(position, component)?)),
        None => Some(describe_segment(found, segment)),
    }
}

fn describe_loop(found: &Found) -> (String, Vec<(&'static str, String)>) {
    let Found { guide, node, .. } = *found;
    let title = format!("loop {}  {}", guide.loop_id(node), guide.title(node));
    let mut facts = vec![("usage", standing(guide, node))];
    if let Some(&first) = guide.children(node).first() {
        let told = guide.discriminator(node).and_then(|element| {
            Some(format!(", {} = {}", element.designator(&guide.segment(first)?.id), element.codes.join(" ")))
        });
        facts.push(("begins with", format!("{}{}", guide.designator(first), told.unwrap_or_default())));
    }
    let parts = guide.children(node).iter().map(|&part| {
        let kind = if guide.loop_at(part).is_some() { "loop " } else { "" };
        let head = format!("{:<14}{:<24}", format!("{kind}{}", guide.designator(part)), standing(guide, part));
        let indent = head.chars().count();
        head + &wrap(guide.title(part), WIDTH - INDENT - indent).join(&format!("\n{:indent$}", ""))
    });
    facts.push(("parts", parts.collect::<Vec<_>>().join("\n")));
    (title, facts)
}

fn describe_segment(found: &Found, segment: &SegmentUse) -> (String, Vec<(&'static str, String)>) {
    let Found { guide, node, .. } = *found;
    let title = format!("{}  {}", found.designator(), segment.name);
    let mut facts = vec![("usage", standing(guide, node)), ("loop", loop_words(guide, node))];
    if let Some(element) = guide.discriminator(node) {
        facts.push(("told by", format!("{} = {}", element.designator(&segment.id), element.codes.join(" "))));
    }
    let around = std::iter::successors(Some(guide.parent(node)), |&at| (at != NodeId::ROOT).then(|| guide.parent(at)));
    let prefix = json_places(guide)
        .and_then(|known| around.into_iter().find_map(|node| known.loops.get(&node)))
        .map(String::as_str)
        .unwrap_or_default();
    let elements = segment.elements.iter().map(|element| {
        let spot = Spot { node, element: element.position, component: element.component };
        let json = json_places(guide).and_then(|known| known.rows.get(&spot)).and_then(|row| row.json.first());
        let json = json
            .map(|path| path.strip_prefix(prefix).unwrap_or(path).trim_start_matches('.'))
            .map(|path| format!("> {path}"))
            .unwrap_or_default();
        line_of(segment, element, &json)
    });
    facts.push(("elements", elements.collect::<Vec<_>>().join("\n")));
    facts.push(("syntax", syntax(segment, None).join("\n")));
    facts.push(("example", example::segment(segment, None)));
    (title, facts)
}

fn describe_element(
    found: &Found,
    segment: &SegmentUse,
    element: &ElementUse,
) -> (String, Vec<(&'static str, String)>) {
    let Found { guide, node, .. } = *found;
    let title = format!("{}  {}", found.designator(), element.name);
    let mut usage = usage_word(element.usage).to_owned();
    if element.repeat.is_many() {
        usage.push_str(&format!(", {}", repeat_words(element.repeat)));
    }
    if let Some(composite) = segment.element(element.position, 0).filter(|_| element.component > 0) {
        usage.push_str(&format!(
            "; its composite {} is {}",
            composite.designator(&segment.id),
            usage_word(composite.usage)
        ));
    }
    let mut facts = vec![
        ("usage", usage),
        ("segment", format!("{}, {}", segment.name, standing(guide, node))),
        ("loop", loop_words(guide, node)),
        ("type", type_words(element)),
        ("data element", format!("{} {}", element.data.number, element.data.name)),
    ];
    facts.extend(
        rules(element).into_iter().filter(|rule| !rule.starts_with("list ") && !rule.starts_with("repeats")).map(
            |rule| match rule.strip_prefix("= ") {
                Some(codes) => ("codes", codes.to_owned()),
                None => ("limit", rule),
            },
        ),
    );
    for list in &element.lists {
        facts.push(("code list", list_words(list)));
    }
    if element.discriminator {
        facts.push(("tells", format!("this {} from the others here", segment.id)));
    }
    let spot = Spot { node, element: element.position, component: element.component };
    if let Some(filling) = json_places(guide).and_then(|known| known.rows.get(&spot)).and_then(filling_words) {
        facts.push(("filled", filling.to_owned()));
    }
    if element.data.kind == DataType::Composite {
        let components = segment
            .elements
            .iter()
            .filter(|other| other.position == element.position && other.component > 0)
            .map(|other| line_of(segment, other, ""));
        facts.push(("components", components.collect::<Vec<_>>().join("\n")));
    }
    facts.push(("syntax", syntax(segment, Some(element)).join("\n")));
    facts.push(("example", example::segment(segment, Some((element.position, element.component)))));
    (title, facts)
}

/// `required, once`
fn standing(guide: &Guide, node: NodeId) -> String {
    format!("{}, {}", usage_word(guide.usage(node)), repeat_words(guide.repeat(node)))
}

fn loop_words(guide: &Guide, node: NodeId) -> String {
    let around = guide.parent(node);
    if around == NodeId::ROOT {
        return "the transaction set itself".into();
    }
    format!("{} {}, {}", guide.loop_id(around), guide.title(around), standing(guide, around))
}

/// One element in a line, or in several where its codes or field do not fit.
fn line_of(segment: &SegmentUse, element: &ElementUse, json: &str) -> String {
    let usage = if usage_word(element.usage) == "required" { "R" } else { "S" };
    let head = format!("{:<10}{usage} {:<10}", element.designator(&segment.id), type_and_length(element));
    let indent = head.chars().count();
    let most = WIDTH - INDENT;
    let mut lines = vec![head];
    let rule = rules(element).first().map(|rule| shortened(rule)).unwrap_or_default();
    let name = wrap(&element.name, most - indent);
    for (at, part) in
        name.iter().map(String::as_str).chain([rule.as_str(), json]).filter(|part| !part.is_empty()).enumerate()
    {
        match lines.last_mut() {
            Some(line) if at == 0 => line.push_str(part),
            Some(line) if at >= name.len() && line.chars().count() + 2 + part.chars().count() <= most => {
                line.push_str("  ");
                line.push_str(part);
            }
            _ => lines.push(format!("{:indent$}{part}", "")),
        }
    }
    lines.join("\n")
}

/// The first few of many codes.
fn shortened(rule: &str) -> String {
    let most = 24;
    if rule.chars().count() <= most || !rule.starts_with('=') {
        return rule.to_owned();
    }
    let fits = rule
        .char_indices()
        .filter(|(at, character)| *character == ' ' && *at > 1 && *at < most)
        .map(|(at, _)| at)
        .next_back();
    format!("{} …", fits.and_then(|at| rule.get(..at)).unwrap_or("="))
}

/// `AN 1/20: text of 1 to 20 characters`
pub(super) fn type_words(element: &ElementUse) -> String {
    let (min, max) = (element.data.min, element.max.unwrap_or(element.data.max));
    let span = |unit: &str| {
        if min == max {
            format!("{max} {unit}{}", if max == 1 { "" } else { "s" })
        } else {
            format!("{min} to {max} {unit}s")
        }
    };
    let words = match element.data.kind {
        DataType::String => format!("text of {}", span("character")),
        DataType::Code => format!("a code of {}", span("character")),
        DataType::Integer(0) => format!("a whole number of {}", span("digit")),
        DataType::Integer(decimals) => format!("a number of {}, the last {decimals} of them decimals", span("digit")),
        DataType::Decimal => format!("a decimal number of {}", span("digit")),
        DataType::Date if max == 6 => "a date YYMMDD".into(),
        DataType::Date => "a date CCYYMMDD".into(),
        DataType::Time => "a time HHMM, HHMMSS or HHMMSSDD".into(),
        DataType::Binary => "bytes".into(),
        DataType::Composite => return format!("composite {}", element.data.number),
    };
    format!("{}: {words}", type_and_length(element))
}

/// `place-of-service: Place of service codes (CMS, https://…)`
pub(super) fn list_words(name: &str) -> String {
    let Some(list) = codes::by_name(name) else {
        return name.to_owned();
    };
    let whence: Vec<&str> = [list.publisher, list.published_at].into_iter().filter(|text| !text.is_empty()).collect();
    let whence = if whence.is_empty() { String::new() } else { format!(" ({})", whence.join(", ")) };
    format!("{name}: {}{whence}", list.title)
}

/// The syntax notes that an element takes part in, or all of the segment's.
fn syntax(segment: &SegmentUse, element: Option<&ElementUse>) -> Vec<String> {
    let Ok(dictionary) = dictionary() else {
        return Vec::new();
    };
    let concerns = |positions: &[u8], position: u8| positions.contains(&position);
    let of_segment = notes_in_use(segment, 0, dictionary.segment_notes(&segment.id));
    let mut notes: Vec<String> = of_segment
        .filter(|note| element.is_none_or(|element| concerns(&note.positions, element.position)))
        .map(|note| note_words(note, &segment.id))
        .collect();
    let composites = segment.elements.iter().filter(|one| {
        one.data.kind == DataType::Composite && element.is_none_or(|element| element.position == one.position)
    });
    for composite in composites {
        let prefix = format!("{}{:02}-", segment.id, composite.position);
        let of_composite =
            notes_in_use(segment, composite.position, dictionary.composite_notes(&composite.data.number));
        notes.extend(
            of_composite
                .filter(|note| {
                    element.is_none_or(|element| element.component == 0 || concerns(&note.positions, element.component))
                })
                .map(|note| note_words(note, &prefix)),
        );
    }
    notes
}
