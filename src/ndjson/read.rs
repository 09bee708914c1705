//! A file to lines.

use std::io::{Read, Write};

use serde_json::value::RawValue;

use super::{
    Error, Notice, Severity,
    form::{Bound, Form},
};
use crate::{
    claims::{InterchangeEnvelope, Remittance},
    document::{Envelope, Event, Header, interchange_guide, notice},
    guide::Guide,
    place::{Keep, Tape},
    record::{
        Binding, Record,
        read::{Buffers, Reader, Spelling},
    },
    x12::{self, Token},
};

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lines written.
    pub lines: u64,
    /// Claims, payments and so on that could not be read, and were left out.
    pub refused: u64,
    /// What a person should know.
    pub notices: Vec<Notice>,
}

/// Reads X12 and writes a line for each claim, payment, provider adjustment, claim status and
/// acknowledgment. A claim with a value that cannot be read is left out, with a notice.
///
/// `name` is the file's name, for the `source` of each line.
///
/// # Errors
/// Bytes that are not X12, or output that fails.
pub fn read(input: impl Read, output: impl Write, name: Option<&str>) -> Result<Summary, Error> {
    let mut reader = x12::Reader::new(input);
    let mut envelope = Envelope::new(keep);
    let mut lines = Lines {
        output,
        file: name.map(|name| member("file", name)),
        out: Vec::with_capacity(FLUSH * 2),
        cache: Vec::new(),
        units: 0,
        summary: Summary::default(),
        failed: None,
        buffers: Buffers::default(),
    };
    loop {
        match reader.next()? {
            Some(Token::Segment { segment, offset, .. }) => {
                envelope.push(&segment, offset, &mut |event| lines.receive(event))?
            }
            Some(Token::Trailing { .. }) => {}
            None => break,
        }
        if lines.out.len() >= FLUSH {
            lines.flush()?;
        }
    }
    envelope.finish(reader.offset(), &mut |event| lines.receive(event));
    lines.flush()?;
    lines.output.flush()?;
    let mut summary = lines.summary;
    summary.notices.append(&mut envelope.notices);
    summary.notices.extend(reader.findings().iter().map(notice));
    summary.notices.sort_by_key(|notice| notice.offset);
    Ok(summary)
}

/// How many bytes of lines are gathered before they are written.
const FLUSH: usize = 64 << 10;

fn keep(guide: &Guide) -> Keep {
    Form::of_guide(guide).map_or(Keep::All, |bound| Keep::AllBut(bound.form.forget))
}

struct Lines<W> {
    output: W,
    /// `"file":"name"`
    file: Option<Vec<u8>>,
    out: Vec<u8>,
    /// What was read of each level, outermost first.
    cache: Vec<Cached>,
    /// Units of the open transaction set.
    units: u64,
    summary: Summary,
    failed: Option<std::io::Error>,
    buffers: Buffers,
}

/// A level as it was read last.
struct Cached {
    /// Which one: entry and offset of its loop.
    key: (usize, u64),
    /// `,"name":{…}`
    json: Vec<u8>,
    readable: bool,
}

