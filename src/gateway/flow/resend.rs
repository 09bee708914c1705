//! Files sent again whose sending was given up.

use super::deliver;
use crate::gateway::{
    Gateway, Id,
    store::{
        Error, Result, Tx,
        jobs::{self, NewJob},
        values,
    },
};

/// Jobs about a file that are looked through for the one that sends it.
const JOBS: u32 = 100;

/// What came of asking for a file to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resend {
    /// It will be: the same bytes under the same id.
    Due,
    /// Its sending was not given up.
    NotFailed,
}

impl Gateway {
    /// Puts a file on its way again whose sending was given up.
    ///
    /// # Errors
    /// The store's; there must be such a delivery.
    pub fn resend(&self, tx: &mut dyn Tx, delivery: Id) -> Result<Resend> {
        let row = tx.first("SELECT file, state FROM delivery WHERE id = ?1", values![delivery.0])?;
        let row = row.ok_or(Error::Invalid("there is no such delivery"))?;
        if row.text("state")? != "failed" {
            return Ok(Resend::NotFailed);
        }
        let now = tx.now();
        tx.run("UPDATE delivery SET state = 'due', changed = ?2 WHERE id = ?1", values![delivery.0, now])?;
        let file = Id(row.int("file")?).to_string();
        let jobs = jobs::about(tx, &file, JOBS)?;
        let failed = jobs.iter().find(|job| job.queue == deliver::QUEUE && job.state == jobs::State::Failed);
        // The job that gave up goes on, with all its tries before it. If it is gone, another one takes its place.
        if !failed.map_or(Ok(false), |job| jobs::again(tx, job.id))? {
            let key = format!("{}:{file}", deliver::QUEUE);
            jobs::enqueue(tx, &NewJob { unique_key: Some(&key), ..NewJob::new(deliver::QUEUE, "send", &file) })?;
        }
        Ok(Resend::Due)
    }
}
