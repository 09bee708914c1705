//! Placed units to lines.

use std::{collections::BTreeMap, io::Write};

use serde_json::value::RawValue;

use super::{
    Notice, Severity,
    form::{Bound, BoundLevel},
};
use crate::{
    claims::{InterchangeEnvelope, Remittance},
    document::{Header, interchange_guide},
    guide::{Guide, NodeId, Role},
    place::{Entry, Tape},
    record::{
        Binding, Record,
        read::{Buffers, LeftOut, Problem, Reader, Spelling},
    },
};

/// Something of a file that lines are made of.
pub(super) enum Part {
    /// Units of one transaction set.
    Units(Units),
    /// The envelope of an interchange that has ended.
    Interchange(Tape),
}

/// Units of one transaction set, on a tape with all that stands above them.
pub(super) struct Units {
    pub(super) bound: &'static Bound,
    pub(super) tape: Tape,
    pub(super) header: Header,
    pub(super) list: Vec<Unit>,
    /// How the set ended, if it did.
    pub(super) end: Option<End>,
}

/// A unit, by the entry of its loop.
pub(super) enum Unit {
    /// On the tape.
    Here(usize),
    /// On a tape of its own, under the levels that HL02 names.
    Apart(Box<Tape>, usize),
    /// On the tape, and HL02 leaves open what it belongs to.
    Astray(usize),
}

/// The end of a transaction set.
#[derive(Clone, Copy)]
pub(super) struct End {
    /// Whether there was any unit.
    pub(super) is_empty: bool,
}

/// Lines, and what became of the others.
#[derive(Default)]
pub(super) struct Rendered {
    pub(super) out: Vec<u8>,
    pub(super) lines: u64,
    pub(super) refused: u64,
    pub(super) notices: Vec<Notice>,
}

const UNREADABLE: &str = "what begins here is left out, since a value in or above it cannot be read";

/// Makes lines. What is above units is read once for neighbours.
pub(super) struct Renderer {
    /// `"file":"name"`
    file: Option<Vec<u8>>,
    done: Rendered,
    /// What was read of each level, outermost first.
    cache: Vec<Cached>,
    /// How many of them still hold; the others are memory.
    known: usize,
    buffers: Buffers,
}

/// A level as it was read last.
#[derive(Default)]
struct Cached {
    /// The entry of its loop.
    entry: Option<usize>,
    /// `,"name":{…}`
    json: Vec<u8>,
    readable: bool,
}

impl Renderer {
    /// For a file of this name.
    pub(super) fn new(name: Option<&str>) -> Self {
        let file = name.map(|name| member("file", name));
        Self { file, done: Rendered::default(), cache: Vec::new(), known: 0, buffers: Buffers::default() }
    }

    /// Makes the lines of neighbours. The memory of `out` is used for them.
    pub(super) fn render(&mut self, parts: &[Part], out: Vec<u8>) -> Rendered {
        self.done.out = out;
        for part in parts {
            match part {
                Part::Units(units) => self.units(units),
                Part::Interchange(tape) => self.interchange(tape),
            }
        }
        std::mem::take(&mut self.done)
    }

    fn units(&mut self, units: &Units) {
        let Units { bound, tape, header, list, end } = units;
        self.known = 0;
        for unit in list {
            match unit {
                Unit::Here(entry) => self.unit(bound, tape, *entry, header),
                Unit::Apart(apart, entry) => {
                    self.known = 0;
                    self.unit(bound, apart, *entry, header);
                    self.known = 0;
                }
                Unit::Astray(entry) => {
                    self.refuse(tape, *entry, header, "the claim is left out, since HL02 does not say whose it is")
                }
            }
        }
        if let Some(end) = end {
            self.end_of_set(bound, tape, header, *end);
        }
    }

    fn unit(&mut self, bound: &Bound, tape: &Tape, entry: usize, header: &Header) {
        let Some(unit) = tape.entry(entry).and_then(|entry| bound.unit(entry.node)) else { return };
        let start = self.done.out.len();
        self.open(bound.form.kind, tape, entry, header);
        let readable = self.levels(bound, tape, entry);
        let mut reader = Reader::with(tape, Spelling::Lost, std::mem::take(&mut self.buffers));
        reader.fields_of(unit, entry, &mut self.done.out);
        self.done.out.extend_from_slice(b"}\n");
        self.left_out(bound.guide, &header.transaction, reader.left_out());
        let (problems, buffers) = reader.finish();
        self.buffers = buffers;
        self.report(bound.guide, &header.transaction, &problems);
        self.end_line(readable && problems.is_empty(), start, tape, entry, header);
    }

    /// Counts the line that begins at `start`, or takes it back.
    fn end_line(&mut self, readable: bool, start: usize, tape: &Tape, entry: usize, header: &Header) {
        if readable {
            self.done.lines += 1;
            return;
        }
        self.done.out.truncate(start);
        self.refuse(tape, entry, header, UNREADABLE);
    }

