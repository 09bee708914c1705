//! Jobs: work that is stored with what made it necessary, and done later, once, however often machines stop.
//!
//! ```text
//!                         ┌───────────── retry, rescue, release ──────────────┐
//!                         ▼                                                    │
//!   enqueue ──────────► ready ───────────────── lease ─────────────────────► running
//!                         │                                                    │
//!                         │ cancel                  complete ◄─────────────────┼─────────► fail, or a retry or
//!                         ▼                             │                      │           rescue after the last
//!                     cancelled                         ▼                      ▼           attempt
//!                                                     done                  failed ── again ──► ready
//! ```
//!
//! The schema's CHECK constraints hold each state to its columns: a node and the end of its lease while
//! `running` and only then, the time when it ended in the three last states, a reason in `failed` and `cancelled`.
//!
//! A job is *leased*: its worker has it until a time that [`heartbeat`] moves on. Each lease has a number of its
//! own (the fencing token), and every change by a worker names it. So when a lease ran out, or seemed to since
//! a clock jumped, and another worker has the job, the first one's [`complete`] fails with
//! [`Error::LeaseLost`]. A worker completes a job in the same work in which it stores the job's effect, which
//! is then rolled back: a job's effect happens once.
//!
//! Clocks jump. Forwards: leases of workers that live are renewed before any is [rescued](rescue). Backwards: a
//! lease that ends later than any lease could is taken as run out, and jobs that were scheduled in what is now
//! the future keep their delay, not their date.

mod runner;

use std::fmt;

use aws_lc_rs::rand;

use super::{Error, Result, Row, Store, Topic, Tx, values};
pub use runner::{Done, Failure, Handler, Runner, Settings};

/// The longest lease, in milliseconds: an hour.
pub const LONGEST_LEASE_MS: i64 = 60 * 60 * 1000;

/// How far a clock may be set back before it is taken for a jump, in milliseconds.
const JITTER_MS: i64 = 5_000;

/// Jobs that are changed at once when leases are rescued or finished jobs deleted.
const AT_ONCE: i64 = 500;

/// The longest text of an error or reason that is stored, in characters.
const LONGEST_TEXT: usize = 2_000;

/// Which job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub i64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A job to be.
#[derive(Clone, Debug)]
pub struct NewJob<'a> {
    /// The queue it waits in. Each has a number of workers of its own.
    pub queue: &'a str,
    /// What is to be done.
    pub kind: &'a str,
    /// What it is to be done to: an id, never PHI.
    pub subject: &'a str,
    /// What its handler needs to know, as JSON: ids, never PHI.
    pub payload: &'a str,
    /// When it is to be done, in milliseconds since 1970-01-01 UTC; now if it is `None`.
    pub due: Option<i64>,
    /// While a job of this key is ready or running no second one is made.
    pub unique_key: Option<&'a str>,
    /// How often it is tried.
    pub max_attempts: u32,
}

impl<'a> NewJob<'a> {
    /// A job that is due now, and is tried 20 times: with [`Backoff::default`] over about two days.
    pub fn new(queue: &'a str, kind: &'a str, subject: &'a str) -> Self {
        Self { queue, kind, subject, payload: "{}", due: None, unique_key: None, max_attempts: 20 }
    }
}

/// A job as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Job {
    /// Which one.
    pub id: JobId,
    /// The queue it waits in.
    pub queue: String,
    /// What is to be done.
    pub kind: String,
    /// What it is to be done to.
    pub subject: String,
    /// What its handler needs to know, as JSON.
    pub payload: String,
    /// While it is ready or running no second one of the same key is made.
    pub unique_key: Option<String>,
    /// Where it stands.
    pub state: State,
    /// When it was made, in milliseconds since 1970-01-01 UTC, as all times here.
    pub created: i64,
    /// When it is to be done next, or was to be.
    pub due: i64,
    /// How often it was begun, this time included.
    pub attempt: u32,
    /// How often it is begun at most.
    pub max_attempts: u32,
    /// When it ended.
    pub finished: Option<i64>,
    /// Why the last attempt did not succeed.
    pub error: Option<String>,
    /// Why it was given up or cancelled, for a person to act on.
    pub reason: Option<String>,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits until it is due and a worker is free.
    Ready,
    /// A worker has it.
    Running,
    /// It was done.
    Done,
    /// It was given up: a person must act.
    Failed,
    /// It is no longer wanted.
    Cancelled,
}

