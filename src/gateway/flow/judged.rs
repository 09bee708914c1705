//! What checking made of the parts of a file: which are taken, which are refused, and what is held back with them.

use std::{collections::HashMap, ops::Range};

use super::{
    State, answers,
    held_back::HeldBack,
    outline::{Outline, Recorded},
};
use crate::{
    acknowledge::Answers,
    check::{self, Claim, Finding, GroupOutcome, InterchangeOutcome, Receive, Severity, TransactionOutcome, Verdict},
    gateway::{
        Id,
        connect::Content,
        store::{self, Tx, values},
    },
    partner::{Owed, Role, Ta1},
};

/// What checking made of the parts of a file, in their order.
#[derive(Default)]
pub(super) struct Judged {
    /// By where the claim begins in the file.
    pub(super) claims: HashMap<u64, Judgement>,
    /// Verdict of each transaction set that has ended.
    sets: Vec<Verdict>,
    /// Whether each interchange is refused as such.
    interchanges: Vec<bool>,
    /// The interchange of each transaction set.
    of_set: Vec<usize>,
    /// Transaction sets whose sums do not agree.
    pub(super) unbalanced: Vec<usize>,
    /// Transaction sets that do not follow their guide (SNIP levels 1 and 2).
    broken: Vec<usize>,
    /// What is refused whatever is in it, and the sets in groups that are.
    held: HeldBack,
    suspended_sets: Vec<usize>,
    /// Functional groups that have begun, and the first set of the open one.
    groups: usize,
    group_from: usize,
    /// Whether the open group is at fault as such.
    at_fault: bool,
    /// Groups before the open interchange.
    interchange_from: usize,
    /// The groups of each interchange that has ended, and whether an error is in one of them.
    errors: Vec<(Range<usize>, bool)>,
    /// Whether an error rejects a part of the open interchange.
    error: bool,
}

/// What checking made of a claim, and where it stands.
pub(super) struct Judgement {
    pub(super) set: usize,
    pub(super) position: u32,
    rejected: bool,
}

impl Judged {
    /// For a file of which some parts are refused whatever is in them.
    pub(super) fn with(held: HeldBack) -> Self {
        Self { held, ..Self::default() }
    }

    /// Refuses the group that has begun, where it is held back.
    pub(super) fn refuse_group<W: std::io::Write>(&self, answers: &mut Answers<W>) {
        self.held.refuse_group(self.groups, answers);
    }

    /// Refuses the transaction set that has begun, where it is held back.
    pub(super) fn refuse_set<W: std::io::Write>(&self, answers: &mut Answers<W>) {
        self.held.refuse_set(self.sets.len(), answers);
    }

    /// The state of a claim after we have answered.
    pub(super) fn state(&self, claim: &Judgement, owed: &Owed) -> State {
        let refused =
            self.of_set.get(claim.set).and_then(|at| self.interchanges.get(*at)).is_some_and(|refused| *refused);
        let rejected = self.sets.get(claim.set) == Some(&Verdict::Rejected);
        match (refused, rejected, claim.rejected) {
            (true, ..) => State::InterchangeRejected,
            (_, true, _) => State::SyntaxRejected,
            (.., true) => State::Rejected,
            // What nobody is told is not said here either.
            _ if owed.claims && owed.role == Role::Payer => State::Accepted,
            _ if owed.claims => State::Acknowledged,
            _ if owed.functional => State::SyntaxAccepted,
            _ if owed.ta1 == Ta1::Always => State::InterchangeAccepted,
            _ => State::Received,
        }
    }

    /// Whether payments of a transaction set count: its interchange was taken, and it can be read as it was meant.
    pub(super) fn may_be_posted(&self, set: usize) -> bool {
        let refused = self.of_set.get(set).and_then(|at| self.interchanges.get(*at)).is_none_or(|refused| *refused);
        !refused && !self.broken.contains(&set) && !self.suspended_sets.contains(&set)
    }

    /// What is held back if one error holds back its interchange.
    pub(super) fn suspended(self) -> HeldBack {
        let mut held = self.held;
        for (groups, _) in self.errors.into_iter().filter(|(_, error)| *error) {
            groups.for_each(|group| held.hold_group(group));
        }
        held
    }

