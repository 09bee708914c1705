//! Answers that came in, joined to what they answer.
//!
//! | in the answer | is ours |
//! |---|---|
//! | TA101, TA102, TA103 | interchange (ISA13, ISA09, ISA10) |
//! | AK102, AK101 | functional group (GS06, GS01) |
//! | AK202 | transaction set (ST02) |
//! | IK302 | the claim whose segments hold this position |
//! | 277CA 2200B TRN02 | transaction set (BHT03) |
//! | 277CA 2200D TRN02 | claim (CLM01) |
//!
//! Only what was sent to the same partner is looked at. What an answer names and we do not know is kept and
//! reported as an event of the answer's file.

use serde_json::{Value, json};

use super::{
    Event, State, expect,
    facts::number_key,
    timeline::{self, Claims},
};
use crate::{
    acknowledge::{Answer, Batch},
    claims::{
        ClaimStatus, FunctionalAcknowledgment, InterchangeAcknowledgment, Status, StatusCode, TransactionAcknowledgment,
    },
    gateway::{
        Id,
        store::{Result, Tx, values},
    },
};

/// Claims that one answer may name without being known, which are reported one by one.
const MOST_UNKNOWN: usize = 100;

/// Where an answer came from.
pub(super) struct Answered<'a> {
    pub(super) partner: &'a str,
    /// The file that the answer stands in.
    pub(super) file: Id,
}

/// Joins an answer.
pub(super) fn join(tx: &mut dyn Tx, from: &Answered<'_>, answer: &Answer) -> Result<()> {
    match answer {
        Answer::Interchange(answer) => from.interchange(tx, answer),
        Answer::Group { answer, .. } => from.group(tx, answer),
        Answer::Batch(batch) => from.batch(tx, batch),
    }
}

