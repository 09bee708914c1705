//! What the store promises, tried on real files.

mod backups;
mod crash;
mod jobs;
mod payloads;
mod records;

use std::sync::{
    Arc, Barrier,
    atomic::{AtomicI64, Ordering},
};

use tempfile::TempDir;

use super::*;

/// A store in a folder of its own, and the hand of its clock.
pub(super) struct Bench {
    pub(super) folder: TempDir,
    pub(super) store: Store,
    pub(super) hand: Arc<AtomicI64>,
}

pub(super) const START: i64 = 1_800_000_000_000;

pub(super) fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let hand = Arc::new(AtomicI64::new(START));
    let keys = Keyring::generate_file(&folder.path().join("master.key")).unwrap();
    let store = Store::open(folder.path(), keys, Clock::set_by(hand.clone())).unwrap();
    Bench { folder, store, hand }
}

impl Bench {
    pub(super) fn keys(&self) -> Keyring {
        Keyring::from_file(&self.folder.path().join("master.key")).unwrap()
    }

    pub(super) fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.store.write_blocking(work)
    }

    /// Closes the store and opens it again, as a restart does.
    pub(super) fn reopen(self) -> Self {
        let Self { folder, store, hand } = self;
        drop(store);
        let keys = Keyring::from_file(&folder.path().join("master.key")).unwrap();
        let store = Store::open(folder.path(), keys, Clock::set_by(hand.clone())).unwrap();
        Self { folder, store, hand }
    }

    /// A connection past the store, for tampering.
    pub(super) fn behind(&self) -> Connection {
        Connection::open(self.store.database()).unwrap()
    }
}

fn note(name: &str, value: &str) -> impl FnOnce(&mut dyn Tx) -> Result<u64> + Send + use<> {
    let (name, value) = (name.to_owned(), value.to_owned());
    move |tx| tx.run("INSERT INTO meta (name, value) VALUES (?1, ?2)", values![name, value])
}

fn noted(store: &Store) -> Vec<String> {
    let names = |tx: &mut dyn Tx| {
        tx.rows("SELECT name FROM meta ORDER BY name", &[])?
            .iter()
            .map(|row| Ok(row.text("name")?.to_owned()))
            .collect()
    };
    // On a thread of its own: tests that are asynchronous must not block.
    let store = store.clone();
    thread::spawn(move || store.read_blocking::<_, Error, _>(names)).join().unwrap().unwrap()
}

