//! Jobs: none is lost, none is done twice, whatever workers, machines and clocks do.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, AtomicUsize},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use proptest::prelude::*;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::gateway::store::jobs::*;

const LEASE: i64 = 60_000;

/// Does works in one transaction, which is rolled back.
fn try_out(bench: &Bench, work: impl FnOnce(&mut dyn Tx) -> Result<()> + Send + 'static) {
    let done: Result<()> = bench.write(move |tx| work(tx).and(Err(Error::Invalid("rolled back"))));
    assert_eq!(done, Err(Error::Invalid("rolled back")));
}

fn state(tx: &mut dyn Tx, job: JobId) -> State {
    find(tx, job).unwrap().unwrap().state
}

#[test]
fn a_job_goes_from_ready_to_done() {
    let bench = bench();
    try_out(&bench, |tx| {
        let now = tx.now();
        let later = enqueue(tx, &NewJob { due: Some(now + 1), ..NewJob::new("send", "deliver", "file-1") })?;
        let job = enqueue(tx, &NewJob { payload: r#"{"file":2}"#, ..NewJob::new("send", "deliver", "file-2") })?;
        enqueue(tx, &NewJob::new("other", "x", ""))?;
        let leased = lease(tx, &["send"], "a", now, LEASE, 10)?;
        let [(got, held)] = &*leased else { panic!("{leased:?}") };
        assert_eq!((got.id, got.attempt, got.state, &*got.payload), (job, 1, State::Running, r#"{"file":2}"#));
        assert_eq!(lease(tx, &["send"], "b", now, LEASE, 10)?, []);
        complete(tx, held)?;
        assert_eq!(state(tx, job), State::Done);
        assert_eq!(complete(tx, held), Err(Error::LeaseLost { job: job.0 }));
        assert_eq!(heartbeat(tx, held, now, LEASE), Err(Error::LeaseLost { job: job.0 }));
        let both: Vec<_> =
            lease(tx, &["other", "send"], "a", now + 1, LEASE, 10)?.into_iter().map(|(job, _)| job.id).collect();
        assert_eq!(both, [JobId(3), later]);
        assert_eq!(about(tx, "file-2", 5)?.len(), 1);
        assert_eq!(depths(tx)?.len(), 2);
        assert_eq!(forget(tx, now + 1)?, 1);
        Ok(())
    });
}

#[test]
fn a_unique_key_has_one_job_until_it_ended() {
    let bench = bench();
    try_out(&bench, |tx| {
        let job = NewJob { unique_key: Some("ack-7"), ..NewJob::new("q", "k", "s") };
        let (now, first) = (tx.now(), enqueue(tx, &job)?);
        assert_eq!(enqueue(tx, &job)?, first);
        let held = lease(tx, &["q"], "a", now, LEASE, 9)?.remove(0).1;
        assert_eq!(enqueue(tx, &job)?, first);
        complete(tx, &held)?;
        let second = enqueue(tx, &job)?;
        assert_ne!(second, first);
        assert!(cancel(tx, second, "no longer wanted")?);
        assert!(!cancel(tx, second, "no longer wanted")?);
        assert_ne!(enqueue(tx, &job)?, second);
        Ok(())
    });
}

#[test]
fn attempts_end_with_a_reason_and_a_person_can_have_it_tried_again() {
    let bench = bench();
    let hand = bench.hand.clone();
    try_out(&bench, move |tx| {
        let job = enqueue(tx, &NewJob { max_attempts: 2, ..NewJob::new("q", "k", "s") })?;
        let held = lease(tx, &["q"], "a", START, LEASE, 1)?.remove(0).1;
        let due = retry(tx, &held, "no answer", Backoff::default())?.unwrap();
        assert!((START + 1..=START + 10_000).contains(&due));
        assert_eq!(lease(tx, &["q"], "a", due - 1, LEASE, 1)?, []);
        hand.store(due, Ordering::SeqCst);
        let held = lease(tx, &["q"], "a", due, LEASE, 1)?.remove(0).1;
        assert_eq!(retry(tx, &held, "no answer", Backoff::default())?, None);
        let failed = jobs::failed(tx, 10)?.remove(0);
        assert_eq!(failed.reason.as_deref(), Some("given up after 2 attempts; the last: no answer"));
        assert!(again(tx, job)?);
        let held = lease(tx, &["q"], "a", due, LEASE, 1)?.remove(0).1;
        fail(tx, &held, &"the partner's certificate expired; ask for a new one".repeat(100))?;
        assert_eq!(find(tx, job)?.unwrap().reason.unwrap().chars().count(), 2000);
        Ok(())
    });
}

#[test]
fn the_schema_holds_each_state_to_its_columns() {
    let bench = bench();
    try_out(&bench, |tx| {
        let job = enqueue(tx, &NewJob::new("q", "k", "s"))?;
        for wrong in [
            "state = 'running'",
            "state = 'done'",
            "state = 'failed', finished = 1",
            "state = 'cancelled', reason = 'r'",
            "state = 'sleeping'",
            "lease_until = 5",
            "node = 'a'",
            "finished = 5",
            "reason = 'r'",
            "attempt = -1",
            "due = 'soon'",
        ] {
            let refused = tx.run(&format!("UPDATE job SET {wrong} WHERE id = ?1"), values![job.0]);
            assert!(matches!(refused, Err(Error::Constraint(_))), "{wrong}: {refused:?}");
        }
        Ok(())
    });
}

#[test]
fn waits_grow_and_are_capped() {
    let backoff = Backoff { first_ms: 1000, longest_ms: 60_000 };
    for attempt in [0, 1, 2, 5, 6, 7, 63, 64, 65, u32::MAX] {
        let longest = (1000_i64 << attempt.saturating_sub(1).min(10)).min(60_000);
        let waits: Vec<_> = (0..200).map(|_| backoff.wait_ms(attempt)).collect();
        assert!(waits.iter().all(|wait| (1..=longest).contains(wait)), "{attempt}: {waits:?}");
        assert!(waits.iter().max() > waits.iter().min(), "full jitter");
    }
    assert_eq!(Backoff { first_ms: i64::MAX, longest_ms: 1 }.wait_ms(9), 1);
    assert_eq!(Backoff { first_ms: -5, longest_ms: -5 }.wait_ms(9), 1);
}

#[derive(Clone, Debug)]
enum Step {
    Enqueue { delay: i64, unique: Option<u8>, attempts: u32 },
    Lease { node: u8, n: usize },
    Heartbeat { lease: usize },
    Complete { lease: usize },
    Retry { lease: usize },
    Release { lease: usize },
    Fail { lease: usize },
    Crash { node: u8 },
    Rescue,
    Clock { by: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let lease = 0_usize..1000;
    let jump = prop_oneof![
        6 => 1..90_000_i64,
        2 => -90_000..0_i64,
        1 => Just(400 * 24 * 3_600_000_i64),
        1 => Just(-400 * 24 * 3_600_000_i64),
    ];
    prop_oneof![
        4 => (0..100_000_i64, prop::option::of(0..3_u8), 1..4_u32)
            .prop_map(|(delay, unique, attempts)| Step::Enqueue { delay, unique, attempts }),
        5 => (0..3_u8, 1..4_usize).prop_map(|(node, n)| Step::Lease { node, n }),
        2 => lease.clone().prop_map(|lease| Step::Heartbeat { lease }),
        4 => lease.clone().prop_map(|lease| Step::Complete { lease }),
        2 => lease.clone().prop_map(|lease| Step::Retry { lease }),
        1 => lease.clone().prop_map(|lease| Step::Release { lease }),
        1 => lease.prop_map(|lease| Step::Fail { lease }),
        1 => (0..3_u8).prop_map(|node| Step::Crash { node }),
        3 => Just(Step::Rescue),
        4 => jump.prop_map(|by| Step::Clock { by }),
    ]
}

/// What must be so of the jobs, beside what the store says.
#[derive(Default)]
struct Model {
    /// Every lease there ever was.
    leases: Vec<Lease>,
    /// Who has each running job.
    held: HashMap<JobId, Lease>,
    jobs: Vec<JobId>,
    done: Vec<JobId>,
    given_up: Vec<JobId>,
}

impl Model {
    fn step(&mut self, tx: &mut dyn Tx, hand: &AtomicI64, step: Step) -> Result<()> {
        let now = tx.now();
        let nth =
            |model: &Self, n: usize| (!model.leases.is_empty()).then(|| model.leases[n % model.leases.len()].clone());
        match step {
            Step::Enqueue { delay, unique, attempts } => {
                let key = unique.map(|key| key.to_string());
                let new = NewJob {
                    due: Some(now + delay),
                    unique_key: key.as_deref(),
                    max_attempts: attempts,
                    ..NewJob::new("q", "k", "s")
                };
                let id = enqueue(tx, &new)?;
                if !self.jobs.contains(&id) {
                    self.jobs.push(id);
                } else {
                    assert!(key.is_some() && !self.done.contains(&id) && !self.given_up.contains(&id));
                }
            }
            Step::Lease { node, n } => {
                let leased = lease(tx, &["q"], &node.to_string(), now, LEASE, n)?;
                assert!(leased.len() <= n);
                for (job, lease) in leased {
                    assert!(job.due <= now && job.attempt <= job.max_attempts);
                    assert!(self.held.insert(job.id, lease.clone()).is_none(), "leased twice");
                    self.leases.push(lease);
                }
            }
            Step::Heartbeat { lease: n } => {
                let Some(lease) = nth(self, n) else { return Ok(()) };
                self.outcome(&lease, heartbeat(tx, &lease, now, LEASE), false);
            }
            Step::Complete { lease: n } => {
                let Some(lease) = nth(self, n) else { return Ok(()) };
                if self.outcome(&lease, complete(tx, &lease), true) {
                    assert!(!self.done.contains(&lease.job), "done twice");
                    self.done.push(lease.job);
                }
            }
            Step::Retry { lease: n } => {
                let Some(lease) = nth(self, n) else { return Ok(()) };
                let retried = retry(tx, &lease, "e", Backoff::default());
                if self.outcome(&lease, retried.clone().map(drop), true) && retried == Ok(None) {
                    self.given_up.push(lease.job);
                }
            }
            Step::Release { lease: n } => {
                let Some(lease) = nth(self, n) else { return Ok(()) };
                self.outcome(&lease, release(tx, &lease, 10), true);
            }
            Step::Fail { lease: n } => {
                let Some(lease) = nth(self, n) else { return Ok(()) };
                if self.outcome(&lease, fail(tx, &lease, "r"), true) {
                    self.given_up.push(lease.job);
                }
            }
            // What the node was at is found by the others; it comes back under another name.
            Step::Crash { node } => {
                let rescued = rescue_all_but(tx, &format!("not {node}"), now)?;
                self.rescued(tx, rescued, |_| true);
                assert!(self.held.is_empty());
            }
            Step::Rescue => {
                let rescued = rescue(tx, now)?;
                self.rescued(tx, rescued, |_| true);
            }
            Step::Clock { by } => {
                hand.fetch_add(by, Ordering::SeqCst);
            }
        }
        let states = tx.rows("SELECT id, state FROM job ORDER BY id", &[])?;
        assert_eq!(states.len(), self.jobs.len());
        for row in states {
            let job = JobId(row.int("id")?);
            let expected = match () {
                () if self.done.contains(&job) => State::Done,
                () if self.given_up.contains(&job) => State::Failed,
                () if self.held.contains_key(&job) => State::Running,
                () => State::Ready,
            };
            assert_eq!(row.text("state")?, expected.as_str(), "{job}");
        }
        Ok(())
    }

    /// Who holds a job may change it, and nobody else.
    fn outcome(&mut self, lease: &Lease, outcome: Result<()>, ends: bool) -> bool {
        let holds = self.held.get(&lease.job) == Some(lease);
        assert_eq!(outcome, if holds { Ok(()) } else { Err(Error::LeaseLost { job: lease.job.0 }) });
        if holds && ends {
            self.held.remove(&lease.job);
        }
        holds
    }

    fn rescued(&mut self, tx: &mut dyn Tx, rescued: Rescued, may: impl Fn(JobId) -> bool) {
        for job in rescued.ready.iter().chain(&rescued.failed) {
            assert!(may(*job));
            assert!(self.held.remove(job).is_some());
        }
        for job in rescued.failed {
            let found = find(tx, job).unwrap().unwrap();
            assert_eq!(found.attempt, found.max_attempts);
            self.given_up.push(job);
        }
    }
}

#[test]
fn no_job_is_lost_and_none_done_twice() {
    let bench = bench();
    let cases = proptest::test_runner::Config { cases: 128, failure_persistence: None, ..Default::default() };
    proptest!(cases, |(steps in prop::collection::vec(step(), 1..80))| {
        bench.hand.store(START, Ordering::SeqCst);
        let hand = bench.hand.clone();
        try_out(&bench, move |tx| {
            let mut model = Model::default();
            for step in steps {
                model.step(tx, &hand, step)?;
            }
            // However it stands, it ends once the clock goes on and others work than those who worked so far:
            // within the longest delays.
            let died = model.leases.len();
            for _ in 0..40 {
                model.step(tx, &hand, Step::Rescue)?;
                model.step(tx, &hand, Step::Lease { node: 9, n: 100 })?;
                let held: Vec<_> = model.held.values().cloned().collect();
                for at in (died..model.leases.len()).filter(|at| held.contains(&model.leases[*at])).collect::<Vec<_>>() {
                    model.step(tx, &hand, Step::Complete { lease: at })?;
                }
                model.step(tx, &hand, Step::Clock { by: LONGEST_LEASE_MS / 4 })?;
            }
            let mut ended: Vec<_> = model.done.iter().chain(&model.given_up).copied().collect();
            ended.sort();
            assert_eq!(ended, model.jobs, "every job was done or given up, and once");
            Ok(())
        });
    });
}

/// Waits until the store says so; a test that waits for ever is stopped from outside.
async fn until(store: &Store, mut so: impl FnMut(&mut dyn Tx) -> Result<bool> + Clone + Send + 'static) {
    loop {
        let mut asked = so.clone();
        if store.read(move |tx| asked(tx)).await.unwrap() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
        let _ = &mut so;
    }
}

fn settings() -> Settings {
    Settings { lease_ms: 30, poll: Duration::from_millis(20), grace: Duration::from_secs(20), ..Settings::default() }
}

fn quick() -> Backoff {
    Backoff { first_ms: 1, longest_ms: 1 }
}

fn all_in(wanted: State) -> impl FnMut(&mut dyn Tx) -> Result<bool> + Clone + Send + 'static {
    move |tx| {
        Ok(tx.first("SELECT count(*) AS n FROM job WHERE state <> ?1", values![wanted.as_str()])?.unwrap().int("n")?
            == 0)
    }
}

fn handler<F, R>(handle: F) -> impl Fn(Job, Lease) -> BoxFuture<'static, Result<Done, Failure>> + Send + Sync + 'static
where
    F: Fn(Job, Lease) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Done, Failure>> + Send + 'static,
{
    move |job, lease| handle(job, lease).boxed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_does_each_job_once_with_no_more_workers_than_it_may() {
    let bench = bench();
    let (busy, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (at_work, peak, store) = (busy.clone(), most.clone(), bench.store.clone());
    let work = handler(move |job: Job, lease| {
        let (at_work, peak, store) = (at_work.clone(), peak.clone(), store.clone());
        async move {
            peak.fetch_max(at_work.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            // The effect and the end of the job are one; the effect could not happen twice unseen.
            store.write(move |tx| note(&job.id.to_string(), "")(tx).and_then(|_| complete(tx, &lease))).await?;
            at_work.fetch_sub(1, Ordering::SeqCst);
            Ok(Done::Stored)
        }
    });
    let shutdown = CancellationToken::new();
    let settings = Settings { poll: Duration::from_secs(3600), lease_ms: 60_000, ..settings() };
    let runner = Runner::new(bench.store.clone(), settings).queue("q", 5, quick(), work);
    let running = tokio::spawn(runner.run(shutdown.clone()));
    // It is woken by what is stored: it polls once an hour.
    for n in 0..100 {
        bench.store.write(move |tx| enqueue(tx, &NewJob::new("q", "k", &n.to_string()))).await.unwrap();
        if n % 10 == 0 {
            until(&bench.store, all_in(State::Done)).await;
        }
    }
    until(&bench.store, all_in(State::Done)).await;
    shutdown.cancel();
    running.await.unwrap();
    assert_eq!(noted(&bench.store).len(), 100);
    assert!((1..=5).contains(&most.load(Ordering::SeqCst)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_tries_again_gives_up_and_survives_panics() {
    let bench = bench();
    let hand = bench.hand.clone();
    let work = handler(move |job: Job, _| {
        // Time goes on with each attempt, so that waits end.
        hand.fetch_add(10, Ordering::SeqCst);
        async move {
            match (&*job.kind, job.attempt) {
                ("panics", 1) => panic!("on purpose"),
                ("fails", 1) => Err(Failure::Fail { reason: "ask the partner".to_owned() }),
                ("waits", 1) => Err(Failure::RetryAfter { error: "busy".to_owned(), wait_ms: 5 }),
                (_, 1 | 2) => Err(Failure::Retry { error: "again".to_owned() }),
                _ => Ok(Done::Complete),
            }
        }
    });
    let kinds = ["panics", "fails", "waits", "stays", "short"];
    let add = move |tx: &mut dyn Tx| {
        let attempts = |kind| if kind == "short" { 2 } else { 9 };
        let new = kinds.map(|kind| NewJob { max_attempts: attempts(kind), ..NewJob::new("q", kind, "s") });
        new.iter().map(|new| enqueue(tx, new)).collect::<Result<Vec<_>>>()
    };
    let ids = bench.store.write(add).await.unwrap();
    let shutdown = CancellationToken::new();
    let running =
        tokio::spawn(Runner::new(bench.store.clone(), settings()).queue("q", 2, quick(), work).run(shutdown.clone()));
    let hand = bench.hand.clone();
    until(&bench.store, move |tx| {
        hand.fetch_add(1, Ordering::SeqCst);
        Ok(tx.first("SELECT count(*) AS n FROM job WHERE finished IS NULL", &[])?.unwrap().int("n")? == 0)
    })
    .await;
    shutdown.cancel();
    running.await.unwrap();
    let found = bench
        .store
        .read(move |tx| ids.into_iter().map(|id| Ok(find(tx, id)?.unwrap())).collect::<Result<Vec<_>>>())
        .await
        .unwrap();
    let found: Vec<_> = found.iter().map(|job| (job.state, job.attempt, job.reason.as_deref())).collect();
    assert_eq!(
        found,
        [
            (State::Done, 3, None),
            (State::Failed, 1, Some("ask the partner")),
            (State::Done, 3, None),
            (State::Done, 3, None),
            (State::Failed, 2, Some("given up after 2 attempts; the last: again")),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_ahead_takes_no_job_from_a_worker_that_lives() {
    let bench = bench();
    let (begun, go) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let (count, wait) = (begun.clone(), go.clone());
    let work = handler(move |_, _| {
        let (count, wait) = (count.clone(), wait.clone());
        async move {
            count.fetch_add(1, Ordering::SeqCst);
            wait.notified().await;
            Ok(Done::Complete)
        }
    });
    let shutdown = CancellationToken::new();
    let running =
        tokio::spawn(Runner::new(bench.store.clone(), settings()).queue("q", 2, quick(), work).run(shutdown.clone()));
    bench.store.write(|tx| enqueue(tx, &NewJob::new("q", "k", "s"))).await.unwrap();
    until(&bench.store, all_in(State::Running)).await;
    for by in [24 * 3_600_000, -400 * 24 * 3_600_000, 1_000_000] {
        let now = bench.hand.fetch_add(by, Ordering::SeqCst) + by;
        // The lease follows the clock.
        until(&bench.store, move |tx| {
            Ok(tx.first("SELECT lease_until FROM job WHERE state = 'running'", &[])?.unwrap().int("lease_until")?
                == now + 30)
        })
        .await;
    }
    go.notify_one();
    until(&bench.store, all_in(State::Done)).await;
    assert_eq!(begun.load(Ordering::SeqCst), 1);
    shutdown.cancel();
    running.await.unwrap();
}

/// Says when it is dropped.
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_whose_lease_is_lost_is_stopped() {
    let bench = bench();
    let stopped = Arc::new(AtomicBool::new(false));
    let seen = stopped.clone();
    let work = handler(move |_, _| {
        let dropped = Dropped(seen.clone());
        async move {
            let _dropped = dropped;
            std::future::pending().await
        }
    });
    let shutdown = CancellationToken::new();
    let running =
        tokio::spawn(Runner::new(bench.store.clone(), settings()).queue("q", 1, quick(), work).run(shutdown.clone()));
    bench.store.write(|tx| enqueue(tx, &NewJob::new("q", "k", "s"))).await.unwrap();
    until(&bench.store, all_in(State::Running)).await;
    bench
        .store
        .write(|tx| {
            tx.run("UPDATE job SET token = token + 1, node = 'another', lease_until = lease_until + 1000000", &[])
        })
        .await
        .unwrap();
    while !stopped.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    until(&bench.store, all_in(State::Running)).await;
    shutdown.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_lets_jobs_end_and_releases_those_that_do_not() {
    let bench = bench();
    let (quick_begun, slow_begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let notifies = (quick_begun.clone(), slow_begun.clone(), go.clone());
    let work = handler(move |job: Job, _| {
        let (quick_begun, slow_begun, go) = notifies.clone();
        async move {
            if job.kind == "slow" {
                slow_begun.notify_one();
                std::future::pending::<()>().await;
            }
            quick_begun.notify_one();
            go.notified().await;
            Ok(Done::Complete)
        }
    });
    let ids = bench
        .store
        .write(|tx| {
            let mut add = |kind| enqueue(tx, &NewJob::new("q", kind, "s"));
            Ok([add("quick")?, add("slow")?, add("waiting")?])
        })
        .await
        .unwrap();
    let shutdown = CancellationToken::new();
    let settings = Settings { grace: Duration::from_millis(300), ..settings() };
    let running =
        tokio::spawn(Runner::new(bench.store.clone(), settings).queue("q", 2, quick(), work).run(shutdown.clone()));
    quick_begun.notified().await;
    slow_begun.notified().await;
    shutdown.cancel();
    go.notify_one();
    running.await.unwrap();
    let found = bench
        .store
        .read(move |tx| ids.into_iter().map(|id| Ok(find(tx, id)?.unwrap())).collect::<Result<Vec<_>>>())
        .await
        .unwrap();
    let found: Vec<_> = found.iter().map(|job| (job.state, job.attempt)).collect();
    assert_eq!(found, [(State::Done, 1), (State::Ready, 0), (State::Ready, 0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_runner_that_died_had_is_done_by_the_next() {
    let bench = bench();
    let begun = Arc::new(Notify::new());
    let begins = begun.clone();
    let stuck = handler(move |_, _| {
        begins.notify_one();
        std::future::pending()
    });
    bench.store.write(|tx| enqueue(tx, &NewJob::new("q", "k", "s"))).await.unwrap();
    let died = tokio::spawn(
        Runner::new(bench.store.clone(), settings()).queue("q", 1, quick(), stuck).run(CancellationToken::new()),
    );
    begun.notified().await;
    // A process that is killed releases nothing: the lease of this one is put back after it stopped.
    died.abort();
    let _ = died.await;
    let lost =
        "UPDATE job SET state = 'running', node = 'gone', lease_until = 9000000000000, attempt = 1, token = token + 1";
    until(&bench.store, all_in(State::Ready)).await;
    bench.store.write(move |tx| tx.run(lost, &[])).await.unwrap();
    let done = handler(|_, _| std::future::ready(Ok(Done::Complete)));
    let shutdown = CancellationToken::new();
    let next =
        tokio::spawn(Runner::new(bench.store.clone(), settings()).queue("q", 1, quick(), done).run(shutdown.clone()));
    until(&bench.store, all_in(State::Done)).await;
    shutdown.cancel();
    next.await.unwrap();
    let job = bench.store.read(|tx| find(tx, JobId(1))).await.unwrap().unwrap();
    assert_eq!(job.attempt, 2, "the one that was lost counts");
}
