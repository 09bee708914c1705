//! A file of remittances: payment after payment, each balanced.

use serde::Serialize;

use super::{
    Error, Options, Summary, Variety,
    adjudicate::{cents, money},
    batch::{PLANS, Plan, Program},
    claims::join,
    payments::{SCENARIOS, Scene, Trade},
    people,
    random::Random,
    scene::text,
};
use crate::{
    claims::{
        ClaimPayment, Contact, Delivery, Identifier, Payee, Payment, PaymentGroup, ProviderAdjustment,
        ProviderAdjustmentAmount, ProviderSummary, Remittance, RemittancePayer,
    },
    record::{Date, Decimal, Text},
};

/// Names that are not scenarios of claims.
const ALSO: &[&str] = &[
    "no payment",
    "transfer",
    "check",
    "overpayment recovery",
    "balance carried forward",
    "capitation payment",
    "provider withholding",
    "interest",
    "summary of a provider",
    "ten lines or more",
];

/// Everything that a summary may name.
pub(super) fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).chain(ALSO.iter().copied()).collect();
    names.sort_unstable();
    names
}

/// Makes the lines.
pub(super) fn lines(options: &Options, receive: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<Summary, Error> {
    let mut random = Random::new(options.seed);
    let mut summary = Summary::default();
    let mut line = Vec::new();
    while summary.claims < options.claims {
        let most = options.transaction().min(options.claims - summary.claims);
        let remittance = OneRemittance::new(&mut random, options, most);
        // Its head says what its claims come to, so they are made twice rather than kept.
        let totals = remittance.totals(random.clone());
        let (head, adjustments) = remittance.head(&mut summary, &totals);
        let group = remittance.group(&mut summary, &totals);
        let above = serde_json::to_vec(&Above { kind: "payment", remittance: &head, group: Some(&group) })?;
        summary.transactions += 1;
        summary.claims += totals.claims;
        remittance.claims(&mut random, &mut |name, claims| {
            summary.show(name);
            for claim in claims {
                summary.lines += claim.lines.len() as u64;
                if claim.lines.len() >= 10 {
                    summary.show("ten lines or more");
                }
                join(&above, claim, &mut line)?;
                receive(&line)?;
            }
            Ok(())
        })?;
        let above = serde_json::to_vec(&Above { kind: "provider_adjustment", remittance: &head, group: None })?;
        for adjustment in &adjustments {
            join(&above, adjustment, &mut line)?;
            receive(&line)?;
        }
    }
    Ok(summary)
}

/// What stands above a payment or an adjustment.
#[derive(Serialize)]
struct Above<'a> {
    kind: &'static str,
    remittance: &'a Head,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a PaymentGroup>,
}

/// A remittance without what lines say of it.
#[derive(Serialize)]
#[serde(transparent)]
struct Head(serde_json::Value);

/// Takes the claims of a scenario, and its name.
type Receive<'a> = dyn FnMut(&'static str, &[ClaimPayment]) -> Result<(), Error> + 'a;

/// One payment to one payee.
struct OneRemittance {
    /// Of the parties and the money, apart from the claims.
    random: Random,
    plan: Plan,
    trade: Trade,
    today: Date,
    max_lines: usize,
    plain: bool,
    claims: u64,
}

/// What the claims of a payment come to, in cents.
#[derive(Default)]
struct Totals {
    claims: u64,
    charge: i64,
    paid: i64,
    interest: i64,
}

impl OneRemittance {
    fn new(random: &mut Random, options: &Options, claims: u64) -> Self {
        let plain = options.variety == Variety::Plain;
        let payers = [PLANS[0], PLANS[1], PLANS[2], PLANS[3], PLANS[5], PLANS[6], PLANS[7]];
        Self {
            plan: if plain { PLANS[2] } else { random.pick(&payers) },
            trade: if plain {
                Trade::Physician
            } else {
                random.weighted(&[(Trade::Physician, 50), (Trade::Hospital, 32), (Trade::Dentist, 18)], |row| row.1).0
            },
            today: options.created().0,
            max_lines: options.max_lines(),
            plain,
            claims,
            random: Random::new(random.between(0, i64::MAX) as u64),
        }
    }

