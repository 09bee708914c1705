//! HTTP over TLS: routes behind a listener.

use std::{pin::pin, time::Duration};

use axum::{Router, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::tls::Acceptor;

/// Longest that the head of a request takes to come.
const HEAD: Duration = Duration::from_secs(15);

/// Serves routes until `stop`; requests that have begun then go on to their end. Handlers find the
/// [`Peer`](super::connect::Peer) among the extensions of a request.
pub async fn serve(acceptor: Acceptor, routes: Router, stop: CancellationToken) {
    let ends = stop.clone();
    let connection = move |stream, peer: super::connect::Peer| {
        let (routes, ends) = (routes.clone(), ends.clone());
        async move {
            let address = peer.address;
            let answer = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(peer.clone());
                routes.clone().oneshot(request)
            });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD);
            let mut connection = pin!(http.serve_connection(TokioIo::new(stream), answer));
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = ends.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%address, %error, "https: connection ended");
            }
        }
    };
    acceptor.serve(stop, connection).await;
}