impl Answered<'_> {
    fn interchange(&self, tx: &mut dyn Tx, answer: &InterchangeAcknowledgment) -> Result<()> {
        let number = answer.control_number.as_str();
        let rows = tx.rows(
            "SELECT id, file, date, time, answer FROM interchange
             WHERE partner = ?1 AND direction = 'out' AND control_number = ?2 ORDER BY id DESC LIMIT 20",
            values![self.partner, number],
        )?;
        // The number may have come round: date and time say which one it is.
        let date = answer.date.map(|date| date.strftime("%y%m%d").to_string());
        let mut chosen = None;
        for row in &rows {
            if date.as_deref().is_none_or(|date| row.text("date").is_ok_and(|of| of == date)) {
                chosen = Some(row);
                break;
            }
        }
        let Some(row) = chosen.or(rows.first()) else {
            self.record(tx, "TA1", number, None, verdict(&answer.status))?;
            return self.unknown(tx, &json!({ "kind": "TA1", "interchange": number }));
        };
        let (id, file) = (Id(row.int("id")?), Id(row.int("file")?));
        let was = row.maybe_text("answer")?.map(str::to_owned);
        self.record(tx, "TA1", number, Some(file), verdict(&answer.status))?;
        let rejects = answer.status == "R";
        let detail = json!({ "status": answer.status.as_str(), "note": answer.note.as_str(), "interchange": number });
        expect::met(tx, file, "TA1", rejects && was.is_none())?;
        timeline::of_file(tx, self.partner, file, Event::InterchangeAnswered, &detail)?;
        // A repeat was rejected as such: the first copy is what counts.
        if rejects && answer.note == "025" && was.as_deref().is_some_and(|was| was != "R") {
            return Ok(());
        }
        tx.run(
            "UPDATE interchange SET answer = ?2, note = ?3 WHERE id = ?1",
            values![id.0, known(&answer.status, &["A", "E", "R"]), answer.note.as_str()],
        )?;
        let to = if rejects { State::InterchangeRejected } else { State::InterchangeAccepted };
        timeline::of_claims(
            tx,
            Claims::OfInterchange(id),
            Event::InterchangeAnswered,
            Some(to),
            Some(self.file),
            &detail,
        )?;
        Ok(())
    }

    fn group(&self, tx: &mut dyn Tx, answer: &FunctionalAcknowledgment) -> Result<()> {
        let (number, kind) = (answer.group_control_number.as_str(), answer.group_kind.as_str());
        let row = tx.first(
            "SELECT g.id AS id, i.file AS file FROM functional_group g JOIN interchange i ON i.id = g.interchange
             WHERE g.partner = ?1 AND g.direction = 'out' AND g.kind = ?2
             AND g.control_number = ?3 ORDER BY g.id DESC LIMIT 1",
            // Ours have no zeros in front; partners may add or drop them.
            values![self.partner, kind, number.trim_start_matches('0')],
        )?;
        let Some(row) = row else {
            self.record(tx, "999", number, None, verdict(&answer.status))?;
            return self.unknown(tx, &json!({ "kind": "999", "group": number }));
        };
        let (id, file) = (Id(row.int("id")?), Id(row.int("file")?));
        self.record(tx, "999", number, Some(file), verdict(&answer.status))?;
        let rejects = !matches!(answer.status.as_str(), "A" | "E" | "P");
        tx.run(
            "UPDATE functional_group SET answer = ?2 WHERE id = ?1",
            values![id.0, known(&answer.status, &["A", "E", "P", "R"])],
        )?;
        expect::met(tx, file, "999", rejects)?;
        let codes: Vec<&str> = answer.errors.iter().map(|code| code.as_str()).collect();
        let detail = json!({ "status": answer.status.as_str(), "group": number, "errors": codes });
        timeline::of_file(tx, self.partner, file, Event::SyntaxAnswered, &detail)?;
        let mut named = Vec::new();
        for set in &answer.transactions {
            match self.set_of(tx, id, set.control_number.as_str())? {
                Some(of) => {
                    named.push(of);
                    self.set(tx, of, set, rejects)?;
                }
                None => self.unknown(
                    tx,
                    &json!({ "kind": "999", "group": number, "transaction": set.control_number.as_str() }),
                )?,
            }
        }
        // Sets that it does not name share what became of the group, where that is one thing.
        if matches!(answer.status.as_str(), "A" | "E" | "R" | "M" | "W" | "X") {
            let to = if rejects { State::SyntaxRejected } else { State::SyntaxAccepted };
            let rows = tx.rows("SELECT id FROM transaction_set WHERE functional_group = ?1", values![id.0])?;
            for row in rows {
                let set = Id(row.int("id")?);
                if !named.contains(&set) {
                    self.set_is(tx, set, answer.status.as_str(), to, &detail)?;
                }
            }
        }
        Ok(())
    }

    fn set_of(&self, tx: &mut dyn Tx, group: Id, number: &str) -> Result<Option<Id>> {
        let row = tx.first(
            "SELECT id FROM transaction_set WHERE functional_group = ?1
             AND (control_number = ?2 OR ltrim(control_number, '0') = ltrim(?2, '0')) ORDER BY control_number = ?2 DESC LIMIT 1",
            values![group.0, number],
        )?;
        row.map(|row| Ok(Id(row.int("id")?))).transpose()
    }

    fn set(&self, tx: &mut dyn Tx, set: Id, answer: &TransactionAcknowledgment, group_rejected: bool) -> Result<()> {
        let rejects = group_rejected || !matches!(answer.status.as_str(), "A" | "E");
        let to = if rejects { State::SyntaxRejected } else { State::SyntaxAccepted };
        let errors: Vec<&str> = answer.errors.iter().map(|code| code.as_str()).collect();
        let detail = json!({ "status": answer.status.as_str(), "transaction": answer.control_number.as_str(), "errors": errors });
        self.set_is(tx, set, answer.status.as_str(), to, &detail)?;
        // Which claim a segment in error belongs to.
        for error in &answer.segments {
            let Some(position) = error.position else { continue };
            let row = tx.first(
                "SELECT id FROM claim WHERE transaction_set = ?1 AND position <= ?2 ORDER BY position DESC LIMIT 1",
                values![set.0, position],
            )?;
            let Some(row) = row else { continue };
            let elements: Vec<Value> = error
                .elements
                .iter()
                .map(|one| json!({ "element": one.element, "component": one.component, "code": one.error.as_str() }))
                .collect();
            let detail = json!({
                "segment": error.segment.as_str(), "position": position, "loop": error.loop_id.as_deref(),
                "code": error.error.as_str(), "elements": elements,
            });
            timeline::of_claims(
                tx,
                Claims::One(Id(row.int("id")?)),
                Event::SyntaxAnswered,
                None,
                Some(self.file),
                &detail,
            )?;
        }
        Ok(())
    }

    fn set_is(&self, tx: &mut dyn Tx, set: Id, status: &str, to: State, detail: &Value) -> Result<()> {
        tx.run("UPDATE transaction_set SET answer = ?2 WHERE id = ?1", values![set.0, status])?;
        timeline::of_claims(tx, Claims::OfSet(set), Event::SyntaxAnswered, Some(to), Some(self.file), detail)?;
        Ok(())
    }

    fn batch(&self, tx: &mut dyn Tx, batch: &Batch) -> Result<()> {
        let reference = batch.reference.as_str();
        let rows = tx.rows(
            "SELECT s.id AS id, i.file AS file FROM transaction_set s
             JOIN functional_group g ON g.id = s.functional_group JOIN interchange i ON i.id = g.interchange
             WHERE s.partner = ?1 AND s.direction = 'out' AND s.reference = ?2 AND s.kind = '837' ORDER BY s.id DESC LIMIT 100",
            values![self.partner, reference],
        )?;
        let file = rows.first().map(|row| row.int("file")).transpose()?.map(Id);
        let sets = rows.iter().map(|row| Ok(Id(row.int("id")?))).collect::<Result<Vec<_>>>()?;
        let refused = |status: &&Status| outcome(status) == Some(State::Rejected);
        let all_refused = batch.claims.is_empty() && batch.statuses.iter().any(|status| refused(&status));
        let some_refused = batch.claims.iter().any(|claim| claim.statuses.iter().any(|status| refused(&status)));
        let verdict = match (all_refused, some_refused) {
            (true, _) => "rejected",
            (false, true) => "partly_accepted",
            (false, false) => "accepted",
        };
        self.record(tx, "277CA", reference, file, verdict)?;
        if file.is_none() && batch.claims.is_empty() {
            return self.unknown(tx, &json!({ "kind": "277CA", "batch": reference }));
        }
        for row in &rows {
            expect::met(tx, Id(row.int("file")?), "277CA", false)?;
        }
        if all_refused {
            let codes: Vec<Value> = batch.statuses.iter().map(codes).collect();
            for set in &sets {
                let detail = json!({ "batch": reference, "statuses": codes });
                timeline::of_claims(
                    tx,
                    Claims::OfSet(*set),
                    Event::ClaimAnswered,
                    Some(State::Rejected),
                    Some(self.file),
                    &detail,
                )?;
            }
        }
        let mut unknown = 0;
        for claim in &batch.claims {
            match self.claim_of(tx, &sets, claim)? {
                Some(id) => self.claim(tx, id, claim)?,
                None => {
                    unknown += 1;
                    if unknown <= MOST_UNKNOWN {
                        self.unknown(
                            tx,
                            &json!({ "kind": "277CA", "batch": reference, "claim": claim.control_number.as_str() }),
                        )?;
                    }
                }
            }
        }
        if unknown > MOST_UNKNOWN {
            self.unknown(tx, &json!({ "kind": "277CA", "batch": reference, "more_claims": unknown - MOST_UNKNOWN }))?;
        }
        Ok(())
    }

    /// The claim that a status is of: one of the batch's, or else the newest that went to the partner under the
    /// number, since some answer without saying which batch.
    fn claim_of(&self, tx: &mut dyn Tx, sets: &[Id], status: &ClaimStatus) -> Result<Option<Id>> {
        let number = status.control_number.as_str();
        let rows = tx.rows(
            "SELECT id, transaction_set FROM claim WHERE partner = ?1 AND number_key = ?2 AND direction = 'out'
             AND transaction_set IS NOT NULL ORDER BY id DESC LIMIT 100",
            values![self.partner, number_key(number)],
        )?;
        let mut newest = None;
        for row in &rows {
            let (id, set) = (Id(row.int("id")?), Id(row.int("transaction_set")?));
            if sets.contains(&set) {
                return Ok(Some(id));
            }
            newest.get_or_insert(id);
        }
        Ok(newest.filter(|_| sets.is_empty()))
    }

    fn claim(&self, tx: &mut dyn Tx, id: Id, claim: &ClaimStatus) -> Result<()> {
        // One rejection rejects; a line's rejection is told and leaves the claim to its own status.
        let outcomes = claim.statuses.iter().filter_map(outcome);
        let to = outcomes.reduce(|one, other| if one == State::Rejected { one } else { other });
        let statuses: Vec<Value> = claim.statuses.iter().map(codes).collect();
        let lines: Vec<Value> = claim
            .lines
            .iter()
            .filter(|line| !line.statuses.is_empty())
            .map(|line| json!({ "line": line.control_number.as_deref(), "statuses": line.statuses.iter().map(codes).collect::<Vec<_>>() }))
            .collect();
        let detail = json!({
            "statuses": statuses, "lines": lines,
            "payer_control_number": claim.payer_control_number.as_deref(),
            "clearinghouse_trace_number": claim.clearinghouse_trace_number.as_deref(),
        });
        timeline::of_claims(tx, Claims::One(id), Event::ClaimAnswered, to, Some(self.file), &detail)?;
        if let Some(number) = claim.payer_control_number.as_deref() {
            tx.run("UPDATE claim SET payer_control_number = ?2 WHERE id = ?1", values![id.0, number])?;
        }
        Ok(())
    }

    fn record(&self, tx: &mut dyn Tx, kind: &str, reference: &str, about: Option<Id>, verdict: &str) -> Result<()> {
        record(tx, self.file, "in", self.partner, kind, reference, about, verdict)
    }

    fn unknown(&self, tx: &mut dyn Tx, detail: &Value) -> Result<()> {
        tracing::warn!(partner = self.partner, file.id = %self.file, "an answer is about something that was not sent");
        timeline::of_file(tx, self.partner, self.file, Event::AnswersUnknown, detail)
    }
}

