//! Payloads: the bytes of files, sealed and stored in chunks, streamed in and out in bounded memory.
//!
//! ```text
//!   payload_writer ──► writing ──finish──► sealed ──keep──► kept ──erase──► erased
//!                         │                   │              ▲               (the row stays, its bytes
//!                         └──── swept ◄───────┘              │                and its key are gone)
//!                                                           put
//! ```
//!
//! A payload counts only once a work [keeps](keep) it, together with the rows that speak of it. Until then it
//! belongs to nobody: a crash leaves it behind, and it is swept when the store is opened next, or a day later.

mod stream;

use std::ops::ControlFlow;

use aws_lc_rs::digest;

pub use super::sealed::{PayloadId, Sealed};
use super::{
    Error, Result, Row, Store, Tx,
    seal::{CHUNK, DataKey, Place},
    values,
};
pub use stream::{PayloadReader, PayloadWriter};

/// How long a payload that nobody kept is left alone, in milliseconds: a day.
pub(super) const LOOSE_MS: i64 = 24 * 60 * 60 * 1000;

/// Payloads that are swept at once.
const SWEEP: i64 = 100;

/// Data keys that are wrapped anew in one work.
const REWRAP: i64 = 100;

/// Damaged payloads that are named.
const NAMED: usize = 100;

/// The most bytes that are read into memory at once.
pub const SPAN: u64 = 64 << 20;

/// Stores bytes that are at hand, as a payload that is kept from the start. `kind` says what it is, for
/// retention. For large files use [`Store::payload_writer`].
///
/// # Errors
/// Why it could not be stored.
pub fn put(tx: &mut dyn Tx, kind: &str, bytes: &[u8]) -> Result<Sealed> {
    let key = DataKey::random()?;
    let sealed = Sealed { id: PayloadId::new(), length: bytes.len() as u64, sha1: sha1(bytes), sha256: sha256(bytes) };
    begin(tx, sealed.id)?;
    let mut chunks = bytes.chunks(CHUNK).peekable();
    let mut number = 0_u64;
    loop {
        let chunk = chunks.next().unwrap_or_default();
        let last = chunks.peek().is_none();
        add(tx, sealed.id, number, &key.seal(Place { payload: sealed.id, number, last }, chunk)?)?;
        if last {
            break;
        }
        number = number.saturating_add(1);
    }
    finish(tx, &sealed, &key)?;
    keep(tx, sealed.id, kind)?;
    Ok(sealed)
}

/// Makes a payload that was written count. `kind` says what it is, for retention.
///
/// # Errors
/// [`Error::NoPayload`] if it is not there, not finished, or kept already.
pub fn keep(tx: &mut dyn Tx, id: PayloadId, kind: &str) -> Result<()> {
    let now = tx.now();
    let kept = tx.run(
        "UPDATE payload SET state = 'kept', kind = ?2, kept = ?3 WHERE id = ?1 AND state = 'sealed'",
        values![id, kind, now],
    )?;
    if kept == 1 { Ok(()) } else { Err(Error::NoPayload(id)) }
}

/// What is known of a payload whose bytes are there.
///
/// # Errors
/// [`Error::NoPayload`], [`Error::Erased`].
pub fn find(tx: &mut dyn Tx, id: PayloadId) -> Result<Sealed> {
    sealed_of(&row(tx, id)?)
}

/// The bytes of a payload of at most `most` bytes, and never more than [`SPAN`].
///
/// # Errors
/// [`Error::TooLong`], [`Error::Seal`], [`Error::NoPayload`], [`Error::Erased`].
pub fn bytes(tx: &mut dyn Tx, id: PayloadId, most: u64) -> Result<Vec<u8>> {
    let length = find(tx, id)?.length;
    if length > most {
        return Err(Error::TooLong { id, most });
    }
    span(tx, id, 0, length)
}

/// Some bytes of a payload: `length` from `offset` on, fewer where it ends. Only the chunks they lie in are read.
///
/// # Errors
/// [`Error::TooLong`] for more than [`SPAN`] bytes, [`Error::Seal`], [`Error::NoPayload`], [`Error::Erased`].
pub fn span(tx: &mut dyn Tx, id: PayloadId, offset: u64, length: u64) -> Result<Vec<u8>> {
    if length > SPAN {
        return Err(Error::TooLong { id, most: SPAN });
    }
    let opened = open(tx, id)?;
    let end = offset.saturating_add(length).min(opened.sealed.length);
    if offset >= end {
        return Ok(Vec::new());
    }
    let (first, last) = (offset / CHUNK as u64, end.saturating_sub(1) / CHUNK as u64);
    let mut bytes = Vec::new();
    let mut next = first;
    tx.visit(
        "SELECT number, sealed FROM payload_chunk WHERE payload = ?1 AND number BETWEEN ?2 AND ?3 ORDER BY number",
        values![id, int(first)?, int(last)?],
        &mut |row| {
            bytes.extend_from_slice(&opened.chunk(&row, next)?);
            next = next.saturating_add(1);
            Ok(ControlFlow::Continue(()))
        },
    )?;
    let start = usize::try_from(offset.saturating_sub(first.saturating_mul(CHUNK as u64)));
    let wanted = usize::try_from(end.saturating_sub(offset));
    let (Ok(start), Ok(wanted)) = (start, wanted) else { return Err(Error::Seal(id)) };
    if bytes.len() < start.saturating_add(wanted) {
        return Err(Error::Seal(id));
    }
    bytes.drain(..start);
    bytes.truncate(wanted);
    Ok(bytes)
}

