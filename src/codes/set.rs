//! Code sets: what a code of each looks like, when the set is in force, and which codes it has.

use std::sync::Arc;

use jiff::civil::{Date, date};

use super::{
    Verdict, embedded,
    form::{self, Form},
    own::{Own, OwnList},
    table::{Answer, Table},
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
        self.table().map_or(0, Table::len)
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
        let Some(table) = self.table() else { return Verdict::Unjudged };
        let value = value.get(..facts.significant).unwrap_or(value);
        match table.ask(value, on) {
            Answer::Here => Verdict::Known,
            Answer::Header => Verdict::NotBillable,
            Answer::NotYet(from) => Verdict::NotYet(from),
            Answer::NoLonger(to) => Verdict::NoLonger(to),
            Answer::Absent => Verdict::Unknown,
        }
    }

    /// A set by its name, with the operator's list of it, or else the one that comes with the program.
    pub(super) fn new(name: &str, own: &Own) -> Option<Self> {
        let facts = all().iter().find(|facts| facts.name == name)?;
        let codes = match (own.list(name), embedded::file(name)) {
            (Some(list), _) => Codes::Own(Arc::clone(list)),
            (None, Some(file)) => Codes::Embedded(file),
            (None, None) => Codes::None,
        };
        Some(Self { facts, codes })
    }

    fn table(&self) -> Option<&Table> {
        match &self.codes {
            Codes::None => None,
            Codes::Embedded(file) => Some(file.table()),
            Codes::Own(own) => Some(&own.table),
        }
    }
}

/// What holds of a set, whatever codes it has.
pub(super) struct Facts {
    pub name: &'static str,
    pub form: Form,
    /// The first day of the set.
    pub since: Date,
    /// The last day of the set.
    pub until: Date,
    /// Whether what longer codes begin with is a mere heading over them.
    pub headers: bool,
    /// How many characters of a value its list has.
    pub significant: usize,
}

impl std::fmt::Debug for Facts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// ICD-10 took the place of ICD-9 on this day of service or discharge (45 CFR 162.1002).
const ICD_10: Date = date(2015, 10, 1);
const ICD_9_END: Date = date(2015, 9, 30);

/// Every set.
pub(super) fn all() -> &'static [Facts] {
    const fn set(name: &'static str, form: Form) -> Facts {
        Facts { name, form, since: Date::MIN, until: Date::MAX, headers: false, significant: usize::MAX }
    }
    const fn icd_9(name: &'static str, form: Form) -> Facts {
        Facts { until: ICD_9_END, headers: true, ..set(name, form) }
    }
    const SETS: &[Facts] = &[
        set("abc", form::ABC),
        set("admission-source", form::ALNUM_1),
        set("admission-type", form::ADMISSION_TYPE),
        set("bank-routing", form::ABA),
        set("bill-frequency", form::ALNUM_1),
        set("canadian-bank", form::CANADIAN_BANK),
        set("canadian-postal-code", form::CANADIAN_POSTAL_CODE),
        set("carc", form::ALNUM_1_5),
        set("cdt", form::CDT),
        set("claim-status", form::DIGITS_1_4),
        set("claim-status-category", form::STATUS_CATEGORY),
        set("cmn-form", form::FREE),
        set("condition-code", form::ALNUM_2),
        set("country", form::LETTERS_2),
        set("country-subdivision", form::ALNUM_1_3),
        set("currency", form::LETTERS_3),
        set("drg", form::DRG),
        set("ean-8", form::EAN_8),
        set("ean-13", form::EAN_13),
        set("facility-type", form::DIGITS_2),
        set("form-type", form::FREE),
        set("gtin-14", form::GTIN_14),
        set("hcpcs", form::HCPCS),
        set("hipps", form::HIPPS),
        set("home-infusion", form::FREE),
        icd_9("icd-9-cm", form::ICD_9_DIAGNOSIS),
        icd_9("icd-9-procedure", form::ICD_9_PROCEDURE),
        Facts { since: ICD_10, headers: true, ..set("icd-10-cm", form::ICD_10_DIAGNOSIS) },
        Facts { since: ICD_10, ..set("icd-10-pcs", form::ICD_10_PROCEDURE) },
        set("modifier", form::ALNUM_2),
        set("ncpdp-reject", form::ALNUM_1_3),
        set("ndc", form::NDC),
        set("npi", form::NPI),
        set("occurrence-code", form::OCCURRENCE),
        set("occurrence-span-code", form::OCCURRENCE_SPAN),
        set("oral-cavity", form::ALNUM_1_2),
        set("patient-status", form::DIGITS_2),
        set("place-of-service", form::DIGITS_2),
        // The extension of a ZIP code is in no list.
        Facts { significant: 5, ..set("postal-code", form::ZIP) },
        set("rarc", form::RARC),
        set("revenue-code", form::REVENUE),
        set("segment-id", form::SEGMENT_ID),
        set("snodent", form::FREE),
        set("state", form::LETTERS_2),
        set("taxonomy", form::TAXONOMY),
        set("tooth", form::ALNUM_1_2),
        set("treatment-code", form::FREE),
        set("upc-12", form::UPC_12),
        set("value-code", form::ALNUM_2),
    ];
    SETS
}
