//! Who bills whom for whom: the parties around the claims of an 837.

use super::{
    Kind, Variety,
    people::{self, Person, contact, employer_number, npi, organization, telephone},
    random::Random,
};
use crate::{
    claims::{
        Address, BillingProvider, Contact, Identifier, OtherCoverage, OtherPayer, OtherSubscriber, Patient,
        PayToAddress, Payer, Receiver, Submitter, Subscriber,
    },
    record::{Date, Decimal, Text},
};

/// A line of business of a payer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    Medicare,
    Medicaid,
    Commercial,
    Blue,
    ManagedCare,
    Tricare,
    Auto,
    WorkersCompensation,
}

impl Program {
    /// Whether the claims are for an accident that somebody is liable for.
    pub(super) fn is_casualty(self) -> bool {
        matches!(self, Self::Auto | Self::WorkersCompensation)
    }

    fn filing_indicator(self, kind: Kind) -> &'static str {
        match self {
            Self::Medicare if kind == Kind::Institutional => "MA",
            Self::Medicare => "MB",
            Self::Medicaid => "MC",
            Self::Commercial => "CI",
            Self::Blue => "BL",
            Self::ManagedCare => "HM",
            Self::Tricare => "CH",
            Self::Auto => "AM",
            Self::WorkersCompensation => "WC",
        }
    }

    fn member_number(self, random: &mut Random) -> Text {
        let pattern = match self {
            Self::Medicare => "1@?#@?#@@##",
            Self::Medicaid => "########@",
            Self::Tricare => "###########",
            Self::Blue => "XYZ#########",
            _ => "@@########",
        };
        random.like(pattern)
    }
}

/// A payer that does not exist.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) name: &'static str,
    pub(super) id: &'static str,
    pub(super) program: Program,
}

pub(super) const PLANS: &[Plan] = &[
    Plan { name: "EXAMPLE MEDICARE CONTRACTOR", id: "00901", program: Program::Medicare },
    Plan { name: "EXAMPLE STATE MEDICAID", id: "77045", program: Program::Medicaid },
    Plan { name: "NORTHERN LIGHT HEALTH PLAN", id: "60054", program: Program::Commercial },
    Plan { name: "KEYSTONE MUTUAL ASSURANCE", id: "87726", program: Program::Commercial },
    Plan { name: "MERIDIAN BENEFIT ADMINISTRATORS", id: "39026", program: Program::Commercial },
    Plan { name: "BLUE HERON OF EXAMPLE", id: "00570", program: Program::Blue },
    Plan { name: "OPEN MEADOW HEALTH MAINTENANCE", id: "95378", program: Program::ManagedCare },
    Plan { name: "EXAMPLE UNIFORMED SERVICES PLAN", id: "99728", program: Program::Tricare },
    Plan { name: "SAFE HARBOR MOTOR INSURANCE", id: "J1554", program: Program::Auto },
    Plan { name: "STEADFAST EMPLOYERS FUND", id: "J2231", program: Program::WorkersCompensation },
];

/// One of the payers of a line of business.
fn plan(random: &mut Random, program: Program) -> Plan {
    loop {
        let plan = random.pick(PLANS);
        if plan.program == program {
            return plan;
        }
    }
}

/// What a practice is: its name, its specialty, and whom it sees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trade {
    /// Provider taxonomy code.
    pub(super) taxonomy: &'static str,
    /// What organizations of the trade are called; empty when only persons practice it.
    pub(super) called: &'static str,
    pub(super) clientele: Clientele,
    /// Payers to choose from.
    pub(super) programs: &'static [Program],
}

/// Whom a practice sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clientele {
    Everyone,
    Adults,
    Elderly,
    Expecting,
    Children,
    /// Everyone, and children who are born there.
    Births,
}

/// A billing provider.
#[derive(Clone, Debug)]
pub(super) struct Practice {
    pub(super) provider: BillingProvider,
    /// Without an NPI, because what it does is not health care; payers gave it numbers.
    pub(super) atypical: bool,
}

