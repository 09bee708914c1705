//! The client over TLS: whom it trusts, and how it is known.

use axum::Extension;
use claimwire::gateway::connect::{
    Content, SendError,
    core::client::{CoreClient, Secrets},
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::WebPkiClientVerifier,
};

use super::*;

/// An authority made on the spot.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Authority { issuer: Issuer::new(params, key), certificate }
    }

    fn issue(&self, usage: ExtendedKeyUsagePurpose) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        (certificate, PrivateKeyDer::try_from(key.serialize_der()).unwrap())
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        roots
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// A server that wants certificates of the authority.
fn mutual(authority: &Authority) -> Arc<rustls::ServerConfig> {
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(authority.roots()), provider()).build().unwrap();
    let (certificate, key) = authority.issue(ExtendedKeyUsagePurpose::ServerAuth);
    let config = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}

/// A CORE server that wants certificates of the authority. Who shows one is BILLCO.
async fn serve(authority: &Authority) -> (SocketAddr, Arc<Payer>, tempfile::TempDir) {
    let acceptor = tokio_rustls::TlsAcceptor::from(mutual(authority));
    let spool = tempfile::tempdir().unwrap();
    let payer = Arc::new(Payer::default());
    let service: Arc<dyn Service> = Arc::clone(&payer) as Arc<dyn Service>;
    let router = server::router(service, ServerOptions::new(ServerSettings::default(), spool.path()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, peer) = listener.accept().await.unwrap();
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let peer = Peer { address: peer, certificate: Some(CERTIFICATE), tls: Some("test".to_owned()) };
            let service = TowerToHyperService::new(router.clone().layer(Extension(peer)));
            tokio::spawn(async move {
                let _ =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    (address, payer, spool)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_who_calls_and_whom_is_called() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (address, payer, spool) = serve(&ours).await;
    let client = |roots: RootCertStore, certified: Option<&Authority>| {
        let config = rustls::ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match certified {
            Some(authority) => {
                let (certificate, key) = authority.issue(ExtendedKeyUsagePurpose::ClientAuth);
                config.with_client_auth_cert(vec![certificate], key).unwrap()
            }
            None => config.with_no_client_auth(),
        };
        let settings =
            format!("url = \"https://localhost:{}/core\"\nsender = \"BILLCO\"\nreceiver = \"PAYERB\"", address.port());
        CoreClient::new(toml::from_str(&settings).unwrap(), Secrets::default(), config, spool.path()).unwrap()
    };
    let claims = parcel(Content::Claims837P, PAYLOAD);
    let stranger = client(theirs.roots(), Some(&ours)).submit(&claims).await.unwrap_err();
    assert!(matches!(stranger, SendError::Temporary { .. }), "{stranger}");
    // TLS 1.3 refuses a client after its handshake: then it is only known that there is no answer.
    for certified in [None, Some(&theirs)] {
        let refused = client(ours.roots(), certified).submit(&claims).await.unwrap_err();
        assert!(matches!(refused, SendError::Temporary { .. } | SendError::Unknown { .. }), "{refused}");
    }
    assert_eq!(payer.kept(), []);
    client(ours.roots(), Some(&ours)).submit(&claims).await.unwrap();
    assert_eq!(payer.kept().len(), 1);
}

/// The answer to a batch, as the facts sheet has it.
const TAKEN: &str = "<soapenv:Envelope xmlns:soapenv=\"http://www.w3.org/2003/05/soap-envelope\"><soapenv:Body>\
    <ns1:COREEnvelopeBatchSubmissionResponse xmlns:ns1=\"http://www.caqh.org/SOAP/WSDL/CORERule2.2.0.xsd\">\
    <PayloadType>X12_BatchReceiptConfirmation</PayloadType><ProcessingMode>Batch</ProcessingMode>\
    <PayloadID>f81d4fae-7dec-11d0-a765-00a0c91e6bf6</PayloadID><TimeStamp>2026-01-15T14:30:02Z</TimeStamp>\
    <SenderID>PAYERB</SenderID><ReceiverID>BILLCO</ReceiverID><CORERuleVersion>2.2.0</CORERuleVersion>\
    <ErrorCode>Success</ErrorCode><ErrorMessage>None</ErrorMessage></ns1:COREEnvelopeBatchSubmissionResponse>\
    </soapenv:Body></soapenv:Envelope>";

/// Somebody else's server, which knows us by our certificate alone.
#[tokio::test(flavor = "multi_thread")]
async fn another_server_is_handed_a_file_over_mutual_tls() {
    let authority = Authority::new();
    let answer = double::http("200 OK", "application/soap+xml; charset=UTF-8", "", TAKEN);
    let (address, heard) = double::double_with(mutual(&authority), double::Then::Say(answer)).await;
    let (certificate, key) = authority.issue(ExtendedKeyUsagePurpose::ClientAuth);
    let config = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(authority.roots())
        .with_client_auth_cert(vec![certificate.clone()], key)
        .unwrap();
    let settings =
        format!("url = \"https://localhost:{}/core\"\nsender = \"BILLCO\"\nreceiver = \"PAYERB\"", address.port());
    let spool = tempfile::tempdir().unwrap();
    let client = CoreClient::new(toml::from_str(&settings).unwrap(), Secrets::default(), config, spool.path()).unwrap();
    let receipt = client.submit(&parcel(Content::Claims837P, PAYLOAD)).await.unwrap();
    assert_eq!(receipt.detail, "X12_BatchReceiptConfirmation Success");
    assert_eq!(receipt.warnings, ["the answer's PayloadID is not that of the request"]);
    let (heard, shown) = heard.await.unwrap();
    assert_eq!(shown, Some(certificate), "it is ours");
    let text = heard.text();
    assert!(text.contains("COREEnvelopeBatchSubmission") && text.contains(PAYLOAD), "{text}");
    assert!(!text.contains("UsernameToken"), "there is no password to show");
}
