//! `demo`: what the program is for, shown on files that it brings along.

mod card;
#[cfg(feature = "gateway")]
mod circle;

use std::{
    io::Write,
    time::{Duration, Instant},
};

use anstyle::{AnsiColor, Style as Paint};
use claimwire::{document, ndjson, record::write::Style};
use clap::Args;

use super::{
    Outcome,
    output::{Destination, Output},
};

/// Show what this program does, with sample files that it brings along
#[derive(Args, Debug)]
#[command(after_help = "\
Everybody in the samples is invented. What it writes stands in a temporary folder that is deleted at the end,
and what it sends stays on this machine.")]
pub struct Demo {
    /// End when all has been shown, instead of staying up to be looked at
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    destination: Destination,
}

/// A file that comes with the program.
struct Sample {
    name: &'static str,
    bytes: &'static [u8],
    about: &'static str,
}

const SAMPLES: &[Sample] = &[
    Sample {
        name: "837p/two-visits.x12",
        bytes: include_bytes!("../../../samples/837p/two-visits.x12"),
        about: "A family practice bills two visits (837P). The first patient is the child of the insured.",
    },
    Sample {
        name: "837i/three-days.x12",
        bytes: include_bytes!("../../../samples/837i/three-days.x12"),
        about: "A hospital bills a stay of three days (837I).",
    },
    Sample {
        name: "837d/examination-and-filling.x12",
        bytes: include_bytes!("../../../samples/837d/examination-and-filling.x12"),
        about: "A dentist bills an examination and a filling (837D).",
    },
    Sample {
        name: "835/two-visits.x12",
        bytes: include_bytes!("../../../samples/835/two-visits.x12"),
        about: "The payer's answer to the family practice (835): what it pays, what not, and why.",
    },
];

const INTRODUCTION: &str = "\
Doctors, hospitals and payers in the United States exchange claims and payments as X12 files. A file
looks like this:
";

const THE_WAY: &str = "\
claimwire reads such files into claims that people and programs can work with, and writes claims as
files that payers take, without losing a byte. Four files are on their way through it now: each becomes
JSON, is shown as a person would want to see it, and becomes X12 again.
";

#[cfg(feature = "gateway")]
const CIRCLE: &str = "
Now the whole circle. A gateway is started, and a payer to test against, with mutual TLS between them (CAQH
CORE) under certificates made on the spot. How a member id begins chooses what the payer does with the claim.
";

const NEXT: &str = "\
Now with a file of your own:

  claimwire inspect YOUR.837                     the file as a tree, every element with its meaning
  claimwire convert YOUR.837 --pretty            the same as JSON; convert takes it back, byte for byte
  claimwire convert YOUR.835 --to csv            a table for a spreadsheet
  claimwire --help                               everything else
";

impl Demo {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let Self { once, destination } = self;
        destination.write(|output| {
            let outcome = show(output)?;
            Ok(outcome.max(go_round(*once, output)?))
        })
    }
}

/// A gateway and a test payer, and claims that go round between them.
#[cfg(feature = "gateway")]
fn go_round(once: bool, output: &mut Output) -> anyhow::Result<Outcome> {
    let paint = if output.has_colours() { Colours::some() } else { Colours::default() };
    writeln!(output, "{CIRCLE}")?;
    output.flush()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut circle = circle::Circle::start().await?;
        let well = circle.go_round(&paint, output).await?;
        if !once {
            circle.invite(output)?;
            tokio::signal::ctrl_c().await?;
        }
        circle.end().await;
        writeln!(output, "\n{NEXT}")?;
        Ok(if well { Outcome::Done } else { Outcome::Refused })
    })
}

/// Without the gateway there is nothing that could go round.
#[cfg(not(feature = "gateway"))]
fn go_round(_: bool, output: &mut Output) -> anyhow::Result<Outcome> {
    writeln!(output, "\n{NEXT}")?;
    Ok(Outcome::Done)
}

