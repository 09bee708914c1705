//! A test payer: the other end of CORE and of the TLS stream, for trying out a billing side.
//!
//! [`Sandbox`] is a [`Service`]: a connector hands it claims (837 P, I and D), and picks up what it answers. Each
//! claim is checked and answered like a payer's, and what becomes of it is chosen by how the member id begins: the
//! subscriber's, or the patient's where that is missing. [`outcomes`] is the table:
//!
//! | member id | answers |
//! |---|---|
//! | `PAID…` and any other | 277CA `A2`, 835 pays in full |
//! | `PART…` | 835 with `CO-45`, `PR-1`, `PR-2`, `PR-3`; the last of several lines is denied (`CO-96`, `N130`) |
//! | `DENY…` | 835 with CLP02 4, `CO-50`, `N115` |
//! | `ZERO…` | 835 pays nothing: capitation, `CO-24` |
//! | `FORWARD…` | 835 with CLP02 19 and the next payer |
//! | `CORRECT…` | 835 in full; later a second one takes it back (CLP02 22) and pays in part, PLB `WO` |
//! | `LATE…` | 277CA and 835 come late, with interest (PLB `L6`); the 999 too, if all claims of the file are late |
//! | `TWOACC…` | 277CA `A1` from the clearinghouse, later `A2` from the payer and the 835 |
//! | `TWOREJ…` | 277CA `A2`, later `A7:88:QC` |
//! | `REJMEM…` | 277CA `A7:164:IL` |
//! | `REJRET…` | 277CA `A3:116` |
//! | `REJDUP…` | 277CA `A3:78` |
//! | `REJ999…` | 999 rejects the transaction set |
//! | `REJTA1…` | TA1 rejects the interchange |
//!
//! The last two reject all that is sent with them, so such a claim is best sent alone. A claim that breaks a rule is
//! refused for that, whatever its member id asks for. A claim number that was accepted before is a duplicate, unless
//! the claim replaces or voids (CLM05-3 is 6, 7 or 8). A void is accepted and pays nothing; a dental
//! predetermination is answered with CLP02 25.
//!
//! TA1, 999, 277CA and 835 are files of their own and wait until their partner picks them up. Everything is in
//! memory, and gone when the sandbox is.

mod adjudicate;
mod desk;
mod log;
mod mailbox;
mod outcome;
mod remit;
mod serve;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fs::File,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::Duration,
};

use aws_lc_rs::{constant_time, digest};
use futures_util::future::BoxFuture;
use jiff::{Timestamp, tz::TimeZone};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;
use uuid::Uuid;

pub use self::{
    log::{Entry, Taken},
    outcome::{Outcome, Prefix, outcomes},
    serve::Listeners,
};

use self::{
    desk::{Answered, Desk, Known},
    log::Log,
    mailbox::{Mailbox, Waiting},
};
use super::connect::{
    Arrival, Body, Caller, Content, Parcel, Peer, Proof, Service, ServiceError, Spooled, Stored, Wanted,
};
use crate::{
    check, document,
    record::{Date, Text, Time},
};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The connector whose answer is a TA1.
const STREAM: &str = "stream";

/// How a sandbox behaves.
#[derive(Clone)]
pub struct Options {
    /// Who may call.
    pub accounts: Vec<Account>,
    /// Whether whoever shows a certificate that the TLS layer has verified may call too, each certificate as a
    /// partner of its own.
    pub any_certificate: bool,
    /// How long what comes late waits.
    pub delay: Duration,
    /// When a file that was picked up and never confirmed is offered again; never if `None`. It can always be
    /// asked for by its id.
    pub offer_again: Option<Duration>,
    /// How claims are checked. The day is that of the clock.
    pub check: check::Options,
    /// A file that the log is appended to, as NDJSON.
    pub log: Option<PathBuf>,
    /// What time it is.
    pub clock: Clock,
}

impl Default for Options {
    /// Nobody may call; five seconds late; offered again after a minute; by the system's clock, without a file.
    fn default() -> Self {
        Self {
            accounts: Vec::new(),
            any_certificate: false,
            delay: Duration::from_secs(5),
            offer_again: Some(Duration::from_secs(60)),
            check: check::Options::default(),
            log: None,
            clock: Arc::new(Timestamp::now),
        }
    }
}

/// Who may call, and by what it is known.
#[derive(Clone, Default)]
pub struct Account {
    /// The partner that it is.
    pub partner: String,
    /// User name and password.
    pub password: Option<(String, SecretString)>,
    /// SHA-256 of its certificates.
    pub certificates: Vec<[u8; 32]>,
    /// What it may call itself; see [`Caller::senders`].
    pub senders: Vec<String>,
}