impl State {
    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A worker's right to a job. Whoever has the right to change the job's outcome has this.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// Which job.
    pub job: JobId,
    /// Which node works on it.
    pub node: String,
    /// Which of the job's leases this is.
    pub token: i64,
}

/// How long to wait before the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The longest wait after the first attempt, in milliseconds; it doubles with each further one.
    pub first_ms: i64,
    /// The longest wait of all, in milliseconds.
    pub longest_ms: i64,
}

/// From 10 seconds up to 6 hours.
impl Default for Backoff {
    fn default() -> Self {
        Self { first_ms: 10_000, longest_ms: 6 * 60 * 60 * 1000 }
    }
}

impl Backoff {
    /// The wait after attempt `attempt` (from 1 on), in milliseconds: anything up to the longest there may be
    /// then ("full jitter"), so that what failed together does not come back together.
    pub fn wait_ms(self, attempt: u32) -> i64 {
        let doublings = attempt.saturating_sub(1).min(62);
        let longest = self.first_ms.saturating_mul(1_i64 << doublings).clamp(1, self.longest_ms.max(1));
        let mut random = [0; 8];
        // Without random bytes the wait is the longest: late, but no reason to fail.
        match rand::fill(&mut random) {
            Ok(()) => {
                i64::try_from(u64::from_le_bytes(random) % longest.unsigned_abs()).unwrap_or(longest).saturating_add(1)
            }
            Err(_) => longest,
        }
    }
}

/// Stores a job. If it has a unique key that a ready or running job has too, that one's id is returned.
///
/// # Errors
/// Why it could not be stored.
pub fn enqueue(tx: &mut dyn Tx, job: &NewJob<'_>) -> Result<JobId> {
    let now = tx.now();
    let row = tx.first(
        "INSERT INTO job (queue, kind, subject, payload, unique_key, state, created, since, due, attempt, max_attempts, token)
         VALUES (?1, ?2, ?3, ?4, ?5, 'ready', ?6, ?6, ?7, 0, ?8, 0)
         ON CONFLICT (unique_key) WHERE state IN ('ready', 'running') DO NOTHING
         RETURNING id",
        values![
            job.queue, job.kind, job.subject, job.payload, job.unique_key, now,
            job.due.unwrap_or(now), job.max_attempts.max(1)
        ],
    )?;
    if let Some(row) = row {
        tx.announce(Topic::Jobs);
        return row.int("id").map(JobId);
    }
    let same = "SELECT id FROM job WHERE unique_key = ?1 AND state IN ('ready', 'running')";
    let row = tx
        .first(same, values![job.unique_key])?
        .ok_or(Error::Invalid("a job's unique key was taken and free at once"))?;
    row.int("id").map(JobId)
}

/// Takes up to `n` jobs that are due from the queues, those first that are named first. The leases run out at
/// `now + lease_ms`, which is cut to [`LONGEST_LEASE_MS`].
///
/// # Errors
/// Why they could not be taken.
pub fn lease(
    tx: &mut dyn Tx,
    queues: &[&str],
    node: &str,
    now: i64,
    lease_ms: i64,
    n: usize,
) -> Result<Vec<(Job, Lease)>> {
    let until = now.saturating_add(lease_ms.clamp(1, LONGEST_LEASE_MS));
    let mut leased = Vec::new();
    for queue in queues {
        let room = i64::try_from(n.saturating_sub(leased.len())).unwrap_or(i64::MAX);
        if room == 0 {
            break;
        }
        let rows = tx.rows(
            "UPDATE job SET state = 'running', node = ?2, lease_until = ?3, token = token + 1, attempt = attempt + 1
             WHERE id IN (SELECT id FROM job WHERE queue = ?1 AND state = 'ready' AND due <= ?4
                          ORDER BY due, id LIMIT ?5 {skip locked})
             RETURNING *",
            values![*queue, node, until, now, room],
        )?;
        let mut jobs = rows
            .iter()
            .map(|row| {
                let job = Job::of(row)?;
                let lease = Lease { job: job.id, node: node.to_owned(), token: row.int("token")? };
                Ok((job, lease))
            })
            .collect::<Result<Vec<_>>>()?;
        // What an UPDATE returns is in no order.
        jobs.sort_by_key(|(job, _)| (job.due, job.id));
        leased.append(&mut jobs);
    }
    Ok(leased)
}

