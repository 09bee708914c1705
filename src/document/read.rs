//! A file to its document.

use std::{
    cell::RefCell,
    collections::HashMap,
    io::{Read, Write},
    thread,
};

use super::{Crew, Envelope, Error, Event, Framing, Notice, Severity, binding, framing, interchange_guide};
use crate::{
    guide::Guide,
    place::{Keep, Tape},
    record::read::{Problem, Reader, Spelling},
    x12::{self, Delimiters, FindingKind, Token},
};

/// Reads X12 and writes its document as JSON.
///
/// # Errors
/// Bytes that are not X12, or output that fails. What is odd about a file that can be read is in the
/// notices.
pub fn read(input: impl Read, output: impl Write) -> Result<Vec<Notice>, Error> {
    read_on(1, input, output)
}

/// As [`read`], on so many threads, this one among them, as far as the file has transaction sets for them. The document
/// is the same.
///
/// # Errors
/// As those of [`read`].
pub fn read_on(threads: usize, input: impl Read, mut output: impl Write) -> Result<Vec<Notice>, Error> {
    let mut reader = x12::Reader::new(input);
    let mut envelope = Envelope::new(Keep::All);
    let mut document = Document {
        out: b"{\"interchanges\":[".to_vec(),
        apart: Vec::new(),
        framing: Framing::default(),
        gathered: Vec::new(),
        sets: HashMap::new(),
        interchanges: 0,
        number: 0,
        notices: Vec::new(),
    };
    let mut trailing = Trailing::default();
    thread::scope(|scope| {
        let mut crew = Crew::new(scope, threads, || Set::read);
        // Transaction sets are read as they end, and interchanges once theirs have been.
        let mut settle = |document: &mut Document| {
            for ended in std::mem::take(&mut document.gathered) {
                match ended {
                    Ended::Set(set) => {
                        crew.give(set);
                        std::iter::from_fn(|| crew.next()).for_each(|done| document.add(done));
                    }
                    Ended::Interchange(tape) => {
                        std::iter::from_fn(|| crew.last()).for_each(|done| document.add(done));
                        document.interchange(&tape);
                    }
                }
            }
        };
        loop {
            match reader.next()? {
                Some(Token::Segment { segment, before, offset, terminated }) => {
                    if document.number == 0 || segment.id() == b"ISA" {
                        if document.number > 0 {
                            envelope.finish(offset, &mut |event| document.receive(event));
                            settle(&mut document);
                            document.write(&mut output)?;
                        }
                        document.begin(segment.delimiters(), before);
                    } else {
                        document.number += 1;
                        document.framing.note(document.number, before);
                    }
                    document.framing.unterminated = !terminated;
                    envelope.push(&segment, offset, &mut |event| document.receive(event))?;
                    settle(&mut document);
                }
                Some(Token::Trailing { bytes, offset }) => {
                    if !trailing.has_begun {
                        envelope.finish(offset, &mut |event| document.receive(event));
                        settle(&mut document);
                        document.out.push(b']');
                        document.write(&mut output)?;
                    }
                    trailing.take(bytes, &mut output)?;
                }
                None => break,
            }
        }
        if !trailing.has_begun {
            envelope.finish(reader.offset(), &mut |event| document.receive(event));
            settle(&mut document);
            document.out.push(b']');
            document.write(&mut output)?;
        }
        trailing.finish(&document.framing, &mut output)
    })?;
    let mut notices = std::mem::take(&mut envelope.notices);
    notices.append(&mut document.notices);
    notices.extend(reader.findings().iter().map(notice));
    notices.sort_by_key(|notice| notice.offset);
    Ok(notices)
}

/// What stands after the last segment, written as it comes: there may be any amount of it.
#[derive(Default)]
struct Trailing {
    has_begun: bool,
    /// The beginning, as long as it may still be the usual line break.
    held: Vec<u8>,
    written: bool,
}

impl Trailing {
    const LINE_BREAK: usize = 64;

    fn take(&mut self, bytes: &[u8], output: &mut impl Write) -> Result<(), Error> {
        self.has_begun = true;
        self.held.extend_from_slice(bytes);
        if self.held.len() > Self::LINE_BREAK { self.write(output) } else { Ok(()) }
    }

    fn write(&mut self, output: &mut impl Write) -> Result<(), Error> {
        if !self.written {
            output.write_all(b",\"trailing\":\"")?;
        }
        self.written = true;
        let json = serde_json::to_string(&framing::text(&self.held))?;
        self.held.clear();
        let inner = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or_default();
        Ok(output.write_all(inner.as_bytes())?)
    }

    fn finish(mut self, framing: &Framing, output: &mut impl Write) -> Result<(), Error> {
        if self.written || self.held != framing::bytes(&framing.line_break) {
            self.write(output)?;
            output.write_all(b"\"")?;
        }
        Ok(output.write_all(b"}")?)
    }
}

struct Document {
    /// JSON to be written, but for transaction sets.
    out: Vec<u8>,
    /// Transaction sets, and where in `out` they stand. They are nearly all there is, and not copied.
    apart: Vec<(usize, Vec<u8>)>,
    framing: Framing,
    /// What has ended and has not been read.
    gathered: Vec<Ended>,
    /// Transaction sets of the open interchange, by the entries of their loops.
    sets: HashMap<usize, Vec<u8>>,
    /// Interchanges written.
    interchanges: u64,
    /// Segments of the open interchange so far.
    number: u64,
    notices: Vec<Notice>,
}

