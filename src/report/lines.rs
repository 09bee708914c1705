//! Findings as NDJSON, one a line, written as they come.

use std::io::{self, Write};

use super::{causes::Causes, issue::Issue, path::Steps};
use crate::check::{Claim, Finding, Receive, Severity};

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
        }
    }

    /// Whether there was any finding of severity error.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many findings were left out.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Ends the lines.
    ///
    /// # Errors
    /// Output that has failed; nothing was written from then on.
    pub fn finish(self) -> io::Result<()> {
        self.failed.map_or(Ok(()), Err)
    }

    fn write(&mut self, finding: &Finding) -> io::Result<()> {
        let steps = self.steps.next(finding);
        let (variant, _) = self.causes.count(finding);
        let variant = self.causes.variant(variant);
        let cause = self.causes.cause(variant);
        self.line.clear();
        serde_json::to_writer(&mut self.line, &Issue { file: &self.file, finding, cause, variant, steps: &steps })?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }
}

impl<W: Write> Receive for Lines<W> {
    fn claim(&mut self, claim: &Claim<'_>) {
        if self.room > 0 {
            self.steps.of_claim(claim);
        }
    }

    fn finding(&mut self, finding: &Finding) {
        self.errors += u64::from(finding.severity == Severity::Error);
        let Some(room) = self.room.checked_sub(1) else {
            self.left_out += 1;
            return;
        };
        self.room = room;
        if self.failed.is_none()
            && let Err(error) = self.write(finding)
        {
            self.failed = Some(error);
        }
    }
}
