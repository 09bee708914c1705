//! Backups of a running store, and the way back.

use std::sync::atomic::AtomicBool;

use super::*;
use crate::gateway::store::{
    audit,
    audit::Verdict,
    backup::restore,
    payload,
    payload::{SPAN, put},
};

#[test]
fn a_backup_made_while_others_write_is_whole() {
    let bench = bench();
    bench.write(|tx| put(tx, "file", &[5; 3_000_000]).map(drop)).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (store, stopped) = (bench.store.clone(), stop.clone());
    let writing = thread::spawn(move || {
        let mut n = 0;
        while !stopped.load(Ordering::SeqCst) {
            store
                .write_blocking::<_, Error, _>(move |tx| {
                    note(&format!("{n:06}"), "")(tx)?;
                    audit::append(tx, "a", "b", &n.to_string(), "").map(drop)
                })
                .unwrap();
            n += 1;
        }
        n
    });
    while bench.store.counts().works < 20 {
        thread::yield_now();
    }
    let to = bench.folder.path().join("copy");
    let before = noted(&bench.store).len();
    let made = bench.store.backup(&to).unwrap();
    let after = bench.store.counts().works;
    while bench.store.counts().works < after + 20 {
        thread::yield_now();
    }
    stop.store(true, Ordering::SeqCst);
    let written = writing.join().unwrap();
    assert_eq!((made.taken, made.version, made.length), (START, migrate::known(), fs::metadata(&to).unwrap().len()));
    assert_eq!(bench.store.backup(&to).unwrap_err(), Error::Exists(to.clone()));

    let folder = bench.folder.path().join("restored");
    assert_eq!(restore(&to, &folder, bench.keys()).unwrap(), made);
    assert_eq!(restore(&to, &folder, bench.keys()).unwrap_err(), Error::Exists(folder.join(DATABASE)));
    let store = Store::open(&folder, bench.keys(), Clock::system()).unwrap();
    let there = noted(&store).len() - 1; // The time of the backup is noted there too.
    assert!((before..written).contains(&there), "{before} ≤ {there} < {written}");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let verdict = runtime.block_on(audit::verify(&store, None)).unwrap();
    assert!(matches!(verdict, Verdict::Whole(head) if head.sequence == there as u64), "{verdict:?}");
    let bytes = store.read_blocking::<_, Error, _>(|tx| {
        let id = tx.first("SELECT id FROM payload", &[])?.unwrap().payload("id")?;
        payload::bytes(tx, id, SPAN)
    });
    assert!(bytes.unwrap() == vec![5; 3_000_000]);
    assert!(
        !fs::read_dir(&folder).unwrap().any(|entry| entry.unwrap().file_name().to_string_lossy().ends_with("partial"))
    );
}

#[test]
fn what_cannot_be_used_is_not_restored() {
    let bench = bench();
    bench.write(|tx| put(tx, "file", &[5; 3_000_000]).map(drop)).unwrap();
    let to = bench.folder.path().join("copy");
    bench.store.backup(&to).unwrap();
    let folder = bench.folder.path().join("restored");
    let good = fs::read(&to).unwrap();
    let refused = |bytes: &[u8], keys| {
        fs::write(&to, bytes).unwrap();
        let refused = restore(&to, &folder, keys).unwrap_err();
        assert!(!folder.join(DATABASE).exists());
        refused
    };
    let id = bench.keys().newest().unwrap().id.clone();
    assert_eq!(refused(&good, Keyring::random().unwrap()), Error::KeyMissing(id));
    assert!(matches!(refused(&good[..good.len() / 2], bench.keys()), Error::Damaged(_)));
    assert!(matches!(refused(b"", bench.keys()), Error::Foreign(_)));
    assert!(matches!(refused(&[7; 9000], bench.keys()), Error::Damaged(_)));
    let mut newer = good.clone();
    newer[63] = 99; // The last byte of user_version.
    assert_eq!(refused(&newer, bench.keys()), Error::Newer { found: 99, known: migrate::known() });
    assert!(refused(&good, Keyring::random().unwrap()).to_string().contains("not among the keys given"));
    assert_eq!(
        restore(&to, bench.folder.path(), bench.keys()).unwrap_err(),
        Error::InUse { folder: bench.folder.path().to_owned(), process: Some(std::process::id()) }
    );
    restore(&to, &folder, bench.keys()).unwrap();
}
