//! One transaction set: its walk, and what is judged as its loops close.

use std::{collections::HashMap, sync::Arc};

use compact_str::CompactString;

use super::{
    Claim, Finding, Receive, Scope, Severity, TransactionOutcome, Verdict,
    element::{self, Characters},
    external::External,
    finding::Answer,
    found::{Found, Spot},
    index::Index,
    numbering::Numbering,
    outline::Progress,
    plan::Plan,
    registry::Prepared,
    scope::View,
    structure,
};
use crate::{
    guide::{Guide, Role, dictionary},
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
    characters: Characters,
    body: Body,
    state: State,
}

enum Body {
    /// By its guide.
    Placed(Box<Walk<'static>>, Ready),
    /// By the base standard, for want of a guide.
    Standard(HashMap<Vec<u8>, Plan>, Progress),
}

/// A guide made ready, and its external codes.
#[derive(Clone)]
pub(super) struct Ready {
    pub(super) prepared: Arc<Prepared>,
    /// None if level 5 is not asked for.
    pub(super) external: Option<Arc<External>>,
}

/// What is known of an open transaction set beside its walk.
struct State {
    index: Index,
    numbering: Numbering,
    /// Faults of the walk that have been reported and not been taken yet.
    reported: usize,
    /// Whether a claim is open.
    in_claim: bool,
    /// Errors found outside claims, by the level they hold for: the transaction set first.
    levels: Vec<Vec<Finding>>,
    line: u64,
    claims: u64,
    rejected: u64,
    errors: u64,
}

/// How many findings outside claims wait for others.
const WAITING: usize = 1_000;

/// How many errors of a level are kept for the claims below it.
const INHERITED: usize = 100;

impl Set {
    pub(super) fn new(outcome: TransactionOutcome, ready: Option<Ready>, segment: &Segment<'_>) -> Self {
        let body = match ready {
            Some(ready) => {
                let walk = Walk::new(ready.prepared.guide, segment.delimiters(), Keep::AllButClaims);
                Body::Placed(Box::new(walk), ready)
            }
            None => Body::Standard(HashMap::new(), Progress::of(&outcome.set)),
        };
        let state = State {
            index: Index::default(),
            numbering: Numbering::of(&outcome.set),
            reported: 0,
            in_claim: false,
            levels: vec![Vec::new()],
            line: 0,
            claims: 0,
            rejected: 0,
            errors: 0,
        };
        let characters = Characters::new(segment.delimiters());
        Self { outcome, characters, body, state }
    }

    /// Position of the last segment taken, ST = 1.
    pub(super) fn position(&self) -> u32 {
        self.outcome.segments
    }

    /// Claims so far, the open one included.
    pub(super) fn claims(&self) -> u64 {
        self.state.claims + u64::from(self.state.in_claim)
    }

    /// Takes one segment.
    #[inline]
    pub(super) fn push(&mut self, seen: Seen<'_>, found: &mut Found<'_>, receive: &mut impl Receive) {
        self.outcome.segments = self.outcome.segments.saturating_add(1);
        let position = self.outcome.segments;
        if !self.characters.are_for(seen.segment.delimiters()) {
            self.characters = Characters::new(seen.segment.delimiters());
        }
        match &mut self.body {
            Body::Placed(walk, ready) => {
                self.state.place(walk, ready, &self.characters, seen, position, found, receive);
            }
            Body::Standard(plans, progress) => {
                let Seen { segment, offset, line, number } = seen;
                let spot = Spot { segment, guide: None, node: None, position, number, offset, line };
                progress.take(&spot, found);
                standard(plans, &self.characters, &mut self.state.numbering, &spot, found);
            }
        }
        // Those of a claim wait for its end; others only so that they come in order.
        if found.list.len() > WAITING && !self.state.in_claim {
            self.state.hand_over(found, receive);
        }
    }

