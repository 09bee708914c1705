//! Requests that come again: the same key and the same request get the same answer, and nothing is done twice.
//!
//! Look for the key, do what the request asks and [store](answered) the answer in one work: then there is no
//! moment in which it was done and the answer is not known.

use super::{Result, Tx, values};

/// Rows that are deleted at once.
const AT_ONCE: i64 = 1_000;

/// What is known of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is new.
    New,
    /// It was answered.
    Answered(Answer),
    /// The key came with another request: the caller's fault.
    Other,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// What the answer is made from, as JSON: ids, never PHI.
    pub answer: String,
}

/// Looks for a caller's key, which came with a request of this SHA-256.
///
/// # Errors
/// Why it could not be read.
pub fn look(tx: &mut dyn Tx, caller: &str, key: &str, request: &[u8; 32]) -> Result<Known> {
    let sql = "SELECT request, status, answer FROM idempotency WHERE caller = ?1 AND key = ?2";
    let Some(row) = tx.first(sql, values![caller, key])? else { return Ok(Known::New) };
    if row.bytes::<32>("request")? != *request {
        return Ok(Known::Other);
    }
    let status = u16::try_from(row.int("status")?).unwrap_or_default();
    Ok(Known::Answered(Answer { status, answer: row.text("answer")?.to_owned() }))
}

/// Stores what a request was answered.
///
/// # Errors
/// [`Error::Taken`](super::Error::Taken) if the key was answered in the meantime.
pub fn answered(tx: &mut dyn Tx, caller: &str, key: &str, request: &[u8; 32], answer: &Answer) -> Result<()> {
    let now = tx.now();
    tx.run(
        "INSERT INTO idempotency (caller, key, request, created, status, answer) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        values![caller, key, request, now, answer.status, &answer.answer],
    )
    .map(drop)
}

/// Deletes some of the keys that came before a time, but for those of one caller. Returns how many.
///
/// # Errors
/// Why they could not be deleted.
pub fn forget(tx: &mut dyn Tx, before: i64, but: &str) -> Result<u64> {
    tx.run(
        "DELETE FROM idempotency WHERE (caller, key) IN
             (SELECT caller, key FROM idempotency WHERE created < ?1 AND caller <> ?3 LIMIT ?2)",
        values![before, AT_ONCE, but],
    )
}
