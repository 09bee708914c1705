//! Claims handed in by a billing system: checked, and refused with findings or queued for their partner.

use std::{
    collections::BTreeMap,
    io::{BufReader, Cursor, Read, Seek, SeekFrom, Write},
    sync::Arc,
};

use jiff::SignedDuration;
use serde::{
    Deserializer, Serialize,
    de::{Error as _, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use tempfile::SpooledTempFile;
use utoipa::ToSchema;

use super::{
    Event, State, batch,
    examine::{self, Examination},
    facts::{self, Entered, Line},
    timeline::{self, Claims},
};
use crate::{
    gateway::{
        Gateway, Id,
        store::{self, Tx, payload, values},
    },
    ndjson,
    partner::{OnDuplicate, Over, Partner},
    x12,
};

/// Bytes of a submission that are kept in memory; larger ones go through a file without a name.
const IN_MEMORY: usize = 4 << 20;
/// Claims in one submission.
const MOST_CLAIMS: usize = 100_000;
const DAY: i64 = 24 * 60 * 60 * 1000;

/// Claims that are handed in.
#[derive(Debug)]
pub struct Submission<R> {
    /// Who hands them in, for the record: an API key's id, a folder.
    pub source: String,
    /// The partner they are for. Without one, claims go to the partner that names their payer, and X12 to the one
    /// that its ISA08 names.
    pub partner: Option<String>,
    /// The partners that they may go to, by name; by default any.
    pub only: Option<Vec<String>>,
    /// Whether claims are taken that were sent before, as far as we can tell.
    pub allow_duplicates: bool,
    /// Claims as JSON, one a line, or a file of X12 (837).
    pub claims: R,
}

/// What became of a submission.
#[derive(Debug, Serialize, ToSchema)]
pub struct Submitted {
    /// The claims, in their order.
    pub claims: Vec<Outcome>,
    /// How many are queued.
    pub queued: usize,
    /// How many were refused.
    pub refused: usize,
    /// What was found outside claims, in envelopes and headers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub findings: Vec<Box<RawValue>>,
}

/// What became of a claim.
#[derive(Debug, Serialize, ToSchema)]
pub struct Outcome {
    /// Its id from now on; none if it was only checked, or cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// Its line in the submission, from 1.
    pub line: u64,
    /// CLM01.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub control_number: String,
    /// The partner it goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// What was decided.
    pub decision: Decision,
    /// Why it was refused without anything being wrong in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The claim that is the same, if one was sent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<Id>,
    /// What was found in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub findings: Vec<Box<RawValue>>,
}

/// What was decided about a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It goes out.
    Queued,
    /// It does not; correct it and hand it in again.
    Refused,
    /// It was only checked, and would go out.
    Acceptable,
}

/// Why a submission as a whole was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// Neither claims in JSON nor X12.
    #[error("{0}")]
    Unreadable(String),
    /// There is no such partner.
    #[error("there is no partner `{0}`")]
    NoPartner(String),
    /// The partner's settings do not do.
    #[error("partner `{0}`: {1}")]
    Settings(String, String),
    /// More claims than are taken at once.
    #[error("more than {MOST_CLAIMS} claims; hand them in in parts")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Input or a temporary file failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl From<ndjson::Error> for SubmitError {
    fn from(error: ndjson::Error) -> Self {
        match error {
            ndjson::Error::Io(error) => Self::Io(error),
            error => Self::Unreadable(error.to_string()),
        }
    }
}

