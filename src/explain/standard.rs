//! Segments and data elements of the base standard, and where the guides use them.

use std::io::{self, Write};

use super::{WIDTH, fact, facts};
use crate::{
    guide::{DataType, Guide, Requirement, dictionary},
    guidebook::{note_words, wrap},
};

/// Writes what the standard says of a segment and where the guides use it; false if there is no
/// such segment.
pub(super) fn segment(id: &str, guides: &[&'static Guide], out: &mut impl Write) -> io::Result<bool> {
    let Ok(dictionary) = dictionary() else { return Ok(false) };
    let Some(name) = dictionary.segment_name(id) else {
        return Ok(false);
    };
    writeln!(out, "{id}  {name}\n")?;
    for (at, member) in dictionary.segment_elements(id).iter().enumerate() {
        let Some(data) = u8::try_from(at + 1).ok().and_then(|position| dictionary.data_element(id, position, 0)) else {
            continue;
        };
        let form = if data.kind == DataType::Composite {
            String::new()
        } else {
            format!("{} {}/{}", data.kind, data.min, data.max)
        };
        let requirement = match member.requirement {
            Requirement::Mandatory => "M",
            Requirement::Optional => "O",
            Requirement::Relational => "X",
        };
        let repeat = match member.repeat {
            1 => String::new(),
            0 => "  repeats".into(),
            most => format!("  repeats up to {most}"),
        };
        writeln!(
            out,
            "  {:<8}{requirement} {:<6}{form:<10}{}{repeat}",
            format!("{id}{:02}", at + 1),
            data.number,
            data.name
        )?;
    }
    writeln!(out, "\n  M mandatory, O optional, X by a syntax note, as the base standard has it; guides narrow it.")?;
    let notes: Vec<String> = dictionary.segment_notes(id).iter().map(|note| note_words(note, id)).collect();
    if !notes.is_empty() {
        writeln!(out)?;
        facts("syntax", notes, out)?;
    }
    writeln!(out)?;
    let mut uses = Uses::default();
    for guide in guides {
        for node in guide.nodes().filter(|&node| guide.segment(node).is_some_and(|segment| segment.id == id)) {
            let place = format!("{}{}", slashed(guide.loop_id(node)), guide.designator(node));
            uses.add(&place, guide.title(node), &guide.name);
        }
    }
    uses.write(out)?;
    Ok(true)
}

/// Writes what the standard says of a data element and where the guides use it; `None` if there is
/// no such element.
pub(super) fn data_element(number: &str, guides: &[&'static Guide], out: &mut impl Write) -> io::Result<Option<bool>> {
    let uses_of = |guide: &'static Guide| {
        guide
            .nodes()
            .filter_map(move |node| Some((node, guide.segment(node)?)))
            .flat_map(|(node, segment)| segment.elements.iter().map(move |element| (node, segment, element)))
    };
    let mut data = None;
    let mut uses = Uses::default();
    for guide in guides {
        for (node, _, element) in uses_of(guide).filter(|(_, _, element)| element.data.number == number) {
            data.get_or_insert(&element.data);
            let place = format!("{}{}", slashed(guide.loop_id(node)), element.designator(&guide.designator(node)));
            uses.add(&place, &element.name, &guide.name);
        }
    }
    let Some(data) = data else { return Ok(None) };
    writeln!(out, "data element {}  {}\n", data.number, data.name)?;
    if data.kind == DataType::Composite {
        let components = dictionary().map(|dictionary| dictionary.components(number)).unwrap_or_default();
        facts(
            "components",
            components
                .iter()
                .enumerate()
                .map(|(at, component)| format!("{:02}  data element {}", at + 1, component.number)),
            out,
        )?;
    } else {
        fact("type", &format!("{} {}/{}", data.kind, data.min, data.max), out)?;
    }
    writeln!(out)?;
    uses.write(out)?;
    Ok(Some(true))
}

fn slashed(id: &str) -> String {
    if id.is_empty() { String::new() } else { format!("{id}/") }
}

/// Places, each with its name and the guides that have it.
#[derive(Default)]
pub(super) struct Uses<'g> {
    list: Vec<(String, String, Vec<&'g str>)>,
}

impl<'g> Uses<'g> {
    pub(super) fn add(&mut self, place: &str, name: &str, guide: &'g str) {
        match self.list.iter_mut().find(|(other, title, _)| other == place && title == name) {
            Some((_, _, guides)) if guides.contains(&guide) => {}
            Some((_, _, guides)) => guides.push(guide),
            None => self.list.push((place.to_owned(), name.to_owned(), vec![guide])),
        }
    }

    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        if self.list.is_empty() {
            return writeln!(out, "  No guide here uses it.");
        }
        let width = self.list.iter().map(|(place, ..)| place.chars().count()).max().unwrap_or(0).min(WIDTH / 3) + 2;
        for (place, name, guides) in &self.list {
            let head = format!("  {:<16}{place:<width$}", guides.join(" "));
            let indent = head.chars().count();
            for (at, line) in wrap(name, WIDTH.saturating_sub(indent)).iter().enumerate() {
                if at == 0 { writeln!(out, "{head}{line}")? } else { writeln!(out, "{:indent$}{line}", "")? }
            }
        }
        Ok(())
    }
}
