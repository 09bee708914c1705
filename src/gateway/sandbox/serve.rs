//! The payer behind its listeners.

use std::{path::Path, sync::Arc};

use tokio_util::sync::CancellationToken;

use super::Sandbox;
use crate::gateway::{
    connect::{
        core::{
            server::router,
            settings::{ServerOptions, ServerSettings},
        },
        stream::{self, StreamServer},
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
        let Listeners { core: at_core, stream: at_stream } = listeners;
        let messages = async {
            if let Some(acceptor) = at_core {
                let routes = router(self.clone(), ServerOptions::new(ServerSettings::default(), spool));
                https::serve(acceptor, routes, stop.clone()).await;
            }
        };
        let interchanges = async {
            if let Some(acceptor) = at_stream {
                let server = StreamServer::new(self.clone(), stream::ServerSettings::default(), spool);
                server.serve(acceptor, stop.clone()).await;
            }
        };
        tokio::join!(messages, interchanges);
    }
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, time::Duration};

    use aws_lc_rs::digest;
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;
    use crate::{
        acknowledge::{self, Answer},
        gateway::{
            authority::{Authority, Issued},
            connect::{
                Body, Content, Parcel, SendError, Spooled,
                core::client::{CoreClient, Secrets},
                core::settings::PartnerSettings,
                stream::StreamClient,
            },
            sandbox::{Account, Entry, Options, Taken},
            tls::{self, Bounds, ClientCertificates, ClientSettings, Server},
        },
        generate::{self, Kind, Variety},
    };

    /// A payer that listens, and somebody with a certificate that it knows.
    struct Site {
        folder: TempDir,
        authority: Authority,
        billing: Issued,
        payer: Arc<Sandbox>,
        core: SocketAddr,
        stream: SocketAddr,
        stop: CancellationToken,
        served: tokio::task::JoinHandle<()>,
    }

    impl Site {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let authority = Authority::new("Test authority").unwrap();
            let trusted = folder.path().join("authority.pem");
            authority.write(&trusted).unwrap();
            let billing = authority.issue_client("billing").unwrap();
            let issued = authority.issue_server(&["127.0.0.1"]).unwrap();
            let (certificate, key) = issued.write(folder.path(), "payer").unwrap();
            let server = Server::new(tls::ServerSettings {
                certificate,
                key,
                client_certificates: ClientCertificates::Required,
                client_authorities: Some(trusted),
            });
            let server = Arc::new(server.unwrap());
            let bind = || Acceptor::bind(([127, 0, 0, 1], 0).into(), Arc::clone(&server), Bounds::default());
            let (core, stream) = (bind().await.unwrap(), bind().await.unwrap());
            let addresses = (core.address().unwrap(), stream.address().unwrap());
            let account = Account {
                partner: "billco".into(),
                certificates: vec![billing.sha256],
                senders: vec!["BILLCO".into()],
                ..Account::default()
            };
            let options = Options { accounts: vec![account], delay: Duration::ZERO, ..Options::default() };
            let payer = Sandbox::new(options).unwrap();
            let stop = CancellationToken::new();
            let spool = folder.path().join("spool");
            std::fs::create_dir(&spool).unwrap();
            let served = tokio::spawn({
                let (payer, stop) = (Arc::clone(&payer), stop.clone());
                async move {
                    payer.serve(Listeners { core: Some(core), stream: Some(stream) }, &spool, stop).await;
                }
            });
            Self { folder, authority, billing, payer, core: addresses.0, stream: addresses.1, stop, served }
        }

        fn tls(&self, own: &Issued) -> Arc<rustls::ClientConfig> {
            let (certificate, key) = own.write(self.folder.path(), "caller").unwrap();
            let authorities = Some(self.folder.path().join("authority.pem"));
            let settings = ClientSettings {
                authorities,
                certificate: Some(certificate),
                key: Some(key),
                ..ClientSettings::default()
            };
            tls::client(&settings).unwrap()
        }

        fn core(&self, own: &Issued) -> CoreClient {
            let settings = PartnerSettings {
                url: Some(format!("https://{}/core", self.core)),
                sender: "BILLCO".into(),
                receiver: "PAYER".into(),
                ..PartnerSettings::default()
            };
            CoreClient::new(settings, Secrets::default(), (*self.tls(own)).clone(), self.folder.path()).unwrap()
        }

        async fn stop(self) {
            self.stop.cancel();
            self.served.await.unwrap();
        }
    }

    fn claims(kind: Kind, seed: u64, content: Content) -> Parcel {
        let mut bytes = Vec::new();
        let options = generate::Options { variety: Variety::Plain, ..generate::Options::new(kind, 3, seed) };
        generate::write(&options, &mut bytes).unwrap();
        let of = |algorithm| digest::digest(algorithm, &bytes);
        Parcel {
            id: Uuid::new_v4(),
            name: "claims.837".into(),
            content,
            length: bytes.len() as u64,
            sha1: of(&digest::SHA1_FOR_LEGACY_USE_ONLY).as_ref().try_into().unwrap(),
            sha256: of(&digest::SHA256).as_ref().try_into().unwrap(),
            body: Body::of_bytes(bytes),
        }
    }

    fn answers(file: &Spooled) -> Vec<Answer> {
        acknowledge::read(std::fs::File::open(&file.path).unwrap()).unwrap()
    }

    #[tokio::test]
    async fn claims_by_core_are_answered_by_files_to_pick_up() {
        let site = Site::new().await;
        let client = site.core(&site.billing);
        let parcel = claims(Kind::Professional, 3, Content::Claims837P);
        for _ in 0..2 {
            client.submit(&parcel).await.unwrap();
        }
        site.payer.settled().await;
        for content in [Content::Acknowledgment999, Content::ClaimAcknowledgment277, Content::Remittance835] {
            let got = client.retrieve(&[content], None).await.unwrap().unwrap();
            assert_eq!(got.content, Some(content));
            client.confirm(&got.payload_id, None).await.unwrap();
            assert!(client.retrieve(&[content], None).await.unwrap().is_none());
        }
        let taken: Vec<Taken> = site
            .payer
            .log()
            .iter()
            .filter_map(|entry| match entry {
                Entry::Message { taken, .. } => Some(*taken),
                _ => None,
            })
            .collect();
        assert_eq!(taken, [Taken::New, Taken::Repeat]);
        let answer = client.real_time(&claims(Kind::Dental, 4, Content::Claims837D)).await.unwrap();
        assert!(matches!(&answers(&answer.file)[..], [Answer::Batch(batch)] if batch.claims.len() == 3));
        let stranger = site.authority.issue_client("stranger").unwrap();
        let refused = site.core(&stranger).submit(&parcel).await.unwrap_err();
        assert!(matches!(refused, SendError::Refused { .. }), "{refused:?}");
        site.stop().await;
    }

    #[tokio::test]
    async fn interchanges_on_the_stream_are_answered_by_their_ta1() {
        let site = Site::new().await;
        let settings = toml::from_str(&format!("address = \"{}\"", site.stream)).unwrap();
        let client = StreamClient::new(settings, site.tls(&site.billing), site.folder.path()).unwrap();
        let parcel = claims(Kind::Institutional, 5, Content::Claims837I);
        for _ in 0..2 {
            let receipt = client.submit(&parcel).await.unwrap();
            let [Answer::Interchange(ta1)] = &answers(&receipt.answer.unwrap())[..] else { panic!("no TA1") };
            assert_eq!(ta1.status, "A");
        }
        let got = site.core(&site.billing).retrieve(&[Content::ClaimAcknowledgment277], None).await.unwrap().unwrap();
        assert!(matches!(&answers(&got.file)[..], [Answer::Batch(batch)] if batch.claims.len() == 3));
        assert_eq!(site.payer.log().len(), 5);
        site.stop().await;
    }
}
