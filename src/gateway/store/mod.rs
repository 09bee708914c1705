//! Where the gateway keeps what it must not lose: one SQLite database in one folder.
//!
//! - A *work* is a closure over a [`Tx`]. [`Store::write`] runs it, and answers when what it did is on the
//!   disk. Works that come at the same time share one commit, which is what makes a durable write cheap.
//! - [`Store::read`] runs a work on a snapshot that no writer disturbs.
//! - Bytes of files are payloads: sealed, in chunks, streamed in and out ([`payload`]).
//! - [`jobs`] are work to be done later, [`numbers`] are control numbers, [`audit`] is who did what,
//!   [`api_keys`] and [`idempotency`] serve the API, [`backup`] copies a running store.
//!
//! ```no_run
//! # use claimwire::gateway::store::{Clock, Keyring, Store, Value, Error};
//! # async fn example() -> Result<(), Error> {
//! let store = Store::open("/var/lib/claimwire".as_ref(), Keyring::from_file("master.key".as_ref())?, Clock::system())?;
//! store.write(|tx| tx.run("INSERT INTO meta (name, value) VALUES (?1, ?2)", &[Value::from("site"), Value::from("north")])).await?;
//! # Ok(()) }
//! ```

pub mod api_keys;
pub mod audit;
pub mod backup;
mod clock;
mod error;
pub mod idempotency;
pub mod jobs;
mod keyring;
mod migrate;
pub mod numbers;
pub mod payload;
mod seal;
mod sealed;
mod sql;
mod sqlite;
mod work;
mod writer;

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    thread::{self, JoinHandle},
};

use rusqlite::Connection;
use tokio::sync::{mpsc, watch};

pub use clock::Clock;
pub use error::{Error, Result};
pub use keyring::Keyring;
pub use seal::Vault;
pub use sealed::PayloadId;
pub(crate) use sql::values;
pub use sql::{Row, Tx, Value};
use sqlite::SqliteTx;
use work::{Work, work};
use writer::Writer;

/// The database's file in the store's folder.
const DATABASE: &str = "claimwire.db";

/// The file whose lock says that a process works on the folder.
const LOCK: &str = "claimwire.lock";

/// Threads that read, each with a connection of its own.
const READERS: usize = 4;

/// The store. Cheap to clone; the database is closed when the last clone is gone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// Something that others wait for changes of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Topic {
    /// There is a job to do.
    Jobs,
    /// Something happened that a caller of the API may be polling for.
    Events,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Jobs, Self::Events];
}

/// What the store has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Works that wrote, or tried to.
    pub works: u64,
    /// Commits that these took.
    pub commits: u64,
}

