//! A file that comes again, byte for byte: nothing is done twice, and it is answered as it was before.

use serde_json::json;

use super::{Event, FlowError, deliver, timeline};
use crate::gateway::{
    Gateway, Id,
    store::{
        self, Result, Tx,
        jobs::{self, NewJob},
        values,
    },
};

/// Answers to one file that are given again.
const MOST_ANSWERS: u32 = 100;

impl Gateway {
    /// Gives the answers to the file that came first once more, for one that is the same. Where they are not made yet, or
    /// are on their way, there is nothing to do.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn answer_again(&self, file: Id) -> std::result::Result<(), FlowError> {
        let count = self.store().write_blocking(move |tx| -> store::Result<_> {
            let first = original(tx, file)?;
            // Done once, however often this is asked for.
            let row = tx.first(
                "UPDATE file SET content = COALESCE((SELECT content FROM file WHERE id = ?2), 'unknown')
                 WHERE id = ?1 AND state = 'duplicate' AND content IS NULL RETURNING partner",
                values![file.0, first.0],
            )?;
            let Some(row) = row else { return Ok(0) };
            let answers = tx.rows(
                "SELECT d.file AS file, d.channel AS channel FROM delivery d JOIN file f ON f.id = d.file
                 WHERE f.about = ?1 AND f.direction = 'out' AND d.state IN ('sent', 'fetched', 'confirmed')
                 ORDER BY d.id LIMIT ?2",
                values![first.0, MOST_ANSWERS],
            )?;
            for answer in &answers {
                send_again(tx, row.text("partner")?, Id(answer.int("file")?), answer.text("channel")? == "pick_up")?;
            }
            Ok(answers.len())
        })?;
        tracing::info!(file.id = %file, answers = count, "a file came again, and is answered as before");
        Ok(())
    }
}

/// The file that is answered for this one: the one that came first, if they are the same byte for byte.
pub(super) fn original(tx: &mut dyn Tx, file: Id) -> Result<Id> {
    let row = tx.first(
        "SELECT o.id AS id FROM file f JOIN file o ON o.id = f.about
         WHERE f.id = ?1 AND f.state = 'duplicate' AND o.sha256 = f.sha256 AND o.direction = 'in'",
        values![file.0],
    )?;
    row.map_or(Ok(file), |row| Ok(Id(row.int("id")?)))
}

fn send_again(tx: &mut dyn Tx, partner: &str, file: Id, is_fetched: bool) -> Result<()> {
    let (now, state) = (tx.now(), if is_fetched { "waiting" } else { "due" });
    tx.run("UPDATE delivery SET state = ?2, changed = ?3 WHERE file = ?1", values![file.0, state, now])?;
    if is_fetched {
        return timeline::of_file(tx, partner, file, Event::Waiting, &json!({ "again": true }));
    }
    let (subject, key) = (file.to_string(), format!("{}:{file}", deliver::QUEUE));
    jobs::enqueue(tx, &NewJob { unique_key: Some(&key), ..NewJob::new(deliver::QUEUE, "send", &subject) })?;
    Ok(())
}
