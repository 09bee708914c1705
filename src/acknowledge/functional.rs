//! The answer to a functional group: the 999.

use std::{
    collections::{HashMap, HashSet},
    io::Write,
    mem,
    sync::OnceLock,
};

use super::{
    Error, Options, Summary,
    batch::Report,
    is_plain,
    output::{OPEN, Output, Part, Parties, guide},
    text,
};
use crate::{
    check::{Answer, Finding, GroupOutcome, Scope, Severity, TransactionOutcome, Trigger},
    claims::{
        BusinessUnit, ElementError, FunctionalAcknowledgment, SegmentContext, SegmentError, TransactionAcknowledgment,
    },
    guide::dictionary,
    record::{
        Decimal, Text,
        write::{Added, Buffers, Start, Style},
    },
    x12::Delimiters,
};

/// Most errors listed of one segment.
const MOST_ELEMENTS: usize = 100;
/// Most codes in an IK5 or AK9.
const MOST_CODES: usize = 5;

/// IK301 of what is no segment id.
const NO_ID: &str = "ZZZ";

/// What the 999 will say of a transaction set.
pub(super) struct Set {
    head: TransactionAcknowledgment,
    segments: Vec<SegmentError>,
    /// Where a segment (position, id, IK304) stands among them.
    at: HashMap<(u32, Text, &'static str), usize>,
    /// IK502 and so on.
    codes: Vec<&'static str>,
    left_out: u64,
    rejected: bool,
    /// What the claims of the set are named by in a CTX, and the value if it is one for all of them.
    unit: (&'static str, Option<Text>),
}

impl Set {
    pub(super) fn new(set: &TransactionOutcome, group: &Group) -> Self {
        let is_kind = takes("AK2", &set.set);
        let head = TransactionAcknowledgment {
            // What is no kind of transaction set goes by the kind of its group.
            kind: if is_kind { set.set.clone() } else { group.sets_are().into() },
            control_number: number(&set.control_number, 4, 9),
            guide: (!set.convention.is_empty()).then(|| text(set.convention.as_bytes(), 35)),
            ..TransactionAcknowledgment::default()
        };
        let unit = match set.guide.map(|guide| guide.set.as_str()) {
            Some("837") => "CLM01",
            Some("835" | "277") => "TRN02",
            _ => "",
        };
        Self {
            head,
            segments: Vec::new(),
            at: HashMap::new(),
            codes: if is_kind { Vec::new() } else { vec!["6"] },
            left_out: 0,
            rejected: !is_kind,
            unit: (unit, None),
        }
    }

    /// Whether it cannot be accepted any more.
    pub(super) fn is_rejected(&self) -> bool {
        self.rejected
    }

    /// Findings that were too many to list.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// A claim has ended: the claim payments of an 835 go by the trace number of the payment.
    pub(super) fn claim(&mut self, scope: Scope<'_>) {
        if self.unit.1.is_none() && self.head.kind == "835" {
            let trace = scope.up("").and_then(|set| set.segment("TRN"));
            self.unit.1 = trace.map(|trace| text(trace.element(2), 35));
        }
    }

    pub(super) fn finding(&mut self, finding: &Finding, options: &Options) {
        // A warning that was an error before the partner turned it down is noted; other warnings are not.
        let counts = match finding.severity {
            Severity::Error => true,
            Severity::Warning => finding.rule.severity == Severity::Error,
            Severity::Info => false,
        };
        if !counts || finding.answer() != Answer::Set {
            return;
        }
        self.rejected |= finding.severity == Severity::Error;
        let codes = &finding.codes;
        let (segment, element) = match (codes.ik3, codes.ik4, codes.ik5) {
            (Some(segment), element, _) => (Some(segment), element),
            (None, Some(element), _) => (Some("8"), Some(element)),
            (None, None, Some(_)) => (None, None),
            // Rules that have no code of their own in a 999, such as sums of an 835.
            (None, None, None) if finding.place.missing => (Some("I6"), None),
            (None, None, None) if finding.place.element == 0 => (Some("2"), None),
            (None, None, None) => (Some("8"), Some("I12")),
        };
        self.code(codes.ik5.unwrap_or(match segment.or(element) {
            Some(code) if code.starts_with('I') => "I5",
            _ => "5",
        }));
        if let Some(code) = segment.filter(|_| finding.place.position > 0) {
            self.segment(finding, code, element, options);
        }
    }

    /// Rejects the set for a segment, whatever is found in it.
    pub(super) fn refuse(&mut self, error: SegmentError, options: &Options) {
        self.rejected = true;
        let codes = error.elements.iter().map(|element| &element.error).chain([&error.error]);
        let is_of_guide = codes.into_iter().any(|code| code.starts_with('I'));
        self.code(if is_of_guide { "I5" } else { "5" });
        if self.segments.len() < options.most_segments {
            self.segments.push(error);
        } else {
            self.left_out += 1;
        }
    }

    fn code(&mut self, code: &'static str) {
        if self.codes.len() < MOST_CODES && !self.codes.contains(&code) {
            self.codes.push(code);
        }
    }

    fn segment(&mut self, finding: &Finding, code: &'static str, element: Option<&'static str>, options: &Options) {
        let place = &finding.place;
        let key = (place.position, place.segment.clone(), code);
        let known = self.at.get(&key).copied();
        if known.is_none() && self.segments.len() >= options.most_segments {
            self.left_out += 1;
            return;
        }
        let at = known.unwrap_or_else(|| {
            self.segments.push(SegmentError {
                segment: segment_id(&place.segment),
                position: Some(place.position),
                loop_id: Some(place.loop_id()).filter(|id| !matches!(*id, "" | "ST" | "GS")).map(Text::from),
                error: code.into(),
                business_unit: self.unit(finding),
                ..SegmentError::default()
            });
            self.at.insert(key, self.segments.len() - 1);
            self.segments.len() - 1
        });
        let Some(segment) = self.segments.get_mut(at) else { return };
        let context = finding.trigger.as_ref().map(context);
        let Some((code, element)) = element.and_then(|code| Some((code, position(finding, code)?))) else {
            segment.contexts.extend(context.filter(|context| !segment.contexts.contains(context)));
            return;
        };
        let optional = |number: u32| (number > 0).then_some(number);
        let error = ElementError {
            element: Some(element),
            component: optional(place.component.into()),
            repetition: optional(place.repetition.into()),
            element_number: element_number(&place.segment, element, place.component),
            error: code.into(),
            value: if options.values { value(finding) } else { None },
            contexts: context.into_iter().collect(),
            ..ElementError::default()
        };
        let is_same = |other: &ElementError| {
            other.error == error.error
                && (other.element, other.component, other.repetition)
                    == (error.element, error.component, error.repetition)
        };
        if segment.elements.iter().any(is_same) {
            return;
        }
        if segment.elements.len() < MOST_ELEMENTS {
            segment.elements.push(error);
        } else {
            self.left_out += 1;
        }
    }

    /// The claim that a finding is in.
    fn unit(&self, finding: &Finding) -> Vec<BusinessUnit> {
        let (place, value) = &self.unit;
        let value = value.clone().unwrap_or_else(|| text(finding.claim.as_bytes(), 35));
        if finding.claim.is_empty() || place.is_empty() || value.is_empty() {
            return Vec::new();
        }
        vec![BusinessUnit { place: (*place).into(), value: Some(value) }]
    }

    /// What is said of the set as a whole.
    fn answer(mut self, delimiters: Delimiters) -> TransactionAcknowledgment {
        // Errors of elements are said element by element. Where none can be named, as when a line break stands in
        // a segment's id, what else is said of the segment has to do.
        let said: HashSet<_> = self.segments.iter().filter(|one| one.error != "8").map(|one| one.position).collect();
        self.segments.retain(|one| one.error != "8" || !one.elements.is_empty() || !said.contains(&one.position));
        self.segments.sort_by_key(|segment| segment.position);
        for segment in &mut self.segments {
            if segment.error == "8" && segment.elements.is_empty() {
                segment.error = if segment.segment == NO_ID { "1".into() } else { "2".into() };
            }
            segment.elements.sort_by_key(|error| (error.element, error.repetition, error.component));
            for error in &mut segment.elements {
                error.value = error.value.take().and_then(|value| spoken(&value, delimiters));
            }
            segment.business_unit.retain_mut(|unit| {
                unit.value = unit.value.take().and_then(|value| spoken(&value, delimiters));
                unit.value.is_some()
            });
        }
        let status = match (self.rejected, self.codes.is_empty()) {
            (true, _) => "R",
            (false, false) => "E",
            (false, true) => "A",
        };
        TransactionAcknowledgment {
            segments: self.segments,
            status: status.into(),
            errors: self.codes.into_iter().map(Text::from).collect(),
            ..self.head
        }
    }
}

/// A functional group that is being answered.
pub(super) struct Group {
    head: FunctionalAcknowledgment,
    parties: Parties,
    /// The loops 2000 of the answer.
    sets: Vec<u8>,
    segments: u64,
    reports: Vec<Report>,
    accepted: u32,
    noted: bool,
    at_fault: bool,
    codes: Vec<&'static str>,
    buffers: Buffers,
}

impl Group {
    /// `None` for groups that no 999 answers: acknowledgments, other releases, other business.
    pub(super) fn new(group: &GroupOutcome) -> Option<Self> {
        if !takes("AK1", &group.kind) || !group.version.starts_with("005010") {
            return None;
        }
        let head = FunctionalAcknowledgment {
            group_kind: group.kind.as_str().into(),
            group_control_number: number(&group.control_number, 1, 9),
            group_guide: text(group.version.as_bytes(), 12),
            ..FunctionalAcknowledgment::default()
        };
        Some(Self {
            head,
            parties: Parties::answering(&group.sender, &group.receiver),
            sets: Vec::new(),
            segments: 0,
            reports: Vec::new(),
            accepted: 0,
            noted: false,
            at_fault: false,
            codes: Vec::new(),
            buffers: Buffers::default(),
        })
    }

    /// ST01 of the transaction sets that belong into it.
    fn sets_are(&self) -> &'static str {
        match self.head.group_kind.as_str() {
            "HP" => "835",
            "HN" => "277",
            "HB" => "271",
            "HS" => "270",
            "HI" => "278",
            "HR" => "276",
            "RA" => "820",
            "BE" => "834",
            _ => "837",
        }
    }

    pub(super) fn finding(&mut self, finding: &Finding) {
        if finding.severity != Severity::Error || finding.answer() != Answer::Group {
            return;
        }
        self.refuse(finding.codes.ak9);
    }

    /// Rejects it, whatever is found in it.
    pub(super) fn refuse(&mut self, code: Option<&'static str>) {
        self.at_fault = true;
        if let Some(code) = code.filter(|code| !self.codes.contains(code))
            && self.codes.len() < MOST_CODES
        {
            self.codes.push(code);
        }
    }

    /// A transaction set has ended; `batch` is what the 277CA will say of its claims.
    pub(super) fn set(&mut self, set: Set, batch: Option<Report>, style: &Style) -> Result<(), Error> {
        let answer = set.answer(style.delimiters);
        self.accepted += u32::from(answer.status != "R");
        self.noted |= answer.status == "E";
        if answer.status != "R" {
            self.reports.extend(batch);
        }
        let written = parts()?.set.render(style, Start::default(), &answer, &mut self.buffers)?;
        self.sets.extend_from_slice(&written.bytes);
        self.segments += u64::from(written.segments);
        self.buffers.reuse(written.bytes);
        Ok(())
    }

    /// The group has ended.
    pub(super) fn end(mut self, group: &GroupOutcome) -> GroupAnswers {
        if self.at_fault {
            self.reports.clear();
            self.accepted = 0;
        }
        let status = match (group.received, self.accepted) {
            _ if self.at_fault => "R",
            (1.., 0) => "R",
            (received, accepted) if accepted < received => "P",
            _ if self.noted => "E",
            _ => "A",
        };
        let stated = group.stated.parse::<u32>().ok().filter(|stated| *stated < 1_000_000);
        let head = FunctionalAcknowledgment {
            status: status.into(),
            included: Some(Decimal::from(stated.unwrap_or(group.received))),
            received: Some(Decimal::from(group.received)),
            accepted: Some(Decimal::from(self.accepted)),
            errors: mem::take(&mut self.codes).into_iter().map(Text::from).collect(),
            ..self.head
        };
        GroupAnswers {
            functional: Some(Functional { head, sets: self.sets, segments: self.segments }),
            reports: self.reports,
            parties: self.parties,
        }
    }
}

/// A functional group with all that answers it.
pub(super) struct GroupAnswers {
    functional: Option<Functional>,
    reports: Vec<Report>,
    parties: Parties,
}

/// A 999 that has been made.
struct Functional {
    head: FunctionalAcknowledgment,
    sets: Vec<u8>,
    segments: u64,
}

impl GroupAnswers {
    /// What of it is asked for.
    pub(super) fn selected(mut self, options: &Options) -> Self {
        if !options.kinds.functional {
            self.functional = None;
        }
        if !options.kinds.claims {
            self.reports.clear();
        }
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.functional.is_none() && self.reports.is_empty()
    }

