//! The gateway's jobs: which queue does what, how many at a time, and how often it is tried.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{
    FlowError, batch, blocking,
    deliver::{self, Sent},
    expect, hand_on, intake, receive,
    retention::{self, LOOK_FOR_OLD},
};
use crate::{
    gateway::{
        Gateway, Id,
        store::{
            self, Tx, idempotency,
            jobs::{self, Backoff, Done, Failure, Job, Lease, NewJob, Runner, Settings},
        },
    },
    partner::Partners,
};

/// Overdue acknowledgments are looked for so often, in milliseconds.
const LOOK_FOR_OVERDUE: i64 = 60_000;
/// How long the API's answers to requests with a key are kept, in milliseconds: callers may count on 24 hours.
const FORGET_ANSWERS_AFTER: i64 = 25 * 60 * 60 * 1000;
/// How long jobs that were done are kept to be looked at, in milliseconds.
const FORGET_AFTER: i64 = 7 * 24 * 60 * 60 * 1000;
/// Periodic work at a time: a partner that does not answer holds up no other.
const ROUNDS: usize = 16;
/// Periodic work.
const PERIODIC: &str = "periodic";
/// How long a file waits for its second try, in milliseconds: CORE asks for no less, and for five more tries at most
/// in the quarter of an hour after it.
const RESEND_AFTER: i64 = 90_000;
/// What waits double up to, of the first one.
const RESEND_LONGEST: i64 = 8;

impl Gateway {
    /// Does jobs until `shutdown`.
    ///
    /// # Errors
    /// The store's, at the start.
    pub async fn work(self: &Arc<Self>, shutdown: CancellationToken) -> Result<(), FlowError> {
        let collecting = collecting(&self.partners());
        self.store()
            .write(move |tx| {
                periodic(tx, "overdue", "", 0)?;
                periodic(tx, retention::ERASE, "", 0)?;
                collect_from(tx, &collecting)
            })
            .await?;
        let runner = Runner::new(self.store().clone(), Settings::default())
            .queue(receive::QUEUE, 2, Backoff::default(), self.handler(Self::work_process))
            .queue(batch::QUEUE, 1, Backoff::default(), self.handler(Self::work_batch))
            .queue(
                deliver::QUEUE,
                8,
                Backoff { first_ms: self.resend_after(), ..Backoff::default() },
                self.handler(Self::work_deliver),
            )
            .queue(hand_on::QUEUE, 1, Backoff::default(), self.handler(Self::work_hand_on))
            .queue(PERIODIC, ROUNDS, Backoff::default(), self.handler(Self::work_periodic));
        runner.run(shutdown).await;
        Ok(())
    }

    fn resend_after(&self) -> i64 {
        self.resend.unwrap_or(RESEND_AFTER)
    }

    fn handler<F>(
        self: &Arc<Self>,
        work: fn(Arc<Self>, Job, Lease) -> F,
    ) -> impl Fn(Job, Lease) -> BoxFuture<'static, Result<Done, Failure>> + Send + Sync + 'static
    where
        F: Future<Output = Result<Done, Failure>> + Send + 'static,
    {
        let gateway = Arc::clone(self);
        move |job, lease| Box::pin(work(Arc::clone(&gateway), job, lease))
    }

    async fn work_process(self: Arc<Self>, job: Job, _: Lease) -> Result<Done, Failure> {
        let file = id(&job)?;
        // What it does is done once, however often it is asked to: the file's row says whether it was.
        blocking(move || self.process(file)).await?;
        Ok(Done::Complete)
    }

    async fn work_batch(self: Arc<Self>, job: Job, lease: Lease) -> Result<Done, Failure> {
        let Some(partner) = self.partner(&job.subject) else {
            let reason = format!(
                "there is no partner `{}` any more: bring its settings back, or withdraw its claims",
                job.subject
            );
            return Err(Failure::Fail { reason });
        };
        let gateway = Arc::clone(&self);
        let name = partner.name().to_owned();
        let held = lease.clone();
        blocking(move || gateway.batch(&partner, &held)).await?;
        // Claims that were queued since the last look found this job running, and made no other.
        self.store()
            .write(move |tx| match batch::is_asked(tx, &name)? {
                true => jobs::release(tx, &lease, 0),
                false => jobs::complete(tx, &lease),
            })
            .await?;
        Ok(Done::Stored)
    }

    async fn work_deliver(self: Arc<Self>, job: Job, lease: Lease) -> Result<Done, Failure> {
        let file = id(&job)?;
        match self.send(file, job.attempt > 1).await? {
            Sent::Arrived => Ok(Done::Complete),
            Sent::Again { reason, after } => {
                let given_up = job.attempt >= job.max_attempts;
                let told = reason.clone();
                self.store().write(move |tx| Self::failed(tx, file, &told, given_up)).await?;
                let wait_ms = after.unwrap_or_else(|| resend_in(self.resend_after(), job.attempt));
                Err(Failure::RetryAfter { error: reason, wait_ms })
            }
            Sent::GivenUp { reason } => {
                let told = reason.clone();
                self.store()
                    .write(move |tx| {
                        Self::failed(tx, file, &told, true)?;
                        jobs::fail(tx, &lease, &told)
                    })
                    .await?;
                tracing::error!(file.id = %file, reason, "a file could not be sent; a person must act");
                Ok(Done::Stored)
            }
        }
    }

