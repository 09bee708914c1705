//! Does jobs: takes them when they are due, has their handlers work on them, and stores what became of them.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::{
    sync::Notify,
    time::{Instant, MissedTickBehavior, interval_at, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Backoff, Job, LONGEST_LEASE_MS, Lease, Rescued, State, complete, fail, find, heartbeat, lease, release, rescue,
    rescue_all_but, retry, retry_after,
};
use crate::gateway::store::{Error, Result, Store, Topic, Tx};

/// How long the store is left alone after it failed.
const STORE_WAIT: Duration = Duration::from_secs(1);

/// Works on a job. It is dropped at an `.await` when the lease is lost or the program stops; a blocking part of
/// it that goes on finds that it cannot [`complete`] the job.
pub type Handler = Arc<dyn Fn(Job, Lease) -> BoxFuture<'static, Result<Done, Failure>> + Send + Sync>;

/// How a job was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Done {
    /// The handler [completed](complete) the job in the work that stored its effect. The rule.
    Stored,
    /// There is no effect in the store: the runner is to complete the job.
    Complete,
    /// It was not time yet: to be done again after the wait, which is no attempt.
    Later {
        /// The wait, in milliseconds.
        wait_ms: i64,
    },
}

/// How a job was not done. No text here holds PHI.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// To be tried again after the wait of the queue's [`Backoff`].
    Retry {
        /// What went wrong.
        error: String,
    },
    /// To be tried again after a wait that the other side asked for.
    RetryAfter {
        /// What went wrong.
        error: String,
        /// The wait, in milliseconds.
        wait_ms: i64,
    },
    /// Trying again would not help.
    Fail {
        /// What is wrong, and what a person can do about it.
        reason: String,
    },
}

/// What failed in the store may succeed later.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Retry { error: error.to_string() }
    }
}

/// How a [`Runner`] works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The node's name, another one at each start.
    pub node: String,
    /// How long a lease is, in milliseconds. It is renewed thrice in that time.
    pub lease_ms: i64,
    /// How often the store is asked for jobs when nothing was heard of any.
    pub poll: Duration,
    /// How long jobs may go on when the program stops.
    pub grace: Duration,
}

/// Leases of a minute, a look every second, half a minute to stop.
impl Default for Settings {
    fn default() -> Self {
        Self {
            node: uuid::Uuid::new_v4().to_string(),
            lease_ms: 60_000,
            poll: Duration::from_secs(1),
            grace: Duration::from_secs(30),
        }
    }
}

/// Does the jobs of some queues.
pub struct Runner {
    store: Store,
    settings: Settings,
    queues: Vec<Queue>,
}

struct Queue {
    name: String,
    workers: usize,
    backoff: Backoff,
    handler: Handler,
}

impl Runner {
    /// A runner without queues.
    pub fn new(store: Store, settings: Settings) -> Self {
        Self { store, settings, queues: Vec::new() }
    }

    /// Adds a queue, of whose jobs at most `workers` are worked on at once.
    #[must_use]
    pub fn queue<F>(mut self, name: &str, workers: usize, backoff: Backoff, handler: F) -> Self
    where
        F: Fn(Job, Lease) -> BoxFuture<'static, Result<Done, Failure>> + Send + Sync + 'static,
    {
        self.queues.push(Queue { name: name.to_owned(), workers, backoff, handler: Arc::new(handler) });
        self
    }

    /// Works until `shutdown`. Then no further job is begun; those at work have the settings' grace to end, and
    /// are released for the next start after it. The runner is the only one on its store.
    pub async fn run(self, shutdown: CancellationToken) {
        let runner = Arc::new(self);
        let running = Arc::new(Running::default());
        let tasks = TaskTracker::new();
        let stop = CancellationToken::new();
        // Should this future be dropped, what it began ends too.
        let _stop = stop.clone().drop_guard();

        let store = runner.store.clone();
        let node = runner.settings.node.clone();
        runner
            .until_stored(&shutdown, move |tx| {
                let now = tx.now();
                // What other nodes had, the process before this one had.
                while rescue_all_but(tx, &node, now)? != Rescued::default() {}
                Ok(())
            })
            .await;
        let beats = tokio::spawn({
            let (runner, running, stop) = (runner.clone(), running.clone(), stop.clone());
            async move { stop.run_until_cancelled(runner.keep_leases(&running)).await }
        });

        let mut changes = store.changes(Topic::Jobs);
        while !shutdown.is_cancelled() {
            changes.mark_unchanged();
            let wait = match runner.begin(&running, &tasks, &stop).await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::warn!(%error, "Jobs could not be taken from the store");
                    STORE_WAIT
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                changed = changes.changed() => if changed.is_err() { break },
                () = running.freed.notified() => {}
                () = sleep(wait) => {}
            }
        }