    /// Ends the set; what is open in it closes.
    pub(super) fn end(mut self, offset: u64, found: &mut Found<'_>, receive: &mut impl Receive) -> TransactionOutcome {
        let state = &mut self.state;
        if let Body::Placed(walk, ready) = self.body {
            state.reported = 0;
            walk.finish(offset, &mut |tape, entry, faults| {
                state.closed(&ready, tape, entry, faults, found, receive);
            });
        }
        state.hand_over(found, receive);
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
    #[expect(clippy::too_many_arguments, reason = "the parts of a set, borrowed apart")]
    fn place(
        &mut self,
        walk: &mut Walk<'static>,
        ready: &Ready,
        characters: &Characters,
        seen: Seen<'_>,
        position: u32,
        found: &mut Found<'_>,
        receive: &mut impl Receive,
    ) {
        let prepared = &*ready.prepared;
        let guide = prepared.guide;
        let Seen { segment, offset, line, number } = seen;
        self.reported = 0;
        self.line = line;
        let node = walk.push(segment, offset, &mut |tape, entry, faults| {
            self.closed(ready, tape, entry, faults, found, receive);
        });
        self.index.sync(guide, walk.tape(), line);
        if let Some(node) = node
            && prepared.begins(node) != Role::Part
        {
            self.opened(prepared.begins(node), segment, found, receive);
        }
        let mark = found.list.len();
        if walk.has_faults() {
            let faults = walk.take_faults();
            self.faults(guide, faults.get(self.reported..).unwrap_or_default(), segment.bytes().len() as u32, found);
        }
        if let Some((node, plan)) = node.and_then(|node| Some((node, prepared.plan(node)?))) {
            let spot = Spot { segment, guide: Some(guide), node: Some(node), position, number, offset, line };
            if guide.step(node).begins {
                self.numbering.take(&spot, found);
            }
            element::check(plan, segment, characters, &mut |broken| {
                found.broken(broken, &spot);
            });
            if let Some(partner) = &prepared.partner {
                partner.segment(node, segment, &spot, found);
            }
        }
        if found.list.len() > mark {
            self.note(mark, found);
        }
    }

    /// A claim or a level has been opened by its first segment.
    fn opened(&mut self, role: Role, segment: &Segment<'_>, found: &mut Found<'_>, receive: &mut impl Receive) {
        match role {
            Role::Claim => {
                self.hand_over(found, receive);
                self.in_claim = true;
                let id = if segment.id() == b"TRN" { segment.element(2) } else { segment.element(1) };
                found.claim = CompactString::from_utf8_lossy(id);
            }
            Role::Level => self.levels.push(Vec::new()),
            Role::Part => {}
        }
    }

    /// A loop has closed: what is wrong with it as a whole.
    fn closed(
        &mut self,
        ready: &Ready,
        tape: &Tape,
        entry: usize,
        faults: &[Fault],
        found: &mut Found<'_>,
        receive: &mut impl Receive,
    ) {
        let prepared = &*ready.prepared;
        let guide = prepared.guide;
        let mark = found.list.len();
        // That the SE is missing is said of the set as a whole.
        for fault in faults.iter().skip(self.reported).filter(|fault| fault.segment != "SE") {
            structure::report(found, guide, fault, self.line_of(tape, fault.position), 0);
        }
        self.reported = faults.len();
        let view = View { guide, ordinal: prepared.ordinal, tape, index: &self.index };
        let Some(scope) = Scope::new(&view, entry) else { return };
        let taken = self.index.taken();
        for check in prepared.checks(scope.node()) {
            if check.when.meets(taken) {
                (check.run)(scope, found);
            }
        }
        if let Some(external) = &ready.external {
            external.judge(scope, found);
        }
        if let Some(partner) = &prepared.partner {
            partner.parts(scope, found);
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
            self.hand_over(found, receive);
            self.in_claim = false;
            found.claim = CompactString::default();
        }
    }

    /// Takes note of errors found from an index on: of those outside claims for the claims below, of those
    /// that reject the set.
    #[cold]
    fn note(&mut self, from: usize, found: &Found<'_>) {
        let errors = || found.list.iter().skip(from).filter(|finding| finding.severity == Severity::Error);
        if !self.in_claim
            && let Some(level) = self.levels.last_mut()
        {
            let room = INHERITED.saturating_sub(level.len());
            level.extend(errors().take(room).cloned());
        }
    }

    /// Hands findings over and counts those that reject the set.
    fn hand_over(&mut self, found: &mut Found<'_>, receive: &mut impl Receive) {
        if found.list.is_empty() {
            return;
        }
        if !self.in_claim {
            found.list.sort_by_key(|finding| (finding.place.number, finding.place.element, finding.place.component));
        }
        for finding in found.list.drain(..) {
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
fn standard(
    plans: &mut HashMap<Vec<u8>, Plan>,
    characters: &Characters,
    numbering: &mut Numbering,
    spot: &Spot<'_>,
    found: &mut Found<'_>,
) {
    let segment = spot.segment;
    let Ok(dictionary) = dictionary() else { return };
    let Ok(id) = std::str::from_utf8(segment.id()) else { return };
    // Segments of other sets than ours are not in the dictionary.
    if !dictionary.has_segment(id) {
        element::check_unknown(segment, &mut |broken| {
            found.broken(broken, spot);
        });
        return;
    }
    let plan = plans.entry(segment.id().to_vec()).or_insert_with(|| Plan::of_standard(dictionary, id));
    numbering.take(spot, found);
    element::check(plan, segment, characters, &mut |broken| {
        found.broken(broken, spot);
    });
}
