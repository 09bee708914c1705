//! Acknowledgments as they come from others: read segment by segment, whatever else is wrong with them.
//!
//! A 997 of release 004010 says the same as a 999 under other names (AK3, AK4, AK5), and is read into the
//! same records.

use std::io::Read;

use crate::{
    claims::{
        BusinessUnit, ClaimStatus, ElementError, FunctionalAcknowledgment, InterchangeAcknowledgment, LineStatus,
        SegmentContext, SegmentError, Status, StatusCode, TransactionAcknowledgment,
    },
    record::{Date, Decimal, Text, Time},
    x12::{self, Reader, Segment, Token},
};

/// One answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A TA1.
    Interchange(InterchangeAcknowledgment),
    /// A 999, or a 997.
    Group {
        /// ST01.
        set: Text,
        /// What it says.
        answer: Box<FunctionalAcknowledgment>,
    },
    /// A 277CA.
    Batch(Batch),
}

/// A 277CA: what became of a batch, and of its claims.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// 2200B TRN02: BHT03 of the claims.
    pub reference: Text,
    /// What is said of the batch as a whole or of a billing provider.
    pub statuses: Vec<Status>,
    /// What is said of each claim, in their order.
    pub claims: Vec<ClaimStatus>,
}

/// Reads the answers in a file, in their order. What is no answer is passed over.
///
/// # Errors
/// Input that cannot be read or is not X12.
pub fn read(input: impl Read) -> Result<Vec<Answer>, x12::Error> {
    let mut reader = Reader::new(input);
    let mut reading = Reading::default();
    while let Some(token) = reader.next()? {
        if let Token::Segment { segment, .. } = token {
            reading.segment(&segment);
        }
    }
    Ok(reading.answers)
}

#[derive(Default)]
struct Reading {
    answers: Vec<Answer>,
    set: Text,
    /// HL03 of the open level of a 277CA.
    level: Text,
}

impl Reading {
    fn segment(&mut self, segment: &Segment<'_>) {
        match segment.id() {
            b"ISA" | b"GS" | b"SE" => self.set = Text::default(),
            b"ST" => {
                self.set = element(segment, 1);
                self.level = Text::default();
                if self.set == "277" {
                    self.answers.push(Answer::Batch(Batch::default()));
                }
            }
            b"TA1" => self.answers.push(Answer::Interchange(InterchangeAcknowledgment {
                control_number: element(segment, 1),
                date: date(segment.element(2)),
                time: time(segment.element(3)),
                status: element(segment, 4),
                note: element(segment, 5),
            })),
            b"AK1" => {
                let answer = FunctionalAcknowledgment {
                    group_kind: element(segment, 1),
                    group_control_number: element(segment, 2),
                    group_guide: element(segment, 3),
                    ..FunctionalAcknowledgment::default()
                };
                self.answers.push(Answer::Group { set: self.set.clone(), answer: Box::new(answer) });
            }
            _ => match self.answers.last_mut() {
                Some(Answer::Group { answer, .. }) if matches!(self.set.as_str(), "997" | "999") => {
                    functional(answer, segment);
                }
                Some(Answer::Batch(batch)) if self.set == "277" => batch_segment(batch, &mut self.level, segment),
                _ => {}
            },
        }
    }
}

/// A segment of a 999 or 997.
fn functional(answer: &mut FunctionalAcknowledgment, segment: &Segment<'_>) {
    let codes = |from: usize, to: usize| (from..=to).map(|n| element(segment, n)).filter(|code| !code.is_empty());
    match segment.id() {
        b"AK2" => answer.transactions.push(TransactionAcknowledgment {
            kind: element(segment, 1),
            control_number: element(segment, 2),
            guide: optional(segment, 3),
            ..TransactionAcknowledgment::default()
        }),
        b"AK9" => {
            answer.status = element(segment, 1);
            answer.included = decimal(segment, 2);
            answer.received = decimal(segment, 3);
            answer.accepted = decimal(segment, 4);
            answer.errors = codes(5, 9).collect();
        }
        _ => {
            let Some(set) = answer.transactions.last_mut() else { return };
            match segment.id() {
                // AK304 and those after it may all hold codes.
                b"IK3" | b"AK3" => set.segments.extend(codes(4, 8).map(|error| SegmentError {
                    segment: element(segment, 1),
                    position: number(segment.element(2)),
                    loop_id: optional(segment, 3),
                    error,
                    ..SegmentError::default()
                })),
                b"IK5" | b"AK5" => {
                    set.status = element(segment, 1);
                    set.errors = codes(2, 6).collect();
                }
                _ => {
                    if let Some(error) = set.segments.last_mut() {
                        of_segment(error, segment);
                    }
                }
            }
        }
    }
}