/// The test payer.
pub struct Sandbox {
    shared: Arc<Shared>,
    /// To the thread that processes files, in the order in which they came. It ends with this.
    jobs: mpsc::Sender<Job>,
}

struct Shared {
    options: Options,
    log: Log,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By partner.
    mailboxes: HashMap<String, Mailbox>,
    received: HashMap<Key, Received>,
}

/// By what a repeat is known: partner, the id it gave the file, and what it says is in it.
type Key = (String, String, Option<Content>);

/// A file that came in.
struct Received {
    id: Uuid,
    sha256: [u8; 32],
    progress: watch::Receiver<Progress>,
}

/// What has become of a file.
#[derive(Clone, Debug)]
enum Progress {
    Waiting,
    /// Processed, with the answer for who waits for one.
    Done(Option<Parcel>),
}

/// A file to process.
struct Job {
    partner: String,
    channel: &'static str,
    payload_id: Option<String>,
    file: Spooled,
    /// Whether the sender waits for an answer.
    waits: bool,
    progress: watch::Sender<Progress>,
}

impl Sandbox {
    /// A payer that has received nothing yet.
    ///
    /// # Errors
    /// If the file of the log cannot be opened, or the thread that processes files cannot be started.
    pub fn new(options: Options) -> io::Result<Arc<Self>> {
        let log = Log::to(options.log.as_deref())?;
        let shared = Arc::new(Shared { options, log, state: Mutex::default() });
        let (jobs, work) = mpsc::channel();
        let mut back_office =
            BackOffice { numbers: Numbers::from(shared.now()), known: HashMap::new(), shared: Arc::clone(&shared) };
        thread::Builder::new()
            .name("sandbox".into())
            .spawn(move || work.iter().for_each(|job| back_office.process(job)))?;
        Ok(Arc::new(Self { shared, jobs }))
    }

    /// What has come in so far: each message, and each claim of those that were processed.
    pub fn log(&self) -> Vec<Entry> {
        self.shared.log.entries()
    }

    /// Waits until every file that has come in so far is processed.
    pub async fn settled(&self) {
        let all: Vec<_> = self.shared.state().received.values().map(|one| one.progress.clone()).collect();
        for mut progress in all {
            // An error says that the thread is gone, and nothing will happen any more.
            let _ = progress.wait_for(|progress| matches!(progress, Progress::Done(_))).await;
        }
    }

    /// Takes a file in, unless it was before.
    fn take(
        &self,
        from: &Caller,
        arrival: Arrival,
        waits: bool,
    ) -> Result<(Stored, watch::Receiver<Progress>), ServiceError> {
        let Arrival { channel, payload_id, content, file, .. } = arrival;
        let id = payload_id.clone().unwrap_or_else(|| hex::encode(file.sha256));
        let key = (from.partner.clone(), id, content);
        let entry = |taken| Entry::Message {
            at: self.shared.now(),
            partner: from.partner.clone(),
            channel: channel.to_owned(),
            payload_id: payload_id.clone(),
            length: file.length,
            sha256: hex::encode(file.sha256),
            taken,
        };
        let mut state = self.shared.state();
        if let Some(earlier) = state.received.get(&key) {
            let taken = if earlier.sha256 == file.sha256 { Taken::Repeat } else { Taken::Conflict };
            self.shared.log.add(vec![entry(taken)]);
            return match taken {
                Taken::Repeat => Ok((Stored { id: earlier.id, duplicate: true }, earlier.progress.clone())),
                _ => Err(ServiceError::Duplicate),
            };
        }
        self.shared.log.add(vec![entry(Taken::New)]);
        let (sender, progress) = watch::channel(Progress::Waiting);
        let received = Received { id: Uuid::new_v4(), sha256: file.sha256, progress: progress.clone() };
        let stored = Stored { id: received.id, duplicate: false };
        state.received.insert(key, received);
        let job = Job { partner: from.partner.clone(), channel, payload_id, file, waits, progress: sender };
        let sent = self.jobs.send(job);
        sent.map_err(|_| ServiceError::Unavailable { retry_after: self.shared.options.delay })?;
        Ok((stored, progress))
    }