impl Practice {
    pub(super) fn new(random: &mut Random, kind: Kind, trade: &Trade, variety: Variety) -> Self {
        let full = variety == Variety::Full;
        let person = kind != Kind::Institutional && full && (trade.called.is_empty() || random.chance(25));
        let atypical = full && trade.taxonomy.starts_with("343");
        let mut provider = BillingProvider {
            npi: (!atypical).then(|| npi(random)),
            taxonomy: (full && random.chance(70)).then_some(Text::const_new(trade.taxonomy)),
            tax_id_kind: Text::const_new("EI"),
            tax_id: employer_number(random),
            address: people::address(random),
            ..BillingProvider::default()
        };
        if person {
            let doctor = people::physician(random);
            provider = BillingProvider {
                entity: doctor.entity,
                name: doctor.name,
                first_name: doctor.first_name,
                middle_name: doctor.middle_name,
                suffix: doctor.suffix,
                ..provider
            };
            if random.chance(30) {
                provider.tax_id_kind = Text::const_new("SY");
                provider.tax_id = people::social_security_number(random);
            }
        } else {
            provider.entity = Text::const_new("2");
            provider.name = organization(random, trade.called);
        }
        if full {
            if kind != Kind::Institutional && random.chance(15) {
                provider.identifiers.push(Identifier {
                    kind: Text::const_new("0B"),
                    value: random.like("@#####"),
                    payer_id: None,
                });
            }
            if random.chance(25) {
                provider.contacts.push(contact(random, "BILLING OFFICE"));
            }
            if random.chance(20) {
                provider.pay_to_address = Some(pay_to_address(random, &provider));
            }
        }
        Self { provider, atypical }
    }
}

fn pay_to_address(random: &mut Random, provider: &BillingProvider) -> PayToAddress {
    let address = Address { line1: random.like("PO BOX 1###"), line2: None, ..people::address(random) };
    PayToAddress { entity: provider.entity.clone(), address, ..PayToAddress::default() }
}

/// A subscriber, the payer that is billed, the patients, and who else covers them.
#[derive(Clone, Debug)]
pub(super) struct Household {
    pub(super) program: Program,
    pub(super) subscriber: Subscriber,
    pub(super) payer: Payer,
    /// Who was treated, and as whom the claim names them unless they are the subscriber.
    pub(super) patients: Vec<(Person, Option<Patient>)>,
    pub(super) others: Vec<Other>,
    /// The patient was born where the bill is from.
    pub(super) newborn: bool,
}

/// Another payer that covers the patients.
#[derive(Clone, Debug)]
pub(super) struct Other {
    /// Ranks before the payer that is billed.
    pub(super) earlier: bool,
    /// The coverage as it stands before the payer has decided anything.
    pub(super) coverage: OtherCoverage,
}

impl Household {
    pub(super) fn new(
        random: &mut Random,
        kind: Kind,
        trade: &Trade,
        practice: &Practice,
        variety: Variety,
        today: Date,
    ) -> Self {
        let full = variety == Variety::Full;
        let mut program = if full { random.pick(trade.programs) } else { Program::Commercial };
        let newborn = full && trade.clientele == Clientele::Births && random.chance(12);
        if newborn {
            program = Program::Commercial;
        }
        // Medicare and Medicaid number every patient; the others know dependents by their subscriber.
        let own_number = matches!(program, Program::Medicare | Program::Medicaid);
        let years = match trade.clientele {
            _ if program == Program::Medicare => (65, 96),
            Clientele::Elderly => (60, 92),
            Clientele::Expecting => (20, 40),
            Clientele::Children if own_number => (1, 17),
            _ => (21, 63),
        };
        let mut holder = Person::aged(random, years, today);
        if full && random.chance(2) {
            holder.address = people::foreign_address(random);
        }
        holder.female |= trade.clientele == Clientele::Expecting;
        let by_holder = newborn || trade.clientele == Clientele::Children || random.chance(40);
        let dependent = full && (program == Program::WorkersCompensation || (!own_number && by_holder));
        let patients = if dependent {
            dependents(random, &holder, trade, program, newborn, today)
        } else {
            vec![(holder.clone(), None)]
        };
        let plan = plan(random, program);
        let mut household = Self {
            program,
            subscriber: subscriber(random, kind, &holder, program, dependent),
            payer: payer(random, plan, practice, full),
            patients,
            others: Vec::new(),
            newborn,
        };
        if kind == Kind::Professional && full {
            household.describe_body(random, trade);
        }
        if program.is_casualty() {
            household.number_the_loss(random, kind);
        } else if full && !newborn && random.chance(30) {
            household.cover_twice(random, kind, &holder, plan);
        }
        household
    }

    /// Weight and pregnancy, where they bear on payment.
    fn describe_body(&mut self, random: &mut Random, trade: &Trade) {
        let weight = (trade.clientele == Clientele::Elderly && random.chance(50))
            .then(|| Decimal::from(random.between(95, 290)));
        let pregnant = (trade.clientele == Clientele::Expecting).then_some(true);
        for (person, patient) in &mut self.patients {
            let pregnant = pregnant.filter(|_| person.female);
            match patient {
                Some(patient) => (patient.weight, patient.pregnant) = (weight, pregnant),
                None => (self.subscriber.weight, self.subscriber.pregnant) = (weight, pregnant),
            }
        }
    }

