//! Lines to a file.

use std::{collections::BTreeMap, io::Write, sync::LazyLock};

use memchr::memmem::Finder;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{
    Error, Line, Options,
    envelope::{self, Parties, bad},
    form::{ABOUT, Bound, Form, NUMBERS, Unit},
};
use crate::{
    claims::{InterchangeEnvelope, Remittance},
    document::interchange_guide,
    guide::{self, Place},
    record::{
        Binding, Record,
        write::{Added, Buffers, Members, Start, Style, Writer as RecordWriter, Written},
    },
};

/// Writes lines as X12: neighbours with the same batch, billing provider, subscriber, payer and
/// patient share their levels of the hierarchy.
pub struct Writer<W: Write> {
    output: W,
    options: Options,
    interchange: Option<Interchange>,
    group: Option<Group>,
    set: Option<Set>,
    /// Lines taken.
    lines: u64,
    buffers: Buffers,
    /// A line without the levels that are open already.
    rest: String,
}

struct Interchange {
    control: String,
    parties: Parties,
    groups: u64,
}

struct Group {
    /// Name of the guide and the identifier written.
    guide: (&'static str, String),
    control: String,
    sets: u64,
}

struct Set {
    bound: &'static Bound,
    control: String,
    segments: u64,
    claims: u32,
    /// HL numbers given out.
    levels: u32,
    /// The open levels, outermost first: JSON and HL number.
    open: Vec<Open>,
    /// Units under the innermost level.
    units: u32,
    /// Loops LX and the like begun under the outermost level.
    line: u32,
    /// Whether provider adjustments have begun: no payment may follow.
    adjusted: bool,
}

struct Open {
    json: Option<String>,
    number: u32,
}

#[derive(Deserialize)]
struct Head<'l> {
    kind: Option<&'l str>,
    guide: Option<&'l str>,
}

impl<'l> Head<'l> {
    /// What a line is. Lines that we made say so first, and need not be read to their end for it.
    fn of(line: &'l str) -> Result<Self, Error> {
        let first = |text: &'l str, name: &str| {
            let (value, rest) = text.strip_prefix(name)?.split_once('"')?;
            (!value.contains('\\')).then_some((value, rest))
        };
        let stated = first(line, "{\"kind\":\"").and_then(|(kind, rest)| Some((kind, first(rest, ",\"guide\":\"")?.0)));
        match stated {
            Some((kind, guide)) => Ok(Self { kind: Some(kind), guide: Some(guide) }),
            None => Ok(serde_json::from_str(line)?),
        }
    }
}

/// The levels at the head of a line that are the open ones, as the line has them; what else the line says, but for its
/// source, is put into `rest`. A line that we made begins with its levels, most of which are those of the line before: comparing is
/// much less work than reading. Nothing is known of a line that begins in another way.
fn known_levels<'l>(line: &'l str, bound: &Bound, open: &[Open], rest: &mut String) -> Vec<Option<&'l str>> {
    let mut known = Vec::new();
    let first = |text: &'l str, name: &str| Some(text.strip_prefix(name)?.split_once('"')?.1);
    let source = first(line, "{\"kind\":\"").and_then(|text| first(text, ",\"guide\":\""));
    let Some(source) = source.and_then(|text| text.strip_prefix(",\"source\":")) else { return known };
    let head = line.len() - source.len() - ",\"source\":".len();
    let mut values = serde_json::Deserializer::from_str(source).into_iter::<IgnoredAny>();
    if !matches!(values.next(), Some(Ok(_))) {
        return known;
    }
    let mut after = source.get(values.byte_offset()..).unwrap_or_default();
    for (level, open) in bound.levels.iter().zip(open) {
        let member = after.strip_prefix(",\"").and_then(|text| text.strip_prefix(level.name)?.strip_prefix("\":"));
        match (member, open.json.as_deref()) {
            (Some(text), Some(json)) if text.starts_with(json) => {
                known.push(text.get(..json.len()));
                after = text.get(json.len()..).unwrap_or_default();
            }
            (None, None) => known.push(None),
            _ => break,
        }
    }
    rest.clear();
    rest.push_str(line.get(..head).unwrap_or_default());
    rest.push_str(after);
    known
}

