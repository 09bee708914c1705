//! One finding as JSON.

use serde::{Serialize, Serializer};

use super::{
    causes::{Cause, Variant},
    path::{self, Step},
};
use crate::check::{self, Codes, Finding, Severity, Trigger};

/// A finding as it stands in JSON.
pub(super) struct Issue<'r> {
    pub(super) file: &'r str,
    pub(super) finding: &'r Finding,
    pub(super) cause: &'r Cause,
    pub(super) variant: &'r Variant,
    pub(super) steps: &'r [Step],
    /// Whether the file is claims on their own, one a line.
    pub(super) of_lines: bool,
}

#[derive(Serialize)]
struct Written<'r> {
    rule: &'r str,
    snip: u8,
    severity: Severity,
    message: Sentence<'r>,
    hint: &'r str,
    file: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    interchange: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    group: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    transaction: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    claim: &'r str,
    #[serde(skip_serializing_if = "is_zero")]
    segment_position: u32,
    segment_number: u64,
    byte_offset: u64,
    byte_length: u32,
    line: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    r#loop: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    segment: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    element: Option<&'r str>,
    #[serde(skip_serializing_if = "is_zero")]
    repetition: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    missing: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    because_of: Option<Because<'r>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    json_path: String,
    ack: Ack,
}

/// What made a situational rule hold.
#[derive(Serialize)]
struct Because<'r> {
    #[serde(skip_serializing_if = "str::is_empty")]
    r#loop: &'r str,
    element: String,
    segment_position: u32,
}

/// The codes that acknowledgments answer with.
#[derive(Serialize)]
struct Ack {
    ta1: Option<&'static str>,
    ak9: Option<&'static str>,
    ik3: Option<&'static str>,
    ik4: Option<&'static str>,
    ik5: Option<&'static str>,
    stc: Option<Status>,
    /// What comes after the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stc_more: Vec<Status>,
}

impl Serialize for Issue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { file, finding, cause, variant, steps, of_lines } = *self;
        let path = variant.json.fill(steps);
        let Finding { within, claim, place, .. } = finding;
        Written {
            rule: &cause.id,
            snip: cause.rule.level,
            severity: finding.severity,
            message: Sentence { title: &variant.title, detail: finding.detail.as_deref() },
            hint: finding.hint(),
            file,
            interchange: &within.interchange,
            group: &within.group,
            transaction: &within.transaction,
            claim,
            segment_position: place.position,
            segment_number: place.number,
            byte_offset: place.offset,
            byte_length: place.length,
            line: place.line,
            r#loop: place.loop_id(),
            segment: &place.segment,
            element: (place.element > 0).then_some(&variant.designator),
            repetition: if place.element > 0 { u32::from(place.repetition).max(1) } else { 0 },
            missing: place.missing,
            value: finding.value.as_deref(),
            expected: finding.expected.as_deref(),
            because_of: finding.trigger.as_ref().map(Because::of),
            json_path: if of_lines { path::in_line(&path) } else { path },
            ack: Ack::of(finding),
        }
        .serialize(serializer)
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A message, put together while it is written.
struct Sentence<'r> {
    title: &'r str,
    detail: Option<&'r str>,
}

impl Serialize for Sentence<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.detail {
            None => serializer.serialize_str(self.title),
            Some(detail) => serializer.collect_str(&format_args!("{}: {detail}", self.title)),
        }
    }
}

impl<'r> Because<'r> {
    fn of(trigger: &'r Trigger) -> Self {
        Self { r#loop: &trigger.loop_id, element: trigger.designator(), segment_position: trigger.position }
    }
}

impl Ack {
    fn of(finding: &Finding) -> Self {
        let Codes { ta1, ak9, ik5, ik3, ik4, .. } = finding.codes;
        let mut statuses = finding.statuses().map(Status);
        let stc = statuses.next();
        Self { ta1, ak9, ik3, ik4, ik5, stc, stc_more: statuses.collect() }
    }
}

/// `A7:562:85` as `["A7","562","85"]`.
struct Status(check::Status);

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(check::Status { category, code, entity }) = self;
        serializer.collect_seq([*category, *code].into_iter().chain(*entity))
    }
}
