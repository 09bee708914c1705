//! The ends of transaction sets, groups and interchanges: their trailers, and what follows where there is none.

use compact_str::ToCompactString;

use super::{
    super::{
        Receive, Verdict,
        envelope::*,
        open::{Group, Interchange, counts, same_number, trimmed},
        partner,
        set::Seen,
    },
    Run,
};

impl<R: Receive> Run<'_, R> {
    pub(super) fn se(&mut self, seen: Seen<'_>) {
        if self.set.is_none() {
            self.say(&SE_WITHOUT_ST, seen, 0);
            return;
        }
        self.push(seen);
        let Some(set) = &self.set else { return };
        let (count, number, claims) = (set.position(), set.outcome.control_number.clone(), set.claims());
        if trimmed(seen.segment.element(2)) != number {
            self.say(&ST_NUMBER, seen, 2).expected(&number);
        }
        if !counts(seen.segment.element(1), count) {
            self.say(&SE_COUNT, seen, 1).detail(format!("{count} segments stand"));
        }
        let before = self.file.claims;
        self.file.claims += claims;
        if claims > self.limits.claims {
            let most = self.limits.claims;
            self.say(&partner::CLAIMS, seen, 0).detail(format!("{claims}, at most {most}"));
        }
        let most = self.limits.file_claims;
        if before <= most && self.file.claims > most {
            self.say(&partner::FILE_CLAIMS, seen, 0).detail(format!("at most {most}"));
        }
        self.end_set(seen, true);
    }

    pub(super) fn ge(&mut self, seen: Seen<'_>) {
        self.end_set(seen, false);
        let Some(group) = self.group.as_ref().filter(|group| !group.is_fragment) else {
            self.say(&GE_WITHOUT_GS, seen, 0);
            return;
        };
        let (count, number) = (group.outcome.received, group.outcome.control_number.clone());
        self.header(seen, self.headers.ge);
        if !same_number(seen.segment.element(2), number.as_bytes()) {
            self.say(&GS_NUMBER, seen, 2).expected(&number);
        }
        if !counts(seen.segment.element(1), count) {
            self.say(&GE_COUNT, seen, 1).detail(format!("{count} transaction sets stand"));
        }
        if let Some(group) = &mut self.group {
            group.outcome.stated = trimmed(seen.segment.element(1));
        }
        self.end_group(seen, true);
    }

    pub(super) fn iea(&mut self, seen: Seen<'_>) {
        self.end_group(seen, false);
        let Some(interchange) = self.interchange.as_ref().filter(|interchange| !interchange.is_fragment) else {
            self.stray(seen);
            return;
        };
        let (count, number) = (interchange.groups, self.found.within.interchange.clone());
        self.header(seen, self.headers.iea);
        if !same_number(seen.segment.element(2), number.as_bytes()) {
            self.say(&ISA_NUMBER, seen, 2).expected(&number);
        }
        if !counts(seen.segment.element(1), count) {
            self.say(&IEA_COUNT, seen, 1).detail(format!("{count} functional groups stand"));
        }
        self.end_interchange(seen, true);
    }

    pub(super) fn end_set(&mut self, seen: Seen<'_>, with_trailer: bool) {
        if self.set.is_none() {
            return;
        }
        if !with_trailer {
            self.say(&NO_SE, seen, 0).missing("SE");
        }
        let Some(set) = self.set.take() else { return };
        let outcome = set.end(seen.offset, &mut self.found, self.receive);
        self.receive.transaction(&outcome);
        if let Some(group) = &mut self.group {
            group.verdicts.count(outcome.verdict);
            group.outcome.accepted += u32::from(outcome.verdict != Verdict::Rejected || outcome.errors == 0);
        }
        self.within(|within| within.transaction.clear());
        self.found.claim.clear();
    }

    pub(super) fn end_group(&mut self, seen: Seen<'_>, with_trailer: bool) {
        self.end_set(seen, false);
        if self.group.as_ref().is_some_and(|group| !group.is_fragment) && !with_trailer {
            self.say(&NO_GE, seen, 0).missing("GE");
        }
        self.flush();
        let Some(Group { mut outcome, verdicts, at_fault, .. }) = self.group.take() else { return };
        if outcome.stated.is_empty() {
            outcome.stated = outcome.received.to_compact_string();
        }
        outcome.verdict = verdicts.verdict(at_fault);
        self.receive.group(&outcome);
        if let Some(interchange) = &mut self.interchange {
            interchange.verdicts.count(outcome.verdict);
        }
        self.within(|within| within.group.clear());
    }

    pub(super) fn end_interchange(&mut self, seen: Seen<'_>, with_trailer: bool) {
        self.end_group(seen, false);
        if self.interchange.as_ref().is_some_and(|interchange| !interchange.is_fragment) && !with_trailer {
            self.say(&NO_IEA, seen, 0).missing("IEA");
        }
        if self.interchange.is_some() && seen.offset > self.limits.bytes {
            let most = self.limits.bytes;
            self.say(&partner::BYTES, seen, 0).detail(format!("at most {most}"));
        }
        self.flush();
        let Some(Interchange { mut outcome, verdicts, .. }) = self.interchange.take() else { return };
        outcome.verdict = verdicts.verdict(outcome.refused);
        self.receive.interchange(&outcome);
        self.verdicts.count(outcome.verdict);
        self.within(|within| within.interchange.clear());
    }
}
