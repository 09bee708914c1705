//! A partner that does what it is told, and the gateway that has to do with it.

use std::{
    collections::VecDeque,
    fs,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lc_rs::digest;
use claimwire::{
    acknowledge::{Answers, Kinds, Options, Owed},
    check,
    gateway::{
        Gateway, Id,
        connect::{
            Content,
            core::mime::{self, Header},
        },
        flow::{Submission, Submitted},
        store::Clock,
    },
    generate::Kind,
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tokio_util::sync::CancellationToken;

use crate::{
    core::form,
    harness::{Site, claims, lines},
};

/// What is done with a file that is handed over.
#[derive(Clone, Copy, Debug)]
pub enum Say {
    /// A yes.
    Success,
    /// A yes, when the test says so.
    SuccessWhenTold,
    /// A yes, with something in it that is no file.
    SuccessWithGarbage,
    /// A yes, and another.
    Twice,
    /// A no.
    Refuse(&'static str),
    /// Nothing, for long.
    Silence,
    /// The connection is reset before all was read.
    ResetInRequest,
    /// The connection is reset within the answer.
    ResetInAnswer,
    /// A web server's page of an error, with a name on it.
    Html500,
    /// A page that says that all is well.
    HtmlSuccess,
    /// Something else.
    NotHttp,
}

/// A file that waits for the gateway.
#[derive(Debug)]
pub struct Mail {
    content: Content,
    bytes: Vec<u8>,
    /// How often it is given with a checksum that is not its own.
    pub wrong_checksums: usize,
    /// How many confirmations are not heard.
    pub deaf: usize,
    confirmed: bool,
    /// The ids under which it was given.
    given_as: Vec<String>,
}

impl Mail {
    pub fn new(content: Content, bytes: Vec<u8>) -> Self {
        Self { content, bytes, wrong_checksums: 0, deaf: 0, confirmed: false, given_as: Vec::new() }
    }
}

/// A file that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted837 {
    pub id: String,
    pub payload: Vec<u8>,
}

#[derive(Default)]
struct State {
    says: VecDeque<Say>,
    always: Option<Say>,
    heard: Vec<Submitted837>,
    mail: Vec<Mail>,
    given: usize,
    confirmed: usize,
    silent: Option<Duration>,
}

/// The partner.
#[derive(Clone)]
pub struct Script {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    told: Arc<Notify>,
}

impl Script {
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let script = Self { address: listener.local_addr().unwrap(), state: Arc::default(), told: Arc::default() };
        let serving = script.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let script = serving.clone();
                tokio::spawn(async move { script.connection(stream).await });
            }
        });
        script
    }

    pub fn will_say(&self, says: Vec<Say>) {
        self.state.lock().unwrap().says.extend(says);
    }

    pub fn always(&self, say: Say) {
        self.state.lock().unwrap().always = Some(say);
    }

    pub fn post(&self, mail: Mail) {
        self.state.lock().unwrap().mail.push(mail);
    }

    pub fn will_not_give(&self, silent: Duration) {
        self.state.lock().unwrap().silent = Some(silent);
    }

    pub fn tell(&self) {
        self.told.notify_one();
    }

    pub fn submissions(&self) -> Vec<Submitted837> {
        self.state.lock().unwrap().heard.clone()
    }

    pub fn given(&self) -> usize {
        self.state.lock().unwrap().given
    }

    pub fn confirmed(&self) -> usize {
        self.state.lock().unwrap().confirmed
    }

    pub async fn until_heard(&self, count: usize) {
        for _ in 0..600 {
            if self.submissions().len() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no file was handed over");
    }

    async fn connection(&self, mut stream: TcpStream) {
        let Some((head, body)) = self.hear(&mut stream).await else { return };
        let head = String::from_utf8(head).unwrap();
        let header = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-type").then(|| Header::read(value.trim()))
        });
        let parts = mime::read(header.unwrap().parameter("boundary").unwrap(), &body).unwrap();
        let field = |name: &str| {
            parts.iter().find_map(|(headers, value)| {
                let disposition = headers.header("Content-Disposition").unwrap();
                (disposition.parameter("name") == Some(name)).then(|| value.clone())
            })
        };
        let text = |name: &str| String::from_utf8(field(name).unwrap_or_default()).unwrap();
        let (kind, id) = (text("PayloadType"), text("PayloadID"));
        match kind.as_str() {
            "X12_TA1_RetrievalRequest_00501X231A1" => {
                self.give(stream, &id, Content::InterchangeAcknowledgmentTa1).await
            }
            "X12_999_RetrievalRequest_005010X231A1" => self.give(stream, &id, Content::Acknowledgment999).await,
            "X12_005010_Request_Batch_Results_277" => self.give(stream, &id, Content::ClaimAcknowledgment277).await,
            "X12_835_Request_005010X221A1" => self.give(stream, &id, Content::Remittance835).await,
            "X12_837_Request_005010X222A1" => {
                let payload = field("Payload").unwrap();
                let say = {
                    let mut state = self.state.lock().unwrap();
                    state.heard.push(Submitted837 { id: id.clone(), payload });
                    state.says.pop_front().or(state.always).unwrap_or(Say::Success)
                };
                self.say(stream, &id, say).await;
            }
            // A confirmation, or an acknowledgment of ours.
            _ => {
                self.confirm(&id);
                let _ = stream.write_all(&yes("X12_Response_ConfirmReceiptReceived", &id, &[])).await;
            }
        }
    }

    fn confirm(&self, id: &str) {
        let mut state = self.state.lock().unwrap();
        let Some(mail) = state.mail.iter_mut().find(|mail| mail.given_as.iter().any(|given| given == id)) else {
            return;
        };
        match mail.deaf.checked_sub(1) {
            Some(left) => mail.deaf = left,
            None => mail.confirmed = true,
        }
        state.confirmed += 1;
    }

    /// Reads a request; none if it is cut off here.
    async fn hear(&self, stream: &mut TcpStream) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(at) = memchr::memmem::find(&bytes, b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        };
        let head = bytes[..end].to_vec();
        let length = String::from_utf8_lossy(&head).lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
        });
        while bytes.len() < end + length? {
            let is_file = memchr::memmem::find(&bytes, b"X12_837_Request").is_some();
            let resets = matches!(self.state.lock().unwrap().says.front(), Some(Say::ResetInRequest));
            if is_file && resets {
                self.state.lock().unwrap().says.pop_front();
                reset(stream);
                return None;
            }
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
        Some((head, bytes[end..].to_vec()))
    }

    async fn say(&self, mut stream: TcpStream, id: &str, say: Say) {
        let success = yes("X12_BatchReceiptConfirmation", id, &[]);
        let said = match say {
            Say::Success => success,
            Say::SuccessWhenTold => {
                self.told.notified().await;
                success
            }
            Say::SuccessWithGarbage => {
                yes("X12_BatchReceiptConfirmation", id, &[("Payload", "\u{1}JANE DOE is no file")])
            }
            Say::Twice => [success.clone(), success].concat(),
            Say::Refuse(code) => {
                let fields = [("PayloadType", "CoreEnvelopeError"), ("PayloadID", id), ("ErrorCode", code)];
                http("200 OK", "multipart/form-data; boundary=XbndQ7", &form(&fields, "\r\n"))
            }
            Say::Silence => return tokio::time::sleep(Duration::from_secs(60)).await,
            // The whole request was read by then, if it was small.
            Say::ResetInRequest => return reset(&stream),
            Say::ResetInAnswer => {
                let _ = stream.write_all(&success[..success.len() / 2]).await;
                let _ = stream.flush().await;
                tokio::time::sleep(Duration::from_millis(20)).await;
                return reset(&stream);
            }
            Say::Html500 => http("500 Internal Server Error", "text/html", b"<html>JANE DOE <br> failed</html>"),
            Say::HtmlSuccess => http("200 OK", "text/html", b"<html>Success! JANE DOE is welcome</html>"),
            Say::NotHttp => b"220 mail.example ESMTP JANE\r\n".to_vec(),
        };
        let _ = stream.write_all(&said).await;
        let _ = stream.shutdown().await;
    }

    /// Gives what waits, or says that nothing does.
    async fn give(&self, mut stream: TcpStream, id: &str, content: Content) {
        let silent = self.state.lock().unwrap().silent;
        if let Some(silent) = silent {
            return tokio::time::sleep(silent).await;
        }
        let found = {
            let mut state = self.state.lock().unwrap();
            let found = state.mail.iter_mut().find(|mail| mail.content == content && !mail.confirmed).map(|mail| {
                let wrong = mail.wrong_checksums > 0;
                mail.given_as.push(id.to_owned());
                mail.wrong_checksums = mail.wrong_checksums.saturating_sub(1);
                (mail.bytes.clone(), wrong)
            });
            state.given += usize::from(found.is_some());
            found
        };
        let said = match found {
            None => yes("X12_005010_Response_NoBatchResultsFile", id, &[]),
            Some((bytes, wrong)) => {
                let kind = match content {
                    Content::InterchangeAcknowledgmentTa1 => "X12_TA1_Response_00501X231A1",
                    Content::Acknowledgment999 => "X12_999_Response_005010X231A1",
                    Content::ClaimAcknowledgment277 => "X12_277CA_Response_005010X214",
                    _ => "X12_835_Response_005010X221A1",
                };
                let mut sum = hex::encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &bytes));
                if wrong {
                    sum = sum.chars().rev().collect();
                }
                let (length, text) = (bytes.len().to_string(), String::from_utf8(bytes).unwrap());
                yes(kind, id, &[("PayloadLength", &length), ("CheckSum", &sum), ("Payload", &text)])
            }
        };
        let _ = stream.write_all(&said).await;
        let _ = stream.shutdown().await;
    }
}

