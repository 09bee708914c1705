//! Payloads: what is read is what was written, or an error.

use std::io::{Read, Write};

use proptest::prelude::*;

use super::*;
use crate::gateway::store::{payload::*, seal::CHUNK};

fn bytes_of(length: usize, seed: u8) -> Vec<u8> {
    let mut state = u64::from(seed) | 1;
    (0..length)
        .map(|n| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            if n % 3 == 0 { (state >> 56) as u8 } else { b'~' }
        })
        .collect()
}

fn write_payload(bench: &Bench, bytes: &[u8]) -> Sealed {
    let mut writer = bench.store.payload_writer().unwrap();
    bytes.chunks(70_001).for_each(|part| writer.write_all(part).unwrap());
    let sealed = writer.finish().unwrap();
    let id = sealed.id;
    bench.write(move |tx| keep(tx, id, "file")).unwrap();
    sealed
}

fn read_payload(bench: &Bench, id: PayloadId) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bench.store.payload_reader(id)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[test]
fn bytes_come_back_at_every_length_around_a_chunk() {
    let bench = bench();
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 4 * CHUNK, 5 * CHUNK + 7, 9 * CHUNK] {
        let bytes = bytes_of(length, 3);
        let sealed = write_payload(&bench, &bytes);
        assert_eq!(sealed.length, length as u64);
        assert!(read_payload(&bench, sealed.id).unwrap() == bytes, "{length}");
        let copy = bytes.clone();
        let put = bench.write(move |tx| put(tx, "file", &copy)).unwrap();
        assert!(read_payload(&bench, put.id).unwrap() == bytes, "{length}");
        assert_eq!((put.length, put.sha1, put.sha256), (sealed.length, sealed.sha1, sealed.sha256));
        let whole = bench.store.read_blocking::<_, Error, _>(move |tx| payload::bytes(tx, put.id, SPAN)).unwrap();
        assert!(whole == bytes, "{length}");
    }
    let sealed = write_payload(&bench, b"abc");
    assert_eq!(hex::encode(sealed.sha1), "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert!(hex::encode(sealed.sha256).starts_with("ba7816bf8f01cfea"));
}

#[test]
fn spans_are_cut_from_the_bytes() {
    let bench = bench();
    let bytes = bytes_of(3 * CHUNK + 100, 9);
    let id = write_payload(&bench, &bytes).id;
    let end = bytes.len() as u64;
    let runner = proptest::test_runner::Config { cases: 40, failure_persistence: None, ..Default::default() };
    proptest!(runner, |(offset in 0..end + 10, length in 0..end)| {
        let read = bench.store.read_blocking::<_, Error, _>(move |tx| span(tx, id, offset, length)).unwrap();
        let (from, to) = (offset.min(end) as usize, (offset + length).min(end) as usize);
        prop_assert!(read == bytes[from..to]);
    });
    let most = bench.store.read_blocking::<_, Error, _>(move |tx| span(tx, id, u64::MAX, SPAN + 1));
    assert_eq!(most, Err(Error::TooLong { id, most: SPAN }));
    let most = bench.store.read_blocking::<_, Error, _>(move |tx| payload::bytes(tx, id, 10));
    assert_eq!(most, Err(Error::TooLong { id, most: 10 }));
}

#[test]
fn nothing_readable_lies_in_the_database() {
    let bench = bench();
    let secret = b"SUBSCRIBER NAMED NOWHERE ELSE";
    write_payload(&bench, &secret.repeat(20_000));
    bench.write(|tx| put(tx, "file", secret).map(drop)).unwrap();
    for name in [DATABASE, "claimwire.db-wal"] {
        let stored = fs::read(bench.folder.path().join(name)).unwrap();
        assert!(!stored.windows(10).any(|window| window == &secret[..10]), "{name}");
    }
}