impl Document {
    fn begin(&mut self, delimiters: Delimiters, before: &[u8]) {
        let usual = framing::bytes(&self.framing.line_break);
        let first = self.number == 0;
        self.framing = Framing { delimiters, ..Framing::default() };
        self.number = 1;
        self.framing.note(1, before);
        if before == usual.as_slice() || first && before.is_empty() {
            self.framing.before = None;
        }
    }

    fn receive(&mut self, event: Event<'_>) {
        match event {
            Event::Closed { .. } => {}
            Event::Set { guide, tape, entry, header } => {
                let transaction = header.transaction.clone();
                self.gathered.push(Ended::Set(Set { guide, tape, entry, transaction }));
            }
            Event::Plain { segments, entry, header, .. } => {
                let mut json = b"{\"type\":".to_vec();
                crate::record::quote(header.set.as_bytes(), &mut json);
                json.extend_from_slice(b",\"segments\":[");
                let mut latin1 = Vec::new();
                for (at, (segment, _)) in segments.iter().enumerate() {
                    if at > 0 {
                        json.push(b',');
                    }
                    crate::record::quote(segment, &mut json);
                    if std::str::from_utf8(segment).is_err() {
                        latin1.push(at);
                    }
                }
                json.push(b']');
                if !latin1.is_empty() {
                    json.extend_from_slice(format!(",\"latin1\":{latin1:?}").as_bytes());
                }
                json.push(b'}');
                self.sets.insert(entry, json);
            }
            Event::Interchange { tape } => self.gathered.push(Ended::Interchange(tape)),
        }
    }

    /// Adds a transaction set that has been read.
    fn add(&mut self, done: SetRead) {
        self.sets.insert(done.entry, done.json);
        self.notices.extend(done.notices);
    }

    fn interchange(&mut self, tape: &Tape) {
        if self.interchanges > 0 {
            self.out.push(b',');
        }
        self.interchanges += 1;
        let start = self.out.len();
        if serde_json::to_writer(&mut self.out, &self.framing).is_err() {
            self.out.truncate(start);
        }
        self.out.pop();
        let sets = RefCell::new(std::mem::take(&mut self.sets));
        let apart = RefCell::new(std::mem::take(&mut self.apart));
        if let Ok(guide) = interchange_guide()
            && let Some(binding) = binding(guide)
        {
            let write = |entry: usize, out: &mut Vec<u8>| match sets.borrow_mut().remove(&entry) {
                Some(set) => apart.borrow_mut().push((out.len(), set)),
                None => out.extend_from_slice(b"{}"),
            };
            let mut reader = Reader::of_envelope(tape, &write);
            reader.fields_of(binding, 0, &mut self.out);
            let problems = reader.into_problems();
            self.notices.extend(told(guide, "", &problems));
        }
        self.out.push(b'}');
        self.apart = apart.into_inner();
    }

    /// Writes what there is.
    fn write(&mut self, output: &mut impl Write) -> Result<(), Error> {
        let mut rest = self.out.as_slice();
        let mut written = 0;
        for (at, set) in self.apart.drain(..) {
            let (before, after) = rest.split_at_checked(at - written).unwrap_or_default();
            output.write_all(before)?;
            output.write_all(&set)?;
            (rest, written) = (after, at);
        }
        output.write_all(rest)?;
        self.out.clear();
        Ok(())
    }
}

/// What has ended in a file.
enum Ended {
    Set(Set),
    Interchange(Tape),
}

/// A transaction set of a guide.
struct Set {
    guide: &'static Guide,
    tape: Tape,
    entry: usize,
    /// ST02.
    transaction: String,
}

/// What was read of a transaction set.
struct SetRead {
    entry: usize,
    json: Vec<u8>,
    notices: Vec<Notice>,
}

impl Set {
    fn read(self) -> SetRead {
        let Self { guide, tape, entry, transaction } = self;
        let mut json = format!("{{\"type\":\"{}\"", guide.name).into_bytes();
        let mut notices = Vec::new();
        if let Some(binding) = binding(guide) {
            let mut reader = Reader::new(&tape, Spelling::Whole);
            reader.fields_of(binding, 0, &mut json);
            notices.extend(told(guide, &transaction, reader.problems()));
        }
        json.push(b'}');
        SetRead { entry, json, notices }
    }
}

/// What could not be read, in the words of a notice.
fn told(guide: &Guide, transaction: &str, problems: &[Problem]) -> impl Iterator<Item = Notice> {
    problems.iter().map(move |problem| Notice {
        severity: Severity::Error,
        offset: problem.offset,
        transaction: transaction.to_owned(),
        position: if transaction.is_empty() { 0 } else { problem.position },
        message: format!("{}; the segment was kept as it stands", problem.describe(guide)),
    })
}

pub(crate) fn notice(finding: &x12::Finding) -> Notice {
    let severity = if finding.kind == FindingKind::MissingTerminator { Severity::Error } else { Severity::Warning };
    Notice {
        severity,
        offset: finding.offset,
        transaction: String::new(),
        position: 0,
        message: finding.kind.message().to_owned(),
    }
}
