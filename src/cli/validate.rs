//! `validate`: what a receiver would reject, where, and what to do about it.

use std::{
    fs::File,
    io::{self, BufReader, Cursor, Read, Seek, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use claimwire::{
    check::{self, Options},
    document, ndjson,
    report::{self, Limit, Lines, Look, Report, Writer},
};
use clap::{Args, ValueEnum};
use tempfile::SpooledTempFile;

use super::{
    Outcome,
    checking::Checking,
    convert::Source,
    detect::Kind,
    input::{Files, Input},
    output::{Destination, Output},
    partner::Partner,
};

/// Check files as a payer would: every finding in one pass, with what to do about it
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  claimwire validate claims.837                          causes first, then each finding with its segment
  claimwire validate *.837 --level 3                     syntax, guide and balancing only
  claimwire validate claims.837 --format html -o found.html      a page for whoever sends the claims
  claimwire validate claims.837 --format annotated       the file, each finding under its segment
  claimwire validate claims.837 --format json | jq '.files[].issues[] | .rule'
  claimwire validate claims.837 --format ndjson          a finding a line
  claimwire validate claims.837 --guide payer.guide      what this payer wants beyond the guide
  claimwire validate claims.ndjson                       claims on their own, before any X12 is sent
  claimwire explain claim.charge.sum                     what a rule asks

Values of the data are shown only with --show-values: a dot stands for each of their characters.
Segments found in JSON are those of the X12 that would be made of it.

Exit codes: 0 nothing but warnings; 1 at least one error; 2 a file could not be read or checked.")]
pub struct Validate {
    #[command(flatten)]
    files: Files,
    /// How to write what was found
    #[arg(long, default_value = "text")]
    format: Format,
    /// Check up to this SNIP level: 1 syntax, 2 guide, 3 balancing, 4 situations, 5 code sets, 6 kind of
    /// service, 7 partner
    #[arg(long, value_name = "1..7", default_value_t = 7, value_parser = clap::value_parser!(u8).range(1..=7),
        hide_default_value = true)]
    level: u8,
    /// Show values of the data, which say things about people
    #[arg(long)]
    show_values: bool,
    /// Most findings shown of a file; the others are counted (default: text 1000, and 3 of each cause;
    /// html 5000; json and annotated 10000; ndjson all)
    #[arg(long, value_name = "N")]
    max_findings: Option<usize>,
    #[command(flatten)]
    checking: Checking,
    #[command(flatten)]
    destination: Destination,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal, as a compiler would
    Text,
    /// One JSON object, with verdicts of interchanges, groups and transaction sets
    Json,
    /// One JSON object a finding
    Ndjson,
    /// The file, one segment a line, each finding under its segment
    Annotated,
    /// One page for a browser, without a network
    Html,
}

impl Validate {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let partner = self.checking.partner()?;
        let options = self.checking.options(&partner, self.level, self.show_values)?;
        let asked = Asked { validate: self, partner, options };
        self.destination.write(|output| match self.format {
            Format::Ndjson => asked.lines(output),
            Format::Text => asked.report(report::Format::Text, 1_000, 3, output),
            Format::Json => asked.report(report::Format::Json, 10_000, usize::MAX, output),
            Format::Annotated => asked.report(report::Format::Annotated, 10_000, usize::MAX, output),
            Format::Html => asked.report(report::Format::Html, 5_000, usize::MAX, output),
        })
    }
}

/// What was asked, with what follows from it.
struct Asked<'a> {
    validate: &'a Validate,
    partner: Partner,
    options: Options,
}

