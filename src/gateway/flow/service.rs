//! What connectors ask of the gateway.

use std::{io::BufReader, sync::Arc};

use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::{
    Event, FlowError, again, blocking,
    deliver::{self, FILES, New, file_row},
    outline,
    receive::{Origin, Taken},
    timeline,
};
use crate::{
    acknowledge::{Answers, Kinds, Options, Owed},
    check,
    gateway::{
        Gateway, Id,
        connect::{Arrival, Caller, Content, Parcel, Peer, Proof, Service, ServiceError, Stored, Wanted},
        secret::Passwords,
        store::{self, Row, values},
    },
    partner::Partner,
};

/// Files that wait, which are looked through for one that fits.
const MOST_WAITING: i64 = 1000;
/// How long a caller is asked to wait when the store cannot write.
const RETRY_AFTER: std::time::Duration = std::time::Duration::from_secs(30);

/// The gateway, as connectors see it.
#[derive(Clone)]
pub struct Desk {
    gateway: Arc<Gateway>,
    passwords: Passwords,
}

impl Desk {
    /// The desk of a gateway.
    pub fn new(gateway: Arc<Gateway>, passwords: Passwords) -> Self {
        Self { gateway, passwords }
    }

    fn partner(&self, name: &str) -> Result<Arc<Partner>, ServiceError> {
        self.gateway.partner(name).ok_or(ServiceError::Forbidden)
    }

    async fn store(&self, from: &Caller, arrival: Arrival) -> Result<Taken, FlowError> {
        let partner = self.partner(&from.partner)?;
        let Arrival { channel, payload_id, name, file, .. } = arrival;
        self.gateway.store_file(Origin { partner, channel, message: payload_id, name }, file).await
    }

    /// The file of a caller's that carries an id: its own, or that of the file it answers.
    async fn find(&self, partner: &str, id: &str) -> Result<Vec<Row>, FlowError> {
        let (partner, id) = (partner.to_owned(), id.to_owned());
        let rows = self.gateway.store().read(move |tx| {
            tx.rows(
                "SELECT f.*, p.sha1 AS sha1, d.state AS delivered FROM file f
                 JOIN payload p ON p.id = f.payload JOIN delivery d ON d.file = f.id
                 WHERE f.partner = ?1 AND f.direction = 'out' AND d.channel = 'pick_up'
                 AND (f.message = ?2 OR f.about IN
                     (SELECT id FROM file WHERE partner = ?1 AND direction = 'in' AND message = ?2
                      UNION SELECT about FROM file
                          WHERE partner = ?1 AND direction = 'in' AND message = ?2 AND state = 'duplicate'))
                 ORDER BY f.id LIMIT ?3",
                values![&partner, &id, MOST_WAITING],
            )
        });
        Ok(rows.await?)
    }

    /// The files that a caller fetched under an id of its own.
    async fn fetched_as(&self, partner: &str, asked: &str) -> Result<Vec<Row>, FlowError> {
        let (partner, asked) = (partner.to_owned(), asked.to_owned());
        let rows = self.gateway.store().read(move |tx| {
            tx.rows(
                "SELECT file AS id, state AS delivered FROM delivery WHERE partner = ?1 AND asked = ?2 ORDER BY id LIMIT ?3",
                values![&partner, &asked, MOST_WAITING],
            )
        });
        Ok(rows.await?)
    }

    /// What waits for a partner; and after that what it fetched and, though it confirms files, has not confirmed: it may
    /// not have it.
    async fn waiting(&self, partner: &str) -> Result<Vec<Row>, FlowError> {
        let (partner, again) = (partner.to_owned(), self.gateway.offer_again);
        let rows = self.gateway.store().read(move |tx| {
            let since = tx.now().saturating_sub(again);
            tx.rows(
                "SELECT f.*, p.sha1 AS sha1, d.state AS delivered FROM file f
                 JOIN payload p ON p.id = f.payload JOIN delivery d ON d.file = f.id
                 WHERE d.partner = ?1 AND (d.state = 'waiting' OR d.state = 'fetched' AND d.changed <= ?3
                     AND EXISTS (SELECT 1 FROM delivery WHERE partner = ?1 AND state = 'confirmed'))
                 ORDER BY d.state <> 'waiting', d.id LIMIT ?2",
                values![&partner, MOST_WAITING, since],
            )
        });
        Ok(rows.await?)
    }

