//! A report as JSON.

use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::{Report, causes::Cause, issue::Issue, tree::Interchange};
use crate::check::{Severity, Verdict};

pub(super) fn begin(out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"{\"files\":[")
}

pub(super) fn between(out: &mut impl Write) -> io::Result<()> {
    out.write_all(b",")
}

pub(super) fn end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"]}\n")
}

pub(super) fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let file = File {
        file: &report.file,
        verdict: report.verdict,
        error: report.error.as_deref(),
        errors: report.tally.errors,
        warnings: report.tally.warnings,
        infos: report.tally.infos,
        claims: report.tally.claims,
        rejected_claims: report.tally.rejected_claims,
        interchanges: &report.tree.interchanges,
        causes: Causes(report),
        issues: Issues(report),
        left_out: report.left_out(),
    };
    Ok(serde_json::to_writer(out, &file)?)
}

#[derive(Serialize)]
struct File<'r> {
    file: &'r str,
    verdict: Verdict,
    /// Why checking could not go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'r str>,
    errors: u64,
    warnings: u64,
    infos: u64,
    claims: u64,
    rejected_claims: u64,
    interchanges: &'r [Interchange],
    causes: Causes<'r>,
    issues: Issues<'r>,
    /// Findings that are counted with their causes and are not among the issues.
    left_out: u64,
}

struct Causes<'r>(&'r Report);

impl Serialize for Causes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.causes().map(Counted::of))
    }
}

#[derive(Serialize)]
struct Counted<'r> {
    rule: &'r str,
    snip: u8,
    severity: Severity,
    title: &'r str,
    hint: &'r str,
    findings: u64,
    claims: u64,
    #[serde(skip_serializing_if = "is_zero")]
    left_out: u64,
}

impl<'r> Counted<'r> {
    fn of(cause: &'r Cause) -> Self {
        Self {
            rule: &cause.id,
            snip: cause.rule.level,
            severity: cause.severity,
            title: &cause.title,
            hint: cause.rule.hint,
            findings: cause.findings,
            claims: cause.claims,
            left_out: cause.findings.saturating_sub(cause.kept as u64),
        }
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

struct Issues<'r>(&'r Report);

impl Serialize for Issues<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let report = self.0;
        serializer.collect_seq(report.kept.iter().map(|kept| {
            let variant = report.variant(kept);
            let cause = report.causes.cause(variant);
            Issue {
                file: &report.file,
                finding: &kept.finding,
                cause,
                variant,
                steps: &kept.steps,
                of_lines: report.of_lines,
            }
        }))
    }
}
