//! What a trading partner wants beyond the guide: SNIP level 7.
//!
//! Segments are placed and judged by the published guide first; what its companion narrows is judged here,
//! so that a finding says whose rule is broken.

use std::collections::HashMap;

use rust_decimal::Decimal;

use super::{
    element::{self, Broken},
    found::{Found, Spot},
    plan::Simple,
    rule::{Rule, rules},
    scope::Scope,
    value,
};
use crate::{
    guide::{Guide, Limit, NodeId, Place as Node, Repeat, Usage},
    x12::Segment,
};

rules! {
    REQUIRED = Rule::error(7, "PARTNER", "partner-required").by_place().ik4("I9")
        .says("is missing, and this trading partner wants it", "fill it in");
    NOT_USED = Rule::error(7, "PARTNER", "partner-not-used").by_place().ik4("I13")
        .says("is not wanted by this trading partner", "leave it empty");
    CODE = Rule::error(7, "PARTNER", "partner-code").by_place().ik4("I6")
        .says("is a code that the guide allows and this trading partner does not", "use one of the partner's codes");
    LENGTH = Rule::error(7, "PARTNER", "partner-length").by_place().ik4("5")
        .says("is longer than this trading partner allows", "shorten it to the limit");
    DECIMALS = Rule::error(7, "PARTNER", "partner-decimals").by_place().ik4("I12")
        .says("has more digits after the decimal point than this trading partner allows", "round it");
    PATTERN = Rule::error(7, "PARTNER", "partner-pattern").by_place().ik4("I12")
        .says("does not have the form that this trading partner asks for", "see the partner's guide for its form");
    REPETITIONS = Rule::error(7, "PARTNER", "partner-repetitions").by_place().ik4("12")
        .says("repeats more often than this trading partner allows", "send it within the limit");
    AMOUNT = Rule::error(7, "PARTNER", "partner-amount").by_place().ik4("I12")
        .says("is greater than this trading partner takes", "split the claim, or ask the partner");
    PART_MISSING = Rule::error(7, "PARTNER", "partner-missing").by_place().ik3("I8")
        .says("is missing, and this trading partner wants it", "add it");
    PART_NOT_USED = Rule::error(7, "PARTNER", "partner-unwanted").by_place().ik3("I9")
        .says("is not wanted by this trading partner", "remove it");
    PART_REPEATS = Rule::error(7, "PARTNER", "partner-repeats").by_place().ik3("5")
        .says("stands more often than this trading partner allows", "send it within the limit");
    PARTIES = Rule::error(7, "PARTNER", "partner.parties").ta1("006")
        .says("the sender or receiver of the interchange is not the one agreed on with this trading partner", "use the identifiers and qualifiers of the agreement (ISA05 to ISA08)");
    INTERCHANGES = Rule::error(7, "PARTNER", "partner.interchanges-per-file").ta1("022")
        .says("the file has more interchanges than this trading partner takes", "send them in files of their own");
    GROUPS = Rule::error(7, "PARTNER", "partner.groups-per-interchange").ta1("021")
        .says("the interchange has more functional groups than this trading partner takes", "send them in interchanges of their own");
    TYPES = Rule::error(7, "PARTNER", "partner.types-per-interchange").ta1("024")
        .says("the interchange mixes more kinds of transactions than this trading partner takes", "send each kind in an interchange of its own");
    SETS = Rule::error(7, "PARTNER", "partner.transactions-per-group").ik5("5")
        .says("the group has more transaction sets than this trading partner takes", "send them in groups of their own");
    CLAIMS = Rule::error(7, "HL09", "partner.claims-per-transaction").ik5("5").stc("A3:121")
        .says("the transaction set has more claims than this trading partner takes", "send them in several transaction sets");
    FILE_CLAIMS = Rule::error(7, "HL09", "partner.claims-per-file").ik5("5").stc("A3:121")
        .says("the file has more claims than this trading partner takes", "send them in several files");
    BYTES = Rule::error(7, "PARTNER", "partner.bytes-per-file").ta1("024")
        .says("the file is larger than this trading partner takes", "send several files");
}

