//! Files of ours on their way to partners: sent by us, or waiting to be fetched.

use std::{io, sync::Arc};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;
use uuid::Uuid;

use super::{
    Event, FlowError, State, blocking, expect,
    outline::{Outline, Recorded},
    receive::Origin,
    timeline::{self, Claims},
};
use crate::{
    gateway::{
        Gateway, Id,
        connect::{Body, Content, Parcel, Receipt, SendError},
        store::{
            self, Row, Tx,
            jobs::{self, NewJob},
            payload::{self, PayloadId, Sealed},
            values,
        },
    },
    partner::{Channel, Named, Partner},
};

/// The queue of these jobs.
pub(super) const QUEUE: &str = "deliver";

/// TA105 of an interchange that came before.
const DUPLICATE: &str = "025";

/// Jobs that were given up which are looked through for files to give up with them.
const MOST_FAILED: u32 = 1000;

/// How a file leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outlet {
    /// We send it, by this channel.
    Send(Channel),
    /// The partner fetches it.
    PickUp,
}

impl Outlet {
    /// How files leave to a partner.
    pub(super) fn of(partner: &Partner) -> Self {
        partner.calls_by().map_or(Self::PickUp, Self::Send)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Send(channel) => channel.name(),
            Self::PickUp => "pick_up",
        }
    }
}

/// A file that we made.
pub(super) struct New {
    pub(super) content: Content,
    pub(super) sealed: Sealed,
    pub(super) outline: Outline,
}

/// Records a file that we made, with its envelopes. `about` is the file that it answers.
pub(super) fn made(tx: &mut dyn Tx, partner: &Partner, new: &New, about: Option<Id>) -> store::Result<(Id, Recorded)> {
    let New { content, sealed, outline } = new;
    payload::keep(tx, sealed.id, "file")?;
    let (id, now) = (Id::new(tx.now()), tx.now());
    let created = Timestamp::from_millisecond(now).unwrap_or_default().to_zoned(TimeZone::UTC).datetime();
    let isa13 = outline.interchanges.first().map_or("", |interchange| &interchange.control_number);
    let name = partner.file_name(&Named { content: content.name(), created, isa13, id: &id.to_string() });
    tx.run(
        "INSERT INTO file
            (id, direction, partner, channel, name, content, payload, length, sha256, message, state, about, at)
         VALUES (?1, 'out', ?2, 'made', ?3, ?4, ?5, ?6, ?7, ?8, 'made', ?9, ?10)",
        values![
            id.0,
            partner.name(),
            name,
            content.name(),
            sealed.id,
            i64::try_from(sealed.length).unwrap_or(i64::MAX),
            &sealed.sha256,
            Uuid::new_v4(),
            about.map(|about| about.0),
            now,
        ],
    )?;
    let recorded = outline.record(tx, id, "out", partner.name())?;
    Ok((id, recorded))
}

/// Puts a file on its way.
pub(super) fn ask(tx: &mut dyn Tx, partner: &str, file: Id, outlet: Outlet) -> store::Result<()> {
    let (id, now) = (Id::new(tx.now()), tx.now());
    let state = if outlet == Outlet::PickUp { "waiting" } else { "due" };
    tx.run(
        "INSERT INTO delivery (id, file, partner, channel, state, at, changed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        values![id.0, file.0, partner, outlet.name(), state, now],
    )?;
    match outlet {
        Outlet::PickUp => timeline::of_file(tx, partner, file, Event::Waiting, &json!({})),
        Outlet::Send(_) => {
            let (subject, key) = (file.to_string(), format!("{QUEUE}:{file}"));
            jobs::enqueue(tx, &NewJob { unique_key: Some(&key), ..NewJob::new(QUEUE, "send", &subject) })?;
            Ok(())
        }
    }
}

/// What a try to send a file came to.
pub(super) enum Sent {
    /// It arrived.
    Arrived,
    /// It will be tried again.
    Again {
        /// Why.
        reason: String,
        /// How long the other side asked us to wait, in milliseconds.
        after: Option<i64>,
    },
    /// A person must act.
    GivenUp {
        /// Why.
        reason: String,
    },
}

