//! The side that calls.

use std::{io, path::PathBuf, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, split},
    net::TcpStream,
    task::spawn_blocking,
    time::{sleep, timeout},
};
use tokio_rustls::TlsConnector;
use tokio_util::codec::{Decoder, FramedRead};

use super::{LONGEST_ANSWER, PartnerSettings, server::read_chunk, span, ta1};
use crate::{
    gateway::{
        connect::{Parcel, Receipt, SendError, Spool, Spooled},
        tls,
    },
    x12::{self, InterchangeCodec, InterchangePieces, Piece},
};

/// Most interchanges of a file that are sent on one connection.
const MOST_INTERCHANGES: usize = 10_000;
/// Most bytes of all answers to a file.
const MOST_ANSWERS: u64 = 64 << 20;
/// Most warnings that are told of answers.
const MOST_WARNINGS: usize = 20;

/// Sends files to a partner that is called.
#[derive(Clone, Debug)]
pub struct StreamClient {
    settings: PartnerSettings,
    address: String,
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
    spool: PathBuf,
}

/// What has been sent, and what came of it.
struct Exchange {
    /// Interchanges that were sent whole, and the TA1 of each that has one.
    sent: Vec<(ta1::Key, Option<ta1::Ta1>)>,
    warnings: Vec<String>,
}

impl StreamClient {
    /// A client for a partner; `config` is [`tls::client`]'s. Answers are kept in the folder `spool`.
    ///
    /// # Errors
    /// [`tls::TlsError::Setting`] if the settings have no address that can be called.
    pub fn new(
        settings: PartnerSettings,
        config: Arc<ClientConfig>,
        spool: impl Into<PathBuf>,
    ) -> Result<Self, tls::TlsError> {
        let wrong = tls::TlsError::Setting { key: "stream.address", allowed: "HOST:PORT of a server to call" };
        let Some(address) = settings.address.clone() else { return Err(wrong) };
        let Some((host, port)) = address.rsplit_once(':') else { return Err(wrong) };
        if port.parse::<u16>().is_err() {
            return Err(wrong);
        }
        let name = tls::server_name(host.trim_start_matches('[').trim_end_matches(']'))?;
        Ok(Self { settings, address, name, config, spool: spool.into() })
    }

