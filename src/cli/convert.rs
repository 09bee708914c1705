//! `convert`: X12 to JSON, lines, tables and plain segments, and back.

use std::io::{self, Cursor, Read, Write};

use anyhow::{Context, anyhow, bail};
use claimwire::{document, ndjson, segments, x12};
use clap::{Args, ValueEnum};

use super::{
    Outcome,
    csv::{Table, Tables},
    detect::{Kind, detect},
    input::{Files, Input},
    notices,
    output::{Destination, Output},
    partner::{LineBreak, Partner, Writing},
    pretty::Pretty,
};

/// Convert X12 to JSON, NDJSON, CSV or segments, and JSON or NDJSON to X12
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, after_long_help = long_help())]
pub struct Convert {
    #[command(flatten)]
    files: Files,
    /// What to make (default: json of X12, x12 of JSON)
    #[arg(long, value_name = "FORMAT")]
    to: Option<Target>,
    /// Spread JSON over lines, for people
    #[arg(long)]
    pretty: bool,
    /// Which rows a CSV has
    #[arg(long, value_name = "ROWS", default_value = "lines")]
    table: Table,
    #[command(flatten)]
    destination: Destination,
    #[command(flatten)]
    writing: Writing,
}

const EXAMPLES: &str = "\
Examples:
  claimwire convert claims.837 --pretty             one JSON document, everything in it
  claimwire convert claims.json -o claims.837       the same bytes again
  claimwire convert *.835 --to ndjson -o paid.ndjson
  claimwire convert claims.ndjson --partner payer.toml -o out.837
  claimwire convert era.835 --to csv --table adjustments
  claimwire convert unwrapped.x12 --to x12 --line-break lf   one segment a line";

fn long_help() -> String {
    format!("{EXAMPLES}\n\n{}", super::csv::columns_help())
}

/// What is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// One document, from which the same bytes can be made again
    Json,
    /// One self-contained claim, payment, adjustment, acknowledgment or status a line
    Ndjson,
    /// X12
    X12,
    /// A flat table, see --table
    Csv,
    /// The plain segments of anything that tokenises, from which the same bytes can be made again
    Segments,
}

impl Convert {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let partner = self.writing.partner()?;
        self.destination.write(|output| self.convert(&partner, output))
    }

    fn convert(&self, partner: &Partner, output: &mut Output) -> anyhow::Result<Outcome> {
        let mut sources = self.files.open().map(|input| Source::detect(input?));
        let Some(first) = sources.next().transpose()? else {
            return Ok(Outcome::Done);
        };
        let from = first.kind;
        let to = self.to.unwrap_or(if from == Kind::X12 { Target::Json } else { Target::X12 });
        if self.pretty && matches!(to, Target::X12 | Target::Csv) {
            bail!("--pretty is for JSON");
        }
        if self.files.count() > 1 && matches!(to, Target::Json | Target::Segments) {
            bail!("a document is one file; give one FILE at a time, or convert to ndjson, csv or x12");
        }
        let mut sources = std::iter::once(Ok(first)).chain(sources).map(move |source| match source {
            Ok(source) if source.kind != from => {
                Err(anyhow!("{}: is another kind of input than the first file", source.name))
            }
            source => source,
        });
        match (from, to) {
            (Kind::Lines, Target::X12) => lines_to_x12(sources, partner, output),
            (Kind::Lines, Target::Csv) => {
                let mut tables = Tables::new(self.table, output)?;
                sources.try_for_each(|source| {
                    let Source { name, bytes, .. } = source?;
                    each_line(bytes, |_, line| tables.push(line)).context(name)
                })?;
                tables.finish()
            }
            (Kind::X12, Target::X12) => match partner.line_break {
                Some(line_break) => each(&mut sources, |source| rebreak(source, line_break, output)),
                None => bail!("this is X12 already; --line-break says how its lines should be broken"),
            },
            (_, Target::X12) => each(&mut sources, |source| to_x12(source, partner, output)),
            (_, Target::Csv) => {
                let mut tables = Tables::new(self.table, output)?;
                let outcome = each(&mut sources, |source| x12_to_csv(source.into_x12(partner)?, &mut tables))?;
                Ok(outcome.max(tables.finish()?))
            }
            // Segments know how to spread themselves, one a line.
            (_, Target::Segments) => {
                each(&mut sources, |source| x12_to_segments(source.into_x12(partner)?, self.pretty, output))
            }
            (_, to) => {
                let mut out: Box<dyn Write + '_> =
                    if self.pretty { Box::new(Pretty::new(output)) } else { Box::new(output) };
                each(&mut sources, |source| x12_to_json(source.into_x12(partner)?, to, &mut out))
            }
        }
    }
}

/// An input whose kind is known.
pub struct Source {
    pub name: String,
    pub kind: Kind,
    pub bytes: Box<dyn Read>,
}

impl Source {
    pub fn detect(input: Input) -> anyhow::Result<Self> {
        let Input { name, bytes } = input;
        let (kind, bytes) = detect(bytes).with_context(|| name.clone())?;
        if kind == Kind::Empty {
            bail!("{name}: there is nothing in it");
        }
        Ok(Self { name, kind, bytes: Box::new(bytes) })
    }

