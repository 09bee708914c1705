//! Work shared among threads, whose results come in the order in which it was given out.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, SyncSender, TrySendError},
    },
    thread::{self, Scope},
};

/// Threads that do the same to each job. The thread that gives jobs out does those that no other is free for, so
/// that nothing waits and little is held.
pub(crate) struct Crew<'scope, 'env, J, R, M, W> {
    scope: &'scope Scope<'scope, 'env>,
    /// How many others there may be. They begin with the second job: most inputs are one.
    others: usize,
    /// Makes what does the jobs, for each thread.
    make: M,
    work: W,
    jobs: Option<SyncSender<(u64, J)>>,
    /// What the others have done.
    done: Option<Receiver<(u64, thread::Result<R>)>>,
    /// Results whose turn has not come.
    early: BTreeMap<u64, R>,
    given: u64,
    taken: u64,
}

impl<'scope, 'env, J, R, M, W> Crew<'scope, 'env, J, R, M, W>
where
    J: Send + 'scope,
    R: Send + 'scope,
    M: Fn() -> W,
    W: FnMut(J) -> R + Send + 'scope,
{
    /// A crew of so many threads, this one among them.
    pub(crate) fn new(scope: &'scope Scope<'scope, 'env>, threads: usize, make: M) -> Self {
        let work = make();
        let others = threads.saturating_sub(1);
        Self { scope, others, make, work, jobs: None, done: None, early: BTreeMap::new(), given: 0, taken: 0 }
    }

    /// Gives a job out, or does it.
    pub(crate) fn give(&mut self, job: J) {
        let number = self.given;
        self.given += 1;
        if number == 1 && self.others > 0 {
            self.begin();
        }
        let left = match &self.jobs {
            None => Some(job),
            Some(jobs) => match jobs.try_send((number, job)) {
                Ok(()) => None,
                Err(TrySendError::Full((_, job)) | TrySendError::Disconnected((_, job))) => Some(job),
            },
        };
        if let Some(job) = left {
            let result = (self.work)(job);
            self.early.insert(number, result);
        }
    }

    /// The next result, if it is there. Where many are there whose turn has not come, it is waited for.
    pub(crate) fn next(&mut self) -> Option<R> {
        while let Some((number, result)) = self.done.as_ref().and_then(|done| done.try_recv().ok()) {
            self.note(number, result);
        }
        while self.early.len() > 2 * self.others && !self.early.contains_key(&self.taken) && self.wait() {}
        self.take()
    }

    /// The next result, which is waited for; none if all have been handed over.
    pub(crate) fn last(&mut self) -> Option<R> {
        while self.taken < self.given && !self.early.contains_key(&self.taken) && self.wait() {}
        self.take()
    }

    fn take(&mut self) -> Option<R> {
        let result = self.early.remove(&self.taken)?;
        self.taken += 1;
        Some(result)
    }

    /// Waits for a result of another thread; false if there is none to come.
    fn wait(&mut self) -> bool {
        let Some((number, result)) = self.done.as_ref().and_then(|done| done.recv().ok()) else { return false };
        self.note(number, result);
        true
    }

    fn note(&mut self, number: u64, result: thread::Result<R>) {
        match result {
            Ok(result) => self.early.insert(number, result),
            Err(panic) => resume_unwind(panic),
        };
    }

    fn begin(&mut self) {
        // One job waits for each, so that none waits for a job.
        let (jobs, waiting) = mpsc::sync_channel::<(u64, J)>(self.others);
        let (back, done) = mpsc::channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..self.others {
            let (waiting, back, mut work) = (Arc::clone(&waiting), back.clone(), (self.make)());
            self.scope.spawn(move || {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((number, job)) = next else { break };
                    let result = catch_unwind(AssertUnwindSafe(|| work(job)));
                    if back.send((number, result)).is_err() {
                        break;
                    }
                }
            });
        }
        (self.jobs, self.done) = (Some(jobs), Some(done));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubled(threads: usize, jobs: u64) -> Vec<u64> {
        thread::scope(|scope| {
            let make = || {
                |job: u64| {
                    // Some jobs take longer than those after them.
                    (0..job % 7 * 1000).for_each(|_| std::hint::spin_loop());
                    job * 2
                }
            };
            let mut crew = Crew::new(scope, threads, make);
            let mut results = Vec::new();
            for job in 0..jobs {
                crew.give(job);
                results.extend(std::iter::from_fn(|| crew.next()));
                assert!(crew.early.len() <= 2 * threads);
            }
            results.extend(std::iter::from_fn(|| crew.last()));
            results
        })
    }

    #[test]
    fn results_come_in_order_whoever_did_the_work() {
        for threads in [0, 1, 2, 5] {
            for jobs in [0, 1, 2, 500] {
                assert_eq!(doubled(threads, jobs), (0..jobs).map(|job| job * 2).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_panic_elsewhere_is_a_panic_here() {
        let caught = catch_unwind(|| {
            thread::scope(|scope| {
                let mut crew = Crew::new(scope, 2, || {
                    let here = thread::current().id();
                    move |job: u64| assert!(job == 0 || thread::current().id() == here || job > 1000)
                });
                (0..3).for_each(|job| crew.give(job));
                while crew.last().is_some() {}
            });
        });
        assert!(caught.is_err());
    }
}
