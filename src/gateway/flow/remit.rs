//! Remittances: received and joined to claims, or given by the payer and sent.
//!
//! A payment is made once, however often its remittance comes: under a new ISA13, in another file, by another
//! channel. It is known again by who pays (TRN03), its number (TRN02), its amount and its date, and then posts
//! nothing more. A correction has a number of its own (TRN02 is unique between payer and payee), and posts.

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
    payer: Payer,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payer {
    id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payment {
    amount: Option<Decimal>,
    method: String,
    originator: Option<String>,
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

impl Header {
    /// Who pays: TRN03, or else BPR10, or else the payer's own identifier.
    fn originator(&self) -> &str {
        let all = [Some(&self.trace_originator), self.payment.originator.as_ref(), self.payer.id.as_ref()];
        all.into_iter().flatten().map(|id| id.trim()).find(|id| !id.is_empty()).unwrap_or_default()
    }

    fn amount(&self) -> Decimal {
        self.payment.amount.unwrap_or_default()
    }
}

/// What recording the remittances of a file came to.
#[derive(Debug, Default)]
pub(super) struct Posted {
    /// Remittances that had not come before.
    pub(super) new: usize,
    /// The file that the first of those which had come before came in.
    pub(super) repeats: Option<Id>,
}

/// Records the remittances of a file, and what they pay, unless they have paid it before. `unbalanced` are the sets
/// whose sums do not agree.
pub(super) fn record(tx: &mut dyn Tx, of: Remitted<'_>, rows: &[Row], unbalanced: &[usize]) -> Result<Posted> {
    let now = tx.now();
    let (mut posted, mut unknown) = (Posted::default(), 0);
    for (set, rows) in of_sets(rows) {
        let Some(header) = rows.first().map(|row| &row.facts.remittance) else { continue };
        let first = first(tx, of.partner, of.direction, Some(of.file), &rows)?;
        let id = Id::new(now);
        tx.run(
            "INSERT INTO remittance
                (id, file, direction, partner, trace, originator, amount, method, date, balanced, at, repeats)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            values![
                id.0,
                of.file.0,
                of.direction,
                of.partner,
                &header.trace_number,
                header.originator(),
                header.amount().to_string(),
                &header.payment.method,
                header.payment.effective_date.as_deref(),
                !unbalanced.contains(&set),
                now,
                first.as_ref().map(|first| first.id.0),
            ],
        )?;
        if let Some(first) = first {
            tracing::warn!(partner = of.partner, file.id = %of.file, remittance.id = %id, first.id = %first.id, first.same,
                "a remittance came before and posts nothing");
            let detail = json!({ "remittance": id, "first": first.id, "first_file": first.file, "same": first.same });
            timeline::of_file(tx, of.partner, of.file, Event::RemittanceRepeated, &detail)?;
            posted.repeats.get_or_insert(first.file);
            continue;
        }
        posted.new += 1;
        for row in rows {
            unknown += post(tx, of, id, row, unknown)?;
        }
    }
    Ok(posted)
}

/// The remittances among some lines by their transaction sets.
fn of_sets(rows: &[Row]) -> BTreeMap<usize, Vec<&Row>> {
    let mut sets: BTreeMap<usize, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        sets.entry(row.set).or_default().push(row);
    }
    sets
}

/// The remittances that were given to a partner before, among some that are to be given now.
pub(super) fn given_before(tx: &mut dyn Tx, partner: &str, rows: &[Row]) -> Result<Option<Id>> {
    for rows in of_sets(rows).values() {
        if let Some(first) = first(tx, partner, "out", None, rows)? {
            return Ok(Some(first.id));
        }
    }
    Ok(None)
}

/// A remittance that came before.
struct First {
    id: Id,
    file: Id,
    /// Whether it says the same of the same claims.
    same: bool,
}

/// The remittance that came first of those that are the same payment.
fn first(tx: &mut dyn Tx, partner: &str, direction: &str, file: Option<Id>, rows: &[&Row]) -> Result<Option<First>> {
    let Some(header) = rows.first().map(|row| &row.facts.remittance) else { return Ok(None) };
    // Without a number nothing says that it is the same.
    if header.trace_number.trim().is_empty() {
        return Ok(None);
    }
    let before = tx.rows(
        "SELECT id, file, amount FROM remittance WHERE partner = ?1 AND direction = ?2 AND trace = ?3 AND originator = ?4
         AND date IS ?5 AND repeats IS NULL ORDER BY id",
        values![
            partner,
            direction,
            &header.trace_number,
            header.originator(),
            header.payment.effective_date.as_deref()
        ],
    )?;
    let mut of_payment = None;
    for row in &before {
        if row.text("amount")?.parse::<Decimal>().ok() != Some(header.amount()) {
            continue;
        }
        let id = Id(row.int("id")?);
        let of = Id(row.int("file")?);
        let same = says_the_same(tx, id, rows)?;
        if same {
            return Ok(Some(First { id, file: of, same }));
        }
        // One number may stand for several advices without money (some number them all alike), and for the parts of one
        // payment in one file. Money that comes in another file comes again.
        if !header.amount().is_zero() && file != Some(of) {
            of_payment.get_or_insert(First { id, file: of, same });
        }
    }
    Ok(of_payment)
}

/// Whether a remittance that is stored says the same: payments of claims, and provider adjustments.
fn says_the_same(tx: &mut dyn Tx, remittance: Id, rows: &[&Row]) -> Result<bool> {
    let stored = tx.rows(
        "SELECT control_number AS one, payer_control_number AS two, status AS three, charge, paid FROM payment
             WHERE remittance = ?1
         UNION ALL SELECT reason, COALESCE(reference, ''), '', '0', amount FROM provider_adjustment WHERE remittance = ?1",
        values![remittance.0],
    )?;
    let amount = |text: &str| text.parse::<Decimal>().unwrap_or_default();
    let mut before = stored
        .iter()
        .map(|row| {
            let texts = [row.text("one")?, row.text("two")?, row.text("three")?];
            Ok((texts, [amount(row.text("charge")?), amount(row.text("paid")?)]))
        })
        .collect::<Result<Vec<_>>>()?;
    let mut now = Vec::new();
    for facts in rows.iter().map(|row| &row.facts) {
        if facts.is_payment() {
            let texts = [&*facts.control_number, &*facts.payer_control_number, &*facts.status];
            now.push((texts, [facts.charge.unwrap_or_default(), facts.paid.unwrap_or_default()]));
        } else {
            now.extend(facts.adjustments.iter().map(|one| {
                let texts = [&*one.reason, one.id.as_deref().unwrap_or_default(), ""];
                (texts, [Decimal::ZERO, one.amount.unwrap_or_default()])
            }));
        }
    }
    before.sort_unstable();
    now.sort_unstable();
    Ok(before == now)
}

/// Posts a line of a remittance; gives 1 if it pays a claim that we know nothing of, `unknown` of which came before.
fn post(tx: &mut dyn Tx, of: Remitted<'_>, remittance: Id, row: &Row, unknown: usize) -> Result<usize> {
    let facts = &row.facts;
    if !facts.is_payment() {
        for adjustment in &facts.adjustments {
            tx.run(
                "INSERT INTO provider_adjustment (id, remittance, reason, reference, amount) VALUES (?1, ?2, ?3, ?4, ?5)",
                values![
                    Id::new(tx.now()).0,
                    remittance.0,
                    &adjustment.reason,
                    adjustment.id.as_deref(),
                    adjustment.amount.unwrap_or_default().to_string(),
                ],
            )?;
        }
        return Ok(0);
    }
    let claim = claim_of(tx, of, facts)?;
    payment(tx, of, remittance, row, claim)?;
    if claim.is_none() && unknown < MOST_UNKNOWN {
        let detail = json!({ "claim": facts.control_number, "payer_control_number": facts.payer_control_number });
        timeline::of_file(tx, of.partner, of.file, Event::PaysUnknown, &detail)?;
    }
    Ok(usize::from(claim.is_none()))
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
