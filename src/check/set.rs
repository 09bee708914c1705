//! One transaction set: its walk, and what is judged as its loops close.

use std::{collections::HashMap, sync::Arc};

use compact_str::{CompactString, ToCompactString};

use super::{
    Claim, Finding, Receive, Scope, Severity, TransactionOutcome, Verdict, element,
    finding::Answer,
    found::{Found, Spot},
    index::Index,
    plan::Plan,
    registry::{Prepared, Role},
    scope::View,
    structure,
};
use crate::{
    guide::{Guide, NodeId, dictionary},
    place::{Fault, Keep, Tape, Walk},
    x12::Segment,
};

/// A segment with its place in the file.
#[derive(Clone, Copy)]
pub(super) struct Seen<'s> {
    pub(super) segment: &'s Segment<'s>,
    /// Number in the file, the first 1.
    pub(super) number: u64,
    pub(super) offset: u64,
    pub(super) line: u64,
}

/// An open transaction set.
pub(super) struct Set {
    pub(super) outcome: TransactionOutcome,
    body: Body,
    state: State,
}

enum Body {
    /// By its guide.
    Placed(Box<Walk<'static>>),
    /// By the base standard, for want of a guide.
    Standard(HashMap<Vec<u8>, Plan>),
}

/// What is known of an open transaction set beside its walk.
struct State {
    prepared: Option<Arc<Prepared>>,
    index: Index,
    /// Faults of the walk that have been reported and not been taken yet.
    reported: usize,
    /// Index among the findings where those of the open claim begin.
    claim: Option<usize>,
    /// Errors found outside claims, by the level they hold for: the transaction set first.
    levels: Vec<Vec<Finding>>,
    line: u64,
    claims: u64,
    rejected: u64,
    errors: u64,
}

/// How many errors of a level are kept for the claims below it.
const INHERITED: usize = 100;

impl Set {
    pub(super) fn new(outcome: TransactionOutcome, segment: &Segment<'_>) -> Self {
        let prepared = outcome.guide.map(Prepared::of);
        let body = match &prepared {
            Some(prepared) => {
                Body::Placed(Box::new(Walk::new(prepared.guide, segment.delimiters(), Keep::AllBut(prepared.forget))))
            }
            None => Body::Standard(HashMap::new()),
        };
        let state = State {
            prepared,
            index: Index::default(),
            reported: 0,
            claim: None,
            levels: vec![Vec::new()],
            line: 0,
            claims: 0,
            rejected: 0,
            errors: 0,
        };
        Self { outcome, body, state }
    }

    /// Position of the last segment taken, ST = 1.
    pub(super) fn position(&self) -> u32 {
        self.outcome.segments
    }

    /// Takes one segment.
    #[inline]
    pub(super) fn push(&mut self, seen: Seen<'_>, found: &mut Found<'_>, receive: &mut impl Receive) {
        let Self { outcome, body, state } = self;
        outcome.segments = outcome.segments.saturating_add(1);
        let position = outcome.segments;
        let mark = found.list.len();
        match body {
            Body::Placed(walk) => state.place(walk, seen, position, found, receive),
            Body::Standard(plans) => standard(plans, seen, position, found),
        }
        if found.list.len() > mark {
            state.note(mark, found);
        }
    }

    /// Ends the set; what is open in it closes.
    pub(super) fn end(mut self, offset: u64, found: &mut Found<'_>, receive: &mut impl Receive) -> TransactionOutcome {
        let state = &mut self.state;
        if let Body::Placed(walk) = self.body {
            let guide = walk.guide();
            state.reported = 0;
            let (_, faults) = walk.finish(offset, &mut |tape, entry, faults| {
                state.closed(guide, tape, entry, faults, found, receive);
            });
            state.faults(guide, faults.get(state.reported..).unwrap_or_default(), 0, found);
        }
        state.hand_over(0, found, receive);
        let State { claims, rejected, errors, .. } = self.state;
        let verdict = match (errors, rejected) {
            (1.., _) => Verdict::Rejected,
            (0, 0) => Verdict::Accepted,
            (0, rejected) if rejected == claims => Verdict::Rejected,
            (0, _) => Verdict::AcceptedWithErrors,
        };
        TransactionOutcome { claims, rejected_claims: rejected, errors, verdict, ..self.outcome }
    }
}

impl State {
    #[inline]
    fn place(
        &mut self,
        walk: &mut Walk<'static>,
        seen: Seen<'_>,
        position: u32,
        found: &mut Found<'_>,
        receive: &mut impl Receive,
    ) {
        let guide = walk.guide();
        let Seen { segment, offset, line, number } = seen;
        self.reported = 0;
        self.line = line;
        let node = walk.push(segment, offset, &mut |tape, entry, faults| {
            self.closed(guide, tape, entry, faults, found, receive);
        });
        self.index.sync(guide, walk.tape(), line);
        if let Some(node) = node
            && guide.is_trigger(node)
        {
            self.opened(guide.parent(node), segment, found, receive);
        }
        if walk.has_faults() {
            let faults = walk.take_faults();
            self.faults(guide, faults.get(self.reported..).unwrap_or_default(), segment.bytes().len() as u32, found);
        }
        let Some(prepared) = &self.prepared else { return };
        if let Some(plan) = node.and_then(|node| prepared.plan(node)) {
            element::check(plan, segment, &mut |broken| {
                let spot = Spot { segment, guide: Some(guide), node, position, number, offset, line };
                found.broken(broken, &spot);
            });
        }
    }

