//! The answer to an interchange: its TA1, and the interchange that all answers travel in.

use std::io::Write;

use super::{
    Error, Notice, Options, Owed, Severity, Summary,
    functional::GroupAnswers,
    output::{Output, party},
};
use crate::{
    check::{self, Answer, Finding, InterchangeOutcome},
    claims::{InterchangeAcknowledgment, InterchangeEnvelope, InterchangeHeader},
    document::interchange_guide,
    record::{Date, Text, Time, write::Style},
    x12::{Delimiters, OnDelimiter},
};

/// An interchange that is being answered.
pub(super) struct Interchange {
    style: Style,
    /// TA105 of the first error.
    error: Option<&'static str>,
    /// TA105 of the first error that the partner lets pass.
    remark: Option<&'static str>,
    /// Functional groups that have ended.
    pub(super) groups: Vec<GroupAnswers>,
}

impl Interchange {
    pub(super) fn new(received: &InterchangeOutcome) -> Self {
        Self { style: style(received.delimiters), error: None, remark: None, groups: Vec::new() }
    }

    /// How its answers are spelled: with its own separators, where they can be kept.
    pub(super) fn style(&self) -> &Style {
        &self.style
    }

    pub(super) fn finding(&mut self, finding: &Finding) {
        if finding.answer() != Answer::Interchange {
            return;
        }
        match (finding.severity, finding.rule.severity) {
            (check::Severity::Error, _) => self.error.get_or_insert(finding.codes.ta1.unwrap_or("022")),
            (check::Severity::Warning, check::Severity::Error) => {
                self.remark.get_or_insert(finding.codes.ta1.unwrap_or("022"))
            }
            _ => return,
        };
    }

    /// Rejects it with a note (TA105), unless it is rejected already.
    pub(super) fn refuse(&mut self, note: &'static str) {
        self.error.get_or_insert(note);
    }

    /// Writes the answers to it.
    pub(super) fn answer(
        mut self,
        received: &InterchangeOutcome,
        options: &Options,
        (next, next_group): &mut (u32, u32),
        output: &mut impl Write,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        let element = |n: usize| received.header.get(n - 1).map_or("", |element| element.as_str());
        let rejected = received.refused || self.error.is_some();
        let due = match options.kinds.interchange {
            Owed::Never => false,
            Owed::IfDue => rejected || element(14) == "1",
            Owed::Always => true,
        };
        if rejected && !self.groups.is_empty() {
            if !due {
                let message = format!(
                    "the interchange {} is rejected (TA1 note {}): its groups and claims get no answer",
                    element(13),
                    self.error.unwrap_or("022")
                );
                let severity = Severity::Error;
                summary.notices.push(Notice { severity, offset: 0, transaction: String::new(), position: 0, message });
            }
            self.groups.clear();
        }
        let groups: Vec<_> = self.groups.drain(..).map(|group| group.selected(options)).collect();
        if !due && groups.iter().all(GroupAnswers::is_empty) {
            return Ok(());
        }
        summary.interchanges += u64::from(due);
        summary.rejects |= due && rejected;
        let control = format!("{:09}", *next);
        *next = next.saturating_add(1);
        let envelope = InterchangeEnvelope {
            header: self.header(received, options, control.as_str().into()),
            acknowledgments: if due { vec![self.acknowledgment(received, options, rejected)] } else { Vec::new() },
            ..InterchangeEnvelope::default()
        };
        let mut output = Output::begin(output, &self.style, options.created, &envelope, next_group)?;
        for group in &groups {
            group.write_functional(&mut output, &self.style, summary)?;
        }
        for group in groups {
            group.write_claims(&mut output, options, &control, summary)?;
        }
        output.end()
    }

