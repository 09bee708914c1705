//! The states of a claim, and which may follow which.

use std::fmt;

/// Where a claim is on its way. A state follows from the claim's events: news of the same or a later step
/// replaces it, news of an earlier step (a TA1 that arrives after the 277CA) is kept in the timeline only.
///
/// ```text
///              ┌─▶ interchange_rejected   ┌─▶ syntax_rejected   ┌─▶ rejected   ┌─▶ paid, partially_paid,
/// queued ─▶ batched ─▶ sent ─▶ interchange_accepted ─▶ syntax_accepted ─▶ acknowledged ─▶ accepted ─┤   zero_paid, denied,
///    │         (ours)      TA1                      999               277CA A1       277CA A2  └─▶ forwarded, reversed
///    └─▶ withdrawn                                                                                  (835)
/// refused: never queued
/// ```
///
/// A claim that a partner sent us begins as `received` and goes on with what we answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Our checks, or a guard against duplicates, refused it: it was never queued.
    Refused,
    /// Taken back before it was sent.
    Withdrawn,
    /// Waits to be put into a file.
    Queued,
    /// In a file that is on its way.
    Batched,
    /// The partner has the file.
    Sent,
    /// A partner's claim: its file is stored.
    Received,
    /// The TA1 accepts its interchange.
    InterchangeAccepted,
    /// The TA1 rejects its interchange.
    InterchangeRejected,
    /// The 999 accepts its transaction set.
    SyntaxAccepted,
    /// The 999 rejects its transaction set.
    SyntaxRejected,
    /// Received, forwarded or split, says the 277CA (A0, A1, A5): in transit, not yet accepted.
    Acknowledged,
    /// Accepted into adjudication (277CA A2).
    Accepted,
    /// Rejected before adjudication (277CA A3, A4, A6, A7, A8).
    Rejected,
    /// The payer passed it on to another (CLP02 19, 20, 21, 23).
    Forwarded,
    /// Paid.
    Paid,
    /// Paid, but for lines that got nothing.
    PartiallyPaid,
    /// Adjudicated without payment and without denial, as under capitation.
    ZeroPaid,
    /// Denied (CLP02 4).
    Denied,
    /// A payment was taken back (CLP02 22) and nothing has taken its place.
    Reversed,
}

/// Name and step of each state.
const STATES: &[(State, &str, u8)] = &[
    (State::Refused, "refused", 0),
    (State::Withdrawn, "withdrawn", 0),
    (State::Queued, "queued", 1),
    (State::Batched, "batched", 2),
    (State::Sent, "sent", 3),
    (State::Received, "received", 3),
    (State::InterchangeAccepted, "interchange_accepted", 4),
    (State::InterchangeRejected, "interchange_rejected", 4),
    (State::SyntaxAccepted, "syntax_accepted", 5),
    (State::SyntaxRejected, "syntax_rejected", 5),
    (State::Acknowledged, "acknowledged", 6),
    (State::Accepted, "accepted", 7),
    (State::Rejected, "rejected", 7),
    (State::Forwarded, "forwarded", 8),
    (State::Paid, "paid", 8),
    (State::PartiallyPaid, "partially_paid", 8),
    (State::ZeroPaid, "zero_paid", 8),
    (State::Denied, "denied", 8),
    (State::Reversed, "reversed", 8),
];

impl State {
    /// Every state.
    pub fn all() -> impl Iterator<Item = State> {
        STATES.iter().map(|(state, ..)| *state)
    }

    /// Its name, as the store and the API have it.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The state of a name.
    pub fn of(name: &str) -> Option<State> {
        STATES.iter().find(|(_, one, _)| *one == name).map(|(state, ..)| *state)
    }

    /// Whether nothing but a new submission can lead to payment: a claim like it is no duplicate.
    pub fn is_dead(self) -> bool {
        matches!(
            self,
            State::Refused | State::Withdrawn | State::InterchangeRejected | State::SyntaxRejected | State::Rejected
        )
    }

    /// The names of the states that this one may replace, as a list for SQL: `'sent','batched'`.
    pub(super) fn may_replace(self) -> String {
        let step = self.row().2;
        let before = STATES.iter().filter(|(state, _, at)| *at <= step && (*at > 0 || *state == self));
        before.map(|(_, name, _)| format!("'{name}'")).collect::<Vec<_>>().join(",")
    }

    /// The names of the states that are dead ends, as a list for SQL.
    pub(super) fn dead() -> String {
        let dead = STATES.iter().filter(|(state, ..)| state.is_dead());
        dead.map(|(_, name, _)| format!("'{name}'")).collect::<Vec<_>>().join(",")
    }

    fn row(self) -> &'static (State, &'static str, u8) {
        const NONE: &(State, &str, u8) = &(State::Refused, "refused", 0);
        STATES.iter().find(|(state, ..)| *state == self).unwrap_or(NONE)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl serde::Serialize for State {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_name_of_its_own_that_the_schema_knows() {
        let schema = include_str!("../store/schema/002.sql");
        let (_, listed) = schema.split_once("state                TEXT").unwrap();
        let (listed, _) = listed.split_once("))").unwrap();
        let listed: Vec<_> = listed.split('\'').skip(1).step_by(2).collect();
        assert_eq!(listed.len(), State::all().count());
        for state in State::all() {
            assert_eq!(State::of(state.name()), Some(state));
            assert!(listed.contains(&state.name()), "{state} is not in the schema");
        }
    }

    #[test]
    fn late_news_does_not_take_a_claim_back() {
        let replaces = |new: State, old: State| new.may_replace().contains(&format!("'{old}'"));
        assert!(replaces(State::Accepted, State::Sent));
        assert!(replaces(State::Rejected, State::Accepted));
        assert!(replaces(State::Reversed, State::Paid) && replaces(State::Paid, State::Reversed));
        assert!(!replaces(State::InterchangeAccepted, State::Accepted));
        assert!(!replaces(State::Sent, State::InterchangeRejected));
        assert!(!replaces(State::Paid, State::Refused), "what never went out cannot be paid");
    }
}