impl Store {
    /// Opens the store of a folder, and creates both if they are not there. Brings an older database up to
    /// this program's schema, and deletes payloads that a crash left without an owner.
    ///
    /// # Errors
    /// [`Error::InUse`] if another process, or another store of this one, works on the folder;
    /// [`Error::Newer`], [`Error::Foreign`], [`Error::KeyMissing`]; [`Error::Io`] and its kin.
    pub fn open(folder: &Path, keys: Keyring, clock: Clock) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|e| Error::io(&e))?;
        let lock = Arc::new(lock(folder)?);
        let path = folder.join(DATABASE);
        let connection = sqlite::open_writer(&path)?;
        migrate::migrate(&connection, &path)?;
        let vault = Vault::new(keys, clock);
        tidy(&connection, &vault)?;

        let topics = Arc::new(Topics::default());
        let done = Arc::<writer::Done>::default();
        let mut threads = Vec::with_capacity(READERS.saturating_add(1));
        let (writes, waiting) = mpsc::channel(writer::WAITING);
        let writer = Writer { connection, vault: vault.clone(), topics: topics.clone(), done: done.clone() };
        threads.push(spawn("store-writer", &lock, move || writer.run(waiting))?);

        let (reads, waiting) = mpsc::channel(writer::WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..READERS {
            let (connection, vault, waiting) = (sqlite::open_reader(&path)?, vault.clone(), waiting.clone());
            threads.push(spawn("store-reader", &lock, move || read(&connection, &vault, &waiting))?);
        }
        let (writes, reads, threads) = (Some(writes), Some(reads), Mutex::new(threads));
        Ok(Self { inner: Arc::new(Inner { folder: folder.to_owned(), vault, topics, done, writes, reads, threads }) })
    }

    /// Does a work that writes. When this returns, what it did is on the disk; if it returns an error,
    /// nothing of it is kept. A caller that goes away while waiting does not stop the work.
    ///
    /// Works that come at the same time share a commit. They are done one after another, each seeing what
    /// those before it did. Do what takes long before the work, not in it.
    ///
    /// # Errors
    /// What the work returns, or what kept it from being committed.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Tx) -> Result<T> + Send + 'static,
    {
        self.try_write(work).await
    }

    /// [`write`](Self::write) for works that have errors of their own. Any error rolls the work back.
    ///
    /// # Errors
    /// What the work returns, or what kept it from being committed.
    pub async fn try_write<T, E, F>(&self, work_: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
    {
        give(self.inner.writes.as_ref(), work_).await
    }

    /// Does a work that reads, on a snapshot of the database. Statements that write are refused.
    ///
    /// # Errors
    /// What the work returns, or what kept it from being done.
    pub async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Tx) -> Result<T> + Send + 'static,
    {
        self.try_read(work).await
    }

    /// [`read`](Self::read) for works that have errors of their own.
    ///
    /// # Errors
    /// What the work returns, or what kept it from being done.
    pub async fn try_read<T, E, F>(&self, work_: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
    {
        give(self.inner.reads.as_ref(), work_).await
    }

    /// [`try_write`](Self::try_write) for threads that may block; never for asynchronous code, nor in a work.
    ///
    /// # Errors
    /// What the work returns, or what kept it from being committed.
    pub fn write_blocking<T, E, F>(&self, work_: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
    {
        give_blocking(self.inner.writes.as_ref(), work_)
    }

    /// [`try_read`](Self::try_read) for threads that may block; never for asynchronous code, nor in a work.
    ///
    /// # Errors
    /// What the work returns, or what kept it from being done.
    pub fn read_blocking<T, E, F>(&self, work_: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
    {
        give_blocking(self.inner.reads.as_ref(), work_)
    }

    /// Tells of every commit in which a work [announced](Tx::announce) the topic. None is missed: a change
    /// between two looks at the receiver is seen by the second.
    pub fn changes(&self, topic: Topic) -> watch::Receiver<u64> {
        self.inner.topics.of(topic).subscribe()
    }

    /// The keys that payloads are sealed with, and the clock.
    pub fn vault(&self) -> &Vault {
        &self.inner.vault
    }

    /// What was done since the store was opened.
    pub fn counts(&self) -> Counts {
        Counts {
            works: self.inner.done.works.load(Ordering::Relaxed),
            commits: self.inner.done.commits.load(Ordering::Relaxed),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// The database's file.
    pub fn database(&self) -> PathBuf {
        self.inner.folder.join(DATABASE)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("folder", &self.inner.folder).finish_non_exhaustive()
    }
}

struct Inner {
    folder: PathBuf,
    vault: Vault,
    topics: Arc<Topics>,
    done: Arc<writer::Done>,
    writes: Option<mpsc::Sender<Box<dyn Work>>>,
    reads: Option<mpsc::Sender<Box<dyn Work>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Ends the threads when they have done what waits, so that the folder is free for the next one.
impl Drop for Inner {
    fn drop(&mut self) {
        self.writes = None;
        self.reads = None;
        let threads = std::mem::take(self.threads.get_mut().unwrap_or_else(PoisonError::into_inner));
        for handle in threads {
            // A work may hold the last clone; its thread cannot wait for itself.
            if handle.thread().id() != thread::current().id() {
                let _ = handle.join();
            }
        }
    }
}

/// The numbers of commits that announced each topic.
#[derive(Debug)]
struct Topics([watch::Sender<u64>; Topic::ALL.len()]);

impl Default for Topics {
    fn default() -> Self {
        Self(Topic::ALL.map(|_| watch::Sender::new(0)))
    }
}

impl Topics {
    fn of(&self, topic: Topic) -> &watch::Sender<u64> {
        let [jobs, events] = &self.0;
        match topic {
            Topic::Jobs => jobs,
            Topic::Events => events,
        }
    }

    fn announce(&self, topic: Topic) {
        self.of(topic).send_modify(|commits| *commits = commits.wrapping_add(1));
    }
}

async fn give<T, E, F>(to: Option<&mpsc::Sender<Box<dyn Work>>>, what: F) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
    F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
{
    let (waiting, answer) = work(what);
    let to = to.ok_or(Error::Closed)?;
    to.send(waiting).await.map_err(|_| Error::Closed)?;
    answer.await.unwrap_or_else(|_| Err(Error::Closed.into()))
}

fn give_blocking<T, E, F>(to: Option<&mpsc::Sender<Box<dyn Work>>>, what: F) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
    F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
{
    let (waiting, answer) = work(what);
    let to = to.ok_or(Error::Closed)?;
    to.blocking_send(waiting).map_err(|_| Error::Closed)?;
    answer.blocking_recv().unwrap_or_else(|_| Err(Error::Closed.into()))
}

/// What a reading thread does: each work on a snapshot of its own.
fn read(connection: &Connection, vault: &Vault, works: &Mutex<mpsc::Receiver<Box<dyn Work>>>) {
    let execute = |sql| connection.execute_batch(sql).map_err(|e| sqlite::error(&e));
    loop {
        // One idle thread waits for the next work, the others for their turn to wait.
        let next = works.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(mut work) = next else { return };
        let outcome = execute("BEGIN").map(|()| {
            work.run(&mut SqliteTx::of(connection, vault));
        });
        if !connection.is_autocommit() {
            // Nothing was written, so this only lets go of the snapshot.
            let _ = execute("ROLLBACK");
        }
        work.settle(outcome);
    }
}

/// Starts a thread that keeps the folder's lock until it ends.
fn spawn(name: &str, lock: &Arc<fs::File>, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let lock = lock.clone();
    let run = move || {
        run();
        drop(lock);
    };
    thread::Builder::new().name(name.to_owned()).spawn(run).map_err(|e| Error::io(&e))
}

/// Takes the folder's lock, which the system lets go of when the process ends, however it ends.
fn lock(folder: &Path) -> Result<fs::File> {
    let open = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(folder.join(LOCK));
    let mut file = open.map_err(|e| Error::io(&e))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => {
            let mut process = String::new();
            let _ = (&file).take(16).read_to_string(&mut process);
            return Err(Error::InUse { folder: folder.to_owned(), process: process.trim().parse().ok() });
        }
        Err(fs::TryLockError::Error(e)) => return Err(Error::io(&e)),
    }
    // For the message that another process gives; no more depends on it.
    let _ = file.set_len(0).and_then(|()| file.write_all(std::process::id().to_string().as_bytes()));
    Ok(file)
}

/// What is done once at every start, before anybody works: nobody can be writing a payload yet.
fn tidy(connection: &Connection, vault: &Vault) -> Result<()> {
    let execute = |sql| connection.execute_batch(sql).map_err(|e| sqlite::error(&e));
    loop {
        execute("BEGIN IMMEDIATE")?;
        let mut tx = SqliteTx::of(connection, vault);
        let swept = payload::keys_present(&mut tx).and_then(|()| payload::sweep(&mut tx, i64::MAX));
        execute(if swept.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
        if swept? == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests;