impl Asked<'_> {
    /// Findings as they come.
    fn lines(&self, output: &mut Output) -> anyhow::Result<Outcome> {
        let most = self.validate.max_findings.map_or(u64::MAX, |most| most as u64);
        let mut worst = Outcome::Done;
        for input in self.validate.files.open() {
            let (of_lines, source) = match input.and_then(|input| self.x12(input)) {
                Ok(source) => source,
                Err(error) => {
                    worst = failed(&error);
                    continue;
                }
            };
            let Source { name, bytes, .. } = source;
            let mut lines = Lines::new(&*name, most, &mut *output);
            let outcome = match of_lines {
                Some(of_lines) => of_lines.check(bytes, &self.options, lines.of_lines()),
                None => check::check(bytes, &self.options, &mut lines),
            };
            worst = worst.max(if lines.has_errors() { Outcome::Refused } else { Outcome::Done });
            let left_out = lines.finish()?;
            if left_out > 0 {
                let _ = writeln!(io::stderr(), "claimwire: {name}: {left_out} findings left out");
            }
            if let Err(error) = outcome {
                worst = failed(&anyhow::Error::new(error).context(name));
            }
        }
        Ok(worst)
    }

    /// A report of each file.
    fn report(
        &self,
        format: report::Format,
        most: usize,
        of_cause: usize,
        output: &mut Output,
    ) -> anyhow::Result<Outcome> {
        let limit = self
            .validate
            .max_findings
            .map_or(Limit { file: most, cause: of_cause }, |most| Limit { file: most, cause: usize::MAX });
        let look = Look { values: self.validate.show_values, colours: output.has_colours() };
        let reads_again = format != report::Format::Json;
        let mut writer = Writer::new(format, look, output);
        let mut worst = Outcome::Done;
        for input in self.validate.files.open() {
            let (of_lines, source) = match input.and_then(|input| self.x12(input)) {
                Ok(source) => source,
                Err(error) => {
                    worst = failed(&error);
                    continue;
                }
            };
            let mut report = Report::new(&*source.name, limit);
            let Source { name, kind, bytes } = source;
            let mut kept = Kept::of(&name, kind, reads_again);
            let input = Tee { input: bytes, kept: &mut kept };
            let outcome = match of_lines {
                Some(of_lines) => of_lines.check(input, &self.options, report.of_lines()),
                None => check::check(input, &self.options, &mut report),
            };
            worst = worst.max(if report.has_errors() { Outcome::Refused } else { Outcome::Done });
            let error = outcome.as_ref().err().map(ToString::to_string);
            report.end(outcome);
            // Where there is nothing to show, the message on standard error says it all.
            if error.is_none() || report.causes().next().is_some() || !reads_again {
                writer.file(&report, kept.again().with_context(|| name.clone())?)?;
            }
            if let Some(error) = error {
                worst = failed(&anyhow::anyhow!("{name}: {error}"));
            }
        }
        writer.finish()?;
        Ok(worst)
    }

    /// An input as X12, and what became of its lines if it has claims on their own.
    fn x12(&self, input: Input) -> anyhow::Result<(Option<ndjson::Lines>, Source)> {
        let source = Source::detect(input)?;
        if source.kind == Kind::Lines {
            let Source { name, kind, bytes } = source;
            let made = ndjson::Lines::to_x12(bytes, &self.partner.options()?, Vec::new());
            let (lines, x12) = made.with_context(|| name.clone())?;
            return Ok((Some(lines), Source { name, kind, bytes: Box::new(Cursor::new(x12)) }));
        }
        let Source { kind, name, .. } = &source;
        let (kind, name) = (*kind, name.clone());
        match source.into_x12(&self.partner) {
            Ok(x12) => Ok((None, Source { kind, ..x12 })),
            Err(error) => {
                // A value that cannot be read is found, as one in a line is; what is no JSON is not a file to check.
                let refused = match error.downcast_ref() {
                    Some(document::Error::Json(json)) if json.is_data() => (json.line() as u64, json.to_string()),
                    _ => return Err(error),
                };
                let lines = ndjson::Lines::of_refused_document(refused.0, refused.1);
                Ok((Some(lines), Source { name, kind, bytes: Box::new(io::empty()) }))
            }
        }
    }
}

/// Says why a file could not be checked; the others go on.
fn failed(error: &anyhow::Error) -> Outcome {
    let _ = writeln!(io::stderr(), "claimwire: {error:#}");
    Outcome::Failed
}

/// How an input can be read once more.
enum Kept {
    /// It is never asked for.
    Not,
    /// It is a file.
    File(PathBuf),
    /// Its bytes were kept: in memory while they are few, then in a file that has no name.
    Bytes(SpooledTempFile),
}

impl Kept {
    /// Bytes that are kept in memory.
    const IN_MEMORY: usize = 16 << 20;

    fn of(name: &str, kind: Kind, reads_again: bool) -> Self {
        let path = Path::new(name);
        match reads_again {
            false => Self::Not,
            true if kind == Kind::X12 && name != "-" && path.is_file() => Self::File(path.to_owned()),
            true => Self::Bytes(SpooledTempFile::new(Self::IN_MEMORY)),
        }
    }

    fn again(self) -> io::Result<Box<dyn Read>> {
        Ok(match self {
            Self::Not => Box::new(io::empty()),
            Self::File(path) => Box::new(File::open(path)?),
            Self::Bytes(mut bytes) => {
                bytes.rewind()?;
                Box::new(BufReader::with_capacity(128 << 10, bytes))
            }
        })
    }
}

/// Keeps what is read through it.
struct Tee<'k, R> {
    input: R,
    kept: &'k mut Kept,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        if let Kept::Bytes(kept) = self.kept {
            kept.write_all(buffer.get(..count).unwrap_or_default())?;
        }
        Ok(count)
    }
}