impl Gateway {
    /// Sends a file once. What was sent is exactly what is stored. `again` says that it was begun before, whatever came
    /// of that.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn send(self: &Arc<Self>, file: Id, again: bool) -> Result<Sent, FlowError> {
        let (row, attempts) = self
            .store()
            .read(move |tx| {
                let delivery = tx.first("SELECT attempts FROM delivery WHERE file = ?1", values![file.0])?;
                let attempts = delivery.map(|row| row.int("attempts")).transpose()?;
                Ok((file_row(tx, file)?, attempts.unwrap_or_default()))
            })
            .await?;
        let (name, parcel) = (row.text("partner")?.to_owned(), self.parcel(&row)?);
        let Some(partner) = self.partner(&name) else {
            return Ok(Sent::GivenUp { reason: format!("there is no partner `{name}` any more") });
        };
        let connector = match self.connector(&partner) {
            Ok(Some(connector)) => connector,
            Ok(None) => return Ok(Sent::GivenUp { reason: format!("partner `{name}` has no channel to send by") }),
            Err(error) => return Ok(Sent::Again { reason: error.to_string(), after: None }),
        };
        // Looked through before a byte of it leaves: a partner must not be left with half a file.
        match self.whole(row.payload("payload")?).await {
            Ok(()) => {}
            Err(FlowError::Store(error @ (store::Error::Seal(_) | store::Error::Erased(_)))) => {
                return Ok(Sent::GivenUp { reason: error.to_string() });
            }
            Err(error) => return Err(error),
        }
        let outcome = connector.submit(&parcel).await;
        match outcome {
            Ok(receipt) => {
                self.sent(&partner, file, &parcel, receipt).await?;
                Ok(Sent::Arrived)
            }
            // It came twice: an earlier try, of which we heard nothing, had arrived.
            Err(SendError::Refused { code, .. }) if code == DUPLICATE && (again || attempts > 0) => {
                let detail = "it had arrived at an earlier try".to_owned();
                let receipt = Receipt { detail, warnings: Vec::new(), answer: None };
                self.sent(&partner, file, &parcel, receipt).await?;
                Ok(Sent::Arrived)
            }
            Err(SendError::Refused { code, reason, answer }) => {
                // Claims learn of it like of any other answer.
                if let Some(answer) = answer {
                    self.store_file(Self::on_the_spot(&partner), answer).await?;
                }
                Ok(Sent::GivenUp { reason: format!("refused with {code}: {reason}") })
            }
            Err(SendError::Temporary { reason, retry_after }) => {
                let after = retry_after.and_then(|after| i64::try_from(after.as_millis()).ok());
                Ok(Sent::Again { reason, after })
            }
            Err(SendError::Unknown { reason }) => Ok(Sent::Again { reason, after: None }),
        }
    }

    /// Whether the bytes of a file are as they were stored.
    async fn whole(&self, payload: PayloadId) -> Result<(), FlowError> {
        let store = self.store().clone();
        blocking(move || {
            let mut reader = store.payload_reader(payload)?;
            match io::copy(&mut reader, &mut io::sink()) {
                Ok(length) if length == reader.sealed().length => Ok(()),
                Ok(_) => Err(store::Error::Seal(payload).into()),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(store::Error::Seal(payload).into()),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Where an answer comes from that is given in the same exchange.
    fn on_the_spot(partner: &Arc<Partner>) -> Origin {
        let channel = partner.calls_by().map_or("stream", Channel::name);
        Origin { partner: Arc::clone(partner), channel, message: None, name: None }
    }

    /// Records that a file arrived, and takes in what came back with the receipt.
    async fn sent(
        self: &Arc<Self>,
        partner: &Arc<Partner>,
        file: Id,
        parcel: &Parcel,
        receipt: Receipt,
    ) -> Result<(), FlowError> {
        for warning in &receipt.warnings {
            tracing::warn!(partner = partner.name(), file.id = %file, warning, "the partner took a file, but its answer is odd");
        }
        // Before the file counts as sent: should we stop in between, it is sent again and answered again.
        if let Some(answer) = receipt.answer {
            self.store_file(Self::on_the_spot(partner), answer).await?;
        }
        let (name, is_claims) = (partner.name().to_owned(), parcel.content.is_claims());
        let expected = partner.acknowledgments.expected;
        let detail = receipt.detail.chars().take(500).collect::<String>();
        self.store()
            .write(move |tx| {
                let now = tx.now();
                let moved = tx.run(
                    "UPDATE delivery SET state = 'sent', attempts = attempts + 1, reason = NULL, changed = ?2
                     WHERE file = ?1 AND state IN ('due', 'failed')",
                    values![file.0, now],
                )?;
                if moved == 0 {
                    return Ok(());
                }
                timeline::of_file(tx, &name, file, Event::Sent, &json!({ "answer": detail }))?;
                if is_claims {
                    timeline::of_claims(
                        tx,
                        Claims::OfFile(file),
                        Event::Sent,
                        Some(State::Sent),
                        Some(file),
                        &json!({}),
                    )?;
                    expect::answers(tx, &name, file, &expected)?;
                }
                Ok(())
            })
            .await?;
        tracing::info!(partner = partner.name(), file.id = %file, payload.id = %parcel.id, "a file was sent");
        Ok(())
    }

    /// Records that a try failed.
    pub(super) fn failed(tx: &mut dyn Tx, file: Id, reason: &str, given_up: bool) -> store::Result<()> {
        let (now, state) = (tx.now(), if given_up { "failed" } else { "due" });
        let row = tx.first(
            "UPDATE delivery SET state = ?2, attempts = attempts + 1, reason = ?3, changed = ?4
             WHERE file = ?1 AND state IN ('due', 'failed') RETURNING partner",
            values![file.0, state, reason, now],
        )?;
        let Some(row) = row else { return Ok(()) };
        let event = if given_up { Event::SendGivenUp } else { Event::SendFailed };
        timeline::of_file(tx, row.text("partner")?, file, event, &json!({ "reason": reason }))
    }

    /// Gives up files whose job was: it was begun too often and never came to its end. Gives how many.
    pub(super) fn abandoned(tx: &mut dyn Tx) -> store::Result<usize> {
        let mut count = 0;
        for job in jobs::failed(tx, MOST_FAILED)?.iter().filter(|job| job.queue == QUEUE) {
            let Ok(file) = job.subject.parse::<Id>() else { continue };
            let due = tx.first("SELECT 1 AS one FROM delivery WHERE file = ?1 AND state = 'due'", values![file.0])?;
            let goes_on = jobs::about(tx, &job.subject, 1)?.first().is_some_and(|last| last.id != job.id);
            if due.is_some() && !goes_on {
                Self::failed(tx, file, job.reason.as_deref().unwrap_or("given up"), true)?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// A stored file (a row of [`FILES`]), as connectors take it.
    pub(super) fn parcel(&self, row: &Row) -> Result<Parcel, FlowError> {
        let id = Id(row.int("id")?);
        let payload = row.payload("payload")?;
        let store = self.store().clone();
        let content = Content::ALL.into_iter().find(|one| row.text("content").is_ok_and(|name| name == one.name()));
        let sha256 =
            row.blob("sha256")?.try_into().map_err(|_| FlowError::Fault("a digest of another length".into()))?;
        let sha1 = row.blob("sha1")?.try_into().map_err(|_| FlowError::Fault("a digest of another length".into()))?;
        let message = row.maybe_text("message")?.and_then(|text| Uuid::parse_str(text).ok()).unwrap_or_default();
        Ok(Parcel {
            id: message,
            name: row.maybe_text("name")?.map_or_else(|| format!("{id}.x12"), str::to_owned),
            content: content.unwrap_or(Content::Mixed),
            length: row.count("length")?,
            sha1,
            sha256,
            body: Body::new(move || Ok(Box::new(store.payload_reader(payload)?))),
        })
    }
}

/// Files, with what [`Gateway::parcel`] needs of their payloads; the file is `f`.
pub(super) const FILES: &str = "SELECT f.*, p.sha1 AS sha1 FROM file f JOIN payload p ON p.id = f.payload";

/// A file's row.
pub(super) fn file_row(tx: &mut dyn Tx, file: Id) -> store::Result<Row> {
    let row = tx.first(&format!("{FILES} WHERE f.id = ?1"), values![file.0])?;
    row.ok_or(store::Error::Invalid("there is no such file"))
}