fn reset(stream: &TcpStream) {
    // Dropped, it is reset.
    let _ = stream.set_zero_linger();
}

fn yes(kind: &str, id: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut fields = vec![
        ("PayloadType", kind),
        ("ProcessingMode", "Batch"),
        ("PayloadID", id),
        ("TimeStamp", "2026-01-15T14:30:00Z"),
        ("SenderID", "99001"),
        ("ReceiverID", "CLRV01"),
        ("CORERuleVersion", "2.2.0"),
        ("ErrorCode", "Success"),
        ("ErrorMessage", "None"),
    ];
    fields.extend(more);
    http("200 OK", "multipart/form-data; boundary=XbndQ7", &form(&fields, "\r\n"))
}

fn http(status: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.into_bytes(), body.to_vec()].concat()
}

/// What a payer answers to a file.
pub fn answers(file: &[u8], interchange: Owed, functional: bool, claims: bool, number: u32) -> Vec<u8> {
    let kinds = Kinds { interchange, functional, claims };
    let mut answers = Answers::new(Vec::new(), Options { kinds, control_number: number, ..Options::default() });
    check::check(file, &check::Options::default(), &mut answers).unwrap();
    answers.finish().unwrap().0
}

/// A gateway in this process, and its scripted partner.
pub struct Bench {
    pub site: Site,
    pub gateway: Arc<Gateway>,
    pub partner: Script,
    stop: CancellationToken,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Bench {
    /// `more` is added to the partner's settings.
    pub async fn new(more: &str) -> Self {
        Self::at(more, "500ms", Clock::system()).await
    }

    /// With so much patience with a silent partner.
    pub async fn patient(more: &str, patience: &str) -> Self {
        Self::at(more, patience, Clock::system()).await
    }

    /// By another clock.
    pub async fn at(more: &str, patience: &str, clock: Clock) -> Self {
        let partner = Script::new().await;
        let site = Site::new("resend_after = \"10ms\"\n", &[("harbor", &settings(&partner, "HARBOR", more, patience))]);
        let settings = site.settings();
        let gateway = tokio::task::spawn_blocking(move || Gateway::open_at(&settings, clock).unwrap()).await.unwrap();
        let stop = CancellationToken::new();
        let bench = Self { site, gateway, partner, stop };
        bench.work();
        bench
    }

    /// Does jobs, as a program that is started does.
    pub fn work(&self) {
        let (gateway, stop) = (Arc::clone(&self.gateway), self.stop.clone());
        tokio::spawn(async move { gateway.work(stop).await.unwrap() });
    }

    /// Another partner that does as it should; its name.
    pub async fn another_partner(&self, name: &str) -> (String, Script) {
        let script = Script::new().await;
        let text = settings(&script, "BAYSIDE", "", "500ms").replace("99001", "99002");
        fs::write(self.site.at("partners").join(format!("{name}.toml")), text).unwrap();
        self.gateway.reload("operator").await.unwrap();
        (name.to_owned(), script)
    }

    /// Hands claims in.
    pub async fn submit(&self, count: u64) -> Submitted {
        let submitted = self.try_submit(&lines(&claims(Kind::Professional, count, 0, &["PAID"]))).await.unwrap();
        assert_eq!(submitted.refused, 0, "{submitted:?}");
        submitted
    }

    pub async fn try_submit(&self, claims: &[u8]) -> Result<Submitted, claimwire::gateway::store::Error> {
        let (gateway, claims) = (Arc::clone(&self.gateway), claims.to_vec());
        let prepared = tokio::task::spawn_blocking(move || {
            let claims = std::io::Cursor::new(claims);
            let source = "test".to_owned();
            gateway.examine(Submission { source, partner: None, only: None, allow_duplicates: false, claims })
        });
        let (prepared, gateway) = (prepared.await.unwrap().unwrap(), Arc::clone(&self.gateway));
        self.gateway.store().write(move |tx| gateway.take(tx, prepared)).await
    }

    /// Has the one file sent again that was given up.
    pub async fn resend(&self) {
        let id = &self.rows("SELECT id FROM delivery WHERE state = 'failed'")[0]["id"].as_i64().unwrap();
        let (id, gateway) = (id_of(*id), Arc::clone(&self.gateway));
        self.gateway.store().write(move |tx| gateway.resend(tx, id)).await.unwrap();
    }

    pub fn rows(&self, sql: &str) -> Vec<Value> {
        self.site.rows(sql)
    }

    /// Waits until a query gives this.
    pub async fn until(&self, sql: &str, expected: &[&str]) {
        let mut seen = Vec::new();
        for _ in 0..600 {
            let found = self.rows(sql);
            seen = found.iter().map(|row| row["one"].as_str().unwrap_or("?").to_owned()).collect();
            if seen == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let events = self.rows("SELECT kind, file, claim, detail FROM event ORDER BY sequence");
        let jobs = self.rows("SELECT queue, subject, state, attempt, error, reason FROM job");
        panic!("{sql}: {seen:?}, expected {expected:?}; {events:#?} {jobs:#?}");
    }

    pub async fn until_confirmed(&self, count: usize) {
        for _ in 0..600 {
            if self.partner.confirmed() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nothing was confirmed");
    }

    /// Waits until there is nothing to do but to look again.
    pub async fn until_idle(&self) {
        let sql = "SELECT 'busy' AS one FROM job WHERE state IN ('ready', 'running') AND queue <> 'periodic'";
        self.until(sql, &[]).await;
    }
}

/// An id as the API has it.
fn id_of(number: i64) -> Id {
    let digits = b"0123456789abcdefghjkmnpqrstvwxyz";
    let text: String = (0..13).rev().map(|place| char::from(digits[((number >> (place * 5)) & 31) as usize])).collect();
    text.parse().unwrap()
}

fn settings(partner: &Script, payer: &str, more: &str, patience: &str) -> String {
    format!(
        "sender_id = \"CLRV01\"\nreceiver_id = \"99001\"\npayers = [\"{payer}\"]\nsend_by = \"core\"\n\
         collect_every = \"50ms\"\nline_break = \"none\"\n{more}\n[limits]\nbatch_wait = \"0s\"\n\
         [core]\nurl = \"http://{}/core\"\nsender = \"CLRV01\"\nreceiver = \"99001\"\nenvelope = \"mime\"\nbatch_timeout = {patience:?}\n",
        partner.address
    )
}
