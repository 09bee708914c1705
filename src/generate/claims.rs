//! A file of claims: practice after practice, household after household.

use serde::Serialize;

use super::{
    Error, Kind, Options, Summary, Variety, adjudicate,
    batch::{self, Household, Practice},
    dental, extras, institutional, people, professional,
    random::Random,
    scene::{self, Extra, Row, Scenario, Scene},
};
use crate::{
    claims::{BillingProvider, Claim, Patient, Payer, Receiver, Submitter, Subscriber},
    record::{Date, Text, Time},
};

/// Names that do not come from a table.
const ALSO: &[&str] = &[
    "patient is not the subscriber",
    "property and casualty",
    "adjudicated by line",
    "adjudicated as a whole",
    "third payer",
    "later payer",
    "payer that was not billed",
    "address abroad",
    "ten lines or more",
];

/// Makes the lines.
pub(super) fn lines(options: &Options, receive: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<Summary, Error> {
    let mut random = Random::new(options.seed);
    let (today, time) = options.created();
    let mut file = File {
        options,
        today,
        kind: kind(options.kind),
        summary: Summary::default(),
        batch: batch_head(&mut random, options, today, time),
    };
    let stem = file.batch.reference.clone();
    let (mut line, mut left) = (Vec::new(), 0);
    // Neighbours share what stands above them, so it is spelled once.
    let mut above = Vec::new();
    while file.summary.claims < options.claims {
        let (trade, _, scenarios) = file.trade(&mut random);
        let practice = Practice::new(&mut random, options.kind, trade, options.variety);
        for _ in 0..random.between(1, 12) {
            let household = Household::new(&mut random, options.kind, trade, &practice, options.variety, today);
            for (person, patient) in &household.patients {
                above.clear();
                for _ in 0..random.weighted(&[(1, 80), (2, 15), (3, 5)], |row| row.1).0 {
                    if file.summary.claims == options.claims {
                        return Ok(file.summary);
                    }
                    if left == 0 {
                        left = options.transaction();
                        file.summary.transactions += 1;
                        file.batch.reference = stem.clone();
                        file.batch.reference.push_str(&file.summary.transactions.to_string());
                        above.clear();
                    }
                    left -= 1;
                    if above.is_empty() {
                        file.spell_above(&practice, &household, patient.as_ref(), &mut above)?;
                    }
                    let claim = file.claim(&mut random, scenarios, &practice, &household, person, patient.is_some());
                    join(&above, &claim, &mut line)?;
                    receive(&line)?;
                }
            }
        }
    }
    Ok(file.summary)
}

/// Everything that a summary of a kind may name.
pub(super) fn names(kind: Kind) -> Vec<&'static str> {
    let tables = tables(kind);
    let mut names: Vec<&str> =
        tables.0.iter().flat_map(|(_, _, scenarios)| scenarios.iter().map(|scenario| scenario.name)).collect();
    names.extend(tables.1.iter().chain(extras::EXTRAS).map(|extra| extra.name));
    names.extend(ALSO);
    let absent: &[&str] = match kind {
        Kind::Dental => &["property and casualty", "medical record number", "demonstration project"],
        _ => &[],
    };
    names.retain(|name| !absent.contains(name));
    if kind == Kind::Institutional {
        names.push(institutional::NEWBORN.name);
    }
    names.sort_unstable();
    names.dedup();
    names
}

fn tables(kind: Kind) -> (&'static [Row], &'static [Extra]) {
    match kind {
        Kind::Institutional => (institutional::TRADES, institutional::EXTRAS),
        Kind::Dental => (dental::TRADES, dental::EXTRAS),
        _ => (professional::TRADES, professional::EXTRAS),
    }
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Institutional => "institutional",
        Kind::Dental => "dental",
        _ => "professional",
    }
}

/// What all lines of a file share, and what became of it.
struct File<'o> {
    options: &'o Options,
    today: Date,
    kind: &'static str,
    batch: Batch,
    summary: Summary,
}