impl From<x12::Error> for SubmitError {
    fn from(error: x12::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}

/// A claim that has been read and checked, before it is decided.
struct Checked {
    line: u64,
    control_number: String,
    partner: Option<Arc<Partner>>,
    refused: bool,
    reason: Option<String>,
    findings: Vec<Box<RawValue>>,
    /// Its JSON, if it can be read.
    json: Option<Vec<u8>>,
}

/// What handing in came to, before it is stored.
pub struct Prepared {
    source: String,
    allow_duplicates: bool,
    claims: Vec<Checked>,
    around: Vec<Box<RawValue>>,
}

impl Gateway {
    /// Reads and checks claims; nothing is stored. It blocks.
    ///
    /// # Errors
    /// A submission that cannot be read at all.
    pub fn examine(&self, submission: Submission<impl Read>) -> Result<Prepared, SubmitError> {
        let Submission { source, partner, only, allow_duplicates, mut claims } = submission;
        let only = Only(only);
        let named = partner.map(|name| only.of(self.partner(&name)).ok_or(SubmitError::NoPartner(name))).transpose()?;
        let mut kept = SpooledTempFile::new(IN_MEMORY);
        std::io::copy(&mut claims, &mut kept)?;
        kept.rewind()?;
        let (checked, around) = match first_byte(&mut kept)? {
            None => return Err(SubmitError::Unreadable("there is nothing in it".into())),
            Some(b'{') => self.lines(kept, named, &only)?,
            Some(b'[') => self.lines(elements(kept)?, named, &only)?,
            Some(_) => self.x12(kept, named, &only)?,
        };
        let mut claims = checked;
        refuse_what_cannot_be_written(&mut claims);
        Ok(Prepared { source, allow_duplicates, claims, around })
    }

    /// Stores what was examined: claims that may go out are queued, the others kept with what was found in them.
    /// It is one work; give it to the store.
    ///
    /// # Errors
    /// The store's.
    pub fn take(&self, tx: &mut dyn Tx, prepared: Prepared) -> store::Result<Submitted> {
        let Prepared { source, allow_duplicates, claims, around } = prepared;
        let mut lines = Vec::new();
        let mut spans = Vec::new();
        for claim in &claims {
            let json = claim.json.as_deref().unwrap_or_default();
            spans.push((lines.len(), json.len()));
            lines.extend_from_slice(json);
            lines.push(b'\n');
        }
        let payload = if claims.iter().any(|claim| claim.json.is_some()) {
            Some(payload::put(tx, "lines", &lines)?.id)
        } else {
            None
        };
        let mut outcomes = Vec::with_capacity(claims.len());
        for (claim, span) in claims.into_iter().zip(spans) {
            outcomes.push(self.take_one(
                tx,
                claim,
                &source,
                allow_duplicates,
                payload.map(|payload| (payload, span)),
            )?);
        }
        let queued = outcomes.iter().filter(|outcome| outcome.decision == Decision::Queued).count();
        let mut partners: Vec<&String> = outcomes
            .iter()
            .filter(|outcome| outcome.decision == Decision::Queued)
            .filter_map(|outcome| outcome.partner.as_ref())
            .collect();
        partners.sort_unstable();
        partners.dedup();
        for partner in partners {
            let wait = self.partner(partner).map_or(SignedDuration::ZERO, |partner| partner.limits.batch_wait);
            batch::ask(tx, partner, wait)?;
        }
        Ok(Submitted { queued, refused: outcomes.len() - queued, claims: outcomes, findings: around })
    }