    /// Sends a file, and waits for the TA1 of each of its interchanges. The TA1s are the receipt's answer.
    ///
    /// # Errors
    /// - [`SendError::Temporary`]: nothing of it can have arrived.
    /// - [`SendError::Refused`]: it is no X12, or all TA1s that came reject; the code is TA105 of the first. `025`
    ///   (duplicate) after an earlier [`SendError::Unknown`] says that the partner has it already.
    /// - [`SendError::Unknown`]: the connection ended, or the time was over, before all TA1s had come.
    pub async fn submit(&self, parcel: &Parcel) -> Result<Receipt, SendError> {
        let temporary = |reason: String| SendError::Temporary { reason, retry_after: None };
        let connect = async {
            let stream = TcpStream::connect(&self.address).await?;
            stream.set_nodelay(true)?;
            TlsConnector::from(Arc::clone(&self.config)).connect(self.name.clone(), stream).await
        };
        let stream = match timeout(span(self.settings.connect_timeout), connect).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(temporary(format!("no connection to {}: {error}", self.address))),
            Err(_) => return Err(temporary(format!("no connection to {} in time", self.address))),
        };
        self.exchange(stream, parcel).await
    }

    /// The same on a connection that is there.
    pub(super) async fn exchange<S>(&self, stream: S, parcel: &Parcel) -> Result<Receipt, SendError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let folder = self.spool.clone();
        let spool = spawn_blocking(move || Spool::create(&folder, MOST_ANSWERS)).await;
        let mut spool = spool.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|error| {
            SendError::Temporary { reason: format!("answers cannot be kept: {error}"), retry_after: None }
        })?;

        let (reading, mut writing) = split(stream);
        let mut answers = FramedRead::new(reading, InterchangeCodec::new(LONGEST_ANSWER));
        let mut exchange = Exchange { sent: Vec::new(), warnings: Vec::new() };
        let (mut sent, mut early) = (Vec::new(), Vec::new());
        let mut ended = None;
        let outcome = {
            let mut sending = std::pin::pin!(self.send(parcel, &mut writing, &mut sent));
            // TA1s come while we send: who does not take them may be waited for by who sends them
            loop {
                tokio::select! {
                    done = &mut sending => break done,
                    answer = answers.next(), if ended.is_none() => match answer {
                        Some(Ok(answer)) if early.len() < MOST_INTERCHANGES => early.push(answer.bytes),
                        Some(Ok(_)) => ended = Some(Over::TooMany),
                        Some(Err(error)) => ended = Some(Over::of(error)),
                        None => ended = Some(Over::Closed),
                    },
                }
            }
        };
        exchange.sent = sent.into_iter().map(|key| (key, None)).collect();
        for answer in early {
            exchange.take(&answer, &mut spool);
        }
        while ended.is_none() {
            match &outcome {
                Ok(()) if !exchange.is_answered() => {}
                // it may still hold the TA1 that says why
                Err(Stopped::Connection(_)) => {}
                _ => break,
            }
            let next = tokio::select! {
                next = answers.next() => next,
                () = sleep(span(self.settings.answer_timeout)) => {
                    ended = Some(Over::Late);
                    continue;
                }
            };
            match next {
                Some(Ok(answer)) => exchange.take(&answer.bytes, &mut spool),
                Some(Err(error)) => ended = Some(Over::of(error)),
                None => ended = Some(Over::Closed),
            }
        }
        // the TA1s are there; how the connection ends does not matter
        let _ = timeout(span(self.settings.stall_timeout), writing.shutdown()).await;
        exchange.conclude(outcome, ended, spool)
    }

    /// Sends the file, and notes which interchanges have begun.
    async fn send<W>(&self, parcel: &Parcel, writing: &mut W, sent: &mut Vec<ta1::Key>) -> Result<(), Stopped>
    where
        W: AsyncWrite + Unpin,
    {
        let stored = |error: io::Error| Stopped::Stored(error.to_string());
        let cut = |_| Stopped::Stored("the work was cut off".to_owned());
        let opened = parcel.body.clone();
        let mut body = spawn_blocking(move || opened.open()).await.map_err(cut)?.map_err(stored)?;
        let (mut pieces, mut buffer, mut over) = (InterchangePieces::new(u64::MAX), BytesMut::new(), false);
        loop {
            let piece = if over { pieces.decode_eof(&mut buffer) } else { pieces.decode(&mut buffer) };
            match piece.map_err(|error| Stopped::NotX12(error.to_string()))? {
                Some(Piece::Begin { header, delimiters, .. }) => {
                    if sent.len() >= MOST_INTERCHANGES {
                        return Err(Stopped::NotX12(format!("it has more than {MOST_INTERCHANGES} interchanges")));
                    }
                    sent.push(ta1::Isa::of(&header, delimiters).key());
                }
                Some(Piece::Bytes(bytes)) => self.write(writing, bytes).await?,
                Some(Piece::End { .. }) => {}
                None if over => break,
                None => {
                    let bytes;
                    (body, bytes) = spawn_blocking(move || read_chunk(body)).await.map_err(cut)?.map_err(stored)?;
                    over = bytes.is_empty();
                    buffer.extend_from_slice(&bytes);
                }
            }
        }
        if sent.is_empty() {
            return Err(Stopped::NotX12("there is no interchange in it".to_owned()));
        }
        Ok(())
    }

    async fn write<W: AsyncWrite + Unpin>(&self, writing: &mut W, bytes: Bytes) -> Result<(), Stopped> {
        let written = async {
            writing.write_all(&bytes).await?;
            writing.flush().await
        };
        match timeout(span(self.settings.stall_timeout), written).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Stopped::Connection(error.to_string())),
            Err(_) => Err(Stopped::Connection("the partner took nothing for too long".to_owned())),
        }
    }
}

/// Why sending ended before the file did.
enum Stopped {
    /// Our file cannot be sent this way.
    NotX12(String),
    /// Our file cannot be read.
    Stored(String),
    /// The connection failed.
    Connection(String),
}

/// Why no more answers come.
#[derive(Debug, thiserror::Error)]
enum Over {
    /// The handshake was not over when we thought so (TLS 1.3): nothing was taken.
    #[error("the partner does not let us in: {0}")]
    NotLetIn(io::Error),
    #[error("what came is no answer: {0}")]
    NoAnswer(x12::Error),
    #[error("the partner closed the connection")]
    Closed,
    #[error("no TA1 came in time")]
    Late,
    #[error("more answers came than interchanges are sent")]
    TooMany,
}

