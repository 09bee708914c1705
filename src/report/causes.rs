//! Findings by their cause: a rule, and for rules about any place the place.

use std::{cmp::Reverse, collections::HashMap};

use compact_str::CompactString;

use super::path::Template;
use crate::{
    check::{Claim, Finding, Rule, Severity},
    guide::{Guide, NodeId},
};

/// What findings have in common whose rule and severity are the same.
#[derive(Clone, Debug)]
pub struct Cause {
    /// The rule.
    pub rule: &'static Rule,
    /// The rule's name, with the place where that is part of it.
    pub id: String,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, in a sentence.
    pub title: String,
    /// Findings.
    pub findings: u64,
    /// Claims with such a finding, in them or above them.
    pub claims: u64,
    /// Of the findings, those that were kept.
    pub(super) kept: usize,
    /// The claim that was counted last.
    last: u64,
}

/// What findings of one rule at one place of one guide have in common, worked out once.
#[derive(Debug)]
pub(super) struct Variant {
    pub(super) cause: usize,
    /// What is wrong, without the detail of a finding.
    pub(super) title: String,
    pub(super) designator: String,
    pub(super) json: Template,
}

/// Every cause.
#[derive(Debug, Default)]
pub(super) struct Causes {
    list: Vec<Cause>,
    by_id: HashMap<(String, Severity), usize>,
    variants: Vec<Variant>,
    by_key: HashMap<Key, usize>,
    /// Indices in the order they matter.
    order: Vec<usize>,
    /// The number of the claim that ended last.
    claim: u64,
}

/// What tells variants apart; rules and guides by where they are.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    rule: usize,
    guide: usize,
    node: Option<NodeId>,
    segment: CompactString,
    element: u8,
    component: u8,
    missing: bool,
    severity: Severity,
}

/// Causes that are told apart by their place; a file can make up segments without end.
const MOST: usize = 10_000;

impl Causes {
    /// Counts a finding; gives the index of its variant, and its cause.
    pub(super) fn count(&mut self, finding: &Finding) -> (usize, &mut Cause) {
        let (variant, cause) = self.find(finding);
        let cause = &mut self.list[cause];
        cause.findings += 1;
        (variant, cause)
    }

    /// Takes note of a claim that has ended.
    pub(super) fn of_claim(&mut self, claim: &Claim<'_>) {
        self.claim += 1;
        for finding in claim.findings.iter().chain(claim.inherited) {
            let (_, cause) = self.find(finding);
            let cause = &mut self.list[cause];
            if cause.last != self.claim {
                cause.last = self.claim;
                cause.claims += 1;
            }
        }
    }

    pub(super) fn variant(&self, at: usize) -> &Variant {
        &self.variants[at]
    }

    pub(super) fn cause(&self, variant: &Variant) -> &Cause {
        &self.list[variant.cause]
    }

    /// Puts causes in the order they matter.
    pub(super) fn rank(&mut self) {
        self.order = (0..self.list.len()).collect();
        let list = &self.list;
        self.order.sort_by_key(|at| list.get(*at).map(|cause| Reverse((cause.severity, cause.claims, cause.findings))));
    }

    pub(super) fn ranked(&self) -> impl ExactSizeIterator<Item = &Cause> {
        self.order.iter().map(|at| &self.list[*at])
    }

    /// Indices of the variant and the cause of a finding.
    fn find(&mut self, finding: &Finding) -> (usize, usize) {
        let place = &finding.place;
        let mut key = Key {
            rule: std::ptr::from_ref(finding.rule).addr(),
            guide: place.guide.map_or(0, |guide| std::ptr::from_ref::<Guide>(guide).addr()),
            node: place.node,
            segment: place.segment.clone(),
            element: place.element,
            component: place.component,
            missing: place.missing,
            severity: finding.severity,
        };
        if let Some(&at) = self.by_key.get(&key) {
            return (at, self.variants[at].cause);
        }
        let has_room = self.variants.len() < MOST;
        if !has_room {
            // All further places of a rule are one.
            key = Key {
                guide: 0,
                node: None,
                segment: CompactString::default(),
                element: 0,
                component: 0,
                missing: false,
                ..key
            };
            if let Some(&at) = self.by_key.get(&key) {
                return (at, self.variants[at].cause);
            }
        }
        let id = if has_room { finding.rule_id() } else { finding.rule.id.to_owned() };
        let title = if has_room { title(finding) } else { finding.rule.title.to_owned() };
        let list = &mut self.list;
        let cause = *self.by_id.entry((id.clone(), finding.severity)).or_insert_with(|| {
            list.push(Cause {
                rule: finding.rule,
                id,
                severity: finding.severity,
                title: title.clone(),
                findings: 0,
                claims: 0,
                kept: 0,
                last: 0,
            });
            list.len() - 1
        });
        let (designator, json) =
            if has_room { (place.designator(), Template::of(place)) } else { (String::new(), Template::default()) };
        self.variants.push(Variant { cause, title, designator, json });
        let at = self.variants.len() - 1;
        self.by_key.insert(key, at);
        (at, cause)
    }
}

/// A finding's message without its detail.
fn title(finding: &Finding) -> String {
    Finding { detail: None, ..finding.clone() }.message()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;
    use crate::{
        check::{self, Options},
        report::{Limit, Report},
    };

    #[test]
    fn causes_are_bounded_where_a_file_makes_up_segments() {
        let mut file = String::from("ST*837*0001*005010X222A1~BHT*0019*00*1*20260115*1023*CH~");
        let letters = || (b'J'..=b'Z').chain(b'0'..=b'9').map(char::from);
        for one in letters() {
            for other in letters() {
                letters().for_each(|third| write!(file, "{one}{other}{third}*1~").unwrap());
            }
        }
        let mut report = Report::new("x", Limit { file: 10, cause: 1 });
        let outcome = check::check(file.as_bytes(), &Options::default(), &mut report);
        report.end(outcome);
        let found: u64 = report.causes().map(|cause| cause.findings).sum();
        assert!(found > 19_000, "{found}");
        assert!(report.causes().count() <= MOST + check::all().count());
        assert!(report.causes().any(|cause| cause.id == "unknown-segment" && cause.findings > 5_000));
    }
}
