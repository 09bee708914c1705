//! Queued claims, put into files within the partner's limits.

use std::{
    io::{self, BufReader, Write},
    sync::Arc,
};

use jiff::SignedDuration;
use serde_json::json;

use super::{
    Event, FlowError, State,
    deliver::{self, New},
    examine::{self, Examined},
    outline::{self, Outline},
    spans::Spans,
    timeline::{self, Claims},
};
use crate::{
    gateway::{
        Gateway, Id,
        connect::Content,
        store::{
            self, Tx,
            jobs::{self, Lease, NewJob},
            numbers,
            payload::{PayloadId, Sealed},
            values,
        },
    },
    ndjson,
    partner::{Partner, Range},
};

/// The queue of these jobs.
pub(super) const QUEUE: &str = "batch";
/// Claims of a file where the partner says nothing else.
const CLAIMS_PER_FILE: u32 = 5000;
/// About how much longer X12 may be than we guess from the JSON; measured, JSON is four times as long.
const JSON_PER_X12: u64 = 3;

/// Asks for the partner's queued claims to be put into files, when they have waited for others.
pub(super) fn ask(tx: &mut dyn Tx, partner: &str, wait: SignedDuration) -> store::Result<()> {
    let now = tx.now();
    let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    let (key, due) = (format!("{QUEUE}:{partner}"), Some(now.saturating_add(wait)));
    jobs::enqueue(tx, &NewJob { unique_key: Some(&key), due, ..NewJob::new(QUEUE, "batch", partner) })?;
    Ok(())
}

/// Whether claims for the partner are queued.
pub(super) fn is_asked(tx: &mut dyn Tx, partner: &str) -> store::Result<bool> {
    let row = tx.first(
        "SELECT id FROM claim WHERE state = 'queued' AND partner = ?1 AND direction = 'out' LIMIT 1",
        values![partner],
    )?;
    Ok(row.is_some())
}

/// A claim that waits.
struct Waiting {
    id: Id,
    kind: String,
    payload: PayloadId,
    offset: u64,
    length: u64,
}

impl Gateway {
    /// Puts the partner's queued claims into files; gives how many. It blocks.
    ///
    /// # Errors
    /// Settings that do not do; the store's.
    pub(super) fn batch(&self, partner: &Arc<Partner>, lease: &Lease) -> Result<usize, FlowError> {
        let mut files = 0;
        for kind in ["professional", "institutional", "dental"] {
            loop {
                let most = claims_per_file(partner);
                let waiting = self.waiting(partner, kind, most)?;
                if waiting.is_empty() {
                    break;
                }
                self.file(partner, &waiting, lease)?;
                files += 1;
            }
        }
        Ok(files)
    }

    fn waiting(&self, partner: &Partner, kind: &str, most: u32) -> Result<Vec<Waiting>, FlowError> {
        let (name, kind) = (partner.name().to_owned(), kind.to_owned());
        let bytes = partner.limits.bytes_per_file.unwrap_or(u64::MAX).saturating_mul(JSON_PER_X12);
        let waiting = self.store().read_blocking(move |tx| -> store::Result<_> {
            let rows = tx.rows(
                "SELECT id, kind, payload, offset, length FROM claim
                 WHERE state = 'queued' AND partner = ?1 AND kind = ?2 AND direction = 'out' ORDER BY id LIMIT ?3",
                values![&name, &kind, most],
            )?;
            rows.into_iter()
                .map(|row| {
                    Ok(Waiting {
                        id: Id(row.int("id")?),
                        kind: row.text("kind")?.to_owned(),
                        payload: row.payload("payload")?,
                        offset: row.count("offset")?,
                        length: row.count("length")?,
                    })
                })
                .collect::<store::Result<Vec<_>>>()
        })?;
        let mut sum = 0u64;
        let fits = waiting.iter().take_while(|claim| {
            sum = sum.saturating_add(claim.length);
            sum <= bytes
        });
        let fits = fits.count().max(1);
        Ok(waiting.into_iter().take(fits).collect())
    }

    /// Writes a file of as many of the claims as it may hold, and records all that it holds.
    fn file(&self, partner: &Arc<Partner>, mut waiting: &[Waiting], lease: &Lease) -> Result<Id, FlowError> {
        let guide = waiting.first().map_or("837P", |claim| guide_of(&claim.kind));
        let mut options = partner.options_for(guide).map_err(|error| FlowError::settings(partner, &error))?;
        let Numbers { interchange, group } = self.numbers(partner)?;
        options.control_number = interchange;
        options.group_control_number = group;
        let (stored, outline) = loop {
            let (stored, outline) = self.write(partner, waiting, options.clone())?;
            let fits = fits(partner, waiting.len(), stored.length, &outline);
            match waiting.get(..fits) {
                // What was written is nobody's, and is swept.
                Some(fewer) if fits < waiting.len() => waiting = fewer,
                _ => break (stored, outline),
            }
        };
        let examination =
            examine::file(BufReader::new(self.store().payload_reader(stored.id)?), &self.checking(partner.name()))?;
        if examination.claims.len() != waiting.len() {
            let message = format!("{} claims went in, {} came out", waiting.len(), examination.claims.len());
            return Err(FlowError::Fault(message));
        }
        let ids: Vec<Id> = waiting.iter().map(|claim| claim.id).collect();
        let content = match guide {
            "837I" => Content::Claims837I,
            "837D" => Content::Claims837D,
            _ => Content::Claims837P,
        };
        let new = New { content, sealed: stored, outline };
        let made = Made { partner: Arc::clone(partner), new, claims: examination.claims, ids };
        let outlet = deliver::Outlet::of(partner);
        let lease = lease.clone();
        let file = self.store().write_blocking(move |tx| -> store::Result<_> {
            jobs::got_on(tx, &lease)?;
            made.record(tx, outlet)
        })?;
        tracing::info!(partner = partner.name(), file.id = %file, claims = waiting.len(), "claims were put into a file");
        Ok(file)
    }

