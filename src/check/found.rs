//! Where rules put what they find.

use std::{fmt, sync::Arc};

use compact_str::{CompactString, ToCompactString};

use super::{
    Finding, Options, Place, Rule, Trigger, Within,
    element::{self, Broken},
    known,
    memory::Memory,
    scope::{At, Held, Scope},
};
use crate::{
    guide::{Guide, NodeId, Place as Node, dictionary},
    x12::Segment,
};

/// Findings not handed over yet, and what they have in common.
#[derive(Debug)]
pub(crate) struct Found<'o> {
    pub(super) options: &'o Options,
    pub(super) list: Vec<Finding>,
    pub(super) within: Arc<Within>,
    pub(super) claim: CompactString,
    /// Number in the file of the open transaction set's ST, less one.
    pub(super) before_set: u64,
    /// What rules remember within the transaction set.
    pub(super) memory: Memory,
    /// The companion guide of the open transaction set.
    pub(super) companion: Option<&'static Guide>,
}

/// A finding just made, to say more about; nothing if it is not asked for.
pub(crate) struct Said<'f>(Option<(&'f mut Finding, bool)>);

/// The segment that an element is judged in.
#[derive(Clone, Copy)]
pub(super) struct Spot<'s> {
    pub(super) segment: &'s Segment<'s>,
    pub(super) guide: Option<&'static Guide>,
    pub(super) node: Option<NodeId>,
    pub(super) position: u32,
    pub(super) number: u64,
    pub(super) offset: u64,
    pub(super) line: u64,
}

impl<'o> Found<'o> {
    pub(super) fn new(options: &'o Options) -> Self {
        Self {
            options,
            list: Vec::new(),
            within: Arc::default(),
            claim: CompactString::default(),
            before_set: 0,
            memory: Memory::default(),
            companion: None,
        }
    }

    /// The day that dates are compared with.
    pub(super) fn today(&self) -> jiff::civil::Date {
        self.options.today
    }

    /// A segment that breaks a rule.
    pub(super) fn segment(&mut self, rule: &'static Rule, held: Held<'_>) -> Said<'_> {
        self.component(rule, held, 0, 0)
    }

    /// An element that breaks a rule.
    pub(super) fn element(&mut self, rule: &'static Rule, held: Held<'_>, element: usize) -> Said<'_> {
        self.component(rule, held, element, 0)
    }

    /// A component that breaks a rule.
    pub(super) fn component(
        &mut self,
        rule: &'static Rule,
        held: Held<'_>,
        element: usize,
        component: usize,
    ) -> Said<'_> {
        self.repetition(rule, held, (u8::try_from(element).unwrap_or(0), u8::try_from(component).unwrap_or(0), 0))
    }

    /// An element, component and repetition that break a rule.
    pub(super) fn repetition(&mut self, rule: &'static Rule, held: Held<'_>, place: (u8, u8, u16)) -> Said<'_> {
        let spot = Spot {
            segment: &held.segment,
            guide: Some(held.guide()),
            node: Some(held.entry.node),
            position: held.entry.position,
            number: self.before_set + u64::from(held.entry.position),
            offset: held.entry.offset,
            line: held.line(),
        };
        self.at(rule, &spot, place)
    }

    /// A segment or loop that does not stand in a loop and should.
    pub(super) fn missing(&mut self, rule: &'static Rule, scope: Scope<'_>, at: &At) -> Said<'_> {
        match scope.child(at) {
            Some(node) => self.missing_node(rule, scope, node),
            None => Said(None),
        }
    }

    /// The same of a part of the loop.
    pub(super) fn missing_node(&mut self, rule: &'static Rule, scope: Scope<'_>, node: NodeId) -> Said<'_> {
        let (guide, view) = (scope.guide(), scope.view);
        let instead = view
            .tape
            .inside(scope.entry)
            .find(|(_, entry)| !entry.is_unplaced() && guide.rank(entry.node) > guide.rank(node));
        // Past the loop's end nothing stands yet: the last segment is the nearest there is.
        let last = view.tape.below(scope.entry).last();
        let (position, offset, line) = match (instead, last) {
            (Some((at, entry)), _) => (entry.position, entry.offset, view.index.line(at)),
            (None, Some((at, entry))) => (entry.position + 1, entry.offset, view.index.line(at)),
            (None, None) => (1, 0, 0),
        };
        let segment = match guide.place(node) {
            Node::Segment(segment) => segment.id.to_compact_string(),
            Node::Loop(_) => guide
                .first_segment(node)
                .and_then(|first| guide.segment(first))
                .map_or_else(CompactString::default, |first| first.id.to_compact_string()),
        };
        let place = Place {
            guide: Some(guide),
            node: Some(node),
            segment,
            missing: true,
            position,
            number: self.before_set + u64::from(position),
            offset,
            line,
            ..Place::default()
        };
        self.push(rule, place, None)
    }

    /// What a check of elements has found.
    pub(super) fn broken(&mut self, broken: Broken, spot: &Spot<'_>) -> Said<'_> {
        let Broken { rule, element, component, repetition, detail } = broken;
        let is_known = std::ptr::eq(rule, &element::CODE) && is_known(spot.segment, (element, component, repetition));
        let said = self.at(rule, spot, (element, component, repetition)).codes(|codes| {
            if is_known {
                (codes.ik4, codes.ik5) = (Some("I6"), Some("I5"));
            }
        });
        match detail {
            Some(detail) => said.detail(detail),
            None => said,
        }
    }

    /// An element, component or (element 0) segment at a place in the file.
    pub(super) fn at(
        &mut self,
        rule: &'static Rule,
        spot: &Spot<'_>,
        (element, component, repetition): (u8, u8, u16),
    ) -> Said<'_> {
        let segment = spot.segment;
        let whole = segment.element(usize::from(element));
        let (start, value) = match element {
            0 => (0, segment.bytes()),
            _ => {
                let end = segment.ends().nth(usize::from(element)).map_or(segment.bytes().len(), |end| end as usize);
                let (before, value) = part(whole, segment, component, repetition);
                (end.saturating_sub(whole.len()) + before, value)
            }
        };
        let place = Place {
            guide: spot.guide,
            node: spot.node,
            segment: name(segment.id()),
            missing: false,
            element,
            component,
            repetition,
            position: spot.position,
            number: spot.number,
            offset: spot.offset + start as u64,
            length: value.len() as u32,
            line: spot.line,
        };
        let value = (self.options.values && element != 0 && !value.is_empty())
            .then(|| String::from_utf8_lossy(value).to_compact_string());
        self.push(rule, place, value)
    }

    /// A finding at a place.
    pub(super) fn push(&mut self, rule: &'static Rule, place: Place, value: Option<CompactString>) -> Said<'_> {
        let mut finding = Finding {
            rule,
            severity: rule.severity,
            codes: rule.codes,
            within: self.within.clone(),
            claim: self.claim.clone(),
            place,
            detail: None,
            value,
            expected: None,
            trigger: None,
        };
        let Some(severity) = self.options.severity(&finding, self.companion) else { return Said(None) };
        finding.severity = severity;
        self.list.push(finding);
        let values = self.options.values;
        Said(self.list.last_mut().map(|finding| (finding, values)))
    }

    /// The newest finding, to say more about.
    pub(super) fn last(&mut self) -> Said<'_> {
        let values = self.options.values;
        Said(self.list.last_mut().map(|finding| (finding, values)))
    }
}