/// The head of a transaction set.
#[derive(Serialize)]
struct Batch {
    purpose: Text,
    reference: Text,
    created_date: Date,
    created_time: Time,
    claim_type: Text,
    submitter: Submitter,
    receiver: Receiver,
}

/// What stands above a claim.
#[derive(Serialize)]
struct Above<'a> {
    kind: &'static str,
    batch: &'a Batch,
    billing_provider: &'a BillingProvider,
    subscriber: &'a Subscriber,
    payer: &'a Payer,
    #[serde(skip_serializing_if = "Option::is_none")]
    patient: Option<&'a Patient>,
}

fn batch_head(random: &mut Random, options: &Options, today: Date, time: Time) -> Batch {
    let full = options.variety == Variety::Full;
    Batch {
        purpose: scene::text(if full && random.chance(5) { "18" } else { "00" }),
        reference: random.like("??????-"),
        created_date: today,
        created_time: time,
        claim_type: scene::text("CH"),
        submitter: batch::submitter(random, full),
        receiver: batch::receiver(),
    }
}

/// Makes a line of the members of an object that is spelled already and those of a record.
pub(super) fn join(above: &[u8], unit: &impl Serialize, line: &mut Vec<u8>) -> Result<(), Error> {
    line.clear();
    line.extend_from_slice(above.strip_suffix(b"}").unwrap_or(above));
    let at = line.len();
    serde_json::to_writer(&mut *line, unit)?;
    if let Some(brace) = line.get_mut(at) {
        *brace = b',';
    }
    Ok(())
}

impl File<'_> {
    fn trade(&self, random: &mut Random) -> &'static Row {
        let trades = tables(self.options.kind).0;
        if self.options.variety == Variety::Plain { &trades[0] } else { random.weighted(trades, |row| row.1) }
    }

    fn spell_above(
        &self,
        practice: &Practice,
        household: &Household,
        patient: Option<&Patient>,
        spelled: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let above = Above {
            kind: self.kind,
            batch: &self.batch,
            billing_provider: &practice.provider,
            subscriber: &household.subscriber,
            payer: &household.payer,
            patient,
        };
        Ok(serde_json::to_writer(spelled, &above)?)
    }

    fn claim(
        &mut self,
        random: &mut Random,
        scenarios: &'static [Scenario],
        practice: &Practice,
        household: &Household,
        person: &people::Person,
        dependent: bool,
    ) -> Claim {
        let options = self.options;
        let plain = options.variety == Variety::Plain;
        let day = if household.newborn { person.birth } else { people::before(self.today, random.between(21, 110)) };
        let mut scene = Scene {
            kind: options.kind,
            random,
            program: household.program,
            patient: person,
            practice,
            today: self.today,
            day,
            max_lines: options.max_lines(),
            plain,
        };
        let scenario = match () {
            () if household.newborn => &institutional::NEWBORN,
            () if plain => &scenarios[0],
            () => scene.random.weighted(scenarios, |row| row.weight),
        };
        self.summary.show(scenario.name);
        let mut claim = (scenario.make)(&mut scene);
        scene::total(scene.random, &mut claim);
        if options.kind == Kind::Professional && household.program.is_casualty() {
            professional::casualty(&mut scene, &mut claim);
        }
        if !plain {
            for extra in tables(options.kind).1.iter().chain(extras::EXTRAS) {
                if scene.random.chance(extra.percent) && (extra.add)(&mut scene, &mut claim) {
                    self.summary.show(extra.name);
                }
            }
        }
        let inpatient = options.kind == Kind::Institutional && claim.place_of_service.ends_with('1');
        for name in adjudicate::coordinate(random, household, &mut claim, inpatient, self.today, options.variety) {
            self.summary.show(name);
        }
        for (name, shown) in [
            ("patient is not the subscriber", dependent),
            ("property and casualty", household.program.is_casualty()),
            ("address abroad", person.address.country.is_some()),
            ("ten lines or more", claim.lines.len() >= 10),
        ] {
            if shown {
                self.summary.show(name);
            }
        }
        self.summary.claims += 1;
        self.summary.lines += claim.lines.len() as u64;
        claim
    }
}
