//! The payer behind its listeners.

use std::{path::Path, sync::Arc};

use tokio_util::sync::CancellationToken;

use super::Sandbox;
use crate::gateway::{
    connect::core::{
        server::router,
        settings::{ServerOptions, ServerSettings},
    },
    https,
    tls::Acceptor,
};

/// Where a payer listens.
#[derive(Debug, Default)]
pub struct Listeners {
    /// For CORE, at the path `/core`.
    pub core: Option<Acceptor>,
    /// For interchanges on a TLS stream.
    pub stream: Option<Acceptor>,
}

impl Sandbox {
    /// Takes calls until `stop`; those that have begun then may end. Files are kept in the folder `spool` until
    /// they are processed.
    pub async fn serve(self: &Arc<Self>, listeners: Listeners, spool: &Path, stop: CancellationToken) {
        let Listeners { core, stream } = listeners;
        let core = async {
            if let Some(acceptor) = core {
                let routes = router(self.clone(), ServerOptions::new(ServerSettings::default(), spool));
                https::serve(acceptor, routes, stop.clone()).await;
            }
        };
        let stream = async {
            if let Some(acceptor) = stream {
                let _ = acceptor;
            }
        };
        tokio::join!(core, stream);
    }
}
