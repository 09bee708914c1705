//! The answer to a batch of claims: the 277CA.
//!
//! Claims are rendered patient by patient as they come, since a hierarchy is numbered in that order; only
//! what is said above them (totals of the batch and of its billing providers) waits for the end.

mod refusal;

use std::{io::Write, sync::OnceLock};

use super::{
    Answerer, Error, Options, Ruling,
    output::{OPEN, Output, Part, Parties, guide},
    text,
};
use crate::{
    check::{Claim, Held, Scope, Verdict},
    claims::{
        BilledProvider, ClaimStatus, ClaimStatusReport, Status, StatusCode, StatusPatient, StatusProvider,
        StatusReceiver, StatusSource,
    },
    record::{
        Date, Decimal, Text, When,
        write::{Buffers, Start, Style, Written},
    },
};

/// The claims of a transaction set, as they come.
pub(super) struct Batch {
    style: Style,
    answerer: Answerer,
    today: Date,
    head: Option<Head>,
    providers: Vec<Provider>,
    patient: Option<Patient>,
    /// HL numbers given out.
    levels: u32,
    buffers: Buffers,
}

/// What the batch says of itself.
struct Head {
    reference: Text,
    submitter: Name,
    receiver: Name,
}

/// A billing provider, and what is said of its claims.
struct Provider {
    /// Position of its HL in the batch.
    position: u32,
    number: u32,
    name: Name,
    accepted: Total,
    rejected: Total,
    /// Its patients.
    bytes: Vec<u8>,
    segments: u64,
}

/// A patient whose claims are coming.
struct Patient {
    /// Position of the HL in the batch.
    position: u32,
    status: StatusPatient,
}

/// Claims and their charges.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    claims: u64,
    charges: Decimal,
}

/// An NM1.
#[derive(Clone, Debug, Default)]
struct Name {
    entity: Text,
    name: Text,
    first: Option<Text>,
    middle: Option<Text>,
    suffix: Option<Text>,
    id_kind: Text,
    id: Text,
}

impl Batch {
    pub(super) fn new(style: Style, options: &Options) -> Self {
        Self {
            style,
            answerer: options.answerer,
            today: options.created.0,
            head: None,
            providers: Vec::new(),
            patient: None,
            // The source and the receiver.
            levels: 2,
            buffers: Buffers::default(),
        }
    }

    /// A claim has ended.
    pub(super) fn claim(&mut self, claim: &Claim<'_>, ruling: &Ruling) -> Result<(), Error> {
        if *ruling == Ruling::Elsewhere {
            return Ok(());
        }
        let scope = claim.scope;
        let (Some(level), Some(billing), Some(clm)) = (level(scope), scope.up("2000A"), scope.begin()) else {
            return Ok(());
        };
        if self.head.is_none() {
            self.head = scope.up("").map(Head::of);
        }
        let position = |scope: Scope<'_>| scope.begin().map_or(0, |begin| begin.position());
        if self.providers.last().is_none_or(|provider| provider.position != position(billing)) {
            self.end_patient()?;
            self.levels += 1;
            self.providers.push(Provider {
                position: position(billing),
                number: self.levels,
                name: billing_provider(billing),
                accepted: Total::default(),
                rejected: Total::default(),
                bytes: Vec::new(),
                segments: 0,
            });
        }
        if self.patient.as_ref().is_none_or(|patient| patient.position != position(level)) {
            self.end_patient()?;
            self.patient = Some(Patient { position: position(level), status: patient(level) });
        }
        let charge = clm.number(2).unwrap_or_default().normalize();
        let status = self.status(claim, ruling, clm, charge);
        let accepted = !status.statuses.iter().any(|status| status.action == "U");
        if let Some(provider) = self.providers.last_mut() {
            let total = if accepted { &mut provider.accepted } else { &mut provider.rejected };
            total.claims += 1;
            total.charges = total.charges.checked_add(charge).unwrap_or(Decimal::MAX);
        }
        if let Some(patient) = &mut self.patient {
            patient.status.claims.push(status);
        }
        Ok(())
    }

    /// The batch has ended; `None` if there was no claim in it.
    pub(super) fn end(mut self) -> Result<Option<Report>, Error> {
        self.end_patient()?;
        let Self { style, answerer, head, providers, .. } = self;
        Ok(head.map(|head| Report { style, answerer, head, providers }))
    }

