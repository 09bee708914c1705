//! The walk over a file: interchanges, groups, transaction sets.

use std::collections::HashSet;

use super::{Error, Notice, Severity, interchange_guide};
use crate::{
    guide::{self, Guide},
    place::{Fault, FaultKind, Keep, Tape, Walk},
    x12::Segment,
};

/// Walks the segments of a file: envelopes by the interchange's guide, what is in a transaction set
/// by its own.
pub(crate) struct Envelope {
    interchange: Option<Walk<'static>>,
    /// What to keep of transaction sets.
    keep: Keep,
    set: Option<Set>,
    group: Header,
    /// Offsets of HL segments whose parent is not the level around them.
    astray: HashSet<u64>,
    pub(crate) notices: Vec<Notice>,
}

/// The numbers and names of what is open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Header {
    /// ISA13.
    pub(crate) interchange: String,
    /// GS06.
    pub(crate) group: String,
    /// GS08.
    pub(crate) version: String,
    /// ST02.
    pub(crate) transaction: String,
    /// ST01.
    pub(crate) set: String,
}

/// An open transaction set.
struct Set {
    /// Index of its loop's entry on the interchange's tape.
    entry: usize,
    body: Body,
}

enum Body {
    /// By its guide.
    Placed(Box<Walk<'static>>),
    /// As it stands, for want of a guide.
    Plain(Vec<(Vec<u8>, u64)>),
}

/// What the walk hands over.
pub(crate) enum Event<'e> {
    /// A loop closed inside a transaction set.
    Closed { guide: &'static Guide, tape: &'e Tape, entry: usize, astray: &'e HashSet<u64> },
    /// A transaction set ended; `entry` is its loop's on the interchange's tape.
    Set { guide: &'static Guide, tape: Tape, entry: usize, header: &'e Header },
    /// A transaction set without a guide ended.
    Plain { segments: &'e [(Vec<u8>, u64)], entry: usize, header: &'e Header },
    /// An interchange ended.
    Interchange { tape: Tape },
}

impl Envelope {
    pub(crate) fn new(keep: Keep) -> Self {
        Self {
            interchange: None,
            keep,
            set: None,
            group: Header::default(),
            astray: HashSet::new(),
            notices: Vec::new(),
        }
    }

