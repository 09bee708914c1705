//! Codes of external lists: SNIP level 5.
//!
//! They are judged when their loop closes, since the day that counts often follows the code.

use jiff::civil::Date;

use super::{
    found::Found,
    rule::{Rule, rules},
    scope::{Held, Scope, places},
};
use crate::{
    codes::{Judge, Own, Ruling, Verdict},
    guide::{ElementUse, Guide, NodeId, Place as Node, SegmentUse},
    x12::Delimiters,
};

rules! {
    NPI = Rule::error(5, "ELM12", "npi").by_place().invented().stc("A7:562:*")
        .says("is no National Provider Identifier: its check digit or its form is wrong", "look the number up and correct it; an NPI is ten digits and begins with 1 or 2");
    FORM = Rule::warning(5, "ELM14", "code-form").by_place()
        .says("does not have the form of its codes", "write the code as its publisher does, without points, hyphens and blanks");
    DIAGNOSIS_FORM = Rule::error(5, "HI05", "diagnosis-form").by_place()
        .says("does not have the form of a diagnosis or procedure code", "write the code without its point and with all of its characters");
    TAXONOMY = Rule::error(5, "ELM17", "taxonomy").by_place().invented().stc("A7:145:*")
        .says("is no provider taxonomy code", "use the code that the provider has registered, such as 207Q00000X");
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
    /// By the node of a loop: those of its segments that hold codes.
    loops: Vec<Vec<(NodeId, Vec<Coded>)>>,
    /// Whether a list says from when until when its codes are valid; those that come with the program do not.
    dated: bool,
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
    is_taxonomy: bool,
}

impl External {
    /// The coded elements of a guide; of a companion the partner's lists beside the guide's.
    pub(super) fn of(guide: &Guide, own: &Own) -> Self {
        let mut loops: Vec<Vec<(NodeId, Vec<Coded>)>> = guide.nodes().map(|_| Vec::new()).collect();
        for node in guide.nodes() {
            let Node::Segment(segment) = guide.place(node) else { continue };
            let coded: Vec<Coded> =
                segment.elements.iter().filter_map(|element| Coded::of(segment, element, own)).collect();
            if let Some(around) = loops.get_mut(guide.parent(node).index()).filter(|_| !coded.is_empty()) {
                around.push((node, coded));
            }
        }
        Self { loops, dated: own.names().next().is_some() }
    }

    /// Judges the codes of a loop that closes.
    #[inline]
    pub(super) fn judge(&self, scope: Scope<'_>, found: &mut Found<'_>) {
        let Some(parts) = self.loops.get(scope.node().index()).filter(|parts| !parts.is_empty()) else { return };
        let day = if self.dated { service_day(scope) } else { None };
        for (node, coded) in parts {
            for held in scope.all_of(*node) {
                for one in coded {
                    one.judge(held, scope, day, found);
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
            is_taxonomy: element.lists.iter().any(|list| list == "taxonomy"),
            is_diagnosis: element.lists.iter().any(|list| list.starts_with("icd-")),
            judge,
        })
    }

    #[inline]
    fn judge(&self, held: Held<'_>, scope: Scope<'_>, day: Option<Date>, found: &mut Found<'_>) {
        let element = held.element(usize::from(self.element));
        if element.is_empty() {
            return;
        }
        let delimiters = held.segment.delimiters();
        let (mut repetition, mut rest) = (0, Some(element));
        while let Some(one) = rest {
            let (one, more) = match delimiters.repetition.and_then(|separator| cut(one, separator)) {
                Some((one, more)) => (one, Some(more)),
                None => (one, None),
            };
            rest = more;
            repetition += u16::from(repetition > 0 || more.is_some());
            let value = component(one, self.component, delimiters);
            if value.is_empty() {
                continue;
            }
            let qualifier = match self.qualifier {
                (0, _) => b"",
                (at, nth) if at == self.element => component(one, nth, delimiters),
                (at, nth) => component(held.element(usize::from(at)), nth, delimiters),
            };
            let ruling = self.judge.judge(qualifier, value, day);
            if !matches!(ruling.verdict, Verdict::Known | Verdict::Unjudged) {
                self.say(ruling, held, scope, repetition, found);
            }
        }
    }

    #[cold]
    fn say(&self, ruling: Ruling<'_>, held: Held<'_>, scope: Scope<'_>, repetition: u16, found: &mut Found<'_>) {
        // An NPI stands under XX; other identifiers stand in the same element.
        if self.is_npi && held.segment.id() == b"NM1" && !matches!(held.element(8), b"" | b"XX") {
            return;
        }
        let day = service_day(scope);
        let (form, edition) = ruling.set.map_or(("", ""), |set| (set.form(), set.edition()));
        // Of services before the list was made it may not know all codes.
        let is_older = day
            .zip(ruling.set.and_then(|set| set.as_of()))
            .is_some_and(|(day, made)| made.checked_sub(jiff::Span::new().years(1)).is_ok_and(|made| day < made));
        let (rule, detail) = match ruling.verdict {
            _ if self.is_npi => (&NPI, String::new()),
            Verdict::Malformed if self.is_taxonomy => (&TAXONOMY, form.to_owned()),
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

/// What comes before and after the first separator.
#[inline]
fn cut(value: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = value.iter().position(|byte| *byte == separator)?;
    Some((value.get(..at)?, value.get(at + 1..)?))
}

/// A component of an element, from 1; the element for 0.
#[inline]
fn component(element: &[u8], nth: u8, delimiters: Delimiters) -> &[u8] {
    match (nth, delimiters.component) {
        (0, _) | (1, None) => element,
        (nth, separator) => {
            element.split(|byte| Some(*byte) == separator).nth(usize::from(nth) - 1).unwrap_or_default()
        }
    }
}

/// The day of service that codes of a loop are valid on or not, where the claim says one.
pub(super) fn service_day(scope: Scope<'_>) -> Option<Date> {
    let line = scope.up("2400");
    let claim = scope.up("2300")?;
    let period = |held: Held<'_>| held.period(2, 3);
    line.and_then(|line| period(line.first(&SERVICE)?))
        .map(|(from, _)| from)
        .or_else(|| claim.first(&STATEMENT).and_then(period).map(|(_, through)| through))
        .or_else(|| claim.first(&CLAIM_DATE).and_then(period).map(|(from, _)| from))
        .or_else(|| period(claim.inner(&CLAIM_LINE)?.first(&SERVICE)?).map(|(from, _)| from))
}
