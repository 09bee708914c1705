//! Claims that are handed in, checked one by one: which may go out, and what is wrong with the others.

use std::{
    cell::RefCell,
    io::{self, Read, Seek, Write},
    mem,
    rc::Rc,
};

use serde_json::value::RawValue;

use crate::{
    check::{self, Claim, Finding, Options, Receive, Severity, TransactionOutcome, Verdict},
    ndjson, report, x12,
};

/// A claim that was checked.
#[derive(Debug)]
pub(super) struct Examined {
    /// Its line in what was handed in, from 1; of X12, the line of its CLM.
    pub(super) line: u64,
    /// Where its CLM begins in the X12 that was checked, in bytes from 0.
    pub(super) offset: u64,
    /// CLM01; empty for a line that cannot be read.
    pub(super) control_number: String,
    /// Position of its CLM in the transaction set, ST = 1.
    pub(super) position: u32,
    /// Number of its transaction set in the file, from 0.
    pub(super) set: usize,
    /// Whether an error stands in its way.
    pub(super) refused: bool,
    /// What was found in it and above it, as `validate --format ndjson` writes it.
    pub(super) findings: Vec<Box<RawValue>>,
}

/// What was found in a file of claims.
#[derive(Debug, Default)]
pub(super) struct Examination {
    /// The claims, in their order, and lines that cannot be read.
    pub(super) claims: Vec<Examined>,
    /// What was found outside claims. An error here refuses what it is about.
    pub(super) around: Vec<Box<RawValue>>,
}

/// Checks lines of claims; `x12` is room for what is made of them.
pub(super) fn lines(
    input: impl Read,
    writing: &ndjson::Options,
    options: &Options,
    mut x12: impl Read + Write + Seek,
) -> Result<Examination, ndjson::Error> {
    let (made, _) = ndjson::Lines::to_x12(input, writing, io::BufWriter::new(&mut x12))?;
    x12.rewind()?;
    let mut examining = Examining::new(true);
    made.check(io::BufReader::new(x12), options, &mut examining)?;
    let mut examination = examining.end();
    for (at, claim) in examination.claims.iter_mut().enumerate() {
        claim.line = made.of_claim(at).unwrap_or(claim.line);
    }
    for (line, problem) in made.refused() {
        let finding = Finding::of_json(*line, problem);
        examination.claims.push(Examined {
            line: *line,
            offset: 0,
            control_number: String::new(),
            position: 0,
            set: 0,
            refused: true,
            findings: Written::new(true).one(&finding),
        });
    }
    examination.claims.sort_by_key(|claim| claim.line);
    Ok(examination)
}

/// Checks a file of X12.
pub(super) fn file(input: impl Read, options: &Options) -> Result<Examination, x12::Error> {
    let mut examining = Examining::new(false);
    check::check(input, options, &mut examining)?;
    Ok(examining.end())
}

/// Takes what checking finds.
struct Examining {
    written: Written,
    /// For what is told once more.
    alone: Written,
    examination: Examination,
    /// Transaction sets that have ended.
    sets: usize,
    /// Whether something around claims refuses the open set, or the whole file.
    set_refused: bool,
    file_refused: bool,
    of_lines: bool,
}

impl Examining {
    fn new(of_lines: bool) -> Self {
        Self {
            written: Written::new(of_lines),
            alone: Written::new(of_lines),
            examination: Examination::default(),
            sets: 0,
            set_refused: false,
            file_refused: false,
            of_lines,
        }
    }

    fn end(self) -> Examination {
        let Self { mut examination, file_refused, .. } = self;
        for claim in &mut examination.claims {
            claim.refused |= file_refused;
        }
        examination
    }
}

impl Receive for Examining {
    fn finding(&mut self, finding: &Finding) {
        // Lines that cannot be read are told by themselves.
        if self.of_lines && finding.place.number == 0 {
            return;
        }
        let written = self.written.tell(|lines| lines.finding(finding));
        if let Some(claim) = self.examination.claims.last_mut().filter(|_| !finding.claim.is_empty()) {
            claim.findings.extend(written);
            return;
        }
        let is_error = finding.severity == Severity::Error;
        let loop_id = finding.place.loop_id();
        match (finding.place.position, loop_id) {
            (0, _) => self.file_refused |= is_error,
            // Header and trailer; billing providers, subscribers and patients refuse the claims below them only.
            (_, "") => self.set_refused |= is_error,
            (_, id) if id.starts_with("1000") => self.set_refused |= is_error,
            _ => {}
        }
        self.examination.around.extend(written);
    }

    fn claim(&mut self, claim: &Claim<'_>) {
        let begin = claim.scope.begin();
        let control_number = begin.map(|held| String::from_utf8_lossy(held.element(1)).trim().to_owned());
        // What was found above it, told with the first claim below.
        let above = self.written.tell(|lines| lines.claim(claim));
        self.examination.around.extend(above);
        self.examination.claims.push(Examined {
            line: begin.map_or(0, check::Held::line),
            offset: begin.map_or(0, check::Held::offset),
            control_number: control_number.unwrap_or_default(),
            position: begin.map_or(0, check::Held::position),
            set: self.sets,
            refused: claim.verdict == Verdict::Rejected,
            findings: claim.inherited.iter().flat_map(|finding| self.alone.one(finding)).collect(),
        });
    }

    fn transaction(&mut self, _: &TransactionOutcome) {
        if mem::take(&mut self.set_refused) {
            let of_set = self.examination.claims.iter_mut().rev().take_while(|claim| claim.set == self.sets);
            of_set.for_each(|claim| claim.refused = true);
        }
        self.sets += 1;
    }
}

/// Findings as JSON, one at a time.
struct Written {
    lines: report::Lines<Shared>,
    bytes: Rc<RefCell<Vec<u8>>>,
}

impl Written {
    fn new(of_lines: bool) -> Self {
        let bytes = Rc::new(RefCell::new(Vec::new()));
        let mut lines = report::Lines::new("", u64::MAX, Shared(Rc::clone(&bytes)));
        if of_lines {
            lines.of_lines();
        }
        Self { lines, bytes }
    }

    /// A finding by itself.
    fn one(&mut self, finding: &Finding) -> Vec<Box<RawValue>> {
        self.tell(|lines| lines.finding(finding))
    }

    /// What is written of something.
    fn tell(&mut self, what: impl FnOnce(&mut report::Lines<Shared>)) -> Vec<Box<RawValue>> {
        what(&mut self.lines);
        let text = mem::take(&mut *self.bytes.borrow_mut());
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }
}

/// Bytes that a writer and its owner both reach.
struct Shared(Rc<RefCell<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