    async fn moved(
        &self,
        partner: &str,
        file: Id,
        from: &'static [&'static str],
        to: &'static str,
        asked: Option<&str>,
        event: Event,
    ) -> Result<bool, FlowError> {
        let (partner, asked) = (partner.to_owned(), asked.map(str::to_owned));
        let moved = self.gateway.store().write(move |tx| {
            let now = tx.now();
            let list = from.iter().map(|state| format!("'{state}'")).collect::<Vec<_>>().join(",");
            let moved = tx.run(
                &format!(
                    "UPDATE delivery SET state = ?2, attempts = attempts + 1, changed = ?3, asked = COALESCE(?5, asked)
                          WHERE file = ?1 AND partner = ?4 AND state IN ({list})"
                ),
                values![file.0, to, now, &partner, asked.as_deref()],
            )?;
            if moved > 0 {
                timeline::of_file(tx, &partner, file, event, &())?;
            }
            Ok(moved > 0)
        });
        Ok(moved.await?)
    }
}

impl Service for Desk {
    fn authenticate<'a>(&'a self, peer: &'a Peer, proof: Proof<'a>) -> BoxFuture<'a, Option<Caller>> {
        Box::pin(async move {
            let partners = self.gateway.partners();
            let (partner, credential) = match proof {
                Proof::Password { user, password } => {
                    let partner = partners.by_user(user);
                    let hash = partner.and_then(|partner| partner.credentials.password_hash.as_ref());
                    let right = self.passwords.verify(user, password, hash.map(|hash| hash.as_str())).await;
                    (partner.filter(|_| right), format!("password of {}", user.chars().take(64).collect::<String>()))
                }
                Proof::Certificate { sha256 } => {
                    (partners.by_certificate(sha256), format!("certificate {}", hex::encode(sha256)))
                }
            };
            let Some(partner) = partner else {
                tracing::warn!(peer = %peer.address, credential, "a caller was refused");
                self.gateway.refused(&peer.address.to_string(), &credential, "nobody is known by this").await;
                return None;
            };
            let senders = senders(partner);
            Some(Caller { partner: partner.name().to_owned(), credential, senders, peer: peer.clone() })
        })
    }

    fn refused<'a>(&'a self, by: &'a Caller, why: &'static str) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            tracing::warn!(partner = by.partner, peer = %by.peer.address, credential = by.credential, why, "a caller was refused");
            self.gateway.refused(&by.partner, &by.credential, why).await;
        })
    }

    fn receive<'a>(&'a self, from: &'a Caller, arrival: Arrival) -> BoxFuture<'a, Result<Stored, ServiceError>> {
        Box::pin(async move {
            let taken = self.store(from, arrival).await.map_err(told)?;
            Ok(Stored { id: uuid(taken.id), duplicate: taken.repeated })
        })
    }

    fn next<'a>(&'a self, caller: &'a Caller, wanted: Wanted) -> BoxFuture<'a, Result<Option<Parcel>, ServiceError>> {
        Box::pin(async move {
            let fits = |row: &&Row| {
                row.text("content").is_ok_and(|content| wanted.kinds.iter().any(|kind| kind.name() == content))
            };
            let mut rows = match &wanted.payload_id {
                Some(id) => self.find(&caller.partner, id).await.map_err(told)?,
                None => Vec::new(),
            };
            rows.retain(|row| fits(&row));
            // What waits goes before what has been fetched already.
            rows.sort_by_key(|row| row.text("delivered") != Ok("waiting"));
            if rows.is_empty() {
                rows = self.waiting(&caller.partner).await.map_err(told)?;
            }
            let Some(row) = rows.iter().find(fits) else { return Ok(None) };
            self.gateway.parcel(row).map(Some).map_err(told)
        })
    }

    fn fetched<'a>(
        &'a self,
        by: &'a Caller,
        id: Uuid,
        asked: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), ServiceError>> {
        Box::pin(async move {
            for row in self.find(&by.partner, &id.to_string()).await.map_err(told)? {
                if row.maybe_text("message").ok().flatten() == Some(&id.to_string()) {
                    let file = Id(row.int("id").map_err(|error| told(error.into()))?);
                    self.moved(&by.partner, file, &["waiting", "fetched"], "fetched", asked, Event::Fetched)
                        .await
                        .map_err(told)?;
                }
            }
            Ok(())
        })
    }

    fn confirmed<'a>(&'a self, by: &'a Caller, payload_id: &'a str) -> BoxFuture<'a, Result<bool, ServiceError>> {
        Box::pin(async move {
            let mut any = false;
            let mut rows = self.find(&by.partner, payload_id).await.map_err(told)?;
            if rows.is_empty() {
                rows = self.fetched_as(&by.partner, payload_id).await.map_err(told)?;
            }
            for row in rows {
                let file = Id(row.int("id").map_err(|error| told(error.into()))?);
                if row.text("delivered").is_ok_and(|state| state == "fetched") {
                    self.moved(&by.partner, file, &["fetched"], "confirmed", None, Event::Confirmed)
                        .await
                        .map_err(told)?;
                }
                any = true;
            }
            Ok(any)
        })
    }

    fn answer<'a>(&'a self, from: &'a Caller, arrival: Arrival) -> BoxFuture<'a, Result<Option<Parcel>, ServiceError>> {
        Box::pin(async move {
            let channel = arrival.channel;
            let taken = self.store(from, arrival).await.map_err(told)?;
            let gateway = Arc::clone(&self.gateway);
            let answer = blocking(move || match channel {
                "stream" => gateway.receipt(taken.id).map(Some),
                _ => {
                    gateway.process(taken.id)?;
                    gateway.answer_to(taken.id)
                }
            });
            answer.await.map_err(told)
        })
    }
}

