//! Large bodies in: kept in memory while they are short, and in a file without a name beyond that.

use std::{
    io::{Cursor, Read, Seek},
    path::Path,
};

use aws_lc_rs::digest;
use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
};
use futures_util::StreamExt;
use tokio::{
    io::AsyncWriteExt,
    time::{Instant, timeout, timeout_at},
};

use super::{ApiOptions, error::ApiError};

/// Bytes of a body that are kept in memory.
const IN_MEMORY: usize = 1 << 20;

/// A body that came in whole.
pub(super) struct Kept {
    bytes: Bytes,
    pub(super) sha256: [u8; 32],
}

enum Bytes {
    Memory(Cursor<Vec<u8>>),
    File(std::fs::File),
}

impl Kept {
    /// Takes a body in.
    ///
    /// # Errors
    /// 413 if it is longer than is taken, 408 if it does not come, 400 if it breaks off.
    pub(super) async fn of(
        headers: &HeaderMap,
        body: Body,
        options: &ApiOptions,
        folder: &Path,
    ) -> Result<Self, ApiError> {
        let stated = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if stated.is_some_and(|length| length > options.longest_body) {
            return Err(too_long(options.longest_body));
        }
        let (mut memory, mut file) = (Vec::new(), None);
        let (mut hash, mut length) = (digest::Context::new(&digest::SHA256), 0_u64);
        let mut pieces = body.into_data_stream();
        let end = Instant::now() + options.body_time;
        loop {
            let piece = timeout_at(end, timeout(options.body_pause, pieces.next())).await;
            let Ok(Ok(piece)) = piece else {
                let message = "the body did not come in time";
                return Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "too_slow", message));
            };
            let Some(piece) = piece else { break };
            let broken = |_| ApiError::new(StatusCode::BAD_REQUEST, "incomplete", "the body broke off");
            let piece = piece.map_err(broken)?;
            length = length.saturating_add(piece.len() as u64);
            if length > options.longest_body {
                return Err(too_long(options.longest_body));
            }
            hash.update(&piece);
            if file.is_none() && memory.len().saturating_add(piece.len()) > IN_MEMORY {
                let mut opened = tokio::fs::File::from_std(tempfile::tempfile_in(folder).map_err(failed)?);
                opened.write_all(&std::mem::take(&mut memory)).await.map_err(failed)?;
                file = Some(opened);
            }
            match &mut file {
                Some(file) => file.write_all(&piece).await.map_err(failed)?,
                None => memory.extend_from_slice(&piece),
            }
        }
        let bytes = match file {
            Some(mut file) => {
                file.flush().await.map_err(failed)?;
                let mut file = file.into_std().await;
                file.rewind().map_err(failed)?;
                Bytes::File(file)
            }
            None => Bytes::Memory(Cursor::new(memory)),
        };
        let mut sha256 = [0; 32];
        sha256.iter_mut().zip(hash.finish().as_ref()).for_each(|(to, from)| *to = *from);
        Ok(Self { bytes, sha256 })
    }
}

/// Reading blocks.
impl Read for Kept {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match &mut self.bytes {
            Bytes::Memory(bytes) => bytes.read(into),
            Bytes::File(file) => file.read(into),
        }
    }
}

fn too_long(most: u64) -> ApiError {
    let message = format!("the body is longer than {most} bytes");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message).hint("send it in parts")
}

fn failed(error: std::io::Error) -> ApiError {
    tracing::error!(%error, "a body could not be kept");
    match error.kind() {
        std::io::ErrorKind::StorageFull => crate::gateway::store::Error::Full.into(),
        _ => ApiError::internal(),
    }
}
