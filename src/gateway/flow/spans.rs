//! Lines of JSON, read from the payloads that hold many of them.

use std::io::{BufReader, Read, copy, sink};

use crate::gateway::store::{
    Result, Store,
    payload::{PayloadId, PayloadReader},
};

/// Reads lines, which mostly follow each other in one payload: it is opened once for all that do.
pub(super) struct Spans<'s> {
    store: &'s Store,
    open: Option<(PayloadId, u64, BufReader<PayloadReader>)>,
}

impl<'s> Spans<'s> {
    pub(super) fn new(store: &'s Store) -> Self {
        Self { store, open: None }
    }

    /// Bytes of a payload.
    pub(super) fn read(&mut self, payload: PayloadId, offset: u64, length: u64) -> std::io::Result<Vec<u8>> {
        let usable = self.open.as_ref().is_some_and(|(id, at, _)| *id == payload && *at <= offset);
        if !usable {
            self.open = Some((payload, 0, self.begin(payload)?));
        }
        let Some((_, at, reader)) = &mut self.open else { return Ok(Vec::new()) };
        *at += copy(&mut reader.take(offset - *at), &mut sink())?;
        let mut bytes = Vec::new();
        *at += reader.take(length).read_to_end(&mut bytes)? as u64;
        match bytes.len() as u64 == length {
            true => Ok(bytes),
            false => Err(std::io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn begin(&self, payload: PayloadId) -> Result<BufReader<PayloadReader>> {
        Ok(BufReader::new(self.store.payload_reader(payload)?))
    }
}
