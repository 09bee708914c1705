//! The bytes of a message as they come, and the parts of a multipart among them.

use std::{io, path::PathBuf, pin::Pin, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use super::{Intake, IntakeError, blocking};
use crate::gateway::connect::{
    Spool, Spooled,
    core::mime::{self, Decoder, Event, Headers},
};

/// How many bytes are gathered before they are written to the payload's file.
pub(super) const FLUSH: usize = 256 * 1024;

/// The bytes of a message, counted and timed.
pub(super) struct Source<'a> {
    body: Pin<&'a mut (dyn Stream<Item = Result<Bytes, IntakeError>> + Send + 'a)>,
    idle: Duration,
    left: u64,
}

impl<'a> Source<'a> {
    pub fn new(
        body: Pin<&'a mut (dyn Stream<Item = Result<Bytes, IntakeError>> + Send + 'a)>,
        idle: Duration,
        limit: u64,
    ) -> Source<'a> {
        Source { body, idle, left: limit }
    }

    pub async fn next(&mut self) -> Result<Option<Bytes>, IntakeError> {
        let next = tokio::time::timeout(self.idle, self.body.next()).await;
        let Some(bytes) = next.map_err(|_| IntakeError::Slow)?.transpose()? else { return Ok(None) };
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(IntakeError::TooLarge)?;
        Ok(Some(bytes))
    }
}

/// The parts of a multipart, one after another.
pub(super) struct Parts {
    reader: mime::Reader,
}

impl Parts {
    pub fn new(boundary: &str) -> Result<Parts, IntakeError> {
        Ok(Parts { reader: mime::Reader::new(boundary)? })
    }

    async fn event(&mut self, source: &mut Source<'_>) -> Result<Option<Event>, IntakeError> {
        loop {
            if let Some(event) = self.reader.next()? {
                return Ok(Some(event));
            }
            match source.next().await? {
                Some(bytes) => self.reader.feed(&bytes),
                None => {
                    self.reader.end();
                    return Ok(self.reader.next()?);
                }
            }
        }
    }

    /// The headers of the next part. What was not taken of the last one is passed over.
    pub async fn next_part(&mut self, source: &mut Source<'_>) -> Result<Option<Headers>, IntakeError> {
        loop {
            match self.event(source).await? {
                Some(Event::Part(headers)) => return Ok(Some(headers)),
                Some(Event::Data(_) | Event::End) => {}
                None => return Ok(None),
            }
        }
    }

    /// The bytes of a part, decoded.
    pub async fn take_to_memory(
        &mut self,
        source: &mut Source<'_>,
        headers: &Headers,
        limit: usize,
    ) -> Result<Vec<u8>, IntakeError> {
        let mut decoder = Decoder::of(headers.value("Content-Transfer-Encoding"));
        let mut bytes = Vec::new();
        while let Some(Event::Data(piece)) = self.event(source).await? {
            if bytes.len().saturating_add(piece.len()) > limit {
                return Err(IntakeError::TooLarge);
            }
            decoder.decode(&piece, &mut bytes)?;
        }
        decoder.finish(&mut bytes)?;
        Ok(bytes)
    }

    /// The same, to a file.
    pub async fn take_to_file(
        &mut self,
        source: &mut Source<'_>,
        headers: &Headers,
        intake: &Intake,
    ) -> Result<Spooled, IntakeError> {
        let mut decoder = Decoder::of(headers.value("Content-Transfer-Encoding"));
        let mut file = Filling::new(intake);
        while let Some(Event::Data(piece)) = self.event(source).await? {
            decoder.decode(&piece, &mut file.pending)?;
            if file.pending.len() >= FLUSH {
                file = file.flush().await?;
            }
        }
        decoder.finish(&mut file.pending)?;
        file.finish().await
    }
}

/// A file that fills: what is gathered is written on a blocking thread, in large pieces.
struct Filling {
    spool: Option<Spool>,
    pending: Vec<u8>,
    folder: PathBuf,
    limit: u64,
}

impl Filling {
    fn new(intake: &Intake) -> Filling {
        Filling { spool: None, pending: Vec::new(), folder: intake.folder.clone(), limit: intake.limit }
    }

    async fn flush(self) -> io::Result<Filling> {
        let Filling { spool, mut pending, folder, limit } = self;
        blocking(move || {
            let mut spool = spool.map_or_else(|| Spool::create(&folder, limit), Ok)?;
            spool.write(&pending)?;
            pending.clear();
            Ok(Filling { spool: Some(spool), pending, folder, limit })
        })
        .await
    }

    async fn finish(self) -> Result<Spooled, IntakeError> {
        let spool = self.flush().await?.spool;
        Ok(spool.ok_or_else(|| io::Error::other("no file was made"))?.finish()?)
    }
}