/// Moves the end of a lease on to `now + lease_ms`.
///
/// # Errors
/// [`Error::LeaseLost`]: stop working on the job.
pub fn heartbeat(tx: &mut dyn Tx, lease: &Lease, now: i64, lease_ms: i64) -> Result<()> {
    let until = now.saturating_add(lease_ms.clamp(1, LONGEST_LEASE_MS));
    held(tx, lease, "UPDATE job SET lease_until = ?4", values![until])
}

/// Notes that a part of a long job was done: what is left of it has all its attempts before it. Call it in the work
/// that stores the part's effect.
///
/// # Errors
/// [`Error::LeaseLost`]: let it roll the work back, the job is another's now.
pub fn got_on(tx: &mut dyn Tx, lease: &Lease) -> Result<()> {
    held(tx, lease, "UPDATE job SET attempt = 1", &[])
}

/// Has the jobs of a queue due at once, as if they had never been tried: what kept them waiting is over.
///
/// # Errors
/// Why they could not be changed.
pub fn afresh(tx: &mut dyn Tx, queue: &str) -> Result<()> {
    let now = tx.now();
    tx.run("UPDATE job SET attempt = min(attempt, 1) WHERE queue = ?1 AND state = 'running'", values![queue])?;
    tx.run(
        "UPDATE job SET attempt = 0, since = ?2, due = ?2 WHERE queue = ?1 AND state = 'ready'",
        values![queue, now],
    )?;
    tx.announce(Topic::Jobs);
    Ok(())
}

/// Ends a job that was done. Call it in the work that stores the job's effect.
///
/// # Errors
/// [`Error::LeaseLost`]: let it roll the work back, the job is another's now.
pub fn complete(tx: &mut dyn Tx, lease: &Lease) -> Result<()> {
    let now = tx.now();
    held(
        tx,
        lease,
        "UPDATE job SET state = 'done', finished = ?4, error = NULL, node = NULL, lease_until = NULL",
        values![now],
    )
}

/// Has a job done again later, after the wait of `backoff`; gives it up if this was its last attempt.
/// Returns when it is due, `None` if it was given up.
///
/// # Errors
/// [`Error::LeaseLost`].
pub fn retry(tx: &mut dyn Tx, lease: &Lease, error: &str, backoff: Backoff) -> Result<Option<i64>> {
    let attempt = running(tx, lease)?.attempt;
    retry_after(tx, lease, error, backoff.wait_ms(attempt))
}

/// [`retry`] after a wait that is known, in milliseconds: the other side asked for it.
///
/// # Errors
/// [`Error::LeaseLost`].
pub fn retry_after(tx: &mut dyn Tx, lease: &Lease, error: &str, wait_ms: i64) -> Result<Option<i64>> {
    let (job, now) = (running(tx, lease)?, tx.now());
    put_back(tx, lease, &job, error, now, wait_ms)
}

fn put_back(tx: &mut dyn Tx, lease: &Lease, job: &Job, error: &str, now: i64, wait_ms: i64) -> Result<Option<i64>> {
    if job.attempt >= job.max_attempts {
        fail(tx, lease, &gave_up(job.attempt, error))?;
        return Ok(None);
    }
    let due = now.saturating_add(wait_ms.max(0));
    held(
        tx,
        lease,
        "UPDATE job SET state = 'ready', since = ?4, due = ?5, error = ?6, node = NULL, lease_until = NULL",
        values![now, due, cut(error)],
    )?;
    tx.announce(Topic::Jobs);
    Ok(Some(due))
}

/// Has a job done again after a wait in milliseconds, without counting this as an attempt: it was not its time
/// yet, or the program is stopping.
///
/// # Errors
/// [`Error::LeaseLost`].
pub fn release(tx: &mut dyn Tx, lease: &Lease, wait_ms: i64) -> Result<()> {
    let now = tx.now();
    held(
        tx,
        lease,
        "UPDATE job SET state = 'ready', since = ?4, due = ?5, attempt = attempt - 1, node = NULL, lease_until = NULL",
        values![now, now.saturating_add(wait_ms.max(0))],
    )?;
    tx.announce(Topic::Jobs);
    Ok(())
}

/// Gives a job up. The reason is for a person: what is wrong, and what to do about it.
///
/// # Errors
/// [`Error::LeaseLost`].
pub fn fail(tx: &mut dyn Tx, lease: &Lease, reason: &str) -> Result<()> {
    let now = tx.now();
    held(
        tx,
        lease,
        "UPDATE job SET state = 'failed', finished = ?4, reason = ?5, node = NULL, lease_until = NULL",
        values![now, cut(reason)],
    )
}

