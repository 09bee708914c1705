//! A gateway at work: its listeners, its jobs, and how it stops.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::mpsc,
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

use super::{
    Gateway, OpenError, Settings,
    api::{self, ApiOptions},
    connect::{
        Service,
        core::{
            server,
            settings::{Dialect, PartnerSettings, ServerOptions},
        },
        folder::{FolderPickUp, PartnerSettings as FolderSettings},
        stream::{ServerSettings as StreamSettings, StreamServer},
    },
    flow::{Desk, Intake},
    https,
    observe::Metrics,
    secret::Passwords,
    tls::{Acceptor, Bounds, Refused, Server, ServerSettings},
};
use crate::partner::Channel;

/// How long a password that was right is not worked out again.
const REMEMBER: Duration = Duration::from_secs(10 * 60);
/// How often certificates and partners' settings are looked at, to take on new ones.
const LOOK: Duration = Duration::from_secs(60);

/// Refused callers that wait to be noted.
const MOST_REFUSED: usize = 64;

/// A gateway whose listeners are open.
pub struct Served {
    gateway: Arc<Gateway>,
    core: Option<(Acceptor, ServerOptions)>,
    stream: Option<Acceptor>,
    api: Option<ApiListener>,
    certificates: Vec<Arc<Server>>,
    intake: Option<PathBuf>,
}

/// Where the API listens.
enum ApiListener {
    Plain(tokio::net::TcpListener),
    Tls(Acceptor),
}

/// Where a gateway listens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// The API.
    pub api: Option<SocketAddr>,
    /// CORE.
    pub core: Option<SocketAddr>,
    /// The TLS stream.
    pub stream: Option<SocketAddr>,
}

impl Served {
    /// Opens the listeners of a gateway. Nobody is answered before [`run`](Self::run).
    ///
    /// # Errors
    /// Certificates that cannot be used, addresses that cannot be listened at.
    pub async fn open(gateway: Arc<Gateway>, settings: &Settings) -> Result<Self, OpenError> {
        let mut certificates = Vec::new();
        let mut server = |what: &'static str, tls: &ServerSettings| {
            let server = Server::new(tls.clone()).map_err(|error| listener(what, &error))?;
            let server = Arc::new(server);
            certificates.push(Arc::clone(&server));
            Ok::<_, OpenError>(server)
        };
        let mut served = Self {
            gateway,
            core: None,
            stream: None,
            api: None,
            certificates: Vec::new(),
            intake: settings.intake.clone(),
        };
        if let Some(core) = &settings.core {
            let acceptor = bind("core", core.listen, server("core", &core.tls)?).await?;
            served.core = Some((acceptor, served.options(core.server.clone())));
        }
        if let Some(stream) = &settings.stream {
            served.stream = Some(bind("stream", stream.listen, server("stream", &stream.tls)?).await?);
        }
        if let Some(api) = &settings.api {
            served.api = Some(match &api.tls {
                Some(tls) => ApiListener::Tls(bind("api", api.listen, server("api", tls)?).await?),
                None => {
                    let plain = tokio::net::TcpListener::bind(api.listen).await;
                    ApiListener::Plain(plain.map_err(|error| listener("api", &error))?)
                }
            });
        }
        served.certificates = certificates;
        Ok(served)
    }

    /// Where it listens.
    pub fn addresses(&self) -> Addresses {
        Addresses {
            api: self.api.as_ref().and_then(|api| match api {
                ApiListener::Plain(listener) => listener.local_addr().ok(),
                ApiListener::Tls(acceptor) => acceptor.address().ok(),
            }),
            core: self.core.as_ref().and_then(|(acceptor, _)| acceptor.address().ok()),
            stream: self.stream.as_ref().and_then(|acceptor| acceptor.address().ok()),
        }
    }

    /// Works until `stop`. What has begun is brought to its end as far as its time allows, and the rest is found again
    /// at the next start.
    ///
    /// # Errors
    /// The store's, at the start.
    pub async fn run(self, stop: CancellationToken) -> Result<(), OpenError> {
        let Self { gateway, core, stream, api, certificates, intake } = self;
        let passwords = Passwords::new(REMEMBER).map_err(|error| listener("passwords", &error))?;
        tracing::info!(version = env!("CARGO_PKG_VERSION"), "the gateway has started");
        let desk: Arc<dyn Service> = Arc::new(Desk::new(Arc::clone(&gateway), passwords));
        let mut tasks = JoinSet::new();
        let (refused, told) = mpsc::channel(MOST_REFUSED);
        if let Some((acceptor, options)) = core {
            let acceptor = acceptor.telling(refused.clone());
            tasks.spawn(https::serve(acceptor, server::router(Arc::clone(&desk), options), stop.clone()));
        }
        if let Some(acceptor) = stream {
            let server = StreamServer::new(Arc::clone(&desk), StreamSettings::default(), gateway.spool.clone());
            tasks.spawn(server.serve(acceptor.telling(refused.clone()), stop.clone()));
        }
        // It ends with the last listener.
        drop(refused);
        tasks.spawn(note_refused(Arc::clone(&gateway), told));
        if let Some(api) = api {
            let metrics = Metrics::install().map_err(|error| listener("metrics", &error))?;
            let options =
                ApiOptions { metrics: Some(metrics.clone()), shutdown: stop.clone(), ..ApiOptions::default() };
            let routes = api::router(Arc::clone(&gateway), options);
            match api {
                ApiListener::Tls(acceptor) => tasks.spawn(https::serve(acceptor, routes, stop.clone())),
                ApiListener::Plain(listener) => tasks.spawn(https::plain(listener, routes, stop.clone())),
            };
            let stop = stop.clone();
            tasks.spawn(async move {
                let _ = stop.run_until_cancelled(metrics.upkeep()).await;
            });
        }
        tasks.spawn(pick_up(Arc::clone(&gateway), Arc::clone(&desk), stop.clone()));
        if let Some(folder) = intake {
            let results = folder.join("results");
            std::fs::create_dir_all(&results).map_err(|error| listener("intake", &error))?;
            let service = Arc::new(Intake::new(Arc::clone(&gateway), results));
            let settings = FolderSettings { pick_up: Some(folder), ..FolderSettings::default() };
            let pick_up = FolderPickUp::new(settings, "", service, gateway.spool.clone());
            tasks.spawn(pick_up.map_err(|error| listener("intake", &error))?.run(stop.clone()));
        }
        tasks.spawn(reload(Arc::clone(&gateway), certificates, stop.clone()));
        {
            let (gateway, stop) = (Arc::clone(&gateway), stop.clone());
            tasks.spawn(async move {
                if let Err(error) = gateway.work(stop).await {
                    tracing::error!(%error, "the gateway does no jobs");
                }
            });
        }
        tasks.spawn(async move {
            stop.cancelled().await;
            tracing::info!("nothing new is begun; what has begun goes on to its end");
        });
        while tasks.join_next().await.is_some() {}
        tracing::info!("the gateway has stopped");
        Ok(())
    }

    fn options(&self, settings: super::connect::core::settings::ServerSettings) -> ServerOptions {
        let gateway = Arc::clone(&self.gateway);
        let dialect = move |partner: &str| {
            let settings = gateway
                .partner(partner)
                .and_then(|partner| partner.channel::<PartnerSettings>(Channel::Core).ok().flatten());
            Arc::new(settings.map_or_else(Dialect::default, |settings| settings.dialect()))
        };
        ServerOptions { settings, spool: self.gateway.spool.clone(), dialect: Arc::new(dialect) }
    }
}

