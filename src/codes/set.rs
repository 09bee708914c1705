//! A code set: its facts, the list of its codes that is at hand, and what they say of a value.

use std::sync::Arc;

use jiff::civil::Date;

use super::{
    embedded,
    facts::{self, Facts},
    own::{Own, OwnList},
    table::Answer,
    verdict::Verdict,
};

/// A set of codes with one form: ICD-10-CM, place of service codes, national drug codes.
///
/// Most lists of the guides are one set; others, like `procedure`, are several, of which a qualifier
/// beside the code chooses.
#[derive(Clone, Debug)]
pub struct CodeSet {
    facts: &'static Facts,
    codes: Codes,
}

#[derive(Clone, Debug)]
enum Codes {
    /// No list at hand.
    None,
    /// The list that comes with the program.
    Embedded(&'static embedded::File),
    /// The operator's list.
    Own(Arc<OwnList>),
}

impl CodeSet {
    /// Its name: `icd-10-cm`. A file of this name, with `.txt`, is the operator's list of it.
    pub fn name(&self) -> &'static str {
        self.facts.name
    }

    /// The form of its codes, to stand after "is not": `eleven digits, without hyphens`.
    pub fn form(&self) -> &'static str {
        self.facts.form.words
    }

    /// Whether a list of its codes is at hand.
    pub fn has_list(&self) -> bool {
        !matches!(self.codes, Codes::None)
    }

    /// Whether the list at hand is the operator's own.
    pub fn is_own(&self) -> bool {
        matches!(self.codes, Codes::Own(_))
    }

    /// What the list at hand is, and how old; empty if there is none.
    pub fn edition(&self) -> &str {
        match &self.codes {
            Codes::None => "",
            Codes::Embedded(file) => file.edition(),
            Codes::Own(own) => &own.edition,
        }
    }

    /// The day as of which the list at hand is right, if its edition says so. Of a year or month alone,
    /// the first day.
    pub fn as_of(&self) -> Option<Date> {
        embedded::as_of(self.edition())
    }

    /// How many codes the list at hand has; 0 if there is none.
    pub fn len(&self) -> usize {
        match &self.codes {
            Codes::None => 0,
            Codes::Embedded(file) => file.len(),
            Codes::Own(own) => own.table.len(),
        }
    }

    /// Whether there are no codes at hand.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Judges a value on a date (of service, of adjudication); without one, codes of any time are known.
    pub fn judge(&self, value: &[u8], on: Option<Date>) -> Verdict {
        let facts = self.facts;
        if !(facts.form.fits)(value) {
            return Verdict::Malformed;
        }
        if let Some(on) = on {
            if on < facts.since {
                return Verdict::NotYet(facts.since);
            }
            if on > facts.until {
                return Verdict::NoLonger(facts.until);
            }
        }
        let value = value.get(..facts.significant).unwrap_or(value);
        let answer = match &self.codes {
            Codes::None => return Verdict::Unjudged,
            Codes::Embedded(file) => file.ask(value),
            Codes::Own(own) => own.table.ask(value, on),
        };
        match answer {
            Answer::Here => Verdict::Known,
            Answer::Header => Verdict::NotBillable,
            Answer::NotYet(from) => Verdict::NotYet(from),
            Answer::NoLonger(to) => Verdict::NoLonger(to),
            Answer::Absent => Verdict::Unknown,
        }
    }

    /// A set by its name, with the operator's list of it, or else the one that comes with the program.
    pub(super) fn new(name: &str, own: &Own) -> Option<Self> {
        let facts = facts::all().iter().find(|facts| facts.name == name)?;
        let codes = match (own.list(name), embedded::file(name)) {
            (Some(list), _) => Codes::Own(Arc::clone(list)),
            (None, Some(file)) => Codes::Embedded(file),
            (None, None) => Codes::None,
        };
        Some(Self { facts, codes })
    }
}
