//! Who did what: a log that is only added to, each entry bound to the one before it by a hash.
//!
//! An entry that is altered, taken out, put in or moved breaks the chain from there on. That the newest entries
//! were cut off shows only against a [`Head`] that was noted elsewhere.

use aws_lc_rs::digest;

use super::{Result, Row, Store, Tx, payload::fixed, values};

/// Entries that are checked at a time.
const AT_ONCE: i64 = 1_000;

/// What the first entry is bound to.
const GENESIS: [u8; 32] = [0; 32];

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its place in the log, from 1 on.
    pub sequence: u64,
    /// When it was written, in milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// Who did it: an API key's id, a partner, `operator`, `gateway`.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// What it was done to: an id, never PHI.
    pub subject: String,
    /// What else is to be known, as JSON, never PHI.
    pub detail: String,
    /// The hash over the entry and the one before it.
    pub hash: [u8; 32],
}

/// The newest entry at some time, to be noted where the store's operator cannot alter it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its place in the log; 0 if there is none.
    pub sequence: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// What [`verify`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The log is as it was written, up to this entry.
    Whole(Head),
    /// It is not, from this entry on.
    Broken {
        /// The place of the entry, or where it should be.
        sequence: u64,
    },
}

/// Adds an entry.
///
/// # Errors
/// Why it could not be stored.
pub fn append(tx: &mut dyn Tx, actor: &str, action: &str, subject: &str, detail: &str) -> Result<Head> {
    let last = head(tx)?;
    let (sequence, at) = (last.sequence.saturating_add(1), tx.now());
    let hash = hash(&last.hash, sequence, at, [actor, action, subject, detail]);
    tx.run(
        "INSERT INTO audit (sequence, at, actor, action, subject, detail, previous, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        values![i64::try_from(sequence).unwrap_or(i64::MAX), at, actor, action, subject, detail, &last.hash, &hash],
    )?;
    Ok(Head { sequence, hash })
}

/// The newest entry.
///
/// # Errors
/// Why it could not be read.
pub fn head(tx: &mut dyn Tx) -> Result<Head> {
    let Some(row) = tx.first("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1", &[])? else {
        return Ok(Head { sequence: 0, hash: GENESIS });
    };
    Ok(Head { sequence: row.count("sequence")?, hash: row.bytes("hash")? })
}

/// Entries after one of a place, in order, `most` at most.
///
/// # Errors
/// Why they could not be read.
pub fn entries(tx: &mut dyn Tx, after: u64, most: u32) -> Result<Vec<Entry>> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let sql = "SELECT * FROM audit WHERE sequence > ?1 ORDER BY sequence LIMIT ?2";
    tx.rows(sql, values![after, most])?.iter().map(Entry::of).collect()
}

/// Entries about a subject, in order, the latest `most`.
///
/// # Errors
/// Why they could not be read.
pub fn about(tx: &mut dyn Tx, subject: &str, most: u32) -> Result<Vec<Entry>> {
    let sql = "SELECT * FROM audit WHERE subject = ?1 ORDER BY sequence DESC LIMIT ?2";
    let mut entries = tx.rows(sql, values![subject, most])?.iter().map(Entry::of).collect::<Result<Vec<_>>>()?;
    entries.reverse();
    Ok(entries)
}

/// Checks the whole log, and that it still has the entry that was noted.
///
/// # Errors
/// Why it could not be read.
pub async fn verify(store: &Store, noted: Option<Head>) -> Result<Verdict> {
    let mut last = Head { sequence: 0, hash: GENESIS };
    loop {
        let after = last;
        let checked = store.read(move |tx| check(tx, after, noted)).await?;
        match checked {
            Checked::Broken(sequence) => return Ok(Verdict::Broken { sequence }),
            Checked::Up(to) => last = to,
            Checked::End => break,
        }
    }
    Ok(match noted {
        Some(noted) if noted.sequence > last.sequence => Verdict::Broken { sequence: last.sequence.saturating_add(1) },
        _ => Verdict::Whole(last),
    })
}

enum Checked {
    /// So far it is whole, and there may be more.
    Up(Head),
    End,
    Broken(u64),
}

fn check(tx: &mut dyn Tx, after: Head, noted: Option<Head>) -> Result<Checked> {
    let from = i64::try_from(after.sequence).unwrap_or(i64::MAX);
    let rows = tx.rows("SELECT * FROM audit WHERE sequence > ?1 ORDER BY sequence LIMIT ?2", values![from, AT_ONCE])?;
    let mut last = after;
    for row in &rows {
        let entry = Entry::of(row)?;
        let sequence = last.sequence.saturating_add(1);
        let texts = [&*entry.actor, &entry.action, &entry.subject, &entry.detail];
        let fits = entry.sequence == sequence
            && row.bytes::<32>("previous")? == last.hash
            && entry.hash == hash(&last.hash, sequence, entry.at, texts)
            && noted.is_none_or(|noted| noted.sequence != sequence || noted.hash == entry.hash);
        if !fits {
            return Ok(Checked::Broken(sequence));
        }
        last = Head { sequence, hash: entry.hash };
    }
    Ok(if rows.is_empty() { Checked::End } else { Checked::Up(last) })
}

impl Entry {
    fn of(row: &Row) -> Result<Self> {
        Ok(Self {
            sequence: row.count("sequence")?,
            at: row.int("at")?,
            actor: row.text("actor")?.to_owned(),
            action: row.text("action")?.to_owned(),
            subject: row.text("subject")?.to_owned(),
            detail: row.text("detail")?.to_owned(),
            hash: row.bytes("hash")?,
        })
    }
}

/// SHA-256 over the hash before, the place, the time, and each text after its length; numbers of 8 bytes, the
/// highest first.
fn hash(previous: &[u8; 32], sequence: u64, at: i64, texts: [&str; 4]) -> [u8; 32] {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(previous);
    hash.update(&sequence.to_be_bytes());
    hash.update(&at.to_be_bytes());
    for text in texts {
        hash.update(&(text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    fixed(&hash.finish())
}
