//! Claim acknowledgments (277CA): what statuses may say, and whether the totals are those of the claims.

use std::sync::LazyLock;

use super::super::{
    Check, Found, Scope,
    memory::Answered,
    rule::{Rule, rules},
    scope::{At, Held, places},
};
use crate::codes;

rules! {
    CATEGORY = Rule::error(2, "CA01", "status.category").ik4("I6")
        .says("the category tells of a claim's payment, not of its arrival", "use A0 to A8; what becomes of an accepted claim is told by a 277 response or an 835");
    ACTION = Rule::error(2, "CA02", "status.action").ik4("I12")
        .says("category and action (STC03) contradict each other", "A0, A1, A2 and A5 accept (WQ); A3, A4, A6, A7 and A8 reject (U)");
    ACCEPTED_LINE = Rule::error(4, "CA03", "status.line.accepted").ik3("I9")
        .says("the claim is accepted, and a line that made it fail is named", "name lines only where they reject the claim");
    ENTITY = Rule::error(2, "CA04", "status.entity").ik4("I9")
        .says("the status code needs to say whom it is about", "add the entity code, such as 85 for the billing provider");
    OTHER_ENTITY = Rule::error(2, "CA04", "status.entity.other").ik4("I12")
        .says("the status code is about another entity", "use the entity code that the note of the status names");
    ALONE = Rule::error(2, "CA04", "status.alone").ik4("I9")
        .says("the status code needs another beside it", "add the status that says what is wrong in STC10 or STC11");
    RECEIVER_ONLY = Rule::error(2, "CA04", "status.receiver-only").ik4("I12")
        .says("the status code is for the file as a whole", "use it for the information receiver (2200B) only");
    CLAIMS = Rule::warning(3, "CA05", "status.total.claims").ik4("I12")
        .says("the number of claims is not that of the claims below", "count accepted and rejected claims again");
    CHARGES = Rule::warning(3, "CA05", "status.total.charge").ik4("I12")
        .says("the amount is not the sum of the claims below", "add up STC04 of the accepted and of the rejected claims again");
    SUBMITTED = Rule::warning(3, "CA05", "status.total.submitted").ik4("I12")
        .says("the charges submitted (STC04) are not those accepted (AMT*YU) and rejected (AMT*YY)", "add them up again");
    CHILDREN_OF_REJECTED = Rule::warning(4, "CA07", "status.rejected.children").ik3("I9")
        .says("all claims of this level were rejected together, and yet it goes on below", "end the level after its status");
    CHILD_CODE = Rule::warning(4, "CA07", "status.children").ik4("7")
        .says("HL04 does not say whether there is a level below", "write 1 if there is one, 0 if not");
}

places! {
    RECEIVER_HL = "2000B" / "HL";
    RECEIVER = "2000B" / "2200B";
    PROVIDER_LEVEL = "2000B" / "2000C";
    RECEIVER_STC = "2200B" / "STC";
    RECEIVER_ACCEPTED = "2200B" / "QTY[90]";
    RECEIVER_REJECTED = "2200B" / "QTY[AA]";
    RECEIVER_ACCEPTED_CHARGE = "2200B" / "AMT[YU]";
    RECEIVER_REJECTED_CHARGE = "2200B" / "AMT[YY]";
    PROVIDER_HL = "2000C" / "HL";
    PROVIDER = "2000C" / "2200C";
    PATIENT_LEVEL = "2000C" / "2000D";
    PROVIDER_STC = "2200C" / "STC";
    PROVIDER_ACCEPTED = "2200C" / "QTY[QA]";
    PROVIDER_REJECTED = "2200C" / "QTY[QC]";
    PROVIDER_ACCEPTED_CHARGE = "2200C" / "AMT[YU]";
    PROVIDER_REJECTED_CHARGE = "2200C" / "AMT[YY]";
    CLAIM_STC = "2200D" / "STC";
    LINE = "2200D" / "2220D";
    LINE_SVC = "2220D" / "SVC";
    LINE_STC = "2220D" / "STC";
}

pub(super) const CHECKS: &[Check] = &[
    Check::new("2200B", &["277CA"], |trace, found| statuses(trace, &RECEIVER_STC, found)),
    Check::new("2200C", &["277CA"], |trace, found| statuses(trace, &PROVIDER_STC, found)),
    Check::new("2200D", &["277CA"], claim),
    Check::new("2220D", &["277CA"], |line, found| statuses(line, &LINE_STC, found)),
    Check::new("2000C", &["277CA"], provider),
    Check::new("2000B", &["277CA"], receiver),
];

/// What the note of a status code asks for.
#[derive(Debug)]
struct Note {
    code: &'static str,
    needs_entity: bool,
    /// The only entity it goes with; empty for any.
    entity: &'static str,
    needs_other: bool,
    receiver_only: bool,
}