/// Everything that somebody with the database but not the key can do to a payload is seen.
#[test]
fn tampering_is_caught() {
    let tampering = [
        (
            "a flipped byte",
            "UPDATE payload_chunk SET sealed = CAST(substr(sealed, 1, 99) || x'00' || substr(sealed, 101) AS BLOB) WHERE number = 1",
        ),
        ("a cut chunk", "UPDATE payload_chunk SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE number = 2"),
        ("an empty chunk", "UPDATE payload_chunk SET sealed = x'' WHERE number = 0"),
        (
            "swapped chunks",
            "UPDATE payload_chunk SET number = 10 - number WHERE number < 2; UPDATE payload_chunk SET number = number - 9 WHERE number > 8",
        ),
        (
            "another payload's chunk",
            "UPDATE payload_chunk SET sealed = (SELECT sealed FROM payload_chunk o WHERE o.payload <> payload_chunk.payload AND o.number = payload_chunk.number) WHERE number = 1",
        ),
        ("a lost chunk", "DELETE FROM payload_chunk WHERE number = 1"),
        ("a lost last chunk", "DELETE FROM payload_chunk WHERE number = 2"),
        ("a shorter payload", "DELETE FROM payload_chunk WHERE number = 2; UPDATE payload SET length = 2 * 262144"),
        ("another digest", "UPDATE payload SET sha256 = zeroblob(32)"),
        (
            "another payload's key",
            "UPDATE payload SET wrapped_key = (SELECT wrapped_key FROM payload o WHERE o.id <> payload.id)",
        ),
        ("a cut key", "UPDATE payload SET wrapped_key = x'00'"),
    ];
    for (what, sql) in tampering {
        let bench = bench();
        let one = write_payload(&bench, &bytes_of(2 * CHUNK + 500, 1)).id;
        let two = write_payload(&bench, &bytes_of(2 * CHUNK + 500, 2)).id;
        assert!(read_payload(&bench, one).is_ok() && read_payload(&bench, two).is_ok());
        bench.behind().execute_batch(sql).unwrap();
        let whole = read_payload(&bench, one).unwrap_err();
        assert_eq!(whole.kind(), std::io::ErrorKind::InvalidData, "{what}");
        assert!(whole.to_string().contains(&one.to_string()), "{what}: {whole}");
        let at_once = bench.store.read_blocking(move |tx| payload::bytes(tx, one, SPAN));
        assert_eq!(at_once, Err(Error::Seal(one)), "{what}");
    }
}

#[test]
fn what_nobody_kept_is_swept() {
    let bench = bench();
    let kept = write_payload(&bench, b"kept").id;
    let count = |bench: &Bench| {
        bench
            .store
            .read_blocking::<_, Error, _>(|tx| {
                let row = tx.first(
                    "SELECT (SELECT count(*) FROM payload) AS p, (SELECT count(*) FROM payload_chunk) AS c",
                    &[],
                )?;
                let row = row.unwrap();
                Ok((row.int("p")?, row.int("c")?))
            })
            .unwrap()
    };
    let mut begun = bench.store.payload_writer().unwrap();
    begun.write_all(&bytes_of(6 * CHUNK, 1)).unwrap();
    let finished = bench.store.payload_writer().unwrap().finish().unwrap();
    assert_eq!(count(&bench), (3, 6));

    // One that is dropped goes at once, one that is lost goes after a day, and not before.
    drop(begun);
    bench.write(|_| Ok(())).unwrap();
    assert_eq!(count(&bench), (2, 2));
    bench.hand.fetch_add(LOOSE_MS - 1, Ordering::SeqCst);
    bench.write(|_| Ok(())).unwrap();
    bench.write(|_| Ok(())).unwrap();
    assert_eq!(count(&bench), (2, 2));
    bench.hand.fetch_add(60 * 60 * 1000, Ordering::SeqCst);
    bench.write(|_| Ok(())).unwrap();
    bench.write(|_| Ok(())).unwrap();
    assert_eq!(count(&bench), (1, 1));
    let late = bench.write(move |tx| keep(tx, finished.id, "file"));
    assert_eq!(late, Err(Error::NoPayload(finished.id)));

    let lost = bench.store.payload_writer().unwrap().finish().unwrap();
    let bench = bench.reopen();
    assert_eq!(count(&bench), (1, 1));
    assert!(read_payload(&bench, lost.id).is_err());
    assert_eq!(read_payload(&bench, kept).unwrap(), b"kept");
}