    fn caller(&self, peer: &Peer, proof: Proof<'_>) -> Option<Caller> {
        let caller = |account: &Account, credential: String| Caller {
            partner: account.partner.clone(),
            credential,
            senders: account.senders.clone(),
            peer: peer.clone(),
        };
        let Options { accounts, any_certificate, .. } = &self.shared.options;
        match proof {
            Proof::Password { user, password } => {
                let shown = fingerprint(user, password);
                let mut found = None;
                for account in accounts {
                    // All are compared, and by digest, so that the time tells nothing.
                    if let Some((user, password)) = &account.password
                        && constant_time::verify_slices_are_equal(shown.as_ref(), fingerprint(user, password).as_ref())
                            .is_ok()
                    {
                        found = Some(caller(account, format!("password of {user}")));
                    }
                }
                found
            }
            Proof::Certificate { sha256 } => {
                let name: String = hex::encode(sha256).chars().take(16).collect();
                let known = accounts.iter().find(|account| account.certificates.contains(sha256));
                let anyone = || Account { partner: format!("certificate-{name}"), ..Account::default() };
                let account = known.cloned().or_else(|| any_certificate.then(anyone))?;
                Some(caller(&account, format!("certificate {name}")))
            }
        }
    }
}

impl Service for Sandbox {
    fn authenticate<'a>(&'a self, peer: &'a Peer, proof: Proof<'a>) -> BoxFuture<'a, Option<Caller>> {
        Box::pin(async move { self.caller(peer, proof) })
    }

    fn receive<'a>(&'a self, from: &'a Caller, arrival: Arrival) -> BoxFuture<'a, Result<Stored, ServiceError>> {
        Box::pin(async move { self.take(from, arrival, false).map(|(stored, _)| stored) })
    }

    fn next<'a>(&'a self, caller: &'a Caller, wanted: Wanted) -> BoxFuture<'a, Result<Option<Parcel>, ServiceError>> {
        Box::pin(async move {
            let (now, again) = (self.shared.now(), self.shared.options.offer_again);
            let state = self.shared.state();
            Ok(state.mailboxes.get(&caller.partner).and_then(|mailbox| mailbox.next(&wanted, now, again)))
        })
    }

    fn fetched<'a>(
        &'a self,
        by: &'a Caller,
        id: Uuid,
        asked: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), ServiceError>> {
        Box::pin(async move {
            let now = self.shared.now();
            if let Some(mailbox) = self.shared.state().mailboxes.get_mut(&by.partner) {
                mailbox.fetched(id, asked, now);
            }
            Ok(())
        })
    }

    fn confirmed<'a>(&'a self, by: &'a Caller, payload_id: &'a str) -> BoxFuture<'a, Result<bool, ServiceError>> {
        Box::pin(async move {
            let mut state = self.shared.state();
            Ok(state.mailboxes.get_mut(&by.partner).is_some_and(|mailbox| mailbox.confirmed(payload_id)))
        })
    }

    /// The answer is the TA1 on the stream; elsewhere the 277CA, or the 999 or TA1 that stands in its place.
    fn answer<'a>(&'a self, from: &'a Caller, arrival: Arrival) -> BoxFuture<'a, Result<Option<Parcel>, ServiceError>> {
        Box::pin(async move {
            let (_, mut progress) = self.take(from, arrival, true)?;
            let done = progress.wait_for(|progress| matches!(progress, Progress::Done(_))).await;
            match done.as_deref() {
                Ok(Progress::Done(answer)) => Ok(answer.clone()),
                _ => Err(ServiceError::Unavailable { retry_after: self.shared.options.delay }),
            }
        })
    }
}

