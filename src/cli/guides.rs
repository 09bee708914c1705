//! `guides`: the guides as people and programs read them.

use std::{
    io::{self, Write},
    path::Path,
};

use anyhow::{Context, anyhow, bail};
use claimwire::{
    guide::{self, ElementUse, Guide, Library, NAMES, NodeId, Repeat, Usage},
    guidebook::{self, Subject},
    testing,
};
use clap::{Args, ValueEnum};

use super::{Outcome, output::Destination};

/// Print the guides: what may stand where, and the JSON name of each place
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  claimwire guides                                   which there are
  claimwire guides 837P                              one, for the terminal
  claimwire guides 835 --format html -o 835.html     one, for the browser
  claimwire guides 837P --fields                     its JSON fields, each with its place in X12
  claimwire guides 837P --fields --format csv        the same for a spreadsheet
  claimwire guides 837P --format json-schema         the JSON of its documents, for programs
  claimwire guides 837P --format json-schema --of line      of one claim on its own (NDJSON)
  claimwire guides --format dictionary               segment ids and codes, for a fuzzer
  claimwire guides payer.guide                       a companion guide: what it changes")]
pub struct Guides {
    /// Name or id of a guide, such as 837P or 005010X222A1; or the file of a companion guide
    name: Option<String>,
    /// How to print it
    #[arg(long, default_value = "text")]
    format: Format,
    /// The data dictionary in the order of the JSON, rather than the guide in its own
    #[arg(long, requires = "name")]
    fields: bool,
    /// What a JSON Schema describes
    #[arg(long, default_value = "document", value_name = "WHAT")]
    of: Of,
    #[command(flatten)]
    destination: Destination,
}

/// How a guide is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Columns for a terminal
    Text,
    /// Markdown
    Markdown,
    /// One page for a browser, without a network
    Html,
    /// A line an element, for a spreadsheet
    Csv,
    /// JSON Schema, draft 2020-12
    JsonSchema,
    /// Segment ids and codes as words for a fuzzer (libFuzzer, AFL); of all guides if none is named
    Dictionary,
}

/// What a JSON Schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Of {
    /// A file, as `convert --to json` gives it
    Document,
    /// One transaction set of it
    Transaction,
    /// One claim, payment or acknowledgment on its own, as `convert --to ndjson` gives it
    Line,
}

impl Guides {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        if let Some(path) = self.name.as_deref().filter(|name| known(name).is_none() && Path::new(name).is_file()) {
            return self.companions(path);
        }
        let guide = self.name.as_deref().map(find).transpose()?;
        let format = match self.format {
            Format::Text => Some(guidebook::Format::Text),
            Format::Markdown => Some(guidebook::Format::Markdown),
            Format::Html => Some(guidebook::Format::Html),
            Format::Csv => Some(guidebook::Format::Csv),
            Format::JsonSchema => None,
            Format::Dictionary => return self.dictionary(guide),
        };
        let subject = match self.of {
            Of::Document => Subject::Document,
            Of::Transaction => Subject::Transaction,
            Of::Line => Subject::Line,
        };
        self.destination.write(|output| {
            match (guide, format) {
                (None, Some(guidebook::Format::Text)) => guidebook::list(output)?,
                (None, _) => bail!("this format is of one guide; there are {}", NAMES.join(", ")),
                (Some(_), None) if self.fields => bail!("--fields is a table; a JSON Schema has the fields anyway"),
                (Some(guide), None) => guidebook::json_schema(guide, subject, output)?,
                (Some(guide), Some(format)) if self.fields => guidebook::fields(guide, format, output)?,
                (Some(guide), Some(format)) => guidebook::page(guide, format, output)?,
            }
            Ok(Outcome::Done)
        })
    }

    /// Prints the words of a guide, or of all.
    fn dictionary(&self, guide: Option<&Guide>) -> anyhow::Result<Outcome> {
        let guides = match guide {
            Some(guide) => vec![guide],
            None => NAMES.iter().map(|name| find(name)).collect::<Result<_, _>>()?,
        };
        self.destination.write(|output| {
            output.write_all(testing::dictionary(guides).as_bytes())?;
            Ok(Outcome::Done)
        })
    }

    /// Prints what the companion guides of a file change.
    fn companions(&self, path: &str) -> anyhow::Result<Outcome> {
        if self.format != Format::Text || self.fields {
            bail!("{path}: of a companion guide its changes are printed, as text");
        }
        let mut library = Library::new();
        let guides = library.load(path).context("not a companion guide that can be read")?;
        self.destination.write(|output| {
            for (index, guide) in guides.iter().enumerate() {
                if index > 0 {
                    writeln!(output)?;
                }
                changes(guide, &mut *output)?;
            }
            Ok(Outcome::Done)
        })
    }
}

