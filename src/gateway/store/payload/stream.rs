//! Payloads in and out, chunk by chunk.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    sync::Arc,
};

use aws_lc_rs::digest;

use super::{Opened, PayloadId, Sealed, add, begin, discard, finish, fixed, int, open};
use crate::gateway::store::{
    Error, Result, Row, Store, Tx,
    seal::{CHUNK, DataKey, Place},
    values,
    work::work,
};

/// Chunks that go to the disk, or come from it, together: a megabyte.
const TOGETHER: usize = 4;

/// Writes a payload. Nothing of it counts until it is [finished](Self::finish) and then [kept](super::keep);
/// dropped before, it is deleted.
pub struct PayloadWriter {
    store: Store,
    id: PayloadId,
    key: Arc<DataKey>,
    sha1: digest::Context,
    sha256: digest::Context,
    length: u64,
    /// The chunk being filled. It is sealed when a byte comes after it, since only then it is known not to be the last.
    chunk: Vec<u8>,
    /// Its number.
    number: u64,
    /// Sealed chunks that are not on the disk yet.
    sealed: Vec<(u64, Vec<u8>)>,
    begun: bool,
    broken: bool,
    finished: bool,
}

impl PayloadWriter {
    pub(super) fn new(store: Store) -> Result<Self> {
        Ok(Self {
            store,
            id: PayloadId::new(),
            key: Arc::new(DataKey::random()?),
            sha1: digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            sha256: digest::Context::new(&digest::SHA256),
            length: 0,
            chunk: Vec::new(),
            number: 0,
            sealed: Vec::new(),
            begun: false,
            broken: false,
            finished: false,
        })
    }

    /// The payload's id.
    pub fn id(&self) -> PayloadId {
        self.id
    }

    /// Bytes written so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Ends the payload. All its bytes are on the disk when this returns. It blocks.
    ///
    /// # Errors
    /// Why it could not be stored; it is deleted then.
    pub fn finish(mut self) -> Result<Sealed> {
        self.seal_chunk(true)?;
        let sealed = Sealed {
            id: self.id,
            length: self.length,
            sha1: fixed(&self.sha1.clone().finish()),
            sha256: fixed(&self.sha256.clone().finish()),
        };
        let (key, last) = (self.key.clone(), sealed.clone());
        self.store_chunks(move |tx| finish(tx, &last, &key))?;
        self.finished = true;
        Ok(sealed)
    }

    /// Seals the chunk at hand and begins the next.
    fn seal_chunk(&mut self, last: bool) -> Result<()> {
        let place = Place { payload: self.id, number: self.number, last };
        self.sealed.push((self.number, self.key.seal(place, &self.chunk)?));
        self.chunk.clear();
        self.number = self.number.saturating_add(1);
        Ok(())
    }

    /// Brings sealed chunks to the disk, and does what is to be done with them.
    fn store_chunks(&mut self, then: impl FnOnce(&mut dyn Tx) -> Result<()> + Send + 'static) -> Result<()> {
        let (id, begun) = (self.id, std::mem::replace(&mut self.begun, true));
        let chunks = std::mem::take(&mut self.sealed);
        // Chunks that did not get to the disk are gone: a payload that went on without them could not be read.
        if std::mem::replace(&mut self.broken, true) {
            return Err(Error::NoPayload(id));
        }
        self.store.write_blocking(move |tx| {
            if !begun {
                begin(tx, id)?;
            }
            for (number, sealed) in &chunks {
                add(tx, id, *number, sealed)?;
            }
            then(tx)
        })?;
        self.broken = false;
        Ok(())
    }
}

/// Writing takes all bytes or fails; after a failure the payload is lost and cannot be finished.
impl Write for PayloadWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK && !bytes.is_empty() {
            self.seal_chunk(false)?;
            if self.sealed.len() >= TOGETHER {
                self.store_chunks(|_| Ok(()))?;
            }
        }
        let room = CHUNK.saturating_sub(self.chunk.len());
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.chunk.extend_from_slice(taken);
        self.sha1.update(taken);
        self.sha256.update(taken);
        self.length = self.length.saturating_add(taken.len() as u64);
        Ok(taken.len())
    }

    /// Does nothing: a chunk goes to the disk when it is full.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for PayloadWriter {
    fn drop(&mut self) {
        if self.begun && !self.finished {
            let id = self.id;
            // Where there is no place to wait in, the payload waits to be swept.
            let (waiting, _) = work::<(), Error, _>(move |tx| discard(tx, id));
            let _ = self.store.inner.writes.as_ref().map(|writes| writes.try_send(waiting));
        }
    }
}

impl std::fmt::Debug for PayloadWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PayloadWriter").field("id", &self.id).field("length", &self.length).finish_non_exhaustive()
    }
}

/// Reads a payload from its beginning. What it gives has been checked against its seal.
pub struct PayloadReader {
    store: Store,
    opened: Opened,
    /// The number of the next chunk to open.
    next: u64,
    /// Chunks that were read and are still sealed.
    sealed: VecDeque<Row>,
    chunk: Vec<u8>,
    /// How much of the chunk was given.
    given: usize,
}

impl PayloadReader {
    pub(super) fn new(store: Store, id: PayloadId) -> Result<Self> {
        let opened = store.read_blocking(move |tx| open(tx, id))?;
        Ok(Self { store, opened, next: 0, sealed: VecDeque::new(), chunk: Vec::new(), given: 0 })
    }

    /// What is being read: length and digests.
    pub fn sealed(&self) -> &Sealed {
        &self.opened.sealed
    }

    fn next_chunk(&mut self) -> Result<()> {
        let id = self.opened.sealed.id;
        if self.sealed.is_empty() {
            let from = int(self.next)?;
            self.sealed = self.store.read_blocking(move |tx| {
                super::find(tx, id)?;
                tx.rows(
                    "SELECT number, sealed FROM payload_chunk WHERE payload = ?1 AND number >= ?2 ORDER BY number LIMIT ?3",
                    values![id, from, TOGETHER as i64],
                )
                .map(VecDeque::from)
            })?;
        }
        let row = self.sealed.pop_front().ok_or(Error::Seal(id))?;
        self.chunk = self.opened.chunk(&row, self.next)?;
        self.given = 0;
        self.next = self.next.saturating_add(1);
        Ok(())
    }
}

impl Read for PayloadReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.given == self.chunk.len() {
            if self.next >= self.opened.chunks() {
                return Ok(0);
            }
            self.next_chunk()?;
        }
        let mut rest = self.chunk.get(self.given..).unwrap_or_default();
        let given = rest.read(buffer)?;
        self.given = self.given.saturating_add(given);
        Ok(given)
    }
}

impl std::fmt::Debug for PayloadReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PayloadReader").field("sealed", &self.opened.sealed).finish_non_exhaustive()
    }
}