    /// Writes the 999.
    pub(super) fn write_functional<W: Write>(
        &self,
        output: &mut Output<'_, W>,
        style: &Style,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        let Some(Functional { head, sets, segments }) = &self.functional else { return Ok(()) };
        let (guide, parts) = (guide("999")?, parts()?);
        let control = output.set(guide, &self.parties)?;
        let head = FunctionalAcknowledgment {
            control_number: control.into(),
            guide: guide.id.as_str().into(),
            ..head.clone()
        };
        let mut buffers = Buffers::default();
        let begin = parts.head.render(style, OPEN, &head, &mut buffers)?;
        output.put(&begin.bytes, begin.segments.into())?;
        output.put(sets, *segments)?;
        let start = Start { added: Added::Nothing, ..Start::default() };
        let end = parts.tail.render(style, start, &head, &mut buffers)?;
        output.put(&end.bytes, end.segments.into())?;
        summary.groups += 1;
        summary.rejects |= head.status == "R" || head.status == "P";
        Ok(())
    }

    /// Writes the 277CAs.
    pub(super) fn write_claims<W: Write>(
        self,
        output: &mut Output<'_, W>,
        options: &Options,
        interchange: &str,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        for report in self.reports {
            summary.batches += 1;
            summary.rejects |= report.rejects();
            let reference = format!("{interchange}{:04}", summary.batches % 10_000);
            report.write(output, &self.parties, options, &reference)?;
        }
        Ok(())
    }
}

/// The parts that a 999 is written in.
struct Parts {
    head: Part,
    set: Part,
    tail: Part,
}

fn parts() -> Result<&'static Parts, Error> {
    const HEAD: &[&str] = &["control_number", "guide", "group_kind", "group_control_number", "group_guide"];
    const TAIL: &[&str] = &["status", "included", "received", "accepted", "errors"];
    static PARTS: OnceLock<Parts> = OnceLock::new();
    if let Some(parts) = PARTS.get() {
        return Ok(parts);
    }
    let guide = guide("999")?;
    let made = Parts {
        head: Part::of::<FunctionalAcknowledgment>(guide, "", TAIL)?,
        set: Part::of::<TransactionAcknowledgment>(guide, "2000", &[])?,
        tail: Part::of::<FunctionalAcknowledgment>(guide, "", HEAD)?,
    };
    Ok(PARTS.get_or_init(|| made))
}