    /// The same as X12, made in memory if it is JSON.
    pub fn into_x12(self, partner: &Partner) -> anyhow::Result<Self> {
        if self.kind == Kind::X12 {
            return Ok(self);
        }
        let mut x12 = Vec::new();
        let name = self.name.clone();
        if self.kind == Kind::Lines {
            lines_to_x12(std::iter::once(Ok(self)), partner, &mut x12)?;
        } else {
            to_x12(self, partner, &mut x12)?;
        }
        Ok(Self { name, kind: Kind::X12, bytes: Box::new(Cursor::new(x12)) })
    }
}

/// Converts one source after the other; the worst outcome counts.
fn each(
    sources: &mut impl Iterator<Item = anyhow::Result<Source>>,
    mut convert: impl FnMut(Source) -> anyhow::Result<Outcome>,
) -> anyhow::Result<Outcome> {
    sources.try_fold(Outcome::Done, |worst, source| Ok(worst.max(convert(source?)?)))
}

/// As many threads as the machine has processors.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn x12_to_json(source: Source, to: Target, output: &mut dyn Write) -> anyhow::Result<Outcome> {
    let Source { name, bytes, .. } = source;
    let notices = if to == Target::Ndjson {
        ndjson::read_on(threads(), bytes, output, Some(&name)).with_context(|| name.clone())?.notices
    } else {
        let notices = document::read_on(threads(), bytes, &mut *output).with_context(|| name.clone())?;
        output.write_all(b"\n")?;
        notices
    };
    Ok(notices::report(&name, &notices))
}

fn x12_to_segments(source: Source, pretty: bool, output: &mut dyn Write) -> anyhow::Result<Outcome> {
    let Source { name, bytes, .. } = source;
    let findings = segments::to_json(bytes, &mut *output, pretty).with_context(|| name.clone())?;
    output.write_all(b"\n")?;
    Ok(notices::report(&name, &notices::of_findings(&findings)))
}

fn x12_to_csv<W: Write>(source: Source, tables: &mut Tables<W>) -> anyhow::Result<Outcome> {
    let Source { name, bytes, .. } = source;
    let mut failed = None;
    let lines = Lines {
        rest: Vec::new(),
        take: |line: &[u8]| tables.push(line).map_err(|error| failed.insert(error).to_string()),
    };
    let summary = ndjson::read_on(threads(), bytes, lines, Some(&name));
    if let Some(error) = failed {
        return Err(error.context(name));
    }
    Ok(notices::report(&name, &summary.with_context(|| name.clone())?.notices))
}

/// JSON documents and plain segments to X12.
fn to_x12(source: Source, partner: &Partner, output: &mut dyn Write) -> anyhow::Result<Outcome> {
    let Source { name, kind, bytes } = source;
    match kind {
        Kind::Segments => segments::from_json(bytes, output).context(name)?,
        _ => document::write_on(threads(), bytes, output, &partner.style()?).context(name)?,
    }
    Ok(Outcome::Done)
}

fn lines_to_x12(
    sources: impl Iterator<Item = anyhow::Result<Source>>,
    partner: &Partner,
    output: &mut dyn Write,
) -> anyhow::Result<Outcome> {
    let mut writer = ndjson::Writer::new(output, partner.options()?);
    for source in sources {
        let Source { name, bytes, .. } = source?;
        each_line(bytes, |_, line| Ok(writer.push(line)?)).context(name)?;
    }
    writer.finish()?;
    Ok(Outcome::Done)
}

/// Writes X12 with other line breaks; nothing else changes.
fn rebreak(source: Source, line_break: LineBreak, output: &mut dyn Write) -> anyhow::Result<Outcome> {
    let Source { name, bytes, .. } = source;
    let mut reader = x12::Reader::new(bytes);
    loop {
        match reader.next().with_context(|| name.clone())? {
            Some(x12::Token::Segment { segment, .. }) => {
                let terminator = segment.delimiters().segment;
                output.write_all(segment.bytes())?;
                output.write_all(&[terminator])?;
                // A terminator that is a line break breaks the line already.
                if !matches!(terminator, b'\r' | b'\n') {
                    output.write_all(line_break.bytes())?;
                }
            }
            Some(x12::Token::Trailing { .. }) => {}
            None => return Ok(notices::report(&name, &notices::of_findings(reader.findings()))),
        }
    }
}

/// Hands out the JSON objects of an input, each with its number.
fn each_line(input: impl Read, mut take: impl FnMut(u64, &[u8]) -> anyhow::Result<()>) -> anyhow::Result<()> {
    ndjson::each(input, |number, line| take(number, line).with_context(|| format!("line {number}")))
}

/// Takes what is written line by line.
struct Lines<F> {
    rest: Vec<u8>,
    take: F,
}

impl<F: FnMut(&[u8]) -> Result<(), String>> Write for Lines<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.rest.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                (self.take)(&self.rest).map_err(io::Error::other)?;
                self.rest.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
