//! Files that come in: stored before anything is said to them.

use std::{io, sync::Arc};

use serde_json::json;

use super::{Event, FlowError, timeline};
use crate::{
    gateway::{
        Gateway, Id,
        connect::{ServiceError, Spooled},
        store::{
            Error, Tx,
            jobs::{self, NewJob},
            payload, values,
        },
    },
    partner::{OnDuplicate, Partner},
};

/// The queue of files that are to be processed.
pub(super) const QUEUE: &str = "process";

const DAY: i64 = 24 * 60 * 60 * 1000;

/// Where a file comes from.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) partner: Arc<Partner>,
    /// The connector: `core`, `stream`, `folder`.
    pub(super) channel: &'static str,
    /// The id that the sender gave it.
    pub(super) message: Option<String>,
    /// The file name that the sender gave it.
    pub(super) name: Option<String>,
}

/// A file that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) id: Id,
    /// Whether the sender had sent it before, under the same id.
    pub(super) repeated: bool,
}

impl Gateway {
    /// Stores a file, and has it processed. When it returns the file is durable.
    ///
    /// # Errors
    /// [`ServiceError::Duplicate`] for an id that was used for another file; the store's.
    pub(super) async fn store_file(
        self: &Arc<Self>,
        origin: Origin,
        spooled: impl Into<Arc<Spooled>>,
    ) -> Result<Taken, FlowError> {
        let spooled: Arc<Spooled> = spooled.into();
        let (partner, message, sha256) = (origin.partner.name().to_owned(), origin.message.clone(), spooled.sha256);
        let before = self.store().read(move |tx| before(tx, &partner, message.as_deref(), &sha256)).await?;
        if let Some(before) = before {
            return before.taken();
        }
        let gateway = Arc::clone(self);
        let sealed = super::blocking(move || {
            let mut writer = gateway.store().payload_writer()?;
            io::copy(&mut std::fs::File::open(&spooled.path)?, &mut writer)?;
            let sealed = writer.finish()?;
            if sealed.sha256 != spooled.sha256 {
                return Err(FlowError::Fault("a file changed while it was stored".into()));
            }
            Ok(sealed)
        })
        .await?;
        let taken = self
            .store()
            .try_write(move |tx| {
                let partner = origin.partner.name();
                if let Some(before) = before_or_not(tx, partner, origin.message.as_deref(), &sealed.sha256)? {
                    return before.taken();
                }
                payload::keep(tx, sealed.id, "file")?;
                let (now, window) = (tx.now(), origin.partner.duplicates.file);
                let since = now - i64::from(window.days) * DAY;
                // Of several that are the same the first one counts; one that was refused may come again.
                let first = tx.first(
                    "SELECT f.id AS id FROM file f WHERE f.partner = ?1 AND f.direction = 'in' AND f.sha256 = ?2
                     AND f.at >= ?3 AND f.state <> 'refused'
                     AND NOT EXISTS (SELECT 1 FROM file o WHERE o.id = f.about AND o.sha256 = f.sha256)
                     ORDER BY f.id LIMIT 1",
                    values![partner, &sealed.sha256, since],
                )?;
                let first = first.filter(|_| window.days > 0).map(|row| row.int("id")).transpose()?;
                let refused = first.is_some() && window.then == OnDuplicate::Refuse;
                let id = Id::new(now);
                tx.run(
                    "INSERT INTO file
                        (id, direction, partner, channel, name, payload, length, sha256, message, state, about, at)
                     VALUES (?1, 'in', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                    values![
                        id.0,
                        partner,
                        origin.channel,
                        origin.name.as_deref(),
                        sealed.id,
                        i64::try_from(sealed.length).unwrap_or(i64::MAX),
                        &sealed.sha256,
                        origin.message.as_deref(),
                        if refused { "duplicate" } else { "received" },
                        first.filter(|_| refused),
                        now,
                    ],
                )?;
                let event = if first.is_some() { Event::FileRepeated } else { Event::FileReceived };
                let detail = json!({ "channel": origin.channel, "length": sealed.length, "first": first.map(Id) });
                timeline::of_file(tx, partner, id, event, &detail)?;
                let (subject, key) = (id.to_string(), format!("{}:{id}", QUEUE));
                jobs::enqueue(tx, &NewJob { unique_key: Some(&key), ..NewJob::new(QUEUE, "file", &subject) })?;
                tracing::info!(partner, file.id = %id, length = sealed.length, "a file is stored");
                Ok(Taken { id, repeated: false })
            })
            .await?;
        Ok(taken)
    }
}

/// A file with the same id from the same sender.
struct Before {
    id: Id,
    same: bool,
}

impl Before {
    fn taken(&self) -> Result<Taken, FlowError> {
        match self.same {
            true => Ok(Taken { id: self.id, repeated: true }),
            false => Err(FlowError::Service(ServiceError::Duplicate)),
        }
    }
}

fn before(tx: &mut dyn Tx, partner: &str, message: Option<&str>, sha256: &[u8; 32]) -> Result<Option<Before>, Error> {
    let Some(message) = message else { return Ok(None) };
    let rows = tx.rows(
        "SELECT id, sha256 FROM file WHERE partner = ?1 AND direction = 'in' AND message = ?2 ORDER BY id LIMIT 20",
        values![partner, message],
    )?;
    let mut first = None;
    for row in rows {
        let id = Id(row.int("id")?);
        let same = row.blob("sha256")? == sha256;
        if same {
            return Ok(Some(Before { id, same }));
        }
        first.get_or_insert(Before { id, same });
    }
    Ok(first)
}

fn before_or_not(
    tx: &mut dyn Tx,
    partner: &str,
    message: Option<&str>,
    sha256: &[u8; 32],
) -> Result<Option<Before>, FlowError> {
    Ok(before(tx, partner, message, sha256)?)
}