    /// Makes the claims, a scenario at a time.
    fn claims(&self, random: &mut Random, receive: &mut Receive<'_>) -> Result<(), Error> {
        let mut left = self.claims;
        while left > 0 {
            let scenario = if self.plain { &SCENARIOS[0] } else { random.weighted(SCENARIOS, |row| row.weight) };
            let mut scene = Scene {
                random,
                trade: self.trade,
                program: self.plan.program,
                today: self.today,
                max_lines: self.max_lines,
                plain: self.plain,
            };
            let claims = (scenario.make)(&mut scene);
            // A reversal comes with its correction or not at all.
            if claims.len() as u64 <= left {
                left -= claims.len() as u64;
                receive(scenario.name, &claims)?;
            }
        }
        Ok(())
    }

    fn totals(&self, mut random: Random) -> Totals {
        let mut totals = Totals::default();
        let added = self.claims(&mut random, &mut |_, claims| {
            for claim in claims {
                totals.claims += 1;
                totals.charge += cents(claim.charge);
                totals.paid += cents(claim.paid);
                totals.interest += claim
                    .amounts
                    .iter()
                    .filter(|amount| amount.kind == "I")
                    .map(|amount| cents(amount.amount))
                    .sum::<i64>();
            }
            Ok(())
        });
        debug_assert!(added.is_ok(), "adding up cannot fail");
        totals
    }

    /// The head, and what is added to or taken from the payment apart from any claim.
    fn head(&self, summary: &mut Summary, totals: &Totals) -> (Head, Vec<ProviderAdjustment>) {
        let mut random = self.random.clone();
        let trace = random.like("EFT##########");
        let payee = self.payee(&mut random);
        let adjustments = self.adjustments(&mut random, summary, totals, &payee, &trace);
        let taken: i64 =
            adjustments.iter().flat_map(|adjustment| &adjustment.adjustments).map(|one| cents(one.amount)).sum();
        let number = people::employer_number(&mut random);
        let mut originator = text("1");
        originator.push_str(&number);
        let payment = self.payment(&mut random, summary, totals.paid - taken, &originator);
        let remittance = Remittance {
            receiver_id: (!self.plain && random.chance(10)).then(|| random.like("RECEIVER##")),
            version: (!self.plain && random.chance(15)).then(|| random.like("ADJ.#.##")),
            production_date: (!self.plain && random.chance(60)).then(|| people::before(self.today, 1)),
            payer: self.payer(&mut random),
            payment,
            trace_number: trace,
            trace_originator: originator,
            payee,
            ..Remittance::default()
        };
        let mut head = serde_json::to_value(&remittance).unwrap_or_default();
        if let Some(head) = head.as_object_mut() {
            head.retain(|name, _| {
                !matches!(name.as_str(), "control_number" | "groups" | "provider_adjustments" | "x12")
            });
        }
        (Head(head), adjustments)
    }

    fn payment(&self, random: &mut Random, summary: &mut Summary, amount: i64, originator: &Text) -> Payment {
        let mut payment = Payment {
            handling: text("I"),
            amount: money(amount),
            credit_debit: text("C"),
            effective_date: Some(people::after(self.today, 2)),
            ..Payment::default()
        };
        if amount == 0 {
            summary.show("no payment");
            payment.handling = text("H");
            payment.method = text("NON");
        } else if !self.plain && random.chance(35) {
            summary.show("check");
            payment.method = text("CHK");
        } else {
            summary.show("transfer");
            payment.method = text("ACH");
            payment.format = Some(text(if random.chance(60) { "CCP" } else { "CTX" }));
            payment.payer_bank_kind = Some(text("01"));
            payment.payer_bank = Some(bank(random));
            payment.payer_account = Some(random.like("##########"));
            payment.originator = Some(originator.clone());
            payment.payee_bank_kind = Some(text("01"));
            payment.payee_bank = Some(bank(random));
            payment.payee_account_kind = Some(text(if random.chance(80) { "DA" } else { "SG" }));
            payment.payee_account = Some(random.like("##########"));
        }
        payment
    }

    fn payer(&self, random: &mut Random) -> RemittancePayer {
        let call = |random: &mut Random| people::reach("TE", people::telephone(random));
        let full = !self.plain;
        RemittancePayer {
            name: text(self.plan.name),
            address: people::address(random),
            identifiers: vec![Identifier { kind: text("2U"), value: text(self.plan.id), payer_id: None }],
            business_contact: (full && random.chance(50))
                .then(|| Contact { name: Some(text("CUSTOMER SERVICE")), numbers: vec![call(random)] }),
            technical_contacts: vec![Contact {
                name: Some(text("EDI SUPPORT")),
                numbers: vec![call(random), people::reach("EM", text("EDI@PAYER.EXAMPLE"))],
            }],
            website: (full && random.chance(40)).then(|| text("WWW.PAYER.EXAMPLE")),
            ..RemittancePayer::default()
        }
    }

