//! The one thread that writes.
//!
//! A commit that must reach the disk costs the same for one work as for many. So the thread takes all works
//! that wait, does each in a savepoint of its own within one transaction, commits once, and only then answers
//! them. A work that fails is rolled back to its savepoint and the others do not notice.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::{
    Error, Result, Topics, Vault, payload,
    sqlite::{self, Announced, SqliteTx},
    work::Work,
};

/// Works that wait at most; who wants to add more waits for a place.
pub(super) const WAITING: usize = 1024;

/// Works in one commit at most, which bounds how long the first of them waits.
const TOGETHER: usize = 256;

/// How often payloads that nobody kept are looked for, in milliseconds.
const SWEEP_EVERY_MS: i64 = 60 * 60 * 1000;

/// What the writer has done since it began.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) works: AtomicU64,
    pub(super) commits: AtomicU64,
}

/// What the writer's thread holds.
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) vault: Vault,
    pub(super) topics: Arc<Topics>,
    pub(super) done: Arc<Done>,
}

/// What became of a work.
enum Attempt {
    Keep(Announced),
    /// It failed, and says why itself.
    Undone,
}

impl Writer {
    /// Does works until nobody can send any more.
    pub(super) fn run(self, mut works: mpsc::Receiver<Box<dyn Work>>) {
        let mut batch = Vec::with_capacity(TOGETHER);
        let mut swept = self.vault.clock().now();
        while works.blocking_recv_many(&mut batch, TOGETHER) > 0 {
            self.commit(&mut batch);
            let now = self.vault.clock().now();
            if now.abs_diff(swept) >= SWEEP_EVERY_MS.unsigned_abs() {
                swept = now;
                self.sweep(now);
            }
        }
    }

    /// Does a batch of works in one transaction, and answers each.
    fn commit(&self, batch: &mut Vec<Box<dyn Work>>) {
        self.done.works.fetch_add(batch.len() as u64, Ordering::Relaxed);
        let mut done = Vec::with_capacity(batch.len());
        let mut announced = Announced::default();
        let mut begun = Ok(());
        for mut work in batch.drain(..) {
            // Before the first work; and after one under which the disk failed and took the transaction with it.
            if begun.is_ok() && self.connection.is_autocommit() {
                begun = self.execute("BEGIN IMMEDIATE");
            }
            if let Err(error) = &begun {
                work.settle(Err(error.clone()));
                continue;
            }
            match self.attempt(work.as_mut()) {
                Ok(Attempt::Keep(topics)) => {
                    announced = announced.and(topics);
                    done.push(work);
                }
                Ok(Attempt::Undone) => work.settle(Err(Error::Closed)),
                Err(error) => {
                    if !self.connection.is_autocommit() {
                        let _ = self.execute("ROLLBACK");
                    }
                    announced = Announced::default();
                    work.settle(Err(error.clone()));
                    done.drain(..).for_each(|work| work.settle(Err(error.clone())));
                }
            }
        }
        if self.connection.is_autocommit() {
            return;
        }
        match self.execute("COMMIT") {
            Ok(()) => {
                self.done.commits.fetch_add(1, Ordering::Relaxed);
                announced.topics().for_each(|topic| self.topics.announce(topic));
                done.into_iter().for_each(|work| work.settle(Ok(())));
            }
            Err(error) => {
                if !self.connection.is_autocommit() {
                    let _ = self.execute("ROLLBACK");
                }
                done.into_iter().for_each(|work| work.settle(Err(error.clone())));
            }
        }
    }

    /// Does one work in a savepoint. An error means that the whole transaction is lost, not this work alone.
    fn attempt(&self, work: &mut dyn Work) -> Result<Attempt> {
        self.execute("SAVEPOINT work")?;
        let mut tx = SqliteTx::of(&self.connection, &self.vault);
        let keep = work.run(&mut tx);
        if self.connection.is_autocommit() {
            let ended = || Error::Sql("a work must not end the transaction".to_owned());
            return Err(tx.fault().cloned().unwrap_or_else(ended));
        }
        if !keep {
            self.execute("ROLLBACK TO work")?;
        }
        self.execute("RELEASE work")?;
        Ok(if keep { Attempt::Keep(tx.announced()) } else { Attempt::Undone })
    }

    fn execute(&self, sql: &str) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql).map_err(|e| sqlite::error(&e))?;
        statement.execute([]).map(drop).map_err(|e| sqlite::error(&e))
    }

    /// Deletes payloads that nobody kept within a day. What fails is tried again an hour later.
    fn sweep(&self, now: i64) {
        if self.execute("BEGIN IMMEDIATE").is_err() {
            return;
        }
        let mut tx = SqliteTx::of(&self.connection, &self.vault);
        let end = match payload::sweep(&mut tx, now.saturating_sub(payload::LOOSE_MS)) {
            Ok(_) => "COMMIT",
            Err(_) => "ROLLBACK",
        };
        if self.execute(end).is_err() && !self.connection.is_autocommit() {
            let _ = self.execute("ROLLBACK");
        }
    }
}