/// Erases a payload: its bytes and the key that opens them. Its row stays, with length and digests.
/// Erasing twice is erasing once.
///
/// # Errors
/// [`Error::NoPayload`] if there is none that is kept.
pub fn erase(tx: &mut dyn Tx, id: PayloadId) -> Result<()> {
    let now = tx.now();
    let erased = tx.run(
        "UPDATE payload SET state = 'erased', erased = ?2, key_id = NULL, wrapped_key = NULL
         WHERE id = ?1 AND state = 'kept'",
        values![id, now],
    )?;
    if erased == 0 {
        return match find(tx, id) {
            Err(Error::Erased(_)) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(Error::NoPayload(id)),
        };
    }
    tx.run("DELETE FROM payload_chunk WHERE payload = ?1", values![id])?;
    Ok(())
}

/// Deletes some of the payloads that nobody kept and that were begun before a time. Returns how many.
pub(super) fn sweep(tx: &mut dyn Tx, before: i64) -> Result<u64> {
    let loose = tx.rows(
        "SELECT id FROM payload WHERE state IN ('writing', 'sealed') AND created < ?1 ORDER BY created LIMIT ?2",
        values![before, SWEEP],
    )?;
    for row in &loose {
        discard(tx, row.payload("id")?)?;
    }
    Ok(loose.len() as u64)
}

/// Deletes a payload that nobody kept.
fn discard(tx: &mut dyn Tx, id: PayloadId) -> Result<()> {
    tx.run(
        "DELETE FROM payload_chunk WHERE payload IN
             (SELECT id FROM payload WHERE id = ?1 AND state IN ('writing', 'sealed'))",
        values![id],
    )?;
    tx.run("DELETE FROM payload WHERE id = ?1 AND state IN ('writing', 'sealed')", values![id])?;
    Ok(())
}

/// Whether every master key is there that a payload is sealed under.
pub(super) fn keys_present(tx: &mut dyn Tx) -> Result<()> {
    let mut after = String::new();
    // One look into the index for each key, not one for each payload.
    while let Some(id) = tx
        .first("SELECT min(key_id) AS id FROM payload WHERE key_id > ?1", values![&after])?
        .and_then(|row| row.maybe_text("id").transpose().map(|id| id.map(str::to_owned)))
        .transpose()?
    {
        tx.vault().keys().find(&id)?;
        after = id;
    }
    Ok(())
}

impl Store {
    /// Begins a payload. What is written to it goes to the disk chunk by chunk. It blocks: write to it on a
    /// thread that may.
    ///
    /// # Errors
    /// [`Error::Crypto`].
    pub fn payload_writer(&self) -> Result<PayloadWriter> {
        PayloadWriter::new(self.clone())
    }

    /// Reads a payload from its beginning, chunk by chunk; nothing is held open between them. It blocks: call
    /// it and read from it on a thread that may, and not in a work.
    ///
    /// # Errors
    /// [`Error::NoPayload`], [`Error::Erased`], [`Error::Seal`].
    pub fn payload_reader(&self, id: PayloadId) -> Result<PayloadReader> {
        PayloadReader::new(self.clone(), id)
    }

    /// [`span`], in a reading work of its own.
    ///
    /// # Errors
    /// As [`span`].
    pub async fn payload_span(&self, id: PayloadId, offset: u64, length: u64) -> Result<Vec<u8>> {
        self.read(move |tx| span(tx, id, offset, length)).await
    }

    /// Wraps the data keys of all payloads under the newest master key. Chunks are not touched. Where it was
    /// interrupted, the next call goes on.
    ///
    /// # Errors
    /// Why it could not go on.
    pub async fn rewrap(&self) -> Result<Rewrapped> {
        let mut total = Rewrapped::default();
        let mut after = String::new();
        while let Some(last) = {
            let (from, mut so_far) = (after.clone(), std::mem::take(&mut total));
            let (last, so_far) = self.write(move |tx| Ok((rewrap(tx, &from, &mut so_far)?, so_far))).await?;
            total = so_far;
            last
        } {
            after = last;
        }
        Ok(total)
    }
}

/// What became of [`Store::rewrap`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rewrapped {
    /// Data keys that were wrapped anew.
    pub keys: u64,
    /// Payloads whose key could not be opened, which are left as they are; the first hundred.
    pub damaged: Vec<PayloadId>,
}