impl Shared {
    fn now(&self) -> Timestamp {
        (self.options.clock)()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Processes files, one after the other.
struct BackOffice {
    shared: Arc<Shared>,
    numbers: Numbers,
    /// By partner, the claims accepted so far.
    known: HashMap<String, Known>,
}

impl BackOffice {
    fn process(&mut self, job: Job) {
        let now = self.shared.now();
        let (taken, answers) = self.decide(&job, now).unwrap_or_else(|error| {
            unanswered(&job, &error);
            Default::default()
        });
        let entries = taken.claims.into_iter().map(|(claim, outcome)| Entry::Claim {
            at: now,
            partner: job.partner.clone(),
            payload_id: job.payload_id.clone(),
            interchange: claim.interchange.into(),
            control_number: claim.control_number.into(),
            charge: claim.charge,
            outcome: outcome.map_or("invalid", Outcome::name).to_owned(),
        });
        self.shared.log.add(entries.collect());
        let answer = self.put(&job, answers, now);
        job.progress.send_replace(Progress::Done(answer));
    }

    fn decide(&mut self, job: &Job, now: Timestamp) -> Result<(desk::Taken, Vec<Answered>), document::Error> {
        let created = date_and_time(now);
        let options = check::Options { today: created.0, ..self.shared.options.check.clone() };
        let known = self.known.entry(job.partner.clone()).or_default();
        let mut desk = Desk::new(&mut self.numbers, known, created, job.channel == STREAM);
        check::check(File::open(&job.file.path)?, &options, &mut desk)?;
        let (taken, mut answers) = desk.finish()?;
        match remit::remit(&job.file.path, &taken, &mut self.numbers, created) {
            Ok(remittances) => answers.extend(remittances),
            // The claims were taken in all the same.
            Err(error) => unanswered(job, &error),
        }
        Ok((taken, answers))
    }

    /// Puts the answers where they are picked up, but for the one that the sender waits for. Gives that.
    fn put(&self, job: &Job, answers: Vec<Answered>, now: Timestamp) -> Option<Parcel> {
        let late = now.saturating_add(self.shared.options.delay).unwrap_or(now);
        let kinds = if job.channel == STREAM { &[Content::InterchangeAcknowledgmentTa1][..] } else { REAL_TIME };
        let answer_is = kinds.iter().find_map(|kind| answers.iter().position(|one| one.content == *kind && !one.later));
        let mut answer = None;
        let mut state = self.shared.state();
        let mailbox = state.mailboxes.entry(job.partner.clone()).or_default();
        for (at, Answered { content, bytes, later }) in answers.into_iter().enumerate() {
            let parcel = parcel(content, bytes);
            let is_answer = answer_is == Some(at);
            if is_answer {
                answer = Some(parcel.clone());
            }
            if !(is_answer && job.waits) {
                let due = if later { late } else { now };
                let answers = job.payload_id.clone();
                mailbox.put(Waiting { parcel, due, answers, fetched: None, confirmed: false });
            }
        }
        answer
    }
}

/// Notes that something of a file has no answer. The error may repeat what stands in the file, and is not told.
fn unanswered(job: &Job, error: &document::Error) {
    let error = match error {
        document::Error::X12(_) => "it is not X12",
        document::Error::Io(_) => "it cannot be read",
        _ => "an answer cannot be written",
    };
    tracing::warn!(partner = job.partner, channel = job.channel, error, "sandbox: a file is not answered");
}

/// What answers in real time, if it is there.
const REAL_TIME: &[Content] =
    &[Content::ClaimAcknowledgment277, Content::Acknowledgment999, Content::InterchangeAcknowledgmentTa1];

/// The numbers that the payer gives out. They begin with the time, so that those of an earlier sandbox do not
/// come again.
struct Numbers {
    /// In seconds since 1970.
    began: i64,
    /// ISA13 and GS06 of the next file.
    next: u32,
    claims: u64,
    payments: u64,
}

impl Numbers {
    fn from(now: Timestamp) -> Self {
        let began = now.as_second().max(0);
        Self { began, next: u32::try_from(began % 1_000_000_000).unwrap_or(0).max(1), claims: 0, payments: 0 }
    }

    fn interchange(&mut self) -> u32 {
        let number = self.next;
        self.next = number.saturating_add(1);
        number
    }

    /// The payer's number for a claim.
    fn claim(&mut self) -> Text {
        self.claims = self.claims.saturating_add(1);
        format!("P{}{:07}", self.began, self.claims).into()
    }

    /// The number of a payment.
    fn trace(&mut self) -> Text {
        self.payments = self.payments.saturating_add(1);
        format!("EFT{}{:05}", self.began, self.payments).into()
    }
}

fn parcel(content: Content, bytes: Vec<u8>) -> Parcel {
    let id = Uuid::new_v4();
    Parcel {
        id,
        name: format!("{id}.{}", content.name().to_ascii_lowercase()),
        content,
        length: bytes.len() as u64,
        sha1: digest_of(&digest::SHA1_FOR_LEGACY_USE_ONLY, &bytes),
        sha256: digest_of(&digest::SHA256, &bytes),
        body: Body::of_bytes(bytes),
    }
}

/// A digest as an array of the length that the algorithm has.
fn digest_of<const N: usize>(algorithm: &'static digest::Algorithm, bytes: &[u8]) -> [u8; N] {
    digest::digest(algorithm, bytes).as_ref().try_into().unwrap_or([0; N])
}

fn fingerprint(user: &str, password: &SecretString) -> digest::Digest {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [user, password.expose_secret()] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    context.finish()
}

fn date_and_time(now: Timestamp) -> (Date, Time) {
    let now = now.to_zoned(TimeZone::UTC);
    (now.date(), Time::new(now.hour().unsigned_abs(), now.minute().unsigned_abs()).unwrap_or_default())
}
