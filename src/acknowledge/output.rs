//! One answering interchange on its way out.

use std::io::Write;

use super::{Error, text};
use crate::{
    claims::{GroupEnvelope, GroupHeader, InterchangeEnvelope},
    document::interchange_guide,
    guide::{self, Guide},
    ndjson::trailer,
    record::{
        Binding, Date, Record, Text, Time,
        write::{Added, Buffers, Start, Style, Writer, Written},
    },
};

/// An interchange that is being written.
pub(super) struct Output<'o, W> {
    output: &'o mut W,
    style: &'o Style,
    created: (Date, Time),
    control: String,
    /// Number of the next functional group.
    next_group: &'o mut u32,
    groups: u64,
    group: Option<Open>,
    /// The open transaction set: its number and segments.
    set: Option<(String, u64)>,
}

/// An open functional group.
struct Open {
    kind: &'static str,
    parties: Parties,
    control: String,
    sets: u64,
}

/// Sender and receiver of a functional group: GS02 and GS03.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parties {
    pub(super) sender: Text,
    pub(super) receiver: Text,
}

impl Parties {
    /// Of the answer to a group of these.
    pub(super) fn answering(sender: &str, receiver: &str) -> Self {
        Self { sender: party(receiver), receiver: party(sender) }
    }
}

/// An identifier of a party, for which ISA and GS have fifteen bytes; where there is none, one that says so.
pub(super) fn party(id: &str) -> Text {
    let plain: Text = id.chars().map(|character| if character.is_ascii() { character } else { '?' }).collect();
    match text(plain.as_bytes(), 15) {
        id if id.chars().count() < 2 => "UNKNOWN".into(),
        id => id,
    }
}

impl<'o, W: Write> Output<'o, W> {
    /// Writes the head: ISA and TA1s.
    pub(super) fn begin(
        output: &'o mut W,
        style: &'o Style,
        created: (Date, Time),
        envelope: &InterchangeEnvelope,
        next_group: &'o mut u32,
    ) -> Result<Self, Error> {
        let guide = interchange_guide()?;
        let head =
            Part::of::<InterchangeEnvelope>(guide, "", &[])?.render(style, OPEN, envelope, &mut Buffers::default())?;
        output.write_all(&head.bytes)?;
        let control = envelope.header.control_number.to_string();
        Ok(Self { output, style, created, control, next_group, groups: 0, group: None, set: None })
    }

    /// Begins a transaction set by a guide; gives its number.
    pub(super) fn set(&mut self, guide: &'static Guide, parties: &Parties) -> Result<String, Error> {
        self.end_set()?;
        if self.group.as_ref().is_none_or(|open| open.kind != guide.group || open.parties != *parties) {
            self.end_group()?;
            self.begin_group(guide, parties)?;
        }
        let number = self.group.as_mut().map_or(1, |open| {
            open.sets += 1;
            open.sets
        });
        let control = format!("{number:04}");
        self.set = Some((control.clone(), 0));
        Ok(control)
    }

    /// Writes segments of the open transaction set.
    pub(super) fn put(&mut self, bytes: &[u8], segments: u64) -> Result<(), Error> {
        self.output.write_all(bytes)?;
        if let Some((_, count)) = &mut self.set {
            *count += segments;
        }
        Ok(())
    }

    /// Ends what is open.
    pub(super) fn end(mut self) -> Result<(), Error> {
        self.end_group()?;
        Ok(self.output.write_all(&trailer(self.style, "IEA", self.groups, &self.control))?)
    }

    fn begin_group(&mut self, guide: &'static Guide, parties: &Parties) -> Result<(), Error> {
        let control = self.next_group.to_string();
        *self.next_group = self.next_group.saturating_add(1);
        let header = GroupHeader {
            kind: guide.group.as_str().into(),
            sender: parties.sender.clone(),
            receiver: parties.receiver.clone(),
            date: Some(self.created.0),
            time: Some(self.created.1),
            control_number: control.as_str().into(),
            guide: guide.id.as_str().into(),
        };
        let envelope = GroupEnvelope { header, ..GroupEnvelope::default() };
        let part = Part::of::<GroupEnvelope>(interchange_guide()?, "GS", &[])?;
        let head = part.render(self.style, OPEN, &envelope, &mut Buffers::default())?;
        self.output.write_all(&head.bytes)?;
        self.groups += 1;
        self.group = Some(Open { kind: guide.group.as_str(), parties: parties.clone(), control, sets: 0 });
        Ok(())
    }

    fn end_set(&mut self) -> Result<(), Error> {
        if let Some((control, segments)) = self.set.take() {
            self.output.write_all(&trailer(self.style, "SE", segments + 1, &control))?;
        }
        Ok(())
    }

    fn end_group(&mut self) -> Result<(), Error> {
        self.end_set()?;
        if let Some(open) = self.group.take() {
            self.output.write_all(&trailer(self.style, "GE", open.sets, &open.control))?;
        }
        Ok(())
    }
}

/// Of a loop that goes on after what is written.
pub(super) const OPEN: Start = Start { levels: 0, parent: 0, has_children: false, line: 1, added: Added::NoTrailer };

/// A record at a loop of a guide.
pub(super) struct Part {
    binding: Binding,
    /// Fields that other parts write.
    without: &'static [&'static str],
}

impl Part {
    /// A record at a loop (a path of ids), but for some of its fields.
    pub(super) fn of<R: Record>(
        guide: &'static Guide,
        path: &str,
        without: &'static [&'static str],
    ) -> Result<Self, Error> {
        let binding = Binding::with(guide, path, R::SHAPE, |field| !without.contains(&field));
        let binding = binding.map_err(|error| Error::Json(serde::de::Error::custom(error)))?;
        Ok(Self { binding, without })
    }

    /// Writes a record as segments.
    pub(super) fn render<R: Record>(
        &self,
        style: &Style,
        start: Start,
        record: &R,
        buffers: &mut Buffers,
    ) -> Result<Written, Error> {
        let writer = Writer::with(&self.binding, style, start, std::mem::take(buffers)).ignoring(self.without);
        let written = writer.write_record(record)?;
        *buffers = writer.into_buffers();
        Ok(written)
    }
}

/// A guide that comes with the program.
pub(super) fn guide(name: &str) -> Result<&'static Guide, Error> {
    match guide::by_name(name) {
        Some(Ok(guide)) => Ok(guide),
        Some(Err(error)) => Err(error.clone().into()),
        None => Err(Error::Json(serde::de::Error::custom(format!("there is no guide {name}")))),
    }
}
