//! Notices about a file, on standard error.

use std::io::{self, BufWriter, Write};

use claimwire::{
    document::{Notice, Severity},
    x12::{Finding, FindingKind},
};

use super::Outcome;

/// Most notices shown of one file.
const MOST: usize = 100;

/// Shows what a person should know about a file; says whether something of it was refused.
pub fn report(name: &str, notices: &[Notice]) -> Outcome {
    // Standard error may be closed; there is nobody left to tell.
    let _ = show(name, notices, BufWriter::new(io::stderr().lock()));
    let refused = notices.iter().any(|notice| notice.severity == Severity::Error);
    if refused { Outcome::Refused } else { Outcome::Done }
}

/// What was odd about the bytes, as notices.
pub fn of_findings(findings: &[Finding]) -> Vec<Notice> {
    let severity = |kind| {
        if kind == FindingKind::MissingTerminator { Severity::Error } else { Severity::Warning }
    };
    findings
        .iter()
        .map(|finding| Notice {
            severity: severity(finding.kind),
            offset: finding.offset,
            transaction: String::new(),
            position: 0,
            message: finding.kind.message().to_owned(),
        })
        .collect()
}

fn show(name: &str, notices: &[Notice], mut out: impl Write) -> io::Result<()> {
    for notice in notices.iter().take(MOST) {
        writeln!(out, "claimwire: {name}: {notice}")?;
    }
    let rest = notices.get(MOST..).unwrap_or_default();
    if !rest.is_empty() {
        let errors = rest.iter().filter(|notice| notice.severity == Severity::Error).count();
        let warnings = rest.len() - errors;
        writeln!(out, "claimwire: {name}: and {} more ({errors} errors, {warnings} warnings)", rest.len())?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_and_then_a_count() {
        let one = Notice {
            severity: Severity::Warning,
            offset: 7,
            transaction: String::new(),
            position: 0,
            message: "odd".into(),
        };
        let mut many = vec![one.clone(); MOST + 3];
        many[MOST + 1].severity = Severity::Error;
        let mut out = Vec::new();
        show("a.x12", &many, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), MOST + 1);
        assert_eq!(text.lines().next().unwrap(), "claimwire: a.x12: warning: byte 7: odd");
        assert_eq!(text.lines().last().unwrap(), "claimwire: a.x12: and 3 more (1 errors, 2 warnings)");
        assert_eq!(report("a.x12", &[one]), Outcome::Done);
        assert_eq!(report("a.x12", &many), Outcome::Refused);
    }
}