    fn report(&mut self, guide: &Guide, transaction: &str, problems: &[Problem]) {
        for problem in problems {
            self.note(Severity::Error, (problem.offset, problem.position), transaction, problem.describe(guide));
        }
    }

    fn left_out(&mut self, guide: &Guide, transaction: &str, left_out: &[LeftOut]) {
        for one in left_out {
            self.note(Severity::Warning, (one.offset, one.position), transaction, one.describe(guide));
        }
    }

    fn refuse(&mut self, tape: &Tape, entry: usize, header: &Header, message: &str) {
        self.done.refused += 1;
        self.note(Severity::Error, place(tape, entry), &header.transaction, message.to_owned());
    }

    fn note(&mut self, severity: Severity, (offset, position): (u64, u32), transaction: &str, message: String) {
        self.done.notices.push(Notice { severity, offset, transaction: transaction.to_owned(), position, message });
    }

    /// `{"kind":…,"guide":…,"source":{…}`
    fn open(&mut self, kind: &str, tape: &Tape, entry: usize, header: &Header) {
        self.done.out.extend_from_slice(b"{\"kind\":\"");
        self.done.out.extend_from_slice(kind.as_bytes());
        self.done.out.push(b'"');
        let first = tape.entry(1).map(|entry| tape.segment(entry).element(3)).unwrap_or_default();
        let guide = if first.is_empty() { header.version.as_bytes() } else { first };
        // Acknowledgments have ST03 among their own members.
        let has_it = kind == "acknowledgment" && !first.is_empty();
        if !guide.is_empty() && !has_it {
            self.done.out.extend_from_slice(b",\"guide\":");
            crate::record::quote(guide, &mut self.done.out);
        }
        self.done.out.extend_from_slice(b",\"source\":{");
        if let Some(file) = &self.file {
            self.done.out.extend_from_slice(file);
            self.done.out.push(b',');
        }
        let numbers =
            [("interchange", &header.interchange), ("group", &header.group), ("transaction", &header.transaction)];
        for (name, value) in numbers.into_iter().filter(|(_, value)| !value.is_empty()) {
            member_into(name, value, &mut self.done.out);
            self.done.out.push(b',');
        }
        let (offset, position) = place(tape, entry);
        // Writing to a vector does not fail.
        let _ = write!(self.done.out, "\"segment_position\":{position},\"byte_offset\":{offset}}}");
    }

    /// Writes what stands above an entry; false if something of it could not be read.
    fn levels(&mut self, bound: &Bound, tape: &Tape, entry: usize) -> bool {
        let mut readable = true;
        for (at, level) in bound.levels.iter().enumerate() {
            let found = find(&level.binding, bound.guide, tape, entry);
            if self.cache.len() <= at {
                self.cache.resize_with(at + 1, Cached::default);
            }
            let Some(mut cached) = self.cache.get_mut(at).map(std::mem::take) else { break };
            if at >= self.known || cached.entry != found {
                self.known = at;
                self.level(bound, level, tape, found, &mut cached);
            }
            self.known = self.known.max(at + 1);
            self.done.out.extend_from_slice(&cached.json);
            readable &= cached.readable;
            if let Some(place) = self.cache.get_mut(at) {
                *place = cached;
            }
        }
        readable
    }

    /// Reads a level.
    fn level(&mut self, bound: &Bound, level: &BoundLevel, tape: &Tape, found: Option<usize>, cached: &mut Cached) {
        cached.json.clear();
        (cached.entry, cached.readable) = (found, true);
        let Some(found) = found else { return };
        for part in [b",\"", level.name.as_bytes(), b"\":"] {
            cached.json.extend_from_slice(part);
        }
        let mut reader = Reader::with(tape, Spelling::Lost, std::mem::take(&mut self.buffers));
        reader.object(&level.binding, found, &mut cached.json);
        self.left_out(bound.guide, "", reader.left_out());
        let (problems, buffers) = reader.finish();
        self.buffers = buffers;
        self.report(bound.guide, "", &problems);
        cached.readable = problems.is_empty();
    }

    /// What a transaction set has besides its units.
    fn end_of_set(&mut self, bound: &Bound, tape: &Tape, header: &Header, end: End) {
        match bound.form.kind {
            "payment" => self.provider_adjustments(bound, tape, header, end),
            // A report that rejects the whole batch names no claims.
            "claim_status" if end.is_empty => {
                let start = self.done.out.len();
                self.open(bound.form.kind, tape, 0, header);
                let deepest = (0..tape.len()).rev().find(|&at| {
                    tape.entry(at).is_some_and(|entry| {
                        bound.levels.iter().any(|level| level.binding.node() == entry.node && entry.is_loop())
                    })
                });
                let readable = self.levels(bound, tape, deepest.unwrap_or(0));
                self.done.out.extend_from_slice(b"}\n");
                self.end_line(readable, start, tape, 0, header);
            }
            _ if end.is_empty => self.nothing_in(tape, header),
            _ => {}
        }
    }