/// Holds the writer in a work, so that what comes after it waits together. Returns what lets it go on.
fn hold(store: &Store) -> impl FnOnce() + use<> {
    let (begun, gate) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (store, inside) = (store.clone(), (begun.clone(), gate.clone()));
    let held = thread::spawn(move || {
        store.write_blocking::<_, Error, _>(move |_| {
            inside.0.wait();
            inside.1.wait();
            Ok(())
        })
    });
    begun.wait();
    move || {
        gate.wait();
        held.join().unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn works_that_wait_share_a_commit() {
    let bench = bench();
    let release = hold(&bench.store);
    let before = bench.store.counts();
    let works = (0..100).map(|n| {
        let store = bench.store.clone();
        async move { store.write(note(&format!("{n:03}"), "")).await }
    });
    let works = tokio::spawn(futures_util::future::join_all(works.collect::<Vec<_>>()));
    // The works are all sent before the writer goes on: they wait in its queue, whose length is seen.
    let queue = bench.store.inner.writes.as_ref().unwrap();
    while queue.capacity() > writer::WAITING - 100 {
        tokio::task::yield_now().await;
    }
    tokio::task::spawn_blocking(release).await.unwrap();
    assert!(works.await.unwrap().into_iter().all(|done| done == Ok(1)));
    let after = bench.store.counts();
    assert_eq!(after.works - before.works, 100);
    assert_eq!(after.commits - before.commits, 2, "the one that was held, and the hundred");
    assert_eq!(noted(&bench.store).len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_that_fails_is_rolled_back_alone() {
    let bench = bench();
    let release = hold(&bench.store);
    let store = &bench.store;
    let works = async {
        tokio::join!(
            store.write(note("a", "")),
            store.write(|tx| {
                note("lost", "")(tx)?;
                tx.run("INSERT INTO meta (name, value) VALUES ('a', '')", &[])
            }),
            store.write(|tx| {
                note("lost too", "")(tx)?;
                if tx.now() == START { panic!("on purpose") } else { Ok(()) }
            }),
            store.try_write::<(), Mine, _>(|tx| {
                note("lost as well", "")(tx)?;
                Err(Mine::No)
            }),
            store.write(note("b", "")),
        )
    };
    let (works, _) = tokio::join!(works, async {
        let queue = store.inner.writes.as_ref().unwrap();
        while queue.capacity() > writer::WAITING - 5 {
            tokio::task::yield_now().await;
        }
        tokio::task::spawn_blocking(release).await.unwrap();
    });
    assert_eq!(works.0, Ok(1));
    assert!(matches!(works.1, Err(Error::Taken(_))), "{:?}", works.1);
    assert_eq!(works.2, Err(Error::Panicked));
    assert!(matches!(works.3, Err(Mine::No)));
    assert_eq!(works.4, Ok(1));
    assert_eq!(noted(store), ["a", "b"]);
}

#[derive(Debug)]
enum Mine {
    No,
    Store,
}

impl From<Error> for Mine {
    fn from(_: Error) -> Self {
        Self::Store
    }
}

#[test]
fn errors_of_a_works_own_come_from_the_stores() {
    let bench = bench();
    let refused = bench.store.write_blocking::<_, Mine, _>(|tx| Ok(tx.run("no SQL", &[])?));
    assert!(matches!(refused, Err(Mine::Store)));
}

#[test]
fn a_work_that_ends_the_transaction_harms_nobody_later() {
    let bench = bench();
    assert!(matches!(bench.write(|tx| tx.run("COMMIT", &[])), Err(Error::Sql(_))));
    assert_eq!(bench.write(note("a", "")), Ok(1));
    assert_eq!(noted(&bench.store), ["a"]);
}

/// Does works in one commit, and returns what became of each.
async fn together(store: &Store, works: Vec<&'static str>) -> Vec<Result<()>> {
    let release = hold(store);
    let queue = store.inner.writes.as_ref().unwrap();
    let waiting = writer::WAITING - works.len();
    let works = works
        .into_iter()
        .map(|sql| store.write(move |tx| sql.split(';').try_for_each(|sql| tx.run(sql, &[]).map(drop))));
    let release = async {
        while queue.capacity() > waiting {
            tokio::task::yield_now().await;
        }
        tokio::task::spawn_blocking(release).await.unwrap();
    };
    tokio::join!(futures_util::future::join_all(works.collect::<Vec<_>>()), release).0
}

#[tokio::test(flavor = "multi_thread")]
async fn works_that_a_failure_took_with_it_are_told() {
    let bench = bench();
    let done = together(
        &bench.store,
        vec![
            "INSERT INTO meta VALUES ('a', '')",
            // As the database itself does when the disk fails: the whole transaction is gone.
            "INSERT INTO meta VALUES ('b', ''); INSERT OR ROLLBACK INTO meta VALUES ('a', '')",
            "INSERT INTO meta VALUES ('c', '')",
        ],
    )
    .await;
    assert!(done[0].is_err() && done[1].is_err() && done[2].is_ok(), "{done:?}");
    assert_eq!(noted(&bench.store), ["c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_fails_all_and_the_store_goes_on() {
    let bench = bench();
    let done = together(
        &bench.store,
        vec![
            "INSERT INTO meta VALUES ('a', '')",
            "PRAGMA defer_foreign_keys = ON; INSERT INTO payload_chunk VALUES ('none', 0, x'00')",
            "INSERT INTO meta VALUES ('b', '')",
        ],
    )
    .await;
    assert!(done.iter().all(|done| matches!(done, Err(Error::Constraint(_)))), "{done:?}");
    assert_eq!(noted(&bench.store), Vec::<String>::new());
    bench.store.write(note("a", "")).await.unwrap();
    assert_eq!(noted(&bench.store), ["a"]);
}

#[test]
fn a_second_store_on_the_folder_is_refused() {
    let bench = bench();
    let second = Store::open(bench.folder.path(), bench.keys(), Clock::system());
    let refused = second.unwrap_err();
    assert_eq!(refused, Error::InUse { folder: bench.folder.path().to_owned(), process: Some(std::process::id()) });
    assert!(refused.to_string().contains("is in use by another process"), "{refused}");
    let bench = bench.reopen();
    assert_eq!(noted(&bench.store), Vec::<String>::new());
}

#[test]
fn what_was_written_is_there_after_a_restart() {
    let bench = bench();
    bench.write(note("a", "")).unwrap();
    assert_eq!(noted(&bench.reopen().store), ["a"]);
}

#[test]
fn a_database_newer_than_the_program_is_refused() {
    let bench = bench();
    bench.behind().pragma_update(None, "user_version", 99).unwrap();
    let Bench { folder, store, .. } = bench;
    drop(store);
    let keys = Keyring::from_file(&folder.path().join("master.key")).unwrap();
    let refused = Store::open(folder.path(), keys, Clock::system()).unwrap_err();
    assert_eq!(refused, Error::Newer { found: 99, known: migrate::known() });
}

#[test]
fn another_programs_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(DATABASE);
    let other = Connection::open(&path).unwrap();
    other.pragma_update(None, "application_id", 42).unwrap();
    drop(other);
    let refused = Store::open(folder.path(), Keyring::random().unwrap(), Clock::system()).unwrap_err();
    assert_eq!(refused, Error::Foreign(path));
}

#[test]
fn a_full_disk_refuses_and_space_lets_go_on() {
    let bench = bench();
    let limit =
        |pages: i64| bench.write(move |tx| tx.first(&format!("PRAGMA max_page_count = {pages}"), &[]).map(drop));
    limit(1).unwrap(); // SQLite takes it for the size that the database has.
    let big = "x".repeat(100_000);
    let mut kept = 0;
    let refused = loop {
        match bench.write(note(&format!("{kept:04}"), &big)) {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, Error::Full);
    assert!(refused.is_temporary());
    assert_eq!(noted(&bench.store).len(), kept);
    limit(1_000_000).unwrap();
    assert_eq!(bench.write(note("after", &big)), Ok(1));
    assert_eq!(noted(&bench.store).len(), kept + 1);
}

#[test]
fn reading_sees_a_snapshot_and_cannot_write() {
    let bench = bench();
    bench.write(note("a", "")).unwrap();
    let store = bench.store.clone();
    let count = |tx: &mut dyn Tx| tx.first("SELECT count(*) AS n FROM meta", &[])?.unwrap().int("n");
    let seen: Result<_> = bench.store.read_blocking(move |tx| {
        let before = count(tx)?;
        thread::spawn(move || store.write_blocking::<_, Error, _>(note("b", ""))).join().unwrap()?;
        Ok((before, count(tx)?))
    });
    assert_eq!(seen, Ok((1, 1)));
    assert!(bench.store.read_blocking(note("c", "")).is_err());
    assert_eq!(noted(&bench.store), ["a", "b"]);
}

#[tokio::test]
async fn commits_announce_and_works_that_fail_do_not() {
    let bench = bench();
    let mut jobs = bench.store.changes(Topic::Jobs);
    let events = bench.store.changes(Topic::Events);
    bench
        .store
        .write(|tx| {
            tx.announce(Topic::Jobs);
            Ok(())
        })
        .await
        .unwrap();
    assert!(jobs.has_changed().unwrap());
    jobs.mark_unchanged();
    let failed: Result<()> = bench
        .store
        .write(|tx| {
            tx.announce(Topic::Jobs);
            Err(Error::Invalid("on purpose"))
        })
        .await;
    assert!(failed.is_err());
    assert!(!jobs.has_changed().unwrap());
    assert!(!events.has_changed().unwrap());
}

#[test]
fn columns_of_another_name_or_type_are_errors() {
    let bench = bench();
    let row =
        bench.write(|tx| tx.first("SELECT 'a' AS text, 7 AS int, NULL AS none, x'00' AS blob", &[])).unwrap().unwrap();
    assert_eq!(row.text("text"), Ok("a"));
    assert_eq!(row.maybe_int("none"), Ok(None));
    assert_eq!(row.blob("blob"), Ok(&[0][..]));
    for wrong in [row.int("text").err(), row.text("none").err(), row.int("nowhere").err(), row.flag("int").err()] {
        assert!(matches!(wrong, Some(Error::Column { .. })), "{wrong:?}");
    }
    assert_eq!(row.bytes::<2>("blob").unwrap_err().to_string(), "column `blob` is not bytes of that number");
}

#[test]
fn a_value_shows_its_size_and_no_more() {
    let shown = format!("{:?}", values!["Smith", 19_700_101_i64, vec![1, 2]]);
    assert_eq!(shown, "[Text(5 bytes), Int, Blob(2 bytes)]");
}

#[test]
#[cfg(unix)]
fn the_files_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let bench = bench();
    bench.write(note("a", "")).unwrap();
    for name in [DATABASE, "claimwire.db-wal", "master.key"] {
        let mode = fs::metadata(bench.folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
    }
}

#[test]
fn the_store_shuts_down_when_a_work_holds_its_last_clone() {
    let bench = bench();
    let Bench { folder, store, .. } = bench;
    let (started, go) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let inside = (store.clone(), started.clone(), go.clone());
    let writer = store.inner.writes.clone().unwrap();
    let (waiting, answer) = work::<(), Error, _>(move |_| {
        inside.1.wait();
        inside.2.wait();
        drop(inside.0);
        Ok(())
    });
    writer.blocking_send(waiting).map_err(|_| ()).unwrap();
    started.wait();
    drop((store, writer));
    go.wait();
    answer.blocking_recv().unwrap().unwrap();
    drop(folder);
}

/// How many works a second a hundred writers get through. Prints; run with `--ignored --nocapture`.
#[test]
#[ignore = "measures, decides nothing"]
fn speed_of_group_commit() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    for writers in [1, 10, 100, 1000] {
        let bench = bench();
        let begun = std::time::Instant::now();
        runtime.block_on(async {
            let writers = (0..writers).map(|writer| {
                let store = bench.store.clone();
                tokio::spawn(async move {
                    for n in 0..(20_000 / writers).min(500) {
                        store
                            .write(note(&format!("{writer}-{n}"), "a value of some length, as rows have"))
                            .await
                            .unwrap();
                    }
                })
            });
            futures_util::future::join_all(writers).await;
        });
        let (counts, seconds) = (bench.store.counts(), begun.elapsed().as_secs_f64());
        println!(
            "{writers} writers: {:.0} works/s, {:.0} commits/s, {:.1} works a commit",
            counts.works as f64 / seconds,
            counts.commits as f64 / seconds,
            counts.works as f64 / counts.commits as f64
        );
    }
}
