//! Remittances: received and joined to claims, or given by the payer and sent.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::json;

use super::{
    Event, State,
    facts::{Line, number_key},
    timeline::{self, Claims},
};
use crate::gateway::{
    Id,
    store::{Result, Tx, payload::PayloadId, values},
};

/// Payments that are for unknown claims, which are reported one by one.
const MOST_UNKNOWN: usize = 100;

/// What the lines of remittances say, as far as the store knows it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Facts {
    kind: String,
    remittance: Header,
    control_number: String,
    payer_control_number: String,
    status: String,
    charge: Option<Decimal>,
    paid: Option<Decimal>,
    patient_responsibility: Option<Decimal>,
    #[serde(rename = "lines")]
    services: Vec<Service>,
    /// Of a provider adjustment.
    adjustments: Vec<Adjustment>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Header {
    payment: Payment,
    trace_number: String,
    trace_originator: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payment {
    amount: Option<Decimal>,
    method: String,
    effective_date: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Service {
    charge: Option<Decimal>,
    paid: Option<Decimal>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Adjustment {
    reason: String,
    id: Option<String>,
    amount: Option<Decimal>,
}

/// A line of a remittance, and where it stands in its payload.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) offset: u64,
    pub(super) length: u64,
    /// Its transaction set: number in the file, from 0.
    pub(super) set: usize,
    pub(super) facts: Facts,
}

/// Where remittances came from, or went to.
#[derive(Clone, Copy)]
pub(super) struct Remitted<'a> {
    pub(super) file: Id,
    pub(super) direction: &'a str,
    pub(super) partner: &'a str,
    /// The lines of JSON.
    pub(super) lines: PayloadId,
}

impl Facts {
    /// Reads a line of a remittance; none if it is of something else.
    pub(super) fn of(line: &[u8], facts: &Line) -> Option<Self> {
        let is_of_remittance = matches!(facts.kind.as_str(), "payment" | "provider_adjustment");
        is_of_remittance.then(|| serde_json::from_slice(line).ok()).flatten()
    }

    /// Whether it is a claim's payment, and not a provider's adjustment.
    pub(super) fn is_payment(&self) -> bool {
        self.kind == "payment"
    }

    /// TRN02, which names the remittance.
    pub(super) fn trace(&self) -> &str {
        &self.remittance.trace_number
    }

    /// What the payment makes of the claim; none if it is no payment at all.
    fn outcome(&self) -> Option<State> {
        let (charge, paid) = (self.charge.unwrap_or_default(), self.paid.unwrap_or_default());
        let unpaid =
            |line: &Service| line.paid.unwrap_or_default().is_zero() && !line.charge.unwrap_or_default().is_zero();
        match self.status.as_str() {
            "22" => Some(State::Reversed),
            "4" => Some(State::Denied),
            "19" | "20" | "21" | "23" => Some(State::Forwarded),
            // A predetermination prices, and pays nothing.
            "25" => None,
            // That nothing was paid is no denial: only its status says that.
            _ if paid.is_zero() && !charge.is_zero() => Some(State::ZeroPaid),
            _ if self.services.iter().any(unpaid) => Some(State::PartiallyPaid),
            _ => Some(State::Paid),
        }
    }
}

/// Records the remittances of a file, and what they pay. `unbalanced` are the sets whose sums do not agree.
pub(super) fn record(tx: &mut dyn Tx, of: Remitted<'_>, rows: &[Row], unbalanced: &[usize]) -> Result<()> {
    let now = tx.now();
    let mut remittances: BTreeMap<usize, Id> = BTreeMap::new();
    let mut unknown = 0;
    for row in rows {
        let remittance = match remittances.get(&row.set) {
            Some(id) => *id,
            None => {
                let (id, header) = (Id::new(now), &row.facts.remittance);
                tx.run(
                    "INSERT INTO remittance (id, file, direction, partner, trace, originator, amount, method, date, balanced, at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                    values![
                        id.0,
                        of.file.0,
                        of.direction,
                        of.partner,
                        &header.trace_number,
                        &header.trace_originator,
                        header.payment.amount.unwrap_or_default().to_string(),
                        &header.payment.method,
                        header.payment.effective_date.as_deref(),
                        !unbalanced.contains(&row.set),
                        now,
                    ],
                )?;
                remittances.insert(row.set, id);
                id
            }
        };
        if !row.facts.is_payment() {
            for adjustment in &row.facts.adjustments {
                tx.run(
                    "INSERT INTO provider_adjustment (id, remittance, reason, reference, amount) VALUES (?1, ?2, ?3, ?4, ?5)",
                    values![
                        Id::new(now).0,
                        remittance.0,
                        &adjustment.reason,
                        adjustment.id.as_deref(),
                        adjustment.amount.unwrap_or_default().to_string(),
                    ],
                )?;
            }
            continue;
        }
        let claim = claim_of(tx, of, &row.facts)?;
        unknown += usize::from(claim.is_none());
        payment(tx, of, remittance, row, claim)?;
        if claim.is_none() && unknown <= MOST_UNKNOWN {
            let detail =
                json!({ "claim": row.facts.control_number, "payer_control_number": row.facts.payer_control_number });
            timeline::of_file(tx, of.partner, of.file, Event::PaysUnknown, &detail)?;
        }
    }
    Ok(())
}

