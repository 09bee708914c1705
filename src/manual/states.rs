//! What a claim, a file, a delivery and a job can be.
//!
//! The database holds each of them to these states by constraints, so that no part of the program can bring one into
//! another.
//!
//! # A claim
//!
//! Whatever happens to a claim is an event, which is never changed; its state follows from its events. Time goes
//! downwards:
//!
//! ```text
//! step   ours                                                         a partner's
//!
//!  0     refused             withdrawn ◄──┐
//!        by our checks       by you       │
//!  1                         queued ──────┘
//!                              │ put into a file
//!  2                         batched
//!                              │ the partner has the file
//!  3                         sent                                     received
//!                              │ TA1
//!  4          interchange_accepted   interchange_rejected
//!                              │ 999
//!  5               syntax_accepted   syntax_rejected
//!                              │ 277CA
//!  6                  acknowledged                  A0 A1 A5
//!  7                      accepted   rejected       A2 │ A3 A4 A6 A7 A8
//!                              │ 835                CLP02
//!  8     paid   partially_paid   zero_paid          1 2 3
//!        denied                                     4
//!        forwarded                                  19 20 21 23
//!        reversed                                   22
//! ```
//!
//! News of the same step or a later one replaces the state. News of an earlier step, such as a TA1 that comes after the
//! 277CA, stands in the timeline and changes nothing. Steps may be left out: many payers send no TA1. What is `refused`
//! or `withdrawn` stays so.
//!
//! - `refused`: never sent; what was found is stored with it. Correct it and hand it in again.
//! - `queued`: it waits to share a file with others, for `batch_wait`. Only now can it be withdrawn.
//! - `batched`, `sent`: it stands in a file, which the partner has when it is `sent`.
//! - `interchange_rejected`, `syntax_rejected`, `rejected`: dead ends, like `refused` and `withdrawn`. The claim was
//!   not adjudicated; one that is the same is no duplicate of it.
//! - `acknowledged`: somebody on the way has it, and nobody has accepted it yet.
//! - `zero_paid`: nothing was paid, and that is no denial (CLP02 is not 4), as under capitation.
//! - `partially_paid`: at least one line that was charged got nothing.
//! - `forwarded`: the payer passed it on, or it is not the payer's.
//! - `reversed`: a payment was taken back, and nothing has taken its place yet.
//! - A predetermination (CLP02 25) prices and pays nothing: it changes no state.
//!
//! A claim that a partner sends us is stored with the state that our answer gives it, from `interchange_rejected` to
//! `accepted`, and goes on when we send its 835. Where a partner is owed no 277CA, a claim that we take is
//! `syntax_accepted` by our 999, and `received` where it is not answered at all.
//!
//! # A file
//!
//! ```text
//!   comes in ──► received ──► processed
//!                   │
//!                   └───────► refused      nothing in it can be taken; its reason is stored
//!   comes in again ─────────► duplicate    the same bytes or payments as before: answered, and without effect
//!   goes out ───────────────► made         and has a delivery
//! ```
//!
//! # A delivery
//!
//! A file of ours on its way.
//!
//! ```text
//!   we send it:         due ──► sent                 it arrived, as far as the channel tells
//!                        │▲
//!                        ▼│ retry, by a person
//!                       failed                       given up, with a reason
//!
//!   they fetch it:      waiting ──► fetched ──► confirmed
//!                          ▲           │
//!                          └───────────┘ offered again after `offer_again`, to those who confirm
//! ```
//!
//! # A job
//!
//! Whatever is to be done later is a job, stored in the same work as what made it necessary: to process a file, to make
//! files of claims, to send one, to hand claims on, to fetch, to look for what is overdue or old.
//!
//! ```text
//!                  ┌──── failed and to be tried again, program stopped ────┐
//!                  ▼                                                        │
//!   enqueue ──► ready ───────────────── a worker takes it ────────────► running
//!                  │ cancel                                             │      │
//!                  ▼                                                    ▼      ▼
//!              cancelled                                              done   failed ──► ready
//!                                                                              retry, by a person
//! ```
//!
//! | state | has | has not |
//! |---|---|---|
//! | `ready` | a time when it is due | a worker, an end |
//! | `running` | a worker, the end of its lease, an attempt that is counted | an end |
//! | `done` | an end | a reason |
//! | `failed` | an end, and a reason for a person | |
//! | `cancelled` | an end, and a reason | |
//!
//! A worker has a job until its lease ends, and renews it while it works. Each lease has a number; a worker that was
//! thought dead cannot store anything under an old one. A job's effect and its end are stored together: the effect
//! happens once, however often the job is begun.
//!
//! # A stored payload
//!
//! The bytes of a file, of claims as JSON, or of findings, sealed: `writing`, `sealed` (whole, and nobody's yet),
//! `kept` (something refers to it), `erased` (length and digests are left). What is `writing` or `sealed` when the
//! program starts is deleted: whoever wrote it is gone.

#[cfg(test)]
mod tests {
    use crate::gateway::flow::State;

    const PAGE: &str = include_str!("states.rs");

    /// The states that the tables of the database know.
    fn states() -> Vec<&'static str> {
        let tables = [
            include_str!("../gateway/store/schema/001.sql"),
            include_str!("../gateway/store/schema/002.sql"),
            include_str!("../gateway/store/schema/003.sql"),
        ];
        let checks = tables.iter().flat_map(|text| text.split("CHECK (state IN (").skip(1));
        checks.flat_map(|check| check.split("))").next().unwrap().split('\'').skip(1).step_by(2)).collect()
    }

    #[test]
    fn every_state_is_drawn() {
        let states = states();
        assert!(states.len() > 30 && State::all().all(|state| states.contains(&state.name())));
        let page: Vec<&str> = PAGE.lines().map_while(|line| line.strip_prefix("//!")).collect();
        let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let words: Vec<&str> = page.iter().flat_map(|line| line.split(|character| !is_word(character))).collect();
        for state in states {
            assert!(words.contains(&state), "{state}");
        }
    }
}
