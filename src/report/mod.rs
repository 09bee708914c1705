//! What checking found, as people and programs read it.
//!
//! A [`Report`] takes what [`check`](crate::check::check) makes of one file: findings up to a limit, all of them
//! counted by their cause, and the verdicts of interchanges, groups and transaction sets. A [`Writer`] writes
//! reports, for a terminal, as JSON, as the file itself with each finding under its segment, or as a page for
//! a browser. [`Lines`] writes findings as they come, a JSON object each, and keeps none.
//!
//! Values of the data are in none of these unless [`Options::values`](crate::check::Options::values) asked for
//! them. A segment is shown as a shape: separators, and the codes that its guide lists; a dot for any other
//! character. What names a thing (control numbers, the number of a claim) is no value in this sense.
//!
//! ```
//! use claimwire::{check, report::{Format, Limit, Look, Report, Writer}};
//!
//! let file = include_bytes!("../../samples/broken/charges-differ.x12");
//! let mut report = Report::new("charges-differ.x12", Limit::default());
//! let outcome = check::check(&file[..], &check::Options::default(), &mut report);
//! report.end(outcome);
//! assert!(report.has_errors());
//! let mut writer = Writer::new(Format::Text, Look::default(), Vec::new());
//! writer.file(&report, &file[..])?;
//! let text = String::from_utf8(writer.finish()?)?;
//! assert!(text.contains("error[claim.charge.sum]"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod annotated;
mod causes;
mod html;
mod issue;
mod json;
mod lines;
mod path;
mod picture;
mod second;
mod text;
mod tree;

pub use causes::Cause;
pub use lines::Lines;

use std::{
    borrow::Cow,
    io::{self, Read, Write},
};

use crate::{
    check::{self, Finding, Receive, Severity, Verdict},
    x12,
};
use causes::{Causes, Variant};
use path::{Step, Steps};
use tree::Tree;

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a terminal, as a compiler would: causes first, then each finding with its segment.
    Text,
    /// One JSON object for all files.
    Json,
    /// The file, one segment a line, each finding under its segment.
    Annotated,
    /// One page for a browser, without a network.
    Html,
}

/// How a report looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Show segments as they stand, with what they say of people.
    pub values: bool,
    /// Colours of a terminal.
    pub colours: bool,
}

/// How many findings of a file are kept to be shown. Beyond, they are counted, and the first of each cause is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Of one file.
    pub file: usize,
    /// Of one cause.
    pub cause: usize,
}

impl Default for Limit {
    /// Ten thousand of a file.
    fn default() -> Self {
        Self { file: 10_000, cause: usize::MAX }
    }
}

/// What checking found in one file.
#[derive(Debug)]
pub struct Report {
    file: String,
    limit: Limit,
    causes: Causes,
    kept: Vec<Kept>,
    tree: Tree,
    tally: Tally,
    verdict: Verdict,
    /// Why checking could not go on.
    error: Option<String>,
    steps: Steps,
    of_lines: bool,
}

/// A finding that is kept.
#[derive(Debug)]
struct Kept {
    finding: Finding,
    /// What it has in common with others at its place.
    variant: usize,
    /// The loops around it, as far as their number is known.
    steps: Box<[Step]>,
}

/// Findings by their severity, and claims.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    errors: u64,
    warnings: u64,
    infos: u64,
    claims: u64,
    rejected_claims: u64,
}

impl Report {
    /// The report of a file that is about to be checked.
    pub fn new(file: impl Into<String>, limit: Limit) -> Self {
        Self {
            file: file.into(),
            limit,
            causes: Causes::default(),
            kept: Vec::new(),
            tree: Tree::default(),
            tally: Tally::default(),
            verdict: Verdict::Rejected,
            error: None,
            steps: Steps::default(),
            of_lines: false,
        }
    }

    /// The same for claims on their own, one a line: JSON paths begin in the line.
    pub fn of_lines(&mut self) -> &mut Self {
        self.of_lines = true;
        self
    }

    /// Takes the end of checking: the verdict, or why it could not go on.
    pub fn end(&mut self, outcome: Result<Verdict, x12::Error>) {
        match outcome {
            Ok(verdict) => self.verdict = verdict,
            Err(error) => {
                self.verdict = Verdict::Rejected;
                self.error = Some(error.to_string());
            }
        }
        self.take_rest();
        self.causes.rank();
    }

    /// What became of the file as a whole.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Whether there was any finding of severity error.
    pub fn has_errors(&self) -> bool {
        self.tally.errors > 0
    }

    /// What was found, by cause; those that matter most come first.
    pub fn causes(&self) -> impl Iterator<Item = &Cause> {
        self.causes.ranked()
    }

    /// The findings that were kept, in the order they came.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.kept.iter().map(|kept| &kept.finding)
    }

    /// How many findings were counted only.
    pub fn left_out(&self) -> u64 {
        self.tally.findings().saturating_sub(self.kept.len() as u64)
    }

    /// The findings that were kept, by the number of the segment they are about.
    fn by_segment(&self) -> Vec<&Kept> {
        let mut kept: Vec<&Kept> = self.kept.iter().collect();
        kept.sort_by_key(|kept| {
            let place = &kept.finding.place;
            (place.number, !place.missing, place.element, place.component, place.repetition)
        });
        kept
    }

    fn take(&mut self, finding: &Finding, steps: Vec<Step>) {
        self.tally.count(finding.severity);
        let (variant, cause) = self.causes.count(finding);
        let is_first = cause.kept == 0;
        if is_first || self.kept.len() < self.limit.file && cause.kept < self.limit.cause {
            cause.kept += 1;
            self.kept.push(Kept { finding: finding.clone(), variant, steps: steps.into() });
        }
    }

    fn take_rest(&mut self) {
        for finding in self.steps.rest() {
            self.take(&finding, Vec::new());
        }
    }

    fn variant(&self, kept: &Kept) -> &Variant {
        self.causes.variant(kept.variant)
    }
}