    /// A loop has been opened by its first segment.
    fn opened(&mut self, node: NodeId, segment: &Segment<'_>, found: &mut Found<'_>, receive: &mut impl Receive) {
        let role = self.prepared.as_ref().map_or(Role::Part, |prepared| prepared.role(node));
        match role {
            Role::Claim => {
                self.hand_over(0, found, receive);
                self.claim = Some(0);
                let id = if segment.id() == b"TRN" { segment.element(2) } else { segment.element(1) };
                found.claim = String::from_utf8_lossy(id).to_compact_string();
            }
            Role::Level => self.levels.push(Vec::new()),
            Role::Part => {}
        }
    }

    /// A loop has closed: what is wrong with it as a whole.
    fn closed(
        &mut self,
        guide: &'static Guide,
        tape: &Tape,
        entry: usize,
        faults: &[Fault],
        found: &mut Found<'_>,
        receive: &mut impl Receive,
    ) {
        let Some(prepared) = self.prepared.clone() else { return };
        let mark = found.list.len();
        for fault in faults.iter().skip(self.reported) {
            structure::report(found, guide, fault, self.line_of(tape, fault.position), 0);
        }
        self.reported = faults.len();
        let view = View { guide, ordinal: prepared.ordinal, tape, index: &self.index };
        let Some(scope) = Scope::new(view, entry) else { return };
        for check in prepared.checks(scope.node()) {
            (check.run)(scope, found);
        }
        let role = prepared.role(scope.node());
        let (node, forgets) = (scope.node(), role != Role::Part);
        if role == Role::Claim {
            let rejected = judge(scope, &self.levels, found, receive);
            self.claims += 1;
            self.rejected += u64::from(rejected);
        }
        if role != Role::Claim && found.list.len() > mark {
            self.note(mark, found);
        }
        if role == Role::Level {
            self.levels.pop();
        }
        self.index.close();
        if forgets {
            self.index.forget(entry, guide.part(node));
        }
        if role == Role::Claim {
            self.hand_over(0, found, receive);
            self.claim = None;
            found.claim = CompactString::default();
        }
    }

    /// Takes note of errors found from an index on: of those outside claims for the claims below, of those
    /// that reject the set.
    #[cold]
    fn note(&mut self, from: usize, found: &Found<'_>) {
        let errors = || found.list.iter().skip(from).filter(|finding| finding.severity == Severity::Error);
        if self.claim.is_none()
            && let Some(level) = self.levels.last_mut()
        {
            let room = INHERITED.saturating_sub(level.len());
            level.extend(errors().take(room).cloned());
        }
    }

    /// Hands findings over and counts those that reject the set.
    fn hand_over(&mut self, from: usize, found: &mut Found<'_>, receive: &mut impl Receive) {
        if found.list.len() <= from {
            return;
        }
        if self.claim.is_none() {
            found.list.sort_by_key(|finding| (finding.place.number, finding.place.element, finding.place.component));
        }
        for finding in found.list.drain(from..) {
            if finding.severity == Severity::Error && finding.answer() == Answer::Set {
                self.errors += 1;
            }
            receive.finding(&finding);
        }
    }

    /// The line of a position in the set, as far as it is still on the tape.
    fn line_of(&self, tape: &Tape, position: u32) -> u64 {
        let is_there = |at: &usize| tape.entry(*at).is_some_and(|entry| entry.position == position);
        (0..tape.len()).rev().find(is_there).map_or(self.line, |at| self.index.line(at))
    }

    fn faults(&self, guide: &'static Guide, faults: &[Fault], length: u32, found: &mut Found<'_>) {
        for fault in faults {
            structure::report(found, guide, fault, self.line, length);
        }
    }
}

/// Judges a claim that has ended; whether it is rejected.
fn judge(scope: Scope<'_>, levels: &[Vec<Finding>], found: &mut Found<'_>, receive: &mut impl Receive) -> bool {
    found.list.sort_by_key(|finding| (finding.place.position, finding.place.element, finding.place.component));
    let inherited: Vec<Finding> = levels.iter().flatten().cloned().collect();
    let rejected = !inherited.is_empty() || found.list.iter().any(|finding| finding.severity == Severity::Error);
    let verdict = if rejected { Verdict::Rejected } else { Verdict::Accepted };
    receive.claim(&Claim { scope, findings: &found.list, inherited: &inherited, verdict });
    rejected
}

/// Judges a segment by the base standard alone.
fn standard(plans: &mut HashMap<Vec<u8>, Plan>, seen: Seen<'_>, position: u32, found: &mut Found<'_>) {
    let Seen { segment, offset, line, number } = seen;
    let Ok(dictionary) = dictionary() else { return };
    // Segments of other sets than ours are not in the dictionary; nothing is known of them.
    let Ok(id) = std::str::from_utf8(segment.id()) else { return };
    if !dictionary.has_segment(id) {
        return;
    }
    let plan = plans.entry(segment.id().to_vec()).or_insert_with(|| Plan::of_standard(dictionary, id));
    element::check(plan, segment, &mut |broken| {
        let spot = Spot { segment, guide: None, node: None, position, number, offset, line };
        found.broken(broken, &spot);
    });
}
