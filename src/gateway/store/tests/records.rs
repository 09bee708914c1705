//! Control numbers, the audit log, API keys, repeated requests.

use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;
use crate::gateway::store::{
    api_keys, audit,
    audit::{Head, Verdict},
    idempotency,
    idempotency::{Answer, Known},
    numbers,
    numbers::Range,
};

#[test]
fn control_numbers_have_no_gaps_and_wrap() {
    let bench = bench();
    let cases = proptest::test_runner::Config { cases: 60, failure_persistence: None, ..Default::default() };
    proptest!(cases, |(first in 0..5_i64, width in 1..12_i64, takes in prop::collection::vec((1..14_u32, any::<bool>()), 1..20))| {
        let range = Range::new(first, first + width - 1).unwrap();
        let partner = uuid::Uuid::new_v4().to_string();
        let mut expected = (first..first + width).cycle();
        for (count, fails) in takes {
            let partner = partner.clone();
            let taken: Result<Vec<i64>> = bench.write(move |tx| {
                let taken = numbers::take(tx, &partner, "ISA13", count, range)?;
                assert_eq!(taken.len() as u32, count);
                if fails { Err(Error::Invalid("rolled back")) } else { Ok(taken.collect()) }
            });
            if i64::from(count) > width || fails {
                prop_assert!(taken.is_err());
            } else {
                prop_assert_eq!(taken.unwrap(), expected.by_ref().take(count as usize).collect::<Vec<_>>());
            }
        }
    });
}

#[test]
fn control_numbers_are_apart_and_can_be_set() {
    let bench = bench();
    bench
        .write(|tx| {
            let mut one =
                |partner, kind| numbers::take(tx, partner, kind, 1, Range::NINE_DIGITS).map(|taken| taken.first());
            assert_eq!([one("a", "ISA13")?, one("a", "GS06")?, one("b", "ISA13")?, one("a", "ISA13")?], [1, 1, 1, 2]);
            numbers::set_next(tx, "a", "ISA13", 999_999_999)?;
            let taken = numbers::take(tx, "a", "ISA13", 2, Range::NINE_DIGITS)?;
            assert_eq!(taken.collect::<Vec<_>>(), [999_999_999, 1]);
            assert_eq!(numbers::next(tx, "a", "ISA13")?, Some(2));
            // A number outside a range that was narrowed is not given out.
            numbers::set_next(tx, "a", "ISA13", 20_000)?;
            assert_eq!(numbers::take(tx, "a", "ISA13", 1, Range::FOUR_DIGITS)?.first(), 1);
            assert!(numbers::take(tx, "a", "ISA13", 0, Range::FOUR_DIGITS).is_err());
            Ok(())
        })
        .unwrap();
    assert!(Range::new(5, 4).is_err() && Range::new(-1, 4).is_err() && Range::new(0, i64::MAX).is_err());
}

fn log(bench: &Bench, entries: usize) -> Head {
    bench
        .write(move |tx| {
            (0..entries)
                .map(|n| audit::append(tx, "operator", "partner.changed", &format!("partner-{n}"), "{}"))
                .last()
                .unwrap()
        })
        .unwrap()
}

#[tokio::test]
async fn the_audit_log_is_whole_until_somebody_alters_it() {
    let tampering = [
        ("an altered text", 5, "UPDATE audit SET actor = 'nobody' WHERE sequence = 5"),
        ("an altered time", 1, "UPDATE audit SET at = at + 1 WHERE sequence = 1"),
        (
            "text moved between fields",
            7,
            "UPDATE audit SET actor = 'operatorp', action = 'artner.changed' WHERE sequence = 7",
        ),
        ("a lost entry", 9, "DELETE FROM audit WHERE sequence = 9"),
        ("a lost beginning", 1, "DELETE FROM audit WHERE sequence < 4"),
        (
            "an exchange",
            3,
            "UPDATE audit SET sequence = 10000 - sequence WHERE sequence IN (3, 4); UPDATE audit SET sequence = sequence - 9993 WHERE sequence > 9000",
        ),
        ("another hash", 1500, "UPDATE audit SET hash = zeroblob(32) WHERE sequence = 1500"),
        ("a cut end", 1501, "DELETE FROM audit WHERE sequence > 1500"),
    ];
    for (what, at, sql) in tampering {
        let bench = bench();
        let store = bench.store.clone();
        assert_eq!(audit::verify(&store, None).await.unwrap(), Verdict::Whole(Head { sequence: 0, hash: [0; 32] }));
        let (bench, head) = tokio::task::spawn_blocking(move || {
            let head = log(&bench, 1600);
            (bench, head)
        })
        .await
        .unwrap();
        assert_eq!(audit::verify(&store, Some(head)).await.unwrap(), Verdict::Whole(head));
        let behind = bench.behind();
        behind.execute_batch("DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete;").unwrap();
        behind.execute_batch(sql).unwrap();
        assert_eq!(audit::verify(&store, Some(head)).await.unwrap(), Verdict::Broken { sequence: at }, "{what}");
    }
}