impl Receive for Report {
    fn finding(&mut self, finding: &Finding) {
        if let Some(steps) = self.steps.of(finding) {
            self.take(finding, steps);
        }
    }

    fn claim(&mut self, claim: &check::Claim<'_>) {
        for (finding, steps) in self.steps.of_claim(claim) {
            self.take(&finding, steps);
        }
        self.causes.of_claim(claim);
    }

    fn interchange_begins(&mut self, _: &check::InterchangeOutcome) {
        self.tree.interchange_begins();
    }

    fn group_begins(&mut self, _: &check::GroupOutcome) {
        self.tree.group_begins();
    }

    fn transaction(&mut self, set: &check::TransactionOutcome) {
        self.take_rest();
        self.tally.claims += set.claims;
        self.tally.rejected_claims += set.rejected_claims;
        self.tree.transaction(set);
    }

    fn group(&mut self, group: &check::GroupOutcome) {
        self.tree.group(group);
    }

    fn interchange(&mut self, interchange: &check::InterchangeOutcome) {
        self.tree.interchange(interchange);
    }
}

impl Tally {
    fn count(&mut self, severity: Severity) {
        match severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Info => self.infos += 1,
        }
    }

    fn findings(&self) -> u64 {
        self.errors + self.warnings + self.infos
    }
}

/// Writes reports.
#[derive(Debug)]
pub struct Writer<W> {
    format: Format,
    look: Look,
    out: W,
    files: usize,
}

impl<W: Write> Writer<W> {
    /// Writes to an output that should be buffered.
    pub fn new(format: Format, look: Look, out: W) -> Self {
        Self { format, look, out, files: 0 }
    }

    /// Writes the report of a file. `again` gives the bytes that were checked once more; JSON does not ask for
    /// them.
    ///
    /// # Errors
    /// Input or output that fails.
    pub fn file(&mut self, report: &Report, again: impl Read) -> io::Result<()> {
        let out = &mut self.out;
        if self.files == 0 {
            match self.format {
                Format::Json => json::begin(out)?,
                Format::Html => html::begin(self.look, out)?,
                Format::Text | Format::Annotated => {}
            }
        } else {
            match self.format {
                Format::Json => json::between(out)?,
                Format::Text | Format::Annotated => writeln!(out)?,
                Format::Html => {}
            }
        }
        self.files += 1;
        match self.format {
            Format::Text => text::write(report, again, self.look, out),
            Format::Json => json::write(report, out),
            Format::Annotated => annotated::write(report, again, self.look, out),
            Format::Html => html::write(report, self.files, again, self.look, out),
        }
    }

    /// Ends the output and gives it back.
    ///
    /// # Errors
    /// Output that fails.
    pub fn finish(mut self) -> io::Result<W> {
        let out = &mut self.out;
        match self.format {
            Format::Json if self.files == 0 => json::begin(out).and_then(|()| json::end(out))?,
            Format::Json => json::end(out)?,
            Format::Html if self.files == 0 => html::begin(self.look, out).and_then(|()| html::end(out))?,
            Format::Html => html::end(out)?,
            Format::Text | Format::Annotated => {}
        }
        out.flush()?;
        Ok(self.out)
    }
}

/// A number with a comma at each thousand.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number of things: `1 claim`, `3,000 claims`.
fn counted(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(number))
}

/// Text without what a terminal would act upon.
fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|one| if one.is_control() { char::REPLACEMENT_CHARACTER } else { one }).collect())
}

fn verdict_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "accepted",
        Verdict::AcceptedWithErrors => "accepted in part",
        Verdict::Rejected => "rejected",
    }
}

impl Report {
    /// `rejected, 3 of 12 claims; 4 errors, 1 warning`
    fn summary(&self) -> String {
        let Tally { errors, warnings, infos, claims, rejected_claims } = self.tally;
        let mut summary = verdict_words(self.verdict).to_owned();
        summary.push_str(&match (claims, rejected_claims) {
            (0, _) => String::new(),
            (claims, 0) => format!(", {}", counted(claims, "claim")),
            (claims, rejected) => format!(", {} of {} rejected", grouped(rejected), counted(claims, "claim")),
        });
        let counts = [(errors, "error"), (warnings, "warning"), (infos, "remark")];
        let counts: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, thing)| counted(*count, thing)).collect();
        summary.push_str("; ");
        summary.push_str(&if counts.is_empty() { "nothing found".to_owned() } else { counts.join(", ") });
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(counted(1, "claim"), "1 claim");
        assert_eq!(counted(2_991, "claim"), "2,991 claims");
    }

    #[test]
    fn a_limit_counts_what_it_leaves_out_and_keeps_one_of_each_cause() {
        let file = include_bytes!("../../samples/broken/several-faults.x12");
        let check = |limit| {
            let mut report = Report::new("x", limit);
            let outcome = check::check(&file[..], &check::Options::default(), &mut report);
            report.end(outcome);
            report
        };
        let all = check(Limit::default());
        let few = check(Limit { file: 0, cause: 1 });
        assert!(all.causes().count() > 1);
        assert_eq!(few.findings().count(), all.causes().count());
        assert_eq!(few.findings().count() as u64 + few.left_out(), all.findings().count() as u64);
        let counts =
            |report: &Report| report.causes().map(|cause| (cause.id.clone(), cause.findings)).collect::<Vec<_>>();
        assert_eq!(counts(&few), counts(&all));
    }
}
