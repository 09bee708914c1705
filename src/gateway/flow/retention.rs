//! The end of what was kept long enough: its bytes are erased, and that it happened stays.

use std::{collections::HashSet, sync::Arc};

use serde_json::json;

use super::{FlowError, hand_on};
use crate::gateway::{
    Gateway, Id,
    store::{Result, Tx, audit, payload, values},
};

/// What these jobs are called.
pub(super) const ERASE: &str = "erase";
/// What is old is looked for so often, in milliseconds.
pub(super) const LOOK_FOR_OLD: i64 = 60 * 60 * 1000;
/// What payloads are that may be erased; keys are not among them.
const KINDS: [&str; 3] = ["file", "lines", "findings"];
/// Payloads that are looked at in one work: erasing one deletes all its chunks.
const AT_ONCE: i64 = 20;

impl Gateway {
    /// Erases the bytes of files, claims and findings that are older than the settings say, but for those that are
    /// still needed. Gives how many payloads were erased; none if the settings say nothing.
    ///
    /// # Errors
    /// The store's; what was erased stays so.
    pub(super) async fn erase_old(&self) -> std::result::Result<u64, FlowError> {
        let Some(keep) = self.keep else { return Ok(0) };
        let before = self.store().vault().clock().now().saturating_sub(keep);
        // What is needed from now on is younger: nothing that is done with is begun again.
        let needed = Arc::new(self.store().read(needed).await?);
        let mut erased = 0_u64;
        for kind in KINDS {
            let mut after = Some((i64::MIN, String::new()));
            while let Some((kept, id)) = after {
                let needed = Arc::clone(&needed);
                let step = self.store().write(move |tx| erase_some(tx, kind, before, (kept, &id), &needed)).await?;
                erased = erased.saturating_add(step.erased);
                after = step.last;
            }
        }
        if erased > 0 {
            tracing::info!(payloads = erased, "what was kept long enough is erased");
            let detail = json!({ "payloads": erased, "kept_before": before }).to_string();
            self.store()
                .write(move |tx| audit::append(tx, "gateway", "payloads.erase", "store", &detail).map(drop))
                .await?;
        }
        Ok(erased)
    }
}

/// What came of looking at some payloads.
struct Step {
    erased: u64,
    /// When the last one of them was kept, and its id; none if there are no more.
    last: Option<(i64, String)>,
}

/// Looks at some payloads of a kind that were kept before a time: those after one that was looked at.
fn erase_some(
    tx: &mut dyn Tx,
    kind: &str,
    before: i64,
    (kept, id): (i64, &str),
    needed: &HashSet<String>,
) -> Result<Step> {
    let rows = tx.rows(
        "SELECT id, kept FROM payload WHERE state = 'kept' AND kind = ?1 AND kept < ?2
         AND (kept > ?3 OR kept = ?3 AND id > ?4) ORDER BY kept, id LIMIT ?5",
        values![kind, before, kept, id, AT_ONCE],
    )?;
    let mut step = Step { erased: 0, last: None };
    for row in &rows {
        let id = row.text("id")?;
        step.last = Some((row.int("kept")?, id.to_owned()));
        if !needed.contains(id) {
            payload::erase(tx, row.payload("id")?)?;
            step.erased += 1;
        }
    }
    Ok(step)
}

