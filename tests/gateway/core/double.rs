//! A server that says what the test tells it to, whatever it is asked.

use std::{net::SocketAddr, sync::Arc};

use rustls::pki_types::CertificateDer;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::oneshot,
};
use tokio_rustls::TlsAcceptor;

/// What it does once the request has come.
pub enum Then {
    /// Says these bytes and closes.
    Say(Vec<u8>),
    /// Says what this makes of the request.
    Answer(fn(&Heard) -> Vec<u8>),
    /// Closes without a word.
    Close,
    /// Closes before it has read the request.
    Vanish,
    /// Says nothing and stays.
    Wait,
}

/// A request as it came.
#[derive(Debug)]
pub struct Heard {
    pub head: String,
    pub body: Vec<u8>,
}

impl Heard {
    pub fn text(&self) -> String {
        format!("{}{}", self.head, String::from_utf8_lossy(&self.body))
    }
}

/// A server for one connection: its address, and what it heard.
pub async fn double(then: Then) -> (SocketAddr, oneshot::Receiver<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        if let Some(heard) = converse(stream, then).await {
            let _ = tell.send(heard);
        }
    });
    (address, told)
}

/// The same over TLS, with the certificate that the caller showed.
pub async fn double_with(
    config: Arc<rustls::ServerConfig>,
    then: Then,
) -> (SocketAddr, oneshot::Receiver<(Heard, Option<CertificateDer<'static>>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(stream) = TlsAcceptor::from(config).accept(stream).await else { return };
        let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first().cloned());
        let shown = shown.map(CertificateDer::into_owned);
        if let Some(heard) = converse(stream, then).await {
            let _ = tell.send((heard, shown));
        }
    });
    (address, told)
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, then: Then) -> Option<Heard> {
    if matches!(then, Then::Vanish) {
        return None;
    }
    let heard = hear(&mut stream).await;
    match then {
        Then::Say(bytes) => stream.write_all(&bytes).await.unwrap(),
        Then::Answer(answer) => stream.write_all(&answer(&heard)).await.unwrap(),
        Then::Close | Then::Vanish => {}
        Then::Wait => {
            let _ = stream.read(&mut [0]).await;
        }
    }
    let _ = stream.shutdown().await;
    Some(heard)
}

async fn hear(stream: &mut (impl AsyncRead + Unpin)) -> Heard {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = memchr::memmem::find(&bytes, b"\r\n\r\n") {
            break at + 4;
        }
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "the head is not whole");
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
    });
    let length = length.expect("a client that states no length");
    while bytes.len() < end + length {
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "the body is not whole");
    }
    assert_eq!(bytes.len(), end + length, "more than the length says");
    Heard { head, body: bytes[end..].to_vec() }
}

/// An answer as bytes.
pub fn http(status: &str, content_type: &str, more: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n{more}\r\n{body}")
        .into_bytes()
}
