//! Connections of callers: taken as far as they can be borne, and handed on once their handshake is done.

use std::{
    collections::HashMap,
    future::Future,
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustls::{CertificateError, ProtocolVersion, ServerConfig};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;

use super::{Server, fingerprint};
use crate::gateway::connect::Peer;

/// How long to wait when a connection cannot be taken, for want of file descriptors as a rule.
const BREATH: Duration = Duration::from_millis(100);

/// What a listener bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Most connections at a time, those that are still shaking hands among them; more wait to be taken.
    pub connections: usize,
    /// Most of them from one address; others from there are closed at once. Of IPv6, from one network of 64 bits.
    pub per_address: usize,
    /// Longest that a handshake takes.
    pub handshake: Duration,
    /// Longest that connections go on after the listener is told to stop.
    pub drain: Duration,
}

impl Default for Bounds {
    /// 1024 connections, 256 from one address, ten seconds, 30 seconds.
    fn default() -> Self {
        Self { connections: 1024, per_address: 256, handshake: Duration::from_secs(10), drain: Duration::from_secs(30) }
    }
}

/// Listens for TLS connections.
#[derive(Debug)]
pub struct Acceptor {
    listener: TcpListener,
    server: Arc<Server>,
    bounds: Bounds,
    refused: Option<mpsc::Sender<Refused>>,
}

/// A caller whose certificate was not accepted, or that showed none where one is required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where it called from.
    pub address: SocketAddr,
    /// Why, in words.
    pub reason: String,
}

/// How many connections there are from where.
#[derive(Debug, Default)]
struct Callers(Mutex<HashMap<IpAddr, usize>>);

/// A connection, as long as it is there.
#[derive(Debug)]
struct Call {
    callers: Arc<Callers>,
    from: IpAddr,
}

impl Callers {
    /// Counts a connection; none if there are as many as there may be.
    fn call(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<Call> {
        // One customer has a network of so many bits, and can call from any address in it.
        let from = match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
            address => address,
        };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(from).or_default();
        if *count >= most {
            return None;
        }
        *count = count.saturating_add(1);
        Some(Call { callers: Arc::clone(self), from })
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut counts = self.callers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.from) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.from);
            }
        }
    }
}

impl Acceptor {
    /// Begins to listen.
    ///
    /// # Errors
    /// An address that cannot be listened at.
    pub async fn bind(address: SocketAddr, server: Arc<Server>, bounds: Bounds) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await?, server, bounds, refused: None })
    }

    /// Tells whoever receives of callers that were refused for their certificates. Those for whom there is no room are
    /// only logged.
    #[must_use]
    pub fn telling(self, refused: mpsc::Sender<Refused>) -> Self {
        Self { refused: Some(refused), ..self }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Takes connections until `stop`, and gives each to `handle` once its handshake is done. Ends when all of them
    /// have, or have had their time; those that then remain are cut.
    pub async fn serve<H, F>(self, stop: CancellationToken, handle: H)
    where
        H: Fn(TlsStream<TcpStream>, Peer) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let Self { listener, server, bounds, refused } = self;
        let places = Arc::new(Semaphore::new(bounds.connections));
        let callers = Arc::new(Callers::default());
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (listener.accept().await, place)
            };
            let (accepted, place) = tokio::select! {
                () = stop.cancelled() => break,
                next = next => next,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    sleep(BREATH).await;
                    continue;
                }
            };
            let Some(call) = callers.call(address.ip(), bounds.per_address) else {
                tracing::debug!(%address, "a caller has too many connections");
                continue;
            };
            let (server, handle, stop, refused) = (Arc::clone(&server), handle.clone(), stop.clone(), refused.clone());
            connections.spawn(async move {
                let (_place, _call) = (place, call);
                let shaken = tokio::select! {
                    () = stop.cancelled() => return,
                    shaken = shake(server.config(), stream, address, bounds.handshake) => shaken,
                };
                match shaken {
                    Ok((stream, peer)) => handle(stream, peer).await,
                    Err(Unshaken { reason, of_certificate }) => {
                        tracing::info!(%address, reason, "no TLS with a caller");
                        if let Some(refused) = refused.filter(|_| of_certificate) {
                            // Without room for it the log is all there is.
                            let _ = refused.try_send(Refused { address, reason });
                        }
                    }
                }
            });
        }
        drop(listener);
        let all = async { while connections.join_next().await.is_some() {} };
        if timeout(bounds.drain, all).await.is_err() {
            tracing::warn!(connections = connections.len(), "connections cut: their time to end was over");
        }
    }
}

/// Why there is no TLS with a caller.
#[derive(Debug)]
pub(super) struct Unshaken {
    /// In words, for the log.
    pub(super) reason: String,
    /// Whether it is for the certificate that the caller showed, or did not.
    of_certificate: bool,
}

/// Shakes hands with a caller.
pub(super) async fn shake(
    config: Arc<ServerConfig>,
    stream: TcpStream,
    address: SocketAddr,
    longest: Duration,
) -> Result<(TlsStream<TcpStream>, Peer), Unshaken> {
    // answers are short and waited for
    let broken = |reason: String| Unshaken { reason, of_certificate: false };
    stream.set_nodelay(true).map_err(|error| broken(error.to_string()))?;
    let stream = match timeout(longest, TlsAcceptor::from(config).accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            return Err(Unshaken { reason: refusal(&error), of_certificate: is_of_certificate(&error) });
        }
        Err(_) => return Err(broken("the handshake took too long".to_owned())),
    };
    let (_, connection) = stream.get_ref();
    let certificate = connection.peer_certificates().and_then(<[_]>::first);
    let peer = Peer {
        address,
        certificate: certificate.map(|certificate| fingerprint(certificate)),
        tls: connection.protocol_version().zip(connection.negotiated_cipher_suite()).map(|(version, suite)| {
            let version = if version == ProtocolVersion::TLSv1_3 { "TLS 1.3" } else { "TLS 1.2" };
            format!("{version} {:?}", suite.suite())
        }),
    };
    Ok((stream, peer))
}

/// Why a handshake failed, with what to do where that is not plain.
fn refusal(error: &io::Error) -> String {
    let tls = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::NoCertificatesPresented) => "the caller shows no certificate".into(),
        Some(rustls::Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        )) => "the caller's certificate has expired".into(),
        Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            "the caller's certificate is of another authority than those trusted".into()
        }
        Some(rustls::Error::PeerIncompatible(what)) => format!("nothing in common with the caller: {what:?}"),
        _ => error.to_string(),
    }
}

/// Whether a handshake failed for what the caller showed, or did not.
fn is_of_certificate(error: &io::Error) -> bool {
    let tls = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    matches!(tls, Some(rustls::Error::NoCertificatesPresented | rustls::Error::InvalidCertificate(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_counts_as_one_address() {
        let callers = Arc::new(Callers::default());
        let call = |text: &str| callers.call(text.parse().unwrap(), 1);
        let first = call("2001:db8::1").unwrap();
        assert!(call("2001:db8::2").is_none() && call("2001:db8:0:1::1").is_some());
        let _four = call("192.0.2.1").unwrap();
        assert!(call("::ffff:192.0.2.1").is_none() && call("192.0.2.2").is_some());
        drop(first);
        assert!(call("2001:db8::2").is_some());
    }
}