/// The payloads that something is still to be done with, however old they are: files that are not processed, not
/// sent or not fetched, claims that are not in a file, claims that are not handed on.
fn needed(tx: &mut dyn Tx) -> Result<HashSet<String>> {
    let rows = tx.rows(
        "SELECT payload AS id FROM file WHERE state = 'received'
         UNION SELECT f.payload FROM delivery d JOIN file f ON f.id = d.file
             WHERE d.state IN ('due', 'waiting', 'failed')
             -- A partner that confirms what it has is offered again what it has not.
             OR d.state = 'fetched' AND EXISTS
                 (SELECT 1 FROM delivery c WHERE c.partner = d.partner AND c.state = 'confirmed')
         UNION SELECT payload FROM claim WHERE state = 'queued'",
        &[],
    )?;
    let mut needed: HashSet<String> = rows.iter().map(|row| Ok(row.text("id")?.to_owned())).collect::<Result<_>>()?;
    let sql = "SELECT DISTINCT subject FROM job WHERE queue = ?1 AND state IN ('ready', 'running', 'failed')";
    for row in tx.rows(sql, values![hand_on::QUEUE])? {
        let Ok(Id(file)) = row.text("subject")?.parse() else { continue };
        let lines = tx.first("SELECT lines FROM file WHERE id = ?1 AND lines IS NOT NULL", values![file])?;
        needed.extend(lines.map(|row| row.text("lines").map(str::to_owned)).transpose()?);
    }
    Ok(needed)
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        sync::atomic::{AtomicI64, Ordering},
    };

    use super::*;
    use crate::gateway::{
        Settings,
        store::{Clock, Error, Keyring, PayloadId},
    };

    const DAY: i64 = 24 * 60 * 60 * 1000;

    /// A file of ours with a delivery in a state, and its payload.
    fn file(tx: &mut dyn Tx, number: i64, state: &str) -> Result<PayloadId> {
        let payload = payload::put(tx, "file", b"ISA*00")?.id;
        let now = tx.now();
        tx.run(
            "INSERT INTO file (id, direction, partner, channel, payload, length, sha256, state, at)
             VALUES (?1, 'out', 'harbor', 'made', ?2, 6, ?3, 'made', ?4)",
            values![number, payload, [0_u8; 32], now],
        )?;
        tx.run(
            "INSERT INTO delivery (id, file, partner, channel, state, reason, at, changed)
             VALUES (?1, ?1, 'harbor', 'core', ?2, 'why', ?3, ?3)",
            values![number, state, now],
        )?;
        Ok(payload)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn bytes_are_erased_in_time_but_not_those_still_needed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        Keyring::generate_file(&at("master.key")).unwrap();
        fs::create_dir(at("partners")).unwrap();
        let text = "folder = \"data\"\nmaster_key = \"file:master.key\"\npartners = \"partners\"\nkeep_days = 30\n";
        fs::write(at("gateway.toml"), text).unwrap();
        let hand = Arc::new(AtomicI64::new(1_790_000_000_000));
        let settings = Settings::load(&at("gateway.toml")).unwrap();
        let gateway = tokio::task::block_in_place(|| Gateway::open_at(&settings, Clock::set_by(hand.clone()))).unwrap();
        let store = gateway.store();
        let [sent, due, failed] =
            store.write(|tx| Ok([file(tx, 1, "sent")?, file(tx, 2, "due")?, file(tx, 3, "failed")?])).await.unwrap();
        hand.fetch_add(29 * DAY, Ordering::SeqCst);
        let young = store.write(|tx| file(tx, 4, "sent")).await.unwrap();
        assert_eq!(gateway.erase_old().await.unwrap(), 0);
        hand.fetch_add(2 * DAY, Ordering::SeqCst);
        assert_eq!(gateway.erase_old().await.unwrap(), 1);
        let found = move |id| async move { store.read(move |tx| payload::bytes(tx, id, 100)).await };
        assert_eq!(found(sent).await, Err(Error::Erased(sent)));
        for kept in [due, failed, young] {
            assert_eq!(found(kept).await.unwrap(), b"ISA*00");
        }
        // Its row stays, and that it was erased stands in the audit log.
        let noted = store.read(|tx| audit::about(tx, "store", 10)).await.unwrap();
        assert_eq!(noted.last().map(|entry| entry.action.as_str()), Some("payloads.erase"));
        store.write(|tx| tx.run("UPDATE delivery SET state = 'sent' WHERE id = 2", &[])).await.unwrap();
        assert_eq!(gateway.erase_old().await.unwrap(), 1, "what was sent at last");
    }
}
