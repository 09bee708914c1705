//! A partner that does not do what it should: each time there is one thing that becomes of it.

use std::time::Duration;

use claimwire::{acknowledge::Owed, gateway::connect::Content};
use serde_json::{Value, json};

use super::script::{Bench, Mail, Say, answers};

/// What became of the one file: the delivery's state and tries, what happened to it, and the state of its job.
fn fate(bench: &Bench) -> (String, i64, Vec<String>, String) {
    let delivery = &bench.rows("SELECT d.* FROM delivery d JOIN file f ON f.id = d.file WHERE f.content = '837P'")[0];
    let events = bench.rows(
        "SELECT e.kind FROM event e JOIN file f ON f.id = e.file
         WHERE f.content = '837P' AND e.claim IS NULL AND e.kind LIKE 'sen%' ORDER BY e.sequence",
    );
    let job = &bench.rows("SELECT state FROM job WHERE queue = 'deliver'")[0];
    (
        delivery["state"].as_str().unwrap().to_owned(),
        delivery["attempts"].as_i64().unwrap(),
        events.iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect(),
        job["state"].as_str().unwrap().to_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_is_sent_again_the_same() {
    for (first, reason) in [
        (vec![Say::Silence], "did not answer in time"),
        (vec![Say::ResetInRequest], ""),
        (vec![Say::ResetInAnswer], ""),
        (vec![Say::Html500], "HTTP status 500"),
        (vec![Say::HtmlSuccess], ""),
        (vec![Say::NotHttp], ""),
        (vec![Say::Html500, Say::ResetInAnswer, Say::Silence], ""),
    ] {
        let bench = Bench::new("").await;
        let tries = first.len() + 1;
        let case = format!("{first:?}");
        bench.partner.will_say(first);
        bench.submit(3).await;
        bench.until("SELECT state AS one FROM delivery", &["sent"]).await;
        bench.until("SELECT state AS one FROM job WHERE queue = 'deliver'", &["done"]).await;
        let mut events = vec!["send_failed".to_owned(); tries - 1];
        events.push("sent".to_owned());
        assert_eq!(fate(&bench), ("sent".into(), tries as i64, events, "done".into()), "{case}");
        let failed = &bench.rows("SELECT detail FROM event WHERE kind = 'send_failed'")[0];
        assert!(failed["detail"].as_str().unwrap().contains(reason), "{case}: {failed}");
        assert!(!failed["detail"].as_str().unwrap().contains("JANE"), "{case}: what the partner said is repeated");
        let heard = bench.partner.submissions();
        // A request that was cut off has no whole body.
        let whole: Vec<_> = heard.iter().filter(|one| !one.payload.is_empty()).collect();
        assert!(whole.len() >= tries - 1 && whole.iter().all(|one| *one == whole[0]), "{case}: another file, or id");
        let states = bench.rows("SELECT DISTINCT state FROM claim");
        assert_eq!(states, [json!({"state": "sent"})], "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_waits_for_a_person() {
    let bench = Bench::new("").await;
    bench.partner.will_say(vec![Say::Refuse("SenderIDIllegal")]);
    bench.submit(2).await;
    bench.until("SELECT state AS one FROM delivery", &["failed"]).await;
    assert_eq!(fate(&bench), ("failed".into(), 1, vec!["send_given_up".into()], "failed".into()));
    let reason =
        &bench.rows("SELECT d.reason AS one, j.reason AS two FROM delivery d, job j WHERE j.state = 'failed'")[0];
    for reason in ["one", "two"].map(|name| reason[name].as_str().unwrap()) {
        assert!(reason.contains("SenderIDIllegal"), "{reason}");
    }
    assert_eq!(bench.rows("SELECT DISTINCT state FROM claim"), [json!({"state": "batched"})]);
    // The person has dealt with it.
    bench.resend().await;
    bench.until("SELECT state AS one FROM delivery", &["sent"]).await;
    let heard = bench.partner.submissions();
    assert!(heard.len() == 2 && heard[0] == heard[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_arrives_is_given_up() {
    let bench = Bench::new("").await;
    bench.partner.always(Say::Html500);
    bench.submit(1).await;
    bench.until("SELECT state AS one FROM delivery", &["failed"]).await;
    bench.until("SELECT state AS one FROM job WHERE queue = 'deliver'", &["failed"]).await;
    let (_, tries, events, _) = fate(&bench);
    assert_eq!(tries, 20);
    assert_eq!(events.iter().filter(|kind| *kind == "send_failed").count(), 19);
    assert_eq!(events.last().unwrap(), "send_given_up");
    assert_eq!(bench.partner.submissions().len(), 20);
    // Nobody says that it arrived, and nothing says so.
    assert_eq!(bench.rows("SELECT DISTINCT state FROM claim"), [json!({"state": "batched"})]);
    assert_eq!(bench.rows("SELECT * FROM expectation"), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_is_a_yes_once() {
    for (says, kept) in [(Say::Twice, 0), (Say::SuccessWithGarbage, 1)] {
        let bench = Bench::new("").await;
        let case = format!("{says:?}");
        bench.partner.will_say(vec![says]);
        bench.submit(1).await;
        bench.until("SELECT state AS one FROM delivery", &["sent"]).await;
        bench.until("SELECT state AS one FROM job WHERE queue = 'deliver'", &["done"]).await;
        bench.until("SELECT state AS one FROM file WHERE direction = 'in' AND state = 'received'", &[]).await;
        assert_eq!(fate(&bench), ("sent".into(), 1, vec!["sent".into()], "done".into()), "{case}");
        assert_eq!(bench.partner.submissions().len(), 1, "{case}");
        // What came with it is kept, and known for what it is.
        let came = bench.rows("SELECT state, reason FROM file WHERE direction = 'in'");
        assert_eq!(came.len(), kept, "{case}: {came:?}");
        for row in came {
            assert_eq!(row["state"], "refused", "{case}: {row}");
            assert!(row["reason"].as_str().is_some_and(|reason| !reason.contains("JANE")), "{case}: {row}");
        }
        assert_eq!(bench.rows("SELECT DISTINCT state FROM claim"), [json!({"state": "sent"})], "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_did_not_arrive_whole_is_fetched_again() {
    let bench = Bench::new("").await;
    bench.submit(1).await;
    bench.until("SELECT state AS one FROM delivery", &["sent"]).await;
    let sent = bench.partner.submissions().remove(0).payload;
    let accepted = answers(&sent, Owed::Never, true, false, 700);
    let mut mail = Mail::new(Content::Acknowledgment999, accepted);
    mail.wrong_checksums = 2;
    bench.partner.post(mail);
    bench.until("SELECT state AS one FROM claim", &["syntax_accepted"]).await;
    bench.until_confirmed(1).await;
    assert_eq!(bench.partner.given(), 3, "twice for nothing");
    assert_eq!(bench.rows("SELECT count(*) AS n FROM file WHERE direction = 'in'"), [json!({"n": 1})]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_twice_counts_once() {
    let bench = Bench::new("").await;
    bench.submit(2).await;
    bench.until("SELECT DISTINCT state AS one FROM delivery", &["sent"]).await;
    let sent = bench.partner.submissions().remove(0).payload;
    // It does not hear our confirmation, and gives it again.
    let mut mail = Mail::new(Content::ClaimAcknowledgment277, answers(&sent, Owed::Never, false, true, 701));
    mail.deaf = 2;
    bench.partner.post(mail);
    bench
        .until(
            "SELECT state AS one FROM file WHERE direction = 'in' ORDER BY id",
            &["processed", "duplicate", "duplicate"],
        )
        .await;
    bench.until_idle().await;
    assert_eq!(bench.rows("SELECT DISTINCT state FROM claim"), [json!({"state": "accepted"})]);
    let answered = bench.rows("SELECT count(*) AS n FROM event WHERE kind = 'claim_answered'");
    assert_eq!(answered, [json!({"n": 2})], "once for each claim");
    assert_eq!(bench.rows("SELECT count(*) AS n FROM acknowledgment"), [json!({"n": 1})]);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_to_what_was_never_sent_are_kept_and_told() {
    let bench = Bench::new("").await;
    bench.submit(2).await;
    bench.until("SELECT state AS one FROM delivery", &["sent"]).await;
    let sent = String::from_utf8(bench.partner.submissions().remove(0).payload).unwrap();
    // The same file, as if somebody had sent it under other numbers.
    let element = |segment: &str, n: usize| {
        let at = sent.split('~').find(|one| one.trim_start().starts_with(&format!("{segment}*"))).unwrap();
        at.trim().split('*').nth(n).unwrap().to_owned()
    };
    let mut strange = sent.clone();
    for (segment, n, to) in [("ISA", 13, "000009999"), ("BHT", 3, "NEVERSENT")] {
        strange = strange.replace(&element(segment, n), to);
    }
    let group = element("GS", 6);
    strange = strange.replace(&format!("*{group}*X*"), "*8888*X*").replace(&format!("GE*1*{group}~"), "GE*1*8888~");
    strange = strange.replace("CLM*C", "CLM*X");
    let strange = strange.into_bytes();
    bench
        .partner
        .post(Mail::new(Content::InterchangeAcknowledgmentTa1, answers(&strange, Owed::Always, false, false, 710)));
    bench.partner.post(Mail::new(Content::Acknowledgment999, answers(&strange, Owed::Never, true, false, 711)));
    bench.partner.post(Mail::new(Content::ClaimAcknowledgment277, answers(&strange, Owed::Never, false, true, 712)));
    let remittance = include_str!("../../../samples/835/two-visits.x12");
    let remittance =
        remittance.replace("*ZZ*EXAMPLEPLAN    *ZZ*RIVERBEND      *", "*ZZ*99001          *ZZ*CLRV01         *");
    bench.partner.post(Mail::new(Content::Remittance835, remittance.into_bytes()));
    bench.until("SELECT DISTINCT state AS one FROM file WHERE direction = 'in'", &["processed"]).await;
    bench
        .until(
            "SELECT content AS one FROM file WHERE direction = 'in' ORDER BY content",
            &["277CA", "835", "999", "TA1"],
        )
        .await;
    bench.until_idle().await;
    assert_eq!(bench.rows("SELECT DISTINCT state FROM claim"), [json!({"state": "sent"})], "no state is invented");
    let kept = bench.rows("SELECT kind, reference, about FROM acknowledgment WHERE direction = 'in' ORDER BY kind");
    assert_eq!(
        kept,
        [
            json!({"kind": "277CA", "reference": "NEVERSENT", "about": null}),
            json!({"kind": "999", "reference": "8888", "about": null}),
            json!({"kind": "TA1", "reference": "000009999", "about": null}),
        ]
    );
    let told = bench.rows(
        "SELECT kind, json_extract(detail, '$.kind') AS of, count(*) AS n FROM event
                           WHERE kind LIKE '%_unknown' GROUP BY 1, 2 ORDER BY 1, 2",
    );
    assert_eq!(
        told,
        [
            json!({"kind": "answers_unknown", "of": "277CA", "n": 2}),
            json!({"kind": "answers_unknown", "of": "999", "n": 1}),
            json!({"kind": "answers_unknown", "of": "TA1", "n": 1}),
            json!({"kind": "pays_unknown", "of": null, "n": 2}),
        ]
    );
    assert_eq!(bench.rows("SELECT DISTINCT claim FROM payment"), [json!({"claim": null})]);
    assert_eq!(bench.rows("SELECT * FROM job WHERE state = 'failed'"), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_may_come_before_the_file_is_known_to_have_arrived() {
    for (rejects, state) in [(false, "accepted"), (true, "syntax_rejected")] {
        let bench = Bench::patient("", "30s").await;
        // It has taken the file, and says nothing until its answers are fetched.
        bench.partner.will_say(vec![Say::SuccessWhenTold]);
        bench.submit(2).await;
        bench.partner.until_heard(1).await;
        let mut sent = bench.partner.submissions().remove(0).payload;
        let functional = answers(&sent, Owed::Never, true, false, 720);
        let functional = match rejects {
            true => {
                let text = String::from_utf8(functional).unwrap();
                assert!(text.contains("IK5*A") && text.contains("AK9*A*1*1*1"), "{text}");
                text.replace("IK5*A", "IK5*R*5").replace("AK9*A*1*1*1", "AK9*R*1*1*0").into_bytes()
            }
            false => functional,
        };
        bench.partner.post(Mail::new(Content::Acknowledgment999, functional));
        if !rejects {
            sent = answers(&sent, Owed::Never, false, true, 721);
            bench.partner.post(Mail::new(Content::ClaimAcknowledgment277, sent));
        }
        bench.until("SELECT DISTINCT state AS one FROM claim", &[state]).await;
        assert_eq!(bench.rows("SELECT state FROM delivery"), [json!({"state": "due"})]);
        bench.partner.tell();
        bench.until("SELECT state AS one FROM delivery", &["sent"]).await;
        bench.until("SELECT state AS one FROM job WHERE queue = 'deliver'", &["done"]).await;
        assert_eq!(bench.rows("SELECT DISTINCT state FROM claim"), [json!({"state": state})], "it is taken back");
        let sent = bench.rows("SELECT count(*) AS n FROM event WHERE kind = 'sent' AND claim IS NOT NULL");
        assert_eq!(sent, [json!({"n": 2})]);
        // Nothing is waited for that has come, or will never come.
        assert_eq!(bench.rows("SELECT count(*) AS n FROM expectation"), [json!({"n": 2})]);
        assert_eq!(bench.rows("SELECT * FROM expectation WHERE met IS NULL"), Vec::<Value>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_is_silent_holds_up_no_other() {
    let bench = Bench::patient("", "30s").await;
    bench.partner.will_not_give(Duration::from_secs(30));
    let (name, other) = bench.another_partner("bayside").await;
    other.post(Mail::new(Content::Remittance835, b"ISA".to_vec()));
    let fetched = format!("SELECT DISTINCT partner AS one FROM file WHERE direction = 'in' AND partner = '{name}'");
    bench.until(&fetched, &[&name]).await;
}