#[test]
fn a_writer_that_failed_cannot_finish() {
    let bench = bench();
    let mut writer = bench.store.payload_writer().unwrap();
    writer.write_all(&bytes_of(6 * CHUNK, 1)).unwrap();
    bench.behind().execute_batch("DELETE FROM payload_chunk; DELETE FROM payload").unwrap();
    assert!(writer.write_all(&bytes_of(6 * CHUNK, 1)).is_err());
    assert!(writer.write_all(&bytes_of(6 * CHUNK, 1)).is_err());
    let id = writer.id();
    assert_eq!(writer.finish(), Err(Error::NoPayload(id)));
}

#[test]
fn what_is_erased_is_gone() {
    let bench = bench();
    let sealed = write_payload(&bench, &bytes_of(3 * CHUNK, 1));
    let id = sealed.id;
    let mut reader = bench.store.payload_reader(id).unwrap();
    bench.write(move |tx| erase(tx, id)).unwrap();
    bench.write(move |tx| erase(tx, id)).unwrap();
    let mut part = Vec::new();
    assert_eq!(reader.read_to_end(&mut part).unwrap_err().kind(), std::io::ErrorKind::NotFound);
    assert_eq!(bench.store.payload_reader(id).unwrap_err(), Error::Erased(id));
    let left: i64 = bench.behind().query_row("SELECT count(*) FROM payload_chunk", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
    let none = PayloadId::from(uuid::Uuid::nil());
    assert_eq!(bench.write(move |tx| erase(tx, none)), Err(Error::NoPayload(none)));
}

#[tokio::test]
async fn keys_are_rotated_and_the_old_one_may_go() {
    let bench = bench();
    let path = bench.folder.path().join("master.key");
    let ids: Vec<_> = (0..250_u8)
        .map(|n| {
            let store = bench.store.clone();
            thread::spawn(move || store.write_blocking::<_, Error, _>(move |tx| put(tx, "file", &[n; 50])))
                .join()
                .unwrap()
                .unwrap()
                .id
        })
        .collect();
    let old = bench.keys().newest().unwrap().id.clone();
    let newest = Keyring::rotate_file(&path).unwrap().newest().unwrap().id.clone();
    assert_ne!(old, newest);
    let bench = bench.reopen();
    assert_eq!(bench.store.vault().keys().ids().collect::<Vec<_>>(), [&newest, &old]);
    bench.behind().execute("UPDATE payload SET wrapped_key = x'00' WHERE id = ?1", [ids[7].to_string()]).unwrap();
    let rewrapped = bench.store.rewrap().await.unwrap();
    assert_eq!((rewrapped.keys, rewrapped.damaged), (249, vec![ids[7]]));
    assert_eq!(bench.store.rewrap().await.unwrap().keys, 0);

    // While a payload still needs the old key, it is missed; afterwards not.
    let first = |text: String| text.lines().next().unwrap().to_owned();
    let Bench { folder, store, hand } = bench;
    drop(store);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, first(text)).unwrap();
    let keys = || Keyring::from_file(&path).unwrap();
    let refused = Store::open(folder.path(), keys(), Clock::system()).unwrap_err();
    assert_eq!(refused, Error::KeyMissing(old));
    let behind = Connection::open(folder.path().join(DATABASE)).unwrap();
    behind.execute("UPDATE payload SET key_id = ?1 WHERE id = ?2", [newest, ids[7].to_string()]).unwrap();
    drop(behind);
    let store = Store::open(folder.path(), keys(), Clock::set_by(hand.clone())).unwrap();
    for (n, id) in ids.into_iter().enumerate().filter(|(n, _)| *n != 7) {
        assert_eq!(store.payload_span(id, 0, SPAN).await.unwrap(), vec![n as u8; 50]);
    }
}

#[test]
fn keys_are_read_from_text_and_never_shown() {
    let hex = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let base64 = "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=";
    let keys = Keyring::parse(&format!("# newest first\n\n {hex} \n{base64}\n")).unwrap();
    assert_eq!(keys.ids().count(), 1, "the same key in two spellings");
    assert!(!format!("{keys:?}").contains("0011"));
    assert_eq!(Keyring::parse("# none").unwrap_err().to_string(), "master keys: there is none");
    let refused = Keyring::parse("secret but short").unwrap_err().to_string();
    assert_eq!(refused, "master keys: line 1 is not 32 bytes in hexadecimal or base64");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    Keyring::generate_file(&path).unwrap();
    assert_eq!(Keyring::generate_file(&path).unwrap_err(), Error::Exists(path));
}
