//! `guides`: the guides as people and programs read them.

use std::io::Write;

use anyhow::{anyhow, bail};
use claimwire::guide::{self, Guide, NAMES, Place};
use clap::{Args, ValueEnum};

use super::{Outcome, output::Destination};

/// Print the guides: what may stand where, and the JSON name of each place
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  claimwire guides                                   which there are
  claimwire guides 837P                              one, for the terminal
  claimwire guides 835 --format html -o 835.html     one, for the browser
  claimwire guides 837P --format json-schema         the JSON of its documents, for programs")]
pub struct Guides {
    /// Name or id of a guide, such as 837P or 005010X222A1
    name: Option<String>,
    /// How to print it
    #[arg(long, default_value = "text")]
    format: Format,
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
    /// The JSON Schema of its documents
    JsonSchema,
}

impl Guides {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let guide = self.name.as_deref().map(find).transpose()?;
        self.destination.write(|output| {
            match guide {
                None => list(output)?,
                Some(_) => bail!("printing a guide is not built yet"),
            }
            Ok(Outcome::Done)
        })
    }
}

fn find(name: &str) -> anyhow::Result<&'static Guide> {
    let found = guide::by_name(name).or_else(|| guide::by_id(name));
    Ok(found.ok_or_else(|| anyhow!("no guide `{name}`; there are {}", NAMES.join(", ")))??)
}

fn list(output: &mut impl Write) -> anyhow::Result<()> {
    for name in NAMES {
        let guide = find(name)?;
        let loops = guide
            .nodes()
            .filter(|&node| matches!(guide.place(node), Place::Loop(_)))
            .count()
            - 1;
        let segments = guide.nodes().count() - 1 - loops;
        writeln!(
            output,
            "{name:<6} {:<13} {} ({loops} loops, {segments} segments)",
            guide.id, guide.title
        )?;
        if !guide.also.is_empty() {
            writeln!(output, "{:<6} also {}", "", guide.also.join(", "))?;
        }
    }
    Ok(())
}