    fn end_patient(&mut self) -> Result<(), Error> {
        let (Some(patient), Some(provider)) = (self.patient.take(), self.providers.last_mut()) else { return Ok(()) };
        let start = Start { levels: self.levels, parent: provider.number, line: 1, ..Start::default() };
        let written = parts()?.patient.render(&self.style, start, &patient.status, &mut self.buffers)?;
        self.levels += 1;
        provider.bytes.extend_from_slice(&written.bytes);
        provider.segments += u64::from(written.segments);
        self.buffers.reuse(written.bytes);
        Ok(())
    }

    fn status(&self, claim: &Claim<'_>, ruling: &Ruling, clm: Held<'_>, charge: Decimal) -> ClaimStatus {
        let scope = claim.scope;
        let mut number = None;
        let (statuses, lines) = match (claim.verdict, ruling) {
            (Verdict::Accepted, Ruling::Status { statuses, payer_control_number }) if !statuses.is_empty() => {
                number.clone_from(payer_control_number);
                (statuses.clone(), Vec::new())
            }
            (Verdict::Accepted, _) => {
                let code = match self.answerer {
                    Answerer::Payer => code("A2", "20", None),
                    Answerer::Clearinghouse => code("A1", "20", None),
                };
                (vec![Status { code, action: "WQ".into(), ..Status::default() }], Vec::new())
            }
            _ => refusal::refusals(claim),
        };
        let about = |status: Status| Status { effective_date: Some(self.today), amount: Some(charge), ..status };
        ClaimStatus {
            control_number: text(clm.element(1), 38),
            statuses: statuses.into_iter().map(about).collect(),
            payer_control_number: number,
            clearinghouse_trace_number: reference(scope, b"D9"),
            bill_type: scope.is("837I").then(|| {
                let [facility, frequency] = [1, 3].map(|component| clm.component(5, component));
                text(&[facility, frequency].concat(), 4)
            }),
            // The guide wants one of every claim, though a predetermination has none.
            service_date: service(scope).or(Some(When::Date(self.today))),
            lines,
            ..ClaimStatus::default()
        }
    }
}

fn code(category: &str, status: &str, entity: Option<&str>) -> StatusCode {
    StatusCode { category: category.into(), status: status.into(), entity: entity.map(Text::from) }
}

/// The loop of the patient that a claim is for: of the subscriber, or of a dependent.
fn level(claim: Scope<'_>) -> Option<Scope<'_>> {
    let around = claim.around();
    matches!(around.id(), "2000B" | "2000C").then_some(around)
}

fn patient(level: Scope<'_>) -> StatusPatient {
    let name = |level: Scope<'_>, id: &str| {
        let inner = level.inside().find(|inner| inner.id() == id);
        inner.and_then(|inner| inner.segment("NM1")).map(Name::of).unwrap_or_default()
    };
    let subscriber = level.up("2000B").map(|level| name(level, "2010BA")).unwrap_or_default();
    let patient = if level.id() == "2000C" { name(level, "2010CA") } else { subscriber.clone() };
    // A dependent goes by the subscriber's number, unless it has one of its own.
    let member = if patient.id.is_empty() { subscriber } else { patient.clone() };
    let is_known = member.id.chars().count() >= 2;
    StatusPatient {
        last_name: if patient.name.is_empty() { "UNKNOWN".into() } else { patient.name },
        first_name: patient.first,
        middle_name: patient.middle,
        suffix: patient.suffix,
        member_id_kind: if is_known && member.id_kind == "II" { "II".into() } else { "MI".into() },
        member_id: if is_known { member.id } else { "UNKNOWN".into() },
        ..StatusPatient::default()
    }
}

fn billing_provider(level: Scope<'_>) -> Name {
    let Some(provider) = level.inside().find(|inner| inner.id() == "2010AA") else { return Name::default() };
    let name = provider.segment("NM1").map(Name::of).unwrap_or_default();
    if name.id_kind == "XX" && !name.id.is_empty() {
        return name;
    }
    // Without an NPI it goes by its tax number.
    let tax = reference(provider, b"EI").or_else(|| reference(provider, b"SY"));
    Name { id_kind: "FI".into(), id: tax.unwrap_or_else(|| "UNKNOWN".into()), ..name }
}