/// What follows an IK3.
fn of_segment(error: &mut SegmentError, segment: &Segment<'_>) {
    match segment.id() {
        b"IK4" | b"AK4" => error.elements.push(ElementError {
            element: number(segment.component(1, 1)),
            component: number(segment.component(1, 2)),
            repetition: number(segment.component(1, 3)),
            element_number: number(segment.element(2)),
            error: element(segment, 3),
            value: optional(segment, 4),
            ..ElementError::default()
        }),
        b"CTX" if segment.component(1, 1) == b"SITUATIONAL TRIGGER" => {
            let context = SegmentContext {
                segment: element(segment, 2),
                position: number(segment.element(3)),
                loop_id: optional(segment, 4),
                element: number(segment.component(5, 1)),
                component: number(segment.component(5, 2)),
                ..SegmentContext::default()
            };
            match error.elements.last_mut() {
                Some(element) => element.contexts.push(context),
                None => error.contexts.push(context),
            }
        }
        b"CTX" => {
            let value = Some(bytes(segment.component(1, 2))).filter(|value| !value.is_empty());
            error.business_unit.push(BusinessUnit { place: bytes(segment.component(1, 1)), value });
        }
        _ => {}
    }
}

/// A segment of a 277CA.
fn batch_segment(batch: &mut Batch, level: &mut Text, segment: &Segment<'_>) {
    match (segment.id(), level.as_str()) {
        (b"HL", _) => *level = element(segment, 3),
        (b"TRN", "21") => batch.reference = element(segment, 2),
        (b"STC", "21" | "19") => batch.statuses.push(status(segment)),
        (b"TRN", "PT") => {
            batch.claims.push(ClaimStatus { control_number: element(segment, 2), ..ClaimStatus::default() })
        }
        (_, "PT") => {
            let Some(claim) = batch.claims.last_mut() else { return };
            match (segment.id(), segment.element(1), claim.lines.last_mut()) {
                (b"SVC", ..) => claim.lines.push(LineStatus::default()),
                (b"STC", _, Some(line)) => line.statuses.push(status(segment)),
                (b"STC", ..) => claim.statuses.push(status(segment)),
                (b"REF", b"FJ", Some(line)) => line.control_number = optional(segment, 2),
                (b"REF", b"1K", _) => claim.payer_control_number = optional(segment, 2),
                (b"REF", b"D9", _) => claim.clearinghouse_trace_number = optional(segment, 2),
                _ => {}
            }
        }
        _ => {}
    }
}

fn status(segment: &Segment<'_>) -> Status {
    let code = |n: usize| StatusCode {
        category: bytes(segment.component(n, 1)),
        status: bytes(segment.component(n, 2)),
        entity: Some(bytes(segment.component(n, 3))).filter(|entity| !entity.is_empty()),
    };
    let more = |n: usize| Some(code(n)).filter(|code| !code.category.is_empty());
    Status {
        code: code(1),
        action: element(segment, 3),
        amount: decimal(segment, 4),
        second_code: more(10),
        third_code: more(11),
        message: optional(segment, 12),
        ..Status::default()
    }
}

fn bytes(value: &[u8]) -> Text {
    super::text(value, 200)
}

fn element(segment: &Segment<'_>, n: usize) -> Text {
    bytes(segment.element(n))
}

fn optional(segment: &Segment<'_>, n: usize) -> Option<Text> {
    Some(element(segment, n)).filter(|value| !value.is_empty())
}

fn number(value: &[u8]) -> Option<u32> {
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

fn decimal(segment: &Segment<'_>, n: usize) -> Option<Decimal> {
    std::str::from_utf8(segment.element(n)).ok()?.trim().parse().ok()
}

/// `YYMMDD`.
fn date(value: &[u8]) -> Option<Date> {
    let digits: u32 = std::str::from_utf8(value).ok().filter(|text| text.len() == 6)?.parse().ok()?;
    let part = |at: u32| i8::try_from(digits / at % 100).ok();
    Date::new(2000_i16.checked_add(i16::from(part(10_000)?))?, part(100)?, part(1)?).ok()
}

/// `HHMM`.
fn time(value: &[u8]) -> Option<Time> {
    let digits: u16 = std::str::from_utf8(value).ok().filter(|text| text.len() == 4)?.parse().ok()?;
    Time::new(u8::try_from(digits / 100).ok()?, u8::try_from(digits % 100).ok()?)
}