impl Note {
    fn of(status: &[u8]) -> Option<&'static Self> {
        static NOTES: LazyLock<Vec<Note>> = LazyLock::new(|| {
            let codes = codes::by_name("claim-status").map_or(&[][..], |list| list.codes());
            let flagged = codes.iter().filter(|code| !code.flags.is_empty());
            let mut notes: Vec<Note> = flagged.map(|code| Note::read(code.code, &code.flags)).collect();
            notes.sort_unstable_by_key(|note| note.code);
            notes
        });
        let at = NOTES.binary_search_by(|note| note.code.as_bytes().cmp(status)).ok()?;
        NOTES.get(at)
    }

    fn read(code: &'static str, flags: &[&'static str]) -> Self {
        let entity = flags.iter().find_map(|flag| flag.strip_prefix("entity"));
        Self {
            code,
            needs_entity: entity.is_some(),
            entity: entity.unwrap_or_default().trim(),
            needs_other: flags.contains(&"other"),
            receiver_only: flags.contains(&"receiver-level"),
        }
    }
}

/// The statuses of a loop: category, status code and entity in STC01, STC10 and STC11.
fn statuses(scope: Scope<'_>, at: &At, found: &mut Found<'_>) {
    for stc in scope.all(at) {
        for at in [1, 10, 11].into_iter().filter(|at| !stc.element(*at).is_empty()) {
            let category = stc.component(at, 1);
            let is_accepted = match category {
                [b'F' | b'P' | b'R' | b'D', ..] => {
                    found.component(&CATEGORY, stc, at, 1);
                    None
                }
                b"A0" | b"A1" | b"A2" | b"A5" => Some(true),
                b"A3" | b"A4" | b"A6" | b"A7" | b"A8" => Some(false),
                _ => None,
            };
            if matches!((is_accepted, stc.element(3)), (Some(true), b"U") | (Some(false), b"WQ")) {
                found.component(&ACTION, stc, at, 1).trigger(stc, 3, 0);
            }
            if let Some(note) = Note::of(stc.component(at, 2)) {
                keep_note(scope, stc, at, note, found);
            }
        }
    }
}

fn keep_note(scope: Scope<'_>, stc: Held<'_>, at: usize, note: &Note, found: &mut Found<'_>) {
    let entity = stc.component(at, 3);
    if note.needs_entity && entity.is_empty() {
        found.component(&ENTITY, stc, at, 3).trigger(stc, at, 2);
    } else if !note.entity.is_empty() && entity != note.entity.as_bytes() {
        found.component(&OTHER_ENTITY, stc, at, 3).detail(format!("it is {}", note.entity)).trigger(stc, at, 2);
    }
    if note.needs_other {
        let is_other = |other: usize| other != at && !stc.component(other, 2).is_empty();
        if ![1, 10, 11].into_iter().any(is_other) {
            found.component(&ALONE, stc, at, 2);
        }
    }
    if note.receiver_only && scope.id() != "2200B" {
        found.component(&RECEIVER_ONLY, stc, at, 2);
    }
}

fn claim(claim: Scope<'_>, found: &mut Found<'_>) {
    statuses(claim, &CLAIM_STC, found);
    let Some(stc) = claim.first(&CLAIM_STC) else { return };
    let is_rejected = claim.all(&CLAIM_STC).any(|stc| stc.element(3) == b"U");
    if !is_rejected && let Some(svc) = claim.inner(&LINE).and_then(|line| line.first(&LINE_SVC)) {
        found.segment(&ACCEPTED_LINE, svc).trigger(stc, 3, 0);
    }
    let answered = &mut found.memory.of_provider;
    let (count, charge) = if is_rejected { &mut answered.rejected } else { &mut answered.accepted };
    *count = count.saturating_add(1);
    charge.add(stc.number(4));
}

/// Where the totals of a level stand.
struct Totals {
    accepted: &'static At,
    rejected: &'static At,
    accepted_charge: &'static At,
    rejected_charge: &'static At,
    stc: &'static At,
}

static OF_PROVIDER: Totals = Totals {
    accepted: &PROVIDER_ACCEPTED,
    rejected: &PROVIDER_REJECTED,
    accepted_charge: &PROVIDER_ACCEPTED_CHARGE,
    rejected_charge: &PROVIDER_REJECTED_CHARGE,
    stc: &PROVIDER_STC,
};

static OF_RECEIVER: Totals = Totals {
    accepted: &RECEIVER_ACCEPTED,
    rejected: &RECEIVER_REJECTED,
    accepted_charge: &RECEIVER_ACCEPTED_CHARGE,
    rejected_charge: &RECEIVER_REJECTED_CHARGE,
    stc: &RECEIVER_STC,
};

