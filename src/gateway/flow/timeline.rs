//! What happens to claims and files is an event; the state of a claim follows.

use serde::Serialize;

use super::State;
use crate::gateway::{
    Id,
    store::{Result, Topic, Tx, values},
};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// A claim was handed in and refused, with findings.
    Refused,
    /// A claim was handed in and waits to be sent.
    Queued,
    /// A claim stands in a file.
    Batched,
    /// A claim was taken back before it was sent.
    Withdrawn,
    /// A file reached its partner.
    Sent,
    /// A try to send a file failed, and will be repeated.
    SendFailed,
    /// A file could not be sent, and a person must act.
    SendGivenUp,
    /// A file waits to be fetched.
    Waiting,
    /// A partner fetched a file.
    Fetched,
    /// A partner confirmed a file.
    Confirmed,
    /// A file came in.
    FileReceived,
    /// A file came that had come before.
    FileRepeated,
    /// A file that came in cannot be processed.
    FileRefused,
    /// A file that came in was processed.
    FileProcessed,
    /// A claim came in.
    Received,
    /// A TA1 came or went.
    InterchangeAnswered,
    /// A 999 came or went.
    SyntaxAnswered,
    /// A 277CA came or went.
    ClaimAnswered,
    /// An 835 says what was paid.
    Adjudicated,
    /// An answer is about something that we know nothing of.
    AnswersUnknown,
    /// A payment is for a claim that we know nothing of.
    PaysUnknown,
    /// A remittance came that had come before, under another envelope: it pays nothing more.
    RemittanceRepeated,
    /// An answer did not come in time.
    Overdue,
    /// Claims were handed on.
    HandedOn,
}

impl Event {
    /// Its name, as the store and the API have it.
    pub fn name(self) -> &'static str {
        match self {
            Event::Refused => "refused",
            Event::Queued => "queued",
            Event::Batched => "batched",
            Event::Withdrawn => "withdrawn",
            Event::Sent => "sent",
            Event::SendFailed => "send_failed",
            Event::SendGivenUp => "send_given_up",
            Event::Waiting => "waiting",
            Event::Fetched => "fetched",
            Event::Confirmed => "confirmed",
            Event::FileReceived => "file_received",
            Event::FileRepeated => "file_repeated",
            Event::FileRefused => "file_refused",
            Event::FileProcessed => "file_processed",
            Event::Received => "received",
            Event::InterchangeAnswered => "interchange_answered",
            Event::SyntaxAnswered => "syntax_answered",
            Event::ClaimAnswered => "claim_answered",
            Event::Adjudicated => "adjudicated",
            Event::AnswersUnknown => "answers_unknown",
            Event::PaysUnknown => "pays_unknown",
            Event::RemittanceRepeated => "remittance_repeated",
            Event::Overdue => "overdue",
            Event::HandedOn => "handed_on",
        }
    }
}

/// Claims that an event is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Claims {
    /// One.
    One(Id),
    /// Those of a transaction set.
    OfSet(Id),
    /// Those of an interchange.
    OfInterchange(Id),
    /// Those of a file.
    OfFile(Id),
}

impl Claims {
    /// The claims as a condition on `claim`, with `?1` for the id.
    fn scope(self) -> (&'static str, Id) {
        match self {
            Claims::One(id) => ("id = ?1", id),
            Claims::OfSet(id) => ("transaction_set = ?1", id),
            Claims::OfInterchange(id) => (
                "transaction_set IN (SELECT s.id FROM transaction_set s
                    JOIN functional_group g ON g.id = s.functional_group WHERE g.interchange = ?1)",
                id,
            ),
            Claims::OfFile(id) => (
                "transaction_set IN (SELECT s.id FROM transaction_set s
                    JOIN functional_group g ON g.id = s.functional_group
                    JOIN interchange i ON i.id = g.interchange WHERE i.file = ?1)",
                id,
            ),
        }
    }
}

/// Moves claims that an event moves, and records it of all of them with the state that each is in then; gives how many.
/// `detail` holds codes, counts and ids.
pub(super) fn of_claims(
    tx: &mut dyn Tx,
    claims: Claims,
    event: Event,
    to: Option<State>,
    file: Option<Id>,
    detail: &impl Serialize,
) -> Result<u64> {
    let (scope, id) = claims.scope();
    let (now, detail) = (tx.now(), json(detail));
    if let Some(to) = to {
        tx.run(
            &format!("UPDATE claim SET state = ?2, changed = ?3 WHERE {scope} AND state IN ({})", to.may_replace()),
            values![id.0, to.name(), now],
        )?;
    }
    let count = tx.run(
        &format!(
            "INSERT INTO event (at, partner, claim, file, kind, detail, state)
             SELECT ?2, partner, id, ?3, ?4, ?5, state FROM claim WHERE {scope} ORDER BY id"
        ),
        values![id.0, now, file.map(|file| file.0), event.name(), detail],
    )?;
    tx.announce(Topic::Events);
    Ok(count)
}

/// Records an event of a file.
pub(super) fn of_file(tx: &mut dyn Tx, partner: &str, file: Id, event: Event, detail: &impl Serialize) -> Result<()> {
    let (now, detail) = (tx.now(), json(detail));
    tx.run(
        "INSERT INTO event (at, partner, file, kind, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
        values![now, partner, file.0, event.name(), detail],
    )?;
    tx.announce(Topic::Events);
    Ok(())
}

/// Details as text; nothing for `()`.
fn json(detail: &impl Serialize) -> Option<String> {
    serde_json::to_string(detail).ok().filter(|text| text != "null")
}
