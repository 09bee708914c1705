//! `guides`: the guides as people and programs read them.

use anyhow::{anyhow, bail};
use claimwire::{
    guide::{self, Guide, NAMES},
    guidebook::{self, Subject},
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
  claimwire guides 837P --format json-schema --of line      of one claim on its own (NDJSON)")]
pub struct Guides {
    /// Name or id of a guide, such as 837P or 005010X222A1
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
        let guide = self.name.as_deref().map(find).transpose()?;
        let format = match self.format {
            Format::Text => Some(guidebook::Format::Text),
            Format::Markdown => Some(guidebook::Format::Markdown),
            Format::Html => Some(guidebook::Format::Html),
            Format::Csv => Some(guidebook::Format::Csv),
            Format::JsonSchema => None,
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
}

fn find(name: &str) -> anyhow::Result<&'static Guide> {
    let found = guide::by_name(name).or_else(|| guide::by_id(name));
    Ok(found.ok_or_else(|| anyhow!("no guide `{name}`; there are {}", NAMES.join(", ")))??)
}