/// Whether the first element of a segment of the 999 takes a code.
fn takes(segment: &str, code: &str) -> bool {
    let Ok(guide) = guide("999") else { return false };
    let mut uses = guide.nodes().filter_map(|node| guide.segment(node)).filter(|one| one.id == segment);
    let first = uses.find_map(|one| one.element(1, 0));
    first.is_some_and(|first| first.codes.iter().any(|known| known == code))
}

/// A control number as received, as far as its place in the answer takes it.
fn number(received: &str, least: usize, most: usize) -> Text {
    let number = text(received.as_bytes(), most);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    match least {
        1 if !is_number => "0".into(),
        _ if number.chars().count() < least => format!("{number:0>least$}").into(),
        _ => number,
    }
}

/// IK301: what is no segment id cannot be repeated.
fn segment_id(id: &str) -> Text {
    let fits = (2..=3).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if fits { id.into() } else { NO_ID.into() }
}

/// IK401-1: the element at fault; of elements too many, the first.
fn position(finding: &Finding, code: &str) -> Option<u32> {
    match finding.place.element {
        0 if code == "3" && finding.rule.id == "elements" => {
            let count = dictionary().ok()?.segment_elements(&finding.place.segment).len();
            u32::try_from(count + 1).ok()
        }
        0 => None,
        element => Some(element.into()),
    }
}

