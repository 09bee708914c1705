//! What a claim is made from: who is treated, when, by whom, and small pieces of claims.

use super::{
    Kind,
    adjudicate::{cents, money},
    batch::{Practice, Program, Trade},
    codes::Priced,
    people::{self, Person},
    random::Random,
};
use crate::{
    claims::{Claim, Diagnosis, Line, Procedure, Provider},
    record::{Date, Decimal, Text, When},
};

/// One encounter that a claim is to be made of.
pub(super) struct Scene<'a> {
    pub(super) kind: Kind,
    pub(super) random: &'a mut Random,
    pub(super) program: Program,
    pub(super) patient: &'a Person,
    pub(super) practice: &'a Practice,
    /// The day of the file.
    pub(super) today: Date,
    /// The first day of service.
    pub(super) day: Date,
    /// Most lines that the claim may have.
    pub(super) max_lines: usize,
    /// Nothing out of the ordinary.
    pub(super) plain: bool,
}

/// How a claim of a sort is made, and how often next to others.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) weight: u32,
    pub(super) make: fn(&mut Scene<'_>) -> Claim,
}

/// A row of a table of scenarios.
pub(super) const fn scenario(name: &'static str, weight: u32, make: fn(&mut Scene<'_>) -> Claim) -> Scenario {
    Scenario { name, weight, make }
}

/// A trade, how often it bills next to others, and what it does.
pub(super) type Row = (Trade, u32, &'static [Scenario]);

/// What some claims have besides, and how many of a hundred.
pub(super) struct Extra {
    pub(super) name: &'static str,
    pub(super) percent: u32,
    /// Adds it, unless the claim is not one to have it.
    pub(super) add: fn(&mut Scene<'_>, &mut Claim) -> bool,
}

impl Scene<'_> {
    /// A claim with what every claim has.
    pub(super) fn claim(&mut self, place: &'static str) -> Claim {
        Claim {
            control_number: self.random.like("????????????"),
            place_of_service: Text::const_new(place),
            frequency: Text::const_new("1"),
            signature_on_file: Some(true),
            assignment: Text::const_new(if self.random.chance(95) { "A" } else { "C" }),
            benefits_assigned: Text::const_new(if self.random.chance(96) { "Y" } else { "N" }),
            release_of_information: Text::const_new(if self.random.chance(90) { "Y" } else { "I" }),
            ..Claim::default()
        }
    }

    /// So many lines: mostly as a scenario has it, now and then many more.
    pub(super) fn count(&mut self, low: i64, high: i64) -> usize {
        let high = match self.random.chance(2) && !self.plain {
            // The longest bills are the rarest.
            true => [0; 2].map(|_| self.random.between(low, self.max_lines as i64)).into_iter().min().unwrap_or(high),
            false => self.random.between(low, high),
        };
        usize::try_from(high).unwrap_or(1).clamp(1, self.max_lines.max(1))
    }

    /// A professional line for so many units, for all or some of a claim's diagnoses.
    pub(super) fn line(
        &mut self,
        (code, price): Priced,
        modifiers: &[&'static str],
        units: i64,
        diagnoses: usize,
    ) -> Line {
        Line {
            procedure: Some(hcpcs(code, modifiers)),
            charge: money(price * units),
            unit: Some(Text::const_new("UN")),
            quantity: Some(Decimal::from(units)),
            diagnosis_pointers: self.pointers(diagnoses),
            service_date: Some(When::Date(self.day)),
            ..Line::default()
        }
    }

    fn pointers(&mut self, diagnoses: usize) -> Vec<u32> {
        let most = diagnoses.min(12);
        let first = self.random.below(most.max(1));
        (0..self.random.below(most.min(4)) + 1).map(|at| ((first + at) % most.max(1)) as u32 + 1).collect()
    }

    /// Some diagnoses of a table for a professional or dental claim, the first as the principal.
    pub(super) fn diagnoses(&mut self, table: &[&'static str], most: i64) -> Vec<Diagnosis> {
        let count = self.random.between(1, most);
        let mut codes = self.random.several(usize::try_from(count).unwrap_or(1), table);
        let turn = self.random.below(codes.len());
        codes.rotate_left(turn);
        codes.iter().enumerate().map(|(at, code)| diagnosis(if at == 0 { "ABK" } else { "ABF" }, code)).collect()
    }

    /// A provider who is a person, with a specialty unless that is empty.
    pub(super) fn physician(&mut self, taxonomy: &'static str) -> Provider {
        let taxonomy = (!taxonomy.is_empty()).then_some(Text::const_new(taxonomy));
        Provider { taxonomy, ..people::physician(self.random) }
    }

    /// So many days after the first day of service.
    pub(super) fn later(&self, days: i64) -> Date {
        people::after(self.day, days)
    }

    /// So many days before the first day of service, but not before the patient's birth.
    pub(super) fn earlier(&self, days: i64) -> Date {
        people::before(self.day, days).max(self.patient.birth)
    }

    /// The age of the patient in years, about.
    pub(super) fn age(&self) -> i16 {
        self.day.year() - self.patient.birth.year()
    }

    /// Whether the practice is an organization, so that somebody in it renders the service.
    pub(super) fn is_group(&self) -> bool {
        self.practice.provider.entity == "2"
    }
}

/// A HCPCS or CPT procedure.
pub(super) fn hcpcs(code: &'static str, modifiers: &[&'static str]) -> Procedure {
    Procedure {
        kind: Text::const_new("HC"),
        code: Text::const_new(code),
        modifiers: modifiers.iter().copied().map(Text::const_new).collect(),
        description: None,
    }
}

/// A diagnosis without indicator.
pub(super) fn diagnosis(kind: &'static str, code: &'static str) -> Diagnosis {
    Diagnosis { kind: Text::const_new(kind), code: Text::const_new(code), present_on_admission: None }
}

/// Text that takes part of a table.
pub(super) fn text(value: &'static str) -> Text {
    Text::const_new(value)
}

/// Sets the charge of a claim to the sum of its lines, and numbers the lines for the payer.
pub(super) fn total(random: &mut Random, claim: &mut Claim) {
    claim.charge = money(claim.lines.iter().map(|line| cents(line.charge)).sum());
    let stem = random.like("######");
    for (at, line) in claim.lines.iter_mut().enumerate() {
        let mut number = stem.clone();
        number.push('-');
        number.push_str(&(at + 1).to_string());
        line.control_number = Some(number);
    }
}
