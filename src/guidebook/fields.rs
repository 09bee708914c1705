//! The data dictionary: JSON fields in their order, each with its place in X12.

use std::io::{self, Write};

use super::{
    Format,
    csv::line,
    facts::{rules, type_and_length},
    html, markdown,
    text::wrap,
};
use crate::{
    guide::{Guide, NodeId, SegmentUse},
    record::{Binding, BoundField, Holds, Kind, Spot, each_path},
};

/// One line of the dictionary.
#[derive(Default)]
struct Entry {
    /// Path in the document, `[]` for each item of a list.
    path: String,
    /// `text`, `decimal`, `date`, `object Claim`, `list of text`, …
    holds: String,
    required: bool,
    most: Option<u32>,
    /// `2000A/2000B/2300/CLM05-1`
    place: String,
    name: String,
    form: String,
    rules: Vec<String>,
}

pub(super) fn write(
    guide: &'static Guide,
    binding: Option<&'static Binding>,
    format: Format,
    out: &mut impl Write,
) -> io::Result<()> {
    let fields = binding.map(Binding::fields).unwrap_or_default();
    let mut collector = Collector { guide, entries: Vec::new(), shown: Vec::new(), whole: format == Format::Csv };
    collector.collect(&fields, "", NodeId::ROOT);
    let entries = collector.entries;
    match format {
        Format::Text => text(guide, &entries, out),
        Format::Markdown => as_markdown(guide, &entries, out),
        Format::Html => as_html(guide, &entries, out),
        Format::Csv => as_csv(guide, &entries, out),
    }
}

struct Collector {
    guide: &'static Guide,
    entries: Vec<Entry>,
    /// Loops that have been shown: by their first segment, with the path of their record.
    shown: Vec<(&'static SegmentUse, String)>,
    /// Whether loops are shown again at each of their places.
    whole: bool,
}

impl Collector {
    fn collect(&mut self, fields: &[BoundField], prefix: &str, around: NodeId) {
        for field in fields {
            let dot = if prefix.is_empty() { "" } else { "." };
            let path = format!("{prefix}{dot}{}{}", field.name, if field.many { "[]" } else { "" });
            let mut entry = Entry {
                path: path.clone(),
                holds: holds(field),
                required: field.required,
                most: field.most,
                ..Entry::default()
            };
            self.place(field, around, &mut entry);
            match &field.holds {
                Holds::Loop { node, fields, .. } => {
                    let first = self.guide.children(*node).first().and_then(|&first| self.guide.segment(first));
                    let same = first
                        .and_then(|first| self.shown.iter().find(|(shown, _)| std::ptr::eq(*shown, first)))
                        .map(|(_, path)| path.clone());
                    if let Some(same) = same.filter(|_| !self.whole) {
                        entry.rules.push(format!("everything as in {same}"));
                        self.entries.push(entry);
                        continue;
                    }
                    self.shown.extend(first.map(|first| (first, path.clone())));
                    self.entries.push(entry);
                    self.collect(fields, &path, *node);
                }
                Holds::Record { fields, .. } => {
                    self.entries.push(entry);
                    self.collect(fields, &path, around);
                }
                _ => self.entries.push(entry),
            }
        }
    }

    fn place(&self, field: &BoundField, around: NodeId, entry: &mut Entry) {
        match &field.holds {
            Holds::Loop { node, .. } => {
                entry.place = self.guide.path(*node);
                entry.name = self.guide.title(*node).to_owned();
                return;
            }
            Holds::Layout => {
                entry.place = self.guide.path(around);
                entry.name = "how the loop was spelled, where it differs from the canonical form".into();
                return;
            }
            _ => {}
        }
        let (Some(first), Some(last)) = (field.spots.first(), field.spots.last()) else {
            entry.place = self.segments_of(field);
            return;
        };
        entry.place = self.spot(*first);
        if last != first {
            let within = self.spot(*last);
            entry.place = format!("{} to {}", entry.place, within.rsplit('/').next().unwrap_or_default());
        }
        match self.guide.segment(first.node).and_then(|segment| segment.element(first.element, first.component)) {
            Some(element) => {
                entry.name = element.name.clone();
                entry.form = type_and_length(element);
                entry.rules = rules(element);
            }
            None => entry.name = self.guide.title(first.node).to_owned(),
        }
    }

    /// The segments that a record without elements of its own draws on: `2000A/2010AA/N3, N4`.
    fn segments_of(&self, field: &BoundField) -> String {
        let Holds::Record { fields, .. } = &field.holds else {
            return String::new();
        };
        let mut nodes: Vec<NodeId> = Vec::new();
        each_path(fields, "", &mut |_, inner| nodes.extend(inner.spots.iter().map(|spot| spot.node)));
        nodes.sort();
        nodes.dedup();
        let mut names: Vec<String> = nodes.iter().map(|&node| self.guide.designator(node)).collect();
        let around: Vec<String> = nodes.iter().map(|&node| self.guide.path(node)).collect();
        match around.split_first() {
            Some((first, rest)) if !first.is_empty() && rest.iter().all(|other| other == first) => {
                format!("{first}/{}", names.join(", "))
            }
            Some(_) => {
                names = nodes.iter().map(|&node| self.spot(Spot { node, element: 0, component: 0 })).collect();
                names.join(", ")
            }
            None => String::new(),
        }
    }

