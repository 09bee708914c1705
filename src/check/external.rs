//! Codes of external lists: SNIP level 5.
//!
//! They are judged when their loop closes, since the day that counts often follows the code.

use std::collections::HashMap;

use jiff::civil::Date;

use super::{
    found::Found,
    rule::{Rule, rules},
    scope::{Held, Scope, places},
};
use crate::{
    codes::{Judge, Own, Ruling, Verdict},
    guide::{ElementUse, Guide, NodeId, Place as Node, SegmentUse},
};

rules! {
    // Test files are full of numbers that nobody has; a partner who wants them refused says so.
    NPI = Rule::warning(5, "ELM12", "npi").by_place()
        .says("is no National Provider Identifier: its check digit or its form is wrong", "look the number up and correct it; an NPI is ten digits and begins with 1 or 2");
    FORM = Rule::warning(5, "ELM14", "code-form").by_place()
        .says("does not have the form of its codes", "write the code as its publisher does, without points, hyphens and blanks");
    DIAGNOSIS_FORM = Rule::error(5, "HI05", "diagnosis-form").by_place()
        .says("does not have the form of a diagnosis or procedure code", "write the code without its point and with all of its characters");
    UNKNOWN = Rule::warning(5, "HI05", "unknown-code").by_place()
        .says("is not in the code list at hand", "look the code up in the list of its publisher; it may be newer than the list here");
    NOT_BILLABLE = Rule::error(5, "HI05", "not-billable").by_place()
        .says("is a heading, not a code that can be billed", "send the code below it that says more, with all of its characters");
    EXPIRED = Rule::error(5, "HI05", "code-date").by_place()
        .says("is a code that is not valid on the day of service", "use the code that is valid on that day");
}

places! {
    STATEMENT = "2300" / "DTP[434]";
    CLAIM_LINE = "2300" / "2400";
    CLAIM_DATE = "2300" / "DTP[472]";
    SERVICE = "2400" / "DTP[472]";
}

/// The elements of a guide that hold codes of external lists, by the loop they stand in.
#[derive(Debug)]
pub(super) struct External {
    loops: HashMap<NodeId, Vec<(NodeId, Vec<Coded>)>>,
}

/// An element that holds such a code.
#[derive(Debug)]
struct Coded {
    element: u8,
    component: u8,
    /// Element and component that choose among the lists; zeros if none does.
    qualifier: (u8, u8),
    judge: Judge,
    is_npi: bool,
    is_diagnosis: bool,
}

impl External {
    /// The coded elements of a guide; of a companion the partner's lists beside the guide's.
    pub(super) fn of(guide: &Guide, own: &Own) -> Self {
        let mut loops: HashMap<NodeId, Vec<(NodeId, Vec<Coded>)>> = HashMap::new();
        for node in guide.nodes() {
            let Node::Segment(segment) = guide.place(node) else { continue };
            let coded: Vec<Coded> =
                segment.elements.iter().filter_map(|element| Coded::of(segment, element, own)).collect();
            if !coded.is_empty() {
                loops.entry(guide.parent(node)).or_default().push((node, coded));
            }
        }
        Self { loops }
    }

    /// Judges the codes of a loop that closes.
    #[inline]
    pub(super) fn judge(&self, scope: Scope<'_>, found: &mut Found<'_>) {
        let Some(parts) = self.loops.get(&scope.node()) else { return };
        let mut day = None;
        for (node, coded) in parts {
            for held in scope.all_of(*node) {
                let day = *day.get_or_insert_with(|| service_day(scope));
                for one in coded {
                    one.judge(held, day, found);
                }
            }
        }
    }
}

impl Coded {
    fn of(segment: &SegmentUse, element: &ElementUse, own: &Own) -> Option<Self> {
        if element.lists.is_empty() {
            return None;
        }
        let judge = Judge::new(&element.lists, own).ok()?;
        let number = judge.qualified_by().map(|number| number.to_string());
        let qualifier = segment.elements.iter().find(|other| {
            let beside = if element.component == 0 { other.component == 0 } else { other.position == element.position };
            beside && Some(&other.data.number) == number.as_ref()
        });
        // Where the composite has none, the segment may have it.
        let qualifier = qualifier.or_else(|| {
            segment.elements.iter().find(|other| other.component == 0 && Some(&other.data.number) == number.as_ref())
        });
        Some(Self {
            element: element.position,
            component: element.component,
            qualifier: qualifier.map_or((0, 0), |other| (other.position, other.component)),
            is_npi: element.lists.iter().any(|list| list == "npi"),
            is_diagnosis: element.lists.iter().any(|list| list.starts_with("icd-")),
            judge,
        })
    }

