//! Random walks: answers of every kind, in any order, some twice, some to nothing; and what must hold after each.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::super::{
    answers::{self, Answered},
    facts::{Line, number_key},
    remit::{self, Facts, Remitted, Row},
    timeline::{self, Claims},
};
use super::*;
use crate::{
    acknowledge::{Answer, Batch},
    claims::{
        ClaimStatus, FunctionalAcknowledgment, InterchangeAcknowledgment, Status, StatusCode, TransactionAcknowledgment,
    },
    gateway::store::{self, Tx, payload},
};

/// Claims of a file: two in each of its two sets.
const CLAIMS: usize = 4;
/// Payments that may be made, each with a number of its own.
const PAYMENTS: usize = 4;

/// Something that happens.
#[derive(Clone, Debug)]
enum Step {
    /// We learn that the file arrived.
    Sent,
    Ta1 {
        status: &'static str,
        note: &'static str,
        known: bool,
    },
    /// AK9, and IK5 of each set; none: the 999 does not name it.
    Functional {
        group: &'static str,
        sets: [Option<&'static str>; 2],
        known: bool,
    },
    /// A category for each claim; none: the 277CA does not name it.
    Claims {
        of: [Option<&'static str>; CLAIMS],
        with_batch: bool,
    },
    /// One of the payments, in a file of its own.
    Remit(usize),
}

/// What a payment says of claims: status, charge, paid. A payment says the same whenever it comes.
type Payment = Vec<(usize, &'static str, i64, i64)>;

fn step() -> impl Strategy<Value = Step> {
    let ik5 = || proptest::option::of(prop::sample::select(vec!["A", "E", "R", "M"]));
    let category = || proptest::option::of(prop::sample::select(vec!["A0", "A1", "A2", "A3", "A5", "A7", "A8"]));
    prop_oneof![
        1 => Just(Step::Sent),
        2 => (prop::sample::select(vec![("A", "000"), ("E", "024"), ("R", "008"), ("R", "025")]), any::<bool>())
            .prop_map(|((status, note), known)| Step::Ta1 { status, note, known }),
        2 => (prop::sample::select(vec!["A", "E", "P", "R"]), [ik5(), ik5()], prop::bool::weighted(0.9))
            .prop_map(|(group, sets, known)| Step::Functional { group, sets, known }),
        2 => ([category(), category(), category(), category()], any::<bool>())
            .prop_map(|(of, with_batch)| Step::Claims { of, with_batch }),
        3 => (0..PAYMENTS).prop_map(Step::Remit),
    ]
}

fn payment() -> impl Strategy<Value = Payment> {
    let one = (0..=CLAIMS, prop::sample::select(vec!["1", "2", "4", "19", "22", "25"]), 0..2_i64);
    prop::collection::vec(one, 1..4).prop_map(|payment| {
        let amounts = |status: &str, some: i64| match status {
            "22" => (-100, -80),
            "4" | "19" | "25" => (100, 0),
            _ => (100, 80 * some),
        };
        let with = |(claim, status, some)| {
            let (charge, paid) = amounts(status, some);
            (claim, status, charge, paid)
        };
        payment.into_iter().map(with).collect()
    })
}

/// A partner of its own, with a file of claims that is on its way.
struct Walk {
    partner: String,
    claims: Vec<Id>,
    payments: Vec<Payment>,
    /// Payments that have come.
    came: BTreeSet<usize>,
    step: u64,
}

impl Walk {
    fn begin(tx: &mut dyn Tx, partner: String, payments: Vec<Payment>) -> store::Result<Self> {
        let file = file(tx, &partner, "out")?;
        let now = tx.now();
        let (interchange, group) = (Id::new(now), Id::new(now));
        tx.run(
            "INSERT INTO interchange (id, file, direction, partner, control_number, date, time, usage, at)
             VALUES (?1, ?2, 'out', ?3, '000000007', '260115', '0930', 'T', ?4)",
            values![interchange.0, file.0, &partner, now],
        )?;
        tx.run(
            "INSERT INTO functional_group (id, interchange, direction, partner, kind, control_number, version)
             VALUES (?1, ?2, 'out', ?3, 'HC', '7', '005010X222A1')",
            values![group.0, interchange.0, &partner],
        )?;
        let lines = payload::put(tx, "lines", b"{}")?.id;
        let mut claims = Vec::new();
        for set in 0..2 {
            let id = Id::new(now);
            tx.run(
                "INSERT INTO transaction_set (id, functional_group, direction, partner, kind, control_number, reference, claims)
                 VALUES (?1, ?2, 'out', ?3, '837', ?4, ?5, 2)",
                values![id.0, group.0, &partner, format!("000{}", set + 1), format!("BATCH{set}")],
            )?;
            for at in 0..2 {
                let (claim, number) = (Id::new(now), format!("C{}", set * 2 + at));
                tx.run(
                    "INSERT INTO claim (id, direction, partner, source, kind, control_number, number_key, charge, frequency,
                        fingerprint, state, transaction_set, position, payload, offset, length, at, changed)
                     VALUES (?1, 'out', ?2, 'test', 'professional', ?3, ?4, '100', '1', ?5, 'batched', ?6, ?7, ?8, 0, 2, ?9, ?9)",
                    values![
                        claim.0, &partner, &number, number_key(&number), [0_u8; 32], id.0, 10 + at * 10, lines, now
                    ],
                )?;
                timeline::of_claims(tx, Claims::One(claim), Event::Batched, Some(State::Batched), Some(file), &())?;
                claims.push(claim);
            }
        }
        Ok(Self { partner, claims, payments, came: BTreeSet::new(), step: 0 })
    }

    fn take(&mut self, tx: &mut dyn Tx, step: &Step) -> store::Result<()> {
        self.step += 1;
        let file = file(tx, &self.partner, "in")?;
        let from = Answered { partner: &self.partner, file };
        match step {
            Step::Sent => {
                for claim in &self.claims {
                    let (claim, to) = (Claims::One(*claim), Some(State::Sent));
                    timeline::of_claims(tx, claim, Event::Sent, to, None, &())?;
                }
                Ok(())
            }
            Step::Ta1 { status, note, known } => {
                let answer = InterchangeAcknowledgment {
                    control_number: if *known { "000000007" } else { "000000008" }.into(),
                    status: (*status).into(),
                    note: (*note).into(),
                    ..InterchangeAcknowledgment::default()
                };
                answers::join(tx, &from, &Answer::Interchange(answer))
            }
            Step::Functional { group, sets, known } => {
                let of_set = |(at, status): (usize, &Option<&str>)| {
                    status.map(|status| TransactionAcknowledgment {
                        kind: "837".into(),
                        control_number: format!("000{}", at + 1).as_str().into(),
                        status: status.into(),
                        ..TransactionAcknowledgment::default()
                    })
                };
                let answer = FunctionalAcknowledgment {
                    group_kind: "HC".into(),
                    group_control_number: if *known { "0007" } else { "8" }.into(),
                    status: (*group).into(),
                    transactions: sets.iter().enumerate().filter_map(of_set).collect(),
                    ..FunctionalAcknowledgment::default()
                };
                answers::join(tx, &from, &Answer::Group { set: "999".into(), answer: Box::new(answer) })
            }
            Step::Claims { of, with_batch } => {
                for batch in 0..2 {
                    let claim = |at: usize| {
                        let category = of[batch * 2 + at]?;
                        let code =
                            StatusCode { category: category.into(), status: "20".into(), ..StatusCode::default() };
                        Some(ClaimStatus {
                            control_number: format!("c{}", batch * 2 + at).as_str().into(),
                            statuses: vec![Status { code, ..Status::default() }],
                            ..ClaimStatus::default()
                        })
                    };
                    let reference = if *with_batch { format!("BATCH{batch}") } else { String::new() };
                    let claims = (0..2).filter_map(claim).collect();
                    let batch = Batch { reference: reference.as_str().into(), statuses: Vec::new(), claims };
                    answers::join(tx, &from, &Answer::Batch(batch))?;
                }
                Ok(())
            }
            Step::Remit(number) => self.remit(tx, file, *number),
        }
    }

    fn remit(&mut self, tx: &mut dyn Tx, file: Id, number: usize) -> store::Result<()> {
        self.came.insert(number);
        let payment = &self.payments[number];
        let total: i64 = payment.iter().map(|(.., paid)| paid).sum();
        let mut rows = Vec::new();
        for (claim, status, charge, paid) in payment {
            let line = serde_json::to_vec(&serde_json::json!({
                "kind": "payment", "control_number": format!("C{claim}"), "status": status,
                "charge": charge.to_string(), "paid": paid.to_string(), "payer_control_number": "ICN",
                "remittance": { "trace_number": format!("EFT{number}"), "trace_originator": "1999999999",
                    "payment": { "amount": total.to_string(), "method": "ACH", "effective_date": "2026-01-30" } },
            }))
            .unwrap();
            let facts = Facts::of(&line, &Line::of(&line).unwrap()).unwrap();
            rows.push(Row { offset: 0, length: line.len() as u64, set: 0, facts });
        }
        let lines = payload::put(tx, "lines", b"{}")?.id;
        let of = Remitted { file, direction: "in", partner: &self.partner, lines };
        remit::record(tx, of, &rows, &[]).map(drop)
    }

    /// What must hold at any time.
    fn holds(&self, tx: &mut dyn Tx) -> store::Result<Result<(), String>> {
        for (at, claim) in self.claims.iter().enumerate() {
            let row = tx.first("SELECT state FROM claim WHERE id = ?1", values![claim.0])?.unwrap();
            let state = row.text("state")?.to_owned();
            let events =
                tx.rows("SELECT kind, state FROM event WHERE claim = ?1 ORDER BY sequence", values![claim.0])?;
            let mut last = String::new();
            for event in &events {
                let (kind, now) = (event.text("kind")?, event.text("state")?);
                let (was, is) = (State::of(&last), State::of(now));
                let is_decided =
                    |state: Option<State>| state.is_some_and(|state| state.may_replace().contains("'paid'"));
                // What a payer decided is changed by what it pays or takes back, and by nothing else.
                if is_decided(was) && (!is_decided(is) || last != now && kind != "adjudicated") {
                    return Ok(Err(format!("claim {at} went from {last} to {now} by {kind}")));
                }
                if let (Some(was), Some(is)) = (was, is)
                    && was != is
                    && !is.may_replace().contains(&format!("'{was}'"))
                {
                    return Ok(Err(format!("claim {at} went back from {last} to {now} by {kind}")));
                }
                last = now.to_owned();
            }
            if last != state {
                return Ok(Err(format!("claim {at} is {state}, and its events say {last}")));
            }
        }
        // Each payment counts once, whatever comes twice.
        let mut expected: BTreeMap<String, Decimal> = BTreeMap::new();
        for number in &self.came {
            for (claim, _, _, paid) in &self.payments[*number] {
                *expected.entry(format!("C{claim}")).or_default() += Decimal::from(*paid);
            }
        }
        let rows = tx.rows(
            "SELECT p.control_number AS number, p.paid AS paid FROM payment p JOIN remittance r ON r.id = p.remittance
             WHERE r.partner = ?1",
            values![&self.partner],
        )?;
        let mut paid: BTreeMap<String, Decimal> = BTreeMap::new();
        for row in &rows {
            *paid.entry(row.text("number")?.to_owned()).or_default() += row.text("paid")?.parse::<Decimal>().unwrap();
        }
        if paid != expected {
            return Ok(Err(format!("paid is {paid:?}, and it should be {expected:?}")));
        }
        let sql = "SELECT count(*) AS n FROM remittance WHERE partner = ?1 AND repeats IS NULL";
        let distinct = tx.first(sql, values![&self.partner])?.unwrap().count("n")?;
        if distinct != self.came.len() as u64 {
            return Ok(Err(format!("{distinct} remittances, and {} came", self.came.len())));
        }
        Ok(Ok(()))
    }
}

/// A file's row.
fn file(tx: &mut dyn Tx, partner: &str, direction: &str) -> store::Result<Id> {
    let payload = payload::put(tx, "file", b"ISA")?.id;
    let (id, now) = (Id::new(tx.now()), tx.now());
    tx.run(
        "INSERT INTO file (id, direction, partner, channel, payload, length, sha256, state, at)
         VALUES (?1, ?2, ?3, 'core', ?4, 3, ?5, ?6, ?7)",
        values![
            id.0,
            direction,
            partner,
            payload,
            [0_u8; 32],
            if direction == "out" { "made" } else { "received" },
            now
        ],
    )?;
    Ok(id)
}

#[test]
fn whatever_comes_in_whatever_order_states_follow_from_events_and_money_counts_once() {
    let side = Side::new("harbor", HARBOR);
    let walks = std::cell::Cell::new(0);
    let strategy = (prop::collection::vec(payment(), PAYMENTS), prop::collection::vec(step(), 1..20));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 96, ..ProptestConfig::default() });
    let walked = runner.run(&strategy, |(payments, steps)| {
        walks.set(walks.get() + 1);
        let partner = format!("walk-{}", walks.get());
        let failed = side.gateway.store().write_blocking(move |tx| -> store::Result<_> {
            let mut walk = Walk::begin(tx, partner, payments)?;
            for step in &steps {
                walk.take(tx, step)?;
                if let Err(why) = walk.holds(tx)? {
                    return Ok(Some(format!("after step {}, {step:?}: {why}", walk.step)));
                }
            }
            Ok(None)
        });
        prop_assert_eq!(failed.unwrap(), None);
        Ok(())
    });
    walked.unwrap();
}
