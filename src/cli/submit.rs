//! `submit`: claims handed to a running gateway.

use std::io::{self, Read, Seek, Write};

use anstyle::{AnsiColor, Style};
use anyhow::{Context, bail};
use aws_lc_rs::digest;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tempfile::SpooledTempFile;

use super::{
    Outcome,
    client::{Access, Client, Upload},
    input::{Files, Input},
    output::{Destination, Output},
    shown::printable,
};

/// Bytes of a file that are kept in memory; larger ones go through a file without a name.
const IN_MEMORY: usize = 8 << 20;
/// Findings of a claim that are shown.
const MOST_FINDINGS: usize = 10;
/// Refused claims of a file that are shown with what was found.
const MOST_REFUSED: usize = 100;

/// Hand claims to a running gateway: queued for their payers, or refused with what to do about it
#[derive(Args, Debug)]
#[command(after_help = "\
Claims are JSON (one, an array, or one a line) or X12 (837), as they come; the gateway makes the files that go out.

Examples:
  claimwire submit claims.ndjson                        each claim goes to the partner that names its payer
  claimwire submit claims.837 --partner harbor-health
  claimwire submit claims.ndjson --check                what would be refused; nothing is handed in
  claimwire submit claims.ndjson --format json | jq -r '.files[].claims[] | select(.decision == \"refused\").line'
  claimwire submit --url https://gateway.example:8080 --key file:submit.key claims.837

The same file may be handed in again, as after a connection broke: for 24 hours it is answered as it was the first
time, and nothing is done twice. A file with the same bytes is the same file.

Exit codes: 0 all claims queued; 1 at least one refused; 2 could not hand in.")]
pub struct Submit {
    #[command(flatten)]
    files: Files,
    /// The partner that all claims are for
    #[arg(long, value_name = "NAME")]
    partner: Option<String>,
    /// Only check: say what would be refused, and hand nothing in
    #[arg(long)]
    check: bool,
    /// Take claims that seem to have been handed in before
    #[arg(long)]
    allow_duplicates: bool,
    /// The key under which the gateway does it once; by default made of the file's SHA-256
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// How to write what became of the claims
    #[arg(long, default_value = "text")]
    format: Format,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    destination: Destination,
}

/// How what became of claims is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One JSON object
    Json,
}

/// What became of a file, as the gateway says.
#[derive(Debug, Deserialize, Serialize)]
struct Submitted {
    #[serde(default)]
    file: String,
    /// Whether it was answered before, and nothing was done again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    replayed: bool,
    queued: usize,
    refused: usize,
    claims: Vec<Claim>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Box<RawValue>>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Claim {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    line: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    control_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<String>,
    decision: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate_of: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Box<RawValue>>,
}

/// A finding, as far as a person is told of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Finding {
    rule: String,
    severity: String,
    message: String,
    hint: String,
    r#loop: String,
    segment: String,
    element: Option<String>,
    expected: Option<String>,
    json_path: String,
}

impl Submit {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        if self.idempotency_key.is_some() && self.files.count() > 1 {
            bail!("--idempotency-key is for one file: each needs a key of its own");
        }
        let client = self.access.client()?;
        self.destination.write(|output| {
            let mut worst = Outcome::Done;
            let mut page = Page::begin(self.format, self.check, output)?;
            for input in self.files.open() {
                let submitted = input.and_then(|input| {
                    let name = input.name.clone();
                    self.hand_in(&client, input).with_context(|| name)
                });
                match submitted {
                    Ok(submitted) => {
                        worst = worst.max(if submitted.refused > 0 { Outcome::Refused } else { Outcome::Done });
                        page.file(&submitted)?;
                    }
                    Err(error) => {
                        // Standard error may be closed; there is nobody left to tell.
                        let _ = writeln!(io::stderr(), "claimwire: {error:#}");
                        worst = Outcome::Failed;
                    }
                }
            }
            page.end()?;
            Ok(worst)
        })
    }

    fn hand_in(&self, client: &Client, input: Input) -> anyhow::Result<Submitted> {
        let Input { name, bytes } = input;
        let Kept { bytes, length, sha256, kind } = Kept::of(bytes)?;
        let mut query = Vec::new();
        if let Some(partner) = &self.partner {
            query.push(("partner", partner.as_str()));
        }
        if self.allow_duplicates {
            query.push(("allow_duplicates", "true"));
        }
        // What is asked of a file is part of the request: with another answer in mind it is another one.
        let made = || {
            let partner = self.partner.as_deref().unwrap_or_default();
            format!("sha256-{sha256}-{partner}{}", if self.allow_duplicates { "-again" } else { "" })
        };
        let idempotency_key = self.idempotency_key.clone().unwrap_or_else(made);
        let path = if self.check { "/v1/claims/check" } else { "/v1/claims" };
        let answer = client.upload(path, &query, Upload { bytes, length, kind, idempotency_key })?;
        let submitted: Submitted =
            serde_json::from_slice(&answer.body).context("the answer is not that of a gateway")?;
        Ok(Submitted { file: name, replayed: answer.replayed, ..submitted })
    }
}