/// Records an acknowledgment.
#[allow(clippy::too_many_arguments, reason = "the columns of a row")]
pub(super) fn record(
    tx: &mut dyn Tx,
    file: Id,
    direction: &str,
    partner: &str,
    kind: &str,
    reference: &str,
    about: Option<Id>,
    verdict: &str,
) -> Result<()> {
    let now = tx.now();
    tx.run(
        "INSERT INTO acknowledgment (id, file, direction, partner, kind, reference, about, verdict, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        values![Id::new(now).0, file.0, direction, partner, kind, reference, about.map(|about| about.0), verdict, now],
    )?;
    Ok(())
}

/// What a status of a 277CA makes of a claim; nothing if it says nothing about that.
fn outcome(status: &Status) -> Option<State> {
    match status.code.category.as_str() {
        "A0" | "A1" | "A5" => Some(State::Acknowledged),
        "A2" => Some(State::Accepted),
        "A3" | "A4" | "A6" | "A7" | "A8" => Some(State::Rejected),
        _ if status.action == "U" => Some(State::Rejected),
        _ => None,
    }
}

/// The codes of a status: `A7:562:85`.
fn codes(status: &Status) -> Value {
    let code = |code: &StatusCode| match &code.entity {
        Some(entity) => format!("{}:{}:{entity}", code.category, code.status),
        None => format!("{}:{}", code.category, code.status),
    };
    let all = [Some(&status.code), status.second_code.as_ref(), status.third_code.as_ref()];
    Value::from(all.into_iter().flatten().map(code).collect::<Vec<_>>())
}

fn verdict(status: &str) -> &'static str {
    match status {
        "A" => "accepted",
        "E" => "accepted_with_errors",
        "P" => "partly_accepted",
        _ => "rejected",
    }
}

/// A code that the schema knows; another counts as a rejection.
fn known<'c>(code: &'c str, codes: &[&str]) -> &'c str {
    if codes.contains(&code) { code } else { "R" }
}