    fn take_one(
        &self,
        tx: &mut dyn Tx,
        claim: Checked,
        source: &str,
        allow_duplicates: bool,
        stored: Option<(payload::PayloadId, (usize, usize))>,
    ) -> store::Result<Outcome> {
        let Checked { line, control_number, partner, mut refused, mut reason, findings, json } = claim;
        let name = partner.as_ref().map(|partner| partner.name().to_owned());
        let mut outcome = Outcome {
            id: None,
            line,
            control_number,
            partner: name.clone(),
            decision: Decision::Refused,
            reason: None,
            duplicate_of: None,
            findings,
        };
        let facts = json.as_deref().and_then(|json| Line::of(json).ok());
        let (Some(facts), Some((payload, (offset, length)))) = (facts, stored) else {
            outcome.reason = reason;
            return Ok(outcome);
        };
        let now = tx.now();
        let entry = facts.entry(self.fingerprints(), name.as_deref().unwrap_or_default());
        if let Some(partner) = partner.as_ref().filter(|partner| !refused && partner.duplicates.claim.days > 0) {
            let since = now - i64::from(partner.duplicates.claim.days) * DAY;
            let before = tx.first(
                &format!(
                    "SELECT id FROM claim WHERE fingerprint = ?1 AND direction = 'out' AND at >= ?2
                     AND state NOT IN ({}) ORDER BY id DESC LIMIT 1",
                    State::dead()
                ),
                values![&entry.fingerprint, since],
            )?;
            if let Some(before) = before {
                outcome.duplicate_of = Some(Id(before.int("id")?));
                if partner.duplicates.claim.then == OnDuplicate::Refuse && !allow_duplicates {
                    refused = true;
                    reason = Some(
                        "the same claim was handed in before; to replace it use frequency 7, to send it all the same \
                         allow duplicates"
                            .into(),
                    );
                }
            }
        }
        let (state, event) = if refused { (State::Refused, Event::Refused) } else { (State::Queued, Event::Queued) };
        let found = match outcome.findings.is_empty() {
            true => None,
            false => {
                let text = serde_json::to_vec(&outcome.findings).unwrap_or_default();
                Some(payload::put(tx, "findings", &text)?.id)
            }
        };
        let id = entry.record(
            tx,
            Entered {
                direction: "out",
                partner: name.as_deref().unwrap_or_default(),
                source,
                state,
                set: None,
                payload,
                offset: offset as u64,
                length: length as u64,
                findings: found,
            },
        )?;
        let detail = serde_json::json!({
            "source": source,
            "findings": outcome.findings.len(),
            "duplicate_of": outcome.duplicate_of,
        });
        timeline::of_claims(tx, Claims::One(id), event, None, None, &detail)?;
        outcome.id = Some(id);
        outcome.reason = reason;
        outcome.decision = if refused { Decision::Refused } else { Decision::Queued };
        Ok(outcome)
    }

    /// Claims as JSON: those of each partner are checked together.
    fn lines(&self, mut kept: SpooledTempFile, named: Option<Arc<Partner>>, only: &Only) -> Result<Parts, SubmitError> {
        let mut of_partner: BTreeMap<Option<String>, Vec<(u64, Vec<u8>)>> = BTreeMap::new();
        let mut count = 0;
        kept.rewind()?;
        ndjson::each(&mut kept, |number, line| {
            count += 1;
            if count > MOST_CLAIMS {
                return Err(SubmitError::TooMany);
            }
            if line.trim_ascii().is_empty() {
                return Ok(());
            }
            let partner = named.as_ref().map(|partner| partner.name().to_owned()).or_else(|| {
                let facts = Line::of(line).ok()?;
                Some(only.of(self.partner_of_payer(&facts.payer.id))?.name().to_owned())
            });
            let line = compact(line);
            of_partner.entry(partner).or_default().push((number, line));
            Ok(())
        })?;
        let (mut checked, mut around) = (Vec::new(), Vec::new());
        for (name, lines) in of_partner {
            let partner = name.as_deref().and_then(|name| self.partner(name));
            let (numbers, mut texts): (Vec<u64>, Vec<Vec<u8>>) = lines.into_iter().unzip();
            let joined = texts.join(&b'\n');
            let examination = match &partner {
                Some(partner) => {
                    let writing = partner.options().map_err(|error| settings(partner, &error))?;
                    let options = self.checking(partner.name());
                    examine::lines(Cursor::new(joined), &writing, &options, SpooledTempFile::new(IN_MEMORY))?
                }
                None => {
                    let options = crate::check::Options::default();
                    let nobody = Partner::default().or_anybody();
                    let writing = nobody.options().map_err(|error| settings(&nobody, &error))?;
                    examine::lines(Cursor::new(joined), &writing, &options, SpooledTempFile::new(IN_MEMORY))?
                }
            };
            let Examination { claims, around: more } = examination;
            around.extend(more);
            for claim in claims {
                let at = usize::try_from(claim.line.saturating_sub(1)).unwrap_or(usize::MAX);
                let readable = !claim.control_number.is_empty();
                let json = texts.get_mut(at).map(std::mem::take).filter(|_| readable);
                let is_claim =
                    json.as_deref().and_then(|json| Line::of(json).ok()).is_some_and(|facts| facts.is_claim());
                let reason = match (&partner, is_claim) {
                    (None, _) => Some(
                        "no partner takes claims for this payer: name the partner, or add the payer to its settings"
                            .into(),
                    ),
                    (Some(_), false) if readable => {
                        Some("this is no claim: payments are handed in as remittances".into())
                    }
                    _ => None,
                };
                checked.push(Checked {
                    line: numbers.get(at).copied().unwrap_or(claim.line),
                    control_number: claim.control_number,
                    partner: partner.clone(),
                    refused: claim.refused || reason.is_some(),
                    reason,
                    findings: claim.findings,
                    json: json.filter(|_| is_claim),
                });
            }
        }
        checked.sort_by_key(|claim| claim.line);
        Ok((checked, around))
    }