#[test]
fn the_audit_log_is_only_added_to() {
    let bench = bench();
    log(&bench, 3);
    for wrong in [
        "UPDATE audit SET detail = ''",
        "DELETE FROM audit",
        "INSERT INTO audit SELECT 9, at, actor, action, subject, detail, previous, hash FROM audit WHERE sequence = 1",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE sequence = 1",
    ] {
        let refused = bench.write(move |tx| tx.run(wrong, &[]));
        assert!(matches!(refused, Err(Error::Constraint(_))), "{wrong}: {refused:?}");
    }
    let seen = bench.write(|tx| Ok((audit::entries(tx, 1, 10)?, audit::about(tx, "partner-0", 10)?))).unwrap();
    assert_eq!(seen.0.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(seen.1[0].action, "partner.changed");
}

#[test]
fn api_keys_are_found_until_revoked() {
    let bench = bench();
    let hand = bench.hand.clone();
    bench
        .write(move |tx| {
            let (key, secret) = api_keys::issue(tx, "billing", "submit", r#"{"partners":["a"]}"#)?;
            let text = secret.expose_secret();
            assert!(text.starts_with(&format!("cw_{}_", key.id)) && text.len() == 80, "{}", text.len());
            assert!(!format!("{key:?}{secret:?}").contains(&text[20..]));
            assert_eq!(api_keys::find(tx, text)?.as_ref(), Some(&key));
            let last = if text.ends_with('0') { '1' } else { '0' };
            let almost = format!("{}{last}", &text[..79]);
            let long = format!("{text}0");
            for wrong in ["", "cw_", "cw__", "x", &almost, &text[..79], &long, &text.to_uppercase(), &key.id] {
                assert_eq!(api_keys::find(tx, wrong)?, None, "{wrong}");
            }
            assert!(key.is_stale(tx.now()));
            api_keys::used(tx, &key.id)?;
            let used = api_keys::find(tx, text)?.unwrap();
            assert_eq!(used.last_used, Some(START));
            hand.fetch_add(3_600_000, Ordering::SeqCst);
            assert!(!used.is_stale(tx.now()));
            hand.fetch_add(1, Ordering::SeqCst);
            assert!(used.is_stale(tx.now()));
            assert!(api_keys::revoke(tx, &key.id)?);
            assert!(!api_keys::revoke(tx, &key.id)?);
            assert_eq!(api_keys::find(tx, text)?, None);
            assert_eq!(api_keys::list(tx)?.len(), 1);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_repeated_request_has_the_answer_it_had() {
    let bench = bench();
    bench
        .write(|tx| {
            let answer = Answer { status: 202, answer: r#"{"file":1}"#.to_owned() };
            assert_eq!(idempotency::look(tx, "caller", "key", &[1; 32])?, Known::New);
            idempotency::answered(tx, "caller", "key", &[1; 32], &answer)?;
            assert_eq!(idempotency::look(tx, "caller", "key", &[1; 32])?, Known::Answered(answer.clone()));
            assert_eq!(idempotency::look(tx, "caller", "key", &[2; 32])?, Known::Other);
            assert_eq!(idempotency::look(tx, "another", "key", &[1; 32])?, Known::New);
            let twice = idempotency::answered(tx, "caller", "key", &[1; 32], &answer);
            assert!(matches!(twice, Err(Error::Taken(_))));
            assert_eq!(idempotency::forget(tx, START, "another")?, 0);
            assert_eq!(idempotency::forget(tx, START + 1, "caller")?, 0);
            assert_eq!(idempotency::forget(tx, START + 1, "another")?, 1);
            Ok(())
        })
        .unwrap();
}