fn known(name: &str) -> Option<Result<&'static Guide, &'static guide::GuideError>> {
    guide::by_name(name).or_else(|| guide::by_id(name))
}

fn find(name: &str) -> anyhow::Result<&'static Guide> {
    Ok(known(name).ok_or_else(|| anyhow!("no guide `{name}`, and no such file; there are {}", NAMES.join(", ")))??)
}

/// A companion guide as what it changes of the guide it extends.
fn changes(guide: &Guide, mut out: impl Write) -> io::Result<()> {
    let Some(base) = guide.base() else { return Ok(()) };
    writeln!(out, "{}  {}", guide.name, guide.title)?;
    write!(out, "extends {} ({})", base.name, base.id)?;
    if !guide.ids.is_empty() {
        write!(out, ", chosen by {}", guide.ids.join(", "))?;
    }
    writeln!(out, "\n")?;
    let mut shown: Vec<(String, String)> = Vec::new();
    for (node, position, component) in guide.narrowings() {
        let place = place(guide, node, position, component);
        let change = facts(guide, node, position, component)
            .into_iter()
            .zip(facts(base, node, position, component))
            .filter(|(new, old)| new != old)
            .map(|(new, old)| if old.is_empty() { new } else { format!("{new}  ({}: {old})", base.name) });
        let mut change = change.collect::<Vec<_>>().join("; ");
        if change.is_empty() {
            // The text is the same, but the identifier is now meant literally.
            change = format!("{} and no other identifier", facts(guide, node, position, component)[2]);
        }
        // A second line about a place adds nothing.
        if !shown.iter().any(|(known, _)| *known == place) {
            shown.push((place, change));
        }
    }
    let width = shown.iter().map(|(place, _)| place.chars().count()).max().unwrap_or(0) + 2;
    for (place, change) in shown {
        writeln!(out, "{place:<width$}{change}")?;
    }
    for limit in &guide.limits {
        writeln!(out, "limit {limit}")?;
    }
    for (rule, verdict) in &guide.overrides {
        writeln!(out, "rule {rule} {verdict}")?;
    }
    out.flush()
}

/// `2000A/2000B/2300/CLM05-1`, `loop 2000A/2000B`.
fn place(guide: &Guide, node: NodeId, position: u8, component: u8) -> String {
    let path = guide.path(node);
    if guide.loop_at(node).is_some() {
        return format!("loop {path}");
    }
    let place = match guide.segment(node).and_then(|segment| segment.element(position, component)) {
        Some(element) => element.designator(&guide.designator(node)),
        None => guide.designator(node),
    };
    if path.is_empty() { place } else { format!("{path}/{place}") }
}

/// What a guide says of a part or an element, fact by fact; empty where it says nothing.
fn facts(guide: &Guide, node: NodeId, position: u8, component: u8) -> [String; 7] {
    let word = |usage| match usage {
        Usage::Required => "required".to_owned(),
        Usage::Situational => "situational".to_owned(),
        Usage::NotUsed => "not used".to_owned(),
    };
    let times = |repeat: Repeat| format!("at most {repeat}");
    match guide.segment(node).and_then(|segment| segment.element(position, component)) {
        Some(element) => {
            let ElementUse { usage, repeat, codes, lists, max, decimals, pattern, data, .. } = element;
            [
                word(*usage),
                times(*repeat),
                if codes.is_empty() { String::new() } else { format!("= {}", codes.join(" ")) },
                if lists.is_empty() { String::new() } else { format!("list {}", lists.join(" ")) },
                format!("max {}", max.unwrap_or(data.max)),
                decimals.map(|most| format!("decimals {most}")).unwrap_or_default(),
                pattern.as_ref().map(|pattern| format!("pattern {pattern}")).unwrap_or_default(),
            ]
        }
        None => {
            let mut facts = <[String; 7]>::default();
            [facts[0], facts[1]] = [word(guide.usage(node)), times(guide.repeat(node))];
            facts
        }
    }
}