    async fn work_hand_on(self: Arc<Self>, job: Job, _: Lease) -> Result<Done, Failure> {
        let file = id(&job)?;
        blocking(move || self.hand_on(file)).await?;
        Ok(Done::Complete)
    }

    async fn work_periodic(self: Arc<Self>, job: Job, lease: Lease) -> Result<Done, Failure> {
        match job.kind.as_str() {
            "overdue" => {
                self.store()
                    .write(move |tx| {
                        expect::overdue(tx)?;
                        Self::abandoned(tx)?;
                        let now = tx.now();
                        jobs::forget(tx, now.saturating_sub(FORGET_AFTER))?;
                        // A file of claims that was picked up is known again for good.
                        idempotency::forget(tx, now.saturating_sub(FORGET_ANSWERS_AFTER), intake::CALLER)?;
                        jobs::complete(tx, &lease)?;
                        periodic(tx, "overdue", "", LOOK_FOR_OVERDUE)
                    })
                    .await?;
                Ok(Done::Stored)
            }
            retention::ERASE => {
                self.erase_old().await?;
                self.store()
                    .write(move |tx| {
                        jobs::complete(tx, &lease)?;
                        periodic(tx, retention::ERASE, "", LOOK_FOR_OLD)
                    })
                    .await?;
                Ok(Done::Stored)
            }
            "collect" => {
                // A partner that is gone, or no longer asked, leaves the round.
                let Some(partner) = self.partner(&job.subject) else { return Ok(Done::Complete) };
                let Some(every) = partner.collect_every() else { return Ok(Done::Complete) };
                self.collect(&partner).await?;
                // Another job, so that tries which failed before do not count against it.
                let wait = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
                self.store()
                    .write(move |tx| {
                        jobs::complete(tx, &lease)?;
                        periodic(tx, "collect", &job.subject, wait)
                    })
                    .await?;
                Ok(Done::Stored)
            }
            other => Err(Failure::Fail { reason: format!("this program knows no periodic work `{other}`") }),
        }
    }
}

/// The partners that are collected from, by name.
pub(in crate::gateway) fn collecting(partners: &Partners) -> Vec<String> {
    let collecting = partners.iter().filter(|partner| partner.collect_every().is_some());
    collecting.map(|partner| partner.name().to_owned()).collect()
}

/// Has partners be collected from, now and then again as their settings say. One that is asked already is asked at
/// once: what failed before may be mended. One that is gone leaves the round.
pub(in crate::gateway) fn collect_from(tx: &mut dyn Tx, partners: &[String]) -> store::Result<()> {
    jobs::afresh(tx, PERIODIC)?;
    partners.iter().try_for_each(|partner| periodic(tx, "collect", partner, 0))
}

/// Asks for periodic work.
fn periodic(tx: &mut dyn Tx, kind: &str, subject: &str, wait: i64) -> store::Result<()> {
    let (key, due) = (format!("{PERIODIC}:{kind}:{subject}"), tx.now().saturating_add(wait));
    jobs::enqueue(
        tx,
        &NewJob {
            unique_key: Some(&key),
            due: Some(due),
            max_attempts: 1_000_000,
            ..NewJob::new(PERIODIC, kind, subject)
        },
    )?;
    Ok(())
}

/// How long a file waits for its next try: twice as long each time, and up to a quarter more, so that what failed
/// together does not come back together.
fn resend_in(first: i64, attempt: u32) -> i64 {
    let doubled = first.saturating_mul(1 << attempt.saturating_sub(1).min(30));
    let wait = doubled.min(first.saturating_mul(RESEND_LONGEST));
    wait.saturating_add(Backoff { first_ms: wait / 4, longest_ms: wait / 4 }.wait_ms(1))
}

fn id(job: &Job) -> Result<Id, Failure> {
    job.subject.parse().map_err(|_| Failure::Fail { reason: "the job names no file".into() })
}

impl From<FlowError> for Failure {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::Settings { .. } => Self::RetryAfter { error: error.to_string(), wait_ms: 60_000 },
            error => Self::Retry { error: error.to_string() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_not_sent_again_too_soon_nor_too_often() {
        for _ in 0..100 {
            let waits: Vec<i64> = (1..=20).map(|attempt| resend_in(RESEND_AFTER, attempt)).collect();
            assert!((90_000..=112_501).contains(&waits[0]) && waits.iter().all(|wait| *wait <= 15 * 60_000 + 1));
            assert!(waits[1..6].iter().sum::<i64>() > 15 * 60_000, "five more tries in a quarter of an hour");
        }
    }
}
