//! The file, one segment a line, each finding under its segment.

use std::io::{self, Read, Write};

use super::{
    Kept, Look, Report, counted,
    second::{self, Sight},
    text::{self, Paint, headline, notes},
};

/// Columns of the segment numbers.
const WIDTH: usize = 7;

pub(super) fn write(report: &Report, again: impl Read, look: Look, out: &mut impl Write) -> io::Result<()> {
    let paint = if look.colours { Paint::colours() } else { Paint::default() };
    let findings = report.by_segment();
    let mut rest = findings.iter().copied().peekable();
    second::look(
        again,
        u64::MAX,
        |_| true,
        look.values,
        |sight| {
            // What is missing comes before the segment that stands in its place.
            while let Some(kept) = rest.next_if(|kept| is_before(kept, sight)) {
                finding(report, kept, None, &paint, out)?;
            }
            let gutter = paint.gutter;
            writeln!(out, "{gutter}{:>WIDTH$} |{gutter:#} {}", sight.number, sight.picture.text)?;
            while let Some(kept) = rest.next_if(|kept| kept.finding.place.number == sight.number) {
                finding(report, kept, Some(sight), &paint, out)?;
            }
            Ok(())
        },
    )?;
    for kept in rest {
        finding(report, kept, None, &paint, out)?;
    }
    writeln!(out)?;
    if report.left_out() > 0 {
        writeln!(out, "{} not shown; --max-findings N shows more", counted(report.left_out(), "finding"))?;
    }
    text::end(report, &paint, out)
}

fn is_before(kept: &Kept, sight: &Sight<'_>) -> bool {
    let place = &kept.finding.place;
    place.number < sight.number || place.number == sight.number && place.missing && place.element == 0
}

fn finding(
    report: &Report,
    kept: &Kept,
    sight: Option<&Sight<'_>>,
    paint: &Paint,
    out: &mut impl Write,
) -> io::Result<()> {
    let finding = &kept.finding;
    let cause = report.causes.cause(report.variant(kept));
    let (gutter, shade, bold) = (paint.gutter, paint.of(finding.severity), paint.bold);
    let mut indent = 0;
    if let Some(sight) = sight {
        // Here the segment stands in full.
        let (column, line) = sight.pointed_at(&finding.place);
        writeln!(out, "{gutter}{:WIDTH$} |{gutter:#} {:column$}{shade}{line}{shade:#}", "", "")?;
        indent = column.min(40);
    }
    write!(out, "{gutter}{:WIDTH$} |{gutter:#} {:indent$}", "", "")?;
    headline(finding, cause, paint, out)?;
    for (what, note) in notes(finding) {
        writeln!(out, "{gutter}{:WIDTH$} |{gutter:#} {:indent$}{bold}{what}{bold:#}: {note}", "", "")?;
    }
    Ok(())
}