    /// The insurer's number of the accident stands with the patient.
    fn number_the_loss(&mut self, random: &mut Random, kind: Kind) {
        let caller = (kind == Kind::Professional && random.chance(60))
            .then(|| Contact { numbers: vec![people::reach("TE", telephone(random))], ..contact(random, "ADJUSTER") });
        let caller = caller.map(|caller| Contact { numbers: caller.numbers.into_iter().take(1).collect(), ..caller });
        let number = Some(random.like("LOSS-#######"));
        match self.patients.first_mut() {
            Some((_, Some(patient))) => {
                patient.property_casualty_claim_number = number;
                patient.contact = caller;
                if random.chance(50) {
                    patient.identifier = Some(Identifier {
                        kind: Text::const_new("SY"),
                        value: people::social_security_number(random),
                        payer_id: None,
                    });
                }
            }
            _ => (self.subscriber.property_casualty_claim_number, self.subscriber.contact) = (number, caller),
        }
    }

    /// Adds further payers and ranks them all.
    fn cover_twice(&mut self, random: &mut Random, kind: Kind, holder: &Person, billed: Plan) {
        let count = random.weighted(&[(1, 80), (2, 20)], |row| row.1).0;
        let mut plans = vec![billed];
        for _ in 0..count {
            // Medicaid pays last; nobody is covered twice by one plan or by an accident insurer.
            let further = random.pick(PLANS);
            if plans.iter().all(|plan| plan.id != further.id) && !further.program.is_casualty() {
                plans.push(further);
            }
        }
        if kind == Kind::Dental {
            plans.retain(|plan| plan.program != Program::Medicare);
        }
        let shift = random.below(plans.len());
        plans.rotate_right(shift);
        plans.sort_by_key(|plan| u8::from(plan.program == Program::Medicaid));
        let rank = plans.iter().position(|plan| plan.id == billed.id).unwrap_or(0);
        const RANKS: [&str; 3] = ["P", "S", "T"];
        self.subscriber.responsibility = Text::const_new(RANKS[rank]);
        let medicare_after = billed.program == Program::Medicare && rank > 0 && kind != Kind::Institutional;
        self.subscriber.insurance_type = medicare_after.then(|| random.pick(&["12", "13", "43", "47"]).into());
        for (at, plan) in plans.iter().enumerate().filter(|(at, _)| *at != rank) {
            let coverage = other_coverage(random, kind, holder, &self.patients, *plan, RANKS[at]);
            self.others.push(Other { earlier: at < rank, coverage });
        }
    }
}

fn dependents(
    random: &mut Random,
    holder: &Person,
    trade: &Trade,
    program: Program,
    newborn: bool,
    today: Date,
) -> Vec<(Person, Option<Patient>)> {
    let count =
        if newborn || program.is_casualty() { 1 } else { random.weighted(&[(1, 70), (2, 22), (3, 8)], |row| row.1).0 };
    (0..count)
        .map(|_| {
            let spouse = match trade.clientele {
                Clientele::Adults | Clientele::Elderly | Clientele::Expecting => true,
                Clientele::Children => false,
                Clientele::Everyone | Clientele::Births => random.chance(35),
            };
            let (mut person, relationship) = match program {
                Program::WorkersCompensation => (Person::aged(random, (19, 64), today), "20"),
                _ if newborn => {
                    let mut child = holder.relative(random, (0, 0), today);
                    child.birth = people::before(today, random.between(8, 40));
                    (child, "19")
                }
                _ if spouse => (holder.relative(random, (22, 60), today), random.pick(&["01", "01", "53"])),
                _ => (holder.relative(random, (1, 18), today), random.pick(&["19", "19", "19", "G8"])),
            };
            person.female |= trade.clientele == Clientele::Expecting;
            if newborn {
                person.middle = None;
            }
            let patient = Patient {
                relationship: Text::const_new(relationship),
                last_name: person.last.clone(),
                first_name: Some(person.first.clone()),
                middle_name: person.middle.clone(),
                suffix: person.suffix.clone(),
                address: person.address.clone(),
                birth_date: Some(person.birth),
                gender: person.gender(),
                ..Patient::default()
            };
            (person, Some(patient))
        })
        .collect()
}

