//! A report as one page for a browser: for the people who send the claims. No other file, no network; it can be
//! printed, and reads the same without scripts.

use std::{
    collections::HashMap,
    io::{self, Read, Write},
};

use super::{Kept, Look, Report, counted, grouped, picture::Cut, printable, second, text::notes, verdict_words};
use crate::{
    check::{Finding, Severity, Verdict},
    guidebook::escape,
};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

pub(super) fn begin(look: Look, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>What was found</title>")?;
    writeln!(out, "<style>\n{STYLE}</style>\n</head>\n<body>\n<main>")?;
    if look.values {
        writeln!(out, "<p class=\"note\">This page shows values of the claims. Treat it as you treat the claims.</p>")?;
    }
    Ok(())
}

pub(super) fn end(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>")
}

pub(super) fn write(
    report: &Report,
    file: usize,
    again: impl Read,
    look: Look,
    out: &mut impl Write,
) -> io::Result<()> {
    let name = text(&report.file);
    let verdict = match report.verdict {
        Verdict::Accepted => "good",
        Verdict::AcceptedWithErrors => "mixed",
        Verdict::Rejected => "bad",
    };
    writeln!(
        out,
        "<section class=\"file\">\n<h1>{name} <span class=\"{verdict}\">{}</span></h1>",
        verdict_words(report.verdict)
    )?;
    writeln!(out, "<p>{}.</p>", text(&summary(report)))?;
    if let Some(error) = &report.error {
        writeln!(out, "<p class=\"note\">Checking could not go on: {}</p>", text(error))?;
    }
    if report.tally.findings() > 0 {
        causes(report, file, out)?;
        let findings = report.by_segment();
        let mut cuts = Vec::with_capacity(findings.len());
        second::each(&findings, again, look.values, |kept, sight| {
            cuts.push(sight.map(|sight| sight.cut(&kept.finding.place)));
            Ok(())
        })?;
        by_claim(report, file, findings.into_iter().zip(cuts), out)?;
    }
    if report.left_out() > 0 {
        let left_out = counted(report.left_out(), "finding");
        writeln!(out, "<p class=\"note\">{left_out} beyond the limit are counted above and not listed.</p>")?;
    }
    writeln!(out, "</section>")
}

fn summary(report: &Report) -> String {
    let summary = report.summary();
    let mut letters = summary.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The table of causes, with what to do.
fn causes(report: &Report, file: usize, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "<h2>Causes</h2>\n<table>\n<thead><tr><th>findings</th><th>claims</th><th></th><th>what is wrong</th><th>what to do</th></tr></thead>\n<tbody>"
    )?;
    for (at, cause) in report.causes().enumerate() {
        writeln!(
            out,
            "<tr><td class=\"count\">{}</td><td class=\"count\">{}</td><td class=\"{severity}\">{severity}</td><td>{}<br/><code>{}</code> <button type=\"button\" data-show=\"f{file}c{at}\">show only these</button></td><td>{}</td></tr>",
            grouped(cause.findings),
            grouped(cause.claims),
            text(&cause.title),
            text(&cause.id),
            text(cause.rule.hint),
            severity = cause.severity,
        )?;
    }
    writeln!(out, "</tbody>\n</table>")?;
    writeln!(
        out,
        "<p class=\"filter\"><button type=\"button\" data-show=\"\" hidden=\"hidden\">show everything</button></p>"
    )
}

/// A finding, and the segment it is about where there is one.
type Shown<'k> = (&'k Kept, Option<Cut>);

/// The findings, claim by claim; what is about no claim comes first.
fn by_claim<'k>(
    report: &Report,
    file: usize,
    findings: impl Iterator<Item = Shown<'k>>,
    out: &mut impl Write,
) -> io::Result<()> {
    let ranks: HashMap<(&str, Severity), usize> =
        report.causes().enumerate().map(|(at, cause)| ((cause.id.as_str(), cause.severity), at)).collect();
    let mut claims: Vec<(String, Vec<Shown<'k>>)> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (kept, cut) in findings {
        let title = subject(&kept.finding);
        let at = *known.entry(title.clone()).or_insert_with(|| {
            claims.push((title, Vec::new()));
            claims.len() - 1
        });
        if let Some((_, list)) = claims.get_mut(at) {
            list.push((kept, cut));
        }
    }
    claims.sort_by_key(|(_, list)| list.first().is_some_and(|(kept, _)| !kept.finding.claim.is_empty()));
    writeln!(out, "<h2>Findings</h2>")?;
    for (title, list) in claims {
        writeln!(out, "<section class=\"claim\">\n<h3>{}</h3>", text(&title))?;
        for (kept, cut) in list {
            let cause = report.causes.cause(report.variant(kept));
            let rank = ranks.get(&(cause.id.as_str(), cause.severity)).copied().unwrap_or_default();
            article(&kept.finding, &format!("f{file}c{rank}"), cut, out)?;
        }
        writeln!(out, "</section>")?;
    }
    Ok(())
}

/// What a finding is about, as a heading.
fn subject(finding: &Finding) -> String {
    let within = &finding.within;
    let set =
        if within.transaction.is_empty() { String::new() } else { format!("transaction set {}", within.transaction) };
    match (finding.claim.as_str(), set.as_str()) {
        ("", "") if within.interchange.is_empty() => "The file".to_owned(),
        ("", "") => format!("Interchange {}", within.interchange),
        ("", set) => format!("Outside of claims, {set} of interchange {}", within.interchange),
        (claim, set) => format!("Claim {claim}, {set} of interchange {}", within.interchange),
    }
}

fn article(finding: &Finding, cause: &str, cut: Option<Cut>, out: &mut impl Write) -> io::Result<()> {
    let severity = finding.severity;
    let message = finding.message();
    writeln!(out, "<article data-cause=\"{cause}\">")?;
    writeln!(out, "<p><b class=\"{severity}\">{severity}</b> {}</p>", text(&message))?;
    if let Some(Cut { before, at, after }) = cut {
        let (before, at, after) = (escape(&before), escape(&at), escape(&after));
        match finding.place.missing && finding.place.element == 0 {
            true => writeln!(
                out,
                "<pre><mark>{} is expected here</mark>\n{before}{at}{after}</pre>",
                text(&finding.place.segment)
            )?,
            false if at.is_empty() => writeln!(out, "<pre>{before}<mark> </mark>{after}</pre>")?,
            false => writeln!(out, "<pre>{before}<mark>{at}</mark>{after}</pre>")?,
        }
    }
    let place = &finding.place;
    let mut facts = format!("line {}", place.line);
    if place.number > 0 {
        facts.push_str(&format!(", segment {}", place.number));
    }
    if place.position > 0 {
        facts.push_str(&format!(" ({} of the set)", place.position));
    }
    if !place.loop_id().is_empty() {
        facts.push_str(&format!(", loop {}", place.loop_id()));
    }
    if !place.segment.is_empty() {
        facts.push_str(&format!(", {}", place.designator()));
    }
    writeln!(out, "<p class=\"where\">{}</p>", text(&facts))?;
    for (what, note) in notes(finding) {
        let what = if what == "help" { "What to do" } else { what };
        writeln!(out, "<p class=\"do\"><b>{what}:</b> {}</p>", text(&note))?;
    }
    writeln!(out, "</article>")
}

/// Text that stands for itself in HTML.
fn text(text: &str) -> String {
    escape(&printable(text))
}