    /// Takes one segment.
    pub(crate) fn push(
        &mut self,
        segment: &Segment<'_>,
        offset: u64,
        receive: &mut impl FnMut(Event<'_>),
    ) -> Result<(), Error> {
        let id = segment.id();
        let inside = self.set.is_some();
        match id {
            b"ISA" => {
                self.end_interchange(offset, receive);
                self.begin_interchange(segment)?;
            }
            b"ST" | b"GS" | b"GE" | b"IEA" if inside => self.end_set(false, offset, receive),
            _ if inside => {
                self.push_inside(segment, offset, receive);
                return Ok(());
            }
            _ => {}
        }
        if self.interchange.is_none() {
            self.begin_interchange(segment)?;
        }
        if id == b"GS" {
            self.group.group = text(segment.element(6));
            self.group.version = text(segment.element(8));
        }
        let Some(walk) = &mut self.interchange else { return Ok(()) };
        walk.push(segment, offset, &mut |_, _, _| {});
        let faults = walk.take_faults();
        let tape = walk.tape();
        let entry = tape.len().saturating_sub(2);
        let placed = tape.entry(tape.len().saturating_sub(1)).is_some_and(|last| !last.is_unplaced());
        self.note(faults, None);
        // Without a place, say after an IEA, the header and all that follows stay as they are.
        if id == b"ST" && placed {
            self.begin_set(segment, entry, offset);
        }
        Ok(())
    }

    /// Bytes held of the open transaction set.
    pub(crate) fn held(&self) -> usize {
        match &self.set {
            Some(Set { body: Body::Placed(walk), .. }) => walk.tape().bytes(),
            _ => 0,
        }
    }

    /// Takes the tape of the open transaction set as it stands; `spare` may be used for the next one.
    pub(crate) fn take(&mut self, spare: Option<Tape>) -> Option<Tape> {
        match &mut self.set {
            Some(Set { body: Body::Placed(walk), .. }) => Some(walk.take(spare)),
            _ => None,
        }
    }

    /// The numbers and names of what is open.
    pub(crate) fn header(&self) -> &Header {
        &self.group
    }

    /// Ends what is still open.
    pub(crate) fn finish(&mut self, offset: u64, receive: &mut impl FnMut(Event<'_>)) {
        self.end_interchange(offset, receive);
    }

    fn begin_interchange(&mut self, segment: &Segment<'_>) -> Result<(), Error> {
        self.interchange = Some(Walk::new(interchange_guide()?, segment.delimiters(), Keep::All));
        self.group = Header {
            interchange: if segment.id() == b"ISA" { text(segment.element(13)) } else { String::new() },
            ..Header::default()
        };
        Ok(())
    }

    fn end_interchange(&mut self, offset: u64, receive: &mut impl FnMut(Event<'_>)) {
        self.end_set(false, offset, receive);
        if let Some(walk) = self.interchange.take() {
            let (tape, faults) = walk.finish(offset, &mut |_, _, _| {});
            self.note(faults, None);
            receive(Event::Interchange { tape });
        }
    }

    fn begin_set(&mut self, segment: &Segment<'_>, entry: usize, offset: u64) {
        self.group.set = text(segment.element(1));
        self.group.transaction = text(segment.element(2));
        let guide = guide::for_set(&self.group.set, &text(segment.element(3)), &self.group.version)
            .and_then(Result::ok)
            .filter(|guide| super::binding(guide).is_some());
        let body = match guide {
            Some(guide) => {
                let mut walk = Walk::new(guide, segment.delimiters(), self.keep);
                walk.push(segment, offset, &mut |_, _, _| {});
                Body::Placed(Box::new(walk))
            }
            None => {
                let version = if self.group.version.is_empty() { "no version" } else { &self.group.version };
                self.notices.push(Notice {
                    severity: Severity::Warning,
                    offset,
                    transaction: self.group.transaction.clone(),
                    position: 1,
                    message: format!(
                        "transaction set {} of {version} has no guide here; its segments are carried as they are",
                        self.group.set
                    ),
                });
                Body::Plain(vec![(segment.bytes().to_vec(), offset)])
            }
        };
        self.set = Some(Set { entry, body });
    }

    fn push_inside(&mut self, segment: &Segment<'_>, offset: u64, receive: &mut impl FnMut(Event<'_>)) {
        let Some(set) = &mut self.set else { return };
        match &mut set.body {
            Body::Placed(walk) => {
                let (guide, astray) = (walk.guide(), &self.astray);
                walk.push(segment, offset, &mut |tape, entry, _| receive(Event::Closed { guide, tape, entry, astray }));
                let faults = walk.take_faults();
                if !faults.is_empty() {
                    self.note(faults, Some(guide));
                }
            }
            Body::Plain(segments) => segments.push((segment.bytes().to_vec(), offset)),
        }
        if segment.id() == b"SE" {
            self.end_set(true, offset, receive);
        }
    }

    fn end_set(&mut self, with_trailer: bool, offset: u64, receive: &mut impl FnMut(Event<'_>)) {
        let Some(set) = self.set.take() else { return };
        if !with_trailer {
            self.notices.push(Notice {
                severity: Severity::Error,
                offset,
                transaction: self.group.transaction.clone(),
                position: 0,
                message: "the transaction set ends without its SE: the file may have been cut off here".into(),
            });
        }
        let header = self.group.clone();
        match set.body {
            Body::Placed(walk) => {
                let guide = walk.guide();
                let astray = std::mem::take(&mut self.astray);
                let (tape, faults) = walk.finish(offset, &mut |tape, entry, _| {
                    receive(Event::Closed { guide, tape, entry, astray: &astray })
                });
                self.note(faults, Some(guide));
                receive(Event::Set { guide, tape, entry: set.entry, header: &header });
            }
            Body::Plain(segments) => {
                receive(Event::Plain { segments: &segments, entry: set.entry, header: &header });
            }
        }
    }

    fn note(&mut self, faults: Vec<Fault>, guide: Option<&Guide>) {
        for fault in faults {
            if fault.kind == FaultKind::WrongParent {
                self.astray.insert(fault.offset);
            }
            // What is merely missing is for checking to judge; here only what could not be placed,
            // and envelopes that do not close.
            let severity = match (fault.kind, guide) {
                (FaultKind::WrongParent, _) => Severity::Error,
                (FaultKind::Missing, Some(_)) | (FaultKind::TooMany, _) => continue,
                (FaultKind::Missing, None) if fault.segment == "GE" || fault.segment == "IEA" => Severity::Error,
                _ => Severity::Warning,
            };
            let message = match (guide, interchange_guide()) {
                (Some(guide), _) => fault.describe(guide),
                (None, Ok(guide)) => fault.describe(guide),
                (None, Err(error)) => error.to_string(),
            };
            let (transaction, position) =
                if guide.is_some() { (self.group.transaction.clone(), fault.position) } else { (String::new(), 0) };
            self.notices.push(Notice { severity, offset: fault.offset, transaction, position, message });
        }
    }
}

fn text(element: &[u8]) -> String {
    String::from_utf8_lossy(element).trim_end().to_owned()
}