impl<W: Write> Lines<W> {
    fn flush(&mut self) -> Result<(), Error> {
        if let Some(error) = self.failed.take() {
            return Err(error.into());
        }
        self.output.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    fn receive(&mut self, event: Event<'_>) {
        match event {
            Event::Closed { guide, tape, entry, header, astray } => {
                let Some(bound) = Form::of_guide(guide) else { return };
                let Some(unit) = tape.entry(entry).and_then(|entry| bound.unit(entry.node)) else { return };
                let mut around = entry;
                let mut is_astray = false;
                while around != 0 {
                    around = tape.around(around);
                    is_astray |=
                        !astray.is_empty() && tape.entry(around).is_some_and(|level| astray.contains(&level.offset));
                }
                if is_astray {
                    self.refuse(tape, entry, header, "the claim is left out, since HL02 does not say whose it is");
                } else {
                    self.unit(bound, unit, tape, entry, header);
                }
                self.units += 1;
                if self.out.len() >= FLUSH
                    && let Err(Error::Io(error)) = self.flush()
                {
                    self.failed = Some(error);
                    self.out.clear();
                }
            }
            Event::Set { guide, tape, header, .. } => {
                if let Some(bound) = Form::of_guide(guide) {
                    self.end_of_set(bound, tape, header);
                }
                self.cache.clear();
                self.units = 0;
            }
            Event::Plain { segments, header, .. } => self.summary.notices.push(Notice {
                severity: Severity::Warning,
                offset: segments.first().map_or(0, |(_, offset)| *offset),
                transaction: header.transaction.clone(),
                position: 1,
                message: format!(
                    "transaction set {} is not carried over: it holds no claims that a guide here describes",
                    header.set
                ),
            }),
            Event::Interchange { tape } => self.interchange(tape),
        }
    }

    fn unit(&mut self, bound: &Bound, unit: &Binding, tape: &Tape, entry: usize, header: &Header) {
        let start = self.out.len();
        self.open(bound.form.kind, tape, entry, header);
        let readable = self.levels(bound, tape, entry);
        let mut reader = Reader::with(tape, Spelling::Lost, std::mem::take(&mut self.buffers));
        reader.fields_of(unit, entry, &mut self.out);
        self.out.extend_from_slice(b"}\n");
        let (problems, buffers) = reader.finish();
        self.buffers = buffers;
        self.summary.notices.extend(problems.iter().map(|problem| Notice {
            severity: Severity::Error,
            offset: problem.offset,
            transaction: header.transaction.clone(),
            position: problem.position,
            message: problem.describe(bound.guide),
        }));
        if readable && problems.is_empty() {
            self.summary.lines += 1;
        } else {
            self.out.truncate(start);
            self.refuse(
                tape,
                entry,
                header,
                "what begins here is left out, since a value in or above it cannot be read",
            );
        }
    }

    fn refuse(&mut self, tape: &Tape, entry: usize, header: &Header, message: &str) {
        self.summary.refused += 1;
        let (offset, position) = tape.entry(entry).map_or((0, 0), |entry| (entry.offset, entry.position));
        self.summary.notices.push(Notice {
            severity: Severity::Error,
            offset,
            transaction: header.transaction.clone(),
            position,
            message: message.to_owned(),
        });
    }

    /// `{"kind":…,"guide":…,"source":{…}`
    fn open(&mut self, kind: &str, tape: &Tape, entry: usize, header: &Header) {
        self.out.extend_from_slice(b"{\"kind\":\"");
        self.out.extend_from_slice(kind.as_bytes());
        self.out.push(b'"');
        let first = tape.entry(1).map(|entry| tape.segment(entry).element(3)).unwrap_or_default();
        let guide = if first.is_empty() { header.version.as_bytes() } else { first };
        // Acknowledgments have ST03 among their own members.
        let has_it = kind == "acknowledgment" && !first.is_empty();
        if !guide.is_empty() && !has_it {
            self.out.extend_from_slice(b",\"guide\":");
            crate::record::quote(guide, &mut self.out);
        }
        self.out.extend_from_slice(b",\"source\":{");
        if let Some(file) = &self.file {
            self.out.extend_from_slice(file);
            self.out.push(b',');
        }
        let numbers =
            [("interchange", &header.interchange), ("group", &header.group), ("transaction", &header.transaction)];
        for (name, value) in numbers.into_iter().filter(|(_, value)| !value.is_empty()) {
            member_into(name, value, &mut self.out);
            self.out.push(b',');
        }
        let (position, offset) = tape.entry(entry).map_or((0, 0), |entry| (entry.position, entry.offset));
        // Writing to a vector does not fail.
        let _ = write!(self.out, "\"segment_position\":{position},\"byte_offset\":{offset}}}");
    }

    /// Writes what stands above an entry; false if something of it could not be read.
    fn levels(&mut self, bound: &Bound, tape: &Tape, entry: usize) -> bool {
        let mut readable = true;
        for (at, level) in bound.levels.iter().enumerate() {
            let Some(found) = find(&level.binding, bound.guide, tape, entry) else {
                self.cache.truncate(at);
                self.cache.push(Cached { key: (usize::MAX, u64::MAX), json: Vec::new(), readable: true });
                continue;
            };
            let key = (found, tape.entry(found).map_or(0, |entry| entry.offset));
            if self.cache.get(at).is_none_or(|cached| cached.key != key) {
                self.cache.truncate(at);
                let mut json = format!(",\"{}\":", level.name).into_bytes();
                let mut reader = Reader::of_part(tape, Spelling::Lost);
                reader.object(&level.binding, found, &mut json);
                let problems = reader.into_problems();
                self.summary.notices.extend(problems.iter().map(|problem| Notice {
                    severity: Severity::Error,
                    offset: problem.offset,
                    transaction: String::new(),
                    position: problem.position,
                    message: problem.describe(bound.guide),
                }));
                self.cache.push(Cached { key, json, readable: problems.is_empty() });
            }
            if let Some(cached) = self.cache.get(at) {
                self.out.extend_from_slice(&cached.json);
                readable &= cached.readable;
            }
        }
        readable
    }

    /// What a transaction set has besides its units.
    fn end_of_set(&mut self, bound: &Bound, tape: &Tape, header: &Header) {
        match bound.form.kind {
            "payment" => self.provider_adjustments(bound, tape, header),
            // A report that rejects the whole batch names no claims.
            "claim_status" if self.units == 0 => {
                self.open(bound.form.kind, tape, 0, header);
                let deepest = (0..tape.len()).rev().find(|&at| {
                    tape.entry(at).is_some_and(|entry| {
                        bound.levels.iter().any(|level| level.binding.node() == entry.node && entry.is_loop())
                    })
                });
                self.levels(bound, tape, deepest.unwrap_or(0));
                self.out.extend_from_slice(b"}\n");
                self.summary.lines += 1;
            }
            _ => {}
        }
    }

    fn provider_adjustments(&mut self, bound: &Bound, tape: &Tape, header: &Header) {
        let Ok(binding) = Binding::with(bound.guide, "", Remittance::SHAPE, |field| field == "provider_adjustments")
        else {
            return;
        };
        for item in self.list(&binding, tape) {
            self.open("provider_adjustment", tape, 0, header);
            let remittance = bound.levels.first().map(|level| {
                let mut json = format!(",\"{}\":", level.name).into_bytes();
                Reader::of_part(tape, Spelling::Lost).object(&level.binding, 0, &mut json);
                json
            });
            self.out.extend_from_slice(&remittance.unwrap_or_default());
            self.members(&item);
        }
    }

    fn interchange(&mut self, tape: &Tape) {
        let Ok(guide) = interchange_guide() else { return };
        let Ok(binding) = Binding::with(guide, "", InterchangeEnvelope::SHAPE, |field| field == "acknowledgments")
        else {
            return;
        };
        for item in self.list(&binding, tape) {
            self.out.extend_from_slice(b"{\"kind\":\"interchange_acknowledgment\"");
            self.members(&item);
        }
    }

    /// The items of the only field of a binding at the root.
    fn list(&mut self, binding: &Binding, tape: &Tape) -> Vec<Box<RawValue>> {
        let mut json = Vec::new();
        Reader::of_part(tape, Spelling::Lost).object(binding, 0, &mut json);
        let fields: std::collections::BTreeMap<String, Vec<Box<RawValue>>> =
            serde_json::from_slice(&json).unwrap_or_default();
        fields.into_values().flatten().collect()
    }

    /// Adds the members of an object to the open line and ends it.
    fn members(&mut self, object: &RawValue) {
        let inner = object.get().strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default();
        if !inner.is_empty() {
            self.out.push(b',');
            self.out.extend_from_slice(inner.as_bytes());
        }
        self.out.extend_from_slice(b"}\n");
        self.summary.lines += 1;
    }
}

/// The entry of a level that stands above another: around it, or in one of the loops around it.
fn find(binding: &Binding, guide: &Guide, tape: &Tape, entry: usize) -> Option<usize> {
    let mut at = entry;
    loop {
        let here = tape.entry(at)?;
        if here.node == binding.node() {
            return Some(at);
        }
        if here.node == guide.parent(binding.node()) {
            // Only a loop that stands beside the way: one on the way would have been met.
            let beside = |entry: usize| {
                entry != at && tape.entry(entry).is_some_and(|entry| !guide.children(entry.node).is_empty())
            };
            return tape
                .inside(at)
                .find(|(index, inside)| inside.node == binding.node() && beside(*index) && tape.is_closed(*index))
                .map(|(index, _)| index);
        }
        if at == 0 {
            return None;
        }
        at = tape.around(at);
    }
}

fn member(name: &str, value: &str) -> Vec<u8> {
    let mut json = Vec::new();
    member_into(name, value, &mut json);
    json
}

/// `"name":"value"`
fn member_into(name: &str, value: &str, json: &mut Vec<u8>) {
    crate::record::quote(name.as_bytes(), json);
    json.push(b':');
    crate::record::quote(value.as_bytes(), json);
}
