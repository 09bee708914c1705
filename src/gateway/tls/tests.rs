use std::{fs, net::SocketAddr, time::Duration};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use super::{acceptor::shake, *};
use crate::gateway::{
    authority::{Authority, Issued},
    connect::Peer,
};

/// A server that answers each connection with one byte, and callers' certificates to try on it.
struct Site {
    folder: TempDir,
    authority: Authority,
    server: Arc<Server>,
    address: SocketAddr,
    peers: mpsc::UnboundedReceiver<Peer>,
    stop: CancellationToken,
    served: JoinHandle<()>,
}

fn settings(folder: &Path, authority: &Authority, asked: ClientCertificates) -> ServerSettings {
    authority.write(&folder.join("authority.pem")).unwrap();
    let (certificate, key) = authority.issue_server(&["gateway.test"]).unwrap().write(folder, "server").unwrap();
    let client_authorities = (asked != ClientCertificates::None).then(|| folder.join("authority.pem"));
    ServerSettings { certificate, key, client_certificates: asked, client_authorities }
}

impl Site {
    async fn with(asked: ClientCertificates, bounds: Bounds) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new("Test authority").unwrap();
        let server = Arc::new(Server::new(settings(folder.path(), &authority, asked)).unwrap());
        let acceptor = Acceptor::bind(([127, 0, 0, 1], 0).into(), Arc::clone(&server), bounds).await.unwrap();
        let (address, stop) = (acceptor.address().unwrap(), CancellationToken::new());
        let (sender, peers) = mpsc::unbounded_channel();
        let served = tokio::spawn(acceptor.serve(stop.clone(), move |mut stream, peer| {
            let sender = sender.clone();
            async move {
                stream.write_all(b"!").await.unwrap();
                stream.shutdown().await.unwrap();
                sender.send(peer).unwrap();
            }
        }));
        Self { folder, authority, server, address, peers, stop, served }
    }

    async fn new(asked: ClientCertificates) -> Self {
        Self::with(asked, Bounds::default()).await
    }

    fn client(&self, own: Option<&Issued>) -> ClientSettings {
        let own = own.map(|own| own.write(self.folder.path(), "client").unwrap());
        ClientSettings {
            authorities: Some(self.folder.path().join("authority.pem")),
            certificate: own.as_ref().map(|(certificate, _)| certificate.clone()),
            key: own.map(|(_, key)| key),
            ..ClientSettings::default()
        }
    }

    /// The certificate that the server showed, if it took the call.
    async fn call(&self, settings: &ClientSettings) -> Result<[u8; 32], String> {
        self.call_as(settings, "gateway.test").await
    }

    async fn call_as(&self, settings: &ClientSettings, name: &str) -> Result<[u8; 32], String> {
        let connector = TlsConnector::from(client(settings).unwrap());
        let stream = TcpStream::connect(self.address).await.unwrap();
        let mut stream =
            connector.connect(server_name(name).unwrap(), stream).await.map_err(|error| error.to_string())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.map_err(|error| error.to_string())?;
        assert_eq!(answer, b"!");
        Ok(fingerprint(&stream.get_ref().1.peer_certificates().unwrap()[0]))
    }
}

#[tokio::test]
async fn a_certificate_of_the_authority_is_let_in_and_known() {
    let mut site = Site::new(ClientCertificates::Required).await;
    let own = site.authority.issue_client("billing").unwrap();
    for (min_version, tls) in [(MinVersion::Tls12, "TLS 1.3 TLS13_"), (MinVersion::Tls13, "TLS 1.3 TLS13_")] {
        let settings = ClientSettings { min_version, ..site.client(Some(&own)) };
        site.call(&settings).await.unwrap();
        let peer = site.peers.recv().await.unwrap();
        assert_eq!(peer.certificate, Some(own.sha256));
        assert!(peer.tls.as_ref().is_some_and(|said| said.starts_with(tls)), "{peer:?}");
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(
        Arc::new(roots(Path::new("authority"), site.authority.pem().as_bytes()).unwrap()),
        provider(),
    );
    let old = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_webpki_verifier(verifier.build().unwrap())
        .with_client_auth_cert(
            certificates(Path::new("own"), own.certificate.as_bytes()).unwrap(),
            private_key(Path::new("own"), own.key.expose_secret().as_bytes()).unwrap(),
        )
        .unwrap();
    let stream = TcpStream::connect(site.address).await.unwrap();
    let name = server_name("gateway.test").unwrap();
    let mut stream = TlsConnector::from(Arc::new(old)).connect(name, stream).await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'!');
    let tls = site.peers.recv().await.unwrap().tls.unwrap();
    assert!(tls.starts_with("TLS 1.2 TLS_ECDHE_"), "{tls}");
    site.stop.cancel();
    site.served.await.unwrap();
}

