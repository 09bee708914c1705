//! Acknowledgments that partners owe us, and those that are overdue.

use serde_json::json;

use super::{Event, timeline};
use crate::{
    gateway::{
        Id,
        store::{Result, Tx, values},
    },
    partner::Expected,
};

/// Expects answers to a file that was sent.
pub(super) fn answers(tx: &mut dyn Tx, partner: &str, file: Id, expected: &Expected) -> Result<()> {
    let now = tx.now();
    // What was rejected as a whole before we knew that it had arrived is answered, and no more will come.
    let rejected = tx.first(
        "SELECT 1 AS one FROM interchange i LEFT JOIN functional_group g ON g.interchange = i.id AND g.answer = 'R'
         WHERE i.file = ?1 AND (i.answer = 'R' OR g.id IS NOT NULL) LIMIT 1",
        values![file.0],
    )?;
    for (kind, wait) in [("TA1", expected.ta1), ("999", expected.functional), ("277CA", expected.claims)] {
        let Some(wait) = wait else { continue };
        let due = now.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
        // An answer may have come before we knew that the file had arrived.
        let met = tx.first(
            "SELECT at FROM acknowledgment WHERE about = ?1 AND kind = ?2 ORDER BY id LIMIT 1",
            values![file.0, kind],
        )?;
        let met = met.map(|row| row.int("at")).transpose()?.or(rejected.as_ref().map(|_| now));
        tx.run(
            "INSERT INTO expectation (file, kind, partner, due, met) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (file, kind) DO NOTHING",
            values![file.0, kind, partner, due, met],
        )?;
    }
    Ok(())
}

/// Notes that an answer came. A TA1 or 999 that rejects everything leaves nothing to wait for.
pub(super) fn met(tx: &mut dyn Tx, file: Id, kind: &str, all_rejected: bool) -> Result<()> {
    let now = tx.now();
    tx.run(
        "UPDATE expectation SET met = ?3 WHERE file = ?1 AND (kind = ?2 OR ?4 = 1) AND met IS NULL",
        values![file.0, kind, now, all_rejected],
    )?;
    Ok(())
}

/// Reports expectations that are overdue, each once; gives how many.
pub(super) fn overdue(tx: &mut dyn Tx) -> Result<usize> {
    let now = tx.now();
    let rows = tx.rows(
        "UPDATE expectation SET reported = ?1 WHERE met IS NULL AND reported IS NULL AND due <= ?1
         RETURNING file, kind, partner, due",
        values![now],
    )?;
    for row in &rows {
        let (file, partner) = (Id(row.int("file")?), row.text("partner")?);
        let detail = json!({ "kind": row.text("kind")?, "due": row.int("due")? });
        timeline::of_file(tx, partner, file, Event::Overdue, &detail)?;
        tracing::warn!(partner, file.id = %file, kind = row.text("kind")?, "an acknowledgment is overdue");
    }
    Ok(rows.len())
}