impl Name {
    fn of(name: Held<'_>) -> Self {
        let part = |n: usize, most: usize| text(name.element(n), most);
        let optional = |n: usize, most: usize| Some(part(n, most)).filter(|part| !part.is_empty());
        Self {
            entity: if name.element(2) == b"1" { "1".into() } else { "2".into() },
            name: part(3, 60),
            first: optional(4, 35),
            middle: optional(5, 25),
            suffix: optional(7, 10),
            id_kind: part(8, 2),
            id: part(9, 80),
        }
    }
}

impl Head {
    fn of(set: Scope<'_>) -> Self {
        let name = |id: &str| {
            let inner = set.inside().find(|inner| inner.id() == id);
            inner.and_then(|inner| inner.segment("NM1")).map(Name::of).unwrap_or_default()
        };
        Self {
            reference: set.segment("BHT").map_or_else(Text::default, |bht| text(bht.element(3), 50)),
            submitter: name("1000A"),
            receiver: name("1000B"),
        }
    }
}

/// The value of a REF.
fn reference(scope: Scope<'_>, kind: &[u8]) -> Option<Text> {
    let held = scope.segments().find(|held| is(held, b"REF", kind))?;
    Some(text(held.element(2), 50)).filter(|value| !value.is_empty())
}

fn is(held: &Held<'_>, id: &[u8], kind: &[u8]) -> bool {
    held.segment.id() == id && held.element(1) == kind
}

/// When the services of a claim were done: as the claim says, or from the first to the last of its lines.
fn service(claim: Scope<'_>) -> Option<When> {
    let stated = |scope: Scope<'_>| {
        let held = scope.segments().find(|held| is(held, b"DTP", b"434") || is(held, b"DTP", b"472"))?;
        held.period(2, 3)
    };
    let lines = || claim.inside().filter(|inner| inner.id() == "2400").filter_map(stated);
    when(stated(claim).or_else(|| lines().reduce(|one, other| (one.0.min(other.0), one.1.max(other.1))))?)
}

fn when((from, to): (Date, Date)) -> Option<When> {
    Some(if from == to { When::Date(from) } else { When::Period(from, to) })
}

/// A 277CA that has been made, but for its numbers.
pub(super) struct Report {
    style: Style,
    answerer: Answerer,
    head: Head,
    providers: Vec<Provider>,
}

impl Report {
    /// Whether it refuses a claim.
    pub(super) fn rejects(&self) -> bool {
        self.providers.iter().any(|provider| provider.rejected.claims > 0)
    }

    /// Writes it. `reference` is the answerer's number for it.
    pub(super) fn write<W: Write>(
        self,
        output: &mut Output<'_, W>,
        parties: &Parties,
        options: &Options,
        reference: &str,
    ) -> Result<(), Error> {
        let (guide, parts) = (guide("277CA")?, parts()?);
        let mut buffers = Buffers::default();
        let put = |output: &mut Output<'_, W>, written: Written| output.put(&written.bytes, written.segments.into());
        let control = output.set(guide, parties)?;
        let (date, time) = options.created;
        let report = ClaimStatusReport {
            control_number: control.into(),
            guide: guide.id.as_str().into(),
            reference: reference.into(),
            created_date: Some(date),
            created_time: Some(time),
            ..ClaimStatusReport::default()
        };
        put(output, parts.report.render(&self.style, OPEN, &report, &mut buffers)?)?;
        let level = |levels: u32, parent: u32| Start { levels, parent, has_children: true, ..OPEN };
        let source = self.source(reference, date);
        put(output, parts.source.render(&self.style, level(0, 0), &source, &mut buffers)?)?;
        let receiver = self.receiver(date);
        put(output, parts.receiver.render(&self.style, level(1, 1), &receiver, &mut buffers)?)?;
        for provider in self.providers {
            let start = level(provider.number.saturating_sub(1), 2);
            let status = provider.status(self.answerer);
            put(output, parts.provider.render(&self.style, start, &status, &mut buffers)?)?;
            output.put(&provider.bytes, provider.segments)?;
        }
        Ok(())
    }