    pub(super) fn record(&self, tx: &mut dyn Tx, recorded: &Recorded) -> store::Result<()> {
        for (id, refused) in recorded.interchanges.iter().zip(&self.interchanges) {
            let answer = if *refused { "R" } else { "A" };
            tx.run("UPDATE interchange SET answer = ?2 WHERE id = ?1", values![id.0, answer])?;
        }
        for (id, verdict) in recorded.sets.iter().zip(&self.sets) {
            tx.run("UPDATE transaction_set SET answer = ?2 WHERE id = ?1", values![id.0, code(*verdict)])?;
        }
        Ok(())
    }

    /// Records what an answer of ours says.
    pub(super) fn answered(
        &self,
        tx: &mut dyn Tx,
        answer: Id,
        partner: &str,
        file: Id,
        content: Content,
        answered: &Outline,
    ) -> store::Result<()> {
        let refused = self.interchanges.contains(&true);
        let verdict = match content {
            Content::InterchangeAcknowledgmentTa1 => {
                if refused {
                    "rejected"
                } else {
                    "accepted"
                }
            }
            Content::Acknowledgment999 => worst(self.sets.iter().copied()),
            _ => worst(
                self.claims.values().map(|claim| if claim.rejected { Verdict::Rejected } else { Verdict::Accepted }),
            ),
        };
        // What it answers first; the file says the rest.
        let reference = match content {
            Content::InterchangeAcknowledgmentTa1 => answered.interchanges.first().map(|one| &one.control_number),
            Content::Acknowledgment999 => answered.groups().next().map(|group| &group.control_number),
            _ => answered.groups().flat_map(|group| &group.sets).next().map(|set| &set.reference),
        };
        let reference = reference.map_or("", String::as_str);
        answers::record(tx, answer, "out", partner, content.name(), reference, Some(file), verdict)
    }
}

impl Receive for Judged {
    fn finding(&mut self, finding: &Finding) {
        self.at_fault |= finding.severity == Severity::Error && finding.answer() == check::Answer::Group;
        if finding.severity != Severity::Error || finding.place.position == 0 {
            return;
        }
        let list = match finding.rule.level {
            1 | 2 => &mut self.broken,
            3 => &mut self.unbalanced,
            _ => return,
        };
        let set = self.sets.len();
        if list.last() != Some(&set) {
            list.push(set);
        }
    }

    fn claim(&mut self, claim: &Claim<'_>) {
        if let Some(begin) = claim.scope.begin() {
            let rejected = claim.verdict == Verdict::Rejected;
            let judgement = Judgement { set: self.sets.len(), position: begin.position(), rejected };
            self.claims.insert(begin.offset(), judgement);
        }
    }

    fn transaction(&mut self, set: &TransactionOutcome) {
        // The set is what its 999 says: claims that are rejected one by one leave it accepted.
        let rejected = set.errors > 0 || self.held.holds_set(self.sets.len());
        let verdict = match (rejected, set.verdict) {
            (true, _) => Verdict::Rejected,
            (false, Verdict::Rejected) => Verdict::AcceptedWithErrors,
            (false, verdict) => verdict,
        };
        self.error |= rejected;
        self.sets.push(verdict);
        self.of_set.push(self.interchanges.len());
    }

    fn group_begins(&mut self, _: &GroupOutcome) {
        self.group_from = self.sets.len();
    }

    fn group(&mut self, _: &GroupOutcome) {
        let held = self.held.holds_group(self.groups);
        let at_fault = std::mem::take(&mut self.at_fault);
        if held || at_fault {
            self.error |= at_fault;
            self.sets.iter_mut().skip(self.group_from).for_each(|verdict| *verdict = Verdict::Rejected);
        }
        if held {
            self.suspended_sets.extend(self.group_from..self.sets.len());
        }
        self.groups += 1;
    }

    fn interchange(&mut self, interchange: &InterchangeOutcome) {
        self.interchanges.push(interchange.refused);
        self.errors.push((self.interchange_from..self.groups, std::mem::take(&mut self.error)));
        self.interchange_from = self.groups;
    }
}

fn code(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "A",
        Verdict::AcceptedWithErrors => "E",
        Verdict::Rejected => "R",
    }
}

fn worst(verdicts: impl Iterator<Item = Verdict> + Clone) -> &'static str {
    let (mut all, mut none) = (true, true);
    for verdict in verdicts {
        all &= verdict == Verdict::Rejected;
        none &= verdict != Verdict::Rejected;
    }
    match (none, all) {
        (true, _) => "accepted",
        (false, true) => "rejected",
        (false, false) => "partly_accepted",
    }
}