        tasks.close();
        if timeout(runner.settings.grace, tasks.wait()).await.is_err() {
            tracing::warn!(jobs = running.lock().len(), "Jobs at work are released, since the program stops");
        }
        stop.cancel();
        tasks.wait().await;
        let _ = beats.await;
    }

    /// Takes jobs that are due, as many as there are workers free, and begins them. Returns how long to wait
    /// before the next look.
    async fn begin(
        self: &Arc<Self>,
        running: &Arc<Running>,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Result<Duration> {
        let free: Vec<(usize, usize)> = self.free(running);
        let names = free.iter().filter_map(|(queue, _)| self.queues.get(*queue)).map(|queue| queue.name.clone());
        let Some(due) = self.store.next_due(names.collect()).await? else { return Ok(self.settings.poll) };
        let early = due.saturating_sub(self.store.vault().clock().now());
        if let Ok(early @ 1..) = u64::try_from(early) {
            return Ok(self.settings.poll.min(Duration::from_millis(early)));
        }
        let (this, wanted) = (self.clone(), free.clone());
        let leased = self.store.write(move |tx| {
            let now = tx.now();
            let mut leased = Vec::new();
            for (at, n) in wanted {
                let Some(queue) = this.queues.get(at) else { continue };
                let jobs = lease(tx, &[&queue.name], &this.settings.node, now, this.settings.lease_ms, n)?;
                leased.extend(jobs.into_iter().map(|job| (at, job)));
            }
            Ok(leased)
        });
        let turn = running.turn.lock().await;
        let leased = leased.await?;
        if leased.is_empty() {
            return Ok(self.settings.poll);
        }
        let listed: Vec<_> = leased.into_iter().map(|(at, of)| (at, of, CancellationToken::new())).collect();
        running.lock().extend(listed.iter().map(|(at, (_, lease), lost)| (lease.clone(), (*at, lost.clone()))));
        drop(turn);
        for (at, (job, lease), lost) in listed {
            let (this, running, stop) = (self.clone(), running.clone(), stop.clone());
            tasks.spawn(async move {
                this.work(at, job, &lease, &lost, &stop).await;
                running.lock().remove(&lease);
                running.freed.notify_one();
            });
        }
        Ok(Duration::ZERO)
    }

    /// The queues with workers free, and how many.
    fn free(&self, running: &Running) -> Vec<(usize, usize)> {
        let busy = running.lock();
        let of = |at| busy.values().filter(|(queue, _)| *queue == at).count();
        let free = self.queues.iter().enumerate().map(|(at, queue)| (at, queue.workers.saturating_sub(of(at))));
        free.filter(|(_, free)| *free > 0).collect()
    }

    /// Works on one job, and stores what became of it.
    async fn work(&self, at: usize, job: Job, lease: &Lease, lost: &CancellationToken, stop: &CancellationToken) {
        let Some(queue) = self.queues.get(at) else { return };
        let (id, kind, attempt, backoff) = (job.id, job.kind.clone(), job.attempt, queue.backoff);
        // A handler that panics before it gives a future does so in here too.
        let handled = AssertUnwindSafe(async { (queue.handler)(job, lease.clone()).await }).catch_unwind();
        let outcome = tokio::select! {
            biased;
            outcome = handled => outcome.unwrap_or_else(|_| Err(Failure::Retry { error: "its handler panicked".to_owned() })),
            () = lost.cancelled() => {
                tracing::warn!(job.id = %id, job.kind = kind, queue = queue.name, "A job's lease was lost");
                return;
            }
            () = stop.cancelled() => Ok(Done::Later { wait_ms: 0 }),
        };
        match &outcome {
            Ok(_) => {}
            Err(Failure::Retry { error } | Failure::RetryAfter { error, .. }) => {
                tracing::warn!(job.id = %id, job.kind = kind, queue = queue.name, attempt, error, "A job did not succeed");
            }
            Err(Failure::Fail { reason }) => {
                tracing::error!(job.id = %id, job.kind = kind, queue = queue.name, attempt, reason, "A job was given up");
            }
        }
        if outcome == Ok(Done::Stored) {
            return;
        }
        let (ended, lease) = (CancellationToken::new(), lease.clone());
        let settle = self.until_stored(&ended, move |tx| match &outcome {
            Ok(Done::Stored) => Ok(()),
            Ok(Done::Complete) => complete(tx, &lease),
            Ok(Done::Later { wait_ms }) => release(tx, &lease, *wait_ms),
            Err(Failure::Retry { error }) => retry(tx, &lease, error, backoff).map(drop),
            Err(Failure::RetryAfter { error, wait_ms }) => retry_after(tx, &lease, error, *wait_ms).map(drop),
            Err(Failure::Fail { reason }) => fail(tx, &lease, reason),
        });
        // When the program stops and the store still fails, the next start finds the job running and rescues it.
        tokio::select! {
            () = settle => {}
            () = async { stop.cancelled().await; sleep(STORE_WAIT).await } => {}
        }
    }

    /// Renews the leases of jobs at work, takes back those that ran out, and stops work whose lease was lost.
    async fn keep_leases(&self, running: &Arc<Running>) {
        let every =
            Duration::from_millis(u64::try_from(self.settings.lease_ms.clamp(3, LONGEST_LEASE_MS) / 3).unwrap_or(1));
        let mut beats = interval_at(Instant::now() + every, every);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beats.tick().await;
            let lease_ms = self.settings.lease_ms;
            let running_now = running.clone();
            let turn = running.turn.lock().await;
            let kept = self.store.write(move |tx| {
                let now = tx.now();
                // Looked at in here, since jobs that end while this waits are not lost.
                let leases: Vec<_> =
                    running_now.lock().iter().map(|(lease, (_, lost))| (lease.clone(), lost.clone())).collect();
                let mut lost = Vec::new();
                for (lease, token) in leases {
                    match heartbeat(tx, &lease, now, lease_ms) {
                        Ok(()) => {}
                        Err(Error::LeaseLost { .. }) => {
                            // A handler that has ended its job in its own work has lost nothing.
                            let state = find(tx, lease.job)?.map(|job| job.state);
                            if matches!(state, None | Some(State::Ready | State::Running)) {
                                lost.push(token);
                            }
                        }
                        Err(error) => return Err(error),
                    }
                }
                Ok((rescue(tx, now)?, lost))
            });
            let kept = kept.await;
            drop(turn);
            match kept {
                Ok((rescued, lost)) => {
                    lost.iter().for_each(CancellationToken::cancel);
                    if rescued != Rescued::default() {
                        tracing::warn!(
                            ready = rescued.ready.len(),
                            failed = rescued.failed.len(),
                            moved = rescued.moved,
                            "Jobs were taken back"
                        );
                    }
                }
                Err(error) => tracing::warn!(%error, "Leases of jobs could not be renewed"),
            }
        }
    }

    /// Does a small work until the store takes it, or `ended`. A lost lease is an end too.
    async fn until_stored<F>(&self, ended: &CancellationToken, work: F)
    where
        F: Fn(&mut dyn Tx) -> Result<()> + Send + Sync + 'static,
    {
        let work = Arc::new(work);
        loop {
            let again = work.clone();
            match self.store.write(move |tx| again(tx)).await {
                Ok(()) | Err(Error::LeaseLost { .. }) => return,
                Err(error) => tracing::warn!(%error, "The state of a job could not be stored yet"),
            }
            if ended.run_until_cancelled(sleep(STORE_WAIT)).await.is_none() {
                return;
            }
        }
    }
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Leases of jobs at work: the queue, and what stops the work when the lease is lost. A job that is to be tried
/// again may be leased anew before its last attempt is off this list, so it is not a list of jobs.
type AtWork = HashMap<Lease, (usize, CancellationToken)>;

#[derive(Default)]
struct Running {
    leases: Mutex<AtWork>,
    freed: Notify,
    /// Held while leases are taken and put on the list, and while they are renewed: one that is in the store
    /// and not yet on the list would look abandoned to a clock that jumps.
    turn: tokio::sync::Mutex<()>,
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, AtWork> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