impl Set {
    /// The outermost level that a line with these levels must open anew; `None` if it can go on under
    /// the open ones.
    fn first_to_open(&self, levels: &[Option<&str>]) -> Option<usize> {
        let same = self.open.iter().zip(levels).take_while(|(open, level)| open.json.as_deref() == **level).count();
        let numbered_before =
            |at: usize| (1..at).rev().find(|&at| self.bound.levels.get(at).is_some_and(|level| level.hierarchical));
        if same == levels.len() {
            let most =
                self.bound.units.last().map_or(guide::Repeat::Unlimited, |unit| self.bound.guide.repeat(unit.node));
            let present = levels.iter().rposition(Option::is_some).map_or(0, |at| at + 1);
            return if most.allows(self.units + 1) { None } else { numbered_before(present) };
        }
        let appears = self.open.get(same).is_some_and(|open| open.json.is_none())
            || levels.get(same).is_some_and(Option::is_none);
        let stands_in_level = self.bound.levels.get(same).is_some_and(|level| !level.hierarchical);
        // A level says whether another follows it, so it begins anew when one appears or goes; and
        // what has no number of its own stands in the level before it.
        let from = if appears || stands_in_level { numbered_before(same).unwrap_or(same) } else { same };
        Some(from.max(1))
    }
}

impl<W: Write> Writer<W> {
    /// Begins to write.
    pub fn new(output: W, options: Options) -> Self {
        Self {
            output,
            options,
            interchange: None,
            group: None,
            set: None,
            lines: 0,
            buffers: Buffers::default(),
            rest: String::new(),
        }
    }