/// Ends a ready job that is no longer wanted. Returns whether there was one; a running one runs on.
///
/// # Errors
/// Why it could not be changed.
pub fn cancel(tx: &mut dyn Tx, job: JobId, reason: &str) -> Result<bool> {
    let now = tx.now();
    let changed = tx.run(
        "UPDATE job SET state = 'cancelled', finished = ?2, reason = ?3 WHERE id = ?1 AND state = 'ready'",
        values![job.0, now, cut(reason)],
    )?;
    Ok(changed == 1)
}

/// Makes a job that was given up ready again, with all its attempts before it: somebody has dealt with the
/// reason. Returns whether there was one.
///
/// # Errors
/// [`Error::Taken`] if another job of its unique key has taken its place.
pub fn again(tx: &mut dyn Tx, job: JobId) -> Result<bool> {
    let now = tx.now();
    let changed = tx.run(
        "UPDATE job SET state = 'ready', since = ?2, due = ?2, attempt = 0, finished = NULL, reason = NULL
         WHERE id = ?1 AND state = 'failed'",
        values![job.0, now],
    )?;
    if changed == 1 {
        tx.announce(Topic::Jobs);
    }
    Ok(changed == 1)
}

/// What [`rescue`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rescued {
    /// Jobs whose worker disappeared, and that are ready again.
    pub ready: Vec<JobId>,
    /// Jobs whose worker disappeared once too often, and that were given up.
    pub failed: Vec<JobId>,
    /// Jobs that keep their delay though the clock was set back.
    pub moved: u64,
}

/// Takes back jobs whose lease ran out: ready again, the attempt counted; given up after the last one. Renew
/// the leases of workers that live in the same work before this, lest a clock that jumped takes their jobs.
///
/// # Errors
/// Why they could not be changed.
pub fn rescue(tx: &mut dyn Tx, now: i64) -> Result<Rescued> {
    // No lease is longer than the longest: one that seems so was given before the clock was set back.
    let latest = now.saturating_add(LONGEST_LEASE_MS);
    take_back(tx, now, "(lease_until <= ?1 OR lease_until > ?2)", values![now, latest])
}

/// [`rescue`] for the start of a program that is the only one on its store: nobody else can have a lease.
///
/// # Errors
/// Why they could not be changed.
pub fn rescue_all_but(tx: &mut dyn Tx, node: &str, now: i64) -> Result<Rescued> {
    take_back(tx, now, "node <> ?1", values![node])
}

