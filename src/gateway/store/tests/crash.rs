//! The process is killed while it writes; what was acknowledged is there.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use super::*;
use crate::gateway::store::payload;

/// Tells the child which folder to write to.
const FOLDER: &str = "CLAIMWIRE_TEST_CRASH_FOLDER";

/// Times that a child is killed.
const CRASHES: usize = 12;

/// What the child does: writes from several threads, and says of each work that it was acknowledged.
#[test]
#[ignore = "run by the test below, and killed"]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let keys = Keyring::from_file(&Path::new(&folder).join("master.key")).unwrap();
    let store = Store::open(folder.as_ref(), keys, Clock::system()).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let store = store.clone();
            thread::spawn(move || {
                for n in 0.. {
                    let name = format!("{}-{thread}-{n:06}", std::process::id());
                    let (left, right) = (name.clone() + "-l", name.clone() + "-r");
                    // Two rows and a payload that belong together.
                    let done: Result<_> = store.write_blocking(move |tx| {
                        note(&left, "")(tx)?;
                        let payload = payload::put(tx, "file", left.as_bytes())?;
                        note(&right, &payload.id.to_string())(tx)
                    });
                    done.unwrap();
                    println!("done {name}");
                    if n % 10 == thread {
                        let mut writer = store.payload_writer().unwrap();
                        writer.write_all(&vec![7; 1_500_000]).unwrap();
                        writer.finish().unwrap();
                    }
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn what_was_acknowledged_survives_being_killed() {
    let bench = bench();
    let Bench { folder, store, .. } = bench;
    drop(store);
    let mut acknowledged = Vec::new();
    for crash in 0..CRASHES {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "gateway::store::tests::crash::child"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Killed after a number of works that differs from crash to crash.
        for _ in 0..(1 + 17 * crash) {
            acknowledged.extend(lines.next().unwrap().unwrap().split_once("done ").map(|(_, name)| name.to_owned()));
        }
        child.kill().unwrap();
        // What it said between is true as well; a last line may be cut.
        let rest: Vec<_> = lines.map_while(|line| line.ok()).collect();
        child.wait().unwrap();
        let whole = rest.iter().filter_map(|line| line.split_once("done ")).map(|(_, name)| name.to_owned());
        acknowledged.extend(whole.filter(|name| name.rsplit('-').next().is_some_and(|n| n.len() == 6)));
    }
    assert!(acknowledged.len() > CRASHES, "{}", acknowledged.len());

    let keys = Keyring::from_file(&folder.path().join("master.key")).unwrap();
    let store = Store::open(folder.path(), keys, Clock::system()).unwrap();
    let names: std::collections::HashSet<_> = noted(&store).into_iter().collect();
    for name in &acknowledged {
        assert!(
            names.contains(&format!("{name}-l")) && names.contains(&format!("{name}-r")),
            "{name} was acknowledged"
        );
    }
    let (left, right): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.ends_with("-l"));
    assert_eq!(left.len(), right.len(), "a work is there as a whole or not at all");
    let read: Result<()> = store.read_blocking(|tx| {
        let ok = tx.first("PRAGMA integrity_check", &[])?.unwrap();
        assert_eq!(ok.text("integrity_check")?, "ok");
        assert!(tx.first("PRAGMA foreign_key_check", &[])?.is_none());
        assert_eq!(tx.first("SELECT count(*) AS n FROM payload WHERE state <> 'kept'", &[])?.unwrap().int("n")?, 0);
        for row in tx.rows("SELECT name, value FROM meta WHERE name LIKE '%-r'", &[])? {
            let bytes = payload::bytes(tx, row.text("value")?.parse().unwrap(), 100)?;
            assert_eq!(bytes, row.text("name")?.replace("-r", "-l").into_bytes());
        }
        Ok(())
    });
    read.unwrap();
}