/// What a companion guide changes, made ready for checking.
#[derive(Debug)]
pub(super) struct Partner {
    /// By the node of a segment.
    elements: HashMap<NodeId, Vec<Narrowed>>,
    /// By the node of a loop: those of its parts that are narrowed.
    parts: HashMap<NodeId, Vec<NodeId>>,
    amounts: HashMap<NodeId, Vec<(u8, u8, Decimal)>>,
    guide: &'static Guide,
}

/// An element that a companion narrows.
#[derive(Debug)]
struct Narrowed {
    element: u8,
    component: u8,
    usage: Usage,
    repeat: Repeat,
    simple: Simple,
}

impl Partner {
    /// What a guide narrows, if it is a companion.
    pub(super) fn of(guide: &'static Guide) -> Option<Self> {
        guide.base()?;
        let (mut elements, mut parts): (HashMap<NodeId, Vec<Narrowed>>, HashMap<NodeId, Vec<NodeId>>) =
            Default::default();
        for node in guide.nodes() {
            let narrowed = match guide.place(node) {
                Node::Loop(one) => one.narrowed,
                Node::Segment(segment) => {
                    let uses = segment.elements.iter().filter(|one| one.narrowed).map(Narrowed::of);
                    let uses: Vec<Narrowed> = uses.collect();
                    if !uses.is_empty() {
                        elements.insert(node, uses);
                    }
                    segment.narrowed
                }
            };
            if narrowed && node != NodeId::ROOT {
                parts.entry(guide.parent(node)).or_default().push(node);
            }
        }
        let mut amounts: HashMap<NodeId, Vec<(u8, u8, Decimal)>> = HashMap::new();
        for limit in &guide.limits {
            if let Limit::Amount { most, elements } = limit {
                for (node, element, component) in elements {
                    amounts.entry(*node).or_default().push((*element, *component, *most));
                }
            }
        }
        Some(Self { elements, parts, amounts, guide })
    }

    /// Judges the elements of a segment.
    pub(super) fn segment(&self, node: NodeId, segment: &Segment<'_>, spot: &Spot<'_>, found: &mut Found<'_>) {
        for narrowed in self.elements.get(&node).into_iter().flatten() {
            narrowed.judge(segment, &mut |broken| {
                found.broken(broken, spot);
            });
        }
        for (element, component, most) in self.amounts.get(&node).into_iter().flatten() {
            let value = match component {
                0 => segment.element(usize::from(*element)),
                component => segment.component(usize::from(*element), usize::from(*component)),
            };
            if value::number(value).is_some_and(|amount| amount > *most) {
                let detail = Some(format!("at most {most}"));
                found.broken(
                    Broken { rule: &AMOUNT, element: *element, component: *component, repetition: 0, detail },
                    spot,
                );
            }
        }
    }

    /// Judges which parts a loop has.
    pub(super) fn parts(&self, scope: Scope<'_>, found: &mut Found<'_>) {
        for &part in self.parts.get(&scope.node()).into_iter().flatten() {
            let published = self.guide.published();
            let (usage, repeat) = (self.guide.usage(part), self.guide.repeat(part));
            let count = scope.count_of(part);
            if usage == Usage::Required && count == 0 && published.usage(part) != Usage::Required {
                found.missing_node(&PART_MISSING, scope, part);
            }
            if let Some(held) = scope.last_of(part) {
                if usage == Usage::NotUsed {
                    found.segment(&PART_NOT_USED, held);
                } else if !repeat.allows(count) && published.repeat(part).allows(count) {
                    found.segment(&PART_REPEATS, held).detail(format!("{count}, at most {repeat}"));
                }
            }
        }
    }
}

impl Narrowed {
    fn of(used: &crate::guide::ElementUse) -> Self {
        Self {
            element: used.position,
            component: used.component,
            usage: used.usage,
            repeat: used.repeat,
            simple: Simple::of_use(used, false, None, &[]),
        }
    }