fn take_back(tx: &mut dyn Tx, now: i64, lost: &str, args: &[super::Value<'_>]) -> Result<Rescued> {
    let mut rescued = Rescued::default();
    let error = "the program stopped, or was not heard of, while it worked on this";
    let rows =
        tx.rows(&format!("SELECT * FROM job WHERE state = 'running' AND {lost} ORDER BY id LIMIT {AT_ONCE}"), args)?;
    for row in &rows {
        let job = Job::of(row)?;
        let lease = Lease { job: job.id, node: row.text("node")?.to_owned(), token: row.int("token")? };
        // What stopped the program once may do so again: the first time it is tried at once, then later and later.
        let wait_ms = if job.attempt <= 1 { 0 } else { Backoff::default().wait_ms(job.attempt.saturating_sub(1)) };
        match put_back(tx, &lease, &job, error, now, wait_ms)? {
            Some(_) => rescued.ready.push(job.id),
            None => rescued.failed.push(job.id),
        }
    }
    rescued.moved = tx.run(
        "UPDATE job SET due = due - since + ?1, since = ?1 WHERE state = 'ready' AND since > ?2",
        values![now, now.saturating_add(JITTER_MS)],
    )?;
    Ok(rescued)
}

/// The job of an id.
///
/// # Errors
/// Why it could not be read.
pub fn find(tx: &mut dyn Tx, job: JobId) -> Result<Option<Job>> {
    tx.first("SELECT * FROM job WHERE id = ?1", values![job.0])?.as_ref().map(Job::of).transpose()
}

/// Jobs that are about a subject, the latest first, `most` at most.
///
/// # Errors
/// Why they could not be read.
pub fn about(tx: &mut dyn Tx, subject: &str, most: u32) -> Result<Vec<Job>> {
    let sql = "SELECT * FROM job WHERE subject = ?1 ORDER BY id DESC LIMIT ?2";
    tx.rows(sql, values![subject, most])?.iter().map(Job::of).collect()
}

/// Jobs that were given up, the latest first, `most` at most: what waits for a person.
///
/// # Errors
/// Why they could not be read.
pub fn failed(tx: &mut dyn Tx, most: u32) -> Result<Vec<Job>> {
    let sql =
        "SELECT * FROM job WHERE state = 'failed' AND finished IS NOT NULL ORDER BY finished DESC, id DESC LIMIT ?1";
    tx.rows(sql, values![most])?.iter().map(Job::of).collect()
}

/// How many jobs of each queue are in each state that is not an end, for metrics.
///
/// # Errors
/// Why they could not be read.
pub fn depths(tx: &mut dyn Tx) -> Result<Vec<(String, State, u64)>> {
    let sql =
        "SELECT queue, state, count(*) AS jobs FROM job WHERE state IN ('ready', 'running') GROUP BY queue, state";
    tx.rows(sql, &[])?
        .iter()
        .map(|row| Ok((row.text("queue")?.to_owned(), state_of(row)?, row.count("jobs")?)))
        .collect()
}

/// Deletes some jobs that were done or cancelled before a time; those given up stay. Returns how many.
///
/// # Errors
/// Why they could not be deleted.
pub fn forget(tx: &mut dyn Tx, before: i64) -> Result<u64> {
    tx.run(
        "DELETE FROM job WHERE id IN
             (SELECT id FROM job WHERE state IN ('done', 'cancelled') AND finished < ?1 AND finished IS NOT NULL LIMIT ?2)",
        values![before, AT_ONCE],
    )
}

impl Store {
    /// When the next job of the queues is due, in milliseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// Why it could not be read.
    pub async fn next_due(&self, queues: Vec<String>) -> Result<Option<i64>> {
        let next = move |tx: &mut dyn Tx| {
            let mut next = None;
            for queue in &queues {
                let sql = "SELECT min(due) AS due FROM job WHERE queue = ?1 AND state = 'ready'";
                let due =
                    tx.first(sql, values![queue])?.and_then(|row| row.maybe_int("due").transpose()).transpose()?;
                next = [next, due].into_iter().flatten().min();
            }
            Ok(next)
        };
        self.read(next).await
    }
}

impl Job {
    fn of(row: &Row) -> Result<Self> {
        let small = |column| row.int(column).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        let text = |column| row.maybe_text(column).map(|text| text.map(str::to_owned));
        Ok(Self {
            id: JobId(row.int("id")?),
            queue: row.text("queue")?.to_owned(),
            kind: row.text("kind")?.to_owned(),
            subject: row.text("subject")?.to_owned(),
            payload: row.text("payload")?.to_owned(),
            unique_key: text("unique_key")?,
            state: state_of(row)?,
            created: row.int("created")?,
            due: row.int("due")?,
            attempt: small("attempt")?,
            max_attempts: small("max_attempts")?,
            finished: row.maybe_int("finished")?,
            error: text("error")?,
            reason: text("reason")?,
        })
    }
}

fn state_of(row: &Row) -> Result<State> {
    let states = [State::Ready, State::Running, State::Done, State::Failed, State::Cancelled];
    let state = row.text("state")?;
    let unknown = || Error::Column { name: "state".to_owned(), wanted: "a state of a job" };
    states.into_iter().find(|known| known.as_str() == state).ok_or_else(unknown)
}

/// Changes a job that the lease still holds. The arguments after the lease's own begin at `?4`.
fn held(tx: &mut dyn Tx, lease: &Lease, change: &str, args: &[super::Value<'_>]) -> Result<()> {
    let own: &[super::Value<'_>] = values![lease.job.0, &lease.node, lease.token];
    let sql = format!("{change} WHERE id = ?1 AND node = ?2 AND token = ?3 AND state = 'running'");
    match tx.run(&sql, &[own, args].concat())? {
        1 => Ok(()),
        _ => Err(Error::LeaseLost { job: lease.job.0 }),
    }
}

fn running(tx: &mut dyn Tx, lease: &Lease) -> Result<Job> {
    let sql = "SELECT * FROM job WHERE id = ?1 AND node = ?2 AND token = ?3 AND state = 'running'";
    let row = tx.first(sql, values![lease.job.0, &lease.node, lease.token])?;
    Job::of(&row.ok_or(Error::LeaseLost { job: lease.job.0 })?)
}

fn gave_up(attempts: u32, error: &str) -> String {
    format!("given up after {attempts} attempts; the last: {error}")
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}