#[tokio::test]
async fn who_shows_none_or_a_bad_one_is_refused() {
    let mut site = Site::new(ClientCertificates::Required).await;
    let other = Authority::new("Another").unwrap().issue_client("billing").unwrap();
    let expired = site.authority.issue_expired_client("billing").unwrap();
    let of_a_server = site.authority.issue_server(&["billing.test"]).unwrap();
    for own in [None, Some(&other), Some(&expired), Some(&of_a_server)] {
        assert!(site.call(&site.client(own)).await.is_err());
    }
    assert!(site.peers.try_recv().is_err());
    // the server is well
    let own = site.authority.issue_client("billing").unwrap();
    site.call(&site.client(Some(&own))).await.unwrap();
}

#[tokio::test]
async fn refusals_say_why() {
    let site = Site::new(ClientCertificates::Required).await;
    let other = Authority::new("Another").unwrap().issue_client("billing").unwrap();
    let expired = site.authority.issue_expired_client("billing").unwrap();
    for (own, reason) in [
        (None, "the caller shows no certificate"),
        (Some(&other), "the caller's certificate is of another authority than those trusted"),
        (Some(&expired), "the caller's certificate has expired"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connector = TlsConnector::from(client(&site.client(own)).unwrap());
        let call = tokio::spawn(async move {
            let stream = TcpStream::connect(address).await.unwrap();
            // whether this fails depends on the version; who is refused reads nothing in any case
            match connector.connect(server_name("gateway.test").unwrap(), stream).await {
                Ok(mut stream) => stream.read_u8().await.map(drop),
                Err(error) => Err(error),
            }
        });
        let (stream, address) = listener.accept().await.unwrap();
        let said = shake(site.server.config(), stream, address, Duration::from_secs(30)).await.unwrap_err();
        assert_eq!(said.reason, reason);
        assert!(call.await.unwrap().is_err());
    }
}

#[tokio::test]
async fn a_certificate_may_be_shown_where_it_need_not() {
    let mut site = Site::new(ClientCertificates::Optional).await;
    site.call(&site.client(None)).await.unwrap();
    assert_eq!(site.peers.recv().await.unwrap().certificate, None);
    let own = site.authority.issue_client("billing").unwrap();
    site.call(&site.client(Some(&own))).await.unwrap();
    assert_eq!(site.peers.recv().await.unwrap().certificate, Some(own.sha256));
    let expired = site.authority.issue_expired_client("billing").unwrap();
    assert!(site.call(&site.client(Some(&expired))).await.is_err());
}

#[tokio::test]
async fn a_server_of_another_name_authority_or_day_is_not_called() {
    let site = Site::new(ClientCertificates::None).await;
    let pinned = site.client(None);
    site.call(&pinned).await.unwrap();
    assert!(site.call_as(&pinned, "other.test").await.unwrap_err().contains("not valid for name"));
    let renamed = ClientSettings { server_name: Some("gateway.test".into()), ..pinned.clone() };
    site.call_as(&renamed, "other.test").await.unwrap();
    let misnamed = ClientSettings { server_name: Some("third.test".into()), ..pinned.clone() };
    assert!(site.call(&misnamed).await.unwrap_err().contains("not valid for name"));

    let path = site.folder.path().join("another.pem");
    Authority::new("Another").unwrap().write(&path).unwrap();
    let elsewhere = ClientSettings { authorities: Some(path), ..pinned.clone() };
    assert!(site.call(&elsewhere).await.unwrap_err().contains("UnknownIssuer"));

    site.authority.issue_expired_server(&["gateway.test"]).unwrap().write(site.folder.path(), "server").unwrap();
    assert!(site.server.reload().unwrap());
    assert!(site.call(&pinned).await.unwrap_err().contains("expired"));
}

#[tokio::test]
async fn a_new_certificate_is_shown_without_a_restart() {
    let site = Site::new(ClientCertificates::None).await;
    let settings = site.client(None);
    let before = site.call(&settings).await.unwrap();
    assert!(!site.server.reload().unwrap());

    // half of a change: the key does not fit
    let next = site.authority.issue_server(&["gateway.test"]).unwrap();
    fs::write(site.folder.path().join("server.pem"), &next.certificate).unwrap();
    assert!(site.server.reload().unwrap_err().to_string().contains("server.pem: "));
    fs::write(site.folder.path().join("server.key"), "nonsense").unwrap();
    assert!(site.server.reload().unwrap_err().to_string().contains("server.key: no private key"));
    fs::remove_file(site.folder.path().join("server.key")).unwrap();
    assert!(site.server.reload().unwrap_err().to_string().contains("server.key: "));
    assert_eq!(site.call(&settings).await.unwrap(), before);

    next.write(site.folder.path(), "server").unwrap();
    assert!(site.server.reload().unwrap());
    assert_eq!(site.call(&settings).await.unwrap(), next.sha256);
}

#[tokio::test]
async fn authorities_are_read_anew_too() {
    let site = Site::new(ClientCertificates::Required).await;
    let another = Authority::new("Another").unwrap();
    let own = another.issue_client("billing").unwrap();
    let trusted = site.folder.path().join("trusted.pem");
    site.authority.write(&trusted).unwrap();
    let settings = ClientSettings { authorities: Some(trusted), ..site.client(Some(&own)) };
    assert!(site.call(&settings).await.is_err());
    let both = format!("{}{}", site.authority.pem(), another.pem());
    fs::write(site.folder.path().join("authority.pem"), both).unwrap();
    assert!(site.server.reload().unwrap());
    site.call(&settings).await.unwrap();
}

/// A ClientHello of TLS 1.1, without extensions and with the suites of its days.
fn old_hello(version: u8) -> Vec<u8> {
    let mut body = vec![3, version];
    body.extend([7; 32]);
    body.extend([0, 0, 6, 0x00, 0x2f, 0x00, 0x35, 0xc0, 0x13, 1, 0]);
    let mut record = vec![22, 3, 1, 0, (body.len() + 4) as u8, 1, 0, 0, body.len() as u8];
    record.extend(body);
    record
}

#[tokio::test]
async fn older_versions_are_not_spoken() {
    let site = Site::new(ClientCertificates::None).await;
    for version in [0, 1, 2] {
        let mut stream = TcpStream::connect(site.address).await.unwrap();
        stream.write_all(&old_hello(version)).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok();
        // an alert, fatal
        assert_eq!((answer[0], answer[5]), (21, 2), "{answer:?}");
    }
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    let bounds = Bounds { connections: 1, handshake: Duration::from_millis(50), ..Bounds::default() };
    let site = Site::with(ClientCertificates::None, bounds).await;
    let mut silent = TcpStream::connect(site.address).await.unwrap();
    let mut next = TcpStream::connect(site.address).await.unwrap();
    // the only place is given on
    assert_eq!(silent.read(&mut [0]).await.unwrap_or_default(), 0);
    assert_eq!(next.read(&mut [0]).await.unwrap_or_default(), 0);
}

#[tokio::test]
async fn one_address_has_not_all_the_places() {
    let bounds = Bounds { per_address: 1, ..Bounds::default() };
    let site = Site::with(ClientCertificates::None, bounds).await;
    let silent = TcpStream::connect(site.address).await.unwrap();
    // The first one has the place as soon as it is taken; the second is closed at once.
    let mut second = TcpStream::connect(site.address).await.unwrap();
    assert_eq!(second.read(&mut [0]).await.unwrap_or_default(), 0);
    drop(silent);
    let settings = site.client(None);
    let mut tries = 0;
    while site.call(&settings).await.is_err() {
        tries += 1;
        assert!(tries < 1000, "the place is not given back");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn settings_and_files_that_do_not_go_together_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("Test authority").unwrap();
    let good = settings(folder.path(), &authority, ClientCertificates::Required);
    fs::write(folder.path().join("empty.pem"), "").unwrap();
    let empty = || folder.path().join("empty.pem");
    for (wrong, said) in [
        (ServerSettings { client_authorities: None, ..good.clone() }, "client_authorities: "),
        (ServerSettings { client_certificates: ClientCertificates::None, ..good.clone() }, "client_authorities: "),
        (ServerSettings { certificate: empty(), ..good.clone() }, "empty.pem: no certificate in PEM"),
        (ServerSettings { key: empty(), ..good.clone() }, "empty.pem: no private key"),
        (ServerSettings { client_authorities: Some(empty()), ..good.clone() }, "empty.pem: no certificate"),
        (ServerSettings { certificate: folder.path().join("none.pem"), ..good.clone() }, "none.pem: "),
    ] {
        let error = Server::new(wrong).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    let own = ClientSettings { certificate: Some(good.certificate), ..ClientSettings::default() };
    let own = ClientSettings { authorities: good.client_authorities, ..own };
    assert!(client(&own).unwrap_err().to_string().contains("a certificate and its key, or neither"));
    let misnamed = ClientSettings { certificate: None, server_name: Some("no name".into()), ..own };
    assert!(client(&misnamed).unwrap_err().to_string().contains("a DNS name or an IP address"));
    let settings: ClientSettings = toml::from_str("min_version = \"1.3\"").unwrap();
    assert_eq!(settings.min_version, MinVersion::Tls13);
    assert!(toml::from_str::<ClientSettings>("min_version = \"1.1\"").is_err());
}

#[test]
fn keys_are_for_their_owner() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("Test authority").unwrap();
    for _ in 0..2 {
        let (certificate, key) = authority.issue_client("x").unwrap().write(folder.path(), "x").unwrap();
        for path in [certificate, key] {
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
        }
    }
}