    fn spot(&self, spot: Spot) -> String {
        let path = self.guide.path(spot.node);
        let slash = if path.is_empty() { "" } else { "/" };
        let segment = self.guide.designator(spot.node);
        match (spot.element, spot.component) {
            (0, _) => format!("{path}{slash}{segment}"),
            (element, 0) => format!("{path}{slash}{segment}{element:02}"),
            (element, component) => format!("{path}{slash}{segment}{element:02}-{component}"),
        }
    }
}

fn holds(field: &BoundField) -> String {
    let one = match &field.holds {
        Holds::Value(kind) => match kind {
            Kind::Text => "text".to_owned(),
            Kind::Decimal => "decimal".to_owned(),
            Kind::Number => "number".to_owned(),
            Kind::Flag => "true or false".to_owned(),
            Kind::Date => "date".to_owned(),
            Kind::Time => "time".to_owned(),
            Kind::When => "date or period".to_owned(),
            Kind::Record(_) | Kind::Outside | Kind::Layout => "object".to_owned(),
        },
        Holds::Record { name, .. } | Holds::Loop { name, .. } => (*name).to_owned(),
        Holds::Outside => "transaction set".to_owned(),
        Holds::Layout => "Layout".to_owned(),
    };
    if field.many { format!("list of {one}") } else { one }
}

impl Entry {
    fn standing(&self) -> String {
        let usage = if self.required { "required" } else { "optional" };
        self.most.map_or_else(|| usage.to_owned(), |most| format!("{usage}, up to {most}"))
    }
}

fn text(guide: &Guide, entries: &[Entry], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}  {}: the fields of its JSON\n", guide.name, guide.title)?;
    for entry in entries {
        let dots = 99usize.saturating_sub(entry.path.chars().count() + entry.holds.chars().count());
        writeln!(
            out,
            "{} {}",
            entry.path,
            if dots > 1 {
                format!("{:>width$}", entry.holds, width = dots + entry.holds.chars().count())
            } else {
                entry.holds.clone()
            }
        )?;
        let facts = [entry.place.as_str(), &entry.name, &entry.form, &entry.standing()]
            .into_iter()
            .filter(|fact| !fact.is_empty())
            .collect::<Vec<_>>()
            .join("  ");
        for line in wrap(&facts, 96).into_iter().chain(entry.rules.iter().flat_map(|rule| wrap(rule, 96))) {
            writeln!(out, "    {line}")?;
        }
    }
    Ok(())
}

fn as_markdown(guide: &Guide, entries: &[Entry], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "# {} {}: the fields of its JSON\n", guide.name, guide.title)?;
    writeln!(out, "| field | holds | | place | name | type | codes and limits |\n|---|---|---|---|---|---|---|")?;
    for entry in entries {
        let rules = entry.rules.iter().map(|rule| markdown::cell(rule)).collect::<Vec<_>>().join("<br>");
        writeln!(
            out,
            "| `{}` | {} | {} | {} | {} | {} | {rules} |",
            entry.path,
            entry.holds,
            entry.standing(),
            markdown::cell(&entry.place),
            markdown::cell(&entry.name),
            entry.form
        )?;
    }
    Ok(())
}

fn as_html(guide: &Guide, entries: &[Entry], out: &mut impl Write) -> io::Result<()> {
    let title = format!("{} {}: the fields of its JSON", guide.name, guide.title);
    html::begin(&title, out)?;
    writeln!(
        out,
        "<main>\n<h1>{}</h1>\n<section><h3></h3><table><thead><tr><th>field<th>holds<th><th>place<th>name<th>type<th>codes and limits<tbody>",
        html::escape(&title)
    )?;
    for entry in entries {
        let rules = entry.rules.iter().map(|rule| html::escape(rule)).collect::<Vec<_>>().join("<br>");
        writeln!(
            out,
            "<tr id=\"{}\"><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{rules}",
            html::escape(&entry.path),
            html::escape(&entry.path),
            html::escape(&entry.holds),
            entry.standing(),
            html::escape(&entry.place),
            html::escape(&entry.name),
            entry.form
        )?;
    }
    writeln!(out, "</table></section>")?;
    html::end(out)
}

fn as_csv(guide: &Guide, entries: &[Entry], out: &mut impl Write) -> io::Result<()> {
    line(&["guide", "json", "holds", "required", "most", "place", "name", "type", "codes_and_limits"], out)?;
    for entry in entries {
        let most = entry.most.map(|most| most.to_string()).unwrap_or_default();
        let required = if entry.required { "yes" } else { "no" };
        line(
            &[
                &guide.name,
                &entry.path,
                &entry.holds,
                required,
                &most,
                &entry.place,
                &entry.name,
                &entry.form,
                entry.rules.join("; ").trim_start_matches("= "),
            ],
            out,
        )?;
    }
    Ok(())
}