impl Totals {
    /// Compares what a level states with what stands below it. What is 0 need not be stated.
    fn compare(&self, trace: Scope<'_>, below: Answered, found: &mut Found<'_>) {
        let sides = [
            (below.accepted, self.accepted, self.accepted_charge),
            (below.rejected, self.rejected, self.rejected_charge),
        ];
        for ((claims, charge), count_at, charge_at) in sides {
            match trace.first(count_at) {
                Some(qty) if qty.number(2).is_some_and(|stated| stated != claims.into()) => {
                    found.element(&CLAIMS, qty, 2).expected(claims);
                }
                None if claims > 0 => {
                    found.missing(&CLAIMS, trace, count_at).expected(claims);
                }
                _ => {}
            }
            let Some(charge) = charge.total() else { continue };
            match trace.first(charge_at) {
                Some(amt) if amt.number(2).is_some_and(|stated| stated != charge) => {
                    found.element(&CHARGES, amt, 2).expected(charge);
                }
                None if !charge.is_zero() => {
                    found.missing(&CHARGES, trace, charge_at).expected(charge);
                }
                _ => {}
            }
        }
    }

    /// STC04 is what was accepted and what was rejected.
    fn add_up(&self, trace: Scope<'_>, found: &mut Found<'_>) {
        let amounts = [self.accepted_charge, self.rejected_charge].map(|at| trace.first(at));
        let Some(stc) = trace.first(self.stc).filter(|_| amounts.iter().any(Option::is_some)) else { return };
        let mut sum = super::super::memory::Sum::default();
        for amt in amounts.into_iter().flatten() {
            sum.add(amt.number(2));
        }
        if let (Some(stated), Some(sum)) = (stc.number(4), sum.total())
            && stated != sum
        {
            found.element(&SUBMITTED, stc, 4).expected(sum);
        }
    }

    /// What a level states, for one that was rejected as a whole.
    fn stated(&self, trace: Scope<'_>) -> Answered {
        let mut answered = Answered::default();
        let sides = [
            (&mut answered.accepted, self.accepted, self.accepted_charge),
            (&mut answered.rejected, self.rejected, self.rejected_charge),
        ];
        for ((claims, charge), count_at, charge_at) in sides {
            *claims = trace.first(count_at).and_then(|qty| u32::try_from(qty.number(2)?).ok()).unwrap_or(0);
            if let Some(amt) = trace.first(charge_at) {
                charge.add(amt.number(2));
            }
        }
        answered
    }
}

/// A billing provider with its claims, or rejected without them.
fn provider(level: Scope<'_>, found: &mut Found<'_>) {
    let mut answered = std::mem::take(&mut found.memory.of_provider);
    let has_claims = level.count(&PATIENT_LEVEL) > 0;
    let trace = level.inner(&PROVIDER);
    let rejection = trace.and_then(|trace| trace.all(&PROVIDER_STC).find(|stc| stc.element(3) == b"U"));
    if let Some(trace) = trace {
        OF_PROVIDER.add_up(trace, found);
        if has_claims {
            OF_PROVIDER.compare(trace, answered, found);
        } else {
            answered = OF_PROVIDER.stated(trace);
        }
    }
    children(level, &PROVIDER_HL, has_claims, rejection, found);
    add(&mut found.memory.of_receiver, answered);
}

fn add(sum: &mut Answered, part: Answered) {
    for (sum, part) in [(&mut sum.accepted, part.accepted), (&mut sum.rejected, part.rejected)] {
        sum.0 = sum.0.saturating_add(part.0);
        sum.1.add(part.1.total());
    }
}

/// An information receiver with its billing providers, or rejected without them.
fn receiver(level: Scope<'_>, found: &mut Found<'_>) {
    let answered = std::mem::take(&mut found.memory.of_receiver);
    let has_providers = level.count(&PROVIDER_LEVEL) > 0;
    let trace = level.inner(&RECEIVER);
    let rejection = trace.and_then(|trace| trace.all(&RECEIVER_STC).find(|stc| stc.element(3) == b"U"));
    if let Some(trace) = trace {
        OF_RECEIVER.add_up(trace, found);
        if has_providers {
            OF_RECEIVER.compare(trace, answered, found);
        }
    }
    children(level, &RECEIVER_HL, has_providers, rejection, found);
}

/// A level that was rejected as a whole ends there, and HL04 says whether it does.
fn children(level: Scope<'_>, at: &At, has_children: bool, rejection: Option<Held<'_>>, found: &mut Found<'_>) {
    let Some(hl) = level.first(at) else { return };
    if let Some(stc) = rejection.filter(|_| has_children) {
        found.element(&CHILDREN_OF_REJECTED, stc, 3);
    }
    if matches!((hl.element(4), has_children), (b"0", true) | (b"1", false)) {
        found.element(&CHILD_CODE, hl, 4);
    }
}