    fn source(&self, reference: &str, date: Date) -> StatusSource {
        let receiver = &self.head.receiver;
        StatusSource {
            role: self.answerer.role().into(),
            name: known(&receiver.name),
            id_kind: "46".into(),
            id: known(&receiver.id),
            trace_number: reference.into(),
            received_date: Some(date),
            processed_date: Some(date),
            ..StatusSource::default()
        }
    }

    fn receiver(&self, date: Date) -> StatusReceiver {
        let submitter = &self.head.submitter;
        let sum = |of: fn(&Provider) -> Total| {
            self.providers.iter().map(of).fold(Total::default(), |sum, one| Total {
                claims: sum.claims + one.claims,
                charges: sum.charges.checked_add(one.charges).unwrap_or(Decimal::MAX),
            })
        };
        let (accepted, rejected) = (sum(|provider| provider.accepted), sum(|provider| provider.rejected));
        let received = Status { effective_date: Some(date), ..received(self.answerer, accepted, rejected) };
        StatusReceiver {
            entity: submitter.entity.clone(),
            name: known(&submitter.name),
            first_name: submitter.first.clone(),
            middle_name: submitter.middle.clone(),
            id: known(&submitter.id),
            batch_reference: self.head.reference.clone(),
            statuses: vec![received],
            accepted_quantity: accepted.count(),
            rejected_quantity: rejected.count(),
            accepted_amount: accepted.amount(),
            rejected_amount: rejected.amount(),
            ..StatusReceiver::default()
        }
    }
}

impl Provider {
    fn status(&self, answerer: Answerer) -> StatusProvider {
        let Name { entity, name, first, middle, suffix, id_kind, id } = self.name.clone();
        StatusProvider {
            names: vec![BilledProvider {
                entity,
                name: known(&name),
                first_name: first,
                middle_name: middle,
                suffix,
                id_kind,
                id,
                ..BilledProvider::default()
            }],
            // The provider's own number for its part of the batch, which an 837 has no place for.
            trace_number: Some("0".into()),
            statuses: vec![received(answerer, self.accepted, self.rejected)],
            accepted_quantity: self.accepted.count(),
            rejected_quantity: self.rejected.count(),
            accepted_amount: self.accepted.amount(),
            rejected_amount: self.rejected.amount(),
            ..StatusProvider::default()
        }
    }
}

impl Total {
    fn count(self) -> Option<Decimal> {
        (self.claims > 0).then(|| Decimal::from(self.claims))
    }

    fn amount(self) -> Option<Decimal> {
        (!self.charges.is_zero()).then(|| self.charges.normalize())
    }
}

impl Answerer {
    /// NM101 of who answers.
    fn role(self) -> &'static str {
        match self {
            Self::Payer => "PR",
            Self::Clearinghouse => "AY",
        }
    }
}

/// The receipt of a batch or of the claims of a provider, whatever becomes of each.
fn received(answerer: Answerer, accepted: Total, rejected: Total) -> Status {
    let charges = accepted.charges.checked_add(rejected.charges).unwrap_or(Decimal::MAX);
    Status {
        code: code("A1", "19", Some(answerer.role())),
        action: "WQ".into(),
        amount: Some(charges.normalize()),
        ..Status::default()
    }
}

/// A name or identifier; where there is none, a word that says so.
fn known(value: &Text) -> Text {
    if value.is_empty() { "UNKNOWN".into() } else { value.clone() }
}

/// The parts that a 277CA is written in.
struct Parts {
    report: Part,
    source: Part,
    receiver: Part,
    provider: Part,
    patient: Part,
}

fn parts() -> Result<&'static Parts, Error> {
    static PARTS: OnceLock<Parts> = OnceLock::new();
    if let Some(parts) = PARTS.get() {
        return Ok(parts);
    }
    let guide = guide("277CA")?;
    let made = Parts {
        report: Part::of::<ClaimStatusReport>(guide, "", &["source"])?,
        source: Part::of::<StatusSource>(guide, "2000A", &["receiver"])?,
        receiver: Part::of::<StatusReceiver>(guide, "2000A/2000B", &["providers"])?,
        provider: Part::of::<StatusProvider>(guide, "2000A/2000B/2000C", &["patients"])?,
        patient: Part::of::<StatusPatient>(guide, "2000A/2000B/2000C/2000D", &[])?,
    };
    Ok(PARTS.get_or_init(|| made))
}
