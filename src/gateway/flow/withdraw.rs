//! Claims taken back before they are sent.

use serde_json::json;

use super::{
    Event, State,
    timeline::{self, Claims},
};
use crate::gateway::{
    Gateway, Id,
    store::{Error, Result, Tx, values},
};

/// What came of taking a claim back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// It is withdrawn, and will not be sent.
    Done,
    /// It no longer waits to be put into a file: it is in this state.
    TooLate(State),
}

impl Gateway {
    /// Takes a claim back while it waits to be put into a file. `by` is who wants it, for the record.
    ///
    /// # Errors
    /// The store's; there must be such a claim.
    pub fn withdraw(&self, tx: &mut dyn Tx, claim: Id, by: &str) -> Result<Withdrawal> {
        let row = tx.first("SELECT state FROM claim WHERE id = ?1", values![claim.0])?;
        let row = row.ok_or(Error::Invalid("there is no such claim"))?;
        let state = State::of(row.text("state")?).ok_or(Error::Invalid("a claim is in no state"))?;
        if state != State::Queued {
            return Ok(Withdrawal::TooLate(state));
        }
        let now = tx.now();
        tx.run(
            "UPDATE claim SET state = ?2, changed = ?3 WHERE id = ?1",
            values![claim.0, State::Withdrawn.name(), now],
        )?;
        timeline::of_claims(tx, Claims::One(claim), Event::Withdrawn, None, None, &json!({ "by": by }))?;
        Ok(Withdrawal::Done)
    }
}