/// A file at its beginning, and what is known of it.
struct Kept {
    bytes: SpooledTempFile,
    length: u64,
    sha256: String,
    /// Its content type.
    kind: &'static str,
}

impl Kept {
    fn of(mut input: impl Read) -> anyhow::Result<Self> {
        let mut bytes = SpooledTempFile::new(IN_MEMORY);
        let mut hash = digest::Context::new(&digest::SHA256);
        let (mut length, mut kind) = (0_u64, None);
        let mut piece = vec![0; 64 << 10];
        loop {
            let read = match input.read(&mut piece) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            let Some(read) = piece.get(..read).filter(|read| !read.is_empty()) else { break };
            hash.update(read);
            bytes.write_all(read)?;
            length = length.saturating_add(read.len() as u64);
            if kind.is_none() {
                kind = content_type(read);
            }
        }
        bytes.rewind()?;
        let Some(kind) = kind else { bail!("there is nothing in it") };
        Ok(Self { bytes, length, sha256: hex::encode(hash.finish()), kind })
    }
}

/// What begins so, as HTTP calls it; nothing if these are only blanks.
fn content_type(beginning: &[u8]) -> Option<&'static str> {
    let text = beginning.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(beginning).trim_ascii_start();
    Some(match text.first()? {
        b'{' | b'[' => "application/x-ndjson",
        _ => "application/edi-x12",
    })
}

/// What is written of all files.
struct Page<'a> {
    format: Format,
    checked: bool,
    paint: Paint,
    output: &'a mut Output,
    files: usize,
}

#[derive(Clone, Copy, Default)]
struct Paint {
    bold: Style,
    bad: Style,
    warn: Style,
    dim: Style,
}

impl<'a> Page<'a> {
    fn begin(format: Format, checked: bool, output: &'a mut Output) -> io::Result<Self> {
        let paint = match output.has_colours() {
            true => Paint {
                bold: Style::new().bold(),
                bad: AnsiColor::Red.on_default().bold(),
                warn: AnsiColor::Yellow.on_default().bold(),
                dim: Style::new().dimmed(),
            },
            false => Paint::default(),
        };
        if format == Format::Json {
            output.write_all(b"{\"files\":[")?;
        }
        Ok(Self { format, checked, paint, output, files: 0 })
    }

    fn file(&mut self, submitted: &Submitted) -> anyhow::Result<()> {
        self.files += 1;
        match self.format {
            Format::Json => {
                if self.files > 1 {
                    self.output.write_all(b",")?;
                }
                serde_json::to_writer(&mut *self.output, submitted)?;
            }
            Format::Text => self.text(submitted)?,
        }
        Ok(())
    }

    fn end(self) -> io::Result<()> {
        match self.format {
            Format::Json => self.output.write_all(b"]}\n"),
            Format::Text => Ok(()),
        }
    }

