//! Claims handed in as files in a folder.

use std::{fs, io::Write, path::PathBuf, sync::Arc};

use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::{FlowError, Submission, SubmitError, Submitted, blocking};
use crate::gateway::{
    Gateway,
    connect::{Arrival, Caller, Parcel, Peer, Proof, Service, ServiceError, Stored, Wanted},
    store::{
        self,
        idempotency::{self, Answer, Known},
    },
};

/// Under which name the store knows what was handed in.
pub(super) const CALLER: &str = "folder";

/// Takes files of claims as the folder connector brings them. What became of each is written as
/// `NAME.ID.json` into a folder for results: decisions and findings, no values.
#[derive(Clone)]
pub struct Intake {
    gateway: Arc<Gateway>,
    results: PathBuf,
}

impl Intake {
    /// Claims for a gateway; results go into a folder that is there.
    pub fn new(gateway: Arc<Gateway>, results: PathBuf) -> Self {
        Self { gateway, results }
    }

    async fn submit(&self, arrival: Arrival) -> Result<Stored, ServiceError> {
        let Arrival { payload_id, name, file, .. } = arrival;
        let name = name.unwrap_or_default();
        let id = payload_id.unwrap_or_else(|| hex::encode(file.sha256));
        let request = file.sha256;
        let intake = self.clone();
        let prepared = blocking(move || {
            let submission = Submission {
                source: format!("{CALLER}:{name}"),
                partner: None,
                only: None,
                allow_duplicates: false,
                claims: fs::File::open(&file.path)?,
            };
            let prepared = intake.gateway.examine(submission).map_err(flow)?;
            Ok((prepared, name))
        });
        let (prepared, name) = prepared.await.map_err(told)?;
        let (gateway, key) = (Arc::clone(&self.gateway), hex::encode(request));
        // The same bytes are the same claims, whatever the file is called; after a crash the folder brings a file again
        // under its id.
        let taken = self.gateway.store().try_write(move |tx| -> Result<Option<Submitted>, FlowError> {
            if let Known::Answered(before) = idempotency::look(tx, CALLER, &key, &request)? {
                return match before.answer == id {
                    true => Ok(None),
                    false => Err(FlowError::Refused("a file with the same bytes was handed in before".into())),
                };
            }
            let submitted = gateway.take(tx, prepared)?;
            idempotency::answered(tx, CALLER, &key, &request, &Answer { status: 200, answer: id })?;
            Ok(Some(submitted))
        });
        if let Some(submitted) = taken.await.map_err(told)? {
            let intake = self.clone();
            let written = blocking(move || intake.result(&name, &submitted)).await;
            if let Err(error) = written {
                tracing::error!(%error, "the result of a file of claims could not be written; the claims are taken all the same");
            }
        }
        Ok(Stored { id: Uuid::new_v4(), duplicate: false })
    }

    /// Writes what became of a file of claims.
    fn result(&self, name: &str, submitted: &Submitted) -> Result<(), FlowError> {
        let mut file = tempfile::Builder::new().prefix(".result-").tempfile_in(&self.results)?;
        serde_json::to_writer_pretty(&mut file, submitted).map_err(std::io::Error::from)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        let id = Uuid::now_v7().simple().to_string();
        file.persist_noclobber(self.results.join(format!("{name}.{id}.json"))).map_err(|error| error.error)?;
        Ok(())
    }
}

impl Service for Intake {
    fn authenticate<'a>(&'a self, _: &'a Peer, _: Proof<'a>) -> BoxFuture<'a, Option<Caller>> {
        Box::pin(async { None })
    }

    fn receive<'a>(&'a self, _: &'a Caller, arrival: Arrival) -> BoxFuture<'a, Result<Stored, ServiceError>> {
        Box::pin(self.submit(arrival))
    }

    fn next<'a>(&'a self, _: &'a Caller, _: Wanted) -> BoxFuture<'a, Result<Option<Parcel>, ServiceError>> {
        Box::pin(async { Ok(None) })
    }

    fn fetched<'a>(&'a self, _: &'a Caller, _: Uuid, _: Option<&'a str>) -> BoxFuture<'a, Result<(), ServiceError>> {
        Box::pin(async { Ok(()) })
    }

    fn confirmed<'a>(&'a self, _: &'a Caller, _: &'a str) -> BoxFuture<'a, Result<bool, ServiceError>> {
        Box::pin(async { Ok(false) })
    }

    fn answer<'a>(&'a self, from: &'a Caller, arrival: Arrival) -> BoxFuture<'a, Result<Option<Parcel>, ServiceError>> {
        Box::pin(async move { self.receive(from, arrival).await.map(|_| None) })
    }
}

fn flow(error: SubmitError) -> FlowError {
    match error {
        SubmitError::Store(error) => FlowError::Store(error),
        SubmitError::Io(error) => FlowError::Io(error),
        error => FlowError::Refused(error.to_string()),
    }
}

/// What the folder is told: the reason stands beside a refused file.
fn told(error: FlowError) -> ServiceError {
    match error {
        FlowError::Refused(reason) => ServiceError::Invalid(reason),
        FlowError::Store(error @ store::Error::Seal(_)) => ServiceError::Invalid(error.to_string()),
        error => {
            tracing::error!(%error, "a file of claims has to wait");
            ServiceError::Unavailable { retry_after: std::time::Duration::from_secs(30) }
        }
    }
}