fn show(output: &mut Output) -> anyhow::Result<Outcome> {
    let paint = if output.has_colours() { Colours::some() } else { Colours::default() };
    let Colours { heading, aside, .. } = paint;
    writeln!(output, "{INTRODUCTION}")?;
    let mut segments = SAMPLES.iter().flat_map(|sample| sample.bytes.split(|byte| *byte == b'\n'));
    for line in segments.by_ref().skip_while(|segment| !segment.starts_with(b"CLM")).take(7) {
        writeln!(output, "  {aside}{}{aside:#}", String::from_utf8_lossy(line))?;
    }
    writeln!(output, "\n{THE_WAY}")?;
    let mut trips = Vec::new();
    for sample in SAMPLES {
        let trip = Trip::of(sample)?;
        writeln!(output, "{heading}{}{heading:#}  {}\n", sample.name, sample.about)?;
        for line in trip.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            card::show(line, &paint, output)?;
        }
        trips.push(trip);
    }
    table(&trips, &paint, output)?;
    let all_well = trips.iter().all(|trip| trip.bytes_are_back && trip.claims_are_back);
    Ok(if all_well { Outcome::Done } else { Outcome::Refused })
}

/// A sample's way to JSON and back, and to claims on their own and back.
struct Trip {
    name: &'static str,
    size: usize,
    json_size: usize,
    /// The claims on their own, one JSON object a line.
    lines: Vec<u8>,
    /// Whether the document gave the same bytes.
    bytes_are_back: bool,
    /// Whether a new file made of the claims gave the same claims.
    claims_are_back: bool,
    time: Duration,
}

impl Trip {
    fn of(sample: &Sample) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let mut json = Vec::new();
        document::read(sample.bytes, &mut json)?;
        let mut back = Vec::new();
        document::write(&json[..], &mut back, &Style::default())?;

        let mut lines = Vec::new();
        ndjson::read(sample.bytes, &mut lines, None)?;
        let mut writer = ndjson::Writer::new(Vec::new(), ndjson::Options::default());
        for line in lines.split(|byte| *byte == b'\n') {
            writer.push(line)?;
        }
        let mut again = Vec::new();
        ndjson::read(&writer.finish()?[..], &mut again, None)?;
        Ok(Self {
            name: sample.name,
            size: sample.bytes.len(),
            json_size: json.len(),
            bytes_are_back: back == sample.bytes,
            claims_are_back: without_source(&lines)? == without_source(&again)?,
            lines,
            time: begun.elapsed(),
        })
    }
}

/// The objects without the place in the file that they came from.
fn without_source(lines: &[u8]) -> anyhow::Result<Vec<serde_json::Value>> {
    let mut objects = Vec::new();
    for object in serde_json::Deserializer::from_slice(lines).into_iter() {
        let mut object: serde_json::Value = object?;
        if let Some(fields) = object.as_object_mut() {
            fields.remove("source");
        }
        objects.push(object);
    }
    Ok(objects)
}

fn table(trips: &[Trip], paint: &Colours, output: &mut impl Write) -> anyhow::Result<()> {
    let Colours { heading, good, bad, .. } = *paint;
    let ok = |well: bool| if well { ("OK", good) } else { ("DIFFERS", bad) };
    writeln!(
        output,
        "{heading}{:<35} {:>6} {:>8}  {:<24} {:<24} {:>8}{heading:#}",
        "file", "bytes", "as JSON", "X12 → JSON → X12", "X12 → claims → new X12", "time"
    )?;
    for trip in trips {
        let ((document, shade), (claims, other)) = (ok(trip.bytes_are_back), ok(trip.claims_are_back));
        let document = if trip.bytes_are_back { "OK, the same bytes" } else { document };
        let claims = if trip.claims_are_back { "OK, the same claims" } else { claims };
        writeln!(
            output,
            "{:<35} {:>6} {:>8}  {shade}{document:<24}{shade:#} {other}{claims:<24}{other:#} {:>5.1} ms",
            trip.name,
            trip.size,
            trip.json_size,
            trip.time.as_secs_f64() * 1000.0
        )?;
    }
    Ok(())
}

/// Colours; none by default.
#[derive(Clone, Copy, Default)]
struct Colours {
    heading: Paint,
    label: Paint,
    aside: Paint,
    good: Paint,
    bad: Paint,
}

impl Colours {
    fn some() -> Self {
        Self {
            heading: Paint::new().bold(),
            label: AnsiColor::Cyan.on_default(),
            aside: Paint::new().dimmed(),
            good: AnsiColor::Green.on_default().bold(),
            bad: AnsiColor::Red.on_default().bold(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_comes_back() {
        for sample in SAMPLES {
            let trip = Trip::of(sample).unwrap();
            assert!(trip.bytes_are_back, "{}", sample.name);
            assert!(trip.claims_are_back, "{}", sample.name);
            let (mut out, paint) = (Vec::new(), Colours::default());
            for line in trip.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                card::show(line, &paint, &mut out).unwrap();
            }
            assert!(out.len() > 200, "{}", sample.name);
        }
    }
}
