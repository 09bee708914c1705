//! A claim or a payment as a person would want to see it.

use std::{collections::BTreeMap, io::Write};

use claimwire::{
    claims::{
        Adjustment, BillingProvider, Claim, ClaimPayment, Diagnosis, Line, Party, Patient, Payer, Procedure,
        ProviderAdjustment, Remittance, ServicePayment, Subscriber,
    },
    record::{Decimal, When},
};
use serde::{Deserialize, de::IgnoredAny};

use super::Colours;

/// Shows one line of NDJSON.
pub fn show(line: &[u8], paint: &Colours, out: &mut impl Write) -> anyhow::Result<()> {
    let Kind { kind } = serde_json::from_slice(line)?;
    let mut card = Card { paint, out };
    match kind.as_str() {
        "payment" => card.payment(&serde_json::from_slice(line)?)?,
        "provider_adjustment" => card.provider_adjustment(&serde_json::from_slice(line)?)?,
        _ => card.claim(&kind, &serde_json::from_slice(line)?)?,
    }
    Ok(writeln!(card.out)?)
}

#[derive(Deserialize)]
struct Kind {
    kind: String,
}

/// A claim with all that stands above it in its file.
#[derive(Deserialize)]
struct OwnClaim {
    billing_provider: BillingProvider,
    subscriber: Subscriber,
    payer: Payer,
    patient: Option<Patient>,
    #[serde(flatten)]
    claim: Claim,
    #[serde(flatten)]
    _rest: BTreeMap<String, IgnoredAny>,
}

/// A claim payment with the payment that it is part of.
#[derive(Deserialize)]
struct OwnPayment {
    remittance: Remittance,
    #[serde(flatten)]
    payment: ClaimPayment,
    #[serde(flatten)]
    _rest: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
struct OwnAdjustment {
    #[serde(flatten)]
    adjustment: ProviderAdjustment,
    #[serde(flatten)]
    _rest: BTreeMap<String, IgnoredAny>,
}

struct Card<'o, W> {
    paint: &'o Colours,
    out: &'o mut W,
}

impl<W: Write> Card<'_, W> {
    fn claim(&mut self, kind: &str, own: &OwnClaim) -> anyhow::Result<()> {
        let OwnClaim { billing_provider, subscriber, payer, patient, claim, .. } = own;
        self.title(&format!("Claim {}", claim.control_number), &format!("{kind}, {}", money(claim.charge)))?;
        let insured = name(subscriber.first_name.as_deref(), &subscriber.name);
        let member = subscriber.member_id.as_deref().unwrap_or("?");
        match patient {
            Some(patient) => {
                let named = name(patient.first_name.as_deref(), &patient.last_name);
                let born = patient.birth_date.map(|day| format!(", born {day}")).unwrap_or_default();
                self.row("patient", &format!("{named}{born}, {} of the insured", relationship(&patient.relationship)))?;
                self.row("insured", &format!("{insured}, member {member}"))?;
            }
            None => {
                let born = subscriber.birth_date.map(|day| format!(", born {day}")).unwrap_or_default();
                self.row("patient", &format!("{insured}{born}, insured as member {member}"))?;
            }
        }
        self.row("payer", &format!("{} ({})", payer.name, payer.id))?;
        let npi = billing_provider.npi.as_deref().map(|npi| format!(", NPI {npi}")).unwrap_or_default();
        self.row(
            "billed by",
            &format!("{}{npi}", name(billing_provider.first_name.as_deref(), &billing_provider.name)),
        )?;
        if let Some(doctor) = claim.rendering_provider.as_ref().or(claim.attending_provider.as_ref()) {
            let npi = doctor.npi.as_deref().map(|npi| format!(", NPI {npi}")).unwrap_or_default();
            self.row("treated by", &format!("{}{npi}", name(doctor.first_name.as_deref(), &doctor.name)))?;
        }
        if let Some(period) = claim.statement_period.as_ref().or(claim.service_date.as_ref()) {
            self.row("when", &when(period))?;
        }
        let diagnoses: Vec<&Diagnosis> = claim.diagnoses.iter().chain(&claim.other_diagnoses).collect();
        if !diagnoses.is_empty() {
            let codes: Vec<&str> = diagnoses.iter().map(|one| one.code.as_str()).collect();
            self.row("diagnoses", &codes.join(", "))?;
        }
        for (number, line) in (1..).zip(&claim.lines) {
            self.row(if number == 1 { "services" } else { "" }, &service(number, line, &diagnoses))?;
        }
        Ok(())
    }

    fn payment(&mut self, own: &OwnPayment) -> anyhow::Result<()> {
        let OwnPayment { remittance, payment, .. } = own;
        let what = format!("{} of {} paid", money(payment.paid), money(payment.charge));
        self.title(&format!("Payment for claim {}", payment.control_number), &what)?;
        let by = remittance.payment.effective_date.map(|day| format!(" on {day}")).unwrap_or_default();
        self.row(
            "paid by",
            &format!(
                "{}, {} {}{by}",
                remittance.payer.name,
                method(&remittance.payment.method),
                remittance.trace_number
            ),
        )?;
        self.row("patient", &party(&payment.patient))?;
        self.row("their number", &payment.payer_control_number)?;
        for adjustment in &payment.adjustments {
            self.adjustment(adjustment)?;
        }
        for line in &payment.lines {
            self.row("service", &paid_service(line))?;
            for adjustment in &line.adjustments {
                self.adjustment(adjustment)?;
            }
            for remark in &line.remarks {
                self.row("", &format!("  remark {}", remark.code))?;
            }
        }
        if let Some(owed) = payment.patient_responsibility.filter(|owed| !owed.is_zero()) {
            self.row("patient owes", &money(Some(owed)))?;
        }
        Ok(())
    }

    fn provider_adjustment(&mut self, own: &OwnAdjustment) -> anyhow::Result<()> {
        self.title("Beside the claims", "")?;
        for one in &own.adjustment.adjustments {
            // The sign is that of what is taken off the payment.
            let amount = one.amount.unwrap_or_default();
            let (words, amount) = if amount.is_sign_negative() { ("added", -amount) } else { ("taken off", amount) };
            self.row(words, &format!("{}, {}", money(Some(amount)), provider_reason(&one.reason)))?;
        }
        Ok(())
    }

    fn adjustment(&mut self, adjustment: &Adjustment) -> anyhow::Result<()> {
        for reason in &adjustment.reasons {
            let text = format!(
                "  {} {}, reason {}-{}",
                money(reason.amount),
                bearer(&adjustment.group),
                adjustment.group,
                reason.reason
            );
            self.row("", &text)?;
        }
        Ok(())
    }

    fn title(&mut self, what: &str, how_much: &str) -> anyhow::Result<()> {
        let Colours { heading, .. } = self.paint;
        let gap = if how_much.is_empty() { "" } else { "  " };
        Ok(writeln!(self.out, "  {heading}{what}{heading:#}{gap}{how_much}")?)
    }

    fn row(&mut self, label: &str, text: &str) -> anyhow::Result<()> {
        let Colours { label: shade, .. } = self.paint;
        Ok(writeln!(self.out, "    {shade}{label:<13}{shade:#} {text}")?)
    }
}

