//! Claims on their own, one a line, checked by the X12 that would be made of them: lines that cannot be read
//! are findings, and what is found is told by line.

use std::io::{Read, Write, sink};

use serde::Deserialize;

use super::{Error, Options as Writing, Writer, each};
use crate::{
    check::{Claim, Finding, GroupOutcome, InterchangeOutcome, Options, Receive, TransactionOutcome, Verdict, check},
    x12,
};

/// What became of lines of claims on their way to X12.
#[derive(Debug, Default)]
pub struct Lines {
    /// The line of each claim or payment, in their order.
    claims: Vec<u64>,
    /// Lines that cannot be read, and why.
    refused: Vec<(u64, String)>,
    /// Whether anything was made of the others.
    any: bool,
}

#[derive(Deserialize)]
struct Head {
    kind: Option<String>,
}

impl Lines {
    /// Writes the X12 of the lines that can be read, and says what became of them all.
    ///
    /// # Errors
    /// Input that is no lines of JSON at all; output that fails.
    pub fn to_x12<W: Write>(input: impl Read, options: &Writing, output: W) -> Result<(Self, W), Error> {
        let (mut lines, mut writer) = (Self::default(), Writer::new(output, options.clone()));
        each(input, |number, line| {
            // A line that fails may leave a file half written, so each is tried alone first.
            let alone = Writer::new(sink(), options.clone()).push(line);
            if let Err(error) = alone.and_then(|()| writer.push(line)) {
                let problem = match error {
                    Error::Json(error) => error.to_string(),
                    Error::Io(error) => return Err(Error::Io(error)),
                    error => error.to_string(),
                };
                lines.refused.push((number, problem));
                return Ok(());
            }
            lines.any = true;
            let kind = serde_json::from_slice::<Head>(line).ok().and_then(|head| head.kind).unwrap_or_default();
            if ["professional", "institutional", "dental", "payment", "claim_status"].contains(&kind.as_str()) {
                lines.claims.push(number);
            }
            Ok(())
        })?;
        let output = writer.finish()?;
        Ok((lines, output))
    }

    /// A document of which nothing can be made, for what is said of one of its lines.
    pub fn of_refused_document(line: u64, problem: String) -> Self {
        Self { refused: vec![(line, problem)], ..Self::default() }
    }

    /// The line of the nth claim of the X12 that was made, from 0.
    pub fn of_claim(&self, claim: usize) -> Option<u64> {
        self.claims.get(claim).copied()
    }

    /// Lines that could not be read, and why, without values of the data.
    pub fn refused(&self) -> &[(u64, String)] {
        &self.refused
    }

    /// Checks the X12 that was made, and says what was found line by line.
    ///
    /// # Errors
    /// As for [`check`](crate::check::check).
    pub fn check(
        &self,
        input: impl Read,
        options: &Options,
        receive: &mut impl Receive,
    ) -> Result<Verdict, x12::Error> {
        for (line, problem) in &self.refused {
            receive.finding(&Finding::of_json(*line, problem));
        }
        if !self.any {
            return Ok(Verdict::Rejected);
        }
        let verdict = check(input, options, &mut Numbered { lines: self, claims: 0, receive })?;
        Ok(if self.refused.is_empty() { verdict } else { verdict.max(Verdict::AcceptedWithErrors) })
    }
}
/// Puts the line of a claim into what is found in it or above it.
struct Numbered<'l, R> {
    lines: &'l Lines,
    claims: usize,
    receive: &'l mut R,
}

impl<R: Receive> Receive for Numbered<'_, R> {
    fn finding(&mut self, finding: &Finding) {
        // What stands above claims is told with the first claim below.
        let at = if finding.claim.is_empty() { self.claims } else { self.claims.saturating_sub(1) };
        let mut finding = finding.clone();
        finding.place.line = self.lines.claims.get(at).or(self.lines.claims.last()).copied().unwrap_or(1);
        self.receive.finding(&finding);
    }

    fn claim(&mut self, claim: &Claim<'_>) {
        self.claims += 1;
        self.receive.claim(claim);
    }

    fn interchange_begins(&mut self, interchange: &InterchangeOutcome) {
        self.receive.interchange_begins(interchange);
    }

    fn group_begins(&mut self, group: &GroupOutcome) {
        self.receive.group_begins(group);
    }

    fn transaction_begins(&mut self, set: &TransactionOutcome) {
        self.receive.transaction_begins(set);
    }

    fn transaction(&mut self, set: &TransactionOutcome) {
        self.receive.transaction(set);
    }

    fn group(&mut self, group: &GroupOutcome) {
        self.receive.group(group);
    }

    fn interchange(&mut self, interchange: &InterchangeOutcome) {
        self.receive.interchange(interchange);
    }
}