    /// A file of X12.
    fn x12(&self, mut kept: SpooledTempFile, named: Option<Arc<Partner>>, only: &Only) -> Result<Parts, SubmitError> {
        let partner = match named {
            Some(partner) => partner,
            None => self.partner_of_receiver(&mut kept, only)?,
        };
        // What we write has our envelope: the one it came in need not be the partner's.
        let options = self.checking(partner.name());
        kept.rewind()?;
        let Examination { claims, mut around } = examine::file(std::io::BufReader::new(&mut kept), &options)?;
        kept.rewind()?;
        let mut lines = SpooledTempFile::new(IN_MEMORY);
        ndjson::read(std::io::BufReader::new(&mut kept), &mut lines, None)?;
        lines.rewind()?;
        let mut texts: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        ndjson::each(&mut lines, |_, line| {
            if let Some(offset) = Line::of(line).ok().and_then(|facts| facts.source.byte_offset) {
                texts.insert(offset, line.trim_ascii().to_vec());
            }
            if texts.len() > MOST_CLAIMS { Err(SubmitError::TooMany) } else { Ok(()) }
        })?;
        around.truncate(1000);
        let mut checked = Vec::new();
        for claim in claims {
            let json = texts.remove(&claim.offset);
            let is_claim = json.as_deref().and_then(|json| Line::of(json).ok()).is_some_and(|facts| facts.is_claim());
            let reason = match (&json, claim.refused, is_claim) {
                (None, false, _) => Some("a value in it cannot be read".into()),
                (Some(_), _, false) => Some("this is no claim".into()),
                _ => None,
            };
            checked.push(Checked {
                line: claim.line,
                control_number: claim.control_number,
                partner: Some(partner.clone()),
                refused: claim.refused || reason.is_some(),
                reason,
                findings: claim.findings,
                json: json.filter(|_| is_claim),
            });
        }
        Ok((checked, around))
    }

