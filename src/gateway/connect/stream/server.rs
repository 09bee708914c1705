//! The side that is called.

use std::{
    io::{self, Read},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    task::spawn_blocking,
    time::{timeout, timeout_at},
};
use tokio_util::{codec::Decoder, sync::CancellationToken};

use super::{CHANNEL, CHUNK, ServerSettings, span, ta1};
use crate::{
    gateway::{
        connect::{Arrival, Body, Caller, Peer, Proof, Service, ServiceError, Spool, Spooled},
        tls::Acceptor,
    },
    x12::{self, InterchangePieces, Piece},
};

/// How long, and how many bytes, what a caller still sends is passed over after the last answer: if the connection were
/// cut at once the answer could be lost with it.
const LINGER: Duration = Duration::from_secs(5);
const LINGER_BYTES: u64 = 64 << 20;

/// Takes interchanges from callers.
#[derive(Clone)]
pub struct StreamServer {
    service: Arc<dyn Service>,
    settings: ServerSettings,
    spool: PathBuf,
}

/// Why a connection ends, other than that it is over.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("the caller was silent for too long")]
    Idle,
    #[error("the caller was too slow")]
    Slow,
    #[error("{0}")]
    NotX12(x12::Error),
    #[error("the gateway did not take an interchange: {0}")]
    NotTaken(ServiceError),
    #[error("the connection failed: {0}")]
    Connection(io::Error),
    #[error("an interchange could not be kept: {0}")]
    Spool(io::Error),
}

impl StreamServer {
    /// A server that keeps interchanges in the folder `spool` while they come.
    pub fn new(service: Arc<dyn Service>, settings: ServerSettings, spool: impl Into<PathBuf>) -> Self {
        Self { service, settings, spool: spool.into() }
    }

    /// Serves callers until `stop`. Then interchanges that have begun may come to their end, and are answered; new ones
    /// are not taken.
    pub async fn serve(self, acceptor: Acceptor, stop: CancellationToken) {
        let server = Arc::new(self);
        let handle = {
            let stop = stop.clone();
            move |stream, peer| {
                let (server, stop) = (Arc::clone(&server), stop.clone());
                async move { server.connection(stream, peer, stop).await }
            }
        };
        acceptor.serve(stop, handle).await;
    }

    /// One connection, from its first byte to its last.
    pub(super) async fn connection<S>(&self, mut stream: S, peer: Peer, stop: CancellationToken)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let address = peer.address;
        let caller = match &peer.certificate {
            Some(sha256) => self.service.authenticate(&peer, Proof::Certificate { sha256 }).await,
            None => None,
        };
        let Some(caller) = caller else {
            tracing::info!(%address, "stream: a caller whose certificate belongs to no partner");
            return close(&mut stream).await;
        };
        let mut connection = Connection {
            server: self,
            stream,
            caller: &caller,
            buffer: BytesMut::new(),
            pieces: InterchangePieces::new(self.settings.limit),
            over: false,
            interchanges: 0,
        };
        let ended = connection.run(&stop).await;
        let (partner, interchanges) = (&caller.partner, connection.interchanges);
        match ended {
            Ok(()) => tracing::debug!(%partner, %address, interchanges, "stream: connection over"),
            Err(reason) => tracing::info!(%partner, %address, interchanges, %reason, "stream: connection ended"),
        }
        close(&mut connection.stream).await;
    }
}