fn service(number: usize, line: &Line, diagnoses: &[&Diagnosis]) -> String {
    let mut text = format!("{number}  ");
    if let Some(revenue) = &line.revenue_code {
        text.push_str(&format!("revenue {revenue}  "));
    }
    if let Some(done) = &line.procedure {
        text.push_str(&format!("{}  ", procedure(done)));
    }
    for tooth in &line.teeth {
        text.push_str(&format!("tooth {} {}  ", tooth.code, tooth.surfaces.join("")));
    }
    if let Some(period) = &line.service_date {
        text.push_str(&format!("{}  ", when(period)));
    }
    if let Some(quantity) = line.quantity.filter(|quantity| *quantity != Decimal::ONE) {
        text.push_str(&format!("× {quantity}  "));
    }
    text.push_str(&money(line.charge));
    let pointed =
        line.diagnosis_pointers.iter().filter_map(|at| diagnoses.get(usize::try_from(*at).ok()?.checked_sub(1)?));
    let codes: Vec<&str> = pointed.map(|one| one.code.as_str()).collect();
    if !codes.is_empty() {
        text.push_str(&format!("  for {}", codes.join(", ")));
    }
    text
}

fn paid_service(line: &ServicePayment) -> String {
    let day = line.service_dates.first().and_then(|one| one.date).map(|day| format!("  {day}")).unwrap_or_default();
    let what =
        line.procedure.as_ref().map(procedure).or(line.revenue_code.as_ref().map(|code| format!("revenue {code}")));
    format!("{}{day}  {} of {} paid", what.unwrap_or_default(), money(line.paid), money(line.charge))
}

fn procedure(procedure: &Procedure) -> String {
    let mut text = procedure.code.to_string();
    for modifier in &procedure.modifiers {
        text.push('-');
        text.push_str(modifier);
    }
    text
}

fn money(amount: Option<Decimal>) -> String {
    amount.map_or_else(|| "no amount".into(), |amount| format!("${amount:.2}"))
}

fn when(when: &When) -> String {
    match when {
        When::Date(day) | When::DateTime(day, _) => day.to_string(),
        When::Time(_) => String::new(),
        When::Period(from, to) => format!("{from} to {to}"),
    }
}

fn name(first: Option<&str>, last: &str) -> String {
    first.map_or_else(|| last.to_owned(), |first| format!("{first} {last}"))
}

fn party(party: &Party) -> String {
    name(party.first_name.as_deref(), party.name.as_deref().unwrap_or_default())
}

fn relationship(code: &str) -> &str {
    match code {
        "01" => "spouse",
        "19" => "child",
        "53" => "life partner",
        _ => "dependent",
    }
}

fn method(code: &str) -> &str {
    match code {
        "ACH" => "transfer",
        "CHK" => "check",
        _ => "payment",
    }
}

/// Who bears what is not paid.
fn bearer(group: &str) -> &str {
    match group {
        "CO" => "written off under the contract",
        "PR" => "for the patient to pay",
        "PI" => "reduced by the payer",
        _ => "not paid",
    }
}

fn provider_reason(code: &str) -> String {
    match code {
        "L6" => "interest".into(),
        "WO" => "recovery of an overpayment".into(),
        "FB" => "balance carried forward".into(),
        _ => format!("reason {code}"),
    }
}