    /// The partner that the first ISA08 names.
    fn partner_of_receiver(&self, kept: &mut SpooledTempFile, only: &Only) -> Result<Arc<Partner>, SubmitError> {
        kept.seek(SeekFrom::Start(0))?;
        let mut reader = x12::Reader::new(kept);
        while let Some(token) = reader.next()? {
            if let x12::Token::Segment { segment, .. } = token
                && segment.id() == b"ISA"
            {
                let text = |n| String::from_utf8_lossy(segment.element(n)).trim().to_owned();
                let (qualifier, id, usage) = (text(7), text(8), text(15));
                let found = only.of(self.partner_of_interchange(&usage, &qualifier, &id));
                return found.ok_or_else(|| SubmitError::NoPartner(format!("{qualifier} {id}")));
            }
        }
        Err(SubmitError::Unreadable("there is no ISA in it".into()))
    }
}

impl Prepared {
    /// What would become of the claims, without storing them.
    pub fn into_checked(self) -> Submitted {
        let outcome = |claim: Checked| Outcome {
            id: None,
            line: claim.line,
            control_number: claim.control_number,
            partner: claim.partner.map(|partner| partner.name().to_owned()),
            decision: if claim.refused { Decision::Refused } else { Decision::Acceptable },
            reason: claim.reason,
            duplicate_of: None,
            findings: claim.findings,
        };
        let claims: Vec<Outcome> = self.claims.into_iter().map(outcome).collect();
        let refused = claims.iter().filter(|claim| claim.decision == Decision::Refused).count();
        Submitted { claims, queued: 0, refused, findings: self.around }
    }
}

/// The partners that claims may go to.
struct Only(Option<Vec<String>>);

impl Only {
    /// The partner, if it is one of them.
    fn of(&self, partner: Option<Arc<Partner>>) -> Option<Arc<Partner>> {
        let allowed = |partner: &Arc<Partner>| {
            self.0.as_ref().is_none_or(|names| names.iter().any(|name| name == partner.name()))
        };
        partner.filter(allowed)
    }
}

/// Refuses claims that the partner's settings leave no way to write: too many at once where they may not be split,
/// characters that it does not take.
fn refuse_what_cannot_be_written(claims: &mut [Checked]) {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for claim in claims.iter().filter(|claim| !claim.refused) {
        if let Some(partner) = &claim.partner {
            *counts.entry(partner.name().to_owned()).or_default() += 1;
        }
    }
    for claim in claims.iter_mut().filter(|claim| !claim.refused) {
        let (Some(partner), Some(json)) = (&claim.partner, &claim.json) else { continue };
        let most = partner.limits.claims_per_file.filter(|_| partner.limits.over == Over::Refuse);
        let count = counts.get(partner.name()).copied().unwrap_or_default();
        let reason = match most.filter(|most| count > *most) {
            Some(most) => Some(format!("{count} claims at once, and the partner takes files of at most {most}")),
            None => facts::strange_character(json, &partner.characters),
        };
        claim.refused |= reason.is_some();
        claim.reason = claim.reason.take().or(reason);
    }
}

/// Claims, and what was found around them.
type Parts = (Vec<Checked>, Vec<Box<RawValue>>);

fn settings(partner: &Partner, error: &dyn std::fmt::Display) -> SubmitError {
    SubmitError::Settings(partner.name().to_owned(), error.to_string())
}

/// The first byte that is no blank and no byte order mark; the input stands at its beginning again.
fn first_byte(input: &mut SpooledTempFile) -> std::io::Result<Option<u8>> {
    let mut beginning = [0; 4096];
    let length = input.read(&mut beginning)?;
    input.rewind()?;
    let text = beginning.get(..length).unwrap_or_default();
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    Ok(text.iter().copied().find(|byte| !byte.is_ascii_whitespace()))
}

/// The elements of a JSON array, one a line.
fn elements(input: SpooledTempFile) -> Result<SpooledTempFile, SubmitError> {
    struct Elements(SpooledTempFile);
    impl<'de> Visitor<'de> for Elements {
        type Value = SpooledTempFile;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an array of claims")
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<SpooledTempFile, A::Error> {
            while let Some(element) = elements.next_element::<Box<RawValue>>()? {
                let mut line = compact(element.get().as_bytes());
                line.push(b'\n');
                self.0.write_all(&line).map_err(A::Error::custom)?;
            }
            Ok(self.0)
        }
    }

    let mut json = serde_json::Deserializer::from_reader(BufReader::new(input));
    let read =
        json.deserialize_seq(Elements(SpooledTempFile::new(IN_MEMORY))).and_then(|lines| json.end().map(|()| lines));
    let mut lines = read.map_err(|error| SubmitError::Unreadable(format!("the array of claims: {error}")))?;
    lines.rewind()?;
    Ok(lines)
}

/// JSON without blanks and line breaks between its parts: a line.
fn compact(json: &[u8]) -> Vec<u8> {
    let json = json.trim_ascii();
    if !json.contains(&b'\n') && !json.contains(&b'\r') {
        return json.to_vec();
    }
    let (mut line, mut in_text, mut escaped) = (Vec::with_capacity(json.len()), false, false);
    for byte in json.iter().copied() {
        if in_text || !byte.is_ascii_whitespace() {
            line.push(byte);
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ => {}
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pretty_json_on_a_line_says_the_same(texts in proptest::collection::vec("\\PC{0,20}", 0..5), number: i64) {
            let value = serde_json::json!({ "texts": texts, "of": { "number": number, "none": null } });
            let pretty = serde_json::to_vec_pretty(&value).unwrap();
            prop_assert_eq!(compact(&pretty), serde_json::to_vec(&value).unwrap());
        }
    }
}
