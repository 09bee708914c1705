//! Findings as NDJSON, one a line, written as they come.

use std::io::{self, Write};

use super::{
    causes::Causes,
    issue::Issue,
    path::{Step, Steps},
};
use crate::check::{Claim, Finding, Receive, Severity, TransactionOutcome};

/// Writes each finding as a line of JSON, and keeps none.
#[derive(Debug)]
pub struct Lines<W> {
    out: W,
    file: String,
    /// Lines that may still be written.
    room: u64,
    left_out: u64,
    errors: u64,
    causes: Causes,
    steps: Steps,
    line: Vec<u8>,
    failed: Option<io::Error>,
    of_lines: bool,
}

impl<W: Write> Lines<W> {
    /// Writes the findings of a file, at most so many.
    pub fn new(file: impl Into<String>, most: u64, out: W) -> Self {
        Self {
            out,
            file: file.into(),
            room: most,
            left_out: 0,
            errors: 0,
            causes: Causes::default(),
            steps: Steps::default(),
            line: Vec::new(),
            failed: None,
            of_lines: false,
        }
    }

    /// The same for claims on their own, one a line: JSON paths begin in the line.
    pub fn of_lines(&mut self) -> &mut Self {
        self.of_lines = true;
        self
    }

    /// Whether there was any finding of severity error.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Ends the lines; how many findings were left out.
    ///
    /// # Errors
    /// Output that has failed; nothing was written from then on.
    pub fn finish(mut self) -> io::Result<u64> {
        self.take_rest();
        self.failed.map_or(Ok(self.left_out), Err)
    }

    fn take(&mut self, finding: &Finding, steps: &[Step]) {
        let Some(room) = self.room.checked_sub(1) else {
            self.left_out += 1;
            return;
        };
        self.room = room;
        if self.failed.is_none()
            && let Err(error) = self.write(finding, steps)
        {
            self.failed = Some(error);
        }
    }

    fn take_rest(&mut self) {
        for finding in self.steps.rest() {
            self.take(&finding, &[]);
        }
    }

    fn write(&mut self, finding: &Finding, steps: &[Step]) -> io::Result<()> {
        let (variant, _) = self.causes.count(finding);
        let variant = self.causes.variant(variant);
        let cause = self.causes.cause(variant);
        self.line.clear();
        serde_json::to_writer(
            &mut self.line,
            &Issue { file: &self.file, finding, cause, variant, steps, of_lines: self.of_lines },
        )?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }
}

impl<W: Write> Receive for Lines<W> {
    fn claim(&mut self, claim: &Claim<'_>) {
        for (finding, steps) in self.steps.of_claim(claim) {
            self.take(&finding, &steps);
        }
    }

    fn finding(&mut self, finding: &Finding) {
        self.errors += u64::from(finding.severity == Severity::Error);
        if let Some(steps) = self.steps.of(finding) {
            self.take(finding, &steps);
        }
    }

    fn transaction(&mut self, _: &TransactionOutcome) {
        self.take_rest();
    }
}