fn subscriber(random: &mut Random, kind: Kind, holder: &Person, program: Program, dependent: bool) -> Subscriber {
    let mut subscriber = Subscriber {
        responsibility: Text::const_new("P"),
        relationship: (!dependent).then_some(Text::const_new("18")),
        filing_indicator: Some(Text::const_new(program.filing_indicator(kind))),
        ..Subscriber::default()
    };
    if program == Program::WorkersCompensation {
        // The insured is the employer, whom the patient's loss number stands for.
        subscriber.entity = Text::const_new("2");
        subscriber.name = organization(random, "FOUNDRY AND TOOL");
        return subscriber;
    }
    subscriber.entity = Text::const_new("1");
    subscriber.name = holder.last.clone();
    subscriber.first_name = Some(holder.first.clone());
    subscriber.middle_name = holder.middle.clone();
    subscriber.suffix = holder.suffix.clone();
    subscriber.member_id_kind = Some(Text::const_new("MI"));
    subscriber.member_id = Some(program.member_number(random));
    if matches!(program, Program::Commercial | Program::Blue | Program::ManagedCare) {
        match random.below(3) {
            0 => subscriber.group_number = Some(random.like("GRP#####")),
            1 => subscriber.group_name = Some(organization(random, "MANUFACTURING")),
            _ => {}
        }
    }
    if !dependent {
        subscriber.address = Some(holder.address.clone());
        subscriber.birth_date = Some(holder.birth);
        subscriber.gender = Some(holder.gender());
    }
    if program == Program::Tricare && random.chance(40) {
        subscriber.social_security_number = Some(people::social_security_number(random));
    }
    subscriber
}

fn payer(random: &mut Random, plan: Plan, practice: &Practice, full: bool) -> Payer {
    let mut payer = Payer {
        name: Text::const_new(plan.name),
        id_kind: Text::const_new("PI"),
        id: Text::const_new(plan.id),
        ..Payer::default()
    };
    if full && random.chance(35) {
        payer.address = Some(people::address(random));
    }
    if full && random.chance(8) {
        payer.identifiers.push(Identifier {
            kind: Text::const_new("FY"),
            value: random.like("OFFICE##"),
            payer_id: None,
        });
    }
    if practice.atypical {
        payer.billing_provider_identifiers.push(Identifier {
            kind: Text::const_new("G2"),
            value: random.like("@######"),
            payer_id: None,
        });
    }
    payer
}

fn other_coverage(
    random: &mut Random,
    kind: Kind,
    holder: &Person,
    patients: &[(Person, Option<Patient>)],
    plan: Plan,
    rank: &'static str,
) -> OtherCoverage {
    let own = matches!(patients.first(), Some((_, None)));
    let spouse = random.chance(35);
    let insured = if own && spouse {
        holder.relative(random, (30, 60), holder.birth.max(people::before(holder.birth, -18_000)))
    } else {
        holder.clone()
    };
    let relationship = match (patients, spouse) {
        ([(_, None), ..], true) => "01",
        ([(_, None), ..], false) => "18",
        ([(_, Some(patient))], _) if patient.relationship == "01" => "01",
        ([(_, Some(patient))], _) if patient.relationship == "19" => "19",
        _ => "G8",
    };
    OtherCoverage {
        responsibility: Text::const_new(rank),
        relationship: Text::const_new(relationship),
        group_number: random.chance(30).then(|| random.like("GRP#####")),
        filing_indicator: Some(Text::const_new(plan.program.filing_indicator(kind))),
        insurance_type: (plan.program == Program::Medicare && rank != "P" && kind != Kind::Institutional)
            .then(|| random.pick(&["12", "13", "43"]).into()),
        benefits_assigned: Text::const_new("Y"),
        release_of_information: Text::const_new(if random.chance(85) { "Y" } else { "I" }),
        subscriber: OtherSubscriber {
            entity: Text::const_new("1"),
            name: insured.last,
            first_name: Some(insured.first),
            middle_name: insured.middle,
            member_id_kind: Text::const_new("MI"),
            member_id: plan.program.member_number(random),
            address: random.chance(40).then_some(insured.address),
            social_security_numbers: if random.chance(8) {
                vec![people::social_security_number(random)]
            } else {
                Vec::new()
            },
            ..OtherSubscriber::default()
        },
        payer: OtherPayer {
            name: Text::const_new(plan.name),
            id_kind: Text::const_new("PI"),
            id: Text::const_new(plan.id),
            address: random.chance(25).then(|| people::address(random)),
            ..OtherPayer::default()
        },
        ..OtherCoverage::default()
    }
}

/// Who made the file.
pub(super) fn submitter(random: &mut Random, full: bool) -> Submitter {
    let mut submitter = Submitter {
        entity: Text::const_new("2"),
        name: Text::const_new("EXAMPLE BILLING SERVICE"),
        id: random.like("SUB#####"),
        contacts: vec![contact(random, "CLAIMS DESK")],
        ..Submitter::default()
    };
    if full && random.chance(20) {
        submitter
            .contacts
            .push(Contact { name: Some("NIGHT DESK".into()), numbers: vec![people::reach("TE", telephone(random))] });
    }
    submitter
}

/// Who receives it.
pub(super) fn receiver() -> Receiver {
    Receiver { name: Text::const_new("EXAMPLE CLEARINGHOUSE"), id: Text::const_new("EXAMPLECH"), ..Receiver::default() }
}