    /// Writes claims into a file of X12.
    fn write(
        &self,
        partner: &Partner,
        waiting: &[Waiting],
        options: ndjson::Options,
    ) -> Result<(Sealed, Outline), FlowError> {
        let output = Folded { output: self.store().payload_writer()?, capitals: partner.characters.uppercase };
        let mut writer = ndjson::Writer::new(output, options);
        let mut spans = Spans::new(self.store());
        for claim in waiting {
            writer.push(&spans.read(claim.payload, claim.offset, claim.length)?)?;
        }
        let stored = writer.finish()?.output.finish()?;
        let outline = outline::of(BufReader::new(self.store().payload_reader(stored.id)?))?;
        Ok((stored, outline))
    }

    /// Takes control numbers for a file. Transaction sets are numbered within their group.
    pub(super) fn numbers(&self, partner: &Partner) -> Result<Numbers, FlowError> {
        let (name, ranges) = (partner.name().to_owned(), partner.control_numbers);
        Ok(self.store().write_blocking(move |tx| -> store::Result<_> {
            Ok(Numbers {
                interchange: take(tx, &name, INTERCHANGES, 1, ranges.interchange)?,
                group: take(tx, &name, GROUPS, 1, ranges.group)?,
            })
        })?)
    }
}

/// Most claims that a file for a partner may hold, whatever they are.
fn claims_per_file(partner: &Partner) -> u32 {
    let limits = &partner.limits;
    let of_sets = limits.transactions_per_group.map(|sets| sets.saturating_mul(partner.claims_per_transaction()));
    limits.claims_per_file.unwrap_or(CLAIMS_PER_FILE).min(of_sets.unwrap_or(u32::MAX))
}

/// How many of `count` claims a file that was written of them may hold: all of them, or fewer, and one at least.
fn fits(partner: &Partner, count: usize, length: u64, outline: &Outline) -> usize {
    let limits = &partner.limits;
    let mut fits = count;
    // Claims of different batches stand in sets of their own, however few they are.
    if let Some(most) = limits.transactions_per_group {
        let sets = outline.groups().flat_map(|group| &group.sets);
        let held: u64 = sets.take(usize::try_from(most).unwrap_or(usize::MAX)).map(|set| set.claims).sum();
        fits = fits.min(usize::try_from(held).unwrap_or(usize::MAX));
    }
    if limits.bytes_per_file.is_some_and(|most| length > most) {
        fits = fits.min(count / 2);
    }
    fits.max(1)
}

/// Control numbers of a file.
pub(super) struct Numbers {
    /// ISA13.
    pub(super) interchange: u32,
    /// GS06.
    pub(super) group: u32,
}

/// Numbers of interchanges (ISA13), and of groups (GS06).
pub(super) const INTERCHANGES: &str = "ISA13";
const GROUPS: &str = "GS06";

/// Takes control numbers that follow each other; gives the first. Numbers of a file that is not sent after all are
/// not used again.
pub(super) fn take(tx: &mut dyn Tx, partner: &str, kind: &str, count: u32, range: Range) -> store::Result<u32> {
    let numbers = numbers::Range::new(range.first.into(), range.last.into())?;
    let first = numbers::take(tx, partner, kind, count, numbers)?.first();
    u32::try_from(first).map_err(|_| store::Error::Invalid("a control number has more than nine digits"))
}

/// Writes small letters as capitals, where the partner wants that. Nothing else in X12 that we write has letters
/// whose case matters: delimiters are no letters.
struct Folded<W> {
    output: W,
    capitals: bool,
}

impl<W: Write> Write for Folded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.capitals {
            true => self.output.write_all(&bytes.to_ascii_uppercase())?,
            false => self.output.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// A file that was made, before it is recorded.
struct Made {
    partner: Arc<Partner>,
    new: New,
    claims: Vec<Examined>,
    ids: Vec<Id>,
}

impl Made {
    fn record(self, tx: &mut dyn Tx, outlet: deliver::Outlet) -> store::Result<Id> {
        let Self { partner, new, claims, ids } = self;
        let (file, sets) = deliver::made(tx, &partner, &new, None)?;
        let now = tx.now();
        for (id, claim) in ids.iter().zip(&claims) {
            let Some(set) = sets.sets.get(claim.set) else {
                return Err(store::Error::Invalid("a claim stands in no transaction set"));
            };
            let moved = tx.run(
                "UPDATE claim SET state = 'batched', transaction_set = ?2, position = ?3, changed = ?4
                 WHERE id = ?1 AND state = 'queued'",
                values![id.0, set.0, claim.position, now],
            )?;
            // Somebody withdrew it, or put it into another file: this file must not go out.
            if moved != 1 {
                return Err(store::Error::Invalid("a claim is no longer queued"));
            }
        }
        timeline::of_claims(
            tx,
            Claims::OfFile(file),
            Event::Batched,
            Some(State::Batched),
            Some(file),
            &json!({"file": file}),
        )?;
        deliver::ask(tx, partner.name(), file, outlet)?;
        Ok(file)
    }
}

/// The guide of a kind of claims.
fn guide_of(kind: &str) -> &'static str {
    match kind {
        "institutional" => "837I",
        "dental" => "837D",
        _ => "837P",
    }
}
