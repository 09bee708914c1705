//! What the payer pays: the accepted claims of a file, decided, gathered by payee and written as 835s.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Write},
    path::Path,
};

use jiff::ToSpan;
use serde::Serialize;

use super::{
    Numbers,
    adjudicate::{Settled, Submission, settle},
    desk::{Answered, Envelope, Taken},
};
use crate::{
    claims::{
        Address, BillingProvider, ClaimPayment, Contact, ContactNumber, Identifier, Payee, Payer, Payment,
        PaymentGroup, ProviderAdjustment, ProviderAdjustmentAmount, Remittance, RemittancePayer,
    },
    document::Error,
    gateway::connect::Content,
    ndjson,
    record::{Date, Decimal, Text, Time, write::Style},
    x12::OnDelimiter,
};

/// The payer's tax number with the 1 before it, as TRN03 has it. Nobody has it.
const ORIGINATOR: &str = "1990000001";
/// Banks of both sides: routing numbers of a district that does not exist.
const PAYER_BANK: &str = "890000016";
const PAYEE_BANK: &str = "890000029";
const ACCOUNT: &str = "1000000001";
/// Most adjustments in one PLB.
const MOST_ADJUSTMENTS: usize = 6;
/// Days from the decision to the money.
const DAYS_TO_PAY: i64 = 2;

/// Decides about the accepted claims of a file. Gives the 835s: a transaction set for each payment, in a file for
/// all that answer a functional group at the same time.
///
/// # Errors
/// A file that cannot be read, or a remittance that cannot be written.
pub(super) fn remit(
    file: &Path,
    taken: &Taken,
    numbers: &mut Numbers,
    created: (Date, Time),
) -> Result<Vec<Answered>, Error> {
    if taken.accepted.is_empty() {
        return Ok(Vec::new());
    }
    let mut payments = Payments::default();
    let mut lines = Lines { line: Vec::new(), take: |line: &[u8]| payments.claim(line, taken, numbers, created.0) };
    ndjson::read(File::open(file)?, &mut lines, None)?;
    let mut files = Vec::new();
    for (at, envelope) in taken.envelopes.iter().enumerate() {
        for later in [false, true] {
            let mut payments = payments.list.iter().filter(|one| one.envelope == at && one.later == later).peekable();
            if payments.peek().is_none() {
                continue;
            }
            let mut writer = ndjson::Writer::new(Vec::new(), options(envelope, numbers.interchange(), created));
            for payment in payments {
                payment.write(&mut writer, numbers.trace(), created.0)?;
            }
            files.push(Answered { content: Content::Remittance835, later, bytes: writer.finish()? });
        }
    }
    Ok(files)
}

fn options(envelope: &Envelope, control_number: u32, created: (Date, Time)) -> ndjson::Options {
    ndjson::Options {
        sender_kind: envelope.sender.0.clone(),
        sender: Some(envelope.sender.1.clone()),
        receiver_kind: envelope.receiver.0.clone(),
        receiver: Some(envelope.receiver.1.clone()),
        group_sender: Some(envelope.group_sender.clone()),
        group_receiver: Some(envelope.group_receiver.clone()),
        usage: envelope.usage.clone(),
        control_number,
        group_control_number: control_number,
        created,
        // A payment is one transaction set, however many its claims.
        claims_per_transaction: u32::MAX,
        style: Style { delimiters: envelope.delimiters, on_delimiter: OnDelimiter::Replace(b' '), ..Style::default() },
        ..ndjson::Options::default()
    }
}

/// Payments, in the order in which their first claims came.
#[derive(Default)]
struct Payments {
    list: Vec<OnePayment>,
    /// By envelope, payer, payee and time, where in the list.
    at: HashMap<(usize, Text, Text, bool), usize>,
}

impl Payments {
    /// Decides about the claim of a line, if it was accepted.
    fn claim(&mut self, line: &[u8], taken: &Taken, numbers: &mut Numbers, today: Date) -> io::Result<()> {
        let submission: Submission = serde_json::from_slice(line)?;
        let Some(accepted) = taken.accepted.get(&submission.source.byte_offset) else { return Ok(()) };
        for settled in settle(&submission, accepted.outcome, &accepted.number, numbers, today) {
            let Submission { payer, billing_provider, .. } = &submission;
            let payee = billing_provider.npi.clone().unwrap_or_else(|| billing_provider.tax_id.clone());
            let key = (accepted.envelope, payer.id.clone(), payee, settled.later);
            let at = *self.at.entry(key).or_insert_with(|| {
                self.list.push(OnePayment {
                    envelope: accepted.envelope,
                    later: settled.later,
                    payer: payer_of(payer),
                    payee: payee_of(billing_provider),
                    claims: Vec::new(),
                    adjustments: Vec::new(),
                });
                self.list.len() - 1
            });
            if let Some(payment) = self.list.get_mut(at) {
                payment.add(settled);
            }
        }
        Ok(())
    }
}

/// One payment to one payee.
struct OnePayment {
    envelope: usize,
    later: bool,
    payer: RemittancePayer,
    payee: Payee,
    claims: Vec<ClaimPayment>,
    adjustments: Vec<ProviderAdjustmentAmount>,
}