    fn header(&self, received: &InterchangeOutcome, options: &Options, control_number: Text) -> InterchangeHeader {
        let element = |n: usize| received.header.get(n - 1).map_or("", |element| element.as_str());
        let kind = |n| if is_qualifier(element(n)) { element(n).into() } else { "ZZ".into() };
        InterchangeHeader {
            authorization_kind: "00".into(),
            security_kind: "00".into(),
            sender_kind: kind(7),
            sender: party(element(8)),
            receiver_kind: kind(5),
            receiver: party(element(6)),
            date: Some(options.created.0),
            time: Some(options.created.1),
            version: "00501".into(),
            control_number,
            acknowledgment_requested: Some(false),
            usage: if element(15) == "P" { "P".into() } else { "T".into() },
            ..InterchangeHeader::default()
        }
    }

    fn acknowledgment(
        &self,
        received: &InterchangeOutcome,
        options: &Options,
        rejected: bool,
    ) -> InterchangeAcknowledgment {
        let element = |n: usize| received.header.get(n - 1).map_or("", |element| element.as_str());
        let number = element(13);
        let is_number = number.len() == 9 && number.bytes().all(|byte| byte.is_ascii_digit());
        let (status, note) = match (self.error, self.remark) {
            (Some(note), _) => ("R", note),
            (None, _) if rejected => ("R", "022"),
            (None, Some(note)) => ("E", note),
            (None, None) => ("A", "000"),
        };
        InterchangeAcknowledgment {
            // What is no control number cannot be repeated in a place for one.
            control_number: if is_number { number.into() } else { "000000000".into() },
            date: Some(short_date(element(9)).unwrap_or(options.created.0)),
            time: Some(time(element(10)).unwrap_or(options.created.1)),
            status: status.into(),
            note: note.into(),
        }
    }
}

/// Whether ISA05 and ISA07 take a code.
fn is_qualifier(code: &str) -> bool {
    let Ok(guide) = interchange_guide() else { return false };
    let mut segments = guide.nodes().filter_map(|node| guide.segment(node));
    let qualifier = segments.find(|segment| segment.id == "ISA").and_then(|header| header.element(5, 0));
    qualifier.is_some_and(|qualifier| qualifier.codes.iter().any(|known| known == code))
}

/// The separators of an interchange, if answers can be written with them: they must differ and be no characters
/// of what an answer says by itself. What it repeats of the interchange does not hold them.
fn style(received: Delimiters) -> Style {
    let usable = |byte: u8| !byte.is_ascii_alphanumeric() && byte != 0 && !b" .-".contains(&byte);
    let repetition = received
        .repetition
        .filter(|byte| usable(*byte))
        .or_else(|| [b'^', b'!', b'|'].into_iter().find(|byte| !received.contains(*byte)));
    let kept = Delimiters { repetition, ..received };
    let all = [Some(kept.element), kept.component, kept.repetition, Some(kept.segment)];
    let differ = all.iter().enumerate().all(|(at, one)| all.iter().skip(at + 1).all(|other| one != other));
    let delimiters =
        if differ && all.iter().all(|byte| byte.is_some_and(usable)) { kept } else { Delimiters::default() };
    // One of five is none of the four separators.
    let instead = b"?/=,+".iter().copied().find(|byte| !delimiters.contains(*byte)).unwrap_or(b'?');
    let breaks = matches!(delimiters.segment, b'\n' | b'\r');
    Style {
        delimiters,
        line_break: if breaks { Vec::new() } else { b"\n".to_vec() },
        on_delimiter: OnDelimiter::Replace(instead),
    }
}

/// YYMMDD, which from 70 on is of the last century.
fn short_date(text: &str) -> Option<Date> {
    let number = |from: usize| text.get(from..from + 2)?.parse::<i8>().ok();
    let year = i16::from(number(0)?);
    (text.len() == 6).then(|| Date::new(year + if year < 70 { 2000 } else { 1900 }, number(2)?, number(4)?).ok())?
}

/// HHMM
fn time(text: &str) -> Option<Time> {
    let number = |from: usize| text.get(from..from + 2)?.parse::<u8>().ok();
    (text.len() == 4).then(|| Time::new(number(0)?, number(2)?))?
}