fn payment(tx: &mut dyn Tx, of: Remitted<'_>, remittance: Id, row: &Row, claim: Option<Id>) -> Result<()> {
    let facts = &row.facts;
    let amount = |amount: Option<Decimal>| amount.unwrap_or_default().to_string();
    let id = Id::new(tx.now());
    tx.run(
        "INSERT INTO payment (id, remittance, claim, control_number, payer_control_number, status, charge, paid,
            patient_responsibility, payload, offset, length)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        values![
            id.0,
            remittance.0,
            claim.map(|claim| claim.0),
            &facts.control_number,
            &facts.payer_control_number,
            &facts.status,
            amount(facts.charge),
            amount(facts.paid),
            facts.patient_responsibility.map(|amount| amount.to_string()),
            of.lines,
            i64::try_from(row.offset).unwrap_or(i64::MAX),
            i64::try_from(row.length).unwrap_or(i64::MAX),
        ],
    )?;
    let Some(claim) = claim else { return Ok(()) };
    let detail = json!({
        "status": facts.status, "charge": amount(facts.charge), "paid": amount(facts.paid),
        "patient_responsibility": facts.patient_responsibility.map(|amount| amount.to_string()),
        "payer_control_number": facts.payer_control_number, "remittance": remittance, "payment": id,
    });
    timeline::of_claims(tx, Claims::One(claim), Event::Adjudicated, facts.outcome(), Some(of.file), &detail)?;
    if !facts.payer_control_number.is_empty() {
        tx.run(
            "UPDATE claim SET payer_control_number = COALESCE(payer_control_number, ?2) WHERE id = ?1",
            values![claim.0, &facts.payer_control_number],
        )?;
    }
    Ok(())
}

/// The claim that a payment is for: by its number (CLP01), and among several by the payer's (CLP07), then the
/// newest that was not refused on the way.
fn claim_of(tx: &mut dyn Tx, of: Remitted<'_>, facts: &Facts) -> Result<Option<Id>> {
    // What we were sent is paid by what we send, and the other way round.
    let direction = if of.direction == "in" { "out" } else { "in" };
    let row = tx.first(
        &format!(
            "SELECT id FROM claim WHERE partner = ?1 AND number_key = ?2 AND direction = ?3
             AND state NOT IN ('refused', 'queued', 'withdrawn')
             ORDER BY payer_control_number = ?4 DESC, state IN ({}), id DESC LIMIT 1",
            State::dead()
        ),
        values![of.partner, number_key(&facts.control_number), direction, &facts.payer_control_number],
    )?;
    row.map(|row| Ok(Id(row.int("id")?))).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(json: &str) -> Option<State> {
        serde_json::from_str::<Facts>(json).unwrap().outcome()
    }

    #[test]
    fn payments_say_what_became_of_claims() {
        assert_eq!(outcome(r#"{"status":"1","charge":"100","paid":"80"}"#), Some(State::Paid));
        assert_eq!(outcome(r#"{"status":"4","charge":"100","paid":"0"}"#), Some(State::Denied));
        assert_eq!(outcome(r#"{"status":"1","charge":"100","paid":"0"}"#), Some(State::ZeroPaid));
        assert_eq!(outcome(r#"{"status":"22","charge":"-100","paid":"-80"}"#), Some(State::Reversed));
        assert_eq!(outcome(r#"{"status":"19","charge":"100","paid":"0"}"#), Some(State::Forwarded));
        assert_eq!(outcome(r#"{"status":"25","charge":"100","paid":"0"}"#), None);
        let partly = r#"{"status":"1","charge":"100","paid":"50","lines":[{"charge":"50","paid":"50"},{"charge":"50","paid":"0"}]}"#;
        assert_eq!(outcome(partly), Some(State::PartiallyPaid));
    }
}
