//! Claims that came in, handed on to the payer's own systems as files of JSON.

use std::{fs, io::Write, path::Path};

use serde_json::json;

use super::{
    Event, FlowError, State,
    deliver::file_row,
    spans::Spans,
    timeline::{self, Claims},
};
use crate::gateway::{
    Gateway, Id,
    store::{
        self, Tx,
        jobs::{self, NewJob},
        values,
    },
};

/// The queue of these jobs.
pub(super) const QUEUE: &str = "hand_on";

/// Asks for the claims of a file to be handed on.
pub(super) fn ask(tx: &mut dyn Tx, file: Id) -> store::Result<()> {
    let (subject, key) = (file.to_string(), format!("{QUEUE}:{file}"));
    jobs::enqueue(tx, &NewJob { unique_key: Some(&key), ..NewJob::new(QUEUE, "claims", &subject) })?;
    Ok(())
}

impl Gateway {
    /// Writes the claims of a file that we accepted into the folder for them: `PARTNER-ID.ndjson`, whole or not at
    /// all. To do it again does no harm. It blocks.
    ///
    /// # Errors
    /// The folder's and the store's.
    pub(super) fn hand_on(&self, file: Id) -> Result<(), FlowError> {
        let Some(folder) = self.hand_on.as_deref() else { return Ok(()) };
        let (partner, spans) = self.store().read_blocking(move |tx| -> store::Result<_> {
            let partner = file_row(tx, file)?.text("partner")?.to_owned();
            let rows = tx.rows(
                &format!(
                    "SELECT c.payload AS payload, c.offset AS offset, c.length AS length FROM claim c
                     JOIN transaction_set s ON s.id = c.transaction_set
                     JOIN functional_group g ON g.id = s.functional_group
                     JOIN interchange i ON i.id = g.interchange
                     WHERE i.file = ?1 AND c.state NOT IN ({}) ORDER BY c.id",
                    State::dead()
                ),
                values![file.0],
            )?;
            let spans =
                rows.iter().map(|row| Ok((row.payload("payload")?, row.count("offset")?, row.count("length")?)));
            Ok((partner, spans.collect::<store::Result<Vec<_>>>()?))
        })?;
        let count = spans.len();
        write(folder, &format!("{partner}-{file}.ndjson"), |output| {
            let mut reader = Spans::new(self.store());
            for (payload, offset, length) in spans {
                output.write_all(&reader.read(payload, offset, length)?)?;
                output.write_all(b"\n")?;
            }
            Ok(())
        })?;
        self.store().write_blocking(move |tx| -> store::Result<_> {
            let detail = json!({ "claims": count });
            timeline::of_file(tx, &partner, file, Event::HandedOn, &detail)?;
            timeline::of_claims(tx, Claims::OfFile(file), Event::HandedOn, None, Some(file), &())?;
            Ok(())
        })?;
        Ok(())
    }
}

/// Writes a file so that it appears whole.
fn write(
    folder: &Path,
    name: &str,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), FlowError>,
) -> Result<(), FlowError> {
    let mut file = tempfile::Builder::new().prefix(".claims-").tempfile_in(folder)?;
    {
        let mut output = std::io::BufWriter::new(&mut file);
        fill(&mut output)?;
        output.flush()?;
    }
    file.as_file().sync_all()?;
    file.persist(folder.join(name)).map_err(|error| error.error)?;
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}