    /// Says that a transaction set has no lines.
    fn nothing_in(&mut self, tape: &Tape, header: &Header) {
        // Claims may stand where they have no place.
        let is_whole = tape.below(0).all(|(_, entry)| !entry.is_unplaced());
        let severity = if is_whole { Severity::Warning } else { Severity::Error };
        let message = format!("transaction set {} is left out: it holds no claims", header.set);
        self.note(severity, place(tape, 1), &header.transaction, message);
    }

    fn provider_adjustments(&mut self, bound: &Bound, tape: &Tape, header: &Header, end: End) {
        let Ok(binding) = Binding::with(bound.guide, "", Remittance::SHAPE, |field| field == "provider_adjustments")
        else {
            return;
        };
        let items = self.list(&binding, tape, header);
        if items.is_empty() && end.is_empty {
            self.nothing_in(tape, header);
        }
        let mut remittance = Cached { readable: true, ..Cached::default() };
        if let Some(level) = bound.levels.first() {
            self.level(bound, level, tape, Some(0), &mut remittance);
        }
        for (entry, item) in items {
            let start = self.done.out.len();
            self.open("provider_adjustment", tape, 0, header);
            self.done.out.extend_from_slice(&remittance.json);
            self.members(&item);
            self.end_line(remittance.readable, start, tape, entry, header);
        }
    }

    fn interchange(&mut self, tape: &Tape) {
        let Ok(guide) = interchange_guide() else { return };
        let Ok(binding) = Binding::with(guide, "", InterchangeEnvelope::SHAPE, |field| field == "acknowledgments")
        else {
            return;
        };
        for (entry, item) in self.list(&binding, tape, &Header::default()) {
            let start = self.done.out.len();
            self.done.out.extend_from_slice(b"{\"kind\":\"interchange_acknowledgment\"");
            self.members(&item);
            self.end_line(true, start, tape, entry, &Header::default());
        }
    }

    /// The items of the only field of a binding at the root, a segment each, by their entries. Those with a value that
    /// cannot be read are refused.
    fn list(&mut self, binding: &Binding, tape: &Tape, header: &Header) -> Vec<(usize, Box<RawValue>)> {
        let mut json = Vec::new();
        let mut reader = Reader::of_part(tape, Spelling::Lost);
        reader.object(binding, 0, &mut json);
        self.left_out(binding.guide(), &header.transaction, reader.left_out());
        let problems = reader.into_problems();
        self.report(binding.guide(), &header.transaction, &problems);
        let fields: BTreeMap<String, Vec<Box<RawValue>>> = serde_json::from_slice(&json).unwrap_or_default();
        let nodes: Vec<NodeId> = binding.fields().iter().flat_map(|field| &field.spots).map(|spot| spot.node).collect();
        let is_item = |entry: &Entry| !entry.is_loop() && !entry.is_unplaced() && nodes.contains(&entry.node);
        let entries: Vec<usize> = tape.below(0).filter(|(_, entry)| is_item(entry)).map(|(at, _)| at).collect();
        let mut items: Vec<(usize, Box<RawValue>)> =
            entries.iter().copied().zip(fields.into_values().flatten()).collect();
        if problems.is_empty() {
            return items;
        }
        // One without any value that can be read is no item.
        let are_all = items.len() == entries.len();
        let is_wrong = |at: usize| {
            let offset = tape.entry(at).map(|entry| entry.offset);
            !are_all || problems.iter().any(|problem| Some(problem.offset) == offset)
        };
        items.retain(|(at, _)| !is_wrong(*at));
        for at in entries.into_iter().filter(|at| is_wrong(*at)) {
            self.refuse(tape, at, header, UNREADABLE);
        }
        items
    }

    /// Ends the open line with the members of an object.
    fn members(&mut self, object: &RawValue) {
        let inner = object.get().strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default();
        if !inner.is_empty() {
            self.done.out.push(b',');
            self.done.out.extend_from_slice(inner.as_bytes());
        }
        self.done.out.extend_from_slice(b"}\n");
    }
}

/// Offset in the input and position in the transaction set of an entry.
fn place(tape: &Tape, entry: usize) -> (u64, u32) {
    tape.entry(entry).map_or((0, 0), |entry| (entry.offset, entry.position))
}

/// The entry of what stands above another: a loop around it, or one that has closed before it inside of those.
fn find(binding: &Binding, guide: &Guide, tape: &Tape, entry: usize) -> Option<usize> {
    let wanted = binding.node();
    // Levels of the hierarchy stand around their claims. Those beside are of others: a subscriber's own claim has no
    // patient, whoever comes before or after.
    let stands_around = guide.role(wanted) == Role::Level;
    let mut at = entry;
    loop {
        let here = tape.entry(at)?;
        if here.node == wanted {
            return Some(at);
        }
        if here.node == guide.parent(wanted) {
            let mut before = tape.inside(at).take_while(|(index, _)| *index < entry && !stands_around);
            return before
                .find(|(index, inside)| inside.node == wanted && tape.is_closed(*index))
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