    fn judge(&self, held: Held<'_>, day: Option<Date>, found: &mut Found<'_>) {
        let element = held.element(usize::from(self.element));
        if element.is_empty() {
            return;
        }
        let delimiters = held.segment.delimiters();
        let repetitions = match delimiters.repetition {
            Some(separator) if element.contains(&separator) => element.split(|byte| *byte == separator).count(),
            _ => 1,
        };
        for repetition in 1..=repetitions {
            let of = |(at, component): (u8, u8)| -> &[u8] {
                let whole = held.element(usize::from(at));
                let one = match delimiters.repetition {
                    Some(separator) if repetitions > 1 && at == self.element => {
                        whole.split(|byte| *byte == separator).nth(repetition - 1).unwrap_or_default()
                    }
                    _ => whole,
                };
                match component {
                    0 => one,
                    component => {
                        let mut parts = one.split(|byte| Some(*byte) == delimiters.component);
                        parts.nth(usize::from(component) - 1).unwrap_or_default()
                    }
                }
            };
            let value = of((self.element, self.component));
            let qualifier = if self.qualifier.0 == 0 { b"" } else { of(self.qualifier) };
            if self.is_npi && !matches!(held.element(8), b"" | b"XX") && held.segment.id() == b"NM1" {
                continue;
            }
            if !value.is_empty() {
                let ruling = self.judge.judge(qualifier, value, day);
                if !matches!(ruling.verdict, Verdict::Known | Verdict::Unjudged) {
                    let repetition = if repetitions > 1 { repetition as u16 } else { 0 };
                    self.say(ruling, held, repetition, day, found);
                }
            }
        }
    }

    #[cold]
    fn say(&self, ruling: Ruling<'_>, held: Held<'_>, repetition: u16, day: Option<Date>, found: &mut Found<'_>) {
        let (form, edition) = ruling.set.map_or(("", ""), |set| (set.form(), set.edition()));
        // Of services before the list was made it may not know all codes.
        let is_older = day
            .zip(ruling.set.and_then(|set| set.as_of()))
            .is_some_and(|(day, made)| made.checked_sub(jiff::Span::new().years(1)).is_ok_and(|made| day < made));
        let (rule, detail) = match ruling.verdict {
            _ if self.is_npi => (&NPI, String::new()),
            Verdict::Malformed if self.is_diagnosis => (&DIAGNOSIS_FORM, form.to_owned()),
            Verdict::Malformed => (&FORM, form.to_owned()),
            Verdict::NotBillable if is_older => (&UNKNOWN, format!("a heading in {edition}")),
            Verdict::NotBillable => (&NOT_BILLABLE, edition.to_owned()),
            Verdict::NotYet(day) => (&EXPIRED, format!("valid from {day}, {edition}")),
            Verdict::NoLonger(day) => (&EXPIRED, format!("valid until {day}, {edition}")),
            _ => (&UNKNOWN, edition.to_owned()),
        };
        let said = found.repetition(rule, held, (self.element, self.component, repetition));
        if !detail.is_empty() {
            said.detail(detail);
        }
    }
}

/// The day of service that codes of a loop are valid on or not, where the claim says one.
fn service_day(scope: Scope<'_>) -> Option<Date> {
    let line = scope.up("2400");
    let claim = scope.up("2300")?;
    let period = |held: Held<'_>| held.period(2, 3);
    line.and_then(|line| period(line.first(&SERVICE)?))
        .map(|(from, _)| from)
        .or_else(|| claim.first(&STATEMENT).and_then(period).map(|(_, through)| through))
        .or_else(|| claim.first(&CLAIM_DATE).and_then(period).map(|(from, _)| from))
        .or_else(|| period(claim.inner(&CLAIM_LINE)?.first(&SERVICE)?).map(|(from, _)| from))
}