struct Connection<'s, S> {
    server: &'s StreamServer,
    stream: S,
    caller: &'s Caller,
    buffer: BytesMut,
    pieces: InterchangePieces,
    /// Whether the caller will send no more.
    over: bool,
    /// How many interchanges have been answered.
    interchanges: u64,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<'_, S> {
    /// One interchange after another.
    async fn run(&mut self, stop: &CancellationToken) -> Result<(), Ended> {
        loop {
            let idle = span(self.server.settings.idle_timeout);
            let first = tokio::select! {
                biased;
                first = timeout(idle, self.begin()) => first.map_err(|_| Ended::Idle)??,
                () = stop.cancelled() => return Ok(()),
            };
            let Some((header, delimiters)) = first else { return Ok(()) };
            let isa = ta1::Isa::of(&header, delimiters);
            let until = tokio::time::Instant::now() + span(self.server.settings.interchange_timeout);
            let file = match timeout_at(until, self.interchange()).await.map_err(|_| Ended::Slow)? {
                Ok(file) => file,
                Err(ended) => {
                    if matches!(ended, Ended::NotX12(x12::Error::InterchangeTooLarge { .. })) {
                        self.write(&ta1::refusal(&isa, "024")).await?;
                    }
                    return Err(ended);
                }
            };
            self.answer(&isa, file).await?;
            self.interchanges = self.interchanges.saturating_add(1);
            if stop.is_cancelled() {
                return Ok(());
            }
        }
    }

    /// The ISA of the next interchange; none if there is none.
    async fn begin(&mut self) -> Result<Option<(Bytes, x12::Delimiters)>, Ended> {
        loop {
            match self.piece()? {
                Some(Piece::Begin { header, delimiters, .. }) => return Ok(Some((header, delimiters))),
                Some(_) => {}
                None if self.over => return Ok(None),
                None => self.read().await?,
            }
        }
    }

    /// The rest of an interchange, into a file.
    async fn interchange(&mut self) -> Result<Spooled, Ended> {
        let (folder, limit) = (self.server.spool.clone(), self.server.settings.limit);
        let mut spool = blocking(move || Spool::create(&folder, limit)).await?;
        loop {
            match self.piece()? {
                Some(Piece::Bytes(bytes)) => {
                    spool = blocking(move || spool.write(&bytes).map(|()| spool)).await?;
                }
                Some(Piece::End { .. }) => return blocking(move || spool.finish()).await,
                Some(Piece::Begin { .. }) | None => {
                    let stall = span(self.server.settings.stall_timeout);
                    timeout(stall, self.read()).await.map_err(|_| Ended::Slow)??;
                }
            }
        }
    }

    /// Hands an interchange over, and sends what answers it.
    async fn answer(&mut self, isa: &ta1::Isa<'_>, file: Spooled) -> Result<(), Ended> {
        let (bytes, started) = (file.length, Instant::now());
        let arrival = Arrival { channel: CHANNEL, payload_id: None, content: None, name: None, file };
        let answer = self.server.service.answer(self.caller, arrival).await;
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (partner, number) = (&self.caller.partner, isa.key().number);
        tracing::info!(%partner, isa13 = %number, bytes, duration_ms, taken = answer.is_ok(), "stream: interchange");
        let note = match answer {
            Ok(Some(parcel)) => return self.send(&parcel.body).await,
            // agreed with the partner: never a TA1
            Ok(None) => return Ok(()),
            // no answer: it may come again
            Err(error @ ServiceError::Unavailable { .. }) => return Err(Ended::NotTaken(error)),
            Err(ServiceError::Duplicate) => "025",
            Err(ServiceError::Forbidden) => "006",
            Err(_) => "024",
        };
        self.write(&ta1::refusal(isa, note)).await
    }

    async fn send(&mut self, body: &Body) -> Result<(), Ended> {
        let opened = body.clone();
        let mut body = blocking(move || opened.open()).await?;
        loop {
            let bytes;
            (body, bytes) = blocking(move || read_chunk(body)).await?;
            if bytes.is_empty() {
                return Ok(());
            }
            self.write(&bytes).await?;
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        let stall = span(self.server.settings.stall_timeout);
        for part in bytes.chunks(CHUNK) {
            let written = async {
                self.stream.write_all(part).await?;
                self.stream.flush().await
            };
            timeout(stall, written).await.map_err(|_| Ended::Slow)?.map_err(Ended::Connection)?;
        }
        Ok(())
    }

    fn piece(&mut self) -> Result<Option<Piece>, Ended> {
        let piece =
            if self.over { self.pieces.decode_eof(&mut self.buffer) } else { self.pieces.decode(&mut self.buffer) };
        piece.map_err(Ended::NotX12)
    }

    async fn read(&mut self) -> Result<(), Ended> {
        self.buffer.reserve(CHUNK);
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(0) => self.over = true,
            Ok(_) => {}
            // many close the connection without a word; between interchanges nothing is lost by it
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && !self.pieces.is_within() => self.over = true,
            Err(error) => return Err(Ended::Connection(error)),
        }
        Ok(())
    }
}

/// Up to a chunk of what is stored; empty at its end.
pub(super) fn read_chunk(mut body: Box<dyn Read + Send>) -> io::Result<(Box<dyn Read + Send>, Vec<u8>)> {
    let mut bytes = Vec::with_capacity(CHUNK);
    Read::take(&mut body, CHUNK as u64).read_to_end(&mut bytes)?;
    Ok((body, bytes))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, Ended> {
    let done = spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(io::Error::other("the work was cut off"))).map_err(Ended::Spool)
}

/// Says that no more will come, and passes over what the caller still sends.
async fn close<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    let closed = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await
    };
    // whatever comes of it, the connection is over
    let _ = timeout(LINGER, closed).await;
}
