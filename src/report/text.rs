//! A report for a terminal, as a compiler would write it: first the causes, then findings with their segments.

use std::{
    collections::HashMap,
    io::{self, Read, Write},
};

use anstyle::{AnsiColor, Style};

use super::{Kept, Look, Report, causes::Cause, counted, grouped, picture::Cut, printable, second};
use crate::check::{Finding, Severity};

/// Most causes in the table.
const CAUSES: usize = 50;

pub(super) fn write(report: &Report, again: impl Read, look: Look, out: &mut impl Write) -> io::Result<()> {
    let paint = if look.colours { Paint::colours() } else { Paint::default() };
    let findings = report.by_segment();
    if report.tally.findings() > 1 {
        table(report, &paint, out)?;
    }
    let mut pages = Pages { report, paint, shown: HashMap::new(), out };
    second::each(&findings, again, look.values, |kept, sight| {
        pages.finding(kept, sight.map(|sight| sight.cut(&kept.finding.place)))
    })?;
    if report.left_out() > 0 {
        let left_out = counted(report.left_out(), "finding");
        writeln!(out, "{left_out} not shown; --max-findings N shows more\n")?;
    }
    end(report, &paint, out)
}

/// The last line: what became of the file.
pub(super) fn end(report: &Report, paint: &Paint, out: &mut impl Write) -> io::Result<()> {
    let bold = paint.bold;
    if let Some(error) = &report.error {
        let red = paint.of(Severity::Error);
        writeln!(out, "{red}checking could not go on{red:#}: {}\n", printable(error))?;
    }
    writeln!(out, "{bold}{}: {}{bold:#}", printable(&report.file), report.summary())
}

/// The causes, those that matter most first.
fn table(report: &Report, paint: &Paint, out: &mut impl Write) -> io::Result<()> {
    let (dim, bold) = (paint.dim, paint.bold);
    let number = report.causes.ranked().len();
    let width = |count: fn(&Cause) -> u64, least: usize| {
        report.causes().map(|cause| grouped(count(cause)).len()).max().unwrap_or(0).max(least)
    };
    let (findings, claims) = (width(|cause| cause.findings, 8), width(|cause| cause.claims, 6));
    writeln!(out, "{bold}{}: {}{bold:#}", printable(&report.file), counted(number as u64, "cause"))?;
    writeln!(out, "{dim}{:>findings$}  {:>claims$}{dim:#}", "findings", "claims")?;
    for cause in report.causes().take(CAUSES) {
        let (shade, severity) = (paint.of(cause.severity), cause.severity.to_string());
        writeln!(
            out,
            "{:>findings$}  {:>claims$}  {shade}{severity:<7}{shade:#}  {} {dim}[{}]{dim:#}",
            grouped(cause.findings),
            if cause.claims > 0 { grouped(cause.claims) } else { String::new() },
            printable(&cause.title),
            printable(&cause.id),
        )?;
    }
    if number > CAUSES {
        let rest: u64 = report.causes().skip(CAUSES).map(|cause| cause.findings).sum();
        writeln!(
            out,
            "{:>findings$}  {:>claims$}  of {}",
            grouped(rest),
            "",
            counted((number - CAUSES) as u64, "more cause")
        )?;
    }
    writeln!(out)
}

struct Pages<'r, W> {
    report: &'r Report,
    paint: Paint,
    /// How many of each cause have been shown.
    shown: HashMap<usize, usize>,
    out: &'r mut W,
}

impl<W: Write> Pages<'_, W> {
    fn finding(&mut self, kept: &Kept, cut: Option<Cut>) -> io::Result<()> {
        let finding = &kept.finding;
        let variant = self.report.variant(kept);
        let cause = self.report.causes.cause(variant);
        let Paint { gutter, bold, .. } = self.paint;
        let shade = self.paint.of(finding.severity);
        let out = &mut *self.out;
        headline(finding, cause, &self.paint, out)?;
        let number = finding.place.number.to_string();
        let width = number.len().max(2);
        writeln!(out, "{gutter}{:width$}-->{gutter:#} {}", "", place(self.report, finding))?;
        if let Some(cut) = cut {
            let Cut { before, at, after } = &cut;
            writeln!(out, "{gutter}{:width$} |{gutter:#}", "")?;
            writeln!(out, "{gutter}{number:>width$} |{gutter:#} {before}{at}{after}")?;
            let (column, line, label) = pointer(finding, &cut);
            writeln!(out, "{gutter}{:width$} |{gutter:#} {:column$}{shade}{line}{shade:#}{label}", "", "")?;
        }
        for (what, note) in notes(finding) {
            writeln!(out, "{gutter}{:width$} ={gutter:#} {bold}{what}{bold:#}: {note}", "")?;
        }
        let shown = self.shown.entry(variant.cause).or_default();
        *shown += 1;
        let more = cause.findings.saturating_sub(cause.kept as u64);
        if *shown == cause.kept && more > 0 {
            let claims = match cause.claims {
                0 => String::new(),
                claims => format!("; {} in all", counted(claims, "claim")),
            };
            writeln!(out, "{gutter}{:width$} ={gutter:#} and {} more like it{claims}", "", grouped(more))?;
        }
        writeln!(out)
    }
}

