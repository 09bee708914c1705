//! Large bodies out: made on a thread that may block, and sent while they are made.

use std::io::{self, Write};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::mpsc;

use super::{Api, error::ApiError};

/// Bytes that are sent at once.
const PIECE: usize = 64 << 10;
/// Pieces that wait for a slow reader.
const WAITING: usize = 4;

/// What the making thread says.
enum Said {
    Piece(Bytes),
    Failed(ApiError),
}

/// Answers with what `make` writes. An error before the first piece is an answer of its own; after that it breaks
/// the body off, which the reader sees, since the last piece is missing.
///
/// # Errors
/// What `make` gives before anything was sent; 503 if too many are being sent.
pub(super) async fn answer(
    api: &Api,
    make: impl FnOnce(&mut dyn Write) -> Result<(), ApiError> + Send + 'static,
) -> Result<Response, ApiError> {
    let permit = std::sync::Arc::clone(&api.streaming).try_acquire_owned().map_err(|_| ApiError::overloaded())?;
    let (to, mut from) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let mut output = Pieces { to, piece: Vec::with_capacity(PIECE) };
        let made = make(&mut output).and_then(|()| output.send().map_err(|_| ApiError::internal()));
        if let Err(error) = made {
            // If nobody listens any more, nobody needs to know.
            let _ = output.to.blocking_send(Said::Failed(error));
        }
    });
    let first = match from.recv().await {
        Some(Said::Failed(error)) => return Err(error),
        Some(Said::Piece(piece)) => Some(piece),
        None => None,
    };
    let rest = stream::unfold((first, from), async |(first, mut from)| {
        let piece = match first {
            Some(piece) => Ok(piece),
            None => match from.recv().await? {
                Said::Piece(piece) => Ok(piece),
                Said::Failed(_) => Err(io::Error::other("it could not be read to its end")),
            },
        };
        Some((piece, (None, from)))
    });
    Ok(Response::new(Body::from_stream(rest)))
}

struct Pieces {
    to: mpsc::Sender<Said>,
    piece: Vec<u8>,
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.to.blocking_send(Said::Piece(piece.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = PIECE.saturating_sub(self.piece.len());
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.piece.extend_from_slice(taken);
        if self.piece.len() >= PIECE {
            self.send()?;
        }
        Ok(taken.len())
    }

    /// Does nothing: pieces go when they are full, so that an early error is still told as one.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