/// Wraps some keys anew, those of payloads after `after`. Returns the last of them; `None` if there are no more.
fn rewrap(tx: &mut dyn Tx, after: &str, so_far: &mut Rewrapped) -> Result<Option<String>> {
    let newest = tx.vault().keys().newest()?.id.clone();
    let rows = tx.rows(
        "SELECT * FROM payload WHERE key_id <> ?1 AND id > ?2 ORDER BY id LIMIT ?3",
        values![newest, after, REWRAP],
    )?;
    for row in &rows {
        let sealed = sealed_of(row)?;
        match tx.vault().unwrap(row.text("key_id")?, row.blob("wrapped_key")?, &sealed) {
            Ok(key) => {
                let (key_id, wrapped) = tx.vault().wrap(&key, &sealed)?;
                tx.run(
                    "UPDATE payload SET key_id = ?2, wrapped_key = ?3 WHERE id = ?1",
                    values![sealed.id, key_id, wrapped],
                )?;
                so_far.keys = so_far.keys.saturating_add(1);
            }
            Err(Error::Seal(id)) if so_far.damaged.len() < NAMED => so_far.damaged.push(id),
            Err(Error::Seal(_)) => {}
            Err(error) => return Err(error),
        }
    }
    rows.last().map(|row| row.text("id").map(str::to_owned)).transpose()
}

/// A payload and the key that opens it.
struct Opened {
    sealed: Sealed,
    key: DataKey,
}

impl Opened {
    /// How many chunks it has. Its length is under seal, so this is too.
    fn chunks(&self) -> u64 {
        self.sealed.length.div_ceil(CHUNK as u64).max(1)
    }

    /// Opens a row of `payload_chunk`, which must be the chunk of that number.
    fn chunk(&self, row: &Row, number: u64) -> Result<Vec<u8>> {
        let altered = || Error::Seal(self.sealed.id);
        if row.count("number")? != number {
            return Err(altered());
        }
        let last = number.saturating_add(1) == self.chunks();
        let place = Place { payload: self.sealed.id, number, last };
        let chunk = self.key.open(place, row.blob("sealed")?.to_vec())?;
        let wanted = self.sealed.length.saturating_sub(number.saturating_mul(CHUNK as u64)).min(CHUNK as u64);
        if chunk.len() as u64 == wanted { Ok(chunk) } else { Err(altered()) }
    }
}

fn open(tx: &mut dyn Tx, id: PayloadId) -> Result<Opened> {
    let row = row(tx, id)?;
    let sealed = sealed_of(&row)?;
    let key = tx.vault().unwrap(row.text("key_id")?, row.blob("wrapped_key")?, &sealed)?;
    Ok(Opened { sealed, key })
}

fn row(tx: &mut dyn Tx, id: PayloadId) -> Result<Row> {
    let row = tx.first("SELECT * FROM payload WHERE id = ?1", values![id])?.ok_or(Error::NoPayload(id))?;
    match row.text("state")? {
        "sealed" | "kept" => Ok(row),
        "erased" => Err(Error::Erased(id)),
        _ => Err(Error::NoPayload(id)),
    }
}

fn sealed_of(row: &Row) -> Result<Sealed> {
    Ok(Sealed {
        id: row.payload("id")?,
        length: row.count("length")?,
        sha1: row.bytes("sha1")?,
        sha256: row.bytes("sha256")?,
    })
}

fn begin(tx: &mut dyn Tx, id: PayloadId) -> Result<()> {
    let now = tx.now();
    tx.run("INSERT INTO payload (id, state, created) VALUES (?1, 'writing', ?2)", values![id, now]).map(drop)
}

fn add(tx: &mut dyn Tx, id: PayloadId, number: u64, sealed: &[u8]) -> Result<()> {
    tx.run("INSERT INTO payload_chunk (payload, number, sealed) VALUES (?1, ?2, ?3)", values![id, int(number)?, sealed])
        .map(drop)
}

fn finish(tx: &mut dyn Tx, sealed: &Sealed, key: &DataKey) -> Result<()> {
    let (key_id, wrapped) = tx.vault().wrap(key, sealed)?;
    let finished = tx.run(
        "UPDATE payload SET state = 'sealed', length = ?2, sha1 = ?3, sha256 = ?4, key_id = ?5, wrapped_key = ?6
         WHERE id = ?1 AND state = 'writing'",
        values![sealed.id, int(sealed.length)?, &sealed.sha1, &sealed.sha256, key_id, wrapped],
    )?;
    if finished == 1 { Ok(()) } else { Err(Error::NoPayload(sealed.id)) }
}

fn int(value: u64) -> Result<i64> {
    i64::try_from(value).map_err(|_| Error::Invalid("a payload cannot be that long"))
}

fn sha1(bytes: &[u8]) -> [u8; 20] {
    fixed(&digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes))
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    fixed(&digest::digest(&digest::SHA256, bytes))
}

/// A digest as an array. The lengths are those of the algorithms, so nothing is ever cut or left zero.
pub(super) fn fixed<const N: usize>(digest: &digest::Digest) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    bytes
}
