//! Findings: what is wrong, and where.

use std::sync::Arc;

use compact_str::CompactString;

use super::{Codes, Rule, Severity, rule::rules};
use crate::guide::{Guide, NodeId};

rules! {
    JSON_LINE = Rule::error(1, "JSON", "json.line")
        .says("what the JSON says here cannot be read as a claim", "correct the field that is named; `claimwire guides --format json-schema` says what each one holds");
}

/// A rule that a file breaks at a place.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// The rule's severity, or what the partner made of it.
    pub severity: Severity,
    /// What an acknowledgment answers: the rule's codes, made exact for the place.
    pub codes: Codes,
    /// The interchange, group and transaction set.
    pub within: Arc<Within>,
    /// CLM01, CLP01 or its like of the claim it stands in; empty outside claims.
    pub claim: CompactString,
    /// Where in the file and in its guide.
    pub place: Place,
    /// What was found and expected, without values of the data: `17 characters, at most 15`.
    pub detail: Option<Box<str>>,
    /// The value, if [`Options::values`](super::Options::values) asks for it.
    pub value: Option<CompactString>,
    /// What the value should have been (a sum, a count), under the same condition.
    pub expected: Option<CompactString>,
    /// The segment and element that made a situational rule hold.
    pub trigger: Option<Trigger>,
}

/// Control numbers around a finding. Empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Within {
    /// ISA13.
    pub interchange: CompactString,
    /// GS06.
    pub group: CompactString,
    /// ST02.
    pub transaction: CompactString,
}

/// Where a finding is.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The guide that the transaction set (or, for envelopes, the interchange) is read by.
    pub guide: Option<&'static Guide>,
    /// The segment use or loop.
    pub node: Option<NodeId>,
    /// Segment id: of what stands there, or of what is missing.
    pub segment: CompactString,
    /// Whether it is about something that does not stand. The positions are then those of the
    /// segment that stands in its place.
    pub missing: bool,
    /// Element, from 1; 0 for the whole segment.
    pub element: u8,
    /// Component, from 1; 0 for the whole element.
    pub component: u8,
    /// Repetition of the element, from 1; 0 where there is only one.
    pub repetition: u16,
    /// Position in the transaction set, ST = 1; 0 outside.
    pub position: u32,
    /// Number of the segment in the file, from 1; of the first, the ISA.
    pub number: u64,
    /// Offset in the file of the segment, or of the element if one is meant.
    pub offset: u64,
    /// Bytes that it is about: of the segment or the element; 0 for something missing.
    pub length: u32,
    /// Line of the file, from 1.
    pub line: u64,
}

/// What made a situational rule hold (CTX of the 999).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Segment id.
    pub segment: CompactString,
    /// Position in the transaction set, ST = 1.
    pub position: u32,
    /// Loop id; empty outside loops.
    pub loop_id: CompactString,
    /// Element, from 1; 0 for the whole segment.
    pub element: u8,
    /// Component, from 1; 0 for the whole element.
    pub component: u8,
}

/// Which acknowledgment answers a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The TA1: it is about the interchange.
    Interchange,
    /// The AK9 of the 999: it is about the functional group.
    Group,
    /// The 999: it is about a transaction set.
    Set,
    /// The 277CA: it is about a claim, whose transaction set is accepted.
    Claim,
}

impl Place {
    /// The id of the loop: `2010AA`; empty outside loops.
    pub fn loop_id(&self) -> &'static str {
        match (self.guide, self.node) {
            (Some(guide), Some(node)) => guide.loop_id(node),
            _ => "",
        }
    }

    /// The designator: `N403`, `CLM05-3`, or the segment id.
    pub fn designator(&self) -> String {
        designator(&self.segment, self.element, self.component)
    }

    /// What the guide calls the element or segment; empty where it does not say.
    pub fn name(&self) -> &'static str {
        let (Some(guide), Some(node)) = (self.guide, self.node) else { return "" };
        // What no place takes is in a loop, or where it should have stood, and has another name.
        let used = guide.first_segment(node).and_then(|first| guide.segment(first));
        if used.is_none_or(|used| self.segment != used.id) {
            return "";
        }
        let element = guide.segment(node).and_then(|segment| segment.element(self.element, self.component));
        element.map_or_else(|| guide.title(node), |element| element.name.as_str())
    }
}

impl Trigger {
    /// The designator: `CLM05-3`, or the segment id.
    pub fn designator(&self) -> String {
        designator(&self.segment, self.element, self.component)
    }
}

fn designator(segment: &str, element: u8, component: u8) -> String {
    match (element, component) {
        (0, _) => segment.to_owned(),
        (element, 0) => format!("{segment}{element:02}"),
        (element, component) => format!("{segment}{element:02}-{component}"),
    }
}

impl Finding {
    /// A line of JSON that cannot be read as a claim or the like, and why.
    pub fn of_json(line: u64, problem: &str) -> Self {
        Self {
            rule: &JSON_LINE,
            severity: JSON_LINE.severity,
            codes: JSON_LINE.codes,
            within: Arc::default(),
            claim: CompactString::default(),
            place: Place { line, ..Place::default() },
            detail: Some(problem.into()),
            value: None,
            expected: None,
            trigger: None,
        }
    }

    /// The rule's name, with the place where that is part of it: `837p.2010aa.n403.length`.
    pub fn rule_id(&self) -> String {
        if !self.rule.by_place {
            return self.rule.id.to_owned();
        }
        let guide = match self.place.guide {
            Some(guide) if guide.set != "TA1" => guide.name.as_str(),
            Some(_) => "envelope",
            None => "x12",
        };
        let loop_id = match self.place.loop_id() {
            "" | "GS" | "ST" => String::new(),
            id => format!("{id}."),
        };
        let place = match self.place.designator() {
            empty if empty.is_empty() => empty,
            designator => format!("{designator}."),
        };
        let mut id = format!("{guide}.{loop_id}{place}{}", self.rule.id);
        id.make_ascii_lowercase();
        id
    }

    /// What is wrong, in a sentence, without values of the data.
    pub fn message(&self) -> String {
        let mut message = String::new();
        if self.rule.by_place {
            let designator = self.place.designator();
            match (self.place.name(), designator.as_str()) {
                ("", "") => message.push_str("what stands here"),
                ("", designator) => message.push_str(designator),
                (name, designator) => message.push_str(&format!("{name} ({designator})")),
            }
            message.push(' ');
        }
        message.push_str(self.rule.title);
        if let Some(detail) = &self.detail {
            message.push_str(": ");
            message.push_str(detail);
        }
        message
    }

    /// Which acknowledgment answers it.
    pub fn answer(&self) -> Answer {
        let codes = &self.codes;
        let has_claims = self.place.guide.is_some_and(|guide| guide.set == "837");
        if self.within.transaction.is_empty() && self.place.position == 0 {
            return if codes.ak9.is_some() { Answer::Group } else { Answer::Interchange };
        }
        // What has a code for the set alone is said of the set: that it is one too many, or has too many claims.
        if codes.ik5.is_some() && codes.ik3.is_none() && codes.ik4.is_none() {
            return Answer::Set;
        }
        // What a claim's contents contradict is said of the claim, not of the file it came in.
        if has_claims && (self.rule.level > 2 || codes.ik3.is_none() && codes.stc.is_some()) {
            return Answer::Claim;
        }
        Answer::Set
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        self.rule.hint
    }
}