    fn judge(&self, segment: &Segment<'_>, report: &mut impl FnMut(Broken)) {
        let element = segment.element(usize::from(self.element));
        let mut say = |rule, repetition, detail| {
            report(Broken { rule, element: self.element, component: self.component, repetition, detail });
        };
        let separator = segment.delimiters().repetition.filter(|separator| element.contains(separator));
        let count = 1 + element.iter().filter(|byte| Some(**byte) == separator).count();
        if !self.repeat.allows(count as u32) && self.component == 0 {
            say(&REPETITIONS, 0, Some(format!("{count}, at most {}", self.repeat)));
        }
        for (number, one) in (1u16..).zip(element.split(|byte| Some(*byte) == separator)) {
            let value = match self.component {
                0 => one,
                component => {
                    let separator = segment.delimiters().component;
                    one.split(|byte| Some(*byte) == separator).nth(usize::from(component) - 1).unwrap_or_default()
                }
            };
            let repetition = if separator.is_some() { number } else { 0 };
            match (value.trim_ascii_end(), self.usage) {
                // A component is asked for only where its composite stands.
                (b"", Usage::Required) if self.component == 0 || !one.is_empty() => say(&REQUIRED, repetition, None),
                (b"", _) => {}
                (_, Usage::NotUsed) => say(&NOT_USED, repetition, None),
                (value, _) => self.value(value, &mut |rule, detail| say(rule, repetition, detail)),
            }
        }
    }

    fn value(&self, value: &[u8], say: &mut impl FnMut(&'static Rule, Option<String>)) {
        let simple = &self.simple;
        if simple.has_codes() && !simple.allows(value) {
            say(&CODE, Some(format!("the partner takes {}", simple.list_of_codes())));
        }
        let length = value::digits(value)
            .filter(|_| simple.kind.is_number())
            .map_or(element::characters(value), |digits| digits.count);
        let Some(more) = &simple.more else { return };
        if let Some(most) = more.max.filter(|most| length > usize::from(*most)) {
            say(&LENGTH, Some(format!("{length}, at most {most}")));
        }
        if let (Some(most), Some(digits)) = (more.decimals, value::digits(value))
            && simple.kind.is_number()
            && digits.decimals > usize::from(most)
        {
            say(&DECIMALS, Some(format!("{}, at most {most}", digits.decimals)));
        }
        if let Some(pattern) = &more.pattern
            && !std::str::from_utf8(value).is_ok_and(|text| pattern.is_match(text))
        {
            say(&PATTERN, None);
        }
    }
}

/// The tightest of several limits on counts and sizes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) interchanges: u64,
    pub(super) groups: u64,
    pub(super) types: u64,
    pub(super) sets: u64,
    pub(super) claims: u64,
    pub(super) file_claims: u64,
    pub(super) bytes: u64,
}

impl Limits {
    pub(super) fn of<'l>(all: impl Iterator<Item = &'l Limit>) -> Self {
        let none = u64::MAX;
        let mut limits = Self {
            interchanges: none,
            groups: none,
            types: none,
            sets: none,
            claims: none,
            file_claims: none,
            bytes: none,
        };
        for limit in all {
            let (place, most) = match limit {
                Limit::InterchangesPerFile(most) => (&mut limits.interchanges, most),
                Limit::GroupsPerInterchange(most) => (&mut limits.groups, most),
                Limit::TypesPerInterchange(most) => (&mut limits.types, most),
                Limit::TransactionsPerGroup(most) => (&mut limits.sets, most),
                Limit::ClaimsPerTransaction(most) => (&mut limits.claims, most),
                Limit::ClaimsPerFile(most) => (&mut limits.file_claims, most),
                Limit::BytesPerFile(most) => (&mut limits.bytes, most),
                _ => continue,
            };
            *place = (*place).min(*most);
        }
        limits
    }
}