impl Gateway {
    /// The TA1 that says that a file is stored, and whether its envelopes can be: made once, and the same on a
    /// repeat. It blocks.
    pub(super) fn receipt(&self, file: Id) -> Result<Parcel, FlowError> {
        let file = self.store().read_blocking(move |tx| again::original(tx, file))?;
        let row = self.store().read_blocking(move |tx| -> store::Result<_> { file_row(tx, file) })?;
        let made = self.store().read_blocking(move |tx| -> store::Result<_> {
            tx.first(
                &format!("{FILES} WHERE f.about = ?1 AND f.direction = 'out' AND f.content = 'TA1'"),
                values![file.0],
            )
        })?;
        if let Some(made) = made {
            return self.parcel(&made);
        }
        let partner = self.partner(row.text("partner")?).ok_or(FlowError::Service(ServiceError::Forbidden))?;
        let payload = row.payload("payload")?;
        let outline = outline::of(BufReader::new(self.store().payload_reader(payload)?))?;
        let kinds = Kinds { interchange: Owed::Always, functional: false, claims: false };
        let control_number = self.answer_numbers(&partner, &outline)?;
        let options = Options { kinds, control_number, ..partner.answers() };
        let mut answers = Answers::new(self.store().payload_writer()?, options);
        // What is wrong inside transaction sets is not for the TA1.
        let checking = check::Options { level: 1, ..self.checking_of(&row, &partner, &outline)? };
        check::check(
            BufReader::with_capacity(256 << 10, self.store().payload_reader(payload)?),
            &checking,
            &mut answers,
        )?;
        let (output, _) = answers.finish()?;
        let sealed = output.finish()?;
        let answer = outline::of(BufReader::new(self.store().payload_reader(sealed.id)?))?;
        let new = New { content: Content::InterchangeAcknowledgmentTa1, sealed, outline: answer };
        let row = self.store().write_blocking(move |tx| -> store::Result<_> {
            let (id, _) = deliver::made(tx, &partner, &new, Some(file))?;
            file_row(tx, id)
        })?;
        self.parcel(&row)
    }

    /// What a processed file was answered with, the first of TA1, 999 and 277CA that there is.
    fn answer_to(&self, file: Id) -> Result<Option<Parcel>, FlowError> {
        let row = self.store().read_blocking(move |tx| -> store::Result<_> {
            let of = again::original(tx, file)?;
            tx.first(
                &format!("{FILES} WHERE f.about = ?1 AND f.direction = 'out' ORDER BY f.id LIMIT 1"),
                values![of.0],
            )
        })?;
        row.map(|row| self.parcel(&row)).transpose()
    }
}

/// What a partner may call itself: as we call it, and by its interchange identifiers.
fn senders(partner: &Partner) -> Vec<String> {
    let core = partner.core.as_ref().and_then(|core| core.get("receiver")).and_then(|id| id.as_str());
    let own = core.into_iter().chain(partner.receiver_id.as_deref());
    own.chain(partner.credentials.sender_ids.iter().map(|id| id.id.as_str())).map(str::to_owned).collect()
}

/// An id as connectors know it.
fn uuid(id: Id) -> Uuid {
    Uuid::from_u64_pair(0, id.0.unsigned_abs())
}

/// What a caller is told of an error.
fn told(error: FlowError) -> ServiceError {
    match error {
        FlowError::Service(error) => error,
        FlowError::Refused(reason) => ServiceError::Invalid(reason),
        error => {
            tracing::error!(%error, "a caller had to be sent away");
            ServiceError::Unavailable { retry_after: RETRY_AFTER }
        }
    }
}
