//! HTTP behind a listener, over TLS or, on loopback, without.

use std::{pin::pin, time::Duration};

use axum::{Router, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::{connect::Peer, tls::Acceptor};

/// Longest that the head of a request takes to come.
const HEAD: Duration = Duration::from_secs(15);
/// Longest head of a request, in bytes.
const LONGEST_HEAD: usize = 32 << 10;
/// How long a listener rests that could not accept, as when there are too many open files.
const REST: Duration = Duration::from_millis(100);

/// Serves routes until `stop`; requests that have begun then go on to their end. Handlers find the [`Peer`] among the
/// extensions of a request.
pub async fn serve(acceptor: Acceptor, routes: Router, stop: CancellationToken) {
    let ends = stop.clone();
    acceptor.serve(stop, move |stream, peer| connection(stream, peer, routes.clone(), ends.clone())).await;
}

/// As [`serve`], without TLS: for a listener that only this machine reaches.
pub async fn plain(listener: TcpListener, routes: Router, stop: CancellationToken) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, address)) => {
                // An answer is written at once; waiting for more to send would only delay it.
                let _ = stream.set_nodelay(true);
                let peer = Peer { address, certificate: None, tls: None };
                connections.spawn(connection(stream, peer, routes.clone(), stop.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "http: a connection could not be accepted");
                sleep(REST).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// Answers the requests of a connection.
async fn connection(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    peer: Peer,
    routes: Router,
    ends: CancellationToken,
) {
    let address = peer.address;
    let answer = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        routes.clone().oneshot(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(LONGEST_HEAD);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), answer));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = ends.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%address, %error, "http: connection ended");
    }
}