impl Gateway {
    /// The folders that partners bring their files to.
    fn folders(&self) -> Vec<(String, FolderSettings)> {
        let partners = self.partners();
        let folders = partners.iter().filter_map(|partner| {
            let settings = partner.channel::<FolderSettings>(Channel::Folder).ok().flatten()?;
            let settings = settings.beside(&partner.beside(Path::new("")));
            settings.pick_up.is_some().then(|| (partner.name().to_owned(), settings))
        });
        folders.collect()
    }
}

/// Audits callers that were refused for their certificates.
async fn note_refused(gateway: Arc<Gateway>, mut refused: mpsc::Receiver<Refused>) {
    while let Some(Refused { address, reason }) = refused.recv().await {
        gateway.refused(&address.to_string(), "tls", &reason).await;
    }
}

/// Takes files out of partners' folders. When the partners are read again, folders that are new are begun with, and
/// those that are gone are left.
async fn pick_up(gateway: Arc<Gateway>, desk: Arc<dyn Service>, stop: CancellationToken) {
    let mut reloaded = gateway.reloaded.subscribe();
    let mut running: HashMap<String, (FolderSettings, CancellationToken, JoinHandle<()>)> = HashMap::new();
    while !stop.is_cancelled() {
        reloaded.mark_unchanged();
        let wanted: HashMap<String, FolderSettings> = gateway.folders().into_iter().collect();
        let is_wanted = |name: &String, settings: &FolderSettings| wanted.get(name) == Some(settings);
        let gone: Vec<_> = running.extract_if(|name, (settings, ..)| !is_wanted(name, settings)).collect();
        for (_, (_, cancelled, run)) in gone {
            cancelled.cancel();
            let _ = run.await;
        }
        for (name, settings) in wanted {
            if running.contains_key(&name) {
                continue;
            }
            match FolderPickUp::new(settings.clone(), &name, Arc::clone(&desk), gateway.spool.clone()) {
                Ok(pick_up) => {
                    let cancelled = stop.child_token();
                    let run = tokio::spawn(pick_up.run(cancelled.clone()));
                    running.insert(name, (settings, cancelled, run));
                }
                Err(error) => tracing::error!(partner = name, %error, "a partner's folder cannot be used"),
            }
        }
        // A folder that cannot be used may be mended without new settings.
        tokio::select! {
            () = stop.cancelled() => {}
            _ = reloaded.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    for (_, (_, _, run)) in running {
        let _ = run.await;
    }
}

/// Takes on certificates and partners' settings that have changed.
async fn reload(gateway: Arc<Gateway>, certificates: Vec<Arc<Server>>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        for server in &certificates {
            let server = Arc::clone(server);
            match tokio::task::spawn_blocking(move || server.reload()).await {
                Ok(Ok(true)) => tracing::info!("new certificates are in use"),
                Ok(Ok(false)) | Err(_) => {}
                Ok(Err(error)) => tracing::error!(%error, "new certificates cannot be used, and the old ones stay"),
            }
        }
        match gateway.reload_if_changed().await {
            Ok(true) => tracing::info!("new settings of partners are in use"),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "new settings of partners cannot be used, and the old ones stay"),
        }
    }
}

async fn bind(what: &'static str, address: SocketAddr, server: Arc<Server>) -> Result<Acceptor, OpenError> {
    Acceptor::bind(address, server, Bounds::default()).await.map_err(|error| listener(what, &error))
}

fn listener(what: &'static str, error: &dyn std::fmt::Display) -> OpenError {
    OpenError::Listener { what, problem: error.to_string() }
}