    fn text(&mut self, submitted: &Submitted) -> io::Result<()> {
        let Submitted { file, replayed, queued, refused, claims, findings } = submitted;
        let Paint { bold, bad, warn, dim } = self.paint;
        for finding in findings.iter().take(MOST_FINDINGS) {
            self.finding(finding)?;
        }
        for claim in claims.iter().filter(|claim| claim.decision == "refused").take(MOST_REFUSED) {
            write!(self.output, "{bad}refused{bad:#}  {}", claim.name())?;
            match (&claim.reason, &claim.duplicate_of) {
                (Some(reason), Some(first)) => writeln!(self.output, ": {} ({})", printable(reason), printable(first))?,
                (Some(reason), None) => writeln!(self.output, ": {}", printable(reason))?,
                (None, _) => writeln!(self.output)?,
            }
            for finding in claim.findings.iter().take(MOST_FINDINGS) {
                self.finding(finding)?;
            }
            if let Some(more) = claim.findings.len().checked_sub(MOST_FINDINGS).filter(|more| *more > 0) {
                writeln!(self.output, "  and {more} more findings")?;
            }
            writeln!(self.output)?;
        }
        if let Some(more) = refused.checked_sub(MOST_REFUSED).filter(|more| *more > 0) {
            writeln!(self.output, "and {more} more claims refused; --format json has them all\n")?;
        }
        let again = |claim: &&Claim| claim.decision != "refused" && claim.duplicate_of.is_some();
        for claim in claims.iter().filter(again).take(MOST_REFUSED) {
            let first = claim.duplicate_of.as_deref().unwrap_or_default();
            writeln!(
                self.output,
                "{warn}again{warn:#}    {}: handed in before, as {}",
                claim.name(),
                printable(first)
            )?;
        }
        let taken = if self.checked { claims.len().saturating_sub(*refused) } else { *queued };
        let word = if self.checked { "acceptable" } else { "queued" };
        writeln!(self.output, "{bold}{}: {} of {} claims {word}{bold:#}", printable(file), taken, claims.len())?;
        if *replayed {
            writeln!(
                self.output,
                "{dim}this file was handed in before: that is the answer it had then, and nothing was done again{dim:#}"
            )?;
            if *refused > 0 {
                writeln!(
                    self.output,
                    "{dim}after a change on the gateway's side give --idempotency-key a new key{dim:#}"
                )?;
            }
        }
        Ok(())
    }

    /// A finding, as `validate` words it: what is wrong, where, and what to do.
    fn finding(&mut self, finding: &RawValue) -> io::Result<()> {
        let Ok(finding) = serde_json::from_str::<Finding>(finding.get()) else { return Ok(()) };
        let Paint { bold, bad, warn, dim } = self.paint;
        let shade = match finding.severity.as_str() {
            "error" => bad,
            "warning" => warn,
            _ => dim,
        };
        let (severity, rule) = (printable(&finding.severity), printable(&finding.rule));
        writeln!(self.output, "  {shade}{severity}[{rule}]{shade:#}: {bold}{}{bold:#}", printable(&finding.message))?;
        let place = finding.place();
        if !place.is_empty() {
            writeln!(self.output, "    {dim}-->{dim:#} {}", printable(&place))?;
        }
        if let Some(expected) = &finding.expected {
            writeln!(self.output, "    {dim}= expected:{dim:#} {}", printable(expected))?;
        }
        if !finding.hint.is_empty() {
            writeln!(self.output, "    {dim}= help:{dim:#} {}", printable(&finding.hint))?;
        }
        Ok(())
    }
}

impl Claim {
    /// `VISIT-100 (line 3, harbor)`
    fn name(&self) -> String {
        let number = if self.control_number.is_empty() { "a claim without a number" } else { &self.control_number };
        let partner = self.partner.as_ref().map_or_else(String::new, |partner| format!(", {partner}"));
        printable(&format!("{number} (line {}{partner})", self.line)).into_owned()
    }
}

impl Finding {
    /// `lines[0].charge, SV102 in loop 2400`
    fn place(&self) -> String {
        let mut parts = Vec::new();
        if !self.json_path.is_empty() {
            parts.push(self.json_path.clone());
        }
        let designator = self.element.as_ref().unwrap_or(&self.segment);
        if !designator.is_empty() {
            let around = if self.r#loop.is_empty() { String::new() } else { format!(" in loop {}", self.r#loop) };
            parts.push(format!("{designator}{around}"));
        }
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_known_by_its_beginning() {
        assert_eq!(content_type(b" \n[{"), Some("application/x-ndjson"));
        assert_eq!(content_type(b"\xEF\xBB\xBF{"), Some("application/x-ndjson"));
        assert_eq!(content_type(b"ISA*00"), Some("application/edi-x12"));
        assert_eq!(content_type(b"  "), None);
    }

    #[test]
    fn a_file_is_known_by_its_bytes() {
        let kept = Kept::of(&b"ISA*00"[..]).unwrap();
        let again = Kept::of(&b"ISA*00"[..]).unwrap();
        assert_eq!((kept.length, kept.sha256.len()), (6, 64));
        assert_eq!(kept.sha256, again.sha256);
        assert!(Kept::of(&b""[..]).is_err());
    }
}