impl OnePayment {
    fn add(&mut self, settled: Settled) {
        let number = settled.claim.payer_control_number.clone();
        // Both add to the payment: interest is paid, and what was overpaid is not taken from this one but owed.
        for (reason, amount) in [("L6", settled.interest), ("WO", settled.overpaid)] {
            if !amount.is_zero() {
                let (reason, id, amount) = (reason.into(), Some(number.clone()), Some(-amount.normalize()));
                self.adjustments.push(ProviderAdjustmentAmount { reason, id, amount });
            }
        }
        self.claims.push(settled.claim);
    }

    fn write(&self, writer: &mut ndjson::Writer<Vec<u8>>, trace: Text, today: Date) -> Result<(), Error> {
        let remittance = self.remittance(trace, today);
        let group = PaymentGroup { number: Some(1), ..PaymentGroup::default() };
        for claim in &self.claims {
            let line = PaymentLine { kind: "payment", remittance: &remittance, group: &group, claim };
            writer.push(&serde_json::to_vec(&line)?)?;
        }
        for adjustments in self.adjustments.chunks(MOST_ADJUSTMENTS) {
            let adjustment = ProviderAdjustment {
                provider_id: self.payee.id.clone(),
                fiscal_period: Date::new(today.year(), 12, 31).ok(),
                adjustments: adjustments.to_vec(),
            };
            let line = AdjustmentLine { kind: "provider_adjustment", remittance: &remittance, adjustment: &adjustment };
            writer.push(&serde_json::to_vec(&line)?)?;
        }
        Ok(())
    }

    /// All that stands above the claims.
    fn remittance(&self, trace_number: Text, today: Date) -> Remittance {
        let paid = self.claims.iter().filter_map(|claim| claim.paid);
        let adjusted = self.adjustments.iter().filter_map(|adjustment| adjustment.amount).map(|amount| -amount);
        let amount = paid.chain(adjusted).fold(Decimal::ZERO, Decimal::saturating_add).normalize();
        Remittance {
            payment: transfer(amount, today),
            trace_number,
            trace_originator: ORIGINATOR.into(),
            production_date: Some(today),
            payer: self.payer.clone(),
            payee: self.payee.clone(),
            ..Remittance::default()
        }
    }
}

#[derive(Serialize)]
struct PaymentLine<'a> {
    kind: &'static str,
    remittance: &'a Remittance,
    group: &'a PaymentGroup,
    #[serde(flatten)]
    claim: &'a ClaimPayment,
}

#[derive(Serialize)]
struct AdjustmentLine<'a> {
    kind: &'static str,
    remittance: &'a Remittance,
    #[serde(flatten)]
    adjustment: &'a ProviderAdjustment,
}

/// A transfer; a payment of nothing is only a notification.
fn transfer(amount: Decimal, today: Date) -> Payment {
    let payment = Payment {
        amount: Some(amount),
        credit_debit: "C".into(),
        effective_date: Some(today.saturating_add(DAYS_TO_PAY.days())),
        ..Payment::default()
    };
    if amount.is_zero() {
        return Payment { handling: "H".into(), method: "NON".into(), ..payment };
    }
    let some = |text: &str| Some(Text::from(text));
    Payment {
        handling: "I".into(),
        method: "ACH".into(),
        format: some("CCP"),
        payer_bank_kind: some("01"),
        payer_bank: some(PAYER_BANK),
        payer_account: some(ACCOUNT),
        originator: some(ORIGINATOR),
        payee_bank_kind: some("01"),
        payee_bank: some(PAYEE_BANK),
        payee_account_kind: some("DA"),
        payee_account: some(ACCOUNT),
        ..payment
    }
}

fn payer_of(payer: &Payer) -> RemittancePayer {
    let is_plan = payer.id_kind == "XV";
    let number = Identifier { kind: "2U".into(), value: payer.id.clone(), payer_id: None };
    let telephone = ContactNumber { kind: "TE".into(), number: "8005550199".into() };
    RemittancePayer {
        name: payer.name.clone(),
        id: is_plan.then(|| payer.id.clone()),
        address: payer.address.clone().unwrap_or_else(|| Address {
            line1: "1 EXAMPLE PLAZA".into(),
            city: "SPRINGFIELD".into(),
            state: Some("IL".into()),
            postal_code: Some("627010001".into()),
            ..Address::default()
        }),
        identifiers: if is_plan { Vec::new() } else { vec![number] },
        technical_contacts: vec![Contact { name: Some("SANDBOX EDI SUPPORT".into()), numbers: vec![telephone] }],
        ..RemittancePayer::default()
    }
}

fn payee_of(provider: &BillingProvider) -> Payee {
    let mut name = provider.name.clone();
    if let Some(first) = &provider.first_name {
        name = format!("{first} {name}").into();
    }
    let name = name.chars().take(60).collect();
    let address = Some(provider.address.clone());
    match &provider.npi {
        Some(npi) => Payee {
            name,
            id_kind: "XX".into(),
            id: npi.clone(),
            address,
            identifiers: vec![Identifier { kind: "TJ".into(), value: provider.tax_id.clone(), payer_id: None }],
            ..Payee::default()
        },
        None => Payee { name, id_kind: "FI".into(), id: provider.tax_id.clone(), address, ..Payee::default() },
    }
}

/// Takes bytes and hands them on line by line.
struct Lines<F> {
    line: Vec<u8>,
    take: F,
}

impl<F: FnMut(&[u8]) -> io::Result<()>> Write for Lines<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                (self.take)(&self.line)?;
                self.line.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