/// `error[837p.2010aa.n403.length]: …`
pub(super) fn headline(finding: &Finding, cause: &Cause, paint: &Paint, out: &mut impl Write) -> io::Result<()> {
    let (shade, bold) = (paint.of(finding.severity), paint.bold);
    let message = finding.message();
    let (severity, id) = (finding.severity, printable(&cause.id));
    writeln!(out, "{shade}{severity}[{id}]{shade:#}{bold}: {}{bold:#}", printable(&message))
}

/// Where it is: file and line, segment, loop, element, claim.
fn place(report: &Report, finding: &Finding) -> String {
    let place = &finding.place;
    let mut text = format!("{}:{}", report.file, place.line);
    // What JSON says wrong is in no segment.
    if place.number > 0 {
        text.push_str(&format!(", segment {}", place.number));
    }
    if place.position > 0 {
        text.push_str(&format!(" ({} of set {})", place.position, finding.within.transaction));
    }
    text.push_str(&spot(finding));
    printable(&text).into_owned()
}

/// `, loop 2010AA, N403, claim 26463774`
pub(super) fn spot(finding: &Finding) -> String {
    let place = &finding.place;
    let mut text = String::new();
    if !place.loop_id().is_empty() {
        text.push_str(&format!(", loop {}", place.loop_id()));
    }
    if !place.segment.is_empty() {
        text.push_str(&format!(", {}", place.designator()));
    }
    if place.repetition > 0 {
        text.push_str(&format!(" (repetition {})", place.repetition));
    }
    if !finding.claim.is_empty() {
        text.push_str(&format!(", claim {}", finding.claim));
    }
    text
}

/// What stands under a segment: how far in, the line drawn, and what it says.
pub(super) fn pointer(finding: &Finding, cut: &Cut) -> (usize, String, String) {
    let place = &finding.place;
    if place.missing && place.element == 0 {
        return (0, "^".to_owned(), format!(" {} is expected before this", printable(&place.segment)));
    }
    let named = !finding.rule.by_place && place.element > 0 && !place.name().is_empty();
    let label = if named { format!(" {}", place.name()) } else { String::new() };
    (cut.column(), "^".repeat(cut.width()), label)
}

/// What else there is to say.
pub(super) fn notes(finding: &Finding) -> impl Iterator<Item = (&'static str, String)> {
    let because = finding.trigger.as_ref().map(|trigger| {
        let around = if trigger.loop_id.is_empty() { String::new() } else { format!(" in loop {}", trigger.loop_id) };
        ("because of", format!("{}{around}, segment {} of the set", trigger.designator(), trigger.position))
    });
    let expected = finding.expected.as_ref().map(|expected| ("expected", printable(expected).into_owned()));
    let help = Some(finding.hint()).filter(|hint| !hint.is_empty()).map(|hint| ("help", hint.to_owned()));
    let codes = codes(finding).map(|codes| ("codes", codes));
    because.into_iter().chain(expected).chain(codes).chain(help)
}

/// The codes that a place takes, where a finding is about another one and they are few.
fn codes(finding: &Finding) -> Option<String> {
    const MOST: usize = 24;
    let place = &finding.place;
    if !finding.rule.by_place || finding.rule.id != "code" {
        return None;
    }
    let element = place.guide?.segment(place.node?)?.element(place.element, place.component)?;
    (1..=MOST).contains(&element.codes.len()).then(|| element.codes.join(" "))
}

/// Colours; none by default.
#[derive(Clone, Copy, Default)]
pub(super) struct Paint {
    pub(super) bold: Style,
    pub(super) dim: Style,
    pub(super) gutter: Style,
    error: Style,
    warning: Style,
    info: Style,
}

impl Paint {
    pub(super) fn colours() -> Self {
        Self {
            bold: Style::new().bold(),
            dim: Style::new().dimmed(),
            gutter: AnsiColor::Blue.on_default().bold(),
            error: AnsiColor::Red.on_default().bold(),
            warning: AnsiColor::Yellow.on_default().bold(),
            info: AnsiColor::Cyan.on_default().bold(),
        }
    }

    pub(super) fn of(&self, severity: Severity) -> Style {
        match severity {
            Severity::Error => self.error,
            Severity::Warning => self.warning,
            Severity::Info => self.info,
        }
    }
}