fn element_number(segment: &str, element: u32, component: u8) -> Option<u32> {
    let element = dictionary().ok()?.data_element(segment, u8::try_from(element).ok()?, component)?;
    element.number.parse().ok()
}

/// IK404: what stood there, unless it cannot be repeated as it was.
fn value(finding: &Finding) -> Option<Text> {
    let value = finding.value.as_ref()?;
    let shown = !value.is_empty() && value.bytes().all(is_plain);
    shown.then(|| text(value.as_bytes(), 99)).filter(|value| !value.is_empty())
}

/// Data as far as an answer with these separators can repeat it.
fn spoken(value: &str, delimiters: Delimiters) -> Option<Text> {
    let separates = |character: char| u8::try_from(character).is_ok_and(|byte| delimiters.contains(byte));
    let clean: Text = value.chars().map(|character| if separates(character) { ' ' } else { character }).collect();
    Some(Text::from(clean.trim())).filter(|clean| !clean.is_empty())
}

fn context(trigger: &Trigger) -> SegmentContext {
    let optional = |number: u8| (number > 0).then_some(u32::from(number));
    SegmentContext {
        segment: trigger.segment.clone(),
        position: Some(trigger.position),
        loop_id: (!trigger.loop_id.is_empty()).then(|| trigger.loop_id.clone()),
        element: optional(trigger.element),
        component: optional(trigger.component),
        repetition: None,
        element_number: None,
    }
}