    /// Takes one line; blank ones mean nothing.
    ///
    /// # Errors
    /// A line that is no object of a known kind, a field without a place, a value that is not of its
    /// form, or output that fails. After an error the file is not complete.
    pub fn push(&mut self, line: &[u8]) -> Result<(), Error> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        self.lines += 1;
        let text = std::str::from_utf8(line).map_err(|_| bad(&"a line is UTF-8"))?;
        let head = Head::of(text)?;
        let kind =
            head.kind.ok_or_else(|| bad(&"a line says its `kind`: professional, institutional, dental, payment, …"))?;
        if kind == "interchange_acknowledgment" {
            return self.interchange_acknowledgment(text);
        }
        let bound = Form::of_kind(kind)
            .ok_or_else(|| bad(&"its `kind` is none that there is: professional, institutional, dental, payment, …"))?;
        let id = self
            .options
            .guide
            .clone()
            .or_else(|| head.guide.filter(|id| bound.guide.accepts(id)).map(str::to_owned))
            .unwrap_or_else(|| bound.guide.id.clone());
        match kind {
            "provider_adjustment" => self.provider_adjustment(bound, &id, text),
            "acknowledgment" => self.acknowledgment(bound, &id, text),
            _ => self.unit(bound, &id, text),
        }
    }

    /// Takes a line that is a value.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_line(&mut self, line: &Line) -> Result<(), Error> {
        self.push(&serde_json::to_vec(line)?)
    }

    /// Closes what is open and gives the output back.
    ///
    /// # Errors
    /// Output that fails.
    pub fn finish(mut self) -> Result<W, Error> {
        self.close_interchange()?;
        self.output.flush()?;
        Ok(self.output)
    }

    fn unit(&mut self, bound: &'static Bound, id: &str, text: &str) -> Result<(), Error> {
        let Some(binding) = bound.units.last().map(Unit::binding) else { return Ok(()) };
        let mut rest = std::mem::take(&mut self.rest);
        let open = self.set.as_ref().filter(|set| std::ptr::eq(set.bound, bound)).map(|set| set.open.as_slice());
        let known = known_levels(text, bound, open.unwrap_or_default(), &mut rest);
        let written = match self.write_unit(binding, &bound.aside, if known.is_empty() { text } else { &rest }) {
            // Of the whole line, so that the error says where in it.
            Err(_) if !known.is_empty() => self.write_unit(binding, &bound.aside, text),
            written => written,
        };
        let (unit, members) = written?;
        let stated = |name| members.iter().find(|(member, _)| *member == name).map(|(_, raw)| raw.get());
        let levels = bound.levels.iter().enumerate();
        let mut levels: Vec<Option<&str>> =
            levels.map(|(at, level)| known.get(at).copied().flatten().or_else(|| stated(level.name))).collect();
        // Payments stand in a group, though the line may not say which.
        if let (Some("group"), Some(level)) = (bound.levels.last().map(|level| level.name), levels.last_mut()) {
            level.get_or_insert("{}");
        }
        // A report without claims has levels only.
        let has_unit = unit.segments > 1 || bound.form.kind != "claim_status";
        self.open_levels(bound, id, &levels)?;
        if has_unit {
            Self::put(&mut self.output, &self.options.style, &unit.bytes)?;
        }
        if let Some(set) = &mut self.set {
            set.units += 1;
            set.claims += 1;
            if has_unit {
                set.segments += u64::from(unit.segments);
            }
        }
        self.buffers.reuse(unit.bytes);
        self.rest = rest;
        Ok(())
    }

    /// Writes segments. One without a place may begin as a header does, and would be read as one where it comes to
    /// stand.
    fn put(output: &mut W, style: &Style, segments: &[u8]) -> Result<(), Error> {
        let begins = |at: usize| {
            let before = segments.get(..at).unwrap_or_default();
            let before = before.strip_suffix(style.line_break.as_slice()).unwrap_or(before);
            before.last().is_none_or(|last| *last == style.delimiters.segment)
        };
        static HEADER: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"ISA"));
        match HEADER.find_iter(segments).any(begins) {
            true => Err(bad(&"a segment without a place begins with ISA, which would begin an interchange")),
            false => Ok(output.write_all(segments)?),
        }
    }

    /// Writes the unit of a line; gives what the line says besides.
    fn write_unit<'l>(
        &mut self,
        binding: &Binding,
        aside: &[&'static str],
        line: &'l str,
    ) -> Result<(Written, Members<'l>), Error> {
        let number = self.set.as_ref().map_or(1, |set| set.units + 1);
        let start = Start { line: number, ..Start::default() };
        let writer =
            RecordWriter::with(binding, &self.options.style, start, std::mem::take(&mut self.buffers)).of_lines();
        let written = writer.write_beside(&mut serde_json::Deserializer::from_str(line), aside)?;
        self.buffers = writer.into_buffers();
        Ok(written)
    }

    /// Makes the levels of a line the open ones.
    fn open_levels(&mut self, bound: &'static Bound, id: &str, levels: &[Option<&str>]) -> Result<(), Error> {
        let full =
            self.set.as_ref().is_some_and(|set| set.claims >= self.options.claims_per_transaction || set.adjusted);
        let same_set = self.set.as_ref().is_some_and(|set| {
            std::ptr::eq(set.bound, bound)
                && set.open.first().map(|open| open.json.as_deref()) == Some(levels.first().copied().flatten())
        });
        if full || !same_set || !self.group_is(bound, id) {
            self.close_set()?;
            self.open_set(bound, id, levels.first().copied().flatten())?;
        }
        let Some(set) = &mut self.set else { return Ok(()) };
        let Some(from) = set.first_to_open(levels) else { return Ok(()) };
        set.open.truncate(from);
        set.units = 0;
        for (at, (level, json)) in bound.levels.iter().zip(levels).enumerate().skip(from) {
            let Some(json) = json else {
                set.open.push(Open { json: None, number: 0 });
                continue;
            };
            let has_children =
                bound.levels.iter().zip(levels).skip(at + 1).any(|(level, json)| level.hierarchical && json.is_some());
            let parent = set.open.iter().rev().map(|open| open.number).find(|number| *number > 0).unwrap_or(0);
            set.line += 1;
            let start = Start { levels: set.levels, parent, has_children, line: set.line, added: Added::All };
            let writer =
                RecordWriter::with(&level.binding, &self.options.style, start, std::mem::take(&mut self.buffers))
                    .of_lines();
            let written = writer.write(&mut serde_json::Deserializer::from_str(json))?;
            set.levels = writer.levels();
            self.buffers = writer.into_buffers();
            set.segments += u64::from(written.segments);
            Self::put(&mut self.output, &self.options.style, &written.bytes)?;
            let number = if level.hierarchical { set.levels } else { 0 };
            set.open.push(Open { json: Some((*json).to_owned()), number });
        }
        Ok(())
    }

    fn provider_adjustment(&mut self, bound: &'static Bound, id: &str, text: &str) -> Result<(), Error> {
        let mut members: BTreeMap<&str, &RawValue> = serde_json::from_str(text)?;
        let remittance = members.remove("remittance");
        for about in ABOUT.iter().chain(&["group"]) {
            members.remove(*about);
        }
        let binding = Binding::with(bound.guide, "", Remittance::SHAPE, |field| field == "provider_adjustments")
            .map_err(|error| bad(&error))?;
        let item = serde_json::to_string(&BTreeMap::from([("provider_adjustments", [members])]))?;
        let writer =
            RecordWriter::new(&binding, &self.options.style, Start { added: Added::Nothing, ..Start::default() });
        let written = writer.write(&mut serde_json::Deserializer::from_str(&item))?;
        let same = self.set.as_ref().is_some_and(|set| {
            std::ptr::eq(set.bound, bound)
                && set.open.first().map(|open| open.json.as_deref()) == Some(remittance.map(RawValue::get))
        });
        if !same || !self.group_is(bound, id) {
            self.close_set()?;
            self.open_set(bound, id, remittance.map(RawValue::get))?;
        }
        Self::put(&mut self.output, &self.options.style, &written.bytes)?;
        if let Some(set) = &mut self.set {
            set.segments += u64::from(written.segments);
            set.adjusted = true;
        }
        Ok(())
    }

    /// A whole transaction set in one line.
    fn acknowledgment(&mut self, bound: &'static Bound, id: &str, text: &str) -> Result<(), Error> {
        self.close_set()?;
        let parties = self.parties(bound, None)?;
        self.open_group(bound, id, parties)?;
        let Some(binding) = bound.units.first().map(Unit::binding) else { return Ok(()) };
        let writer = RecordWriter::new(binding, &self.options.style, Start::default()).of_lines();
        let (written, _) = writer.write_beside(&mut serde_json::Deserializer::from_str(text), &bound.aside)?;
        Self::put(&mut self.output, &self.options.style, &written.bytes)?;
        if let Some(group) = &mut self.group {
            group.sets += 1;
        }
        Ok(())
    }

    fn interchange_acknowledgment(&mut self, text: &str) -> Result<(), Error> {
        self.close_group()?;
        let mut members: BTreeMap<&str, &RawValue> = serde_json::from_str(text)?;
        for about in ABOUT {
            members.remove(*about);
        }
        if self.interchange.is_none() {
            let parties = self.stated_parties(None, None)?;
            self.open_interchange(parties)?;
        }
        let binding =
            Binding::with(interchange_guide()?, "", InterchangeEnvelope::SHAPE, |field| field == "acknowledgments")
                .map_err(|error| bad(&error))?;
        let item = serde_json::to_string(&BTreeMap::from([("acknowledgments", [members])]))?;
        let writer =
            RecordWriter::new(&binding, &self.options.style, Start { added: Added::Nothing, ..Start::default() });
        Self::put(
            &mut self.output,
            &self.options.style,
            &writer.write(&mut serde_json::Deserializer::from_str(&item))?.bytes,
        )
    }

    fn open_set(&mut self, bound: &'static Bound, id: &str, head: Option<&str>) -> Result<(), Error> {
        let parties = self.parties(bound, head)?;
        self.open_group(bound, id, parties.clone())?;
        let sets = self.group.as_ref().map_or(0, |group| group.sets);
        let control = format!("{:04}", u64::from(self.options.transaction_control_number) + sets);
        let Some(level) = bound.levels.first() else { return Ok(()) };
        let json = self.head_json(bound, id, &control, &parties, head)?;
        // What the line says elsewhere belongs to the head all the same; what stands below does not.
        let binding = Binding::with(bound.guide, "", level.binding.shape(), |field| {
            NUMBERS.contains(&field) || !level.without.contains(&field)
        })
        .map_err(|error| bad(&error))?;
        let writer =
            RecordWriter::new(&binding, &self.options.style, Start { added: Added::NoTrailer, ..Start::default() })
                .of_lines();
        let written = writer.write(&mut serde_json::Deserializer::from_str(&json))?;
        Self::put(&mut self.output, &self.options.style, &written.bytes)?;
        if let Some(group) = &mut self.group {
            group.sets += 1;
        }
        self.set = Some(Set {
            bound,
            control,
            segments: u64::from(written.segments),
            claims: 0,
            levels: 0,
            open: vec![Open { json: head.map(str::to_owned), number: 0 }],
            units: 0,
            line: 0,
            adjusted: false,
        });
        Ok(())
    }

    /// The head of a transaction set: what the line says, its numbers, and for claims what a batch
    /// must say and the line leaves out.
    fn head_json(
        &self,
        bound: &Bound,
        id: &str,
        control: &str,
        parties: &Parties,
        head: Option<&str>,
    ) -> Result<String, Error> {
        let mut members = match head.map(serde_json::from_str).transpose()? {
            Some(serde_json::Value::Object(members)) => members,
            Some(_) => return Err(bad(&"what stands above the claims is an object for each level")),
            None => serde_json::Map::new(),
        };
        let mut default = |name: &'static str, value: serde_json::Value| {
            members.entry(name).or_insert(value);
        };
        default("control_number", control.into());
        let has_guide = bound.guide.children(guide::NodeId::ROOT).first().is_some_and(
            |&first| matches!(bound.guide.place(first), Place::Segment(header) if header.element(3, 0).is_some()),
        );
        if has_guide {
            default("guide", id.into());
        }
        if bound.guide.set == "837" {
            default("purpose", "00".into());
            default("reference", control.into());
            default("created_date", serde_json::to_value(self.options.created.0)?);
            default("created_time", serde_json::to_value(self.options.created.1)?);
            default("claim_type", "CH".into());
        }
        if bound.guide.set == "837" && head.is_none() {
            let Parties { sender, receiver } = parties;
            default("submitter", serde_json::json!({"entity": "2", "name": sender, "id": sender}));
            default("receiver", serde_json::json!({"name": receiver, "id": receiver}));
        }
        Ok(serde_json::to_string(&members)?)
    }

    /// Sender and receiver: as configured, or as the head of the transaction set names them.
    fn parties(&self, bound: &Bound, head: Option<&str>) -> Result<Parties, Error> {
        let head: serde_json::Value = match head {
            Some(head) => serde_json::from_str(head)?,
            None => serde_json::Value::Null,
        };
        let id = |party: &str| {
            head.get(party)
                .and_then(|party| party.get("id"))
                .and_then(serde_json::Value::as_str)
                .filter(|id| id.len() <= 15)
                .map(str::to_owned)
        };
        let (sender, receiver) = if bound.guide.set == "835" {
            (
                id("payer")
                    .or_else(|| head.get("trace_originator").and_then(serde_json::Value::as_str).map(str::to_owned)),
                id("payee"),
            )
        } else {
            (id("submitter"), id("receiver"))
        };
        self.stated_parties(sender, receiver)
    }

    fn stated_parties(&self, sender: Option<String>, receiver: Option<String>) -> Result<Parties, Error> {
        let open = self.interchange.as_ref().map(|interchange| interchange.parties.clone()).unwrap_or_default();
        let choose = |stated: &Option<String>, found: Option<String>, open: String, which: &str| {
            let chosen = stated.clone().or(found).unwrap_or(open);
            if chosen.is_empty() {
                Err(bad(&format!(
                    "the interchange needs a {which}: nothing in the lines names one, so state it (--{which})"
                )))
            } else {
                Ok(chosen)
            }
        };
        Ok(Parties {
            sender: choose(&self.options.sender, sender, open.sender, "sender")?,
            receiver: choose(&self.options.receiver, receiver, open.receiver, "receiver")?,
        })
    }

    fn group_is(&self, bound: &Bound, id: &str) -> bool {
        self.group.as_ref().is_some_and(|group| group.guide.0 == bound.guide.name && group.guide.1 == id)
    }

    fn open_group(&mut self, bound: &'static Bound, id: &str, parties: Parties) -> Result<(), Error> {
        if self.interchange.as_ref().is_some_and(|open| open.parties != parties) {
            self.close_interchange()?;
        }
        if self.group_is(bound, id) {
            return Ok(());
        }
        self.close_group()?;
        if self.interchange.is_none() {
            self.open_interchange(parties.clone())?;
        }
        let control = self.options.group_control_number.to_string();
        self.options.group_control_number = self.options.group_control_number.saturating_add(1);
        let header = envelope::group(&self.options, &parties, bound.guide, id, &control)?;
        self.output.write_all(&header)?;
        if let Some(interchange) = &mut self.interchange {
            interchange.groups += 1;
        }
        self.group = Some(Group { guide: (bound.guide.name.as_str(), id.to_owned()), control, sets: 0 });
        Ok(())
    }

    fn open_interchange(&mut self, parties: Parties) -> Result<(), Error> {
        let control = format!("{:09}", self.options.control_number);
        self.options.control_number = self.options.control_number.saturating_add(1);
        let header = envelope::interchange(&self.options, &parties, &control)?;
        self.output.write_all(&header)?;
        self.interchange = Some(Interchange { control, parties, groups: 0 });
        Ok(())
    }

    fn close_set(&mut self) -> Result<(), Error> {
        if let Some(set) = self.set.take() {
            self.output.write_all(&envelope::trailer(&self.options.style, "SE", set.segments + 1, &set.control))?;
        }
        Ok(())
    }

    fn close_group(&mut self) -> Result<(), Error> {
        self.close_set()?;
        if let Some(group) = self.group.take() {
            self.output.write_all(&envelope::trailer(&self.options.style, "GE", group.sets, &group.control))?;
        }
        Ok(())
    }

    fn close_interchange(&mut self) -> Result<(), Error> {
        self.close_group()?;
        if let Some(interchange) = self.interchange.take() {
            self.output.write_all(&envelope::trailer(
                &self.options.style,
                "IEA",
                interchange.groups,
                &interchange.control,
            ))?;
        }
        Ok(())
    }
}