/// Whether the standard has a code that the guide does not have.
fn is_known(segment: &Segment<'_>, (element, component, repetition): (u8, u8, u16)) -> bool {
    let (_, code) = part(segment.element(usize::from(element)), segment, component, repetition);
    let id = std::str::from_utf8(segment.id()).unwrap_or_default();
    let data = dictionary().ok().and_then(|known| known.data_element(id, element, component));
    data.is_some_and(|data| known::has_code(&data.number, code))
}

/// A repetition and a component of an element, and how many bytes of it come before.
fn part<'s>(element: &'s [u8], segment: &Segment<'_>, component: u8, repetition: u16) -> (usize, &'s [u8]) {
    let delimiters = segment.delimiters();
    let (skipped, value) = nth(element, delimiters.repetition, usize::from(repetition));
    let (more, value) = nth(value, delimiters.component, usize::from(component));
    (skipped + more, value)
}

/// The piece of a number, from 1, and how many bytes come before; all of it for 0.
fn nth(value: &[u8], separator: Option<u8>, number: usize) -> (usize, &[u8]) {
    let Some(wanted) = number.checked_sub(1) else { return (0, value) };
    let mut before = 0;
    for (at, piece) in value.split(|byte| Some(*byte) == separator).enumerate() {
        if at == wanted {
            return (before, piece);
        }
        before += piece.len() + 1;
    }
    (value.len(), b"")
}

/// A segment id as text, if it can be one.
pub(super) fn name(id: &[u8]) -> CompactString {
    String::from_utf8_lossy(id.get(..3).unwrap_or(id)).to_compact_string()
}

impl Said<'_> {
    /// About nothing.
    pub(super) fn nothing() -> Self {
        Self(None)
    }

    /// Whether the finding is asked for.
    pub(super) fn is_made(&self) -> bool {
        self.0.is_some()
    }

    /// What was found and expected, without values of the data.
    pub(super) fn detail(mut self, detail: impl Into<Box<str>>) -> Self {
        if let Some((finding, _)) = &mut self.0 {
            finding.detail = Some(detail.into());
        }
        self
    }

    /// What the value should have been; kept only if values are asked for.
    pub(super) fn expected(mut self, value: impl fmt::Display) -> Self {
        if let Some((finding, true)) = &mut self.0 {
            finding.expected = Some(value.to_compact_string());
        }
        self
    }

    /// What made the rule hold here.
    pub(super) fn trigger(mut self, held: Held<'_>, element: usize, component: usize) -> Self {
        if let Some((finding, _)) = &mut self.0 {
            finding.trigger = Some(Trigger {
                segment: name(held.segment.id()),
                position: held.entry.position,
                loop_id: held.loop_id().into(),
                element: u8::try_from(element).unwrap_or(0),
                component: u8::try_from(component).unwrap_or(0),
            });
        }
        self
    }

    /// It is about a segment that should stand before this one.
    pub(super) fn missing(mut self, segment: &'static str) -> Self {
        if let Some((finding, _)) = &mut self.0 {
            finding.place.segment = segment.into();
            finding.place.missing = true;
            finding.place.length = 0;
        }
        self
    }

    /// Other codes than the rule's.
    pub(super) fn codes(mut self, change: impl FnOnce(&mut super::Codes)) -> Self {
        if let Some((finding, _)) = &mut self.0 {
            change(&mut finding.codes);
        }
        self
    }
}
