//! What the store keeps of a claim or payment beside its JSON: enough to find it, to match answers and to
//! notice that it was sent before.

use aws_lc_rs::hmac;
use compact_str::CompactString;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::State;
use crate::{
    gateway::{
        Id,
        store::{self, Tx, payload::PayloadId, values},
    },
    partner::{CharacterSet, Characters},
};

/// A line of claim JSON, as far as the store knows it.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    pub(super) kind: String,
    #[serde(default)]
    pub(super) source: Source,
    #[serde(default)]
    batch: Batch,
    #[serde(default)]
    billing_provider: Provider,
    #[serde(default)]
    subscriber: Person,
    patient: Option<Person>,
    #[serde(default)]
    pub(super) payer: Party,
    #[serde(default)]
    pub(super) control_number: String,
    charge: Option<Decimal>,
    #[serde(default)]
    frequency: String,
    payer_control_number: Option<String>,
    #[serde(default)]
    place_of_service: String,
    statement_period: Option<serde_json::Value>,
    service_date: Option<serde_json::Value>,
    admission: Option<serde_json::Value>,
    #[serde(default)]
    lines: Vec<Service>,
}

/// Where a line comes from.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Source {
    pub(super) interchange: String,
    pub(super) group: String,
    pub(super) transaction: String,
    pub(super) byte_offset: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Batch {
    claim_type: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Provider {
    npi: String,
    tax_id: String,
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Person {
    member_id: String,
    name: String,
    last_name: String,
    first_name: String,
    birth_date: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Party {
    pub(super) id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Service {
    procedure: Option<Procedure>,
    revenue_code: String,
    charge: Option<Decimal>,
    service_date: Option<serde_json::Value>,
    tooth: Option<serde_json::Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Procedure {
    code: String,
    modifiers: Vec<String>,
}

impl Line {
    /// Reads a line. A line that the checks have passed can be read.
    pub(super) fn of(line: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(line)
    }

    /// Whether it is a claim, and not a payment or an answer.
    pub(super) fn is_claim(&self) -> bool {
        matches!(self.kind.as_str(), "professional" | "institutional" | "dental")
    }

    /// What is kept of a claim of this partner's.
    pub(super) fn entry(&self, key: &hmac::Key, partner: &str) -> Entry {
        Entry {
            kind: self.kind.as_str().into(),
            control_number: self.control_number.as_str().into(),
            charge: self.charge.unwrap_or_default(),
            frequency: self.frequency().into(),
            payer_control_number: self.payer_control_number.as_deref().map(Into::into),
            fingerprint: self.fingerprint(key, partner),
        }
    }

    /// CLM05-3; an original claim if it is not said.
    fn frequency(&self) -> &str {
        if self.frequency.is_empty() { "1" } else { &self.frequency }
    }

    /// What makes it the same claim: who bills whom for which member, for what, on which days, at which price,
    /// under a key, since it is made of what nobody should be able to guess back. The claim's own number is not
    /// part of it: billing systems give a claim that they send again a new one.
    fn fingerprint(&self, key: &hmac::Key, partner: &str) -> [u8; 32] {
        let mut of = hmac::Context::with_key(key);
        let mut add = |part: &str| {
            of.update(&(part.len() as u64).to_be_bytes());
            of.update(part.as_bytes());
        };
        add(partner);
        add(&self.kind);
        add(&self.batch.claim_type);
        let provider = &self.billing_provider;
        add([&provider.npi, &provider.tax_id, &provider.name]
            .into_iter()
            .find(|id| !id.is_empty())
            .map_or("", |id| id));
        add(&self.subscriber.member_id);
        let patient = self.patient.as_ref().unwrap_or(&self.subscriber);
        for part in [&patient.name, &patient.last_name, &patient.first_name, &patient.birth_date] {
            add(&part.to_ascii_uppercase());
        }
        add(self.frequency());
        add(self.payer_control_number.as_deref().unwrap_or_default());
        add(&self.place_of_service);
        add(&self.charge.unwrap_or_default().normalize().to_string());
        for date in [&self.statement_period, &self.service_date, &self.admission] {
            add(&text(date.as_ref()));
        }
        let mut services: Vec<[String; 6]> = self.lines.iter().map(Service::parts).collect();
        services.sort_unstable();
        for part in services.iter().flatten() {
            add(part);
        }
        let mut fingerprint = [0; 32];
        fingerprint.iter_mut().zip(of.sign().as_ref()).for_each(|(to, from)| *to = *from);
        fingerprint
    }
}

/// What the table of claims keeps of a claim itself. Small: there is one for each claim of a file at once.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    kind: CompactString,
    control_number: CompactString,
    /// CLM02; 0 if there is none.
    charge: Decimal,
    frequency: CompactString,
    payer_control_number: Option<Box<str>>,
    pub(super) fingerprint: [u8; 32],
}

/// What the table of claims says of a claim beside what stands in it.
pub(super) struct Entered<'a> {
    /// `out` for a claim that we send.
    pub(super) direction: &'a str,
    pub(super) partner: &'a str,
    /// Who handed it in.
    pub(super) source: &'a str,
    pub(super) state: State,
    /// The transaction set that it came in, and the position of its first segment there.
    pub(super) set: Option<(Id, u32)>,
    /// Where its JSON stands.
    pub(super) payload: PayloadId,
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) findings: Option<PayloadId>,
}

impl Entry {
    /// Puts a claim into the table.
    pub(super) fn record(&self, tx: &mut dyn Tx, of: Entered<'_>) -> store::Result<Id> {
        let (now, set) = (tx.now(), of.set.unzip());
        let id = Id::new(now);
        tx.run(
            "INSERT INTO claim (id, direction, partner, source, kind, control_number, number_key, charge, frequency,
                payer_control_number, fingerprint, state, transaction_set, position, payload, offset, length, findings,
                at, changed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?19)",
            values![
                id.0,
                of.direction,
                of.partner,
                of.source,
                self.kind.as_str(),
                self.control_number.as_str(),
                number_key(&self.control_number),
                self.charge.to_string(),
                self.frequency.as_str(),
                self.payer_control_number.as_deref(),
                &self.fingerprint,
                of.state.name(),
                set.0.map(|set| set.0),
                set.1,
                of.payload,
                i64::try_from(of.offset).unwrap_or(i64::MAX),
                i64::try_from(of.length).unwrap_or(i64::MAX),
                of.findings,
                now,
            ],
        )?;
        Ok(id)
    }
}

impl Service {
    fn parts(&self) -> [String; 6] {
        let procedure = self.procedure.as_ref();
        [
            procedure.map(|one| one.code.clone()).unwrap_or_default(),
            procedure.map(|one| one.modifiers.join(",")).unwrap_or_default(),
            self.revenue_code.clone(),
            self.charge.unwrap_or_default().normalize().to_string(),
            text(self.service_date.as_ref()),
            text(self.tooth.as_ref()),
        ]
    }
}

fn text(value: Option<&serde_json::Value>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

/// Why a claim cannot be written with the characters that a partner takes; none if it can.
pub(super) fn strange_character(json: &[u8], characters: &Characters) -> Option<String> {
    // Escapes may hide any character; without them the usual set needs no closer look.
    if characters.set == CharacterSet::Extended && json.is_ascii() && !json.windows(2).any(|pair| pair == b"\\u") {
        return None;
    }
    let claim: serde_json::Value = serde_json::from_slice(json).ok()?;
    let path = find(&claim, &|character| {
        let written =
            if characters.uppercase { character.to_uppercase().next().unwrap_or(character) } else { character };
        !characters.set.has(written)
    })?;
    Some(format!("{path} has a character that the partner does not take"))
}

/// The path of the first text that has a character of a kind.
fn find(value: &serde_json::Value, is_strange: &dyn Fn(char) -> bool) -> Option<String> {
    match value {
        serde_json::Value::String(text) => text.chars().any(is_strange).then(String::new),
        serde_json::Value::Array(items) => {
            items.iter().enumerate().find_map(|(at, item)| Some(format!("[{at}]{}", find(item, is_strange)?)))
        }
        serde_json::Value::Object(members) => {
            // Where a claim comes from is not written.
            let mut written = members.iter().filter(|(name, _)| !matches!(name.as_str(), "source" | "kind" | "x12"));
            written.find_map(|(name, item)| Some(format!(".{name}{}", find(item, is_strange)?)))
        }
        _ => None,
    }
}

/// A claim's number (CLM01) as it is compared.
pub(super) fn number_key(number: &str) -> String {
    number.trim().to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIM: &str = r#"{"kind":"professional","billing_provider":{"npi":"1900000013"},
        "subscriber":{"member_id":"W900445566","name":"PRUEBA","birth_date":"1961-09-14"},
        "control_number":"VISIT-1","charge":"180","lines":[
        {"number":1,"procedure":{"kind":"HC","code":"99214"},"charge":"100","service_date":"2026-01-16"},
        {"number":2,"procedure":{"kind":"HC","code":"87880"},"charge":"80","service_date":"2026-01-16"}]}"#;

    fn fingerprint(claim: &str) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        Line::of(claim.as_bytes()).unwrap().fingerprint(&key, "acme")
    }

    #[test]
    fn a_claim_sent_again_under_another_number_is_the_same() {
        let again = CLAIM.replace("VISIT-1", "VISIT-2").replace("\"180\"", "\"180.00\"");
        assert_eq!(fingerprint(CLAIM), fingerprint(&again));
    }

    #[test]
    fn another_visit_is_another_claim() {
        for (from, to) in [
            ("2026-01-16", "2026-01-17"),
            ("87880", "87881"),
            ("W900445566", "W900445567"),
            ("\"180\"", "\"181\""),
            ("1900000013", "1900000021"),
            ("\"control", "\"frequency\":\"7\",\"control"),
        ] {
            assert_ne!(fingerprint(CLAIM), fingerprint(&CLAIM.replace(from, to)), "{from}");
        }
    }

    #[test]
    fn values_do_not_run_into_each_other() {
        let shifted = CLAIM.replace("W900445566", "W900445566P").replace("PRUEBA", "RUEBA");
        assert_ne!(fingerprint(CLAIM), fingerprint(&shifted));
    }
}