impl Over {
    fn of(error: x12::Error) -> Self {
        match error {
            x12::Error::Io(error) if tls::is_not_let_in(&error) => Self::NotLetIn(error),
            error => Self::NoAnswer(error),
        }
    }
}

impl Exchange {
    fn is_answered(&self) -> bool {
        self.sent.iter().all(|(_, ta1)| ta1.is_some())
    }

    /// Takes note of an answer, and keeps it.
    fn take(&mut self, answer: &[u8], spool: &mut Spool) {
        if let Err(error) = spool.write(answer) {
            self.warn(format!("an answer could not be kept: {error}"));
        }
        let ta1s = ta1::read(answer);
        if ta1s.is_empty() {
            self.warn("an answer came that holds no TA1".to_owned());
        }
        for ta1 in ta1s {
            let mut open = self.sent.iter_mut().filter(|(_, answered)| answered.is_none());
            let exact = open.find(|(key, _)| *key == ta1.key).map(|(_, answered)| answered);
            match exact {
                Some(answered) => *answered = Some(ta1),
                None => {
                    // some repeat the number alone as it was
                    let mut open = self.sent.iter_mut().filter(|(_, answered)| answered.is_none());
                    let number = ta1.key.number.clone();
                    match open.find(|(key, _)| key.number == number) {
                        Some((_, answered)) => {
                            *answered = Some(ta1);
                            self.warn(format!("the TA1 for {number} has another date or time than was sent"));
                        }
                        None => self.warn(format!("a TA1 came for {number}, which was not sent")),
                    }
                }
            }
        }
    }

    fn warn(&mut self, warning: String) {
        if self.warnings.len() < MOST_WARNINGS {
            self.warnings.push(warning);
        }
    }

    /// What to say of it all.
    fn conclude(
        mut self,
        outcome: Result<(), Stopped>,
        ended: Option<Over>,
        spool: Spool,
    ) -> Result<Receipt, SendError> {
        let answered: Vec<&ta1::Ta1> = self.sent.iter().filter_map(|(_, ta1)| ta1.as_ref()).collect();
        let rejected: Vec<&&ta1::Ta1> = answered.iter().filter(|ta1| ta1.rejects()).collect();
        let (of, taken) = (self.sent.len(), answered.len().saturating_sub(rejected.len()));
        if let (Some(first), 0) = (rejected.first(), taken) {
            let reason = format!("TA1 rejects interchange {}; {} of {of} rejected", first.key.number, rejected.len());
            return Err(SendError::Refused {
                code: first.note.clone(),
                reason,
                answer: spool.finish().ok().map(Arc::new),
            });
        }
        let missing = of.saturating_sub(answered.len());
        if let Err(Stopped::NotX12(reason)) = outcome {
            return Err(SendError::Refused { code: "x12".to_owned(), reason, answer: None });
        }
        if outcome.is_err() || missing > 0 {
            let nothing_arrived = of == 0 || answered.is_empty() && matches!(ended, Some(Over::NotLetIn(_)));
            let reason = match (ended, outcome) {
                (Some(ended), _) => ended.to_string(),
                (None, Err(Stopped::Stored(reason) | Stopped::Connection(reason) | Stopped::NotX12(reason))) => reason,
                (None, Ok(())) => Over::Closed.to_string(),
            };
            return Err(if nothing_arrived {
                SendError::Temporary { reason, retry_after: None }
            } else {
                SendError::Unknown { reason: format!("{reason}; {missing} of {of} interchanges have no TA1") }
            });
        }
        let rejections: Vec<String> = rejected
            .iter()
            .map(|ta1| format!("interchange {} was rejected with {}", ta1.key.number, ta1.note))
            .collect();
        let detail = format!("{taken} of {of} interchanges accepted by TA1");
        rejections.into_iter().for_each(|warning| self.warn(warning));
        let answer: Option<Spooled> = spool.finish().map_or_else(
            |error| {
                self.warn(format!("the answers could not be kept: {error}"));
                None
            },
            Some,
        );
        Ok(Receipt { detail, warnings: self.warnings, answer })
    }
}