    fn payee(&self, random: &mut Random) -> Payee {
        let sort = match self.trade {
            Trade::Physician => "FAMILY MEDICINE",
            Trade::Hospital => "MEDICAL CENTER",
            Trade::Dentist => "FAMILY DENTAL",
        };
        let mut payee = Payee { name: people::organization(random, sort), ..Payee::default() };
        let number = people::employer_number(random);
        if self.plain || random.chance(85) {
            payee.id_kind = text("XX");
            payee.id = people::npi(random);
            payee.identifiers.push(Identifier { kind: text("TJ"), value: number, payer_id: None });
        } else {
            payee.id_kind = text("FI");
            payee.id = number;
        }
        if random.chance(60) {
            payee.address = Some(people::address(random));
        }
        if !self.plain && random.chance(20) {
            payee.identifiers.push(Identifier { kind: text("PQ"), value: random.like("@#####"), payer_id: None });
        }
        if !self.plain && random.chance(10) {
            payee.delivery = Some(Delivery {
                method: text("OL"),
                name: Some(text("PAYER PORTAL")),
                number: Some(text("PORTAL.PAYER.EXAMPLE")),
            });
        }
        payee
    }

    /// The adjustments of the payment. Whatever they are, it does not fall below zero: what is
    /// owed beyond that is carried forward.
    fn adjustments(
        &self,
        random: &mut Random,
        summary: &mut Summary,
        totals: &Totals,
        payee: &Payee,
        trace: &Text,
    ) -> Vec<ProviderAdjustment> {
        let mut amounts: Vec<ProviderAdjustmentAmount> = Vec::new();
        let mut take = |reason: &'static str, id: Option<Text>, amount: i64| {
            if amount != 0 {
                amounts.push(ProviderAdjustmentAmount { reason: text(reason), id, amount: money(amount) });
            }
            amount != 0
        };
        if take("L6", Some(random.like("INT######")), -totals.interest) {
            summary.show("interest");
        }
        if !self.plain {
            // Some recoveries are more than the payment.
            let most = if random.chance(25) { totals.paid.max(0) / 50 } else { 500 };
            if random.chance(22) && take("WO", Some(random.like("P##########")), random.between(20, most.max(21)) * 100)
            {
                summary.show("overpayment recovery");
            }
            if random.chance(15) && take("CT", None, -random.between(200, 2500) * 100) {
                summary.show("capitation payment");
            }
            if random.chance(12)
                && take(
                    random.pick(&["IR", "E3", "CS", "LE"]),
                    Some(random.like("REF######")),
                    random.between(5, 80) * 100,
                )
            {
                summary.show("provider withholding");
            }
        }
        let left = totals.paid - amounts.iter().map(|one| cents(one.amount)).sum::<i64>();
        if left < 0 {
            amounts.push(ProviderAdjustmentAmount { reason: text("FB"), id: Some(trace.clone()), amount: money(left) });
            summary.show("balance carried forward");
        }
        let provider = if payee.id_kind == "XX" { payee.id.clone() } else { people::npi(random) };
        let fiscal_period = Some(Date::constant(self.today.year(), 12, 31));
        amounts
            .chunks(6)
            .map(|some| ProviderAdjustment { provider_id: provider.clone(), fiscal_period, adjustments: some.to_vec() })
            .collect()
    }

    /// The group of the claims; Medicare sums up for hospitals.
    fn group(&self, summary: &mut Summary, totals: &Totals) -> PaymentGroup {
        let mut group = PaymentGroup { number: Some(1), ..PaymentGroup::default() };
        if self.trade == Trade::Hospital && self.plan.program == Program::Medicare && totals.charge > 0 {
            summary.show("summary of a provider");
            let mut random = self.random.clone();
            group.summary = Some(ProviderSummary {
                provider_id: random.like("######"),
                place_of_service: text("13"),
                fiscal_period: Some(Date::constant(self.today.year(), 12, 31)),
                claim_count: Some(Decimal::from(totals.claims)),
                charge: money(totals.charge),
                ..ProviderSummary::default()
            });
        }
        group
    }
}

/// A bank routing number with its check digit, of a district that does not exist.
fn bank(random: &mut Random) -> Text {
    let mut digits = random.like("89######");
    let sum: u32 =
        digits.bytes().zip([3, 7, 1].into_iter().cycle()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    digits.push(char::from_digit((10 - sum % 10) % 10, 10).unwrap_or('0'));
    digits
}
